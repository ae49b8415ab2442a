//! Remote descriptions and transceivers (webrtc-pc#set-description, step 4.7.11.2).

use glare_peer::{MediaKind, RtpEncodingParameters, RtpTransceiverDirection, SdpType};

use super::Connection;
use super::apply_local::rids;
use super::encodings;
use super::remote_tracks::TrackChanges;
use super::session::{Carries, Section};
use super::slots::AppliedDescription;
use super::transceiver::TransceiverId;
use crate::sdp::{self, MediaSection, RidDirection};

impl Connection {
    /// `webrtc-pc#set-description`, step 4.7.11.2.
    pub(super) fn apply_remote_media(
        &mut self,
        description: &AppliedDescription,
        changes: &mut TrackChanges,
    ) {
        for (index, section) in description.session.sections.iter().enumerate() {
            let Carries::Media(kind) = section.carries else {
                continue;
            };
            let media = &description.session.description.media[index];
            self.apply_remote_section(index, kind, section, media, description.sdp_type, changes);
        }
    }

    fn apply_remote_section(
        &mut self,
        index: usize,
        kind: MediaKind,
        section: &Section,
        media: &MediaSection,
        sdp_type: SdpType,
        changes: &mut TrackChanges,
    ) {
        let is_answer = sdp_type != SdpType::Offer;
        let proposed_send_encodings = if is_answer {
            Vec::new()
        } else {
            proposed_send_encodings(media, kind)
        };
        let id = match self.suitable_transceiver(index, kind, section, media, is_answer) {
            Some(id) => {
                self.propose_send_encodings(id, proposed_send_encodings);
                id
            }
            // An answer speaks of what was offered, and has nothing to create.
            None if is_answer => return,
            None => {
                let direction = RtpTransceiverDirection::RecvOnly;
                let id = self.create_an_rtc_rtp_transceiver(
                    None,
                    kind,
                    Vec::new(),
                    proposed_send_encodings,
                    direction,
                );
                self.transceiver_mut(id).created_by_pending_offer = true;
                id
            }
        };
        self.associate_remotely(id, index, section);
        if is_answer {
            self.narrow_the_simulcast_envelope(id, &rids(media, RidDirection::Recv));
        }
        let transceiver = self.transceiver_mut(id);
        transceiver.mid.clone_from(&transceiver.jsep_mid);
        let direction = if section.is_rejected {
            RtpTransceiverDirection::Inactive
        } else {
            RtpTransceiverDirection::of(media.direction.receives(), media.direction.sends())
        };
        let msids: Vec<String> = if direction.receives() {
            media.stream_ids().into_iter().map(str::to_owned).collect()
        } else {
            Vec::new()
        };
        self.process_remote_tracks(id, direction, &msids, changes);
        let local = self.local_media(index).filter(|_| is_answer);
        let receive_codecs = match &local {
            Some(local) => sdp::codecs_to_receive(&local.codecs, &media.codecs),
            None => {
                let ours = self.transceiver(id).codecs();
                sdp::answer_codecs(&media.codecs, &ours, false)
            }
        };
        self.set_receive_codecs(id, &receive_codecs, direction);
        if let Some(local) = local {
            self.negotiate_media(id, index, &local, media);
            let transport = self.transport_of_section(index);
            let transceiver = self.transceiver_mut(id);
            transceiver.set_current_direction(direction);
            if !section.is_rejected {
                transceiver.sender.sender_transport = transport;
                transceiver.receiver.receiver_transport = transport;
            }
        }
        if section.is_rejected && !self.transceiver(id).stopped {
            self.stop_the_rtc_rtp_transceiver(id);
        }
    }

    /// RFC 9429 section 5.10: the transceiver that represents a media description: the one that is associated with it, or, of
    /// those that `addTrack()` created, the first that is associated with none.
    fn suitable_transceiver(
        &self,
        index: usize,
        kind: MediaKind,
        section: &Section,
        media: &MediaSection,
        is_answer: bool,
    ) -> Option<TransceiverId> {
        let associated = match &section.mid {
            Some(mid) => self.transceiver_of_mid(mid),
            None => self
                .collected()
                .find(|(_, transceiver)| transceiver.m_line_index == Some(index))
                .map(|(id, _)| id),
        };
        if associated.is_some() || is_answer {
            return associated;
        }
        // What we would send is what the remote side would receive.
        if !media.direction.receives() {
            return None;
        }
        self.collected()
            .find(|(_, transceiver)| {
                transceiver.kind == kind
                    && transceiver.created_by_add_track
                    && transceiver.jsep_mid.is_none()
                    && transceiver.m_line_index.is_none()
                    && !transceiver.stopped
                    && !transceiver.stopping
            })
            .map(|(id, _)| id)
    }

    /// RFC 9429 section 5.10: associates a transceiver with a media description. Where that has no identification tag, the
    /// transceiver gets one all the same, which nothing else has.
    fn associate_remotely(&mut self, id: TransceiverId, index: usize, section: &Section) {
        let unnamed = section.mid.is_none() && self.transceiver(id).jsep_mid.is_none();
        let mid = match &section.mid {
            Some(mid) => Some(mid.clone()),
            None if unnamed => Some(format!("{:08x}", self.names.u32(..))),
            None => None,
        };
        let transceiver = self.transceiver_mut(id);
        if transceiver.m_line_index.is_none() {
            transceiver.associated_by_pending_description = true;
        }
        transceiver.m_line_index = Some(index);
        if mid.is_some() {
            transceiver.jsep_mid = mid;
        }
    }

    /// `webrtc-pc#set-description`, step 4.7.11.2.6.
    fn propose_send_encodings(&mut self, id: TransceiverId, proposed: Vec<RtpEncodingParameters>) {
        let sender = &mut self.transceiver_mut(id).sender;
        let is_unicast = matches!(sender.send_encodings.as_slice(), [lone] if lone.rid.is_none());
        if is_unicast && !proposed.is_empty() {
            sender.send_encodings = proposed;
            sender.last_returned_parameters = None;
        }
    }

    /// The media description at an index of the local description.
    fn local_media(&self, index: usize) -> Option<MediaSection> {
        let local = self.local_description()?;
        local.session.description.media.get(index).cloned()
    }
}

/// `webrtc-pc#set-description`, steps 4.7.11.2.1 to 4.7.11.2.4: the encodings that an offer wants to receive.
fn proposed_send_encodings(media: &MediaSection, kind: MediaKind) -> Vec<RtpEncodingParameters> {
    let mut proposed: Vec<RtpEncodingParameters> = Vec::new();
    for rid in rids(media, RidDirection::Recv) {
        if !proposed
            .iter()
            .any(|encoding| encoding.rid.as_ref() == Some(&rid))
        {
            proposed.push(RtpEncodingParameters {
                rid: Some(rid),
                ..RtpEncodingParameters::default()
            });
        }
    }
    proposed.truncate(encodings::max_encodings(kind));
    encodings::scale_by_powers_of_two(&mut proposed);
    if kind == MediaKind::Audio {
        // The member is there for video only.
        for encoding in &mut proposed {
            encoding.scale_resolution_down_by = None;
        }
    }
    proposed
}
