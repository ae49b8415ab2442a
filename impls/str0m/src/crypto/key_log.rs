//! Overhears the secrets of a handshake, for captures that Wireshark can open.
//!
//! dimpl has no key log, but every derivation runs through its HMAC provider. The label that goes in says which secret
//! comes out.

use std::cell::Cell;
use std::fmt::Write as _;

use dimpl::CryptoError;
use dimpl::crypto::{HashAlgorithm, HmacProvider, rust_crypto};

use crate::ambient;

/// RFC 5246 section 6.3: this label, the server's random and the client's random, under the master secret.
const KEY_EXPANSION: &[u8] = b"key expansion";
const RANDOM: usize = 32;

/// The traffic secrets of RFC 8446 section 7.1, by the label they are derived under (with the prefix of RFC 9147
/// section 5.9), as the NSS key log calls them.
const TRAFFIC_SECRETS: [(&[u8], &str); 5] = [
    (b"dtls13c hs traffic", "CLIENT_HANDSHAKE_TRAFFIC_SECRET"),
    (b"dtls13s hs traffic", "SERVER_HANDSHAKE_TRAFFIC_SECRET"),
    (b"dtls13c ap traffic", "CLIENT_TRAFFIC_SECRET_0"),
    (b"dtls13s ap traffic", "SERVER_TRAFFIC_SECRET_0"),
    (b"dtls13exp master", "EXPORTER_SECRET"),
];

thread_local! {
    /// The client random of the handshake that dimpl is working on: in DTLS 1.3 it is no part of what is derived.
    static CURRENT: Cell<Option<[u8; RANDOM]>> = const { Cell::new(None) };
}

/// The client random of one handshake, read off its ClientHello.
#[derive(Debug, Default)]
pub(super) struct ClientRandom(Option<[u8; RANDOM]>);

impl ClientRandom {
    /// Takes the random from `packet` if that begins with a ClientHello (RFC 6347 sections 4.1 and 4.2.2).
    pub(super) fn look_at(&mut self, packet: &[u8]) {
        const HANDSHAKE: u8 = 22;
        const CLIENT_HELLO: u8 = 1;
        const RECORD_HEADER: usize = 13;
        const BODY: usize = RECORD_HEADER + 12;
        let epoch = packet.get(3..5);
        if packet.first() != Some(&HANDSHAKE)
            || epoch != Some(&[0, 0])
            || packet.get(RECORD_HEADER) != Some(&CLIENT_HELLO)
        {
            return;
        }
        let first_fragment = packet.get(RECORD_HEADER + 6..RECORD_HEADER + 9) == Some(&[0, 0, 0]);
        // The version comes before the random.
        if let (true, Some(random)) = (first_fragment, packet.get(BODY + 2..BODY + 2 + RANDOM)) {
            self.0 = random.try_into().ok();
        }
    }

    /// Runs one call into dimpl under this random.
    pub(super) fn during<R>(&self, work: impl FnOnce() -> R) -> R {
        CURRENT.set(self.0);
        let result = work();
        CURRENT.set(None);
        result
    }
}

/// HMAC that logs the secrets it sees.
#[derive(Debug)]
pub(super) struct KeyLog;

impl HmacProvider for KeyLog {
    fn hmac(
        &self,
        hash: HashAlgorithm,
        key: &[u8],
        data: &[u8],
        out: &mut [u8],
    ) -> Result<usize, CryptoError> {
        let length = rust_crypto::default_provider()
            .hmac_provider
            .hmac(hash, key, data, out)?;
        if let Some(line) = master_secret(key, data) {
            ambient::log_secret(line);
        } else if let (Some(name), Some(random)) = (traffic_secret(data), CURRENT.get()) {
            ambient::log_secret(line(name, &random, &out[..length]));
        }
        Ok(length)
    }
}

/// The line for DTLS 1.2, if this is the first HMAC of the key expansion: the later ones begin with its output.
fn master_secret(key: &[u8], data: &[u8]) -> Option<String> {
    let randoms = data.strip_prefix(KEY_EXPANSION)?;
    (randoms.len() == 2 * RANDOM).then(|| line("CLIENT_RANDOM", &randoms[RANDOM..], key))
}

/// The key log's name of the secret that this `HkdfLabel` with its counter derives: length, label, context, 1. All of
/// these secrets are as long as the hash, so one block is all.
fn traffic_secret(data: &[u8]) -> Option<&'static str> {
    let label_length = usize::from(*data.get(2)?);
    let label = data.get(3..3 + label_length)?;
    let context_length = usize::from(*data.get(3 + label_length)?);
    let counter = data.get(4 + label_length + context_length..)?;
    let (_, name) = TRAFFIC_SECRETS.iter().find(|(known, _)| *known == label)?;
    (counter == [1]).then_some(*name)
}

fn line(name: &str, client_random: &[u8], secret: &[u8]) -> String {
    format!("{name} {} {}", hex(client_random), hex(secret))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        write!(text, "{byte:02x}").expect("a String takes all it is given");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn overhear(data: &[u8]) -> Vec<String> {
        let client_random = ClientRandom(Some([0xcc; RANDOM]));
        let (result, lines) = ambient::enter(0, || {
            client_random.during(|| KeyLog.hmac(HashAlgorithm::SHA256, &[0x42; 48], data, &mut [0; 48]))
        });
        assert_eq!(result.unwrap(), 32);
        lines
    }

    #[test]
    fn the_master_secret_of_dtls_1_2_is_logged_under_the_client_random() {
        let data = [KEY_EXPANSION, &[0x55; 32], &[0xaa; 32]].concat();
        assert_eq!(
            overhear(&data),
            [format!("CLIENT_RANDOM {} {}", "aa".repeat(32), "42".repeat(48))]
        );
    }

    #[test]
    fn a_traffic_secret_of_dtls_1_3_is_logged_under_the_client_random() {
        let data = [
            &[0, 32, 18],
            b"dtls13c ap traffic".as_slice(),
            &[32],
            &[7; 32],
            &[1],
        ]
        .concat();
        let lines = overhear(&data);
        assert_eq!(lines.len(), 1);
        assert!(
            lines[0].starts_with(&format!("CLIENT_TRAFFIC_SECRET_0 {} ", "cc".repeat(32))),
            "{lines:?}"
        );
    }

    #[test]
    fn other_derivations_are_not_secrets_to_log() {
        assert!(overhear(b"client finished").is_empty());
        assert!(
            overhear(&[
                0, 16, 9, b'd', b't', b'l', b's', b'1', b'3', b'k', b'e', b'y', 0, 1
            ])
            .is_empty()
        );
        assert!(overhear(&[]).is_empty());
    }

    #[test]
    fn the_client_random_is_read_off_the_first_fragment_only() {
        let mut packet = vec![0; 25 + 2 + RANDOM];
        packet[0] = 22;
        packet[13] = 1;
        packet[27..].fill(9);
        let mut client_random = ClientRandom::default();
        client_random.look_at(&packet[..40]);
        assert_eq!(client_random.0, None);
        client_random.look_at(&packet);
        assert_eq!(client_random.0, Some([9; RANDOM]));
        packet[13 + 8] = 1;
        packet[27..].fill(8);
        client_random.look_at(&packet);
        assert_eq!(client_random.0, Some([9; RANDOM]));
    }
}
