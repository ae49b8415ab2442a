//! Senders, receivers, transceivers, DTMF, streams and tracks.

use super::dictionaries::{
    CODEC, CONTRIBUTING_SOURCE, MEDIA_STREAM_CONSTRAINTS, RECEIVE_PARAMETERS, RTP_CAPABILITIES,
    SEND_PARAMETERS,
};
use super::{
    Constructor, Interface, Method, Table, Type, carries, enumeration, event, method, needed, optional,
    promise, readonly, settable,
};
use crate as p;

const TRACK: Type = Type::Object(Interface::MediaStreamTrack);
const STREAM: Type = Type::Object(Interface::MediaStream);
const DTLS_TRANSPORT: Type = Type::Nullable(&Type::Object(Interface::DtlsTransport));
const CAPABILITIES: Type = Type::Nullable(&Type::Dictionary(&RTP_CAPABILITIES));
const DIRECTION: Type = enumeration("RTCRtpTransceiverDirection", p::RtpTransceiverDirection::NAMES);

/// `RTCRtpSender`.
pub static RTP_SENDER: Table = Table {
    clause: "webrtc-pc#rtcrtpsender-interface",
    constructor: None,
    attributes: &[
        readonly(
            "track",
            Type::Nullable(&TRACK),
            "webrtc-pc#dom-rtcrtpsender-track",
        ),
        readonly(
            "transport",
            DTLS_TRANSPORT,
            "webrtc-pc#dom-rtcrtpsender-transport",
        ),
        readonly(
            "dtmf",
            Type::Nullable(&Type::Object(Interface::DtmfSender)),
            "webrtc-pc#dom-rtcrtpsender-dtmf",
        ),
    ],
    methods: &[
        Method {
            name: "getCapabilities",
            arguments: &[needed("kind", Type::String)],
            returns: CAPABILITIES,
            promise: false,
            is_static: true,
            clause: "webrtc-pc#dom-rtcrtpsender-getcapabilities",
        },
        promise(
            "setParameters",
            &[needed("parameters", Type::Dictionary(&SEND_PARAMETERS))],
            Type::Undefined,
            "webrtc-pc#dom-rtcrtpsender-setparameters",
        ),
        method(
            "getParameters",
            &[],
            Type::Dictionary(&SEND_PARAMETERS),
            "webrtc-pc#dom-rtcrtpsender-getparameters",
        ),
        promise(
            "replaceTrack",
            &[needed("withTrack", Type::Nullable(&TRACK))],
            Type::Undefined,
            "webrtc-pc#dom-rtcrtpsender-replacetrack",
        ),
        method(
            "setStreams",
            &[optional("streams", Type::List(&STREAM))],
            Type::Undefined,
            "webrtc-pc#dom-rtcrtpsender-setstreams",
        ),
        promise(
            "getStats",
            &[],
            Type::StatsReport,
            "webrtc-pc#widl-RTCRtpSender-getStats-Promise-RTCStatsReport",
        ),
    ],
    events: &[],
};

/// `RTCRtpReceiver`.
pub static RTP_RECEIVER: Table = Table {
    clause: "webrtc-pc#rtcrtpreceiver-interface",
    constructor: None,
    attributes: &[
        readonly("track", TRACK, "webrtc-pc#dom-rtpreceiver-track"),
        readonly(
            "transport",
            DTLS_TRANSPORT,
            "webrtc-pc#dom-rtcrtpreceiver-transport",
        ),
        settable(
            "jitterBufferTarget",
            Type::Nullable(&Type::Number),
            "webrtc-pc#dom-rtcrtpreceiver-jitterbuffertarget",
        ),
    ],
    methods: &[
        Method {
            name: "getCapabilities",
            arguments: &[needed("kind", Type::String)],
            returns: CAPABILITIES,
            promise: false,
            is_static: true,
            clause: "webrtc-pc#dom-rtcrtpreceiver-getcapabilities",
        },
        method(
            "getParameters",
            &[],
            Type::Dictionary(&RECEIVE_PARAMETERS),
            "webrtc-pc#dom-rtcrtpreceiver-getparameters",
        ),
        method(
            "getContributingSources",
            &[],
            Type::List(&Type::Dictionary(&CONTRIBUTING_SOURCE)),
            "webrtc-pc#dom-rtcrtpreceiver-getcontributingsources",
        ),
        method(
            "getSynchronizationSources",
            &[],
            Type::List(&Type::Dictionary(&CONTRIBUTING_SOURCE)),
            "webrtc-pc#dom-rtcrtpreceiver-getsynchronizationsources",
        ),
        promise(
            "getStats",
            &[],
            Type::StatsReport,
            "webrtc-pc#widl-RTCRtpReceiver-getStats-Promise-RTCStatsReport",
        ),
    ],
    events: &[],
};

/// `RTCRtpTransceiver`.
pub static RTP_TRANSCEIVER: Table = Table {
    clause: "webrtc-pc#rtcrtptransceiver-interface",
    constructor: None,
    attributes: &[
        readonly(
            "mid",
            Type::Nullable(&Type::String),
            "webrtc-pc#dom-rtptransceiver-mid",
        ),
        readonly(
            "sender",
            Type::Object(Interface::RtpSender),
            "webrtc-pc#dom-rtcrtptransceiver-sender",
        ),
        readonly(
            "receiver",
            Type::Object(Interface::RtpReceiver),
            "webrtc-pc#dom-rtcrtptransceiver-receiver",
        ),
        settable(
            "direction",
            DIRECTION,
            "webrtc-pc#dom-rtcrtptransceiver-direction",
        ),
        readonly(
            "currentDirection",
            Type::Nullable(&DIRECTION),
            "webrtc-pc#dom-rtcrtptransceiver-currentdirection",
        ),
    ],
    methods: &[
        method(
            "stop",
            &[],
            Type::Undefined,
            "webrtc-pc#dom-rtcrtptransceiver-stop",
        ),
        method(
            "setCodecPreferences",
            &[needed("codecs", Type::List(&Type::Dictionary(&CODEC)))],
            Type::Undefined,
            "webrtc-pc#dom-rtcrtptransceiver-setcodecpreferences",
        ),
    ],
    events: &[],
};

/// `RTCDTMFSender`.
pub static DTMF_SENDER: Table = Table {
    clause: "webrtc-pc#rtcdtmfsender",
    constructor: None,
    attributes: &[
        readonly(
            "canInsertDTMF",
            Type::Boolean,
            "webrtc-pc#dom-rtcdtmfsender-caninsertdtmf",
        ),
        readonly(
            "toneBuffer",
            Type::String,
            "webrtc-pc#dom-RTCDTMFSender-tonebuffer",
        ),
    ],
    methods: &[method(
        "insertDTMF",
        &[
            needed("tones", Type::String),
            optional("duration", Type::UNSIGNED_LONG),
            optional("interToneGap", Type::UNSIGNED_LONG),
        ],
        Type::Undefined,
        "webrtc-pc#dom-RTCDTMFSender-insertDTMF",
    )],
    events: &[event(
        "tonechange",
        &[carries("tone", Type::String)],
        "webrtc-pc#event-RTCDTMFSender-tonechange",
    )],
};

/// `MediaStream`.
pub static MEDIA_STREAM: Table = Table {
    clause: "mediacapture-streams#mediastream",
    constructor: Some(Constructor {
        arguments: &[optional("tracks", Type::List(&TRACK))],
        clause: "mediacapture-streams#dom-mediastream-constructor",
    }),
    attributes: &[
        readonly("id", Type::String, "mediacapture-streams#dom-mediastream-id"),
        readonly(
            "active",
            Type::Boolean,
            "mediacapture-streams#dom-mediastream-active",
        ),
    ],
    methods: &[
        method(
            "getAudioTracks",
            &[],
            Type::List(&TRACK),
            "mediacapture-streams#dom-mediastream-getaudiotracks",
        ),
        method(
            "getVideoTracks",
            &[],
            Type::List(&TRACK),
            "mediacapture-streams#dom-mediastream-getvideotracks",
        ),
        method(
            "getTracks",
            &[],
            Type::List(&TRACK),
            "mediacapture-streams#dom-mediastream-gettracks",
        ),
        method(
            "getTrackById",
            &[needed("trackId", Type::String)],
            Type::Nullable(&TRACK),
            "mediacapture-streams#dom-mediastream-gettrackbyid",
        ),
        method(
            "addTrack",
            &[needed("track", TRACK)],
            Type::Undefined,
            "mediacapture-streams#dom-mediastream-addtrack",
        ),
        method(
            "removeTrack",
            &[needed("track", TRACK)],
            Type::Undefined,
            "mediacapture-streams#dom-mediastream-removetrack",
        ),
        method("clone", &[], STREAM, "mediacapture-streams#dom-mediastream-clone"),
    ],
    events: &[
        event(
            "addtrack",
            &[carries("track", TRACK)],
            "mediacapture-streams#event-mediastream-addtrack",
        ),
        event(
            "removetrack",
            &[carries("track", TRACK)],
            "mediacapture-streams#event-mediastream-removetrack",
        ),
    ],
};

/// `MediaStreamTrack`.
pub static MEDIA_STREAM_TRACK: Table = Table {
    clause: "mediacapture-streams#mediastreamtrack",
    constructor: None,
    attributes: &[
        readonly(
            "kind",
            enumeration("MediaStreamTrack kind", p::MediaKind::NAMES),
            "mediacapture-streams#dom-mediastreamtrack-kind",
        ),
        readonly("id", Type::String, "mediacapture-streams#dom-mediastreamtrack-id"),
        readonly(
            "label",
            Type::String,
            "mediacapture-streams#dom-mediastreamtrack-label",
        ),
        settable(
            "enabled",
            Type::Boolean,
            "mediacapture-streams#dom-mediastreamtrack-enabled",
        ),
        readonly(
            "muted",
            Type::Boolean,
            "mediacapture-streams#dom-mediastreamtrack-muted",
        ),
        readonly(
            "readyState",
            enumeration("MediaStreamTrackState", p::MediaStreamTrackState::NAMES),
            "mediacapture-streams#dom-mediastreamtrack-readystate",
        ),
        readonly(
            "isolated",
            Type::Boolean,
            "webrtc-identity#dom-mediastreamtrack-isolated",
        ),
    ],
    methods: &[
        method(
            "clone",
            &[],
            TRACK,
            "mediacapture-streams#dom-mediastreamtrack-clone",
        ),
        method(
            "stop",
            &[],
            Type::Undefined,
            "mediacapture-streams#dom-mediastreamtrack-stop",
        ),
    ],
    events: &[
        event("mute", &[], "mediacapture-streams#event-mediastreamtrack-mute"),
        event(
            "unmute",
            &[],
            "mediacapture-streams#event-mediastreamtrack-unmute",
        ),
        event("ended", &[], "mediacapture-streams#event-mediastreamtrack-ended"),
        event(
            "isolationchange",
            &[],
            "webrtc-identity#event-mediastreamtrack-isolationchange",
        ),
    ],
};

/// `MediaDevices`.
pub static MEDIA_DEVICES: Table = Table {
    clause: "mediacapture-streams#mediadevices",
    constructor: None,
    attributes: &[],
    methods: &[promise(
        "getUserMedia",
        &[optional(
            "constraints",
            Type::Dictionary(&MEDIA_STREAM_CONSTRAINTS),
        )],
        STREAM,
        "mediacapture-streams#dom-mediadevices-getusermedia",
    )],
    events: &[],
};
