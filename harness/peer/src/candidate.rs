//! ICE candidates as they cross signalling.

use serde::{Deserialize, Serialize};

/// `RTCIceCandidateInit` (webrtc-pc#dom-rtcicecandidateinit).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IceCandidate {
    /// The `candidate-attribute` of RFC 8839 section 5.1; empty for the end of candidates of a generation.
    #[serde(default)]
    pub candidate: String,
    /// The identification tag of the media description it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdp_mid: Option<String>,
    /// The index, from zero, of the media description it belongs to.
    #[serde(default, rename = "sdpMLineIndex", skip_serializing_if = "Option::is_none")]
    pub sdp_m_line_index: Option<u16>,
    /// The username fragment of the ICE generation it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username_fragment: Option<String>,
}

impl IceCandidate {
    /// Whether this marks the end of candidates of a generation (RFC 8838 section 9).
    pub fn is_end_of_candidates(&self) -> bool {
        self.candidate.is_empty()
    }
}
