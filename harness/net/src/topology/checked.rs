//! What is wrong with a topology, and one in which nothing is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use thiserror::Error;

use super::{HostId, HostPlan, LinkId, LinkPlan, LinkProperties, Topology, Way};

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
    /// A host has more addresses than its TCP can have.
    #[error("host {host:?} has {count} addresses, expected at most {MAX_ADDRESSES}")]
    TooManyAddresses {
        /// The host.
        host: String,
        /// How many it has.
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
/// The most addresses that a host can have: the limit of smoltcp's interface that its TCP stands on.
pub const MAX_ADDRESSES: usize = smoltcp::config::IFACE_MAX_ADDR_COUNT;

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
            if addresses.len() > MAX_ADDRESSES {
                return Err(TopologyError::TooManyAddresses {
                    host: plan.name.clone(),
                    count: addresses.len(),
                });
            }
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
    use std::time::Duration;

    use super::*;
    use crate::topology::DEFAULT_DELAY;

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
                topology(
                    &[(
                        "a",
                        &[
                            "10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6",
                            "10.0.0.7", "10.0.0.8", "10.0.0.9",
                        ],
                    )],
                    &[],
                ),
                "host \"a\" has 9 addresses, expected at most 8",
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
