//! What a run has to say of each cell, and how it counts.

use std::path::PathBuf;

use glare_oracle::trace::Cast;
use glare_run::{Measures, Verdict, VerdictKind};
use serde::{Deserialize, Serialize};

use crate::ledger::Ledger;

/// A cell that was played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CellReport {
    /// The scenario's id.
    pub scenario: String,
    /// Who played which role.
    pub cast: Vec<Cast>,
    /// The seed.
    pub seed: u64,
    /// What it came to.
    pub verdict: Verdict,
    /// What was measured.
    pub measures: Measures,
    /// Its bundle, if one was written.
    pub bundle: Option<PathBuf>,
    /// The command that replays it.
    pub replay: String,
}

impl CellReport {
    /// The implementations in the order of the roles: `reference–str0m`.
    pub fn cast_name(&self) -> String {
        let names: Vec<&str> = self
            .cast
            .iter()
            .map(|cast| cast.implementation.as_str())
            .collect();
        names.join("–")
    }
}

/// How a cell counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// It passed, and nothing said that it would not.
    Passed,
    /// A peer cannot do what it needs.
    Unsupported,
    /// It failed as the ledger says it would.
    Ledgered,
    /// Anything else.
    Unexpected,
}

/// How many cells count how, and what the ledger says that is not so.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Summary {
    /// The class of each cell, in the order of the cells, with a remark for people where it is not plain.
    pub classes: Vec<(Class, Option<String>)>,
    /// Entries of the ledger that are wrong, each a sentence.
    pub ledger_faults: Vec<String>,
}

impl Summary {
    /// How many cells are of a class.
    pub fn count(&self, class: Class) -> usize {
        self.classes
            .iter()
            .filter(|(counted, _)| *counted == class)
            .count()
    }

    /// Whether everything came as expected.
    pub fn as_expected(&self) -> bool {
        self.count(Class::Unexpected) == 0 && self.ledger_faults.is_empty()
    }
}

/// Holds the cells of a run against the ledger.
///
/// `whole` says that the cells are all there are: only then does every entry have to speak of some cell, and one about some of
/// many cells be confirmed by one of them. An entry about every cell that it covers is held against each in any case.
pub fn classify(cells: &[CellReport], ledger: &Ledger, whole: bool) -> Summary {
    let entries = ledger.entries();
    let mut matched = vec![false; entries.len()];
    let classes = cells
        .iter()
        .map(|cell| {
            let fingerprints = cell.verdict.fingerprints();
            let mut reasons = Vec::new();
            let mut absent = None;
            for (index, entry) in entries.iter().enumerate().filter(|(_, entry)| entry.covers(cell)) {
                if fingerprints.contains(&entry.fingerprint) {
                    matched[index] = true;
                    reasons.push(entry.reason.as_str());
                } else if !entry.sometimes {
                    absent = Some(format!("{}: `{}` did not occur", entry.place, entry.fingerprint));
                }
            }
            let unknown = fingerprints.iter().find(|fingerprint| {
                !entries
                    .iter()
                    .any(|entry| entry.covers(cell) && entry.fingerprint == **fingerprint)
            });
            match (cell.verdict.kind, unknown, absent) {
                (_, Some(_), _) if reasons.is_empty() => (Class::Unexpected, None),
                (_, Some(unknown), _) => (Class::Unexpected, Some(format!("it does not know `{unknown}`"))),
                (_, None, Some(absent)) => (Class::Unexpected, Some(absent)),
                (VerdictKind::Pass, None, None) => (Class::Passed, None),
                (VerdictKind::Unsupported, None, None) => (Class::Unsupported, None),
                (_, None, None) => (Class::Ledgered, Some(reasons.join("; "))),
            }
        })
        .collect();
    let ledger_faults = entries
        .iter()
        .enumerate()
        .filter(|(index, _)| whole && !matched[*index])
        .map(|(_, entry)| {
            format!(
                "{}: no cell of {} with {} ended with `{}`",
                entry.place, entry.scenario, entry.implementation, entry.fingerprint
            )
        })
        .collect();
    Summary {
        classes,
        ledger_faults,
    }
}
