//! Which happenings of a run are meant.

use std::fmt;

use crate::script::Settlement;
use crate::script::{ExceptionPattern, SignalPattern};

/// An object of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The connection of a role.
    Peer(String),
    /// The data channel in a variable.
    Channel {
        /// The variable.
        variable: String,
        /// The role that holds this end of the channel.
        role: String,
    },
    /// `sctp` of the connection of a role.
    SctpTransport(String),
    /// `sctp.transport` of the connection of a role.
    DtlsTransport(String),
    /// `sctp.transport.iceTransport` of the connection of a role.
    IceTransport(String),
}

impl Target {
    /// The role that the object belongs to.
    pub fn role(&self) -> &str {
        match self {
            Target::Peer(role)
            | Target::Channel { role, .. }
            | Target::SctpTransport(role)
            | Target::DtlsTransport(role)
            | Target::IceTransport(role) => role,
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Target::Peer(role) => f.write_str(role),
            Target::Channel { variable, .. } => f.write_str(variable),
            Target::SctpTransport(role) => write!(f, "{role}.sctp"),
            Target::DtlsTransport(role) => write!(f, "{role}.sctp.transport"),
            Target::IceTransport(role) => write!(f, "{role}.sctp.transport.iceTransport"),
        }
    }
}

macro_rules! event_names {
    ($($(#[$doc:meta])* $variant:ident = $text:literal),+ $(,)?) => {
        /// An event's type in the specification.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventName { $($(#[$doc])* $variant),+ }

        impl EventName {
            /// All events.
            pub const ALL: &'static [EventName] = &[$(EventName::$variant),+];

            /// The event's type as the specification spells it.
            pub const fn as_str(self) -> &'static str {
                match self { $(EventName::$variant => $text),+ }
            }
        }
    };
}

event_names! {
    /// At the connection.
    NegotiationNeeded = "negotiationneeded",
    /// At the connection.
    SignalingStateChange = "signalingstatechange",
    /// At the connection.
    IceGatheringStateChange = "icegatheringstatechange",
    /// At the connection.
    IceConnectionStateChange = "iceconnectionstatechange",
    /// At the connection.
    ConnectionStateChange = "connectionstatechange",
    /// At the connection.
    IceCandidate = "icecandidate",
    /// At the connection.
    DataChannel = "datachannel",
    /// At an ICE, DTLS or SCTP transport.
    StateChange = "statechange",
    /// At an ICE transport.
    GatheringStateChange = "gatheringstatechange",
    /// At an ICE transport.
    SelectedCandidatePairChange = "selectedcandidatepairchange",
    /// At a data channel.
    Open = "open",
    /// At a data channel.
    BufferedAmountLow = "bufferedamountlow",
    /// At a data channel or DTLS transport.
    Error = "error",
    /// At a data channel.
    Closing = "closing",
    /// At a data channel.
    Close = "close",
    /// At a data channel.
    Message = "message",
}

impl EventName {
    /// The events of `RTCPeerConnection`.
    pub const OF_PEERS: &'static [EventName] = &[
        EventName::NegotiationNeeded,
        EventName::SignalingStateChange,
        EventName::IceGatheringStateChange,
        EventName::IceConnectionStateChange,
        EventName::ConnectionStateChange,
        EventName::IceCandidate,
        EventName::DataChannel,
    ];
    /// The events of `RTCDataChannel`.
    pub const OF_CHANNELS: &'static [EventName] = &[
        EventName::Open,
        EventName::BufferedAmountLow,
        EventName::Error,
        EventName::Closing,
        EventName::Close,
        EventName::Message,
    ];
    /// The events of `RTCSctpTransport`.
    pub const OF_SCTP_TRANSPORTS: &'static [EventName] = &[EventName::StateChange];
    /// The events of `RTCDtlsTransport`.
    pub const OF_DTLS_TRANSPORTS: &'static [EventName] = &[EventName::StateChange, EventName::Error];
    /// The events of `RTCIceTransport`.
    pub const OF_ICE_TRANSPORTS: &'static [EventName] = &[
        EventName::StateChange,
        EventName::GatheringStateChange,
        EventName::SelectedCandidatePairChange,
    ];
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which events are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventPattern {
    /// The object they are fired at.
    pub target: Target,
    /// Their type.
    pub event: EventName,
    /// What else must hold of them.
    pub detail: EventDetail,
}

/// What an event must carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventDetail {
    /// Anything.
    Any,
    /// The state that listeners see, in the specification's spelling; of `signalingState` for `signalingstatechange` and
    /// so on.
    State(&'static str),
    /// Of `icecandidate`: which kind of candidate.
    Candidate(CandidatePattern),
    /// Of `datachannel`: the channel's label.
    Label(String),
    /// Of `message`: this string.
    Text(String),
    /// Of `message`: these bytes.
    Binary(Vec<u8>),
    /// Of `message`: this many bytes.
    Length(u64),
    /// Of `error`: the error.
    Error(ExceptionPattern),
}

/// Which `icecandidate` events are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CandidatePattern {
    /// A candidate to use: neither null nor empty. What a scenario means when it does not say.
    Given,
    /// The empty candidate, which ends a generation.
    End,
    /// Null: all transports have gathered.
    Null,
}

/// Something that happened in a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Happening {
    /// An event was fired.
    Event(EventPattern),
    /// A message was put on the signalling plane; [`SignalPattern::nth`] is none.
    Signal(SignalPattern),
    /// A promise of a method of this role settled.
    Settled {
        /// The role.
        role: String,
        /// The method.
        method: &'static str,
        /// How.
        how: Settlement,
    },
    /// The promise of this name settled.
    SettledPromise {
        /// The promise's name.
        promise: String,
        /// The role of whose method it is.
        role: String,
        /// How.
        how: Settlement,
    },
}
