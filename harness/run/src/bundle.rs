//! Bundles: a folder per cell, from which anyone can study and replay the run.
//!
//! A bundle is written beside its place and then moved there, so that a kill leaves either the old one or the new.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use glare_net::ForcedFate;
use glare_oracle::trace::{self, Record, What};
use glare_scenario::Scenario;
use serde::{Deserialize, Serialize};

use crate::play::{Measures, Outcome};
use crate::verdict::Verdict;

/// The version of the format of bundles. A reader refuses what it does not know.
pub const BUNDLE_VERSION: u32 = 1;

/// `verdict.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerdictFile {
    /// [`BUNDLE_VERSION`] of the writer.
    pub version: u32,
    /// The version of glare that wrote it.
    pub glare: String,
    /// The cell's name.
    pub cell: String,
    /// The scenario's id.
    pub scenario: String,
    /// Who played which role.
    pub cast: Vec<trace::Cast>,
    /// The seed.
    pub seed: u64,
    /// What it came to.
    pub verdict: Verdict,
    /// What tells this failure from others; empty for a pass.
    pub fingerprints: Vec<String>,
    /// What was measured.
    pub measures: Measures,
    /// The command that replays the run.
    pub replay: String,
}

/// A bundle that was read.
#[derive(Debug)]
pub struct Bundle {
    /// What was played.
    pub scenario: Scenario,
    /// What it came to.
    pub verdict: VerdictFile,
    /// What became of every packet.
    pub forced: Vec<ForcedFate>,
    /// What happened.
    pub trace: Vec<Record>,
}

/// A bundle could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// A file could not be written or read.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A file is not what it should be.
    #[error("{path}: {problem}")]
    Content {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
    /// A file is no JSON of the kind that it should be.
    #[error("{path}:{line}:{column}: {problem}")]
    Json {
        /// Which.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in bytes, from 1.
        column: usize,
        /// What is wrong.
        problem: String,
    },
    /// The scenario is none.
    #[error(transparent)]
    Scenario(#[from] glare_scenario::Diagnostics),
}

/// The folder of a cell below the folder for all: scenario, cast and seed, in characters that every file system takes.
pub fn cell_folder(scenario: &str, names: &[(String, String)], seed: u64) -> PathBuf {
    let safe = |text: &str| -> String {
        text.chars()
            .map(|character| match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' | '=' | ',' | '[' | ']' | '%' => {
                    character
                }
                _ => '_',
            })
            .collect()
    };
    let cast: Vec<String> = names
        .iter()
        .map(|(role, name)| format!("{role}={name}"))
        .collect();
    let mut folder: PathBuf = scenario
        .split('/')
        .filter(|part| !part.is_empty() && *part != "." && *part != "..")
        .map(safe)
        .collect();
    folder.push(safe(&format!("{},seed={seed}", cast.join(","))));
    folder
}

/// Writes the bundle of a cell to the folder `place`, which replaces an older one.
///
/// # Errors
///
/// The file that could not be written, and why.
pub fn write_bundle(
    place: &Path,
    scenario: &Scenario,
    outcome: &Outcome,
    replay: &str,
) -> Result<VerdictFile, BundleError> {
    let verdict = VerdictFile {
        version: BUNDLE_VERSION,
        glare: env!("CARGO_PKG_VERSION").to_owned(),
        cell: outcome.header.cell.clone(),
        scenario: scenario.id.clone(),
        cast: outcome.header.cast.clone(),
        seed: outcome.header.seed,
        verdict: outcome.verdict.clone(),
        fingerprints: outcome.verdict.fingerprints(),
        measures: outcome.measures.clone(),
        replay: replay.to_owned(),
    };
    let draft = sibling(place, "new");
    remove(&draft)?;
    fs::create_dir_all(&draft).map_err(|error| BundleError::File {
        path: draft.clone(),
        error,
    })?;
    fill(&draft, scenario, outcome, &verdict)?;
    replace(place, &draft)?;
    Ok(verdict)
}

/// Puts a draft in its place, and removes what was there.
fn replace(place: &Path, draft: &Path) -> Result<(), BundleError> {
    let old = sibling(place, "old");
    remove(&old)?;
    if !place.exists() {
        return rename(draft, place);
    }
    if exchange(place, draft)? {
        return remove(draft);
    }
    rename(place, &old)?;
    rename(draft, place)?;
    remove(&old)
}

/// Has two folders change places in one step, so that a kill leaves one of them in each. False where the system or the file
/// system cannot: then a kill between two renames leaves the old one beside its place.
#[cfg(target_os = "linux")]
fn exchange(place: &Path, draft: &Path) -> Result<bool, BundleError> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    match renameat_with(CWD, draft, CWD, place, RenameFlags::EXCHANGE) {
        Ok(()) => Ok(true),
        Err(Errno::INVAL | Errno::NOSYS) => Ok(false),
        Err(error) => Err(BundleError::File {
            path: place.to_owned(),
            error: error.into(),
        }),
    }
}

#[cfg(not(target_os = "linux"))]
fn exchange(_place: &Path, _draft: &Path) -> Result<bool, BundleError> {
    Ok(false)
}

fn fill(
    folder: &Path,
    scenario: &Scenario,
    outcome: &Outcome,
    verdict: &VerdictFile,
) -> Result<(), BundleError> {
    let head = format!("# {}\n", outcome.header.cell);
    write(folder, "scenario.yaml", |file| {
        file.write_all(head.as_bytes())?;
        file.write_all(glare_scenario::to_yaml(scenario).as_bytes())
    })?;
    write(folder, "trace.jsonl", |file| {
        json_line(file, &outcome.header)?;
        file.write_all(&outcome.lines)
    })?;
    write(folder, "states.yaml", |file| {
        file.write_all(states_yaml(outcome).as_bytes())
    })?;
    write(folder, "fates.jsonl", |file| {
        outcome
            .fates
            .iter()
            .filter_map(ForcedFate::from_fate)
            .try_for_each(|fate| json_line(file, &fate))
    })?;
    for (name, sdp) in &outcome.descriptions {
        write(folder, name, |file| file.write_all(sdp.as_bytes()))?;
    }
    if let Some(capture) = &outcome.capture {
        write(folder, "capture.pcapng", |file| {
            capture.write(file).map(|_| ()).map_err(io::Error::other)
        })?;
    }
    // Last: a folder with a verdict is whole.
    write(folder, "verdict.json", |file| {
        serde_json::to_writer_pretty(&mut *file, verdict).map_err(io::Error::other)?;
        file.write_all(b"\n")
    })
}

/// Reads what is needed to replay a bundle.
///
/// # Errors
///
/// The file that could not be read or is not what it should be.
pub fn read_bundle(place: &Path) -> Result<Bundle, BundleError> {
    let path = place.join("verdict.json");
    let text = read(&path)?;
    let version = serde_json::from_str::<serde_json::Value>(&text)
        .map_err(|error| json(&path, 1, &error))?
        .get("version")
        .and_then(serde_json::Value::as_u64);
    if version != Some(u64::from(BUNDLE_VERSION)) {
        let found = version.map_or("no version".to_owned(), |version| format!("version {version}"));
        return Err(content(
            &path,
            format!("a bundle of {found}; this glare reads version {BUNDLE_VERSION}"),
        ));
    }
    let verdict: VerdictFile = serde_json::from_str(&text).map_err(|error| json(&path, 1, &error))?;
    let path = place.join("scenario.yaml");
    let mut scenarios = glare_scenario::parse(&path.display().to_string(), &read(&path)?)?;
    let (Some(mut scenario), true) = (scenarios.pop(), scenarios.is_empty()) else {
        return Err(content(&path, "a bundle holds one cell of a scenario"));
    };
    scenario.id = verdict.scenario.clone();
    let roles = |roles: &mut dyn Iterator<Item = &String>| roles.cloned().collect::<Vec<String>>();
    if roles(&mut scenario.peers.iter().map(|plan| &plan.role))
        != roles(&mut verdict.cast.iter().map(|cast| &cast.role))
    {
        return Err(content(&path, "its peers are not the cast in verdict.json"));
    }
    let forced = json_lines(&place.join("fates.jsonl"), 0)?;
    // The first line is the header.
    let trace = json_lines(&place.join("trace.jsonl"), 1)?;
    Ok(Bundle {
        scenario,
        verdict,
        forced,
        trace,
    })
}

/// The first difference between a recorded trace and another, for people; none where they are the same. Where a step stands
/// in its file does not count: the scenario of a bundle is written anew.
pub fn trace_difference(recorded: &[Record], came: &[Record]) -> Option<String> {
    let placeless = |record: &Record| {
        let mut record = record.clone();
        if let What::Step { at, .. } = &mut record.what {
            at.clear();
        }
        record
    };
    let same = |(one, other): &(&Record, &Record)| placeless(one) == placeless(other);
    let place = recorded.iter().zip(came).take_while(same).count();
    match (recorded.get(place), came.get(place)) {
        (None, None) => None,
        (Some(one), Some(_)) => Some(format!("record {place} at {} is another", one.time)),
        (Some(one), None) => Some(format!(
            "record {place} at {} did not come, nor what is behind it",
            one.time
        )),
        (None, Some(other)) => Some(format!("record {place} at {} is one too many", other.time)),
    }
}

fn json_lines<T: serde::de::DeserializeOwned>(path: &Path, skip: usize) -> Result<Vec<T>, BundleError> {
    read(path)?
        .lines()
        .enumerate()
        .skip(skip)
        .map(|(line, text)| serde_json::from_str(text).map_err(|error| json(path, line + 1, &error)))
        .collect()
}

/// `states.yaml`: the state transitions of a run, peer by peer, as people review them.
///
/// Times, ids and addresses are left out, so that it changes only when behaviour does.
pub fn states_yaml(outcome: &Outcome) -> String {
    let states = glare_oracle::snapshot::states(&outcome.header, &outcome.trace);
    // Lists of strings under plain keys always have a YAML form.
    serde_yaml::to_string(&states).expect("states are plain data")
}

fn json_line(file: &mut impl Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *file, value).map_err(io::Error::other)?;
    file.write_all(b"\n")
}

fn write(
    folder: &Path,
    name: &str,
    fill: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>,
) -> Result<(), BundleError> {
    let path = folder.join(name);
    let written = File::create(&path).map(BufWriter::new).and_then(|mut file| {
        fill(&mut file)?;
        file.flush()
    });
    written.map_err(|error| BundleError::File { path, error })
}

fn read(path: &Path) -> Result<String, BundleError> {
    fs::read_to_string(path).map_err(|error| BundleError::File {
        path: path.to_owned(),
        error,
    })
}

fn content(path: &Path, problem: impl std::fmt::Display) -> BundleError {
    BundleError::Content {
        path: path.to_owned(),
        problem: problem.to_string(),
    }
}

/// What is wrong with JSON that begins in this line of a file.
fn json(path: &Path, first: usize, error: &serde_json::Error) -> BundleError {
    // The message ends with the place, which is told before it.
    let message = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    BundleError::Json {
        path: path.to_owned(),
        line: first + error.line().saturating_sub(1),
        column: error.column(),
        problem: message.strip_suffix(&place).unwrap_or(&message).to_owned(),
    }
}

fn rename(from: &Path, to: &Path) -> Result<(), BundleError> {
    fs::rename(from, to).map_err(|error| BundleError::File {
        path: to.to_owned(),
        error,
    })
}

fn remove(folder: &Path) -> Result<(), BundleError> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(BundleError::File {
            path: folder.to_owned(),
            error,
        }),
        _ => Ok(()),
    }
}

fn sibling(place: &Path, suffix: &str) -> PathBuf {
    let mut name = place.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{suffix}"));
    place.with_file_name(name)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn an_old_folder_and_a_draft_change_places() {
        let folder = tempfile::tempdir().unwrap();
        let (place, draft) = (folder.path().join("cell"), folder.path().join("cell.new"));
        for (path, text) in [(&place, "old"), (&draft, "new")] {
            fs::create_dir(path).unwrap();
            fs::write(path.join("verdict.json"), text).unwrap();
        }
        assert!(
            exchange(&place, &draft).unwrap(),
            "the file system of temporary files can"
        );
        assert_eq!(fs::read_to_string(place.join("verdict.json")).unwrap(), "new");
        assert_eq!(fs::read_to_string(draft.join("verdict.json")).unwrap(), "old");
    }
}
