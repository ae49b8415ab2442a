//! What keys certificates can be made with, in the terms of the Web Cryptography API.

use std::convert::Infallible;

use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use rsa::rand_core::{TryCryptoRng, TryRng};

use sha2::Sha256;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder as _, CertificateBuilder};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfo;
use x509_cert::time::Validity;

use super::certificate::CertificateError;
use super::hooks;

/// How the key of a certificate is made: one of the two values that every user agent has to support
/// (webrtc-pc#dom-rtcpeerconnection-generatecertificate).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyAlgorithm {
    /// ECDSA with the curve P-256.
    EcdsaP256,
    /// RSASSA-PKCS1-v1_5 with a modulus of 2048 bits, the public exponent 65537 and SHA-256.
    Rsa2048,
}

/// The `AlgorithmIdentifier` of a call, not yet normalized. A string gives only the name.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KeygenParameters<'a> {
    /// `name`, in any case.
    pub name: &'a str,
    /// `namedCurve` of `EcKeyGenParams`.
    pub named_curve: Option<&'a str>,
    /// `modulusLength` of `RsaHashedKeyGenParams`, bits.
    pub modulus_length: Option<u32>,
    /// `publicExponent` of `RsaHashedKeyGenParams`, big-endian.
    pub public_exponent: Option<&'a [u8]>,
    /// The name of `hash` of `RsaHashedKeyGenParams`, in any case.
    pub hash: Option<&'a str>,
}

/// Why no certificate is made with the algorithm that was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum KeygenError {
    /// `NotSupportedError`: the algorithm is none that certificates can be made with.
    #[error("no certificate can be made with {0}")]
    NotSupported(String),
    /// `TypeError`: the dictionary of the algorithm lacks a required member.
    #[error("the parameters of {algorithm} lack the member {member}")]
    MissingMember {
        /// The algorithm.
        algorithm: &'static str,
        /// The member that is required.
        member: &'static str,
    },
}

impl KeyAlgorithm {
    /// Steps 4 to 6 of webrtc-pc#dom-rtcpeerconnection-generatecertificate: normalizes the algorithm, and refuses
    /// what is not used for certificates.
    ///
    /// # Errors
    ///
    /// [`KeygenError::NotSupported`] for every algorithm, curve, length, exponent and hash but those of
    /// [`KeyAlgorithm`]; [`KeygenError::MissingMember`] where the dictionary of a known algorithm is incomplete.
    pub fn normalize(parameters: &KeygenParameters<'_>) -> Result<KeyAlgorithm, KeygenError> {
        const ECDSA: &str = "ECDSA";
        const RSA: &str = "RSASSA-PKCS1-v1_5";
        let missing = |algorithm, member| KeygenError::MissingMember { algorithm, member };
        let refused = |what: String| Err(KeygenError::NotSupported(what));
        if parameters.name.eq_ignore_ascii_case(ECDSA) {
            let curve = parameters.named_curve.ok_or(missing(ECDSA, "namedCurve"))?;
            return match curve {
                "P-256" => Ok(KeyAlgorithm::EcdsaP256),
                _ => refused(format!("ECDSA over the curve {curve:?}")),
            };
        }
        if parameters.name.eq_ignore_ascii_case(RSA) {
            let length = parameters.modulus_length.ok_or(missing(RSA, "modulusLength"))?;
            let exponent = parameters.public_exponent.ok_or(missing(RSA, "publicExponent"))?;
            let hash = parameters.hash.ok_or(missing(RSA, "hash"))?;
            if length != 2048 {
                return refused(format!("an RSA modulus of {length} bits"));
            }
            let significant = exponent
                .iter()
                .position(|byte| *byte != 0)
                .unwrap_or(exponent.len());
            if exponent.get(significant..) != Some(&[1, 0, 1]) {
                return refused(format!("the public exponent {exponent:?}"));
            }
            if !hash.eq_ignore_ascii_case("SHA-256") {
                return refused(format!("the hash {hash:?}"));
            }
            return Ok(KeyAlgorithm::Rsa2048);
        }
        refused(format!("the algorithm {:?}", parameters.name))
    }
}

/// A private key.
pub(super) enum PrivateKey {
    Ecdsa(SigningKey),
    Rsa(Box<rsa::pkcs1v15::SigningKey<Sha256>>),
}

impl PrivateKey {
    /// A key from the generator. The same generator gives the same key.
    pub fn generate(
        algorithm: KeyAlgorithm,
        rng: &mut fastrand::Rng,
    ) -> Result<PrivateKey, CertificateError> {
        match algorithm {
            KeyAlgorithm::EcdsaP256 => hooks::p256_secret(rng)
                .map(|secret| PrivateKey::Ecdsa(SigningKey::from(&secret)))
                .ok_or_else(|| CertificateError::new("the generator gave no valid P-256 key")),
            KeyAlgorithm::Rsa2048 => rsa::PrivateKey::new(&mut Seeded(rng), 2048)
                .map(|key| PrivateKey::Rsa(Box::new(rsa::pkcs1v15::SigningKey::new(key))))
                .map_err(CertificateError::new),
        }
    }

    /// The key in PKCS #8, DER.
    pub fn to_pkcs8(&self) -> Result<Vec<u8>, CertificateError> {
        let document = match self {
            PrivateKey::Ecdsa(key) => key.to_pkcs8_der(),
            PrivateKey::Rsa(key) => key.to_pkcs8_der(),
        };
        Ok(document.map_err(CertificateError::new)?.as_bytes().to_vec())
    }

    /// A certificate for the public half, signed with this half and SHA-256, DER.
    pub fn certify(
        &self,
        profile: impl BuilderProfile,
        serial: SerialNumber,
        validity: Validity,
    ) -> Result<Vec<u8>, CertificateError> {
        let public_key = match self {
            PrivateKey::Ecdsa(key) => key.verifying_key().to_public_key_der(),
            PrivateKey::Rsa(key) => key.as_ref().as_ref().to_public_key().to_public_key_der(),
        };
        let public_key = public_key.map_err(CertificateError::new)?;
        let public_key =
            SubjectPublicKeyInfo::from_der(public_key.as_bytes()).map_err(CertificateError::new)?;
        let builder = CertificateBuilder::new(profile, serial, validity, public_key);
        let certificate = match self {
            PrivateKey::Ecdsa(key) => builder.and_then(|builder| builder.build::<_, DerSignature>(key)),
            PrivateKey::Rsa(key) => {
                builder.and_then(|builder| builder.build::<_, rsa::pkcs1v15::Signature>(&**key))
            }
        };
        certificate
            .map_err(CertificateError::new)?
            .to_der()
            .map_err(CertificateError::new)
    }
}

/// The run's generator as the RSA library wants it.
struct Seeded<'a>(&'a mut fastrand::Rng);

impl TryRng for Seeded<'_> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0.u32(..))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0.u64(..))
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(buffer);
        Ok(())
    }
}

// A simulation's keys keep no secret from anybody: what matters is that the seed gives them again.
impl TryCryptoRng for Seeded<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    const RSA: KeygenParameters<'_> = KeygenParameters {
        name: "RSASSA-PKCS1-v1_5",
        named_curve: None,
        modulus_length: Some(2048),
        public_exponent: Some(&[1, 0, 1]),
        hash: Some("SHA-256"),
    };
    const ECDSA: KeygenParameters<'_> = KeygenParameters {
        name: "ECDSA",
        named_curve: Some("P-256"),
        modulus_length: None,
        public_exponent: None,
        hash: None,
    };

    #[test]
    fn the_two_algorithms_that_must_be_supported_are_and_names_have_no_case() {
        assert_eq!(KeyAlgorithm::normalize(&RSA), Ok(KeyAlgorithm::Rsa2048));
        assert_eq!(KeyAlgorithm::normalize(&ECDSA), Ok(KeyAlgorithm::EcdsaP256));
        let spelled_otherwise = KeygenParameters {
            name: "rsassa-pkcs1-V1_5",
            public_exponent: Some(&[0, 0, 1, 0, 1]),
            hash: Some("sha-256"),
            ..RSA
        };
        assert_eq!(
            KeyAlgorithm::normalize(&spelled_otherwise),
            Ok(KeyAlgorithm::Rsa2048)
        );
    }

    #[test]
    fn what_no_certificate_is_made_with_is_not_supported() {
        for parameters in [
            KeygenParameters {
                name: "invalid-algo",
                ..KeygenParameters::default()
            },
            KeygenParameters {
                name: "HMAC",
                hash: Some("SHA-256"),
                ..KeygenParameters::default()
            },
            KeygenParameters {
                named_curve: Some("P-384"),
                ..ECDSA
            },
            // Curves, unlike names of algorithms, have a case.
            KeygenParameters {
                named_curve: Some("p-256"),
                ..ECDSA
            },
            KeygenParameters {
                modulus_length: Some(1024),
                ..RSA
            },
            KeygenParameters {
                public_exponent: Some(&[3]),
                ..RSA
            },
            KeygenParameters {
                public_exponent: Some(&[]),
                ..RSA
            },
            KeygenParameters {
                hash: Some("SHA-1"),
                ..RSA
            },
        ] {
            assert!(
                matches!(
                    KeyAlgorithm::normalize(&parameters),
                    Err(KeygenError::NotSupported(_))
                ),
                "{parameters:?}"
            );
        }
    }

    #[test]
    fn a_dictionary_that_lacks_a_required_member_says_which() {
        for (parameters, lacking) in [
            (
                KeygenParameters {
                    named_curve: None,
                    ..ECDSA
                },
                "namedCurve",
            ),
            (
                KeygenParameters {
                    modulus_length: None,
                    ..RSA
                },
                "modulusLength",
            ),
            (
                KeygenParameters {
                    public_exponent: None,
                    ..RSA
                },
                "publicExponent",
            ),
            (KeygenParameters { hash: None, ..RSA }, "hash"),
        ] {
            match KeyAlgorithm::normalize(&parameters) {
                Err(KeygenError::MissingMember { member, .. }) => assert_eq!(member, lacking),
                other => panic!("{parameters:?}: {other:?}"),
            }
        }
    }
}
