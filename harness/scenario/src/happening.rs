//! Which happenings of a run are meant.

use std::fmt;

use glare_peer::Interface;

use crate::call::Path;
use crate::script::{ExceptionPattern, Matcher, Settlement, SignalPattern};

/// An object of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The way to it.
    pub path: Path,
    /// What kind of object it is.
    pub interface: Interface,
    /// The role that it belongs to.
    pub role: String,
}

impl Target {
    /// The connection of a role.
    pub fn peer(role: &str) -> Target {
        Target {
            path: Path::peer(role),
            interface: Interface::PeerConnection,
            role: role.to_owned(),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(f)
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
    IceCandidateError = "icecandidateerror",
    /// At the connection.
    DataChannel = "datachannel",
    /// At the connection.
    Track = "track",
    /// At the connection.
    AddStream = "addstream",
    /// At the connection.
    RemoveStream = "removestream",
    /// At a DTMF sender.
    ToneChange = "tonechange",
    /// At a track.
    Mute = "mute",
    /// At a track.
    Unmute = "unmute",
    /// At a track.
    Ended = "ended",
    /// At a track.
    IsolationChange = "isolationchange",
    /// At a stream.
    AddTrack = "addtrack",
    /// At a stream.
    RemoveTrack = "removetrack",
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
    /// The event of this type.
    pub fn named(name: &str) -> Option<EventName> {
        EventName::ALL
            .iter()
            .copied()
            .find(|event| event.as_str() == name)
    }
}

impl fmt::Display for EventName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Which events are meant.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPattern {
    /// The object they are fired at.
    pub target: Target,
    /// Their type.
    pub event: EventName,
    /// What else must hold of them.
    pub detail: EventDetail,
}

/// What an event must carry.
#[derive(Debug, Clone, PartialEq)]
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
    /// Of any event: attributes of it, and what they lead to.
    Payload(Vec<(Vec<String>, Matcher)>),
}

/// A variable for something that an event carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    /// The attribute of the event.
    pub attribute: &'static str,
    /// The variable.
    pub variable: String,
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
#[derive(Debug, Clone, PartialEq)]
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
