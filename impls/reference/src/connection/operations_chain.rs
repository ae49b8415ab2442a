//! The operations chain: one asynchronous operation at a time.

use glare_peer::{
    Exception, ExceptionName, Handle, IceCandidate, LocalDescriptionInit, OfferOptions, OperationId, SdpType,
    SessionDescription, Step, Value,
};

use super::Connection;
use super::promises::{PromiseId, Reaction, Settlement};
use super::transceiver::TransceiverId;

/// An operation that goes through the chain.
#[derive(Debug, Clone)]
pub(super) enum ChainedOperation {
    CreateOffer(OfferOptions),
    CreateAnswer,
    SetLocalDescription(LocalDescriptionInit),
    SetRemoteDescription(SessionDescription),
    AddIceCandidate(IceCandidate),
    ReplaceTrack(TransceiverId, Option<Handle>),
}

impl Connection {
    /// `webrtc-pc#chain-an-asynchronous-operation`. The returned promise is the one `id` names.
    pub(super) fn chain_an_operation(&mut self, id: OperationId, operation: ChainedOperation) {
        if self.is_closed {
            let reason = Exception::new(ExceptionName::InvalidStateError, "the connection is closed");
            self.reject_at_once(id, reason);
            return;
        }
        let promise = self.promises.create();
        self.promises.react(promise, Reaction::Host(id));
        self.operations.push_back((operation, promise));
        if self.operations.len() == 1 {
            self.execute_first_operation();
        }
    }

    /// "Return a promise rejected with" `reason`.
    pub(super) fn reject_at_once(&mut self, id: OperationId, reason: Exception) {
        let promise = self.promises.settled(Err(reason));
        self.promises.react(promise, Reaction::Host(id));
    }

    /// "Execute the operation represented by the first element of `[[Operations]]`."
    fn execute_first_operation(&mut self) {
        let Some((operation, chained)) = self.operations.front().cloned() else {
            return;
        };
        let returned = match operation {
            ChainedOperation::CreateOffer(options) => self.create_an_offer(options),
            ChainedOperation::CreateAnswer => self.create_an_answer(),
            ChainedOperation::SetLocalDescription(description) => self.set_local_description(description),
            ChainedOperation::SetRemoteDescription(description) => self.set_remote_description(description),
            ChainedOperation::AddIceCandidate(candidate) => self.add_ice_candidate(candidate),
            ChainedOperation::ReplaceTrack(transceiver, with_track) => {
                self.replace_track(transceiver, with_track)
            }
        };
        self.promises
            .react(returned, Reaction::OperationSettled { chained });
    }

    /// Runs one microtask. Stops where script has registered a reaction.
    pub(super) fn run_microtask(&mut self, reaction: Reaction, settlement: Settlement) -> Option<Step> {
        match reaction {
            Reaction::OperationSettled { chained } => self.operation_settled(chained, settlement),
            Reaction::ChainedSettled => self.chained_promise_settled(),
            Reaction::Host(id) => return Some(Step::Settled(id, settlement)),
            Reaction::SetCreatedDescription { sdp_type, result } => {
                self.set_created_description(sdp_type, result, settlement);
            }
            Reaction::SetRemoteAfterRollback { description, result } => match settlement {
                Ok(_) => {
                    let applied = self.set_a_session_description(description, true);
                    self.promises.react(applied, Reaction::Follow { result });
                }
                Err(reason) => self.promises.settle(result, Err(reason)),
            },
            Reaction::Follow { result } => self.promises.settle(result, settlement),
        }
        None
    }

    /// `webrtc-pc#chain-an-asynchronous-operation`, steps 7.1 to 7.4. Step 7.4 reacts to a promise that has settled just
    /// before, so what script registered on it comes first, and finds the operation still on the chain.
    fn operation_settled(&mut self, chained: PromiseId, settlement: Settlement) {
        if self.is_closed {
            return;
        }
        self.promises
            .settle_and_react(chained, settlement, Reaction::ChainedSettled);
    }

    /// `webrtc-pc#chain-an-asynchronous-operation`, step 7.4.
    fn chained_promise_settled(&mut self) {
        if self.is_closed {
            return;
        }
        self.operations.pop_front();
        if !self.operations.is_empty() {
            self.execute_first_operation();
            return;
        }
        if !self.update_negotiation_needed_flag_on_empty_chain {
            return;
        }
        self.update_negotiation_needed_flag_on_empty_chain = false;
        self.update_the_negotiation_needed_flag();
    }

    /// The fulfilment steps of `setLocalDescription()` without a description.
    fn set_created_description(&mut self, sdp_type: SdpType, result: PromiseId, settlement: Settlement) {
        match settlement {
            Ok(Value::Description(created)) => {
                let description = SessionDescription {
                    sdp_type,
                    sdp: created.sdp,
                };
                let applied = self.set_a_session_description(description, false);
                self.promises.react(applied, Reaction::Follow { result });
            }
            Ok(_) => {
                let reason = Exception::new(ExceptionName::OperationError, "no description was created");
                self.promises.settle(result, Err(reason));
            }
            Err(reason) => self.promises.settle(result, Err(reason)),
        }
    }
}
