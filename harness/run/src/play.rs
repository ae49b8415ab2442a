//! Plays one cell: a scenario, a cast, a seed.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use glare_net::{Capture, Fate, ForcedFate, HostId, Network};
use glare_oracle::trace::{self, Header, Record, What};
use glare_peer::{Attribute, CreateError, Handle, HostView, Implementation, SimTime, Value};
use glare_pin::Pin;
use glare_scenario::Scenario;
use glare_scenario::script::{FaultAction, SignalKind, SignalPattern};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::performance::{End, Fault as ScenarioFault, Maker, Performance};
use crate::places;
use crate::recorder;
use crate::signalling::{Effect, Fault, Pattern, Plane};
use crate::verdict::{Departure, Verdict, VerdictKind};
use crate::world::{FIRST_PORT, PORTS_PER_PEER, Player, UNIX_TIME, World};

/// Who plays each role, in the order of the scenario's roles.
pub type Cast = Vec<(String, Arc<dyn Implementation>)>;

/// How to play beside scenario, cast and seed.
#[derive(Debug, Clone, Default)]
pub struct Play {
    /// Whether to keep a capture of all packets.
    pub capture: bool,
    /// The recorded fate of every packet, to be forced on this run.
    pub forced: Option<Vec<ForcedFate>>,
}

/// What a cell left.
#[derive(Debug)]
pub struct Outcome {
    /// What was played.
    pub header: Header,
    /// What it came to.
    pub verdict: Verdict,
    /// What happened.
    pub trace: Vec<Record>,
    /// What became of every packet, in the order sent.
    pub fates: Vec<Fate>,
    /// The capture, if one was asked for.
    pub capture: Option<Capture>,
    /// The descriptions of the run by file name, in order.
    pub descriptions: Vec<(String, Arc<str>)>,
    /// What was measured.
    pub measures: Measures,
    /// Where a forced run departs from its record, for people; none where it does not.
    pub departure: Option<String>,
    /// The trace as it is written to disk: to measure it is to write it, and once is enough.
    pub(crate) lines: Vec<u8>,
}

/// What was measured of a run.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Measures {
    /// The virtual time the run took.
    pub virtual_time: SimTime,
    /// How many packets were sent.
    pub packets: u64,
    /// SHA-256 over the time, sender and bytes of every packet, in hexadecimal.
    pub packets_hash: String,
    /// SHA-256 over the trace as it is written but for the positions of its steps, in hexadecimal.
    pub trace_hash: String,
}

/// Plays one cell on a thread of its own, with the clock and chance of the operating system pinned there.
///
/// It always comes back with a verdict: a peer that panics costs its cell a `crash`.
pub fn play(scenario: &Scenario, cast: &Cast, seed: u64, play: &Play) -> Outcome {
    let header = header(scenario, cast, seed);
    let run = || {
        // What a peer leaves in thread-local state ends with the thread.
        std::thread::scope(|scope| {
            scope
                .spawn(|| catch_unwind(AssertUnwindSafe(|| perform(scenario, cast, seed, play))))
                .join()
        })
    };
    let failure = match run() {
        Ok(Ok(performed)) => {
            return match performed {
                Performed::Ran(ran) => judged(header, scenario, *ran),
                Performed::NotRun(verdict) => not_run(header, verdict),
            };
        }
        Ok(Err(panic)) | Err(panic) => panic,
    };
    let message = failure
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| failure.downcast_ref::<&str>().map(|&text| text.to_owned()))
        .unwrap_or_else(|| "a panic without message".to_owned());
    not_run(
        header,
        Verdict::new(VerdictKind::Crash, format!("panicked: {message}")),
    )
}

/// What a cell left whose process died: a `crash`, for this reason.
pub fn crashed(scenario: &Scenario, cast: &Cast, seed: u64, reason: String) -> Outcome {
    not_run(
        header(scenario, cast, seed),
        Verdict::new(VerdictKind::Crash, reason),
    )
}

/// The name of a cell: `webrtc-pc/connection/connect[loss=2%] a=reference,b=str0m seed=7`.
pub fn cell_id(scenario: &Scenario, names: &[(String, String)], seed: u64) -> String {
    let cast: Vec<String> = names
        .iter()
        .map(|(role, name)| format!("{role}={name}"))
        .collect();
    format!("{} {} seed={seed}", scenario.id, cast.join(","))
}

enum Performed {
    Ran(Box<Ran>),
    NotRun(Verdict),
}

struct Ran {
    end: End,
    departures: Vec<Departure>,
    remarks: Vec<Departure>,
    descriptions: Vec<(String, Arc<str>)>,
    remains: crate::world::Remains,
}

fn perform(scenario: &Scenario, cast: &Cast, seed: u64, play: &Play) -> Performed {
    let pin = Pin::enter(seed, UNIX_TIME);
    let mut network = match Network::new(&places::topology(scenario), derive(seed, "network")) {
        Ok(network) => network,
        Err(error) => {
            return Performed::NotRun(unplayable(error.to_string()));
        }
    };
    if let Some(forced) = &play.forced
        && let Err(error) = network.force(forced.clone())
    {
        return Performed::NotRun(Verdict::new(
            VerdictKind::Fail,
            format!("the recorded packets: {error}"),
        ));
    }
    if play.capture {
        network.start_capture(UNIX_TIME);
    }
    if let Some(missing) = missing_capability(scenario, cast) {
        return Performed::NotRun(Verdict::new(VerdictKind::Unsupported, missing));
    }
    let hosts = match places::hosts(scenario, &network, seed) {
        Ok(hosts) => hosts,
        Err(error) => return Performed::NotRun(unplayable(error.to_string())),
    };
    let names = places::names(scenario);
    let mut world = World::new(network, hosts, names, plane(scenario), pin);
    world.identity_providers.clone_from(&scenario.identity_providers);
    let mut makers: Vec<Maker> = Vec::new();
    let mut used: BTreeMap<HostId, u16> = BTreeMap::new();
    for (plan, (role, implementation)) in scenario.peers.iter().zip(cast) {
        let Some(host) = scenario
            .hosts
            .iter()
            .find(|host| host.peers.contains(&plan.role))
            .and_then(|host| world.network.host(&host.name))
        else {
            return Performed::NotRun(unplayable(format!("{role} is on no host")));
        };
        let Some(ports) = ports(used.entry(host).or_default()) else {
            return Performed::NotRun(unplayable(format!("too many peers on the host of {role}")));
        };
        let view = HostView {
            role: role.clone(),
            addresses: world.network.addresses(host).to_vec(),
            ports: ports.clone(),
            seed: derive(seed, &format!("peer {role}")),
            unix_time: UNIX_TIME,
            origin: format!("https://{role}.example"),
        };
        makers.push((Arc::clone(implementation), view.clone()));
        match implementation.create(view, plan.configuration.clone()) {
            Ok(peer) => world.add(Player::new(role.clone(), peer, host, ports)),
            Err(CreateError::Unsupported(what)) => {
                return Performed::NotRun(Verdict::new(VerdictKind::Unsupported, format!("{role}: {what}")));
            }
            Err(error @ CreateError::Threw(_)) => {
                let reason = format!("{role} was not constructed: {error}");
                return Performed::NotRun(Verdict::new(VerdictKind::Fail, reason));
            }
        }
    }
    let mut performance = Performance::new(scenario, world, makers);
    let end = performance.play();
    let Performance {
        world,
        departures,
        remarks,
        ..
    } = performance;
    let descriptions = descriptions(&world);
    Performed::Ran(Box::new(Ran {
        end,
        departures,
        remarks,
        descriptions,
        remains: world.finish(),
    }))
}

/// The verdict of a run: its departures, the rules of the specification, and how it ended.
fn judged(header: Header, scenario: &Scenario, ran: Ran) -> Outcome {
    let Ran {
        end,
        mut departures,
        mut remarks,
        descriptions,
        remains,
    } = ran;
    let now = remains.now;
    let (trace, packets, packets_hash) = remains.recorder.finish();
    for violation in glare_oracle::judge(&header, &trace) {
        let time = usize::try_from(violation.record)
            .ok()
            .and_then(|index| trace.get(index))
            .map_or(SimTime::ZERO, |record| record.time);
        let departure = Departure::from_violation(violation, time);
        if departure.level == "may" {
            remarks.push(departure);
        } else {
            departures.push(departure);
        }
    }
    departures.sort_by_key(|departure| departure.record);
    // What else came to pass does not hide how the run ended: whoever expects the one must be told of the other.
    let last = (trace.len() as u64).saturating_sub(1);
    match &end {
        End::Faulty(fault) => departures.push(scenario_fault(fault, last, now)),
        End::Stalled(why) if !departures.is_empty() => {
            let clause = scenario
                .spec
                .first()
                .map_or_else(String::new, ToString::to_string);
            departures.push(Departure {
                check: "stall".to_owned(),
                expected: "the script to go on".to_owned(),
                ..departure(clause, why.clone(), last, now)
            });
        }
        End::Done | End::Departed | End::Unsupported(_) | End::Stalled(_) => {}
    }
    let (kind, reason) = match (departures.first(), end) {
        (Some(first), End::Faulty(_)) if first.clause == SCENARIO => {
            (VerdictKind::Fail, first.actual.clone())
        }
        (Some(first), _) => (
            VerdictKind::Fail,
            format!("{}: expected {}; {}", first.check, first.expected, first.actual),
        ),
        (None, End::Done | End::Departed) => (VerdictKind::Pass, String::new()),
        (None, End::Unsupported(what)) => (VerdictKind::Unsupported, what),
        (None, End::Stalled(why)) => (VerdictKind::Stall, why),
        (None, End::Faulty(fault)) => (VerdictKind::Fail, fault.what),
    };
    let (lines, trace_hash) = recorder::written(&trace);
    Outcome {
        header,
        verdict: Verdict {
            kind,
            reason,
            departures,
            remarks,
        },
        trace,
        fates: remains.fates,
        capture: remains.capture,
        descriptions,
        measures: Measures {
            virtual_time: now,
            packets,
            packets_hash,
            trace_hash,
        },
        departure: remains.departure,
        lines,
    }
}

/// What stands for the clause where it is the scenario that cannot be played, so that no peer and no clause is blamed.
const SCENARIO: &str = "scenario";

/// The verdict on a scenario that cannot begin.
fn unplayable(what: String) -> Verdict {
    let fault = scenario_fault(&ScenarioFault { what, step: None }, 0, SimTime::ZERO);
    Verdict {
        departures: vec![fault.clone()],
        ..Verdict::new(VerdictKind::Fail, fault.actual)
    }
}

fn scenario_fault(fault: &ScenarioFault, record: u64, time: SimTime) -> Departure {
    let (at, text) = fault.step.clone().unzip();
    Departure {
        check: text.map_or_else(|| SCENARIO.to_owned(), |text| format!("step {text}")),
        at,
        expected: "the scenario to be playable".to_owned(),
        ..departure(
            SCENARIO.to_owned(),
            format!("the scenario cannot go on: {}", fault.what),
            record,
            time,
        )
    }
}

/// A departure of no peer, as yet without what found it.
fn departure(clause: String, actual: String, record: u64, time: SimTime) -> Departure {
    Departure {
        clause,
        level: "must".to_owned(),
        check: String::new(),
        peer: None,
        at: None,
        expected: String::new(),
        actual,
        record,
        time,
    }
}

fn not_run(header: Header, verdict: Verdict) -> Outcome {
    Outcome {
        header,
        verdict,
        trace: Vec::new(),
        fates: Vec::new(),
        capture: None,
        descriptions: Vec::new(),
        measures: Measures::default(),
        departure: None,
        lines: Vec::new(),
    }
}

fn header(scenario: &Scenario, cast: &Cast, seed: u64) -> Header {
    let names: Vec<(String, String)> = cast
        .iter()
        .map(|(role, implementation)| (role.clone(), implementation.about().name))
        .collect();
    Header {
        version: trace::VERSION,
        cell: cell_id(scenario, &names, seed),
        seed,
        cast: cast
            .iter()
            .map(|(role, implementation)| {
                let about = implementation.about();
                trace::Cast {
                    role: role.clone(),
                    implementation: about.name,
                    version: about.version,
                    granularity: about.granularity,
                }
            })
            .collect(),
    }
}

fn missing_capability(scenario: &Scenario, cast: &Cast) -> Option<String> {
    cast.iter().find_map(|(role, implementation)| {
        let about = implementation.about();
        let missing = scenario
            .requires
            .iter()
            .find(|wanted| !about.capabilities.contains(wanted))?;
        Some(format!("{role}: {} has no {missing}", about.name))
    })
}

/// A seed of its own for each part of a run, so that a part that draws more leaves the others as they are.
pub(crate) fn derive(seed: u64, part: &str) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(part.as_bytes());
    hash.finalize()
        .iter()
        .take(8)
        .fold(0, |word, &byte| word << 8 | u64::from(byte))
}

fn ports(used: &mut u16) -> Option<RangeInclusive<u16>> {
    let first = FIRST_PORT.checked_add(used.checked_mul(PORTS_PER_PEER)?)?;
    let last = first.checked_add(PORTS_PER_PEER - 1)?;
    *used += 1;
    Some(first..=last)
}

fn plane(scenario: &Scenario) -> Plane {
    let player = |role: &str| scenario.peers.iter().position(|plan| plan.role == role);
    let mut delays: BTreeMap<(usize, usize), Duration> = BTreeMap::new();
    for plan in &scenario.signalling {
        if let (Some(one), Some(other)) = (player(&plan.between[0]), player(&plan.between[1])) {
            delays.insert((one, other), plan.delay);
            delays.insert((other, one), plan.delay);
        }
    }
    let pattern = |on: &SignalPattern| {
        Some(Pattern {
            kind: (on.kind != SignalKind::Any).then(|| on.kind.as_str()),
            from: player(&on.from)?,
            to: match &on.to {
                Some(to) => Some(player(to)?),
                None => None,
            },
        })
    };
    let faults = scenario
        .faults
        .iter()
        .filter_map(|fault| {
            let effect = match &fault.action {
                FaultAction::Drop => Effect::Drop,
                FaultAction::Duplicate => Effect::Duplicate,
                FaultAction::Delay(more) => Effect::Delay(*more),
                FaultAction::After(other) => Effect::After(pattern(other)?, other.nth.map_or(1, u64::from)),
                FaultAction::Behind(others) => Effect::Behind(u64::from(*others)),
            };
            Some(Fault {
                on: pattern(&fault.on)?,
                nth: fault.on.nth.map(u64::from),
                effect,
            })
        })
        .collect();
    Plane::new(delays, faults)
}

/// The descriptions of a run: each that was made or given, and those that the connections have at the end.
fn descriptions(world: &World) -> Vec<(String, Arc<str>)> {
    let mut out: Vec<(String, Arc<str>)> = Vec::new();
    let mut keep = |name: String, sdp: &str| {
        if !sdp.is_empty() {
            out.push((format!("{:02}-{name}.sdp", out.len() + 1), Arc::from(sdp)));
        }
    };
    for record in world.recorder.records() {
        match &record.what {
            What::Settled {
                peer,
                how: trace::Completion::Value(value),
                ..
            } => {
                if let (Some(kind), Some(sdp)) = (value["type"].as_str(), value["sdp"].as_str()) {
                    keep(format!("{peer}-created-{kind}"), sdp);
                }
            }
            What::Called {
                peer,
                method,
                arguments,
                ..
            } if method == "setRemoteDescription" || method == "setLocalDescription" => {
                if let (Some(kind), Some(sdp)) = (arguments["type"].as_str(), arguments["sdp"].as_str()) {
                    keep(format!("{peer}-{method}-{kind}"), sdp);
                }
            }
            _ => {}
        }
    }
    for (player, playing) in world.players.iter().enumerate() {
        for attribute in [Attribute::LocalDescription, Attribute::RemoteDescription] {
            if let Ok(Value::Description(description)) = world.read(player, Handle::CONNECTION, attribute) {
                keep(format!("{}-final-{attribute}", playing.role), &description.sdp);
            }
        }
    }
    out
}
