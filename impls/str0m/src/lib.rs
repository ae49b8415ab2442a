//! str0m behind the peer contract.
//!
//! What str0m does is str0m's own; the adapter adds only the bookkeeping that every user of str0m must do, and
//! [`Str0m`]'s `about()` lists it. Read `connection` first, then `negotiation` and `channels`.
//!
//! # What comes from the operating system all the same
//!
//! No argument reaches these. A peer repeats byte for byte only where they are pinned from below, and every run has a
//! thread of its own:
//!
//! - `getrandom`, by sctp-proto through `rand`'s generator of the thread: verification tags, initial TSNs and state cookies
//!   of SCTP. They travel encrypted, so without the pin the bodies of DTLS application data records differ.
//! - `Instant::now`, by sctp-proto when it begins an association: without the pin its first measure of the round trip, and
//!   so the times of its retransmissions, differ by what the wall clock says.
//! - `getrandom`, by `RandomState`: the order in which str0m takes up several candidates of one description.
//! - `SystemTime::now` and `Instant::now`, once in a process each by str0m and dimpl: the `gmt_unix_time` in the randoms
//!   of DTLS 1.2 differs between processes.

mod ambient;
mod channels;
mod clock;
mod connection;
mod crypto;
mod gathering;
mod media;
mod negotiation;

use std::sync::LazyLock;

use glare_peer::{About, Configuration, CreateError, Granularity, HostView, Implementation, Peer};
use str0m::change::SdpOffer;

use crate::connection::Connection;

/// str0m, to be cast in a role.
#[derive(Debug, Clone, Copy, Default)]
pub struct Str0m;

impl Implementation for Str0m {
    fn about(&self) -> About {
        let list = |items: &[&str]| items.iter().map(|item| (*item).to_owned()).collect();
        About {
            name: "str0m".to_owned(),
            version: VERSION.clone(),
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

/// What str0m has no notion of, and what the adapter works it out from.
const DERIVED: &[&str] = &[
    "signalingState, signalingstatechange: from the calls that succeeded",
    "InvalidStateError of createOffer, createAnswer, setLocalDescription and setRemoteDescription: from that signalingState",
    "InvalidStateError of addIceCandidate: from there being no remote description",
    "InvalidStateError after close(): from close() having been called",
    "InvalidModificationError of setLocalDescription: str0m reads no local description, so only its last one is applied",
    "currentLocalDescription, pendingLocalDescription, localDescription, currentRemoteDescription, \
     pendingRemoteDescription, remoteDescription: the texts that str0m made or was given; local ones with a line for each \
     candidate that was signalled since",
    "createOffer: an offer is given again until a channel or an ICE restart calls for another; str0m voids the one before",
    "setRemoteDescription(offer): str0m only parses it; createAnswer hands it to accept_offer, which also starts ICE and \
     DTLS, so that setLocalDescription(answer) only signals candidates",
    "setRemoteDescription(rollback) of an offer: dropping str0m's pending offer, or the text that str0m was not given yet",
    "iceGatheringState, icegatheringstatechange, icecandidate: str0m gathers nothing; each address of the host is a host \
     candidate, told to str0m when the first local description is applied",
    "negotiationneeded: from a data channel or restartIce() that waits for an offer",
    "connectionState, connectionstatechange: from str0m's IceConnectionState and Connected event; failed once is_alive() is \
     false without close()",
    "datachannel: from ChannelOpen of a channel that was not created here, which is open from then on",
    "readyState, close: from ChannelOpen, ChannelClose and the calls; closed for all channels with str0m's Closed event or \
     once is_alive() is false",
    "label, protocol, ordered, maxPacketLifeTime, maxRetransmits, negotiated of a local channel: what it was created with",
    "bufferedAmountLowThreshold: what it was set to",
    "tracks, streams, senders, receivers and transceivers: str0m has media sections with a direction; what script sees of them is \
     worked out from the calls and from the texts of descriptions",
    "track, mute, ended: from the directions in remote descriptions, when these are set; unmute: from the first MediaData",
    "the direction of an answer: str0m takes what is offered and cannot be asked for less",
    "frames: made by the adapter for str0m to send, Opus and VP8 with noise in them",
];

/// What scenarios may ask for. TURN, STUN servers, provisional answers and statistics are not among it.
const CAPABILITIES: &[&str] = &[
    "data-channel",
    "negotiated-data-channel",
    "unordered-data-channel",
    "partially-reliable-data-channel",
    "buffered-amount-low",
    "trickle",
    "ice-restart",
    "rollback",
    "implicit-rollback",
    "parameterless-set-local-description",
    "dtls-1.2",
    "dtls-1.3",
    "key-log",
    "media",
    "user-media",
];

/// The version that str0m writes into the `o=` line of every description: it says it nowhere else.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let anything = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
    let sdp = SdpOffer::from_sdp_string(anything).map(|offer| offer.to_sdp_string());
    let version = sdp.as_deref().ok().and_then(|sdp| {
        let origin = sdp.lines().find_map(|line| line.strip_prefix("o=str0m-"))?;
        origin.split(' ').next()
    });
    version.unwrap_or("unknown").to_owned()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_dependency() {
        assert!(
            Str0m.about().version.starts_with("0.25."),
            "{}",
            Str0m.about().version
        );
    }
}
