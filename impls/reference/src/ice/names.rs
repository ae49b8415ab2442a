//! Names in place of addresses: of servers, of remote candidates, and of our own (draft-ietf-mmusic-mdns-ice-candidates).

use std::net::{IpAddr, SocketAddr};

use glare_peer::SimTime;

use super::agent::IceAgent;
use super::candidate::{Candidate, CandidateAddress};
use super::endpoint;
use super::endpoint::RemoteCandidate;
use super::generation::CandidateUse;
use super::{IceRequest, ResolveId};

/// Names that are being resolved, and those that stand for our own addresses.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Questions without answer yet. Each belongs to a server or to a remote candidate, whose numbers are bounded.
    questions: Vec<(ResolveId, String)>,
    /// Our own names, one an address.
    registered: Vec<(IpAddr, String)>,
    next: u32,
}

impl IceAgent {
    /// The host looked a name up, of [`IceRequest::Resolve`]: its addresses, best first, or why there are none. An answer
    /// that nobody waits for any more changes nothing.
    pub(crate) fn resolved(&mut self, now: SimTime, id: ResolveId, answer: Result<&[IpAddr], &str>) {
        let position = self.names.questions.iter().position(|(known, _)| *known == id);
        let Some(position) = position.filter(|_| !self.closed) else {
            return;
        };
        self.clock = self.clock.max(now);
        self.names.questions.remove(position);
        let waiting = std::mem::take(&mut self.current.unresolved);
        for (question, candidate) in waiting {
            if question != id {
                self.current.unresolved.push((question, candidate));
            } else if let Ok(addresses) = answer
                && let Some(address) = self.choose_address(&candidate, addresses)
            {
                // A name that stands for an unusable address is dropped like one that stands for none.
                let address = SocketAddr::new(address, candidate.port);
                self.current.add_remote(now, candidate, address, self.role);
            }
        }
        self.server_resolved(id, answer);
        self.settle(now);
    }

    /// Asks for the addresses of a name, once for all who wait for them.
    pub(super) fn ask_for(&mut self, name: &str) -> ResolveId {
        let known = self.names.questions.iter().find(|(_, asked)| asked == name);
        if let Some((id, _)) = known {
            return *id;
        }
        let id = ResolveId(self.names.next);
        self.names.next = self.names.next.wrapping_add(1);
        self.names.questions.push((id, name.to_owned()));
        let name = name.to_owned();
        self.requests.push_back(IceRequest::Resolve { id, name });
        id
    }

    /// A remote candidate whose address is a name has no effect until it is resolved.
    pub(super) fn resolve_candidate(&mut self, candidate: Candidate) -> CandidateUse {
        let CandidateAddress::Name(name) = &candidate.address else {
            return CandidateUse::Ignored("its address is no name");
        };
        let is_same = |known: &Candidate| {
            known.address == candidate.address
                && known.port == candidate.port
                && known.transport == candidate.transport
                && known.tcp_type == candidate.tcp_type
        };
        let mut remotes = self.current.remote_candidates.iter();
        let mut unresolved = self.current.unresolved.iter();
        if remotes.any(|remote| is_same(&remote.candidate)) || unresolved.any(|(_, known)| is_same(known)) {
            return CandidateUse::Known;
        }
        if !self.current.has_room() {
            return CandidateUse::Ignored("there are 100 already");
        }
        let name = name.to_ascii_lowercase();
        let id = self.ask_for(&name);
        self.current.unresolved.push((id, candidate));
        CandidateUse::Resolving
    }

    /// Of the addresses of a remote candidate, the first that a local candidate pairs with, else the first.
    fn choose_address(&self, candidate: &Candidate, addresses: &[IpAddr]) -> Option<IpAddr> {
        let can_pair = |address: &IpAddr| {
            let remote = RemoteCandidate {
                id: 0,
                candidate: candidate.clone(),
                address: SocketAddr::new(*address, candidate.port),
            };
            let mut locals = self.current.local_candidates.iter();
            locals.any(|local| endpoint::why_not_pair(local.base, &remote).is_none())
        };
        let paired = addresses.iter().copied().find(can_pair);
        paired.or_else(|| addresses.first().copied())
    }

    /// draft-ietf-mmusic-mdns-ice-candidates section 3.1.1: the name that stands for one of our addresses; made, and
    /// registered, when it is first needed.
    pub(super) fn name_of(&mut self, address: IpAddr) -> String {
        let mut registered = self.names.registered.iter();
        if let Some((_, name)) = registered.find(|(known, _)| *known == address) {
            return name.clone();
        }
        let name = format!("{}.local", random_uuid(&mut self.rng));
        self.names.registered.push((address, name.clone()));
        self.requests.push_back(IceRequest::RegisterName {
            name: name.clone(),
            address,
        });
        name
    }
}

/// A random UUID (RFC 9562 section 5.4).
fn random_uuid(rng: &mut fastrand::Rng) -> String {
    const VERSION: u128 = 0x4 << 76;
    const VARIANT: u128 = 0b10 << 62;
    let random = rng.u128(..) & !(0xf << 76) & !(0b11 << 62);
    let digits = format!("{:032x}", random | VERSION | VARIANT);
    let (a, rest) = digits.split_at(8);
    let (b, rest) = rest.split_at(4);
    let (c, rest) = rest.split_at(4);
    let (d, e) = rest.split_at(4);
    format!("{a}-{b}-{c}-{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_uuid_is_of_version_4_and_depends_on_the_seed_alone() {
        let uuid = random_uuid(&mut fastrand::Rng::with_seed(3));
        assert_eq!(uuid, random_uuid(&mut fastrand::Rng::with_seed(3)));
        let parts: Vec<&str> = uuid.split('-').collect();
        assert_eq!(
            parts.iter().map(|part| part.len()).collect::<Vec<_>>(),
            [8, 4, 4, 4, 12]
        );
        assert!(parts[2].starts_with('4'));
        assert!(parts[3].starts_with(['8', '9', 'a', 'b']));
    }
}
