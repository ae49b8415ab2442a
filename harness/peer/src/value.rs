//! What operations return and attributes hold.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::state::enumeration;
use crate::{IceCandidate, SessionDescription};

/// An object of a peer: the connection itself, or one that it handed out. Never given to another object in a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Handle(pub u32);

impl Handle {
    /// The connection.
    pub const CONNECTION: Handle = Handle(0);
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{}", self.0)
    }
}

/// A value of the interface.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `undefined`.
    Undefined,
    /// `null`.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A number; the interface's integers fit exactly.
    Number(f64),
    /// A string, or a value of an enumeration.
    String(String),
    /// A session description.
    Description(SessionDescription),
    /// A candidate.
    Candidate(IceCandidate),
    /// Another object of the peer.
    Object(Handle),
    /// A sequence.
    List(Vec<Value>),
}

impl Value {
    /// The value as JSON, as the specification's own `toJSON` would give it; an object by its handle.
    pub fn to_json(&self) -> serde_json::Value {
        match self {
            Value::Undefined | Value::Null => serde_json::Value::Null,
            Value::Boolean(value) => (*value).into(),
            Value::Number(value) if value.fract() == 0.0 && value.abs() < 9e15 => (*value as i64).into(),
            Value::Number(value) => (*value).into(),
            Value::String(value) => value.clone().into(),
            Value::Description(description) => {
                serde_json::json!({ "type": description.sdp_type, "sdp": &*description.sdp })
            }
            Value::Candidate(candidate) => serde_json::json!(candidate),
            Value::Object(handle) => serde_json::json!({ "object": handle.0 }),
            Value::List(values) => values.iter().map(Value::to_json).collect(),
        }
    }
}

enumeration! {
    /// The attributes that can be read, of the connection and of what hangs off it.
    Attribute = "attribute" {
        /// `RTCPeerConnection.signalingState`.
        SignalingState = "signalingState",
        /// `RTCPeerConnection.iceGatheringState`.
        IceGatheringState = "iceGatheringState",
        /// `RTCPeerConnection.iceConnectionState`.
        IceConnectionState = "iceConnectionState",
        /// `RTCPeerConnection.connectionState`.
        ConnectionState = "connectionState",
        /// `RTCPeerConnection.canTrickleIceCandidates`.
        CanTrickleIceCandidates = "canTrickleIceCandidates",
        /// `RTCPeerConnection.localDescription`.
        LocalDescription = "localDescription",
        /// `RTCPeerConnection.currentLocalDescription`.
        CurrentLocalDescription = "currentLocalDescription",
        /// `RTCPeerConnection.pendingLocalDescription`.
        PendingLocalDescription = "pendingLocalDescription",
        /// `RTCPeerConnection.remoteDescription`.
        RemoteDescription = "remoteDescription",
        /// `RTCPeerConnection.currentRemoteDescription`.
        CurrentRemoteDescription = "currentRemoteDescription",
        /// `RTCPeerConnection.pendingRemoteDescription`.
        PendingRemoteDescription = "pendingRemoteDescription",
        /// `RTCPeerConnection.sctp`: the SCTP transport, or null.
        Sctp = "sctp",
        /// `RTCSctpTransport.transport`, the DTLS transport.
        Transport = "transport",
        /// `RTCDtlsTransport.iceTransport`.
        IceTransport = "iceTransport",
        /// `state` of an ICE, DTLS or SCTP transport.
        State = "state",
        /// `RTCIceTransport.gatheringState`.
        GatheringState = "gatheringState",
        /// `RTCIceTransport.role`.
        Role = "role",
        /// `RTCSctpTransport.maxMessageSize`, bytes.
        MaxMessageSize = "maxMessageSize",
        /// `RTCSctpTransport.maxChannels`.
        MaxChannels = "maxChannels",
        /// `RTCDataChannel.label`.
        Label = "label",
        /// `RTCDataChannel.ordered`.
        Ordered = "ordered",
        /// `RTCDataChannel.maxPacketLifeTime`, milliseconds or null.
        MaxPacketLifeTime = "maxPacketLifeTime",
        /// `RTCDataChannel.maxRetransmits`, or null.
        MaxRetransmits = "maxRetransmits",
        /// `RTCDataChannel.protocol`.
        Protocol = "protocol",
        /// `RTCDataChannel.negotiated`.
        Negotiated = "negotiated",
        /// `RTCDataChannel.id`, or null before it is known.
        Id = "id",
        /// `RTCDataChannel.readyState`.
        ReadyState = "readyState",
        /// `RTCDataChannel.bufferedAmount`, bytes.
        BufferedAmount = "bufferedAmount",
        /// `RTCDataChannel.bufferedAmountLowThreshold`, bytes.
        BufferedAmountLowThreshold = "bufferedAmountLowThreshold",
    }
}
