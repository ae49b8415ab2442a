//! Pins the clock and the chance of the operating system for peers that fetch them there.
//!
//! Some implementations ask the operating system for the time and for random bytes, and leave no way to hand them in. For a
//! thread that holds a [`Pin`], this crate answers in its place: time is what [`Pin::set_elapsed`] says, chance comes from a
//! seed. Threads without a pin get what they always got.
//!
//! It works by defining functions of the C library in the program itself: `clock_gettime`, `gettimeofday`, `time`,
//! `getrandom`, `getentropy` and `syscall`. The dynamic linker then finds ours first, in this program and in its shared
//! libraries. That is possible on x86-64 Linux with a dynamic glibc; elsewhere [`Pin::enter`] has no effect and
//! [`Pin::prove`] says so. What goes past the C library is not pinned: `/dev/urandom`, the processor's own counters and
//! generators, and system calls made by hand.
//!
//! What the standard library keeps for each thread outlives a pin: the keys of `RandomState` are drawn once a thread. Give
//! each run a thread of its own, pinned before anything else happens on it. An `Instant` taken on a pinned thread means
//! nothing on others. The kernel's own clocks are not pinned: a pinned thread must not wait with a time-out.

mod prove;
#[cfg(all(
    target_os = "linux",
    target_arch = "x86_64",
    target_env = "gnu",
    not(target_feature = "crt-static")
))]
#[path = "interpose/mod.rs"]
mod system;
#[cfg(not(all(
    target_os = "linux",
    target_arch = "x86_64",
    target_env = "gnu",
    not(target_feature = "crt-static")
)))]
#[path = "absent.rs"]
mod system;

use std::marker::PhantomData;
use std::time::Duration;

pub use prove::PinError;

/// While it lives, the thread that made it gets pinned time and chance from the operating system. Threads that this thread
/// starts are not pinned by it.
///
/// Dropping it gives the thread back what it had before. Pins of one thread are to be dropped in the reverse order in which
/// they were made.
#[derive(Debug)]
#[must_use = "the thread is pinned only as long as the pin lives"]
pub struct Pin {
    before: Option<system::State>,
    /// A pin belongs to its thread.
    not_send: PhantomData<*const ()>,
}

/// What a pinned thread's monotonic clock shows when the run begins: the same in every process. It is less than machines have
/// commonly been up, so that a wait whose deadline was worked out from it ends at once rather than never.
pub const MONOTONIC_START: Duration = Duration::from_secs(1_000);

impl Pin {
    /// Pins the calling thread. Its random bytes follow from `seed`; its wall clock shows `unix_time` since the Unix epoch, its
    /// monotonic clock [`MONOTONIC_START`], and both stand still.
    pub fn enter(seed: u64, unix_time: Duration) -> Pin {
        Pin {
            before: system::swap(Some(system::State::new(seed, unix_time))),
            not_send: PhantomData,
        }
    }

    /// Sets both clocks to this long after the beginning of the run. Cheap enough for every step of a run's clock.
    pub fn set_elapsed(&self, elapsed: Duration) {
        system::set_elapsed(elapsed);
    }

    /// Tries out, on threads of its own, whether pins hold in this program: that time is what it was set to, and chance what
    /// the seed says, as the standard library and others see them.
    ///
    /// # Errors
    ///
    /// What does not hold.
    pub fn prove() -> Result<(), PinError> {
        prove::prove()
    }
}

impl Drop for Pin {
    fn drop(&mut self) {
        system::swap(self.before.take());
    }
}

/// Whether the calling thread is pinned. Always false where pins have no effect.
pub fn active() -> bool {
    system::active()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_proof_agrees_with_what_the_target_can_do() {
        let proof = Pin::prove();
        assert_eq!(proof.is_ok(), system::SUPPORTED, "{proof:?}");
    }

    #[test]
    fn a_thread_is_active_just_as_long_as_it_has_a_pin_that_works() {
        assert!(!active());
        let pin = Pin::enter(1, Duration::ZERO);
        assert_eq!(active(), system::SUPPORTED);
        drop(pin);
        assert!(!active());
    }
}
