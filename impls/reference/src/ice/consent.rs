//! The pair in use and the consent to send on it (RFC 7675).

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use glare_peer::SimTime;
use stun_types::message::TransactionId;

use super::Role;
use super::endpoint::Base;

/// RFC 7675 section 5.1: the mean time between consent checks.
const CHECK_INTERVAL_NANOSECONDS: u64 = 5_000_000_000;
/// RFC 7675 section 5.1: how long consent lasts.
const CONSENT_DURATION: Duration = Duration::from_secs(30);
/// How long a consent check goes unanswered, with nothing else from the peer, before the path counts as disconnected.
const SILENCE: Duration = Duration::from_secs(5);
/// Tr: the time between the keepalives of a lite agent (RFC 8445 section 11).
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(15);
/// Checks that may still be answered: one every four seconds at most, for as long as consent lasts.
const MAXIMUM_OUTSTANDING: usize = 8;

/// A pair that data is sent on, for as long as the peer consents.
#[derive(Debug)]
pub(super) struct Path {
    pub(super) base: Base,
    pub(super) remote: SocketAddr,
    /// The priority of the local candidate.
    pub(super) local_priority: u32,
    /// When consent ends; a lite agent asks for none.
    expires: Option<SimTime>,
    next_check: SimTime,
    outstanding: VecDeque<(TransactionId, Role, SimTime)>,
    /// When the oldest check left that nothing was heard since.
    silent_since: Option<SimTime>,
}

impl Path {
    /// A path whose connectivity check has just succeeded, which is consent (RFC 7675 section 5.1).
    pub(super) fn new(
        now: SimTime,
        base: Base,
        remote: SocketAddr,
        local_priority: u32,
        rng: &mut fastrand::Rng,
    ) -> Path {
        Path {
            base,
            remote,
            local_priority,
            expires: Some(now + CONSENT_DURATION),
            next_check: now + check_interval(rng),
            outstanding: VecDeque::new(),
            silent_since: None,
        }
    }

    /// The path of a lite agent, which sends no checks and keeps it alive with indications (RFC 8445 section 11).
    pub(super) fn without_consent(now: SimTime, base: Base, remote: SocketAddr, local_priority: u32) -> Path {
        Path {
            base,
            remote,
            local_priority,
            expires: None,
            next_check: now + KEEPALIVE_INTERVAL,
            outstanding: VecDeque::new(),
            silent_since: None,
        }
    }

    /// Whether consent is asked for.
    pub(super) fn has_consent(&self) -> bool {
        self.expires.is_some()
    }

    /// Whether packets between these two addresses belong to it.
    pub(super) fn is_between(&self, base: Base, remote: SocketAddr) -> bool {
        self.base == base && self.remote == remote
    }

    /// Whether the time for the next consent check has come.
    pub(super) fn is_check_due(&self, now: SimTime) -> bool {
        now >= self.next_check
    }

    /// A consent check leaves.
    pub(super) fn check_sent(
        &mut self,
        now: SimTime,
        transaction: TransactionId,
        role: Role,
        rng: &mut fastrand::Rng,
    ) {
        if !self.has_consent() {
            self.next_check = now + KEEPALIVE_INTERVAL;
            return;
        }
        if self.outstanding.len() == MAXIMUM_OUTSTANDING {
            self.outstanding.pop_front();
        }
        self.outstanding.push_back((transaction, role, now));
        self.silent_since.get_or_insert(now);
        self.next_check = now + check_interval(rng);
    }

    /// The role that the consent check of this transaction claimed and when it left, if there is one; it is forgotten.
    pub(super) fn take_outstanding(&mut self, transaction: TransactionId) -> Option<(Role, SimTime)> {
        let index = self
            .outstanding
            .iter()
            .position(|(known, ..)| *known == transaction)?;
        self.outstanding.remove(index).map(|(_, role, sent)| (role, sent))
    }

    /// Whether a consent check of this transaction waits for its answer.
    pub(super) fn is_outstanding(&self, transaction: TransactionId) -> bool {
        self.outstanding.iter().any(|(known, ..)| *known == transaction)
    }

    /// The peer answered a check: it consents.
    pub(super) fn renew(&mut self, now: SimTime) {
        self.expires = self.expires.map(|_| now + CONSENT_DURATION);
        self.silent_since = None;
    }

    /// The peer sent something authentic, which shows that it is reachable but is no consent.
    pub(super) fn heard(&mut self) {
        self.silent_since = None;
    }

    /// Whether consent is lost (RFC 7675 section 5.1).
    pub(super) fn is_expired(&self, now: SimTime) -> bool {
        self.expires.is_some_and(|end| now >= end)
    }

    /// Whether the peer has been silent for so long that connectivity counts as lost for now.
    pub(super) fn is_disconnected(&self, now: SimTime) -> bool {
        self.silent_since.is_some_and(|since| now >= since + SILENCE)
    }

    /// When something is due.
    pub(super) fn deadline(&self, now: SimTime) -> SimTime {
        let silence = self
            .silent_since
            .map(|since| since + SILENCE)
            .filter(|end| *end > now);
        let next = self
            .expires
            .map_or(self.next_check, |end| end.min(self.next_check));
        silence.map_or(next, |silence| next.min(silence))
    }
}

/// RFC 7675 section 5.1: from 0.8 to 1.2 of the mean, so that the checks of many do not fall together.
fn check_interval(rng: &mut fastrand::Rng) -> Duration {
    let tenth = CHECK_INTERVAL_NANOSECONDS / 10;
    Duration::from_nanos(rng.u64(8 * tenth..=12 * tenth))
}
