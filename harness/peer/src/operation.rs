//! The calls of the interface.

use serde::{Deserialize, Serialize};

use crate::identity::IdentityProviderOptions;
use crate::{
    Configuration, DataChannelInit, Exception, Handle, IceCandidate, KeygenAlgorithm, LocalDescriptionInit,
    MessageData, RtpCodec, RtpSendParameters, RtpTransceiverDirection, RtpTransceiverInit,
    SessionDescription, TrackOrKind,
};

/// `RTCOfferOptions` (webrtc-pc#dom-rtcofferoptions).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct OfferOptions {
    /// Whether the offer carries new ICE credentials.
    pub ice_restart: bool,
    /// The legacy option: whether the offer asks for audio (webrtc-pc#dom-rtcofferoptions-offertoreceiveaudio).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_to_receive_audio: Option<bool>,
    /// The legacy option: whether the offer asks for video (webrtc-pc#dom-rtcofferoptions-offertoreceivevideo).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub offer_to_receive_video: Option<bool>,
}

/// A method of the specification with its arguments, or a setter with its value.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Operation {
    /// `RTCPeerConnection.createOffer()`; fulfils with a description.
    CreateOffer(OfferOptions),
    /// `RTCPeerConnection.createAnswer()`; fulfils with a description.
    CreateAnswer,
    /// `RTCPeerConnection.setLocalDescription()`.
    SetLocalDescription(LocalDescriptionInit),
    /// `RTCPeerConnection.setRemoteDescription()`.
    SetRemoteDescription(SessionDescription),
    /// `RTCPeerConnection.addIceCandidate()`.
    AddIceCandidate(IceCandidate),
    /// `RTCPeerConnection.restartIce()`.
    RestartIce,
    /// `RTCPeerConnection.getConfiguration()`; returns a dictionary.
    GetConfiguration,
    /// `RTCPeerConnection.setConfiguration()`.
    SetConfiguration(Box<Configuration>),
    /// `RTCPeerConnection.close()`.
    Close,
    /// `RTCPeerConnection.generateCertificate()`, which is static; fulfils with a certificate.
    GenerateCertificate(KeygenAlgorithm),
    /// `RTCPeerConnection.createDataChannel()`; returns the channel.
    CreateDataChannel {
        /// The channel's name.
        label: String,
        /// Everything else about it.
        init: DataChannelInit,
    },
    /// `RTCPeerConnection.getSenders()`; returns a list.
    GetSenders,
    /// `RTCPeerConnection.getReceivers()`; returns a list.
    GetReceivers,
    /// `RTCPeerConnection.getTransceivers()`; returns a list.
    GetTransceivers,
    /// `RTCPeerConnection.addTrack()`; returns the sender.
    AddTrack {
        /// The track.
        track: Handle,
        /// The streams that the other side is to associate with it.
        streams: Vec<Handle>,
    },
    /// `RTCPeerConnection.removeTrack()`.
    RemoveTrack {
        /// The sender.
        sender: Handle,
    },
    /// `RTCPeerConnection.addTransceiver()`; returns the transceiver.
    AddTransceiver {
        /// The sender's track, or the kind of media.
        track_or_kind: TrackOrKind,
        /// Everything else about it.
        init: RtpTransceiverInit,
    },
    /// `getStats()` of the connection, or of a sender or receiver; fulfils with a dictionary of dictionaries by id.
    GetStats {
        /// The connection, the sender or the receiver.
        object: Handle,
        /// The track to which the report is limited; of the connection only.
        selector: Option<Handle>,
    },
    /// `RTCPeerConnection.setIdentityProvider()` (webrtc-identity).
    SetIdentityProvider {
        /// The domain of the provider.
        provider: String,
        /// Everything else about it.
        options: IdentityProviderOptions,
    },
    /// `RTCPeerConnection.getIdentityAssertion()` (webrtc-identity); fulfils with the encoded assertion.
    GetIdentityAssertion,
    /// The attribute `RTCPeerConnection.peerIdentity` (webrtc-identity), which is a promise: fulfils with a dictionary.
    PeerIdentity,
    /// `RTCPeerConnection.addStream()`, obsolete.
    AddStream {
        /// The stream.
        stream: Handle,
    },
    /// `RTCPeerConnection.removeStream()`, obsolete.
    RemoveStream {
        /// The stream.
        stream: Handle,
    },
    /// `RTCPeerConnection.createDTMFSender()`, obsolete; returns the DTMF sender.
    CreateDtmfSender {
        /// The track of the sender.
        track: Handle,
    },
    /// `new RTCSessionDescription(init)`; returns a description.
    ConstructSessionDescription(SessionDescription),
    /// `new RTCIceCandidate(init)`; returns a candidate with its attributes.
    ConstructIceCandidate(IceCandidate),
    /// `new RTCError(init, message)`; returns the exception.
    ConstructError(Exception),
    /// `RTCRtpSender.getCapabilities(kind)`, which is static; returns a dictionary or null.
    GetSenderCapabilities {
        /// The kind of media.
        kind: String,
    },
    /// `RTCRtpReceiver.getCapabilities(kind)`, which is static; returns a dictionary or null.
    GetReceiverCapabilities {
        /// The kind of media.
        kind: String,
    },
    /// `RTCRtpSender.replaceTrack()`.
    ReplaceTrack {
        /// The sender.
        sender: Handle,
        /// The new track, or null.
        track: Option<Handle>,
    },
    /// `RTCRtpSender.setStreams()`.
    SetStreams {
        /// The sender.
        sender: Handle,
        /// The streams.
        streams: Vec<Handle>,
    },
    /// `getParameters()` of a sender or receiver; returns a dictionary.
    GetParameters {
        /// The sender or receiver.
        object: Handle,
    },
    /// `RTCRtpSender.setParameters()`.
    SetParameters {
        /// The sender.
        sender: Handle,
        /// The parameters.
        parameters: Box<RtpSendParameters>,
    },
    /// `RTCDTMFSender.insertDTMF()`.
    InsertDtmf {
        /// The DTMF sender.
        dtmf: Handle,
        /// The tones.
        tones: String,
        /// How long each lasts, milliseconds.
        duration: u32,
        /// The time between two, milliseconds.
        inter_tone_gap: u32,
    },
    /// `RTCRtpReceiver.getContributingSources()`; returns a list of dictionaries.
    GetContributingSources {
        /// The receiver.
        receiver: Handle,
    },
    /// `RTCRtpReceiver.getSynchronizationSources()`; returns a list of dictionaries.
    GetSynchronizationSources {
        /// The receiver.
        receiver: Handle,
    },
    /// `RTCRtpReceiver.jitterBufferTarget = target`, in milliseconds or null.
    SetJitterBufferTarget {
        /// The receiver.
        receiver: Handle,
        /// The new target in milliseconds, or null.
        target: Option<f64>,
    },
    /// `RTCRtpTransceiver.direction = direction`.
    SetDirection {
        /// The transceiver.
        transceiver: Handle,
        /// The new direction.
        direction: RtpTransceiverDirection,
    },
    /// `RTCRtpTransceiver.stop()`.
    StopTransceiver {
        /// The transceiver.
        transceiver: Handle,
    },
    /// `RTCRtpTransceiver.setCodecPreferences()`.
    SetCodecPreferences {
        /// The transceiver.
        transceiver: Handle,
        /// The codecs, the most preferred first; none for the default.
        codecs: Vec<RtpCodec>,
    },
    /// `RTCDtlsTransport.getRemoteCertificates()`; returns a list of bytes.
    GetRemoteCertificates {
        /// The transport.
        transport: Handle,
    },
    /// `RTCIceTransport.getLocalCandidates()`; returns a list of candidates.
    GetLocalCandidates {
        /// The transport.
        transport: Handle,
    },
    /// `RTCIceTransport.getRemoteCandidates()`; returns a list of candidates.
    GetRemoteCandidates {
        /// The transport.
        transport: Handle,
    },
    /// `RTCIceTransport.getSelectedCandidatePair()`; returns a dictionary of the candidates `local` and `remote`, or null.
    GetSelectedCandidatePair {
        /// The transport.
        transport: Handle,
    },
    /// `RTCIceTransport.getLocalParameters()`; returns a dictionary or null.
    GetLocalParameters {
        /// The transport.
        transport: Handle,
    },
    /// `RTCIceTransport.getRemoteParameters()`; returns a dictionary or null.
    GetRemoteParameters {
        /// The transport.
        transport: Handle,
    },
    /// `RTCCertificate.getFingerprints()`; returns a list of dictionaries.
    GetFingerprints {
        /// The certificate.
        certificate: Handle,
    },
    /// `RTCDataChannel.send()`.
    Send {
        /// The channel.
        channel: Handle,
        /// What to send.
        data: MessageData,
    },
    /// `RTCDataChannel.close()`.
    CloseDataChannel {
        /// The channel.
        channel: Handle,
    },
    /// `RTCDataChannel.bufferedAmountLowThreshold = threshold`, in bytes.
    SetBufferedAmountLowThreshold {
        /// The channel.
        channel: Handle,
        /// The new threshold in bytes.
        threshold: u32,
    },
    /// `RTCDataChannel.binaryType = type`.
    SetBinaryType {
        /// The channel.
        channel: Handle,
        /// The new type; anything but `blob` and `arraybuffer` changes nothing.
        binary_type: String,
    },
    /// `navigator.mediaDevices.getUserMedia()`, with sources that generate their media; fulfils with a `MediaStream`.
    GetUserMedia {
        /// Whether the stream has an audio track.
        audio: bool,
        /// Whether the stream has a video track.
        video: bool,
    },
    /// `new MediaStream(tracks)`; returns the stream.
    ConstructMediaStream {
        /// Its tracks.
        tracks: Vec<Handle>,
    },
    /// `MediaStream.getTracks()`; returns a list.
    GetTracks {
        /// The stream.
        stream: Handle,
    },
    /// `MediaStream.getAudioTracks()`; returns a list.
    GetAudioTracks {
        /// The stream.
        stream: Handle,
    },
    /// `MediaStream.getVideoTracks()`; returns a list.
    GetVideoTracks {
        /// The stream.
        stream: Handle,
    },
    /// `MediaStream.getTrackById()`; returns a track or null.
    GetTrackById {
        /// The stream.
        stream: Handle,
        /// The track's id.
        id: String,
    },
    /// `MediaStream.addTrack()`.
    AddTrackToStream {
        /// The stream.
        stream: Handle,
        /// The track.
        track: Handle,
    },
    /// `MediaStream.removeTrack()`.
    RemoveTrackFromStream {
        /// The stream.
        stream: Handle,
        /// The track.
        track: Handle,
    },
    /// `MediaStream.clone()`; returns the new stream.
    CloneStream {
        /// The stream.
        stream: Handle,
    },
    /// `MediaStreamTrack.enabled = enabled`.
    SetEnabled {
        /// The track.
        track: Handle,
        /// Whether it renders its source; otherwise silence or black.
        enabled: bool,
    },
    /// `MediaStreamTrack.stop()`.
    StopTrack {
        /// The track.
        track: Handle,
    },
    /// `MediaStreamTrack.clone()`; returns the new track.
    CloneTrack {
        /// The track.
        track: Handle,
    },
}

impl Operation {
    /// The method's or attribute's name in the specification; of a static method with its interface.
    pub fn name(&self) -> &'static str {
        match self {
            Operation::CreateOffer(_) => "createOffer",
            Operation::CreateAnswer => "createAnswer",
            Operation::SetLocalDescription(_) => "setLocalDescription",
            Operation::SetRemoteDescription(_) => "setRemoteDescription",
            Operation::AddIceCandidate(_) => "addIceCandidate",
            Operation::RestartIce => "restartIce",
            Operation::GetConfiguration => "getConfiguration",
            Operation::SetConfiguration(_) => "setConfiguration",
            Operation::Close => "close",
            Operation::GenerateCertificate(_) => "generateCertificate",
            Operation::CreateDataChannel { .. } => "createDataChannel",
            Operation::GetSenders => "getSenders",
            Operation::GetReceivers => "getReceivers",
            Operation::GetTransceivers => "getTransceivers",
            Operation::AddTrack { .. } => "addTrack",
            Operation::RemoveTrack { .. } => "removeTrack",
            Operation::AddTransceiver { .. } => "addTransceiver",
            Operation::GetStats { .. } => "getStats",
            Operation::SetIdentityProvider { .. } => "setIdentityProvider",
            Operation::GetIdentityAssertion => "getIdentityAssertion",
            Operation::PeerIdentity => "peerIdentity",
            Operation::AddStream { .. } => "addStream",
            Operation::RemoveStream { .. } => "removeStream",
            Operation::CreateDtmfSender { .. } => "createDTMFSender",
            Operation::ConstructSessionDescription(_) => "RTCSessionDescription",
            Operation::ConstructIceCandidate(_) => "RTCIceCandidate",
            Operation::ConstructError(_) => "RTCError",
            Operation::GetSenderCapabilities { .. } => "RTCRtpSender.getCapabilities",
            Operation::GetReceiverCapabilities { .. } => "RTCRtpReceiver.getCapabilities",
            Operation::ReplaceTrack { .. } => "replaceTrack",
            Operation::SetStreams { .. } => "setStreams",
            Operation::GetParameters { .. } => "getParameters",
            Operation::SetParameters { .. } => "setParameters",
            Operation::InsertDtmf { .. } => "insertDTMF",
            Operation::GetContributingSources { .. } => "getContributingSources",
            Operation::GetSynchronizationSources { .. } => "getSynchronizationSources",
            Operation::SetJitterBufferTarget { .. } => "jitterBufferTarget",
            Operation::SetDirection { .. } => "direction",
            Operation::StopTransceiver { .. } => "stop",
            Operation::SetCodecPreferences { .. } => "setCodecPreferences",
            Operation::GetRemoteCertificates { .. } => "getRemoteCertificates",
            Operation::GetLocalCandidates { .. } => "getLocalCandidates",
            Operation::GetRemoteCandidates { .. } => "getRemoteCandidates",
            Operation::GetSelectedCandidatePair { .. } => "getSelectedCandidatePair",
            Operation::GetLocalParameters { .. } => "getLocalParameters",
            Operation::GetRemoteParameters { .. } => "getRemoteParameters",
            Operation::GetFingerprints { .. } => "getFingerprints",
            Operation::Send { .. } => "send",
            Operation::CloseDataChannel { .. } => "close",
            Operation::SetBufferedAmountLowThreshold { .. } => "bufferedAmountLowThreshold",
            Operation::SetBinaryType { .. } => "binaryType",
            Operation::GetUserMedia { .. } => "getUserMedia",
            Operation::ConstructMediaStream { .. } => "MediaStream",
            Operation::GetTracks { .. } => "getTracks",
            Operation::GetAudioTracks { .. } => "getAudioTracks",
            Operation::GetVideoTracks { .. } => "getVideoTracks",
            Operation::GetTrackById { .. } => "getTrackById",
            Operation::AddTrackToStream { .. } => "addTrack",
            Operation::RemoveTrackFromStream { .. } => "removeTrack",
            Operation::CloneStream { .. } => "clone",
            Operation::SetEnabled { .. } => "enabled",
            Operation::StopTrack { .. } => "stop",
            Operation::CloneTrack { .. } => "clone",
        }
    }

    /// The object the method is called on; the connection for constructors and static methods.
    pub fn object(&self) -> Handle {
        match self {
            Operation::GetStats { object, .. } | Operation::GetParameters { object } => *object,
            Operation::ReplaceTrack { sender, .. }
            | Operation::SetStreams { sender, .. }
            | Operation::SetParameters { sender, .. } => *sender,
            Operation::InsertDtmf { dtmf, .. } => *dtmf,
            Operation::GetContributingSources { receiver }
            | Operation::GetSynchronizationSources { receiver }
            | Operation::SetJitterBufferTarget { receiver, .. } => *receiver,
            Operation::SetDirection { transceiver, .. }
            | Operation::StopTransceiver { transceiver }
            | Operation::SetCodecPreferences { transceiver, .. } => *transceiver,
            Operation::GetRemoteCertificates { transport }
            | Operation::GetLocalCandidates { transport }
            | Operation::GetRemoteCandidates { transport }
            | Operation::GetSelectedCandidatePair { transport }
            | Operation::GetLocalParameters { transport }
            | Operation::GetRemoteParameters { transport } => *transport,
            Operation::GetFingerprints { certificate } => *certificate,
            Operation::Send { channel, .. }
            | Operation::CloseDataChannel { channel }
            | Operation::SetBufferedAmountLowThreshold { channel, .. }
            | Operation::SetBinaryType { channel, .. } => *channel,
            Operation::GetTracks { stream }
            | Operation::GetAudioTracks { stream }
            | Operation::GetVideoTracks { stream }
            | Operation::GetTrackById { stream, .. }
            | Operation::AddTrackToStream { stream, .. }
            | Operation::RemoveTrackFromStream { stream, .. }
            | Operation::CloneStream { stream } => *stream,
            Operation::SetEnabled { track, .. }
            | Operation::StopTrack { track }
            | Operation::CloneTrack { track } => *track,
            _ => Handle::CONNECTION,
        }
    }
}
