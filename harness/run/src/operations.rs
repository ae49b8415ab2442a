//! From a member of an interface and its arguments to the operation of the contract, and back to what the trace tells of it.

use std::collections::BTreeMap;

use glare_peer::interface::{Dictionary, Type};
use glare_peer::{
    DataChannelInit, Exception, ExceptionName, Handle, Interface, LocalDescriptionInit, Operation,
    RtpTransceiverInit, SessionDescription, TrackOrKind, Value,
};
use serde::de::DeserializeOwned;
use serde_json::{Map, json};

use crate::payload;

/// The arguments of a call by their names in the IDL; one that was left out has no entry.
pub(crate) type Arguments = BTreeMap<&'static str, (Type, Value)>;

/// A value does not fit the argument it is for: only where it comes out of a variable, for the loader checks the rest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{argument}: {problem}")]
pub(crate) struct WrongArgument {
    argument: String,
    problem: String,
}

fn wrong(argument: &str, problem: impl ToString) -> WrongArgument {
    WrongArgument {
        argument: argument.to_owned(),
        problem: problem.to_string(),
    }
}

/// What a call of a member comes to.
///
/// # Errors
///
/// A value does not fit its argument.
pub(crate) fn operation(
    interface: Interface,
    member: &str,
    object: Handle,
    arguments: &Arguments,
) -> Result<Operation, WrongArgument> {
    let given = Given(arguments);
    use Interface as I;
    Ok(match (interface, member) {
        (I::PeerConnection, "createOffer") => Operation::CreateOffer(given.or_default("options")?),
        (I::PeerConnection, "createAnswer") => Operation::CreateAnswer,
        (I::PeerConnection, "setLocalDescription") => {
            Operation::SetLocalDescription(given.or_default::<LocalDescriptionInit>("description")?)
        }
        (I::PeerConnection, "setRemoteDescription") => {
            Operation::SetRemoteDescription(given.read::<SessionDescription>("description")?)
        }
        (I::PeerConnection, "addIceCandidate") => Operation::AddIceCandidate(given.or_default("candidate")?),
        (I::PeerConnection, "restartIce") => Operation::RestartIce,
        (I::PeerConnection, "getConfiguration") => Operation::GetConfiguration,
        (I::PeerConnection, "setConfiguration") => {
            Operation::SetConfiguration(Box::new(given.configuration("configuration")?))
        }
        (I::PeerConnection, "close") => Operation::Close,
        (I::PeerConnection, "generateCertificate") => {
            Operation::GenerateCertificate(given.read("keygenAlgorithm")?)
        }
        (I::PeerConnection, "createDataChannel") => Operation::CreateDataChannel {
            label: given.read("label")?,
            init: given.or_default::<DataChannelInit>("dataChannelDict")?,
        },
        (I::PeerConnection, "getSenders") => Operation::GetSenders,
        (I::PeerConnection, "getReceivers") => Operation::GetReceivers,
        (I::PeerConnection, "getTransceivers") => Operation::GetTransceivers,
        (I::PeerConnection, "addTrack") => Operation::AddTrack {
            track: given.read("track")?,
            streams: given.or_default("streams")?,
        },
        (I::PeerConnection, "removeTrack") => Operation::RemoveTrack {
            sender: given.read("sender")?,
        },
        (I::PeerConnection, "addTransceiver") => Operation::AddTransceiver {
            track_or_kind: given.track_or_kind()?,
            init: given.or_default::<RtpTransceiverInit>("init")?,
        },
        (I::PeerConnection, "getStats") => Operation::GetStats {
            object,
            selector: given.or_default("selector")?,
        },
        (I::RtpSender | I::RtpReceiver, "getStats") => Operation::GetStats {
            object,
            selector: None,
        },
        (I::PeerConnection, "setIdentityProvider") => Operation::SetIdentityProvider {
            provider: given.read("provider")?,
            options: given.or_default("options")?,
        },
        (I::PeerConnection, "getIdentityAssertion") => Operation::GetIdentityAssertion,
        (I::PeerConnection, "peerIdentity") => Operation::PeerIdentity,
        (I::PeerConnection, "addStream") => Operation::AddStream {
            stream: given.read("stream")?,
        },
        (I::PeerConnection, "removeStream") => Operation::RemoveStream {
            stream: given.read("stream")?,
        },
        (I::PeerConnection, "createDTMFSender") => Operation::CreateDtmfSender {
            track: given.read("track")?,
        },
        (I::SessionDescription, _) => {
            Operation::ConstructSessionDescription(given.read("descriptionInitDict")?)
        }
        (I::IceCandidate, _) => Operation::ConstructIceCandidate(given.or_default("candidateInitDict")?),
        (I::Error, _) => Operation::ConstructError(given.error()?),
        (I::RtpSender, "getCapabilities") => Operation::GetSenderCapabilities {
            kind: given.read("kind")?,
        },
        (I::RtpReceiver, "getCapabilities") => Operation::GetReceiverCapabilities {
            kind: given.read("kind")?,
        },
        (I::RtpSender, "replaceTrack") => Operation::ReplaceTrack {
            sender: object,
            track: given.or_default("withTrack")?,
        },
        (I::RtpSender, "setStreams") => Operation::SetStreams {
            sender: object,
            streams: given.or_default("streams")?,
        },
        (I::RtpSender | I::RtpReceiver, "getParameters") => Operation::GetParameters { object },
        (I::RtpSender, "setParameters") => Operation::SetParameters {
            sender: object,
            parameters: Box::new(given.read("parameters")?),
        },
        (I::DtmfSender, "insertDTMF") => Operation::InsertDtmf {
            dtmf: object,
            tones: given.read("tones")?,
            duration: given.optional("duration")?.unwrap_or(100),
            inter_tone_gap: given.optional("interToneGap")?.unwrap_or(70),
        },
        (I::RtpReceiver, "getContributingSources") => Operation::GetContributingSources { receiver: object },
        (I::RtpReceiver, "getSynchronizationSources") => {
            Operation::GetSynchronizationSources { receiver: object }
        }
        (I::RtpReceiver, "jitterBufferTarget") => Operation::SetJitterBufferTarget {
            receiver: object,
            target: given.read("jitterBufferTarget")?,
        },
        (I::RtpTransceiver, "direction") => Operation::SetDirection {
            transceiver: object,
            direction: given.read("direction")?,
        },
        (I::RtpTransceiver, "stop") => Operation::StopTransceiver { transceiver: object },
        (I::RtpTransceiver, "setCodecPreferences") => Operation::SetCodecPreferences {
            transceiver: object,
            codecs: given.read("codecs")?,
        },
        (I::DtlsTransport, "getRemoteCertificates") => Operation::GetRemoteCertificates { transport: object },
        (I::IceTransport, "getLocalCandidates") => Operation::GetLocalCandidates { transport: object },
        (I::IceTransport, "getRemoteCandidates") => Operation::GetRemoteCandidates { transport: object },
        (I::IceTransport, "getSelectedCandidatePair") => {
            Operation::GetSelectedCandidatePair { transport: object }
        }
        (I::IceTransport, "getLocalParameters") => Operation::GetLocalParameters { transport: object },
        (I::IceTransport, "getRemoteParameters") => Operation::GetRemoteParameters { transport: object },
        (I::Certificate, "getFingerprints") => Operation::GetFingerprints { certificate: object },
        (I::DataChannel, "close") => Operation::CloseDataChannel { channel: object },
        (I::DataChannel, "bufferedAmountLowThreshold") => Operation::SetBufferedAmountLowThreshold {
            channel: object,
            threshold: given.read("bufferedAmountLowThreshold")?,
        },
        (I::DataChannel, "binaryType") => Operation::SetBinaryType {
            channel: object,
            binary_type: given.read("binaryType")?,
        },
        (I::MediaDevices, "getUserMedia") => Operation::GetUserMedia {
            audio: given.flag("constraints", "audio"),
            video: given.flag("constraints", "video"),
        },
        (I::MediaStream, "MediaStream") => Operation::ConstructMediaStream {
            tracks: given.or_default("tracks")?,
        },
        (I::MediaStream, "getTracks") => Operation::GetTracks { stream: object },
        (I::MediaStream, "getAudioTracks") => Operation::GetAudioTracks { stream: object },
        (I::MediaStream, "getVideoTracks") => Operation::GetVideoTracks { stream: object },
        (I::MediaStream, "getTrackById") => Operation::GetTrackById {
            stream: object,
            id: given.read("trackId")?,
        },
        (I::MediaStream, "addTrack") => Operation::AddTrackToStream {
            stream: object,
            track: given.read("track")?,
        },
        (I::MediaStream, "removeTrack") => Operation::RemoveTrackFromStream {
            stream: object,
            track: given.read("track")?,
        },
        (I::MediaStream, "clone") => Operation::CloneStream { stream: object },
        (I::MediaStreamTrack, "enabled") => Operation::SetEnabled {
            track: object,
            enabled: given.read("enabled")?,
        },
        (I::MediaStreamTrack, "stop") => Operation::StopTrack { track: object },
        (I::MediaStreamTrack, "clone") => Operation::CloneTrack { track: object },
        (interface, member) => {
            return Err(wrong(
                &format!("{}.{member}", interface.name()),
                "the contract has no such operation",
            ));
        }
    })
}

/// What `new RTCPeerConnection()` is given.
///
/// # Errors
///
/// A value does not fit its argument.
pub(crate) fn configuration(arguments: &Arguments) -> Result<glare_peer::Configuration, WrongArgument> {
    Given(arguments).configuration("configuration")
}

struct Given<'a>(&'a Arguments);

impl Given<'_> {
    fn json(&self, name: &str) -> Option<serde_json::Value> {
        let (holds, value) = self.0.get(name)?;
        (*value != Value::Undefined).then(|| to_json(value, *holds))
    }

    fn optional<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, WrongArgument> {
        let json = self.json(name);
        json.map(|json| serde_json::from_value(json).map_err(|error| wrong(name, error)))
            .transpose()
    }

    fn or_default<T: DeserializeOwned + Default>(&self, name: &str) -> Result<T, WrongArgument> {
        Ok(self.optional(name)?.unwrap_or_default())
    }

    fn read<T: DeserializeOwned>(&self, name: &str) -> Result<T, WrongArgument> {
        self.optional(name)?.ok_or_else(|| wrong(name, "it is missing"))
    }

    fn flag(&self, name: &str, member: &str) -> bool {
        let json = self.json(name);
        json.and_then(|json| json.get(member)?.as_bool()).unwrap_or(false)
    }

    fn track_or_kind(&self) -> Result<TrackOrKind, WrongArgument> {
        match self.0.get("trackOrKind") {
            Some((_, Value::Object(track))) => Ok(TrackOrKind::Track(*track)),
            Some((_, Value::String(kind))) => Ok(TrackOrKind::Kind(kind.clone())),
            _ => Err(wrong("trackOrKind", "it is neither a track nor a kind")),
        }
    }

    fn configuration(&self, name: &str) -> Result<glare_peer::Configuration, WrongArgument> {
        let mut json = self.json(name).unwrap_or_else(|| json!({}));
        if let Some(certificates) = json.get_mut("certificates").and_then(|list| list.as_array_mut()) {
            for certificate in certificates {
                *certificate = json!({ "object": certificate });
            }
        }
        serde_json::from_value(json).map_err(|error| wrong(name, error))
    }

    fn error(&self) -> Result<Exception, WrongArgument> {
        let mut json = self.json("init").unwrap_or_else(|| json!({}));
        if let Some(members) = json.as_object_mut() {
            members.insert("name".to_owned(), json!(ExceptionName::OperationError));
            let message = self.json("message").unwrap_or_else(|| json!(""));
            members.insert("message".to_owned(), message);
        }
        serde_json::from_value(json).map_err(|error| wrong("init", error))
    }
}

/// A value as the types of the contract are read from it: an object is its number, and what is no member of a dictionary is
/// passed over, as Web IDL does.
fn to_json(value: &Value, holds: Type) -> serde_json::Value {
    match (value, holds.not_null()) {
        (Value::Object(Handle(number)), _) => json!(number),
        (Value::List(values), Type::List(item)) => values.iter().map(|value| to_json(value, *item)).collect(),
        (Value::Dictionary(members), Type::Dictionary(dictionary)) => {
            let one = |(name, value): (&String, &Value)| member(dictionary, name, value);
            members.iter().filter_map(one).collect::<Map<_, _>>().into()
        }
        (other, _) => other.to_json(),
    }
}

fn member(dictionary: &Dictionary, name: &str, value: &Value) -> Option<(String, serde_json::Value)> {
    let member = dictionary.member(name)?;
    let there = *value != Value::Undefined && (*value != Value::Null || member.holds.has_null());
    there.then(|| (name.to_owned(), to_json(value, member.holds)))
}

/// The arguments of a call as the trace has them.
pub(crate) fn arguments(operation: &Operation) -> serde_json::Value {
    match operation {
        Operation::CreateOffer(options) => json!(options),
        Operation::SetLocalDescription(description) => json!(description),
        Operation::SetRemoteDescription(description)
        | Operation::ConstructSessionDescription(description) => json!(description),
        Operation::AddIceCandidate(candidate) | Operation::ConstructIceCandidate(candidate) => {
            json!(candidate)
        }
        Operation::ConstructError(error) => json!(error),
        Operation::SetConfiguration(configuration) => json!(configuration),
        Operation::GenerateCertificate(algorithm) => json!(algorithm),
        Operation::CreateDataChannel { label, init } => json!({ "label": label, "init": init }),
        Operation::AddTrack { track, streams } => json!({ "track": track, "streams": streams }),
        Operation::RemoveTrack { sender } => json!({ "sender": sender }),
        Operation::AddTransceiver { track_or_kind, init } => {
            json!({ "trackOrKind": track_or_kind, "init": init })
        }
        Operation::GetStats {
            selector: Some(selector),
            ..
        } => json!({ "selector": selector }),
        Operation::SetIdentityProvider { provider, options } => {
            json!({ "provider": provider, "options": options })
        }
        Operation::AddStream { stream } | Operation::RemoveStream { stream } => json!({ "stream": stream }),
        Operation::CreateDtmfSender { track }
        | Operation::AddTrackToStream { track, .. }
        | Operation::RemoveTrackFromStream { track, .. } => json!({ "track": track }),
        Operation::GetSenderCapabilities { kind } | Operation::GetReceiverCapabilities { kind } => {
            json!({ "kind": kind })
        }
        Operation::ReplaceTrack { track, .. } => json!({ "withTrack": track }),
        Operation::SetStreams { streams, .. } => json!({ "streams": streams }),
        Operation::SetParameters { parameters, .. } => json!(parameters),
        Operation::InsertDtmf {
            tones,
            duration,
            inter_tone_gap,
            ..
        } => json!({ "tones": tones, "duration": duration, "interToneGap": inter_tone_gap }),
        Operation::SetJitterBufferTarget { target, .. } => json!(target),
        Operation::SetDirection { direction, .. } => json!(direction),
        Operation::SetCodecPreferences { codecs, .. } => json!({ "codecs": codecs }),
        Operation::Send { data, .. } => payload::describe(data),
        Operation::SetBufferedAmountLowThreshold { threshold, .. } => json!(threshold),
        Operation::SetBinaryType { binary_type, .. } => json!(binary_type),
        Operation::GetUserMedia { audio, video } => json!({ "audio": audio, "video": video }),
        Operation::ConstructMediaStream { tracks } => json!({ "tracks": tracks }),
        Operation::GetTrackById { id, .. } => json!({ "trackId": id }),
        Operation::SetEnabled { enabled, .. } => json!(enabled),
        _ => serde_json::Value::Null,
    }
}
