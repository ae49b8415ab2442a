//! A parsed session description.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use super::codec::Codec;
use super::extension::HeaderExtension;
use super::media::{Bandwidth, Msid, Ssrc, SsrcGroup};
use super::simulcast::{RidDescription, Simulcast};

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
    /// The values of the `a=identity` lines: assertions in Base64 and what follows them (RFC 8827 section 5).
    pub identities: Vec<String>,
    /// The header extensions of the session level, which hold for every section (RFC 8285 section 5).
    pub header_extensions: Vec<HeaderExtension>,
    /// The `b=` lines of the session level.
    pub bandwidth: Vec<Bandwidth>,
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
    /// Whether `a=bundle-only` is there and means something, which it does only with port 0 and in a BUNDLE group (RFC
    /// 9143 section 6).
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
    /// Whether `a=rtcp-mux-only` is there (RFC 8858 section 3).
    pub rtcp_mux_only: bool,
    /// Whether `a=rtcp-rsize` is there (RFC 5506 section 5).
    pub rtcp_rsize: bool,
    /// The media formats in the order of the `m=` line, which is the order of preference; of sections that use RTP.
    pub codecs: Vec<Codec>,
    /// The header extensions of the section itself; see also [`Description::header_extensions_of`].
    pub header_extensions: Vec<HeaderExtension>,
    /// Whether `a=extmap-allow-mixed` is there, own or inherited (RFC 8285 section 6).
    pub extmap_allow_mixed: bool,
    /// The `a=msid` lines, each value once, the first 256.
    pub msids: Vec<Msid>,
    /// The `a=rid` lines.
    pub rids: Vec<RidDescription>,
    /// The `a=simulcast` line.
    pub simulcast: Option<Simulcast>,
    /// The sources that `a=ssrc` lines describe, in order.
    pub ssrcs: Vec<Ssrc>,
    /// The `a=ssrc-group` lines.
    pub ssrc_groups: Vec<SsrcGroup>,
    /// The wanted duration of media in a packet (`a=ptime`), in whole microseconds.
    pub ptime: Option<Duration>,
    /// The greatest duration of media in a packet (`a=maxptime`), in whole microseconds.
    pub maxptime: Option<Duration>,
    /// The `b=` lines.
    pub bandwidth: Vec<Bandwidth>,
    /// All attributes of the section as they stand, in order.
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

impl Direction {
    /// The direction in which media goes as these say.
    pub(crate) fn new(sends: bool, receives: bool) -> Direction {
        match (sends, receives) {
            (true, true) => Direction::SendRecv,
            (true, false) => Direction::SendOnly,
            (false, true) => Direction::RecvOnly,
            (false, false) => Direction::Inactive,
        }
    }

    /// The direction with this name.
    pub(super) fn from_name(name: &str) -> Option<Direction> {
        match name {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        }
    }

    /// Whether the side that says it sends.
    pub(crate) fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether the side that says it receives.
    pub(crate) fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }

    /// The same as the other side sees it.
    pub(crate) fn reversed(self) -> Direction {
        Direction::new(self.receives(), self.sends())
    }

    /// What both directions have, both seen from the same side. The direction of an answer is the reversed one of the
    /// offer intersected with that of the transceiver (RFC 9429 section 5.3.1).
    pub(crate) fn intersection(self, other: Direction) -> Direction {
        Direction::new(self.sends() && other.sends(), self.receives() && other.receives())
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Direction::SendRecv => "sendrecv",
            Direction::SendOnly => "sendonly",
            Direction::RecvOnly => "recvonly",
            Direction::Inactive => "inactive",
        })
    }
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
            .and_then(|group| self.tagged_section(group))
            .unwrap_or(index)
    }

    /// The tagged section of a BUNDLE group: the first that it names and that is not rejected.
    pub(crate) fn tagged_section(&self, group: &Group) -> Option<usize> {
        let indices = self.indices();
        group
            .mids
            .iter()
            .filter_map(|mid| indices.get(mid.as_str()).copied())
            .find(|&member| {
                self.media
                    .get(member)
                    .is_some_and(|section| !section.is_rejected())
            })
    }

    /// [`Description::transport_section`] of every section.
    pub(crate) fn transport_sections(&self) -> Vec<usize> {
        let indices = self.indices();
        let mut transports: Vec<usize> = (0..self.media.len()).collect();
        let mut grouped = vec![false; self.media.len()];
        for group in self.groups.iter().filter(|group| group.is_bundle()) {
            let tagged = self.tagged_section(group);
            for &member in group.mids.iter().filter_map(|mid| indices.get(mid.as_str())) {
                if !grouped[member] {
                    grouped[member] = true;
                    transports[member] = tagged.unwrap_or(member);
                }
            }
        }
        transports
    }

    /// The index of each identifier; of equal ones the first.
    pub(super) fn indices(&self) -> BTreeMap<&str, usize> {
        let sections = self.media.iter().enumerate().rev();
        sections
            .filter_map(|(index, section)| Some((section.mid()?, index)))
            .collect()
    }

    /// The header extensions that hold for the section at `index`: its own and those of the session level.
    pub(crate) fn header_extensions_of(&self, index: usize) -> impl Iterator<Item = &HeaderExtension> {
        let own = self
            .media
            .get(index)
            .map_or(&[][..], |section| &section.header_extensions);
        own.iter().chain(&self.header_extensions)
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
            .zip(self.transport_sections())
            .filter(|(section, _)| !section.is_rejected())
            .map(|(_, transport)| &self.media[transport])
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

    /// The streams that the sender's track is in, each once (RFC 9429 section 5.10).
    pub(crate) fn stream_ids(&self) -> Vec<&str> {
        let mut ids: Vec<&str> = Vec::new();
        for id in self.msids.iter().filter_map(|msid| msid.stream_id.as_deref()) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        ids
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
