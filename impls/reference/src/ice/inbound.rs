//! What packets do: checks are answered and trigger checks (RFC 8445 section 7.3), answers decide pairs (section 7.2.5).

use std::net::SocketAddr;

use glare_peer::SimTime;
use stun_types::message::{Message, MessageClass};

use super::Role;
use super::agent::IceAgent;
use super::checklist::{self, PairId, PairState, ValidPair};
use super::endpoint::Base;
use super::generation::Generation;
use super::stun::{self, Answer, Check, Refusal};
use super::transaction::Transaction;

/// Which generation a message belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Current,
    Previous,
}

impl IceAgent {
    /// A datagram that came to the bound address `local` from `remote`: a check, an answer, something from a server, or
    /// application data, which [`receive`](IceAgent::receive) gives (RFC 7983 section 7). What is none of these is
    /// dropped.
    pub(crate) fn input(&mut self, now: SimTime, local: SocketAddr, remote: SocketAddr, packet: &[u8]) {
        if self.closed {
            return;
        }
        self.clock = self.clock.max(now);
        if !self.server_datagram(now, local, remote, packet) {
            self.take_packet(now, Base::Udp(local), remote, packet);
        }
        self.settle(now);
    }

    /// A packet that came over a flow. What starts like STUN and is no Binding message with a right `FINGERPRINT` is
    /// dropped.
    pub(super) fn take_packet(&mut self, now: SimTime, base: Base, remote: SocketAddr, packet: &[u8]) {
        let generations = [Some(&self.current), self.previous.as_deref()];
        if !generations
            .into_iter()
            .flatten()
            .any(|generation| generation.allows(base))
        {
            return;
        }
        match packet.first() {
            Some(0..=3) => {}
            Some(_) => return self.take_application_packet(now, base, remote, packet),
            None => return,
        }
        let Some(message) = stun::parse(packet) else {
            return;
        };
        match message.class() {
            MessageClass::Request => self.request_came(now, base, remote, &message),
            MessageClass::Success | MessageClass::Error => self.response(now, base, remote, &message),
            // A keepalive (RFC 8445 section 11): it asks for nothing and proves nothing.
            MessageClass::Indication => {}
        }
    }

    /// Answers a request. A flow that takes no answer has ended, and its owner is told so.
    fn answer(&mut self, base: Base, source: SocketAddr, answer: Vec<u8>) {
        if self.emit(base, source, answer).is_err() {
            self.flow_ended(base, source);
        }
    }

    fn generation(&mut self, which: Which) -> Option<&mut Generation> {
        match which {
            Which::Current => Some(&mut self.current),
            Which::Previous => self.previous.as_deref_mut(),
        }
    }

    /// RFC 8445 section 7.3: answers a check.
    fn request_came(&mut self, now: SimTime, local: Base, source: SocketAddr, message: &Message<'_>) {
        let refuse = |refusal: Refusal| stun::write_refusal(message, &refusal, None);
        let username = match stun::username(message) {
            Ok(username) => username,
            Err(refusal) => return self.answer(local, source, refuse(refusal)),
        };
        let Some((which, remote_fragment)) = self.authenticate(message, username) else {
            return self.answer(local, source, refuse(Refusal::Unauthenticated));
        };
        let check =
            stun::read_check(message, username).and_then(|check| self.repair_roles(&check).map(|()| check));
        let Some(generation) = self.generation(which) else {
            return;
        };
        let key = &generation.local.key;
        let check = match check {
            Ok(check) => check,
            Err(refusal) => {
                let answer = stun::write_refusal(message, &refusal, Some(key));
                self.count_request(which, local, source);
                return self.answer(local, source, answer);
            }
        };
        let answer = stun::write_success(message, source, key);
        if let Some(path) = &mut generation.path
            && path.is_between(local, source)
        {
            path.heard();
        }
        self.answer(local, source, answer);
        self.count_request(which, local, source);
        if which == Which::Current && !self.current.failed {
            self.checked(now, local, source, &check, remote_fragment);
        }
    }

    /// An authentic request was answered.
    fn count_request(&mut self, which: Which, base: Base, source: SocketAddr) {
        let generation = self.generation(which);
        if let Some(counters) = generation.and_then(|generation| generation.pairs.counters(base, source)) {
            counters.requests_received += 1;
            counters.responses_sent += 1;
        }
    }

    /// RFC 8489 section 9.1.3: the generation whose username and password the request has, and the peer's username
    /// fragment in it.
    fn authenticate<'a>(&self, message: &Message<'_>, username: &'a str) -> Option<(Which, &'a str)> {
        let (local_fragment, remote_fragment) = username.split_once(':')?;
        let current = std::iter::once((Which::Current, &self.current));
        let previous = self
            .previous
            .as_deref()
            .map(|previous| (Which::Previous, previous));
        current
            .chain(previous)
            .find(|(_, generation)| {
                generation.local.username_fragment() == local_fragment
                    && stun::is_authentic(message, &generation.local.key)
            })
            .map(|(which, _)| (which, remote_fragment))
    }

    /// RFC 8445 section 7.3.1.1: detects and repairs role conflicts.
    fn repair_roles(&mut self, check: &Check<'_>) -> Result<(), Refusal> {
        let Some((_, tie_breaker)) = check.claim.filter(|(role, _)| *role == self.role) else {
            return Ok(());
        };
        // Where one side is lite, it is settled who controls (RFC 8445 section 6.1.1).
        if self.configuration.lite || self.remote_is_lite {
            return Err(Refusal::RoleConflict);
        }
        let keeps_controlling = self.tie_breaker >= tie_breaker;
        match self.role {
            Role::Controlling if keeps_controlling => Err(Refusal::RoleConflict),
            Role::Controlled if !keeps_controlling => Err(Refusal::RoleConflict),
            _ => {
                self.switch_role();
                Ok(())
            }
        }
    }

    /// RFC 8445 sections 7.3.1.3 to 7.3.1.5: what follows from a check that was answered with success. All of it also
    /// happens before the remote credentials are known; the triggered check then waits for them.
    fn checked(
        &mut self,
        now: SimTime,
        local: Base,
        source: SocketAddr,
        check: &Check<'_>,
        remote_fragment: &str,
    ) {
        let role = self.role;
        let nominates = check.use_candidate && role == Role::Controlled;
        let generation = &mut self.current;
        let is_stranger = generation
            .remote
            .as_ref()
            .is_some_and(|remote| remote.username_fragment() != remote_fragment);
        let Some(local_priority) = generation
            .base_candidate(local)
            .map(|base| base.candidate.priority)
        else {
            return;
        };
        if is_stranger {
            return;
        }
        if let Some(nominated) = generation.checklist.nominated() {
            // Only a peer that nominates several pairs can still change something, and only for the better.
            let remote_priority = generation
                .remote_candidate(local, source)
                .map_or(check.priority, |remote| remote.candidate.priority);
            let priority = checklist::pair_priority(role, local_priority, remote_priority);
            if !nominates || priority <= nominated.priority {
                return;
            }
        }
        // Section 7.3.1.3: learning peer-reflexive candidates.
        if !generation.learn_remote(now, local, source, check.priority, remote_fragment, role) {
            return;
        }
        // Section 7.3.1.4: triggered checks.
        let Some(id) = generation.pair_between(local, source, role) else {
            return;
        };
        let valid = generation
            .checklist
            .valid
            .iter_mut()
            .find(|valid| valid.pair == id);
        if let Some(valid) = valid {
            // Section 7.3.1.5: updating the nominated flag.
            if nominates {
                valid.nominated = true;
                generation.conclude();
            }
            return;
        }
        generation.note_pairs();
        if self.configuration.lite {
            return self.checked_as_lite(id, local, nominates);
        }
        let generation = &mut self.current;
        generation.cancel_transactions(id);
        if let Some(pair) = generation.checklist.pair_mut(id) {
            pair.state = PairState::Waiting;
            pair.nominate |= nominates;
        }
        generation.checklist.trigger(id);
    }

    /// RFC 8445 section 7.3.2: a lite agent takes the pair that the peer nominates, and checks nothing itself.
    fn checked_as_lite(&mut self, id: PairId, base: Base, nominates: bool) {
        let checklist = &mut self.current.checklist;
        let Some(pair) = checklist.pair(id).filter(|_| nominates) else {
            return;
        };
        let valid = ValidPair {
            pair: id,
            base,
            local: base.address(),
            remote: pair.remote,
            local_priority: pair.local_priority,
            priority: pair.priority,
            nominated: true,
        };
        checklist.succeed(id);
        checklist.add_valid(valid);
        self.current.conclude();
    }

    /// RFC 8445 section 7.2.5, and RFC 7675 section 5.1 for the answers to consent checks.
    fn response(&mut self, now: SimTime, local: Base, source: SocketAddr, message: &Message<'_>) {
        let id = message.transaction_id();
        let which = if self.current.awaits(id) {
            Which::Current
        } else {
            Which::Previous
        };
        let Some(generation) = self.generation(which).filter(|generation| generation.awaits(id)) else {
            return;
        };
        // RFC 8489 section 9.1.4: an answer without the right integrity counts as never received. That includes the
        // 401 of a peer that does not know this side's view of its password: the check goes on until it times out.
        let is_authentic = generation
            .remote
            .as_ref()
            .is_some_and(|remote| stun::is_authentic(message, &remote.key));
        if !is_authentic {
            return;
        }
        let answer = stun::read_answer(message);
        if let Some(path) = &mut generation.path
            && path.is_between(local, source)
        {
            match answer {
                Answer::Success { .. } => path.renew(now),
                Answer::Error { .. } => path.heard(),
            }
            if let Some((role, sent)) = path.take_outstanding(id) {
                if let Some(counters) = generation.pairs.counters(local, source) {
                    counters.answered(Some(now.saturating_since(sent)));
                }
                return self.consent_answered(which, role, &answer);
            }
        }
        let known = generation
            .transactions
            .iter()
            .position(|transaction| transaction.id == id);
        if let Some(index) = known
            && which == Which::Current
        {
            let transaction = generation.transactions.swap_remove(index);
            if let Some(counters) = generation.pairs.counters(local, source) {
                counters.answered(transaction.schedule.round_trip(now));
            }
            self.check_answered(now, local, source, &transaction, &answer);
        }
    }

    /// What the answer to a consent check says beside that the peer is there.
    fn consent_answered(&mut self, which: Which, sent_role: Role, answer: &Answer) {
        match answer {
            Answer::Error { code: 487 } => self.told_of_conflict(sent_role),
            // RFC 7675 section 5.2: consent is withdrawn.
            Answer::Error { code: 403 } => match which {
                Which::Current => self.lose_consent(),
                Which::Previous => {
                    if let Some(previous) = self.previous.as_deref_mut() {
                        previous.path = None;
                    }
                }
            },
            Answer::Success { .. } | Answer::Error { .. } => {}
        }
    }

    /// RFC 8445 section 7.2.5.1: the peer found a role conflict. A switch that has happened since the check was sent is
    /// not made again.
    fn told_of_conflict(&mut self, sent_role: Role) {
        if sent_role == self.role {
            self.switch_role();
            self.tie_breaker = self.rng.u64(..);
        }
    }

    /// RFC 8445 sections 7.2.5.1 to 7.2.5.3.
    fn check_answered(
        &mut self,
        now: SimTime,
        local: Base,
        source: SocketAddr,
        transaction: &Transaction,
        answer: &Answer,
    ) {
        let sent = &transaction.sent;
        // Section 7.2.5.2.1: the answer comes from where the check went, to where it came from.
        if sent.base != local || sent.remote != source {
            return self.fail_pair(sent.pair);
        }
        match answer {
            Answer::Success { mapped: Some(mapped) } => self.check_succeeded(now, transaction, *mapped),
            Answer::Error { code: 487 } => {
                self.told_of_conflict(sent.role);
                if let Some(pair) = self.current.checklist.pair_mut(sent.pair) {
                    if pair.state != PairState::Succeeded {
                        pair.state = PairState::Waiting;
                    }
                    self.current.checklist.trigger(sent.pair);
                }
            }
            // Section 7.2.5.2.4: any other error is the end of the pair, and so is a success without an address.
            Answer::Success { mapped: None } | Answer::Error { .. } => self.fail_pair(sent.pair),
        }
    }

    /// RFC 8445 section 7.2.5.3.
    fn check_succeeded(&mut self, now: SimTime, transaction: &Transaction, mapped: SocketAddr) {
        let sent = &transaction.sent;
        let role = self.role;
        let generation = &mut self.current;
        let id = sent.pair;
        let Some(pair) = generation.checklist.pair(id) else {
            return;
        };
        let (remote_priority, nominated_by_peer) = (pair.remote_priority, pair.nominate);
        // Section 7.2.5.3.1: discovering peer-reflexive candidates.
        generation.discover_local(mapped, sent.base, sent.priority);
        let local_priority = generation
            .local_candidate(sent.base, mapped)
            .map_or(sent.priority, |local| local.candidate.priority);
        // Sections 7.2.5.3.2 and 7.2.5.3.3: the valid pair, and the states of the others.
        generation.checklist.succeed(id);
        let valid = generation.checklist.add_valid(ValidPair {
            pair: id,
            base: sent.base,
            local: mapped,
            remote: sent.remote,
            local_priority,
            priority: checklist::pair_priority(role, local_priority, remote_priority),
            nominated: false,
        });
        // Section 7.2.5.3.4: the nominated flag.
        let is_nominated = match role {
            Role::Controlling => sent.use_candidate && sent.role == Role::Controlling,
            Role::Controlled => nominated_by_peer,
        };
        if is_nominated {
            valid.nominated = true;
            generation.conclude();
            return;
        }
        let round_trip = now.saturating_since(transaction.schedule.sent());
        self.set_nomination_wait(now, round_trip);
    }
}
