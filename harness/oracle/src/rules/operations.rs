//! Calls, promises and the operations chain.

use std::collections::BTreeSet;

use glare_peer::{ExceptionName, Granularity, Handle};

use super::{Departure, Level, Rule};
use crate::trace::{Completion, What};
use crate::view::{Call, View};

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            id: "promise-settles-once-and-after-its-call",
            clause: "webrtc-pc#chain-an-asynchronous-operation",
            level: Level::Must,
            statement: "Only a promise that a call returned settles, and it settles once.",
            granularity: Granularity::Event,
            check: settles_once,
        },
        Rule {
            id: "operations-settle-in-call-order",
            clause: "webrtc-pc#chain-an-asynchronous-operation",
            level: Level::Must,
            statement: "Operations on the operations chain settle in the order of their calls.",
            granularity: Granularity::Step,
            check: settle_in_call_order,
        },
        Rule {
            id: "exceptions-are-those-of-the-algorithm",
            clause: "webrtc-pc#methods",
            level: Level::Must,
            statement: "A call throws or rejects only with the exceptions that the steps of its method name.",
            granularity: Granularity::Event,
            check: exceptions_of_the_algorithm,
        },
    ]
}

fn settles_once(view: &View<'_>) -> Option<Departure> {
    // What each operation is waiting for: settled ones are taken out again.
    let mut open = BTreeSet::new();
    view.entries.iter().find_map(|entry| match entry.what {
        What::Came {
            operation,
            how: Completion::Promise,
            ..
        } => {
            open.insert(*operation);
            None
        }
        What::Settled { operation, .. } if !open.remove(operation) => {
            let call = view.calls().into_iter().find(|call| call.operation == *operation);
            let what = call.map_or("a call that never was", |call| call.method);
            Some(Departure::new(
                entry.record,
                "a promise settles once, and after its call returned it",
                format!("{what} settles without a pending promise"),
            ))
        }
        _ => None,
    })
}

fn settle_in_call_order(view: &View<'_>) -> Option<Departure> {
    let calls = view.calls();
    let closed = view.closed_at().unwrap_or(usize::MAX);
    // What is called after close() is refused at once; what was pending then never settles.
    let chained = || {
        calls
            .iter()
            .filter(|call| call.is_on_chain() && call.called < closed)
    };
    chained()
        .filter_map(|call| {
            let (settled, _) = call.settled?;
            let overtaken = chained().find(|earlier| {
                earlier.called < call.called
                    && matches!(earlier.came, Some((_, Completion::Promise)))
                    && earlier.settled.is_none_or(|(at, _)| at > settled)
            })?;
            Some(Departure::new(
                view.entries.get(settled)?.record,
                format!("{}, called first, settles first", overtaken.method),
                format!("{} settles before it", call.method),
            ))
        })
        .min_by_key(|departure| departure.record)
}

fn exceptions_of_the_algorithm(view: &View<'_>) -> Option<Departure> {
    view.calls()
        .iter()
        .filter_map(|call| {
            let (index, exception) = call.exception()?;
            let allowed = allowed_exceptions(call)?;
            (!allowed.contains(&exception.name)).then_some(())?;
            let names: Vec<_> = allowed.iter().map(|name| name.as_str()).collect();
            let expected = match names[..] {
                [] => format!("{} does not fail", call.method),
                _ => format!("{} fails only with {}", call.method, names.join(", ")),
            };
            Some(Departure::new(
                view.entries.get(index)?.record,
                expected,
                format!("{} fails with {}", call.method, exception.name),
            ))
        })
        .min_by_key(|departure| departure.record)
}

/// What the steps of a method name. `TypeError` also comes from Web IDL's conversion of the arguments, and an `RTCError`
/// is an `OperationError`. None for a method that this does not know.
fn allowed_exceptions(call: &Call<'_>) -> Option<&'static [ExceptionName]> {
    use ExceptionName::*;
    Some(match (call.object == Handle::CONNECTION, call.method) {
        (true, "createOffer" | "createAnswer" | "addIceCandidate" | "createDataChannel")
        | (false, "send") => &[TypeError, InvalidStateError, OperationError],
        (true, "setLocalDescription") => &[
            TypeError,
            InvalidStateError,
            InvalidModificationError,
            InvalidAccessError,
            OperationError,
            RtcError,
        ],
        (true, "setRemoteDescription") => &[
            TypeError,
            InvalidStateError,
            InvalidAccessError,
            OperationError,
            RtcError,
        ],
        (_, "close") | (true, "restartIce") => &[],
        _ => return None,
    })
}
