//! What an internet is built from: hosts and the links between them, as plain data.
//!
//! The data is here; `checked` fills in what is left to default and says what is wrong.

mod checked;

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub(crate) use checked::{Checked, Routes};
pub use checked::{MAX_ADDRESSES, MAX_HOSTS, TopologyError};

/// Hosts and links.
///
/// A topology without any link has one between every two hosts, with [`LinkProperties::default`], named after both:
/// `here-there`. A topology with links has those and no other.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Topology {
    /// The hosts. The n-th, counted from 0, is `HostId(n)`.
    pub hosts: Vec<HostPlan>,
    /// The links. The n-th, counted from 0, is `LinkId(n)`. At most one between two hosts.
    pub links: Vec<LinkPlan>,
}

/// A host: a machine with one interface, which has one address or several of either IP version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostPlan {
    /// Its name, of 1 to 255 bytes, unlike every other host's.
    pub name: String,
    /// Its addresses, at most [`MAX_ADDRESSES`]. Without any, the n-th host of the topology, counted from 1, gets `10.<n / 256>.<n % 256>.1` and
    /// `fd00::<n>` (in hexadecimal): the first has `10.0.1.1` and `fd00::1`.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
}

/// A link between two hosts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LinkPlan {
    /// Its name, of 1 to 511 bytes, unlike every other link's. The link's generators are derived from it.
    pub name: String,
    /// The names of the hosts at its ends.
    pub between: [String; 2],
    /// What it does to packets from the first host to the second.
    #[serde(default)]
    pub forward: LinkProperties,
    /// What it does to packets from the second host to the first.
    #[serde(default)]
    pub backward: LinkProperties,
}

/// What one direction of a link does to packets.
///
/// A packet meets, in this order: the outage, what the link blocks, the queue, the rate, the loss (a packet that is lost has used the rate),
/// the delay with its jitter. All of it is decided when the packet is sent: a change of the properties meets those sent after it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkProperties {
    /// The time a packet is under way once it has left the sender.
    pub delay: Duration,
    /// How far the delay of a packet may be off, either way, all values equally likely. At most `delay`.
    pub jitter: Duration,
    /// Whether jitter may let a packet overtake another. Otherwise a packet waits for the one before it.
    pub reorder: bool,
    /// The probability that a packet is lost, 0 to 1, independent of every other packet's.
    pub loss: f64,
    /// Bits a second of IP packets, at least 1; `None` sends each packet in no time.
    pub rate: Option<u64>,
    /// Bytes that may wait while the rate lets another packet out, which does not count; a packet that would exceed it is
    /// dropped. `None` lets any number wait. Without a rate nothing waits.
    pub queue: Option<u64>,
    /// Whether every packet is dropped.
    pub outage: bool,
    /// The protocols of which every packet is dropped, as by a firewall.
    pub blocks: Blocks,
}

/// Protocols over IP of which a link drops every packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Blocks {
    /// Whether UDP is dropped.
    pub udp: bool,
    /// Whether TCP is dropped.
    pub tcp: bool,
}

/// The delay of a link for which nothing else is said: 10 ms.
pub const DEFAULT_DELAY: Duration = Duration::from_millis(10);

impl Default for LinkProperties {
    /// [`DEFAULT_DELAY`] and nothing else.
    fn default() -> LinkProperties {
        LinkProperties {
            delay: DEFAULT_DELAY,
            jitter: Duration::ZERO,
            reorder: false,
            loss: 0.0,
            rate: None,
            queue: None,
            outage: false,
            blocks: Blocks::default(),
        }
    }
}

impl LinkProperties {
    /// These properties with the changes of `patch`.
    #[must_use]
    pub fn patched(self, patch: &LinkPatch) -> LinkProperties {
        LinkProperties {
            delay: patch.delay.unwrap_or(self.delay),
            jitter: patch.jitter.unwrap_or(self.jitter),
            reorder: patch.reorder.unwrap_or(self.reorder),
            loss: patch.loss.unwrap_or(self.loss),
            rate: patch.rate.map_or(self.rate, Limit::value),
            queue: patch.queue.map_or(self.queue, Limit::value),
            outage: patch.outage.unwrap_or(self.outage),
            blocks: patch.blocks.unwrap_or(self.blocks),
        }
    }

    /// Says what is wrong with the properties of the link called `link`, in `way`.
    pub(crate) fn check(&self, link: &str, way: Way) -> Result<(), TopologyError> {
        let wrong = |what: String| {
            Err(TopologyError::BadProperty {
                link: link.to_owned(),
                way,
                what,
            })
        };
        if !(0.0..=1.0).contains(&self.loss) {
            return wrong(format!("loss is {}, expected 0 to 1", self.loss));
        }
        if self.jitter > self.delay {
            return wrong(format!(
                "jitter is {:?}, expected at most the delay of {:?}",
                self.jitter, self.delay
            ));
        }
        if self.delay > MAX_DELAY {
            return wrong(format!(
                "delay is {:?}, expected at most {MAX_DELAY:?}",
                self.delay
            ));
        }
        if self.rate == Some(0) {
            return wrong(
                "rate is 0, expected at least 1 bit a second; what lets nothing through is an outage"
                    .to_owned(),
            );
        }
        Ok(())
    }
}

/// Longer than any network that can be meant, and short enough that twice as much still counts in nanoseconds.
const MAX_DELAY: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Changes to the properties of a link; `None` leaves a property as it is.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LinkPatch {
    /// For [`LinkProperties::delay`].
    pub delay: Option<Duration>,
    /// For [`LinkProperties::jitter`].
    pub jitter: Option<Duration>,
    /// For [`LinkProperties::reorder`].
    pub reorder: Option<bool>,
    /// For [`LinkProperties::loss`].
    pub loss: Option<f64>,
    /// For [`LinkProperties::rate`].
    pub rate: Option<Limit>,
    /// For [`LinkProperties::queue`].
    pub queue: Option<Limit>,
    /// For [`LinkProperties::outage`].
    pub outage: Option<bool>,
    /// For [`LinkProperties::blocks`].
    pub blocks: Option<Blocks>,
}

/// A new value for a limit that need not be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// There is no limit any more.
    Unlimited,
    /// This is the limit.
    At(u64),
}

impl Limit {
    fn value(self) -> Option<u64> {
        match self {
            Limit::Unlimited => None,
            Limit::At(limit) => Some(limit),
        }
    }
}

/// A host, by its place in [`Topology::hosts`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct HostId(pub u32);

impl HostId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A link, by its place in [`Topology::links`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LinkId(pub u32);

impl LinkId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The direction that a packet takes over a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// From the first host of [`LinkPlan::between`] to the second.
    Forward,
    /// From the second to the first.
    Backward,
}

impl Way {
    /// Both of them.
    pub const BOTH: [Way; 2] = [Way::Forward, Way::Backward];

    pub(crate) fn index(self) -> usize {
        match self {
            Way::Forward => 0,
            Way::Backward => 1,
        }
    }
}

impl std::fmt::Display for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Way::Forward => "forward",
            Way::Backward => "backward",
        })
    }
}

/// The directions of a link that a change means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From the first host of [`LinkPlan::between`] to the second.
    Forward,
    /// From the second to the first.
    Backward,
    /// Both.
    #[default]
    Both,
}

impl Direction {
    /// The ways that it means.
    pub fn ways(self) -> &'static [Way] {
        match self {
            Direction::Forward => &[Way::Forward],
            Direction::Backward => &[Way::Backward],
            Direction::Both => &Way::BOTH,
        }
    }
}
