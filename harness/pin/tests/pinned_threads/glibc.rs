//! On x86-64 Linux with a dynamic glibc, where pins work.
#![expect(
    unsafe_code,
    reason = "calls the C library as the libraries do that are to be pinned"
)]
#![expect(clippy::disallowed_methods, reason = "shows that what they return is pinned")]
#![expect(clippy::disallowed_types, reason = "shows that its keys are pinned")]

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use glare_pin::{MONOTONIC_START, Pin, active};

const UNIX_TIME: Duration = Duration::new(1_700_000_000, 987_654_321);

/// Runs `look` on a fresh thread that is pinned from its beginning to its end.
fn pinned<T: Send + 'static>(seed: u64, look: impl FnOnce(&Pin) -> T + Send + 'static) -> T {
    thread::spawn(move || look(&Pin::enter(seed, UNIX_TIME)))
        .join()
        .expect("a failed assertion on the thread is printed there")
}

fn unpinned<T: Send + 'static>(look: impl FnOnce() -> T + Send + 'static) -> T {
    thread::spawn(look)
        .join()
        .expect("a failed assertion on the thread is printed there")
}

fn wall() -> Duration {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("no clock shows a time before 1970")
}

fn clock(id: libc::clockid_t) -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: there is room for the time.
    assert_eq!(unsafe { libc::clock_gettime(id, &mut time) }, 0);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn random(length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    // SAFETY: there is room for `length` bytes.
    let written = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), length, 0) };
    assert_eq!(written, length as isize);
    bytes
}

#[test]
fn the_proof_holds_in_a_program_that_only_links_the_library() {
    Pin::prove().unwrap();
}

#[test]
fn the_standard_librarys_clocks_stand_still_and_move_with_set_elapsed() {
    pinned(1, |pin| {
        let start = Instant::now();
        assert_eq!(wall(), UNIX_TIME);
        for _ in 0..1000 {
            assert_eq!(Instant::now(), start);
        }
        pin.set_elapsed(Duration::from_nanos(1));
        assert_eq!(start.elapsed(), Duration::from_nanos(1));
        pin.set_elapsed(Duration::from_secs(86_400));
        assert_eq!(start.elapsed(), Duration::from_secs(86_400));
        assert_eq!(wall(), UNIX_TIME + Duration::from_secs(86_400));
    });
}

#[test]
fn the_monotonic_clock_begins_where_it_begins_in_every_process() {
    pinned(1, |pin| {
        assert_eq!(clock(libc::CLOCK_MONOTONIC), MONOTONIC_START);
        pin.set_elapsed(Duration::from_millis(5));
        for id in [
            libc::CLOCK_MONOTONIC_RAW,
            libc::CLOCK_BOOTTIME,
            libc::CLOCK_THREAD_CPUTIME_ID,
        ] {
            assert_eq!(clock(id), MONOTONIC_START + Duration::from_millis(5));
        }
        assert_eq!(
            clock(libc::CLOCK_REALTIME_COARSE),
            UNIX_TIME + Duration::from_millis(5)
        );
    });
}

#[test]
fn the_old_ways_to_ask_for_the_time_are_pinned_too() {
    pinned(1, |_| {
        // SAFETY: each call is given room for what it writes, or null where it may be null.
        unsafe {
            let mut room = 0;
            assert_eq!(libc::time(&mut room), 1_700_000_000);
            assert_eq!(room, 1_700_000_000);
            assert_eq!(libc::time(std::ptr::null_mut()), 1_700_000_000);
            let mut room = libc::timeval {
                tv_sec: 0,
                tv_usec: 0,
            };
            assert_eq!(libc::gettimeofday(&mut room, std::ptr::null_mut()), 0);
            assert_eq!((room.tv_sec, room.tv_usec), (1_700_000_000, 987_654));
            let mut room = libc::timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            assert_eq!(
                libc::syscall(libc::SYS_clock_gettime, libc::CLOCK_REALTIME, &mut room),
                0
            );
            assert_eq!((room.tv_sec, room.tv_nsec), (1_700_000_000, 987_654_321));
        }
    });
}

#[test]
fn chance_follows_from_the_seed_on_every_way_to_ask_for_it() {
    fn draw(seed: u64) -> (u64, Vec<u8>, Vec<u8>, Vec<u8>) {
        pinned(seed, |_| {
            let hash = RandomState::new().hash_one("glare");
            let (mut entropy, mut called) = (vec![0; 21], vec![0; 21]);
            // SAFETY: there is room for 21 bytes each.
            unsafe {
                assert_eq!(libc::getentropy(entropy.as_mut_ptr().cast(), 21), 0);
                assert_eq!(libc::syscall(libc::SYS_getrandom, called.as_mut_ptr(), 21, 0), 21);
            }
            (hash, random(21), entropy, called)
        })
    }
    let (first, again, other) = (draw(7), draw(7), draw(8));
    assert_eq!(first, again);
    assert_ne!(first.0, other.0);
    assert_ne!(first.1, other.1);
    assert_ne!(first.2, other.2);
    assert_ne!(first.3, other.3);
    // One stream, not the same bytes at each call.
    assert_ne!(first.1, first.2);
    assert_ne!(first.2, first.3);
}

#[test]
fn the_first_random_bytes_of_a_seed_are_those_of_splitmix64() {
    // The first output for seed 0 in the reference implementation by Sebastiano Vigna.
    assert_eq!(pinned(0, |_| random(8)), 0xe220_a839_7b1d_cdaf_u64.to_le_bytes());
}

#[test]
fn random_bytes_stay_within_the_room_that_was_given() {
    pinned(3, |_| {
        for length in 0..40 {
            let mut bytes = [0xa5; 48];
            // SAFETY: there is room for 48 bytes, more than are asked for.
            let written = unsafe { libc::getrandom(bytes.as_mut_ptr().cast(), length, 0) };
            assert_eq!(written, length as isize);
            assert!(bytes[length..].iter().all(|&byte| byte == 0xa5), "{length}");
        }
    });
}

#[test]
fn threads_beside_a_pinned_one_get_the_real_thing() {
    pinned(1, |pin| {
        pin.set_elapsed(Duration::from_secs(1));
        let before = wall();
        let (theirs, moved, first, second) = unpinned(|| {
            assert!(!active());
            let start = Instant::now();
            while start.elapsed() < Duration::from_millis(2) {}
            (wall(), start.elapsed(), random(32), random(32))
        });
        // The real wall clock is years past the pinned one.
        assert!(
            theirs > UNIX_TIME + Duration::from_secs(86_400 * 30),
            "{theirs:?}"
        );
        assert!(moved >= Duration::from_millis(2));
        assert_ne!(first, second);
        assert_eq!(wall(), before);
        assert!(active());
    });
}

#[test]
fn a_pin_ends_with_its_guard_and_gives_back_the_one_before() {
    unpinned(|| {
        let outer = Pin::enter(1, UNIX_TIME);
        let inner = Pin::enter(2, Duration::from_secs(5));
        assert_eq!(wall(), Duration::from_secs(5));
        drop(inner);
        assert_eq!(wall(), UNIX_TIME);
        drop(outer);
        assert!(!active());
        assert!(wall() > UNIX_TIME);
    });
}

#[test]
fn a_panic_on_a_pinned_thread_unpins_it() {
    unpinned(|| {
        let result = std::panic::catch_unwind(|| {
            let _pin = Pin::enter(1, UNIX_TIME);
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(result.is_err());
        assert!(!active());
    });
}

#[test]
fn errors_are_those_of_the_c_library() {
    fn errno() -> i32 {
        std::io::Error::last_os_error().raw_os_error().unwrap()
    }
    fn look() {
        let mut time = libc::timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        // SAFETY: each call is given room for what it writes, or arguments that the kernel refuses before it writes.
        unsafe {
            assert_eq!(libc::clock_gettime(9_999, &mut time), -1);
            assert_eq!(errno(), libc::EINVAL);
            assert_eq!(libc::getrandom(std::ptr::null_mut(), 16, 0), -1);
            assert_eq!(errno(), libc::EFAULT);
            assert_eq!(libc::syscall(-1), -1);
            assert_eq!(errno(), libc::ENOSYS);
            let mut bytes = [0u8; 300];
            assert_eq!(libc::getentropy(bytes.as_mut_ptr().cast(), 300), -1);
            assert_eq!(errno(), libc::EIO);
        }
    }
    unpinned(look);
    pinned(1, |_| look());
}

#[test]
fn system_calls_with_six_arguments_arrive_whole() {
    pinned(1, |_| {
        let page = 4096usize;
        // SAFETY: a fresh private mapping, written to within its length and unmapped once.
        unsafe {
            let address = libc::syscall(
                libc::SYS_mmap,
                0usize,
                page,
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
                -1isize,
                0usize,
            );
            assert!(address > 0, "{}", std::io::Error::last_os_error());
            let bytes = address as *mut u8;
            bytes.add(page - 1).write(7);
            assert_eq!(bytes.add(page - 1).read(), 7);
            assert_eq!(libc::syscall(libc::SYS_munmap, address, page), 0);
        }
    });
}
