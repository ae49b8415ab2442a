//! How a description that this side makes is written down.

use std::fmt::Display;

use super::candidates::DefaultDestination;
use super::description::{MediaSection, SdpFingerprint, Setup};

/// What the transport of this side contributes to a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalTransport {
    /// The username fragment; a new one, with a new password, restarts ICE.
    pub ice_ufrag: String,
    /// The password.
    pub ice_pwd: String,
    /// The fingerprints of all certificates.
    pub fingerprints: Vec<SdpFingerprint>,
    /// The identity of the DTLS association (RFC 8842 section 4), 20 to 255 characters; none to leave it out.
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

    pub(super) fn with(mut self, sections: Vec<Text>) -> String {
        for section in sections {
            self.0.push_str(&section.0);
        }
        self.0
    }
}

/// RFC 9429 section 5.2.1: the session-level lines up to the attributes.
pub(super) fn session_level(session_id: u64, session_version: u64) -> Text {
    let mut text = Text::default();
    text.line('v', 0);
    text.line(
        'o',
        format_args!("- {session_id} {session_version} IN IP4 0.0.0.0"),
    );
    text.line('s', '-');
    text.line('t', "0 0");
    text
}

/// RFC 3264 section 6: port 0, and everything else of the `m=` line as it was.
pub(super) fn rejected_section(section: &MediaSection) -> Text {
    let mut text = Text::default();
    text.line(
        'm',
        format_args!(
            "{} 0 {} {}",
            section.kind,
            section.protocol,
            section.formats.join(" ")
        ),
    );
    text.line('c', DefaultDestination::NONE.connection());
    if let Some(mid) = section.mid() {
        text.attribute("mid", mid);
    }
    if section.uses_rtp() {
        text.flag("inactive");
    }
    text
}
