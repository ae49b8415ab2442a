//! Codecs: what can be sent and received, and which of it is to be preferred.

use glare_peer::{
    Exception, ExceptionName, Handle, MediaKind, RtpCapabilities, RtpCodec, RtpCodecParameters,
    RtpHeaderExtensionCapability, RtpHeaderExtensionParameters,
};

use super::Connection;
use super::transceiver::Transceiver;
use crate::sdp::{self, Codec, CodecRole, Direction, HeaderExtension};

/// The formats that the engine sends and receives, in the order of preference, with the payload types that its offers
/// begin with. What repairs a format follows it.
pub(super) fn implemented(kind: MediaKind) -> Vec<Codec> {
    let audio =
        |payload_type, name: &str, clock_rate, channels, fmtp: Option<&str>, feedback: &[&str]| Codec {
            payload_type,
            mime_type: format!("audio/{name}"),
            clock_rate,
            channels: Some(channels),
            sdp_fmtp_line: fmtp.map(str::to_owned),
            rtcp_fb: feedback.iter().map(|it| (*it).to_owned()).collect(),
        };
    let mut video = Vec::new();
    let mut with_repair = |payload_type, name: &str, fmtp: Option<&str>| {
        let codec = |payload_type, name: &str, fmtp: Option<String>, feedback: &[&str]| Codec {
            payload_type,
            mime_type: format!("video/{name}"),
            clock_rate: 90_000,
            channels: None,
            sdp_fmtp_line: fmtp,
            rtcp_fb: feedback.iter().map(|it| (*it).to_owned()).collect(),
        };
        let feedback = ["transport-cc", "ccm fir", "nack", "nack pli"];
        video.push(codec(payload_type, name, fmtp.map(str::to_owned), &feedback));
        video.push(codec(
            payload_type + 1,
            "rtx",
            Some(format!("apt={payload_type}")),
            &[],
        ));
    };
    match kind {
        MediaKind::Audio => vec![
            audio(
                111,
                "opus",
                48_000,
                2,
                Some("minptime=10;useinbandfec=1"),
                &["transport-cc"],
            ),
            audio(0, "PCMU", 8000, 1, None, &["transport-cc"]),
            audio(8, "PCMA", 8000, 1, None, &["transport-cc"]),
            audio(110, "telephone-event", 48_000, 1, Some("0-16"), &[]),
            audio(126, "telephone-event", 8000, 1, Some("0-16"), &[]),
        ],
        MediaKind::Video => {
            with_repair(96, "VP8", None);
            with_repair(98, "VP9", Some("profile-id=0"));
            with_repair(
                102,
                "H264",
                Some("level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f"),
            );
            with_repair(104, "AV1", Some("level-idx=5;profile=0;tier=0"));
            video
        }
    }
}

/// The header extensions that the engine sends and receives, with the identifiers that its offers begin with. One that is in
/// sections of both kinds has the same identifier there, as a BUNDLE group needs it (RFC 9143 section 9.2).
pub(super) fn implemented_header_extensions(kind: MediaKind) -> Vec<HeaderExtension> {
    let extension = |id, uri: &str| HeaderExtension {
        id,
        uri: uri.to_owned(),
        direction: Direction::SendRecv,
    };
    let mut all = vec![
        extension(1, "urn:ietf:params:rtp-hdrext:sdes:mid"),
        extension(2, "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"),
        extension(
            3,
            "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        ),
    ];
    match kind {
        MediaKind::Audio => all.push(extension(4, "urn:ietf:params:rtp-hdrext:ssrc-audio-level")),
        MediaKind::Video => all.extend([
            extension(5, "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"),
            extension(6, "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"),
        ]),
    }
    all
}

/// `webrtc-pc#dom-rtcrtpsender-getcapabilities` and `webrtc-pc#dom-rtcrtpreceiver-getcapabilities`, which are the same: the
/// engine receives what it sends. Retransmission stands there once, for all formats.
pub(super) fn capabilities(kind: MediaKind) -> RtpCapabilities {
    let mut codecs: Vec<RtpCodec> = Vec::new();
    for codec in implemented(kind) {
        let mut codec = as_rtp_codec(&codec, kind);
        if codec.mime_type.ends_with("/rtx") {
            codec.sdp_fmtp_line = None;
        }
        if !codecs.contains(&codec) {
            codecs.push(codec);
        }
    }
    let header_extensions = implemented_header_extensions(kind)
        .into_iter()
        .map(|extension| RtpHeaderExtensionCapability { uri: extension.uri })
        .collect();
    RtpCapabilities {
        codecs,
        header_extensions,
    }
}

/// A format as `RTCRtpCodec` shows it.
fn as_rtp_codec(codec: &Codec, kind: MediaKind) -> RtpCodec {
    RtpCodec {
        mime_type: codec.mime_type.clone(),
        clock_rate: codec.clock_rate,
        channels: (kind == MediaKind::Audio).then_some(codec.channels.unwrap_or(1)),
        sdp_fmtp_line: codec.sdp_fmtp_line.clone(),
    }
}

/// A format as `RTCRtpCodecParameters` shows it.
pub(super) fn as_codec_parameters(codec: &Codec, kind: MediaKind) -> RtpCodecParameters {
    let shown = as_rtp_codec(codec, kind);
    RtpCodecParameters {
        payload_type: codec.payload_type,
        mime_type: shown.mime_type,
        clock_rate: shown.clock_rate,
        channels: shown.channels,
        sdp_fmtp_line: shown.sdp_fmtp_line,
    }
}

/// A header extension as `RTCRtpHeaderExtensionParameters` shows it.
pub(super) fn as_header_extension_parameters(extension: &HeaderExtension) -> RtpHeaderExtensionParameters {
    RtpHeaderExtensionParameters {
        uri: extension.uri.clone(),
        id: extension.id,
        encrypted: false,
    }
}

/// The `RTCRtpCodec` in `RTCRtpCodecParameters`.
pub(super) fn without_payload_type(codec: &RtpCodecParameters) -> RtpCodec {
    RtpCodec {
        mime_type: codec.mime_type.clone(),
        clock_rate: codec.clock_rate,
        channels: codec.channels,
        sdp_fmtp_line: codec.sdp_fmtp_line.clone(),
    }
}

/// `webrtc-pc#dfn-codec-dictionary-match`.
pub(super) fn codec_dictionary_match(
    first: &RtpCodec,
    second: &RtpCodec,
    ignore_asymmetrical_parameters: bool,
) -> bool {
    as_format(first).matches(&as_format(second), ignore_asymmetrical_parameters)
}

/// A codec of script as a format; without a payload type, which 0 stands for.
fn as_format(codec: &RtpCodec) -> Codec {
    Codec {
        payload_type: 0,
        mime_type: codec.mime_type.clone(),
        clock_rate: codec.clock_rate,
        channels: codec.channels,
        sdp_fmtp_line: codec.sdp_fmtp_line.clone(),
        rtcp_fb: Vec::new(),
    }
}

impl Transceiver {
    /// The formats that a description of this transceiver starts from, in order.
    pub(super) fn codecs(&self) -> Vec<Codec> {
        let preferred: Vec<Codec> = self.preferred_codecs.iter().map(as_format).collect();
        sdp::in_preferred_order(&implemented(self.kind), &preferred)
    }
}

impl Connection {
    /// `webrtc-pc#set-description`, step 4.7.14.2.
    pub(super) fn match_encodings_to_codecs(&mut self) {
        for id in self.set_of_transceivers.clone() {
            let sender = &mut self.transceiver_mut(id).sender;
            if sender.send_codecs.is_empty() {
                continue;
            }
            let negotiated: Vec<RtpCodec> = sender.send_codecs.iter().map(without_payload_type).collect();
            for encoding in &mut sender.send_encodings {
                encoding.codec = encoding.codec.take().filter(|codec| {
                    negotiated
                        .iter()
                        .any(|other| codec_dictionary_match(codec, other, true))
                });
            }
        }
    }

    /// `webrtc-pc#dom-rtcrtptransceiver-setcodecpreferences`.
    pub(super) fn set_codec_preferences(
        &mut self,
        handle: Handle,
        codecs: Vec<RtpCodec>,
    ) -> Result<(), Exception> {
        let id = self.transceiver_of(handle)?;
        let transceiver = self.transceiver_mut(id);
        if codecs.is_empty() {
            transceiver.preferred_codecs = codecs;
            return Ok(());
        }
        let mut distinct: Vec<RtpCodec> = Vec::new();
        for codec in codecs {
            if !distinct
                .iter()
                .any(|other| codec_dictionary_match(&codec, other, false))
            {
                distinct.push(codec);
            }
        }
        let invalid = |message: String| Err(Exception::new(ExceptionName::InvalidModificationError, message));
        let codec_capabilities = capabilities(transceiver.kind).codecs;
        for codec in &distinct {
            if !codec_capabilities
                .iter()
                .any(|capable| codec_dictionary_match(codec, capable, false))
            {
                return invalid(format!("{} is not among the capabilities", codec.mime_type));
            }
        }
        let has_media = |codec: &RtpCodec| {
            matches!(
                as_format(codec).role(),
                CodecRole::Media | CodecRole::TelephoneEvent
            )
        };
        if !distinct.iter().any(has_media) {
            return invalid("there is nothing but repair and comfort noise".to_owned());
        }
        transceiver.preferred_codecs = distinct;
        Ok(())
    }
}
