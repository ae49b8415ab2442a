//! An agent and a peer whose every packet is made by hand.

use std::net::SocketAddr;

use glare_peer::IceTransportState as State;
use stun_types::attribute::ErrorCode;
use stun_types::message::{
    BINDING, IntegrityAlgorithm, IntegrityKey, Message, MessageClass, MessageType, MessageWrite as _,
    MessageWriteExt as _, MessageWriteVec, ShortTermCredentials,
};

use super::SECOND;
use super::network::{A, B, Network, address, both_completed};
use crate::ice::Role;
use crate::ice::stun::{self, Check};

/// The key of the checks that go to this side.
fn key(network: &Network, side: usize) -> IntegrityKey {
    let password = network.ends[side].agent.local_credentials().password.clone();
    ShortTermCredentials::new(password).make_key()
}

/// A check to B, as a peer that controls, has A's credentials and sits at `source` sends it.
fn check_b(network: &mut Network, source: SocketAddr, peer: &str, priority: u32, use_candidate: bool) {
    let of_b = network.ends[B].agent.local_credentials();
    let check = Check {
        username: &format!("{}:{peer}", of_b.username_fragment),
        priority,
        claim: Some((Role::Controlling, u64::MAX)),
        use_candidate,
    };
    let packet = stun::write_check(9.into(), &check, &key(network, B)).unwrap();
    network.inject(B, source, &packet);
}

/// The last request that this side sent.
fn last_request(network: &Network, side: usize) -> (SocketAddr, Vec<u8>) {
    let seen = network.seen.iter().rev().find(|seen| {
        let message = Message::from_bytes(&seen.data).unwrap();
        seen.from == side && message.has_class(MessageClass::Request)
    });
    let seen = seen.expect("a request was sent");
    (seen.remote, seen.data.clone())
}

/// Answers the last request of `side` with success, from where it went or from elsewhere.
fn answer(network: &mut Network, side: usize, elsewhere: Option<SocketAddr>) {
    let (remote, request) = last_request(network, side);
    let request = Message::from_bytes(&request).unwrap();
    let mapped = network.ends[side].addresses[0];
    let packet = stun::write_success(&request, mapped, &key(network, 1 - side));
    network.inject(side, elsewhere.unwrap_or(remote), &packet);
}

/// Answers the last request of A with an error.
fn refuse(network: &mut Network, code: u16) {
    let (remote, request) = last_request(network, A);
    let request = Message::from_bytes(&request).unwrap();
    let message_type = MessageType::from_class_method(MessageClass::Error, BINDING);
    let mut message = Message::builder(message_type, request.transaction_id(), MessageWriteVec::new());
    message.add_attribute(&ErrorCode::new(code, "").unwrap()).unwrap();
    message
        .add_message_integrity_with_key(&key(network, B), IntegrityAlgorithm::Sha1)
        .unwrap();
    message.add_fingerprint().unwrap();
    network.inject(A, remote, &message.finish());
}

/// Two that have completed, of which A now talks to the test instead of to B.
fn connected_and_cut() -> Network {
    let mut network = Network::new(1);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    network.loss = [100, 100];
    network
}

#[test]
fn consent_is_withdrawn_by_a_403() {
    let mut network = connected_and_cut();
    network.run_for(7 * SECOND);
    refuse(&mut network, 403);
    assert_eq!(network.state(A), State::Failed);
    assert_eq!(network.selected(A), None);
}

#[test]
fn a_role_conflict_may_come_up_in_a_consent_check() {
    let mut network = connected_and_cut();
    network.run_for(7 * SECOND);
    refuse(&mut network, 487);
    assert_eq!(network.ends[A].agent.role(), Role::Controlled);
    assert_eq!(network.ends[A].role_changes, [Role::Controlled]);
    // The same answer twice is no second conflict.
    refuse(&mut network, 487);
    assert_eq!(network.ends[A].agent.role(), Role::Controlled);
}

#[test]
fn an_error_shows_that_the_peer_is_there_but_is_no_consent() {
    let mut network = connected_and_cut();
    for _ in 0..24 {
        assert_ne!(network.state(A), State::Disconnected);
        network.run_for(SECOND);
        refuse(&mut network, 500);
    }
    assert_eq!(network.state(A), State::Completed);
    network.run_for(7 * SECOND);
    assert_eq!(network.state(A), State::Failed);
}

#[test]
fn an_answer_from_elsewhere_fails_the_pair() {
    for (elsewhere, state) in [
        (None, State::Connected),
        (Some(address("10.0.0.2:6001")), State::Disconnected),
    ] {
        let mut network = Network::new(2);
        network.loss = [100, 100];
        network.tell_credentials(A);
        network.tell_candidates(A);
        network.run_for(SECOND);
        answer(&mut network, A, elsewhere);
        assert_eq!(network.state(A), state);
        // More candidates may come as long as the peer has not said that there are none.
        if state == State::Disconnected {
            let candidate = "candidate:7 1 udp 7 192.0.2.7 7 typ host".parse().unwrap();
            network.ends[A].agent.add_remote_candidate(network.now, candidate);
            assert_eq!(network.state(A), State::Checking);
        }
    }
}

#[test]
fn a_check_from_another_generation_of_the_peer_is_answered_and_not_followed() {
    let mut network = Network::new(3);
    network.tell_credentials(B);
    check_b(&mut network, address("192.0.2.1:1"), "stranger", 1000, false);
    let message = Message::from_bytes(&network.seen[0].data).unwrap();
    assert!(message.has_class(MessageClass::Success));
    network.run_for(SECOND);
    assert_eq!(network.seen.len(), 1);
    assert_eq!(network.state(B), State::New);
}

#[test]
fn an_early_check_of_a_peer_that_turns_out_to_be_another_is_forgotten() {
    let mut network = Network::new(4);
    check_b(&mut network, address("192.0.2.1:1"), "stranger", 1000, false);
    assert_eq!(network.ends[B].agent.remote_candidates().len(), 1);
    assert_eq!(network.state(B), State::Checking);
    network.tell_credentials(B);
    network.run_for(SECOND);
    assert!(network.ends[B].agent.remote_candidates().is_empty());
    assert_eq!(network.seen.len(), 1, "only the answer");
}

#[test]
fn of_several_nominated_pairs_the_best_is_used() {
    let mut network = Network::new(5);
    network.tell_credentials(B);
    network.tell_end(B);
    let peer = network.ends[A]
        .agent
        .local_credentials()
        .username_fragment
        .clone();
    let [low, high] = ["192.0.2.1:1", "192.0.2.1:2"].map(address);
    check_b(&mut network, low, &peer, 1000, true);
    network.run_for(SECOND / 10);
    assert_eq!(network.selected(B), None, "nominated, but not yet checked");
    answer(&mut network, B, None);
    let local = network.ends[B].addresses[0];
    assert_eq!(network.selected(B), Some((local, low)));
    assert_eq!(network.state(B), State::Completed);

    check_b(&mut network, high, &peer, 2000, true);
    network.run_for(SECOND / 10);
    answer(&mut network, B, None);
    assert_eq!(network.selected(B), Some((local, high)));
    check_b(&mut network, low, &peer, 1000, true);
    network.run_for(SECOND / 10);
    assert_eq!(network.selected(B), Some((local, high)));
}

#[test]
fn a_pair_that_is_valid_already_is_taken_when_the_peer_nominates_it() {
    let mut network = Network::new(6);
    network.tell_credentials(B);
    network.tell_end(B);
    let peer = network.ends[A]
        .agent
        .local_credentials()
        .username_fragment
        .clone();
    let source = address("192.0.2.1:1");
    check_b(&mut network, source, &peer, 1000, false);
    // Another pair is under way, and ends with the nomination.
    check_b(&mut network, address("192.0.2.1:2"), &peer, 2000, false);
    network.run_for(SECOND / 100);
    answer(&mut network, B, None);
    network.run_for(SECOND / 10);
    assert_eq!(network.state(B), State::Connected);
    check_b(&mut network, source, &peer, 1000, true);
    assert_eq!(network.state(B), State::Completed);
    let sent = network.seen.len();
    network.run_for(3 * SECOND);
    assert_eq!(network.seen.len(), sent);
}

#[test]
fn a_check_of_the_peer_stops_the_requests_under_way_and_makes_a_new_one() {
    let mut network = Network::new(7);
    network.loss = [100, 100];
    network.tell_credentials(B);
    network.tell_candidates(B);
    let peer = network.ends[A]
        .agent
        .local_credentials()
        .username_fragment
        .clone();
    network.run_for(SECOND / 10);
    let (remote, first) = last_request(&network, B);
    check_b(&mut network, remote, &peer, 1000, false);
    network.run_for(10 * SECOND);
    let requests = |packet: &Vec<u8>| network.seen.iter().filter(|seen| seen.data == *packet).count();
    assert_eq!(requests(&first), 1);
    let (_, second) = last_request(&network, B);
    assert_ne!(first, second);
    assert_eq!(requests(&second), 5);
}
