//! What comes over the path, and what does not.

use std::time::Duration;

use glare_peer::{Attribute, DataChannelInit, Handle, OfferOptions};

use crate::network::{A, B, Network};

const SOON: Duration = Duration::from_secs(5);
/// Longer than any of rtc's timers for checks that go unanswered.
const PATIENCE: Duration = Duration::from_secs(60);

fn with_channel() -> (Network, Handle) {
    let mut network = Network::new(4);
    let here = network.create_channel(A, "chat", DataChannelInit::default());
    network.negotiate(A, OfferOptions::default());
    let opened = |network: &Network| network.count(A, "open") == 1 && network.count(B, "open") == 1;
    assert!(network.run_until(SOON, opened));
    (network, here)
}

fn is(network: &Network, state: &str) -> bool {
    [A, B]
        .iter()
        .all(|peer| network.state(*peer, Attribute::ConnectionState) == state)
}

#[test]
fn a_short_outage_only_delays() {
    let (mut network, here) = with_channel();
    network.loss = 1.0;
    network.send(A, here, "delayed");
    network.run_for(Duration::from_secs(2));
    let there = network.announced(B)[0];
    assert!(network.texts(B, there).is_empty());
    network.loss = 0.0;
    assert!(network.run_until(PATIENCE, |network| network.texts(B, there) == ["delayed"]));
    assert!(is(&network, "connected"));
}

#[test]
fn a_path_that_breaks_disconnects_and_an_ice_restart_brings_it_back() {
    let (mut network, here) = with_channel();
    network.loss = 1.0;
    assert!(network.run_until(PATIENCE, |network| is(network, "disconnected")));
    assert_eq!(network.state(A, Attribute::IceConnectionState), "disconnected");
    network.loss = 0.0;
    network.negotiate(
        A,
        OfferOptions {
            ice_restart: true,
            ..OfferOptions::default()
        },
    );
    assert!(network.run_until(PATIENCE, |network| is(network, "connected")));
    network.send(A, here, "back again");
    let there = network.announced(B)[0];
    assert!(network.run_until(PATIENCE, |network| network.texts(B, there) == ["back again"]));
}

#[test]
fn a_path_that_stays_broken_fails() {
    let (mut network, _) = with_channel();
    network.loss = 1.0;
    assert!(network.run_until(2 * PATIENCE, |network| is(network, "failed")));
}

#[test]
fn forged_datagrams_do_no_harm() {
    let (mut network, here) = with_channel();
    let application_data = [
        [23, 254, 253, 0, 1, 0, 0, 0, 0, 0, 99, 0, 20].as_slice(),
        &[7; 20],
    ]
    .concat();
    let alert = [21, 254, 253, 0, 0, 0, 0, 0, 0, 9, 9, 0, 2, 2, 40].to_vec();
    let stun = [[0, 1, 0, 8, 0x21, 0x12, 0xa4, 0x42].as_slice(), &[1; 20]].concat();
    for data in [application_data, alert, stun, vec![255; 100], Vec::new()] {
        network.forge(B, data);
    }
    network.run_for(SOON);
    assert_eq!(network.state(B, Attribute::ConnectionState), "connected");
    network.send(A, here, "still here");
    network.run_for(SOON);
    let there = network.announced(B)[0];
    assert_eq!(network.texts(B, there), ["still here"]);
}
