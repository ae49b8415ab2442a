//! From one generation to the next.

use std::time::Duration;

use glare_peer::IceTransportState as State;

use super::network::{A, B, Network, both_completed, both_usable};
use super::{SECOND, names};
use crate::ice::CandidateUse;

#[test]
fn a_restart_switches_generation_while_the_path_stays() {
    for first in [A, B] {
        let mut network = Network::new(10);
        network.signal_everything();
        assert!(network.run_until(SECOND, both_completed));
        let path = network.selected(A);
        let former = network.ends[first].agent.local_credentials().clone();

        network.restart(first);
        assert_eq!(network.state(first), State::Connected);
        assert_ne!(network.ends[first].agent.local_credentials(), &former);
        // The other side takes long to answer: consent goes on with the credentials of before.
        network.run_for(90 * SECOND);
        assert_eq!(network.state(first), State::Connected);
        assert_eq!(network.state(1 - first), State::Completed);
        assert_eq!(network.selected(A), path);

        network.restart(1 - first);
        network.tell_credentials(1 - first);
        network.tell_candidates(1 - first);
        network.run_for(Duration::from_millis(200));
        assert_eq!(network.selected(A), path);
        assert!(both_usable(&network));
        if first == A {
            // B's new pair is valid, but A has not nominated it.
            assert_eq!(network.ends[B].selected.len(), 1);
        }
        network.tell_credentials(first);
        network.tell_candidates(first);
        network.tell_end(A);
        network.tell_end(B);
        assert!(network.run_until(SECOND, both_completed));
        assert_eq!(network.selected(A), path);
        network.run_for(90 * SECOND);
        assert!(both_completed(&network));
        for side in [A, B] {
            assert_eq!(network.ends[side].selected.len(), 2, "one for each generation");
            assert!(!names(&network, side).contains(&State::Disconnected));
        }
    }
}

#[test]
fn a_restart_that_is_taken_back_leaves_everything_as_it_was() {
    let mut network = Network::new(11);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    let credentials = network.ends[A].agent.local_credentials().clone();
    network.restart(A);
    assert!(network.ends[A].agent.abandon_restart(network.now));
    assert_eq!(network.ends[A].agent.local_credentials(), &credentials);
    assert_eq!(network.state(A), State::Completed);
    network.run_for(60 * SECOND);
    assert!(both_completed(&network));
    assert!(
        !network.ends[A].agent.abandon_restart(network.now),
        "there is nothing to take back"
    );
}

#[test]
fn a_restart_revives_a_failed_transport() {
    let mut network = Network::new(12);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    network.loss = [100, 100];
    network.run_for(60 * SECOND);
    assert_eq!(network.state(A), State::Failed);
    network.loss = [0, 0];
    network.run_for(60 * SECOND);
    assert_eq!(network.state(A), State::Failed, "failed is final until a restart");
    for side in [A, B] {
        network.restart(side);
        assert_eq!(network.state(side), State::Checking);
    }
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
}

#[test]
fn candidates_of_the_next_generation_wait_for_its_credentials() {
    let mut network = Network::new(13);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    network.restart(B);
    let candidate = network.ends[B].candidates[0].clone();
    let used = network.ends[A].agent.add_remote_candidate(network.now, candidate);
    assert_eq!(used, CandidateUse::Held);
    assert_eq!(network.ends[A].agent.remote_candidates().len(), 1);
    network.restart(A);
    network.tell_credentials(A);
    assert_eq!(network.ends[A].agent.remote_candidates().len(), 1);
}

#[test]
fn a_path_that_dies_while_a_restart_is_unanswered_is_disconnected() {
    let mut network = Network::new(28);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    network.restart(A);
    network.loss = [100, 100];
    network.run_for(60 * SECOND);
    assert_eq!(network.state(A), State::Disconnected);
    assert_eq!(network.selected(A), None);
    network.restart(B);
    network.loss = [0, 0];
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
}

#[test]
fn whatever_happened_before_a_restart_of_both_sides_connects() {
    for seed in 0..300 {
        let mut chance = fastrand::Rng::with_seed(seed);
        let mut network = Network::with_addresses(
            seed,
            &["10.0.0.1:5000", "[2001:db8::1]:5000"],
            &["10.0.0.2:6000", "[2001:db8::2]:6000", "10.0.0.3:6000"],
        );
        network.delay = Duration::from_millis(chance.u64(1..400));
        for _ in 0..chance.usize(1..20) {
            let side = chance.usize(..2);
            match chance.u8(..7) {
                0 => network.tell_credentials(side),
                1 => network.tell_candidates(side),
                2 => network.tell_end(side),
                3 => network.restart(side),
                4 => {
                    network.ends[side].agent.abandon_restart(network.now);
                }
                5 => {
                    let role = network.ends[side].agent.role().opposite();
                    network.ends[side].agent.set_role(role);
                }
                _ => network.loss = [chance.u8(..=100), chance.u8(..=100)],
            }
            network.run_for(Duration::from_millis(chance.u64(..10_000)));
        }
        network.loss = [0, 0];
        network.restart(A);
        network.restart(B);
        network.signal_everything();
        assert!(network.run_until(5 * SECOND, both_completed), "seed {seed}");
        let of_a = network.selected(A);
        let of_b = network.selected(B);
        assert_eq!(of_a, of_b.map(|(local, remote)| (remote, local)), "seed {seed}");
    }
}

#[test]
fn a_late_candidate_of_the_generation_before_counts_until_the_restart_is_answered() {
    let mut network = Network::new(29);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    let of_b = network.ends[B]
        .agent
        .local_credentials()
        .username_fragment
        .clone();
    let late = |port: u16| {
        let text = format!("candidate:7 1 udp 7 192.0.2.7 {port} typ host ufrag {of_b}");
        text.parse().unwrap()
    };
    network.restart(A);
    let used = network.ends[A].agent.add_remote_candidate(network.now, late(1));
    assert_eq!(used, CandidateUse::Used);
    assert!(network.ends[A].agent.remote_candidates().is_empty());
    assert!(network.ends[A].agent.abandon_restart(network.now));
    assert_eq!(network.ends[A].agent.remote_candidates().len(), 2);

    network.restart(A);
    network.restart(B);
    network.tell_credentials(A);
    let used = network.ends[A].agent.add_remote_candidate(network.now, late(2));
    assert!(matches!(used, CandidateUse::Ignored(_)), "{used:?}");
}
