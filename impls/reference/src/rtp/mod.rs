//! Media for real: RTP and RTCP (RFC 3550) over SRTP (RFC 3711, RFC 7714), with synthetic frames.
//!
//! [`MediaSession`] is the whole room, one for each transport (BUNDLE group). It is told what the sections of the
//! description have agreed on ([`Section`]), is given keys, datagrams and the time, and gives datagrams, events and its
//! next deadline. Read `session` first, and `configuration` for what it is told.
//!
//! Outgoing: `source` makes frames at their true cadence, `codec` gives them their bitstream and packetises them,
//! `sender` numbers the packets and keeps them for retransmission. Incoming: `demultiplexer` says which section a packet
//! belongs to, `receiver` counts, asks for what is missing, and `assembler` puts frames together again. `packet` and
//! `extension` are the formats of RTP, `rtcp` those of RTCP, `srtp` protects both.
//!
//! A frame is made, not captured: its content is a [`stamp`](self::stamp) with a number and a checksum inside a bitstream
//! of which everything is valid that a packetiser, a depacketiser or a middlebox looks at, and nothing that only a decoder
//! sees. So a receiver can say of every frame whether it arrived whole.

mod assembler;
mod codec;
mod configuration;
mod contributing;
mod demultiplexer;
mod event;
mod extension;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod history;
mod missing;
mod outlet;
mod packet;
mod playout;
mod receiver;
mod rtcp;
mod sender;
mod sequence;
mod session;
mod source;
mod srtp;
mod stamp;
mod statistics;
#[cfg(test)]
mod tests;
mod tones;

pub(crate) use configuration::{
    Codec, ConfigurationError, Feedback, HeaderExtension, HeaderExtensionKind, MediaKind, MediaSource,
    PayloadFormat, ReceiveSection, Section, SendEncoding, SendSection, TelephoneEventFormat,
};
pub(crate) use event::{FrameStamp, MediaEvent, ReceivedFrame, ToneError};
pub(crate) use session::MediaSession;
pub(crate) use srtp::{SrtpError, SrtpProfile};
pub(crate) use statistics::{
    ContributingSource, InboundStatistics, OutboundStatistics, RemoteInboundStatistics,
    RemoteOutboundStatistics, SourceStatistics,
};
