//! Answers (RFC 9429 section 5.3).

use std::collections::{BTreeMap, BTreeSet};

use glare_peer::BundlePolicy;

use super::description::{Description, MediaKind, MediaSection};
use super::extension::{HeaderExtension, answer_header_extensions};
use super::lip_sync::answered_lip_sync;
use super::negotiate::answer_codecs;
use super::offer::Negotiated;
use super::plan::{
    Content, DescriptionPlan, MediaPlan, OwnTransport, RtcpPlan, SectionOwner, SectionPlan, SessionPlan,
    TransceiverInput, TransportRequest, TransportUse, msids,
};
use super::simulcast::{Simulcast, SimulcastStream};

/// What an answer is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerInput<'a> {
    /// The session identifier, below 2⁶³−1; the same for all descriptions of a connection.
    pub session_id: u64,
    /// The version: one more for each description that differs from the one before (RFC 9429 section 5.3.2).
    pub session_version: u64,
    /// The offer, which has passed [`Description::verify`].
    pub remote_offer: &'a Description,
    /// What was negotiated before the offer.
    pub current: Option<Negotiated<'a>>,
    /// The pending local description, a provisional answer.
    pub pending_local: Option<&'a Description>,
    /// The transceivers, of which each is associated with the section that it answers.
    pub transceivers: &'a [TransceiverInput],
    /// The policy of the connection.
    pub bundle_policy: BundlePolicy,
    /// What happens to a BUNDLE group whose tagged section is rejected.
    pub rejected_tag: RejectedTag,
    /// The local SCTP port, usually 5000.
    pub sctp_port: u16,
    /// The greatest message this side takes, in bytes; 0 for no limit.
    pub max_message_size: u64,
    /// Whether one-byte and two-byte header extensions may be mixed, if the offer says so too (RFC 8285 section 4.1.2).
    pub extmap_allow_mixed: bool,
    /// The value of `a=identity` (RFC 8827 section 5).
    pub identity: Option<&'a str>,
    /// Whether this side is a lite implementation of ICE, which RFC 9429 does not allow.
    pub ice_lite: bool,
}

/// What an answer does with a BUNDLE group whose offerer-tagged section it must reject.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RejectedTag {
    /// The next section that is accepted becomes the tagged one of the answer. Browsers take such an answer, and make it.
    NextIsTagged,
    /// All sections of the group are rejected, to the letter of RFC 9429 section 5.3.1.
    GroupIsRejected,
}

/// RFC 9429 sections 5.3.1 and 5.3.2: an answer, with a media section for each one offered.
///
/// A section is rejected if its transceiver is stopped or missing, if nothing is common, if it is of a kind or protocol
/// that JSEP does not know, or if the bundle policy says so; a second section for data is rejected too.
pub(crate) fn plan_answer(input: &AnswerInput<'_>) -> DescriptionPlan {
    let offer = input.remote_offer;
    let mut contents = contents(input);
    // Each offered BUNDLE group, the tagged section first, as far as it names sections.
    let groups: Vec<Vec<usize>> = offer
        .groups
        .iter()
        .filter(|group| group.is_bundle())
        .map(|group| group.mids.iter().filter_map(|mid| offer.index_of(mid)).collect())
        .collect();
    let mut group_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        for &at in group {
            group_of.entry(at).or_insert(number);
        }
    }
    reject_by_policy(input, &group_of, &mut contents);
    for group in &groups {
        let tag_is_rejected = group.first().is_some_and(|tag| contents[*tag].is_none());
        if tag_is_rejected && input.rejected_tag == RejectedTag::GroupIsRejected {
            for &at in group {
                contents[at] = None;
            }
        }
    }
    let accepted: Vec<Vec<usize>> = groups
        .iter()
        .map(|group| {
            group
                .iter()
                .copied()
                .filter(|at| contents[*at].is_some())
                .collect()
        })
        .collect();
    let (uses, transports) = transports(input, &contents, &group_of, &accepted);
    let sections: Vec<SectionPlan> = contents
        .into_iter()
        .zip(uses)
        .zip(&offer.media)
        .map(|((content, transport), offered)| match content {
            None => SectionPlan::rejected(offered, offered.mid()),
            Some((owner, content)) => SectionPlan {
                owner,
                mid: offered.mid().map(str::to_owned),
                transport,
                content,
            },
        })
        .collect();
    // RFC 9429 section 5.3.1: only such options as the offer has, at either level.
    let ice_options = ["trickle", "ice2"]
        .into_iter()
        .filter(|option| {
            let own = offer.media.iter().flat_map(|section| &section.ice_options);
            own.chain(&offer.ice_options).any(|offered| offered == option)
        })
        .collect();
    let offered_mixed = offer.media.iter().any(|section| section.extmap_allow_mixed);
    let mids = |group: &Vec<usize>| -> Vec<String> {
        group
            .iter()
            .filter_map(|at| offer.media[*at].mid().map(str::to_owned))
            .collect()
    };
    DescriptionPlan {
        session: SessionPlan {
            session_id: input.session_id,
            session_version: input.session_version,
            bundle: accepted
                .iter()
                .filter(|group| !group.is_empty())
                .map(mids)
                .collect(),
            lip_sync: answered_lip_sync(input, &sections),
            ice_lite: input.ice_lite,
            ice_options,
            extmap_allow_mixed: input.extmap_allow_mixed && offered_mixed,
            identity: input.identity.map(str::to_owned),
        },
        sections,
        transports,
    }
}

/// What answers each section, before bundling is looked at: none where it is rejected.
fn contents(input: &AnswerInput<'_>) -> Vec<Option<(SectionOwner, Content)>> {
    let offer = input.remote_offer;
    let data = offer.data_channel_section();
    let mut owned: BTreeSet<usize> = BTreeSet::new();
    offer
        .media
        .iter()
        .enumerate()
        .map(|(index, offered)| {
            if offered.is_rejected() {
                return None;
            }
            if data == Some(index) {
                return Some((SectionOwner::DataChannels, answered_data(input, offered)));
            }
            let at = input
                .transceivers
                .iter()
                .position(|transceiver| match offered.mid() {
                    Some(mid) => transceiver.mid.as_deref() == Some(mid),
                    None => transceiver.m_line_index == Some(index),
                })?;
            let transceiver = &input.transceivers[at];
            if transceiver.stopped
                || !offered.uses_rtp()
                || transceiver.kind != offered.kind
                || !owned.insert(at)
            {
                return None;
            }
            let media = answered_media(input, index, transceiver)?;
            Some((SectionOwner::Transceiver(at), Content::Media(Box::new(media))))
        })
        .collect()
}

/// RFC 9429 section 5.3.1: what the bundle policy of this side rejects.
fn reject_by_policy(
    input: &AnswerInput<'_>,
    group_of: &BTreeMap<usize, usize>,
    contents: &mut [Option<(SectionOwner, Content)>],
) {
    let offer = input.remote_offer;
    let mut firsts: Vec<(&MediaKind, usize)> = Vec::new();
    for (index, section) in offer.media.iter().enumerate() {
        let first = match firsts.iter().find(|(kind, _)| *kind == &section.kind) {
            Some((_, first)) => *first,
            None => {
                firsts.push((&section.kind, index));
                index
            }
        };
        let with = match input.bundle_policy {
            BundlePolicy::MaxCompat => continue,
            BundlePolicy::MaxBundle => 0,
            BundlePolicy::Balanced => first,
        };
        let together = group_of.get(&index).is_some() && group_of.get(&index) == group_of.get(&with);
        if index != with && !together {
            contents[index] = None;
        }
    }
}

/// How each section comes by its transport, and the transports that this takes: one for each group, and one for each
/// section that is in none.
fn transports(
    input: &AnswerInput<'_>,
    contents: &[Option<(SectionOwner, Content)>],
    group_of: &BTreeMap<usize, usize>,
    accepted: &[Vec<usize>],
) -> (Vec<TransportUse>, Vec<TransportRequest>) {
    let offer = input.remote_offer;
    let mut requests: Vec<TransportRequest> = Vec::new();
    for (index, _) in contents
        .iter()
        .enumerate()
        .filter(|(_, content)| content.is_some())
    {
        let members = group_of
            .get(&index)
            .and_then(|group| accepted.get(*group))
            .map_or(&[][..], Vec::as_slice);
        if members.first().is_some_and(|tagged| *tagged != index) {
            continue;
        }
        let mut all = if members.is_empty() {
            vec![index]
        } else {
            members.to_vec()
        };
        let continues = all.iter().copied().find(|at| goes_on(input, *at));
        all.sort_unstable();
        requests.push(TransportRequest {
            index,
            mid: offer.media[index].mid().map(str::to_owned),
            members: all,
            continues,
        });
    }
    let mut uses = vec![TransportUse::None; contents.len()];
    for (at, request) in requests.iter().enumerate() {
        for &member in &request.members {
            uses[member] = TransportUse::Bundled(at);
        }
        // What the tagged section of the offer says holds for the whole group.
        let tagged = &offer.media[offer.transport_section(request.index)];
        let own = &offer.media[request.index];
        let is_media = |at: &usize| matches!(contents[*at], Some((SectionOwner::Transceiver(_), _)));
        let has_media = request.members.iter().any(is_media);
        uses[request.index] = TransportUse::Own(
            at,
            OwnTransport {
                // RFC 9143 section 9.3.1.2: the tagged section says it also where there is only data yet.
                rtcp: RtcpPlan {
                    rtcp: false,
                    mux: has_media || tagged.rtcp_mux,
                    mux_only: tagged.rtcp_mux_only || own.rtcp_mux_only,
                    rsize: tagged.rtcp_rsize || own.rtcp_rsize,
                },
                offered_setup: tagged.setup.as_ref().map(|setup| setup.value),
                is_answer: true,
                has_tls_id: tagged.tls_id.is_some(),
            },
        );
    }
    (uses, requests)
}

/// The section at an index of the local description in force, if it is the one that the offer speaks of.
fn before<'a>(input: &AnswerInput<'a>, index: usize) -> Option<&'a MediaSection> {
    let mid = input.remote_offer.media.get(index)?.mid();
    let same = |description: &'a Description| {
        description
            .media
            .get(index)
            .filter(|section| section.mid() == mid && !section.is_rejected())
    };
    let current = input.current.and_then(|current| same(current.local));
    input.pending_local.and_then(same).or(current)
}

/// Whether the section at an index has a transport already.
fn goes_on(input: &AnswerInput<'_>, index: usize) -> bool {
    let rejected = input
        .current
        .and_then(|current| current.remote.media.get(index))
        .is_some_and(MediaSection::is_rejected);
    let is_pending = input
        .pending_local
        .and_then(|description| description.media.get(index))
        .is_some_and(|section| !section.is_rejected());
    before(input, index).is_some() && (is_pending || !rejected)
}

fn answered_data(input: &AnswerInput<'_>, offered: &MediaSection) -> Content {
    // What the formats of the time before RFC 8841 mean is said in a=sctpmap.
    let sctpmap = offered
        .attributes
        .iter()
        .find(|attribute| attribute.name == "sctpmap");
    Content::Data {
        protocol: offered.protocol.clone(),
        formats: offered.formats.join(" "),
        sctp_port: input.sctp_port,
        sctpmap: sctpmap.map(|attribute| attribute.value.clone().unwrap_or_default()),
        max_message_size: input.max_message_size,
    }
}

fn answered_media(
    input: &AnswerInput<'_>,
    index: usize,
    transceiver: &TransceiverInput,
) -> Option<MediaPlan> {
    let offered = &input.remote_offer.media[index];
    let codecs = answer_codecs(
        &offered.codecs,
        &transceiver.codecs,
        transceiver.has_codec_preferences,
    );
    if codecs.is_empty() {
        return None;
    }
    let direction = offered.direction.reversed().intersection(transceiver.direction);
    let extensions: Vec<HeaderExtension> = input.remote_offer.header_extensions_of(index).cloned().collect();
    // webrtc-pc#dfn-final-steps-to-create-an-answer: of the simulcast that the other side asks for, what the sender has.
    // RFC 9429 section 3.7: simulcast that it wants to send is not received.
    let send: Vec<SimulcastStream> = offered
        .simulcast_to_receive()
        .iter()
        .filter(|_| direction.sends())
        .filter_map(|asked| {
            let mut encodings = transceiver.send_encodings.iter();
            encodings.find(|encoding| encoding.rid.as_ref() == Some(&asked.rid))
        })
        .map(|encoding| SimulcastStream::of(encoding.rid.as_deref().unwrap_or_default(), !encoding.active))
        .collect();
    let simulcast = (!send.is_empty()).then_some(Simulcast {
        send,
        recv: Vec::new(),
    });
    Some(MediaPlan {
        kind: offered.kind.clone(),
        protocol: offered.protocol.clone(),
        direction,
        codecs,
        header_extensions: answer_header_extensions(&extensions, &transceiver.header_extensions),
        msids: msids(transceiver, direction, before(input, index)),
        rids: simulcast
            .iter()
            .flat_map(Simulcast::rids)
            .map(str::to_owned)
            .collect(),
        simulcast,
        ptime: transceiver.ptime,
        maxptime: transceiver.maxptime,
    })
}
