//! Several encodings of one track (RFC 8853), told apart by their `rid`.

use super::*;

const RIDS: [&str; 3] = ["q", "h", "f"];

/// Encodings of a quarter, a half and all of the size; their SSRCs are 10, 20 and 30.
fn sending_three(codec: Codec) -> Section {
    let mut section = sending("v", codec, 1);
    let send = section.send.as_mut().unwrap();
    send.encodings = RIDS
        .iter()
        .zip([4.0, 2.0, 1.0])
        .zip(1..)
        .map(|((rid, scale), number)| SendEncoding {
            rtx_ssrc: Some(number * 10 + 1),
            rid: Some((*rid).to_owned()),
            scale_resolution_down_by: scale,
            ..encoding(number * 10)
        })
        .collect();
    section
}

fn receiving_three(codec: Codec) -> Section {
    let mut section = receiving("v", codec);
    section.receive.as_mut().unwrap().rids = RIDS.map(str::to_owned).to_vec();
    section
}

fn three(seed: u64) -> Pair {
    let mut pair = Pair::new(seed);
    pair.configure(1, vec![receiving_three(Codec::Vp8)]);
    pair.configure(0, vec![sending_three(Codec::Vp8)]);
    pair
}

#[test]
fn each_encoding_is_a_stream_with_its_rid_and_size() {
    let mut pair = three(1);
    pair.seconds(3);
    for ((ssrc, rid), size) in [10, 20, 30]
        .into_iter()
        .zip(RIDS)
        .zip([(160, 90), (320, 180), (640, 360)])
    {
        assert_eq!(pair.inbound(1, ssrc).rid.as_deref(), Some(rid));
        let frames = pair.frames(1, ssrc);
        assert!(
            frames.len() >= 89 && are_consecutive(&numbers(&frames), 0),
            "{rid}"
        );
        assert!(
            frames.iter().all(|frame| (frame.width, frame.height) == size),
            "{rid}"
        );
        assert!(
            frames
                .iter()
                .all(|frame| frame.stamp.as_ref().unwrap().rid == rid)
        );
    }
    let rids: Vec<_> = pair
        .take(1)
        .into_iter()
        .map(|event| match event {
            MediaEvent::FirstPacket { rid, .. } => rid.unwrap(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(rids, RIDS);
}

#[test]
fn retransmissions_find_their_stream_by_the_repaired_rid() {
    let mut pair = three(2);
    pair.loss = 0.05;
    pair.seconds(30);
    for ssrc in [10, 20, 30] {
        let frames = pair.frames(1, ssrc);
        assert!(
            frames.len() > 880 && are_consecutive(&numbers(&frames), numbers(&frames)[0]),
            "{ssrc}"
        );
        let received = pair.inbound(1, ssrc);
        assert!(received.retransmitted_packets_received.unwrap() > 10, "{ssrc}");
        assert_eq!(received.rtx_ssrc, Some(ssrc + 1));
    }
}

#[test]
fn the_rid_is_sent_until_the_remote_has_shown_that_it_knows_the_stream() {
    let mut pair = three(1);
    pair.run(Duration::from_millis(500));
    let header = |pair: &Pair| {
        pair.outbound(0, 10).header_bytes_sent as f64 / pair.outbound(0, 10).packets_sent as f64
    };
    let before = header(&pair);
    pair.seconds(20);
    // MID and RID take five bytes together, which makes eight with their padding at most.
    assert!(before - header(&pair) > 3.0, "{before} {}", header(&pair));
    assert_eq!(pair.sides[1].dropped(), 0);
}

#[test]
fn an_encoding_that_is_not_active_is_not_sent_and_the_others_go_on() {
    let mut pair = three(1);
    pair.seconds(1);
    let mut encodings = sending_three(Codec::Vp8).send.unwrap().encodings;
    encodings[2].active = false;
    pair.on(0, |session, now| session.set_encodings(now, "v", &encodings));
    pair.run(Duration::from_millis(30));
    pair.take(1);
    pair.seconds(1);
    assert_eq!((pair.frames(1, 30).len(), pair.frames(1, 10).len()), (0, 30));
    encodings[2].active = true;
    pair.on(0, |session, now| session.set_encodings(now, "v", &encodings));
    pair.seconds(1);
    let frames = pair.frames(1, 30);
    assert!(frames[0].key && frames.len() >= 29);
    let indices: Vec<_> = pair.sides[0]
        .outbound_statistics(pair.now)
        .into_iter()
        .map(|statistics| (statistics.encoding_index, statistics.rid.unwrap()))
        .collect();
    assert_eq!(
        indices,
        [(0, "q".to_owned()), (1, "h".to_owned()), (2, "f".to_owned())]
    );
}

#[test]
fn a_key_frame_is_made_of_the_encoding_that_is_asked_for() {
    let mut pair = three(1);
    pair.seconds(2);
    let before: Vec<_> = [10, 20, 30]
        .map(|ssrc| pair.outbound(0, ssrc).key_frames_encoded)
        .to_vec();
    assert_eq!(before, [1, 1, 1]);
    pair.on(1, |session, now| session.request_key_frame(now, "v"));
    pair.seconds(1);
    let after: Vec<_> = [10, 20, 30]
        .map(|ssrc| pair.outbound(0, ssrc).key_frames_encoded)
        .to_vec();
    assert_eq!(after, [2, 2, 2]);
    assert_eq!(pair.inbound(1, 20).pli_count, 1);
}
