//! Answers to offers of media (RFC 9429 section 5.3).

use glare_peer::{BundlePolicy, SdpType};

use super::super::compare::check_answer_against;
use super::super::fixtures::{
    BROWSER_OFFER, FIREFOX_VIDEO_OFFER, answer_input, parsed, replace_line, transceiver, transport,
};
use super::super::{
    AnswerInput, Codec, Description, Direction, MediaKind, MediaSection, SendEncoding, Setup,
    TransceiverInput, plan_answer,
};
use super::side::{negotiate, pair};

/// A transceiver that is associated with the section of a mid.
fn associated(kind: MediaKind, direction: Direction, mid: &str) -> TransceiverInput {
    TransceiverInput {
        mid: Some(mid.to_owned()),
        ..transceiver(kind, direction)
    }
}

fn answer_of(input: &AnswerInput<'_>) -> Description {
    let mut generation = 0;
    let text = plan_answer(input).write(|_| {
        generation += 1;
        transport(generation)
    });
    let answer = parsed(&text);
    answer.verify(SdpType::Answer).unwrap();
    check_answer_against(&answer, input.remote_offer).unwrap();
    answer
}

fn answer(offer: &Description, transceivers: &[TransceiverInput]) -> Description {
    answer_of(&AnswerInput {
        transceivers,
        ..answer_input(offer)
    })
}

fn rejected(answer: &Description) -> Vec<bool> {
    answer.media.iter().map(MediaSection::is_rejected).collect()
}

#[test]
fn a_browsers_offer_is_answered_section_by_section_over_one_transport() {
    let offer = parsed(BROWSER_OFFER);
    let transceivers = [
        associated(MediaKind::Audio, Direction::SendRecv, "0"),
        associated(MediaKind::Video, Direction::RecvOnly, "1"),
    ];
    let answer = answer(&offer, &transceivers);
    assert_eq!(rejected(&answer), [false; 3]);
    assert_eq!(answer.groups[0].mids, ["0", "1", "2"]);
    let [audio, video, data] = &answer.media[..] else {
        panic!("{answer:?}");
    };
    assert_eq!(audio.formats, ["111"]);
    assert_eq!(audio.setup.as_ref().unwrap().value, Setup::Active);
    assert!(audio.rtcp_mux && audio.rtcp_rsize && !audio.rtcp_mux_only);
    assert_eq!(
        (audio.direction, video.direction),
        (Direction::SendRecv, Direction::RecvOnly)
    );
    assert_eq!(video.formats, ["96", "97"]);
    assert_eq!(video.codecs[0].rtcp_fb, ["ccm fir"], "goog-remb is not ours");
    assert_eq!(audio.header_extensions.len(), 1);
    assert!(!video.bundle_only && video.port == 9 && video.ice_ufrag.is_none() && data.ice_ufrag.is_none());
    assert!(
        video.simulcast.is_none() && video.rids.is_empty(),
        "we do not receive simulcast"
    );
}

#[test]
fn the_direction_of_an_answer_is_what_both_sides_want() {
    use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
    for (offered, ours, expected) in [
        (SendRecv, SendRecv, SendRecv),
        (SendOnly, SendRecv, RecvOnly),
        (RecvOnly, SendRecv, SendOnly),
        (SendOnly, SendOnly, Inactive),
        (SendRecv, RecvOnly, RecvOnly),
        (Inactive, SendRecv, Inactive),
    ] {
        let text = replace_line(FIREFOX_VIDEO_OFFER, "a=sendonly", &format!("a={offered}"));
        let offer = parsed(&text);
        let answer = answer(&offer, &[associated(MediaKind::Video, ours, "0")]);
        assert_eq!(answer.media[0].direction, expected, "{ours} to {offered}");
        assert_eq!(answer.media[0].msids.len(), usize::from(expected.sends()));
    }
}

#[test]
fn sections_without_a_transceiver_or_a_common_format_are_rejected() {
    let offer = parsed(FIREFOX_VIDEO_OFFER);
    let video = || associated(MediaKind::Video, Direction::SendRecv, "0");
    let is_rejected = |transceiver: TransceiverInput| rejected(&answer(&offer, &[transceiver]))[0];
    assert!(!is_rejected(video()));
    assert!(is_rejected(TransceiverInput {
        stopped: true,
        ..video()
    }));
    assert!(is_rejected(TransceiverInput {
        mid: Some("1".to_owned()),
        ..video()
    }));
    assert!(is_rejected(associated(
        MediaKind::Audio,
        Direction::SendRecv,
        "0"
    )));
    let only = |name: &str| {
        let mut transceiver = video();
        transceiver.codecs.retain(|codec| codec.name() == name);
        transceiver
    };
    assert!(is_rejected(only("H264")) && is_rejected(only("red")));
    assert!(!is_rejected(only("VP8")));
    assert!(answer(&offer, &[]).groups.is_empty());
}

#[test]
fn a_section_without_mid_is_answered_by_its_index() {
    let text = replace_line(&replace_line(FIREFOX_VIDEO_OFFER, "a=mid", ""), "a=group", "");
    let offer = parsed(&text);
    let transceiver = TransceiverInput {
        mid: Some("generated".to_owned()),
        m_line_index: Some(0),
        ..transceiver(MediaKind::Video, Direction::RecvOnly)
    };
    let answer = answer(&offer, &[transceiver]);
    assert!(!answer.media[0].is_rejected() && answer.media[0].mid().is_none());
}

#[test]
fn the_profile_of_the_offer_is_repeated_whatever_it_is() {
    for profile in ["RTP/SAVPF", "UDP/TLS/RTP/SAVP", "TCP/DTLS/RTP/SAVPF"] {
        let offer = parsed(&FIREFOX_VIDEO_OFFER.replace("UDP/TLS/RTP/SAVPF", profile));
        let answer = answer(&offer, &[associated(MediaKind::Video, Direction::RecvOnly, "0")]);
        assert_eq!(
            (answer.media[0].protocol.as_str(), answer.media[0].is_rejected()),
            (profile, false)
        );
    }
}

#[test]
fn simulcast_that_is_asked_for_is_sent_as_far_as_the_sender_has_it() {
    let offer = |simulcast: &str| {
        let text = BROWSER_OFFER
            .replace(
                "a=rid:hi send\r\na=rid:lo send",
                "a=rid:1 recv\r\na=rid:2 recv\r\na=rid:3 recv",
            )
            .replace("send hi;~lo", simulcast);
        parsed(&text)
    };
    let said = |offer: &Description, rids: &[&str], direction| {
        let mut video = associated(MediaKind::Video, direction, "1");
        video.send_encodings = rids
            .iter()
            .map(|rid| SendEncoding {
                rid: Some((*rid).to_owned()),
                active: *rid != "2",
            })
            .collect();
        let answer = answer(
            offer,
            &[associated(MediaKind::Audio, Direction::SendRecv, "0"), video],
        );
        answer.media[1]
            .simulcast
            .as_ref()
            .map(|simulcast| simulcast.value())
    };
    let asked = offer("recv 1;2,3;1");
    assert_eq!(
        said(&asked, &["1", "2"], Direction::SendRecv).as_deref(),
        Some("send 1;~2")
    );
    assert_eq!(
        said(&asked, &["3", "1"], Direction::SendRecv).as_deref(),
        Some("send 1")
    );
    assert_eq!(said(&asked, &["x"], Direction::SendRecv), None);
    assert_eq!(said(&asked, &["1", "2"], Direction::RecvOnly), None);
}

#[test]
fn max_bundle_and_balanced_reject_what_is_apart() {
    let apart = |text: &str| {
        let transport = "a=ice-ufrag:lfFY\r\na=ice-pwd:Zj95ME1FXqmIN92P12wMtYOV\r\na=setup:actpass\r\n\
             a=fingerprint:sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13\r\n";
        let text = replace_line(text, "a=group", "a=group:BUNDLE 0 2");
        parsed(
            &text
                .replace("m=video 0", "m=video 9")
                .replace("a=mid:1\r\n", &format!("a=mid:1\r\n{transport}")),
        )
    };
    let offer = apart(BROWSER_OFFER);
    let transceivers = [
        associated(MediaKind::Audio, Direction::SendRecv, "0"),
        associated(MediaKind::Video, Direction::SendRecv, "1"),
    ];
    let answered = |bundle_policy| {
        let input = AnswerInput {
            transceivers: &transceivers,
            bundle_policy,
            ..answer_input(&offer)
        };
        (
            rejected(&answer_of(&input)),
            plan_answer(&input).transports().len(),
        )
    };
    assert_eq!(answered(BundlePolicy::MaxBundle), (vec![false, true, false], 1));
    assert_eq!(answered(BundlePolicy::Balanced), (vec![false; 3], 2));
    assert_eq!(answered(BundlePolicy::MaxCompat), (vec![false; 3], 2));
    // A second section of a kind that is not bundled with the first of its kind.
    let offer = apart(&BROWSER_OFFER.replace("m=video 0", "m=audio 0"));
    let audio = ["0", "1"].map(|mid| associated(MediaKind::Audio, Direction::SendRecv, mid));
    let mut audio = audio.to_vec();
    let vp8: Vec<Codec> = vec![Codec {
        mime_type: "audio/VP8".to_owned(),
        clock_rate: 90_000,
        ..offer.media[1].codecs[0].clone()
    }];
    audio[1].codecs = vp8;
    let input = AnswerInput {
        transceivers: &audio,
        ..answer_input(&offer)
    };
    assert_eq!(rejected(&answer_of(&input)), [false, true, false]);
}

#[test]
fn an_answer_keeps_the_transport_when_the_tagged_section_is_gone() {
    let (mut a, mut b) = pair(BundlePolicy::Balanced);
    a.add(MediaKind::Audio, Direction::SendRecv);
    a.add(MediaKind::Video, Direction::SendRecv);
    let (_, first) = negotiate(&mut a, &mut b);
    b.transceivers[0].stopped = true;
    let (_, second) = negotiate(&mut a, &mut b);
    assert_eq!(rejected(&second), [true, false]);
    assert_eq!(first.ice_credentials(1), second.ice_credentials(1));
    let (offer, _) = negotiate(&mut b, &mut a);
    assert_eq!(offer.ice_credentials(1), second.ice_credentials(1));
}

#[test]
fn an_ice_lite_remote_side_is_answered_like_any_other() {
    let offer = parsed(&replace_line(FIREFOX_VIDEO_OFFER, "a=ice-options", "a=ice-lite"));
    assert!(offer.ice_lite);
    let answer = answer(&offer, &[associated(MediaKind::Video, Direction::RecvOnly, "0")]);
    assert!(answer.ice_options.is_empty() && !answer.ice_lite && !answer.media[0].is_rejected());
}

#[test]
fn a_final_answer_goes_on_with_what_the_provisional_one_began() {
    let offer = parsed(BROWSER_OFFER);
    let transceivers = [
        associated(MediaKind::Audio, Direction::SendRecv, "0"),
        associated(MediaKind::Video, Direction::RecvOnly, "1"),
    ];
    let input = AnswerInput {
        transceivers: &transceivers,
        ..answer_input(&offer)
    };
    let continues = |input: &AnswerInput<'_>| {
        let plan = plan_answer(input);
        plan.transports()
            .iter()
            .map(|request| request.continues)
            .collect::<Vec<_>>()
    };
    assert_eq!(continues(&input), [None]);
    let provisional = answer_of(&input);
    let again = AnswerInput {
        pending_local: Some(&provisional),
        ..input
    };
    assert_eq!(continues(&again), [Some(0)]);
    assert_eq!(answer_of(&again), provisional);
}
