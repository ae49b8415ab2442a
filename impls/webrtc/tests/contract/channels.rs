//! Data channels.

use std::time::Duration;

use glare_peer::{
    Attribute, Called, DataChannelInit, EventKind, ExceptionName, Handle, MessageData, OfferOptions,
    Operation, Value,
};

use crate::network::{A, B, Network};

const SOON: Duration = Duration::from_secs(5);

/// Two connected peers, and both ends of a channel.
fn with_channel(init: DataChannelInit) -> (Network, Handle, Handle) {
    let mut network = Network::new(3);
    let here = network.create_channel(A, "chat", init);
    network.negotiate(A, OfferOptions::default());
    let opened = |network: &Network| network.count(A, "open") == 1 && network.count(B, "open") == 1;
    assert!(network.run_until(SOON, opened), "{:?}", network.events);
    let there = network.announced(B)[0];
    (network, here, there)
}

fn ready_state(network: &Network, peer: usize, channel: Handle) -> Value {
    network.read(peer, channel, Attribute::ReadyState)
}

#[test]
fn what_a_channel_is_created_with_reaches_the_other_side() {
    let (network, here, there) = with_channel(DataChannelInit {
        ordered: false,
        max_retransmits: Some(3),
        protocol: "proto".to_owned(),
        ..DataChannelInit::default()
    });
    for (peer, channel) in [(A, here), (B, there)] {
        let read = |attribute| network.read(peer, channel, attribute);
        assert_eq!(read(Attribute::Label), Value::String("chat".to_owned()));
        assert_eq!(read(Attribute::Ordered), Value::Boolean(false));
        assert_eq!(read(Attribute::MaxPacketLifeTime), Value::Null);
        assert_eq!(read(Attribute::Protocol), Value::String("proto".to_owned()));
        assert_eq!(read(Attribute::Negotiated), Value::Boolean(false));
    }
    assert_eq!(
        network.read(A, here, Attribute::Id),
        network.read(B, there, Attribute::Id)
    );
    assert_eq!(
        network.read(A, here, Attribute::MaxRetransmits),
        Value::Number(3.0)
    );
    // rtc reads the reliability of an announced channel and forgets it.
    assert_eq!(network.read(B, there, Attribute::MaxRetransmits), Value::Null);
}

#[test]
fn an_unordered_channel_without_retransmissions_carries_messages() {
    let (mut network, here, there) = with_channel(DataChannelInit {
        ordered: false,
        max_retransmits: Some(0),
        ..DataChannelInit::default()
    });
    for number in 0..10 {
        network.send(A, here, &number.to_string());
    }
    network.run_for(Duration::from_millis(200));
    assert_eq!(network.texts(B, there).len(), 10);
}

#[test]
fn both_sides_of_a_negotiated_channel_open_without_an_announcement() {
    let mut network = Network::new(3);
    let init = DataChannelInit {
        negotiated: true,
        id: Some(7),
        ..DataChannelInit::default()
    };
    let here = network.create_channel(A, "one name", init.clone());
    let there = network.create_channel(B, "another name", init);
    network.negotiate(A, OfferOptions::default());
    let opened = |network: &Network| network.count(A, "open") == 1 && network.count(B, "open") == 1;
    assert!(network.run_until(SOON, opened), "{:?}", network.events);
    network.send(B, there, "hello");
    network.run_for(Duration::from_millis(100));
    assert_eq!(network.texts(A, here), ["hello"]);
    assert!(network.announced(A).is_empty() && network.announced(B).is_empty());
    assert_eq!(network.read(A, here, Attribute::Id), Value::Number(7.0));
}

#[test]
fn bytes_arrive_as_bytes_and_text_as_text_and_empty_ones_empty() {
    let (mut network, here, there) = with_channel(DataChannelInit::default());
    let messages = [
        MessageData::Binary(vec![0, 255, 7].into()),
        MessageData::Text("\u{1f310} ü".into()),
        MessageData::Text("".into()),
        MessageData::Binary(Vec::new().into()),
    ];
    for data in messages.clone() {
        let called = network.call(A, Operation::Send { channel: here, data }).1;
        assert_eq!(called, Called::Returned(Value::Undefined));
    }
    network.run_for(Duration::from_millis(100));
    let arrived: Vec<_> = network
        .events
        .iter()
        .filter(|(peer, event)| *peer == B && event.target == there)
        .map(|(_, event)| &event.kind)
        .skip(1)
        .collect();
    let expected = messages.map(|data| EventKind::Message { data });
    assert_eq!(arrived, expected.each_ref());
}

#[test]
fn either_side_closes_a_channel_and_both_end_closed() {
    for closer in [A, B] {
        let (mut network, here, there) = with_channel(DataChannelInit::default());
        let channels = [here, there];
        let channel = channels[closer];
        let (_, called) = network.call(closer, Operation::CloseDataChannel { channel });
        assert_eq!(called, Called::Returned(Value::Undefined));
        // The specification has `closing` here; rtc is done with it.
        assert_eq!(
            ready_state(&network, closer, channel),
            Value::String("closed".to_owned())
        );
        let closed = |network: &Network| network.count(A, "close") == 1 && network.count(B, "close") == 1;
        assert!(network.run_until(SOON, closed), "{:?}", network.events);
        for (peer, channel) in [(A, here), (B, there)] {
            assert_eq!(
                ready_state(&network, peer, channel),
                Value::String("closed".to_owned())
            );
            let called = network.send(peer, channel, "too late");
            assert!(matches!(called, Called::Threw(error) if error.name == ExceptionName::InvalidStateError));
        }
    }
}

/// A departure: RFC 8831 section 6.7 lets a stream be used again once it was reset in both directions. rtc gives the next
/// channel the stream of the closed one, gets no answer to its announcement, and gives up.
#[test]
fn a_channel_on_the_stream_of_a_closed_one_never_opens() {
    let (mut network, here, _) = with_channel(DataChannelInit::default());
    let stream = network.read(A, here, Attribute::Id);
    network.call(A, Operation::CloseDataChannel { channel: here });
    let closed = |network: &Network| network.count(A, "close") == 1 && network.count(B, "close") == 1;
    assert!(network.run_until(SOON, closed), "{:?}", network.events);
    let next = network.create_channel(A, "next", DataChannelInit::default());
    assert!(!network.run_until(4 * SOON, |network| network.count(A, "open") == 2));
    assert_eq!(network.read(A, next, Attribute::Id), stream);
    assert_eq!(ready_state(&network, A, next), Value::String("closed".to_owned()));
}

#[test]
fn a_channel_that_is_not_open_takes_no_message() {
    let mut network = Network::new(3);
    let channel = network.create_channel(A, "chat", DataChannelInit::default());
    let called = network.send(A, channel, "too early");
    assert!(matches!(called, Called::Threw(error) if error.name == ExceptionName::InvalidStateError));
}

#[test]
fn two_kinds_of_reliability_at_once_are_refused() {
    let mut network = Network::new(3);
    let init = DataChannelInit {
        max_packet_life_time: Some(1),
        max_retransmits: Some(1),
        ..DataChannelInit::default()
    };
    let label = "chat".to_owned();
    let (_, called) = network.call(A, Operation::CreateDataChannel { label, init });
    assert!(matches!(called, Called::Threw(error) if error.name == ExceptionName::TypeError));
}

#[test]
fn the_buffered_amount_rises_at_once_and_falls_below_the_threshold() {
    let (mut network, here, _) = with_channel(DataChannelInit::default());
    network.run_for(Duration::from_secs(1));
    let threshold = 1000;
    let channel = here;
    network.call(A, Operation::SetBufferedAmountLowThreshold { channel, threshold });
    let buffered = |network: &Network| network.read(A, here, Attribute::BufferedAmount);
    assert_eq!(
        network.read(A, here, Attribute::BufferedAmountLowThreshold),
        Value::Number(1000.0)
    );
    assert_eq!(buffered(&network), Value::Number(0.0));
    network.send(A, here, &"x".repeat(50_000));
    assert_eq!(buffered(&network), Value::Number(50_000.0));
    assert!(network.run_until(SOON, |network| network.count(A, "bufferedamountlow") > 0));
    network.run_for(Duration::from_secs(1));
    assert_eq!(buffered(&network), Value::Number(0.0));
}
