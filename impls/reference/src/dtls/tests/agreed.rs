//! What a handshake agrees on, and what is left of it when it fails.

use super::*;

fn connected(versions: [Option<DtlsVersion>; 2], seed: u64) -> Pair {
    let mut pair = Pair::started(Setup {
        versions,
        seed,
        ..Setup::default()
    });
    pair.run(Duration::from_secs(5));
    assert_eq!(pair.connected(), [true, true], "{versions:?}, seed {seed}");
    pair
}

#[test]
fn both_sides_come_to_the_same_keys_for_srtp() {
    for (versions, _) in VERSIONS {
        let pair = connected(versions, 1);
        let [client, server] = pair.sides.each_ref().map(|side| side.srtp_keys().unwrap());
        assert_eq!(client, server, "{versions:?}");
        // Each client offers the strongest first.
        let expected = SrtpProfile::AeadAes256Gcm;
        assert_eq!(client.profile, expected, "{versions:?}");
        assert_ne!(client.of(DtlsRole::Client), client.of(DtlsRole::Server));
        for role in [DtlsRole::Client, DtlsRole::Server] {
            assert_eq!(client.of(role).key.len(), expected.key_length());
            assert_eq!(client.of(role).salt.len(), expected.salt_length());
        }
        let other = connected(versions, 2);
        assert_ne!(other.sides[0].srtp_keys(), Some(client), "{versions:?}");
    }
}

#[test]
fn keys_are_there_while_connected_and_not_before_or_after() {
    for (versions, _) in VERSIONS {
        let mut pair = Pair::new(Setup {
            versions,
            seed: 3,
            ..Setup::default()
        });
        assert_eq!(pair.sides[0].srtp_keys(), None);
        for side in 0..2 {
            pair.sides[side].start(pair.now);
        }
        pair.collect();
        let end = SimTime::from_millis(5_000);
        while pair.step(end) {
            for side in 0..2 {
                let connected = pair.events[side].contains(&DtlsEvent::Connected);
                assert_eq!(
                    pair.sides[side].srtp_keys().is_some(),
                    connected,
                    "{versions:?}, side {side}"
                );
            }
        }
        pair.sides[0].close();
        assert_eq!(pair.sides[0].srtp_keys(), None);
    }
}

#[test]
fn both_sides_say_the_same_cipher_suite_and_group() {
    for (versions, agreed) in VERSIONS {
        let pair = connected(versions, 4);
        let expected = match agreed {
            DtlsVersion::V1_2 => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            DtlsVersion::V1_3 => "TLS_AES_128_GCM_SHA256",
        };
        for side in &pair.sides {
            assert_eq!(side.cipher_suite(), Some(expected), "{versions:?}");
            assert_eq!(side.group(), Some("x25519"), "{versions:?}");
        }
        assert_eq!(
            pair.sides.each_ref().map(DtlsTransport::role),
            [DtlsRole::Client, DtlsRole::Server]
        );
    }
}

#[test]
fn nothing_is_agreed_on_before_the_handshake() {
    for (versions, _) in VERSIONS {
        let pair = Pair::new(Setup {
            versions,
            seed: 5,
            ..Setup::default()
        });
        for side in &pair.sides {
            assert_eq!((side.cipher_suite(), side.group()), (None, None), "{versions:?}");
            assert_eq!(side.remote_certificate(), None);
        }
    }
}

#[test]
fn the_remote_certificate_is_the_one_that_was_verified() {
    for (versions, _) in VERSIONS {
        let pair = connected(versions, 6);
        for side in 0..2 {
            let expected = certificate(6 * 2 + 1 - side as u64);
            assert_eq!(
                pair.sides[side].remote_certificate(),
                Some(expected.der()),
                "{versions:?}"
            );
        }
        let mut pair = Pair::started(Setup {
            versions,
            seed: 6,
            deceived: [true, true],
            ..Setup::default()
        });
        pair.run(Duration::from_secs(300));
        for side in &pair.sides {
            assert_eq!(side.remote_certificate(), None, "{versions:?}: it was refused");
        }
    }
}

#[test]
fn alerts_are_told_apart_from_other_failures_on_the_side_that_sends_and_the_one_that_receives() {
    const BAD_CERTIFICATE: Option<u8> = Some(42);
    let failure = |pair: &Pair, side: usize| match &pair.events[side][..] {
        [DtlsEvent::Failed(failure)] => (failure.sent_alert(), failure.received_alert()),
        other => panic!("side {side}: {other:?}"),
    };
    for refusing in 0..2 {
        let mut deceived = [false; 2];
        deceived[refusing] = true;
        let mut pair = Pair::started(Setup {
            versions: [Some(DtlsVersion::V1_2); 2],
            deceived,
            seed: 7,
            ..Setup::default()
        });
        pair.run(Duration::from_secs(10));
        assert_eq!(failure(&pair, refusing), (BAD_CERTIFICATE, None));
        assert_eq!(failure(&pair, 1 - refusing), (None, BAD_CERTIFICATE));
    }
    // In DTLS 1.3 no alert can be sent, and none is said to have been.
    let mut pair = Pair::started(Setup {
        versions: [Some(DtlsVersion::V1_3); 2],
        deceived: [false, true],
        seed: 7,
        ..Setup::default()
    });
    pair.run(Duration::from_secs(10));
    assert_eq!(failure(&pair, 1), (None, None));
    let mut pair = Pair::started(Setup {
        seed: 8,
        loss: 1.0,
        ..Setup::default()
    });
    pair.run(Duration::from_secs(300));
    assert_eq!(failure(&pair, 0), (None, None), "a timeout is no alert");
}

#[test]
fn a_new_association_with_other_certificates_takes_the_place_of_the_old_amid_its_packets() {
    for (versions, _) in VERSIONS {
        let mut pair = connected(versions, 9);
        let old_keys = pair.sides[0].srtp_keys().cloned();
        // What the old associations still have under way when the new ones begin.
        for side in 0..2 {
            pair.send(side, b"from the association before");
        }
        let under_way = std::mem::take(&mut pair.flying);
        let mut renewed = Pair::new(Setup {
            versions,
            seed: 10,
            ..Setup::default()
        });
        renewed.now = pair.now;
        renewed.flying = under_way;
        renewed.sent = pair.sent;
        for side in 0..2 {
            renewed.sides[side].start(renewed.now);
        }
        renewed.collect();
        renewed.run(Duration::from_secs(5));
        assert_eq!(
            renewed.events,
            [[DtlsEvent::Connected], [DtlsEvent::Connected]],
            "{versions:?}"
        );
        assert_ne!(renewed.sides[0].srtp_keys(), old_keys.as_ref());
        renewed.send(0, b"from the new one");
        renewed.run(Duration::from_secs(1));
        assert_eq!(renewed.received(1), [b"from the new one"], "{versions:?}");
    }
}
