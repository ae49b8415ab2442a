//! Data channels: ids, negotiated channels, closing, and what is buffered.

use std::time::Duration;

use glare_peer::{Attribute, DataChannelInit, MessageData, Operation, Value};

use super::world::{A, B, World};

fn negotiated(id: u16) -> DataChannelInit {
    DataChannelInit {
        negotiated: true,
        id: Some(id),
        ..DataChannelInit::default()
    }
}

#[test]
fn ids_follow_the_role_in_dtls() {
    let mut world = World::new(51);
    let offered = [
        world.channel(A, "one", Default::default()),
        world.channel(A, "two", Default::default()),
    ];
    assert_eq!(world.read(A, offered[0], Attribute::Id), Value::Null);
    world.negotiate(A);
    // The answerer is active, so it is the client and takes even ids; the offerer takes odd ones.
    assert_eq!(
        offered.map(|it| world.read(A, it, Attribute::Id)),
        [Value::Number(1.0), Value::Number(3.0)]
    );
    let answered = world.channel(B, "three", Default::default());
    assert_eq!(world.read(B, answered, Attribute::Id), Value::Number(0.0));
    world.open(B, answered);
    world.run(Duration::from_millis(200));
    let announced = world
        .announced
        .iter()
        .find(|(side, _)| *side == A)
        .map(|(_, channel)| *channel)
        .unwrap();
    assert_eq!(world.read(A, announced, Attribute::Id), Value::Number(0.0));
}

#[test]
fn a_negotiated_channel_opens_on_both_sides_and_announces_nothing() {
    let mut world = World::new(52);
    let a = world.channel(A, "agreed", negotiated(5));
    let b = world.channel(B, "agreed too", negotiated(5));
    world.negotiate(A);
    world.open(A, a);
    world.open(B, b);
    world.send(A, a, "hello");
    world.send(B, b, "hello to you");
    assert!(world.run_until(Duration::from_secs(1), |world| world.messages.len() == 2));
    assert!(world.announced.is_empty());
    assert_eq!(world.read(B, b, Attribute::Id), Value::Number(5.0));
}

#[test]
fn the_other_side_sees_a_channel_as_it_was_made() {
    let mut world = World::new(53);
    let init = DataChannelInit {
        ordered: false,
        max_retransmits: Some(3),
        protocol: "games".to_owned(),
        ..DataChannelInit::default()
    };
    let made = world.channel(A, "moves", init);
    world.negotiate(A);
    world.open(A, made);
    assert!(world.run_until(Duration::from_secs(1), |world| !world.announced.is_empty()));
    let (side, seen) = world.announced[0];
    assert_eq!(side, B);
    for attribute in [
        Attribute::Label,
        Attribute::Ordered,
        Attribute::MaxRetransmits,
        Attribute::MaxPacketLifeTime,
        Attribute::Protocol,
        Attribute::Negotiated,
        Attribute::Id,
    ] {
        assert_eq!(
            world.read(B, seen, attribute),
            world.read(A, made, attribute),
            "{attribute}"
        );
    }
}

#[test]
fn closing_a_channel_closes_it_on_both_sides_after_what_was_sent() {
    let mut world = World::new(54);
    let chat = world.channel(A, "chat", Default::default());
    world.negotiate(A);
    world.open(A, chat);
    let data = MessageData::Binary(vec![7; 100_000].into());
    world.call(A, Operation::Send { channel: chat, data });
    world.close_channel(A, chat);
    assert_eq!(world.string(A, chat, Attribute::ReadyState), "closing");
    world.log.clear();
    world.run(Duration::from_secs(2));
    assert_eq!(world.log_of(A), ["chat.bufferedamountlow", "chat.close"]);
    let end: Vec<&str> = world
        .log_of(B)
        .into_iter()
        .filter(|line| line.starts_with("chat"))
        .collect();
    assert_eq!(end, ["chat.open", "chat.message", "chat.closing", "chat.close"]);
    assert_eq!(world.messages[0].2.len(), 100_000);
    // The id is free again.
    let next = world.channel(A, "next", Default::default());
    assert_eq!(world.read(A, next, Attribute::Id), Value::Number(1.0));
    world.open(A, next);
}

#[test]
fn a_channel_closed_before_it_connects_fires_close_once() {
    let mut world = World::new(55);
    let chat = world.channel(A, "chat", Default::default());
    world.close_channel(A, chat);
    world.close_channel(A, chat);
    world.turn();
    assert_eq!(world.string(A, chat, Attribute::ReadyState), "closed");
    assert_eq!(world.log.iter().filter(|line| *line == "a.chat.close").count(), 1);
    assert!(!world.log.iter().any(|line| line.contains("closing")));
    world.negotiate(A);
    world.connect();
    world.run(Duration::from_secs(1));
    assert!(world.announced.is_empty());
}

#[test]
fn what_is_buffered_falls_with_what_is_sent_and_says_when_it_is_low() {
    let mut world = World::new(56);
    let chat = world.channel(A, "chat", Default::default());
    world.negotiate(A);
    world.open(A, chat);
    world.call(
        A,
        Operation::SetBufferedAmountLowThreshold {
            channel: chat,
            threshold: 10_000,
        },
    );
    for _ in 0..4 {
        let data = MessageData::Binary(vec![1; 50_000].into());
        world.call(A, Operation::Send { channel: chat, data });
    }
    assert_eq!(
        world.read(A, chat, Attribute::BufferedAmount),
        Value::Number(200_000.0)
    );
    world.log.clear();
    let low = world.run_until(Duration::from_secs(5), |world| {
        world.log.iter().any(|line| line == "a.chat.bufferedamountlow")
    });
    assert!(low, "{:?}", world.read(A, chat, Attribute::BufferedAmount));
    assert!(
        matches!(world.read(A, chat, Attribute::BufferedAmount), Value::Number(left) if left <= 10_000.0)
    );
    world.run(Duration::from_secs(5));
    assert_eq!(world.read(A, chat, Attribute::BufferedAmount), Value::Number(0.0));
    assert_eq!(
        world
            .log
            .iter()
            .filter(|line| *line == "a.chat.bufferedamountlow")
            .count(),
        1
    );
    assert_eq!(
        world
            .messages
            .iter()
            .map(|(_, _, data)| data.len())
            .sum::<usize>(),
        200_000
    );
}

#[test]
fn a_channel_made_while_connected_needs_no_negotiation() {
    let mut world = World::new(57);
    let first = world.channel(A, "first", Default::default());
    world.negotiate(A);
    world.open(A, first);
    world.log.clear();
    let second = world.channel(A, "second", Default::default());
    assert_eq!(world.string(A, second, Attribute::ReadyState), "connecting");
    world.turn();
    assert_eq!(world.log_of(A), ["second.open"]);
    assert!(world.run_until(Duration::from_secs(1), |world| {
        world.log.iter().any(|line| line == "b.second.open")
    }));
}
