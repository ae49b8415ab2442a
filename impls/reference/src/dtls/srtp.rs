//! What a handshake agrees on for media (RFC 5764).

use super::session::Role;

/// A protection profile of SRTP (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SrtpProfile {
    /// `SRTP_AES128_CM_HMAC_SHA1_80`.
    Aes128CmHmacSha1_80,
    /// `SRTP_AEAD_AES_128_GCM`.
    AeadAes128Gcm,
    /// `SRTP_AEAD_AES_256_GCM`.
    AeadAes256Gcm,
}

impl SrtpProfile {
    /// Its name in the registry of DTLS-SRTP protection profiles, which is what `srtpCipher` of
    /// `RTCTransportStats` says.
    pub fn name(self) -> &'static str {
        match self {
            SrtpProfile::Aes128CmHmacSha1_80 => "SRTP_AES128_CM_HMAC_SHA1_80",
            SrtpProfile::AeadAes128Gcm => "SRTP_AEAD_AES_128_GCM",
            SrtpProfile::AeadAes256Gcm => "SRTP_AEAD_AES_256_GCM",
        }
    }

    /// The length of a master key, bytes.
    pub fn key_length(self) -> usize {
        match self {
            SrtpProfile::Aes128CmHmacSha1_80 | SrtpProfile::AeadAes128Gcm => 16,
            SrtpProfile::AeadAes256Gcm => 32,
        }
    }

    /// The length of a master salt, bytes.
    pub fn salt_length(self) -> usize {
        match self {
            SrtpProfile::Aes128CmHmacSha1_80 => 14,
            SrtpProfile::AeadAes128Gcm | SrtpProfile::AeadAes256Gcm => 12,
        }
    }
}

/// The keys of one direction.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SrtpMasterKey {
    /// The master key, as long as the profile says.
    pub key: Vec<u8>,
    /// The master salt, as long as the profile says.
    pub salt: Vec<u8>,
}

impl std::fmt::Debug for SrtpMasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SrtpMasterKey").finish_non_exhaustive()
    }
}

/// The keying material that a handshake gave out for SRTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SrtpKeys {
    /// The profile agreed on.
    pub profile: SrtpProfile,
    /// What the client protects with.
    pub client: SrtpMasterKey,
    /// What the server protects with.
    pub server: SrtpMasterKey,
}

impl SrtpKeys {
    /// Cuts the exporter's output up as RFC 5764 section 4.2 says: client key, server key, client salt, server
    /// salt. None when it has not the length that the profile asks for.
    pub(super) fn new(profile: SrtpProfile, material: &[u8]) -> Option<SrtpKeys> {
        let (key, salt) = (profile.key_length(), profile.salt_length());
        let (client_key, rest) = material.split_at_checked(key)?;
        let (server_key, rest) = rest.split_at_checked(key)?;
        let (client_salt, server_salt) = rest.split_at_checked(salt)?;
        let direction = |key: &[u8], salt: &[u8]| SrtpMasterKey {
            key: key.to_vec(),
            salt: salt.to_vec(),
        };
        (server_salt.len() == salt).then(|| SrtpKeys {
            profile,
            client: direction(client_key, client_salt),
            server: direction(server_key, server_salt),
        })
    }

    /// What an endpoint in this role protects with.
    pub fn of(&self, role: Role) -> &SrtpMasterKey {
        match role {
            Role::Client => &self.client,
            Role::Server => &self.server,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_material_is_cut_in_the_order_of_rfc_5764() {
        let material: Vec<u8> = (0..60).collect();
        let keys = SrtpKeys::new(SrtpProfile::Aes128CmHmacSha1_80, &material).unwrap();
        assert_eq!(keys.of(Role::Client).key, material[..16]);
        assert_eq!(keys.of(Role::Server).key, material[16..32]);
        assert_eq!(keys.of(Role::Client).salt, material[32..46]);
        assert_eq!(keys.of(Role::Server).salt, material[46..]);
    }

    #[test]
    fn material_of_another_length_is_none() {
        for (profile, length) in [
            (SrtpProfile::Aes128CmHmacSha1_80, 60),
            (SrtpProfile::AeadAes128Gcm, 56),
            (SrtpProfile::AeadAes256Gcm, 88),
        ] {
            assert!(SrtpKeys::new(profile, &vec![0; length]).is_some(), "{profile:?}");
            assert!(
                SrtpKeys::new(profile, &vec![0; length - 1]).is_none(),
                "{profile:?}"
            );
            assert!(
                SrtpKeys::new(profile, &vec![0; length + 1]).is_none(),
                "{profile:?}"
            );
        }
    }
}
