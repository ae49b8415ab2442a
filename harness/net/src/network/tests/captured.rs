use pcap_file::pcapng::blocks::enhanced_packet::EnhancedPacketOption;
use pcap_file::pcapng::{Block, PcapNgReader};

use super::*;

/// A packet of a capture file: interface, nanoseconds, payload, comment.
type Line = (u32, u64, Vec<u8>, Option<String>);

fn lines(capture: &Capture) -> Vec<Line> {
    let file = capture.write(Vec::new()).unwrap();
    let mut reader = PcapNgReader::new(&file[..]).unwrap();
    let mut lines = Vec::new();
    while let Some(block) = reader.next_block() {
        if let Block::EnhancedPacket(block) = block.unwrap() {
            let comment = match &block.options[..] {
                [] => None,
                [EnhancedPacketOption::Comment(text)] => Some(text.clone().into_owned()),
                other => panic!("{other:?}"),
            };
            let payload = packet::parse_udp(&block.data).unwrap().payload.to_vec();
            lines.push((
                block.interface_id,
                block.timestamp.as_nanos() as u64,
                payload,
                comment,
            ));
        }
    }
    lines
}

#[test]
fn a_packet_is_captured_where_it_is_sent_and_where_it_arrives() {
    let mut world = World::between(delayed(40 * MS), 1);
    world.send(ms(0), "here", "there", b"before the capture");
    world.drain();
    world.network.start_capture(Duration::from_secs(1));
    world.send(ms(50), "here", "there", b"glare");
    world.drain();
    let capture = world.network.take_capture().unwrap();
    assert_eq!(
        lines(&capture),
        [
            (0, 1_050_000_000, b"glare".to_vec(), None),
            (1, 1_090_000_000, b"glare".to_vec(), None)
        ]
    );
    assert!(world.network.capture().is_none());
}

#[test]
fn a_dropped_packet_is_captured_with_the_reason_as_far_as_it_got() {
    let lossy = LinkProperties {
        loss: 1.0,
        ..delayed(MS)
    };
    let mut world = World::new(&two_hosts(delayed(MS), lossy), 1);
    world.network.start_capture(Duration::ZERO);
    world.send(ms(0), "here", "there", b"unheard");
    world.send(ms(0), "there", "here", b"lost");
    let arrived = world.drain();
    // Something else is captured between the arrival and the verdict on it.
    world.send(ms(2), "there", "here", b"lost too");
    world.network.no_listener(&arrived[0].1);
    let dropped = |reason: &str| Some(format!("dropped: {reason}"));
    assert_eq!(
        lines(&world.network.take_capture().unwrap()),
        [
            (0, 0, b"unheard".to_vec(), None),
            (1, 0, b"lost".to_vec(), dropped("loss")),
            (1, 1_000_000, b"unheard".to_vec(), dropped("no listener")),
            (1, 2_000_000, b"lost too".to_vec(), dropped("loss")),
        ]
    );
}

#[test]
fn a_capture_changes_nothing_in_the_run() {
    let properties = LinkProperties {
        jitter: 5 * MS,
        loss: 0.3,
        ..delayed(20 * MS)
    };
    let plain = World::between(properties, 1).stream(200);
    let mut world = World::between(properties, 1);
    world.network.start_capture(Duration::ZERO);
    assert_eq!(world.stream(200), plain);
}
