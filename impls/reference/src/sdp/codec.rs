//! A media format of an RTP section: payload type, encoding, parameters and feedback.

use super::format::same_format;

/// A media format as `a=rtpmap`, `a=fmtp` and `a=rtcp-fb` describe it together (RFC 4566 section 6, RFC 4585 section
/// 4.2). The fields have the names of webrtc-pc#dom-rtcrtpcodecparameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Codec {
    /// The RTP payload type, 0 to 127.
    pub payload_type: u8,
    /// The media type, such as `audio/opus` or `video/rtx`; compared without regard to case.
    pub mime_type: String,
    /// Ticks of the RTP timestamp in a second.
    pub clock_rate: u32,
    /// The number of audio channels, 1 if the description says nothing; none for video.
    pub channels: Option<u16>,
    /// The parameters of `a=fmtp` as they stand; none if there is no such line.
    pub sdp_fmtp_line: Option<String>,
    /// The RTCP feedback that may be sent about this format, each as in `nack pli`; those for all formats (`*`)
    /// included.
    pub rtcp_fb: Vec<String>,
}

/// What a media format is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CodecRole {
    /// Audio or video itself.
    Media,
    /// `rtx` (RFC 4588).
    Retransmission,
    /// `red` (RFC 2198).
    Redundancy,
    /// `ulpfec` (RFC 5109), `flexfec` and `flexfec-03` (RFC 8627).
    ForwardErrorCorrection,
    /// `telephone-event` (RFC 4733).
    TelephoneEvent,
    /// `CN` (RFC 3389).
    ComfortNoise,
}

impl Codec {
    /// The name of the encoding: what follows the slash of the media type.
    pub(crate) fn name(&self) -> &str {
        self.mime_type.split_once('/').map_or("", |(_, name)| name)
    }

    /// What the format is for, by its name.
    pub(crate) fn role(&self) -> CodecRole {
        match self.name().to_ascii_lowercase().as_str() {
            "rtx" => CodecRole::Retransmission,
            "red" => CodecRole::Redundancy,
            "ulpfec" | "flexfec" | "flexfec-03" => CodecRole::ForwardErrorCorrection,
            "telephone-event" => CodecRole::TelephoneEvent,
            "cn" => CodecRole::ComfortNoise,
            _ => CodecRole::Media,
        }
    }

    /// The value of a parameter of `a=fmtp`, whose name is compared without regard to case; an empty text for a
    /// parameter without a value.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        parameters(self.sdp_fmtp_line.as_deref()?)
            .find(|(parameter, _)| parameter.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// The payload type that a retransmission format repairs (`apt`, RFC 4588 section 8.1); none for other formats.
    pub(crate) fn apt(&self) -> Option<u8> {
        (self.role() == CodecRole::Retransmission)
            .then(|| self.parameter("apt")?.parse().ok())
            .flatten()
    }

    /// The payload types that a redundancy format of audio is made of, such as `111/111` (RFC 2198 section 5); empty
    /// for other formats, and for `red` of video, which wraps any format.
    pub(crate) fn redundant_payload_types(&self) -> Vec<u8> {
        let line = self.sdp_fmtp_line.as_deref().unwrap_or_default();
        let types: Option<Vec<u8>> = line
            .split('/')
            .map(|payload_type| payload_type.parse().ok())
            .collect();
        match types {
            Some(types) if self.role() == CodecRole::Redundancy => types,
            _ => Vec::new(),
        }
    }

    /// Whether two formats are the same, so that whoever supports one can receive the other. Payload types and
    /// feedback do not matter; of the parameters those that both sides must agree on do:
    ///
    /// - H.264: profile and `packetization-mode` (RFC 6184 section 8.2.2)
    /// - H.265: `profile-space`, `profile-id`, `tier-flag` and `tx-mode` (RFC 7798 section 7.2.2)
    /// - VP9: `profile-id` (RFC 9628 section 7)
    /// - AV1: `profile`; level and tier may differ (AV1 RTP payload specification, section 7.2)
    ///
    /// Retransmission and redundancy formats are the same if they are for the same payload types; use
    /// [`super::answer_codecs`] where these may differ.
    pub(crate) fn is_same_format(&self, other: &Codec) -> bool {
        self.is_same_encoding(other) && same_format(self, other)
    }

    /// Whether encoding, clock rate and channels are the same.
    pub(super) fn is_same_encoding(&self, other: &Codec) -> bool {
        self.mime_type.eq_ignore_ascii_case(&other.mime_type)
            && self.clock_rate == other.clock_rate
            && self.channels.unwrap_or(1) == other.channels.unwrap_or(1)
    }

    /// `webrtc-pc#dfn-codec-dictionary-match`, the payload type and feedback left aside. With
    /// `ignore_asymmetrical_parameters` only the parameters count that [`Codec::is_same_format`] names, less those of
    /// AV1, all of which may differ.
    pub(crate) fn matches(&self, other: &Codec, ignore_asymmetrical_parameters: bool) -> bool {
        // Steps 1 to 4.
        if !self.mime_type.eq_ignore_ascii_case(&other.mime_type)
            || self.clock_rate != other.clock_rate
            || self.channels != other.channels
        {
            return false;
        }
        // Step 5.
        match (&self.sdp_fmtp_line, &other.sdp_fmtp_line) {
            (None, None) => true,
            (Some(first), Some(second)) => {
                let key_values = |line: &str| line.split(';').all(|part| part.contains('='));
                if !key_values(first) || !key_values(second) {
                    return first == second;
                }
                let asymmetrical = self.name().eq_ignore_ascii_case("AV1") || same_format(self, other);
                let sorted = |line| {
                    let mut all: Vec<_> = parameters(line)
                        .map(|(name, value)| (name.to_ascii_lowercase(), value))
                        .collect();
                    all.sort();
                    all
                };
                asymmetrical && (ignore_asymmetrical_parameters || sorted(first) == sorted(second))
            }
            _ => false,
        }
    }

    /// The value of `a=rtpmap` without the payload type.
    pub(super) fn encoding(&self) -> String {
        match self.channels {
            Some(channels) if channels > 1 => format!("{}/{}/{channels}", self.name(), self.clock_rate),
            _ => format!("{}/{}", self.name(), self.clock_rate),
        }
    }

    /// The same format under another payload type, with what its parameters say of other payload types renamed.
    /// None if a payload type is not among the renamed ones.
    pub(super) fn renamed(&self, payload_type: u8, new: impl Fn(u8) -> Option<u8>) -> Option<Codec> {
        let line = match self.role() {
            CodecRole::Retransmission => {
                let apt = format!("apt={}", new(self.apt()?)?);
                let line = self.sdp_fmtp_line.as_deref().unwrap_or_default();
                let rest = line
                    .split(';')
                    .map(str::trim)
                    .filter(|part| !part.to_ascii_lowercase().starts_with("apt="));
                Some(
                    std::iter::once(apt.as_str())
                        .chain(rest)
                        .filter(|part| !part.is_empty())
                        .collect::<Vec<_>>()
                        .join(";"),
                )
            }
            CodecRole::Redundancy if !self.redundant_payload_types().is_empty() => {
                let types: Option<Vec<String>> = self
                    .redundant_payload_types()
                    .into_iter()
                    .map(|payload_type| new(payload_type).map(|it| it.to_string()))
                    .collect();
                Some(types?.join("/"))
            }
            _ => self.sdp_fmtp_line.clone(),
        };
        Some(Codec {
            payload_type,
            sdp_fmtp_line: line,
            ..self.clone()
        })
    }
}

/// The parameters of an `a=fmtp` line, name and value, in order.
pub(super) fn parameters(line: &str) -> impl Iterator<Item = (&str, &str)> {
    line.split(';')
        .map(|part| part.split_once('=').unwrap_or((part, "")))
        .map(|(name, value)| (name.trim(), value.trim()))
        .filter(|(name, _)| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::codec;
    use super::*;

    #[test]
    fn roles_and_references_are_read_from_name_and_parameters() {
        let rtx = codec(97, "video/rtx", 90_000, Some("apt=96;rtx-time=3000"));
        assert_eq!((rtx.role(), rtx.apt()), (CodecRole::Retransmission, Some(96)));
        let red = codec(63, "audio/red", 48_000, Some("111/111"));
        assert_eq!(red.redundant_payload_types(), [111, 111]);
        let of_video = codec(122, "video/red", 90_000, None);
        assert!(of_video.redundant_payload_types().is_empty());
        assert_eq!(codec(13, "audio/CN", 8000, None).role(), CodecRole::ComfortNoise);
        let opus = codec(
            111,
            "audio/opus",
            48_000,
            Some("minptime=10; useinbandfec=1;stereo"),
        );
        assert_eq!((opus.apt(), opus.role()), (None, CodecRole::Media));
        assert_eq!(opus.parameter("UseInbandFec"), Some("1"));
        assert_eq!(opus.parameter("stereo"), Some(""));
    }

    #[test]
    fn a_renamed_format_keeps_its_other_parameters() {
        let rtx = codec(97, "video/rtx", 90_000, Some("rtx-time=3000;apt=96"));
        let renamed = rtx.renamed(120, |old| (old == 96).then_some(119)).unwrap();
        assert_eq!(renamed.sdp_fmtp_line.as_deref(), Some("apt=119;rtx-time=3000"));
        assert_eq!(rtx.renamed(120, |_| None), None);
        let red = codec(63, "audio/red", 48_000, Some("111/111"));
        let renamed = red.renamed(63, |_| Some(96)).unwrap();
        assert_eq!(renamed.sdp_fmtp_line.as_deref(), Some("96/96"));
    }

    #[test]
    fn dictionaries_match_as_webrtc_pc_says() {
        let vp9 = |line: Option<&str>| codec(98, "video/VP9", 90_000, line);
        let zero = vp9(Some("profile-id=0"));
        assert!(zero.matches(&vp9(Some("profile-id=0")), false));
        assert!(
            !zero.matches(&vp9(None), true),
            "one has parameters, the other has not"
        );
        assert!(!zero.matches(&vp9(Some("profile-id=2")), true));
        let av1 = |line| codec(45, "video/AV1", 90_000, Some(line));
        assert!(av1("profile=0;level-idx=5").matches(&av1("profile=1;level-idx=8"), true));
        assert!(!av1("profile=0;level-idx=5").matches(&av1("profile=1;level-idx=8"), false));
        assert!(av1("profile=0;tier=0").matches(&av1("tier=0;profile=0"), false));
        let events = |line| codec(126, "audio/telephone-event", 8000, Some(line));
        assert!(events("0-15").matches(&events("0-15"), false));
        assert!(!events("0-15").matches(&events("0-16"), true));
    }
}
