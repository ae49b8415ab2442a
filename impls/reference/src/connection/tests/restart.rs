//! ICE restarts.

use std::time::Duration;

use glare_peer::{
    Attribute, Called, ExceptionName, OfferOptions, Operation, SdpType, SessionDescription, Value,
};

use super::world::{A, B, World, description, rollback};

fn username_fragment(sdp: &str) -> &str {
    sdp.lines()
        .find_map(|line| line.strip_prefix("a=ice-ufrag:"))
        .expect("there is one")
}

fn connected(seed: u64) -> (World, glare_peer::Handle) {
    let mut world = World::new(seed);
    let chat = world.channel(A, "chat", Default::default());
    world.negotiate(A);
    world.open(A, chat);
    world.run(Duration::from_secs(1));
    world.log.clear();
    (world, chat)
}

fn still_talks(world: &mut World, chat: glare_peer::Handle) {
    let before = world.messages.len();
    world.send(A, chat, "still here");
    assert!(
        world.run_until(Duration::from_secs(5), |world| world.messages.len() > before),
        "{:#?}",
        world.log
    );
}

#[test]
fn an_offer_that_restarts_ice_gathers_again_and_keeps_the_channel() {
    let (mut world, chat) = connected(61);
    let before = world.local(A);
    let offer = description(world.settle(
        A,
        Operation::CreateOffer(OfferOptions {
            ice_restart: true,
            ..OfferOptions::default()
        }),
    ));
    assert_ne!(username_fragment(&offer.sdp), username_fragment(&before.sdp));
    world.set_local(A, offer.clone());
    assert_eq!(
        world.log_of(A)[..3],
        [
            "signalingstatechange have-local-offer",
            "ice.gatheringstatechange gathering",
            "icegatheringstatechange gathering",
        ]
    );
    let of_b = world.local(B);
    world.set_remote(B, offer);
    world.answer(B);
    assert_ne!(
        username_fragment(&world.local(B).sdp),
        username_fragment(&of_b.sdp)
    );
    still_talks(&mut world, chat);
    world.run(Duration::from_secs(5));
    for side in [A, B] {
        assert_eq!(world.state(side, Attribute::ConnectionState), "connected");
        assert_eq!(world.state(side, Attribute::IceGatheringState), "complete");
    }
    assert!(
        !world.log.iter().any(|line| line.contains("dtls.statechange")),
        "{:#?}",
        world.log
    );
    still_talks(&mut world, chat);
}

#[test]
fn restart_ice_asks_for_negotiation_until_it_has_happened() {
    let (mut world, chat) = connected(62);
    let before = world.local(A);
    assert_eq!(
        world.call(A, Operation::RestartIce).1,
        Called::Returned(Value::Undefined)
    );
    world.turn();
    assert_eq!(world.log, ["a.negotiationneeded"]);
    world.negotiate(A);
    assert_ne!(
        username_fragment(&world.local(A).sdp),
        username_fragment(&before.sdp)
    );
    assert_eq!(
        world
            .log
            .iter()
            .filter(|line| line.ends_with("negotiationneeded"))
            .count(),
        1
    );
    world.run(Duration::from_secs(5));
    still_talks(&mut world, chat);
    // And the next offer restarts nothing.
    let offer = world.create_offer(A);
    assert_eq!(
        username_fragment(&offer.sdp),
        username_fragment(&world.local(A).sdp)
    );
}

#[test]
fn a_restart_that_is_rolled_back_leaves_the_connection_as_it_was() {
    let (mut world, chat) = connected(63);
    let before = world.local(A);
    let offer = description(world.settle(
        A,
        Operation::CreateOffer(OfferOptions {
            ice_restart: true,
            ..OfferOptions::default()
        }),
    ));
    world.set_local(A, offer);
    world.set_local(A, rollback());
    assert_eq!(
        username_fragment(&world.local(A).sdp),
        username_fragment(&before.sdp)
    );
    still_talks(&mut world, chat);
    world.run(Duration::from_secs(40));
    assert_eq!(
        world.state(A, Attribute::ConnectionState),
        "connected",
        "{:#?}",
        world.log
    );
    still_talks(&mut world, chat);
    world.negotiate(A);
    still_talks(&mut world, chat);
}

#[test]
fn new_credentials_in_an_answer_to_no_restart_are_invalid() {
    let (mut world, _) = connected(64);
    let offer = world.create_offer(A);
    world.set_local(A, offer.clone());
    world.set_remote(B, offer);
    let answer = world.create_answer(B);
    let sdp = answer.sdp.replace(username_fragment(&answer.sdp), "anotherone");
    let answer = SessionDescription {
        sdp_type: SdpType::Answer,
        sdp: sdp.into(),
    };
    assert_eq!(
        world.fails(A, Operation::SetRemoteDescription(answer)),
        ExceptionName::InvalidAccessError
    );
}

#[test]
fn a_connection_that_lost_its_path_recovers_by_a_restart() {
    let (mut world, chat) = connected(65);
    world.loss = 1.0;
    let lost = world.run_until(Duration::from_secs(60), |world| {
        matches!(
            world.state(A, Attribute::IceConnectionState).as_str(),
            "disconnected" | "failed"
        )
    });
    assert!(lost, "{:#?}", world.log);
    world.loss = 0.0;
    world.run(Duration::from_secs(60));
    world.call(A, Operation::RestartIce);
    world.turn();
    world.negotiate(A);
    world.connect();
    still_talks(&mut world, chat);
}

#[test]
fn two_restarts_at_once_are_glare_like_any_other() {
    let (mut world, chat) = connected(66);
    let restarting = |world: &mut World, side| {
        let offer = description(world.settle(
            side,
            Operation::CreateOffer(OfferOptions {
                ice_restart: true,
                ..OfferOptions::default()
            }),
        ));
        world.set_local(side, offer.clone());
        offer
    };
    let offer_of_a = restarting(&mut world, A);
    let offer_of_b = restarting(&mut world, B);
    world.set_remote(B, offer_of_a.clone());
    world.answer(B);
    assert_eq!(
        username_fragment(&world.local(A).sdp),
        username_fragment(&offer_of_a.sdp)
    );
    assert_ne!(
        username_fragment(&world.local(B).sdp),
        username_fragment(&offer_of_b.sdp)
    );
    still_talks(&mut world, chat);
    world.run(Duration::from_secs(60));
    for side in [A, B] {
        // The candidates of an offer came before it and were refused, so one side never learns that there are no more.
        let state = world.state(side, Attribute::IceConnectionState);
        assert!(
            matches!(state.as_str(), "connected" | "completed"),
            "{state}: {:#?}",
            world.log
        );
    }
    still_talks(&mut world, chat);
}

#[test]
fn a_remote_restart_that_is_rolled_back_changes_nothing() {
    let (mut world, chat) = connected(67);
    let before = world.local(B);
    let offer = description(world.settle(
        A,
        Operation::CreateOffer(OfferOptions {
            ice_restart: true,
            ..OfferOptions::default()
        }),
    ));
    world.set_local(A, offer.clone());
    world.set_remote(B, offer);
    world.set_remote(B, rollback());
    world.set_local(A, rollback());
    assert_eq!(world.local(B), before);
    world.run(Duration::from_secs(40));
    for side in [A, B] {
        assert_eq!(
            world.state(side, Attribute::ConnectionState),
            "connected",
            "{:#?}",
            world.log
        );
    }
    still_talks(&mut world, chat);
}

fn tls_id(sdp: &str) -> Option<&str> {
    sdp.lines().find_map(|line| line.strip_prefix("a=tls-id:"))
}

#[test]
fn a_dtls_association_keeps_its_name_from_both_sides_also_through_a_restart() {
    let (mut world, chat) = connected(161);
    let names = |world: &World| {
        [A, B].map(|side| {
            let sdp = world.local(side).sdp;
            tls_id(&sdp)
                .expect("the description names its association")
                .to_owned()
        })
    };
    let before = names(&world);
    assert_ne!(before[0], before[1]);
    let offer = description(world.settle(
        B,
        Operation::CreateOffer(OfferOptions {
            ice_restart: true,
            ..OfferOptions::default()
        }),
    ));
    world.set_local(B, offer.clone());
    world.set_remote(A, offer);
    world.answer(A);
    assert_eq!(names(&world), before);
    still_talks(&mut world, chat);
}

#[test]
fn another_name_of_the_association_needs_another_ice_generation() {
    let (mut world, _) = connected(162);
    let renamed = |offer: &SessionDescription| {
        let name = tls_id(&offer.sdp).expect("the offer names its association");
        SessionDescription {
            sdp: offer.sdp.replace(name, "another-association-0").into(),
            ..offer.clone()
        }
    };
    let offer = world.create_offer(A);
    let refused = Operation::SetRemoteDescription(renamed(&offer));
    assert_eq!(world.fails(B, refused), ExceptionName::InvalidAccessError);
    let before = world.local(B);
    let offer = description(world.settle(
        A,
        Operation::CreateOffer(OfferOptions {
            ice_restart: true,
            ..OfferOptions::default()
        }),
    ));
    world.set_remote(B, renamed(&offer));
    let answer = world.create_answer(B);
    assert!(tls_id(&answer.sdp).is_some());
    assert_ne!(tls_id(&answer.sdp), tls_id(&before.sdp));
}
