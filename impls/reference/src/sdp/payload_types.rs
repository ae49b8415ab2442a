//! Numbers that mean one thing: payload types (RFC 9143 section 9.1) and identifiers of header extensions (RFC 8285
//! section 5). All sections of an offer may be bundled, so all share the numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::codec::{Codec, CodecRole};
use super::description::{Description, MediaSection};
use super::extension::HeaderExtension;

/// What the payload types mean in the descriptions in force, and in the sections of the offer that is being made.
#[derive(Debug, Default)]
pub(super) struct PayloadTypes {
    meanings: BTreeMap<u8, Vec<Codec>>,
}

/// The payload types for formats without one of their own, those that RFC 3551 calls dynamic first. From 64 to 95 none
/// is taken: with the marker bit they look like RTCP (RFC 5761 section 4).
fn dynamic() -> impl Iterator<Item = u8> {
    (96..=127).chain(35..=63)
}

impl PayloadTypes {
    /// What they mean in these descriptions.
    pub(super) fn of<'a>(descriptions: impl Iterator<Item = &'a Description>) -> PayloadTypes {
        let mut types = PayloadTypes::default();
        for codec in descriptions
            .flat_map(|description| &description.media)
            .flat_map(|section| &section.codecs)
        {
            types.remember(codec);
        }
        types
    }

    fn remember(&mut self, codec: &Codec) {
        let meanings = self.meanings.entry(codec.payload_type).or_default();
        if !meanings.iter().any(|known| known.is_same_format(codec)) {
            meanings.push(codec.clone());
        }
    }

    /// The formats for a section, in their order, with payload types that mean nothing else. A format keeps the one it
    /// has in `negotiated`, the descriptions of this section in force; then the one that it has in another section;
    /// then the one it comes with. A format for which none is left is left out, with its retransmission.
    pub(super) fn assign(&mut self, codecs: &[Codec], negotiated: &[&MediaSection]) -> Vec<Codec> {
        let mut names: BTreeMap<u8, u8> = BTreeMap::new();
        let mut taken: BTreeSet<u8> = BTreeSet::new();
        let mut assigned: Vec<(usize, Codec)> = Vec::new();
        let order = |codec: &Codec| match codec.role() {
            CodecRole::Retransmission => 2,
            CodecRole::Redundancy => 1,
            _ => 0,
        };
        for phase in 0..=2 {
            for (place, codec) in codecs
                .iter()
                .enumerate()
                .filter(|(_, codec)| order(codec) == phase)
            {
                let renamed = codec.renamed(codec.payload_type, |old| names.get(&old).copied());
                let Some(codec) = renamed else {
                    continue;
                };
                let Some(payload_type) = self.choose(&codec, negotiated, &taken) else {
                    continue;
                };
                taken.insert(payload_type);
                names.insert(codec.payload_type, payload_type);
                let codec = Codec {
                    payload_type,
                    ..codec
                };
                self.remember(&codec);
                assigned.push((place, codec));
            }
        }
        assigned.sort_by_key(|(place, _)| *place);
        assigned.into_iter().map(|(_, codec)| codec).collect()
    }

    fn choose(&self, codec: &Codec, negotiated: &[&MediaSection], taken: &BTreeSet<u8>) -> Option<u8> {
        let free = |payload_type: &u8| !taken.contains(payload_type);
        let means = |payload_type: &u8| {
            self.meanings
                .get(payload_type)
                .is_some_and(|meanings| meanings.iter().any(|known| known.is_same_format(codec)))
        };
        let own = Some(codec.payload_type).filter(free);
        negotiated
            .iter()
            .flat_map(|section| &section.codecs)
            .filter(|known| known.is_same_format(codec))
            .map(|known| known.payload_type)
            .find(free)
            .or_else(|| own.filter(means))
            .or_else(|| self.meanings.keys().copied().filter(free).find(means))
            .or_else(|| own.filter(|payload_type| !self.meanings.contains_key(payload_type)))
            .or_else(|| {
                dynamic().find(|payload_type| free(payload_type) && !self.meanings.contains_key(payload_type))
            })
    }
}

/// What the identifiers of header extensions mean.
#[derive(Debug, Default)]
pub(super) struct ExtensionIds {
    uris: BTreeMap<u16, String>,
}

impl ExtensionIds {
    /// What they mean in these descriptions.
    pub(super) fn of<'a>(descriptions: impl Iterator<Item = &'a Description>) -> ExtensionIds {
        let mut ids = ExtensionIds::default();
        for description in descriptions {
            let own = description
                .media
                .iter()
                .flat_map(|section| &section.header_extensions);
            for extension in own.chain(&description.header_extensions) {
                ids.uris
                    .entry(extension.id)
                    .or_insert_with(|| extension.uri.clone());
            }
        }
        ids
    }

    /// The extensions with identifiers that mean nothing else: the one that the extension has already, or the one that
    /// it comes with, or another. From 15 on only where `two_byte` headers are allowed; one for which none is left is
    /// left out.
    pub(super) fn assign(&mut self, extensions: &[HeaderExtension], two_byte: bool) -> Vec<HeaderExtension> {
        let last = if two_byte { 255 } else { 14 };
        let mut assigned: Vec<HeaderExtension> = Vec::new();
        for extension in extensions {
            let known = self
                .uris
                .iter()
                .find(|(id, uri)| (1..=last).contains(*id) && **uri == extension.uri)
                .map(|(id, _)| *id);
            let free = |id: &u16| (1..=last).contains(id) && *id != 15 && !self.uris.contains_key(id);
            let id = known
                .or_else(|| Some(extension.id).filter(free))
                .or_else(|| (1..=last).find(free));
            let Some(id) = id else {
                continue;
            };
            if assigned.iter().any(|it| it.uri == extension.uri) {
                continue;
            }
            self.uris.insert(id, extension.uri.clone());
            assigned.push(HeaderExtension {
                id,
                ..extension.clone()
            });
        }
        assigned
    }
}

#[cfg(test)]
mod tests {
    use super::super::description::Direction;
    use super::super::fixtures::{FIREFOX_VIDEO_OFFER, audio_codecs, codec, parsed, video_codecs};
    use super::*;

    fn payload_types(codecs: &[Codec]) -> Vec<u8> {
        codecs.iter().map(|codec| codec.payload_type).collect()
    }

    #[test]
    fn formats_keep_their_payload_types_where_nothing_is_in_force() {
        let mut types = PayloadTypes::default();
        assert_eq!(types.assign(&video_codecs(), &[]), video_codecs());
        assert_eq!(
            types.assign(&video_codecs(), &[]),
            video_codecs(),
            "in a second section too"
        );
        assert_eq!(types.assign(&audio_codecs(), &[]), audio_codecs());
    }

    #[test]
    fn a_section_goes_on_with_what_was_negotiated_and_new_formats_go_around_it() {
        let remote = parsed(FIREFOX_VIDEO_OFFER);
        let mut types = PayloadTypes::of([&remote].into_iter());
        let ours = [
            codec(96, "video/VP8", 90_000, None),
            codec(97, "video/rtx", 90_000, Some("apt=96")),
            codec(120, "video/AV1", 90_000, None),
            codec(124, "video/rtx", 90_000, Some("apt=120")),
        ];
        let assigned = types.assign(&ours, &[&remote.media[0]]);
        assert_eq!(payload_types(&assigned), [120, 124, 96, 97]);
        assert_eq!((assigned[1].apt(), assigned[3].apt()), (Some(120), Some(96)));
        // In another section, with nothing negotiated in it, the same formats have the same numbers.
        assert_eq!(types.assign(&ours, &[]), assigned);
    }

    #[test]
    fn formats_beyond_the_last_payload_type_are_left_out_with_their_retransmission() {
        let mut types = PayloadTypes::default();
        let many: Vec<_> = (0..70)
            .flat_map(|number| {
                let name = format!("video/X{number}");
                let apt = format!("apt={}", number + 1);
                [
                    codec(number + 1, &name, 90_000, None),
                    codec(120, "video/rtx", 90_000, Some(&apt)),
                ]
            })
            .collect();
        let assigned = types.assign(&many, &[]);
        let distinct: BTreeSet<_> = payload_types(&assigned).into_iter().collect();
        assert_eq!(distinct.len(), assigned.len());
        for rtx in assigned.iter().filter(|codec| codec.apt().is_some()) {
            assert!(distinct.contains(&rtx.apt().unwrap()));
        }
        assert!(assigned.len() < many.len());
    }

    #[test]
    fn identifiers_of_extensions_stay_what_they_are() {
        let extension = |id, uri: &str| HeaderExtension {
            id,
            uri: uri.to_owned(),
            direction: Direction::SendRecv,
        };
        let mid = "urn:ietf:params:rtp-hdrext:sdes:mid";
        let mut ids = ExtensionIds::of([&parsed(FIREFOX_VIDEO_OFFER)].into_iter());
        let assigned = ids.assign(
            &[extension(1, mid), extension(8, "urn:x"), extension(9, "urn:y")],
            false,
        );
        let found: Vec<_> = assigned.iter().map(|it| it.id).collect();
        assert_eq!(found, [3, 1, 9]);
        let many: Vec<_> = (0..20)
            .map(|number| extension(1, &format!("urn:{number}")))
            .collect();
        assert_eq!(ids.assign(&many, false).len(), 8, "14 less 6");
        assert_eq!(ids.assign(&many, true).len(), 20);
    }
}
