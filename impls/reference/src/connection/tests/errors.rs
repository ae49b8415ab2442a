//! What the calls are refused with.

use glare_peer::{
    Attribute, DataChannelInit, ExceptionName, Handle, IceCandidate, MessageData, OfferOptions, Operation,
    RtcErrorDetail, SdpType, SessionDescription, Value,
};

use super::world::{A, B, World, rollback};

const INVALID_STATE: ExceptionName = ExceptionName::InvalidStateError;

fn remote(sdp_type: SdpType, sdp: &str) -> Operation {
    Operation::SetRemoteDescription(SessionDescription {
        sdp_type,
        sdp: sdp.into(),
    })
}

fn local(sdp_type: SdpType, sdp: &str) -> Operation {
    Operation::SetLocalDescription(
        SessionDescription {
            sdp_type,
            sdp: sdp.into(),
        }
        .into(),
    )
}

fn candidate(mid: Option<&str>, index: Option<u16>, username_fragment: Option<&str>) -> Operation {
    Operation::AddIceCandidate(IceCandidate {
        candidate: "candidate:1 1 udp 2130706431 192.0.2.7 4000 typ host".to_owned(),
        sdp_mid: mid.map(str::to_owned),
        sdp_m_line_index: index,
        username_fragment: username_fragment.map(str::to_owned),
        attributes: None,
    })
}

#[test]
fn a_closed_connection_refuses_everything() {
    let mut world = World::new(41);
    world.close(A);
    for operation in [
        Operation::CreateOffer(OfferOptions::default()),
        Operation::CreateAnswer,
        local(SdpType::Offer, ""),
        remote(SdpType::Offer, ""),
        candidate(Some("0"), None, None),
        Operation::CreateDataChannel {
            label: String::new(),
            init: DataChannelInit::default(),
        },
    ] {
        let name = operation.name();
        assert_eq!(world.fails(A, operation), INVALID_STATE, "{name}");
    }
}

#[test]
fn in_stable_there_is_nothing_to_answer_or_roll_back() {
    let mut world = World::new(42);
    let offer = world.create_offer(A);
    assert_eq!(world.fails(A, Operation::CreateAnswer), INVALID_STATE);
    assert_eq!(world.fails(A, remote(SdpType::Answer, &offer.sdp)), INVALID_STATE);
    assert_eq!(
        world.fails(A, remote(SdpType::Pranswer, &offer.sdp)),
        INVALID_STATE
    );
    assert_eq!(
        world.fails(A, Operation::SetRemoteDescription(rollback())),
        INVALID_STATE
    );
    assert_eq!(
        world.fails(A, Operation::SetLocalDescription(rollback().into())),
        INVALID_STATE
    );
    assert_eq!(world.fails(A, local(SdpType::Answer, "")), INVALID_STATE);
    assert_eq!(world.state(A, Attribute::SignalingState), "stable");
}

#[test]
fn with_an_offer_pending_only_what_fits_may_be_set() {
    let mut world = World::new(43);
    world.channel(A, "chat", DataChannelInit::default());
    let offer = world.create_offer(A);
    world.set_local(A, offer.clone());
    world.set_remote(B, offer);
    assert_eq!(
        world.fails(B, Operation::CreateOffer(OfferOptions::default())),
        INVALID_STATE
    );
    assert_eq!(world.fails(B, local(SdpType::Offer, "")), INVALID_STATE);
    let answer = world.create_answer(B);
    assert_eq!(
        world.fails(B, remote(SdpType::Answer, &answer.sdp)),
        INVALID_STATE
    );
    assert_eq!(world.fails(A, Operation::CreateAnswer), INVALID_STATE);
    assert_eq!(world.fails(A, local(SdpType::Answer, "")), INVALID_STATE);
    let pranswer = SessionDescription {
        sdp_type: SdpType::Pranswer,
        sdp: answer.sdp,
    };
    world.set_local(B, pranswer.clone());
    world.set_remote(A, pranswer);
    for side in [A, B] {
        assert_eq!(
            world.fails(side, Operation::SetLocalDescription(rollback().into())),
            INVALID_STATE
        );
        assert_eq!(
            world.fails(side, Operation::CreateOffer(OfferOptions::default())),
            INVALID_STATE
        );
    }
}

#[test]
fn a_description_that_was_not_created_last_is_a_modification() {
    let mut world = World::new(44);
    world.channel(A, "chat", DataChannelInit::default());
    let offer = world.create_offer(A);
    let changed = format!("{}a=x:1\r\n", offer.sdp);
    assert_eq!(
        world.fails(A, local(SdpType::Offer, &changed)),
        ExceptionName::InvalidModificationError
    );
    world.set_local(A, offer.clone());
    world.set_remote(B, offer);
    let answer = world.create_answer(B);
    let changed = format!("{}a=x:1\r\n", answer.sdp);
    assert_eq!(
        world.fails(B, local(SdpType::Answer, &changed)),
        ExceptionName::InvalidModificationError
    );
    assert_eq!(
        world.fails(B, local(SdpType::Pranswer, &changed)),
        ExceptionName::InvalidModificationError
    );
}

#[test]
fn syntax_that_is_no_sdp_names_its_line() {
    let mut world = World::new(45);
    world.channel(A, "chat", DataChannelInit::default());
    let offer = world.create_offer(A);
    let broken = offer.sdp.replace("s=-\r\n", "s=-\r\nnonsense\r\n");
    let error = world.settle(B, remote(SdpType::Offer, &broken)).unwrap_err();
    assert_eq!(error.name, ExceptionName::OperationError);
    assert_eq!(error.error_detail, Some(RtcErrorDetail::SdpSyntaxError));
    assert_eq!(error.sdp_line_number, Some(4));
    assert_eq!(world.state(B, Attribute::SignalingState), "stable");
    assert_eq!(
        world.read(B, Handle::CONNECTION, Attribute::RemoteDescription),
        Value::Null
    );
}

#[test]
fn content_that_cannot_be_applied_is_invalid_access() {
    let mut world = World::new(46);
    world.channel(A, "chat", DataChannelInit::default());
    let offer = world.create_offer(A);
    let without: String = offer
        .sdp
        .split_inclusive("\r\n")
        .filter(|line| !line.starts_with("a=ice-pwd"))
        .collect();
    assert_eq!(
        world.fails(B, remote(SdpType::Offer, &without)),
        ExceptionName::InvalidAccessError
    );
    world.set_local(A, offer.clone());
    world.set_remote(B, offer);
    let answer = world.create_answer(B);
    let other_mid = answer
        .sdp
        .replace("a=mid:0", "a=mid:9")
        .replace("BUNDLE 0", "BUNDLE 9");
    assert_eq!(
        world.fails(A, remote(SdpType::Answer, &other_mid)),
        ExceptionName::InvalidAccessError
    );
    assert_eq!(world.state(A, Attribute::SignalingState), "have-local-offer");
}

#[test]
fn an_offer_on_top_of_another_is_held_to_it_as_if_that_had_been_answered() {
    let mut world = World::new(146);
    let empty = world.create_offer(A);
    world.channel(A, "chat", DataChannelInit::default());
    let offer = world.create_offer(A);
    world.set_remote(B, offer.clone());
    let other_mid = offer
        .sdp
        .replace("a=mid:0", "a=mid:9")
        .replace("BUNDLE 0", "BUNDLE 9");
    for sdp in [&*empty.sdp, &other_mid] {
        assert_eq!(
            world.fails(B, remote(SdpType::Offer, sdp)),
            ExceptionName::InvalidAccessError
        );
    }
    assert_eq!(world.state(B, Attribute::SignalingState), "have-remote-offer");
    world.set_remote(B, offer);
    // A rollback in between forgets the first offer, and what it fixed.
    world
        .settle(B, Operation::SetRemoteDescription(rollback()))
        .unwrap();
    world.set_remote(B, empty);
}

#[test]
fn a_candidate_must_say_where_it_belongs() {
    let mut world = World::new(47);
    assert_eq!(
        world.fails(A, candidate(None, None, None)),
        ExceptionName::TypeError
    );
    assert_eq!(world.fails(A, candidate(Some("0"), None, None)), INVALID_STATE);
    world.channel(B, "chat", DataChannelInit::default());
    let offer = world.create_offer(B);
    world.set_local(B, offer.clone());
    world.set_remote(A, offer);
    for operation in [
        candidate(Some("9"), None, None),
        candidate(Some("9"), Some(0), None),
        candidate(None, Some(1), None),
        candidate(Some("0"), None, Some("stranger")),
        Operation::AddIceCandidate(IceCandidate {
            candidate: "candidate:nonsense".to_owned(),
            sdp_mid: Some("0".to_owned()),
            ..IceCandidate::default()
        }),
    ] {
        assert_eq!(
            world.fails(A, operation.clone()),
            ExceptionName::OperationError,
            "{operation:?}"
        );
    }
    for operation in [
        candidate(Some("0"), None, None),
        candidate(Some("0"), Some(9), None),
        candidate(None, Some(0), None),
        Operation::AddIceCandidate(IceCandidate::default()),
    ] {
        assert_eq!(world.settle(A, operation), Ok(Value::Undefined));
    }
    let Value::Description(described) = world.read(A, Handle::CONNECTION, Attribute::RemoteDescription)
    else {
        panic!("there is a remote description");
    };
    assert!(
        described
            .sdp
            .contains("a=candidate:1 1 udp 2130706431 192.0.2.7 4000 typ host"),
        "{}",
        described.sdp
    );
    assert!(described.sdp.contains("a=end-of-candidates"), "{}", described.sdp);
}

#[test]
fn a_channel_keeps_to_the_limits_of_the_specification() {
    let mut world = World::new(48);
    let create = |label: &str, init| Operation::CreateDataChannel {
        label: label.to_owned(),
        init,
    };
    let with = |change: fn(&mut DataChannelInit)| {
        let mut init = DataChannelInit::default();
        change(&mut init);
        init
    };
    let long = "x".repeat(65536);
    let protocol = DataChannelInit {
        protocol: long.clone(),
        ..DataChannelInit::default()
    };
    for operation in [
        create(&long, DataChannelInit::default()),
        create("", protocol),
        create("", with(|init| init.negotiated = true)),
        create(
            "",
            with(|init| (init.max_retransmits, init.max_packet_life_time) = (Some(1), Some(1))),
        ),
        create("", with(|init| (init.negotiated, init.id) = (true, Some(65535)))),
    ] {
        assert_eq!(world.fails(A, operation), ExceptionName::TypeError);
    }
    let taken = with(|init| (init.negotiated, init.id) = (true, Some(7)));
    world.channel(A, "seven", taken.clone());
    assert_eq!(
        world.fails(A, create("again", taken)),
        ExceptionName::OperationError
    );
    // Without being negotiated, the id is ignored.
    let ignored = world.channel(A, "ignored", with(|init| init.id = Some(65535)));
    assert_eq!(world.read(A, ignored, Attribute::Id), Value::Null);
}

#[test]
fn sending_needs_an_open_channel_and_room() {
    let mut world = World::new(49);
    let chat = world.channel(A, "chat", DataChannelInit::default());
    let send = |size: usize| Operation::Send {
        channel: chat,
        data: MessageData::Binary(vec![0; size].into()),
    };
    assert_eq!(world.fails(A, send(1)), INVALID_STATE);
    world.negotiate(A);
    world.open(A, chat);
    assert_eq!(world.fails(A, send(262_145)), ExceptionName::TypeError);
    for _ in 0..64 {
        world.call(A, send(262_144));
    }
    assert_eq!(world.fails(A, send(1)), ExceptionName::OperationError);
    let beyond = DataChannelInit {
        negotiated: true,
        id: Some(65534),
        ..DataChannelInit::default()
    };
    let sctp = world.object(A, Handle::CONNECTION, Attribute::Sctp);
    let Value::Number(streams) = world.read(A, sctp, Attribute::MaxChannels) else {
        panic!("it is connected")
    };
    let create = Operation::CreateDataChannel {
        label: String::new(),
        init: beyond,
    };
    if streams <= 65534.0 {
        assert_eq!(world.fails(A, create), ExceptionName::OperationError);
    }
    world.close_channel(A, chat);
    assert_eq!(world.fails(A, send(1)), INVALID_STATE);
}
