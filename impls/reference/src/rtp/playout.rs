//! What is known of the frames that were given to the track (webrtc-stats#inboundrtpstats-dict*).

use std::collections::VecDeque;
use std::time::Duration;

use glare_peer::SimTime;

use super::assembler::AssembledFrame;
use super::configuration::MediaKind;
use super::statistics::{InboundStatistics, RecentFrames, linear_audio_level};

/// webrtc-stats, pauseCount: a longer time between two frames is a pause.
const PAUSE: Duration = Duration::from_secs(5);

/// webrtc-stats, freezeCount: of how many frames the average duration is taken.
const AVERAGED: usize = 30;

/// Counts frames as they are given to the track. There is no decoder and no display that would take time, so a frame is received,
/// decoded and rendered at once.
#[derive(Debug, Default)]
pub(super) struct Playout {
    received: u64,
    decoded: u64,
    keys: u64,
    dropped: u64,
    size: Option<(u16, u16)>,
    recent: RecentFrames,
    last_rendered: Option<SimTime>,
    durations: VecDeque<Duration>,
    inter_frame_delay: Duration,
    squared_inter_frame_delay: f64,
    freezes: u64,
    freeze_duration: Duration,
    pauses: u64,
    pause_duration: Duration,
    processing_delay: Duration,
    buffer_delay: f64,
    emitted: u64,
    assembled: u64,
    assembly_time: Duration,
    samples: u64,
    concealed: u64,
    concealments: u64,
    level: Option<f64>,
    energy: f64,
    samples_duration: f64,
    /// The samples of the last frame of audio: what is missing is taken to be as long.
    last_samples: u64,
}

impl Playout {
    /// The size of the last frame that said it.
    pub fn size(&self) -> Option<(u16, u16)> {
        self.size
    }

    /// Frames were given up.
    pub fn dropped(&mut self, frames: u64) {
        self.dropped += frames;
    }

    /// Packets of audio are missing.
    pub fn concealed(&mut self, packets: u64, clock_rate: u32) {
        if packets > 0 {
            let samples = packets.saturating_mul(self.last_samples);
            self.concealed += samples;
            self.samples += samples;
            self.samples_duration += samples as f64 / f64::from(clock_rate);
            self.concealments += 1;
        }
    }

    /// A frame came whole; `intact` says whether it can be decoded.
    pub fn frame(
        &mut self,
        now: SimTime,
        kind: MediaKind,
        frame: &AssembledFrame,
        clock_rate: u32,
        intact: bool,
    ) {
        self.received += 1;
        if !intact {
            self.dropped += 1;
            return;
        }
        self.decoded += 1;
        self.processing_delay += now - frame.first_arrived;
        let waited = (now - frame.first_arrived).as_secs_f64();
        match kind {
            MediaKind::Audio => self.audio(frame, clock_rate, waited),
            MediaKind::Video => {
                self.keys += u64::from(frame.frame.key);
                self.size = frame.frame.size.or(self.size);
                self.emitted += 1;
                self.buffer_delay += waited;
                if frame.packets > 1 {
                    self.assembled += 1;
                    self.assembly_time += frame.last_arrived - frame.first_arrived;
                }
                self.rendered(now);
            }
        }
    }

    fn audio(&mut self, frame: &AssembledFrame, clock_rate: u32, waited: f64) {
        let samples = frame.codec.audio_samples(frame.frame.bitstream.bytes());
        self.last_samples = samples;
        self.samples += samples;
        self.emitted += samples;
        self.buffer_delay += waited * samples as f64;
        let duration = samples as f64 / f64::from(clock_rate);
        self.samples_duration += duration;
        self.level = frame.audio_level.map(linear_audio_level).or(self.level);
        if let Some(level) = frame.audio_level.map(linear_audio_level) {
            self.energy += level * level * duration;
        }
    }

    fn rendered(&mut self, now: SimTime) {
        self.recent.push(now);
        let Some(last) = self.last_rendered.replace(now) else {
            return;
        };
        let duration = now - last;
        self.inter_frame_delay += duration;
        self.squared_inter_frame_delay += duration.as_secs_f64() * duration.as_secs_f64();
        if duration > PAUSE {
            self.pauses += 1;
            self.pause_duration += duration;
        }
        if !self.durations.is_empty() {
            let average = self.durations.iter().sum::<Duration>() / self.durations.len() as u32;
            if duration >= (average * 3).max(average + Duration::from_millis(150)) {
                self.freezes += 1;
                self.freeze_duration += duration;
            }
        }
        self.durations.push_back(duration);
        if self.durations.len() > AVERAGED {
            self.durations.pop_front();
        }
    }

    /// Fills in what is counted here.
    pub fn fill(&self, now: SimTime, kind: MediaKind, statistics: &mut InboundStatistics) {
        let is_video = kind == MediaKind::Video;
        statistics.total_processing_delay = self.processing_delay;
        statistics.jitter_buffer_delay = self.buffer_delay;
        statistics.jitter_buffer_emitted_count = self.emitted;
        if is_video {
            statistics.frames_received = self.received;
            statistics.frames_decoded = self.decoded;
            statistics.key_frames_decoded = self.keys;
            statistics.frames_dropped = self.dropped;
            statistics.frame_width = self.size.map(|(width, _)| width);
            statistics.frame_height = self.size.map(|(_, height)| height);
            statistics.frames_per_second = Some(self.recent.per_second(now));
            statistics.total_inter_frame_delay = self.inter_frame_delay;
            statistics.total_squared_inter_frame_delay = self.squared_inter_frame_delay;
            statistics.freeze_count = self.freezes;
            statistics.total_freezes_duration = self.freeze_duration;
            statistics.pause_count = self.pauses;
            statistics.total_pauses_duration = self.pause_duration;
            statistics.frames_assembled_from_multiple_packets = self.assembled;
            statistics.total_assembly_time = self.assembly_time;
        } else {
            statistics.total_samples_received = self.samples;
            statistics.concealed_samples = self.concealed;
            statistics.concealment_events = self.concealments;
            statistics.audio_level = self.level;
            statistics.total_audio_energy = self.energy;
            statistics.total_samples_duration = self.samples_duration;
        }
    }
}
