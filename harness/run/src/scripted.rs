//! Scripts played with a peer that does as little as a test needs.

use std::sync::Arc;

use glare_peer::{
    About, Attribute, Called, Configuration, CreateError, Exception, ExceptionName, Granularity, Handle,
    HostView, Implementation, Input, Operation, OperationId, Outbox, Peer, SimTime, Step, Unsupported, Value,
};

use glare_scenario::Scenario;

use crate::{Cast, Outcome, Play, VerdictKind, play};

/// Restarts ICE and closes, throws at the making of data channels, never settles a promise, and knows few attributes. It has one
/// transceiver, whose sender takes parameters only where the first encoding is not active, and refuses to be constructed with
/// servers.
struct Puppet;

const TRANSCEIVER: Handle = Handle(1);
const SENDER: Handle = Handle(2);

fn parameters() -> Value {
    Value::from_json(serde_json::json!({
        "transactionId": "1", "encodings": [{ "active": true, "rid": "x" }], "headerExtensions": [], "rtcp": {}, "codecs": [],
    }))
}

fn report() -> Value {
    Value::from_json(serde_json::json!({
        "T1": { "type": "transport", "id": "T1", "timestamp": 1, "dtlsState": "connected", "packetsSent": 3 },
        "T2": { "type": "transport", "id": "T2", "timestamp": 1, "dtlsState": "new", "packetsSent": 0 },
    }))
}

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

    fn create(&self, _: HostView, configuration: Configuration) -> Result<Box<dyn Peer>, CreateError> {
        match configuration.ice_servers.is_empty() {
            true => Ok(Box::new(Puppet)),
            false => Err(CreateError::Threw(Exception::new(
                ExceptionName::SyntaxError,
                "no servers here",
            ))),
        }
    }
}

impl Peer for Puppet {
    fn call(&mut self, _: SimTime, _: OperationId, operation: Operation) -> Called {
        match operation {
            Operation::RestartIce | Operation::Close => Called::Returned(Value::Undefined),
            Operation::CreateDataChannel { .. } => {
                Called::Threw(Exception::new(ExceptionName::OperationError, "not today"))
            }
            Operation::AddTransceiver { .. } => Called::Returned(Value::Object(TRANSCEIVER)),
            Operation::GetParameters { object: SENDER } => Called::Returned(parameters()),
            Operation::GetStats { .. } => Called::Returned(report()),
            Operation::SetParameters { parameters, .. } => match parameters.encodings.first() {
                Some(first) if !first.active && first.rid.as_deref() == Some("x") => {
                    Called::Returned(Value::Undefined)
                }
                _ => Called::Threw(Exception::new(ExceptionName::OperationError, "too active")),
            },
            _ => Called::Promise,
        }
    }

    fn input(&mut self, _: SimTime, _: Input) {}

    fn step(&mut self, _: SimTime, _: &mut Outbox) -> Step {
        Step::Idle(None)
    }

    fn read(&self, object: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        match (object, attribute) {
            (_, Attribute::SignalingState) => Ok(Value::String("stable".to_owned())),
            (TRANSCEIVER, Attribute::Sender) => Ok(Value::Object(SENDER)),
            (SENDER, Attribute::Track) => Ok(Value::Null),
            (_, other) => Err(Unsupported::new(other.to_string())),
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

#[test]
fn a_dictionary_with_some_of_it_changed_reaches_the_peer() {
    let head = [
        "{ call: a.addTransceiver, with: { trackOrKind: video }, as: transceiver }",
        "{ read: transceiver.sender, as: sender }",
        "{ call: sender.getParameters, as: parameters }",
    ];
    let good = "{ call: sender.setParameters, with: { from: \"${parameters}\", set: { encodings.0.active: false } } }";
    let kept =
        "{ expect: { state: { parameters.encodings.0.active: true, parameters.encodings.length: 1 } } }";
    let verdict = played(&[&head[..], &[good, kept]].concat()).verdict;
    assert_eq!(verdict.kind, VerdictKind::Pass, "{verdict:?}");
    let bad = "{ call: sender.setParameters, with: \"${parameters}\" }";
    let verdict = played(&[&head[..], &[bad]].concat()).verdict;
    assert_eq!(verdict.kind, VerdictKind::Fail, "{verdict:?}");
    // What is not there cannot be changed: that is the scenario's fault.
    let faulty = "{ call: sender.setParameters, with: { from: \"${parameters}\", set: { encodings.3.active: false } } }";
    let verdict = played(&[&head[..], &[faulty]].concat()).verdict;
    assert_eq!(verdict.departures[0].clause, "scenario", "{verdict:?}");
}

#[test]
fn attributes_are_read_by_way_of_objects_and_null_ends_the_way() {
    let verdict = played(&[
        "{ call: a.addTransceiver, with: { trackOrKind: video }, as: transceiver }",
        "{ read: transceiver.sender, as: sender }",
        "{ expect: { state: { transceiver.sender: \"${sender}\", transceiver.sender.track.kind: null } } }",
        "{ expect: { state: { transceiver.sender: { not: \"${sender}\" } } } }",
    ])
    .verdict;
    assert_eq!(
        (verdict.kind, verdict.departures.len()),
        (VerdictKind::Fail, 1),
        "{verdict:?}"
    );
}

#[test]
fn statistics_are_told_apart_by_type_and_members() {
    let expect = |what: &str| {
        let step = format!("{{ expect: {{ statistics: {{ of: report, type: transport, {what} }} }} }}");
        played(&["{ call: a.getStats, as: report }", &step]).verdict.kind
    };
    for met in [
        "some: { dtlsState: connected, packetsSent: { atLeast: 3 } }",
        "all: { packetsSent: { atLeast: 0 }, bytesSent: null }",
        "count: { is: 2 }",
        "count: { is: 1 }, members: { dtlsState: new }",
    ] {
        assert_eq!(expect(met), VerdictKind::Pass, "{met}");
    }
    for unmet in [
        "some: { dtlsState: failed }",
        "all: { dtlsState: connected }",
        "count: { atLeast: 3 }",
        "some: { bytesSent: { not: null } }",
    ] {
        assert_eq!(expect(unmet), VerdictKind::Fail, "{unmet}");
    }
    let none = "{ expect: { statistics: { of: report, type: codec, all: { payloadType: 0 } } } }";
    let verdict = played(&["{ call: a.getStats, as: report }", none]).verdict;
    assert_eq!(
        verdict.kind,
        VerdictKind::Fail,
        "of nothing, not all is as expected"
    );
}

#[test]
fn another_connection_is_constructed_as_the_configuration_says() {
    let construct = "{ construct: a.RTCPeerConnection, with: { iceServers: [{ urls: [\"stun:x\"] }] }";
    let verdict = played(&[
        "{ construct: a.RTCPeerConnection }",
        &format!("{construct}, throws: SyntaxError }}"),
    ])
    .verdict;
    assert_eq!(verdict.kind, VerdictKind::Pass, "{verdict:?}");
    let verdict = played(&[&format!("{construct} }}")]).verdict;
    assert_eq!(verdict.kind, VerdictKind::Fail, "{verdict:?}");
}
