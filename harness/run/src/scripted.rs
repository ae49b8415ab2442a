//! Scripts played with a peer that does as little as a test needs.

use std::sync::Arc;

use glare_peer::{
    About, Attribute, Called, Configuration, CreateError, Exception, ExceptionName, Granularity, Handle,
    HostView, Implementation, Input, Operation, OperationId, Outbox, Peer, SimTime, Step, Unsupported, Value,
};

use glare_scenario::Scenario;

use crate::{Cast, Outcome, Play, VerdictKind, play};

/// Restarts ICE and closes, throws at the making of data channels, never settles a promise, and knows one attribute.
struct Puppet;

impl Implementation for Puppet {
    fn about(&self) -> About {
        About {
            name: "puppet".to_owned(),
            version: "1.0.0".to_owned(),
            granularity: Granularity::Event,
            deterministic: true,
            derived: Vec::new(),
            capabilities: Vec::new(),
        }
    }

    fn create(&self, _: HostView, _: Configuration) -> Result<Box<dyn Peer>, CreateError> {
        Ok(Box::new(Puppet))
    }
}

impl Peer for Puppet {
    fn call(&mut self, _: SimTime, _: OperationId, operation: Operation) -> Called {
        match operation {
            Operation::RestartIce | Operation::Close => Called::Returned(Value::Undefined),
            Operation::CreateDataChannel { .. } => {
                Called::Threw(Exception::new(ExceptionName::OperationError, "not today"))
            }
            _ => Called::Promise,
        }
    }

    fn input(&mut self, _: SimTime, _: Input) {}

    fn step(&mut self, _: SimTime, _: &mut Outbox) -> Step {
        Step::Idle(None)
    }

    fn read(&self, _: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        match attribute {
            Attribute::SignalingState => Ok(Value::String("stable".to_owned())),
            other => Err(Unsupported::new(other.to_string())),
        }
    }
}

/// A scenario of these steps, each a line of YAML.
fn scenario(steps: &[&str]) -> Scenario {
    let steps: String = steps.iter().map(|step| format!("  - {step}\n")).collect();
    let text = format!("scenario: test\nspec: [webrtc-pc#close]\npeers: {{ a: {{}} }}\nscript:\n{steps}");
    let mut scenarios = glare_scenario::parse("test.yaml", &text).unwrap_or_else(|error| panic!("{error}"));
    scenarios.remove(0)
}

fn cast() -> Cast {
    vec![("a".to_owned(), Arc::new(Puppet))]
}

fn played(steps: &[&str]) -> Outcome {
    play(&scenario(steps), &cast(), 0, &Play::default())
}

#[test]
fn what_a_peer_cannot_do_does_not_hide_what_it_does_wrong() {
    for state in [
        "a.connectionState: connected, a.signalingState: closed",
        "a.signalingState: closed, a.connectionState: connected",
    ] {
        let verdict = played(&[&format!("{{ expect: {{ state: {{ {state} }} }} }}")]).verdict;
        assert_eq!(verdict.kind, VerdictKind::Fail, "{state}");
        assert_eq!(verdict.departures[0].actual, "it is stable");
    }
}

#[test]
fn the_script_goes_on_after_a_departure_that_is_only_told_of() {
    let verdict = played(&[
        "{ call: a.createDataChannel, with: { label: chat }, level: may }",
        "{ wait: { for: { a.signalingState: closed }, within: 1s }, level: may }",
        "{ expect: { state: { a.signalingState: closed } } }",
    ])
    .verdict;
    assert_eq!(verdict.kind, VerdictKind::Fail);
    assert_eq!(
        (verdict.departures.len(), verdict.remarks.len()),
        (1, 2),
        "{verdict:?}"
    );
}

#[test]
fn a_stall_is_told_beside_a_departure_before_it() {
    let outcome = played(&[
        "{ expect: { state: { a.signalingState: closed } } }",
        "{ call: a.createOffer }",
    ]);
    let fingerprints = outcome.verdict.fingerprints();
    assert_eq!(outcome.verdict.kind, VerdictKind::Fail);
    assert_eq!(fingerprints.len(), 2, "{fingerprints:?}");
    assert_eq!(fingerprints[1], "fail webrtc-pc#close stall");
}

#[test]
fn a_fault_of_the_scenario_is_told_with_its_place_and_blames_no_peer() {
    let outcome = played(&[
        "{ on: a.negotiationneeded, do: [{ mark: begin }] }",
        "{ call: a.restartIce }",
        "{ expect: { elapsed: { since: begin, atMost: 1s } } }",
    ]);
    let [fault] = &*outcome.verdict.departures else {
        panic!("{:?}", outcome.verdict);
    };
    assert_eq!(
        (outcome.verdict.kind, fault.clause.as_str(), &fault.peer),
        (VerdictKind::Fail, "scenario", &None)
    );
    assert_eq!(fault.at.as_deref(), Some("7:5"));
    assert!(
        outcome.verdict.reason.starts_with("the scenario cannot go on: "),
        "{}",
        outcome.verdict.reason
    );
}

#[test]
fn a_bundle_replays_the_trace_it_holds() {
    let outcome = played(&[
        "{ call: a.restartIce }",
        "{ expect: { state: { a.signalingState: closed } } }",
    ]);
    let place = std::env::temp_dir().join(format!("glare-bundle-{}", std::process::id()));
    let scenario = scenario(&[
        "{ call: a.restartIce }",
        "{ expect: { state: { a.signalingState: closed } } }",
    ]);
    crate::write_bundle(&place, &scenario, &outcome, "again").unwrap();
    // Over an older one.
    crate::write_bundle(&place, &scenario, &outcome, "again").unwrap();
    let bundle = crate::read_bundle(&place).unwrap();
    std::fs::remove_dir_all(&place).unwrap();
    let again = play(&bundle.scenario, &cast(), bundle.verdict.seed, &Play::default());
    assert_eq!(crate::trace_difference(&bundle.trace, &again.trace), None);
    assert!(crate::trace_difference(&bundle.trace[..2], &again.trace).is_some());
}

#[test]
fn a_listener_that_never_ran_has_not_looked() {
    let verdict = played(&[
        "{ on: a.connectionstatechange, do: [{ expect: { state: { a.signalingState: stable } } }] }",
        "{ expect: { state: { a.signalingState: stable } } }",
    ])
    .verdict;
    assert_eq!(verdict.kind, VerdictKind::Fail);
    assert_eq!(
        verdict.departures[0].expected,
        "a.connectionstatechange, at which to look"
    );
}
