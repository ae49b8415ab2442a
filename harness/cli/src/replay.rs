//! `glare replay`: plays a bundle again with the recorded fate of every packet.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::arguments::ReplayArguments;
use crate::exit::{Exit, Problem};
use crate::pool::{Ended, Pool};
use crate::protocol::{Done, Job};
use crate::registry::Registry;

/// Replays a bundle; as expected when it comes to the same verdict without departing from the recorded packets.
pub(crate) fn replay(registry: &Registry, arguments: &ReplayArguments) -> Result<Exit, Problem> {
    let folder: PathBuf = arguments.bundle.clone();
    let bundle = glare_run::read_bundle(&folder).map_err(Problem::input)?;
    for cast in &bundle.verdict.cast {
        let here = registry.get(&cast.implementation)?.about().version;
        if here != cast.version {
            crate::say(&format!(
                "note: the bundle is of {} {}, this is {here}\n",
                cast.implementation, cast.version
            ));
        }
    }
    let pool = Pool {
        jobs: 1,
        watchdog: arguments.watchdog,
        jobs_per_worker: None,
        environment: BTreeMap::new(),
    };
    let recorded = bundle.verdict;
    crate::say(&format!(
        "{}\nrecorded: {} {}\n",
        recorded.cell, recorded.verdict.kind, recorded.verdict.reason
    ));
    let ended = pool.work(vec![Job::Replay { bundle: folder }], |_, _| {})?.pop();
    let (report, departure, trace) = match ended {
        Some(Ended::Done(Done::Replayed {
            report,
            departure,
            trace,
        })) => (report, departure, trace),
        Some(Ended::Done(Done::Impossible(why))) => return Err(Problem::input(why)),
        Some(Ended::Crashed(why)) => {
            crate::say(&format!("replayed: crash {why}\n"));
            let same = recorded.verdict.kind == glare_run::VerdictKind::Crash;
            return Ok(if same {
                Exit::AsExpected
            } else {
                Exit::NotAsExpected
            });
        }
        Some(Ended::Done(Done::Played(_) | Done::Sabotaged { .. })) | None => {
            return Err(Problem::environment(
                "the worker gave another answer than was asked for",
            ));
        }
    };
    crate::say(&format!(
        "replayed: {} {}\n",
        report.verdict.kind, report.verdict.reason
    ));
    let same_packets = report.measures.packets_hash == recorded.measures.packets_hash;
    match (&departure, &trace) {
        (Some(departure), _) => crate::say(&format!("departs from the record: {departure}\n")),
        (None, None) if same_packets => crate::say("every packet and the trace are as recorded\n"),
        (None, Some(trace)) if same_packets => {
            crate::say(&format!(
                "every packet is as recorded, the trace is not: {trace}\n"
            ));
        }
        _ => crate::say("every packet met its recorded fate, at other times or with another sender\n"),
    }
    let same_verdict = report.verdict.kind == recorded.verdict.kind
        && report.verdict.fingerprints() == recorded.fingerprints;
    Ok(if same_verdict && departure.is_none() && same_packets {
        Exit::AsExpected
    } else {
        Exit::NotAsExpected
    })
}
