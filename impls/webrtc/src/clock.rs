//! The `Instant`s that rtc is given: one base for the whole process, plus the time of the run.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use glare_peer::SimTime;

/// What [`SimTime::ZERO`] is as an `Instant`, in every run of the process. rtc only ever takes differences.
static BASE: LazyLock<Instant> = LazyLock::new(|| {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one base of the process; only what is added to it ever reaches rtc"
    )]
    Instant::now()
});

/// A deadline further away than this is none: rtc waits a day where it waits for input only.
const NEVER: Duration = Duration::from_secs(12 * 60 * 60);

/// The `Instant` of a moment of the run.
pub(crate) fn instant(now: SimTime) -> Instant {
    *BASE + now.since_start()
}

/// The moment of the run that rtc wants to be called at; none when it waits for input only.
pub(crate) fn deadline(now: SimTime, instant: Instant) -> Option<SimTime> {
    let moment = SimTime::ZERO + instant.saturating_duration_since(*BASE);
    (moment.since_start().saturating_sub(now.since_start()) < NEVER).then_some(moment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_survives_the_way_to_an_instant_and_back() {
        let moment = SimTime::from_nanos(123_456_789_012);
        assert_eq!(deadline(SimTime::ZERO, instant(moment)), Some(moment));
    }

    #[test]
    fn a_deadline_in_a_day_is_none() {
        let now = SimTime::from_millis(5_000);
        let far = now + Duration::from_secs(24 * 60 * 60);
        assert_eq!(deadline(now, instant(far)), None);
    }
}
