//! The captures of bundles, as tshark reads them. The tests fail where there is no tshark: Debian's package `tshark` has it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use crate::common::Glare;
use crate::{LOSSY, glare};

const DTLS_1_2: &str = include_str!("../../../../scenarios/RFC8827/dtls/version-1-2.yaml");
const LUA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/dtls_sctp.lua");

/// A packet of a capture, with the fields that were asked for.
type Packet = Vec<String>;

/// These fields of the packets of a capture that pass a display filter.
fn tshark(capture: &Path, filter: &str, fields: &[&str]) -> Vec<Packet> {
    let mut command = Command::new("tshark");
    command.arg("-X").arg(format!("lua_script:{LUA}"));
    command
        .arg("-r")
        .arg(capture)
        .args(["-Y", filter, "-T", "fields"]);
    for field in fields {
        command.args(["-e", field]);
    }
    let output = command.output().unwrap_or_else(|error| {
        panic!("tshark cannot be started: {error}; Debian's package `tshark` has it, and so has the image that CI runs in")
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "tshark: {errors}");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(|line| line.split('\t').map(str::to_owned).collect())
        .collect()
}

/// Plays a scenario with this cast and gives the folder of its bundle. The verdict is not what these tests are about.
fn bundle(glare: &Glare, scenario: &str, cast: &str) -> String {
    glare.write("case.yaml", scenario);
    let ran = glare.run(&["run", "case.yaml", "--cast", cast, "--out", "out"]);
    assert!(ran.code <= 1, "{}", ran.err);
    format!("out/case/{cast},seed=0")
}

/// A capture holds STUN and DTLS, and with the secrets inside the SCTP and the data channel within.
fn opens_decrypted(cast: &str) {
    let glare = glare();
    let capture = glare.path(&bundle(&glare, DTLS_1_2, cast)).join("capture.pcapng");
    for protocol in ["stun", "dtls", "sctp", "rtcdc"] {
        assert!(
            !tshark(&capture, protocol, &["frame.number"]).is_empty(),
            "{cast}: no {protocol}"
        );
    }
    // Each packet is there twice: as it left one host and as it came to the other.
    let open = tshark(
        &capture,
        "rtcdc.message_type == 3",
        &["rtcdc.label", "frame.interface_name"],
    );
    assert_eq!(
        open.first(),
        Some(&vec!["chat".to_owned(), "a".to_owned()]),
        "{cast}: {open:?}"
    );
    let names: BTreeSet<String> = tshark(&capture, "ip", &["frame.interface_name"])
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(names, BTreeSet::from(["a".to_owned(), "b".to_owned()]));
    let bad = tshark(&capture, "_ws.malformed", &["frame.number"]);
    assert!(bad.is_empty(), "{cast}: malformed packets {bad:?}");
}

#[test]
fn tshark_decrypts_the_data_channel_of_two_references() {
    opens_decrypted("a=reference,b=reference");
}

#[test]
fn tshark_decrypts_the_data_channel_of_reference_and_str0m() {
    opens_decrypted("a=reference,b=str0m");
}

#[test]
fn tshark_decrypts_the_data_channel_of_str0m_and_reference() {
    opens_decrypted("a=str0m,b=reference");
}

#[test]
fn checksums_are_right() {
    let glare = glare();
    let capture = glare
        .path(&bundle(&glare, DTLS_1_2, "a=reference,b=str0m"))
        .join("capture.pcapng");
    let output = Command::new("tshark")
        .args([
            "-o",
            "udp.check_checksum:TRUE",
            "-o",
            "ip.check_checksum:TRUE",
            "-o",
            "sctp.checksum:TRUE",
        ])
        .arg("-r")
        .arg(&capture)
        .args([
            "-Y",
            "udp.checksum.status == 0 or ip.checksum.status == 0",
            "-T",
            "fields",
            "-e",
            "frame.number",
        ])
        .output()
        .expect("tshark can be started");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "",
        "packets with a wrong checksum"
    );
}

#[test]
fn times_are_in_nanoseconds() {
    let glare = glare();
    let scenario = DTLS_1_2.replace(
        "script:",
        "links: [{ id: path, between: [a, b], delay: 1234567ns }]\nscript:",
    );
    let capture = glare
        .path(&bundle(&glare, &scenario, "a=reference,b=reference"))
        .join("capture.pcapng");
    let packets = tshark(
        &capture,
        "stun.type == 0x0001",
        &["frame.interface_name", "frame.time_epoch", "stun.id"],
    );
    let sent = &packets[0];
    let came = packets
        .iter()
        .find(|packet| packet[0] != sent[0] && packet[2] == sent[2])
        .expect("the first packet arrives");
    let nanoseconds = |packet: &Packet| {
        packet[1]
            .replace('.', "")
            .parse::<u64>()
            .expect("a time is a number")
    };
    assert_eq!(
        sent[1].split_once('.').map(|(_, fraction)| fraction.len()),
        Some(9),
        "{}",
        sent[1]
    );
    assert_eq!(nanoseconds(came) - nanoseconds(sent), 1_234_567);
}

#[test]
fn every_packet_that_the_network_dropped_says_so() {
    let glare = glare();
    let folder = bundle(&glare, LOSSY, "a=reference,b=str0m");
    let fates = std::fs::read_to_string(glare.path(&folder).join("fates.jsonl")).expect("a bundle has fates");
    let dropped = fates.lines().filter(|line| line.contains("\"drop\"")).count();
    let capture = glare.path(&folder).join("capture.pcapng");
    let comments = tshark(&capture, "frame.comment", &["frame.comment"]);
    assert!(dropped > 0, "a link that loses a fifth loses something");
    assert_eq!(comments, vec![vec!["dropped: loss".to_owned()]; dropped]);
    let sender = "(frame.interface_name == a and ip.src == 10.0.0.1) or (frame.interface_name == b and ip.src == 10.0.0.2)";
    let sent = tshark(&capture, sender, &["frame.number"]).len();
    assert_eq!(sent, fates.lines().count(), "every packet that was sent is in the capture");
}
