//! The signalling plane: messages between peers, apart from the network that carries their media.
//!
//! A message takes the delay of its pair and arrives in the order it was sent, unless a fault of the scenario drops,
//! duplicates, delays or reorders it.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use glare_peer::{IceCandidate, SessionDescription};

/// What a message carries.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Signal {
    /// A description.
    Description(SessionDescription),
    /// A candidate, or the end of candidates.
    Candidate(IceCandidate),
}

impl Signal {
    /// `offer`, `answer`, `pranswer`, `rollback` or `candidate`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Signal::Description(description) => description.sdp_type.as_str(),
            Signal::Candidate(_) => "candidate",
        }
    }
}

/// A message under way or arrived.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// The sending peer.
    pub(crate) from: usize,
    /// The receiving peer.
    pub(crate) to: usize,
    /// What it carries.
    pub(crate) signal: Signal,
}

/// Which messages are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pattern {
    /// The kind of message, as [`Signal::kind`] gives it; none for any.
    pub(crate) kind: Option<&'static str>,
    /// The sending peer.
    pub(crate) from: usize,
    /// The receiving peer; none for any.
    pub(crate) to: Option<usize>,
}

impl Pattern {
    fn matches(self, message: &Message) -> bool {
        self.kind.is_none_or(|kind| kind == message.signal.kind())
            && self.from == message.from
            && self.to.is_none_or(|to| to == message.to)
    }
}

/// A fault: what happens to the messages that it matches.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fault {
    /// Which messages.
    pub(crate) on: Pattern,
    /// Only the n-th message that matches, from 1; none for all.
    pub(crate) nth: Option<u64>,
    /// What is done.
    pub(crate) effect: Effect,
}

/// What a fault does to a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It never arrives.
    Drop,
    /// It arrives twice.
    Duplicate,
    /// It arrives later by this, and does not hold up those behind it.
    Delay(Duration),
    /// It arrives right after this many of those sent behind it in its direction.
    Behind(u64),
    /// It arrives right after the n-th message, from 1, of those that match has arrived; as ever where it has already.
    After(Pattern, u64),
}

impl Effect {
    fn name(self) -> &'static str {
        match self {
            Effect::Drop => "drop",
            Effect::Duplicate => "duplicate",
            Effect::Delay(_) => "delay",
            Effect::Behind(_) | Effect::After(..) => "reorder",
        }
    }
}

/// The plane.
#[derive(Debug, Default)]
pub(crate) struct Plane {
    delays: BTreeMap<(usize, usize), Duration>,
    faults: Vec<(Fault, u64)>,
    messages: Vec<Message>,
    /// Messages held back, and for what.
    held: Vec<(u64, Hold)>,
    /// The messages that have arrived, in order.
    arrived: Vec<u64>,
}

/// What a message is held back for.
#[derive(Debug, Clone, Copy)]
enum Hold {
    /// That this many later ones of its direction arrive.
    Behind(u64),
    /// That so many that match have arrived.
    After(Pattern, u64),
}

/// What is to be scheduled for a message that was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Sent {
    /// Names the message.
    pub(crate) message: u64,
    /// After how long it arrives, once for each arrival.
    pub(crate) arrivals: Vec<Duration>,
    /// What a fault did to it.
    pub(crate) fault: Option<&'static str>,
}

impl Plane {
    /// A plane on which a message takes the delay of its direction.
    pub(crate) fn new(delays: BTreeMap<(usize, usize), Duration>, faults: Vec<Fault>) -> Plane {
        Plane {
            delays,
            faults: faults.into_iter().map(|fault| (fault, 0)).collect(),
            messages: Vec::new(),
            held: Vec::new(),
            arrived: Vec::new(),
        }
    }

    /// Puts a message on the plane. The first fault that matches decides.
    pub(crate) fn send(&mut self, message: Message) -> Sent {
        let number = self.messages.len() as u64;
        let delay = self
            .delays
            .get(&(message.from, message.to))
            .copied()
            .unwrap_or_default();
        let effect = self.effect(&message).filter(
            |effect| !matches!(effect, Effect::After(pattern, nth) if self.have_arrived(*pattern) >= *nth),
        );
        self.messages.push(message);
        let arrivals = match effect {
            None => vec![delay],
            Some(Effect::Drop) => Vec::new(),
            Some(Effect::Duplicate) => vec![delay, delay],
            Some(Effect::Delay(more)) => vec![delay + more],
            Some(Effect::Behind(others)) => {
                self.held.push((number, Hold::Behind(others)));
                Vec::new()
            }
            Some(Effect::After(pattern, nth)) => {
                self.held.push((number, Hold::After(pattern, nth)));
                Vec::new()
            }
        };
        Sent {
            message: number,
            arrivals,
            fault: effect.map(Effect::name),
        }
    }

    fn effect(&mut self, message: &Message) -> Option<Effect> {
        let mut decided = None;
        for (fault, seen) in &mut self.faults {
            if !fault.on.matches(message) {
                continue;
            }
            *seen += 1;
            if decided.is_none() && fault.nth.is_none_or(|nth| nth == *seen) {
                decided = Some(fault.effect);
            }
        }
        decided
    }

    /// A message arrives: gives it, the messages that were only waiting for it, those that waited for these, and so on.
    pub(crate) fn arrive(&mut self, message: u64) -> Vec<(u64, Message)> {
        let mut out = Vec::new();
        let mut arriving = VecDeque::from([message]);
        while let Some(number) = arriving.pop_front() {
            if let Some(arrived) = self.get(number) {
                self.arrived.push(number);
                arriving.extend(self.release(number, &arrived));
                out.push((number, arrived));
            }
        }
        out
    }

    /// Takes out the messages that were only waiting for one that has arrived.
    fn release(&mut self, number: u64, arrived: &Message) -> Vec<u64> {
        let mut held = std::mem::take(&mut self.held);
        let mut released = Vec::new();
        held.retain_mut(|(waiting, hold)| {
            let release = match hold {
                Hold::Behind(others) => {
                    let behind = self
                        .get(*waiting)
                        .is_some_and(|waiting| (waiting.from, waiting.to) == (arrived.from, arrived.to))
                        && *waiting < number;
                    *others = others.saturating_sub(u64::from(behind));
                    *others == 0
                }
                Hold::After(pattern, nth) => self.have_arrived(*pattern) >= *nth,
            };
            if release {
                released.push(*waiting);
            }
            !release
        });
        self.held = held;
        released
    }

    /// How many messages that match have arrived.
    fn have_arrived(&self, pattern: Pattern) -> u64 {
        let matching = |number: &&u64| {
            self.get(**number)
                .is_some_and(|message| pattern.matches(&message))
        };
        self.arrived.iter().filter(matching).count() as u64
    }

    fn get(&self, message: u64) -> Option<Message> {
        usize::try_from(message)
            .ok()
            .and_then(|index| self.messages.get(index))
            .cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidate(from: usize) -> Message {
        Message {
            from,
            to: 1 - from,
            signal: Signal::Candidate(IceCandidate::default()),
        }
    }

    fn plane(effect: Effect, nth: Option<u64>) -> Plane {
        let on = Pattern {
            kind: Some("candidate"),
            from: 0,
            to: None,
        };
        Plane::new(
            BTreeMap::from([((0, 1), Duration::from_millis(5))]),
            vec![Fault { on, nth, effect }],
        )
    }

    #[test]
    fn only_the_nth_match_is_dropped() {
        let mut plane = plane(Effect::Drop, Some(2));
        let arrivals: Vec<usize> = [0, 1, 0, 0]
            .into_iter()
            .map(|from| plane.send(candidate(from)).arrivals.len())
            .collect();
        assert_eq!(arrivals, [1, 1, 0, 1]);
    }

    #[test]
    fn a_duplicate_arrives_twice_and_a_delayed_one_later() {
        assert_eq!(
            plane(Effect::Duplicate, None).send(candidate(0)).arrivals.len(),
            2
        );
        let sent = plane(Effect::Delay(Duration::from_secs(1)), None).send(candidate(0));
        assert_eq!(sent.arrivals, [Duration::from_millis(1005)]);
        assert_eq!(sent.fault, Some("delay"));
    }

    #[test]
    fn a_reordered_message_comes_right_behind_the_ones_it_waits_for() {
        let mut plane = plane(Effect::Behind(1), Some(1));
        assert_eq!(plane.send(candidate(0)).arrivals, []);
        plane.send(candidate(0));
        let order: Vec<u64> = plane.arrive(1).into_iter().map(|(number, _)| number).collect();
        assert_eq!(order, [1, 0]);
        assert!(plane.held.is_empty());
    }

    #[test]
    fn a_message_that_was_held_lets_go_of_those_that_wait_for_it() {
        let from = |from| Pattern {
            kind: None,
            from,
            to: None,
        };
        let fault = |on, effect| Fault {
            on,
            nth: Some(1),
            effect,
        };
        let mut plane = Plane::new(
            BTreeMap::new(),
            vec![
                fault(from(0), Effect::After(from(1), 1)),
                fault(from(2), Effect::After(from(0), 1)),
            ],
        );
        let message = |from, to| Message {
            from,
            to,
            signal: Signal::Candidate(IceCandidate::default()),
        };
        plane.send(message(2, 0));
        plane.send(message(0, 1));
        plane.send(message(1, 0));
        let order: Vec<u64> = plane.arrive(2).into_iter().map(|(number, _)| number).collect();
        assert_eq!(order, [2, 1, 0]);
    }

    #[test]
    fn a_message_waits_for_the_nth_of_others_and_for_none_that_has_arrived() {
        let others = Pattern {
            kind: None,
            from: 1,
            to: None,
        };
        let mut plane = plane(Effect::After(others, 2), None);
        plane.send(candidate(0));
        plane.send(candidate(1));
        plane.send(candidate(1));
        assert_eq!(plane.arrive(1).len(), 1);
        assert_eq!(plane.arrive(2).len(), 2);
        assert_eq!(plane.send(candidate(0)).arrivals.len(), 1);
    }
}
