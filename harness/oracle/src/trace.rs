//! What happened in a run, in order: the one account that verdicts, snapshots, reports and replays are made from.
//!
//! A trace is a list of [`Record`]s. On disk it is one JSON object a line (`trace.jsonl`), the first of which is a
//! [`Header`].

pub use glare_peer::Interface;
use glare_peer::{
    DtlsTransportState, Exception, Granularity, Handle, IceConnectionState, IceGatheringState,
    IceTransportState, MediaKind, MediaStreamTrackState, OperationId, PeerConnectionState,
    RtpTransceiverDirection, SctpTransportState, SdpType, SignalingState, SimTime,
};
use serde::{Deserialize, Serialize};

/// The version of the format on disk. A reader refuses what it does not know.
pub const VERSION: u32 = 1;

/// The first line of a trace: what was played.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// [`VERSION`] of the writer.
    pub version: u32,
    /// The cell's id, such as `webrtc-pc/glare/perfect.yaml[loss=2%] reference-str0m seed 7`.
    pub cell: String,
    /// The seed.
    pub seed: u64,
    /// Who plays which role.
    pub cast: Vec<Cast>,
}

/// Who plays a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cast {
    /// The role, such as `a`.
    pub role: String,
    /// The implementation's name.
    pub implementation: String,
    /// Its version.
    pub version: String,
    /// How finely it stops: rules about order within a task judge only [`Granularity::Step`].
    pub granularity: Granularity,
}

/// A moment of a run.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Its position in the trace, from 0.
    pub number: u64,
    /// Virtual time in nanoseconds.
    pub time: SimTime,
    /// What happened.
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum What {
    /// A step of the script began.
    Step {
        /// Its position in the scenario, `line:column`.
        at: String,
        /// Its verb and object, for people.
        text: String,
    },
    /// A connection was constructed.
    Created {
        /// The role.
        peer: String,
        /// Its state at once after construction.
        state: PeerSnapshot,
    },
    /// A method was called.
    Called {
        /// The role.
        peer: String,
        /// Names the call in this run.
        operation: OperationId,
        /// The object it was called on.
        object: Handle,
        /// The method's name in the specification.
        method: String,
        /// What kind of object that is; of a constructor or a static method, which that belongs to.
        #[serde(default = "peer_connection", skip_serializing_if = "is_peer_connection")]
        interface: Interface,
        /// Its arguments; long strings are kept whole.
        arguments: serde_json::Value,
        /// The state just before the call.
        state: PeerSnapshot,
    },
    /// A call came back.
    Came {
        /// The role.
        peer: String,
        /// Which call.
        operation: OperationId,
        /// How.
        how: Completion,
        /// The state just after the call.
        state: PeerSnapshot,
    },
    /// A promise settled.
    Settled {
        /// The role.
        peer: String,
        /// Which call.
        operation: OperationId,
        /// How; never [`Completion::Promise`].
        how: Completion,
        /// The state at that moment.
        state: PeerSnapshot,
    },
    /// An event was fired.
    Fired {
        /// The role.
        peer: String,
        /// At which object.
        target: Handle,
        /// What kind of object that is.
        interface: Interface,
        /// The event's type, such as `signalingstatechange`.
        event: String,
        /// Its payload: a candidate or null for `icecandidate`, `{channel, label}` for `datachannel`, `{length, hash, text}`
        /// for `message`, the error for `error`, the state for `statechange`; of the others the attributes of the event, with the
        /// `kind` of the track where there is one; null where there are none.
        detail: serde_json::Value,
        /// The state that listeners saw.
        state: PeerSnapshot,
    },
    /// A task of the peer ended.
    TaskEnd {
        /// The role.
        peer: String,
        /// The state then.
        state: PeerSnapshot,
    },
    /// A message was put on the signalling plane.
    SignalSent {
        /// Names the message in this run.
        message: u64,
        /// The sending role.
        from: String,
        /// The receiving role.
        to: String,
        /// `offer`, `answer`, `pranswer`, `rollback` or `candidate`.
        kind: String,
        /// What a fault of the scenario did to it, if one did: `drop`, `duplicate`, `delay`, `reorder`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<String>,
    },
    /// A message came out of the signalling plane.
    SignalReceived {
        /// Which message.
        message: u64,
        /// The sending role.
        from: String,
        /// The receiving role.
        to: String,
        /// As in [`What::SignalSent`].
        kind: String,
    },
    /// A packet was sent, and what became of it.
    Packet {
        /// Names the packet in this run, from 0.
        packet: u64,
        /// The sending host.
        from: String,
        /// The receiving host; none without a route.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        to: Option<String>,
        /// Length of the IP packet in bytes.
        length: usize,
        /// What is in it, for people: `STUN binding request`, `DTLS handshake`…
        summary: String,
        /// When it is delivered; none when it is dropped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        delivered: Option<SimTime>,
        /// Why it is dropped.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        dropped: Option<String>,
    },
    /// The network was changed.
    Changed {
        /// The link.
        link: String,
        /// What, for people.
        text: String,
    },
    /// A note of the peer for people.
    Note {
        /// The role.
        peer: String,
        /// Its text.
        text: String,
    },
}

fn peer_connection() -> Interface {
    Interface::PeerConnection
}

fn is_peer_connection(interface: &Interface) -> bool {
    *interface == Interface::PeerConnection
}

/// How a call or promise came out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Completion {
    /// Returned or fulfilled with this value, as JSON.
    Value(serde_json::Value),
    /// Threw, or rejected.
    Exception(Exception),
    /// A promise came back.
    Promise,
    /// The implementation cannot do it.
    Unsupported(String),
}

/// The attributes of a connection at one moment. None where the implementation has no such attribute.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PeerSnapshot {
    /// `signalingState`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signaling_state: Option<SignalingState>,
    /// `iceGatheringState`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ice_gathering_state: Option<IceGatheringState>,
    /// `iceConnectionState`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ice_connection_state: Option<IceConnectionState>,
    /// `connectionState`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_state: Option<PeerConnectionState>,
    /// The types of the four descriptions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub descriptions: Option<Descriptions>,
    /// The transports under `sctp`; none when `sctp` is null or unknown.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub transports: Option<Transports>,
    /// The data channels that the script knows, by handle.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelSnapshot>,
    /// What `getTransceivers()` would return; none where there is none, or the implementation has no such thing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub transceivers: Vec<TransceiverSnapshot>,
    /// The DTLS transports under the senders of the transceivers, each once, in the order they are met.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub media_transports: Vec<TransportSnapshot>,
}

/// The types of a connection's descriptions; none for null.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Descriptions {
    /// `currentLocalDescription`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_local: Option<SdpType>,
    /// `pendingLocalDescription`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_local: Option<SdpType>,
    /// `currentRemoteDescription`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_remote: Option<SdpType>,
    /// `pendingRemoteDescription`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pending_remote: Option<SdpType>,
}

/// The states of the transports of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transports {
    /// `RTCIceTransport.state`.
    pub ice: IceTransportState,
    /// `RTCDtlsTransport.state`.
    pub dtls: DtlsTransportState,
    /// `RTCSctpTransport.state`.
    pub sctp: SctpTransportState,
}

/// A data channel at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelSnapshot {
    /// Which.
    pub channel: Handle,
    /// `readyState`.
    pub ready_state: glare_peer::DataChannelState,
    /// `id`; none for null.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u16>,
    /// `bufferedAmount` in bytes.
    pub buffered_amount: u64,
}

/// A transceiver at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransceiverSnapshot {
    /// Which.
    pub transceiver: Handle,
    /// `mid`; none for null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mid: Option<String>,
    /// `direction`.
    pub direction: RtpTransceiverDirection,
    /// `currentDirection`; none for null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_direction: Option<RtpTransceiverDirection>,
    /// `sender`.
    pub sender: Handle,
    /// `receiver`.
    pub receiver: Handle,
    /// `sender.track`; none for null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender_track: Option<Handle>,
    /// `sender.transport`; none for null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transport: Option<Handle>,
    /// `receiver.track`.
    pub receiver_track: Handle,
    /// `receiver.track.kind`.
    pub kind: MediaKind,
    /// `receiver.track.muted`.
    pub muted: bool,
    /// `receiver.track.readyState`.
    pub ready_state: MediaStreamTrackState,
}

/// A DTLS transport and the ICE transport under it at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TransportSnapshot {
    /// The DTLS transport.
    pub dtls_transport: Handle,
    /// Its `state`.
    pub dtls: DtlsTransportState,
    /// Its `iceTransport`.
    pub ice_transport: Handle,
    /// The state of that.
    pub ice: IceTransportState,
}
