//! Writes the trace while the run goes on.

use glare_net::{Fate, Outcome, PacketId};
use glare_oracle::trace::{
    ChannelSnapshot, Completion, Descriptions, Interface, PeerSnapshot, Record, Transports, What,
};
use glare_peer::{Attribute, Called, Event, EventKind, Exception, Handle, Operation, Peer, SimTime, Value};
use sha2::{Digest, Sha256};

use crate::payload;

/// The trace so far, and the hash of every packet sent.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    records: Vec<Record>,
    packets: Sha256,
    packet_count: u64,
}

impl Recorder {
    /// Adds what happened at `now`; gives its number.
    pub(crate) fn record(&mut self, now: SimTime, what: What) -> u64 {
        let number = self.records.len() as u64;
        self.records.push(Record {
            number,
            time: now,
            what,
        });
        number
    }

    /// Takes note of a packet as it is sent: the hash covers time, sender and all its bytes.
    pub(crate) fn packet_bytes(&mut self, now: SimTime, host: u32, packet: &[u8]) {
        self.packet_count += 1;
        self.packets.update(now.as_nanos().to_le_bytes());
        self.packets.update(host.to_le_bytes());
        self.packets.update((packet.len() as u64).to_le_bytes());
        self.packets.update(packet);
    }

    /// Adds what becomes of a packet.
    pub(crate) fn fate(&mut self, now: SimTime, fate: &Fate, from: &str, to: Option<&str>, summary: String) {
        let (delivered, dropped) = match fate.outcome {
            Outcome::Delivered { at } => (Some(at), None),
            Outcome::Dropped { reason } => (None, Some(reason.to_string())),
        };
        let PacketId(packet) = fate.id;
        self.record(
            now,
            What::Packet {
                packet,
                from: from.to_owned(),
                to: to.map(str::to_owned),
                length: usize::try_from(fate.length).unwrap_or(usize::MAX),
                summary,
                delivered,
                dropped,
            },
        );
    }

    /// The records so far.
    pub(crate) fn records(&self) -> &[Record] {
        &self.records
    }

    /// The number that the next record will have.
    pub(crate) fn next_number(&self) -> u64 {
        self.records.len() as u64
    }

    /// The trace, the number of packets and their hash in hexadecimal.
    pub(crate) fn finish(self) -> (Vec<Record>, u64, String) {
        (
            self.records,
            self.packet_count,
            hexadecimal(&self.packets.finalize()),
        )
    }
}

/// A trace as it is written to disk, one line a record, and the hash of that in hexadecimal.
///
/// Where the steps stand in their file does not enter the hash: the scenario of a bundle has other lines than the one it was made
/// from, and plays the same.
pub(crate) fn written(records: &[Record]) -> (Vec<u8>, String) {
    // A record is plain data with string keys, which always has a JSON form; memory takes every write.
    const PLAIN: &str = "a record is plain data";
    let mut lines = Vec::new();
    let mut hash = Sha256::new();
    for record in records {
        let start = lines.len();
        serde_json::to_writer(&mut lines, record).expect(PLAIN);
        lines.push(b'\n');
        if let What::Step { text, .. } = &record.what {
            let what = What::Step {
                at: String::new(),
                text: text.clone(),
            };
            hash.update(serde_json::to_vec(&Record { what, ..*record }).expect(PLAIN));
        } else {
            hash.update(&lines[start..]);
        }
    }
    (lines, hexadecimal(&hash.finalize()))
}

fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;

    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// What hangs off a connection that the run has met: the objects events are fired at.
#[derive(Debug, Default, Clone)]
pub(crate) struct Objects {
    /// The data channels, in the order they were met.
    pub(crate) channels: Vec<Handle>,
    /// The transports there ever were. A rollback takes them from the connection before they fire their last events.
    transports: Vec<(Handle, Interface)>,
}

impl Objects {
    /// Takes note of a data channel.
    pub(crate) fn met(&mut self, channel: Handle) {
        if !self.channels.contains(&channel) {
            self.channels.push(channel);
        }
    }

    /// Takes note of the transports that the connection has now.
    pub(crate) fn look(&mut self, peer: &dyn Peer) {
        let Some([sctp, dtls, ice]) = transports(peer) else {
            return;
        };
        for met in [
            (sctp, Interface::SctpTransport),
            (dtls, Interface::DtlsTransport),
            (ice, Interface::IceTransport),
        ] {
            if !self.transports.contains(&met) {
                self.transports.push(met);
            }
        }
    }

    /// Which interface of the specification an object has.
    pub(crate) fn interface(&self, target: Handle) -> Interface {
        if target == Handle::CONNECTION {
            return Interface::PeerConnection;
        }
        self.transports
            .iter()
            .find(|(transport, _)| *transport == target)
            .map_or(Interface::DataChannel, |(_, interface)| *interface)
    }
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
    }
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

/// The arguments of a call as JSON.
pub(crate) fn arguments(operation: &Operation) -> serde_json::Value {
    match operation {
        Operation::CreateOffer(options) => serde_json::json!(options),
        Operation::SetLocalDescription(description) => serde_json::json!(description),
        Operation::SetRemoteDescription(description) => serde_json::json!(description),
        Operation::AddIceCandidate(candidate) => serde_json::json!(candidate),
        Operation::CreateDataChannel { label, init } => serde_json::json!({ "label": label, "init": init }),
        Operation::Send { data, .. } => payload::describe(data),
        Operation::SetBufferedAmountLowThreshold { threshold, .. } => serde_json::json!(threshold),
        _ => serde_json::Value::Null,
    }
}

/// How a call came back, as the trace has it.
pub(crate) fn completion(called: &Called) -> Completion {
    match called {
        Called::Returned(value) => Completion::Value(value.to_json()),
        Called::Threw(exception) => Completion::Exception(exception.clone()),
        Called::Promise => Completion::Promise,
        Called::Unsupported(what) => Completion::Unsupported(what.0.clone()),
    }
}

/// How a promise settled, as the trace has it.
pub(crate) fn settlement(result: &Result<Value, Exception>) -> Completion {
    match result {
        Ok(value) => Completion::Value(value.to_json()),
        Err(exception) => Completion::Exception(exception.clone()),
    }
}

/// An event's payload as JSON.
pub(crate) fn detail(peer: &dyn Peer, event: &Event) -> serde_json::Value {
    match &event.kind {
        EventKind::IceCandidate { candidate } => serde_json::json!(candidate),
        EventKind::DataChannel { channel } => {
            let label = match peer.read(*channel, Attribute::Label) {
                Ok(Value::String(label)) => Some(label),
                _ => None,
            };
            serde_json::json!({ "channel": channel, "label": label })
        }
        EventKind::Error { error } => serde_json::json!(error),
        EventKind::Message { data } => payload::describe(data),
        EventKind::StateChange => match peer.read(event.target, Attribute::State) {
            Ok(Value::String(state)) => state.into(),
            _ => serde_json::Value::Null,
        },
        _ => serde_json::Value::Null,
    }
}
