//! A host of the run beside its UDP: TCP, multicast DNS, and the server that may be on it.
//!
//! A [`Host`] is fed the packets that arrive and the requests of its peers, and gives packets to send and inputs for peers. It keeps
//! who asked for what.

use std::collections::BTreeMap;
use std::net::IpAddr;

use glare_net::UdpPacket;
use glare_net::build_udp;
use glare_net::mdns::{self, Mdns};
use glare_net::server::{Server, ServerOutput, ServerPlan};
use glare_net::tcp::{TcpError, TcpEvent, TcpId, TcpStack};
use glare_peer::{Input, NetworkRequest, SimTime, TcpSocket};

/// A host.
#[derive(Debug)]
pub(crate) struct Host {
    addresses: Vec<IpAddr>,
    seed: u64,
    tcp: TcpStack,
    mdns: Mdns,
    plan: Option<ServerPlan>,
    server: Option<Server>,
    sockets: BTreeMap<TcpId, (usize, TcpSocket)>,
    ids: BTreeMap<(usize, TcpSocket), TcpId>,
    questions: BTreeMap<u64, (usize, u64)>,
    next_question: u64,
    next_socket: u64,
    outcome: Outcome,
}

/// What comes of a host.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// IP packets to send, in order.
    pub(crate) packets: Vec<Vec<u8>>,
    /// What peers are to be told, by their numbers, in order.
    pub(crate) inputs: Vec<(usize, Input)>,
    /// What a person who studies the run should know, with the peer that it is about.
    pub(crate) notes: Vec<(usize, String)>,
}

/// The first of the sockets that a host names; peers name theirs below.
const FIRST_ACCEPTED: u64 = 1 << 32;

impl Host {
    /// A host with these addresses, and with this server, which listens from the start.
    ///
    /// # Errors
    ///
    /// The server cannot listen.
    pub(crate) fn new(addresses: &[IpAddr], plan: Option<ServerPlan>, seed: u64) -> Result<Host, TcpError> {
        let mut host = Host {
            addresses: addresses.to_vec(),
            seed,
            tcp: TcpStack::new(addresses, seed),
            mdns: Mdns::new(addresses),
            plan,
            server: None,
            sockets: BTreeMap::new(),
            ids: BTreeMap::new(),
            questions: BTreeMap::new(),
            next_question: 0,
            next_socket: FIRST_ACCEPTED,
            outcome: Outcome::default(),
        };
        host.start()?;
        Ok(host)
    }

    /// Begins anew, as after a power cut: connections, allocations and names are forgotten. What is drawn is not drawn again.
    ///
    /// # Errors
    ///
    /// The server cannot listen.
    pub(crate) fn restart(&mut self) -> Result<(), TcpError> {
        self.seed = self.seed.wrapping_add(1);
        self.tcp = TcpStack::new(&self.addresses, self.seed);
        self.mdns = Mdns::new(&self.addresses);
        self.sockets.clear();
        self.ids.clear();
        self.questions.clear();
        self.start()
    }

    fn start(&mut self) -> Result<(), TcpError> {
        if let Some(plan) = &self.plan {
            let mut server = Server::new(plan.clone(), &self.addresses, self.seed);
            server.start(&mut self.tcp)?;
            self.server = Some(server);
        }
        Ok(())
    }

    /// Takes an IP packet that carries TCP.
    pub(crate) fn tcp(&mut self, now: SimTime, packet: Vec<u8>) {
        self.tcp.packet(now, packet);
    }

    /// Takes a UDP datagram that is for no peer. Whether anybody else has the port.
    pub(crate) fn udp(&mut self, now: SimTime, udp: &UdpPacket<'_>) -> bool {
        if udp.destination.port() == mdns::PORT {
            self.mdns.datagram(udp.payload);
            return true;
        }
        match &mut self.server {
            Some(server) if server.takes(udp.destination) => {
                server.datagram(now, udp.destination, udp.source, udp.payload);
                true
            }
            _ => false,
        }
    }

    /// Takes a request of a peer, all but the names of the internet.
    pub(crate) fn request(&mut self, now: SimTime, player: usize, request: NetworkRequest) {
        match request {
            NetworkRequest::Resolve { query, name } => {
                let question = self.next_question;
                self.next_question += 1;
                match self.mdns.resolve(now, question, &name) {
                    Ok(()) => {
                        self.questions.insert(question, (player, query));
                    }
                    Err(error) => {
                        self.note(player, format!("a name was not looked up: {error}"));
                        let addresses = Vec::new();
                        self.tell(player, Input::Resolved { query, addresses });
                    }
                }
            }
            NetworkRequest::Register { name, address } => {
                if !self.addresses.contains(&address) {
                    self.note(
                        player,
                        format!("a name was not registered: {address} is not an address of this host"),
                    );
                } else if let Err(error) = self.mdns.register(&name, address) {
                    self.note(player, format!("a name was not registered: {error}"));
                }
            }
            NetworkRequest::TcpConnect {
                socket,
                local,
                remote,
            } => {
                if self.is_free(player, socket) {
                    let connection = self.tcp.connect(local, remote);
                    self.opened(player, socket, connection);
                }
            }
            NetworkRequest::TcpListen { socket, local } => {
                if self.is_free(player, socket) {
                    let listener = self.tcp.listen(local);
                    self.opened(player, socket, listener);
                }
            }
            NetworkRequest::TcpSend { socket, data } => self.send(player, socket, &data),
            NetworkRequest::TcpClose { socket } => {
                if let Some(id) = self.forget(player, socket) {
                    self.tcp.close(id);
                }
            }
        }
    }

    /// Does what is due; what comes of it all is handed over.
    pub(crate) fn poll(&mut self, now: SimTime) -> Outcome {
        self.tcp.poll(now);
        self.mdns.poll(now);
        while let Some(event) = self.tcp.take_event() {
            self.tcp_event(now, event);
        }
        while let Some(output) = self.server.as_mut().and_then(Server::take_output) {
            self.serve(output);
        }
        // What the server has sent is to leave at once too.
        self.tcp.poll(now);
        while let Some((source, destination, data)) = self.mdns.take_datagram() {
            // Both are of one version, and a message of DNS is short.
            self.outcome.packets.extend(build_udp(source, destination, &data));
        }
        while let Some(answer) = self.mdns.take_answer() {
            if let Some((player, query)) = self.questions.remove(&answer.question) {
                let addresses = answer.addresses;
                self.tell(player, Input::Resolved { query, addresses });
            }
        }
        while let Some(packet) = self.tcp.take_packet() {
            self.outcome.packets.push(packet);
        }
        std::mem::take(&mut self.outcome)
    }

    /// When to [`Host::poll`] next, if ever.
    pub(crate) fn deadline(&mut self, now: SimTime) -> Option<SimTime> {
        [self.tcp.deadline(now), self.mdns.deadline()]
            .into_iter()
            .flatten()
            .min()
    }

    fn tcp_event(&mut self, now: SimTime, event: TcpEvent) {
        match &event {
            TcpEvent::Connected { connection, local } => {
                if let Some(&(player, socket)) = self.sockets.get(connection) {
                    let local = *local;
                    self.tell(player, Input::TcpConnected { socket, local });
                    return;
                }
            }
            TcpEvent::Accepted {
                listener,
                connection,
                local,
                remote,
            } => {
                if let Some(&(player, listener)) = self.sockets.get(listener) {
                    let socket = TcpSocket(self.next_socket);
                    self.next_socket += 1;
                    self.remember(player, socket, *connection);
                    let (local, remote) = (*local, *remote);
                    let accepted = Input::TcpAccepted {
                        listener,
                        socket,
                        local,
                        remote,
                    };
                    self.tell(player, accepted);
                    return;
                }
            }
            TcpEvent::Received { connection, data } => {
                if let Some(&(player, socket)) = self.sockets.get(connection) {
                    let data = data.clone();
                    self.tell(player, Input::TcpReceived { socket, data });
                    return;
                }
            }
            TcpEvent::Closed { connection } => {
                if let Some(&(player, socket)) = self.sockets.get(connection) {
                    self.forget(player, socket);
                    self.tell(player, Input::TcpClosed { socket });
                    return;
                }
            }
        }
        if let Some(server) = &mut self.server {
            server.tcp(now, event);
        }
    }

    fn serve(&mut self, output: ServerOutput) {
        match output {
            ServerOutput::Datagram {
                source,
                destination,
                data,
            } => {
                // What does not fit in a packet with what a relay adds is lost, as on any path that is too narrow.
                self.outcome.packets.extend(build_udp(source, destination, &data));
            }
            ServerOutput::Stream { connection, data } => {
                // RFC 8656 section 12.6: a relay may drop what it cannot send; a client that does not read is cut off.
                if self.tcp.send(connection, &data) == Err(TcpError::Full) {
                    self.tcp.abort(connection);
                }
            }
            ServerOutput::Reset { connection } => self.tcp.abort(connection),
        }
    }

    fn is_free(&mut self, player: usize, socket: TcpSocket) -> bool {
        let free = socket.0 < FIRST_ACCEPTED && !self.ids.contains_key(&(player, socket));
        if !free {
            self.note(player, format!("{socket:?} is no new socket of a peer"));
        }
        free
    }

    fn opened(&mut self, player: usize, socket: TcpSocket, id: Result<TcpId, TcpError>) {
        match id {
            Ok(id) => self.remember(player, socket, id),
            Err(error) => {
                self.note(player, format!("TCP: {error}"));
                self.tell(player, Input::TcpClosed { socket });
            }
        }
    }

    fn send(&mut self, player: usize, socket: TcpSocket, data: &[u8]) {
        // A socket that has just closed is not the peer's mistake: it may not have heard of it yet.
        let Some(&id) = self.ids.get(&(player, socket)) else {
            return;
        };
        if let Err(error) = self.tcp.send(id, data) {
            self.note(player, format!("TCP: {error}"));
            self.tcp.abort(id);
            self.forget(player, socket);
            self.tell(player, Input::TcpClosed { socket });
        }
    }

    fn remember(&mut self, player: usize, socket: TcpSocket, id: TcpId) {
        self.sockets.insert(id, (player, socket));
        self.ids.insert((player, socket), id);
    }

    fn forget(&mut self, player: usize, socket: TcpSocket) -> Option<TcpId> {
        let id = self.ids.remove(&(player, socket))?;
        self.sockets.remove(&id);
        Some(id)
    }

    fn tell(&mut self, player: usize, input: Input) {
        self.outcome.inputs.push((player, input));
    }

    fn note(&mut self, player: usize, text: String) {
        self.outcome.notes.push((player, text));
    }
}
