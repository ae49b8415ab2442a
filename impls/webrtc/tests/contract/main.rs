//! webrtc-rs' `rtc` through the peer contract, against itself over a virtual network.

mod channels;
mod closing;
mod negotiation;
#[path = "../../../str0m/tests/contract/network.rs"]
mod network;
mod path;
mod repetition;

/// What is put to the test.
const SUBJECT: glare_webrtc::WebrtcRs = glare_webrtc::WebrtcRs;
