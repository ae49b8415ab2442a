//! RFC 9429 section 5.8.3: what the lines of a description mean together.

use glare_peer::SdpType;

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
        for (index, section) in self.media.iter().enumerate() {
            // Nothing else of a rejected section means anything (RFC 3264 section 6). A section of a protocol that
            // JSEP does not know needs no ICE or DTLS of JSEP's: the answer rejects it.
            if section.is_rejected() || !(section.uses_rtp() || section.uses_sctp()) {
                continue;
            }
            let transport = &self.media[self.transport_section(index)];
            check_transport(transport, section, sdp_type)?;
            check_features(section)?;
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

fn check_features(section: &MediaSection) -> Result<(), ContentError> {
    let defined = |rid: &str| {
        section.attributes.iter().any(|attribute| {
            attribute.name == "rid"
                && attribute
                    .value
                    .as_deref()
                    .and_then(|value| value.split(' ').next())
                    == Some(rid)
        })
    };
    for attribute in &section.attributes {
        let value = attribute.value.as_deref().unwrap_or_default();
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
            "simulcast" => {
                let unknown = value
                    .split(' ')
                    .filter(|word| !matches!(*word, "send" | "recv"))
                    .flat_map(|list| list.strip_prefix("rid=").unwrap_or(list).split([';', ',']))
                    .map(|rid| rid.strip_prefix('~').unwrap_or(rid))
                    .find(|rid| !defined(rid));
                if let Some(rid) = unknown {
                    return Err(ContentError::new(
                        attribute.line,
                        format!("a=simulcast names {rid:?}, and there is no such a=rid"),
                    ));
                }
            }
            _ => {}
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
