//! Puts the packets of a stream in order and makes frames of them.

use std::collections::BTreeMap;
use std::time::Duration;

use glare_peer::SimTime;

use super::codec::{Begins, PayloadInspection, Reassembled};
use super::configuration::{Codec, MediaKind};

/// How many packets wait for their frames at most. A frame of more than that is no frame of a camera.
const WAITING: usize = 1024;

/// How many packets are kept while there is no key frame to begin with: its first packet may have been overtaken by others.
const OVERTAKING: usize = 256;

/// Contributing sources, with the level of each in −dBov where the packet says.
pub(super) type Contributing = Vec<(u32, Option<u8>)>;

/// A packet that waits for its frame.
#[derive(Debug, Clone)]
pub(super) struct WaitingPacket {
    pub codec: Codec,
    pub timestamp: u32,
    pub marker: bool,
    /// Empty in packets of padding or telephone events, which only take a number.
    pub payload: Vec<u8>,
    pub arrived: SimTime,
    pub audio_level: Option<u8>,
    pub contributing: Contributing,
}

/// A frame, and how it came.
#[derive(Debug, Clone)]
pub(super) struct AssembledFrame {
    pub codec: Codec,
    pub frame: Reassembled,
    pub timestamp: u32,
    pub first_arrived: SimTime,
    pub last_arrived: SimTime,
    pub packets: usize,
    pub audio_level: Option<u8>,
    pub contributing: Contributing,
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Inserted {
    Waiting,
    /// It is there already.
    Duplicate,
    /// Its frame was given up, or has been given.
    Late,
}

/// Waits for the packets of frames and gives the frames in order.
#[derive(Debug)]
pub(super) struct Assembler {
    kind: MediaKind,
    packets: BTreeMap<u64, (WaitingPacket, Option<PayloadInspection>)>,
    /// The number after the last frame.
    next: Option<u64>,
    /// Video: whether the next frame has to be a key frame.
    needs_key: bool,
    /// The number that is waited for, and since when.
    blocked: Option<(u64, SimTime)>,
    /// How long a packet is waited for.
    patience: Duration,
    dropped_frames: u64,
    skipped_packets: u64,
}

/// What was found at the place of the next frame.
enum Found {
    /// All of a frame, up to before this number.
    Whole(u64),
    /// This number is missing, and later ones are there.
    Missing(u64),
    /// Nothing is there to be waited for.
    Nothing,
}

impl Assembler {
    pub fn new(kind: MediaKind) -> Assembler {
        Assembler {
            kind,
            packets: BTreeMap::new(),
            next: None,
            needs_key: kind == MediaKind::Video,
            blocked: None,
            patience: Duration::ZERO,
            dropped_frames: 0,
            skipped_packets: 0,
        }
    }

    /// How long a packet is waited for from now on.
    pub fn set_patience(&mut self, patience: Duration) {
        self.patience = patience;
    }

    /// Begins anew, as with a stream that has just begun.
    pub fn reset(&mut self) {
        self.drop_before(u64::MAX);
        self.next = None;
        self.blocked = None;
        self.needs_key = self.kind == MediaKind::Video;
    }

    /// Whether frames cannot go on without a key frame of which nothing has come yet.
    pub fn needs_key(&self) -> bool {
        let coming = self.next.and_then(|next| self.packets.get(&next));
        let is_key = |inspection: &PayloadInspection| inspection.key;
        self.needs_key && !coming.is_some_and(|(_, inspection)| inspection.as_ref().is_some_and(is_key))
    }

    /// The number before which nothing is waited for.
    pub fn next(&self) -> Option<u64> {
        self.next
    }

    /// When the patience ends.
    pub fn deadline(&self) -> Option<SimTime> {
        self.blocked.map(|(_, since)| since + self.patience)
    }

    /// Frames given up since last asked.
    pub fn take_dropped_frames(&mut self) -> u64 {
        std::mem::take(&mut self.dropped_frames)
    }

    /// Packets of audio given up since last asked.
    pub fn take_skipped_packets(&mut self) -> u64 {
        std::mem::take(&mut self.skipped_packets)
    }

    /// Takes a packet under its extended number.
    pub fn insert(&mut self, number: u64, packet: WaitingPacket) -> Inserted {
        if self.next.is_some_and(|next| number < next) {
            return Inserted::Late;
        }
        if self.packets.contains_key(&number) {
            return Inserted::Duplicate;
        }
        let inspection = packet.codec.inspect(&packet.payload).ok();
        self.packets.insert(number, (packet, inspection));
        if self.packets.len() > WAITING {
            let first = self.packets.first_key_value().map_or(0, |(first, _)| *first);
            self.give_up(first);
        }
        Inserted::Waiting
    }

    /// The next frame that is whole; gives up what was waited for long enough.
    pub fn next_frame(&mut self, now: SimTime) -> Option<AssembledFrame> {
        loop {
            self.begin();
            let next = self.next?;
            match self.find(next) {
                Found::Whole(end) => {
                    self.blocked = None;
                    if let Some(frame) = self.take(next, end) {
                        return Some(frame);
                    }
                }
                Found::Nothing => {
                    self.blocked = None;
                    return None;
                }
                Found::Missing(number) => {
                    let since = match self.blocked {
                        Some((blocked, since)) if blocked == number => since,
                        _ => now,
                    };
                    self.blocked = Some((number, since));
                    if since + self.patience > now {
                        return None;
                    }
                    self.give_up(number);
                }
            }
        }
    }

    /// Where no frame has been given yet, finds where one can begin: with the first packet of audio, with a key frame of
    /// video.
    fn begin(&mut self) {
        if self.next.is_some() {
            return;
        }
        let start = match self.kind {
            MediaKind::Audio => self.packets.first_key_value().map(|(number, _)| *number),
            MediaKind::Video => self.first_key_frame(0),
        };
        if let Some(start) = start {
            self.drop_before(start);
            self.next = Some(start);
        } else if let Some(too_many) = self.packets.len().checked_sub(OVERTAKING)
            && let Some(first) = self.packets.keys().nth(too_many).copied()
        {
            self.drop_before(first);
        }
    }

    /// The first packet of the first key frame from a number on.
    fn first_key_frame(&self, from: u64) -> Option<u64> {
        let mut ended = false;
        let mut before = None;
        for (&number, (packet, inspection)) in self.packets.range(from..) {
            let follows = ended && before == number.checked_sub(1);
            let begins = inspection.is_some_and(|inspection| {
                inspection.key
                    && match inspection.begins {
                        Begins::Yes => true,
                        Begins::No => false,
                        Begins::IfPreviousEnded => follows,
                    }
            });
            if begins {
                return Some(number);
            }
            ended = packet.marker;
            before = Some(number);
        }
        None
    }

    /// Looks for the frame that begins with `next`.
    fn find(&self, next: u64) -> Found {
        let mut expected = next;
        let mut timestamp = None;
        for (&number, (packet, _)) in self.packets.range(next..) {
            if number != expected {
                return Found::Missing(expected);
            }
            match timestamp {
                Some(timestamp) if timestamp != packet.timestamp => return Found::Whole(number),
                _ => timestamp = Some(packet.timestamp),
            }
            expected = number + 1;
            let is_padding = number == next && packet.payload.is_empty();
            if packet.marker || self.kind == MediaKind::Audio || is_padding {
                return Found::Whole(expected);
            }
        }
        Found::Nothing
    }

    /// Takes the packets of a frame and makes it. None where it is not one, or cannot be decoded without others that are lost.
    fn take(&mut self, next: u64, end: u64) -> Option<AssembledFrame> {
        let rest = self.packets.split_off(&end);
        let packets = std::mem::replace(&mut self.packets, rest);
        self.next = Some(end);
        let (_, (first, inspection)) = packets.range(next..).next()?;
        if packets.values().all(|(packet, _)| packet.payload.is_empty()) {
            return None;
        }
        let payloads = packets.values().map(|(packet, _)| packet.payload.as_slice());
        let is_one_codec = packets.values().all(|(packet, _)| packet.codec == first.codec);
        let begins = inspection.is_some_and(|inspection| inspection.begins != Begins::No);
        let frame = first.codec.reassemble(payloads);
        let Some(frame) = frame.ok().filter(|_| is_one_codec && begins) else {
            self.drop_frame();
            return None;
        };
        if self.needs_key && !frame.key {
            self.dropped_frames += 1;
            return None;
        }
        self.needs_key = false;
        let arrivals = || packets.values().map(|(packet, _)| packet.arrived);
        let mut contributing: Contributing = packets
            .values()
            .flat_map(|(packet, _)| packet.contributing.iter().copied())
            .collect();
        contributing.dedup();
        Some(AssembledFrame {
            codec: first.codec,
            timestamp: first.timestamp,
            first_arrived: arrivals().min().unwrap_or(first.arrived),
            last_arrived: arrivals().max().unwrap_or(first.arrived),
            packets: packets.len(),
            audio_level: first.audio_level,
            contributing,
            frame,
        })
    }

    /// A frame is lost, and those that were predicted from it with it.
    fn drop_frame(&mut self) {
        self.dropped_frames += 1;
        self.needs_key |= self.kind == MediaKind::Video;
    }

    /// Waits no longer for a number.
    fn give_up(&mut self, number: u64) {
        self.blocked = None;
        match self.kind {
            MediaKind::Audio => {
                let there = self.packets.range(number..).next().map(|(there, _)| *there);
                let there = there.unwrap_or(number + 1);
                self.skipped_packets += there.saturating_sub(self.next.unwrap_or(there).max(number));
                self.drop_before(there);
                self.next = Some(there);
            }
            MediaKind::Video => {
                self.needs_key = true;
                let start = self.first_key_frame(number + 1);
                // The frame of the missing packet counts, also where nothing of it came.
                self.dropped_frames += 1;
                self.drop_before(start.unwrap_or(u64::MAX));
                self.next = start;
            }
        }
    }

    /// Forgets the packets before a number, and counts their frames.
    fn drop_before(&mut self, number: u64) {
        let rest = self.packets.split_off(&number);
        let dropped = std::mem::replace(&mut self.packets, rest);
        let mut last = None;
        for (packet, _) in dropped.values().filter(|(packet, _)| !packet.payload.is_empty()) {
            if last != Some(packet.timestamp) {
                self.dropped_frames += 1;
                last = Some(packet.timestamp);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rtp::codec::Bitstream;
    use crate::rtp::event::FrameStamp;

    const NOW: SimTime = SimTime::from_millis(1000);

    fn packet(codec: Codec, timestamp: u32, marker: bool, payload: &[u8]) -> WaitingPacket {
        WaitingPacket {
            codec,
            timestamp,
            marker,
            payload: payload.to_vec(),
            arrived: NOW,
            audio_level: None,
            contributing: Vec::new(),
        }
    }

    /// The packets of a frame that has its number for a timestamp.
    fn frame(codec: Codec, number: u32, key: bool) -> Vec<WaitingPacket> {
        let stamp = FrameStamp {
            number,
            key,
            rid: String::new(),
            width: 16,
            height: 16,
        };
        let mut bitstream = Bitstream::default();
        codec.build(&stamp, 600, &mut bitstream);
        let mut packets = Vec::new();
        codec.packetise(&bitstream, key, number as u16, 250, &mut |payload, last| {
            packets.push(packet(codec, number, last, payload));
        });
        packets
    }

    /// Frames 0 to 5, of which the first and the fourth are key frames, with the number of each packet.
    fn stream(codec: Codec) -> Vec<(u64, WaitingPacket)> {
        let packets = (0..6).flat_map(|number| frame(codec, number, number == 0 || number == 4));
        (100..).zip(packets).collect()
    }

    fn frames(assembler: &mut Assembler, now: SimTime) -> Vec<u32> {
        std::iter::from_fn(|| assembler.next_frame(now))
            .map(|frame| frame.timestamp)
            .collect()
    }

    #[test]
    fn packets_in_any_order_give_frames_in_order() {
        let mut rng = fastrand::Rng::with_seed(3);
        for codec in [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1] {
            let mut packets = stream(codec);
            // What comes before a key frame is no beginning, so the first packet stays the first.
            rng.shuffle(&mut packets[1..]);
            let mut assembler = Assembler::new(MediaKind::Video);
            assembler.set_patience(Duration::from_secs(1));
            let mut given = Vec::new();
            for (number, packet) in packets {
                assert_eq!(assembler.insert(number, packet.clone()), Inserted::Waiting);
                given.extend(frames(&mut assembler, NOW));
                let again = assembler.insert(number, packet);
                assert!(matches!(again, Inserted::Duplicate | Inserted::Late));
            }
            assert_eq!(given, [0, 1, 2, 3, 4, 5], "{codec:?}");
            assert_eq!((assembler.take_dropped_frames(), assembler.deadline()), (0, None));
        }
    }

    #[test]
    fn after_a_loss_it_goes_on_with_a_key_frame_once_patience_ends() {
        for codec in [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1] {
            let mut assembler = Assembler::new(MediaKind::Video);
            assembler.set_patience(Duration::from_millis(200));
            let packets = stream(codec);
            let lost = packets
                .iter()
                .position(|(_, packet)| packet.timestamp == 2)
                .unwrap();
            for (at, (number, packet)) in packets.into_iter().enumerate() {
                if at != lost {
                    assembler.insert(number, packet);
                }
            }
            assert_eq!(frames(&mut assembler, NOW), [0, 1], "{codec:?}");
            assert_eq!(assembler.deadline(), Some(NOW + Duration::from_millis(200)));
            let later = NOW + Duration::from_millis(200);
            assert_eq!(frames(&mut assembler, later), [4, 5], "{codec:?}");
            assert!(!assembler.needs_key() && assembler.take_dropped_frames() >= 2);
        }
    }

    #[test]
    fn a_frame_ends_where_the_timestamp_changes_also_without_a_marker() {
        let mut assembler = Assembler::new(MediaKind::Video);
        for (number, mut packet) in stream(Codec::Vp8) {
            packet.marker = false;
            assembler.insert(number, packet);
        }
        // The last one may go on.
        assert_eq!(frames(&mut assembler, NOW), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn padding_takes_a_number_and_nothing_else() {
        let mut assembler = Assembler::new(MediaKind::Video);
        let mut number = 7;
        for packets in [frame(Codec::H264, 0, true), frame(Codec::H264, 1, false)] {
            for packet in packets {
                assembler.insert(number, packet);
                number += 1;
            }
            assembler.insert(number, packet(Codec::H264, 0, false, &[]));
            number += 1;
        }
        assert_eq!(frames(&mut assembler, NOW), [0, 1]);
        assert_eq!(assembler.take_dropped_frames(), 0);
    }

    #[test]
    fn frames_without_a_key_frame_do_not_pile_up() {
        let mut assembler = Assembler::new(MediaKind::Video);
        for number in 0..5000u32 {
            let packets = frame(Codec::Vp8, number, false);
            for (at, packet) in packets.into_iter().enumerate() {
                assembler.insert(u64::from(number) * 3 + at as u64, packet);
                assert!(frames(&mut assembler, NOW).is_empty());
            }
        }
        assert!(
            assembler.packets.len() <= OVERTAKING + 1,
            "{}",
            assembler.packets.len()
        );
        assert!(assembler.needs_key() && assembler.take_dropped_frames() > 4800);
    }
}
