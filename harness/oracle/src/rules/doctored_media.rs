//! Doctored traces for the rules about descriptions, candidates, transceivers, channels' announcement and statistics.

use glare_peer::{
    Granularity, Handle, Interface, MediaKind, MediaStreamTrackState, RtpTransceiverDirection as Direction,
    SdpType, SignalingState,
};
use serde_json::json;

use super::doctored::{Doctored, doctored};
use crate::testing::Tape;
use crate::trace::{ChannelSnapshot, Completion, TransceiverSnapshot};

/// A description of an application section, as a lone connection would make it.
const OFFER: &str = "v=0\r\no=- 41 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\na=ice-options:trickle ice2\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\na=fingerprint:sha-256 AA\r\na=setup:actpass\r\na=sctp-port:5000\r\n";

/// The offer with one text in place of another.
fn offer(from: &str, to: &str) -> String {
    assert!(OFFER.contains(from), "{from}");
    OFFER.replace(from, to)
}

/// The answer to it, in the role of the DTLS client.
fn answer() -> String {
    offer("a=setup:actpass", "a=setup:active")
}

impl Tape {
    /// `createOffer()` or `createAnswer()` fulfils with this text.
    fn creates(&mut self, method: &str, arguments: serde_json::Value, text: &str) {
        let operation = self.promise(method, arguments);
        let sdp_type = if method == "createOffer" {
            "offer"
        } else {
            "answer"
        };
        self.settled(
            operation,
            Completion::Value(json!({ "type": sdp_type, "sdp": text })),
        );
        self.end();
    }

    fn creates_offer(&mut self, text: &str) {
        self.creates("createOffer", json!({}), text);
    }

    fn creates_answer(&mut self, text: &str) {
        self.creates("createAnswer", json!({}), text);
    }

    /// Marks the record at which the next `creates` fulfils: after the call and its return.
    fn mark_created(&mut self) {
        self.marked = Some(self.trace.len() as u64 + 2);
    }

    /// A description of this text is set.
    fn sets_text(&mut self, method: &str, sdp_type: SdpType, text: &str) {
        let operation = self.promise(method, json!({ "type": sdp_type, "sdp": text }));
        let descriptions = self.descriptions();
        let leads_to = match (method, sdp_type) {
            ("setLocalDescription", SdpType::Offer) => {
                descriptions.pending_local = Some(sdp_type);
                SignalingState::HaveLocalOffer
            }
            (_, SdpType::Offer) => {
                descriptions.pending_remote = Some(sdp_type);
                SignalingState::HaveRemoteOffer
            }
            ("setLocalDescription", _) => {
                *descriptions = crate::trace::Descriptions {
                    current_local: Some(SdpType::Answer),
                    current_remote: Some(SdpType::Offer),
                    ..crate::trace::Descriptions::default()
                };
                SignalingState::Stable
            }
            _ => {
                *descriptions = crate::trace::Descriptions {
                    current_local: Some(SdpType::Offer),
                    current_remote: Some(SdpType::Answer),
                    ..crate::trace::Descriptions::default()
                };
                SignalingState::Stable
            }
        };
        self.state.signaling_state = Some(leads_to);
        self.fired("signalingstatechange");
        self.fulfilled(operation);
        self.end();
    }

    fn is_offered(&mut self, text: &str) {
        self.sets_text("setRemoteDescription", SdpType::Offer, text);
    }

    /// An exchange of offer and answer that this side begins.
    fn negotiates(&mut self) {
        self.creates_offer(OFFER);
        self.sets_text("setLocalDescription", SdpType::Offer, OFFER);
        self.sets_text("setRemoteDescription", SdpType::Answer, &answer());
    }

    /// A transceiver of this handle is there from now on.
    fn has_transceiver(&mut self, transceiver: u32, mid: Option<&str>) {
        self.state.transceivers.push(TransceiverSnapshot {
            transceiver: Handle(transceiver),
            mid: mid.map(str::to_owned),
            direction: Direction::SendRecv,
            current_direction: None,
            sender: Handle(transceiver + 1),
            receiver: Handle(transceiver + 2),
            sender_track: None,
            transport: None,
            receiver_track: Handle(transceiver + 3),
            kind: MediaKind::Audio,
            muted: true,
            ready_state: MediaStreamTrackState::Live,
        });
        self.end();
    }

    fn transceiver(&mut self, place: usize) -> &mut TransceiverSnapshot {
        &mut self.state.transceivers[place]
    }

    fn track(&mut self, receiver: u32) {
        self.fired_with(
            "track",
            json!({ "receiver": { "object": receiver }, "track": { "object": 23 }, "streams": [], "transceiver": { "object": 20 } }),
        );
    }

    fn reports(&mut self, report: serde_json::Value) {
        let operation = self.promise("getStats", json!(null));
        self.settled(operation, Completion::Value(report));
        self.end();
    }

    fn surfaces(&mut self, candidate: serde_json::Value) {
        self.gathering();
        self.fired_with("icecandidate", candidate);
        self.end();
    }
}

fn a_candidate() -> serde_json::Value {
    json!({
        "candidate": "candidate:1 1 udp 2130706431 10.0.0.1 50000 typ host",
        "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "abcd",
    })
}

/// The candidate with another value of a member.
fn candidate_with(member: &str, value: serde_json::Value) -> serde_json::Value {
    let mut candidate = a_candidate();
    candidate[member] = value;
    candidate
}

fn a_report(bytes: u32, timestamp: f64) -> serde_json::Value {
    json!({
        "T1": { "id": "T1", "type": "transport", "timestamp": timestamp, "bytesSent": bytes, "selectedCandidatePairId": "P1" },
        "P1": { "id": "P1", "type": "candidate-pair", "timestamp": timestamp },
    })
}

fn two_reports(tape: &mut Tape) {
    tape.reports(a_report(10, 5.0));
    tape.reports(a_report(10, 6.5));
}

fn two_offers(tape: &mut Tape) {
    tape.negotiates();
    tape.creates_offer(&offer("o=- 41 1", "o=- 41 2"));
    let changed = OFFER
        .replace("o=- 41 1", "o=- 41 3")
        .replace("a=mid:0", "a=mid:0\r\na=candidate:1");
    tape.creates_offer(&changed);
}

fn an_answer(tape: &mut Tape) {
    tape.is_offered(OFFER);
    tape.creates_answer(&answer());
}

fn a_negotiated_transceiver(tape: &mut Tape) {
    tape.has_transceiver(20, None);
    tape.transceiver(0).mid = Some("0".to_owned());
    tape.transceiver(0).current_direction = Some(Direction::SendRecv);
    tape.end();
    tape.has_transceiver(30, None);
    // It is stopped, and then gone.
    tape.transceiver(0).direction = Direction::Stopped;
    tape.transceiver(0).current_direction = Some(Direction::Stopped);
    tape.transceiver(0).ready_state = MediaStreamTrackState::Ended;
    tape.end();
    tape.state.transceivers.remove(0);
    tape.end();
}

/// A remote description brings a track.
fn a_track(tape: &mut Tape) {
    tape.has_transceiver(20, Some("0"));
    let operation = tape.promise("setRemoteDescription", json!({ "type": "offer", "sdp": "" }));
    tape.state.signaling_state = Some(SignalingState::HaveRemoteOffer);
    tape.descriptions().pending_remote = Some(SdpType::Offer);
    tape.fired("signalingstatechange");
    tape.track(22);
    tape.fulfilled(operation);
    tape.end();
}

fn announces(tape: &mut Tape) {
    tape.state.channels.push(ChannelSnapshot {
        channel: Handle(9),
        ready_state: glare_peer::DataChannelState::Open,
        id: Some(1),
        buffered_amount: 0,
    });
    tape.fired_with("datachannel", json!({ "channel": 9, "label": "chat" }));
    tape.end();
}

pub(super) fn description_cases() -> Vec<Doctored> {
    vec![
        doctored("created-description-is-of-its-type", an_answer, |tape| {
            tape.is_offered(OFFER);
            let operation = tape.promise("createAnswer", json!({}));
            tape.mark();
            tape.settled(
                operation,
                Completion::Value(json!({ "type": "offer", "sdp": OFFER })),
            );
        }),
        doctored("mids-are-distinct", two_offers, |tape| {
            tape.mark_created();
            tape.creates_offer(&offer("a=mid:0\r\n", ""));
        }),
        doctored("bundle-group-names-sections", two_offers, |tape| {
            tape.mark_created();
            tape.creates_offer(&offer("BUNDLE 0", "BUNDLE 0 1"));
        }),
        doctored("description-proves-its-certificate", two_offers, |tape| {
            tape.mark_created();
            tape.creates_offer(&offer("a=fingerprint:sha-256 AA\r\n", ""));
        }),
        doctored("ice-credentials-are-long-enough", two_offers, |tape| {
            tape.mark_created();
            tape.creates_offer(&offer("abcdefghijklmnopqrstuv", "short"));
        }),
        doctored("offer-can-trickle", two_offers, |tape| {
            tape.mark_created();
            tape.creates_offer(&offer("a=ice-options:trickle ice2\r\n", ""));
        }),
        doctored("offer-leaves-the-dtls-role-open", two_offers, |tape| {
            tape.mark_created();
            tape.creates_offer(&offer("actpass", "active"));
        }),
        doctored("answer-takes-a-dtls-role", an_answer, |tape| {
            tape.is_offered(&offer("actpass", "active"));
            tape.mark_created();
            tape.creates_answer(&answer());
        }),
        doctored("offered-channels-say-where", two_offers, |tape| {
            tape.mark_created();
            tape.creates_offer(&offer("a=sctp-port:5000\r\n", ""));
        }),
        doctored("answer-has-the-sections-of-the-offer", an_answer, |tape| {
            tape.is_offered(OFFER);
            tape.mark_created();
            tape.creates_answer(&answer().replace("m=application", "m=audio"));
        }),
        doctored("answer-has-the-mids-of-the-offer", an_answer, |tape| {
            tape.is_offered(OFFER);
            tape.mark_created();
            tape.creates_answer(
                &answer()
                    .replace("a=mid:0", "a=mid:1")
                    .replace("BUNDLE 0", "BUNDLE 1"),
            );
        }),
        doctored("answer-bundles-what-was-offered", an_answer, |tape| {
            tape.is_offered(&offer("a=group:BUNDLE 0\r\n", ""));
            tape.mark_created();
            tape.creates_answer(&answer());
        }),
        doctored("sections-never-disappear", two_offers, |tape| {
            tape.negotiates();
            tape.mark_created();
            tape.creates_offer("v=0\r\no=- 41 2 IN IP4 0.0.0.0\r\na=ice-options:trickle ice2\r\n");
        }),
        doctored("negotiated-mids-stay", two_offers, |tape| {
            tape.negotiates();
            tape.mark_created();
            let other = OFFER
                .replace("a=mid:0", "a=mid:7")
                .replace("BUNDLE 0", "BUNDLE 7");
            tape.creates_offer(&other.replace("o=- 41 1", "o=- 41 2"));
        }),
        doctored("session-id-stays", two_offers, |tape| {
            tape.creates_offer(OFFER);
            tape.mark_created();
            tape.creates_offer(&offer("o=- 41 1", "o=- 42 1"));
        }),
        doctored("session-version-grows", two_offers, |tape| {
            tape.creates_offer(OFFER);
            tape.mark_created();
            tape.creates_offer(&offer("a=mid:0", "a=mid:1").replace("BUNDLE 0", "BUNDLE 1"));
        }),
        doctored("ice-restart-option-changes-credentials", restarts, |tape| {
            tape.negotiates();
            tape.mark_created();
            let text = offer("o=- 41 1", "o=- 41 2");
            tape.creates("createOffer", json!({ "iceRestart": true }), &text);
        }),
    ]
}

fn restarts(tape: &mut Tape) {
    tape.negotiates();
    let text = OFFER
        .replace("o=- 41 1", "o=- 41 2")
        .replace("a=ice-ufrag:abcd", "a=ice-ufrag:wxyz");
    tape.creates("createOffer", json!({ "iceRestart": true }), &text);
}

fn negotiates_and_surfaces(tape: &mut Tape) {
    tape.creates_offer(OFFER);
    tape.surfaces(a_candidate());
}

pub(super) fn candidate_cases() -> Vec<Doctored> {
    vec![
        doctored("candidate-follows-its-grammar", negotiates_and_surfaces, |tape| {
            let wrong = candidate_with("candidate", json!("a=candidate:1 1 udp 1 10.0.0.1 5 typ host"));
            tape.gathering();
            tape.mark();
            tape.fired_with("icecandidate", wrong);
        }),
        doctored("candidate-is-surfaced-once", negotiates_and_surfaces, |tape| {
            tape.surfaces(a_candidate());
            tape.mark();
            tape.fired_with("icecandidate", a_candidate());
        }),
        doctored("generation-ends-once", Tape::gathers, |tape| {
            tape.gathering();
            tape.candidate();
            tape.end_of_candidates();
            tape.mark();
            tape.end_of_candidates();
        }),
        doctored(
            "candidate-belongs-to-a-section",
            negotiates_and_surfaces,
            |tape| {
                tape.creates_offer(OFFER);
                tape.gathering();
                tape.mark();
                tape.fired_with("icecandidate", candidate_with("sdpMLineIndex", json!(1)));
            },
        ),
        doctored(
            "candidate-is-of-a-local-generation",
            negotiates_and_surfaces,
            |tape| {
                tape.creates_offer(OFFER);
                tape.gathering();
                tape.mark();
                tape.fired_with("icecandidate", candidate_with("usernameFragment", json!("gone")));
            },
        ),
    ]
}

pub(super) fn transceiver_cases() -> Vec<Doctored> {
    vec![
        doctored("transceivers-are-not-removed", a_negotiated_transceiver, |tape| {
            tape.has_transceiver(20, None);
            tape.has_transceiver(30, None);
            tape.state.transceivers.remove(0);
            tape.mark();
            tape.end();
        }),
        doctored(
            "transceivers-keep-their-order",
            a_negotiated_transceiver,
            |tape| {
                tape.has_transceiver(20, None);
                tape.has_transceiver(30, None);
                tape.state.transceivers.swap(0, 1);
                tape.mark();
                tape.end();
            },
        ),
        doctored(
            "stopped-transceiver-stays-stopped",
            a_negotiated_transceiver,
            |tape| {
                tape.has_transceiver(20, Some("0"));
                tape.transceiver(0).current_direction = Some(Direction::Stopped);
                tape.transceiver(0).ready_state = MediaStreamTrackState::Ended;
                tape.end();
                tape.transceiver(0).current_direction = Some(Direction::Inactive);
                tape.mark();
                tape.end();
            },
        ),
        doctored("mid-never-changes", a_negotiated_transceiver, |tape| {
            tape.has_transceiver(20, Some("0"));
            tape.transceiver(0).mid = Some("1".to_owned());
            tape.mark();
            tape.end();
        }),
        doctored(
            "transceivers-have-mids-of-their-own",
            a_negotiated_transceiver,
            |tape| {
                tape.has_transceiver(20, Some("0"));
                tape.mark();
                tape.has_transceiver(30, Some("0"));
            },
        ),
        doctored(
            "transceiver-keeps-its-sender-and-receiver",
            a_negotiated_transceiver,
            |tape| {
                tape.has_transceiver(20, None);
                tape.transceiver(0).receiver = Handle(99);
                tape.mark();
                tape.end();
            },
        ),
        doctored(
            "current-direction-needs-a-mid",
            a_negotiated_transceiver,
            |tape| {
                tape.has_transceiver(20, None);
                tape.transceiver(0).current_direction = Some(Direction::SendOnly);
                tape.mark();
                tape.end();
            },
        ),
        doctored(
            "stopped-receiver-has-an-ended-track",
            a_negotiated_transceiver,
            |tape| {
                tape.has_transceiver(20, Some("0"));
                tape.transceiver(0).current_direction = Some(Direction::Stopped);
                tape.mark();
                tape.end();
            },
        ),
        doctored(
            "lists-have-as-many-members-as-there-are-transceivers",
            |tape| {
                tape.has_transceiver(20, None);
                let operation = tape.called("getSenders", json!(null));
                tape.came(operation, Completion::Value(json!([{ "object": 21 }])));
            },
            |tape| {
                tape.has_transceiver(20, None);
                let operation = tape.called("getTransceivers", json!(null));
                tape.mark();
                tape.came(operation, Completion::Value(json!([])));
            },
        ),
        doctored("track-names-its-transceiver", a_track, |tape| {
            tape.has_transceiver(20, Some("0"));
            tape.mark();
            tape.track(20);
            tape.end();
        }),
        doctored("track-is-fired-once-for-a-transceiver", a_track, |tape| {
            tape.has_transceiver(20, Some("0"));
            tape.track(22);
            tape.mark();
            tape.track(22);
            tape.end();
        }),
        doctored("events-of-a-description-in-order", a_track, |tape| {
            tape.has_transceiver(20, Some("0"));
            tape.track(22);
            tape.mark();
            tape.fired_at(Handle(23), Interface::MediaStreamTrack, "mute", json!(null));
            tape.end();
        }),
        doctored("track-before-fulfilment", a_track, |tape| {
            tape.has_transceiver(20, Some("0"));
            let operation = tape.promise("setRemoteDescription", json!({ "type": "offer", "sdp": "" }));
            tape.state.signaling_state = Some(SignalingState::HaveRemoteOffer);
            tape.descriptions().pending_remote = Some(SdpType::Offer);
            tape.fired("signalingstatechange");
            tape.fulfilled(operation);
            tape.mark();
            tape.track(22);
            tape.end();
        }),
    ]
}

pub(super) fn announcing_cases() -> Vec<Doctored> {
    vec![
        doctored(
            "channel-ids-follow-the-dtls-role",
            |tape| {
                tape.negotiates();
                tape.creates_channel(9, Some(1));
            },
            |tape| {
                tape.negotiates();
                // The snapshot at the return of the call is the first that has the channel.
                tape.marked = Some(tape.trace.len() as u64 + 1);
                tape.creates_channel(9, Some(2));
            },
        ),
        doctored("channel-is-announced-once", announces, |tape| {
            announces(tape);
            tape.mark();
            tape.fired_with("datachannel", json!({ "channel": 9, "label": "chat" }));
        }),
        doctored(
            "negotiationneeded-is-not-repeated",
            |tape| {
                tape.fired("negotiationneeded");
                tape.end();
                tape.negotiates();
                tape.fired("negotiationneeded");
                tape.end();
            },
            |tape| {
                tape.fired("negotiationneeded");
                tape.end();
                tape.mark();
                tape.fired("negotiationneeded");
                tape.end();
            },
        ),
    ]
}

pub(super) fn statistics_cases() -> Vec<Doctored> {
    vec![
        doctored("stats-object-says-what-it-is", two_reports, |tape| {
            tape.marked = Some(tape.trace.len() as u64 + 2);
            tape.reports(json!({ "T1": { "id": "T2", "type": "transport", "timestamp": 1.0 } }));
        }),
        doctored("stats-id-stands-for-one-object", two_reports, |tape| {
            tape.reports(a_report(10, 5.0));
            tape.marked = Some(tape.trace.len() as u64 + 2);
            tape.reports(json!({ "T1": { "id": "T1", "type": "codec", "timestamp": 6.0 } }));
        }),
        doctored("stats-counters-never-go-back", two_reports, |tape| {
            tape.reports(a_report(10, 5.0));
            tape.marked = Some(tape.trace.len() as u64 + 2);
            tape.reports(a_report(9, 6.0));
        }),
        doctored("stats-timestamps-never-go-back", two_reports, |tape| {
            tape.reports(a_report(10, 5.0));
            tape.marked = Some(tape.trace.len() as u64 + 2);
            tape.reports(a_report(10, 4.0));
        }),
        doctored("stats-references-lead-somewhere", two_reports, |tape| {
            tape.marked = Some(tape.trace.len() as u64 + 2);
            tape.reports(json!({ "T1": { "id": "T1", "type": "transport", "timestamp": 1.0, "selectedCandidatePairId": "P9" } }));
        }),
    ]
}

#[test]
fn a_rollback_may_take_transceivers_and_mids_away() {
    let mut tape = Tape::new(Granularity::Step);
    tape.is_offered(OFFER);
    tape.has_transceiver(20, Some("0"));
    let operation = tape.promise("setRemoteDescription", json!({ "type": "rollback", "sdp": "" }));
    tape.state.signaling_state = Some(SignalingState::Stable);
    tape.descriptions().pending_remote = None;
    tape.state.transceivers.clear();
    tape.fired("signalingstatechange");
    tape.fulfilled(operation);
    tape.end();
    assert_eq!(super::judge(&tape.header, &tape.trace), []);
}
