//! Two engines over a small network, through the contract alone. [`world`] is the harness; the other files say what is shown.

mod channels;
mod connecting;
mod determinism;
mod errors;
mod event_order;
mod media;
mod negotiation;
mod network;
mod restart;
mod world;
