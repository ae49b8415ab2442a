//! DTLS behind a small trait, with verification of the remote fingerprint.
//!
//! Read [`transport`] first: what a connection sees. [`session`] is the trait a DTLS library stands behind,
//! [`dimpl_session`] the library behind it, with [`hooks`] for its chance and its secrets and [`clock`] for
//! its time. [`certificate`], made with a key of [`keygen`], and [`fingerprint`] say who is who; [`srtp`] is what
//! media needs of a handshake.

mod certificate;
mod clock;
mod dimpl_session;
mod fingerprint;
mod hooks;
mod key_log;
mod keygen;
mod negotiated;
mod record;
mod session;
mod srtp;
mod transport;

#[cfg(test)]
mod tests;

pub(crate) use certificate::{Certificate, CertificateError};
pub(crate) use fingerprint::{Fingerprint, ParseFingerprintError};
pub(crate) use keygen::{KeyAlgorithm, KeygenError, KeygenParameters};
pub(crate) use session::Role as DtlsRole;
pub(crate) use srtp::{SrtpKeys, SrtpMasterKey, SrtpProfile};
pub(crate) use transport::{DtlsError, DtlsEvent, DtlsFailure, DtlsTransport};
