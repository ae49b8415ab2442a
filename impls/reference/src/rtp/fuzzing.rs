//! What of this room reads what comes from outside.

use rtp_types::RtpPacket;

use super::codec::Bitstream;
use super::configuration::{Codec, HeaderExtension, HeaderExtensionKind};
use super::event::FrameStamp;
use super::extension::{ExtensionWriter, Extensions};
use super::packet::{self, RtpHeader};
use super::rtcp;

const CODECS: [Codec; 7] = [
    Codec::Opus,
    Codec::Pcmu,
    Codec::Pcma,
    Codec::Vp8,
    Codec::Vp9,
    Codec::H264,
    Codec::Av1,
];

const EXTENSIONS: [HeaderExtension; 7] = [
    HeaderExtension {
        id: 1,
        kind: HeaderExtensionKind::Mid,
    },
    HeaderExtension {
        id: 2,
        kind: HeaderExtensionKind::RtpStreamId,
    },
    HeaderExtension {
        id: 3,
        kind: HeaderExtensionKind::RepairedRtpStreamId,
    },
    HeaderExtension {
        id: 4,
        kind: HeaderExtensionKind::AudioLevel,
    },
    HeaderExtension {
        id: 5,
        kind: HeaderExtensionKind::ContributingAudioLevels,
    },
    HeaderExtension {
        id: 6,
        kind: HeaderExtensionKind::AbsoluteSendTime,
    },
    HeaderExtension {
        id: 7,
        kind: HeaderExtensionKind::TransportSequenceNumber,
    },
];

/// What the frames of the seeds say of themselves.
const FRAME: &FrameStamp = &FrameStamp {
    number: 0,
    key: true,
    rid: String::new(),
    width: 640,
    height: 480,
};

/// Reads packets that belong together, as every codec would: their headers and extensions, each payload, and the frame
/// that they make.
pub(crate) fn rtp(packets: &[&[u8]]) {
    let packets: Vec<RtpPacket<'_>> = packets
        .iter()
        .filter_map(|packet| RtpPacket::parse(packet).ok())
        .collect();
    for packet in &packets {
        if let Some((profile, data)) = packet.extension() {
            Extensions::read(profile, data, &EXTENSIONS);
        }
    }
    for codec in CODECS {
        // The assembler passes on only what can be inspected.
        let payloads: Vec<&[u8]> = packets
            .iter()
            .map(RtpPacket::payload)
            .filter(|payload| codec.inspect(payload).is_ok())
            .collect();
        if !payloads.is_empty()
            && let Ok(frame) = codec.reassemble(payloads.into_iter())
        {
            std::hint::black_box(frame);
        }
    }
}

/// Reads a compound packet of RTCP.
pub(crate) fn rtcp(packet: &[u8]) {
    let mut told = 0_usize;
    let read = rtcp::read(packet, &mut |_| told += 1);
    // Transport-wide feedback says the most with the least: it has 20 bytes or more, and states of at most 65535 packets.
    let most = (packet.len() / 20 + 1) * usize::from(u16::MAX);
    assert!(told <= most, "{told} statements in {} bytes", packet.len());
    drop(read);
}

/// The packets of a key frame of each codec.
pub(crate) fn frames() -> Vec<Vec<Vec<u8>>> {
    CODECS.into_iter().map(frame).collect()
}

fn frame(codec: Codec) -> Vec<Vec<u8>> {
    let mut extensions = ExtensionWriter::default();
    extensions.push(Some(1), b"0");
    extensions.push(Some(7), &[0, 1]);
    let extension = extensions.finish();
    let mut frame = Bitstream::default();
    codec.build(FRAME, 2500, &mut frame);
    let mut packets = Vec::new();
    codec.packetise(&frame, true, 1, 1000, &mut |payload, marker| {
        let header = RtpHeader {
            payload_type: 96,
            marker,
            sequence_number: 1,
            timestamp: 90_000,
            ssrc: 1,
        };
        let mut packet = Vec::new();
        packet::write(&mut packet, &header, extension, &[payload]);
        packets.push(packet);
    });
    packets
}

/// A packet of each kind that is read.
pub(crate) fn reports() -> Vec<Vec<u8>> {
    let packet = |count: u8, kind: u8, words: &[u32]| {
        let mut packet = vec![0x80 | count, kind];
        packet.extend(u16::try_from(words.len()).unwrap_or(u16::MAX).to_be_bytes());
        packet.extend(words.iter().flat_map(|word| word.to_be_bytes()));
        packet
    };
    let block = [2, 0x0100_0001, 0x0001_0005, 90, 0x1234_5678, 0x0001_0000];
    let sender_report = [&[1, 0xE000_0000, 0, 90_000, 10, 1000][..], &block].concat();
    let name = [
        1,
        u32::from_be_bytes([1, 4, b'n', b'a']),
        u32::from_be_bytes([b'm', b'e', 0, 0]),
    ];
    let feedback = |format, words: &[u32]| packet(format, 205, words);
    let payload_feedback = |format, words: &[u32]| packet(format, 206, words);
    vec![
        [packet(1, 200, &sender_report), packet(1, 202, &name)].concat(),
        packet(1, 201, &[&[1][..], &block].concat()),
        packet(1, 203, &[1]),
        feedback(1, &[1, 2, 0x0005_8001]),
        feedback(15, &[1, 2, 0x0001_0002, 0x0000_0100, 0x2002_0404]),
        payload_feedback(1, &[1, 2]),
        payload_feedback(4, &[1, 0, 2, 0x0100_0000]),
    ]
}
