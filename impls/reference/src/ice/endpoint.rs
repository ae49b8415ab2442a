//! Candidates as the agent holds them: with the transport addresses behind what is signalled, and what pairs with what.

use std::net::{IpAddr, SocketAddr};

use super::candidate::{Candidate, CandidateType, TcpType, TransportProtocol};

/// The base of a local candidate (RFC 8445 section 4): where its packets leave from. A base and a remote address name a
/// flow, which for TCP is a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// A bound UDP address.
    Udp(SocketAddr),
    /// An address that a TURN server relays to and from.
    Relay(SocketAddr),
    /// A TCP address (RFC 6544); an active one has the port 9.
    Tcp(TcpType, SocketAddr),
}

impl Base {
    /// The address itself.
    pub(super) fn address(self) -> SocketAddr {
        match self {
            Base::Udp(address) | Base::Relay(address) | Base::Tcp(_, address) => address,
        }
    }

    /// Whether packets may get lost on the way from here, so that requests are sent again.
    pub(super) fn is_reliable(self) -> bool {
        matches!(self, Base::Tcp(..))
    }

    /// What carries packets to the peer.
    pub(super) fn transport(self) -> TransportProtocol {
        match self {
            Base::Udp(_) | Base::Relay(_) => TransportProtocol::Udp,
            Base::Tcp(..) => TransportProtocol::Tcp,
        }
    }
}

/// A local candidate.
#[derive(Debug, Clone)]
pub(super) struct LocalCandidate {
    /// Unique in the agent.
    pub(super) id: u32,
    /// As it is signalled; its address may be a name, and its related address nothing.
    pub(super) candidate: Candidate,
    /// The address the peer sees.
    pub(super) address: SocketAddr,
    pub(super) base: Base,
}

impl LocalCandidate {
    /// RFC 8445 section 6.1.2.4: checks leave from the base, so a reflexive candidate pairs as its base does.
    pub(super) fn is_its_own_base(&self) -> bool {
        !matches!(
            self.candidate.candidate_type,
            CandidateType::ServerReflexive | CandidateType::PeerReflexive
        )
    }
}

/// A remote candidate.
#[derive(Debug, Clone)]
pub(super) struct RemoteCandidate {
    /// Unique in the agent.
    pub(super) id: u32,
    /// As it was signalled; its address may be a name.
    pub(super) candidate: Candidate,
    /// Where to send to.
    pub(super) address: SocketAddr,
}

impl RemoteCandidate {
    /// Whether packets from a base to this address go to this candidate.
    pub(super) fn is_at(&self, base: Base, address: SocketAddr) -> bool {
        self.address == address && self.candidate.transport == base.transport()
    }
}

/// RFC 8445 section 6.1.2.2 and RFC 6544 section 6.2: why checks cannot go from a base to a remote candidate, if they
/// cannot.
pub(super) fn why_not_pair(base: Base, remote: &RemoteCandidate) -> Option<&'static str> {
    if !is_reachable(base.address().ip(), remote.address.ip()) {
        return Some("no local candidate is of its address family and scope");
    }
    match (base, &remote.candidate.transport, remote.candidate.tcp_type) {
        (Base::Udp(_) | Base::Relay(_), TransportProtocol::Udp, _)
        | (Base::Tcp(TcpType::Active, _), TransportProtocol::Tcp, Some(TcpType::Passive))
        | (
            Base::Tcp(TcpType::SimultaneousOpen, _),
            TransportProtocol::Tcp,
            Some(TcpType::SimultaneousOpen),
        ) => None,
        (_, TransportProtocol::Tcp, Some(TcpType::Active)) => {
            Some("its tcptype is active: the peer connects, nobody connects to it")
        }
        _ => Some("no local candidate is of its transport and the opposite tcptype"),
    }
}

/// RFC 8445 section 6.1.2.2: pairs are of one family, and IPv6 link-local addresses go together only.
fn is_reachable(local: IpAddr, remote: IpAddr) -> bool {
    match (local, remote) {
        (IpAddr::V4(_), IpAddr::V4(_)) => true,
        (IpAddr::V6(local), IpAddr::V6(remote)) => {
            local.is_unicast_link_local() == remote.is_unicast_link_local()
        }
        _ => false,
    }
}

#[cfg(test)]
impl LocalCandidate {
    /// A local UDP candidate that is its own base, from its text.
    pub(super) fn from_text(text: &str) -> LocalCandidate {
        let candidate: Candidate = text.parse().unwrap();
        let address = candidate.socket_address().unwrap();
        let base = match candidate.tcp_type {
            Some(tcp_type) => Base::Tcp(tcp_type, address),
            None => Base::Udp(address),
        };
        LocalCandidate {
            id: 0,
            candidate,
            address,
            base,
        }
    }
}

#[cfg(test)]
impl RemoteCandidate {
    /// A remote candidate from its text.
    pub(super) fn from_text(text: &str) -> RemoteCandidate {
        let candidate: Candidate = text.parse().unwrap();
        let address = candidate.socket_address().unwrap();
        RemoteCandidate {
            id: 0,
            candidate,
            address,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(local: &str, remote: &str) -> bool {
        let local = LocalCandidate::from_text(&format!("candidate:1 1 {local} typ host"));
        let remote = RemoteCandidate::from_text(&format!("candidate:1 1 {remote} typ host"));
        why_not_pair(local.base, &remote).is_none()
    }

    #[test]
    fn no_pair_goes_across_families_and_link_local_addresses_go_together() {
        assert!(pairs("udp 5 192.0.2.1 1", "udp 5 192.0.2.2 1"));
        assert!(!pairs("udp 5 192.0.2.1 1", "udp 5 2001:db8::2 1"));
        assert!(!pairs("udp 5 fe80::1 1", "udp 5 2001:db8::2 1"));
        assert!(pairs("udp 5 fe80::1 1", "udp 5 fe80::2 1"));
    }

    #[test]
    fn tcp_candidates_pair_by_the_table_of_rfc_6544() {
        let types = ["active", "passive", "so"];
        for local in types {
            for remote in types {
                let local_text = "candidate:1 1 tcp 5 192.0.2.1 1 typ host tcptype ".to_owned() + local;
                let remote_text = "candidate:1 1 tcp 5 192.0.2.2 1 typ host tcptype ".to_owned() + remote;
                let reason = why_not_pair(
                    LocalCandidate::from_text(&local_text).base,
                    &RemoteCandidate::from_text(&remote_text),
                );
                let expected = matches!((local, remote), ("active", "passive") | ("so", "so"));
                assert_eq!(reason.is_none(), expected, "{local} {remote}");
            }
        }
        assert!(!pairs("udp 5 192.0.2.1 1", "tcp 5 192.0.2.2 1"));
    }
}
