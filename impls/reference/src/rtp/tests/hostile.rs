//! Whatever comes, before and after decryption: nothing panics, and nothing grows without bound.

use super::*;

/// A session that sends and receives all there is, and what another one sent to it, decrypted.
fn victim(seed: u64) -> (Pair, Vec<Vec<u8>>) {
    let mut pair = Pair::without_keys(seed);
    let codecs = [Codec::Opus, Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1];
    let both = |base: u32| -> Vec<Section> {
        let with = |(at, codec): (usize, &Codec)| {
            let mid = at.to_string();
            let mut section = sending(&mid, *codec, base + 10 * at as u32);
            section.receive = receiving(&mid, *codec).receive;
            section
        };
        codecs.iter().enumerate().map(with).collect()
    };
    pair.configure(0, both(1000));
    pair.configure(1, both(2000));
    let profile = SrtpProfile::AeadAes128Gcm;
    for side in 0..2 {
        pair.on(side, |session, now| {
            session.set_keys(now, profile, &[7; 56], side == 0)
        })
        .unwrap();
    }
    let mut reader = srtp::SrtpSession::new(profile, &[7; 56], false).unwrap();
    let mut plain = Vec::new();
    for _ in 0..120 {
        let before = pair.flying.len();
        pair.run(Duration::from_millis(1));
        for flying in pair
            .flying
            .iter()
            .skip(before.saturating_sub(1))
            .filter(|flying| flying.to == 1)
        {
            let mut datagram = flying.datagram.clone();
            let is_rtcp = packet::is_rtcp(&datagram);
            let result = if is_rtcp {
                reader.unprotect_rtcp(&mut datagram)
            } else {
                reader.unprotect_rtp(&mut datagram)
            };
            if result.is_ok() {
                plain.push(datagram);
            }
        }
    }
    assert!(plain.len() > 10, "{}", plain.len());
    (pair, plain)
}

fn mutate(rng: &mut fastrand::Rng, packet: &mut Vec<u8>) {
    for _ in 0..rng.usize(0..5) {
        if !packet.is_empty() {
            let at = rng.usize(0..packet.len().min(40));
            packet[at] = rng.u8(..);
        }
    }
    if rng.u8(..) < 40 {
        packet.truncate(rng.usize(0..=packet.len()));
    }
}

#[test]
fn decrypted_packets_of_any_content_do_no_harm() {
    for seed in 0..3 {
        let (mut pair, real) = victim(seed);
        let mut rng = fastrand::Rng::with_seed(seed);
        for round in 0..6_000u32 {
            let mut packet = rng.choice(&real).cloned().unwrap_or_default();
            mutate(&mut rng, &mut packet);
            let now = pair.now;
            pair.sides[1].input_decrypted(now, &packet);
            while pair.sides[1].event().is_some() || pair.sides[1].transmit().is_some() {}
            if round % 50 == 0 {
                pair.now += Duration::from_millis(u64::from(rng.u8(..)));
                let now = pair.now;
                pair.sides[1].advance(now);
            }
        }
        let streams = pair.sides[1].inbound_statistics(pair.now).len();
        assert!(streams <= 5 * 32, "{streams} streams, seed {seed}");
        // It still works: what the other side goes on to send is understood, once its key frames have come.
        pair.flying.clear();
        for side in 0..2 {
            while pair.sides[side].transmit().is_some() || pair.sides[side].event().is_some() {}
        }
        let now = pair.now;
        pair.sides[0].advance(now);
        pair.seconds(12);
        let frames = pair.frames(1, 1010);
        assert!(frames.len() > 30, "{} frames, seed {seed}", frames.len());
    }
}

#[test]
fn datagrams_of_any_content_do_no_harm_and_are_counted() {
    let (mut pair, real) = victim(9);
    let mut rng = fastrand::Rng::with_seed(9);
    let dropped = pair.sides[1].dropped();
    for _ in 0..20_000 {
        let mut datagram = if rng.bool() {
            rng.choice(&real).cloned().unwrap_or_default()
        } else {
            (0..rng.usize(0..200)).map(|_| rng.u8(..)).collect()
        };
        mutate(&mut rng, &mut datagram);
        let now = pair.now;
        pair.sides[1].input(now, &datagram);
        assert_eq!(pair.sides[1].event(), None, "nothing of it is authentic");
        while pair.sides[1].transmit().is_some() {}
    }
    assert_eq!(pair.sides[1].dropped() - dropped, 20_000);
}

#[test]
fn numbers_that_leap_do_not_make_the_receiver_ask_for_all_between() {
    let mut pair = Pair::flowing(1, &[Codec::Vp8]);
    pair.seconds(1);
    let mut rng = fastrand::Rng::with_seed(2);
    let mut sent = 0;
    for number in 0..5_000u32 {
        let mut packet = Vec::new();
        let header = packet::RtpHeader {
            payload_type: 96,
            marker: rng.bool(),
            sequence_number: rng.u16(..),
            timestamp: rng.u32(..),
            ssrc: 1000,
        };
        packet::write(&mut packet, &header, None, &[&[0x10, 0x01, 0x02]]);
        let now = pair.now + Duration::from_millis(number.into());
        pair.sides[1].input_decrypted(now, &packet);
        pair.sides[1].advance(now);
        while let Some(datagram) = pair.sides[1].transmit() {
            sent += datagram.len();
        }
        while pair.sides[1].event().is_some() {}
    }
    // What it asks for is less than what it got.
    assert!(sent < 5_000 * 60, "{sent} bytes");
}

#[test]
fn asking_for_the_same_packet_again_and_again_is_answered_now_and_then() {
    let mut pair = Pair::flowing(1, &[Codec::Vp8]);
    pair.seconds(1);
    let before = pair.outbound(0, 1000);
    let mut writer = rtcp::RtcpWriter::default();
    let all: Vec<u16> = (0..=u16::MAX).step_by(7).collect();
    writer.nack(9, 1000, &all);
    let packet = writer.finish();
    for _ in 0..100 {
        let now = pair.now;
        pair.sides[0].input_decrypted(now, &packet);
    }
    let after = pair.outbound(0, 1000);
    let again = after.retransmitted_packets_sent - before.retransmitted_packets_sent;
    assert!(again <= before.packets_sent, "{again}");
}

#[test]
fn streams_of_many_ssrcs_are_not_all_kept() {
    let mut pair = Pair::flowing(1, &[Codec::Opus]);
    for ssrc in 0..10_000u32 {
        let mut packet = Vec::new();
        let header = packet::RtpHeader {
            payload_type: 111,
            marker: false,
            sequence_number: 1,
            timestamp: 2,
            ssrc,
        };
        packet::write(&mut packet, &header, None, &[&[0x78, 1, 2]]);
        let now = SimTime::from_millis(u64::from(ssrc) * 50);
        pair.sides[1].input_decrypted(now, &packet);
        while pair.sides[1].event().is_some() || pair.sides[1].transmit().is_some() {}
    }
    assert!(pair.sides[1].inbound_statistics(pair.now).len() <= 32);
}
