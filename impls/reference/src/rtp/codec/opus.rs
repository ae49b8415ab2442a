//! Opus (RFC 7587): a payload is an Opus packet (RFC 6716 section 3).

use super::{Begins, Bitstream, PayloadError, PayloadInspection, Reassembled, stamp};
use crate::rtp::event::FrameStamp;

/// The table-of-contents byte (RFC 6716 section 3.1): hybrid, full band, 20 ms; mono; one frame.
const TABLE_OF_CONTENTS: u8 = 15 << 3;

/// The longest frame of Opus (RFC 6716 section 3.4, requirement 2).
const LONGEST_FRAME: usize = 1275;

pub(super) fn build(stamp: &FrameStamp, size: usize, into: &mut Bitstream) {
    into.data.push(TABLE_OF_CONTENTS);
    stamp::write(
        &mut into.data,
        stamp,
        size.min(LONGEST_FRAME + 1).saturating_sub(1),
    );
    into.end_unit();
}

/// RFC 6716 section 3.4: every packet has a table of contents.
pub(super) fn inspect(payload: &[u8]) -> Result<PayloadInspection, PayloadError> {
    if payload.is_empty() {
        return Err(PayloadError("an Opus packet without a table of contents"));
    }
    Ok(PayloadInspection {
        begins: Begins::Yes,
        key: true,
    })
}

pub(super) fn reassemble(payloads: &mut dyn Iterator<Item = &[u8]>) -> Result<Reassembled, PayloadError> {
    let mut frame = Reassembled {
        key: true,
        ..Reassembled::default()
    };
    payloads.for_each(|payload| frame.bitstream.data.extend_from_slice(payload));
    frame.bitstream.end_unit();
    frame.content = stamp::read(frame.bitstream.bytes().get(1..).unwrap_or_default());
    Ok(frame)
}

/// RFC 6716 section 3.1 and 3.2: the samples of a packet at 48 kHz.
pub(super) fn samples(packet: &[u8]) -> u64 {
    let Some((contents, rest)) = packet.split_first() else {
        return 0;
    };
    let frame = match contents >> 3 {
        configuration @ 0..=11 => [480, 960, 1920, 2880][usize::from(configuration & 3)],
        configuration @ 12..=15 => [480, 960][usize::from(configuration & 1)],
        configuration => [120, 240, 480, 960][usize::from(configuration & 3)],
    };
    let frames = match contents & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u64::from(rest.first().copied().unwrap_or(0) & 0x3F),
    };
    frame * frames
}
