//! What the harness costs: two str0m peers connect and one data-channel message arrives, once played by the runner and once
//! by the least loop that can do it.
//!
//! Both construct the same two peers through the same contract, make the same calls at the same virtual times over the same
//! link, and stop at the first message. The least loop keeps datagrams in a heap and nothing else: no IP packets, no trace,
//! no thread of its own. What it does is what the protocols under test cost; the ratio is the harness's price.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::Criterion;
use glare_peer::{
    Called, Configuration, DataChannelInit, Datagram, Event, EventKind, Handle, HostView, IceCandidate,
    Implementation, Input, LocalDescriptionInit, MessageData, OfferOptions, Operation, OperationId, Outbox,
    Peer, SessionDescription, SimTime, Step, Value,
};
use glare_pin::Pin;
use glare_run::{Cast, Play, VerdictKind, play};
use glare_scenario::Scenario;
use glare_str0m::Str0m;

/// One way, of the link and of signalling.
const DELAY: Duration = Duration::from_millis(10);
/// The wall clock at the start of a run, since the Unix epoch.
const UNIX_TIME: Duration = Duration::from_secs(1_767_225_600);
/// How many runs of each kind the medians are of.
const TURNS: u64 = 600;
/// Runs before that, which warm caches and the allocator.
const WARM_UP: u64 = 20;
/// Where the fastest tenth of the runs ends.
const FAST: f64 = 0.1;

/// The same as [`Bare`] does, in the language.
const SCENARIO: &str = r#"
scenario: Two peers connect and a message arrives
spec: [RFC8831#section-6]
peers: { a: {}, b: {} }
links:
  - { id: path, between: [a, b], delay: 10ms }
signalling:
  - { between: [a, b], delay: 10ms }
script:
  - { call: a.createDataChannel, with: { label: chat }, as: chat }
  - { negotiate: { offer: a, answer: b } }
  - { wait: { for: { chat.readyState: open }, within: 10s } }
  - { send: { on: chat, text: hello } }
  - { wait: { for: { b.datachannel: { label: chat } }, as: remote-chat, within: 10s } }
  - { wait: { for: { remote-chat.message: { text: hello } }, within: 5s } }
"#;

fn main() {
    let scenario = scenario();
    let cast: Cast = ["a", "b"]
        .map(|role| (role.to_owned(), Arc::new(Str0m) as Arc<dyn Implementation>))
        .into();
    both_do_the_same(&scenario, &cast);
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("connect");
    group.sample_size(50);
    group.bench_function("played", |bencher| {
        bencher.iter(|| black_box(played(&scenario, &cast, 0)));
    });
    group.bench_function("least loop", |bencher| bencher.iter(|| black_box(bare(0))));
    group.finish();
    criterion.final_summary();
    ratio(&scenario, &cast);
}

fn scenario() -> Scenario {
    let mut scenarios = glare_scenario::parse("connect", SCENARIO).expect("the scenario is right");
    assert_eq!(scenarios.len(), 1);
    scenarios.remove(0)
}

/// What a run sent, and when the message arrived: the same for both, or they are not to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Done {
    datagrams: u64,
    at: SimTime,
}

fn played(scenario: &Scenario, cast: &Cast, seed: u64) -> Done {
    let outcome = play(scenario, cast, seed, &Play::default());
    // A rule of the specification that str0m breaks changes nothing about the time it takes; a script that ends early does.
    let played_through = match outcome.verdict.kind {
        VerdictKind::Pass => true,
        VerdictKind::Fail => {
            let departures = &outcome.verdict.departures;
            departures
                .iter()
                .all(|departure| departure.check.starts_with("rule "))
        }
        _ => false,
    };
    assert!(played_through, "{:?}", outcome.verdict);
    Done {
        datagrams: outcome.measures.packets,
        at: outcome.measures.virtual_time,
    }
}

fn bare(seed: u64) -> Done {
    Bare::new(seed).connect()
}

fn both_do_the_same(scenario: &Scenario, cast: &Cast) {
    for seed in 0..8 {
        assert_eq!(played(scenario, cast, seed), bare(seed), "seed {seed}");
    }
}

/// Plays both in turn, so that what else the machine does falls on both, and prints medians of ratios: of whole runs, and
/// of what comes after construction. The latter is from the first call to the first message; construction is the same for
/// both, and most of it is that the DTLS library tests its cryptography for each peer.
fn ratio(scenario: &Scenario, cast: &Cast) {
    let mut runs: Vec<[f64; 3]> = (0..WARM_UP + TURNS)
        .map(|turn| {
            let mut times = [0.0; 3];
            for place in 0..3 {
                let which = (turn as usize + place) % 3;
                times[which] = match which {
                    0 => time(|| played(scenario, cast, turn)),
                    1 => time(|| bare(turn)),
                    _ => time(|| Bare::new(turn)),
                };
            }
            times
        })
        .collect();
    runs.drain(..WARM_UP as usize);
    let [played, bare, constructed] = [0, 1, 2].map(|which| median(runs.iter().map(|times| times[which])));
    let whole = median(runs.iter().map(|[played, bare, _]| played / bare));
    let connecting = (played - constructed) / (bare - constructed);
    let [fast_played, fast_bare, fast_constructed] =
        [0, 1, 2].map(|which| quantile(runs.iter().map(|times| times[which]), FAST));
    let fast_whole = fast_played / fast_bare;
    let fast_connecting = (fast_played - fast_constructed) / (fast_bare - fast_constructed);
    #[expect(clippy::print_stdout, reason = "what a bench measures goes to its output")]
    {
        println!("connect, medians of {TURNS} runs:");
        println!("  played      {:.3} ms", played * 1e3);
        println!("  least loop  {:.3} ms", bare * 1e3);
        println!("  both peers' construction  {:.3} ms", constructed * 1e3);
        println!("  played / least loop: {whole:.3} as a whole, {connecting:.3} without construction");
        println!(
            "  of the fastest tenth, which a busy machine disturbs least: {fast_whole:.3} and {fast_connecting:.3}"
        );
    }
}

fn time<R>(work: impl FnOnce() -> R) -> f64 {
    #[expect(clippy::disallowed_methods, reason = "a bench measures the wall clock")]
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_secs_f64()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    quantile(values, 0.5)
}

/// The value that this share (0 to 1, without 1) of the values is below.
fn quantile(values: impl Iterator<Item = f64>, share: f64) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[(values.len() as f64 * share) as usize]
}

/// The least loop: two peers, a heap, and the script as a match on what the peers say.
struct Bare {
    pin: Pin,
    now: SimTime,
    heap: BinaryHeap<Reverse<Due>>,
    next: u64,
    sides: [Side; 2],
    outbox: Outbox,
    datagrams: u64,
    operations: u64,
    chat: Option<Handle>,
    /// Channel and message, seen by the script where tasks end.
    open: bool,
    message: bool,
    arrived: bool,
}

struct Side {
    peer: Box<dyn Peer>,
    busy: bool,
    deadline: Option<SimTime>,
    /// What the promise that the script waits for is of.
    awaited: Option<(OperationId, Awaited)>,
    /// The description that was made and is to be sent once it is set.
    made: Option<SessionDescription>,
}

#[derive(Clone, Copy)]
enum Awaited {
    Offer,
    LocalOffer,
    RemoteOffer,
    Answer,
    LocalAnswer,
    RemoteAnswer,
}

/// Something that is due at a moment, in the order it was scheduled within it.
struct Due {
    time: SimTime,
    number: u64,
    side: usize,
    what: What,
}

enum What {
    Datagram(Datagram),
    Description(SessionDescription),
    Candidate(IceCandidate),
}

impl PartialEq for Due {
    fn eq(&self, other: &Due) -> bool {
        (self.time, self.number) == (other.time, other.number)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Due) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Due) -> std::cmp::Ordering {
        (self.time, self.number).cmp(&(other.time, other.number))
    }
}

impl Bare {
    fn new(seed: u64) -> Bare {
        let pin = Pin::enter(seed, UNIX_TIME);
        let sides = [("a", 1), ("b", 2)].map(|(role, number)| {
            let host = HostView {
                role: role.to_owned(),
                addresses: vec![IpAddr::from([10, 0, 0, number])],
                ports: 50_000..=50_099,
                seed: seed * 2 + u64::from(number),
                unix_time: UNIX_TIME,
                origin: format!("https://{role}.example"),
            };
            let peer = Str0m
                .create(host, Configuration::default())
                .expect("str0m needs nothing");
            Side {
                peer,
                busy: true,
                deadline: None,
                awaited: None,
                made: None,
            }
        });
        Bare {
            pin,
            now: SimTime::ZERO,
            heap: BinaryHeap::new(),
            next: 0,
            sides,
            outbox: Outbox::default(),
            datagrams: 0,
            operations: 0,
            chat: None,
            open: false,
            message: false,
            arrived: false,
        }
    }

    fn connect(mut self) -> Done {
        let channel = Operation::CreateDataChannel {
            label: "chat".to_owned(),
            init: DataChannelInit::default(),
        };
        self.call(0, channel);
        self.promise(0, Operation::CreateOffer(OfferOptions::default()), Awaited::Offer);
        loop {
            while let Some(side) = self.sides.iter().position(|side| side.busy) {
                self.step(side);
                if self.arrived {
                    return Done {
                        datagrams: self.datagrams,
                        at: self.now,
                    };
                }
            }
            self.go_on();
        }
    }

    /// Jumps to the next moment and does what is due then.
    fn go_on(&mut self) {
        let deadline = (0..2)
            .filter_map(|side| Some((self.sides[side].deadline?, side)))
            .min();
        let arrival = self.heap.peek().map(|Reverse(due)| due.time);
        let (now, timer) = match (arrival, deadline) {
            (Some(arrival), Some((deadline, side))) if deadline < arrival => (deadline, Some(side)),
            (Some(arrival), _) => (arrival, None),
            (None, Some((deadline, side))) => (deadline, Some(side)),
            (None, None) => panic!("nothing is left to happen at {}", self.now),
        };
        self.now = self.now.max(now);
        self.pin.set_elapsed(self.now.since_start());
        if let Some(side) = timer {
            self.sides[side].deadline = None;
            self.sides[side].busy = true;
            return;
        }
        let Some(Reverse(Due { side, what, .. })) = self.heap.pop() else {
            return;
        };
        match what {
            What::Datagram(datagram) => {
                self.sides[side].peer.input(self.now, Input::Datagram(datagram));
                self.sides[side].busy = true;
            }
            What::Description(description) => {
                let awaited = if side == 0 {
                    Awaited::RemoteAnswer
                } else {
                    Awaited::RemoteOffer
                };
                self.promise(side, Operation::SetRemoteDescription(description), awaited);
            }
            What::Candidate(candidate) => {
                self.call(side, Operation::AddIceCandidate(candidate));
            }
        }
    }

    fn step(&mut self, side: usize) {
        let step = self.sides[side].peer.step(self.now, &mut self.outbox);
        for Datagram { local, remote, data } in std::mem::take(&mut self.outbox.datagrams) {
            self.datagrams += 1;
            let seen = Datagram {
                local: remote,
                remote: local,
                data,
            };
            self.send(1 - side, What::Datagram(seen));
        }
        match step {
            Step::Fired(Event { kind, .. }) => match kind {
                EventKind::IceCandidate {
                    candidate: Some(candidate),
                } => self.send(1 - side, What::Candidate(candidate)),
                EventKind::Open if side == 0 => self.open = true,
                EventKind::Message { .. } => self.message = true,
                _ => {}
            },
            Step::Settled(operation, result) => {
                let value = result.expect("every call of the script goes through");
                self.settled(side, operation, value);
            }
            Step::Unsupported(_, what) => panic!("str0m settles every call of the script: {what}"),
            Step::TaskEnd | Step::Idle(_) => {
                if let Step::Idle(deadline) = step {
                    self.sides[side].busy = false;
                    self.sides[side].deadline = deadline;
                }
                self.arrived = self.message;
                if std::mem::take(&mut self.open)
                    && let Some(channel) = self.chat
                {
                    let data = MessageData::Text(Arc::from("hello"));
                    self.call(0, Operation::Send { channel, data });
                }
            }
        }
    }

    fn settled(&mut self, side: usize, operation: OperationId, value: Value) {
        let awaited = match self.sides[side].awaited {
            Some((id, awaited)) if id == operation => awaited,
            _ => return,
        };
        match (awaited, value) {
            (Awaited::Offer | Awaited::Answer, Value::Description(description)) => {
                self.sides[side].made = Some(description.clone());
                let awaited = if side == 0 {
                    Awaited::LocalOffer
                } else {
                    Awaited::LocalAnswer
                };
                let init = LocalDescriptionInit::from(description);
                self.promise(side, Operation::SetLocalDescription(init), awaited);
            }
            (Awaited::LocalOffer | Awaited::LocalAnswer, _) => {
                if let Some(description) = self.sides[side].made.take() {
                    self.send(1 - side, What::Description(description));
                }
            }
            (Awaited::RemoteOffer, _) => self.promise(side, Operation::CreateAnswer, Awaited::Answer),
            _ => {}
        }
    }

    /// Calls a method whose promise the script waits for.
    fn promise(&mut self, side: usize, operation: Operation, awaited: Awaited) {
        let id = self.call(side, operation);
        self.sides[side].awaited = Some((id, awaited));
    }

    fn call(&mut self, side: usize, operation: Operation) -> OperationId {
        let id = OperationId(self.operations);
        self.operations += 1;
        match self.sides[side].peer.call(self.now, id, operation) {
            Called::Returned(Value::Object(channel)) => self.chat = Some(channel),
            Called::Returned(_) | Called::Promise => {}
            other => panic!("every call of the script goes through: {other:?}"),
        }
        self.sides[side].busy = true;
        id
    }

    fn send(&mut self, side: usize, what: What) {
        let number = self.next;
        self.next += 1;
        self.heap.push(Reverse(Due {
            time: self.now + DELAY,
            number,
            side,
            what,
        }));
    }
}
