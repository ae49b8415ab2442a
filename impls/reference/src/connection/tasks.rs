//! The queue of tasks, and the pieces of the task that runs: between two pieces script may run.

use std::time::Duration;

use glare_peer::{
    DtlsTransportState, Event, EventKind, Exception, Handle, IceCandidate, IceRole, IceTransportState,
    MessageData, OfferOptions, RtpSendParameters, Step, Value,
};

use super::Connection;
use super::data_channel::ChannelParameters;
use super::promises::{PromiseId, Settlement};
use super::set_description::{Applied, ApplyError};
use super::slots::SystemState;
use super::transceiver::TransceiverId;
use super::transport::{SctpId, TransportId};
use crate::dtls::KeyAlgorithm;
use crate::ice::{self, Candidate, CandidateError};

/// A queued task; each runs the algorithm of the same name.
#[derive(Debug)]
pub(super) enum Task {
    FinalStepsToCreateAnOffer {
        promise: PromiseId,
        options: OfferOptions,
        inspected: SystemState,
    },
    FinalStepsToCreateAnAnswer {
        promise: PromiseId,
        inspected: SystemState,
    },
    DescriptionFailed {
        promise: PromiseId,
        error: ApplyError,
    },
    DescriptionApplied {
        promise: PromiseId,
        applied: Box<Applied>,
    },
    CandidateFailed {
        promise: PromiseId,
        message: String,
    },
    CandidateAdded {
        promise: PromiseId,
        candidate: IceCandidate,
        /// The media description that it is for; none for all.
        index: Option<usize>,
    },
    UpdateNegotiationNeeded,
    GatheringBegan {
        transport: TransportId,
    },
    CandidateFailedToGather {
        transport: TransportId,
        error: CandidateError,
    },
    CandidateAvailable {
        transport: TransportId,
        candidate: Box<Candidate>,
        username_fragment: String,
    },
    SurfaceCandidate {
        transport: TransportId,
        candidate: Box<Candidate>,
        username_fragment: String,
    },
    GatheringFinished {
        transport: TransportId,
        username_fragment: String,
    },
    GatheringComplete {
        transport: TransportId,
    },
    IceChanged {
        transport: TransportId,
        selected: Option<SelectedPair>,
        state: Option<IceTransportState>,
    },
    IceRoleChanged {
        transport: TransportId,
        role: IceRole,
    },
    DtlsChanged {
        transport: TransportId,
        state: DtlsTransportState,
    },
    DtlsFailed {
        transport: TransportId,
        error: Exception,
    },
    UpdateConnectionState,
    TransportsChanged,
    SctpConnected {
        sctp: SctpId,
    },
    SctpClosed {
        sctp: SctpId,
        error: Option<String>,
    },
    AnnounceOpen {
        channel: Handle,
    },
    AnnounceInstance {
        sctp: SctpId,
        stream: u16,
        parameters: ChannelParameters,
    },
    Message {
        sctp: SctpId,
        stream: u16,
        data: MessageData,
    },
    BytesSent {
        channel: Handle,
        bytes: usize,
    },
    ClosingProcedure {
        channel: Handle,
    },
    ClosedByRemote {
        sctp: SctpId,
        stream: u16,
    },
    StreamReset {
        sctp: SctpId,
        stream: u16,
    },
    AnnounceClosed {
        channel: Handle,
        error: Option<String>,
    },
    UnableToCreate {
        channel: Handle,
        message: String,
    },
    SendFailed {
        channel: Handle,
        message: String,
    },
    Resolve {
        promise: PromiseId,
    },
    CertificateGenerated {
        promise: PromiseId,
        algorithm: KeyAlgorithm,
        expires: Option<Duration>,
    },
    UserMedia {
        promise: PromiseId,
        audio: bool,
        video: bool,
    },
    TrackEnded {
        track: Handle,
    },
    ForgetLastReturnedParameters {
        transceiver: TransceiverId,
    },
    ParametersConfigured {
        promise: PromiseId,
        transceiver: TransceiverId,
        parameters: Box<RtpSendParameters>,
    },
    TrackReplaced {
        promise: PromiseId,
        transceiver: TransceiverId,
        with_track: Option<Handle>,
    },
    DtmfPlayout {
        transceiver: TransceiverId,
    },
    RtpReceived {
        transceiver: TransceiverId,
    },
    ByeReceived {
        transceiver: TransceiverId,
    },
}

/// A selected pair; none where the pair is no longer.
pub(super) type SelectedPair = Option<Box<ice::SelectedPair>>;

/// What is left of the running task, after its changes of state.
#[derive(Debug)]
pub(super) enum Piece {
    /// Fire an event.
    Fire(Event),
    /// Resolve or reject a promise.
    Settle(PromiseId, Settlement),
    /// Announce a data channel as open.
    AnnounceOpen(Handle),
    /// Go on with the closing procedure of a data channel, in parallel.
    CloseUnderlyingTransport(Handle),
    /// Set the muted state of a track.
    SetMuted { track: Handle, muted: bool },
    /// Add a track to a stream.
    AddRemoteTrack { stream: Handle, track: Handle },
    /// Remove a track from a stream.
    RemoveRemoteTrack { stream: Handle, track: Handle },
    /// Fire what is obsolete about the remote streams.
    FireStreamChanges,
}

impl Connection {
    /// Queues a task.
    pub(super) fn queue(&mut self, task: Task) {
        self.tasks.push_back(task);
    }

    /// Fires an event later in the running task, in the order of the calls.
    pub(super) fn fire(&mut self, target: Handle, kind: EventKind) {
        self.pieces.push_back(Piece::Fire(Event { target, kind }));
    }

    /// Goes on with the running task. Stops where script runs.
    pub(super) fn run_piece(&mut self, piece: Piece) -> Option<Step> {
        match piece {
            Piece::Fire(event) => return Some(Step::Fired(event)),
            Piece::Settle(promise, settlement) => self.promises.settle(promise, settlement),
            Piece::AnnounceOpen(channel) => self.queue(Task::AnnounceOpen { channel }),
            Piece::CloseUnderlyingTransport(channel) => self.close_underlying_transport(channel),
            Piece::SetMuted { track, muted } => {
                return self
                    .set_the_muted_state(track, muted)
                    .map(|kind| fired(track, kind));
            }
            Piece::AddRemoteTrack { stream, track } => {
                return self
                    .add_remote_track(stream, track)
                    .map(|kind| fired(stream, kind));
            }
            Piece::RemoveRemoteTrack { stream, track } => {
                return self
                    .remove_remote_track(stream, track)
                    .map(|kind| fired(stream, kind));
            }
            Piece::FireStreamChanges => self.fire_stream_changes(),
        }
        None
    }

    /// Runs a task up to the first point where script may run.
    pub(super) fn run_task(&mut self, task: Task) {
        match task {
            Task::FinalStepsToCreateAnOffer {
                promise,
                options,
                inspected,
            } => {
                self.final_steps_to_create_an_offer(promise, options, &inspected);
            }
            Task::FinalStepsToCreateAnAnswer { promise, inspected } => {
                self.final_steps_to_create_an_answer(promise, &inspected);
            }
            Task::DescriptionFailed { promise, error } => self.description_failed(promise, error),
            Task::DescriptionApplied { promise, applied } => self.description_applied(promise, *applied),
            Task::CandidateFailed { promise, message } => self.candidate_failed(promise, message),
            Task::CandidateAdded {
                promise,
                candidate,
                index,
            } => self.candidate_added(promise, &candidate, index),
            Task::UpdateNegotiationNeeded => self.negotiation_needed_task(),
            Task::GatheringBegan { transport } => self.gathering_began(transport),
            Task::CandidateFailedToGather { transport, error } => {
                self.candidate_failed_to_gather(transport, error);
            }
            Task::CandidateAvailable {
                transport,
                candidate,
                username_fragment,
            } => {
                self.candidate_available(transport, *candidate, username_fragment);
            }
            Task::SurfaceCandidate {
                transport,
                candidate,
                username_fragment,
            } => {
                self.surface_the_candidate(transport, *candidate, username_fragment);
            }
            Task::GatheringFinished {
                transport,
                username_fragment,
            } => {
                self.gathering_of_a_generation_finished(transport, username_fragment);
            }
            Task::GatheringComplete { transport } => self.gathering_complete(transport),
            Task::IceChanged {
                transport,
                selected,
                state,
            } => {
                self.change_the_selected_candidate_pair_and_state(transport, selected, state);
            }
            Task::IceRoleChanged { transport, role } => self.ice_role_changed(transport, role),
            Task::DtlsChanged { transport, state } => self.dtls_state_changed(transport, state),
            Task::DtlsFailed { transport, error } => self.dtls_failed(transport, error),
            Task::UpdateConnectionState => self.update_the_connection_state(),
            Task::TransportsChanged => self.transports_changed(),
            Task::SctpConnected { sctp } => self.sctp_connected(sctp),
            Task::SctpClosed { sctp, error } => self.sctp_closed(sctp, error),
            Task::AnnounceOpen { channel } => self.announce_as_open(channel),
            Task::AnnounceInstance {
                sctp,
                stream,
                parameters,
            } => self.announce_instance(sctp, stream, parameters),
            Task::Message { sctp, stream, data } => self.message_received(sctp, stream, data),
            Task::BytesSent { channel, bytes } => self.bytes_sent(channel, bytes),
            Task::ClosingProcedure { channel } => self.closing_procedure(channel),
            Task::ClosedByRemote { sctp, stream } => self.closed_by_remote(sctp, stream),
            Task::StreamReset { sctp, stream } => self.stream_reset(sctp, stream),
            Task::AnnounceClosed { channel, error } => self.announce_as_closed(channel, error),
            Task::UnableToCreate { channel, message } => self.unable_to_create(channel, message),
            Task::SendFailed { channel, message } => self.send_failed(channel, message),
            Task::Resolve { promise } => self
                .pieces
                .push_back(Piece::Settle(promise, Ok(Value::Undefined))),
            Task::CertificateGenerated {
                promise,
                algorithm,
                expires,
            } => self.certificate_generated(promise, algorithm, expires),
            Task::UserMedia {
                promise,
                audio,
                video,
            } => self.user_media(promise, audio, video),
            Task::TrackEnded { track } => self.track_ended(track),
            Task::ForgetLastReturnedParameters { transceiver } => {
                self.forget_last_returned_parameters(transceiver);
            }
            Task::ParametersConfigured {
                promise,
                transceiver,
                parameters,
            } => self.parameters_configured(promise, transceiver, *parameters),
            Task::TrackReplaced {
                promise,
                transceiver,
                with_track,
            } => self.track_replaced(promise, transceiver, with_track),
            Task::DtmfPlayout { transceiver } => self.dtmf_playout(transceiver),
            Task::RtpReceived { transceiver } => self.rtp_received(transceiver),
            Task::ByeReceived { transceiver } => self.bye_received(transceiver),
        }
    }
}

/// The stop at an event.
fn fired(target: Handle, kind: EventKind) -> Step {
    Step::Fired(Event { target, kind })
}
