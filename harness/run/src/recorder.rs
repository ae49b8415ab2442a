//! Writes the trace while the run goes on.

use glare_net::{Fate, Outcome, PacketId};
use glare_oracle::trace::{Completion, Record, What};
use glare_peer::{Attribute, Called, Event, EventKind, Exception, Handle, Peer, SimTime, Value};
use serde_json::json;
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
    let text = |object: Handle, attribute| match peer.read(object, attribute) {
        Ok(Value::String(text)) => Some(text),
        _ => None,
    };
    let kind = |track: Handle| text(track, Attribute::Kind);
    match &event.kind {
        EventKind::IceCandidate { candidate } => json!(candidate),
        EventKind::DataChannel { channel } => {
            json!({ "channel": channel, "label": text(*channel, Attribute::Label) })
        }
        EventKind::Error { error } => json!(error),
        EventKind::Message { data } => payload::describe(data),
        EventKind::StateChange => json!(text(event.target, Attribute::State)),
        EventKind::IceCandidateError {
            address,
            port,
            url,
            error_code,
            error_text,
        } => json!({
            "address": address, "port": port, "url": url, "errorCode": error_code, "errorText": error_text,
        }),
        EventKind::Track {
            receiver,
            track,
            streams,
            transceiver,
        } => json!({
            "receiver": receiver, "track": track, "streams": streams, "transceiver": transceiver, "kind": kind(*track),
        }),
        EventKind::AddStream { stream } | EventKind::RemoveStream { stream } => json!({ "stream": stream }),
        EventKind::ToneChange { tone } => json!({ "tone": tone }),
        EventKind::AddTrack { track } | EventKind::RemoveTrack { track } => {
            json!({ "track": track, "kind": kind(*track) })
        }
        EventKind::Mute | EventKind::Unmute | EventKind::Ended | EventKind::IsolationChange => {
            json!({ "kind": kind(event.target) })
        }
        _ => serde_json::Value::Null,
    }
}
