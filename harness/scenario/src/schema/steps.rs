//! The steps, verb by verb.

use glare_peer::{RtcErrorDetail, SdpType};
use serde_json::{Value, json};

use super::build::{
    NAME, attribute_path, boolean, duration, event_path, integer, list, object, one_of, path, quantity,
    reference, role, size, text, variable, variable_reference,
};
use super::expectations::{details, expect};
use super::link_settings;
use crate::load::names;
use crate::script::{Method, Setup};

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
            "set",
            vec![
                (
                    "set",
                    json!({
                        "type": "object", "description": "The attribute of a data channel and its value in bytes.",
                        "minProperties": 1, "maxProperties": 1, "additionalProperties": false,
                        "patternProperties": { (format!(r"^{NAME}\.{}$", names::SETTABLE)): integer("Bytes.", 0, None) },
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
    (verb, object(&format!("A `{verb}` step."), &required, keys))
}

pub(super) fn call() -> Vec<(&'static str, Value)> {
    let methods: Vec<&str> = Method::OF_PEERS.to_vec();
    let arguments = object(
        "The arguments.",
        &[],
        [
            ("iceRestart", boolean("createOffer: whether ICE is to restart.")),
            ("type", one_of("A description: its type.", SdpType::NAMES)),
            ("sdp", text("A description: its text.")),
            (
                "candidate",
                text("A candidate: its text; empty for the end of candidates."),
            ),
            ("sdpMid", text("A candidate: the mid of its media description.")),
            (
                "sdpMLineIndex",
                integer(
                    "A candidate: the index of its media description.",
                    0,
                    Some(65_535),
                ),
            ),
            ("usernameFragment", text("A candidate: its ICE generation.")),
            ("label", text("createDataChannel: the channel's name.")),
            (
                "ordered",
                boolean("createDataChannel: whether messages arrive in order."),
            ),
            (
                "maxPacketLifeTime",
                integer(
                    "createDataChannel: for how many milliseconds a message is sent again.",
                    0,
                    Some(65_535),
                ),
            ),
            (
                "maxRetransmits",
                integer(
                    "createDataChannel: how often a message is sent again.",
                    0,
                    Some(65_535),
                ),
            ),
            ("protocol", text("createDataChannel: the subprotocol.")),
            (
                "negotiated",
                boolean("createDataChannel: whether both sides create it by agreement."),
            ),
            (
                "id",
                integer(
                    "createDataChannel: the id of a negotiated channel.",
                    0,
                    Some(65_535),
                ),
            ),
        ],
    );
    vec![
        (
            "call",
            path("The method to call; the script waits for its promise.", &methods),
        ),
        (
            "with",
            json!({ "description": "The arguments, or a variable that holds them.", "anyOf": [variable_reference("A variable."), arguments] }),
        ),
        ("as", variable("Names what it returned or was fulfilled with.")),
        (
            "start",
            variable("Does not wait; names the promise for `settle`."),
        ),
        ("throws", reference("exception")),
        ("rejects", reference("exception")),
    ]
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
    event.push(("as", variable("Names the channel or candidate that it carries.")));
    json!({ "description": "Waits.", "anyOf": [
        duration("This long in virtual time."),
        object("Until all conditions hold at one moment.", &["for"], [
            ("for", reference("conditions")),
            ("within", duration("How long at most.")),
            ("as", variable("Names what the event among the conditions carried.")),
        ]),
        object("Until an event.", &["event"], event),
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
    keys.push((
        "as",
        variable("Names, for its steps alone, the channel or candidate that the event carries."),
    ));
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
