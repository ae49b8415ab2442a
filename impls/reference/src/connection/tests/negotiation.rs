//! Offers and answers: glare, rollback, provisional answers, the operations chain, and when negotiation is needed.

use std::time::Duration;

use glare_peer::{
    Attribute, Called, Handle, LocalDescriptionInit, OfferOptions, Operation, SdpType, SessionDescription,
    Value,
};

use super::world::{A, B, World, description, rollback};

#[test]
fn glare_is_resolved_by_the_implicit_rollback_of_one_side() {
    let mut world = World::new(31);
    let from_a = world.channel(A, "from-a", Default::default());
    let from_b = world.channel(B, "from-b", Default::default());
    let offer_of_a = world.create_offer(A);
    world.set_local(A, offer_of_a.clone());
    let offer_of_b = world.create_offer(B);
    world.set_local(B, offer_of_b);
    // B gives in.
    let discarded = world.object(B, Handle::CONNECTION, Attribute::Sctp);
    world.log.clear();
    world.set_remote(B, offer_of_a);
    let signaling: Vec<&str> = world
        .log_of(B)
        .into_iter()
        .filter(|line| !line.contains("ice."))
        .collect();
    assert_eq!(
        signaling,
        [
            "signalingstatechange stable",
            "icegatheringstatechange new",
            "sctp.statechange closed",
            "dtls.statechange closed",
            "signalingstatechange have-remote-offer",
        ]
    );
    assert_ne!(world.object(B, Handle::CONNECTION, Attribute::Sctp), discarded);
    world.answer(B);
    world.open(A, from_a);
    world.open(B, from_b);
    world.run(Duration::from_secs(1));
    assert_eq!(world.announced.len(), 2);
}

#[test]
fn a_rollback_returns_to_the_last_stable_state() {
    let mut world = World::new(32);
    world.channel(A, "chat", Default::default());
    let offer = world.create_offer(A);
    world.set_local(A, offer.clone());
    world.set_local(A, rollback());
    assert_eq!(world.state(A, Attribute::SignalingState), "stable");
    assert_eq!(world.state(A, Attribute::IceGatheringState), "new");
    for attribute in [
        Attribute::LocalDescription,
        Attribute::PendingLocalDescription,
        Attribute::Sctp,
    ] {
        assert_eq!(world.read(A, Handle::CONNECTION, attribute), Value::Null);
    }
    // Negotiation is still needed, and says so again: the flag was cleared by the return to stable.
    assert_eq!(
        world
            .log
            .iter()
            .filter(|line| *line == "a.negotiationneeded")
            .count(),
        2
    );
    world.set_remote(B, offer);
    world.set_remote(B, rollback());
    assert_eq!(world.state(B, Attribute::SignalingState), "stable");
    assert_eq!(
        world.read(B, Handle::CONNECTION, Attribute::RemoteDescription),
        Value::Null
    );
    world.negotiate(A);
    world.connect();
}

#[test]
fn a_provisional_answer_connects_and_the_final_one_completes() {
    let mut world = World::new(33);
    let chat = world.channel(A, "chat", Default::default());
    let offer = world.create_offer(A);
    world.set_local(A, offer.clone());
    world.set_remote(B, offer);
    let answer = world.create_answer(B);
    let pranswer = SessionDescription {
        sdp_type: SdpType::Pranswer,
        sdp: answer.sdp.clone(),
    };
    world.set_local(B, pranswer.clone());
    world.set_remote(A, pranswer);
    assert_eq!(world.state(A, Attribute::SignalingState), "have-remote-pranswer");
    assert_eq!(world.state(B, Attribute::SignalingState), "have-local-pranswer");
    world.open(A, chat);
    world.set_local(B, answer.clone());
    world.set_remote(A, answer);
    for side in [A, B] {
        assert_eq!(world.state(side, Attribute::SignalingState), "stable");
        assert_eq!(
            world.read(side, Handle::CONNECTION, Attribute::PendingLocalDescription),
            Value::Null
        );
    }
    world.send(A, chat, "still open");
    assert!(world.run_until(Duration::from_secs(1), |world| world.messages.len() == 1));
}

#[test]
fn chained_operations_run_one_after_the_other() {
    let mut world = World::new(34);
    world.channel(A, "chat", Default::default());
    let set = Operation::SetLocalDescription(LocalDescriptionInit::default());
    let ids = [
        world.start(A, Operation::CreateOffer(OfferOptions::default())),
        world.start(A, set),
        world.start(A, Operation::CreateOffer(OfferOptions::default())),
        world.start(A, Operation::SetRemoteDescription(rollback())),
        world.start(A, Operation::CreateAnswer),
    ];
    let mut order = Vec::new();
    while world.step(A) {
        for id in ids {
            if world.result(A, id).is_some() && !order.contains(&id) {
                order.push(id);
            }
        }
    }
    assert_eq!(order, ids);
    // Each saw the state that the one before left behind.
    let results = ids.map(|id| world.result(A, id).unwrap().is_ok());
    assert_eq!(results, [true, true, true, true, false]);
    // While the chain was not empty, negotiationneeded waited.
    assert_eq!(
        world
            .log_of(A)
            .iter()
            .filter(|line| !line.contains("ice"))
            .collect::<Vec<_>>(),
        [
            &"signalingstatechange have-local-offer",
            &"signalingstatechange stable",
            &"sctp.statechange closed",
            &"dtls.statechange closed",
            &"negotiationneeded",
        ]
    );
}

#[test]
fn an_offer_reused_by_set_local_description_is_the_last_one_created_unless_the_state_has_changed() {
    let mut world = World::new(35);
    world.channel(A, "chat", Default::default());
    let created = world.create_offer(A);
    world
        .settle(A, Operation::SetLocalDescription(LocalDescriptionInit::default()))
        .unwrap();
    let pending = description(Ok(world.read(
        A,
        Handle::CONNECTION,
        Attribute::PendingLocalDescription,
    )));
    let ufrag = |sdp: &str| {
        sdp.lines()
            .find(|line| line.starts_with("a=ice-ufrag"))
            .map(str::to_owned)
    };
    assert_eq!(ufrag(&pending.sdp), ufrag(&created.sdp));

    let mut world = World::new(35);
    world.create_offer(A);
    world.channel(A, "chat", Default::default());
    world
        .settle(A, Operation::SetLocalDescription(LocalDescriptionInit::default()))
        .unwrap();
    assert!(
        world.local(A).sdp.contains("m=application"),
        "{}",
        world.local(A).sdp
    );
}

#[test]
fn negotiation_is_needed_for_the_first_channel_only() {
    let mut world = World::new(36);
    world.channel(A, "one", Default::default());
    world.channel(A, "two", Default::default());
    world.turn();
    assert_eq!(world.log, ["a.negotiationneeded"]);
    world.negotiate(A);
    world.channel(A, "three", Default::default());
    world.channel(B, "four", Default::default());
    world.turn();
    assert_eq!(
        world
            .log
            .iter()
            .filter(|line| line.ends_with("negotiationneeded"))
            .count(),
        1
    );
}

#[test]
fn an_empty_negotiation_makes_no_transport() {
    let mut world = World::new(37);
    world.negotiate(A);
    for side in [A, B] {
        assert_eq!(world.state(side, Attribute::SignalingState), "stable");
        assert_eq!(world.state(side, Attribute::ConnectionState), "new");
        assert_eq!(world.read(side, Handle::CONNECTION, Attribute::Sctp), Value::Null);
    }
}

#[test]
fn a_second_negotiation_keeps_the_connection() {
    let mut world = World::new(38);
    let chat = world.channel(A, "chat", Default::default());
    world.negotiate(A);
    world.open(A, chat);
    world.run(Duration::from_secs(1));
    let sctp = world.object(B, Handle::CONNECTION, Attribute::Sctp);
    world.log.clear();
    world.negotiate(B);
    world.run(Duration::from_secs(1));
    let states: Vec<&String> = world
        .log
        .iter()
        .filter(|line| !line.contains("signalingstatechange"))
        .collect();
    assert!(
        states.iter().all(|line| !line.contains("statechange")),
        "{states:?}"
    );
    assert_eq!(world.object(B, Handle::CONNECTION, Attribute::Sctp), sctp);
    world.send(A, chat, "on we go");
    assert!(world.run_until(Duration::from_secs(1), |world| world.messages.len() == 1));
}

#[test]
fn an_offer_with_audio_first_is_answered_for_both() {
    let mut world = World::new(39);
    let chat = world.channel(A, "chat", Default::default());
    let offer = world.create_offer(A);
    world.set_local(A, offer.clone());
    // What a browser would put before the data section.
    let audio = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:audio\r\na=sendrecv\r\na=rtcp-mux\r\n\
                 a=rtpmap:111 opus/48000/2\r\n";
    let own = |name: &str| {
        offer
            .sdp
            .lines()
            .find(|line| line.starts_with(name))
            .unwrap()
            .to_owned()
    };
    let transport = ["a=ice-ufrag", "a=ice-pwd", "a=fingerprint", "a=setup"]
        .map(|name| own(name) + "\r\n")
        .concat();
    let sdp = offer
        .sdp
        .replace("m=application", &format!("{audio}{transport}m=application"));
    let munged = SessionDescription {
        sdp_type: SdpType::Offer,
        sdp: sdp.into(),
    };
    world.set_remote(B, munged);
    let answer = world.create_answer(B);
    let sections: Vec<&str> = answer.sdp.lines().filter(|line| line.starts_with("m=")).collect();
    assert_eq!(sections.len(), 2, "{}", answer.sdp);
    assert!(sections[0].starts_with("m=audio 9 "), "{}", answer.sdp);
    assert!(sections[1].starts_with("m=application 9 "), "{}", answer.sdp);
    assert_eq!(world.string(A, chat, Attribute::ReadyState), "connecting");
}

#[test]
fn calling_what_does_not_exist_is_a_type_error() {
    let mut world = World::new(40);
    let (_, called) = world.call(A, Operation::CloseDataChannel { channel: Handle(77) });
    assert!(
        matches!(called, Called::Threw(exception) if exception.name == glare_peer::ExceptionName::TypeError)
    );
}

#[test]
fn an_answer_that_rejects_data_ends_the_transport() {
    let mut world = World::new(391);
    world.channel(A, "chat", Default::default());
    let offer = world.create_offer(A);
    world.set_local(A, offer.clone());
    world.set_remote(B, offer);
    let answer = world.create_answer(B);
    let sdp = answer
        .sdp
        .replace("m=application 9", "m=application 0")
        .replace("a=group:BUNDLE 0\r\n", "");
    world.log.clear();
    world.set_remote(
        A,
        SessionDescription {
            sdp_type: SdpType::Answer,
            sdp: sdp.into(),
        },
    );
    assert_eq!(world.read(A, Handle::CONNECTION, Attribute::Sctp), Value::Null);
    assert_eq!(
        world.log_of(A),
        [
            "signalingstatechange stable",
            "icegatheringstatechange new",
            "sctp.statechange closed",
            "dtls.statechange closed",
            "ice.statechange closed",
        ]
    );
}

#[test]
fn an_offer_holds_what_was_added_while_it_was_created() {
    let mut world = World::new(392);
    let id = world.start(A, Operation::CreateOffer(OfferOptions::default()));
    world.channel(A, "chat", Default::default());
    world.turn();
    let offer = description(world.result(A, id).unwrap());
    assert!(offer.sdp.contains("m=application"), "{}", offer.sdp);
}

#[test]
fn what_waits_in_the_chain_when_the_connection_closes_stays_pending() {
    let mut world = World::new(393);
    let running = world.start(A, Operation::CreateOffer(OfferOptions::default()));
    let waiting = world.start(A, Operation::SetLocalDescription(LocalDescriptionInit::default()));
    world.close(A);
    let late = world.start(A, Operation::CreateOffer(OfferOptions::default()));
    world.run(Duration::from_secs(1));
    assert_eq!(world.result(A, running), None);
    assert_eq!(world.result(A, waiting), None);
    assert!(matches!(world.result(A, late), Some(Err(_))));
    assert!(world.log.is_empty(), "{:?}", world.log);
}

#[test]
fn data_that_was_rejected_can_be_offered_again() {
    let mut world = World::new(394);
    let chat = world.channel(A, "chat", Default::default());
    let offer = world.create_offer(A);
    world.set_local(A, offer.clone());
    // B sees, and so answers, a data section that is offered as rejected.
    let rejected = offer
        .sdp
        .replace("m=application 9", "m=application 0")
        .replace("a=group:BUNDLE 0\r\n", "");
    world.set_remote(
        B,
        SessionDescription {
            sdp_type: SdpType::Offer,
            sdp: rejected.into(),
        },
    );
    world.answer(B);
    assert_eq!(world.read(A, Handle::CONNECTION, Attribute::Sctp), Value::Null);
    world.negotiate(A);
    world.open(A, chat);
}
