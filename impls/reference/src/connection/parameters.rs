//! `getParameters()`, `setParameters()` and `replaceTrack()`.

use glare_peer::{
    Exception, ExceptionName, Handle, OperationId, RtcpParameters, RtpReceiveParameters, RtpSendParameters,
    Value,
};
use serde::Serialize;

use super::Connection;
use super::encodings;
use super::operations_chain::ChainedOperation;
use super::promises::{PromiseId, Reaction};
use super::tasks::{Piece, Task};
use super::transceiver::{TransceiverId, not_a};

impl Connection {
    /// `getParameters()` of a sender or of a receiver.
    pub(super) fn get_parameters(&mut self, object: Handle) -> Result<Value, Exception> {
        if let Ok(id) = self.transceiver_of_sender(object) {
            return Ok(dictionary(&self.get_send_parameters(id)));
        }
        if let Ok(id) = self.transceiver_of_receiver(object) {
            return Ok(dictionary(&self.get_receive_parameters(id)));
        }
        Err(not_a(object, "RTCRtpSender or RTCRtpReceiver"))
    }

    /// `webrtc-pc#dom-rtcrtpsender-getparameters`.
    fn get_send_parameters(&mut self, id: TransceiverId) -> RtpSendParameters {
        if let Some(returned) = &self.transceiver(id).sender.last_returned_parameters {
            return returned.clone();
        }
        let transaction_id = self.new_uuid();
        let cname = self.cname.clone();
        let sender = &mut self.transceiver_mut(id).sender;
        let result = RtpSendParameters {
            transaction_id,
            encodings: sender.send_encodings.clone(),
            header_extensions: sender.header_extensions.clone(),
            rtcp: RtcpParameters {
                cname: Some(cname),
                reduced_size: Some(sender.reduced_size),
            },
            codecs: sender.send_codecs.clone(),
        };
        sender.last_returned_parameters = Some(result.clone());
        self.queue(Task::ForgetLastReturnedParameters { transceiver: id });
        result
    }

    /// `webrtc-pc#dom-rtcrtpsender-getparameters`, step 5.
    pub(super) fn forget_last_returned_parameters(&mut self, id: TransceiverId) {
        self.transceiver_mut(id).sender.last_returned_parameters = None;
    }

    /// `webrtc-pc#dom-rtcrtpreceiver-getparameters`.
    fn get_receive_parameters(&self, id: TransceiverId) -> RtpReceiveParameters {
        let receiver = &self.transceiver(id).receiver;
        RtpReceiveParameters {
            header_extensions: receiver.header_extensions.clone(),
            rtcp: RtcpParameters {
                cname: None,
                reduced_size: Some(receiver.reduced_size),
            },
            codecs: receiver.receive_codecs.clone(),
        }
    }

    /// `webrtc-pc#dom-rtcrtpsender-setparameters`.
    pub(super) fn set_parameters(
        &mut self,
        operation: OperationId,
        sender: Handle,
        parameters: RtpSendParameters,
    ) -> Result<(), Exception> {
        let id = self.transceiver_of_sender(sender)?;
        match self.validated_parameters(id, parameters) {
            Ok(parameters) => {
                let promise = self.promises.create();
                self.promises.react(promise, Reaction::Host(operation));
                self.transceiver_mut(id).sender.parameters_being_set += 1;
                self.queue(Task::ParametersConfigured {
                    promise,
                    transceiver: id,
                    parameters: Box::new(parameters),
                });
            }
            Err(reason) => self.reject_at_once(operation, reason),
        }
        Ok(())
    }

    /// `webrtc-pc#dom-rtcrtpsender-setparameters`, steps 4 to 6.
    fn validated_parameters(
        &self,
        id: TransceiverId,
        mut parameters: RtpSendParameters,
    ) -> Result<RtpSendParameters, Exception> {
        let transceiver = self.transceiver(id);
        if transceiver.stopping {
            return Err(Exception::new(
                ExceptionName::InvalidStateError,
                "the transceiver is stopping or stopped",
            ));
        }
        let sender = &transceiver.sender;
        let last_returned = sender.last_returned_parameters.as_ref().ok_or_else(|| {
            let message = "the parameters are not those of a getParameters() that still holds";
            Exception::new(ExceptionName::InvalidStateError, message)
        })?;
        encodings::validate_parameters(
            &mut parameters,
            transceiver.kind,
            &sender.send_encodings,
            last_returned,
        )?;
        Ok(parameters)
    }

    /// `webrtc-pc#dom-rtcrtpsender-setparameters`, step 8.1. The media stack takes everything that was found valid.
    pub(super) fn parameters_configured(
        &mut self,
        promise: PromiseId,
        id: TransceiverId,
        parameters: RtpSendParameters,
    ) {
        let sender = &mut self.transceiver_mut(id).sender;
        sender.parameters_being_set = sender.parameters_being_set.saturating_sub(1);
        sender.last_returned_parameters = None;
        sender.send_encodings = parameters.encodings;
        self.media_changed(id);
        self.pieces
            .push_back(Piece::Settle(promise, Ok(Value::Undefined)));
    }

    /// `webrtc-pc#dom-rtcrtpsender-replacetrack`.
    pub(super) fn call_replace_track(
        &mut self,
        operation: OperationId,
        sender: Handle,
        with_track: Option<Handle>,
    ) -> Result<(), Exception> {
        let id = self.transceiver_of_sender(sender)?;
        let kind = self.transceiver(id).kind;
        if let Some(track) = with_track
            && self.track(track)?.kind != kind
        {
            let message = format!("the track is not one of {kind}");
            self.reject_at_once(operation, Exception::new(ExceptionName::TypeError, message));
            return Ok(());
        }
        self.chain_an_operation(operation, ChainedOperation::ReplaceTrack(id, with_track));
        Ok(())
    }

    /// `webrtc-pc#dom-rtcrtpsender-replacetrack`, the steps that are chained. Any generated track fits what was negotiated for
    /// its kind, so step 6.4.2 finds nothing.
    pub(super) fn replace_track(&mut self, id: TransceiverId, with_track: Option<Handle>) -> PromiseId {
        if self.transceiver(id).stopping {
            return self.promises.settled(Err(Exception::new(
                ExceptionName::InvalidStateError,
                "the transceiver is stopping or stopped",
            )));
        }
        let promise = self.promises.create();
        self.queue(Task::TrackReplaced {
            promise,
            transceiver: id,
            with_track,
        });
        promise
    }

    /// `webrtc-pc#dom-rtcrtpsender-replacetrack`, step 6.4.4. The promise is resolved in a task of its own.
    pub(super) fn track_replaced(
        &mut self,
        promise: PromiseId,
        id: TransceiverId,
        with_track: Option<Handle>,
    ) {
        if self.is_closed {
            return;
        }
        self.transceiver_mut(id).sender.sender_track = with_track;
        self.media_changed(id);
        self.queue(Task::Resolve { promise });
    }
}

/// A dictionary of the specification as a value.
pub(super) fn dictionary(value: &impl Serialize) -> Value {
    // The dictionaries of glare_peer have text for keys and no number that JSON does not know, so this does not fail.
    serde_json::to_value(value).map_or(Value::Null, Value::from_json)
}
