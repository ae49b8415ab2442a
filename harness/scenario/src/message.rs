//! Messages that a scenario sends.

use std::sync::Arc;
use std::time::Duration;

use glare_peer::MessageData;

use crate::script::ExceptionPattern;

/// Messages sent on a data channel.
#[derive(Debug, Clone, PartialEq)]
pub struct Send {
    /// The variable of the channel.
    pub channel: String,
    /// What to send.
    pub payload: Payload,
    /// How many messages, at least 1. More than one differ: see [`Payload::message`].
    pub count: u32,
    /// The time between two; the script goes on after the last.
    pub every: Duration,
    /// What each `send()` throws; none when it must not throw.
    pub throws: Option<ExceptionPattern>,
}

impl Send {
    /// The messages in order.
    pub fn messages(&self) -> impl Iterator<Item = MessageData> + '_ {
        (1..=self.count).map(|number| self.payload.message(number, self.count))
    }
}

/// What a message carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// A string.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// This many bytes of filler.
    Filler(u64),
}

impl Payload {
    /// Message `number` (from 1) of `count`. Where there are several, a text has its number appended after a space, bytes
    /// have it appended as four bytes, and filler differs throughout.
    pub fn message(&self, number: u32, count: u32) -> MessageData {
        match self {
            Payload::Text(text) if count == 1 => MessageData::Text(Arc::from(text.as_str())),
            Payload::Text(text) => MessageData::Text(format!("{text} {number}").into()),
            Payload::Binary(bytes) if count == 1 => MessageData::Binary(Arc::from(bytes.as_slice())),
            Payload::Binary(bytes) => {
                MessageData::Binary(bytes.iter().copied().chain(number.to_be_bytes()).collect())
            }
            Payload::Filler(length) => {
                // Weyl sequence: cheap, never repeats within a message, and differs between messages.
                let start = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
                let word = |index: u64| {
                    start
                        .wrapping_add(index.wrapping_mul(0xd134_2543_de82_ef95))
                        .to_be_bytes()
                };
                let bytes = (0..length.div_ceil(8)).flat_map(word);
                MessageData::Binary(
                    bytes
                        .take(usize::try_from(*length).unwrap_or(usize::MAX))
                        .collect(),
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_messages_of_one_send_all_differ() {
        for payload in [
            Payload::Text("a".to_owned()),
            Payload::Binary(vec![7]),
            Payload::Filler(20),
        ] {
            let channel = "chat".to_owned();
            let send = Send {
                channel,
                payload,
                count: 300,
                every: Duration::ZERO,
                throws: None,
            };
            let messages: Vec<MessageData> = send.messages().collect();
            assert_eq!(messages.len(), 300);
            for (index, message) in messages.iter().enumerate() {
                assert!(!messages[..index].contains(message), "{message:?}");
            }
        }
    }

    #[test]
    fn a_single_message_is_what_was_written() {
        assert_eq!(
            Payload::Text("a".to_owned()).message(1, 1),
            MessageData::Text("a".into())
        );
        assert_eq!(Payload::Binary(vec![7]).message(1, 1).as_bytes(), [7]);
        for length in [0, 1, 7, 8, 9, 200_000] {
            assert_eq!(Payload::Filler(length).message(1, 1).len() as u64, length);
        }
    }
}
