//! The reference engine: `RTCPeerConnection` as the specification writes it, step by step and in its words.
//!
//! Time and chance come in as arguments, through [`glare_peer::HostView`] and the `now` of every call. Read `connection`
//! first; `sdp`, `ice`, `dtls` and `sctp` are the layers it stands on, none of which knows it.

mod connection;
mod dtls;
mod ice;
mod sctp;
mod sdp;
