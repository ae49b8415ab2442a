//! ICE, DTLS and SCTP transports.

use glare_peer::{Attribute, Interface, Value};

use super::states::instead;
use super::{always_null, call, event, read};
use crate::Sabotage;
use crate::fault::{CallFault, EventFault, ReadFault};

const ICE: Interface = Interface::IceTransport;
const DTLS: Interface = Interface::DtlsTransport;
const SCTP: Interface = Interface::SctpTransport;

fn emptied(value: &mut Value) -> bool {
    let emptied = Value::List(Vec::new());
    std::mem::replace(value, emptied) != *value
}

fn nulled(value: &mut Value) -> bool {
    std::mem::replace(value, Value::Null) != Value::Null
}

pub(super) fn sabotages() -> Vec<Sabotage> {
    vec![
        event(
            "ice-statechange-is-not-fired",
            (ICE, "statechange"),
            "webrtc-pc#event-icetransport-statechange",
            "statechange is never fired at an ICE transport.",
            EventFault::Drop,
        ),
        event(
            "ice-statechange-is-fired-twice",
            (ICE, "statechange"),
            "webrtc-pc#event-icetransport-statechange",
            "statechange is fired twice in a row at ICE transports.",
            EventFault::Twice,
        ),
        event(
            "ice-gatheringstatechange-is-not-fired",
            (ICE, "gatheringstatechange"),
            "webrtc-pc#event-icetransport-gatheringstatechange",
            "gatheringstatechange is never fired.",
            EventFault::Drop,
        ),
        event(
            "selectedcandidatepairchange-is-not-fired",
            (ICE, "selectedcandidatepairchange"),
            "webrtc-pc#event-icetransport-selectedcandidatepairchange",
            "selectedcandidatepairchange is never fired.",
            EventFault::Drop,
        ),
        event(
            "dtls-statechange-is-not-fired",
            (DTLS, "statechange"),
            "webrtc-pc#event-dtlstransport-statechange",
            "statechange is never fired at a DTLS transport.",
            EventFault::Drop,
        ),
        event(
            "dtls-error-is-not-fired",
            (DTLS, "error"),
            "webrtc-pc#dom-rtcdtlstransport-error",
            "error is never fired at a DTLS transport.",
            EventFault::Drop,
        ),
        event(
            "sctp-statechange-is-not-fired",
            (SCTP, "statechange"),
            "webrtc-pc#event-sctptransport-statechange",
            "statechange is never fired at an SCTP transport.",
            EventFault::Drop,
        ),
        read(
            "ice-transport-changes-after-its-event",
            ICE,
            Attribute::State,
            "webrtc-pc#rtcicetransport",
            "state of ICE transports changes only at the end of the task.",
            ReadFault::TaskLate,
        ),
        read(
            "ice-transport-never-fails",
            ICE,
            Attribute::State,
            "webrtc-pc#dom-rtcicetransportstate-failed",
            "state of ICE transports stays disconnected.",
            instead!("failed" => "disconnected"),
        ),
        read(
            "ice-transport-skips-checking",
            ICE,
            Attribute::State,
            "webrtc-pc#dom-rtcicetransportstate-checking",
            "state of ICE transports stays new until it is connected.",
            instead!("checking" => "new"),
        ),
        read(
            "ice-role-is-the-other",
            ICE,
            Attribute::Role,
            "webrtc-pc#dom-icetransport-role",
            "role is controlled for controlling and controlling for controlled.",
            instead!("controlling" => "controlled", "controlled" => "controlling"),
        ),
        read(
            "ice-role-stays-unknown",
            ICE,
            Attribute::Role,
            "webrtc-pc#dom-icetransport-role",
            "role is null.",
            ReadFault::Alter(always_null),
        ),
        read(
            "ice-component-is-rtcp",
            ICE,
            Attribute::Component,
            "webrtc-pc#dom-icetransport-component",
            "component is rtcp.",
            instead!("rtp" => "rtcp"),
        ),
        read(
            "ice-gathering-state-stays-new",
            ICE,
            Attribute::GatheringState,
            "webrtc-pc#dom-icetransport-gatheringstate",
            "gatheringState never changes.",
            ReadFault::First,
        ),
        call(
            "no-local-candidates",
            (ICE, "getLocalCandidates"),
            "webrtc-pc#dom-rtcicetransport-getlocalcandidates",
            "getLocalCandidates() returns an empty list.",
            CallFault::Result(emptied),
        ),
        call(
            "no-remote-candidates",
            (ICE, "getRemoteCandidates"),
            "webrtc-pc#dom-rtcicetransport-getremotecandidates",
            "getRemoteCandidates() returns an empty list.",
            CallFault::Result(emptied),
        ),
        call(
            "no-selected-pair",
            (ICE, "getSelectedCandidatePair"),
            "webrtc-pc#dom-rtcicetransport-getselectedcandidatepair",
            "getSelectedCandidatePair() returns null.",
            CallFault::Result(nulled),
        ),
        call(
            "selected-pair-is-swapped",
            (ICE, "getSelectedCandidatePair"),
            "webrtc-pc#dom-rtcicecandidatepair-local",
            "local of the selected pair is remote, and remote local.",
            CallFault::Result(|value| match value {
                Value::Dictionary(members) => match (members.remove("local"), members.remove("remote")) {
                    (Some(local), Some(remote)) => {
                        members.insert("local".to_owned(), remote);
                        members.insert("remote".to_owned(), local);
                        true
                    }
                    _ => false,
                },
                _ => false,
            }),
        ),
        call(
            "no-local-parameters",
            (ICE, "getLocalParameters"),
            "webrtc-pc#dom-rtcicetransport-getlocalparameters",
            "getLocalParameters() returns null.",
            CallFault::Result(nulled),
        ),
        call(
            "local-parameters-stay",
            (ICE, "getLocalParameters"),
            "webrtc-pc#dom-rtcicetransport-getlocalparameters",
            "getLocalParameters() returns for ever what it did the first time.",
            CallFault::FirstResult,
        ),
        call(
            "no-remote-parameters",
            (ICE, "getRemoteParameters"),
            "webrtc-pc#dom-rtcicetransport-getremoteparameters",
            "getRemoteParameters() returns null.",
            CallFault::Result(nulled),
        ),
        read(
            "dtls-transport-changes-after-its-event",
            DTLS,
            Attribute::State,
            "webrtc-pc#dom-rtcdtlstransport-state",
            "state of DTLS transports changes only at the end of the task.",
            ReadFault::TaskLate,
        ),
        read(
            "dtls-transport-skips-connecting",
            DTLS,
            Attribute::State,
            "webrtc-pc#dom-rtcdtlstransportstate-connecting",
            "state of DTLS transports stays new until it is connected.",
            instead!("connecting" => "new"),
        ),
        read(
            "dtls-transport-never-fails",
            DTLS,
            Attribute::State,
            "webrtc-pc#dom-rtcdtlstransportstate-failed",
            "state of DTLS transports stays connecting.",
            instead!("failed" => "connecting"),
        ),
        read(
            "dtls-transport-is-not-closed",
            DTLS,
            Attribute::State,
            "webrtc-pc#dfn-close-the-connection",
            "state of DTLS transports stays what it was when the connection was closed.",
            ReadFault::UnclosedState,
        ),
        call(
            "no-remote-certificates",
            (DTLS, "getRemoteCertificates"),
            "webrtc-pc#dom-rtcdtlstransport-getremotecertificates",
            "getRemoteCertificates() returns an empty list.",
            CallFault::Result(emptied),
        ),
        read(
            "sctp-transport-stays-connecting",
            SCTP,
            Attribute::State,
            "webrtc-pc#connected-procedure",
            "state of the SCTP transport stays connecting.",
            ReadFault::First,
        ),
        read(
            "sctp-transport-is-not-closed",
            SCTP,
            Attribute::State,
            "webrtc-pc#dfn-close-the-connection",
            "state of the SCTP transport stays what it was when the connection was closed.",
            ReadFault::UnclosedState,
        ),
        read(
            "max-message-size-is-one",
            SCTP,
            Attribute::MaxMessageSize,
            "webrtc-pc#dom-rtcsctptransport-maxmessagesize",
            "maxMessageSize is 1.",
            ReadFault::Alter(|_| Some(Value::Number(1.0))),
        ),
        read(
            "max-channels-is-known-too-early",
            SCTP,
            Attribute::MaxChannels,
            "webrtc-pc#dom-rtcsctptransport-maxchannels",
            "maxChannels is 65535 before the transport is connected.",
            ReadFault::Alter(|value| (*value == Value::Null).then_some(Value::Number(65_535.0))),
        ),
        read(
            "max-channels-stays-null",
            SCTP,
            Attribute::MaxChannels,
            "webrtc-pc#dom-rtcsctptransport-maxchannels",
            "maxChannels is null.",
            ReadFault::Alter(always_null),
        ),
    ]
}
