//! `glare sabotage`: breaks a peer in every way there is, one at a time, and says which the catalogue catches.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use glare_run::VerdictKind;
use glare_saboteur::Sabotage;

use crate::arguments::{RunArguments, SabotageArguments, workers};
use crate::cells::{self, Sourced};
use crate::exit::{Exit, Problem};
use crate::pool::{Ended, Pool};
use crate::protocol::{Catch, Cell, Done, Job};
use crate::registry::Registry;
use crate::run::Progress;
use crate::usage;

/// The sabotage of this name.
pub(crate) fn find(name: &str) -> Result<&'static Sabotage, Problem> {
    glare_saboteur::sabotage(name).ok_or_else(|| {
        Problem::input(format!(
            "there is no sabotage {name:?}; `glare sabotage` lists them all"
        ))
    })
}

/// What became of a sabotage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was caught.
    Caught(Catch),
    /// It took effect, and nothing noticed.
    Survived,
    /// No scenario let it take effect.
    Untouched,
}

/// A sabotage and what became of it.
pub(crate) struct Played {
    /// Which.
    pub(crate) sabotage: &'static Sabotage,
    /// What became of it.
    pub(crate) fate: Fate,
}

/// How to play sabotages.
pub(crate) struct Plan<'a> {
    /// The peer to break.
    pub(crate) peer: &'a str,
    /// How many workers.
    pub(crate) jobs: usize,
    /// How long one sabotage may take by the wall clock.
    pub(crate) watchdog: Duration,
}

/// Plays sabotages and prints what became of them, as Markdown.
pub(crate) fn sabotage(registry: &Registry, arguments: &SabotageArguments) -> Result<Exit, Problem> {
    registry.get(&arguments.peer)?;
    let chosen = arguments
        .only
        .iter()
        .map(|name| find(name))
        .collect::<Result<Vec<_>, Problem>>()?;
    let chosen = match chosen[..] {
        [] => glare_saboteur::sabotages().iter().collect(),
        _ => chosen,
    };
    let scenarios = cells::load(&arguments.paths)?;
    let plan = Plan {
        peer: &arguments.peer,
        jobs: workers(arguments.jobs),
        watchdog: arguments.watchdog,
    };
    let played = play(registry, &plan, &scenarios, &chosen)?;
    crate::say(&page(&arguments.peer, &played));
    let share = share(&played);
    if share.is_some_and(|share| share < f64::from(arguments.at_least)) {
        crate::say_error(&format!(
            "fewer than {} of a hundred sabotages that took effect were caught",
            arguments.at_least
        ));
        return Ok(Exit::NotAsExpected);
    }
    Ok(Exit::AsExpected)
}

/// Plays each sabotage in cells that pass where nothing is broken: those of the scenarios that cite the clause, then of
/// those that use the member, then of a few others, for what a rule may notice in any.
pub(crate) fn play(
    registry: &Registry,
    plan: &Plan<'_>,
    scenarios: &[Sourced],
    chosen: &[&'static Sabotage],
) -> Result<Vec<Played>, Problem> {
    let passing = passing(registry, plan, scenarios)?;
    let jobs = chosen
        .iter()
        .map(|sabotage| Job::Sabotage {
            sabotage: sabotage.name.to_owned(),
            cells: cells_of(plan.peer, sabotage, &passing),
        })
        .collect();
    let pool = Pool {
        jobs: plan.jobs,
        watchdog: plan.watchdog,
        jobs_per_worker: None,
        environment: BTreeMap::new(),
    };
    let progress = Progress::new(chosen.len(), "sabotaged");
    let shown = progress.clone();
    let ended = pool.work(jobs, move |_, _| shown.step())?;
    progress.finish();
    chosen
        .iter()
        .zip(ended)
        .map(|(&sabotage, ended)| {
            let fate = match ended {
                Ended::Done(Done::Sabotaged {
                    caught: Some(caught), ..
                }) => Fate::Caught(caught),
                Ended::Done(Done::Sabotaged { broke: true, .. }) => Fate::Survived,
                Ended::Done(Done::Sabotaged { .. }) => Fate::Untouched,
                Ended::Done(Done::Impossible(why)) => return Err(Problem::environment(why)),
                Ended::Done(_) => {
                    return Err(Problem::environment("a worker answered what it was not asked"));
                }
                Ended::Crashed(why) => {
                    return Err(Problem::environment(format!(
                        "the sabotage {} took its worker with it: {why}",
                        sabotage.name
                    )));
                }
            };
            Ok(Played { sabotage, fate })
        })
        .collect()
}

/// A scenario that passes where nothing is broken.
struct Passing {
    path: PathBuf,
    root: PathBuf,
    scenario: String,
    roles: Vec<String>,
    members: BTreeSet<String>,
    clauses: BTreeSet<String>,
    packets: u64,
}

fn passing(registry: &Registry, plan: &Plan<'_>, scenarios: &[Sourced]) -> Result<Vec<Passing>, Problem> {
    let whole = RunArguments {
        peers: vec![plan.peer.to_owned()],
        ..RunArguments::default()
    };
    let cells = cells::cells(registry, scenarios, &whole)?;
    let pool = Pool {
        jobs: plan.jobs,
        watchdog: plan.watchdog,
        jobs_per_worker: None,
        environment: BTreeMap::new(),
    };
    let jobs = cells
        .iter()
        .map(|cell| Job::Play {
            cell: cell.clone(),
            out: None,
        })
        .collect();
    let ended = pool.work(jobs, |_, _| {})?;
    let mut passing = Vec::new();
    for (cell, ended) in cells.into_iter().zip(ended) {
        let Ended::Done(Done::Played(report)) = ended else {
            continue;
        };
        let sourced = scenarios
            .iter()
            .find(|sourced| sourced.scenario.id == cell.scenario);
        if let Some(sourced) = sourced.filter(|_| report.verdict.kind == VerdictKind::Pass) {
            passing.push(Passing {
                path: cell.path,
                root: cell.root,
                scenario: cell.scenario,
                roles: cell.cast.into_iter().map(|(role, _)| role).collect(),
                members: usage::members(&sourced.scenario),
                clauses: clauses(&sourced.scenario),
                packets: report.measures.packets,
            });
        }
    }
    Ok(passing)
}

/// Every clause that a scenario or a step of it cites.
fn clauses(scenario: &glare_scenario::Scenario) -> BTreeSet<String> {
    let of_steps = scenario.script.iter().filter_map(|step| step.clause.as_ref());
    let all = scenario.spec.iter().chain(of_steps);
    all.map(|clause| clause.as_str().to_owned()).collect()
}

/// How many scenarios that use the member are played, beside those that cite the clause.
const USERS: usize = 30;

/// How many are played that do neither.
const OTHERS: usize = 6;

/// The scenarios with the fewest packets and with the most by turns: what is broken of calls shows in the quick ones, what is
/// broken of the connection only where there is one.
fn both_ends(passing: &[Passing]) -> Vec<&Passing> {
    let mut order: VecDeque<&Passing> = passing.iter().collect();
    order.make_contiguous().sort_by_key(|passing| passing.packets);
    let mut out = Vec::new();
    while let Some(first) = order.pop_front() {
        out.push(first);
        out.extend(order.pop_back());
    }
    out
}

fn cells_of(peer: &str, sabotage: &Sabotage, passing: &[Passing]) -> Vec<Cell> {
    let order = both_ends(passing);
    let (cite, others): (Vec<_>, Vec<_>) = order
        .into_iter()
        .partition(|passing| passing.clauses.contains(sabotage.clause));
    let (users, others): (Vec<_>, Vec<_>) = others
        .into_iter()
        .partition(|passing| passing.members.contains(&sabotage.member));
    let order = cite
        .into_iter()
        .chain(users.into_iter().take(USERS))
        .chain(others.into_iter().take(OTHERS));
    let broken = format!("{peer}+{}", sabotage.name);
    order
        .flat_map(|passing| {
            let broken = &broken;
            passing.roles.iter().map(move |role| Cell {
                path: passing.path.clone(),
                root: passing.root.clone(),
                scenario: passing.scenario.clone(),
                cast: passing
                    .roles
                    .iter()
                    .map(|other| {
                        let name = if other == role { broken } else { peer };
                        (other.clone(), name.to_owned())
                    })
                    .collect(),
                seed: 0,
            })
        })
        .collect()
}

/// How many of a hundred sabotages that took effect were caught; none where none took effect.
fn share(played: &[Played]) -> Option<f64> {
    let caught = played
        .iter()
        .filter(|played| matches!(played.fate, Fate::Caught(_)))
        .count();
    let survived = played
        .iter()
        .filter(|played| played.fate == Fate::Survived)
        .count();
    let effective = caught + survived;
    (effective > 0).then(|| 100.0 * caught as f64 / effective as f64)
}

/// The page for people.
fn page(peer: &str, played: &[Played]) -> String {
    let mut out = String::new();
    let of = |wanted: fn(&Fate) -> bool| {
        played
            .iter()
            .filter(move |played| wanted(&played.fate))
            .collect::<Vec<_>>()
    };
    let (caught, survived, untouched) = (
        of(|fate| matches!(fate, Fate::Caught(_))),
        of(|fate| *fate == Fate::Survived),
        of(|fate| *fate == Fate::Untouched),
    );
    let _ = write!(
        out,
        "# What the catalogue catches\n\nMade by `glare sabotage > docs/sabotage.md`; do not edit.\n\n\
         Each sabotage breaks one thing of `{peer}`, which plays one role while a whole `{peer}` plays the others. It is caught \
         where a scenario that passes otherwise does not, by a step of its own or by a rule that holds for every trace.\n\n\
         {} sabotages: {} caught, {} survived, {} never took effect",
        played.len(),
        caught.len(),
        survived.len(),
        untouched.len(),
    );
    match share(played) {
        Some(share) => {
            let _ = writeln!(out, "; of those that took effect {share:.1} % are caught.");
        }
        None => out.push_str(".\n"),
    }
    table(
        &mut out,
        "Survived",
        "Took effect, and nothing noticed: what the catalogue still lacks.",
        &survived,
    );
    table(
        &mut out,
        "Never took effect",
        "No scenario that passes uses the member in a way that the sabotage touches.",
        &untouched,
    );
    if !caught.is_empty() {
        out.push_str("\n## Caught\n\n| sabotage | breaks | caught by | in |\n|---|---|---|---|\n");
        for played in caught {
            if let Fate::Caught(catch) = &played.fate {
                let _ = writeln!(
                    out,
                    "| {} | `{}` | {} | {} |",
                    played.sabotage.name,
                    played.sabotage.member,
                    cell(&catch.check),
                    catch.scenario
                );
            }
        }
    }
    out
}

fn table(out: &mut String, title: &str, about: &str, rows: &[&Played]) {
    if rows.is_empty() {
        return;
    }
    let _ = write!(
        out,
        "\n## {title}\n\n{about}\n\n| sabotage | breaks | clause | what it does |\n|---|---|---|---|\n"
    );
    for played in rows {
        let sabotage = played.sabotage;
        let _ = writeln!(
            out,
            "| {} | `{}` | {} | {} |",
            sabotage.name, sabotage.member, sabotage.clause, sabotage.what
        );
    }
}

/// Text in a cell of a table, on one line and not too long.
fn cell(text: &str) -> String {
    const LONGEST: usize = 100;
    let line = text.replace(['\n', '\r'], " ").replace('|', "\\|");
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anchors;

    #[test]
    fn every_clause_that_a_sabotage_breaks_exists() {
        let unknown: Vec<String> = glare_saboteur::sabotages()
            .iter()
            .filter(|sabotage| anchors::find(sabotage.clause).is_none())
            .map(|sabotage| format!("{} breaks {}", sabotage.name, sabotage.clause))
            .collect();
        assert_eq!(unknown, Vec::<String>::new());
    }

    #[test]
    fn every_member_that_a_sabotage_breaks_exists() {
        let members: BTreeSet<String> = crate::coverage::members()
            .into_iter()
            .map(|member| member.name)
            .collect();
        let unknown: Vec<String> = glare_saboteur::sabotages()
            .iter()
            .filter(|sabotage| !members.contains(&sabotage.member))
            .map(|sabotage| format!("{} breaks {}", sabotage.name, sabotage.member))
            .collect();
        assert_eq!(unknown, Vec::<String>::new());
    }

    #[test]
    fn the_share_is_of_those_that_took_effect() {
        let played = |fate| Played {
            sabotage: &glare_saboteur::sabotages()[0],
            fate,
        };
        let catch = Catch {
            scenario: "s".to_owned(),
            check: "rule a|b".to_owned(),
            clause: String::new(),
        };
        assert_eq!(share(&[played(Fate::Untouched)]), None);
        let all = [
            played(Fate::Untouched),
            played(Fate::Survived),
            played(Fate::Caught(catch)),
        ];
        assert_eq!(share(&all), Some(50.0));
        let page = page("reference", &all);
        assert!(
            page.contains("3 sabotages: 1 caught, 1 survived, 1 never took effect"),
            "{page}"
        );
        assert!(page.contains("rule a\\|b"), "{page}");
    }
}
