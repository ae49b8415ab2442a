//! Connecting, and what comes after.

use std::time::Duration;

use glare_peer::{
    Attribute, Configuration, CreateError, DtlsVersion, ExceptionName, Handle, IceServer, IceTransportPolicy,
    Implementation as _, MessageData, Operation, SdpType, SessionDescription, Value,
};

use super::world::{A, B, World, host};
use crate::Reference;

#[test]
fn a_message_goes_each_way_over_a_channel() {
    let mut world = World::new(1);
    let chat = world.channel(A, "chat", Default::default());
    world.negotiate(A);
    world.open(A, chat);
    world.send(A, chat, "hello");
    assert!(world.run_until(Duration::from_secs(5), |world| !world.messages.is_empty()));
    let (_, remote) = world.announced[0];
    assert_eq!(world.messages, [(B, remote, MessageData::Text("hello".into()))]);
    assert_eq!(world.string(B, remote, Attribute::Label), "chat");
    world.send(B, remote, "and back");
    assert!(world.run_until(Duration::from_secs(5), |world| world.messages.len() == 2));
    assert_eq!(world.messages[1], (A, chat, MessageData::Text("and back".into())));
    for side in [A, B] {
        assert_eq!(world.state(side, Attribute::ConnectionState), "connected");
        assert_eq!(world.state(side, Attribute::SignalingState), "stable");
    }
}

#[test]
fn it_connects_through_loss() {
    for seed in 0..40 {
        let mut world = World::new(seed);
        world.loss = 0.15;
        let chat = world.channel(A, "chat", Default::default());
        world.negotiate(A);
        world.open(A, chat);
        world.send(A, chat, "still here");
        assert!(
            world.run_until(Duration::from_secs(30), |world| world.messages.len() == 1),
            "seed {seed}: {:#?}",
            world.log
        );
    }
}

#[test]
fn a_channel_is_announced_after_the_association_even_where_one_packet_brings_both() {
    // Where acknowledgements are lost, DATA_CHANNEL_OPEN comes with the end of the handshake of SCTP.
    for seed in 1070..1110 {
        let mut world = World::new(seed);
        world.loss = 0.2;
        let from_a = world.channel(A, "from-a", Default::default());
        let from_b = world.channel(B, "from-b", Default::default());
        world.negotiate(A);
        world.open(A, from_a);
        world.open(B, from_b);
        world.send(A, from_a, "hello");
        assert!(
            world.run_until(Duration::from_secs(60), |world| !world.messages.is_empty()),
            "{:#?}",
            world.log
        );
        for side in [A, B] {
            let log = world.log_of(side);
            let place = |name: &str| log.iter().position(|line| line.starts_with(name));
            let connected = place("sctp.statechange connected");
            assert!(
                place("datachannel").is_none_or(|announced| connected < Some(announced)),
                "seed {seed}: {log:#?}"
            );
            assert!(
                !log.iter().any(|line| line.contains("error")),
                "seed {seed}: {log:#?}"
            );
        }
    }
}

#[test]
fn dtls_keeps_to_the_version_asked_for_and_gives_its_secrets_out() {
    for version in [DtlsVersion::V1_2, DtlsVersion::V1_3] {
        let configuration = Configuration {
            dtls_version: Some(version),
            ..Configuration::default()
        };
        let mut world = World::with(3, configuration.clone(), configuration);
        world.channel(A, "chat", Default::default());
        world.negotiate(A);
        world.connect();
        assert!(!world.secrets.is_empty(), "{version}");
        assert_eq!(
            world.secrets[0].starts_with("CLIENT_RANDOM"),
            version == DtlsVersion::V1_2,
            "{version}"
        );
    }
}

#[test]
fn a_relay_policy_gathers_nothing_and_so_fails() {
    let configuration = Configuration {
        ice_transport_policy: IceTransportPolicy::Relay,
        ..Configuration::default()
    };
    let mut world = World::with(4, configuration.clone(), configuration);
    world.channel(A, "chat", Default::default());
    world.negotiate(A);
    assert_eq!(world.state(A, Attribute::IceGatheringState), "complete");
    assert!(!world.log.iter().any(|line| line.ends_with("icecandidate found")));
    let failed = world.run_until(Duration::from_secs(120), |world| {
        world.state(A, Attribute::ConnectionState) == "failed"
    });
    assert!(failed, "{:#?}", world.log);
}

#[test]
fn a_description_with_all_candidates_connects_without_trickle() {
    let mut world = World::new(5);
    world.trickle = false;
    world.channel(A, "chat", Default::default());
    let offer = world.create_offer(A);
    world.set_local(A, offer);
    let offer = world.local(A);
    assert!(
        offer.sdp.contains("a=candidate:") && offer.sdp.contains("a=end-of-candidates"),
        "{}",
        offer.sdp
    );
    world.set_remote(B, offer);
    world.answer(B);
    world.connect();
}

#[test]
fn the_transports_hang_together_and_say_how_they_are() {
    let mut world = World::new(6);
    let chat = world.channel(A, "chat", Default::default());
    assert_eq!(world.read(A, Handle::CONNECTION, Attribute::Sctp), Value::Null);
    world.negotiate(A);
    let sctp = world.object(A, Handle::CONNECTION, Attribute::Sctp);
    let dtls = world.object(A, sctp, Attribute::Transport);
    let ice = world.object(A, dtls, Attribute::IceTransport);
    assert_eq!(world.string(A, sctp, Attribute::State), "connecting");
    assert_eq!(world.read(A, sctp, Attribute::MaxChannels), Value::Null);
    assert_eq!(
        world.read(A, sctp, Attribute::MaxMessageSize),
        Value::Number(262_144.0)
    );
    assert_eq!(world.string(A, ice, Attribute::Role), "controlling");
    world.open(A, chat);
    assert_eq!(world.string(A, sctp, Attribute::State), "connected");
    assert_eq!(world.string(A, dtls, Attribute::State), "connected");
    assert_eq!(world.string(A, ice, Attribute::GatheringState), "complete");
    assert!(matches!(world.read(A, sctp, Attribute::MaxChannels), Value::Number(count) if count > 1000.0));
    let other = world.object(B, Handle::CONNECTION, Attribute::Sctp);
    let other = world.object(B, other, Attribute::Transport);
    let other = world.object(B, other, Attribute::IceTransport);
    assert_eq!(world.string(B, other, Attribute::Role), "controlled");
}

#[test]
fn closing_one_side_ends_the_channels_of_the_other() {
    let mut world = World::new(7);
    let chat = world.channel(A, "chat", Default::default());
    world.negotiate(A);
    world.open(A, chat);
    assert!(world.run_until(Duration::from_secs(1), |world| !world.announced.is_empty()));
    let before = world.log_of(A).len();
    world.close(A);
    for (attribute, state) in [
        (Attribute::SignalingState, "closed"),
        (Attribute::IceConnectionState, "closed"),
        (Attribute::ConnectionState, "closed"),
    ] {
        assert_eq!(world.state(A, attribute), state);
    }
    assert_eq!(world.string(A, chat, Attribute::ReadyState), "closed");
    world.run(Duration::from_secs(1));
    assert_eq!(world.log_of(A).len(), before, "close() fires nothing");
    let end: Vec<&str> = world
        .log_of(B)
        .into_iter()
        .skip_while(|line| !line.contains("sctp.statechange closed"))
        .collect();
    assert_eq!(
        end,
        [
            // The ABORT and the close_notify arrive together; the channels follow in tasks that the first of them queues.
            "sctp.statechange closed",
            "dtls.statechange closed",
            "chat.error sctp-failure",
            "chat.close",
        ],
        "{:#?}",
        world.log
    );
}

#[test]
fn closing_twice_and_restarting_a_closed_connection_do_nothing() {
    let mut world = World::new(8);
    world.close(A);
    world.close(A);
    let called = world.call(A, Operation::RestartIce).1;
    assert_eq!(called, glare_peer::Called::Returned(Value::Undefined));
    world.turn();
    assert!(world.log.is_empty(), "{:?}", world.log);
}

#[test]
fn a_certificate_that_does_not_match_fails_dtls() {
    let mut world = World::new(9);
    world.channel(A, "chat", Default::default());
    let offer = world.create_offer(A);
    world.set_local(A, offer.clone());
    let fingerprint = offer
        .sdp
        .lines()
        .find(|line| line.starts_with("a=fingerprint:sha-256 "))
        .unwrap();
    let other = format!("a=fingerprint:sha-256 {}", ["AB"; 32].join(":"));
    let sdp = offer.sdp.replace(fingerprint, &other).into();
    world.set_remote(
        B,
        SessionDescription {
            sdp_type: SdpType::Offer,
            sdp,
        },
    );
    world.answer(B);
    let failed = world.run_until(Duration::from_secs(10), |world| {
        world.state(B, Attribute::ConnectionState) == "failed"
    });
    assert!(failed, "{:#?}", world.log);
    let end: Vec<&str> = world
        .log_of(B)
        .into_iter()
        .skip_while(|line| !line.starts_with("dtls.error"))
        .collect();
    assert_eq!(
        end,
        [
            "dtls.error fingerprint-failure",
            "dtls.statechange failed",
            "connectionstatechange failed"
        ]
    );
    assert!(
        world.notes.iter().any(|note| note.contains("fingerprint")),
        "{:?}",
        world.notes
    );
}

#[test]
fn every_address_of_the_host_has_a_port_and_a_candidate() {
    let mut here = host(A, 10);
    here.addresses.push("2001:db8::1".parse().unwrap());
    let mut world = World::new(10);
    world.replace(A, here, Configuration::default());
    world.channel(A, "chat", Default::default());
    let offer = world.create_offer(A);
    world.set_local(A, offer);
    let sdp = world.local(A).sdp;
    for address in ["192.0.2.1", "2001:db8::1"] {
        let line = sdp
            .lines()
            .find(|line| line.starts_with("a=candidate:") && line.contains(address));
        assert!(
            line.is_some_and(|line| line.ends_with("typ host") || line.contains("typ host ")),
            "{sdp}"
        );
    }
    assert_eq!(
        world
            .log
            .iter()
            .filter(|line| line.ends_with("icecandidate found"))
            .count(),
        2
    );
}

#[test]
fn servers_are_validated_by_the_constructor() {
    for (url, expected) in [
        ("stun:stun.example.org?transport=udp", ExceptionName::SyntaxError),
        ("turn:turn.example.org", ExceptionName::InvalidAccessError),
    ] {
        let server = IceServer {
            urls: vec![url.to_owned()],
            username: None,
            credential: None,
        };
        let configuration = Configuration {
            ice_servers: vec![server],
            ..Configuration::default()
        };
        match Reference.create(host(A, 1), configuration).err() {
            Some(CreateError::Threw(exception)) => assert_eq!(exception.name, expected, "{url}"),
            other => panic!("{url}: {other:?}"),
        }
    }
}
