//! Servers and names.

use serde_json::{Value, json};

use super::build::{boolean, duration, integer, list, object, one_of, text};
use crate::script::{ServerRequest, ServerTransport};

/// A mapping whose keys are names of hosts.
fn by_name(description: &str, value: Value) -> Value {
    json!({
        "type": "object", "description": description, "additionalProperties": false,
        "patternProperties": { r"^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$": value },
    })
}

pub(super) fn servers() -> Value {
    let turn = object(
        "How it relays; without it there is no TURN.",
        &["users", "realm"],
        [
            (
                "users",
                json!({ "type": "object", "description": "The users, each with its password.", "minProperties": 1, "additionalProperties": text("The password.") }),
            ),
            ("realm", text("The realm of the users.")),
            (
                "lifetime",
                duration("The longest lifetime of an allocation, in whole seconds; by default 10min."),
            ),
            (
                "nonceLifetime",
                duration("How long a nonce holds; by default 60min."),
            ),
            (
                "quota",
                integer(
                    "How many allocations a user may have at a time.",
                    0,
                    Some(u64::from(u32::MAX)),
                ),
            ),
        ],
    );
    let reject = object(
        "It answers with an error.",
        &["reject"],
        [
            ("reject", integer("The error code.", 300, Some(699))),
            ("alternate", text("The server to ask instead, with its port.")),
        ],
    );
    let fault = object(
        "Something that it does other than it should.",
        &["on", "do"],
        [
            ("on", one_of("At which requests.", ServerRequest::NAMES)),
            (
                "nth",
                integer("Only the request of this number.", 1, Some(u64::from(u32::MAX))),
            ),
            (
                "do",
                json!({ "description": "What it does.", "anyOf": [one_of("It does not answer.", &["silent"]), reject] }),
            ),
        ],
    );
    by_name(
        "STUN and TURN servers by their names, each on a host of its own.",
        object(
            "A server; `{}` answers STUN over UDP and TCP.",
            &[],
            [
                (
                    "addresses",
                    list(
                        "Its addresses; by default 192.0.2.n for the nth server.",
                        text("An IPv4 or IPv6 address."),
                    ),
                ),
                (
                    "port",
                    integer("Its port; by default 3478.", 1, Some(u64::from(u16::MAX))),
                ),
                (
                    "transports",
                    list(
                        "Over what it is reached; by default UDP and TCP.",
                        one_of("A transport.", ServerTransport::NAMES),
                    ),
                ),
                (
                    "stun",
                    boolean("Whether it answers Binding requests; by default true."),
                ),
                ("turn", turn),
                (
                    "faults",
                    json!({ "type": "array", "description": "What it does other than it should; the first that matches decides.", "items": fault }),
                ),
            ],
        ),
    )
}

pub(super) fn names() -> Value {
    by_name(
        "Names beside those of the servers, each with what it resolves to.",
        list("Its addresses.", text("An IPv4 or IPv6 address.")),
    )
}
