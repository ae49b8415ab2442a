//! The chance and the secrets of the DTLS library.
//!
//! The library asks for keys and HMACs through hooks that live as long as the process and know of no
//! association. So the association that is being driven lends its [`Context`] to the thread for the time of
//! each call.

use std::cell::RefCell;

use dimpl::crypto::{
    ActiveKeyExchange, Buf, CryptoProvider, HashAlgorithm, HmacProvider, NamedGroup, SecureRandom,
    SupportedKxGroup, rust_crypto,
};
use dimpl::{CryptoError, CryptoOperation};

use super::key_log::{self, Secret};
use super::negotiated::{self, Negotiated};

/// What the hooks need of an association.
#[derive(Debug)]
pub(super) struct Context {
    rng: fastrand::Rng,
    secrets: Vec<Secret>,
    negotiated: Negotiated,
}

thread_local! {
    /// The context of the association that is being driven on this thread.
    static CURRENT: RefCell<Option<Context>> = const { RefCell::new(None) };
}

impl Context {
    pub fn new(rng: fastrand::Rng) -> Context {
        Context {
            rng,
            secrets: Vec::new(),
            negotiated: Negotiated::default(),
        }
    }

    /// Runs a call into the library with this context lent to its hooks.
    pub fn lend<R>(&mut self, call: impl FnOnce() -> R) -> R {
        /// Takes the context back, also when the library panics.
        struct Loan<'a> {
            owner: &'a mut Context,
            outer: Option<Context>,
        }
        impl Drop for Loan<'_> {
            fn drop(&mut self) {
                if let Some(context) = CURRENT.replace(self.outer.take()) {
                    *self.owner = context;
                }
            }
        }
        let lent = std::mem::replace(self, Context::new(fastrand::Rng::with_seed(0)));
        let _loan = Loan {
            outer: CURRENT.replace(Some(lent)),
            owner: self,
        };
        call()
    }

    /// The secrets that came up since last asked.
    pub fn take_secrets(&mut self) -> Vec<Secret> {
        std::mem::take(&mut self.secrets)
    }

    /// What the library has been seen to settle on.
    pub fn negotiated(&self) -> Negotiated {
        self.negotiated
    }

    /// Forgets what has been seen so far.
    pub fn forget(&mut self) {
        self.secrets.clear();
        self.negotiated = Negotiated::default();
    }
}

/// Notes something about the association that is being driven, if one is.
pub(super) fn note(of: impl FnOnce(&mut Negotiated)) {
    CURRENT.with_borrow_mut(|current| {
        if let Some(context) = current {
            of(&mut context.negotiated);
        }
    });
}

/// The library's cryptography with our chance: RustCrypto, whose ECDSA signs by RFC 6979.
pub(super) fn provider() -> CryptoProvider {
    CryptoProvider {
        kx_groups: &[&SeededX25519, &SeededP256],
        secure_random: &SeededRandom,
        hmac_provider: &ObservedHmac,
        cipher_suites: negotiated::dtls12_cipher_suites(),
        dtls13_cipher_suites: negotiated::dtls13_cipher_suites(),
        ..rust_crypto::default_provider()
    }
}

/// A P-256 key from the generator. None after 8 numbers that are no keys, of which each has a chance of 2⁻³².
pub(super) fn p256_secret(rng: &mut fastrand::Rng) -> Option<p256::SecretKey> {
    (0..8).find_map(|_| {
        let mut bytes = [0; 32];
        rng.fill(&mut bytes);
        p256::SecretKey::from_slice(&bytes).ok()
    })
}

/// Chance from the current context. Without one the library was called past [`Context::lend`], and the call
/// fails.
fn with_rng<R>(draw: impl FnOnce(&mut fastrand::Rng) -> R) -> Result<R, CryptoError> {
    CURRENT.with_borrow_mut(|current| {
        let context = current
            .as_mut()
            .ok_or(CryptoError::OperationFailed(CryptoOperation::FillRandom))?;
        Ok(draw(&mut context.rng))
    })
}

#[derive(Debug)]
struct SeededRandom;

impl SecureRandom for SeededRandom {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), CryptoError> {
        with_rng(|rng| rng.fill(buffer))
    }
}

/// The library's own HMAC, which the key schedule of either version goes through.
#[derive(Debug)]
struct ObservedHmac;

impl HmacProvider for ObservedHmac {
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
        if let Some(secret) = out
            .get(..length)
            .and_then(|output| key_log::secret_of(key, data, output))
        {
            CURRENT.with_borrow_mut(|current| {
                if let Some(context) = current {
                    context.secrets.push(secret);
                }
            });
        }
        Ok(length)
    }
}

#[derive(Debug)]
struct SeededX25519;

impl SupportedKxGroup for SeededX25519 {
    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }

    fn start_exchange(&self, _: Buf) -> Result<Box<dyn ActiveKeyExchange>, CryptoError> {
        let mut bytes = [0; 32];
        with_rng(|rng| rng.fill(&mut bytes))?;
        let secret = x25519_dalek::StaticSecret::from(bytes);
        let public = x25519_dalek::PublicKey::from(&secret);
        Ok(Box::new(X25519Exchange { secret, public }))
    }
}

struct X25519Exchange {
    secret: x25519_dalek::StaticSecret,
    public: x25519_dalek::PublicKey,
}

impl std::fmt::Debug for X25519Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("X25519Exchange")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

impl ActiveKeyExchange for X25519Exchange {
    fn pub_key(&self) -> &[u8] {
        self.public.as_bytes()
    }

    fn complete(self: Box<Self>, peer: &[u8], out: &mut Buf) -> Result<(), CryptoError> {
        let invalid = CryptoError::InvalidPublicKey(NamedGroup::X25519);
        let Ok(peer) = <[u8; 32]>::try_from(peer) else {
            return Err(invalid);
        };
        let shared = self.secret.diffie_hellman(&x25519_dalek::PublicKey::from(peer));
        // RFC 7748 section 6.1: a point of small order makes the secret everybody's.
        if !shared.was_contributory() {
            return Err(invalid);
        }
        out.clear();
        out.extend_from_slice(shared.as_bytes());
        note(|negotiated| negotiated.group = Some("x25519"));
        Ok(())
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519
    }
}

#[derive(Debug)]
struct SeededP256;

impl SupportedKxGroup for SeededP256 {
    fn name(&self) -> NamedGroup {
        NamedGroup::Secp256r1
    }

    fn start_exchange(&self, _: Buf) -> Result<Box<dyn ActiveKeyExchange>, CryptoError> {
        let secret =
            with_rng(p256_secret)?.ok_or(CryptoError::OperationFailed(CryptoOperation::FillRandom))?;
        let public = secret.public_key().to_sec1_bytes().into_vec();
        Ok(Box::new(P256Exchange { secret, public }))
    }
}

struct P256Exchange {
    secret: p256::SecretKey,
    public: Vec<u8>,
}

impl std::fmt::Debug for P256Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("P256Exchange")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

impl ActiveKeyExchange for P256Exchange {
    fn pub_key(&self) -> &[u8] {
        &self.public
    }

    fn complete(self: Box<Self>, peer: &[u8], out: &mut Buf) -> Result<(), CryptoError> {
        let peer = p256::PublicKey::from_sec1_bytes(peer)
            .map_err(|_| CryptoError::InvalidPublicKey(NamedGroup::Secp256r1))?;
        let shared = p256::ecdh::diffie_hellman(self.secret.to_nonzero_scalar(), peer.as_affine());
        out.clear();
        out.extend_from_slice(shared.raw_secret_bytes());
        note(|negotiated| negotiated.group = Some("secp256r1"));
        Ok(())
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::Secp256r1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_is_lent_for_one_call_and_comes_back() {
        let mut context = Context::new(fastrand::Rng::with_seed(1));
        let mut bytes = [0; 8];
        assert!(SeededRandom.fill(&mut bytes).is_err(), "nobody lent a context");
        context.lend(|| SeededRandom.fill(&mut bytes)).unwrap();
        let mut expected = [0; 8];
        fastrand::Rng::with_seed(1).fill(&mut expected);
        assert_eq!(bytes, expected);
        context.lend(|| SeededRandom.fill(&mut bytes)).unwrap();
        assert_ne!(bytes, expected, "the generator went on");
        assert!(SeededRandom.fill(&mut bytes).is_err());
    }

    #[test]
    fn both_sides_of_an_exchange_come_to_the_same_secret() {
        let mut context = Context::new(fastrand::Rng::with_seed(2));
        for group in provider().kx_groups {
            let start = |context: &mut Context| context.lend(|| group.start_exchange(Buf::new())).unwrap();
            let (one, other) = (start(&mut context), start(&mut context));
            assert_ne!(one.pub_key(), other.pub_key());
            let (one_public, other_public) = (one.pub_key().to_vec(), other.pub_key().to_vec());
            let (mut here, mut there) = (Buf::new(), Buf::new());
            one.complete(&other_public, &mut here).unwrap();
            other.complete(&one_public, &mut there).unwrap();
            assert_eq!(*here, *there);
            assert!(
                start(&mut context).complete(&[0; 32], &mut here).is_err(),
                "{:?}",
                group.name()
            );
        }
    }
}
