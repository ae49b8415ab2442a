//! The dictionaries of webrtc-stats, by the type that an `RTCStatsReport` tells them apart by.

use super::{Dictionary, Type, enumeration, member, required};
use crate as p;

/// `RTCStatsType`.
pub const STATS_TYPES: &[&str] = &[
    "codec",
    "inbound-rtp",
    "outbound-rtp",
    "remote-inbound-rtp",
    "remote-outbound-rtp",
    "media-source",
    "media-playout",
    "peer-connection",
    "data-channel",
    "transport",
    "candidate-pair",
    "local-candidate",
    "remote-candidate",
    "certificate",
];

const STATS_TYPE: Type = enumeration("RTCStatsType", STATS_TYPES);

/// `RTCCodecStats`.
pub static CODEC: Dictionary = Dictionary {
    name: "RTCCodecStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        required("payloadType", Type::UNSIGNED_LONG),
        required("transportId", Type::String),
        required("mimeType", Type::String),
        member("clockRate", Type::UNSIGNED_LONG),
        member("channels", Type::UNSIGNED_LONG),
        member("sdpFmtpLine", Type::String),
    ],
    clause: "webrtc-stats#dom-rtccodecstats",
};

/// `RTCInboundRtpStreamStats`.
pub static INBOUND_RTP_STREAM: Dictionary = Dictionary {
    name: "RTCInboundRtpStreamStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        required("ssrc", Type::UNSIGNED_LONG),
        required("kind", Type::String),
        member("transportId", Type::String),
        member("codecId", Type::String),
        member("packetsReceived", Type::UNSIGNED_LONG_LONG),
        member("packetsReceivedWithEct1", Type::UNSIGNED_LONG_LONG),
        member("packetsReceivedWithCe", Type::UNSIGNED_LONG_LONG),
        member("packetsReportedAsLost", Type::UNSIGNED_LONG_LONG),
        member("packetsReportedAsLostButRecovered", Type::UNSIGNED_LONG_LONG),
        member("packetsLost", Type::Number),
        member("jitter", Type::Number),
        required("trackIdentifier", Type::String),
        member("mid", Type::String),
        member("remoteId", Type::String),
        member("framesDecoded", Type::UNSIGNED_LONG),
        member("keyFramesDecoded", Type::UNSIGNED_LONG),
        member("framesRendered", Type::UNSIGNED_LONG),
        member("framesDropped", Type::UNSIGNED_LONG),
        member("frameWidth", Type::UNSIGNED_LONG),
        member("frameHeight", Type::UNSIGNED_LONG),
        member("framesPerSecond", Type::Number),
        member("qpSum", Type::UNSIGNED_LONG_LONG),
        member("totalDecodeTime", Type::Number),
        member("totalInterFrameDelay", Type::Number),
        member("totalSquaredInterFrameDelay", Type::Number),
        member("pauseCount", Type::UNSIGNED_LONG),
        member("totalPausesDuration", Type::Number),
        member("freezeCount", Type::UNSIGNED_LONG),
        member("totalFreezesDuration", Type::Number),
        member("lastPacketReceivedTimestamp", Type::Number),
        member("headerBytesReceived", Type::UNSIGNED_LONG_LONG),
        member("packetsDiscarded", Type::UNSIGNED_LONG_LONG),
        member("fecBytesReceived", Type::UNSIGNED_LONG_LONG),
        member("fecPacketsReceived", Type::UNSIGNED_LONG_LONG),
        member("fecPacketsDiscarded", Type::UNSIGNED_LONG_LONG),
        member("bytesReceived", Type::UNSIGNED_LONG_LONG),
        member("nackCount", Type::UNSIGNED_LONG),
        member("firCount", Type::UNSIGNED_LONG),
        member("pliCount", Type::UNSIGNED_LONG),
        member("totalProcessingDelay", Type::Number),
        member("estimatedPlayoutTimestamp", Type::Number),
        member("jitterBufferDelay", Type::Number),
        member("jitterBufferTargetDelay", Type::Number),
        member("jitterBufferEmittedCount", Type::UNSIGNED_LONG_LONG),
        member("jitterBufferMinimumDelay", Type::Number),
        member("totalSamplesReceived", Type::UNSIGNED_LONG_LONG),
        member("concealedSamples", Type::UNSIGNED_LONG_LONG),
        member("silentConcealedSamples", Type::UNSIGNED_LONG_LONG),
        member("concealmentEvents", Type::UNSIGNED_LONG_LONG),
        member("insertedSamplesForDeceleration", Type::UNSIGNED_LONG_LONG),
        member("removedSamplesForAcceleration", Type::UNSIGNED_LONG_LONG),
        member("audioLevel", Type::Number),
        member("totalAudioEnergy", Type::Number),
        member("totalSamplesDuration", Type::Number),
        member("framesReceived", Type::UNSIGNED_LONG),
        member("decoderImplementation", Type::String),
        member("playoutId", Type::String),
        member("powerEfficientDecoder", Type::Boolean),
        member("framesAssembledFromMultiplePackets", Type::UNSIGNED_LONG),
        member("totalAssemblyTime", Type::Number),
        member("retransmittedPacketsReceived", Type::UNSIGNED_LONG_LONG),
        member("retransmittedBytesReceived", Type::UNSIGNED_LONG_LONG),
        member("rtxSsrc", Type::UNSIGNED_LONG),
        member("fecSsrc", Type::UNSIGNED_LONG),
        member("totalCorruptionProbability", Type::Number),
        member("totalSquaredCorruptionProbability", Type::Number),
        member("corruptionMeasurements", Type::UNSIGNED_LONG_LONG),
    ],
    clause: "webrtc-stats#dom-rtcinboundrtpstreamstats",
};

/// `RTCOutboundRtpStreamStats`.
pub static OUTBOUND_RTP_STREAM: Dictionary = Dictionary {
    name: "RTCOutboundRtpStreamStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        required("ssrc", Type::UNSIGNED_LONG),
        required("kind", Type::String),
        member("transportId", Type::String),
        member("codecId", Type::String),
        member("packetsSent", Type::UNSIGNED_LONG_LONG),
        member("bytesSent", Type::UNSIGNED_LONG_LONG),
        member("mid", Type::String),
        member("mediaSourceId", Type::String),
        member("remoteId", Type::String),
        member("rid", Type::String),
        member("encodingIndex", Type::UNSIGNED_LONG),
        member("headerBytesSent", Type::UNSIGNED_LONG_LONG),
        member("retransmittedPacketsSent", Type::UNSIGNED_LONG_LONG),
        member("retransmittedBytesSent", Type::UNSIGNED_LONG_LONG),
        member("rtxSsrc", Type::UNSIGNED_LONG),
        member("targetBitrate", Type::Number),
        member("totalEncodedBytesTarget", Type::UNSIGNED_LONG_LONG),
        member("frameWidth", Type::UNSIGNED_LONG),
        member("frameHeight", Type::UNSIGNED_LONG),
        member("framesPerSecond", Type::Number),
        member("framesSent", Type::UNSIGNED_LONG),
        member("hugeFramesSent", Type::UNSIGNED_LONG),
        member("framesEncoded", Type::UNSIGNED_LONG),
        member("keyFramesEncoded", Type::UNSIGNED_LONG),
        member("qpSum", Type::UNSIGNED_LONG_LONG),
        member("psnrSum", Type::Any),
        member("psnrMeasurements", Type::UNSIGNED_LONG_LONG),
        member("totalEncodeTime", Type::Number),
        member("totalPacketSendDelay", Type::Number),
        member(
            "qualityLimitationReason",
            enumeration(
                "RTCQualityLimitationReason",
                &["none", "cpu", "bandwidth", "other"],
            ),
        ),
        member("qualityLimitationDurations", Type::Any),
        member("qualityLimitationResolutionChanges", Type::UNSIGNED_LONG),
        member("nackCount", Type::UNSIGNED_LONG),
        member("firCount", Type::UNSIGNED_LONG),
        member("pliCount", Type::UNSIGNED_LONG),
        member("encoderImplementation", Type::String),
        member("powerEfficientEncoder", Type::Boolean),
        member("active", Type::Boolean),
        member("scalabilityMode", Type::String),
        member("packetsSentWithEct1", Type::UNSIGNED_LONG_LONG),
    ],
    clause: "webrtc-stats#dom-rtcoutboundrtpstreamstats",
};

/// `RTCRemoteInboundRtpStreamStats`.
pub static REMOTE_INBOUND_RTP_STREAM: Dictionary = Dictionary {
    name: "RTCRemoteInboundRtpStreamStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        required("ssrc", Type::UNSIGNED_LONG),
        required("kind", Type::String),
        member("transportId", Type::String),
        member("codecId", Type::String),
        member("packetsReceived", Type::UNSIGNED_LONG_LONG),
        member("packetsReceivedWithEct1", Type::UNSIGNED_LONG_LONG),
        member("packetsReceivedWithCe", Type::UNSIGNED_LONG_LONG),
        member("packetsReportedAsLost", Type::UNSIGNED_LONG_LONG),
        member("packetsReportedAsLostButRecovered", Type::UNSIGNED_LONG_LONG),
        member("packetsLost", Type::Number),
        member("jitter", Type::Number),
        member("localId", Type::String),
        member("roundTripTime", Type::Number),
        member("totalRoundTripTime", Type::Number),
        member("fractionLost", Type::Number),
        member("roundTripTimeMeasurements", Type::UNSIGNED_LONG_LONG),
        member("packetsWithBleachedEct1Marking", Type::UNSIGNED_LONG_LONG),
    ],
    clause: "webrtc-stats#dom-rtcremoteinboundrtpstreamstats",
};

/// `RTCRemoteOutboundRtpStreamStats`.
pub static REMOTE_OUTBOUND_RTP_STREAM: Dictionary = Dictionary {
    name: "RTCRemoteOutboundRtpStreamStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        required("ssrc", Type::UNSIGNED_LONG),
        required("kind", Type::String),
        member("transportId", Type::String),
        member("codecId", Type::String),
        member("packetsSent", Type::UNSIGNED_LONG_LONG),
        member("bytesSent", Type::UNSIGNED_LONG_LONG),
        member("localId", Type::String),
        member("remoteTimestamp", Type::Number),
        member("reportsSent", Type::UNSIGNED_LONG_LONG),
        member("roundTripTime", Type::Number),
        member("totalRoundTripTime", Type::Number),
        member("roundTripTimeMeasurements", Type::UNSIGNED_LONG_LONG),
    ],
    clause: "webrtc-stats#dom-rtcremoteoutboundrtpstreamstats",
};

/// `RTCAudioSourceStats`.
pub static AUDIO_SOURCE: Dictionary = Dictionary {
    name: "RTCAudioSourceStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        required("trackIdentifier", Type::String),
        required("kind", Type::String),
        member("audioLevel", Type::Number),
        member("totalAudioEnergy", Type::Number),
        member("totalSamplesDuration", Type::Number),
        member("echoReturnLoss", Type::Number),
        member("echoReturnLossEnhancement", Type::Number),
    ],
    clause: "webrtc-stats#dom-rtcaudiosourcestats",
};

/// `RTCVideoSourceStats`.
pub static VIDEO_SOURCE: Dictionary = Dictionary {
    name: "RTCVideoSourceStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        required("trackIdentifier", Type::String),
        required("kind", Type::String),
        member("width", Type::UNSIGNED_LONG),
        member("height", Type::UNSIGNED_LONG),
        member("frames", Type::UNSIGNED_LONG),
        member("framesPerSecond", Type::Number),
    ],
    clause: "webrtc-stats#dom-rtcvideosourcestats",
};

/// `RTCAudioPlayoutStats`.
pub static AUDIO_PLAYOUT: Dictionary = Dictionary {
    name: "RTCAudioPlayoutStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        required("kind", Type::String),
        member("synthesizedSamplesDuration", Type::Number),
        member("synthesizedSamplesEvents", Type::UNSIGNED_LONG),
        member("totalSamplesDuration", Type::Number),
        member("totalPlayoutDelay", Type::Number),
        member("totalSamplesCount", Type::UNSIGNED_LONG_LONG),
    ],
    clause: "webrtc-stats#dom-rtcaudioplayoutstats",
};

/// `RTCPeerConnectionStats`.
pub static PEER_CONNECTION: Dictionary = Dictionary {
    name: "RTCPeerConnectionStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        member("dataChannelsOpened", Type::UNSIGNED_LONG),
        member("dataChannelsClosed", Type::UNSIGNED_LONG),
    ],
    clause: "webrtc-stats#dom-rtcpeerconnectionstats",
};

/// `RTCDataChannelStats`.
pub static DATA_CHANNEL: Dictionary = Dictionary {
    name: "RTCDataChannelStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        member("label", Type::String),
        member("protocol", Type::String),
        member("dataChannelIdentifier", Type::UNSIGNED_SHORT),
        required(
            "state",
            enumeration("RTCDataChannelState", p::DataChannelState::NAMES),
        ),
        member("messagesSent", Type::UNSIGNED_LONG),
        member("bytesSent", Type::UNSIGNED_LONG_LONG),
        member("messagesReceived", Type::UNSIGNED_LONG),
        member("bytesReceived", Type::UNSIGNED_LONG_LONG),
    ],
    clause: "webrtc-stats#dom-rtcdatachannelstats",
};

/// `RTCTransportStats`.
pub static TRANSPORT: Dictionary = Dictionary {
    name: "RTCTransportStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        member("packetsSent", Type::UNSIGNED_LONG_LONG),
        member("packetsReceived", Type::UNSIGNED_LONG_LONG),
        member("bytesSent", Type::UNSIGNED_LONG_LONG),
        member("bytesReceived", Type::UNSIGNED_LONG_LONG),
        member("iceRole", enumeration("RTCIceRole", p::IceRole::NAMES)),
        member("iceLocalUsernameFragment", Type::String),
        required(
            "dtlsState",
            enumeration("RTCDtlsTransportState", p::DtlsTransportState::NAMES),
        ),
        member(
            "iceState",
            enumeration("RTCIceTransportState", p::IceTransportState::NAMES),
        ),
        member("selectedCandidatePairId", Type::String),
        member("localCertificateId", Type::String),
        member("remoteCertificateId", Type::String),
        member("tlsVersion", Type::String),
        member("dtlsCipher", Type::String),
        member(
            "dtlsRole",
            enumeration("RTCDtlsRole", &["client", "server", "unknown"]),
        ),
        member("srtpCipher", Type::String),
        member("selectedCandidatePairChanges", Type::UNSIGNED_LONG),
        member("ccfbMessagesSent", Type::UNSIGNED_LONG),
        member("ccfbMessagesReceived", Type::UNSIGNED_LONG),
    ],
    clause: "webrtc-stats#dom-rtctransportstats",
};

/// `RTCIceCandidatePairStats`.
pub static ICE_CANDIDATE_PAIR: Dictionary = Dictionary {
    name: "RTCIceCandidatePairStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        required("transportId", Type::String),
        required("localCandidateId", Type::String),
        required("remoteCandidateId", Type::String),
        required(
            "state",
            enumeration(
                "RTCStatsIceCandidatePairState",
                &["frozen", "waiting", "in-progress", "failed", "succeeded"],
            ),
        ),
        member("nominated", Type::Boolean),
        member("packetsSent", Type::UNSIGNED_LONG_LONG),
        member("packetsReceived", Type::UNSIGNED_LONG_LONG),
        member("bytesSent", Type::UNSIGNED_LONG_LONG),
        member("bytesReceived", Type::UNSIGNED_LONG_LONG),
        member("lastPacketSentTimestamp", Type::Number),
        member("lastPacketReceivedTimestamp", Type::Number),
        member("totalRoundTripTime", Type::Number),
        member("currentRoundTripTime", Type::Number),
        member("availableOutgoingBitrate", Type::Number),
        member("availableIncomingBitrate", Type::Number),
        member("requestsReceived", Type::UNSIGNED_LONG_LONG),
        member("requestsSent", Type::UNSIGNED_LONG_LONG),
        member("responsesReceived", Type::UNSIGNED_LONG_LONG),
        member("responsesSent", Type::UNSIGNED_LONG_LONG),
        member("consentRequestsSent", Type::UNSIGNED_LONG_LONG),
        member("packetsDiscardedOnSend", Type::UNSIGNED_LONG),
        member("bytesDiscardedOnSend", Type::UNSIGNED_LONG_LONG),
    ],
    clause: "webrtc-stats#dom-rtcicecandidatepairstats",
};

/// `RTCIceCandidateStats`.
pub static ICE_CANDIDATE: Dictionary = Dictionary {
    name: "RTCIceCandidateStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        required("transportId", Type::String),
        member("address", Type::Nullable(&Type::String)),
        member("port", Type::LONG),
        member("protocol", Type::String),
        required(
            "candidateType",
            enumeration("RTCIceCandidateType", p::IceCandidateType::NAMES),
        ),
        member("priority", Type::LONG),
        member("url", Type::String),
        member(
            "relayProtocol",
            enumeration(
                "RTCIceServerTransportProtocol",
                p::IceServerTransportProtocol::NAMES,
            ),
        ),
        member("foundation", Type::String),
        member("relatedAddress", Type::String),
        member("relatedPort", Type::LONG),
        member("usernameFragment", Type::String),
        member(
            "tcpType",
            enumeration("RTCIceTcpCandidateType", p::IceTcpCandidateType::NAMES),
        ),
    ],
    clause: "webrtc-stats#dom-rtcicecandidatestats",
};

/// `RTCCertificateStats`.
pub static CERTIFICATE: Dictionary = Dictionary {
    name: "RTCCertificateStats",
    members: &[
        required("timestamp", Type::Number),
        required("type", STATS_TYPE),
        required("id", Type::String),
        required("fingerprint", Type::String),
        required("fingerprintAlgorithm", Type::String),
        required("base64Certificate", Type::String),
        member("issuerCertificateId", Type::String),
    ],
    clause: "webrtc-stats#dom-rtccertificatestats",
};

static BY_TYPE: &[(&str, &[&Dictionary])] = &[
    ("codec", &[&CODEC]),
    ("inbound-rtp", &[&INBOUND_RTP_STREAM]),
    ("outbound-rtp", &[&OUTBOUND_RTP_STREAM]),
    ("remote-inbound-rtp", &[&REMOTE_INBOUND_RTP_STREAM]),
    ("remote-outbound-rtp", &[&REMOTE_OUTBOUND_RTP_STREAM]),
    ("media-source", &[&AUDIO_SOURCE, &VIDEO_SOURCE]),
    ("media-playout", &[&AUDIO_PLAYOUT]),
    ("peer-connection", &[&PEER_CONNECTION]),
    ("data-channel", &[&DATA_CHANNEL]),
    ("transport", &[&TRANSPORT]),
    ("candidate-pair", &[&ICE_CANDIDATE_PAIR]),
    ("local-candidate", &[&ICE_CANDIDATE]),
    ("remote-candidate", &[&ICE_CANDIDATE]),
    ("certificate", &[&CERTIFICATE]),
];

/// The dictionaries of a type; of `media-source` one for sound and one for pictures.
pub fn of_type(stats_type: &str) -> &'static [&'static Dictionary] {
    let found = BY_TYPE.iter().find(|(name, _)| *name == stats_type);
    found.map_or(&[], |(_, dictionaries)| dictionaries)
}
