//! What an association reports, and why it cannot do what it was asked to.

use glare_peer::MessageData;

use super::dcep::{ChannelParameters, EncodeError};

/// What an [`SctpTransport`](super::SctpTransport) reports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SctpEvent {
    /// The association is established.
    Connected,
    /// The other side opened a channel with `DATA_CHANNEL_OPEN`; it has been acknowledged.
    Opened {
        /// Its stream.
        stream: u16,
        /// What it was opened with.
        parameters: ChannelParameters,
    },
    /// The other side acknowledged a channel that was opened here.
    Acknowledged {
        /// Its stream.
        stream: u16,
    },
    /// A message arrived.
    Message {
        /// The stream of its channel.
        stream: u16,
        /// The message.
        data: MessageData,
    },
    /// Some of what was buffered has been handed to the network, or given up.
    BufferedAmountDecreased {
        /// The stream of the channel.
        stream: u16,
        /// How many bytes are still buffered.
        amount: usize,
    },
    /// A channel is being closed, and not by
    /// [`SctpTransport::close_stream`](super::SctpTransport::close_stream): the other side reset the stream,
    /// or broke a rule of RFC 8832. Everything buffered is still sent, and then the stream is reset from this
    /// side too.
    StreamClosedByRemote {
        /// The stream of the channel.
        stream: u16,
    },
    /// Both directions of the stream have been reset: the channel is closed, and the stream can be used
    /// again.
    StreamReset {
        /// The stream of the channel that was.
        stream: u16,
    },
    /// The association ended in order. Nothing follows.
    Closed,
    /// The association was aborted; the text says why. Nothing follows.
    Failed(String),
}

/// Why the transport cannot do what it was asked to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SctpError {
    /// The association has ended, or is ending.
    #[error("the SCTP association has ended")]
    Ended,
    /// There is no such stream: 65535 is above the greatest id allowed, or the association has fewer.
    #[error("there is no stream {0} in the association")]
    InvalidStream(u16),
    /// The stream has a channel already, or is still being reset.
    #[error("stream {0} is in use")]
    StreamInUse(u16),
    /// The stream has no channel, or one that is being closed.
    #[error("stream {0} has no open channel")]
    NotOpen(u16),
    /// The channel cannot be announced.
    #[error("cannot open the channel: {0}")]
    Parameters(#[from] EncodeError),
    /// The message is longer than the other side takes.
    #[error("a message of {size} bytes is longer than the {limit} bytes that the other side takes")]
    MessageTooLong {
        /// Its length in bytes.
        size: usize,
        /// What the other side takes, bytes.
        limit: usize,
    },
    /// As much is buffered as can be.
    #[error("the send buffer of stream {0} is full")]
    BufferFull(u16),
}
