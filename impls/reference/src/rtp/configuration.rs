//! What the sections of a description have agreed on, as the session needs to know it.

use std::collections::BTreeSet;

/// The kind of a section (RFC 8866 section 5.14).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MediaKind {
    /// `m=audio`.
    Audio,
    /// `m=video`.
    Video,
}

/// A codec of which frames can be made and taken apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Codec {
    /// RFC 7587.
    Opus,
    /// G.711 μ-law (RFC 3551 section 4.5.14).
    Pcmu,
    /// G.711 A-law (RFC 3551 section 4.5.14).
    Pcma,
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
    /// RFC 6184, packetization-mode 1.
    H264,
    /// The AV1 RTP payload format of the Alliance for Open Media.
    Av1,
}

impl Codec {
    /// The codec of an encoding name as in `a=rtpmap`, in any case (RFC 8866 section 6.6). None for formats that carry no
    /// frames of their own, such as `rtx`, `red` and `telephone-event`.
    pub fn from_encoding_name(name: &str) -> Option<Codec> {
        [
            ("opus", Codec::Opus),
            ("PCMU", Codec::Pcmu),
            ("PCMA", Codec::Pcma),
            ("VP8", Codec::Vp8),
            ("VP9", Codec::Vp9),
            ("H264", Codec::H264),
            ("AV1", Codec::Av1),
        ]
        .into_iter()
        .find_map(|(known, codec)| known.eq_ignore_ascii_case(name).then_some(codec))
    }

    /// The kind of the sections it appears in.
    pub fn kind(self) -> MediaKind {
        match self {
            Codec::Opus | Codec::Pcmu | Codec::Pcma => MediaKind::Audio,
            Codec::Vp8 | Codec::Vp9 | Codec::H264 | Codec::Av1 => MediaKind::Video,
        }
    }
}

/// What the receiver of a payload type may send about it, by `a=rtcp-fb` (RFC 4585 section 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Feedback {
    /// `nack`.
    pub nack: bool,
    /// `nack pli`.
    pub nack_pli: bool,
    /// `ccm fir`.
    pub ccm_fir: bool,
    /// `transport-cc`.
    pub transport_cc: bool,
}

/// A payload type that carries frames.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PayloadFormat {
    /// 0 to 127.
    pub payload_type: u8,
    /// What it carries.
    pub codec: Codec,
    /// The frequency of its RTP timestamps, Hz.
    pub clock_rate: u32,
    /// The payload type of its retransmissions (RFC 4588), if they have one.
    pub rtx_payload_type: Option<u8>,
    /// What was agreed on to be sent about it.
    pub feedback: Feedback,
}

/// A payload type of telephone events (RFC 4733).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TelephoneEventFormat {
    /// 0 to 127.
    pub payload_type: u8,
    /// The frequency of its RTP timestamps, Hz; that of the audio codec it is sent with.
    pub clock_rate: u32,
}

/// A header extension that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HeaderExtensionKind {
    /// The `MID` of the section (RFC 9143 section 15).
    Mid,
    /// `RtpStreamId` (RFC 8852 section 3.1).
    RtpStreamId,
    /// `RepairedRtpStreamId` (RFC 8852 section 3.2).
    RepairedRtpStreamId,
    /// Client-to-mixer audio level (RFC 6464).
    AudioLevel,
    /// Mixer-to-client audio levels (RFC 6465).
    ContributingAudioLevels,
    /// The time of sending in 24 bits, of WebRTC.org's experiments.
    AbsoluteSendTime,
    /// The transport-wide sequence number (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    TransportSequenceNumber,
}

impl HeaderExtensionKind {
    const URIS: [(HeaderExtensionKind, &'static str); 7] = [
        (HeaderExtensionKind::Mid, "urn:ietf:params:rtp-hdrext:sdes:mid"),
        (
            HeaderExtensionKind::RtpStreamId,
            "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
        ),
        (
            HeaderExtensionKind::RepairedRtpStreamId,
            "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
        ),
        (
            HeaderExtensionKind::AudioLevel,
            "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        ),
        (
            HeaderExtensionKind::ContributingAudioLevels,
            "urn:ietf:params:rtp-hdrext:csrc-audio-level",
        ),
        (
            HeaderExtensionKind::AbsoluteSendTime,
            "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        ),
        (
            HeaderExtensionKind::TransportSequenceNumber,
            "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        ),
    ];

    /// The extension that a URI of `a=extmap` names.
    pub fn from_uri(uri: &str) -> Option<HeaderExtensionKind> {
        Self::URIS
            .iter()
            .find_map(|(kind, known)| (*known == uri).then_some(*kind))
    }
}

/// An entry of `a=extmap` (RFC 8285 section 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeaderExtension {
    /// 1 to 255, but not 15 (RFC 8285 section 4.2). Identifiers above 14 are sent in the two-byte form.
    pub id: u8,
    /// What it stands for.
    pub kind: HeaderExtensionKind,
}

/// A section of the description that has been agreed on and is carried by this transport.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Section {
    /// The section's `a=mid`.
    pub mid: String,
    /// Audio or video.
    pub kind: MediaKind,
    /// The header extensions agreed on.
    pub extensions: Vec<HeaderExtension>,
    /// Whether RTCP of reduced size may be sent (`a=rtcp-rsize`, RFC 5506).
    pub reduced_size: bool,
    /// What is sent, where the direction allows to send.
    pub send: Option<SendSection>,
    /// What is received, where the direction allows to receive.
    pub receive: Option<ReceiveSection>,
}

/// The sending half of a section.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SendSection {
    /// The format that is sent, with the remote description's payload type and feedback.
    pub format: PayloadFormat,
    /// The format of DTMF, where there is one.
    pub telephone_event: Option<TelephoneEventFormat>,
    /// The encodings, in the order of `RTCRtpSendParameters.encodings`. One without a `rid`, or several that have one.
    pub encodings: Vec<SendEncoding>,
    /// What the sender's track gives; without a track nothing is sent.
    pub source: Option<MediaSource>,
}

/// One encoding (webrtc-pc#dom-rtcrtpencodingparameters).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SendEncoding {
    /// The SSRC of its packets.
    pub ssrc: u32,
    /// The SSRC of its retransmissions (RFC 4588 section 4), where they have a payload type of their own.
    pub rtx_ssrc: Option<u32>,
    /// Its `rid`, in simulcast.
    pub rid: Option<String>,
    /// Whether it is sent at the moment.
    pub active: bool,
    /// At most so many bits a second, as TIAS (RFC 3890).
    pub max_bitrate: Option<u32>,
    /// At most so many frames a second. Video only.
    pub max_framerate: Option<f64>,
    /// By how much width and height are divided; 1.0 or more. Video only.
    pub scale_resolution_down_by: f64,
}

/// What a track gives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum MediaSource {
    /// Sound.
    Audio {
        /// How loud it is, as RFC 6464 says: 0 is the loudest, 127 silence, in −dBov.
        level: u8,
        /// `MediaStreamTrack.enabled`, and not muted: silence is sent otherwise.
        enabled: bool,
    },
    /// Pictures.
    Video {
        /// Pixels.
        width: u16,
        /// Pixels.
        height: u16,
        /// Frames a second.
        framerate: f64,
        /// `MediaStreamTrack.enabled`, and not muted: one black frame a second is sent otherwise
        /// (mediacapture-streams#track-muted).
        enabled: bool,
    },
}

/// The receiving half of a section.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct ReceiveSection {
    /// The formats that may come, with the local description's payload types and feedback.
    pub formats: Vec<PayloadFormat>,
    /// The format of DTMF, where there is one.
    pub telephone_event: Option<TelephoneEventFormat>,
    /// The `rid`s of a simulcast that the remote sends, if it does.
    pub rids: Vec<String>,
    /// The SSRCs that the remote description announces by `a=ssrc`.
    pub ssrcs: Vec<u32>,
    /// Which SSRC repairs which, by `a=ssrc-group:FID` (RFC 5576 section 4.2): first the repaired, then the one of the
    /// retransmissions.
    pub flow_identifications: Vec<(u32, u32)>,
}

/// Sections that cannot be.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub(crate) enum ConfigurationError {
    /// RFC 8843 section 7.2: the `mid` is unique.
    #[error("two sections have the mid {0:?}")]
    MidTwice(String),
    /// RFC 3550 section 8: an SSRC is that of one stream.
    #[error("the SSRC {ssrc} of section {mid:?} is sent by another stream, too")]
    SsrcTwice {
        /// The section.
        mid: String,
        /// The SSRC.
        ssrc: u32,
    },
    /// A number that does not fit the RTP header.
    #[error("section {mid:?} has the payload type {payload_type}, and the greatest is 127")]
    PayloadType {
        /// The section.
        mid: String,
        /// The number.
        payload_type: u8,
    },
    /// RFC 8285 section 4.2.
    #[error("section {mid:?} maps a header extension to {id}, which is reserved")]
    ExtensionId {
        /// The section.
        mid: String,
        /// The number.
        id: u8,
    },
    /// A codec, or a source, of the other kind.
    #[error("section {0:?} is to carry media of the other kind")]
    WrongKind(String),
    /// A clock that stands still.
    #[error("section {0:?} has a format with a clock rate of 0")]
    ClockRate(String),
}

impl Section {
    /// Whether the section alone is one that can be; `sent` collects the SSRCs that are sent.
    pub(super) fn check(&self, sent: &mut BTreeSet<u32>) -> Result<(), ConfigurationError> {
        let mid = || self.mid.clone();
        if let Some(extension) = self.extensions.iter().find(|known| matches!(known.id, 0 | 15)) {
            return Err(ConfigurationError::ExtensionId {
                mid: mid(),
                id: extension.id,
            });
        }
        let sending = self.send.iter().map(|send| &send.format);
        let receiving = self.receive.iter().flat_map(|receive| &receive.formats);
        for format in sending.chain(receiving) {
            if format.codec.kind() != self.kind {
                return Err(ConfigurationError::WrongKind(mid()));
            }
            if format.clock_rate == 0 {
                return Err(ConfigurationError::ClockRate(mid()));
            }
            for payload_type in [Some(format.payload_type), format.rtx_payload_type]
                .into_iter()
                .flatten()
            {
                self.check_payload_type(payload_type)?;
            }
        }
        let send = self.send.iter().filter_map(|send| send.telephone_event);
        let receive = self.receive.iter().filter_map(|receive| receive.telephone_event);
        for events in send.chain(receive) {
            self.check_payload_type(events.payload_type)?;
            if events.clock_rate == 0 {
                return Err(ConfigurationError::ClockRate(mid()));
            }
        }
        if let Some(send) = &self.send {
            if send.source.is_some_and(|source| source.kind() != self.kind) {
                return Err(ConfigurationError::WrongKind(mid()));
            }
            for encoding in &send.encodings {
                for ssrc in [Some(encoding.ssrc), encoding.rtx_ssrc].into_iter().flatten() {
                    if !sent.insert(ssrc) {
                        return Err(ConfigurationError::SsrcTwice { mid: mid(), ssrc });
                    }
                }
            }
        }
        Ok(())
    }

    fn check_payload_type(&self, payload_type: u8) -> Result<(), ConfigurationError> {
        if payload_type > 127 {
            return Err(ConfigurationError::PayloadType {
                mid: self.mid.clone(),
                payload_type,
            });
        }
        Ok(())
    }

    /// The identifier of a header extension in this section.
    pub(super) fn extension(&self, kind: HeaderExtensionKind) -> Option<u8> {
        self.extensions
            .iter()
            .find_map(|known| (known.kind == kind).then_some(known.id))
    }
}

impl MediaSource {
    /// Audio or video.
    pub fn kind(&self) -> MediaKind {
        match self {
            MediaSource::Audio { .. } => MediaKind::Audio,
            MediaSource::Video { .. } => MediaKind::Video,
        }
    }
}

impl MediaSource {
    /// The same source, enabled or not.
    pub(super) fn enabled(mut self, is_enabled: bool) -> MediaSource {
        match &mut self {
            MediaSource::Audio { enabled, .. } | MediaSource::Video { enabled, .. } => *enabled = is_enabled,
        }
        self
    }
}

impl ReceiveSection {
    /// The format of a payload type that carries frames.
    pub(super) fn format(&self, payload_type: u8) -> Option<&PayloadFormat> {
        self.formats
            .iter()
            .find(|format| format.payload_type == payload_type)
    }

    /// The format whose retransmissions a payload type carries.
    pub(super) fn repaired_format(&self, payload_type: u8) -> Option<&PayloadFormat> {
        self.formats
            .iter()
            .find(|format| format.rtx_payload_type == Some(payload_type))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codecs_and_extensions_are_known_by_the_names_of_their_registries() {
        assert_eq!(Codec::from_encoding_name("OPUS"), Some(Codec::Opus));
        assert_eq!(Codec::from_encoding_name("h264"), Some(Codec::H264));
        assert_eq!(Codec::from_encoding_name("rtx"), None);
        let mid = HeaderExtensionKind::from_uri("urn:ietf:params:rtp-hdrext:sdes:mid");
        assert_eq!(mid, Some(HeaderExtensionKind::Mid));
        assert_eq!(
            HeaderExtensionKind::from_uri("urn:ietf:params:rtp-hdrext:toffset"),
            None
        );
    }
}
