//! RTCP packets (RFC 3550 section 6, RFC 4585, RFC 5104), in compounds or of reduced size (RFC 5506).
//!
//! [`read`] tells what a packet says, [`RtcpWriter`] writes one, `feedback` is the transport-wide feedback of a receiver.

mod feedback;
mod reader;
mod writer;

#[cfg(test)]
mod tests;

pub(super) use feedback::TransportFeedbackGenerator;
pub(super) use reader::{ReportBlock, RtcpMessage, read};
pub(super) use writer::{RtcpWriter, SenderInfo};
