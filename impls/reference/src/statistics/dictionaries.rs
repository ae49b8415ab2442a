//! The dictionaries of webrtc-stats. Times are milliseconds since the Unix epoch where they are moments and seconds where they
//! are spans, as there.

use std::collections::BTreeMap;

use glare_peer::{
    DataChannelState, DtlsTransportState, IceCandidateType, IceRole, IceServerTransportProtocol,
    IceTcpCandidateType, IceTransportState, MediaKind,
};
use serde::Serialize;

/// Declares a dictionary: what must be there, and what need not.
macro_rules! dictionary {
    ($(#[$doc:meta])* $name:ident { $($required:ident: $required_type:ty,)* ; $($optional:ident: $optional_type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Serialize)]
        #[serde(rename_all = "camelCase")]
        pub(crate) struct $name {
            $(pub(crate) $required: $required_type,)*
            $(
                #[serde(skip_serializing_if = "Option::is_none")]
                pub(crate) $optional: Option<$optional_type>,
            )*
        }

        impl $name {
            /// The dictionary with the members that must be there.
            pub(crate) fn new($($required: $required_type),*) -> $name {
                $name { $($required,)* $($optional: None,)* }
            }
        }
    };
}

dictionary! {
    /// `RTCCodecStats` (webrtc-stats#dom-rtccodecstats).
    Codec {
        payload_type: u8,
        transport_id: String,
        mime_type: String,
        ;
        clock_rate: u32,
        channels: u16,
        sdp_fmtp_line: String,
    }
}

dictionary! {
    /// `RTCInboundRtpStreamStats` (webrtc-stats#inboundrtpstats-dict*).
    InboundRtp {
        ssrc: u32,
        kind: MediaKind,
        track_identifier: String,
        ;
        transport_id: String,
        codec_id: String,
        packets_received: u64,
        packets_lost: i64,
        jitter: f64,
        mid: String,
        remote_id: String,
        frames_decoded: u64,
        key_frames_decoded: u64,
        frames_dropped: u64,
        frame_width: u32,
        frame_height: u32,
        frames_per_second: f64,
        total_inter_frame_delay: f64,
        total_squared_inter_frame_delay: f64,
        pause_count: u64,
        total_pauses_duration: f64,
        freeze_count: u64,
        total_freezes_duration: f64,
        last_packet_received_timestamp: f64,
        header_bytes_received: u64,
        packets_discarded: u64,
        bytes_received: u64,
        nack_count: u64,
        fir_count: u64,
        pli_count: u64,
        jitter_buffer_delay: f64,
        jitter_buffer_target_delay: f64,
        jitter_buffer_emitted_count: u64,
        jitter_buffer_minimum_delay: f64,
        total_samples_received: u64,
        audio_level: f64,
        total_audio_energy: f64,
        total_samples_duration: f64,
        frames_received: u64,
        frames_assembled_from_multiple_packets: u64,
        total_assembly_time: f64,
        retransmitted_packets_received: u64,
        retransmitted_bytes_received: u64,
        rtx_ssrc: u32,
    }
}

dictionary! {
    /// `RTCRemoteInboundRtpStreamStats` (webrtc-stats#remoteinboundrtpstats-dict*).
    RemoteInboundRtp {
        ssrc: u32,
        kind: MediaKind,
        ;
        transport_id: String,
        codec_id: String,
        packets_received: u64,
        packets_lost: i64,
        jitter: f64,
        local_id: String,
        round_trip_time: f64,
        total_round_trip_time: f64,
        fraction_lost: f64,
        round_trip_time_measurements: u64,
    }
}

dictionary! {
    /// `RTCOutboundRtpStreamStats` (webrtc-stats#outboundrtpstats-dict*).
    OutboundRtp {
        ssrc: u32,
        kind: MediaKind,
        ;
        transport_id: String,
        codec_id: String,
        packets_sent: u64,
        bytes_sent: u64,
        mid: String,
        media_source_id: String,
        remote_id: String,
        rid: String,
        encoding_index: u32,
        header_bytes_sent: u64,
        retransmitted_packets_sent: u64,
        retransmitted_bytes_sent: u64,
        rtx_ssrc: u32,
        target_bitrate: f64,
        frame_width: u32,
        frame_height: u32,
        frames_per_second: f64,
        frames_sent: u64,
        frames_encoded: u64,
        key_frames_encoded: u64,
        quality_limitation_reason: String,
        quality_limitation_durations: BTreeMap<String, f64>,
        quality_limitation_resolution_changes: u64,
        nack_count: u64,
        fir_count: u64,
        pli_count: u64,
        active: bool,
    }
}

dictionary! {
    /// `RTCRemoteOutboundRtpStreamStats` (webrtc-stats#remoteoutboundrtpstats-dict*).
    RemoteOutboundRtp {
        ssrc: u32,
        kind: MediaKind,
        ;
        transport_id: String,
        codec_id: String,
        packets_sent: u64,
        bytes_sent: u64,
        local_id: String,
        remote_timestamp: f64,
        reports_sent: u64,
        round_trip_time: f64,
        total_round_trip_time: f64,
        round_trip_time_measurements: u64,
    }
}

dictionary! {
    /// `RTCAudioSourceStats` (webrtc-stats#audiosourcestats-dict*).
    AudioSource {
        track_identifier: String,
        kind: MediaKind,
        ;
        audio_level: f64,
        total_audio_energy: f64,
        total_samples_duration: f64,
    }
}

dictionary! {
    /// `RTCVideoSourceStats` (webrtc-stats#videosourcestats-dict*).
    VideoSource {
        track_identifier: String,
        kind: MediaKind,
        ;
        width: u32,
        height: u32,
        frames: u64,
        frames_per_second: f64,
    }
}

dictionary! {
    /// `RTCPeerConnectionStats` (webrtc-stats#pcstats-dict*).
    PeerConnection {
        ;
        data_channels_opened: u32,
        data_channels_closed: u32,
    }
}

dictionary! {
    /// `RTCDataChannelStats` (webrtc-stats#dcstats-dict*).
    DataChannel {
        state: DataChannelState,
        ;
        label: String,
        protocol: String,
        data_channel_identifier: u16,
        messages_sent: u64,
        bytes_sent: u64,
        messages_received: u64,
        bytes_received: u64,
    }
}

/// `RTCDtlsRole` (webrtc-stats#rtcdtlsrole).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum DtlsRole {
    /// The client of the handshake.
    Client,
    /// The server of the handshake.
    Server,
    /// Not settled yet.
    Unknown,
}

dictionary! {
    /// `RTCTransportStats` (webrtc-stats#transportstats-dict*).
    Transport {
        dtls_state: DtlsTransportState,
        ;
        packets_sent: u64,
        packets_received: u64,
        bytes_sent: u64,
        bytes_received: u64,
        ice_role: IceRole,
        ice_local_username_fragment: String,
        ice_state: IceTransportState,
        selected_candidate_pair_id: String,
        local_certificate_id: String,
        remote_certificate_id: String,
        tls_version: String,
        dtls_cipher: String,
        dtls_role: DtlsRole,
        srtp_cipher: String,
        selected_candidate_pair_changes: u32,
    }
}

dictionary! {
    /// `RTCIceCandidateStats` (webrtc-stats#icecandidate-dict*).
    IceCandidate {
        transport_id: String,
        candidate_type: IceCandidateType,
        ;
        address: String,
        port: u16,
        protocol: String,
        priority: u32,
        url: String,
        relay_protocol: IceServerTransportProtocol,
        foundation: String,
        related_address: String,
        related_port: u16,
        username_fragment: String,
        tcp_type: IceTcpCandidateType,
    }
}

/// `RTCStatsIceCandidatePairState` (webrtc-stats#rtcstatsicecandidatepairstate-enum).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum CandidatePairState {
    /// Not to be checked yet.
    Frozen,
    /// To be checked.
    Waiting,
    /// Being checked.
    InProgress,
    /// Its check failed.
    Failed,
    /// Its check succeeded.
    Succeeded,
}

dictionary! {
    /// `RTCIceCandidatePairStats` (webrtc-stats#candidatepair-dict*).
    CandidatePair {
        transport_id: String,
        local_candidate_id: String,
        remote_candidate_id: String,
        state: CandidatePairState,
        ;
        nominated: bool,
        packets_sent: u64,
        packets_received: u64,
        bytes_sent: u64,
        bytes_received: u64,
        last_packet_sent_timestamp: f64,
        last_packet_received_timestamp: f64,
        total_round_trip_time: f64,
        current_round_trip_time: f64,
        requests_received: u64,
        requests_sent: u64,
        responses_received: u64,
        responses_sent: u64,
        consent_requests_sent: u64,
        packets_discarded_on_send: u32,
        bytes_discarded_on_send: u64,
    }
}

dictionary! {
    /// `RTCCertificateStats` (webrtc-stats#certificatestats-dict*).
    Certificate {
        fingerprint: String,
        fingerprint_algorithm: String,
        base64_certificate: String,
        ;
        issuer_certificate_id: String,
    }
}

/// One object of a report.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Statistics {
    /// `codec`
    Codec(Codec),
    /// `inbound-rtp`
    InboundRtp(Box<InboundRtp>),
    /// `outbound-rtp`
    OutboundRtp(Box<OutboundRtp>),
    /// `remote-inbound-rtp`
    RemoteInboundRtp(RemoteInboundRtp),
    /// `remote-outbound-rtp`
    RemoteOutboundRtp(RemoteOutboundRtp),
    /// `media-source` of an audio track
    AudioSource(AudioSource),
    /// `media-source` of a video track
    VideoSource(VideoSource),
    /// `peer-connection`
    PeerConnection(PeerConnection),
    /// `data-channel`
    DataChannel(DataChannel),
    /// `transport`
    Transport(Box<Transport>),
    /// `candidate-pair`
    CandidatePair(Box<CandidatePair>),
    /// `local-candidate`
    LocalCandidate(IceCandidate),
    /// `remote-candidate`
    RemoteCandidate(IceCandidate),
    /// `certificate`
    Certificate(Certificate),
}

impl Statistics {
    /// `RTCStatsType` (webrtc-stats#rtcstatstype-str*).
    pub(super) fn type_name(&self) -> &'static str {
        match self {
            Statistics::Codec(_) => "codec",
            Statistics::InboundRtp(_) => "inbound-rtp",
            Statistics::OutboundRtp(_) => "outbound-rtp",
            Statistics::RemoteInboundRtp(_) => "remote-inbound-rtp",
            Statistics::RemoteOutboundRtp(_) => "remote-outbound-rtp",
            Statistics::AudioSource(_) | Statistics::VideoSource(_) => "media-source",
            Statistics::PeerConnection(_) => "peer-connection",
            Statistics::DataChannel(_) => "data-channel",
            Statistics::Transport(_) => "transport",
            Statistics::CandidatePair(_) => "candidate-pair",
            Statistics::LocalCandidate(_) => "local-candidate",
            Statistics::RemoteCandidate(_) => "remote-candidate",
            Statistics::Certificate(_) => "certificate",
        }
    }

    /// The members as JSON, without those of `RTCStats`.
    pub(super) fn members(&self) -> serde_json::Value {
        match self {
            Statistics::Codec(it) => serde_json::json!(it),
            Statistics::InboundRtp(it) => serde_json::json!(it),
            Statistics::OutboundRtp(it) => serde_json::json!(it),
            Statistics::RemoteInboundRtp(it) => serde_json::json!(it),
            Statistics::RemoteOutboundRtp(it) => serde_json::json!(it),
            Statistics::AudioSource(it) => serde_json::json!(it),
            Statistics::VideoSource(it) => serde_json::json!(it),
            Statistics::PeerConnection(it) => serde_json::json!(it),
            Statistics::DataChannel(it) => serde_json::json!(it),
            Statistics::Transport(it) => serde_json::json!(it),
            Statistics::CandidatePair(it) => serde_json::json!(it),
            Statistics::LocalCandidate(it) | Statistics::RemoteCandidate(it) => serde_json::json!(it),
            Statistics::Certificate(it) => serde_json::json!(it),
        }
    }
}
