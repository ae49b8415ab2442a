//! `setLocalDescription()`, `setRemoteDescription()`, and setting the session description.

use glare_peer::{
    DataChannelState, DtlsTransportState, EventKind, Exception, ExceptionName, Handle, IceTransportState,
    LocalDescriptionInit, RtcErrorDetail, SdpType, SessionDescription, SignalingState, Value,
};

use super::Connection;
use super::data_channel::rtc_error;
use super::promises::{PromiseId, Reaction};
use super::session::Session;
use super::slots::AppliedDescription;
use super::tasks::{Piece, Task};
use super::transport::TransportId;

/// A description that the process to apply it has accepted.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) description: SessionDescription,
    pub(super) remote: bool,
    /// Its content; none for a rollback.
    pub(super) session: Option<Session>,
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
        let last_created_sdp = last_created.as_ref().map_or("", |(sdp, _)| sdp);
        if !sdp.is_empty() && *sdp != *last_created_sdp {
            return self.promises.settled(Err(Exception::new(
                ExceptionName::InvalidModificationError,
                format!("the {sdp_type} is not the one that was created last"),
            )));
        }
        if sdp.is_empty() {
            let accurate = last_created
                .as_ref()
                .is_some_and(|(_, state)| *state == self.system_state());
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
        match self.process_to_apply(description, remote) {
            Ok(applied) => self.queue(Task::DescriptionApplied {
                promise,
                applied: Box::new(applied),
            }),
            Err(error) => self.queue(Task::DescriptionFailed { promise, error }),
        }
        promise
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

    /// `webrtc-pc#set-description`, step 4.7: the description was applied successfully. The steps for transceivers have
    /// nothing to do where media descriptions of RTP are all rejected.
    pub(super) fn description_applied(&mut self, promise: PromiseId, applied: Applied) {
        if self.is_closed {
            return;
        }
        let Applied {
            description,
            remote,
            session,
        } = applied;
        let sdp_type = description.sdp_type;
        let signaling_state_before = self.signaling_state;
        if sdp_type == SdpType::Offer && self.signaling_state == SignalingState::Stable {
            self.last_stable_state_sctp_transport = self.sctp_transport;
        }
        self.descriptions_set += 1;
        let mut error_list = Vec::new();
        match session {
            Some(session) => {
                let described = AppliedDescription::new(description, session);
                if remote {
                    self.adopt_remote_description(described.clone());
                } else {
                    self.adopt_local_description(described.clone());
                }
                error_list = self.apply_to_transport(&described, remote);
            }
            None => self.roll_back(),
        }
        if self.signaling_state == SignalingState::Stable {
            self.negotiation_needed = false;
            self.update_the_negotiation_needed_flag();
        }
        if self.signaling_state != signaling_state_before {
            self.fire(Handle::CONNECTION, EventKind::SignalingStateChange);
        }
        for channel in error_list {
            let message = "no id is left for the channel".to_owned();
            let error = rtc_error(RtcErrorDetail::DataChannelFailure, message);
            self.fire(channel, EventKind::Error { error });
        }
        self.pieces
            .push_back(Piece::Settle(promise, Ok(Value::Undefined)));
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
        let current = self.current_local_description.as_ref();
        let current = current.and_then(|description| description.session.data.as_ref());
        let still_used =
            current.is_some_and(|data| self.local_ice_credentials_to_replace.contains(&data.credentials));
        if !still_used {
            self.local_ice_credentials_to_replace.clear();
        }
    }

    /// `webrtc-pc#set-description`, steps 4.7.7, 4.7.8 and 4.7.10, and what applying the description does to the transport
    /// (RFC 9429 sections 5.9 to 5.11). Returns the channels that no id was left for.
    fn apply_to_transport(&mut self, description: &AppliedDescription, remote: bool) -> Vec<Handle> {
        let is_answer = description.sdp_type != SdpType::Offer;
        let data = description.session.data.as_ref();
        match data {
            Some(data) if !is_answer && self.sctp_transport.is_none() => {
                let ice_lite = description.session.ice_lite;
                self.sctp_transport = Some(self.create_an_rtc_sctp_transport(data, remote, ice_lite));
            }
            None if description.sdp_type == SdpType::Answer => {
                if let Some(id) = self.sctp_transport.take() {
                    self.discard_transport(id);
                }
            }
            _ => {}
        }
        if data.is_none() {
            return Vec::new();
        }
        let mut error_list = Vec::new();
        if is_answer {
            self.update_the_data_max_message_size();
            self.negotiate_dtls(description, remote);
            error_list = self.give_ids_to_channels();
        }
        self.apply_ice(description, remote);
        error_list
    }

    /// `webrtc-pc#set-description`, step 4.7.10.2: ids for the channels that wait for the DTLS role.
    fn give_ids_to_channels(&mut self) -> Vec<Handle> {
        let mut error_list = Vec::new();
        let Some(role) = self.transport().and_then(|transport| transport.dtls_role()) else {
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

    /// `webrtc-pc#set-description`, step 4.7.12, and RFC 9429 section 5.7.
    fn roll_back(&mut self) {
        self.pending_local_description = None;
        self.pending_remote_description = None;
        let kept = self.last_stable_state_sctp_transport;
        if self.sctp_transport != kept {
            if let Some(id) = self.sctp_transport {
                self.discard_transport(id);
            }
            self.sctp_transport = kept;
        }
        let now = self.now;
        let settled = self
            .current_local_description
            .as_ref()
            .and_then(|it| it.session.data.as_ref());
        let settled = settled.map(|data| data.credentials.clone());
        if let Some(transport) = self.transport_mut() {
            transport.roll_back(now, settled.as_ref());
        }
        self.signaling_state = SignalingState::Stable;
    }

    /// Ends a transport that no description refers to any more. What is derived from the transports changes in a task of
    /// its own, after the signaling state has been reported.
    fn discard_transport(&mut self, id: TransportId) {
        let now = self.now;
        let transport = &mut self.transports[id.0];
        transport.tear_down(now);
        for address in transport.addresses.drain(..) {
            self.bound.remove(&address);
        }
        self.queue(Task::TransportDiscarded);
        self.queue(Task::SctpClosed {
            transport: id,
            error: None,
        });
        self.queue(Task::DtlsChanged {
            transport: id,
            state: DtlsTransportState::Closed,
        });
        self.queue(Task::IceChanged {
            transport: id,
            selected: None,
            state: Some(IceTransportState::Closed),
        });
    }
}
