//! Numbers that wrap, made to numbers that do not.

/// Where the count begins, so that what is older than the first number has a place, too.
const BEGINNING: u64 = 1 << 32;

/// Makes sequence numbers of 16 bits to ones of 64, each the nearest to the greatest so far.
#[derive(Debug, Clone, Default)]
pub(super) struct SequenceExtender {
    greatest: Option<u64>,
}

impl SequenceExtender {
    /// What a number stands for, without noting it. Orders as the packets were sent.
    pub fn peek(&self, number: u16) -> u64 {
        match self.greatest {
            None => BEGINNING | u64::from(number),
            Some(greatest) => {
                let ahead = number.wrapping_sub(greatest as u16) as i16;
                greatest.saturating_add_signed(ahead.into())
            }
        }
    }

    /// What a number stands for.
    pub fn extend(&mut self, number: u16) -> u64 {
        let extended = self.peek(number);
        self.greatest = self.greatest.max(Some(extended));
        extended
    }

    /// The greatest so far.
    pub fn greatest(&self) -> Option<u64> {
        self.greatest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_go_on_over_their_end_in_both_directions() {
        let mut extender = SequenceExtender::default();
        let first = extender.extend(0xFFFE);
        assert_eq!(extender.extend(1), first + 3);
        assert_eq!(extender.extend(0xFFFF), first + 1);
        assert_eq!(extender.extend(0xFFF0), first - 14);
        assert_eq!(extender.greatest(), Some(first + 3));
        assert_eq!(extender.peek(0x7FFF), first + 0x8001);
    }
}
