//! str0m through the peer contract, against itself over a virtual network.

mod channels;
mod closing;
mod media;
mod negotiation;
mod network;
mod path;
mod repetition;

/// What is put to the test.
const SUBJECT: glare_str0m::Str0m = glare_str0m::Str0m;
