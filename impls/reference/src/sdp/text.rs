//! How a description that this side makes is written down.

use std::fmt::Display;

use super::candidates::DefaultDestination;
use super::codec::Codec;
use super::description::{SdpFingerprint, Setup};

/// What a transport of this side contributes to a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalTransport {
    /// The username fragment; a new one, with a new password, restarts ICE.
    pub ice_ufrag: String,
    /// The password.
    pub ice_pwd: String,
    /// The fingerprints of all certificates.
    pub fingerprints: Vec<SdpFingerprint>,
    /// The role of this side in the DTLS association that the transport has, [`Setup::Active`] or [`Setup::Passive`];
    /// none if there is no association yet. Only answers heed it: every offer says `actpass`.
    pub dtls_role: Option<Setup>,
    /// The identity of the DTLS association (RFC 8842 section 4), 20 to 255 characters; none to leave it out. An
    /// answer leaves it out where the offer has none.
    pub tls_id: Option<String>,
    /// What has been gathered in the current generation, each `candidate:…` without `a=`.
    pub candidates: Vec<String>,
    /// Whether gathering is complete.
    pub end_of_candidates: bool,
}

/// The text of a description, line by line.
#[derive(Debug, Default)]
pub(super) struct Text(String);

impl Text {
    pub(super) fn line(&mut self, letter: char, value: impl Display) {
        self.0.push_str(&format!("{letter}={value}\r\n"));
    }

    pub(super) fn flag(&mut self, name: &str) {
        self.line('a', name);
    }

    pub(super) fn attribute(&mut self, name: &str, value: impl Display) {
        self.line('a', format_args!("{name}:{value}"));
    }

    /// The `m=` line and the `c=` line after it. `bundle_only` and rejected sections have port 0.
    pub(super) fn media(
        &mut self,
        kind: impl Display,
        destination: Option<DefaultDestination>,
        protocol: &str,
        formats: &str,
    ) {
        let port = destination.map_or(0, |destination| destination.port);
        self.line('m', format_args!("{kind} {port} {protocol} {formats}"));
        self.line('c', destination.unwrap_or(DefaultDestination::NONE).connection());
    }

    /// The attributes of category TRANSPORT (RFC 8859), and the candidates.
    pub(super) fn transport(&mut self, transport: &LocalTransport, setup: Setup, tls_id: Option<&str>) {
        for candidate in &transport.candidates {
            self.flag(candidate);
        }
        if transport.end_of_candidates {
            self.flag("end-of-candidates");
        }
        self.attribute("ice-ufrag", &transport.ice_ufrag);
        self.attribute("ice-pwd", &transport.ice_pwd);
        for fingerprint in &transport.fingerprints {
            self.attribute("fingerprint", fingerprint);
        }
        self.attribute("setup", setup);
        if let Some(tls_id) = tls_id {
            self.attribute("tls-id", tls_id);
        }
    }

    /// `a=rtpmap`, `a=rtcp-fb` and `a=fmtp` of a format.
    pub(super) fn codec(&mut self, codec: &Codec) {
        let payload_type = codec.payload_type;
        self.attribute("rtpmap", format_args!("{payload_type} {}", codec.encoding()));
        for feedback in &codec.rtcp_fb {
            self.attribute("rtcp-fb", format_args!("{payload_type} {feedback}"));
        }
        if let Some(line) = &codec.sdp_fmtp_line {
            self.attribute("fmtp", format_args!("{payload_type} {line}"));
        }
    }

    pub(super) fn finish(self) -> String {
        self.0
    }
}
