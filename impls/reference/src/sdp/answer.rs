//! Answers (RFC 9429 section 5.3), as far as data channels go: audio and video that the other side offers is rejected.

use glare_peer::BundlePolicy;

use super::candidates::DefaultDestination;
use super::description::{Description, Setup};
use super::text::{LocalTransport, Text, rejected_section, session_level};

/// What an answer is made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AnswerInput<'a> {
    /// The session identifier, below 2⁶³−1; the same for all descriptions of a connection.
    pub session_id: u64,
    /// The version: one more for each description that differs from the one before (RFC 9429 section 5.3.2).
    pub session_version: u64,
    /// The offer, which has passed [`Description::verify`].
    pub remote_offer: &'a Description,
    /// The role of this side in the DTLS association that the offer continues, [`Setup::Active`] or
    /// [`Setup::Passive`]; none if there is no association yet.
    pub continued_role: Option<Setup>,
    /// The policy of the connection.
    pub bundle_policy: BundlePolicy,
    /// What happens to a BUNDLE group whose tagged section is rejected.
    pub rejected_tag: RejectedTag,
    /// The local transport.
    pub transport: &'a LocalTransport,
    /// The local SCTP port, usually 5000.
    pub sctp_port: u16,
    /// The greatest message this side takes, in bytes; 0 for no limit.
    pub max_message_size: u64,
}

/// What an answer does with a BUNDLE group whose offerer-tagged section it must reject, as it must where audio comes
/// before data and this side has no audio.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RejectedTag {
    /// The next section that is accepted becomes the tagged one of the answer, so that data is accepted. Browsers
    /// take such an answer.
    NextIsTagged,
    /// All sections of the group are rejected, to the letter of RFC 9429 section 5.3.1.
    GroupIsRejected,
}

/// RFC 9429 sections 5.3.1 and 5.3.2: an answer, with a media section for each one offered. The first section for data
/// channels is accepted, if the bundle policy lets it be; all others are rejected.
pub(crate) fn create_answer(input: &AnswerInput<'_>) -> String {
    let offer = input.remote_offer;
    let accepted = offer
        .data_channel_section()
        .filter(|&index| may_accept(input, index));
    let sections = offer.media.iter().enumerate().map(|(index, section)| {
        if accepted == Some(index) {
            answered_data_section(input, index)
        } else {
            rejected_section(section)
        }
    });
    let mut text = session_level(input.session_id, input.session_version);
    // Of each offered group, what is not rejected: at most the one section that is accepted.
    if let Some(index) = accepted
        && let Some(mid) = offer.media[index].mid()
        && offer.bundle_group(index).is_some()
    {
        text.attribute("group", format_args!("BUNDLE {mid}"));
    }
    // RFC 9429 section 5.3.1: only such options as the offer has, at either level.
    let options: Vec<&str> = ["trickle", "ice2"]
        .into_iter()
        .filter(|option| {
            offer
                .media
                .iter()
                .flat_map(|section| &section.ice_options)
                .chain(&offer.ice_options)
                .any(|offered| offered == option)
        })
        .collect();
    if !options.is_empty() {
        text.attribute("ice-options", options.join(" "));
    }
    text.with(sections.collect())
}

/// RFC 9429 section 5.3.1: the conditions under which an offered section must be rejected, for the one at `index` that
/// carries data channels.
fn may_accept(input: &AnswerInput<'_>, index: usize) -> bool {
    let offer = input.remote_offer;
    let bundled_with = |other: usize| {
        offer
            .bundle_group(index)
            .is_some_and(|group| offer.bundle_group(other) == Some(group))
    };
    let fits_policy = match input.bundle_policy {
        BundlePolicy::MaxBundle => index == 0 || bundled_with(0),
        // Data channels are the first of their media type, or this would not be the section that is accepted.
        BundlePolicy::Balanced | BundlePolicy::MaxCompat => true,
    };
    let tag = offer.transport_section(index);
    let tag_lives = tag == index || input.rejected_tag == RejectedTag::NextIsTagged;
    fits_policy && tag_lives
}

/// RFC 9429 section 5.3.1 and RFC 5763 section 5: active, unless the offer or the association says otherwise.
fn answered_role(input: &AnswerInput<'_>, index: usize) -> Setup {
    let offer = input.remote_offer;
    let offered = offer.media[offer.transport_section(index)]
        .setup
        .as_ref()
        .map(|setup| setup.value);
    match (offered, input.continued_role) {
        (Some(Setup::Active), _) => Setup::Passive,
        (Some(Setup::Passive), _) => Setup::Active,
        (_, Some(role)) => role,
        (_, None) => Setup::Active,
    }
}

fn answered_data_section(input: &AnswerInput<'_>, index: usize) -> Text {
    let offer = input.remote_offer;
    let offered = &offer.media[index];
    let destination = DefaultDestination::of(&input.transport.candidates);
    let mut text = Text::default();
    text.line(
        'm',
        format_args!(
            "{} {} {} {}",
            offered.kind,
            destination.port,
            offered.protocol,
            offered.formats.join(" ")
        ),
    );
    text.line('c', destination.connection());
    // RFC 8842 section 5.3: no a=tls-id if the offer has none.
    let tls_id = offer.media[offer.transport_section(index)]
        .tls_id
        .as_ref()
        .and(input.transport.tls_id.as_deref());
    text.transport(input.transport, answered_role(input, index), tls_id);
    if let Some(mid) = offered.mid() {
        text.attribute("mid", mid);
    }
    text.attribute("sctp-port", input.sctp_port);
    // What the formats of the time before RFC 8841 mean is said here.
    if let Some(map) = offered
        .attributes
        .iter()
        .find(|attribute| attribute.name == "sctpmap")
    {
        text.attribute("sctpmap", map.value.as_deref().unwrap_or_default());
    }
    text.attribute("max-message-size", input.max_message_size);
    text
}

#[cfg(test)]
mod tests {
    use glare_peer::SdpType;

    use super::super::compare::check_answer_against;
    use super::super::description::MediaSection;
    use super::super::fixtures::{
        BROWSER_OFFER, DATA_OFFER, answer_input, offer_input, parsed, replace_line, transport,
    };
    use super::super::offer::create_offer;
    use super::*;

    /// Parses an answer, which must be a valid one to the offer.
    fn checked(answer: &str, offer: &Description) -> Description {
        let answer = parsed(answer);
        answer.verify(SdpType::Answer).unwrap();
        check_answer_against(&answer, offer).unwrap();
        answer
    }

    #[test]
    fn an_answer_to_a_data_channel_accepts_it_as_dtls_client() {
        let (offer, transport) = (parsed(DATA_OFFER), transport(1));
        let text = create_answer(&answer_input(&offer, &transport));
        let answer = checked(&text, &offer);
        assert_eq!(answer.media[0].setup.as_ref().unwrap().value, Setup::Active);
        assert_eq!(answer.groups[0].mids, ["0"]);
        assert_eq!(answer.ice_options, ["trickle"], "the offer does not say ice2");
        assert_eq!(answer.media[0].tls_id, None, "the offer has none");
        assert_eq!(answer.media[0].sctp_port, Some(5000));
    }

    #[test]
    fn an_answer_to_our_own_offer_repeats_its_options_and_has_a_tls_id() {
        let transport = transport(1);
        let offer = parsed(&create_offer(&offer_input(&transport)));
        let answer = checked(&create_answer(&answer_input(&offer, &transport)), &offer);
        assert_eq!(answer.ice_options, ["trickle", "ice2"]);
        assert!(answer.media[0].tls_id.is_some());
    }

    #[test]
    fn audio_and_video_are_rejected_and_data_is_accepted() {
        let (offer, transport) = (parsed(BROWSER_OFFER), transport(1));
        let answer = checked(&create_answer(&answer_input(&offer, &transport)), &offer);
        let rejected: Vec<_> = answer.media.iter().map(MediaSection::is_rejected).collect();
        assert_eq!(rejected, [true, true, false]);
        let mids: Vec<_> = answer.media.iter().map(MediaSection::mid).collect();
        assert_eq!(mids, [Some("0"), Some("1"), Some("2")]);
        assert_eq!(answer.media[0].formats, offer.media[0].formats);
        assert_eq!(answer.groups[0].mids, ["2"]);
    }

    #[test]
    fn to_the_letter_a_group_is_rejected_with_its_tagged_section() {
        let (offer, transport) = (parsed(BROWSER_OFFER), transport(1));
        let answer = checked(
            &create_answer(&AnswerInput {
                rejected_tag: RejectedTag::GroupIsRejected,
                ..answer_input(&offer, &transport)
            }),
            &offer,
        );
        assert!(answer.media.iter().all(MediaSection::is_rejected) && answer.groups.is_empty());
    }

    #[test]
    fn max_bundle_rejects_data_that_is_not_bundled_with_the_first_section() {
        let transport = transport(1);
        let audio = "m=audio 0 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\nm=application";
        let offer = parsed(&DATA_OFFER.replace("m=application", audio));
        let answer = |bundle_policy| {
            checked(
                &create_answer(&AnswerInput {
                    bundle_policy,
                    ..answer_input(&offer, &transport)
                }),
                &offer,
            )
        };
        assert!(answer(BundlePolicy::MaxBundle).media[1].is_rejected());
        assert!(!answer(BundlePolicy::Balanced).media[1].is_rejected());
    }

    #[test]
    fn sections_of_other_protocols_and_second_data_sections_are_rejected() {
        let transport = transport(1);
        let offer = parsed(&format!(
            "{DATA_OFFER}m=message 9 TCP/MSRP *\r\nc=IN IP4 0.0.0.0\r\n\
             m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=sctp-port:5000\r\n"
        ));
        let answer = checked(&create_answer(&answer_input(&offer, &transport)), &offer);
        let rejected: Vec<_> = answer.media.iter().map(MediaSection::is_rejected).collect();
        assert_eq!(rejected, [false, true, true]);
        assert_eq!(answer.media[1].protocol, "TCP/MSRP");
    }

    #[test]
    fn an_answer_is_in_the_old_syntax_if_the_offer_is() {
        let transport = transport(1);
        let text = replace_line(DATA_OFFER, "m=application", "m=application 9 DTLS/SCTP 5000");
        let offer = parsed(&replace_line(
            &text,
            "a=sctp-port",
            "a=sctpmap:5000 webrtc-datachannel 1024",
        ));
        let answer = checked(&create_answer(&answer_input(&offer, &transport)), &offer);
        assert!(answer.media[0].is_data_channel());
        assert_eq!(
            (answer.media[0].protocol.as_str(), answer.media[0].sctp_port),
            ("DTLS/SCTP", Some(5000))
        );
    }

    #[test]
    fn the_role_of_an_answer_fits_the_offer_and_the_association() {
        let transport = transport(1);
        for (offered, continued_role, expected) in [
            ("actpass", None, Setup::Active),
            ("active", None, Setup::Passive),
            ("passive", None, Setup::Active),
            ("actpass", Some(Setup::Passive), Setup::Passive),
            ("actpass", Some(Setup::Active), Setup::Active),
            ("active", Some(Setup::Passive), Setup::Passive),
        ] {
            let offer = parsed(&replace_line(
                DATA_OFFER,
                "a=setup",
                &format!("a=setup:{offered}"),
            ));
            let answer = create_answer(&AnswerInput {
                continued_role,
                ..answer_input(&offer, &transport)
            });
            let answer = checked(&answer, &offer);
            assert_eq!(
                answer.media[0].setup.as_ref().unwrap().value,
                expected,
                "{offered} {continued_role:?}"
            );
        }
    }
}
