//! Which algorithm each call of script runs.

use glare_peer::{Called, Exception, Handle, MediaKind, Operation, OperationId, Unsupported, Value};

use super::Connection;
use super::codecs;
use super::constructors;
use super::operations_chain::ChainedOperation;
use super::parameters::dictionary;

/// How the call of a method came back, as far as it does not throw.
type Outcome = Result<Called, Exception>;

const UNDEFINED: Called = Called::Returned(Value::Undefined);

impl Connection {
    /// Runs the algorithm of a call.
    pub(super) fn dispatch(&mut self, id: OperationId, operation: Operation) -> Called {
        let outcome = match operation {
            Operation::CreateOffer(_)
            | Operation::CreateAnswer
            | Operation::SetLocalDescription(_)
            | Operation::SetRemoteDescription(_)
            | Operation::AddIceCandidate(_)
            | Operation::RestartIce
            | Operation::Close => self.dispatch_negotiation(id, operation),
            Operation::GetConfiguration
            | Operation::SetConfiguration(_)
            | Operation::GenerateCertificate(_)
            | Operation::GetFingerprints { .. }
            | Operation::ConstructSessionDescription(_)
            | Operation::ConstructIceCandidate(_)
            | Operation::ConstructError(_) => self.dispatch_configuration(id, operation),
            Operation::GetUserMedia { .. }
            | Operation::ConstructMediaStream { .. }
            | Operation::GetTracks { .. }
            | Operation::GetAudioTracks { .. }
            | Operation::GetVideoTracks { .. }
            | Operation::GetTrackById { .. }
            | Operation::AddTrackToStream { .. }
            | Operation::RemoveTrackFromStream { .. }
            | Operation::CloneStream { .. }
            | Operation::SetEnabled { .. }
            | Operation::StopTrack { .. }
            | Operation::CloneTrack { .. } => self.dispatch_streams(id, operation),
            Operation::CreateDataChannel { .. }
            | Operation::Send { .. }
            | Operation::CloseDataChannel { .. }
            | Operation::SetBufferedAmountLowThreshold { .. }
            | Operation::SetBinaryType { .. } => self.dispatch_data(operation),
            Operation::GetRemoteCertificates { .. }
            | Operation::GetLocalCandidates { .. }
            | Operation::GetRemoteCandidates { .. }
            | Operation::GetSelectedCandidatePair { .. }
            | Operation::GetLocalParameters { .. }
            | Operation::GetRemoteParameters { .. } => self.dispatch_transports(operation),
            other => self.dispatch_media(id, other),
        };
        match outcome {
            Ok(called) => called,
            Err(exception) => Called::Threw(exception),
        }
    }

    fn dispatch_negotiation(&mut self, id: OperationId, operation: Operation) -> Outcome {
        match operation {
            Operation::CreateOffer(options) => self.call_create_offer(id, options),
            Operation::CreateAnswer => self.chain_an_operation(id, ChainedOperation::CreateAnswer),
            Operation::SetLocalDescription(description) => {
                self.set_local_description_was_called = true;
                self.chain_an_operation(id, ChainedOperation::SetLocalDescription(description));
            }
            Operation::SetRemoteDescription(description) => {
                self.chain_an_operation(id, ChainedOperation::SetRemoteDescription(description));
            }
            Operation::AddIceCandidate(candidate) => self.call_add_ice_candidate(id, candidate),
            Operation::RestartIce => {
                self.restart_ice();
                return Ok(UNDEFINED);
            }
            Operation::Close => {
                self.close();
                return Ok(UNDEFINED);
            }
            other => return Ok(unsupported(&other)),
        }
        Ok(Called::Promise)
    }

    fn dispatch_configuration(&mut self, id: OperationId, operation: Operation) -> Outcome {
        Ok(match operation {
            Operation::GetConfiguration => Called::Returned(self.get_configuration()),
            Operation::SetConfiguration(configuration) => undefined(self.set_configuration(*configuration))?,
            Operation::GenerateCertificate(algorithm) => {
                self.generate_certificate(id, &algorithm);
                Called::Promise
            }
            Operation::GetFingerprints { certificate } => {
                Called::Returned(self.get_fingerprints(certificate)?)
            }
            Operation::ConstructSessionDescription(init) => Called::Returned(Value::Description(init)),
            Operation::ConstructIceCandidate(init) => {
                Called::Returned(constructors::construct_ice_candidate(init)?)
            }
            Operation::ConstructError(init) => Called::Returned(constructors::construct_error(init)?),
            other => unsupported(&other),
        })
    }

    fn dispatch_streams(&mut self, id: OperationId, operation: Operation) -> Outcome {
        Ok(match operation {
            Operation::GetUserMedia { audio, video } => {
                self.get_user_media(id, audio, video);
                Called::Promise
            }
            Operation::ConstructMediaStream { tracks } => object(self.construct_media_stream(&tracks)?),
            Operation::GetTracks { stream } => list(self.tracks_of_stream(stream, None)?),
            Operation::GetAudioTracks { stream } => {
                list(self.tracks_of_stream(stream, Some(MediaKind::Audio))?)
            }
            Operation::GetVideoTracks { stream } => {
                list(self.tracks_of_stream(stream, Some(MediaKind::Video))?)
            }
            Operation::GetTrackById { stream, id } => {
                let track = self.track_by_id(stream, &id)?;
                Called::Returned(track.map_or(Value::Null, Value::Object))
            }
            Operation::AddTrackToStream { stream, track } => {
                undefined(self.add_track_to_stream(stream, track))?
            }
            Operation::RemoveTrackFromStream { stream, track } => {
                undefined(self.remove_track_from_stream(stream, track))?
            }
            Operation::CloneStream { stream } => object(self.clone_stream(stream)?),
            Operation::SetEnabled { track, enabled } => undefined(self.set_enabled(track, enabled))?,
            Operation::StopTrack { track } => undefined(self.stop_track(track))?,
            Operation::CloneTrack { track } => object(self.clone_track(track)?),
            other => unsupported(&other),
        })
    }

    fn dispatch_data(&mut self, operation: Operation) -> Outcome {
        Ok(match operation {
            Operation::CreateDataChannel { label, init } => object(self.create_data_channel(label, init)?),
            Operation::Send { channel, data } => undefined(self.send(channel, &data))?,
            Operation::CloseDataChannel { channel } => undefined(self.close_data_channel(channel))?,
            Operation::SetBufferedAmountLowThreshold { channel, threshold } => {
                undefined(self.set_buffered_amount_low_threshold(channel, threshold))?
            }
            Operation::SetBinaryType { channel, binary_type } => {
                undefined(self.set_binary_type(channel, &binary_type))?
            }
            other => unsupported(&other),
        })
    }

    fn dispatch_media(&mut self, id: OperationId, operation: Operation) -> Outcome {
        Ok(match operation {
            Operation::GetSenders => list(self.collect_senders()),
            Operation::GetReceivers => list(self.collect_receivers()),
            Operation::GetTransceivers => list(self.collect_transceivers()),
            Operation::AddTrack { track, streams } => object(self.add_track(track, &streams)?),
            Operation::RemoveTrack { sender } => undefined(self.remove_track(sender))?,
            Operation::AddTransceiver { track_or_kind, init } => {
                object(self.add_transceiver(&track_or_kind, init)?)
            }
            Operation::AddStream { stream } => undefined(self.add_stream(stream))?,
            Operation::RemoveStream { stream } => undefined(self.remove_stream(stream))?,
            Operation::CreateDtmfSender { track } => object(self.create_dtmf_sender(track)?),
            Operation::GetSenderCapabilities { kind } | Operation::GetReceiverCapabilities { kind } => {
                let kind = kind.parse::<MediaKind>().ok();
                Called::Returned(kind.map_or(Value::Null, |kind| dictionary(&codecs::capabilities(kind))))
            }
            Operation::ReplaceTrack { sender, track } => promise(self.call_replace_track(id, sender, track))?,
            Operation::SetStreams { sender, streams } => undefined(self.set_streams(sender, &streams))?,
            Operation::GetParameters { object } => Called::Returned(self.get_parameters(object)?),
            Operation::SetParameters { sender, parameters } => {
                promise(self.set_parameters(id, sender, *parameters))?
            }
            Operation::InsertDtmf {
                dtmf,
                tones,
                duration,
                inter_tone_gap,
            } => undefined(self.insert_dtmf(dtmf, &tones, duration, inter_tone_gap))?,
            Operation::GetContributingSources { receiver } => {
                Called::Returned(self.get_contributing_sources(receiver)?)
            }
            Operation::GetSynchronizationSources { receiver } => {
                Called::Returned(self.get_synchronization_sources(receiver)?)
            }
            Operation::SetJitterBufferTarget { receiver, target } => {
                undefined(self.set_jitter_buffer_target(receiver, target))?
            }
            Operation::SetDirection {
                transceiver,
                direction,
            } => undefined(self.set_direction(transceiver, direction))?,
            Operation::StopTransceiver { transceiver } => undefined(self.stop(transceiver))?,
            Operation::SetCodecPreferences { transceiver, codecs } => {
                undefined(self.set_codec_preferences(transceiver, codecs))?
            }
            other => unsupported(&other),
        })
    }
}

fn undefined(result: Result<(), Exception>) -> Outcome {
    result.map(|()| UNDEFINED)
}

fn promise(result: Result<(), Exception>) -> Outcome {
    result.map(|()| Called::Promise)
}

fn object(handle: Handle) -> Called {
    Called::Returned(Value::Object(handle))
}

fn list(handles: Vec<Handle>) -> Called {
    Called::Returned(Value::List(handles.into_iter().map(Value::Object).collect()))
}

fn unsupported(operation: &Operation) -> Called {
    let what = format!("the reference engine has no {}()", operation.name());
    Called::Unsupported(Unsupported::new(what))
}
