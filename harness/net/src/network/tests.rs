use super::*;
use crate::packet::build_udp;
use crate::schedule::Schedule;
use crate::topology::Limit;

const fn ms(milliseconds: u64) -> SimTime {
    SimTime::from_millis(milliseconds)
}

const MS: Duration = Duration::from_millis(1);

/// Two hosts, `here` and `there`, with one link called `path` from the first to the second.
fn two_hosts(forward: LinkProperties, backward: LinkProperties) -> Topology {
    Topology {
        hosts: ["here", "there"].map(host).into(),
        links: vec![LinkPlan {
            name: "path".to_owned(),
            between: ["here".to_owned(), "there".to_owned()],
            forward,
            backward,
        }],
    }
}

fn host(name: &str) -> HostPlan {
    HostPlan {
        name: name.to_owned(),
        addresses: Vec::new(),
    }
}

fn delayed(delay: Duration) -> LinkProperties {
    LinkProperties {
        delay,
        ..LinkProperties::default()
    }
}

/// A network with the heap that a run would keep for it.
struct World {
    network: Network,
    schedule: Schedule<NetworkEvent>,
}

impl World {
    fn new(topology: &Topology, seed: u64) -> World {
        World {
            network: Network::new(topology, seed).unwrap(),
            schedule: Schedule::new(),
        }
    }

    fn between(properties: LinkProperties, seed: u64) -> World {
        World::new(&two_hosts(properties, properties), seed)
    }

    fn id(&self, name: &str) -> HostId {
        self.network.host(name).unwrap()
    }

    fn send_bytes(&mut self, now: SimTime, from: &str, packet: Vec<u8>) -> PacketId {
        let from = self.id(from);
        let schedule = &mut self.schedule;
        self.network.send(now, from, packet, &mut |at, event| {
            schedule.at(at, event);
        })
    }

    /// Sends a datagram between the IPv4 addresses of two hosts.
    fn send(&mut self, now: SimTime, from: &str, to: &str, payload: &[u8]) -> PacketId {
        let [source, destination] =
            [from, to].map(|name| (self.network.addresses(self.id(name))[0], 9).into());
        self.send_bytes(now, from, build_udp(source, destination, payload).unwrap())
    }

    /// Everything that arrives, with its time.
    fn drain(&mut self) -> Vec<(SimTime, Delivery)> {
        let mut arrived = Vec::new();
        while let Some((at, event)) = self.schedule.pop() {
            arrived.extend(self.network.handle(at, event).map(|delivery| (at, delivery)));
        }
        arrived
    }

    /// When each packet arrives, in order of arrival.
    fn arrivals(&mut self) -> Vec<(SimTime, PacketId)> {
        self.drain()
            .into_iter()
            .map(|(at, delivery)| (at, delivery.id))
            .collect()
    }

    /// Sends `count` packets of 100 bytes from here to there, one each millisecond, and gives back what became of them.
    fn stream(&mut self, count: u64) -> Vec<Fate> {
        for n in 0..count {
            self.send(ms(n), "here", "there", &n.to_be_bytes().repeat(9));
        }
        self.drain();
        self.network.take_fates()
    }
}

fn dropped(fates: &[Fate], reason: DropReason) -> usize {
    fates
        .iter()
        .filter(|fate| fate.outcome == Outcome::Dropped { reason })
        .count()
}

#[test]
fn a_packet_arrives_unchanged_after_exactly_the_delay() {
    let mut world = World::between(delayed(40 * MS), 1);
    let id = world.send(ms(3), "here", "there", b"glare");
    let arrived = world.drain();
    let [(at, delivery)] = &arrived[..] else {
        panic!("{arrived:?}")
    };
    assert_eq!((*at, delivery.id, delivery.host), (ms(43), id, world.id("there")));
    let packet = packet::parse_udp(&delivery.packet).unwrap();
    assert_eq!(packet.payload, b"glare");
    assert_eq!(packet.source.to_string(), "10.0.1.1:9");
    let [fate] = world.network.take_fates()[..] else {
        panic!()
    };
    assert_eq!(fate.outcome, Outcome::Delivered { at: ms(43) });
    assert_eq!((fate.id, fate.sent, fate.length), (id, ms(3), 33));
    let way = Way::Forward;
    assert_eq!(fate.path, Some(Path::Link { link: LinkId(0), way }));
    assert!(world.network.take_fates().is_empty(), "a fate is handed out once");
}

#[test]
fn both_directions_of_a_link_have_their_own_properties() {
    let mut world = World::new(&two_hosts(delayed(10 * MS), delayed(70 * MS)), 1);
    let forth = world.send(ms(0), "here", "there", b"");
    let back = world.send(ms(0), "there", "here", b"");
    assert_eq!(world.arrivals(), [(ms(10), forth), (ms(70), back)]);
}

#[test]
fn addresses_of_both_versions_are_assigned_and_reached() {
    let mut world = World::between(delayed(MS), 1);
    let there = world.id("there");
    assert_eq!(
        world
            .network
            .addresses(there)
            .iter()
            .map(ToString::to_string)
            .collect::<Vec<_>>(),
        ["10.0.2.1", "fd00::2"]
    );
    let packet = build_udp(
        "[fd00::1]:5".parse().unwrap(),
        "[fd00::2]:6".parse().unwrap(),
        b"six",
    )
    .unwrap();
    world.send_bytes(ms(0), "here", packet.clone());
    let arrived = world.drain();
    assert_eq!((arrived[0].0, arrived[0].1.host), (ms(1), there));
    assert_eq!(arrived[0].1.packet, packet);
}

#[test]
fn jitter_stays_within_its_bounds_and_reaches_both_of_them() {
    let properties = LinkProperties {
        jitter: 5 * MS,
        reorder: true,
        ..delayed(40 * MS)
    };
    let mut world = World::between(properties, 1);
    let delays: Vec<Duration> = world
        .stream(10_000)
        .iter()
        .map(|fate| match fate.outcome {
            Outcome::Delivered { at } => at - fate.sent,
            Outcome::Dropped { reason } => panic!("{reason}"),
        })
        .collect();
    let (least, most) = (delays.iter().min().unwrap(), delays.iter().max().unwrap());
    assert!(*least >= 35 * MS && *most <= 45 * MS, "{least:?} to {most:?}");
    // That none of 10,000 uniform delays is in an outer hundredth has a probability of 2e-44.
    assert!(
        *least < 35 * MS + MS / 10 && *most > 45 * MS - MS / 10,
        "{least:?} to {most:?}"
    );
    // The mean of 10,000 has a standard deviation of 29 microseconds.
    let mean = delays.iter().sum::<Duration>() / 10_000;
    assert!(mean.abs_diff(40 * MS) < MS / 5, "{mean:?}");
}

#[test]
fn packets_keep_their_order_unless_they_may_be_reordered() {
    for reorder in [false, true] {
        let properties = LinkProperties {
            jitter: 20 * MS,
            reorder,
            ..delayed(40 * MS)
        };
        let mut world = World::between(properties, 1);
        for n in 0..1_000 {
            world.send(ms(n), "here", "there", b"");
        }
        let ids: Vec<PacketId> = world.arrivals().into_iter().map(|(_, id)| id).collect();
        assert_eq!(ids.len(), 1_000);
        assert_eq!(ids.is_sorted(), !reorder);
    }
}

#[test]
fn loss_is_as_frequent_as_it_says() {
    // The number lost of 20,000 is binomial. Five standard deviations hold all but one of 1.7 million seeds.
    for (loss, seed) in [(0.01, 1), (0.02, 2), (0.2, 3), (0.5, 4), (0.99, 5)] {
        let properties = LinkProperties {
            loss,
            ..LinkProperties::default()
        };
        let lost = dropped(&World::between(properties, seed).stream(20_000), DropReason::Loss) as f64;
        let (mean, deviation) = (20_000.0 * loss, (20_000.0 * loss * (1.0 - loss)).sqrt());
        assert!(
            (lost - mean).abs() < 5.0 * deviation,
            "{lost} lost at {loss}, seed {seed}"
        );
    }
}

#[test]
fn loss_of_none_and_of_all_is_exact() {
    for (loss, expected) in [(0.0, 0), (1.0, 2_000)] {
        let properties = LinkProperties {
            loss,
            ..LinkProperties::default()
        };
        assert_eq!(
            dropped(&World::between(properties, 1).stream(2_000), DropReason::Loss),
            expected
        );
    }
}

#[test]
fn losses_of_the_two_directions_are_independent() {
    let properties = LinkProperties {
        loss: 0.5,
        ..LinkProperties::default()
    };
    let mut world = World::between(properties, 1);
    for n in 0..10_000 {
        world.send(ms(n), "here", "there", b"");
        world.send(ms(n), "there", "here", b"");
    }
    let fates = world.network.take_fates();
    let alike = fates
        .chunks(2)
        .filter(|pair| dropped(pair, DropReason::Loss) != 1)
        .count();
    // Half of 10,000, give or take five standard deviations of 50.
    assert!(alike.abs_diff(5_000) < 250, "{alike} of 10000 pairs met the same");
}

#[test]
fn a_rate_sends_one_packet_after_the_other() {
    // 128 bytes take 1.024 ms at 1 Mbit/s.
    let properties = LinkProperties {
        rate: Some(1_000_000),
        ..delayed(10 * MS)
    };
    let mut world = World::between(properties, 1);
    for _ in 0..3 {
        world.send(ms(0), "here", "there", &[0; 100]);
    }
    // By now the line is free again.
    world.send(ms(20), "here", "there", &[0; 100]);
    let times: Vec<u64> = world.arrivals().iter().map(|(at, _)| at.as_nanos()).collect();
    assert_eq!(times, [11_024_000, 12_048_000, 13_072_000, 31_024_000]);
}

#[test]
fn a_full_queue_drops_the_packet_that_comes_last() {
    let properties = LinkProperties {
        rate: Some(1_000_000),
        queue: Some(256),
        ..delayed(10 * MS)
    };
    let mut world = World::between(properties, 1);
    let ids: Vec<PacketId> = (0..5)
        .map(|_| world.send(ms(0), "here", "there", &[0; 100]))
        .collect();
    // One on the line, two in the queue; the first leaves after 1.024 ms, and makes room for one.
    let later: Vec<PacketId> = (0..2)
        .map(|_| world.send(SimTime::from_nanos(1_024_000), "here", "there", &[0; 100]))
        .collect();
    let fates = world.network.take_fates();
    let lost: Vec<PacketId> = fates
        .iter()
        .filter(|fate| {
            matches!(
                fate.outcome,
                Outcome::Dropped {
                    reason: DropReason::Queue
                }
            )
        })
        .map(|fate| fate.id)
        .collect();
    assert_eq!(lost, [ids[3], ids[4], later[1]]);
    let last = world.arrivals().pop().unwrap();
    assert_eq!(last, (SimTime::from_nanos(10_000_000 + 4 * 1_024_000), later[0]));
}

#[test]
fn a_queue_of_nothing_still_lets_a_packet_on_a_free_line() {
    let properties = LinkProperties {
        rate: Some(1_000_000),
        queue: Some(0),
        ..LinkProperties::default()
    };
    let mut world = World::between(properties, 1);
    let fates = world.stream(10);
    // 100 bytes take 0.8 ms, and one comes each millisecond.
    assert_eq!(dropped(&fates, DropReason::Queue), 0);
    world.send(ms(100), "here", "there", b"");
    world.send(ms(100), "here", "there", b"");
    assert_eq!(dropped(&world.network.take_fates(), DropReason::Queue), 1);
}

#[test]
fn throughput_over_a_full_queue_is_the_rate() {
    let properties = LinkProperties {
        rate: Some(10_000_000),
        queue: Some(64_000),
        ..delayed(50 * MS)
    };
    let mut world = World::between(properties, 1);
    for n in 0..20_000 {
        // 80 Mbit/s for two seconds.
        world.send(SimTime::from_nanos(n * 100_000), "here", "there", &[0; 972]);
    }
    let arrived = world.arrivals();
    let span = arrived.last().unwrap().0 - arrived[0].0;
    let rate = (arrived.len() - 1) as f64 * 8_000.0 / span.as_secs_f64();
    assert!((rate - 1e7).abs() < 1e3, "{rate} bits a second");
}

#[test]
fn an_outage_drops_what_is_sent_while_it_lasts() {
    let mut world = World::between(delayed(10 * MS), 1);
    let outage = |outage| LinkPatch {
        outage: Some(outage),
        ..LinkPatch::default()
    };
    let before = world.send(ms(0), "here", "there", b"");
    world
        .network
        .change(LinkId(0), Direction::Both, &outage(true))
        .unwrap();
    world.send(ms(1), "here", "there", b"");
    world.send(ms(1), "there", "here", b"");
    world
        .network
        .change(LinkId(0), Direction::Backward, &outage(false))
        .unwrap();
    world.send(ms(2), "here", "there", b"");
    let back = world.send(ms(2), "there", "here", b"");
    world
        .network
        .change(LinkId(0), Direction::Forward, &outage(false))
        .unwrap();
    let after = world.send(ms(3), "here", "there", b"");
    assert_eq!(dropped(&world.network.take_fates(), DropReason::Outage), 3);
    assert_eq!(
        world.arrivals(),
        [(ms(10), before), (ms(12), back), (ms(13), after)]
    );
}

#[test]
fn a_change_meets_packets_sent_after_it_and_not_those_under_way() {
    let mut world = World::between(delayed(50 * MS), 1);
    let faster = LinkPatch {
        delay: Some(20 * MS),
        ..LinkPatch::default()
    };
    let first = world.send(ms(0), "here", "there", b"");
    world
        .network
        .change(LinkId(0), Direction::Forward, &faster)
        .unwrap();
    // Kept behind the first, which is still under way.
    let second = world.send(ms(10), "here", "there", b"");
    let third = world.send(ms(40), "here", "there", b"");
    let back = world.send(ms(40), "there", "here", b"");
    assert_eq!(
        world.arrivals(),
        [(ms(50), first), (ms(50), second), (ms(60), third), (ms(90), back)]
    );
}

#[test]
fn a_limit_can_be_set_and_lifted() {
    let mut world = World::between(delayed(MS), 1);
    let limited = |rate| LinkPatch {
        rate: Some(rate),
        ..LinkPatch::default()
    };
    world
        .network
        .change(LinkId(0), Direction::Both, &limited(Limit::At(8_000)))
        .unwrap();
    assert_eq!(
        world.network.properties(LinkId(0), Way::Backward).rate,
        Some(8_000)
    );
    let slow = world.send(ms(0), "here", "there", &[0; 22]);
    world
        .network
        .change(LinkId(0), Direction::Both, &limited(Limit::Unlimited))
        .unwrap();
    let fast = world.send(ms(100), "here", "there", &[0; 22]);
    assert_eq!(world.arrivals(), [(ms(51), slow), (ms(101), fast)]);
}

#[test]
fn a_change_that_cannot_be_is_refused_whole() {
    let mut world = World::new(&two_hosts(delayed(50 * MS), delayed(5 * MS)), 1);
    let jitter = LinkPatch {
        jitter: Some(10 * MS),
        ..LinkPatch::default()
    };
    let error = world
        .network
        .change(LinkId(0), Direction::Both, &jitter)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "link \"path\", backward: jitter is 10ms, expected at most the delay of 5ms"
    );
    assert_eq!(
        world.network.properties(LinkId(0), Way::Forward).jitter,
        Duration::ZERO
    );
    world
        .network
        .change(LinkId(0), Direction::Forward, &jitter)
        .unwrap();
    assert_eq!(world.network.properties(LinkId(0), Way::Forward).jitter, 10 * MS);
}

#[test]
fn packets_without_a_way_are_dropped_with_the_reason() {
    let mut topology = two_hosts(delayed(MS), delayed(MS));
    topology.hosts.push(host("island"));
    let mut world = World::new(&topology, 1);
    world.send(ms(0), "here", "island", b"");
    let nowhere = build_udp("10.0.1.1:1".parse().unwrap(), "192.0.2.1:1".parse().unwrap(), b"").unwrap();
    world.send_bytes(ms(0), "here", nowhere);
    world.send_bytes(ms(0), "here", b"not a packet".to_vec());
    assert!(world.drain().is_empty());
    let fates = world.network.take_fates();
    let outcomes = fates
        .iter()
        .map(|fate| (fate.to, fate.path, fate.outcome))
        .collect::<Vec<_>>();
    let drop = |to, reason| (to, None, Outcome::Dropped { reason });
    assert_eq!(
        outcomes,
        [
            drop(Some(HostId(2)), DropReason::NoRoute),
            drop(None, DropReason::NoRoute),
            drop(None, DropReason::Malformed)
        ]
    );
}

#[test]
fn a_host_reaches_itself_at_once_whatever_its_links_do() {
    let mut world = World::between(
        LinkProperties {
            outage: true,
            ..LinkProperties::default()
        },
        1,
    );
    let own = world.send(ms(5), "here", "here", b"");
    let loopback = build_udp(
        "127.0.0.1:1".parse().unwrap(),
        "127.0.0.1:2".parse().unwrap(),
        b"",
    )
    .unwrap();
    let local = world.send_bytes(ms(5), "there", loopback);
    assert_eq!(world.arrivals(), [(ms(5), own), (ms(5), local)]);
    let host = HostId(0);
    assert_eq!(world.network.take_fates()[0].path, Some(Path::Loopback { host }));
}

#[test]
fn the_same_seed_gives_the_same_fates_and_another_seed_others() {
    let properties = LinkProperties {
        jitter: 5 * MS,
        loss: 0.3,
        ..delayed(20 * MS)
    };
    let stream = |seed| World::between(properties, seed).stream(500);
    assert_eq!(stream(1), stream(1));
    assert_ne!(stream(1), stream(2));
}

#[test]
fn what_a_link_does_stays_when_another_is_added_before_it() {
    let properties = LinkProperties {
        jitter: 5 * MS,
        loss: 0.3,
        ..delayed(20 * MS)
    };
    let small = two_hosts(properties, properties);
    let mut large = small.clone();
    large.hosts.push(host("other"));
    large.links.insert(
        0,
        LinkPlan {
            name: "detour".to_owned(),
            between: ["there".to_owned(), "other".to_owned()],
            forward: properties,
            backward: properties,
        },
    );
    let outcomes = |topology| {
        let fates = World::new(topology, 1).stream(500);
        fates.into_iter().map(|fate| fate.outcome).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(&small), outcomes(&large));
}

#[test]
fn a_packet_that_nobody_takes_has_a_second_fate() {
    let mut world = World::between(delayed(MS), 1);
    world.send(ms(0), "here", "there", b"");
    let arrived = world.drain();
    world.network.no_listener(&arrived[0].1);
    let fates = world.network.take_fates();
    assert_eq!(fates[0].outcome, Outcome::Delivered { at: ms(1) });
    let reason = DropReason::NoListener;
    assert_eq!(
        fates[1],
        Fate {
            outcome: Outcome::Dropped { reason },
            ..fates[0]
        }
    );
}

mod captured;
mod forced;
