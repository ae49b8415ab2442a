//! Data channels.

use std::time::Duration;

use glare_peer::{
    Attribute, Called, DataChannelInit, ExceptionName, Handle, MessageData, OfferOptions, Operation, Value,
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
        assert_eq!(read(Attribute::MaxRetransmits), Value::Number(3.0));
        assert_eq!(read(Attribute::MaxPacketLifeTime), Value::Null);
        assert_eq!(read(Attribute::Protocol), Value::String("proto".to_owned()));
        assert_eq!(read(Attribute::Negotiated), Value::Boolean(false));
    }
    assert_eq!(
        network.read(A, here, Attribute::Id),
        network.read(B, there, Attribute::Id)
    );
    assert_ne!(network.read(A, here, Attribute::Id), Value::Null);
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
fn a_channel_has_its_id_as_soon_as_the_association_can_tell() {
    let (mut network, ..) = with_channel(DataChannelInit::default());
    let second = network.create_channel(A, "second", DataChannelInit::default());
    assert!(matches!(network.read(A, second, Attribute::Id), Value::Number(_)));
}

/// Where an OperationError is due, str0m asserts. The adapter does not hide that.
#[test]
#[should_panic(expected = "sctp_stream_id (7) exists already")]
fn str0m_panics_when_a_negotiated_id_is_used_twice() {
    let mut network = Network::new(3);
    let init = DataChannelInit {
        negotiated: true,
        id: Some(7),
        ..DataChannelInit::default()
    };
    network.create_channel(A, "one", init.clone());
    network.create_channel(A, "two", init);
    network.describe(A, Operation::CreateOffer(OfferOptions::default()));
}

#[test]
fn either_side_closes_a_channel() {
    for closer in [A, B] {
        let (mut network, here, there) = with_channel(DataChannelInit::default());
        let channels = [here, there];
        let operation = Operation::CloseDataChannel {
            channel: channels[closer],
        };
        assert_eq!(
            network.call(closer, operation).1,
            Called::Returned(Value::Undefined)
        );
        assert_eq!(
            ready_state(&network, closer, channels[closer]),
            Value::String("closing".to_owned())
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
        // The association lives on.
        network.create_channel(closer, "next", DataChannelInit::default());
        assert!(network.run_until(SOON, |network| network.count(A, "open") == 2));
    }
}

#[test]
fn a_channel_that_has_not_opened_cannot_be_closed() {
    let mut network = Network::new(3);
    let channel = network.create_channel(A, "chat", DataChannelInit::default());
    let (_, called) = network.call(A, Operation::CloseDataChannel { channel });
    assert!(matches!(called, Called::Unsupported(_)), "{called:?}");
    let called = network.send(A, channel, "too early");
    assert!(matches!(called, Called::Threw(error) if error.name == ExceptionName::InvalidStateError));
}

#[test]
fn bytes_arrive_as_bytes_and_text_as_text() {
    let (mut network, here, there) = with_channel(DataChannelInit::default());
    let messages = [
        MessageData::Binary(vec![0, 255, 7].into()),
        MessageData::Text("\u{1f310} ü".into()),
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
        .collect();
    let expected = messages.map(|data| glare_peer::EventKind::Message { data });
    assert_eq!(
        arrived
            .iter()
            .skip(1)
            .map(|(_, event)| &event.kind)
            .collect::<Vec<_>>(),
        expected.each_ref()
    );
}

#[test]
fn the_buffered_amount_rises_at_once_and_falls_below_the_threshold() {
    let (mut network, here, _) = with_channel(DataChannelInit::default());
    // str0m counts its announcement of the channel until that is acknowledged.
    network.run_for(Duration::from_secs(1));
    let before = network.count(A, "bufferedamountlow");
    let threshold = 1000;
    network.call(
        A,
        Operation::SetBufferedAmountLowThreshold {
            channel: here,
            threshold,
        },
    );
    assert_eq!(
        network.read(A, here, Attribute::BufferedAmountLowThreshold),
        Value::Number(1000.0)
    );
    assert_eq!(
        network.read(A, here, Attribute::BufferedAmount),
        Value::Number(0.0)
    );
    network.send(A, here, &"x".repeat(50_000));
    assert_eq!(
        network.read(A, here, Attribute::BufferedAmount),
        Value::Number(50_000.0)
    );
    assert!(network.run_until(SOON, |network| network.count(A, "bufferedamountlow") > before));
    network.run_for(Duration::from_secs(1));
    assert_eq!(
        network.read(A, here, Attribute::BufferedAmount),
        Value::Number(0.0)
    );
    assert_eq!(network.count(A, "bufferedamountlow"), before + 1);
}

#[test]
fn a_full_buffer_throws() {
    let (mut network, here, _) = with_channel(DataChannelInit::default());
    network.run_for(Duration::from_secs(1));
    // 16 MiB and no more.
    let message = "x".repeat(256 * 1024);
    for _ in 0..64 {
        assert_eq!(
            network.send(A, here, &message),
            Called::Returned(Value::Undefined)
        );
    }
    let called = network.send(A, here, "x");
    assert!(matches!(called, Called::Threw(error) if error.name == ExceptionName::OperationError));
    assert_eq!(
        network.read(A, here, Attribute::BufferedAmount),
        Value::Number((16 * 1024 * 1024).into())
    );
}
