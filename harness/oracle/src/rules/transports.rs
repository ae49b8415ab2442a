//! How the states of a connection follow from those of its transports.
//!
//! A trace shows the transports under `sctp` only. A connection may have others, so these rules demand what holds
//! whatever the others do, and they look only at the moments at which the specification derives a state anew: between
//! these a transport may come or go by signaling without the state being touched.

use glare_peer::{
    DtlsTransportState as Dtls, Granularity, IceConnectionState as IceConnection, IceTransportState as Ice,
    PeerConnectionState as Connection, SctpTransportState as Sctp,
};

use super::{Departure, Level, Rule, out_of_order};
use crate::trace::{Interface, PeerSnapshot, What};
use crate::view::View;

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            id: "ice-connection-state-follows-transports",
            clause: "webrtc-pc#rtciceconnectionstate-enum",
            level: Level::Must,
            statement: "iceConnectionState is derived from the states of the ICE transports when one of them changes.",
            granularity: Granularity::Event,
            check: ice_connection_state,
        },
        Rule {
            id: "connection-state-follows-transports",
            clause: "webrtc-pc#rtcpeerconnectionstate-enum",
            level: Level::Must,
            statement: "connectionState is derived from iceConnectionState and the states of the DTLS transports.",
            granularity: Granularity::Step,
            check: connection_state,
        },
        Rule {
            id: "connected-requires-dtls",
            clause: "webrtc-pc#rtcpeerconnectionstate-enum",
            level: Level::Must,
            statement: "connectionState becomes connected only when DTLS has connected.",
            granularity: Granularity::Event,
            check: connected_requires_dtls,
        },
        Rule {
            id: "sctp-requires-dtls",
            clause: "webrtc-pc#rtcsctptransportstate",
            level: Level::Must,
            statement: "The SCTP transport becomes connected only over an established DTLS connection.",
            granularity: Granularity::Event,
            check: sctp_requires_dtls,
        },
        Rule {
            id: "ice-state-events-in-order",
            clause: "webrtc-pc#rtcicetransport",
            level: Level::Must,
            statement: "A task fires the ICE transport's events, iceconnectionstatechange, connectionstatechange in this order.",
            granularity: Granularity::Step,
            check: ice_events_in_order,
        },
    ]
}

/// What `iceConnectionState` may be while one of the ICE transports is in this state, whatever the others are. None where
/// that says nothing.
fn allowed_by_ice(ice: Ice) -> Option<&'static [IceConnection]> {
    use IceConnection::*;
    Some(match ice {
        Ice::Failed => &[Failed],
        Ice::Disconnected => &[Failed, Disconnected],
        Ice::New => &[Failed, Disconnected, New, Checking],
        Ice::Checking => &[Failed, Disconnected, Checking],
        Ice::Connected => &[Failed, Disconnected, Checking, Connected],
        Ice::Completed => &[Failed, Disconnected, Checking, Completed, Connected],
        Ice::Closed => return None,
    })
}

/// What `connectionState` may be with this `iceConnectionState` while one of the DTLS transports is in this state,
/// whatever the others are. With `completed` the text of the enumeration gives `connecting`, which nobody means:
/// `connected` is accepted as well.
fn allowed_by_dtls(ice: IceConnection, dtls: Dtls) -> &'static [Connection] {
    use Connection::*;
    match (ice, dtls) {
        (IceConnection::Closed, _) => &[Closed],
        (IceConnection::Failed, _) | (_, Dtls::Failed) => &[Failed],
        (IceConnection::Disconnected, _) => &[Failed, Disconnected],
        (IceConnection::New, Dtls::New | Dtls::Closed) => &[Failed, New, Connecting],
        (IceConnection::Connected | IceConnection::Completed, Dtls::Connected | Dtls::Closed) => {
            &[Failed, Connected, Connecting]
        }
        _ => &[Failed, Connecting],
    }
}

/// Judged at the end of a task in which the ICE transport changed and no description was applied: only there has the
/// state just been derived from the transports that are seen.
fn ice_connection_state(view: &View<'_>) -> Option<Departure> {
    view.tasks().iter().find_map(|task| {
        let (before, after) = (task.before?, task.after?);
        let (was, ice) = (before.transports?.ice, after.transports?.ice);
        let negotiated = before.signaling_state != after.signaling_state
            || before.descriptions != after.descriptions
            || task
                .entries
                .iter()
                .any(|entry| matches!(entry.what, What::Settled { .. }));
        if was == ice || negotiated {
            return None;
        }
        let found = after.ice_connection_state?;
        let allowed = allowed_by_ice(ice)?;
        if found == IceConnection::Closed || allowed.contains(&found) {
            return None;
        }
        Some(Departure::new(
            task.entries.last()?.record,
            format!(
                "iceConnectionState {} with an ICE transport that became {ice}",
                one_of(allowed.iter().map(|state| state.as_str()))
            ),
            format!("iceConnectionState is {found}"),
        ))
    })
}

/// Judged where `connectionState` has just been derived: the steps that change an ICE transport set both states before
/// they fire either event.
fn connection_state(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        if !entry.is_event("iceconnectionstatechange") && !entry.is_event("connectionstatechange") {
            return None;
        }
        let PeerSnapshot {
            ice_connection_state,
            connection_state,
            transports,
            ..
        } = entry.state;
        let (ice, found, dtls) = (
            (*ice_connection_state)?,
            (*connection_state)?,
            (*transports)?.dtls,
        );
        let allowed = allowed_by_dtls(ice, dtls);
        (!allowed.contains(&found)).then(|| {
            Departure::new(
                entry.record,
                format!(
                    "connectionState {} with iceConnectionState {ice} and DTLS {dtls}",
                    one_of(allowed.iter().map(|state| state.as_str()))
                ),
                format!("connectionState is {found}"),
            )
        })
    })
}

fn connected_requires_dtls(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        let dtls = entry.state.transports?.dtls;
        let unready = matches!(dtls, Dtls::New | Dtls::Connecting);
        let connected = entry.is_event("connectionstatechange")
            && entry.state.connection_state == Some(Connection::Connected);
        (connected && unready).then(|| {
            Departure::new(
                entry.record,
                "connectionState connected only with DTLS connected",
                format!("connectionState connected with DTLS {dtls}"),
            )
        })
    })
}

/// Both are judged by the state at the end of a task: which of them is set first within one is left open.
fn sctp_requires_dtls(view: &View<'_>) -> Option<Departure> {
    view.tasks().iter().find_map(|task| {
        let was = task.before?.transports?.sctp;
        let after = task.after?.transports?;
        let unready = matches!(after.dtls, Dtls::New | Dtls::Connecting);
        (was == Sctp::Connecting && after.sctp == Sctp::Connected && unready).then_some(())?;
        Some(Departure::new(
            task.entries.last()?.record,
            "the SCTP transport connected only with DTLS connected",
            format!("the SCTP transport connected with DTLS {}", after.dtls),
        ))
    })
}

fn ice_events_in_order(view: &View<'_>) -> Option<Departure> {
    out_of_order(view, |entry| {
        let fired = entry.fired()?;
        match (fired.interface, fired.event) {
            (Interface::IceTransport, "selectedcandidatepairchange") => Some(0),
            (Interface::IceTransport, "statechange") => Some(1),
            (Interface::PeerConnection, "iceconnectionstatechange") => Some(2),
            (Interface::PeerConnection, "connectionstatechange") => Some(3),
            _ => None,
        }
    })
}

/// The names, joined by "or".
fn one_of<'a>(names: impl Iterator<Item = &'a str>) -> String {
    names.collect::<Vec<_>>().join(" or ")
}
