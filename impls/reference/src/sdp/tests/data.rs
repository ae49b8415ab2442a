//! Descriptions with nothing but data channels.

use glare_peer::{BundlePolicy, SdpType};

use super::super::compare::{check_answer_against, check_subsequent_offer, restarts_ice};
use super::super::fixtures::{
    BROWSER_OFFER, DATA_OFFER, answer_input, offer_input, parsed, replace_line, transport,
};
use super::super::{
    AnswerInput, Description, LocalTransport, MediaSection, Negotiated, OfferInput, RejectedTag, Setup,
    plan_answer, plan_offer,
};

fn offer(input: &OfferInput<'_>, transport: &LocalTransport) -> Description {
    parsed(&plan_offer(input).write(|_| transport.clone()))
}

/// An answer, which must be a valid one to the offer.
fn answer(input: &AnswerInput<'_>, transport: &LocalTransport) -> Description {
    let answer = parsed(&plan_answer(input).write(|_| transport.clone()));
    answer.verify(SdpType::Answer).unwrap();
    check_answer_against(&answer, input.remote_offer).unwrap();
    answer
}

fn after<'a>(local: &'a Description, remote: &'a Description, answered_locally: bool) -> OfferInput<'a> {
    OfferInput {
        session_version: 2,
        current: Some(Negotiated {
            local,
            remote,
            answered_locally,
        }),
        ..offer_input()
    }
}

#[test]
fn an_initial_offer_is_what_jsep_says() {
    let transport = transport(1);
    let plan = plan_offer(&offer_input());
    let text = plan.write(|_| transport.clone());
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
        plan.write(|_| transport.clone()),
        "the same input gives the same text"
    );
    parsed(&text).verify(SdpType::Offer).unwrap();
}

#[test]
fn an_offer_without_anything_to_offer_has_no_media_section() {
    let input = OfferInput {
        wants_application: false,
        ..offer_input()
    };
    let offer = offer(&input, &transport(1));
    assert!(offer.media.is_empty() && offer.groups.is_empty());
}

#[test]
fn an_offer_carries_what_has_been_gathered() {
    let mut transport = transport(1);
    transport.candidates = vec!["candidate:1 1 udp 2130706431 10.0.0.1 5000 typ host".to_owned()];
    transport.end_of_candidates = true;
    let text = plan_offer(&offer_input()).write(|_| transport.clone());
    assert!(text.contains("m=application 5000 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 10.0.0.1\r\n"));
    let section = &parsed(&text).media[0];
    assert_eq!(section.candidates[0].value, transport.candidates[0]);
    assert!(section.end_of_candidates);
}

#[test]
fn a_subsequent_offer_keeps_mids_credentials_and_group() {
    let transport = transport(1);
    let local = offer(&offer_input(), &transport);
    let remote = answer(&answer_input(&local), &transport);
    let again = OfferInput {
        wants_application: false,
        ..after(&local, &remote, false)
    };
    let again = plan_offer(&again).write(|_| transport.clone());
    let first = plan_offer(&offer_input()).write(|_| transport.clone());
    assert_eq!(again, first.replace("04 1 IN", "04 2 IN"));
    let again = parsed(&again);
    check_subsequent_offer(&again, &local, &remote).unwrap();
    assert!(!restarts_ice(&again, &local, &remote, 0));
}

#[test]
fn a_pending_offer_made_again_with_new_credentials_restarts_ice() {
    let pending = offer(&offer_input(), &transport(1));
    let input = OfferInput {
        pending_local: Some(&pending),
        ..offer_input()
    };
    assert_eq!(plan_offer(&input).transports()[0].continues, Some(0));
    assert!(restarts_ice(&offer(&input, &transport(2)), &pending, &pending, 0));
}

#[test]
fn the_answerer_offers_next_with_rejected_media_in_place() {
    let (remote, transport) = (parsed(BROWSER_OFFER), transport(1));
    let local = answer(&answer_input(&remote), &transport);
    let next = offer(&after(&local, &remote, true), &transport);
    let mids: Vec<_> = next.media.iter().map(MediaSection::mid).collect();
    assert_eq!(mids, [Some("0"), Some("1"), Some("2")]);
    assert_eq!(next.groups[0].mids, ["2"]);
    next.verify(SdpType::Offer).unwrap();
    check_subsequent_offer(&next, &local, &remote).unwrap();
}

#[test]
fn a_data_section_that_was_rejected_is_recycled_under_a_new_mid() {
    let transport = transport(1);
    let local = offer(&offer_input(), &transport);
    let rejected = replace_line(
        DATA_OFFER,
        "m=",
        "m=application 0 UDP/DTLS/SCTP webrtc-datachannel",
    );
    let remote = parsed(&replace_line(&rejected, "a=group", ""));
    let input = after(&local, &remote, false);
    let next = offer(&input, &transport);
    assert_eq!(next.media.len(), 1);
    assert_eq!(
        (next.media[0].mid(), next.media[0].is_rejected()),
        (Some("1"), false)
    );
    assert_eq!(plan_offer(&input).transports()[0].continues, None);
    check_subsequent_offer(&next, &local, &remote).unwrap();
    let without = OfferInput {
        wants_application: false,
        ..input
    };
    let without = offer(&without, &transport);
    assert!(without.media[0].is_rejected() && without.groups.is_empty());
    // While the new section is not answered, it keeps its identifier and transport.
    let again = OfferInput {
        pending_local: Some(&next),
        ..input
    };
    assert_eq!(offer(&again, &transport), next);
    assert_eq!(plan_offer(&again).transports()[0].continues, Some(0));
}

#[test]
fn a_peer_without_bundle_stays_without() {
    let transport = transport(1);
    let remote = parsed(&replace_line(
        &replace_line(DATA_OFFER, "a=group", ""),
        "a=mid",
        "",
    ));
    let local = answer(&answer_input(&remote), &transport);
    assert!(local.groups.is_empty() && local.media[0].mid().is_none());
    let next = offer(&after(&local, &remote, true), &transport);
    assert!(next.groups.is_empty());
    check_subsequent_offer(&next, &local, &remote).unwrap();
}

#[test]
fn an_answer_to_a_data_channel_accepts_it_as_dtls_client() {
    let remote = parsed(DATA_OFFER);
    let answer = answer(&answer_input(&remote), &transport(1));
    assert_eq!(answer.media[0].setup.as_ref().unwrap().value, Setup::Active);
    assert_eq!(answer.groups[0].mids, ["0"]);
    assert_eq!(answer.ice_options, ["trickle"], "the offer does not say ice2");
    assert_eq!(answer.media[0].tls_id, None, "the offer has none");
    assert_eq!(answer.media[0].sctp_port, Some(5000));
}

#[test]
fn an_answer_to_our_own_offer_repeats_its_options_and_has_a_tls_id() {
    let transport = transport(1);
    let remote = offer(&offer_input(), &transport);
    let answer = answer(&answer_input(&remote), &transport);
    assert_eq!(answer.ice_options, ["trickle", "ice2"]);
    assert!(answer.media[0].tls_id.is_some());
}

#[test]
fn without_transceivers_audio_and_video_are_rejected_and_data_is_accepted() {
    let remote = parsed(BROWSER_OFFER);
    let answer = answer(&answer_input(&remote), &transport(1));
    let rejected: Vec<_> = answer.media.iter().map(MediaSection::is_rejected).collect();
    assert_eq!(rejected, [true, true, false]);
    let mids: Vec<_> = answer.media.iter().map(MediaSection::mid).collect();
    assert_eq!(mids, [Some("0"), Some("1"), Some("2")]);
    assert_eq!(answer.media[0].formats, remote.media[0].formats);
    assert_eq!(answer.groups[0].mids, ["2"]);
}

#[test]
fn to_the_letter_a_group_is_rejected_with_its_tagged_section() {
    let remote = parsed(BROWSER_OFFER);
    let input = AnswerInput {
        rejected_tag: RejectedTag::GroupIsRejected,
        ..answer_input(&remote)
    };
    let answer = answer(&input, &transport(1));
    assert!(answer.media.iter().all(MediaSection::is_rejected) && answer.groups.is_empty());
}

#[test]
fn max_bundle_rejects_data_that_is_not_bundled_with_the_first_section() {
    let transport = transport(1);
    let audio = "m=audio 0 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\nm=application";
    let remote = parsed(&DATA_OFFER.replace("m=application", audio));
    let answer = |bundle_policy| {
        let input = AnswerInput {
            bundle_policy,
            ..answer_input(&remote)
        };
        answer(&input, &transport)
    };
    assert!(answer(BundlePolicy::MaxBundle).media[1].is_rejected());
    assert!(!answer(BundlePolicy::Balanced).media[1].is_rejected());
}

#[test]
fn sections_of_other_protocols_and_second_data_sections_are_rejected() {
    let remote = parsed(&format!(
        "{DATA_OFFER}m=message 9 TCP/MSRP *\r\nc=IN IP4 0.0.0.0\r\n\
         m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=sctp-port:5000\r\n"
    ));
    let answer = answer(&answer_input(&remote), &transport(1));
    let rejected: Vec<_> = answer.media.iter().map(MediaSection::is_rejected).collect();
    assert_eq!(rejected, [false, true, true]);
    assert_eq!(answer.media[1].protocol, "TCP/MSRP");
}

#[test]
fn an_answer_is_in_the_old_syntax_if_the_offer_is() {
    let text = replace_line(DATA_OFFER, "m=application", "m=application 9 DTLS/SCTP 5000");
    let remote = parsed(&replace_line(
        &text,
        "a=sctp-port",
        "a=sctpmap:5000 webrtc-datachannel 1024",
    ));
    let answer = answer(&answer_input(&remote), &transport(1));
    assert!(answer.media[0].is_data_channel());
    assert_eq!(
        (answer.media[0].protocol.as_str(), answer.media[0].sctp_port),
        ("DTLS/SCTP", Some(5000))
    );
}

#[test]
fn the_role_of_an_answer_fits_the_offer_and_the_association() {
    for (offered, dtls_role, expected) in [
        ("actpass", None, Setup::Active),
        ("active", None, Setup::Passive),
        ("passive", None, Setup::Active),
        ("actpass", Some(Setup::Passive), Setup::Passive),
        ("actpass", Some(Setup::Active), Setup::Active),
        ("active", Some(Setup::Passive), Setup::Passive),
    ] {
        let remote = parsed(&replace_line(
            DATA_OFFER,
            "a=setup",
            &format!("a=setup:{offered}"),
        ));
        let transport = LocalTransport {
            dtls_role,
            ..transport(1)
        };
        let answer = answer(&answer_input(&remote), &transport);
        assert_eq!(
            answer.media[0].setup.as_ref().unwrap().value,
            expected,
            "{offered} {dtls_role:?}"
        );
    }
}
