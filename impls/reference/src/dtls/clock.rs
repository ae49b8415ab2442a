//! The run's time in the terms of the DTLS library.
//!
//! The library wants `Instant`s. Of these it makes wall-clock time, for the `gmt_unix_time` that begins a
//! random of DTLS 1.2 (RFC 5246 section 7.4.1.2), and for that it reads the system's clocks once per process
//! and cannot be told another time. But it can be told another `Instant`: this module finds out which second
//! the library takes an `Instant` for, and hands it those that it takes for the run's wall clock. So the same
//! run has the same bytes in every process.
//!
//! `gmt_unix_time` has 32 bits and wraps, so an `Instant` of this era of 136 years or of one to come does
//! equally well. That is needed: the library takes everything before its own beginning for that beginning.

use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use glare_peer::SimTime;

use super::certificate::Certificate;
use super::hooks::{self, Context};
use super::key_log;

/// Turns the moments of a run into `Instant`s and back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// The moment the run begins.
    beginning: Instant,
}

impl Clock {
    /// A clock for a run that begins at `unix_time`, since the Unix epoch.
    pub fn new(unix_time: Duration) -> Result<Clock, ClockError> {
        let library = LIBRARY.as_ref().map_err(Clone::clone)?;
        let wanted = unix_time.as_nanos() % ERA.as_nanos();
        let ahead = (wanted + ERA.as_nanos() - library.unix_time.as_nanos()) % ERA.as_nanos();
        let ahead = Duration::from_nanos(u64::try_from(ahead).unwrap_or(u64::MAX));
        library
            .instant
            .checked_add(ahead)
            .map(|beginning| Clock { beginning })
            .ok_or(ClockError::Range)
    }

    /// The `Instant` for a moment of the run.
    pub fn instant(&self, now: SimTime) -> Instant {
        self.beginning
            .checked_add(now.since_start())
            .unwrap_or(self.beginning)
    }

    /// The moment of the run for an `Instant`; the beginning for those before it.
    pub fn moment(&self, instant: Instant) -> SimTime {
        SimTime::ZERO + instant.saturating_duration_since(self.beginning)
    }
}

/// Why the library's clock cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ClockError {
    /// The library did not answer with a ClientHello.
    #[error("cannot find out what time the DTLS library takes it for: {0}")]
    Probe(String),
    /// The platform's `Instant` does not reach far enough.
    #[error("this platform's monotonic clock cannot say the moment that the DTLS library needs")]
    Range,
}

/// How far `gmt_unix_time` reaches before it wraps.
const ERA: Duration = Duration::from_secs(1 << 32);

/// An `Instant`, and the wall clock that the library takes it for within an [`ERA`].
struct Reference {
    instant: Instant,
    unix_time: Duration,
}

/// The library fixes its idea of time once per process, and so does this.
static LIBRARY: LazyLock<Result<Reference, ClockError>> = LazyLock::new(|| {
    let probe = Probe::new()?;
    // Well after the library's beginning, whoever made it begin and by whatever clock.
    let earliest = now()
        .checked_add(Duration::from_secs(50 * 365 * 24 * 60 * 60))
        .ok_or(ClockError::Range)?;
    let second = probe.second(earliest)?;
    // The first nanosecond of the next second lies in (low, high].
    let (mut low, mut high) = (0, 1_000_000_000);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if probe.second(earliest + Duration::from_nanos(middle))? == second {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(Reference {
        instant: earliest + Duration::from_nanos(high),
        unix_time: Duration::from_secs(second.wrapping_add(1).into()),
    })
});

#[expect(
    clippy::disallowed_methods,
    reason = "an Instant comes from nowhere else; what is read is made up for by the calibration against the library"
)]
fn now() -> Instant {
    Instant::now()
}

/// Makes the library say the time.
struct Probe {
    config: Arc<dimpl::Config>,
    certificate: dimpl::DtlsCertificate,
}

impl Probe {
    fn new() -> Result<Probe, ClockError> {
        let certificate = Certificate::generate(&mut fastrand::Rng::with_seed(0), Duration::ZERO)
            .map_err(|error| ClockError::Probe(error.to_string()))?;
        let config = Context::new(fastrand::Rng::with_seed(0)).lend(|| {
            dimpl::Config::builder()
                .with_crypto_provider(hooks::provider())
                .dangerously_set_rng_seed(0)
                .build()
        });
        Ok(Probe {
            config: Arc::new(config.map_err(|error| ClockError::Probe(error.to_string()))?),
            certificate: dimpl::DtlsCertificate {
                certificate: certificate.der().to_vec(),
                private_key: certificate.private_key().to_vec(),
            },
        })
    }

    /// The `gmt_unix_time` of a ClientHello that is made at `instant`.
    fn second(&self, instant: Instant) -> Result<u32, ClockError> {
        let mut client = dimpl::Dtls::new_12(self.config.clone(), self.certificate.clone(), instant);
        client.set_active(true);
        client
            .handle_timeout(instant)
            .map_err(|error| ClockError::Probe(error.to_string()))?;
        let mut buffer = [0; 2048];
        match client.poll_output(&mut buffer) {
            dimpl::Output::Packet(packet) => key_log::client_random(packet)
                .map(|[first, second, third, fourth, ..]| u32::from_be_bytes([first, second, third, fourth]))
                .ok_or_else(|| ClockError::Probe("its first message is no ClientHello".into())),
            other => Err(ClockError::Probe(format!("it began with {other:?}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_takes_the_run_for_the_wall_clock_to_the_nanosecond() {
        let probe = Probe::new().unwrap();
        for second in [0_u32, 1_735_689_600, u32::MAX] {
            let clock = Clock::new(Duration::from_secs(second.into())).unwrap();
            let at = |nanoseconds| {
                probe
                    .second(clock.instant(SimTime::from_nanos(nanoseconds)))
                    .unwrap()
            };
            assert_eq!((at(0), at(999_999_999)), (second, second));
            assert_eq!(at(1_000_000_000), second.wrapping_add(1));
        }
    }

    #[test]
    fn a_moment_comes_back() {
        let clock = Clock::new(Duration::from_millis(1_735_689_600_500)).unwrap();
        let moment = SimTime::from_nanos(12_345_678_901);
        assert_eq!(clock.moment(clock.instant(moment)), moment);
    }
}
