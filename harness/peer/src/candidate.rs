//! ICE candidates as they cross signalling.

use serde::{Deserialize, Serialize};

use crate::state::enumeration;

/// `RTCIceCandidateInit` (webrtc-pc#dom-rtcicecandidateinit), with what an implementation's `RTCIceCandidate` says beside it.
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
    /// The other attributes of the `RTCIceCandidate`; none where the implementation has no such object, and where the
    /// candidate is only an argument. They do not cross signalling.
    #[serde(skip)]
    pub attributes: Option<Box<IceCandidateAttributes>>,
}

enumeration! {
    /// `RTCIceComponent` (webrtc-pc#rtcicecomponent).
    IceComponent = "RTCIceComponent" {
        /// RTP, also where RTCP shares the transport, and SCTP.
        Rtp = "rtp",
        /// RTCP on a transport of its own.
        Rtcp = "rtcp",
    }
}

enumeration! {
    /// `RTCIceProtocol` (webrtc-pc#rtciceprotocol-enum).
    IceProtocol = "RTCIceProtocol" {
        /// UDP.
        Udp = "udp",
        /// TCP (RFC 6544).
        Tcp = "tcp",
    }
}

enumeration! {
    /// `RTCIceTcpCandidateType` (webrtc-pc#rtcicetcpcandidatetype-enum).
    IceTcpCandidateType = "RTCIceTcpCandidateType" {
        /// Opens connections and accepts none.
        Active = "active",
        /// Accepts connections and opens none.
        Passive = "passive",
        /// Opens connections simultaneously.
        So = "so",
    }
}

enumeration! {
    /// `RTCIceCandidateType` (webrtc-pc#rtcicecandidatetype-enum).
    IceCandidateType = "RTCIceCandidateType" {
        /// An address of the host.
        Host = "host",
        /// An address that a STUN or TURN server saw.
        Srflx = "srflx",
        /// An address that the other side saw.
        Prflx = "prflx",
        /// An address of a TURN server.
        Relay = "relay",
    }
}

enumeration! {
    /// `RTCIceServerTransportProtocol` (webrtc-pc#rtciceservertransportprotocol-enum).
    IceServerTransportProtocol = "RTCIceServerTransportProtocol" {
        /// UDP.
        Udp = "udp",
        /// TCP.
        Tcp = "tcp",
        /// TLS over TCP.
        Tls = "tls",
    }
}

/// The attributes of `RTCIceCandidate` that are parsed from its candidate line or known of its gathering
/// (webrtc-pc#rtcicecandidate-interface); none stands for null.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct IceCandidateAttributes {
    /// Equal for candidates of the same type, base and server.
    pub foundation: Option<String>,
    /// The component.
    pub component: Option<IceComponent>,
    /// The priority (RFC 8445 section 5.1.2).
    pub priority: Option<u32>,
    /// The address, or a name.
    pub address: Option<String>,
    /// The transport protocol.
    pub protocol: Option<IceProtocol>,
    /// The port.
    pub port: Option<u16>,
    /// The type.
    #[serde(rename = "type")]
    pub candidate_type: Option<IceCandidateType>,
    /// Which side opens the connection; of TCP only.
    pub tcp_type: Option<IceTcpCandidateType>,
    /// The address that it derives from.
    pub related_address: Option<String>,
    /// The port that it derives from.
    pub related_port: Option<u16>,
    /// How the TURN server is reached; of local relayed candidates only.
    pub relay_protocol: Option<IceServerTransportProtocol>,
    /// The URL of the server that it was gathered from; of local candidates only.
    pub url: Option<String>,
}

impl IceCandidate {
    /// Whether this marks the end of candidates of a generation (RFC 8838 section 13).
    pub fn is_end_of_candidates(&self) -> bool {
        self.candidate.is_empty()
    }
}
