//! What was sent, for those who missed it (RFC 4588).

use std::collections::VecDeque;
use std::time::Duration;

use glare_peer::SimTime;

/// How many packets of a stream are kept: some seconds of video.
const KEPT: usize = 512;

/// A packet is sent again no sooner than this after it was sent; more often nobody can have missed it.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(5);

/// A packet that was sent.
#[derive(Debug, Default)]
pub(super) struct SentPacket {
    /// As it was before its protection.
    pub packet: Vec<u8>,
    /// Where its payload begins.
    pub payload: usize,
    sequence_number: u16,
    last_sent: SimTime,
}

/// The last packets of a stream, in the order of their sequence numbers without gaps.
#[derive(Debug, Default)]
pub(super) struct History {
    packets: VecDeque<SentPacket>,
}

impl History {
    /// Keeps a packet. The buffer of the oldest one is taken where there are enough.
    pub fn push(&mut self, now: SimTime, sequence_number: u16, packet: &[u8], payload: usize) {
        let mut kept = if self.packets.len() >= KEPT {
            self.packets.pop_front().unwrap_or_default()
        } else {
            SentPacket::default()
        };
        kept.packet.clear();
        kept.packet.extend_from_slice(packet);
        kept.payload = payload;
        kept.sequence_number = sequence_number;
        kept.last_sent = now;
        self.packets.push_back(kept);
    }

    /// A packet that is to be sent again; none where it is no longer there, or was sent a moment ago.
    pub fn take(
        &mut self,
        now: SimTime,
        sequence_number: u16,
        round_trip_time: Option<Duration>,
    ) -> Option<&SentPacket> {
        let first = self.packets.front()?.sequence_number;
        let at = usize::from(sequence_number.wrapping_sub(first));
        let sent = self.packets.get_mut(at)?;
        let interval = round_trip_time.map_or(SHORTEST_INTERVAL, |time| (time / 2).max(SHORTEST_INTERVAL));
        if sent.sequence_number != sequence_number || now - sent.last_sent < interval {
            return None;
        }
        sent.last_sent = now;
        Some(sent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_packets_are_kept_over_the_end_of_the_numbers() {
        let mut history = History::default();
        let first = 65_000u16;
        for number in 0..2000u16 {
            history.push(
                SimTime::ZERO,
                first.wrapping_add(number),
                &number.to_be_bytes(),
                1,
            );
        }
        let now = SimTime::from_millis(100);
        let mut take = |number: u16| {
            let sent = history.take(now, first.wrapping_add(number), None)?;
            Some(u16::from_be_bytes([sent.packet[0], sent.packet[1]]))
        };
        assert_eq!(take(1999), Some(1999));
        assert_eq!(take(1488), Some(1488));
        assert_eq!(take(1487), None, "too old");
        assert_eq!(take(2000), None, "never sent");
        assert_eq!(take(1999), None, "sent a moment ago");
    }
}
