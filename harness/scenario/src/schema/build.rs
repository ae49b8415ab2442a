//! The pieces that the schema is put together from.

use glare_peer::Interface;
use glare_peer::interface::{Dictionary, Type};
use serde_json::{Map, Value, json};

use crate::load::names;

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

/// The names of all events; those of the connection first.
pub(super) fn event_names() -> Vec<&'static str> {
    let mut events = Vec::new();
    for interface in Interface::ALL {
        for event in interface.table().events {
            if !events.contains(&event.name) {
                events.push(event.name);
            }
        }
    }
    events
}

pub(super) fn event_path(description: &str) -> Value {
    path(description, &event_names())
}

/// A path to a value: a role or a variable, then members.
pub(super) fn attribute_path(description: &str) -> Value {
    let attributes = Interface::PeerConnection.table().attributes.iter();
    let usual: Vec<String> = attributes
        .filter(|attribute| !attribute.promise)
        .flat_map(|attribute| {
            USUAL_ROLES
                .iter()
                .map(|role| format!("{role}.{}", attribute.name))
        })
        .collect();
    json!({ "description": description, "anyOf": [
        { "enum": usual },
        { "type": "string", "pattern": format!(r"^{NAME}(\.[A-Za-z0-9-]+)+$") },
    ] })
}

/// A value of a type of the interface, or a variable in its place.
pub(super) fn typed(holds: Type) -> Value {
    let variable = variable_reference("A variable, or what it leads to.");
    let plain = match holds.not_null() {
        Type::Boolean => json!({ "type": "boolean" }),
        Type::Integer { least, most } => json!({ "type": "integer", "minimum": least, "maximum": most }),
        Type::Number => json!({ "type": "number" }),
        Type::String => json!({ "type": "string" }),
        Type::Enumeration { values, .. } => json!({ "enum": values }),
        Type::Dictionary(dictionary) => reference(dictionary.name),
        Type::List(item) => json!({ "type": "array", "items": typed(*item) }),
        Type::Either(types) => json!({ "anyOf": types.iter().map(|one| typed(*one)).collect::<Vec<_>>() }),
        Type::Any => json!({}),
        Type::Undefined | Type::Bytes | Type::StatsReport | Type::Object(_) | Type::Nullable(_) => {
            variable.clone()
        }
    };
    let mut any = vec![plain, variable];
    if holds.has_null() {
        any.push(json!({ "type": "null" }));
    }
    json!({ "description": format!("{}.", capital(&holds.describe())), "anyOf": any })
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(characters).collect()
}

/// The members of a dictionary.
pub(super) fn dictionary(dictionary: &Dictionary) -> Value {
    let members = dictionary
        .members
        .iter()
        .map(|member| (member.name, typed(member.holds)));
    let required: Vec<&str> = dictionary
        .members
        .iter()
        .filter(|member| member.required)
        .map(|member| member.name)
        .collect();
    let whole = object(&format!("`{}`.", dictionary.name), &required, members);
    let changed = object(
        "Another with some of it changed.",
        &["from", "set"],
        [
            ("from", variable_reference("The other.")),
            (
                "set",
                json!({ "type": "object", "minProperties": 1, "description": "What changes: `encodings.0.active: false`." }),
            ),
        ],
    );
    json!({ "description": format!("`{}`.", dictionary.name), "anyOf": [whole, changed] })
}

/// A mapping around an event, in which attributes of the event may stand: `track.kind: audio`.
pub(super) fn with_payload(mut schema: Value) -> Value {
    let names: Vec<&str> = names::payload_names().collect();
    if let Value::Object(members) = &mut schema {
        members.insert(
            "patternProperties".to_owned(),
            json!({ (format!(r"^({})(\.[A-Za-z0-9-]+)*$", names.join("|"))): reference("expected-value") }),
        );
    }
    schema
}
