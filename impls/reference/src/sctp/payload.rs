//! How a message becomes the payload of an SCTP message and back (RFC 8831 section 6.6 and section 8).

use std::sync::Arc;

use dcsctp::api::PpId;
use glare_peer::MessageData;

/// The payload protocol identifier of the data channel establishment protocol.
pub(super) const DCEP: PpId = PpId(50);

const STRING: PpId = PpId(51);
const BINARY: PpId = PpId(53);
const EMPTY_STRING: PpId = PpId(56);
const EMPTY_BINARY: PpId = PpId(57);

/// Identifier and payload of a message. SCTP cannot carry nothing, so an empty message is one zero byte with
/// an identifier that says so.
pub(super) fn encode(data: &MessageData) -> (PpId, Vec<u8>) {
    let identifier = match (data, data.is_empty()) {
        (MessageData::Text(_), false) => STRING,
        (MessageData::Text(_), true) => EMPTY_STRING,
        (MessageData::Binary(_), false) => BINARY,
        (MessageData::Binary(_), true) => EMPTY_BINARY,
    };
    (
        identifier,
        if data.is_empty() {
            vec![0]
        } else {
            data.as_bytes().to_vec()
        },
    )
}

/// The message of a payload; none when the identifier is not one of a data channel. What is not UTF-8 in a
/// string is replaced, as decoding does in the API (webrtc-pc, "receiving messages").
pub(super) fn decode(identifier: PpId, payload: &[u8]) -> Option<MessageData> {
    Some(match identifier {
        STRING => MessageData::Text(Arc::from(String::from_utf8_lossy(payload))),
        BINARY => MessageData::Binary(Arc::from(payload)),
        EMPTY_STRING => MessageData::Text(Arc::from("")),
        EMPTY_BINARY => MessageData::Binary(Arc::from([])),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_message_comes_back() {
        let messages = [
            (MessageData::Text("é".into()), 51, 2),
            (MessageData::Text("".into()), 56, 1),
            (MessageData::Binary([0, 255].as_slice().into()), 53, 2),
            (MessageData::Binary([].as_slice().into()), 57, 1),
        ];
        for (message, identifier, length) in messages {
            let (found, payload) = encode(&message);
            assert_eq!((found.0, payload.len()), (identifier, length));
            assert_eq!(decode(found, &payload), Some(message));
        }
    }

    #[test]
    fn what_is_no_message_is_none_and_bad_utf_8_is_replaced() {
        for identifier in [0, 50, 52, 54, 55, u32::MAX] {
            assert_eq!(decode(PpId(identifier), b"data"), None);
        }
        assert_eq!(
            decode(STRING, b"a\xFF"),
            Some(MessageData::Text("a\u{FFFD}".into()))
        );
    }
}
