//! The simulated internet: hosts, links, IP packets, one event heap, capture to pcapng.
//!
//! Read [`topology`] first: it is what an internet is built from. [`Network`] carries packets over it: [`Network::send`]
//! decides what becomes of a packet and asks for an event at the time of its arrival, [`Network::handle`] takes that event
//! back and hands over the packet. The network has no clock and no heap of its own; [`Schedule`] is the heap that a run
//! keeps for everything that happens in it.
//!
//! What became of each packet is a [`Fate`]; the fates of a run, given to [`Network::force`], make another run treat its
//! packets alike. A [`Capture`] is the same for people: a pcapng file.
//!
//! What lives on a host stands beside the network and is fed by whoever runs it: [`tcp`], [`mdns`], and [`server`] for STUN and TURN.
//! The network itself does not know what is inside a packet beyond its IP header.

pub mod capture;
pub mod fate;
mod link;
pub mod mdns;
pub mod network;
pub mod packet;
pub mod replay;
pub mod schedule;
pub mod server;
pub mod tcp;
pub mod topology;

pub use capture::{Capture, CaptureError};
pub use fate::{Digest, DropReason, Fate, Outcome, PacketId, Path};
pub use network::{Delivery, Network, NetworkEvent};
pub use packet::{PacketError, UdpPacket, build_udp, parse_udp};
pub use replay::{Departure, Difference, ForceError, ForcedFate, ForcedOutcome};
pub use schedule::{Key, Schedule};
pub use topology::{
    Blocks, Direction, HostId, HostPlan, Limit, LinkId, LinkPatch, LinkPlan, LinkProperties, Topology,
    TopologyError, Way,
};
