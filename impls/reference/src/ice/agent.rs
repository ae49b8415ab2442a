//! The agent: its API, its timers, and what it decides when something has changed.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use glare_peer::{IceTransportState, SimTime};
use stun_types::message::TransactionId;

use super::candidate::{self, Candidate, CandidateType};
use super::checklist::{PairId, PairState};
use super::consent::Path;
use super::credentials::IceCredentials;
use super::decisions::TRICKLE_PATIENCE;
use super::generation::{CandidateUse, Generation, MAXIMUM_REMOTE_CANDIDATES, Origin};
use super::stun::{self, Check};
use super::transaction::{self, Due, SHORTEST_LIFE, Sent, Transaction};
use super::{IceEvent, Role, Transmit};

/// Ta: the time between two new checks (RFC 8445 section 14.2).
pub(super) const PACING: Duration = Duration::from_millis(50);

/// A full ICE agent for one component (RFC 8445), sans-IO: a function of its generator and of what it is told.
///
/// After each call, take all of [`transmit`](IceAgent::transmit) and [`event`](IceAgent::event), and call
/// [`advance`](IceAgent::advance) no later than [`deadline`](IceAgent::deadline).
#[derive(Debug)]
pub(crate) struct IceAgent {
    pub(super) role: Role,
    pub(super) tie_breaker: u64,
    pub(super) rng: fastrand::Rng,
    pub(super) current: Generation,
    /// The generation before the last restart: its path is used until the current one has its own, and its checks are
    /// answered.
    pub(super) previous: Option<Box<Generation>>,
    /// Remote candidates of a generation whose credentials have not come yet.
    pub(super) held: Vec<Candidate>,
    pub(super) state: IceTransportState,
    pub(super) closed: bool,
    /// The latest time the agent was told.
    pub(super) clock: SimTime,
    /// When the last paced check was sent.
    last_check: Option<SimTime>,
    transmits: VecDeque<Transmit>,
    pub(super) events: VecDeque<IceEvent>,
}

impl IceAgent {
    /// A new agent with its first generation. `rng` is the agent's own from here on.
    pub(crate) fn new(credentials: IceCredentials, role: Role, mut rng: fastrand::Rng) -> IceAgent {
        IceAgent {
            role,
            tie_breaker: rng.u64(..),
            rng,
            current: Generation::new(credentials, Origin::New),
            previous: None,
            held: Vec::new(),
            state: IceTransportState::New,
            closed: false,
            clock: SimTime::ZERO,
            last_check: None,
            transmits: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Gathers host candidates for these bound UDP addresses (RFC 8445 section 5.1): a
    /// [`IceEvent::LocalCandidate`] for each, best first, then [`IceEvent::GatheringComplete`]. After a restart the new
    /// generation has to gather again. Addresses that the generation has already are passed over.
    pub(crate) fn gather(&mut self, addresses: &[SocketAddr]) {
        if self.closed {
            return;
        }
        let first = self.current.add_hosts(addresses, self.role);
        for candidate in &self.current.local_candidates[first..] {
            self.events.push_back(IceEvent::LocalCandidate(candidate.clone()));
        }
        self.current.gathered = true;
        self.events.push_back(IceEvent::GatheringComplete);
        self.settle(self.clock);
    }

    /// Takes a role (RFC 8445 section 6.1.1); the peer may still correct it, with [`IceEvent::RoleChange`].
    pub(crate) fn set_role(&mut self, role: Role) {
        if role == self.role {
            return;
        }
        self.role = role;
        self.current.nominating = None;
        self.current.checklist.set_role(role);
        self.settle(self.clock);
    }

    /// The role now.
    pub(crate) fn role(&self) -> Role {
        self.role
    }

    /// The peer's credentials for the current generation. To follow a restart of the peer, call
    /// [`restart`](IceAgent::restart) first; without one, other credentials than before make the agent forget what it
    /// learnt from the peer that had them.
    pub(crate) fn set_remote_credentials(&mut self, now: SimTime, credentials: IceCredentials) {
        let known = self.current.remote.as_ref();
        if self.closed || known.is_some_and(|known| known.credentials == credentials) {
            return;
        }
        self.clock = self.clock.max(now);
        let username_fragment = credentials.username_fragment.clone();
        self.current.set_remote(now, credentials);
        let held = std::mem::take(&mut self.held);
        let (ready, held) = held
            .into_iter()
            .partition(|candidate| candidate.username_fragment.as_ref() == Some(&username_fragment));
        self.held = held;
        for candidate in ready {
            self.current.add_remote(now, candidate, self.role);
        }
        self.settle(now);
    }

    /// A candidate of the peer (RFC 8838 section 11), at any time. One whose `username_fragment` is not that of the
    /// remote credentials waits for the generation it names.
    pub(crate) fn add_remote_candidate(&mut self, now: SimTime, candidate: Candidate) -> CandidateUse {
        if self.closed {
            return CandidateUse::Ignored("the agent is closed");
        }
        self.clock = self.clock.max(now);
        let remote = self
            .current
            .remote
            .as_ref()
            .map(|remote| remote.username_fragment());
        let is_of_this_generation = match (&candidate.username_fragment, remote) {
            (None, _) => true,
            (Some(fragment), remote) => remote == Some(fragment.as_str()),
        };
        let used = if is_of_this_generation {
            self.current.add_remote(now, candidate, self.role)
        } else if self.held.contains(&candidate) {
            CandidateUse::Known
        } else if self.held.len() < MAXIMUM_REMOTE_CANDIDATES {
            self.held.push(candidate);
            CandidateUse::Held
        } else {
            CandidateUse::Ignored("100 candidates wait for their credentials already")
        };
        self.settle(now);
        used
    }

    /// The peer has no more candidates in the current generation (RFC 8838 section 14), so the agent may fail, and may
    /// complete.
    pub(crate) fn remote_end_of_candidates(&mut self, now: SimTime) {
        self.clock = self.clock.max(now);
        self.current.end_of_candidates = true;
        self.settle(now);
    }

    /// RFC 8445 section 9: a new generation, with new credentials. The pair in use stays in use, with consent, until the
    /// new generation has nominated one. Local candidates have to be gathered again.
    pub(crate) fn restart(&mut self, now: SimTime, credentials: IceCredentials) {
        if self.closed {
            return;
        }
        self.clock = self.clock.max(now);
        let origin = match self.state {
            IceTransportState::New => Origin::New,
            IceTransportState::Connected | IceTransportState::Completed => Origin::RestartWhileConnected,
            _ => Origin::RestartWhileUnconnected,
        };
        let former = std::mem::replace(&mut self.current, Generation::new(credentials, origin));
        let has_older_path = self
            .previous
            .as_ref()
            .is_some_and(|previous| previous.path.is_some());
        if former.path.is_some() || !has_older_path {
            self.previous = Some(Box::new(former));
        }
        self.settle(now);
    }

    /// Takes a restart back that the peer has not answered: the generation before goes on where it was (RFC 9429
    /// section 4.1.10.2, rollback). Returns whether there was such a restart.
    pub(crate) fn abandon_restart(&mut self, now: SimTime) -> bool {
        if self.closed || self.current.remote.is_some() {
            return false;
        }
        let Some(previous) = self.previous.take() else {
            return false;
        };
        self.clock = self.clock.max(now);
        self.current = *previous;
        self.settle(now);
        true
    }

    /// The local credentials of the current generation.
    pub(crate) fn local_credentials(&self) -> &IceCredentials {
        &self.current.local.credentials
    }

    /// The peer's credentials of the current generation.
    pub(crate) fn remote_credentials(&self) -> Option<&IceCredentials> {
        self.current.remote.as_ref().map(|remote| &remote.credentials)
    }

    /// The local candidates gathered in the current generation.
    pub(crate) fn local_candidates(&self) -> &[Candidate] {
        &self.current.local_candidates
    }

    /// The remote candidates of the current generation, peer-reflexive ones included.
    pub(crate) fn remote_candidates(&self) -> &[Candidate] {
        &self.current.remote_candidates
    }

    /// The bound local address and the remote address that application data goes between. There is such a pair as soon
    /// as one is valid (RFC 8445 section 12.1), and none after consent was lost.
    pub(crate) fn selected(&self) -> Option<(SocketAddr, SocketAddr)> {
        self.path().map(|(_, path)| (path.base, path.remote))
    }

    /// The candidates of the selected pair, local and remote.
    pub(crate) fn selected_candidates(&self) -> Option<(&Candidate, &Candidate)> {
        let (generation, path) = self.path()?;
        let valid = generation
            .checklist
            .valid
            .iter()
            .find(|valid| path.is_between(valid.base, valid.remote))?;
        Some((
            generation.local_candidate(valid.local)?,
            generation.remote_candidate(valid.remote)?,
        ))
    }

    /// The state now (webrtc-pc#rtcicetransportstate).
    pub(crate) fn state(&self) -> IceTransportState {
        self.state
    }

    /// Shuts down: nothing is sent or answered any more.
    pub(crate) fn close(&mut self) {
        self.closed = true;
        self.current.forget_checks();
        self.previous = None;
        self.held.clear();
        self.transmits.clear();
        self.update_state(self.clock);
    }

    /// The next packet to be sent.
    pub(crate) fn transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next event.
    pub(crate) fn event(&mut self) -> Option<IceEvent> {
        self.events.pop_front()
    }

    /// When [`advance`](IceAgent::advance) is to be called at the latest; may be in the past, which means at once.
    pub(crate) fn deadline(&self) -> Option<SimTime> {
        if self.closed {
            return None;
        }
        let current = &self.current;
        let is_ahead = |time: &SimTime| *time > self.clock;
        let check = current.has_check_to_send().then(|| self.next_check());
        let transaction = current.transactions.iter().map(Transaction::deadline).min();
        let consent = self.path().map(|(_, path)| path.deadline(self.clock));
        let nomination = match current.nominating {
            Some(nomination) => Some(nomination.renew.min(nomination.end)),
            None => current
                .nominate_by
                .filter(|end| self.role == Role::Controlling && is_ahead(end)),
        };
        let may_give_up = !current.failed && current.checklist.valid.is_empty();
        let began = current.began.filter(|_| may_give_up);
        let timer = began.map(|began| began + SHORTEST_LIFE).filter(is_ahead);
        let patience = began
            .map(|_| current.last_news + TRICKLE_PATIENCE)
            .filter(is_ahead);
        let exhaustion = current
            .checklist
            .next_exhaustion(SHORTEST_LIFE)
            .filter(|_| may_give_up);
        [
            check,
            transaction,
            consent,
            nomination,
            timer,
            patience,
            exhaustion,
        ]
        .into_iter()
        .flatten()
        .min()
    }

    /// Does what is due at `now`.
    pub(crate) fn advance(&mut self, now: SimTime) {
        if self.closed {
            return;
        }
        self.clock = self.clock.max(now);
        self.advance_transactions(now);
        self.advance_consent(now);
        if self.current.has_check_to_send() && now >= self.next_check() {
            self.send_check(now);
        }
        self.current.checklist.exhaust(now, SHORTEST_LIFE);
        self.settle(now);
    }
}

impl IceAgent {
    pub(super) fn push_transmit(&mut self, local: SocketAddr, remote: SocketAddr, data: Vec<u8>) {
        self.transmits.push_back(Transmit { local, remote, data });
    }

    /// The pair in use and the generation it belongs to.
    pub(super) fn path(&self) -> Option<(&Generation, &Path)> {
        [Some(&self.current), self.previous.as_deref()]
            .into_iter()
            .flatten()
            .find_map(|generation| Some((generation, generation.path.as_ref()?)))
    }

    /// When the next check may be sent.
    fn next_check(&self) -> SimTime {
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
    fn send_check(&mut self, now: SimTime) {
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
            priority: reflexive_priority(pair.local_priority),
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
        self.transmits.push_back(Transmit {
            local: sent.base,
            remote: sent.remote,
            data: packet.clone(),
        });
        generation
            .transactions
            .push(Transaction::new(now, transaction, sent, packet, timeout));
        self.last_check = Some(now);
    }

    /// RFC 8489 section 6.2.1: sends requests again, and ends those that were not answered.
    fn advance_transactions(&mut self, now: SimTime) {
        let mut timed_out: Vec<PairId> = Vec::new();
        let transmits = &mut self.transmits;
        self.current
            .transactions
            .retain_mut(|transaction| match transaction.advance(now) {
                Due::Nothing => true,
                Due::Retransmit => {
                    transmits.push_back(Transmit {
                        local: transaction.base,
                        remote: transaction.remote,
                        data: transaction.packet.clone(),
                    });
                    true
                }
                Due::TimedOut => {
                    if !transaction.is_cancelled() {
                        timed_out.push(transaction.pair);
                    }
                    false
                }
            });
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
    fn advance_consent(&mut self, now: SimTime) {
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
        let check = Check {
            username: &generation.outgoing_username,
            priority: reflexive_priority(path.local_priority),
            claim: Some((self.role, self.tie_breaker)),
            use_candidate: false,
        };
        let data = stun::write_check(transaction, &check, &remote.key)
            .expect("a check with this username found the path");
        path.check_sent(now, transaction, self.role, &mut self.rng);
        let (local, remote) = (path.base, path.remote);
        self.push_transmit(local, remote, data);
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
fn reflexive_priority(local_priority: u32) -> u32 {
    let type_preference = candidate::priority(&CandidateType::PeerReflexive, 0) & 0xff00_0000;
    type_preference | (local_priority & 0x00ff_ffff)
}
