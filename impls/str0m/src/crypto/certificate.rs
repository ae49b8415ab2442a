//! The certificate a peer shows in its DTLS handshake, made from its seed.

use std::str::FromStr as _;
use std::time::Duration;

use p256::ecdsa::{DerSignature, SigningKey, VerifyingKey};
use p256::pkcs8::EncodePrivateKey as _;
use str0m::config::DtlsCert;
use x509_cert::builder::profile::BuilderProfile;
use x509_cert::builder::{Builder as _, CertificateBuilder, Error, Result};
use x509_cert::certificate::TbsCertificate;
use x509_cert::der::Encode as _;
use x509_cert::der::asn1::GeneralizedTime;
use x509_cert::ext::Extension;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{SubjectPublicKeyInfoOwned, SubjectPublicKeyInfoRef};
use x509_cert::time::{Time, Validity};

use super::key_exchange::p256_private_key;

/// How long before and after its making a certificate is valid, as browsers have it: a day for clocks that are behind, and
/// thirty days (webrtc-pc#dom-rtcpeerconnection-generatecertificate).
const VALID_BEFORE: Duration = Duration::from_secs(24 * 60 * 60);
const VALID_AFTER: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// A self-signed P-256 certificate (RFC 8827 section 6.5) and its key, the same for the same arguments: ECDSA signs by
/// RFC 6979. `unix_time` is the wall clock when the run begins.
pub(crate) fn certificate(seed: u64, unix_time: Duration) -> DtlsCert {
    let mut generator = fastrand::Rng::with_seed(seed);
    let key = p256_private_key(|bytes| generator.fill(bytes));
    let serial: [u8; 16] = std::array::from_fn(|_| generator.u8(..));
    build(key, &serial, unix_time).expect("a P-256 key, a fixed name and a time up to the year 9999 encode")
}

fn build(key: p256::SecretKey, serial: &[u8], unix_time: Duration) -> Result<DtlsCert> {
    let private_key = key
        .to_pkcs8_der()
        .map_err(|_| Error::MissingAttributes)?
        .as_bytes()
        .to_vec();
    let signing_key = SigningKey::from(key);
    let public_key = SubjectPublicKeyInfoOwned::from_key(&VerifyingKey::from(&signing_key))?;
    let validity = Validity::new(
        time(unix_time.saturating_sub(VALID_BEFORE).min(END_OF_TIME))?,
        time(unix_time.saturating_add(VALID_AFTER).min(END_OF_TIME))?,
    );
    let builder = CertificateBuilder::new(SelfSigned, SerialNumber::new(serial)?, validity, public_key)?;
    let certificate = builder.build::<_, DerSignature>(&signing_key)?.to_der()?;
    Ok(DtlsCert {
        certificate,
        private_key,
    })
}

/// The last second of the year 9999, where the times of certificates end (RFC 5280 section 4.1.2.5).
const END_OF_TIME: Duration = Duration::from_secs(253_402_300_799);

fn time(unix_time: Duration) -> Result<Time> {
    Ok(Time::GeneralTime(GeneralizedTime::from_unix_duration(unix_time)?))
}

/// A certificate that is its own issuer, without extensions.
struct SelfSigned;

impl BuilderProfile for SelfSigned {
    fn get_issuer(&self, subject: &Name) -> Name {
        subject.clone()
    }

    fn get_subject(&self) -> Name {
        Name::from_str("CN=WebRTC").expect("a name of one common name parses")
    }

    fn build_extensions(
        &self,
        _: SubjectPublicKeyInfoRef<'_>,
        _: SubjectPublicKeyInfoRef<'_>,
        _: &TbsCertificate,
    ) -> Result<Vec<Extension>> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use x509_cert::Certificate;
    use x509_cert::der::Decode as _;

    use super::*;

    const NOW: Duration = Duration::from_secs(1_700_000_000);

    #[test]
    fn the_seed_and_the_time_decide_every_byte() {
        let first = certificate(1, NOW);
        let again = certificate(1, NOW);
        assert_eq!(first.certificate, again.certificate);
        assert_eq!(first.private_key, again.private_key);
        assert_ne!(first.certificate, certificate(2, NOW).certificate);
        assert_ne!(first.certificate, certificate(1, NOW * 2).certificate);
    }

    #[test]
    fn it_is_valid_when_the_run_begins() {
        let certificate = Certificate::from_der(&certificate(1, NOW).certificate).unwrap();
        let validity = certificate.tbs_certificate().validity();
        assert!(validity.not_before.to_unix_duration() < NOW);
        assert!(validity.not_after.to_unix_duration() > NOW);
    }

    #[test]
    fn a_clock_at_the_epoch_or_past_all_certificates_does_no_harm() {
        certificate(1, Duration::ZERO);
        certificate(1, Duration::MAX);
    }
}
