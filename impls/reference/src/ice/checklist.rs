//! The checklist: pairs, their states, and which is checked next (RFC 8445 section 6.1).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use glare_peer::SimTime;

use super::Role;
use super::endpoint::{self, Base, LocalCandidate, RemoteCandidate};

/// The greatest number of pairs (RFC 8445 section 6.1.2.5).
pub(super) const MAXIMUM_PAIRS: usize = 100;

/// Names a pair for as long as the checklist lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PairId(pub(super) u32);

/// RFC 8445 section 6.1.2.6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PairState {
    /// Waits for another pair of its foundation.
    Frozen,
    /// Will be checked.
    Waiting,
    /// A check is under way.
    InProgress,
    /// A check succeeded.
    Succeeded,
    /// The last check failed.
    Failed,
}

/// A local and a remote candidate (RFC 8445 section 6.1.2.2), as far as checks need them.
#[derive(Debug)]
pub(super) struct CandidatePair {
    pub(super) id: PairId,
    /// Where checks leave from: the base of the local candidate.
    pub(super) base: Base,
    /// Where checks go to: the remote candidate.
    pub(super) remote: SocketAddr,
    pub(super) local_priority: u32,
    pub(super) remote_priority: u32,
    local_foundation: String,
    remote_foundation: String,
    /// RFC 8445 section 6.1.2.3.
    pub(super) priority: u64,
    pub(super) state: PairState,
    /// Controlling: its next check nominates it. Controlled: the peer nominated it before a check of ours succeeded.
    pub(super) nominate: bool,
    /// When it was checked first.
    pub(super) first_check: Option<SimTime>,
    /// Whether it was checked for as long as a transaction takes to time out, and nothing came of it. The peer may have
    /// it checked again, but there is no more waiting for it.
    pub(super) exhausted: bool,
}

impl CandidatePair {
    /// Whether something may yet come of it.
    pub(super) fn is_promising(&self) -> bool {
        !self.exhausted
            && matches!(
                self.state,
                PairState::Frozen | PairState::Waiting | PairState::InProgress
            )
    }

    fn same_foundation(&self, other: &CandidatePair) -> bool {
        self.local_foundation == other.local_foundation && self.remote_foundation == other.remote_foundation
    }
}

/// A pair on which a check succeeded (RFC 8445 section 7.2.5.3.2).
#[derive(Debug)]
pub(super) struct ValidPair {
    /// The pair whose check it was.
    pub(super) pair: PairId,
    /// Where data leaves from.
    pub(super) base: Base,
    /// The address of the local candidate: what the peer saw.
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    pub(super) local_priority: u32,
    pub(super) priority: u64,
    pub(super) nominated: bool,
}

/// The pairs of one generation, the triggered-check queue and the valid list.
#[derive(Debug, Default)]
pub(super) struct Checklist {
    pairs: Vec<CandidatePair>,
    triggered: VecDeque<PairId>,
    pub(super) valid: Vec<ValidPair>,
    next_id: u32,
}

/// RFC 8445 section 6.1.2.3, with the candidate priorities as this side has them.
pub(super) fn pair_priority(role: Role, local: u32, remote: u32) -> u64 {
    let (controlling, controlled) = match role {
        Role::Controlling => (u64::from(local), u64::from(remote)),
        Role::Controlled => (u64::from(remote), u64::from(local)),
    };
    (controlling.min(controlled) << 32)
        + 2 * controlling.max(controlled)
        + u64::from(controlling > controlled)
}

impl Checklist {
    /// An empty checklist whose pairs get other names.
    pub(super) fn successor(&self) -> Checklist {
        Checklist {
            next_id: self.next_id,
            ..Checklist::default()
        }
    }

    pub(super) fn pairs(&self) -> &[CandidatePair] {
        &self.pairs
    }

    pub(super) fn pair(&self, id: PairId) -> Option<&CandidatePair> {
        self.pairs.iter().find(|pair| pair.id == id)
    }

    pub(super) fn pair_mut(&mut self, id: PairId) -> Option<&mut CandidatePair> {
        self.pairs.iter_mut().find(|pair| pair.id == id)
    }

    /// The pair of these two addresses.
    pub(super) fn find(&self, base: Base, remote: SocketAddr) -> Option<PairId> {
        self.pairs
            .iter()
            .find(|pair| pair.base == base && pair.remote == remote)
            .map(|pair| pair.id)
    }

    /// RFC 8445 sections 6.1.2.2 to 6.1.2.6 for one pair, and RFC 8838 section 12 for one that comes later: forms it
    /// unless it is redundant, gives it its state, and keeps to the limit.
    pub(super) fn form(
        &mut self,
        local: &LocalCandidate,
        remote: &RemoteCandidate,
        role: Role,
    ) -> Option<PairId> {
        if !local.is_its_own_base() || endpoint::why_not_pair(local.base, remote).is_some() {
            return None;
        }
        self.form_for_check(local, remote, role)
    }

    /// As [`form`](Checklist::form), for a flow that a check came over: also one that only the peer can open.
    pub(super) fn form_for_check(
        &mut self,
        local: &LocalCandidate,
        remote: &RemoteCandidate,
        role: Role,
    ) -> Option<PairId> {
        let (base, address) = (local.base, remote.address);
        if let Some(known) = self.find(base, address) {
            return Some(known);
        }
        let (local, remote) = (&local.candidate, &remote.candidate);
        let id = PairId(self.next_id);
        self.next_id += 1;
        let mut pair = CandidatePair {
            id,
            base,
            remote: address,
            local_priority: local.priority,
            remote_priority: remote.priority,
            local_foundation: local.foundation.clone(),
            remote_foundation: remote.foundation.clone(),
            priority: pair_priority(role, local.priority, remote.priority),
            state: PairState::Waiting,
            nominate: false,
            first_check: None,
            exhausted: false,
        };
        self.set_initial_state(&mut pair);
        self.pairs.push(pair);
        self.keep_to_the_limit();
        self.pair(id).map(|pair| pair.id)
    }

    /// Of a foundation that nothing is known of, the best pair waits and the others are frozen (RFC 8445 section
    /// 6.1.2.6); where a pair of it succeeded, all wait.
    fn set_initial_state(&mut self, pair: &mut CandidatePair) {
        let succeeded = |other: &CandidatePair| other.state == PairState::Succeeded;
        if self
            .pairs
            .iter()
            .any(|other| other.same_foundation(pair) && succeeded(other))
        {
            return;
        }
        let active = self.pairs.iter_mut().find(|other| {
            other.same_foundation(pair) && matches!(other.state, PairState::Waiting | PairState::InProgress)
        });
        let Some(active) = active else {
            return;
        };
        if active.state == PairState::Waiting && active.priority < pair.priority {
            active.state = PairState::Frozen;
        } else {
            pair.state = PairState::Frozen;
        }
    }

    /// RFC 8445 section 6.1.2.5: drops the pairs of lowest priority that no check was sent for.
    fn keep_to_the_limit(&mut self) {
        while self.pairs.len() > MAXIMUM_PAIRS {
            let lowest = self
                .pairs
                .iter()
                .enumerate()
                .filter(|(_, pair)| {
                    matches!(
                        pair.state,
                        PairState::Frozen | PairState::Waiting | PairState::Failed
                    )
                })
                .min_by_key(|(_, pair)| pair.priority)
                .map(|(index, _)| index);
            // With every pair under way, the newest has to go: it is the last.
            let index = lowest.unwrap_or(self.pairs.len() - 1);
            let dropped = self.pairs.remove(index);
            self.triggered.retain(|id| *id != dropped.id);
        }
    }

    /// The priorities of all pairs follow the role (RFC 8445 sections 7.2.5.1 and 7.3.1.1).
    pub(super) fn set_role(&mut self, role: Role) {
        for pair in &mut self.pairs {
            pair.priority = pair_priority(role, pair.local_priority, pair.remote_priority);
            pair.nominate = false;
        }
        for valid in &mut self.valid {
            if let Some(pair) = self.pairs.iter().find(|pair| pair.id == valid.pair) {
                valid.priority = pair_priority(role, valid.local_priority, pair.remote_priority);
            }
        }
    }

    /// A peer-reflexive remote candidate turned out to be one that was signalled (RFC 8838 section 11): its pairs keep
    /// their states and take its priority and foundation.
    pub(super) fn update_remote(&mut self, remote: &RemoteCandidate, role: Role) {
        let candidate = &remote.candidate;
        let pairs = self.pairs.iter_mut();
        for pair in pairs.filter(|pair| remote.is_at(pair.base, pair.remote)) {
            pair.remote_priority = candidate.priority;
            pair.remote_foundation.clone_from(&candidate.foundation);
            pair.priority = pair_priority(role, pair.local_priority, pair.remote_priority);
        }
        let valid = self.valid.iter_mut();
        for valid in valid.filter(|valid| remote.is_at(valid.base, valid.remote)) {
            valid.priority = pair_priority(role, valid.local_priority, candidate.priority);
        }
    }

    /// Drops the pairs with these remote candidates.
    pub(super) fn forget_remote(&mut self, strangers: &[RemoteCandidate]) {
        let is_stranger =
            |base: Base, remote: SocketAddr| strangers.iter().any(|stranger| stranger.is_at(base, remote));
        self.pairs.retain(|pair| !is_stranger(pair.base, pair.remote));
        self.valid.retain(|valid| !is_stranger(valid.base, valid.remote));
    }

    /// The pairs whose packets leave from a base that is no more fail, as they will.
    pub(super) fn pairs_from(&self, base: Base) -> Vec<PairId> {
        let pairs = self.pairs.iter().filter(|pair| pair.base == base);
        pairs.map(|pair| pair.id).collect()
    }

    /// RFC 8445 section 6.1.4.1: a check of this pair goes out before ordinary ones. A pair that is queued already
    /// keeps its place.
    pub(super) fn trigger(&mut self, id: PairId) {
        if !self.triggered.contains(&id) {
            self.triggered.push_back(id);
        }
    }

    /// Whether [`next_check`](Checklist::next_check) has something to give.
    pub(super) fn has_work(&self) -> bool {
        !self.triggered.is_empty()
            || self
                .pairs
                .iter()
                .any(|pair| pair.state == PairState::Waiting || self.may_thaw(pair))
    }

    /// Whether the pair is frozen and nothing of its foundation is under way.
    fn may_thaw(&self, pair: &CandidatePair) -> bool {
        pair.state == PairState::Frozen
            && !self.pairs.iter().any(|other| {
                other.same_foundation(pair)
                    && matches!(other.state, PairState::Waiting | PairState::InProgress)
            })
    }

    /// RFC 8445 section 6.1.4.2: the pair to check now.
    pub(super) fn next_check(&mut self) -> Option<PairId> {
        // Step 1: the triggered-check queue.
        while let Some(id) = self.triggered.pop_front() {
            if self.pair(id).is_some() {
                return Some(id);
            }
        }
        // Step 2: without a waiting pair, foundations that nothing is under way for thaw.
        if !self.pairs.iter().any(|pair| pair.state == PairState::Waiting) {
            self.thaw();
        }
        // Step 3: the waiting pair of highest priority.
        self.pairs
            .iter()
            .filter(|pair| pair.state == PairState::Waiting)
            .max_by_key(|pair| pair.priority)
            .map(|pair| pair.id)
    }

    /// The best frozen pair of each foundation that has no waiting pair and none in progress becomes waiting.
    fn thaw(&mut self) {
        let mut order: Vec<usize> = (0..self.pairs.len()).collect();
        order.sort_by_key(|index| std::cmp::Reverse(self.pairs[*index].priority));
        for index in order {
            if self.may_thaw(&self.pairs[index]) {
                self.pairs[index].state = PairState::Waiting;
            }
        }
    }

    /// How many checks are to be performed, one a pair (RFC 8445 section 14.3).
    pub(super) fn checks(&self) -> u32 {
        u32::try_from(self.pairs.len()).unwrap_or(u32::MAX)
    }

    /// How many pairs wait or are in progress (RFC 8445 section 14.3).
    pub(super) fn active(&self) -> u32 {
        let active = self
            .pairs
            .iter()
            .filter(|pair| matches!(pair.state, PairState::Waiting | PairState::InProgress))
            .count();
        u32::try_from(active).unwrap_or(u32::MAX)
    }

    /// RFC 8445 section 7.2.5.3.3: the pair succeeded, and the frozen pairs of its foundation wait.
    pub(super) fn succeed(&mut self, id: PairId) {
        let Some(index) = self.pairs.iter().position(|pair| pair.id == id) else {
            return;
        };
        self.pairs[index].state = PairState::Succeeded;
        self.pairs[index].exhausted = false;
        for other in 0..self.pairs.len() {
            if self.pairs[other].state == PairState::Frozen
                && self.pairs[other].same_foundation(&self.pairs[index])
            {
                self.pairs[other].state = PairState::Waiting;
            }
        }
    }

    /// The pair failed; what was valid through it no longer is.
    pub(super) fn fail(&mut self, id: PairId) {
        if let Some(pair) = self.pair_mut(id) {
            pair.state = PairState::Failed;
            pair.nominate = false;
        }
        self.valid.retain(|valid| valid.pair != id);
        self.triggered.retain(|queued| *queued != id);
    }

    /// Adds a valid pair, or finds it where it is known (RFC 8445 section 7.2.5.3.2).
    pub(super) fn add_valid(&mut self, valid: ValidPair) -> &mut ValidPair {
        let known = self
            .valid
            .iter()
            .position(|other| other.base == valid.base && other.remote == valid.remote);
        let index = known.unwrap_or_else(|| {
            self.valid.push(valid);
            self.valid.len() - 1
        });
        &mut self.valid[index]
    }

    /// The valid pair to send data on: the nominated one of highest priority, else the best.
    pub(super) fn best_valid(&self) -> Option<&ValidPair> {
        self.valid
            .iter()
            .max_by_key(|valid| (valid.nominated, valid.priority))
    }

    /// The nominated pair of highest priority.
    pub(super) fn nominated(&self) -> Option<&ValidPair> {
        self.best_valid().filter(|valid| valid.nominated)
    }

    /// How many pairs better than `priority` may yet succeed.
    pub(super) fn promising_above(&self, priority: u64) -> u32 {
        let better = self
            .pairs
            .iter()
            .filter(|pair| pair.priority > priority && pair.is_promising())
            .count();
        u32::try_from(better).unwrap_or(u32::MAX)
    }

    /// RFC 8445 section 8.1.2: a pair was nominated, so the others are dropped.
    pub(super) fn conclude(&mut self) {
        let valid = &mut self.valid;
        valid.retain(|valid| valid.nominated);
        self.pairs
            .retain(|pair| valid.iter().any(|valid| valid.pair == pair.id));
        self.triggered.clear();
    }

    /// Nothing is checked any more, for ICE has failed.
    pub(super) fn give_up(&mut self) {
        for pair in &mut self.pairs {
            pair.state = PairState::Failed;
        }
        self.valid.clear();
        self.triggered.clear();
    }

    /// Marks the pairs that were checked for `patience` without success; they no longer hold up failing.
    pub(super) fn exhaust(&mut self, now: SimTime, patience: Duration) {
        for pair in &mut self.pairs {
            let is_due = pair.first_check.is_some_and(|first| now >= first + patience);
            if is_due && pair.is_promising() {
                pair.exhausted = true;
            }
        }
    }

    /// When the next pair will have been checked for `patience`.
    pub(super) fn next_exhaustion(&self, patience: Duration) -> Option<SimTime> {
        self.pairs
            .iter()
            .filter(|pair| pair.is_promising())
            .filter_map(|pair| pair.first_check)
            .min()
            .map(|first| first + patience)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A host candidate with this foundation and priority, at a port of its own.
    fn text(foundation: &str, priority: u32, address: &str, port: u16) -> String {
        format!("candidate:{foundation} 1 udp {priority} {address} {port} typ host")
    }

    fn local(foundation: &str, priority: u32, address: &str, port: u16) -> LocalCandidate {
        LocalCandidate::from_text(&text(foundation, priority, address, port))
    }

    fn remote(foundation: &str, priority: u32, address: &str, port: u16) -> RemoteCandidate {
        RemoteCandidate::from_text(&text(foundation, priority, address, port))
    }

    fn state(checklist: &Checklist, id: PairId) -> PairState {
        checklist.pair(id).unwrap().state
    }

    #[test]
    fn the_priority_of_a_pair_is_the_same_from_both_sides() {
        let (low, high) = (1_694_498_815, 2_130_706_431);
        assert_eq!(
            pair_priority(Role::Controlling, high, low),
            (u64::from(low) << 32) + 2 * u64::from(high) + 1
        );
        for (local, remote) in [(low, high), (high, low), (low, low)] {
            assert_eq!(
                pair_priority(Role::Controlling, local, remote),
                pair_priority(Role::Controlled, remote, local)
            );
        }
    }

    #[test]
    fn only_addresses_that_reach_each_other_are_paired_and_once() {
        let mut checklist = Checklist::default();
        let from = local("1", 9, "192.0.2.1", 1);
        let mut form = |local: &LocalCandidate, remote: &RemoteCandidate| {
            checklist.form(local, remote, Role::Controlling)
        };
        let first = form(&from, &remote("1", 9, "192.0.2.2", 1));
        assert!(first.is_some());
        assert_eq!(form(&from, &remote("2", 3, "192.0.2.2", 1)), first);
        assert_eq!(form(&from, &remote("1", 9, "2001:db8::2", 1)), None);
        let link_local = local("2", 9, "fe80::1", 1);
        assert!(form(&link_local, &remote("1", 9, "fe80::2", 1)).is_some());
        assert_eq!(checklist.pairs().len(), 2);
    }

    #[test]
    fn one_pair_of_a_foundation_waits_and_its_success_thaws_the_others() {
        let mut checklist = Checklist::default();
        let local = local("1", 9, "192.0.2.1", 1);
        let mut form = |foundation, priority, port| {
            let remote = remote(foundation, priority, "192.0.2.2", port);
            checklist.form(&local, &remote, Role::Controlling).unwrap()
        };
        let low = form("1", 5, 1);
        let high = form("1", 7, 2);
        let other = form("2", 1, 3);
        assert_eq!(state(&checklist, low), PairState::Frozen);
        assert_eq!(state(&checklist, high), PairState::Waiting);
        assert_eq!(state(&checklist, other), PairState::Waiting);
        assert_eq!(checklist.next_check(), Some(high));
        checklist.succeed(high);
        assert_eq!(state(&checklist, low), PairState::Waiting);
        // What comes later to a foundation that works need not wait for anything.
        let remote = remote("1", 1, "192.0.2.2", 9);
        let late = checklist.form(&local, &remote, Role::Controlling).unwrap();
        assert_eq!(state(&checklist, late), PairState::Waiting);
    }

    #[test]
    fn a_foundation_thaws_when_nothing_of_it_is_under_way_and_triggered_checks_go_first() {
        let mut checklist = Checklist::default();
        let local = local("1", 9, "192.0.2.1", 1);
        let mut form = |priority, port| {
            let remote = remote("1", priority, "192.0.2.2", port);
            checklist.form(&local, &remote, Role::Controlling).unwrap()
        };
        let (high, low, lowest) = (form(7, 1), form(5, 2), form(3, 3));
        checklist.pair_mut(high).unwrap().state = PairState::InProgress;
        assert!(!checklist.has_work());
        assert_eq!(checklist.next_check(), None);
        checklist.fail(high);
        assert!(checklist.has_work());
        checklist.trigger(lowest);
        checklist.trigger(lowest);
        assert_eq!(checklist.next_check(), Some(lowest));
        checklist.pair_mut(lowest).unwrap().state = PairState::Failed;
        assert_eq!(checklist.next_check(), Some(low));
    }

    #[test]
    fn the_pairs_of_lowest_priority_go_beyond_the_limit() {
        let mut checklist = Checklist::default();
        let local = local("1", 1000, "192.0.2.1", 1);
        for number in 1..=150_u16 {
            let remote = remote("1", u32::from(number), "192.0.2.2", number);
            checklist.form(&local, &remote, Role::Controlling);
        }
        assert_eq!(checklist.pairs().len(), MAXIMUM_PAIRS);
        let least = checklist.pairs().iter().map(|pair| pair.remote_priority).min();
        assert_eq!(least, Some(51));
    }

    #[test]
    fn a_change_of_role_changes_the_priorities() {
        let mut checklist = Checklist::default();
        let local = local("1", 9, "192.0.2.1", 1);
        let remote = remote("1", 5, "192.0.2.2", 1);
        let id = checklist.form(&local, &remote, Role::Controlling).unwrap();
        checklist.set_role(Role::Controlled);
        assert_eq!(
            checklist.pair(id).unwrap().priority,
            pair_priority(Role::Controlled, 9, 5)
        );
    }
}
