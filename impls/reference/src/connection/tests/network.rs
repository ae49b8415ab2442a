//! What ICE asks of the host: names and TCP.

use std::time::Duration;

use glare_peer::{Attribute, Called, Configuration, Handle, Operation, Value};

use super::world::{A, B, Side, World};

impl World {
    /// The selected pair of the transport under data, as two candidate lines.
    fn selected_pair(&mut self, side: Side) -> [String; 2] {
        let sctp = self.object(side, Handle::CONNECTION, Attribute::Sctp);
        let dtls = self.object(side, sctp, Attribute::Transport);
        let transport = self.object(side, dtls, Attribute::IceTransport);
        let called = self
            .call(side, Operation::GetSelectedCandidatePair { transport })
            .1;
        let Called::Returned(Value::Dictionary(pair)) = called else {
            panic!("{called:?}");
        };
        ["local", "remote"].map(|which| match &pair[which] {
            Value::Candidate(candidate) => candidate.candidate.clone(),
            other => panic!("{other:?}"),
        })
    }
}

#[test]
fn a_name_hides_the_address_and_is_resolved_by_the_other_side() {
    let hidden = Configuration {
        mdns_host_candidates: true,
        ..Configuration::default()
    };
    let mut world = World::with(600, hidden, Configuration::default());
    let chat = world.channel(A, "chat", Default::default());
    world.negotiate(A);
    world.open(A, chat);
    let sdp = world.local(A).sdp;
    assert!(sdp.contains(".local"), "{sdp}");
    assert!(!sdp.contains("192.0.2.1"), "{sdp}");
    world.send(A, chat, "hello");
    assert!(world.run_until(Duration::from_secs(1), |world| world.messages.len() == 1));
}

#[test]
fn data_goes_over_tcp_where_udp_does_not() {
    let tcp = Configuration {
        ice_tcp: true,
        ..Configuration::default()
    };
    let mut world = World::with(601, tcp.clone(), tcp);
    world.loss = 1.0;
    let chat = world.channel(A, "chat", Default::default());
    world.negotiate(A);
    world.open(A, chat);
    world.send(A, chat, "hello");
    assert!(world.run_until(Duration::from_secs(5), |world| world.messages.len() == 1));
    for side in [A, B] {
        for line in world.selected_pair(side) {
            assert!(line.to_ascii_lowercase().contains(" tcp "), "{line}");
        }
    }
}

#[test]
fn a_lite_agent_is_controlled_and_connects() {
    let lite = Configuration {
        ice_lite: true,
        ..Configuration::default()
    };
    let mut world = World::with(602, lite, Configuration::default());
    let chat = world.channel(A, "chat", Default::default());
    world.negotiate(A);
    world.open(A, chat);
    for (side, role) in [(A, "controlled"), (B, "controlling")] {
        let sctp = world.object(side, Handle::CONNECTION, Attribute::Sctp);
        let dtls = world.object(side, sctp, Attribute::Transport);
        let ice = world.object(side, dtls, Attribute::IceTransport);
        assert_eq!(world.string(side, ice, Attribute::Role), role);
    }
}
