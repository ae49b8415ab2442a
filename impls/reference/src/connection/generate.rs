//! Making offers and answers out of the state of the connection (RFC 9429 sections 5.2 and 5.3).

use glare_peer::{OfferOptions, SdpType};

use super::Connection;
use super::apply::{MAX_MESSAGE_SIZE, SCTP_PORT};
use super::session::DataSection;
use super::slots::AppliedDescription;
use crate::dtls::DtlsRole;
use crate::ice::IceCredentials;
use crate::sdp::{
    self, AnswerInput, LocalTransport, Negotiated, OfferInput, RejectedTag, SdpFingerprint, Setup,
};

impl Connection {
    /// RFC 9429 sections 5.2.1 and 5.2.2.
    pub(super) fn generate_offer(&mut self, options: OfferOptions) -> String {
        let credentials = self.credentials_to_offer(options);
        let tls_id = self.tls_id_to_offer();
        let transport = self.local_transport(credentials, tls_id);
        let session_version = self.next_session_version();
        let pending = self.pending_local_description.as_ref();
        let plan = sdp::plan_offer(&OfferInput {
            session_id: self.session_id,
            session_version,
            current: self.negotiated(),
            pending_local: pending.map(|description| &description.session.description),
            transceivers: &[],
            wants_application: self.has_created_data_channel,
            lowest_mid: 0,
            bundle_policy: self.configuration.bundle_policy,
            sctp_port: SCTP_PORT,
            max_message_size: MAX_MESSAGE_SIZE,
            extmap_allow_mixed: false,
            identity: None,
            ice_lite: false,
        });
        plan.write(|_| transport.clone())
    }

    /// What was negotiated last.
    fn negotiated(&self) -> Option<Negotiated<'_>> {
        let local = self.current_local_description.as_ref()?;
        let remote = self.current_remote_description.as_ref()?;
        Some(Negotiated {
            local: &local.session.description,
            remote: &remote.session.description,
            answered_locally: local.sdp_type != SdpType::Offer,
        })
    }

    /// RFC 9429 sections 5.3.1 and 5.3.2. None without an offer to answer.
    pub(super) fn generate_answer(&mut self) -> Option<String> {
        let offer = self.pending_remote_description.as_ref()?.session.clone();
        let credentials = self.credentials_to_answer(offer.data.as_ref());
        let tls_id = self.tls_id_to_answer(offer.data.as_ref());
        let transport = self.local_transport(credentials, tls_id);
        let session_version = self.next_session_version();
        let pending = self.pending_local_description.as_ref();
        let plan = sdp::plan_answer(&AnswerInput {
            session_id: self.session_id,
            session_version,
            remote_offer: &offer.description,
            current: self.negotiated(),
            pending_local: pending.map(|description| &description.session.description),
            transceivers: &[],
            bundle_policy: self.configuration.bundle_policy,
            rejected_tag: RejectedTag::NextIsTagged,
            sctp_port: SCTP_PORT,
            max_message_size: MAX_MESSAGE_SIZE,
            extmap_allow_mixed: false,
            identity: None,
            ice_lite: false,
        });
        Some(plan.write(|_| transport.clone()))
    }

    /// The credentials of an offer: those in use, unless ICE is to be restarted (RFC 9429 section 5.2.3.1).
    fn credentials_to_offer(&mut self, options: OfferOptions) -> IceCredentials {
        let data = |description: Option<&AppliedDescription>| {
            description
                .and_then(|it| it.session.data.as_ref())
                .map(|data| data.credentials.clone())
        };
        let current = data(self.current_local_description.as_ref());
        let pending = data(self.pending_local_description.as_ref());
        // A pending offer that restarts ICE goes on doing so; the option on an initial offer has no effect.
        let asked = options.ice_restart
            && current.is_some()
            && pending.as_ref().is_none_or(|it| Some(it) == current.as_ref());
        let in_use = pending.or(current).filter(|_| self.transport().is_some());
        match in_use {
            Some(credentials) if !asked && !self.local_ice_credentials_to_replace.contains(&credentials) => {
                credentials
            }
            _ => IceCredentials::generate(&mut self.rng),
        }
    }

    /// The credentials of an answer: those in use, unless the offer restarts ICE (RFC 9429 section 5.3.1). Those of a
    /// provisional answer stay for the final one.
    fn credentials_to_answer(&mut self, offer: Option<&DataSection>) -> IceCredentials {
        let provisional = self
            .pending_local_description
            .as_ref()
            .and_then(|it| it.session.data.as_ref());
        if let Some(data) = provisional {
            return data.credentials.clone();
        }
        let restarts = self
            .current_remote_description
            .as_ref()
            .and_then(|description| description.session.data.as_ref())
            .zip(offer)
            .is_some_and(|(before, now)| before.credentials != now.credentials);
        match self.transport() {
            Some(transport) if !restarts => transport.agent.local_credentials().clone(),
            _ => IceCredentials::generate(&mut self.rng),
        }
    }

    /// RFC 8842 section 5.2 and RFC 9429 section 5.2.1: the name of the DTLS association in an offer. A new association has
    /// a new name; one that goes on keeps what the last description called it, and stays without where that had none.
    fn tls_id_to_offer(&mut self) -> Option<String> {
        let described = self
            .local_description()
            .filter(|_| self.transport().is_some())
            .and_then(|description| description.session.data.as_ref());
        match described {
            Some(data) => data.tls_id.clone(),
            None => Some(self.new_tls_id()),
        }
    }

    /// RFC 8842 section 5.3 and RFC 9429 section 5.3.2: the name of the DTLS association in an answer, if the offer has one.
    /// It changes when the offerer's does, and not between a provisional answer and the final one.
    fn tls_id_to_answer(&mut self, offer: Option<&DataSection>) -> Option<String> {
        let offered = offer?.tls_id.as_ref()?;
        let data = |description: &Option<AppliedDescription>| {
            description.as_ref().and_then(|it| it.session.data.clone())
        };
        let provisional = data(&self.pending_local_description);
        let goes_on = data(&self.current_remote_description)
            .is_some_and(|before| before.tls_id.as_ref() == Some(offered));
        let current = data(&self.current_local_description).filter(|_| goes_on);
        provisional
            .or(current)
            .and_then(|data| data.tls_id)
            .or_else(|| Some(self.new_tls_id()))
    }

    /// RFC 8842 section 4: at least 20 characters with 120 bits of chance.
    fn new_tls_id(&mut self) -> String {
        (0..24).map(|_| self.rng.alphanumeric()).collect()
    }

    /// What the transport contributes: its candidates only where they are of the generation of `credentials`.
    fn local_transport(&self, credentials: IceCredentials, tls_id: Option<String>) -> LocalTransport {
        let described = [&self.pending_local_description, &self.current_local_description]
            .into_iter()
            .flatten()
            .find(|description| description.represents_generation(&credentials.username_fragment));
        let fingerprint = self.certificate.fingerprint().to_string();
        let (algorithm, value) = fingerprint.split_once(' ').unwrap_or_default();
        LocalTransport {
            ice_ufrag: credentials.username_fragment,
            ice_pwd: credentials.password,
            fingerprints: vec![SdpFingerprint {
                algorithm: algorithm.to_owned(),
                value: value.to_owned(),
            }],
            dtls_role: self
                .transport()
                .and_then(|transport| transport.dtls_role())
                .map(|role| match role {
                    DtlsRole::Client => Setup::Active,
                    DtlsRole::Server => Setup::Passive,
                }),
            tls_id,
            candidates: described
                .map(|description| description.candidates.clone())
                .unwrap_or_default(),
            end_of_candidates: described.is_some_and(|description| description.end_of_candidates),
        }
    }

    /// RFC 9429 section 5.2.2: a version of its own for each description that is made.
    fn next_session_version(&mut self) -> u64 {
        let version = self.session_version;
        self.session_version += 1;
        version
    }
}
