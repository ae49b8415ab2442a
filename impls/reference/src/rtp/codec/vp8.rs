//! VP8 (RFC 6386) and its payloads (RFC 7741).

use super::{Begins, Bitstream, PayloadError, PayloadInspection, Reassembled, pieces, stamp};
use crate::rtp::event::FrameStamp;

/// RFC 6386 section 9.1: the bytes after the frame tag of a key frame.
const START_CODE: [u8; 3] = [0x9D, 0x01, 0x2A];

/// The greatest size of the first partition, which has 19 bits.
const LARGEST_PARTITION: usize = (1 << 19) - 1;

/// RFC 6386 section 9.1: the frame tag, the start code and the size of a key frame, and one partition.
pub(super) fn build(stamp: &FrameStamp, size: usize, into: &mut Bitstream) {
    let mut header = [0; 10];
    let length = if stamp.key { 10 } else { 3 };
    header[3..6].copy_from_slice(&START_CODE);
    header[6..8].copy_from_slice(&(stamp.width & 0x3FFF).to_le_bytes());
    header[8..10].copy_from_slice(&(stamp.height & 0x3FFF).to_le_bytes());
    into.data.extend_from_slice(&header[..length]);
    stamp::write(&mut into.data, stamp, size.saturating_sub(length));
    let partition = (into.data.len() - length).min(LARGEST_PARTITION) as u32;
    let show_frame = 1 << 4;
    let tag = u32::from(!stamp.key) | show_frame | partition << 5;
    into.data[..3].copy_from_slice(&tag.to_le_bytes()[..3]);
    into.end_unit();
}

/// RFC 7741 section 4.2, with a picture ID of 15 bits.
pub(super) fn packetise(frame: &Bitstream, picture_id: u16, limit: usize, emit: &mut dyn FnMut(&[u8], bool)) {
    let [high, low] = (picture_id | 0x8000).to_be_bytes();
    let mut payload = Vec::with_capacity(limit);
    let mut rest = pieces(frame.bytes(), limit.saturating_sub(4)).peekable();
    let mut start_of_partition = 0x10;
    while let Some(piece) = rest.next() {
        payload.clear();
        payload.extend([0x80 | start_of_partition, 0x80, high, low]);
        payload.extend_from_slice(piece);
        emit(&payload, rest.peek().is_none());
        start_of_partition = 0;
    }
}

/// The payload descriptor's S bit and partition index, and what is after the descriptor.
fn descriptor(payload: &[u8]) -> Option<(bool, &[u8])> {
    let (first, mut rest) = payload.split_first()?;
    let mut skip = |count: usize| {
        let skipped = rest.get(..count)?;
        rest = &rest[count..];
        Some(skipped)
    };
    if first & 0x80 != 0 {
        let extension = skip(1)?[0];
        if extension & 0x80 != 0 && skip(1)?[0] & 0x80 != 0 {
            skip(1)?;
        }
        if extension & 0x40 != 0 {
            skip(1)?;
        }
        if extension & 0x30 != 0 {
            skip(1)?;
        }
    }
    Some((first & 0x10 != 0 && first & 0x07 == 0, rest))
}

pub(super) fn inspect(payload: &[u8]) -> Result<PayloadInspection, PayloadError> {
    let (begins, rest) =
        descriptor(payload).ok_or(PayloadError("a VP8 payload shorter than its descriptor"))?;
    let first = rest.first().ok_or(PayloadError("a VP8 payload of nothing"))?;
    Ok(PayloadInspection {
        begins: if begins { Begins::Yes } else { Begins::No },
        key: begins && first & 1 == 0,
    })
}

pub(super) fn reassemble(payloads: &mut dyn Iterator<Item = &[u8]>) -> Result<Reassembled, PayloadError> {
    let mut frame = Reassembled::default();
    for payload in payloads {
        let (_, rest) =
            descriptor(payload).ok_or(PayloadError("a VP8 payload shorter than its descriptor"))?;
        frame.bitstream.data.extend_from_slice(rest);
    }
    frame.bitstream.end_unit();
    let (tag, mut content) = frame
        .bytes()
        .split_first_chunk::<3>()
        .ok_or(PayloadError("a VP8 frame shorter than its tag"))?;
    let key = tag[0] & 1 == 0;
    let mut size = None;
    if key {
        let (header, rest) = content
            .split_first_chunk::<7>()
            .ok_or(PayloadError("a VP8 key frame shorter than its header"))?;
        if header[..3] != START_CODE {
            return Err(PayloadError("a VP8 key frame without its start code"));
        }
        let pixels = |low, high| u16::from_le_bytes([low, high]) & 0x3FFF;
        size = Some((pixels(header[3], header[4]), pixels(header[5], header[6])));
        content = rest;
    }
    frame.content = stamp::read(content);
    frame.key = key;
    frame.size = size;
    Ok(frame)
}
