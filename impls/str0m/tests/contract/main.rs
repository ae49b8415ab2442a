//! str0m through the peer contract, against itself over a virtual network.

mod channels;
mod closing;
mod media;
mod negotiation;
mod network;
mod path;
mod repetition;
