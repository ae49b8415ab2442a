//! The internet itself: carries packets over the links of a topology.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use glare_peer::SimTime;

use crate::capture::Capture;
use crate::fate::{Digest, DropReason, Fate, Outcome, PacketId, Path};
use crate::link::Lane;
use crate::packet;
use crate::replay::{Departure, Difference, ForceError, ForcedFate, ForcedOutcome, Record, difference};
use crate::topology::{
    Checked, Direction, HostId, HostPlan, LinkId, LinkPatch, LinkPlan, LinkProperties, Routes, Topology,
    TopologyError, Way,
};

/// An internet.
///
/// Hosts and links are named by the ids that this network gave out; those of another network may panic.
#[derive(Debug)]
pub struct Network {
    hosts: Vec<HostPlan>,
    owners: BTreeMap<IpAddr, HostId>,
    /// Hosts that are switched off.
    down: BTreeSet<HostId>,
    routes: Routes,
    links: Vec<Link>,
    next_packet: u64,
    fates: Vec<Fate>,
    capture: Option<Capture>,
    /// The records of the paths of a run that is played again; every path counts as having one.
    replay: Option<BTreeMap<Path, Record>>,
    departure: Option<Departure>,
}

/// A packet on its way. It is scheduled by [`Network::send`] and goes back into [`Network::handle`] at its time.
#[derive(Debug)]
pub struct NetworkEvent {
    host: HostId,
    fate: Fate,
    packet: Vec<u8>,
}

/// A packet at its destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The host that it arrived at.
    pub host: HostId,
    /// The IP packet.
    pub packet: Vec<u8>,
    /// Which packet.
    pub id: PacketId,
    fate: Fate,
    /// Its place in the capture.
    captured: Option<usize>,
}

impl Network {
    /// Builds the internet of a topology. All its chance comes from `seed`.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong with the topology.
    pub fn new(topology: &Topology, seed: u64) -> Result<Network, TopologyError> {
        let Checked {
            hosts,
            links,
            owners,
            routes,
        } = topology.checked()?;
        Ok(Network {
            hosts,
            owners,
            down: BTreeSet::new(),
            routes,
            links: links.into_iter().map(|plan| Link::new(plan, seed)).collect(),
            next_packet: 0,
            fates: Vec::new(),
            capture: None,
            replay: None,
            departure: None,
        })
    }

    /// Sends an IP packet from a host. It goes to whoever has its destination address; the source address is not looked at. What
    /// is for a link-local multicast group goes to the host itself and over each of its links, a packet each.
    /// Its arrival, if there is to be one, is given to `scheduler`; what becomes of it is among the next
    /// [`Network::take_fates`]. The id is that of the first packet.
    pub fn send(
        &mut self,
        now: SimTime,
        host: HostId,
        packet: Vec<u8>,
        scheduler: &mut impl FnMut(SimTime, NetworkEvent),
    ) -> PacketId {
        let id = PacketId(self.next_packet);
        match packet::destination(&packet) {
            Ok(group) if is_link_local_multicast(group) => {
                for (number, (to, path)) in self.neighbours(host).into_iter().enumerate() {
                    let route = (Some(to), Ok(path));
                    self.dispatch(now, host, route, packet.clone(), number == 0, scheduler);
                }
            }
            _ => {
                let route = self.route(host, &packet);
                self.dispatch(now, host, route, packet, true, scheduler);
            }
        }
        id
    }

    /// The host itself and those at the other ends of its links, in the order of their ids.
    fn neighbours(&self, host: HostId) -> Vec<(HostId, Path)> {
        let mut found = vec![(host, Path::Loopback { host })];
        let linked = self.routes.range((host, HostId(0))..=(host, HostId(u32::MAX)));
        found.extend(linked.map(|(&(_, to), &(link, way))| (to, Path::Link { link, way })));
        found
    }

    /// Decides what becomes of a packet whose way is known; `passes` says whether it passes the sender's interface, which the
    /// second copy of one packet does not.
    fn dispatch(
        &mut self,
        now: SimTime,
        host: HostId,
        (to, path): (Option<HostId>, Result<Path, DropReason>),
        packet: Vec<u8>,
        passes: bool,
        scheduler: &mut impl FnMut(SimTime, NetworkEvent),
    ) {
        let id = PacketId(self.next_packet);
        self.next_packet += 1;
        let length = packet.len() as u64;
        let digest = Digest::of(&packet);
        let down = self.down.contains(&host) || to.is_some_and(|to| self.down.contains(&to));
        let path = if down { Err(DropReason::HostDown) } else { path };
        let decided = match path {
            Ok(path) => self.decide(now, id, path, &packet, digest),
            Err(reason) => Err(reason),
        };
        let fate = Fate {
            id,
            sent: now,
            from: host,
            to,
            path: path.ok(),
            length,
            digest,
            outcome: match decided {
                Ok(at) => Outcome::Delivered { at },
                Err(reason) => Outcome::Dropped { reason },
            },
        };
        self.fates.push(fate);
        if passes && let Some(capture) = &mut self.capture {
            capture.packet(now, host, &packet, decided.err());
        }
        if let (Ok(at), Some(host)) = (decided, to) {
            scheduler(at, NetworkEvent { host, fate, packet });
        }
    }

    /// Switches a host off, or on again. What is sent from or to a host that is off is dropped; what was under way is not.
    pub fn set_down(&mut self, host: HostId, down: bool) {
        if down {
            self.down.insert(host);
        } else {
            self.down.remove(&host);
        }
    }

    /// Whether a host is switched off.
    pub fn is_down(&self, host: HostId) -> bool {
        self.down.contains(&host)
    }

    /// Takes an event back at its time. `None` is for an event that ends inside the network; with links of one hop each
    /// event is an arrival.
    pub fn handle(&mut self, now: SimTime, event: NetworkEvent) -> Option<Delivery> {
        let NetworkEvent { host, fate, packet } = event;
        let captured = self
            .capture
            .as_mut()
            .map(|capture| capture.packet(now, host, &packet, None));
        Some(Delivery {
            host,
            packet,
            id: fate.id,
            fate,
            captured,
        })
    }

    /// Says of a packet that was handed over that nobody at its host takes it. A second fate follows its first, and the
    /// capture says so too.
    pub fn no_listener(&mut self, delivery: &Delivery) {
        let reason = DropReason::NoListener;
        self.fates.push(Fate {
            outcome: Outcome::Dropped { reason },
            ..delivery.fate
        });
        if let (Some(capture), Some(place)) = (&mut self.capture, delivery.captured) {
            capture.dropped(place, reason);
        }
    }

    /// The fates that were decided since the last call, in order.
    pub fn take_fates(&mut self) -> Vec<Fate> {
        std::mem::take(&mut self.fates)
    }

    /// Changes what a link does to the packets that are sent from now on; those under way are not touched.
    ///
    /// # Errors
    ///
    /// [`TopologyError::BadProperty`], when the link would end up with a value that it cannot have; then nothing changed.
    pub fn change(
        &mut self,
        link: LinkId,
        direction: Direction,
        patch: &LinkPatch,
    ) -> Result<(), TopologyError> {
        let Link { plan, lanes } = &mut self.links[link.index()];
        for &way in direction.ways() {
            lanes[way.index()]
                .properties
                .patched(patch)
                .check(&plan.name, way)?;
        }
        for &way in direction.ways() {
            let lane = &mut lanes[way.index()];
            lane.properties = lane.properties.patched(patch);
        }
        Ok(())
    }

    /// From now on the n-th packet on each path meets the n-th of the fates for that path, whatever the links' properties
    /// and generators say. Packets beyond the record meet what they would have met without it.
    ///
    /// # Errors
    ///
    /// A fate is for a path that this network does not have; then nothing changed.
    pub fn force(&mut self, fates: Vec<ForcedFate>) -> Result<(), ForceError> {
        let mut records: BTreeMap<Path, Record> = BTreeMap::new();
        for (index, fate) in fates.into_iter().enumerate() {
            let exists = match fate.path {
                Path::Link { link, .. } => link.index() < self.links.len(),
                Path::Loopback { host } => host.index() < self.hosts.len(),
            };
            if !exists {
                return Err(ForceError {
                    index,
                    path: fate.path,
                });
            }
            records.entry(fate.path).or_default().push(fate);
        }
        self.replay = Some(records);
        self.departure = None;
        Ok(())
    }

    /// The first packet since [`Network::force`] that is not the recorded one.
    pub fn departure(&self) -> Option<&Departure> {
        self.departure.as_ref()
    }

    /// A packet that is in the record and has not been sent: a departure, if the run ends at `now`.
    pub fn not_sent(&self, now: SimTime) -> Option<Departure> {
        self.replay.iter().flatten().find_map(|(&path, record)| {
            let (index, more) = record.rest();
            more.then(|| Departure {
                at: now,
                id: None,
                path,
                path_name: self.path_name(path),
                index,
                difference: Difference::NotSent,
            })
        })
    }

    /// Begins a capture at every host's interface; one that was under way is thrown away. `unix_time` is the wall clock at
    /// [`SimTime::ZERO`], since the Unix epoch.
    pub fn start_capture(&mut self, unix_time: Duration) {
        let interfaces = self.hosts.iter().map(|host| host.name.clone()).collect();
        self.capture = Some(Capture::new(interfaces, unix_time));
    }

    /// The capture under way.
    pub fn capture(&mut self) -> Option<&mut Capture> {
        self.capture.as_mut()
    }

    /// Ends the capture and hands it over.
    pub fn take_capture(&mut self) -> Option<Capture> {
        self.capture.take()
    }

    /// The hosts with their addresses, in the order of their ids.
    pub fn hosts(&self) -> impl ExactSizeIterator<Item = (HostId, &HostPlan)> {
        // No more than `MAX_HOSTS`, so the ids do not wrap.
        self.hosts
            .iter()
            .enumerate()
            .map(|(index, host)| (HostId(index as u32), host))
    }

    /// The host of this name.
    pub fn host(&self, name: &str) -> Option<HostId> {
        self.hosts().find(|(_, host)| host.name == name).map(|(id, _)| id)
    }

    /// The name of a host.
    pub fn host_name(&self, host: HostId) -> &str {
        &self.hosts[host.index()].name
    }

    /// The addresses of a host, in the order of the plan.
    pub fn addresses(&self, host: HostId) -> &[IpAddr] {
        &self.hosts[host.index()].addresses
    }

    /// The host that has this address.
    pub fn owner(&self, address: IpAddr) -> Option<HostId> {
        self.owners.get(&address).copied()
    }

    /// The link of this name.
    pub fn link(&self, name: &str) -> Option<LinkId> {
        (0u32..)
            .zip(&self.links)
            .find(|(_, link)| link.plan.name == name)
            .map(|(index, _)| LinkId(index))
    }

    /// The name of a link.
    pub fn link_name(&self, link: LinkId) -> &str {
        &self.links[link.index()].plan.name
    }

    /// What a link does now to packets that go this way.
    pub fn properties(&self, link: LinkId, way: Way) -> &LinkProperties {
        &self.links[link.index()].lanes[way.index()].properties
    }

    /// A path, for people: `link path, forward` or `loopback of here`.
    pub fn path_name(&self, path: Path) -> String {
        match path {
            Path::Link { link, way } => format!("link {}, {way}", self.link_name(link)),
            Path::Loopback { host } => format!("loopback of {}", self.host_name(host)),
        }
    }

    /// To which host a packet goes, and which way, or why none.
    fn route(&self, from: HostId, packet: &[u8]) -> (Option<HostId>, Result<Path, DropReason>) {
        let Ok(destination) = packet::destination(packet) else {
            return (None, Err(DropReason::Malformed));
        };
        let owner = if destination.is_loopback() {
            Some(from)
        } else {
            self.owner(destination)
        };
        let path = match owner {
            None => Err(DropReason::NoRoute),
            Some(to) if to == from => Ok(Path::Loopback { host: from }),
            Some(to) => match self.routes.get(&(from, to)) {
                Some(&(link, way)) => Ok(Path::Link { link, way }),
                None => Err(DropReason::NoRoute),
            },
        };
        (owner, path)
    }

    fn decide(
        &mut self,
        now: SimTime,
        id: PacketId,
        path: Path,
        packet: &[u8],
        digest: Digest,
    ) -> Result<SimTime, DropReason> {
        let length = packet.len() as u64;
        let forced = self
            .forced(now, id, path, length, digest)
            .map(|outcome| match outcome {
                ForcedOutcome::Deliver { after } => Ok(now + after),
                ForcedOutcome::Drop { reason } => Err(reason),
            });
        match (path, forced) {
            (Path::Loopback { .. }, forced) => forced.unwrap_or(Ok(now)),
            (Path::Link { link, way }, forced) => {
                let lane = &mut self.links[link.index()].lanes[way.index()];
                match forced {
                    Some(outcome) => lane.forced(outcome),
                    None => lane.decide(now, length, packet::protocol(packet)),
                }
            }
        }
    }

    /// What the record says of the next packet on a path; notes the first difference.
    fn forced(
        &mut self,
        now: SimTime,
        id: PacketId,
        path: Path,
        length: u64,
        digest: Digest,
    ) -> Option<ForcedOutcome> {
        let (index, recorded) = self.replay.as_mut()?.entry(path).or_default().next();
        if self.departure.is_none()
            && let Some(difference) = difference(recorded, length, digest)
        {
            self.departure = Some(Departure {
                at: now,
                id: Some(id),
                path,
                path_name: self.path_name(path),
                index,
                difference,
            });
        }
        recorded.map(|fate| fate.outcome)
    }
}

/// Whether an address is that of a group whose packets never leave a link: `224.0.0.0/24` (RFC 5771 section 4) and
/// `ff02::/16` (RFC 4291 section 2.7).
fn is_link_local_multicast(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => matches!(address.octets(), [224, 0, 0, _]),
        IpAddr::V6(address) => matches!(address.segments(), [0xff02, ..]),
    }
}

#[derive(Debug)]
struct Link {
    plan: LinkPlan,
    lanes: [Lane; 2],
}

impl Link {
    fn new(plan: LinkPlan, seed: u64) -> Link {
        let lanes = [
            Lane::new(plan.forward, seed, &plan.name, Way::Forward),
            Lane::new(plan.backward, seed, &plan.name, Way::Backward),
        ];
        Link { plan, lanes }
    }
}

#[cfg(test)]
mod tests;
