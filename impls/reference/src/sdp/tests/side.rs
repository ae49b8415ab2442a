//! One side of a negotiation: what a connection keeps of it, without packets.

use std::collections::BTreeMap;

use glare_peer::{BundlePolicy, SdpType};

use super::super::compare::{
    check_answer_against, check_ice_of_answer, check_subsequent_offer, restarts_ice,
};
use super::super::fixtures::{answer_input, offer_input, parsed, transceiver, transport};
use super::super::{
    AnswerInput, Description, DescriptionPlan, Direction, LocalTransport, MediaKind, Negotiated, OfferInput,
    SectionOwner, TransceiverInput, next_mid, plan_answer, plan_offer,
};

/// One side, with everything that its descriptions are made of.
#[derive(Debug)]
pub(super) struct Side {
    /// Its transceivers; those that were stopped and whose section is rejected are gone.
    pub transceivers: Vec<TransceiverInput>,
    pub wants_application: bool,
    pub bundle_policy: BundlePolicy,
    /// The local and the remote description in force, and whether the local one is the answer.
    pub current: Option<(Description, Description, bool)>,
    pub pending_local: Option<Description>,
    /// The transport of each section.
    pub transports: BTreeMap<usize, LocalTransport>,
    /// Whether the next offer restarts ICE.
    pub restarts_ice: bool,
    /// The transports before the pending offer.
    stable_transports: Option<BTreeMap<usize, LocalTransport>>,
    offered: Vec<(Vec<usize>, LocalTransport)>,
    lowest_mid: u64,
    generation: u8,
}

impl Side {
    pub(super) fn new(bundle_policy: BundlePolicy, first_generation: u8) -> Side {
        Side {
            transceivers: Vec::new(),
            wants_application: false,
            bundle_policy,
            current: None,
            pending_local: None,
            transports: BTreeMap::new(),
            restarts_ice: false,
            stable_transports: None,
            offered: Vec::new(),
            lowest_mid: 0,
            generation: first_generation,
        }
    }

    /// Adds a transceiver with a stream.
    pub(super) fn add(&mut self, kind: MediaKind, direction: Direction) -> &mut TransceiverInput {
        let mut added = transceiver(kind, direction);
        added.stream_ids = vec!["stream".to_owned()];
        self.transceivers.push(added);
        self.transceivers.last_mut().unwrap()
    }

    fn negotiated(&self) -> Option<Negotiated<'_>> {
        let (local, remote, answered_locally) = self.current.as_ref()?;
        Some(Negotiated {
            local,
            remote,
            answered_locally: *answered_locally,
        })
    }

    pub(super) fn offer_input(&self) -> OfferInput<'_> {
        OfferInput {
            current: self.negotiated(),
            pending_local: self.pending_local.as_ref(),
            transceivers: &self.transceivers,
            wants_application: self.wants_application,
            lowest_mid: self.lowest_mid,
            bundle_policy: self.bundle_policy,
            ..offer_input()
        }
    }

    fn write(&mut self, plan: &DescriptionPlan, restarts: impl Fn(usize) -> bool) -> Description {
        self.offered.clear();
        let text = plan.write(|request| {
            let transport = match request.continues {
                Some(index) if !restarts(index) => self.transports[&index].clone(),
                _ => {
                    self.generation += 1;
                    transport(self.generation)
                }
            };
            self.offered.push((request.members.clone(), transport.clone()));
            transport
        });
        parsed(&text)
    }

    /// An offer that is made and set, and whose every property that does not depend on the case is checked.
    pub(super) fn offer(&mut self) -> Description {
        let plan = plan_offer(&self.offer_input());
        self.stable_transports
            .get_or_insert_with(|| self.transports.clone());
        let restarts = std::mem::take(&mut self.restarts_ice);
        let offer = self.write(&plan, |_| restarts);
        offer.verify(SdpType::Offer).unwrap();
        if let Some((local, remote, _)) = &self.current {
            check_subsequent_offer(&offer, local, remote).unwrap();
        }
        super::properties::check_round_trip(&plan, &offer);
        for (index, owner) in plan.owners().enumerate() {
            if let SectionOwner::Transceiver(at) = owner {
                self.transceivers[at].mid = offer.media[index].mid().map(str::to_owned);
                self.transceivers[at].m_line_index = Some(index);
            }
        }
        for (members, transport) in &self.offered {
            // Sections that are to be bundled have no transport of their own until the answer says so.
            self.transports.insert(members[0], transport.clone());
        }
        self.lowest_mid = self.lowest_mid.max(next_mid(&offer));
        self.pending_local = Some(offer.clone());
        offer
    }

    /// RFC 9429 section 5.10, as far as sections and transceivers go.
    fn associate(&mut self, offer: &Description) {
        for (index, section) in offer.media.iter().enumerate() {
            let mid = section.mid().map(str::to_owned);
            for transceiver in &mut self.transceivers {
                if transceiver.m_line_index == Some(index)
                    && (transceiver.mid != mid || section.is_rejected())
                {
                    transceiver.stopped = true;
                }
            }
            let known = self
                .transceivers
                .iter()
                .any(|it| it.mid.is_some() && it.mid == mid);
            if known || !section.uses_rtp() || section.is_rejected() {
                continue;
            }
            let free = self
                .transceivers
                .iter_mut()
                .find(|it| it.mid.is_none() && !it.stopped && it.kind == section.kind);
            let associated = match free {
                Some(transceiver) => transceiver,
                None => {
                    self.transceivers
                        .push(transceiver(section.kind.clone(), Direction::RecvOnly));
                    self.transceivers.last_mut().unwrap()
                }
            };
            associated.mid = mid;
            associated.m_line_index = Some(index);
        }
    }

    /// Sets the offer of the other side, and makes and sets the answer.
    pub(super) fn answer(&mut self, offer: &Description) -> Description {
        self.associate(offer);
        let plan = plan_answer(&AnswerInput {
            current: self.negotiated(),
            transceivers: &self.transceivers,
            bundle_policy: self.bundle_policy,
            ..answer_input(offer)
        });
        let restarts: Vec<bool> = (0..offer.media.len())
            .map(|index| {
                let current = self.current.as_ref();
                current.is_some_and(|(local, remote, _)| restarts_ice(offer, remote, local, index))
            })
            .collect();
        let answer = self.write(&plan, |index| restarts[index]);
        answer.verify(SdpType::Answer).unwrap();
        check_answer_against(&answer, offer).unwrap();
        super::properties::check_round_trip(&plan, &answer);
        for (members, transport) in &self.offered {
            for member in members {
                self.transports.insert(*member, transport.clone());
            }
        }
        self.settle(answer.clone(), offer.clone(), true);
        answer
    }

    /// Sets the answer of the other side.
    pub(super) fn take(&mut self, answer: &Description) {
        let offer = self.pending_local.take().unwrap();
        check_answer_against(answer, &offer).unwrap();
        if let Some((local, remote, _)) = &self.current {
            check_ice_of_answer(answer, remote, &offer, local).unwrap();
        }
        let transports: BTreeMap<usize, LocalTransport> = (0..answer.media.len())
            .filter(|index| !answer.media[*index].is_rejected())
            .map(|index| {
                let tagged = answer.transport_section(index);
                let by_tag = self.offered.iter().find(|(members, _)| members.contains(&tagged));
                (index, by_tag.unwrap().1.clone())
            })
            .collect();
        self.transports = transports;
        self.settle(offer, answer.clone(), false);
    }

    /// RFC 9429 section 5.7: takes the pending offer back.
    pub(super) fn rollback(&mut self) {
        self.pending_local = None;
        self.transports = self.stable_transports.take().unwrap_or_default();
        let known = |mid: &Option<String>| {
            let current = self.current.as_ref();
            current
                .is_some_and(|(local, ..)| local.media.iter().any(|section| section.mid() == mid.as_deref()))
        };
        for transceiver in &mut self.transceivers {
            if !known(&transceiver.mid) {
                transceiver.mid = None;
                transceiver.m_line_index = None;
            }
        }
    }

    fn settle(&mut self, local: Description, remote: Description, answered_locally: bool) {
        let rejected = |index: usize| local.media[index].is_rejected() || remote.media[index].is_rejected();
        self.transceivers.retain(|transceiver| {
            let gone = transceiver.stopped || transceiver.m_line_index.is_some_and(rejected);
            !gone
                || (transceiver.mid.is_some()
                    && transceiver.m_line_index.is_some_and(|index| !rejected(index)))
        });
        self.transports.retain(|index, _| !rejected(*index));
        self.current = Some((local, remote, answered_locally));
        self.stable_transports = None;
    }
}

/// An offer of the one and the answer of the other.
pub(super) fn negotiate(offerer: &mut Side, answerer: &mut Side) -> (Description, Description) {
    let offer = offerer.offer();
    let answer = answerer.answer(&offer);
    offerer.take(&answer);
    (offer, answer)
}

/// Two sides that have negotiated nothing.
pub(super) fn pair(bundle_policy: BundlePolicy) -> (Side, Side) {
    (
        Side::new(bundle_policy, 0),
        Side::new(BundlePolicy::Balanced, 100),
    )
}
