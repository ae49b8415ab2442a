//! H.264 and its payloads (RFC 6184), in non-interleaved mode.

use super::bits::{BitReader, BitWriter};
use super::{Begins, Bitstream, PayloadError, PayloadInspection, Reassembled, pieces, stamp};
use crate::rtp::event::FrameStamp;
use crate::rtp::stamp::Content;

const TYPE: u8 = 0x1F;
const SLICE: u8 = 1;
const IDR: u8 = 5;
const SPS: u8 = 7;
const AUD: u8 = 9;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// NAL units of the access unit: for a key frame the parameter sets and an IDR slice, otherwise a slice of P macroblocks. The
/// slice's content follows a slice header of two bytes.
pub(super) fn build(stamp: &FrameStamp, size: usize, into: &mut Bitstream) {
    let mut slice = BitWriter::default();
    if stamp.key {
        nal_unit(
            0x60 | SPS,
            &sequence_parameter_set(stamp.width, stamp.height),
            into,
        );
        nal_unit(0x68, &picture_parameter_set(), into);
        // first_mb_in_slice, slice_type I, pic_parameter_set_id, frame_num, idr_pic_id.
        slice.exp_golomb(0).exp_golomb(7).exp_golomb(0);
        slice.bits(4, 0).exp_golomb(0).bits(2, 3);
        into.data.push(0x60 | IDR);
    } else {
        slice.exp_golomb(0).exp_golomb(5).exp_golomb(0);
        slice.bits(4, stamp.number & 0xF).bits(5, 31);
        into.data.push(0x40 | SLICE);
    }
    into.data.extend(slice.finish());
    let length = into.data.len();
    stamp::write(&mut into.data, stamp, size.saturating_sub(length));
    into.end_unit();
}

/// Appends a NAL unit with its emulation prevention (clause 7.4.1.1 of H.264).
fn nal_unit(header: u8, content: &[u8], into: &mut Bitstream) {
    into.data.push(header);
    let mut zeros = 0;
    for &byte in content {
        if zeros >= 2 && byte <= 3 {
            into.data.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        into.data.push(byte);
    }
    into.end_unit();
}

/// Clause 7.3.2.1.1: constrained baseline, level 3.1, cropped to the size.
fn sequence_parameter_set(width: u16, height: u16) -> Vec<u8> {
    let macroblocks = |pixels: u16| u32::from(pixels.max(1)).div_ceil(16);
    let crop = |pixels: u16| (macroblocks(pixels) * 16 - u32::from(pixels.max(1))) / 2;
    let mut set = BitWriter::default();
    set.bits(8, 66).bits(8, 0xE0).bits(8, 31);
    // seq_parameter_set_id, log2_max_frame_num_minus4, pic_order_cnt_type, max_num_ref_frames, gaps allowed.
    set.exp_golomb(0)
        .exp_golomb(0)
        .exp_golomb(2)
        .exp_golomb(1)
        .bits(1, 0);
    set.exp_golomb(macroblocks(width) - 1)
        .exp_golomb(macroblocks(height) - 1);
    // frame_mbs_only, direct_8x8_inference, frame_cropping.
    set.bits(3, 7);
    set.exp_golomb(0).exp_golomb(crop(width));
    set.exp_golomb(0).exp_golomb(crop(height));
    // No VUI; the stop bit.
    set.bits(2, 1);
    set.finish()
}

/// Clause 7.3.2.2: CAVLC, one slice group.
fn picture_parameter_set() -> Vec<u8> {
    let mut set = BitWriter::default();
    set.exp_golomb(0).exp_golomb(0).bits(2, 0);
    set.exp_golomb(0).exp_golomb(0).exp_golomb(0).bits(3, 0);
    set.exp_golomb(0)
        .exp_golomb(0)
        .exp_golomb(0)
        .bits(3, 0)
        .bits(1, 1);
    set.finish()
}

/// RFC 6184 section 5.6 to 5.8: single NAL units, STAP-A for those that fit together, FU-A for those that do not fit.
pub(super) fn packetise(frame: &Bitstream, limit: usize, emit: &mut dyn FnMut(&[u8], bool)) {
    let units: Vec<&[u8]> = frame.units().collect();
    let mut payload = Vec::with_capacity(limit);
    let mut rest = &units[..];
    while let Some((unit, after)) = rest.split_first() {
        let mut length = 1;
        let together = rest
            .iter()
            .take_while(|unit| {
                length += 2 + unit.len();
                length <= limit
            })
            .count();
        if together >= 2 {
            let (aggregated, after) = rest.split_at(together);
            payload.clear();
            let importance = aggregated
                .iter()
                .filter_map(|unit| unit.first())
                .map(|header| header & 0x60)
                .max();
            payload.push(importance.unwrap_or(0) | STAP_A);
            for unit in aggregated {
                payload.extend((unit.len() as u16).to_be_bytes());
                payload.extend_from_slice(unit);
            }
            emit(&payload, after.is_empty());
            rest = after;
        } else {
            fragment(unit, limit, after.is_empty(), &mut payload, emit);
            rest = after;
        }
    }
}

/// One NAL unit, in fragments if it has to be.
fn fragment(
    unit: &[u8],
    limit: usize,
    last_unit: bool,
    payload: &mut Vec<u8>,
    emit: &mut dyn FnMut(&[u8], bool),
) {
    let Some((header, content)) = unit.split_first().filter(|_| unit.len() > limit) else {
        emit(unit, last_unit);
        return;
    };
    let mut rest = pieces(content, limit.saturating_sub(2)).peekable();
    let mut start = 0x80;
    while let Some(piece) = rest.next() {
        let last = rest.peek().is_none();
        payload.clear();
        payload.extend([header & 0xE0 | FU_A, start | u8::from(last) << 6 | header & TYPE]);
        payload.extend_from_slice(piece);
        emit(payload, last && last_unit);
        start = 0;
    }
}

/// The NAL units inside a STAP-A, after its header; a length beyond its end is an error.
fn aggregated(mut rest: &[u8]) -> impl Iterator<Item = Result<&[u8], PayloadError>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let unit = rest.split_first_chunk::<2>().and_then(|(length, after)| {
            after
                .split_at_checked(u16::from_be_bytes(*length).into())
                .filter(|(unit, _)| !unit.is_empty())
        });
        Some(match unit {
            Some((unit, after)) => {
                rest = after;
                Ok(unit)
            }
            None => {
                rest = &[];
                Err(PayloadError("an H.264 aggregate of units longer than itself"))
            }
        })
    })
}

pub(super) fn inspect(payload: &[u8]) -> Result<PayloadInspection, PayloadError> {
    let (header, rest) = payload
        .split_first()
        .ok_or(PayloadError("an H.264 payload of nothing"))?;
    let of_unit = |kind: u8| PayloadInspection {
        begins: if matches!(kind, SPS | AUD) {
            Begins::Yes
        } else {
            Begins::IfPreviousEnded
        },
        key: matches!(kind, SPS | IDR),
    };
    match header & TYPE {
        STAP_A => {
            let mut inspection: Option<PayloadInspection> = None;
            for unit in aggregated(rest) {
                let of_unit = of_unit(unit?.first().copied().unwrap_or(0) & TYPE);
                inspection.get_or_insert(of_unit).key |= of_unit.key;
            }
            inspection.ok_or(PayloadError("an H.264 aggregate of nothing"))
        }
        FU_A => {
            let header = rest
                .first()
                .ok_or(PayloadError("an H.264 fragment without its header"))?;
            let mut inspection = of_unit(header & TYPE);
            if header & 0x80 == 0 {
                inspection.begins = Begins::No;
            }
            Ok(inspection)
        }
        1..=23 => Ok(of_unit(header & TYPE)),
        _ => Err(PayloadError(
            "an H.264 payload of a kind that non-interleaved mode does not have",
        )),
    }
}

pub(super) fn reassemble(payloads: &mut dyn Iterator<Item = &[u8]>) -> Result<Reassembled, PayloadError> {
    let mut frame = Reassembled::default();
    let bitstream = &mut frame.bitstream;
    let mut in_fragments = false;
    for payload in payloads {
        let (header, rest) = payload
            .split_first()
            .ok_or(PayloadError("an H.264 payload of nothing"))?;
        let kind = header & TYPE;
        if in_fragments && kind != FU_A {
            return Err(PayloadError(
                "an H.264 unit of which the last fragment is missing",
            ));
        }
        match kind {
            STAP_A => {
                for unit in aggregated(rest) {
                    bitstream.data.extend_from_slice(unit?);
                    bitstream.end_unit();
                }
            }
            FU_A => {
                let (fragment, rest) = rest
                    .split_first()
                    .ok_or(PayloadError("an H.264 fragment without its header"))?;
                let is_start = fragment & 0x80 != 0;
                if is_start == in_fragments {
                    return Err(PayloadError("an H.264 fragment in the wrong place"));
                }
                if is_start {
                    bitstream.data.push(header & 0xE0 | fragment & TYPE);
                }
                bitstream.data.extend_from_slice(rest);
                in_fragments = fragment & 0x40 == 0;
                if !in_fragments {
                    bitstream.end_unit();
                }
            }
            _ => {
                bitstream.data.extend_from_slice(payload);
                bitstream.end_unit();
            }
        }
    }
    if in_fragments {
        return Err(PayloadError(
            "an H.264 unit of which the last fragment is missing",
        ));
    }
    let mut key = false;
    let mut size = None;
    let mut content = None;
    for unit in frame.bitstream.units() {
        let Some((header, rest)) = unit.split_first() else {
            continue;
        };
        match header & TYPE {
            SPS => size = size_of(rest),
            IDR => {
                key = true;
                content = content.or_else(|| rest.get(2..));
            }
            SLICE => content = content.or_else(|| rest.get(2..)),
            _ => {}
        }
    }
    frame.content = content.map_or(Content::Foreign, stamp::read);
    frame.key = key;
    frame.size = size;
    Ok(frame)
}

/// The size of the pictures after cropping, by a sequence parameter set (clause 7.3.2.1.1).
fn size_of(set: &[u8]) -> Option<(u16, u16)> {
    let mut zeros = 0;
    let mut content = Vec::with_capacity(set.len());
    for &byte in set {
        let is_prevention = zeros >= 2 && byte == 3;
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        if !is_prevention {
            content.push(byte);
        }
    }
    let bits = &mut BitReader::new(&content);
    let profile = bits.bits(8)?;
    bits.bits(16)?;
    bits.exp_golomb()?;
    let mut chroma_format = 1;
    if [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(&profile) {
        chroma_format = bits.exp_golomb()?;
        if chroma_format == 3 {
            bits.flag()?;
        }
        bits.exp_golomb()?;
        bits.exp_golomb()?;
        bits.flag()?;
        if bits.flag()? {
            for list in 0..if chroma_format == 3 { 12 } else { 8 } {
                if bits.flag()? {
                    skip_scaling_list(bits, if list < 6 { 16 } else { 64 })?;
                }
            }
        }
    }
    bits.exp_golomb()?;
    match bits.exp_golomb()? {
        0 => {
            bits.exp_golomb()?;
        }
        1 => {
            bits.flag()?;
            bits.exp_golomb()?;
            bits.exp_golomb()?;
            for _ in 0..bits.exp_golomb()?.min(255) {
                bits.exp_golomb()?;
            }
        }
        _ => {}
    }
    bits.exp_golomb()?;
    bits.flag()?;
    let width = bits.exp_golomb()?.checked_add(1)?.checked_mul(16)?;
    let map_units = bits.exp_golomb()?.checked_add(1)?.checked_mul(16)?;
    let frames_only = bits.flag()?;
    if !frames_only {
        bits.flag()?;
    }
    let fields = if frames_only { 1 } else { 2 };
    let height = map_units.checked_mul(fields)?;
    bits.flag()?;
    let (mut across, mut down) = (0, 0);
    if bits.flag()? {
        let horizontal = if matches!(chroma_format, 1 | 2) { 2 } else { 1 };
        let vertical = if chroma_format == 1 { 2 * fields } else { fields };
        across = bits
            .exp_golomb()?
            .checked_add(bits.exp_golomb()?)?
            .checked_mul(horizontal)?;
        down = bits
            .exp_golomb()?
            .checked_add(bits.exp_golomb()?)?
            .checked_mul(vertical)?;
    }
    Some((
        width.checked_sub(across)?.try_into().ok()?,
        height.checked_sub(down)?.try_into().ok()?,
    ))
}

/// Clause 7.3.2.1.1.1.
fn skip_scaling_list(bits: &mut BitReader<'_>, size: usize) -> Option<()> {
    let (mut last, mut next) = (8i64, 8i64);
    for _ in 0..size {
        if next != 0 {
            let code = i64::from(bits.exp_golomb()?);
            let delta = if code % 2 == 1 { (code + 1) / 2 } else { -code / 2 };
            next = (last + delta).rem_euclid(256);
        }
        if next != 0 {
            last = next;
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_size_survives_the_parameter_set_and_its_emulation_prevention() {
        for (width, height) in [
            (640, 480),
            (1920, 1080),
            (2, 2),
            (65_534, 65_534),
            (32_768, 16),
            (322, 242),
        ] {
            let mut stream = Bitstream::default();
            nal_unit(0x67, &sequence_parameter_set(width, height), &mut stream);
            let start_codes = stream
                .bytes()
                .windows(3)
                .filter(|three| three[..2] == [0, 0] && three[2] < 3);
            assert_eq!(start_codes.count(), 0, "{width}×{height}");
            assert_eq!(size_of(&stream.bytes()[1..]), Some((width, height)));
        }
    }

    #[test]
    fn the_parameter_set_of_another_encoder_is_read() {
        // 1280×720, high profile, as x264 writes it.
        let set = [
            0x64, 0x00, 0x1F, 0xAC, 0xD9, 0x40, 0x50, 0x05, 0xBB, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10,
            0x00, 0x00, 0x03, 0x03, 0xC0, 0xF1, 0x83, 0x19, 0x60,
        ];
        assert_eq!(size_of(&set), Some((1280, 720)));
    }
}
