//! The connection: slots, operations chain, tasks and algorithms of webrtc-pc.
