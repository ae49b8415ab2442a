//! The test vectors of the RFCs, and what a session lets through.

use aes::Aes128;
use aes_gcm::{Aes128Gcm, Aes256Gcm, KeyInit as _};

use super::cipher::{Gcm, Transform, derive, key_stream};
use super::*;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<_> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

const PROFILES: [SrtpProfile; 3] = [
    SrtpProfile::Aes128CmHmacSha1_80,
    SrtpProfile::AeadAes128Gcm,
    SrtpProfile::AeadAes256Gcm,
];

fn pair(profile: SrtpProfile) -> (SrtpSession, SrtpSession) {
    let material: Vec<u8> = (0..profile.keying_material_length()).map(|at| at as u8).collect();
    let session = |is_client| SrtpSession::new(profile, &material, is_client).unwrap();
    (session(true), session(false))
}

fn rtp(sequence_number: u16, ssrc: u32) -> Vec<u8> {
    let mut packet = vec![0x90, 96];
    packet.extend(sequence_number.to_be_bytes());
    packet.extend(7u32.to_be_bytes());
    packet.extend(ssrc.to_be_bytes());
    packet.extend(bytes("BEDE0001 10AA0000"));
    packet.extend(b"a payload that is longer than one block of the cipher");
    packet
}

fn rtcp(ssrc: u32) -> Vec<u8> {
    let mut packet = bytes("81C90001");
    packet.extend(ssrc.to_be_bytes());
    packet.extend([9; 20]);
    packet
}

#[test]
fn the_key_stream_is_that_of_rfc_3711_appendix_b_2() {
    let cipher = Aes128::new_from_slice(&bytes("2B7E151628AED2A6ABF7158809CF4F3C")).unwrap();
    let iv = bytes("F0F1F2F3F4F5F6F7F8F9FAFBFCFD0000").try_into().unwrap();
    let mut stream = vec![0; 0xFF02 * 16];
    key_stream(&cipher, &iv, &mut stream).unwrap();
    assert_eq!(
        stream[..48],
        bytes(
            "E03EAD0935C95E80E166B16DD92B4EB4 D23513162B02D0F72A43A2FE4A5F97AB 41E95B3BB0A2E8DD477901E4FCA894C0"
        )
    );
    assert_eq!(
        stream[0xFEFF * 16..],
        bytes(
            "EC8CDF7398607CB0F2D21675EA9EA1E4 362B7C3C6773516318A077D7FC5073AE 6A2CC3787889374FBEB4C81B17BA6C44"
        )
    );
}

#[test]
fn the_keys_are_those_of_rfc_3711_appendix_b_3() {
    let master = Aes128::new_from_slice(&bytes("E1F97A0D3E018BE0D64FA32C06DE4139")).unwrap();
    let salt = bytes("0EC675AD498AFEEBB6960B3AABE6");
    let cipher: [u8; 16] = derive(&master, &salt, 0).unwrap();
    let authentication: [u8; 94] = derive(&master, &salt, 1).unwrap();
    let session_salt: [u8; 14] = derive(&master, &salt, 2).unwrap();
    assert_eq!(cipher.to_vec(), bytes("C61E7A93744F39EE10734AFE3FF7A087"));
    assert_eq!(session_salt.to_vec(), bytes("30CBBC08863D8C85D49DB34A9AE1"));
    assert_eq!(
        authentication.to_vec(),
        bytes(
            "CEBE321F6FF7716B6FD4AB49AF256A15 6D38BAA48F0A0ACF3C34E2359E6CDBCE E049646C43D9327AD175578EF7227098
             6371C10C9A369AC2F94A8C5FBCDDDC25 6D6E919A48B610EF17C2041E47403576 6B68642C59BBFC2F34DB60DBDFB2"
        )
    );
}

/// The session keys of RFC 7714 sections 16 and 17, which are given and not derived.
fn vector_keys() -> [Keys; 2] {
    let key: [u8; 32] = std::array::from_fn(|at| at as u8);
    let salt: [u8; 12] = bytes("517569642070726F2071756F").try_into().unwrap();
    let gcm128 = || {
        let cipher = Aes128Gcm::new_from_slice(&key[..16]).unwrap();
        Transform::Gcm128(Box::new(Gcm { cipher, salt }))
    };
    let gcm256 = || {
        let cipher = Aes256Gcm::new_from_slice(&key).unwrap();
        Transform::Gcm256(Box::new(Gcm { cipher, salt }))
    };
    [
        Keys {
            rtp: gcm128(),
            rtcp: gcm128(),
        },
        Keys {
            rtp: gcm256(),
            rtcp: gcm256(),
        },
    ]
}

#[test]
fn gcm_gives_the_packets_of_rfc_7714_section_16() {
    let sealed = [
        "F24DE3A3FB34DE6CACBA861C9D7E4BCABE633BD50D294E6F42A5F47A51C7D19B36DE3ADF8833 899D7F27BEB16A9152CF765EE4390CCE",
        "32B1DE78A822FE12EF9F78FA332E33AAB18012389A58E2F3B50B2A0276FFAE0F1BA63799B87B 7AA3DB36DFFFD6B0F9BB7878D7A76C13",
    ];
    for (keys, sealed) in vector_keys().iter().zip(sealed) {
        let header = bytes("8040F17B 8041F8D3 5501A0B2");
        let plain = [&header[..], b"Gallia est omnis divisa in partes tres"].concat();
        let mut packet = plain.clone();
        keys.protect_rtp(&mut packet, 12, 0x5501_A0B2, 0xF17B).unwrap();
        assert_eq!(packet, [header, bytes(sealed)].concat());
        keys.unprotect_rtp(&mut packet, 12, 0x5501_A0B2, 0xF17B).unwrap();
        assert_eq!(packet, plain);
    }
}

#[test]
fn gcm_gives_the_packets_of_rfc_7714_section_17() {
    let sealed = [
        "63E94885DCDAB67CA727D7662F6B7E997FF5C0F76C06F32DC676A5F1730D6FDA4CE09B4686303DED0BB9275BC84AA458
         96CF4D2FC5ABF87245D9EADE 800005D4",
        "D50AE4D1F5CE5D304BA297E47D470C282C3ECE5DBFFE0A50A2EAA5C1110555BE8415F658C61DE0476F1B6FAD1D1EB30C
         4446839F57FF6F6CB26AC3BE 800005D4",
    ];
    for (keys, sealed) in vector_keys().iter().zip(sealed) {
        let plain = bytes(
            "81C8000D 4D617273 4E545031 4E545032 52545020 0000042A 0000E930 4C756E61 DEADBEEF DEADBEEF DEADBEEF
             DEADBEEF DEADBEEF",
        );
        let mut packet = plain.clone();
        keys.protect_rtcp(&mut packet, 0x4D61_7273, 0x5D4).unwrap();
        assert_eq!(packet, [bytes("81C8000D 4D617273"), bytes(sealed)].concat());
        let index = keys.unprotect_rtcp(&mut packet, 0x4D61_7273, |_| false);
        assert_eq!((index, packet), (Ok(0x5D4), plain));
    }
}

#[test]
fn gcm_takes_rtcp_that_is_only_authenticated_of_rfc_7714_section_17_3() {
    let plain = bytes(
        "81C8000D 4D617273 4E545031 4E545032 52545020 0000042A 0000E930 4C756E61 DEADBEEF DEADBEEF DEADBEEF
         DEADBEEF DEADBEEF",
    );
    let tag = "841DD9683DD78EC92AE58790125F62B3";
    let mut packet = [plain.clone(), bytes(tag), bytes("000005D4")].concat();
    let index = vector_keys()[0].unprotect_rtcp(&mut packet, 0x4D61_7273, |_| false);
    assert_eq!((index, packet), (Ok(0x5D4), plain));
}

#[test]
fn what_one_side_protects_the_other_unprotects_once() {
    for profile in PROFILES {
        let (mut client, mut server) = pair(profile);
        for number in 0..100 {
            let mut packet = rtp(number, 1);
            client.protect_rtp(&mut packet).unwrap();
            assert_ne!(packet, rtp(number, 1));
            let mut again = packet.clone();
            server.unprotect_rtp(&mut packet).unwrap();
            assert_eq!(packet, rtp(number, 1), "{profile:?}");
            assert_eq!(server.unprotect_rtp(&mut again), Err(SrtpError::Replayed));

            let mut packet = rtcp(2);
            server.protect_rtcp(&mut packet).unwrap();
            let mut again = packet.clone();
            client.unprotect_rtcp(&mut packet).unwrap();
            assert_eq!(packet, rtcp(2), "{profile:?}");
            assert_eq!(client.unprotect_rtcp(&mut again), Err(SrtpError::Replayed));
        }
    }
}

#[test]
fn no_bit_of_a_packet_can_be_changed() {
    for profile in PROFILES {
        let (mut client, mut server) = pair(profile);
        let (mut media, mut control) = (rtp(5, 1), rtcp(1));
        client.protect_rtp(&mut media).unwrap();
        client.protect_rtcp(&mut control).unwrap();
        for bit in 0..media.len() * 8 {
            let mut forged = media.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(
                server.unprotect_rtp(&mut forged).is_err(),
                "{profile:?}, bit {bit}"
            );
        }
        for bit in 0..control.len() * 8 {
            let mut forged = control.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert!(
                server.unprotect_rtcp(&mut forged).is_err(),
                "{profile:?}, bit {bit}"
            );
        }
        assert!(server.received.is_empty() && server.received_rtcp.is_empty());
        server.unprotect_rtp(&mut media).unwrap();
        server.unprotect_rtcp(&mut control).unwrap();
    }
}

#[test]
fn the_sequence_number_rolls_over_many_times_with_loss_and_reordering() {
    let (mut client, mut server) = pair(SrtpProfile::AeadAes128Gcm);
    let seed = 4;
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut held: Option<Vec<u8>> = None;
    for number in 0x3F0u64..0x3F0 + 5 * 0x800 {
        // Most numbers are never sent at all, so that five rollovers do not take long.
        let sequence_number = (number * 32) as u16;
        let mut packet = rtp(sequence_number, 1);
        client.protect_rtp(&mut packet).unwrap();
        if rng.u8(..) < 16 {
            continue;
        }
        let mut arriving = vec![packet];
        if rng.u8(..) < 16 {
            held = arriving.pop();
        } else {
            arriving.extend(held.take());
        }
        for mut packet in arriving {
            server
                .unprotect_rtp(&mut packet)
                .unwrap_or_else(|error| panic!("{number:#x}, seed {seed}: {error}"));
        }
    }
}

#[test]
fn an_index_before_the_beginning_is_none() {
    let mut index = RtpIndex::default();
    assert_eq!(index.estimate(3), Some(3));
    index.received(3);
    assert_eq!(index.estimate(0xFFF0), None);
    index.received(0x1_0003);
    assert_eq!(index.estimate(0xFFF0), Some(0xFFF0));
    index.received(0x1_FFF0);
    assert_eq!(index.estimate(2), Some(0x2_0002));
}

#[test]
fn the_window_knows_the_last_1024_indices() {
    let mut seen = SeenIndices::default();
    assert!(!seen.has_seen(0));
    seen.see(0);
    seen.see(2000);
    assert!(seen.has_seen(0) && seen.has_seen(976) && !seen.has_seen(977) && !seen.has_seen(1999));
    seen.see(977);
    seen.see(2001);
    assert!(seen.has_seen(977), "too old now");
    assert!(seen.has_seen(2000) && !seen.has_seen(2002));
    seen.see(2500);
    assert!(!seen.has_seen(2100) && seen.has_seen(2001));
}

#[test]
fn streams_are_not_remembered_without_bound() {
    let (mut client, mut server) = pair(SrtpProfile::AeadAes128Gcm);
    let mut refused = 0;
    for ssrc in 0..STREAMS as u32 + 10 {
        let mut packet = rtp(1, ssrc);
        // The sender has the same bound, so half of the attack comes with other keys of the same kind.
        if client.protect_rtp(&mut packet).is_err() {
            let (mut other, _) = pair(SrtpProfile::AeadAes128Gcm);
            other.protect_rtp(&mut packet).unwrap();
        }
        refused += u32::from(server.unprotect_rtp(&mut packet) == Err(SrtpError::TooManyStreams));
    }
    assert_eq!((server.received.len(), refused), (STREAMS, 10));
}

#[test]
fn keying_material_of_another_length_is_refused() {
    let error = SrtpSession::new(SrtpProfile::AeadAes256Gcm, &[0; 60], true).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the profile needs 88 bytes of keying material, and there are 60"
    );
}

#[test]
fn what_is_too_short_is_an_error() {
    for profile in PROFILES {
        let (mut client, mut server) = pair(profile);
        for length in 0..40 {
            for first in [0x80, 0x9F, 0x8F, 0x00] {
                let packet = vec![first; length];
                assert!(server.unprotect_rtp(&mut packet.clone()).is_err());
                assert!(server.unprotect_rtcp(&mut packet.clone()).is_err());
                if length < 8 {
                    assert!(client.protect_rtp(&mut packet.clone()).is_err());
                    assert!(client.protect_rtcp(&mut packet.clone()).is_err());
                }
            }
        }
    }
}
