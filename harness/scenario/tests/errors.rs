//! Every mistake a scenario can have is told at its exact place.

mod common;

use std::path::Path;

use common::{all, one, scenario, script, wrong, wrong_with_help};
use glare_scenario::{load, parse};

#[test]
fn a_message_shows_the_line_with_a_caret_and_a_suggestion() {
    let text = script("  - { call: a.createOfer, as: offer }\n");
    assert_eq!(
        one(&text, 5, 13).to_string(),
        "test.yaml:5:13: unknown method of RTCPeerConnection \"createOfer\"; expected createOffer, createAnswer, \
         setLocalDescription, setRemoteDescription, addIceCandidate, restartIce, getConfiguration, setConfiguration, \
         close, createDataChannel, getSenders, getReceivers, getTransceivers, addTrack, removeTrack, addTransceiver, \
         getStats, setIdentityProvider, getIdentityAssertion, addStream, removeStream, createDTMFSender or \
         peerIdentity\n   \
         |\n 5 |   - { call: a.createOfer, as: offer }\n   |             ^\n help: did you mean `createOffer`?"
    );
}

#[test]
fn several_mistakes_are_told_at_once_in_the_order_of_the_file() {
    let text = script("  - { call: a.nothing }\n  - { call: c.close }\n  - { wait: 5 }\n");
    let places: Vec<_> = all(&text)
        .iter()
        .map(|found| (found.line, found.column))
        .collect();
    assert_eq!(places, [(5, 13), (6, 13), (7, 13)]);
}

#[test]
fn a_mistake_is_told_once_and_not_again_where_its_step_is_missed() {
    let text = script(
        "  - { call: a.createOfer, as: offer }\n  - { signal: { from: a, to: b, send: \"${offer}\" } }\n  \
         - { receive: { at: b, from: a, as: got } }\n  - { call: b.setRemoteDescription, with: \"${got}\" }\n",
    );
    one(&text, 5, 13);
    // In every cell of a matrix it is the same mistake.
    let text = scenario(
        "peers: { a: {} }\nmatrix: { time: [1s, 2s] }",
        "  - { wait: \"${time}\" }\n  - { cal: a.close }\n",
    );
    one(&text, 7, 7);
}

#[test]
fn an_unknown_key() {
    let text = "scenario: T\nspec: [webrtc-pc#x]\npeers: { a: {} }\nlimits: 5s\nscript: [{ wait: 1s }]\n";
    let found = one(text, 4, 1);
    assert!(
        found
            .message
            .starts_with("unknown key in a scenario: \"limits\"; expected scenario, spec"),
        "{found}"
    );
    assert_eq!(found.help.as_deref(), Some("did you mean `limit`?"));
    let text = script("  - { wait: { event: a.negotiationneeded, withn: 1s } }\n");
    assert_eq!(one(&text, 5, 43).help.as_deref(), Some("did you mean `within`?"));
    let text = script("  - { call: a.close, wiht: {} }\n");
    assert_eq!(one(&text, 5, 22).help.as_deref(), Some("did you mean `with`?"));
}

#[test]
fn a_key_that_is_missing() {
    wrong(
        "spec: [webrtc-pc#x]\npeers: { a: {} }\nscript: [{ wait: 1s }]\n",
        1,
        1,
        "a scenario needs `scenario`",
    );
    wrong(
        &script("  - { trickle: { from: a } }\n"),
        5,
        16,
        "`trickle` needs `to`",
    );
    wrong(
        &script("  - { read: a.localDescription }\n"),
        5,
        5,
        "`read` needs `as` beside it",
    );
}

#[test]
fn a_wrong_type() {
    let text = "scenario: T\nspec: webrtc-pc#x\npeers: { a: {} }\nscript: [{ wait: 1s }]\n";
    wrong(text, 2, 7, "expected a list of clauses, found \"webrtc-pc#x\"");
    let text = script("  - { negotiate: { offer: a, answer: b, trickle: no } }\n");
    wrong(&text, 5, 50, "expected true or false, found \"no\"");
    let text = script("  - { call: a.createDataChannel, with: { label: c, maxRetransmits: -1 } }\n");
    wrong(
        &text,
        5,
        68,
        "expected a whole number from 0 to 65535, found \"-1\"",
    );
    let text = script("  - { call: a.createDataChannel, with: { label: 7 } }\n");
    wrong_with_help(&text, 5, 49, "expected a string, found 7", "quote it: \"7\"");
}

#[test]
fn an_unknown_role() {
    let text = script("  - { trickle: { from: a, to: c } }\n");
    wrong_with_help(
        &text,
        5,
        31,
        "unknown role \"c\"; expected a or b",
        "did you mean `a`?",
    );
    let text = script("  - { wait: { for: { alice.connectionState: connected } } }\n");
    wrong(
        &text,
        5,
        22,
        "unknown role or variable \"alice\"; expected a or b",
    );
}

#[test]
fn two_sides_that_are_one() {
    let text = script("  - { negotiate: { offer: a, answer: a } }\n");
    wrong(&text, 5, 38, "\"a\" stands on both sides; expected another role");
}

#[test]
fn an_unknown_variable() {
    let text = script(
        "  - { call: a.createOffer, as: offer }\n  - { call: a.setLocalDescription, with: \"${offr}\" }\n",
    );
    wrong_with_help(
        &text,
        6,
        42,
        "unknown variable \"offr\"; expected offer",
        "did you mean `offer`?",
    );
}

#[test]
fn a_variable_used_before_it_is_set() {
    let text = script(
        "  - { call: a.setLocalDescription, with: \"${offer}\" }\n  - { call: a.createOffer, as: offer }\n",
    );
    wrong(&text, 5, 42, "\"offer\" is used before it is set, at 6:32");
}

#[test]
fn a_name_that_is_set_twice() {
    let text = script("  - { call: a.createOffer, as: x }\n  - { mark: x }\n");
    wrong(&text, 6, 13, "\"x\" is set twice; first at 5:32");
    let text = script("  - { call: a.createOffer, as: b }\n");
    wrong(&text, 5, 32, "\"b\" is a role; a variable needs another name");
}

#[test]
fn a_variable_of_the_wrong_kind() {
    let text = script("  - { mark: x }\n  - { call: a.setLocalDescription, with: \"${x}\" }\n");
    wrong(&text, 6, 42, "\"x\" is a mark; expected a description");
    let text = script("  - { call: a.createOffer, as: x }\n  - { send: { on: x, text: hello } }\n");
    wrong(&text, 6, 19, "\"x\" is a description; expected a data channel");
    let text = script("  - { call: a.createOffer, as: x }\n  - { expect: { state: { x.sdpp: \"\" } } }\n");
    assert_eq!(one(&text, 6, 26).help.as_deref(), Some("did you mean `sdp`?"));
}

#[test]
fn a_call_without_anything_to_name() {
    let text = script("  - { call: a.close, as: x }\n");
    wrong(
        &text,
        5,
        26,
        "`close` comes back without a value; there is nothing to name",
    );
}

#[test]
fn a_promise_where_there_is_none_and_none_where_there_is_one() {
    let text = script("  - { call: a.close, rejects: InvalidStateError }\n");
    wrong_with_help(
        &text,
        5,
        31,
        "`close` returns no promise to be rejected",
        "use `throws`",
    );
    let text = script("  - { call: a.createOffer, throws: InvalidStateError }\n");
    wrong_with_help(
        &text,
        5,
        36,
        "`createOffer` returns a promise and does not throw",
        "use `rejects`",
    );
    let text = script("  - { call: a.createOffer, start: p }\n  - { settle: p }\n  - { settle: p }\n");
    wrong(&text, 7, 15, "\"p\" has been awaited already");
}

#[test]
fn an_unknown_exception() {
    let text = script("  - { call: a.createAnswer, rejects: InvalidState }\n");
    assert_eq!(
        one(&text, 5, 38).help.as_deref(),
        Some("did you mean `InvalidStateError`?")
    );
    let text = script("  - { call: a.createAnswer, rejects: RTCError }\n");
    wrong_with_help(
        &text,
        5,
        38,
        "the `name` of an RTCError is OperationError",
        "tell it by its detail: `{ name: OperationError, errorDetail: … }`",
    );
}

#[test]
fn an_unknown_event_attribute_or_state() {
    let text = script("  - { wait: { event: a.negotiationneded } }\n");
    assert_eq!(
        one(&text, 5, 22).help.as_deref(),
        Some("did you mean `negotiationneeded`?")
    );
    let text = script("  - { read: a.localDescripton, as: d }\n");
    assert_eq!(
        one(&text, 5, 13).help.as_deref(),
        Some("did you mean `localDescription`?")
    );
    let text = script("  - { wait: { for: { a.signalingState: have-offer } } }\n");
    let found = one(&text, 5, 40);
    assert!(
        found
            .message
            .starts_with("unknown value \"have-offer\"; expected stable, have-local-offer"),
        "{found}"
    );
    let text = script("  - { wait: { event: a.signalingstatechange, state: stabel } }\n");
    assert_eq!(one(&text, 5, 53).help.as_deref(), Some("did you mean `stable`?"));
    let text = script("  - { wait: { event: a.negotiationneeded, state: stable } }\n");
    wrong(&text, 5, 43, "`negotiationneeded` carries no `state`");
    let text = script("  - { expect: { state: { a.sctp.transport.iceTransport.rolle: controlling } } }\n");
    assert_eq!(one(&text, 5, 26).help.as_deref(), Some("did you mean `role`?"));
}

#[test]
fn an_unknown_verb_and_two_verbs() {
    let text = script("  - { cal: a.close }\n");
    assert_eq!(one(&text, 5, 7).help.as_deref(), Some("did you mean `call`?"));
    let text = script("  - { call: a.close, wait: 1s }\n");
    wrong(
        &text,
        5,
        22,
        "a step has one verb; this one is `call`, so `wait` is a step of its own",
    );
}

#[test]
fn a_step_that_can_never_end() {
    let text = script("  - { call: a.close }\n  - { wait: { event: a.negotiationneeded } }\n");
    wrong(
        &text,
        6,
        22,
        "this can never happen: \"a\" was closed at 5:5, and a closed connection fires no events",
    );
    let text = script("  - { call: a.close }\n  - { wait: { for: { a.connectionState: connected } } }\n");
    wrong(
        &text,
        6,
        22,
        "this can never hold: \"a\" was closed at 5:5, and stays closed",
    );
    assert!(
        parse(
            "test.yaml",
            &script("  - { call: a.close }\n  - { wait: { for: { a.connectionState: closed } } }\n")
        )
        .is_ok()
    );
    let text = script("  - { receive: { at: b, from: a } }\n");
    wrong(
        &text,
        5,
        16,
        "nothing comes here: no step before this one signals a description from \"a\" to \"b\"",
    );
}

#[test]
fn a_listener_that_waits() {
    let text = script("  - on: a.negotiationneeded\n    do:\n      - { wait: 1s }\n");
    wrong(
        &text,
        7,
        9,
        "a listener runs inside the dispatch of an event and cannot wait; `wait` is not one of call, set, send, \
         read, mark or expect",
    );
    let text = script(
        "  - on: a.negotiationneeded\n    do:\n      - { call: a.createAnswer, rejects: InvalidStateError }\n",
    );
    wrong(
        &text,
        7,
        42,
        "a listener cannot wait for a promise; name it with `start` and `settle` it later",
    );
}

#[test]
fn two_takers_of_one_message() {
    let text = script("  - { trickle: { from: a, to: b } }\n  - { trickle: { from: a, to: b } }\n");
    wrong(&text, 6, 16, "the candidates of \"a\" trickle to \"b\" already");
    let text =
        script("  - { negotiate: { polite: a, impolite: b } }\n  - { negotiate: { offer: a, answer: b } }\n");
    wrong(
        &text,
        6,
        18,
        "the listeners of an earlier `negotiate` negotiate between \"a\" and \"b\" already",
    );
}

#[test]
fn more_than_one_document() {
    let text = format!("{}---\nscenario: Second\n", script("  - { wait: 1s }\n"));
    wrong(
        &text,
        6,
        1,
        "a second document begins here; a file holds one scenario",
    );
}

#[test]
fn an_empty_file() {
    for text in ["", "\n\n", "# only a comment\n", "---\n"] {
        let found = one(text, 1, 1);
        assert_eq!(
            found.message, "the file is empty; expected a scenario",
            "{text:?}"
        );
    }
}

#[test]
fn a_file_that_is_not_yaml() {
    let found = one("scenario: [unclosed\nspec: x\n", 2, 5);
    assert!(found.message.starts_with("not YAML: "), "{found}");
    wrong(
        "just text\n",
        1,
        1,
        "expected a scenario as a mapping, found \"just text\"",
    );
}

#[test]
fn what_yaml_has_and_scenarios_do_not() {
    let text = "scenario: &title T\nspec: [webrtc-pc#x]\n";
    wrong(
        text,
        1,
        18,
        "a scenario has no anchors (&name); write the value out",
    );
    let text = "scenario: !!str T\nspec: [webrtc-pc#x]\n";
    wrong(text, 1, 17, "a scenario has no tags (!name); write the value out");
}

#[test]
fn a_duplicate_key() {
    let text = "scenario: T\nspec: [webrtc-pc#x]\nscenario: U\npeers: { a: {} }\nscript: [{ wait: 1s }]\n";
    wrong(text, 3, 1, "\"scenario\" is given twice; first at 1:1");
}

#[test]
fn a_path_that_does_not_exist() {
    let found = load(Path::new("no/such.yaml"), Path::new("no")).unwrap_err().0;
    assert_eq!(found.len(), 1);
    let shown = found[0].to_string();
    assert!(shown.starts_with("no/such.yaml:1:1: cannot be read: "), "{shown}");
}

#[test]
fn a_file_that_is_not_utf_8() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bad.yaml");
    std::fs::write(&path, b"scenario: T\nspec: \xff\n").unwrap();
    let found = load(&path, folder.path()).unwrap_err().0;
    assert_eq!((found[0].line, found[0].column), (2, 7));
    assert_eq!(found[0].message, "not UTF-8: byte 18 begins no character");
}

#[test]
fn quantities_without_sense() {
    wrong(
        &script("  - { wait: 5 }\n"),
        5,
        13,
        "\"5\" has no unit; expected a duration such as `40ms`",
    );
    wrong(
        &script("  - { wait: 5h }\n"),
        5,
        13,
        "unknown unit \"h\"; a duration has min, s, ms, µs, us or ns",
    );
    let link = |settings: &str| {
        scenario(
            "peers: { a: {}, b: {} }",
            &format!("  - {{ wait: 1s }}\nlinks:\n  - {{ id: path, between: [a, b], {settings} }}\n"),
        )
    };
    wrong(&link("loss: 101%"), 7, 40, "101% is more than 100%");
    wrong(
        &link("loss: 0.1"),
        7,
        40,
        "\"0.1\" has no unit; expected a share such as `2%`",
    );
    wrong(
        &link("rate: 5"),
        7,
        40,
        "\"5\" has no unit; expected a rate such as `1Mbit/s`",
    );
    wrong(
        &link("delay: 1ms, jitter: 2ms"),
        7,
        5,
        "the jitter is above the delay: a packet would arrive before it is sent",
    );
}

#[test]
fn messages_that_cannot_be_told_apart() {
    let text = script(
        "  - { call: a.createDataChannel, with: { label: c }, as: c }\n  - { send: { on: c, size: 4B, count: 2 } }\n",
    );
    wrong(
        &text,
        6,
        28,
        "filler of less than 8 bytes does not tell several messages apart",
    );
}

#[test]
fn an_unknown_link_or_host() {
    let text = script("  - { change: { link: path, loss: 5% } }\n");
    wrong(&text, 5, 23, "unknown link \"path\"; expected a-b");
    let text = scenario(
        "peers: { a: {}, b: {} }\nlinks: [{ id: path, between: [a, c] }]",
        "  - { wait: 1s }\n",
    );
    wrong_with_help(
        &text,
        4,
        34,
        "unknown host \"c\"; expected a or b",
        "did you mean `a`?",
    );
}

#[test]
fn hosts_that_contradict() {
    let with = |hosts: &str| {
        scenario(
            &format!("peers: {{ a: {{}}, b: {{}} }}\nhosts: {hosts}"),
            "  - { wait: 1s }\n",
        )
    };
    wrong(
        &with("{ x: { peers: [a] } }"),
        4,
        8,
        "the peer \"b\" is on no host",
    );
    wrong(
        &with("{ x: { peers: [a, b] }, y: { peers: [a] } }"),
        4,
        45,
        "the peer \"a\" is on the host \"x\" already",
    );
    wrong(
        &with("{ x: { peers: [a], addresses: [10.0.0.9] }, y: { peers: [b], addresses: [10.0.0.9] } }"),
        4,
        81,
        "the host \"x\" has the address 10.0.0.9 already",
    );
    wrong(
        &with("{ x: { peers: [a, b], addresses: [ten] } }"),
        4,
        42,
        "\"ten\" is no IP address",
    );
}

#[test]
fn a_matrix_that_is_unused_or_unknown() {
    let text = scenario(
        "peers: { a: {} }\nmatrix: { loss: [1%, 2%] }",
        "  - { wait: 1s }\n",
    );
    wrong_with_help(
        &text,
        4,
        11,
        "\"loss\" of the matrix is never used",
        "write \"${loss}\" where a value is to stand",
    );
    let text = scenario(
        "peers: { a: {} }\nmatrix: { time: [1s, 2] }",
        "  - { wait: \"${time}\" }\n",
    );
    wrong(
        &text,
        6,
        13,
        "\"2\" has no unit; expected a duration such as `40ms`",
    );
    let text = script("  - { wait: \"${time}\" }\n");
    wrong(
        &text,
        5,
        13,
        "\"${time}\" is not a duration; expected one such as `40ms`",
    );
}

#[test]
fn an_order_across_peers_without_cause() {
    let order = |middle: &str| {
        script(&format!(
            "  - expect:\n      order:\n        - {{ event: a.signalingstatechange }}\n{middle}        - {{ event: b.signalingstatechange }}\n"
        ))
    };
    wrong_with_help(
        &order(""),
        8,
        11,
        "nothing puts what happens at \"b\" after what happens at \"a\"",
        "name the signal that does: `{ signal: offer, from: a, to: b }`",
    );
    assert!(
        parse(
            "test.yaml",
            &order("        - { signal: offer, from: a, to: b }\n")
        )
        .is_ok()
    );
    // The wrong way round it ties nothing together.
    assert_eq!(
        all(&order("        - { signal: offer, from: b, to: a }\n")).len(),
        1
    );
}

#[test]
fn a_script_without_steps() {
    let text = "scenario: T\nspec: [webrtc-pc#x]\npeers: { a: {} }\nscript: []\n";
    wrong(text, 4, 9, "the list is empty; expected at least one of steps");
}

#[test]
fn a_clause_that_is_none() {
    let with = |clause: &str| {
        format!("scenario: T\nspec: [{clause}]\npeers: {{ a: {{}} }}\nscript: [{{ wait: 1s }}]\n")
    };
    let found = one(&with("RFC9429"), 2, 8);
    assert!(
        found
            .message
            .starts_with("\"RFC9429\" is no clause: it has no `#`"),
        "{found}"
    );
    assert_eq!(
        one(&with("webrtc-cp#x"), 2, 8).help.as_deref(),
        Some("did you mean `webrtc-pc`?")
    );
    assert_eq!(one(&with("RFC9429#5.2"), 2, 8).column, 8);
}

#[test]
fn nothing_a_file_can_hold_makes_the_loader_panic() {
    // Every prefix of a rich scenario, and every one with a byte changed, is read or refused.
    let text = include_str!("../../../scenarios/webrtc-pc/candidates/racing-answer.yaml");
    for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
        let _ = parse("test.yaml", &text[..end]);
    }
    for (index, _) in text.char_indices().step_by(3) {
        for replacement in ["{", "]", ":", "\n", "\"", "$", "0", "é"] {
            let mut changed = text.to_owned();
            let next = text[index..].chars().next().map_or(1, char::len_utf8);
            changed.replace_range(index..index + next, replacement);
            if let Err(diagnostics) = parse("test.yaml", &changed) {
                assert!(!diagnostics.0.is_empty());
                let lines = changed.lines().count() as u32 + 1;
                assert!(
                    diagnostics
                        .0
                        .iter()
                        .all(|found| found.line <= lines && found.column >= 1)
                );
            }
        }
    }
}
