//! TCP candidates (RFC 6544).

use glare_peer::IceTransportState as State;

use super::SECOND;
use super::internet::Internet;
use super::network::{A, B, address};
use crate::ice::{
    Candidate, CandidateType, CandidateUse, IceConfiguration, LocalAddresses, SendError, TcpType,
};

/// A connects, B listens; there is no UDP.
fn active_and_passive(seed: u64) -> Internet {
    let mut net = Internet::new(seed, [IceConfiguration::default(), IceConfiguration::default()]);
    net.hosts[A].addresses = LocalAddresses {
        tcp_active: vec!["10.0.0.1".parse().unwrap()],
        ..LocalAddresses::default()
    };
    net.hosts[B].addresses = LocalAddresses {
        tcp_passive: vec![address("10.0.0.2:9000")],
        ..LocalAddresses::default()
    };
    net
}

#[test]
fn an_active_candidate_connects_to_a_passive_one_and_data_is_framed() {
    let mut net = active_and_passive(1);
    net.gather_and_signal();
    let active = &net.hosts[A].all_candidates[0];
    assert_eq!((active.port, active.tcp_type), (9, Some(TcpType::Active)));
    let passive = &net.hosts[B].all_candidates[0];
    assert_eq!((passive.port, passive.tcp_type), (9000, Some(TcpType::Passive)));
    assert!(net.run_until(5 * SECOND, Internet::both_completed));
    // The port that the connection leaves from shows up on both sides as a peer-reflexive candidate.
    assert_eq!(net.pair(A).local.candidate_type, CandidateType::PeerReflexive);
    assert_eq!(net.pair(A).local.tcp_type, Some(TcpType::Active));
    assert_eq!(net.pair(B).remote.candidate_type, CandidateType::PeerReflexive);
    assert_eq!(net.pair(B).remote.tcp_type, Some(TcpType::Active));
    net.send(A, &[64; 10]);
    net.send(A, &[65; 60_000]);
    net.send(B, &[66; 1]);
    net.run_for(SECOND);
    assert_eq!(net.hosts[B].received, [vec![64; 10], vec![65; 60_000]]);
    assert_eq!(net.hosts[A].received, [vec![66; 1]]);
    let now = net.now;
    let too_long = net.hosts[A].agent.send(now, &[67; 65_536]);
    assert_eq!(too_long, Err(SendError::TooLong(65_536)));
    assert!(net.seen.is_empty(), "no datagram was sent");
}

#[test]
fn consent_is_kept_over_a_connection_and_ends_with_it() {
    let mut net = active_and_passive(2);
    net.gather_and_signal();
    assert!(net.run_until(5 * SECOND, Internet::both_completed));
    net.run_for(120 * SECOND);
    assert!(net.both_completed());
    net.reset_connections(B);
    net.run_for(SECOND);
    for side in [A, B] {
        assert_eq!(net.state(side), State::Failed);
        assert_eq!(net.hosts[side].agent.selected(), None);
    }
}

#[test]
fn simultaneous_open_candidates_pair_with_each_other() {
    let mut net = Internet::new(3, [IceConfiguration::default(), IceConfiguration::default()]);
    for (side, local) in [(A, "10.0.0.1:7001"), (B, "10.0.0.2:7002")] {
        net.hosts[side].addresses = LocalAddresses {
            tcp_simultaneous_open: vec![address(local)],
            ..LocalAddresses::default()
        };
    }
    net.gather_and_signal();
    assert!(net.run_until(5 * SECOND, Internet::both_completed));
    assert_eq!(net.pair(A).local.tcp_type, Some(TcpType::SimultaneousOpen));
    assert_eq!(net.pair(A).remote_address, address("10.0.0.2:7002"));
}

#[test]
fn udp_is_preferred_and_tcp_takes_over_where_udp_is_blocked() {
    for blocked in [false, true] {
        let mut net = active_and_passive(4);
        net.only_relays = blocked;
        net.hosts[A].addresses.udp = vec![address("10.0.0.1:5000")];
        net.hosts[B].addresses.udp = vec![address("10.0.0.2:6000")];
        net.gather_and_signal();
        assert!(net.run_until(5 * SECOND, Internet::both_completed));
        assert_eq!(net.pair(A).local.tcp_type.is_some(), blocked);
    }
}

#[test]
fn a_connection_that_is_refused_fails_its_pair_at_once() {
    let mut net = active_and_passive(5);
    net.gather_and_signal();
    let nowhere: Candidate = "candidate:5 1 tcp 99999 10.0.0.2 9999 typ host tcptype passive"
        .parse()
        .unwrap();
    let now = net.now;
    assert_eq!(
        net.hosts[A].agent.add_remote_candidate(now, nowhere),
        CandidateUse::Used
    );
    assert!(net.run_until(SECOND, Internet::both_completed));
}

#[test]
fn what_a_tcp_candidate_cannot_pair_with_is_said() {
    let mut net = active_and_passive(6);
    net.gather(A);
    let now = net.now;
    for (text, used) in [
        ("candidate:1 1 tcp 5 10.0.0.2 9 typ host tcptype active", "active"),
        ("candidate:1 1 tcp 5 10.0.0.2 7 typ host tcptype so", "tcptype"),
        (
            "candidate:1 1 tcp 5 2001:db8::2 7 typ host tcptype passive",
            "family",
        ),
        ("candidate:1 1 udp 5 10.0.0.2 7 typ host", "transport"),
    ] {
        match net.hosts[A]
            .agent
            .add_remote_candidate(now, text.parse().unwrap())
        {
            CandidateUse::Unpaired(why) => assert!(why.contains(used), "{text}: {why}"),
            other => panic!("{text}: {other:?}"),
        }
    }
}

#[test]
fn strangers_who_connect_are_bounded_and_their_nonsense_is_dropped() {
    let mut net = active_and_passive(7);
    net.gather(B);
    let listener = crate::ice::ListenerId(0);
    let now = net.now;
    let mut chance = fastrand::Rng::with_seed(7);
    let agent = &mut net.hosts[B].agent;
    for port in 1..=500 {
        let remote = std::net::SocketAddr::new("192.0.2.1".parse().unwrap(), port);
        let id = agent.accepted(now, listener, remote).unwrap();
        let bytes: Vec<u8> = (0..chance.usize(..300)).map(|_| chance.u8(..)).collect();
        agent.stream_data(now, id, &bytes);
        assert!(agent.transmit().is_none());
    }
    let closed = std::iter::from_fn(|| agent.request())
        .filter(|request| matches!(request, crate::ice::IceRequest::Close { .. }))
        .count();
    assert_eq!(closed, 400);
    assert!(agent.remote_candidates().is_empty());
}
