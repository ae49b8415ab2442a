//! SCTP over DTLS (RFC 8261) and the data channel establishment protocol (RFC 8832).
//!
//! Read [`transport`] first: the association and the streams of the data channels on it. [`stream`] keeps
//! what is known of one stream, [`dcep`] the messages that open a channel, [`payload`] how a message becomes
//! a payload and back.

mod dcep;
mod event;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod payload;
mod stream;
mod transport;

#[cfg(test)]
mod tests;

pub(crate) use dcep::ChannelParameters;
pub(crate) use event::{SctpError, SctpEvent};
pub(crate) use transport::SctpTransport;
