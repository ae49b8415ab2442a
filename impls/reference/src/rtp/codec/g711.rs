//! G.711 (RFC 3551 sections 4.5.14): 20 ms are 160 bytes, each a sample.

use super::{Bitstream, PayloadError, Reassembled, stamp};
use crate::rtp::event::FrameStamp;

/// The samples of 20 ms at 8 kHz.
const SAMPLES: usize = 160;

pub(super) fn build(stamp: &FrameStamp, into: &mut Bitstream) {
    stamp::write(&mut into.data, stamp, SAMPLES);
    into.end_unit();
}

pub(super) fn reassemble(payloads: &mut dyn Iterator<Item = &[u8]>) -> Result<Reassembled, PayloadError> {
    let mut frame = Reassembled {
        key: true,
        ..Reassembled::default()
    };
    payloads.for_each(|payload| frame.bitstream.data.extend_from_slice(payload));
    frame.bitstream.end_unit();
    frame.content = stamp::read(frame.bitstream.bytes());
    Ok(frame)
}
