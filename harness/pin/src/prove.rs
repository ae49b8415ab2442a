//! The proof that pins hold in this program.

use std::hash::{BuildHasher, Hasher};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use thiserror::Error;

use crate::{Pin, active, system};

/// What does not hold.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PinError {
    /// Pins have no effect on this target.
    #[error(
        "the operating system's clock and chance can be pinned only on x86-64 Linux with a dynamic glibc"
    )]
    Unsupported,
    /// A thread for the proof could not be made.
    #[error("no thread to prove the pin on: {0}")]
    Thread(#[source] std::io::Error),
    /// The proof itself panicked.
    #[error("the thread that proves the pin panicked")]
    Panicked,
    /// A pinned thread got another time than it was to get.
    #[error("{clock} of a pinned thread is not pinned: it showed {shown}, expected {expected}")]
    Clock {
        /// What was asked for the time.
        clock: &'static str,
        /// What it said.
        shown: String,
        /// What it was to say.
        expected: String,
    },
    /// Chance is not what the seed says.
    #[error("{source_of_chance} of a pinned thread does not follow from the seed")]
    Chance {
        /// What was asked for chance.
        source_of_chance: &'static str,
    },
    /// The thread stayed pinned without a pin, or the other way round.
    #[error("a thread is pinned without a pin, or has a pin and is not pinned")]
    Guard,
}

pub(crate) fn prove() -> Result<(), PinError> {
    if !system::SUPPORTED {
        return Err(PinError::Unsupported);
    }
    let first = on_fresh_thread(1)?;
    let again = on_fresh_thread(1)?;
    let other = on_fresh_thread(2)?;
    if first.instant != again.instant {
        return Err(PinError::Clock {
            clock: "Instant::now",
            shown: format!("{:?}", again.instant),
            expected: format!("{:?}, as on the thread before", first.instant),
        });
    }
    for (source_of_chance, same, differs) in [
        ("RandomState", first.hash == again.hash, first.hash != other.hash),
        (
            "syscall(SYS_getrandom)",
            first.bytes == again.bytes,
            first.bytes != other.bytes,
        ),
    ] {
        if !same || !differs {
            return Err(PinError::Chance { source_of_chance });
        }
    }
    Ok(())
}

/// What a pinned thread saw.
struct Seen {
    instant: Instant,
    hash: u64,
    bytes: [u8; 16],
}

/// The keys of `RandomState` are drawn once a thread, so each look needs one that is new.
fn on_fresh_thread(seed: u64) -> Result<Seen, PinError> {
    thread::Builder::new()
        .name("pin proof".to_owned())
        .spawn(move || look(seed))
        .map_err(PinError::Thread)?
        .join()
        .map_err(|_| PinError::Panicked)?
}

#[expect(clippy::disallowed_methods, reason = "shows that what they return is pinned")]
#[expect(clippy::disallowed_types, reason = "shows that its keys are pinned")]
fn look(seed: u64) -> Result<Seen, PinError> {
    let unix_time = Duration::new(1_234_567_890, 123_456_789);
    let elapsed = Duration::new(3_600, 1);
    if active() {
        return Err(PinError::Guard);
    }
    let pin = Pin::enter(seed, unix_time);
    if !active() {
        return Err(PinError::Guard);
    }
    let instant = Instant::now();
    pin.set_elapsed(elapsed);
    expect_time(
        "Instant::now",
        Instant::now().checked_duration_since(instant),
        elapsed,
    )?;
    let wall = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok();
    expect_time("SystemTime::now", wall, unix_time + elapsed)?;
    let mut hasher = std::collections::hash_map::RandomState::new().build_hasher();
    hasher.write_u64(0);
    let bytes = system::chance_by_system_call().ok_or(PinError::Chance {
        source_of_chance: "syscall(SYS_getrandom)",
    })?;
    drop(pin);
    if active() {
        return Err(PinError::Guard);
    }
    Ok(Seen {
        instant,
        hash: hasher.finish(),
        bytes,
    })
}

fn expect_time(clock: &'static str, shown: Option<Duration>, expected: Duration) -> Result<(), PinError> {
    if shown == Some(expected) {
        return Ok(());
    }
    Err(PinError::Clock {
        clock,
        shown: shown.map_or_else(|| "an earlier time".to_owned(), |shown| format!("{shown:?}")),
        expected: format!("{expected:?}"),
    })
}
