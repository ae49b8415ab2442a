//! The formats of identity: what stands in `a=identity`, and what it asserts.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::{Deserialize, Serialize};

/// The longest `a=identity` value that is looked at, bytes: far beyond what any provider makes.
const LONGEST: usize = 64 * 1024;

/// An identity assertion with the provider that can validate it (RFC 8827 section 7.4.1): base64 of JSON in `a=identity`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Assertion {
    /// Who can validate it.
    pub(super) idp: Provider,
    /// What the provider made; opaque.
    pub(super) assertion: String,
}

/// An identity provider (webrtc-identity#dom-rtcidentityproviderdetails).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Provider {
    /// Its domain.
    pub(super) domain: String,
    /// The protocol to use with it.
    #[serde(default = "default_protocol")]
    pub(super) protocol: String,
}

fn default_protocol() -> String {
    "default".to_owned()
}

/// Whether a protocol is none, because it could lead out of the path that the provider's script has
/// (webrtc-identity#dom-rtcidentityprovideroptions-protocol).
pub(super) fn is_bad_protocol(protocol: &str) -> bool {
    protocol.contains(['/', '\\'])
}

impl Assertion {
    /// The value of `a=identity`.
    pub(super) fn encode(&self) -> String {
        // A struct of strings always has a JSON form.
        let json = serde_json::json!(self).to_string();
        BASE64_STANDARD.encode(json)
    }

    /// Reads the value of `a=identity`; attributes of RFC 8827 section 5 that may follow it are passed over.
    pub(super) fn decode(value: &str) -> Result<Assertion, String> {
        if value.len() > LONGEST {
            return Err(format!(
                "the identity assertion has {} bytes; at most {LONGEST} are read",
                value.len()
            ));
        }
        let encoded = value.split([' ', ';']).next().unwrap_or_default();
        let json = BASE64_STANDARD
            .decode(encoded)
            .map_err(|error| format!("the identity assertion is not base64: {error}"))?;
        let assertion: Assertion = serde_json::from_slice(&json)
            .map_err(|error| format!("the identity assertion is not the JSON of one: {error}"))?;
        if is_bad_protocol(&assertion.idp.protocol) {
            return Err("the protocol of the identity assertion has a slash in it".to_owned());
        }
        Ok(assertion)
    }
}

/// A fingerprint as it is asserted (RFC 8827 section 7.4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AssertedFingerprint {
    /// The hash function, as in `a=fingerprint`.
    pub(crate) algorithm: String,
    /// The digest in upper-case hexadecimal with colons, as in `a=fingerprint`.
    pub(crate) digest: String,
}

/// What an assertion binds to an identity (RFC 8827 section 7.4).
#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    fingerprint: Vec<AssertedFingerprint>,
}

/// The `contents` that a provider is given: all fingerprints of this side.
pub(super) fn contents(fingerprints: &[AssertedFingerprint]) -> String {
    serde_json::json!({ "fingerprint": fingerprints }).to_string()
}

/// Step 9 of webrtc-identity#sec.identity-verify-assertion: whether `contents` covers every fingerprint of a description.
pub(super) fn check_contents(contents: &str, described: &[AssertedFingerprint]) -> Result<(), String> {
    let contents: Contents = serde_json::from_str(contents)
        .map_err(|error| format!("the validated contents are not JSON with fingerprints: {error}"))?;
    let same = |one: &AssertedFingerprint, other: &AssertedFingerprint| {
        one.algorithm.eq_ignore_ascii_case(&other.algorithm) && one.digest.eq_ignore_ascii_case(&other.digest)
    };
    match described.iter().find(|fingerprint| {
        !contents
            .fingerprint
            .iter()
            .any(|asserted| same(asserted, fingerprint))
    }) {
        None => Ok(()),
        Some(fingerprint) => Err(format!(
            "the assertion does not cover the fingerprint {} {}",
            fingerprint.algorithm, fingerprint.digest
        )),
    }
}

/// Step 10 of webrtc-identity#sec.identity-verify-assertion, RFC 8827 section 7.5: a provider speaks only for its own
/// domain. The identity is `user@domain`.
pub(super) fn check_domain(identity: &str, provider: &str) -> Result<(), String> {
    match identity.rsplit_once('@') {
        Some((user, domain)) if !user.is_empty() && domain.eq_ignore_ascii_case(provider) => Ok(()),
        Some(_) => Err(format!("{provider} does not speak for the identity {identity:?}")),
        None => Err(format!("the identity {identity:?} is not user@domain")),
    }
}
