//! Two agents on a small internet: address translators, names, TCP, and a STUN and TURN server by another author.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use glare_peer::{IceTransportState, SimTime};
use turn_server_proto::api::{Transmit as ServerTransmit, TurnServerApi as _, TurnServerPollRet};
use turn_server_proto::server::TurnServer;
use turn_types::prelude::DelayedTransmitBuild as _;
use turn_types::{AddressFamily, Instant, TransportType};

use super::network::{A, B, address};
use super::tls::{TLS_SERVER, TlsServer};
use super::turn_server::{SERVER, answer_binding, new_server, with_padding, without_padding};
use crate::ice::{
    Candidate, CandidateError, IceAgent, IceConfiguration, IceCredentials, IceEvent, IceRequest, ListenerId,
    LocalAddresses, Role, SelectedPair, StreamId,
};

/// One agent, its host, and what it told.
pub(super) struct Host {
    pub(super) agent: IceAgent,
    pub(super) addresses: LocalAddresses,
    /// Local candidates that were not signalled yet.
    pub(super) candidates: Vec<Candidate>,
    pub(super) all_candidates: Vec<Candidate>,
    pub(super) errors: Vec<(SimTime, CandidateError)>,
    pub(super) complete: Option<SimTime>,
    pub(super) selected: Vec<SelectedPair>,
    pub(super) received: Vec<Vec<u8>>,
    /// Packets to other agents seem to come from here; what comes back arrives.
    pub(super) outside: Option<SocketAddr>,
    pub(super) asked: Vec<String>,
    listeners: Vec<(ListenerId, SocketAddr)>,
    next_port: u16,
}

/// Who is at an end of a TCP connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Agent(usize, StreamId),
    Server(SocketAddr),
}

#[derive(Debug)]
enum Happening {
    Datagram {
        from: SocketAddr,
        to: SocketAddr,
        data: Vec<u8>,
    },
    Connect {
        side: usize,
        id: StreamId,
        local: SocketAddr,
        remote: SocketAddr,
    },
    Connected {
        side: usize,
        id: StreamId,
        local: SocketAddr,
    },
    Bytes {
        to: End,
        data: Vec<u8>,
    },
    Closed {
        to: End,
    },
    Resolved {
        side: usize,
        id: crate::ice::ResolveId,
        addresses: Vec<IpAddr>,
    },
}

pub(super) struct Internet {
    pub(super) now: SimTime,
    pub(super) hosts: Vec<Host>,
    pub(super) names: BTreeMap<String, Vec<IpAddr>>,
    /// UDP packets between agents are dropped unless a relay is one end.
    pub(super) only_relays: bool,
    /// Addresses that nothing comes back from.
    pub(super) dead: BTreeSet<SocketAddr>,
    pub(super) udp_server: TurnServer,
    pub(super) tcp_server: TurnServer,
    pub(super) tls_server: TlsServer,
    /// Datagrams and their ends, as they were sent.
    pub(super) seen: Vec<(SocketAddr, SocketAddr, Vec<u8>)>,
    relays: Vec<(SocketAddr, TransportType)>,
    next_relay: u16,
    connections: Vec<[End; 2]>,
    /// Connections that wait for the same one from the other side (simultaneous open).
    opening: Vec<(usize, StreamId, SocketAddr, SocketAddr)>,
    in_flight: BTreeMap<(SimTime, u64), Happening>,
    sequence: u64,
    rng: fastrand::Rng,
}

impl Internet {
    /// Two agents that have not gathered; A controls.
    pub(super) fn new(seed: u64, configurations: [IceConfiguration; 2]) -> Internet {
        let mut rng = fastrand::Rng::with_seed(seed);
        let addresses = ["10.0.0.1:5000", "10.0.0.2:6000"];
        let roles = [Role::Controlling, Role::Controlled];
        let hosts = std::iter::zip(configurations, std::iter::zip(addresses, roles))
            .map(|(configuration, (local, role))| {
                let credentials = IceCredentials::generate(&mut rng);
                Host {
                    agent: IceAgent::with_configuration(credentials, role, rng.fork(), configuration),
                    addresses: LocalAddresses::udp(&[address(local)]),
                    candidates: Vec::new(),
                    all_candidates: Vec::new(),
                    errors: Vec::new(),
                    complete: None,
                    selected: Vec::new(),
                    received: Vec::new(),
                    outside: None,
                    asked: Vec::new(),
                    listeners: Vec::new(),
                    next_port: 40_000,
                }
            })
            .collect();
        Internet {
            now: SimTime::ZERO,
            hosts,
            names: BTreeMap::new(),
            only_relays: false,
            dead: BTreeSet::new(),
            udp_server: new_server(TransportType::Udp),
            tcp_server: new_server(TransportType::Tcp),
            tls_server: TlsServer::new(),
            seen: Vec::new(),
            relays: Vec::new(),
            next_relay: 50_000,
            connections: Vec::new(),
            opening: Vec::new(),
            in_flight: BTreeMap::new(),
            sequence: 0,
            rng,
        }
    }

    fn instant(&self) -> Instant {
        Instant::from_nanos(i64::try_from(self.now.as_nanos()).unwrap())
    }

    pub(super) fn gather(&mut self, side: usize) {
        let host = &mut self.hosts[side];
        host.complete = None;
        host.agent.gather(self.now, &host.addresses);
        self.collect();
    }

    /// Restarts one side, which gathers again.
    pub(super) fn restart(&mut self, side: usize) {
        let credentials = IceCredentials::generate(&mut self.rng);
        let host = &mut self.hosts[side];
        host.candidates.clear();
        host.all_candidates.clear();
        host.agent.restart(self.now, credentials);
        self.gather(side);
    }

    /// Credentials, candidates as they come, and the end of them.
    pub(super) fn signal(&mut self) {
        for side in [A, B] {
            let credentials = self.hosts[1 - side].agent.local_credentials().clone();
            self.hosts[side]
                .agent
                .set_remote_credentials(self.now, credentials);
            for candidate in std::mem::take(&mut self.hosts[1 - side].candidates) {
                let candidate = candidate.to_string().parse().unwrap();
                self.hosts[side].agent.add_remote_candidate(self.now, candidate);
            }
            if self.hosts[1 - side].complete.is_some() {
                self.hosts[side].agent.remote_end_of_candidates(self.now);
            }
        }
        self.collect();
    }

    /// Both gather to the end and are told of each other.
    pub(super) fn gather_and_signal(&mut self) {
        self.gather(A);
        self.gather(B);
        let is_complete = |net: &Internet| net.hosts.iter().all(|host| host.complete.is_some());
        assert!(self.run_until(Duration::from_secs(60), is_complete));
        self.signal();
    }

    pub(super) fn state(&self, side: usize) -> IceTransportState {
        self.hosts[side].agent.state()
    }

    pub(super) fn pair(&self, side: usize) -> SelectedPair {
        self.hosts[side].agent.selected().unwrap()
    }

    pub(super) fn send(&mut self, side: usize, data: &[u8]) {
        self.hosts[side].agent.send(self.now, data).unwrap();
        self.collect();
    }

    pub(super) fn both_completed(&self) -> bool {
        [A, B]
            .iter()
            .all(|side| self.state(*side) == IceTransportState::Completed)
    }

    pub(super) fn run_until(&mut self, span: Duration, done: impl Fn(&Internet) -> bool) -> bool {
        let end = self.now + span;
        let mut steps = 0;
        while !done(self) {
            steps += 1;
            assert!(steps < 200_000, "the agents never rest");
            let arrival = self.in_flight.keys().next().map(|(time, _)| *time);
            let deadlines = self.hosts.iter().map(|host| host.agent.deadline());
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

    /// Closes every TCP connection of one side, as its host's reset does.
    pub(super) fn reset_connections(&mut self, side: usize) {
        for ends in std::mem::take(&mut self.connections) {
            if ends
                .iter()
                .any(|end| matches!(end, End::Agent(owner, _) if *owner == side))
            {
                for end in ends {
                    self.later(Happening::Closed { to: end });
                }
            } else {
                self.connections.push(ends);
            }
        }
    }

    fn later(&mut self, happening: Happening) {
        self.sequence += 1;
        let at = self.now + Duration::from_millis(10);
        self.in_flight.insert((at, self.sequence), happening);
    }

    fn step(&mut self) {
        while let Some(entry) = self.in_flight.first_entry() {
            if entry.key().0 > self.now {
                break;
            }
            let happening = entry.remove();
            self.happen(happening);
        }
        for host in &mut self.hosts {
            if host.agent.deadline().is_some_and(|deadline| deadline <= self.now) {
                host.agent.advance(self.now);
            }
        }
        self.collect();
    }

    fn happen(&mut self, happening: Happening) {
        let now = self.now;
        match happening {
            Happening::Datagram { from, to, data } => self.datagram(from, to, data),
            Happening::Connect {
                side,
                id,
                local,
                remote,
            } => self.connect(side, id, local, remote),
            Happening::Connected { side, id, local } => self.hosts[side].agent.connected(now, id, local),
            Happening::Bytes {
                to: End::Agent(side, id),
                data,
            } => {
                self.hosts[side].agent.stream_data(now, id, &data);
            }
            Happening::Bytes {
                to: End::Server(client),
                data,
            } => {
                let Some((messages, back)) = self.tls_server.decrypt(client, &data) else {
                    let data = without_padding(data);
                    return self.server_input(TransportType::Tcp, client, address(SERVER), data);
                };
                self.deliver_to_client(client, back);
                for message in messages {
                    self.server_input(TransportType::Tcp, client, address(SERVER), message);
                }
            }
            Happening::Closed {
                to: End::Agent(side, id),
            } => {
                self.hosts[side].agent.disconnected(now, id, "reset");
            }
            Happening::Closed { to: End::Server(_) } => {}
            Happening::Resolved { side, id, addresses } => {
                let answer = if addresses.is_empty() {
                    Err("no such name")
                } else {
                    Ok(&addresses[..])
                };
                self.hosts[side].agent.resolved(now, id, answer);
            }
        }
        self.collect();
    }

    fn datagram(&mut self, from: SocketAddr, to: SocketAddr, data: Vec<u8>) {
        if self.dead.contains(&to) {
            return;
        }
        if to == address(SERVER) {
            return self.server_input(TransportType::Udp, from, to, data);
        }
        if let Some((_, transport)) = self.relays.iter().find(|(relay, _)| *relay == to) {
            return self.server_input(*transport, from, to, data);
        }
        for side in [A, B] {
            let host = &mut self.hosts[side];
            let local = match host.outside {
                Some(outside) if outside == to => host.addresses.udp[0],
                Some(_) => continue,
                None => to,
            };
            if host.addresses.udp.contains(&local) {
                return host.agent.input(self.now, local, from, &data);
            }
        }
    }

    fn server_input(&mut self, transport: TransportType, from: SocketAddr, to: SocketAddr, data: Vec<u8>) {
        if to == address(SERVER)
            && let Some(answer) = answer_binding(&data, from)
        {
            let (from, to) = (to, from);
            return self.later(Happening::Datagram {
                from,
                to,
                data: answer,
            });
        }
        let now = self.instant();
        // What goes to a relayed address is UDP, whatever carries it on to the client.
        let packet_transport = if to == address(SERVER) {
            transport
        } else {
            TransportType::Udp
        };
        let server = match transport {
            TransportType::Udp => &mut self.udp_server,
            TransportType::Tcp => &mut self.tcp_server,
        };
        let packet = ServerTransmit {
            data,
            transport: packet_transport,
            from,
            to,
        };
        if let Some(answer) = server.recv(packet, now) {
            let answer = ServerTransmit {
                transport: answer.transport,
                from: answer.from,
                to: answer.to,
                data: answer.data.build(),
            };
            self.deliver_from_server(answer);
        }
    }

    fn deliver_from_server(&mut self, packet: ServerTransmit<Vec<u8>>) {
        match packet.transport {
            TransportType::Udp => self.later(Happening::Datagram {
                from: packet.from,
                to: packet.to,
                data: packet.data,
            }),
            TransportType::Tcp => {
                let data = self.tls_server.encrypt(packet.to, with_padding(packet.data));
                self.deliver_to_client(packet.to, data);
            }
        }
    }

    /// Bytes on the connection of a client of the server.
    fn deliver_to_client(&mut self, client: SocketAddr, data: Vec<u8>) {
        let server = End::Server(client);
        let connection = self.connections.iter().find(|ends| ends.contains(&server));
        if let Some([to, _]) = connection.copied() {
            self.later(Happening::Bytes { to, data });
        }
    }

    fn poll_servers(&mut self) {
        let now = self.instant();
        for transport in [TransportType::Udp, TransportType::Tcp] {
            loop {
                let server = match transport {
                    TransportType::Udp => &mut self.udp_server,
                    TransportType::Tcp => &mut self.tcp_server,
                };
                if let Some(packet) = server.poll_transmit(now) {
                    self.deliver_from_server(packet);
                    continue;
                }
                let TurnServerPollRet::AllocateSocket {
                    transport: client_transport,
                    listen_addr,
                    client_addr,
                    allocation_transport,
                    family,
                } = server.poll(now)
                else {
                    break;
                };
                assert_eq!(family, AddressFamily::IPV4);
                let relay = SocketAddr::new(address(SERVER).ip(), self.next_relay);
                self.next_relay += 1;
                self.relays.push((relay, transport));
                server.allocated_socket(
                    client_transport,
                    listen_addr,
                    client_addr,
                    allocation_transport,
                    family,
                    Ok(relay),
                    now,
                );
            }
        }
    }

    fn connect(&mut self, side: usize, id: StreamId, local: SocketAddr, remote: SocketAddr) {
        let here = End::Agent(side, id);
        if remote == address(TLS_SERVER) {
            self.tls_server.accept(local);
        }
        if remote == address(SERVER) || remote == address(TLS_SERVER) {
            self.connections.push([here, End::Server(local)]);
            return self.later(Happening::Connected { side, id, local });
        }
        let other = 1 - side;
        let listener = self.hosts[other]
            .listeners
            .iter()
            .find(|(_, listening)| *listening == remote);
        if let Some((listener, _)) = listener.copied() {
            let accepted = self.hosts[other].agent.accepted(self.now, listener, local);
            if let Some(accepted) = accepted {
                self.connections.push([here, End::Agent(other, accepted)]);
                return self.later(Happening::Connected { side, id, local });
            }
            return self.later(Happening::Closed { to: here });
        }
        let opening = self
            .opening
            .iter()
            .position(|(_, _, from, to)| *from == remote && *to == local);
        match opening {
            Some(index) => {
                let (other, other_id, other_local, _) = self.opening.remove(index);
                self.connections.push([here, End::Agent(other, other_id)]);
                self.later(Happening::Connected { side, id, local });
                self.later(Happening::Connected {
                    side: other,
                    id: other_id,
                    local: other_local,
                });
            }
            None if self.hosts[side].addresses.tcp_simultaneous_open.contains(&local) => {
                self.opening.push((side, id, local, remote));
            }
            None => self.later(Happening::Closed { to: here }),
        }
    }

    fn request(&mut self, side: usize, request: IceRequest) {
        match request {
            IceRequest::Resolve { id, name } => {
                self.hosts[side].asked.push(name.clone());
                let addresses = self.names.get(&name).cloned().unwrap_or_default();
                self.later(Happening::Resolved { side, id, addresses });
            }
            IceRequest::RegisterName { name, address } => {
                self.names.insert(name, vec![address]);
            }
            IceRequest::Listen { id, local } => {
                self.hosts[side].listeners.push((id, local));
                self.hosts[side].agent.listening(self.now, id, Ok(local));
            }
            IceRequest::StopListening { id } => self.hosts[side].listeners.retain(|(known, _)| *known != id),
            IceRequest::Connect {
                id,
                mut local,
                remote,
            } => {
                if local.port() == 0 {
                    local.set_port(self.hosts[side].next_port);
                    self.hosts[side].next_port += 1;
                }
                self.later(Happening::Connect {
                    side,
                    id,
                    local,
                    remote,
                });
            }
            IceRequest::Send { id, data } => {
                let here = End::Agent(side, id);
                let ends = self.connections.iter().find(|ends| ends.contains(&here)).copied();
                if let Some([one, other]) = ends {
                    let to = if one == here { other } else { one };
                    self.later(Happening::Bytes { to, data });
                }
            }
            IceRequest::Close { id } => {
                let here = End::Agent(side, id);
                let index = self.connections.iter().position(|ends| ends.contains(&here));
                if let Some(index) = index {
                    let [one, other] = self.connections.remove(index);
                    self.later(Happening::Closed {
                        to: if one == here { other } else { one },
                    });
                }
            }
        }
    }

    /// Takes packets, requests and events of both, until there are none.
    pub(super) fn collect(&mut self) {
        self.poll_servers();
        for side in [A, B] {
            while let Some(packet) = self.hosts[side].agent.transmit() {
                let from = self.hosts[side].outside.unwrap_or(packet.local);
                let server = address(SERVER).ip();
                self.seen.push((from, packet.remote, packet.data.clone()));
                if !self.only_relays || packet.remote.ip() == server {
                    self.later(Happening::Datagram {
                        from,
                        to: packet.remote,
                        data: packet.data,
                    });
                }
            }
            while let Some(request) = self.hosts[side].agent.request() {
                self.request(side, request);
            }
            let now = self.now;
            let host = &mut self.hosts[side];
            while let Some(packet) = host.agent.receive() {
                host.received.push(packet);
            }
            while let Some(event) = host.agent.event() {
                match event {
                    IceEvent::LocalCandidate(candidate) => {
                        host.all_candidates.push(candidate.clone());
                        host.candidates.push(candidate);
                    }
                    IceEvent::CandidateError(error) => host.errors.push((now, error)),
                    IceEvent::GatheringComplete => host.complete = Some(now),
                    IceEvent::SelectedPair(pair) => host.selected.push(*pair),
                    IceEvent::StateChange(_) | IceEvent::RoleChange(_) => {}
                }
            }
        }
    }
}
