//! `close()` and after.

use glare_peer::{
    DataChannelState, ExceptionName, Granularity, IceConnectionState, PeerConnectionState, SignalingState,
};

use super::{Departure, Level, Rule};
use crate::trace::{Completion, Interface, PeerSnapshot};
use crate::view::{Fired, View};

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            id: "close-closes-every-state",
            clause: "webrtc-pc#dfn-close-the-connection",
            level: Level::Must,
            statement: "From the return of close() on, the states of the connection and its transports are closed.",
            granularity: Granularity::Event,
            check: close_closes_every_state,
        },
        Rule {
            id: "close-closes-every-channel",
            clause: "webrtc-pc#dfn-close-the-connection",
            level: Level::Must,
            statement: "When close() returns, every data channel that was connecting or open is closed.",
            granularity: Granularity::Event,
            check: close_closes_every_channel,
        },
        Rule {
            id: "closed-only-by-close",
            clause: "webrtc-pc#dfn-close-the-connection",
            level: Level::Must,
            statement: "signalingState, iceConnectionState and connectionState are closed only after close().",
            granularity: Granularity::Event,
            check: closed_only_by_close,
        },
        Rule {
            id: "no-event-after-close",
            clause: "webrtc-pc#dfn-close-the-connection",
            level: Level::Must,
            statement: "No task after close() fires at the connection or its ICE transports, nor open or message at a channel.",
            granularity: Granularity::Event,
            check: no_event_after_close,
        },
        Rule {
            id: "nothing-settles-after-close",
            clause: "webrtc-pc#chain-an-asynchronous-operation",
            level: Level::Must,
            statement: "An operation that is on the operations chain at close() never settles.",
            granularity: Granularity::Step,
            check: nothing_settles_after_close,
        },
        Rule {
            id: "calls-after-close-are-refused",
            clause: "webrtc-pc#chain-an-asynchronous-operation",
            level: Level::Must,
            statement: "Chained operations and createDataChannel() called after close() fail with InvalidStateError.",
            granularity: Granularity::Event,
            check: calls_after_close,
        },
    ]
}

/// How all enumerations of the specification spell it.
const CLOSED: &str = SignalingState::Closed.as_str();

/// The attributes that close() sets, with their values.
fn closed_attributes(state: &PeerSnapshot) -> Vec<(&'static str, &'static str)> {
    let mut states = connection_attributes(state);
    if let Some(transports) = state.transports {
        states.push(("RTCIceTransport.state", transports.ice.as_str()));
        states.push(("RTCDtlsTransport.state", transports.dtls.as_str()));
        states.push(("RTCSctpTransport.state", transports.sctp.as_str()));
    }
    states
}

/// The attributes of the connection that only close() makes closed, with their values.
fn connection_attributes(state: &PeerSnapshot) -> Vec<(&'static str, &'static str)> {
    [
        (
            "signalingState",
            state.signaling_state.map(SignalingState::as_str),
        ),
        (
            "iceConnectionState",
            state.ice_connection_state.map(IceConnectionState::as_str),
        ),
        (
            "connectionState",
            state.connection_state.map(PeerConnectionState::as_str),
        ),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

/// Where the first close() of the connection came back.
fn close_came(view: &View<'_>) -> Option<(usize, usize)> {
    let close = view.calls().into_iter().find(|call| call.is_close())?;
    Some((close.called, close.came?.0))
}

fn close_closes_every_state(view: &View<'_>) -> Option<Departure> {
    let (_, came) = close_came(view)?;
    view.entries[came..].iter().find_map(|entry| {
        let (name, value) = closed_attributes(entry.state)
            .into_iter()
            .find(|(_, value)| *value != CLOSED)?;
        Some(Departure::new(
            entry.record,
            format!("{name} closed after close()"),
            format!("{name} is {value}"),
        ))
    })
}

/// A channel that is closing has left `[[DataChannels]]`, so it is left alone.
fn close_closes_every_channel(view: &View<'_>) -> Option<Departure> {
    let (called, came) = close_came(view)?;
    let (before, after) = (view.entries.get(called)?, view.entries.get(came)?);
    after.state.channels.iter().find_map(|channel| {
        let alive = before.state.channels.iter().any(|other| {
            other.channel == channel.channel
                && matches!(
                    other.ready_state,
                    DataChannelState::Connecting | DataChannelState::Open
                )
        });
        (alive && channel.ready_state != DataChannelState::Closed).then(|| {
            Departure::new(
                after.record,
                "readyState closed of every channel when close() returns",
                format!("readyState {} of a channel", channel.ready_state),
            )
        })
    })
}

fn closed_only_by_close(view: &View<'_>) -> Option<Departure> {
    let end = view.closed_at().unwrap_or(view.entries.len());
    // The call itself carries the state just before it.
    view.entries.iter().take(end.saturating_add(1)).find_map(|entry| {
        let (name, _) = connection_attributes(entry.state)
            .into_iter()
            .find(|(_, value)| *value == CLOSED)?;
        Some(Departure::new(
            entry.record,
            format!("{name} not closed before close()"),
            format!("{name} is closed"),
        ))
    })
}

/// Every task that fires one of these looks at `[[IsClosed]]` or at the channel's `[[ReadyState]]` first. A task in which
/// a listener called close() fires the rest of its events.
fn no_event_after_close(view: &View<'_>) -> Option<Departure> {
    let closed = view.closed_at()?;
    let from = if view.inside_task(closed) {
        view.end_of_task(closed)
    } else {
        closed
    };
    view.entries.iter().skip(from).find_map(|entry| {
        let fired = entry.fired().filter(looks_whether_closed)?;
        Some(Departure::new(
            entry.record,
            "no event after close()",
            format!("{} after close()", fired.event),
        ))
    })
}

/// The others may be fired by tasks that were queued before: those at DTLS and SCTP transports, and `error`, `closing`,
/// `close` and `bufferedamountlow` at channels.
fn looks_whether_closed(fired: &Fired<'_>) -> bool {
    match fired.interface {
        Interface::PeerConnection | Interface::IceTransport => true,
        Interface::DataChannel => matches!(fired.event, "open" | "message"),
        _ => false,
    }
}

/// A promise that was settled already may still run its reactions before the task ends.
fn nothing_settles_after_close(view: &View<'_>) -> Option<Departure> {
    let closed = view.closed_at()?;
    let from = view.end_of_task(closed);
    view.calls()
        .iter()
        .filter_map(|call| {
            let (settled, _) = call.settled?;
            (call.is_on_chain() && call.called < closed && settled > from).then_some(())?;
            Some(Departure::new(
                view.entries.get(settled)?.record,
                format!("{} stays pending after close()", call.method),
                format!("{} settles after close()", call.method),
            ))
        })
        .min_by_key(|departure| departure.record)
}

fn calls_after_close(view: &View<'_>) -> Option<Departure> {
    let closed = view.closed_at()?;
    view.calls()
        .iter()
        .filter(|call| call.called > closed && (call.is_chained() || call.method == "createDataChannel"))
        .filter_map(|call| {
            let outcome = call.settled.or(call.came)?;
            let refused = match outcome.1 {
                // A TypeError comes from arguments that do not get as far as the check.
                Completion::Exception(exception) => {
                    matches!(
                        exception.name,
                        ExceptionName::InvalidStateError | ExceptionName::TypeError
                    )
                }
                Completion::Promise | Completion::Unsupported(_) => true,
                Completion::Value(_) => false,
            };
            (!refused).then_some(())?;
            let actual = match outcome.1 {
                Completion::Exception(exception) => format!("{} fails with {}", call.method, exception.name),
                _ => format!("{} succeeds", call.method),
            };
            Some(Departure::new(
                view.entries.get(outcome.0)?.record,
                format!("{} fails with InvalidStateError after close()", call.method),
                actual,
            ))
        })
        .min_by_key(|departure| departure.record)
}
