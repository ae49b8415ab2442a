//! The indices of a stream's packets: the rollover counter, and which packets were seen.

/// How many indices back a packet can still be told from a repetition. RFC 3711 section 3.3.2 asks for 64 at least; a
/// retransmission on the SSRC of its original comes later than that.
const WINDOW: u64 = 1024;

/// The indices seen of late (RFC 3711 section 3.3.2).
#[derive(Debug, Clone, Default)]
pub(super) struct SeenIndices {
    newest: Option<u64>,
    /// A bit for each of the last [`WINDOW`] indices, at its place modulo the window.
    bits: [u64; (WINDOW / 64) as usize],
}

impl SeenIndices {
    /// Whether an index was seen, or is too old to know.
    pub fn has_seen(&self, index: u64) -> bool {
        match self.newest {
            Some(newest) if index <= newest => newest - index >= WINDOW || self.bit(index),
            _ => false,
        }
    }

    /// Notes that an index was seen.
    pub fn see(&mut self, index: u64) {
        match self.newest {
            Some(newest) if index <= newest => {
                if newest - index < WINDOW {
                    self.set(index, true);
                }
                return;
            }
            Some(newest) if index - newest < WINDOW => {
                (newest + 1..index).for_each(|skipped| self.set(skipped, false));
            }
            _ => self.bits.fill(0),
        }
        self.newest = Some(index);
        self.set(index, true);
    }

    fn place(index: u64) -> (usize, u64) {
        let place = index % WINDOW;
        ((place / 64) as usize, 1 << (place % 64))
    }

    fn bit(&self, index: u64) -> bool {
        let (word, mask) = Self::place(index);
        self.bits[word] & mask != 0
    }

    fn set(&mut self, index: u64, value: bool) {
        let (word, mask) = Self::place(index);
        if value {
            self.bits[word] |= mask;
        } else {
            self.bits[word] &= !mask;
        }
    }
}

/// The index of a stream's newest packet, rollover counter and sequence number in one, and which were seen before it.
#[derive(Debug, Clone, Default)]
pub(super) struct RtpIndex {
    highest: Option<u64>,
    seen: SeenIndices,
}

impl RtpIndex {
    /// RFC 3711 section 3.3.1: the index that a sequence number most likely stands for. None where it would lie before
    /// the beginning of the stream.
    pub fn estimate(&self, sequence_number: u16) -> Option<u64> {
        let Some(highest) = self.highest else {
            return Some(sequence_number.into());
        };
        let (rollover, newest) = (highest >> 16, (highest & 0xFFFF) as u16);
        let rollover = if newest < 0x8000 {
            if i32::from(sequence_number) - i32::from(newest) > 0x8000 {
                rollover.checked_sub(1)?
            } else {
                rollover
            }
        } else if i32::from(newest) - 0x8000 > i32::from(sequence_number) {
            rollover + 1
        } else {
            rollover
        };
        Some(rollover << 16 | u64::from(sequence_number))
    }

    /// Whether a packet of this index was received, or is too old to know.
    pub fn has_seen(&self, index: u64) -> bool {
        self.seen.has_seen(index)
    }

    /// Notes a packet that was received and is authentic.
    pub fn received(&mut self, index: u64) {
        self.sent(index);
        self.seen.see(index);
    }

    /// Notes a packet that was sent.
    pub fn sent(&mut self, index: u64) {
        self.highest = self.highest.max(Some(index));
    }
}
