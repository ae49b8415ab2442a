//! What macros, defaults and matrices come to.

use std::time::Duration;

use glare_scenario::script::{Action, Position};
use glare_scenario::{parse, to_yaml};

fn texts(step: &str) -> Vec<String> {
    let text =
        format!("scenario: T\nspec: [webrtc-pc#x]\npeers: {{ a: {{}}, b: {{}} }}\nscript:\n  - {step}\n");
    let scenario = parse("test.yaml", &text).expect("the step loads").remove(0);
    assert!(
        scenario
            .script
            .iter()
            .all(|step| step.position == Position { line: 5, column: 5 })
    );
    scenario.script.into_iter().map(|step| step.text).collect()
}

#[test]
fn negotiate_comes_to_one_exchange_with_trickle_both_ways() {
    let expected = [
        "trickle: { from: a, to: b }",
        "trickle: { from: b, to: a }",
        "call: a.createOffer, as: negotiation-1-offer",
        "call: a.setLocalDescription, with: \"${negotiation-1-offer}\"",
        "signal: { from: a, to: b, send: \"${negotiation-1-offer}\" }",
        "receive: { at: b, from: a, as: negotiation-1-received-offer }",
        "call: b.setRemoteDescription, with: \"${negotiation-1-received-offer}\"",
        "call: b.createAnswer, as: negotiation-1-answer",
        "call: b.setLocalDescription, with: \"${negotiation-1-answer}\"",
        "signal: { from: b, to: a, send: \"${negotiation-1-answer}\" }",
        "receive: { at: a, from: b, as: negotiation-1-received-answer }",
        "call: a.setRemoteDescription, with: \"${negotiation-1-received-answer}\"",
    ];
    assert_eq!(texts("{ negotiate: { offer: a, answer: b } }"), expected);
}

#[test]
fn negotiate_without_trickle_signals_what_has_been_gathered() {
    let steps = texts("{ negotiate: { offer: a, answer: b, trickle: false, iceRestart: true } }");
    assert_eq!(
        steps[..6],
        [
            "call: a.createOffer, with: { iceRestart: true }, as: negotiation-1-offer",
            "call: a.setLocalDescription, with: \"${negotiation-1-offer}\"",
            "wait: { for: { a.iceGatheringState: complete } }",
            "read: a.localDescription, as: negotiation-1-gathered-offer",
            "signal: { from: a, to: b, send: \"${negotiation-1-gathered-offer}\" }",
            "receive: { at: b, from: a, as: negotiation-1-received-offer }",
        ]
    );
    assert!(!steps.iter().any(|step| step.starts_with("trickle")));
}

#[test]
fn a_second_negotiate_does_not_trickle_again() {
    let text = "scenario: T
spec: [webrtc-pc#x]
peers: { a: {}, b: {} }
script:
  - { trickle: { from: a, to: b } }
  - { negotiate: { offer: a, answer: b } }
  - { negotiate: { offer: b, answer: a } }
";
    let scenario = parse("test.yaml", text).unwrap().remove(0);
    let trickles = scenario
        .script
        .iter()
        .filter(|step| matches!(step.action, Action::Trickle { .. }));
    assert_eq!(trickles.count(), 2);
    assert!(to_yaml(&scenario).contains("negotiation-2-offer"));
}

#[test]
fn defaults_are_written_out() {
    let text = "scenario: T
spec: [webrtc-pc#x]
peers: { a: {}, b: {}, c: {} }
links: [{ id: path, between: [a, b], loss: 2%, backward: { rate: 1Mbit/s } }]
signalling: [{ between: [c, b], delay: 1s }]
script: [{ wait: 1s }]
";
    let scenario = parse("folder/test.yaml", text).unwrap().remove(0);
    assert_eq!(scenario.id, "folder/test");
    assert_eq!(scenario.limit, Duration::from_secs(120));
    let addresses: Vec<String> = scenario
        .hosts
        .iter()
        .map(|host| host.addresses[0].to_string())
        .collect();
    assert_eq!(addresses, ["10.0.0.1", "10.0.0.2", "10.0.0.3"]);
    assert_eq!(scenario.links.len(), 1, "links that are given are all there are");
    let link = &scenario.links[0];
    assert_eq!((link.forward.loss, link.forward.rate), (0.02, None));
    assert_eq!((link.backward.loss, link.backward.rate), (0.02, Some(1_000_000)));
    assert_eq!(link.forward.delay, Duration::from_millis(10));
    let delays: Vec<u128> = scenario
        .signalling
        .iter()
        .map(|plan| plan.delay.as_millis())
        .collect();
    assert_eq!(delays, [10, 10, 1000]);
}

#[test]
fn a_matrix_makes_a_cell_for_each_combination() {
    let text = "scenario: T at ${loss}
spec: [webrtc-pc#x]
peers: { a: {}, b: {} }
matrix: { loss: [0%, 2%], delay: [1ms, 2ms] }
links: [{ id: path, between: [a, b], loss: \"${loss}\", delay: \"${delay}\" }]
script: [{ wait: 1s }]
";
    let cells = parse("test.yaml", text).unwrap();
    let ids: Vec<&str> = cells.iter().map(|cell| cell.id.as_str()).collect();
    assert_eq!(
        ids,
        [
            "test[loss=0%,delay=1ms]",
            "test[loss=0%,delay=2ms]",
            "test[loss=2%,delay=1ms]",
            "test[loss=2%,delay=2ms]"
        ]
    );
    assert_eq!(cells[3].title, "T at 2%");
    assert_eq!(cells[3].links[0].forward.delay, Duration::from_millis(2));
}

#[test]
fn any_string_is_written_so_that_it_reads_back() {
    let strings = [
        "",
        " ",
        "~",
        "null",
        "Null",
        "true",
        "5",
        "1.2",
        "- x",
        "a: b",
        "a #b",
        "{x}",
        "[x]",
        "*x",
        "&x",
        "!x",
        "%x",
        "@x",
        "`x",
        "'x'",
        "\"x\"",
        "\\",
        "x,y",
        "?",
        ":",
        "=",
        "<<",
        "x\ny",
        "x\r\ny",
        "\t",
        "\u{0}",
        "\u{7f}",
        "\u{85}",
        "\u{a0}",
        "\u{2028}",
        "\u{feff}",
        "\u{fffe}",
        "\u{1f600}",
        "ä",
        "${",
        "$x",
        "---",
        "...",
        "yes",
        "0x10",
        "1e3",
        ".5",
        "2001-01-01",
    ];
    for string in strings {
        let quoted = serde_json::Value::from(string).to_string();
        // In a title, a label and a message, as far as each allows it.
        let escaped: String = quoted
            .chars()
            .map(|character| {
                if character.is_ascii() {
                    character.to_string()
                } else {
                    format!("\\U{:08x}", character as u32)
                }
            })
            .map(|character| {
                if character == "\u{7f}" {
                    "\\x7f".to_owned()
                } else {
                    character
                }
            })
            .collect();
        let text = format!(
            "scenario: T\nspec: [webrtc-pc#x]\npeers: {{ a: {{}} }}\nscript:\n  - {{ call: a.createDataChannel, with: {{ label: {escaped} }}, as: c }}\n  - {{ send: {{ on: c, text: {escaped} }} }}\n"
        );
        let scenario = parse("test.yaml", &text)
            .unwrap_or_else(|wrong| panic!("{wrong}"))
            .remove(0);
        let yaml = to_yaml(&scenario);
        let again = parse("test.yaml", &yaml)
            .unwrap_or_else(|wrong| panic!("{string:?}: {wrong}"))
            .remove(0);
        assert_eq!(again, scenario, "{string:?}: {yaml}");
    }
}
