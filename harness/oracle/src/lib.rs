//! The trace of a run, and the rules of the specification that every trace must keep.

pub mod trace;
