//! Two peers of [`crate::SUBJECT`] on a link of 10 ms with seeded loss, and signalling of 20 ms for their candidates, in virtual time.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use glare_peer::{
    Attribute, Called, Configuration, DataChannelInit, Datagram, Event, EventKind, Exception, Handle,
    HostView, IceCandidate, Implementation as _, Input, MessageData, Operation, OperationId, Outbox, Peer,
    SdpType, SessionDescription, SimTime, Step, Value,
};

use crate::SUBJECT;

const LINK_DELAY: Duration = Duration::from_millis(10);
const SIGNALLING_DELAY: Duration = Duration::from_millis(20);
/// What the harness calls a stall.
const STEPS_AT_ONE_INSTANT: u32 = 10_000;

pub const A: usize = 0;
pub const B: usize = 1;

pub struct Network {
    peers: Vec<Box<dyn Peer>>,
    pub now: SimTime,
    deadlines: Vec<Option<SimTime>>,
    arrivals: BTreeMap<(SimTime, u64), (usize, Arrival)>,
    /// The probability that a datagram is lost.
    pub loss: f64,
    chance: fastrand::Rng,
    sequence: u64,
    /// Candidates cross by signalling by themselves.
    pub trickle: bool,
    /// Every datagram that was sent, with when and by whom.
    pub sent: Vec<(SimTime, usize, Datagram)>,
    /// Every event, in the order it was fired.
    pub events: Vec<(usize, Event)>,
    pub secrets: Vec<String>,
    pub notes: Vec<String>,
    settled: BTreeMap<OperationId, Result<Value, Exception>>,
}

enum Arrival {
    Datagram(Datagram),
    Candidate(IceCandidate),
}

impl Network {
    pub fn new(seed: u64) -> Network {
        Network::with(seed, 0.0, &Configuration::default())
    }

    pub fn with(seed: u64, loss: f64, configuration: &Configuration) -> Network {
        let peers = ["a", "b"].into_iter().zip(1..).map(|(role, number)| {
            let host = HostView {
                role: role.to_owned(),
                addresses: vec![IpAddr::from([10, 0, 0, number])],
                ports: 5000..=5009,
                seed: seed * 2 + u64::from(number),
                unix_time: Duration::from_secs(1_700_000_000),
                origin: format!("https://{role}.example"),
            };
            SUBJECT
                .create(host, configuration.clone())
                .expect("the subject takes the configuration")
        });
        Network {
            peers: peers.collect(),
            now: SimTime::ZERO,
            deadlines: vec![None; 2],
            arrivals: BTreeMap::new(),
            loss,
            chance: fastrand::Rng::with_seed(seed),
            sequence: 0,
            trickle: true,
            sent: Vec::new(),
            events: Vec::new(),
            secrets: Vec::new(),
            notes: Vec::new(),
            settled: BTreeMap::new(),
        }
    }

    /// A call, and how it came back.
    pub fn call(&mut self, peer: usize, operation: Operation) -> (OperationId, Called) {
        self.sequence += 1;
        let id = OperationId(self.sequence);
        (id, self.peers[peer].call(self.now, id, operation))
    }

    /// A call that returns a promise, and how that settles without time going by.
    pub fn settle(&mut self, peer: usize, operation: Operation) -> Result<Value, Exception> {
        let (id, called) = self.call(peer, operation);
        assert_eq!(called, Called::Promise);
        self.step_all();
        self.settled.remove(&id).expect("the promise settles at once")
    }

    /// A call that returns a description.
    pub fn describe(&mut self, peer: usize, operation: Operation) -> SessionDescription {
        match self.settle(peer, operation) {
            Ok(Value::Description(description)) => description,
            other => panic!("a description, not {other:?}"),
        }
    }

    pub fn set_local(&mut self, peer: usize, description: &SessionDescription) -> Result<Value, Exception> {
        self.settle(peer, Operation::SetLocalDescription(description.clone().into()))
    }

    pub fn set_remote(&mut self, peer: usize, description: &SessionDescription) -> Result<Value, Exception> {
        self.settle(peer, Operation::SetRemoteDescription(description.clone()))
    }

    /// A whole exchange, which nothing disturbs.
    pub fn negotiate(&mut self, offerer: usize, options: glare_peer::OfferOptions) {
        let answerer = 1 - offerer;
        let offer = self.describe(offerer, Operation::CreateOffer(options));
        self.set_local(offerer, &offer)
            .expect("the offer is applied here");
        self.set_remote(answerer, &offer)
            .expect("the offer is applied there");
        self.answer(answerer);
    }

    /// The second half of an exchange.
    pub fn answer(&mut self, answerer: usize) {
        let answer = self.describe(answerer, Operation::CreateAnswer);
        self.set_local(answerer, &answer)
            .expect("the answer is applied there");
        self.set_remote(1 - answerer, &answer)
            .expect("the answer is applied here");
    }

    pub fn create_channel(&mut self, peer: usize, label: &str, init: DataChannelInit) -> Handle {
        let operation = Operation::CreateDataChannel {
            label: label.to_owned(),
            init,
        };
        match self.call(peer, operation).1 {
            Called::Returned(Value::Object(handle)) => handle,
            other => panic!("a channel, not {other:?}"),
        }
    }

    pub fn send(&mut self, peer: usize, channel: Handle, text: &str) -> Called {
        let data = MessageData::Text(text.into());
        self.call(peer, Operation::Send { channel, data }).1
    }

    pub fn read(&self, peer: usize, object: Handle, attribute: Attribute) -> Value {
        self.peers[peer]
            .read(object, attribute)
            .expect("the subject has the attribute")
    }

    pub fn state(&self, peer: usize, attribute: Attribute) -> String {
        match self.read(peer, Handle::CONNECTION, attribute) {
            Value::String(state) => state,
            other => panic!("a state, not {other:?}"),
        }
    }

    pub fn is_settled(&self, id: OperationId) -> bool {
        self.settled.contains_key(&id)
    }

    /// The names of the events of a peer's objects, in order.
    pub fn names(&self, peer: usize) -> Vec<&'static str> {
        self.events
            .iter()
            .filter(|(who, _)| *who == peer)
            .map(|(_, event)| event.kind.name())
            .collect()
    }

    /// How often an event was fired.
    pub fn count(&self, peer: usize, name: &str) -> usize {
        self.names(peer).iter().filter(|other| **other == name).count()
    }

    /// The texts that arrived at a channel, in order.
    pub fn texts(&self, peer: usize, channel: Handle) -> Vec<String> {
        self.events
            .iter()
            .filter(|(who, event)| *who == peer && event.target == channel)
            .filter_map(|(_, event)| match &event.kind {
                EventKind::Message {
                    data: MessageData::Text(text),
                } => Some(text.to_string()),
                _ => None,
            })
            .collect()
    }

    /// The channels that the other side announced, in order.
    pub fn announced(&self, peer: usize) -> Vec<Handle> {
        self.events
            .iter()
            .filter_map(|(who, event)| match event.kind {
                EventKind::DataChannel { channel } if *who == peer => Some(channel),
                _ => None,
            })
            .collect()
    }

    /// Lets time go by until `done`; gives whether it came to that within `limit`.
    pub fn run_until(&mut self, limit: Duration, mut done: impl FnMut(&Network) -> bool) -> bool {
        let end = self.now + limit;
        let mut steps = 0;
        loop {
            self.step_all();
            if done(self) {
                return true;
            }
            let arrival = self.arrivals.keys().next().map(|(at, _)| *at);
            let next = self.deadlines.iter().flatten().copied().chain(arrival).min();
            let Some(next) = next.filter(|next| *next <= end) else {
                self.now = end;
                return false;
            };
            steps = if next > self.now { 0 } else { steps + 1 };
            assert!(steps < STEPS_AT_ONE_INSTANT, "stalled at {}", self.now);
            self.now = self.now.max(next);
            while let Some(entry) = self.arrivals.first_entry() {
                if entry.key().0 > self.now {
                    break;
                }
                let (to, arrival) = entry.remove();
                self.arrive(to, arrival);
            }
        }
    }

    pub fn run_for(&mut self, span: Duration) {
        self.run_until(span, |_| false);
    }

    fn arrive(&mut self, to: usize, arrival: Arrival) {
        match arrival {
            Arrival::Datagram(datagram) => self.peers[to].input(self.now, Input::Datagram(datagram)),
            Arrival::Candidate(candidate) => {
                let (_, called) = self.call(to, Operation::AddIceCandidate(candidate));
                assert_eq!(called, Called::Promise);
            }
        }
    }

    fn step_all(&mut self) {
        for peer in 0..self.peers.len() {
            loop {
                let mut out = Outbox::default();
                let step = self.peers[peer].step(self.now, &mut out);
                self.secrets.append(&mut out.secrets);
                self.notes.append(&mut out.notes);
                for datagram in out.datagrams {
                    self.carry(peer, datagram);
                }
                match step {
                    Step::Fired(event) => self.listen(peer, event),
                    Step::Settled(id, result) => assert!(self.settled.insert(id, result).is_none()),
                    Step::Unsupported(id, what) => panic!("operation {id:?} ended as unsupported: {what}"),
                    Step::TaskEnd => {}
                    Step::Idle(deadline) => {
                        self.deadlines[peer] = deadline;
                        break;
                    }
                }
            }
        }
    }

    fn listen(&mut self, peer: usize, event: Event) {
        if let EventKind::IceCandidate {
            candidate: Some(candidate),
        } = &event.kind
            && self.trickle
        {
            self.post(SIGNALLING_DELAY, 1 - peer, Arrival::Candidate(candidate.clone()));
        }
        self.events.push((peer, event));
    }

    fn carry(&mut self, from: usize, datagram: Datagram) {
        self.sent.push((self.now, from, datagram.clone()));
        if self.chance.f64() < self.loss {
            return;
        }
        let arrived = Datagram {
            local: datagram.remote,
            remote: datagram.local,
            data: datagram.data,
        };
        self.post(LINK_DELAY, 1 - from, Arrival::Datagram(arrived));
    }

    /// A datagram to a peer that the other one never sent, though it bears its address.
    pub fn forge(&mut self, to: usize, data: Vec<u8>) {
        let last = self.sent.iter().rev().find(|(_, from, _)| *from == to);
        let (.., sent) = last.expect("the peer has sent something");
        let forged = Datagram { data, ..sent.clone() };
        self.post(LINK_DELAY, to, Arrival::Datagram(forged));
    }

    fn post(&mut self, delay: Duration, to: usize, arrival: Arrival) {
        self.sequence += 1;
        self.arrivals
            .insert((self.now + delay, self.sequence), (to, arrival));
    }
}

pub fn rollback() -> SessionDescription {
    SessionDescription {
        sdp_type: SdpType::Rollback,
        sdp: "".into(),
    }
}
