//! The NSS key log: what a capture needs to be read.

use std::fmt::Write as _;

/// A secret of an association, as the key schedule gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Secret {
    /// The label of the key log format, such as `CLIENT_RANDOM`.
    pub label: &'static str,
    /// The client's random, where the key schedule shows it (DTLS 1.2 does, DTLS 1.3 does not).
    pub client_random: Option<[u8; 32]>,
    /// The secret.
    pub secret: Vec<u8>,
}

impl Secret {
    /// The line of the key log: label, client random, secret.
    pub fn line(&self, client_random: &[u8; 32]) -> String {
        let mut line = format!("{} ", self.label);
        hexadecimal(client_random, &mut line);
        line.push(' ');
        hexadecimal(&self.secret, &mut line);
        line
    }
}

fn hexadecimal(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
}

/// Recognises secrets by the HMACs of the key schedule: each key is derived with one whose input says what it
/// is for.
///
/// `output` is the HMAC of `data` under `key`.
pub(super) fn secret_of(key: &[u8], data: &[u8], output: &[u8]) -> Option<Secret> {
    master_secret(key, data).or_else(|| traffic_secret(data, output))
}

/// DTLS 1.2 (RFC 5246 section 6.3): the key block is made with the master secret as key, and the PRF's first
/// HMAC is over the label, the server's random and the client's random.
fn master_secret(key: &[u8], data: &[u8]) -> Option<Secret> {
    let randoms = data.strip_prefix(b"key expansion")?;
    let (_, client_random) = randoms.split_at_checked(32)?;
    Some(Secret {
        label: "CLIENT_RANDOM",
        client_random: Some(client_random.try_into().ok()?),
        secret: key.to_vec(),
    })
}

/// DTLS 1.3 (RFC 8446 section 7.1 with the prefix of RFC 9147 section 5.9): `HKDF-Expand-Label`'s HMAC is
/// over the length, the label, the context and one counter byte, and what comes out is the secret.
fn traffic_secret(data: &[u8], output: &[u8]) -> Option<Secret> {
    let (_length, rest) = data.split_at_checked(2)?;
    let (label_length, rest) = rest.split_first()?;
    let (label, context) = rest.split_at_checked(usize::from(*label_length))?;
    let (context_length, rest) = context.split_first()?;
    if rest.len() != usize::from(*context_length) + 1 {
        return None;
    }
    let label = match label.strip_prefix(b"dtls13")? {
        b"c hs traffic" => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        b"s hs traffic" => "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        b"c ap traffic" => "CLIENT_TRAFFIC_SECRET_0",
        b"s ap traffic" => "SERVER_TRAFFIC_SECRET_0",
        b"exp master" => "EXPORTER_SECRET",
        _ => return None,
    };
    Some(Secret {
        label,
        client_random: None,
        secret: output.to_vec(),
    })
}

/// The client's random, if the datagram begins with the start of a ClientHello (RFC 6347 section 4.2.2).
pub(super) fn client_random(datagram: &[u8]) -> Option<[u8; 32]> {
    const HANDSHAKE: u8 = 22;
    const CLIENT_HELLO: u8 = 1;
    let (record, rest) = datagram.split_at_checked(13)?;
    let (handshake, body) = rest.split_at_checked(12)?;
    let at_start = handshake[6..9] == [0, 0, 0];
    if record[0] != HANDSHAKE || handshake[0] != CLIENT_HELLO || !at_start {
        return None;
    }
    body.get(2..34)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_master_secret_is_the_key_of_the_key_expansion() {
        let mut data = b"key expansion".to_vec();
        data.extend([1; 32]);
        data.extend([2; 32]);
        let secret = secret_of(&[0xAB; 48], &data, &[0; 32]).unwrap();
        let line = secret.line(&secret.client_random.unwrap());
        assert_eq!(
            line,
            format!("CLIENT_RANDOM {} {}", "02".repeat(32), "ab".repeat(48))
        );
        // The PRF's other HMACs begin with the previous block.
        assert_eq!(secret_of(&[0xAB; 48], &data[..76], &[0; 32]), None);
    }

    #[test]
    fn a_traffic_secret_is_what_its_expansion_gives() {
        let mut data = vec![0, 32, 18];
        data.extend(b"dtls13c hs traffic");
        data.push(32);
        data.extend([7; 32]);
        data.push(1);
        let secret = secret_of(&[1; 32], &data, &[9; 32]).unwrap();
        assert_eq!(
            (secret.label, secret.secret),
            ("CLIENT_HANDSHAKE_TRAFFIC_SECRET", vec![9; 32])
        );
        data.pop();
        assert_eq!(secret_of(&[1; 32], &data, &[9; 32]), None);
    }

    #[test]
    fn only_the_start_of_a_client_hello_has_a_client_random() {
        let mut datagram = vec![
            22, 0xFE, 0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 46, 1, 0, 0, 34, 0, 0, 0, 0, 0, 0, 0, 34, 0xFE, 0xFD,
        ];
        datagram.extend([5; 32]);
        assert_eq!(client_random(&datagram), Some([5; 32]));
        assert_eq!(client_random(&datagram[..58]), None);
        datagram[21] = 1;
        assert_eq!(client_random(&datagram), None);
    }
}
