//! A server of the simulated internet: STUN (RFC 8489) and TURN (RFC 8656), over UDP and TCP.
//!
//! [`Server`] is fed the datagrams and the TCP events of its host, and gives [`ServerOutput`]s. Read `turn` for what requests do to
//! an `allocation`, `message` for how they look; `stream` cuts TCP into messages. Everything is written here, over the message format of
//! stun-types alone, because a client made of the same author's library would agree with that library's server also where both
//! are wrong, and because a scenario sets lifetimes, quotas and faults.

mod allocation;
mod message;
mod plan;
mod stream;
mod turn;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::{IpAddr, SocketAddr};

use fastrand::Rng;
use glare_peer::SimTime;

pub use self::plan::{
    DEFAULT_LIFETIME, DEFAULT_PORT, RequestKind, ServerFault, ServerFaultAction, ServerPlan, Transport,
    TurnPlan,
};
use self::stream::{Cut, Stream};
use self::turn::{Client, Turn};
use crate::tcp::{TcpError, TcpEvent, TcpId, TcpStack};

/// Something that a server wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerOutput {
    /// A UDP datagram is to be sent.
    Datagram {
        /// One of the server's addresses.
        source: SocketAddr,
        /// Whom it is for.
        destination: SocketAddr,
        /// The payload.
        data: Vec<u8>,
    },
    /// Bytes are to be sent on a connection.
    Stream {
        /// The connection.
        connection: TcpId,
        /// The bytes.
        data: Vec<u8>,
    },
    /// A connection is to be reset, because what came on it is no STUN.
    Reset {
        /// The connection.
        connection: TcpId,
    },
}

/// A server on its host.
#[derive(Debug)]
pub struct Server {
    plan: ServerPlan,
    addresses: Vec<IpAddr>,
    turn: Turn,
    listeners: BTreeSet<TcpId>,
    streams: BTreeMap<TcpId, Stream>,
    outputs: VecDeque<ServerOutput>,
}

impl Server {
    /// A server on a host with these addresses. All its chance comes from `seed`.
    pub fn new(plan: ServerPlan, addresses: &[IpAddr], seed: u64) -> Server {
        Server {
            turn: Turn::new(plan.clone(), addresses, Rng::with_seed(seed)),
            plan,
            addresses: addresses.to_vec(),
            listeners: BTreeSet::new(),
            streams: BTreeMap::new(),
            outputs: VecDeque::new(),
        }
    }

    /// Listens with the TCP of its host, where the plan says so.
    ///
    /// # Errors
    ///
    /// The host does not let it.
    pub fn start(&mut self, tcp: &mut TcpStack) -> Result<(), TcpError> {
        if self.plan.transports.contains(&Transport::Tcp) {
            for &address in &self.addresses {
                let listener = tcp.listen(SocketAddr::new(address, self.plan.port))?;
                self.listeners.insert(listener);
            }
        }
        Ok(())
    }

    /// Whether a UDP port is the server's: its own, or that of a relayed address.
    pub fn takes(&self, local: SocketAddr) -> bool {
        (self.plan.transports.contains(&Transport::Udp) && local.port() == self.plan.port)
            || self.turn.is_relayed(local)
    }

    /// Takes a datagram to an address of which [`Server::takes`] says that it is the server's.
    pub fn datagram(&mut self, now: SimTime, local: SocketAddr, remote: SocketAddr, data: &[u8]) {
        if local.port() == self.plan.port {
            let client = Client {
                transport: Transport::Udp,
                local,
                remote,
                connection: None,
            };
            self.turn.client_message(now, client, data, &mut self.outputs);
        } else {
            self.turn
                .peer_datagram(now, local, remote, data, &mut self.outputs);
        }
    }

    /// Takes an event of a connection or a listener, which may be another's.
    pub fn tcp(&mut self, now: SimTime, event: TcpEvent) {
        match event {
            TcpEvent::Accepted {
                listener,
                connection,
                local,
                remote,
            } => {
                if self.listeners.contains(&listener) {
                    self.streams.insert(connection, Stream::new(local, remote));
                }
            }
            TcpEvent::Received { connection, data } => self.received(now, connection, &data),
            TcpEvent::Closed { connection } => self.forget(connection),
            TcpEvent::Connected { .. } => {}
        }
    }

    /// The next thing that the server wants done.
    pub fn take_output(&mut self) -> Option<ServerOutput> {
        self.outputs.pop_front()
    }

    fn received(&mut self, now: SimTime, connection: TcpId, data: &[u8]) {
        let Some(stream) = self.streams.get_mut(&connection) else {
            return;
        };
        let client = Client {
            transport: Transport::Tcp,
            local: stream.local,
            remote: stream.remote,
            connection: Some(connection),
        };
        stream.push(data);
        loop {
            match stream.cut() {
                Cut::Message(message) => self.turn.client_message(now, client, &message, &mut self.outputs),
                Cut::Incomplete => break,
                Cut::Nonsense => {
                    self.outputs.push_back(ServerOutput::Reset { connection });
                    self.forget(connection);
                    break;
                }
            }
        }
    }

    /// RFC 8656 section 7: an allocation over TCP ends with its connection.
    fn forget(&mut self, connection: TcpId) {
        if self.streams.remove(&connection).is_some() {
            self.turn.forget(connection);
        }
    }
}

#[cfg(test)]
mod tests;
