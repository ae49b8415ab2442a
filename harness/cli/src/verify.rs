//! `glare run --verify`: is every cell the same every time?
//!
//! Each cell is played alone in a fresh process, and again last in a used worker after others in another order, with another
//! `TZ` and `HOME`. All packets and the trace must be the same byte for byte.

use std::collections::BTreeMap;

use glare_reports::CellReport;
use glare_scenario::Scenario;

use crate::arguments::RunArguments;
use crate::cells::{self, Sourced};
use crate::exit::{Exit, Problem};
use crate::pool::{Ended, Pool};
use crate::protocol::{Cell, Job};
use crate::registry::Registry;
use crate::run::{Progress, now, report};

/// How many lossy scenarios are played with many seeds.
const LOSSY: usize = 3;

/// The seeds that they are played with.
const SEEDS: std::ops::Range<u64> = 0..50;

/// Plays every cell twice and compares.
pub(crate) fn verify(registry: &Registry, arguments: &RunArguments) -> Result<Exit, Problem> {
    glare_pin::Pin::prove().map_err(|error| {
        Problem::environment(format!(
            "{error}; without it the peers that fetch time or chance from the system cannot be told to repeat"
        ))
    })?;
    let scenarios = cells::load(&arguments.paths)?;
    let mut all = cells::cells(registry, &scenarios, arguments)?;
    let lossy: Vec<Sourced> = scenarios
        .iter()
        .filter(|sourced| is_lossy(&sourced.scenario))
        .take(LOSSY)
        .cloned()
        .collect();
    let many = RunArguments {
        seeds: Some(SEEDS),
        ..arguments.clone()
    };
    if !lossy.is_empty() {
        for cell in cells::cells(registry, &lossy, &many)? {
            if !all.contains(&cell) {
                all.push(cell);
            }
        }
    }
    let started = now();
    let first = play(
        registry,
        &scenarios,
        arguments,
        &all,
        Some(1),
        surroundings("UTC", "/"),
        "played alone",
    )?;
    // The other order: from the last to the first, and the last once more at the head, so that no cell is a worker's first.
    let mut reversed: Vec<Cell> = all.iter().rev().cloned().collect();
    let head: Vec<Cell> = all.iter().take(arguments.jobs()).cloned().collect();
    reversed.splice(0..0, head.iter().cloned());
    let elsewhere = surroundings("Pacific/Apia", "/nonexistent");
    let mut second = play(
        registry,
        &scenarios,
        arguments,
        &reversed,
        None,
        elsewhere,
        "played again in used workers",
    )?;
    second.drain(..head.len());
    second.reverse();
    let mut unstable = 0;
    for ((cell, one), other) in all.iter().zip(&first).zip(&second) {
        if let Some(difference) = difference(one, other) {
            unstable += 1;
            crate::say(&format!("unstable {}: {difference}\n", cell.command()));
        }
    }
    if !lossy.is_empty() {
        let names: Vec<&str> = lossy.iter().map(|sourced| sourced.scenario.id.as_str()).collect();
        crate::say(&format!(
            "seeds {}..{} of {}\n",
            SEEDS.start,
            SEEDS.end,
            names.join(", ")
        ));
    }
    crate::say(&format!(
        "{} cells played twice in {:.2} s: {} the same, {unstable} unstable\n",
        all.len(),
        started.elapsed().as_secs_f64(),
        all.len() - unstable,
    ));
    Ok(if unstable == 0 {
        Exit::AsExpected
    } else {
        Exit::NotAsExpected
    })
}

fn surroundings(zone: &str, home: &str) -> BTreeMap<&'static str, String> {
    BTreeMap::from([("TZ", zone.to_owned()), ("HOME", home.to_owned())])
}

fn is_lossy(scenario: &Scenario) -> bool {
    scenario
        .links
        .iter()
        .any(|link| link.forward.loss > 0.0 || link.backward.loss > 0.0)
}

fn play(
    registry: &Registry,
    scenarios: &[Sourced],
    arguments: &RunArguments,
    cells: &[Cell],
    jobs_per_worker: Option<usize>,
    environment: BTreeMap<&'static str, String>,
    verb: &'static str,
) -> Result<Vec<CellReport>, Problem> {
    let pool = Pool {
        jobs: arguments.jobs(),
        watchdog: arguments.watchdog,
        jobs_per_worker,
        environment,
    };
    let progress = Progress::new(cells.len(), verb);
    let shown = progress.clone();
    let jobs = cells
        .iter()
        .map(|cell| Job::Play {
            cell: cell.clone(),
            out: None,
        })
        .collect();
    let ended = pool.work(jobs, move |_, _: &Ended| shown.step())?;
    progress.finish();
    cells
        .iter()
        .zip(ended)
        .map(|(cell, ended)| report(registry, scenarios, cell, ended, None))
        .collect()
}

/// What differs between two runs of a cell, if something does.
fn difference(one: &CellReport, other: &CellReport) -> Option<String> {
    let pair = |what: &str, one: &dyn std::fmt::Display, other: &dyn std::fmt::Display| {
        Some(format!("{what} {one} alone, {other} later"))
    };
    if one.measures.packets_hash != other.measures.packets_hash {
        return pair(
            "packets",
            &one.measures.packets_hash,
            &other.measures.packets_hash,
        );
    }
    if one.measures.trace_hash != other.measures.trace_hash {
        return pair("trace", &one.measures.trace_hash, &other.measures.trace_hash);
    }
    if one.verdict != other.verdict {
        return pair("verdict", &one.verdict.kind, &other.verdict.kind);
    }
    None
}
