//! Which packets of a stream are missing, and when to ask for them (RFC 4585 section 6.2.1).

use std::collections::BTreeMap;
use std::time::Duration;

use glare_peer::SimTime;

/// A packet is first asked for so long after a later one came: packets overtake one another.
const REORDERING: Duration = Duration::from_millis(10);

/// How often a packet is asked for.
const TRIES: u32 = 10;

/// When to ask again where the round trip time is not known.
const DEFAULT_INTERVAL: Duration = Duration::from_millis(100);

/// Never ask again sooner than that.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(20);

/// How many packets can be missing at once; with more there is no hope in asking.
const MOST: usize = 500;

/// The packets that were not received, by their extended numbers.
#[derive(Debug, Default)]
pub(super) struct MissingPackets {
    packets: BTreeMap<u64, Asked>,
    /// When to look next; nothing is due before.
    next: Option<SimTime>,
}

#[derive(Debug, Clone, Copy)]
struct Asked {
    times: u32,
    /// When to ask next.
    due: SimTime,
}

impl MissingPackets {
    /// Notes that the packets of a range are missing. Where they are too many all are given up.
    pub fn note(&mut self, now: SimTime, range: std::ops::Range<u64>) {
        let count = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
        if count.saturating_add(self.packets.len()) > MOST {
            self.packets.clear();
            return;
        }
        let asked = Asked {
            times: 0,
            due: now + REORDERING,
        };
        self.packets.extend(range.map(|number| (number, asked)));
        if count > 0 {
            self.next = Some(self.next.map_or(asked.due, |next| next.min(asked.due)));
        }
    }

    /// A packet came after all: says whether it was missing.
    pub fn found(&mut self, number: u64) -> bool {
        self.packets.remove(&number).is_some()
    }

    /// Forgets the packets before a number: nobody waits for them.
    pub fn forget_before(&mut self, number: u64) {
        if self
            .packets
            .first_key_value()
            .is_some_and(|(first, _)| *first < number)
        {
            self.packets = self.packets.split_off(&number);
        }
    }

    /// Forgets all.
    pub fn clear(&mut self) {
        self.packets.clear();
    }

    /// When to call [`MissingPackets::due`]. It may come to nothing, where what was missing has come.
    pub fn deadline(&self) -> Option<SimTime> {
        self.next.filter(|_| !self.packets.is_empty())
    }

    /// The numbers that are to be asked for now, ascending. Those that were asked for often enough are given up.
    pub fn due(&mut self, now: SimTime, round_trip_time: Option<Duration>) -> Vec<u16> {
        let interval = round_trip_time.map_or(DEFAULT_INTERVAL, |time| (time * 3 / 2).max(SHORTEST_INTERVAL));
        let mut due = Vec::new();
        self.packets.retain(|number, asked| {
            if asked.due > now {
                return true;
            }
            if asked.times >= TRIES {
                return false;
            }
            asked.times += 1;
            asked.due = now + interval;
            due.push(*number as u16);
            true
        });
        self.next = self.packets.values().map(|asked| asked.due).min();
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_asked_for_ten_times_and_no_more() {
        let mut missing = MissingPackets::default();
        missing.note(SimTime::ZERO, 5..7);
        assert!(missing.due(SimTime::from_millis(9), None).is_empty());
        assert_eq!(missing.due(SimTime::from_millis(10), None), [5, 6]);
        assert!(missing.found(5) && !missing.found(5));
        let mut asked = 1;
        while let Some(due) = missing.deadline() {
            asked += missing.due(due, None).len();
        }
        assert_eq!(asked, 10);
    }

    #[test]
    fn too_many_are_given_up() {
        let mut missing = MissingPackets::default();
        missing.note(SimTime::ZERO, 0..400);
        missing.note(SimTime::ZERO, 500..u64::MAX);
        assert_eq!(missing.deadline(), None);
    }
}
