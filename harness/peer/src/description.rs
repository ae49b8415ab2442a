//! Session descriptions.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::state::enumeration;

enumeration! {
    /// `RTCSdpType` (webrtc-pc#rtcsdptype).
    SdpType = "RTCSdpType" {
        /// An offer.
        Offer = "offer",
        /// A provisional answer.
        Pranswer = "pranswer",
        /// A final answer.
        Answer = "answer",
        /// A return to the last stable state.
        Rollback = "rollback",
    }
}

/// `RTCSessionDescription` and `RTCSessionDescriptionInit` (webrtc-pc#rtcsessiondescription-class).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionDescription {
    /// What kind of description it is.
    #[serde(rename = "type")]
    pub sdp_type: SdpType,
    /// The text of the description; empty for a rollback.
    #[serde(default = "empty")]
    pub sdp: Arc<str>,
}

/// `RTCLocalSessionDescriptionInit`: as [`SessionDescription`], but the type may be left out, which means the offer or
/// answer that the signalling state asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalDescriptionInit {
    /// What kind of description it is; none to take what the signalling state asks for.
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub sdp_type: Option<SdpType>,
    /// The text of the description; empty to let the connection make it.
    #[serde(default = "empty")]
    pub sdp: Arc<str>,
}

impl Default for LocalDescriptionInit {
    fn default() -> Self {
        LocalDescriptionInit {
            sdp_type: None,
            sdp: empty(),
        }
    }
}

impl From<SessionDescription> for LocalDescriptionInit {
    fn from(description: SessionDescription) -> Self {
        LocalDescriptionInit {
            sdp_type: Some(description.sdp_type),
            sdp: description.sdp,
        }
    }
}

fn empty() -> Arc<str> {
    Arc::from("")
}
