//! What is expected: conditions, happenings and the rest of `expect`.

use glare_peer::interface::Type;
use glare_peer::interface::dictionaries::ALL;
use glare_peer::interface::statistics::STATS_TYPES;
use glare_peer::{Interface, SdpType};
use serde_json::{Map, Value, json};

use super::build::{
    NAME, USUAL_ROLES, boolean, duration, event_names, event_path, integer, list, object, one_of, path,
    quantity, reference, role, size, text, variable, variable_reference, with_payload,
};
use crate::load::names;
use crate::script::{MediaDirection, SdpField, SignalKind};

pub(super) fn expect() -> Value {
    let words = |description: &str| json!({ "type": "array", "description": description, "items": { "type": "string", "description": "A name." } });
    let lines = |description: &str| list(description, text("How a line starts."));
    let compared = |description: &str| {
        object(
            description,
            &[],
            SdpField::NAMES
                .iter()
                .map(|name| (*name, text("The variable of the other description."))),
        )
    };
    let media = object(
        "A media description; what is left out is left open.",
        &[],
        [
            ("kind", text("The media of the m= line: `application`.")),
            (
                "port",
                json!({ "enum": [0, "nonzero"], "description": "The port of the m= line." }),
            ),
            ("mid", text("The a=mid.")),
            ("direction", one_of("The direction.", MediaDirection::NAMES)),
            ("has", lines("Lines that it has.")),
            ("lacks", lines("Lines that it lacks.")),
            ("codecs", words("The names of its codecs in order.")),
            ("rids", words("Its RTP stream identifiers in order.")),
        ],
    );
    let happening = || json!({ "type": "array", "minItems": 1, "description": "Happenings.", "items": reference("happening") });
    let bounds = |what: &str| {
        vec![
            ("atLeast", duration(&format!("At least this {what}."))),
            ("atMost", duration(&format!("At most this {what}."))),
        ]
    };
    let mut elapsed = vec![("since", text("The mark."))];
    elapsed.extend(bounds("long"));
    let all_events = event_names();
    let exactly = json!({
        "type": "object", "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
        "description": "An event with what it carries; `{}` for anything.",
        "properties": all_events.iter().map(|event| ((*event).to_owned(), reference("event-detail"))).collect::<Map<_, _>>(),
    });
    let mut schema = object(
        "What must hold now, and what must have happened.",
        &[],
        [
            ("state", reference("conditions")),
            (
                "sdp",
                object(
                    "What a description says.",
                    &["of"],
                    [
                        ("of", text("The variable of the description.")),
                        (
                            "media",
                            json!({ "type": "array", "description": "Its media descriptions, all of them in order.", "items": media }),
                        ),
                        (
                            "bundle",
                            words("The mids of its BUNDLE group; none for no group."),
                        ),
                        ("has", lines("Lines that it has.")),
                        ("lacks", lines("Lines that it lacks.")),
                        (
                            "same",
                            compared("What it has in common with another description."),
                        ),
                        (
                            "differs",
                            compared("In what it differs from another description."),
                        ),
                    ],
                ),
            ),
            (
                "data",
                object(
                    "What was sent on one channel came out of the other; never more, never twice.",
                    &["sent", "received"],
                    [
                        ("sent", text("The channel that sent.")),
                        ("received", text("The channel that received.")),
                        (
                            "arrived",
                            json!({ "description": "How much of it arrived; by default all.", "anyOf": [
                one_of("All of it, or whatever did.", names::ARRIVED),
                object("Some of it.", &["atLeast"], [("atLeast", integer("At least so many messages.", 0, None))]),
            ] }),
                        ),
                        (
                            "order",
                            one_of("Whether the order was kept; by default it was.", names::ORDERS),
                        ),
                    ],
                ),
            ),
            ("statistics", statistics()),
            (
                "order",
                json!({ "type": "array", "minItems": 2, "description": "These happened in this order; others may lie between.", "items": reference("happening") }),
            ),
            (
                "events",
                object(
                    "Exactly these events.",
                    &["of", "names", "exactly"],
                    [
                        ("of", text("A role, or an object.")),
                        (
                            "names",
                            list("The types looked at.", one_of("An event.", &all_events)),
                        ),
                        (
                            "exactly",
                            json!({ "type": "array", "description": "All of them, in order.", "items": exactly }),
                        ),
                    ],
                ),
            ),
            ("absent", happening()),
            (
                "count",
                json!({ "description": "How often something happened.", "anyOf": happenings(&["is", "atLeast", "atMost"]) }),
            ),
            (
                "pending",
                list("Promises that have not settled.", text("A promise.")),
            ),
            (
                "elapsed",
                object("How much virtual time went by.", &["since"], elapsed),
            ),
        ],
    );
    if let Value::Object(members) = &mut schema {
        members.insert("minProperties".to_owned(), 1.into());
    }
    schema
}

fn statistics() -> Value {
    let members = |description: &str| json!({ "type": "object", "description": description, "additionalProperties": reference("expected-value") });
    let count = object(
        "How many.",
        &[],
        ["is", "atLeast", "atMost"].map(|key| (key, integer("How many.", 0, None))),
    );
    object(
        "What a report of getStats() says.",
        &["of", "type"],
        [
            ("of", text("The variable of the report.")),
            (
                "type",
                one_of("The type of the dictionaries looked at.", STATS_TYPES),
            ),
            ("some", members("At least one of them has these members.")),
            (
                "all",
                members("All of them, and at least one, have these members."),
            ),
            ("count", count),
            ("members", members("Beside `count`: which of them count.")),
        ],
    )
}

pub(super) fn happenings(counts: &[&'static str]) -> Vec<Value> {
    let counts = || counts.iter().map(|key| (*key, integer("How often.", 0, None)));
    let promising: Vec<&str> = names::promising(Interface::PeerConnection).collect();
    let mut event = vec![("event", event_path("An event was fired."))];
    event.extend(details());
    event.extend(counts());
    let signals: Vec<&str> = SignalKind::NAMES
        .iter()
        .copied()
        .filter(|name| *name != "any")
        .collect();
    let mut signal = vec![
        (
            "signal",
            one_of("A message was put on the signalling plane.", &signals),
        ),
        ("from", role("The sender.")),
        ("to", role("The receiver.")),
    ];
    signal.extend(counts());
    let settled = json!({ "description": "A promise settled: one by name, or of a method.", "anyOf": [
        path("A method.", &promising), variable("A promise."),
    ] });
    let mut settled = vec![
        ("settled", settled),
        ("how", one_of("How; either way without it.", names::SETTLEMENTS)),
    ];
    settled.extend(counts());
    vec![
        with_payload(object("An event.", &["event"], event)),
        object("A signal.", &["signal", "from", "to"], signal),
        object("A settlement.", &["settled"], settled),
    ]
}

pub(super) fn details() -> Vec<(&'static str, Value)> {
    let mut states: Vec<&str> = Vec::new();
    let attributes = Interface::ALL
        .iter()
        .flat_map(|interface| interface.table().attributes);
    for attribute in attributes.filter(|attribute| attribute.name.ends_with("tate")) {
        if let Type::Enumeration { values, .. } = attribute.holds {
            states.extend(
                values
                    .iter()
                    .filter(|name| !states.contains(name))
                    .collect::<Vec<_>>(),
            );
        }
    }
    vec![
        ("state", one_of("The state that the event tells of.", &states)),
        (
            "candidate",
            json!({ "enum": ["given", "end", "null", null], "description": "icecandidate: a candidate (by default), the end of a generation, or null." }),
        ),
        ("label", text("datachannel: the channel's label.")),
        ("text", text("message: this string.")),
        (
            "binary",
            quantity(
                "message: these bytes, in hexadecimal digits.",
                "^([0-9A-Fa-f]{2})*$",
            ),
        ),
        ("length", size("message: so many bytes.")),
        ("error", reference("exception")),
    ]
}

/// What a value may be expected to be.
pub(super) fn expected_value(holds: Type) -> Value {
    let plain = match holds.not_null() {
        Type::Enumeration { values, .. } => one_of("A value of the enumeration.", values),
        Type::Boolean => boolean("A boolean."),
        Type::Number | Type::Integer { .. } => json!({ "type": "number", "description": "A number." }),
        Type::String => json!({ "type": "string", "description": "A string." }),
        Type::Object(Interface::SessionDescription) => object(
            "A description.",
            &["type"],
            [("type", one_of("Its type.", SdpType::NAMES))],
        ),
        Type::Any => json!({ "description": "A value.", "anyOf": [
            { "type": ["number", "string", "boolean"] },
            object("A description.", &["type"], [("type", one_of("Its type.", SdpType::NAMES))]),
        ] }),
        _ => json!({ "type": "null", "description": "There is none." }),
    };
    let plain = json!({ "description": "A value.", "anyOf": [plain, { "type": "null" }, variable_reference("A variable.")] });
    json!({ "description": "The value, or what it may be.", "anyOf": [
        plain,
        object("One of several.", &["in"], [("in", list("The values.", plain.clone()))]),
        object("Anything but this.", &["not"], [("not", plain)]),
        object("A number within bounds.", &[], [
            ("atLeast", json!({ "type": "number", "description": "At least." })),
            ("atMost", json!({ "type": "number", "description": "At most." })),
        ]),
    ] })
}

/// The names of all attributes and of all members of dictionaries.
fn member_names() -> Vec<&'static str> {
    let attributes = Interface::ALL
        .iter()
        .flat_map(|interface| interface.table().attributes);
    let members = ALL.iter().flat_map(|dictionary| dictionary.members);
    let names = attributes
        .map(|attribute| attribute.name)
        .chain(members.map(|member| member.name));
    let names: std::collections::BTreeSet<&str> = names.collect();
    names.into_iter().collect()
}

/// Conditions: attributes with their values, and events that have happened.
pub(super) fn conditions() -> Value {
    let mut event = details();
    event.push((
        "nth",
        integer("It happened at least so often; by default once.", 1, None),
    ));
    let event = with_payload(object("What the event carries; `{}` for anything.", &[], event));
    let mut patterns = Map::new();
    let mut usual = Map::new();
    for attribute in Interface::PeerConnection.table().attributes {
        if attribute.promise {
            continue;
        }
        for role in USUAL_ROLES {
            usual.insert(
                format!("{role}.{}", attribute.name),
                expected_value(attribute.holds),
            );
        }
    }
    // What a name leads to, the loader knows; some are of events and of members both, such as `track`.
    let (events, members) = (event_names(), member_names());
    let only = |names: &[&'static str], others: &[&'static str]| -> Vec<&'static str> {
        names
            .iter()
            .copied()
            .filter(|name| !others.contains(name))
            .collect()
    };
    let both: Vec<&str> = events
        .iter()
        .copied()
        .filter(|name| members.contains(name))
        .collect();
    let way = format!(r"^{NAME}(\.[A-Za-z0-9-]+)*");
    patterns.insert(
        format!(r"{way}\.({})$", only(&events, &members).join("|")),
        event.clone(),
    );
    patterns.insert(
        format!(r"{way}\.({})$", both.join("|")),
        json!({ "description": "An event, or a value.", "anyOf": [event, reference("expected-value")] }),
    );
    patterns.insert(
        format!(r"{way}\.({}|length|[0-9]+)$", only(&members, &events).join("|")),
        reference("expected-value"),
    );
    patterns.insert(format!("^{NAME}$"), reference("expected-value"));
    json!({
        "type": "object", "minProperties": 1, "additionalProperties": false,
        "description": "Conditions: attributes with their values, and events that have happened.",
        "properties": usual, "patternProperties": patterns,
    })
}
