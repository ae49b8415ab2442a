//! The functions of the C library that are ours, and what they answer on a pinned thread.
#![expect(
    unsafe_code,
    reason = "defines functions of the C library, which are called with raw pointers"
)]

mod real;

use std::cell::Cell;
use std::time::Duration;

use libc::{
    c_int, c_long, c_uint, c_void, clockid_t, size_t, ssize_t, suseconds_t, time_t, timespec, timeval,
};

use crate::MONOTONIC_START;

pub(crate) const SUPPORTED: bool = true;

/// What a pinned thread is told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct State {
    /// Of SplitMix64.
    generator: u64,
    unix_time: Duration,
    elapsed: Duration,
}

thread_local! {
    // Neither lazy nor dropped, so that a function of the C library may read it at any time in the life of a thread.
    static STATE: Cell<Option<State>> = const { Cell::new(None) };
}

impl State {
    pub fn new(seed: u64, unix_time: Duration) -> State {
        // A linker takes from a library only what is asked for. Nothing else asks for our functions before the C library
        // has answered for them.
        keep_in_program();
        State {
            generator: seed,
            unix_time,
            elapsed: Duration::ZERO,
        }
    }

    /// The time that a clock shows; `None` for a clock that is not pinned.
    fn clock(&self, clock: clockid_t) -> Option<Duration> {
        let start = match clock {
            libc::CLOCK_REALTIME
            | libc::CLOCK_REALTIME_COARSE
            | libc::CLOCK_REALTIME_ALARM
            | libc::CLOCK_TAI => self.unix_time,
            // The time that a processor spent is not what a run may depend on either.
            libc::CLOCK_MONOTONIC
            | libc::CLOCK_MONOTONIC_COARSE
            | libc::CLOCK_MONOTONIC_RAW
            | libc::CLOCK_BOOTTIME
            | libc::CLOCK_BOOTTIME_ALARM
            | libc::CLOCK_PROCESS_CPUTIME_ID
            | libc::CLOCK_THREAD_CPUTIME_ID => MONOTONIC_START,
            _ => return None,
        };
        Some(start.saturating_add(self.elapsed))
    }

    /// SplitMix64, as every library for it does it.
    fn next_word(&mut self) -> u64 {
        self.generator = self.generator.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.generator;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }
}

/// Pins the thread to `state`, or unpins it, and gives back what was there.
pub(crate) fn swap(state: Option<State>) -> Option<State> {
    STATE.replace(state)
}

pub(crate) fn set_elapsed(elapsed: Duration) {
    STATE.set(STATE.get().map(|state| State { elapsed, ..state }));
}

pub(crate) fn active() -> bool {
    STATE.get().is_some()
}

/// Random bytes, fetched as libraries do that know no other way than `syscall`; `None` where that failed.
pub(crate) fn chance_by_system_call() -> Option<[u8; 16]> {
    let mut room = [0u8; 16];
    // SAFETY: the kernel, or our own function in its place, writes at most 16 bytes to `room`, which has them.
    let written = unsafe { libc::syscall(libc::SYS_getrandom, room.as_mut_ptr(), room.len(), 0) };
    (written == 16).then_some(room)
}

/// Names our functions, so that a linker has to put them in the program.
fn keep_in_program() {
    std::hint::black_box([
        clock_gettime as *const (),
        gettimeofday as *const (),
        time as *const (),
        getrandom as *const (),
        getentropy as *const (),
        syscall as *const (),
    ]);
}

/// `clock_gettime(2)`.
///
/// # Safety
///
/// As for the C library's: `room` points to room for a `timespec`.
#[unsafe(no_mangle)]
unsafe extern "C" fn clock_gettime(clock: clockid_t, room: *mut timespec) -> c_int {
    match shown(clock) {
        Some(shown) if !room.is_null() => {
            let shown = timespec {
                tv_sec: seconds(shown),
                tv_nsec: c_long::from(shown.subsec_nanos()),
            };
            // SAFETY: the caller promises room for it, and it is not null.
            unsafe { room.write(shown) };
            0
        }
        // SAFETY: the caller promises what the C library's function asks for.
        _ => unsafe { real::clock_gettime(clock, room) },
    }
}

/// `gettimeofday(2)`.
///
/// # Safety
///
/// As for the C library's: `room` is null or points to room for a `timeval`, `zone` is null or points to room for a
/// `timezone`.
#[unsafe(no_mangle)]
unsafe extern "C" fn gettimeofday(room: *mut timeval, zone: *mut c_void) -> c_int {
    match shown(libc::CLOCK_REALTIME) {
        Some(shown) if !room.is_null() => {
            let shown = timeval {
                tv_sec: seconds(shown),
                tv_usec: suseconds_t::from(shown.subsec_micros()),
            };
            // SAFETY: the caller promises room for it, and it is not null.
            unsafe { room.write(shown) };
            if !zone.is_null() {
                // SAFETY: the caller promises room for a `timezone`, which is two of these; glibc writes zeros too.
                unsafe { zone.cast::<[c_int; 2]>().write([0, 0]) };
            }
            0
        }
        // SAFETY: the caller promises what the C library's function asks for.
        _ => unsafe { real::gettimeofday(room, zone) },
    }
}

/// `time(2)`.
///
/// # Safety
///
/// As for the C library's: `room` is null or points to room for a `time_t`.
#[unsafe(no_mangle)]
unsafe extern "C" fn time(room: *mut time_t) -> time_t {
    match shown(libc::CLOCK_REALTIME) {
        Some(shown) => {
            let shown = seconds(shown);
            if !room.is_null() {
                // SAFETY: the caller promises room for it, and it is not null.
                unsafe { room.write(shown) };
            }
            shown
        }
        // SAFETY: the caller promises what the C library's function asks for.
        None => unsafe { real::time(room) },
    }
}

/// `getrandom(2)`. A pinned thread always gets as much as it asks for, whatever the flags.
///
/// # Safety
///
/// As for the C library's: `room` points to `length` bytes of room.
#[unsafe(no_mangle)]
unsafe extern "C" fn getrandom(room: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    // SAFETY: the caller promises the room.
    if unsafe { fill(room, length) } {
        // Nobody has room for more than `ssize_t` counts.
        length as ssize_t
    } else {
        // SAFETY: the caller promises what the C library's function asks for.
        unsafe { real::getrandom(room, length, flags) }
    }
}

/// `getentropy(3)`.
///
/// # Safety
///
/// As for the C library's: `room` points to `length` bytes of room.
#[unsafe(no_mangle)]
unsafe extern "C" fn getentropy(room: *mut c_void, length: size_t) -> c_int {
    // More than this is an error, which the C library says better.
    const LIMIT: size_t = 256;
    // SAFETY: the caller promises the room.
    if length <= LIMIT && unsafe { fill(room, length) } {
        0
    } else {
        // SAFETY: the caller promises what the C library's function asks for.
        unsafe { real::getentropy(room, length) }
    }
}

/// `syscall(2)`.
///
/// The C library's takes any number of arguments, which cannot be defined in Rust. On x86-64 Linux a caller passes them just as
/// it passes these six to a function that has six; those that it does not pass are read and handed on as whatever is there,
/// as the C library's own function does.
///
/// # Safety
///
/// As for the C library's: the arguments are what the system call asks for.
#[unsafe(no_mangle)]
unsafe extern "C" fn syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    if active() {
        // SAFETY: the arguments of these system calls are those of the functions, and the caller promises them.
        unsafe {
            match number {
                libc::SYS_getrandom => {
                    return getrandom(a as *mut c_void, b as size_t, c as c_uint) as c_long;
                }
                libc::SYS_clock_gettime => {
                    return c_long::from(clock_gettime(a as clockid_t, b as *mut timespec));
                }
                libc::SYS_gettimeofday => {
                    return c_long::from(gettimeofday(a as *mut timeval, b as *mut c_void));
                }
                libc::SYS_time => return time(a as *mut time_t),
                _ => {}
            }
        }
    }
    // SAFETY: the caller promises what the system call asks for.
    unsafe { real::syscall(number, a, b, c, d, e, f) }
}

fn shown(clock: clockid_t) -> Option<Duration> {
    STATE.get()?.clock(clock)
}

fn seconds(time: Duration) -> time_t {
    time_t::try_from(time.as_secs()).unwrap_or(time_t::MAX)
}

/// Fills the room from the thread's generator, if it is pinned; whether it is.
///
/// # Safety
///
/// `room` is null or points to `length` bytes of room.
unsafe fn fill(room: *mut c_void, length: size_t) -> bool {
    let Some(mut state) = STATE.get() else {
        return false;
    };
    if room.is_null() {
        return false;
    }
    let mut at = room.cast::<u8>();
    let mut left = length;
    while left > 0 {
        let word = state.next_word().to_le_bytes();
        let step = left.min(word.len());
        // SAFETY: `step` is at most the 8 bytes of `word` and at most what is left of the caller's room, which `at` points
        // into; a local array does not overlap it. After the last step `at` is at most one past its end.
        unsafe {
            at.copy_from_nonoverlapping(word.as_ptr(), step);
            at = at.add(step);
        }
        left -= step;
    }
    STATE.set(Some(state));
    true
}
