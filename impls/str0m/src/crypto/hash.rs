//! The hashes that str0m asks for: fingerprints (RFC 8122) and the integrity of STUN messages (RFC 8489).

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use str0m::crypto::{Sha1HmacProvider, Sha1Provider, Sha256Provider};

/// All of them.
#[derive(Debug)]
pub(super) struct Hash;

impl Sha1HmacProvider for Hash {
    fn sha1_hmac(&self, key: &[u8], payloads: &[&[u8]]) -> [u8; 20] {
        let mut mac = Hmac::<Sha1>::new_from_slice(key).expect("HMAC takes a key of any length");
        for payload in payloads {
            mac.update(payload);
        }
        mac.finalize().into_bytes().into()
    }
}

impl Sha1Provider for Hash {
    fn sha1(&self, data: &[u8]) -> [u8; 20] {
        Sha1::digest(data).into()
    }
}

impl Sha256Provider for Hash {
    fn sha256(&self, data: &[u8]) -> [u8; 32] {
        Sha256::digest(data).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_sha1_gives_the_second_vector_of_rfc_2202_also_in_pieces() {
        let expected = [
            0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb, 0x2f, 0xa2, 0xd2, 0x74, 0x16, 0xd5, 0xf1, 0x84, 0xdf, 0x9c,
            0x25, 0x9a, 0x7c, 0x79,
        ];
        assert_eq!(
            Hash.sha1_hmac(b"Jefe", &[b"what do ya want for nothing?"]),
            expected
        );
        assert_eq!(
            Hash.sha1_hmac(b"Jefe", &[b"what do ya ", b"want for nothing?"]),
            expected
        );
    }

    #[test]
    fn the_digests_of_abc_are_those_of_fips_180() {
        assert_eq!(Hash.sha1(b"abc")[..4], [0xa9, 0x99, 0x3e, 0x36]);
        assert_eq!(Hash.sha256(b"abc")[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
