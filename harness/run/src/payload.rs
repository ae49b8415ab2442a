//! What goes over data channels, as the trace tells it.

use std::collections::{BTreeMap, BTreeSet};

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

/// What became of the messages of a channel.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arrivals {
    /// The places, from 0, of received messages that were not sent, or not so often.
    pub(crate) strangers: Vec<usize>,
    /// Whether the others came in the order they were sent; some may be missing.
    pub(crate) in_order: bool,
}

/// Holds the identities of received messages against those of sent ones. Of several that are alike, each received one is the
/// first that keeps the order, so that a lost one among them is no change of order.
pub(crate) fn compare(sent: &[String], received: &[String]) -> Arrivals {
    let mut places: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
    for (place, message) in sent.iter().enumerate() {
        places.entry(message).or_default().insert(place);
    }
    let mut arrivals = Arrivals {
        strangers: Vec::new(),
        in_order: true,
    };
    let mut next = 0;
    for (index, message) in received.iter().enumerate() {
        let left = places.entry(message).or_default();
        let Some(place) = left.range(next..).next().or_else(|| left.first()).copied() else {
            arrivals.strangers.push(index);
            continue;
        };
        left.remove(&place);
        arrivals.in_order &= place >= next;
        next = place + 1;
    }
    arrivals
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

    #[test]
    fn a_lost_message_among_others_that_are_alike_is_no_change_of_order() {
        let names = |text: &str| -> Vec<String> { text.chars().map(String::from).collect() };
        let compared = |sent, received| {
            let Arrivals { strangers, in_order } = compare(&names(sent), &names(received));
            (strangers, in_order)
        };
        assert_eq!(compared("xyx", "yx"), (vec![], true));
        assert_eq!(compared("xyx", "xxy"), (vec![], false));
        assert_eq!(compared("xy", "yx"), (vec![], false));
        assert_eq!(compared("xy", "xxzy"), (vec![1, 2], true));
    }
}
