//! Media: what senders, receivers and transceivers are made of.

use serde::{Deserialize, Serialize};

use crate::Handle;
use crate::state::enumeration;

enumeration! {
    /// `MediaStreamTrack.kind` (mediacapture-streams#dom-mediastreamtrack-kind).
    MediaKind = "MediaStreamTrack kind" {
        /// Sound.
        Audio = "audio",
        /// Pictures.
        Video = "video",
    }
}

enumeration! {
    /// `MediaStreamTrackState` (mediacapture-streams#dom-mediastreamtrackstate).
    MediaStreamTrackState = "MediaStreamTrackState" {
        /// The track has a source.
        Live = "live",
        /// The track has no source any more and will never have one again.
        Ended = "ended",
    }
}

enumeration! {
    /// `RTCRtpTransceiverDirection` (webrtc-pc#dom-rtcrtptransceiverdirection).
    RtpTransceiverDirection = "RTCRtpTransceiverDirection" {
        /// Offers to send and to receive.
        SendRecv = "sendrecv",
        /// Offers to send only.
        SendOnly = "sendonly",
        /// Offers to receive only.
        RecvOnly = "recvonly",
        /// Offers neither.
        Inactive = "inactive",
        /// Will never send or receive again.
        Stopped = "stopped",
    }
}

impl RtpTransceiverDirection {
    /// Whether it has a sending part.
    pub const fn sends(self) -> bool {
        matches!(
            self,
            RtpTransceiverDirection::SendRecv | RtpTransceiverDirection::SendOnly
        )
    }

    /// Whether it has a receiving part.
    pub const fn receives(self) -> bool {
        matches!(
            self,
            RtpTransceiverDirection::SendRecv | RtpTransceiverDirection::RecvOnly
        )
    }

    /// The direction with these parts.
    pub const fn of(sends: bool, receives: bool) -> RtpTransceiverDirection {
        match (sends, receives) {
            (true, true) => RtpTransceiverDirection::SendRecv,
            (true, false) => RtpTransceiverDirection::SendOnly,
            (false, true) => RtpTransceiverDirection::RecvOnly,
            (false, false) => RtpTransceiverDirection::Inactive,
        }
    }

    /// The same as seen from the other side (RFC 3264 section 6.1).
    pub const fn reversed(self) -> RtpTransceiverDirection {
        match self {
            RtpTransceiverDirection::SendOnly => RtpTransceiverDirection::RecvOnly,
            RtpTransceiverDirection::RecvOnly => RtpTransceiverDirection::SendOnly,
            other => other,
        }
    }
}

/// The first argument of `addTransceiver()`: a track, or what the kind of one would be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum TrackOrKind {
    /// A `MediaStreamTrack`.
    Track(Handle),
    /// A string; anything but `audio` and `video` makes the method throw a `TypeError`.
    Kind(String),
}

/// `RTCRtpTransceiverInit` (webrtc-pc#dom-rtcrtptransceiverinit).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RtpTransceiverInit {
    /// The direction.
    pub direction: RtpTransceiverDirection,
    /// The `MediaStream`s that the other side is to associate with the sender's track.
    pub streams: Vec<Handle>,
    /// The encodings to send; several make simulcast.
    pub send_encodings: Vec<RtpEncodingParameters>,
}

impl Default for RtpTransceiverInit {
    fn default() -> Self {
        RtpTransceiverInit {
            direction: RtpTransceiverDirection::SendRecv,
            streams: Vec::new(),
            send_encodings: Vec::new(),
        }
    }
}

/// `RTCRtpEncodingParameters` (webrtc-pc#rtcrtpencodingparameters).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RtpEncodingParameters {
    /// Its RTP stream identifier (RFC 8851).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rid: Option<String>,
    /// Whether it is sent.
    pub active: bool,
    /// The codec it is sent with; none for the first that was negotiated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<RtpCodec>,
    /// The greatest bit rate, bits per second.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_bitrate: Option<u32>,
    /// The greatest number of frames per second; of video only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_framerate: Option<f64>,
    /// By what both dimensions are divided, 1.0 or more; of video only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scale_resolution_down_by: Option<f64>,
}

impl Default for RtpEncodingParameters {
    fn default() -> Self {
        RtpEncodingParameters {
            rid: None,
            active: true,
            codec: None,
            max_bitrate: None,
            max_framerate: None,
            scale_resolution_down_by: None,
        }
    }
}

/// `RTCRtpCodec` (webrtc-pc#rtcrtpcodec).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RtpCodec {
    /// The media type and subtype, such as `video/VP8`.
    pub mime_type: String,
    /// The RTP clock rate in hertz.
    pub clock_rate: u32,
    /// The number of channels; of audio only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u16>,
    /// The parameters of the `a=fmtp` line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdp_fmtp_line: Option<String>,
}

/// `RTCRtpCodecParameters` (webrtc-pc#rtcrtpcodecparameters).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RtpCodecParameters {
    /// The RTP payload type (0 to 127).
    pub payload_type: u8,
    /// The media type and subtype, such as `video/VP8`.
    pub mime_type: String,
    /// The RTP clock rate in hertz.
    pub clock_rate: u32,
    /// The number of channels; of audio only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channels: Option<u16>,
    /// The parameters of the `a=fmtp` line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdp_fmtp_line: Option<String>,
}

/// `RTCRtpHeaderExtensionParameters` (webrtc-pc#rtcrtpheaderextensionparameters).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RtpHeaderExtensionParameters {
    /// The URI of the extension (RFC 8285).
    pub uri: String,
    /// The identifier in packets.
    pub id: u16,
    /// Whether it is encrypted (RFC 6904).
    #[serde(default)]
    pub encrypted: bool,
}

/// `RTCRtcpParameters` (webrtc-pc#rtcrtcpparameters).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct RtcpParameters {
    /// The canonical name (RFC 7022).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cname: Option<String>,
    /// Whether reduced-size RTCP is sent (RFC 5506).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reduced_size: Option<bool>,
}

/// `RTCRtpSendParameters` (webrtc-pc#dom-rtcrtpsendparameters).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RtpSendParameters {
    /// Names the `getParameters()` that these came from.
    pub transaction_id: String,
    /// What is sent.
    pub encodings: Vec<RtpEncodingParameters>,
    /// The header extensions that were negotiated.
    pub header_extensions: Vec<RtpHeaderExtensionParameters>,
    /// How RTCP is sent.
    pub rtcp: RtcpParameters,
    /// The codecs that were negotiated, in order.
    pub codecs: Vec<RtpCodecParameters>,
}

/// `RTCRtpReceiveParameters` (webrtc-pc#dom-rtcrtpreceiveparameters).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RtpReceiveParameters {
    /// The header extensions that were negotiated.
    pub header_extensions: Vec<RtpHeaderExtensionParameters>,
    /// How RTCP is sent.
    pub rtcp: RtcpParameters,
    /// The codecs that were negotiated, in order.
    pub codecs: Vec<RtpCodecParameters>,
}

/// `RTCRtpHeaderExtensionCapability` (webrtc-pc#rtcrtpheaderextensioncapability).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RtpHeaderExtensionCapability {
    /// The URI of the extension (RFC 8285).
    pub uri: String,
}

/// `RTCRtpCapabilities` (webrtc-pc#rtcrtpcapabilities).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RtpCapabilities {
    /// The codecs, and what goes beside them: rtx, red, ulpfec, telephone-event.
    pub codecs: Vec<RtpCodec>,
    /// The header extensions.
    pub header_extensions: Vec<RtpHeaderExtensionCapability>,
}

/// `RTCRtpContributingSource` and `RTCRtpSynchronizationSource` (webrtc-pc#dom-rtcrtpcontributingsource).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RtpContributingSource {
    /// When the last frame of the source was played, milliseconds since the Unix epoch.
    pub timestamp: f64,
    /// The CSRC or SSRC.
    pub source: u32,
    /// The linear level of the sound (0.0 to 1.0), if the packets say it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub audio_level: Option<f64>,
    /// The RTP timestamp of that frame.
    pub rtp_timestamp: u32,
}
