//! Certificates of our own: self-signed ECDSA P-256.

use std::str::FromStr as _;
use std::time::Duration;

use p256::ecdsa::{DerSignature, SigningKey};
use p256::pkcs8::{EncodePrivateKey as _, EncodePublicKey as _};
use x509_cert::TbsCertificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder as _, CertificateBuilder};
use x509_cert::der::asn1::{GeneralizedTime, UtcTime};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::ext::{Extension, ToExtension as _};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfo, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use super::fingerprint::Fingerprint;
use super::hooks;

/// How long a certificate is valid when the application does not say
/// (webrtc-pc#dom-rtcpeerconnection-generatecertificate).
const LIFETIME: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A certificate with its private key.
#[derive(Clone)]
pub(crate) struct Certificate {
    der: Vec<u8>,
    private_key: Vec<u8>,
    expires: Duration,
}

/// Why no certificate could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot make a certificate: {0}")]
pub(crate) struct CertificateError(String);

impl Certificate {
    /// Makes a certificate that is valid for 30 days from `unix_time`, the wall clock since the Unix epoch.
    /// The same generator and time give the same certificate: the signature is by RFC 6979.
    ///
    /// # Errors
    ///
    /// When the validity ends past the year 9999, which a certificate cannot say.
    pub fn generate(rng: &mut fastrand::Rng, unix_time: Duration) -> Result<Certificate, CertificateError> {
        let error = |error: &dyn std::fmt::Display| CertificateError(error.to_string());
        let key = hooks::p256_secret(rng)
            .ok_or_else(|| CertificateError("the generator gave no valid P-256 key".into()))?;
        let key = SigningKey::from(&key);
        // Whole seconds: a certificate knows no finer time.
        let not_before = Duration::from_secs(unix_time.as_secs());
        let expires = not_before.saturating_add(LIFETIME);
        let validity = Validity::new(
            time(not_before).map_err(|e| error(&e))?,
            time(expires).map_err(|e| error(&e))?,
        );
        // RFC 5280 section 4.1.2.2: positive, at most 20 octets.
        let mut serial = [0; 16];
        rng.fill(&mut serial);
        serial[0] = serial[0] & 0x7F | 0x40;
        let serial = SerialNumber::new(&serial).map_err(|e| error(&e))?;
        let public_key = key.verifying_key().to_public_key_der().map_err(|e| error(&e))?;
        let public_key = SubjectPublicKeyInfo::from_der(public_key.as_bytes()).map_err(|e| error(&e))?;
        let certificate = CertificateBuilder::new(
            SelfSigned::new().map_err(|e| error(&e))?,
            serial,
            validity,
            public_key,
        )
        .and_then(|builder| builder.build::<_, DerSignature>(&key))
        .map_err(|e| error(&e))?;
        Ok(Certificate {
            der: certificate.to_der().map_err(|e| error(&e))?,
            private_key: key.to_pkcs8_der().map_err(|e| error(&e))?.as_bytes().to_vec(),
            expires,
        })
    }

    /// The certificate's SHA-256 fingerprint.
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::sha256_of(&self.der)
    }

    /// When it expires, since the Unix epoch.
    pub fn expires(&self) -> Duration {
        self.expires
    }

    /// The certificate, DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The private key, PKCS #8 in DER.
    pub(super) fn private_key(&self) -> &[u8] {
        &self.private_key
    }
}

impl std::fmt::Debug for Certificate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Certificate")
            .field("fingerprint", &self.fingerprint().to_string())
            .finish_non_exhaustive()
    }
}

/// RFC 5280 section 4.1.2.5: UTCTime through the year 2049, GeneralizedTime from 2050.
fn time(since_epoch: Duration) -> Result<Time, x509_cert::der::Error> {
    UtcTime::from_unix_duration(since_epoch)
        .map(Time::from)
        .or_else(|_| GeneralizedTime::from_unix_duration(since_epoch).map(Time::from))
}

/// The shape of the certificate: a bare name, as browsers make them, and one extension. Without any it would
/// be of version 1 (RFC 5280 section 4.1.2.1), which some verifiers refuse to read.
struct SelfSigned {
    name: Name,
}

impl SelfSigned {
    fn new() -> Result<SelfSigned, x509_cert::der::Error> {
        Name::from_str("CN=WebRTC").map(|name| SelfSigned { name })
    }
}

impl BuilderProfile for SelfSigned {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        self.name.clone()
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        signed: &TbsCertificate,
    ) -> x509_cert::builder::Result<Vec<Extension>> {
        let end_entity = BasicConstraints {
            ca: false,
            path_len_constraint: None,
        };
        Ok(vec![end_entity.to_extension(signed.subject(), &[])?])
    }
}

#[cfg(test)]
mod tests {
    use p256::ecdsa::VerifyingKey;
    use p256::ecdsa::signature::Verifier as _;
    use p256::pkcs8::DecodePublicKey as _;

    use super::*;

    const NOW: Duration = Duration::from_secs(1_735_689_600);

    fn generate(seed: u64, unix_time: Duration) -> Result<Certificate, CertificateError> {
        Certificate::generate(&mut fastrand::Rng::with_seed(seed), unix_time)
    }

    #[test]
    fn the_same_seed_makes_the_same_certificate_and_another_another() {
        let certificate = generate(1, NOW).unwrap();
        assert_eq!(certificate.der(), generate(1, NOW).unwrap().der());
        assert_ne!(certificate.fingerprint(), generate(2, NOW).unwrap().fingerprint());
        assert_ne!(
            certificate.fingerprint(),
            generate(1, NOW + LIFETIME).unwrap().fingerprint()
        );
    }

    #[test]
    fn it_is_signed_by_its_own_key_and_valid_for_thirty_days() {
        let certificate = generate(3, NOW + Duration::from_millis(700)).unwrap();
        let parsed = x509_cert::Certificate::from_der(certificate.der()).unwrap();
        let signed = parsed.tbs_certificate();
        assert_eq!(signed.validity().not_before.to_unix_duration(), NOW);
        assert_eq!(signed.validity().not_after.to_unix_duration(), NOW + LIFETIME);
        assert_eq!(certificate.expires(), NOW + LIFETIME);
        assert_eq!(signed.issuer(), signed.subject());
        assert_eq!(signed.version(), x509_cert::Version::V3);
        let key =
            VerifyingKey::from_public_key_der(&signed.subject_public_key_info().to_der().unwrap()).unwrap();
        let signature = DerSignature::from_bytes(parsed.signature().raw_bytes()).unwrap();
        key.verify(&signed.to_der().unwrap(), &signature).unwrap();
    }

    #[test]
    fn a_time_that_no_certificate_can_say_is_an_error() {
        assert!(
            generate(4, Duration::from_secs(2_600_000_000)).is_ok(),
            "the year 2052"
        );
        assert!(generate(4, Duration::MAX).is_err());
    }
}
