//! Offers of media (RFC 9429 section 5.2).

use std::time::Duration;

use glare_peer::{BundlePolicy, SdpType};

use super::super::fixtures::{codec, offer_input, parsed, transceiver, transport};
use super::super::{
    Codec, Description, Direction, MediaKind, MediaSection, OfferInput, SectionOwner, SendEncoding,
    plan_offer,
};
use super::side::{Side, negotiate, pair};

fn mids(description: &Description) -> Vec<&str> {
    description.media.iter().filter_map(MediaSection::mid).collect()
}

fn bundle(description: &Description) -> Vec<&[String]> {
    let groups = description.groups.iter().filter(|group| group.is_bundle());
    groups.map(|group| group.mids.as_slice()).collect()
}

fn encoding(rid: Option<&str>, active: bool) -> SendEncoding {
    SendEncoding {
        rid: rid.map(str::to_owned),
        active,
    }
}

#[test]
fn an_initial_offer_has_a_section_for_each_transceiver_in_order_and_data_last() {
    let (mut a, _) = pair(BundlePolicy::MaxCompat);
    a.wants_application = true;
    a.add(MediaKind::Video, Direction::SendRecv);
    a.add(MediaKind::Audio, Direction::RecvOnly);
    a.add(MediaKind::Audio, Direction::SendOnly).stopped = true;
    let plan = plan_offer(&a.offer_input());
    assert_eq!(
        plan.owners().collect::<Vec<_>>(),
        [
            SectionOwner::Transceiver(0),
            SectionOwner::Transceiver(1),
            SectionOwner::DataChannels
        ]
    );
    let offer = a.offer();
    assert_eq!(mids(&offer), ["0", "1", "2"]);
    assert_eq!(bundle(&offer), [["0", "1", "2"]]);
    let directions: Vec<_> = offer.media[..2].iter().map(|section| section.direction).collect();
    assert_eq!(directions, [Direction::SendRecv, Direction::RecvOnly]);
    for section in &offer.media[..2] {
        assert_eq!(section.protocol, "UDP/TLS/RTP/SAVPF");
        assert!(section.rtcp_mux && section.rtcp_mux_only && section.rtcp_rsize);
    }
}

#[test]
fn an_offer_of_audio_is_what_jsep_says_line_by_line() {
    let mut audio = transceiver(MediaKind::Audio, Direction::SendOnly);
    audio.codecs.truncate(2);
    audio.stream_ids = vec!["stream".to_owned(), "another".to_owned()];
    audio.maxptime = Some(Duration::from_millis(120));
    audio.ptime = Some(Duration::from_micros(2500));
    let input = OfferInput {
        wants_application: false,
        transceivers: &[audio],
        extmap_allow_mixed: true,
        identity: Some("eyJpZHAiOnsi"),
        ..offer_input()
    };
    let transport = transport(1);
    let text = plan_offer(&input).write(|_| transport.clone());
    let fingerprint = &transport.fingerprints[0];
    assert_eq!(
        text,
        format!(
            "v=0\r\no=- 4611686018427387904 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n\
             a=group:BUNDLE 0\r\na=ice-options:trickle ice2\r\na=extmap-allow-mixed\r\na=identity:eyJpZHAiOnsi\r\n\
             m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\nc=IN IP4 0.0.0.0\r\n\
             a=ice-ufrag:frag1\r\na=ice-pwd:password00000000000001\r\na=fingerprint:{fingerprint}\r\n\
             a=setup:actpass\r\na=tls-id:abcdefghijklmnopqrst\r\na=mid:0\r\n\
             a=rtcp:9 IN IP4 0.0.0.0\r\na=rtcp-mux\r\na=rtcp-mux-only\r\na=rtcp-rsize\r\n\
             a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
             a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n\
             a=sendonly\r\na=msid:stream\r\na=msid:another\r\n\
             a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n\
             a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n\
             a=ptime:2.5\r\na=maxptime:120\r\n"
        )
    );
    assert_eq!(parsed(&text).identities, ["eyJpZHAiOnsi"]);
}

#[test]
fn the_bundle_policy_says_which_sections_have_a_transport() {
    let own = |policy| {
        let mut side = Side::new(policy, 0);
        side.wants_application = true;
        for kind in [MediaKind::Audio, MediaKind::Audio, MediaKind::Video] {
            side.add(kind, Direction::SendRecv);
        }
        let offer = side.offer();
        for section in &offer.media {
            // Attributes of category TRANSPORT and IDENTICAL go together.
            assert_eq!(section.bundle_only, section.ice_ufrag.is_none());
            assert_eq!(section.bundle_only, section.port == 0);
            assert_eq!(section.rtcp_mux, section.uses_rtp() && !section.bundle_only);
        }
        offer
            .media
            .iter()
            .map(|section| !section.bundle_only)
            .collect::<Vec<_>>()
    };
    assert_eq!(own(BundlePolicy::MaxCompat), [true; 4]);
    assert_eq!(own(BundlePolicy::Balanced), [true, false, true, true]);
    assert_eq!(own(BundlePolicy::MaxBundle), [true, false, false, false]);
}

#[test]
fn what_is_new_after_bundling_joins_the_transport_without_being_bundle_only() {
    let (mut a, mut b) = pair(BundlePolicy::MaxCompat);
    a.wants_application = true;
    negotiate(&mut a, &mut b);
    a.add(MediaKind::Audio, Direction::SendRecv);
    let plan = plan_offer(&a.offer_input());
    assert_eq!(plan.transports().len(), 1);
    assert_eq!(
        (&plan.transports()[0].members[..], plan.transports()[0].continues),
        (&[0, 1][..], Some(0))
    );
    let offer = a.offer();
    assert_eq!(bundle(&offer), [["0", "1"]]);
    let audio = &offer.media[1];
    assert!(!audio.bundle_only && audio.port == 9 && audio.ice_ufrag.is_none());
    // Media bundled into data: what is said of RTCP stands in the data section (RFC 9429 section 5.2.2).
    assert!(offer.media[0].rtcp_mux && offer.media[0].rtcp_rsize && !audio.rtcp_mux);
    let answer = b.answer(&offer);
    assert!(answer.media[0].rtcp_mux && answer.media[1].ice_ufrag.is_none());
    a.take(&answer);
}

#[test]
fn a_rejected_section_is_recycled_by_the_next_transceiver_under_a_new_mid() {
    let (mut a, mut b) = pair(BundlePolicy::Balanced);
    a.add(MediaKind::Audio, Direction::SendRecv);
    a.add(MediaKind::Video, Direction::SendRecv);
    negotiate(&mut a, &mut b);
    a.transceivers[0].stopped = true;
    let (offer, _) = negotiate(&mut a, &mut b);
    assert!(offer.media[0].is_rejected() && offer.media[0].msids.is_empty());
    assert_eq!(bundle(&offer), [["1"]]);
    // The transport of the group goes on, though the section that had its attributes is gone.
    let ufrag =
        |description: &Description, index: usize| description.ice_credentials(index).unwrap().0.to_owned();
    assert_eq!(ufrag(&offer, 1), "frag1");
    a.add(MediaKind::Video, Direction::SendOnly);
    let (offer, answer) = negotiate(&mut a, &mut b);
    assert_eq!(
        (mids(&offer), offer.media[0].kind.clone()),
        (vec!["2", "1"], MediaKind::Video)
    );
    assert_eq!(bundle(&offer), [["1", "2"]]);
    assert_eq!(answer.media[0].direction, Direction::RecvOnly);
    assert_eq!(ufrag(&offer, 0), "frag1");
}

#[test]
fn a_section_that_only_a_pending_offer_rejects_is_not_recycled_yet() {
    let (mut a, mut b) = pair(BundlePolicy::Balanced);
    a.add(MediaKind::Audio, Direction::SendRecv);
    negotiate(&mut a, &mut b);
    a.transceivers[0].stopped = true;
    a.offer();
    a.add(MediaKind::Audio, Direction::SendRecv);
    let offer = a.offer();
    assert_eq!(mids(&offer), ["0", "1"]);
    assert!(offer.media[0].is_rejected());
}

#[test]
fn identifiers_of_sections_are_not_given_out_twice() {
    let (mut a, mut b) = pair(BundlePolicy::Balanced);
    for expected in ["0", "1", "2", "3"] {
        a.add(MediaKind::Audio, Direction::SendRecv);
        let (offer, _) = negotiate(&mut a, &mut b);
        assert_eq!(mids(&offer), [expected]);
        a.transceivers[0].stopped = true;
        negotiate(&mut a, &mut b);
    }
    assert!(a.transceivers.is_empty() && b.transceivers.is_empty());
}

#[test]
fn the_tagged_section_is_that_of_the_first_transceiver_that_is_not_stopped() {
    let (mut a, mut b) = pair(BundlePolicy::MaxBundle);
    a.add(MediaKind::Audio, Direction::SendRecv).stopped = true;
    a.add(MediaKind::Video, Direction::SendRecv);
    a.add(MediaKind::Audio, Direction::SendRecv);
    let offer = a.offer();
    assert_eq!(
        (bundle(&offer)[0][0].as_str(), offer.media[0].kind.clone()),
        ("0", MediaKind::Video)
    );
    let answer = b.answer(&offer);
    a.take(&answer);
    assert_eq!(answer.transport_section(1), 0);
}

#[test]
fn streams_stay_described_when_a_transceiver_no_longer_sends() {
    let (mut a, mut b) = pair(BundlePolicy::Balanced);
    a.add(MediaKind::Audio, Direction::SendRecv);
    a.add(MediaKind::Video, Direction::SendRecv).stream_ids.clear();
    let (offer, _) = negotiate(&mut a, &mut b);
    let lines = |description: &Description, index: usize| description.media[index].stream_ids().len();
    assert_eq!((lines(&offer, 0), lines(&offer, 1)), (1, 0));
    assert_eq!(
        offer.media[1].msids[0].stream_id, None,
        "a=msid:- says that there is no stream"
    );
    a.transceivers[0].direction = Direction::RecvOnly;
    let (offer, _) = negotiate(&mut a, &mut b);
    assert_eq!(lines(&offer, 0), 1);
    a.transceivers[0].direction = Direction::SendOnly;
    a.transceivers[0].stream_ids = vec!["x".to_owned(), "y".to_owned(), "x".to_owned()];
    let (offer, _) = negotiate(&mut a, &mut b);
    assert_eq!(offer.media[0].stream_ids(), ["x", "y"]);
}

#[test]
fn sections_of_one_stream_are_played_in_step() {
    let (mut a, mut b) = pair(BundlePolicy::Balanced);
    a.add(MediaKind::Audio, Direction::SendRecv);
    a.add(MediaKind::Video, Direction::SendRecv);
    a.add(MediaKind::Video, Direction::SendRecv).stream_ids = vec!["other".to_owned()];
    let lip_sync = |description: &Description| {
        let groups = description.groups.iter().filter(|group| group.semantics == "LS");
        groups.map(|group| group.mids.clone()).collect::<Vec<_>>()
    };
    let (offer, answer) = negotiate(&mut a, &mut b);
    assert_eq!(lip_sync(&offer), [["0", "1"]]);
    assert_eq!(
        lip_sync(&answer),
        [["0", "1"]],
        "the answerer has no streams, and so no wish of its own"
    );
    // What was answered stays, also in an offer of the other side.
    let (offer, _) = negotiate(&mut b, &mut a);
    assert_eq!(lip_sync(&offer), [["0", "1"]]);
    a.transceivers[0].stopped = true;
    assert!(lip_sync(&a.offer()).is_empty());
}

#[test]
fn an_answerer_with_streams_of_its_own_decides_what_it_plays_in_step() {
    let lip_sync = |streams: [&str; 2]| {
        let (mut a, mut b) = pair(BundlePolicy::Balanced);
        for kind in [MediaKind::Audio, MediaKind::Video] {
            a.add(kind, Direction::SendRecv);
        }
        for (kind, stream) in [MediaKind::Audio, MediaKind::Video].into_iter().zip(streams) {
            b.add(kind, Direction::SendRecv).stream_ids = vec![stream.to_owned()];
        }
        let (_, answer) = negotiate(&mut a, &mut b);
        answer
            .groups
            .iter()
            .filter(|group| group.semantics == "LS")
            .count()
    };
    assert_eq!(lip_sync(["ms2", "ms2"]), 1);
    assert_eq!(lip_sync(["ms2a", "ms2b"]), 0);
}

#[test]
fn encodings_are_described_and_several_are_simulcast() {
    let video = |encodings: &[SendEncoding]| {
        let mut side = Side::new(BundlePolicy::Balanced, 0);
        side.add(MediaKind::Video, Direction::SendRecv).send_encodings = encodings.to_vec();
        let offer = side.offer();
        let section = &offer.media[0];
        let rids: Vec<_> = section.rids.iter().map(|rid| rid.id.clone()).collect();
        (rids.join(" "), section.simulcast.as_ref().map(|it| it.value()))
    };
    let several = [
        encoding(Some("q"), true),
        encoding(Some("h"), false),
        encoding(None, true),
    ];
    assert_eq!(
        video(&several),
        ("q h 0".to_owned(), Some("send q;~h;0".to_owned()))
    );
    assert_eq!(video(&[encoding(Some("a"), true)]), ("a".to_owned(), None));
    assert_eq!(video(&[encoding(None, true)]), (String::new(), None));
}

#[test]
fn formats_come_in_the_order_of_the_last_answer_unless_the_application_orders_them() {
    let (mut a, mut b) = pair(BundlePolicy::Balanced);
    a.add(MediaKind::Video, Direction::SendRecv);
    let preferred = b.add(MediaKind::Video, Direction::SendRecv);
    let wanted = |codec: &Codec| matches!(codec.payload_type, 102 | 103 | 98);
    preferred.codecs.retain(wanted);
    preferred.codecs.reverse();
    preferred.has_codec_preferences = true;
    let formats = |description: &Description| description.media[0].formats.join(" ");
    let (_, answer) = negotiate(&mut a, &mut b);
    assert_eq!(formats(&answer), "103 102 98");
    assert_eq!(formats(&a.offer()), "103 102 98 96 97 99 118 119 120");
    a.transceivers[0].has_codec_preferences = true;
    assert_eq!(formats(&a.offer()), "96 97 98 99 102 103 118 119 120");
}

#[test]
fn a_format_that_comes_later_takes_no_payload_type_that_is_in_use() {
    let (mut a, mut b) = pair(BundlePolicy::Balanced);
    a.add(MediaKind::Video, Direction::SendRecv);
    negotiate(&mut a, &mut b);
    let late = b.add(MediaKind::Audio, Direction::SendRecv);
    for codec in &mut late.codecs {
        if codec.name() == "opus" {
            codec.payload_type = 96;
        } else if codec.name() == "red" {
            codec.sdp_fmtp_line = Some("96/96".to_owned());
        }
    }
    late.header_extensions[0].id = 4;
    let (offer, _) = negotiate(&mut b, &mut a);
    let audio = &offer.media[1];
    assert_eq!(
        (audio.codecs[0].name(), audio.codecs[0].payload_type),
        ("opus", 100)
    );
    assert_eq!(audio.codecs[1].sdp_fmtp_line.as_deref(), Some("100/100"));
    assert_eq!(audio.header_extensions[0].id, 1);
    offer.verify(SdpType::Offer).unwrap();
}

#[test]
fn a_transceiver_for_which_no_payload_type_is_left_is_offered_as_rejected() {
    let (mut a, mut b) = pair(BundlePolicy::Balanced);
    a.wants_application = true;
    let many = a.add(MediaKind::Audio, Direction::SendRecv);
    many.codecs = (0..128)
        .map(|payload_type| codec(payload_type, &format!("audio/X{payload_type}"), 8000, None))
        .collect();
    let wanted = many.codecs.clone();
    b.add(MediaKind::Audio, Direction::SendRecv).codecs = wanted;
    negotiate(&mut a, &mut b);
    b.add(MediaKind::Video, Direction::SendRecv);
    let offer = b.offer();
    assert!(offer.media[2].is_rejected() && !offer.media[0].is_rejected() && !offer.media[1].is_rejected());
    assert_eq!(bundle(&offer), [["0", "1"]]);
}
