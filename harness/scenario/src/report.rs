//! Where the loader says what is wrong.

use std::cell::RefCell;
use std::path::PathBuf;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::script::Position;

/// Proof that a diagnostic has been noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reported;

/// A value, or proof that what is wrong with it has been noted.
pub(crate) type Checked<T> = Result<T, Reported>;

/// Collects what is wrong with one file.
#[derive(Debug)]
pub(crate) struct Report {
    file: PathBuf,
    lines: Vec<String>,
    found: RefCell<Vec<Diagnostic>>,
}

impl Report {
    pub fn new(file: PathBuf, text: &str) -> Report {
        Report {
            file,
            lines: text.lines().map(str::to_owned).collect(),
            found: RefCell::default(),
        }
    }

    /// Notes what is wrong at a place.
    pub fn error(&self, position: Position, message: impl Into<String>) -> Reported {
        self.note(position, message.into(), None)
    }

    /// Notes what is wrong at a place, and what may help.
    pub fn error_with_help(
        &self,
        position: Position,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Reported {
        self.note(position, message.into(), Some(help.into()))
    }

    /// Notes that `found` is none of `known`, with the nearest of them as help.
    pub fn unknown<'k>(
        &self,
        position: Position,
        what: &str,
        found: &str,
        known: impl IntoIterator<Item = &'k str>,
    ) -> Reported {
        let known: Vec<&str> = known.into_iter().collect();
        let message = match known.is_empty() {
            true => format!("unknown {what} {found:?}; there is none"),
            false => format!("unknown {what} {found:?}; expected {}", list(&known)),
        };
        self.note(
            position,
            message,
            nearest(found, &known).map(|near| format!("did you mean `{near}`?")),
        )
    }

    fn note(&self, position: Position, message: String, help: Option<String>) -> Reported {
        let source_line = self.lines.get(position.line as usize - 1).cloned();
        let diagnostic = Diagnostic {
            file: self.file.clone(),
            line: position.line,
            column: position.column,
            message,
            help,
            source_line,
        };
        let mut found = self.found.borrow_mut();
        // Each cell of a matrix meets the same mistake.
        if !found.contains(&diagnostic) {
            found.push(diagnostic);
        }
        Reported
    }

    /// Whether nothing has been noted.
    pub fn is_clean(&self) -> bool {
        self.found.borrow().is_empty()
    }

    /// All that was noted, in the order of the file.
    pub fn take(&self) -> Diagnostics {
        let mut found = self.found.take();
        found.sort_by_key(|diagnostic| (diagnostic.line, diagnostic.column));
        Diagnostics(found)
    }
}

/// `a`, `a or b`, `a, b or c`.
pub(crate) fn list(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => (*only).to_owned(),
        [rest @ .., last] => format!("{} or {last}", rest.join(", ")),
    }
}

/// The nearest name, if one is near enough to have been meant.
fn nearest<'k>(found: &str, known: &[&'k str]) -> Option<&'k str> {
    let limit = found.chars().count().max(3) / 3;
    let lower = found.to_lowercase();
    // A beginning of at least three letters is near, however much is missing.
    let begins = |name: &str| lower.len() >= 3 && name.to_lowercase().starts_with(&lower);
    known
        .iter()
        .map(|name| (distance(&lower, &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= limit || begins(name))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many characters must be inserted, removed, replaced or swapped with their neighbour.
fn distance(left: &str, right: &str) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut rows = vec![(0..=right.len()).collect::<Vec<usize>>()];
    for (i, a) in left.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in right.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(a != b);
            let mut best = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == right[j - 1] && left[i - 1] == *b {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[left.len()][right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_only_when_it_is_near() {
        assert_eq!(nearest("offre", &["offer", "answer"]), Some("offer"));
        assert_eq!(nearest("createoffer", &["createOffer"]), Some("createOffer"));
        assert_eq!(nearest("c", &["a", "b"]), Some("a"));
        assert_eq!(
            nearest("InvalidState", &["InvalidStateError"]),
            Some("InvalidStateError")
        );
        assert_eq!(nearest("zebra", &["offer", "answer"]), None);
    }
}
