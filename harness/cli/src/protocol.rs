//! What glare and its workers say to each other: one JSON object a line.

use std::path::PathBuf;

use glare_reports::CellReport;
use serde::{Deserialize, Serialize};

/// What begins a line of a worker; the tag of the order and a colon follow. Whatever else appears on its standard output was
/// written by a peer and is passed over.
pub(crate) const MARK: &str = "glare-worker:";

/// A job, and how the answer to it is known.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    /// What the line of the answer has after [`MARK`]. No other order of this run has it, so that what a peer prints by
    /// accident, such as the log of another worker, is not taken for the answer.
    pub(crate) tag: String,
    /// What to do.
    pub(crate) job: Job,
}

/// A cell: a scenario, who plays it, and a seed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Cell {
    /// The file of the scenario.
    pub(crate) path: PathBuf,
    /// The folder below which its id begins.
    pub(crate) root: PathBuf,
    /// Its id, which says also which cell of its matrix.
    pub(crate) scenario: String,
    /// Roles and the peers that play them.
    pub(crate) cast: Vec<(String, String)>,
    /// The seed.
    pub(crate) seed: u64,
}

impl Cell {
    /// The command that plays it again.
    pub(crate) fn command(&self) -> String {
        let cast: Vec<String> = self
            .cast
            .iter()
            .map(|(role, name)| format!("{role}={name}"))
            .collect();
        let path = quoted(&self.path.display().to_string());
        format!("glare run {path} --cast {} --seed {}", cast.join(","), self.seed)
    }
}

/// A word of a command for a shell: in quotes where it has characters that a shell may take for itself.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |character: char| character.is_alphanumeric() || "/._-=,:%".contains(character);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// What a worker is told to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Job {
    /// Play a cell, and write its bundle below a folder if one is given.
    Play {
        /// Which cell.
        cell: Cell,
        /// The folder for all bundles.
        out: Option<PathBuf>,
    },
    /// Play cells in which a peer is sabotaged, until one is not as it should be.
    Sabotage {
        /// Which sabotage.
        sabotage: String,
        /// The cells, all of which pass where nothing is broken.
        cells: Vec<Cell>,
    },
    /// Replay a bundle.
    Replay {
        /// Its folder.
        bundle: PathBuf,
    },
}

/// What a worker answers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) enum Done {
    /// A cell was played.
    Played(Box<CellReport>),
    /// The cells of a sabotage were played, up to the first that caught it.
    Sabotaged {
        /// Whether the sabotage took effect in any of them.
        broke: bool,
        /// What caught it.
        caught: Option<Catch>,
    },
    /// A bundle was replayed.
    Replayed {
        /// What it came to this time.
        report: Box<CellReport>,
        /// The first departure from the recorded packets.
        departure: Option<String>,
        /// The first departure from the recorded trace.
        trace: Option<String>,
    },
    /// The job could not be done, for a reason outside of any peer.
    Impossible(String),
}

/// What caught a sabotage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Catch {
    /// The scenario's id.
    pub(crate) scenario: String,
    /// The rule or step that noticed; the verdict, where none did.
    pub(crate) check: String,
    /// The clause that it names; empty where it names none.
    pub(crate) clause: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_survive_a_shell() {
        assert_eq!(quoted("a/b=c,d=1"), "a/b=c,d=1");
        assert_eq!(quoted("a[b]"), "'a[b]'");
        assert_eq!(quoted("it's"), r"'it'\''s'");
    }
}
