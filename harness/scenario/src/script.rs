//! What a scenario comes to once it is loaded: typed, checked and resolved, for one cell of its matrix.
//!
//! Everything here is plain data for the runner. Roles, variables, hosts and links are named by strings that the loader
//! has checked: a role is one of [`Scenario::peers`], a link one of [`Scenario::links`], and a variable is set by an
//! earlier step. The one thing the loader cannot know is whether a listener has run by the time a later step uses what
//! the listener sets.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use glare_peer::{Configuration, ExceptionName, RtcErrorDetail};

pub use crate::call::{Call, Given, Member, Path, Root, Template};
pub use crate::edit::{Edit, EditKind, FingerprintEdit, PasswordEdit, Setup};
pub use crate::expectation::{
    Amount, Arrived, Count, Entries, Expectation, Expected, Matcher, MediaDirection, MediaExpectation,
    MediaPort, SdpExpectation, SdpField, Settlement, StatisticsExpectation,
};
pub use crate::happening::{
    CandidatePattern, Carried, EventDetail, EventName, EventPattern, Happening, Target,
};
pub use crate::message::{Payload, Send};
pub use crate::plan::{
    Blocks, Fault, FaultAction, HostPlan, IdentityBehaviour, IdentityProviderPlan, LinkChange, LinkDirection,
    LinkPlan, LinkSettings, SignalKind, SignalPattern, SignallingPlan,
};
pub use crate::server::{
    NamePlan, ServerFault, ServerFaultAction, ServerPlan, ServerRequest, ServerTransport, TurnPlan,
};

/// Where something stands in the scenario's file; both counted from 1, the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// A value and where it stands. Two are equal when their values are, wherever they stand.
#[derive(Debug, Clone, Copy)]
pub struct Located<T> {
    /// Where it stands.
    pub position: Position,
    /// The value.
    pub value: T,
}

impl<T: PartialEq> PartialEq for Located<T> {
    fn eq(&self, other: &Self) -> bool {
        self.value == other.value
    }
}

/// A place in a specification, such as `webrtc-pc#set-description` or `RFC9429#section-5.8.2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Clause(pub(crate) Arc<str>);

impl Clause {
    /// The clause as it is cited.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Clause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// What a departure from a clause means (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// A departure is a failure.
    #[default]
    Must,
    /// A departure is a failure that a good reason may excuse.
    Should,
    /// A departure is reported and never fails.
    May,
}

impl Level {
    /// All levels, the strictest first.
    pub const ALL: &'static [Level] = &[Level::Must, Level::Should, Level::May];
    /// All levels as a scenario spells them, in the same order.
    pub const NAMES: &'static [&'static str] = &["must", "should", "may"];

    /// The level as a scenario spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Level::Must => "must",
            Level::Should => "should",
            Level::May => "may",
        }
    }
}

/// One scenario, for one cell of its matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// The path below `scenarios/` without its extension, then the cell: `webrtc-pc/network/loss[loss=2%]`.
    pub id: String,
    /// What it shows, for people.
    pub title: String,
    /// The clauses it holds implementations to; at least one. A step without a clause of its own stands for the first.
    pub spec: Vec<Clause>,
    /// What a departure means, where a step does not say.
    pub level: Level,
    /// The capabilities that each peer must have.
    pub requires: Vec<String>,
    /// The roles, in the order of the file; at least one.
    pub peers: Vec<PeerPlan>,
    /// The hosts; each peer is on exactly one.
    pub hosts: Vec<HostPlan>,
    /// The servers, each on a host of its own with its name.
    pub servers: Vec<ServerPlan>,
    /// The names beside those of the servers.
    pub names: Vec<NamePlan>,
    /// The links between hosts and servers; where the file names none, one between each two of them.
    pub links: Vec<LinkPlan>,
    /// The signalling between each two peers.
    pub signalling: Vec<SignallingPlan>,
    /// What befalls signalling messages; the first that matches a message decides.
    pub faults: Vec<Fault>,
    /// Who answers for identity providers.
    pub identity_providers: Vec<IdentityProviderPlan>,
    /// The virtual time after which the scenario has failed.
    pub limit: Duration,
    /// What to do, in order; at least one step.
    pub script: Vec<Step>,
}

/// A role and how its connection is constructed.
#[derive(Debug, Clone, PartialEq)]
pub struct PeerPlan {
    /// The role, such as `a`.
    pub role: String,
    /// What its connection is constructed with.
    pub configuration: Configuration,
}

/// A step of the script. Two are equal when they do the same, wherever they stand.
#[derive(Debug, Clone)]
pub struct Step {
    /// Where it stands; what a macro came to stands where the macro does.
    pub position: Position,
    /// The clause it stands for; none for the scenario's first.
    pub clause: Option<Clause>,
    /// What a departure means; none for the scenario's level.
    pub level: Option<Level>,
    /// The step for people: `call a.createOffer as offer`.
    pub text: String,
    /// What to do.
    pub action: Action,
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        (&self.clause, self.level, &self.text, &self.action)
            == (&other.clause, other.level, &other.text, &other.action)
    }
}

/// What a step does.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Calls a method.
    Call(Call),
    /// Awaits a promise that an earlier call started.
    Settle {
        /// The promise's name.
        promise: String,
        /// How it must settle.
        outcome: Outcome,
        /// The variable for what it was fulfilled with.
        save: Option<String>,
    },
    /// Sends messages on a data channel.
    Send(Send),
    /// From here on signals every `icecandidate` of one peer to the other, which adds it as it arrives. At most once for
    /// each ordered pair of roles.
    Trickle {
        /// Whose candidates.
        from: String,
        /// Who adds them.
        to: String,
    },
    /// Installs the listeners of webrtc-pc#perfect-negotiation-example on both peers for the rest of the run.
    PerfectNegotiation {
        /// The peer that gives way when offers collide.
        polite: String,
        /// The peer that does not.
        impolite: String,
    },
    /// Puts a description or a candidate on the signalling plane.
    Signal {
        /// The sender.
        from: String,
        /// The receiver.
        to: String,
        /// What to send.
        send: Signalled,
    },
    /// Awaits the next signalling message that was not received yet.
    Receive {
        /// The receiver.
        at: String,
        /// The sender.
        from: String,
        /// Whether a description or a candidate is awaited.
        kind: MessageKind,
        /// How long to wait in virtual time; none for the scenario's limit.
        within: Option<Duration>,
        /// The variable for what came.
        save: Option<String>,
    },
    /// Waits.
    Wait(Wait),
    /// Installs a listener that runs once, inside the dispatch of the first such event from here on.
    Listen {
        /// Which event.
        event: EventPattern,
        /// The variables, for its steps alone, of what the event carried.
        save: Vec<Carried>,
        /// What to do there: [`Action::Call`], [`Action::Send`], [`Action::Read`], [`Action::Expect`] and
        /// [`Action::Mark`] only. Calls of methods that return a promise have a [`Completion::Start`].
        steps: Vec<Step>,
    },
    /// Changes a link at once.
    Change {
        /// The link.
        link: String,
        /// Which direction of it.
        direction: LinkDirection,
        /// What changes.
        change: LinkChange,
        /// After how long it is undone, while the script goes on; none to leave it so.
        span: Option<Duration>,
    },
    /// Switches a server off or on at once. One that is off answers nothing, and when it is on again it has forgotten all.
    Switch {
        /// The server.
        server: String,
        /// Whether it is off from here on.
        down: bool,
        /// After how long it is undone, while the script goes on; none to leave it so.
        span: Option<Duration>,
    },
    /// Reads an attribute into a variable.
    Read {
        /// The way to it.
        path: Path,
        /// The variable.
        save: String,
    },
    /// Edits the text of a description into a new description of the same type.
    Edit(Edit),
    /// Notes the moment, for [`Expectation::Elapsed`].
    Mark {
        /// The variable.
        save: String,
    },
    /// Holds the run so far, and the state now, against expectations.
    Expect(Vec<Located<Expectation>>),
}

/// Whether the script waits for a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Completion {
    /// It goes on when the call is done: has returned, or its promise has settled.
    Await(Outcome),
    /// It goes on at once; [`Action::Settle`] awaits the promise by this name. In a listener the name may be missing:
    /// then nobody looks at how it settles.
    Start(Option<String>),
}

/// How a call or a promise must come out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Without exception.
    Success,
    /// The call itself throws.
    Throws(ExceptionPattern),
    /// The promise is rejected.
    Rejects(ExceptionPattern),
}

/// Which exceptions are meant. [`glare_peer::Exception::name`] of an `RTCError` is `OperationError`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExceptionPattern {
    /// Its name is one of these; at least one.
    pub names: Vec<ExceptionName>,
    /// Its `errorDetail`; none for any or none.
    pub error_detail: Option<RtcErrorDetail>,
    /// Its `sdpLineNumber`, from 1; none for any or none.
    pub sdp_line_number: Option<u32>,
}

/// What is put on the signalling plane.
#[derive(Debug, Clone, PartialEq)]
pub enum Signalled {
    /// The description in this variable.
    Description(String),
    /// The candidate in this variable.
    Candidate(String),
}

/// What a `receive` awaits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum MessageKind {
    /// An offer, answer, provisional answer or rollback.
    Description,
    /// A candidate.
    Candidate,
}

/// What a `wait` waits for.
#[derive(Debug, Clone, PartialEq)]
pub enum Wait {
    /// Until all conditions hold at one moment; at once if they do already.
    For {
        /// The conditions; at least one.
        conditions: Vec<Located<Condition>>,
        /// How long in virtual time; none for the scenario's limit.
        within: Option<Duration>,
        /// The variables for what the one [`Condition::Happened`] among the conditions carried.
        save: Vec<Carried>,
    },
    /// Until the next such event from now on.
    Event {
        /// Which event.
        event: EventPattern,
        /// How long in virtual time; none for the scenario's limit.
        within: Option<Duration>,
        /// The variables for what it carried.
        save: Vec<Carried>,
    },
    /// Until a data channel has received this many messages since it came to be.
    Received {
        /// The variable of the channel.
        channel: String,
        /// How many.
        count: u64,
        /// How long in virtual time; none for the scenario's limit.
        within: Option<Duration>,
    },
    /// Until a data channel has received as many messages as another has sent.
    ReceivedAll {
        /// The variable of the receiving channel.
        channel: String,
        /// The variable of the sending channel.
        sent: String,
        /// How long in virtual time; none for the scenario's limit.
        within: Option<Duration>,
    },
    /// This long in virtual time.
    Time(Duration),
}

/// Something that holds or does not.
#[derive(Debug, Clone, PartialEq)]
pub enum Condition {
    /// A value is something now.
    Value {
        /// Which value.
        path: Path,
        /// What it must be.
        matcher: Matcher,
    },
    /// An event has been fired, since the run began, at least this often.
    Happened {
        /// Which event.
        event: EventPattern,
        /// How often, at least 1. What is saved is what the event of this number carried.
        nth: u32,
    },
}
