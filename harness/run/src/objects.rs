//! The objects that a run has met, and the state of a connection as a script could read it.

use std::collections::BTreeMap;

use glare_oracle::trace::{
    ChannelSnapshot, Descriptions, PeerSnapshot, TransceiverSnapshot, TransportSnapshot, Transports,
};
use glare_peer::interface::Type;
use glare_peer::{Attribute, Event, EventKind, Handle, Interface, Operation, Peer, Value};

/// What hangs off a connection that the run has met: the objects that calls are made on and events are fired at.
///
/// Those that a connection gives up are kept: a rollback takes a transport away before it fires its last events.
#[derive(Debug, Default, Clone)]
pub(crate) struct Objects {
    known: BTreeMap<Handle, Interface>,
    /// The data channels, in the order they were met.
    channels: Vec<Handle>,
    /// Whether the peer has transceivers at all.
    has_transceivers: bool,
}

impl Objects {
    /// What a connection has that was just constructed.
    pub(crate) fn of(peer: &dyn Peer) -> Objects {
        Objects {
            has_transceivers: peer.read(Handle::CONNECTION, Attribute::Transceivers).is_ok(),
            ..Objects::default()
        }
    }

    fn met(&mut self, object: Handle, interface: Interface) {
        if self.known.insert(object, interface).is_none() && interface == Interface::DataChannel {
            self.channels.push(object);
        }
    }

    /// Takes note of the objects in a value of this type.
    pub(crate) fn came(&mut self, value: &Value, holds: Type) {
        match (value, holds.not_null()) {
            (Value::Object(object), Type::Object(interface)) => self.met(*object, interface),
            (Value::List(values), Type::List(item)) => {
                values.iter().for_each(|value| self.came(value, *item));
            }
            (Value::Dictionary(members), Type::Dictionary(dictionary)) => {
                for (name, value) in members {
                    if let Some(member) = dictionary.member(name) {
                        self.came(value, member.holds);
                    }
                }
            }
            _ => {}
        }
    }

    /// Takes note of the objects that an event carries, and of the one that it is fired at.
    pub(crate) fn fired(&mut self, peer: &dyn Peer, event: &Event) {
        let at = match &event.kind {
            EventKind::ToneChange { .. } => Some(Interface::DtmfSender),
            EventKind::Mute | EventKind::Unmute | EventKind::Ended | EventKind::IsolationChange => {
                Some(Interface::MediaStreamTrack)
            }
            EventKind::AddTrack { .. } | EventKind::RemoveTrack { .. } => Some(Interface::MediaStream),
            EventKind::Open | EventKind::Closing | EventKind::Close | EventKind::Message { .. } => {
                Some(Interface::DataChannel)
            }
            _ => None,
        };
        if let Some(interface) = at {
            self.met(event.target, interface);
        }
        if event.target != Handle::CONNECTION && !self.known.contains_key(&event.target) {
            self.look_at_transceivers(peer);
            // A transport may have come and gone before script could ask for it.
            if let Some(interface) = transport_interface(peer, event.target)
                && !self.known.contains_key(&event.target)
            {
                self.met(event.target, interface);
            }
        }
        if let Some(member) = self.interface(event.target).event(event.kind.name()) {
            for (name, value) in payload(event) {
                let holds = member.payload.iter().find(|payload| payload.name == name);
                if let Some(payload) = holds {
                    self.came(&value, payload.holds);
                }
            }
        }
    }

    /// Takes note of the transports under `sctp`.
    pub(crate) fn look(&mut self, peer: &dyn Peer) {
        let Some([sctp, dtls, ice]) = transports(peer) else {
            return;
        };
        self.met(sctp, Interface::SctpTransport);
        self.met(dtls, Interface::DtlsTransport);
        self.met(ice, Interface::IceTransport);
    }

    /// Takes note of everything that transceivers lead to.
    pub(crate) fn look_at_transceivers(&mut self, peer: &dyn Peer) {
        for transceiver in self.transceivers(peer) {
            self.met(transceiver, Interface::RtpTransceiver);
            self.follow(peer, transceiver, Interface::RtpTransceiver);
        }
    }

    fn follow(&mut self, peer: &dyn Peer, object: Handle, interface: Interface) {
        for member in interface.table().attributes {
            if let (Some(next), Some(attribute)) = (member.holds.object(), member.attribute())
                && let Some(handle) = self::object(peer, object, attribute)
            {
                self.met(handle, next);
                self.follow(peer, handle, next);
            }
        }
    }

    fn transceivers(&self, peer: &dyn Peer) -> Vec<Handle> {
        if !self.has_transceivers {
            return Vec::new();
        }
        match peer.read(Handle::CONNECTION, Attribute::Transceivers) {
            Ok(Value::List(values)) => values
                .iter()
                .filter_map(|value| match value {
                    Value::Object(handle) => Some(*handle),
                    _ => None,
                })
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Which interface of the specification an object has.
    pub(crate) fn interface(&self, object: Handle) -> Interface {
        match object {
            Handle::CONNECTION => Interface::PeerConnection,
            other => self.known.get(&other).copied().unwrap_or(Interface::DataChannel),
        }
    }

    /// The interface that a method belongs to; of a constructor the one it constructs.
    pub(crate) fn called_on(&self, operation: &Operation) -> Interface {
        match operation {
            Operation::ConstructSessionDescription(_) => Interface::SessionDescription,
            Operation::ConstructIceCandidate(_) => Interface::IceCandidate,
            Operation::ConstructError(_) => Interface::Error,
            Operation::ConstructMediaStream { .. } => Interface::MediaStream,
            Operation::GetSenderCapabilities { .. } => Interface::RtpSender,
            Operation::GetReceiverCapabilities { .. } => Interface::RtpReceiver,
            Operation::GetUserMedia { .. } => Interface::MediaDevices,
            other => self.interface(other.object()),
        }
    }

    /// What a method gives.
    pub(crate) fn gives(&self, operation: &Operation) -> Type {
        let interface = self.called_on(operation);
        if operation.name() == interface.name() {
            return Type::Object(interface);
        }
        let method = interface.method(operation.name());
        method.map_or(Type::Undefined, |method| method.returns)
    }
}

/// What an event carries, by the names of its attributes.
pub(crate) fn payload(event: &Event) -> Vec<(&'static str, Value)> {
    let optional = |text: &Option<String>| text.clone().map_or(Value::Null, Value::String);
    let objects = |handles: &[Handle]| Value::List(handles.iter().copied().map(Value::Object).collect());
    match &event.kind {
        EventKind::IceCandidate { candidate } => {
            let candidate = candidate.clone().map_or(Value::Null, Value::Candidate);
            vec![("candidate", candidate)]
        }
        EventKind::DataChannel { channel } => vec![("channel", Value::Object(*channel))],
        EventKind::IceCandidateError {
            address,
            port,
            url,
            error_code,
            error_text,
        } => vec![
            ("address", optional(address)),
            (
                "port",
                port.map_or(Value::Null, |port| Value::Number(port.into())),
            ),
            ("url", Value::String(url.clone())),
            ("errorCode", Value::Number((*error_code).into())),
            ("errorText", Value::String(error_text.clone())),
        ],
        EventKind::Track {
            receiver,
            track,
            streams,
            transceiver,
        } => vec![
            ("receiver", Value::Object(*receiver)),
            ("track", Value::Object(*track)),
            ("streams", objects(streams)),
            ("transceiver", Value::Object(*transceiver)),
        ],
        EventKind::AddStream { stream } | EventKind::RemoveStream { stream } => {
            vec![("stream", Value::Object(*stream))]
        }
        EventKind::ToneChange { tone } => vec![("tone", Value::String(tone.clone()))],
        EventKind::AddTrack { track } | EventKind::RemoveTrack { track } => {
            vec![("track", Value::Object(*track))]
        }
        EventKind::Error { error } => vec![("error", Value::Exception(error.clone()))],
        EventKind::Message { data } => vec![(
            "data",
            match data {
                glare_peer::MessageData::Text(text) => Value::String(text.to_string()),
                glare_peer::MessageData::Binary(bytes) => Value::Bytes(bytes.clone()),
            },
        )],
        _ => Vec::new(),
    }
}

/// What kind of transport an object is, by an attribute that no other has.
fn transport_interface(peer: &dyn Peer, object: Handle) -> Option<Interface> {
    [
        (Attribute::IceTransport, Interface::DtlsTransport),
        (Attribute::Role, Interface::IceTransport),
        (Attribute::MaxMessageSize, Interface::SctpTransport),
    ]
    .into_iter()
    .find(|(attribute, _)| peer.read(object, *attribute).is_ok())
    .map(|(_, interface)| interface)
}

/// The transports under a connection's `sctp` attribute: SCTP, DTLS and ICE.
fn transports(peer: &dyn Peer) -> Option<[Handle; 3]> {
    let sctp = object(peer, Handle::CONNECTION, Attribute::Sctp)?;
    let dtls = object(peer, sctp, Attribute::Transport)?;
    let ice = object(peer, dtls, Attribute::IceTransport)?;
    Some([sctp, dtls, ice])
}

fn object(peer: &dyn Peer, of: Handle, attribute: Attribute) -> Option<Handle> {
    match peer.read(of, attribute) {
        Ok(Value::Object(handle)) => Some(handle),
        _ => None,
    }
}

/// Reads the state of a connection as a script could at this moment.
pub(crate) fn snapshot(peer: &dyn Peer, objects: &Objects) -> PeerSnapshot {
    let transceivers: Vec<TransceiverSnapshot> = objects
        .transceivers(peer)
        .into_iter()
        .filter_map(|handle| transceiver(peer, handle))
        .collect();
    let mut media_transports: Vec<TransportSnapshot> = Vec::new();
    for dtls in transceivers.iter().filter_map(|one| one.transport) {
        if !media_transports.iter().any(|known| known.dtls_transport == dtls) {
            media_transports.extend(transport(peer, dtls));
        }
    }
    PeerSnapshot {
        signaling_state: state(peer, Handle::CONNECTION, Attribute::SignalingState),
        ice_gathering_state: state(peer, Handle::CONNECTION, Attribute::IceGatheringState),
        ice_connection_state: state(peer, Handle::CONNECTION, Attribute::IceConnectionState),
        connection_state: state(peer, Handle::CONNECTION, Attribute::ConnectionState),
        descriptions: descriptions(peer),
        transports: transports(peer).and_then(|[sctp, dtls, ice]| {
            Some(Transports {
                ice: state(peer, ice, Attribute::State)?,
                dtls: state(peer, dtls, Attribute::State)?,
                sctp: state(peer, sctp, Attribute::State)?,
            })
        }),
        channels: objects
            .channels
            .iter()
            .filter_map(|&channel| {
                Some(ChannelSnapshot {
                    channel,
                    ready_state: state(peer, channel, Attribute::ReadyState)?,
                    id: number(peer, channel, Attribute::Id).and_then(|id| u16::try_from(id).ok()),
                    buffered_amount: number(peer, channel, Attribute::BufferedAmount).unwrap_or(0),
                })
            })
            .collect(),
        transceivers,
        media_transports,
    }
}

fn transceiver(peer: &dyn Peer, transceiver: Handle) -> Option<TransceiverSnapshot> {
    let sender = object(peer, transceiver, Attribute::Sender)?;
    let receiver = object(peer, transceiver, Attribute::Receiver)?;
    let receiver_track = object(peer, receiver, Attribute::Track)?;
    Some(TransceiverSnapshot {
        transceiver,
        mid: match peer.read(transceiver, Attribute::Mid) {
            Ok(Value::String(mid)) => Some(mid),
            _ => None,
        },
        direction: state(peer, transceiver, Attribute::Direction)?,
        current_direction: state(peer, transceiver, Attribute::CurrentDirection),
        sender,
        receiver,
        sender_track: object(peer, sender, Attribute::Track),
        transport: object(peer, sender, Attribute::Transport),
        receiver_track,
        kind: state(peer, receiver_track, Attribute::Kind)?,
        muted: matches!(
            peer.read(receiver_track, Attribute::Muted),
            Ok(Value::Boolean(true))
        ),
        ready_state: state(peer, receiver_track, Attribute::ReadyState)?,
    })
}

fn transport(peer: &dyn Peer, dtls_transport: Handle) -> Option<TransportSnapshot> {
    let ice_transport = object(peer, dtls_transport, Attribute::IceTransport)?;
    Some(TransportSnapshot {
        dtls_transport,
        dtls: state(peer, dtls_transport, Attribute::State)?,
        ice_transport,
        ice: state(peer, ice_transport, Attribute::State)?,
    })
}

fn state<T: std::str::FromStr>(peer: &dyn Peer, object: Handle, attribute: Attribute) -> Option<T> {
    match peer.read(object, attribute) {
        Ok(Value::String(text)) => text.parse().ok(),
        _ => None,
    }
}

fn number(peer: &dyn Peer, object: Handle, attribute: Attribute) -> Option<u64> {
    match peer.read(object, attribute) {
        Ok(Value::Number(value)) if value >= 0.0 => Some(value as u64),
        _ => None,
    }
}

fn descriptions(peer: &dyn Peer) -> Option<Descriptions> {
    let read = |attribute| match peer.read(Handle::CONNECTION, attribute) {
        Ok(Value::Description(description)) => Some(Some(description.sdp_type)),
        Ok(_) => Some(None),
        Err(_) => None,
    };
    Some(Descriptions {
        current_local: read(Attribute::CurrentLocalDescription)?,
        pending_local: read(Attribute::PendingLocalDescription)?,
        current_remote: read(Attribute::CurrentRemoteDescription)?,
        pending_remote: read(Attribute::PendingRemoteDescription)?,
    })
}
