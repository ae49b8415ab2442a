//! What the standard library and the C library's callers see on pinned threads, and on others beside them.

#[cfg(all(
    target_os = "linux",
    target_arch = "x86_64",
    target_env = "gnu",
    not(target_feature = "crt-static")
))]
mod glibc;
