//! What a server is like.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::time::Duration;

/// What a server is like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerPlan {
    /// The port that it listens at.
    pub port: u16,
    /// Over what it is reached; at least one.
    pub transports: BTreeSet<Transport>,
    /// Whether it answers Binding requests.
    pub stun: bool,
    /// How it relays; none if it does not.
    pub turn: Option<TurnPlan>,
    /// What it does other than it should; the first that matches a request decides.
    pub faults: Vec<ServerFault>,
}

/// The port of STUN and TURN (RFC 8489 section 8, RFC 8656 section 3.1).
pub const DEFAULT_PORT: u16 = 3478;

/// The lifetime of an allocation where neither client nor plan says (RFC 8656 section 3.2).
pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);

/// Over what a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

/// How a server relays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnPlan {
    /// The realm of its users.
    pub realm: String,
    /// The users with their passwords.
    pub users: BTreeMap<String, String>,
    /// The longest lifetime of an allocation, in whole seconds.
    pub lifetime: Duration,
    /// How long a nonce holds.
    pub nonce_lifetime: Duration,
    /// How many allocations a user may have at a time; none for no limit but the server's.
    pub quota: Option<u32>,
}

/// Something that a server does other than it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFault {
    /// At which requests.
    pub on: RequestKind,
    /// Only the request of this number, from 1, of those that match; none for all.
    pub nth: Option<u32>,
    /// What it does.
    pub action: ServerFaultAction,
}

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestKind {
    /// Any.
    Any,
    /// Binding (RFC 8489 section 3).
    Binding,
    /// Allocate (RFC 8656 section 7).
    Allocate,
    /// Refresh (RFC 8656 section 8).
    Refresh,
    /// CreatePermission (RFC 8656 section 10).
    CreatePermission,
    /// ChannelBind (RFC 8656 section 12).
    ChannelBind,
}

/// What a server does other than it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerFaultAction {
    /// It does not answer.
    Silent,
    /// It answers a request that is authentic, where that is asked for, with this error, from 300 to 699.
    Reject {
        /// The error code.
        code: u16,
        /// The server to ask instead (RFC 8489 section 10).
        alternate: Option<SocketAddr>,
    },
}
