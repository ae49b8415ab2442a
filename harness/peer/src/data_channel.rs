//! Data channels.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// `RTCDataChannelInit` (webrtc-pc#dom-rtcdatachannelinit).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DataChannelInit {
    /// Whether messages arrive in the order they were sent.
    pub ordered: bool,
    /// For how long, in milliseconds, a message is sent and sent again; none for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_packet_life_time: Option<u16>,
    /// How many times a message is sent again; none for no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_retransmits: Option<u16>,
    /// The subprotocol.
    pub protocol: String,
    /// Whether both sides create the channel by agreement, instead of one announcing it to the other.
    pub negotiated: bool,
    /// The channel's id (0 to 65534); required for a negotiated one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u16>,
}

impl Default for DataChannelInit {
    fn default() -> Self {
        DataChannelInit {
            ordered: true,
            max_packet_life_time: None,
            max_retransmits: None,
            protocol: String::new(),
            negotiated: false,
            id: None,
        }
    }
}

/// What a data channel carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MessageData {
    /// A string.
    Text(Arc<str>),
    /// Bytes.
    Binary(Arc<[u8]>),
}

impl MessageData {
    /// The bytes on the wire.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            MessageData::Text(text) => text.as_bytes(),
            MessageData::Binary(bytes) => bytes,
        }
    }

    /// The length on the wire in bytes.
    pub fn len(&self) -> usize {
        self.as_bytes().len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
