//! The C library's own functions, which ours stand in front of.

use std::ffi::CStr;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

use libc::{c_int, c_long, c_uint, c_void, clockid_t, size_t, ssize_t, time_t, timespec, timeval};

/// # Safety
///
/// As for the C library's.
pub unsafe fn clock_gettime(clock: clockid_t, room: *mut timespec) -> c_int {
    type Function = unsafe extern "C" fn(clockid_t, *mut timespec) -> c_int;
    let Some(address) = CLOCK_GETTIME.address() else {
        return missing();
    };
    // SAFETY: the address is that of the C library's function of this name, which has this type; the caller promises what
    // it asks for.
    unsafe { mem::transmute::<ptr::NonNull<c_void>, Function>(address)(clock, room) }
}

/// # Safety
///
/// As for the C library's.
pub unsafe fn gettimeofday(room: *mut timeval, zone: *mut c_void) -> c_int {
    type Function = unsafe extern "C" fn(*mut timeval, *mut c_void) -> c_int;
    let Some(address) = GETTIMEOFDAY.address() else {
        return missing();
    };
    // SAFETY: as in `clock_gettime`.
    unsafe { mem::transmute::<ptr::NonNull<c_void>, Function>(address)(room, zone) }
}

/// # Safety
///
/// As for the C library's.
pub unsafe fn time(room: *mut time_t) -> time_t {
    type Function = unsafe extern "C" fn(*mut time_t) -> time_t;
    let Some(address) = TIME.address() else {
        return time_t::from(missing());
    };
    // SAFETY: as in `clock_gettime`.
    unsafe { mem::transmute::<ptr::NonNull<c_void>, Function>(address)(room) }
}

/// # Safety
///
/// As for the C library's.
pub unsafe fn getrandom(room: *mut c_void, length: size_t, flags: c_uint) -> ssize_t {
    type Function = unsafe extern "C" fn(*mut c_void, size_t, c_uint) -> ssize_t;
    let Some(address) = GETRANDOM.address() else {
        // glibc has it since 2.25; programs found that out by its absence, and now find ours instead.
        // SAFETY: the system call asks for what the function asks for.
        let written = unsafe {
            syscall(
                libc::SYS_getrandom,
                room as c_long,
                length as c_long,
                c_long::from(flags),
                0,
                0,
                0,
            )
        };
        return written as ssize_t;
    };
    // SAFETY: as in `clock_gettime`.
    unsafe { mem::transmute::<ptr::NonNull<c_void>, Function>(address)(room, length, flags) }
}

/// # Safety
///
/// As for the C library's.
pub unsafe fn getentropy(room: *mut c_void, length: size_t) -> c_int {
    type Function = unsafe extern "C" fn(*mut c_void, size_t) -> c_int;
    let Some(address) = GETENTROPY.address() else {
        return missing();
    };
    // SAFETY: as in `clock_gettime`.
    unsafe { mem::transmute::<ptr::NonNull<c_void>, Function>(address)(room, length) }
}

/// # Safety
///
/// As for the C library's.
pub unsafe fn syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    type Function = unsafe extern "C" fn(c_long, ...) -> c_long;
    let Some(address) = SYSCALL.address() else {
        return c_long::from(missing());
    };
    // SAFETY: as in `clock_gettime`.
    unsafe { mem::transmute::<ptr::NonNull<c_void>, Function>(address)(number, a, b, c, d, e, f) }
}

static CLOCK_GETTIME: Real = Real::new(c"clock_gettime");
static GETTIMEOFDAY: Real = Real::new(c"gettimeofday");
static TIME: Real = Real::new(c"time");
static GETRANDOM: Real = Real::new(c"getrandom");
static GETENTROPY: Real = Real::new(c"getentropy");
static SYSCALL: Real = Real::new(c"syscall");

/// A function of the C library.
struct Real {
    name: &'static CStr,
    /// Null until it is found.
    address: AtomicPtr<c_void>,
}

impl Real {
    const fn new(name: &'static CStr) -> Real {
        Real {
            name,
            address: AtomicPtr::new(ptr::null_mut()),
        }
    }

    /// `None` where the C library does not have it.
    fn address(&self) -> Option<ptr::NonNull<c_void>> {
        // Code does not change, so nothing else needs to be in order with the address.
        ptr::NonNull::new(self.address.load(Ordering::Relaxed)).or_else(|| self.find())
    }

    #[cold]
    fn find(&self) -> Option<ptr::NonNull<c_void>> {
        // SAFETY: the name ends in a null byte. The next definition after this program's own is the C library's.
        let found = unsafe { libc::dlsym(libc::RTLD_NEXT, self.name.as_ptr()) };
        self.address.store(found, Ordering::Relaxed);
        ptr::NonNull::new(found)
    }
}

/// Finds them all while the program starts, because some of them may be called in a signal handler and `dlsym` may not.
/// What is called even earlier finds itself.
extern "C" fn find_all() {
    for function in [
        &CLOCK_GETTIME,
        &GETTIMEOFDAY,
        &TIME,
        &GETRANDOM,
        &GETENTROPY,
        &SYSCALL,
    ] {
        function.find();
    }
}

// SAFETY: the section holds addresses of functions that are called once each before `main`, with arguments that a function
// without parameters does not read.
#[used]
#[unsafe(link_section = ".init_array")]
static AT_START: extern "C" fn() = find_all;

/// Fails as a system call fails that the kernel does not have.
#[cold]
fn missing() -> c_int {
    // SAFETY: the C library gives each thread an `errno` of its own.
    unsafe { *libc::__errno_location() = libc::ENOSYS };
    -1
}
