//! The pair in use, once it is found.

use std::time::Duration;

use glare_peer::{IceTransportState as State, SimTime};
use stun_types::message::{Message, MessageClass};

use super::network::{A, B, Network, both_completed};
use super::{SECOND, names};

#[test]
fn lost_consent_disconnects_and_then_fails() {
    let mut network = Network::new(14);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    network.run_for(20 * SECOND);
    network.loss = [100, 100];
    let cut = network.now;
    let failed = |network: &Network| [A, B].iter().all(|side| network.state(*side) == State::Failed);
    assert!(network.run_until(31 * SECOND, failed));
    for end in &network.ends {
        let since_cut: Vec<(State, Duration)> = end.states[3..]
            .iter()
            .map(|(at, state)| (*state, *at - cut))
            .collect();
        let [(State::Disconnected, silence), (State::Failed, loss)] = since_cut[..] else {
            panic!("{since_cut:?}");
        };
        assert!((5 * SECOND..=11 * SECOND).contains(&silence), "{silence:?}");
        assert!(
            (24 * SECOND..=30 * SECOND + network.delay * 2).contains(&loss),
            "{loss:?}"
        );
        assert_eq!(end.agent.selected(), None);
    }
}

#[test]
fn a_path_that_comes_back_before_thirty_seconds_recovers() {
    let mut network = Network::new(15);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    network.loss = [100, 100];
    network.run_for(20 * SECOND);
    assert_eq!(network.state(A), State::Disconnected);
    network.loss = [0, 0];
    network.run_for(10 * SECOND);
    assert!(both_completed(&network));
    network.run_for(120 * SECOND);
    assert!(both_completed(&network));
    assert_eq!(names(&network, A)[3..], [State::Disconnected, State::Completed]);
}

#[test]
fn consent_needs_answers_and_not_only_requests_of_the_peer() {
    let mut network = Network::new(16);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    // B hears nothing any more, A still hears B's checks.
    network.loss = [100, 0];
    network.run_for(40 * SECOND);
    assert_eq!(network.state(A), State::Failed);
    assert_eq!(network.state(B), State::Failed);
}

#[test]
fn consent_checks_are_four_to_six_seconds_apart() {
    let mut network = Network::new(17);
    network.signal_everything();
    assert!(network.run_until(SECOND, both_completed));
    let before = network.seen.len();
    network.run_for(600 * SECOND);
    let times: Vec<SimTime> = network.seen[before..]
        .iter()
        .filter(|seen| seen.from == A && is_request(&seen.data))
        .map(|seen| seen.at)
        .collect();
    assert!((100..=150).contains(&times.len()), "{}", times.len());
    for pair in times.windows(2) {
        let interval = pair[1] - pair[0];
        assert!((4 * SECOND..=6 * SECOND).contains(&interval), "{interval:?}");
    }
}

fn is_request(packet: &[u8]) -> bool {
    Message::from_bytes(packet)
        .unwrap()
        .has_class(MessageClass::Request)
}
