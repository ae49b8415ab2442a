//! AV1 and its payloads (RTP Payload Format For AV1, version 1.0).

use super::bits::{BitReader, BitWriter};
use super::{Begins, Bitstream, PayloadError, PayloadInspection, Reassembled, stamp};
use crate::rtp::event::FrameStamp;
use crate::rtp::stamp::Content;

const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const FRAME: u8 = 6;
const TILE_LIST: u8 = 8;

/// How many elements the aggregation header can count.
const COUNTED: u8 = 3;

/// The OBUs of a temporal unit without its delimiter, each without a size of its own (section 5): for a key frame a sequence header,
/// and a frame whose content follows the first byte of its header.
pub(super) fn build(stamp: &FrameStamp, size: usize, into: &mut Bitstream) {
    if stamp.key {
        into.data.push(SEQUENCE_HEADER << 3);
        into.data.extend(sequence_header(stamp.width, stamp.height));
        into.end_unit();
    }
    into.data.push(FRAME << 3);
    // show_existing_frame, frame_type, show_frame; then disable_cdf_update and what follows it.
    into.data.push(if stamp.key { 0x10 } else { 0x30 });
    let length = into.data.len();
    stamp::write(&mut into.data, stamp, size.saturating_sub(length));
    into.end_unit();
}

/// The AV1 bitstream specification, section 5.5: main profile, level 3.1, one operating point, no tools.
fn sequence_header(width: u16, height: u16) -> Vec<u8> {
    let mut header = BitWriter::default();
    // seq_profile, still_picture, reduced_still_picture_header, timing_info_present, initial_display_delay_present.
    header.bits(3, 0).bits(4, 0);
    // operating_points_cnt_minus_1, operating_point_idc, seq_level_idx.
    header.bits(5, 0).bits(12, 0).bits(5, 5);
    header.bits(4, 15).bits(4, 15);
    header
        .bits(16, u32::from(width.saturating_sub(1)))
        .bits(16, u32::from(height.saturating_sub(1)));
    // frame_id_numbers_present, and the tools up to enable_order_hint.
    header.bits(1, 0).bits(8, 0);
    // seq_choose_screen_content_tools, seq_choose_integer_mv, enable_superres, enable_cdef, enable_restoration.
    header.bits(2, 3).bits(3, 0);
    // color_config: 8 bits, three planes, not described, limited range, unknown position, one delta.
    header.bits(7, 0);
    // film_grain_params_present, and the trailing bit.
    header.bits(2, 1);
    header.finish()
}

/// Section 4.4: up to three OBUs or pieces of them in a packet, counted, the last one without its length.
pub(super) fn packetise(frame: &Bitstream, key: bool, limit: usize, emit: &mut dyn FnMut(&[u8], bool)) {
    let mut units = frame.units();
    let mut next = units.next();
    let Some(mut rest) = next.take() else {
        return;
    };
    next = units.next();
    let mut payload = Vec::with_capacity(limit);
    let mut first = true;
    let mut continues = false;
    loop {
        payload.clear();
        payload.push(0);
        let mut header = u8::from(continues) << 7 | u8::from(first && key) << 3;
        let mut count = 1;
        while count < COUNTED
            && let Some(following) = next
            && payload.len() + rest.len() + 4 < limit
        {
            leb128(rest.len(), &mut payload);
            payload.extend_from_slice(rest);
            (rest, next) = (following, units.next());
            count += 1;
        }
        let (piece, after) = rest.split_at(rest.len().min(limit.saturating_sub(payload.len())));
        payload.extend_from_slice(piece);
        continues = !after.is_empty();
        rest = after;
        header |= u8::from(continues) << 6 | count << 4;
        if let Some(byte) = payload.first_mut() {
            *byte = header;
        }
        first = false;
        if !continues {
            let Some(following) = next else {
                emit(&payload, true);
                return;
            };
            (rest, next) = (following, units.next());
        }
        emit(&payload, false);
    }
}

/// Section 4.10.5 of the AV1 bitstream specification.
fn leb128(mut value: usize, into: &mut Vec<u8>) {
    while value >= 0x80 {
        into.push(value as u8 | 0x80);
        value >>= 7;
    }
    into.push(value as u8);
}

fn read_leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0;
    for (at, byte) in bytes.iter().take(4).enumerate() {
        value |= usize::from(byte & 0x7F) << (7 * at);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[at + 1..]));
        }
    }
    None
}

pub(super) fn inspect(payload: &[u8]) -> Result<PayloadInspection, PayloadError> {
    let [header, _, ..] = payload else {
        return Err(PayloadError("an AV1 payload of nothing"));
    };
    let (continues, new_sequence) = (header & 0x80 != 0, header & 0x08 != 0);
    if continues && new_sequence {
        return Err(PayloadError(
            "an AV1 payload that begins a sequence and continues a unit",
        ));
    }
    Ok(PayloadInspection {
        begins: match (continues, new_sequence) {
            (true, _) => Begins::No,
            (_, true) => Begins::Yes,
            _ => Begins::IfPreviousEnded,
        },
        key: new_sequence,
    })
}

/// The elements of a payload (section 4.4).
fn elements(payload: &[u8]) -> Result<Vec<&[u8]>, PayloadError> {
    const TOO_LONG: PayloadError = PayloadError("an AV1 element longer than its payload");
    let (header, mut rest) = payload
        .split_first()
        .ok_or(PayloadError("an AV1 payload of nothing"))?;
    let count = usize::from(header >> 4 & 3);
    let mut elements = Vec::new();
    while !rest.is_empty() {
        if count != 0 && elements.len() + 1 == count {
            elements.push(std::mem::take(&mut rest));
            break;
        }
        let (length, after) = read_leb128(rest).ok_or(TOO_LONG)?;
        let (element, after) = after.split_at_checked(length).ok_or(TOO_LONG)?;
        elements.push(element);
        rest = after;
    }
    if count != 0 && elements.len() != count {
        return Err(PayloadError("an AV1 payload of fewer elements than it counts"));
    }
    Ok(elements)
}

pub(super) fn reassemble(payloads: &mut dyn Iterator<Item = &[u8]>) -> Result<Reassembled, PayloadError> {
    let mut frame = Reassembled::default();
    let mut continues = false;
    for payload in payloads {
        let header = payload.first().copied().unwrap_or(0);
        if (header & 0x80 != 0) != continues {
            return Err(PayloadError("an AV1 element in the wrong place"));
        }
        continues = header & 0x40 != 0;
        let elements = elements(payload)?;
        let last = elements.len().saturating_sub(1);
        for (at, element) in elements.into_iter().enumerate() {
            frame.bitstream.data.extend_from_slice(element);
            if at < last || !continues {
                frame.bitstream.end_unit();
            }
        }
    }
    if continues {
        return Err(PayloadError("an AV1 unit of which the last piece is missing"));
    }
    let mut pictures = 0;
    let (mut key, mut size, mut content) = (false, None, None);
    for unit in frame.bitstream.units() {
        let (kind, body) = open_unit(unit).ok_or(PayloadError("an AV1 unit shorter than its header"))?;
        match kind {
            SEQUENCE_HEADER => size = size_of(body),
            FRAME | FRAME_HEADER => {
                let (bits, rest) = body
                    .split_first()
                    .ok_or(PayloadError("an AV1 frame without its header"))?;
                pictures += 1;
                // Neither shown again nor predicted.
                key |= bits & 0xE0 == 0;
                content = content.or(Some(rest));
            }
            TEMPORAL_DELIMITER | TILE_LIST => {
                return Err(PayloadError("an AV1 unit that is not sent over RTP"));
            }
            _ => {}
        }
    }
    if pictures == 0 {
        return Err(PayloadError("an AV1 temporal unit without a frame"));
    }
    frame.content = content.map_or(Content::Foreign, stamp::read);
    frame.key = key;
    frame.size = size;
    Ok(frame)
}

/// The type of an OBU and what is in it (section 5.3.2 of the AV1 bitstream specification).
fn open_unit(unit: &[u8]) -> Option<(u8, &[u8])> {
    let (header, mut rest) = unit.split_first()?;
    if header & 0x04 != 0 {
        rest = rest.get(1..)?;
    }
    if header & 0x02 != 0 {
        let (length, after) = read_leb128(rest)?;
        rest = after.get(..length)?;
    }
    Some((header >> 3 & 0x0F, rest))
}

/// The greatest size of the pictures, by a sequence header (section 5.5.1 of the AV1 bitstream specification).
fn size_of(header: &[u8]) -> Option<(u16, u16)> {
    let bits = &mut BitReader::new(header);
    bits.bits(4)?;
    if bits.flag()? {
        bits.bits(5)?;
    } else {
        let mut delay_bits = None;
        if bits.flag()? {
            bits.bits(32)?;
            bits.bits(32)?;
            if bits.flag()? {
                bits.exp_golomb()?;
            }
            if bits.flag()? {
                delay_bits = Some(bits.bits(5)? + 1);
                bits.bits(32)?;
                bits.bits(10)?;
            }
        }
        let has_display_delay = bits.flag()?;
        for _ in 0..=bits.bits(5)? {
            bits.bits(12)?;
            if bits.bits(5)? > 7 {
                bits.flag()?;
            }
            if let Some(count) = delay_bits
                && bits.flag()?
            {
                bits.bits(count)?;
                bits.bits(count)?;
                bits.flag()?;
            }
            if has_display_delay && bits.flag()? {
                bits.bits(4)?;
            }
        }
    }
    let (width_bits, height_bits) = (bits.bits(4)? + 1, bits.bits(4)? + 1);
    let pixels = |minus_1: u32| u16::try_from(minus_1 + 1).unwrap_or(u16::MAX);
    Some((pixels(bits.bits(width_bits)?), pixels(bits.bits(height_bits)?)))
}
