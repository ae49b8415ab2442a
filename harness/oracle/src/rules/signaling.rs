//! Descriptions, and when negotiation is asked for.

use std::collections::BTreeMap;

use glare_peer::{Granularity, SdpType, SignalingState};

use super::{Departure, Level, Rule};
use crate::trace::{Completion, Descriptions, What};
use crate::view::{Call, View};

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            id: "pending-descriptions-match-signaling-state",
            clause: "webrtc-pc#set-description",
            level: Level::Must,
            statement: "The pending descriptions are those that signalingState demands; in stable there are none.",
            granularity: Granularity::Event,
            check: pending_descriptions,
        },
        Rule {
            id: "current-descriptions-are-a-pair",
            clause: "webrtc-pc#set-description",
            level: Level::Must,
            statement: "The current descriptions are both null, or one is an offer and the other its answer.",
            granularity: Granularity::Event,
            check: current_descriptions,
        },
        Rule {
            id: "description-is-applied-when-it-fulfils",
            clause: "webrtc-pc#set-description",
            level: Level::Must,
            statement: "When the promise of setting a description fulfils, signalingState is the one it leads to.",
            granularity: Granularity::Step,
            check: applied_when_fulfilled,
        },
        Rule {
            id: "signalingstatechange-before-fulfilment",
            clause: "webrtc-pc#set-description",
            level: Level::Must,
            statement: "A task that applies a description fires signalingstatechange before it fulfils the promise.",
            granularity: Granularity::Step,
            check: event_before_fulfilment,
        },
        Rule {
            id: "negotiationneeded-only-when-stable",
            clause: "webrtc-pc#updating-the-negotiation-needed-flag",
            level: Level::Must,
            statement: "negotiationneeded is fired only when signalingState is stable.",
            granularity: Granularity::Event,
            check: negotiationneeded_when_stable,
        },
        Rule {
            id: "negotiationneeded-only-when-chain-is-empty",
            clause: "webrtc-pc#updating-the-negotiation-needed-flag",
            level: Level::Must,
            statement: "negotiationneeded is fired only when no operation is on the operations chain.",
            granularity: Granularity::Step,
            check: negotiationneeded_when_idle,
        },
        Rule {
            id: "negotiationneeded-is-not-repeated",
            clause: "webrtc-pc#dfn-update-the-negotiation-needed-flag",
            level: Level::Must,
            statement: "negotiationneeded is not fired again before something was called or a description was set.",
            granularity: Granularity::Event,
            check: negotiationneeded_not_repeated,
        },
    ]
}

/// All five variables change at one point in time (webrtc-pc#operation), so this holds whenever somebody looks.
fn pending_descriptions(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        let signaling = entry.state.signaling_state?;
        let descriptions = entry.state.descriptions?;
        let (local, remote) = match signaling {
            SignalingState::Stable => (None, None),
            SignalingState::HaveLocalOffer => (Some(SdpType::Offer), None),
            SignalingState::HaveRemoteOffer => (None, Some(SdpType::Offer)),
            SignalingState::HaveLocalPranswer => (Some(SdpType::Pranswer), Some(SdpType::Offer)),
            SignalingState::HaveRemotePranswer => (Some(SdpType::Offer), Some(SdpType::Pranswer)),
            SignalingState::Closed => return None,
        };
        let Descriptions {
            pending_local,
            pending_remote,
            ..
        } = descriptions;
        ((pending_local, pending_remote) != (local, remote)).then(|| {
            Departure::new(
                entry.record,
                format!("in {signaling}: {}", pair("pending", local, remote)),
                pair("pending", pending_local, pending_remote),
            )
        })
    })
}

fn current_descriptions(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        let Descriptions {
            current_local,
            current_remote,
            ..
        } = entry.state.descriptions?;
        let paired = matches!(
            (current_local, current_remote),
            (None, None)
                | (Some(SdpType::Offer), Some(SdpType::Answer))
                | (Some(SdpType::Answer), Some(SdpType::Offer))
        );
        (!paired).then(|| {
            Departure::new(
                entry.record,
                "current descriptions both null, or an offer and an answer",
                pair("current", current_local, current_remote),
            )
        })
    })
}

/// The promise fulfils in the task that applies the description, and the next operation applies in a later one.
fn applied_when_fulfilled(view: &View<'_>) -> Option<Departure> {
    view.calls()
        .iter()
        .filter_map(|call| departure_of_fulfilled(view, call))
        .min_by_key(|found| found.record)
}

fn departure_of_fulfilled(view: &View<'_>, call: &Call<'_>) -> Option<Departure> {
    let (index, Completion::Value(_)) = call.settled? else {
        return None;
    };
    let local = match call.method {
        "setLocalDescription" => true,
        "setRemoteDescription" => false,
        _ => return None,
    };
    let sdp_type = description_type(call.arguments)?;
    let leads_to = match (sdp_type, local) {
        (SdpType::Offer, true) => SignalingState::HaveLocalOffer,
        (SdpType::Offer, false) => SignalingState::HaveRemoteOffer,
        (SdpType::Pranswer, true) => SignalingState::HaveLocalPranswer,
        (SdpType::Pranswer, false) => SignalingState::HaveRemotePranswer,
        (SdpType::Answer | SdpType::Rollback, _) => SignalingState::Stable,
    };
    let entry = view.entries.get(index)?;
    let found = entry.state.signaling_state?;
    // A listener of the same task may have closed the connection.
    (found != leads_to && found != SignalingState::Closed).then(|| {
        Departure::new(
            entry.record,
            format!("{leads_to} when {}({sdp_type}) fulfils", call.method),
            format!("signalingState is {found}"),
        )
    })
}

/// A task applies one description: what fulfils before the event in it is the promise of that one.
fn event_before_fulfilment(view: &View<'_>) -> Option<Departure> {
    let setters: BTreeMap<_, _> = view
        .calls()
        .iter()
        .filter(|call| matches!(call.method, "setLocalDescription" | "setRemoteDescription"))
        .map(|call| (call.operation, call.method))
        .collect();
    view.tasks().iter().find_map(|task| {
        let event = task
            .entries
            .iter()
            .position(|entry| entry.is_event("signalingstatechange"))?;
        task.entries[..event].iter().find_map(|entry| match entry.what {
            What::Settled {
                operation,
                how: Completion::Value(_),
                ..
            } => {
                let method = setters.get(operation)?;
                Some(Departure::new(
                    entry.record,
                    format!("signalingstatechange, then {method} fulfils"),
                    format!("{method} fulfils, then signalingstatechange"),
                ))
            }
            _ => None,
        })
    })
}

/// The type in the arguments of a call that sets a description: the description itself, or its member `description`.
/// None where it was left out.
fn description_type(arguments: &serde_json::Value) -> Option<SdpType> {
    let description = arguments.get("description").unwrap_or(arguments);
    description.get("type")?.as_str()?.parse().ok()
}

fn negotiationneeded_when_stable(view: &View<'_>) -> Option<Departure> {
    view.tasks().iter().find_map(|task| {
        let entry = task
            .entries
            .iter()
            .find(|entry| entry.is_event("negotiationneeded"))?;
        let found = entry.state.signaling_state?;
        // A peer that is read late had to be in another state all along.
        let stable_somewhere = || {
            task.states()
                .any(|state| state.signaling_state == Some(SignalingState::Stable))
        };
        if found == SignalingState::Stable || (!view.steps() && stable_somewhere()) {
            return None;
        }
        Some(Departure::new(
            entry.record,
            "negotiationneeded only in stable",
            format!("negotiationneeded in {found}"),
        ))
    })
}

fn negotiationneeded_when_idle(view: &View<'_>) -> Option<Departure> {
    let calls = view.calls();
    view.entries.iter().enumerate().find_map(|(index, entry)| {
        if !entry.is_event("negotiationneeded") {
            return None;
        }
        let pending = calls.iter().find(|call| {
            call.is_on_chain()
                && call
                    .came
                    .is_some_and(|(came, how)| came < index && *how == Completion::Promise)
                && call.settled.is_none_or(|(settled, _)| settled > index)
        })?;
        Some(Departure::new(
            entry.record,
            "negotiationneeded only when the operations chain is empty",
            format!("negotiationneeded while {} is pending", pending.method),
        ))
    })
}

/// The flag that the event tells of stays set until a description is set, or what it was for is taken back by a call.
fn negotiationneeded_not_repeated(view: &View<'_>) -> Option<Departure> {
    let mut needed = false;
    view.entries.iter().find_map(|entry| {
        match entry.what {
            What::Called { .. } | What::Settled { .. } => needed = false,
            // A description is applied in a task that its promise settles in, after the event.
            _ if entry.is_event("signalingstatechange") => needed = false,
            _ => {}
        }
        let again = entry.is_event("negotiationneeded") && std::mem::replace(&mut needed, true);
        again.then(|| {
            Departure::new(
                entry.record,
                "negotiationneeded once for what has changed",
                "negotiationneeded again",
            )
        })
    })
}

fn pair(which: &str, local: Option<SdpType>, remote: Option<SdpType>) -> String {
    let name = |sdp_type: Option<SdpType>| sdp_type.map_or("null", SdpType::as_str);
    format!("{which} local {}, {which} remote {}", name(local), name(remote))
}
