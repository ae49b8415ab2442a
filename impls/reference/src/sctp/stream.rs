//! What is known of one stream in both directions.

use std::collections::VecDeque;

use super::dcep::ChannelParameters;

/// A stream with a data channel on it, or one that is only being reset.
#[derive(Debug)]
pub(super) struct Stream {
    /// The channel; none when there is none to tell anybody about, only a stream to reset.
    pub channel: Option<ChannelParameters>,
    /// Whether order is kept whatever the channel asks for, because the other side may not know of the
    /// channel yet (RFC 8832 section 6).
    pub keep_order: bool,
    /// Whether the channel was announced and `DATA_CHANNEL_ACK` has not come yet.
    pub awaits_acknowledgement: bool,
    /// How far the outgoing half is closed.
    pub outgoing: Outgoing,
    /// Whether the other side has reset the incoming half.
    pub incoming_reset: bool,
    /// What has been given to SCTP and has not been sent, oldest first.
    queue: VecDeque<Queued>,
    /// The amount that was last reported.
    reported: usize,
}

/// How far the outgoing half of a stream is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outgoing {
    /// Not at all.
    Open,
    /// It is to be reset once everything buffered has been sent.
    Draining,
    /// The reset is on its way.
    Resetting,
    /// It is reset.
    Reset,
}

#[derive(Debug)]
struct Queued {
    /// Bytes of payload.
    wire: usize,
    /// Bytes of the application among them.
    application: usize,
}

impl Stream {
    /// A stream for a channel that is being announced to the other side.
    pub fn announced(channel: ChannelParameters) -> Stream {
        Stream {
            keep_order: true,
            awaits_acknowledgement: true,
            ..Stream::acknowledged(channel)
        }
    }

    /// A stream for a channel that both sides know of.
    pub fn acknowledged(channel: ChannelParameters) -> Stream {
        Stream {
            channel: Some(channel),
            ..Stream::without_channel()
        }
    }

    /// A stream that has no channel and is only to be reset.
    pub fn without_channel() -> Stream {
        Stream {
            channel: None,
            keep_order: false,
            awaits_acknowledgement: false,
            outgoing: Outgoing::Open,
            incoming_reset: false,
            queue: VecDeque::new(),
            reported: 0,
        }
    }

    /// Notes what has been given to SCTP: `wire` bytes, of which `application` are the application's.
    pub fn queued(&mut self, wire: usize, application: usize) {
        self.queue.push_back(Queued { wire, application });
        self.reported += application;
    }

    /// How many bytes of the application are still buffered, given how many bytes SCTP has. Messages leave
    /// SCTP in the order they entered it, so what it has is the end of what it got.
    pub fn buffered_amount(&self, in_sctp: usize) -> usize {
        let mut left = in_sctp;
        let mut amount = 0;
        for queued in self.queue.iter().rev() {
            let wire = queued.wire.min(left);
            amount += queued.application.min(wire);
            left -= wire;
        }
        amount
    }

    /// Forgets what has been sent, and gives the amount if it has fallen since it was last asked for.
    pub fn decreased_to(&mut self, in_sctp: usize) -> Option<usize> {
        let mut total: usize = self.queue.iter().map(|queued| queued.wire).sum();
        while let Some(first) = self.queue.front() {
            if total - first.wire < in_sctp {
                break;
            }
            total -= first.wire;
            self.queue.pop_front();
        }
        let amount = self.buffered_amount(in_sctp);
        let fell = amount < self.reported;
        self.reported = amount;
        fell.then_some(amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_amount_counts_the_application_s_bytes_alone() {
        let mut stream = Stream::without_channel();
        stream.queued(16, 0); // DATA_CHANNEL_OPEN
        stream.queued(10, 10);
        stream.queued(1, 0); // an empty message
        stream.queued(20, 20);
        assert_eq!(stream.buffered_amount(47), 30);
        assert_eq!(stream.decreased_to(47), None);
        assert_eq!(stream.decreased_to(31), None, "only the opening has gone");
        assert_eq!(
            stream.decreased_to(25),
            Some(24),
            "six bytes of the first message have gone"
        );
        assert_eq!(stream.decreased_to(21), Some(20));
        assert_eq!(stream.decreased_to(20), None);
        assert_eq!(stream.decreased_to(0), Some(0));
        assert_eq!(stream.decreased_to(0), None);
        assert!(stream.queue.is_empty());
    }
}
