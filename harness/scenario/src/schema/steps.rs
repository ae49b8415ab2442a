//! The steps, verb by verb.

use glare_peer::interface::Type;
use glare_peer::{Interface, RtcErrorDetail};
use serde_json::{Value, json};

use super::build::{
    NAME, USUAL_ROLES, attribute_path, boolean, duration, event_path, integer, list, object, one_of, path,
    quantity, reference, role, size, text, typed, variable, variable_reference, with_payload,
};
use super::expectations::{details, expect};
use super::link_settings;
use crate::load::names;
use crate::script::{MediaDirection, Setup};

pub(super) fn steps(in_listener: bool) -> Vec<Value> {
    let all = [
        step("call", call(), &[]),
        step(
            "settle",
            vec![
                (
                    "settle",
                    text("The promise to await, by the name that `start` gave it."),
                ),
                ("rejects", reference("exception")),
                ("as", variable("Names what it was fulfilled with.")),
            ],
            &[],
        ),
        step(
            "construct",
            vec![
                (
                    "construct",
                    path(
                        "The interface to construct, below the role whose page it is.",
                        &names::constructible().map(Interface::name).collect::<Vec<_>>(),
                    ),
                ),
                ("with", with()),
                ("throws", reference("exception")),
                ("as", variable("Names what was constructed.")),
            ],
            &[],
        ),
        step(
            "set",
            vec![
                (
                    "set",
                    json!({
                        "type": "object", "description": "The attribute of an object and its value.",
                        "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
                        "patternProperties": setters(),
                    }),
                ),
                ("throws", reference("exception")),
            ],
            &[],
        ),
        step(
            "send",
            vec![("send", send()), ("throws", reference("exception"))],
            &[],
        ),
        step("negotiate", vec![("negotiate", negotiate())], &[]),
        step(
            "trickle",
            vec![(
                "trickle",
                object(
                    "From here on every candidate of one peer goes to the other, which adds it.",
                    &["from", "to"],
                    [
                        ("from", role("Whose candidates.")),
                        ("to", role("Who adds them.")),
                    ],
                ),
            )],
            &[],
        ),
        step(
            "signal",
            vec![(
                "signal",
                object(
                    "Puts a description or candidate on the signalling plane.",
                    &["from", "to", "send"],
                    [
                        ("from", role("The sender.")),
                        ("to", role("The receiver.")),
                        ("send", variable_reference("The variable: `${offer}`.")),
                    ],
                ),
            )],
            &[],
        ),
        step(
            "receive",
            vec![(
                "receive",
                object(
                    "Awaits the next message.",
                    &["at", "from"],
                    [
                        ("at", role("The receiver.")),
                        ("from", role("The sender.")),
                        (
                            "kind",
                            one_of("What is awaited; by default a description.", names::MESSAGE_KINDS),
                        ),
                        ("as", variable("Names what came.")),
                        ("within", duration("How long at most.")),
                    ],
                ),
            )],
            &[],
        ),
        step("wait", vec![("wait", wait())], &[]),
        step("on", listener(), &["do"]),
        step("change", change(), &[]),
        step(
            "read",
            vec![
                ("read", attribute_path("The attribute to read.")),
                ("as", variable("Names its value.")),
            ],
            &["as"],
        ),
        step(
            "edit",
            vec![("edit", edit()), ("as", variable("Names the result."))],
            &["as"],
        ),
        step(
            "mark",
            vec![("mark", variable("Names this moment, for `elapsed`."))],
            &[],
        ),
        step("expect", vec![("expect", expect())], &[]),
    ];
    all.into_iter()
        .filter(|(verb, _)| !in_listener || names::LISTENER_VERBS.contains(verb))
        .map(|(_, schema)| schema)
        .collect()
}

pub(super) fn step(
    verb: &'static str,
    mut keys: Vec<(&'static str, Value)>,
    required: &[&str],
) -> (&'static str, Value) {
    keys.push(("clause", reference("clause")));
    keys.push(("level", reference("level")));
    let required: Vec<&str> = [verb].iter().chain(required).copied().collect();
    let schema = object(&format!("A `{verb}` step."), &required, keys);
    (
        verb,
        if verb == "on" {
            with_payload(schema)
        } else {
            schema
        },
    )
}

/// The attributes that can be set, as patterns of paths to them.
fn setters() -> serde_json::Map<String, Value> {
    let mut patterns = serde_json::Map::new();
    for interface in Interface::ALL {
        for name in names::settable(*interface) {
            let holds = interface.attribute(name).map_or(Type::Any, |member| member.holds);
            patterns.insert(format!(r"^{NAME}(\.[A-Za-z0-9-]+)*\.{name}$"), typed(holds));
        }
    }
    patterns
}

/// What `with` may be: a variable, or arguments by their names. Which ones, the loader knows.
fn with() -> Value {
    let mut arguments = serde_json::Map::new();
    let mut add = |name: &str, holds: Type| {
        let schema = typed(holds);
        let known = arguments.get(name).cloned();
        let schema = match known {
            Some(known) if known != schema => {
                json!({ "description": "It depends on the method.", "anyOf": [known, schema] })
            }
            _ => schema,
        };
        arguments.insert(name.to_owned(), schema);
    };
    for interface in Interface::ALL {
        let table = interface.table();
        let all = (table.methods.iter().map(|method| method.arguments))
            .chain(table.constructor.iter().map(|constructor| constructor.arguments));
        for argument in all.flatten() {
            add(argument.name, argument.holds);
            if let Type::Dictionary(dictionary) = argument.holds {
                for member in dictionary.members {
                    add(member.name, member.holds);
                }
            }
        }
    }
    let by_name = json!({
        "type": "object", "additionalProperties": false, "properties": arguments,
        "description": "The arguments by name, with the members of a dictionary that is the last one.",
    });
    let changed = object(
        "A dictionary with some of it changed.",
        &["from", "set"],
        [
            ("from", variable_reference("The dictionary.")),
            (
                "set",
                json!({ "type": "object", "minProperties": 1, "description": "What changes." }),
            ),
        ],
    );
    json!({
        "description": "The arguments, or a variable that holds them.",
        "anyOf": [variable_reference("A variable."), by_name, changed],
    })
}

pub(super) fn call() -> Vec<(&'static str, Value)> {
    let mut methods: Vec<&str> = Vec::new();
    for interface in Interface::ALL {
        let statics = interface.table().methods.iter().filter(|method| method.is_static);
        for name in names::callable(*interface).chain(statics.map(|method| method.name)) {
            if !methods.contains(&name) {
                methods.push(name);
            }
        }
    }
    let peers: Vec<String> = USUAL_ROLES
        .iter()
        .flat_map(|role| names::callable(Interface::PeerConnection).map(move |name| format!("{role}.{name}")))
        .collect();
    vec![
        (
            "call",
            json!({ "description": "The method to call; the script waits for its promise.", "anyOf": [
                { "enum": peers },
                { "type": "string", "pattern": format!(r"^{NAME}(\.[A-Za-z0-9-]+)*\.({})$", methods.join("|")) },
            ] }),
        ),
        ("with", with()),
        ("as", variable("Names what it returned or was fulfilled with.")),
        (
            "start",
            variable("Does not wait; names the promise for `settle`."),
        ),
        ("throws", reference("exception")),
        ("rejects", reference("exception")),
    ]
}

/// The variables for what an event carries.
fn carried() -> Value {
    json!({ "description": "Names what the event carries: the one thing that matters, or attributes of the event.", "anyOf": [
        variable("Its name."),
        {
            "type": "object", "minProperties": 1, "description": "Attributes of the event with their names.",
            "additionalProperties": { "type": "string", "description": "Its name." },
        },
    ] })
}

pub(super) fn send() -> Value {
    object(
        "Sends messages.",
        &["on"],
        [
            ("on", text("The data channel.")),
            ("text", text("A string.")),
            (
                "binary",
                quantity("Bytes in hexadecimal digits.", "^([0-9A-Fa-f]{2})*$"),
            ),
            ("size", size("That many bytes of filler.")),
            (
                "count",
                integer("How many messages; each is different.", 1, Some(1_000_000)),
            ),
            ("every", duration("The time between two.")),
        ],
    )
}

pub(super) fn negotiate() -> Value {
    json!({ "description": "One offer/answer exchange, or the listeners of perfect negotiation.", "anyOf": [
        object("One whole exchange: each description is created, applied, signalled and applied there.", &["offer", "answer"], [
            ("offer", role("Who offers.")),
            ("answer", role("Who answers.")),
            ("trickle", boolean("Whether candidates go separately (by default) or inside the descriptions.")),
            ("iceRestart", boolean("Whether the offer restarts ICE.")),
        ]),
        object("Installs the listeners of the perfect negotiation example on both peers.", &["polite", "impolite"], [
            ("polite", role("Who gives way when offers collide.")),
            ("impolite", role("Who does not.")),
        ]),
    ] })
}

pub(super) fn wait() -> Value {
    let mut event = vec![("event", event_path("The next such event from now on."))];
    event.extend(details());
    event.push(("within", duration("How long at most.")));
    event.push(("as", carried()));
    json!({ "description": "Waits.", "anyOf": [
        duration("This long in virtual time."),
        object("Until all conditions hold at one moment.", &["for"], [
            ("for", reference("conditions")),
            ("within", duration("How long at most.")),
            ("as", carried()),
        ]),
        with_payload(object("Until an event.", &["event"], event)),
        object("Until messages have been received.", &["received"], [
            ("received", object("Which.", &["on"], [
                ("on", text("The receiving data channel.")),
                ("count", integer("How many messages since it came to be.", 1, None)),
                ("all", text("The sending data channel: as many as that has sent.")),
            ])),
            ("within", duration("How long at most.")),
        ]),
    ] })
}

pub(super) fn listener() -> Vec<(&'static str, Value)> {
    let mut keys = vec![(
        "on",
        event_path("The event; the listener runs once, at the first from here on."),
    )];
    keys.extend(details());
    keys.push(("as", carried()));
    keys.push(("do", json!({ "type": "array", "minItems": 1, "description": "What to do inside the dispatch of the event.", "items": reference("listener-step") })));
    keys
}

pub(super) fn change() -> Vec<(&'static str, Value)> {
    let mut keys = vec![
        ("link", text("The link.")),
        (
            "direction",
            one_of("Which direction of it; by default both.", names::DIRECTIONS),
        ),
    ];
    keys.extend(link_settings());
    keys.push(("outage", boolean("Whether every packet is lost.")));
    vec![
        (
            "change",
            json!({ "description": "What changes at once.", "anyOf": [
            object("Changes a link.", &["link"], keys),
            object("Switches a server off or on; one that is on again has forgotten all.", &["server", "down"], [
                ("server", text("The server.")),
                ("down", boolean("Whether it is off.")),
            ]),
        ] }),
        ),
        (
            "for",
            duration("After how long it is undone, while the script goes on."),
        ),
    ]
}

pub(super) fn edit() -> Value {
    object(
        "Edits the text of a description.",
        &["description"],
        [
            ("description", variable_reference("The variable: `${offer}`.")),
            (
                "fingerprint",
                text("`wrong` changes a digit of the hash; or the new value."),
            ),
            (
                "icePwd",
                text("`wrong` changes a character of the password; or the new one."),
            ),
            ("iceUfrag", text("The new username fragment.")),
            ("setup", one_of("The new `a=setup`.", Setup::NAMES)),
            ("removeLine", text("Removes every line that starts so.")),
            (
                "replaceLine",
                object(
                    "Replaces every line that starts so.",
                    &["starts", "with"],
                    [
                        ("starts", text("How the line starts.")),
                        ("with", text("The new line.")),
                    ],
                ),
            ),
            (
                "insertLine",
                object(
                    "Inserts a line after the first that starts so.",
                    &["after", "line"],
                    [
                        ("after", text("How the line before starts.")),
                        ("line", text("The new line.")),
                    ],
                ),
            ),
            (
                "maxMessageSize",
                integer("The new `a=max-message-size` in bytes.", 0, None),
            ),
            (
                "removeCandidates",
                json!({ "const": true, "description": "Removes all candidates." }),
            ),
            ("truncateAtLine", integer("Keeps only so many lines.", 1, None)),
            (
                "direction",
                in_section(one_of("The new direction.", MediaDirection::NAMES)),
            ),
            (
                "reject",
                integer("Sets the port of this media description to 0.", 0, Some(65_535)),
            ),
            ("removeCodec", in_section(text("The codec's name."))),
            (
                "bundle",
                json!({ "type": "array", "description": "The mids of the BUNDLE group; none removes it.", "items": { "type": "string", "description": "A mid." } }),
            ),
            (
                "msid",
                in_section(
                    json!({ "type": ["string", "null"], "description": "The new a=msid; null removes it." }),
                ),
            ),
        ],
    )
}

fn in_section(is: Value) -> Value {
    object(
        "In one media description.",
        &["section", "is"],
        [
            (
                "section",
                integer("The index of the media description, from 0.", 0, Some(65_535)),
            ),
            ("is", is),
        ],
    )
}

pub(super) fn exception() -> Value {
    let names: Vec<&str> = names::exception_names().collect();
    json!({ "description": "The exception: its name, or more of it.", "anyOf": [
        one_of("Its name.", &names),
        object("More of it.", &["name"], [
            ("name", json!({ "description": "Its name, or several that are allowed.", "anyOf": [
                one_of("Its name.", &names),
                object("Several.", &["in"], [("in", list("The names.", one_of("A name.", &names)))]),
            ] })),
            ("errorDetail", one_of("RTCError: its errorDetail.", RtcErrorDetail::NAMES)),
            ("sdpLineNumber", integer("RTCError: its sdpLineNumber, from 1.", 1, None)),
        ]),
    ] })
}
