//! What the connection reads out of a description.

use std::collections::BTreeSet;

use glare_peer::MediaKind;

use crate::dtls::Fingerprint;
use crate::ice::{Candidate, IceCredentials};
use crate::sdp::{self, Description, MediaSection, Setup};

/// The content of a description, as far as the connection needs it.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// The whole of it.
    pub(super) description: Description,
    /// Its media descriptions, in order.
    pub(super) sections: Vec<Section>,
    /// The attributes of transports: of each media description that has some of its own and is not rejected.
    pub(super) transports: Vec<TransportSection>,
    /// The media description for data, unless it is rejected.
    pub(super) data: Option<DataSection>,
    /// Whether there is a media description for data, rejected or not.
    pub(super) mentions_data: bool,
    /// Whether its sender takes candidates later (RFC 8838).
    pub(super) trickle: bool,
    /// Whether its sender is a lite implementation (RFC 8445 section 2.5).
    pub(super) ice_lite: bool,
}

/// A media description of any kind.
#[derive(Debug, Clone)]
pub(super) struct Section {
    pub(super) mid: Option<String>,
    pub(super) carries: Carries,
    pub(super) is_rejected: bool,
    /// The index of the media description that has the attributes of its transport: the tagged one of its BUNDLE group (RFC
    /// 9143 section 7.1.3), or itself.
    pub(super) transport_index: usize,
    pub(super) username_fragment: Option<String>,
}

/// What a media description is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carries {
    Media(MediaKind),
    /// Data channels: only the first media description for them that is not rejected does.
    Data,
    /// Something that the connection does not know.
    Nothing,
}

/// The attributes of a transport.
#[derive(Debug, Clone)]
pub(super) struct TransportSection {
    /// The media description that has them.
    pub(super) index: usize,
    pub(super) credentials: IceCredentials,
    pub(super) fingerprints: Vec<Fingerprint>,
    /// What its sender calls the DTLS association (RFC 8842 section 4), if it has a name for it.
    pub(super) tls_id: Option<String>,
    pub(super) setup: Option<Setup>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) end_of_candidates: bool,
}

/// The media description for data.
#[derive(Debug, Clone)]
pub(super) struct DataSection {
    pub(super) index: usize,
    pub(super) sctp_port: u16,
    /// The largest message that its sender takes, bytes; none for no limit.
    pub(super) max_message_size: Option<u64>,
}

/// The SCTP port where a description names none: RFC 8841 section 5.2.
const DEFAULT_SCTP_PORT: u16 = 5000;

/// The greatest number of media descriptions: an `sdpMLineIndex` is 16 bits wide.
const MAX_SECTIONS: usize = 1 << 16;

impl Session {
    /// Reads a verified description.
    ///
    /// # Errors
    ///
    /// What is invalid in it, with the line.
    pub(super) fn read(description: Description) -> Result<Session, String> {
        if description.media.len() > MAX_SECTIONS {
            return Err(format!("there are more than {MAX_SECTIONS} media descriptions"));
        }
        let data_index = description.data_channel_section();
        let transport_indices = description.transport_sections();
        let transports = description
            .media
            .iter()
            .enumerate()
            .filter(|(_, section)| !section.is_rejected())
            .filter_map(|(index, section)| read_transport(index, section).transpose())
            .collect::<Result<Vec<_>, String>>()?;
        let sections = description
            .media
            .iter()
            .zip(transport_indices)
            .enumerate()
            .map(|(index, (section, transport_index))| {
                let transport = at_index(&transports, transport_index);
                let carries = carries(section, data_index == Some(index));
                if transport.is_none() && !section.is_rejected() && carries != Carries::Nothing {
                    let line = section.line;
                    return Err(format!(
                        "line {line}: the media description has no ICE credentials"
                    ));
                }
                Ok(Section {
                    mid: section.mid().map(str::to_owned),
                    carries,
                    is_rejected: section.is_rejected(),
                    transport_index,
                    username_fragment: transport.map(|it| it.credentials.username_fragment.clone()),
                })
            })
            .collect::<Result<_, String>>()?;
        let data = data_index.map(|index| {
            let section = &description.media[index];
            DataSection {
                index,
                sctp_port: section.sctp_port.unwrap_or(DEFAULT_SCTP_PORT),
                max_message_size: section.effective_max_message_size(),
            }
        });
        Ok(Session {
            sections,
            transports,
            data,
            mentions_data: description.media.iter().any(MediaSection::is_data_channel),
            trickle: description.supports_trickle(),
            ice_lite: description.ice_lite,
            description,
        })
    }

    /// The attributes of a transport that the media description at an index has itself.
    pub(super) fn own_transport(&self, index: usize) -> Option<&TransportSection> {
        at_index(&self.transports, index)
    }

    /// The attributes of the transport that the media description at an index uses.
    pub(super) fn transport_of(&self, index: usize) -> Option<&TransportSection> {
        self.own_transport(self.sections.get(index)?.transport_index)
    }

    /// The transports that the media descriptions use, each once.
    pub(super) fn transports_in_use(&self) -> impl Iterator<Item = &TransportSection> {
        let used: BTreeSet<usize> = self
            .sections
            .iter()
            .filter(|section| !section.is_rejected)
            .map(|section| section.transport_index)
            .collect();
        self.transports
            .iter()
            .filter(move |transport| used.contains(&transport.index))
    }
}

/// The attributes of the media description at an index, if it has some; they are in order.
fn at_index(transports: &[TransportSection], index: usize) -> Option<&TransportSection> {
    let at = transports
        .binary_search_by_key(&index, |transport| transport.index)
        .ok()?;
    transports.get(at)
}

fn carries(section: &MediaSection, is_data: bool) -> Carries {
    match section.kind {
        _ if is_data => Carries::Data,
        sdp::MediaKind::Audio if section.uses_rtp() => Carries::Media(MediaKind::Audio),
        sdp::MediaKind::Video if section.uses_rtp() => Carries::Media(MediaKind::Video),
        _ => Carries::Nothing,
    }
}

fn read_transport(index: usize, section: &MediaSection) -> Result<Option<TransportSection>, String> {
    let (Some(username_fragment), Some(password)) = (&section.ice_ufrag, &section.ice_pwd) else {
        return Ok(None);
    };
    let fingerprints = section
        .fingerprints
        .iter()
        .map(|fingerprint| {
            fingerprint
                .to_string()
                .parse()
                .map_err(|error| format!("line {}: {error}", section.line))
        })
        .collect::<Result<_, String>>()?;
    let candidates = section
        .candidates
        .iter()
        .map(|candidate| {
            let mut parsed: Candidate = candidate
                .value
                .parse()
                .map_err(|error| format!("line {}: {error}", candidate.line))?;
            parsed.username_fragment = Some(username_fragment.value.clone());
            Ok(parsed)
        })
        .collect::<Result<_, String>>()?;
    Ok(Some(TransportSection {
        index,
        credentials: IceCredentials {
            username_fragment: username_fragment.value.clone(),
            password: password.value.clone(),
        },
        fingerprints,
        tls_id: section.tls_id.as_ref().map(|tls_id| tls_id.value.clone()),
        setup: section.setup.as_ref().map(|setup| setup.value),
        candidates,
        end_of_candidates: section.end_of_candidates,
    }))
}
