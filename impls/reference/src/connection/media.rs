//! What the transports send and receive for the transceivers (RFC 9429 section 5.11), and what they report of it.

use std::collections::BTreeMap;
use std::time::Duration;

use glare_peer::{Exception, Handle, MediaKind, RtpContributingSource, Value};

use super::Connection;
use super::apply_local::rids;
use super::codecs::{as_codec_parameters, codec_dictionary_match, without_payload_type};
use super::parameters::dictionary;
use super::tasks::{Piece, Task};
use super::transceiver::{Transceiver, TransceiverId};
use super::transport::TransportId;
use crate::rtp::{
    self, Feedback, HeaderExtensionKind, MediaEvent, MediaSession, MediaSource, PayloadFormat,
    ReceiveSection, Section, SendEncoding, SendSection, TelephoneEventFormat,
};
use crate::sdp::{Codec, CodecRole, MediaSection, RidDirection};

/// How loud generated sound is: −30 dBov (RFC 6464).
const GENERATED_LEVEL: u8 = 30;

/// The size of generated pictures, pixels, and how many there are in a second.
const GENERATED_SIZE: (u16, u16) = (640, 480);
const GENERATED_FRAMERATE: f64 = 30.0;

impl Connection {
    /// Something changed that the transport of a transceiver has to know at once.
    pub(super) fn media_changed(&mut self, id: TransceiverId) {
        let transport = self.transport_of_transceiver(self.transceiver(id));
        if let Some(transport) = transport.filter(|id| self.transport(*id).media.is_some()) {
            self.configure_media_of(transport);
        }
    }

    /// A track changed in a way that whoever sends it has to know at once.
    pub(super) fn media_of_track_changed(&mut self, track: Handle) {
        let senders: Vec<TransceiverId> = self
            .collected()
            .filter(|(_, transceiver)| transceiver.sender.sender_track == Some(track))
            .map(|(id, _)| id)
            .collect();
        for id in senders {
            self.media_changed(id);
        }
    }

    /// Tells all transports what to send and receive, after a description was set.
    pub(super) fn configure_media(&mut self) {
        for index in 0..self.transports.len() {
            let id = TransportId(index);
            if !self.transport(id).is_discarded() {
                self.configure_media_of(id);
            }
        }
    }

    fn configure_media_of(&mut self, id: TransportId) {
        let transceivers: Vec<TransceiverId> = self
            .collected()
            .filter(|(_, transceiver)| self.transport_of_transceiver(transceiver) == Some(id))
            .map(|(id, _)| id)
            .collect();
        for transceiver in &transceivers {
            self.choose_ssrcs(*transceiver);
        }
        let sections: Vec<Section> = transceivers
            .into_iter()
            .filter_map(|id| self.media_section(self.transceiver(id)))
            .collect();
        if sections.is_empty() && self.transport(id).media.is_none() {
            return;
        }
        if self.transport(id).media.is_none() {
            let session = MediaSession::new(self.names.u64(..), &self.cname, self.host.unix_time);
            let now = self.now;
            let transport = self.transport_mut(id);
            transport.media = Some(session);
            transport.key_media(now);
        }
        let now = self.now;
        let configured = self
            .transport_mut(id)
            .media
            .as_mut()
            .map_or(Ok(()), |media| media.configure(now, sections));
        if let Err(error) = configured {
            self.notes.push(format!("media goes on as before: {error}"));
        }
    }

    /// The transport that the media description of a transceiver uses.
    fn transport_of_transceiver(&self, transceiver: &Transceiver) -> Option<TransportId> {
        self.transport_of_section(transceiver.m_line_index?)
    }

    /// An SSRC for each encoding, and one for its retransmissions (RFC 3550 section 8, RFC 4588 section 4).
    fn choose_ssrcs(&mut self, id: TransceiverId) {
        let encodings = self.transceiver(id).sender.send_encodings.clone();
        for encoding in encodings {
            if self
                .transceiver(id)
                .sender
                .streams
                .iter()
                .any(|it| it.rid == encoding.rid)
            {
                continue;
            }
            let ssrc = self.unused_ssrc(0);
            let rtx_ssrc = self.unused_ssrc(ssrc);
            self.transceiver_mut(id).sender.streams.push(RtpStream {
                rid: encoding.rid,
                ssrc,
                rtx_ssrc,
            });
        }
    }

    fn unused_ssrc(&mut self, besides: u32) -> u32 {
        loop {
            let ssrc = self.names.u32(1..);
            let taken = self
                .transceivers
                .iter()
                .flat_map(|transceiver| &transceiver.sender.streams)
                .any(|stream| stream.ssrc == ssrc || stream.rtx_ssrc == ssrc);
            if !taken && ssrc != besides {
                return ssrc;
            }
        }
    }

    /// What a transceiver sends and receives; none where it does neither.
    fn media_section(&self, transceiver: &Transceiver) -> Option<Section> {
        let mid = transceiver.jsep_mid.clone()?;
        let index = transceiver.m_line_index?;
        let local = self.local_description()?.session.description.media.get(index)?;
        if local.is_rejected() || transceiver.stopping {
            return None;
        }
        let remote = self
            .remote_description()
            .and_then(|remote| remote.session.description.media.get(index));
        let send = self.send_section(transceiver);
        let receive = receive_section(transceiver, remote);
        if send.is_none() && receive.is_none() {
            return None;
        }
        Some(Section {
            mid,
            kind: match transceiver.kind {
                MediaKind::Audio => rtp::MediaKind::Audio,
                MediaKind::Video => rtp::MediaKind::Video,
            },
            extensions: extensions(transceiver, local),
            reduced_size: transceiver.sender.reduced_size,
            send,
            receive,
        })
    }

    fn send_section(&self, transceiver: &Transceiver) -> Option<SendSection> {
        let sender = &transceiver.sender;
        if !transceiver.sends() {
            return None;
        }
        let wanted = sender
            .send_encodings
            .first()
            .and_then(|encoding| encoding.codec.as_ref());
        let is_media = |codec: &&Codec| codec.role() == CodecRole::Media;
        let formats = &sender.send_formats;
        let format = formats
            .iter()
            .filter(is_media)
            .find(|codec| {
                let shown = without_payload_type(&as_codec_parameters(codec, transceiver.kind));
                wanted.is_some_and(|wanted| codec_dictionary_match(wanted, &shown, true))
            })
            .or_else(|| formats.iter().find(is_media))
            .and_then(|codec| payload_format(codec, formats))?;
        let is_simulcast = sender.send_encodings.len() > 1;
        let encodings = sender
            .send_encodings
            .iter()
            .filter_map(|encoding| {
                let stream = sender.streams.iter().find(|stream| stream.rid == encoding.rid)?;
                Some(SendEncoding {
                    ssrc: stream.ssrc,
                    rtx_ssrc: format.rtx_payload_type.map(|_| stream.rtx_ssrc),
                    rid: encoding.rid.clone().filter(|_| is_simulcast),
                    active: encoding.active,
                    max_bitrate: encoding.max_bitrate,
                    max_framerate: encoding.max_framerate,
                    scale_resolution_down_by: encoding.scale_resolution_down_by.unwrap_or(1.0),
                })
            })
            .collect();
        Some(SendSection {
            format,
            telephone_event: telephone_event(formats, format.clock_rate),
            encodings,
            source: sender.sender_track.and_then(|track| self.source(track)),
        })
    }

    /// What a track gives to who sends it.
    fn source(&self, track: Handle) -> Option<MediaSource> {
        let track = self.tracks.get(&track)?;
        let enabled = track.renders();
        Some(match track.kind {
            MediaKind::Audio => MediaSource::Audio {
                level: GENERATED_LEVEL,
                enabled,
            },
            MediaKind::Video => MediaSource::Video {
                width: GENERATED_SIZE.0,
                height: GENERATED_SIZE.1,
                framerate: GENERATED_FRAMERATE,
                enabled,
            },
        })
    }

    /// What the media of a transport reported.
    pub(super) fn media_indication(&mut self, id: TransportId, event: MediaEvent) {
        match event {
            MediaEvent::FirstPacket { mid, .. } | MediaEvent::Frame { mid, .. } => {
                let transceiver = self.transceiver_over(id, &mid);
                let Some(transceiver) = transceiver.filter(|id| self.is_to_be_unmuted(*id)) else {
                    return;
                };
                self.queue(Task::RtpReceived { transceiver });
            }
            MediaEvent::Bye { mid, .. } => {
                if let Some(transceiver) = self.transceiver_over(id, &mid) {
                    self.queue(Task::ByeReceived { transceiver });
                }
            }
            MediaEvent::KeyFrameRequested { .. }
            | MediaEvent::ToneSent { .. }
            | MediaEvent::ToneReceived { .. } => {}
        }
    }

    fn transceiver_over(&self, transport: TransportId, mid: &str) -> Option<TransceiverId> {
        let id = self.transceiver_of_mid(mid)?;
        (self.transport_of_transceiver(self.transceiver(id)) == Some(transport)).then_some(id)
    }

    /// webrtc-pc#mediastreamtrack-network-use: whether what is received unmutes a track.
    fn is_to_be_unmuted(&self, id: TransceiverId) -> bool {
        self.transceiver(id).receptive
            && self
                .tracks_of_receiver(id)
                .iter()
                .any(|track| self.tracks.get(track).is_some_and(|track| track.muted))
    }

    /// webrtc-pc#mediastreamtrack-network-use: data was received for a track that is muted.
    pub(super) fn rtp_received(&mut self, id: TransceiverId) {
        if self.is_closed || !self.transceiver(id).receptive {
            return;
        }
        for track in self.tracks_of_receiver(id) {
            self.pieces.push_back(Piece::SetMuted { track, muted: false });
        }
    }

    /// webrtc-pc#mediastreamtrack-network-use: the remote side said BYE.
    pub(super) fn bye_received(&mut self, id: TransceiverId) {
        if self.is_closed {
            return;
        }
        for track in self.tracks_of_receiver(id) {
            self.pieces.push_back(Piece::SetMuted { track, muted: true });
        }
    }

    /// Starts the playout of a tone (`webrtc-pc#dom-rtcdtmfsender-insertdtmf`, step 17.5).
    pub(super) fn play_tone(&mut self, id: TransceiverId, tone: char, duration: Duration, gap: Duration) {
        let played = self
            .media_of(id)
            .map(|(media, mid)| media.play_tone(&mid, tone, duration, gap));
        if let Some(Err(error)) = played {
            self.notes
                .push(format!("the tone {tone:?} is not played: {error}"));
        }
    }

    /// Delays the tones after a comma (`webrtc-pc#dom-rtcdtmfsender-insertdtmf`, step 17.4).
    pub(super) fn delay_tones(&mut self, id: TransceiverId, delay: Duration) {
        let now = self.now;
        if let Some((media, mid)) = self.media_of(id) {
            media.delay_tones(now, &mid, delay);
        }
    }

    /// The media of the transport of a transceiver, with what it calls its section.
    fn media_of(&mut self, id: TransceiverId) -> Option<(&mut MediaSession, String)> {
        let transceiver = self.transceiver(id);
        let mid = transceiver.jsep_mid.clone()?;
        let transport = self.transport_of_transceiver(transceiver)?;
        Some((self.transport_mut(transport).media.as_mut()?, mid))
    }

    /// `webrtc-pc#dom-rtcrtpreceiver-getcontributingsources`.
    pub(super) fn get_contributing_sources(&self, receiver: Handle) -> Result<Value, Exception> {
        self.sources(receiver, MediaSession::contributing_sources)
    }

    /// `webrtc-pc#dom-rtcrtpreceiver-getsynchronizationsources`.
    pub(super) fn get_synchronization_sources(&self, receiver: Handle) -> Result<Value, Exception> {
        self.sources(receiver, MediaSession::synchronization_sources)
    }

    fn sources(
        &self,
        receiver: Handle,
        of: fn(&MediaSession, glare_peer::SimTime, &str) -> Vec<rtp::ContributingSource>,
    ) -> Result<Value, Exception> {
        let id = self.transceiver_of_receiver(receiver)?;
        let transceiver = self.transceiver(id);
        let media = self
            .transport_of_transceiver(transceiver)
            .and_then(|transport| self.transport(transport).media.as_ref());
        let (Some(media), Some(mid)) = (media, &transceiver.jsep_mid) else {
            return Ok(Value::List(Vec::new()));
        };
        let sources = of(media, self.now, mid).into_iter().map(|source| {
            let timestamp = self.host.unix_time + source.timestamp.since_start();
            dictionary(&RtpContributingSource {
                timestamp: timestamp.as_secs_f64() * 1000.0,
                source: source.source,
                audio_level: source
                    .audio_level
                    .filter(|_| transceiver.kind == MediaKind::Audio),
                rtp_timestamp: source.rtp_timestamp,
            })
        });
        Ok(Value::List(sources.collect()))
    }
}

/// The RTP streams of one encoding.
#[derive(Debug, Clone)]
pub(super) struct RtpStream {
    pub(super) rid: Option<String>,
    pub(super) ssrc: u32,
    /// The SSRC of its retransmissions.
    pub(super) rtx_ssrc: u32,
}

fn receive_section(transceiver: &Transceiver, remote: Option<&MediaSection>) -> Option<ReceiveSection> {
    let formats = &transceiver.receiver.receive_formats;
    if !transceiver.receptive || formats.is_empty() {
        return None;
    }
    let media: Vec<PayloadFormat> = formats
        .iter()
        .filter(|codec| codec.role() == CodecRole::Media)
        .filter_map(|codec| payload_format(codec, formats))
        .collect();
    let clock_rate = media.first().map_or(0, |format| format.clock_rate);
    let mut section = ReceiveSection {
        telephone_event: telephone_event(formats, clock_rate),
        formats: media,
        ..ReceiveSection::default()
    };
    if let Some(remote) = remote {
        section.rids = rids(remote, RidDirection::Send);
        section.ssrcs = remote.ssrcs.iter().map(|source| source.ssrc).collect();
        section.flow_identifications = remote
            .ssrc_groups
            .iter()
            .filter(|group| group.semantics.eq_ignore_ascii_case("FID"))
            .filter_map(|group| match group.ssrcs.as_slice() {
                [repaired, repairing, ..] => Some((*repaired, *repairing)),
                _ => None,
            })
            .collect();
    }
    Some(section)
}

/// The header extensions that are understood: those that were negotiated, or, before an answer, those that we have.
fn extensions(transceiver: &Transceiver, local: &MediaSection) -> Vec<rtp::HeaderExtension> {
    let mut known: BTreeMap<u8, HeaderExtensionKind> = BTreeMap::new();
    let mut insert = |id: u16, uri: &str| {
        if let (Ok(id), Some(kind)) = (u8::try_from(id), HeaderExtensionKind::from_uri(uri)) {
            known.insert(id, kind);
        }
    };
    if transceiver.current_direction.is_some() {
        let Transceiver { sender, receiver, .. } = transceiver;
        for extension in sender.header_extensions.iter().chain(&receiver.header_extensions) {
            insert(extension.id, &extension.uri);
        }
    } else {
        for extension in &local.header_extensions {
            insert(extension.id, &extension.uri);
        }
    }
    known
        .into_iter()
        .map(|(id, kind)| rtp::HeaderExtension { id, kind })
        .collect()
}

/// A format as the room for media knows it; none where it makes no frames of it.
fn payload_format(codec: &Codec, formats: &[Codec]) -> Option<PayloadFormat> {
    let has = |feedback: &str| codec.rtcp_fb.iter().any(|it| it.eq_ignore_ascii_case(feedback));
    Some(PayloadFormat {
        payload_type: codec.payload_type,
        codec: rtp::Codec::from_encoding_name(codec.name())?,
        clock_rate: codec.clock_rate,
        rtx_payload_type: formats
            .iter()
            .find(|other| other.apt() == Some(codec.payload_type))
            .map(|rtx| rtx.payload_type),
        feedback: Feedback {
            nack: has("nack"),
            nack_pli: has("nack pli"),
            ccm_fir: has("ccm fir"),
            transport_cc: has("transport-cc"),
        },
    })
}

/// The format for telephone events with the clock of the audio that they go with (RFC 4733 section 2.1).
fn telephone_event(formats: &[Codec], clock_rate: u32) -> Option<TelephoneEventFormat> {
    formats
        .iter()
        .filter(|codec| codec.role() == CodecRole::TelephoneEvent)
        .find(|codec| codec.clock_rate == clock_rate)
        .map(|codec| TelephoneEventFormat {
            payload_type: codec.payload_type,
            clock_rate: codec.clock_rate,
        })
}
