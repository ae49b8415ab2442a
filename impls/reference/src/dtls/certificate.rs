//! Certificates of our own, self-signed.

use std::str::FromStr as _;
use std::time::Duration;

use x509_cert::TbsCertificate;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::der::asn1::{GeneralizedTime, UtcTime};
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::ext::{Extension, ToExtension as _};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::SubjectPublicKeyInfoRef;
use x509_cert::time::{Time, Validity};

use super::fingerprint::Fingerprint;
use super::keygen::{KeyAlgorithm, PrivateKey};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a certificate is valid when the application does not say
/// (webrtc-pc#dom-rtcpeerconnection-generatecertificate step 2).
const LIFETIME: Duration = DAY.saturating_mul(30);

/// How long a certificate is valid at most (step 3.4).
const LONGEST_LIFETIME: Duration = DAY.saturating_mul(365);

/// A certificate with its private key.
#[derive(Clone)]
pub(crate) struct Certificate {
    algorithm: KeyAlgorithm,
    der: Vec<u8>,
    private_key: Vec<u8>,
    expires: Duration,
}

/// Why no certificate could be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot make a certificate: {0}")]
pub(crate) struct CertificateError(String);

impl CertificateError {
    pub(super) fn new(reason: impl std::fmt::Display) -> CertificateError {
        CertificateError(reason.to_string())
    }
}

impl Certificate {
    /// Makes the certificate of a connection whose application gives none: ECDSA, valid for 30 days.
    ///
    /// # Errors
    ///
    /// As for [`Certificate::generate_with`].
    pub fn generate(rng: &mut fastrand::Rng, unix_time: Duration) -> Result<Certificate, CertificateError> {
        Certificate::generate_with(KeyAlgorithm::EcdsaP256, None, rng, unix_time)
    }

    /// Step 8 of webrtc-pc#dom-rtcpeerconnection-generatecertificate: makes a key and a certificate for it, which
    /// is valid from `unix_time`, the wall clock since the Unix epoch, for the time `expires`: 30 days without, 365
    /// days at most.
    ///
    /// The same generator and time give the same certificate: ECDSA signs by RFC 6979, RSASSA-PKCS1-v1_5 without
    /// chance.
    ///
    /// # Errors
    ///
    /// When the validity ends past the year 9999, which a certificate cannot say.
    pub fn generate_with(
        algorithm: KeyAlgorithm,
        expires: Option<Duration>,
        rng: &mut fastrand::Rng,
        unix_time: Duration,
    ) -> Result<Certificate, CertificateError> {
        let key = PrivateKey::generate(algorithm, rng)?;
        let lifetime = expires.unwrap_or(LIFETIME).min(LONGEST_LIFETIME);
        // Whole seconds: the certificate itself knows no finer time.
        let not_before = Duration::from_secs(unix_time.as_secs());
        let expires = not_before.saturating_add(lifetime);
        let validity = Validity::new(
            time(not_before).map_err(CertificateError::new)?,
            time(Duration::from_secs(expires.as_secs())).map_err(CertificateError::new)?,
        );
        // RFC 5280 section 4.1.2.2: positive, at most 20 octets.
        let mut serial = [0; 16];
        rng.fill(&mut serial);
        serial[0] = serial[0] & 0x7F | 0x40;
        let serial = SerialNumber::new(&serial).map_err(CertificateError::new)?;
        let profile = SelfSigned::new().map_err(CertificateError::new)?;
        Ok(Certificate {
            algorithm,
            der: key.certify(profile, serial, validity)?,
            private_key: key.to_pkcs8()?,
            expires,
        })
    }

    /// The certificate's SHA-256 fingerprint: SHA-256 is also the hash of its signature
    /// (webrtc-pc#dom-rtccertificate-getfingerprints).
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::sha256_of(&self.der)
    }

    /// When it expires, since the Unix epoch.
    pub fn expires(&self) -> Duration {
        self.expires
    }

    /// Whether it expires before `unix_time`, since the Unix epoch: then no connection is made with it
    /// (webrtc-pc#dom-peerconnection, `InvalidAccessError`).
    pub fn has_expired(&self, unix_time: Duration) -> bool {
        self.expires < unix_time
    }

    /// Which of a connection's certificates its DTLS associations authenticate with: the first whose key is of
    /// ECDSA. None when there is none.
    ///
    /// The DTLS library knows no RSA. It offers and takes ECDSA's signature schemes only, in DTLS 1.2 only the cipher
    /// suites of ECDHE_ECDSA, and of neither has it a setting. So an RSA certificate can be made, held and listed
    /// among the fingerprints, and another one has to stand beside it.
    pub fn for_dtls(certificates: &[Certificate]) -> Option<&Certificate> {
        certificates
            .iter()
            .find(|certificate| certificate.algorithm == KeyAlgorithm::EcdsaP256)
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
            .field("algorithm", &self.algorithm)
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
    use p256::ecdsa::signature::Verifier as _;
    use p256::pkcs8::DecodePublicKey as _;
    use rsa::traits::PublicKeyParts as _;
    use x509_cert::der::{Decode as _, Encode as _};

    use super::*;

    const NOW: Duration = Duration::from_secs(1_735_689_600);

    fn generate(seed: u64, unix_time: Duration) -> Result<Certificate, CertificateError> {
        Certificate::generate(&mut fastrand::Rng::with_seed(seed), unix_time)
    }

    fn rsa(seed: u64) -> Certificate {
        let rng = &mut fastrand::Rng::with_seed(seed);
        Certificate::generate_with(KeyAlgorithm::Rsa2048, None, rng, NOW).unwrap()
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
        let key = signed.subject_public_key_info().to_der().unwrap();
        let key = p256::ecdsa::VerifyingKey::from_public_key_der(&key).unwrap();
        let signature = p256::ecdsa::DerSignature::from_bytes(parsed.signature().raw_bytes()).unwrap();
        key.verify(&signed.to_der().unwrap(), &signature).unwrap();
    }

    #[test]
    fn an_rsa_certificate_has_the_key_that_was_asked_for_and_the_seed_gives_it_again() {
        let certificate = rsa(1);
        assert_eq!(certificate.der(), rsa(1).der());
        assert_ne!(certificate.der(), rsa(2).der());
        let parsed = x509_cert::Certificate::from_der(certificate.der()).unwrap();
        let signed = parsed.tbs_certificate();
        let key = signed.subject_public_key_info().to_der().unwrap();
        let key = rsa::PublicKey::from_public_key_der(&key).unwrap();
        assert_eq!(key.n_bytes().len() * 8, 2048);
        assert_eq!(*key.e_bytes(), [1, 0, 1]);
        let signature = rsa::pkcs1v15::Signature::try_from(parsed.signature().raw_bytes()).unwrap();
        rsa::pkcs1v15::VerifyingKey::<sha2::Sha256>::new(key)
            .verify(&signed.to_der().unwrap(), &signature)
            .unwrap();
    }

    #[test]
    fn a_connection_authenticates_with_its_first_ecdsa_certificate() {
        let (first, second) = (generate(1, NOW).unwrap(), generate(2, NOW).unwrap());
        let certificates = [rsa(1), first.clone(), second];
        assert_eq!(Certificate::for_dtls(&certificates).unwrap().der(), first.der());
        assert!(Certificate::for_dtls(&certificates[..1]).is_none());
        assert!(Certificate::for_dtls(&[]).is_none());
    }

    #[test]
    fn it_expires_when_the_application_says_but_within_a_year() {
        let expires = |lifetime| {
            let rng = &mut fastrand::Rng::with_seed(5);
            let certificate =
                Certificate::generate_with(KeyAlgorithm::EcdsaP256, Some(lifetime), rng, NOW).unwrap();
            certificate.expires() - NOW
        };
        assert_eq!(expires(Duration::ZERO), Duration::ZERO);
        assert_eq!(expires(Duration::from_millis(1500)), Duration::from_millis(1500));
        assert_eq!(expires(LONGEST_LIFETIME + DAY), LONGEST_LIFETIME);
        assert_eq!(expires(Duration::MAX), LONGEST_LIFETIME);
    }

    #[test]
    fn it_has_expired_once_the_clock_is_past_its_time() {
        let certificate = generate(6, NOW).unwrap();
        assert!(!certificate.has_expired(NOW));
        assert!(!certificate.has_expired(NOW + LIFETIME));
        assert!(certificate.has_expired(NOW + LIFETIME + Duration::from_millis(1)));
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
