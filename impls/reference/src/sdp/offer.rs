//! Offers (RFC 9429 section 5.2), as far as data channels go.

use super::candidates::DefaultDestination;
use super::description::{Description, MediaSection, Setup};
use super::text::{LocalTransport, Text, rejected_section, session_level};

/// What an offer is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OfferInput<'a> {
    /// The session identifier, below 2⁶³−1; the same for all descriptions of a connection.
    pub session_id: u64,
    /// The version: one more for each description that may differ from the one before (RFC 9429 section 5.2.2).
    pub session_version: u64,
    /// The pending or else current local description; none makes an initial offer.
    pub local: Option<&'a Description>,
    /// The current remote description.
    pub remote: Option<&'a Description>,
    /// Whether a data channel has been created. A data section that was negotiated stays regardless.
    pub wants_application: bool,
    /// The local transport.
    pub transport: &'a LocalTransport,
    /// The local SCTP port, usually 5000.
    pub sctp_port: u16,
    /// The greatest message this side takes, in bytes; 0 for no limit.
    pub max_message_size: u64,
}

/// RFC 9429 sections 5.2.1 and 5.2.2: an offer. Every media section of the local description keeps its place and
/// identifier.
pub(crate) fn create_offer(input: &OfferInput<'_>) -> String {
    let existing = input.local.map_or(&[][..], |local| &local.media);
    // What the remote side last said about this very section: one that is recycled in a pending local offer is new to
    // it, which the identifier tells.
    let in_remote = |index: usize| {
        input
            .remote
            .and_then(|remote| remote.media.get(index))
            .filter(|section| section.mid() == existing[index].mid())
    };
    let lives = |index: usize| {
        !existing[index].is_rejected() && !in_remote(index).is_some_and(MediaSection::is_rejected)
    };
    let mut taken: Vec<String> = [input.local, input.remote]
        .into_iter()
        .flatten()
        .flat_map(|description| &description.media)
        .filter_map(|section| section.mid().map(str::to_owned))
        .collect();
    let mut needs_section = input.wants_application
        && !(0..existing.len()).any(|index| existing[index].is_data_channel() && lives(index));
    let mut bundled: Vec<String> = Vec::new();
    let mut sections: Vec<Text> = Vec::new();
    for (index, section) in existing.iter().enumerate() {
        if section.is_data_channel() && lives(index) {
            let mid = match section.mid() {
                Some(mid) => mid.to_owned(),
                // Negotiated with a peer that does not use identification tags.
                None => new_mid(&mut taken),
            };
            // RFC 9429 section 5.2.2: the group of the most recent answer is what both descriptions have; a section
            // that the remote side has not answered yet is a new one.
            let negotiated = |description: &Description| description.bundle_group(index).is_some();
            if input.local.is_some_and(negotiated)
                && (in_remote(index).is_none() || input.remote.is_some_and(negotiated))
            {
                bundled.push(mid.clone());
            }
            sections.push(offered_data_section(input, &mid));
        } else if section.is_data_channel() && needs_section {
            // Recycled: the place stays, the identifier is new.
            needs_section = false;
            let mid = new_mid(&mut taken);
            sections.push(offered_data_section(input, &mid));
            bundled.push(mid);
        } else {
            sections.push(rejected_section(section));
        }
    }
    if needs_section {
        let mid = new_mid(&mut taken);
        sections.push(offered_data_section(input, &mid));
        bundled.push(mid);
    }
    let mut text = session_level(input.session_id, input.session_version);
    if !bundled.is_empty() {
        text.attribute("group", format_args!("BUNDLE {}", bundled.join(" ")));
    }
    text.attribute("ice-options", "trickle ice2");
    text.with(sections)
}

fn offered_data_section(input: &OfferInput<'_>, mid: &str) -> Text {
    let destination = DefaultDestination::of(&input.transport.candidates);
    let mut text = Text::default();
    text.line(
        'm',
        format_args!(
            "application {} UDP/DTLS/SCTP webrtc-datachannel",
            destination.port
        ),
    );
    text.line('c', destination.connection());
    // Always actpass (RFC 9429 section 5.2.1), also where an association goes on: the answer keeps its roles.
    text.transport(input.transport, Setup::Actpass, input.transport.tls_id.as_deref());
    text.attribute("mid", mid);
    text.attribute("sctp-port", input.sctp_port);
    text.attribute("max-message-size", input.max_message_size);
    text
}

/// The smallest number that is no identifier yet. Numbers say nothing about the user, as RFC 9429 section 5.2.1 asks.
fn new_mid(taken: &mut Vec<String>) -> String {
    let mut number: u64 = 0;
    while taken.contains(&number.to_string()) {
        number += 1;
    }
    taken.push(number.to_string());
    number.to_string()
}

#[cfg(test)]
mod tests {
    use glare_peer::SdpType;

    use super::super::answer::create_answer;
    use super::super::compare::{check_subsequent_offer, restarts_ice};
    use super::super::fixtures::{
        BROWSER_OFFER, DATA_OFFER, answer_input, offer_input, parsed, replace_line, transport,
    };
    use super::*;

    #[test]
    fn an_initial_offer_is_what_jsep_says() {
        let transport = transport(1);
        let text = create_offer(&offer_input(&transport));
        let fingerprint = &transport.fingerprints[0];
        assert_eq!(
            text,
            format!(
                "v=0\r\no=- 4611686018427387904 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n\
                 a=group:BUNDLE 0\r\na=ice-options:trickle ice2\r\n\
                 m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\n\
                 a=ice-ufrag:frag1\r\na=ice-pwd:password00000000000001\r\na=fingerprint:{fingerprint}\r\n\
                 a=setup:actpass\r\na=tls-id:abcdefghijklmnopqrst\r\na=mid:0\r\n\
                 a=sctp-port:5000\r\na=max-message-size:262144\r\n"
            )
        );
        assert_eq!(
            text,
            create_offer(&offer_input(&transport)),
            "the same input gives the same text"
        );
        parsed(&text).verify(SdpType::Offer).unwrap();
    }

    #[test]
    fn an_offer_without_anything_to_offer_has_no_media_section() {
        let transport = transport(1);
        let offer = parsed(&create_offer(&OfferInput {
            wants_application: false,
            ..offer_input(&transport)
        }));
        assert!(offer.media.is_empty() && offer.groups.is_empty());
    }

    #[test]
    fn an_offer_carries_what_has_been_gathered() {
        let mut transport = transport(1);
        transport.candidates = vec!["candidate:1 1 udp 2130706431 10.0.0.1 5000 typ host".to_owned()];
        transport.end_of_candidates = true;
        let text = create_offer(&offer_input(&transport));
        assert!(
            text.contains("m=application 5000 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 10.0.0.1\r\n")
        );
        let section = &parsed(&text).media[0];
        assert_eq!(section.candidates[0].value, transport.candidates[0]);
        assert!(section.end_of_candidates);
    }

    #[test]
    fn a_subsequent_offer_keeps_mids_credentials_and_group() {
        let transport = transport(1);
        let local = parsed(&create_offer(&offer_input(&transport)));
        let remote = parsed(&create_answer(&answer_input(&local, &transport)));
        let again = create_offer(&OfferInput {
            session_version: 2,
            local: Some(&local),
            remote: Some(&remote),
            wants_application: false,
            ..offer_input(&transport)
        });
        assert_eq!(
            again,
            create_offer(&offer_input(&transport)).replace("04 1 IN", "04 2 IN")
        );
        let again = parsed(&again);
        assert_eq!(
            (again.origin.session_id, again.origin.session_version),
            (local.origin.session_id, 2)
        );
        check_subsequent_offer(&again, &local, &remote).unwrap();
        assert!(!restarts_ice(&again, &local, 0));
    }

    #[test]
    fn a_subsequent_offer_with_new_credentials_restarts_ice() {
        let (old, new) = (transport(1), transport(2));
        let local = parsed(&create_offer(&offer_input(&old)));
        let restart = parsed(&create_offer(&OfferInput {
            session_version: 2,
            local: Some(&local),
            ..offer_input(&new)
        }));
        assert!(restarts_ice(&restart, &local, 0));
    }

    #[test]
    fn the_answerer_offers_next_with_rejected_media_in_place() {
        let (offer, transport) = (parsed(BROWSER_OFFER), transport(1));
        let local = parsed(&create_answer(&answer_input(&offer, &transport)));
        let next = parsed(&create_offer(&OfferInput {
            session_version: 2,
            local: Some(&local),
            remote: Some(&offer),
            ..offer_input(&transport)
        }));
        let mids: Vec<_> = next.media.iter().map(MediaSection::mid).collect();
        assert_eq!(mids, [Some("0"), Some("1"), Some("2")]);
        assert_eq!(next.groups[0].mids, ["2"]);
        next.verify(SdpType::Offer).unwrap();
        check_subsequent_offer(&next, &local, &offer).unwrap();
    }

    #[test]
    fn data_added_after_rejected_media_comes_last_under_a_new_mid() {
        let transport = transport(1);
        let offer = parsed(
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 0 UDP/TLS/RTP/SAVPF 0\r\n\
             c=IN IP4 0.0.0.0\r\na=mid:0\r\n",
        );
        let local = parsed(&create_answer(&answer_input(&offer, &transport)));
        let next = parsed(&create_offer(&OfferInput {
            local: Some(&local),
            remote: Some(&offer),
            ..offer_input(&transport)
        }));
        assert_eq!(next.media.len(), 2);
        assert!(next.media[0].is_rejected());
        assert_eq!(
            (next.media[1].mid(), next.groups[0].mids.as_slice()),
            (Some("1"), &["1".to_owned()][..])
        );
    }

    #[test]
    fn a_data_section_that_was_rejected_is_recycled_under_a_new_mid() {
        let transport = transport(1);
        let local = parsed(&create_offer(&offer_input(&transport)));
        let remote = parsed(&replace_line(
            &replace_line(
                DATA_OFFER,
                "m=",
                "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
            ),
            "a=group",
            "",
        ));
        let input = OfferInput {
            local: Some(&local),
            remote: Some(&remote),
            ..offer_input(&transport)
        };
        let next = parsed(&create_offer(&input));
        assert_eq!(next.media.len(), 1);
        assert_eq!(
            (next.media[0].mid(), next.media[0].is_rejected()),
            (Some("1"), false)
        );
        check_subsequent_offer(&next, &local, &remote).unwrap();
        let without = parsed(&create_offer(&OfferInput {
            wants_application: false,
            ..input
        }));
        assert!(without.media[0].is_rejected() && without.groups.is_empty());
    }

    #[test]
    fn a_recycled_section_that_is_not_answered_yet_keeps_its_mid() {
        let transport = transport(1);
        let first = parsed(&create_offer(&offer_input(&transport)));
        let remote = parsed(
            "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=application 0 UDP/DTLS/SCTP webrtc-datachannel\r\n\
             c=IN IP4 0.0.0.0\r\na=mid:0\r\n",
        );
        let offer_after = |local: &Description| {
            parsed(&create_offer(&OfferInput {
                local: Some(local),
                remote: Some(&remote),
                ..offer_input(&transport)
            }))
        };
        let pending = offer_after(&first);
        assert_eq!(pending.media[0].mid(), Some("1"));
        assert_eq!(offer_after(&pending), pending);
    }

    #[test]
    fn a_peer_without_bundle_stays_without() {
        let transport = transport(1);
        let offer = parsed(&replace_line(
            &replace_line(DATA_OFFER, "a=group", ""),
            "a=mid",
            "",
        ));
        let local = parsed(&create_answer(&answer_input(&offer, &transport)));
        assert!(local.groups.is_empty() && local.media[0].mid().is_none());
        let next = parsed(&create_offer(&OfferInput {
            local: Some(&local),
            remote: Some(&offer),
            ..offer_input(&transport)
        }));
        assert!(next.groups.is_empty());
        check_subsequent_offer(&next, &local, &offer).unwrap();
    }
}
