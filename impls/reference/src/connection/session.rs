//! What the connection reads out of a description.

use crate::dtls::Fingerprint;
use crate::ice::{Candidate, IceCredentials};
use crate::sdp::{Description, Setup};

/// The content of a description, as far as the connection needs it.
#[derive(Debug, Clone)]
pub(super) struct Session {
    /// The whole of it.
    pub(super) description: Description,
    /// Its media descriptions, in order.
    pub(super) sections: Vec<Section>,
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
    pub(super) index: u16,
    pub(super) mid: Option<String>,
    pub(super) username_fragment: Option<String>,
    /// Whether it shares the transport of the media description for data.
    pub(super) uses_data_transport: bool,
}

/// The media description for data, with the attributes of the transport it is bundled onto.
#[derive(Debug, Clone)]
pub(super) struct DataSection {
    /// The media description that the transport belongs to: the tagged one of the BUNDLE group (RFC 9143 section 7.1.3).
    pub(super) transport_index: u16,
    /// Its identification tag.
    pub(super) transport_mid: Option<String>,
    pub(super) credentials: IceCredentials,
    pub(super) fingerprints: Vec<Fingerprint>,
    /// What its sender calls the DTLS association (RFC 8842 section 4), if it has a name for it.
    pub(super) tls_id: Option<String>,
    pub(super) setup: Option<Setup>,
    pub(super) sctp_port: u16,
    /// The largest message that its sender takes, bytes; none for no limit.
    pub(super) max_message_size: Option<u64>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) end_of_candidates: bool,
}

/// The SCTP port where a description names none: RFC 8841 section 5.2.
const DEFAULT_SCTP_PORT: u16 = 5000;

impl Session {
    /// Reads a verified description.
    ///
    /// # Errors
    ///
    /// What is invalid in it, with the line.
    pub(super) fn read(description: Description) -> Result<Session, String> {
        let data_index = description.data_channel_section();
        let data = data_index
            .map(|index| read_data_section(&description, index))
            .transpose()?;
        let data_transport = data_index.map(|index| description.transport_section(index));
        let sections = description
            .media
            .iter()
            .enumerate()
            .map(|(index, section)| {
                Ok(Section {
                    index: index_of(index)?,
                    mid: section.mid().map(str::to_owned),
                    username_fragment: description
                        .ice_credentials(index)
                        .map(|(fragment, _)| fragment.to_owned()),
                    uses_data_transport: Some(description.transport_section(index)) == data_transport,
                })
            })
            .collect::<Result<_, String>>()?;
        Ok(Session {
            sections,
            data,
            mentions_data: description.media.iter().any(|section| section.is_data_channel()),
            trickle: description.supports_trickle(),
            ice_lite: description.ice_lite,
            description,
        })
    }
}

fn index_of(index: usize) -> Result<u16, String> {
    u16::try_from(index).map_err(|_| "there are more than 65536 media descriptions".to_owned())
}

fn read_data_section(description: &Description, index: usize) -> Result<DataSection, String> {
    let section = &description.media[index];
    let transport_index = description.transport_section(index);
    let transport = &description.media[transport_index];
    let (username_fragment, password) = description.ice_credentials(index).ok_or_else(|| {
        format!(
            "line {}: the media description has no ICE credentials",
            section.line
        )
    })?;
    let fingerprints = transport
        .fingerprints
        .iter()
        .map(|fingerprint| {
            fingerprint
                .to_string()
                .parse()
                .map_err(|error| format!("line {}: {error}", transport.line))
        })
        .collect::<Result<_, String>>()?;
    let candidates = transport
        .candidates
        .iter()
        .map(|candidate| {
            let mut parsed: Candidate = candidate
                .value
                .parse()
                .map_err(|error| format!("line {}: {error}", candidate.line))?;
            parsed.username_fragment = Some(username_fragment.to_owned());
            Ok(parsed)
        })
        .collect::<Result<_, String>>()?;
    Ok(DataSection {
        transport_index: index_of(transport_index)?,
        transport_mid: transport.mid().map(str::to_owned),
        credentials: IceCredentials {
            username_fragment: username_fragment.to_owned(),
            password: password.to_owned(),
        },
        fingerprints,
        tls_id: transport.tls_id.as_ref().map(|tls_id| tls_id.value.clone()),
        setup: transport.setup.as_ref().map(|setup| setup.value),
        sctp_port: section.sctp_port.unwrap_or(DEFAULT_SCTP_PORT),
        max_message_size: section.effective_max_message_size(),
        candidates,
        end_of_candidates: transport.end_of_candidates,
    })
}
