//! What the agent decides whenever something has changed: nomination, the pair in use, failure and the state.

use std::time::Duration;

use glare_peer::{IceTransportState, SimTime};

use super::agent::IceAgent;
use super::checklist::{PairId, ValidPair};
use super::checks::PACING;
use super::consent::Path;
use super::generation::{Nomination, Origin};
use super::transaction::SHORTEST_LIFE;
use super::{IceEvent, Role};

/// The longest that a better pair is waited for once some pair is valid.
const LONGEST_NOMINATION_WAIT: Duration = Duration::from_millis(500);
/// How long a nominating check is waited for before another is made.
const NOMINATION_INTERVAL: Duration = Duration::from_secs(2);
/// How long after the last remote candidate a side that never says that there are no more counts as having none.
pub(super) const TRICKLE_PATIENCE: Duration = Duration::from_secs(30);

impl IceAgent {
    /// Decides what follows from what has happened.
    pub(super) fn settle(&mut self, now: SimTime) {
        if !self.closed && !self.current.failed {
            if self.configuration.lite {
                self.pair_with_a_lite_peer();
            } else {
                self.nominate(now);
            }
            self.choose_path(now);
            self.give_up(now);
        }
        self.update_state(now);
    }

    /// RFC 8445 section 8.2: where both sides are lite, nobody checks, and both take the pair of highest priority once
    /// all candidates are known.
    fn pair_with_a_lite_peer(&mut self) {
        let generation = &mut self.current;
        let is_ready = self.remote_is_lite
            && generation.remote.is_some()
            && generation.gathered
            && generation.end_of_candidates
            && !generation.is_concluded();
        if !is_ready {
            return;
        }
        let pairs = generation.checklist.pairs().iter();
        let Some(best) = pairs.max_by_key(|pair| pair.priority) else {
            return;
        };
        let valid = ValidPair {
            pair: best.id,
            base: best.base,
            local: best.base.address(),
            remote: best.remote,
            local_priority: best.local_priority,
            priority: best.priority,
            nominated: true,
        };
        generation.checklist.succeed(valid.pair);
        generation.checklist.add_valid(valid);
        generation.conclude();
    }

    /// RFC 8445 section 8.1.1: the controlling agent nominates the best valid pair, at once when no better one can
    /// succeed any more, else after a short wait.
    fn nominate(&mut self, now: SimTime) {
        if self.role != Role::Controlling || self.current.is_concluded() {
            return;
        }
        if let Some(nomination) = self.current.nominating {
            return self.pursue(now, nomination);
        }
        let generation = &mut self.current;
        let Some(best) = generation.checklist.best_valid() else {
            generation.nominate_by = None;
            return;
        };
        let pair = best.pair;
        let may_wait = generation.nominate_by.is_some_and(|end| now < end);
        if may_wait && generation.checklist.promising_above(best.priority) > 0 {
            return;
        }
        generation.nominating = Some(Nomination {
            pair,
            renew: now + NOMINATION_INTERVAL,
            end: now + SHORTEST_LIFE,
        });
        generation.nominate_pair(pair);
    }

    /// Keeps a nomination going: the pair is known to work, so a check that stays without answer was lost, and another
    /// is worth more than the long pauses between the last requests of the first.
    fn pursue(&mut self, now: SimTime, nomination: Nomination) {
        if now >= nomination.end {
            return self.nomination_failed(nomination.pair);
        }
        if now >= nomination.renew {
            let renew = now + NOMINATION_INTERVAL;
            self.current.nominating = Some(Nomination { renew, ..nomination });
            self.current.cancel_transactions(nomination.pair);
            self.current.nominate_pair(nomination.pair);
        }
    }

    /// RFC 8445 section 7.2.5.3.4: when the nominating check fails, so does the checklist. The peer may have taken the
    /// pair, and would not take another.
    pub(super) fn nomination_failed(&mut self, pair: PairId) {
        self.current.checklist.fail(pair);
        self.fail();
    }

    /// Sets until when a better pair is waited for: as long as this one took, and as long as it takes to send the
    /// checks of the better ones.
    pub(super) fn set_nomination_wait(&mut self, now: SimTime, round_trip: Duration) {
        let Some(best) = self.current.checklist.best_valid() else {
            return;
        };
        let better = self.current.checklist.promising_above(best.priority);
        let wait = (round_trip + PACING.saturating_mul(better)).min(LONGEST_NOMINATION_WAIT);
        self.current.nominate_by.get_or_insert(now + wait);
    }

    /// RFC 8445 sections 8.1.2 and 12.1: data goes on the nominated pair, and before there is one on the best valid one.
    /// After a restart the old path is kept until a new one is nominated (section 9).
    fn choose_path(&mut self, now: SimTime) {
        let has_older_path = self
            .previous
            .as_ref()
            .is_some_and(|previous| previous.path.is_some());
        let best = self
            .current
            .checklist
            .best_valid()
            .filter(|valid| valid.nominated || !has_older_path);
        let Some(best) = best else {
            self.current.path = None;
            return;
        };
        let (base, remote) = (best.base, best.remote);
        let known = self.current.path.as_ref();
        if known.is_some_and(|path| path.is_between(base, remote)) {
            return;
        }
        let priority = best.local_priority;
        self.current.path = Some(if self.configuration.lite {
            Path::without_consent(now, base, remote, priority)
        } else {
            Path::new(now, base, remote, priority, &mut self.rng)
        });
        if let Some(previous) = self.previous.as_deref_mut() {
            previous.path = None;
        }
        self.release_unused();
        self.current.note_pairs();
        self.bind_channel(base, remote);
        self.selected_pair_changes += 1;
        if let Some(pair) = self.selected() {
            self.events.push_back(IceEvent::SelectedPair(Box::new(pair)));
        }
    }

    /// Fails when nothing can work any more (webrtc-pc#rtcicetransportstate): all pairs are hopeless, the timer of RFC
    /// 8863 has expired, and no more candidates will come, or have come for long.
    fn give_up(&mut self, now: SimTime) {
        let generation = &self.current;
        let timer_expired = generation.began.is_some_and(|began| now >= began + SHORTEST_LIFE);
        let nothing_works = self.path().is_none()
            && generation.checklist.valid.is_empty()
            && generation.checklist.promising_above(0) == 0;
        let nothing_will_come = (generation.end_of_candidates && generation.unresolved.is_empty())
            || (!generation.checklist.pairs().is_empty() && now >= generation.last_news + TRICKLE_PATIENCE);
        if timer_expired && generation.gathered && nothing_works && nothing_will_come {
            self.fail();
        }
    }

    pub(super) fn update_state(&mut self, now: SimTime) {
        let state = self.derive_state(now);
        if state != self.state {
            self.state = state;
            self.events.push_back(IceEvent::StateChange(state));
        }
    }

    /// webrtc-pc#rtcicetransportstate.
    fn derive_state(&self, now: SimTime) -> IceTransportState {
        let generation = &self.current;
        if self.closed {
            return IceTransportState::Closed;
        }
        if self.current.failed {
            return IceTransportState::Failed;
        }
        let all_known = generation.gathered && generation.end_of_candidates;
        if let Some(path) = &generation.path {
            return if path.is_disconnected(now) {
                IceTransportState::Disconnected
            } else if all_known && generation.is_concluded() {
                IceTransportState::Completed
            } else {
                IceTransportState::Connected
            };
        }
        // A restart forgets that connectivity was lost before, so the old path counts only while it works.
        if let Some((_, path)) = self.path()
            && !path.is_disconnected(now)
        {
            return IceTransportState::Connected;
        }
        let has_remote = !generation.remote_candidates.is_empty()
            || !generation.unresolved.is_empty()
            || !self.held.is_empty();
        if !has_remote {
            return match generation.origin {
                Origin::New => IceTransportState::New,
                Origin::RestartWhileUnconnected => IceTransportState::Checking,
                // The old path stopped working since, and there is nothing to check yet.
                Origin::RestartWhileConnected => IceTransportState::Disconnected,
            };
        }
        let checklist = &generation.checklist;
        let all_failed = !checklist.pairs().is_empty() && checklist.promising_above(0) == 0;
        if all_failed && !all_known {
            IceTransportState::Disconnected
        } else {
            IceTransportState::Checking
        }
    }
}
