//! What a description does to the transports that its media descriptions use: DTLS, SCTP and ICE (RFC 9429 sections 5.9 to
//! 5.11).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use glare_peer::{RtcErrorDetail, SdpType};

use super::Connection;
use super::data_channel::rtc_error;
use super::session::TransportSection;
use super::slots::AppliedDescription;
use super::tasks::Task;
use super::transport::{DtlsParameters, SctpParameters, Settled, TransportId};
use crate::dtls::{Certificate, DtlsRole, DtlsTransport};
use crate::ice::{IceCredentials, LocalAddresses};
use crate::sdp::Setup;

/// The largest message that the engine receives, bytes: what its descriptions say in `a=max-message-size`.
pub(super) const MAX_MESSAGE_SIZE: u64 = 262_144;

/// The engine's send buffer of one channel, bytes.
const SEND_BUFFER_SIZE: f64 = 16.0 * 1024.0 * 1024.0;

/// The SCTP port that the engine's descriptions name.
pub(super) const SCTP_PORT: u16 = 5000;

impl Connection {
    /// The transports that the media descriptions use, each once, with the first of its media descriptions; in their order.
    fn transports_in_use(&self) -> Vec<(TransportId, usize)> {
        let mut in_use: BTreeMap<TransportId, usize> = BTreeMap::new();
        for (index, id) in self.section_transports().iter().enumerate() {
            if let Some(id) = id {
                in_use.entry(*id).or_insert(index);
            }
        }
        let mut in_use: Vec<_> = in_use.into_iter().collect();
        in_use.sort_by_key(|(_, index)| *index);
        in_use
    }

    /// What the remote description says of a transport that the media description at `index` uses: of the media description
    /// that has the attributes on our side, or else of the tagged one of its group.
    fn remote_section(&self, id: TransportId, index: usize) -> Option<&TransportSection> {
        let session = &self.remote_description()?.session;
        let tagged = self
            .transport(id)
            .section
            .as_ref()
            .map_or(index, |(index, _)| *index);
        session
            .own_transport(tagged)
            .filter(|_| {
                session
                    .sections
                    .get(index)
                    .is_some_and(|it| it.transport_index == tagged)
            })
            .or_else(|| session.transport_of(index))
            .or_else(|| session.own_transport(tagged))
    }

    /// `webrtc-pc#dfn-update-the-data-max-message-size`.
    pub(super) fn update_the_data_max_message_size(&mut self) {
        let remote = self
            .remote_description()
            .and_then(|description| description.session.data.as_ref());
        let Some(remote_max_message_size) = remote.map(|data| data.max_message_size) else {
            return;
        };
        let Some(sctp) = self.sctp_mut() else { return };
        match remote_max_message_size {
            None => {
                sctp.max_message_size = Some(SEND_BUFFER_SIZE);
                sctp.max_buffer_size = Some(SEND_BUFFER_SIZE);
            }
            Some(remote) => {
                let remote = remote as f64;
                sctp.max_message_size = Some(remote.min(SEND_BUFFER_SIZE));
                sctp.max_buffer_size = Some(remote.max(SEND_BUFFER_SIZE));
            }
        }
    }

    /// RFC 9429 section 5.11: prepares DTLS and SCTP with what an answer settles.
    pub(super) fn negotiate_dtls(&mut self, answer: &AppliedDescription, remote: bool) {
        for (id, index) in self.transports_in_use() {
            let setup = answer.session.transport_of(index).and_then(|it| it.setup);
            // RFC 5763 section 5: an answerer that is active connects, and connecting is the part of the client.
            let role = match (setup, remote) {
                (Some(Setup::Active), true) | (Some(Setup::Passive), false) => DtlsRole::Server,
                (Some(Setup::Active), false) | (Some(Setup::Passive), true) => DtlsRole::Client,
                // Session::read and Description::verify let no other answer through.
                _ => continue,
            };
            let Some(remote_section) = self.remote_section(id, index).cloned() else {
                continue;
            };
            let sctp = self.sctp_to_negotiate(id);
            let goes_on = self
                .transport(id)
                .dtls
                .as_ref()
                .is_some_and(|dtls| dtls.role == role && !dtls.is_another_association(&remote_section));
            if !goes_on {
                self.start_dtls(id, role, remote_section);
            }
            if let Some(sctp) = sctp {
                let now = self.now;
                if self.transport_mut(id).prepare_sctp(now, sctp) {
                    self.sctp_ended(id);
                }
            }
        }
    }

    /// What is to be negotiated for SCTP over a transport: nothing if it does not carry data, or goes on as it is.
    fn sctp_to_negotiate(&mut self, id: TransportId) -> Option<SctpParameters> {
        if self.sctp()?.transport != id {
            return None;
        }
        let remote_port = self.remote_description()?.session.data.as_ref()?.sctp_port;
        let before = self.transport(id).sctp_parameters();
        if before.is_some_and(|before| before.remote_port == remote_port) {
            return None;
        }
        Some(SctpParameters {
            seed: self.rng.u64(..),
            local_port: SCTP_PORT,
            remote_port,
        })
    }

    fn start_dtls(&mut self, id: TransportId, role: DtlsRole, remote: TransportSection) {
        let dtls = DtlsParameters {
            role,
            remote_fingerprints: remote.fingerprints,
            remote_tls_id: remote.tls_id,
        };
        // The constructor has made sure that there is one.
        let Some(certificate) = Certificate::for_dtls(&self.certificates) else {
            return;
        };
        let session = DtlsTransport::new(
            certificate,
            role,
            dtls.remote_fingerprints.clone(),
            self.configuration.dtls_version,
            self.rng.u64(..),
            self.host.unix_time,
            self.now,
        );
        match session {
            Ok(session) => {
                let now = self.now;
                if self.transport_mut(id).prepare(now, session, dtls) {
                    self.sctp_ended(id);
                }
            }
            Err(error) => {
                let error = rtc_error(RtcErrorDetail::DtlsFailure, error.to_string());
                self.notes.push(error.to_string());
                self.queue(Task::DtlsFailed { transport: id, error });
            }
        }
    }

    /// The SCTP association over a transport was ended by another one that takes its place.
    fn sctp_ended(&mut self, id: TransportId) {
        if let Some(sctp) = self.sctp_over(id) {
            self.queue(Task::SctpClosed { sctp, error: None });
        }
    }

    /// RFC 9429 sections 5.9 and 5.10: gathering by a local description, remote credentials and candidates by a remote one.
    pub(super) fn apply_ice(&mut self, description: &AppliedDescription, remote: bool) {
        let is_answer = description.sdp_type != SdpType::Offer;
        let in_use = self.transports_in_use();
        if !remote {
            for (id, index) in in_use {
                self.apply_local_ice(id, index, description, is_answer);
            }
            return;
        }
        let session = &description.session;
        for (id, index) in in_use {
            let Some(section) = self.remote_section(id, index).cloned() else {
                continue;
            };
            self.apply_remote_ice(id, &section, is_answer, session.trickle);
        }
    }

    fn apply_local_ice(
        &mut self,
        id: TransportId,
        index: usize,
        description: &AppliedDescription,
        is_answer: bool,
    ) {
        let now = self.now;
        let at = self
            .transport(id)
            .section
            .as_ref()
            .map_or(index, |(index, _)| *index);
        let Some(section) = description.session.own_transport(at) else {
            return;
        };
        self.transport_mut(id).described_tls_id = Some(section.tls_id.clone());
        self.gather(id, &section.credentials);
        if is_answer {
            self.transport_mut(id).release_held(now);
        }
    }

    fn apply_remote_ice(
        &mut self,
        id: TransportId,
        section: &TransportSection,
        is_answer: bool,
        trickle: bool,
    ) {
        let now = self.now;
        let lite = self
            .remote_description()
            .is_some_and(|remote| remote.session.ice_lite);
        let transport = self.transport_mut(id);
        transport.agent.set_remote_lite(now, lite);
        if is_answer {
            transport.set_remote_credentials(now, section.credentials.clone());
        } else {
            transport.hold_remote(&section.credentials);
        }
        let username_fragment = section.credentials.username_fragment.as_str();
        let mut notes = Vec::new();
        for candidate in &section.candidates {
            let used = transport.add_remote_candidate(now, candidate.clone(), Some(username_fragment));
            if let Some(why) = used {
                notes.push(format!("{candidate} has no effect: {why}"));
            }
        }
        if section.end_of_candidates || !trickle {
            transport.remote_end_of_candidates(now, Some(username_fragment));
        }
        self.notes.append(&mut notes);
    }

    /// RFC 9429 section 5.9: a new transport gathers, and one with new credentials restarts and gathers again.
    fn gather(&mut self, id: TransportId, credentials: &IceCredentials) {
        let now = self.now;
        let transport = self.transport_mut(id);
        if transport.gathered.as_ref() == Some(&credentials.username_fragment) {
            return;
        }
        if transport.agent.local_credentials() != credentials {
            transport.agent.restart(now, credentials.clone());
        }
        transport.gathered = Some(credentials.username_fragment.clone());
        transport.generations_gathering += 1;
        let udp = transport.addresses.clone();
        let addresses = self.local_addresses(udp);
        let configuration = self.ice_configuration();
        let agent = &mut self.transport_mut(id).agent;
        agent.set_configuration(configuration);
        agent.gather(now, &addresses);
        self.queue(Task::GatheringBegan { transport: id });
    }

    /// Where an ICE agent may gather: TCP only where a scenario lets it.
    fn local_addresses(&self, udp: Vec<SocketAddr>) -> LocalAddresses {
        let tcp: Vec<IpAddr> = if self.configuration.ice_tcp {
            self.host.addresses.clone()
        } else {
            Vec::new()
        };
        LocalAddresses {
            udp,
            tcp_passive: tcp.iter().map(|address| SocketAddr::new(*address, 0)).collect(),
            tcp_active: tcp,
            tcp_simultaneous_open: Vec::new(),
        }
    }

    /// Notes what a completed negotiation has settled on.
    pub(super) fn settle_transports(&mut self) {
        for (id, index) in self.transports_in_use() {
            let remote = self.remote_section(id, index);
            let remote_tls_id = remote.and_then(|remote| remote.tls_id.clone());
            let remote_credentials = remote.map(|remote| remote.credentials.clone());
            let transport = self.transport_mut(id);
            transport.settled = Some(Settled {
                local_credentials: transport.agent.local_credentials().clone(),
                remote_credentials,
                remote_tls_id,
            });
        }
    }
}
