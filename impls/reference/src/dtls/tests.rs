//! Two transports and a link between them, over virtual time.

use super::*;
use glare_peer::{DtlsVersion, SimTime};
use std::time::Duration;

mod agreed;

const UNIX_TIME: Duration = Duration::from_secs(1_735_689_600);
const DELAY: Duration = Duration::from_millis(20);

fn certificate(seed: u64) -> Certificate {
    Certificate::generate(&mut fastrand::Rng::with_seed(seed), UNIX_TIME).unwrap()
}

/// What has left one side and is to arrive at the other.
struct Flying {
    at: SimTime,
    number: u64,
    to: usize,
    packet: Vec<u8>,
}

struct Pair {
    now: SimTime,
    /// The client, then the server.
    sides: [DtlsTransport; 2],
    events: [Vec<DtlsEvent>; 2],
    secrets: [Vec<String>; 2],
    flying: Vec<Flying>,
    /// Everything ever sent: when, by whom, what.
    sent: Vec<(SimTime, usize, Vec<u8>)>,
    loss: f64,
    rng: fastrand::Rng,
}

#[derive(Clone, Copy, Default)]
struct Setup {
    versions: [Option<DtlsVersion>; 2],
    seed: u64,
    loss: f64,
    /// Which side is given a fingerprint that is not the other's.
    deceived: [bool; 2],
}

impl Pair {
    fn new(setup: Setup) -> Pair {
        let certificates = [certificate(setup.seed * 2), certificate(setup.seed * 2 + 1)];
        let side = |index: usize, role| {
            let expected = if setup.deceived[index] {
                certificate(999_999).fingerprint()
            } else {
                certificates[1 - index].fingerprint()
            };
            let seed = setup.seed * 2 + index as u64;
            let (own, version) = (&certificates[index], setup.versions[index]);
            DtlsTransport::new(own, role, vec![expected], version, seed, UNIX_TIME, SimTime::ZERO).unwrap()
        };
        Pair {
            now: SimTime::ZERO,
            sides: [side(0, DtlsRole::Client), side(1, DtlsRole::Server)],
            events: Default::default(),
            secrets: Default::default(),
            flying: Vec::new(),
            sent: Vec::new(),
            loss: setup.loss,
            rng: fastrand::Rng::with_seed(setup.seed ^ 0xA5A5),
        }
    }

    fn started(setup: Setup) -> Pair {
        let mut pair = Pair::new(setup);
        for side in 0..2 {
            pair.sides[side].start(pair.now);
        }
        pair.collect();
        pair
    }

    fn collect(&mut self) {
        for side in 0..2 {
            while let Some(packet) = self.sides[side].transmit() {
                assert!(packet.len() <= 1200, "a datagram of {} bytes", packet.len());
                self.sent.push((self.now, side, packet.clone()));
                if self.rng.f64() >= self.loss {
                    let number = self.sent.len() as u64;
                    self.flying.push(Flying {
                        at: self.now + DELAY,
                        number,
                        to: 1 - side,
                        packet,
                    });
                }
            }
            while let Some(event) = self.sides[side].event() {
                self.events[side].push(event);
            }
            self.secrets[side].extend(self.sides[side].secrets());
        }
    }

    /// The next thing happens, if there is one until `end`.
    fn step(&mut self, end: SimTime) -> bool {
        let next = self
            .flying
            .iter()
            .enumerate()
            .min_by_key(|(_, flying)| (flying.at, flying.number));
        let arrival = next.map(|(index, flying)| (flying.at, index));
        let timer = self.sides.iter().filter_map(DtlsTransport::deadline).min();
        match (arrival, timer) {
            (Some((at, index)), timer) if timer.is_none_or(|timer| at <= timer) && at <= end => {
                self.now = at;
                let Flying { to, packet, .. } = self.flying.remove(index);
                self.sides[to].input(at, &packet);
            }
            (_, Some(at)) if at <= end => {
                assert!(at >= self.now, "a deadline in the past");
                self.now = at;
                for side in &mut self.sides {
                    side.advance(at);
                }
            }
            _ => return false,
        }
        self.collect();
        true
    }

    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        let mut steps = 0;
        while self.step(end) {
            steps += 1;
            assert!(steps < 10_000, "it does not come to rest");
        }
        self.now = end;
    }

    fn connected(&self) -> [bool; 2] {
        [0, 1].map(|side| self.events[side].contains(&DtlsEvent::Connected))
    }

    fn send(&mut self, side: usize, data: &[u8]) {
        self.sides[side].send(self.now, data).unwrap();
        self.collect();
    }

    fn received(&self, side: usize) -> Vec<&[u8]> {
        let data = |event: &'_ DtlsEvent| matches!(event, DtlsEvent::Data(_));
        self.events[side]
            .iter()
            .filter(|event| data(event))
            .map(|event| match event {
                DtlsEvent::Data(data) => data.as_slice(),
                _ => unreachable!("filtered"),
            })
            .collect()
    }
}

/// Each choice of the client and the server, and what they agree on.
const VERSIONS: [([Option<DtlsVersion>; 2], DtlsVersion); 7] = [
    (
        [Some(DtlsVersion::V1_2), Some(DtlsVersion::V1_2)],
        DtlsVersion::V1_2,
    ),
    (
        [Some(DtlsVersion::V1_3), Some(DtlsVersion::V1_3)],
        DtlsVersion::V1_3,
    ),
    ([None, None], DtlsVersion::V1_3),
    ([None, Some(DtlsVersion::V1_2)], DtlsVersion::V1_2),
    ([Some(DtlsVersion::V1_2), None], DtlsVersion::V1_2),
    ([None, Some(DtlsVersion::V1_3)], DtlsVersion::V1_3),
    ([Some(DtlsVersion::V1_3), None], DtlsVersion::V1_3),
];

#[test]
fn every_choice_of_versions_connects_and_carries_data_both_ways() {
    for (versions, agreed) in VERSIONS {
        let mut pair = Pair::started(Setup {
            versions,
            seed: 1,
            ..Setup::default()
        });
        pair.run(Duration::from_secs(5));
        assert_eq!(pair.connected(), [true, true], "{versions:?}");
        assert_eq!(
            pair.sides.each_ref().map(DtlsTransport::version),
            [Some(agreed); 2],
            "{versions:?}"
        );
        pair.send(0, b"from the client");
        pair.send(1, b"from the server");
        pair.send(1, &[7; 1160]);
        pair.run(Duration::from_secs(5));
        assert_eq!(
            pair.received(0),
            [b"from the server".as_slice(), &[7; 1160]],
            "{versions:?}"
        );
        assert_eq!(pair.received(1), [b"from the client"], "{versions:?}");
    }
}

#[test]
fn every_choice_of_versions_connects_under_loss() {
    for (versions, _) in VERSIONS {
        for seed in 0..30 {
            let mut pair = Pair::started(Setup {
                versions,
                seed,
                loss: 0.15,
                ..Setup::default()
            });
            pair.run(Duration::from_secs(100));
            assert_eq!(
                pair.connected(),
                [true, true],
                "{versions:?}, seed {seed}: {:?}",
                pair.events
            );
        }
    }
}

#[test]
fn the_same_seed_sends_the_same_bytes_and_another_seed_others() {
    for (versions, _) in VERSIONS {
        let play = |seed| {
            let mut pair = Pair::started(Setup {
                versions,
                seed,
                loss: 0.1,
                ..Setup::default()
            });
            pair.run(Duration::from_secs(60));
            pair.loss = 0.0;
            pair.send(0, b"data");
            pair.run(Duration::from_secs(1));
            pair.sides[1].close();
            pair.collect();
            pair.run(Duration::from_secs(1));
            pair.sent
        };
        assert_eq!(play(3), play(3), "{versions:?}");
        assert_ne!(play(3), play(4), "{versions:?}");
    }
}

#[test]
fn versions_that_do_not_meet_fail_or_stay_unconnected() {
    for versions in [
        [Some(DtlsVersion::V1_2), Some(DtlsVersion::V1_3)],
        [Some(DtlsVersion::V1_3), Some(DtlsVersion::V1_2)],
    ] {
        let mut pair = Pair::started(Setup {
            versions,
            seed: 1,
            ..Setup::default()
        });
        pair.run(Duration::from_secs(300));
        assert_eq!(pair.connected(), [false, false], "{versions:?}");
        let client_failed = matches!(
            pair.events[0][..],
            [DtlsEvent::Failed(DtlsFailure::Handshake { .. })]
        );
        assert!(client_failed, "{versions:?}: {:?}", pair.events);
    }
}

#[test]
fn a_wrong_fingerprint_fails_on_the_side_that_verifies_it_and_nothing_flows() {
    for (versions, agreed) in VERSIONS {
        for verifying in 0..2 {
            let mut deceived = [false; 2];
            deceived[verifying] = true;
            let mut pair = Pair::started(Setup {
                versions,
                deceived,
                seed: 5,
                ..Setup::default()
            });
            pair.run(Duration::from_secs(300));
            let what = format!("{versions:?}, {verifying} verifies: {:?}", pair.events);
            let [
                DtlsEvent::Failed(DtlsFailure::Fingerprint {
                    expected, presented, ..
                }),
            ] = &pair.events[verifying][..]
            else {
                panic!("{what}");
            };
            assert_eq!(*expected, [certificate(999_999).fingerprint()]);
            assert_eq!(
                *presented,
                certificate(5 * 2 + 1 - verifying as u64).fingerprint()
            );
            assert_eq!(
                pair.sides[verifying].send(pair.now, b"data"),
                Err(DtlsError::NotConnected)
            );
            assert_eq!(pair.sides[verifying].deadline(), None);
            match (agreed, verifying, &pair.events[1 - verifying][..]) {
                (DtlsVersion::V1_2, _, [DtlsEvent::Failed(DtlsFailure::Handshake { reason, .. })]) => {
                    assert!(reason.contains("42"), "it hears of the alert: {reason}");
                }
                (DtlsVersion::V1_3, 1, [DtlsEvent::Connected, DtlsEvent::Closed]) => {}
                (DtlsVersion::V1_3, 0, [DtlsEvent::Failed(DtlsFailure::Handshake { reason, .. })]) => {
                    assert!(reason.contains("timeout"), "nobody answers: {reason}");
                }
                _ => panic!("{what}"),
            }
        }
    }
}

#[test]
fn a_client_of_dtls_1_3_with_a_wrong_certificate_is_told_also_under_loss() {
    for seed in 0..30 {
        let versions = [Some(DtlsVersion::V1_3); 2];
        let deceived = [false, true];
        let mut pair = Pair::started(Setup {
            versions,
            deceived,
            seed,
            loss: 0.15,
        });
        pair.run(Duration::from_secs(300));
        let [DtlsEvent::Failed(DtlsFailure::Fingerprint { .. })] = pair.events[1][..] else {
            panic!("seed {seed}: {:?}", pair.events);
        };
        assert_eq!(pair.sides[1].deadline(), None);
        // A close_notify that was lost comes again when the client goes on.
        for _ in 0..20 {
            if pair.events[0] == [DtlsEvent::Connected] {
                pair.send(0, b"is anybody there?");
                pair.run(Duration::from_secs(1));
            }
        }
        assert_eq!(
            pair.events[0],
            [DtlsEvent::Connected, DtlsEvent::Closed],
            "seed {seed}"
        );
        assert_eq!(pair.received(1).len(), 0);
    }
}

#[test]
fn an_alert_that_is_lost_is_sent_again_when_the_message_it_answers_comes_again() {
    let versions = [Some(DtlsVersion::V1_2); 2];
    let mut pair = Pair::started(Setup {
        versions,
        deceived: [false, true],
        seed: 6,
        ..Setup::default()
    });
    while pair.events[1].is_empty() {
        assert!(pair.step(SimTime::from_millis(1000)));
    }
    pair.flying.retain(|flying| flying.to == 1);
    pair.run(Duration::from_secs(10));
    assert!(
        matches!(pair.events[0][..], [DtlsEvent::Failed(_)]),
        "{:?}",
        pair.events[0]
    );
}

#[test]
fn packets_before_the_start_are_taken_at_the_start() {
    for (versions, _) in VERSIONS {
        let mut pair = Pair::new(Setup {
            versions,
            seed: 7,
            ..Setup::default()
        });
        pair.sides[0].start(pair.now);
        pair.collect();
        pair.run(Duration::from_millis(500));
        assert_eq!(pair.sides[1].deadline(), None, "it has not begun");
        pair.sides[1].start(pair.now);
        pair.collect();
        pair.run(Duration::from_millis(400));
        assert_eq!(
            pair.connected(),
            [true, true],
            "{versions:?}: within the first retransmission"
        );
    }
}

#[test]
fn close_notify_ends_the_association_from_either_side() {
    for (versions, _) in VERSIONS {
        for closing in 0..2 {
            let mut pair = Pair::started(Setup {
                versions,
                seed: 8,
                ..Setup::default()
            });
            pair.run(Duration::from_secs(5));
            pair.send(closing, b"the last");
            pair.sides[closing].close();
            pair.collect();
            pair.run(Duration::from_secs(5));
            let other = 1 - closing;
            let expected = [
                DtlsEvent::Connected,
                DtlsEvent::Data(b"the last".to_vec()),
                DtlsEvent::Closed,
            ];
            assert_eq!(pair.events[other], expected, "{versions:?}");
            assert_eq!(
                pair.events[closing],
                [DtlsEvent::Connected],
                "closing is no event where it was asked for"
            );
            for side in 0..2 {
                assert_eq!(
                    pair.sides[side].send(pair.now, b"more"),
                    Err(DtlsError::NotConnected)
                );
                assert_eq!(pair.sides[side].deadline(), None);
            }
        }
    }
}

#[test]
fn a_handshake_that_nobody_answers_fails_in_the_end() {
    for versions in [None, Some(DtlsVersion::V1_2), Some(DtlsVersion::V1_3)] {
        let mut pair = Pair::started(Setup {
            versions: [versions; 2],
            seed: 9,
            loss: 1.0,
            ..Setup::default()
        });
        pair.run(Duration::from_secs(119));
        assert_eq!(pair.events[0], [], "{versions:?}");
        pair.run(Duration::from_secs(2));
        assert!(
            matches!(
                pair.events[0][..],
                [DtlsEvent::Failed(DtlsFailure::Handshake { .. })]
            ),
            "{versions:?}"
        );
        assert_eq!(pair.events[1], [], "a server waits");
    }
}

#[test]
fn the_key_log_has_the_lines_of_its_version_and_both_sides_agree() {
    for (versions, agreed) in VERSIONS {
        let mut pair = Pair::started(Setup {
            versions,
            seed: 10,
            ..Setup::default()
        });
        pair.run(Duration::from_secs(5));
        let mut lines = pair.secrets.clone();
        for lines in &mut lines {
            lines.sort();
            lines.dedup();
        }
        assert_eq!(lines[0], lines[1], "{versions:?}");
        let mut labels = Vec::new();
        for line in &lines[0] {
            let fields: Vec<_> = line.split(' ').collect();
            let [label, random, secret] = fields[..] else {
                panic!("{line}")
            };
            labels.push(label);
            assert_eq!(random.len(), 64, "{line}");
            let length = if agreed == DtlsVersion::V1_2 {
                vec![96]
            } else {
                vec![64, 96]
            };
            assert!(length.contains(&secret.len()), "{line}");
            assert!(
                format!("{random}{secret}")
                    .bytes()
                    .all(|digit| digit.is_ascii_hexdigit()),
                "{line}"
            );
            assert!(
                pair.sent.iter().any(|(_, _, packet)| {
                    let hexadecimal: String = packet.iter().map(|byte| format!("{byte:02x}")).collect();
                    hexadecimal.contains(random)
                }),
                "the client random was on the wire"
            );
        }
        let expected: &[&str] = match agreed {
            DtlsVersion::V1_2 => &["CLIENT_RANDOM"],
            DtlsVersion::V1_3 => &[
                "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
                "CLIENT_TRAFFIC_SECRET_0",
                "EXPORTER_SECRET",
                "SERVER_HANDSHAKE_TRAFFIC_SECRET",
                "SERVER_TRAFFIC_SECRET_0",
            ],
        };
        assert_eq!(labels, expected, "{versions:?}");
    }
}

#[test]
fn a_random_of_dtls_1_2_begins_with_the_wall_clock_of_the_run() {
    let pair = Pair::started(Setup {
        versions: [Some(DtlsVersion::V1_2); 2],
        seed: 11,
        ..Setup::default()
    });
    let random = key_log::client_random(&pair.sent[0].2).unwrap();
    assert_eq!(random[..4], 1_735_689_600_u32.to_be_bytes());
}

#[test]
fn garbage_neither_panics_nor_hinders_the_handshake() {
    for (versions, _) in VERSIONS {
        for seed in 0..6 {
            let mut pair = Pair::started(Setup {
                versions,
                seed,
                ..Setup::default()
            });
            let mut rng = fastrand::Rng::with_seed(seed);
            for side in [0, 1] {
                for length in [0, 1, 12, 13, 14, 25, 26, 60, 1200] {
                    let mut packet: Vec<u8> = (0..length).map(|_| rng.u8(..)).collect();
                    pair.sides[side].input(pair.now, &packet);
                    // The same with the first bytes of a record that could be.
                    for (at, byte) in [22, 0xFE, 0xFD, 0, 0].into_iter().enumerate().take(packet.len()) {
                        packet[at] = byte;
                    }
                    pair.sides[side].input(pair.now, &packet);
                }
            }
            pair.collect();
            pair.run(Duration::from_secs(60));
            assert_eq!(
                pair.connected(),
                [true, true],
                "{versions:?}, seed {seed}: {:?}",
                pair.events
            );
        }
    }
}

#[test]
fn packets_with_flipped_bits_never_panic_and_never_connect_to_a_wrong_certificate() {
    for (versions, _) in VERSIONS {
        for seed in 0..20 {
            let mut pair = Pair::started(Setup {
                versions,
                deceived: [true, true],
                seed,
                ..Setup::default()
            });
            let mut rng = fastrand::Rng::with_seed(seed);
            let end = SimTime::from_millis(10_000);
            for _ in 0..200 {
                for flying in &mut pair.flying {
                    if rng.u8(..) < 64 && !flying.packet.is_empty() {
                        let at = rng.usize(..flying.packet.len());
                        flying.packet[at] ^= 1 << rng.u8(..8);
                    }
                }
                if !pair.step(end) {
                    break;
                }
            }
            assert_eq!(pair.connected(), [false, false]);
        }
    }
}

#[test]
fn data_that_no_record_holds_is_refused() {
    let mut pair = Pair::started(Setup {
        seed: 12,
        ..Setup::default()
    });
    assert_eq!(
        pair.sides[0].send(pair.now, b"early"),
        Err(DtlsError::NotConnected)
    );
    pair.run(Duration::from_secs(5));
    assert_eq!(
        pair.sides[0].send(pair.now, &[0; 16385]),
        Err(DtlsError::TooLong(16385))
    );
}
