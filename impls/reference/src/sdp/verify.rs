//! RFC 9429 section 5.8.3: what the lines of a description mean together, and beside the descriptions before it.

use glare_peer::{RtcpMuxPolicy, SdpType};

use super::description::{Description, MediaSection, Setup};
use super::error::ContentError;

impl Description {
    /// RFC 9429 section 5.8.3: the checks for which the description alone is enough. `rtcp_mux_policy` is that of the
    /// connection; pass `negotiate` for a local description.
    ///
    /// A missing `a=tls-id` is no error, though the section lists it: RFC 8842 section 5 lets a sender leave it out,
    /// and no browser sends it.
    ///
    /// # Errors
    ///
    /// The first check that fails, with the line at fault.
    pub(crate) fn verify(
        &self,
        sdp_type: SdpType,
        rtcp_mux_policy: RtcpMuxPolicy,
    ) -> Result<(), ContentError> {
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
            if section.uses_rtp() && rtcp_mux_policy == RtcpMuxPolicy::Require && !transport.rtcp_mux {
                return Err(ContentError::new(
                    section.line,
                    "the media section has no a=rtcp-mux, which rtcpMuxPolicy \"require\" asks for",
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

/// RFC 9429 section 5.8.3, RFC 3264 section 6 and RFC 9143 section 7.3: whether an answer answers this offer.
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
    }
    for group in answer.groups.iter().filter(|group| group.is_bundle()) {
        let subset = offer
            .groups
            .iter()
            .filter(|offered| offered.is_bundle())
            .any(|offered| group.mids.iter().all(|mid| offered.mids.contains(mid)));
        if !subset && !group.mids.is_empty() {
            return Err(ContentError::new(
                group.line,
                "the BUNDLE group is no part of an offered one (RFC 9143 section 7.3)",
            ));
        }
    }
    Ok(())
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

/// RFC 8839 section 4.4.1.1.1 and RFC 9429 section 5.10: whether the description restarts ICE for the media section at
/// `index`: its username fragment or password differs from that of `previous`, by the same side. A section that is
/// new, or rejected in either, restarts nothing.
pub(crate) fn restarts_ice(description: &Description, previous: &Description, index: usize) -> bool {
    let live = |description: &Description| {
        description
            .media
            .get(index)
            .is_some_and(|section| !section.is_rejected())
    };
    live(description)
        && live(previous)
        && match (
            description.ice_credentials(index),
            previous.ice_credentials(index),
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
        let was_live = previous_remote
            .media
            .get(index)
            .is_some_and(|before| !before.is_rejected());
        if section.is_rejected() || !was_live {
            continue;
        }
        let offered = restarts_ice(offer, previous_local, index);
        let answered = restarts_ice(answer, previous_remote, index);
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
    let section = &remote.media[remote.transport_section(index)];
    match &section.setup {
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
