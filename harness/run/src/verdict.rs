//! What a cell came to.

use std::fmt;

use glare_oracle::Violation;
use serde::{Deserialize, Serialize};

/// What a cell came to, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Verdict {
    /// Which verdict.
    pub kind: VerdictKind,
    /// Why, in one sentence; empty for a pass.
    #[serde(default)]
    pub reason: String,
    /// Every departure that counts. The first is the one the verdict stands on.
    #[serde(default)]
    pub departures: Vec<Departure>,
    /// Departures from clauses of level `may`: told, never counted.
    #[serde(default)]
    pub remarks: Vec<Departure>,
}

impl Verdict {
    /// A verdict of this kind for this reason, without departures.
    pub fn new(kind: VerdictKind, reason: impl Into<String>) -> Verdict {
        Verdict {
            kind,
            reason: reason.into(),
            departures: Vec::new(),
            remarks: Vec::new(),
        }
    }

    /// What tells this failure from others: for each departure its clause and the rule or step that found it; without
    /// departures the verdict, and for a crash what it died of. Seeds, times and numbers do not enter. Empty for what is
    /// neither a failure nor a crash nor a stall.
    pub fn fingerprints(&self) -> Vec<String> {
        let mut fingerprints: Vec<String> = Vec::new();
        for departure in &self.departures {
            let fingerprint = format!("{} {} {}", self.kind, departure.clause, departure.check);
            if !fingerprints.contains(&fingerprint) {
                fingerprints.push(fingerprint);
            }
        }
        match self.kind {
            VerdictKind::Pass | VerdictKind::Unsupported => {}
            VerdictKind::Crash => {
                fingerprints.push(format!("{} {}", self.kind, without_numbers(&self.reason)));
            }
            kind if fingerprints.is_empty() => fingerprints.push(kind.to_string()),
            _ => {}
        }
        fingerprints
    }
}

/// The first line of a message, with `#` for every number, so that addresses and counters do not tell it from itself.
fn without_numbers(message: &str) -> String {
    let mut out = String::new();
    for character in message.lines().next().unwrap_or_default().chars() {
        match character {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            other => out.push(other),
        }
    }
    out
}

/// The verdicts there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum VerdictKind {
    /// All expectations were met and all rules kept.
    Pass,
    /// An expectation was not met, or a rule was broken.
    Fail,
    /// A peer cannot do what the scenario needs.
    Unsupported,
    /// A peer panicked, aborted, exited, or hung beyond the watchdog.
    Crash,
    /// Nothing was left to happen before the scenario was done, or too much happened at one instant.
    Stall,
    /// The same seed gave two traces.
    Unstable,
}

impl VerdictKind {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            VerdictKind::Pass => "pass",
            VerdictKind::Fail => "fail",
            VerdictKind::Unsupported => "unsupported",
            VerdictKind::Crash => "crash",
            VerdictKind::Stall => "stall",
            VerdictKind::Unstable => "unstable",
        }
    }
}

impl fmt::Display for VerdictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where a run departs from the specification.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Departure {
    /// The clause, such as `webrtc-pc#dom-rtcpeerconnection-close`.
    pub clause: String,
    /// `must`, `should` or `may`.
    pub level: String,
    /// What found it: `rule <id>` of the oracle, or `step <verb and object>` of the script.
    pub check: String,
    /// The role it is about, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub peer: Option<String>,
    /// Where the expectation stands in the scenario, `line:column`; none for a rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
    /// What was expected.
    pub expected: String,
    /// What came.
    pub actual: String,
    /// The number of the record at which the trace departs.
    pub record: u64,
    /// The virtual time of that record in nanoseconds.
    pub time: glare_peer::SimTime,
}

impl Departure {
    /// The departure that a violated rule is; `time` is that of its record.
    pub fn from_violation(violation: Violation, time: glare_peer::SimTime) -> Departure {
        Departure {
            clause: violation.clause.to_string(),
            level: match violation.level {
                glare_oracle::Level::Must => "must".to_owned(),
                glare_oracle::Level::Should => "should".to_owned(),
            },
            check: format!("rule {}", violation.rule),
            peer: Some(violation.peer),
            at: None,
            expected: violation.expected,
            actual: violation.actual,
            record: violation.record,
            time,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn departure(check: &str) -> Departure {
        Departure {
            clause: "webrtc-pc#close".to_owned(),
            level: "must".to_owned(),
            check: check.to_owned(),
            peer: None,
            at: None,
            expected: String::new(),
            actual: String::new(),
            record: 7,
            time: glare_peer::SimTime::ZERO,
        }
    }

    #[test]
    fn a_failure_is_told_by_each_of_its_departures_once() {
        let mut verdict = Verdict::new(VerdictKind::Fail, "why");
        verdict.departures = vec![departure("rule a"), departure("rule b"), departure("rule a")];
        assert_eq!(
            verdict.fingerprints(),
            ["fail webrtc-pc#close rule a", "fail webrtc-pc#close rule b"]
        );
    }

    #[test]
    fn crashes_of_one_cause_are_one_whatever_their_numbers() {
        let one = Verdict::new(VerdictKind::Crash, "panicked: index 7 of 12\nmore");
        let other = Verdict::new(VerdictKind::Crash, "panicked: index 13 of 100");
        assert_eq!(one.fingerprints(), other.fingerprints());
        assert_eq!(one.fingerprints(), ["crash panicked: index # of #"]);
    }

    #[test]
    fn a_pass_has_no_fingerprint() {
        assert!(Verdict::new(VerdictKind::Pass, "").fingerprints().is_empty());
        assert_eq!(Verdict::new(VerdictKind::Stall, "why").fingerprints(), ["stall"]);
    }
}
