//! Where a scenario takes place: hosts, links and signalling.

use std::net::IpAddr;
use std::time::Duration;

/// A machine of the simulated internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostPlan {
    /// Its name.
    pub name: String,
    /// The roles on it, in the order of the file; at least one.
    pub peers: Vec<String>,
    /// Its addresses; at least one.
    pub addresses: Vec<IpAddr>,
}

/// A link between two hosts.
#[derive(Debug, Clone, PartialEq)]
pub struct LinkPlan {
    /// Its name.
    pub id: String,
    /// The hosts at its ends.
    pub between: [String; 2],
    /// From the first host to the second.
    pub forward: LinkSettings,
    /// From the second host to the first.
    pub backward: LinkSettings,
}

/// One direction of a link.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinkSettings {
    /// How long a packet travels.
    pub delay: Duration,
    /// By how much at most the delay of a packet is longer or shorter.
    pub jitter: Duration,
    /// The share of packets that are lost at random, from 0 to 1.
    pub loss: f64,
    /// Bits per second; none for no limit.
    pub rate: Option<u64>,
    /// How many bytes wait at most for a limited rate before packets are dropped; none for no limit.
    pub queue: Option<u64>,
    /// Whether a packet may overtake one that jitter holds up longer.
    pub reorder: bool,
    /// The protocols of which every packet is dropped.
    pub blocks: Blocks,
}

/// Protocols of which a link drops every packet, as by a firewall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Blocks {
    /// Whether UDP is dropped.
    pub udp: bool,
    /// Whether TCP is dropped.
    pub tcp: bool,
}

impl Blocks {
    /// What can be blocked, as a scenario spells it.
    pub const NAMES: &'static [&'static str] = &["udp", "tcp"];

    /// What is blocked, as a scenario spells it.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let blocked = [self.udp, self.tcp];
        Self::NAMES
            .iter()
            .zip(blocked)
            .filter(|(_, blocked)| *blocked)
            .map(|(name, _)| *name)
    }
}

impl LinkSettings {
    /// What a link is like where a scenario does not say: [`LinkSettings::DEFAULT_DELAY`], and nothing else amiss.
    pub const DEFAULT: LinkSettings = LinkSettings {
        delay: Self::DEFAULT_DELAY,
        jitter: Duration::ZERO,
        loss: 0.0,
        rate: None,
        queue: None,
        reorder: false,
        blocks: Blocks {
            udp: false,
            tcp: false,
        },
    };
    /// How long a packet travels where a scenario does not say.
    pub const DEFAULT_DELAY: Duration = Duration::from_millis(10);
}

/// What changes at a link; what is none stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct LinkChange {
    /// See [`LinkSettings::delay`].
    pub delay: Option<Duration>,
    /// See [`LinkSettings::jitter`].
    pub jitter: Option<Duration>,
    /// See [`LinkSettings::loss`].
    pub loss: Option<f64>,
    /// See [`LinkSettings::rate`], in bits per second.
    pub rate: Option<u64>,
    /// See [`LinkSettings::queue`], in bytes.
    pub queue: Option<u64>,
    /// See [`LinkSettings::reorder`].
    pub reorder: Option<bool>,
    /// Whether every packet is lost.
    pub outage: Option<bool>,
    /// See [`LinkSettings::blocks`].
    pub blocks: Option<Blocks>,
}

/// Which direction of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkDirection {
    /// Both.
    Both,
    /// From the first host of [`LinkPlan::between`] to the second.
    Forward,
    /// From the second host to the first.
    Backward,
}

/// How two peers signal to each other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignallingPlan {
    /// The roles.
    pub between: [String; 2],
    /// How long a message travels, either way. Without faults messages of one direction arrive in the order sent.
    pub delay: Duration,
}

impl SignallingPlan {
    /// How long a message travels where a scenario does not say.
    pub const DEFAULT_DELAY: Duration = Duration::from_millis(10);
}

/// What befalls signalling messages.
#[derive(Debug, Clone, PartialEq)]
pub struct Fault {
    /// Which messages.
    pub on: SignalPattern,
    /// What befalls them.
    pub action: FaultAction,
}

/// Which signalling messages are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalPattern {
    /// What they carry.
    pub kind: SignalKind,
    /// The sender.
    pub from: String,
    /// The receiver; none for any.
    pub to: Option<String>,
    /// Only the message of this number, from 1, of those that match the rest; none for all.
    pub nth: Option<u32>,
}

/// What a signalling message carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalKind {
    /// Anything.
    Any,
    /// An offer.
    Offer,
    /// A final answer.
    Answer,
    /// A provisional answer.
    Pranswer,
    /// A rollback.
    Rollback,
    /// A candidate.
    Candidate,
}

impl SignalKind {
    /// All kinds.
    pub const ALL: &'static [SignalKind] = &[
        SignalKind::Any,
        SignalKind::Offer,
        SignalKind::Answer,
        SignalKind::Pranswer,
        SignalKind::Rollback,
        SignalKind::Candidate,
    ];
    /// All kinds as a scenario spells them, in the same order.
    pub const NAMES: &'static [&'static str] =
        &["any", "offer", "answer", "pranswer", "rollback", "candidate"];

    /// The kind as a scenario and a trace spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            SignalKind::Any => "any",
            SignalKind::Offer => "offer",
            SignalKind::Answer => "answer",
            SignalKind::Pranswer => "pranswer",
            SignalKind::Rollback => "rollback",
            SignalKind::Candidate => "candidate",
        }
    }
}

/// What befalls a signalling message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultAction {
    /// It never arrives.
    Drop,
    /// It arrives twice, the second time at once after the first.
    Duplicate,
    /// It arrives this much later, and others may overtake it.
    Delay(Duration),
    /// It is held until a message of this kind has arrived, then arrives at once.
    After(SignalPattern),
    /// It is held until this many later messages of the same direction have arrived, then arrives at once.
    Behind(u32),
}

/// Who answers for the identity provider of a domain (webrtc-identity).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityProviderPlan {
    /// The domain.
    pub domain: String,
    /// Whom it asserts, `user@domain`.
    pub identity: String,
    /// What comes of being asked for an assertion.
    pub assertion: IdentityBehaviour,
    /// What comes of being asked to validate one.
    pub validation: IdentityBehaviour,
    /// How long it takes to answer.
    pub delay: Duration,
}

/// What comes of asking an identity provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IdentityBehaviour {
    /// It answers as it should.
    Answers,
    /// It throws.
    Fails,
    /// It never answers.
    Hangs,
    /// It asks for a login.
    Login,
    /// Its script cannot be loaded.
    Unreachable,
    /// Its script registers no provider.
    Unregistered,
    /// It answers with something that is none of the dictionaries.
    Malformed,
}

impl IdentityBehaviour {
    /// All of them.
    pub const ALL: &'static [IdentityBehaviour] = &[
        IdentityBehaviour::Answers,
        IdentityBehaviour::Fails,
        IdentityBehaviour::Hangs,
        IdentityBehaviour::Login,
        IdentityBehaviour::Unreachable,
        IdentityBehaviour::Unregistered,
        IdentityBehaviour::Malformed,
    ];
    /// All of them as a scenario spells them, in the same order.
    pub const NAMES: &'static [&'static str] = &[
        "answers",
        "fails",
        "hangs",
        "login",
        "unreachable",
        "unregistered",
        "malformed",
    ];

    /// The behaviour as a scenario spells it.
    pub fn as_str(self) -> &'static str {
        IdentityBehaviour::NAMES[self as usize]
    }
}
