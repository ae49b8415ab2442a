//! The language as a JSON Schema (2020-12), so that editors complete and check scenarios as they are written.
//!
//! A schema knows no variables: what it lets through may still be refused by the loader, never the other way round.

use glare_peer::{BundlePolicy, DtlsVersion, IceTransportPolicy, RtcErrorDetail, RtcpMuxPolicy, SdpType};
use serde_json::{Map, Value, json};

use crate::load::names;
use crate::scope::{Holds, Interface};
use crate::script::{EventName, Level, MediaDirection, Method, SdpField, Setup, SignalKind};

/// The roles that completion offers; others are as valid.
const USUAL_ROLES: &[&str] = &["a", "b"];
const NAME: &str = "[A-Za-z][A-Za-z0-9_-]*";
const REFERENCE: &str = r"\$\{[A-Za-z][A-Za-z0-9_.-]*\}";

/// The JSON Schema of a scenario.
pub fn schema() -> Value {
    let mut schema = object(
        "A scenario: what peers do to each other, and what the specification says must come of it.",
        &["scenario", "spec", "peers", "script"],
        [
            ("scenario", text("What it shows, in one sentence.")),
            (
                "spec",
                list(
                    "The clauses that it holds implementations to; the first is meant where a step names none.",
                    reference("clause"),
                ),
            ),
            ("level", reference("level")),
            (
                "requires",
                list(
                    "Capabilities that a peer must have, such as `rollback`; a peer without one is `unsupported`.",
                    text("A capability."),
                ),
            ),
            (
                "peers",
                named(
                    "The roles, each with how its connection is constructed; `{}` for the defaults.",
                    reference("peer"),
                ),
            ),
            (
                "matrix",
                named(
                    "Names with values: one cell for each combination; `${name}` stands for the value.",
                    json!({
                        "type": "array", "minItems": 1, "uniqueItems": true, "description": "The values, one cell each.",
                        "items": { "type": ["string", "number", "boolean"], "description": "A value." },
                    }),
                ),
            ),
            (
                "hosts",
                named(
                    "The machines; by default one for each peer, named like it.",
                    reference("host"),
                ),
            ),
            (
                "links",
                json!({ "type": "array", "description": "The links; by default one of 10 ms delay between each two hosts, named `a-b`.", "items": reference("link") }),
            ),
            (
                "signalling",
                json!({ "type": "array", "description": "How fast signalling is; by default 10 ms between each two peers.", "items": signalling() }),
            ),
            (
                "faults",
                json!({ "type": "array", "description": "What befalls signalling messages; the first that matches decides.", "items": fault() }),
            ),
            (
                "limit",
                duration("The virtual time after which the scenario has failed; by default 120s."),
            ),
            (
                "script",
                json!({ "type": "array", "minItems": 1, "description": "What happens, step by step.", "items": reference("step") }),
            ),
        ],
    );
    if let Value::Object(members) = &mut schema {
        members.insert(
            "$schema".to_owned(),
            "https://json-schema.org/draft/2020-12/schema".into(),
        );
        members.insert("title".to_owned(), "glare scenario".into());
        members.insert("$defs".to_owned(), definitions());
    }
    schema
}

fn definitions() -> Value {
    json!({
        "clause": {
            "description": "A clause: `webrtc-pc#set-description`, `RFC9429#section-5.8.2`.",
            "type": "string",
            "pattern": r"^(RFC[0-9]+#(section|appendix)-[0-9A-Za-z.]+|[a-z-]+#[A-Za-z0-9_.-]+)$",
        },
        "level": one_of("What a departure means: must and should fail, may is only reported. By default must.", Level::NAMES),
        "peer": peer(),
        "host": object("A machine.", &["peers"], [
            ("peers", list("The peers on it.", role("A role."))),
            ("addresses", list("Its addresses; by default 10.0.0.n for the nth host.", text("An IPv4 or IPv6 address."))),
        ]),
        "link": link(),
        "step": { "description": "A step: one verb.", "anyOf": steps(false) },
        "listener-step": { "description": "A step inside the dispatch of an event: nothing that waits.", "anyOf": steps(true) },
        "conditions": conditions(),
        "exception": exception(),
        "happening": { "description": "Something that happened.", "anyOf": happenings(&[]) },
        "event-detail": object("What the event carries.", &[], details()),
    })
}

fn peer() -> Value {
    let server = object(
        "An `RTCIceServer`.",
        &["urls"],
        [
            ("urls", list("STUN or TURN URLs.", text("A URL."))),
            ("username", text("The user name for TURN.")),
            ("credential", text("The password for TURN.")),
        ],
    );
    let configuration = object(
        "The `RTCConfiguration`.",
        &[],
        [
            (
                "iceServers",
                json!({ "type": "array", "description": "STUN and TURN servers.", "items": server }),
            ),
            (
                "iceTransportPolicy",
                one_of("Which candidates may be used.", IceTransportPolicy::NAMES),
            ),
            (
                "bundlePolicy",
                one_of("How media descriptions share transports.", BundlePolicy::NAMES),
            ),
            (
                "rtcpMuxPolicy",
                one_of("Whether RTP and RTCP share a transport.", RtcpMuxPolicy::NAMES),
            ),
            (
                "iceCandidatePoolSize",
                integer("How many ICE generations to gather ahead.", 0, Some(255)),
            ),
        ],
    );
    object(
        "How a connection is constructed.",
        &[],
        [
            ("configuration", configuration),
            (
                "dtls",
                one_of("Hold the handshake to this version of DTLS.", DtlsVersion::NAMES),
            ),
        ],
    )
}

fn link_settings() -> Vec<(&'static str, Value)> {
    vec![
        ("delay", duration("How long a packet travels.")),
        (
            "jitter",
            duration("By how much at most a packet's delay is longer or shorter."),
        ),
        (
            "loss",
            quantity(
                "The share of packets lost at random: `2%`.",
                r"^[0-9]+(\.[0-9]+)?%$",
            ),
        ),
        (
            "rate",
            quantity("Bits per second: `1Mbit/s`.", r"^[0-9]+(\.[0-9]+)?[kMG]?bit/s$"),
        ),
        (
            "queue",
            size("How many bytes wait for the rate before packets are dropped."),
        ),
        (
            "reorder",
            boolean("Whether a packet may overtake one that jitter holds up longer."),
        ),
    ]
}

fn link() -> Value {
    let mut keys = vec![
        ("id", text("Its name.")),
        ("between", pair("The hosts at its ends.", text("A host."))),
    ];
    keys.extend(link_settings());
    keys.push((
        "forward",
        object(
            "What differs from the first host to the second.",
            &[],
            link_settings(),
        ),
    ));
    keys.push((
        "backward",
        object(
            "What differs from the second host to the first.",
            &[],
            link_settings(),
        ),
    ));
    object("A link between two hosts.", &["id", "between"], keys)
}

fn signalling() -> Value {
    object(
        "How fast two peers signal.",
        &["between", "delay"],
        [
            ("between", pair("The roles.", role("A role."))),
            ("delay", duration("How long a message travels, either way.")),
        ],
    )
}

fn signal_pattern() -> Value {
    object(
        "Which messages.",
        &["signal", "from"],
        [
            ("signal", one_of("What they carry.", SignalKind::NAMES)),
            ("from", role("The sender.")),
            ("to", role("The receiver; any without it.")),
            (
                "nth",
                integer("Only the message of this number among those that match.", 1, None),
            ),
        ],
    )
}

fn fault() -> Value {
    let action = json!({
        "description": "What befalls them.",
        "anyOf": [
            one_of("`drop`: it never arrives. `duplicate`: it arrives twice.", names::FAULT_WORDS),
            object("Later.", &["delay"], [("delay", duration("It arrives this much later; others may overtake it."))]),
            object("After another.", &["after"], [("after", signal_pattern())]),
            object("Behind others.", &["behind"], [("behind", integer("It arrives after this many later messages.", 1, None))]),
        ],
    });
    object(
        "A fault of signalling.",
        &["on", "do"],
        [("on", signal_pattern()), ("do", action)],
    )
}

fn steps(in_listener: bool) -> Vec<Value> {
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

fn step(
    verb: &'static str,
    mut keys: Vec<(&'static str, Value)>,
    required: &[&str],
) -> (&'static str, Value) {
    keys.push(("clause", reference("clause")));
    keys.push(("level", reference("level")));
    let required: Vec<&str> = [verb].iter().chain(required).copied().collect();
    (verb, object(&format!("A `{verb}` step."), &required, keys))
}

fn call() -> Vec<(&'static str, Value)> {
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

fn send() -> Value {
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

fn negotiate() -> Value {
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

fn wait() -> Value {
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

fn listener() -> Vec<(&'static str, Value)> {
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

fn change() -> Vec<(&'static str, Value)> {
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
        ("change", object("Changes a link at once.", &["link"], keys)),
        (
            "for",
            duration("After how long it is undone, while the script goes on."),
        ),
    ]
}

fn edit() -> Value {
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

fn expect() -> Value {
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
    let all_events: Vec<&str> = EventName::OF_PEERS
        .iter()
        .chain(EventName::OF_CHANNELS)
        .map(|event| event.as_str())
        .collect();
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
                        ("of", text("A role or a data channel.")),
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

fn happenings(counts: &[&'static str]) -> Vec<Value> {
    let counts = || counts.iter().map(|key| (*key, integer("How often.", 0, None)));
    let promising: Vec<&str> = Method::OF_PEERS
        .iter()
        .copied()
        .filter(|name| !matches!(*name, "createDataChannel" | "restartIce" | "close"))
        .collect();
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
        object("An event.", &["event"], event),
        object("A signal.", &["signal", "from", "to"], signal),
        object("A settlement.", &["settled"], settled),
    ]
}

fn details() -> Vec<(&'static str, Value)> {
    let interfaces = [
        Interface::Peer,
        Interface::Channel,
        Interface::Sctp,
        Interface::Dtls,
        Interface::Ice,
    ];
    let mut states: Vec<&str> = Vec::new();
    for interface in interfaces {
        for attribute in glare_peer::Attribute::ALL {
            if let Some(Holds::Enumeration(names)) = interface.holds(*attribute) {
                states.extend(
                    names
                        .iter()
                        .filter(|name| !states.contains(name))
                        .collect::<Vec<_>>(),
                );
            }
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

/// Conditions: attributes with their values, and events that have happened.
fn conditions() -> Value {
    let value = |holds: Holds| {
        let plain = match holds {
            Holds::Enumeration(names) => one_of("A state.", names),
            Holds::Boolean => boolean("A boolean."),
            Holds::Number => json!({ "type": ["number", "null"], "description": "A number or null." }),
            Holds::Text => json!({ "type": "string", "description": "A string." }),
            Holds::Description => json!({ "description": "Null, or a description of a type.", "anyOf": [
                { "type": "null" },
                object("A description.", &["type"], [("type", one_of("Its type.", SdpType::NAMES))]),
            ] }),
            Holds::Object(_) => json!({ "type": "null", "description": "There is none." }),
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
    };
    let mut event = details();
    event.push((
        "nth",
        integer("It happened at least so often; by default once.", 1, None),
    ));
    let event = object("What the event carries; `{}` for anything.", &[], event);
    let mut patterns = Map::new();
    let mut usual = Map::new();
    let places = [
        (Interface::Peer, ""),
        (Interface::Channel, ""),
        (Interface::Sctp, r"\.sctp"),
        (Interface::Dtls, r"\.sctp\.transport"),
        (Interface::Ice, r"\.sctp\.transport\.iceTransport"),
    ];
    for (interface, place) in places {
        for attribute in glare_peer::Attribute::ALL {
            let Some(holds) = interface.holds(*attribute) else {
                continue;
            };
            patterns.insert(format!("^{NAME}{place}\\.{attribute}$"), value(holds));
            if interface != Interface::Channel {
                let place = place.replace('\\', "");
                usual.extend(
                    USUAL_ROLES
                        .iter()
                        .map(|role| (format!("{role}{place}.{attribute}"), value(holds))),
                );
            }
        }
        for name in interface.events() {
            patterns.insert(format!("^{NAME}{place}\\.{name}$"), event.clone());
        }
    }
    // A variable, or a field of a description or candidate.
    patterns.insert(
        format!("^{NAME}(\\.(type|sdp|candidate|sdpMid|sdpMLineIndex|usernameFragment))?$"),
        json!({
            "description": "The value of a variable, or of a field of it.",
        }),
    );
    json!({
        "type": "object", "minProperties": 1, "additionalProperties": false,
        "description": "Conditions: attributes with their values, and events that have happened.",
        "properties": usual, "patternProperties": patterns,
    })
}

fn exception() -> Value {
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

fn object<'k>(
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

fn named(description: &str, value: Value) -> Value {
    json!({
        "type": "object", "description": description, "minProperties": 1, "additionalProperties": false,
        "patternProperties": { (format!("^{NAME}$")): value },
    })
}

fn list(description: &str, items: Value) -> Value {
    json!({ "type": "array", "minItems": 1, "description": description, "items": items })
}

fn pair(description: &str, items: Value) -> Value {
    json!({ "type": "array", "minItems": 2, "maxItems": 2, "description": description, "items": items })
}

fn text(description: &str) -> Value {
    json!({ "type": "string", "description": description })
}

fn variable(description: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^{NAME}$"), "description": description })
}

fn variable_reference(description: &str) -> Value {
    json!({ "type": "string", "pattern": format!("^{REFERENCE}$"), "description": description })
}

fn role(description: &str) -> Value {
    json!({ "type": "string", "description": description, "examples": USUAL_ROLES })
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

/// A value, or one of the matrix in its place.
fn or_matrix(description: &str, mut value: Value) -> Value {
    if let Value::Object(members) = &mut value {
        members.insert("description".to_owned(), description.into());
    }
    json!({ "description": description, "anyOf": [value, { "type": "string", "pattern": REFERENCE }] })
}

fn one_of(description: &str, names: &[&str]) -> Value {
    or_matrix(description, json!({ "enum": names }))
}

fn boolean(description: &str) -> Value {
    or_matrix(description, json!({ "type": "boolean" }))
}

fn integer(description: &str, least: u64, most: Option<u64>) -> Value {
    let mut schema = json!({ "type": "integer", "minimum": least });
    if let (Value::Object(members), Some(most)) = (&mut schema, most) {
        members.insert("maximum".to_owned(), most.into());
    }
    or_matrix(description, schema)
}

fn quantity(description: &str, pattern: &str) -> Value {
    or_matrix(description, json!({ "type": "string", "pattern": pattern }))
}

fn duration(description: &str) -> Value {
    quantity(description, r"^[0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|min)$")
}

fn size(description: &str) -> Value {
    quantity(description, r"^[0-9]+(\.[0-9]+)?(B|kB|MB|KiB|MiB)$")
}

/// A path to one of these members, of a role or of something it has; completed for the usual roles.
fn path(description: &str, members: &[&str]) -> Value {
    let usual: Vec<String> = USUAL_ROLES
        .iter()
        .flat_map(|role| members.iter().map(move |member| format!("{role}.{member}")))
        .collect();
    json!({ "description": description, "anyOf": [
        { "enum": usual },
        { "type": "string", "pattern": format!(r"^{NAME}(\.[A-Za-z]+)*\.({})$", members.join("|")) },
    ] })
}

fn event_path(description: &str) -> Value {
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

fn attribute_path(description: &str) -> Value {
    let peers: Vec<&str> = Interface::Peer.attributes().collect();
    let rest = glare_peer::Attribute::NAMES
        .iter()
        .copied()
        .filter(|name| !peers.contains(name));
    let all: Vec<&str> = peers.iter().copied().chain(rest).collect();
    path(description, &all)
}
