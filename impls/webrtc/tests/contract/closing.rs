//! The end of a connection.

use std::time::Duration;

use glare_peer::{Attribute, Called, DataChannelInit, ExceptionName, OfferOptions, Operation, Value};

use crate::network::{A, B, Network};

const SOON: Duration = Duration::from_secs(5);

fn opened(network: &Network) -> bool {
    network.count(A, "open") == 1 && network.count(B, "open") == 1
}

#[test]
fn a_close_is_told_to_the_other_side_and_then_there_is_silence() {
    let mut network = Network::new(5);
    network.create_channel(A, "chat", DataChannelInit::default());
    network.negotiate(A, OfferOptions::default());
    assert!(network.run_until(SOON, opened));
    assert_eq!(
        network.call(A, Operation::Close).1,
        Called::Returned(Value::Undefined)
    );
    assert_eq!(network.state(A, Attribute::SignalingState), "closed");
    assert_eq!(network.state(A, Attribute::ConnectionState), "closed");
    network.run_for(SOON);
    assert_eq!(network.count(B, "close"), 1, "{:?}", network.notes);
    network.run_for(Duration::from_secs(60));
    let sent = |network: &Network| network.sent.iter().filter(|(_, from, _)| *from == A).count();
    let before = sent(&network);
    network.run_for(Duration::from_secs(60));
    assert_eq!(sent(&network), before, "a closed connection is silent");
}

#[test]
fn calls_on_a_closed_connection_are_refused() {
    let mut network = Network::new(5);
    network.call(A, Operation::Close);
    for operation in [
        Operation::CreateOffer(OfferOptions::default()),
        Operation::CreateAnswer,
    ] {
        let error = network.settle(A, operation).unwrap_err();
        assert_eq!(error.name, ExceptionName::InvalidStateError);
    }
    let operation = Operation::CreateDataChannel {
        label: "chat".to_owned(),
        init: DataChannelInit::default(),
    };
    let (_, called) = network.call(A, operation);
    assert!(matches!(called, Called::Threw(error) if error.name == ExceptionName::InvalidStateError));
    assert_eq!(
        network.call(A, Operation::Close).1,
        Called::Returned(Value::Undefined)
    );
}

#[test]
fn a_promise_that_is_pending_at_close_stays_pending() {
    let mut network = Network::new(5);
    network.create_channel(A, "chat", DataChannelInit::default());
    let (id, called) = network.call(A, Operation::CreateOffer(OfferOptions::default()));
    assert_eq!(called, Called::Promise);
    network.call(A, Operation::Close);
    network.run_for(SOON);
    assert!(!network.is_settled(id));
}

#[test]
fn a_wrong_fingerprint_never_opens_a_channel() {
    let mut network = Network::new(5);
    network.create_channel(A, "chat", DataChannelInit::default());
    let mut offer = network.describe(A, Operation::CreateOffer(OfferOptions::default()));
    network.set_local(A, &offer).unwrap();
    let (before, fingerprint) = offer.sdp.split_once("a=fingerprint:sha-256 ").unwrap();
    let other = if fingerprint.starts_with('0') { '1' } else { '0' };
    offer.sdp = format!("{before}a=fingerprint:sha-256 {other}{}", &fingerprint[1..]).into();
    network.set_remote(B, &offer).unwrap();
    network.answer(B);
    network.run_for(Duration::from_secs(30));
    assert_eq!(network.count(B, "open"), 0);
    assert_ne!(network.state(B, Attribute::ConnectionState), "connected");
}
