//! What STUN and TURN servers give, and what they refuse.

use std::time::Duration;

use glare_peer::{IceGatheringState, IceTransportPolicy, IceTransportState as State, SimTime};
use stun_types::message::{Message, MessageClass};
use turn_types::message::{ALLOCATE, CHANNEL_BIND, REFRESH};

use super::SECOND;
use super::internet::Internet;
use super::network::{A, B, address};
use super::turn_server::{SERVER, server, with_servers};
use crate::ice::{Candidate, CandidateType, IceConfiguration, IceServer, ServerTransport};
use turn_server_proto::api::TurnServerApi as _;

fn types(candidates: &[Candidate]) -> Vec<CandidateType> {
    candidates.iter().map(|it| it.candidate_type.clone()).collect()
}

fn relay_only(urls: &[&str]) -> IceConfiguration {
    IceConfiguration {
        transport_policy: IceTransportPolicy::Relay,
        ..with_servers(urls)
    }
}

#[test]
fn a_stun_server_shows_the_address_outside_and_gathering_waits_for_it() {
    let mut net = Internet::new(
        1,
        [with_servers(&["stun:198.51.100.1"]), IceConfiguration::default()],
    );
    net.hosts[A].outside = Some(address("203.0.113.9:7000"));
    net.gather(A);
    assert_eq!(net.hosts[A].agent.gathering_state(), IceGatheringState::Gathering);
    assert!(net.run_until(SECOND, |net| net.hosts[A].complete.is_some()));
    assert_eq!(net.hosts[A].agent.gathering_state(), IceGatheringState::Complete);
    let candidates = &net.hosts[A].all_candidates;
    assert_eq!(
        types(candidates),
        [CandidateType::Host, CandidateType::ServerReflexive]
    );
    let reflexive = &candidates[1];
    assert_eq!(reflexive.socket_address(), Some(address("203.0.113.9:7000")));
    assert_eq!(reflexive.related, Some(address("10.0.0.1:5000")));
    assert_eq!(reflexive.url.as_deref(), Some("stun:198.51.100.1"));
    assert_eq!(reflexive.relay_protocol, None);
    assert_eq!(reflexive.priority >> 24, 100);
    assert_ne!(reflexive.foundation, candidates[0].foundation);
}

#[test]
fn a_server_reflexive_candidate_that_is_the_host_candidate_is_redundant() {
    let mut net = Internet::new(
        2,
        [with_servers(&["stun:198.51.100.1"]), IceConfiguration::default()],
    );
    net.gather(A);
    assert!(net.run_until(SECOND, |net| net.hosts[A].complete.is_some()));
    assert_eq!(types(&net.hosts[A].all_candidates), [CandidateType::Host]);
    assert!(net.hosts[A].errors.is_empty());
}

#[test]
fn a_turn_server_gives_a_relayed_and_a_server_reflexive_candidate() {
    let mut net = Internet::new(
        3,
        [with_servers(&["turn:198.51.100.1"]), IceConfiguration::default()],
    );
    let outside = address("203.0.113.9:7000");
    net.hosts[A].outside = Some(outside);
    net.gather(A);
    assert!(net.run_until(SECOND, |net| net.hosts[A].complete.is_some()));
    let candidates = &net.hosts[A].all_candidates;
    assert_eq!(
        types(candidates),
        [
            CandidateType::Host,
            CandidateType::Relayed,
            CandidateType::ServerReflexive
        ]
    );
    assert_eq!(candidates[1].socket_address().unwrap().ip(), address(SERVER).ip());
    assert_eq!(candidates[1].related, Some(outside));
    assert_eq!(candidates[1].relay_protocol, Some(ServerTransport::Udp));
    assert_eq!(candidates[1].url.as_deref(), Some("turn:198.51.100.1"));
    assert_eq!(candidates[1].priority >> 24, 0);
}

#[test]
fn data_goes_through_relays_on_channels_where_nothing_else_works() {
    for (seed, url) in [(4, "turn:198.51.100.1"), (5, "turn:198.51.100.1?transport=tcp")] {
        let mut net = Internet::new(seed, [relay_only(&[url]), relay_only(&[url])]);
        net.only_relays = true;
        net.gather_and_signal();
        assert!(net.run_until(5 * SECOND, Internet::both_completed), "{url}");
        for side in [A, B] {
            let pair = net.pair(side);
            assert_eq!(pair.local.candidate_type, CandidateType::Relayed);
            assert_eq!(pair.remote.candidate_type, CandidateType::Relayed);
            assert_eq!(types(&net.hosts[side].all_candidates), [CandidateType::Relayed]);
        }
        net.run_for(SECOND);
        net.send(A, &[100; 33]);
        net.send(B, &[101; 1200]);
        net.run_for(SECOND);
        assert_eq!(net.hosts[B].received, [vec![100; 33]], "{url}");
        assert_eq!(net.hosts[A].received, [vec![101; 1200]], "{url}");
        if seed == 4 {
            let is_channel_data = |data: &[u8]| data.len() == 4 + 33 && data[0] == 0x40;
            assert!(net.seen.iter().any(|(_, _, data)| is_channel_data(data)));
            let bound = |data: &[u8]| Message::from_bytes(data).is_ok_and(|it| it.has_method(CHANNEL_BIND));
            assert!(net.seen.iter().any(|(_, _, data)| bound(data)));
        }
    }
}

#[test]
fn the_relay_policy_surfaces_and_uses_relays_only_and_shows_no_other_address() {
    let urls = ["stun:198.51.100.1", "turn:198.51.100.1"];
    let mut net = Internet::new(6, [relay_only(&urls), IceConfiguration::default()]);
    net.gather_and_signal();
    assert!(net.run_until(5 * SECOND, Internet::both_completed));
    let candidates = &net.hosts[A].all_candidates;
    assert_eq!(types(candidates), [CandidateType::Relayed]);
    assert_eq!(candidates[0].related, Some(address("0.0.0.0:0")));
    assert_eq!(net.pair(A).local.candidate_type, CandidateType::Relayed);
    // B could be reached directly, and could reach A; nothing but the server hears from A.
    let from_a = net
        .seen
        .iter()
        .filter(|(from, ..)| *from == address("10.0.0.1:5000"));
    assert!(from_a.clone().count() > 0);
    assert!(from_a.clone().all(|(_, to, _)| *to == address(SERVER)));
    // A check that finds A's own address gets no answer.
    let check = {
        let of_a = net.hosts[A].agent.local_credentials();
        let key = stun_types::message::ShortTermCredentials::new(of_a.password.clone()).make_key();
        let check = crate::ice::stun::Check {
            username: &format!("{}:x", of_a.username_fragment),
            priority: 5,
            claim: None,
            use_candidate: false,
        };
        crate::ice::stun::write_check(7.into(), &check, &key).unwrap()
    };
    let before = net.seen.len();
    let now = net.now;
    net.hosts[A]
        .agent
        .input(now, address("10.0.0.1:5000"), address("10.0.0.2:6000"), &check);
    net.collect();
    assert_eq!(net.seen.len(), before);
}

#[test]
fn wrong_credentials_are_told_with_the_code_and_reason_of_the_server() {
    let urls = ["turn:198.51.100.1".to_owned()];
    let servers = IceServer::validate(&urls, Some("user"), Some("wrong")).unwrap();
    let configuration = IceConfiguration {
        servers,
        ..IceConfiguration::default()
    };
    let mut net = Internet::new(7, [configuration, IceConfiguration::default()]);
    net.gather(A);
    assert!(net.run_until(SECOND, |net| net.hosts[A].complete.is_some()));
    let errors = &net.hosts[A].errors;
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].1.error_code, 401);
    assert!(!errors[0].1.error_text.is_empty());
    assert_eq!(errors[0].1.url, "turn:198.51.100.1");
    assert_eq!(errors[0].1.address, Some(address("10.0.0.1:5000")));
    assert_eq!(types(&net.hosts[A].all_candidates), [CandidateType::Host]);
}

#[test]
fn a_server_that_cannot_be_reached_is_told_once_with_701_before_gathering_completes() {
    let mut net = Internet::new(
        8,
        [with_servers(&["stun:203.0.113.77"]), IceConfiguration::default()],
    );
    net.hosts[A].addresses.udp.push(address("10.0.0.11:5000"));
    net.gather(A);
    net.run_for(39 * SECOND);
    assert_eq!(net.hosts[A].complete, None);
    net.run_for(SECOND);
    assert!(net.hosts[A].complete.is_some());
    let errors = &net.hosts[A].errors;
    assert_eq!(errors.len(), 1, "{errors:?}");
    assert_eq!(errors[0].1.error_code, 701);
    // RFC 8489 section 6.2.1: seven requests from each address.
    assert_eq!(net.seen.len(), 14);
}

#[test]
fn what_the_agent_cannot_do_is_an_error_and_not_faked() {
    let urls = ["turns:198.51.100.1?transport=udp", "stuns:198.51.100.1"];
    let mut net = Internet::new(9, [with_servers(&urls), IceConfiguration::default()]);
    net.gather(A);
    assert!(net.hosts[A].complete.is_some());
    let errors = &net.hosts[A].errors;
    assert_eq!(errors.len(), 2);
    assert!(
        errors
            .iter()
            .all(|(_, error)| error.error_text.starts_with("unsupported"))
    );
}

#[test]
fn a_server_of_another_family_cannot_be_reached() {
    let mut net = Internet::new(
        10,
        [with_servers(&["stun:[2001:db8::1]"]), IceConfiguration::default()],
    );
    net.gather(A);
    assert_eq!(net.hosts[A].errors[0].1.error_code, 701);
    assert!(net.hosts[A].complete.is_some());
}

#[test]
fn the_name_of_a_server_is_resolved_by_the_host_and_once() {
    let urls = [
        "turn:turn.example.org",
        "stun:turn.example.org",
        "stun:nowhere.example.org",
    ];
    let mut net = Internet::new(11, [with_servers(&urls), IceConfiguration::default()]);
    net.names.insert(
        "turn.example.org".to_owned(),
        vec!["2001:db8::1".parse().unwrap(), address(SERVER).ip()],
    );
    net.gather(A);
    assert!(net.run_until(SECOND, |net| net.hosts[A].complete.is_some()));
    assert_eq!(net.hosts[A].asked, ["turn.example.org", "nowhere.example.org"]);
    assert_eq!(
        types(&net.hosts[A].all_candidates),
        [CandidateType::Host, CandidateType::Relayed]
    );
    let errors = &net.hosts[A].errors;
    assert_eq!(errors.len(), 1);
    assert_eq!(errors[0].1.error_code, 701);
    assert_eq!(errors[0].1.url, "stun:nowhere.example.org");
    assert_eq!(errors[0].1.error_text, "no such name");
}

#[test]
fn an_allocation_lives_on_by_refreshes_and_its_nonce_may_go_stale() {
    let urls = ["turn:198.51.100.1"];
    let mut net = Internet::new(12, [relay_only(&urls), IceConfiguration::default()]);
    net.udp_server.set_nonce_expiry_duration(Duration::from_secs(60));
    net.only_relays = true;
    net.gather_and_signal();
    assert!(net.run_until(5 * SECOND, Internet::both_completed));
    net.run_for(3600 * SECOND);
    assert!(net.both_completed());
    net.send(A, &[99; 7]);
    net.run_for(SECOND);
    assert_eq!(net.hosts[B].received, [vec![99; 7]]);
    let refreshes = net
        .seen
        .iter()
        .filter(|(_, _, data)| Message::from_bytes(data).is_ok_and(|message| message.has_method(REFRESH)));
    assert!(refreshes.count() >= 6);
}

#[test]
fn closing_gives_the_allocation_back() {
    let mut net = Internet::new(
        13,
        [with_servers(&["turn:198.51.100.1"]), IceConfiguration::default()],
    );
    net.gather(A);
    assert!(net.run_until(SECOND, |net| net.hosts[A].complete.is_some()));
    net.hosts[A].agent.close();
    net.collect();
    let (_, to, last) = net.seen.last().unwrap();
    assert_eq!(*to, address(SERVER));
    let message = Message::from_bytes(last).unwrap();
    assert!(message.has_method(REFRESH) && message.has_class(MessageClass::Request));
    let lifetime = message.attribute::<turn_types::attribute::Lifetime>().unwrap();
    assert_eq!(lifetime.seconds(), 0);
    net.run_for(60 * SECOND);
    assert_eq!(net.hosts[A].agent.deadline(), None);
}

#[test]
fn a_restart_keeps_the_allocation_and_takes_the_new_policy() {
    let urls = ["turn:198.51.100.1"];
    let mut net = Internet::new(14, [with_servers(&urls), IceConfiguration::default()]);
    net.gather_and_signal();
    assert!(net.run_until(5 * SECOND, Internet::both_completed));
    assert_eq!(net.pair(A).local.candidate_type, CandidateType::Host);
    let relay = net.hosts[A].all_candidates[1].socket_address();
    net.hosts[A].agent.set_configuration(relay_only(&urls));
    assert_eq!(
        net.pair(A).local.candidate_type,
        CandidateType::Host,
        "not before the next gathering"
    );
    net.restart(A);
    net.restart(B);
    net.signal();
    assert!(net.run_until(5 * SECOND, Internet::both_completed));
    assert_eq!(net.pair(A).local.candidate_type, CandidateType::Relayed);
    assert_eq!(net.pair(A).local.socket_address(), relay);
    let allocates = net
        .seen
        .iter()
        .filter(|(_, _, data)| Message::from_bytes(data).is_ok_and(|message| message.has_method(ALLOCATE)));
    assert_eq!(
        allocates.count(),
        2,
        "the first without and the second with credentials"
    );
}

#[test]
fn transactions_with_servers_are_paced_like_checks() {
    let urls: Vec<String> = (1..=5).map(|number| format!("stun:203.0.113.{number}")).collect();
    let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
    let mut net = Internet::new(15, [with_servers(&urls), IceConfiguration::default()]);
    net.gather(A);
    for count in 1..=5 {
        net.run_until(Duration::from_millis(1), |_| false);
        assert_eq!(net.seen.len(), count);
        net.run_for(Duration::from_millis(49));
    }
}

#[test]
fn an_agent_that_gathers_ahead_has_its_candidates_when_it_is_taken() {
    let mut net = Internet::new(
        16,
        [with_servers(&["turn:198.51.100.1"]), IceConfiguration::default()],
    );
    // A pool takes packets and requests only; the events wait.
    let addresses = net.hosts[A].addresses.clone();
    net.hosts[A].agent.gather(SimTime::ZERO, &addresses);
    assert_eq!(net.state(A), State::New);
    net.collect();
    assert!(net.run_until(SECOND, |net| net.hosts[A].complete.is_some()));
    net.gather(B);
    net.signal();
    assert!(net.run_until(5 * SECOND, Internet::both_completed));
}

#[test]
fn nonsense_from_a_server_changes_nothing_and_panics_nowhere() {
    for seed in 0..60 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let urls = ["turn:198.51.100.1", "stun:198.51.100.1"];
        let mut net = Internet::new(seed, [with_servers(&urls), IceConfiguration::default()]);
        net.gather(A);
        net.run_for(Duration::from_millis(chance.u64(1..400)));
        let packets: Vec<Vec<u8>> = net.seen.iter().map(|(_, _, data)| data.clone()).collect();
        for _ in 0..200 {
            let mut packet = chance.choice(&packets).unwrap().clone();
            for _ in 0..chance.usize(0..6) {
                let index = chance.usize(..packet.len());
                packet[index] = chance.u8(..);
            }
            if chance.bool() {
                packet[0] = chance.choice([0x01, 0x40, 0x00]).unwrap();
            }
            packet.truncate(chance.usize(..=packet.len()));
            let now = net.now;
            net.hosts[A]
                .agent
                .input(now, address("10.0.0.1:5000"), address(SERVER), &packet);
            net.collect();
        }
        net.run_for(60 * SECOND);
        assert!(net.hosts[A].complete.is_some(), "seed {seed}");
        assert!(net.hosts[A].all_candidates.len() <= 4, "seed {seed}");
    }
}

#[test]
fn candidates_of_a_server_have_priorities_and_foundations_of_their_own() {
    let configuration = IceConfiguration {
        servers: vec![
            server("turn:198.51.100.1"),
            server("turn:198.51.100.1?transport=tcp"),
        ],
        ..IceConfiguration::default()
    };
    let mut net = Internet::new(17, [configuration, IceConfiguration::default()]);
    net.hosts[A].outside = Some(address("203.0.113.9:7000"));
    net.gather(A);
    assert!(net.run_until(SECOND, |net| net.hosts[A].complete.is_some()));
    let candidates = &net.hosts[A].all_candidates;
    assert_eq!(candidates.len(), 4);
    for (index, one) in candidates.iter().enumerate() {
        for other in &candidates[index + 1..] {
            assert_ne!(one.priority, other.priority);
            assert_ne!(one.foundation, other.foundation);
        }
    }
    let relays: Vec<&Candidate> = candidates
        .iter()
        .filter(|it| it.candidate_type == CandidateType::Relayed)
        .collect();
    assert_eq!(relays[1].relay_protocol, Some(ServerTransport::Tcp));
    assert!(
        relays[0].priority > relays[1].priority,
        "UDP to the server is better"
    );
}
