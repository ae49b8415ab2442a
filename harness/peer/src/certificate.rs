//! Certificates.

use serde::{Deserialize, Serialize};

use crate::Handle;

/// The argument of `RTCPeerConnection.generateCertificate()`: an `AlgorithmIdentifier` of the Web Cryptography API with
/// `RTCCertificateExpiration` (webrtc-pc#dom-rtcpeerconnection-generatecertificate).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct KeygenAlgorithm {
    /// The algorithm, such as `ECDSA` or `RSASSA-PKCS1-v1_5`.
    pub name: String,
    /// The curve of ECDSA, such as `P-256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub named_curve: Option<String>,
    /// The length of the modulus of RSA, bits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub modulus_length: Option<u32>,
    /// The public exponent of RSA.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_exponent: Option<u64>,
    /// The hash function of RSA, such as `SHA-256`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hash: Option<String>,
    /// For how long the certificate is to be valid, milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<u64>,
}

/// A certificate in `RTCConfiguration.certificates`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CertificateSource {
    /// One that `generateCertificate()` makes of this just before the connection is constructed.
    Generate(KeygenAlgorithm),
    /// The `RTCCertificate` of this handle.
    Object(Handle),
}
