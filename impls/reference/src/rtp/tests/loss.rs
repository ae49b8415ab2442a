//! Loss, reordering and what is done about them.

use super::*;

/// Runs until a stream has sent so many packets, and lets what flies arrive.
fn packets(pair: &mut Pair, ssrc: u32, count: u64) {
    while pair.outbound(0, ssrc).packets_sent < count {
        pair.seconds(1);
    }
    pair.on(0, |session, now| session.set_source(now, "0", None));
    pair.seconds(5);
}

#[test]
fn ten_thousand_packets_arrive_intact_without_loss() {
    let mut pair = Pair::flowing(1, &[Codec::Vp8]);
    packets(&mut pair, 1000, 10_000);
    let (sent, received) = (pair.outbound(0, 1000), pair.inbound(1, 1000));
    let frames = pair.frames(1, 1000);
    assert!(are_consecutive(&numbers(&frames), 0));
    assert_eq!(frames.len() as u64, sent.frames_sent);
    assert_eq!(received.packets_received, sent.packets_sent);
    assert_eq!(received.bytes_received, sent.bytes_sent);
    assert_eq!(received.header_bytes_received, sent.header_bytes_sent);
    assert_eq!(
        (
            received.packets_lost,
            received.nack_count,
            received.frames_dropped
        ),
        (0, 0, 0)
    );
    assert_eq!(received.frames_decoded, sent.frames_encoded);
    assert_eq!(received.key_frames_decoded, sent.key_frames_encoded);
}

#[test]
fn ten_thousand_packets_arrive_intact_at_5_percent_loss() {
    for (seed, codec, count) in [
        (1, Codec::Vp8, 10_000),
        (2, Codec::H264, 2000),
        (3, Codec::Av1, 2000),
        (4, Codec::Vp9, 2000),
    ] {
        let mut pair = Pair::flowing(seed, &[codec]);
        pair.loss = 0.05;
        pair.jitter = Duration::from_millis(5);
        packets(&mut pair, 1000, count);
        // About a twentieth is lost; half of that would tell that loss is not what it should be.
        let lost = count / 40;
        let (sent, received) = (pair.outbound(0, 1000), pair.inbound(1, 1000));
        let frames = pair.frames(1, 1000);
        assert!(are_consecutive(&numbers(&frames), 0), "{codec:?}, seed {seed}");
        // The last packet may be lost, and nothing after it tells.
        let unheard = sent.frames_sent - frames.len() as u64;
        assert!(unheard <= 1, "{codec:?}, seed {seed}: {unheard}");
        assert!(
            sent.retransmitted_packets_sent >= lost,
            "{codec:?}, seed {seed}: {sent:?}"
        );
        assert!(received.nack_count > 0 && sent.nack_count > 0);
        assert!(
            received.packets_lost >= lost as i64,
            "{codec:?}, seed {seed}: {received:?}"
        );
        let repaired = received.retransmitted_packets_received.unwrap();
        assert!(repaired >= lost && repaired <= sent.retransmitted_packets_sent);
        assert_eq!(received.frames_dropped, 0, "{codec:?}, seed {seed}");
        assert_eq!(received.rtx_ssrc, Some(1001));
    }
}

#[test]
fn without_a_stream_for_retransmissions_they_come_on_the_stream_itself() {
    let mut pair = Pair::new(1);
    let mut send = sending("0", Codec::Vp8, 1000);
    let mut receive = receiving("0", Codec::Vp8);
    send.send.as_mut().unwrap().format.rtx_payload_type = None;
    receive.receive.as_mut().unwrap().formats[0].rtx_payload_type = None;
    pair.configure(1, vec![receive]);
    pair.configure(0, vec![send]);
    pair.loss = 0.05;
    pair.seconds(30);
    let frames = pair.frames(1, 1000);
    assert!(frames.len() > 880 && are_consecutive(&numbers(&frames), 0));
    let received = pair.inbound(1, 1000);
    assert_eq!(
        (received.retransmitted_packets_received, received.rtx_ssrc),
        (None, None)
    );
    assert!(pair.outbound(0, 1000).retransmitted_packets_sent > 30);
}

#[test]
fn a_frame_that_stays_incomplete_is_followed_by_a_key_frame() {
    for only in [
        Feedback {
            nack_pli: true,
            ..Feedback::default()
        },
        Feedback {
            ccm_fir: true,
            ..Feedback::default()
        },
    ] {
        let mut pair = Pair::new(1);
        let mut send = sending("0", Codec::Vp8, 1000);
        let mut receive = receiving("0", Codec::Vp8);
        send.send.as_mut().unwrap().format.feedback = only;
        receive.receive.as_mut().unwrap().formats[0].feedback = only;
        pair.configure(1, vec![receive]);
        pair.configure(0, vec![send]);
        pair.seconds(2);
        pair.loss = 1.0;
        pair.run(Duration::from_millis(100));
        pair.loss = 0.0;
        pair.seconds(2);
        let frames = pair.frames(1, 1000);
        let gap = numbers(&frames)
            .windows(2)
            .position(|two| two[1] != two[0] + 1)
            .unwrap();
        assert!(frames[gap + 1].key, "{only:?}");
        assert!(are_consecutive(
            &numbers(&frames[gap + 1..]),
            numbers(&frames)[gap + 1]
        ));
        let (received, sent) = (pair.inbound(1, 1000), pair.outbound(0, 1000));
        assert_eq!(
            (received.pli_count, received.fir_count),
            (u64::from(only.nack_pli), u64::from(only.ccm_fir))
        );
        assert_eq!(
            (sent.pli_count, sent.fir_count),
            (received.pli_count, received.fir_count)
        );
        assert!(received.frames_dropped >= 3 && received.packets_lost >= 3);
        let asked = MediaEvent::KeyFrameRequested {
            mid: "0".to_owned(),
            ssrc: 1000,
        };
        assert_eq!(pair.take(0), [asked]);
        assert!(received.freeze_count >= 1 && received.total_freezes_duration > Duration::from_millis(150));
    }
}

#[test]
fn a_long_outage_ends_with_a_key_frame() {
    let mut pair = Pair::flowing(3, &[Codec::H264]);
    pair.seconds(2);
    pair.loss = 1.0;
    pair.seconds(30);
    pair.loss = 0.0;
    pair.take(1);
    pair.seconds(3);
    let frames = pair.frames(1, 1000);
    assert!(
        frames.first().unwrap().key && frames.len() > 30,
        "{}",
        frames.len()
    );
}

#[test]
fn lost_audio_is_passed_over_and_counted_as_concealed() {
    let mut pair = Pair::flowing(7, &[Codec::Opus]);
    pair.loss = 0.1;
    pair.seconds(20);
    let received = pair.inbound(1, 1000);
    let frames = pair.frames(1, 1000);
    let missing = numbers(&frames).last().unwrap() + 1 - frames.len() as u32;
    assert!((50..160).contains(&missing), "{missing}");
    assert_eq!(received.concealed_samples, u64::from(missing) * 960);
    assert!(received.concealment_events > 0 && received.concealment_events <= u64::from(missing));
    assert!(received.packets_lost.unsigned_abs().abs_diff(missing.into()) <= 3);
    assert_eq!(received.nack_count, 0, "it was not agreed on");
    assert!((received.audio_level.unwrap() - 0.1).abs() < 1e-9);
    assert!((received.total_samples_duration - 20.0).abs() < 0.2);
}

#[test]
fn packets_that_overtake_one_another_are_not_asked_for() {
    let mut pair = Pair::flowing(1, &[Codec::Vp8]);
    pair.jitter = Duration::from_millis(8);
    pair.seconds(20);
    let received = pair.inbound(1, 1000);
    assert_eq!(
        (
            received.nack_count,
            received.packets_lost,
            received.packets_discarded
        ),
        (0, 0, 0)
    );
    assert!(
        received.jitter > 0.0005 && received.jitter < 0.01,
        "{}",
        received.jitter
    );
    let rate = received.frames_per_second.unwrap();
    assert!((29.0..=31.0).contains(&rate), "{rate}");
}

/// A packet of Opus by hand, on a stream of its own.
fn opus(sequence_number: u16, timestamp: u32) -> Vec<u8> {
    let mut packet = Vec::new();
    let header = packet::RtpHeader {
        payload_type: 111,
        marker: false,
        sequence_number,
        timestamp,
        ssrc: 77,
    };
    packet::write(&mut packet, &header, None, &[&[0x78, 1, 2, 3]]);
    packet
}

#[test]
fn a_remote_that_begins_anew_is_followed_from_its_second_packet_on() {
    let mut pair = Pair::new(1);
    pair.configure(1, vec![receiving("0", Codec::Opus)]);
    let numbers = [5, 6, 7, 40_000, 9, 50_000, 50_001, 50_002];
    for (at, number) in numbers.into_iter().enumerate() {
        let now = SimTime::from_millis(20 * at as u64);
        pair.sides[1].input_decrypted(now, &opus(number, 960 * at as u32));
        pair.sides[1].advance(now);
    }
    pair.now = SimTime::from_millis(500);
    let now = pair.now;
    pair.on(1, |session, _| session.advance(now));
    // One number that leaps is not believed (RFC 3550 appendix A.1), two in a row are.
    let timestamps: Vec<_> = pair
        .frames(1, 77)
        .iter()
        .map(|frame| frame.rtp_timestamp / 960)
        .collect();
    assert_eq!(timestamps, [0, 1, 2, 6, 7]);
    let received = pair.inbound(1, 77);
    assert_eq!((received.packets_received, received.packets_lost), (2, 0));
}

#[test]
fn what_comes_twice_or_too_late_is_counted_and_not_given_again() {
    let mut pair = Pair::new(1);
    pair.configure(1, vec![receiving("0", Codec::Opus)]);
    for (milliseconds, number) in [(0, 5), (1, 5), (20, 7), (200, 8), (201, 6)] {
        let now = SimTime::from_millis(milliseconds);
        pair.sides[1].input_decrypted(now, &opus(number, 960 * u32::from(number)));
        pair.sides[1].advance(now);
    }
    pair.now = SimTime::from_millis(300);
    let now = pair.now;
    pair.on(1, |session, _| session.advance(now));
    let numbers: Vec<_> = pair
        .frames(1, 77)
        .iter()
        .map(|frame| frame.rtp_timestamp / 960)
        .collect();
    assert_eq!(numbers, [5, 7, 8]);
    let received = pair.inbound(1, 77);
    // The duplicate and the late one: both came, so more were received than expected.
    assert_eq!((received.packets_received, received.packets_lost), (5, -1));
    assert_eq!((received.packets_discarded, received.concealed_samples), (2, 960));
}
