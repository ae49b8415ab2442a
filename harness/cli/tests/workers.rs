//! What peers do to the process they live in costs only their own cell.
//!
//! This program is the glare under test, with hostile peers in its registry, when it is called with a command of glare; called
//! by a test runner it is the tests, which call it as glare.

mod common;

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use glare_peer::{
    About, Attribute, Called, Configuration, CreateError, Datagram, Event, EventKind, Handle, HostView,
    Implementation, Input, MessageData, Operation, OperationId, Outbox, Peer, SimTime, Step, Unsupported,
    Value,
};
use glare_reference::Reference;
use libtest_mimic::{Arguments, Failed, Trial};

use common::Glare;

const SCENARIO: &str = r#"scenario: Two peers exchange a message
spec: [webrtc-pc#peer-to-peer-data-api]
peers: { a: {}, b: {} }
script:
  - { call: a.createDataChannel, with: { label: chat }, as: chat }
  - { negotiate: { offer: a, answer: b } }
  - { wait: { for: { chat.readyState: open }, within: 10s } }
"#;

/// Each way to be hostile, the verdict that its cell gets, and how the reason begins or what it has in it.
const WAYS: [(Way, &str, &str); 16] = [
    (Way::PanicInStep, "crash", "panicked: a panic in step"),
    (Way::PanicInRead, "crash", "panicked: a panic in read"),
    (Way::PanicInCreate, "crash", "panicked: a panic in create"),
    (Way::Abort, "crash", "the process ended with signal: 6"),
    (Way::Exit, "crash", "the process ended with exit status: 0"),
    (
        Way::Loop,
        "crash",
        "it hung: nothing came within 1s of wall-clock time",
    ),
    (Way::Print, "pass", ""),
    (
        Way::NeverIdle,
        "stall",
        "10000 things happened at 0.000000000s and time did not go on",
    ),
    (Way::IdleInThePast, "stall", "10000 things happened at "),
    (
        Way::DoNothing,
        "stall",
        "nothing is left to happen while the script waits at ",
    ),
    (Way::NeverSettle, "fail", "createOffer is pending"),
    (Way::SettleTheUnknown, "fail", "rule "),
    (Way::FireAtTheUnknown, "fail", "rule channel-event-is-at-a-channel: "),
    (
        Way::SendFromElsewhere,
        "fail",
        "chat.readyState to be open, before the time that the step gives ended",
    ),
    (Way::SendTheImpossible, "pass", ""),
    (Way::Flood, "stall", ""),
];

/// What a hostile peer does that the reference engine does not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    PanicInStep,
    PanicInRead,
    PanicInCreate,
    Abort,
    Exit,
    Loop,
    Print,
    NeverIdle,
    IdleInThePast,
    DoNothing,
    NeverSettle,
    SettleTheUnknown,
    FireAtTheUnknown,
    SendFromElsewhere,
    SendTheImpossible,
    Flood,
}

impl Way {
    /// The name that its peer is cast by.
    fn name(self) -> String {
        format!("{self:?}")
    }
}

fn main() -> ExitCode {
    let is_glare = std::env::args()
        .nth(1)
        .is_some_and(|command| ["run", "replay", "worker"].contains(&command.as_str()));
    if is_glare {
        let standard = glare::Registry::new().with(Reference);
        return glare::main(
            WAYS.iter()
                .fold(standard, |registry, (way, ..)| registry.with(Hostile(*way))),
        );
    }
    let trials = vec![
        trial("a_hostile_peer_costs_only_its_own_cell", costs_only_its_own_cell),
        trial(
            "a_hostile_answerer_costs_only_its_own_cell",
            answerer_costs_only_its_own_cell,
        ),
        trial(
            "what_a_peer_prints_changes_nothing",
            what_a_peer_prints_changes_nothing,
        ),
        trial(
            "the_trace_says_what_was_not_sent",
            the_trace_says_what_was_not_sent,
        ),
        trial(
            "the_bundle_of_a_hostile_cell_replays",
            the_bundle_of_a_hostile_cell_replays,
        ),
    ];
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || {
        test();
        Ok::<(), Failed>(())
    })
}

/// This program as glare, with the scenario.
fn glare() -> Glare {
    let program: PathBuf = std::env::current_exe().expect("a program knows where it is");
    let glare = Glare::new(program);
    glare.write("case.yaml", SCENARIO);
    glare
}

/// Runs every cell in which `role` is played by each of the peers and the other by the reference engine.
fn run(glare: &Glare, other: &str) {
    let cast = format!("{other}=reference");
    let ran = glare.run(&[
        "run",
        "case.yaml",
        "--cast",
        &cast,
        "--watchdog",
        "1s",
        "--jobs",
        "2",
        "--out",
        "out",
    ]);
    ran.ends_with(1).says(&format!("{} cells in ", WAYS.len() + 1));
    assert_eq!(
        glare.verdicts("out").len(),
        WAYS.len() + 1,
        "each cell has a bundle"
    );
}

fn costs_only_its_own_cell() {
    let glare = glare();
    run(&glare, "b");
    let verdicts = glare.verdicts("out");
    let mut wrong = Vec::new();
    let honest = &verdicts["case a=reference,b=reference seed=0"]["verdict"];
    assert_eq!(honest["kind"], "pass", "{honest}");
    for (way, kind, reason) in WAYS {
        let verdict = &verdicts[&format!("case a={},b=reference seed=0", way.name())]["verdict"];
        let said = verdict["reason"].as_str().expect("a verdict has a reason");
        if verdict["kind"] != kind || !said.contains(reason) {
            wrong.push(format!(
                "{way:?}: expected {kind} {reason:?}, got {} {said:?}",
                verdict["kind"]
            ));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn answerer_costs_only_its_own_cell() {
    let glare = glare();
    run(&glare, "a");
    let verdicts = glare.verdicts("out");
    for (way, kind, _) in WAYS {
        let verdict = &verdicts[&format!("case a=reference,b={} seed=0", way.name())]["verdict"];
        // Whose promise never settles and who sends nothing is told by the role it plays; what ends the process is not.
        if kind == "crash" || way == Way::Print {
            assert_eq!(verdict["kind"], kind, "{way:?}: {}", verdict["reason"]);
        }
    }
    let honest = &verdicts["case a=reference,b=reference seed=0"]["verdict"];
    assert_eq!(honest["kind"], "pass", "{honest}");
}

fn what_a_peer_prints_changes_nothing() {
    let glare = glare();
    for (peer, out) in [("reference", "quiet"), ("Print", "loud")] {
        let cast = format!("a={peer},b={peer}");
        glare
            .run(&[
                "run",
                "case.yaml",
                "--cast",
                &cast,
                "--seeds",
                "0..3",
                "--jobs",
                "1",
                "--out",
                out,
            ])
            .ends_with(0);
    }
    let measures = |out: &str| -> Vec<_> {
        glare
            .verdicts(out)
            .into_values()
            .map(|verdict| verdict["measures"].clone())
            .collect()
    };
    assert_eq!(measures("quiet").len(), 3);
    assert_eq!(measures("quiet"), measures("loud"));
}

fn the_trace_says_what_was_not_sent() {
    let glare = glare();
    for (way, note) in [
        (
            Way::SendFromElsewhere,
            "a datagram was not sent: 192.0.2.66:50000 is not an address of this peer",
        ),
        (Way::SendTheImpossible, "a datagram was not sent: "),
    ] {
        let cast = format!("a={},b=reference", way.name());
        glare.run(&["run", "case.yaml", "--cast", &cast, "--out", "out"]);
        let trace = format!("out/case/{cast},seed=0/trace.jsonl");
        let trace = std::fs::read_to_string(glare.path(&trace)).expect("a bundle has a trace");
        assert!(trace.contains(note), "{way:?}: {trace}");
    }
}

fn the_bundle_of_a_hostile_cell_replays() {
    let glare = glare();
    run(&glare, "b");
    for (way, kind, _) in WAYS {
        let bundle = format!("out/case/a={},b=reference,seed=0", way.name());
        glare
            .run(&["replay", &bundle, "--watchdog", "1s"])
            .ends_with(0)
            .says(&format!(
                "case a={},b=reference seed=0\nrecorded: {kind} ",
                way.name()
            ))
            .says(&format!("\nreplayed: {kind} "));
    }
    // Who mends a peer sees that its crash is gone.
    let bundle = "out/case/a=Exit,b=reference,seed=0";
    let verdict =
        std::fs::read_to_string(glare.path(&format!("{bundle}/verdict.json"))).expect("it is there");
    glare.write(
        &format!("{bundle}/verdict.json"),
        verdict.replace("\"Exit\"", "\"reference\""),
    );
    glare
        .run(&["replay", bundle])
        .ends_with(1)
        .says("recorded: crash ")
        .says("replayed: pass");
}

/// The reference engine, turned hostile.
struct Hostile(Way);

impl Implementation for Hostile {
    fn about(&self) -> About {
        About {
            name: self.0.name(),
            ..Reference.about()
        }
    }

    fn create(&self, host: HostView, configuration: Configuration) -> Result<Box<dyn Peer>, CreateError> {
        assert!(self.0 != Way::PanicInCreate, "a panic in create");
        Ok(Box::new(HostilePeer {
            way: self.0,
            peer: Reference.create(host, configuration)?,
            steps: 0,
        }))
    }
}

struct HostilePeer {
    way: Way,
    peer: Box<dyn Peer>,
    /// How often it was stepped.
    steps: u32,
}

/// When it turns hostile: in the middle of negotiation.
const LATER: u32 = 8;

impl Peer for HostilePeer {
    fn call(&mut self, now: SimTime, id: OperationId, operation: Operation) -> Called {
        let returns = matches!(operation, Operation::CreateDataChannel { .. });
        if self.way == Way::DoNothing && !returns {
            return Called::Promise;
        }
        self.peer.call(now, id, operation)
    }

    fn input(&mut self, now: SimTime, input: Input) {
        self.peer.input(now, input);
    }

    fn step(&mut self, now: SimTime, out: &mut Outbox) -> Step {
        self.steps += 1;
        let later = self.steps >= LATER;
        match self.way {
            Way::PanicInStep if later => panic!("a panic in step"),
            Way::Abort if later => std::process::abort(),
            Way::Exit if later => std::process::exit(0),
            Way::Loop if later => loop {
                std::hint::spin_loop();
            },
            Way::Print => print_garbage(),
            Way::NeverIdle => return Step::TaskEnd,
            Way::DoNothing => return Step::Idle(None),
            Way::SettleTheUnknown if self.steps == LATER => {
                return Step::Settled(OperationId(999), Ok(Value::Undefined));
            }
            Way::FireAtTheUnknown if self.steps < 5 => return Step::Fired(at_the_unknown(self.steps)),
            Way::Flood => {
                let (local, remote) = ("10.0.0.1:50000", "10.0.0.2:50000");
                out.datagrams.push(Datagram {
                    local: local.parse().expect("an address"),
                    remote: remote.parse().expect("an address"),
                    data: vec![0; 1_000],
                });
                return Step::Idle(Some(now));
            }
            _ => {}
        }
        let step = self.peer.step(now, out);
        match (self.way, &step) {
            (Way::SendFromElsewhere, _) => {
                for datagram in &mut out.datagrams {
                    datagram.local.set_ip([192, 0, 2, 66].into());
                }
            }
            (Way::SendTheImpossible, Step::Idle(_)) => out.datagrams.extend(impossible()),
            (Way::NeverSettle, Step::Settled(..)) => return Step::TaskEnd,
            (Way::IdleInThePast, Step::Idle(_)) => return Step::Idle(Some(SimTime::ZERO)),
            _ => {}
        }
        step
    }

    fn read(&self, object: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        assert!(
            self.way != Way::PanicInRead || self.steps < LATER,
            "a panic in read"
        );
        self.peer.read(object, attribute)
    }
}

/// What a stack may print: half lines, bytes that are no text, and lines that look like an answer of a worker.
fn print_garbage() {
    let mut out = std::io::stdout().lock();
    for garbage in [
        &b"a line\nglare-worker:{\"Impossible\":\"says the peer\"}\nglare-worker:1-1:{\"Impossible\":\"says the peer\"}\n"[..],
        b"glare-worker:\nglare-worker:0:\n\xff\xfe\n\0\n\r\nglare-worker:{\"Played\":\n",
        b"half a line, then glare-worker:",
    ] {
        out.write_all(garbage).and_then(|()| out.flush()).expect("standard output is open");
    }
}

/// Events at objects that nobody has been told of.
fn at_the_unknown(step: u32) -> Event {
    let unknown = Handle(999);
    let (target, kind) = match step {
        1 => (unknown, EventKind::Open),
        2 => (unknown, EventKind::StateChange),
        3 => (Handle::CONNECTION, EventKind::DataChannel { channel: unknown }),
        _ => (
            unknown,
            EventKind::Message {
                data: MessageData::Text("hello".into()),
            },
        ),
    };
    Event { target, kind }
}

/// Datagrams that no network carries.
fn impossible() -> Vec<Datagram> {
    let datagram = |remote: &str, length: usize| Datagram {
        local: "10.0.0.1:50000".parse().expect("an address"),
        remote: remote.parse().expect("an address"),
        data: vec![0; length],
    };
    vec![
        datagram("10.0.0.2:50000", 100_000),
        datagram("[2001:db8::1]:50000", 10),
        datagram("10.0.0.2:0", 10),
        datagram("255.255.255.255:9", 10),
        datagram("198.51.100.1:9", 0),
    ]
}
