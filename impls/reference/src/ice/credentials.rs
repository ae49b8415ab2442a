//! The username fragment and password of one generation, and the keys made from them.

use stun_types::message::{IntegrityKey, ShortTermCredentials};

/// The characters of a credential: `ice-char` of RFC 8839 section 5.4, 64 of them, six bits each.
const ICE_CHARACTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Length of a generated username fragment: 48 bits, where RFC 8839 section 5.4 asks for 24.
const USERNAME_FRAGMENT_LENGTH: usize = 8;

/// Length of a generated password: 144 bits, where RFC 8839 section 5.4 asks for 128.
const PASSWORD_LENGTH: usize = 24;

/// The short-term credentials of one side for one generation (RFC 8445 section 5.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IceCredentials {
    /// `ice-ufrag`: names the generation.
    pub username_fragment: String,
    /// `ice-pwd`: the key of every check sent to this side.
    pub password: String,
}

impl IceCredentials {
    /// New credentials as RFC 8839 section 5.4 wants them, a function of `rng` alone.
    pub(crate) fn generate(rng: &mut fastrand::Rng) -> IceCredentials {
        let mut text = |length: usize| -> String {
            (0..length)
                .map(|_| char::from(ICE_CHARACTERS[rng.usize(..ICE_CHARACTERS.len())]))
                .collect()
        };
        IceCredentials {
            username_fragment: text(USERNAME_FRAGMENT_LENGTH),
            password: text(PASSWORD_LENGTH),
        }
    }
}

/// Credentials with the key of their password, computed once rather than for every packet.
#[derive(Debug, Clone)]
pub(super) struct KeyedCredentials {
    pub(super) credentials: IceCredentials,
    pub(super) key: IntegrityKey,
}

impl KeyedCredentials {
    pub(super) fn new(credentials: IceCredentials) -> KeyedCredentials {
        let key = ShortTermCredentials::new(credentials.password.clone()).make_key();
        KeyedCredentials { credentials, key }
    }

    pub(super) fn username_fragment(&self) -> &str {
        &self.credentials.username_fragment
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_credentials_are_long_enough_and_depend_on_the_seed_alone() {
        let credentials = IceCredentials::generate(&mut fastrand::Rng::with_seed(7));
        let bits = |text: &str| text.len() * 6;
        assert!(bits(&credentials.username_fragment) >= 24);
        assert!(bits(&credentials.password) >= 128);
        let all = format!("{}{}", credentials.username_fragment, credentials.password);
        assert!(all.bytes().all(|byte| ICE_CHARACTERS.contains(&byte)), "{all}");
        assert_eq!(
            credentials,
            IceCredentials::generate(&mut fastrand::Rng::with_seed(7))
        );
        assert_ne!(
            credentials,
            IceCredentials::generate(&mut fastrand::Rng::with_seed(8))
        );
    }
}
