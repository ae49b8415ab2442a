//! The ledger of expected failures: what is known to be broken, by whom, and why it is said to be so.
//!
//! ```toml
//! [[expected]]
//! scenario = "webrtc-pc/data-channels/close-*"   # the scenario's id; * stands for any text
//! role = "b"                                     # the role that the implementation plays; left out for any
//! implementation = "str0m"
//! versions = "0.25"                              # the versions it is true of, as Cargo writes them
//! clause = "RFC8831#section-6.7"
//! fingerprint = "fail RFC8831#section-6.7 rule channel-close-is-last"   # as verdict.json has it
//! reason = "why this is a fault of the implementation, or a limit of its adapter"
//! occurs = "sometimes"                           # left out where every such cell fails so
//! ```
//!
//! A cell that departs in several ways is as expected only where the ledger knows each of them.

use std::fmt;
use std::path::{Path, PathBuf};

use semver::{Version, VersionReq};
use serde::Deserialize;

use crate::cell::CellReport;

/// The expected failures of a run.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
}

/// An expected failure.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it stands, for people: `ci/expected.toml, entry 3`.
    pub place: String,
    /// The scenario's id; `*` stands for any text.
    pub scenario: String,
    /// The role that the implementation plays; none for any.
    pub role: Option<String>,
    /// The implementation.
    pub implementation: String,
    /// Of which versions it is true.
    pub versions: VersionReq,
    /// The clause that is broken.
    pub clause: String,
    /// What tells this failure from another, as `verdict.json` has it.
    pub fingerprint: String,
    /// Why it is so.
    pub reason: String,
    /// Whether only some of the cells fail so.
    pub sometimes: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    expected: Vec<Written>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    scenario: String,
    role: Option<String>,
    implementation: String,
    versions: String,
    clause: String,
    fingerprint: String,
    reason: String,
    #[serde(default)]
    occurs: Occurs,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(rename_all = "kebab-case")]
enum Occurs {
    #[default]
    Always,
    Sometimes,
}

/// A ledger could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The file could not be read.
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    /// The file is not a ledger.
    #[error("{0}")]
    Content(String),
}

impl Ledger {
    /// Reads a ledger.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, with its position.
    pub fn load(path: &Path) -> Result<Ledger, LedgerError> {
        let text =
            std::fs::read_to_string(path).map_err(|error| LedgerError::File(path.to_owned(), error))?;
        Ledger::parse(&path.display().to_string(), &text).map_err(LedgerError::Content)
    }

    fn parse(name: &str, text: &str) -> Result<Ledger, String> {
        let file: File = toml::from_str(text).map_err(|error| located(name, text, &error))?;
        let entries = file
            .expected
            .into_iter()
            .enumerate()
            .map(|(index, written)| {
                let place = format!("{name}, entry {}", index + 1);
                if written.reason.trim().is_empty() {
                    return Err(format!("{place}: the reason is empty"));
                }
                if !written.fingerprint.contains(written.clause.as_str()) {
                    return Err(format!(
                        "{place}: the fingerprint is not one of the clause {}",
                        written.clause
                    ));
                }
                let versions = VersionReq::parse(&written.versions)
                    .map_err(|error| format!("{place}: versions {:?}: {error}", written.versions))?;
                Ok(Entry {
                    place,
                    scenario: written.scenario,
                    role: written.role,
                    implementation: written.implementation,
                    versions,
                    clause: written.clause,
                    fingerprint: written.fingerprint,
                    reason: written.reason,
                    sometimes: written.occurs == Occurs::Sometimes,
                })
            })
            .collect::<Result<_, _>>()?;
        Ok(Ledger { entries })
    }

    /// Its entries.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// What is wrong with a file of TOML, with its line and column, the line, and a caret under the place.
fn located(name: &str, text: &str, error: &toml::de::Error) -> String {
    let message = error.message();
    let Some(span) = error.span() else {
        return format!("{name}: {message}");
    };
    let before = text.get(..span.start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    let source = text.lines().nth(line - 1).unwrap_or_default();
    let gutter = line.to_string();
    let blank = " ".repeat(gutter.len());
    let indent = " ".repeat(column - 1);
    format!("{name}:{line}:{column}: {message}\n {blank} |\n {gutter} | {source}\n {blank} | {indent}^")
}

impl Entry {
    /// Whether it speaks of this cell.
    pub fn covers(&self, cell: &CellReport) -> bool {
        glob(&self.scenario, &cell.scenario)
            && cell.cast.iter().any(|cast| {
                cast.implementation == self.implementation
                    && self.role.as_ref().is_none_or(|role| *role == cast.role)
                    && Version::parse(&cast.version).is_ok_and(|version| self.versions.matches(&version))
            })
    }
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.scenario, self.implementation, self.reason)
    }
}

/// Whether `text` is what `pattern` means, where `*` stands for any text.
fn glob(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((head, rest)) => text.strip_prefix(head).is_some_and(|tail| {
            (0..=tail.len())
                .filter(|&start| tail.is_char_boundary(start))
                .any(|start| glob(rest, &tail[start..]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use glare_oracle::trace::Cast;
    use glare_peer::Granularity;
    use glare_run::{Measures, Verdict, VerdictKind};

    use super::*;
    use crate::cell::{Class, classify};

    const LEDGER: &str = r#"
        [[expected]]
        scenario = "webrtc-pc/close-*"
        role = "b"
        implementation = "str0m"
        versions = "0.25"
        clause = ""
        fingerprint = "stall"
        reason = "it never closes"
    "#;

    fn cell(kind: VerdictKind, role: &str, version: &str) -> CellReport {
        let cast = |role: &str, implementation: &str| Cast {
            role: role.to_owned(),
            implementation: implementation.to_owned(),
            version: version.to_owned(),
            granularity: Granularity::Event,
        };
        let other = if role == "a" { "b" } else { "a" };
        CellReport {
            scenario: "webrtc-pc/close-late".to_owned(),
            cast: vec![cast(role, "str0m"), cast(other, "reference")],
            seed: 0,
            verdict: Verdict::new(kind, "why"),
            measures: Measures::default(),
            bundle: None,
            replay: String::new(),
        }
    }

    fn class(cell: CellReport) -> (Class, bool) {
        let ledger = Ledger::parse("test", LEDGER).unwrap();
        let summary = classify(&[cell], &ledger, true);
        (summary.classes[0].0, summary.as_expected())
    }

    #[test]
    fn the_failure_that_is_expected_is_ledgered_and_no_pass() {
        assert_eq!(
            class(cell(VerdictKind::Stall, "b", "0.25.0")),
            (Class::Ledgered, true)
        );
    }

    #[test]
    fn another_failure_or_a_pass_is_unexpected() {
        assert_eq!(
            class(cell(VerdictKind::Crash, "b", "0.25.0")),
            (Class::Unexpected, false)
        );
        assert_eq!(
            class(cell(VerdictKind::Pass, "b", "0.25.0")),
            (Class::Unexpected, false)
        );
    }

    #[test]
    fn an_entry_of_another_role_or_version_does_not_speak_of_a_cell() {
        assert_eq!(
            class(cell(VerdictKind::Stall, "a", "0.25.0")).0,
            Class::Unexpected
        );
        assert_eq!(
            class(cell(VerdictKind::Stall, "b", "0.26.0")).0,
            Class::Unexpected
        );
        assert_eq!(class(cell(VerdictKind::Pass, "a", "0.25.0")).0, Class::Passed);
    }

    #[test]
    fn what_occurs_only_sometimes_may_be_absent_but_not_everywhere() {
        let ledger = Ledger::parse(
            "test",
            &LEDGER.replace("reason", "occurs = \"sometimes\"\nreason"),
        )
        .unwrap();
        let cells = [
            cell(VerdictKind::Pass, "b", "0.25.0"),
            cell(VerdictKind::Stall, "b", "0.25.0"),
        ];
        assert!(classify(&cells, &ledger, true).as_expected());
        let summary = classify(&cells[..1], &ledger, true);
        assert_eq!(
            (summary.classes[0].0, summary.as_expected()),
            (Class::Passed, false)
        );
    }

    #[test]
    fn an_entry_that_speaks_of_no_cell_is_a_fault_of_a_whole_run() {
        let ledger = Ledger::parse("test", LEDGER).unwrap();
        let cells = [cell(VerdictKind::Pass, "b", "0.26.0")];
        assert!(classify(&cells, &ledger, false).as_expected());
        let summary = classify(&cells, &ledger, true);
        assert_eq!((summary.ledger_faults.len(), summary.as_expected()), (1, false));
    }

    #[test]
    fn an_entry_without_reason_is_refused() {
        let error = Ledger::parse("test", &LEDGER.replace("it never closes", " ")).unwrap_err();
        assert!(error.contains("reason"), "{error}");
    }

    #[test]
    fn a_star_stands_for_any_text() {
        assert!(glob("a/*/c*", "a/b/b/cd"));
        assert!(!glob("a/*", "b/a/"));
        assert!(glob("ä*", "äö"));
    }
}
