//! What the implementations cost: the same connection over the same simulated link, played by two peers of each, in one run.
//!
//! No harness is in the way: a heap of datagrams in virtual time, and signalling that takes no time. `connect` is from
//! construction until a data channel is open on both sides, `goodput` from the first `send()` of a mebibyte until its last
//! message has arrived. Each is printed as a ratio of the reference engine to the faster of the others.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use glare_peer::{
    Called, Configuration, DataChannelInit, Datagram, EventKind, Handle, HostView, IceCandidate,
    Implementation, Input, LocalDescriptionInit, MessageData, OfferOptions, Operation, OperationId, Outbox,
    Peer, SessionDescription, SimTime, Step, Value,
};
use glare_pin::Pin;

/// One way of the link.
const DELAY: Duration = Duration::from_millis(10);
/// The wall clock at the start of a run, since the Unix epoch.
const UNIX_TIME: Duration = Duration::from_secs(1_767_225_600);
/// After this time of the run, a peer that has not come to its end has hung.
const LIMIT: Duration = Duration::from_secs(60);
/// A mebibyte, in messages that every implementation takes.
const MESSAGES: usize = 64;
const MESSAGE: usize = 16 * 1024;
/// How many runs of each kind the medians are of, and how many before that warm caches.
const TURNS: u64 = 60;
const WARM_UP: u64 = 5;

const SUBJECTS: [(&str, &dyn Implementation); 3] = [
    ("reference", &glare_reference::Reference),
    ("str0m", &glare_str0m::Str0m),
    ("rtc", &glare_webrtc::WebrtcRs),
];

/// Takes a measure of an implementation with a seed, seconds.
type Measure = fn(&dyn Implementation, u64) -> f64;

/// What is measured.
const MEASURES: [(&str, Measure); 2] = [("connect", connect), ("goodput of 1 MiB", goodput)];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for (measure, work) in MEASURES {
        let mut group = criterion.benchmark_group(measure);
        group.sample_size(20);
        for (name, subject) in SUBJECTS {
            group.bench_function(name, |bencher| {
                bencher.iter_custom(|iterations| {
                    (0..iterations)
                        .map(|seed| Duration::from_secs_f64(work(subject, seed)))
                        .sum()
                });
            });
        }
        group.finish();
    }
    criterion.final_summary();
    for (measure, work) in MEASURES {
        ratios(measure, work);
    }
}

/// Plays all in turn, so that what else the machine does falls on all, and prints medians and the ratio.
fn ratios(measure: &str, work: fn(&dyn Implementation, u64) -> f64) {
    let mut times: [Vec<f64>; 3] = Default::default();
    for turn in 0..WARM_UP + TURNS {
        for place in 0..SUBJECTS.len() {
            let which = (turn as usize + place) % SUBJECTS.len();
            let time = work(SUBJECTS[which].1, turn);
            if turn >= WARM_UP {
                times[which].push(time);
            }
        }
    }
    let medians = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    let [reference, others @ ..] = medians;
    let faster = others.into_iter().fold(f64::INFINITY, f64::min);
    #[expect(clippy::print_stdout, reason = "what a bench measures goes to its output")]
    {
        println!("{measure}, medians of {TURNS} runs:");
        for ((name, _), median) in SUBJECTS.into_iter().zip(medians) {
            println!("  {name:10} {:.3} ms", median * 1e3);
        }
        println!(
            "  reference / the faster of the others: {:.3}",
            reference / faster
        );
    }
}

fn connect(subject: &dyn Implementation, seed: u64) -> f64 {
    time(|| Pair::connected(subject, seed))
}

fn goodput(subject: &dyn Implementation, seed: u64) -> f64 {
    let mut pair = Pair::connected(subject, seed);
    let data = MessageData::Binary(Arc::from(vec![7; MESSAGE]));
    time(|| {
        for _ in 0..MESSAGES {
            let operation = Operation::Send {
                channel: pair.chat,
                data: data.clone(),
            };
            let called = pair.call(0, operation);
            assert_eq!(called, Called::Returned(Value::Undefined));
        }
        pair.run(|pair| pair.messages == MESSAGES);
    })
}

fn time<R>(work: impl FnOnce() -> R) -> f64 {
    #[expect(clippy::disallowed_methods, reason = "a bench measures the wall clock")]
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_secs_f64()
}

/// Two peers of one implementation and the link between them.
struct Pair {
    pin: Pin,
    now: SimTime,
    peers: [Box<dyn Peer>; 2],
    deadlines: [Option<SimTime>; 2],
    flying: BTreeMap<(SimTime, u64), (usize, Datagram)>,
    outbox: Outbox,
    numbers: u64,
    settled: BTreeMap<OperationId, Value>,
    candidates: [Vec<IceCandidate>; 2],
    chat: Handle,
    open: [bool; 2],
    /// How many messages have arrived at the second.
    messages: usize,
}

impl Pair {
    /// Two peers with a data channel that is open on both sides.
    fn connected(subject: &dyn Implementation, seed: u64) -> Pair {
        let pin = Pin::enter(seed, UNIX_TIME);
        let peers = [("a", 1), ("b", 2)].map(|(role, number)| {
            let host = HostView {
                role: role.to_owned(),
                addresses: vec![IpAddr::from([10, 0, 0, number])],
                ports: 50_000..=50_099,
                seed: seed * 2 + u64::from(number),
                unix_time: UNIX_TIME,
                origin: "https://a.example".to_owned(),
            };
            subject
                .create(host, Configuration::default())
                .expect("a peer needs nothing")
        });
        let mut pair = Pair {
            pin,
            now: SimTime::ZERO,
            peers,
            deadlines: [None; 2],
            flying: BTreeMap::new(),
            outbox: Outbox::default(),
            numbers: 0,
            settled: BTreeMap::new(),
            candidates: Default::default(),
            chat: Handle::CONNECTION,
            open: [false; 2],
            messages: 0,
        };
        let channel = Operation::CreateDataChannel {
            label: "chat".to_owned(),
            init: DataChannelInit::default(),
        };
        match pair.call(0, channel) {
            Called::Returned(Value::Object(chat)) => pair.chat = chat,
            other => panic!("a channel, not {other:?}"),
        }
        let offer = pair.describe(0, Operation::CreateOffer(OfferOptions::default()));
        pair.settle(1, Operation::SetRemoteDescription(offer));
        let answer = pair.describe(1, Operation::CreateAnswer);
        pair.settle(0, Operation::SetRemoteDescription(answer));
        for side in 0..2 {
            for candidate in std::mem::take(&mut pair.candidates[1 - side]) {
                pair.settle(side, Operation::AddIceCandidate(candidate));
            }
        }
        pair.run(|pair| pair.open == [true; 2]);
        pair
    }

    /// Makes a description and applies it.
    fn describe(&mut self, side: usize, operation: Operation) -> SessionDescription {
        let Value::Description(description) = self.settle(side, operation) else {
            panic!("a description");
        };
        let init = LocalDescriptionInit::from(description.clone());
        self.settle(side, Operation::SetLocalDescription(init));
        description
    }

    fn settle(&mut self, side: usize, operation: Operation) -> Value {
        self.numbers += 1;
        let id = OperationId(self.numbers);
        let called = self.peers[side].call(self.now, id, operation);
        assert_eq!(called, Called::Promise);
        self.step(side);
        self.settled.remove(&id).expect("the promise settles at once")
    }

    fn call(&mut self, side: usize, operation: Operation) -> Called {
        self.numbers += 1;
        let called = self.peers[side].call(self.now, OperationId(self.numbers), operation);
        self.step(side);
        called
    }

    fn run(&mut self, done: impl Fn(&Pair) -> bool) {
        while !done(self) {
            let arrival = self.flying.keys().next().map(|(at, _)| *at);
            let next = self.deadlines.iter().flatten().copied().chain(arrival).min();
            let next = next.expect("something is left to happen");
            self.now = self.now.max(next);
            assert!(self.now.since_start() < LIMIT, "it does not come to its end");
            self.pin.set_elapsed(self.now.since_start());
            match self.flying.first_entry() {
                Some(entry) if entry.key().0 <= self.now => {
                    let (side, datagram) = entry.remove();
                    self.peers[side].input(self.now, Input::Datagram(datagram));
                    self.step(side);
                }
                _ => {
                    for side in 0..2 {
                        if self.deadlines[side].is_some_and(|deadline| deadline <= self.now) {
                            self.step(side);
                        }
                    }
                }
            }
        }
    }

    fn step(&mut self, side: usize) {
        loop {
            let step = self.peers[side].step(self.now, &mut self.outbox);
            for Datagram { local, remote, data } in std::mem::take(&mut self.outbox.datagrams) {
                self.numbers += 1;
                let seen = Datagram {
                    local: remote,
                    remote: local,
                    data,
                };
                self.flying
                    .insert((self.now + DELAY, self.numbers), (1 - side, seen));
            }
            match step {
                Step::Fired(event) => match event.kind {
                    EventKind::IceCandidate {
                        candidate: Some(candidate),
                    } => self.candidates[side].push(candidate),
                    EventKind::Open => self.open[side] = true,
                    EventKind::Message { .. } if side == 1 => self.messages += 1,
                    _ => {}
                },
                Step::Settled(id, result) => {
                    let value = result.expect("every call goes through");
                    self.settled.insert(id, value);
                }
                Step::Unsupported(_, what) => panic!("unsupported: {what}"),
                Step::TaskEnd => {}
                Step::Idle(deadline) => {
                    self.deadlines[side] = deadline;
                    return;
                }
            }
        }
    }
}
