//! The `Instant`s that str0m is given: one base for the whole process, plus the time of the run.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use glare_peer::SimTime;

/// What [`SimTime::ZERO`] is as an `Instant`, in every run of the process.
///
/// str0m and dimpl each freeze a pair of `Instant` and wall clock for as long as the process lives. With one base the
/// distance to that pair is the same in the first run of a process and in a later one.
static BASE: LazyLock<Instant> = LazyLock::new(|| {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one base of the process; only what is added to it ever reaches a packet"
    )]
    Instant::now()
});

/// A deadline further away than this is str0m's way to say that there is none.
const NEVER: Duration = Duration::from_secs(50 * 365 * 24 * 60 * 60);

/// The `Instant` of a moment of the run.
pub(crate) fn instant(now: SimTime) -> Instant {
    *BASE + now.since_start()
}

/// The moment of the run that str0m wants to be called at; none when it waits for input only.
pub(crate) fn deadline(instant: Instant) -> Option<SimTime> {
    let since_start = instant.saturating_duration_since(*BASE);
    (since_start < NEVER).then(|| SimTime::ZERO + since_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_the_way_to_an_instant_and_back() {
        let moment = SimTime::from_nanos(123_456_789_012);
        assert_eq!(deadline(instant(moment)), Some(moment));
    }

    #[test]
    fn a_deadline_in_a_hundred_years_is_none() {
        let far = SimTime::ZERO + Duration::from_secs(100 * 365 * 24 * 60 * 60);
        assert_eq!(deadline(instant(far)), None);
    }
}
