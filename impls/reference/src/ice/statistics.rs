//! What webrtc-stats asks of candidates and pairs, counted where it happens and kept in tables of bounded size.

use std::net::SocketAddr;
use std::time::Duration;

use glare_peer::SimTime;

use super::candidate::Candidate;
use super::checklist::PairState;
use super::endpoint::Base;

/// The greatest number of pairs of one generation that are counted; as many as may be checked (RFC 8445 section
/// 6.1.2.5). What was counted of the oldest unused pair makes room.
const MAXIMUM_COUNTED_PAIRS: usize = 100;

/// A local or remote candidate (webrtc-stats#icecandidate-dict*).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct CandidateStatistics {
    /// Unique among the local, or among the remote, candidates of the agent.
    pub id: u32,
    /// `address`, `port`, `protocol`, `candidateType`, `priority`, `url`, `relayProtocol`, `foundation`,
    /// `relatedAddress`, `relatedPort`, `usernameFragment` and `tcpType`, as script may see them.
    pub candidate: Candidate,
}

/// `RTCStatsIceCandidatePairState` (webrtc-stats#rtcstatsicecandidatepairstate-enum), which is RFC 8445 section 6.1.2.6.
pub(crate) type PairStatisticsState = PairState;

/// A pair of candidates (webrtc-stats#candidatepair-dict*).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PairStatistics {
    /// Unique in the agent.
    pub id: u32,
    /// The `id` of the local candidate.
    pub local: u32,
    /// The `id` of the remote candidate.
    pub remote: u32,
    /// `state`.
    pub state: PairStatisticsState,
    /// `nominated`.
    pub nominated: bool,
    /// RFC 8445 section 6.1.2.3; not a member that script sees.
    pub priority: u64,
    /// Whether data goes over it now.
    pub selected: bool,
    /// What was counted.
    pub counters: PairCounters,
}

/// The counters of a pair, with the names of webrtc-stats#candidatepair-dict*.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct PairCounters {
    /// `packetsSent`.
    pub packets_sent: u64,
    /// `packetsReceived`.
    pub packets_received: u64,
    /// `bytesSent`, without connectivity checks.
    pub bytes_sent: u64,
    /// `bytesReceived`, without connectivity checks.
    pub bytes_received: u64,
    /// `lastPacketSentTimestamp`, without STUN packets.
    pub last_packet_sent: Option<SimTime>,
    /// `lastPacketReceivedTimestamp`, without STUN packets.
    pub last_packet_received: Option<SimTime>,
    /// `totalRoundTripTime`.
    pub total_round_trip_time: Duration,
    /// `currentRoundTripTime`.
    pub current_round_trip_time: Option<Duration>,
    /// `requestsReceived`, those sent again included.
    pub requests_received: u64,
    /// `requestsSent`, those sent again not included.
    pub requests_sent: u64,
    /// `responsesReceived`.
    pub responses_received: u64,
    /// `responsesSent`.
    pub responses_sent: u64,
    /// `consentRequestsSent`.
    pub consent_requests_sent: u64,
    /// `packetsDiscardedOnSend`.
    pub packets_discarded_on_send: u64,
    /// `bytesDiscardedOnSend`.
    pub bytes_discarded_on_send: u64,
}

impl PairCounters {
    /// A check or a consent check was answered after this time.
    pub(super) fn answered(&mut self, round_trip: Option<Duration>) {
        self.responses_received += 1;
        if let Some(round_trip) = round_trip {
            self.total_round_trip_time += round_trip;
            self.current_round_trip_time = Some(round_trip);
        }
    }

    /// An application packet left.
    pub(super) fn sent(&mut self, now: SimTime, bytes: usize) {
        self.packets_sent += 1;
        self.bytes_sent += bytes as u64;
        self.last_packet_sent = Some(now);
    }

    /// An application packet was not taken.
    pub(super) fn discarded(&mut self, bytes: usize) {
        self.packets_discarded_on_send += 1;
        self.bytes_discarded_on_send += bytes as u64;
    }

    /// An application packet came.
    pub(super) fn received(&mut self, now: SimTime, bytes: usize) {
        self.packets_received += 1;
        self.bytes_received += bytes as u64;
        self.last_packet_received = Some(now);
    }
}

/// What an agent can tell of itself for `getStats()`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct IceStatistics {
    /// The local candidates of the current generation, and of the one before while its pair is in use.
    pub local_candidates: Vec<CandidateStatistics>,
    /// The remote candidates of these generations.
    pub remote_candidates: Vec<CandidateStatistics>,
    /// The pairs of these generations.
    pub pairs: Vec<PairStatistics>,
    /// `selectedCandidatePairChanges` of the transport (webrtc-stats#transportstats-dict*).
    pub selected_candidate_pair_changes: u32,
    /// The `id` of the pair in use.
    pub selected_pair: Option<u32>,
}

/// A pair that was counted, also after it was dropped from the checklist.
#[derive(Debug)]
pub(super) struct CountedPair {
    pub(super) id: u32,
    pub(super) base: Base,
    pub(super) remote: SocketAddr,
    /// The state it had when it was last in the checklist.
    pub(super) state: PairState,
    pub(super) nominated: bool,
    pub(super) priority: u64,
    pub(super) counters: PairCounters,
}

/// The pairs of one generation that were ever formed, as far as they fit.
#[derive(Debug, Default)]
pub(super) struct PairTable {
    pairs: Vec<CountedPair>,
}

impl PairTable {
    /// The counters of the pair between these two addresses, if it was formed.
    pub(super) fn counters(&mut self, base: Base, remote: SocketAddr) -> Option<&mut PairCounters> {
        self.find(base, remote).map(|pair| &mut pair.counters)
    }

    fn find(&mut self, base: Base, remote: SocketAddr) -> Option<&mut CountedPair> {
        self.pairs
            .iter_mut()
            .find(|pair| pair.base == base && pair.remote == remote)
    }

    /// Takes the state of a pair that is in the checklist.
    pub(super) fn note(
        &mut self,
        id: u32,
        base: Base,
        remote: SocketAddr,
        state: PairState,
        priority: u64,
        nominated: bool,
    ) {
        if let Some(known) = self.find(base, remote) {
            (known.state, known.priority, known.nominated) = (state, priority, nominated);
            return;
        }
        if self.pairs.len() == MAXIMUM_COUNTED_PAIRS {
            let unused = |pair: &CountedPair| pair.counters == PairCounters::default();
            let index = self.pairs.iter().position(unused).unwrap_or(0);
            self.pairs.remove(index);
        }
        self.pairs.push(CountedPair {
            id,
            base,
            remote,
            state,
            nominated,
            priority,
            counters: PairCounters::default(),
        });
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &CountedPair> {
        self.pairs.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_pairs_does_not_grow_beyond_its_bound_and_keeps_what_was_counted() {
        let mut table = PairTable::default();
        let base = Base::Udp("192.0.2.1:1".parse().unwrap());
        let remote = |port| SocketAddr::new("192.0.2.2".parse().unwrap(), port);
        for port in 1..=1000_u16 {
            table.note(u32::from(port), base, remote(port), PairState::Frozen, 1, false);
            if port == 1 {
                table.counters(base, remote(1)).unwrap().requests_sent = 1;
            }
        }
        assert_eq!(table.iter().count(), MAXIMUM_COUNTED_PAIRS);
        assert!(table.counters(base, remote(1)).is_some());
        assert!(table.counters(base, remote(2)).is_none());
        assert!(table.counters(base, remote(1000)).is_some());
    }
}
