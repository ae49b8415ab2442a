//! VP9 and its payloads (RFC 9628), in non-flexible mode without layers.

use super::bits::{BitReader, BitWriter};
use super::{Begins, Bitstream, PayloadError, PayloadInspection, Reassembled, pieces, stamp};
use crate::rtp::event::FrameStamp;

/// The VP9 bitstream specification, section 6.2: `frame_sync_code`.
const SYNC_CODE: u32 = 0x49_8342;

/// The uncompressed header of the VP9 bitstream specification, section 6.2, up to the size of a key frame and the references of
/// any other; profile 0.
pub(super) fn build(stamp: &FrameStamp, size: usize, into: &mut Bitstream) {
    let mut header = BitWriter::default();
    // frame_marker, profile, show_existing_frame, frame_type, show_frame, error_resilient_mode.
    header
        .bits(2, 2)
        .bits(2, 0)
        .bits(1, 0)
        .bits(1, u32::from(!stamp.key))
        .bits(1, 1)
        .bits(1, 0);
    if stamp.key {
        // color_space BT.709, color_range, the size, render_and_frame_size_different.
        header.bits(24, SYNC_CODE).bits(3, 2).bits(1, 0);
        header
            .bits(16, u32::from(stamp.width.saturating_sub(1)))
            .bits(16, u32::from(stamp.height.saturating_sub(1)))
            .bits(1, 0);
    } else {
        // reset_frame_context, refresh_frame_flags, three references, found_ref.
        header.bits(2, 0).bits(8, 1);
        (0..3).for_each(|_| {
            header.bits(3, 0).bits(1, 0);
        });
        header.bits(1, 1);
    }
    into.data.extend(header.finish());
    let length = into.data.len();
    stamp::write(&mut into.data, stamp, size.saturating_sub(length));
    into.end_unit();
}

/// RFC 9628 section 4.2.
pub(super) fn packetise(
    frame: &Bitstream,
    key: bool,
    picture_id: u16,
    limit: usize,
    emit: &mut dyn FnMut(&[u8], bool),
) {
    let [high, low] = (picture_id | 0x8000).to_be_bytes();
    let size = key.then(|| uncompressed_header(frame.bytes())).flatten();
    let size = size.and_then(|header| header.size);
    let mut payload = Vec::with_capacity(limit);
    // The structure of a key frame takes five bytes more than the descriptor.
    let mut rest = pieces(frame.bytes(), limit.saturating_sub(8)).peekable();
    let mut first = true;
    while let Some(piece) = rest.next() {
        let last = rest.peek().is_none();
        payload.clear();
        // I, P, B, E, V, Z.
        let structure = size.filter(|_| first);
        payload.push(
            0x80 | u8::from(!key) << 6
                | u8::from(first) << 3
                | u8::from(last) << 2
                | u8::from(structure.is_some()) << 1
                | 1,
        );
        payload.extend([high, low]);
        if let Some((width, height)) = structure {
            // One layer, its size, no description of the group of pictures.
            payload.push(0x10);
            payload.extend(width.to_be_bytes());
            payload.extend(height.to_be_bytes());
        }
        payload.extend_from_slice(piece);
        emit(&payload, last);
        first = false;
    }
}

/// The payload descriptor (RFC 9628 section 4.2): whether a frame begins, whether it is predicted from others, and the rest.
fn descriptor(payload: &[u8]) -> Option<(bool, bool, &[u8])> {
    let (first, rest) = payload.split_first()?;
    let bit = |at: u32| first >> at & 1 == 1;
    let (has_picture_id, is_predicted, has_layers, is_flexible) = (bit(7), bit(6), bit(5), bit(4));
    let (begins, has_structure) = (bit(3), bit(1));
    let mut rest = rest.iter();
    let mut next = || rest.next().copied();
    if has_picture_id && next()? & 0x80 != 0 {
        next()?;
    }
    let mut spatial_layer = 0;
    if has_layers {
        spatial_layer = next()? >> 1 & 7;
        if !is_flexible {
            next()?;
        }
    }
    if is_flexible && is_predicted {
        // At most three differences, each but the last with its lowest bit set.
        let mut differences = 0;
        while next()? & 1 == 1 {
            differences += 1;
            if differences == 3 {
                return None;
            }
        }
    }
    if has_structure {
        let structure = next()?;
        if structure & 0x10 != 0 {
            let layers = usize::from(structure >> 5) + 1;
            for _ in 0..4 * layers {
                next()?;
            }
        }
        if structure & 0x08 != 0 {
            for _ in 0..next()? {
                let references = next()? >> 2 & 3;
                for _ in 0..references {
                    next()?;
                }
            }
        }
    }
    Some((begins && spatial_layer == 0, is_predicted, rest.as_slice()))
}

pub(super) fn inspect(payload: &[u8]) -> Result<PayloadInspection, PayloadError> {
    let (begins, is_predicted, rest) =
        descriptor(payload).ok_or(PayloadError("a VP9 payload shorter than its descriptor"))?;
    if rest.is_empty() {
        return Err(PayloadError("a VP9 payload of nothing"));
    }
    Ok(PayloadInspection {
        begins: if begins { Begins::Yes } else { Begins::No },
        key: begins && !is_predicted,
    })
}

/// What is known of a frame by its uncompressed header.
struct UncompressedHeader {
    key: bool,
    size: Option<(u16, u16)>,
    /// The bytes of the header as far as [`build`] writes it.
    length: usize,
}

fn uncompressed_header(frame: &[u8]) -> Option<UncompressedHeader> {
    let mut bits = BitReader::new(frame);
    if bits.bits(2)? != 2 {
        return None;
    }
    let profile = bits.bits(2)?;
    if profile == 0b11 {
        bits.flag()?;
    }
    let mut header = UncompressedHeader {
        key: false,
        size: None,
        length: 4,
    };
    if bits.flag()? {
        return Some(header);
    }
    header.key = !bits.flag()?;
    bits.bits(2)?;
    if !header.key {
        return Some(header);
    }
    if bits.bits(24)? != SYNC_CODE {
        return None;
    }
    // color_config of section 6.2.2. Its profiles are written with the low bit first: 0b10 is profile 1, 0b01 profile 2.
    if profile & 1 == 1 {
        bits.flag()?;
    }
    let sub_sampled = profile >> 1 == 1;
    if bits.bits(3)? != 7 {
        bits.flag()?;
        if sub_sampled {
            bits.bits(3)?;
        }
    } else if sub_sampled {
        bits.flag()?;
    }
    let pixels = |minus_1: u32| u16::try_from(minus_1 + 1).unwrap_or(u16::MAX);
    header.size = Some((pixels(bits.bits(16)?), pixels(bits.bits(16)?)));
    header.length = 9;
    Some(header)
}

pub(super) fn reassemble(payloads: &mut dyn Iterator<Item = &[u8]>) -> Result<Reassembled, PayloadError> {
    let mut frame = Reassembled::default();
    for payload in payloads {
        let (_, _, rest) =
            descriptor(payload).ok_or(PayloadError("a VP9 payload shorter than its descriptor"))?;
        frame.bitstream.data.extend_from_slice(rest);
    }
    frame.bitstream.end_unit();
    let header = uncompressed_header(frame.bytes()).ok_or(PayloadError("a VP9 frame without its header"))?;
    frame.key = header.key;
    frame.size = header.size;
    frame.content = stamp::read(frame.bytes().get(header.length..).unwrap_or_default());
    Ok(frame)
}
