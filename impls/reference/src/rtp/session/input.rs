//! What comes in: RTP to the streams of the sections, RTCP to those who sent or receive.

use glare_peer::SimTime;
use rtp_types::RtpPacket;

use super::MediaSession;
use crate::rtp::codec::telephone_event::{TelephoneEvent, tone_of};
use crate::rtp::demultiplexer::{Arriving, Route, StreamRole};
use crate::rtp::event::MediaEvent;
use crate::rtp::extension::Extensions;
use crate::rtp::packet;
use crate::rtp::receiver::RtpReceiveStream;
use crate::rtp::rtcp::{self, RtcpMessage};

/// How many streams a section receives at most. The one that was silent for the longest time makes room for another.
const STREAMS_OF_A_SECTION: usize = 32;

impl MediaSession {
    /// Takes a datagram of SRTP or SRTCP. What is not one, is not authentic or belongs to no section is dropped and counted.
    pub fn input(&mut self, now: SimTime, datagram: &[u8]) {
        if self.closed {
            return;
        }
        let mut packet = std::mem::take(&mut self.incoming);
        packet.clear();
        packet.extend_from_slice(datagram);
        let unprotected = self.outlet.srtp().map(|srtp| {
            if packet::is_rtcp(&packet) {
                srtp.unprotect_rtcp(&mut packet)
            } else {
                srtp.unprotect_rtp(&mut packet)
            }
        });
        match unprotected {
            Some(Ok(())) => self.input_decrypted(now, &packet),
            // A remote can send what it likes: it is counted, and nothing else follows.
            None | Some(Err(_)) => self.dropped += 1,
        }
        self.incoming = packet;
    }

    /// Takes RTP or RTCP as if it had just been decrypted.
    pub fn input_decrypted(&mut self, now: SimTime, packet: &[u8]) {
        if self.closed {
            return;
        }
        if packet::is_rtcp(packet) {
            if rtcp::read(packet, &mut |message| self.rtcp(now, message)).is_err() {
                self.dropped += 1;
            }
        } else if self.rtp(now, packet).is_none() {
            self.dropped += 1;
        }
        self.send_feedback(now);
    }

    /// None where the packet belongs nowhere.
    fn rtp(&mut self, now: SimTime, packet: &[u8]) -> Option<()> {
        let packet = RtpPacket::parse(packet).ok()?;
        let extensions = packet
            .extension()
            .map_or_else(Extensions::default, |(profile, data)| {
                Extensions::read(profile, data, &self.extension_map)
            });
        let ssrc = packet.ssrc();
        let arriving = Arriving {
            ssrc,
            payload_type: packet.payload_type(),
            extensions: &extensions,
        };
        let Route { section, role } = self.demultiplexer.route(now, arriving)?;
        if let Some(number) = extensions.transport_sequence_number
            && self.gives_transport_feedback(section)
        {
            self.transport_feedback.received(now, ssrc, number);
        }
        let stream = match role {
            StreamRole::Media { rid } => {
                self.media(now, section, rid, &packet, &extensions)?;
                ssrc
            }
            StreamRole::Repair { of } => {
                self.repair(now, section, of?, &packet, &extensions)?;
                of?
            }
        };
        self.note_activity(now);
        self.give_frames(now, stream);
        Some(())
    }

    fn gives_transport_feedback(&self, section: usize) -> bool {
        let receive = self
            .sections
            .get(section)
            .and_then(|active| active.section.receive.as_ref());
        receive.is_some_and(|receive| receive.formats.iter().any(|format| format.feedback.transport_cc))
    }

    fn media(
        &mut self,
        now: SimTime,
        section: usize,
        rid: Option<String>,
        packet: &RtpPacket<'_>,
        extensions: &Extensions<'_>,
    ) -> Option<()> {
        self.meet(now, section, packet.ssrc(), rid)?;
        let receiver = self.receivers.get_mut(&packet.ssrc())?;
        let receive = self.sections.get(section)?.section.receive.as_ref()?;
        if let Some(format) = receive.format(packet.payload_type()) {
            receiver.packet(now, format, packet, extensions);
            return Some(());
        }
        let events = receive.telephone_event?;
        receiver.event_packet(now, events.clock_rate, packet);
        let event = TelephoneEvent::decode(packet.payload())?;
        let tone = tone_of(event.event)?;
        if event.end
            && let Some(duration) = receiver.tone_ended(packet.timestamp(), event.duration, events.clock_rate)
        {
            let mid = self.sections.get(section)?.section.mid.clone();
            self.events
                .push_back(MediaEvent::ToneReceived { mid, tone, duration });
        }
        Some(())
    }

    /// Makes a stream known, and says so where it is new or had ended.
    fn meet(&mut self, now: SimTime, section: usize, ssrc: u32, rid: Option<String>) -> Option<()> {
        let active = self.sections.get(section)?;
        let known = self
            .receivers
            .get_mut(&ssrc)
            .filter(|known| known.section == section);
        let is_new = known.as_ref().is_none_or(|known| known.ended);
        match known {
            Some(known) => {
                known.ended = false;
                if rid.is_some() && known.rid != rid {
                    known.rid = rid.clone();
                }
            }
            None => {
                let kind = active.section.kind;
                let mid = active.section.mid.clone();
                self.make_room(now, section);
                let mut stream = RtpReceiveStream::new(ssrc, section, kind);
                stream.rid = rid.clone();
                let announced = self.sections.get(section)?.section.receive.as_ref()?;
                let repair = announced
                    .flow_identifications
                    .iter()
                    .find(|(repaired, _)| *repaired == ssrc);
                if let Some((_, repair)) = repair {
                    stream.set_rtx_ssrc(*repair);
                }
                self.receivers.insert(ssrc, stream);
                self.events.push_back(MediaEvent::FirstPacket { mid, ssrc, rid });
                return Some(());
            }
        }
        if is_new {
            let mid = self.sections.get(section)?.section.mid.clone();
            self.events.push_back(MediaEvent::FirstPacket { mid, ssrc, rid });
        }
        Some(())
    }

    /// Forgets the stream of a section that was silent for the longest time, where there are too many.
    fn make_room(&mut self, now: SimTime, section: usize) {
        let of_section = || {
            self.receivers
                .values()
                .filter(|receiver| receiver.section == section)
        };
        if of_section().count() >= STREAMS_OF_A_SECTION {
            let silent = of_section().min_by_key(|receiver| receiver.last_heard().unwrap_or(now));
            if let Some(ssrc) = silent.map(|receiver| receiver.ssrc) {
                self.receivers.remove(&ssrc);
            }
        }
    }

    fn repair(
        &mut self,
        now: SimTime,
        section: usize,
        of: u32,
        packet: &RtpPacket<'_>,
        extensions: &Extensions<'_>,
    ) -> Option<()> {
        let receive = self.sections.get(section)?.section.receive.as_ref()?;
        let format = receive.repaired_format(packet.payload_type())?;
        let receiver = self
            .receivers
            .get_mut(&of)
            .filter(|receiver| receiver.section == section)?;
        receiver.retransmission(now, format, packet, extensions);
        Some(())
    }

    /// Gives out the frames of a stream that are whole now.
    pub(super) fn give_frames(&mut self, now: SimTime, ssrc: u32) {
        let Some(receiver) = self.receivers.get_mut(&ssrc) else {
            return;
        };
        let Some(active) = self.sections.get_mut(receiver.section) else {
            return;
        };
        while let Some((frame, contributing)) = receiver.next_frame(now) {
            for (source, level) in contributing {
                active
                    .contributing
                    .delivered(now, source, level, frame.rtp_timestamp);
            }
            active
                .synchronization
                .delivered(now, ssrc, frame.audio_level, frame.rtp_timestamp);
            let mid = active.section.mid.clone();
            self.events.push_back(MediaEvent::Frame { mid, ssrc, frame });
        }
    }

    fn rtcp(&mut self, now: SimTime, message: RtcpMessage<'_>) {
        match message {
            RtcpMessage::SenderReport {
                ssrc,
                ntp_timestamp,
                packet_count,
                octet_count,
            } => {
                if let Some(receiver) = self.receivers.get_mut(&ssrc) {
                    receiver.sender_report(now, ntp_timestamp, packet_count, octet_count);
                }
            }
            RtcpMessage::ReportBlock(block) => {
                let ntp_timestamp = self.ntp_timestamp(now);
                if let Some((_, sender)) = self.sender_mut(block.ssrc) {
                    sender.report(now, ntp_timestamp, &block);
                }
            }
            RtcpMessage::Bye { ssrc } => {
                if let Some(receiver) = self.receivers.get_mut(&ssrc)
                    && !std::mem::replace(&mut receiver.ended, true)
                    && let Some(active) = self.sections.get(receiver.section)
                {
                    let mid = active.section.mid.clone();
                    self.events.push_back(MediaEvent::Bye { mid, ssrc });
                }
            }
            RtcpMessage::Nack { ssrc } => {
                if let Some((_, sender)) = self.sender_mut(ssrc) {
                    sender.nack();
                }
            }
            RtcpMessage::Missing {
                ssrc,
                sequence_number,
            } => {
                let mut senders = self.sections.iter_mut().flat_map(|active| &mut active.senders);
                if let Some(sender) = senders.find(|sender| sender.ssrc == ssrc) {
                    sender.missing(now, sequence_number, &mut self.outlet);
                }
            }
            RtcpMessage::PictureLossIndication { ssrc } => {
                if let Some((mid, sender)) = self.sender_mut(ssrc) {
                    sender.picture_loss_indication();
                    let mid = mid.to_owned();
                    self.events.push_back(MediaEvent::KeyFrameRequested { mid, ssrc });
                }
            }
            RtcpMessage::FullIntraRequest {
                from,
                ssrc,
                sequence_number,
            } => {
                if let Some((mid, sender)) = self.sender_mut(ssrc)
                    && sender.full_intra_request(from, sequence_number)
                {
                    let mid = mid.to_owned();
                    self.events.push_back(MediaEvent::KeyFrameRequested { mid, ssrc });
                }
            }
            RtcpMessage::TransportFeedback { received, .. } => {
                if received {
                    self.transport_arrived += 1;
                } else {
                    self.transport_lost += 1;
                }
            }
            // The name of the remote is in its description.
            RtcpMessage::Cname { .. } => {}
        }
    }
}
