//! webrtc-rs behind the peer contract: `rtc`, its sans-IO core.
//!
//! What rtc does is rtc's own; the adapter adds only what rtc leaves to its user, and [`WebrtcRs`]'s `about()` lists it.
//! Read `connection` first, then `negotiation` and `channels`.
//!
//! # What comes from the operating system all the same
//!
//! The chance of ICE and DTLS comes from a generator of the peer's own. No argument reaches these; a peer repeats byte for
//! byte only where they are pinned from below, and every run has a thread of its own:
//!
//! - `getrandom`, through `rand`'s generator of the thread: the session identifier of descriptions, and tags, sequence
//!   numbers and cookies of SCTP.
//! - the system call of the same name, by ring: certificates, key exchange and signatures.
//! - `getrandom`, by `RandomState`: the order in which rtc takes up several data channels.
//! - `SystemTime::now`: `gmt_unix_time` of DTLS 1.2, and the validity of certificates.

mod channels;
mod clock;
mod connection;
mod crypto;
mod exception;
mod gathering;
mod negotiation;

use glare_peer::{About, Configuration, CreateError, Granularity, HostView, Implementation, Peer};

use crate::connection::Connection;

/// webrtc-rs' `rtc`, to be cast in a role.
#[derive(Debug, Clone, Copy, Default)]
pub struct WebrtcRs;

impl Implementation for WebrtcRs {
    fn about(&self) -> About {
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        About {
            name: "rtc".to_owned(),
            version: VERSION.to_owned(),
            granularity: Granularity::Event,
            deterministic: true,
            derived: list(DERIVED),
            capabilities: list(CAPABILITIES),
        }
    }

    fn create(&self, host: HostView, configuration: Configuration) -> Result<Box<dyn Peer>, CreateError> {
        Ok(Box::new(Connection::new(&host, &configuration)?))
    }
}

/// What rtc leaves to its user, and what the adapter makes of it.
const DERIVED: &[&str] = &[
    "promises: rtc's methods return at once; each runs in a task of its own, in the order of the calls",
    "signalingState, iceConnectionState, connectionState: from rtc's events, because it has no getters; closed after close()",
    "names of exceptions: from rtc's error values, such as InvalidStateError from ErrIncorrectSignalingState",
    "setLocalDescription without a text: createOffer() or createAnswer() before it, by the signalling state",
    "iceGatheringState, icegatheringstatechange, icecandidate: rtc's core gathers nothing; each address of the host is a host \
     candidate, told to rtc when the first local description is applied, and again signalled for each ICE generation",
    "datachannel: from OnOpen of a channel that was not created here",
    "readyState: from OnOpen, OnClose and, after close(), rtc's own ready_state",
    "label, protocol, ordered, maxPacketLifeTime, maxRetransmits, negotiated: rtc's own, read when the channel is made",
    "bufferedAmount: rtc's outstanding_bytes",
    "state of the SCTP, DTLS and ICE transports: rtc's own getters; it has no events for them",
];

/// What scenarios may ask for. rtc has media as well, which the adapter does not drive yet.
const CAPABILITIES: &[&str] = &[
    "data-channel",
    "negotiated-data-channel",
    "unordered-data-channel",
    "partially-reliable-data-channel",
    "buffered-amount-low",
    "trickle",
    "ice-restart",
    "rollback",
    "provisional-answer",
    "parameterless-set-local-description",
    "dtls-1.2",
    "key-log",
];

/// rtc says its version nowhere.
const VERSION: &str = "0.21.1";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_dependency() {
        let lock = include_str!("../../../Cargo.lock");
        let (_, package) = lock
            .split_once("\nname = \"rtc\"\n")
            .expect("the lock file has rtc");
        let version = package.lines().next().expect("a line for the version");
        assert_eq!(version, format!("version = \"{VERSION}\""));
    }
}
