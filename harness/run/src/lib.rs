//! Plays one scenario with one cast and one seed; trace, verdict and bundle out.

mod classify;
mod negotiation;
mod payload;
mod recorder;
mod signalling;
mod verdict;
mod world;

pub use verdict::{Departure, Verdict, VerdictKind};
