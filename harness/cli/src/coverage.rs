//! `glare coverage`: what of the interface is shown, by whom, and what is not.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use glare_peer::Interface;
use glare_reports::{CellReport, Class, classify};
use glare_run::VerdictKind;

use crate::anchors;
use crate::arguments::{CoverageArguments, RunArguments, workers};
use crate::cells::{self, Sourced};
use crate::exit::{Exit, Problem};
use crate::pool::Pool;
use crate::protocol::Job;
use crate::registry::Registry;
use crate::run::Progress;
use crate::sabotage::{self, Fate, Plan};
use crate::usage;

/// A member of an interface.
pub(crate) struct Member {
    /// Its interface and name, such as `RTCPeerConnection.createOffer`.
    pub(crate) name: String,
    /// The clause that defines it.
    pub(crate) clause: &'static str,
}

/// Every member of every interface: constructors, attributes, methods and events, in the order of the table. A method and an
/// event of one name are one row.
pub(crate) fn members() -> Vec<Member> {
    let mut known = BTreeSet::new();
    Interface::ALL
        .iter()
        .flat_map(|interface| {
            let table = interface.table();
            let constructor = table
                .constructor
                .iter()
                .map(|member| ("constructor", member.clause));
            let attributes = table.attributes.iter().map(|member| (member.name, member.clause));
            let methods = table.methods.iter().map(|member| (member.name, member.clause));
            let events = table.events.iter().map(|member| (member.name, member.clause));
            constructor
                .chain(attributes)
                .chain(methods)
                .chain(events)
                .map(|(name, clause)| Member {
                    name: format!("{}.{name}", interface.name()),
                    clause,
                })
        })
        .filter(|member| known.insert(member.name.clone()))
        .collect()
}

/// Prints the page, as Markdown.
pub(crate) fn coverage(registry: &Registry, arguments: &CoverageArguments) -> Result<Exit, Problem> {
    let scenarios = cells::load(&arguments.paths)?;
    if arguments.clauses {
        crate::say(&clauses(&scenarios));
        return Ok(Exit::AsExpected);
    }
    let names: Vec<String> = registry.names().map(str::to_owned).collect();
    let mut outcomes = BTreeMap::new();
    for name in &names {
        outcomes.insert(name.as_str(), outcomes_of(registry, arguments, &scenarios, name)?);
    }
    let plan = Plan {
        peer: "reference",
        jobs: workers(arguments.jobs),
        watchdog: std::time::Duration::from_secs(300),
    };
    let sabotages: Vec<_> = glare_saboteur::sabotages().iter().collect();
    let played = match registry.get(plan.peer) {
        Ok(_) => sabotage::play(registry, &plan, &scenarios, &sabotages)?,
        // A glare without the reference breaks nothing.
        Err(_) => Vec::new(),
    };
    let used: Vec<(&str, BTreeSet<String>)> = scenarios
        .iter()
        .map(|sourced| (sourced.scenario.id.as_str(), usage::members(&sourced.scenario)))
        .collect();
    let mut caught: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for played in &played {
        if matches!(played.fate, Fate::Caught(_)) {
            let names = caught.entry(played.sabotage.member.as_str()).or_default();
            names.push(played.sabotage.name);
        }
    }
    crate::say(&page(&names, &outcomes, &used, &caught));
    Ok(Exit::AsExpected)
}

/// What a peer made of each scenario that it played with itself.
fn outcomes_of<'a>(
    registry: &Registry,
    arguments: &CoverageArguments,
    scenarios: &'a [Sourced],
    peer: &str,
) -> Result<BTreeMap<&'a str, Class>, Problem> {
    let ledger = crate::run::ledger(&arguments.ledger)?;
    let alone = RunArguments {
        peers: vec![peer.to_owned()],
        ..RunArguments::default()
    };
    let cells = cells::cells(registry, scenarios, &alone)?;
    let pool = Pool {
        jobs: workers(arguments.jobs),
        watchdog: alone.watchdog,
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
    let progress = Progress::new(cells.len(), "played");
    let shown = progress.clone();
    let ended = pool.work(jobs, move |_, _| shown.step())?;
    progress.finish();
    let reports = cells
        .iter()
        .zip(ended)
        .map(|(cell, ended)| crate::run::report(registry, scenarios, cell, ended, None))
        .collect::<Result<Vec<CellReport>, Problem>>()?;
    let classes = classify(&reports, &ledger, false).classes;
    let mut outcomes = BTreeMap::new();
    for (report, (class, _)) in reports.iter().zip(classes) {
        let class = match (report.verdict.kind, class) {
            (VerdictKind::Unsupported, _) => Class::Unsupported,
            (_, class) => class,
        };
        if let Some(sourced) = scenarios
            .iter()
            .find(|sourced| sourced.scenario.id == report.scenario)
        {
            outcomes.insert(sourced.scenario.id.as_str(), class);
        }
    }
    Ok(outcomes)
}

/// What a peer makes of the scenarios of a member: `12 pass, 1 ledgered`. A member that only unsupported scenarios use is not
/// implemented, as far as can be seen.
fn verdict(outcomes: &BTreeMap<&str, Class>, scenarios: &[&str]) -> String {
    let names = [
        (Class::Passed, "pass"),
        (Class::Ledgered, "ledgered"),
        (Class::Unexpected, "fail"),
        (Class::Unsupported, "unsupported"),
    ];
    let parts: Vec<String> = names
        .iter()
        .filter_map(|(class, name)| {
            let count = scenarios
                .iter()
                .filter(|scenario| outcomes.get(*scenario) == Some(class))
                .count();
            (count > 0).then(|| format!("{count} {name}"))
        })
        .collect();
    parts.join(", ")
}

fn page(
    names: &[String],
    outcomes: &BTreeMap<&str, BTreeMap<&str, Class>>,
    used: &[(&str, BTreeSet<String>)],
    caught: &BTreeMap<&str, Vec<&str>>,
) -> String {
    let members = members();
    let scenarios_of = |member: &Member| -> Vec<&str> {
        used.iter()
            .filter(|(_, members)| members.contains(&member.name))
            .map(|(id, _)| *id)
            .collect()
    };
    let shown = members
        .iter()
        .filter(|member| !scenarios_of(member).is_empty())
        .count();
    let guarded = members
        .iter()
        .filter(|member| caught.contains_key(member.name.as_str()))
        .count();
    let mut out = format!(
        "# What of the interface is shown\n\nMade by `glare coverage > docs/coverage.md`; do not edit.\n\n\
         A row for every member of the interfaces. *Shown by* are scenarios that use it; *guarded by* are sabotages of it that the \
         catalogue catches ([sabotage.md](sabotage.md)); under the name of a peer stands what it makes of these scenarios when \
         it plays all roles. A member that a peer passes no scenario with is not known to be implemented there.\n\n\
         {} members: {shown} shown by {} scenarios, {guarded} guarded by sabotages that are caught.\n",
        members.len(),
        used.len(),
    );
    for interface in Interface::ALL {
        let prefix = format!("{}.", interface.name());
        let _ = write!(
            out,
            "\n## {}\n\n| member | clause | shown by | guarded by |",
            interface.name()
        );
        for name in names {
            let _ = write!(out, " {name} |");
        }
        let _ = writeln!(out, "\n|---|---|---|---|{}", "---|".repeat(names.len()));
        for member in members.iter().filter(|member| member.name.starts_with(&prefix)) {
            let scenarios = scenarios_of(member);
            let guards = caught.get(member.name.as_str()).map_or(&[][..], Vec::as_slice);
            let _ = write!(
                out,
                "| `{}` | {} | {} | {} |",
                &member.name[prefix.len()..],
                member.clause,
                some(&scenarios),
                some(guards)
            );
            for name in names {
                let verdict = outcomes
                    .get(name.as_str())
                    .map_or_else(String::new, |outcomes| verdict(outcomes, &scenarios));
                let _ = write!(
                    out,
                    " {} |",
                    if verdict.is_empty() {
                        "—"
                    } else {
                        verdict.as_str()
                    }
                );
            }
            out.push('\n');
        }
    }
    out
}

/// The first two of a list, and how many more there are.
fn some(all: &[&str]) -> String {
    match all {
        [] => "—".to_owned(),
        [one] => (*one).to_owned(),
        [one, two] => format!("{one}, {two}"),
        [one, two, rest @ ..] => format!("{one}, {two} and {} more", rest.len()),
    }
}

/// The clauses of webrtc-pc and JSEP that demand something and that no scenario, rule or step cites.
fn clauses(scenarios: &[Sourced]) -> String {
    let cited = cited(scenarios);
    let mut out = String::from(
        "# What no scenario shows\n\nClauses of webrtc-pc and JSEP with requirements (RFC 2119) or lists of steps that no scenario and no rule cites.\n\
         A clause counts as cited where its section is, if it is not one of several members of it.\n",
    );
    for specification in ["webrtc-pc", "RFC9429"] {
        let prefix = format!("{specification}#");
        let demanding: Vec<_> = anchors::all()
            .iter()
            .filter(|anchor| anchor.clause.starts_with(&prefix))
            .filter(|anchor| anchor.requirements + anchor.algorithms > 0)
            .collect();
        let open: Vec<_> = demanding
            .iter()
            .filter(|anchor| !is_cited(anchor, &cited))
            .collect();
        let _ = write!(
            out,
            "\n## {specification}\n\n{} of {} are not cited.\n\n| clause | requirements | lists of steps |\n|---|---|---|\n",
            open.len(),
            demanding.len()
        );
        for anchor in open {
            let _ = writeln!(
                out,
                "| {} | {} | {} |",
                anchor.clause, anchor.requirements, anchor.algorithms
            );
        }
    }
    out
}

/// Every clause that a scenario, a step of one, or a rule cites.
fn cited(scenarios: &[Sourced]) -> BTreeSet<&str> {
    let of_scenarios = scenarios.iter().flat_map(|sourced| {
        let scenario = &sourced.scenario;
        let of_steps = scenario.script.iter().filter_map(|step| step.clause.as_ref());
        scenario.spec.iter().chain(of_steps).map(|clause| clause.as_str())
    });
    let of_rules = glare_oracle::rules().iter().map(|rule| rule.clause);
    of_scenarios.chain(of_rules).collect()
}

/// Whether an anchor is cited: itself, or as a definition (`dfn-`) the section that it is in.
fn is_cited(anchor: &anchors::Anchor, cited: &BTreeSet<&str>) -> bool {
    let definition = anchor.clause.contains("#dfn-");
    cited.contains(anchor.clause.as_str())
        || anchor
            .section
            .as_deref()
            .is_some_and(|section| definition && cited.contains(section))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_member_cites_a_clause_that_exists() {
        let unknown: Vec<String> = members()
            .into_iter()
            .filter(|member| anchors::find(member.clause).is_none())
            .map(|member| format!("{} cites {}", member.name, member.clause))
            .collect();
        assert_eq!(unknown, Vec::<String>::new());
    }

    #[test]
    fn a_definition_is_cited_with_its_section_and_a_member_is_not() {
        let section = BTreeSet::from([
            "webrtc-pc#updating-the-negotiation-needed-flag",
            "webrtc-pc#methods",
        ]);
        let definition = anchors::find("webrtc-pc#dfn-check-if-negotiation-is-needed");
        assert!(definition.is_some_and(|anchor| is_cited(anchor, &section)));
        let member = anchors::find("webrtc-pc#dom-rtcpeerconnection-close");
        assert!(member.is_some_and(|anchor| !is_cited(anchor, &section)));
    }

    #[test]
    fn a_row_says_how_many_scenarios_came_how() {
        let outcomes = BTreeMap::from([
            ("a", Class::Passed),
            ("b", Class::Passed),
            ("c", Class::Unsupported),
        ]);
        assert_eq!(verdict(&outcomes, &["a", "b", "c"]), "2 pass, 1 unsupported");
        assert_eq!(verdict(&outcomes, &[]), "");
        assert_eq!(some(&["a", "b", "c", "d"]), "a, b and 2 more");
    }
}
