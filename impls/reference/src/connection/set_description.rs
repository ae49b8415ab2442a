//! `setLocalDescription()`, `setRemoteDescription()`, and setting the session description.

use glare_peer::{
    DataChannelState, EventKind, Exception, ExceptionName, Handle, LocalDescriptionInit, RtcErrorDetail,
    SdpType, SessionDescription, SignalingState, Value,
};

use super::Connection;
use super::data_channel::rtc_error;
use super::promises::{PromiseId, Reaction};
use super::remote_tracks::TrackChanges;
use super::session::Session;
use super::slots::{AppliedDescription, MadeOf};
use super::tasks::{Piece, Task};
use super::transceiver::{Transceiver, TransceiverId};

/// A description that the process to apply it has accepted.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) description: SessionDescription,
    pub(super) remote: bool,
    /// Its content; none for a rollback.
    pub(super) session: Option<Session>,
    /// What a local description was made of.
    pub(super) made_of: MadeOf,
    /// How often `addTrack()` had succeeded when the process began.
    pub(super) tracks_added: u64,
}

/// Why the process to apply a description failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ApplyError {
    /// The type is invalid in the signaling state.
    State(String),
    /// It is no SDP, from this line on.
    Syntax {
        /// The line, from 1.
        line: u32,
        /// What is wrong with it.
        message: String,
    },
    /// The content is invalid; RTP and RTCP that are not multiplexed count as such.
    Invalid(String),
}

impl Connection {
    /// `webrtc-pc#dom-peerconnection-setlocaldescription`, the steps that are chained.
    pub(super) fn set_local_description(&mut self, description: LocalDescriptionInit) -> PromiseId {
        let sdp_type = description.sdp_type.unwrap_or(match self.signaling_state {
            SignalingState::Stable | SignalingState::HaveLocalOffer | SignalingState::HaveRemotePranswer => {
                SdpType::Offer
            }
            _ => SdpType::Answer,
        });
        let mut sdp = description.sdp;
        let last_created = match sdp_type {
            SdpType::Offer => &self.last_created_offer,
            SdpType::Answer | SdpType::Pranswer => &self.last_created_answer,
            SdpType::Rollback => {
                return self.set_a_session_description(SessionDescription { sdp_type, sdp }, false);
            }
        };
        let last_created_sdp = last_created.as_ref().map_or("", |created| &created.sdp);
        if !sdp.is_empty() && *sdp != *last_created_sdp {
            return self.promises.settled(Err(Exception::new(
                ExceptionName::InvalidModificationError,
                format!("the {sdp_type} is not the one that was created last"),
            )));
        }
        if sdp.is_empty() {
            let accurate = last_created
                .as_ref()
                .is_some_and(|created| created.state == self.system_state());
            if !accurate {
                let created = match sdp_type {
                    SdpType::Offer => self.create_an_offer(Default::default()),
                    _ => self.create_an_answer(),
                };
                let result = self.promises.create();
                self.promises
                    .react(created, Reaction::SetCreatedDescription { sdp_type, result });
                return result;
            }
            sdp = last_created_sdp.into();
        }
        self.set_a_session_description(SessionDescription { sdp_type, sdp }, false)
    }

    /// `webrtc-pc#dom-peerconnection-setremotedescription`, the steps that are chained.
    pub(super) fn set_remote_description(&mut self, description: SessionDescription) -> PromiseId {
        let invalid_offer = description.sdp_type == SdpType::Offer
            && !matches!(
                self.signaling_state,
                SignalingState::Stable | SignalingState::HaveRemoteOffer
            );
        if invalid_offer {
            let rollback = SessionDescription {
                sdp_type: SdpType::Rollback,
                sdp: "".into(),
            };
            let rolled_back = self.set_a_session_description(rollback, false);
            let result = self.promises.create();
            self.promises.react(
                rolled_back,
                Reaction::SetRemoteAfterRollback { description, result },
            );
            return result;
        }
        self.set_a_session_description(description, true)
    }

    /// `webrtc-pc#set-description`: the promise, and the process to apply the description, which runs in parallel and
    /// waits for nothing.
    pub(super) fn set_a_session_description(
        &mut self,
        description: SessionDescription,
        remote: bool,
    ) -> PromiseId {
        let promise = self.promises.create();
        if description.sdp_type == SdpType::Rollback
            && matches!(
                self.signaling_state,
                SignalingState::Stable
                    | SignalingState::HaveLocalPranswer
                    | SignalingState::HaveRemotePranswer
            )
        {
            let message = format!(
                "nothing can be rolled back in signaling state {}",
                self.signaling_state
            );
            self.promises.settle(
                promise,
                Err(Exception::new(ExceptionName::InvalidStateError, message)),
            );
            return promise;
        }
        self.start_the_process_to_apply(promise, description, remote);
        promise
    }

    /// `webrtc-pc#set-description`, step 4.
    fn start_the_process_to_apply(
        &mut self,
        promise: PromiseId,
        description: SessionDescription,
        remote: bool,
    ) {
        match self.process_to_apply(description, remote) {
            Ok(applied) => self.queue(Task::DescriptionApplied {
                promise,
                applied: Box::new(applied),
            }),
            Err(error) => self.queue(Task::DescriptionFailed { promise, error }),
        }
    }

    /// `webrtc-pc#set-description`, step 4.6: the process to apply the description failed.
    pub(super) fn description_failed(&mut self, promise: PromiseId, error: ApplyError) {
        if self.is_closed {
            return;
        }
        let reason = match error {
            ApplyError::State(message) => Exception::new(ExceptionName::InvalidStateError, message),
            ApplyError::Syntax { line, message } => Exception::sdp_syntax_error(line, message),
            ApplyError::Invalid(message) => Exception::new(ExceptionName::InvalidAccessError, message),
        };
        self.pieces.push_back(Piece::Settle(promise, Err(reason)));
    }

    /// `webrtc-pc#set-description`, step 4.7: the description was applied successfully.
    pub(super) fn description_applied(&mut self, promise: PromiseId, applied: Applied) {
        if self.is_closed {
            return;
        }
        let is_offer = applied.description.sdp_type == SdpType::Offer;
        let overtaken = applied.remote && is_offer && applied.tracks_added != self.tracks_added;
        let setting = self
            .collected()
            .any(|(_, transceiver)| transceiver.sender.parameters_being_set > 0);
        if overtaken || setting {
            self.start_the_process_to_apply(promise, applied.description, applied.remote);
            return;
        }
        let Applied {
            description,
            remote,
            session,
            made_of,
            ..
        } = applied;
        let sdp_type = description.sdp_type;
        let signaling_state_before = self.signaling_state;
        if is_offer && self.signaling_state == SignalingState::Stable {
            self.remember_the_last_stable_state();
        }
        self.descriptions_set += 1;
        let mut changes = TrackChanges::default();
        let mut error_list = Vec::new();
        match session {
            Some(session) => {
                let described = AppliedDescription::new(description, session);
                self.assign_transports(&described, remote, &made_of);
                if remote {
                    self.adopt_remote_description(described.clone());
                } else {
                    self.adopt_local_description(described.clone());
                }
                error_list = self.apply_to_sctp(&described, remote);
                if remote {
                    self.apply_remote_media(&described, &mut changes);
                } else {
                    self.apply_local_media(&described, &made_of, &mut changes);
                }
                self.apply_ice(&described, remote);
                if sdp_type == SdpType::Answer {
                    self.complete_transports(remote);
                }
            }
            None => self.roll_back(&mut changes),
        }
        if self.signaling_state == SignalingState::Stable {
            self.match_encodings_to_codecs();
            self.negotiation_needed = false;
            self.update_the_negotiation_needed_flag();
        }
        self.configure_media();
        if self.signaling_state != signaling_state_before {
            self.fire(Handle::CONNECTION, EventKind::SignalingStateChange);
        }
        for channel in error_list {
            let message = "no id is left for the channel".to_owned();
            let error = rtc_error(RtcErrorDetail::DataChannelFailure, message);
            self.fire(channel, EventKind::Error { error });
        }
        self.fire_track_changes(changes);
        self.pieces
            .push_back(Piece::Settle(promise, Ok(Value::Undefined)));
    }

    /// `webrtc-pc#set-description`, step 4.7.4.
    fn remember_the_last_stable_state(&mut self) {
        self.last_stable_state_sctp_transport = self.sctp_transport;
        for id in self.set_of_transceivers.clone() {
            let Transceiver { sender, receiver, .. } = self.transceiver_mut(id);
            sender.last_stable_state_sender_transport = sender.sender_transport;
            sender.last_stable_ridless_send_encodings = match sender.send_encodings.as_slice() {
                [lone] if lone.rid.is_none() => Some(sender.send_encodings.clone()),
                _ => None,
            };
            receiver.last_stable_state_receiver_transport = receiver.receiver_transport;
            receiver.last_stable_state_associated_remote_media_streams =
                receiver.associated_remote_media_streams.clone();
            receiver.last_stable_state_receive_codecs = receiver.receive_codecs.clone();
            receiver.last_stable_state_receive_formats = receiver.receive_formats.clone();
        }
    }

    /// Which transport each media description uses from here on.
    fn assign_transports(&mut self, description: &AppliedDescription, remote: bool, made_of: &MadeOf) {
        let session = &description.session;
        let transports = match (description.sdp_type, remote) {
            (SdpType::Offer, false) => self.transports_of_local_offer(session, made_of),
            (SdpType::Offer, true) => self.transports_of_remote_offer(session),
            (_, false) => self.transports_of_local_answer(session, made_of),
            (_, true) => self.transports_of_remote_answer(session),
        };
        if description.sdp_type == SdpType::Offer && self.pending_section_transports.is_some() {
            // An offer that takes the place of another: what only that one needed is not needed any more.
            self.pending_section_transports = Some(transports);
            self.discard_what_nobody_offers();
        } else if description.sdp_type == SdpType::Offer || description.sdp_type == SdpType::Pranswer {
            self.pending_section_transports = Some(transports);
        } else {
            self.pending_section_transports = None;
            self.current_section_transports = transports;
        }
    }

    /// What a completed negotiation means for the transports, and for transceivers that are stopped (`webrtc-pc#set-description`,
    /// steps 4.7.13 and 4.7.14.1).
    fn complete_transports(&mut self, remote: bool) {
        self.answered_locally = !remote;
        self.settle_transports();
        self.remove_stopped_transceivers();
        for transceiver in &mut self.transceivers {
            transceiver.created_by_pending_offer = false;
            transceiver.associated_by_pending_description = false;
        }
        self.discard_unused_transports();
        self.queue_if_states_change();
    }

    /// `webrtc-pc#set-description`, step 4.7.13.
    fn remove_stopped_transceivers(&mut self) {
        let descriptions = [&self.current_local_description, &self.current_remote_description];
        let is_rejected = |index: usize| {
            descriptions.into_iter().flatten().any(|description| {
                let section = description.session.sections.get(index);
                section.is_some_and(|section| section.is_rejected)
            })
        };
        let removed: Vec<TransceiverId> = self
            .collected()
            .filter(|(_, transceiver)| {
                transceiver.stopped && transceiver.m_line_index.is_some_and(is_rejected)
            })
            .map(|(id, _)| id)
            .collect();
        self.set_of_transceivers.retain(|id| !removed.contains(id));
    }

    /// `webrtc-pc#set-description`, step 4.7.5.
    fn adopt_local_description(&mut self, description: AppliedDescription) {
        match description.sdp_type {
            SdpType::Offer => {
                self.pending_local_description = Some(description);
                self.signaling_state = SignalingState::HaveLocalOffer;
            }
            SdpType::Pranswer => {
                self.pending_local_description = Some(description);
                self.signaling_state = SignalingState::HaveLocalPranswer;
            }
            SdpType::Answer | SdpType::Rollback => {
                self.current_local_description = Some(description);
                self.current_remote_description = self.pending_remote_description.take();
                self.complete_negotiation();
            }
        }
        self.release_early_candidates();
    }

    /// `webrtc-pc#set-description`, step 4.7.6.
    fn adopt_remote_description(&mut self, description: AppliedDescription) {
        self.can_trickle_ice_candidates = Some(description.session.trickle);
        match description.sdp_type {
            SdpType::Offer => {
                self.pending_remote_description = Some(description);
                self.signaling_state = SignalingState::HaveRemoteOffer;
            }
            SdpType::Pranswer => {
                self.pending_remote_description = Some(description);
                self.signaling_state = SignalingState::HaveRemotePranswer;
            }
            SdpType::Answer | SdpType::Rollback => {
                self.current_remote_description = Some(description);
                self.current_local_description = self.pending_local_description.take();
                self.complete_negotiation();
            }
        }
    }

    /// What steps 4.7.5.2 and 4.7.6.2 of `webrtc-pc#set-description` have in common: an answer completes the negotiation.
    fn complete_negotiation(&mut self) {
        self.pending_local_description = None;
        self.pending_remote_description = None;
        self.last_created_offer = None;
        self.last_created_answer = None;
        self.signaling_state = SignalingState::Stable;
        let current = self.current_local_description.iter();
        let still_used = current
            .flat_map(|description| &description.session.transports)
            .any(|transport| {
                self.local_ice_credentials_to_replace
                    .contains(&transport.credentials)
            });
        if !still_used {
            self.local_ice_credentials_to_replace.clear();
        }
    }

    /// `webrtc-pc#set-description`, steps 4.7.7, 4.7.8 and 4.7.10, with DTLS, which they speak of. Returns the channels that
    /// no id was left for.
    fn apply_to_sctp(&mut self, description: &AppliedDescription, remote: bool) -> Vec<Handle> {
        let is_answer = description.sdp_type != SdpType::Offer;
        let data = description.session.data.as_ref();
        match data {
            Some(data) if !is_answer && self.sctp_transport.is_none() => {
                if let Some(transport) = self.transport_of_section(data.index) {
                    self.sctp_transport = Some(self.create_an_rtc_sctp_transport(transport));
                }
            }
            None if description.sdp_type == SdpType::Answer => self.close_sctp(),
            _ => {}
        }
        if !is_answer {
            return Vec::new();
        }
        let transports = self.section_transports().to_vec();
        self.move_sctp(&description.session, &transports);
        self.update_the_data_max_message_size();
        self.negotiate_dtls(description, remote);
        self.give_ids_to_channels()
    }

    /// `webrtc-pc#set-description`, step 4.7.8.
    fn close_sctp(&mut self) {
        let now = self.now;
        let Some(sctp) = self.sctp_transport.take() else {
            return;
        };
        let transport = self.sctp_transports[sctp.0].transport;
        // Where the transport itself is discarded, SCTP ends with it.
        let still_used = self.current_section_transports.contains(&Some(transport));
        if still_used {
            self.transport_mut(transport).abort_sctp(now);
            self.queue(Task::SctpClosed { sctp, error: None });
        }
    }

    /// `webrtc-pc#set-description`, step 4.7.10.2: ids for the channels that wait for the DTLS role.
    fn give_ids_to_channels(&mut self) -> Vec<Handle> {
        let mut error_list = Vec::new();
        let Some(role) = self
            .sctp()
            .and_then(|sctp| self.transport(sctp.transport).dtls_role())
        else {
            return error_list;
        };
        for handle in self.data_channels.clone() {
            if self
                .channels
                .get(&handle)
                .is_none_or(|channel| channel.id.is_some())
            {
                continue;
            }
            let id = self.generate_id(role);
            if let Some(channel) = self.channels.get_mut(&handle) {
                channel.id = id;
                if id.is_none() {
                    channel.ready_state = DataChannelState::Closed;
                    channel.released = true;
                    error_list.push(handle);
                }
            }
        }
        error_list
    }
}
