//! The events of the interface.

use crate::{Exception, Handle, IceCandidate, MessageData};

/// An event, at the moment its listeners run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The object it is fired at.
    pub target: Handle,
    /// Which event, with its payload.
    pub kind: EventKind,
}

/// Which event, with its payload.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// `negotiationneeded` at the connection.
    NegotiationNeeded,
    /// `signalingstatechange` at the connection.
    SignalingStateChange,
    /// `icegatheringstatechange` at the connection.
    IceGatheringStateChange,
    /// `iceconnectionstatechange` at the connection.
    IceConnectionStateChange,
    /// `connectionstatechange` at the connection.
    ConnectionStateChange,
    /// `icecandidate` at the connection; none once all transports have gathered.
    IceCandidate {
        /// The candidate; an empty one ends a generation, none ends gathering altogether.
        candidate: Option<IceCandidate>,
    },
    /// `datachannel` at the connection.
    DataChannel {
        /// The channel that the remote side announced.
        channel: Handle,
    },
    /// `statechange` at a DTLS, ICE or SCTP transport.
    StateChange,
    /// `gatheringstatechange` at an ICE transport.
    GatheringStateChange,
    /// `selectedcandidatepairchange` at an ICE transport.
    SelectedCandidatePairChange,
    /// `open` at a data channel.
    Open,
    /// `bufferedamountlow` at a data channel.
    BufferedAmountLow,
    /// `error` at a data channel or DTLS transport.
    Error {
        /// What went wrong.
        error: Exception,
    },
    /// `closing` at a data channel.
    Closing,
    /// `close` at a data channel.
    Close,
    /// `message` at a data channel.
    Message {
        /// What was received.
        data: MessageData,
    },
}

impl EventKind {
    /// The event's type in the specification.
    pub fn name(&self) -> &'static str {
        match self {
            EventKind::NegotiationNeeded => "negotiationneeded",
            EventKind::SignalingStateChange => "signalingstatechange",
            EventKind::IceGatheringStateChange => "icegatheringstatechange",
            EventKind::IceConnectionStateChange => "iceconnectionstatechange",
            EventKind::ConnectionStateChange => "connectionstatechange",
            EventKind::IceCandidate { .. } => "icecandidate",
            EventKind::DataChannel { .. } => "datachannel",
            EventKind::StateChange => "statechange",
            EventKind::GatheringStateChange => "gatheringstatechange",
            EventKind::SelectedCandidatePairChange => "selectedcandidatepairchange",
            EventKind::Open => "open",
            EventKind::BufferedAmountLow => "bufferedamountlow",
            EventKind::Error { .. } => "error",
            EventKind::Closing => "closing",
            EventKind::Close => "close",
            EventKind::Message { .. } => "message",
        }
    }
}
