//! Whether a record of the trace is what a scenario means.

use std::collections::BTreeMap;

use glare_oracle::trace::{Completion, Interface, PeerSnapshot, Record, What};
use glare_peer::{Event, Exception, Handle, MessageData, OperationId};
use glare_scenario::script::{
    CandidatePattern, EventDetail, EventPattern, ExceptionPattern, Happening, Matcher, Settlement,
    SignalKind, Target,
};

use crate::variables::Variables;
use crate::world::World;
use crate::{objects, payload};

/// What is needed beside a record to know what it means.
pub(crate) struct Context<'a> {
    /// The roles in the order of their peers.
    pub(crate) roles: &'a [String],
    /// The variables of the script.
    pub(crate) variables: &'a Variables,
    /// The role and method of each call.
    pub(crate) calls: &'a BTreeMap<OperationId, (String, String)>,
    /// The events by the numbers of their records.
    pub(crate) events: &'a BTreeMap<u64, Event>,
    /// The peers.
    pub(crate) world: &'a World,
}

impl Context<'_> {
    /// Whether a record is an event of this pattern.
    pub(crate) fn is_event(&self, record: &Record, pattern: &EventPattern) -> bool {
        let What::Fired {
            peer,
            target,
            interface,
            event,
            detail,
            state,
        } = &record.what
        else {
            return false;
        };
        event == pattern.event.as_str()
            && *peer == pattern.target.role
            && self.is_target(*target, *interface, &pattern.target)
            && match &pattern.detail {
                EventDetail::Payload(members) => self.carries(record.number, &pattern.target, members),
                other => is_detail(event, detail, state, *target, other),
            }
    }

    /// Whether the attributes of an event, and what they lead to now, are as expected.
    fn carries(&self, record: u64, target: &Target, members: &[(Vec<String>, Matcher)]) -> bool {
        let Some(event) = self.events.get(&record) else {
            return false;
        };
        let payload = objects::payload(event);
        let player = self.player(&target.role);
        members.iter().all(|(way, matcher)| {
            let Some((first, rest)) = way.split_first() else {
                return false;
            };
            let Some((_, value)) = payload.iter().find(|(name, _)| name == first) else {
                return false;
            };
            let found = rest
                .iter()
                .try_fold(value.clone(), |value, part| self.member(player, value, part));
            found.is_ok_and(|value| self.matches(&value, matcher).unwrap_or(false))
        })
    }

    /// The peer that plays a role.
    pub(crate) fn player(&self, role: &str) -> Option<usize> {
        self.roles.iter().position(|known| known == role)
    }

    /// Whether a record is an event at this object, of whatever type.
    pub(crate) fn is_at(&self, record: &Record, of: &Target) -> bool {
        matches!(&record.what, What::Fired { peer, target, interface, .. }
            if *peer == of.role && self.is_target(*target, *interface, of))
    }

    fn is_target(&self, target: Handle, interface: Interface, wanted: &Target) -> bool {
        if wanted.interface == Interface::PeerConnection {
            return target == Handle::CONNECTION;
        }
        if interface != wanted.interface {
            return false;
        }
        match self.object(wanted) {
            Ok((_, object)) => object == target,
            // A rollback takes a transport from the connection before it fires its last events.
            Err(_) => matches!(
                interface,
                Interface::IceTransport | Interface::DtlsTransport | Interface::SctpTransport
            ),
        }
    }

    /// Whether a record is what is meant.
    pub(crate) fn is(&self, record: &Record, happening: &Happening) -> bool {
        match (happening, &record.what) {
            (Happening::Event(pattern), _) => self.is_event(record, pattern),
            (Happening::Signal(pattern), What::SignalSent { from, to, kind, .. }) => {
                (pattern.kind == SignalKind::Any || pattern.kind.as_str() == kind)
                    && pattern.from == *from
                    && pattern.to.as_ref().is_none_or(|wanted| wanted == to)
            }
            (
                Happening::Settled { role, method, how },
                What::Settled {
                    operation, how: came, ..
                },
            ) => {
                is_settlement(*how, came)
                    && self
                        .calls
                        .get(operation)
                        .is_some_and(|(caller, called)| caller == role && called == method)
            }
            (
                Happening::SettledPromise { promise, how, .. },
                What::Settled {
                    operation, how: came, ..
                },
            ) => {
                is_settlement(*how, came)
                    && self
                        .variables
                        .get_promise(promise)
                        .is_some_and(|promise| promise.operation == *operation)
            }
            _ => false,
        }
    }
}

/// Whether an exception is one of those meant.
pub(crate) fn is_exception(exception: &Exception, pattern: &ExceptionPattern) -> bool {
    pattern.names.contains(&exception.name)
        && pattern
            .error_detail
            .is_none_or(|detail| exception.error_detail == Some(detail))
        && pattern
            .sdp_line_number
            .is_none_or(|line| exception.sdp_line_number == Some(line))
}

/// Exceptions that are meant, for people.
pub(crate) fn exceptions(pattern: &ExceptionPattern) -> String {
    let names: Vec<&str> = pattern.names.iter().map(|name| name.as_str()).collect();
    let mut text = names.join(" or ");
    if let Some(detail) = pattern.error_detail {
        text.push_str(&format!(" ({detail})"));
    }
    if let Some(line) = pattern.sdp_line_number {
        text.push_str(&format!(" at SDP line {line}"));
    }
    text
}

fn is_settlement(wanted: Settlement, came: &Completion) -> bool {
    match wanted {
        Settlement::Any => true,
        Settlement::Fulfilled => matches!(came, Completion::Value(_)),
        Settlement::Rejected => matches!(came, Completion::Exception(_)),
    }
}

fn is_detail(
    event: &str,
    detail: &serde_json::Value,
    state: &PeerSnapshot,
    target: Handle,
    wanted: &EventDetail,
) -> bool {
    let hash_is = |data: MessageData| detail["hash"] == payload::identity(&data);
    match wanted {
        EventDetail::Any => true,
        EventDetail::State(wanted) => match event {
            "signalingstatechange" => state
                .signaling_state
                .is_some_and(|state| state.as_str() == *wanted),
            "icegatheringstatechange" => state
                .ice_gathering_state
                .is_some_and(|state| state.as_str() == *wanted),
            "iceconnectionstatechange" => state
                .ice_connection_state
                .is_some_and(|state| state.as_str() == *wanted),
            "connectionstatechange" => state
                .connection_state
                .is_some_and(|state| state.as_str() == *wanted),
            "statechange" => detail == wanted,
            _ => state
                .channels
                .iter()
                .any(|channel| channel.channel == target && channel.ready_state.as_str() == *wanted),
        },
        EventDetail::Candidate(CandidatePattern::Null) => detail.is_null(),
        EventDetail::Candidate(CandidatePattern::End) => detail["candidate"] == "",
        EventDetail::Candidate(CandidatePattern::Given) => detail["candidate"]
            .as_str()
            .is_some_and(|candidate| !candidate.is_empty()),
        EventDetail::Label(label) => detail["label"] == label.as_str(),
        EventDetail::Text(text) => hash_is(MessageData::Text(text.as_str().into())),
        EventDetail::Binary(bytes) => hash_is(MessageData::Binary(bytes.as_slice().into())),
        EventDetail::Length(length) => detail["length"] == *length,
        // Looked at with the event itself.
        EventDetail::Payload(_) => false,
        EventDetail::Error(pattern) => serde_json::from_value(detail.clone())
            .is_ok_and(|exception: Exception| is_exception(&exception, pattern)),
    }
}
