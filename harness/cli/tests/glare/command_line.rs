//! Each command once, and what each exit code means.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::common::{self, Glare};
use crate::{CONNECT, FAILING, LOSSY, glare};

/// A folder with a catalogue: one scenario that every peer plays, one over a lossy network.
fn catalogue() -> Glare {
    let glare = glare();
    glare.write("scenarios/connect.yaml", CONNECT);
    glare.write("scenarios/network/lossy.yaml", LOSSY);
    glare
}

#[test]
fn list_shows_scenarios_with_clauses_and_peers() {
    catalogue()
        .run(&["list"])
        .ends_with(0)
        .says("connect        Two peers exchange a message  (webrtc-pc#peer-to-peer-data-api)\n")
        .says("network/lossy  Two peers exchange messages in spite of loss  (RFC8445#section-14)\n")
        .says("\n2 scenarios; peers: reference ");
}

#[test]
fn schema_is_a_json_schema() {
    let ran = glare().run(&["schema"]);
    ran.ends_with(0);
    let schema: Value = serde_json::from_str(&ran.out).expect("the schema is JSON");
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    assert!(schema["properties"]["script"].is_object(), "{}", ran.out);
}

#[test]
fn check_accepts_what_is_well() {
    catalogue()
        .run(&["check", "scenarios"])
        .ends_with(0)
        .says("2 files with 2 scenarios are well\n");
}

#[test]
fn check_refuses_what_is_not() {
    let glare = catalogue();
    glare.write("scenarios/bad.yaml", "scenario: T\n");
    let ran = glare.run(&["check", "scenarios"]);
    ran.ends_with(2);
    assert!(ran.err.starts_with("scenarios/bad.yaml:1:1: "), "{}", ran.err);
}

#[test]
fn check_expands_macros_to_what_it_accepts() {
    let glare = catalogue();
    let ran = glare.run(&["check", "scenarios/connect.yaml", "--expand"]);
    ran.ends_with(0)
        .says("# connect\n")
        .says("  - { call: a.createOffer, as: negotiation-1-offer }\n");
    glare.write("expanded.yaml", &ran.out);
    let again = glare.run(&["check", "expanded.yaml", "--expand"]);
    again.ends_with(0);
    let body = |text: &str| text.split_once('\n').map(|(_, body)| body.to_owned());
    assert_eq!(body(&ran.out), body(&again.out), "nothing is left to expand");
}

#[test]
fn doctor_says_what_works_here() {
    glare()
        .run(&["doctor"])
        .ends_with(0)
        .says("  reference ")
        .says("  str0m ")
        .says("  virtual time: works; ");
}

#[test]
fn doctor_says_what_to_install() {
    let glare = glare();
    let path = glare.path("empty");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_glare"))
        .arg("doctor")
        .env("PATH", path)
        .output()
        .expect("the command can be started");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        said.contains("tshark: not here; Debian's package `tshark` has it"),
        "{said}"
    );
}

#[test]
fn help_has_examples_and_exit_codes() {
    for command in ["run", "replay", "check", "schema", "list"] {
        let ran = glare().run(&[command, "--help"]);
        ran.ends_with(0)
            .says("Example")
            .says(&format!("  glare {command}"));
    }
    for arguments in [&["--help"][..], &["run", "--help"]] {
        let ran = glare().run(arguments);
        ran.ends_with(0);
        for line in [
            "  0  everything came as expected\n",
            "  1  something did not\n",
            "  2  the command line or a file is wrong\n",
            "  3  the environment lacks something\n",
            "  4  no scenario matched\n",
        ] {
            ran.says(line);
        }
    }
    let ran = glare().run(&["--help"]);
    assert!(
        !ran.out.contains("worker"),
        "the workers' command is no concern of people"
    );
}

#[test]
fn no_arguments_play_the_catalogue() {
    let glare = glare();
    glare.write("scenarios/connect.yaml", CONNECT);
    let ran = glare.run(&[]);
    assert!(ran.code <= 1, "{}", ran.err);
    ran.says("\n4 cells in ").says("bundles are in target/glare\n");
    assert_eq!(glare.verdicts("target/glare").len(), 4);
}

#[test]
fn a_run_as_expected_ends_with_0_and_shows_the_matrix() {
    catalogue()
        .run(&["run", "--peer", "reference"])
        .ends_with(0)
        .says("scenario       reference–reference\n")
        .says("connect        pass\n")
        .says("network/lossy  pass\n")
        .says("2 workers: 2 passed, 0 unsupported, 0 ledgered, 0 unexpected\n");
}

#[test]
fn a_departure_ends_with_1_and_is_told() {
    let glare = glare();
    glare.write("failing.yaml", FAILING);
    glare
        .run(&["run", "failing.yaml", "--peer", "reference", "--out", "out"])
        .ends_with(1)
        .says("fail failing reference–reference seed 0\n")
        .says("  clause:   webrtc-pc#dom-peerconnection-signaling-state (must)\n")
        .says(" at 5:5\n")
        .says("  peer:     a\n")
        .says("  replay:   glare replay out/failing/a=reference,b=reference,seed=0\n")
        .says("0 passed, 0 unsupported, 0 ledgered, 1 unexpected\n");
}

#[test]
fn an_expected_failure_ends_with_0() {
    let glare = glare();
    glare.write("failing.yaml", FAILING);
    let arguments = [
        "run",
        "failing.yaml",
        "--peer",
        "reference",
        "--ledger",
        "ledger.toml",
        "--out",
        "out",
    ];
    glare.write("ledger.toml", "");
    glare.run(&arguments).ends_with(1);
    let verdicts = glare.verdicts("out");
    let verdict = verdicts.values().next().expect("a cell was played");
    let entry = format!(
        "[[expected]]\nscenario = \"failing\"\nimplementation = \"reference\"\nversions = \"*\"\nclause = {}\nfingerprint = {}\nreason = \"it asks too much\"\n",
        verdict["verdict"]["departures"][0]["clause"], verdict["fingerprints"][0],
    );
    glare.write("ledger.toml", &entry);
    glare
        .run(&arguments)
        .ends_with(0)
        .says("1 ledgered, 0 unexpected\n");
    // The failure went away, or became another one: both are told.
    glare.write("failing.yaml", CONNECT);
    glare.run(&arguments).ends_with(1);
    glare.write("failing.yaml", FAILING.replace("have-local-offer", "closed"));
    glare.run(&arguments).ends_with(1);
}

#[test]
fn bad_input_ends_with_2() {
    let glare = glare();
    glare.write("empty.yaml", "");
    glare.run(&["run", "empty.yaml"]).ends_with(2);
}

#[test]
fn a_place_that_cannot_be_written_ends_with_3() {
    let glare = catalogue();
    glare.write("file", "");
    glare.run(&["run", "--out", "file/out"]).ends_with(3);
}

#[test]
fn nothing_to_play_ends_with_4() {
    let glare = glare();
    std::fs::create_dir(glare.path("scenarios")).expect("folders can be made");
    let ran = glare.run(&["run"]);
    ran.ends_with(4);
    assert_eq!(ran.err, "error: there is no scenario in scenarios\n");
}

#[test]
fn each_seed_is_a_network_of_its_own() {
    let glare = catalogue();
    let run = [
        "run",
        "scenarios/network",
        "--peer",
        "reference",
        "--seeds",
        "0..3",
        "--out",
        "out",
    ];
    glare
        .run(&run)
        .ends_with(0)
        .says("network/lossy  3/3\n")
        .says("\n3 cells in ");
    let verdicts = glare.verdicts("out");
    let cells: Vec<&str> = verdicts.keys().map(String::as_str).collect();
    assert_eq!(
        cells,
        [
            "network/lossy a=reference,b=reference seed=0",
            "network/lossy a=reference,b=reference seed=1",
            "network/lossy a=reference,b=reference seed=2",
        ]
    );
    let mut hashes: Vec<&Value> = verdicts
        .values()
        .map(|verdict| &verdict["measures"]["packetsHash"])
        .collect();
    hashes.dedup();
    assert_eq!(hashes.len(), 3);
}

#[test]
fn the_number_of_workers_changes_nothing() {
    let glare = catalogue();
    let mut runs: Vec<BTreeMap<String, Value>> = Vec::new();
    for jobs in ["1", "2"] {
        let ran = glare.run(&["run", "--seeds", "0..2", "--jobs", jobs, "--out", jobs]);
        assert!(ran.code <= 1, "{}", ran.err);
        let mut verdicts = glare.verdicts(jobs);
        for verdict in verdicts.values_mut() {
            verdict["replay"] = Value::Null; // it names the folder
        }
        runs.push(verdicts);
    }
    assert_eq!(runs[0].len(), 16);
    assert_eq!(runs[0], runs[1]);
}

#[test]
fn verify_finds_every_cell_the_same() {
    let glare = glare();
    glare.write("connect.yaml", CONNECT);
    glare
        .run(&["run", "connect.yaml", "--verify"])
        .ends_with(0)
        .says("4 cells played twice in ")
        .says("4 the same, 0 unstable\n");
}

#[test]
fn a_bundle_has_all_that_a_study_needs() {
    let glare = catalogue();
    glare
        .run(&["run", "scenarios/network", "--peer", "reference", "--out", "out"])
        .ends_with(0);
    let bundle = "out/network/lossy/a=reference,b=reference,seed=0";
    let file = |name: &str| {
        let path = glare.path(bundle).join(name);
        let content = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert!(!content.is_empty(), "{name}");
        content
    };
    for name in [
        "scenario.yaml",
        "states.yaml",
        "fates.jsonl",
        "verdict.json",
        "01-a-created-offer.sdp",
    ] {
        assert!(String::from_utf8(file(name)).is_ok(), "{name} is text");
    }
    assert_eq!(
        file("capture.pcapng")[..4],
        [0x0a, 0x0d, 0x0d, 0x0a],
        "a section of pcapng"
    );
    let trace = String::from_utf8(file("trace.jsonl")).expect("a trace is text");
    for line in trace.lines() {
        let _: Value = serde_json::from_str(line).expect("each record is JSON");
    }
    let verdict = common::json(&glare.path(bundle).join("verdict.json"));
    assert_eq!(verdict["verdict"]["kind"], "pass");
    assert_eq!(verdict["replay"], format!("glare replay {bundle}"));

    // Its scenario is a scenario like any other, and plays the same.
    let scenario = format!("{bundle}/scenario.yaml");
    glare.run(&["check", &scenario]).ends_with(0);
    glare
        .run(&["run", &scenario, "--peer", "reference", "--out", "again"])
        .ends_with(0);
    let again = glare.verdicts("again");
    let again = again.values().next().expect("a cell was played");
    assert_eq!(again["measures"], verdict["measures"]);
}
