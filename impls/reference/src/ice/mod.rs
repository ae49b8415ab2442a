//! ICE: a full agent (RFC 8445) with trickle (RFC 8838), restart and consent (RFC 7675).
//!
//! [`IceAgent`] is the whole room; it is fed packets and the time, and gives packets, events and its next deadline.
//! Read `agent` first, which holds the API and the timers, then `inbound` for what packets do and `decisions` for what
//! follows. `generation` is what lives from one restart to the next, `checklist` the pairs in it, `transaction` one check, `consent` the pair in use.
//! `candidate`, `credentials` and `stun` are the formats.

mod agent;
mod candidate;
mod checklist;
mod consent;
mod credentials;
mod decisions;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod generation;
mod inbound;
mod stun;
#[cfg(test)]
mod tests;
mod transaction;

use std::net::SocketAddr;

use glare_peer::IceTransportState;

pub(crate) use agent::IceAgent;
pub(crate) use candidate::{
    Candidate, CandidateAddress, CandidateType, ParseCandidateError, TcpType, TransportProtocol,
};
pub(crate) use credentials::IceCredentials;
pub(crate) use generation::CandidateUse;

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

/// A packet to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transmit {
    /// The bound address it leaves from.
    pub local: SocketAddr,
    /// Where it goes.
    pub remote: SocketAddr,
    /// The UDP payload.
    pub data: Vec<u8>,
}

/// What the agent has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IceEvent {
    /// A local candidate of the current generation was gathered.
    LocalCandidate(Candidate),
    /// There are no more local candidates in this generation.
    GatheringComplete,
    /// The state is another one now (webrtc-pc#rtcicetransportstate).
    StateChange(IceTransportState),
    /// Data goes between these two addresses from now on; they may be those of the generation before.
    SelectedPair {
        /// The bound local address.
        local: SocketAddr,
        /// The address of the peer.
        remote: SocketAddr,
    },
    /// A role conflict was resolved by taking the other role (RFC 8445 sections 7.2.5.1 and 7.3.1.1).
    RoleChange(Role),
}
