//! What goes over data channels, as the trace tells it.

use glare_peer::MessageData;
use sha2::{Digest, Sha256};

/// Longest text that a trace shows whole, in characters.
const SHOWN: usize = 64;

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
    let head = hash
        .iter()
        .take(8)
        .fold(0_u64, |head, &byte| head << 8 | u64::from(byte));
    format!("{head:016x}")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn messages_are_told_apart_by_kind_and_content() {
        let text = MessageData::Text(Arc::from("a"));
        let binary = MessageData::Binary(Arc::from(*b"a"));
        assert_ne!(identity(&text), identity(&binary));
        assert_ne!(identity(&text), identity(&MessageData::Text(Arc::from("b"))));
        assert_eq!(identity(&text), identity(&text.clone()));
    }

    #[test]
    fn a_long_text_is_not_shown_whole() {
        let long = MessageData::Text("x".repeat(SHOWN + 1).into());
        assert!(describe(&long).get("text").is_none());
        assert_eq!(describe(&long)["length"], SHOWN + 1);
    }
}
