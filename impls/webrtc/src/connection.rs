//! One connection: rtc's `RTCPeerConnection`, driven through the peer contract.
//!
//! rtc wants every change to be followed by polling of packets, events and messages until nothing is left. So
//! [`Connection::call`] does both, and what comes out waits in queues until the harness steps: datagrams at once, each
//! event as a task of its own.

use std::collections::VecDeque;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use bytes::BytesMut;
use glare_peer::{
    Attribute, Called, Configuration, CreateError, DataChannelState, Datagram, DtlsVersion, Event, EventKind,
    Exception, ExceptionName, Handle, HostView, IceCandidate, IceConnectionState, IceGatheringState,
    IceTransportPolicy, Input, MessageData, Operation, OperationId, Outbox, Peer, PeerConnectionState,
    SignalingState, SimTime, Step, Unsupported, Value,
};
use rtc::peer_connection::configuration::setting_engine::SettingEngineBuilder;
use rtc::peer_connection::event::{RTCDataChannelEvent, RTCPeerConnectionEvent};
use rtc::peer_connection::message::RTCMessage;
use rtc::peer_connection::{RTCPeerConnection, RTCPeerConnectionBuilder};
use rtc::sansio::Protocol as _;
use rtc::shared::error::Error;
use rtc::shared::{TaggedBytesMut, TransportContext, TransportProtocol};

use crate::channels::Channels;
use crate::crypto::{KeyLog, Provider};
use crate::exception::exception;
use crate::gathering::Gathering;
use crate::{clock, negotiation};

/// The objects of a connection that are always the same; its channels come after them.
const SCTP_TRANSPORT: Handle = Handle(1);
const DTLS_TRANSPORT: Handle = Handle(2);
const ICE_TRANSPORT: Handle = Handle(3);

/// A connection under test.
pub(crate) struct Connection {
    rtc: RTCPeerConnection,
    key_log: KeyLog,
    /// The time that rtc was told last.
    pub(crate) told: SimTime,
    /// When rtc wants to be called next.
    deadline: Option<SimTime>,
    pub(crate) channels: Channels,
    pub(crate) gathering: Gathering,
    /// The calls that have not run yet, in order (webrtc-pc#dfn-operations-chain).
    pub(crate) operations: VecDeque<(OperationId, Operation)>,
    /// What the next steps are.
    pub(crate) happenings: VecDeque<Happening>,
    /// What comes after the happenings, each in a task of its own.
    pub(crate) tasks: Vec<Happening>,
    outbox: Outbox,
    pub(crate) signaling_state: SignalingState,
    ice_connection_state: IceConnectionState,
    connection_state: PeerConnectionState,
    closed: bool,
}

/// Something to step to. States change when it is reached, not when rtc said so.
#[derive(Debug)]
pub(crate) enum Happening {
    Settled(OperationId, Result<Value, Exception>),
    SignalingState(SignalingState),
    NegotiationNeeded,
    GatheringState(IceGatheringState),
    Candidate(Option<IceCandidate>),
    IceConnectionState(IceConnectionState),
    ConnectionState(PeerConnectionState),
    DataChannel(Handle),
    Open(Handle),
    Message(Handle, MessageData),
    BufferedAmountLow(Handle),
    Closing(Handle),
    Close(Handle),
    Error(Handle),
    TaskEnd,
}

impl Connection {
    /// Constructs a connection on a host.
    ///
    /// # Errors
    ///
    /// What the configuration asks for and rtc's core cannot do.
    pub(crate) fn new(host: &HostView, configuration: &Configuration) -> Result<Connection, CreateError> {
        let unsupported = |what: String| CreateError::Unsupported(Unsupported::new(what));
        if !configuration.ice_servers.is_empty() {
            return Err(unsupported(
                "rtc's core speaks to no STUN or TURN server: its user gathers the candidates".to_owned(),
            ));
        }
        if configuration.ice_transport_policy == IceTransportPolicy::Relay {
            return Err(unsupported("rtc's core gathers no relayed candidates".to_owned()));
        }
        if configuration.dtls_version == Some(DtlsVersion::V1_3) {
            return Err(unsupported("rtc has no DTLS 1.3".to_owned()));
        }
        let key_log = KeyLog::default();
        let provider = Provider::new(host.seed, key_log.clone())
            .map_err(|error| unsupported(format!("rtc has no cryptography: {error}")))?;
        let settings = SettingEngineBuilder::new()
            .with_crypto_provider(Arc::new(provider))
            .build();
        let rtc = RTCPeerConnectionBuilder::new()
            .with_setting_engine(settings)
            .with_configuration(negotiation::configuration(configuration))
            .build(clock::instant(SimTime::ZERO))
            .map_err(|error| CreateError::Threw(exception(&error)))?;
        let mut connection = Connection {
            rtc,
            key_log,
            told: SimTime::ZERO,
            deadline: None,
            channels: Channels::default(),
            gathering: Gathering::new(host),
            operations: VecDeque::new(),
            happenings: VecDeque::new(),
            tasks: Vec::new(),
            outbox: Outbox::default(),
            signaling_state: SignalingState::Stable,
            ice_connection_state: IceConnectionState::New,
            connection_state: PeerConnectionState::New,
            closed: false,
        };
        connection.poll();
        Ok(connection)
    }

    /// One call into rtc and the polling that must follow it.
    pub(crate) fn call<R>(&mut self, work: impl FnOnce(&mut RTCPeerConnection) -> R) -> R {
        let result = work(&mut self.rtc);
        self.poll();
        result
    }

    /// What rtc says without being changed.
    pub(crate) fn rtc(&self) -> &RTCPeerConnection {
        &self.rtc
    }

    pub(crate) fn note(&mut self, note: String) {
        self.outbox.notes.push(note);
    }

    /// Takes everything that rtc has to give.
    fn poll(&mut self) {
        loop {
            let mut quiet = true;
            while let Some(packet) = self.rtc.poll_write() {
                quiet = false;
                self.outbox.datagrams.push(Datagram {
                    local: packet.transport.local_addr,
                    remote: packet.transport.peer_addr,
                    data: packet.message.to_vec(),
                });
            }
            while let Some(event) = self.rtc.poll_event() {
                quiet = false;
                self.notice(event);
            }
            while let Some(message) = self.rtc.poll_read() {
                quiet = false;
                self.receive(message.message);
            }
            if quiet {
                break;
            }
        }
        self.outbox.secrets.append(&mut self.key_log.take());
        self.deadline = self
            .rtc
            .poll_timeout()
            .and_then(|instant| clock::deadline(self.told, instant));
        self.channels.look(&mut self.rtc);
    }

    /// Queues what an event of rtc's means in the specification's terms.
    fn notice(&mut self, event: RTCPeerConnectionEvent) {
        match event {
            RTCPeerConnectionEvent::OnNegotiationNeededEvent => self.tasks.push(Happening::NegotiationNeeded),
            RTCPeerConnectionEvent::OnSignalingStateChangeEvent(state) => {
                if let Some(state) = self.state(&state.to_string()) {
                    // In the task in which the description is applied, before the promise settles.
                    self.happenings.push_back(Happening::SignalingState(state));
                }
            }
            RTCPeerConnectionEvent::OnIceConnectionStateChangeEvent(state) => {
                if let Some(state) = self.state(&state.to_string()) {
                    self.tasks.push(Happening::IceConnectionState(state));
                }
            }
            RTCPeerConnectionEvent::OnConnectionStateChangeEvent(state) => {
                if let Some(state) = self.state(&state.to_string()) {
                    self.tasks.push(Happening::ConnectionState(state));
                }
            }
            RTCPeerConnectionEvent::OnDataChannel(event) => self.notice_channel(event),
            // Only from within `gather()`, which signals them for each generation.
            RTCPeerConnectionEvent::OnIceCandidateEvent(event) => match event.candidate.to_json() {
                Ok(init) => self.gathering.candidates.push(init.candidate),
                Err(error) => self.note(format!("rtc has a candidate that it cannot write: {error}")),
            },
            // Repeats what `gather()` told rtc.
            RTCPeerConnectionEvent::OnIceGatheringStateChangeEvent(_) => {}
            other => self.note(format!("rtc: {other:?}, which the adapter knows nothing of")),
        }
    }

    fn notice_channel(&mut self, event: RTCDataChannelEvent) {
        let happening: fn(Handle) -> Happening = match event {
            RTCDataChannelEvent::OnOpen(id) => return self.notice_open(id),
            RTCDataChannelEvent::OnError(_) => Happening::Error,
            RTCDataChannelEvent::OnClosing(_) => Happening::Closing,
            RTCDataChannelEvent::OnClose(_) => Happening::Close,
            RTCDataChannelEvent::OnBufferedAmountLow(_) => Happening::BufferedAmountLow,
            // The specification has no such event.
            _ => return,
        };
        let (RTCDataChannelEvent::OnError(id)
        | RTCDataChannelEvent::OnClosing(id)
        | RTCDataChannelEvent::OnClose(id)
        | RTCDataChannelEvent::OnBufferedAmountLow(id)) = event
        else {
            return;
        };
        match self.channels.by_id(id) {
            Some(handle) => self.tasks.push(happening(handle)),
            None => self.note(format!("rtc speaks of channel {id}, which it never opened")),
        }
    }

    fn notice_open(&mut self, id: usize) {
        let handle = match self.channels.by_id(id) {
            Some(handle) => handle,
            None => {
                let Some(handle) = self.register(id) else {
                    self.note(format!("rtc opened channel {id} and has no such channel"));
                    return;
                };
                self.tasks.push(Happening::DataChannel(handle));
                handle
            }
        };
        self.tasks.push(Happening::Open(handle));
    }

    /// Gives a channel of rtc's its handle.
    pub(crate) fn register(&mut self, id: usize) -> Option<Handle> {
        let channel = self.rtc.data_channel(id)?;
        Some(self.channels.add(&channel))
    }

    fn receive(&mut self, message: RTCMessage) {
        let RTCMessage::DataChannelMessage(id, message) = message else {
            self.note("rtc: media, which the adapter knows nothing of".to_owned());
            return;
        };
        let data = if message.is_string {
            MessageData::Text(String::from_utf8_lossy(&message.data).into())
        } else {
            MessageData::Binary(message.data.as_ref().into())
        };
        match self.channels.by_id(id) {
            Some(handle) => self.tasks.push(Happening::Message(handle, data)),
            None => self.note(format!(
                "rtc has a message on channel {id}, which it never opened"
            )),
        }
    }

    /// A state of rtc's, which spells them as the specification does.
    fn state<S>(&mut self, text: &str) -> Option<S>
    where
        S: FromStr,
        S::Err: Display,
    {
        match text.parse() {
            Ok(state) => Some(state),
            Err(error) => {
                self.note(format!("rtc: {error}"));
                None
            }
        }
    }

    /// Tells rtc what time it is, so that the timers of what comes next start now.
    fn tell_time(&mut self, now: SimTime) {
        if now > self.told {
            self.time_out(now);
        }
    }

    fn time_out(&mut self, now: SimTime) {
        self.told = now;
        if let Err(error) = self.call(|rtc| rtc.handle_timeout(clock::instant(now))) {
            self.note(format!("rtc: {error}"));
        }
    }

    /// Moves the waiting tasks behind the happenings.
    fn queue_tasks(&mut self) {
        for happening in std::mem::take(&mut self.tasks) {
            self.happenings.push_back(happening);
            self.happenings.push_back(Happening::TaskEnd);
        }
    }

    /// Brings a happening about. Gives where to stop, if there.
    fn happen(&mut self, happening: Happening) -> Option<Step> {
        let at_connection = |kind| Some(fired(Handle::CONNECTION, kind));
        match happening {
            Happening::Settled(id, result) => Some(Step::Settled(id, result)),
            Happening::TaskEnd => Some(Step::TaskEnd),
            Happening::NegotiationNeeded => at_connection(EventKind::NegotiationNeeded),
            Happening::Candidate(candidate) => at_connection(EventKind::IceCandidate { candidate }),
            Happening::SignalingState(state) => {
                let changed = std::mem::replace(&mut self.signaling_state, state) != state;
                changed
                    .then_some(EventKind::SignalingStateChange)
                    .and_then(at_connection)
            }
            Happening::GatheringState(state) => {
                let changed = std::mem::replace(&mut self.gathering.state, state) != state;
                changed
                    .then_some(EventKind::IceGatheringStateChange)
                    .and_then(at_connection)
            }
            Happening::IceConnectionState(state) => {
                self.ice_connection_state = state;
                at_connection(EventKind::IceConnectionStateChange)
            }
            Happening::ConnectionState(state) => {
                self.connection_state = state;
                at_connection(EventKind::ConnectionStateChange)
            }
            Happening::DataChannel(channel) => {
                // webrtc-pc#announcing-a-data-channel-instance: open before it is announced, `open` comes after.
                self.channels.get_mut(channel)?.state = DataChannelState::Open;
                at_connection(EventKind::DataChannel { channel })
            }
            Happening::Open(handle) => {
                self.channels.get_mut(handle)?.state = DataChannelState::Open;
                Some(fired(handle, EventKind::Open))
            }
            Happening::Closing(handle) => {
                self.channels.get_mut(handle)?.state = DataChannelState::Closing;
                Some(fired(handle, EventKind::Closing))
            }
            Happening::Close(handle) => {
                self.channels.get_mut(handle)?.state = DataChannelState::Closed;
                Some(fired(handle, EventKind::Close))
            }
            Happening::Error(handle) => {
                let error = Exception::new(ExceptionName::OperationError, "rtc: OnError");
                Some(fired(handle, EventKind::Error { error }))
            }
            Happening::Message(handle, data) => Some(fired(handle, EventKind::Message { data })),
            Happening::BufferedAmountLow(handle) => Some(fired(handle, EventKind::BufferedAmountLow)),
        }
    }

    /// webrtc-pc#dom-peerconnection-close, as far as rtc goes: what it fires on that account is fired.
    fn close(&mut self) -> Called {
        if !std::mem::replace(&mut self.closed, true) {
            self.operations.clear();
            self.happenings.clear();
            self.tasks.clear();
            if let Err(error) = self.call(RTCPeerConnection::close) {
                self.note(format!("rtc does not close: {error}"));
            }
            self.signaling_state = SignalingState::Closed;
            self.connection_state = PeerConnectionState::Closed;
            self.ice_connection_state = IceConnectionState::Closed;
        }
        Called::Returned(Value::Undefined)
    }
}

impl Peer for Connection {
    fn call(&mut self, now: SimTime, id: OperationId, operation: Operation) -> Called {
        self.tell_time(now);
        match operation {
            Operation::CreateOffer(options)
                if options.offer_to_receive_audio.is_some() || options.offer_to_receive_video.is_some() =>
            {
                Called::Unsupported(Unsupported::new(
                    "rtc has no offerToReceiveAudio and offerToReceiveVideo",
                ))
            }
            Operation::CreateOffer(_)
            | Operation::CreateAnswer
            | Operation::SetLocalDescription(_)
            | Operation::SetRemoteDescription(_)
            | Operation::AddIceCandidate(_) => {
                self.operations.push_back((id, operation));
                Called::Promise
            }
            Operation::CreateDataChannel { label, init } => self.create_data_channel(&label, init),
            Operation::RestartIce => {
                self.call(RTCPeerConnection::restart_ice);
                Called::Returned(Value::Undefined)
            }
            Operation::Close => self.close(),
            Operation::Send { channel, data } => self.send(channel, &data),
            Operation::CloseDataChannel { channel } => self.close_data_channel(channel),
            Operation::SetBufferedAmountLowThreshold { channel, threshold } => {
                self.set_buffered_amount_low_threshold(channel, threshold)
            }
            _ => Called::Unsupported(Unsupported::new(format!(
                "rtc's adapter knows no {}",
                operation.name()
            ))),
        }
    }

    fn input(&mut self, now: SimTime, input: Input) {
        let Input::Datagram(datagram) = input else {
            self.note("rtc's adapter takes datagrams only".to_owned());
            return;
        };
        self.told = self.told.max(now);
        let packet = TaggedBytesMut {
            now: clock::instant(self.told),
            transport: TransportContext {
                local_addr: datagram.local,
                peer_addr: datagram.remote,
                ecn: None,
                transport_protocol: TransportProtocol::UDP,
            },
            message: BytesMut::from(datagram.data.as_slice()),
        };
        if let Err(error) = self.call(|rtc| rtc.handle_read(packet)) {
            self.note(format!("rtc, of a datagram from {}: {error}", datagram.remote));
        }
    }

    fn step(&mut self, now: SimTime, out: &mut Outbox) -> Step {
        let mut timed_out = false;
        let step = loop {
            if let Some(happening) = self.happenings.pop_front() {
                if let Some(step) = self.happen(happening) {
                    break step;
                }
            } else if !self.tasks.is_empty() {
                self.queue_tasks();
            } else if let Some((id, operation)) = self.operations.pop_front() {
                self.tell_time(now);
                // What telling the time brought up comes first.
                if self.tasks.is_empty() {
                    self.run(id, operation);
                } else {
                    self.operations.push_front((id, operation));
                }
            } else if !timed_out && self.deadline.is_some_and(|deadline| deadline <= now) {
                // Once a step: a deadline that never moves on must show as a stall, not hang.
                timed_out = true;
                self.time_out(now);
            } else {
                break Step::Idle(self.deadline);
            }
        };
        out.datagrams.append(&mut self.outbox.datagrams);
        out.secrets.append(&mut self.outbox.secrets);
        out.notes.append(&mut self.outbox.notes);
        step
    }

    fn read(&self, object: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        match object {
            Handle::CONNECTION => self.read_connection(attribute),
            SCTP_TRANSPORT | DTLS_TRANSPORT | ICE_TRANSPORT => self.read_transport(object, attribute),
            _ => self.channels.read(object, attribute),
        }
    }
}

impl Connection {
    fn read_connection(&self, attribute: Attribute) -> Result<Value, Unsupported> {
        Ok(match attribute {
            Attribute::SignalingState => Value::String(self.signaling_state.to_string()),
            Attribute::IceGatheringState => Value::String(self.gathering.state.to_string()),
            Attribute::IceConnectionState => Value::String(self.ice_connection_state.to_string()),
            Attribute::ConnectionState => Value::String(self.connection_state.to_string()),
            Attribute::CanTrickleIceCandidates => self
                .rtc
                .can_trickle_ice_candidates()
                .map_or(Value::Null, Value::Boolean),
            Attribute::Sctp => self
                .rtc
                .sctp()
                .map_or(Value::Null, |_| Value::Object(SCTP_TRANSPORT)),
            Attribute::LocalDescription => negotiation::value(self.rtc.local_description().as_ref()),
            Attribute::CurrentLocalDescription => {
                negotiation::value(self.rtc.current_local_description().as_ref())
            }
            Attribute::PendingLocalDescription => {
                negotiation::value(self.rtc.pending_local_description().as_ref())
            }
            Attribute::RemoteDescription => negotiation::value(self.rtc.remote_description()),
            Attribute::CurrentRemoteDescription => negotiation::value(self.rtc.current_remote_description()),
            Attribute::PendingRemoteDescription => negotiation::value(self.rtc.pending_remote_description()),
            _ => return Err(Unsupported::new(format!("rtc tells nothing of {attribute}"))),
        })
    }

    fn read_transport(&self, object: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        let sctp = self
            .rtc
            .sctp()
            .ok_or_else(|| Unsupported::new(format!("{object} is no object of this connection yet")))?;
        let dtls = sctp.transport();
        let ice = dtls.ice_transport();
        Ok(match (object, attribute) {
            (SCTP_TRANSPORT, Attribute::Transport) => Value::Object(DTLS_TRANSPORT),
            (SCTP_TRANSPORT, Attribute::State) => Value::String(sctp.state().to_string()),
            (SCTP_TRANSPORT, Attribute::MaxMessageSize) => sctp
                .max_message_size()
                .map_or(Value::Null, |size| Value::Number(size.into())),
            (SCTP_TRANSPORT, Attribute::MaxChannels) => sctp
                .max_channels()
                .map_or(Value::Null, |channels| Value::Number(channels.into())),
            (DTLS_TRANSPORT, Attribute::IceTransport) => Value::Object(ICE_TRANSPORT),
            (DTLS_TRANSPORT, Attribute::State) => Value::String(dtls.state().to_string()),
            (ICE_TRANSPORT, Attribute::State) => Value::String(ice.state().to_string()),
            (ICE_TRANSPORT, Attribute::GatheringState) => Value::String(ice.gathering_state().to_string()),
            (ICE_TRANSPORT, Attribute::Role) => Value::String(ice.role().to_string()),
            _ => {
                return Err(Unsupported::new(format!(
                    "rtc tells nothing of {attribute} of {object}"
                )));
            }
        })
    }
}

fn fired(target: Handle, kind: EventKind) -> Step {
    Step::Fired(Event { target, kind })
}

/// What a synchronous call that rtc refuses throws.
pub(crate) fn threw(error: &Error) -> Called {
    Called::Threw(exception(error))
}
