//! rtc's own cryptography (ring), with chance of the peer's own where rtc asks the provider for it, and a watch on the key
//! schedule of DTLS 1.2 for the NSS key log.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use rtc::crypto::{
    ActiveKeyExchange, AeadAlgorithm, AeadCipher, BlockCipherAlgorithm, CbcAlgorithm, CbcCipher,
    CryptoAlgorithm, CryptoError, HashAlgorithm, HmacAlgorithm, KeyExchangeAlgorithm, Mac, PublicKey,
    RTCCrypto, RTCCryptoProvider, RTCRandom, SignatureScheme, SigningKey, StreamCipher,
    StreamCipherAlgorithm,
};

/// The provider of one connection.
pub(crate) struct Provider {
    inner: Arc<dyn RTCCryptoProvider>,
    chance: Chance,
    key_log: KeyLog,
}

/// The lines of the NSS key log that have come up and were not taken yet.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyLog(Arc<Mutex<Vec<String>>>);

impl KeyLog {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn push(&self, line: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

impl Provider {
    /// # Errors
    ///
    /// When rtc is built without cryptography.
    pub(crate) fn new(seed: u64, key_log: KeyLog) -> Result<Provider, CryptoError> {
        Ok(Provider {
            inner: rtc::crypto::default_provider()?,
            chance: Chance(Mutex::new(fastrand::Rng::with_seed(seed))),
            key_log,
        })
    }
}

struct Chance(Mutex<fastrand::Rng>);

impl RTCRandom for Chance {
    fn fill(&self, output: &mut [u8]) -> Result<(), CryptoError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(output);
        Ok(())
    }
}

impl RTCCryptoProvider for Provider {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn crypto(&self) -> &dyn RTCCrypto {
        self
    }

    fn random(&self) -> &dyn RTCRandom {
        &self.chance
    }
}

impl RTCCrypto for Provider {
    fn supports(&self, algorithm: CryptoAlgorithm) -> bool {
        self.inner.crypto().supports(algorithm)
    }

    fn hash(&self, algorithm: HashAlgorithm, data: &[u8]) -> Result<Vec<u8>, CryptoError> {
        self.inner.crypto().hash(algorithm, data)
    }

    fn block_encrypt(
        &self,
        algorithm: BlockCipherAlgorithm,
        key: &[u8],
        block: &mut [u8],
    ) -> Result<(), CryptoError> {
        self.inner.crypto().block_encrypt(algorithm, key, block)
    }

    fn new_hmac(&self, algorithm: HmacAlgorithm, key: &[u8]) -> Result<Box<dyn Mac>, CryptoError> {
        Ok(Box::new(WatchedMac {
            inner: self.inner.crypto().new_hmac(algorithm, key)?,
            key: key.to_vec(),
            key_log: self.key_log.clone(),
        }))
    }

    fn new_stream_cipher(
        &self,
        algorithm: StreamCipherAlgorithm,
        key: &[u8],
    ) -> Result<Box<dyn StreamCipher>, CryptoError> {
        self.inner.crypto().new_stream_cipher(algorithm, key)
    }

    fn new_aead(&self, algorithm: AeadAlgorithm, key: &[u8]) -> Result<Box<dyn AeadCipher>, CryptoError> {
        self.inner.crypto().new_aead(algorithm, key)
    }

    fn new_cbc(&self, algorithm: CbcAlgorithm, key: &[u8]) -> Result<Box<dyn CbcCipher>, CryptoError> {
        self.inner.crypto().new_cbc(algorithm, key)
    }

    fn start_key_exchange(
        &self,
        algorithm: KeyExchangeAlgorithm,
    ) -> Result<Box<dyn ActiveKeyExchange>, CryptoError> {
        self.inner.crypto().start_key_exchange(algorithm)
    }

    fn generate_signing_key(&self, scheme: SignatureScheme) -> Result<Arc<dyn SigningKey>, CryptoError> {
        self.inner.crypto().generate_signing_key(scheme)
    }

    fn import_signing_key(
        &self,
        scheme: SignatureScheme,
        pkcs8: &[u8],
    ) -> Result<Arc<dyn SigningKey>, CryptoError> {
        self.inner.crypto().import_signing_key(scheme, pkcs8)
    }

    fn verify_signature(
        &self,
        scheme: SignatureScheme,
        public_key: PublicKey<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), CryptoError> {
        self.inner
            .crypto()
            .verify_signature(scheme, public_key, message, signature)
    }
}

struct WatchedMac {
    inner: Box<dyn Mac>,
    key: Vec<u8>,
    key_log: KeyLog,
}

impl Mac for WatchedMac {
    fn output_len(&self) -> usize {
        self.inner.output_len()
    }

    fn sign(&mut self, input: &[&[u8]], output: &mut [u8]) -> Result<(), CryptoError> {
        if let [data] = input
            && let Some(line) = client_random_line(&self.key, data)
        {
            self.key_log.push(line);
        }
        self.inner.sign(input, output)
    }

    fn verify(&mut self, input: &[&[u8]], expected: &[u8]) -> Result<(), CryptoError> {
        self.inner.verify(input, expected)
    }
}

/// The line of the key log, if this is the HMAC that begins the key expansion of DTLS 1.2 (RFC 5246 section 6.3): its key is
/// the master secret, its data the label, the server's random and the client's.
fn client_random_line(key: &[u8], data: &[u8]) -> Option<String> {
    let randoms = data.strip_prefix(b"key expansion")?;
    let (_, client_random) = randoms.split_at_checked(32)?;
    if client_random.len() != 32 {
        return None;
    }
    let mut line = "CLIENT_RANDOM ".to_owned();
    hexadecimal(client_random, &mut line);
    line.push(' ');
    hexadecimal(key, &mut line);
    Some(line)
}

fn hexadecimal(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_master_secret_is_the_key_of_the_key_expansion() {
        let mut data = b"key expansion".to_vec();
        data.extend([1; 32]);
        data.extend([2; 32]);
        assert_eq!(
            client_random_line(&[0xAB; 48], &data),
            Some(format!("CLIENT_RANDOM {} {}", "02".repeat(32), "ab".repeat(48)))
        );
        assert_eq!(client_random_line(&[0xAB; 48], &data[1..]), None);
        data.push(0);
        assert_eq!(client_random_line(&[0xAB; 48], &data), None);
    }

    #[test]
    fn the_seed_gives_the_chance_again() {
        let draw = |seed| {
            let mut bytes = [0; 16];
            let provider = Provider::new(seed, KeyLog::default()).unwrap();
            provider.random().fill(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }
}
