//! One check under way, sent again until it is answered or given up (RFC 8489 section 6.2.1).

use std::net::SocketAddr;
use std::time::Duration;

use glare_peer::SimTime;
use stun_types::message::TransactionId;

use super::Role;
use super::checklist::PairId;
use super::endpoint::Base;

/// Rc of RFC 8489 section 6.2.1: how often a request is sent.
const REQUEST_COUNT: u32 = 7;
/// Rm of RFC 8489 section 6.2.1: how many initial timeouts the last one is waited for.
const LAST_WAIT: u32 = 16;
/// Least initial retransmission timeout (RFC 8445 section 14.3).
pub(super) const MINIMUM_TIMEOUT: Duration = Duration::from_millis(500);

/// How long a transaction with the least timeout lives: 63 of it for the requests, 16 for the last answer. RFC 8863
/// section 4 takes the same span for its timer.
pub(super) const SHORTEST_LIFE: Duration = Duration::from_millis(500 * ((1 << (REQUEST_COUNT - 1)) - 1 + 16));

/// RFC 8445 section 14.3: the initial timeout of a check that leaves while `active` of the `checks` to be performed wait
/// or are in progress. The factor N of the formula is the number of all checks, so the timeout grows with the product.
pub(super) fn initial_timeout(pacing: Duration, checks: u32, active: u32) -> Duration {
    MINIMUM_TIMEOUT.max(pacing.saturating_mul(checks.saturating_mul(active)))
}

/// What a transaction asks of its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing yet.
    Nothing,
    /// Send the request again.
    Retransmit,
    /// No answer came in time.
    TimedOut,
}

/// When a request is sent again, and for how long its answer is waited for.
#[derive(Debug)]
pub(super) struct Schedule {
    sent: SimTime,
    requests: u32,
    timeout: Duration,
    next: SimTime,
    ends: bool,
}

impl Schedule {
    /// RFC 8489 section 6.2.1: for a request that leaves now in a datagram.
    pub(super) fn unreliable(now: SimTime, timeout: Duration) -> Schedule {
        Schedule {
            sent: now,
            requests: 1,
            timeout,
            next: now + timeout,
            ends: false,
        }
    }

    /// RFC 8489 section 6.2.2: for a request that leaves now on a stream; it is not sent again.
    pub(super) fn reliable(now: SimTime) -> Schedule {
        let mut schedule = Schedule::unreliable(now, MINIMUM_TIMEOUT);
        schedule.stop();
        schedule
    }

    /// No more requests are sent; the answer is waited for as long.
    fn stop(&mut self) {
        self.ends = true;
        self.next = self.sent
            + self
                .timeout
                .saturating_mul((1 << (REQUEST_COUNT - 1)) - 1 + LAST_WAIT);
    }

    /// When the first request left.
    pub(super) fn sent(&self) -> SimTime {
        self.sent
    }

    /// How long an answer took, unless it may be to any of several requests.
    pub(super) fn round_trip(&self, now: SimTime) -> Option<Duration> {
        (self.requests == 1).then(|| now.saturating_since(self.sent))
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> SimTime {
        self.next
    }

    /// The intervals double, the last is Rm times the first.
    pub(super) fn advance(&mut self, now: SimTime) -> Due {
        if now < self.next {
            return Due::Nothing;
        }
        if self.ends || self.requests == REQUEST_COUNT {
            return Due::TimedOut;
        }
        self.requests += 1;
        let factor = if self.requests == REQUEST_COUNT {
            LAST_WAIT
        } else {
            1 << (self.requests - 1)
        };
        self.next = now + self.timeout.saturating_mul(factor);
        Due::Retransmit
    }
}

/// A check that waits for its answer.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) id: TransactionId,
    pub(super) sent: Sent,
    pub(super) packet: Vec<u8>,
    pub(super) schedule: Schedule,
    is_cancelled: bool,
}

/// What a request said, to be compared with its answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sent {
    pub(super) pair: PairId,
    pub(super) base: Base,
    pub(super) remote: SocketAddr,
    /// The role the request claimed.
    pub(super) role: Role,
    /// Whether the request carried `USE-CANDIDATE`.
    pub(super) use_candidate: bool,
    /// The `PRIORITY` of the request.
    pub(super) priority: u32,
}

impl Transaction {
    /// A transaction whose first request leaves now.
    pub(super) fn new(
        now: SimTime,
        id: TransactionId,
        sent: Sent,
        packet: Vec<u8>,
        timeout: Duration,
    ) -> Transaction {
        let schedule = if sent.base.is_reliable() {
            Schedule::reliable(now)
        } else {
            Schedule::unreliable(now, timeout)
        };
        Transaction {
            id,
            sent,
            packet,
            schedule,
            is_cancelled: false,
        }
    }

    /// RFC 8445 section 7.3.1.4: no more requests are sent and no answer is no failure, but an answer still counts.
    pub(super) fn cancel(&mut self) {
        self.is_cancelled = true;
        self.schedule.stop();
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.is_cancelled
    }

    /// When something is due.
    pub(super) fn deadline(&self) -> SimTime {
        self.schedule.deadline()
    }

    /// What is due.
    pub(super) fn advance(&mut self, now: SimTime) -> Due {
        self.schedule.advance(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ice::checklist::Checklist;
    use crate::ice::endpoint::{LocalCandidate, RemoteCandidate};

    fn transaction(timeout: Duration) -> Transaction {
        let local = LocalCandidate::from_text("candidate:1 1 udp 5 192.0.2.1 1 typ host");
        let remote = RemoteCandidate::from_text("candidate:1 1 udp 5 192.0.2.2 2 typ host");
        let mut checklist = Checklist::default();
        let pair = checklist.form(&local, &remote, Role::Controlling).unwrap();
        let sent = Sent {
            pair,
            base: local.base,
            remote: remote.address,
            role: Role::Controlling,
            use_candidate: false,
            priority: 5,
        };
        Transaction::new(SimTime::ZERO, 1.into(), sent, Vec::new(), timeout)
    }

    /// When each request after the first is sent, and when the transaction ends, in milliseconds.
    fn schedule(mut transaction: Transaction) -> (Vec<u64>, u64) {
        let mut requests = Vec::new();
        loop {
            let now = transaction.deadline();
            let milliseconds = now.as_nanos() / 1_000_000;
            match transaction.advance(now) {
                Due::Nothing => panic!("something is due at the deadline"),
                Due::Retransmit => requests.push(milliseconds),
                Due::TimedOut => return (requests, milliseconds),
            }
        }
    }

    #[test]
    fn requests_are_sent_again_as_the_example_of_rfc_8489_has_it() {
        let (requests, end) = schedule(transaction(MINIMUM_TIMEOUT));
        assert_eq!(requests, [500, 1500, 3500, 7500, 15_500, 31_500]);
        assert_eq!(end, 39_500);
        assert_eq!(Duration::from_millis(end), SHORTEST_LIFE);
    }

    #[test]
    fn a_cancelled_transaction_sends_nothing_and_lives_as_long() {
        let mut cancelled = transaction(MINIMUM_TIMEOUT);
        cancelled.cancel();
        assert_eq!(schedule(cancelled), (vec![], 39_500));
    }

    #[test]
    fn a_request_on_a_stream_is_sent_once_and_waited_for_as_long() {
        let mut schedule = Schedule::reliable(SimTime::ZERO);
        assert_eq!(schedule.deadline(), SimTime::ZERO + SHORTEST_LIFE);
        assert_eq!(schedule.advance(SimTime::ZERO + SHORTEST_LIFE), Due::TimedOut);
    }

    #[test]
    fn the_timeout_grows_with_all_checks_and_those_under_way() {
        let pacing = Duration::from_millis(50);
        let timeout = |checks, active| initial_timeout(pacing, checks, active).as_millis();
        assert_eq!(timeout(1, 1), 500);
        assert_eq!(timeout(10, 1), 500);
        assert_eq!(timeout(4, 4), 800);
        assert_eq!(timeout(10, 6), 3000);
    }
}
