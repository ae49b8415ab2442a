//! The language as a JSON Schema (2020-12), so that editors complete and check scenarios as they are written.
//!
//! A schema knows no variables: what it lets through may still be refused by the loader, never the other way round. This
//! file describes the head, [`steps`] the script, [`expectations`] what is expected; [`build`] has the pieces.

mod build;
mod expectations;
mod servers;
mod steps;

use glare_peer::{BundlePolicy, DtlsVersion, IceTransportPolicy, RtcpMuxPolicy};
use serde_json::{Value, json};

use self::build::{
    boolean, duration, integer, list, named, object, one_of, pair, quantity, reference, role, size, text,
    with_payload,
};
use self::expectations::{conditions, details, expected_value, happenings};
use self::steps::{exception, steps};
use crate::load::names;
use crate::script::{Blocks, IdentityBehaviour, Level, SignalKind};

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
            ("servers", servers::servers()),
            ("names", servers::names()),
            (
                "links",
                json!({ "type": "array", "description": "The links; by default one of 10 ms delay between each two hosts and servers, named `a-b`.", "items": reference("link") }),
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
                "identityProviders",
                json!({
                    "type": "object", "description": "Who answers for identity providers, by domain.",
                    "additionalProperties": identity_provider(),
                }),
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
    let mut definitions = own_definitions();
    if let Value::Object(members) = &mut definitions {
        for dictionary in glare_peer::interface::dictionaries::ALL {
            members.insert(dictionary.name.to_owned(), build::dictionary(dictionary));
        }
    }
    definitions
}

fn own_definitions() -> Value {
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
        "expected-value": expected_value(glare_peer::interface::Type::Any),
        "exception": exception(),
        "happening": { "description": "Something that happened.", "anyOf": happenings(&[]) },
        "event-detail": with_payload(object("What the event carries.", &[], details())),
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
            (
                "certificates",
                json!({
                    "type": "array", "description": "Algorithms that certificates are generated by beforehand.",
                    "items": reference("AlgorithmIdentifier"),
                }),
            ),
            (
                "peerIdentity",
                text("The identity that the other side must have."),
            ),
        ],
    );
    object(
        "How a connection is constructed.",
        &[],
        [
            ("configuration", configuration),
            ("iceLite", boolean("Hold it to a lite implementation of ICE.")),
            (
                "mdns",
                boolean("Hold it to names of multicast DNS in place of addresses of host candidates."),
            ),
            ("iceTcp", boolean("Let it gather TCP candidates too.")),
            (
                "dtls",
                one_of("Hold the handshake to this version of DTLS.", DtlsVersion::NAMES),
            ),
        ],
    )
}

fn identity_provider() -> Value {
    let behaviour = |of: &str| {
        one_of(
            &format!("What comes of {of}; by default an answer."),
            IdentityBehaviour::NAMES,
        )
    };
    object(
        "An identity provider.",
        &[],
        [
            (
                "identity",
                text("Whom it asserts; by default `user@` its domain."),
            ),
            ("assertion", behaviour("asking for an assertion")),
            ("validation", behaviour("asking to validate one")),
            (
                "delay",
                duration("How long it takes to answer; by default 20 ms."),
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
            "blocks",
            json!({ "type": "array", "description": "The protocols of which every packet is dropped.", "items": one_of("A protocol.", Blocks::NAMES) }),
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
