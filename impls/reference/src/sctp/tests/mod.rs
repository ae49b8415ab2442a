//! Two associations and a link between them, over virtual time.

mod closing;
mod hostile;
mod messages;

use std::time::Duration;

use glare_peer::{MessageData, SimTime};

use super::*;
use crate::dtls::DtlsRole;

const DELAY: Duration = Duration::from_millis(20);
const LIMIT: usize = 262_144;

fn channel(label: &str) -> ChannelParameters {
    ChannelParameters {
        label: label.into(),
        protocol: String::new(),
        ordered: true,
        max_retransmits: None,
        max_packet_life_time: None,
        priority: 256,
    }
}

fn text(text: &str) -> MessageData {
    MessageData::Text(text.into())
}

fn binary(bytes: &[u8]) -> MessageData {
    MessageData::Binary(bytes.into())
}

struct Flying {
    at: SimTime,
    number: u64,
    to: usize,
    packet: Vec<u8>,
}

struct Pair {
    now: SimTime,
    /// The DTLS client, then the server.
    sides: [SctpTransport; 2],
    events: [Vec<SctpEvent>; 2],
    flying: Vec<Flying>,
    sent: Vec<(SimTime, usize, Vec<u8>)>,
    loss: f64,
    /// Up to this much is added to the delay of each packet, so that packets overtake one another.
    jitter: Duration,
    rng: fastrand::Rng,
}

impl Pair {
    fn new(seed: u64) -> Pair {
        let side = |index, role| SctpTransport::new(seed * 2 + index, LIMIT, 5000, 5000, role, SimTime::ZERO);
        Pair {
            now: SimTime::ZERO,
            sides: [side(0, DtlsRole::Client), side(1, DtlsRole::Server)],
            events: Default::default(),
            flying: Vec::new(),
            sent: Vec::new(),
            loss: 0.0,
            jitter: Duration::ZERO,
            rng: fastrand::Rng::with_seed(seed ^ 0xA5A5),
        }
    }

    fn connected(seed: u64) -> Pair {
        let mut pair = Pair::new(seed);
        for side in 0..2 {
            pair.on(side, |transport, now| transport.connect(now));
        }
        pair.run(Duration::from_secs(1));
        assert_eq!(pair.take(), [[SctpEvent::Connected], [SctpEvent::Connected]]);
        pair
    }

    /// With a channel on stream 0 that the client opened.
    fn with_channel(seed: u64, channel: ChannelParameters) -> Pair {
        let mut pair = Pair::connected(seed);
        pair.open(0, 0, channel.clone());
        pair.run(Duration::from_secs(1));
        let opened = SctpEvent::Opened {
            stream: 0,
            parameters: channel,
        };
        assert_eq!(pair.take(), [[SctpEvent::Acknowledged { stream: 0 }], [opened]]);
        pair
    }

    fn on<R>(&mut self, side: usize, act: impl FnOnce(&mut SctpTransport, SimTime) -> R) -> R {
        let result = act(&mut self.sides[side], self.now);
        self.collect();
        result
    }

    fn open(&mut self, side: usize, stream: u16, channel: ChannelParameters) {
        self.on(side, |transport, now| transport.open(now, stream, channel, false))
            .unwrap();
    }

    fn send(&mut self, side: usize, stream: u16, data: &MessageData) {
        self.on(side, |transport, now| transport.send(now, stream, data))
            .unwrap();
    }

    fn close(&mut self, side: usize, stream: u16) {
        self.on(side, |transport, now| transport.close_stream(now, stream));
    }

    fn collect(&mut self) {
        for side in 0..2 {
            while let Some(packet) = self.sides[side].transmit() {
                assert!(packet.len() <= 1160, "a packet of {} bytes", packet.len());
                self.sent.push((self.now, side, packet.clone()));
                if self.rng.f64() >= self.loss {
                    let at = self.now + DELAY + self.jitter.mul_f64(self.rng.f64());
                    self.flying.push(Flying {
                        at,
                        number: self.sent.len() as u64,
                        to: 1 - side,
                        packet,
                    });
                }
            }
            while let Some(event) = self.sides[side].event() {
                self.events[side].push(event);
            }
        }
    }

    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        for _ in 0..100_000 {
            let next = self
                .flying
                .iter()
                .enumerate()
                .min_by_key(|(_, flying)| (flying.at, flying.number));
            let arrival = next.map(|(index, flying)| (flying.at, index));
            let timer = self.sides.iter().filter_map(SctpTransport::deadline).min();
            match (arrival, timer) {
                (Some((at, index)), timer) if timer.is_none_or(|timer| at <= timer) && at <= end => {
                    self.now = at;
                    let Flying { to, packet, .. } = self.flying.remove(index);
                    self.on(to, |transport, now| transport.input(now, &packet));
                }
                (_, Some(at)) if at <= end => {
                    assert!(at >= self.now, "a deadline in the past");
                    self.now = at;
                    for side in 0..2 {
                        self.on(side, |transport, now| transport.advance(now));
                    }
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("it does not come to rest");
    }

    fn take(&mut self) -> [Vec<SctpEvent>; 2] {
        std::mem::take(&mut self.events)
    }

    /// The messages that have arrived at a side since last asked.
    fn messages(&mut self, side: usize) -> Vec<MessageData> {
        let message = |event| match event {
            SctpEvent::Message { data, .. } => Some(data),
            _ => None,
        };
        std::mem::take(&mut self.events[side])
            .into_iter()
            .filter_map(message)
            .collect()
    }
}

fn closed_by_remote(stream: u16) -> SctpEvent {
    SctpEvent::StreamClosedByRemote { stream }
}

fn reset(stream: u16) -> SctpEvent {
    SctpEvent::StreamReset { stream }
}
