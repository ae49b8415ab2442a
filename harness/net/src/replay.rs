//! Forced fates: the packets of a run meet what those of a recorded run met.

use std::collections::VecDeque;
use std::fmt;
use std::time::Duration;

use glare_peer::SimTime;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::fate::{Digest, DropReason, Fate, Outcome, PacketId, Path};

/// What the next packet on a path is to meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForcedFate {
    /// The path: the n-th forced fate of a path is for its n-th packet.
    pub path: Path,
    /// The length of the recorded packet in bytes.
    pub length: u64,
    /// The digest of the recorded packet.
    pub digest: Digest,
    /// What became of it.
    pub outcome: ForcedOutcome,
}

/// What is to become of a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ForcedOutcome {
    /// It arrives.
    Deliver {
        /// How long after it was sent. A difference, so that a run that departs in time still gets the recorded delays.
        after: Duration,
    },
    /// It does not.
    Drop {
        /// Why.
        reason: DropReason,
    },
}

impl ForcedFate {
    /// What forces another packet into this one's fate; `None` where no path decided it: there was no route, or the packet
    /// had arrived and nobody listened.
    pub fn from_fate(fate: &Fate) -> Option<ForcedFate> {
        let outcome = match fate.outcome {
            Outcome::Delivered { at } => ForcedOutcome::Deliver {
                after: at.saturating_since(fate.sent),
            },
            Outcome::Dropped {
                reason: DropReason::NoListener,
            } => return None,
            Outcome::Dropped { reason } => ForcedOutcome::Drop { reason },
        };
        Some(ForcedFate {
            path: fate.path?,
            length: fate.length,
            digest: fate.digest,
            outcome,
        })
    }
}

/// Why fates cannot be forced on a network.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "recorded fate {index} (counted from 0) is for {path:?}, which this internet does not have: it was built from another topology"
)]
pub struct ForceError {
    /// Which fate.
    pub index: usize,
    /// Its path.
    pub path: Path,
}

/// The first packet that is not the recorded one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Departure {
    /// When it was sent; for a packet that never was, when the run was found to have ended.
    pub at: SimTime,
    /// The packet, where one was sent.
    pub id: Option<PacketId>,
    /// Its path.
    pub path: Path,
    /// The name of its path, for people: `link path, forward`.
    pub path_name: String,
    /// How many packets took the path before it.
    pub index: u64,
    /// How it differs.
    pub difference: Difference,
}

/// How a packet differs from the recorded one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Difference {
    /// In length.
    Length {
        /// Bytes of the recorded packet.
        recorded: u64,
        /// Bytes of the packet sent.
        sent: u64,
    },
    /// In content; the length is the same.
    Content {
        /// Digest of the recorded packet.
        recorded: Digest,
        /// Digest of the packet sent.
        sent: Digest,
    },
    /// The record has no such packet.
    NotRecorded,
    /// The record has a packet that was not sent.
    NotSent,
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {}, packet {} (counted from 0): ",
            self.at, self.path_name, self.index
        )?;
        match self.difference {
            Difference::Length { recorded, sent } => {
                write!(f, "{sent} bytes were sent, expected {recorded} as recorded")
            }
            Difference::Content { recorded, sent } => {
                write!(f, "content {sent} was sent, expected {recorded} as recorded")
            }
            Difference::NotRecorded => f.write_str("it was sent, the record ends before it"),
            Difference::NotSent => f.write_str("it is in the record and was not sent"),
        }
    }
}

/// The forced fates of one path.
#[derive(Debug, Default)]
pub(crate) struct Record {
    fates: VecDeque<ForcedFate>,
    played: u64,
}

impl Record {
    pub fn push(&mut self, fate: ForcedFate) {
        self.fates.push_back(fate);
    }

    /// The fate of the next packet on the path, and how many came before it.
    pub fn next(&mut self) -> (u64, Option<ForcedFate>) {
        let index = self.played;
        self.played += 1;
        (index, self.fates.pop_front())
    }

    /// How many packets took the path, and whether the record goes on.
    pub fn rest(&self) -> (u64, bool) {
        (self.played, !self.fates.is_empty())
    }
}

/// How a packet differs from the recorded one, if it does.
pub(crate) fn difference(recorded: Option<ForcedFate>, length: u64, digest: Digest) -> Option<Difference> {
    match recorded {
        None => Some(Difference::NotRecorded),
        Some(fate) if fate.length != length => Some(Difference::Length {
            recorded: fate.length,
            sent: length,
        }),
        Some(fate) if fate.digest != digest => Some(Difference::Content {
            recorded: fate.digest,
            sent: digest,
        }),
        Some(_) => None,
    }
}
