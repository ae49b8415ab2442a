//! Local descriptions and transceivers (webrtc-pc#set-description, step 4.7.11.1).

use glare_peer::{RtpTransceiverDirection, SdpType};

use super::Connection;
use super::codecs::{self, as_codec_parameters};
use super::remote_tracks::TrackChanges;
use super::session::Carries;
use super::slots::{AppliedDescription, MadeOf};
use super::transceiver::TransceiverId;
use crate::sdp::{self, Codec, Direction, MediaSection, RidDirection};

impl Connection {
    /// `webrtc-pc#set-description`, step 4.7.11.1.
    pub(super) fn apply_local_media(
        &mut self,
        description: &AppliedDescription,
        made_of: &MadeOf,
        changes: &mut TrackChanges,
    ) {
        let is_answer = description.sdp_type != SdpType::Offer;
        if !is_answer {
            self.lowest_mid = self
                .lowest_mid
                .max(sdp::next_mid(&description.session.description));
        }
        for (index, section) in description.session.sections.iter().enumerate() {
            if !matches!(section.carries, Carries::Media(_)) {
                continue;
            }
            let media = &description.session.description.media[index];
            let made_for = made_of.transceivers.get(index).copied().flatten();
            if let Some(id) = made_for {
                self.associate_locally(id, index, media);
            }
            let associated = section
                .mid
                .as_deref()
                .and_then(|mid| self.transceiver_of_mid(mid));
            let Some(id) = made_for.or(associated) else {
                continue;
            };
            if self.transceiver(id).stopped {
                continue;
            }
            // The steps do so for media descriptions of which the transceiver is new, which in an answer none is: it was
            // associated by the offer. Without this, what answers would never have a transport.
            if !section.is_rejected {
                let transport = self.transport_of_section(index);
                let transceiver = self.transceiver_mut(id);
                transceiver.sender.sender_transport = transport;
                transceiver.receiver.receiver_transport = transport;
            }
            let direction = if section.is_rejected {
                RtpTransceiverDirection::Inactive
            } else {
                RtpTransceiverDirection::of(media.direction.sends(), media.direction.receives())
            };
            self.apply_local_section(id, index, media, direction, is_answer, changes);
        }
    }

    /// `webrtc-pc#set-description`, steps 4.7.11.1.1.1 and 4.7.11.1.1.2, after RFC 9429 section 5.9 has set `[[JsepMid]]`.
    fn associate_locally(&mut self, id: TransceiverId, index: usize, media: &MediaSection) {
        let transceiver = self.transceiver_mut(id);
        if transceiver.m_line_index != Some(index) || transceiver.jsep_mid.as_deref() != media.mid() {
            transceiver.associated_by_pending_description = true;
        }
        if let Some(mid) = media.mid() {
            transceiver.jsep_mid = Some(mid.to_owned());
        }
        transceiver.mid.clone_from(&transceiver.jsep_mid);
        transceiver.m_line_index = Some(index);
    }

    /// `webrtc-pc#set-description`, steps 4.7.11.1.4 to 4.7.11.1.7.
    fn apply_local_section(
        &mut self,
        id: TransceiverId,
        index: usize,
        media: &MediaSection,
        direction: RtpTransceiverDirection,
        is_answer: bool,
        changes: &mut TrackChanges,
    ) {
        self.transceiver_mut(id).receptive = direction.receives();
        let remote = self.remote_media(index).filter(|_| is_answer);
        let receive_codecs = match &remote {
            Some(remote) => sdp::codecs_to_receive(&media.codecs, &remote.codecs),
            None => media.codecs.clone(),
        };
        self.set_receive_codecs(id, &receive_codecs, direction);
        let Some(remote) = remote else { return };
        self.narrow_the_simulcast_envelope(id, &rids(media, RidDirection::Send));
        self.negotiate_media(id, index, media, &remote);
        let fired = self
            .transceiver(id)
            .fired_direction
            .is_some_and(RtpTransceiverDirection::receives);
        if !direction.receives() && fired {
            self.set_the_associated_remote_streams(id, &[], changes);
            self.process_the_removal_of_a_remote_track(id, changes);
        }
        let transceiver = self.transceiver_mut(id);
        transceiver.set_current_direction(direction);
        transceiver.fired_direction = Some(direction);
    }

    /// The media description at an index of the remote description.
    fn remote_media(&self, index: usize) -> Option<MediaSection> {
        let remote = self.remote_description()?;
        remote.session.description.media.get(index).cloned()
    }

    /// Sets `[[ReceiveCodecs]]`: nothing where the direction does not receive.
    pub(super) fn set_receive_codecs(
        &mut self,
        id: TransceiverId,
        codecs: &[Codec],
        direction: RtpTransceiverDirection,
    ) {
        let transceiver = self.transceiver_mut(id);
        let kind = transceiver.kind;
        let prepared = if direction.receives() { codecs } else { &[] };
        let receiver = &mut transceiver.receiver;
        receiver.receive_codecs = prepared
            .iter()
            .map(|codec| as_codec_parameters(codec, kind))
            .collect();
        receiver.receive_formats = prepared.to_vec();
    }

    /// `webrtc-pc#set-description`, steps 4.7.11.1.7.1 and 4.7.11.2.8: removes the layers that an answer does not have.
    pub(super) fn narrow_the_simulcast_envelope(&mut self, id: TransceiverId, layers: &[String]) {
        let encodings = &mut self.transceiver_mut(id).sender.send_encodings;
        if encodings.len() < 2 {
            return;
        }
        let has = |rid: &Option<String>| rid.as_ref().is_some_and(|rid| layers.contains(rid));
        if encodings.iter().any(|encoding| has(&encoding.rid)) {
            encodings.retain(|encoding| has(&encoding.rid));
        } else {
            encodings.truncate(1);
        }
    }

    /// What an answer negotiates for media: `[[SendCodecs]]`, and with them what `getParameters()` says of header extensions
    /// and RTCP. `local` and `remote` are the media descriptions of the two sides.
    pub(super) fn negotiate_media(
        &mut self,
        id: TransceiverId,
        index: usize,
        local: &MediaSection,
        remote: &MediaSection,
    ) {
        let extensions = self.negotiated_header_extensions(local, remote);
        let reduced_size = self.reduced_size(index);
        let transceiver = self.transceiver_mut(id);
        let kind = transceiver.kind;
        let rejected = local.is_rejected() || remote.is_rejected();
        let send = if rejected {
            Vec::new()
        } else {
            sdp::codecs_to_send(&local.codecs, &remote.codecs)
        };
        let sender = &mut transceiver.sender;
        sender.send_codecs = send
            .iter()
            .map(|codec| as_codec_parameters(codec, kind))
            .collect();
        sender.send_formats = send;
        sender.last_returned_parameters = None;
        let parameters = |with: fn(Direction) -> bool| {
            let of_direction = extensions.iter().filter(|extension| with(extension.direction));
            of_direction
                .map(codecs::as_header_extension_parameters)
                .collect::<Vec<_>>()
        };
        sender.header_extensions = parameters(Direction::sends);
        sender.reduced_size = reduced_size;
        transceiver.receiver.header_extensions = parameters(Direction::receives);
        transceiver.receiver.reduced_size = reduced_size;
    }

    /// Whether both sides say `a=rtcp-rsize` where the transport of a media description has its attributes.
    fn reduced_size(&self, index: usize) -> bool {
        [self.local_description(), self.remote_description()]
            .into_iter()
            .all(|description| {
                description.is_some_and(|description| {
                    let session = &description.session;
                    let transport = session.sections.get(index).map(|section| section.transport_index);
                    [Some(index), transport]
                        .into_iter()
                        .flatten()
                        .filter_map(|at| session.description.media.get(at))
                        .any(|media| media.rtcp_rsize)
                })
            })
    }

    /// The header extensions that both sides have under one identifier, each with the direction that we use it in.
    fn negotiated_header_extensions(
        &self,
        local: &MediaSection,
        remote: &MediaSection,
    ) -> Vec<sdp::HeaderExtension> {
        let of_session = self
            .remote_description()
            .map(|description| &description.session.description.header_extensions[..])
            .unwrap_or_default();
        local
            .header_extensions
            .iter()
            .filter_map(|own| {
                let theirs = remote
                    .header_extensions
                    .iter()
                    .chain(of_session)
                    .find(|theirs| theirs.uri == own.uri && theirs.id == own.id)?;
                Some(sdp::HeaderExtension {
                    direction: own.direction.intersection(theirs.direction.reversed()),
                    ..own.clone()
                })
            })
            .collect()
    }
}

/// The identifiers of encodings that go a certain way in a media description.
pub(super) fn rids(media: &MediaSection, direction: RidDirection) -> Vec<String> {
    let Some(simulcast) = &media.simulcast else {
        return Vec::new();
    };
    let streams = match direction {
        RidDirection::Send => &simulcast.send,
        RidDirection::Recv => &simulcast.recv,
    };
    streams
        .iter()
        .filter_map(|stream| stream.alternatives.first())
        .map(|encoding| encoding.rid.clone())
        .collect()
}
