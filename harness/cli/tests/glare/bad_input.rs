//! Whatever is wrong outside of glare is told once, with its place, and ends with the exit code that the help documents.

use crate::common::{Glare, Ran};
use crate::{CONNECT, glare};

/// The first four lines of a scenario; its steps begin in line 5.
const HEAD: &str = "scenario: Case\nspec: [webrtc-pc#dom-peerconnection]\npeers: { a: {}, b: {} }\nscript:\n";

/// `check` and `run` refuse this file with one message: at this line and column, beginning with these words, with the line
/// of the file and a caret under the place.
#[track_caller]
fn refused(text: &str, line: usize, column: usize, message: &str) {
    let glare = glare();
    glare.write("case.yaml", text);
    for command in ["check", "run"] {
        let ran = glare.run(&[command, "case.yaml"]);
        ran.ends_with(2);
        assert_eq!(ran.out, "", "what is wrong is told on standard error");
        let source = text.lines().nth(line - 1).expect("the line is in the file");
        let gutter = " ".repeat(line.to_string().len());
        let caret = " ".repeat(column - 1);
        let place = format!("case.yaml:{line}:{column}: ");
        assert!(
            ran.err.starts_with(&format!("{place}{message}")),
            "expected {place}{message}, got\n{}",
            ran.err
        );
        let excerpt = format!("\n {gutter} |\n {line} | {source}\n {gutter} | {caret}^\n");
        assert!(ran.err.contains(&excerpt), "expected{excerpt}in\n{}", ran.err);
        assert_eq!(
            ran.err.matches("case.yaml:").count(),
            1,
            "one message:\n{}",
            ran.err
        );
    }
}

/// Standard error is this and nothing else.
#[track_caller]
fn says_only(ran: &Ran, message: &str) {
    assert_eq!(ran.err.trim_end(), message);
}

#[test]
fn an_unknown_key() {
    let text = format!("{HEAD}  - {{ call: a.createOffer }}\nscrpt: []\n");
    refused(&text, 6, 1, "unknown key in a scenario: \"scrpt\"; expected ");
}

#[test]
fn an_unknown_key_of_a_step() {
    let text = format!("{HEAD}  - {{ call: a.createOffer, az: offer }}\n");
    refused(
        &text,
        5,
        28,
        "unknown key in a step: \"az\"; expected call, with, as, ",
    );
}

#[test]
fn a_value_of_the_wrong_type() {
    let text = format!("{HEAD}  - {{ call: a.createDataChannel, with: {{ label: [chat] }} }}\n");
    refused(&text, 5, 49, "expected a string, found a list");
}

#[test]
fn an_unknown_role() {
    let text = format!("{HEAD}  - {{ call: c.createOffer }}\n");
    refused(&text, 5, 13, "unknown role or variable \"c\"; expected a or b");
}

#[test]
fn a_variable_that_is_used_before_it_is_set() {
    let text = format!(
        "{HEAD}  - {{ call: a.setLocalDescription, with: \"${{offer}}\" }}\n  - {{ call: a.createOffer, as: offer }}\n"
    );
    refused(&text, 5, 42, "\"offer\" is used before it is set, at 6:32");
}

#[test]
fn a_wait_for_what_nobody_sends() {
    let text = format!("{HEAD}  - {{ receive: {{ at: b, from: a, as: offer }} }}\n");
    refused(
        &text,
        5,
        16,
        "nothing comes here: no step before this one signals a description from \"a\" to \"b\"",
    );
}

#[test]
fn a_wait_for_an_event_of_a_closed_connection() {
    let text = format!(
        "{HEAD}  - {{ call: a.close }}\n  - {{ wait: {{ event: a.negotiationneeded, within: 1s }} }}\n"
    );
    refused(&text, 6, 22, "this can never happen: \"a\" was closed at 5:5");
}

#[test]
fn two_documents_in_a_file() {
    let text = format!("{CONNECT}---\n{CONNECT}");
    refused(
        &text,
        CONNECT.lines().count() + 1,
        1,
        "a second document begins here",
    );
}

#[test]
fn what_is_not_yaml() {
    refused("scenario: [Case\n", 1, 11, "not YAML: unclosed bracket '['");
}

#[test]
fn a_duration_without_a_unit() {
    let text = format!("{HEAD}  - {{ wait: 5 }}\n");
    refused(
        &text,
        5,
        13,
        "\"5\" has no unit; expected a duration such as `40ms`",
    );
}

#[test]
fn an_empty_file() {
    let glare = glare();
    glare.write("empty.yaml", "");
    let ran = glare.run(&["check", "empty.yaml"]);
    says_only(
        ran.ends_with(2),
        "empty.yaml:1:1: the file is empty; expected a scenario",
    );
}

#[test]
fn what_is_not_utf_8() {
    let glare = glare();
    glare.write("bytes.yaml", b"scenario: Case\nspec: [\xff\xfe]\n");
    let ran = glare.run(&["check", "bytes.yaml"]);
    ran.ends_with(2);
    assert!(ran.err.starts_with("bytes.yaml:2:8: not UTF-8: "), "{}", ran.err);
}

#[test]
fn a_path_that_is_not_there() {
    let ran = glare().run(&["run", "nowhere.yaml"]);
    ran.ends_with(2);
    assert!(
        ran.err.starts_with("nowhere.yaml:1:1: cannot be read: "),
        "{}",
        ran.err
    );
}

#[test]
fn every_bad_file_is_told_at_once() {
    let glare = glare();
    glare.write("scenarios/one.yaml", "");
    glare.write("scenarios/two.yaml", "");
    glare.write("scenarios/well.yaml", CONNECT);
    let ran = glare.run(&["run"]);
    let message = "the file is empty; expected a scenario";
    says_only(
        ran.ends_with(2),
        &format!("scenarios/one.yaml:1:1: {message}\nscenarios/two.yaml:1:1: {message}"),
    );
}

fn with_connect() -> Glare {
    let glare = glare();
    glare.write("connect.yaml", CONNECT);
    glare
}

#[test]
fn an_unknown_peer() {
    let glare = with_connect();
    for option in [["--peer", "nobody"], ["--cast", "a=nobody"]] {
        let ran = glare.run(&["run", "connect.yaml", option[0], option[1]]);
        says_only(
            ran.ends_with(2),
            "error: there is no peer \"nobody\"; the peers are reference, rtc, str0m",
        );
    }
}

#[test]
fn an_unknown_role_in_the_cast() {
    let ran = with_connect().run(&["run", "connect.yaml", "--cast", "c=reference"]);
    says_only(
        ran.ends_with(2),
        "error: there is no role \"c\"; the roles of these scenarios are a, b",
    );
}

#[test]
fn a_role_that_is_cast_twice() {
    let ran = with_connect().run(&["run", "connect.yaml", "--cast", "a=reference,a=str0m"]);
    says_only(
        ran.ends_with(2),
        "error: the role \"a\" is cast twice, as reference and as str0m",
    );
}

#[test]
fn an_unknown_option() {
    let ran = with_connect().run(&["run", "connect.yaml", "--sed", "1"]);
    ran.ends_with(2);
    assert!(
        ran.err.contains("--sed") && ran.err.contains("--seed"),
        "{}",
        ran.err
    );
}

#[test]
fn a_ledger_that_is_not_toml() {
    let glare = with_connect();
    glare.write("ledger.toml", "[[expected]]\nscenario = = 1\n");
    let ran = glare.run(&["run", "connect.yaml", "--ledger", "ledger.toml"]);
    ran.ends_with(2);
    assert!(ran.err.starts_with("error: ledger.toml:2:12: "), "{}", ran.err);
    assert!(
        ran.err.contains("\n   |\n 2 | scenario = = 1\n   |            ^"),
        "{}",
        ran.err
    );
}

#[test]
fn an_unknown_key_in_the_ledger() {
    let glare = with_connect();
    glare.write("ledger.toml", "[[expected]]\nscenari = \"x\"\n");
    let ran = glare.run(&["run", "connect.yaml", "--ledger", "ledger.toml"]);
    ran.ends_with(2);
    assert!(
        ran.err
            .starts_with("error: ledger.toml:2:1: unknown field `scenari`"),
        "{}",
        ran.err
    );
    assert!(
        ran.err.contains("\n   |\n 2 | scenari = \"x\"\n   | ^"),
        "{}",
        ran.err
    );
}

#[test]
fn a_ledger_that_is_not_there() {
    let ran = with_connect().run(&["run", "connect.yaml", "--ledger", "nowhere.toml"]);
    ran.ends_with(2);
    assert!(ran.err.starts_with("error: nowhere.toml: "), "{}", ran.err);
}

#[test]
fn a_folder_for_bundles_that_is_a_file() {
    let glare = with_connect();
    glare.write("taken", "");
    let ran = glare.run(&["run", "connect.yaml", "--out", "taken"]);
    ran.ends_with(3);
    assert!(
        ran.err
            .starts_with("error: taken: bundles cannot be written there: "),
        "{}",
        ran.err
    );
}

#[test]
fn a_bundle_whose_place_is_taken_by_a_file() {
    let glare = with_connect();
    glare.write("out/connect", "");
    let ran = glare.run(&["run", "connect.yaml", "--out", "out"]);
    ran.ends_with(3);
    assert!(ran.err.starts_with("error: out/connect/"), "{}", ran.err);
}

#[test]
fn a_folder_without_scenarios() {
    let glare = glare();
    glare.write("folder/notes.txt", "");
    for command in ["run", "check", "list"] {
        let ran = glare.run(&[command, "folder"]);
        says_only(ran.ends_with(4), "error: there is no scenario in folder");
    }
}

#[test]
fn no_catalogue_here() {
    let ran = glare().run(&[]);
    ran.ends_with(2);
    assert!(
        ran.err.starts_with("error: there is no folder `scenarios` here"),
        "{}",
        ran.err
    );
}

/// A bundle of a cell, and its folder.
fn bundle() -> (Glare, &'static str) {
    let glare = with_connect();
    glare
        .run(&["run", "connect.yaml", "--peer", "reference", "--out", "out"])
        .ends_with(0);
    (glare, "out/connect/a=reference,b=reference,seed=0")
}

/// Replays a bundle after `change` was done to one of its files; what it says on standard error.
#[track_caller]
fn replay_of_changed(file: &str, change: impl Fn(&str) -> String) -> String {
    let (glare, bundle) = bundle();
    let file = format!("{bundle}/{file}");
    let text = std::fs::read_to_string(glare.path(&file)).expect("the bundle has the file");
    glare.write(&file, change(&text));
    let ran = glare.run(&["replay", bundle]);
    ran.ends_with(2);
    ran.err
}

#[test]
fn a_bundle_that_is_not_there() {
    let ran = glare().run(&["replay", "nowhere"]);
    ran.ends_with(2);
    assert!(
        ran.err.starts_with("error: nowhere/verdict.json: "),
        "{}",
        ran.err
    );
}

#[test]
fn a_bundle_of_another_version() {
    let said = replay_of_changed("verdict.json", |text| {
        text.replace("\"version\": 1", "\"version\": 7")
    });
    assert!(
        said.ends_with("verdict.json: a bundle of version 7; this glare reads version 1\n"),
        "{said}"
    );
}

#[test]
fn a_bundle_whose_verdict_is_not_json() {
    let said = replay_of_changed("verdict.json", |text| text.replacen("\"glare\"", "glare", 1));
    assert!(said.contains("/verdict.json:3:3: "), "{said}");
}

#[test]
fn a_bundle_with_a_packet_cut_short() {
    let said = replay_of_changed("fates.jsonl", |text| {
        let second: usize = text.lines().take(2).map(|line| line.len() + 1).sum();
        text[..second - 20].to_owned()
    });
    assert!(said.contains("/fates.jsonl:2:"), "{said}");
}

#[test]
fn a_bundle_with_a_bad_scenario() {
    let said = replay_of_changed("scenario.yaml", |text| {
        text.replace("level: must", "level: may be")
    });
    assert!(said.contains("/scenario.yaml:4:8: "), "{said}");
    assert_eq!(
        said.matches("scenario.yaml").count(),
        1,
        "the file is named once: {said}"
    );
}

#[test]
fn a_bundle_of_an_unknown_peer() {
    let said = replay_of_changed("verdict.json", |text| {
        text.replace(
            "\"implementation\": \"reference\"",
            "\"implementation\": \"nobody\"",
        )
    });
    assert_eq!(
        said,
        "error: there is no peer \"nobody\"; the peers are reference, rtc, str0m\n"
    );
}
