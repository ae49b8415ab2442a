//! The contract between the harness and an implementation.
//!
//! An [`Implementation`] makes [`Peer`]s. A peer is driven from outside and owns no thread, no clock, no socket and no
//! chance of its own: the harness tells it the time, gives it calls and datagrams, and asks it to go on.
//!
//! [`Peer::step`] stops wherever the specification lets script run: at each event, when a promise settles, and at the end
//! of a task. The harness runs listeners there and may [`Peer::call`] and [`Peer::read`] before it steps on. A call may
//! come between any two steps, so what a peer has queued must hold for that.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::identity::{IdentityAnswer, IdentityRequest};
use crate::network::{NetworkRequest, TcpSocket};
use crate::{Attribute, Configuration, Event, Exception, Handle, Operation, SimTime, Value};

/// Something that can be cast in a role of a scenario.
pub trait Implementation: Send + Sync {
    /// Who it is and what it can do.
    fn about(&self) -> About;

    /// Constructs a connection: `new RTCPeerConnection(configuration)` on a host of the simulated internet.
    ///
    /// # Errors
    ///
    /// What the constructor throws, or what the implementation cannot do.
    fn create(&self, host: HostView, configuration: Configuration) -> Result<Box<dyn Peer>, CreateError>;
}

/// A connection under test.
pub trait Peer {
    /// Calls a method. `id` names the promise, should one come out.
    fn call(&mut self, now: SimTime, id: OperationId, operation: Operation) -> Called;

    /// Something arrives from the host's network. What it causes comes out of the next [`Peer::step`]s.
    fn input(&mut self, now: SimTime, input: Input);

    /// Goes on until script may run or nothing is left to do at `now`. After [`Step::Idle`] the harness comes back at the
    /// deadline, after a call or after an input, whichever is first.
    fn step(&mut self, now: SimTime, out: &mut Outbox) -> Step;

    /// Reads an attribute, without side effect.
    ///
    /// # Errors
    ///
    /// [`Unsupported`] where the implementation has no such object or attribute.
    fn read(&self, object: Handle, attribute: Attribute) -> Result<Value, Unsupported>;
}

/// What an implementation says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The name it is cast by, such as `str0m`.
    pub name: String,
    /// The version under test.
    pub version: String,
    /// How finely [`Peer::step`] stops.
    pub granularity: Granularity,
    /// Whether the same seed and input give the same output byte for byte.
    pub deterministic: bool,
    /// Attributes that the adapter works out because the implementation has no such notion, each with how.
    pub derived: Vec<String>,
    /// What scenarios may ask for with `requires`, such as `rollback`.
    pub capabilities: Vec<String>,
}

/// How finely a peer can be stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Granularity {
    /// At every point where the specification lets script run.
    Step,
    /// Only at whole events: their order within one task proves nothing.
    Event,
}

/// What a peer is told of the host it lives on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostView {
    /// The role it plays, for messages.
    pub role: String,
    /// The host's addresses, in the order of its interfaces.
    pub addresses: Vec<IpAddr>,
    /// The UDP ports that this peer alone may send from and receive at.
    pub ports: RangeInclusive<u16>,
    /// The seed of the peer's own generator.
    pub seed: u64,
    /// The wall clock at [`SimTime::ZERO`], since the Unix epoch.
    pub unix_time: Duration,
    /// The origin of the page that the connection belongs to, such as `https://a.example` (RFC 6454).
    pub origin: String,
}

/// Names the promise of a call within a run; the harness never gives one out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct OperationId(pub u64);

/// How a call came back.
#[derive(Debug, Clone, PartialEq)]
pub enum Called {
    /// With a value; nothing follows.
    Returned(Value),
    /// With an exception; nothing follows.
    Threw(Exception),
    /// With a promise: [`Step::Settled`] follows, unless the specification leaves it pending for ever.
    Promise,
    /// Not at all: the implementation cannot do it. The call had no effect.
    Unsupported(Unsupported),
}

/// Something from the host's network.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Input {
    /// A UDP datagram to one of the peer's ports.
    Datagram(Datagram),
    /// The answer to a [`NetworkRequest::Resolve`].
    Resolved {
        /// Which query.
        query: u64,
        /// The addresses; none if the name could not be resolved.
        addresses: Vec<IpAddr>,
    },
    /// A connection that was asked for with [`NetworkRequest::TcpConnect`] is open.
    TcpConnected {
        /// The socket.
        socket: TcpSocket,
        /// The address it goes from, with the port that the host chose.
        local: SocketAddr,
    },
    /// A socket that listens has accepted a connection.
    TcpAccepted {
        /// The socket that listens.
        listener: TcpSocket,
        /// The new socket; chosen by the host.
        socket: TcpSocket,
        /// Its local address.
        local: SocketAddr,
        /// Who connected.
        remote: SocketAddr,
    },
    /// Bytes have come on a connection, in order.
    TcpReceived {
        /// The socket.
        socket: TcpSocket,
        /// The bytes.
        data: Vec<u8>,
    },
    /// A connection was refused, closed by the other side, reset, or gave up. Nothing comes of the socket after this.
    TcpClosed {
        /// The socket.
        socket: TcpSocket,
    },
    /// An identity provider answered an [`IdentityRequest`].
    Identity {
        /// Which request.
        request: u64,
        /// What it said.
        answer: IdentityAnswer,
    },
}

/// A UDP datagram as a peer sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datagram {
    /// The address of this peer: source of what it sends, destination of what it receives.
    pub local: SocketAddr,
    /// The address of the other side.
    pub remote: SocketAddr,
    /// The payload.
    pub data: Vec<u8>,
}

/// What a peer gives out beside the step itself. The harness drains it after each step.
#[derive(Debug, Default)]
pub struct Outbox {
    /// Datagrams to send, in order.
    pub datagrams: Vec<Datagram>,
    /// What is asked of the host's network beside that, in order.
    pub network: Vec<NetworkRequest>,
    /// What is asked of identity providers.
    pub identity: Vec<IdentityRequest>,
    /// Lines in the NSS key log format, so that captures can be decrypted.
    pub secrets: Vec<String>,
    /// What a person who studies the run should know and no event says, such as why a handshake failed.
    pub notes: Vec<String>,
}

/// Why [`Peer::step`] stopped.
#[derive(Debug, Clone, PartialEq)]
pub enum Step {
    /// An event is being fired: its listeners run now.
    Fired(Event),
    /// A promise settled: its reactions run now.
    Settled(OperationId, Result<Value, Exception>),
    /// A promise will never settle, because only now it came out that the implementation cannot do the operation.
    Unsupported(OperationId, Unsupported),
    /// A task ended: microtasks have run, and the harness may start a task of its own.
    TaskEnd,
    /// Nothing is left to do until the deadline, if there is one.
    Idle(Option<SimTime>),
}

/// What an implementation cannot do. A verdict of its own: never a pass, never a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsupported(pub String);

impl Unsupported {
    /// Says what it is that the implementation cannot do.
    pub fn new(what: impl Into<String>) -> Unsupported {
        Unsupported(what.into())
    }
}

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsupported {}

/// Why a connection was not constructed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// The constructor threw.
    #[error("the constructor threw {0}")]
    Threw(Exception),
    /// The implementation cannot do what the configuration asks for.
    #[error("unsupported: {0}")]
    Unsupported(Unsupported),
}
