//! Identity (webrtc-identity, RFC 8827 section 7): assertions made and validated through identity providers.
//!
//! [`IdentityAgent`] is what a connection has of it: it asks providers, holds their answers against the clock and against the
//! description they belong to, and says how each request ended. [`assertion`](Assertion) is the format of `a=identity` and of
//! what is asserted. The room is sans-IO: who plays the provider is told by [`glare_peer::IdentityRequest`]s.

mod agent;
mod assertion;
#[cfg(test)]
mod tests;

pub(crate) use agent::{IdentityAgent, IdentityEvent, IdentityTicket, PeerIdentity};
pub(crate) use assertion::AssertedFingerprint;
