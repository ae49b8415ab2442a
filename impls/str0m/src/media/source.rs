//! What is sent: encoded frames without a picture or a sound in them. str0m splits frames into packets and never looks at
//! more than their headers, so these are right and the rest is noise of a seed.

use std::sync::Arc;
use std::time::Duration;

use glare_peer::{MediaKind, SimTime};
use str0m::format::Codec;
use str0m::media::{Frequency, MediaTime};

/// The time between two frames of video: some 30 a second.
const VIDEO_FRAME: Duration = Duration::from_micros(33_333);
/// The time between two frames of audio (RFC 7587 section 4.2: 20 ms is what everybody sends).
const AUDIO_FRAME: Duration = Duration::from_millis(20);
/// Every this many frames of video are begun with a key frame: ten seconds.
const KEY_FRAME_INTERVAL: u64 = 300;

/// The frames of one sender.
#[derive(Debug)]
pub(crate) struct Source {
    kind: MediaKind,
    /// How many frames were made.
    number: u64,
    /// When the next is due.
    next: SimTime,
    key_frame_wanted: bool,
    noise: fastrand::Rng,
}

impl Source {
    /// A source whose first frame is due now.
    pub(crate) fn new(kind: MediaKind, now: SimTime, noise: fastrand::Rng) -> Source {
        Source {
            kind,
            number: 0,
            next: now,
            key_frame_wanted: true,
            noise,
        }
    }

    /// When the next frame is due.
    pub(crate) fn next(&self) -> SimTime {
        self.next
    }

    /// Makes the next frame of video a key frame.
    pub(crate) fn want_key_frame(&mut self) {
        self.key_frame_wanted = true;
    }

    /// The codec that the frames are of.
    pub(crate) fn codec(&self) -> Codec {
        match self.kind {
            MediaKind::Audio => Codec::Opus,
            MediaKind::Video => Codec::Vp8,
        }
    }

    /// The frame that is due and its time, for a picture of this width; the next is due a frame later.
    pub(crate) fn frame(&mut self, width: u16) -> (MediaTime, Arc<[u8]>) {
        let (time, frame) = match self.kind {
            MediaKind::Audio => (
                MediaTime::new(self.number * 960, Frequency::FORTY_EIGHT_KHZ),
                self.opus(),
            ),
            MediaKind::Video => (
                MediaTime::new(self.number * 3000, Frequency::NINETY_KHZ),
                self.vp8(width),
            ),
        };
        self.number += 1;
        self.next += match self.kind {
            MediaKind::Audio => AUDIO_FRAME,
            MediaKind::Video => VIDEO_FRAME,
        };
        (time, frame)
    }

    /// RFC 6716 section 3.1: one frame of 20 ms, CELT, full band, mono.
    fn opus(&mut self) -> Arc<[u8]> {
        let mut frame = vec![31 << 3];
        frame.extend((0..79).map(|_| self.noise.u8(..)));
        frame.into()
    }

    /// RFC 6386 section 9.1: the frame tag, and of a key frame the start code and the size of the picture.
    fn vp8(&mut self, width: u16) -> Arc<[u8]> {
        let is_key =
            std::mem::take(&mut self.key_frame_wanted) || self.number.is_multiple_of(KEY_FRAME_INTERVAL);
        let length: usize = if is_key { 6000 } else { 1500 };
        // Bit 0: no key frame; bit 4: shown; from bit 5: the size of the first partition.
        let tag = u32::from(!is_key) | 1 << 4 | 500 << 5;
        let mut frame = tag.to_le_bytes()[..3].to_vec();
        if is_key {
            frame.extend([0x9d, 0x01, 0x2a]);
            frame.extend(width.to_le_bytes());
            frame.extend((width / 16 * 9).to_le_bytes());
        }
        while frame.len() < length {
            frame.push(self.noise.u8(..));
        }
        frame.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn video_begins_with_a_key_frame_and_gives_others_on_demand() {
        let mut source = Source::new(MediaKind::Video, SimTime::ZERO, fastrand::Rng::with_seed(1));
        let is_key = |(_, frame): (MediaTime, Arc<[u8]>)| frame[0] & 1 == 0;
        assert!(is_key(source.frame(640)));
        assert!(!is_key(source.frame(640)));
        source.want_key_frame();
        assert!(is_key(source.frame(640)));
        assert_eq!(source.next(), SimTime::ZERO + 3 * VIDEO_FRAME);
    }
}
