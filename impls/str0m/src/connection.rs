//! One connection: str0m's `Rtc`, driven through the peer contract.
//!
//! str0m wants every change to be followed by polling until it asks for a timeout. So [`Connection::call`] does both, and
//! what comes out waits in queues until the harness steps: datagrams at once, each event as a task of its own.

use std::collections::VecDeque;

use glare_peer::{
    Attribute, Called, Configuration, CreateError, DataChannelState, Datagram, DtlsVersion, Event, EventKind,
    Exception, ExceptionName, Handle, HostView, IceCandidate, IceConnectionState, IceGatheringState,
    IceTransportPolicy, Input, MessageData, Operation, OperationId, Outbox, Peer, PeerConnectionState,
    SessionDescription, SignalingState, SimTime, Step, Unsupported, Value,
};
use str0m::channel::ChannelId;
use str0m::net::{Protocol, Receive};
use str0m::{IceCreds, Output, Rtc};

use crate::channels::Channels;
use crate::gathering::Gathering;
use crate::media::{Media, TrackChange};
use crate::negotiation::Negotiation;
use crate::{ambient, clock, crypto};

/// After this many errors in a row from one round of polling, str0m is left alone until something happens.
const ERRORS_IN_A_ROW: u32 = 8;

/// What `send()` may buffer over all channels, in bytes: as much as browsers take. str0m takes 128 KiB unless told, which
/// scripts written for browsers outrun.
const SEND_BUFFER: usize = 16 * 1024 * 1024;

/// A connection under test.
pub(crate) struct Connection {
    rtc: Rtc,
    /// The peer's own generator: each call into str0m gets a seed from it.
    pub(crate) chance: fastrand::Rng,
    /// The time that str0m was told last.
    pub(crate) told: SimTime,
    /// When str0m wants to be called next.
    deadline: Option<SimTime>,
    pub(crate) negotiation: Negotiation,
    pub(crate) channels: Channels,
    pub(crate) gathering: Gathering,
    pub(crate) media: Media,
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
    pub(crate) negotiation_needed: bool,
    /// Whether str0m said that ICE and DTLS are up.
    secured: bool,
    /// Whether str0m is dead, without `close()`.
    died: bool,
    closed: bool,
}

/// Something to step to. States change when it is reached, not when str0m said so.
#[derive(Debug)]
pub(crate) enum Happening {
    Settled(OperationId, Result<Value, Exception>),
    SignalingStateChange,
    NegotiationNeeded,
    GatheringState(IceGatheringState),
    Candidate(Option<IceCandidate>),
    IceConnectionState(IceConnectionState),
    /// ICE and DTLS are up, or str0m is dead: look whether the connection's state is another.
    ConnectionState,
    DataChannel(Handle),
    Open(Handle),
    Message(Handle, MessageData),
    BufferedAmountLow(Handle),
    Close(Handle),
    /// A receiver's track changes with a description.
    Track(TrackChange),
    /// A frame came for the receiver of a transceiver.
    Unmute(usize),
    TaskEnd,
}

impl Connection {
    /// Constructs a connection on a host.
    ///
    /// # Errors
    ///
    /// What the configuration asks for and str0m cannot do.
    pub(crate) fn new(host: &HostView, configuration: &Configuration) -> Result<Connection, CreateError> {
        let unsupported = |what: &str| Err(CreateError::Unsupported(Unsupported::new(what)));
        if !configuration.ice_servers.is_empty() {
            return unsupported("str0m speaks to no STUN or TURN server: its user gathers the candidates");
        }
        if configuration.ice_transport_policy == IceTransportPolicy::Relay {
            return unsupported("str0m gathers no relayed candidates");
        }
        let mut chance = fastrand::Rng::with_seed(host.seed);
        let certificate = crypto::certificate(chance.u64(..), host.unix_time);
        let version = match configuration.dtls_version {
            Some(DtlsVersion::V1_2) => str0m::config::DtlsVersion::Dtls12,
            Some(DtlsVersion::V1_3) => str0m::config::DtlsVersion::Dtls13,
            None => str0m::config::DtlsVersion::default(),
        };
        let start = clock::instant(SimTime::ZERO);
        let (rtc, _) = ambient::enter(chance.u64(..), || {
            Rtc::builder()
                .set_crypto_provider(crypto::provider())
                .set_dtls_cert(certificate)
                .set_dtls_version(version)
                .set_sctp_max_buffered_amount(SEND_BUFFER)
                .set_local_ice_credentials(IceCreds::new())
                .build(start)
        });
        let mut connection = Connection {
            rtc,
            chance,
            told: SimTime::ZERO,
            deadline: None,
            negotiation: Negotiation::default(),
            channels: Channels::default(),
            gathering: Gathering::new(host),
            media: Media::default(),
            operations: VecDeque::new(),
            happenings: VecDeque::new(),
            tasks: Vec::new(),
            outbox: Outbox::default(),
            signaling_state: SignalingState::Stable,
            ice_connection_state: IceConnectionState::New,
            connection_state: PeerConnectionState::New,
            negotiation_needed: false,
            secured: false,
            died: false,
            closed: false,
        };
        connection.poll();
        Ok(connection)
    }

    /// One call into str0m and the polling that must follow it.
    pub(crate) fn call<R>(&mut self, work: impl FnOnce(&mut Rtc) -> R) -> R {
        let result = self.enter(work);
        self.poll();
        result
    }

    /// One call into str0m, with all chance from the peer's generator.
    pub(crate) fn enter<R>(&mut self, work: impl FnOnce(&mut Rtc) -> R) -> R {
        let seed = self.chance.u64(..);
        let (result, secrets) = ambient::enter(seed, || work(&mut self.rtc));
        self.outbox.secrets.extend(secrets);
        result
    }

    pub(crate) fn note(&mut self, note: String) {
        self.outbox.notes.push(note);
    }

    /// Polls until str0m asks for a timeout.
    pub(crate) fn poll(&mut self) {
        let mut errors = 0;
        loop {
            match self.enter(Rtc::poll_output) {
                Ok(Output::Timeout(instant)) => {
                    self.deadline = clock::deadline(instant);
                    break;
                }
                Ok(Output::Transmit(transmit)) => {
                    errors = 0;
                    self.outbox.datagrams.push(Datagram {
                        local: transmit.source,
                        remote: transmit.destination,
                        data: transmit.contents.to_vec(),
                    });
                }
                Ok(Output::Event(event)) => {
                    errors = 0;
                    self.notice(event);
                }
                Err(error) => {
                    self.note(format!("str0m: {error}"));
                    errors += 1;
                    if errors == ERRORS_IN_A_ROW {
                        self.note(format!(
                            "str0m gave {errors} errors in a row and is not polled further"
                        ));
                        self.deadline = None;
                        break;
                    }
                }
            }
        }
        self.look_at_channels();
        if !self.rtc.is_alive() && !self.died && !self.closed {
            self.died = true;
            self.note("str0m is no longer alive".to_owned());
            self.tasks.push(Happening::ConnectionState);
            self.close_all_channels();
        }
    }

    /// Queues what an event of str0m's means in the specification's terms.
    fn notice(&mut self, event: str0m::Event) {
        match event {
            str0m::Event::Connected => {
                self.secured = true;
                self.tasks.push(Happening::ConnectionState);
            }
            str0m::Event::IceConnectionStateChange(state) => {
                self.tasks
                    .push(Happening::IceConnectionState(ice_connection_state(state)));
            }
            str0m::Event::ChannelOpen(id, label) => self.notice_open(id, label),
            str0m::Event::ChannelData(data) => {
                let message = if data.binary {
                    MessageData::Binary(data.data.into())
                } else {
                    MessageData::Text(String::from_utf8_lossy(&data.data).into())
                };
                self.with_channel(data.id, |handle| Happening::Message(handle, message));
            }
            str0m::Event::ChannelClose(id) => self.with_channel(id, Happening::Close),
            str0m::Event::ChannelBufferedAmountLow(id) => self.with_channel(id, Happening::BufferedAmountLow),
            str0m::Event::Closed => {
                self.note("str0m: the other side closed DTLS or SCTP".to_owned());
                self.close_all_channels();
            }
            str0m::Event::MediaData(data) => self.notice_media(&data),
            str0m::Event::KeyframeRequest(request) => self.notice_key_frame_request(&request),
            // What a section is, the adapter has read before str0m says so; statistics come in str0m's own terms.
            _ => {}
        }
    }

    fn with_channel(&mut self, id: ChannelId, happening: impl FnOnce(Handle) -> Happening) {
        match self.channels.by_id(id).map(|channel| channel.handle) {
            Some(handle) => self.tasks.push(happening(handle)),
            None => self.note(format!("str0m speaks of {id:?}, which it never opened")),
        }
    }

    /// str0m says nothing of the channels when the association under them ends.
    fn close_all_channels(&mut self) {
        for handle in self.channels.living() {
            self.tasks.push(Happening::Close(handle));
        }
    }

    /// Tells str0m what time it is, so that the timers of what comes next start now.
    fn tell_time(&mut self, now: SimTime) {
        if now > self.told {
            self.time_out(now);
        }
    }

    /// Calls str0m again where it asked for that at a time that has come.
    pub(crate) fn time_out_if_due(&mut self) {
        if self.deadline.is_some_and(|deadline| deadline <= self.told) {
            self.time_out(self.told);
        }
    }

    fn time_out(&mut self, now: SimTime) {
        self.told = now;
        let result = self.call(|rtc| rtc.handle_input(str0m::Input::Timeout(clock::instant(now))));
        if let Err(error) = result {
            self.note(format!("str0m: {error}"));
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
        let fired = |kind| Some(fired(Handle::CONNECTION, kind));
        match happening {
            Happening::Settled(id, result) => Some(Step::Settled(id, result)),
            Happening::TaskEnd => Some(Step::TaskEnd),
            Happening::SignalingStateChange => fired(EventKind::SignalingStateChange),
            Happening::NegotiationNeeded => fired(EventKind::NegotiationNeeded),
            Happening::Candidate(candidate) => fired(EventKind::IceCandidate { candidate }),
            Happening::GatheringState(state) => {
                let changed = std::mem::replace(&mut self.gathering.state, state) != state;
                changed
                    .then_some(EventKind::IceGatheringStateChange)
                    .and_then(fired)
            }
            Happening::IceConnectionState(state) => {
                let changed = std::mem::replace(&mut self.ice_connection_state, state) != state;
                self.happenings.push_front(Happening::ConnectionState);
                changed
                    .then_some(EventKind::IceConnectionStateChange)
                    .and_then(fired)
            }
            Happening::ConnectionState => {
                let state = self.derive_connection_state();
                let changed = std::mem::replace(&mut self.connection_state, state) != state;
                changed
                    .then_some(EventKind::ConnectionStateChange)
                    .and_then(fired)
            }
            Happening::DataChannel(channel) => {
                // webrtc-pc#announcing-a-data-channel-instance: open before it is announced, `open` comes after.
                self.channels.get_mut(channel)?.state = DataChannelState::Open;
                fired(EventKind::DataChannel { channel })
            }
            Happening::Open(handle) => {
                let channel = self.channels.get_mut(handle)?;
                let opens = matches!(
                    channel.state,
                    DataChannelState::Connecting | DataChannelState::Open
                );
                opens.then(|| {
                    channel.state = DataChannelState::Open;
                    self::fired(handle, EventKind::Open)
                })
            }
            Happening::Close(handle) => {
                let state = &mut self.channels.get_mut(handle)?.state;
                let closes = std::mem::replace(state, DataChannelState::Closed) != DataChannelState::Closed;
                closes.then(|| self::fired(handle, EventKind::Close))
            }
            Happening::Message(handle, data) => {
                // webrtc-pc#datachannel-receive: what comes for a channel that is not open is discarded.
                let open = self.channels.get(handle)?.state == DataChannelState::Open;
                open.then(|| self::fired(handle, EventKind::Message { data }))
            }
            Happening::BufferedAmountLow(handle) => Some(self::fired(handle, EventKind::BufferedAmountLow)),
            Happening::Track(change) => {
                let (target, kind) = self.track_changes(change)?;
                Some(self::fired(target, kind))
            }
            Happening::Unmute(index) => {
                let changed = self.media.set_muted(index, false);
                changed.then(|| self::fired(self.media.receiver_track(index), EventKind::Unmute))
            }
        }
    }

    /// `connectionState` from what str0m tells of ICE, of DTLS and of itself.
    fn derive_connection_state(&self) -> PeerConnectionState {
        if self.died {
            return PeerConnectionState::Failed;
        }
        match self.ice_connection_state {
            IceConnectionState::New => PeerConnectionState::New,
            IceConnectionState::Connected | IceConnectionState::Completed if self.secured => {
                PeerConnectionState::Connected
            }
            IceConnectionState::Disconnected => PeerConnectionState::Disconnected,
            _ => PeerConnectionState::Connecting,
        }
    }

    /// webrtc-pc#dfn-update-the-negotiation-needed-flag, once nothing else is to be done.
    fn update_negotiation_needed(&mut self) -> bool {
        let needed = self.signaling_state == SignalingState::Stable
            && !self.negotiation_needed
            && !self.died
            && (self.negotiation.is_needed(&self.channels.waiting()) || !self.media.changes().is_empty());
        if needed {
            self.negotiation_needed = true;
            self.tasks.push(Happening::NegotiationNeeded);
        }
        needed
    }

    /// webrtc-pc#dom-rtcpeerconnection-close: nothing is fired and no promise settles from here on; what str0m still has to
    /// send goes out.
    fn close(&mut self) -> Called {
        if !self.closed {
            self.closed = true;
            if let Err(error) = self.call(Rtc::close) {
                self.note(format!("str0m does not close: {error}"));
                self.enter(Rtc::disconnect);
                self.deadline = None;
            }
            for channel in self.channels.iter_mut() {
                channel.state = DataChannelState::Closed;
            }
            self.media.close();
            self.operations.clear();
            self.happenings.clear();
            self.signaling_state = SignalingState::Closed;
            self.ice_connection_state = IceConnectionState::Closed;
            self.connection_state = PeerConnectionState::Closed;
        }
        Called::Returned(Value::Undefined)
    }
}

impl Peer for Connection {
    fn call(&mut self, now: SimTime, id: OperationId, operation: Operation) -> Called {
        self.tell_time(now);
        if self.closed {
            return self.call_after_close(id, &operation);
        }
        if let Some(unsupported) = self.unsupported(&operation) {
            return Called::Unsupported(unsupported);
        }
        match operation {
            Operation::CreateOffer(_)
            | Operation::CreateAnswer
            | Operation::SetLocalDescription(_)
            | Operation::SetRemoteDescription(_)
            | Operation::AddIceCandidate(_) => {
                self.operations.push_back((id, operation));
                Called::Promise
            }
            Operation::CreateDataChannel { label, init } => self.create_data_channel(label, init),
            Operation::RestartIce => {
                self.negotiation.restart = self.negotiation.current_local.is_some();
                Called::Returned(Value::Undefined)
            }
            Operation::Close => self.close(),
            Operation::Send { channel, data } => self.send(channel, &data),
            Operation::CloseDataChannel { channel } => self.close_data_channel(channel),
            Operation::SetBufferedAmountLowThreshold { channel, threshold } => {
                self.set_buffered_amount_low_threshold(channel, threshold)
            }
            other => self.call_media(id, other).unwrap_or_else(|operation| {
                Called::Unsupported(Unsupported::new(format!(
                    "str0m's adapter knows no {}",
                    operation.name()
                )))
            }),
        }
    }

    fn input(&mut self, now: SimTime, input: Input) {
        let Input::Datagram(datagram) = input else {
            self.note("str0m's adapter takes datagrams only".to_owned());
            return;
        };
        match Receive::new(Protocol::Udp, datagram.remote, datagram.local, &datagram.data) {
            Ok(receive) => {
                self.told = self.told.max(now);
                let input = str0m::Input::Receive(clock::instant(now), receive);
                if let Err(error) = self.call(|rtc| rtc.handle_input(input)) {
                    self.note(format!("str0m, of a datagram from {}: {error}", datagram.remote));
                }
            }
            Err(error) => self.note(format!(
                "str0m refuses a datagram from {}: {error}",
                datagram.remote
            )),
        }
    }

    fn step(&mut self, now: SimTime, out: &mut Outbox) -> Step {
        let mut timed_out = false;
        let step = loop {
            if self.closed {
                self.tasks.clear();
            }
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
            } else if self.media.deadline().is_some_and(|deadline| deadline <= now) {
                self.tell_time(now);
                self.send_frames(now);
            } else if self.closed || !self.update_negotiation_needed() {
                let deadlines = [self.deadline, self.media.deadline()];
                break Step::Idle(deadlines.into_iter().flatten().min());
            }
        };
        out.datagrams.append(&mut self.outbox.datagrams);
        out.secrets.append(&mut self.outbox.secrets);
        out.notes.append(&mut self.outbox.notes);
        step
    }

    fn read(&self, object: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        if object != Handle::CONNECTION {
            return self
                .media
                .read(object, attribute)
                .unwrap_or_else(|| self.read_channel(object, attribute));
        }
        let negotiation = &self.negotiation;
        let local = |description: &Option<SessionDescription>| {
            description.as_ref().map_or(Value::Null, |description| {
                Value::Description(self.gathering.describe(description))
            })
        };
        let remote = |description: &Option<SessionDescription>| {
            description.clone().map_or(Value::Null, Value::Description)
        };
        Ok(match attribute {
            Attribute::SignalingState => Value::String(self.signaling_state.to_string()),
            Attribute::IceGatheringState => Value::String(self.gathering.state.to_string()),
            Attribute::IceConnectionState => Value::String(self.ice_connection_state.to_string()),
            Attribute::ConnectionState => Value::String(self.connection_state.to_string()),
            Attribute::CurrentLocalDescription => local(&negotiation.current_local),
            Attribute::PendingLocalDescription => local(&negotiation.pending_local),
            Attribute::CurrentRemoteDescription => remote(&negotiation.current_remote),
            Attribute::PendingRemoteDescription => remote(&negotiation.pending_remote),
            Attribute::LocalDescription if negotiation.pending_local.is_some() => {
                local(&negotiation.pending_local)
            }
            Attribute::LocalDescription => local(&negotiation.current_local),
            Attribute::RemoteDescription if negotiation.pending_remote.is_some() => {
                remote(&negotiation.pending_remote)
            }
            Attribute::RemoteDescription => remote(&negotiation.current_remote),
            Attribute::Transceivers => self.media.transceiver_list(),
            _ => return Err(Unsupported::new(format!("str0m tells nothing of {attribute}"))),
        })
    }
}

impl Connection {
    /// What a closed connection answers: webrtc-pc asks for `[[IsClosed]]` first in every method.
    fn call_after_close(&mut self, id: OperationId, operation: &Operation) -> Called {
        let closed = "the connection is closed";
        match operation {
            Operation::Close | Operation::CloseDataChannel { .. } | Operation::RestartIce => {
                Called::Returned(Value::Undefined)
            }
            Operation::SetBufferedAmountLowThreshold { channel, threshold } => {
                self.set_buffered_amount_low_threshold(*channel, *threshold)
            }
            Operation::CreateDataChannel { .. }
            | Operation::Send { .. }
            | Operation::AddTrack { .. }
            | Operation::RemoveTrack { .. }
            | Operation::AddTransceiver { .. }
            | Operation::SetDirection { .. } => threw(ExceptionName::InvalidStateError, closed.to_owned()),
            Operation::GetTransceivers
            | Operation::GetSenders
            | Operation::GetReceivers
            | Operation::GetTracks { .. }
            | Operation::GetAudioTracks { .. }
            | Operation::GetVideoTracks { .. }
            | Operation::StopTrack { .. }
            | Operation::StopTransceiver { .. }
            | Operation::SetEnabled { .. } => self
                .call_media(id, operation.clone())
                .unwrap_or(Called::Returned(Value::Undefined)),
            _ => {
                let rejection = Exception::new(ExceptionName::InvalidStateError, closed);
                self.happenings.push_back(Happening::Settled(id, Err(rejection)));
                self.happenings.push_back(Happening::TaskEnd);
                Called::Promise
            }
        }
    }
}

fn fired(target: Handle, kind: EventKind) -> Step {
    Step::Fired(Event { target, kind })
}

pub(crate) fn threw(name: ExceptionName, message: String) -> Called {
    Called::Threw(Exception::new(name, message))
}

fn ice_connection_state(state: str0m::IceConnectionState) -> IceConnectionState {
    match state {
        str0m::IceConnectionState::New => IceConnectionState::New,
        str0m::IceConnectionState::Checking => IceConnectionState::Checking,
        str0m::IceConnectionState::Connected => IceConnectionState::Connected,
        str0m::IceConnectionState::Completed => IceConnectionState::Completed,
        str0m::IceConnectionState::Disconnected => IceConnectionState::Disconnected,
    }
}
