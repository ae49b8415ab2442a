//! The cryptography under str0m: dimpl's RustCrypto back end, with every source of chance replaced.
//!
//! [`dtls`] adapts dimpl to str0m. [`key_exchange`] and [`certificate`](self::certificate()) make keys from the peer's own
//! generator, [`key_log`] overhears the secrets, [`srtp`] and [`hash`] are what str0m asks for beside DTLS.

mod certificate;
mod dtls;
mod hash;
mod key_exchange;
mod key_log;
mod srtp;

use std::sync::Arc;

use str0m::config::CryptoProvider;

pub(crate) use certificate::certificate;

/// The provider for every connection. It keeps nothing: chance and secrets go through [`crate::ambient`].
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(CryptoProvider {
        srtp_provider: &srtp::Srtp,
        sha1_hmac_provider: &hash::Hash,
        sha1_provider: &hash::Hash,
        sha256_provider: &hash::Hash,
        dtls_provider: &dtls::Dtls,
    })
}
