//! What became of each packet.

use std::fmt;

use glare_peer::SimTime;
use serde::{Deserialize, Serialize};

use crate::topology::{HostId, LinkId, Way};

/// Names a packet within a run: how many were sent before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PacketId(pub u64);

/// What became of a packet.
///
/// It is decided when the packet is sent, also where the packet then is under way for a while. A packet that nobody took at
/// its destination has a second fate, with [`DropReason::NoListener`], recorded when it got there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fate {
    /// Which packet.
    pub id: PacketId,
    /// When it was sent.
    pub sent: SimTime,
    /// The host that sent it.
    pub from: HostId,
    /// The host that its destination address belongs to, if there is one.
    pub to: Option<HostId>,
    /// The way it took, if there is one.
    pub path: Option<Path>,
    /// The length of the IP packet in bytes.
    pub length: u64,
    /// What tells its content from another's.
    pub digest: Digest,
    /// What became of it.
    pub outcome: Outcome,
}

/// The way a packet took.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Path {
    /// Over a link.
    Link {
        /// Which link.
        link: LinkId,
        /// In which direction.
        way: Way,
    },
    /// From a host to itself: at once, never lost.
    Loopback {
        /// Which host.
        host: HostId,
    },
}

/// What became of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Outcome {
    /// It arrives.
    Delivered {
        /// When; later than the end of the run, when the run ended before.
        at: SimTime,
    },
    /// It does not.
    Dropped {
        /// Why.
        reason: DropReason,
    },
}

/// Why a packet did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum DropReason {
    /// The link's random loss took it.
    Loss,
    /// The link's queue was full.
    Queue,
    /// The link was out.
    Outage,
    /// No host has the address, or no link leads to the host that has it.
    NoRoute,
    /// It is not an IP packet.
    Malformed,
    /// The host that got it has nobody at the port.
    NoListener,
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DropReason::Loss => "loss",
            DropReason::Queue => "queue full",
            DropReason::Outage => "outage",
            DropReason::NoRoute => "no route",
            DropReason::Malformed => "not an IP packet",
            DropReason::NoListener => "no listener",
        })
    }
}

/// 64 bits that tell one packet's content from another's; the same on every machine and in every version of glare.
///
/// It guards against accidents, not against somebody who makes packets collide. Written as 16 hexadecimal digits, because
/// not every reader of JSON keeps 64 bits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Digest(u64);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        let mut state = mix(bytes.len() as u64, SEED);
        let (words, rest) = bytes.as_chunks::<8>();
        for word in words {
            state = mix(state, u64::from_le_bytes(*word));
        }
        let mut last = [0; 8];
        last[..rest.len()].copy_from_slice(rest);
        Digest(mix(mix(state, u64::from_le_bytes(last)), SEED))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl From<Digest> for String {
    fn from(digest: Digest) -> String {
        digest.to_string()
    }
}

impl TryFrom<String> for Digest {
    type Error = String;

    fn try_from(text: String) -> Result<Digest, String> {
        if text.len() != 16 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(format!("a digest is 16 hexadecimal digits, not {text:?}"));
        }
        u64::from_str_radix(&text, 16)
            .map(Digest)
            .map_err(|error| error.to_string())
    }
}

const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// One step of the digest, also used to derive one seed from another. For a fixed `state` no two words collide, because
/// each operation can be undone.
pub(crate) fn mix(state: u64, word: u64) -> u64 {
    let product = (state.rotate_left(29) ^ word).wrapping_mul(0xff51_afd7_ed55_8ccd);
    product ^ (product >> 32)
}
