//! What operations return and attributes hold.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::state::enumeration;
use crate::{Exception, IceCandidate, SessionDescription};

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
    /// Bytes: an `ArrayBuffer`.
    Bytes(Arc<[u8]>),
    /// A dictionary or a maplike, with its members as the specification spells them; a member that is not there has no
    /// entry. `RTCStatsReport` is one of dictionaries by id.
    Dictionary(BTreeMap<String, Value>),
    /// An `RTCError` or `DOMException` as a value.
    Exception(Exception),
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
            Value::Bytes(bytes) => bytes
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect::<String>()
                .into(),
            Value::Dictionary(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), value.to_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Value::Exception(exception) => serde_json::json!(exception),
        }
    }

    /// The value of a dictionary of the specification, such as [`crate::RtpSendParameters`]: an object becomes a
    /// [`Value::Dictionary`].
    pub fn from_json(json: serde_json::Value) -> Value {
        match json {
            serde_json::Value::Null => Value::Null,
            serde_json::Value::Bool(value) => Value::Boolean(value),
            serde_json::Value::Number(value) => value.as_f64().map_or(Value::Null, Value::Number),
            serde_json::Value::String(value) => Value::String(value),
            serde_json::Value::Array(values) => {
                Value::List(values.into_iter().map(Value::from_json).collect())
            }
            serde_json::Value::Object(members) => Value::Dictionary(
                members
                    .into_iter()
                    .map(|(name, value)| (name, Value::from_json(value)))
                    .collect(),
            ),
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
        /// `RTCPeerConnection.idpLoginUrl`, or null (webrtc-identity).
        IdpLoginUrl = "idpLoginUrl",
        /// `RTCPeerConnection.idpErrorInfo`, or null (webrtc-identity).
        IdpErrorInfo = "idpErrorInfo",
        /// What `RTCPeerConnection.getTransceivers()` would return: for those who watch, as reading has no side effect.
        Transceivers = "transceivers",
        /// `RTCPeerConnection.sctp`: the SCTP transport, or null.
        Sctp = "sctp",
        /// `transport` of an SCTP transport, a sender or a receiver: the DTLS transport, or null.
        Transport = "transport",
        /// `RTCDtlsTransport.iceTransport`.
        IceTransport = "iceTransport",
        /// `state` of an ICE, DTLS or SCTP transport.
        State = "state",
        /// `RTCIceTransport.gatheringState`.
        GatheringState = "gatheringState",
        /// `RTCIceTransport.role`.
        Role = "role",
        /// `RTCIceTransport.component`.
        Component = "component",
        /// `RTCSctpTransport.maxMessageSize`, bytes.
        MaxMessageSize = "maxMessageSize",
        /// `RTCSctpTransport.maxChannels`.
        MaxChannels = "maxChannels",
        /// `label` of a data channel or of a track.
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
        /// `id` of a data channel, a number, or null before it is known; of a track or a stream, a string.
        Id = "id",
        /// `readyState` of a data channel or of a track.
        ReadyState = "readyState",
        /// `RTCDataChannel.bufferedAmount`, bytes.
        BufferedAmount = "bufferedAmount",
        /// `RTCDataChannel.bufferedAmountLowThreshold`, bytes.
        BufferedAmountLowThreshold = "bufferedAmountLowThreshold",
        /// `RTCDataChannel.binaryType`.
        BinaryType = "binaryType",
        /// `RTCRtpTransceiver.mid`, or null.
        Mid = "mid",
        /// `RTCRtpTransceiver.sender`.
        Sender = "sender",
        /// `RTCRtpTransceiver.receiver`.
        Receiver = "receiver",
        /// `RTCRtpTransceiver.direction`.
        Direction = "direction",
        /// `RTCRtpTransceiver.currentDirection`, or null.
        CurrentDirection = "currentDirection",
        /// `track` of a sender, or null; of a receiver.
        Track = "track",
        /// `RTCRtpSender.dtmf`, or null.
        Dtmf = "dtmf",
        /// `RTCRtpReceiver.jitterBufferTarget`, milliseconds or null.
        JitterBufferTarget = "jitterBufferTarget",
        /// `RTCDTMFSender.canInsertDTMF`.
        CanInsertDtmf = "canInsertDTMF",
        /// `RTCDTMFSender.toneBuffer`.
        ToneBuffer = "toneBuffer",
        /// `MediaStreamTrack.kind`.
        Kind = "kind",
        /// `MediaStreamTrack.enabled`.
        Enabled = "enabled",
        /// `MediaStreamTrack.muted`.
        Muted = "muted",
        /// `MediaStreamTrack.isolated` (webrtc-identity).
        Isolated = "isolated",
        /// `MediaStream.active`.
        Active = "active",
        /// What `MediaStream.getTracks()` would return: for those who watch, as reading has no side effect.
        Tracks = "tracks",
        /// `RTCCertificate.expires`, milliseconds since the Unix epoch.
        Expires = "expires",
    }
}
