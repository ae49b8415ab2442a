//! RFC 9429 sections 5.8.3 and 5.10: what a description means beside those before it.

use std::collections::{BTreeMap, BTreeSet};

use super::description::{Description, MediaSection, Setup};
use super::error::ContentError;

/// RFC 9429 sections 5.8.3 and 5.11, RFC 3264 section 6 and RFC 9143 section 7.3: whether an answer answers this offer.
///
/// # Errors
///
/// The first media section or group of the answer that does not fit.
pub(crate) fn check_answer_against(answer: &Description, offer: &Description) -> Result<(), ContentError> {
    if answer.media.len() != offer.media.len() {
        let line = answer
            .media
            .get(offer.media.len())
            .or(answer.media.last())
            .map_or(1, |section| section.line);
        return Err(ContentError::new(
            line,
            format!(
                "the answer has {} media sections, the offer {}",
                answer.media.len(),
                offer.media.len()
            ),
        ));
    }
    for (answered, offered) in answer.media.iter().zip(&offer.media) {
        let fail = |message: String| Err(ContentError::new(answered.line, message));
        if answered.kind != offered.kind {
            return fail(format!("{} answers {}", answered.kind, offered.kind));
        }
        if answered.protocol != offered.protocol {
            return fail(format!("{} answers {}", answered.protocol, offered.protocol));
        }
        if answered.mid() != offered.mid() {
            let name = |mid: Option<&str>| mid.map_or("no a=mid".to_owned(), |mid| format!("a=mid:{mid}"));
            return fail(format!(
                "{} answers {}",
                name(answered.mid()),
                name(offered.mid())
            ));
        }
        if offered.is_rejected() && !answered.is_rejected() {
            return fail("the answer accepts a media section that was offered with port 0".to_owned());
        }
        if let (Some(offered), Some(answered), false) =
            (&offered.setup, &answered.setup, answered.is_rejected())
            && offered.value == answered.value
        {
            return Err(ContentError::new(
                answered.line,
                format!("a=setup:{} answers a=setup:{}", answered.value, offered.value),
            ));
        }
        if answered.uses_rtp() && !answered.is_rejected() {
            check_answered_media(answered, offered)?;
        }
    }
    let answered_groups = answer.groups.iter().filter(|group| group.is_bundle());
    let bundled: BTreeSet<&str> = answered_groups
        .flat_map(|group| group.mids.iter().map(String::as_str))
        .collect();
    for (answered, offered) in answer.media.iter().zip(&offer.media) {
        let apart = answered.mid().is_none_or(|mid| !bundled.contains(mid));
        if offered.bundle_only && !answered.is_rejected() && apart {
            return Err(ContentError::new(
                answered.line,
                "the media section was offered as bundle-only, and the answer does not bundle it (RFC 9143 section 6)",
            ));
        }
    }
    let mut offered_groups: BTreeMap<&str, usize> = BTreeMap::new();
    for (number, group) in offer
        .groups
        .iter()
        .enumerate()
        .filter(|(_, group)| group.is_bundle())
    {
        offered_groups.extend(group.mids.iter().map(|mid| (mid.as_str(), number)));
    }
    for group in answer.groups.iter().filter(|group| group.is_bundle()) {
        let of = |mid: &String| offered_groups.get(mid.as_str());
        let first = group.mids.first().and_then(of);
        let subset = first.is_some() && group.mids.iter().all(|mid| of(mid) == first);
        if !subset && !group.mids.is_empty() {
            return Err(ContentError::new(
                group.line,
                "the BUNDLE group is no part of an offered one (RFC 9143 section 7.3)",
            ));
        }
    }
    Ok(())
}

/// What an accepted section of RTP says beside the offered one: it goes no way that was not offered (RFC 3264 section 6.1),
/// and has no feedback that was not offered (RFC 9429 section 5.11).
fn check_answered_media(answered: &MediaSection, offered: &MediaSection) -> Result<(), ContentError> {
    let allowed = offered.direction.reversed();
    if answered.direction.intersection(allowed) != answered.direction {
        return Err(ContentError::new(
            answered.line,
            format!("a={} answers a={}", answered.direction, offered.direction),
        ));
    }
    let feedback = |section: &'_ MediaSection| -> BTreeSet<String> {
        let all = section.codecs.iter().flat_map(|codec| &codec.rtcp_fb);
        all.cloned().collect()
    };
    let offered = feedback(offered);
    match feedback(answered).difference(&offered).next() {
        None => Ok(()),
        Some(new) => {
            let line = answered
                .attributes
                .iter()
                .find(|attribute| {
                    let value = attribute.value.as_deref().and_then(|value| value.split_once(' '));
                    attribute.name == "rtcp-fb" && value.is_some_and(|(_, feedback)| feedback == new)
                })
                .map_or(answered.line, |attribute| attribute.line);
            Err(ContentError::new(
                line,
                format!("a=rtcp-fb: {new:?} is not in the offer"),
            ))
        }
    }
}

/// RFC 3264 section 8 and RFC 9429 section 5.2.2: whether an offer may follow what was negotiated. Media sections
/// stay, in their order; one that was rejected in `local` or `remote`, the descriptions now in force, may be reused.
///
/// # Errors
///
/// The first media section that is missing or has become another.
pub(crate) fn check_subsequent_offer(
    offer: &Description,
    local: &Description,
    remote: &Description,
) -> Result<(), ContentError> {
    let sections = local.media.len().max(remote.media.len());
    if offer.media.len() < sections {
        return Err(ContentError::new(
            offer.media.last().map_or(1, |section| section.line),
            format!(
                "the offer has {} media sections, and {sections} are negotiated",
                offer.media.len()
            ),
        ));
    }
    for (index, section) in offer.media.iter().enumerate() {
        let before: Vec<_> = [local, remote]
            .into_iter()
            .filter_map(|description| description.media.get(index))
            .collect();
        if before.iter().any(|section| section.is_rejected()) {
            continue;
        }
        for negotiated in before {
            if section.kind != negotiated.kind {
                return Err(ContentError::new(
                    section.line,
                    format!("{} stands where {} was negotiated", section.kind, negotiated.kind),
                ));
            }
            if let (Some(mid), Some(negotiated)) = (&section.mid, &negotiated.mid)
                && mid.value != negotiated.value
            {
                return Err(ContentError::new(
                    mid.line,
                    format!("a=mid:{} was a=mid:{} before", mid.value, negotiated.value),
                ));
            }
        }
    }
    Ok(())
}

/// The username fragment and password that hold for the section at `index` of `description` once `other`, the answer to it
/// or the offer that it answers, is in force too. An answer may take sections out of a BUNDLE group and reject the tagged
/// one (RFC 9143 section 7.3), so the offer alone does not tell: the tagged section is the first of what both bundle.
pub(crate) fn negotiated_ice_credentials<'a>(
    description: &'a Description,
    other: &Description,
    index: usize,
) -> Option<(&'a str, &'a str)> {
    let lives = |at: &usize| {
        [description, other]
            .iter()
            .all(|it| it.media.get(*at).is_some_and(|section| !section.is_rejected()))
    };
    let tagged = match (description.bundle_group(index), other.bundle_group(index)) {
        (Some(own), Some(others)) => {
            // The group of an answer is a part of the offered one.
            let (smaller, of) = if own.mids.len() < others.mids.len() {
                (own, description)
            } else {
                (others, other)
            };
            let indices = of.indices();
            let mut members = smaller
                .mids
                .iter()
                .filter_map(|mid| indices.get(mid.as_str()).copied());
            members.find(lives).unwrap_or(index)
        }
        _ => index,
    };
    let section = description.media.get(tagged)?;
    match (&section.ice_ufrag, &section.ice_pwd) {
        (Some(ufrag), Some(pwd)) => Some((&ufrag.value, &pwd.value)),
        // Offered as bundle-only: the transport is that of the section that was offered as the tagged one.
        _ => description.ice_credentials(tagged),
    }
}

/// Whether the sections at `index` are the same one, accepted in all these descriptions: neither new nor recycled.
fn is_same_section(index: usize, descriptions: &[&Description]) -> bool {
    let mut sections = descriptions
        .iter()
        .map(|description| description.media.get(index));
    let Some(Some(first)) = sections.next() else {
        return false;
    };
    !first.is_rejected()
        && sections.all(|section| section.is_some_and(|it| !it.is_rejected() && it.mid() == first.mid()))
}

/// RFC 8839 section 4.4.1.1.1 and RFC 9429 section 5.10: whether an offer restarts ICE for the media section at `index`:
/// its username fragment or password differs from that of `previous`, the description of the same side in force, with
/// `previous_other` that of the other side. A section that is new, recycled or rejected restarts nothing.
pub(crate) fn restarts_ice(
    offer: &Description,
    previous: &Description,
    previous_other: &Description,
    index: usize,
) -> bool {
    is_same_section(index, &[offer, previous, previous_other])
        && match (
            offer.ice_credentials(index),
            negotiated_ice_credentials(previous, previous_other, index),
        ) {
            (Some(new), Some(old)) => new != old,
            _ => false,
        }
}

/// RFC 9429 section 5.10: an answer has new ICE credentials where the local offer restarts ICE, and only there.
/// `previous_local` and `previous_remote` are the descriptions that were in force before the offer.
///
/// # Errors
///
/// The line of the username fragment that should have changed, or should not.
pub(crate) fn check_ice_of_answer(
    answer: &Description,
    previous_remote: &Description,
    offer: &Description,
    previous_local: &Description,
) -> Result<(), ContentError> {
    for (index, section) in answer.media.iter().enumerate() {
        if !is_same_section(index, &[answer, offer, previous_local, previous_remote]) {
            continue;
        }
        let changed = |new: &Description, other: &Description, old: &Description, old_other: &Description| {
            negotiated_ice_credentials(new, other, index) != negotiated_ice_credentials(old, old_other, index)
        };
        let offered = changed(offer, answer, previous_local, previous_remote);
        let answered = changed(answer, offer, previous_remote, previous_local);
        let line = answer.media[answer.transport_section(index)]
            .ice_ufrag
            .as_ref()
            .map_or(section.line, |ufrag| ufrag.line);
        match (offered, answered) {
            (false, true) => {
                return Err(ContentError::new(
                    line,
                    "the ICE credentials are new, and the offer does not restart ICE",
                ));
            }
            (true, false) => {
                return Err(ContentError::new(
                    line,
                    "the offer restarts ICE, and the ICE credentials are the old ones",
                ));
            }
            _ => {}
        }
    }
    Ok(())
}

/// RFC 9429 section 5.8.3: `a=setup` of a remote description fits the DTLS association that it continues, in which the
/// local side has the role `local_role` ([`Setup::Active`] for the client).
///
/// # Errors
///
/// The line of an `a=setup` that asks for the other role.
pub(crate) fn check_dtls_role(
    remote: &Description,
    index: usize,
    local_role: Setup,
) -> Result<(), ContentError> {
    let section = remote.media.get(remote.transport_section(index));
    match section.and_then(|section| section.setup.as_ref()) {
        Some(setup) if setup.value == local_role => Err(ContentError::new(
            setup.line,
            format!(
                "a=setup:{} is the role that this side has in the DTLS association",
                setup.value
            ),
        )),
        _ => Ok(()),
    }
}

/// RFC 8445 section 2.5 and RFC 9429 section 5.1.1: one of the two sides makes the checks.
///
/// # Errors
///
/// The line that says that the remote side does not, where this side does not either.
pub(crate) fn check_ice_lite(remote: &Description, local_is_lite: bool) -> Result<(), ContentError> {
    let said = remote
        .attributes
        .iter()
        .find(|attribute| attribute.name == "ice-lite");
    match said.filter(|_| local_is_lite) {
        Some(attribute) => Err(ContentError::new(
            attribute.line,
            "both sides are lite implementations of ICE, and neither makes checks",
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{BROWSER_OFFER, DATA_OFFER, FIREFOX_VIDEO_OFFER, parsed, replace_line};
    use super::*;

    fn data_answer() -> String {
        replace_line(DATA_OFFER, "a=setup", "a=setup:active")
    }

    #[test]
    fn an_answer_has_the_sections_of_the_offer() {
        let offer = parsed(DATA_OFFER);
        check_answer_against(&parsed(&data_answer()), &offer).unwrap();
        let answer = |start: &str, with: &str| parsed(&replace_line(&data_answer(), start, with));
        let cases = [
            (answer("m=", "m=audio 0 UDP/TLS/RTP/SAVPF 0"), 8),
            (
                answer("m=", "m=application 9 TCP/DTLS/SCTP webrtc-datachannel"),
                8,
            ),
            (
                parsed(
                    &data_answer()
                        .replace("BUNDLE 0", "BUNDLE 1")
                        .replace("mid:0", "mid:1"),
                ),
                8,
            ),
            (answer("a=mid", ""), 8),
            (
                parsed(&format!(
                    "{}m=audio 0 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\n",
                    data_answer()
                )),
                17,
            ),
            (parsed("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n"), 1),
        ];
        for (answer, line) in cases {
            assert_eq!(check_answer_against(&answer, &offer).unwrap_err().line, line);
        }
    }

    #[test]
    fn an_answer_bundles_only_what_was_offered_as_bundle() {
        let offer = parsed(&replace_line(DATA_OFFER, "a=group", ""));
        assert_eq!(
            check_answer_against(&parsed(&data_answer()), &offer)
                .unwrap_err()
                .line,
            5
        );
    }

    #[test]
    fn an_answer_takes_neither_a_rejected_section_nor_the_offered_role() {
        let rejected = replace_line(
            DATA_OFFER,
            "m=",
            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
        );
        assert!(check_answer_against(&parsed(&data_answer()), &parsed(&rejected)).is_err());
        let error = check_answer_against(&parsed(&data_answer()), &parsed(&data_answer())).unwrap_err();
        assert!(error.message.contains("setup"), "{error}");
    }

    #[test]
    fn an_answer_goes_no_way_and_has_no_feedback_that_was_not_offered() {
        let offered = |direction: &str| parsed(&replace_line(FIREFOX_VIDEO_OFFER, "a=sendonly", direction));
        let answered = |direction: &str, feedback: &str| {
            let text = replace_line(FIREFOX_VIDEO_OFFER, "a=sendonly", direction);
            let text = replace_line(&text, "a=setup", "a=setup:active");
            parsed(&replace_line(&text, "a=rtcp-fb:120 ccm fir", feedback))
        };
        let fir = "a=rtcp-fb:120 ccm fir";
        for (offer, answer, line) in [
            ("a=sendonly", "a=recvonly", None),
            ("a=sendonly", "a=inactive", None),
            ("a=sendonly", "a=sendonly", Some(9)),
            ("a=recvonly", "a=sendrecv", Some(9)),
            ("a=inactive", "a=recvonly", Some(9)),
            ("a=sendrecv", "a=sendrecv", None),
        ] {
            let found = check_answer_against(&answered(answer, fir), &offered(offer));
            assert_eq!(found.err().map(|error| error.line), line, "{answer} to {offer}");
        }
        let offer = offered("a=sendonly");
        check_answer_against(&answered("a=recvonly", "a=rtcp-fb:* nack pli"), &offer).unwrap();
        let error =
            check_answer_against(&answered("a=recvonly", "a=rtcp-fb:120 goog-remb"), &offer).unwrap_err();
        assert_eq!(error.line, 27, "{error}");
    }

    #[test]
    fn what_is_offered_as_bundle_only_is_bundled_or_rejected() {
        let offer = parsed(BROWSER_OFFER);
        let answer = BROWSER_OFFER
            .replace("a=setup:actpass", "a=setup:active")
            .replace("a=bundle-only\r\n", "")
            .replace("m=video 0", "m=video 9")
            .replace("m=application 0", "m=application 9");
        check_answer_against(&parsed(&answer), &offer).unwrap();
        let apart = answer.replace("BUNDLE 0 1 2", "BUNDLE 0 1");
        let line = apart
            .lines()
            .position(|line| line.starts_with("m=application"))
            .unwrap()
            + 1;
        assert_eq!(
            check_answer_against(&parsed(&apart), &offer).unwrap_err().line as usize,
            line
        );
        let rejected = apart.replace("m=application 9", "m=application 0");
        check_answer_against(&parsed(&rejected), &offer).unwrap();
    }

    #[test]
    fn two_lite_sides_cannot_connect() {
        let lite = parsed(&replace_line(DATA_OFFER, "a=ice-options", "a=ice-lite"));
        assert_eq!(check_ice_lite(&lite, true).unwrap_err().line, 6);
        check_ice_lite(&lite, false).unwrap();
        check_ice_lite(&parsed(DATA_OFFER), true).unwrap();
    }

    #[test]
    fn a_subsequent_offer_keeps_sections_unless_they_were_rejected() {
        let negotiated = parsed(DATA_OFFER);
        let video = parsed(&replace_line(DATA_OFFER, "m=", "m=video 9 UDP/TLS/RTP/SAVPF 96"));
        let renamed = parsed(
            &DATA_OFFER
                .replace("BUNDLE 0", "BUNDLE 1")
                .replace("mid:0", "mid:1"),
        );
        let nothing = parsed("v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n");
        check_subsequent_offer(&negotiated, &negotiated, &negotiated).unwrap();
        assert_eq!(
            check_subsequent_offer(&video, &negotiated, &negotiated)
                .unwrap_err()
                .line,
            8
        );
        assert_eq!(
            check_subsequent_offer(&renamed, &negotiated, &negotiated)
                .unwrap_err()
                .line,
            14
        );
        assert_eq!(
            check_subsequent_offer(&nothing, &negotiated, &negotiated)
                .unwrap_err()
                .line,
            1
        );
        let rejected = parsed(&replace_line(
            DATA_OFFER,
            "m=",
            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
        ));
        check_subsequent_offer(&video, &negotiated, &rejected).unwrap();
    }

    #[test]
    fn new_credentials_restart_ice_and_the_answer_must_follow() {
        let old = parsed(DATA_OFFER);
        let fresh = DATA_OFFER.replace("tTn1", "tTn2").replace("qVVM5CPq", "zVVM5CPq");
        let new = parsed(&fresh);
        assert!(restarts_ice(&new, &old, &old, 0));
        assert!(!restarts_ice(&old, &old, &old, 0));
        assert!(!restarts_ice(&new, &old, &old, 1), "there is no such section");
        check_ice_of_answer(&new, &old, &new, &old).unwrap();
        check_ice_of_answer(&old, &old, &old, &old).unwrap();
        assert_eq!(check_ice_of_answer(&old, &old, &new, &old).unwrap_err().line, 10);
        assert_eq!(check_ice_of_answer(&new, &old, &old, &old).unwrap_err().line, 10);
    }

    #[test]
    fn a_recycled_section_has_new_credentials_without_a_restart() {
        let old = parsed(DATA_OFFER);
        let rejected = parsed(&replace_line(
            DATA_OFFER,
            "m=",
            "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
        ));
        let fresh = DATA_OFFER.replace("tTn1", "tTn2").replace("a=mid:0", "a=mid:1");
        let new = parsed(&fresh.replace("BUNDLE 0", "BUNDLE 1"));
        assert!(!restarts_ice(&new, &old, &old, 0));
        check_ice_of_answer(&new, &old, &new, &rejected).unwrap();
        check_ice_of_answer(&new, &rejected, &new, &old).unwrap();
    }

    #[test]
    fn credentials_of_a_bundled_section_are_those_of_the_tagged_one() {
        let old = parsed(BROWSER_OFFER);
        let new = parsed(&BROWSER_OFFER.replace("a=ice-ufrag:lfFY", "a=ice-ufrag:lfFZ"));
        assert!(restarts_ice(&new, &old, &old, 2));
    }

    #[test]
    fn an_answer_that_rejects_the_tagged_section_moves_the_credentials() {
        let transport = |ufrag: &str| {
            format!(
                "a=ice-ufrag:{ufrag}\r\na=ice-pwd:Zj95ME1FXqmIN92P12wMtYOV\r\na=setup:actpass\r\n\
                 a=fingerprint:sha-1 00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13\r\n"
            )
        };
        let own = BROWSER_OFFER
            .replace("m=video 0", "m=video 9")
            .replace("a=bundle-only\r\na=mid:1\r\n", "a=mid:1\r\n");
        let offer = parsed(&own.replace("a=mid:1\r\n", &format!("a=mid:1\r\n{}", transport("vide"))));
        let answer = own
            .replace("m=audio 46498", "m=audio 0")
            .replace("BUNDLE 0 1 2", "BUNDLE 1 2")
            .replace("m=application 0", "m=application 9")
            .replace("a=bundle-only\r\n", "")
            .replace(
                "a=mid:1\r\n",
                &format!("a=mid:1\r\n{}", transport("answ").replace("actpass", "active")),
            );
        let answer = parsed(&answer);
        check_answer_against(&answer, &offer).unwrap();
        let ufrag = |one, other, index| negotiated_ice_credentials(one, other, index).unwrap().0;
        assert_eq!(
            (ufrag(&offer, &answer, 2), ufrag(&answer, &offer, 2)),
            ("vide", "answ")
        );
        assert_eq!(
            offer.ice_credentials(2).unwrap().0,
            "lfFY",
            "what the offer alone says"
        );
        // Were video offered as bundle-only, its transport would be the one that was offered for the group.
        assert_eq!(ufrag(&parsed(BROWSER_OFFER), &answer, 2), "lfFY");
        check_ice_of_answer(&answer, &answer, &offer, &offer).unwrap();
    }

    #[test]
    fn a_continued_association_keeps_its_roles() {
        let remote = parsed(&data_answer());
        check_dtls_role(&remote, 0, Setup::Passive).unwrap();
        assert_eq!(check_dtls_role(&remote, 0, Setup::Active).unwrap_err().line, 13);
        check_dtls_role(&parsed(DATA_OFFER), 0, Setup::Active).unwrap();
    }
}
