//! Certificates (webrtc-pc#certificate-management).

use std::collections::BTreeMap;
use std::time::Duration;

use glare_peer::{
    CertificateSource, CreateError, Exception, ExceptionName, Handle, KeygenAlgorithm, OperationId,
    Unsupported, Value,
};

use super::Connection;
use super::promises::{PromiseId, Reaction};
use super::tasks::{Piece, Task};
use super::transceiver::not_a;
use crate::dtls::{Certificate, KeyAlgorithm, KeygenError, KeygenParameters};

/// The certificates that the constructor stores: their objects, where script gave some, and what is behind each.
pub(super) struct StoredCertificates {
    pub(super) objects: BTreeMap<Handle, Certificate>,
    pub(super) certificates: Vec<Certificate>,
}

/// `webrtc-pc#dom-peerconnection`, steps 5 and 6. Handles are given out from `next_handle` on.
pub(super) fn store(
    sources: &[CertificateSource],
    rng: &mut fastrand::Rng,
    unix_time: Duration,
    next_handle: &mut u32,
) -> Result<StoredCertificates, CreateError> {
    let mut stored = StoredCertificates {
        objects: BTreeMap::new(),
        certificates: Vec::new(),
    };
    if sources.is_empty() {
        let certificate = Certificate::generate(rng, unix_time).map_err(unsupported)?;
        stored.certificates.push(certificate);
        return Ok(stored);
    }
    for source in sources {
        let CertificateSource::Generate(algorithm) = source else {
            let what = "the reference engine has no certificate of another connection";
            return Err(CreateError::Unsupported(Unsupported::new(what)));
        };
        let normalized = normalize(algorithm).map_err(CreateError::Threw)?;
        let certificate = Certificate::generate_with(normalized, expires(algorithm), rng, unix_time)
            .map_err(unsupported)?;
        if certificate.has_expired(unix_time) {
            let reason = Exception::new(ExceptionName::InvalidAccessError, "a certificate has expired");
            return Err(CreateError::Threw(reason));
        }
        stored.objects.insert(Handle(*next_handle), certificate.clone());
        *next_handle += 1;
        stored.certificates.push(certificate);
    }
    if Certificate::for_dtls(&stored.certificates).is_none() {
        let what = "the engine's DTLS authenticates with ECDSA only, and no certificate is of ECDSA";
        return Err(CreateError::Unsupported(Unsupported::new(what)));
    }
    Ok(stored)
}

fn unsupported(error: crate::dtls::CertificateError) -> CreateError {
    CreateError::Unsupported(Unsupported::new(error.to_string()))
}

fn expires(algorithm: &KeygenAlgorithm) -> Option<Duration> {
    algorithm.expires.map(Duration::from_millis)
}

/// `webrtc-pc#dom-rtcpeerconnection-generatecertificate`, steps 4 to 6.
fn normalize(algorithm: &KeygenAlgorithm) -> Result<KeyAlgorithm, Exception> {
    let public_exponent = algorithm.public_exponent.map(u64::to_be_bytes);
    let parameters = KeygenParameters {
        name: &algorithm.name,
        named_curve: algorithm.named_curve.as_deref(),
        modulus_length: algorithm.modulus_length,
        public_exponent: public_exponent.as_ref().map(<[u8; 8]>::as_slice),
        hash: algorithm.hash.as_deref(),
    };
    KeyAlgorithm::normalize(&parameters).map_err(|error| {
        let name = match error {
            KeygenError::NotSupported(_) => ExceptionName::NotSupportedError,
            KeygenError::MissingMember { .. } => ExceptionName::TypeError,
        };
        Exception::new(name, error.to_string())
    })
}

impl Connection {
    /// `webrtc-pc#dom-rtcpeerconnection-generatecertificate`.
    pub(super) fn generate_certificate(&mut self, operation: OperationId, algorithm: &KeygenAlgorithm) {
        let normalized = match normalize(algorithm) {
            Ok(normalized) => normalized,
            Err(reason) => return self.reject_at_once(operation, reason),
        };
        let promise = self.promises.create();
        self.promises.react(promise, Reaction::Host(operation));
        self.queue(Task::CertificateGenerated {
            promise,
            algorithm: normalized,
            expires: expires(algorithm),
        });
    }

    /// `webrtc-pc#dom-rtcpeerconnection-generatecertificate`, step 8.
    pub(super) fn certificate_generated(
        &mut self,
        promise: PromiseId,
        algorithm: KeyAlgorithm,
        expires: Option<Duration>,
    ) {
        let mut rng = self.rng.fork();
        let unix_time = self.unix_time();
        let settlement = match Certificate::generate_with(algorithm, expires, &mut rng, unix_time) {
            Ok(certificate) => {
                let handle = self.new_handle();
                self.certificate_objects.insert(handle, certificate);
                Ok(Value::Object(handle))
            }
            Err(error) => Err(Exception::new(ExceptionName::OperationError, error.to_string())),
        };
        self.pieces.push_back(Piece::Settle(promise, settlement));
    }

    /// `webrtc-pc#dom-rtccertificate-getfingerprints`: one, of the digest that the certificate is signed with.
    pub(super) fn get_fingerprints(&self, handle: Handle) -> Result<Value, Exception> {
        let certificate = self
            .certificate_objects
            .get(&handle)
            .ok_or_else(|| not_a(handle, "RTCCertificate"))?;
        let fingerprint = certificate.fingerprint().to_string();
        let (algorithm, value) = fingerprint.split_once(' ').unwrap_or_default();
        let members = [
            ("algorithm", algorithm.to_owned()),
            // RFC 8122 has the digits in upper case, the interface in lower case.
            ("value", value.to_lowercase()),
        ];
        let dictionary = members.map(|(name, value)| (name.to_owned(), Value::String(value)));
        Ok(Value::List(vec![Value::Dictionary(dictionary.into())]))
    }

    /// The wall clock, since the Unix epoch.
    pub(super) fn unix_time(&self) -> Duration {
        self.host.unix_time + self.now.since_start()
    }
}
