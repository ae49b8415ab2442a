//! What scripts send over data channels, made so that the other end can tell each message.

use std::sync::Arc;

use glare_peer::MessageData;
use sha2::{Digest, Sha256};

/// Longest text that a trace shows whole, in characters.
const SHOWN: usize = 64;

/// Binary filler of `size` bytes that no other message of a run has: a counter, then bytes that follow from it.
pub(crate) fn filler(size: usize, serial: u64) -> MessageData {
    let mut generator = fastrand::Rng::with_seed(serial ^ 0x676c_6172_6500_0000);
    let mut bytes = vec![0; size];
    generator.fill(&mut bytes);
    let counter = serial.to_be_bytes();
    let head = counter.len().min(size);
    bytes[..head].copy_from_slice(&counter[counter.len() - head..]);
    MessageData::Binary(Arc::from(bytes))
}

/// The `serial`-th of several texts: the text itself when it is alone.
pub(crate) fn numbered(text: &str, serial: u64, count: u64) -> MessageData {
    MessageData::Text(if count == 1 { Arc::from(text) } else { Arc::from(format!("{text} {serial}")) })
}

/// A message as the trace has it: kind, length in bytes, hash, and the text of a short string.
pub(crate) fn describe(data: &MessageData) -> serde_json::Value {
    let mut described = serde_json::json!({
        "kind": match data { MessageData::Text(_) => "text", MessageData::Binary(_) => "binary" },
        "length": data.len(),
        "hash": identity(data),
    });
    if let MessageData::Text(text) = data
        && text.chars().count() <= SHOWN
    {
        described["text"] = (**text).into();
    }
    described
}

/// What tells a message from others: the first eight bytes of the SHA-256 of kind and content, in hexadecimal.
pub(crate) fn identity(data: &MessageData) -> String {
    let mut hash = Sha256::new();
    hash.update([u8::from(matches!(data, MessageData::Text(_)))]);
    hash.update(data.as_bytes());
    let hash = hash.finalize();
    let head = hash.iter().take(8).fold(0_u64, |head, &byte| head << 8 | u64::from(byte));
    format!("{head:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_differ_in_serial_kind_and_length() {
        let messages = [
            filler(100, 0),
            filler(100, 1),
            filler(101, 0),
            numbered("x", 0, 2),
            numbered("x", 1, 2),
            MessageData::Text(Arc::from("")),
            MessageData::Binary(Arc::from([])),
        ];
        for (n, one) in messages.iter().enumerate() {
            for other in &messages[n + 1..] {
                assert_ne!(identity(one), identity(other));
            }
        }
    }

    #[test]
    fn small_filler_carries_the_low_bytes_of_its_counter() {
        assert_eq!(filler(2, 0x0102).as_bytes(), [1, 2]);
        assert_eq!(filler(0, 9).len(), 0);
    }
}
