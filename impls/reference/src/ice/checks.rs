//! What is sent when: checks, their retransmissions and consent checks.

use std::net::SocketAddr;
use std::time::Duration;

use glare_peer::SimTime;
use stun_types::message::TransactionId;

use super::agent::IceAgent;
use super::candidate::{self, CandidateType};
use super::checklist::{PairId, PairState};
use super::endpoint::Base;
use super::generation::Generation;
use super::stun::{self, Check};
use super::transaction::{self, Due, Sent, Transaction};
use super::{IceEvent, Role};

/// Ta: the time between two new transactions, checks and those with servers (RFC 8445 section 14.2).
pub(super) const PACING: Duration = Duration::from_millis(50);

impl IceAgent {
    /// When the next check may be sent.
    pub(super) fn next_check(&self) -> SimTime {
        self.last_check.map_or(self.clock, |last| last + PACING)
    }

    pub(super) fn new_transaction_id(&mut self) -> TransactionId {
        TransactionId::from(self.rng.u128(..))
    }

    /// A role conflict makes the agent take the other role (RFC 8445 sections 7.2.5.1 and 7.3.1.1).
    pub(super) fn switch_role(&mut self) {
        self.role = self.role.opposite();
        self.current.nominating = None;
        self.current.checklist.set_role(self.role);
        self.events.push_back(IceEvent::RoleChange(self.role));
    }

    /// RFC 8445 sections 6.1.4.2 and 7.2: sends the check of the next pair.
    pub(super) fn send_check(&mut self, now: SimTime) {
        let Some(id) = self.current.checklist.next_check() else {
            return;
        };
        let transaction = self.new_transaction_id();
        let checklist = &self.current.checklist;
        let timeout = transaction::initial_timeout(PACING, checklist.checks(), checklist.active());
        let generation = &mut self.current;
        let (Some(remote), Some(pair)) = (&generation.remote, generation.checklist.pair_mut(id)) else {
            return;
        };
        let use_candidate = self.role == Role::Controlling && pair.nominate;
        let check = Check {
            username: &generation.outgoing_username,
            priority: reflexive_priority(pair.base, pair.local_priority),
            claim: Some((self.role, self.tie_breaker)),
            use_candidate,
        };
        let Ok(packet) = stun::write_check(transaction, &check, &remote.key) else {
            // Credentials that fit in no message can reach nobody.
            generation.checklist.fail(id);
            return;
        };
        if pair.state != PairState::Succeeded {
            pair.state = PairState::InProgress;
        }
        pair.first_check.get_or_insert(now);
        let sent = Sent {
            pair: id,
            base: pair.base,
            remote: pair.remote,
            role: self.role,
            use_candidate,
            priority: check.priority,
        };
        let transaction = Transaction::new(now, transaction, sent, packet.clone(), timeout);
        generation.transactions.push(transaction);
        generation.note_pairs();
        if let Some(counters) = generation.pairs.counters(sent.base, sent.remote) {
            counters.requests_sent += 1;
        }
        self.last_check = Some(now);
        if self.emit(sent.base, sent.remote, packet).is_err() {
            self.flow_ended(sent.base, sent.remote);
        }
    }

    /// Whether a check waits to be sent, and may be: a lite agent sends none (RFC 8445 section 2.5).
    pub(super) fn has_check_to_send(&self) -> bool {
        !self.configuration.lite && self.current.has_check_to_send()
    }

    /// RFC 8489 section 6.2.1: sends requests again, and ends those that were not answered.
    pub(super) fn advance_transactions(&mut self, now: SimTime) {
        let mut timed_out: Vec<PairId> = Vec::new();
        let mut again: Vec<(Base, SocketAddr, Vec<u8>)> = Vec::new();
        self.current
            .transactions
            .retain_mut(|transaction| match transaction.advance(now) {
                Due::Nothing => true,
                Due::Retransmit => {
                    let sent = transaction.sent;
                    again.push((sent.base, sent.remote, transaction.packet.clone()));
                    true
                }
                Due::TimedOut => {
                    if !transaction.is_cancelled() {
                        timed_out.push(transaction.sent.pair);
                    }
                    false
                }
            });
        for (base, remote, packet) in again {
            if self.emit(base, remote, packet).is_err() {
                self.flow_ended(base, remote);
            }
        }
        for pair in timed_out {
            self.fail_pair(pair);
        }
    }

    /// RFC 8445 section 7.2.5.2: a check failed.
    pub(super) fn fail_pair(&mut self, id: PairId) {
        let nominating = self.current.nominating.map(|nomination| nomination.pair);
        if nominating == Some(id) {
            return self.nomination_failed(id);
        }
        self.current.checklist.fail(id);
    }

    /// RFC 7675 section 5.1: sends the consent checks that are due, and gives up paths whose consent is lost.
    pub(super) fn advance_consent(&mut self, now: SimTime) {
        let is_expired =
            |generation: &Generation| generation.path.as_ref().is_some_and(|path| path.is_expired(now));
        if is_expired(&self.current) {
            self.lose_consent();
        }
        if let Some(previous) = self.previous.as_deref_mut()
            && is_expired(previous)
        {
            previous.path = None;
        }
        if !self.path().is_some_and(|(_, path)| path.is_check_due(now)) {
            return;
        }
        let transaction = self.new_transaction_id();
        let generation = match (&self.current.path, self.previous.as_deref_mut()) {
            (None, Some(previous)) => previous,
            _ => &mut self.current,
        };
        let (Some(path), Some(remote)) = (&mut generation.path, &generation.remote) else {
            return;
        };
        let (base, to) = (path.base, path.remote);
        let data = if path.has_consent() {
            let check = Check {
                username: &generation.outgoing_username,
                priority: reflexive_priority(path.base, path.local_priority),
                claim: Some((self.role, self.tie_breaker)),
                use_candidate: false,
            };
            if let Some(counters) = generation.pairs.counters(base, to) {
                counters.requests_sent += 1;
                counters.consent_requests_sent += 1;
            }
            stun::write_check(transaction, &check, &remote.key)
                .expect("a check with this username found the path")
        } else {
            stun::write_keepalive(transaction)
        };
        path.check_sent(now, transaction, self.role, &mut self.rng);
        if self.emit(base, to, data).is_err() {
            self.flow_ended(base, to);
        }
    }

    /// Consent to send on the path of the current generation is lost. Where it was nominated, or nothing else can work,
    /// only a restart helps.
    pub(super) fn lose_consent(&mut self) {
        let Some(path) = self.current.path.take() else {
            return;
        };
        let was_nominated = self.current.is_concluded();
        if let Some(pair) = self.current.checklist.find(path.base, path.remote) {
            self.fail_pair(pair);
        }
        let checklist = &self.current.checklist;
        if was_nominated || (checklist.valid.is_empty() && checklist.promising_above(0) == 0) {
            self.fail();
        }
    }

    pub(super) fn fail(&mut self) {
        self.current.failed = true;
        self.current.nominating = None;
        self.current.transactions.clear();
        self.current.checklist.give_up();
        self.current.path = None;
        if let Some(previous) = self.previous.as_deref_mut() {
            previous.path = None;
        }
    }
}

/// RFC 8445 section 7.1.1: what a peer-reflexive candidate found by a check has as its priority.
fn reflexive_priority(base: Base, local_priority: u32) -> u32 {
    let priority = candidate::priority(&CandidateType::PeerReflexive, base.is_reliable(), 0);
    (priority & 0xff00_0000) | (local_priority & 0x00ff_ffff)
}
