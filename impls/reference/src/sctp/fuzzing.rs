//! What of this room reads what comes from outside.

use super::dcep::Message;

/// Reads a message of RFC 8832. What is read and written is read again as the same.
pub(crate) fn dcep(payload: &[u8]) {
    if let Ok(message) = Message::decode(payload) {
        let written = message.encode().expect("what was read can be written");
        assert_eq!(Message::decode(&written).as_ref(), Ok(&message));
    }
}
