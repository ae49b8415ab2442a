//! Reports of RTCP and what statistics say of them.

use super::*;

#[test]
fn reports_measure_the_round_trip_and_the_loss() {
    let mut pair = Pair::flowing(1, &[Codec::Vp8]);
    pair.loss = 0.1;
    pair.seconds(30);
    let sent = pair.outbound(0, 1000);
    let remote = sent.remote.unwrap();
    let time = remote.round_trip_time.unwrap();
    assert!(
        (Duration::from_millis(39)..Duration::from_millis(42)).contains(&time),
        "{time:?}"
    );
    assert!(remote.round_trip_time_measurements >= 5);
    let average = remote.total_round_trip_time / remote.round_trip_time_measurements as u32;
    assert!((Duration::from_millis(39)..Duration::from_millis(42)).contains(&average));
    assert!(remote.packets_lost > 10 && remote.fraction_lost > 0.0 && remote.fraction_lost < 0.4);
    let of_stream = sent.packets_sent - sent.retransmitted_packets_sent;
    assert!(remote.packets_received < of_stream && remote.packets_received > of_stream * 3 / 4);
    let received = pair.inbound(1, 1000).remote.unwrap();
    assert!(received.packets_sent <= of_stream && received.packets_sent > of_stream * 3 / 4);
    assert!(received.reports_sent >= 10);
    // 2023-11-14 22:13:20 UTC, and at most half a minute.
    let seconds = (received.remote_timestamp >> 32) - 2_208_988_800 - 1_700_000_000;
    assert!((20..=30).contains(&seconds), "{seconds}");
}

#[test]
fn reports_come_every_five_seconds_at_rest_and_stop_when_nothing_flows() {
    let mut pair = Pair::flowing(1, &[Codec::Opus]);
    pair.seconds(60);
    let reports = pair.inbound(1, 1000).remote.unwrap().reports_sent;
    assert!((9..=25).contains(&reports), "{reports}");
    pair.on(0, |session, now| session.set_source(now, "0", None));
    pair.seconds(30);
    assert_eq!((pair.sides[0].deadline(), pair.sides[1].deadline()), (None, None));
}

#[test]
fn a_session_without_media_says_nothing() {
    let mut pair = Pair::new(1);
    pair.configure(0, vec![receiving("0", Codec::Vp8)]);
    pair.configure(1, vec![receiving("0", Codec::Vp8)]);
    pair.seconds(60);
    assert_eq!(pair.totals, [(0, 0); 2]);
}

#[test]
fn transport_wide_feedback_tells_the_sender_what_came() {
    let mut pair = Pair::flowing(1, &[Codec::Opus, Codec::Vp8]);
    pair.seconds(10);
    let (arrived, lost) = pair.sides[0].transport_feedback();
    let sent = pair.outbound(0, 1000).packets_sent + pair.outbound(0, 2000).packets_sent;
    assert_eq!(lost, 0);
    assert!(sent - arrived < 40, "{arrived} of {sent}");
    pair.loss = 0.2;
    pair.seconds(10);
    let (_, lost) = pair.sides[0].transport_feedback();
    assert!(lost > 100, "{lost}");
}

#[test]
fn without_reduced_size_every_rtcp_packet_begins_with_a_report() {
    let mut pair = Pair::without_keys(1);
    let mut receive = receiving("0", Codec::Vp8);
    receive.reduced_size = false;
    pair.configure(1, vec![receive]);
    // With the other side's keys, what this one protects can be read.
    let profile = SrtpProfile::AeadAes128Gcm;
    let mut reader = srtp::SrtpSession::new(profile, &[7; 56], true).unwrap();
    pair.on(1, |session, now| session.set_keys(now, profile, &[7; 56], false))
        .unwrap();
    let mut packet = Vec::new();
    let header = packet::RtpHeader {
        payload_type: 96,
        marker: false,
        sequence_number: 5,
        timestamp: 0,
        ssrc: 9,
    };
    packet::write(&mut packet, &header, None, &[&[0x10, 0x01, 0x02]]);
    pair.sides[1].input_decrypted(SimTime::ZERO, &packet);
    pair.sides[1].advance(SimTime::from_millis(100));
    let mut asked = 0;
    while let Some(mut datagram) = pair.sides[1].transmit() {
        reader.unprotect_rtcp(&mut datagram).unwrap();
        assert_eq!(datagram[1], 201, "a receiver report");
        let mut messages = Vec::new();
        rtcp::read(&datagram, &mut |message| messages.push(format!("{message:?}"))).unwrap();
        assert!(messages[0].starts_with("Cname"));
        asked += messages
            .iter()
            .filter(|message| message.starts_with("PictureLoss"))
            .count();
    }
    assert_eq!(asked, 1);
}

#[test]
fn synchronization_sources_tell_the_level_for_ten_seconds() {
    let mut pair = Pair::flowing(1, &[Codec::Opus, Codec::Vp8]);
    pair.seconds(1);
    let sources = pair.sides[1].synchronization_sources(pair.now, "0");
    assert_eq!(sources.len(), 1);
    assert_eq!(sources[0].source, 1000);
    assert!((sources[0].audio_level.unwrap() - 0.1).abs() < 1e-9);
    assert_eq!(
        pair.sides[1].synchronization_sources(pair.now, "1")[0].audio_level,
        None
    );
    assert_eq!(pair.sides[1].contributing_sources(pair.now, "0"), []);
    pair.on(0, |session, now| session.set_source(now, "0", None));
    pair.run(Duration::from_millis(10_030));
    assert_eq!(pair.sides[1].synchronization_sources(pair.now, "0"), []);
}

#[test]
fn the_source_counts_what_it_gives() {
    let mut pair = Pair::flowing(1, &[Codec::Opus, Codec::Vp8]);
    pair.seconds(4);
    let microphone = pair.sides[0].source_statistics(pair.now, "0").unwrap();
    assert!((microphone.total_samples_duration - 4.0).abs() < 0.03);
    assert!((microphone.total_audio_energy - 0.04).abs() < 0.001);
    let camera = pair.sides[0].source_statistics(pair.now, "1").unwrap();
    assert_eq!(
        (camera.frames, camera.width, camera.frames_per_second),
        (120, 640, 30.0)
    );
    assert_eq!(pair.sides[1].source_statistics(pair.now, "0"), None);
}

#[test]
fn contributing_sources_have_the_levels_that_a_mixer_gives_them() {
    let mut pair = Pair::new(1);
    let mut receive = receiving("0", Codec::Opus);
    receive.extensions.push(HeaderExtension {
        id: 7,
        kind: HeaderExtensionKind::ContributingAudioLevels,
    });
    pair.configure(1, vec![receive]);
    let packet = rtp_types::RtpPacketBuilder::<&[u8], &[u8]>::new()
        .payload_type(111)
        .sequence_number(1)
        .timestamp(4711)
        .ssrc(9)
        .add_csrc(31)
        .add_csrc(32)
        .extension(0xBEDE, &[0x71, 20, 127, 0])
        .payload(&[0x78, 1, 2])
        .write_vec()
        .unwrap();
    let now = pair.now;
    pair.sides[1].input_decrypted(now, &packet);
    let mut sources = pair.sides[1].contributing_sources(now, "0");
    sources.sort_by_key(|source| source.source);
    let found: Vec<_> = sources
        .iter()
        .map(|source| (source.source, source.audio_level, source.rtp_timestamp))
        .collect();
    assert_eq!(found, [(31, Some(0.1), 4711), (32, Some(0.0), 4711)]);
    assert_eq!(pair.sides[1].synchronization_sources(now, "0")[0].source, 9);
}
