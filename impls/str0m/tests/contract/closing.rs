//! The end of a connection.

use std::time::Duration;

use glare_peer::{Attribute, Called, DataChannelInit, ExceptionName, OfferOptions, Operation, Value};

use crate::network::{A, B, Network};

const SOON: Duration = Duration::from_secs(5);

fn opened(network: &Network) -> bool {
    network.count(A, "open") == 1 && network.count(B, "open") == 1
}

#[test]
fn nothing_is_fired_after_close_and_the_other_side_learns_of_it() {
    let mut network = Network::new(5);
    let here = network.create_channel(A, "chat", DataChannelInit::default());
    network.negotiate(A, OfferOptions::default());
    assert!(network.run_until(SOON, opened));
    let there = network.announced(B)[0];
    network.events.clear();
    assert_eq!(
        network.call(A, Operation::Close).1,
        Called::Returned(Value::Undefined)
    );
    assert_eq!(network.state(A, Attribute::SignalingState), "closed");
    assert_eq!(network.state(A, Attribute::ConnectionState), "closed");
    assert_eq!(
        network.read(A, here, Attribute::ReadyState),
        Value::String("closed".to_owned())
    );
    network.run_for(SOON);
    assert!(network.names(A).is_empty(), "{:?}", network.names(A));
    assert_eq!(network.count(B, "close"), 1, "{:?}", network.notes);
    assert_eq!(
        network.read(B, there, Attribute::ReadyState),
        Value::String("closed".to_owned())
    );
    assert_eq!(network.state(B, Attribute::ConnectionState), "failed");
    let sent = network.sent.len();
    network.run_for(Duration::from_secs(60));
    assert_eq!(network.sent.len(), sent, "a closed connection is silent");
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
    assert!(network.events.is_empty());
}

#[test]
fn a_wrong_fingerprint_fails_the_connection_and_says_why() {
    let mut network = Network::new(5);
    network.create_channel(A, "chat", DataChannelInit::default());
    let mut offer = network.describe(A, Operation::CreateOffer(OfferOptions::default()));
    network.set_local(A, &offer).unwrap();
    let (before, fingerprint) = offer.sdp.split_once("a=fingerprint:sha-256 ").unwrap();
    let other = if fingerprint.starts_with('0') { '1' } else { '0' };
    offer.sdp = format!("{before}a=fingerprint:sha-256 {other}{}", &fingerprint[1..]).into();
    network.set_remote(B, &offer).unwrap();
    network.answer(B);
    let failed = |network: &Network| network.state(B, Attribute::ConnectionState) == "failed";
    assert!(network.run_until(SOON, failed));
    assert!(
        network.notes.iter().any(|note| note.contains("fingerprint")),
        "{:?}",
        network.notes
    );
    assert_eq!(network.count(B, "open"), 0);
}
