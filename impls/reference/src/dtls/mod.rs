//! DTLS behind a small trait, with verification of the remote fingerprint.
