//! What an agent answers, and what it makes of nonsense.

use std::net::SocketAddr;

use glare_peer::IceTransportState as State;
use stun_types::attribute::{
    AttributeStaticType as _, ErrorCode, MessageIntegrity, RawAttribute, UnknownAttributes, Username,
    XorMappedAddress,
};
use stun_types::message::{
    BINDING, IntegrityAlgorithm, Message, MessageClass, MessageType, MessageWrite as _, MessageWriteExt as _,
    MessageWriteVec, ShortTermCredentials,
};

use super::SECOND;
use super::network::{A, B, Network, address, both_completed};
use crate::ice::stun::{self, Check};
use crate::ice::{Candidate, IceCredentials, Role};

/// A check to B as A would make it, changed as the test wants it.
fn check_to_b(network: &Network, change: impl FnOnce(&mut String, &mut Check<'static>)) -> Vec<u8> {
    let credentials = network.ends[B].agent.local_credentials();
    let mut username = format!("{}:peer", credentials.username_fragment);
    let mut check = Check {
        username: "",
        priority: 1000,
        claim: Some((Role::Controlling, u64::MAX)),
        use_candidate: false,
    };
    change(&mut username, &mut check);
    let check = Check {
        username: &username,
        ..check
    };
    let key = ShortTermCredentials::new(credentials.password.clone()).make_key();
    stun::write_check(1234.into(), &check, &key).unwrap()
}

fn answer_of_b(network: &mut Network, packet: &[u8]) -> Option<Vec<u8>> {
    let before = network.seen.len();
    network.inject(B, address("10.0.0.1:5000"), packet);
    network.seen.get(before).map(|seen| seen.data.clone())
}

#[test]
fn checks_are_answered_as_the_specification_says() {
    let mut network = Network::new(22);
    let good = check_to_b(&network, |_, _| {});
    let answer = answer_of_b(&mut network, &good).unwrap();
    let message = Message::from_bytes(&answer).unwrap();
    let mapped = message.attribute::<XorMappedAddress>().unwrap();
    assert_eq!(mapped.addr(message.transaction_id()), address("10.0.0.1:5000"));
    assert!(message.has_attribute(MessageIntegrity::TYPE));

    // An agent of before RFC 5245 claims no role; there may be a conflict, but it cannot be told.
    let without_role = check_to_b(&network, |_, check| check.claim = None);
    let answer = answer_of_b(&mut network, &without_role).unwrap();
    let message = Message::from_bytes(&answer).unwrap();
    assert!(message.has_class(MessageClass::Success));

    let stranger = check_to_b(&network, |username, _| *username = "someone:else".to_owned());
    let conflict = check_to_b(&network, |_, check| {
        check.claim = Some((Role::Controlled, u64::MAX));
    });
    for (packet, code) in [(stranger, 401), (conflict, 487)] {
        let answer = answer_of_b(&mut network, &packet).unwrap();
        let message = Message::from_bytes(&answer).unwrap();
        assert_eq!(message.attribute::<ErrorCode>().unwrap().code(), code);
    }
}

/// A request with what the closure puts in, and a fingerprint.
fn request(build: impl FnOnce(&mut MessageWriteVec)) -> Vec<u8> {
    let message_type = MessageType::from_class_method(MessageClass::Request, BINDING);
    let mut message = Message::builder(message_type, 99.into(), MessageWriteVec::new());
    build(&mut message);
    message.add_fingerprint().unwrap();
    message.finish()
}

#[test]
fn incomplete_requests_are_bad_and_unknown_attributes_are_named() {
    let mut network = Network::new(23);
    let credentials = network.ends[B].agent.local_credentials().clone();
    let username = Username::new(&format!("{}:peer", credentials.username_fragment)).unwrap();
    let key = ShortTermCredentials::new(credentials.password).make_key();
    let without_integrity = request(|message| message.add_attribute(&username).unwrap());
    let without_priority = request(|message| {
        message.add_attribute(&username).unwrap();
        message
            .add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1)
            .unwrap();
    });
    let unknown = request(|message| {
        let attribute = RawAttribute::new(0x7777.into(), &[1, 2, 3, 4]);
        message.add_attribute(&username).unwrap();
        message.add_attribute(&attribute).unwrap();
        message
            .add_message_integrity_with_key(&key, IntegrityAlgorithm::Sha1)
            .unwrap();
    });
    for (packet, code) in [(without_integrity, 400), (without_priority, 400), (unknown, 420)] {
        let answer = answer_of_b(&mut network, &packet).unwrap();
        let message = Message::from_bytes(&answer).unwrap();
        assert_eq!(message.attribute::<ErrorCode>().unwrap().code(), code);
        if code == 420 {
            let unknown = message.attribute::<UnknownAttributes>().unwrap();
            assert!(unknown.has_attribute(0x7777.into()));
            assert!(message.has_attribute(MessageIntegrity::TYPE));
        }
    }
    assert_eq!(network.state(B), State::New);
}

#[test]
fn broken_packets_neither_panic_nor_change_anything() {
    let mut network = Network::new(24);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    let mut rng = fastrand::Rng::with_seed(1);
    let samples: Vec<Vec<u8>> = network.seen.iter().map(|seen| seen.data.clone()).collect();
    let from = address("10.0.0.1:5000");
    let state = network.state(B);
    for sample in &samples {
        for length in 0..sample.len() {
            assert_eq!(answer_of_b(&mut network, &sample[..length]), None);
        }
        for _ in 0..200 {
            let mut packet = sample.clone();
            for _ in 0..rng.usize(1..4) {
                let index = rng.usize(..packet.len());
                packet[index] = rng.u8(..);
            }
            network.inject(B, from, &packet);
        }
    }
    for _ in 0..20_000 {
        let mut packet = vec![0; rng.usize(..200)];
        rng.fill(&mut packet);
        if packet.len() >= 20 && rng.bool() {
            // A header that is right leads further into the reader.
            packet[..2].copy_from_slice(&[rng.u8(..2), [1, 0x11][rng.usize(..2)]]);
            let length = packet.len() as u16 - 20;
            packet[2..4].copy_from_slice(&length.to_be_bytes());
            packet[4..8].copy_from_slice(&0x2112_A442_u32.to_be_bytes());
        }
        network.inject(B, from, &packet);
    }
    assert_eq!(network.state(B), state);
    network.run_for(60 * SECOND);
    assert!(both_completed(&network));
}

#[test]
fn a_flood_of_candidates_and_of_checks_from_anywhere_stays_bounded() {
    let mut network = Network::new(25);
    let packet = check_to_b(&network, |_, _| {});
    for port in 1..=500 {
        network.inject(B, SocketAddr::new("192.0.2.1".parse().unwrap(), port), &packet);
        let text = format!("candidate:{port} 1 udp 5 192.0.2.2 {port} typ host");
        let candidate = text.parse().unwrap();
        network.ends[B].agent.add_remote_candidate(network.now, candidate);
    }
    assert_eq!(network.ends[B].agent.remote_candidates().len(), 100);
}

#[test]
fn credentials_that_fit_in_no_message_fail_like_wrong_ones() {
    let mut network = Network::new(26);
    let credentials = IceCredentials {
        username_fragment: "x".repeat(70_000),
        password: String::new(),
    };
    network.ends[A]
        .agent
        .set_remote_credentials(network.now, credentials);
    for candidate in std::mem::take(&mut network.ends[B].candidates) {
        let candidate = Candidate {
            username_fragment: None,
            ..candidate
        };
        network.ends[A].agent.add_remote_candidate(network.now, candidate);
    }
    network.tell_end(A);
    assert!(network.run_until(40 * SECOND, |network| network.state(A) == State::Failed));
}
