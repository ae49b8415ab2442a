//! Conformance tests and an interop simulator for WebRTC peer connections.
