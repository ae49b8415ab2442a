//! A bundle replays a run on any build: with the recorded fate of every packet, up to the first departure.

use serde_json::{Value, json};

use crate::common::{self, Glare};
use crate::{LOSSY, glare};

const BUNDLE: &str = "out/lossy/a=reference,b=str0m,seed=7";

/// A bundle of a cell that lost packets.
fn lossy() -> Glare {
    let glare = glare();
    glare.write("lossy.yaml", LOSSY);
    play(&glare);
    glare
}

fn play(glare: &Glare) {
    let cast = "a=reference,b=str0m";
    let ran = glare.run(&["run", "lossy.yaml", "--cast", cast, "--seed", "7", "--out", "out"]);
    assert!(ran.code <= 1, "{}", ran.err);
}

fn fates(glare: &Glare) -> Vec<Value> {
    std::fs::read_to_string(glare.path(&format!("{BUNDLE}/fates.jsonl")))
        .expect("a bundle has fates")
        .lines()
        .map(|line| serde_json::from_str(line).expect("a fate is JSON"))
        .collect()
}

fn write_fates(glare: &Glare, fates: &[Value]) {
    let lines: String = fates.iter().map(|fate| format!("{fate}\n")).collect();
    glare.write(&format!("{BUNDLE}/fates.jsonl"), lines);
}

/// The name of the path of a packet as a person reads it, and how many packets took it before.
fn place(fates: &[Value], index: usize) -> String {
    let path = &fates[index]["path"];
    let before = fates[..index].iter().filter(|fate| fate["path"] == *path).count();
    let way = path["link"]["way"].as_str().expect("a packet takes a link");
    format!("link path, {way}, packet {before} (counted from 0): ")
}

/// The first packet of a DTLS flight that arrived: without it the handshake goes another way.
fn flight(fates: &[Value]) -> usize {
    fates
        .iter()
        .position(|fate| fate["length"].as_u64() > Some(400) && fate["outcome"].get("deliver").is_some())
        .expect("a handshake has a packet of this size")
}

#[test]
fn a_bundle_replays_to_the_same_packets_and_trace() {
    let glare = lossy();
    assert!(
        fates(&glare)
            .iter()
            .any(|fate| fate["outcome"].get("drop").is_some())
    );
    let verdict = common::json(&glare.path(&format!("{BUNDLE}/verdict.json")));
    let kind = verdict["verdict"]["kind"].as_str().expect("a verdict has a kind");
    glare
        .run(&["replay", BUNDLE])
        .ends_with(0)
        .says("lossy a=reference,b=str0m seed=7\n")
        .says(&format!("recorded: {kind}"))
        .says(&format!("replayed: {kind}"))
        .says("every packet and the trace are as recorded\n");
}

#[test]
fn a_replay_leaves_the_bundle_as_it_is() {
    let glare = lossy();
    let before = common::json(&glare.path(&format!("{BUNDLE}/verdict.json")));
    glare.run(&["replay", BUNDLE]).ends_with(0);
    assert_eq!(
        common::json(&glare.path(&format!("{BUNDLE}/verdict.json"))),
        before
    );
}

#[test]
fn a_packet_with_another_digest_is_named() {
    let glare = lossy();
    let mut fates = fates(&glare);
    let index = fates.len() / 2;
    let was = fates[index]["digest"]
        .as_str()
        .expect("a digest is text")
        .to_owned();
    fates[index]["digest"] = json!("0123456789abcdef");
    write_fates(&glare, &fates);
    glare
        .run(&["replay", BUNDLE])
        .ends_with(1)
        .says(&place(&fates, index))
        .says(&format!(
            "content {was} was sent, expected 0123456789abcdef as recorded"
        ));
}

#[test]
fn a_packet_with_another_length_is_named() {
    let glare = lossy();
    let mut fates = fates(&glare);
    fates[0]["length"] = json!(9_999);
    write_fates(&glare, &fates);
    glare
        .run(&["replay", BUNDLE])
        .ends_with(1)
        .says(&place(&fates, 0))
        .says("bytes were sent, expected 9999 as recorded");
}

#[test]
fn what_follows_another_fate_departs() {
    let glare = lossy();
    let mut fates = fates(&glare);
    let index = flight(&fates);
    fates[index]["outcome"] = json!({ "drop": { "reason": "loss" } });
    write_fates(&glare, &fates);
    let ran = glare.run(&["replay", BUNDLE]);
    ran.ends_with(1).says("departs from the record: ");
    let departure = ran
        .out
        .lines()
        .find_map(|line| line.strip_prefix("departs from the record: "))
        .expect("the departure has a line");
    assert!(departure.contains("link path, "), "{departure}");
    // The packet itself is sent as recorded; it is what comes after it that differs.
    assert!(!departure.contains(&place(&fates, index)), "{departure}");
}

#[test]
fn a_record_that_ends_early_is_told() {
    let glare = lossy();
    let mut fates = fates(&glare);
    let last = fates.len() - 1;
    let place = place(&fates, last);
    fates.pop();
    write_fates(&glare, &fates);
    glare
        .run(&["replay", BUNDLE])
        .ends_with(1)
        .says(&format!("{place}it was sent, the record ends before it"));
}

#[test]
fn a_packet_that_is_not_sent_again_is_told() {
    let glare = lossy();
    let mut fates = fates(&glare);
    let more = fates[fates.len() - 1].clone();
    fates.push(more);
    let place = place(&fates, fates.len() - 1);
    write_fates(&glare, &fates);
    glare
        .run(&["replay", BUNDLE])
        .ends_with(1)
        .says(&format!("{place}it is in the record and was not sent"));
}

#[test]
fn another_verdict_than_the_recorded_one_is_told() {
    let glare = lossy();
    let file = format!("{BUNDLE}/verdict.json");
    let mut verdict = common::json(&glare.path(&file));
    verdict["verdict"]["kind"] = json!("stall");
    verdict["fingerprints"] = json!(["stall"]);
    glare.write(&file, verdict.to_string());
    glare
        .run(&["replay", BUNDLE])
        .ends_with(1)
        .says("recorded: stall");
}

#[test]
fn a_bundle_of_another_version_of_a_peer_is_replayed_with_a_note() {
    let glare = lossy();
    let file = format!("{BUNDLE}/verdict.json");
    let mut verdict = common::json(&glare.path(&file));
    verdict["cast"][1]["version"] = json!("0.0.1");
    glare.write(&file, verdict.to_string());
    glare
        .run(&["replay", BUNDLE])
        .ends_with(0)
        .says("note: the bundle is of str0m 0.0.1, this is ");
}

#[test]
fn an_old_bundle_is_replaced_whole() {
    let glare = lossy();
    glare.write(&format!("{BUNDLE}/99-left-over.sdp"), "old");
    // What a glare that was killed while it wrote leaves.
    glare.write(&format!("{BUNDLE}.new/trace.jsonl"), "half");
    glare.write(&format!("{BUNDLE}.old/verdict.json"), "older");
    play(&glare);
    assert!(!glare.path(&format!("{BUNDLE}/99-left-over.sdp")).exists());
    let folder = glare.path("out/lossy");
    let names: Vec<_> = std::fs::read_dir(folder)
        .expect("the folder of the bundles is there")
        .map(|entry| entry.expect("a folder can be listed").file_name())
        .collect();
    assert_eq!(
        names,
        ["a=reference,b=str0m,seed=7"],
        "nothing is left beside the bundle"
    );
    glare.run(&["replay", BUNDLE]).ends_with(0);
}
