//! ICE: a full agent (RFC 8445) with trickle (RFC 8838), restart, consent (RFC 7675), candidates from STUN and TURN
//! servers (RFC 8489, RFC 8656), TCP candidates (RFC 6544) and mDNS names; and a lite one.
//!
//! [`IceAgent`] is the whole room. It is fed packets, answers to its requests and the time, and gives packets, requests,
//! events and its next deadline. Read `agent` first, which holds the API, then `inbound` for what packets do, `decisions`
//! for what follows and `checks` for what is sent when. `generation` is what lives from one restart to the next,
//! `checklist` the pairs in it, `endpoint` the candidates as the agent holds them, `transaction` one check, `consent`
//! the pair in use.
//!
//! `gathering` finds candidates, with `turn` for one allocation; `streams` holds TCP connections, with `framing` for what
//! goes over them and `tls` for what goes over those to `turns:` servers; `names` waits for names to be resolved; `statistics` counts. `server`, `candidate`, `credentials` and
//! `stun` are the formats. An agent may gather long before it is used: its events wait until they are taken.

mod agent;
mod candidate;
mod checklist;
mod checks;
mod configuration;
mod consent;
mod credentials;
mod decisions;
mod endpoint;
mod framing;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod gathering;
mod generation;
mod inbound;
mod names;
mod server;
mod statistics;
mod streams;
mod stun;
#[cfg(test)]
mod tests;
mod tls;
mod transaction;
mod turn;

use std::net::{IpAddr, SocketAddr};

use glare_peer::IceTransportState;

pub(crate) use agent::IceAgent;
pub(crate) use candidate::{
    Candidate, CandidateAddress, CandidateType, ParseCandidateError, TcpType, TransportProtocol,
};
pub(crate) use checklist::PairState;
pub(crate) use configuration::{IceConfiguration, LocalAddresses};
pub(crate) use credentials::IceCredentials;
pub(crate) use generation::CandidateUse;
pub(crate) use server::{IceServer, IceServerError, ServerHost, ServerScheme, ServerTransport, ServerUrl};
pub(crate) use statistics::{CandidateStatistics, IceStatistics, PairStatistics};

/// RFC 8445 section 6.1.1: who decides which pair is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Nominates the pair to use.
    Controlling,
    /// Follows the other side's nomination.
    Controlled,
}

impl Role {
    /// The other role.
    pub(crate) fn opposite(self) -> Role {
        match self {
            Role::Controlling => Role::Controlled,
            Role::Controlled => Role::Controlling,
        }
    }
}

/// A UDP datagram to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transmit {
    /// The bound address it leaves from.
    pub local: SocketAddr,
    /// Where it goes.
    pub remote: SocketAddr,
    /// The UDP payload.
    pub data: Vec<u8>,
}

/// Names a question for the addresses of a name; unique in the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ResolveId(pub u32);

/// Names a TCP listener; unique in the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct ListenerId(pub u32);

/// Names a TCP connection, made or accepted; unique in the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StreamId(pub u32);

/// What the agent asks of its host beside sending datagrams.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IceRequest {
    /// Find the addresses of a name, one in `.local` by multicast (RFC 6762); answered by [`IceAgent::resolved`].
    Resolve {
        /// Names the question.
        id: ResolveId,
        /// What to look up.
        name: String,
    },
    /// Answer for a name on the local links from now on (RFC 6762), until the agent is closed.
    RegisterName {
        /// A name that ends in `.local`.
        name: String,
        /// Its only address.
        address: IpAddr,
    },
    /// Listen for TCP connections; answered by [`IceAgent::listening`], and by [`IceAgent::accepted`] for each.
    Listen {
        /// Names the listener.
        id: ListenerId,
        /// Where to listen. Port 0 leaves the port to the host.
        local: SocketAddr,
    },
    /// Do not listen any more. Connections that were accepted stay.
    StopListening {
        /// Names the listener.
        id: ListenerId,
    },
    /// Open a TCP connection; answered by [`IceAgent::connected`] or [`IceAgent::disconnected`].
    Connect {
        /// Names the connection.
        id: StreamId,
        /// Where it leaves from. Port 0 leaves the port to the host.
        local: SocketAddr,
        /// Where it goes.
        remote: SocketAddr,
    },
    /// Send on a TCP connection that is open.
    Send {
        /// Names the connection.
        id: StreamId,
        /// Bytes of the stream.
        data: Vec<u8>,
    },
    /// Close a TCP connection, or give up opening it. Nothing is told of it any more.
    Close {
        /// Names the connection.
        id: StreamId,
    },
}

/// The two candidates that data goes between, and where packets leave from and go to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SelectedPair {
    /// `RTCIceCandidatePair.local`.
    pub local: Candidate,
    /// `RTCIceCandidatePair.remote`.
    pub remote: Candidate,
    /// The base of the local candidate: the bound, relayed or connected address.
    pub local_address: SocketAddr,
    /// The address of the peer.
    pub remote_address: SocketAddr,
}

/// Why a server gave no candidate: what `icecandidateerror` says (webrtc-pc#rtcpeerconnectioniceerrorevent).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct CandidateError {
    /// The local address that the server was asked from; none where no local candidate shows it.
    pub address: Option<SocketAddr>,
    /// The URL of the server, as it was configured.
    pub url: String,
    /// The `ERROR-CODE` of the server, from 300 to 699, or 701 where no answer came.
    pub error_code: u16,
    /// The reason phrase of the server, or what went wrong.
    pub error_text: String,
}

/// What the agent has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IceEvent {
    /// A local candidate of the current generation was gathered.
    LocalCandidate(Candidate),
    /// A server gave no candidate for the current generation.
    CandidateError(CandidateError),
    /// There are no more local candidates in the current generation. One that a restart ends before gets none.
    GatheringComplete,
    /// The state is another one now (webrtc-pc#rtcicetransportstate).
    StateChange(IceTransportState),
    /// Data goes between these two candidates from now on; they may have the addresses of the generation before.
    SelectedPair(Box<SelectedPair>),
    /// A role conflict was resolved by taking the other role (RFC 8445 sections 7.2.5.1 and 7.3.1.1), or the peer turned
    /// out to be lite (section 6.1.1).
    RoleChange(Role),
}

/// Why application data was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SendError {
    /// There is no pair with consent to send on.
    #[error("there is no selected candidate pair")]
    NoPath,
    /// The pair's TCP connection takes packets of at most 65,535 bytes (RFC 4571 section 2).
    #[error("a packet of {0} bytes is longer than the 65,535 that RFC 4571 frames")]
    TooLong(usize),
    /// The pair's TCP connection or TURN allocation is not there any more.
    #[error("what carried the selected candidate pair is gone")]
    Gone,
}
