//! What JSEP (RFC 9429) does inside setting a description: checking it, and applying it to the transport.

use std::net::{IpAddr, SocketAddr};

use glare_peer::{IceTransportPolicy, SdpType, SessionDescription, SignalingState};

use super::Connection;
use super::session::{DataSection, Session};
use super::set_description::{Applied, ApplyError};
use super::slots::AppliedDescription;
use super::tasks::Task;
use super::transport::{DtlsParameters, SctpParameters, Transport, TransportId};
use crate::dtls::{DtlsRole, DtlsTransport};
use crate::ice::{IceAgent, IceCredentials, LocalAddresses, Role};
use crate::sdp::{self, Description, Setup};

/// The largest message that the engine receives, bytes: what its descriptions say in `a=max-message-size`.
pub(super) const MAX_MESSAGE_SIZE: u64 = 262_144;

/// The engine's send buffer of one channel, bytes.
const SEND_BUFFER_SIZE: f64 = 16.0 * 1024.0 * 1024.0;

/// The SCTP port that the engine's descriptions name.
pub(super) const SCTP_PORT: u16 = 5000;

impl Connection {
    /// RFC 9429 sections 5.5 to 5.8: checks a description against the state of the connection, without changing it.
    pub(super) fn process_to_apply(
        &self,
        description: SessionDescription,
        remote: bool,
    ) -> Result<Applied, ApplyError> {
        if description.sdp_type == SdpType::Rollback {
            return Ok(Applied {
                description,
                remote,
                session: None,
            });
        }
        self.check_type(description.sdp_type, remote)?;
        let parsed = Description::parse(&description.sdp).map_err(|error| ApplyError::Syntax {
            line: error.line,
            message: error.message,
        })?;
        let invalid = |error: sdp::ContentError| ApplyError::Invalid(error.to_string());
        parsed.verify(description.sdp_type).map_err(invalid)?;
        let current_local = self
            .current_local_description
            .as_ref()
            .map(|it| &it.session.description);
        let current_remote = self
            .current_remote_description
            .as_ref()
            .map(|it| &it.session.description);
        let current = current_local.zip(current_remote);
        if description.sdp_type == SdpType::Offer {
            let pending = self.pending_remote_description.as_ref().filter(|_| remote);
            if let Some(pending) = pending {
                // webrtc-pc#set-description, step 4.4: back-to-back offers, as if the first had been answered.
                let offer = &pending.session.description;
                sdp::check_subsequent_offer(&parsed, &as_if_answered(offer), offer).map_err(invalid)?;
            } else if let Some((local, previous_remote)) = current {
                sdp::check_subsequent_offer(&parsed, local, previous_remote).map_err(invalid)?;
            }
        } else {
            let offer = if remote {
                &self.pending_local_description
            } else {
                &self.pending_remote_description
            };
            let offer = offer.as_ref().map(|it| &it.session.description);
            let offer = offer.ok_or_else(|| ApplyError::State("there is no offer to answer".to_owned()))?;
            sdp::check_answer_against(&parsed, offer).map_err(invalid)?;
            if let Some((local, previous_remote)) = current.filter(|_| remote) {
                sdp::check_ice_of_answer(&parsed, previous_remote, offer, local).map_err(invalid)?;
            }
        }
        let session = Session::read(parsed).map_err(ApplyError::Invalid)?;
        if remote {
            self.check_dtls_identity(&session)?;
        }
        Ok(Applied {
            description,
            remote,
            session: Some(session),
        })
    }

    /// RFC 9429 sections 5.5 and 5.6: the type against the signaling state.
    fn check_type(&self, sdp_type: SdpType, remote: bool) -> Result<(), ApplyError> {
        use SignalingState as S;
        let allowed = match (sdp_type, remote) {
            (SdpType::Offer, false) => matches!(self.signaling_state, S::Stable | S::HaveLocalOffer),
            (SdpType::Offer, true) => matches!(self.signaling_state, S::Stable | S::HaveRemoteOffer),
            (_, false) => matches!(self.signaling_state, S::HaveRemoteOffer | S::HaveLocalPranswer),
            (_, true) => matches!(self.signaling_state, S::HaveLocalOffer | S::HaveRemotePranswer),
        };
        if allowed {
            return Ok(());
        }
        let side = if remote { "remote" } else { "local" };
        Err(ApplyError::State(format!(
            "a {side} {sdp_type} cannot be set in signaling state {}",
            self.signaling_state
        )))
    }

    /// RFC 9429 sections 5.8.3 and 5.11: another DTLS association needs another ICE generation, and an association that goes
    /// on keeps its roles.
    fn check_dtls_identity(&self, session: &Session) -> Result<(), ApplyError> {
        let Some(transport) = self.transport() else {
            return Ok(());
        };
        let (Some(dtls), Some(data)) = (&transport.dtls, &session.data) else {
            return Ok(());
        };
        if dtls.is_another_association(data) {
            if transport.remote_credentials.as_ref() == Some(&data.credentials) {
                return Err(ApplyError::Invalid(
                    "the fingerprint or the tls-id changed, which needs new ICE credentials too".to_owned(),
                ));
            }
            return Ok(());
        }
        let local_role = match dtls.role {
            DtlsRole::Client => Setup::Active,
            DtlsRole::Server => Setup::Passive,
        };
        sdp::check_dtls_role(
            &session.description,
            usize::from(data.transport_index),
            local_role,
        )
        .map_err(|error| ApplyError::Invalid(error.to_string()))
    }

    /// `webrtc-pc#dfn-create-an-rtcsctptransport`, with the DTLS and ICE transports below it.
    pub(super) fn create_an_rtc_sctp_transport(
        &mut self,
        data: &DataSection,
        remote: bool,
        ice_lite: bool,
    ) -> TransportId {
        // webrtc-pc#set-description, step 4.7.11.2.14.6: the role by the first offer.
        let role = if remote && !ice_lite {
            Role::Controlled
        } else {
            Role::Controlling
        };
        let mut rng = self.rng.fork();
        let credentials = if remote {
            IceCredentials::generate(&mut rng)
        } else {
            data.credentials.clone()
        };
        let handles = [self.new_handle(), self.new_handle(), self.new_handle()];
        let addresses = self.bind();
        let agent = IceAgent::new(credentials, role, rng);
        self.transports.push(Transport::new(
            handles,
            agent,
            addresses,
            Connection::ice_role(role),
        ));
        TransportId(self.transports.len() - 1)
    }

    /// Binds a UDP port on each address of the host that may be used.
    fn bind(&mut self) -> Vec<SocketAddr> {
        if self.configuration.ice_transport_policy == IceTransportPolicy::Relay {
            return Vec::new();
        }
        let mut bound = Vec::new();
        for address in self.host.addresses.clone() {
            match self.free_port(address) {
                Some(port) => bound.push(SocketAddr::new(address, port)),
                None => self.notes.push(format!(
                    "all ports from {} to {} of {address} are in use; no candidate for it",
                    self.host.ports.start(),
                    self.host.ports.end()
                )),
            }
        }
        self.bound.extend(&bound);
        bound
    }

    /// The next port of the host's range that is free on an address. Ports go round, so that a late packet for a transport
    /// that was discarded does not reach the one after it.
    fn free_port(&mut self, address: IpAddr) -> Option<u16> {
        let ports = self.host.ports.clone();
        for _ in ports.clone() {
            let port = self.next_port;
            self.next_port = if port == *ports.end() {
                *ports.start()
            } else {
                port + 1
            };
            if !self.bound.contains(&SocketAddr::new(address, port)) {
                return Some(port);
            }
        }
        None
    }

    /// `webrtc-pc#dfn-update-the-data-max-message-size`.
    pub(super) fn update_the_data_max_message_size(&mut self) {
        let remote = self
            .remote_description()
            .and_then(|description| description.session.data.as_ref());
        let Some(remote_max_message_size) = remote.map(|data| data.max_message_size) else {
            return;
        };
        let Some(transport) = self.transport_mut() else {
            return;
        };
        match remote_max_message_size {
            None => {
                transport.max_message_size = Some(SEND_BUFFER_SIZE);
                transport.max_buffer_size = Some(SEND_BUFFER_SIZE);
            }
            Some(remote) => {
                let remote = remote as f64;
                transport.max_message_size = Some(remote.min(SEND_BUFFER_SIZE));
                transport.max_buffer_size = Some(remote.max(SEND_BUFFER_SIZE));
            }
        }
    }

    /// RFC 9429 section 5.11: prepares DTLS and SCTP with what an answer settles.
    pub(super) fn negotiate_dtls(&mut self, answer: &AppliedDescription, remote: bool) {
        let Some(remote_data) = self
            .remote_description()
            .and_then(|description| description.session.data.clone())
        else {
            return;
        };
        let setup = answer.session.data.as_ref().and_then(|data| data.setup);
        // RFC 5763 section 5: an answerer that is active connects, and connecting is the part of the client.
        let role = match (setup, remote) {
            (Some(Setup::Active), true) | (Some(Setup::Passive), false) => DtlsRole::Server,
            (Some(Setup::Active), false) | (Some(Setup::Passive), true) => DtlsRole::Client,
            // Session::read and Description::verify let no other answer through.
            _ => return,
        };
        let Some(id) = self.sctp_transport else { return };
        let goes_on = |dtls: &DtlsParameters| dtls.role == role && !dtls.is_another_association(&remote_data);
        if self.transports[id.0].dtls.as_ref().is_some_and(goes_on)
            && self.transports[id.0]
                .sctp_parameters()
                .is_some_and(|it| it.remote_port == remote_data.sctp_port)
        {
            return;
        }
        let dtls = DtlsParameters {
            role,
            remote_fingerprints: remote_data.fingerprints,
            remote_tls_id: remote_data.tls_id,
        };
        let sctp = SctpParameters {
            seed: self.rng.u64(..),
            local_port: SCTP_PORT,
            remote_port: remote_data.sctp_port,
        };
        let session = DtlsTransport::new(
            &self.certificate,
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
                if self.transports[id.0].prepare(now, session, dtls, sctp) {
                    self.queue(Task::SctpClosed {
                        transport: id,
                        error: None,
                    });
                }
            }
            Err(error) => {
                let error = super::data_channel::rtc_error(
                    glare_peer::RtcErrorDetail::DtlsFailure,
                    error.to_string(),
                );
                self.notes.push(error.to_string());
                self.queue(Task::DtlsFailed { transport: id, error });
            }
        }
    }

    /// RFC 9429 sections 5.9 and 5.10: gathering by a local description, remote credentials and candidates by a remote one.
    pub(super) fn apply_ice(&mut self, description: &AppliedDescription, remote: bool) {
        let now = self.now;
        let is_answer = description.sdp_type != SdpType::Offer;
        let trickle = description.session.trickle;
        let (Some(id), Some(data)) = (self.sctp_transport, &description.session.data) else {
            return;
        };
        let transport = &mut self.transports[id.0];
        if !remote {
            self.gather(id, &data.credentials);
            if is_answer {
                self.transports[id.0].release_held(now);
            }
            return;
        }
        if is_answer {
            transport.set_remote_credentials(now, data.credentials.clone());
        } else {
            transport.hold_remote(&data.credentials);
        }
        let username_fragment = data.credentials.username_fragment.as_str();
        for candidate in &data.candidates {
            if let Some(why) = transport.add_remote_candidate(now, candidate.clone(), Some(username_fragment))
            {
                self.notes.push(format!("{candidate} has no effect: {why}"));
            }
        }
        if data.end_of_candidates || !trickle {
            transport.remote_end_of_candidates(now, Some(username_fragment));
        }
    }

    /// RFC 9429 section 5.9: a new transport gathers, and one with new credentials restarts and gathers again.
    fn gather(&mut self, id: TransportId, credentials: &IceCredentials) {
        let now = self.now;
        let transport = &mut self.transports[id.0];
        if transport.gathered.as_ref() == Some(&credentials.username_fragment) {
            return;
        }
        if transport.agent.local_credentials() != credentials {
            transport.agent.restart(now, credentials.clone());
        }
        transport.gathered = Some(credentials.username_fragment.clone());
        transport.generations_gathering += 1;
        let addresses = transport.addresses.clone();
        transport.agent.gather(now, &LocalAddresses::udp(&addresses));
        self.queue(Task::GatheringBegan { transport: id });
    }
}

/// What an answer of this engine would hold an offer to: it accepts one media description for data and rejects the rest,
/// whose places may then be used for something else.
fn as_if_answered(offer: &Description) -> Description {
    let accepted = offer.data_channel_section();
    let mut answered = offer.clone();
    for (index, section) in answered.media.iter_mut().enumerate() {
        if Some(index) != accepted {
            section.port = 0;
            section.bundle_only = false;
        }
    }
    answered
}
