//! The `Instant`s that str0m is given: one base for the whole process, plus the time of the run.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use glare_peer::SimTime;
use str0m::{Input, Rtc};

use crate::ambient;
use crate::crypto;

/// What [`SimTime::ZERO`] is as an `Instant`, in every run of the process.
///
/// str0m and dimpl each freeze a pair of `Instant` and wall clock when they first need one, for as long as the process
/// lives. Both are made to do so here, next to the base, so that the first run of a process and a later one see the same
/// distance between the two.
static BASE: LazyLock<Instant> = LazyLock::new(|| {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one base of the process; only what is added to it ever reaches a packet"
    )]
    let base = Instant::now();
    freeze_time_origins(base);
    base
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

/// Makes str0m and dimpl read the clocks they will never read again. How the throw-away connection fares is of no
/// interest: a client's first flight is all that is needed.
fn freeze_time_origins(base: Instant) {
    let certificate = crypto::certificate(0, Duration::ZERO);
    ambient::enter(0, || {
        let mut rtc = Rtc::builder()
            .set_crypto_provider(crypto::provider())
            .set_dtls_cert(certificate)
            .build(base);
        drop(rtc.direct_api().start_dtls(true));
        drop(rtc.handle_input(Input::Timeout(base)));
    });
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
