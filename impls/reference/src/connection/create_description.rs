//! `createOffer()` and `createAnswer()`.

use glare_peer::{
    Exception, ExceptionName, MediaKind, OfferOptions, OperationId, RtpTransceiverDirection,
    RtpTransceiverInit, SdpType, SessionDescription, SignalingState, Value,
};

use super::Connection;
use super::operations_chain::ChainedOperation;
use super::promises::PromiseId;
use super::slots::{CreatedDescription, SystemState};
use super::tasks::{Piece, Task};

impl Connection {
    /// `createOffer()`; with a legacy option, as `webrtc-pc#legacy-configuration-extensions` says.
    pub(super) fn call_create_offer(&mut self, id: OperationId, options: OfferOptions) {
        let legacy = [
            (options.offer_to_receive_audio, MediaKind::Audio),
            (options.offer_to_receive_video, MediaKind::Video),
        ];
        for (option, kind) in legacy {
            match option {
                Some(false) => self.offer_not_to_receive(kind),
                Some(true) if self.offer_to_receive(kind).is_err() => {
                    return self.chain_create_offer(id, options);
                }
                _ => {}
            }
        }
        self.chain_create_offer(id, options);
    }

    fn chain_create_offer(&mut self, id: OperationId, options: OfferOptions) {
        self.chain_an_operation(id, ChainedOperation::CreateOffer(options));
    }

    /// `webrtc-pc#legacy-configuration-extensions`, step 3.1.
    fn offer_not_to_receive(&mut self, kind: MediaKind) {
        for id in self.set_of_transceivers.clone() {
            let transceiver = self.transceiver_mut(id);
            if !transceiver.stopped && transceiver.kind == kind {
                transceiver.direction = RtpTransceiverDirection::of(transceiver.direction.sends(), false);
            }
        }
    }

    /// `webrtc-pc#legacy-configuration-extensions`, steps 3.2 to 3.5.
    fn offer_to_receive(&mut self, kind: MediaKind) -> Result<(), Exception> {
        let mut all = self.collected();
        if all.any(|(_, it)| !it.stopped && it.kind == kind && it.direction.receives()) {
            return Ok(());
        }
        drop(all);
        let init = RtpTransceiverInit::default();
        let id = self.add_transceiver_unannounced(None, kind, Vec::new(), init)?;
        self.transceiver_mut(id).direction = RtpTransceiverDirection::RecvOnly;
        Ok(())
    }

    /// `webrtc-pc#dfn-creating-an-offer`.
    pub(super) fn create_an_offer(&mut self, options: OfferOptions) -> PromiseId {
        if !matches!(
            self.signaling_state,
            SignalingState::Stable | SignalingState::HaveLocalOffer
        ) {
            return self.promises.settled(Err(Exception::new(
                ExceptionName::InvalidStateError,
                format!(
                    "an offer cannot be created in signaling state {}",
                    self.signaling_state
                ),
            )));
        }
        let promise = self.promises.create();
        self.in_parallel_steps_to_create_an_offer(promise, options);
        promise
    }

    /// `webrtc-pc#dfn-in-parallel-steps-to-create-an-offer`. The certificate exists since the connection does, and nothing
    /// that is negotiated can run out, so the inspection cannot fail.
    fn in_parallel_steps_to_create_an_offer(&mut self, promise: PromiseId, options: OfferOptions) {
        let inspected = self.system_state();
        self.queue(Task::FinalStepsToCreateAnOffer {
            promise,
            options,
            inspected,
        });
    }

    /// `webrtc-pc#dfn-final-steps-to-create-an-offer`.
    pub(super) fn final_steps_to_create_an_offer(
        &mut self,
        promise: PromiseId,
        options: OfferOptions,
        inspected: &SystemState,
    ) {
        if self.is_closed {
            return;
        }
        if self.system_state() != *inspected {
            self.in_parallel_steps_to_create_an_offer(promise, options);
            return;
        }
        let (sdp, made_of) = self.generate_offer(options);
        self.resolve_with_description(promise, SdpType::Offer, &sdp);
        let state = self.system_state();
        self.last_created_offer = Some(CreatedDescription { sdp, state, made_of });
    }

    /// `webrtc-pc#dfn-creating-an-answer`.
    pub(super) fn create_an_answer(&mut self) -> PromiseId {
        if !matches!(
            self.signaling_state,
            SignalingState::HaveRemoteOffer | SignalingState::HaveLocalPranswer
        ) {
            return self.promises.settled(Err(Exception::new(
                ExceptionName::InvalidStateError,
                format!(
                    "an answer cannot be created in signaling state {}",
                    self.signaling_state
                ),
            )));
        }
        let promise = self.promises.create();
        self.in_parallel_steps_to_create_an_answer(promise);
        promise
    }

    /// `webrtc-pc#dfn-in-parallel-steps-to-create-an-answer`.
    fn in_parallel_steps_to_create_an_answer(&mut self, promise: PromiseId) {
        let inspected = self.system_state();
        self.queue(Task::FinalStepsToCreateAnAnswer { promise, inspected });
    }

    /// `webrtc-pc#dfn-final-steps-to-create-an-answer`.
    pub(super) fn final_steps_to_create_an_answer(&mut self, promise: PromiseId, inspected: &SystemState) {
        if self.is_closed {
            return;
        }
        if self.system_state() != *inspected {
            self.in_parallel_steps_to_create_an_answer(promise);
            return;
        }
        match self.generate_answer() {
            Some((sdp, made_of)) => {
                self.resolve_with_description(promise, SdpType::Answer, &sdp);
                let state = self.system_state();
                self.last_created_answer = Some(CreatedDescription { sdp, state, made_of });
            }
            None => {
                let reason = Exception::new(ExceptionName::OperationError, "there is no offer to answer");
                self.pieces.push_back(Piece::Settle(promise, Err(reason)));
            }
        }
    }

    fn resolve_with_description(&mut self, promise: PromiseId, sdp_type: SdpType, sdp: &str) {
        let description = SessionDescription {
            sdp_type,
            sdp: sdp.into(),
        };
        self.pieces
            .push_back(Piece::Settle(promise, Ok(Value::Description(description))));
    }
}
