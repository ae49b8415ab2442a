//! The four state attributes of a connection and the events that tell of them.

use glare_peer::{
    Granularity, IceConnectionState, IceGatheringState, PeerConnectionState, SignalingState as Signaling,
};

use super::{Departure, Level, Rule};
use crate::trace::{PeerSnapshot, What};
use crate::view::{Task, View};

/// A state attribute and its event.
struct StateAttribute {
    name: &'static str,
    event: &'static str,
    read: fn(&PeerSnapshot) -> Option<&'static str>,
}

const ATTRIBUTES: [StateAttribute; 4] = [
    StateAttribute {
        name: "signalingState",
        event: "signalingstatechange",
        read: |state| state.signaling_state.map(Signaling::as_str),
    },
    StateAttribute {
        name: "iceGatheringState",
        event: "icegatheringstatechange",
        read: |state| state.ice_gathering_state.map(IceGatheringState::as_str),
    },
    StateAttribute {
        name: "iceConnectionState",
        event: "iceconnectionstatechange",
        read: |state| state.ice_connection_state.map(IceConnectionState::as_str),
    },
    StateAttribute {
        name: "connectionState",
        event: "connectionstatechange",
        read: |state| state.connection_state.map(PeerConnectionState::as_str),
    },
];

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            id: "initial-states",
            clause: "webrtc-pc#constructor",
            level: Level::Must,
            statement: "A new connection is stable, new in its three other states, and has no descriptions.",
            granularity: Granularity::Event,
            check: initial_states,
        },
        Rule {
            id: "state-event-tells-of-a-change",
            clause: "webrtc-pc#event-summary",
            level: Level::Must,
            statement: "The event of a state attribute is fired only when the attribute has changed.",
            granularity: Granularity::Event,
            check: event_tells_of_a_change,
        },
        Rule {
            id: "state-change-has-its-event",
            clause: "webrtc-pc#event-summary",
            level: Level::Must,
            statement: "A state attribute changes only in a task that fires its event, except that close() fires none.",
            granularity: Granularity::Step,
            check: change_has_its_event,
        },
        Rule {
            id: "signaling-state-edges",
            clause: "RFC9429#section-3.2",
            level: Level::Must,
            statement: "signalingState moves only along the edges of the offer/answer state machine and of rollback.",
            granularity: Granularity::Event,
            check: signaling_state_edges,
        },
    ]
}

/// Whether an event may take the signaling state from one to the other: the figure of RFC 9429 section 3.2, and rollback
/// (section 5.7) of whatever is pending. An implicit rollback is a task of its own and passes through `stable`.
fn is_edge(from: Signaling, to: Signaling) -> bool {
    match from {
        Signaling::Stable => matches!(to, Signaling::HaveLocalOffer | Signaling::HaveRemoteOffer),
        Signaling::HaveLocalOffer => matches!(to, Signaling::Stable | Signaling::HaveRemotePranswer),
        Signaling::HaveRemoteOffer => matches!(to, Signaling::Stable | Signaling::HaveLocalPranswer),
        Signaling::HaveLocalPranswer | Signaling::HaveRemotePranswer => to == Signaling::Stable,
        Signaling::Closed => false,
    }
}

fn initial_states(view: &View<'_>) -> Option<Departure> {
    let entry = view
        .entries
        .first()
        .filter(|entry| matches!(entry.what, What::Created { .. }))?;
    for attribute in &ATTRIBUTES {
        let wanted = if attribute.name == "signalingState" {
            "stable"
        } else {
            "new"
        };
        if let Some(found) = (attribute.read)(entry.state)
            && found != wanted
        {
            return Some(Departure::new(
                entry.record,
                format!("{} is {wanted} after construction", attribute.name),
                format!("{} is {found}", attribute.name),
            ));
        }
    }
    let descriptions = entry
        .state
        .descriptions
        .filter(|descriptions| *descriptions != Default::default());
    descriptions.map(|_| {
        Departure::new(
            entry.record,
            "all four descriptions are null after construction",
            "a description is set",
        )
    })
}

fn event_tells_of_a_change(view: &View<'_>) -> Option<Departure> {
    view.tasks().iter().find_map(|task| {
        ATTRIBUTES
            .iter()
            .filter_map(|attribute| event_without_change(view, task, attribute))
            .min_by_key(|departure| departure.record)
    })
}

/// A peer that is stopped only at whole events may be read late: two events of one task that show the same state prove
/// nothing there, a single one does.
fn event_without_change(
    view: &View<'_>,
    task: &Task<'_, '_>,
    attribute: &StateAttribute,
) -> Option<Departure> {
    let events: Vec<_> = task
        .entries
        .iter()
        .filter(|entry| entry.is_event(attribute.event))
        .collect();
    if !view.steps() && (events.len() != 1 || task.after.is_none()) {
        return None;
    }
    let mut previous = (attribute.read)(task.before?)?;
    for entry in events {
        let state = (attribute.read)(entry.state)?;
        if state == previous {
            return Some(Departure::new(
                entry.record,
                format!(
                    "{} only when {} is no longer {previous}",
                    attribute.event, attribute.name
                ),
                format!("{} with {} still {state}", attribute.event, attribute.name),
            ));
        }
        previous = state;
    }
    None
}

fn change_has_its_event(view: &View<'_>) -> Option<Departure> {
    view.tasks().iter().find_map(|task| {
        ATTRIBUTES
            .iter()
            .filter_map(|attribute| change_without_event(task, attribute))
            .min_by_key(|departure| departure.record)
    })
}

/// `closed` comes from `close()`, which fires nothing.
fn change_without_event(task: &Task<'_, '_>, attribute: &StateAttribute) -> Option<Departure> {
    let before = (attribute.read)(task.before?)?;
    let after = (attribute.read)(task.after?)?;
    if before == after || before == "closed" || after == "closed" || task.has_event(attribute.event) {
        return None;
    }
    let entry = task
        .entries
        .iter()
        .find(|entry| (attribute.read)(entry.state) == Some(after))?;
    Some(Departure::new(
        entry.record,
        format!("{} with the change of {}", attribute.event, attribute.name),
        format!(
            "{} went from {before} to {after} without an event",
            attribute.name
        ),
    ))
}

fn signaling_state_edges(view: &View<'_>) -> Option<Departure> {
    if view.steps() {
        return view.entries.windows(2).find_map(|pair| {
            forbidden_edge(pair[0].state, pair[1].state)
                .map(|(from, to)| edge_departure(pair[1].record, from, to))
        });
    }
    // Changes of one task may have run together before anybody looked: only a single event is a single edge.
    view.tasks().iter().find_map(|task| {
        let events: Vec<_> = task
            .entries
            .iter()
            .filter(|entry| entry.is_event("signalingstatechange"))
            .collect();
        let [entry] = events[..] else { return None };
        let (from, to) = forbidden_edge(task.before?, task.after?)?;
        Some(edge_departure(entry.record, from, to))
    })
}

/// The change between two moments, if it is one that no description makes. `close()` may come at any time.
fn forbidden_edge(before: &PeerSnapshot, after: &PeerSnapshot) -> Option<(Signaling, Signaling)> {
    let (from, to) = (before.signaling_state?, after.signaling_state?);
    let closing = from == Signaling::Closed || to == Signaling::Closed;
    (from != to && !closing && !is_edge(from, to)).then_some((from, to))
}

fn edge_departure(record: u64, from: Signaling, to: Signaling) -> Departure {
    let allowed: Vec<_> = Signaling::ALL
        .iter()
        .filter(|to| is_edge(from, **to))
        .map(|to| to.as_str())
        .collect();
    Departure::new(
        record,
        format!("from {from} to {}", allowed.join(" or ")),
        format!("from {from} to {to}"),
    )
}
