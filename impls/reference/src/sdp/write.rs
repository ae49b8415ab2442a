//! Offers and answers (RFC 9429 sections 5.2 and 5.3), as far as data channels go: audio and video that the other side
//! offers is rejected.

use std::fmt::Display;

use glare_peer::BundlePolicy;

use super::candidates::DefaultDestination;
use super::description::{Description, MediaSection, SdpFingerprint, Setup};

/// What the transport of this side contributes to a description.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LocalTransport {
    /// The username fragment; a new one, with a new password, restarts ICE.
    pub ice_ufrag: String,
    /// The password.
    pub ice_pwd: String,
    /// The fingerprints of all certificates.
    pub fingerprints: Vec<SdpFingerprint>,
    /// The identity of the DTLS association (RFC 8842 section 4), 20 to 255 characters; none to leave it out.
    pub tls_id: Option<String>,
    /// What has been gathered in the current generation, each `candidate:…` without `a=`.
    pub candidates: Vec<String>,
    /// Whether gathering is complete.
    pub end_of_candidates: bool,
}

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

/// RFC 9429 sections 5.2.1 and 5.2.2: an offer. Every media section of the local description keeps its place and
/// identifier.
pub(crate) fn create_offer(input: &OfferInput<'_>) -> String {
    let existing = input.local.map_or(&[][..], |local| &local.media);
    let in_remote = |index: usize| input.remote.and_then(|remote| remote.media.get(index));
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

/// RFC 3264 section 6: port 0, and everything else of the `m=` line as it was.
fn rejected_section(section: &MediaSection) -> Text {
    let mut text = Text::default();
    text.line(
        'm',
        format_args!(
            "{} 0 {} {}",
            section.kind,
            section.protocol,
            section.formats.join(" ")
        ),
    );
    text.line('c', DefaultDestination::NONE.connection());
    if let Some(mid) = section.mid() {
        text.attribute("mid", mid);
    }
    if section.uses_rtp() {
        text.flag("inactive");
    }
    text
}

/// RFC 9429 section 5.2.1: the session-level lines up to the attributes.
fn session_level(session_id: u64, session_version: u64) -> Text {
    let mut text = Text::default();
    text.line('v', 0);
    text.line(
        'o',
        format_args!("- {session_id} {session_version} IN IP4 0.0.0.0"),
    );
    text.line('s', '-');
    text.line('t', "0 0");
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

/// The text of a description, line by line.
#[derive(Debug, Default)]
struct Text(String);

impl Text {
    fn line(&mut self, letter: char, value: impl Display) {
        self.0.push_str(&format!("{letter}={value}\r\n"));
    }

    fn flag(&mut self, name: &str) {
        self.line('a', name);
    }

    fn attribute(&mut self, name: &str, value: impl Display) {
        self.line('a', format_args!("{name}:{value}"));
    }

    /// The attributes of category TRANSPORT (RFC 8859), and the candidates.
    fn transport(&mut self, transport: &LocalTransport, setup: Setup, tls_id: Option<&str>) {
        for candidate in &transport.candidates {
            self.flag(candidate);
        }
        if transport.end_of_candidates {
            self.flag("end-of-candidates");
        }
        self.attribute("ice-ufrag", &transport.ice_ufrag);
        self.attribute("ice-pwd", &transport.ice_pwd);
        for fingerprint in &transport.fingerprints {
            self.attribute("fingerprint", fingerprint);
        }
        self.attribute("setup", setup);
        if let Some(tls_id) = tls_id {
            self.attribute("tls-id", tls_id);
        }
    }

    fn with(mut self, sections: Vec<Text>) -> String {
        for section in sections {
            self.0.push_str(&section.0);
        }
        self.0
    }
}

#[cfg(test)]
mod tests {
    use glare_peer::SdpType;

    use super::super::fixtures::{BROWSER_OFFER, DATA_OFFER, parsed, replace_line, transport};
    use super::super::verify::{check_answer_against, check_subsequent_offer, restarts_ice};
    use super::*;

    fn offer_input(transport: &LocalTransport) -> OfferInput<'_> {
        OfferInput {
            session_id: 4_611_686_018_427_387_904,
            session_version: 1,
            local: None,
            remote: None,
            wants_application: true,
            transport,
            sctp_port: 5000,
            max_message_size: 262_144,
        }
    }

    fn answer_input<'a>(remote_offer: &'a Description, transport: &'a LocalTransport) -> AnswerInput<'a> {
        AnswerInput {
            session_id: 7,
            session_version: 1,
            remote_offer,
            continued_role: None,
            bundle_policy: BundlePolicy::Balanced,
            rejected_tag: RejectedTag::NextIsTagged,
            transport,
            sctp_port: 5000,
            max_message_size: 262_144,
        }
    }

    /// Parses an answer, which must be a valid one to the offer.
    fn checked(answer: &str, offer: &Description) -> Description {
        let answer = parsed(answer);
        answer.verify(SdpType::Answer).unwrap();
        check_answer_against(&answer, offer).unwrap();
        answer
    }

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
    fn a_peer_without_bundle_stays_without() {
        let transport = transport(1);
        let offer = parsed(&replace_line(
            &replace_line(DATA_OFFER, "a=group", ""),
            "a=mid",
            "",
        ));
        let local = checked(&create_answer(&answer_input(&offer, &transport)), &offer);
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
