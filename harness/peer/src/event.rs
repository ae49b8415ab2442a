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
    /// `icecandidateerror` at the connection (webrtc-pc#dom-rtcpeerconnectioniceerrorevent).
    IceCandidateError {
        /// The local address that was used, or null.
        address: Option<String>,
        /// The local port that was used, or null.
        port: Option<u16>,
        /// The URL of the server.
        url: String,
        /// The code of STUN (300 to 699), or 701 where the server could not be reached.
        error_code: u16,
        /// The reason that the server gave, or text of the implementation.
        error_text: String,
    },
    /// `track` at the connection (webrtc-pc#dom-rtctrackevent).
    Track {
        /// The receiver.
        receiver: Handle,
        /// Its track.
        track: Handle,
        /// The streams that the track belongs to.
        streams: Vec<Handle>,
        /// The transceiver.
        transceiver: Handle,
    },
    /// `addstream` at the connection, obsolete.
    AddStream {
        /// The stream.
        stream: Handle,
    },
    /// `removestream` at the connection, obsolete.
    RemoveStream {
        /// The stream.
        stream: Handle,
    },
    /// `tonechange` at a DTMF sender (webrtc-pc#dom-rtcdtmftonechangeevent).
    ToneChange {
        /// The tone that begins; empty when the last has ended.
        tone: String,
    },
    /// `mute` at a track.
    Mute,
    /// `unmute` at a track.
    Unmute,
    /// `ended` at a track.
    Ended,
    /// `isolationchange` at a track (webrtc-identity).
    IsolationChange,
    /// `addtrack` at a stream, for a track that the other side added.
    AddTrack {
        /// The track.
        track: Handle,
    },
    /// `removetrack` at a stream, for a track that the other side removed.
    RemoveTrack {
        /// The track.
        track: Handle,
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
            EventKind::IceCandidateError { .. } => "icecandidateerror",
            EventKind::Track { .. } => "track",
            EventKind::AddStream { .. } => "addstream",
            EventKind::RemoveStream { .. } => "removestream",
            EventKind::ToneChange { .. } => "tonechange",
            EventKind::Mute => "mute",
            EventKind::Unmute => "unmute",
            EventKind::Ended => "ended",
            EventKind::IsolationChange => "isolationchange",
            EventKind::AddTrack { .. } => "addtrack",
            EventKind::RemoveTrack { .. } => "removetrack",
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
