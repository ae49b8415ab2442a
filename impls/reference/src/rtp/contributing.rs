//! Contributing and synchronization sources of a receiver (webrtc-pc#dom-rtcrtpcontributingsource).

use std::collections::BTreeMap;
use std::time::Duration;

use glare_peer::SimTime;

use super::statistics::{ContributingSource, linear_audio_level};

/// For how long a source is remembered.
const REMEMBERED: Duration = Duration::from_secs(10);

/// How many sources are remembered at most; a packet has 15.
const MOST: usize = 256;

/// The sources of one kind, with the newest frame of each.
#[derive(Debug, Default)]
pub(super) struct Sources {
    newest: BTreeMap<u32, ContributingSource>,
}

impl Sources {
    /// A frame of a source was delivered.
    pub fn delivered(&mut self, now: SimTime, source: u32, level: Option<u8>, rtp_timestamp: u32) {
        if self.newest.len() >= MOST && !self.newest.contains_key(&source) {
            self.newest.retain(|_, known| now - known.timestamp <= REMEMBERED);
            if self.newest.len() >= MOST {
                return;
            }
        }
        let newest = ContributingSource {
            timestamp: now,
            source,
            audio_level: level.map(linear_audio_level),
            rtp_timestamp,
        };
        self.newest.insert(source, newest);
    }

    /// Those of the last 10 seconds, the latest first.
    pub fn recent(&self, now: SimTime) -> Vec<ContributingSource> {
        let mut recent: Vec<_> = self
            .newest
            .values()
            .filter(|known| now - known.timestamp <= REMEMBERED)
            .copied()
            .collect();
        recent.sort_by_key(|known| std::cmp::Reverse(known.timestamp));
        recent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_forgotten_after_ten_seconds() {
        let mut sources = Sources::default();
        sources.delivered(SimTime::from_millis(0), 1, Some(20), 100);
        sources.delivered(SimTime::from_millis(500), 2, Some(127), 200);
        sources.delivered(SimTime::from_millis(600), 3, None, 300);
        let levels = |now| -> Vec<_> {
            let recent = sources.recent(SimTime::from_millis(now));
            recent
                .iter()
                .map(|known| (known.source, known.audio_level))
                .collect()
        };
        assert_eq!(levels(10_000), [(3, None), (2, Some(0.0)), (1, Some(0.1))]);
        assert_eq!(levels(10_001), [(3, None), (2, Some(0.0))]);
    }

    #[test]
    fn sources_do_not_grow_without_bound() {
        let mut sources = Sources::default();
        for source in 0..10_000 {
            sources.delivered(SimTime::ZERO, source, None, 0);
        }
        assert_eq!(sources.recent(SimTime::ZERO).len(), MOST);
    }
}
