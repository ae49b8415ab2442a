//! The dictionaries that methods take and give.

use super::{Dictionary, Interface, Type, enumeration, member, required};
use crate as p;

const NULLABLE_STRING: Type = Type::Nullable(&Type::String);
const PROTOCOL: Type = enumeration(
    "RTCIceServerTransportProtocol",
    p::IceServerTransportProtocol::NAMES,
);

/// `RTCConfiguration`.
pub static CONFIGURATION: Dictionary = Dictionary {
    name: "RTCConfiguration",
    members: &[
        member("iceServers", Type::List(&Type::Dictionary(&ICE_SERVER))),
        member(
            "iceTransportPolicy",
            enumeration("RTCIceTransportPolicy", p::IceTransportPolicy::NAMES),
        ),
        member(
            "bundlePolicy",
            enumeration("RTCBundlePolicy", p::BundlePolicy::NAMES),
        ),
        member(
            "rtcpMuxPolicy",
            enumeration("RTCRtcpMuxPolicy", p::RtcpMuxPolicy::NAMES),
        ),
        member("certificates", Type::List(&Type::Object(Interface::Certificate))),
        member("iceCandidatePoolSize", Type::OCTET),
        member("peerIdentity", Type::String),
    ],
    clause: "webrtc-pc#rtcconfiguration-dictionary",
};

/// `RTCIceServer`.
pub static ICE_SERVER: Dictionary = Dictionary {
    name: "RTCIceServer",
    members: &[
        required("urls", Type::List(&Type::String)),
        member("username", Type::String),
        member("credential", Type::String),
    ],
    clause: "webrtc-pc#rtciceserver-dictionary",
};

/// `RTCOfferOptions`.
pub static OFFER_OPTIONS: Dictionary = Dictionary {
    name: "RTCOfferOptions",
    members: &[
        member("iceRestart", Type::Boolean),
        member("offerToReceiveAudio", Type::Boolean),
        member("offerToReceiveVideo", Type::Boolean),
    ],
    clause: "webrtc-pc#dom-rtcofferoptions",
};

/// `RTCSessionDescriptionInit`.
pub static DESCRIPTION_INIT: Dictionary = Dictionary {
    name: "RTCSessionDescriptionInit",
    members: &[
        required("type", enumeration("RTCSdpType", p::SdpType::NAMES)),
        member("sdp", Type::String),
    ],
    clause: "webrtc-pc#dom-rtcsessiondescriptioninit",
};

/// `RTCLocalSessionDescriptionInit`.
pub static LOCAL_DESCRIPTION_INIT: Dictionary = Dictionary {
    name: "RTCLocalSessionDescriptionInit",
    members: &[
        member("type", enumeration("RTCSdpType", p::SdpType::NAMES)),
        member("sdp", Type::String),
    ],
    clause: "webrtc-pc#dom-rtclocalsessiondescriptioninit",
};

/// `RTCIceCandidateInit`.
pub static CANDIDATE_INIT: Dictionary = Dictionary {
    name: "RTCIceCandidateInit",
    members: &[
        member("candidate", Type::String),
        member("sdpMid", NULLABLE_STRING),
        member("sdpMLineIndex", Type::Nullable(&Type::UNSIGNED_SHORT)),
        member("usernameFragment", NULLABLE_STRING),
    ],
    clause: "webrtc-pc#dom-rtcicecandidateinit",
};

/// `RTCLocalIceCandidateInit`.
pub static LOCAL_CANDIDATE_INIT: Dictionary = Dictionary {
    name: "RTCLocalIceCandidateInit",
    members: &[
        member("candidate", Type::String),
        member("sdpMid", NULLABLE_STRING),
        member("sdpMLineIndex", Type::Nullable(&Type::UNSIGNED_SHORT)),
        member("usernameFragment", NULLABLE_STRING),
        member("relayProtocol", Type::Nullable(&PROTOCOL)),
        member("url", NULLABLE_STRING),
    ],
    clause: "webrtc-pc#local-icecandidate-init",
};

/// `AlgorithmIdentifier` with `RTCCertificateExpiration`.
pub static KEYGEN_ALGORITHM: Dictionary = Dictionary {
    name: "AlgorithmIdentifier",
    members: &[
        required("name", Type::String),
        member("namedCurve", Type::String),
        member("modulusLength", Type::UNSIGNED_LONG),
        member("publicExponent", Type::UNSIGNED_LONG_LONG),
        member("hash", Type::String),
        member("expires", Type::UNSIGNED_LONG_LONG),
    ],
    clause: "webrtc-pc#rtccertificateexpiration-dictionary",
};

/// `RTCDtlsFingerprint`.
pub static DTLS_FINGERPRINT: Dictionary = Dictionary {
    name: "RTCDtlsFingerprint",
    members: &[member("algorithm", Type::String), member("value", Type::String)],
    clause: "webrtc-pc#rtcdtlsfingerprint",
};

/// `RTCErrorInit`.
pub static ERROR_INIT: Dictionary = Dictionary {
    name: "RTCErrorInit",
    members: &[
        required(
            "errorDetail",
            enumeration("RTCErrorDetailType", p::RtcErrorDetail::NAMES),
        ),
        member("sdpLineNumber", Type::UNSIGNED_LONG),
        member("sctpCauseCode", Type::UNSIGNED_SHORT),
        member("receivedAlert", Type::OCTET),
        member("sentAlert", Type::OCTET),
        member("httpRequestStatusCode", Type::UNSIGNED_SHORT),
    ],
    clause: "webrtc-pc#dom-rtcerrorinit",
};

/// `RTCDataChannelInit`.
pub static DATA_CHANNEL_INIT: Dictionary = Dictionary {
    name: "RTCDataChannelInit",
    members: &[
        member("ordered", Type::Boolean),
        member("maxPacketLifeTime", Type::UNSIGNED_SHORT),
        member("maxRetransmits", Type::UNSIGNED_SHORT),
        member("protocol", Type::String),
        member("negotiated", Type::Boolean),
        member("id", Type::UNSIGNED_SHORT),
    ],
    clause: "webrtc-pc#dom-rtcdatachannelinit",
};

/// `RTCRtpTransceiverInit`.
pub static TRANSCEIVER_INIT: Dictionary = Dictionary {
    name: "RTCRtpTransceiverInit",
    members: &[
        member(
            "direction",
            enumeration("RTCRtpTransceiverDirection", p::RtpTransceiverDirection::NAMES),
        ),
        member("streams", Type::List(&Type::Object(Interface::MediaStream))),
        member(
            "sendEncodings",
            Type::List(&Type::Dictionary(&ENCODING_PARAMETERS)),
        ),
    ],
    clause: "webrtc-pc#dom-rtcrtptransceiverinit",
};

/// `RTCRtpEncodingParameters`.
pub static ENCODING_PARAMETERS: Dictionary = Dictionary {
    name: "RTCRtpEncodingParameters",
    members: &[
        member("rid", Type::String),
        member("active", Type::Boolean),
        member("codec", Type::Dictionary(&CODEC)),
        member("maxBitrate", Type::UNSIGNED_LONG),
        member("maxFramerate", Type::Number),
        member("scaleResolutionDownBy", Type::Number),
    ],
    clause: "webrtc-pc#rtcrtpencodingparameters",
};

/// `RTCRtpCodec`.
pub static CODEC: Dictionary = Dictionary {
    name: "RTCRtpCodec",
    members: &[
        required("mimeType", Type::String),
        required("clockRate", Type::UNSIGNED_LONG),
        member("channels", Type::UNSIGNED_SHORT),
        member("sdpFmtpLine", Type::String),
    ],
    clause: "webrtc-pc#rtcrtpcodec",
};

/// `RTCRtpCodecParameters`.
pub static CODEC_PARAMETERS: Dictionary = Dictionary {
    name: "RTCRtpCodecParameters",
    members: &[
        required("payloadType", Type::OCTET),
        required("mimeType", Type::String),
        required("clockRate", Type::UNSIGNED_LONG),
        member("channels", Type::UNSIGNED_SHORT),
        member("sdpFmtpLine", Type::String),
    ],
    clause: "webrtc-pc#rtcrtpcodecparameters",
};

/// `RTCRtpHeaderExtensionParameters`.
pub static HEADER_EXTENSION_PARAMETERS: Dictionary = Dictionary {
    name: "RTCRtpHeaderExtensionParameters",
    members: &[
        required("uri", Type::String),
        required("id", Type::UNSIGNED_SHORT),
        member("encrypted", Type::Boolean),
    ],
    clause: "webrtc-pc#rtcrtpheaderextensionparameters",
};

/// `RTCRtcpParameters`.
pub static RTCP_PARAMETERS: Dictionary = Dictionary {
    name: "RTCRtcpParameters",
    members: &[
        member("cname", Type::String),
        member("reducedSize", Type::Boolean),
    ],
    clause: "webrtc-pc#rtcrtcpparameters",
};

/// `RTCRtpSendParameters`.
pub static SEND_PARAMETERS: Dictionary = Dictionary {
    name: "RTCRtpSendParameters",
    members: &[
        required("transactionId", Type::String),
        required("encodings", Type::List(&Type::Dictionary(&ENCODING_PARAMETERS))),
        required(
            "headerExtensions",
            Type::List(&Type::Dictionary(&HEADER_EXTENSION_PARAMETERS)),
        ),
        required("rtcp", Type::Dictionary(&RTCP_PARAMETERS)),
        required("codecs", Type::List(&Type::Dictionary(&CODEC_PARAMETERS))),
    ],
    clause: "webrtc-pc#rtcsendrtpparameters",
};

/// `RTCRtpReceiveParameters`.
pub static RECEIVE_PARAMETERS: Dictionary = Dictionary {
    name: "RTCRtpReceiveParameters",
    members: &[
        required(
            "headerExtensions",
            Type::List(&Type::Dictionary(&HEADER_EXTENSION_PARAMETERS)),
        ),
        required("rtcp", Type::Dictionary(&RTCP_PARAMETERS)),
        required("codecs", Type::List(&Type::Dictionary(&CODEC_PARAMETERS))),
    ],
    clause: "webrtc-pc#rtcreceivertpparameters",
};

/// `RTCRtpHeaderExtensionCapability`.
pub static HEADER_EXTENSION_CAPABILITY: Dictionary = Dictionary {
    name: "RTCRtpHeaderExtensionCapability",
    members: &[required("uri", Type::String)],
    clause: "webrtc-pc#rtcrtpheaderextensioncapability",
};

/// `RTCRtpCapabilities`.
pub static RTP_CAPABILITIES: Dictionary = Dictionary {
    name: "RTCRtpCapabilities",
    members: &[
        required("codecs", Type::List(&Type::Dictionary(&CODEC))),
        required(
            "headerExtensions",
            Type::List(&Type::Dictionary(&HEADER_EXTENSION_CAPABILITY)),
        ),
    ],
    clause: "webrtc-pc#rtcrtpcapabilities",
};

/// `RTCRtpContributingSource` and `RTCRtpSynchronizationSource`.
pub static CONTRIBUTING_SOURCE: Dictionary = Dictionary {
    name: "RTCRtpContributingSource",
    members: &[
        required("timestamp", Type::Number),
        required("source", Type::UNSIGNED_LONG),
        member("audioLevel", Type::Number),
        required("rtpTimestamp", Type::UNSIGNED_LONG),
    ],
    clause: "webrtc-pc#dom-rtcrtpcontributingsource",
};

/// `RTCIceParameters`.
pub static ICE_PARAMETERS: Dictionary = Dictionary {
    name: "RTCIceParameters",
    members: &[
        member("usernameFragment", Type::String),
        member("password", Type::String),
    ],
    clause: "webrtc-pc#rtciceparameters",
};

/// `RTCIceCandidatePair`: an interface of two attributes, which the contract gives as a dictionary.
pub static CANDIDATE_PAIR: Dictionary = Dictionary {
    name: "RTCIceCandidatePair",
    members: &[
        required("local", Type::Object(Interface::IceCandidate)),
        required("remote", Type::Object(Interface::IceCandidate)),
    ],
    clause: "webrtc-pc#rtcicecandidatepair",
};

/// `RTCIdentityProviderOptions`.
pub static IDENTITY_PROVIDER_OPTIONS: Dictionary = Dictionary {
    name: "RTCIdentityProviderOptions",
    members: &[
        member("protocol", Type::String),
        member("usernameHint", Type::String),
        member("peerIdentity", Type::String),
    ],
    clause: "webrtc-identity#dom-rtcidentityprovideroptions",
};

/// `RTCIdentityAssertion`: an interface of two attributes, which the contract gives as a dictionary.
pub static IDENTITY_ASSERTION: Dictionary = Dictionary {
    name: "RTCIdentityAssertion",
    members: &[required("idp", Type::String), required("name", Type::String)],
    clause: "webrtc-identity#dom-rtcidentityassertion",
};

/// `MediaStreamConstraints`, as far as sources that generate their media have any.
pub static MEDIA_STREAM_CONSTRAINTS: Dictionary = Dictionary {
    name: "MediaStreamConstraints",
    members: &[member("audio", Type::Boolean), member("video", Type::Boolean)],
    clause: "mediacapture-streams#dom-mediastreamconstraints",
};

/// All dictionaries of this file.
pub static ALL: &[&Dictionary] = &[
    &CONFIGURATION,
    &ICE_SERVER,
    &OFFER_OPTIONS,
    &DESCRIPTION_INIT,
    &LOCAL_DESCRIPTION_INIT,
    &CANDIDATE_INIT,
    &LOCAL_CANDIDATE_INIT,
    &KEYGEN_ALGORITHM,
    &DTLS_FINGERPRINT,
    &ERROR_INIT,
    &DATA_CHANNEL_INIT,
    &TRANSCEIVER_INIT,
    &ENCODING_PARAMETERS,
    &CODEC,
    &CODEC_PARAMETERS,
    &HEADER_EXTENSION_PARAMETERS,
    &RTCP_PARAMETERS,
    &SEND_PARAMETERS,
    &RECEIVE_PARAMETERS,
    &HEADER_EXTENSION_CAPABILITY,
    &RTP_CAPABILITIES,
    &CONTRIBUTING_SOURCE,
    &ICE_PARAMETERS,
    &CANDIDATE_PAIR,
    &IDENTITY_PROVIDER_OPTIONS,
    &IDENTITY_ASSERTION,
    &MEDIA_STREAM_CONSTRAINTS,
];
