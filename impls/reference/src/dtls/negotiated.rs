//! What a handshake settles on, seen from below: the DTLS library does not say which cipher suite it uses, but it asks
//! the suite for its ciphers.

use std::sync::LazyLock;

use dimpl::CryptoError;
use dimpl::crypto::{
    Cipher, Dtls12CipherSuite, Dtls13CipherSuite, HashAlgorithm, SupportedDtls12CipherSuite,
    SupportedDtls13CipherSuite, rust_crypto,
};

use super::hooks;

/// What has been settled on so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Negotiated {
    /// The cipher suite by the name in the registry of TLS.
    pub cipher_suite: Option<&'static str>,
    /// The group of the key exchange by the name in the registry of TLS.
    pub group: Option<&'static str>,
}

/// The library's cipher suites of DTLS 1.2, observed.
pub(super) fn dtls12_cipher_suites() -> &'static [&'static dyn SupportedDtls12CipherSuite] {
    static OBSERVED: LazyLock<Vec<Observed<&'static dyn SupportedDtls12CipherSuite>>> = LazyLock::new(|| {
        let suites = rust_crypto::default_provider().cipher_suites;
        suites.iter().map(|suite| Observed(*suite)).collect()
    });
    static ALL: LazyLock<Vec<&'static dyn SupportedDtls12CipherSuite>> =
        LazyLock::new(|| OBSERVED.iter().map(|suite| suite as _).collect());
    &ALL
}

/// The library's cipher suites of DTLS 1.3, observed.
pub(super) fn dtls13_cipher_suites() -> &'static [&'static dyn SupportedDtls13CipherSuite] {
    static OBSERVED: LazyLock<Vec<Observed<&'static dyn SupportedDtls13CipherSuite>>> = LazyLock::new(|| {
        let suites = rust_crypto::default_provider().dtls13_cipher_suites;
        suites.iter().map(|suite| Observed(*suite)).collect()
    });
    static ALL: LazyLock<Vec<&'static dyn SupportedDtls13CipherSuite>> =
        LazyLock::new(|| OBSERVED.iter().map(|suite| suite as _).collect());
    &ALL
}

/// A cipher suite that notes when it is put to use.
#[derive(Debug)]
struct Observed<S>(S);

impl SupportedDtls12CipherSuite for Observed<&'static dyn SupportedDtls12CipherSuite> {
    fn suite(&self) -> Dtls12CipherSuite {
        self.0.suite()
    }

    fn hash_algorithm(&self) -> HashAlgorithm {
        self.0.hash_algorithm()
    }

    fn key_lengths(&self) -> (usize, usize, usize) {
        self.0.key_lengths()
    }

    fn explicit_nonce_len(&self) -> usize {
        self.0.explicit_nonce_len()
    }

    fn tag_len(&self) -> usize {
        self.0.tag_len()
    }

    fn min_protected_fragment_len(&self) -> usize {
        self.0.min_protected_fragment_len()
    }

    fn create_cipher(&self, key: &[u8]) -> Result<Box<dyn Cipher>, CryptoError> {
        hooks::note(|negotiated| negotiated.cipher_suite = name(self.0.suite().as_u16()));
        self.0.create_cipher(key)
    }
}

impl SupportedDtls13CipherSuite for Observed<&'static dyn SupportedDtls13CipherSuite> {
    fn suite(&self) -> Dtls13CipherSuite {
        self.0.suite()
    }

    fn hash_algorithm(&self) -> HashAlgorithm {
        self.0.hash_algorithm()
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn iv_len(&self) -> usize {
        self.0.iv_len()
    }

    fn tag_len(&self) -> usize {
        self.0.tag_len()
    }

    fn min_protected_fragment_len(&self) -> usize {
        self.0.min_protected_fragment_len()
    }

    fn create_cipher(&self, key: &[u8]) -> Result<Box<dyn Cipher>, CryptoError> {
        hooks::note(|negotiated| negotiated.cipher_suite = name(self.0.suite().as_u16()));
        self.0.create_cipher(key)
    }

    fn encrypt_sn(&self, key: &[u8], sample: &[u8; 16]) -> [u8; 16] {
        self.0.encrypt_sn(key, sample)
    }
}

/// The description of a cipher suite in the registry of TLS; none for one that the library has no name for here.
fn name(suite: u16) -> Option<&'static str> {
    Some(match suite {
        0x1301 => "TLS_AES_128_GCM_SHA256",
        0x1302 => "TLS_AES_256_GCM_SHA384",
        0x1303 => "TLS_CHACHA20_POLY1305_SHA256",
        0x1304 => "TLS_AES_128_CCM_SHA256",
        0x1305 => "TLS_AES_128_CCM_8_SHA256",
        0xC02B => "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
        0xC02C => "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
        0xC0A8 => "TLS_PSK_WITH_AES_128_CCM_8",
        0xC0AC => "TLS_ECDHE_ECDSA_WITH_AES_128_CCM",
        0xC0AD => "TLS_ECDHE_ECDSA_WITH_AES_256_CCM",
        0xC0AE => "TLS_ECDHE_ECDSA_WITH_AES_128_CCM_8",
        0xCCA9 => "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_suite_of_the_library_has_a_name() {
        for suite in dtls12_cipher_suites() {
            assert!(name(suite.suite().as_u16()).is_some(), "{:?}", suite.suite());
        }
        for suite in dtls13_cipher_suites() {
            assert!(name(suite.suite().as_u16()).is_some(), "{:?}", suite.suite());
        }
    }
}
