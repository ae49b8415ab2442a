//! What ICE agents ask of the host's network beside sending datagrams: names and TCP.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use glare_peer::{NetworkRequest, TcpSocket};

use super::Connection;
use super::transport::TransportId;
use crate::ice::{IceRequest, ListenerId, ResolveId, StreamId};

/// Which agent waits for what.
#[derive(Debug, Default)]
pub(super) struct IceNetwork {
    /// Queries to the host, each with the question it stands for.
    queries: BTreeMap<u64, (TransportId, ResolveId)>,
    next_query: u64,
    streams: BTreeMap<TcpSocket, (TransportId, StreamId)>,
    listeners: BTreeMap<TcpSocket, (TransportId, ListenerId)>,
    /// The sockets that this peer chooses are below 2³².
    next_socket: u32,
    /// What is asked of the host with the next step.
    pub(super) requests: Vec<NetworkRequest>,
}

impl IceNetwork {
    fn new_socket(&mut self) -> TcpSocket {
        let socket = TcpSocket(self.next_socket.into());
        self.next_socket = self.next_socket.wrapping_add(1);
        socket
    }

    fn socket_of_stream(&self, transport: TransportId, id: StreamId) -> Option<TcpSocket> {
        self.streams
            .iter()
            .find(|(_, owner)| **owner == (transport, id))
            .map(|(socket, _)| *socket)
    }

    fn socket_of_listener(&self, transport: TransportId, id: ListenerId) -> Option<TcpSocket> {
        self.listeners
            .iter()
            .find(|(_, owner)| **owner == (transport, id))
            .map(|(socket, _)| *socket)
    }
}

impl Connection {
    /// Passes on what the ICE agent of a transport asks for.
    pub(super) fn take_ice_requests(&mut self, id: TransportId) {
        while let Some(request) = self.transport_mut(id).agent.request() {
            self.take_ice_request(id, request);
        }
    }

    fn take_ice_request(&mut self, id: TransportId, request: IceRequest) {
        let network = &mut self.ice_network;
        match request {
            IceRequest::Resolve { id: question, name } => {
                let query = network.next_query;
                network.next_query += 1;
                network.queries.insert(query, (id, question));
                network.requests.push(NetworkRequest::Resolve { query, name });
            }
            IceRequest::RegisterName { name, address } => {
                network.requests.push(NetworkRequest::Register { name, address });
            }
            IceRequest::Listen { id: listener, local } => self.listen(id, listener, local),
            IceRequest::StopListening { id: listener } => {
                if let Some(socket) = network.socket_of_listener(id, listener) {
                    network.listeners.remove(&socket);
                    network.requests.push(NetworkRequest::TcpClose { socket });
                }
            }
            IceRequest::Connect {
                id: stream,
                local,
                remote,
            } => {
                let socket = network.new_socket();
                network.streams.insert(socket, (id, stream));
                network.requests.push(NetworkRequest::TcpConnect {
                    socket,
                    local,
                    remote,
                });
            }
            IceRequest::Send { id: stream, data } => {
                if let Some(socket) = network.socket_of_stream(id, stream) {
                    network.requests.push(NetworkRequest::TcpSend { socket, data });
                }
            }
            IceRequest::Close { id: stream } => {
                if let Some(socket) = network.socket_of_stream(id, stream) {
                    network.streams.remove(&socket);
                    network.requests.push(NetworkRequest::TcpClose { socket });
                }
            }
        }
    }

    /// Listens, at a port of our own choice where the agent leaves it open. The host does not say no.
    fn listen(&mut self, id: TransportId, listener: ListenerId, local: SocketAddr) {
        let now = self.now;
        let port = match local.port() {
            0 => self.free_port(local.ip()),
            port => Some(port),
        };
        let Some(port) = port else {
            let answer = Err("all ports are in use");
            self.transport_mut(id).agent.listening(now, listener, answer);
            return;
        };
        let local = SocketAddr::new(local.ip(), port);
        self.bound.insert(local);
        let transport = self.transport_mut(id);
        transport.listening.push(local);
        transport.agent.listening(now, listener, Ok(local));
        let socket = self.ice_network.new_socket();
        self.ice_network.listeners.insert(socket, (id, listener));
        self.ice_network
            .requests
            .push(NetworkRequest::TcpListen { socket, local });
    }

    /// The host answered a query.
    pub(super) fn name_resolved(&mut self, query: u64, addresses: &[IpAddr]) {
        let now = self.now;
        let Some((id, question)) = self.ice_network.queries.remove(&query) else {
            return;
        };
        let answer = if addresses.is_empty() {
            Err("it has no address")
        } else {
            Ok(addresses)
        };
        self.transport_mut(id).agent.resolved(now, question, answer);
    }

    /// A connection is open.
    pub(super) fn tcp_connected(&mut self, socket: TcpSocket, local: SocketAddr) {
        let now = self.now;
        if let Some((id, stream)) = self.ice_network.streams.get(&socket).copied() {
            self.transport_mut(id).agent.connected(now, stream, local);
        }
    }

    /// Somebody connected to a socket that listens.
    pub(super) fn tcp_accepted(&mut self, listener: TcpSocket, socket: TcpSocket, remote: SocketAddr) {
        let now = self.now;
        let accepted = self
            .ice_network
            .listeners
            .get(&listener)
            .copied()
            .and_then(|(id, listener)| {
                let stream = self.transport_mut(id).agent.accepted(now, listener, remote)?;
                Some((id, stream))
            });
        match accepted {
            Some(owner) => {
                self.ice_network.streams.insert(socket, owner);
            }
            None => self
                .ice_network
                .requests
                .push(NetworkRequest::TcpClose { socket }),
        }
    }

    /// Bytes came on a connection.
    pub(super) fn tcp_received(&mut self, socket: TcpSocket, data: &[u8]) {
        let now = self.now;
        let Some((id, stream)) = self.ice_network.streams.get(&socket).copied() else {
            return;
        };
        let transport = self.transport_mut(id);
        transport.agent.stream_data(now, stream, data);
        if let Err(why) = transport.take_packets(now) {
            self.notes.push(format!("a packet over TCP was dropped: {why}"));
        }
    }

    /// A connection ended, or never was.
    pub(super) fn tcp_closed(&mut self, socket: TcpSocket) {
        let now = self.now;
        if let Some((id, stream)) = self.ice_network.streams.remove(&socket) {
            let agent = &mut self.transport_mut(id).agent;
            agent.disconnected(now, stream, "the connection was refused, closed or lost");
        }
    }
}
