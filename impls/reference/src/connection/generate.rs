//! Making offers and answers out of the state of the connection (RFC 9429 sections 5.2 and 5.3).

use glare_peer::{OfferOptions, SdpType};

use super::Connection;
use super::codecs;
use super::negotiate_transport::{MAX_MESSAGE_SIZE, SCTP_PORT};
use super::slots::MadeOf;
use super::transceiver::{Transceiver, TransceiverId};
use super::transport::TransportId;
use crate::dtls::DtlsRole;
use crate::ice::IceCredentials;
use crate::sdp::{
    self, AnswerInput, DescriptionPlan, Direction, LocalTransport, MediaKind, Negotiated, OfferInput,
    RejectedTag, SdpFingerprint, SectionOwner, SendEncoding, Setup, TransceiverInput, TransportRequest,
};

impl Connection {
    /// RFC 9429 sections 5.2.1 and 5.2.2.
    pub(super) fn generate_offer(&mut self, options: OfferOptions) -> (String, MadeOf) {
        let session_version = self.next_session_version();
        let transceivers = self.transceiver_inputs();
        let pending = self.pending_local_description.as_ref();
        let plan = sdp::plan_offer(&OfferInput {
            session_id: self.session_id,
            session_version,
            current: self.negotiated(),
            pending_local: pending.map(|description| &description.session.description),
            transceivers: &transceivers,
            wants_application: self.has_created_data_channel,
            lowest_mid: self.lowest_mid,
            bundle_policy: self.configuration.bundle_policy,
            sctp_port: SCTP_PORT,
            max_message_size: MAX_MESSAGE_SIZE,
            extmap_allow_mixed: false,
            identity: None,
            ice_lite: self.configuration.ice_lite,
        });
        let text = plan.write(|request| {
            let id = request.continues.and_then(|at| self.transport_of_section(at));
            let credentials = self.credentials_to_offer(id, options);
            let tls_id = self.tls_id_to_offer(id);
            self.local_transport(id, credentials, tls_id)
        });
        (text, self.made_of(&plan))
    }

    /// RFC 9429 sections 5.3.1 and 5.3.2. None without an offer to answer.
    pub(super) fn generate_answer(&mut self) -> Option<(String, MadeOf)> {
        let session_version = self.next_session_version();
        let transceivers = self.answering_transceivers();
        let offer = &self.pending_remote_description.as_ref()?.session.description;
        let pending = self.pending_local_description.as_ref();
        let plan = sdp::plan_answer(&AnswerInput {
            session_id: self.session_id,
            session_version,
            remote_offer: offer,
            current: self.negotiated(),
            pending_local: pending.map(|description| &description.session.description),
            transceivers: &transceivers,
            bundle_policy: self.configuration.bundle_policy,
            rejected_tag: RejectedTag::NextIsTagged,
            sctp_port: SCTP_PORT,
            max_message_size: MAX_MESSAGE_SIZE,
            extmap_allow_mixed: false,
            identity: None,
            ice_lite: self.configuration.ice_lite,
        });
        let text = plan.write(|request| {
            let id = self.transport_of_section(request.index);
            let credentials = self.credentials_to_answer(id, request);
            let tls_id = self.tls_id_to_answer(id, request);
            self.local_transport(id, credentials, tls_id)
        });
        Some((text, self.made_of(&plan)))
    }

    /// What was negotiated last.
    pub(super) fn negotiated(&self) -> Option<Negotiated<'_>> {
        let local = self.current_local_description.as_ref()?;
        let remote = self.current_remote_description.as_ref()?;
        Some(Negotiated {
            local: &local.session.description,
            remote: &remote.session.description,
            answered_locally: local.sdp_type != SdpType::Offer,
        })
    }

    /// The set of transceivers, as descriptions tell of them. One that is stopping counts as stopped.
    pub(super) fn transceiver_inputs(&self) -> Vec<TransceiverInput> {
        self.collected()
            .map(|(_, transceiver)| transceiver.input())
            .collect()
    }

    /// The set of transceivers for an answer, on which stopping alone has no effect (webrtc-pc#dom-rtcrtptransceiver-stop).
    fn answering_transceivers(&self) -> Vec<TransceiverInput> {
        self.collected()
            .map(|(_, transceiver)| TransceiverInput {
                stopped: transceiver.stopped,
                ..transceiver.input()
            })
            .collect()
    }

    fn made_of(&self, plan: &DescriptionPlan) -> MadeOf {
        let transceiver = |owner| match owner {
            SectionOwner::Transceiver(at) => self.set_of_transceivers.get(at).copied(),
            SectionOwner::DataChannels | SectionOwner::Rejected => None,
        };
        MadeOf {
            transceivers: plan
                .owners()
                .map(transceiver)
                .collect::<Vec<Option<TransceiverId>>>(),
            transports: plan.transports().to_vec(),
        }
    }

    /// The credentials of an offer: those in use, unless ICE is to be restarted (RFC 9429 section 5.2.3.1).
    fn credentials_to_offer(&mut self, id: Option<TransportId>, options: OfferOptions) -> IceCredentials {
        let in_use = id.map(|id| self.transport(id)).filter(|it| it.gathered.is_some());
        let Some(transport) = in_use else {
            return IceCredentials::generate(&mut self.rng);
        };
        let credentials = transport.agent.local_credentials().clone();
        // A pending offer that restarts ICE goes on doing so; the option on an initial offer has no effect.
        let settled = transport
            .settled
            .as_ref()
            .map(|settled| &settled.local_credentials);
        let asked = options.ice_restart && settled == Some(&credentials);
        if asked || self.local_ice_credentials_to_replace.contains(&credentials) {
            return IceCredentials::generate(&mut self.rng);
        }
        credentials
    }

    /// The credentials of an answer: those in use, unless the offer restarts ICE (RFC 9429 section 5.3.1). Those of a
    /// provisional answer stay for the final one.
    fn credentials_to_answer(
        &mut self,
        id: Option<TransportId>,
        request: &TransportRequest,
    ) -> IceCredentials {
        let Some(transport) = id.map(|id| self.transport(id)) else {
            return IceCredentials::generate(&mut self.rng);
        };
        let credentials = transport.agent.local_credentials().clone();
        let offered = self
            .offered_transport(request)
            .map(|offered| &offered.credentials);
        let restarts = transport.settled.as_ref().is_some_and(|settled| {
            settled.remote_credentials.as_ref() != offered && settled.local_credentials == credentials
        });
        if restarts {
            return IceCredentials::generate(&mut self.rng);
        }
        credentials
    }

    /// What the pending offer says of the transport that an answer takes up.
    fn offered_transport(&self, request: &TransportRequest) -> Option<&super::session::TransportSection> {
        let offer = &self.pending_remote_description.as_ref()?.session;
        offer.transport_of(request.index)
    }

    /// RFC 8842 section 5.2 and RFC 9429 section 5.2.1: the name of the DTLS association in an offer. A new association has
    /// a new name; one that goes on keeps what the last description called it, and stays without where that had none.
    fn tls_id_to_offer(&mut self, id: Option<TransportId>) -> Option<String> {
        match id.and_then(|id| self.transport(id).described_tls_id.clone()) {
            Some(tls_id) => tls_id,
            None => Some(self.new_tls_id()),
        }
    }

    /// RFC 8842 section 5.3 and RFC 9429 section 5.3.2: the name of the DTLS association in an answer, if the offer has one.
    /// It changes when the offerer's does, and not between a provisional answer and the final one.
    fn tls_id_to_answer(&mut self, id: Option<TransportId>, request: &TransportRequest) -> Option<String> {
        let offered = self.offered_transport(request)?.tls_id.clone()?;
        let transport = id.map(|id| self.transport(id));
        let goes_on = transport
            .and_then(|transport| transport.settled.as_ref())
            .is_some_and(|settled| settled.remote_tls_id.as_ref() == Some(&offered));
        let described = transport
            .and_then(|transport| transport.described_tls_id.clone())
            .filter(|_| goes_on || self.pending_local_description.is_some());
        described.flatten().or_else(|| Some(self.new_tls_id()))
    }

    /// RFC 8842 section 4: at least 20 characters with 120 bits of chance.
    fn new_tls_id(&mut self) -> String {
        (0..24).map(|_| self.rng.alphanumeric()).collect()
    }

    /// What a transport contributes: its candidates only where they are of the generation of `credentials`.
    fn local_transport(
        &self,
        id: Option<TransportId>,
        credentials: IceCredentials,
        tls_id: Option<String>,
    ) -> LocalTransport {
        let gathered = [&self.pending_local_description, &self.current_local_description]
            .into_iter()
            .flatten()
            .find_map(|description| description.gathered_of(&credentials.username_fragment));
        let dtls_role = id.and_then(|id| self.transport(id).dtls_role());
        LocalTransport {
            ice_ufrag: credentials.username_fragment,
            ice_pwd: credentials.password,
            fingerprints: self
                .certificates
                .iter()
                .map(|certificate| {
                    let fingerprint = certificate.fingerprint().to_string();
                    let (algorithm, value) = fingerprint.split_once(' ').unwrap_or_default();
                    SdpFingerprint {
                        algorithm: algorithm.to_owned(),
                        value: value.to_owned(),
                    }
                })
                .collect(),
            dtls_role: dtls_role.map(|role| match role {
                DtlsRole::Client => Setup::Active,
                DtlsRole::Server => Setup::Passive,
            }),
            tls_id,
            candidates: gathered
                .map(|gathered| gathered.candidates.clone())
                .unwrap_or_default(),
            end_of_candidates: gathered.is_some_and(|gathered| gathered.end_of_candidates),
        }
    }

    /// RFC 9429 section 5.2.2: a version of its own for each description that is made.
    fn next_session_version(&mut self) -> u64 {
        let version = self.session_version;
        self.session_version += 1;
        version
    }
}

impl Transceiver {
    /// The transceiver, as descriptions tell of it.
    fn input(&self) -> TransceiverInput {
        TransceiverInput {
            kind: match self.kind {
                glare_peer::MediaKind::Audio => MediaKind::Audio,
                glare_peer::MediaKind::Video => MediaKind::Video,
            },
            mid: self.jsep_mid.clone(),
            m_line_index: self.m_line_index,
            stopped: self.stopping || self.stopped,
            direction: Direction::new(self.direction.sends(), self.direction.receives()),
            codecs: self.codecs(),
            has_codec_preferences: !self.preferred_codecs.is_empty(),
            header_extensions: codecs::implemented_header_extensions(self.kind),
            stream_ids: self.sender.associated_media_stream_ids.clone(),
            send_encodings: self
                .sender
                .send_encodings
                .iter()
                .map(|encoding| SendEncoding {
                    rid: encoding.rid.clone(),
                    active: encoding.active,
                })
                .collect(),
            maxptime: None,
            ptime: None,
        }
    }
}
