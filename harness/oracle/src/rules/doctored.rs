//! The registry of doctored traces: for every rule one that departs from it, and one like it that does not.

use glare_peer::{
    DtlsTransportState as Dtls, ExceptionName, Handle, IceConnectionState, IceGatheringState,
    IceTransportState as Ice, PeerConnectionState as Connection, SdpType, SignalingState,
};
use serde_json::json;

use super::doctored_media::{
    announcing_cases, candidate_cases, description_cases, statistics_cases, transceiver_cases,
};
use super::*;
use crate::testing::{Tape, exception, host_candidate, undefined};
use crate::trace::{Completion, Interface};

/// A trace that departs from a rule, and one like it that does not.
pub(super) struct Doctored {
    pub rule: &'static str,
    pub good: fn(&mut Tape),
    /// Marks the record that departs.
    pub bad: fn(&mut Tape),
}

pub(super) fn doctored(rule: &'static str, good: fn(&mut Tape), bad: fn(&mut Tape)) -> Doctored {
    Doctored { rule, good, bad }
}

/// All of them.
pub(super) fn registry() -> Vec<Doctored> {
    [
        state_cases(),
        operation_cases(),
        gathering_cases(),
        transport_cases(),
        channel_cases(),
        closing_cases(),
        description_cases(),
        candidate_cases(),
        transceiver_cases(),
        announcing_cases(),
        statistics_cases(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn state_cases() -> Vec<Doctored> {
    vec![
        doctored(
            "initial-states",
            |_| {},
            |tape| {
                tape.trace.clear();
                tape.state.connection_state = Some(Connection::Connecting);
                tape.mark();
                recreate(tape);
            },
        ),
        doctored("state-event-tells-of-a-change", Tape::gathering, |tape| {
            tape.gathering();
            tape.mark();
            tape.gathering();
        }),
        doctored("state-change-has-its-event", Tape::remote_offer, |tape| {
            let operation = tape.promise("setRemoteDescription", json!({ "type": "offer", "sdp": "" }));
            tape.state.signaling_state = Some(SignalingState::HaveRemoteOffer);
            tape.descriptions().pending_remote = Some(SdpType::Offer);
            tape.mark();
            tape.fulfilled(operation);
            tape.end();
        }),
        doctored("signaling-state-edges", implicit_rollback, |tape| {
            tape.local_offer();
            let operation = tape.promise("setRemoteDescription", json!({ "type": "offer", "sdp": "" }));
            tape.state.signaling_state = Some(SignalingState::HaveRemoteOffer);
            tape.descriptions().pending_local = None;
            tape.descriptions().pending_remote = Some(SdpType::Offer);
            tape.mark();
            tape.fired("signalingstatechange");
            tape.fulfilled(operation);
            tape.end();
        }),
        doctored("pending-descriptions-match-signaling-state", pranswers, |tape| {
            tape.remote_offer();
            tape.local_pranswer();
            tape.descriptions().pending_remote = None;
            tape.mark();
            tape.end();
        }),
        doctored("current-descriptions-are-a-pair", pranswers, |tape| {
            tape.local_offer();
            tape.mark_signaling_event();
            tape.sets(
                "setRemoteDescription",
                SdpType::Answer,
                SignalingState::Stable,
                |descriptions| {
                    descriptions.pending_local = None;
                    descriptions.current_remote = Some(SdpType::Answer);
                },
            );
        }),
        doctored(
            "description-is-applied-when-it-fulfils",
            Tape::local_offer,
            |tape| {
                let operation = tape.promise("setLocalDescription", json!({ "type": "offer", "sdp": "" }));
                tape.mark();
                tape.fulfilled(operation);
                tape.end();
            },
        ),
        doctored(
            "signalingstatechange-before-fulfilment",
            Tape::local_offer,
            |tape| {
                let operation = tape.promise("setLocalDescription", json!({ "type": "offer", "sdp": "" }));
                tape.state.signaling_state = Some(SignalingState::HaveLocalOffer);
                tape.descriptions().pending_local = Some(SdpType::Offer);
                tape.mark();
                tape.fulfilled(operation);
                tape.fired("signalingstatechange");
                tape.end();
            },
        ),
        doctored("negotiationneeded-only-when-stable", negotiation_needed, |tape| {
            tape.local_offer();
            tape.mark();
            negotiation_needed(tape);
        }),
        doctored(
            "negotiationneeded-only-when-chain-is-empty",
            negotiation_needed,
            |tape| {
                tape.promise("createOffer", json!({}));
                tape.mark();
                negotiation_needed(tape);
            },
        ),
    ]
}

fn operation_cases() -> Vec<Doctored> {
    vec![
        doctored(
            "promise-settles-once-and-after-its-call",
            Tape::local_offer,
            |tape| {
                let operation = tape.promise("createOffer", json!({}));
                tape.fulfilled(operation);
                tape.mark();
                tape.fulfilled(operation);
            },
        ),
        doctored(
            "operations-settle-in-call-order",
            |tape| {
                let first = tape.promise("createOffer", json!({}));
                let second = tape.promise("createAnswer", json!({}));
                // It is refused before it reaches the chain.
                let third = tape.promise("addIceCandidate", json!({ "candidate": "candidate:1" }));
                tape.rejected(third, ExceptionName::TypeError);
                tape.fulfilled(first);
                tape.rejected(second, ExceptionName::InvalidStateError);
            },
            |tape| {
                let first = tape.promise("createOffer", json!({}));
                let second = tape.promise("createAnswer", json!({}));
                tape.mark();
                tape.rejected(second, ExceptionName::InvalidStateError);
                tape.fulfilled(first);
            },
        ),
        doctored(
            "exceptions-are-those-of-the-algorithm",
            |tape| {
                let operation = tape.promise("createAnswer", json!({}));
                tape.rejected(operation, ExceptionName::InvalidStateError);
            },
            |tape| {
                let operation = tape.promise("createAnswer", json!({}));
                tape.mark();
                tape.rejected(operation, ExceptionName::NotSupportedError);
            },
        ),
    ]
}

fn gathering_cases() -> Vec<Doctored> {
    vec![
        doctored("null-candidate-only-when-complete", Tape::gathers, |tape| {
            tape.gathering();
            tape.end_of_candidates();
            tape.mark();
            tape.fired_with("icecandidate", serde_json::Value::Null);
            tape.end();
        }),
        doctored("one-null-candidate-a-gathering", gathers_twice, |tape| {
            tape.gathers();
            tape.mark();
            tape.fired_with("icecandidate", serde_json::Value::Null);
            tape.end();
        }),
        doctored("null-candidate-follows-complete", Tape::gathers, |tape| {
            tape.gathering();
            tape.end_of_candidates();
            tape.state.ice_gathering_state = Some(IceGatheringState::Complete);
            tape.mark();
            tape.fired("icegatheringstatechange");
            tape.end();
        }),
        doctored("gathering-events-in-order", Tape::gathers, |tape| {
            tape.state.ice_gathering_state = Some(IceGatheringState::Gathering);
            tape.fired("icegatheringstatechange");
            tape.mark();
            tape.fired_at(
                Handle(1),
                Interface::IceTransport,
                "gatheringstatechange",
                json!(null),
            );
            tape.end();
        }),
        doctored("end-of-candidates-before-complete", gathers_twice, |tape| {
            tape.gathers();
            tape.gathering();
            tape.candidate();
            tape.mark();
            tape.complete();
        }),
        doctored("no-candidate-after-complete", gathers_twice, |tape| {
            tape.gathers();
            tape.mark();
            tape.candidate();
        }),
        doctored("candidate-names-its-media", Tape::gathers, |tape| {
            tape.gathering();
            let mut candidate = host_candidate(0);
            candidate["sdpMid"] = serde_json::Value::Null;
            tape.mark();
            tape.fired_with("icecandidate", candidate);
            tape.end();
        }),
        doctored("candidate-names-its-generation", Tape::gathers, |tape| {
            tape.gathering();
            let mut candidate = host_candidate(0);
            candidate["usernameFragment"] = serde_json::Value::Null;
            tape.mark();
            tape.fired_with("icecandidate", candidate);
            tape.end();
        }),
    ]
}

fn transport_cases() -> Vec<Doctored> {
    vec![
        doctored("ice-connection-state-follows-transports", connects, |tape| {
            tape.with_transports();
            tape.end();
            tape.ice(Ice::Checking, Connection::Connecting);
            tape.transports().ice = Ice::Failed;
            tape.fired_at(
                Handle(1),
                Interface::IceTransport,
                "statechange",
                serde_json::Value::Null,
            );
            tape.mark();
            tape.end();
        }),
        doctored("connection-state-follows-transports", connects, |tape| {
            tape.with_transports();
            tape.ice(Ice::Checking, Connection::Connecting);
            tape.transports().ice = Ice::Failed;
            tape.state.ice_connection_state = Some(IceConnectionState::Failed);
            tape.mark();
            tape.fired("iceconnectionstatechange");
            tape.end();
        }),
        doctored("connected-requires-dtls", connects, |tape| {
            tape.with_transports();
            tape.ice(Ice::Checking, Connection::Connecting);
            tape.ice(Ice::Connected, Connection::Connecting);
            tape.state.connection_state = Some(Connection::Connected);
            tape.mark();
            tape.fired("connectionstatechange");
            tape.end();
        }),
        doctored("sctp-requires-dtls", connects, |tape| {
            tape.with_transports();
            tape.ice(Ice::Checking, Connection::Connecting);
            tape.ice(Ice::Connected, Connection::Connecting);
            tape.dtls(Dtls::Connecting, Connection::Connecting);
            tape.mark();
            tape.marked = tape.marked.map(|record| record + 1);
            tape.sctp_connected();
        }),
        doctored("ice-state-events-in-order", connects, |tape| {
            tape.with_transports();
            tape.transports().ice = Ice::Checking;
            tape.state.ice_connection_state = Some(IceConnectionState::Checking);
            tape.state.connection_state = Some(Connection::Connecting);
            tape.fired("connectionstatechange");
            tape.mark();
            tape.fired("iceconnectionstatechange");
            tape.end();
        }),
    ]
}

fn channel_cases() -> Vec<Doctored> {
    vec![
        doctored("channel-opens-once", Tape::whole_call, |tape| {
            tape.whole_call();
            tape.mark();
            tape.channel_opens(9);
        }),
        doctored("message-follows-open", Tape::whole_call, |tape| {
            tape.creates_channel(9, None);
            tape.channel(9).ready_state = glare_peer::DataChannelState::Open;
            tape.mark();
            tape.channel_message(9);
            tape.channel_opens(9);
        }),
        doctored("channel-close-is-last", channel_closes, |tape| {
            channel_closes(tape);
            tape.mark();
            tape.channel_closes(9);
        }),
        doctored("channel-event-shows-its-state", channel_closes, |tape| {
            tape.creates_channel(9, None);
            tape.mark();
            tape.fired_at_channel(9, "open");
            tape.end();
        }),
        doctored("channel-event-is-at-a-channel", channel_closes, |tape| {
            tape.creates_channel(9, None);
            tape.mark();
            tape.fired_at_channel(99, "bufferedamountlow");
            tape.end();
        }),
        doctored("ready-state-only-goes-forward", channel_closes, |tape| {
            tape.creates_channel(9, None);
            tape.channel_opens(9);
            tape.channel_closing(9);
            tape.channel(9).ready_state = glare_peer::DataChannelState::Open;
            tape.mark();
            tape.end();
        }),
        doctored("open-requires-association", Tape::whole_call, |tape| {
            tape.creates_channel(9, None);
            tape.with_transports();
            tape.mark();
            tape.channel_opens(9);
        }),
        doctored("channel-id-never-changes", Tape::whole_call, |tape| {
            tape.whole_call();
            tape.channel(9).id = Some(3);
            tape.mark();
            tape.end();
        }),
        doctored("channel-ids-are-distinct", two_channels, |tape| {
            tape.creates_channel(8, Some(4));
            let operation = tape.called("createDataChannel", json!({ "label": "chat" }));
            let mut twin = tape.channel(8).clone();
            twin.channel = Handle(9);
            tape.state.channels.push(twin);
            tape.mark();
            tape.came(operation, Completion::Value(json!({ "object": 9 })));
        }),
        doctored(
            "channel-id-is-in-range",
            |tape| tape.creates_channel(9, Some(65534)),
            |tape| {
                tape.mark();
                tape.marked = tape.marked.map(|record| record + 1);
                tape.creates_channel(9, Some(65535));
            },
        ),
        doctored("send-requires-open", Tape::whole_call, |tape| {
            tape.creates_channel(9, None);
            let operation = tape.called_on(Handle(9), "send", json!({}));
            tape.mark();
            tape.came(operation, undefined());
        }),
        doctored(
            "buffered-amount-grows-only-by-send",
            buffered_amount_falls,
            |tape| {
                tape.whole_call();
                tape.channel(9).buffered_amount += 1;
                tape.mark();
                tape.end();
            },
        ),
    ]
}

fn closing_cases() -> Vec<Doctored> {
    vec![
        doctored("close-closes-every-state", call_and_close, |tape| {
            tape.whole_call();
            let operation = tape.called("close", json!({}));
            tape.state_closed();
            tape.state.ice_connection_state = Some(IceConnectionState::Connected);
            tape.mark();
            tape.came(operation, undefined());
        }),
        doctored("close-closes-every-channel", call_and_close, |tape| {
            tape.whole_call();
            let operation = tape.called("close", json!({}));
            let channel = tape.channel(9).clone();
            tape.state_closed();
            *tape.channel(9) = channel;
            tape.mark();
            tape.came(operation, undefined());
        }),
        doctored("closed-only-by-close", call_and_close, |tape| {
            tape.whole_call();
            tape.state.connection_state = Some(Connection::Closed);
            tape.mark();
            tape.fired("connectionstatechange");
            tape.end();
        }),
        doctored("no-event-after-close", close_in_listener, |tape| {
            tape.whole_call();
            tape.closes();
            tape.mark();
            tape.fired("connectionstatechange");
            tape.end();
        }),
        doctored("nothing-settles-after-close", close_in_listener, |tape| {
            let operation = tape.promise("createOffer", json!({}));
            tape.closes();
            tape.end();
            tape.mark();
            tape.fulfilled(operation);
            tape.end();
        }),
        doctored(
            "calls-after-close-are-refused",
            |tape| {
                tape.closes();
                let operation = tape.promise("createOffer", json!({}));
                tape.rejected(operation, ExceptionName::InvalidStateError);
                let operation = tape.called("createDataChannel", json!({ "label": "late" }));
                tape.came(operation, exception(ExceptionName::InvalidStateError));
                tape.end();
            },
            |tape| {
                tape.closes();
                let operation = tape.promise("createOffer", json!({}));
                tape.mark();
                tape.fulfilled(operation);
            },
        ),
    ]
}

/// Constructs the connection with the state as it is.
fn recreate(tape: &mut Tape) {
    let what = crate::trace::What::Created {
        peer: "a".to_owned(),
        state: tape.state.clone(),
    };
    tape.trace.push(Record {
        number: 0,
        time: glare_peer::SimTime::ZERO,
        what,
    });
}

fn negotiation_needed(tape: &mut Tape) {
    tape.fired("negotiationneeded");
    tape.end();
}

/// A remote offer in `have-local-offer`: the rollback is a task of its own.
fn implicit_rollback(tape: &mut Tape) {
    tape.local_offer();
    let operation = tape.promise("setRemoteDescription", json!({ "type": "offer", "sdp": "" }));
    tape.state.signaling_state = Some(SignalingState::Stable);
    tape.descriptions().pending_local = None;
    tape.fired("signalingstatechange");
    tape.end();
    tape.state.signaling_state = Some(SignalingState::HaveRemoteOffer);
    tape.descriptions().pending_remote = Some(SdpType::Offer);
    tape.fired("signalingstatechange");
    tape.fulfilled(operation);
    tape.end();
}

fn pranswers(tape: &mut Tape) {
    tape.remote_offer();
    tape.local_pranswer();
    tape.local_pranswer();
    tape.local_answer();
    tape.local_offer();
    tape.remote_answer();
}

fn gathers_twice(tape: &mut Tape) {
    tape.gathers();
    tape.gathers();
}

fn connects(tape: &mut Tape) {
    tape.with_transports();
    tape.connects();
    tape.ice(Ice::Disconnected, Connection::Disconnected);
    tape.ice(Ice::Failed, Connection::Failed);
}

fn two_channels(tape: &mut Tape) {
    tape.creates_channel(8, Some(4));
    tape.channel(8).ready_state = glare_peer::DataChannelState::Closing;
    tape.end();
    tape.creates_channel(9, Some(4));
}

fn channel_closes(tape: &mut Tape) {
    tape.creates_channel(9, None);
    tape.channel_opens(9);
    tape.channel_closing(9);
    tape.channel_closes(9);
}

fn buffered_amount_falls(tape: &mut Tape) {
    tape.whole_call();
    tape.sends(9, 50);
    tape.channel(9).buffered_amount = 0;
    tape.fired_at_channel(9, "bufferedamountlow");
    tape.end();
}

pub(super) fn call_and_close(tape: &mut Tape) {
    tape.whole_call();
    tape.closes();
    tape.end();
}

/// The task goes on after the listener that closed the connection: its other events and reactions come still.
fn close_in_listener(tape: &mut Tape) {
    tape.with_transports();
    tape.transports().ice = Ice::Checking;
    tape.state.ice_connection_state = Some(IceConnectionState::Checking);
    tape.state.connection_state = Some(Connection::Connecting);
    tape.fired("iceconnectionstatechange");
    tape.closes();
    tape.fired("connectionstatechange");
    tape.end();
}

impl Tape {
    /// Marks the event that a description is about to fire: after the call and its return.
    fn mark_signaling_event(&mut self) {
        self.marked = Some(self.trace.len() as u64 + 2);
    }
}
