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
    /// The link blocks the packet's protocol.
    Blocked,
    /// No host has the address, or no link leads to the host that has it.
    NoRoute,
    /// It is not an IP packet.
    Malformed,
    /// The host that sent it, or the one that it is for, is down.
    HostDown,
    /// The host that got it has nobody at the port.
    NoListener,
}

impl fmt::Display for DropReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DropReason::Loss => "loss",
            DropReason::Queue => "queue full",
            DropReason::Outage => "outage",
            DropReason::Blocked => "blocked",
            DropReason::HostDown => "host down",
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
        // Four states side by side, so that a processor need not wait for one multiplication before the next.
        let mut states = [1, 2, 3, 4].map(|lane| mix(SEED, lane));
        let (blocks, rest) = bytes.as_chunks::<32>();
        for block in blocks {
            absorb(&mut states, block);
        }
        let mut last = [0; 32];
        last[..rest.len()].copy_from_slice(rest);
        absorb(&mut states, &last);
        Digest(states.into_iter().fold(mix(SEED, bytes.len() as u64), mix))
    }
}

fn absorb(states: &mut [u64; 4], block: &[u8; 32]) {
    let (words, _) = block.as_chunks::<8>();
    for (state, word) in states.iter_mut().zip(words) {
        *state = mix(*state, u64::from_le_bytes(*word));
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_bit_and_every_length_counts() {
        let mut seen = BTreeSet::new();
        for length in 0..100 {
            let bytes = vec![0; length];
            assert!(seen.insert(Digest::of(&bytes)), "{length} zeros");
            for bit in 0..length * 8 {
                let mut flipped = bytes.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(seen.insert(Digest::of(&flipped)), "{length} zeros but bit {bit}");
            }
        }
    }

    #[test]
    fn a_digest_is_what_older_bundles_hold() {
        const TEXT: &[u8] = b"glare plays WebRTC negotiation scripts";
        // Should these change, bundles that were written before name every packet as a departure.
        assert_eq!(Digest::of(b"").to_string(), "42b6c1c9765e4031");
        assert_eq!(Digest::of(TEXT).to_string(), "87a44127dc403718");
    }

    #[test]
    fn a_fate_reads_back_from_json() {
        let fate = Fate {
            id: PacketId(3),
            sent: SimTime::from_millis(1),
            from: HostId(0),
            to: Some(HostId(1)),
            path: Some(Path::Link {
                link: LinkId(0),
                way: Way::Backward,
            }),
            length: 28,
            digest: Digest(0x00ab),
            outcome: Outcome::Dropped {
                reason: DropReason::NoRoute,
            },
        };
        let text = serde_json::to_string(&fate).unwrap();
        assert_eq!(
            text,
            r#"{"id":3,"sent":1000000,"from":0,"to":1,"path":{"link":{"link":0,"way":"backward"}},"length":28,"#.to_owned()
                + r#""digest":"00000000000000ab","outcome":{"dropped":{"reason":"no-route"}}}"#
        );
        assert_eq!(serde_json::from_str::<Fate>(&text).unwrap(), fate);
        let wrong = serde_json::from_str::<Digest>(r#""+0000000000000ab""#).unwrap_err();
        assert_eq!(
            wrong.to_string(),
            "a digest is 16 hexadecimal digits, not \"+0000000000000ab\""
        );
    }
}
