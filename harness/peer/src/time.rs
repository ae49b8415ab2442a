//! Time as an argument.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A moment of a run: nanoseconds since the run began.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SimTime(u64);

impl SimTime {
    /// The moment the run begins.
    pub const ZERO: SimTime = SimTime(0);

    /// The moment `nanoseconds` after the run began.
    pub const fn from_nanos(nanoseconds: u64) -> SimTime {
        SimTime(nanoseconds)
    }

    /// The moment `milliseconds` after the run began.
    pub const fn from_millis(milliseconds: u64) -> SimTime {
        SimTime(milliseconds * 1_000_000)
    }

    /// Nanoseconds since the run began.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time since the run began.
    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// The time from `earlier` to this moment; zero when `earlier` is later.
    pub const fn saturating_since(self, earlier: SimTime) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for SimTime {
    type Output = SimTime;

    /// Saturates at the end of time, some 584 years after the start.
    fn add(self, span: Duration) -> SimTime {
        SimTime(
            self.0
                .saturating_add(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX)),
        )
    }
}

impl AddAssign<Duration> for SimTime {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

impl Sub for SimTime {
    type Output = Duration;

    /// Saturates at zero, as [`SimTime::saturating_since`].
    fn sub(self, earlier: SimTime) -> Duration {
        self.saturating_since(earlier)
    }
}

impl fmt::Display for SimTime {
    /// Seconds with all nine digits of the nanoseconds that are needed to tell two moments apart.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:09}s", self.0 / 1_000_000_000, self.0 % 1_000_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        let one = SimTime::from_millis(1);
        assert_eq!(SimTime::ZERO - one, Duration::ZERO);
        assert_eq!((one + Duration::MAX).as_nanos(), u64::MAX);
        assert_eq!(one.to_string(), "0.001000000s");
    }
}
