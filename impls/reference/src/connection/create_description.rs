//! `createOffer()` and `createAnswer()`.

use glare_peer::{
    Exception, ExceptionName, OfferOptions, SdpType, SessionDescription, SignalingState, Value,
};

use super::Connection;
use super::promises::PromiseId;
use super::tasks::{Piece, Task};

impl Connection {
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
    /// that data channels need can run out, so the inspection cannot fail.
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
        inspected: &super::slots::SystemState,
    ) {
        if self.is_closed {
            return;
        }
        if self.system_state() != *inspected {
            self.in_parallel_steps_to_create_an_offer(promise, options);
            return;
        }
        let sdp = self.generate_offer(options);
        self.resolve_with_description(promise, SdpType::Offer, &sdp);
        self.last_created_offer = Some((sdp, self.system_state()));
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
    pub(super) fn final_steps_to_create_an_answer(
        &mut self,
        promise: PromiseId,
        inspected: &super::slots::SystemState,
    ) {
        if self.is_closed {
            return;
        }
        if self.system_state() != *inspected {
            self.in_parallel_steps_to_create_an_answer(promise);
            return;
        }
        match self.generate_answer() {
            Some(sdp) => {
                self.resolve_with_description(promise, SdpType::Answer, &sdp);
                self.last_created_answer = Some((sdp, self.system_state()));
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
