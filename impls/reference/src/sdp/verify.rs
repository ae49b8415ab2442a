//! RFC 9429 section 5.8.3: what the lines of a description mean together.

use std::collections::{BTreeMap, BTreeSet};

use glare_peer::SdpType;

use super::codec::Codec;
use super::description::{Description, MediaSection, Setup};
use super::error::ContentError;

impl Description {
    /// RFC 9429 section 5.8.3: the checks for which the description alone is enough. RTCP multiplexing must be used:
    /// `require` is the only `rtcpMuxPolicy` that webrtc-pc has.
    ///
    /// A missing `a=tls-id` is no error, though the section lists it: RFC 8842 section 5 lets a sender leave it out,
    /// and no browser sends it.
    ///
    /// # Errors
    ///
    /// The first check that fails, with the line at fault.
    pub(crate) fn verify(&self, sdp_type: SdpType) -> Result<(), ContentError> {
        self.check_identifiers()?;
        let transports = self.transport_sections();
        for (index, section) in self.media.iter().enumerate() {
            // Nothing else of a rejected section means anything (RFC 3264 section 6). A section of a protocol that
            // JSEP does not know needs no ICE or DTLS of JSEP's: the answer rejects it.
            if section.is_rejected() || !(section.uses_rtp() || section.uses_sctp()) {
                continue;
            }
            let transport = &self.media[transports[index]];
            check_transport(transport, section, sdp_type)?;
            check_features(section)?;
            check_references(section)?;
            self.check_header_extensions(index, sdp_type)?;
            // Where media is bundled into a data section, a=rtcp-mux may stand in either (RFC 9429 section 5.2.2).
            let multiplexes = section.rtcp_mux || transport.rtcp_mux;
            if section.uses_rtp() && !multiplexes {
                return Err(ContentError::new(
                    section.line,
                    "the media section has no a=rtcp-mux",
                ));
            }
            if sdp_type != SdpType::Offer && section.bundle_only {
                return Err(ContentError::new(
                    section.line,
                    "a=bundle-only must not stand in an answer (RFC 9143 section 6)",
                ));
            }
        }
        self.check_bundled_numbers()
    }

    /// RFC 8285 sections 5 and 6: identifiers are from 1 to 255, or stand in an offer for one that the answerer chooses,
    /// and each means one extension.
    fn check_header_extensions(&self, index: usize, sdp_type: SdpType) -> Result<(), ContentError> {
        let section = &self.media[index];
        let mut meanings: BTreeMap<u16, &str> = BTreeMap::new();
        for extension in self.header_extensions_of(index) {
            let line = || {
                let number = extension.id.to_string();
                line_of(section, "extmap", |value| {
                    value.split([' ', '/']).next() == Some(&number)
                })
            };
            let in_range = (1..=255).contains(&extension.id)
                || (sdp_type == SdpType::Offer && (4096..=4351).contains(&extension.id));
            if !in_range {
                return Err(ContentError::new(
                    line(),
                    format!("a=extmap: the identifier {} is not from 1 to 255", extension.id),
                ));
            }
            let meaning = *meanings.entry(extension.id).or_insert(&extension.uri);
            if meaning != extension.uri {
                return Err(ContentError::new(
                    line(),
                    format!("a=extmap: {} is {meaning:?} already", extension.id),
                ));
            }
        }
        Ok(())
    }

    /// RFC 9143 section 9.1: in all sections of a BUNDLE group a payload type means the same format; and RFC 8285 section 5: an
    /// identifier the same header extension.
    fn check_bundled_numbers(&self) -> Result<(), ContentError> {
        for group in self.groups.iter().filter(|group| group.is_bundle()) {
            let mut formats: BTreeMap<u8, &Codec> = BTreeMap::new();
            let mut extensions: BTreeMap<u16, &str> = BTreeMap::new();
            for mid in &group.mids {
                let section = self.index_of(mid).and_then(|index| self.media.get(index));
                let Some(section) = section.filter(|it| it.uses_rtp() && !it.is_rejected()) else {
                    continue;
                };
                for codec in &section.codecs {
                    let payload_type = codec.payload_type;
                    let known = *formats.entry(payload_type).or_insert(codec);
                    if !known.is_same_format(codec) {
                        let number = payload_type.to_string();
                        return Err(ContentError::new(
                            line_of(section, "rtpmap", |value| {
                                value.split(' ').next() == Some(&number)
                            }),
                            format!(
                                "the payload type {payload_type} means {} here and {} in another section of the BUNDLE group",
                                codec.mime_type, known.mime_type
                            ),
                        ));
                    }
                }
                for extension in &section.header_extensions {
                    let known = *extensions.entry(extension.id).or_insert(&extension.uri);
                    if known != extension.uri {
                        let number = extension.id.to_string();
                        return Err(ContentError::new(
                            line_of(section, "extmap", |value| {
                                value.split([' ', '/']).next() == Some(&number)
                            }),
                            format!("a=extmap: {number} is {known:?} in another section of the BUNDLE group"),
                        ));
                    }
                }
            }
        }
        Ok(())
    }

    /// Identification tags are unique (RFC 5888 section 4), and a BUNDLE group names sections of this description,
    /// each in one group only (RFC 9143 section 7).
    fn check_identifiers(&self) -> Result<(), ContentError> {
        for (index, section) in self.media.iter().enumerate() {
            if let Some(mid) = &section.mid
                && self.index_of(&mid.value) != Some(index)
            {
                return Err(ContentError::new(
                    mid.line,
                    format!("an earlier media section has a=mid:{} too", mid.value),
                ));
            }
        }
        let mut bundled: Vec<&str> = Vec::new();
        for group in self.groups.iter().filter(|group| group.is_bundle()) {
            for mid in &group.mids {
                if self.index_of(mid).is_none() {
                    let line = match self.media.iter().find(|section| section.mid.is_none()) {
                        Some(without) => without.line,
                        None => group.line,
                    };
                    return Err(ContentError::new(
                        line,
                        format!("a=group:BUNDLE names {mid:?}, and no media section has this a=mid"),
                    ));
                }
                if bundled.contains(&mid.as_str()) {
                    return Err(ContentError::new(
                        group.line,
                        format!("the media section {mid:?} is in a BUNDLE group already"),
                    ));
                }
                bundled.push(mid);
            }
        }
        Ok(())
    }
}

/// ICE and DTLS must be there (RFC 9429 section 5.1.1), in the section or the one it is bundled into.
fn check_transport(
    transport: &MediaSection,
    section: &MediaSection,
    sdp_type: SdpType,
) -> Result<(), ContentError> {
    let missing = |name: &str| {
        Err(ContentError::new(
            transport.line,
            format!("the media section has no a={name}"),
        ))
    };
    if transport.ice_ufrag.is_none() {
        return missing("ice-ufrag");
    }
    if transport.ice_pwd.is_none() {
        return missing("ice-pwd");
    }
    if transport.fingerprints.is_empty() {
        return missing("fingerprint");
    }
    let Some(setup) = &transport.setup else {
        return missing("setup");
    };
    // RFC 5763 section 5 asks an offerer for actpass; RFC 9429 section 5.3.1 has an answerer live with offers of
    // others, whose role is already settled.
    let allowed = match sdp_type {
        SdpType::Offer => setup.value != Setup::Holdconn,
        SdpType::Answer | SdpType::Pranswer | SdpType::Rollback => {
            matches!(setup.value, Setup::Active | Setup::Passive)
        }
    };
    if !allowed {
        return Err(ContentError::new(
            setup.line,
            format!(
                "a=setup:{} must not stand in an {sdp_type} for the media section of line {}",
                setup.value, section.line
            ),
        ));
    }
    Ok(())
}

/// The line of an attribute whose value fits, or else that of the section.
fn line_of(section: &MediaSection, name: &str, fits: impl Fn(&str) -> bool) -> u32 {
    section
        .attributes
        .iter()
        .find(|attribute| attribute.name == name && attribute.value.as_deref().is_some_and(&fits))
        .map_or(section.line, |attribute| attribute.line)
}

/// What RFC 9429 sections 5.1.1 and 5.8.3 prohibit.
fn check_features(section: &MediaSection) -> Result<(), ContentError> {
    for attribute in &section.attributes {
        match attribute.name.as_str() {
            "crypto" | "key-mgmt" => {
                return Err(ContentError::new(
                    attribute.line,
                    format!("a={} is prohibited (RFC 9429 section 5.1.1)", attribute.name),
                ));
            }
            "rtcp-mux-only" if !section.rtcp_mux => {
                return Err(ContentError::new(
                    attribute.line,
                    "a=rtcp-mux-only stands without a=rtcp-mux",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// What a section names is in it: the encodings of its simulcast (RFC 9429 section 5.8.3), each defined once (RFC 8851
/// section 10), and the formats that retransmissions are for (RFC 9429 section 5.10).
fn check_references(section: &MediaSection) -> Result<(), ContentError> {
    let mut defined: BTreeSet<&str> = BTreeSet::new();
    for rid in &section.rids {
        if !defined.insert(&rid.id) {
            return Err(ContentError::new(
                line_of(section, "rid", |value| value.split(' ').next() == Some(&rid.id)),
                format!("a=rid:{} is there a second time", rid.id),
            ));
        }
    }
    let simulcast = section.simulcast.as_ref();
    if let Some(rid) = simulcast.and_then(|it| it.rids().find(|rid| !defined.contains(rid))) {
        return Err(ContentError::new(
            line_of(section, "simulcast", |_| true),
            format!("a=simulcast names {rid:?}, and there is no such a=rid"),
        ));
    }
    let payload_types: BTreeSet<u8> = section
        .formats
        .iter()
        .filter_map(|format| format.parse().ok())
        .collect();
    for codec in &section.codecs {
        if let Some(apt) = codec.apt().filter(|apt| !payload_types.contains(apt)) {
            let number = codec.payload_type.to_string();
            return Err(ContentError::new(
                line_of(section, "fmtp", |value| value.split(' ').next() == Some(&number)),
                format!("{number} is the retransmission of {apt}, which is no format of the section"),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{BROWSER_OFFER, DATA_OFFER, parsed, replace_line};
    use super::*;

    fn verify(text: &str, sdp_type: SdpType) -> Result<(), ContentError> {
        parsed(text).verify(sdp_type)
    }

    fn data_answer() -> String {
        replace_line(DATA_OFFER, "a=setup", "a=setup:active")
    }

    #[test]
    fn offers_and_answers_of_browsers_are_valid() {
        verify(DATA_OFFER, SdpType::Offer).unwrap();
        verify(BROWSER_OFFER, SdpType::Offer).unwrap();
        verify(&data_answer(), SdpType::Answer).unwrap();
        verify(&data_answer(), SdpType::Pranswer).unwrap();
    }

    #[test]
    fn the_line_at_fault_is_named() {
        let data = |start: &str, with: &str| replace_line(DATA_OFFER, start, with);
        let browser = |start: &str, with: &str| replace_line(BROWSER_OFFER, start, with);
        let cases = [
            ("no username fragment", data("a=ice-ufrag", ""), SdpType::Offer, 8),
            ("no password", data("a=ice-pwd", ""), SdpType::Offer, 8),
            ("no fingerprint", data("a=fingerprint", ""), SdpType::Offer, 8),
            ("no setup", data("a=setup", ""), SdpType::Offer, 8),
            (
                "offer holds",
                data("a=setup", "a=setup:holdconn"),
                SdpType::Offer,
                13,
            ),
            (
                "answer leaves the choice",
                DATA_OFFER.to_owned(),
                SdpType::Answer,
                13,
            ),
            ("no mid where BUNDLE is", data("a=mid", ""), SdpType::Offer, 8),
            (
                "group of an unknown mid",
                data("a=group", "a=group:BUNDLE 0 7"),
                SdpType::Offer,
                5,
            ),
            (
                "two groups of one mid",
                data("a=group", "a=group:BUNDLE 0\r\na=group:BUNDLE 0"),
                SdpType::Offer,
                6,
            ),
            ("duplicate mid", browser("a=mid:1", "a=mid:0"), SdpType::Offer, 34),
            (
                "transport missing in the tagged section",
                browser("a=ice-pwd", ""),
                SdpType::Offer,
                8,
            ),
            (
                "keys in the description",
                data("a=sctp-port", "a=crypto:1 x inline:x\r\na=sctp-port:1"),
                SdpType::Offer,
                15,
            ),
            (
                "simulcast of an unknown rid",
                browser("a=rid:lo", ""),
                SdpType::Offer,
                44,
            ),
            (
                "no RTCP multiplexing",
                browser("a=rtcp-mux", "a=x"),
                SdpType::Offer,
                8,
            ),
            (
                "rtcp-mux-only alone",
                browser("a=rtcp-mux", "a=rtcp-mux-only"),
                SdpType::Offer,
                22,
            ),
            (
                "bundle-only in an answer",
                browser("a=setup", "a=setup:active"),
                SdpType::Answer,
                31,
            ),
        ];
        for (name, text, sdp_type, line) in cases {
            match verify(&text, sdp_type) {
                Ok(()) => panic!("{name}: taken"),
                Err(error) => assert_eq!(error.line, line, "{name}: {error}"),
            }
        }
    }

    #[test]
    fn numbers_mean_one_thing_in_a_bundle_group() {
        let line_of =
            |text: &str, start: &str| text.lines().position(|line| line.starts_with(start)).unwrap() + 1;
        let cases = [
            (
                "a=rtpmap:96",
                "a=rtpmap:96 VP8/90000\r\na=rtpmap:111 VP9/90000",
                "a=rtpmap:111 VP9",
                true,
            ),
            (
                "a=rid:hi",
                "a=rid:hi send\r\na=extmap:1 urn:x",
                "a=extmap:1 urn:x",
                true,
            ),
            ("a=extmap:1", "a=extmap:0 urn:x", "a=extmap:0", false),
            ("a=extmap:1", "a=extmap:256 urn:x", "a=extmap:256", false),
            (
                "a=extmap:1",
                "a=extmap:1 urn:x\r\na=extmap:1/sendonly urn:y",
                "a=extmap:1 urn:x",
                false,
            ),
            ("a=fmtp:97", "a=fmtp:97 apt=98", "a=fmtp:97", false),
            (
                "a=rid:lo",
                "a=rid:hi recv\r\na=rid:lo send",
                "a=rid:hi send",
                false,
            ),
        ];
        for (start, with, at, only_bundled) in cases {
            let text = replace_line(BROWSER_OFFER, start, with).replace("SAVPF 96 97", "SAVPF 96 97 111");
            let error = verify(&text, SdpType::Offer).unwrap_err();
            assert_eq!(error.line as usize, line_of(&text, at), "{with}: {error}");
            let apart = replace_line(&text, "a=group", "a=group:BUNDLE 0 2")
                .replace("m=video 0 ", "m=video 9 ")
                .replace(
                    "a=mid:1\r\n",
                    "a=mid:1\r\na=ice-ufrag:lfFY\r\na=ice-pwd:Zj95ME1FXqmIN92P12wMtYOV\r\na=setup:actpass\r\n\
                    a=fingerprint:sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13\r\n",
                );
            assert_eq!(
                verify(&apart, SdpType::Offer).is_ok(),
                only_bundled,
                "{with}: unbundled"
            );
        }
        let later = replace_line(BROWSER_OFFER, "a=extmap:1", "a=extmap:4096 urn:x");
        verify(&later, SdpType::Offer).unwrap();
    }

    #[test]
    fn bundle_only_outside_of_a_group_is_a_rejection() {
        let text = replace_line(BROWSER_OFFER, "a=group", "a=group:BUNDLE 0 2");
        let offer = parsed(&text);
        assert!(offer.media[1].is_rejected() && !offer.media[2].is_rejected());
        verify(&text, SdpType::Offer).unwrap();
    }

    #[test]
    fn media_bundled_into_data_may_say_rtcp_mux_itself() {
        let audio = "m=audio 9 UDP/TLS/RTP/SAVPF 0\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\n";
        let offer = DATA_OFFER.replace("BUNDLE 0", "BUNDLE 0 1");
        assert_eq!(
            verify(&format!("{offer}{audio}"), SdpType::Offer)
                .unwrap_err()
                .line,
            17
        );
        verify(&format!("{offer}{audio}a=rtcp-mux\r\n"), SdpType::Offer).unwrap();
    }

    #[test]
    fn a_rejected_section_needs_no_transport() {
        let text = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n\
                    c=IN IP4 0.0.0.0\r\na=mid:0\r\n";
        verify(text, SdpType::Answer).unwrap();
    }

    #[test]
    fn trickle_is_said_at_the_session_level_or_in_every_transport() {
        assert!(parsed(DATA_OFFER).supports_trickle());
        assert!(parsed(BROWSER_OFFER).supports_trickle());
        assert!(!parsed(&replace_line(BROWSER_OFFER, "a=ice-options", "")).supports_trickle());
        assert!(!parsed(&replace_line(DATA_OFFER, "a=ice-options", "a=ice-options:ice2")).supports_trickle());
    }
}
