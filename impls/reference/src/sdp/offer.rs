//! Offers (RFC 9429 section 5.2).

use glare_peer::BundlePolicy;

use super::description::{Description, MediaKind, MediaSection};
use super::layout::{Slot, slots};
use super::lip_sync::offered_lip_sync;
use super::payload_types::{ExtensionIds, PayloadTypes};
use super::plan::{
    Content, DescriptionPlan, MediaPlan, OwnTransport, RtcpPlan, SectionOwner, SectionPlan, SessionPlan,
    TransceiverInput, TransportRequest, TransportUse, encodings, msids,
};

/// What an offer is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfferInput<'a> {
    /// The session identifier, below 2⁶³−1; the same for all descriptions of a connection.
    pub session_id: u64,
    /// The version: one more for each description that may differ from the one before (RFC 9429 section 5.2.2).
    pub session_version: u64,
    /// What was negotiated last; none makes an initial offer.
    pub current: Option<Negotiated<'a>>,
    /// The pending local description, an offer that has not been answered yet.
    pub pending_local: Option<&'a Description>,
    /// The transceivers, in the order in which they were added.
    pub transceivers: &'a [TransceiverInput],
    /// Whether a data channel has been created. A data section that was negotiated stays regardless.
    pub wants_application: bool,
    /// New identifiers are the smallest numbers from here on that are in no description. To give none out a second
    /// time, a connection raises it with [`next_mid`] of each local offer that it applies.
    pub lowest_mid: u64,
    /// The policy of the connection.
    pub bundle_policy: BundlePolicy,
    /// The local SCTP port, usually 5000.
    pub sctp_port: u16,
    /// The greatest message this side takes, in bytes; 0 for no limit.
    pub max_message_size: u64,
    /// Whether one-byte and two-byte header extensions may be mixed (RFC 8285 section 4.1.2).
    pub extmap_allow_mixed: bool,
    /// The value of `a=identity` (RFC 8827 section 5).
    pub identity: Option<&'a str>,
    /// Whether this side is a lite implementation of ICE, which RFC 9429 does not allow.
    pub ice_lite: bool,
}

/// The descriptions that an answer has put in force.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Negotiated<'a> {
    /// The local description.
    pub local: &'a Description,
    /// The remote description.
    pub remote: &'a Description,
    /// Whether it is the local one that was the answer.
    pub answered_locally: bool,
}

impl<'a> Negotiated<'a> {
    /// The most recent answer.
    pub(super) fn answer(&self) -> &'a Description {
        if self.answered_locally {
            self.local
        } else {
            self.remote
        }
    }
}

/// One more than the greatest number that is an identifier of the description; see [`OfferInput::lowest_mid`].
pub(crate) fn next_mid(description: &Description) -> u64 {
    description
        .media
        .iter()
        .filter_map(|section| section.mid()?.parse::<u64>().ok())
        .max()
        .map_or(0, |greatest| greatest.saturating_add(1))
}

/// RFC 9429 sections 5.2.1 and 5.2.2: an offer. Every media section of the local description keeps its place, and its
/// identifier unless it is recycled.
///
/// The tagged section of the BUNDLE group is that of the first transceiver that is not stopped
/// (webrtc-pc#dfn-final-steps-to-create-an-offer); once a group is negotiated, it stays the one it is as long as that
/// lives.
pub(crate) fn plan_offer(input: &OfferInput<'_>) -> DescriptionPlan {
    let mut slots = slots(input);
    let in_force = || {
        let current = input
            .current
            .iter()
            .flat_map(|current| [current.local, current.remote]);
        input.pending_local.into_iter().chain(current)
    };
    let mut payload_types = PayloadTypes::of(in_force());
    let mut extension_ids = ExtensionIds::of(in_force());
    let mut media: Vec<Option<MediaPlan>> = Vec::new();
    for (index, slot) in slots.iter_mut().enumerate() {
        let SectionOwner::Transceiver(at) = slot.owner else {
            media.push(None);
            continue;
        };
        let transceiver = &input.transceivers[at];
        let plan = offered_media(
            input,
            index,
            slot,
            transceiver,
            &mut payload_types,
            &mut extension_ids,
        );
        // A section names at least one format. Where there is none, or no payload type is left, it cannot be offered.
        if plan.codecs.is_empty() {
            slot.owner = SectionOwner::Rejected;
        }
        media.push(Some(plan).filter(|plan| !plan.codecs.is_empty()));
    }
    let groups = groups(input, &slots);
    let (uses, transports) = transports(input, &slots, &groups);
    let existing = existing(input);
    let sections: Vec<SectionPlan> = slots
        .iter()
        .zip(uses)
        .zip(media)
        .enumerate()
        .map(|(index, ((slot, transport), media))| {
            let content = match (slot.owner, media) {
                (SectionOwner::Rejected, _) if slot.is_existing => {
                    return SectionPlan::rejected(&existing[index], slot.mid.as_deref());
                }
                (SectionOwner::DataChannels, _) => Content::Data {
                    protocol: "UDP/DTLS/SCTP".to_owned(),
                    formats: "webrtc-datachannel".to_owned(),
                    sctp_port: input.sctp_port,
                    sctpmap: None,
                    max_message_size: input.max_message_size,
                },
                (SectionOwner::Transceiver(_), Some(media)) => Content::Media(Box::new(media)),
                (SectionOwner::Transceiver(_), None) | (SectionOwner::Rejected, _) => Content::Rejected {
                    kind: slot.kind.clone(),
                    protocol: PROTOCOL.to_owned(),
                    formats: "0".to_owned(),
                    is_rtp: true,
                },
            };
            SectionPlan {
                owner: slot.owner,
                mid: slot.mid.clone(),
                transport,
                content,
            }
        })
        .collect();
    let mids = |group: &Vec<usize>| group.iter().filter_map(|at| slots[*at].mid.clone()).collect();
    DescriptionPlan {
        session: SessionPlan {
            session_id: input.session_id,
            session_version: input.session_version,
            bundle: groups.iter().map(mids).collect(),
            lip_sync: offered_lip_sync(input, &sections),
            ice_lite: input.ice_lite,
            ice_options: vec!["trickle", "ice2"],
            extmap_allow_mixed: input.extmap_allow_mixed,
            identity: input.identity.map(str::to_owned),
        },
        sections,
        transports,
    }
}

/// RFC 9429 section 5.1.2: the profile of every section of RTP that is offered.
const PROTOCOL: &str = "UDP/TLS/RTP/SAVPF";

/// The media sections of the local description, pending or else current.
pub(super) fn existing<'a>(input: &OfferInput<'a>) -> &'a [MediaSection] {
    input
        .pending_local
        .or(input.current.map(|current| current.local))
        .map_or(&[], |local| &local.media)
}

/// RFC 9429 section 5.2.2: the members of each BUNDLE group, the tagged one first. Those of the most recent answer that
/// live, and everything new in the first group.
fn groups(input: &OfferInput<'_>, slots: &[Slot]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    if let Some(current) = &input.current {
        let answer = current.answer();
        for group in answer.groups.iter().filter(|group| group.is_bundle()) {
            let members: Vec<usize> = group
                .mids
                .iter()
                .filter_map(|mid| answer.index_of(mid))
                .filter(|&at| {
                    slots
                        .get(at)
                        .is_some_and(|slot| slot.is_negotiated && slot.is_live())
                })
                .collect();
            if !members.is_empty() {
                groups.push(members);
            }
        }
    }
    let mut new: Vec<usize> = (0..slots.len())
        .filter(|&at| slots[at].is_live() && !slots[at].is_negotiated)
        .collect();
    if new.is_empty() {
        return groups;
    }
    if groups.is_empty() {
        let of_transceivers = |at: &usize| match slots[*at].owner {
            SectionOwner::Transceiver(transceiver) => transceiver,
            _ => usize::MAX,
        };
        if let Some(tagged) = new.iter().copied().min_by_key(of_transceivers) {
            new.retain(|at| *at != tagged);
            new.insert(0, tagged);
        }
        groups.push(Vec::new());
    }
    groups[0].extend(new);
    groups
}

/// How each section comes by its transport, and the transports that this takes.
fn transports(
    input: &OfferInput<'_>,
    slots: &[Slot],
    groups: &[Vec<usize>],
) -> (Vec<TransportUse>, Vec<TransportRequest>) {
    /// Whose transport a section uses.
    #[derive(Clone, Copy, PartialEq)]
    enum Carried {
        Itself,
        By(usize),
        BundleOnly(usize),
    }
    let existing = existing(input);
    let mut carried = vec![Carried::Itself; slots.len()];
    for group in groups {
        let Some((&tagged, others)) = group.split_first() else {
            continue;
        };
        let is_negotiated = slots[tagged].is_negotiated;
        let mut kinds: Vec<&MediaKind> = vec![&slots[tagged].kind];
        for &at in others {
            let is_first = !kinds.contains(&&slots[at].kind);
            kinds.push(&slots[at].kind);
            // RFC 9429 section 5.2.1. Once bundling is negotiated there is no bundle-only: what is new goes where the
            // rest is (the examples of section 7.2).
            let bundle_only = match input.bundle_policy {
                BundlePolicy::MaxBundle => true,
                BundlePolicy::Balanced => !is_first,
                BundlePolicy::MaxCompat => false,
            };
            carried[at] = match (is_negotiated, bundle_only) {
                (true, _) => Carried::By(tagged),
                (false, true) => Carried::BundleOnly(tagged),
                (false, false) => Carried::Itself,
            };
        }
    }
    let mut requests: Vec<TransportRequest> = Vec::new();
    for (index, slot) in slots.iter().enumerate() {
        if slot.is_live() && carried[index] == Carried::Itself {
            // A new section of a pending offer has a transport already, unless it was to be bundled.
            let pending =
                slot.is_existing && existing[index].ice_ufrag.is_some() && !existing[index].bundle_only;
            requests.push(TransportRequest {
                index,
                mid: slot.mid.clone(),
                members: vec![index],
                continues: (slot.is_negotiated || pending).then_some(index),
            });
        }
    }
    let place = |requests: &[TransportRequest], at: usize| requests.iter().position(|it| it.index == at);
    for (index, slot) in slots.iter().enumerate() {
        if let (true, Carried::By(tagged) | Carried::BundleOnly(tagged)) = (slot.is_live(), carried[index])
            && let Some(at) = place(&requests, tagged)
        {
            requests[at].members.push(index);
            requests[at].members.sort_unstable();
        }
    }
    let uses = (0..slots.len())
        .map(|index| match carried[index] {
            _ if !slots[index].is_live() => TransportUse::None,
            Carried::BundleOnly(_) => TransportUse::BundleOnly,
            Carried::By(tagged) => place(&requests, tagged).map_or(TransportUse::None, TransportUse::Bundled),
            Carried::Itself => match place(&requests, index) {
                Some(at) => TransportUse::Own(
                    at,
                    OwnTransport {
                        rtcp: rtcp(input, slots, &requests[at]),
                        offered_setup: None,
                        is_answer: false,
                        has_tls_id: true,
                    },
                ),
                None => TransportUse::None,
            },
        })
        .collect();
    (uses, requests)
}

/// RFC 9429 sections 5.2.1 and 5.2.2: what is said of RTCP beside the attributes of a transport.
fn rtcp(input: &OfferInput<'_>, slots: &[Slot], request: &TransportRequest) -> RtcpPlan {
    let is_media = |at: &usize| matches!(slots[*at].owner, SectionOwner::Transceiver(_));
    if !request.members.iter().any(is_media) {
        return RtcpPlan::default();
    }
    let answer = input.current.map(|current| current.answer());
    let answer = answer.filter(|_| slots[request.index].is_negotiated);
    match answer.and_then(|answer| Some((answer, answer.media.get(request.index)?))) {
        None => RtcpPlan {
            rtcp: true,
            mux: true,
            mux_only: true,
            rsize: true,
        },
        Some((answer, section)) => {
            let tagged = &answer.media[answer.transport_section(request.index)];
            let had_media = answer.media.iter().zip(slots).any(|(section, slot)| {
                slot.is_negotiated && section.uses_rtp() && (section.rtcp_mux || tagged.rtcp_mux)
            });
            RtcpPlan {
                rtcp: false,
                mux: true,
                mux_only: false,
                // Where media is new to a transport of data, nothing has been said about it.
                rsize: section.rtcp_rsize || tagged.rtcp_rsize || !had_media,
            }
        }
    }
}

fn offered_media(
    input: &OfferInput<'_>,
    index: usize,
    slot: &Slot,
    transceiver: &TransceiverInput,
    payload_types: &mut PayloadTypes,
    extension_ids: &mut ExtensionIds,
) -> MediaPlan {
    let at = |description: &'_ Description| description.media.get(index).is_some();
    let current = input
        .current
        .filter(|current| slot.is_negotiated && at(current.local) && at(current.remote));
    let mut negotiated: Vec<&MediaSection> = Vec::new();
    if slot.is_existing {
        negotiated.push(&existing(input)[index]);
    }
    if let Some(current) = &current {
        negotiated.extend([&current.local.media[index], &current.remote.media[index]]);
    }
    let mut codecs = payload_types.assign(&transceiver.codecs, &negotiated);
    if let Some(current) = &current
        && !transceiver.has_codec_preferences
    {
        // RFC 9429 section 5.2.2: the order of the most recent answer, and after it what that does not have.
        let answered = &current.answer().media[index].codecs;
        codecs.sort_by_key(|codec| {
            answered
                .iter()
                .position(|it| it.is_same_format(codec))
                .unwrap_or(usize::MAX)
        });
    }
    let before = slot.is_existing.then(|| &existing(input)[index]);
    let (rids, simulcast) = encodings(&transceiver.send_encodings, transceiver.direction);
    MediaPlan {
        kind: transceiver.kind.clone(),
        protocol: PROTOCOL.to_owned(),
        direction: transceiver.direction,
        codecs,
        header_extensions: extension_ids.assign(&transceiver.header_extensions, input.extmap_allow_mixed),
        msids: msids(transceiver, transceiver.direction, before),
        rids,
        simulcast,
        ptime: transceiver.ptime,
        maxptime: transceiver.maxptime,
    }
}
