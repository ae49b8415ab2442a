//! What is written is read; what is malformed does no harm.

use std::time::Duration;

use glare_peer::SimTime;

use super::*;

/// All that a packet says, as text.
fn told(packet: &[u8]) -> Vec<String> {
    let mut told = Vec::new();
    read(packet, &mut |message| told.push(format!("{message:?}"))).unwrap();
    told
}

fn block(ssrc: u32) -> ReportBlock {
    ReportBlock {
        ssrc,
        fraction_lost: 64,
        cumulative_lost: -3,
        extended_highest_sequence_number: 0x1_0005,
        jitter: 90,
        last_sender_report: 7,
        delay_since_last_sender_report: 8,
    }
}

#[test]
fn a_compound_is_read_as_it_was_written() {
    let mut writer = RtcpWriter::default();
    let info = SenderInfo {
        ssrc: 1,
        ntp_timestamp: 2 << 32,
        rtp_timestamp: 3,
        packet_count: 4,
        octet_count: 5,
    };
    writer.sender_report(&info, &[block(9)]);
    writer.canonical_names(&[1, 0x0000_0102], "name");
    writer.nack(1, 9, &[5, 6, 30, 65_535]);
    writer.picture_loss_indication(1, 9);
    writer.full_intra_request(1, 9, 3);
    writer.bye(&[1, 2]);
    let packet = writer.finish();
    assert_eq!(packet.len() % 4, 0);
    let mut missing = Vec::new();
    let mut others = Vec::new();
    read(&packet, &mut |message| match message {
        RtcpMessage::Missing {
            ssrc: 9,
            sequence_number,
        } => missing.push(sequence_number),
        RtcpMessage::ReportBlock(read) => assert_eq!(read, block(9)),
        RtcpMessage::Cname { name, .. } => assert_eq!(name, b"name"),
        other => others.push(format!("{other:?}")),
    })
    .unwrap();
    missing.sort_unstable();
    assert_eq!(missing, [5, 6, 30, 65_535]);
    assert_eq!(
        others,
        [
            "SenderReport { ssrc: 1, ntp_timestamp: 8589934592, packet_count: 4, octet_count: 5 }",
            "Nack { ssrc: 9 }",
            "PictureLossIndication { ssrc: 9 }",
            "FullIntraRequest { from: 1, ssrc: 9, sequence_number: 3 }",
            "Bye { ssrc: 1 }",
            "Bye { ssrc: 2 }",
        ]
    );
}

#[test]
fn names_of_streams_whose_ssrc_begins_with_zeros_are_read() {
    let mut writer = RtcpWriter::default();
    writer.canonical_names(&[0x0102_0304, 0x0000_0005], "four");
    assert_eq!(
        told(&writer.finish()),
        [
            "Cname { ssrc: 16909060, name: [102, 111, 117, 114] }",
            "Cname { ssrc: 5, name: [102, 111, 117, 114] }"
        ]
    );
}

#[test]
fn more_than_31_blocks_and_names_go_into_several_packets() {
    let mut writer = RtcpWriter::default();
    let ssrcs: Vec<u32> = (1..=70).collect();
    let blocks: Vec<_> = ssrcs.iter().map(|ssrc| block(*ssrc)).collect();
    writer.receiver_reports(5, &blocks);
    writer.canonical_names(&ssrcs, "n");
    writer.bye(&ssrcs);
    assert_eq!(told(&writer.finish()).len(), 210);
    let mut writer = RtcpWriter::default();
    writer.receiver_reports(5, &[]);
    assert_eq!(writer.finish(), [0x80, 201, 0, 1, 0, 0, 0, 5]);
}

/// The arrivals that feedback tells, and the packets it takes.
fn feedback(arrivals: &[(u16, u64)]) -> (Vec<(u16, bool)>, usize) {
    let mut generator = TransportFeedbackGenerator::default();
    for (number, milliseconds) in arrivals {
        generator.received(SimTime::from_millis(*milliseconds), 9, *number);
    }
    let due = generator.deadline().unwrap();
    let mut writer = RtcpWriter::default();
    generator.write(due + Duration::from_secs(100), 1, &mut writer);
    assert_eq!(generator.deadline(), None);
    let packet = writer.finish();
    let mut told = Vec::new();
    read(&packet, &mut |message| match message {
        RtcpMessage::TransportFeedback {
            sequence_number,
            received,
        } => {
            told.push((sequence_number, received));
        }
        other => panic!("{other:?}"),
    })
    .unwrap();
    let mut packets = 0;
    let mut rest = &packet[..];
    while let [_, _, high, low, ..] = rest {
        rest = &rest[4 * (usize::from(u16::from_be_bytes([*high, *low])) + 1)..];
        packets += 1;
    }
    (told, packets)
}

#[test]
fn feedback_tells_of_each_packet_whether_it_came() {
    let (told, packets) = feedback(&[(65_534, 1000), (0, 1001), (65_535, 1005), (3, 1004)]);
    assert_eq!(
        told,
        [
            (65_534, true),
            (65_535, true),
            (0, true),
            (1, false),
            (2, false),
            (3, true)
        ]
    );
    assert_eq!(packets, 1);
}

#[test]
fn feedback_is_divided_where_one_cannot_say_it() {
    let (told, packets) = feedback(&[(1, 1000), (2, 30_000)]);
    assert_eq!((told, packets), (vec![(1, true), (2, true)], 2));
    let (told, packets) = feedback(&[(1, 1000), (5000, 1001)]);
    assert_eq!((told, packets), (vec![(1, true), (5000, true)], 2));
    let arrivals: Vec<_> = (0..1500)
        .map(|number| (number, 1000 + u64::from(number) % 500))
        .collect();
    let (told, packets) = feedback(&arrivals);
    assert_eq!(told.len(), 1500);
    assert!(packets >= 2 && told.iter().all(|(_, received)| *received));
}

#[test]
fn whatever_comes_does_no_harm() {
    let seed = 5;
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut writer = RtcpWriter::default();
    writer.receiver_reports(1, &[block(1), block(2)]);
    writer.canonical_names(&[1, 2, 3], "somebody");
    writer.bye(&[1]);
    writer.nack(1, 2, &[1, 2, 3]);
    writer.full_intra_request(1, 2, 3);
    let mut generator = TransportFeedbackGenerator::default();
    (0..40).for_each(|number| generator.received(SimTime::from_millis(number), 1, (number * 3) as u16));
    generator.write(SimTime::from_millis(500), 1, &mut writer);
    let real = writer.finish();
    for _ in 0..60_000 {
        let mut packet = real.clone();
        for _ in 0..rng.usize(1..6) {
            let at = rng.usize(0..packet.len());
            packet[at] = rng.u8(..);
        }
        let from = 4 * rng.usize(0..packet.len() / 4);
        packet.drain(..from);
        packet.truncate(rng.usize(0..=packet.len()));
        if rng.bool() && packet.len() >= 4 {
            // A single packet of a random kind and of exactly the right length gets past the first checks.
            packet.truncate(packet.len() & !3);
            packet[0] = 0x80 | rng.u8(..) & 0x3F;
            packet[1] = rng.u8(200..=207);
            let words = (packet.len() / 4 - 1) as u16;
            packet[2..4].copy_from_slice(&words.to_be_bytes());
        }
        let mut told = 0;
        let _ = read(&packet, &mut |_| told += 1);
        assert!(told <= 200_000, "seed {seed}");
    }
}
