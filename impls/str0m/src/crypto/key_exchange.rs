//! Key exchange whose private keys come from the generator of the running call.
//!
//! dimpl's own groups draw from the operating system, whatever seed it is given. P-384 is left out: RFC 8827 section 6.5
//! asks for P-256, and every WebRTC stack prefers X25519.

use std::fmt;

use dimpl::crypto::{ActiveKeyExchange, Buf, NamedGroup, SupportedKxGroup};
use dimpl::{CryptoError, CryptoOperation};
use p256::elliptic_curve::sec1::ToSec1Point as _;

use crate::ambient;

/// The groups, the preferred one first, as dimpl orders them.
pub(super) static GROUPS: &[&dyn SupportedKxGroup] = &[&X25519, &P256];

#[derive(Debug)]
struct X25519;

#[derive(Debug)]
struct P256;

/// A private key, and the public key that goes out.
enum Exchange {
    X25519 {
        private: x25519_dalek::StaticSecret,
        public: x25519_dalek::PublicKey,
    },
    P256 {
        private: p256::SecretKey,
        public: Vec<u8>,
    },
}

impl SupportedKxGroup for X25519 {
    fn name(&self) -> NamedGroup {
        NamedGroup::X25519
    }

    fn start_exchange(&self, _: Buf) -> Result<Box<dyn ActiveKeyExchange>, CryptoError> {
        let mut bytes = [0; 32];
        ambient::fill(&mut bytes);
        let private = x25519_dalek::StaticSecret::from(bytes);
        let public = x25519_dalek::PublicKey::from(&private);
        Ok(Box::new(Exchange::X25519 { private, public }))
    }
}

impl SupportedKxGroup for P256 {
    fn name(&self) -> NamedGroup {
        NamedGroup::Secp256r1
    }

    fn start_exchange(&self, _: Buf) -> Result<Box<dyn ActiveKeyExchange>, CryptoError> {
        let private = p256_private_key(ambient::fill);
        let public = private.public_key().to_sec1_point(false).as_bytes().to_vec();
        Ok(Box::new(Exchange::P256 { private, public }))
    }
}

/// A P-256 private key out of `fill`, which is asked again for the few bytes that are not below the group's order.
pub(super) fn p256_private_key(mut fill: impl FnMut(&mut [u8])) -> p256::SecretKey {
    loop {
        let mut bytes = [0; 32];
        fill(&mut bytes);
        if let Ok(key) = p256::SecretKey::from_slice(&bytes) {
            return key;
        }
    }
}

impl ActiveKeyExchange for Exchange {
    fn pub_key(&self) -> &[u8] {
        match self {
            Exchange::X25519 { public, .. } => public.as_bytes(),
            Exchange::P256 { public, .. } => public,
        }
    }

    fn complete(self: Box<Self>, remote: &[u8], out: &mut Buf) -> Result<(), CryptoError> {
        let invalid = || CryptoError::InvalidPublicKey(self.group());
        out.clear();
        match &*self {
            Exchange::X25519 { private, .. } => {
                let remote: [u8; 32] = remote.try_into().map_err(|_| invalid())?;
                let shared = private.diffie_hellman(&x25519_dalek::PublicKey::from(remote));
                // RFC 8422 section 5.11: an all-zero result means a public key of small order.
                if !shared.was_contributory() {
                    return Err(CryptoError::OperationFailed(CryptoOperation::CompleteKeyExchange));
                }
                out.extend_from_slice(shared.as_bytes());
            }
            Exchange::P256 { private, .. } => {
                let remote = p256::PublicKey::from_sec1_bytes(remote).map_err(|_| invalid())?;
                let shared = p256::ecdh::diffie_hellman(private.to_nonzero_scalar(), remote.as_affine());
                out.extend_from_slice(shared.raw_secret_bytes());
            }
        }
        Ok(())
    }

    fn group(&self) -> NamedGroup {
        match self {
            Exchange::X25519 { .. } => NamedGroup::X25519,
            Exchange::P256 { .. } => NamedGroup::Secp256r1,
        }
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({:?})", self.group())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_each_group_agree() {
        for group in GROUPS {
            ambient::enter(3, || {
                let here = group.start_exchange(Buf::new()).unwrap();
                let there = group.start_exchange(Buf::new()).unwrap();
                assert_ne!(here.pub_key(), there.pub_key(), "{:?}", group.name());
                let (to_here, to_there) = (there.pub_key().to_vec(), here.pub_key().to_vec());
                let (mut one, mut other) = (Buf::new(), Buf::new());
                here.complete(&to_here, &mut one).unwrap();
                there.complete(&to_there, &mut other).unwrap();
                assert_eq!(one.as_ref(), other.as_ref());
            });
        }
    }

    #[test]
    fn a_public_key_that_is_none_is_refused() {
        for group in GROUPS {
            ambient::enter(3, || {
                let exchange = group.start_exchange(Buf::new()).unwrap();
                let length = exchange.pub_key().len();
                assert!(
                    exchange.complete(&vec![0; length], &mut Buf::new()).is_err(),
                    "{:?}",
                    group.name()
                );
            });
        }
    }
}
