//! Plays one scenario with one cast and one seed; trace, verdict and bundle out.
//!
//! [`play`] is the way in. `world` holds peers, internet (with what lives on a `host`), signalling and clock; `performance` is the loop, `steps` (with `calls` and
//! `network_changes`) what each verb of the language does, `conditions` what holds or does not; `bundle` is what stays on disk.

mod bundle;
mod calls;
mod classify;
mod conditions;
mod host;
mod identities;
mod matching;
mod negotiation;
mod network_changes;
#[cfg(test)]
mod networked;
mod objects;
mod operations;
mod paths;
mod payload;
mod performance;
mod places;
mod play;
mod recorder;
#[cfg(test)]
mod scripted;
mod sdp_text;
mod signalling;
mod signals;
mod steps;
mod variables;
mod verdict;
mod world;

pub use bundle::{
    BUNDLE_VERSION, Bundle, BundleError, VerdictFile, cell_folder, read_bundle, states_yaml,
    trace_difference, write_bundle,
};
pub use play::{Cast, Measures, Outcome, Play, cell_id, crashed, play};
pub use verdict::{Departure, Verdict, VerdictKind};
