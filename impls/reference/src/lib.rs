//! The reference engine: `RTCPeerConnection` as the specification writes it, step by step and in its words.
//!
//! Time and chance come in as arguments, through [`glare_peer::HostView`] and the `now` of every call. Read `connection`
//! first; `sdp`, `ice`, `dtls`, `sctp` and `rtp` are the layers it stands on, none of which knows it.

mod connection;
#[expect(
    unused_imports,
    reason = "the room offers more than the connection uses so far"
)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the room offers more than the connection uses so far")
)]
mod dtls;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
#[expect(
    dead_code,
    unused_imports,
    reason = "the room offers more than the connection uses so far"
)]
mod ice;
mod identity;
#[expect(
    unused_imports,
    reason = "the room offers more than the connection uses so far"
)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the room offers more than the connection uses so far")
)]
mod rtp;
#[expect(dead_code, reason = "the room offers more than the connection uses so far")]
#[cfg_attr(
    not(test),
    expect(
        unused_imports,
        reason = "the room offers more than the connection uses so far"
    )
)]
mod sctp;
#[expect(
    unused_imports,
    reason = "the room offers more than the connection uses so far"
)]
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the room offers more than the connection uses so far")
)]
mod sdp;
mod statistics;

use glare_peer::{About, Configuration, CreateError, Granularity, HostView, Implementation, Peer};

/// The reference engine as something to cast in a role.
#[derive(Debug, Clone, Copy, Default)]
pub struct Reference;

impl Implementation for Reference {
    fn about(&self) -> About {
        let capabilities = [
            "buffered-amount-low",
            "certificates",
            "codec-preferences",
            "data-channel",
            "dtmf",
            "dtls-1.2",
            "dtls-1.3",
            "ice-candidate-error",
            "ice-lite",
            "ice-restart",
            "ice-tcp",
            "identity",
            "implicit-rollback",
            "key-log",
            "legacy-offer-options",
            "legacy-streams",
            "mdns",
            "media",
            "negotiated-data-channel",
            "parameterless-set-local-description",
            "parameters",
            "partially-reliable-data-channel",
            "pranswer",
            "rollback",
            "statistics",
            "set-configuration",
            "simulcast",
            "stun",
            "transceivers",
            "transports",
            "trickle",
            "turn",
            "unordered-data-channel",
            "user-media",
        ];
        About {
            name: "reference".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            granularity: Granularity::Step,
            deterministic: true,
            derived: Vec::new(),
            capabilities: capabilities.map(str::to_owned).to_vec(),
        }
    }

    fn create(&self, host: HostView, configuration: Configuration) -> Result<Box<dyn Peer>, CreateError> {
        Ok(Box::new(connection::Connection::new(host, configuration)?))
    }
}
