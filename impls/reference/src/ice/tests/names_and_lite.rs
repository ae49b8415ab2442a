//! Names in place of addresses, lite agents, statistics and bounds.

use std::time::Duration;

use glare_peer::IceTransportState as State;
use stun_types::message::{Message, MessageClass};

use super::SECOND;
use super::internet::Internet;
use super::network::{A, B, address};
use super::turn_server::with_servers;
use crate::ice::statistics::PairStatisticsState;
use crate::ice::{Candidate, CandidateAddress, CandidateUse, IceConfiguration, Role};

fn hiding() -> IceConfiguration {
    IceConfiguration {
        hide_addresses: true,
        ..with_servers(&["stun:198.51.100.1"])
    }
}

#[test]
fn hidden_host_candidates_go_by_names_that_the_peer_resolves() {
    let without_server = IceConfiguration {
        servers: Vec::new(),
        ..hiding()
    };
    let mut net = Internet::new(1, [hiding(), without_server]);
    net.hosts[A].outside = Some(address("203.0.113.9:7000"));
    net.gather_and_signal();
    let candidates = &net.hosts[A].all_candidates;
    let CandidateAddress::Name(name) = &candidates[0].address else {
        panic!("{:?}", candidates[0]);
    };
    assert!(name.ends_with(".local") && name.len() == 36 + 6, "{name}");
    assert_eq!(candidates[1].related, Some(address("0.0.0.0:0")));
    for candidate in candidates {
        assert!(!candidate.to_string().contains("10.0.0.1"), "{candidate}");
    }
    assert!(net.run_until(5 * SECOND, Internet::both_completed));
    // What is selected is shown by its name, too.
    assert!(matches!(net.pair(A).remote.address, CandidateAddress::Name(_)));
    assert_eq!(net.pair(A).remote_address, address("10.0.0.2:6000"));
    assert!(!net.pair(A).local.to_string().contains("10.0.0.1"));
}

#[test]
fn a_server_reflexive_candidate_that_is_hidden_as_a_host_candidate_is_not_redundant() {
    let mut net = Internet::new(8, [hiding(), IceConfiguration::default()]);
    net.gather(A);
    assert!(net.run_until(SECOND, |net| net.hosts[A].complete.is_some()));
    let candidates = &net.hosts[A].all_candidates;
    assert_eq!(candidates.len(), 2);
    assert_eq!(candidates[1].socket_address(), Some(address("10.0.0.1:5000")));
}

#[test]
fn the_name_of_an_address_stays_over_a_restart() {
    let mut net = Internet::new(2, [hiding(), hiding()]);
    net.gather(A);
    let before = net.hosts[A].all_candidates[0].address.clone();
    net.restart(A);
    assert_eq!(net.hosts[A].all_candidates[0].address, before);
}

#[test]
fn a_remote_name_has_no_effect_until_it_is_resolved_and_none_when_it_is_not() {
    let mut net = Internet::new(3, [IceConfiguration::default(), IceConfiguration::default()]);
    net.gather(A);
    net.gather(B);
    let credentials = net.hosts[B].agent.local_credentials().clone();
    let now = net.now;
    let agent = &mut net.hosts[A].agent;
    agent.set_remote_credentials(now, credentials);
    for (text, used) in [
        (
            "candidate:1 1 udp 2130706431 unknown.local 6000 typ host",
            CandidateUse::Resolving,
        ),
        (
            "candidate:1 1 udp 2130706431 unknown.local 6000 typ host",
            CandidateUse::Known,
        ),
        (
            "candidate:1 1 udp 2130706431 b.example.org 6000 typ host",
            CandidateUse::Resolving,
        ),
    ] {
        assert_eq!(agent.add_remote_candidate(now, text.parse().unwrap()), used);
    }
    assert!(agent.remote_candidates().is_empty());
    assert_eq!(agent.state(), State::Checking);
    net.names
        .insert("b.example.org".to_owned(), vec![address("10.0.0.2:1").ip()]);
    net.collect();
    assert!(net.run_until(SECOND, |net| net.state(A) == State::Connected));
    assert_eq!(net.hosts[A].asked, ["unknown.local", "b.example.org"]);
    let remotes = net.hosts[A].agent.remote_candidates();
    assert_eq!(remotes.len(), 1);
    assert_eq!(
        remotes[0].address,
        CandidateAddress::Name("b.example.org".to_owned())
    );
}

fn lite() -> IceConfiguration {
    IceConfiguration {
        lite: true,
        ..with_servers(&["stun:198.51.100.1"])
    }
}

#[test]
fn a_lite_agent_answers_and_sends_no_checks_and_has_host_candidates_only() {
    let mut net = Internet::new(4, [IceConfiguration::default(), lite()]);
    net.hosts[A].agent.set_role(Role::Controlled);
    let now = net.now;
    net.hosts[A].agent.set_remote_lite(now, true);
    assert_eq!(
        net.hosts[A].agent.role(),
        Role::Controlling,
        "the full agent controls"
    );
    net.hosts[B].agent.set_role(Role::Controlling);
    assert_eq!(
        net.hosts[B].agent.role(),
        Role::Controlled,
        "a lite agent does not"
    );
    net.gather_and_signal();
    assert_eq!(net.hosts[B].all_candidates.len(), 1);
    assert!(net.run_until(5 * SECOND, Internet::both_completed));
    net.send(A, &[80; 3]);
    net.send(B, &[81; 3]);
    net.run_for(120 * SECOND);
    assert!(net.both_completed());
    assert_eq!(net.hosts[B].received, [[80; 3]]);
    assert_eq!(net.hosts[A].received, [[81; 3]]);
    let of_b: Vec<MessageClass> = net
        .seen
        .iter()
        .filter(|(from, ..)| *from == address("10.0.0.2:6000"))
        .filter_map(|(_, _, data)| Some(Message::from_bytes(data).ok()?.class()))
        .collect();
    assert!(!of_b.contains(&MessageClass::Request));
    assert!(of_b.contains(&MessageClass::Indication), "keepalives");
}

#[test]
fn two_lite_agents_take_the_best_pair_without_checks() {
    let mut net = Internet::new(5, [lite(), lite()]);
    let now = net.now;
    for side in [A, B] {
        net.hosts[side].agent.set_remote_lite(now, true);
    }
    net.gather_and_signal();
    assert!(net.run_until(SECOND, Internet::both_completed));
    assert!(net.seen.is_empty());
}

#[test]
fn statistics_count_what_was_sent_and_received_on_the_pair() {
    let mut net = Internet::new(6, [IceConfiguration::default(), IceConfiguration::default()]);
    net.gather_and_signal();
    assert!(net.run_until(5 * SECOND, Internet::both_completed));
    for size in [10, 20, 30] {
        net.send(A, &vec![90; size]);
    }
    net.run_for(20 * SECOND);
    let statistics = net.hosts[A].agent.statistics();
    assert_eq!(statistics.selected_candidate_pair_changes, 1);
    assert_eq!(statistics.pairs.len(), 1);
    let pair = &statistics.pairs[0];
    assert!(pair.nominated && pair.selected);
    assert_eq!(pair.state, PairStatisticsState::Succeeded);
    assert_eq!(statistics.selected_pair, Some(pair.id));
    assert!(
        statistics
            .local_candidates
            .iter()
            .any(|local| local.id == pair.local)
    );
    assert!(
        statistics
            .remote_candidates
            .iter()
            .any(|remote| remote.id == pair.remote)
    );
    let counters = &pair.counters;
    assert_eq!((counters.packets_sent, counters.bytes_sent), (3, 60));
    assert_eq!((counters.packets_received, counters.bytes_received), (0, 0));
    assert!(counters.last_packet_sent.is_some() && counters.last_packet_received.is_none());
    assert_eq!(counters.current_round_trip_time, Some(Duration::from_millis(20)));
    assert_eq!(
        counters.total_round_trip_time,
        Duration::from_millis(20) * u32::try_from(counters.responses_received).unwrap()
    );
    assert!((3..=5).contains(&counters.consent_requests_sent), "{counters:?}");
    assert_eq!(counters.requests_sent, counters.responses_received);
    let other = &net.hosts[B].agent.statistics().pairs[0].counters;
    assert_eq!((other.packets_received, other.bytes_received), (3, 60));
    assert_eq!(other.requests_received, counters.requests_sent);
    assert_eq!(other.responses_sent, counters.responses_received);
}

#[test]
fn hundreds_of_remote_candidates_stay_within_a_hundred_pairs() {
    let mut net = Internet::new(7, [IceConfiguration::default(), IceConfiguration::default()]);
    net.hosts[A].addresses.udp = (1..=5)
        .map(|host| address(&format!("10.0.1.{host}:5000")))
        .collect();
    net.gather(A);
    net.gather(B);
    let credentials = net.hosts[B].agent.local_credentials().clone();
    let now = net.now;
    let agent = &mut net.hosts[A].agent;
    agent.set_remote_credentials(now, credentials);
    let mut ignored = 0;
    for number in 1..=400_u32 {
        let text = format!(
            "candidate:{number} 1 udp {} 192.0.{}.{} 7000 typ host",
            1000 + number,
            2 + number / 250,
            number % 250 + 1
        );
        let used = agent.add_remote_candidate(now, text.parse::<Candidate>().unwrap());
        ignored += usize::from(matches!(used, CandidateUse::Ignored(_)));
    }
    assert_eq!(ignored, 300);
    assert!(agent.statistics().pairs.len() <= 100);
    net.run_for(120 * SECOND);
    assert!(net.hosts[A].agent.statistics().pairs.len() <= 100);
}
