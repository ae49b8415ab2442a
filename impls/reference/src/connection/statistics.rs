//! `getStats()`: what each object of the connection contributes to a report (webrtc-stats#stats-dictionaries).
//!
//! An id names one object for as long as the connection lives: transports, channels and tracks by number, RTP streams by SSRC,
//! candidates and pairs by the number that the ICE agent gave them, certificates by fingerprint.

use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use glare_peer::{
    DataChannelState, DtlsVersion, Exception, ExceptionName, Handle, IceComponent, MediaKind, OperationId,
    RtpCodecParameters, SimTime, Value,
};

use super::Connection;
use super::constructors::attributes_of;
use super::promises::{PromiseId, Reaction};
use super::tasks::{Piece, Task};
use super::transceiver::{Transceiver, TransceiverId, not_a};
use super::transport::TransportId;
use crate::dtls::{DtlsRole, Fingerprint};
use crate::ice::{IceStatistics, PairState, PairStatistics};
use crate::rtp::{InboundStatistics, OutboundStatistics};
use crate::statistics::{self, Report, Statistics};

/// To what a report is limited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Selector {
    Everything,
    Sender(TransceiverId),
    Receiver(TransceiverId),
}

/// A direction of RTP, for the ids of codecs: a payload type may mean one thing sent and another received.
#[derive(Debug, Clone, Copy)]
enum Way {
    Out,
    In,
}

impl Connection {
    /// `webrtc-pc#widl-RTCPeerConnection-getStats` and `getStats()` of senders and receivers.
    pub(super) fn call_get_stats(
        &mut self,
        id: OperationId,
        object: Handle,
        selector_arg: Option<Handle>,
    ) -> Result<(), Exception> {
        let selector = if object == Handle::CONNECTION {
            match selector_arg.map(|track| self.selector_of_track(track)) {
                None => Ok(Selector::Everything),
                Some(selector) => selector,
            }
        } else if let Ok(id) = self.transceiver_of_sender(object) {
            Ok(Selector::Sender(id))
        } else if let Ok(id) = self.transceiver_of_receiver(object) {
            Ok(Selector::Receiver(id))
        } else {
            return Err(not_a(object, "RTCPeerConnection, RTCRtpSender or RTCRtpReceiver"));
        };
        let promise = self.promises.create();
        self.promises.react(promise, Reaction::Host(id));
        match selector {
            Ok(selector) => {
                let report = self.gather_statistics(selector).into_value();
                self.queue(Task::StatisticsGathered { promise, report });
            }
            Err(reason) => self.promises.settle(promise, Err(reason)),
        }
        Ok(())
    }

    /// The task that resolves the promise of `getStats()`.
    pub(super) fn statistics_gathered(&mut self, promise: PromiseId, report: Value) {
        self.pieces.push_back(Piece::Settle(promise, Ok(report)));
    }

    /// `webrtc-pc#widl-RTCPeerConnection-getStats`, step 3: a track selects the one sender or receiver that has it.
    fn selector_of_track(&self, track: Handle) -> Result<Selector, Exception> {
        if !self.tracks.contains_key(&track) {
            return Err(not_a(track, "MediaStreamTrack"));
        }
        let senders = self
            .collected()
            .filter(|(_, transceiver)| transceiver.sender.sender_track == Some(track))
            .map(|(id, _)| Selector::Sender(id));
        let receivers = self
            .collected()
            .filter(|(_, transceiver)| transceiver.receiver.receiver_track == track)
            .map(|(id, _)| Selector::Receiver(id));
        let mut selectors = senders.chain(receivers);
        match (selectors.next(), selectors.next()) {
            (Some(selector), None) => Ok(selector),
            (None, _) => {
                let message = "no sender or receiver has the track";
                Err(Exception::new(ExceptionName::InvalidAccessError, message))
            }
            (Some(_), Some(_)) => {
                let message = "more than one sender or receiver has the track";
                Err(Exception::new(ExceptionName::InvalidAccessError, message))
            }
        }
    }

    /// `webrtc-pc#dfn-stats-selection-algorithm`.
    fn gather_statistics(&mut self, selector: Selector) -> Report {
        let report = self.report_of_everything();
        let selected = match selector {
            Selector::Everything => return report,
            Selector::Sender(id) => self.streams_of(id, Way::Out),
            Selector::Receiver(id) => self.streams_of(id, Way::In),
        };
        report.select(selected)
    }

    /// The ids of the RTP streams of a sender or a receiver.
    fn streams_of(&self, id: TransceiverId, way: Way) -> Vec<String> {
        let Some(mid) = self.transceiver(id).mid.as_deref() else {
            return Vec::new();
        };
        let sessions = self
            .transports
            .iter()
            .filter_map(|transport| transport.media.as_ref());
        sessions
            .flat_map(|media| -> Vec<String> {
                match way {
                    Way::Out => media
                        .outbound_statistics(self.now)
                        .iter()
                        .filter(|stream| stream.mid == mid)
                        .map(|stream| outbound_id(stream.ssrc))
                        .collect(),
                    Way::In => media
                        .inbound_statistics(self.now)
                        .iter()
                        .filter(|stream| stream.mid == mid)
                        .map(|stream| inbound_id(stream.ssrc))
                        .collect(),
                }
            })
            .collect()
    }

    fn report_of_everything(&mut self) -> Report {
        let mut report = Report::new(self.unix_milliseconds(self.now));
        self.report_connection(&mut report);
        self.report_channels(&mut report);
        self.report_sources(&mut report);
        for index in 0..self.transports.len() {
            let id = TransportId(index);
            if !self.transport(id).is_discarded() {
                self.report_transport(id, &mut report);
                self.report_streams(id, &mut report);
            }
        }
        report
    }

    fn unix_milliseconds(&self, moment: SimTime) -> f64 {
        (self.host.unix_time + moment.since_start()).as_secs_f64() * 1000.0
    }

    /// webrtc-stats#pcstats-dict*
    fn report_connection(&self, report: &mut Report) {
        let was_open = || self.channels.values().filter(|channel| channel.counters.was_open);
        let left = was_open().filter(|channel| channel.ready_state != DataChannelState::Open);
        let mut connection = statistics::PeerConnection::new();
        connection.data_channels_opened = Some(count(was_open().count()));
        connection.data_channels_closed = Some(count(left.count()));
        report.insert("P", &Statistics::PeerConnection(connection));
    }

    /// webrtc-stats#dcstats-dict*
    fn report_channels(&self, report: &mut Report) {
        for handle in &self.data_channels {
            let Some(channel) = self.channels.get(handle) else {
                continue;
            };
            let mut entry = statistics::DataChannel::new(channel.ready_state);
            entry.label = Some(channel.label.clone());
            entry.protocol = Some(channel.protocol.clone());
            entry.data_channel_identifier = channel.id;
            entry.messages_sent = Some(channel.counters.messages_sent);
            entry.bytes_sent = Some(channel.counters.bytes_sent);
            entry.messages_received = Some(channel.counters.messages_received);
            entry.bytes_received = Some(channel.counters.bytes_received);
            report.insert(&format!("D{}", handle.0), &Statistics::DataChannel(entry));
        }
    }

    /// webrtc-stats#mediasourcestats-dict*, for each track that a sender has.
    fn report_sources(&self, report: &mut Report) {
        for (_, transceiver) in self.collected() {
            let Some((handle, track)) = transceiver
                .sender
                .sender_track
                .and_then(|handle| Some((handle, self.tracks.get(&handle)?)))
            else {
                continue;
            };
            let counted = transceiver.mid.as_deref().and_then(|mid| {
                let mut sessions = self
                    .transports
                    .iter()
                    .filter_map(|transport| transport.media.as_ref());
                sessions.find_map(|media| media.source_statistics(self.now, mid))
            });
            let source = match track.kind {
                MediaKind::Audio => {
                    let mut source = statistics::AudioSource::new(track.id.clone(), track.kind);
                    source.audio_level = counted.map(|counted| counted.audio_level);
                    source.total_audio_energy = Some(counted.map_or(0.0, |it| it.total_audio_energy));
                    source.total_samples_duration = Some(counted.map_or(0.0, |it| it.total_samples_duration));
                    Statistics::AudioSource(source)
                }
                MediaKind::Video => {
                    let mut source = statistics::VideoSource::new(track.id.clone(), track.kind);
                    source.width = counted.map(|counted| counted.width.into());
                    source.height = counted.map(|counted| counted.height.into());
                    source.frames = counted.map(|counted| counted.frames);
                    source.frames_per_second = counted.map(|counted| counted.frames_per_second);
                    Statistics::VideoSource(source)
                }
            };
            report.insert(&source_id(handle), &source);
        }
    }

    /// webrtc-stats#transportstats-dict*, with its candidates, pairs and certificates.
    fn report_transport(&mut self, id: TransportId, report: &mut Report) {
        let ice = self.transport_mut(id).agent.statistics();
        let transport = self.transport(id);
        let local_certificate = self
            .certificates
            .first()
            .map(|certificate| insert_certificate(report, &certificate.fingerprint(), certificate.der()));
        let remote_certificate = transport
            .remote_certificates
            .first()
            .map(|der| insert_certificate(report, &Fingerprint::sha256_of(der), der));
        self.report_ice(id, &ice, report);
        let total = |of: fn(&PairStatistics) -> u64| Some(ice.pairs.iter().map(of).sum());
        let mut entry = statistics::Transport::new(transport.dtls_state);
        entry.packets_sent = total(|pair| pair.counters.packets_sent);
        entry.packets_received = total(|pair| pair.counters.packets_received);
        entry.bytes_sent = total(|pair| pair.counters.bytes_sent);
        entry.bytes_received = total(|pair| pair.counters.bytes_received);
        entry.ice_role = Some(transport.ice_role);
        entry.ice_local_username_fragment =
            Some(transport.agent.local_credentials().username_fragment.clone());
        entry.ice_state = Some(transport.ice_state);
        entry.selected_candidate_pair_id = ice.selected_pair.map(|pair| pair_id(id, pair));
        entry.selected_candidate_pair_changes = Some(ice.selected_candidate_pair_changes);
        entry.local_certificate_id = local_certificate;
        entry.remote_certificate_id = remote_certificate;
        entry.dtls_role = Some(match transport.dtls_role() {
            Some(DtlsRole::Client) => statistics::DtlsRole::Client,
            Some(DtlsRole::Server) => statistics::DtlsRole::Server,
            None => statistics::DtlsRole::Unknown,
        });
        if let Some(session) = transport.dtls_session().filter(|session| session.is_connected()) {
            // The version as it stands in the handshake (RFC 6347 section 4.1, RFC 9147 section 5.3).
            entry.tls_version = session.version().map(|version| {
                match version {
                    DtlsVersion::V1_2 => "FEFD",
                    DtlsVersion::V1_3 => "FEFC",
                }
                .to_owned()
            });
            entry.dtls_cipher = session.cipher_suite().map(str::to_owned);
            entry.srtp_cipher = session
                .srtp_keys()
                .filter(|_| transport.media.is_some())
                .map(|keys| keys.profile.name().to_owned());
        }
        report.insert(&transport_id(id), &Statistics::Transport(Box::new(entry)));
    }

    /// webrtc-stats#icecandidate-dict* and webrtc-stats#candidatepair-dict*
    fn report_ice(&self, id: TransportId, ice: &IceStatistics, report: &mut Report) {
        let sides = [(&ice.local_candidates, true), (&ice.remote_candidates, false)];
        for (candidates, local) in sides {
            for candidate in candidates {
                let attributes = attributes_of(&candidate.candidate);
                let Some(candidate_type) = attributes
                    .candidate_type
                    .filter(|_| attributes.component != Some(IceComponent::Rtcp))
                else {
                    continue;
                };
                let mut entry = statistics::IceCandidate::new(transport_id(id), candidate_type);
                entry.address = attributes.address;
                entry.port = attributes.port;
                entry.protocol = attributes.protocol.map(|protocol| protocol.to_string());
                entry.priority = attributes.priority;
                entry.url = attributes.url.filter(|_| local);
                entry.relay_protocol = attributes.relay_protocol.filter(|_| local);
                entry.foundation = attributes.foundation;
                entry.related_address = attributes.related_address;
                entry.related_port = attributes.related_port;
                entry.username_fragment = candidate.candidate.username_fragment.clone();
                entry.tcp_type = attributes.tcp_type;
                if local {
                    report.insert(&local_id(id, candidate.id), &Statistics::LocalCandidate(entry));
                } else {
                    report.insert(&remote_id(id, candidate.id), &Statistics::RemoteCandidate(entry));
                }
            }
        }
        for pair in &ice.pairs {
            let entry = self.candidate_pair(id, pair);
            report.insert(&pair_id(id, pair.id), &Statistics::CandidatePair(Box::new(entry)));
        }
    }

    fn candidate_pair(&self, id: TransportId, pair: &PairStatistics) -> statistics::CandidatePair {
        let counters = &pair.counters;
        let state = match pair.state {
            PairState::Frozen => statistics::CandidatePairState::Frozen,
            PairState::Waiting => statistics::CandidatePairState::Waiting,
            PairState::InProgress => statistics::CandidatePairState::InProgress,
            PairState::Succeeded => statistics::CandidatePairState::Succeeded,
            PairState::Failed => statistics::CandidatePairState::Failed,
        };
        let moment = |moment: Option<SimTime>| moment.map(|moment| self.unix_milliseconds(moment));
        let mut entry = statistics::CandidatePair::new(
            transport_id(id),
            local_id(id, pair.local),
            remote_id(id, pair.remote),
            state,
        );
        entry.nominated = Some(pair.nominated);
        entry.packets_sent = Some(counters.packets_sent);
        entry.packets_received = Some(counters.packets_received);
        entry.bytes_sent = Some(counters.bytes_sent);
        entry.bytes_received = Some(counters.bytes_received);
        entry.last_packet_sent_timestamp = moment(counters.last_packet_sent);
        entry.last_packet_received_timestamp = moment(counters.last_packet_received);
        entry.total_round_trip_time = Some(counters.total_round_trip_time.as_secs_f64());
        entry.current_round_trip_time = counters.current_round_trip_time.map(|it| it.as_secs_f64());
        entry.requests_received = Some(counters.requests_received);
        entry.requests_sent = Some(counters.requests_sent);
        entry.responses_received = Some(counters.responses_received);
        entry.responses_sent = Some(counters.responses_sent);
        entry.consent_requests_sent = Some(counters.consent_requests_sent);
        entry.packets_discarded_on_send = u32::try_from(counters.packets_discarded_on_send).ok();
        entry.bytes_discarded_on_send = Some(counters.bytes_discarded_on_send);
        entry
    }

    /// webrtc-stats#inboundrtpstats-dict*, webrtc-stats#outboundrtpstats-dict*, what the other side says of each, and the
    /// codecs that they use.
    fn report_streams(&self, id: TransportId, report: &mut Report) {
        let Some(media) = &self.transport(id).media else {
            return;
        };
        let of_mid = |mid: &str| {
            let found = self.collected().find(|(_, it)| it.mid.as_deref() == Some(mid));
            found.map(|(_, transceiver)| transceiver)
        };
        for stream in media.outbound_statistics(self.now) {
            if let Some(transceiver) = of_mid(&stream.mid) {
                self.report_outbound(id, transceiver, &stream, report);
            }
        }
        for stream in media.inbound_statistics(self.now) {
            if let Some(transceiver) = of_mid(&stream.mid) {
                self.report_inbound(id, transceiver, &stream, report);
            }
        }
    }

    fn report_outbound(
        &self,
        id: TransportId,
        transceiver: &Transceiver,
        stream: &OutboundStatistics,
        report: &mut Report,
    ) {
        let codecs = &transceiver.sender.send_codecs;
        let codec = insert_codec(report, id, Way::Out, codecs, stream.payload_type);
        let is_video = transceiver.kind == MediaKind::Video;
        let mut entry = statistics::OutboundRtp::new(stream.ssrc, transceiver.kind);
        entry.transport_id = Some(transport_id(id));
        entry.codec_id.clone_from(&codec);
        entry.packets_sent = Some(stream.packets_sent);
        entry.bytes_sent = Some(stream.bytes_sent);
        entry.mid = Some(stream.mid.clone());
        entry.media_source_id = transceiver.sender.sender_track.map(source_id);
        entry.rid.clone_from(&stream.rid);
        entry.encoding_index = Some(count(stream.encoding_index));
        entry.header_bytes_sent = Some(stream.header_bytes_sent);
        entry.retransmitted_packets_sent = Some(stream.retransmitted_packets_sent);
        entry.retransmitted_bytes_sent = Some(stream.retransmitted_bytes_sent);
        entry.rtx_ssrc = stream.rtx_ssrc;
        entry.target_bitrate = Some(stream.target_bitrate);
        entry.frame_width = stream.frame_width.map(u32::from);
        entry.frame_height = stream.frame_height.map(u32::from);
        entry.frames_per_second = stream.frames_per_second;
        entry.nack_count = Some(stream.nack_count);
        entry.active = Some(stream.active);
        entry.frames_sent = Some(stream.frames_sent);
        entry.frames_encoded = Some(stream.frames_encoded);
        if is_video {
            entry.key_frames_encoded = Some(stream.key_frames_encoded);
            entry.fir_count = Some(stream.fir_count);
            entry.pli_count = Some(stream.pli_count);
            // Nothing but the parameters of script ever limits a source that is made.
            entry.quality_limitation_reason = Some("none".to_owned());
            entry.quality_limitation_resolution_changes = Some(0);
        }
        if let Some(remote) = &stream.remote {
            let remote_id = format!("RI{}", stream.ssrc);
            entry.remote_id = Some(remote_id.clone());
            let mut said = statistics::RemoteInboundRtp::new(stream.ssrc, transceiver.kind);
            said.transport_id = Some(transport_id(id));
            said.codec_id = codec;
            said.packets_received = Some(remote.packets_received);
            said.packets_lost = Some(remote.packets_lost);
            said.jitter = Some(remote.jitter);
            said.local_id = Some(outbound_id(stream.ssrc));
            said.round_trip_time = remote.round_trip_time.map(|it| it.as_secs_f64());
            said.total_round_trip_time = Some(remote.total_round_trip_time.as_secs_f64());
            said.fraction_lost = Some(remote.fraction_lost);
            said.round_trip_time_measurements = Some(remote.round_trip_time_measurements);
            let timestamp = self.unix_milliseconds(remote.timestamp);
            report.insert_at(&remote_id, timestamp, &Statistics::RemoteInboundRtp(said));
        }
        report.insert(
            &outbound_id(stream.ssrc),
            &Statistics::OutboundRtp(Box::new(entry)),
        );
    }

    fn report_inbound(
        &self,
        id: TransportId,
        transceiver: &Transceiver,
        stream: &InboundStatistics,
        report: &mut Report,
    ) {
        let codecs = &transceiver.receiver.receive_codecs;
        let codec = insert_codec(report, id, Way::In, codecs, stream.payload_type);
        let track = self.tracks.get(&transceiver.receiver.receiver_track);
        let track_identifier = track.map(|track| track.id.clone()).unwrap_or_default();
        let seconds = |span: Duration| Some(span.as_secs_f64());
        let mut entry = statistics::InboundRtp::new(stream.ssrc, transceiver.kind, track_identifier);
        entry.transport_id = Some(transport_id(id));
        entry.codec_id.clone_from(&codec);
        entry.packets_received = Some(stream.packets_received);
        entry.packets_lost = Some(stream.packets_lost);
        entry.jitter = Some(stream.jitter);
        entry.mid = Some(stream.mid.clone());
        entry.last_packet_received_timestamp = stream
            .last_packet_received
            .map(|moment| self.unix_milliseconds(moment));
        entry.header_bytes_received = Some(stream.header_bytes_received);
        entry.packets_discarded = Some(stream.packets_discarded);
        entry.bytes_received = Some(stream.bytes_received);
        entry.nack_count = Some(stream.nack_count);
        entry.jitter_buffer_delay = Some(stream.jitter_buffer_delay);
        entry.jitter_buffer_emitted_count = Some(stream.jitter_buffer_emitted_count);
        entry.retransmitted_packets_received = stream.retransmitted_packets_received;
        entry.retransmitted_bytes_received = stream.retransmitted_bytes_received;
        entry.rtx_ssrc = stream.rtx_ssrc;
        match transceiver.kind {
            MediaKind::Audio => {
                entry.total_samples_received = Some(stream.total_samples_received);
                entry.audio_level = stream.audio_level;
                entry.total_audio_energy = Some(stream.total_audio_energy);
                entry.total_samples_duration = Some(stream.total_samples_duration);
            }
            MediaKind::Video => {
                entry.frames_received = Some(stream.frames_received);
                entry.frames_decoded = Some(stream.frames_decoded);
                entry.key_frames_decoded = Some(stream.key_frames_decoded);
                entry.frames_dropped = Some(stream.frames_dropped);
                entry.frame_width = stream.frame_width.map(u32::from);
                entry.frame_height = stream.frame_height.map(u32::from);
                entry.frames_per_second = stream.frames_per_second;
                entry.total_inter_frame_delay = seconds(stream.total_inter_frame_delay);
                entry.total_squared_inter_frame_delay = Some(stream.total_squared_inter_frame_delay);
                entry.pause_count = Some(stream.pause_count);
                entry.total_pauses_duration = seconds(stream.total_pauses_duration);
                entry.freeze_count = Some(stream.freeze_count);
                entry.total_freezes_duration = seconds(stream.total_freezes_duration);
                entry.fir_count = Some(stream.fir_count);
                entry.pli_count = Some(stream.pli_count);
                entry.frames_assembled_from_multiple_packets =
                    Some(stream.frames_assembled_from_multiple_packets);
                entry.total_assembly_time = seconds(stream.total_assembly_time);
            }
        }
        if let Some(remote) = &stream.remote {
            let remote_id = format!("RO{}", stream.ssrc);
            entry.remote_id = Some(remote_id.clone());
            let mut said = statistics::RemoteOutboundRtp::new(stream.ssrc, transceiver.kind);
            said.transport_id = Some(transport_id(id));
            said.codec_id = codec;
            said.packets_sent = Some(remote.packets_sent);
            said.bytes_sent = Some(remote.bytes_sent);
            said.local_id = Some(inbound_id(stream.ssrc));
            said.remote_timestamp = Some(unix_milliseconds_of_ntp(remote.remote_timestamp));
            said.reports_sent = Some(remote.reports_sent);
            let timestamp = self.unix_milliseconds(remote.timestamp);
            report.insert_at(&remote_id, timestamp, &Statistics::RemoteOutboundRtp(said));
        }
        report.insert(&inbound_id(stream.ssrc), &Statistics::InboundRtp(Box::new(entry)));
    }
}

/// webrtc-stats#certificatestats-dict*: adds a certificate and gives its id. WebRTC's are self-signed, so none has an issuer.
fn insert_certificate(report: &mut Report, fingerprint: &Fingerprint, der: &[u8]) -> String {
    let text = fingerprint.to_string();
    let (algorithm, value) = text.split_once(' ').unwrap_or_default();
    let id = format!("CF{value}");
    if !report.contains(&id) {
        let entry = statistics::Certificate::new(
            value.to_owned(),
            algorithm.to_owned(),
            BASE64_STANDARD.encode(der),
        );
        report.insert(&id, &Statistics::Certificate(entry));
    }
    id
}

/// webrtc-stats#codec-dict*: adds the codec of a payload type, if it was negotiated, and gives its id.
fn insert_codec(
    report: &mut Report,
    transport: TransportId,
    way: Way,
    codecs: &[RtpCodecParameters],
    payload_type: u8,
) -> Option<String> {
    let codec = codecs.iter().find(|codec| codec.payload_type == payload_type)?;
    let format = codec.sdp_fmtp_line.as_deref().unwrap_or_default();
    let id = format!("C{way:?}{}_{payload_type}_{}", transport_id(transport), format);
    if !report.contains(&id) {
        let mut entry =
            statistics::Codec::new(payload_type, transport_id(transport), codec.mime_type.clone());
        entry.clock_rate = Some(codec.clock_rate);
        entry.channels = codec.channels;
        entry.sdp_fmtp_line.clone_from(&codec.sdp_fmtp_line);
        report.insert(&id, &Statistics::Codec(entry));
    }
    Some(id)
}

fn transport_id(id: TransportId) -> String {
    format!("T{}", id.0)
}

fn pair_id(transport: TransportId, pair: u32) -> String {
    format!("CP{}_{pair}", transport.0)
}

fn local_id(transport: TransportId, candidate: u32) -> String {
    format!("L{}_{candidate}", transport.0)
}

fn remote_id(transport: TransportId, candidate: u32) -> String {
    format!("R{}_{candidate}", transport.0)
}

fn outbound_id(ssrc: u32) -> String {
    format!("O{ssrc}")
}

fn inbound_id(ssrc: u32) -> String {
    format!("I{ssrc}")
}

fn source_id(track: Handle) -> String {
    format!("S{}", track.0)
}

fn count(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

/// NTP time, seconds since 1900 in 32.32 fixed point, as milliseconds since 1970.
fn unix_milliseconds_of_ntp(ntp: u64) -> f64 {
    const SECONDS_FROM_1900_TO_1970: f64 = 2_208_988_800.0;
    (ntp as f64 / f64::from(1u32 << 16) / f64::from(1u32 << 16) - SECONDS_FROM_1900_TO_1970) * 1000.0
}
