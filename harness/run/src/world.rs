//! The world of a run: peers on hosts of a simulated internet, the signalling plane, one clock, one heap.
//!
//! Everything that happens passes through here and into the trace.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use glare_net::mdns::Mdns;
use glare_net::packet::{Protocol, protocol};
use glare_net::tcp::TcpError;
use glare_net::{Delivery, Fate, HostId, Key, Network, NetworkEvent, Schedule, build_udp, parse_udp};
use glare_oracle::trace::{Completion, What};
use glare_peer::interface::Type;
use glare_peer::{
    Attribute, Called, Datagram, Handle, IdentityAnswer, Input, NetworkRequest, Operation, OperationId,
    Outbox, Peer, SimTime, Step, Unsupported, Value,
};
use glare_pin::Pin;
use glare_scenario::script::IdentityProviderPlan;

use crate::classify;
use crate::host::Host;
use crate::identities;
use crate::objects::{Objects, snapshot};
use crate::operations;
use crate::recorder::{self, Recorder};
use crate::signalling::{Message, Plane};

/// The wall clock at the start of every run: 2026-01-01T00:00:00Z.
pub(crate) const UNIX_TIME: Duration = Duration::from_secs(1_767_225_600);

/// How many UDP ports a peer has to itself.
pub(crate) const PORTS_PER_PEER: u16 = 100;

/// The first port of the first peer of a host.
pub(crate) const FIRST_PORT: u16 = 50_000;

/// How long a name of the internet takes to resolve: as long as a round trip to a resolver nearby.
const NAME_DELAY: Duration = Duration::from_millis(10);

/// Something that is due at a moment.
#[derive(Debug)]
pub(crate) enum Happening {
    /// The network goes on.
    Network(NetworkEvent),
    /// A host's deadline.
    Host(HostId),
    /// A peer is told what a name resolves to.
    Resolved {
        /// Which peer.
        player: usize,
        /// Its query.
        query: u64,
        /// The addresses.
        addresses: Vec<IpAddr>,
    },
    /// A peer's deadline.
    Peer(usize),
    /// A message arrives from the signalling plane.
    Signal(u64),
    /// An identity provider answers a request of a peer.
    Identity(usize, u64, IdentityAnswer),
    /// Something that the script waits for.
    Script(Alarm),
}

/// What the script set an alarm for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// The time limit of the whole scenario.
    Limit,
    /// The end of the patience of the wait of this number.
    Patience(u64),
    /// The end of a span of time that the script lets pass, by the number of the wait.
    Time(u64),
    /// The end of a change of the network, by its number.
    Undo(usize),
    /// The end of the time for which a server is switched off or on; whether it is off after it.
    Switch(HostId, bool),
    /// The next of a number of messages on a data channel.
    Send,
}

impl Happening {
    /// Whether it can change anything but the script's patience.
    fn is_active(&self) -> bool {
        !matches!(self, Happening::Script(Alarm::Limit | Alarm::Patience(_)))
    }
}

/// A peer on its host.
pub(crate) struct Player {
    /// Its role.
    pub(crate) role: String,
    /// The peer itself.
    pub(crate) peer: Box<dyn Peer>,
    /// What hangs off it.
    pub(crate) objects: Objects,
    /// What the promises that are pending will give, where that is something with objects in it.
    pending: BTreeMap<OperationId, Type>,
    host: HostId,
    ports: std::ops::RangeInclusive<u16>,
    timer: Option<Key>,
    /// Whether it has to be stepped before time may go on.
    busy: bool,
}

impl Player {
    /// A peer that has just been constructed on `host`, with its UDP ports.
    pub(crate) fn new(
        role: String,
        peer: Box<dyn Peer>,
        host: HostId,
        ports: std::ops::RangeInclusive<u16>,
    ) -> Player {
        Player {
            objects: Objects::of(&*peer),
            pending: BTreeMap::new(),
            role,
            peer,
            host,
            ports,
            timer: None,
            busy: true,
        }
    }
}

/// The world.
pub(crate) struct World {
    now: SimTime,
    schedule: Schedule<Happening>,
    /// How many of what is scheduled can change anything but the script's patience.
    active: usize,
    /// The internet.
    pub(crate) network: Network,
    /// What lives on its hosts, in the order of their ids, each with its timer.
    hosts: Vec<(Host, Option<Key>)>,
    /// What names resolve to, but those of multicast DNS.
    names: BTreeMap<String, Vec<IpAddr>>,
    /// The peers, in the order of their roles.
    pub(crate) players: Vec<Player>,
    /// The trace.
    pub(crate) recorder: Recorder,
    plane: Plane,
    fates: Vec<Fate>,
    secrets: Vec<String>,
    next_operation: u64,
    pin: Pin,
    outbox: Outbox,
    /// Who answers for identity providers.
    pub(crate) identity_providers: Vec<IdentityProviderPlan>,
}

impl World {
    /// A world at the start of time, without peers. There is a host for each of the network's, in their order.
    pub(crate) fn new(
        network: Network,
        hosts: Vec<Host>,
        names: BTreeMap<String, Vec<IpAddr>>,
        plane: Plane,
        pin: Pin,
    ) -> World {
        World {
            now: SimTime::ZERO,
            schedule: Schedule::new(),
            active: 0,
            network,
            hosts: hosts.into_iter().map(|host| (host, None)).collect(),
            names,
            players: Vec::new(),
            recorder: Recorder::default(),
            plane,
            fates: Vec::new(),
            secrets: Vec::new(),
            next_operation: 0,
            pin,
            outbox: Outbox::default(),
            identity_providers: Vec::new(),
        }
    }

    /// Adds a peer that was constructed.
    pub(crate) fn add(&mut self, player: Player) {
        let state = snapshot(&*player.peer, &player.objects);
        let what = What::Created {
            peer: player.role.clone(),
            state,
        };
        self.recorder.record(self.now, what);
        self.players.push(player);
    }

    /// The moment it is.
    pub(crate) fn now(&self) -> SimTime {
        self.now
    }

    /// Wakes the script up at `time`.
    pub(crate) fn alarm(&mut self, time: SimTime, alarm: Alarm) -> Key {
        self.schedule(time, Happening::Script(alarm))
    }

    fn schedule(&mut self, time: SimTime, happening: Happening) -> Key {
        self.active += usize::from(happening.is_active());
        self.schedule.at(time, happening)
    }

    /// Whether nothing is due any more but the end of the script's patience.
    pub(crate) fn is_quiet(&self) -> bool {
        self.active == 0
    }

    /// Does not wake the script up after all.
    pub(crate) fn cancel(&mut self, key: Key) {
        if let Some(happening) = self.schedule.cancel(key) {
            self.active -= usize::from(happening.is_active());
        }
    }

    /// Jumps to the next moment at which something is due, and gives it. None when nothing will ever happen again.
    pub(crate) fn next(&mut self) -> Option<Happening> {
        let (time, happening) = self.schedule.pop()?;
        self.active -= usize::from(happening.is_active());
        if time > self.now {
            self.now = time;
            self.pin.set_elapsed(time.since_start());
        }
        if let Happening::Peer(player) = happening
            && let Some(player) = self.players.get_mut(player)
        {
            player.timer = None;
        }
        if let Happening::Host(host) = happening
            && let Some((_, timer)) = self.hosts.get_mut(host.0 as usize)
        {
            *timer = None;
        }
        Some(happening)
    }

    /// A peer that has to be stepped before time may go on.
    pub(crate) fn busy(&self) -> Option<usize> {
        self.players.iter().position(|player| player.busy)
    }

    /// Has a peer stepped before time goes on.
    pub(crate) fn rouse(&mut self, player: usize) {
        self.players[player].busy = true;
    }

    /// Lets the network go on; what arrives goes to whoever on its host has the port.
    pub(crate) fn deliver(&mut self, event: NetworkEvent) {
        let Some(delivery) = self.network.handle(self.now, event) else {
            return;
        };
        let host = delivery.host;
        if self.is_taken(&delivery) {
            self.pump(host);
        } else {
            self.network.no_listener(&delivery);
            self.record_fates(String::from("nobody at the port"));
        }
    }

    fn is_taken(&mut self, delivery: &Delivery) -> bool {
        // What was under way when a host was switched off finds nobody.
        let Some((host, _)) = self.hosts.get_mut(delivery.host.0 as usize) else {
            return false;
        };
        if self.network.is_down(delivery.host) {
            return false;
        }
        if protocol(&delivery.packet) == Some(Protocol::Tcp) {
            host.tcp(self.now, delivery.packet.clone());
            return true;
        }
        let Ok(udp) = parse_udp(&delivery.packet) else {
            return false;
        };
        let playing = self
            .players
            .iter_mut()
            .find(|player| player.host == delivery.host && player.ports.contains(&udp.destination.port()));
        match playing {
            Some(player) => {
                let datagram = Datagram {
                    local: udp.destination,
                    remote: udp.source,
                    data: udp.payload.to_vec(),
                };
                player.peer.input(self.now, Input::Datagram(datagram));
                player.busy = true;
                true
            }
            None => host.udp(self.now, &udp),
        }
    }

    /// Lets a host do what is due, and carries out what comes of it.
    pub(crate) fn pump(&mut self, id: HostId) {
        let Some((host, timer)) = self.hosts.get_mut(id.0 as usize) else {
            return;
        };
        let outcome = host.poll(self.now);
        let deadline = host.deadline(self.now);
        if let Some(timer) = timer.take() {
            self.cancel(timer);
        }
        let timer = deadline.map(|at| self.schedule(at, Happening::Host(id)));
        if let Some((_, place)) = self.hosts.get_mut(id.0 as usize) {
            *place = timer;
        }
        for (player, text) in outcome.notes {
            self.note(player, text);
        }
        for (player, input) in outcome.inputs {
            self.tell(player, input);
        }
        for packet in outcome.packets {
            self.transmit(id, packet);
        }
    }

    /// Tells a peer of something from outside of it.
    pub(crate) fn tell(&mut self, player: usize, input: Input) {
        if let Some(playing) = self.players.get_mut(player) {
            playing.peer.input(self.now, input);
            playing.busy = true;
        }
    }

    /// Switches a host off or on. One that is on again has forgotten all.
    ///
    /// # Errors
    ///
    /// What was on it cannot begin anew.
    pub(crate) fn switch(&mut self, id: HostId, down: bool) -> Result<(), TcpError> {
        if self.network.is_down(id) != down {
            self.network.set_down(id, down);
            if let Some((host, _)) = self.hosts.get_mut(id.0 as usize) {
                host.restart()?;
            }
            self.pump(id);
        }
        Ok(())
    }

    /// Asks the network of a peer's host for something.
    fn ask(&mut self, player: usize, request: NetworkRequest) {
        let id = self.players[player].host;
        match request {
            NetworkRequest::Resolve { query, name } if !Mdns::is_name(&name) => {
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                let addresses = self.names.get(&name).cloned().unwrap_or_default();
                let resolved = Happening::Resolved {
                    player,
                    query,
                    addresses,
                };
                self.schedule(self.now + NAME_DELAY, resolved);
            }
            request => {
                if let Some((host, _)) = self.hosts.get_mut(id.0 as usize) {
                    host.request(self.now, player, request);
                }
                self.pump(id);
            }
        }
    }

    /// A name for a call that no other has in this run.
    pub(crate) fn operation_id(&mut self) -> OperationId {
        let id = OperationId(self.next_operation);
        self.next_operation += 1;
        id
    }

    /// Adds a note for people.
    pub(crate) fn note(&mut self, player: usize, text: String) {
        let peer = self.players[player].role.clone();
        self.recorder.record(self.now, What::Note { peer, text });
    }

    /// Hands the answer of an identity provider to the peer that asked.
    pub(crate) fn identity_answered(&mut self, player: usize, request: u64, answer: IdentityAnswer) {
        self.note(player, format!("an identity provider answers: {answer:?}"));
        self.tell(player, Input::Identity { request, answer });
    }

    /// Calls a method of a peer.
    pub(crate) fn call(&mut self, player: usize, operation: Operation) -> (OperationId, Called) {
        let id = self.operation_id();
        let playing = &mut self.players[player];
        let what = What::Called {
            peer: playing.role.clone(),
            operation: id,
            object: operation.object(),
            interface: playing.objects.called_on(&operation),
            method: operation.name().to_owned(),
            arguments: operations::arguments(&operation),
            state: snapshot(&*playing.peer, &playing.objects),
        };
        self.recorder.record(self.now, what);
        let gives = playing.objects.gives(&operation);
        let called = playing.peer.call(self.now, id, operation);
        match &called {
            Called::Returned(value) => playing.objects.came(value, gives),
            Called::Promise if gives != Type::Undefined => {
                playing.pending.insert(id, gives);
            }
            _ => {}
        }
        playing.objects.look(&*playing.peer);
        playing.objects.look_at_transceivers(&*playing.peer);
        playing.busy = true;
        let what = What::Came {
            peer: playing.role.clone(),
            operation: id,
            how: recorder::completion(&called),
            state: snapshot(&*playing.peer, &playing.objects),
        };
        self.recorder.record(self.now, what);
        (id, called)
    }

    /// Reads an attribute of a peer.
    pub(crate) fn read(
        &self,
        player: usize,
        object: Handle,
        attribute: Attribute,
    ) -> Result<Value, Unsupported> {
        self.players[player].peer.read(object, attribute)
    }

    /// Lets a peer go on until script may run; with the number of the record that tells of an event.
    pub(crate) fn step(&mut self, player: usize) -> (Step, u64) {
        let playing = &mut self.players[player];
        let step = playing.peer.step(self.now, &mut self.outbox);
        playing.objects.look(&*playing.peer);
        let number = self.recorder.next_number();
        match &step {
            Step::Fired(event) => {
                playing.objects.fired(&*playing.peer, event);
                let what = What::Fired {
                    peer: playing.role.clone(),
                    target: event.target,
                    interface: playing.objects.interface(event.target),
                    event: event.kind.name().to_owned(),
                    detail: recorder::detail(&*playing.peer, event),
                    state: snapshot(&*playing.peer, &playing.objects),
                };
                self.recorder.record(self.now, what);
            }
            Step::Settled(operation, result) => {
                if let (Some(gives), Ok(value)) = (playing.pending.remove(operation), result) {
                    playing.objects.came(value, gives);
                }
                let what = What::Settled {
                    peer: playing.role.clone(),
                    operation: *operation,
                    how: recorder::settlement(result),
                    state: snapshot(&*playing.peer, &playing.objects),
                };
                self.recorder.record(self.now, what);
            }
            Step::Unsupported(operation, what) => {
                let what = What::Settled {
                    peer: playing.role.clone(),
                    operation: *operation,
                    how: Completion::Unsupported(what.to_string()),
                    state: snapshot(&*playing.peer, &playing.objects),
                };
                self.recorder.record(self.now, what);
            }
            Step::TaskEnd => {
                playing.objects.look_at_transceivers(&*playing.peer);
                let what = What::TaskEnd {
                    peer: playing.role.clone(),
                    state: snapshot(&*playing.peer, &playing.objects),
                };
                self.recorder.record(self.now, what);
            }
            Step::Idle(deadline) => {
                playing.busy = false;
                let timer = playing.timer.take();
                if let Some(timer) = timer {
                    self.cancel(timer);
                }
                self.players[player].timer = deadline.map(|at| self.schedule(at, Happening::Peer(player)));
            }
        }
        self.drain(player);
        (step, number)
    }

    /// Sends what a peer gave out.
    fn drain(&mut self, player: usize) {
        let role = self.players[player].role.clone();
        for text in self.outbox.notes.drain(..) {
            self.recorder.record(
                self.now,
                What::Note {
                    peer: role.clone(),
                    text,
                },
            );
        }
        for request in std::mem::take(&mut self.outbox.identity) {
            let text = format!("asks the identity provider {}", request.provider);
            self.note(player, text);
            if let Some((delay, answer)) = identities::answer(&self.identity_providers, &request) {
                self.schedule(
                    self.now + delay,
                    Happening::Identity(player, request.request, answer),
                );
            }
        }
        self.secrets.append(&mut self.outbox.secrets);
        let datagrams = std::mem::take(&mut self.outbox.datagrams);
        for datagram in &datagrams {
            self.send(player, datagram);
        }
        self.outbox.datagrams = datagrams;
        self.outbox.datagrams.clear();
        for request in std::mem::take(&mut self.outbox.network) {
            self.ask(player, request);
        }
    }

    fn send(&mut self, player: usize, datagram: &Datagram) {
        let playing = &self.players[player];
        let host = playing.host;
        let owned = playing.ports.contains(&datagram.local.port())
            && self.network.owner(datagram.local.ip()) == Some(host);
        if !owned {
            let text = format!(
                "a datagram was not sent: {} is not an address of this peer",
                datagram.local
            );
            self.note(player, text);
            return;
        }
        match build_udp(datagram.local, datagram.remote, &datagram.data) {
            Ok(packet) => self.transmit(host, packet),
            Err(error) => self.note(player, format!("a datagram was not sent: {error}")),
        }
    }

    /// Sends an IP packet from a host.
    fn transmit(&mut self, host: HostId, packet: Vec<u8>) {
        self.recorder.packet_bytes(self.now, host.0, &packet);
        let summary = classify::packet(&packet);
        let (schedule, active) = (&mut self.schedule, &mut self.active);
        self.network.send(self.now, host, packet, &mut |at, event| {
            *active += 1;
            schedule.at(at, Happening::Network(event));
        });
        self.record_fates(summary);
    }

    fn record_fates(&mut self, summary: String) {
        for fate in self.network.take_fates() {
            let from = self.network.host_name(fate.from);
            let to = fate.to.map(|host| self.network.host_name(host));
            self.recorder.fate(self.now, &fate, from, to, summary.clone());
            self.fates.push(fate);
        }
    }

    /// Puts a message on the signalling plane.
    pub(crate) fn signal(&mut self, message: Message) {
        let (from, to) = (
            self.players[message.from].role.clone(),
            self.players[message.to].role.clone(),
        );
        let kind = message.signal.kind().to_owned();
        let sent = self.plane.send(message);
        let fault = sent.fault.map(str::to_owned);
        let what = What::SignalSent {
            message: sent.message,
            from,
            to,
            kind,
            fault,
        };
        self.recorder.record(self.now, what);
        for delay in sent.arrivals {
            self.schedule(self.now + delay, Happening::Signal(sent.message));
        }
    }

    /// A message arrives, and with it those that waited for it.
    pub(crate) fn signal_arrives(&mut self, message: u64) -> Vec<Message> {
        self.plane
            .arrive(message)
            .into_iter()
            .map(|(number, message)| {
                let what = What::SignalReceived {
                    message: number,
                    from: self.players[message.from].role.clone(),
                    to: self.players[message.to].role.clone(),
                    kind: message.signal.kind().to_owned(),
                };
                self.recorder.record(self.now, what);
                message
            })
            .collect()
    }

    /// Ends the run and hands over what it left.
    pub(crate) fn finish(mut self) -> Remains {
        let departure = self
            .network
            .departure()
            .cloned()
            .or_else(|| self.network.not_sent(self.now))
            .map(|departure| departure.to_string());
        let capture = self.network.take_capture().map(|mut capture| {
            for line in &self.secrets {
                capture.secret(line);
            }
            capture
        });
        Remains {
            now: self.now,
            recorder: self.recorder,
            fates: self.fates,
            capture,
            departure,
        }
    }
}

/// What is left of a world.
pub(crate) struct Remains {
    /// The moment it ended.
    pub(crate) now: SimTime,
    /// The trace.
    pub(crate) recorder: Recorder,
    /// Every packet's fate.
    pub(crate) fates: Vec<Fate>,
    /// The capture, if one was asked for.
    pub(crate) capture: Option<glare_net::Capture>,
    /// Where a replay departs from its record.
    pub(crate) departure: Option<String>,
}
