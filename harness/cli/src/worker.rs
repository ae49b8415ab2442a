//! A worker: takes jobs from standard input until it ends, and answers each on standard output.
//!
//! Workers are processes so that a peer that aborts or hangs takes nothing else with it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};

use glare_oracle::trace::What;
use glare_reports::CellReport;
use glare_run::{Outcome, Play, VerdictKind, cell_folder, read_bundle, write_bundle};
use glare_scenario::Scenario;

use crate::exit::{Exit, Problem};
use crate::protocol::{Catch, Cell, Done, Job, MARK, Order, quoted};
use crate::registry::Registry;

/// Works until standard input ends.
pub(crate) fn work(registry: &Registry) -> Result<Exit, Problem> {
    let mut files = Files::default();
    for line in lines() {
        let line = line.map_err(|error| Problem::environment(format!("worker: {error}")))?;
        let Order { tag, job } =
            serde_json::from_str(&line).map_err(|error| Problem::input(format!("worker: {error}")))?;
        let done = match job {
            Job::Play { cell, out } => play(registry, &mut files, &cell, out.as_deref()),
            Job::Sabotage { sabotage, cells } => sabotaged(registry, &mut files, &sabotage, &cells),
            Job::Replay { bundle } => replay(registry, &bundle),
        };
        let done = done.unwrap_or_else(Done::Impossible);
        let answer =
            serde_json::to_string(&done).map_err(|error| Problem::environment(format!("worker: {error}")))?;
        // The mark begins a line even where a peer left one unfinished.
        let mut out = std::io::stdout().lock();
        if writeln!(out, "\n{MARK}{tag}:{answer}")
            .and_then(|()| out.flush())
            .is_err()
        {
            // Whoever asked is gone.
            break;
        }
    }
    Ok(Exit::AsExpected)
}

/// The lines of standard input, read on a thread of their own, so that the end of whoever asks ends this process also in the
/// middle of a job: one that hangs would else go on for ever with nobody to end it.
fn lines() -> impl Iterator<Item = std::io::Result<String>> {
    let (sender, receiver) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if sender.send(line).is_err() {
                return;
            }
        }
        std::process::exit(0);
    });
    receiver.into_iter()
}

/// The scenario files that were read, so that a file is read once.
#[derive(Default)]
struct Files {
    loaded: BTreeMap<PathBuf, Vec<Scenario>>,
}

impl Files {
    fn scenario(&mut self, cell: &Cell) -> Result<&Scenario, String> {
        if !self.loaded.contains_key(&cell.path) {
            let scenarios =
                glare_scenario::load(&cell.path, &cell.root).map_err(|error| error.to_string())?;
            self.loaded.insert(cell.path.clone(), scenarios);
        }
        self.loaded
            .get(&cell.path)
            .and_then(|scenarios| scenarios.iter().find(|scenario| scenario.id == cell.scenario))
            .ok_or_else(|| format!("{}: the scenario {} is gone", cell.path.display(), cell.scenario))
    }
}

fn play(registry: &Registry, files: &mut Files, cell: &Cell, out: Option<&Path>) -> Result<Done, String> {
    let scenario = files.scenario(cell)?;
    let cast = cast(registry, &cell.cast)?;
    let outcome = glare_run::play(
        scenario,
        &cast,
        cell.seed,
        &Play {
            capture: out.is_some(),
            forced: None,
        },
    );
    let mut report = report(scenario, &outcome, cell.command());
    if let Some(out) = out {
        let folder = out.join(cell_folder(&cell.scenario, &cell.cast, cell.seed));
        // A peer that panicked took the packets' record with it: what replays a crash is the same cell again.
        let command = match outcome.verdict.kind {
            VerdictKind::Crash => cell.command(),
            _ => format!("glare replay {}", quoted(&folder.display().to_string())),
        };
        write_bundle(&folder, scenario, &outcome, &command).map_err(|error| error.to_string())?;
        report.replay = command;
        report.bundle = Some(folder);
    }
    Ok(Done::Played(Box::new(report)))
}

/// After how many cells in which a sabotage took effect, and that nothing noticed, it has survived.
const CHANCES: usize = 24;

/// Plays cells of a sabotage until one is not as it should be.
fn sabotaged(registry: &Registry, files: &mut Files, sabotage: &str, cells: &[Cell]) -> Result<Done, String> {
    let note = format!("{}{sabotage}", glare_saboteur::NOTE);
    let mut effective = 0;
    for cell in cells {
        if effective == CHANCES {
            break;
        }
        let cast = cast(registry, &cell.cast)?;
        let scenario = files.scenario(cell)?;
        let outcome = glare_run::play(scenario, &cast, cell.seed, &Play::default());
        let broke = outcome
            .trace
            .iter()
            .any(|record| matches!(&record.what, What::Note { text, .. } if *text == note));
        effective += usize::from(broke);
        let verdict = outcome.verdict;
        if matches!(verdict.kind, VerdictKind::Pass | VerdictKind::Unsupported) {
            continue;
        }
        let first = verdict.departures.first();
        let caught = Catch {
            scenario: cell.scenario.clone(),
            check: first.map_or_else(|| verdict.kind.to_string(), |departure| departure.check.clone()),
            clause: first.map_or_else(String::new, |departure| departure.clause.clone()),
        };
        return Ok(Done::Sabotaged {
            broke: true,
            caught: Some(caught),
        });
    }
    Ok(Done::Sabotaged {
        broke: effective > 0,
        caught: None,
    })
}

fn replay(registry: &Registry, folder: &Path) -> Result<Done, String> {
    let bundle = read_bundle(folder).map_err(|error| error.to_string())?;
    let names: Vec<(String, String)> = bundle
        .verdict
        .cast
        .iter()
        .map(|cast| (cast.role.clone(), cast.implementation.clone()))
        .collect();
    let cast = cast(registry, &names)?;
    let play = Play {
        capture: false,
        // The bundle of a crash has no packets to force.
        forced: (bundle.verdict.verdict.kind != VerdictKind::Crash).then_some(bundle.forced),
    };
    let outcome = glare_run::play(&bundle.scenario, &cast, bundle.verdict.seed, &play);
    let departure = outcome.departure.clone();
    let trace = glare_run::trace_difference(&bundle.trace, &outcome.trace);
    let report = report(&bundle.scenario, &outcome, bundle.verdict.replay);
    Ok(Done::Replayed {
        report: Box::new(report),
        departure,
        trace,
    })
}

fn cast(registry: &Registry, names: &[(String, String)]) -> Result<glare_run::Cast, String> {
    names
        .iter()
        .map(|(role, name)| {
            let implementation = registry.get(name).map_err(|problem| problem.message)?;
            Ok((role.clone(), implementation))
        })
        .collect()
}

fn report(scenario: &Scenario, outcome: &Outcome, replay: String) -> CellReport {
    CellReport {
        scenario: scenario.id.clone(),
        cast: outcome.header.cast.clone(),
        seed: outcome.header.seed,
        verdict: outcome.verdict.clone(),
        measures: outcome.measures.clone(),
        bundle: None,
        replay,
    }
}
