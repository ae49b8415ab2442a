//! Identity.

use glare_peer::Interface;

use super::{another_name, call};
use crate::Sabotage;
use crate::fault::CallFault;

const fn on(method: &'static str) -> (Interface, &'static str) {
    (Interface::PeerConnection, method)
}

const PEER_IDENTITY: &str = "webrtc-identity#dom-rtcpeerconnection-peeridentity";
const GET_ASSERTION: &str = "webrtc-identity#dom-rtcpeerconnection-getidentityassertion";
const SET_PROVIDER: &str = "webrtc-identity#dom-rtcpeerconnection-setidentityprovider";

pub(super) fn sabotages() -> Vec<Sabotage> {
    vec![
        call(
            "identity-provider-is-ignored",
            on("setIdentityProvider"),
            SET_PROVIDER,
            "setIdentityProvider() does nothing.",
            CallFault::Ignore,
        ),
        call(
            "identity-provider-takes-anything",
            on("setIdentityProvider"),
            SET_PROVIDER,
            "setIdentityProvider() returns where it should throw.",
            CallFault::Swallow,
        ),
        call(
            "assertion-never-settles",
            on("getIdentityAssertion"),
            GET_ASSERTION,
            "The promise of getIdentityAssertion() stays pending.",
            CallFault::NeverSettle,
        ),
        call(
            "assertion-never-rejects",
            on("getIdentityAssertion"),
            GET_ASSERTION,
            "getIdentityAssertion() fulfils where it should reject.",
            CallFault::Swallow,
        ),
        call(
            "assertion-error-has-another-name",
            on("getIdentityAssertion"),
            GET_ASSERTION,
            "What getIdentityAssertion() rejects with is a NotReadableError.",
            another_name(),
        ),
        call(
            "peer-identity-never-settles",
            on("peerIdentity"),
            PEER_IDENTITY,
            "peerIdentity stays pending.",
            CallFault::NeverSettle,
        ),
        call(
            "peer-identity-never-rejects",
            on("peerIdentity"),
            PEER_IDENTITY,
            "peerIdentity fulfils where it should reject.",
            CallFault::Swallow,
        ),
    ]
}
