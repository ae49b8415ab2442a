//! What holds for every offer and answer, whatever the sides did before.

use std::collections::BTreeSet;

use fastrand::Rng;
use glare_peer::{BundlePolicy, SdpType};

use super::super::compare::{check_answer_against, check_subsequent_offer};
use super::super::fixtures::{
    BROWSER_OFFER, FIREFOX_VIDEO_OFFER, answer_input, offer_input, parsed, transceiver, transport,
};
use super::super::plan::{Content, DescriptionPlan, TransportUse};
use super::super::{
    AnswerInput, CodecRole, Description, Direction, MediaKind, MediaSection, Negotiated, OfferInput,
    SendEncoding, TransceiverInput, TransportRequest, plan_answer, plan_offer,
};
use super::side::{Side, negotiate, pair};

/// What is written is parsed to the same meaning.
pub(super) fn check_round_trip(plan: &DescriptionPlan, parsed: &Description) {
    assert_eq!(
        plan.mids().collect::<Vec<_>>(),
        parsed.media.iter().map(MediaSection::mid).collect::<Vec<_>>()
    );
    for (index, (planned, section)) in plan.sections.iter().zip(&parsed.media).enumerate() {
        let has_transport = section.ice_ufrag.is_some() && !section.fingerprints.is_empty();
        assert_eq!(
            has_transport,
            matches!(planned.transport, TransportUse::Own(..)),
            "section {index}"
        );
        assert_eq!(
            section.bundle_only,
            planned.transport == TransportUse::BundleOnly,
            "section {index}"
        );
        match &planned.content {
            Content::Rejected { kind, .. } => assert!(section.is_rejected() && section.kind == *kind),
            Content::Data {
                sctp_port,
                max_message_size,
                ..
            } => {
                assert!(section.is_data_channel() && !section.is_rejected());
                assert_eq!(section.sctp_port, Some(*sctp_port));
                assert_eq!(section.max_message_size, Some(*max_message_size));
            }
            Content::Media(media) => {
                assert_eq!(section.kind, media.kind);
                assert_eq!(section.direction, media.direction);
                assert_eq!(section.codecs, media.codecs, "section {index}");
                assert_eq!(section.header_extensions, media.header_extensions);
                assert_eq!(section.msids, media.msids);
                assert_eq!(section.simulcast, media.simulcast);
                assert_eq!((section.ptime, section.maxptime), (media.ptime, media.maxptime));
                let rids: Vec<_> = section.rids.iter().map(|rid| rid.id.clone()).collect();
                assert_eq!(rids, media.rids);
            }
        }
    }
}

fn direction(rng: &mut Rng) -> Direction {
    Direction::new(rng.bool(), rng.bool())
}

/// One thing that an application may do.
fn change(side: &mut Side, rng: &mut Rng) {
    match rng.u8(0..8) {
        0..=2 => {
            let kind = if rng.bool() {
                MediaKind::Audio
            } else {
                MediaKind::Video
            };
            let direction = direction(rng);
            let added = side.add(kind, direction);
            rng.shuffle(&mut added.codecs);
            let keep = rng.usize(1..=added.codecs.len());
            let media = added
                .codecs
                .iter()
                .find(|codec| codec.role() == CodecRole::Media)
                .cloned();
            added.codecs.truncate(keep);
            if !added.codecs.contains(media.as_ref().unwrap()) {
                added.codecs.extend(media);
            }
            added.has_codec_preferences = rng.bool();
            added.send_encodings = ["q", "h", "f"][..rng.usize(..4)]
                .iter()
                .map(|rid| SendEncoding {
                    rid: Some((*rid).to_owned()),
                    active: rng.bool(),
                })
                .collect();
            added.stream_ids.extend(rng.bool().then(|| "another".to_owned()));
        }
        3 | 4 => {
            let at = rng.usize(..side.transceivers.len().max(1));
            if let Some(transceiver) = side.transceivers.get_mut(at) {
                transceiver.stopped = true;
            }
        }
        5 | 6 => {
            let at = rng.usize(..side.transceivers.len().max(1));
            let direction = direction(rng);
            if let Some(transceiver) = side.transceivers.get_mut(at) {
                transceiver.direction = direction;
            }
        }
        _ => side.wants_application = true,
    }
}

/// What an offer keeps of the one before it.
fn check_stability(offer: &Description, before: &Description, negotiated: &Side, seed: u64) {
    assert!(
        offer.media.len() >= before.media.len(),
        "seed {seed}: sections are gone"
    );
    let current = negotiated.current.as_ref();
    for (index, (new, old)) in offer.media.iter().zip(&before.media).enumerate() {
        let was_rejected = current.is_some_and(|(local, remote, _)| {
            [local, remote]
                .iter()
                .filter_map(|description| description.media.get(index))
                .any(MediaSection::is_rejected)
        });
        if !was_rejected {
            assert_eq!(new.mid(), old.mid(), "seed {seed}: section {index}");
            assert_eq!(new.kind, old.kind, "seed {seed}: section {index}");
        }
    }
}

#[test]
fn sections_stay_in_place_and_every_transceiver_has_one_through_random_negotiations() {
    for seed in 0..150 {
        let mut rng = Rng::with_seed(seed);
        let policies = BundlePolicy::ALL;
        let policy = policies[rng.usize(..policies.len())];
        let (mut a, mut b) = pair(policy);
        let mut seen: Option<Description> = None;
        for _ in 0..8 {
            for _ in 0..rng.u8(0..4) {
                change(&mut a, &mut rng);
            }
            for _ in 0..rng.u8(0..2) {
                change(&mut b, &mut rng);
            }
            // A description that is made twice is the same, and a pending offer may be made again.
            let again = rng.bool().then(|| a.offer());
            if let Some(pending) = &again {
                if rng.bool() {
                    change(&mut a, &mut rng);
                }
                let offer = a.offer();
                check_stability(&offer, pending, &a, seed);
            }
            if rng.bool() {
                a.restarts_ice = true;
            }
            if rng.u8(0..4) == 0 {
                // Both sides offer, and the one takes its offer back.
                b.offer();
                b.rollback();
            }
            let live: BTreeSet<usize> = (0..a.transceivers.len())
                .filter(|at| !a.transceivers[*at].stopped)
                .collect();
            let (offer, answer) = negotiate(&mut a, &mut b);
            let sections = offer.media.iter().filter(|it| it.uses_rtp() && !it.is_rejected());
            assert_eq!(sections.count(), live.len(), "seed {seed}");
            if let Some(before) = &seen {
                assert!(offer.media.len() >= before.media.len(), "seed {seed}");
            }
            check_bundle(&offer, &answer, &a, &b, seed);
            seen = Some(offer);
            if rng.bool() {
                std::mem::swap(&mut a, &mut b);
            }
        }
    }
}

/// Bundled sections use one transport on both sides; all others have one of their own.
fn check_bundle(offer: &Description, answer: &Description, offerer: &Side, answerer: &Side, seed: u64) {
    let named: BTreeSet<&str> = offer
        .groups
        .iter()
        .filter(|group| group.is_bundle())
        .flat_map(|group| group.mids.iter().map(String::as_str))
        .collect();
    for (index, section) in answer
        .media
        .iter()
        .enumerate()
        .filter(|(_, it)| !it.is_rejected())
    {
        assert!(
            section.mid().is_some_and(|mid| named.contains(mid)),
            "seed {seed}: section {index}"
        );
        let tagged = answer.transport_section(index);
        for side in [offerer, answerer] {
            assert_eq!(
                side.transports[&index], side.transports[&tagged],
                "seed {seed}: section {index}"
            );
        }
    }
    let ufrags: Vec<&str> = offer
        .media
        .iter()
        .filter_map(|section| Some(section.ice_ufrag.as_ref()?.value.as_str()))
        .collect();
    let distinct: BTreeSet<_> = ufrags.iter().collect();
    assert_eq!(
        distinct.len(),
        ufrags.len(),
        "seed {seed}: two transports have the same credentials"
    );
}

/// A description of a browser in which a few lines are lost, doubled, moved or damaged.
fn mutant(rng: &mut Rng) -> String {
    let source = if rng.bool() {
        BROWSER_OFFER
    } else {
        FIREFOX_VIDEO_OFFER
    };
    let mut lines: Vec<String> = source.lines().map(str::to_owned).collect();
    for _ in 0..rng.u8(1..4) {
        let at = rng.usize(..lines.len());
        match rng.u8(0..4) {
            0 => drop(lines.remove(at)),
            1 => {
                let line = lines[rng.usize(..lines.len())].clone();
                lines.insert(at, line);
            }
            2 => {
                let other = rng.usize(..lines.len());
                lines.swap(at, other);
            }
            _ => {
                let mut characters: Vec<char> = lines[at].chars().collect();
                if !characters.is_empty() {
                    let place = rng.usize(..characters.len());
                    characters[place] = rng.char('\u{20}'..'\u{2ff}');
                }
                lines[at] = characters.into_iter().collect();
            }
        }
    }
    lines.join("\r\n") + "\r\n"
}

#[test]
fn whatever_can_be_applied_can_be_answered_and_followed() {
    let (mut parsed_well, mut verified) = (0, 0);
    for seed in 0..4000 {
        let mut rng = Rng::with_seed(seed);
        let text = mutant(&mut rng);
        let Ok(offer) = Description::parse(&text) else {
            continue;
        };
        parsed_well += 1;
        // Neither may panic.
        let as_answer = offer.verify(SdpType::Answer);
        drop(as_answer);
        if offer.verify(SdpType::Offer).is_err() {
            continue;
        }
        verified += 1;
        let transceivers: Vec<TransceiverInput> = offer
            .media
            .iter()
            .enumerate()
            .filter(|(_, section)| matches!(section.kind, MediaKind::Audio | MediaKind::Video))
            .map(|(index, section)| TransceiverInput {
                mid: Some(section.mid().unwrap_or("generated").to_owned()),
                m_line_index: Some(index),
                ..transceiver(section.kind.clone(), direction(&mut rng))
            })
            .collect();
        let plan = plan_answer(&AnswerInput {
            transceivers: &transceivers,
            ..answer_input(&offer)
        });
        let mut generation = 0;
        let mut transport = |_: &TransportRequest| {
            generation += 1;
            transport(generation)
        };
        let answer = parsed(&plan.write(&mut transport));
        check_round_trip(&plan, &answer);
        let check = answer
            .verify(SdpType::Answer)
            .and_then(|()| check_answer_against(&answer, &offer));
        assert_eq!(check, Ok(()), "seed {seed}:\n{text}");
        let plan = plan_offer(&OfferInput {
            current: Some(Negotiated {
                local: &answer,
                remote: &offer,
                answered_locally: true,
            }),
            transceivers: &transceivers,
            ..offer_input()
        });
        let next = parsed(&plan.write(&mut transport));
        let check = next
            .verify(SdpType::Offer)
            .and_then(|()| check_subsequent_offer(&next, &answer, &offer));
        assert_eq!(check, Ok(()), "seed {seed}:\n{text}");
    }
    assert!(
        parsed_well > 500 && verified > 200,
        "only {parsed_well} of the mutants are well formed, and {verified} can be applied"
    );
}
