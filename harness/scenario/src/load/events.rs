//! Which events, signals and settlements are meant.

use glare_peer::Interface;
use glare_peer::interface::Type;

use super::{calls, places, steps, waits};
use crate::report::{Checked, Report};
use crate::resolve::{Found, Wanted, member, members};
use crate::scope::{Kind, Scope};
use crate::script::{
    CandidatePattern, Carried, EventDetail, EventName, EventPattern, Happening, Position, Settlement,
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
    match scope.resolve(report, path.position, text, Wanted::Events)? {
        Found::Event(target, event) => {
            let detail = detail(report, scope, &target, event, details)?;
            Ok(EventPattern {
                target,
                event,
                detail,
            })
        }
        Found::Value(..) => Err(report.error(path.position, format!("{text:?} is no event"))),
    }
}

/// Whether a key says something of an attribute of some event: `track.kind`, `errorCode`.
pub(super) fn is_payload(key: &str) -> bool {
    let first = key.split('.').next().unwrap_or_default();
    !DETAILS.contains(&key) && payload_names().any(|name| name == first)
}

/// The names of the attributes of all events.
pub(crate) fn payload_names() -> impl Iterator<Item = &'static str> {
    let tables = Interface::ALL.iter().map(|interface| interface.table());
    let events = tables.flat_map(|table| table.events);
    events.flat_map(|event| event.payload).map(|payload| payload.name)
}

/// The keys of a mapping around an event: those of its own, those that any event has, and those of payloads in it.
pub(super) fn known_keys<'k>(own: &[&'k str], node: &'k Node) -> Vec<&'k str> {
    let payload = match &node.kind {
        crate::tree::Kind::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    let payload = payload
        .iter()
        .map(|(key, _)| key.text.as_str())
        .filter(|key| is_payload(key));
    own.iter().copied().chain(payload).collect()
}

/// What a mapping says of an event; its other keys are the caller's.
pub(super) fn detail(
    report: &Report,
    scope: &Scope,
    target: &Target,
    event: EventName,
    node: &Node,
) -> Checked<EventDetail> {
    let entries = report.entries(node, "what an event carries")?;
    let payload: Vec<&(Key, Node)> = entries.iter().filter(|(key, _)| is_payload(&key.text)).collect();
    if !payload.is_empty() {
        return self::payload(report, scope, target, event, node, &payload);
    }
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
            let names = states(target.interface, event).ok_or_else(|| wrong(key))?;
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

/// Attributes of an event, and what they lead to, with what they must be.
fn payload(
    report: &Report,
    scope: &Scope,
    target: &Target,
    event: EventName,
    node: &Node,
    given: &[&(Key, Node)],
) -> Checked<EventDetail> {
    if let Some((other, _)) = report
        .entries(node, "what an event carries")?
        .iter()
        .find(|(key, _)| DETAILS.contains(&key.text.as_str()))
    {
        let message = format!("an event is told by one thing; `{}` is one too many", other.text);
        return Err(report.error(other.position, message));
    }
    let carried = target
        .interface
        .event(event.as_str())
        .map_or(&[][..], |event| event.payload);
    let mut all = Vec::new();
    for (key, value) in given {
        let mut parts = key.text.split('.');
        let first = parts.next().unwrap_or_default();
        let attribute = carried.iter().find(|payload| payload.name == first);
        let mut holds = attribute
            .ok_or_else(|| report.error(key.position, format!("`{event}` carries no `{first}`")))?
            .holds;
        for part in parts {
            holds = member(holds, part).ok_or_else(|| {
                let known = members(holds).unwrap_or_default();
                report.unknown(
                    key.position,
                    &format!("member of {}", holds.describe()),
                    part,
                    known,
                )
            })?;
        }
        let matcher = waits::matcher(report, scope, value, holds)?;
        all.push((key.text.split('.').map(str::to_owned).collect(), matcher));
    }
    Ok(EventDetail::Payload(all))
}

/// The states that an event tells of; none where it tells of none.
pub(crate) fn states(interface: Interface, event: EventName) -> Option<&'static [&'static str]> {
    let attribute = match event {
        EventName::SignalingStateChange => "signalingState",
        EventName::IceGatheringStateChange => "iceGatheringState",
        EventName::IceConnectionStateChange => "iceConnectionState",
        EventName::ConnectionStateChange => "connectionState",
        EventName::GatheringStateChange => "gatheringState",
        EventName::StateChange => "state",
        _ => return None,
    };
    match interface.attribute(attribute)?.holds {
        Type::Enumeration { values, .. } => Some(values),
        _ => None,
    }
}

/// The attribute of an event that a bare `as` names.
fn main_attribute(event: EventName) -> Option<&'static str> {
    match event {
        EventName::IceCandidate => Some("candidate"),
        EventName::DataChannel => Some("channel"),
        EventName::Track => Some("transceiver"),
        EventName::AddStream | EventName::RemoveStream => Some("stream"),
        EventName::AddTrack | EventName::RemoveTrack => Some("track"),
        EventName::ToneChange => Some("tone"),
        _ => None,
    }
}

/// The variables for what an event carries: `as: name` for the one thing that matters, `as: { transceiver: name, … }` for more.
pub(super) fn carried(
    report: &Report,
    scope: &mut Scope,
    node: Option<&Node>,
    event: &EventPattern,
) -> Checked<Vec<Carried>> {
    let Some(node) = node else { return Ok(Vec::new()) };
    let member = event.target.interface.event(event.event.as_str());
    let attributes = member.map_or(&[][..], |member| member.payload);
    let is_null = matches!(event.detail, EventDetail::Candidate(CandidatePattern::Null));
    if attributes.is_empty() || is_null || event.event == EventName::Message {
        let message = format!("`{}` carries nothing to name here", event.event);
        return Err(report.error(node.position, message));
    }
    let role = event.target.role.clone();
    let mut save = |node: &Node, attribute: &'static glare_peer::interface::Payload| {
        Ok(Carried {
            attribute: attribute.name,
            variable: scope.set(report, node, Kind::value(attribute.holds, &role))?,
        })
    };
    let find = |name: &str| attributes.iter().find(|attribute| attribute.name == name);
    let names = || attributes.iter().map(|attribute| attribute.name);
    if let crate::tree::Kind::Map(entries) = &node.kind {
        let mut all = Vec::new();
        for (key, value) in entries {
            let what = format!("attribute of `{}`", event.event);
            let attribute =
                find(&key.text).ok_or_else(|| report.unknown(key.position, &what, &key.text, names()))?;
            all.push(save(value, attribute)?);
        }
        return match all.is_empty() {
            true => Err(report.error(node.position, "nothing is named")),
            false => Ok(all),
        };
    }
    match main_attribute(event.event).and_then(find) {
        Some(attribute) => Ok(vec![save(node, attribute)?]),
        None => {
            let all: Vec<&str> = names().collect();
            let message = format!("`{}` carries several things", event.event);
            let help = format!("name those that you need: `as: {{ {}: … }}`", all.join(": …, "));
            Err(report.error_with_help(node.position, message, help))
        }
    }
}

/// A closed connection fires no more events: what waits for one waits for ever.
pub(super) fn refuse_after_close(
    report: &Report,
    scope: &Scope,
    position: Position,
    event: &EventPattern,
) -> Checked<()> {
    let Target {
        interface: Interface::PeerConnection,
        role,
        ..
    } = &event.target
    else {
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
    let own: Vec<&str> = HAPPENING_KEYS.iter().chain(more).copied().collect();
    let all = known_keys(&own, node);
    let fields = report.fields(node, "what happened", &all)?;
    let (key, value) = fields.one_of(report, HAPPENINGS)?;
    let beside: Vec<&str> = match key.text.as_str() {
        "event" => known_keys(DETAILS, node),
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
    let promising = promising(Interface::PeerConnection);
    let found = promising.clone().find(|name| *name == method);
    let method =
        found.ok_or_else(|| report.unknown(node.position, "method with a promise", method, promising))?;
    Ok(Happening::Settled {
        role: role.to_owned(),
        method,
        how,
    })
}

/// The methods of an interface that return a promise.
pub(crate) fn promising(interface: Interface) -> impl Iterator<Item = &'static str> + Clone {
    let methods = interface.table().methods.iter();
    methods
        .filter(|method| method.promise && !method.is_static)
        .map(|method| method.name)
}

/// Refuses an order between events of different peers that nothing ties together: it would be chance.
pub(super) fn check_order(report: &Report, order: &[crate::script::Located<Happening>]) -> Checked<()> {
    let mut known_at: Vec<&str> = Vec::new();
    for item in order {
        let (at, then) = match &item.value {
            Happening::Event(event) => (event.target.role.as_str(), vec![event.target.role.as_str()]),
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
