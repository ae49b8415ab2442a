//! How many packets of 1000 bytes go through a network with one link of 50 ms in a second of wall-clock time.

use std::hint::black_box;
use std::time::Duration;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use glare_net::{
    HostId, HostPlan, LinkPlan, LinkProperties, Network, NetworkEvent, Schedule, Topology, build_udp,
};
use glare_peer::SimTime;

const PACKETS: u64 = 100_000;
/// Bytes of an IP packet.
const LENGTH: usize = 1000;
/// 0.8 Gbit/s: 5000 packets are under way at any time.
const INTERVAL: Duration = Duration::from_micros(10);

fn packets(criterion: &mut Criterion) {
    let delay = LinkProperties {
        delay: Duration::from_millis(50),
        ..LinkProperties::default()
    };
    let loss_and_queue = LinkProperties {
        jitter: Duration::from_millis(5),
        loss: 0.02,
        rate: Some(1_000_000_000),
        queue: Some(256_000),
        ..delay
    };
    let mut group = criterion.benchmark_group("packets");
    group.throughput(Throughput::Elements(PACKETS)).sample_size(20);
    for (name, properties, captured) in [
        ("delay", delay, false),
        ("delay, loss and queue", loss_and_queue, false),
        ("delay, loss, queue and capture", loss_and_queue, true),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || {
                    let mut network = Network::new(&two_hosts(properties), 1).expect("the topology is right");
                    if captured {
                        network.start_capture(Duration::ZERO);
                    }
                    network
                },
                stream,
                BatchSize::PerIteration,
            );
        });
    }
    group.finish();
}

/// What happens in the stream.
enum Event {
    Send(u64),
    Network(NetworkEvent),
}

/// Sends the packets at their interval and receives them, as a run does: built anew each, one heap for everything, each
/// fate taken.
fn stream(mut network: Network) -> Network {
    let source = (network.addresses(HostId(0))[0], 1).into();
    let destination = (network.addresses(HostId(1))[0], 2).into();
    let mut payload = [0; LENGTH - 28];
    let mut schedule = Schedule::new();
    schedule.at(SimTime::ZERO, Event::Send(0));
    while let Some((now, event)) = schedule.pop() {
        match event {
            Event::Send(PACKETS) => {}
            Event::Send(number) => {
                payload[..8].copy_from_slice(&number.to_be_bytes());
                let packet = build_udp(source, destination, &payload).expect("the payload fits");
                network.send(now, HostId(0), packet, &mut |at, event| {
                    schedule.at(at, Event::Network(event));
                });
                schedule.at(now + INTERVAL, Event::Send(number + 1));
            }
            Event::Network(event) => {
                black_box(network.handle(now, event));
            }
        }
        black_box(network.take_fates());
    }
    network
}

fn two_hosts(properties: LinkProperties) -> Topology {
    Topology {
        hosts: ["here", "there"]
            .map(|name| HostPlan {
                name: name.to_owned(),
                addresses: Vec::new(),
            })
            .into(),
        links: vec![LinkPlan {
            name: "path".to_owned(),
            between: ["here".to_owned(), "there".to_owned()],
            forward: properties,
            backward: properties,
        }],
    }
}

criterion_group!(benches, packets);
criterion_main!(benches);
