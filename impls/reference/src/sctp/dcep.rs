//! The messages of the data channel establishment protocol (RFC 8832 section 5).

/// What a data channel is opened with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChannelParameters {
    /// The label, at most 65535 bytes.
    pub label: String,
    /// The subprotocol, at most 65535 bytes.
    pub protocol: String,
    /// Whether messages arrive in the order they were sent.
    pub ordered: bool,
    /// How many times a message is sent again; none for no limit. Excludes `max_packet_life_time`.
    pub max_retransmits: Option<u16>,
    /// For how many milliseconds a message is sent and sent again; none for no limit. Excludes
    /// `max_retransmits`.
    pub max_packet_life_time: Option<u16>,
    /// The priority (RFC 8831 section 6.4): 128 below normal, 256 normal, 512 high, 1024 extra high.
    pub priority: u16,
}

/// A message of the protocol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// `DATA_CHANNEL_OPEN`.
    Open(ChannelParameters),
    /// `DATA_CHANNEL_ACK`.
    Ack,
}

/// Why a `DATA_CHANNEL_OPEN` cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EncodeError {
    /// The label or the subprotocol does not fit its 16 bits of length.
    #[error("the {field} has {length} bytes, and DATA_CHANNEL_OPEN has room for 65535")]
    TooLong {
        /// Which of the two.
        field: &'static str,
        /// Its length in bytes.
        length: usize,
    },
    /// A channel limits either the retransmissions or the time.
    #[error("a channel cannot limit both the retransmissions and the life time of its messages")]
    TwoLimits,
}

/// Why a payload is no message of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum DecodeError {
    /// There is nothing.
    #[error("the message is empty")]
    Empty,
    /// The message type is not one of RFC 8832 section 8.2.1.
    #[error("the message type 0x{0:02x} is unknown")]
    MessageType(u8),
    /// The fixed part of `DATA_CHANNEL_OPEN` is cut off.
    #[error("a DATA_CHANNEL_OPEN begins with {FIXED_LENGTH} bytes, not {0}")]
    Truncated(usize),
    /// The channel type is not one of RFC 8832 section 8.2.2.
    #[error("the channel type 0x{0:02x} is unknown")]
    ChannelType(u8),
    /// The lengths given do not add up to the message's.
    #[error("label and protocol are said to have {declared} bytes, but {found} follow")]
    Length {
        /// What the two length fields say together.
        declared: usize,
        /// What follows the fixed part.
        found: usize,
    },
    /// The label or the subprotocol is not UTF-8.
    #[error("the {0} is not UTF-8")]
    NotUtf8(&'static str),
}

const ACK: u8 = 0x02;
const OPEN: u8 = 0x03;

/// The part of `DATA_CHANNEL_OPEN` before label and protocol, bytes.
const FIXED_LENGTH: usize = 12;

const RELIABLE: u8 = 0x00;
const LIMITED_RETRANSMITS: u8 = 0x01;
const LIMITED_LIFE_TIME: u8 = 0x02;
/// Added to a channel type whose messages need not arrive in order.
const UNORDERED: u8 = 0x80;

impl Message {
    /// The message as RFC 8832 section 5 writes it.
    pub fn encode(&self) -> Result<Vec<u8>, EncodeError> {
        let Message::Open(parameters) = self else {
            return Ok(vec![ACK]);
        };
        let (channel_type, reliability) = match (parameters.max_retransmits, parameters.max_packet_life_time)
        {
            (None, None) => (RELIABLE, 0),
            (Some(retransmits), None) => (LIMITED_RETRANSMITS, retransmits),
            (None, Some(life_time)) => (LIMITED_LIFE_TIME, life_time),
            (Some(_), Some(_)) => return Err(EncodeError::TwoLimits),
        };
        let length = |field, text: &str| {
            u16::try_from(text.len()).map_err(|_| EncodeError::TooLong {
                field,
                length: text.len(),
            })
        };
        let (label, protocol) = (&parameters.label, &parameters.protocol);
        let mut message = vec![
            OPEN,
            if parameters.ordered {
                channel_type
            } else {
                channel_type | UNORDERED
            },
        ];
        message.extend(parameters.priority.to_be_bytes());
        message.extend(u32::from(reliability).to_be_bytes());
        message.extend(length("label", label)?.to_be_bytes());
        message.extend(length("protocol", protocol)?.to_be_bytes());
        message.extend(label.as_bytes());
        message.extend(protocol.as_bytes());
        Ok(message)
    }

    /// Reads a message. A limit that has more than the 16 bits of the API is taken as the largest that has.
    pub fn decode(payload: &[u8]) -> Result<Message, DecodeError> {
        match payload.first() {
            None => return Err(DecodeError::Empty),
            Some(&ACK) => return Ok(Message::Ack),
            Some(&OPEN) => {}
            Some(&other) => return Err(DecodeError::MessageType(other)),
        }
        let Some((fixed, rest)) = payload.split_first_chunk::<FIXED_LENGTH>() else {
            return Err(DecodeError::Truncated(payload.len()));
        };
        let [_, channel_type, p1, p2, r1, r2, r3, r4, l1, l2, s1, s2] = *fixed;
        let limit = u16::try_from(u32::from_be_bytes([r1, r2, r3, r4])).unwrap_or(u16::MAX);
        let (max_retransmits, max_packet_life_time) = match channel_type & !UNORDERED {
            RELIABLE => (None, None),
            LIMITED_RETRANSMITS => (Some(limit), None),
            LIMITED_LIFE_TIME => (None, Some(limit)),
            _ => return Err(DecodeError::ChannelType(channel_type)),
        };
        let label_length = usize::from(u16::from_be_bytes([l1, l2]));
        let protocol_length = usize::from(u16::from_be_bytes([s1, s2]));
        let declared = label_length + protocol_length;
        let Some((label, protocol)) = rest
            .split_at_checked(label_length)
            .filter(|_| declared == rest.len())
        else {
            return Err(DecodeError::Length {
                declared,
                found: rest.len(),
            });
        };
        let text =
            |field, bytes: &[u8]| String::from_utf8(bytes.to_vec()).map_err(|_| DecodeError::NotUtf8(field));
        Ok(Message::Open(ChannelParameters {
            label: text("label", label)?,
            protocol: text("protocol", protocol)?,
            ordered: channel_type & UNORDERED == 0,
            max_retransmits,
            max_packet_life_time,
            priority: u16::from_be_bytes([p1, p2]),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters() -> ChannelParameters {
        ChannelParameters {
            label: "chat".into(),
            protocol: "é".into(),
            ordered: true,
            max_retransmits: None,
            max_packet_life_time: None,
            priority: 256,
        }
    }

    #[test]
    fn an_open_has_the_bytes_of_rfc_8832() {
        let open = Message::Open(ChannelParameters {
            ordered: false,
            max_retransmits: Some(5),
            ..parameters()
        });
        let bytes = b"\x03\x81\x01\x00\x00\x00\x00\x05\x00\x04\x00\x02chat\xC3\xA9";
        assert_eq!(open.encode().unwrap(), bytes);
        assert_eq!(Message::decode(bytes), Ok(open));
        assert_eq!(Message::Ack.encode().unwrap(), [2]);
        assert_eq!(Message::decode(&[2]), Ok(Message::Ack));
    }

    #[test]
    fn every_channel_type_reads_back_as_it_is_written() {
        let limits = [
            (None, None),
            (Some(0), None),
            (Some(65535), None),
            (None, Some(0)),
            (None, Some(65535)),
        ];
        for ordered in [true, false] {
            for (max_retransmits, max_packet_life_time) in limits {
                for label in ["", "label"] {
                    let open = Message::Open(ChannelParameters {
                        label: label.into(),
                        protocol: String::new(),
                        ordered,
                        max_retransmits,
                        max_packet_life_time,
                        priority: 1024,
                    });
                    assert_eq!(Message::decode(&open.encode().unwrap()), Ok(open));
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_written_is_refused() {
        let encode = |parameters| Message::Open(parameters).encode();
        let both = ChannelParameters {
            max_retransmits: Some(1),
            max_packet_life_time: Some(1),
            ..parameters()
        };
        assert_eq!(encode(both), Err(EncodeError::TwoLimits));
        let longest = ChannelParameters {
            label: "x".repeat(65535),
            ..parameters()
        };
        assert!(encode(longest).is_ok());
        let longer = ChannelParameters {
            protocol: "x".repeat(65536),
            ..parameters()
        };
        assert_eq!(
            encode(longer),
            Err(EncodeError::TooLong {
                field: "protocol",
                length: 65536
            })
        );
    }

    #[test]
    fn garbage_is_refused_with_its_reason() {
        let cases: [(&[u8], DecodeError); 9] = [
            (b"", DecodeError::Empty),
            (b"\x00", DecodeError::MessageType(0)),
            (b"\xFF garbage", DecodeError::MessageType(0xFF)),
            (b"\x03", DecodeError::Truncated(1)),
            (
                b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00",
                DecodeError::Truncated(11),
            ),
            (
                b"\x03\x03\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00",
                DecodeError::ChannelType(3),
            ),
            (
                b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x02\x00\x01ab",
                DecodeError::Length {
                    declared: 3,
                    found: 2,
                },
            ),
            (
                b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x01\x00\x00ab",
                DecodeError::Length {
                    declared: 1,
                    found: 2,
                },
            ),
            (
                b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x01\x00\x00\xFF",
                DecodeError::NotUtf8("label"),
            ),
        ];
        for (payload, error) in cases {
            assert_eq!(Message::decode(payload), Err(error), "{payload:x?}");
        }
        let huge = b"\x03\x01\x01\x00\xFF\xFF\xFF\xFF\x00\x00\x00\x00";
        let Ok(Message::Open(parameters)) = Message::decode(huge) else {
            panic!("it is well formed")
        };
        assert_eq!(parameters.max_retransmits, Some(u16::MAX));
    }
}
