//! ICE, DTLS and SCTP transports, and data channels.

use super::dictionaries::{CANDIDATE_PAIR, ICE_PARAMETERS};
use super::{Interface, Table, Type, carries, enumeration, event, method, needed, readonly, settable};
use crate as p;

/// `RTCIceTransport`.
pub static ICE_TRANSPORT: Table = Table {
    clause: "webrtc-pc#rtcicetransport",
    constructor: None,
    attributes: &[
        readonly(
            "role",
            enumeration("RTCIceRole", p::IceRole::NAMES),
            "webrtc-pc#dom-icetransport-role",
        ),
        readonly(
            "component",
            enumeration("RTCIceComponent", p::IceComponent::NAMES),
            "webrtc-pc#dom-icetransport-component",
        ),
        readonly(
            "state",
            enumeration("RTCIceTransportState", p::IceTransportState::NAMES),
            "webrtc-pc#dom-icetransport-state",
        ),
        readonly(
            "gatheringState",
            enumeration("RTCIceGathererState", p::IceGatheringState::NAMES),
            "webrtc-pc#dom-icetransport-gatheringstate",
        ),
    ],
    methods: &[
        method(
            "getLocalCandidates",
            &[],
            Type::List(&Type::Object(Interface::IceCandidate)),
            "webrtc-pc#dom-rtcicetransport-getlocalcandidates",
        ),
        method(
            "getRemoteCandidates",
            &[],
            Type::List(&Type::Object(Interface::IceCandidate)),
            "webrtc-pc#dom-rtcicetransport-getremotecandidates",
        ),
        method(
            "getSelectedCandidatePair",
            &[],
            Type::Nullable(&Type::Dictionary(&CANDIDATE_PAIR)),
            "webrtc-pc#dom-rtcicetransport-getselectedcandidatepair",
        ),
        method(
            "getLocalParameters",
            &[],
            Type::Nullable(&Type::Dictionary(&ICE_PARAMETERS)),
            "webrtc-pc#dom-rtcicetransport-getlocalparameters",
        ),
        method(
            "getRemoteParameters",
            &[],
            Type::Nullable(&Type::Dictionary(&ICE_PARAMETERS)),
            "webrtc-pc#dom-rtcicetransport-getremoteparameters",
        ),
    ],
    events: &[
        event("statechange", &[], "webrtc-pc#event-icetransport-statechange"),
        event(
            "gatheringstatechange",
            &[],
            "webrtc-pc#event-icetransport-gatheringstatechange",
        ),
        event(
            "selectedcandidatepairchange",
            &[],
            "webrtc-pc#event-icetransport-selectedcandidatepairchange",
        ),
    ],
};

/// `RTCDtlsTransport`.
pub static DTLS_TRANSPORT: Table = Table {
    clause: "webrtc-pc#rtcdtlstransport-interface",
    constructor: None,
    attributes: &[
        readonly(
            "iceTransport",
            Type::Object(Interface::IceTransport),
            "webrtc-pc#dom-rtcdtlstransport-icetransport",
        ),
        readonly(
            "state",
            enumeration("RTCDtlsTransportState", p::DtlsTransportState::NAMES),
            "webrtc-pc#dom-rtcdtlstransport-state",
        ),
    ],
    methods: &[method(
        "getRemoteCertificates",
        &[],
        Type::List(&Type::Bytes),
        "webrtc-pc#dom-rtcdtlstransport-getremotecertificates",
    )],
    events: &[
        event("statechange", &[], "webrtc-pc#event-dtlstransport-statechange"),
        event(
            "error",
            &[carries("error", Type::Object(Interface::Error))],
            "webrtc-pc#dom-rtcdtlstransport-onerror",
        ),
    ],
};

/// `RTCSctpTransport`.
pub static SCTP_TRANSPORT: Table = Table {
    clause: "webrtc-pc#rtcsctptransport-interface",
    constructor: None,
    attributes: &[
        readonly(
            "transport",
            Type::Object(Interface::DtlsTransport),
            "webrtc-pc#dom-rtcsctptransport-transport",
        ),
        readonly(
            "state",
            enumeration("RTCSctpTransportState", p::SctpTransportState::NAMES),
            "webrtc-pc#dom-rtcsctptransport-state",
        ),
        readonly(
            "maxMessageSize",
            Type::Nullable(&Type::Number),
            "webrtc-pc#dom-rtcsctptransport-maxmessagesize",
        ),
        readonly(
            "maxChannels",
            Type::Nullable(&Type::UNSIGNED_SHORT),
            "webrtc-pc#dom-rtcsctptransport-maxchannels",
        ),
    ],
    methods: &[],
    events: &[event(
        "statechange",
        &[],
        "webrtc-pc#event-sctptransport-statechange",
    )],
};

/// `RTCDataChannel`.
pub static DATA_CHANNEL: Table = Table {
    clause: "webrtc-pc#rtcdatachannel",
    constructor: None,
    attributes: &[
        readonly("label", Type::String, "webrtc-pc#dom-datachannel-label"),
        readonly("ordered", Type::Boolean, "webrtc-pc#dom-datachannel-ordered"),
        readonly(
            "maxPacketLifeTime",
            Type::Nullable(&Type::UNSIGNED_SHORT),
            "webrtc-pc#dom-datachannel-maxpacketlifetime",
        ),
        readonly(
            "maxRetransmits",
            Type::Nullable(&Type::UNSIGNED_SHORT),
            "webrtc-pc#dom-datachannel-maxretransmits",
        ),
        readonly("protocol", Type::String, "webrtc-pc#dom-datachannel-protocol"),
        readonly(
            "negotiated",
            Type::Boolean,
            "webrtc-pc#dom-datachannel-negotiated",
        ),
        readonly(
            "id",
            Type::Nullable(&Type::UNSIGNED_SHORT),
            "webrtc-pc#dom-rtcdatachannel-id",
        ),
        readonly(
            "readyState",
            enumeration("RTCDataChannelState", p::DataChannelState::NAMES),
            "webrtc-pc#dom-datachannel-readystate",
        ),
        readonly(
            "bufferedAmount",
            Type::UNSIGNED_LONG_LONG,
            "webrtc-pc#dom-datachannel-bufferedamount",
        ),
        settable(
            "bufferedAmountLowThreshold",
            Type::UNSIGNED_LONG,
            "webrtc-pc#dom-rtcdatachannel-bufferedamountlowthreshold",
        ),
        // A string that is no value of `BinaryType` changes nothing, so any may be set.
        settable("binaryType", Type::String, "webrtc-pc#dom-datachannel-binarytype"),
    ],
    methods: &[
        method(
            "send",
            &[needed("data", Type::Either(&[Type::String, Type::Bytes]))],
            Type::Undefined,
            "webrtc-pc#dom-rtcdatachannel-send",
        ),
        method(
            "close",
            &[],
            Type::Undefined,
            "webrtc-pc#dom-rtcdatachannel-close",
        ),
    ],
    events: &[
        event("open", &[], "webrtc-pc#event-datachannel-open"),
        event(
            "bufferedamountlow",
            &[],
            "webrtc-pc#event-datachannel-bufferedamountlow",
        ),
        event(
            "error",
            &[carries("error", Type::Object(Interface::Error))],
            "webrtc-pc#event-datachannel-error",
        ),
        event("closing", &[], "webrtc-pc#event-datachannel-closing"),
        event("close", &[], "webrtc-pc#event-datachannel-close"),
        event(
            "message",
            &[carries("data", Type::Either(&[Type::String, Type::Bytes]))],
            "webrtc-pc#event-datachannel-message",
        ),
    ],
};
