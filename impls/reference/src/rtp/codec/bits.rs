//! Bits of headers, the highest first.

/// Writes bits.
#[derive(Debug, Default)]
pub(super) struct BitWriter {
    bytes: Vec<u8>,
    /// How many bits of the last byte are used; 0 is all of them.
    used: u32,
}

impl BitWriter {
    /// The lowest `count` bits of `value`, at most 32.
    pub fn bits(&mut self, count: u32, value: u32) -> &mut BitWriter {
        for at in (0..count).rev() {
            if self.used == 0 {
                self.bytes.push(0);
            }
            if let Some(last) = self.bytes.last_mut() {
                *last |= ((value >> at & 1) as u8) << (7 - self.used);
            }
            self.used = (self.used + 1) % 8;
        }
        self
    }

    /// `ue(v)` of H.264 (clause 9.1): an Exp-Golomb code.
    pub fn exp_golomb(&mut self, value: u32) -> &mut BitWriter {
        let code = value.saturating_add(1);
        let length = u32::BITS - code.leading_zeros();
        self.bits(length - 1, 0).bits(length, code)
    }

    /// The bytes, the last one filled up with zeros.
    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// Reads bits.
#[derive(Debug, Clone)]
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    pub fn new(bytes: &'a [u8]) -> BitReader<'a> {
        BitReader { bytes, at: 0 }
    }

    /// The next bit; none at the end.
    pub fn flag(&mut self) -> Option<bool> {
        let byte = self.bytes.get(self.at / 8)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Some(bit == 1)
    }

    /// The next `count` bits, at most 32.
    pub fn bits(&mut self, count: u32) -> Option<u32> {
        (0..count).try_fold(0, |value, _| Some(value << 1 | u32::from(self.flag()?)))
    }

    /// `ue(v)` of H.264 (clause 9.1).
    pub fn exp_golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1 << zeros) - 1 + self.bits(zeros)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_as_they_were_written() {
        let mut writer = BitWriter::default();
        writer.bits(3, 5);
        for value in [0, 1, 2, 7, 8, 1000, 70_000] {
            writer.exp_golomb(value);
        }
        let bytes = writer.finish();
        let mut reader = BitReader::new(&bytes);
        assert_eq!(reader.bits(3), Some(5));
        for value in [0, 1, 2, 7, 8, 1000, 70_000] {
            assert_eq!(reader.exp_golomb(), Some(value));
        }
    }

    #[test]
    fn the_end_is_none_and_so_is_a_code_too_long() {
        assert_eq!(BitReader::new(&[1]).bits(9), None);
        assert_eq!(BitReader::new(&[0; 9]).exp_golomb(), None);
    }
}
