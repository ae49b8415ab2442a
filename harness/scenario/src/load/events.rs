//! Which events, signals and settlements are meant.

use super::{calls, places, steps};
use crate::report::{Checked, Report};
use crate::scope::{Holds, Interface, Kind, Member, Scope, Wanted};
use crate::script::{
    CandidatePattern, EventDetail, EventName, EventPattern, Happening, Method, Position, Settlement,
    SignalKind, Target,
};
use crate::tree::{Key, Node};

/// The keys that say what an event carries.
pub(crate) const DETAILS: &[&str] = &["state", "candidate", "label", "text", "binary", "length", "error"];
/// The kinds of candidate that an `icecandidate` event can carry.
pub(crate) const CANDIDATES: &[&str] = &["given", "end", "null"];
/// How a promise settles.
pub(crate) const SETTLEMENTS: &[&str] = &["fulfilled", "rejected"];

/// The event that a path names, with what the mapping around it says of it.
pub(super) fn pattern(report: &Report, scope: &Scope, path: &Node, details: &Node) -> Checked<EventPattern> {
    let text = report.text(path, "an event such as `a.signalingstatechange`")?;
    let wanted = Wanted {
        attributes: false,
        events: true,
    };
    match scope.member(report, path.position, text, wanted)? {
        Member::Event(target, event) => {
            let detail = detail(report, &target, event, details)?;
            Ok(EventPattern {
                target,
                event,
                detail,
            })
        }
        _ => Err(report.error(path.position, format!("{text:?} is no event"))),
    }
}

/// What a mapping says of an event; its other keys are the caller's.
pub(super) fn detail(
    report: &Report,
    target: &Target,
    event: EventName,
    node: &Node,
) -> Checked<EventDetail> {
    let entries = report.entries(node, "what an event carries")?;
    let mut given = entries
        .iter()
        .filter(|(key, _)| DETAILS.contains(&key.text.as_str()));
    let Some((key, value)) = given.next() else {
        return Ok(match event {
            EventName::IceCandidate => EventDetail::Candidate(CandidatePattern::Given),
            _ => EventDetail::Any,
        });
    };
    if let Some((second, _)) = given.next() {
        let message = format!("an event is told by one thing; `{}` is here already", key.text);
        return Err(report.error(second.position, message));
    }
    let wrong = |key: &Key| report.error(key.position, format!("`{event}` carries no `{}`", key.text));
    match (key.text.as_str(), event) {
        ("state", _) => {
            let names = states(target, event).ok_or_else(|| wrong(key))?;
            let text = report.text(value, "a state")?;
            let state = names.iter().copied().find(|name| *name == text);
            let what = format!("state of `{event}`");
            Ok(EventDetail::State(state.ok_or_else(|| {
                report.unknown(value.position, &what, text, names.iter().copied())
            })?))
        }
        ("candidate", EventName::IceCandidate) => {
            // A bare null means what it says.
            if matches!(&value.kind, crate::tree::Kind::Scalar(scalar) if scalar.is_null()) {
                return Ok(EventDetail::Candidate(CandidatePattern::Null));
            }
            let values = [
                CandidatePattern::Given,
                CandidatePattern::End,
                CandidatePattern::Null,
            ];
            report
                .word(value, "kind of candidate", CANDIDATES, &values)
                .map(EventDetail::Candidate)
        }
        ("label", EventName::DataChannel) => steps::text(report, value).map(EventDetail::Label),
        ("text", EventName::Message) => steps::text(report, value).map(EventDetail::Text),
        ("binary", EventName::Message) => report.hexadecimal(value).map(EventDetail::Binary),
        ("length", EventName::Message) => report.size(value).map(EventDetail::Length),
        ("error", EventName::Error) => calls::exception(report, value).map(EventDetail::Error),
        _ => Err(wrong(key)),
    }
}

/// The states that an event tells of; none where it tells of none.
pub(crate) fn states(target: &Target, event: EventName) -> Option<&'static [&'static str]> {
    use glare_peer::Attribute as A;
    let (interface, attribute) = match (target, event) {
        (_, EventName::SignalingStateChange) => (Interface::Peer, A::SignalingState),
        (_, EventName::IceGatheringStateChange) => (Interface::Peer, A::IceGatheringState),
        (_, EventName::IceConnectionStateChange) => (Interface::Peer, A::IceConnectionState),
        (_, EventName::ConnectionStateChange) => (Interface::Peer, A::ConnectionState),
        (_, EventName::GatheringStateChange) => (Interface::Ice, A::GatheringState),
        (Target::SctpTransport(_), EventName::StateChange) => (Interface::Sctp, A::State),
        (Target::DtlsTransport(_), EventName::StateChange) => (Interface::Dtls, A::State),
        (Target::IceTransport(_), EventName::StateChange) => (Interface::Ice, A::State),
        _ => return None,
    };
    match interface.holds(attribute) {
        Some(Holds::Enumeration(names)) => Some(names),
        _ => None,
    }
}

/// What a variable for an event's payload holds.
pub(super) fn carried(report: &Report, name: &Node, event: &EventPattern) -> Checked<Kind> {
    match (event.event, &event.detail) {
        (EventName::DataChannel, _) => Ok(Kind::Channel {
            role: event.target.role().to_owned(),
        }),
        (
            EventName::IceCandidate,
            EventDetail::Candidate(CandidatePattern::Given | CandidatePattern::End),
        ) => Ok(Kind::Candidate),
        _ => Err(report.error(
            name.position,
            format!("`{}` carries nothing to name here", event.event),
        )),
    }
}

/// A closed connection fires no more events: what waits for one waits for ever.
pub(super) fn refuse_after_close(
    report: &Report,
    scope: &Scope,
    position: Position,
    event: &EventPattern,
) -> Checked<()> {
    let Target::Peer(role) = &event.target else {
        return Ok(());
    };
    match scope.closed.get(role) {
        Some(closed) => Err(report.error(
            position,
            format!("this can never happen: {role:?} was closed at {closed}, and a closed connection fires no events"),
        )),
        None => Ok(()),
    }
}

/// The keys that say what happened.
pub(crate) const HAPPENINGS: &[&str] = &["event", "signal", "settled"];
/// All keys of something that happened.
pub(crate) const HAPPENING_KEYS: &[&str] = &[
    "event",
    "state",
    "candidate",
    "label",
    "text",
    "binary",
    "length",
    "error",
    "signal",
    "from",
    "to",
    "settled",
    "how",
];

/// Something that happened in a run.
pub(super) fn happening(report: &Report, scope: &Scope, node: &Node, more: &[&str]) -> Checked<Happening> {
    let all: Vec<&str> = HAPPENING_KEYS.iter().chain(more).copied().collect();
    let fields = report.fields(node, "what happened", &all)?;
    let (key, value) = fields.one_of(report, HAPPENINGS)?;
    let beside: Vec<&str> = match key.text.as_str() {
        "event" => DETAILS.to_vec(),
        "signal" => vec!["from", "to"],
        _ => vec!["how"],
    };
    let known: Vec<&str> = beside
        .iter()
        .chain(more)
        .chain([&key.text.as_str()])
        .copied()
        .collect();
    for (other, _) in report.entries(node, "what happened")? {
        if all.contains(&other.text.as_str()) && !known.contains(&other.text.as_str()) {
            let message = format!("`{}` does not stand beside `{}`", other.text, key.text);
            return Err(report.error(other.position, message));
        }
    }
    match key.text.as_str() {
        "event" => pattern(report, scope, value, node).map(Happening::Event),
        "signal" => {
            fields.require(report, "to")?;
            let pattern = places::signal_pattern(report, scope, node, &all)?;
            match pattern.kind {
                SignalKind::Any => Err(report.error(value.position, "say which signal; `any` is for faults")),
                _ => Ok(Happening::Signal(pattern)),
            }
        }
        _ => settled(report, scope, value, fields.get("how")),
    }
}

fn settled(report: &Report, scope: &Scope, node: &Node, how: Option<&Node>) -> Checked<Happening> {
    let values = [Settlement::Fulfilled, Settlement::Rejected];
    let how = how
        .map(|node| report.word(node, "settlement", SETTLEMENTS, &values))
        .transpose()?;
    let how = how.unwrap_or(Settlement::Any);
    let text = report.text(node, "a promise, or a method such as `a.setLocalDescription`")?;
    let Some((role, method)) = text.split_once('.') else {
        let role = scope.promise(report, node.position, text)?;
        return Ok(Happening::SettledPromise {
            promise: text.to_owned(),
            role,
            how,
        });
    };
    if !scope.roles.iter().any(|known| known == role) {
        return Err(report.unknown(
            node.position,
            "role",
            role,
            scope.roles.iter().map(String::as_str),
        ));
    }
    let promising = Method::OF_PEERS
        .iter()
        .copied()
        .filter(|name| returns_promise(name));
    let found = promising.clone().find(|name| *name == method);
    let method =
        found.ok_or_else(|| report.unknown(node.position, "method with a promise", method, promising))?;
    Ok(Happening::Settled {
        role: role.to_owned(),
        method,
        how,
    })
}

fn returns_promise(method: &str) -> bool {
    !matches!(method, "createDataChannel" | "restartIce" | "close")
}

/// Refuses an order between events of different peers that nothing ties together: it would be chance.
pub(super) fn check_order(report: &Report, order: &[crate::script::Located<Happening>]) -> Checked<()> {
    let mut known_at: Vec<&str> = Vec::new();
    for item in order {
        let (at, then) = match &item.value {
            Happening::Event(event) => (event.target.role(), vec![event.target.role()]),
            Happening::Settled { role, .. } | Happening::SettledPromise { role, .. } => {
                (role.as_str(), vec![role.as_str()])
            }
            Happening::Signal(signal) => {
                let to = signal.to.as_deref().unwrap_or(&signal.from);
                (signal.from.as_str(), vec![signal.from.as_str(), to])
            }
        };
        if !known_at.is_empty() && !known_at.contains(&at) {
            let message = format!(
                "nothing puts what happens at {at:?} after what happens at {:?}",
                known_at[0]
            );
            let help = format!(
                "name the signal that does: `{{ signal: offer, from: {}, to: {at} }}`",
                known_at[0]
            );
            return Err(report.error_with_help(item.position, message, help));
        }
        known_at = then;
    }
    Ok(())
}
