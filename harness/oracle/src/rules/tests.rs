//! Every rule accepts a good trace and catches a doctored one.

use std::collections::BTreeSet;

use glare_peer::{
    Granularity, Handle, IceConnectionState, IceGatheringState, IceTransportState as Ice,
    PeerConnectionState as Connection,
};
use serde_json::json;

use super::doctored::{call_and_close, registry};
use super::*;
use crate::testing::{Tape, host_candidate};
use crate::trace::{Completion, Interface};

fn play(granularity: Granularity, script: fn(&mut Tape)) -> Tape {
    let mut tape = Tape::new(granularity);
    script(&mut tape);
    tape
}

#[test]
fn every_rule_has_a_doctored_trace_and_a_name_of_its_own() {
    let ids: BTreeSet<_> = rules().iter().map(|rule| rule.id).collect();
    assert_eq!(ids.len(), rules().len(), "two rules have the same id");
    let doctored: BTreeSet<_> = registry().iter().map(|case| case.rule).collect();
    assert_eq!(ids, doctored);
}

#[test]
fn every_rule_cites_a_clause_and_says_what_it_demands() {
    for rule in rules() {
        let cites = rule
            .clause
            .split_once('#')
            .is_some_and(|(document, anchor)| !document.is_empty() && !anchor.is_empty());
        assert!(cites, "{}: {}", rule.id, rule.clause);
        assert!(rule.statement.ends_with('.'), "{}: {}", rule.id, rule.statement);
        let kebab = rule
            .id
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter == '-');
        assert!(kebab, "{} is not kebab-case", rule.id);
    }
}

#[test]
fn no_rule_departs_from_a_good_trace() {
    for case in registry() {
        for granularity in [Granularity::Step, Granularity::Event] {
            let tape = play(granularity, case.good);
            assert_eq!(
                judge(&tape.header, &tape.trace),
                [],
                "the good trace of {}",
                case.rule
            );
        }
    }
}

#[test]
fn every_rule_catches_its_doctored_trace_at_the_record_that_departs() {
    for case in registry() {
        let tape = play(Granularity::Step, case.bad);
        let violations = judge(&tape.header, &tape.trace);
        let found = violations.iter().find(|violation| violation.rule == case.rule);
        let found = found.unwrap_or_else(|| panic!("{} is not caught: {violations:#?}", case.rule));
        assert_eq!(Some(found.record), tape.marked, "{found:#?}");
        assert_ne!(found.expected, found.actual);
    }
}

#[test]
fn a_peer_that_cannot_be_stopped_within_a_task_is_judged_by_the_rules_that_need_no_more() {
    for case in registry() {
        let tape = play(Granularity::Event, case.bad);
        let caught = judge(&tape.header, &tape.trace)
            .iter()
            .any(|violation| violation.rule == case.rule);
        let rule = rules().iter().find(|rule| rule.id == case.rule).unwrap();
        assert_eq!(caught, rule.granularity == Granularity::Event, "{}", case.rule);
    }
}

#[test]
fn a_channel_announced_by_the_other_side_may_get_a_message_before_open() {
    let mut tape = Tape::new(Granularity::Step);
    tape.state.channels.push(crate::trace::ChannelSnapshot {
        channel: Handle(9),
        ready_state: glare_peer::DataChannelState::Open,
        id: Some(1),
        buffered_amount: 0,
    });
    tape.fired_with("datachannel", json!({ "channel": 9, "label": "chat" }));
    tape.end();
    tape.channel_message(9);
    tape.channel_opens(9);
    assert_eq!(judge(&tape.header, &tape.trace), []);
}

#[test]
fn what_a_peer_does_not_have_is_not_judged() {
    let tape = play(Granularity::Step, |tape| {
        tape.state = crate::trace::PeerSnapshot::default();
        tape.end();
        tape.fired("signalingstatechange");
        tape.fired("signalingstatechange");
        tape.fired("connectionstatechange");
        tape.fired("negotiationneeded");
        tape.end();
    });
    assert_eq!(judge(&tape.header, &tape.trace), []);
}

#[test]
fn a_peer_that_is_read_late_may_show_one_state_at_two_events_of_a_task() {
    let script: fn(&mut Tape) = |tape| {
        tape.state.ice_connection_state = Some(IceConnectionState::Connected);
        tape.fired("iceconnectionstatechange");
        tape.fired("iceconnectionstatechange");
        tape.end();
    };
    let late = play(Granularity::Event, script);
    assert_eq!(judge(&late.header, &late.trace), []);
    let step = play(Granularity::Step, script);
    let violations = judge(&step.header, &step.trace);
    assert_eq!(
        violations
            .iter()
            .map(|found| found.rule.as_str())
            .collect::<Vec<_>>(),
        ["state-event-tells-of-a-change"]
    );
}

#[test]
fn order_within_a_task_proves_nothing_of_a_peer_that_is_read_late() {
    let script: fn(&mut Tape) = |tape| {
        tape.gathering();
        // All in one task and in no order: the null candidate, the end of candidates, the change of state.
        tape.fired_with("icecandidate", json!(null));
        tape.end_of_candidates();
        tape.trace.pop();
        tape.state.ice_gathering_state = Some(IceGatheringState::Complete);
        tape.fired("icegatheringstatechange");
        tape.end();
    };
    let late = play(Granularity::Event, script);
    assert_eq!(judge(&late.header, &late.trace), []);
    let step = play(Granularity::Step, script);
    let violations = judge(&step.header, &step.trace);
    let rules: Vec<_> = violations.iter().map(|found| found.rule.as_str()).collect();
    assert!(rules.contains(&"null-candidate-only-when-complete"), "{rules:?}");
    assert!(rules.contains(&"null-candidate-follows-complete"), "{rules:?}");
}

#[test]
fn a_peer_that_closes_while_idle_has_no_task_left_that_could_fire() {
    for granularity in [Granularity::Step, Granularity::Event] {
        let tape = play(granularity, |tape| {
            tape.closes();
            tape.fired("signalingstatechange");
            tape.end();
        });
        let found = judge(&tape.header, &tape.trace);
        assert!(
            found.iter().any(|found| found.rule == "no-event-after-close"),
            "{found:#?}"
        );
    }
}

#[test]
fn a_second_transport_may_hold_the_aggregated_state_back() {
    let tape = play(Granularity::Step, |tape| {
        tape.with_transports();
        tape.ice(Ice::Checking, Connection::Connecting);
        // Another transport is still checking: iceConnectionState stays, and fires nothing.
        tape.transports().ice = Ice::Connected;
        tape.fired_at(Handle(1), Interface::IceTransport, "statechange", json!(null));
        tape.end();
    });
    assert_eq!(judge(&tape.header, &tape.trace), []);
}

#[test]
fn a_fulfilled_promise_may_still_react_in_the_task_that_close_was_called_in() {
    let tape = play(Granularity::Step, |tape| {
        let operation = tape.promise("createOffer", json!({}));
        tape.closes();
        tape.fulfilled(operation);
        tape.end();
    });
    assert_eq!(judge(&tape.header, &tape.trace), []);
}

#[test]
fn a_close_that_the_peer_cannot_do_closes_nothing() {
    let tape = play(Granularity::Step, |tape| {
        let operation = tape.called("close", json!({}));
        tape.came(operation, Completion::Unsupported("no close".to_owned()));
        tape.gathers();
    });
    assert_eq!(judge(&tape.header, &tape.trace), []);
}

#[test]
fn a_role_that_constructs_again_is_judged_afresh() {
    let mut tape = play(Granularity::Step, call_and_close);
    let again = play(Granularity::Step, Tape::whole_call);
    tape.trace.extend(again.trace);
    for (number, record) in (0..).zip(&mut tape.trace) {
        record.number = number;
    }
    assert_eq!(judge(&tape.header, &tape.trace), []);
}

#[test]
fn judging_takes_records_in_any_order() {
    let mut rng = fastrand::Rng::with_seed(7);
    for case in registry() {
        for _ in 0..20 {
            let mut tape = play(Granularity::Step, case.bad);
            rng.shuffle(&mut tape.trace);
            tape.trace.truncate(rng.usize(0..=tape.trace.len()));
            let once = judge(&tape.header, &tape.trace);
            let twice = judge(&tape.header, &tape.trace);
            assert_eq!(once, twice);
            let snapshot = crate::snapshot::states(&tape.header, &tape.trace);
            assert!(!snapshot.is_empty());
        }
    }
}

#[test]
fn a_violation_reads_back_as_it_was_written() {
    let tape = play(Granularity::Step, |tape| {
        tape.gathers();
        tape.candidate();
    });
    let violations = judge(&tape.header, &tape.trace);
    assert_eq!(violations.len(), 1, "{violations:#?}");
    let text = serde_json::to_string(&violations).unwrap();
    assert_eq!(serde_json::from_str::<Vec<Violation>>(&text).unwrap(), violations);
}

/// What Firefox 153 fires at the side that rolls its offer back for the other one.
const FIREFOX_POLITE: &[&str] = &[
    "signalingstatechange have-local-offer",
    "icegatheringstatechange gathering",
    "icecandidate host udp",
    "icecandidate host tcp",
    "icecandidate host udp",
    "icecandidate host tcp",
    "icecandidate (empty)",
    "icegatheringstatechange complete",
    "icecandidate null",
    "signalingstatechange stable",
    "icegatheringstatechange new",
    "signalingstatechange have-remote-offer",
    "track video",
    "signalingstatechange stable",
    "icegatheringstatechange gathering",
    "icecandidate host udp",
    "icecandidate host tcp",
    "icecandidate (empty)",
    "icegatheringstatechange complete",
    "icecandidate null",
    "negotiationneeded",
    "iceconnectionstatechange checking",
    "connectionstatechange connecting",
    "iceconnectionstatechange connected",
    "connectionstatechange connected",
];

/// What Chromium 156 fires there.
const CHROMIUM_POLITE: &[&str] = &[
    "signalingstatechange have-local-offer",
    "icegatheringstatechange gathering",
    "signalingstatechange stable",
    "signalingstatechange have-remote-offer",
    "track video",
    "icegatheringstatechange new",
    "signalingstatechange stable",
    "negotiationneeded",
    "icegatheringstatechange gathering",
    "iceconnectionstatechange checking",
    "icecandidate host udp",
    "connectionstatechange connecting",
    "icecandidate host udp",
    "icecandidate host udp",
    "icecandidate host udp",
    "iceconnectionstatechange connected",
    "icegatheringstatechange complete",
    "icecandidate null",
    "connectionstatechange connected",
];

/// What Chromium 156 fires when a local offer is rolled back by hand.
const CHROMIUM_ROLLBACK: &[&str] = &[
    "negotiationneeded",
    "signalingstatechange have-local-offer",
    "icegatheringstatechange gathering",
    "negotiationneeded",
    "signalingstatechange stable",
    "icegatheringstatechange new",
];

/// Plays recorded events, each in a task of its own, with the state that they tell of.
fn recorded(events: &[&str]) -> Tape {
    let mut tape = Tape::new(Granularity::Event);
    tape.state.descriptions = None;
    for event in events {
        let (name, told) = event.split_once(' ').unwrap_or((event, ""));
        let mut detail = serde_json::Value::Null;
        match name {
            "signalingstatechange" => tape.state.signaling_state = told.parse().ok(),
            "icegatheringstatechange" => tape.state.ice_gathering_state = told.parse().ok(),
            "iceconnectionstatechange" => tape.state.ice_connection_state = told.parse().ok(),
            "connectionstatechange" => tape.state.connection_state = told.parse().ok(),
            "icecandidate" if told == "null" => {}
            "icecandidate" if told == "(empty)" => {
                tape.end_of_candidates();
                continue;
            }
            "icecandidate" => detail = host_candidate(tape.trace.len()),
            _ => {}
        }
        tape.fired_with(name, detail);
        tape.end();
    }
    tape
}

/// The rules that recorded events depart from.
fn departures(events: &[&str]) -> Vec<String> {
    let tape = recorded(events);
    judge(&tape.header, &tape.trace)
        .into_iter()
        .map(|violation| violation.rule)
        .collect()
}

#[test]
fn what_firefox_fires_when_it_gives_way_departs_from_no_rule() {
    assert_eq!(departures(FIREFOX_POLITE), [""; 0]);
}

#[test]
fn what_chromium_fires_departs_where_it_leaves_out_the_end_of_candidates() {
    assert_eq!(departures(CHROMIUM_POLITE), ["end-of-candidates-before-complete"]);
}

#[test]
fn what_chromium_fires_on_rollback_asks_for_negotiation_too_early() {
    assert_eq!(
        departures(CHROMIUM_ROLLBACK),
        ["negotiationneeded-only-when-stable"]
    );
}
