//! The events of the connection.

use glare_peer::{EventKind, Interface};

use super::{event, event_if, extra};
use crate::Sabotage;
use crate::fault::{EventFault, Which};

const fn at(event: &'static str) -> (Interface, &'static str) {
    (Interface::PeerConnection, event)
}

/// Whether an `icecandidate` event carries a candidate with an address.
fn given(event: &EventKind) -> bool {
    matches!(event, EventKind::IceCandidate { candidate: Some(candidate) } if !candidate.is_end_of_candidates())
}

/// Whether it ends a generation.
fn end(event: &EventKind) -> bool {
    matches!(event, EventKind::IceCandidate { candidate: Some(candidate) } if candidate.is_end_of_candidates())
}

/// Whether it is null.
fn null(event: &EventKind) -> bool {
    matches!(event, EventKind::IceCandidate { candidate: None })
}

fn candidate(
    name: &'static str,
    clause: &'static str,
    what: &'static str,
    which: Which,
    carrying: fn(&EventKind) -> bool,
    how: EventFault,
) -> Sabotage {
    event_if(name, at("icecandidate"), clause, what, which, carrying, how)
}

pub(super) fn sabotages() -> Vec<Sabotage> {
    let mut all = of_states();
    all.extend(of_candidates());
    all.extend(of_negotiation());
    all
}

fn of_states() -> Vec<Sabotage> {
    vec![
        event(
            "signalingstatechange-is-not-fired",
            at("signalingstatechange"),
            "webrtc-pc#set-description",
            "signalingstatechange is never fired.",
            EventFault::Drop,
        ),
        event(
            "signalingstatechange-is-fired-twice",
            at("signalingstatechange"),
            "webrtc-pc#event-signalingstatechange",
            "signalingstatechange is fired twice in a row.",
            EventFault::Twice,
        ),
        event(
            "signalingstatechange-comes-a-task-late",
            at("signalingstatechange"),
            "webrtc-pc#set-description",
            "signalingstatechange is fired in a task of its own, after the promise has fulfilled.",
            EventFault::TaskLate,
        ),
        event(
            "signalingstatechange-follows-fulfilment",
            at("signalingstatechange"),
            "webrtc-pc#set-description",
            "signalingstatechange is fired in the same task, but after the promise has fulfilled.",
            EventFault::SettleLate,
        ),
        event_if(
            "signalingstatechange-is-not-fired-the-second-time",
            at("signalingstatechange"),
            "webrtc-pc#set-description",
            "The second signalingstatechange is not fired.",
            Which::Nth(2),
            |_| true,
            EventFault::Drop,
        ),
        extra(
            "signalingstatechange-is-fired-for-nothing",
            at("signalingstatechange"),
            "webrtc-pc#event-signalingstatechange",
            "signalingstatechange is fired when gathering begins.",
            ("icegatheringstatechange", Which::Nth(1)),
            || EventKind::SignalingStateChange,
        ),
        event(
            "icegatheringstatechange-is-not-fired",
            at("icegatheringstatechange"),
            "webrtc-pc#event-icegatheringstatechange",
            "icegatheringstatechange is never fired.",
            EventFault::Drop,
        ),
        event(
            "icegatheringstatechange-is-fired-twice",
            at("icegatheringstatechange"),
            "webrtc-pc#event-icegatheringstatechange",
            "icegatheringstatechange is fired twice in a row.",
            EventFault::Twice,
        ),
        event_if(
            "icegatheringstatechange-follows-null-candidate",
            at("icegatheringstatechange"),
            "webrtc-pc#rtcicetransport",
            "The change to complete is told of after the null candidate.",
            Which::Nth(2),
            |_| true,
            EventFault::EventLate,
        ),
        event(
            "iceconnectionstatechange-is-not-fired",
            at("iceconnectionstatechange"),
            "webrtc-pc#event-iceconnectionstatechange",
            "iceconnectionstatechange is never fired.",
            EventFault::Drop,
        ),
        event(
            "iceconnectionstatechange-is-fired-twice",
            at("iceconnectionstatechange"),
            "webrtc-pc#event-iceconnectionstatechange",
            "iceconnectionstatechange is fired twice in a row.",
            EventFault::Twice,
        ),
        event(
            "iceconnectionstatechange-comes-a-task-late",
            at("iceconnectionstatechange"),
            "webrtc-pc#rtcicetransport",
            "iceconnectionstatechange is fired in a task of its own.",
            EventFault::TaskLate,
        ),
        event(
            "iceconnectionstatechange-follows-connectionstatechange",
            at("iceconnectionstatechange"),
            "webrtc-pc#rtcicetransport",
            "iceconnectionstatechange is fired after the event that should follow it.",
            EventFault::EventLate,
        ),
        event(
            "connectionstatechange-is-not-fired",
            at("connectionstatechange"),
            "webrtc-pc#update-the-connection-state",
            "connectionstatechange is never fired.",
            EventFault::Drop,
        ),
        event(
            "connectionstatechange-is-fired-twice",
            at("connectionstatechange"),
            "webrtc-pc#update-the-connection-state",
            "connectionstatechange is fired twice in a row.",
            EventFault::Twice,
        ),
        event_if(
            "connectionstatechange-is-not-fired-when-connected",
            at("connectionstatechange"),
            "webrtc-pc#update-the-connection-state",
            "The second connectionstatechange is not fired.",
            Which::Nth(2),
            |_| true,
            EventFault::Drop,
        ),
    ]
}

fn of_candidates() -> Vec<Sabotage> {
    vec![
        candidate(
            "no-candidate-is-surfaced",
            "webrtc-pc#dfn-surface-the-candidate",
            "No icecandidate with a candidate is fired.",
            Which::Every,
            given,
            EventFault::Drop,
        ),
        candidate(
            "first-candidate-is-surfaced-twice",
            "webrtc-pc#dfn-surface-the-candidate",
            "The first candidate is surfaced a second time.",
            Which::Nth(1),
            given,
            EventFault::Twice,
        ),
        candidate(
            "end-of-candidates-is-not-surfaced",
            "webrtc-pc#rtcicetransport",
            "No icecandidate with an empty candidate is fired.",
            Which::Every,
            end,
            EventFault::Drop,
        ),
        candidate(
            "end-of-candidates-is-surfaced-twice",
            "webrtc-pc#rtcicetransport",
            "The empty candidate is surfaced twice.",
            Which::Every,
            end,
            EventFault::Twice,
        ),
        candidate(
            "end-of-candidates-comes-a-task-late",
            "webrtc-pc#rtcicetransport",
            "The empty candidate is surfaced in a task after its own.",
            Which::Every,
            end,
            EventFault::TaskLate,
        ),
        candidate(
            "null-candidate-is-not-fired",
            "webrtc-pc#rtcicetransport",
            "No icecandidate with null is fired.",
            Which::Every,
            null,
            EventFault::Drop,
        ),
        candidate(
            "null-candidate-is-fired-twice",
            "webrtc-pc#rtcicetransport",
            "icecandidate with null is fired twice.",
            Which::Every,
            null,
            EventFault::Twice,
        ),
        candidate(
            "null-candidate-comes-a-task-late",
            "webrtc-pc#rtcicetransport",
            "icecandidate with null is fired in a task after its own.",
            Which::Every,
            null,
            EventFault::TaskLate,
        ),
        extra(
            "null-candidate-comes-first",
            at("icecandidate"),
            "webrtc-pc#rtcicetransport",
            "icecandidate with null is fired when gathering begins too.",
            ("icegatheringstatechange", Which::Nth(1)),
            || EventKind::IceCandidate { candidate: None },
        ),
        event(
            "icecandidateerror-is-not-fired",
            at("icecandidateerror"),
            "webrtc-pc#event-icecandidateerror",
            "icecandidateerror is never fired.",
            EventFault::Drop,
        ),
        event(
            "icecandidateerror-has-no-url",
            at("icecandidateerror"),
            "webrtc-pc#dom-rtcpeerconnectioniceerrorevent-url",
            "The url of icecandidateerror is empty.",
            EventFault::Alter(|event| {
                if let EventKind::IceCandidateError { url, .. } = &mut event.kind {
                    url.clear();
                }
            }),
        ),
        event(
            "icecandidateerror-has-another-code",
            at("icecandidateerror"),
            "webrtc-pc#dom-rtcpeerconnectioniceerrorevent-errorcode",
            "The errorCode of icecandidateerror is 0.",
            EventFault::Alter(|event| {
                if let EventKind::IceCandidateError { error_code, .. } = &mut event.kind {
                    *error_code = 0;
                }
            }),
        ),
    ]
}

fn of_negotiation() -> Vec<Sabotage> {
    vec![
        event(
            "negotiationneeded-is-not-fired",
            at("negotiationneeded"),
            "webrtc-pc#dfn-update-the-negotiation-needed-flag",
            "negotiationneeded is never fired.",
            EventFault::Drop,
        ),
        event(
            "negotiationneeded-is-fired-twice",
            at("negotiationneeded"),
            "webrtc-pc#dfn-update-the-negotiation-needed-flag",
            "negotiationneeded is fired twice in a row.",
            EventFault::Twice,
        ),
        extra(
            "negotiationneeded-is-fired-while-offering",
            at("negotiationneeded"),
            "webrtc-pc#dfn-update-the-negotiation-needed-flag",
            "negotiationneeded is fired after the first signalingstatechange, while an offer is under way.",
            ("signalingstatechange", Which::Nth(1)),
            || EventKind::NegotiationNeeded,
        ),
        extra(
            "negotiationneeded-is-fired-for-nothing",
            at("negotiationneeded"),
            "webrtc-pc#dfn-check-if-negotiation-is-needed",
            "negotiationneeded is fired when the connection has connected.",
            ("connectionstatechange", Which::Nth(2)),
            || EventKind::NegotiationNeeded,
        ),
        event(
            "datachannel-is-not-fired",
            at("datachannel"),
            "webrtc-pc#announcing-a-data-channel-instance",
            "datachannel is never fired.",
            EventFault::Drop,
        ),
        event(
            "datachannel-is-fired-twice",
            at("datachannel"),
            "webrtc-pc#announcing-a-data-channel-instance",
            "datachannel is fired twice for one channel.",
            EventFault::Twice,
        ),
        event(
            "datachannel-comes-a-task-late",
            at("datachannel"),
            "webrtc-pc#announcing-a-data-channel-instance",
            "datachannel is fired in a task after that which opens the channel.",
            EventFault::TaskLate,
        ),
    ]
}
