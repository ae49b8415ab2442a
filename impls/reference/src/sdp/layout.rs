//! Which media section of an offer is whose (RFC 9429 sections 5.2.1 and 5.2.2).

use std::collections::{BTreeMap, BTreeSet};

use super::description::{MediaKind, MediaSection};
use super::offer::{OfferInput, existing};
use super::plan::SectionOwner;

/// A place among the media sections of an offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    /// Whose it is.
    pub owner: SectionOwner,
    /// What it carries.
    pub kind: MediaKind,
    /// Its identifier. Only a rejected section may have none.
    pub mid: Option<String>,
    /// Whether it goes on with the section at this place of the local description.
    pub is_existing: bool,
    /// Whether that section was accepted by the most recent answer.
    pub is_negotiated: bool,
}

impl Slot {
    /// Whether it is not rejected.
    pub(super) fn is_live(&self) -> bool {
        self.owner != SectionOwner::Rejected
    }
}

/// The media sections of an offer: those of the local description in their places, each for its transceiver; then what is
/// new, in places that were rejected or at the end, transceivers in their order and data last.
pub(super) fn slots(input: &OfferInput<'_>) -> Vec<Slot> {
    let existing = existing(input);
    let mut mids = Mids::new(input);
    // What the remote side last said about this very section: one that is recycled in a pending local offer is new to
    // it, which the identifier tells.
    let in_remote = |index: usize| {
        input
            .current
            .and_then(|current| current.remote.media.get(index))
            .filter(|section| section.mid() == existing[index].mid())
    };
    let by_mid: BTreeMap<&str, usize> = input
        .transceivers
        .iter()
        .enumerate()
        .filter_map(|(at, transceiver)| Some((transceiver.mid.as_deref()?, at)))
        .collect();
    let by_index: BTreeMap<usize, usize> = input
        .transceivers
        .iter()
        .enumerate()
        .filter_map(|(at, transceiver)| Some((transceiver.m_line_index?, at)))
        .collect();
    let associated = |index: usize| {
        let transceiver = match existing[index].mid() {
            Some(mid) => by_mid.get(mid),
            None => by_index.get(&index),
        };
        transceiver.copied().filter(|at| {
            let transceiver = &input.transceivers[*at];
            !transceiver.stopped && transceiver.kind == existing[index].kind
        })
    };
    let mut owned: BTreeSet<usize> = BTreeSet::new();
    let mut has_data = false;
    let mut slots: Vec<Slot> = Vec::new();
    for (index, section) in existing.iter().enumerate() {
        let lives = !section.is_rejected() && !in_remote(index).is_some_and(MediaSection::is_rejected);
        let owner = if !lives {
            SectionOwner::Rejected
        } else if section.is_data_channel() && !has_data {
            has_data = true;
            SectionOwner::DataChannels
        } else {
            match associated(index).filter(|at| section.uses_rtp() && owned.insert(*at)) {
                Some(at) => SectionOwner::Transceiver(at),
                None => SectionOwner::Rejected,
            }
        };
        let mid = match (section.mid(), owner) {
            (Some(mid), _) => Some(mid.to_owned()),
            (None, SectionOwner::Rejected) => None,
            // Negotiated with a peer that does not use identification tags.
            (None, SectionOwner::Transceiver(at)) => {
                Some(input.transceivers[at].mid.clone().unwrap_or_else(|| mids.next()))
            }
            (None, SectionOwner::DataChannels) => Some(mids.next()),
        };
        slots.push(Slot {
            owner,
            kind: section.kind.clone(),
            mid,
            is_existing: true,
            is_negotiated: lives && in_remote(index).is_some(),
        });
    }
    let mut recyclable = (0..slots.len()).filter(|&index| {
        let current = input.current.iter();
        let rejected = current
            .flat_map(|current| [current.local, current.remote])
            .filter_map(|description| description.media.get(index))
            .any(MediaSection::is_rejected);
        let lives =
            !existing[index].is_rejected() && !in_remote(index).is_some_and(MediaSection::is_rejected);
        rejected && !lives
    });
    let free: Vec<usize> = recyclable.by_ref().collect();
    let mut free = free.into_iter();
    let new = |owner, kind: &MediaKind, mid| Slot {
        owner,
        kind: kind.clone(),
        mid: Some(mid),
        is_existing: false,
        is_negotiated: false,
    };
    for (at, transceiver) in input.transceivers.iter().enumerate() {
        if transceiver.stopped || owned.contains(&at) {
            continue;
        }
        let slot = new(SectionOwner::Transceiver(at), &transceiver.kind, mids.next());
        match free.next() {
            Some(index) => slots[index] = slot,
            None => slots.push(slot),
        }
    }
    if input.wants_application && !has_data {
        let slot = new(SectionOwner::DataChannels, &MediaKind::Application, mids.next());
        // RFC 9429 has transceivers recycle. Data goes where data was.
        match free.find(|index| slots[*index].kind == MediaKind::Application) {
            Some(index) => slots[index] = slot,
            None => slots.push(slot),
        }
    }
    slots
}

/// Identifiers that are not in use. Numbers say nothing about the user, as RFC 9429 section 5.2.1 asks.
struct Mids<'a> {
    taken: BTreeSet<&'a str>,
    next: u64,
}

impl<'a> Mids<'a> {
    fn new(input: &OfferInput<'a>) -> Mids<'a> {
        let current = input
            .current
            .iter()
            .flat_map(|current| [current.local, current.remote]);
        let described = current
            .chain(input.pending_local)
            .flat_map(|description| &description.media)
            .filter_map(MediaSection::mid);
        let associated = input
            .transceivers
            .iter()
            .filter_map(|transceiver| transceiver.mid.as_deref());
        Mids {
            taken: described.chain(associated).collect(),
            next: input.lowest_mid,
        }
    }

    fn next(&mut self) -> String {
        loop {
            let mid = self.next.to_string();
            self.next = self.next.wrapping_add(1);
            if !self.taken.contains(mid.as_str()) {
                return mid;
            }
        }
    }
}
