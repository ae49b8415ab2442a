//! The rules of the specification that hold for every trace.
//!
//! A rule judges each connection of a trace by itself, and tells of its first departure only: what comes after one is
//! often its consequence. Where the specification permits several outcomes a rule accepts them all, and what an
//! implementation does not have (an attribute that is none) is never judged.
//!
//! In the order to read: `states` (the four state attributes and their events), `signaling` (descriptions and
//! negotiation), `operations` (calls and promises), `gathering` (candidates), `transports` (how states follow from
//! each other), `channels` and `announcing` (data channels), `closing` (`close()` and after); then `descriptions` and
//! `candidates` (what they say), `transceivers` (and tracks), `statistics`.

mod announcing;
mod candidates;
mod channels;
mod closing;
mod descriptions;
mod gathering;
mod operations;
mod signaling;
mod states;
mod statistics;
mod transceivers;
mod transports;

use std::sync::LazyLock;

use glare_peer::Granularity;
use serde::{Deserialize, Serialize};

use crate::trace::{Header, Record};
use crate::view::{Entry, View};

/// What a departure from a rule means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// The specification leaves no choice.
    Must,
    /// The specification wants it, and a good reason may speak against it.
    Should,
}

/// A rule of the specification.
#[derive(Debug)]
pub struct Rule {
    /// Its name, in kebab-case; never given to another rule.
    pub id: &'static str,
    /// Where the specification says so: `webrtc-pc#anchor` or `RFC9429#section-x.y.z`.
    pub clause: &'static str,
    /// What a departure means.
    pub level: Level,
    /// What the rule demands, in one sentence.
    pub statement: &'static str,
    /// How finely a peer must stop to be judged: a rule that needs [`Granularity::Step`] leaves the others alone.
    pub granularity: Granularity,
    check: fn(&View<'_>) -> Option<Departure>,
}

/// Where a trace departs from a rule for the first time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Violation {
    /// [`Rule::id`].
    pub rule: String,
    /// [`Rule::clause`].
    pub clause: String,
    /// [`Rule::level`].
    pub level: Level,
    /// The role that departs.
    pub peer: String,
    /// The number of the first record at which the trace departs.
    pub record: u64,
    /// What the rule wants there, without times, ids and ports.
    pub expected: String,
    /// What the trace has there, likewise.
    pub actual: String,
}

/// A departure, before it is known by which rule and of whom.
#[derive(Debug)]
struct Departure {
    record: u64,
    expected: String,
    actual: String,
}

impl Departure {
    fn new(record: u64, expected: impl Into<String>, actual: impl Into<String>) -> Departure {
        Departure {
            record,
            expected: expected.into(),
            actual: actual.into(),
        }
    }
}

/// All rules, family by family.
pub fn rules() -> &'static [Rule] {
    static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
        [
            states::rules(),
            signaling::rules(),
            operations::rules(),
            gathering::rules(),
            transports::rules(),
            channels::rules(),
            announcing::rules(),
            closing::rules(),
            descriptions::rules(),
            candidates::rules(),
            transceivers::rules(),
            statistics::rules(),
        ]
        .into_iter()
        .flatten()
        .collect()
    });
    &RULES
}

/// Holds a trace against every rule: the first departure of each connection from each rule, in the order of the trace.
/// Takes the records in any order and never fails; records that make no sense together are departures or are ignored.
pub fn judge(header: &Header, trace: &[Record]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for view in View::all(header, trace) {
        for rule in rules() {
            if rule.granularity == Granularity::Step && !view.steps() {
                continue;
            }
            if let Some(departure) = (rule.check)(&view) {
                violations.push(Violation {
                    rule: rule.id.to_owned(),
                    clause: rule.clause.to_owned(),
                    level: rule.level,
                    peer: view.peer.to_owned(),
                    record: departure.record,
                    expected: departure.expected,
                    actual: departure.actual,
                });
            }
        }
    }
    violations.sort_by_key(|violation| violation.record);
    violations
}

/// The first event that a task fires after one that should follow it. `rank` gives an event's place in the order; events
/// without one may come anywhere.
fn out_of_order(view: &View<'_>, rank: fn(&Entry<'_>) -> Option<u8>) -> Option<Departure> {
    view.tasks().iter().find_map(|task| {
        let mut last: Option<(u8, &str)> = None;
        task.entries.iter().find_map(|entry| {
            let (place, event) = (rank(entry)?, entry.fired()?.event);
            let (before, name) = *last.get_or_insert((place, event));
            last = Some((place, event));
            (place < before).then(|| {
                Departure::new(
                    entry.record,
                    format!("{event} before {name} in one task"),
                    format!("{event} after {name}"),
                )
            })
        })
    })
}

#[cfg(test)]
mod doctored;
#[cfg(test)]
mod doctored_media;
#[cfg(test)]
mod tests;
