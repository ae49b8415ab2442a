use super::*;
use crate::{HostId, HostPlan, Key, LinkPlan, LinkProperties, Network, NetworkEvent, Schedule, Topology};

/// Two hosts, here and there, with TCP each, on one link.
struct World {
    network: Network,
    stacks: [TcpStack; 2],
    schedule: Schedule<Due>,
    timers: [Option<Key>; 2],
    events: [Vec<TcpEvent>; 2],
    packets: Vec<Vec<u8>>,
    now: SimTime,
}

enum Due {
    Arrival(NetworkEvent),
    Timer,
}

const HERE: usize = 0;
const THERE: usize = 1;

impl World {
    fn new(seed: u64, properties: LinkProperties) -> World {
        let addresses = [
            vec!["10.0.0.1", "fd00::1"],
            vec!["10.0.0.2", "10.0.0.3", "fd00::2"],
        ]
        .map(|all| {
            all.iter()
                .map(|text| text.parse().unwrap())
                .collect::<Vec<IpAddr>>()
        });
        let topology = Topology {
            hosts: ["here", "there"]
                .iter()
                .zip(&addresses)
                .map(|(name, addresses)| HostPlan {
                    name: (*name).to_owned(),
                    addresses: addresses.clone(),
                })
                .collect(),
            links: vec![LinkPlan {
                name: "path".to_owned(),
                between: ["here".to_owned(), "there".to_owned()],
                forward: properties,
                backward: properties,
            }],
        };
        World {
            network: Network::new(&topology, seed).unwrap(),
            stacks: [
                TcpStack::new(&addresses[0], seed),
                TcpStack::new(&addresses[1], seed + 1),
            ],
            schedule: Schedule::new(),
            timers: [None; 2],
            events: Default::default(),
            packets: Vec::new(),
            now: SimTime::ZERO,
        }
    }

    fn ideal() -> World {
        World::new(1, LinkProperties::default())
    }

    fn lossy(seed: u64, loss: f64) -> World {
        let jitter = Duration::from_millis(5);
        World::new(
            seed,
            LinkProperties {
                loss,
                jitter,
                reorder: true,
                ..LinkProperties::default()
            },
        )
    }

    /// Lets both hosts do what is due, and takes what comes of it.
    fn pump(&mut self) {
        for host in [HERE, THERE] {
            let stack = &mut self.stacks[host];
            stack.poll(self.now);
            while let Some(event) = stack.take_event() {
                self.events[host].push(event);
            }
            while let Some(packet) = stack.take_packet() {
                self.packets.push(packet.clone());
                let schedule = &mut self.schedule;
                self.network
                    .send(self.now, HostId(host as u32), packet, &mut |at, event| {
                        schedule.at(at, Due::Arrival(event));
                    });
            }
            if let Some(timer) = self.timers[host].take() {
                self.schedule.cancel(timer);
            }
            let deadline = self.stacks[host].deadline(self.now);
            self.timers[host] = deadline.map(|at| self.schedule.at(at, Due::Timer));
        }
    }

    /// Goes on until nothing is due before `seconds`.
    fn run(&mut self, seconds: u64) {
        self.pump();
        while self
            .schedule
            .next_time()
            .is_some_and(|at| at <= SimTime::from_millis(seconds * 1_000))
        {
            let (at, due) = self.schedule.pop().unwrap();
            self.now = at;
            if let Due::Arrival(event) = due {
                let delivery = self.network.handle(at, event).unwrap();
                self.stacks[delivery.host.0 as usize].packet(at, delivery.packet);
            }
            self.pump();
        }
    }

    fn received(&self, host: usize, of: TcpId) -> Vec<u8> {
        let data = self.events[host].iter().filter_map(|event| match event {
            TcpEvent::Received { connection, data } if *connection == of => Some(data),
            _ => None,
        });
        data.flatten().copied().collect()
    }

    fn accepted(&self, host: usize) -> Vec<TcpId> {
        let ids = self.events[host].iter().filter_map(|event| match event {
            TcpEvent::Accepted { connection, .. } => Some(*connection),
            _ => None,
        });
        ids.collect()
    }

    fn closed(&self, host: usize, connection: TcpId) -> bool {
        self.events[host].contains(&TcpEvent::Closed { connection })
    }
}

fn at(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[test]
fn what_is_sent_on_a_connection_arrives_over_both_versions_of_ip_and_at_every_address() {
    for (from, to) in [
        ("10.0.0.1:0", "10.0.0.2:3478"),
        ("10.0.0.1:0", "10.0.0.3:3478"),
        ("[fd00::1]:0", "[fd00::2]:3478"),
    ] {
        let mut world = World::ideal();
        let listener = world.stacks[THERE].listen(at(to)).unwrap();
        let connection = world.stacks[HERE].connect(at(from), at(to)).unwrap();
        world.stacks[HERE].send(connection, b"before it is open").unwrap();
        world.run(1);
        let [accepted] = world.accepted(THERE)[..] else {
            panic!("{:?}", world.events);
        };
        let TcpEvent::Connected { local, .. } = world.events[HERE][0] else {
            panic!("{:?}", world.events);
        };
        assert!(EPHEMERAL_PORTS.contains(&local.port()));
        assert_eq!(
            world.events[THERE][0],
            TcpEvent::Accepted {
                listener,
                connection: accepted,
                local: at(to),
                remote: local
            }
        );
        assert_eq!(world.received(THERE, accepted), b"before it is open");
        world.stacks[THERE].send(accepted, b"back").unwrap();
        world.run(2);
        assert_eq!(world.received(HERE, connection), b"back");
    }
}

#[test]
fn a_connection_that_one_side_closes_closes_at_the_other_after_all_data_and_leaves_nothing_behind() {
    let mut world = World::ideal();
    world.stacks[THERE].listen(at("10.0.0.2:80")).unwrap();
    let connection = world.stacks[HERE]
        .connect(at("10.0.0.1:0"), at("10.0.0.2:80"))
        .unwrap();
    world.run(1);
    world.stacks[HERE].send(connection, &[7; 200_000]).unwrap();
    world.stacks[HERE].close(connection);
    assert_eq!(
        world.stacks[HERE].send(connection, b"more"),
        Err(TcpError::NotOpen)
    );
    world.run(60);
    let accepted = world.accepted(THERE)[0];
    assert_eq!(world.received(THERE, accepted).len(), 200_000);
    assert_eq!(
        world.events[THERE].last(),
        Some(&TcpEvent::Closed { connection: accepted })
    );
    assert!(!world.closed(HERE, connection), "nothing comes after a close");
    assert!(world.stacks[HERE].is_idle());
    assert!(world.stacks[THERE].connections.is_empty());
}

#[test]
fn a_connection_to_a_port_where_nobody_listens_is_refused_at_once() {
    let mut world = World::ideal();
    let connection = world.stacks[HERE]
        .connect(at("10.0.0.1:0"), at("10.0.0.2:80"))
        .unwrap();
    world.run(1);
    assert_eq!(world.events[HERE], [TcpEvent::Closed { connection }]);
    assert_eq!(world.packets.len(), 2, "a SYN and a reset");
    assert!(world.stacks[HERE].is_idle() && world.stacks[THERE].is_idle());
}

#[test]
fn a_connection_to_a_silent_host_gives_up_after_the_time_out() {
    let mut world = World::new(
        1,
        LinkProperties {
            outage: true,
            ..LinkProperties::default()
        },
    );
    let connection = world.stacks[HERE]
        .connect(at("10.0.0.1:0"), at("10.0.0.2:80"))
        .unwrap();
    world.run(TIMEOUT.as_secs() - 1);
    assert_eq!(world.events[HERE], []);
    world.run(TIMEOUT.as_secs() + 5);
    assert_eq!(world.events[HERE], [TcpEvent::Closed { connection }]);
}

#[test]
fn a_connection_may_be_idle_and_is_given_up_when_its_end_is_not_acknowledged() {
    let mut world = World::ideal();
    world.stacks[THERE].listen(at("10.0.0.2:80")).unwrap();
    let connection = world.stacks[HERE]
        .connect(at("10.0.0.1:0"), at("10.0.0.2:80"))
        .unwrap();
    world.run(1);
    world.now = SimTime::from_millis(500_000);
    world.stacks[HERE].send(connection, b"still there").unwrap();
    world.run(501);
    let accepted = world.accepted(THERE)[0];
    assert_eq!(world.received(THERE, accepted), b"still there");
    world.network.set_down(HostId(1), true);
    world.stacks[HERE].close(connection);
    world.run(501 + TIMEOUT.as_secs());
    assert!(world.stacks[HERE].is_idle());
    assert!(!world.closed(THERE, accepted), "nobody told it");
}

#[test]
fn a_reset_closes_the_other_side() {
    let mut world = World::ideal();
    world.stacks[THERE].listen(at("10.0.0.2:80")).unwrap();
    let connection = world.stacks[HERE]
        .connect(at("10.0.0.1:0"), at("10.0.0.2:80"))
        .unwrap();
    world.run(1);
    world.stacks[HERE].abort(connection);
    world.run(2);
    assert!(world.closed(THERE, world.accepted(THERE)[0]));
    assert!(world.stacks[HERE].is_idle());
}

#[test]
fn connections_that_come_at_one_moment_are_all_accepted() {
    let mut world = World::ideal();
    world.stacks[THERE].listen(at("10.0.0.2:80")).unwrap();
    for _ in 0..20 {
        world.stacks[HERE]
            .connect(at("10.0.0.1:0"), at("10.0.0.2:80"))
            .unwrap();
    }
    world.run(1);
    assert_eq!(world.accepted(THERE).len(), 20);
}

#[test]
fn both_sides_may_connect_to_each_other_at_once() {
    let mut world = World::ideal();
    let (one, other) = (at("10.0.0.1:5000"), at("10.0.0.2:6000"));
    let here = world.stacks[HERE].connect(one, other).unwrap();
    let there = world.stacks[THERE].connect(other, one).unwrap();
    world.run(5);
    world.stacks[HERE].send(here, b"hello").unwrap();
    world.run(6);
    assert_eq!(world.received(THERE, there), b"hello", "RFC 9293 section 3.5");
}

#[test]
fn loss_and_reordering_delay_what_is_sent_and_lose_nothing_of_it() {
    for seed in 0..20 {
        let mut world = World::lossy(seed, 0.05);
        world.stacks[THERE].listen(at("10.0.0.2:80")).unwrap();
        let connection = world.stacks[HERE]
            .connect(at("10.0.0.1:0"), at("10.0.0.2:80"))
            .unwrap();
        world.run(20);
        let [accepted] = world.accepted(THERE)[..] else {
            panic!("seed {seed}: {:?}", world.events);
        };
        let data: Vec<u8> = (0..100_000_u32).map(|n| (n % 251) as u8).collect();
        world.stacks[HERE].send(connection, &data).unwrap();
        world.stacks[THERE].send(accepted, &data).unwrap();
        world.run(400);
        assert!(world.received(THERE, accepted) == data, "seed {seed}, forth");
        assert!(world.received(HERE, connection) == data, "seed {seed}, back");
    }
}

#[test]
fn a_seed_gives_the_same_packets_and_another_gives_others() {
    let packets = |seed| {
        let mut world = World::lossy(seed, 0.05);
        world.stacks[THERE].listen(at("10.0.0.2:80")).unwrap();
        let connection = world.stacks[HERE]
            .connect(at("10.0.0.1:0"), at("10.0.0.2:80"))
            .unwrap();
        world.stacks[HERE].send(connection, &[1; 50_000]).unwrap();
        world.run(60);
        world.packets
    };
    assert!(packets(3) == packets(3));
    assert!(packets(3)[0] != packets(4)[0]);
}

#[test]
fn what_waits_to_be_sent_is_bounded() {
    let mut world = World::ideal();
    let connection = world.stacks[HERE]
        .connect(at("10.0.0.1:0"), at("10.0.0.2:80"))
        .unwrap();
    world.stacks[HERE].send(connection, &vec![0; SEND_LIMIT]).unwrap();
    assert_eq!(world.stacks[HERE].send(connection, b"x"), Err(TcpError::Full));
}

#[test]
fn connections_and_listeners_are_bounded() {
    let mut world = World::ideal();
    world.stacks[THERE].listen(at("10.0.0.2:80")).unwrap();
    for _ in 0..MAX_SOCKETS {
        world.stacks[HERE]
            .connect(at("10.0.0.1:0"), at("10.0.0.2:80"))
            .unwrap();
    }
    let connect = world.stacks[HERE].connect(at("10.0.0.1:0"), at("10.0.0.2:80"));
    assert_eq!(connect, Err(TcpError::TooMany));
    world.run(5);
    assert!(world.stacks[THERE].connections.len() < MAX_SOCKETS);
    assert_eq!(world.accepted(THERE).len(), MAX_SOCKETS - 1);
}

#[test]
fn errors_say_what_is_wrong() {
    let mut world = World::ideal();
    let stack = &mut world.stacks[HERE];
    let error = |error: TcpError| error.to_string();
    assert_eq!(
        error(stack.listen(at("10.0.0.9:80")).unwrap_err()),
        "10.0.0.9:80 is not an address of this host"
    );
    stack.listen(at("10.0.0.1:80")).unwrap();
    assert_eq!(
        error(stack.listen(at("10.0.0.1:80")).unwrap_err()),
        "10.0.0.1:80 is in use"
    );
    assert_eq!(
        error(stack.connect(at("10.0.0.1:0"), at("[fd00::2]:80")).unwrap_err())
            .replace(|c: char| c.is_ascii_digit(), "n"),
        "nothing can connect from nn.n.n.n:nnnnn to [fdnn::n]:nn"
    );
    assert!(stack.connect(at("10.0.0.1:0"), at("10.0.0.2:0")).is_err());
}

#[test]
fn no_packet_makes_it_panic() {
    let mut world = World::ideal();
    world.stacks[THERE].listen(at("10.0.0.2:80")).unwrap();
    world.stacks[HERE]
        .connect(at("10.0.0.1:0"), at("10.0.0.2:80"))
        .unwrap();
    world.run(1);
    let seen = world.packets.clone();
    let mut rng = Rng::with_seed(9);
    for _ in 0..20_000 {
        let mut packet = seen[rng.usize(0..seen.len())].clone();
        for _ in 0..rng.usize(1..6) {
            let index = rng.usize(0..packet.len());
            packet[index] = rng.u8(..);
        }
        packet.truncate(rng.usize(0..=packet.len()));
        world.stacks[THERE].packet(world.now, packet);
        while world.stacks[THERE].take_packet().is_some() {}
        while world.stacks[THERE].take_event().is_some() {}
    }
}
