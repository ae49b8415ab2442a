//! Media that flows without any loss.

use super::*;

const CODECS: [Codec; 7] = [
    Codec::Opus,
    Codec::Pcmu,
    Codec::Pcma,
    Codec::Vp8,
    Codec::Vp9,
    Codec::H264,
    Codec::Av1,
];

#[test]
fn every_frame_of_every_codec_arrives_whole_and_in_order() {
    let mut pair = Pair::flowing(1, &CODECS);
    pair.jitter = Duration::from_millis(9);
    pair.seconds(12);
    pair.on(0, |session, now| session.close(now));
    pair.seconds(1);
    for (at, codec) in CODECS.into_iter().enumerate() {
        let ssrc = 1000 * (at as u32 + 1);
        let frames = pair.frames(1, ssrc);
        let expected = if codec.kind() == MediaKind::Audio {
            601
        } else {
            361
        };
        assert!(
            frames.len().abs_diff(expected) <= 1,
            "{codec:?}: {} frames",
            frames.len()
        );
        assert!(are_consecutive(&numbers(&frames), 0), "{codec:?}");
        assert!(frames.iter().all(|frame| frame.codec == codec));
        let size = if codec.kind() == MediaKind::Audio {
            (0, 0)
        } else {
            (640, 360)
        };
        assert!(
            frames.iter().all(|frame| (frame.width, frame.height) == size),
            "{codec:?}"
        );
        let keys = frames.iter().filter(|frame| frame.key).count();
        assert_eq!(
            keys,
            if codec.kind() == MediaKind::Audio {
                frames.len()
            } else {
                2
            }
        );
    }
}

#[test]
fn every_profile_of_srtp_carries_it() {
    for profile in [
        SrtpProfile::Aes128CmHmacSha1_80,
        SrtpProfile::AeadAes128Gcm,
        SrtpProfile::AeadAes256Gcm,
    ] {
        let mut pair = Pair::without_keys(1);
        pair.configure(1, vec![receiving("0", Codec::Opus)]);
        pair.configure(0, vec![sending("0", Codec::Opus, 1000)]);
        pair.seconds(1);
        assert_eq!(pair.totals, [(0, 0); 2], "nothing is sent without keys");
        assert_eq!(pair.sides[0].deadline(), None);
        let material = vec![3; profile.keying_material_length()];
        for side in 0..2 {
            pair.on(side, |session, now| {
                session.set_keys(now, profile, &material, side == 0)
            })
            .unwrap();
        }
        pair.seconds(1);
        assert_eq!(pair.frames(1, 1000).len(), 50, "{profile:?}");
        assert_eq!((pair.sides[0].unprotected(), pair.sides[1].dropped()), (0, 0));
    }
}

#[test]
fn the_first_packet_is_told_once_and_bye_ends_the_stream() {
    let mut pair = Pair::flowing(1, &[Codec::Opus]);
    pair.seconds(1);
    let first = pair
        .take(1)
        .into_iter()
        .filter(|event| !matches!(event, MediaEvent::Frame { .. }));
    let expected = MediaEvent::FirstPacket {
        mid: "0".to_owned(),
        ssrc: 1000,
        rid: None,
    };
    assert_eq!(first.collect::<Vec<_>>(), [expected]);
    pair.on(0, |session, now| session.stop_sending(now, "0"));
    pair.seconds(1);
    let bye = MediaEvent::Bye {
        mid: "0".to_owned(),
        ssrc: 1000,
    };
    assert_eq!(pair.take(1).last(), Some(&bye));
    assert_eq!(pair.sides[0].outbound_statistics(pair.now), []);
}

#[test]
fn a_track_is_replaced_without_another_ssrc_and_paused_without_a_bye() {
    let mut pair = Pair::flowing(1, &[Codec::Vp8]);
    pair.seconds(1);
    let before = pair.frames(1, 1000).len() as u32;
    let smaller = MediaSource::Video {
        width: 320,
        height: 240,
        framerate: 15.0,
        enabled: true,
    };
    pair.on(0, |session, now| session.set_source(now, "0", Some(smaller)));
    pair.seconds(2);
    let frames = pair.frames(1, 1000);
    assert!(are_consecutive(&numbers(&frames), before), "no frame is lost");
    let first = frames.iter().position(|frame| frame.width == 320).unwrap();
    assert!(frames[first].key && frames[first..].iter().all(|frame| frame.height == 240));
    assert!((28..=31).contains(&(frames.len() - first)), "{}", frames.len());
    pair.on(0, |session, now| session.set_source(now, "0", None));
    pair.seconds(1);
    pair.take(1);
    pair.seconds(10);
    assert_eq!(pair.take(1), []);
    pair.on(0, |session, now| session.set_source(now, "0", Some(CAMERA)));
    pair.seconds(1);
    let frames = pair.frames(1, 1000);
    assert!(frames[0].key && frames.len() >= 29);
    assert_eq!(pair.take(1), [], "it is the same stream as before");
}

#[test]
fn a_section_that_stops_and_goes_on_never_uses_a_number_twice() {
    let mut pair = Pair::flowing(1, &[Codec::Opus]);
    for _ in 0..5 {
        pair.seconds(1);
        let mut quiet = sending("0", Codec::Opus, 1000);
        quiet.send = None;
        pair.configure(0, vec![quiet]);
        pair.seconds(1);
        pair.configure(0, vec![]);
        pair.seconds(1);
        pair.configure(0, vec![sending("0", Codec::Opus, 1000)]);
    }
    pair.seconds(1);
    // A number that is used twice is dropped as a repetition (RFC 3711 section 3.3.2).
    assert_eq!(pair.sides[1].dropped(), 0);
    assert_eq!(pair.frames(1, 1000).len(), 5 * 51 + 50);
}

#[test]
fn parameters_of_an_encoding_take_effect_at_once() {
    let mut pair = Pair::flowing(1, &[Codec::Vp8]);
    pair.seconds(2);
    let unlimited = pair.outbound(0, 1000);
    let limited = SendEncoding {
        rtx_ssrc: Some(1001),
        max_bitrate: Some(25_000),
        max_framerate: Some(10.0),
        scale_resolution_down_by: 2.0,
        ..encoding(1000)
    };
    pair.on(0, |session, now| {
        session.set_encodings(now, "0", std::slice::from_ref(&limited));
    });
    pair.seconds(4);
    let statistics = pair.outbound(0, 1000);
    assert_eq!(
        (statistics.frame_width, statistics.frame_height),
        (Some(320), Some(180))
    );
    assert_eq!(statistics.frames_per_second, Some(10.0));
    assert_eq!(statistics.target_bitrate, 25_000.0);
    let bits = (statistics.bytes_sent - unlimited.bytes_sent) * 8 / 4;
    assert!((18_000..40_000).contains(&bits), "{bits}");
    let paused = SendEncoding {
        active: false,
        ..limited
    };
    pair.on(0, |session, now| session.set_encodings(now, "0", &[paused]));
    let statistics = pair.outbound(0, 1000);
    pair.seconds(4);
    assert_eq!(pair.outbound(0, 1000).packets_sent, statistics.packets_sent);
    assert!(!pair.outbound(0, 1000).active);
    assert!(
        !pair
            .take(1)
            .iter()
            .any(|event| matches!(event, MediaEvent::Bye { .. }))
    );
}

#[test]
fn two_runs_of_a_seed_are_the_same_and_those_of_two_seeds_are_not() {
    let run = |seed| {
        let mut pair = Pair::flowing(seed, &[Codec::Opus, Codec::Vp8]);
        pair.loss = 0.1;
        pair.seconds(3);
        (
            pair.totals,
            format!("{:?}", pair.sides[1].inbound_statistics(pair.now)),
        )
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn sections_that_contradict_themselves_are_refused_and_change_nothing() {
    let mut pair = Pair::flowing(1, &[Codec::Opus]);
    let refused = |sections: Vec<Section>, message: &str| {
        let mut session = MediaSession::new(1, "c", Duration::ZERO);
        let error = session.configure(SimTime::ZERO, sections).unwrap_err();
        assert_eq!(error.to_string(), message);
    };
    refused(
        vec![receiving("0", Codec::Opus), receiving("0", Codec::Vp8)],
        "two sections have the mid \"0\"",
    );
    refused(
        vec![sending("0", Codec::Opus, 5), sending("1", Codec::Vp8, 4)],
        "the SSRC 5 of section \"1\" is sent by another stream, too",
    );
    let mut wrong = sending("0", Codec::Opus, 5);
    wrong.kind = MediaKind::Video;
    refused(vec![wrong], "section \"0\" is to carry media of the other kind");
    let mut wrong = receiving("0", Codec::Opus);
    wrong.extensions[0].id = 15;
    refused(
        vec![wrong],
        "section \"0\" maps a header extension to 15, which is reserved",
    );
    let twice = vec![receiving("0", Codec::Opus), receiving("0", Codec::Opus)];
    assert!(pair.on(1, |session, now| session.configure(now, twice)).is_err());
    pair.seconds(1);
    assert_eq!(pair.frames(1, 1000).len(), 50);
}

#[test]
fn nothing_is_sent_or_taken_after_the_end() {
    let mut pair = Pair::flowing(1, &[Codec::Vp8]);
    pair.seconds(1);
    pair.on(0, |session, now| session.close(now));
    let totals = pair.totals;
    pair.on(0, |session, now| session.set_source(now, "0", Some(CAMERA)));
    pair.configure(0, vec![sending("0", Codec::Vp8, 1000)]);
    pair.seconds(10);
    assert_eq!(pair.totals[0], totals[0]);
    assert_eq!(pair.sides[0].deadline(), None);
    assert_eq!(pair.sides[0].transmit(), None);
}

#[test]
fn a_section_that_goes_on_says_again_who_it_is_and_begins_with_a_key_frame() {
    let mut pair = Pair::new(1);
    let both = |active: bool, of: fn(&str, Codec) -> Section| {
        ["x", "y"].map(|mid| {
            if active {
                of(mid, Codec::Vp8)
            } else {
                section(mid, Codec::Vp8)
            }
        })
    };
    let send = |mid: &str, codec| sending(mid, codec, if mid == "x" { 10 } else { 20 });
    for _ in 0..3 {
        pair.configure(1, both(true, receiving).to_vec());
        pair.configure(0, both(true, send).to_vec());
        pair.take(1);
        // Long enough that the remote has shown that it knows the streams, which share their payload types.
        pair.seconds(12);
        for ssrc in [10, 20] {
            let frames = pair.frames(1, ssrc);
            assert!(frames.len() > 350 && frames[0].key, "{}", frames.len());
        }
        pair.configure(0, both(false, send).to_vec());
        pair.seconds(1);
        pair.configure(1, both(false, receiving).to_vec());
    }
    assert_eq!(pair.sides[1].dropped(), 0);
}

#[test]
fn the_streams_go_on_with_the_keys_of_another_association() {
    let mut pair = Pair::flowing(1, &[Codec::Opus, Codec::Vp8]);
    pair.seconds(3);
    // Nothing is on its way while the keys change.
    for mid in ["0", "1"] {
        pair.on(0, |session, now| session.set_source(now, mid, None));
    }
    pair.seconds(1);
    for side in 0..2 {
        let profile = SrtpProfile::Aes128CmHmacSha1_80;
        pair.on(side, |session, now| {
            session.set_keys(now, profile, &[9; 60], side == 1)
        })
        .unwrap();
    }
    pair.take(1);
    pair.on(0, |session, now| session.set_source(now, "0", Some(MICROPHONE)));
    pair.on(0, |session, now| session.set_source(now, "1", Some(CAMERA)));
    pair.seconds(3);
    assert_eq!(
        (pair.frames(1, 1000).len(), pair.frames(1, 2000).len()),
        (150, 90)
    );
    assert_eq!(pair.take(1), [], "they are the streams of before");
}

#[test]
fn timestamps_follow_the_clock_of_the_codec() {
    let mut pair = Pair::flowing(1, &[Codec::Opus, Codec::Pcmu, Codec::Vp8]);
    pair.seconds(5);
    for (ssrc, step, tolerance) in [(1000, 960, 0), (2000, 160, 0), (3000, 3000, 1)] {
        let frames = pair.frames(1, ssrc);
        let steps = frames
            .windows(2)
            .map(|two| two[1].rtp_timestamp.wrapping_sub(two[0].rtp_timestamp));
        assert!(
            steps.into_iter().all(|found| found.abs_diff(step) <= tolerance),
            "{ssrc}"
        );
    }
}
