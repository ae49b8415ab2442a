//! What a connection is constructed with.

use serde::{Deserialize, Serialize};

use crate::CertificateSource;
use crate::state::enumeration;

enumeration! {
    /// `RTCIceTransportPolicy` (webrtc-pc#rtcicetransportpolicy-enum).
    IceTransportPolicy = "RTCIceTransportPolicy" {
        /// Only relayed candidates.
        Relay = "relay",
        /// Candidates of any type.
        All = "all",
    }
}

enumeration! {
    /// `RTCBundlePolicy` (webrtc-pc#rtcbundlepolicy-enum).
    BundlePolicy = "RTCBundlePolicy" {
        /// One transport a kind of media.
        Balanced = "balanced",
        /// One transport a media description.
        MaxCompat = "max-compat",
        /// One transport.
        MaxBundle = "max-bundle",
    }
}

enumeration! {
    /// `RTCRtcpMuxPolicy` (webrtc-pc#rtcrtcpmuxpolicy-enum).
    RtcpMuxPolicy = "RTCRtcpMuxPolicy" {
        /// RTP and RTCP share one transport.
        Require = "require",
    }
}

enumeration! {
    /// Which version of DTLS a peer may negotiate. Not part of the specification: a scenario uses it to hold the
    /// handshake to a version.
    DtlsVersion = "DTLS version" {
        /// Only 1.2 (RFC 6347).
        V1_2 = "1.2",
        /// Only 1.3 (RFC 9147).
        V1_3 = "1.3",
    }
}

/// `RTCIceServer` (webrtc-pc#rtciceserver-dictionary).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IceServer {
    /// STUN or TURN URLs.
    pub urls: Vec<String>,
    /// The user name for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The password for TURN.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub credential: Option<String>,
}

/// `RTCConfiguration` (webrtc-pc#rtcconfiguration-dictionary), and what a scenario may hold a peer to beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Configuration {
    /// STUN and TURN servers.
    pub ice_servers: Vec<IceServer>,
    /// Which candidates may be used.
    pub ice_transport_policy: IceTransportPolicy,
    /// How media descriptions share transports.
    pub bundle_policy: BundlePolicy,
    /// Whether RTP and RTCP share a transport.
    pub rtcp_mux_policy: RtcpMuxPolicy,
    /// How many ICE generations to gather ahead (0 to 255).
    pub ice_candidate_pool_size: u8,
    /// The certificates to authenticate with; none lets the connection generate one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub certificates: Vec<CertificateSource>,
    /// The identity that the other side must have (webrtc-identity#dom-rtcconfiguration-peeridentity).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_identity: Option<String>,
    /// Hold the peer to a lite implementation of ICE (RFC 8445 section 2.5).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ice_lite: bool,
    /// Hold the peer to names of multicast DNS in place of the addresses of its host candidates
    /// (draft-ietf-mmusic-mdns-ice-candidates).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub mdns_host_candidates: bool,
    /// Let the peer gather TCP candidates too (RFC 6544).
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub ice_tcp: bool,
    /// Hold the handshake to this version of DTLS; none leaves it to the peer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dtls_version: Option<DtlsVersion>,
}

impl Default for Configuration {
    fn default() -> Self {
        Configuration {
            ice_servers: Vec::new(),
            ice_transport_policy: IceTransportPolicy::All,
            bundle_policy: BundlePolicy::Balanced,
            rtcp_mux_policy: RtcpMuxPolicy::Require,
            ice_candidate_pool_size: 0,
            certificates: Vec::new(),
            peer_identity: None,
            ice_lite: false,
            mdns_host_candidates: false,
            ice_tcp: false,
            dtls_version: None,
        }
    }
}
