//! Groups of sections that are played in step (`LS`, RFC 5888 section 7).

use std::collections::{BTreeMap, BTreeSet};

use super::answer::AnswerInput;
use super::offer::OfferInput;
use super::plan::{SectionOwner, SectionPlan, TransceiverInput};

/// RFC 9429 sections 5.2.1 and 5.2.2: a group for each stream that several transceivers are in, and what is left of the
/// groups of the most recent answer. A group that is a part of another is left out.
pub(super) fn offered_lip_sync(input: &OfferInput<'_>, sections: &[SectionPlan]) -> Vec<Vec<String>> {
    let mut streams: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut order: Vec<&str> = Vec::new();
    let mut live: BTreeSet<&str> = BTreeSet::new();
    for section in sections {
        let (SectionOwner::Transceiver(at), Some(mid)) = (section.owner, &section.mid) else {
            continue;
        };
        live.insert(mid);
        for stream in &input.transceivers[at].stream_ids {
            let members = streams.entry(stream).or_insert_with(|| {
                order.push(stream);
                Vec::new()
            });
            if members.last() != Some(mid) {
                members.push(mid.clone());
            }
        }
    }
    let of_streams = order.iter().filter_map(|stream| streams.remove(stream));
    let answered = input.current.iter().flat_map(|current| &current.answer().groups);
    let before = answered.filter(|group| group.semantics == "LS").map(|group| {
        let members = group.mids.iter().filter(|mid| live.contains(mid.as_str()));
        members.cloned().collect::<Vec<_>>()
    });
    let mut groups: Vec<Vec<String>> = Vec::new();
    for members in before.chain(of_streams) {
        let is_part = |group: &Vec<String>| members.iter().all(|mid| group.contains(mid));
        if members.len() > 1 && !groups.iter().any(is_part) {
            groups.retain(|group| !group.iter().all(|mid| members.contains(mid)));
            groups.push(members);
        }
    }
    groups
}

/// RFC 9429 section 5.3.1: of each offered group the members whose transceivers have a stream in common, or none at all.
/// Where the members have several streams in common, the first that is found with most members decides.
pub(super) fn answered_lip_sync(input: &AnswerInput<'_>, sections: &[SectionPlan]) -> Vec<Vec<String>> {
    let transceivers: BTreeMap<&str, &TransceiverInput> = sections
        .iter()
        .filter_map(|section| match section.owner {
            SectionOwner::Transceiver(at) => Some((section.mid.as_deref()?, &input.transceivers[at])),
            _ => None,
        })
        .collect();
    let offered = input
        .remote_offer
        .groups
        .iter()
        .filter(|group| group.semantics == "LS");
    offered
        .filter_map(|group| {
            let members: Vec<(&String, &TransceiverInput)> = group
                .mids
                .iter()
                .filter_map(|mid| Some((mid, *transceivers.get(mid.as_str())?)))
                .collect();
            let streams: BTreeSet<&str> = members
                .iter()
                .flat_map(|(_, transceiver)| transceiver.stream_ids.iter().map(String::as_str))
                .collect();
            let fitting = |stream: Option<&str>| -> Vec<String> {
                members
                    .iter()
                    .filter(|(_, transceiver)| {
                        transceiver.stream_ids.is_empty()
                            || stream
                                .is_some_and(|stream| transceiver.stream_ids.iter().any(|it| it == stream))
                    })
                    .map(|(mid, _)| (*mid).clone())
                    .collect()
            };
            let best = streams
                .into_iter()
                .map(|stream| fitting(Some(stream)))
                .chain([fitting(None)])
                .max_by_key(Vec::len)?;
            (best.len() > 1).then_some(best)
        })
        .collect()
}
