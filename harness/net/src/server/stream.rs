//! TCP cut into messages: STUN says its length (RFC 8489 section 6.2.2), and so does a ChannelData message, which is padded to
//! four bytes over TCP (RFC 8656 section 12.5).

use std::net::SocketAddr;

/// The bytes of a connection that are no whole message yet.
#[derive(Debug)]
pub(super) struct Stream {
    pub(super) local: SocketAddr,
    pub(super) remote: SocketAddr,
    bytes: Vec<u8>,
}

/// What comes off a stream.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// A message, without its padding.
    Message(Vec<u8>),
    /// More has to come.
    Incomplete,
    /// What follows begins no message.
    Nonsense,
}

/// The magic cookie, which tells STUN from what else begins with two zero bits, such as TLS.
const COOKIE: &[u8] = &[0x21, 0x12, 0xa4, 0x42];

impl Stream {
    pub(super) fn new(local: SocketAddr, remote: SocketAddr) -> Stream {
        Stream {
            local,
            remote,
            bytes: Vec::new(),
        }
    }

    /// Takes what came. What is kept stays below one message and this, as long as messages are cut off after it.
    pub(super) fn push(&mut self, data: &[u8]) {
        self.bytes.extend_from_slice(data);
    }

    /// Cuts off the first message.
    pub(super) fn cut(&mut self) -> Cut {
        let &[first, _, high, low, ..] = self.bytes.as_slice() else {
            return Cut::Incomplete;
        };
        let length = usize::from(u16::from_be_bytes([high, low]));
        let (message, padded) = match first {
            0x00..=0x3f => match self.bytes.get(4..8) {
                Some(COOKIE) => (20 + length, 20 + length),
                Some(_) => return Cut::Nonsense,
                None => return Cut::Incomplete,
            },
            0x40..=0x4f => (4 + length, (4 + length).next_multiple_of(4)),
            _ => return Cut::Nonsense,
        };
        if self.bytes.len() < padded {
            return Cut::Incomplete;
        }
        let mut cut: Vec<u8> = self.bytes.drain(..padded).collect();
        cut.truncate(message);
        Cut::Message(cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream() -> Stream {
        let address = "10.0.0.1:1".parse().unwrap();
        Stream::new(address, address)
    }

    #[test]
    fn messages_are_cut_off_wherever_segments_end() {
        let mut stun = vec![0x00, 0x01, 0, 4];
        stun.extend(COOKIE);
        stun.extend([9; 16]);
        let channel = [0x40, 0x00, 0, 3, 1, 2, 3];
        let mut all = channel.to_vec();
        all.push(0);
        all.extend(&stun);
        for size in 1..all.len() {
            let mut stream = stream();
            let mut cut = Vec::new();
            for part in all.chunks(size) {
                stream.push(part);
                while let Cut::Message(message) = stream.cut() {
                    cut.push(message);
                }
            }
            assert_eq!(cut, [channel.to_vec(), stun.clone()], "segments of {size}");
        }
    }

    #[test]
    fn what_begins_no_message_is_told() {
        for nonsense in [
            &b"POST / HTTP/1.1"[..],
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        ] {
            let mut stream = stream();
            stream.push(nonsense);
            assert_eq!(stream.cut(), Cut::Nonsense);
        }
    }
}
