//! The agent: its API and its timers.

use std::collections::VecDeque;
use std::net::SocketAddr;

use glare_peer::{IceGatheringState, IceTransportState, SimTime};

use super::candidate::{Candidate, CandidateAddress};
use super::configuration::IceConfiguration;
use super::consent::Path;
use super::credentials::IceCredentials;
use super::decisions::TRICKLE_PATIENCE;
use super::endpoint::Base;
use super::gathering::Gathering;
use super::generation::{CandidateUse, Generation, MAXIMUM_REMOTE_CANDIDATES, Origin};
use super::names::Names;
use super::statistics::{CandidateStatistics, IceStatistics, PairStatistics};
use super::streams::Streams;
use super::transaction::{SHORTEST_LIFE, Transaction};
use super::{IceEvent, IceRequest, Role, SelectedPair, SendError, Transmit};

/// The greatest number of application packets that wait to be taken; more than come in one datagram or segment.
const MAXIMUM_RECEIVED: usize = 4096;

/// An ICE agent for one component (RFC 8445), sans-IO: a function of its generator and of what it is told.
///
/// After each call, take all of [`transmit`](IceAgent::transmit), [`request`](IceAgent::request),
/// [`receive`](IceAgent::receive) and [`event`](IceAgent::event), and call [`advance`](IceAgent::advance) no later than
/// [`deadline`](IceAgent::deadline). Only events may wait, as they do in an agent that gathers ahead.
#[derive(Debug)]
pub(crate) struct IceAgent {
    pub(super) configuration: IceConfiguration,
    pub(super) role: Role,
    pub(super) tie_breaker: u64,
    pub(super) rng: fastrand::Rng,
    pub(super) current: Generation,
    /// The generation before the last restart: its path is used until the current one has its own, and its checks are
    /// answered.
    pub(super) previous: Option<Box<Generation>>,
    /// Remote candidates of a generation whose credentials have not come yet.
    pub(super) held: Vec<Candidate>,
    /// Whether the peer is a lite agent (RFC 8445 section 2.5).
    pub(super) remote_is_lite: bool,
    pub(super) gathering: Gathering,
    pub(super) streams: Streams,
    pub(super) names: Names,
    pub(super) state: IceTransportState,
    pub(super) closed: bool,
    /// The latest time the agent was told.
    pub(super) clock: SimTime,
    /// When the last paced transaction began.
    pub(super) last_check: Option<SimTime>,
    pub(super) selected_pair_changes: u32,
    pub(super) transmits: VecDeque<Transmit>,
    pub(super) requests: VecDeque<IceRequest>,
    pub(super) received: VecDeque<Vec<u8>>,
    pub(super) events: VecDeque<IceEvent>,
}

impl IceAgent {
    /// A new agent with its first generation and without servers. `rng` is the agent's own from here on.
    pub(crate) fn new(credentials: IceCredentials, role: Role, rng: fastrand::Rng) -> IceAgent {
        IceAgent::with_configuration(credentials, role, rng, IceConfiguration::default())
    }

    /// A new agent with its first generation. A lite one is controlled, whatever `role` says.
    pub(crate) fn with_configuration(
        credentials: IceCredentials,
        role: Role,
        mut rng: fastrand::Rng,
        configuration: IceConfiguration,
    ) -> IceAgent {
        let policy = configuration.transport_policy;
        IceAgent {
            role: if configuration.lite {
                Role::Controlled
            } else {
                role
            },
            configuration,
            tie_breaker: rng.u64(..),
            rng,
            current: Generation::new(credentials, Origin::New, policy, None),
            previous: None,
            held: Vec::new(),
            remote_is_lite: false,
            gathering: Gathering::default(),
            streams: Streams::default(),
            names: Names::default(),
            state: IceTransportState::New,
            closed: false,
            clock: SimTime::ZERO,
            last_check: None,
            selected_pair_changes: 0,
            transmits: VecDeque::new(),
            requests: VecDeque::new(),
            received: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// webrtc-pc#set-a-configuration: takes other servers and another policy, from the next
    /// [`gather`](IceAgent::gather) on. Whether the agent is lite does not change any more.
    pub(crate) fn set_configuration(&mut self, configuration: IceConfiguration) {
        let lite = self.configuration.lite;
        self.configuration = IceConfiguration {
            lite,
            ..configuration
        };
    }

    /// Takes a role (RFC 8445 section 6.1.1); the peer may still correct it, with [`IceEvent::RoleChange`]. Where one
    /// side is lite, that decides: the lite one is controlled.
    pub(crate) fn set_role(&mut self, role: Role) {
        let role = match (self.configuration.lite, self.remote_is_lite) {
            (true, false) => Role::Controlled,
            (false, true) => Role::Controlling,
            _ => role,
        };
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

    /// RFC 8445 section 6.1.1: whether the peer's description says `ice-lite`. Facing a lite agent, a full one takes the
    /// controlling role, with [`IceEvent::RoleChange`] where it had the other.
    pub(crate) fn set_remote_lite(&mut self, now: SimTime, lite: bool) {
        if self.closed {
            return;
        }
        self.clock = self.clock.max(now);
        self.remote_is_lite = lite;
        if lite && !self.configuration.lite && self.role == Role::Controlled {
            self.switch_role();
        }
        self.settle(now);
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
        let (ready, held) = std::mem::take(&mut self.held)
            .into_iter()
            .partition(|candidate| candidate.username_fragment.as_ref() == Some(&username_fragment));
        self.held = held;
        for candidate in ready {
            self.take_remote_candidate(now, candidate);
        }
        self.settle(now);
    }

    /// A candidate of the peer (RFC 8838 section 11), at any time. One whose `username_fragment` is not that of the
    /// remote credentials waits for the generation it names; one whose address is a name is asked for with
    /// [`IceRequest::Resolve`] and counts once it is resolved.
    pub(crate) fn add_remote_candidate(&mut self, now: SimTime, candidate: Candidate) -> CandidateUse {
        if self.closed {
            return CandidateUse::Ignored("the agent is closed");
        }
        self.clock = self.clock.max(now);
        let remote = self.current.remote.as_ref();
        let remote = remote.map(|remote| remote.username_fragment());
        let is_of_this_generation = match (&candidate.username_fragment, remote) {
            (None, _) => true,
            (Some(fragment), remote) => remote == Some(fragment.as_str()),
        };
        let fragment = candidate.username_fragment.as_deref();
        let former = self
            .previous
            .as_deref()
            .and_then(|previous| previous.remote.as_ref());
        let is_of_the_former = former.is_some_and(|former| fragment == Some(former.username_fragment()));
        let used = if is_of_this_generation {
            self.take_remote_candidate(now, candidate)
        } else if is_of_the_former {
            self.take_late_candidate(now, candidate)
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

    /// A candidate of the generation before the restart. That generation is still the one in use while the peer has not
    /// answered the restart, which may be taken back.
    fn take_late_candidate(&mut self, now: SimTime, candidate: Candidate) -> CandidateUse {
        let address = candidate.socket_address();
        match (self.previous.as_deref_mut(), address) {
            (Some(previous), Some(address)) if self.current.remote.is_none() => {
                previous.add_remote(now, candidate, address, self.role)
            }
            _ => CandidateUse::Ignored("it is of a generation that a restart has ended"),
        }
    }

    fn take_remote_candidate(&mut self, now: SimTime, candidate: Candidate) -> CandidateUse {
        match &candidate.address {
            CandidateAddress::Ip(address) => {
                let address = SocketAddr::new(*address, candidate.port);
                self.current.add_remote(now, candidate, address, self.role)
            }
            CandidateAddress::Name(_) => self.resolve_candidate(candidate),
        }
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
        self.current.note_pairs();
        let policy = self.configuration.transport_policy;
        let next = Generation::new(credentials, origin, policy, Some(&self.current));
        let former = std::mem::replace(&mut self.current, next);
        let has_older_path = self
            .previous
            .as_ref()
            .is_some_and(|previous| previous.path.is_some());
        if former.path.is_some() || !has_older_path {
            self.previous = Some(Box::new(former));
        }
        self.gathering.forget_probes();
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
        self.gathering.forget_probes();
        // What was still being gathered is not gathered on; there are no more candidates.
        if self.current.gathering && !self.current.gathered {
            self.finish_gathering();
        }
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

    /// The local candidates gathered in the current generation (webrtc-pc#dom-rtcicetransport-getlocalcandidates).
    pub(crate) fn local_candidates(&self) -> Vec<&Candidate> {
        let locals = self.current.local_candidates.iter();
        locals.map(|local| &local.candidate).collect()
    }

    /// The remote candidates of the current generation, peer-reflexive ones included. For
    /// webrtc-pc#dom-rtcicetransport-getremotecandidates, leave those out.
    pub(crate) fn remote_candidates(&self) -> Vec<&Candidate> {
        let remotes = self.current.remote_candidates.iter();
        remotes.map(|remote| &remote.candidate).collect()
    }

    /// The pair that application data goes over. There is one as soon as one is valid (RFC 8445 section 12.1), and none
    /// after consent was lost.
    pub(crate) fn selected(&self) -> Option<SelectedPair> {
        let (generation, path) = self.path()?;
        let mut valid = generation.checklist.valid.iter();
        let valid = valid.find(|valid| path.is_between(valid.base, valid.remote));
        let local_address = valid.map_or(path.base.address(), |valid| valid.local);
        let local = generation.local_candidate(path.base, local_address)?;
        let remote = generation.remote_candidate(path.base, path.remote)?;
        Some(SelectedPair {
            local: local.candidate.clone(),
            remote: remote.candidate.clone(),
            local_address: path.base.address(),
            remote_address: path.remote,
        })
    }

    /// The state now (webrtc-pc#rtcicetransportstate).
    pub(crate) fn state(&self) -> IceTransportState {
        self.state
    }

    /// Whether the current generation is being gathered (webrtc-pc#rtcicegathererstate).
    pub(crate) fn gathering_state(&self) -> IceGatheringState {
        match (self.current.gathering, self.current.gathered) {
            (false, _) => IceGatheringState::New,
            (true, false) => IceGatheringState::Gathering,
            (true, true) => IceGatheringState::Complete,
        }
    }

    /// Sends an application packet over the selected pair.
    ///
    /// # Errors
    ///
    /// Why it was not sent. Packets are lost on the way without one.
    pub(crate) fn send(&mut self, now: SimTime, data: &[u8]) -> Result<(), SendError> {
        self.clock = self.clock.max(now);
        let (base, remote) = match self.path() {
            Some((_, path)) if !self.closed => (path.base, path.remote),
            _ => return Err(SendError::NoPath),
        };
        let sent = self.emit(base, remote, data.to_vec());
        let generation = match (&self.current.path, self.previous.as_deref_mut()) {
            (None, Some(previous)) => previous,
            _ => &mut self.current,
        };
        if let Some(counters) = generation.pairs.counters(base, remote) {
            match sent {
                Ok(()) => counters.sent(now, data.len()),
                Err(_) => counters.discarded(data.len()),
            }
        }
        sent
    }

    /// What `getStats()` asks of ICE.
    pub(crate) fn statistics(&mut self) -> IceStatistics {
        self.current.note_pairs();
        let selected = self.path().map(|(_, path)| (path.base, path.remote));
        let mut statistics = IceStatistics {
            local_candidates: Vec::new(),
            remote_candidates: Vec::new(),
            pairs: Vec::new(),
            selected_candidate_pair_changes: self.selected_pair_changes,
            selected_pair: None,
        };
        let previous = self
            .previous
            .as_deref()
            .filter(|previous| previous.path.is_some());
        for generation in previous.into_iter().chain([&self.current]) {
            let locals = generation.local_candidates.iter().chain(&generation.discovered);
            statistics
                .local_candidates
                .extend(locals.map(|local| CandidateStatistics {
                    id: local.id,
                    candidate: local.candidate.clone(),
                }));
            let remotes = generation.remote_candidates.iter();
            statistics
                .remote_candidates
                .extend(remotes.map(|remote| CandidateStatistics {
                    id: remote.id,
                    candidate: remote.candidate.clone(),
                }));
            for pair in generation.pairs.iter() {
                let local = generation.base_candidate(pair.base).map(|local| local.id);
                let remote = generation
                    .remote_candidate(pair.base, pair.remote)
                    .map(|it| it.id);
                let (Some(local), Some(remote)) = (local, remote) else {
                    continue;
                };
                let selected = selected == Some((pair.base, pair.remote));
                if selected {
                    statistics.selected_pair = Some(pair.id);
                }
                statistics.pairs.push(PairStatistics {
                    id: pair.id,
                    local,
                    remote,
                    state: pair.state,
                    nominated: pair.nominated,
                    priority: pair.priority,
                    selected,
                    counters: pair.counters.clone(),
                });
            }
        }
        statistics
    }

    /// Shuts down: relays are given back, connections closed, and nothing is sent or answered any more.
    pub(crate) fn close(&mut self) {
        if self.closed {
            return;
        }
        self.closed = true;
        self.current.forget_checks();
        self.previous = None;
        self.held.clear();
        self.received.clear();
        self.transmits.clear();
        self.requests.clear();
        self.release_servers();
        self.close_streams();
        self.update_state(self.clock);
    }

    /// The next datagram to be sent.
    pub(crate) fn transmit(&mut self) -> Option<Transmit> {
        self.transmits.pop_front()
    }

    /// The next thing that is asked of the host.
    pub(crate) fn request(&mut self) -> Option<IceRequest> {
        self.requests.pop_front()
    }

    /// The next application packet that came, by whatever way.
    pub(crate) fn receive(&mut self) -> Option<Vec<u8>> {
        self.received.pop_front()
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
        let has_start = self.has_check_to_send() || self.gathering.has_start();
        let check = has_start.then(|| self.next_check());
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
        let timers = [
            check,
            transaction,
            consent,
            nomination,
            timer,
            patience,
            exhaustion,
        ];
        let others = [self.gathering.deadline()];
        timers.into_iter().chain(others).flatten().min()
    }

    /// Does what is due at `now`.
    pub(crate) fn advance(&mut self, now: SimTime) {
        if self.closed {
            return;
        }
        self.clock = self.clock.max(now);
        self.advance_transactions(now);
        self.advance_consent(now);
        self.advance_gathering(now);
        if now >= self.next_check() {
            if self.gathering.has_start() {
                self.start_next_server(now);
            } else if self.has_check_to_send() {
                self.send_check(now);
            }
        }
        self.current.checklist.exhaust(now, SHORTEST_LIFE);
        self.settle(now);
    }
}

impl IceAgent {
    /// Sends a packet over a flow.
    pub(super) fn emit(&mut self, base: Base, remote: SocketAddr, data: Vec<u8>) -> Result<(), SendError> {
        match base {
            Base::Udp(local) => {
                self.transmits.push_back(Transmit { local, remote, data });
                Ok(())
            }
            Base::Relay(relayed) => self.relay(relayed, remote, &data),
            Base::Tcp(..) => self.emit_on_stream(base, remote, &data),
        }
    }

    /// An application packet came over a flow.
    pub(super) fn take_application_packet(
        &mut self,
        now: SimTime,
        base: Base,
        remote: SocketAddr,
        data: &[u8],
    ) {
        let generations = [Some(&mut self.current), self.previous.as_deref_mut()];
        let mut counters = generations
            .into_iter()
            .flatten()
            .filter_map(|generation| generation.pairs.counters(base, remote));
        if let Some(counters) = counters.next() {
            counters.received(now, data.len());
        }
        if self.received.len() < MAXIMUM_RECEIVED {
            self.received.push_back(data.to_vec());
        }
    }

    /// The pair in use and the generation it belongs to.
    pub(super) fn path(&self) -> Option<(&Generation, &Path)> {
        [Some(&self.current), self.previous.as_deref()]
            .into_iter()
            .flatten()
            .find_map(|generation| Some((generation, generation.path.as_ref()?)))
    }
}
