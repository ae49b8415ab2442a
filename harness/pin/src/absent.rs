//! Where the C library's functions cannot be replaced: pins have no effect.

use std::time::Duration;

#[derive(Debug)]
pub(crate) struct State;

impl State {
    pub fn new(_seed: u64, _unix_time: Duration) -> State {
        State
    }
}

pub(crate) fn swap(_state: Option<State>) -> Option<State> {
    None
}

pub(crate) fn set_elapsed(_elapsed: Duration) {}

pub(crate) fn active() -> bool {
    false
}

pub(crate) fn chance_by_system_call() -> Option<[u8; 16]> {
    None
}

pub(crate) const SUPPORTED: bool = false;
