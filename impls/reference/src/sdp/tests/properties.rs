//! What holds for every offer and answer, whatever the sides did before.

use std::collections::BTreeSet;

use fastrand::Rng;
use glare_peer::BundlePolicy;

use super::super::plan::{Content, DescriptionPlan, TransportUse};
use super::super::{CodecRole, Description, Direction, MediaKind, MediaSection};
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

#[test]
fn no_text_makes_the_parser_panic() {
    use super::super::fixtures::{BROWSER_OFFER, FIREFOX_VIDEO_OFFER};
    use glare_peer::SdpType;
    let mut parsed = 0;
    for seed in 0..3000 {
        let mut rng = Rng::with_seed(seed);
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
                    let mut bytes: Vec<char> = lines[at].chars().collect();
                    if !bytes.is_empty() {
                        let place = rng.usize(..bytes.len());
                        bytes[place] = rng.char('\u{20}'..'\u{2ff}');
                    }
                    lines[at] = bytes.into_iter().collect();
                }
            }
        }
        let text = lines.join("\r\n") + "\r\n";
        if let Ok(description) = Description::parse(&text) {
            parsed += 1;
            for sdp_type in [SdpType::Offer, SdpType::Answer] {
                let _ = description.verify(sdp_type);
            }
        }
    }
    assert!(parsed > 500, "only {parsed} of the mutants are well formed");
}
