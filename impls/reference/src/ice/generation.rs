//! What lives from one restart to the next: credentials, candidates, pairs and the pair in use (RFC 8445 section 9).

use std::net::{IpAddr, SocketAddr};

use glare_peer::{IceTransportPolicy, SimTime};
use stun_types::message::TransactionId;

use super::candidate::{
    self, COMPONENT, Candidate, CandidateAddress, CandidateType, TcpType, TransportProtocol,
};
use super::checklist::{Checklist, MAXIMUM_PAIRS, PairId};
use super::consent::Path;
use super::credentials::{IceCredentials, KeyedCredentials};
use super::endpoint::{self, Base, LocalCandidate, RemoteCandidate};
use super::server::IceServer;
use super::statistics::PairTable;
use super::transaction::Transaction;
use super::{ResolveId, Role};

/// The greatest number of remote candidates kept; each pair needs one, so more would never be checked.
pub(super) const MAXIMUM_REMOTE_CANDIDATES: usize = MAXIMUM_PAIRS;
/// The greatest number of local candidates that answers of the peer may add.
const MAXIMUM_DISCOVERED: usize = MAXIMUM_PAIRS;

/// What became of a remote candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CandidateUse {
    /// It is paired with the local candidates of its family and transport.
    Used,
    /// It is kept, and no local candidate pairs with it for now; the text says why. The peer may still come from there.
    Unpaired(&'static str),
    /// Its address is a name, which is being resolved.
    Resolving,
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

/// A local candidate that was found.
#[derive(Debug, Clone)]
pub(super) struct Found<'a> {
    pub(super) candidate_type: CandidateType,
    pub(super) address: SocketAddr,
    pub(super) base: Base,
    pub(super) local_preference: u16,
    /// What is signalled as its related address.
    pub(super) related: Option<SocketAddr>,
    /// The name that is signalled for its address.
    pub(super) name: Option<String>,
    pub(super) server: Option<&'a IceServer>,
}

/// Candidates with the same of these share a foundation (RFC 8445 section 5.1.1.3).
type FoundationKey = (String, IpAddr, TransportProtocol, Option<String>);

/// One generation of the agent.
#[derive(Debug)]
pub(super) struct Generation {
    pub(super) local: KeyedCredentials,
    pub(super) remote: Option<KeyedCredentials>,
    /// `USERNAME` of the checks this side sends, once both sides are known.
    pub(super) outgoing_username: String,
    /// Gathered candidates.
    pub(super) local_candidates: Vec<LocalCandidate>,
    /// Local candidates that the peer's answers showed (RFC 8445 section 7.2.5.3.1).
    pub(super) discovered: Vec<LocalCandidate>,
    pub(super) remote_candidates: Vec<RemoteCandidate>,
    /// Remote candidates whose addresses are names that are being resolved.
    pub(super) unresolved: Vec<(ResolveId, Candidate)>,
    /// Which candidates are surfaced and used.
    pub(super) policy: IceTransportPolicy,
    /// Whether gathering has begun.
    pub(super) gathering: bool,
    /// Whether gathering is complete.
    pub(super) gathered: bool,
    pub(super) end_of_candidates: bool,
    pub(super) checklist: Checklist,
    pub(super) pairs: PairTable,
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
    foundations: Vec<FoundationKey>,
    next_id: u32,
}

impl Generation {
    /// A generation that comes after another, if there was one.
    pub(super) fn new(
        credentials: IceCredentials,
        origin: Origin,
        policy: IceTransportPolicy,
        former: Option<&Generation>,
    ) -> Generation {
        Generation {
            local: KeyedCredentials::new(credentials),
            remote: None,
            outgoing_username: String::new(),
            local_candidates: Vec::new(),
            discovered: Vec::new(),
            remote_candidates: Vec::new(),
            unresolved: Vec::new(),
            policy,
            gathering: false,
            gathered: false,
            end_of_candidates: false,
            checklist: former.map_or_else(Checklist::default, |former| former.checklist.successor()),
            pairs: PairTable::default(),
            transactions: Vec::new(),
            nominating: None,
            nominate_by: None,
            path: None,
            origin,
            failed: false,
            began: None,
            last_news: SimTime::ZERO,
            foundations: Vec::new(),
            next_id: former.map_or(0, |former| former.next_id),
        }
    }

    fn new_id(&mut self) -> u32 {
        self.next_id = self.next_id.wrapping_add(1);
        self.next_id
    }

    /// Takes the peer's credentials. What was learnt from a peer with another username fragment is forgotten.
    pub(super) fn set_remote(&mut self, now: SimTime, credentials: IceCredentials) {
        if let Some(former) = self.remote.take()
            && former.credentials != credentials
        {
            self.remote_candidates.clear();
            self.unresolved.clear();
            self.forget_checks();
            self.end_of_candidates = false;
        }
        self.outgoing_username = format!(
            "{}:{}",
            credentials.username_fragment,
            self.local.username_fragment()
        );
        let is_stranger = |candidate: &Candidate| {
            let fragment = candidate.username_fragment.as_ref();
            fragment.is_some_and(|fragment| *fragment != credentials.username_fragment)
        };
        let (strangers, others) = std::mem::take(&mut self.remote_candidates)
            .into_iter()
            .partition(|remote: &RemoteCandidate| is_stranger(&remote.candidate));
        self.remote_candidates = others;
        self.unresolved.retain(|(_, candidate)| !is_stranger(candidate));
        self.checklist.forget_remote(&strangers);
        self.remote = Some(KeyedCredentials::new(credentials));
        self.began = Some(now);
    }

    /// Ends all checks and everything that came of them.
    pub(super) fn forget_checks(&mut self) {
        self.checklist = self.checklist.successor();
        self.transactions.clear();
        self.nominating = None;
        self.nominate_by = None;
        self.path = None;
    }

    /// Whether packets may leave from this base (webrtc-pc#rtcicetransportpolicy-enum).
    pub(super) fn allows(&self, base: Base) -> bool {
        self.policy == IceTransportPolicy::All || matches!(base, Base::Relay(_))
    }

    /// RFC 8445 sections 5.1.1 to 5.1.3 for one candidate that was found: gives it foundation and priority, and pairs it.
    /// None where it is redundant or the policy forbids it.
    pub(super) fn add_local(&mut self, found: Found<'_>, role: Role) -> Option<&LocalCandidate> {
        if !self.allows(found.base) {
            return None;
        }
        // Section 5.1.3: of candidates with the same address and base, one stays. Where the one that is known goes by a
        // name, the other tells what the name hides, and is of use to those who cannot resolve it.
        let is_redundant = self.local_candidates.iter().any(|known| {
            known.address == found.address
                && known.base.transport() == found.base.transport()
                && known.candidate.tcp_type == tcp_type(found.base)
                && (known.candidate.socket_address().is_some()
                    || known.candidate.candidate_type == found.candidate_type)
        });
        if is_redundant {
            return None;
        }
        let is_tcp = found.base.transport() == TransportProtocol::Tcp;
        let foundation = self.foundation(&found);
        let priority = candidate::priority(&found.candidate_type, is_tcp, found.local_preference);
        let priority = self.unique_priority(priority);
        let mut candidate = Candidate::new(
            found.address,
            found.candidate_type,
            tcp_type(found.base),
            foundation,
            priority,
        );
        if let Some(name) = found.name {
            candidate.address = CandidateAddress::Name(name);
        }
        candidate.related = found.related;
        candidate.username_fragment = Some(self.local.username_fragment().to_owned());
        if let Some(server) = found.server {
            candidate.url = Some(server.url.to_string());
            if candidate.candidate_type == CandidateType::Relayed {
                candidate.relay_protocol = Some(server.url.transport);
            }
        }
        let local = LocalCandidate {
            id: self.new_id(),
            candidate,
            address: found.address,
            base: found.base,
        };
        if !self.is_concluded() {
            for remote in &self.remote_candidates {
                self.checklist.form(&local, remote, role);
            }
        }
        self.local_candidates.push(local);
        self.local_candidates.last()
    }

    fn foundation(&mut self, found: &Found<'_>) -> String {
        let key = (
            found.candidate_type.to_string(),
            found.base.address().ip(),
            found.base.transport(),
            found
                .server
                .map(|server| format!("{:?} {}", server.url.host, server.url.transport)),
        );
        let index = self.foundations.iter().position(|known| *known == key);
        let index = index.unwrap_or_else(|| {
            self.foundations.push(key);
            self.foundations.len() - 1
        });
        (index + 1).to_string()
    }

    /// RFC 8445 section 5.1.2: each candidate has a priority of its own; the next lower local preference that is free.
    fn unique_priority(&self, mut priority: u32) -> u32 {
        const STEP: u32 = 1 << 8;
        let is_taken = |priority: u32| {
            let mut locals = self.local_candidates.iter();
            locals.any(|local| local.candidate.priority == priority)
        };
        while is_taken(priority) && priority > STEP {
            priority -= STEP;
        }
        priority
    }

    /// The local candidate that packets from this base with this address come from, gathered or discovered.
    pub(super) fn local_candidate(&self, base: Base, address: SocketAddr) -> Option<&LocalCandidate> {
        let candidates = || self.local_candidates.iter().chain(&self.discovered);
        candidates()
            .find(|local| local.base == base && local.address == address)
            .or_else(|| {
                candidates()
                    .find(|local| local.address == address && local.base.transport() == base.transport())
            })
    }

    /// The local candidate that is this base.
    pub(super) fn base_candidate(&self, base: Base) -> Option<&LocalCandidate> {
        self.local_candidates
            .iter()
            .find(|local| local.base == base && local.is_its_own_base())
    }

    /// The remote candidate that packets from this base to this address go to.
    pub(super) fn remote_candidate(&self, base: Base, address: SocketAddr) -> Option<&RemoteCandidate> {
        self.remote_candidates
            .iter()
            .find(|remote| remote.is_at(base, address))
    }

    /// Whether there is room for another remote candidate.
    pub(super) fn has_room(&self) -> bool {
        self.remote_candidates.len() + self.unresolved.len() < MAXIMUM_REMOTE_CANDIDATES
    }

    /// A candidate from signalling with the address it stands for (RFC 8445 section 6.1.2.2, RFC 8838 section 11).
    pub(super) fn add_remote(
        &mut self,
        now: SimTime,
        candidate: Candidate,
        address: SocketAddr,
        role: Role,
    ) -> CandidateUse {
        if let Some(why) = why_unusable(&candidate, address) {
            return CandidateUse::Ignored(why);
        }
        // Active TCP candidates all have the same port, and the connections of each come from another one.
        let known = self.remote_candidates.iter_mut().find(|known| {
            known.address == address
                && known.candidate.transport == candidate.transport
                && (known.candidate.tcp_type == candidate.tcp_type
                    || known.candidate.candidate_type == CandidateType::PeerReflexive)
        });
        if let Some(known) = known {
            if known.candidate.candidate_type == CandidateType::PeerReflexive {
                known.candidate = candidate;
                self.checklist.update_remote(known, role);
            }
            return CandidateUse::Known;
        }
        if !self.has_room() {
            return CandidateUse::Ignored("there are 100 already");
        }
        self.last_news = now;
        let remote = RemoteCandidate {
            id: self.new_id(),
            candidate,
            address,
        };
        let reasons = || {
            self.local_candidates
                .iter()
                .filter(|local| local.is_its_own_base())
                .map(|local| endpoint::why_not_pair(local.base, &remote))
        };
        let is_used = reasons().any(|reason| reason.is_none());
        let why = reasons().flatten().last();
        self.pair_remote(remote, role);
        match why {
            Some(why) if !is_used => CandidateUse::Unpaired(why),
            _ => CandidateUse::Used,
        }
    }

    /// RFC 8445 section 7.3.1.3: the source of a check becomes a remote candidate where it is none yet. Returns whether
    /// there is a candidate at that address now.
    pub(super) fn learn_remote(
        &mut self,
        now: SimTime,
        base: Base,
        source: SocketAddr,
        priority: u32,
        username_fragment: &str,
        role: Role,
    ) -> bool {
        if self.remote_candidate(base, source).is_some() {
            return true;
        }
        if !self.has_room() {
            return false;
        }
        let mut number = self.remote_candidates.len();
        let mut foundation = format!("prflx{number}");
        while self
            .remote_candidates
            .iter()
            .any(|known| known.candidate.foundation == foundation)
        {
            number += 1;
            foundation = format!("prflx{number}");
        }
        // RFC 6544 section 7.2: who came to a passive candidate is active.
        let tcp_type = tcp_type(base).map(|tcp_type| match tcp_type {
            TcpType::Active => TcpType::Passive,
            TcpType::Passive => TcpType::Active,
            TcpType::SimultaneousOpen => TcpType::SimultaneousOpen,
        });
        let mut candidate = Candidate::new(
            source,
            CandidateType::PeerReflexive,
            tcp_type,
            foundation,
            priority,
        );
        candidate.username_fragment = Some(username_fragment.to_owned());
        self.last_news = now;
        let remote = RemoteCandidate {
            id: self.new_id(),
            candidate,
            address: source,
        };
        self.pair_remote(remote, role);
        true
    }

    fn pair_remote(&mut self, remote: RemoteCandidate, role: Role) {
        if !self.is_concluded() {
            for local in &self.local_candidates {
                self.checklist.form(local, &remote, role);
            }
        }
        self.remote_candidates.push(remote);
    }

    /// The pair of these two addresses, formed anew where it was dropped, if both have candidates.
    pub(super) fn pair_between(&mut self, base: Base, remote: SocketAddr, role: Role) -> Option<PairId> {
        let known = self.checklist.find(base, remote);
        if known.is_some() {
            return known;
        }
        let local = self
            .local_candidates
            .iter()
            .find(|local| local.base == base && local.is_its_own_base())?;
        let remote = self.remote_candidates.iter().find(|it| it.is_at(base, remote))?;
        self.checklist.form_for_check(local, remote, role)
    }

    /// RFC 8445 section 7.2.5.3.1: the address the peer saw becomes a local candidate where it is none yet.
    pub(super) fn discover_local(&mut self, mapped: SocketAddr, base: Base, priority: u32) {
        if self.local_candidate(base, mapped).is_some() || self.discovered.len() == MAXIMUM_DISCOVERED {
            return;
        }
        let foundation = format!("prflx{}", self.discovered.len());
        let mut candidate = Candidate::new(
            mapped,
            CandidateType::PeerReflexive,
            tcp_type(base),
            foundation,
            priority,
        );
        candidate.username_fragment = Some(self.local.username_fragment().to_owned());
        let base_candidate = self.base_candidate(base).map(|local| &local.candidate);
        candidate.related = match base_candidate.map(|candidate| &candidate.address) {
            // What mDNS hides stays hidden.
            Some(CandidateAddress::Name(_)) => Some(hidden(base.address())),
            _ => Some(base.address()),
        };
        let id = self.new_id();
        self.discovered.push(LocalCandidate {
            id,
            candidate,
            address: mapped,
            base,
        });
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
        self.note_pairs();
        self.checklist.conclude();
        self.transactions.clear();
        self.nominating = None;
        self.nominate_by = None;
    }

    /// Takes the pairs of the checklist into the table of those that are counted.
    pub(super) fn note_pairs(&mut self) {
        let checklist = &self.checklist;
        for pair in checklist.pairs() {
            let mut valid = checklist.valid.iter();
            let nominated = valid.any(|valid| valid.pair == pair.id && valid.nominated);
            self.pairs.note(
                pair.id.0,
                pair.base,
                pair.remote,
                pair.state,
                pair.priority,
                nominated,
            );
        }
    }

    /// Whether a check waits to be sent, and may be.
    pub(super) fn has_check_to_send(&self) -> bool {
        !self.failed && self.remote.is_some() && self.checklist.has_work()
    }

    /// Cancels what is under way for a pair (RFC 8445 section 7.3.1.4).
    pub(super) fn cancel_transactions(&mut self, pair: PairId) {
        for transaction in &mut self.transactions {
            if transaction.sent.pair == pair {
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

/// Why a remote candidate is of no use, whatever the local ones are.
fn why_unusable(candidate: &Candidate, address: SocketAddr) -> Option<&'static str> {
    if candidate.component != COMPONENT {
        return Some("its component is not 1");
    }
    match (&candidate.transport, candidate.tcp_type) {
        (TransportProtocol::Udp, _) => {}
        (TransportProtocol::Tcp, Some(_)) => {}
        (TransportProtocol::Tcp, None) => return Some("it is TCP and has no tcptype"),
        (TransportProtocol::Other(_), _) => return Some("its transport is neither UDP nor TCP"),
    }
    let is_nowhere = address.port() == 0 || address.ip().is_unspecified() || address.ip().is_multicast();
    is_nowhere.then_some("nothing can be sent to its address")
}

/// The `tcptype` of candidates with this base.
pub(super) fn tcp_type(base: Base) -> Option<TcpType> {
    match base {
        Base::Tcp(tcp_type, _) => Some(tcp_type),
        Base::Udp(_) | Base::Relay(_) => None,
    }
}

/// What stands for an address that is not to be known, of the same family.
pub(super) fn hidden(address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(_) => SocketAddr::from(([0, 0, 0, 0], 0)),
        IpAddr::V6(_) => SocketAddr::from(([0_u16; 8], 0)),
    }
}
