//! What people review of a run: the transitions and events of each connection, in order.
//!
//! Times, ids, ports, addresses and username fragments are left out, so that two runs that behave alike read alike. This
//! is the `states.yaml` of a bundle and the snapshot of a cell.

use std::collections::BTreeMap;

use glare_peer::{Handle, IceCandidate};
use serde::Serialize;

use crate::trace::{Completion, Header, Interface, PeerSnapshot, Record, Transports, What};

/// What one connection went through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PeerStates {
    /// The role.
    pub peer: String,
    /// One line for each transition, event, call and settled promise, in order, such as
    /// `signalingstatechange: have-local-offer`.
    pub events: Vec<String>,
}

/// The transitions and events of every connection of a trace, in the order of the cast; a connection outside the cast,
/// or constructed in the same role again, comes where it appears.
pub fn states(header: &Header, trace: &[Record]) -> Vec<PeerStates> {
    let mut found: Vec<Writer> = header.cast.iter().map(|cast| Writer::new(&cast.role)).collect();
    for record in trace {
        let Some(peer) = role(&record.what) else { continue };
        let known = found.iter().rposition(|writer| writer.peer == peer);
        let again =
            matches!(record.what, What::Created { .. }) && known.is_some_and(|index| found[index].created);
        let index = match known {
            Some(index) if !again => index,
            _ => {
                found.push(Writer::new(peer));
                found.len() - 1
            }
        };
        found[index].write(&record.what);
    }
    found.into_iter().map(Writer::finish).collect()
}

/// Writes the lines of one connection.
struct Writer {
    peer: String,
    created: bool,
    lines: Vec<String>,
    /// Messages in a row at one channel: the channel's name and how many.
    messages: Option<(String, usize)>,
    /// The methods of the calls whose promises are pending.
    pending: BTreeMap<u64, String>,
    /// What the channels are called, by handle.
    channels: BTreeMap<Handle, String>,
    /// The labels given to `createDataChannel`, by operation.
    labels: BTreeMap<u64, String>,
    /// The states that a line has told of.
    told: PeerSnapshot,
}

impl Writer {
    fn new(peer: &str) -> Writer {
        Writer {
            peer: peer.to_owned(),
            created: false,
            lines: Vec::new(),
            messages: None,
            pending: BTreeMap::new(),
            channels: BTreeMap::new(),
            labels: BTreeMap::new(),
            told: PeerSnapshot::default(),
        }
    }

    fn write(&mut self, what: &What) {
        match what {
            What::Created { state, .. } => {
                self.created = true;
                self.told = state.clone();
            }
            What::Called {
                operation,
                object,
                interface,
                method,
                arguments,
                ..
            } => {
                self.called(operation.0, *object, *interface, method, arguments);
            }
            What::Came {
                operation,
                how,
                state,
                ..
            } => self.came(operation.0, how, state),
            What::Settled { operation, how, .. } => {
                if let Some(method) = self.pending.remove(&operation.0) {
                    match how {
                        Completion::Exception(exception) => {
                            self.line(format!("{method} rejected: {}", exception.name));
                        }
                        _ => self.line(format!("{method} fulfilled")),
                    }
                }
            }
            What::Fired {
                target,
                interface,
                event,
                detail,
                state,
                ..
            } => {
                self.fired(*target, *interface, event, detail, state);
            }
            What::TaskEnd { state, .. } => self.silent_changes(state),
            _ => {}
        }
    }

    /// Calls that return at once are told when they do; `send` is left to the other side's messages.
    fn called(
        &mut self,
        operation: u64,
        object: Handle,
        interface: Interface,
        method: &str,
        arguments: &serde_json::Value,
    ) {
        let name = match interface {
            _ if object == Handle::CONNECTION => method.to_owned(),
            Interface::DataChannel => format!("{} {method}", self.channel(object)),
            other => format!("{} {method}", object_name(other)),
        };
        if method == "createDataChannel" {
            let label = arguments.get("label").and_then(serde_json::Value::as_str);
            self.labels
                .insert(operation, label.unwrap_or_default().to_owned());
        }
        self.pending.insert(operation, name);
    }

    fn came(&mut self, operation: u64, how: &Completion, state: &PeerSnapshot) {
        if *how == Completion::Promise {
            return;
        }
        let Some(method) = self.pending.remove(&operation) else {
            return;
        };
        let closes = method == "close";
        match how {
            Completion::Exception(exception) => self.line(format!("{method} threw: {}", exception.name)),
            Completion::Unsupported(_) => self.line(format!("{method} unsupported")),
            Completion::Value(value) => {
                if let (Some(label), Some(channel)) = (self.labels.remove(&operation), object(value)) {
                    self.name_channel(channel, &label);
                }
                if !method.ends_with(" send") {
                    self.line(method);
                }
            }
            Completion::Promise => {}
        }
        if closes {
            self.silent_changes(state);
        }
    }

    fn fired(
        &mut self,
        target: Handle,
        interface: Interface,
        event: &str,
        detail: &serde_json::Value,
        state: &PeerSnapshot,
    ) {
        let line = match interface {
            Interface::PeerConnection => self.fired_at_connection(event, detail, state),
            Interface::DataChannel => {
                let channel = self.channel(target);
                if event == "message" {
                    self.message(channel);
                    return;
                }
                match detail.get("name").and_then(serde_json::Value::as_str) {
                    Some(error) => format!("{channel} {event}: {error}"),
                    None => format!("{channel} {event}"),
                }
            }
            Interface::IceTransport => transport_line("ice", event, detail, state, |all| all.ice.as_str()),
            Interface::DtlsTransport => transport_line("dtls", event, detail, state, |all| all.dtls.as_str()),
            Interface::SctpTransport => transport_line("sctp", event, detail, state, |all| all.sctp.as_str()),
            Interface::DtmfSender => format!("dtmf {event}: {:?}", text(detail, "tone")),
            Interface::MediaStreamTrack => format!("{} track {event}", text(detail, "kind")),
            Interface::MediaStream => format!("stream {event}: {}", text(detail, "kind")),
            other => format!("{} {event}", object_name(other)),
        };
        self.line(line);
    }

    fn fired_at_connection(
        &mut self,
        event: &str,
        detail: &serde_json::Value,
        state: &PeerSnapshot,
    ) -> String {
        if event == "icecandidate" {
            return format!("icecandidate: {}", candidate(detail));
        }
        if event == "datachannel" {
            let label = detail
                .get("label")
                .and_then(serde_json::Value::as_str)
                .unwrap_or_default();
            if let Some(channel) = detail.get("channel").and_then(handle) {
                self.name_channel(channel, label);
            }
            return format!("datachannel: {label}");
        }
        if event == "track" {
            let streams = detail.get("streams").and_then(serde_json::Value::as_array);
            let streams = streams.map_or(0, Vec::len);
            return format!("track: {} in {streams} streams", text(detail, "kind"));
        }
        if event == "icecandidateerror" {
            let code = detail.get("errorCode").and_then(serde_json::Value::as_u64);
            return format!("icecandidateerror: {}", code.unwrap_or_default());
        }
        let Some(index) = STATES.iter().position(|attribute| attribute.event == event) else {
            return event.to_owned();
        };
        let value = (STATES[index].read)(state);
        (STATES[index].copy)(&mut self.told, state);
        format!("{event}: {}", value.unwrap_or("unknown"))
    }

    /// Tells of the state attributes that no event has told of, as `close()` changes them. Asked only when a task has ended
    /// or the connection is closed: within a task an attribute may be ahead of its event.
    fn silent_changes(&mut self, state: &PeerSnapshot) {
        for attribute in &STATES {
            let (before, now) = ((attribute.read)(&self.told), (attribute.read)(state));
            if let Some(now) = now
                && before != Some(now)
            {
                if before.is_some() {
                    self.line(format!("{} is {now}", attribute.name));
                }
                (attribute.copy)(&mut self.told, state);
            }
        }
    }

    fn message(&mut self, channel: String) {
        match &mut self.messages {
            Some((name, count)) if *name == channel => *count += 1,
            _ => {
                self.end_messages();
                self.messages = Some((channel, 1));
            }
        }
    }

    fn end_messages(&mut self) {
        match self.messages.take() {
            Some((channel, 1)) => self.lines.push(format!("{channel} message")),
            Some((channel, count)) => self.lines.push(format!("{channel} message x{count}")),
            None => {}
        }
    }

    fn line(&mut self, line: String) {
        self.end_messages();
        self.lines.push(line);
    }

    /// A channel is called by its label; of several with one label the later ones get a number.
    fn name_channel(&mut self, channel: Handle, label: &str) {
        let label = if label.is_empty() { "channel" } else { label };
        let same = |name: &&String| {
            name.strip_prefix(label)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('#'))
        };
        let others = self.channels.values().filter(same).count();
        let name = if others == 0 {
            label.to_owned()
        } else {
            format!("{label}#{}", others + 1)
        };
        self.channels.entry(channel).or_insert(name);
    }

    fn channel(&mut self, channel: Handle) -> String {
        if !self.channels.contains_key(&channel) {
            self.name_channel(channel, "");
        }
        self.channels.get(&channel).cloned().unwrap_or_default()
    }

    fn finish(mut self) -> PeerStates {
        self.end_messages();
        let pending = std::mem::take(&mut self.pending);
        self.lines
            .extend(pending.into_values().map(|method| format!("{method} pending")));
        PeerStates {
            peer: self.peer,
            events: self.lines,
        }
    }
}

/// A state attribute of the connection.
struct StateAttribute {
    name: &'static str,
    event: &'static str,
    read: fn(&PeerSnapshot) -> Option<&'static str>,
    copy: fn(&mut PeerSnapshot, &PeerSnapshot),
}

const STATES: [StateAttribute; 4] = [
    StateAttribute {
        name: "signalingState",
        event: "signalingstatechange",
        read: |state| state.signaling_state.map(|state| state.as_str()),
        copy: |told, state| told.signaling_state = state.signaling_state,
    },
    StateAttribute {
        name: "iceGatheringState",
        event: "icegatheringstatechange",
        read: |state| state.ice_gathering_state.map(|state| state.as_str()),
        copy: |told, state| told.ice_gathering_state = state.ice_gathering_state,
    },
    StateAttribute {
        name: "iceConnectionState",
        event: "iceconnectionstatechange",
        read: |state| state.ice_connection_state.map(|state| state.as_str()),
        copy: |told, state| told.ice_connection_state = state.ice_connection_state,
    },
    StateAttribute {
        name: "connectionState",
        event: "connectionstatechange",
        read: |state| state.connection_state.map(|state| state.as_str()),
        copy: |told, state| told.connection_state = state.connection_state,
    },
];

/// An event of a transport, with the state that its attribute has then.
fn transport_line(
    layer: &str,
    event: &str,
    detail: &serde_json::Value,
    state: &PeerSnapshot,
    read: fn(&Transports) -> &'static str,
) -> String {
    match (event, &state.transports, detail.as_str()) {
        // With media there is more than the transport under `sctp`; which one it is, the event's own account knows.
        ("statechange", _, Some(now)) if !state.media_transports.is_empty() => {
            format!("{layer} {event}: {now}")
        }
        ("statechange", Some(transports), _) => format!("{layer} {event}: {}", read(transports)),
        _ => format!("{layer} {event}"),
    }
}

/// A string in the payload of an event.
fn text<'d>(detail: &'d serde_json::Value, member: &str) -> &'d str {
    let member = detail.get(member).and_then(serde_json::Value::as_str);
    member.unwrap_or_default()
}

/// What an object is called that is no data channel: of several of a kind none is told apart.
fn object_name(interface: Interface) -> &'static str {
    match interface {
        Interface::PeerConnection => "connection",
        Interface::DataChannel => "channel",
        Interface::IceTransport => "ice",
        Interface::DtlsTransport => "dtls",
        Interface::SctpTransport => "sctp",
        Interface::RtpSender => "sender",
        Interface::RtpReceiver => "receiver",
        Interface::RtpTransceiver => "transceiver",
        Interface::DtmfSender => "dtmf",
        Interface::MediaStream => "stream",
        Interface::MediaStreamTrack => "track",
        Interface::MediaDevices => "devices",
        Interface::Certificate => "certificate",
        Interface::SessionDescription => "description",
        Interface::IceCandidate => "candidate",
        Interface::Error => "error",
    }
}

/// A candidate by what does not change between runs: its type and protocol.
fn candidate(detail: &serde_json::Value) -> String {
    let candidate = match serde_json::from_value::<Option<IceCandidate>>(detail.clone()) {
        Ok(None) => return "null".to_owned(),
        Ok(Some(candidate)) if candidate.is_end_of_candidates() => return "end of candidates".to_owned(),
        Ok(Some(candidate)) => candidate.candidate,
        Err(_) => return "not a candidate".to_owned(),
    };
    // `candidate:` foundation, component, transport, priority, address, port, `typ`, type (RFC 8839 section 5.1).
    let words: Vec<&str> = candidate.split_ascii_whitespace().collect();
    let transport = words.get(2).map(|word| word.to_ascii_lowercase());
    let kind = words.iter().skip_while(|word| **word != "typ").nth(1);
    match (kind, transport) {
        (Some(kind), Some(transport)) => format!("{kind} {transport}"),
        _ => "not a candidate".to_owned(),
    }
}

/// The handle in a value that is an object, `{"object": 3}`.
fn object(value: &serde_json::Value) -> Option<Handle> {
    handle(value.get("object")?)
}

/// A handle, bare or as an object.
fn handle(value: &serde_json::Value) -> Option<Handle> {
    match value.as_u64() {
        Some(number) => u32::try_from(number).ok().map(Handle),
        None => object(value),
    }
}

/// The role that a record is told under.
fn role(what: &What) -> Option<&str> {
    match what {
        What::Created { peer, .. }
        | What::Called { peer, .. }
        | What::Came { peer, .. }
        | What::Settled { peer, .. }
        | What::Fired { peer, .. }
        | What::TaskEnd { peer, .. } => Some(peer),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use glare_peer::{ExceptionName, Granularity, Handle};
    use serde_json::json;

    use super::*;
    use crate::testing::Tape;

    fn lines(tape: &Tape) -> Vec<String> {
        let mut all = states(&tape.header, &tape.trace);
        assert_eq!(all.len(), 1);
        all.remove(0).events
    }

    #[test]
    fn a_call_reads_as_its_transitions_and_events() {
        let mut tape = Tape::new(Granularity::Step);
        tape.whole_call();
        tape.closes();
        tape.end();
        assert_eq!(
            lines(&tape),
            [
                "createDataChannel",
                "negotiationneeded",
                "signalingstatechange: have-local-offer",
                "setLocalDescription fulfilled",
                "icegatheringstatechange: gathering",
                "icecandidate: host udp",
                "icecandidate: end of candidates",
                "icegatheringstatechange: complete",
                "icecandidate: null",
                "signalingstatechange: stable",
                "setRemoteDescription fulfilled",
                "addIceCandidate fulfilled",
                "ice statechange: checking",
                "iceconnectionstatechange: checking",
                "connectionstatechange: connecting",
                "ice statechange: connected",
                "iceconnectionstatechange: connected",
                "dtls statechange: connecting",
                "dtls statechange: connected",
                "connectionstatechange: connected",
                "sctp statechange: connected",
                "chat open",
                "chat message x2",
                "close",
                "signalingState is closed",
                "iceConnectionState is closed",
                "connectionState is closed",
            ]
        );
    }

    #[test]
    fn a_change_without_an_event_shows() {
        let mut tape = Tape::new(Granularity::Step);
        tape.state.ice_gathering_state = Some(glare_peer::IceGatheringState::Gathering);
        tape.end();
        assert_eq!(lines(&tape), ["iceGatheringState is gathering"]);
    }

    #[test]
    fn calls_tell_how_they_came_out() {
        let mut tape = Tape::new(Granularity::Step);
        let operation = tape.promise("createAnswer", json!({}));
        tape.rejected(operation, ExceptionName::InvalidStateError);
        tape.promise("createOffer", json!({}));
        let operation = tape.called_on(Handle(9), "send", json!({}));
        tape.came(
            operation,
            crate::testing::exception(ExceptionName::InvalidStateError),
        );
        assert_eq!(
            lines(&tape),
            [
                "createAnswer rejected: InvalidStateError",
                "channel send threw: InvalidStateError",
                "createOffer pending",
            ]
        );
    }

    #[test]
    fn channels_of_one_label_are_told_apart_without_their_handles() {
        let mut tape = Tape::new(Granularity::Step);
        tape.creates_channel(31, None);
        tape.creates_channel(17, None);
        tape.channel_opens(17);
        tape.channel_opens(31);
        assert_eq!(
            lines(&tape),
            [
                "createDataChannel",
                "createDataChannel",
                "chat#2 open",
                "chat open"
            ]
        );
    }
}
