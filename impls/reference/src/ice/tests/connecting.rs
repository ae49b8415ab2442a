//! Two agents find each other, or find that they cannot.

use std::time::Duration;

use glare_peer::{IceTransportState as State, SimTime};

use super::network::{A, B, Network, address, both_completed, both_usable};
use super::{SECOND, error_codes, names};
use crate::ice::{Candidate, CandidateType, CandidateUse, IceAgent, IceCredentials, LocalAddresses, Role};

#[test]
fn both_sides_connect_and_complete_in_a_few_round_trips() {
    let mut network = Network::new(1);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    assert!(network.now <= SimTime::from_millis(150), "{}", network.now);
    let (a, b) = (address("10.0.0.1:5000"), address("10.0.0.2:6000"));
    assert_eq!(network.selected(A), Some((a, b)));
    assert_eq!(network.selected(B), Some((b, a)));
    for side in [A, B] {
        assert_eq!(
            names(&network, side),
            [State::Checking, State::Connected, State::Completed]
        );
        assert_eq!(network.ends[side].selected.len(), 1);
    }
}

#[test]
fn the_controlled_side_may_be_the_first_to_know_everything() {
    let mut network = Network::new(2);
    for to in [B, A] {
        network.tell_credentials(to);
        network.tell_candidates(to);
        network.tell_end(to);
        network.run_for(SECOND);
    }
    assert!(network.run_until(SECOND, both_completed));
}

#[test]
fn ipv6_and_ipv4_are_both_paired_and_the_better_pair_is_nominated() {
    let mut network = Network::with_addresses(
        3,
        &["10.0.0.1:5000", "[2001:db8::1]:5000"],
        &["10.0.0.2:6000", "[2001:db8::2]:6000"],
    );
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    assert_eq!(
        network.selected(A),
        Some((address("[2001:db8::1]:5000"), address("[2001:db8::2]:6000")))
    );
}

#[test]
fn a_better_pair_that_does_not_answer_holds_nomination_up_for_half_a_second_at_most() {
    let mut network =
        Network::with_addresses(4, &["10.0.0.1:5000", "[2001:db8::1]:5000"], &["10.0.0.2:6000"]);
    network.signal_everything();
    let dead: Candidate = "candidate:9 1 udp 2130706431 2001:db8::dead 6000 typ host"
        .parse()
        .unwrap();
    network.ends[A].agent.add_remote_candidate(network.now, dead);
    assert!(network.run_until(SECOND, both_completed));
    assert!(network.now < SimTime::from_millis(700), "{}", network.now);
}

#[test]
fn signalling_may_come_in_any_order() {
    type Step = fn(&mut Network, usize);
    let steps: [Step; 3] = [
        Network::tell_credentials,
        Network::tell_candidates,
        Network::tell_end,
    ];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for (number, first) in orders.iter().enumerate() {
        for second in &orders {
            let mut network = Network::new(number as u64);
            for turn in 0..3 {
                steps[first[turn]](&mut network, A);
                network.run_for(Duration::from_millis(70));
                steps[second[turn]](&mut network, B);
                network.run_for(Duration::from_millis(70));
            }
            assert!(
                network.run_until(2 * SECOND, both_completed),
                "{first:?} {second:?}"
            );
        }
    }
}

#[test]
fn checks_that_come_before_the_remote_credentials_are_answered_and_remembered() {
    let mut network = Network::new(5);
    network.tell_credentials(A);
    network.tell_candidates(A);
    network.run_for(SECOND);
    // B answered, so A may send; B was never told of a candidate and learns A's address from the check.
    assert_eq!(network.state(A), State::Connected);
    assert_eq!(network.state(B), State::Checking);
    assert!(network.selected(B).is_none());
    network.tell_credentials(B);
    assert!(network.run_until(SECOND, both_usable));
    let remote = &network.ends[B].agent.remote_candidates()[0];
    assert_eq!(remote.candidate_type, CandidateType::PeerReflexive);
    // The nomination came before B's own check succeeded, and counts.
    network.tell_end(B);
    assert!(network.run_until(SECOND, |network| network.state(B) == State::Completed));
    // The signalled candidate takes the place of the peer-reflexive one.
    network.tell_candidates(B);
    let remote = network.ends[B].agent.remote_candidates();
    assert_eq!(remote.len(), 1);
    assert_eq!(remote[0].candidate_type, CandidateType::Host);
}

#[test]
fn a_role_conflict_is_resolved_from_both_starting_roles() {
    for role in [Role::Controlling, Role::Controlled] {
        let mut answers = 0;
        for seed in 0..20 {
            let mut network = Network::new(seed);
            for end in &mut network.ends {
                end.agent.set_role(role);
            }
            network.signal_everything();
            assert!(network.run_until(3 * SECOND, both_completed), "{role:?} {seed}");
            let roles = network.ends.each_ref().map(|end| end.agent.role());
            assert_ne!(roles[A], roles[B], "{role:?} {seed}");
            let changes: usize = network.ends.iter().map(|end| end.role_changes.len()).sum();
            assert_eq!(changes, 1, "{role:?} {seed}");
            answers += error_codes(&network)
                .iter()
                .filter(|(_, code)| *code == 487)
                .count();
        }
        assert!(answers > 0, "no seed saw a 487 with both {role:?}");
    }
}

#[test]
fn a_conflict_is_resolved_through_a_487_alone() {
    // Only A checks at first, so the conflict can be found by B only; whoever has the greater tie-breaker stays.
    for role in [Role::Controlling, Role::Controlled] {
        let mut by_answer = 0;
        for seed in 0..20 {
            let mut network = Network::new(seed);
            for end in &mut network.ends {
                end.agent.set_role(role);
            }
            network.tell_credentials(A);
            network.tell_candidates(A);
            network.run_for(SECOND);
            assert_eq!(network.state(A), State::Connected, "{role:?} {seed}");
            let [a, b] = network.ends.each_ref().map(|end| end.role_changes.clone());
            if error_codes(&network).contains(&(B, 487)) {
                by_answer += 1;
                assert_eq!((a, b), (vec![role.opposite()], vec![]));
            } else {
                assert_eq!((a, b), (vec![], vec![role.opposite()]));
            }
        }
        assert!((1..20).contains(&by_answer), "{by_answer}");
    }
}

#[test]
fn a_wrong_password_never_connects_and_ends_failed() {
    for end_is_known in [true, false] {
        let mut network = Network::new(6);
        for side in [A, B] {
            let mut credentials = network.ends[1 - side].agent.local_credentials().clone();
            credentials.password.push('x');
            network.ends[side]
                .agent
                .set_remote_credentials(network.now, credentials);
            network.tell_candidates(side);
            if end_is_known {
                network.tell_end(side);
            }
        }
        let failed = |network: &Network| [A, B].iter().all(|side| network.state(*side) == State::Failed);
        assert!(network.run_until(Duration::from_secs(40), failed));
        for side in [A, B] {
            assert_eq!(names(&network, side), [State::Checking, State::Failed]);
            assert!(network.ends[side].selected.is_empty());
        }
        let codes = error_codes(&network);
        assert!(
            !codes.is_empty() && codes.iter().all(|(_, code)| *code == 401),
            "{codes:?}"
        );
        let sent = network.seen.len();
        network.run_for(60 * SECOND);
        assert_eq!(network.seen.len(), sent, "a failed agent is silent");
    }
}

#[test]
fn one_side_with_a_wrong_password_fails_though_the_other_keeps_checking_it() {
    for wrong in [A, B] {
        let mut network = Network::new(7);
        network.tell_credentials(1 - wrong);
        let mut credentials = network.ends[1 - wrong].agent.local_credentials().clone();
        credentials.password.clear();
        network.ends[wrong]
            .agent
            .set_remote_credentials(network.now, credentials);
        for side in [A, B] {
            network.tell_candidates(side);
            network.tell_end(side);
        }
        assert!(
            network.run_until(Duration::from_secs(40), |network| network.state(wrong)
                == State::Failed),
            "{wrong}"
        );
        assert!(network.ends[wrong].selected.is_empty());
    }
}

#[test]
fn a_peer_that_is_silent_is_given_up_after_the_timer_of_rfc_8863() {
    let mut network = Network::new(8);
    network.loss = [100, 100];
    network.signal_everything();
    assert!(network.run_until(40 * SECOND, |network| network.state(A) == State::Failed));
    assert!(network.now >= SimTime::from_millis(39_500), "{}", network.now);
    let requests = network.seen.iter().filter(|seen| seen.from == A).count();
    assert_eq!(requests, 7, "RFC 8489 sends a request seven times");
}

#[test]
fn without_candidates_there_is_no_failure_until_the_peer_says_that_none_will_come() {
    let mut network = Network::new(9);
    network.tell_credentials(A);
    network.run_for(120 * SECOND);
    assert_eq!(network.state(A), State::New);
    network.tell_end(A);
    assert_eq!(network.state(A), State::Failed);
}

#[test]
fn one_packet_in_five_may_be_lost() {
    for seed in 0..50 {
        let mut network = Network::new(seed);
        network.loss = [20, 20];
        network.signal_everything();
        assert!(network.run_until(20 * SECOND, both_completed), "seed {seed}");
        let of_a = network.selected(A);
        let of_b = network.selected(B);
        assert_eq!(of_a, of_b.map(|(local, remote)| (remote, local)), "seed {seed}");
    }
}

#[test]
fn the_same_seed_gives_the_same_packets() {
    let run = |seed| {
        let mut network = Network::with_addresses(
            seed,
            &["10.0.0.1:5000", "[2001:db8::1]:5000"],
            &["10.0.0.2:6000", "[2001:db8::2]:6000"],
        );
        network.loss = [10, 10];
        network.signal_everything();
        network.run_for(60 * SECOND);
        network.seen
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}

#[test]
fn peer_reflexive_candidates_are_found_on_both_sides_of_a_router() {
    let mut network = Network::new(18);
    let outside = address("203.0.113.9:7000");
    network.ends[A].outside = Some(outside);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    let (inside, b) = (address("10.0.0.1:5000"), address("10.0.0.2:6000"));
    assert_eq!(network.selected(A), Some((inside, b)));
    assert_eq!(network.selected(B), Some((b, outside)));
    let local = network.ends[A].agent.selected().unwrap().local;
    assert_eq!(local.candidate_type, CandidateType::PeerReflexive);
    assert_eq!(local.socket_address(), Some(outside));
    assert_eq!(local.related, Some(inside));
    let remote = network.ends[B].agent.selected().unwrap().remote;
    assert_eq!(remote.candidate_type, CandidateType::PeerReflexive);
    assert_eq!(remote.priority, local.priority);
    assert_eq!(
        network.ends[A].agent.local_candidates().len(),
        1,
        "only what was gathered"
    );
}

#[test]
fn checks_are_paced() {
    let addresses: Vec<String> = (1..=20).map(|host| format!("10.0.0.{host}:5000")).collect();
    let a: Vec<&str> = addresses.iter().map(String::as_str).collect();
    let mut network = Network::with_addresses(19, &a, &["10.0.1.1:6000"]);
    network.loss = [100, 100];
    network.signal_everything();
    network.run_for(Duration::from_millis(960));
    let times: Vec<SimTime> = network
        .seen
        .iter()
        .filter(|seen| seen.from == A)
        .map(|seen| seen.at)
        .collect();
    assert_eq!(times.len(), 20);
    for pair in times.windows(2) {
        assert_eq!(pair[1] - pair[0], Duration::from_millis(50));
    }
}

#[test]
fn useless_candidates_are_ignored_with_a_reason() {
    let mut network = Network::new(20);
    network.tell_credentials(A);
    for text in [
        "candidate:1 1 tcp 2130706431 192.0.2.1 9 typ host",
        "candidate:1 1 sctp 2130706431 192.0.2.1 9 typ host",
        "candidate:1 2 udp 2130706431 192.0.2.1 5000 typ host",
        "candidate:1 1 udp 2130706431 192.0.2.1 0 typ host",
    ] {
        let candidate = text.parse().unwrap();
        let used = network.ends[A].agent.add_remote_candidate(network.now, candidate);
        assert!(matches!(used, CandidateUse::Ignored(_)), "{text}: {used:?}");
    }
    assert_eq!(network.state(A), State::New);
}

#[test]
fn a_closed_agent_is_silent() {
    let mut network = Network::new(21);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    network.ends[B].agent.close();
    let before = network.seen.iter().filter(|seen| seen.from == B).count();
    network.run_for(60 * SECOND);
    assert_eq!(network.seen.iter().filter(|seen| seen.from == B).count(), before);
    assert_eq!(network.state(B), State::Closed);
    assert_eq!(network.ends[B].agent.deadline(), None);
    assert_eq!(network.state(A), State::Failed);
}

#[test]
fn local_candidates_are_gathered_once_and_best_first() {
    let credentials = IceCredentials::generate(&mut fastrand::Rng::with_seed(1));
    let mut agent = IceAgent::new(credentials, Role::Controlled, fastrand::Rng::with_seed(2));
    let addresses = ["10.0.0.1:1", "[2001:db8::1]:2", "10.0.0.1:3"].map(address);
    agent.gather(SimTime::ZERO, &LocalAddresses::udp(&addresses));
    agent.gather(SimTime::ZERO, &LocalAddresses::udp(&addresses));
    let candidates = agent.local_candidates();
    let order: Vec<u16> = candidates.iter().map(|candidate| candidate.port).collect();
    assert_eq!(order, [2, 1, 3]);
    assert!(candidates.is_sorted_by(|one, other| one.priority > other.priority));
    assert_eq!(candidates[0].priority, 2_130_706_431);
    assert_eq!(candidates[1].foundation, candidates[2].foundation);
    assert_ne!(candidates[0].foundation, candidates[1].foundation);
}

#[test]
fn a_nomination_that_stays_without_answer_ends_failed() {
    let mut network = Network::new(27);
    network.signal_everything();
    assert!(network.run_until(SECOND, |network| network.state(A) == State::Connected));
    network.loss = [0, 100];
    let cut = network.seen.len();
    assert!(network.run_until(40 * SECOND, |network| network.state(A) == State::Failed));
    let requests = network.seen[cut..].iter().filter(|seen| seen.from == A).count();
    assert!(requests > 20, "more than one transaction is tried: {requests}");
    assert_eq!(network.ends[A].agent.deadline(), None, "nothing is left to do");
}
