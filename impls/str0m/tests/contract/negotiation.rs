//! Offers, answers and what they bring about.

use std::time::Duration;

use glare_peer::{Attribute, Called, DataChannelInit, OfferOptions, Value};

use crate::network::{A, B, Network};

const SOON: Duration = Duration::from_secs(5);

#[test]
fn two_peers_connect_and_talk_both_ways() {
    let mut network = Network::new(1);
    let here = network.create_channel(A, "chat", DataChannelInit::default());
    network.negotiate(A, OfferOptions::default());
    assert!(
        network.run_until(SOON, |network| network.count(A, "open")
            + network.count(B, "open")
            == 2),
        "{:?} {:?} {:?}",
        network.names(A),
        network.names(B),
        network.notes
    );
    let there = network.announced(B)[0];
    assert_eq!(
        network.send(A, here, "to there"),
        Called::Returned(Value::Undefined)
    );
    assert_eq!(
        network.send(B, there, "to here"),
        Called::Returned(Value::Undefined)
    );
    network.run_for(Duration::from_millis(100));
    assert_eq!(network.texts(A, here), ["to here"]);
    assert_eq!(network.texts(B, there), ["to there"]);
    for peer in [A, B] {
        assert_eq!(network.state(peer, Attribute::ConnectionState), "connected");
        assert_eq!(network.state(peer, Attribute::SignalingState), "stable");
    }
    assert_eq!(
        network.read(B, there, Attribute::Label),
        Value::String("chat".to_owned())
    );
    assert_eq!(network.notes, Vec::<String>::new());
}
