//! A parsed session description.

use std::fmt;

/// A session description whose every line is well formed (RFC 9429 sections 5.8.1 and 5.8.2). What the lines mean is
/// checked by [`Description::verify`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Description {
    /// The `o=` line.
    pub origin: Origin,
    /// All `a=group` lines, in order.
    pub groups: Vec<Group>,
    /// Whether `a=ice-lite` is there: the sender is a lite implementation (RFC 8839 section 5.3).
    pub ice_lite: bool,
    /// The ICE options of the session level (RFC 8839 section 5.6).
    pub ice_options: Vec<String>,
    /// All session-level attributes as they stand, in order.
    pub attributes: Vec<Attribute>,
    /// The media sections, in order; an index here is an `sdpMLineIndex`.
    pub media: Vec<MediaSection>,
}

/// The `o=` line (RFC 4566 section 5.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The user name, `-` if there is none.
    pub username: String,
    /// The session identifier.
    pub session_id: u64,
    /// The version of this description within the session.
    pub session_version: u64,
}

/// A value and the line it stands on, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lined<T> {
    /// The line, counted from 1.
    pub line: u32,
    /// What stands there.
    pub value: T,
}

/// An `a=` line as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attribute {
    /// The line, counted from 1.
    pub line: u32,
    /// The name before the colon.
    pub name: String,
    /// What follows the colon; none if there is no colon.
    pub value: Option<String>,
}

/// An `a=group` line (RFC 5888 section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Group {
    /// The line, counted from 1.
    pub line: u32,
    /// What the group means, such as `BUNDLE` or `LS`.
    pub semantics: String,
    /// The identifiers of its media sections, in order.
    pub mids: Vec<String>,
}

/// A media section. What may stand at the session level is inherited from there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MediaSection {
    /// The line of its `m=`, counted from 1.
    pub line: u32,
    /// The media type.
    pub kind: MediaKind,
    /// The port; see [`MediaSection::is_rejected`] for what 0 means.
    pub port: u16,
    /// The protocol, such as `UDP/DTLS/SCTP`, as it stands.
    pub protocol: String,
    /// The formats, as they stand.
    pub formats: Vec<String>,
    /// The identification tag (RFC 5888 section 4).
    pub mid: Option<Lined<String>>,
    /// The direction; `sendrecv` if none is given.
    pub direction: Direction,
    /// Whether `a=bundle-only` is there and means something, which it does only with port 0 (RFC 9143 section 6).
    pub bundle_only: bool,
    /// The ICE username fragment, own or inherited.
    pub ice_ufrag: Option<Lined<String>>,
    /// The ICE password, own or inherited.
    pub ice_pwd: Option<Lined<String>>,
    /// The ICE options, own and inherited.
    pub ice_options: Vec<String>,
    /// The certificate fingerprints; those of the session level if the section has none of its own.
    pub fingerprints: Vec<SdpFingerprint>,
    /// The DTLS role, own or inherited.
    pub setup: Option<Lined<Setup>>,
    /// The identity of the DTLS association (RFC 8842 section 4), own or inherited.
    pub tls_id: Option<Lined<String>>,
    /// The SCTP port (RFC 8841 section 5), of sections that use SCTP.
    pub sctp_port: Option<u16>,
    /// The value of `a=max-message-size` in bytes, 0 for no limit (RFC 8841 section 6); see
    /// [`MediaSection::effective_max_message_size`].
    pub max_message_size: Option<u64>,
    /// The ICE candidates, each `candidate:…` without `a=`, in order.
    pub candidates: Vec<Lined<String>>,
    /// Whether `a=end-of-candidates` is there, own or inherited (RFC 8840 section 8.2).
    pub end_of_candidates: bool,
    /// Whether `a=rtcp-mux` is there (RFC 5761 section 5.1.3).
    pub rtcp_mux: bool,
    /// All attributes of the section as they stand, in order: codecs and whatever else the fields above do not say.
    pub attributes: Vec<Attribute>,
}

/// The media type of an `m=` line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MediaKind {
    /// `audio`
    Audio,
    /// `video`
    Video,
    /// `application`, which data channels use.
    Application,
    /// Any other, as it stands.
    Other(String),
}

impl fmt::Display for MediaKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            MediaKind::Audio => "audio",
            MediaKind::Video => "video",
            MediaKind::Application => "application",
            MediaKind::Other(name) => name,
        })
    }
}

/// A direction attribute (RFC 4566 section 6).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Direction {
    /// `sendrecv`
    SendRecv,
    /// `sendonly`
    SendOnly,
    /// `recvonly`
    RecvOnly,
    /// `inactive`
    Inactive,
}

/// The value of `a=setup` (RFC 4145 section 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Setup {
    /// The sender will be the DTLS client.
    Active,
    /// The sender will be the DTLS server.
    Passive,
    /// The sender leaves the choice to the answerer.
    Actpass,
    /// No connection for now; not for DTLS (RFC 5763 section 5).
    Holdconn,
}

impl fmt::Display for Setup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Setup::Active => "active",
            Setup::Passive => "passive",
            Setup::Actpass => "actpass",
            Setup::Holdconn => "holdconn",
        })
    }
}

/// The value of `a=fingerprint` (RFC 8122 section 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SdpFingerprint {
    /// The hash function, in lower case.
    pub algorithm: String,
    /// The digest as pairs of upper-case hexadecimal digits with colons between.
    pub value: String,
}

impl fmt::Display for SdpFingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.algorithm, self.value)
    }
}

impl Description {
    /// The index of the media section with this identifier.
    pub(crate) fn index_of(&self, mid: &str) -> Option<usize> {
        self.media.iter().position(|section| section.mid() == Some(mid))
    }

    /// The index of the section that carries data channels: the first that is not rejected.
    pub(crate) fn data_channel_section(&self) -> Option<usize> {
        self.media
            .iter()
            .position(|section| section.is_data_channel() && !section.is_rejected())
    }

    /// The BUNDLE group that the media section is in (RFC 9143 section 5).
    pub(crate) fn bundle_group(&self, index: usize) -> Option<&Group> {
        let mid = self.media.get(index)?.mid()?;
        self.groups
            .iter()
            .find(|group| group.is_bundle() && group.mids.iter().any(|member| member == mid))
    }

    /// The index of the section whose transport attributes hold for the section at `index`: the tagged section of its
    /// BUNDLE group, which is the first named (RFC 9143 section 7), or the section itself. A rejected section has
    /// nothing to give, also where it is still named.
    pub(crate) fn transport_section(&self, index: usize) -> usize {
        self.bundle_group(index)
            .into_iter()
            .flat_map(|group| &group.mids)
            .filter_map(|mid| self.index_of(mid))
            .find(|&member| !self.media[member].is_rejected())
            .unwrap_or(index)
    }

    /// The username fragment and password that hold for the section at `index`.
    pub(crate) fn ice_credentials(&self, index: usize) -> Option<(&str, &str)> {
        let section = self.media.get(self.transport_section(index))?;
        Some((
            &section.ice_ufrag.as_ref()?.value,
            &section.ice_pwd.as_ref()?.value,
        ))
    }

    /// webrtc-pc#dom-rtcpeerconnection-cantrickleicecandidates: whether the sender takes candidates that come after
    /// its description (RFC 8838 section 3, `a=ice-options:trickle` at the session level or in every live section).
    pub(crate) fn supports_trickle(&self) -> bool {
        let trickles = |options: &[String]| options.iter().any(|option| option == "trickle");
        let mut live = self
            .media
            .iter()
            .enumerate()
            .filter(|(_, section)| !section.is_rejected())
            .map(|(index, _)| &self.media[self.transport_section(index)])
            .peekable();
        trickles(&self.ice_options)
            || (live.peek().is_some() && live.all(|section| trickles(&section.ice_options)))
    }
}

impl Group {
    /// Whether this is a BUNDLE group (RFC 9143).
    pub(crate) fn is_bundle(&self) -> bool {
        self.semantics == "BUNDLE"
    }
}

impl MediaSection {
    /// The identification tag.
    pub(crate) fn mid(&self) -> Option<&str> {
        self.mid.as_ref().map(|mid| mid.value.as_str())
    }

    /// Whether the section is rejected, or offered as such: port 0 without `a=bundle-only` (RFC 3264 section 6,
    /// RFC 9143 section 6).
    pub(crate) fn is_rejected(&self) -> bool {
        self.port == 0 && !self.bundle_only
    }

    /// Whether the protocol is one of RTP that RFC 9429 section 5.1.2 accepts.
    pub(crate) fn uses_rtp(&self) -> bool {
        matches!(
            self.protocol.to_ascii_uppercase().as_str(),
            "RTP/AVP"
                | "RTP/AVPF"
                | "RTP/SAVP"
                | "RTP/SAVPF"
                | "TCP/DTLS/RTP/SAVP"
                | "TCP/DTLS/RTP/SAVPF"
                | "UDP/TLS/RTP/SAVP"
                | "UDP/TLS/RTP/SAVPF"
        )
    }

    /// Whether the protocol is one of SCTP that RFC 9429 section 5.1.2 accepts.
    pub(crate) fn uses_sctp(&self) -> bool {
        matches!(
            self.protocol.to_ascii_uppercase().as_str(),
            "UDP/DTLS/SCTP" | "TCP/DTLS/SCTP" | "DTLS/SCTP"
        )
    }

    /// Whether the section carries data channels: SCTP with the application protocol `webrtc-datachannel` (RFC 8841
    /// section 4.3). Before RFC 8841, `DTLS/SCTP` had the SCTP port as its format and said the rest in `a=sctpmap`.
    pub(crate) fn is_data_channel(&self) -> bool {
        self.kind == MediaKind::Application
            && self.uses_sctp()
            && (self
                .formats
                .iter()
                .any(|format| format.eq_ignore_ascii_case("webrtc-datachannel"))
                || self.has_attribute("sctpmap"))
    }

    /// The greatest message that the sender takes, in bytes; none if there is no limit. RFC 8841 section 6.1: 65536 if
    /// nothing is said, and 0 says that there is none.
    pub(crate) fn effective_max_message_size(&self) -> Option<u64> {
        match self.max_message_size {
            None => Some(65536),
            Some(0) => None,
            size => size,
        }
    }

    /// Whether the section itself has an attribute of this name.
    pub(crate) fn has_attribute(&self, name: &str) -> bool {
        self.attributes.iter().any(|attribute| attribute.name == name)
    }
}
