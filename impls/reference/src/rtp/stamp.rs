//! The content of a synthetic frame: who it is, filled up to its size, with a checksum over all of it.
//!
//! Every byte has its high bit set and carries seven bits. So there is no start code and nothing to escape in any bitstream, and
//! no byte of silence in G.711.

use super::event::FrameStamp;

/// The first two bytes of every stamp.
const MAGIC: [u8; 2] = [0xE7, 0xA5];

/// The bytes from the beginning to the end of the checksum.
const CHECKED_FROM: usize = MAGIC.len() + CHECKSUM;

/// The bytes of the checksum.
const CHECKSUM: usize = 5;

/// The bytes of a stamp without a `rid` and without filling.
pub(super) const SMALLEST: usize = CHECKED_FROM + 4 + 1 + 5 + 3 + 3 + 2;

/// The longest `rid` that fits; a longer one is cut. RFC 8852 section 3.1 asks for much shorter ones.
const LONGEST_RID: usize = 255;

const CRC: crc::Crc<u32, crc::Table<1>> = crc::Crc::<u32, crc::Table<1>>::new(&crc::CRC_32_ISO_HDLC);

/// Appends a stamp filled up to `size` bytes, or as many as it needs at least.
pub(super) fn write(out: &mut Vec<u8>, stamp: &FrameStamp, size: usize) {
    let rid = stamp.rid.as_bytes();
    let rid = &rid[..rid.len().min(LONGEST_RID)];
    let size = size.max(SMALLEST + rid.len());
    let start = out.len();
    out.extend(MAGIC);
    out.resize(start + CHECKED_FROM, 0);
    write_number(out, 4, size as u32);
    out.push(0x80 | u8::from(stamp.key));
    write_number(out, 5, stamp.number);
    write_number(out, 3, stamp.width.into());
    write_number(out, 3, stamp.height.into());
    write_number(out, 2, rid.len() as u32);
    out.extend(rid.iter().map(|byte| byte | 0x80));
    fill(out, start + size, stamp.number);
    let checksum = CRC.checksum(&out[start + CHECKED_FROM..]);
    let groups = groups::<CHECKSUM>(checksum);
    out[start + MAGIC.len()..start + CHECKED_FROM].copy_from_slice(&groups);
}

/// The content of a frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Content {
    /// It is by another maker.
    #[default]
    Foreign,
    /// All of it is as it was made.
    Stamped(FrameStamp),
    /// It begins with a stamp, and not all of it is as it was made.
    Spoiled,
}

/// Looks for a stamp at the beginning of a content.
pub(super) fn read(content: &[u8]) -> Content {
    match content.strip_prefix(&MAGIC) {
        None => Content::Foreign,
        Some(rest) => read_stamp(content, rest).map_or(Content::Spoiled, Content::Stamped),
    }
}

/// The stamp of a content, of which `rest` comes after the magic number.
fn read_stamp(content: &[u8], rest: &[u8]) -> Option<FrameStamp> {
    let (checksum, rest) = read_number::<CHECKSUM>(rest)?;
    let (size, _) = read_number::<4>(rest)?;
    let checked = content.get(CHECKED_FROM..size as usize)?;
    if CRC.checksum(checked) != checksum {
        return None;
    }
    let (_, rest) = read_number::<4>(checked)?;
    let (key, rest) = read_number::<1>(rest)?;
    let (number, rest) = read_number::<5>(rest)?;
    let (width, rest) = read_number::<3>(rest)?;
    let (height, rest) = read_number::<3>(rest)?;
    let (rid_length, rest) = read_number::<2>(rest)?;
    let rid = rest.get(..rid_length as usize)?;
    Some(FrameStamp {
        number,
        key: key == 1,
        rid: rid.iter().map(|byte| char::from(byte & 0x7F)).collect(),
        width: u16::try_from(width).ok()?,
        height: u16::try_from(height).ok()?,
    })
}

/// Fills up to `end` with what looks like chance, so that a piece out of its place is noticed.
fn fill(out: &mut Vec<u8>, end: usize, seed: u32) {
    let mut state = seed.wrapping_mul(0x9E37_79B9) | 1;
    while out.len() < end {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        let bytes = (state | 0x8080_8080).to_be_bytes();
        let missing = end - out.len();
        out.extend_from_slice(&bytes[..missing.min(4)]);
    }
}

/// A number in groups of seven bits, the highest first. Five groups hold every `u32`.
fn groups<const COUNT: usize>(number: u32) -> [u8; COUNT] {
    std::array::from_fn(|at| 0x80 | (u64::from(number) >> (7 * (COUNT - 1 - at)) & 0x7F) as u8)
}

fn write_number(out: &mut Vec<u8>, count: usize, number: u32) {
    out.extend_from_slice(&groups::<5>(number)[5 - count..]);
}

fn read_number<const COUNT: usize>(content: &[u8]) -> Option<(u32, &[u8])> {
    let (groups, rest) = content.split_first_chunk::<COUNT>()?;
    let number = groups
        .iter()
        .fold(0u64, |number, byte| number << 7 | u64::from(byte & 0x7F));
    Some((u32::try_from(number).ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamp(number: u32, rid: &str) -> FrameStamp {
        FrameStamp {
            number,
            key: number.is_multiple_of(7),
            rid: rid.to_owned(),
            width: 65_535,
            height: 720,
        }
    }

    #[test]
    fn a_stamp_is_read_as_it_was_written() {
        for (number, rid, size) in [(0, "", 0), (u32::MAX, "hi", 1200), (14, "a-rather-long-one", 60)] {
            let mut content = Vec::new();
            write(&mut content, &stamp(number, rid), size);
            assert_eq!(content.len(), size.max(SMALLEST + rid.len()));
            assert!(content.iter().all(|byte| byte & 0x80 != 0));
            content.extend([0; 3]);
            assert_eq!(read(&content), Content::Stamped(stamp(number, rid)));
        }
    }

    #[test]
    fn no_byte_of_a_stamp_can_change() {
        let mut content = Vec::new();
        write(&mut content, &stamp(3, "q"), 90);
        for at in 0..content.len() {
            let mut changed = content.clone();
            changed[at] ^= 0x01;
            let foreign = if at < MAGIC.len() {
                Content::Foreign
            } else {
                Content::Spoiled
            };
            assert_eq!(read(&changed), foreign, "byte {at}");
            assert_eq!(read(&content[..at]), foreign, "cut at {at}");
        }
    }
}
