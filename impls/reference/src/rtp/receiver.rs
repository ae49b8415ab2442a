//! What is received of one stream: counted, asked for where it is missing, and put together to frames.

use std::time::Duration;

use glare_peer::SimTime;
use rtp_types::RtpPacket;

use super::assembler::{AssembledFrame, Assembler, Contributing, Inserted, WaitingPacket};
use super::configuration::{Codec, Feedback, MediaKind, PayloadFormat};
use super::event::ReceivedFrame;
use super::extension::Extensions;
use super::missing::MissingPackets;
use super::playout::Playout;
use super::rtcp::{ReportBlock, RtcpWriter};
use super::sequence::SequenceExtender;
use super::stamp::Content;
use super::statistics::{InboundStatistics, RemoteOutboundStatistics};

/// RFC 3550 appendix A.1, `MAX_DROPOUT`: a number further ahead is not believed until its successor comes.
const MOST_DROPPED: u64 = 3000;

/// RFC 3550 appendix A.1, `MAX_MISORDER`: and so is one further behind.
const MOST_MISORDERED: u64 = 100 * 16;

/// How long a missing packet is waited for where it can be asked for: as long as it is.
const PATIENCE_WITH_NACK: Duration = Duration::from_millis(1200);

/// How long otherwise.
const PATIENCE: Duration = Duration::from_millis(60);

/// A stream that begins in the middle waits so long for its beginning before it asks for a key frame.
const FIRST_REQUEST: Duration = Duration::from_millis(100);

/// A key frame is asked for no more often than that.
const REQUEST_INTERVAL: Duration = Duration::from_millis(500);

/// A stream of which nothing came for so long is not asked for a key frame: nobody would hear it.
const SILENCE: Duration = Duration::from_secs(2);

/// Totals of what was received.
#[derive(Debug, Default)]
struct Counters {
    /// On the stream itself, as appendix A.3 of RFC 3550 counts.
    received: u64,
    bytes: u64,
    header_bytes: u64,
    discarded: u64,
    retransmitted: u64,
    retransmitted_bytes: u64,
    nacks: u64,
    plis: u64,
    firs: u64,
    last_packet: Option<SimTime>,
}

/// RFC 3550 appendix A.3: what was so at the last report.
#[derive(Debug, Default)]
struct AtLastReport {
    expected: u64,
    received: u64,
}

/// The last sender report of the remote.
#[derive(Debug, Clone, Copy)]
struct LastSenderReport {
    /// The middle half of its NTP timestamp.
    middle: u32,
    came: SimTime,
}

/// A stream that is received.
#[derive(Debug)]
pub(super) struct RtpReceiveStream {
    pub ssrc: u32,
    pub section: usize,
    pub rid: Option<String>,
    /// Whether the remote has said `BYE`, and nothing came since.
    pub ended: bool,
    kind: MediaKind,
    codec: Option<Codec>,
    clock_rate: u32,
    feedback: Feedback,
    payload_type: u8,
    rtx_ssrc: Option<u32>,
    has_rtx: bool,
    sequence: SequenceExtender,
    base: Option<u64>,
    /// RFC 3550 appendix A.1, `bad_seq`.
    suspected: Option<u16>,
    transit: Option<u32>,
    /// In units of the clock.
    jitter: f64,
    missing: MissingPackets,
    assembler: Assembler,
    playout: Playout,
    /// When to ask for a key frame.
    request_due: Option<SimTime>,
    last_request: Option<SimTime>,
    full_intra_requests: u8,
    counters: Counters,
    at_last_report: AtLastReport,
    last_sender_report: Option<LastSenderReport>,
    remote: Option<RemoteOutboundStatistics>,
    /// Whether anything came since the last report.
    heard: bool,
    /// The timestamp of the last telephone event that has ended.
    last_tone: Option<u32>,
}

impl RtpReceiveStream {
    /// A stream of which nothing came yet.
    pub fn new(ssrc: u32, section: usize, kind: MediaKind) -> RtpReceiveStream {
        RtpReceiveStream {
            ssrc,
            section,
            rid: None,
            ended: false,
            kind,
            last_tone: None,
            codec: None,
            clock_rate: 90_000,
            feedback: Feedback::default(),
            payload_type: 0,
            rtx_ssrc: None,
            has_rtx: false,
            sequence: SequenceExtender::default(),
            base: None,
            suspected: None,
            transit: None,
            jitter: 0.0,
            missing: MissingPackets::default(),
            assembler: Assembler::new(kind),
            playout: Playout::default(),
            request_due: None,
            last_request: None,
            full_intra_requests: 0,
            counters: Counters::default(),
            at_last_report: AtLastReport::default(),
            last_sender_report: None,
            remote: None,
            heard: false,
        }
    }

    /// When something of it was heard last.
    pub fn last_heard(&self) -> Option<SimTime> {
        self.counters.last_packet
    }

    /// Takes a packet of frames on the stream itself.
    pub fn packet(
        &mut self,
        now: SimTime,
        format: &PayloadFormat,
        packet: &RtpPacket<'_>,
        extensions: &Extensions<'_>,
    ) {
        self.take_format(format);
        let payload = packet.payload();
        self.count(
            now,
            packet.payload_type(),
            payload.len(),
            packet.payload_offset(),
            packet.padding(),
        );
        let Some(number) = self.number(now, packet.sequence_number()) else {
            self.counters.discarded += 1;
            return;
        };
        self.measure_jitter(now, packet.timestamp());
        self.insert(now, number, format.codec, packet, payload, extensions);
    }

    /// Takes a packet of telephone events: to the frames it is only a number.
    pub fn event_packet(&mut self, now: SimTime, clock_rate: u32, packet: &RtpPacket<'_>) {
        self.count(
            now,
            packet.payload_type(),
            packet.payload_len(),
            packet.payload_offset(),
            packet.padding(),
        );
        if self.codec.is_none() {
            self.clock_rate = clock_rate;
        }
        let codec = self.codec.unwrap_or(Codec::Opus);
        match self.number(now, packet.sequence_number()) {
            Some(number) => self.insert(now, number, codec, packet, &[], &Extensions::default()),
            None => self.counters.discarded += 1,
        }
    }

    /// The end of a telephone event came, which comes three times: the first time, gives how long it was since the timestamp.
    pub fn tone_ended(&mut self, timestamp: u32, duration: u16, clock_rate: u32) -> Option<Duration> {
        if self.last_tone == Some(timestamp) {
            return None;
        }
        self.last_tone = Some(timestamp);
        Some(Duration::from_secs_f64(
            f64::from(duration) / f64::from(clock_rate),
        ))
    }

    /// Takes a retransmission (RFC 4588 section 4) that came on another stream.
    pub fn retransmission(
        &mut self,
        now: SimTime,
        format: &PayloadFormat,
        packet: &RtpPacket<'_>,
        extensions: &Extensions<'_>,
    ) {
        self.rtx_ssrc = Some(packet.ssrc());
        let length = packet.payload_len();
        let header = packet.payload_offset() + usize::from(packet.padding().unwrap_or(0));
        self.counters.retransmitted += 1;
        self.counters.retransmitted_bytes += length as u64;
        self.counters.header_bytes += header as u64;
        self.counters.bytes += length as u64;
        self.counters.last_packet = Some(now);
        self.heard = true;
        // What has no number is padding, for probing. Before anything came there is nothing that could be missing.
        let Some((original, payload)) = packet.payload().split_first_chunk::<2>() else {
            return;
        };
        if self.base.is_none() {
            return;
        }
        let number = self.sequence.peek(u16::from_be_bytes(*original));
        if self.missing.found(number) {
            self.insert(now, number, format.codec, packet, payload, extensions);
        }
    }

    /// The SSRC of its retransmissions is known.
    pub fn set_rtx_ssrc(&mut self, ssrc: u32) {
        self.rtx_ssrc = Some(ssrc);
    }

    fn take_format(&mut self, format: &PayloadFormat) {
        self.clock_rate = format.clock_rate;
        self.feedback = format.feedback;
        self.has_rtx = format.rtx_payload_type.is_some();
        self.codec = Some(format.codec);
        self.assembler.set_patience(if format.feedback.nack {
            PATIENCE_WITH_NACK
        } else {
            PATIENCE
        });
    }

    fn count(&mut self, now: SimTime, payload_type: u8, payload: usize, header: usize, padding: Option<u8>) {
        self.payload_type = payload_type;
        self.counters.received += 1;
        self.counters.bytes += payload as u64;
        self.counters.header_bytes += (header + usize::from(padding.unwrap_or(0))) as u64;
        self.counters.last_packet = Some(now);
        self.heard = true;
    }

    /// RFC 3550 appendix A.1: the extended number of a packet; none while it is not believed.
    fn number(&mut self, now: SimTime, sequence_number: u16) -> Option<u64> {
        let number = self.sequence.peek(sequence_number);
        let Some(greatest) = self.sequence.greatest() else {
            self.base = Some(number);
            return Some(self.sequence.extend(sequence_number));
        };
        let believed = if number > greatest {
            number - greatest <= MOST_DROPPED
        } else {
            greatest - number <= MOST_MISORDERED
        };
        if !believed {
            if self.suspected != Some(sequence_number) {
                self.suspected = Some(sequence_number.wrapping_add(1));
                return None;
            }
            // Two in a row: the other side has begun anew.
            self.suspected = None;
            self.sequence = SequenceExtender::default();
            let number = self.sequence.extend(sequence_number);
            self.base = Some(number);
            self.at_last_report = AtLastReport::default();
            self.counters.received = 1;
            self.transit = None;
            self.missing.clear();
            self.assembler.reset();
            return Some(number);
        }
        self.suspected = None;
        self.sequence.extend(sequence_number);
        if number > greatest {
            if self.feedback.nack {
                self.missing.note(now, greatest + 1..number);
            }
        } else {
            self.missing.found(number);
        }
        Some(number)
    }

    /// RFC 3550 appendix A.8.
    fn measure_jitter(&mut self, now: SimTime, timestamp: u32) {
        let arrival = u128::from(now.as_nanos()) * u128::from(self.clock_rate) / 1_000_000_000;
        let transit = (arrival as u32).wrapping_sub(timestamp);
        if let Some(before) = self.transit.replace(transit) {
            let difference = f64::from((transit.wrapping_sub(before) as i32).unsigned_abs());
            self.jitter += (difference - self.jitter) / 16.0;
        }
    }

    fn insert(
        &mut self,
        now: SimTime,
        number: u64,
        codec: Codec,
        packet: &RtpPacket<'_>,
        payload: &[u8],
        extensions: &Extensions<'_>,
    ) {
        let levels = extensions.contributing_audio_levels.iter();
        let levels = levels
            .map(|level| Some(level & 0x7F))
            .chain(std::iter::repeat(None));
        let waiting = WaitingPacket {
            codec,
            timestamp: packet.timestamp(),
            marker: packet.marker_bit(),
            payload: payload.to_vec(),
            arrived: now,
            audio_level: extensions.audio_level,
            contributing: packet.csrc().zip(levels).collect(),
        };
        if self.assembler.insert(number, waiting) == Inserted::Late {
            self.counters.discarded += 1;
        }
    }

    /// The next frame, in its turn, with its contributing sources.
    pub fn next_frame(&mut self, now: SimTime) -> Option<(ReceivedFrame, Contributing)> {
        loop {
            let frame = self.assembler.next_frame(now);
            self.playout.dropped(self.assembler.take_dropped_frames());
            self.playout
                .concealed(self.assembler.take_skipped_packets(), self.clock_rate);
            if let Some(next) = self.assembler.next() {
                self.missing.forget_before(next);
            }
            self.plan_request(now);
            let frame = frame?;
            // A content with the beginning of a stamp that is not right was changed on its way, and no decoder would take it.
            let intact = frame.frame.content != Content::Spoiled;
            self.playout
                .frame(now, self.kind, &frame, self.clock_rate, intact);
            if intact {
                return Some(self.received_frame(frame));
            }
        }
    }

    fn received_frame(&self, frame: AssembledFrame) -> (ReceivedFrame, Contributing) {
        let size = frame.frame.size.or(self.playout.size());
        let (width, height) = size.filter(|_| self.kind == MediaKind::Video).unwrap_or((0, 0));
        let received = ReceivedFrame {
            codec: frame.codec,
            rtp_timestamp: frame.timestamp,
            received: frame.first_arrived,
            size: frame.frame.bitstream.bytes().len(),
            key: frame.frame.key,
            width,
            height,
            stamp: match frame.frame.content {
                Content::Stamped(stamp) => Some(stamp),
                Content::Foreign | Content::Spoiled => None,
            },
            audio_level: frame.audio_level,
        };
        (received, frame.contributing)
    }

    /// Plans to ask for a key frame where frames cannot go on without one.
    fn plan_request(&mut self, now: SimTime) {
        let silent = self.counters.last_packet.is_none_or(|last| now - last > SILENCE);
        if self.kind == MediaKind::Audio || silent || !self.assembler.needs_key() {
            self.request_due = None;
        } else if self.request_due.is_none() {
            let again = self.last_request.map(|last| last + REQUEST_INTERVAL);
            // The frames of a stream that has just begun may only have overtaken its key frame.
            let first = if self.assembler.next().is_none() && self.last_request.is_none() {
                now + FIRST_REQUEST
            } else {
                now
            };
            self.request_due = Some(again.map_or(first, |again| again.max(now)));
        }
    }

    /// Asks for a key frame in any case.
    pub fn request_key_frame(&mut self, now: SimTime) {
        if self.kind == MediaKind::Video {
            self.request_due = Some(now);
        }
    }

    /// When [`RtpReceiveStream::write_feedback`] or [`RtpReceiveStream::next_frame`] has something.
    pub fn deadline(&self) -> Option<SimTime> {
        let request = self
            .request_due
            .filter(|_| self.feedback.nack_pli || self.feedback.ccm_fir);
        [self.missing.deadline(), self.assembler.deadline(), request]
            .into_iter()
            .flatten()
            .min()
    }

    /// Whether there is feedback to write.
    pub fn has_feedback(&self, now: SimTime) -> bool {
        let is_due = |due: Option<SimTime>| due.is_some_and(|due| due <= now);
        is_due(self.missing.deadline())
            || (is_due(self.request_due) && (self.feedback.nack_pli || self.feedback.ccm_fir))
    }

    /// Writes what is to be asked for.
    pub fn write_feedback(
        &mut self,
        now: SimTime,
        sender: u32,
        round_trip_time: Option<Duration>,
        into: &mut RtcpWriter,
    ) {
        let missing = self.missing.due(now, round_trip_time);
        if !missing.is_empty() {
            into.nack(sender, self.ssrc, &missing);
            self.counters.nacks += 1;
        }
        if self.request_due.is_none_or(|due| due > now) {
            return;
        }
        self.request_due = None;
        if self.feedback.nack_pli {
            into.picture_loss_indication(sender, self.ssrc);
            self.counters.plis += 1;
        } else if self.feedback.ccm_fir {
            into.full_intra_request(sender, self.ssrc, self.full_intra_requests);
            self.full_intra_requests = self.full_intra_requests.wrapping_add(1);
            self.counters.firs += 1;
        } else {
            return;
        }
        self.last_request = Some(now);
        self.plan_request(now);
    }

    /// A sender report about this stream came.
    pub fn sender_report(&mut self, now: SimTime, ntp_timestamp: u64, packets: u32, octets: u32) {
        self.last_sender_report = Some(LastSenderReport {
            middle: (ntp_timestamp >> 16) as u32,
            came: now,
        });
        let reports_sent = self.remote.map_or(0, |remote| remote.reports_sent) + 1;
        self.remote = Some(RemoteOutboundStatistics {
            timestamp: now,
            remote_timestamp: ntp_timestamp,
            packets_sent: packets.into(),
            bytes_sent: octets.into(),
            reports_sent,
        });
    }

    /// RFC 3550 appendix A.3: how many packets were to be received of the stream itself.
    fn expected(&self) -> u64 {
        match (self.sequence.greatest(), self.base) {
            (Some(greatest), Some(base)) => (greatest + 1).saturating_sub(base),
            _ => 0,
        }
    }

    fn lost(&self) -> i64 {
        self.expected() as i64 - self.counters.received as i64
    }

    /// The block about this stream for a report, if anything came since the last (RFC 3550 section 6.4.1).
    pub fn report_block(&mut self, now: SimTime) -> Option<ReportBlock> {
        if !std::mem::take(&mut self.heard) || self.base.is_none() {
            return None;
        }
        let (expected, received) = (self.expected(), self.counters.received);
        let expected_interval = expected.saturating_sub(self.at_last_report.expected);
        let received_interval = received.saturating_sub(self.at_last_report.received);
        self.at_last_report = AtLastReport { expected, received };
        let lost_interval = expected_interval.saturating_sub(received_interval);
        let fraction = (lost_interval << 8).checked_div(expected_interval).unwrap_or(0);
        let (middle, delay) = self.last_sender_report.map_or((0, 0), |report| {
            let delay = (now - report.came).as_nanos() * 65_536 / 1_000_000_000;
            (report.middle, u32::try_from(delay).unwrap_or(u32::MAX))
        });
        Some(ReportBlock {
            ssrc: self.ssrc,
            fraction_lost: u8::try_from(fraction).unwrap_or(u8::MAX),
            cumulative_lost: self.lost().clamp(-0x80_0000, 0x7F_FFFF) as i32,
            extended_highest_sequence_number: self.sequence.greatest().unwrap_or(0) as u32,
            jitter: self.jitter as u32,
            last_sender_report: middle,
            delay_since_last_sender_report: delay,
        })
    }

    pub fn statistics(&self, now: SimTime, mid: &str) -> InboundStatistics {
        let counters = &self.counters;
        let mut statistics = InboundStatistics {
            mid: mid.to_owned(),
            ssrc: self.ssrc,
            rid: self.rid.clone(),
            payload_type: self.payload_type,
            packets_received: counters.received + counters.retransmitted,
            packets_lost: self.lost(),
            jitter: self.jitter / f64::from(self.clock_rate),
            bytes_received: counters.bytes,
            header_bytes_received: counters.header_bytes,
            packets_discarded: counters.discarded,
            last_packet_received: counters.last_packet,
            nack_count: counters.nacks,
            pli_count: counters.plis,
            fir_count: counters.firs,
            retransmitted_packets_received: self.has_rtx.then_some(counters.retransmitted),
            retransmitted_bytes_received: self.has_rtx.then_some(counters.retransmitted_bytes),
            rtx_ssrc: self.rtx_ssrc.filter(|_| self.has_rtx),
            remote: self.remote,
            ..InboundStatistics::default()
        };
        self.playout.fill(now, self.kind, &mut statistics);
        statistics
    }
}
