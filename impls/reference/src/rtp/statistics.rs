//! What `webrtc-stats` wants to know of the streams. Members of which nothing true can be said are absent.

use std::collections::VecDeque;
use std::time::Duration;

use glare_peer::SimTime;

use super::configuration::MediaKind;

/// `RTCInboundRtpStreamStats` (webrtc-stats#inboundrtpstats-dict*), in its words. The `u64` are totals since the stream
/// began. Members that must not exist for one of the kinds are 0 or none there.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct InboundStatistics {
    pub mid: String,
    pub ssrc: u32,
    /// Which of a simulcast's it is; not part of the dictionary.
    pub rid: Option<String>,
    /// The payload type of the last packet, from which `codecId` follows.
    pub payload_type: u8,
    pub packets_received: u64,
    pub packets_lost: i64,
    /// Seconds.
    pub jitter: f64,
    pub bytes_received: u64,
    pub header_bytes_received: u64,
    pub packets_discarded: u64,
    pub last_packet_received: Option<SimTime>,
    pub nack_count: u64,
    pub pli_count: u64,
    pub fir_count: u64,
    /// None where RTX is not negotiated, and likewise the two below.
    pub retransmitted_packets_received: Option<u64>,
    pub retransmitted_bytes_received: Option<u64>,
    pub rtx_ssrc: Option<u32>,
    pub frames_received: u64,
    pub frames_decoded: u64,
    pub key_frames_decoded: u64,
    pub frames_dropped: u64,
    /// Video: none before the first frame is decoded.
    pub frame_width: Option<u16>,
    pub frame_height: Option<u16>,
    pub frames_per_second: Option<f64>,
    pub total_inter_frame_delay: Duration,
    /// Seconds squared.
    pub total_squared_inter_frame_delay: f64,
    pub freeze_count: u64,
    pub total_freezes_duration: Duration,
    pub pause_count: u64,
    pub total_pauses_duration: Duration,
    pub total_processing_delay: Duration,
    /// Seconds, each sample of audio counted.
    pub jitter_buffer_delay: f64,
    /// Frames of video, samples of audio.
    pub jitter_buffer_emitted_count: u64,
    pub frames_assembled_from_multiple_packets: u64,
    pub total_assembly_time: Duration,
    /// Audio.
    pub total_samples_received: u64,
    pub concealed_samples: u64,
    pub concealment_events: u64,
    /// Audio: 0.0 to 1.0, if the packets say.
    pub audio_level: Option<f64>,
    pub total_audio_energy: f64,
    /// Seconds.
    pub total_samples_duration: f64,
    /// What the remote reports of the same stream, once it has.
    pub remote: Option<RemoteOutboundStatistics>,
}

/// `RTCRemoteOutboundRtpStreamStats` (webrtc-stats#remoteoutboundrtpstats-dict*): from the sender reports of the remote.
/// There are no round trip times, because `DLRR` (RFC 3611) is not negotiated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RemoteOutboundStatistics {
    /// When the last report came: the dictionary's `timestamp`.
    pub timestamp: SimTime,
    /// The NTP timestamp of the last report: seconds since 1900 in 32.32 fixed point.
    pub remote_timestamp: u64,
    pub packets_sent: u64,
    pub bytes_sent: u64,
    pub reports_sent: u64,
}

/// `RTCOutboundRtpStreamStats` (webrtc-stats#outboundrtpstats-dict*), in its words.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct OutboundStatistics {
    pub mid: String,
    pub kind: MediaKind,
    pub ssrc: u32,
    pub rtx_ssrc: Option<u32>,
    pub rid: Option<String>,
    pub encoding_index: usize,
    /// The payload type that is sent, from which `codecId` follows.
    pub payload_type: u8,
    pub active: bool,
    pub packets_sent: u64,
    pub bytes_sent: u64,
    pub header_bytes_sent: u64,
    pub retransmitted_packets_sent: u64,
    pub retransmitted_bytes_sent: u64,
    /// Bits a second.
    pub target_bitrate: f64,
    pub total_encoded_bytes_target: u64,
    /// Video: none before the first frame is encoded.
    pub frame_width: Option<u16>,
    pub frame_height: Option<u16>,
    pub frames_per_second: Option<f64>,
    pub frames_encoded: u64,
    pub key_frames_encoded: u64,
    pub frames_sent: u64,
    pub huge_frames_sent: u64,
    pub nack_count: u64,
    pub pli_count: u64,
    pub fir_count: u64,
    /// What the remote reports of the same stream, once it has.
    pub remote: Option<RemoteInboundStatistics>,
}

/// `RTCRemoteInboundRtpStreamStats` (webrtc-stats#remoteinboundrtpstats-dict*): from the report blocks of the remote.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RemoteInboundStatistics {
    /// When the last report came: the dictionary's `timestamp`.
    pub timestamp: SimTime,
    pub packets_received: u64,
    pub packets_lost: i64,
    /// Seconds.
    pub jitter: f64,
    /// 0.0 to 1.0.
    pub fraction_lost: f64,
    /// None until a report with a `DLSR` came.
    pub round_trip_time: Option<Duration>,
    pub total_round_trip_time: Duration,
    pub round_trip_time_measurements: u64,
}

/// `RTCAudioSourceStats` and `RTCVideoSourceStats` (webrtc-stats#mediasourcestats-dict*) of the source of a section.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SourceStatistics {
    /// Video: the frames that the source gave.
    pub frames: u64,
    /// Video: pixels.
    pub width: u16,
    pub height: u16,
    /// Video: frames given in the last second.
    pub frames_per_second: f64,
    /// Audio: 0.0 to 1.0.
    pub audio_level: f64,
    pub total_audio_energy: f64,
    /// Seconds.
    pub total_samples_duration: f64,
}

/// `RTCRtpContributingSource` and `RTCRtpSynchronizationSource` (webrtc-pc#dom-rtcrtpcontributingsource).
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct ContributingSource {
    /// When a frame of it was last delivered to the track.
    pub timestamp: SimTime,
    /// The CSRC or SSRC.
    pub source: u32,
    /// 0.0 to 1.0, if the packet said.
    pub audio_level: Option<f64>,
    pub rtp_timestamp: u32,
}

/// The linear level of one in −dBov (webrtc-pc#dom-rtcrtpcontributingsource-audiolevel).
pub(super) fn linear_audio_level(level: u8) -> f64 {
    if level >= 127 {
        0.0
    } else {
        10f64.powf(-f64::from(level) / 20.0)
    }
}

/// The frames of the last second.
#[derive(Debug, Clone, Default)]
pub(super) struct RecentFrames(VecDeque<SimTime>);

impl RecentFrames {
    /// More frames than these in a second are not counted.
    const MOST: usize = 1000;

    pub fn push(&mut self, now: SimTime) {
        while self.0.len() >= Self::MOST || self.0.front().is_some_and(|frame| !is_recent(now, *frame)) {
            self.0.pop_front();
        }
        self.0.push_back(now);
    }

    pub fn per_second(&self, now: SimTime) -> f64 {
        self.0.iter().filter(|frame| is_recent(now, **frame)).count() as f64
    }
}

fn is_recent(now: SimTime, frame: SimTime) -> bool {
    now - frame < Duration::from_secs(1)
}
