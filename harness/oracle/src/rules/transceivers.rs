//! Transceivers, and the events that tell of tracks.

use std::collections::{BTreeMap, BTreeSet};

use glare_peer::{
    Granularity, Handle, Interface, MediaStreamTrackState, RtpTransceiverDirection, SdpType, SignalingState,
};

use super::{Departure, Level, Rule, out_of_order};
use crate::trace::{Completion, PeerSnapshot, TransceiverSnapshot, What};
use crate::view::{Entry, View};

fn rule(
    id: &'static str,
    clause: &'static str,
    statement: &'static str,
    granularity: Granularity,
    check: fn(&View<'_>) -> Option<Departure>,
) -> Rule {
    Rule {
        id,
        clause,
        level: Level::Must,
        statement,
        granularity,
        check,
    }
}

pub(super) fn rules() -> Vec<Rule> {
    let (step, event) = (Granularity::Step, Granularity::Event);
    vec![
        rule(
            "transceivers-are-not-removed",
            "webrtc-pc#set-description",
            "A transceiver leaves the set of transceivers only once it is stopped, which the answer that is applied may do, or when an \
             offer is rolled back.",
            event,
            not_removed,
        ),
        rule(
            "transceivers-keep-their-order",
            "webrtc-pc#dfn-collecttransceivers",
            "The set of transceivers keeps the order in which they were added.",
            event,
            keep_their_order,
        ),
        rule(
            "stopped-transceiver-stays-stopped",
            "webrtc-pc#dom-rtcrtptransceiver-stop",
            "A transceiver whose currentDirection is stopped never has another.",
            event,
            stays_stopped,
        ),
        rule(
            "mid-never-changes",
            "webrtc-pc#dom-rtptransceiver-mid",
            "The mid of a transceiver does not change once it is not null, but for a rollback that makes it null.",
            event,
            mid_never_changes,
        ),
        rule(
            "transceivers-have-mids-of-their-own",
            "RFC9429#section-5.2.1",
            "No two transceivers that are not stopped have the same mid.",
            event,
            mids_are_their_own,
        ),
        rule(
            "transceiver-keeps-its-sender-and-receiver",
            "webrtc-pc#dom-rtcrtptransceiver-sender",
            "The sender, the receiver and the receiver's track of a transceiver are always the same, and no other's.",
            event,
            keeps_sender_and_receiver,
        ),
        rule(
            "current-direction-needs-a-mid",
            "webrtc-pc#dom-rtcrtptransceiver-currentdirection",
            "The currentDirection of a transceiver that was never in an exchange of offer and answer is null.",
            event,
            current_direction_needs_a_mid,
        ),
        rule(
            "stopped-receiver-has-an-ended-track",
            "webrtc-pc#dom-rtcrtptransceiver-stop",
            "The receiver's track of a transceiver whose currentDirection is stopped has ended.",
            step,
            stopped_track_has_ended,
        ),
        rule(
            "lists-have-as-many-members-as-there-are-transceivers",
            "webrtc-pc#dfn-collectsenders",
            "getSenders() and getReceivers() return one for each transceiver that is not stopped, and getTransceivers() all.",
            event,
            lists_are_whole,
        ),
        rule(
            "track-names-its-transceiver",
            "webrtc-pc#event-track",
            "receiver and track of a track event are those of its transceiver.",
            event,
            track_names_its_transceiver,
        ),
        rule(
            "track-is-fired-once-for-a-transceiver",
            "webrtc-pc#process-remote-tracks",
            "In one task track is fired at most once for each transceiver.",
            event,
            track_once,
        ),
        rule(
            "events-of-a-description-in-order",
            "webrtc-pc#set-description",
            "In one task come signalingstatechange, mute, removetrack, addtrack and track, in this order.",
            step,
            events_in_order,
        ),
        rule(
            "track-before-fulfilment",
            "webrtc-pc#set-description",
            "A task that fires track does so before the promise of setRemoteDescription() fulfils.",
            step,
            track_before_fulfilment,
        ),
    ]
}

fn transceiver(state: &PeerSnapshot, handle: Handle) -> Option<&TransceiverSnapshot> {
    state
        .transceivers
        .iter()
        .find(|transceiver| transceiver.transceiver == handle)
}

fn is_stopped(transceiver: &TransceiverSnapshot) -> bool {
    transceiver.current_direction == Some(RtpTransceiverDirection::Stopped)
        || transceiver.direction == RtpTransceiverDirection::Stopped
}

/// Each two states in a row that both have transceivers, with the record of the second.
fn changes<'v>(view: &'v View<'_>) -> impl Iterator<Item = (u64, &'v PeerSnapshot, &'v PeerSnapshot)> {
    let pairs = view.entries.iter().zip(view.entries.iter().skip(1));
    pairs.map(|(before, after)| (after.record, before.state, after.state))
}

/// A snapshot has no transceivers where they cannot be read any more, as after a crash of the adapter: an empty list after one
/// that was not is judged only where something else was rolled back or closed.
fn not_removed(view: &View<'_>) -> Option<Departure> {
    if rolls_back(view) || view.closed_at().is_some() {
        return None;
    }
    changes(view).find_map(|(record, before, after)| {
        // An answer that rejects a media description stops its transceiver and takes it away in one task.
        if before.signaling_state != after.signaling_state
            && after.signaling_state == Some(SignalingState::Stable)
        {
            return None;
        }
        before
            .transceivers
            .iter()
            .find(|known| !is_stopped(known) && transceiver(after, known.transceiver).is_none())?;
        Some(Departure::new(
            record,
            "a transceiver that is not stopped to stay",
            "it is gone",
        ))
    })
}

/// Whether some offer was or may have been rolled back: by hand, or by a remote offer upon a local one.
fn rolls_back(view: &View<'_>) -> bool {
    view.calls().iter().any(|call| {
        let description = call.arguments.get("description").unwrap_or(call.arguments);
        let sdp_type = description.get("type").and_then(serde_json::Value::as_str);
        let setter = matches!(call.method, "setLocalDescription" | "setRemoteDescription");
        let implicit = call.method == "setRemoteDescription" && sdp_type == Some(SdpType::Offer.as_str());
        setter
            && (sdp_type == Some(SdpType::Rollback.as_str()) || implicit && offers_itself(view, call.called))
    })
}

/// Whether a local offer was pending when an entry came.
fn offers_itself(view: &View<'_>, index: usize) -> bool {
    view.entries
        .get(index)
        .and_then(|entry| entry.state.descriptions)
        .is_none_or(|descriptions| descriptions.pending_local.is_some())
}

fn keep_their_order(view: &View<'_>) -> Option<Departure> {
    changes(view).find_map(|(record, before, after)| {
        let places: BTreeMap<Handle, usize> = (0..)
            .zip(&before.transceivers)
            .map(|(place, transceiver)| (transceiver.transceiver, place))
            .collect();
        let kept: Vec<usize> = after
            .transceivers
            .iter()
            .filter_map(|transceiver| places.get(&transceiver.transceiver).copied())
            .collect();
        (!kept.is_sorted()).then(|| {
            Departure::new(
                record,
                "transceivers in the order they were added",
                "transceivers that changed places",
            )
        })
    })
}

fn stays_stopped(view: &View<'_>) -> Option<Departure> {
    let stopped = Some(RtpTransceiverDirection::Stopped);
    changes(view).find_map(|(record, before, after)| {
        let known = before
            .transceivers
            .iter()
            .filter(|known| known.current_direction == stopped)
            .filter_map(|known| transceiver(after, known.transceiver));
        let again = known
            .into_iter()
            .find(|known| known.current_direction != stopped)?;
        let found = again
            .current_direction
            .map_or("null", RtpTransceiverDirection::as_str);
        Some(Departure::new(record, "currentDirection stopped for good", found))
    })
}

fn mid_never_changes(view: &View<'_>) -> Option<Departure> {
    let may_be_null = rolls_back(view);
    changes(view).find_map(|(record, before, after)| {
        before.transceivers.iter().find_map(|old| {
            let mid = old.mid.as_ref()?;
            let new = transceiver(after, old.transceiver)?;
            // What is stopped and has left the set has no mid any more.
            if new.mid.as_ref() == Some(mid) || new.mid.is_none() && (may_be_null || is_stopped(new)) {
                return None;
            }
            let change = if new.mid.is_none() {
                "becomes null"
            } else {
                "changes"
            };
            Some(Departure::new(
                record,
                "the mid of a transceiver to stay",
                format!("it {change}"),
            ))
        })
    })
}

fn mids_are_their_own(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        let mut seen = BTreeSet::new();
        let alive = entry.state.transceivers.iter().filter(|known| !is_stopped(known));
        let twice = alive
            .filter_map(|known| known.mid.as_deref())
            .any(|mid| !seen.insert(mid));
        twice.then(|| {
            Departure::new(
                entry.record,
                "a mid of its own for each transceiver",
                "two with the same",
            )
        })
    })
}

fn keeps_sender_and_receiver(view: &View<'_>) -> Option<Departure> {
    let mut known: BTreeMap<Handle, (Handle, Handle, Handle)> = BTreeMap::new();
    view.entries.iter().find_map(|entry| {
        let mut senders = BTreeSet::new();
        entry.state.transceivers.iter().find_map(|transceiver| {
            let now = (
                transceiver.sender,
                transceiver.receiver,
                transceiver.receiver_track,
            );
            let before = *known.entry(transceiver.transceiver).or_insert(now);
            let own = senders.insert(transceiver.sender) && senders.insert(transceiver.receiver);
            (before != now || !own).then(|| {
                Departure::new(
                    entry.record,
                    "the sender, receiver and track that a transceiver was made with",
                    "others",
                )
            })
        })
    })
}

fn current_direction_needs_a_mid(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        let wrong =
            entry.state.transceivers.iter().find(|known| {
                known.mid.is_none() && known.current_direction.is_some() && !is_stopped(known)
            })?;
        let found = wrong
            .current_direction
            .map_or("null", RtpTransceiverDirection::as_str);
        Some(Departure::new(
            entry.record,
            "currentDirection null without a mid",
            found,
        ))
    })
}

/// Looked at when a task has ended: within one the track may end after its transceiver stops.
fn stopped_track_has_ended(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        if !matches!(entry.what, What::TaskEnd { .. }) {
            return None;
        }
        let mut stopped = entry.state.transceivers.iter();
        stopped.find(|known| {
            known.current_direction == Some(RtpTransceiverDirection::Stopped)
                && known.ready_state != MediaStreamTrackState::Ended
        })?;
        Some(Departure::new(
            entry.record,
            "the receiver's track of a stopped transceiver to have ended",
            "it is live",
        ))
    })
}

fn lists_are_whole(view: &View<'_>) -> Option<Departure> {
    view.calls().iter().find_map(|call| {
        let (came, Completion::Value(serde_json::Value::Array(found))) = call.came? else {
            return None;
        };
        let entry = view.entries.get(came)?;
        let all = &entry.state.transceivers;
        // Whoever has no attribute for transceivers is not judged.
        if call.object != Handle::CONNECTION || all.is_empty() {
            return None;
        }
        let alive = all.iter().filter(|known| !is_stopped(known)).count();
        // One that is stopping is in the lists still.
        let allowed = match call.method {
            "getSenders" | "getReceivers" => alive..=all.len(),
            "getTransceivers" => all.len()..=all.len(),
            _ => return None,
        };
        (!allowed.contains(&found.len())).then(|| {
            Departure::new(
                entry.record,
                format!("{} of as many as there are transceivers", call.method),
                "a list of another length",
            )
        })
    })
}

/// The handle in a member of an object, bare or as `{"object": 3}`.
fn handle(detail: &serde_json::Value, member: &str) -> Option<Handle> {
    let value = detail.get(member)?;
    let number = value.as_u64().or_else(|| value.get("object")?.as_u64())?;
    u32::try_from(number).ok().map(Handle)
}

fn track_names_its_transceiver(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        let fired = entry.fired().filter(|fired| fired.is_at_connection("track"))?;
        let known = transceiver(entry.state, handle(fired.detail, "transceiver")?)?;
        let (receiver, track) = (handle(fired.detail, "receiver"), handle(fired.detail, "track"));
        (receiver != Some(known.receiver) || track != Some(known.receiver_track)).then(|| {
            Departure::new(
                entry.record,
                "track with the receiver and the track of its transceiver",
                "track with others",
            )
        })
    })
}

fn track_once(view: &View<'_>) -> Option<Departure> {
    view.tasks().iter().find_map(|task| {
        let mut seen = BTreeSet::new();
        task.entries.iter().find_map(|entry| {
            let fired = entry.fired().filter(|fired| fired.is_at_connection("track"))?;
            let transceiver = handle(fired.detail, "transceiver")?;
            (!seen.insert(transceiver)).then(|| {
                Departure::new(
                    entry.record,
                    "track once for a transceiver",
                    "track again for the same one",
                )
            })
        })
    })
}

fn events_in_order(view: &View<'_>) -> Option<Departure> {
    out_of_order(view, place)
}

fn place(entry: &Entry<'_>) -> Option<u8> {
    let fired = entry.fired()?;
    Some(match (fired.interface, fired.event) {
        (Interface::PeerConnection, "signalingstatechange") => 0,
        (Interface::MediaStreamTrack, "mute") => 1,
        (Interface::MediaStream, "removetrack") => 2,
        (Interface::MediaStream, "addtrack") => 3,
        (Interface::PeerConnection, "track") => 4,
        _ => return None,
    })
}

fn track_before_fulfilment(view: &View<'_>) -> Option<Departure> {
    let setters: BTreeSet<_> = view
        .calls()
        .iter()
        .filter(|call| call.method == "setRemoteDescription")
        .map(|call| call.operation)
        .collect();
    view.tasks().iter().find_map(|task| {
        let mut fulfilled = false;
        task.entries.iter().find_map(|entry| match entry.what {
            What::Settled {
                operation,
                how: Completion::Value(_),
                ..
            } => {
                fulfilled |= setters.contains(operation);
                None
            }
            _ if fulfilled && entry.is_event("track") => Some(Departure::new(
                entry.record,
                "track, then setRemoteDescription fulfils",
                "setRemoteDescription fulfils, then track",
            )),
            _ => None,
        })
    })
}
