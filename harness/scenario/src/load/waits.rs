//! Waits and conditions.

use super::events;
use crate::report::{Checked, Report};
use crate::resolve::{Found, Wanted, fits};
use crate::scope::Scope;
use crate::script::{Amount, Condition, EventPattern, Expected, Located, Matcher, Path, Root, Wait};
use crate::tree::{Kind as NodeKind, Node};
use glare_peer::interface::Type;
use glare_peer::{Interface, SdpType};

/// What a `wait` can wait for, where it is a mapping.
pub(crate) const WAITS: &[&str] = &["for", "event", "received"];
/// All keys of a `wait`.
pub(crate) const WAIT_KEYS: &[&str] = &[
    "for",
    "event",
    "received",
    "state",
    "candidate",
    "label",
    "text",
    "binary",
    "length",
    "error",
    "within",
    "as",
];

pub(super) fn wait(report: &Report, scope: &mut Scope, node: &Node) -> Checked<Wait> {
    if let NodeKind::Scalar(_) = node.kind {
        return report.duration(node).map(Wait::Time);
    }
    let fields = report.fields(node, "`wait`", &events::known_keys(WAIT_KEYS, node))?;
    let (key, value) = fields.one_of(report, WAITS)?;
    if key.text != "event" {
        for (other, _) in report.entries(node, "`wait`")? {
            if events::DETAILS.contains(&other.text.as_str()) || events::is_payload(&other.text) {
                let message = format!("`{}` does not stand beside `{}`", other.text, key.text);
                return Err(report.error(other.position, message));
            }
        }
    }
    let within = fields.read("within", |node| report.duration(node))?;
    let name = fields.get("as");
    match key.text.as_str() {
        "for" => {
            let conditions = conditions(report, scope, value, true)?;
            let save = match name {
                None => Vec::new(),
                Some(name) => {
                    let mut happened = conditions.iter().filter_map(|condition| match &condition.value {
                        Condition::Happened { event, .. } => Some(event),
                        _ => None,
                    });
                    let (Some(event), None) = (happened.next(), happened.next()) else {
                        let message = "`as` names what an event carries; expected exactly one event among the conditions";
                        return Err(report.error(name.position, message));
                    };
                    events::carried(report, scope, Some(name), event)?
                }
            };
            Ok(Wait::For {
                conditions,
                within,
                save,
            })
        }
        "event" => {
            let event = events::pattern(report, scope, value, node)?;
            events::refuse_after_close(report, scope, value.position, &event)?;
            let save = events::carried(report, scope, name, &event)?;
            Ok(Wait::Event { event, within, save })
        }
        _ => {
            if let Some(name) = name {
                return Err(report.error(name.position, "`received` gives nothing to name"));
            }
            let fields = report.fields(value, "`received`", RECEIVED_KEYS)?;
            let (channel, _) = scope.channel(report, fields.require(report, "on")?)?;
            let (key, value) = fields.one_of(report, &["count", "all"])?;
            match key.text.as_str() {
                "count" => {
                    let count = report.integer(value, "a number of messages", 1, u64::MAX)?;
                    Ok(Wait::Received {
                        channel,
                        count,
                        within,
                    })
                }
                _ => Ok(Wait::ReceivedAll {
                    channel,
                    sent: scope.channel(report, value)?.0,
                    within,
                }),
            }
        }
    }
}

/// The keys of `received`.
pub(crate) const RECEIVED_KEYS: &[&str] = &["on", "count", "all"];

/// The conditions of a mapping; `awaited` where the script waits for them.
pub(super) fn conditions(
    report: &Report,
    scope: &Scope,
    node: &Node,
    awaited: bool,
) -> Checked<Vec<Located<Condition>>> {
    let entries = report.entries(node, "the conditions")?;
    if entries.is_empty() {
        return Err(report.error(
            node.position,
            "there is no condition; expected one such as `a.signalingState: stable`",
        ));
    }
    let one = |(key, value): &(crate::tree::Key, Node)| {
        let value = match scope.resolve(report, key.position, &key.text, Wanted::Both)? {
            Found::Value(path, holds) => {
                let matcher = matcher(report, scope, value, holds)?;
                if awaited {
                    refuse_never(report, scope, key.position, &path, &matcher)?;
                }
                Condition::Value { path, matcher }
            }
            Found::Event(target, event) => {
                let own: Vec<&str> = ["nth"].iter().chain(events::DETAILS).copied().collect();
                let fields =
                    report.fields(value, "what an event carries", &events::known_keys(&own, value))?;
                let detail = events::detail(report, scope, &target, event, value)?;
                let nth = fields.read("nth", |node| {
                    report.integer(node, "a number", 1, u64::from(u32::MAX))
                })?;
                Condition::Happened {
                    event: EventPattern {
                        target,
                        event,
                        detail,
                    },
                    nth: nth.unwrap_or(1),
                }
            }
        };
        Ok(Located {
            position: key.position,
            value,
        })
    };
    let all: Vec<_> = entries.iter().map(one).collect();
    all.into_iter().collect()
}

/// The state of a closed connection does not change: what waits for another waits for ever.
fn refuse_never(
    report: &Report,
    scope: &Scope,
    position: crate::script::Position,
    path: &Path,
    matcher: &Matcher,
) -> Checked<()> {
    const STATES: &[&str] = &["signalingState", "connectionState", "iceConnectionState"];
    let (Root::Peer(role), [attribute]) = (&path.root, path.members.as_slice()) else {
        return Ok(());
    };
    let Some(closed_at) = scope
        .closed
        .get(role)
        .filter(|_| STATES.contains(&attribute.as_str()))
    else {
        return Ok(());
    };
    let closed = Expected::Text("closed".to_owned());
    let possible = match matcher {
        Matcher::Is(expected) => *expected == closed || matches!(expected, Expected::Path(_)),
        Matcher::In(expected) => expected.contains(&closed),
        Matcher::Not(expected) => *expected != closed,
        Matcher::Amount(_) => false,
    };
    match possible {
        true => Ok(()),
        false => {
            let message =
                format!("this can never hold: {role:?} was closed at {closed_at}, and stays closed");
            Err(report.error(position, message))
        }
    }
}

/// The keys of a value that is not just itself.
pub(crate) const MATCHERS: &[&str] = &["in", "not", "atLeast", "atMost", "type"];

/// What a value of a type must be.
pub(super) fn matcher(report: &Report, scope: &Scope, node: &Node, holds: Type) -> Checked<Matcher> {
    let NodeKind::Map(entries) = &node.kind else {
        return expected(report, scope, node, holds).map(Matcher::Is);
    };
    let fields = report.fields(node, "an expected value", MATCHERS)?;
    if entries
        .iter()
        .any(|(key, _)| matches!(key.text.as_str(), "atLeast" | "atMost"))
    {
        let fields = report.fields(node, "bounds", &["atLeast", "atMost"])?;
        if !matches!(holds.not_null(), Type::Any | Type::Number | Type::Integer { .. }) {
            return Err(report.error(node.position, "only a number has bounds"));
        }
        let number = |node: &Node| match &node.kind {
            NodeKind::Scalar(scalar) => scalar
                .as_number()
                .ok_or_else(|| report.expected(node, "a number")),
            _ => Err(report.expected(node, "a number")),
        };
        let at_least = fields.read("atLeast", number)?;
        return Ok(Matcher::Amount(Amount {
            at_least,
            at_most: fields.read("atMost", number)?,
        }));
    }
    let (key, value) = fields.one_of(report, &["in", "not", "type"])?;
    match key.text.as_str() {
        "in" => {
            let items = report.some_items(value, "values")?;
            items
                .iter()
                .map(|item| expected(report, scope, item, holds))
                .collect::<Checked<_>>()
                .map(Matcher::In)
        }
        "not" => expected(report, scope, value, holds).map(Matcher::Not),
        _ => expected(report, scope, node, holds).map(Matcher::Is),
    }
}

fn expected(report: &Report, scope: &Scope, node: &Node, holds: Type) -> Checked<Expected> {
    let is_description = holds.object() == Some(Interface::SessionDescription);
    let scalar = match &node.kind {
        NodeKind::Scalar(scalar) => scalar,
        NodeKind::Map(_) if is_description => {
            let fields = report.fields(node, "an expected description", &["type"])?;
            let kind = fields.require(report, "type")?;
            let kind = report.enumeration::<SdpType>(kind, "RTCSdpType", SdpType::NAMES)?;
            return Ok(Expected::Description(kind));
        }
        NodeKind::Map(_) => return Err(report.error(node.position, "only a description has a `type`")),
        NodeKind::List(_) => return Err(report.expected(node, "a value, or `{ in: [ … ] }`")),
    };
    if scalar.is_null() {
        return Ok(Expected::Null);
    }
    if let Some(name) = Scope::reference(node) {
        let (path, found) = scope.path(report, node.position, name)?;
        return match fits(found, holds) {
            true => Ok(Expected::Path(path)),
            false => Err(report.error(
                node.position,
                format!(
                    "{name:?} is {}; it cannot be compared with {}",
                    found.describe(),
                    holds.describe()
                ),
            )),
        };
    }
    match holds.not_null() {
        Type::Enumeration { values, .. } => match values.contains(&scalar.text.as_str()) {
            true => Ok(Expected::Text(scalar.text.clone())),
            false => Err(report.unknown(node.position, "value", &scalar.text, values.iter().copied())),
        },
        Type::Boolean => report.boolean(node).map(Expected::Boolean),
        Type::Number | Type::Integer { .. } => match scalar.as_number() {
            Some(number) => Ok(Expected::Number(number)),
            None => Err(report.expected(node, "a number or null")),
        },
        Type::String => super::steps::text(report, node).map(Expected::Text),
        Type::Any => Ok(match (scalar.as_bool(), scalar.as_number()) {
            (Some(value), _) => Expected::Boolean(value),
            (_, Some(value)) => Expected::Number(value),
            _ => Expected::Text(scalar.text.clone()),
        }),
        _ if is_description => Err(report.expected(node, "null, a variable or `{ type: offer }`")),
        _ => Err(report.expected(node, "null or a variable")),
    }
}
