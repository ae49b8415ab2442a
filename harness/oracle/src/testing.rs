//! Builds traces by hand, for tests.

use glare_peer::{
    DataChannelState, DtlsTransportState, Exception, ExceptionName, Granularity, Handle, IceConnectionState,
    IceGatheringState, IceTransportState, OperationId, PeerConnectionState, SctpTransportState, SdpType,
    SignalingState, SimTime,
};
use serde_json::json;

use crate::trace::{
    Cast, ChannelSnapshot, Completion, Descriptions, Header, Interface, PeerSnapshot, Record, Transports,
    VERSION, What,
};

/// A trace in the making, of one connection in the role `a`.
pub(crate) struct Tape {
    pub header: Header,
    pub trace: Vec<Record>,
    /// The state that the next records carry.
    pub state: PeerSnapshot,
    /// The record that [`Tape::mark`] pointed at.
    pub marked: Option<u64>,
    operations: u64,
}

impl Tape {
    /// A trace in which the connection has just been constructed.
    pub fn new(granularity: Granularity) -> Tape {
        let mut tape = Tape::blank(granularity);
        tape.push(|peer, state| What::Created { peer, state });
        tape
    }

    /// A trace without a record.
    pub fn blank(granularity: Granularity) -> Tape {
        let cast = Cast {
            role: "a".to_owned(),
            implementation: "hand".to_owned(),
            version: "1".to_owned(),
            granularity,
        };
        Tape {
            header: Header {
                version: VERSION,
                cell: "hand".to_owned(),
                seed: 0,
                cast: vec![cast],
            },
            trace: Vec::new(),
            state: PeerSnapshot {
                signaling_state: Some(SignalingState::Stable),
                ice_gathering_state: Some(IceGatheringState::New),
                ice_connection_state: Some(IceConnectionState::New),
                connection_state: Some(PeerConnectionState::New),
                descriptions: Some(Descriptions::default()),
                transports: None,
                channels: Vec::new(),
                transceivers: Vec::new(),
                media_transports: Vec::new(),
            },
            marked: None,
            operations: 0,
        }
    }

    fn push(&mut self, what: impl FnOnce(String, PeerSnapshot) -> What) {
        let number = self.trace.len() as u64;
        let what = what("a".to_owned(), self.state.clone());
        self.trace.push(Record {
            number,
            time: SimTime::from_millis(number),
            what,
        });
    }

    /// Says that the next record is the one that departs.
    pub fn mark(&mut self) {
        self.marked = Some(self.trace.len() as u64);
    }

    /// Calls a method of the connection.
    pub fn called(&mut self, method: &str, arguments: serde_json::Value) -> OperationId {
        self.called_on(Handle::CONNECTION, method, arguments)
    }

    pub fn called_on(&mut self, object: Handle, method: &str, arguments: serde_json::Value) -> OperationId {
        self.operations += 1;
        let operation = OperationId(self.operations);
        let method = method.to_owned();
        let interface = match object {
            Handle::CONNECTION => Interface::PeerConnection,
            _ => Interface::DataChannel,
        };
        self.push(|peer, state| What::Called {
            peer,
            operation,
            object,
            interface,
            method,
            arguments,
            state,
        });
        operation
    }

    pub fn came(&mut self, operation: OperationId, how: Completion) {
        self.push(|peer, state| What::Came {
            peer,
            operation,
            how,
            state,
        });
    }

    /// Calls a method that returns a promise.
    pub fn promise(&mut self, method: &str, arguments: serde_json::Value) -> OperationId {
        let operation = self.called(method, arguments);
        self.came(operation, Completion::Promise);
        operation
    }

    pub fn settled(&mut self, operation: OperationId, how: Completion) {
        self.push(|peer, state| What::Settled {
            peer,
            operation,
            how,
            state,
        });
    }

    pub fn fulfilled(&mut self, operation: OperationId) {
        self.settled(operation, undefined());
    }

    pub fn rejected(&mut self, operation: OperationId, name: ExceptionName) {
        self.settled(operation, exception(name));
    }

    /// Fires an event at the connection.
    pub fn fired(&mut self, event: &str) {
        self.fired_with(event, serde_json::Value::Null);
    }

    pub fn fired_with(&mut self, event: &str, detail: serde_json::Value) {
        self.fired_at(Handle::CONNECTION, Interface::PeerConnection, event, detail);
    }

    pub fn fired_at(&mut self, target: Handle, interface: Interface, event: &str, detail: serde_json::Value) {
        let event = event.to_owned();
        self.push(|peer, state| What::Fired {
            peer,
            target,
            interface,
            event,
            detail,
            state,
        });
    }

    /// Fires an event at a data channel.
    pub fn fired_at_channel(&mut self, channel: u32, event: &str) {
        self.fired_at(
            Handle(channel),
            Interface::DataChannel,
            event,
            serde_json::Value::Null,
        );
    }

    pub fn end(&mut self) {
        self.push(|peer, state| What::TaskEnd { peer, state });
    }

    pub fn descriptions(&mut self) -> &mut Descriptions {
        self.state.descriptions.get_or_insert_default()
    }

    pub fn channel(&mut self, channel: u32) -> &mut ChannelSnapshot {
        self.state
            .channels
            .iter_mut()
            .find(|other| other.channel == Handle(channel))
            .unwrap()
    }

    pub fn transports(&mut self) -> &mut Transports {
        self.state.transports.as_mut().unwrap()
    }
}

/// What happens in a run, told as the specification tells it.
impl Tape {
    /// A description is set: `change` is what it does to the descriptions.
    pub fn sets(
        &mut self,
        method: &str,
        sdp_type: SdpType,
        leads_to: SignalingState,
        change: impl FnOnce(&mut Descriptions),
    ) {
        let operation = self.promise(method, json!({ "type": sdp_type, "sdp": "" }));
        let changed = self.state.signaling_state != Some(leads_to);
        self.state.signaling_state = Some(leads_to);
        change(self.descriptions());
        if changed {
            self.fired("signalingstatechange");
        }
        self.fulfilled(operation);
        self.end();
    }

    pub fn local_offer(&mut self) {
        self.sets(
            "setLocalDescription",
            SdpType::Offer,
            SignalingState::HaveLocalOffer,
            |descriptions| {
                descriptions.pending_local = Some(SdpType::Offer);
            },
        );
    }

    pub fn remote_answer(&mut self) {
        self.sets(
            "setRemoteDescription",
            SdpType::Answer,
            SignalingState::Stable,
            |descriptions| {
                *descriptions = Descriptions {
                    current_local: Some(SdpType::Offer),
                    current_remote: Some(SdpType::Answer),
                    ..Descriptions::default()
                };
            },
        );
    }

    pub fn remote_offer(&mut self) {
        self.sets(
            "setRemoteDescription",
            SdpType::Offer,
            SignalingState::HaveRemoteOffer,
            |descriptions| {
                descriptions.pending_remote = Some(SdpType::Offer);
            },
        );
    }

    pub fn local_pranswer(&mut self) {
        self.sets(
            "setLocalDescription",
            SdpType::Pranswer,
            SignalingState::HaveLocalPranswer,
            |descriptions| {
                descriptions.pending_local = Some(SdpType::Pranswer);
            },
        );
    }

    pub fn local_answer(&mut self) {
        self.sets(
            "setLocalDescription",
            SdpType::Answer,
            SignalingState::Stable,
            |descriptions| {
                *descriptions = Descriptions {
                    current_local: Some(SdpType::Answer),
                    current_remote: Some(SdpType::Offer),
                    ..Descriptions::default()
                };
            },
        );
    }

    /// Gathering begins.
    pub fn gathering(&mut self) {
        self.state.ice_gathering_state = Some(IceGatheringState::Gathering);
        self.fired("icegatheringstatechange");
        self.end();
    }

    /// A candidate is surfaced.
    pub fn candidate(&mut self) {
        self.fired_with("icecandidate", host_candidate());
        self.end();
    }

    /// The generation of candidates ends.
    pub fn end_of_candidates(&mut self) {
        let candidate =
            json!({ "candidate": "", "sdpMid": "0", "sdpMLineIndex": 0, "usernameFragment": "abcd" });
        self.fired_with("icecandidate", candidate);
        self.end();
    }

    /// Gathering is complete.
    pub fn complete(&mut self) {
        self.state.ice_gathering_state = Some(IceGatheringState::Complete);
        self.fired("icegatheringstatechange");
        self.fired_with("icecandidate", serde_json::Value::Null);
        self.end();
    }

    /// A whole gathering phase with one candidate.
    pub fn gathers(&mut self) {
        self.gathering();
        self.candidate();
        self.end_of_candidates();
        self.complete();
    }

    /// The transports under `sctp` exist, none of which has begun.
    pub fn with_transports(&mut self) {
        self.state.transports = Some(Transports {
            ice: IceTransportState::New,
            dtls: DtlsTransportState::New,
            sctp: SctpTransportState::Connecting,
        });
    }

    /// The ICE transport changes, and the aggregated states with it.
    pub fn ice(&mut self, ice: IceTransportState, connection: PeerConnectionState) {
        self.transports().ice = ice;
        self.state.ice_connection_state = ice.as_str().parse().ok();
        let changed = self.state.connection_state != Some(connection);
        self.state.connection_state = Some(connection);
        self.fired_at(
            Handle(1),
            Interface::IceTransport,
            "statechange",
            serde_json::Value::Null,
        );
        self.fired("iceconnectionstatechange");
        if changed {
            self.fired("connectionstatechange");
        }
        self.end();
    }

    /// The DTLS transport changes, and the connection's state in a task of its own.
    pub fn dtls(&mut self, dtls: DtlsTransportState, connection: PeerConnectionState) {
        self.transports().dtls = dtls;
        self.fired_at(
            Handle(2),
            Interface::DtlsTransport,
            "statechange",
            serde_json::Value::Null,
        );
        self.end();
        if self.state.connection_state != Some(connection) {
            self.state.connection_state = Some(connection);
            self.fired("connectionstatechange");
            self.end();
        }
    }

    /// The association is established.
    pub fn sctp_connected(&mut self) {
        self.transports().sctp = SctpTransportState::Connected;
        self.fired_at(
            Handle(3),
            Interface::SctpTransport,
            "statechange",
            serde_json::Value::Null,
        );
        self.end();
    }

    /// ICE, DTLS and SCTP connect.
    pub fn connects(&mut self) {
        self.ice(IceTransportState::Checking, PeerConnectionState::Connecting);
        self.ice(IceTransportState::Connected, PeerConnectionState::Connecting);
        self.dtls(DtlsTransportState::Connecting, PeerConnectionState::Connecting);
        self.dtls(DtlsTransportState::Connected, PeerConnectionState::Connected);
        self.sctp_connected();
    }

    /// A channel of this handle is created and known from now on.
    pub fn creates_channel(&mut self, channel: u32, id: Option<u16>) {
        let operation = self.called("createDataChannel", json!({ "label": "chat" }));
        self.state.channels.push(ChannelSnapshot {
            channel: Handle(channel),
            ready_state: DataChannelState::Connecting,
            id,
            buffered_amount: 0,
        });
        self.came(operation, Completion::Value(json!({ "object": channel })));
    }

    pub fn channel_opens(&mut self, channel: u32) {
        self.channel(channel).ready_state = DataChannelState::Open;
        self.fired_at_channel(channel, "open");
        self.end();
    }

    pub fn channel_message(&mut self, channel: u32) {
        self.fired_at_channel(channel, "message");
        self.end();
    }

    pub fn channel_closing(&mut self, channel: u32) {
        self.channel(channel).ready_state = DataChannelState::Closing;
        self.fired_at_channel(channel, "closing");
        self.end();
    }

    pub fn channel_closes(&mut self, channel: u32) {
        self.channel(channel).ready_state = DataChannelState::Closed;
        self.fired_at_channel(channel, "close");
        self.end();
    }

    /// `send()` of so many bytes that succeeds.
    pub fn sends(&mut self, channel: u32, bytes: u64) {
        let operation = self.called_on(Handle(channel), "send", json!({ "size": bytes }));
        self.channel(channel).buffered_amount += bytes;
        self.came(operation, undefined());
    }

    /// What `close()` does to the state.
    pub fn state_closed(&mut self) {
        self.state.signaling_state = Some(SignalingState::Closed);
        self.state.ice_connection_state = Some(IceConnectionState::Closed);
        self.state.connection_state = Some(PeerConnectionState::Closed);
        for channel in &mut self.state.channels {
            channel.ready_state = DataChannelState::Closed;
        }
        if let Some(transports) = &mut self.state.transports {
            transports.ice = IceTransportState::Closed;
            transports.dtls = DtlsTransportState::Closed;
            transports.sctp = SctpTransportState::Closed;
        }
    }

    /// `close()` as it should be.
    pub fn closes(&mut self) {
        let operation = self.called("close", json!({}));
        self.state_closed();
        self.came(operation, undefined());
    }

    /// Everything a connection with one channel goes through until messages flow.
    pub fn whole_call(&mut self) {
        self.creates_channel(9, None);
        self.fired("negotiationneeded");
        self.end();
        self.with_transports();
        self.local_offer();
        self.gathers();
        self.remote_answer();
        let operation = self.promise("addIceCandidate", host_candidate());
        self.fulfilled(operation);
        self.end();
        self.connects();
        self.channel(9).id = Some(1);
        self.channel_opens(9);
        self.channel_message(9);
        self.channel_message(9);
        self.sends(9, 100);
    }
}

/// The value of a call that returns nothing.
pub(crate) fn undefined() -> Completion {
    Completion::Value(serde_json::Value::Null)
}

pub(crate) fn exception(name: ExceptionName) -> Completion {
    Completion::Exception(Exception::new(name, "by hand"))
}

pub(crate) fn host_candidate() -> serde_json::Value {
    json!({
        "candidate": "candidate:1 1 udp 2130706431 10.0.0.1 5000 typ host",
        "sdpMid": "0",
        "sdpMLineIndex": 0,
        "usernameFragment": "abcd",
    })
}
