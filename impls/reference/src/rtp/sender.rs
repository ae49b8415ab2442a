//! What is sent of one encoding: frames in packets, and packets again for those who missed them.

use std::time::Duration;

use glare_peer::SimTime;

use super::codec::Bitstream;
use super::configuration::{HeaderExtensionKind, PayloadFormat, Section, SendEncoding, TelephoneEventFormat};
use super::extension::{ExtensionWriter, absolute_send_time};
use super::history::History;
use super::outlet::{LARGEST_DATAGRAM, Outlet, PROTECTION};
use super::packet::{self, RtpHeader};
use super::rtcp::{ReportBlock, SenderInfo};
use super::source::{AttachedSource, EncodedFrame, Encoder};
use super::statistics::{OutboundStatistics, RecentFrames, RemoteInboundStatistics};
use super::tones::{TonePacket, TonePlayer};

/// The bytes of the fixed RTP header, and of the number that a retransmission adds (RFC 4588 section 4).
const HEADER: usize = 12 + 2;

/// The identifiers of a section's header extensions.
#[derive(Debug, Clone, Default)]
pub(super) struct SendExtensions {
    mid: Option<u8>,
    rid: Option<u8>,
    repaired_rid: Option<u8>,
    audio_level: Option<u8>,
    absolute_send_time: Option<u8>,
    transport_sequence_number: Option<u8>,
}

impl SendExtensions {
    /// Those of a section. The transport-wide number is sent only where feedback was agreed on.
    fn of(section: &Section, format: &PayloadFormat) -> SendExtensions {
        let id = |kind| section.extension(kind);
        SendExtensions {
            mid: id(HeaderExtensionKind::Mid),
            rid: id(HeaderExtensionKind::RtpStreamId),
            repaired_rid: id(HeaderExtensionKind::RepairedRtpStreamId),
            audio_level: id(HeaderExtensionKind::AudioLevel),
            absolute_send_time: id(HeaderExtensionKind::AbsoluteSendTime),
            transport_sequence_number: id(HeaderExtensionKind::TransportSequenceNumber)
                .filter(|_| format.feedback.transport_cc),
        }
    }

    /// The most bytes that they take in a packet.
    fn size(&self, mid: &str, rid: Option<&str>) -> usize {
        let of = |id: Option<u8>, length: usize| id.map_or(0, |_| 2 + length);
        let rid = rid.map_or(0, str::len);
        4 + 3
            + of(self.mid, mid.len())
            + of(self.rid.or(self.repaired_rid), rid)
            + of(self.audio_level, 1)
            + of(self.absolute_send_time, 3)
            + of(self.transport_sequence_number, 2)
    }
}

/// Totals of what was sent (webrtc-stats#outboundrtpstats-dict*).
#[derive(Debug, Clone, Default)]
struct Counters {
    /// On the stream itself, as sender reports count.
    packets: u32,
    octets: u32,
    packets_sent: u64,
    bytes_sent: u64,
    header_bytes_sent: u64,
    retransmitted_packets_sent: u64,
    retransmitted_bytes_sent: u64,
    total_encoded_bytes_target: u64,
    frames: u64,
    key_frames: u64,
    huge_frames: u64,
    nacks: u64,
    plis: u64,
    firs: u64,
}

/// A stream that is sent.
#[derive(Debug)]
pub(super) struct RtpSendStream {
    pub ssrc: u32,
    encoding: SendEncoding,
    index: usize,
    mid: String,
    format: PayloadFormat,
    extensions: SendExtensions,
    encoder: Encoder,
    bitstream: Bitstream,
    extension_writer: ExtensionWriter,
    first_sequence_number: u16,
    next_sequence_number: u16,
    next_rtx_sequence_number: u16,
    timestamp_offset: u32,
    picture_id: u16,
    history: History,
    tone_packets: Vec<TonePacket>,
    /// Whether the remote has shown that it knows which stream this SSRC is.
    known_by_remote: bool,
    last_full_intra_request: Option<(u32, u8)>,
    counters: Counters,
    recent: RecentFrames,
    size: Option<(u16, u16)>,
    remote: Option<RemoteInboundStatistics>,
}

impl RtpSendStream {
    /// A stream that has sent nothing. Sequence numbers and timestamps begin at chance (RFC 3550 section 5.1), the former in the lower
    /// half, so that a first packet that is lost does not look like a rollover (RFC 3711 section 3.3.1).
    pub fn new(
        rng: &mut fastrand::Rng,
        section: &Section,
        format: PayloadFormat,
        index: usize,
        encoding: &SendEncoding,
    ) -> RtpSendStream {
        let first_sequence_number = rng.u16(..) & 0x7FFF;
        RtpSendStream {
            ssrc: encoding.ssrc,
            encoding: encoding.clone(),
            index,
            mid: section.mid.clone(),
            format,
            extensions: SendExtensions::of(section, &format),
            encoder: Encoder::new(rng.fork(), format.codec),
            bitstream: Bitstream::default(),
            extension_writer: ExtensionWriter::default(),
            first_sequence_number,
            next_sequence_number: first_sequence_number,
            next_rtx_sequence_number: rng.u16(..) & 0x7FFF,
            timestamp_offset: rng.u32(..),
            picture_id: rng.u16(..) & 0x7FFF,
            history: History::default(),
            tone_packets: Vec::new(),
            known_by_remote: false,
            last_full_intra_request: None,
            counters: Counters::default(),
            recent: RecentFrames::default(),
            size: None,
            remote: None,
        }
    }

    /// Takes what a description, the track or the parameters have changed. `index` is that of its encoding in the section; `sending`
    /// says whether there are keys.
    pub fn configure(
        &mut self,
        now: SimTime,
        section: &Section,
        index: usize,
        source: Option<&AttachedSource>,
        sending: bool,
    ) {
        let Some(send) = &section.send else {
            return;
        };
        let Some(encoding) = send.encodings.get(index) else {
            return;
        };
        self.encoding = encoding.clone();
        self.index = index;
        self.format = send.format;
        self.extensions = SendExtensions::of(section, &send.format);
        let source = source.map(|attached| attached.source);
        let was_running = self.encoder.deadline().is_some();
        self.encoder
            .configure(now, send.format.codec, source, encoding, sending);
        // While it paused, the remote may have forgotten which stream it is.
        self.known_by_remote &= was_running;
    }

    /// Stops making frames, and forgets those that were sent. The numbers stay.
    pub fn pause(&mut self) {
        self.encoder.pause();
        self.history = History::default();
        self.bitstream = Bitstream::default();
    }

    /// The SSRC of its retransmissions, if they have one.
    pub fn rtx_ssrc(&self) -> Option<u32> {
        self.encoding
            .rtx_ssrc
            .filter(|_| self.format.rtx_payload_type.is_some())
    }

    /// When the next frame is due.
    pub fn deadline(&self) -> Option<SimTime> {
        self.encoder.deadline()
    }

    /// Whether anything was sent.
    pub fn has_sent(&self) -> bool {
        self.counters.packets > 0
    }

    /// Bits a second, while frames are made.
    pub fn bitrate(&self) -> f64 {
        self.encoder.deadline().map_or(0.0, |_| self.encoder.bitrate())
    }

    /// Sends the frame that is due, or the packets of a tone in its place. Gives the tone that has ended.
    pub fn advance(
        &mut self,
        now: SimTime,
        tones: Option<(&mut TonePlayer, TelephoneEventFormat)>,
        outlet: &mut Outlet,
    ) -> Option<char> {
        let due = self.encoder.deadline().filter(|due| *due <= now)?;
        if let Some((player, format)) = tones
            && player.takes_over(due)
        {
            return self.send_tone(now, player, format, outlet);
        }
        let mut bitstream = std::mem::take(&mut self.bitstream);
        if let Some(frame) = self.encoder.encode(now, &mut bitstream) {
            self.send_frame(now, frame, &bitstream, outlet);
        }
        self.bitstream = bitstream;
        None
    }

    fn send_frame(&mut self, now: SimTime, frame: EncodedFrame, bitstream: &Bitstream, outlet: &mut Outlet) {
        self.count_frame(now, frame, bitstream.bytes().len());
        let timestamp = self.timestamp(frame.captured, self.format.clock_rate);
        let extensions = self.extensions.size(&self.mid, self.encoding.rid.as_deref());
        let limit = LARGEST_DATAGRAM
            .saturating_sub(HEADER + PROTECTION + extensions)
            .max(100);
        let is_audio = frame.level.is_some();
        // RFC 3551 section 4.1: the marker of audio tells the first packet after silence.
        let begins = self.counters.packets == 0;
        let picture_id = self.picture_id;
        self.picture_id = picture_id.wrapping_add(1) & 0x7FFF;
        let (codec, payload_type) = (self.format.codec, self.format.payload_type);
        codec.packetise(bitstream, frame.key, picture_id, limit, &mut |payload, last| {
            let header = RtpHeader {
                payload_type,
                marker: if is_audio { begins } else { last },
                sequence_number: self.take_sequence_number(),
                timestamp,
                ssrc: self.ssrc,
            };
            self.send_packet(now, &header, frame.level, payload, outlet);
        });
    }

    fn send_tone(
        &mut self,
        now: SimTime,
        player: &mut TonePlayer,
        format: TelephoneEventFormat,
        outlet: &mut Outlet,
    ) -> Option<char> {
        let due = self.encoder.pass_over(now)?;
        let mut packets = std::mem::take(&mut self.tone_packets);
        let played = player.packets(due, format, &mut packets);
        if let Some((began, _)) = played {
            let timestamp = self.timestamp(began, format.clock_rate);
            for tone in &packets {
                let header = RtpHeader {
                    payload_type: format.payload_type,
                    marker: tone.marker,
                    sequence_number: self.take_sequence_number(),
                    timestamp: timestamp.wrapping_add(tone.offset),
                    ssrc: self.ssrc,
                };
                self.send_packet(now, &header, None, &tone.event.encode(), outlet);
            }
        }
        packets.clear();
        self.tone_packets = packets;
        played.and_then(|(_, tone)| tone)
    }

    fn send_packet(
        &mut self,
        now: SimTime,
        header: &RtpHeader,
        level: Option<u8>,
        payload: &[u8],
        outlet: &mut Outlet,
    ) {
        self.extension_writer.clear();
        if !self.known_by_remote {
            self.extension_writer
                .push(self.extensions.mid, self.mid.as_bytes());
            if let Some(rid) = &self.encoding.rid {
                self.extension_writer.push(self.extensions.rid, rid.as_bytes());
            }
        }
        if let Some(level) = level {
            // RFC 6464 section 3: the highest bit says that it is speech.
            let speech = if level < 127 { 0x80 } else { 0 };
            self.extension_writer
                .push(self.extensions.audio_level, &[speech | level]);
        }
        self.push_times(now, outlet);
        let mut packet = Vec::with_capacity(LARGEST_DATAGRAM);
        packet::write(&mut packet, header, self.extension_writer.finish(), &[payload]);
        let payload_at = packet.len() - payload.len();
        if self.format.feedback.nack {
            self.history
                .push(now, header.sequence_number, &packet, payload_at);
        }
        self.counters.packets = self.counters.packets.wrapping_add(1);
        self.counters.octets = self.counters.octets.wrapping_add(payload.len() as u32);
        self.count_packet(payload.len(), payload_at);
        outlet.send_rtp(packet);
    }

    /// Sends a packet again: on the stream of retransmissions where there is one (RFC 4588 section 4), as it was otherwise.
    fn retransmit(&mut self, now: SimTime, sequence_number: u16, outlet: &mut Outlet) {
        let round_trip_time = self.remote.and_then(|remote| remote.round_trip_time);
        let rtx = self.rtx_ssrc().zip(self.format.rtx_payload_type);
        self.extension_writer.clear();
        self.extension_writer
            .push(self.extensions.mid, self.mid.as_bytes());
        if let Some(rid) = &self.encoding.rid {
            self.extension_writer
                .push(self.extensions.repaired_rid, rid.as_bytes());
        }
        if rtx.is_some() {
            self.push_times(now, outlet);
        }
        let Some(sent) = self.history.take(now, sequence_number, round_trip_time) else {
            return;
        };
        let payload = sent.packet.get(sent.payload..).unwrap_or_default();
        let Some((ssrc, payload_type)) = rtx else {
            let (packet, length) = (sent.packet.clone(), payload.len());
            self.counters.packets = self.counters.packets.wrapping_add(1);
            self.counters.octets = self.counters.octets.wrapping_add(length as u32);
            self.count_retransmission(length, packet.len() - length);
            outlet.send_rtp(packet);
            return;
        };
        let header = RtpHeader {
            payload_type,
            // The first bytes of what was kept are the header that was written.
            marker: sent.packet.get(1).is_some_and(|byte| byte & 0x80 != 0),
            sequence_number: self.next_rtx_sequence_number,
            timestamp: timestamp_of(&sent.packet),
            ssrc,
        };
        let mut packet = Vec::with_capacity(LARGEST_DATAGRAM);
        let original = sequence_number.to_be_bytes();
        packet::write(
            &mut packet,
            &header,
            self.extension_writer.finish(),
            &[&original, payload],
        );
        let length = payload.len() + original.len();
        self.next_rtx_sequence_number = self.next_rtx_sequence_number.wrapping_add(1);
        self.count_retransmission(length, packet.len() - length);
        outlet.send_rtp(packet);
    }

    fn push_times(&mut self, now: SimTime, outlet: &mut Outlet) {
        self.extension_writer
            .push(self.extensions.absolute_send_time, &absolute_send_time(now));
        if let Some(id) = self.extensions.transport_sequence_number {
            let number = outlet.next_transport_sequence_number();
            self.extension_writer.push(Some(id), &number.to_be_bytes());
        }
    }

    fn take_sequence_number(&mut self) -> u16 {
        let number = self.next_sequence_number;
        self.next_sequence_number = number.wrapping_add(1);
        number
    }

    /// The RTP timestamp of a moment.
    fn timestamp(&self, at: SimTime, clock_rate: u32) -> u32 {
        let units = (u128::from(at.as_nanos()) * u128::from(clock_rate) + 500_000_000) / 1_000_000_000;
        self.timestamp_offset.wrapping_add(units as u32)
    }

    fn count_frame(&mut self, now: SimTime, frame: EncodedFrame, size: usize) {
        let counters = &mut self.counters;
        counters.frames += 1;
        counters.key_frames += u64::from(frame.key);
        counters.total_encoded_bytes_target += frame.target as u64;
        let average = self.encoder.bitrate() / 8.0 / self.encoder.framerate();
        counters.huge_frames += u64::from(size as f64 >= 2.5 * average);
        self.recent.push(now);
        self.size = Some((frame.width, frame.height));
    }

    fn count_packet(&mut self, payload: usize, header: usize) {
        self.counters.packets_sent += 1;
        self.counters.bytes_sent += payload as u64;
        self.counters.header_bytes_sent += header as u64;
    }

    fn count_retransmission(&mut self, payload: usize, header: usize) {
        self.count_packet(payload, header);
        self.counters.retransmitted_packets_sent += 1;
        self.counters.retransmitted_bytes_sent += payload as u64;
    }

    /// A packet of negative acknowledgements came.
    pub fn nack(&mut self) {
        self.counters.nacks += 1;
        self.known_by_remote = true;
    }

    /// A packet is missing.
    pub fn missing(&mut self, now: SimTime, sequence_number: u16, outlet: &mut Outlet) {
        self.retransmit(now, sequence_number, outlet);
    }

    /// RFC 4585 section 6.3.1.
    pub fn picture_loss_indication(&mut self) {
        self.counters.plis += 1;
        self.known_by_remote = true;
        self.encoder.request_key_frame();
    }

    /// RFC 5104 section 4.3.1: says whether it is a new request and not the repetition of one.
    pub fn full_intra_request(&mut self, from: u32, sequence_number: u8) -> bool {
        self.counters.firs += 1;
        self.known_by_remote = true;
        let is_new = self.last_full_intra_request != Some((from, sequence_number));
        self.last_full_intra_request = Some((from, sequence_number));
        if is_new {
            self.encoder.request_key_frame();
        }
        is_new
    }

    /// The sender's part of a report at a moment.
    pub fn sender_info(&self, now: SimTime, ntp_timestamp: u64) -> SenderInfo {
        SenderInfo {
            ssrc: self.ssrc,
            ntp_timestamp,
            rtp_timestamp: self.timestamp(now, self.format.clock_rate),
            packet_count: self.counters.packets,
            octet_count: self.counters.octets,
        }
    }

    /// A report block about this stream came. `ntp_timestamp` is that of now.
    pub fn report(&mut self, now: SimTime, ntp_timestamp: u64, block: &ReportBlock) {
        self.known_by_remote = true;
        let lost = i64::from(block.cumulative_lost);
        // webrtc-stats, packetsReceived: as the receiver counts in appendix A.3 of RFC 3550.
        let expected =
            i64::from(block.extended_highest_sequence_number) - i64::from(self.first_sequence_number) + 1;
        let before = self.remote;
        let mut remote = RemoteInboundStatistics {
            timestamp: now,
            packets_received: u64::try_from(expected - lost).unwrap_or(0),
            packets_lost: lost,
            jitter: f64::from(block.jitter) / f64::from(self.format.clock_rate),
            fraction_lost: f64::from(block.fraction_lost) / 256.0,
            round_trip_time: before.and_then(|before| before.round_trip_time),
            total_round_trip_time: before.map_or(Duration::ZERO, |before| before.total_round_trip_time),
            round_trip_time_measurements: before.map_or(0, |before| before.round_trip_time_measurements),
        };
        if let Some(time) = round_trip_time(ntp_timestamp, block) {
            remote.round_trip_time = Some(time);
            remote.total_round_trip_time += time;
            remote.round_trip_time_measurements += 1;
        }
        self.remote = Some(remote);
    }

    /// The last round trip time.
    pub fn round_trip_time(&self) -> Option<Duration> {
        self.remote?.round_trip_time
    }

    pub fn statistics(&self, now: SimTime) -> OutboundStatistics {
        let counters = &self.counters;
        let size = self.size;
        let is_video = self.format.codec.kind() == super::MediaKind::Video;
        OutboundStatistics {
            mid: self.mid.clone(),
            kind: self.format.codec.kind(),
            ssrc: self.ssrc,
            rtx_ssrc: self.rtx_ssrc(),
            rid: self.encoding.rid.clone(),
            encoding_index: self.index,
            payload_type: self.format.payload_type,
            active: self.encoding.active,
            packets_sent: counters.packets_sent,
            bytes_sent: counters.bytes_sent,
            header_bytes_sent: counters.header_bytes_sent,
            retransmitted_packets_sent: counters.retransmitted_packets_sent,
            retransmitted_bytes_sent: counters.retransmitted_bytes_sent,
            target_bitrate: self.bitrate(),
            total_encoded_bytes_target: counters.total_encoded_bytes_target,
            frame_width: size.filter(|_| is_video).map(|(width, _)| width),
            frame_height: size.filter(|_| is_video).map(|(_, height)| height),
            frames_per_second: is_video.then(|| self.recent.per_second(now)),
            frames_encoded: counters.frames,
            key_frames_encoded: counters.key_frames,
            // What is encoded is sent at once.
            frames_sent: counters.frames,
            huge_frames_sent: counters.huge_frames,
            nack_count: counters.nacks,
            pli_count: counters.plis,
            fir_count: counters.firs,
            remote: self.remote,
        }
    }
}

/// RFC 3550 section 6.4.1: the time from our report to the remote's, less what it spent there. None where the block says
/// nothing of it, or what cannot be.
fn round_trip_time(ntp_timestamp: u64, block: &ReportBlock) -> Option<Duration> {
    if block.last_sender_report == 0 || block.delay_since_last_sender_report == 0 {
        return None;
    }
    let now = (ntp_timestamp >> 16) as u32;
    let elapsed = now
        .wrapping_sub(block.last_sender_report)
        .wrapping_sub(block.delay_since_last_sender_report);
    // The delay is cut to units, so a short time may come out a little below zero.
    let elapsed = u64::try_from(elapsed as i32).unwrap_or(0);
    (now.wrapping_sub(block.last_sender_report) < 1 << 31)
        .then(|| Duration::from_nanos((elapsed * 1_000_000_000) >> 16))
}

/// The timestamp of a packet that we wrote.
fn timestamp_of(packet: &[u8]) -> u32 {
    packet
        .get(4..)
        .and_then(<[u8]>::first_chunk)
        .map_or(0, |bytes| u32::from_be_bytes(*bytes))
}
