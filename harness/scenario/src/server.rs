//! Servers and names of the simulated internet.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// A STUN and TURN server, on a host of its own that has its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerPlan {
    /// Its name, which resolves to its addresses.
    pub name: String,
    /// Its addresses; at least one.
    pub addresses: Vec<IpAddr>,
    /// Its port.
    pub port: u16,
    /// Over what it is reached; at least one.
    pub transports: Vec<ServerTransport>,
    /// Whether it answers STUN Binding requests.
    pub stun: bool,
    /// How it relays; none if it does not.
    pub turn: Option<TurnPlan>,
    /// What it does other than it should; the first that matches a request decides.
    pub faults: Vec<ServerFault>,
}

impl ServerPlan {
    /// The port where a scenario does not say.
    pub const DEFAULT_PORT: u16 = 3478;
}

/// How a server relays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TurnPlan {
    /// The realm of its users.
    pub realm: String,
    /// The users with their passwords, in the order of the file; at least one.
    pub users: Vec<(String, String)>,
    /// The longest lifetime of an allocation, in whole seconds.
    pub lifetime: Duration,
    /// How long a nonce holds.
    pub nonce_lifetime: Duration,
    /// How many allocations a user may have at a time; none for no limit.
    pub quota: Option<u32>,
}

impl TurnPlan {
    /// The longest lifetime of an allocation where a scenario does not say.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(600);
    /// How long a nonce holds where a scenario does not say (RFC 8656 section 5 recommends at least once an hour).
    pub const DEFAULT_NONCE_LIFETIME: Duration = Duration::from_secs(3600);
}

/// Over what a server is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerTransport {
    /// UDP.
    Udp,
    /// TCP.
    Tcp,
}

impl ServerTransport {
    /// All of them.
    pub const ALL: &'static [ServerTransport] = &[ServerTransport::Udp, ServerTransport::Tcp];
    /// All of them as a scenario spells them, in the same order.
    pub const NAMES: &'static [&'static str] = &["udp", "tcp"];

    /// The transport as a scenario spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            ServerTransport::Udp => "udp",
            ServerTransport::Tcp => "tcp",
        }
    }
}

/// Something that a server does other than it should.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFault {
    /// At which requests.
    pub on: ServerRequest,
    /// Only the request of this number, from 1, of those that match; none for all.
    pub nth: Option<u32>,
    /// What it does.
    pub action: ServerFaultAction,
}

/// A kind of request to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerRequest {
    /// Any.
    Any,
    /// Binding.
    Binding,
    /// Allocate.
    Allocate,
    /// Refresh.
    Refresh,
    /// CreatePermission.
    CreatePermission,
    /// ChannelBind.
    ChannelBind,
}

impl ServerRequest {
    /// All kinds.
    pub const ALL: &'static [ServerRequest] = &[
        ServerRequest::Any,
        ServerRequest::Binding,
        ServerRequest::Allocate,
        ServerRequest::Refresh,
        ServerRequest::CreatePermission,
        ServerRequest::ChannelBind,
    ];
    /// All kinds as a scenario spells them, in the same order.
    pub const NAMES: &'static [&'static str] = &[
        "any",
        "Binding",
        "Allocate",
        "Refresh",
        "CreatePermission",
        "ChannelBind",
    ];

    /// The kind as a scenario spells it.
    pub fn as_str(self) -> &'static str {
        match self {
            ServerRequest::Any => "any",
            ServerRequest::Binding => "Binding",
            ServerRequest::Allocate => "Allocate",
            ServerRequest::Refresh => "Refresh",
            ServerRequest::CreatePermission => "CreatePermission",
            ServerRequest::ChannelBind => "ChannelBind",
        }
    }
}

/// What a server does other than it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerFaultAction {
    /// It does not answer.
    Silent,
    /// It answers with an error.
    Reject {
        /// The code, from 300 to 699.
        code: u16,
        /// The server to ask instead.
        alternate: Option<SocketAddr>,
    },
}

/// A name of the simulated internet that is no server's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamePlan {
    /// The name.
    pub name: String,
    /// What it resolves to; at least one.
    pub addresses: Vec<IpAddr>,
}
