//! One direction of a link: what it does to a packet.

use std::collections::VecDeque;
use std::time::Duration;

use fastrand::Rng;
use glare_peer::SimTime;

use crate::fate::{DropReason, mix};
use crate::packet::Protocol;
use crate::topology::{LinkProperties, Way};

/// One direction of a link.
#[derive(Debug)]
pub(crate) struct Lane {
    pub properties: LinkProperties,
    rng: Rng,
    /// When the last packet that was let in has left the sender.
    free_at: SimTime,
    /// Packets that wait to leave: when each starts to, and its bytes.
    waiting: VecDeque<(SimTime, u64)>,
    waiting_bytes: u64,
    last_arrival: SimTime,
}

impl Lane {
    pub fn new(properties: LinkProperties, seed: u64, link: &str, way: Way) -> Lane {
        Lane {
            properties,
            rng: Rng::with_seed(lane_seed(seed, link, way)),
            free_at: SimTime::ZERO,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            last_arrival: SimTime::ZERO,
        }
    }

    /// Decides when a packet of `length` bytes, sent at `now`, arrives.
    pub fn decide(
        &mut self,
        now: SimTime,
        length: u64,
        protocol: Option<Protocol>,
    ) -> Result<SimTime, DropReason> {
        // Drawn whether needed or not: what one packet meets then does not depend on what those before it met, nor on
        // whether their fates were forced.
        let draws = Draws::next(&mut self.rng);
        let properties = self.properties;
        if properties.outage {
            return Err(DropReason::Outage);
        }
        let blocked = match protocol {
            Some(Protocol::Udp) => properties.blocks.udp,
            Some(Protocol::Tcp) => properties.blocks.tcp,
            None => false,
        };
        if blocked {
            return Err(DropReason::Blocked);
        }
        let left = self.leave(now, length)?;
        if draws.loss < properties.loss {
            return Err(DropReason::Loss);
        }
        let mut arrival = left + draws.delay(&properties);
        if !properties.reorder {
            arrival = arrival.max(self.last_arrival);
        }
        self.last_arrival = self.last_arrival.max(arrival);
        Ok(arrival)
    }

    /// A packet whose fate is forced: it spends as much chance as another, and those after it do not overtake it.
    pub fn forced(&mut self, outcome: Result<SimTime, DropReason>) -> Result<SimTime, DropReason> {
        Draws::next(&mut self.rng);
        if let Ok(arrival) = outcome {
            self.last_arrival = self.last_arrival.max(arrival);
        }
        outcome
    }

    /// Queue and rate: when the packet has left the sender with its last bit.
    fn leave(&mut self, now: SimTime, length: u64) -> Result<SimTime, DropReason> {
        let Some(rate) = self.properties.rate else {
            return Ok(now);
        };
        while let Some(&(start, bytes)) = self.waiting.front()
            && start <= now
        {
            self.waiting.pop_front();
            self.waiting_bytes -= bytes;
        }
        let start = self.free_at.max(now);
        if start > now {
            let would_wait = self.waiting_bytes.saturating_add(length);
            if self.properties.queue.is_some_and(|limit| would_wait > limit) {
                return Err(DropReason::Queue);
            }
            self.waiting.push_back((start, length));
            self.waiting_bytes = would_wait;
        }
        self.free_at = start + time_to_send(length, rate);
        Ok(self.free_at)
    }
}

/// The chance of one packet: always as much.
struct Draws {
    /// Uniform in 0..1.
    loss: f64,
    jitter: u64,
}

impl Draws {
    fn next(rng: &mut Rng) -> Draws {
        // 53 bits are what an f64 between 0 and 1 can hold.
        let loss = (rng.u64(..) >> 11) as f64 / (1u64 << 53) as f64;
        Draws {
            loss,
            jitter: rng.u64(..),
        }
    }

    /// Uniform in `delay - jitter ..= delay + jitter`, in whole nanoseconds.
    fn delay(&self, properties: &LinkProperties) -> Duration {
        let span = 2 * properties.jitter.as_nanos() + 1;
        // The properties were checked to fit: a year of delay is 2^55 ns.
        let offset = (u128::from(self.jitter) * span) >> 64;
        properties.delay - properties.jitter + Duration::from_nanos(offset as u64)
    }
}

/// The time that `length` bytes take at `rate` bits a second, rounded up to whole nanoseconds.
fn time_to_send(length: u64, rate: u64) -> Duration {
    let nanoseconds = (u128::from(length) * 8 * 1_000_000_000).div_ceil(u128::from(rate));
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
}

/// The seed of a lane's own generator: from the run's seed and the lane's name, so that it stays when links are added.
fn lane_seed(seed: u64, link: &str, way: Way) -> u64 {
    let mut state = mix(seed, 1 + way.index() as u64);
    for byte in link.bytes() {
        state = mix(state, u64::from(byte));
    }
    mix(state, link.len() as u64)
}
