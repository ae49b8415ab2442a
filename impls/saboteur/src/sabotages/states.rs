//! The attributes of the connection.

use glare_peer::{Attribute, Interface, Value};

use super::{always_null, read};
use crate::Sabotage;
use crate::fault::ReadFault;

fn state(
    name: &'static str,
    attribute: Attribute,
    clause: &'static str,
    what: &'static str,
    how: ReadFault,
) -> Sabotage {
    read(name, Interface::PeerConnection, attribute, clause, what, how)
}

/// This string in place of that.
macro_rules! instead {
    ($($from:literal => $to:literal),+) => {
        ReadFault::Alter(|value| match value {
            $(Value::String(text) if text == $from => Some(Value::String($to.to_owned())),)+
            _ => None,
        })
    };
}
pub(super) use instead;

pub(super) fn sabotages() -> Vec<Sabotage> {
    vec![
        state(
            "signaling-state-lags-one-behind",
            Attribute::SignalingState,
            "webrtc-pc#dom-peerconnection-signaling-state",
            "signalingState is what it was before its last change.",
            ReadFault::Previous,
        ),
        state(
            "signaling-state-changes-after-its-event",
            Attribute::SignalingState,
            "webrtc-pc#set-description",
            "signalingState changes only at the end of the task.",
            ReadFault::TaskLate,
        ),
        state(
            "signaling-state-is-not-closed",
            Attribute::SignalingState,
            "webrtc-pc#dfn-close-the-connection",
            "signalingState stays what it was when the connection was closed.",
            ReadFault::UnclosedState,
        ),
        state(
            "signaling-state-knows-no-pranswer",
            Attribute::SignalingState,
            "webrtc-pc#dom-rtcsignalingstate-have-local-pranswer",
            "signalingState takes no notice of a provisional answer.",
            instead!("have-local-pranswer" => "have-remote-offer", "have-remote-pranswer" => "have-local-offer"),
        ),
        state(
            "gathering-state-changes-after-its-event",
            Attribute::IceGatheringState,
            "webrtc-pc#rtcicetransport",
            "iceGatheringState changes only at the end of the task.",
            ReadFault::TaskLate,
        ),
        state(
            "gathering-state-stays-new",
            Attribute::IceGatheringState,
            "webrtc-pc#rtcicegatheringstate-enum",
            "iceGatheringState never changes.",
            ReadFault::First,
        ),
        state(
            "gathering-state-is-never-complete",
            Attribute::IceGatheringState,
            "webrtc-pc#dom-rtcicegatheringstate-complete",
            "iceGatheringState stays gathering when all has been gathered.",
            instead!("complete" => "gathering"),
        ),
        state(
            "ice-connection-state-changes-after-its-event",
            Attribute::IceConnectionState,
            "webrtc-pc#rtcicetransport",
            "iceConnectionState changes only at the end of the task.",
            ReadFault::TaskLate,
        ),
        state(
            "ice-connection-state-is-not-closed",
            Attribute::IceConnectionState,
            "webrtc-pc#dfn-close-the-connection",
            "iceConnectionState stays what it was when the connection was closed.",
            ReadFault::UnclosedState,
        ),
        state(
            "ice-connection-state-never-fails",
            Attribute::IceConnectionState,
            "webrtc-pc#dom-rtciceconnectionstate-failed",
            "iceConnectionState stays disconnected.",
            instead!("failed" => "disconnected"),
        ),
        state(
            "ice-connection-state-is-never-disconnected",
            Attribute::IceConnectionState,
            "webrtc-pc#dom-rtciceconnectionstate-disconnected",
            "iceConnectionState stays connected.",
            instead!("disconnected" => "connected"),
        ),
        state(
            "connection-state-changes-after-its-event",
            Attribute::ConnectionState,
            "webrtc-pc#update-the-connection-state",
            "connectionState changes only at the end of the task.",
            ReadFault::TaskLate,
        ),
        state(
            "connection-state-is-not-closed",
            Attribute::ConnectionState,
            "webrtc-pc#dfn-close-the-connection",
            "connectionState stays what it was when the connection was closed.",
            ReadFault::UnclosedState,
        ),
        state(
            "connection-state-never-fails",
            Attribute::ConnectionState,
            "webrtc-pc#dom-rtcpeerconnectionstate-failed",
            "connectionState stays disconnected.",
            instead!("failed" => "disconnected"),
        ),
        state(
            "connection-state-skips-connecting",
            Attribute::ConnectionState,
            "webrtc-pc#dom-rtcpeerconnectionstate-connecting",
            "connectionState stays new until it is connected.",
            instead!("connecting" => "new"),
        ),
        state(
            "connection-state-is-connected-too-early",
            Attribute::ConnectionState,
            "webrtc-pc#dom-rtcpeerconnectionstate-connected",
            "connectionState is connected while DTLS is connecting.",
            instead!("connecting" => "connected"),
        ),
        state(
            "can-trickle-is-the-opposite",
            Attribute::CanTrickleIceCandidates,
            "webrtc-pc#dom-rtcpeerconnection-cantrickleicecandidates",
            "canTrickleIceCandidates is false for true and true for false.",
            ReadFault::Alter(|value| match value {
                Value::Boolean(can) => Some(Value::Boolean(!can)),
                _ => None,
            }),
        ),
        state(
            "can-trickle-is-never-null",
            Attribute::CanTrickleIceCandidates,
            "webrtc-pc#dom-rtcpeerconnection-cantrickleicecandidates",
            "canTrickleIceCandidates is true before there is a remote description.",
            ReadFault::Alter(|value| (*value == Value::Null).then_some(Value::Boolean(true))),
        ),
        state(
            "local-description-has-no-new-candidates",
            Attribute::LocalDescription,
            "webrtc-pc#dom-peerconnection-localdescription",
            "localDescription never has the candidates that were gathered.",
            ReadFault::Alter(|value| match value {
                Value::Description(description) => {
                    let sdp = crate::sdp::without(&description.sdp, "a=candidate:")?;
                    let description = glare_peer::SessionDescription {
                        sdp: sdp.into(),
                        sdp_type: description.sdp_type,
                    };
                    Some(Value::Description(description))
                }
                _ => None,
            }),
        ),
        state(
            "local-description-is-null",
            Attribute::LocalDescription,
            "webrtc-pc#dom-peerconnection-localdescription",
            "localDescription is null.",
            ReadFault::Alter(always_null),
        ),
        state(
            "remote-description-is-null",
            Attribute::RemoteDescription,
            "webrtc-pc#dom-peerconnection-remotedescription",
            "remoteDescription is null.",
            ReadFault::Alter(always_null),
        ),
        state(
            "current-local-description-stays-null",
            Attribute::CurrentLocalDescription,
            "webrtc-pc#dom-peerconnection-currentlocaldesc",
            "currentLocalDescription is null.",
            ReadFault::Alter(always_null),
        ),
        state(
            "current-remote-description-lags-one-behind",
            Attribute::CurrentRemoteDescription,
            "webrtc-pc#dom-peerconnection-currentremotedesc",
            "currentRemoteDescription is what it was before its last change.",
            ReadFault::Previous,
        ),
        state(
            "pending-local-description-stays-null",
            Attribute::PendingLocalDescription,
            "webrtc-pc#dom-peerconnection-pendinglocaldesc",
            "pendingLocalDescription is null.",
            ReadFault::Alter(always_null),
        ),
        state(
            "pending-remote-description-lags-one-behind",
            Attribute::PendingRemoteDescription,
            "webrtc-pc#dom-peerconnection-pendingremotedesc",
            "pendingRemoteDescription is what it was before its last change.",
            ReadFault::Previous,
        ),
        state(
            "sctp-is-null",
            Attribute::Sctp,
            "webrtc-pc#dom-rtcpeerconnection-sctp",
            "sctp is null.",
            ReadFault::Alter(always_null),
        ),
    ]
}
