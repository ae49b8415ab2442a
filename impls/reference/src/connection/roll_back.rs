//! Rollback (webrtc-pc#set-description, step 4.7.12, and RFC 9429 section 5.7).

use glare_peer::{RtpTransceiverDirection, SignalingState};

use super::Connection;
use super::remote_tracks::TrackChanges;
use super::transceiver::TransceiverId;
use super::transport::TransportId;

impl Connection {
    /// `webrtc-pc#set-description`, step 4.7.12.
    pub(super) fn roll_back(&mut self, changes: &mut TrackChanges) {
        self.sctp_transport = self.last_stable_state_sctp_transport;
        for id in self.set_of_transceivers.clone() {
            self.roll_back_transceiver(id, changes);
        }
        self.pending_local_description = None;
        self.pending_remote_description = None;
        self.signaling_state = SignalingState::Stable;
        self.roll_back_transports();
    }

    /// `webrtc-pc#set-description`, step 4.7.12.3.
    fn roll_back_transceiver(&mut self, id: TransceiverId, changes: &mut TrackChanges) {
        let rolls_back_remote_offer = self.signaling_state == SignalingState::HaveRemoteOffer;
        let transceiver = self.transceiver_mut(id);
        if std::mem::take(&mut transceiver.associated_by_pending_description) {
            transceiver.jsep_mid = None;
            transceiver.mid = None;
            transceiver.m_line_index = None;
        }
        let sender = &mut transceiver.sender;
        sender.sender_transport = sender.last_stable_state_sender_transport;
        let has_rid = sender
            .send_encodings
            .iter()
            .any(|encoding| encoding.rid.is_some());
        if let Some(ridless) = sender
            .last_stable_ridless_send_encodings
            .clone()
            .filter(|_| has_rid)
        {
            sender.send_encodings = ridless;
        }
        let receiver = &mut transceiver.receiver;
        receiver.receiver_transport = receiver.last_stable_state_receiver_transport;
        receiver.receive_codecs = receiver.last_stable_state_receive_codecs.clone();
        receiver.receive_formats = receiver.last_stable_state_receive_formats.clone();
        if rolls_back_remote_offer {
            let streams = receiver.last_stable_state_associated_remote_media_streams.clone();
            // A transceiver that was never negotiated has no direction yet, which is to receive nothing.
            let direction = transceiver
                .current_direction
                .unwrap_or(RtpTransceiverDirection::Inactive);
            let msids: Vec<String> = streams
                .iter()
                .filter_map(|stream| self.streams.get(stream).map(|stream| stream.id.clone()))
                .collect();
            self.process_remote_tracks(id, direction, &msids, changes);
        }
        let transceiver = self.transceiver_mut(id);
        let created = std::mem::take(&mut transceiver.created_by_pending_offer);
        if created && !transceiver.used_by_add_track {
            self.stop_the_rtc_rtp_transceiver(id);
            self.set_of_transceivers.retain(|other| *other != id);
        }
    }

    /// RFC 9429 section 5.7: transports that only the description needed that is rolled back end, the others go on as they
    /// were.
    fn roll_back_transports(&mut self) {
        let now = self.now;
        self.pending_section_transports = None;
        self.discard_unused_transports();
        for index in 0..self.transports.len() {
            let id = TransportId(index);
            if !self.transport(id).is_discarded() {
                self.transport_mut(id).roll_back(now);
            }
        }
    }
}
