//! The source of a section and the encoders of its encodings: when a frame is made, how large it is, and what is in it.

use std::time::Duration;

use glare_peer::SimTime;

use super::codec::Bitstream;
use super::configuration::{Codec, MediaSource, SendEncoding};
use super::event::FrameStamp;
use super::statistics::{SourceStatistics, linear_audio_level};

/// A frame of audio (RFC 7874 section 3 asks for support of 20 ms; all codecs here have it).
pub(super) const AUDIO_FRAME: Duration = Duration::from_millis(20);

/// A key frame is made at the latest so long after the one before.
const KEY_FRAME_INTERVAL: Duration = Duration::from_secs(10);

/// Requests of the remote are not answered with key frames more often than that.
const REQUEST_INTERVAL: Duration = Duration::from_millis(100);

/// How much larger than the others a key frame is.
const KEY_FRAME_FACTOR: f64 = 5.0;

/// Bits for each pixel of video where nothing limits the rate, about what encoders spend on a talking head.
const BITS_PER_PIXEL: f64 = 0.05;

/// Bits a second of Opus where nothing limits the rate: what libwebrtc takes for speech.
const OPUS_BITRATE: f64 = 32_000.0;

/// Bits a second of G.711.
const G711_BITRATE: f64 = 64_000.0;

/// Frames a second of a track that is disabled or muted: black ones (mediacapture-streams#track-muted).
const BLACK_FRAMERATE: f64 = 1.0;

/// The bytes of a frame in which there is nothing to see.
const BLACK_FRAME: usize = 60;

/// The source of a section, since when it has been attached.
#[derive(Debug, Clone, Copy)]
pub(super) struct AttachedSource {
    pub source: MediaSource,
    since: SimTime,
    /// What it had given before it was last enabled or disabled.
    given: Given,
}

#[derive(Debug, Clone, Copy, Default)]
struct Given {
    frames: u64,
    audio_energy: f64,
    /// Seconds.
    samples_duration: f64,
}

impl AttachedSource {
    pub fn new(now: SimTime, source: MediaSource) -> AttachedSource {
        AttachedSource {
            source,
            since: now,
            given: Given::default(),
        }
    }

    /// The source that takes its place: the same, and it goes on counting, where it is only enabled or disabled.
    pub fn replaced(&self, now: SimTime, source: MediaSource) -> AttachedSource {
        let mut replaced = AttachedSource::new(now, source);
        if self.source.enabled(true) == source.enabled(true) {
            let statistics = self.statistics(now);
            replaced.given = Given {
                frames: statistics.frames,
                audio_energy: statistics.total_audio_energy,
                samples_duration: statistics.total_samples_duration,
            };
        }
        replaced
    }

    /// webrtc-stats#mediasourcestats-dict*: of what the source gave since it has been attached.
    pub fn statistics(&self, now: SimTime) -> SourceStatistics {
        let elapsed = now - self.since;
        match self.source {
            MediaSource::Audio { level, enabled } => {
                let audio_level = if enabled { linear_audio_level(level) } else { 0.0 };
                let samples =
                    (elapsed.as_nanos() / AUDIO_FRAME.as_nanos()) as f64 * AUDIO_FRAME.as_secs_f64();
                SourceStatistics {
                    frames: 0,
                    width: 0,
                    height: 0,
                    frames_per_second: 0.0,
                    audio_level,
                    total_audio_energy: self.given.audio_energy + audio_level * audio_level * samples,
                    total_samples_duration: self.given.samples_duration + samples,
                }
            }
            MediaSource::Video {
                width,
                height,
                framerate,
                enabled,
            } => {
                let framerate = if enabled { framerate } else { BLACK_FRAMERATE };
                let given = |at: Duration| (at.as_secs_f64() * framerate) as u64;
                let before = elapsed.saturating_sub(Duration::from_secs(1));
                SourceStatistics {
                    frames: self.given.frames + given(elapsed),
                    width,
                    height,
                    frames_per_second: (given(elapsed) - given(before)) as f64,
                    audio_level: 0.0,
                    total_audio_energy: 0.0,
                    total_samples_duration: 0.0,
                }
            }
        }
    }
}

/// Makes the frames of one encoding.
#[derive(Debug)]
pub(super) struct Encoder {
    rng: fastrand::Rng,
    codec: Codec,
    /// When the next frame is due; none where none is to be made.
    next: Option<SimTime>,
    interval: Duration,
    width: u16,
    height: u16,
    /// Bits a second.
    bitrate: f64,
    /// The level of an audio source, and whether anything is to be heard or seen.
    level: u8,
    enabled: bool,
    rid: String,
    number: u32,
    last_key: Option<SimTime>,
    key_wanted: bool,
    /// Whether the remote has asked for a key frame.
    key_requested: bool,
    /// By how many bytes the frames so far were larger than the bit rate has room for.
    debt: f64,
}

/// What the encoder says of a frame it made.
#[derive(Debug, Clone, Copy)]
pub(super) struct EncodedFrame {
    /// When it was captured.
    pub captured: SimTime,
    pub key: bool,
    pub width: u16,
    pub height: u16,
    /// The bytes that the bit rate has room for.
    pub target: usize,
    /// RFC 6464: in −dBov. Audio only.
    pub level: Option<u8>,
}

impl Encoder {
    pub fn new(rng: fastrand::Rng, codec: Codec) -> Encoder {
        Encoder {
            rng,
            codec,
            next: None,
            interval: AUDIO_FRAME,
            width: 0,
            height: 0,
            bitrate: 0.0,
            level: 127,
            enabled: false,
            rid: String::new(),
            number: 0,
            last_key: None,
            key_wanted: false,
            key_requested: false,
            debt: 0.0,
        }
    }

    /// Takes what the section and the encoding want. Frames are made while both want them; `sending` says whether there is a way
    /// out.
    pub fn configure(
        &mut self,
        now: SimTime,
        codec: Codec,
        source: Option<MediaSource>,
        encoding: &SendEncoding,
        sending: bool,
    ) {
        if codec != self.codec {
            self.codec = codec;
            self.key_wanted = true;
        }
        self.rid = encoding.rid.clone().unwrap_or_default();
        let before = (self.width, self.height, self.interval);
        let running = match source {
            Some(MediaSource::Audio { level, enabled }) => {
                (self.level, self.enabled) = (level.min(127), enabled);
                self.interval = AUDIO_FRAME;
                true
            }
            Some(MediaSource::Video {
                width,
                height,
                framerate,
                enabled,
            }) => {
                self.enabled = enabled;
                self.configure_video(width, height, framerate, encoding)
            }
            None => false,
        };
        self.bitrate = self.target(encoding.max_bitrate);
        if before != (self.width, self.height, self.interval) {
            self.key_wanted |= (before.0, before.1) != (self.width, self.height);
            // What a new cadence is to be is counted from now.
            if let Some(next) = &mut self.next {
                *next = (*next).min(now + self.interval);
            }
        }
        self.next = match self.next {
            _ if !running || !encoding.active || !sending => None,
            // An encoding that begins or goes on needs a key frame.
            None => {
                self.key_wanted = true;
                Some(now)
            }
            next => next,
        };
    }

    /// Says whether any frame is to be made.
    fn configure_video(&mut self, width: u16, height: u16, framerate: f64, encoding: &SendEncoding) -> bool {
        let scale = encoding.scale_resolution_down_by.max(1.0);
        let scaled = |pixels: u16| {
            let pixels = (f64::from(pixels) / scale) as u16;
            // Pictures of H.264 with 4:2:0 are cropped by whole pairs of pixels.
            let pairs = if self.codec == Codec::H264 { 2 } else { 1 };
            (pixels / pairs * pairs).max(pairs)
        };
        (self.width, self.height) = (scaled(width), scaled(height));
        let framerate = if self.enabled { framerate } else { BLACK_FRAMERATE };
        let framerate = encoding
            .max_framerate
            .map_or(framerate, |most| most.min(framerate));
        // Faster than a frame a millisecond is no camera, slower than one an hour is none either.
        if framerate.is_nan() || framerate < 1.0 / 3600.0 {
            return false;
        }
        self.interval = Duration::from_secs_f64(1.0 / framerate.min(1000.0));
        true
    }

    /// The bit rate, in bits a second.
    fn target(&self, max_bitrate: Option<u32>) -> f64 {
        let unlimited = match self.codec {
            // It has but this one.
            Codec::Pcmu | Codec::Pcma => return G711_BITRATE,
            Codec::Opus => OPUS_BITRATE,
            Codec::Vp8 | Codec::Vp9 | Codec::H264 | Codec::Av1 => {
                let pixels = f64::from(self.width) * f64::from(self.height);
                (pixels * BITS_PER_PIXEL / self.interval.as_secs_f64()).max(30_000.0)
            }
        };
        max_bitrate.map_or(unlimited, |most| unlimited.min(most.into()))
    }

    /// When the next frame is due.
    pub fn deadline(&self) -> Option<SimTime> {
        self.next
    }

    /// Bits a second.
    pub fn bitrate(&self) -> f64 {
        self.bitrate
    }

    /// Frames a second.
    pub fn framerate(&self) -> f64 {
        1.0 / self.interval.as_secs_f64()
    }

    /// Makes a key frame soon, because the remote has asked for one: the next frame is, unless there was one a moment ago.
    pub fn request_key_frame(&mut self) {
        self.key_requested = true;
    }

    /// Makes no frames until the encoder is configured again.
    pub fn pause(&mut self) {
        self.next = None;
    }

    /// Makes no frame of what is due, and gives the time of it: a tone takes its place.
    pub fn pass_over(&mut self, now: SimTime) -> Option<SimTime> {
        let due = self.next.filter(|due| *due <= now)?;
        let next = due + self.interval;
        if next > now {
            self.next = Some(next);
            return Some(due);
        }
        self.next = Some(now + self.interval);
        Some(now)
    }

    /// Makes a frame, if one is due. Frames that were due long ago are left out, as a camera would.
    pub fn encode(&mut self, now: SimTime, into: &mut Bitstream) -> Option<EncodedFrame> {
        let captured = self.pass_over(now)?;
        let is_audio = matches!(self.codec, Codec::Opus | Codec::Pcmu | Codec::Pcma);
        let since_key = self.last_key.map_or(Duration::MAX, |last| now - last);
        let key = is_audio
            || self.key_wanted
            || (self.key_requested && since_key >= REQUEST_INTERVAL)
            || since_key >= KEY_FRAME_INTERVAL;
        let room = self.bitrate / 8.0 * self.interval.as_secs_f64();
        let size = if is_audio {
            room
        } else if !self.enabled {
            BLACK_FRAME as f64
        } else if key {
            room * KEY_FRAME_FACTOR
        } else {
            // What was spent too much is saved little by little, and no two frames are alike.
            let alike = 0.8 + 0.4 * self.rng.f64();
            (room * alike - (self.debt * 0.05).clamp(-room, room * 0.6)).max(0.0)
        };
        if key {
            self.key_wanted = false;
            self.key_requested = false;
            self.last_key = Some(now);
        }
        let stamp = FrameStamp {
            number: self.number,
            key,
            rid: self.rid.clone(),
            width: self.width,
            height: self.height,
        };
        self.number = self.number.wrapping_add(1);
        self.codec.build(&stamp, size as usize, into);
        self.debt = (self.debt + into.bytes().len() as f64 - room).clamp(-10.0 * room, 10.0 * room);
        Some(EncodedFrame {
            captured,
            key,
            width: self.width,
            height: self.height,
            target: room as usize,
            level: is_audio.then_some(if self.enabled { self.level } else { 127 }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CAMERA: MediaSource = MediaSource::Video {
        width: 1280,
        height: 720,
        framerate: 30.0,
        enabled: true,
    };

    fn encoding() -> SendEncoding {
        SendEncoding {
            ssrc: 1,
            rtx_ssrc: None,
            rid: None,
            active: true,
            max_bitrate: None,
            max_framerate: None,
            scale_resolution_down_by: 1.0,
        }
    }

    /// The frames of a minute, with the time of each and its bytes.
    fn minute(
        codec: Codec,
        source: MediaSource,
        encoding: &SendEncoding,
    ) -> Vec<(SimTime, EncodedFrame, usize)> {
        let mut encoder = Encoder::new(fastrand::Rng::with_seed(1), codec);
        encoder.configure(SimTime::ZERO, codec, Some(source), encoding, true);
        let mut frames = Vec::new();
        let mut bitstream = Bitstream::default();
        while let Some(now) = encoder
            .deadline()
            .filter(|now| *now < SimTime::from_millis(60_000))
        {
            let frame = encoder.encode(now, &mut bitstream).unwrap();
            frames.push((now, frame, bitstream.bytes().len()));
        }
        frames
    }

    #[test]
    fn video_keeps_to_its_cadence_and_bit_rate_and_gives_key_frames() {
        let limited = SendEncoding {
            max_bitrate: Some(500_000),
            ..encoding()
        };
        let frames = minute(Codec::Vp8, CAMERA, &limited);
        assert!((1799..=1801).contains(&frames.len()), "{}", frames.len());
        let keys: Vec<_> = frames
            .iter()
            .filter(|(_, frame, _)| frame.key)
            .map(|(now, ..)| *now)
            .collect();
        assert_eq!(keys.len(), 6);
        assert!(
            keys.windows(2)
                .all(|two| two[1] - two[0] < Duration::from_millis(10_034))
        );
        let bits = frames.iter().map(|(.., size)| size * 8).sum::<usize>() as f64 / 60.0;
        assert!((475_000.0..525_000.0).contains(&bits), "{bits}");
        assert!(frames[0].2 > 4 * frames[1].2);
    }

    #[test]
    fn a_scaled_and_slowed_encoding_is_smaller_and_slower() {
        let scaled = SendEncoding {
            max_framerate: Some(7.5),
            scale_resolution_down_by: 4.0,
            ..encoding()
        };
        let frames = minute(Codec::H264, CAMERA, &scaled);
        assert!((450..=451).contains(&frames.len()), "{}", frames.len());
        assert_eq!((frames[0].1.width, frames[0].1.height), (320, 180));
        let stopped = SendEncoding {
            max_framerate: Some(0.0),
            ..encoding()
        };
        assert!(minute(Codec::Av1, CAMERA, &stopped).is_empty());
    }

    #[test]
    fn audio_has_a_frame_every_20_ms_and_silence_when_disabled() {
        let loud = |enabled| MediaSource::Audio { level: 20, enabled };
        let frames = minute(Codec::Opus, loud(true), &encoding());
        assert_eq!(frames.len(), 3000);
        assert!(
            frames
                .iter()
                .all(|(_, frame, size)| frame.key && *size == 80 && frame.level == Some(20))
        );
        let silent = minute(Codec::Pcmu, loud(false), &encoding());
        assert!(
            silent
                .iter()
                .all(|(_, frame, size)| *size == 160 && frame.level == Some(127))
        );
    }

    #[test]
    fn a_disabled_camera_gives_a_black_frame_a_second() {
        let MediaSource::Video {
            width,
            height,
            framerate,
            ..
        } = CAMERA
        else {
            panic!("a camera");
        };
        let black = MediaSource::Video {
            width,
            height,
            framerate,
            enabled: false,
        };
        let frames = minute(Codec::Vp9, black, &encoding());
        assert_eq!(frames.len(), 60);
        assert!(frames.iter().all(|(.., size)| *size < 100));
    }

    #[test]
    fn a_source_that_is_disabled_and_enabled_goes_on_counting() {
        let at = SimTime::from_millis;
        let mut source = AttachedSource::new(at(0), CAMERA);
        for (milliseconds, enabled) in [(2000, false), (5000, true)] {
            source = source.replaced(at(milliseconds), CAMERA.enabled(enabled));
        }
        assert_eq!(source.statistics(at(6000)).frames, 60 + 3 + 30);
        let other = MediaSource::Video {
            width: 2,
            height: 2,
            framerate: 10.0,
            enabled: true,
        };
        assert_eq!(source.replaced(at(6000), other).statistics(at(7000)).frames, 10);
    }

    #[test]
    fn a_key_frame_comes_when_it_is_asked_for_and_when_an_encoding_goes_on() {
        let mut encoder = Encoder::new(fastrand::Rng::with_seed(1), Codec::Vp8);
        let mut bitstream = Bitstream::default();
        let mut frame = |encoder: &mut Encoder| {
            let now = encoder.deadline().unwrap();
            encoder.encode(now, &mut bitstream).unwrap().key
        };
        encoder.configure(SimTime::ZERO, Codec::Vp8, Some(CAMERA), &encoding(), true);
        assert!(frame(&mut encoder) && !frame(&mut encoder));
        encoder.request_key_frame();
        // Frames come every 33 ms, and no two key frames in 100 ms.
        let between = (0..9).take_while(|_| !frame(&mut encoder)).count();
        assert_eq!(between, 2);
        assert!(!frame(&mut encoder));
        let paused = SendEncoding {
            active: false,
            ..encoding()
        };
        encoder.configure(SimTime::from_millis(500), Codec::Vp8, Some(CAMERA), &paused, true);
        assert_eq!(encoder.deadline(), None);
        encoder.configure(
            SimTime::from_millis(900),
            Codec::Vp8,
            Some(CAMERA),
            &encoding(),
            true,
        );
        assert_eq!(encoder.deadline(), Some(SimTime::from_millis(900)));
        assert!(frame(&mut encoder) && !frame(&mut encoder));
    }
}
