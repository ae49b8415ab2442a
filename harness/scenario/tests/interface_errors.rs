//! Every mistake in what a scenario says of the interfaces is told at its exact place.

mod common;

use common::{all, one, scenario, script, wrong, wrong_with_help};

#[test]
fn a_call_on_what_has_no_such_method() {
    let text = script(
        "  - { call: a.addTransceiver, with: { trackOrKind: audio }, as: t }\n  - { call: t.stopp }\n",
    );
    wrong_with_help(
        &text,
        6,
        13,
        "unknown method of RTCRtpTransceiver \"stopp\"; expected stop or setCodecPreferences",
        "did you mean `stop`?",
    );
    let text = script("  - { call: a.createOffer, as: offer }\n  - { call: offer.stop }\n");
    wrong(&text, 6, 13, "\"offer\" is a description; it has no methods");
    let text = script("  - { call: a.generateCertificate, with: { name: ECDSA } }\n");
    wrong_with_help(
        &text,
        5,
        13,
        "`generateCertificate` of RTCPeerConnection is static",
        "`a.RTCPeerConnection.generateCertificate`",
    );
    let text = script("  - { call: a.RTCRtpSender.getCapabilitys, with: { kind: audio } }\n");
    wrong_with_help(
        &text,
        5,
        13,
        "unknown static method of RTCRtpSender \"getCapabilitys\"; expected getCapabilities",
        "did you mean `getCapabilities`?",
    );
    let text = script("  - { call: a.mediaDevices.getUserMedium }\n");
    wrong_with_help(
        &text,
        5,
        13,
        "unknown method of MediaDevices \"getUserMedium\"; expected getUserMedia",
        "did you mean `getUserMedia`?",
    );
}

#[test]
fn an_argument_that_is_unknown_missing_or_of_the_wrong_type() {
    let text = script("  - { call: a.addTransceiver, with: { trackOrKind: audio, directoin: sendonly } }\n");
    let found = one(&text, 5, 59);
    assert!(
        found
            .message
            .starts_with("unknown argument of `addTransceiver` \"directoin\""),
        "{found}"
    );
    assert_eq!(found.help.as_deref(), Some("did you mean `direction`?"));
    let text = script("  - { call: a.addTransceiver, with: { direction: sendonly } }\n");
    wrong(&text, 5, 37, "`addTransceiver` needs `trackOrKind`");
    let text = script("  - { call: a.addTrack }\n");
    wrong(&text, 5, 5, "`addTrack` needs `with: { track: … }`");
    let text = script("  - { call: a.setRemoteDescription }\n");
    wrong(
        &text,
        5,
        5,
        "`setRemoteDescription` needs `with`: an RTCSessionDescriptionInit",
    );
    let text = script("  - { call: a.setRemoteDescription, with: { sdp: x } }\n");
    wrong(&text, 5, 43, "RTCSessionDescriptionInit needs `type`");
    let text = script("  - { call: a.restartIce, with: { now: true } }\n");
    wrong(&text, 5, 33, "`restartIce` has no arguments");
    let text = script("  - { call: a.addTransceiver, with: { trackOrKind: audio, direction: sideways } }\n");
    let found = one(&text, 5, 70);
    assert!(
        found
            .message
            .starts_with("unknown RTCRtpTransceiverDirection \"sideways\"; expected sendrecv"),
        "{found}"
    );
    let text = script(
        "  - { call: a.addTransceiver, with: { trackOrKind: audio }, as: t }\n  - { call: a.addTrack, with: { track: \"${t}\" } }\n",
    );
    wrong(
        &text,
        6,
        40,
        "\"t\" is an RTCRtpTransceiver; expected a MediaStreamTrack",
    );
    let text = script("  - { call: a.addTrack, with: { track: microphone } }\n");
    wrong(
        &text,
        5,
        40,
        "expected a MediaStreamTrack in a variable, `${name}`, found \"microphone\"",
    );
}

#[test]
fn a_dictionary_that_is_changed_where_it_has_nothing() {
    let with = |what: &str| {
        script(&format!(
            "  - {{ call: a.getConfiguration, as: c }}\n  - {{ call: a.setConfiguration, with: {what} }}\n"
        ))
    };
    let found = one(
        &with("{ from: \"${c}\", set: { bundlePolicie: balanced } }"),
        6,
        62,
    );
    assert_eq!(found.help.as_deref(), Some("did you mean `bundlePolicy`?"));
    wrong(
        &with("{ from: \"${c}\", set: {} }"),
        6,
        39,
        "nothing changes; give the variable itself",
    );
    wrong(
        &with("{ bundlePolicy: best }"),
        6,
        55,
        "unknown RTCBundlePolicy \"best\"; expected balanced, max-compat or max-bundle",
    );
}

#[test]
fn a_constructor_that_does_not_exist() {
    let text = script("  - { construct: a.RTCIceCandidat }\n");
    let found = one(&text, 5, 18);
    assert_eq!(found.help.as_deref(), Some("did you mean `RTCIceCandidate`?"));
    wrong(
        &script("  - { construct: RTCError }\n"),
        5,
        18,
        "\"RTCError\" names no interface; expected one such as `a.RTCIceCandidate`",
    );
    let text = script("  - { construct: a.RTCPeerConnection, as: c }\n");
    wrong(
        &text,
        5,
        43,
        "`RTCPeerConnection` comes back without a value; there is nothing to name",
    );
}

#[test]
fn an_attribute_that_cannot_be_set() {
    let text = script(
        "  - { call: a.addTransceiver, with: { trackOrKind: audio }, as: t }\n  - { set: { t.mid: \"0\" } }\n",
    );
    wrong(
        &text,
        6,
        14,
        "unknown attribute of RTCRtpTransceiver that can be set \"mid\"; expected direction",
    );
}

#[test]
fn a_member_that_a_value_does_not_have() {
    let before = "  - { call: a.addTransceiver, with: { trackOrKind: audio }, as: t }\n";
    let text = script(&format!(
        "{before}  - {{ expect: {{ state: {{ t.sender.trak: null }} }} }}\n"
    ));
    assert_eq!(one(&text, 6, 26).help.as_deref(), Some("did you mean `track`?"));
    let text = script(&format!(
        "{before}  - {{ expect: {{ state: {{ t.mid.length: 1 }} }} }}\n"
    ));
    wrong(&text, 6, 26, "`t.mid` is a string; it has no members");
    let text = script(&format!(
        "{before}  - {{ expect: {{ state: {{ t.mid: {{ atLeast: 1 }} }} }} }}\n"
    ));
    wrong(&text, 6, 33, "only a number has bounds");
    let text = script(&format!(
        "{before}  - {{ expect: {{ state: {{ t.mid: \"${{t.sender}}\" }} }} }}\n"
    ));
    wrong(
        &text,
        6,
        33,
        "\"t.sender\" is an RTCRtpSender; it cannot be compared with a string",
    );
}

#[test]
fn what_an_event_does_not_carry() {
    let text = script("  - { wait: { event: b.track, errorCode: 701 } }\n");
    wrong(&text, 5, 31, "`track` carries no `errorCode`");
    let text = script("  - { wait: { event: b.track, track.kin: audio } }\n");
    assert_eq!(one(&text, 5, 31).help.as_deref(), Some("did you mean `kind`?"));
    let text = script("  - { wait: { event: b.track, as: { trak: t } } }\n");
    assert_eq!(one(&text, 5, 37).help.as_deref(), Some("did you mean `track`?"));
    let text = script("  - { wait: { event: a.icecandidateerror, as: e } }\n");
    wrong_with_help(
        &text,
        5,
        47,
        "`icecandidateerror` carries several things",
        "name those that you need: `as: { address: …, port: …, url: …, errorCode: …, errorText: … }`",
    );
    let text = script("  - { wait: { event: a.negotiationneeded, as: e } }\n");
    wrong(&text, 5, 47, "`negotiationneeded` carries nothing to name here");
}

#[test]
fn statistics_that_do_not_exist() {
    let with = |what: &str| {
        script(&format!(
            "  - {{ call: a.getStats, as: r }}\n  - {{ expect: {{ statistics: {{ of: r, {what} }} }} }}\n"
        ))
    };
    let found = one(&with("type: inbound-rpt, some: {}"), 6, 44);
    assert_eq!(found.help.as_deref(), Some("did you mean `inbound-rtp`?"));
    let found = one(&with("type: transport, some: { dtlsStat: connected }"), 6, 63);
    assert_eq!(found.help.as_deref(), Some("did you mean `dtlsState`?"));
    wrong(
        &with("type: transport, some: {}, members: {}"),
        6,
        74,
        "the members stand in `some`",
    );
    let text = script(
        "  - { call: a.createOffer, as: o }\n  - { expect: { statistics: { of: o, type: transport, some: {} } } }\n",
    );
    wrong(&text, 6, 35, "\"o\" is a description; expected an RTCStatsReport");
}

#[test]
fn an_identity_provider_that_is_none() {
    let with = |providers: &str| {
        scenario(
            &format!("peers: {{ a: {{}} }}\nidentityProviders: {providers}"),
            "  - { wait: 1s }\n",
        )
    };
    wrong(
        &with("{ \"not a domain\": {} }"),
        4,
        22,
        "\"not a domain\" is no domain",
    );
    let found = one(&with("{ idp.example: { assertion: hang } }"), 4, 48);
    assert_eq!(found.help.as_deref(), Some("did you mean `hangs`?"));
}

#[test]
fn mistakes_in_several_calls_are_told_at_once() {
    let text = script("  - { call: a.addTrack }\n  - { set: { a.signalingState: stable } }\n");
    let places: Vec<_> = all(&text)
        .iter()
        .map(|found| (found.line, found.column))
        .collect();
    assert_eq!(places, [(5, 5), (6, 14)]);
}
