//! `RTCPeerConnection`, with its extensions for media, data, statistics, identity and what is obsolete.

use super::dictionaries::{
    CONFIGURATION, IDENTITY_ASSERTION, IDENTITY_PROVIDER_OPTIONS, KEYGEN_ALGORITHM, OFFER_OPTIONS,
    TRANSCEIVER_INIT,
};
use super::{
    AttributeMember, Constructor, Interface, Method, Table, Type, carries, enumeration, event, method,
    needed, optional, promise, readonly,
};
use crate as p;

const DESCRIPTION: Type = Type::Object(Interface::SessionDescription);
const NULLABLE_DESCRIPTION: Type = Type::Nullable(&DESCRIPTION);
const TRACK: Type = Type::Object(Interface::MediaStreamTrack);
const STREAM: Type = Type::Object(Interface::MediaStream);

/// `RTCPeerConnection`.
pub static PEER_CONNECTION: Table = Table {
    clause: "webrtc-pc#rtcpeerconnection-interface",
    constructor: Some(Constructor {
        arguments: &[optional("configuration", Type::Dictionary(&CONFIGURATION))],
        clause: "webrtc-pc#dom-peerconnection",
    }),
    attributes: &[
        readonly(
            "signalingState",
            enumeration("RTCSignalingState", p::SignalingState::NAMES),
            "webrtc-pc#dom-peerconnection-signaling-state",
        ),
        readonly(
            "iceGatheringState",
            enumeration("RTCIceGatheringState", p::IceGatheringState::NAMES),
            "webrtc-pc#dom-peerconnection-ice-gathering-state",
        ),
        readonly(
            "iceConnectionState",
            enumeration("RTCIceConnectionState", p::IceConnectionState::NAMES),
            "webrtc-pc#dom-peerconnection-ice-connection-state",
        ),
        readonly(
            "connectionState",
            enumeration("RTCPeerConnectionState", p::PeerConnectionState::NAMES),
            "webrtc-pc#dom-peerconnection-connection-state",
        ),
        readonly(
            "canTrickleIceCandidates",
            Type::Nullable(&Type::Boolean),
            "webrtc-pc#dom-rtcpeerconnection-cantrickleicecandidates",
        ),
        readonly(
            "localDescription",
            NULLABLE_DESCRIPTION,
            "webrtc-pc#dom-peerconnection-localdescription",
        ),
        readonly(
            "currentLocalDescription",
            NULLABLE_DESCRIPTION,
            "webrtc-pc#dom-peerconnection-currentlocaldesc",
        ),
        readonly(
            "pendingLocalDescription",
            NULLABLE_DESCRIPTION,
            "webrtc-pc#dom-peerconnection-pendinglocaldesc",
        ),
        readonly(
            "remoteDescription",
            NULLABLE_DESCRIPTION,
            "webrtc-pc#dom-peerconnection-remotedescription",
        ),
        readonly(
            "currentRemoteDescription",
            NULLABLE_DESCRIPTION,
            "webrtc-pc#dom-peerconnection-currentremotedesc",
        ),
        readonly(
            "pendingRemoteDescription",
            NULLABLE_DESCRIPTION,
            "webrtc-pc#dom-peerconnection-pendingremotedesc",
        ),
        readonly(
            "sctp",
            Type::Nullable(&Type::Object(Interface::SctpTransport)),
            "webrtc-pc#dom-rtcpeerconnection-sctp",
        ),
        AttributeMember {
            name: "peerIdentity",
            holds: Type::Dictionary(&IDENTITY_ASSERTION),
            settable: false,
            promise: true,
            clause: "webrtc-identity#dom-rtcpeerconnection-peeridentity",
        },
        readonly(
            "idpLoginUrl",
            Type::Nullable(&Type::String),
            "webrtc-identity#dom-rtcpeerconnection-idploginurl",
        ),
        readonly(
            "idpErrorInfo",
            Type::Nullable(&Type::String),
            "webrtc-identity#dom-rtcpeerconnection-idperrorinfo",
        ),
    ],
    methods: &[
        promise(
            "createOffer",
            &[optional("options", Type::Dictionary(&OFFER_OPTIONS))],
            DESCRIPTION,
            "webrtc-pc#dom-rtcpeerconnection-createoffer",
        ),
        promise(
            "createAnswer",
            &[],
            DESCRIPTION,
            "webrtc-pc#dom-rtcpeerconnection-createanswer",
        ),
        promise(
            "setLocalDescription",
            &[optional(
                "description",
                Type::Dictionary(&super::dictionaries::LOCAL_DESCRIPTION_INIT),
            )],
            Type::Undefined,
            "webrtc-pc#dom-peerconnection-setlocaldescription",
        ),
        promise(
            "setRemoteDescription",
            &[needed(
                "description",
                Type::Dictionary(&super::dictionaries::DESCRIPTION_INIT),
            )],
            Type::Undefined,
            "webrtc-pc#dom-peerconnection-setremotedescription",
        ),
        promise(
            "addIceCandidate",
            &[optional(
                "candidate",
                Type::Dictionary(&super::dictionaries::CANDIDATE_INIT),
            )],
            Type::Undefined,
            "webrtc-pc#dom-peerconnection-addicecandidate",
        ),
        method(
            "restartIce",
            &[],
            Type::Undefined,
            "webrtc-pc#dom-rtcpeerconnection-restartice",
        ),
        method(
            "getConfiguration",
            &[],
            Type::Dictionary(&CONFIGURATION),
            "webrtc-pc#dom-rtcpeerconnection-getconfiguration",
        ),
        method(
            "setConfiguration",
            &[optional("configuration", Type::Dictionary(&CONFIGURATION))],
            Type::Undefined,
            "webrtc-pc#dom-rtcpeerconnection-setconfiguration",
        ),
        method(
            "close",
            &[],
            Type::Undefined,
            "webrtc-pc#dom-rtcpeerconnection-close",
        ),
        Method {
            name: "generateCertificate",
            arguments: &[needed("keygenAlgorithm", Type::Dictionary(&KEYGEN_ALGORITHM))],
            returns: Type::Object(Interface::Certificate),
            promise: true,
            is_static: true,
            clause: "webrtc-pc#dom-rtcpeerconnection-generatecertificate",
        },
        method(
            "createDataChannel",
            &[
                needed("label", Type::String),
                optional(
                    "dataChannelDict",
                    Type::Dictionary(&super::dictionaries::DATA_CHANNEL_INIT),
                ),
            ],
            Type::Object(Interface::DataChannel),
            "webrtc-pc#dom-peerconnection-createdatachannel",
        ),
        method(
            "getSenders",
            &[],
            Type::List(&Type::Object(Interface::RtpSender)),
            "webrtc-pc#dom-peerconnection-getsenders",
        ),
        method(
            "getReceivers",
            &[],
            Type::List(&Type::Object(Interface::RtpReceiver)),
            "webrtc-pc#dom-peerconnection-getreceivers",
        ),
        method(
            "getTransceivers",
            &[],
            Type::List(&Type::Object(Interface::RtpTransceiver)),
            "webrtc-pc#dom-peerconnection-gettranseceivers",
        ),
        method(
            "addTrack",
            &[needed("track", TRACK), optional("streams", Type::List(&STREAM))],
            Type::Object(Interface::RtpSender),
            "webrtc-pc#dom-rtcpeerconnection-addtrack",
        ),
        method(
            "removeTrack",
            &[needed("sender", Type::Object(Interface::RtpSender))],
            Type::Undefined,
            "webrtc-pc#dom-rtcpeerconnection-removetrack",
        ),
        method(
            "addTransceiver",
            &[
                needed("trackOrKind", Type::Either(&[TRACK, Type::String])),
                optional("init", Type::Dictionary(&TRANSCEIVER_INIT)),
            ],
            Type::Object(Interface::RtpTransceiver),
            "webrtc-pc#dom-rtcpeerconnection-addtransceiver",
        ),
        promise(
            "getStats",
            &[optional("selector", Type::Nullable(&TRACK))],
            Type::StatsReport,
            "webrtc-pc#widl-RTCPeerConnection-getStats-Promise-RTCStatsReport--MediaStreamTrack-selector",
        ),
        method(
            "setIdentityProvider",
            &[
                needed("provider", Type::String),
                optional("options", Type::Dictionary(&IDENTITY_PROVIDER_OPTIONS)),
            ],
            Type::Undefined,
            "webrtc-identity#dom-rtcpeerconnection-setidentityprovider",
        ),
        promise(
            "getIdentityAssertion",
            &[],
            Type::String,
            "webrtc-identity#dom-rtcpeerconnection-getidentityassertion",
        ),
        method(
            "addStream",
            &[needed("stream", STREAM)],
            Type::Undefined,
            "webrtc-pc#legacy-interface-extensions",
        ),
        method(
            "removeStream",
            &[needed("stream", STREAM)],
            Type::Undefined,
            "webrtc-pc#legacy-interface-extensions",
        ),
        method(
            "createDTMFSender",
            &[needed("track", TRACK)],
            Type::Object(Interface::DtmfSender),
            "webrtc-pc#legacy-interface-extensions",
        ),
    ],
    events: &[
        event("negotiationneeded", &[], "webrtc-pc#event-negotiation"),
        event(
            "signalingstatechange",
            &[],
            "webrtc-pc#event-signalingstatechange",
        ),
        event(
            "icegatheringstatechange",
            &[],
            "webrtc-pc#event-icegatheringstatechange",
        ),
        event(
            "iceconnectionstatechange",
            &[],
            "webrtc-pc#event-iceconnectionstatechange",
        ),
        event(
            "connectionstatechange",
            &[],
            "webrtc-pc#event-connectionstatechange",
        ),
        event(
            "icecandidate",
            &[carries(
                "candidate",
                Type::Nullable(&Type::Object(Interface::IceCandidate)),
            )],
            "webrtc-pc#event-icecandidate",
        ),
        event(
            "icecandidateerror",
            &[
                carries("address", Type::Nullable(&Type::String)),
                carries("port", Type::Nullable(&Type::UNSIGNED_SHORT)),
                carries("url", Type::String),
                carries("errorCode", Type::UNSIGNED_SHORT),
                carries("errorText", Type::String),
            ],
            "webrtc-pc#event-icecandidateerror",
        ),
        event(
            "datachannel",
            &[carries("channel", Type::Object(Interface::DataChannel))],
            "webrtc-pc#event-datachannel",
        ),
        event(
            "track",
            &[
                carries("receiver", Type::Object(Interface::RtpReceiver)),
                carries("track", TRACK),
                carries("streams", Type::List(&STREAM)),
                carries("transceiver", Type::Object(Interface::RtpTransceiver)),
            ],
            "webrtc-pc#event-track",
        ),
        event(
            "addstream",
            &[carries("stream", STREAM)],
            "webrtc-pc#legacy-interface-extensions",
        ),
        event(
            "removestream",
            &[carries("stream", STREAM)],
            "webrtc-pc#legacy-interface-extensions",
        ),
    ],
};
