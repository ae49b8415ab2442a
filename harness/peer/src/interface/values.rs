//! Descriptions, candidates, certificates and errors.

use super::dictionaries::{
    CANDIDATE_INIT, DESCRIPTION_INIT, DTLS_FINGERPRINT, ERROR_INIT, LOCAL_CANDIDATE_INIT,
};
use super::{Constructor, Table, Type, enumeration, method, needed, optional, readonly};
use crate as p;

const NULLABLE_STRING: Type = Type::Nullable(&Type::String);

/// `RTCSessionDescription`.
pub static SESSION_DESCRIPTION: Table = Table {
    clause: "webrtc-pc#rtcsessiondescription-class",
    constructor: Some(Constructor {
        arguments: &[needed("descriptionInitDict", Type::Dictionary(&DESCRIPTION_INIT))],
        clause: "webrtc-pc#dom-sessiondescription",
    }),
    attributes: &[
        readonly(
            "type",
            enumeration("RTCSdpType", p::SdpType::NAMES),
            "webrtc-pc#dom-rtcsessiondescription-type",
        ),
        readonly("sdp", Type::String, "webrtc-pc#dom-rtcsessiondescription-sdp"),
    ],
    methods: &[],
    events: &[],
};

/// `RTCIceCandidate`.
pub static ICE_CANDIDATE: Table = Table {
    clause: "webrtc-pc#rtcicecandidate-interface",
    constructor: Some(Constructor {
        arguments: &[optional(
            "candidateInitDict",
            Type::Dictionary(&LOCAL_CANDIDATE_INIT),
        )],
        clause: "webrtc-pc#dom-rtcicecandidate-constructor",
    }),
    attributes: &[
        readonly(
            "candidate",
            Type::String,
            "webrtc-pc#dom-rtcicecandidate-candidate",
        ),
        readonly("sdpMid", NULLABLE_STRING, "webrtc-pc#dom-rtcicecandidate-sdpmid"),
        readonly(
            "sdpMLineIndex",
            Type::Nullable(&Type::UNSIGNED_SHORT),
            "webrtc-pc#dom-rtcicecandidate-sdpmlineindex",
        ),
        readonly(
            "foundation",
            NULLABLE_STRING,
            "webrtc-pc#dom-rtcicecandidate-foundation",
        ),
        readonly(
            "component",
            Type::Nullable(&enumeration("RTCIceComponent", p::IceComponent::NAMES)),
            "webrtc-pc#dom-rtcicecandidate-component",
        ),
        readonly(
            "priority",
            Type::Nullable(&Type::UNSIGNED_LONG),
            "webrtc-pc#dom-rtcicecandidate-priority",
        ),
        readonly(
            "address",
            NULLABLE_STRING,
            "webrtc-pc#dom-rtcicecandidate-address",
        ),
        readonly(
            "protocol",
            Type::Nullable(&enumeration("RTCIceProtocol", p::IceProtocol::NAMES)),
            "webrtc-pc#dom-rtcicecandidate-protocol",
        ),
        readonly(
            "port",
            Type::Nullable(&Type::UNSIGNED_SHORT),
            "webrtc-pc#dom-rtcicecandidate-port",
        ),
        readonly(
            "type",
            Type::Nullable(&enumeration("RTCIceCandidateType", p::IceCandidateType::NAMES)),
            "webrtc-pc#dom-rtcicecandidate-type",
        ),
        readonly(
            "tcpType",
            Type::Nullable(&enumeration(
                "RTCIceTcpCandidateType",
                p::IceTcpCandidateType::NAMES,
            )),
            "webrtc-pc#dom-rtcicecandidate-tcptype",
        ),
        readonly(
            "relatedAddress",
            NULLABLE_STRING,
            "webrtc-pc#dom-rtcicecandidate-relatedaddress",
        ),
        readonly(
            "relatedPort",
            Type::Nullable(&Type::UNSIGNED_SHORT),
            "webrtc-pc#dom-rtcicecandidate-relatedport",
        ),
        readonly(
            "usernameFragment",
            NULLABLE_STRING,
            "webrtc-pc#dom-rtcicecandidate-usernamefragment",
        ),
        readonly(
            "relayProtocol",
            Type::Nullable(&enumeration(
                "RTCIceServerTransportProtocol",
                p::IceServerTransportProtocol::NAMES,
            )),
            "webrtc-pc#dom-rtcicecandidate-relayprotocol",
        ),
        readonly("url", NULLABLE_STRING, "webrtc-pc#dom-rtcicecandidate-url"),
    ],
    methods: &[method(
        "toJSON",
        &[],
        Type::Dictionary(&CANDIDATE_INIT),
        "webrtc-pc#dom-rtcicecandidate-tojson",
    )],
    events: &[],
};

/// `RTCCertificate`.
pub static CERTIFICATE: Table = Table {
    clause: "webrtc-pc#rtccertificate-interface",
    constructor: None,
    attributes: &[readonly(
        "expires",
        Type::Number,
        "webrtc-pc#dom-rtccertificate-expires",
    )],
    methods: &[method(
        "getFingerprints",
        &[],
        Type::List(&Type::Dictionary(&DTLS_FINGERPRINT)),
        "webrtc-pc#dom-rtccertificate-getfingerprints",
    )],
    events: &[],
};

/// `RTCError`.
pub static ERROR: Table = Table {
    clause: "webrtc-pc#rtcerror-interface",
    constructor: Some(Constructor {
        arguments: &[
            needed("init", Type::Dictionary(&ERROR_INIT)),
            optional("message", Type::String),
        ],
        clause: "webrtc-pc#dom-rtcerror-constructor",
    }),
    attributes: &[
        readonly("name", Type::String, "webidl#dom-domexception-name"),
        readonly("message", Type::String, "webidl#dom-domexception-message"),
        readonly(
            "errorDetail",
            enumeration("RTCErrorDetailType", p::RtcErrorDetail::NAMES),
            "webrtc-pc#dom-rtcerror-errordetail",
        ),
        readonly(
            "sdpLineNumber",
            Type::Nullable(&Type::LONG),
            "webrtc-pc#dom-rtcerror-sdplinenumber",
        ),
        readonly(
            "sctpCauseCode",
            Type::Nullable(&Type::LONG),
            "webrtc-pc#dom-rtcerror-sctpcausecode",
        ),
        readonly(
            "receivedAlert",
            Type::Nullable(&Type::UNSIGNED_LONG),
            "webrtc-pc#dom-rtcerror-receivedalert",
        ),
        readonly(
            "sentAlert",
            Type::Nullable(&Type::UNSIGNED_LONG),
            "webrtc-pc#dom-rtcerror-sentalert",
        ),
        readonly(
            "httpRequestStatusCode",
            Type::Nullable(&Type::LONG),
            "webrtc-identity#dom-rtcerror-httprequeststatuscode",
        ),
    ],
    methods: &[],
    events: &[],
};
