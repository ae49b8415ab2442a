//! Scripts played with peers that use the network and nothing else: names, TCP, and servers over UDP and TCP.

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use glare_oracle::trace::What;
use glare_peer::{
    About, Attribute, Called, Configuration, CreateError, Datagram, Granularity, Handle, HostView,
    Implementation, Input, NetworkRequest, Operation, OperationId, Outbox, Peer, SimTime, Step, TcpSocket,
    Unsupported, Value,
};

use crate::{Cast, Outcome, Play, play};

/// What a peer does with its next `restartIce()`, in order.
#[derive(Debug, Clone)]
enum Act {
    Ask(NetworkRequest),
    Send(&'static str, Vec<u8>),
}

/// An implementation whose peers act by a list and tell what comes of it.
struct Actors {
    acts: Vec<Act>,
    heard: Arc<Mutex<Vec<(u64, Input)>>>,
}

struct Actor {
    acts: VecDeque<Act>,
    due: Vec<Act>,
    host: HostView,
    heard: Arc<Mutex<Vec<(u64, Input)>>>,
}

impl Implementation for Actors {
    fn about(&self) -> About {
        About {
            name: "actor".to_owned(),
            version: "1.0.0".to_owned(),
            granularity: Granularity::Event,
            deterministic: true,
            derived: Vec::new(),
            capabilities: Vec::new(),
        }
    }

    fn create(&self, host: HostView, _: Configuration) -> Result<Box<dyn Peer>, CreateError> {
        Ok(Box::new(Actor {
            acts: self.acts.clone().into(),
            due: Vec::new(),
            host,
            heard: Arc::clone(&self.heard),
        }))
    }
}

impl Peer for Actor {
    fn call(&mut self, _: SimTime, _: OperationId, _: Operation) -> Called {
        self.due.extend(self.acts.pop_front());
        Called::Returned(Value::Undefined)
    }

    fn input(&mut self, now: SimTime, input: Input) {
        let milliseconds = now.as_nanos() / 1_000_000;
        self.heard.lock().unwrap().push((milliseconds, input));
    }

    fn step(&mut self, _: SimTime, out: &mut Outbox) -> Step {
        for act in self.due.drain(..) {
            match act {
                Act::Ask(request) => out.network.push(request),
                Act::Send(to, data) => {
                    let remote: SocketAddr = to.parse().unwrap();
                    let same_version = |address: &&IpAddr| address.is_ipv4() == remote.is_ipv4();
                    let local = *self.host.addresses.iter().find(same_version).unwrap();
                    out.datagrams.push(Datagram {
                        local: SocketAddr::new(local, *self.host.ports.start()),
                        remote,
                        data,
                    });
                }
            }
        }
        Step::Idle(None)
    }

    fn read(&self, _: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        match attribute {
            Attribute::SignalingState => Ok(Value::String("stable".to_owned())),
            other => Err(Unsupported::new(other.to_string())),
        }
    }
}

/// What the peers `a` and `b` heard, by milliseconds, and how the run went.
struct Played {
    a: Vec<(u64, Input)>,
    b: Vec<(u64, Input)>,
    outcome: Outcome,
}

impl Played {
    fn summaries(&self) -> Vec<String> {
        let packets = self.outcome.trace.iter().filter_map(|record| match &record.what {
            What::Packet {
                from,
                to,
                summary,
                dropped,
                ..
            } => {
                let to = to.as_deref().unwrap_or("nowhere");
                let dropped = dropped.as_ref().map_or(String::new(), |why| format!(" ({why})"));
                Some(format!("{from} > {to}: {summary}{dropped}"))
            }
            _ => None,
        });
        packets.collect()
    }

    fn notes(&self) -> Vec<&str> {
        let notes = self.outcome.trace.iter().filter_map(|record| match &record.what {
            What::Note { text, .. } => Some(text.as_str()),
            _ => None,
        });
        notes.collect()
    }
}

/// Plays steps after a head that has more than its peers; each `restartIce()` is the peer's next act.
fn played(head: &str, steps: &[&str], a: Vec<Act>, b: Vec<Act>) -> Played {
    let steps: String = steps.iter().map(|step| format!("  - {step}\n")).collect();
    let text = format!(
        "scenario: test\nspec: [webrtc-pc#close]\npeers: {{ a: {{}}, b: {{}} }}\n{head}\nscript:\n{steps}"
    );
    let scenario = glare_scenario::parse("test.yaml", &text)
        .unwrap_or_else(|error| panic!("{error}"))
        .remove(0);
    let written = glare_scenario::to_yaml(&scenario);
    let again = glare_scenario::parse("test.yaml", &written).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(again, std::slice::from_ref(&scenario), "written: {written}");
    let heard = [Arc::default(), Arc::default()];
    let actors = |acts, heard: &Arc<_>| {
        Arc::new(Actors {
            acts,
            heard: Arc::clone(heard),
        })
    };
    let cast: Cast = vec![
        ("a".to_owned(), actors(a, &heard[0])),
        ("b".to_owned(), actors(b, &heard[1])),
    ];
    let outcome = play(&scenario, &cast, 0, &Play::default());
    assert!(outcome.verdict.departures.is_empty(), "{:?}", outcome.verdict);
    let [a, b] = heard.map(|heard| std::mem::take(&mut *heard.lock().unwrap()));
    Played { a, b, outcome }
}

const ACT_A: &str = "{ call: a.restartIce }";
const ACT_B: &str = "{ call: b.restartIce }";

fn resolve(query: u64, name: &str) -> Act {
    Act::Ask(NetworkRequest::Resolve {
        query,
        name: name.to_owned(),
    })
}

fn resolved(query: u64, addresses: &[&str]) -> Input {
    Input::Resolved {
        query,
        addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
    }
}

/// A Binding request without attributes.
fn binding() -> Vec<u8> {
    let mut request = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
    request.resize(20, 7);
    request
}

#[test]
fn names_of_servers_and_of_the_head_resolve_and_others_to_nothing() {
    let played = played(
        "servers: { stun.example: { addresses: [192.0.2.7, \"2001:db8::7\"] } }\nnames: { other.example: [192.0.2.9] }",
        &[ACT_A, ACT_A, ACT_A, "{ wait: 1s }"],
        vec![
            resolve(1, "STUN.example"),
            resolve(2, "other.example."),
            resolve(3, "nobody.example"),
        ],
        Vec::new(),
    );
    assert_eq!(
        played.a,
        [
            (10, resolved(1, &["192.0.2.7", "2001:db8::7"])),
            (10, resolved(2, &["192.0.2.9"])),
            (10, resolved(3, &[]))
        ]
    );
}

#[test]
fn a_name_of_multicast_dns_resolves_over_the_link_that_hosts_share() {
    let register = Act::Ask(NetworkRequest::Register {
        name: "b.local".to_owned(),
        address: "10.0.0.2".parse().unwrap(),
    });
    let played = played(
        "links: [{ id: path, between: [a, b], delay: 40ms }]",
        &[ACT_B, ACT_A, "{ wait: 10s }"],
        vec![resolve(1, "b.local")],
        vec![register],
    );
    assert_eq!(played.a, [(80, resolved(1, &["10.0.0.2"]))]);
    assert_eq!(
        played.summaries(),
        [
            "a > a: mDNS query",
            "a > b: mDNS query",
            "b > b: mDNS response",
            "b > a: mDNS response",
        ]
    );
}

#[test]
fn a_stun_server_answers_over_udp_unless_the_link_blocks_it_and_over_tcp_then() {
    let head =
        "servers: { stun.example: {} }\nlinks: [{ id: path, between: [a, stun.example], blocks: [udp] }]";
    let connect = Act::Ask(NetworkRequest::TcpConnect {
        socket: TcpSocket(5),
        local: "10.0.0.1:0".parse().unwrap(),
        remote: "192.0.2.1:3478".parse().unwrap(),
    });
    let send = Act::Ask(NetworkRequest::TcpSend {
        socket: TcpSocket(5),
        data: binding(),
    });
    let played = played(
        head,
        &[
            ACT_A,
            ACT_A,
            "{ wait: 1s }",
            ACT_A,
            "{ change: { link: path, blocks: [] } }",
            ACT_A,
            "{ wait: 1s }",
        ],
        vec![
            Act::Send("192.0.2.1:3478", binding()),
            connect,
            send,
            Act::Send("192.0.2.1:3478", binding()),
        ],
        Vec::new(),
    );
    let kinds: Vec<&str> = played
        .a
        .iter()
        .map(|(_, input)| match input {
            Input::TcpConnected { .. } => "connected",
            Input::TcpReceived { data, .. } if data.starts_with(&[1, 1]) => "answer over TCP",
            Input::Datagram(datagram) if datagram.data.starts_with(&[1, 1]) => "answer over UDP",
            _ => "something else",
        })
        .collect();
    assert_eq!(kinds, ["connected", "answer over UDP", "answer over TCP"]);
    let summaries = played.summaries();
    assert_eq!(
        summaries[..4],
        [
            "a > stun.example: STUN binding request (blocked)",
            "a > stun.example: TCP SYN",
            "stun.example > a: TCP SYN-ACK",
            "a > stun.example: TCP ACK",
        ],
    );
    assert!(summaries.contains(&"a > stun.example: TCP: STUN binding request".to_owned()));
}

#[test]
fn a_server_that_is_switched_off_is_silent_and_resets_old_connections_when_it_is_on_again() {
    let connect = Act::Ask(NetworkRequest::TcpConnect {
        socket: TcpSocket(1),
        local: "10.0.0.1:0".parse().unwrap(),
        remote: "192.0.2.1:3478".parse().unwrap(),
    });
    let send = Act::Ask(NetworkRequest::TcpSend {
        socket: TcpSocket(1),
        data: binding(),
    });
    let played = played(
        "servers: { stun.example: {} }",
        &[
            ACT_A,
            "{ wait: 1s }",
            "{ change: { server: stun.example, down: true }, for: 2s }",
            ACT_A,
            "{ wait: 1s }",
            ACT_A,
            "{ wait: 10s }",
        ],
        vec![connect, Act::Send("192.0.2.1:3478", binding()), send],
        Vec::new(),
    );
    let [(_, Input::TcpConnected { .. }), (closed, Input::TcpClosed { .. })] = played.a[..] else {
        panic!("{:?}", played.a);
    };
    assert!((3_000..6_000).contains(&closed), "{closed} ms");
    assert!(
        played
            .summaries()
            .contains(&"a > stun.example: STUN binding request (host down)".to_owned())
    );
}

#[test]
fn peers_connect_to_each_other_over_tcp_and_close() {
    let listen = Act::Ask(NetworkRequest::TcpListen {
        socket: TcpSocket(1),
        local: "[fd00::2]:9".parse().unwrap(),
    });
    let connect = Act::Ask(NetworkRequest::TcpConnect {
        socket: TcpSocket(1),
        local: "[fd00::1]:0".parse().unwrap(),
        remote: "[fd00::2]:9".parse().unwrap(),
    });
    let refused = Act::Ask(NetworkRequest::TcpConnect {
        socket: TcpSocket(2),
        local: "10.0.0.1:0".parse().unwrap(),
        remote: "10.0.0.2:9".parse().unwrap(),
    });
    let send = Act::Ask(NetworkRequest::TcpSend {
        socket: TcpSocket(1),
        data: b"hello".to_vec(),
    });
    let close = Act::Ask(NetworkRequest::TcpClose { socket: TcpSocket(1) });
    let head = "hosts: { here: { peers: [a], addresses: [10.0.0.1, \"fd00::1\"] }, there: { peers: [b], addresses: [10.0.0.2, \"fd00::2\"] } }";
    let played = played(
        head,
        &[ACT_B, ACT_A, ACT_A, "{ wait: 1s }", ACT_A, ACT_A, "{ wait: 30s }"],
        vec![connect, refused, send, close],
        vec![listen],
    );
    let [
        (_, Input::TcpAccepted { listener, socket, .. }),
        (_, Input::TcpReceived { socket: on, data }),
        (_, Input::TcpClosed { socket: closed }),
    ] = &played.b[..]
    else {
        panic!("{:?}", played.b);
    };
    assert_eq!(*listener, TcpSocket(1));
    assert!(socket.0 >= 1 << 32 && on == socket && closed == socket);
    assert_eq!(data, b"hello");
    let refused = Input::TcpClosed { socket: TcpSocket(2) };
    assert!(played.a.iter().any(|(_, input)| *input == refused));
}

#[test]
fn what_a_peer_cannot_ask_for_is_noted_and_told() {
    let connect = |socket, local: &str| {
        Act::Ask(NetworkRequest::TcpConnect {
            socket: TcpSocket(socket),
            local: local.parse().unwrap(),
            remote: "10.0.0.2:9".parse().unwrap(),
        })
    };
    let register = Act::Ask(NetworkRequest::Register {
        name: "b.local".to_owned(),
        address: "10.0.0.2".parse().unwrap(),
    });
    let played = played(
        "",
        &[ACT_A, ACT_A, ACT_A, "{ wait: 1s }"],
        vec![connect(1, "10.9.9.9:0"), connect(1 << 32, "10.0.0.1:0"), register],
        Vec::new(),
    );
    let closed = Input::TcpClosed { socket: TcpSocket(1) };
    assert_eq!(played.a, [(0, closed)]);
    assert_eq!(
        played.notes(),
        [
            "TCP: 10.9.9.9:0 is not an address of this host",
            "TcpSocket(4294967296) is no new socket of a peer",
            "a name was not registered: 10.0.0.2 is not an address of this host"
        ]
    );
    assert!(played.b.is_empty());
}
