//! Frames of every codec go through their payloads and come out the same; whatever else comes does no harm.

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

fn stamp(number: u32, key: bool, codec: Codec) -> FrameStamp {
    let video = codec.kind() == crate::rtp::MediaKind::Video;
    FrameStamp {
        number,
        key,
        rid: "mid".to_owned(),
        width: if video { 640 } else { 0 },
        height: if video { 360 } else { 0 },
    }
}

fn payloads(codec: Codec, frame: &Bitstream, key: bool, limit: usize) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    let mut ended = false;
    codec.packetise(frame, key, 0x7ABC, limit, &mut |payload, last| {
        assert!(
            !ended && payload.len() <= limit.max(200),
            "{codec:?}: {}",
            payload.len()
        );
        ended = last;
        payloads.push(payload.to_vec());
    });
    assert!(ended);
    payloads
}

#[test]
fn frames_of_every_codec_and_size_survive_their_payloads() {
    for codec in CODECS {
        for size in [0, 50, 99, 100, 101, 199, 1000, 1199, 1200, 1201, 5000, 70_000] {
            for (key, limit) in [(true, 100), (true, 1100), (false, 100), (false, 1100)] {
                let video = codec.kind() == crate::rtp::MediaKind::Video;
                if !video && (size > limit || limit == 100) {
                    continue;
                }
                let stamp = stamp(size as u32, key || !video, codec);
                let mut frame = Bitstream::default();
                codec.build(&stamp, size, &mut frame);
                let payloads = payloads(codec, &frame, key, limit);
                for (at, payload) in payloads.iter().enumerate() {
                    let inspection = codec.inspect(payload).unwrap();
                    let begins = inspection.begins != Begins::No;
                    // A small NAL unit or OBU says nothing of where it stands.
                    assert!(
                        begins == (at == 0) || (begins && inspection.begins != Begins::Yes),
                        "{codec:?}"
                    );
                    if at == 0 {
                        assert_eq!(inspection.key, key || !video, "{codec:?}");
                    }
                }
                let reassembled = codec.reassemble(payloads.iter().map(Vec::as_slice)).unwrap();
                assert_eq!(reassembled.bitstream, frame, "{codec:?} {size} {limit}");
                assert_eq!(
                    reassembled.content,
                    Content::Stamped(stamp),
                    "{codec:?} {size} {limit}"
                );
                assert_eq!(reassembled.key, key || !video);
                assert_eq!(
                    reassembled.size,
                    (key && video).then_some((640, 360)),
                    "{codec:?}"
                );
            }
        }
    }
}

#[test]
fn a_frame_without_one_of_its_payloads_is_no_whole_frame() {
    for codec in [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1] {
        let mut frame = Bitstream::default();
        codec.build(&stamp(1, true, codec), 3000, &mut frame);
        let payloads = payloads(codec, &frame, true, 1000);
        assert!(payloads.len() >= 3, "{codec:?}");
        // The parameter sets of H.264 may have come before: a slice without them is whole.
        let from = usize::from(codec == Codec::H264);
        for missing in from..payloads.len() {
            let rest = payloads.iter().enumerate().filter(|(at, _)| *at != missing);
            let frame = codec.reassemble(rest.map(|(_, payload)| payload.as_slice()));
            let stamped = frame.is_ok_and(|frame| matches!(frame.content, Content::Stamped(_)));
            assert!(!stamped, "{codec:?} without payload {missing}");
        }
    }
}

#[test]
fn parameter_sets_go_together_and_slices_in_fragments() {
    let mut frame = Bitstream::default();
    Codec::H264.build(&stamp(1, true, Codec::H264), 3000, &mut frame);
    let payloads = payloads(Codec::H264, &frame, true, 1000);
    let kinds: Vec<_> = payloads.iter().map(|payload| payload[0] & 0x1F).collect();
    assert_eq!(kinds, [24, 28, 28, 28]);
    assert_eq!(payloads[1][1] & 0xC0, 0x80);
    assert_eq!(payloads[3][1] & 0xC0, 0x40);
}

#[test]
fn the_headers_are_those_of_the_specifications() {
    let mut frame = Bitstream::default();
    Codec::Vp8.build(&stamp(1, true, Codec::Vp8), 1000, &mut frame);
    assert_eq!(frame.bytes()[3..10], [0x9D, 0x01, 0x2A, 0x80, 0x02, 0x68, 0x01]);
    assert_eq!(frame.bytes()[0] & 1, 0, "a key frame");
    let tag = u32::from_le_bytes([frame.bytes()[0], frame.bytes()[1], frame.bytes()[2], 0]);
    assert_eq!(tag >> 5, 990, "the first partition is the rest");

    Codec::Vp9.build(&stamp(1, true, Codec::Vp9), 1000, &mut frame);
    assert_eq!(frame.bytes()[..4], [0x82, 0x49, 0x83, 0x42]);
    let payloads = payloads(Codec::Vp9, &frame, true, 500);
    assert_eq!(payloads[0][..8], [0x8B, 0xFA, 0xBC, 0x10, 0x02, 0x80, 0x01, 0x68]);
    assert_eq!(payloads.last().unwrap()[0], 0x85);

    Codec::Opus.build(&stamp(1, true, Codec::Opus), 80, &mut frame);
    assert_eq!((frame.bytes()[0], frame.bytes().len()), (0x78, 80));
    Codec::Pcmu.build(&stamp(1, true, Codec::Pcmu), 80, &mut frame);
    assert_eq!(frame.bytes().len(), 160);
}

#[test]
fn an_av1_payload_without_a_count_gives_every_length() {
    // Aggregation header with W = 0: a padding OBU of 2 bytes and a frame of 3.
    let payload = [0x00, 0x02, 0x78, 0x00, 0x03, 0x30, 0x10, 0x80];
    let frame = Codec::Av1.reassemble([&payload[..]].into_iter()).unwrap();
    assert_eq!(frame.bitstream.units().count(), 2);
    assert!(frame.key);
}

#[test]
fn whatever_comes_does_no_harm() {
    let seed = 11;
    let mut rng = fastrand::Rng::with_seed(seed);
    for codec in CODECS {
        let mut frame = Bitstream::default();
        codec.build(&stamp(1, true, codec), 500, &mut frame);
        let real = payloads(codec, &frame, true, 600);
        for _ in 0..3000 {
            let mut payloads: Vec<Vec<u8>> = (0..rng.usize(0..4))
                .map(|_| {
                    let mut payload = if rng.bool() {
                        rng.choice(&real).cloned().unwrap_or_default()
                    } else {
                        (0..rng.usize(0..40)).map(|_| rng.u8(..)).collect()
                    };
                    for _ in 0..rng.usize(0..4) {
                        if !payload.is_empty() {
                            let at = rng.usize(0..payload.len().min(24));
                            payload[at] = rng.u8(..);
                        }
                    }
                    payload.truncate(rng.usize(0..=payload.len()));
                    payload
                })
                .collect();
            payloads.push(Vec::new());
            for payload in &payloads {
                let _ = codec.inspect(payload);
            }
            let limit: usize = payloads.iter().map(Vec::len).sum();
            if let Ok(frame) = codec.reassemble(payloads.iter().map(Vec::as_slice)) {
                assert!(frame.bitstream.bytes().len() <= limit, "{codec:?}, seed {seed}");
            }
        }
    }
}

#[test]
fn tones_and_events_are_each_other() {
    for tone in "0123456789*#ABCD".chars() {
        let event = telephone_event::event_of(tone).unwrap();
        assert_eq!(telephone_event::tone_of(event), Some(tone));
    }
    assert_eq!(telephone_event::event_of('d'), Some(15));
    assert_eq!(telephone_event::event_of(','), None);
    assert_eq!(telephone_event::tone_of(16), None);
    let event = telephone_event::TelephoneEvent {
        event: 5,
        end: true,
        duration: 960,
    };
    assert_eq!(event.encode(), [5, 0x8A, 0x03, 0xC0]);
    assert_eq!(
        telephone_event::TelephoneEvent::decode(&event.encode()),
        Some(event)
    );
    assert_eq!(telephone_event::TelephoneEvent::decode(&[1, 2, 3]), None);
}
