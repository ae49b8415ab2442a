//! Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01), as the receiver gives it.

use std::collections::BTreeMap;
use std::time::Duration;

use glare_peer::SimTime;
use rtcp_types::{TwccBuilder, TwccPacketStatus};

use super::RtcpWriter;
use crate::rtp::sequence::SequenceExtender;

/// How often feedback is given; the interval that libwebrtc begins with.
const INTERVAL: Duration = Duration::from_millis(100);

/// Of how many packets the arrival is remembered until the next feedback.
const REMEMBERED: usize = 2000;

/// A packet further ahead than this is not reported in one feedback with those before.
const FARTHEST: u64 = 1000;

/// The unit of the differences of arrival.
const TICK: Duration = Duration::from_micros(250);

/// How many ticks there are in a unit of the reference time, which is 64 ms.
const TICKS_PER_REFERENCE: u64 = 256;

/// The bytes that a feedback may have.
const LARGEST: usize = 1000;

/// Collects the arrivals of packets with a transport-wide sequence number, and makes feedback of them.
#[derive(Debug, Default)]
pub(in crate::rtp) struct TransportFeedbackGenerator {
    sequence: SequenceExtender,
    arrived: BTreeMap<u64, SimTime>,
    /// The first number that the next feedback is about.
    next: Option<u64>,
    count: u8,
    /// When the next feedback is due.
    due: Option<SimTime>,
    /// Whose packet came last: the feedback says that it is about this one.
    media: u32,
}

impl TransportFeedbackGenerator {
    /// Notes the arrival of a packet.
    pub fn received(&mut self, now: SimTime, media: u32, sequence_number: u16) {
        let number = self.sequence.extend(sequence_number);
        if self.arrived.len() < REMEMBERED {
            self.arrived.entry(number).or_insert(now);
            self.due.get_or_insert(now + INTERVAL);
            self.media = media;
        }
    }

    /// When [`TransportFeedbackGenerator::write`] has something to write.
    pub fn deadline(&self) -> Option<SimTime> {
        self.due
    }

    /// Writes the feedback that is due, in as many packets as it needs; forgets what it was about.
    pub fn write(&mut self, now: SimTime, sender: u32, into: &mut RtcpWriter) {
        if self.due.is_none_or(|due| due > now) {
            return;
        }
        self.due = None;
        while let Some((&first, &arrival)) = self.arrived.first_key_value() {
            // Numbers between the last feedback and the first arrival are reported as missing, unless they are older.
            let base = self
                .next
                .filter(|next| *next < first && first - next < FARTHEST)
                .unwrap_or(first);
            let reference = ticks(arrival) / TICKS_PER_REFERENCE;
            let statuses = self.statuses(base, reference * TICKS_PER_REFERENCE);
            let feedback = TwccBuilder::new(
                base as u16,
                (reference & 0xFF_FFFF) as u32,
                self.count,
                &statuses,
                Some(LARGEST),
            );
            let told = feedback.packet_status_count().max(1) as u64;
            into.transport_feedback(sender, self.media, &feedback);
            self.count = self.count.wrapping_add(1);
            let next = base + told;
            self.arrived = self.arrived.split_off(&next);
            self.next = self.next.max(Some(next));
        }
    }

    /// What became of the packets from `base` on, as far as one feedback can say. `before` is the reference in ticks.
    fn statuses(&self, base: u64, before: u64) -> Vec<TwccPacketStatus> {
        let mut statuses = Vec::new();
        let mut before = before as i64;
        for (&number, &arrival) in self.arrived.range(base..) {
            let at = ticks(arrival) as i64;
            let Ok(delta) = i16::try_from(at - before) else {
                break;
            };
            let skipped = number - base - statuses.len() as u64;
            if skipped >= FARTHEST {
                break;
            }
            statuses.extend((0..skipped).map(|_| TwccPacketStatus::NotReceived));
            statuses.push(TwccPacketStatus::Received { delta });
            before = at;
        }
        statuses
    }
}

fn ticks(time: SimTime) -> u64 {
    time.as_nanos() / TICK.as_nanos() as u64
}
