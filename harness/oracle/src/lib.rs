//! The trace of a run, and the rules of the specification that every trace must keep.
//!
//! [`trace`] defines what is recorded. [`rules`](mod@rules) holds the rules, a file for each family of them, and judges a
//! trace by them. [`snapshot`] reduces a trace to the transitions that people review.

pub mod rules;
mod sdp;
pub mod snapshot;
pub mod trace;
mod view;

#[cfg(test)]
mod testing;

pub use rules::{Level, Rule, Violation, judge, rules};
