//! RTP packets: what is made of them, and what is sent.

use rtp_types::RtpPacketBuilder;

/// What is written before a payload.
#[derive(Debug, Clone, Copy)]
pub(super) struct RtpHeader {
    pub payload_type: u8,
    pub marker: bool,
    pub sequence_number: u16,
    pub timestamp: u32,
    pub ssrc: u32,
}

/// Writes a packet into an empty buffer. `payload` is in pieces that follow one another.
pub(super) fn write(
    into: &mut Vec<u8>,
    header: &RtpHeader,
    extension: Option<(u16, &[u8])>,
    payload: &[&[u8]],
) {
    into.clear();
    let mut builder = RtpPacketBuilder::<&[u8], &[u8]>::new()
        .payload_type(header.payload_type & 0x7F)
        .marker_bit(header.marker)
        .sequence_number(header.sequence_number)
        .timestamp(header.timestamp)
        .ssrc(header.ssrc);
    if let Some((profile, data)) = extension {
        builder = builder.extension(profile, data);
    }
    for piece in payload {
        builder = builder.payload(piece);
    }
    // Cannot be refused: the payload type has seven bits, and `ExtensionWriter` fills its data up to words.
    builder.write_into_vec_unchecked(into);
}

/// Whether a packet is one of RTCP, where both come on one port (RFC 5761 section 4).
pub(super) fn is_rtcp(packet: &[u8]) -> bool {
    matches!(packet.get(1), Some(192..=223))
}
