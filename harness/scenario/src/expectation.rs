//! What a scenario expects.

use std::time::Duration;

use glare_peer::SdpType;

use crate::script::{Condition, EventName, EventPattern, Happening, Located, Path, Target};

/// Something expected of the run so far, or of the state now.
#[derive(Debug, Clone, PartialEq)]
pub enum Expectation {
    /// These conditions hold now.
    State(Vec<Located<Condition>>),
    /// A description says this.
    Sdp(SdpExpectation),
    /// What was sent on one channel came out of another. No message ever arrives that was not sent, or twice.
    Data {
        /// The variable of the channel that sent.
        sent: String,
        /// The variable of the channel that received.
        received: String,
        /// How much of it must have arrived.
        arrived: Arrived,
        /// Whether what arrived did so in the order sent.
        in_order: bool,
    },
    /// These happened in this order; others may lie between.
    Order(Vec<Located<Happening>>),
    /// Of the events of these types at this object, exactly these were fired, in this order.
    Events {
        /// The object.
        of: Target,
        /// The types looked at; at least one.
        names: Vec<EventName>,
        /// What must have been fired, all of [`Expectation::Events::of`].
        exactly: Vec<Located<EventPattern>>,
    },
    /// None of these happened.
    Absent(Vec<Located<Happening>>),
    /// Something happened this often.
    Count {
        /// What.
        happening: Happening,
        /// How often.
        count: Count,
    },
    /// These promises, by name, have not settled.
    Pending(Vec<Located<String>>),
    /// A report of `getStats()` says this.
    Statistics(StatisticsExpectation),
    /// So much virtual time went by since a mark.
    Elapsed {
        /// The variable of the mark.
        since: String,
        /// At least; zero for no bound.
        at_least: Duration,
        /// At most; none for no bound.
        at_most: Option<Duration>,
    },
}

/// What a report of `getStats()` must say.
#[derive(Debug, Clone, PartialEq)]
pub struct StatisticsExpectation {
    /// The variable of the report.
    pub of: String,
    /// The `type` of the dictionaries looked at.
    pub stats_type: String,
    /// How many of them there must be whose members are as expected.
    pub entries: Entries,
    /// The members with what they must be.
    pub members: Vec<(String, Matcher)>,
}

/// Which dictionaries of a report must be as expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entries {
    /// At least one.
    Some,
    /// All there are of the type, and at least one.
    All,
    /// So many.
    Count(Count),
}

/// How a promise settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settlement {
    /// Either way.
    Any,
    /// It was fulfilled.
    Fulfilled,
    /// It was rejected.
    Rejected,
}

/// How much must have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrived {
    /// Every message.
    All,
    /// This many messages.
    AtLeast(u64),
    /// Whatever did.
    Any,
}

/// How often something happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Count {
    /// Exactly so often.
    Is(u64),
    /// So often or more.
    AtLeast(u64),
    /// So often or less.
    AtMost(u64),
}

/// What a value must be.
#[derive(Debug, Clone, PartialEq)]
pub enum Matcher {
    /// This.
    Is(Expected),
    /// Anything but this.
    Not(Expected),
    /// One of these.
    In(Vec<Expected>),
    /// A number within bounds.
    Amount(Amount),
}

/// Bounds on a number; at least one is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Amount {
    /// At least.
    pub at_least: Option<f64>,
    /// At most.
    pub at_most: Option<f64>,
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq)]
pub enum Expected {
    /// `null`, or `undefined`.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A string, or a value of an enumeration.
    Text(String),
    /// A description of this type, whatever its text.
    Description(SdpType),
    /// What a path leads to.
    Path(Path),
}

/// What a description must say.
#[derive(Debug, Clone, PartialEq)]
pub struct SdpExpectation {
    /// The variable of the description.
    pub of: String,
    /// Its media descriptions, all of them in order; none to leave them open.
    pub media: Option<Vec<Located<MediaExpectation>>>,
    /// The mids of its BUNDLE group; an empty list for none.
    pub bundle: Option<Vec<String>>,
    /// Lines it has: each starts some line of it.
    pub has: Vec<Located<String>>,
    /// Lines it lacks: each starts no line of it.
    pub lacks: Vec<Located<String>>,
    /// What it has in common with the description in a variable.
    pub same: Vec<(SdpField, Located<String>)>,
    /// In what it differs from the description in a variable.
    pub differs: Vec<(SdpField, Located<String>)>,
}

/// What a media description must say; none leaves it open.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MediaExpectation {
    /// The `media` of the m= line: `application`, `audio`, `video`.
    pub kind: Option<String>,
    /// The port of the m= line.
    pub port: Option<MediaPort>,
    /// The `a=mid`.
    pub mid: Option<String>,
    /// The direction.
    pub direction: Option<MediaDirection>,
    /// Lines it has: each starts some line of it.
    pub has: Vec<String>,
    /// Lines it lacks: each starts no line of it.
    pub lacks: Vec<String>,
    /// The names of its codecs in the order of the m= line; a name that comes again after others is told once.
    pub codecs: Option<Vec<String>>,
    /// Its RTP stream identifiers in order.
    pub rids: Option<Vec<String>>,
}

/// The port of an m= line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaPort {
    /// 0: rejected or stopped.
    Zero,
    /// Any other.
    NonZero,
}

/// The direction attribute of a media description (RFC 8866 section 6.7).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaDirection {
    /// `a=sendrecv`, or none at all.
    SendRecv,
    /// `a=sendonly`.
    SendOnly,
    /// `a=recvonly`.
    RecvOnly,
    /// `a=inactive`.
    Inactive,
}

impl MediaDirection {
    /// All directions.
    pub const ALL: &'static [MediaDirection] = &[
        MediaDirection::SendRecv,
        MediaDirection::SendOnly,
        MediaDirection::RecvOnly,
        MediaDirection::Inactive,
    ];
    /// All directions as SDP spells them, in the same order.
    pub const NAMES: &'static [&'static str] = &["sendrecv", "sendonly", "recvonly", "inactive"];

    /// The direction as SDP spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            MediaDirection::SendRecv => "sendrecv",
            MediaDirection::SendOnly => "sendonly",
            MediaDirection::RecvOnly => "recvonly",
            MediaDirection::Inactive => "inactive",
        }
    }
}

/// A part of a description that can be compared with another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SdpField {
    /// The values of all `a=ice-ufrag`.
    IceUfrag,
    /// The values of all `a=ice-pwd`.
    IcePwd,
    /// The values of all `a=fingerprint`.
    Fingerprint,
    /// The values of all `a=setup`.
    Setup,
    /// The values of all `a=mid`.
    Mid,
    /// The values of all `a=msid`.
    Msid,
    /// The session id of the o= line.
    SessionId,
    /// The session version of the o= line.
    SessionVersion,
}

impl SdpField {
    /// All fields.
    pub const ALL: &'static [SdpField] = &[
        SdpField::IceUfrag,
        SdpField::IcePwd,
        SdpField::Fingerprint,
        SdpField::Setup,
        SdpField::Mid,
        SdpField::Msid,
        SdpField::SessionId,
        SdpField::SessionVersion,
    ];
    /// All fields as a scenario spells them, in the same order.
    pub const NAMES: &'static [&'static str] = &[
        "iceUfrag",
        "icePwd",
        "fingerprint",
        "setup",
        "mid",
        "msid",
        "sessionId",
        "sessionVersion",
    ];

    /// The field as a scenario spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            SdpField::IceUfrag => "iceUfrag",
            SdpField::IcePwd => "icePwd",
            SdpField::Fingerprint => "fingerprint",
            SdpField::Setup => "setup",
            SdpField::Mid => "mid",
            SdpField::Msid => "msid",
            SdpField::SessionId => "sessionId",
            SdpField::SessionVersion => "sessionVersion",
        }
    }
}
