//! What lives from one restart to the next: credentials, candidates, pairs and the pair in use (RFC 8445 section 9).

use std::collections::BTreeSet;
use std::net::SocketAddr;

use glare_peer::SimTime;
use stun_types::message::TransactionId;

use super::Role;
use super::candidate::{self, COMPONENT, Candidate, CandidateType, TransportProtocol};
use super::checklist::{Checklist, MAXIMUM_PAIRS, PairId};
use super::consent::Path;
use super::credentials::{IceCredentials, KeyedCredentials};
use super::transaction::Transaction;

/// The greatest number of remote candidates kept; each pair needs one, so more would never be checked.
pub(super) const MAXIMUM_REMOTE_CANDIDATES: usize = MAXIMUM_PAIRS;

/// What became of a remote candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CandidateUse {
    /// It is paired with the local candidates of its family.
    Used,
    /// Its address is known already.
    Known,
    /// It names a generation that the remote credentials have not come for yet; it waits for them.
    Held,
    /// It cannot be used; the text says why.
    Ignored(&'static str),
}

/// How a generation came to be, which is what its state follows from while nothing is known of the peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// It is the first, or nothing had begun before it.
    New,
    /// A restart while data could be sent.
    RestartWhileConnected,
    /// A restart while no data could be sent.
    RestartWhileUnconnected,
}

/// The nomination that is under way (RFC 8445 section 8.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nomination {
    pub(super) pair: PairId,
    /// When the nominating check is made anew.
    pub(super) renew: SimTime,
    /// When it counts as failed.
    pub(super) end: SimTime,
}

/// One generation of the agent.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) local: KeyedCredentials,
    pub(super) remote: Option<KeyedCredentials>,
    /// `USERNAME` of the checks this side sends, once both sides are known.
    pub(super) outgoing_username: String,
    /// Gathered candidates.
    pub(super) local_candidates: Vec<Candidate>,
    /// Local candidates that the peer's answers showed (RFC 8445 section 7.2.5.3.1).
    pub(super) discovered: Vec<Candidate>,
    pub(super) remote_candidates: Vec<Candidate>,
    pub(super) gathered: bool,
    pub(super) end_of_candidates: bool,
    pub(super) checklist: Checklist,
    pub(super) transactions: Vec<Transaction>,
    pub(super) nominating: Option<Nomination>,
    /// Until when a better pair is waited for before the best valid one is nominated.
    pub(super) nominate_by: Option<SimTime>,
    /// The pair in use.
    pub(super) path: Option<Path>,
    pub(super) origin: Origin,
    /// Whether nothing can work any more; only a restart helps.
    pub(super) failed: bool,
    /// When both credentials were known: the start of the timer of RFC 8863.
    pub(super) began: Option<SimTime>,
    /// When the last remote candidate came.
    pub(super) last_news: SimTime,
}

impl Generation {
    pub(super) fn new(credentials: IceCredentials, origin: Origin) -> Generation {
        Generation {
            local: KeyedCredentials::new(credentials),
            remote: None,
            outgoing_username: String::new(),
            local_candidates: Vec::new(),
            discovered: Vec::new(),
            remote_candidates: Vec::new(),
            gathered: false,
            end_of_candidates: false,
            checklist: Checklist::default(),
            transactions: Vec::new(),
            nominating: None,
            nominate_by: None,
            path: None,
            origin,
            failed: false,
            began: None,
            last_news: SimTime::ZERO,
        }
    }

    /// Takes the peer's credentials. What was learnt from a peer with another username fragment is forgotten.
    pub(super) fn set_remote(&mut self, now: SimTime, credentials: IceCredentials) {
        if let Some(former) = self.remote.take()
            && former.credentials != credentials
        {
            self.remote_candidates.clear();
            self.forget_checks();
            self.end_of_candidates = false;
        }
        self.outgoing_username = format!(
            "{}:{}",
            credentials.username_fragment,
            self.local.username_fragment()
        );
        let strangers: Vec<SocketAddr> = self
            .remote_candidates
            .iter()
            .filter(|candidate| {
                candidate
                    .username_fragment
                    .as_ref()
                    .is_some_and(|fragment| *fragment != credentials.username_fragment)
            })
            .filter_map(Candidate::socket_address)
            .collect();
        self.remote_candidates.retain(|candidate| {
            candidate
                .socket_address()
                .is_none_or(|address| !strangers.contains(&address))
        });
        self.checklist.forget_remote(&strangers);
        self.remote = Some(KeyedCredentials::new(credentials));
        self.began = Some(now);
    }

    /// Ends all checks and everything that came of them.
    pub(super) fn forget_checks(&mut self) {
        self.checklist = Checklist::default();
        self.transactions.clear();
        self.nominating = None;
        self.nominate_by = None;
        self.path = None;
    }

    /// RFC 8445 sections 5.1.1.1 to 5.1.3: a host candidate for each address that has none yet, best addresses first.
    /// Returns where the new ones begin.
    pub(super) fn add_hosts(&mut self, addresses: &[SocketAddr], role: Role) -> usize {
        let first = self.local_candidates.len();
        let mut addresses = addresses.to_vec();
        addresses.sort_by_key(|address| std::cmp::Reverse(candidate::precedence(address.ip())));
        for address in addresses {
            if self.local_candidate(address).is_some() {
                continue;
            }
            let rank = u16::try_from(self.local_candidates.len()).unwrap_or(u16::MAX);
            let mut host = Candidate::host(address, self.host_foundation(address), u16::MAX - rank);
            host.username_fragment = Some(self.local.username_fragment().to_owned());
            if !self.is_concluded() {
                for remote in &self.remote_candidates {
                    self.checklist.form(&host, remote, role);
                }
            }
            self.local_candidates.push(host);
        }
        first
    }

    /// RFC 8445 section 5.1.1.3: host candidates of one IP address share a foundation.
    fn host_foundation(&self, address: SocketAddr) -> String {
        let same_host = self.local_candidates.iter().find(|candidate| {
            candidate
                .socket_address()
                .is_some_and(|other| other.ip() == address.ip())
        });
        if let Some(candidate) = same_host {
            return candidate.foundation.clone();
        }
        let hosts = self
            .local_candidates
            .iter()
            .map(|candidate| candidate.socket_address().map(|address| address.ip()))
            .collect::<BTreeSet<_>>();
        (hosts.len() + 1).to_string()
    }

    /// The local candidate at this address, gathered or discovered.
    pub(super) fn local_candidate(&self, address: SocketAddr) -> Option<&Candidate> {
        self.local_candidates
            .iter()
            .chain(&self.discovered)
            .find(|candidate| candidate.socket_address() == Some(address))
    }

    /// The remote candidate at this address.
    pub(super) fn remote_candidate(&self, address: SocketAddr) -> Option<&Candidate> {
        self.remote_candidates
            .iter()
            .find(|candidate| candidate.socket_address() == Some(address))
    }

    /// A candidate from signalling (RFC 8445 section 6.1.2.2, RFC 8838 section 11).
    pub(super) fn add_remote(&mut self, now: SimTime, candidate: Candidate, role: Role) -> CandidateUse {
        if candidate.transport != TransportProtocol::Udp {
            return CandidateUse::Ignored("its transport is not UDP");
        }
        if candidate.component != COMPONENT {
            return CandidateUse::Ignored("its component is not 1");
        }
        let Some(address) = candidate.socket_address() else {
            return CandidateUse::Ignored("its address is a name, and names are not resolved");
        };
        if address.port() == 0 || address.ip().is_unspecified() || address.ip().is_multicast() {
            return CandidateUse::Ignored("nothing can be sent to its address");
        }
        let known = self
            .remote_candidates
            .iter_mut()
            .find(|known| known.socket_address() == Some(address));
        if let Some(known) = known {
            if known.candidate_type == CandidateType::PeerReflexive {
                *known = candidate;
                self.checklist.update_remote(known, role);
            }
            return CandidateUse::Known;
        }
        if self.remote_candidates.len() == MAXIMUM_REMOTE_CANDIDATES {
            return CandidateUse::Ignored("there are 100 already");
        }
        self.last_news = now;
        self.pair_remote(candidate, role);
        CandidateUse::Used
    }

    /// RFC 8445 section 7.3.1.3: the source of a check becomes a remote candidate where it is none yet. Returns whether
    /// there is a candidate at that address now.
    pub(super) fn learn_remote(
        &mut self,
        now: SimTime,
        source: SocketAddr,
        priority: u32,
        username_fragment: &str,
        role: Role,
    ) -> bool {
        if self.remote_candidate(source).is_some() {
            return true;
        }
        if self.remote_candidates.len() == MAXIMUM_REMOTE_CANDIDATES {
            return false;
        }
        let mut number = self.remote_candidates.len();
        let mut foundation = format!("prflx{number}");
        while self
            .remote_candidates
            .iter()
            .any(|known| known.foundation == foundation)
        {
            number += 1;
            foundation = format!("prflx{number}");
        }
        let fragment = Some(username_fragment.to_owned());
        let candidate = Candidate::peer_reflexive(source, foundation, priority, None, fragment);
        self.last_news = now;
        self.pair_remote(candidate, role);
        true
    }

    fn pair_remote(&mut self, candidate: Candidate, role: Role) {
        if !self.is_concluded() {
            for local in &self.local_candidates {
                self.checklist.form(local, &candidate, role);
            }
        }
        self.remote_candidates.push(candidate);
    }

    /// The pair of these two addresses, formed anew where it was dropped, if both have candidates.
    pub(super) fn pair_between(
        &mut self,
        base: SocketAddr,
        remote: SocketAddr,
        role: Role,
    ) -> Option<PairId> {
        let known = self.checklist.find(base, remote);
        if known.is_some() {
            return known;
        }
        let local = self
            .local_candidates
            .iter()
            .find(|candidate| candidate.base() == Some(base))?;
        let remote = self
            .remote_candidates
            .iter()
            .find(|candidate| candidate.socket_address() == Some(remote))?;
        self.checklist.form(local, remote, role)
    }

    /// RFC 8445 section 7.2.5.3.1: the address the peer saw becomes a local candidate where it is none yet.
    pub(super) fn discover_local(&mut self, mapped: SocketAddr, base: SocketAddr, priority: u32) {
        if self.local_candidate(mapped).is_some() {
            return;
        }
        let foundation = format!("prflx{}", self.discovered.len());
        let fragment = Some(self.local.username_fragment().to_owned());
        self.discovered.push(Candidate::peer_reflexive(
            mapped,
            foundation,
            priority,
            Some(base),
            fragment,
        ));
    }

    /// Whether a pair was nominated, after which nothing new is checked (RFC 8445 section 8.1.2).
    pub(super) fn is_concluded(&self) -> bool {
        self.checklist.nominated().is_some()
    }

    /// The next check of this pair nominates it, and goes out before others.
    pub(super) fn nominate_pair(&mut self, id: PairId) {
        if let Some(pair) = self.checklist.pair_mut(id) {
            pair.nominate = true;
            self.checklist.trigger(id);
        }
    }

    /// A pair was nominated: the other checks end (RFC 8445 section 8.1.2).
    pub(super) fn conclude(&mut self) {
        self.checklist.conclude();
        self.transactions.clear();
        self.nominating = None;
        self.nominate_by = None;
    }

    /// Whether a check waits to be sent, and may be.
    pub(super) fn has_check_to_send(&self) -> bool {
        !self.failed && self.remote.is_some() && self.checklist.has_work()
    }

    /// Cancels what is under way for a pair (RFC 8445 section 7.3.1.4).
    pub(super) fn cancel_transactions(&mut self, pair: PairId) {
        for transaction in &mut self.transactions {
            if transaction.pair == pair {
                transaction.cancel();
            }
        }
    }

    /// Whether an answer to this transaction belongs to this generation.
    pub(super) fn awaits(&self, transaction: TransactionId) -> bool {
        self.transactions.iter().any(|known| known.id == transaction)
            || self
                .path
                .as_ref()
                .is_some_and(|path| path.is_outstanding(transaction))
    }
}
