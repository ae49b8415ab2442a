//! Two agents over virtual time, with delay, loss and an address translator on the way.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use glare_peer::{IceTransportState, SimTime};

use crate::ice::{Candidate, IceAgent, IceCredentials, IceEvent, LocalAddresses, Role};

/// The two agents.
pub(super) const A: usize = 0;
pub(super) const B: usize = 1;

/// One agent and what it told.
pub(super) struct End {
    pub(super) agent: IceAgent,
    pub(super) addresses: Vec<SocketAddr>,
    /// Local candidates that were not signalled yet.
    pub(super) candidates: Vec<Candidate>,
    pub(super) states: Vec<(SimTime, IceTransportState)>,
    pub(super) selected: Vec<(SimTime, SocketAddr, SocketAddr)>,
    pub(super) role_changes: Vec<Role>,
    /// A router's outside address: what leaves seems to come from there, and what goes there arrives.
    pub(super) outside: Option<SocketAddr>,
}

/// A packet as the network saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) at: SimTime,
    pub(super) from: usize,
    pub(super) remote: SocketAddr,
    pub(super) data: Vec<u8>,
}

pub(super) struct Network {
    pub(super) now: SimTime,
    pub(super) ends: [End; 2],
    pub(super) delay: Duration,
    /// Chance of loss in percent, for packets from A and from B.
    pub(super) loss: [u8; 2],
    pub(super) seen: Vec<Seen>,
    rng: fastrand::Rng,
    in_flight: BTreeMap<(SimTime, u64), Arriving>,
    sequence: u64,
}

struct Arriving {
    to: usize,
    local: SocketAddr,
    remote: SocketAddr,
    data: Vec<u8>,
}

pub(super) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

impl Network {
    /// Two agents with one IPv4 address each that have gathered and not been told of each other; A controls.
    pub(super) fn new(seed: u64) -> Network {
        Network::with_addresses(seed, &["10.0.0.1:5000"], &["10.0.0.2:6000"])
    }

    pub(super) fn with_addresses(seed: u64, a: &[&str], b: &[&str]) -> Network {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut end = |role, addresses: &[&str]| {
            let credentials = IceCredentials::generate(&mut rng);
            let addresses: Vec<SocketAddr> = addresses.iter().map(|text| address(text)).collect();
            let mut agent = IceAgent::new(credentials, role, rng.fork());
            agent.gather(SimTime::ZERO, &LocalAddresses::udp(&addresses));
            End {
                agent,
                addresses,
                candidates: Vec::new(),
                states: Vec::new(),
                selected: Vec::new(),
                role_changes: Vec::new(),
                outside: None,
            }
        };
        let ends = [end(Role::Controlling, a), end(Role::Controlled, b)];
        let mut network = Network {
            now: SimTime::ZERO,
            ends,
            delay: Duration::from_millis(20),
            loss: [0, 0],
            seen: Vec::new(),
            rng,
            in_flight: BTreeMap::new(),
            sequence: 0,
        };
        network.collect();
        network
    }

    /// Gives the credentials of the one to the other.
    pub(super) fn tell_credentials(&mut self, to: usize) {
        let credentials = self.ends[1 - to].agent.local_credentials().clone();
        self.ends[to].agent.set_remote_credentials(self.now, credentials);
        self.collect();
    }

    /// Gives the candidates of the one to the other, through their text.
    pub(super) fn tell_candidates(&mut self, to: usize) {
        for candidate in std::mem::take(&mut self.ends[1 - to].candidates) {
            let candidate = candidate.to_string().parse().unwrap();
            self.ends[to].agent.add_remote_candidate(self.now, candidate);
        }
        self.collect();
    }

    pub(super) fn tell_end(&mut self, to: usize) {
        self.ends[to].agent.remote_end_of_candidates(self.now);
        self.collect();
    }

    /// All of the signalling, to both.
    pub(super) fn signal_everything(&mut self) {
        for to in [A, B] {
            self.tell_credentials(to);
            self.tell_candidates(to);
            self.tell_end(to);
        }
    }

    /// Restarts one side.
    pub(super) fn restart(&mut self, side: usize) {
        let credentials = IceCredentials::generate(&mut self.rng);
        let end = &mut self.ends[side];
        end.candidates.clear();
        end.agent.restart(self.now, credentials);
        end.agent.gather(self.now, &LocalAddresses::udp(&end.addresses));
        self.collect();
    }

    pub(super) fn inject(&mut self, to: usize, remote: SocketAddr, data: &[u8]) {
        let local = self.ends[to].addresses[0];
        self.ends[to].agent.input(self.now, local, remote, data);
        self.collect();
    }

    /// The addresses of the selected pair.
    pub(super) fn selected(&self, side: usize) -> Option<(SocketAddr, SocketAddr)> {
        let pair = self.ends[side].agent.selected()?;
        Some((pair.local_address, pair.remote_address))
    }

    pub(super) fn state(&self, side: usize) -> IceTransportState {
        self.ends[side].agent.state()
    }

    /// Runs until `done`, for at most `span`; whether it was reached.
    pub(super) fn run_until(&mut self, span: Duration, done: impl Fn(&Network) -> bool) -> bool {
        let end = self.now + span;
        let mut steps = 0;
        while !done(self) {
            steps += 1;
            assert!(steps < 100_000, "the agents never rest");
            let arrival = self.in_flight.keys().next().map(|(time, _)| *time);
            let deadlines = self.ends.iter().map(|end| end.agent.deadline());
            let next = deadlines.chain([arrival]).flatten().min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return done(self);
            };
            self.now = self.now.max(next);
            self.step();
        }
        true
    }

    pub(super) fn run_for(&mut self, span: Duration) {
        self.run_until(span, |_| false);
    }

    fn step(&mut self) {
        while let Some(entry) = self.in_flight.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let packet = entry.remove();
            self.ends[packet.to]
                .agent
                .input(self.now, packet.local, packet.remote, &packet.data);
        }
        for end in &mut self.ends {
            if end.agent.deadline().is_some_and(|deadline| deadline <= self.now) {
                end.agent.advance(self.now);
            }
        }
        self.collect();
    }

    /// Takes packets and events from both.
    fn collect(&mut self) {
        for from in [A, B] {
            while let Some(transmit) = self.ends[from].agent.transmit() {
                self.seen.push(Seen {
                    at: self.now,
                    from,
                    remote: transmit.remote,
                    data: transmit.data.clone(),
                });
                let source = self.ends[from].outside.unwrap_or(transmit.local);
                let receiver = &self.ends[1 - from];
                let local = if receiver.outside == Some(transmit.remote) {
                    receiver.addresses[0]
                } else {
                    transmit.remote
                };
                let is_reachable = receiver.addresses.contains(&local)
                    && (receiver.outside.is_none() || receiver.outside == Some(transmit.remote));
                if !is_reachable || self.rng.u8(..100) < self.loss[from] {
                    continue;
                }
                self.sequence += 1;
                let arriving = Arriving {
                    to: 1 - from,
                    local,
                    remote: source,
                    data: transmit.data,
                };
                self.in_flight
                    .insert((self.now + self.delay, self.sequence), arriving);
            }
            let end = &mut self.ends[from];
            while let Some(event) = end.agent.event() {
                match event {
                    IceEvent::LocalCandidate(candidate) => end.candidates.push(candidate),
                    IceEvent::GatheringComplete | IceEvent::CandidateError(_) => {}
                    IceEvent::StateChange(state) => end.states.push((self.now, state)),
                    IceEvent::SelectedPair(pair) => {
                        end.selected
                            .push((self.now, pair.local_address, pair.remote_address));
                    }
                    IceEvent::RoleChange(role) => end.role_changes.push(role),
                }
            }
        }
    }
}

/// Whether both can send data and have finished.
pub(super) fn both_completed(network: &Network) -> bool {
    [A, B]
        .iter()
        .all(|side| network.state(*side) == IceTransportState::Completed)
}

/// Whether both can send data.
pub(super) fn both_usable(network: &Network) -> bool {
    [A, B].iter().all(|side| {
        matches!(
            network.state(*side),
            IceTransportState::Connected | IceTransportState::Completed
        )
    })
}
