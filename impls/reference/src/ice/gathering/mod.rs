//! Gathering (RFC 8445 section 5.1): host candidates, and those that STUN and TURN servers give.

mod found;
mod sessions;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use glare_peer::{IceTransportPolicy, SimTime};
use stun_types::attribute::{AlternateServer, ErrorCode, XorMappedAddress};
use stun_types::message::{BINDING, Message, MessageClass, TransactionId};

use crate::ice::agent::IceAgent;
use crate::ice::candidate::{CandidateAddress, CandidateType, TcpType};
use crate::ice::configuration::{LocalAddresses, interleave, may_be_gathered};
use crate::ice::endpoint::Base;
use crate::ice::generation::{Found, hidden};
use crate::ice::server::{IceServer, ServerHost, ServerScheme, ServerTransport};
use crate::ice::tls::TlsClient;
use crate::ice::transaction::{Due, MINIMUM_TIMEOUT, Schedule};
use crate::ice::turn::{TurnClient, TurnEvent};
use crate::ice::{CandidateError, IceEvent, ResolveId, SendError, stun};

/// The `errorCode` of `icecandidateerror` for a server that cannot be reached.
pub(super) const UNREACHABLE: u16 = 701;
/// RFC 8445 section 11, Tr: how often the binding behind a server-reflexive candidate is kept alive.
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// How often a server may name another one (RFC 8489 section 10), lest they do so for ever.
const MAXIMUM_REDIRECTIONS: u8 = 4;
/// The greatest number of servers that are asked, each from each local address.
const MAXIMUM_SERVERS: usize = 32;
/// Room in the local preference for the servers of one local address.
const SERVERS_PER_RANK: u16 = MAXIMUM_SERVERS as u16;

/// One server asked from one local address.
#[derive(Debug)]
struct Session {
    id: u32,
    server: IceServer,
    /// The bound UDP address, or the address of the connection, whose port is 0 until it is open.
    local: SocketAddr,
    /// Where the server is, once its name is resolved.
    remote: Option<SocketAddr>,
    /// The order of preference among all sessions.
    rank: u16,
    stage: Stage,
    /// What lies over the connection, where TLS does.
    tls: Option<Box<TlsClient>>,
    /// Whether the current generation waits for it.
    is_awaited: bool,
    redirections: u8,
}

#[derive(Debug)]
enum Stage {
    Resolving(ResolveId),
    /// Waits for its turn (RFC 8445 section 14).
    Ready,
    Probing(Probe),
    /// The server told the address; the next keepalive leaves at this time.
    Mapped(SimTime),
    /// A connection to the server is being opened.
    Connecting,
    Turn(Box<TurnClient>),
    Failed(u16),
}

/// A Binding request to a STUN server.
#[derive(Debug)]
struct Probe {
    id: TransactionId,
    packet: Vec<u8>,
    schedule: Schedule,
}

/// The servers of an agent.
#[derive(Debug, Default)]
pub(super) struct Gathering {
    sessions: Vec<Session>,
    next_session: u32,
    /// Whether the bindings of server-reflexive candidates may still be of use.
    keeps_alive: bool,
}

impl Gathering {
    /// Whether a transaction with a server waits for its turn.
    pub(super) fn has_start(&self) -> bool {
        let mut sessions = self.sessions.iter();
        sessions.any(|session| matches!(session.stage, Stage::Ready))
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> Option<SimTime> {
        let deadlines = self.sessions.iter().filter_map(|session| match &session.stage {
            Stage::Probing(probe) => Some(probe.schedule.deadline()),
            Stage::Mapped(keepalive) => Some(*keepalive).filter(|_| self.keeps_alive),
            Stage::Turn(client) => client.deadline(),
            Stage::Resolving(_) | Stage::Ready | Stage::Connecting | Stage::Failed(_) => None,
        });
        deadlines.min()
    }

    /// A generation ended: only allocations outlive it.
    pub(super) fn forget_probes(&mut self) {
        self.sessions
            .retain(|session| matches!(session.stage, Stage::Turn(_) | Stage::Connecting));
        for session in &mut self.sessions {
            session.is_awaited = false;
        }
    }

    fn find(&mut self, id: u32) -> Option<&mut Session> {
        self.sessions.iter_mut().find(|session| session.id == id)
    }
}

impl IceAgent {
    /// RFC 8445 section 5.1: gathers candidates for the current generation from these addresses and the configured
    /// servers. An [`IceEvent::LocalCandidate`] for each, host candidates at once and best first, an
    /// [`IceEvent::CandidateError`] for what a server refuses, then [`IceEvent::GatheringComplete`]. After a restart the
    /// new generation has to gather again. Addresses that the generation has already are passed over.
    pub(crate) fn gather(&mut self, now: SimTime, addresses: &LocalAddresses) {
        if self.closed {
            return;
        }
        self.clock = self.clock.max(now);
        self.current.policy = self.configuration.transport_policy;
        self.current.gathering = true;
        self.current.gathered = false;
        let ips: Vec<IpAddr> = addresses
            .udp
            .iter()
            .chain(&addresses.tcp_passive)
            .chain(&addresses.tcp_simultaneous_open)
            .map(SocketAddr::ip)
            .chain(addresses.tcp_active.iter().copied())
            .collect();
        let mut usable: Vec<IpAddr> = ips
            .iter()
            .copied()
            .filter(|ip| may_be_gathered(*ip, &ips))
            .collect();
        usable.sort_unstable();
        usable.dedup();
        let ordered = interleave(&usable);
        for (rank, ip) in (0..).zip(&ordered) {
            for address in addresses.udp.iter().filter(|address| address.ip() == *ip) {
                self.add_udp_host(*address, rank);
            }
        }
        if self.configuration.transport_policy == IceTransportPolicy::All && !self.configuration.lite {
            self.gather_tcp(addresses, &ordered);
        }
        if !self.configuration.lite {
            self.gather_from_servers(addresses, &ordered);
        }
        self.conclude_gathering();
        self.settle(now);
    }

    /// RFC 8445 section 5.1.1.1.
    fn add_udp_host(&mut self, address: SocketAddr, rank: u16) {
        let is_hidden = self.configuration.hide_addresses
            && self.configuration.transport_policy == IceTransportPolicy::All;
        let name = is_hidden.then(|| self.name_of(address.ip()));
        self.found(Found {
            candidate_type: CandidateType::Host,
            address,
            base: Base::Udp(address),
            local_preference: u16::MAX - rank,
            related: None,
            name,
            server: None,
        });
    }

    /// RFC 6544 section 5.1.
    fn gather_tcp(&mut self, addresses: &LocalAddresses, ordered: &[IpAddr]) {
        /// RFC 6544 section 4.5: the port of active candidates.
        const ACTIVE_PORT: u16 = 9;
        for (rank, ip) in (0..).zip(ordered) {
            if addresses.tcp_active.contains(ip) {
                let address = SocketAddr::new(*ip, ACTIVE_PORT);
                self.add_tcp(Base::Tcp(TcpType::Active, address), rank);
            }
            for address in addresses.tcp_passive.iter().filter(|address| address.ip() == *ip) {
                self.listen(*address, rank);
            }
            let simultaneous = addresses.tcp_simultaneous_open.iter();
            for address in simultaneous.filter(|address| address.ip() == *ip) {
                self.add_tcp(Base::Tcp(TcpType::SimultaneousOpen, *address), rank);
            }
        }
    }

    /// RFC 8445 section 5.1.1.2: asks each server from each local address that may reach it. An allocation of an earlier
    /// generation serves this one too.
    fn gather_from_servers(&mut self, addresses: &LocalAddresses, ordered: &[IpAddr]) {
        let servers: Vec<IceServer> = self.configuration.servers.clone();
        let is_relay_only = self.configuration.transport_policy == IceTransportPolicy::Relay;
        self.gathering.keeps_alive = true;
        for (number, server) in (0..).zip(servers.into_iter().take(MAXIMUM_SERVERS)) {
            let is_stun = matches!(server.url.scheme, ServerScheme::Stun | ServerScheme::Stuns);
            if is_stun && is_relay_only {
                continue;
            }
            if let Some(why) = why_unsupported(&server) {
                self.report(None, &server.url.to_string(), UNREACHABLE, why);
                continue;
            }
            let mut is_asked = false;
            for (rank, ip) in (0..).zip(ordered) {
                let locals: Vec<SocketAddr> = match server.url.transport {
                    ServerTransport::Udp | ServerTransport::Dtls => {
                        let bound = addresses.udp.iter().copied();
                        bound.filter(|address| address.ip() == *ip).collect()
                    }
                    ServerTransport::Tcp | ServerTransport::Tls => vec![SocketAddr::new(*ip, 0)],
                };
                for local in locals {
                    let rank = number + SERVERS_PER_RANK.saturating_mul(rank);
                    is_asked |= self.ask_server(&server, local, rank);
                }
            }
            if !is_asked {
                let why = "no local address is of the address family of the server";
                self.report(None, &server.url.to_string(), UNREACHABLE, why);
            }
        }
    }

    /// Begins a session, or takes over the allocation of an earlier generation. Returns whether there is one.
    fn ask_server(&mut self, server: &IceServer, local: SocketAddr, rank: u16) -> bool {
        let mut sessions = self.gathering.sessions.iter_mut();
        let known = sessions.find(|known| {
            known.server == *server
                && (known.local == local || (local.port() == 0 && known.local.ip() == local.ip()))
                && !matches!(known.stage, Stage::Failed(_))
        });
        if let Some(known) = known {
            known.is_awaited = true;
            let id = known.id;
            self.add_allocated(id);
            return true;
        }
        let (remote, stage) = match &server.url.host {
            ServerHost::Ip(ip) if ip.is_ipv4() != local.is_ipv4() => return false,
            ServerHost::Ip(ip) => (Some(SocketAddr::new(*ip, server.url.port)), Stage::Ready),
            ServerHost::Name(name) => (None, Stage::Resolving(self.ask_for(name))),
        };
        let id = self.gathering.next_session;
        self.gathering.next_session = id.wrapping_add(1);
        self.gathering.sessions.push(Session {
            id,
            server: server.clone(),
            local,
            remote,
            rank,
            stage,
            tls: None,
            is_awaited: true,
            redirections: 0,
        });
        true
    }

    /// webrtc-pc#dom-rtcpeerconnectioniceerrorevent-address: the local address is told only where a candidate shows it.
    fn report(&mut self, local: Option<SocketAddr>, url: &str, error_code: u16, error_text: &str) {
        let is_shown = |local: &SocketAddr| {
            let mut candidates = self.current.local_candidates.iter();
            candidates.any(|known| known.candidate.address == CandidateAddress::Ip(local.ip()))
        };
        self.events.push_back(IceEvent::CandidateError(CandidateError {
            address: local.filter(is_shown),
            url: url.to_owned(),
            error_code,
            error_text: error_text.to_owned(),
        }));
    }
}

/// What this agent does not do, said and not faked.
fn why_unsupported(server: &IceServer) -> Option<&'static str> {
    match (server.url.scheme, server.url.transport) {
        (ServerScheme::Stuns, _) => Some("unsupported: STUN over TLS shows TCP addresses only"),
        (_, ServerTransport::Dtls) => Some("unsupported: TURN over DTLS"),
        _ => None,
    }
}
