//! TCP of one host (RFC 9293): connections and listeners over IP packets, without a clock and without a wire of its own.
//!
//! The machinery is smoltcp's; what is here gives it names, bounds and the packets of the host. Congestion control is off: a
//! link's rate and queue push back by loss, and the retransmission timer does the rest.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use fastrand::Rng;
use glare_peer::SimTime;
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::phy::{Device, DeviceCapabilities, Medium, RxToken, TxToken};
use smoltcp::socket::tcp::{CongestionControl, Socket, SocketBuffer, State};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpCidr, IpEndpoint, IpListenEndpoint};
use thiserror::Error;

/// Names a connection or a listener of one host; never given out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TcpId(u64);

/// What happened at a connection or a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TcpEvent {
    /// The connection that was asked for is open.
    Connected {
        /// The connection.
        connection: TcpId,
        /// Its local address.
        local: SocketAddr,
    },
    /// A listener has accepted a connection.
    Accepted {
        /// The listener.
        listener: TcpId,
        /// The new connection.
        connection: TcpId,
        /// Its local address.
        local: SocketAddr,
        /// Who connected.
        remote: SocketAddr,
    },
    /// Bytes came, in order.
    Received {
        /// The connection.
        connection: TcpId,
        /// The bytes.
        data: Vec<u8>,
    },
    /// A connection was refused, closed by the other side, reset, or gave up. Nothing comes of it after this.
    Closed {
        /// The connection.
        connection: TcpId,
    },
}

/// Why something could not be done with TCP.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TcpError {
    /// The host does not have this address.
    #[error("{0} is not an address of this host")]
    NotOurs(SocketAddr),
    /// Something listens there, or the same connection is open already.
    #[error("{0} is in use")]
    InUse(SocketAddr),
    /// A connection cannot go there.
    #[error("nothing can connect from {local} to {remote}")]
    Unaddressable {
        /// The local address.
        local: SocketAddr,
        /// The remote address.
        remote: SocketAddr,
    },
    /// The host has all the connections and listeners that it can have.
    #[error("the host has {MAX_SOCKETS} connections and listeners already")]
    TooMany,
    /// There is no such connection, or it is closed.
    #[error("the connection is not open")]
    NotOpen,
    /// More would wait to be sent than may.
    #[error("more than {SEND_LIMIT} bytes would wait to be sent")]
    Full,
}

/// The most connections and listeners that a host can have at a time, those that are closing among them.
pub const MAX_SOCKETS: usize = 1024;
/// The most bytes that may wait at a connection before they fit in its window.
pub const SEND_LIMIT: usize = 1 << 20;
/// How long a connection waits for an acknowledgement before it gives up.
pub const TIMEOUT: Duration = Duration::from_secs(60);
/// The ports that are given to connections that ask for any.
const EPHEMERAL_PORTS: std::ops::RangeInclusive<u16> = 32_768..=49_151;
/// Bytes of either buffer of a connection, and so the largest window.
const BUFFER: usize = 1 << 16;
/// The largest IP packet that carries a segment.
const MTU: usize = 1500;

/// The TCP of one host.
pub struct TcpStack {
    interface: Interface,
    wire: Wire,
    sockets: SocketSet<'static>,
    addresses: Vec<IpAddr>,
    connections: BTreeMap<TcpId, Connection>,
    listeners: BTreeMap<TcpId, Listener>,
    events: VecDeque<TcpEvent>,
    next: u64,
    rng: Rng,
}

impl fmt::Debug for TcpStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpStack")
            .field("addresses", &self.addresses)
            .field("connections", &self.connections)
            .field("listeners", &self.listeners)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct Connection {
    handle: SocketHandle,
    local: SocketAddr,
    remote: SocketAddr,
    /// The listener that it comes from.
    listener: Option<TcpId>,
    phase: Phase,
    /// What does not fit in the socket's buffer yet.
    waiting: VecDeque<u8>,
    /// When it is given up, once all is sent and only the other side's goodbye is missing.
    gives_up: Option<SimTime>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Whoever asked for it has not been told of it.
    Opening,
    /// It is open.
    Open,
    /// Nobody is told of it any more; it ends as TCP ends.
    Closing,
}

#[derive(Debug)]
struct Listener {
    local: SocketAddr,
    /// The socket that takes the next connection; none while the host has no room for one.
    handle: Option<SocketHandle>,
}

impl TcpStack {
    /// The TCP of a host with these addresses, at most [`crate::topology::MAX_ADDRESSES`]. Sequence numbers and ports are
    /// drawn from `seed`.
    pub fn new(addresses: &[IpAddr], seed: u64) -> TcpStack {
        let mut config = Config::new(HardwareAddress::Ip);
        let mut rng = Rng::with_seed(seed);
        config.random_seed = rng.u64(..);
        let mut wire = Wire::default();
        let mut interface = Interface::new(config, &mut wire, Instant::ZERO);
        interface.update_ip_addrs(|own| {
            for &address in addresses {
                // Every other host is a neighbour: where packets go is the network's to say. The topology sees to it that
                // there are no more addresses than fit.
                let _ = own.push(IpCidr::new(address.into(), 0));
            }
        });
        TcpStack {
            interface,
            wire,
            sockets: SocketSet::new(Vec::new()),
            addresses: addresses.to_vec(),
            connections: BTreeMap::new(),
            listeners: BTreeMap::new(),
            events: VecDeque::new(),
            next: 0,
            rng,
        }
    }

    /// Opens a connection; a local port of 0 stands for any. [`TcpEvent::Connected`] or [`TcpEvent::Closed`] follows.
    ///
    /// # Errors
    ///
    /// Why no connection can be tried at all.
    pub fn connect(&mut self, local: SocketAddr, remote: SocketAddr) -> Result<TcpId, TcpError> {
        self.check_local(local)?;
        let local = match local.port() {
            0 => SocketAddr::new(local.ip(), self.ephemeral_port(local.ip(), remote)?),
            _ => local,
        };
        let taken = |connection: &Connection| (connection.local, connection.remote) == (local, remote);
        if self.connections.values().any(taken) {
            return Err(TcpError::InUse(local));
        }
        self.check_room()?;
        let mut socket = socket();
        socket
            .connect(self.interface.context(), endpoint(remote), endpoint(local))
            .map_err(|_| TcpError::Unaddressable { local, remote })?;
        let handle = self.sockets.add(socket);
        let id = self.id();
        self.connections.insert(
            id,
            Connection {
                handle,
                local,
                remote,
                listener: None,
                phase: Phase::Opening,
                waiting: VecDeque::new(),
                gives_up: None,
            },
        );
        Ok(id)
    }

    /// Accepts connections. [`TcpEvent::Accepted`] follows for each.
    ///
    /// # Errors
    ///
    /// Why none can be accepted there.
    pub fn listen(&mut self, local: SocketAddr) -> Result<TcpId, TcpError> {
        self.check_local(local)?;
        if local.port() == 0 {
            return Err(TcpError::NotOurs(local));
        }
        if self.listeners.values().any(|listener| listener.local == local) {
            return Err(TcpError::InUse(local));
        }
        self.check_room()?;
        let id = self.id();
        self.listeners.insert(id, Listener { local, handle: None });
        self.renew_listeners();
        Ok(id)
    }

    /// Sends on a connection, in order. What does not fit in the window waits.
    ///
    /// # Errors
    ///
    /// [`TcpError::NotOpen`] and [`TcpError::Full`]; nothing of the data was taken then.
    pub fn send(&mut self, connection: TcpId, data: &[u8]) -> Result<(), TcpError> {
        let connection = self
            .connections
            .get_mut(&connection)
            .filter(|connection| connection.phase != Phase::Closing)
            .ok_or(TcpError::NotOpen)?;
        if connection.waiting.len().saturating_add(data.len()) > SEND_LIMIT {
            return Err(TcpError::Full);
        }
        connection.waiting.extend(data);
        Ok(())
    }

    /// Closes a connection once what waits is sent, or stops accepting. Nothing comes of it after this. One that is not open yet
    /// is given up with all that waits; what is closed already stays so.
    pub fn close(&mut self, id: TcpId) {
        if let Some(listener) = self.listeners.remove(&id)
            && let Some(handle) = listener.handle
        {
            self.sockets.remove(handle);
        }
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.phase = Phase::Closing;
        }
    }

    /// Resets a connection. Nothing comes of it after this.
    pub fn abort(&mut self, id: TcpId) {
        if let Some(connection) = self.connections.get_mut(&id) {
            connection.phase = Phase::Closing;
            connection.waiting.clear();
            self.sockets.get_mut::<Socket>(connection.handle).abort();
        }
    }

    /// Takes an IP packet that carries TCP. What is for nobody is answered with a reset.
    pub fn packet(&mut self, now: SimTime, packet: Vec<u8>) {
        self.wire.inbound = Some(packet);
        self.interface
            .poll_ingress_single(instant(now), &mut self.wire, &mut self.sockets);
        self.wire.inbound = None;
        self.renew_listeners();
        self.poll(now);
    }

    /// Does what is due. Packets and events come out of it.
    pub fn poll(&mut self, now: SimTime) {
        let (time, now) = (now, instant(now));
        self.watch_time(time);
        // What is sent may close a connection, and what is received open a window; both end.
        for _ in 0..MAX_ROUNDS {
            let moved = self.move_data();
            self.interface.poll_maintenance(now);
            let sent = self.wire.outbound.len();
            while self.interface.poll_egress(now, &mut self.wire, &mut self.sockets)
                == smoltcp::iface::PollResult::SocketStateChanged
            {}
            let changed = self.notice();
            if !moved && !changed && self.wire.outbound.len() == sent {
                break;
            }
        }
        self.watch_time(time);
        self.renew_listeners();
    }

    /// The next IP packet to send.
    pub fn take_packet(&mut self) -> Option<Vec<u8>> {
        self.wire.outbound.pop_front()
    }

    /// The next event.
    pub fn take_event(&mut self) -> Option<TcpEvent> {
        self.events.pop_front()
    }

    /// When to [`TcpStack::poll`] next, if ever.
    pub fn deadline(&mut self, now: SimTime) -> Option<SimTime> {
        let due = self.interface.poll_at(instant(now), &self.sockets).map(|at| {
            SimTime::from_nanos(
                u64::try_from(at.total_micros())
                    .unwrap_or(0)
                    .saturating_mul(1_000),
            )
        });
        let given_up = self
            .connections
            .values()
            .filter_map(|connection| connection.gives_up);
        let at = given_up.chain(due).min()?;
        // What is due has just been done; should something remain due none the less, time goes on.
        Some(if at <= now { now + LEAST_WAIT } else { at })
    }

    /// Whether a connection or a listener is there, be it one that is closing.
    pub fn is_idle(&self) -> bool {
        self.connections.is_empty() && self.listeners.is_empty()
    }

    fn id(&mut self) -> TcpId {
        self.next += 1;
        TcpId(self.next)
    }

    fn check_local(&self, local: SocketAddr) -> Result<(), TcpError> {
        match self.addresses.contains(&local.ip()) {
            true => Ok(()),
            false => Err(TcpError::NotOurs(local)),
        }
    }

    fn check_room(&self) -> Result<(), TcpError> {
        match self.connections.len() + self.listeners.len() < MAX_SOCKETS {
            true => Ok(()),
            false => Err(TcpError::TooMany),
        }
    }

    /// A port that is free at an address: drawn, so that connections of a run do not resemble those of another.
    fn ephemeral_port(&mut self, local: IpAddr, remote: SocketAddr) -> Result<u16, TcpError> {
        let is_free = |port: u16| {
            let local = SocketAddr::new(local, port);
            !self
                .connections
                .values()
                .any(|connection| connection.local == local)
                && !self.listeners.values().any(|listener| listener.local == local)
        };
        let (first, last) = (*EPHEMERAL_PORTS.start(), *EPHEMERAL_PORTS.end());
        let drawn = self.rng.u16(EPHEMERAL_PORTS);
        (drawn..=last)
            .chain(first..drawn)
            .find(|&port| is_free(port))
            .ok_or(TcpError::Unaddressable {
                local: SocketAddr::new(local, 0),
                remote,
            })
    }

    /// Gives each listener a socket for the next connection, where the last has got one.
    fn renew_listeners(&mut self) {
        let ids: Vec<TcpId> = self.listeners.keys().copied().collect();
        for id in ids {
            let Some(listener) = self.listeners.get_mut(&id) else {
                continue;
            };
            let local = listener.local;
            if let Some(handle) = listener.handle {
                let socket = self.sockets.get::<Socket>(handle);
                if socket.state() == State::Listen {
                    continue;
                }
                listener.handle = None;
                match socket.remote_endpoint() {
                    Some(remote) => {
                        let connection = Connection {
                            handle,
                            local,
                            remote: address(remote),
                            listener: Some(id),
                            phase: Phase::Opening,
                            waiting: VecDeque::new(),
                            gives_up: None,
                        };
                        self.next += 1;
                        self.connections.insert(TcpId(self.next), connection);
                    }
                    None => {
                        self.sockets.remove(handle);
                    }
                }
            }
            if self.check_room().is_ok() {
                let mut socket = socket();
                let at = IpListenEndpoint {
                    addr: Some(local.ip().into()),
                    port: local.port(),
                };
                // The port is not 0 and the socket is new, which is all that can be wrong.
                if socket.listen(at).is_ok()
                    && let Some(listener) = self.listeners.get_mut(&id)
                {
                    listener.handle = Some(self.sockets.add(socket));
                }
            }
        }
    }

    /// Has connections give up that wait in vain. smoltcp counts from the last packet of the other side, which is right while
    /// something waits for an acknowledgement; a connection may be idle for as long as it likes.
    fn watch_time(&mut self, now: SimTime) {
        for connection in self.connections.values_mut() {
            let socket = self.sockets.get_mut::<Socket>(connection.handle);
            let unacknowledged = connection.phase == Phase::Opening || socket.send_queue() > 0;
            socket.set_timeout(unacknowledged.then(|| TIMEOUT.into()));
            if connection.phase == Phase::Closing && !unacknowledged {
                let at = *connection.gives_up.get_or_insert(now + TIMEOUT);
                if at <= now {
                    socket.abort();
                }
            }
        }
    }

    /// Moves bytes between connections and their sockets. Whether any were.
    fn move_data(&mut self) -> bool {
        let mut moved = false;
        for (&id, connection) in &mut self.connections {
            let socket = self.sockets.get_mut::<Socket>(connection.handle);
            while socket.can_send() && !connection.waiting.is_empty() {
                let (front, _) = connection.waiting.as_slices();
                let Ok(taken @ 1..) = socket.send_slice(front) else {
                    break;
                };
                connection.waiting.drain(..taken);
                moved = true;
            }
            while socket.can_recv() {
                let Ok(data) = socket.recv(|bytes| (bytes.len(), bytes.to_vec())) else {
                    break;
                };
                moved = true;
                // Before the connection is known to be open its bytes wait in the order of events below.
                if connection.phase == Phase::Opening {
                    tell_open(&mut self.events, id, connection);
                }
                if connection.phase == Phase::Open {
                    self.events.push_back(TcpEvent::Received { connection: id, data });
                }
            }
            if connection.phase == Phase::Closing && connection.waiting.is_empty() && socket.may_send() {
                socket.close();
                moved = true;
            }
        }
        moved
    }

    /// Takes note of what states connections have come to. Whether any changed.
    fn notice(&mut self) -> bool {
        let mut over = Vec::new();
        let mut changed = false;
        for (&id, connection) in &mut self.connections {
            let socket = self.sockets.get::<Socket>(connection.handle);
            let state = socket.state();
            let accepted = connection.listener.is_some();
            match (connection.phase, state) {
                // A connection that was reset before it was open: smoltcp has the socket listen again, and so does the one
                // that took its place.
                (Phase::Opening, State::Listen) => over.push(id),
                (Phase::Opening, State::Closed) => {
                    if !accepted {
                        self.events.push_back(TcpEvent::Closed { connection: id });
                    }
                    over.push(id);
                }
                (Phase::Opening, State::SynSent | State::SynReceived) => {}
                (Phase::Opening, _) => {
                    tell_open(&mut self.events, id, connection);
                    changed = true;
                }
                // The other side has closed, and all that it sent has been handed over.
                (Phase::Open, _) if !socket.may_recv() && !socket.can_recv() => {
                    connection.phase = Phase::Closing;
                    self.events.push_back(TcpEvent::Closed { connection: id });
                    changed = true;
                }
                (Phase::Open, _) => {}
                // What asked for it has been closed before it was open.
                (Phase::Closing, State::SynSent | State::Listen) => over.push(id),
                (Phase::Closing, State::Closed) if socket.remote_endpoint().is_none() => over.push(id),
                (Phase::Closing, _) => {}
            }
        }
        for id in over {
            changed = true;
            if let Some(connection) = self.connections.remove(&id) {
                self.sockets.remove(connection.handle);
            }
        }
        changed
    }
}

fn tell_open(events: &mut VecDeque<TcpEvent>, id: TcpId, connection: &mut Connection) {
    connection.phase = Phase::Open;
    events.push_back(match connection.listener {
        Some(listener) => TcpEvent::Accepted {
            listener,
            connection: id,
            local: connection.local,
            remote: connection.remote,
        },
        None => TcpEvent::Connected {
            connection: id,
            local: connection.local,
        },
    });
}

/// How often packets and bytes may beget each other at one moment; what is left over is due at the next.
const MAX_ROUNDS: usize = 64;
/// The time to the next moment at which something that remains due is tried again.
const LEAST_WAIT: Duration = Duration::from_millis(1);

fn socket() -> Socket<'static> {
    let mut socket = Socket::new(
        SocketBuffer::new(vec![0; BUFFER]),
        SocketBuffer::new(vec![0; BUFFER]),
    );
    socket.set_congestion_control(CongestionControl::None);
    // What a peer sends is a message and is not to wait for the next.
    socket.set_nagle_enabled(false);
    socket
}

/// smoltcp counts microseconds.
fn instant(now: SimTime) -> Instant {
    Instant::from_micros(i64::try_from(now.as_nanos() / 1_000).unwrap_or(i64::MAX))
}

fn endpoint(address: SocketAddr) -> IpEndpoint {
    IpEndpoint::new(address.ip().into(), address.port())
}

fn address(endpoint: IpEndpoint) -> SocketAddr {
    SocketAddr::new(endpoint.addr.into(), endpoint.port)
}

/// What the interface reads from and writes to.
#[derive(Debug, Default)]
struct Wire {
    inbound: Option<Vec<u8>>,
    outbound: VecDeque<Vec<u8>>,
}

impl Device for Wire {
    type RxToken<'a> = Arrived;
    type TxToken<'a> = Leaving<'a>;

    fn receive(&mut self, _: Instant) -> Option<(Arrived, Leaving<'_>)> {
        let packet = self.inbound.take()?;
        Some((Arrived(packet), Leaving(&mut self.outbound)))
    }

    fn transmit(&mut self, _: Instant) -> Option<Leaving<'_>> {
        Some(Leaving(&mut self.outbound))
    }

    fn capabilities(&self) -> DeviceCapabilities {
        let mut capabilities = DeviceCapabilities::default();
        capabilities.medium = Medium::Ip;
        capabilities.max_transmission_unit = MTU;
        capabilities
    }
}

struct Arrived(Vec<u8>);

impl RxToken for Arrived {
    fn consume<R, F: FnOnce(&[u8]) -> R>(self, read: F) -> R {
        read(&self.0)
    }
}

struct Leaving<'a>(&'a mut VecDeque<Vec<u8>>);

impl TxToken for Leaving<'_> {
    fn consume<R, F: FnOnce(&mut [u8]) -> R>(self, length: usize, write: F) -> R {
        let mut packet = vec![0; length];
        let result = write(&mut packet);
        self.0.push_back(packet);
        result
    }
}

#[cfg(test)]
mod tests;
