//! Identity: `setIdentityProvider()`, `getIdentityAssertion()` and `peerIdentity`, and what webrtc-identity adds to creating
//! and setting descriptions.
//!
//! Where webrtc-identity contradicts itself about a provider that fails, the engine rejects with the `RTCError` of its section
//! on errors, which says more than the `NotReadableError` of its steps for `createOffer()`.

use std::collections::{BTreeMap, BTreeSet};

use glare_peer::{
    Exception, ExceptionName, IdentityProviderOptions, OfferOptions, OperationId, SdpType,
    SessionDescription, SimTime, Value,
};

use super::Connection;
use super::promises::{PromiseId, Reaction, Settlement};
use super::tasks::{Piece, Task};
use super::transceiver::closed;
use crate::identity::{AssertedFingerprint, IdentityAgent, IdentityEvent, IdentityTicket, PeerIdentity};
use crate::sdp::Description;

/// What a connection has of identity.
#[derive(Debug, Default)]
pub(super) struct Identity {
    pub(super) agent: IdentityAgent,
    awaited: BTreeMap<IdentityTicket, Awaited>,
    peer: PeerIdentityPromise,
    /// The identity that was validated: the target peer identity from then on.
    validated: Option<PeerIdentity>,
}

/// What goes on once a provider has answered.
#[derive(Debug)]
pub(super) enum Awaited {
    /// `createOffer()`.
    Offer {
        promise: PromiseId,
        options: OfferOptions,
    },
    /// `createAnswer()`.
    Answer { promise: PromiseId },
    /// `getIdentityAssertion()`.
    Assertion { promise: PromiseId },
    /// `setRemoteDescription()` where a target peer identity is set.
    Description {
        promise: PromiseId,
        description: SessionDescription,
    },
    /// Only `peerIdentity`.
    PeerIdentity,
}

/// The promise in the `peerIdentity` attribute.
#[derive(Debug)]
enum PeerIdentityPromise {
    /// Unresolved: the promises that settle as it does.
    Pending(Vec<PromiseId>),
    Settled(Settlement),
}

impl Default for PeerIdentityPromise {
    fn default() -> Self {
        PeerIdentityPromise::Pending(Vec::new())
    }
}

impl Connection {
    /// `webrtc-identity#dom-rtcpeerconnection-setidentityprovider`.
    pub(super) fn set_identity_provider(
        &mut self,
        provider: String,
        options: IdentityProviderOptions,
    ) -> Result<(), Exception> {
        if self.is_closed {
            return Err(closed());
        }
        self.identity
            .agent
            .set_provider(provider, options)
            .map(drop)
            .map_err(|message| Exception::new(ExceptionName::SyntaxError, message))
    }

    /// `webrtc-identity#dom-rtcpeerconnection-getidentityassertion`.
    pub(super) fn call_get_identity_assertion(&mut self, id: OperationId) {
        let promise = self.promises.create();
        self.promises.react(promise, Reaction::Host(id));
        self.queue(Task::GetIdentityAssertion { promise });
    }

    /// The task of `getIdentityAssertion()`.
    pub(super) fn get_identity_assertion(&mut self, promise: PromiseId) {
        if self.is_closed {
            self.pieces.push_back(Piece::Settle(promise, Err(closed())));
            return;
        }
        let ticket = self.request_an_identity_assertion();
        self.identity
            .awaited
            .insert(ticket, Awaited::Assertion { promise });
    }

    /// The attribute `peerIdentity`.
    pub(super) fn call_peer_identity(&mut self, id: OperationId) {
        let promise = self.promises.create();
        self.promises.react(promise, Reaction::Host(id));
        match &mut self.identity.peer {
            PeerIdentityPromise::Pending(followers) => followers.push(promise),
            PeerIdentityPromise::Settled(settlement) => self.promises.settle(promise, settlement.clone()),
        }
    }

    /// `webrtc-identity#sec.create-offer` and `#sec.create-answer`, steps 2 to 4 in parallel: whether a description has to
    /// wait for the identity assertion that goes into it.
    pub(super) fn awaits_an_identity_assertion(&mut self, awaited: Awaited) -> bool {
        if !self.identity.agent.has_provider() || self.identity.agent.stored_assertion().is_some() {
            return false;
        }
        let ticket = self.request_an_identity_assertion();
        self.identity.awaited.insert(ticket, awaited);
        true
    }

    fn request_an_identity_assertion(&mut self) -> IdentityTicket {
        let fingerprints: Vec<AssertedFingerprint> = self
            .certificates
            .iter()
            .map(|certificate| {
                let fingerprint = certificate.fingerprint().to_string();
                let (algorithm, digest) = fingerprint.split_once(' ').unwrap_or_default();
                asserted(algorithm, digest)
            })
            .collect();
        self.identity
            .agent
            .request_assertion(self.now, &fingerprints, &self.host.origin)
    }

    /// The target peer identity, if one is set.
    fn target_peer_identity(&self) -> Option<&str> {
        let validated = self.identity.validated.as_ref();
        self.configuration
            .peer_identity
            .as_deref()
            .or(validated.map(|identity| identity.name.as_str()))
    }

    /// `webrtc-identity#sec.set-remote-description`: begins to validate the identity in a remote description. Whether the
    /// description has to wait for that, as it has where a target peer identity is set.
    pub(super) fn awaits_identity_validation(
        &mut self,
        promise: PromiseId,
        description: &SessionDescription,
    ) -> bool {
        let has_target = self.target_peer_identity().is_some();
        let may_have_identity = description.sdp.contains("a=identity:");
        if description.sdp_type == SdpType::Rollback || !(has_target || may_have_identity) {
            return false;
        }
        // What is no description is told by those who apply it.
        let Ok(parsed) = Description::parse(&description.sdp) else {
            return false;
        };
        let fingerprints: BTreeSet<(String, String)> = parsed
            .media
            .iter()
            .flat_map(|section| &section.fingerprints)
            .map(|fingerprint| (fingerprint.algorithm.clone(), fingerprint.value.clone()))
            .collect();
        let fingerprints = fingerprints
            .iter()
            .map(|(algorithm, digest)| asserted(algorithm, digest))
            .collect();
        let Some(value) = parsed.identities.into_iter().next() else {
            if has_target {
                let message = "the description has no identity, and the peer has to have one";
                let reason = Exception::new(ExceptionName::OperationError, message);
                self.queue(Task::IdentityRefused { promise, reason });
            }
            return has_target;
        };
        let origin = self.host.origin.clone();
        let ticket = self
            .identity
            .agent
            .validate(self.now, value, fingerprints, origin);
        let awaited = if has_target {
            Awaited::Description {
                promise,
                description: description.clone(),
            }
        } else {
            Awaited::PeerIdentity
        };
        self.identity.awaited.insert(ticket, awaited);
        has_target
    }

    /// A description without the identity that it has to have.
    pub(super) fn identity_refused(&mut self, promise: PromiseId, reason: Exception) {
        if self.is_closed {
            return;
        }
        self.reject_peer_identity(&reason);
        self.pieces.push_back(Piece::Settle(promise, Err(reason)));
    }

    /// Queues a task for each request of identity that has ended.
    pub(super) fn take_identity_events(&mut self) {
        if self
            .identity
            .agent
            .deadline()
            .is_some_and(|deadline| deadline <= self.now)
        {
            self.identity.agent.advance(self.now);
        }
        while let Some(event) = self.identity.agent.event() {
            self.queue(Task::Identity(event));
        }
    }

    /// When the next provider has taken too long.
    pub(super) fn identity_deadline(&self) -> Option<SimTime> {
        self.identity.agent.deadline().filter(|_| !self.is_closed)
    }

    /// A request of identity has ended.
    pub(super) fn identity_ended(&mut self, event: IdentityEvent) {
        let (IdentityEvent::Generated(ticket, _) | IdentityEvent::Validated(ticket, _)) = &event;
        let Some(awaited) = self.identity.awaited.remove(ticket) else {
            return;
        };
        if self.is_closed {
            return;
        }
        match event {
            IdentityEvent::Generated(_, result) => self.assertion_generated(awaited, result),
            IdentityEvent::Validated(_, result) => self.identity_validated(awaited, result),
        }
    }

    fn assertion_generated(&mut self, awaited: Awaited, result: Result<String, Exception>) {
        match (awaited, result) {
            (Awaited::Offer { promise, options }, Ok(_)) => {
                self.in_parallel_steps_to_create_an_offer(promise, options);
            }
            (Awaited::Answer { promise }, Ok(_)) => self.in_parallel_steps_to_create_an_answer(promise),
            (Awaited::Assertion { promise }, Ok(assertion)) => {
                self.pieces
                    .push_back(Piece::Settle(promise, Ok(Value::String(assertion))));
            }
            (
                Awaited::Offer { promise, .. } | Awaited::Answer { promise } | Awaited::Assertion { promise },
                Err(reason),
            ) => self.pieces.push_back(Piece::Settle(promise, Err(reason))),
            // Those wait for a validation.
            (Awaited::Description { .. } | Awaited::PeerIdentity, _) => {}
        }
    }

    /// `webrtc-identity#sec.identity-verify-assertion`, from step 11 on.
    fn identity_validated(&mut self, awaited: Awaited, result: Result<PeerIdentity, Exception>) {
        let result = result.and_then(|identity| match self.target_peer_identity() {
            Some(target) if target != identity.name => Err(Exception::new(
                ExceptionName::OperationError,
                format!("the peer is {}, and has to be {target}", identity.name),
            )),
            _ => Ok(identity),
        });
        match &result {
            Ok(identity) => self.resolve_peer_identity(identity),
            Err(reason) => self.reject_peer_identity(reason),
        }
        if let Awaited::Description { promise, description } = awaited {
            match result {
                Ok(_) => self.start_the_process_to_apply(promise, description, true),
                Err(reason) => self.pieces.push_back(Piece::Settle(promise, Err(reason))),
            }
        }
    }

    fn resolve_peer_identity(&mut self, identity: &PeerIdentity) {
        if matches!(self.identity.peer, PeerIdentityPromise::Settled(_)) {
            return;
        }
        let members = [("idp", &identity.idp), ("name", &identity.name)];
        let value = members
            .into_iter()
            .map(|(name, value)| (name.to_owned(), Value::String(value.clone())))
            .collect();
        self.identity.validated = Some(identity.clone());
        self.settle_peer_identity(Ok(Value::Dictionary(value)), true);
    }

    /// A rejected `peerIdentity` gives way to a new one, unless a target peer identity is set.
    fn reject_peer_identity(&mut self, reason: &Exception) {
        let is_final = self.target_peer_identity().is_some();
        self.settle_peer_identity(Err(reason.clone()), is_final);
    }

    fn settle_peer_identity(&mut self, settlement: Settlement, is_final: bool) {
        let PeerIdentityPromise::Pending(followers) = &mut self.identity.peer else {
            return;
        };
        for follower in std::mem::take(followers) {
            self.pieces.push_back(Piece::Settle(follower, settlement.clone()));
        }
        if is_final {
            self.identity.peer = PeerIdentityPromise::Settled(settlement);
        }
    }
}

fn asserted(algorithm: &str, digest: &str) -> AssertedFingerprint {
    AssertedFingerprint {
        algorithm: algorithm.to_owned(),
        digest: digest.to_owned(),
    }
}
