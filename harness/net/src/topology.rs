//! What an internet is built from: hosts and the links between them, as plain data.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use thiserror::Error;

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

/// A host: a machine with one interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostPlan {
    /// Its name, of 1 to 255 bytes, unlike every other host's.
    pub name: String,
    /// Its addresses. Without any, the n-th host of the topology, counted from 1, gets `10.<n / 256>.<n % 256>.1` and
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
/// A packet meets, in this order: the outage, the queue, the rate, the loss (a packet that is lost has used the rate),
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

/// What is wrong with a topology, or with a change to it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TopologyError {
    /// A name is empty or too long.
    #[error("a {kind} is called {name:?}, expected a name of 1 to {limit} bytes")]
    BadName {
        /// `host` or `link`.
        kind: &'static str,
        /// Its name.
        name: String,
        /// The longest that a name may be, in bytes.
        limit: usize,
    },
    /// Two hosts or two links have one name.
    #[error("two {kind}s are called {name:?}")]
    DuplicateName {
        /// `host` or `link`.
        kind: &'static str,
        /// Their name.
        name: String,
    },
    /// More hosts than there are default addresses.
    #[error("{count} hosts, expected at most {MAX_HOSTS}")]
    TooManyHosts {
        /// How many there are.
        count: usize,
    },
    /// A host has an address that no single host can have.
    #[error("host {host:?} has the address {address}, expected a unicast address of a host")]
    BadAddress {
        /// The host.
        host: String,
        /// Its address.
        address: IpAddr,
    },
    /// Two hosts have one address, or one host has it twice.
    #[error("host {host:?} has the address {address}, which host {other:?} has already")]
    DuplicateAddress {
        /// The host that comes later.
        host: String,
        /// The host that has it.
        other: String,
        /// The address.
        address: IpAddr,
    },
    /// A link ends at a host that is not there.
    #[error("link {link:?} ends at host {host:?}, expected one of: {}", known.join(", "))]
    UnknownHost {
        /// The link.
        link: String,
        /// The host.
        host: String,
        /// The hosts there are.
        known: Vec<String>,
    },
    /// Both ends of a link are one host.
    #[error("link {link:?} has host {host:?} at both ends; a host reaches itself without a link")]
    Loop {
        /// The link.
        link: String,
        /// The host.
        host: String,
    },
    /// A second link between the same hosts, which would never carry a packet.
    #[error("link {link:?} is between the same hosts as link {other:?}")]
    ParallelLink {
        /// The link that comes later.
        link: String,
        /// The link that is there.
        other: String,
    },
    /// A property of a link has a value that it cannot have.
    #[error("link {link:?}, {way}: {what}")]
    BadProperty {
        /// The link.
        link: String,
        /// In which direction.
        way: Way,
        /// What it is and what was expected.
        what: String,
    },
}

/// The most hosts that a topology can have.
pub const MAX_HOSTS: usize = 65_535;

/// The link between two hosts, and the way from the first to the second.
pub(crate) type Routes = BTreeMap<(HostId, HostId), (LinkId, Way)>;

/// A topology in which nothing is wrong and nothing is left to default.
#[derive(Debug, Clone)]
pub(crate) struct Checked {
    pub hosts: Vec<HostPlan>,
    pub links: Vec<LinkPlan>,
    pub owners: BTreeMap<IpAddr, HostId>,
    pub routes: Routes,
}

impl Topology {
    /// Fills in the defaults, or says what is wrong first.
    pub(crate) fn checked(&self) -> Result<Checked, TopologyError> {
        if self.hosts.len() > MAX_HOSTS {
            return Err(TopologyError::TooManyHosts {
                count: self.hosts.len(),
            });
        }
        check_names("host", MAX_HOST_NAME, self.hosts.iter().map(|host| &host.name))?;
        let (hosts, owners) = self.addressed()?;
        let links = if self.links.is_empty() {
            self.default_links()
        } else {
            self.links.clone()
        };
        check_names("link", MAX_LINK_NAME, links.iter().map(|link| &link.name))?;
        let routes = routes(&hosts, &links)?;
        Ok(Checked {
            hosts,
            links,
            owners,
            routes,
        })
    }

    fn addressed(&self) -> Result<(Vec<HostPlan>, BTreeMap<IpAddr, HostId>), TopologyError> {
        let mut owners: BTreeMap<IpAddr, HostId> = BTreeMap::new();
        let mut hosts = Vec::with_capacity(self.hosts.len());
        for (index, plan) in (0u32..).zip(&self.hosts) {
            let addresses = if plan.addresses.is_empty() {
                default_addresses(index + 1)
            } else {
                plan.addresses.clone()
            };
            for &address in &addresses {
                if !is_unicast(address) {
                    return Err(TopologyError::BadAddress {
                        host: plan.name.clone(),
                        address,
                    });
                }
                if let Some(other) = owners.insert(address, HostId(index)) {
                    return Err(TopologyError::DuplicateAddress {
                        host: plan.name.clone(),
                        other: self.hosts[other.index()].name.clone(),
                        address,
                    });
                }
            }
            hosts.push(HostPlan {
                name: plan.name.clone(),
                addresses,
            });
        }
        Ok((hosts, owners))
    }

    fn default_links(&self) -> Vec<LinkPlan> {
        let mut links = Vec::new();
        for (index, first) in self.hosts.iter().enumerate() {
            for second in &self.hosts[index + 1..] {
                links.push(LinkPlan {
                    name: format!("{}-{}", first.name, second.name),
                    between: [first.name.clone(), second.name.clone()],
                    forward: LinkProperties::default(),
                    backward: LinkProperties::default(),
                });
            }
        }
        links
    }
}

/// What a capture file can say with room to spare.
const MAX_HOST_NAME: usize = 255;
/// Two names of hosts and what joins them.
const MAX_LINK_NAME: usize = 2 * MAX_HOST_NAME + 1;

fn check_names<'a>(
    kind: &'static str,
    limit: usize,
    names: impl Iterator<Item = &'a String>,
) -> Result<(), TopologyError> {
    let mut seen = BTreeSet::new();
    for name in names {
        let name = name.clone();
        if name.is_empty() || name.len() > limit {
            return Err(TopologyError::BadName { kind, name, limit });
        }
        if !seen.insert(name.clone()) {
            return Err(TopologyError::DuplicateName { kind, name });
        }
    }
    Ok(())
}

fn default_addresses(number: u32) -> Vec<IpAddr> {
    let [_, _, high, low] = number.to_be_bytes();
    vec![
        Ipv4Addr::new(10, high, low, 1).into(),
        Ipv6Addr::new(0xfd00, 0, 0, 0, 0, 0, 0, u16::from_be_bytes([high, low])).into(),
    ]
}

fn is_unicast(address: IpAddr) -> bool {
    let broadcast = address == IpAddr::V4(Ipv4Addr::BROADCAST);
    let mapped = address.to_canonical() != address;
    !(address.is_unspecified() || address.is_loopback() || address.is_multicast() || broadcast || mapped)
}

fn routes(hosts: &[HostPlan], links: &[LinkPlan]) -> Result<Routes, TopologyError> {
    let ids: BTreeMap<&str, HostId> = (0u32..)
        .zip(hosts)
        .map(|(index, host)| (host.name.as_str(), HostId(index)))
        .collect();
    let mut routes = Routes::new();
    for (index, link) in (0u32..).zip(links) {
        let find = |host: &String| {
            ids.get(host.as_str())
                .copied()
                .ok_or_else(|| TopologyError::UnknownHost {
                    link: link.name.clone(),
                    host: host.clone(),
                    known: hosts.iter().map(|host| host.name.clone()).collect(),
                })
        };
        let (first, second) = (find(&link.between[0])?, find(&link.between[1])?);
        if first == second {
            return Err(TopologyError::Loop {
                link: link.name.clone(),
                host: link.between[0].clone(),
            });
        }
        link.forward.check(&link.name, Way::Forward)?;
        link.backward.check(&link.name, Way::Backward)?;
        routes.insert((second, first), (LinkId(index), Way::Backward));
        if let Some((other, _)) = routes.insert((first, second), (LinkId(index), Way::Forward)) {
            return Err(TopologyError::ParallelLink {
                link: link.name.clone(),
                other: links[other.index()].name.clone(),
            });
        }
    }
    Ok(routes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn topology(hosts: &[(&str, &[&str])], links: &[(&str, [&str; 2])]) -> Topology {
        Topology {
            hosts: hosts
                .iter()
                .map(|(name, addresses)| HostPlan {
                    name: (*name).to_owned(),
                    addresses: addresses.iter().map(|address| address.parse().unwrap()).collect(),
                })
                .collect(),
            links: links
                .iter()
                .map(|(name, between)| LinkPlan {
                    name: (*name).to_owned(),
                    between: between.map(str::to_owned),
                    forward: LinkProperties::default(),
                    backward: LinkProperties::default(),
                })
                .collect(),
        }
    }

    fn error(topology: &Topology) -> String {
        topology.checked().unwrap_err().to_string()
    }

    #[test]
    fn a_topology_without_links_has_one_between_every_two_hosts() {
        let checked = topology(&[("a", &[]), ("b", &[]), ("c", &[])], &[])
            .checked()
            .unwrap();
        let names: Vec<&str> = checked.links.iter().map(|link| link.name.as_str()).collect();
        assert_eq!(names, ["a-b", "a-c", "b-c"]);
        assert_eq!(checked.links[0].forward.delay, DEFAULT_DELAY);
        assert_eq!(checked.routes.len(), 6);
        assert_eq!(
            checked.routes[&(HostId(2), HostId(1))],
            (LinkId(2), Way::Backward)
        );
    }

    #[test]
    fn a_topology_with_a_link_has_no_other() {
        let checked = topology(&[("a", &[]), ("b", &[]), ("c", &[])], &[("x", ["c", "a"])])
            .checked()
            .unwrap();
        assert_eq!(checked.routes.get(&(HostId(0), HostId(1))), None);
        assert_eq!(
            checked.routes[&(HostId(0), HostId(2))],
            (LinkId(0), Way::Backward)
        );
    }

    #[test]
    fn addresses_are_assigned_by_place_and_only_where_there_are_none() {
        let mut plan = topology(&[("a", &["192.0.2.1"]), ("b", &[])], &[]);
        plan.hosts.extend((2..300).map(|number| HostPlan {
            name: number.to_string(),
            addresses: Vec::new(),
        }));
        let hosts = plan.checked().unwrap().hosts;
        let of = |index: usize| {
            hosts[index]
                .addresses
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
        };
        assert_eq!(of(0), ["192.0.2.1"]);
        assert_eq!(of(1), ["10.0.2.1", "fd00::2"]);
        assert_eq!(of(299), ["10.1.44.1", "fd00::12c"]);
    }

    #[test]
    fn errors_name_the_host_or_link_and_what_is_wrong() {
        let two: &[(&str, &[&str])] = &[("a", &[]), ("b", &[])];
        for (wrong, expected) in [
            (
                topology(&[("a", &[]), ("a", &[])], &[]),
                "two hosts are called \"a\"",
            ),
            (
                topology(&[("", &[])], &[]),
                "a host is called \"\", expected a name of 1 to 255 bytes",
            ),
            (
                topology(two, &[("x", ["a", "b"]), ("x", ["b", "a"])]),
                "two links are called \"x\"",
            ),
            (
                topology(two, &[("x", ["a", "z"])]),
                "link \"x\" ends at host \"z\", expected one of: a, b",
            ),
            (
                topology(two, &[("x", ["a", "a"])]),
                "link \"x\" has host \"a\" at both ends; a host reaches itself without a link",
            ),
            (
                topology(two, &[("x", ["a", "b"]), ("y", ["b", "a"])]),
                "link \"y\" is between the same hosts as link \"x\"",
            ),
            (
                topology(&[("a", &["10.0.2.1"]), ("b", &[])], &[]),
                "host \"b\" has the address 10.0.2.1, which host \"a\" has already",
            ),
            (
                topology(&[("a", &["224.0.0.1"])], &[]),
                "host \"a\" has the address 224.0.0.1, expected a unicast address of a host",
            ),
            (
                topology(&[("a", &["::ffff:10.0.0.1"])], &[]),
                "host \"a\" has the address ::ffff:10.0.0.1, expected a unicast address of a host",
            ),
            (
                topology(&[("a-b", &[]), ("c", &[]), ("a", &[]), ("b-c", &[])], &[]),
                "two links are called \"a-b-c\"",
            ),
        ] {
            assert_eq!(error(&wrong), expected);
        }
    }

    #[test]
    fn properties_out_of_range_are_refused_in_either_direction() {
        for (properties, expected) in [
            (
                LinkProperties {
                    loss: 1.5,
                    ..LinkProperties::default()
                },
                "loss is 1.5, expected 0 to 1",
            ),
            (
                LinkProperties {
                    loss: f64::NAN,
                    ..LinkProperties::default()
                },
                "loss is NaN, expected 0 to 1",
            ),
            (
                LinkProperties {
                    loss: -0.1,
                    ..LinkProperties::default()
                },
                "loss is -0.1, expected 0 to 1",
            ),
            (
                LinkProperties {
                    jitter: DEFAULT_DELAY * 2,
                    ..LinkProperties::default()
                },
                "jitter is 20ms, expected at most the delay of 10ms",
            ),
            (
                LinkProperties {
                    delay: Duration::MAX,
                    ..LinkProperties::default()
                },
                "delay is 18446744073709551615.999999999s, expected at most 31536000s",
            ),
            (
                LinkProperties {
                    rate: Some(0),
                    ..LinkProperties::default()
                },
                "rate is 0, expected at least 1 bit a second; what lets nothing through is an outage",
            ),
        ] {
            let mut wrong = topology(&[("a", &[]), ("b", &[])], &[("x", ["a", "b"])]);
            wrong.links[0].forward = properties;
            assert_eq!(error(&wrong), format!("link \"x\", forward: {expected}"));
            wrong.links[0].forward = LinkProperties::default();
            wrong.links[0].backward = properties;
            assert_eq!(error(&wrong), format!("link \"x\", backward: {expected}"));
        }
    }
}
