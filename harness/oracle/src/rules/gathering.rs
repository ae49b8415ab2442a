//! Gathering: `icecandidate` and `iceGatheringState`.
//!
//! The order of a gathering phase (webrtc-pc#rtcicetransport): `gathering`, the candidates, for each transport a
//! candidate with an empty string, then in one task `complete` and the null candidate.

use glare_peer::{Granularity, IceGatheringState};

use super::{Departure, Level, Rule, out_of_order};
use crate::trace::Interface;
use crate::view::{Entry, Task, View};

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            id: "null-candidate-only-when-complete",
            clause: "webrtc-pc#rtcpeerconnectioniceevent",
            level: Level::Must,
            statement: "The null candidate is fired only when iceGatheringState has become complete.",
            granularity: Granularity::Event,
            check: null_only_when_complete,
        },
        Rule {
            id: "one-null-candidate-a-gathering",
            clause: "webrtc-pc#dom-rtcpeerconnectioniceevent-candidate",
            level: Level::Must,
            statement: "Between two null candidates lies another gathering.",
            granularity: Granularity::Event,
            check: one_null_a_gathering,
        },
        Rule {
            id: "null-candidate-follows-complete",
            clause: "webrtc-pc#rtcicetransport",
            level: Level::Must,
            statement: "The task that makes iceGatheringState complete fires its event, then the null candidate.",
            granularity: Granularity::Step,
            check: null_follows_complete,
        },
        Rule {
            id: "gathering-events-in-order",
            clause: "webrtc-pc#rtcicetransport",
            level: Level::Must,
            statement: "A task fires gatheringstatechange, icegatheringstatechange, null candidate in this order.",
            granularity: Granularity::Step,
            check: gathering_events_in_order,
        },
        Rule {
            id: "end-of-candidates-before-complete",
            clause: "webrtc-pc#rtcicetransport",
            level: Level::Must,
            statement: "A candidate with an empty string ends the generation before gathering is complete.",
            granularity: Granularity::Event,
            check: end_before_complete,
        },
        Rule {
            id: "no-candidate-after-complete",
            clause: "webrtc-pc#rtcicegathererstate",
            level: Level::Must,
            statement: "While iceGatheringState is complete no candidate is fired.",
            granularity: Granularity::Event,
            check: no_candidate_after_complete,
        },
        Rule {
            id: "candidate-names-its-media",
            clause: "webrtc-pc#rtcpeerconnectioniceevent",
            level: Level::Must,
            statement: "A candidate in an event carries both sdpMid and sdpMLineIndex.",
            granularity: Granularity::Event,
            check: candidate_names_its_media,
        },
        Rule {
            id: "candidate-names-its-generation",
            clause: "RFC9429#section-4.1.20",
            level: Level::Must,
            statement: "A candidate in an event carries the username fragment of its generation.",
            granularity: Granularity::Event,
            check: candidate_names_its_generation,
        },
    ]
}

fn gathering(entry: &Entry<'_>) -> Option<IceGatheringState> {
    entry.state.ice_gathering_state
}

fn is_null(entry: &Entry<'_>) -> bool {
    entry.ice_candidate() == Some(None)
}

fn becomes_complete(entry: &Entry<'_>) -> bool {
    entry.is_event("icegatheringstatechange") && gathering(entry) == Some(IceGatheringState::Complete)
}

fn complete_somewhere(task: &Task<'_, '_>) -> bool {
    task.states()
        .any(|state| state.ice_gathering_state == Some(IceGatheringState::Complete))
}

fn null_only_when_complete(view: &View<'_>) -> Option<Departure> {
    view.tasks().iter().find_map(|task| {
        let entry = task.entries.iter().find(|entry| {
            is_null(entry) && gathering(entry).is_some_and(|state| state != IceGatheringState::Complete)
        })?;
        if !view.steps() && complete_somewhere(task) {
            return None;
        }
        Some(Departure::new(
            entry.record,
            "the null candidate when iceGatheringState is complete",
            format!("the null candidate in {}", gathering(entry)?),
        ))
    })
}

fn one_null_a_gathering(view: &View<'_>) -> Option<Departure> {
    let mut may_fire = true;
    let mut known = false;
    for entry in &view.entries {
        known |= gathering(entry).is_some();
        // What is read late shows `complete` at the event that told of `gathering`.
        let began = gathering(entry) == Some(IceGatheringState::Gathering)
            || (!view.steps() && entry.is_event("icegatheringstatechange"));
        if is_null(entry) {
            if known && !may_fire {
                return Some(Departure::new(
                    entry.record,
                    "one null candidate for each gathering",
                    "another null candidate without another gathering",
                ));
            }
            may_fire = false;
        } else if began {
            may_fire = true;
        }
    }
    None
}

fn null_follows_complete(view: &View<'_>) -> Option<Departure> {
    view.tasks().iter().find_map(|task| {
        task.after?;
        let at = task.entries.iter().position(becomes_complete)?;
        if task.entries[at..].iter().any(is_null) {
            return None;
        }
        Some(Departure::new(
            task.entries[at].record,
            "icegatheringstatechange to complete, then the null candidate in the same task",
            "the task ends without the null candidate after it",
        ))
    })
}

fn gathering_events_in_order(view: &View<'_>) -> Option<Departure> {
    out_of_order(view, |entry| {
        let fired = entry.fired()?;
        match (fired.interface, fired.event) {
            (Interface::IceTransport, "gatheringstatechange") => Some(0),
            (Interface::PeerConnection, "icegatheringstatechange") => Some(1),
            _ => is_null(entry).then_some(2),
        }
    })
}

fn end_before_complete(view: &View<'_>) -> Option<Departure> {
    let mut ended = false;
    for task in view.tasks() {
        let mut complete = None;
        for entry in task.entries {
            if becomes_complete(entry) {
                complete = complete.or(Some(entry.record));
                // Order within the task of a peer that is read late proves nothing: look at all of it first.
                if view.steps() && !ended {
                    break;
                }
            }
            match entry.ice_candidate() {
                Some(Some(candidate)) => ended |= candidate.is_end_of_candidates(),
                Some(None) => {}
                None if entry.is_event("icegatheringstatechange")
                    && gathering(entry) == Some(IceGatheringState::Gathering) =>
                {
                    ended = false;
                }
                None => {}
            }
        }
        if let Some(record) = complete {
            if !ended {
                return Some(Departure::new(
                    record,
                    "a candidate with an empty string before iceGatheringState becomes complete",
                    "complete without an end of candidates",
                ));
            }
            ended = false;
        }
    }
    None
}

/// `complete` means that every candidate has been surfaced and the end of them told.
fn no_candidate_after_complete(view: &View<'_>) -> Option<Departure> {
    view.tasks().iter().find_map(|task| {
        let entry = task.entries.iter().find(|entry| {
            matches!(entry.ice_candidate(), Some(Some(_)))
                && gathering(entry) == Some(IceGatheringState::Complete)
        })?;
        let all_along = task
            .states()
            .all(|state| state.ice_gathering_state == Some(IceGatheringState::Complete));
        if !view.steps() && (!all_along || task.has_event("icegatheringstatechange")) {
            return None;
        }
        Some(Departure::new(
            entry.record,
            "candidates only before iceGatheringState is complete",
            "a candidate in complete",
        ))
    })
}

/// RFC 9429 section 4.1.20 lets an end of candidates leave them out; that reading is accepted.
fn candidate_names_its_media(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        let candidate = entry.ice_candidate()??;
        if candidate.is_end_of_candidates() {
            return None;
        }
        let missing = match (&candidate.sdp_mid, candidate.sdp_m_line_index) {
            (Some(_), Some(_)) => return None,
            (None, Some(_)) => "sdpMid is null",
            (Some(_), None) => "sdpMLineIndex is null",
            (None, None) => "sdpMid and sdpMLineIndex are null",
        };
        Some(Departure::new(
            entry.record,
            "a candidate with sdpMid and sdpMLineIndex",
            missing,
        ))
    })
}

fn candidate_names_its_generation(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        let candidate = entry.ice_candidate()??;
        let named = candidate
            .username_fragment
            .as_ref()
            .is_some_and(|fragment| !fragment.is_empty());
        (!named).then(|| {
            let actual = match candidate.username_fragment {
                None => "usernameFragment is null",
                Some(_) => "usernameFragment is empty",
            };
            Departure::new(entry.record, "a candidate with usernameFragment", actual)
        })
    })
}
