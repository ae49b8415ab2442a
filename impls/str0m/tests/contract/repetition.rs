//! The same seed gives the same run.
//!
//! Nothing under this process pins the operating system, from which sctp-proto takes its tags, sequence numbers and first
//! moment. The tests leave out just that: the bodies of what it sends, and under loss what comes after its first packet.

use std::thread;
use std::time::Duration;

use glare_peer::{Configuration, DataChannelInit, Datagram, OfferOptions, Operation, SimTime};

use crate::network::{A, B, Network};

const LIMIT: Duration = Duration::from_secs(60);
/// The content type of a DTLS record that carries SCTP, and the length of the header before its body.
const APPLICATION_DATA: u8 = 23;
const RECORD_HEADER: usize = 13;

#[derive(Debug, PartialEq)]
struct Record {
    finished: bool,
    end: SimTime,
    offer: String,
    sent: Vec<(SimTime, usize, Datagram)>,
    events: Vec<(usize, String)>,
    secrets: Vec<String>,
}

/// A run on a thread of its own: the generators of a thread live as long as it does.
fn record(seed: u64, loss: f64) -> Record {
    thread::spawn(move || play(seed, loss))
        .join()
        .expect("the run does not panic")
}

/// Connects, sends ten messages each way, and closes.
fn play(seed: u64, loss: f64) -> Record {
    let mut network = Network::with(seed, loss, &Configuration::default());
    let here = network.create_channel(A, "chat", DataChannelInit::default());
    let offer = network.describe(A, Operation::CreateOffer(OfferOptions::default()));
    network.negotiate(A, OfferOptions::default());
    let opened = |network: &Network| network.count(A, "open") == 1 && network.count(B, "open") == 1;
    let mut finished = network.run_until(LIMIT, opened);
    if finished {
        let there = network.announced(B)[0];
        for number in 0..10 {
            network.send(A, here, &format!("{number} to b"));
            network.send(B, there, &format!("{number} to a"));
        }
        let left = LIMIT.saturating_sub(network.now.since_start());
        finished = network.run_until(left, |network| {
            network.texts(A, here).len() == 10 && network.texts(B, there).len() == 10
        });
    }
    network.call(A, Operation::Close);
    network.run_for(Duration::from_secs(1));
    Record {
        finished,
        end: network.now,
        offer: offer.sdp.to_string(),
        sent: network.sent.into_iter().map(without_body_of_sctp).collect(),
        events: network
            .events
            .into_iter()
            .map(|(peer, event)| (peer, format!("{event:?}")))
            .collect(),
        secrets: network.secrets,
    }
}

fn without_body_of_sctp((at, from, mut datagram): (SimTime, usize, Datagram)) -> (SimTime, usize, Datagram) {
    if carries_sctp(&datagram) {
        datagram.data[RECORD_HEADER..].fill(0);
    }
    (at, from, datagram)
}

fn carries_sctp(datagram: &Datagram) -> bool {
    datagram.data.first() == Some(&APPLICATION_DATA)
}

/// All that was sent before SCTP began.
fn before_sctp(record: &Record) -> &[(SimTime, usize, Datagram)] {
    let end = record
        .sent
        .iter()
        .position(|(.., datagram)| carries_sctp(datagram));
    &record.sent[..end.unwrap_or(record.sent.len())]
}

#[test]
fn the_same_seed_gives_the_same_datagrams_again_in_one_process() {
    let first = record(1, 0.0);
    assert!(first.finished);
    assert!(first.sent.len() > 20);
    assert_eq!(first, record(1, 0.0));
    assert_ne!(first.sent, record(2, 0.0).sent);
}

#[test]
fn the_same_seed_gives_the_same_datagrams_on_threads_that_run_at_once() {
    let threads: Vec<_> = (0..2).map(|_| thread::spawn(|| play(1, 0.0))).collect();
    let here = record(1, 0.0);
    for thread in threads {
        assert_eq!(thread.join().expect("the run does not panic"), here);
    }
}

#[test]
fn loss_changes_the_run_but_not_its_repetition() {
    let mut unfinished = Vec::new();
    for seed in 0..20 {
        let (first, again) = (record(seed, 0.1), record(seed, 0.1));
        assert_eq!(first.offer, again.offer, "seed {seed}");
        assert_eq!(before_sctp(&first), before_sctp(&again), "seed {seed}");
        assert_eq!(first.secrets, again.secrets, "seed {seed}");
        assert_ne!(before_sctp(&first), [], "seed {seed}");
        if !first.finished {
            unfinished.push(seed);
        }
    }
    // Whether they all finish is str0m's affair; a reader of the test's output wants to know.
    println!(
        "at 10 % loss {} of 20 seeds finish in {LIMIT:?}; not {unfinished:?}",
        20 - unfinished.len()
    );
}
