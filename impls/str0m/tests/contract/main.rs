//! str0m through the peer contract, against itself over a virtual network.

mod negotiation;
mod network;
