//! Certificate fingerprints as session descriptions carry them (RFC 8122 section 5).

use std::fmt;
use std::str::FromStr;

use sha2::Digest as _;

/// The hash of a certificate. The hash functions that are understood are SHA-512, SHA-384, SHA-256 and SHA-1;
/// others are carried along but never match.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    /// The hash function in lower case, such as `sha-256`.
    pub algorithm: String,
    /// The hash.
    pub value: Vec<u8>,
}

impl Fingerprint {
    /// The fingerprint of a certificate (DER) by the named hash function, in lower case; none when it is not
    /// understood.
    pub fn of(certificate: &[u8], algorithm: &str) -> Option<Fingerprint> {
        let value = match algorithm {
            "sha-512" => sha2::Sha512::digest(certificate).to_vec(),
            "sha-384" => sha2::Sha384::digest(certificate).to_vec(),
            "sha-256" => sha2::Sha256::digest(certificate).to_vec(),
            "sha-1" => sha1::Sha1::digest(certificate).to_vec(),
            _ => return None,
        };
        Some(Fingerprint {
            algorithm: algorithm.to_owned(),
            value,
        })
    }

    /// The fingerprint of a certificate by SHA-256, as this engine's descriptions carry it.
    pub fn sha256_of(certificate: &[u8]) -> Fingerprint {
        Fingerprint {
            algorithm: "sha-256".to_owned(),
            value: sha2::Sha256::digest(certificate).to_vec(),
        }
    }

    /// The length in bytes of a hash; none when the hash function is not understood.
    fn length_of(algorithm: &str) -> Option<usize> {
        STRENGTH
            .iter()
            .find(|(name, _)| *name == algorithm)
            .map(|(_, length)| *length)
    }
}

/// The hash functions that are understood, strongest first, each with its length in bytes.
const STRENGTH: [(&str, usize); 4] = [("sha-512", 64), ("sha-384", 48), ("sha-256", 32), ("sha-1", 20)];

/// Whether a certificate (DER) is one that the fingerprints vouch for, by RFC 8122 section 5: of the
/// fingerprints given, those with the strongest hash function that is understood count, and one of them must
/// match. Weaker ones cannot save a certificate that a stronger one denies.
pub(super) fn vouched_for(certificate: &[u8], fingerprints: &[Fingerprint]) -> bool {
    let given = |algorithm: &str| {
        fingerprints
            .iter()
            .any(|fingerprint| fingerprint.algorithm == algorithm)
    };
    let Some((strongest, _)) = STRENGTH.iter().find(|(algorithm, _)| given(algorithm)) else {
        return false;
    };
    Fingerprint::of(certificate, strongest).is_some_and(|presented| fingerprints.contains(&presented))
}

impl fmt::Display for Fingerprint {
    /// As the value of the `fingerprint` attribute: `sha-256 AB:CD:…`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.algorithm)?;
        for (index, byte) in self.value.iter().enumerate() {
            let separator = if index == 0 { "" } else { ":" };
            write!(f, "{separator}{byte:02X}")?;
        }
        Ok(())
    }
}

/// Why a text is not the value of a `fingerprint` attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseFingerprintError {
    /// There is no space between hash function and hash.
    #[error("{0:?} is not a fingerprint: expected a hash function, a space and the hash")]
    Shape(String),
    /// Something between two colons is not a byte.
    #[error("{0:?} in a fingerprint is not two hexadecimal digits")]
    Byte(String),
    /// The hash has not the length its function gives.
    #[error("a {algorithm} fingerprint has {expected} bytes, not {found}")]
    Length {
        /// The hash function.
        algorithm: String,
        /// How many bytes it gives.
        expected: usize,
        /// How many bytes there are.
        found: usize,
    },
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (algorithm, hash) = text
            .split_once(' ')
            .ok_or_else(|| ParseFingerprintError::Shape(text.to_owned()))?;
        if algorithm.is_empty() {
            return Err(ParseFingerprintError::Shape(text.to_owned()));
        }
        let algorithm = algorithm.to_ascii_lowercase();
        let value = hash.split(':').map(byte).collect::<Result<Vec<u8>, _>>()?;
        match Fingerprint::length_of(&algorithm) {
            Some(expected) if expected != value.len() => Err(ParseFingerprintError::Length {
                algorithm,
                expected,
                found: value.len(),
            }),
            _ => Ok(Fingerprint { algorithm, value }),
        }
    }
}

/// A byte from its two hexadecimal digits. RFC 8122 asks for upper case; peers send lower case too, so both
/// are read.
fn byte(digits: &str) -> Result<u8, ParseFingerprintError> {
    let error = || ParseFingerprintError::Byte(digits.to_owned());
    if digits.len() != 2 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return Err(error());
    }
    u8::from_str_radix(digits, 16).map_err(|_| error())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fingerprint(algorithm: &str, of: &[u8]) -> Fingerprint {
        Fingerprint::of(of, algorithm).unwrap()
    }

    #[test]
    fn a_fingerprint_reads_back_as_it_is_written() {
        for (algorithm, _) in STRENGTH {
            let written = fingerprint(algorithm, b"certificate");
            assert_eq!(written.to_string().parse(), Ok(written));
        }
        // The SHA-1 of "abc", from FIPS 180.
        assert_eq!(
            fingerprint("sha-1", b"abc").to_string(),
            "sha-1 A9:99:3E:36:47:06:81:6A:BA:3E:25:71:78:50:C2:6C:9C:D0:D8:9D"
        );
    }

    #[test]
    fn what_is_not_a_fingerprint_is_refused_with_its_reason() {
        let refused = |text: &str| text.parse::<Fingerprint>().unwrap_err();
        assert_eq!(refused("sha-256"), ParseFingerprintError::Shape("sha-256".into()));
        assert_eq!(refused(" AB"), ParseFingerprintError::Shape(" AB".into()));
        assert_eq!(refused("sha-256 "), ParseFingerprintError::Byte(String::new()));
        assert_eq!(refused("sha-1 AB:+C"), ParseFingerprintError::Byte("+C".into()));
        assert_eq!(refused("sha-1 AB:ABC"), ParseFingerprintError::Byte("ABC".into()));
        assert_eq!(
            refused("SHA-1 AB:CD"),
            ParseFingerprintError::Length {
                algorithm: "sha-1".into(),
                expected: 20,
                found: 2
            }
        );
        assert_eq!(
            "md5 AB:cd".parse(),
            Ok(Fingerprint {
                algorithm: "md5".into(),
                value: vec![0xAB, 0xCD]
            })
        );
    }

    #[test]
    fn only_the_strongest_understood_hash_vouches() {
        let (mine, other) = (b"mine".as_slice(), b"other".as_slice());
        let unknown = Fingerprint {
            algorithm: "md5".into(),
            value: vec![0; 16],
        };
        assert!(!vouched_for(mine, &[]));
        assert!(!vouched_for(mine, std::slice::from_ref(&unknown)));
        assert!(vouched_for(mine, &[unknown, fingerprint("sha-1", mine)]));
        assert!(vouched_for(
            mine,
            &[fingerprint("sha-256", other), fingerprint("sha-256", mine)]
        ));
        assert!(!vouched_for(
            mine,
            &[fingerprint("sha-512", other), fingerprint("sha-256", mine)]
        ));
        assert!(vouched_for(
            mine,
            &[fingerprint("sha-512", mine), fingerprint("sha-256", other)]
        ));
    }
}
