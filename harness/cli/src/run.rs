//! `glare run`: plays cells and prints what they came to.

use std::io::IsTerminal as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use glare_reports::{CellReport, Ledger, classify, terminal};
use glare_run::VerdictKind;
use indicatif::{ProgressBar, ProgressStyle};

use crate::arguments::RunArguments;
use crate::cells::{self, Sourced};
use crate::exit::{Exit, Problem};
use crate::pool::{Ended, Pool};
use crate::protocol::{Cell, Done, Job};
use crate::registry::Registry;

/// How often a log without a terminal is told how far a run is.
const TELL_EVERY: Duration = Duration::from_secs(5);

/// Plays the cells that the arguments name and prints the matrix.
pub(crate) fn run(registry: &Registry, arguments: &RunArguments) -> Result<Exit, Problem> {
    let ledger = ledger(&arguments.ledger)?;
    let scenarios = cells::load(&arguments.paths)?;
    let cells = cells::cells(registry, &scenarios, arguments)?;
    writable(&arguments.out)?;
    if let Err(error) = glare_pin::Pin::prove() {
        crate::say_error(&format!(
            "note: peers that fetch time or chance from the system do not repeat here: {error}"
        ));
    }
    let started = now();
    let jobs = cells
        .iter()
        .map(|cell| Job::Play {
            cell: cell.clone(),
            out: Some(arguments.out.clone()),
        })
        .collect();
    let pool = Pool {
        jobs: arguments.jobs(),
        watchdog: arguments.watchdog,
        jobs_per_worker: None,
        environment: std::collections::BTreeMap::new(),
    };
    let progress = Progress::new(cells.len(), "played");
    let shown = progress.clone();
    let names = cells.clone();
    let ended = pool.work(jobs, move |index, ended| {
        shown.step();
        if let (Ended::Crashed(why), Some(cell)) = (ended, names.get(index)) {
            shown.tell(&format!("crash {}: {why}", cell.command()));
        }
    })?;
    progress.finish();
    let reports = cells
        .iter()
        .zip(ended)
        .map(|(cell, ended)| report(registry, &scenarios, cell, ended, Some(&arguments.out)))
        .collect::<Result<Vec<CellReport>, Problem>>()?;
    let wall = started.elapsed();
    let whole = arguments.paths.is_empty() && arguments.peers.is_empty() && arguments.cast.is_empty();
    let summary = classify(&reports, &ledger, whole);
    crate::say_styled(&terminal::render(&reports, &summary, wall, arguments.jobs()));
    crate::say(&format!("bundles are in {}\n", arguments.out.display()));
    Ok(if summary.as_expected() {
        Exit::AsExpected
    } else {
        Exit::NotAsExpected
    })
}

/// The ledger at this path. The default one need not be there.
pub(crate) fn ledger(path: &Path) -> Result<Ledger, Problem> {
    if !path.exists() && path == RunArguments::default().ledger {
        return Ok(Ledger::default());
    }
    Ledger::load(path).map_err(Problem::input)
}

/// Says early that bundles cannot be written, rather than after the first cell.
fn writable(folder: &Path) -> Result<(), Problem> {
    std::fs::create_dir_all(folder).map_err(|error| {
        Problem::environment(format!(
            "{}: bundles cannot be written there: {error}; see --out",
            folder.display()
        ))
    })
}

/// What a cell came to, also where its worker did not live to say it.
pub(crate) fn report(
    registry: &Registry,
    scenarios: &[Sourced],
    cell: &Cell,
    ended: Ended,
    out: Option<&Path>,
) -> Result<CellReport, Problem> {
    let reason = match ended {
        Ended::Done(Done::Played(report)) => return Ok(*report),
        Ended::Done(Done::Replayed { report, .. }) => return Ok(*report),
        Ended::Done(Done::Sabotaged { .. }) => {
            return Err(Problem::environment("a worker answered what it was not asked"));
        }
        Ended::Done(Done::Impossible(why)) => return Err(Problem::environment(why)),
        Ended::Crashed(reason) => reason,
    };
    let Some(sourced) = scenarios
        .iter()
        .find(|sourced| sourced.scenario.id == cell.scenario)
    else {
        return Err(Problem::input(format!("the scenario {} is gone", cell.scenario)));
    };
    let cast = cell
        .cast
        .iter()
        .map(|(role, name)| Ok((role.clone(), registry.get(name)?)))
        .collect::<Result<glare_run::Cast, Problem>>()?;
    let outcome = glare_run::crashed(&sourced.scenario, &cast, cell.seed, reason);
    let mut report = CellReport {
        scenario: cell.scenario.clone(),
        cast: outcome.header.cast.clone(),
        seed: cell.seed,
        verdict: outcome.verdict.clone(),
        measures: outcome.measures.clone(),
        bundle: None,
        replay: cell.command(),
    };
    if let Some(out) = out {
        let folder = out.join(glare_run::cell_folder(&cell.scenario, &cell.cast, cell.seed));
        // There is no packet to force: what replays a crash is the same cell again.
        glare_run::write_bundle(&folder, &sourced.scenario, &outcome, &cell.command())
            .map_err(Problem::environment)?;
        report.bundle = Some(folder);
    }
    debug_assert_eq!(report.verdict.kind, VerdictKind::Crash);
    Ok(report)
}

/// The wall clock, for people.
#[expect(
    clippy::disallowed_methods,
    reason = "tells a person how long the run took; nothing simulated sees it"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// Shows how far a run is: a bar on a terminal, a line now and then elsewhere.
#[derive(Clone)]
pub(crate) struct Progress {
    bar: ProgressBar,
    plain: Option<Arc<Mutex<Plain>>>,
}

struct Plain {
    told: Instant,
    done: usize,
    all: usize,
    verb: &'static str,
}

impl Progress {
    /// For so many cells that are `verb`.
    pub(crate) fn new(all: usize, verb: &'static str) -> Progress {
        if !std::io::stderr().is_terminal() {
            let plain = Plain {
                told: now(),
                done: 0,
                all,
                verb,
            };
            return Progress {
                bar: ProgressBar::hidden(),
                plain: Some(Arc::new(Mutex::new(plain))),
            };
        }
        let bar = ProgressBar::new(all as u64);
        if let Ok(style) = ProgressStyle::with_template("{bar:32} {pos}/{len} {msg}, {eta} left") {
            bar.set_style(style);
        }
        bar.set_message(verb);
        Progress { bar, plain: None }
    }

    /// One more is done.
    pub(crate) fn step(&self) {
        self.bar.inc(1);
        if let Some(plain) = &self.plain {
            let mut plain = plain.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            plain.done += 1;
            if plain.told.elapsed() >= TELL_EVERY {
                plain.told = now();
                crate::say_error(&format!("{} of {} cells {}", plain.done, plain.all, plain.verb));
            }
        }
    }

    /// Tells something that cannot wait.
    pub(crate) fn tell(&self, text: &str) {
        if self.plain.is_some() {
            crate::say_error(text);
        } else {
            self.bar.println(terminal::printable(text));
        }
    }

    /// All are done.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}
