//! Two peers, a network with delay and seeded loss between them, and ideal signalling.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use glare_peer::{
    Attribute, Called, Configuration, DataChannelInit, Datagram, Event, EventKind, Exception, ExceptionName,
    Handle, HostView, IceCandidate, Implementation as _, Input, LocalDescriptionInit, MessageData,
    NetworkRequest, OfferOptions, Operation, OperationId, Outbox, Peer, SdpType, SessionDescription, SimTime,
    Step, TcpSocket, Value,
};

use crate::Reference;

/// Which of the two peers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Side {
    A,
    B,
}
pub(super) use Side::{A, B};

impl Side {
    pub(super) fn other(self) -> Side {
        match self {
            A => B,
            B => A,
        }
    }
}

/// What a listener is given: the peer, the time and the event.
pub(super) type Listener = Box<dyn FnMut(&mut dyn Peer, SimTime, &Event)>;

struct Member {
    peer: Box<dyn Peer>,
    deadline: Option<SimTime>,
    settled: BTreeMap<OperationId, Result<Value, Exception>>,
    listener: Option<Listener>,
    /// Candidates of the other side that wait for a remote description here.
    candidates: VecDeque<IceCandidate>,
}

impl Member {
    fn new(host: HostView, configuration: Configuration) -> Member {
        Member {
            peer: Reference.create(host, configuration).unwrap(),
            deadline: None,
            settled: BTreeMap::new(),
            listener: None,
            candidates: VecDeque::new(),
        }
    }
}

pub(super) struct World {
    pub(super) now: SimTime,
    members: [Member; 2],
    in_flight: BTreeMap<(SimTime, u64), (Side, Input)>,
    /// Names of multicast DNS, with their addresses.
    names: BTreeMap<String, IpAddr>,
    /// Sockets that listen: whose, and where.
    listeners: Vec<(Side, TcpSocket, SocketAddr)>,
    /// The other end of each TCP connection.
    connections: BTreeMap<(Side, TcpSocket), (Side, TcpSocket)>,
    sent: u64,
    delay: Duration,
    /// The share of packets that are lost, 0 to 1.
    pub(super) loss: f64,
    chance: fastrand::Rng,
    next_operation: u64,
    /// Whether candidates are signalled as they are found.
    pub(super) trickle: bool,
    /// What happened, in order, as `a.signalingstatechange have-local-offer`.
    pub(super) log: Vec<String>,
    /// Every datagram that was sent: when, by whom, what.
    pub(super) wire: Vec<(SimTime, Side, Datagram)>,
    pub(super) notes: Vec<String>,
    pub(super) secrets: Vec<String>,
    /// What channels received.
    pub(super) messages: Vec<(Side, Handle, MessageData)>,
    /// Channels that the other side announced.
    pub(super) announced: Vec<(Side, Handle)>,
}

pub(super) fn host(side: Side, seed: u64) -> HostView {
    let (role, address) = match side {
        A => ("a", [192, 0, 2, 1]),
        B => ("b", [198, 51, 100, 2]),
    };
    HostView {
        role: role.to_owned(),
        addresses: vec![address.into()],
        ports: 5000..=5009,
        seed: seed * 2 + side as u64,
        unix_time: Duration::from_secs(1_700_000_000),
        origin: format!("https://{role}.example"),
    }
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        World::with(seed, Configuration::default(), Configuration::default())
    }

    pub(super) fn with(seed: u64, a: Configuration, b: Configuration) -> World {
        World {
            now: SimTime::ZERO,
            members: [Member::new(host(A, seed), a), Member::new(host(B, seed), b)],
            in_flight: BTreeMap::new(),
            names: BTreeMap::new(),
            listeners: Vec::new(),
            connections: BTreeMap::new(),
            sent: 0,
            delay: Duration::from_millis(20),
            loss: 0.0,
            chance: fastrand::Rng::with_seed(seed),
            next_operation: 0,
            trickle: true,
            log: Vec::new(),
            wire: Vec::new(),
            notes: Vec::new(),
            secrets: Vec::new(),
            messages: Vec::new(),
            announced: Vec::new(),
        }
    }

    /// Puts another peer in the place of one.
    pub(super) fn replace(&mut self, side: Side, host: HostView, configuration: Configuration) {
        self.members[side as usize] = Member::new(host, configuration);
    }

    pub(super) fn listen(
        &mut self,
        side: Side,
        listener: impl FnMut(&mut dyn Peer, SimTime, &Event) + 'static,
    ) {
        self.members[side as usize].listener = Some(Box::new(listener));
    }

    /// Calls a method and lets nothing else happen.
    pub(super) fn call(&mut self, side: Side, operation: Operation) -> (OperationId, Called) {
        let id = OperationId(self.next_operation);
        self.next_operation += 1;
        let called = self.members[side as usize].peer.call(self.now, id, operation);
        (id, called)
    }

    /// Calls a method that returns a promise, and lets nothing else happen.
    pub(super) fn start(&mut self, side: Side, operation: Operation) -> OperationId {
        let (id, called) = self.call(side, operation);
        assert_eq!(called, Called::Promise);
        id
    }

    /// Calls a method that returns a promise, and waits for it without letting time pass.
    pub(super) fn settle(&mut self, side: Side, operation: Operation) -> Result<Value, Exception> {
        let id = self.start(side, operation);
        self.turn();
        self.result(side, id).expect("the promise settles at once")
    }

    /// What a promise settled with, if it has.
    pub(super) fn result(&self, side: Side, id: OperationId) -> Option<Result<Value, Exception>> {
        self.members[side as usize].settled.get(&id).cloned()
    }

    /// The name of the exception that a call ends with.
    pub(super) fn fails(&mut self, side: Side, operation: Operation) -> ExceptionName {
        let (id, called) = self.call(side, operation);
        match called {
            Called::Threw(exception) => exception.name,
            Called::Promise => {
                self.turn();
                self.result(side, id)
                    .expect("it settles")
                    .expect_err("it rejects")
                    .name
            }
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn channel(&mut self, side: Side, label: &str, init: DataChannelInit) -> Handle {
        match self
            .call(
                side,
                Operation::CreateDataChannel {
                    label: label.to_owned(),
                    init,
                },
            )
            .1
        {
            Called::Returned(Value::Object(handle)) => handle,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn send(&mut self, side: Side, channel: Handle, text: &str) {
        let data = MessageData::Text(text.into());
        let called = self.call(side, Operation::Send { channel, data }).1;
        assert_eq!(called, Called::Returned(Value::Undefined));
    }

    pub(super) fn close(&mut self, side: Side) {
        assert_eq!(
            self.call(side, Operation::Close).1,
            Called::Returned(Value::Undefined)
        );
    }

    pub(super) fn close_channel(&mut self, side: Side, channel: Handle) {
        let called = self.call(side, Operation::CloseDataChannel { channel }).1;
        assert_eq!(called, Called::Returned(Value::Undefined));
    }

    pub(super) fn create_offer(&mut self, side: Side) -> SessionDescription {
        description(self.settle(side, Operation::CreateOffer(OfferOptions::default())))
    }

    pub(super) fn create_answer(&mut self, side: Side) -> SessionDescription {
        description(self.settle(side, Operation::CreateAnswer))
    }

    pub(super) fn set_local(&mut self, side: Side, description: SessionDescription) {
        self.settle(side, Operation::SetLocalDescription(description.into()))
            .unwrap();
    }

    pub(super) fn set_remote(&mut self, side: Side, description: SessionDescription) {
        self.settle(side, Operation::SetRemoteDescription(description))
            .unwrap();
    }

    /// An offer by one side and the answer by the other, without the passing of time.
    pub(super) fn negotiate(&mut self, offerer: Side) {
        let offer = self.create_offer(offerer);
        self.set_local(offerer, offer.clone());
        self.set_remote(offerer.other(), offer);
        self.answer(offerer.other());
    }

    /// The answer by one side, without the passing of time.
    pub(super) fn answer(&mut self, answerer: Side) {
        self.settle(
            answerer,
            Operation::SetLocalDescription(LocalDescriptionInit::default()),
        )
        .unwrap();
        let answer = self.local(answerer);
        self.set_remote(answerer.other(), answer);
    }

    pub(super) fn read(&self, side: Side, object: Handle, attribute: Attribute) -> Value {
        self.members[side as usize].peer.read(object, attribute).unwrap()
    }

    /// An attribute of the connection, as a string.
    pub(super) fn state(&self, side: Side, attribute: Attribute) -> String {
        self.string(side, Handle::CONNECTION, attribute)
    }

    pub(super) fn string(&self, side: Side, object: Handle, attribute: Attribute) -> String {
        match self.read(side, object, attribute) {
            Value::String(text) => text,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn object(&self, side: Side, object: Handle, attribute: Attribute) -> Handle {
        match self.read(side, object, attribute) {
            Value::Object(handle) => handle,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn local(&self, side: Side) -> SessionDescription {
        description(Ok(self.read(
            side,
            Handle::CONNECTION,
            Attribute::LocalDescription,
        )))
    }

    /// Lets both peers do what they can without the passing of time.
    pub(super) fn turn(&mut self) {
        for _ in 0..10_000 {
            let stepped = [A, B].map(|side| self.steps(side));
            let signalled = self.trickle && [A, B].map(|side| self.signal(side)).contains(&true);
            if stepped == [0, 0] && !signalled {
                return;
            }
        }
        panic!("it does not come to rest");
    }

    /// Steps one peer until it is idle. Returns how many steps it took before.
    fn steps(&mut self, side: Side) -> usize {
        for count in 0..100_000 {
            if !self.step(side) {
                return count;
            }
        }
        panic!("{side:?} does not come to rest");
    }

    /// One step of a peer. False once it is idle.
    pub(super) fn step(&mut self, side: Side) -> bool {
        let mut out = Outbox::default();
        let now = self.now;
        let member = &mut self.members[side as usize];
        let step = member.peer.step(now, &mut out);
        for datagram in out.datagrams {
            self.wire.push((now, side, datagram.clone()));
            if self.chance.f64() >= self.loss {
                let arrived = Datagram {
                    local: datagram.remote,
                    remote: datagram.local,
                    data: datagram.data,
                };
                self.send_input(side.other(), Input::Datagram(arrived));
            }
        }
        for request in out.network {
            self.network_request(side, request);
        }
        self.notes.extend(out.notes);
        self.secrets.extend(out.secrets);
        match step {
            Step::Fired(event) => self.fired(side, &event),
            Step::Settled(id, result) => {
                self.members[side as usize].settled.insert(id, result);
            }
            Step::Unsupported(id, what) => panic!("operation {id:?} ended as unsupported: {what}"),
            Step::TaskEnd => {}
            Step::Idle(deadline) => {
                self.members[side as usize].deadline = deadline;
                return false;
            }
        }
        true
    }

    /// Something arrives at a side once the delay is over, in order.
    fn send_input(&mut self, side: Side, input: Input) {
        self.in_flight
            .insert((self.now + self.delay, self.sent), (side, input));
        self.sent += 1;
    }

    /// What a host does for a peer: names, and TCP without loss.
    fn network_request(&mut self, side: Side, request: NetworkRequest) {
        match request {
            NetworkRequest::Resolve { query, name } => {
                let addresses = self.names.get(&name).copied().into_iter().collect();
                self.send_input(side, Input::Resolved { query, addresses });
            }
            NetworkRequest::Register { name, address } => {
                self.names.insert(name, address);
            }
            NetworkRequest::TcpListen { socket, local } => self.listeners.push((side, socket, local)),
            NetworkRequest::TcpConnect {
                socket,
                local,
                remote,
            } => {
                let local = SocketAddr::new(
                    local.ip(),
                    40_000 + u16::try_from(self.connections.len()).unwrap(),
                );
                let found = self.listeners.iter().find(|(_, _, address)| *address == remote);
                let Some((other, listener, _)) = found.copied() else {
                    self.send_input(side, Input::TcpClosed { socket });
                    return;
                };
                let accepted = TcpSocket((1 << 32) + self.sent);
                self.connections.insert((side, socket), (other, accepted));
                self.connections.insert((other, accepted), (side, socket));
                self.send_input(
                    other,
                    Input::TcpAccepted {
                        listener,
                        socket: accepted,
                        local: remote,
                        remote: local,
                    },
                );
                self.send_input(side, Input::TcpConnected { socket, local });
            }
            NetworkRequest::TcpSend { socket, data } => {
                if let Some((other, socket)) = self.connections.get(&(side, socket)).copied() {
                    self.send_input(other, Input::TcpReceived { socket, data });
                }
            }
            NetworkRequest::TcpClose { socket } => {
                if let Some((other, socket)) = self.connections.remove(&(side, socket)) {
                    self.connections.remove(&(other, socket));
                    self.send_input(other, Input::TcpClosed { socket });
                }
            }
        }
    }

    fn fired(&mut self, side: Side, event: &Event) {
        let name = match side {
            A => "a",
            B => "b",
        };
        let state = |attribute| self.string(side, event.target, attribute);
        let detail = match &event.kind {
            EventKind::SignalingStateChange => state(Attribute::SignalingState),
            EventKind::IceGatheringStateChange => state(Attribute::IceGatheringState),
            EventKind::IceConnectionStateChange => state(Attribute::IceConnectionState),
            EventKind::ConnectionStateChange => state(Attribute::ConnectionState),
            EventKind::StateChange => state(Attribute::State),
            EventKind::GatheringStateChange => state(Attribute::GatheringState),
            EventKind::IceCandidate {
                candidate: Some(candidate),
            } if candidate.is_end_of_candidates() => "end".to_owned(),
            EventKind::IceCandidate { candidate: Some(_) } => "found".to_owned(),
            EventKind::IceCandidate { candidate: None } => "null".to_owned(),
            EventKind::Error { error } => error.error_detail.map(|it| it.to_string()).unwrap_or_default(),
            EventKind::Message {
                data: MessageData::Text(text),
            } => text.to_string(),
            _ => String::new(),
        };
        let object = self.object_name(side, event.target);
        self.log.push(
            format!("{name}{object}.{} {detail}", event.kind.name())
                .trim_end()
                .to_owned(),
        );
        match &event.kind {
            EventKind::IceCandidate {
                candidate: Some(candidate),
            } => {
                self.members[side.other() as usize]
                    .candidates
                    .push_back(candidate.clone());
            }
            EventKind::Message { data } => self.messages.push((side, event.target, data.clone())),
            EventKind::DataChannel { channel } => self.announced.push((side, *channel)),
            _ => {}
        }
        let now = self.now;
        let member = &mut self.members[side as usize];
        if let Some(listener) = &mut member.listener {
            listener(member.peer.as_mut(), now, event);
        }
    }

    /// What an object is, by what can be read of it.
    fn object_name(&self, side: Side, object: Handle) -> String {
        let peer = &self.members[side as usize].peer;
        if object == Handle::CONNECTION {
            String::new()
        } else if let Ok(Value::String(label)) = peer.read(object, Attribute::Label) {
            format!(".{label}")
        } else if peer.read(object, Attribute::MaxChannels).is_ok() {
            ".sctp".to_owned()
        } else if peer.read(object, Attribute::IceTransport).is_ok() {
            ".dtls".to_owned()
        } else {
            ".ice".to_owned()
        }
    }

    /// Delivers the candidates that wait for a side. Says whether there were any.
    fn signal(&mut self, side: Side) -> bool {
        if self.read(side, Handle::CONNECTION, Attribute::RemoteDescription) == Value::Null
            || self.state(side, Attribute::SignalingState) == "closed"
        {
            return false;
        }
        let candidates = std::mem::take(&mut self.members[side as usize].candidates);
        let any = !candidates.is_empty();
        for candidate in candidates {
            self.start(side, Operation::AddIceCandidate(candidate));
        }
        any
    }

    /// Lets time pass until `done`, or for `limit`. Says whether it came to that.
    pub(super) fn run_until(&mut self, limit: Duration, done: impl Fn(&World) -> bool) -> bool {
        let end = self.now + limit;
        let (mut instant, mut turns) = (self.now, 0);
        loop {
            self.turn();
            if self.now == instant {
                turns += 1;
                assert!(
                    turns < 1000,
                    "time stands still at {instant}: {:?}",
                    self.members.each_ref().map(|it| it.deadline)
                );
            } else {
                (instant, turns) = (self.now, 0);
            }
            if done(self) {
                return true;
            }
            let packet = self.in_flight.keys().next().map(|(at, _)| *at);
            let timers = self.members.iter().filter_map(|member| member.deadline);
            let Some(next) = packet.into_iter().chain(timers).min().filter(|next| *next <= end) else {
                self.now = end;
                self.turn();
                return done(self);
            };
            self.now = self.now.max(next);
            while let Some(entry) = self.in_flight.first_entry()
                && entry.key().0 <= self.now
            {
                let (side, input) = entry.remove();
                self.members[side as usize].peer.input(self.now, input);
            }
        }
    }

    /// Lets time pass.
    pub(super) fn run(&mut self, time: Duration) {
        self.run_until(time, |_| false);
    }

    /// Lets time pass until both connections are connected.
    pub(super) fn connect(&mut self) {
        let connected = self.run_until(Duration::from_secs(30), |world| {
            [A, B]
                .iter()
                .all(|side| world.state(*side, Attribute::ConnectionState) == "connected")
        });
        assert!(connected, "not connected: {:#?} {:#?}", self.log, self.notes);
    }

    /// Lets time pass until a channel is open.
    pub(super) fn open(&mut self, side: Side, channel: Handle) {
        let open = self.run_until(Duration::from_secs(30), |world| {
            world.string(side, channel, Attribute::ReadyState) == "open"
        });
        assert!(open, "not open: {:#?} {:#?}", self.log, self.notes);
    }

    /// What the log says of one side.
    pub(super) fn log_of(&self, side: Side) -> Vec<&str> {
        let prefix = match side {
            A => "a.",
            B => "b.",
        };
        self.log
            .iter()
            .filter_map(|line| line.strip_prefix(prefix))
            .collect()
    }
}

pub(super) fn description(result: Result<Value, Exception>) -> SessionDescription {
    match result {
        Ok(Value::Description(description)) => description,
        other => panic!("{other:?}"),
    }
}

pub(super) fn rollback() -> SessionDescription {
    SessionDescription {
        sdp_type: SdpType::Rollback,
        sdp: "".into(),
    }
}
