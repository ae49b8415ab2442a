//! TCP: the listeners and connections of TCP candidates (RFC 6544), and the connections to servers.

use std::collections::VecDeque;
use std::net::SocketAddr;

use glare_peer::SimTime;

use super::agent::IceAgent;
use super::candidate::{CandidateType, TcpType, tcp_local_preference};
use super::endpoint::Base;
use super::framing::{self, Deframer, Framing};
use super::generation::Found;
use super::{IceRequest, ListenerId, SendError, StreamId};

/// The greatest number of connections between peers at once; each belongs to a pair.
const MAXIMUM_STREAMS: usize = super::checklist::MAXIMUM_PAIRS;
/// The greatest number of packets that wait for a connection to open.
const MAXIMUM_WAITING: usize = 32;

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A flow between candidates.
    Peer { base: Base, remote: SocketAddr },
    /// The server of this session.
    Server(u32),
}

#[derive(Debug)]
struct Stream {
    id: StreamId,
    purpose: Purpose,
    is_open: bool,
    /// Whether the peer opened it.
    is_accepted: bool,
    deframer: Deframer,
    /// Framed packets that wait for the connection to open.
    waiting: VecDeque<Vec<u8>>,
}

#[derive(Debug)]
struct Listener {
    id: ListenerId,
    /// Where it listens, once the host has said so.
    address: Option<SocketAddr>,
    /// What tells its address from others in priority.
    rank: u16,
}

/// The connections and listeners of an agent.
#[derive(Debug, Default)]
pub(super) struct Streams {
    streams: Vec<Stream>,
    listeners: Vec<Listener>,
    next_stream: u32,
    next_listener: u32,
}

impl Streams {
    /// Whether a listener has not been answered for.
    pub(super) fn is_waiting(&self) -> bool {
        self.listeners.iter().any(|listener| listener.address.is_none())
    }

    fn position(&self, id: StreamId) -> Option<usize> {
        self.streams.iter().position(|stream| stream.id == id)
    }

    fn find_peer(&mut self, base: Base, remote: SocketAddr) -> Option<&mut Stream> {
        let purpose = Purpose::Peer { base, remote };
        self.streams.iter_mut().find(|stream| stream.purpose == purpose)
    }

    fn add(&mut self, purpose: Purpose, is_accepted: bool) -> StreamId {
        let id = StreamId(self.next_stream);
        self.next_stream = self.next_stream.wrapping_add(1);
        let framing = match purpose {
            Purpose::Peer { .. } => Framing::Length,
            Purpose::Server(_) => Framing::Turn,
        };
        self.streams.push(Stream {
            id,
            purpose,
            is_open: is_accepted,
            is_accepted,
            deframer: Deframer::new(framing),
            waiting: VecDeque::new(),
        });
        id
    }
}

impl IceAgent {
    /// The host listens, of [`IceRequest::Listen`]: at which address, or why not.
    pub(crate) fn listening(&mut self, now: SimTime, id: ListenerId, answer: Result<SocketAddr, &str>) {
        let mut listeners = self.streams.listeners.iter_mut();
        let Some(listener) = listeners.find(|listener| listener.id == id) else {
            return;
        };
        self.clock = self.clock.max(now);
        match answer {
            Ok(address) => {
                listener.address = Some(address);
                let rank = listener.rank;
                self.add_passive(address, rank);
            }
            // Nobody can connect there, so there is no candidate.
            Err(_) => self.streams.listeners.retain(|listener| listener.id != id),
        }
        self.conclude_gathering();
        self.settle(now);
    }

    /// Somebody connected to a listener. The connection's name from here on; none where the agent has no use for it, and
    /// the host is to close it.
    pub(crate) fn accepted(&mut self, now: SimTime, id: ListenerId, remote: SocketAddr) -> Option<StreamId> {
        let mut listeners = self.streams.listeners.iter();
        let address = listeners.find(|listener| listener.id == id)?.address?;
        if self.closed {
            return None;
        }
        self.clock = self.clock.max(now);
        let base = Base::Tcp(TcpType::Passive, address);
        if self.streams.find_peer(base, remote).is_some() {
            return None;
        }
        if self.streams.streams.len() >= MAXIMUM_STREAMS {
            // Whoever connects costs nothing until a check of it is authentic: the oldest such connection goes.
            let generation = &self.current;
            let idle = self
                .streams
                .streams
                .iter()
                .position(|stream| match stream.purpose {
                    Purpose::Peer { base, remote } => {
                        stream.is_accepted && generation.checklist.find(base, remote).is_none()
                    }
                    Purpose::Server(_) => false,
                })?;
            let idle = self.streams.streams.remove(idle);
            self.requests.push_back(IceRequest::Close { id: idle.id });
        }
        Some(self.streams.add(Purpose::Peer { base, remote }, true))
    }

    /// A connection of [`IceRequest::Connect`] is open, from this address.
    pub(crate) fn connected(&mut self, now: SimTime, id: StreamId, local: SocketAddr) {
        let Some(position) = self.streams.position(id).filter(|_| !self.closed) else {
            return;
        };
        self.clock = self.clock.max(now);
        let stream = &mut self.streams.streams[position];
        stream.is_open = true;
        let purpose = stream.purpose;
        for data in std::mem::take(&mut stream.waiting) {
            self.requests.push_back(IceRequest::Send { id, data });
        }
        if let Purpose::Server(session) = purpose {
            self.server_connected(now, session, local);
        }
        self.settle(now);
    }

    /// Bytes came over a connection.
    pub(crate) fn stream_data(&mut self, now: SimTime, id: StreamId, data: &[u8]) {
        let Some(position) = self.streams.position(id).filter(|_| !self.closed) else {
            return;
        };
        self.clock = self.clock.max(now);
        let stream = &mut self.streams.streams[position];
        let purpose = stream.purpose;
        // TLS lies between the connection and what is framed.
        let plain;
        let data = match purpose {
            Purpose::Server(session) => match self.decrypt(session, data) {
                Ok(decrypted) => {
                    plain = decrypted;
                    plain.as_slice()
                }
                Err(why) => return self.end_stream(now, id, &why),
            },
            Purpose::Peer { .. } => data,
        };
        let Some(position) = self.streams.position(id) else {
            return;
        };
        let Ok(packets) = self.streams.streams[position].deframer.take(data) else {
            return self.end_stream(now, id, "what it sends is neither STUN nor ChannelData");
        };
        for packet in packets {
            match purpose {
                Purpose::Peer { base, remote } => self.take_packet(now, base, remote, &packet),
                Purpose::Server(session) => self.server_packet(now, session, &packet),
            }
        }
        self.settle(now);
    }

    /// A connection did not open, or was closed or lost.
    pub(crate) fn disconnected(&mut self, now: SimTime, id: StreamId, why: &str) {
        let Some(position) = self.streams.position(id).filter(|_| !self.closed) else {
            return;
        };
        self.clock = self.clock.max(now);
        let stream = self.streams.streams.remove(position);
        match stream.purpose {
            Purpose::Peer { base, remote } => self.flow_ended(base, remote),
            Purpose::Server(session) => self.server_disconnected(session, why),
        }
        self.settle(now);
    }

    fn end_stream(&mut self, now: SimTime, id: StreamId, why: &str) {
        self.requests.push_back(IceRequest::Close { id });
        self.disconnected(now, id, why);
    }

    /// Nothing gets through over this flow any more: its pair fails.
    pub(super) fn flow_ended(&mut self, base: Base, remote: SocketAddr) {
        if let Some(previous) = self.previous.as_deref_mut()
            && previous
                .path
                .as_ref()
                .is_some_and(|path| path.is_between(base, remote))
        {
            previous.path = None;
        }
        let path = self.current.path.as_ref();
        if path.is_some_and(|path| path.is_between(base, remote)) {
            self.lose_consent();
        } else if let Some(pair) = self.current.checklist.find(base, remote) {
            self.current
                .transactions
                .retain(|transaction| transaction.sent.pair != pair);
            self.fail_pair(pair);
        }
    }

    /// Sends a packet over the connection of a flow, which is opened where this side may.
    pub(super) fn emit_on_stream(
        &mut self,
        base: Base,
        remote: SocketAddr,
        packet: &[u8],
    ) -> Result<(), SendError> {
        let framed = framing::frame(packet).ok_or(SendError::TooLong(packet.len()))?;
        if let Some(stream) = self.streams.find_peer(base, remote) {
            if stream.is_open {
                let id = stream.id;
                self.requests.push_back(IceRequest::Send { id, data: framed });
            } else if stream.waiting.len() < MAXIMUM_WAITING {
                stream.waiting.push_back(framed);
            }
            return Ok(());
        }
        let local = match base {
            Base::Tcp(TcpType::Active, address) => SocketAddr::new(address.ip(), 0),
            Base::Tcp(TcpType::SimultaneousOpen, address) => address,
            _ => return Err(SendError::Gone),
        };
        let id = self.streams.add(Purpose::Peer { base, remote }, false);
        if let Some(stream) = self.streams.streams.last_mut() {
            stream.waiting.push_back(framed);
        }
        self.requests.push_back(IceRequest::Connect { id, local, remote });
        Ok(())
    }

    /// Opens the connection to a server.
    pub(super) fn connect_to_server(&mut self, session: u32, local: SocketAddr, remote: SocketAddr) {
        let id = self.streams.add(Purpose::Server(session), false);
        self.requests.push_back(IceRequest::Connect { id, local, remote });
    }

    /// Sends bytes over the open connection to a server.
    pub(super) fn send_to_server(&mut self, session: u32, data: Vec<u8>) {
        let purpose = Purpose::Server(session);
        let mut streams = self.streams.streams.iter();
        if let Some(stream) = streams.find(|stream| stream.purpose == purpose && stream.is_open) {
            self.requests.push_back(IceRequest::Send { id: stream.id, data });
        }
    }

    /// Closes the connection to a server.
    pub(super) fn close_server_stream(&mut self, session: u32) {
        let requests = &mut self.requests;
        self.streams.streams.retain(|stream| {
            let is_its_own = stream.purpose == Purpose::Server(session);
            if is_its_own {
                requests.push_back(IceRequest::Close { id: stream.id });
            }
            !is_its_own
        });
    }

    /// Closes everything.
    pub(super) fn close_streams(&mut self) {
        for listener in self.streams.listeners.drain(..) {
            self.requests
                .push_back(IceRequest::StopListening { id: listener.id });
        }
        for stream in self.streams.streams.drain(..) {
            self.requests.push_back(IceRequest::Close { id: stream.id });
        }
    }

    /// Listens at an address, or takes the listener of an earlier generation.
    pub(super) fn listen(&mut self, local: SocketAddr, rank: u16) {
        let mut listeners = self.streams.listeners.iter();
        let known = listeners.find(|listener| {
            listener
                .address
                .is_some_and(|address| address == local || (local.port() == 0 && address.ip() == local.ip()))
        });
        if let Some(address) = known.and_then(|listener| listener.address) {
            return self.add_passive(address, rank);
        }
        let id = ListenerId(self.streams.next_listener);
        self.streams.next_listener = self.streams.next_listener.wrapping_add(1);
        self.streams.listeners.push(Listener {
            id,
            address: None,
            rank,
        });
        self.requests.push_back(IceRequest::Listen { id, local });
    }

    fn add_passive(&mut self, address: SocketAddr, rank: u16) {
        self.add_tcp(Base::Tcp(TcpType::Passive, address), rank);
    }

    /// RFC 6544 section 5.1: a TCP host candidate.
    pub(super) fn add_tcp(&mut self, base: Base, rank: u16) {
        let Base::Tcp(tcp_type, address) = base else {
            return;
        };
        let name = self
            .configuration
            .hide_addresses
            .then(|| self.name_of(address.ip()));
        self.found(Found {
            candidate_type: CandidateType::Host,
            address,
            base,
            local_preference: tcp_local_preference(tcp_type, rank),
            related: None,
            name,
            server: None,
        });
    }
}
