//! The pieces that the schema is put together from.

use serde_json::{Map, Value, json};

use crate::scope::Interface;
use crate::script::EventName;

/// The roles that completion offers; others are as valid.
pub(super) const USUAL_ROLES: &[&str] = &["a", "b"];

pub(super) const NAME: &str = "[A-Za-z][A-Za-z0-9_-]*";

pub(super) const REFERENCE: &str = r"\$\{[A-Za-z][A-Za-z0-9_.-]*\}";

pub(super) fn object<'k>(
    description: &str,
    required: &[&str],
    keys: impl IntoIterator<Item = (&'k str, Value)>,
) -> Value {
    let properties: Map<String, Value> = keys
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    json!({
        "type": "object", "description": description, "additionalProperties": false,
        "required": required, "properties": properties,
    })
}

pub(super) fn named(description: &str, value: Value) -> Value {
    json!({
        "type": "object", "description": description, "minProperties": 1, "additionalProperties": false,
        "patternProperties": { (format!("^{NAME}$")): value },
    })
}

pub(super) fn list(description: &str, items: Value) -> Value {
    json!({ "type": "array", "minItems": 1, "description": description, "items": items })
}

pub(super) fn pair(description: &str, items: Value) -> Value {
    json!({ "type": "array", "minItems": 2, "maxItems": 2, "description": description, "items": items })
}

pub(super) fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

pub(super) fn variable(description: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^{NAME}$"), "description": description })
}

pub(super) fn variable_reference(description: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^{REFERENCE}$"), "description": description })
}

pub(super) fn role(description: &str) -> Value {
    json!({ "type": "string", "description": description, "examples": USUAL_ROLES })
}

pub(super) fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// A value, or one of the matrix in its place.
pub(super) fn or_matrix(description: &str, mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.insert("description".to_owned(), description.into());
    }
    json!({ "description": description, "anyOf": [value, { "type": "string", "pattern": REFERENCE }] })
}

pub(super) fn one_of(description: &str, names: &[&str]) -> Value {
    or_matrix(description, json!({ "enum": names }))
}

pub(super) fn boolean(description: &str) -> Value {
    or_matrix(description, json!({ "type": "boolean" }))
}

pub(super) fn integer(description: &str, least: u64, most: Option<u64>) -> Value {
    let mut schema = json!({ "type": "integer", "minimum": least });
    if let (Value::Object(members), Some(most)) = (&mut schema, most) {
        members.insert("maximum".to_owned(), most.into());
    }
    or_matrix(description, schema)
}

pub(super) fn quantity(description: &str, pattern: &str) -> Value {
    or_matrix(description, json!({ "type": "string", "pattern": pattern }))
}

pub(super) fn duration(description: &str) -> Value {
    quantity(description, r"^[0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|min)$")
}

pub(super) fn size(description: &str) -> Value {
    quantity(description, r"^[0-9]+(\.[0-9]+)?(B|kB|MB|KiB|MiB)$")
}

/// A path to one of these members, of a role or of something it has; completed for the usual roles.
pub(super) fn path(description: &str, members: &[&str]) -> Value {
    let usual: Vec<String> = USUAL_ROLES
        .iter()
        .flat_map(|role| members.iter().map(move |member| format!("{role}.{member}")))
        .collect();
    json!({ "description": description, "anyOf": [
        { "enum": usual },
        { "type": "string", "pattern": format!(r"^{NAME}(\.[A-Za-z]+)*\.({})$", members.join("|")) },
    ] })
}

pub(super) fn event_path(description: &str) -> Value {
    let mut events: Vec<&str> = EventName::OF_PEERS.iter().map(|event| event.as_str()).collect();
    events.extend(
        EventName::ALL
            .iter()
            .map(|event| event.as_str())
            .filter(|name| !events.contains(name))
            .collect::<Vec<_>>(),
    );
    path(description, &events)
}

pub(super) fn attribute_path(description: &str) -> Value {
    let peers: Vec<&str> = Interface::Peer.attributes().collect();
    let rest = glare_peer::Attribute::NAMES
        .iter()
        .copied()
        .filter(|name| !peers.contains(name));
    let all: Vec<&str> = peers.iter().copied().chain(rest).collect();
    path(description, &all)
}
