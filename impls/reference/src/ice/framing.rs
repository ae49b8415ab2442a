//! How packets lie in a TCP stream: behind a length between peers (RFC 4571), by themselves to a TURN server (RFC 8656).

use stun_types::message::MessageHeader;

/// The longest packet that RFC 4571 section 2 frames.
pub(super) const LONGEST_PACKET: usize = u16::MAX as usize;

/// What is in the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    /// A length of two bytes before each packet (RFC 4571 section 2).
    Length,
    /// STUN messages and ChannelData, whose headers tell their length (RFC 8489 section 6.2.2, RFC 8656 section 12.5).
    Turn,
}

/// A stream that is neither is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadStream;

/// A stream being taken apart. It holds less than a packet and what came last.
#[derive(Debug)]
pub(super) struct Deframer {
    framing: Framing,
    buffer: Vec<u8>,
}

impl Deframer {
    pub(super) fn new(framing: Framing) -> Deframer {
        Deframer {
            framing,
            buffer: Vec::new(),
        }
    }

    /// Takes bytes of the stream, and gives the packets that are complete.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<Vec<Vec<u8>>, BadStream> {
        self.buffer.extend_from_slice(bytes);
        let mut packets = Vec::new();
        let mut rest = self.buffer.as_slice();
        while let Some((header, length, padding)) = measure(self.framing, rest)? {
            let Some(packet) = rest.get(header..length) else {
                break;
            };
            // The padding of the last packet may still be on its way.
            let Some(behind) = rest.get(length + padding..) else {
                break;
            };
            packets.push(packet.to_vec());
            rest = behind;
        }
        let taken = self.buffer.len() - rest.len();
        self.buffer.drain(..taken);
        Ok(packets)
    }
}

/// Where the packet at the start begins and ends, and how much padding follows; none until its header is there.
fn measure(framing: Framing, stream: &[u8]) -> Result<Option<(usize, usize, usize)>, BadStream> {
    let word = |at: usize| -> Option<usize> {
        let bytes = stream.get(at..at + 2)?;
        Some(usize::from(u16::from_be_bytes(bytes.try_into().ok()?)))
    };
    match framing {
        Framing::Length => Ok(word(0).map(|length| (2, 2 + length, 0))),
        Framing::Turn => {
            let (Some(first), Some(length)) = (word(0), word(2)) else {
                return Ok(None);
            };
            match first >> 14 {
                0b00 => Ok(Some((0, MessageHeader::LENGTH + length, 0))),
                0b01 => Ok(Some((0, 4 + length, (4 - length % 4) % 4))),
                _ => Err(BadStream),
            }
        }
    }
}

/// RFC 4571 section 2: the packet behind its length; none where it is too long.
pub(super) fn frame(packet: &[u8]) -> Option<Vec<u8>> {
    let length = u16::try_from(packet.len()).ok()?;
    let mut framed = Vec::with_capacity(2 + packet.len());
    framed.extend(length.to_be_bytes());
    framed.extend_from_slice(packet);
    Some(framed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_out_as_they_went_in_wherever_the_stream_is_cut() {
        let packets: [&[u8]; 3] = [&[1, 2, 3], &[], &[9; 300]];
        let stream: Vec<u8> = packets.iter().flat_map(|packet| frame(packet).unwrap()).collect();
        for size in 1..stream.len() {
            let mut deframer = Deframer::new(Framing::Length);
            let taken: Vec<Vec<u8>> = stream
                .chunks(size)
                .flat_map(|chunk| deframer.take(chunk).unwrap())
                .collect();
            assert_eq!(taken, packets, "in pieces of {size}");
            assert!(deframer.buffer.is_empty());
        }
        assert_eq!(frame(&[0; LONGEST_PACKET + 1]), None);
    }

    #[test]
    fn messages_and_channel_data_with_its_padding_are_told_apart() {
        let message = [&[0, 1, 0, 4][..], &[7; 20]].concat();
        let channel = [0x40, 0, 0, 5, 1, 2, 3, 4, 5];
        let stream = [&message[..], &channel, &[0, 0, 0], &message].concat();
        for size in 1..stream.len() {
            let mut deframer = Deframer::new(Framing::Turn);
            let taken: Vec<Vec<u8>> = stream
                .chunks(size)
                .flat_map(|chunk| deframer.take(chunk).unwrap())
                .collect();
            assert_eq!(taken, [message.clone(), channel.to_vec(), message.clone()]);
        }
    }

    #[test]
    fn a_stream_that_is_neither_is_told() {
        assert_eq!(
            Deframer::new(Framing::Turn).take(&[0x80, 0, 0, 0]),
            Err(BadStream)
        );
    }
}
