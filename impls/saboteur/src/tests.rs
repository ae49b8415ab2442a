//! The list is sound, and what it says is broken is broken.

use std::collections::{BTreeSet, VecDeque};

use glare_peer::{
    Attribute, Called, DataChannelInit, Event, EventKind, Exception, ExceptionName, Handle, Input,
    OfferOptions, Operation, OperationId, Outbox, SdpType, SessionDescription, SimTime, Step, Unsupported,
    Value,
};

use super::*;

#[test]
fn every_sabotage_has_a_name_of_its_own_and_says_what_it_breaks() {
    let mut names = BTreeSet::new();
    for sabotage in sabotages() {
        assert!(names.insert(sabotage.name), "{} is there twice", sabotage.name);
        let kebab = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
        assert!(sabotage.name.chars().all(kebab), "{}", sabotage.name);
        assert!(
            sabotage.what.ends_with('.'),
            "{}: {}",
            sabotage.name,
            sabotage.what
        );
        assert!(
            sabotage.clause.contains('#'),
            "{}: {}",
            sabotage.name,
            sabotage.clause
        );
        assert!(
            sabotage.member.contains('.'),
            "{}: {}",
            sabotage.name,
            sabotage.member
        );
    }
    assert!(names.len() >= 100, "only {} sabotages", names.len());
}

/// A peer that does what it is told: steps in this order, and an answer for every call.
struct Told {
    steps: VecDeque<Step>,
    called: Called,
    state: &'static str,
}

impl Peer for Told {
    fn call(&mut self, _: SimTime, id: OperationId, operation: Operation) -> Called {
        if let Operation::SetLocalDescription(init) = operation {
            // It takes what it has made and nothing else.
            let how = if *init.sdp == *MADE {
                Ok(Value::Undefined)
            } else {
                Err(Exception::new(
                    ExceptionName::InvalidModificationError,
                    "not mine",
                ))
            };
            self.steps.push_back(Step::Settled(id, how));
            return Called::Promise;
        }
        self.called.clone()
    }

    fn input(&mut self, _: SimTime, _: Input) {}

    fn step(&mut self, _: SimTime, _: &mut Outbox) -> Step {
        let step = self.steps.pop_front().unwrap_or(Step::Idle(None));
        if let Step::Fired(event) = &step
            && event.kind == EventKind::SignalingStateChange
        {
            self.state = "have-local-offer";
        }
        step
    }

    fn read(&self, _: Handle, _: Attribute) -> Result<Value, Unsupported> {
        Ok(Value::String(self.state.to_owned()))
    }
}

const MADE: &str =
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:0\r\n";

fn told(name: &str, steps: Vec<Step>, called: Called) -> SabotagedPeer {
    let sabotage = sabotage(name).unwrap_or_else(|| panic!("there is no sabotage {name}"));
    let told = Told {
        steps: steps.into(),
        called,
        state: "stable",
    };
    SabotagedPeer::new(Box::new(told), sabotage, false)
}

fn fired(kind: EventKind) -> Step {
    Step::Fired(Event {
        target: Handle::CONNECTION,
        kind,
    })
}

/// A task that applies a description.
fn a_task() -> Vec<Step> {
    vec![
        fired(EventKind::SignalingStateChange),
        Step::Settled(OperationId(1), Ok(Value::Undefined)),
        Step::TaskEnd,
    ]
}

/// All steps of a peer until it is idle, for people, and its notes.
fn steps(peer: &mut SabotagedPeer) -> (Vec<String>, Vec<String>) {
    let mut out = Outbox::default();
    let mut steps = Vec::new();
    for _ in 0..20 {
        steps.push(match peer.step(SimTime::ZERO, &mut out) {
            Step::Fired(event) => event.kind.name().to_owned(),
            Step::Settled(_, Ok(_)) => "fulfilled".to_owned(),
            Step::Settled(_, Err(exception)) => exception.name.to_string(),
            Step::TaskEnd => "end".to_owned(),
            Step::Idle(_) => return (steps, out.notes),
            Step::Unsupported(..) => "unsupported".to_owned(),
        });
    }
    panic!("it never comes to rest: {steps:?}");
}

#[test]
fn an_event_is_dropped_doubled_or_late() {
    for (name, wanted) in [
        (
            "negotiationneeded-is-not-fired",
            vec!["signalingstatechange", "fulfilled", "end"],
        ),
        ("signalingstatechange-is-not-fired", vec!["fulfilled", "end"]),
        (
            "signalingstatechange-is-fired-twice",
            vec!["signalingstatechange", "signalingstatechange", "fulfilled", "end"],
        ),
        (
            "signalingstatechange-comes-a-task-late",
            vec!["fulfilled", "end", "signalingstatechange", "end"],
        ),
        (
            "signalingstatechange-follows-fulfilment",
            vec!["fulfilled", "signalingstatechange", "end"],
        ),
        (
            "negotiationneeded-is-fired-while-offering",
            vec!["signalingstatechange", "negotiationneeded", "fulfilled", "end"],
        ),
    ] {
        let (found, notes) = steps(&mut told(name, a_task(), Called::Promise));
        assert_eq!(found, wanted, "{name}");
        let untouched = name == "negotiationneeded-is-not-fired";
        assert_eq!(notes.is_empty(), untouched, "{name}: {notes:?}");
    }
}

#[test]
fn a_promise_settles_never_twice_late_or_at_once() {
    for (name, wanted) in [
        ("create-offer-never-settles", vec!["end"]),
        (
            "create-offer-settles-twice",
            vec!["fulfilled", "fulfilled", "end"],
        ),
        (
            "create-offer-overtakes-the-chain",
            vec!["fulfilled", "end", "end"],
        ),
    ] {
        let settles = vec![Step::Settled(OperationId(1), Ok(Value::Null)), Step::TaskEnd];
        let mut peer = told(name, settles, Called::Promise);
        let operation = Operation::CreateOffer(OfferOptions::default());
        assert_eq!(
            peer.call(SimTime::ZERO, OperationId(1), operation),
            Called::Promise
        );
        assert_eq!(steps(&mut peer).0, wanted, "{name}");
    }
}

#[test]
fn an_exception_is_renamed_or_swallowed() {
    let thrown = Called::Threw(Exception::new(ExceptionName::OperationError, "in use"));
    let call = |name: &str| {
        let operation = Operation::CreateDataChannel {
            label: String::new(),
            init: DataChannelInit::default(),
        };
        told(name, Vec::new(), thrown.clone()).call(SimTime::ZERO, OperationId(1), operation)
    };
    assert_eq!(
        call("create-data-channel-never-throws"),
        Called::Returned(Value::Undefined)
    );
    let Called::Threw(exception) = call("create-data-channel-error-has-another-name") else {
        panic!("it throws");
    };
    assert_eq!(exception.name, ExceptionName::NotReadableError);
    assert_eq!(call("close-does-nothing"), thrown);
}

#[test]
fn a_state_lags_behind_its_event() {
    let mut peer = told(
        "signaling-state-changes-after-its-event",
        a_task(),
        Called::Promise,
    );
    let read = |peer: &SabotagedPeer| peer.read(Handle::CONNECTION, Attribute::SignalingState).unwrap();
    assert_eq!(read(&peer), Value::String("stable".to_owned()));
    let mut out = Outbox::default();
    let step = peer.step(SimTime::ZERO, &mut out);
    assert_eq!(step, fired(EventKind::SignalingStateChange));
    assert_eq!(read(&peer), Value::String("stable".to_owned()));
    while peer.step(SimTime::ZERO, &mut out) != Step::TaskEnd {}
    assert_eq!(read(&peer), Value::String("have-local-offer".to_owned()));
}

#[test]
fn an_edited_description_is_taken_for_the_one_that_was_made() {
    let description = SessionDescription {
        sdp_type: SdpType::Offer,
        sdp: MADE.into(),
    };
    let settles = vec![Step::Settled(OperationId(1), Ok(Value::Description(description)))];
    let mut peer = told("description-lacks-mids", settles, Called::Promise);
    let mut out = Outbox::default();
    let Step::Settled(_, Ok(Value::Description(shown))) = peer.step(SimTime::ZERO, &mut out) else {
        panic!("it fulfils with a description");
    };
    assert!(!shown.sdp.contains("a=mid"), "{}", shown.sdp);
    peer.call(
        SimTime::ZERO,
        OperationId(2),
        Operation::SetLocalDescription(shown.into()),
    );
    assert_eq!(
        peer.step(SimTime::ZERO, &mut out),
        Step::Settled(OperationId(2), Ok(Value::Undefined))
    );
}
