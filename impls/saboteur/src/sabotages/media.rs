//! Senders, receivers, transceivers, streams, tracks and DTMF.

use glare_peer::{
    Attribute, EventKind, ExceptionName, Interface, Operation, RtpTransceiverDirection, TrackOrKind, Value,
};

use super::states::instead;
use super::{always_null, another_name, call, event, read};
use crate::Sabotage;
use crate::fault::{CallFault, EventFault, ReadFault};

const CONNECTION: Interface = Interface::PeerConnection;
const SENDER: Interface = Interface::RtpSender;
const RECEIVER: Interface = Interface::RtpReceiver;
const TRANSCEIVER: Interface = Interface::RtpTransceiver;
const TRACK: Interface = Interface::MediaStreamTrack;
const STREAM: Interface = Interface::MediaStream;
const DTMF: Interface = Interface::DtmfSender;

/// A list without its last member.
fn shortened(value: &mut Value) -> bool {
    match value {
        Value::List(values) => values.pop().is_some(),
        _ => false,
    }
}

/// A dictionary of which a list has no members.
fn without_list(value: &mut Value, name: &str) -> bool {
    match value {
        Value::Dictionary(members) => match members.get_mut(name) {
            Some(Value::List(values)) => {
                let had = !values.is_empty();
                values.clear();
                had
            }
            _ => false,
        },
        _ => false,
    }
}

pub(super) fn sabotages() -> Vec<Sabotage> {
    let mut all = of_the_connection();
    all.extend(of_events());
    all.extend(of_senders());
    all.extend(of_receivers());
    all.extend(of_transceivers());
    all.extend(of_tracks());
    all.extend(of_dtmf());
    all
}

fn of_the_connection() -> Vec<Sabotage> {
    vec![
        call(
            "get-senders-lacks-the-last",
            (CONNECTION, "getSenders"),
            "webrtc-pc#dom-peerconnection-getsenders",
            "getSenders() lacks the last sender.",
            CallFault::Result(shortened),
        ),
        call(
            "get-receivers-lacks-the-last",
            (CONNECTION, "getReceivers"),
            "webrtc-pc#dom-peerconnection-getreceivers",
            "getReceivers() lacks the last receiver.",
            CallFault::Result(shortened),
        ),
        call(
            "get-transceivers-lacks-the-last",
            (CONNECTION, "getTransceivers"),
            "webrtc-pc#dom-peerconnection-gettranseceivers",
            "getTransceivers() lacks the last transceiver.",
            CallFault::Result(shortened),
        ),
        call(
            "get-transceivers-stays",
            (CONNECTION, "getTransceivers"),
            "webrtc-pc#dom-peerconnection-gettranseceivers",
            "getTransceivers() returns for ever what it did the first time.",
            CallFault::FirstResult,
        ),
        call(
            "add-track-never-throws",
            (CONNECTION, "addTrack"),
            "webrtc-pc#dom-rtcpeerconnection-addtrack",
            "addTrack() returns where it should throw.",
            CallFault::Swallow,
        ),
        call(
            "add-track-error-has-another-name",
            (CONNECTION, "addTrack"),
            "webrtc-pc#dom-rtcpeerconnection-addtrack",
            "What addTrack() throws is a NotReadableError.",
            another_name(),
        ),
        call(
            "add-track-forgets-the-streams",
            (CONNECTION, "addTrack"),
            "webrtc-pc#dom-rtcpeerconnection-addtrack",
            "addTrack() does not associate the sender with its streams.",
            CallFault::Arguments(|operation| match operation {
                Operation::AddTrack { streams, .. } => !std::mem::take(streams).is_empty(),
                _ => false,
            }),
        ),
        call(
            "remove-track-does-nothing",
            (CONNECTION, "removeTrack"),
            "webrtc-pc#dom-rtcpeerconnection-removetrack",
            "removeTrack() does nothing.",
            CallFault::Ignore,
        ),
        call(
            "remove-track-never-throws",
            (CONNECTION, "removeTrack"),
            "webrtc-pc#dom-rtcpeerconnection-removetrack",
            "removeTrack() returns where it should throw.",
            CallFault::Swallow,
        ),
        call(
            "add-transceiver-never-throws",
            (CONNECTION, "addTransceiver"),
            "webrtc-pc#dom-rtcpeerconnection-addtransceiver",
            "addTransceiver() returns where it should throw.",
            CallFault::Swallow,
        ),
        call(
            "add-transceiver-error-has-another-name",
            (CONNECTION, "addTransceiver"),
            "webrtc-pc#dom-rtcpeerconnection-addtransceiver",
            "What addTransceiver() throws is a NotReadableError.",
            another_name(),
        ),
        call(
            "add-transceiver-ignores-the-direction",
            (CONNECTION, "addTransceiver"),
            "webrtc-pc#dom-rtcrtptransceiverinit-direction",
            "The direction of a new transceiver is sendrecv.",
            CallFault::Arguments(|operation| match operation {
                Operation::AddTransceiver { init, .. } => {
                    std::mem::replace(&mut init.direction, RtpTransceiverDirection::SendRecv)
                        != RtpTransceiverDirection::SendRecv
                }
                _ => false,
            }),
        ),
        call(
            "add-transceiver-ignores-the-encodings",
            (CONNECTION, "addTransceiver"),
            "webrtc-pc#dom-rtcrtptransceiverinit-sendencodings",
            "A new transceiver has one encoding, whatever was asked for.",
            CallFault::Arguments(|operation| match operation {
                Operation::AddTransceiver { init, .. } => {
                    !std::mem::take(&mut init.send_encodings).is_empty()
                }
                _ => false,
            }),
        ),
        call(
            "add-transceiver-ignores-the-streams",
            (CONNECTION, "addTransceiver"),
            "webrtc-pc#dom-rtcrtptransceiverinit-streams",
            "A new transceiver is in no stream.",
            CallFault::Arguments(|operation| match operation {
                Operation::AddTransceiver { init, .. } => !std::mem::take(&mut init.streams).is_empty(),
                _ => false,
            }),
        ),
        call(
            "add-transceiver-takes-video-for-audio",
            (CONNECTION, "addTransceiver"),
            "webrtc-pc#dom-rtcpeerconnection-addtransceiver",
            "addTransceiver() takes video for audio.",
            CallFault::Arguments(|operation| match operation {
                Operation::AddTransceiver { track_or_kind, .. }
                    if *track_or_kind == TrackOrKind::Kind("video".to_owned()) =>
                {
                    *track_or_kind = TrackOrKind::Kind("audio".to_owned());
                    true
                }
                _ => false,
            }),
        ),
        call(
            "add-stream-does-nothing",
            (CONNECTION, "addStream"),
            "webrtc-pc#legacy-interface-extensions",
            "addStream() does nothing.",
            CallFault::Ignore,
        ),
        call(
            "remove-stream-does-nothing",
            (CONNECTION, "removeStream"),
            "webrtc-pc#legacy-interface-extensions",
            "removeStream() does nothing.",
            CallFault::Ignore,
        ),
    ]
}

fn of_events() -> Vec<Sabotage> {
    let track = (CONNECTION, "track");
    vec![
        event(
            "track-is-not-fired",
            track,
            "webrtc-pc#event-track",
            "track is never fired.",
            EventFault::Drop,
        ),
        event(
            "track-is-fired-twice",
            track,
            "webrtc-pc#event-track",
            "track is fired twice in a row.",
            EventFault::Twice,
        ),
        event(
            "track-comes-a-task-late",
            track,
            "webrtc-pc#set-description",
            "track is fired in a task after that which applies the description.",
            EventFault::TaskLate,
        ),
        event(
            "track-follows-fulfilment",
            track,
            "webrtc-pc#set-description",
            "track is fired after the promise has fulfilled.",
            EventFault::SettleLate,
        ),
        event(
            "track-has-no-streams",
            track,
            "webrtc-pc#dom-rtctrackevent-streams",
            "streams of track is empty.",
            EventFault::Alter(|event| {
                if let EventKind::Track { streams, .. } = &mut event.kind {
                    streams.clear();
                }
            }),
        ),
        event(
            "track-has-another-receiver",
            track,
            "webrtc-pc#dom-trackevent-receiver",
            "receiver of track is the transceiver.",
            EventFault::Alter(|event| {
                if let EventKind::Track {
                    receiver,
                    transceiver,
                    ..
                } = &mut event.kind
                {
                    *receiver = *transceiver;
                }
            }),
        ),
        event(
            "addstream-is-not-fired",
            (CONNECTION, "addstream"),
            "webrtc-pc#legacy-interface-extensions",
            "addstream is never fired.",
            EventFault::Drop,
        ),
        event(
            "removestream-is-not-fired",
            (CONNECTION, "removestream"),
            "webrtc-pc#legacy-interface-extensions",
            "removestream is never fired.",
            EventFault::Drop,
        ),
        event(
            "mute-is-not-fired",
            (TRACK, "mute"),
            "webrtc-pc#process-remote-track-removal",
            "mute is never fired.",
            EventFault::Drop,
        ),
        event(
            "mute-follows-track",
            (TRACK, "mute"),
            "webrtc-pc#set-description",
            "mute is fired after the event that should follow it.",
            EventFault::EventLate,
        ),
        event(
            "unmute-is-not-fired",
            (TRACK, "unmute"),
            "webrtc-pc#mediastreamtrack",
            "unmute is never fired.",
            EventFault::Drop,
        ),
        event(
            "ended-is-not-fired",
            (TRACK, "ended"),
            "webrtc-pc#mediastreamtrack",
            "ended is never fired.",
            EventFault::Drop,
        ),
        event(
            "addtrack-is-not-fired",
            (STREAM, "addtrack"),
            "webrtc-pc#set-associated-remote-streams",
            "addtrack is never fired.",
            EventFault::Drop,
        ),
        event(
            "removetrack-is-not-fired",
            (STREAM, "removetrack"),
            "webrtc-pc#set-associated-remote-streams",
            "removetrack is never fired.",
            EventFault::Drop,
        ),
    ]
}

fn of_senders() -> Vec<Sabotage> {
    vec![
        call(
            "replace-track-does-nothing",
            (SENDER, "replaceTrack"),
            "webrtc-pc#dom-rtcrtpsender-replacetrack",
            "replaceTrack() fulfils and replaces nothing.",
            CallFault::Ignore,
        ),
        call(
            "replace-track-never-rejects",
            (SENDER, "replaceTrack"),
            "webrtc-pc#dom-rtcrtpsender-replacetrack",
            "replaceTrack() fulfils where it should reject.",
            CallFault::Swallow,
        ),
        call(
            "replace-track-error-has-another-name",
            (SENDER, "replaceTrack"),
            "webrtc-pc#dom-rtcrtpsender-replacetrack",
            "What replaceTrack() rejects with is a NotReadableError.",
            another_name(),
        ),
        call(
            "set-streams-does-nothing",
            (SENDER, "setStreams"),
            "webrtc-pc#dom-rtcrtpsender-setstreams",
            "setStreams() does nothing.",
            CallFault::Ignore,
        ),
        call(
            "set-streams-never-throws",
            (SENDER, "setStreams"),
            "webrtc-pc#dom-rtcrtpsender-setstreams",
            "setStreams() returns where it should throw.",
            CallFault::Swallow,
        ),
        call(
            "set-parameters-does-nothing",
            (SENDER, "setParameters"),
            "webrtc-pc#dom-rtcrtpsender-setparameters",
            "setParameters() fulfils and sets nothing.",
            CallFault::Ignore,
        ),
        call(
            "set-parameters-never-rejects",
            (SENDER, "setParameters"),
            "webrtc-pc#dom-rtcrtpsender-setparameters",
            "setParameters() fulfils where it should reject.",
            CallFault::Swallow,
        ),
        call(
            "set-parameters-error-has-another-name",
            (SENDER, "setParameters"),
            "webrtc-pc#dom-rtcrtpsender-setparameters",
            "What setParameters() rejects with is a NotReadableError.",
            another_name(),
        ),
        call(
            "set-parameters-deactivates-nothing",
            (SENDER, "setParameters"),
            "webrtc-pc#dom-rtcrtpencodingparameters-active",
            "Encodings stay active.",
            CallFault::Arguments(|operation| match operation {
                Operation::SetParameters { parameters, .. } => {
                    let changes = parameters.encodings.iter().any(|encoding| !encoding.active);
                    for encoding in &mut parameters.encodings {
                        encoding.active = true;
                    }
                    changes
                }
                _ => false,
            }),
        ),
        call(
            "get-parameters-stays",
            (SENDER, "getParameters"),
            "webrtc-pc#dom-rtcrtpsender-getparameters",
            "getParameters() returns for ever what it did the first time, the transaction too.",
            CallFault::FirstResult,
        ),
        call(
            "get-parameters-has-no-encodings",
            (SENDER, "getParameters"),
            "webrtc-pc#dom-rtcrtpsender-getparameters",
            "encodings of getParameters() is empty.",
            CallFault::Result(|value| without_list(value, "encodings")),
        ),
        call(
            "get-parameters-has-no-codecs",
            (SENDER, "getParameters"),
            "webrtc-pc#dom-rtcrtpsender-getparameters",
            "codecs of getParameters() is empty.",
            CallFault::Result(|value| without_list(value, "codecs")),
        ),
        call(
            "get-parameters-has-no-header-extensions",
            (SENDER, "getParameters"),
            "webrtc-pc#dom-rtcrtpsender-getparameters",
            "headerExtensions of getParameters() is empty.",
            CallFault::Result(|value| without_list(value, "headerExtensions")),
        ),
        call(
            "sender-has-no-capabilities",
            (SENDER, "RTCRtpSender.getCapabilities"),
            "webrtc-pc#dom-rtcrtpsender-getcapabilities",
            "codecs of RTCRtpSender.getCapabilities() is empty.",
            CallFault::Result(|value| without_list(value, "codecs")),
        ),
        read(
            "sender-track-is-null",
            SENDER,
            Attribute::Track,
            "webrtc-pc#dom-rtcrtpsender-track",
            "track of senders is null.",
            ReadFault::Alter(always_null),
        ),
        read(
            "sender-transport-is-null",
            SENDER,
            Attribute::Transport,
            "webrtc-pc#dom-rtcrtpsender-transport",
            "transport of senders is null.",
            ReadFault::Alter(always_null),
        ),
        read(
            "sender-dtmf-is-null",
            SENDER,
            Attribute::Dtmf,
            "webrtc-pc#dom-rtcrtpsender-dtmf",
            "dtmf is null.",
            ReadFault::Alter(always_null),
        ),
    ]
}

fn of_receivers() -> Vec<Sabotage> {
    vec![
        read(
            "receiver-transport-is-null",
            RECEIVER,
            Attribute::Transport,
            "webrtc-pc#dom-rtcrtpreceiver-transport",
            "transport of receivers is null.",
            ReadFault::Alter(always_null),
        ),
        read(
            "jitter-buffer-target-is-null",
            RECEIVER,
            Attribute::JitterBufferTarget,
            "webrtc-pc#dom-rtcrtpreceiver-jitterbuffertarget",
            "jitterBufferTarget is null.",
            ReadFault::Alter(always_null),
        ),
        call(
            "jitter-buffer-target-takes-any-value",
            (RECEIVER, "jitterBufferTarget"),
            "webrtc-pc#dom-rtcrtpreceiver-jitterbuffertarget",
            "Setting jitterBufferTarget never throws.",
            CallFault::Swallow,
        ),
        call(
            "receiver-has-no-capabilities",
            (RECEIVER, "RTCRtpReceiver.getCapabilities"),
            "webrtc-pc#dom-rtcrtpreceiver-getcapabilities",
            "codecs of RTCRtpReceiver.getCapabilities() is empty.",
            CallFault::Result(|value| without_list(value, "codecs")),
        ),
        call(
            "no-synchronization-sources",
            (RECEIVER, "getSynchronizationSources"),
            "webrtc-pc#dom-rtcrtpreceiver-getsynchronizationsources",
            "getSynchronizationSources() returns an empty list.",
            CallFault::Result(shortened),
        ),
        call(
            "no-contributing-sources",
            (RECEIVER, "getContributingSources"),
            "webrtc-pc#dom-rtcrtpreceiver-getcontributingsources",
            "getContributingSources() lacks the last source.",
            CallFault::Result(shortened),
        ),
    ]
}

fn of_transceivers() -> Vec<Sabotage> {
    vec![
        call(
            "transceiver-stop-does-nothing",
            (TRANSCEIVER, "stop"),
            "webrtc-pc#dom-rtcrtptransceiver-stop",
            "stop() of a transceiver does nothing.",
            CallFault::Ignore,
        ),
        call(
            "direction-cannot-be-set",
            (TRANSCEIVER, "direction"),
            "webrtc-pc#dom-rtcrtptransceiver-direction",
            "Setting direction does nothing.",
            CallFault::Ignore,
        ),
        call(
            "direction-takes-any-value",
            (TRANSCEIVER, "direction"),
            "webrtc-pc#dom-rtcrtptransceiver-direction",
            "Setting direction never throws.",
            CallFault::Swallow,
        ),
        call(
            "codec-preferences-are-ignored",
            (TRANSCEIVER, "setCodecPreferences"),
            "webrtc-pc#dom-rtcrtptransceiver-setcodecpreferences",
            "setCodecPreferences() does nothing.",
            CallFault::Ignore,
        ),
        call(
            "codec-preferences-take-any-codec",
            (TRANSCEIVER, "setCodecPreferences"),
            "webrtc-pc#dom-rtcrtptransceiver-setcodecpreferences",
            "setCodecPreferences() returns where it should throw.",
            CallFault::Swallow,
        ),
        call(
            "codec-preferences-error-has-another-name",
            (TRANSCEIVER, "setCodecPreferences"),
            "webrtc-pc#dom-rtcrtptransceiver-setcodecpreferences",
            "What setCodecPreferences() throws is a NotReadableError.",
            another_name(),
        ),
        read(
            "mid-stays-null",
            TRANSCEIVER,
            Attribute::Mid,
            "webrtc-pc#dom-rtptransceiver-mid",
            "mid is null.",
            ReadFault::Alter(always_null),
        ),
        read(
            "mid-is-another",
            TRANSCEIVER,
            Attribute::Mid,
            "webrtc-pc#dom-rtptransceiver-mid",
            "mid is not that of the description.",
            ReadFault::Alter(|value| match value {
                Value::String(mid) => Some(Value::String(format!("{mid}x"))),
                _ => None,
            }),
        ),
        read(
            "current-direction-stays-null",
            TRANSCEIVER,
            Attribute::CurrentDirection,
            "webrtc-pc#dom-rtcrtptransceiver-currentdirection",
            "currentDirection is null.",
            ReadFault::Alter(always_null),
        ),
        read(
            "current-direction-lags-one-behind",
            TRANSCEIVER,
            Attribute::CurrentDirection,
            "webrtc-pc#dom-rtcrtptransceiver-currentdirection",
            "currentDirection is what it was before its last change.",
            ReadFault::Previous,
        ),
        read(
            "current-direction-is-always-sendrecv",
            TRANSCEIVER,
            Attribute::CurrentDirection,
            "webrtc-pc#dom-rtcrtptransceiver-currentdirection",
            "currentDirection is sendrecv where it should be narrower.",
            instead!("sendonly" => "sendrecv", "recvonly" => "sendrecv", "inactive" => "sendrecv"),
        ),
        read(
            "stopped-transceiver-is-inactive",
            TRANSCEIVER,
            Attribute::Direction,
            "webrtc-pc#dom-rtcrtptransceiver-stop",
            "direction of a stopped transceiver is inactive.",
            instead!("stopped" => "inactive"),
        ),
        read(
            "direction-stays",
            TRANSCEIVER,
            Attribute::Direction,
            "webrtc-pc#dom-rtcrtptransceiver-direction",
            "direction never changes.",
            ReadFault::First,
        ),
    ]
}

fn of_tracks() -> Vec<Sabotage> {
    vec![
        read(
            "remote-tracks-are-not-muted",
            TRACK,
            Attribute::Muted,
            "webrtc-pc#mediastreamtrack",
            "muted is false.",
            ReadFault::Alter(|value| (*value == Value::Boolean(true)).then_some(Value::Boolean(false))),
        ),
        read(
            "tracks-never-end",
            TRACK,
            Attribute::ReadyState,
            "webrtc-pc#mediastreamtrack",
            "readyState of tracks stays live.",
            instead!("ended" => "live"),
        ),
        read(
            "track-kind-is-audio",
            TRACK,
            Attribute::Kind,
            "mediacapture-streams#dom-mediastreamtrack-kind",
            "kind is audio.",
            instead!("video" => "audio"),
        ),
        read(
            "track-id-is-empty",
            TRACK,
            Attribute::Id,
            "mediacapture-streams#dom-mediastreamtrack-id",
            "id of tracks is empty.",
            ReadFault::Alter(|_| Some(Value::String(String::new()))),
        ),
        read(
            "stream-id-is-empty",
            STREAM,
            Attribute::Id,
            "mediacapture-streams#dom-mediastream-id",
            "id of streams is empty.",
            ReadFault::Alter(|_| Some(Value::String(String::new()))),
        ),
        read(
            "stream-is-never-active",
            STREAM,
            Attribute::Active,
            "mediacapture-streams#dom-mediastream-active",
            "active is false.",
            ReadFault::Alter(|value| (*value == Value::Boolean(true)).then_some(Value::Boolean(false))),
        ),
        call(
            "track-stop-does-nothing",
            (TRACK, "stop"),
            "mediacapture-streams#dom-mediastreamtrack-stop",
            "stop() of a track does nothing.",
            CallFault::Ignore,
        ),
        call(
            "stream-lacks-the-last-track",
            (STREAM, "getTracks"),
            "mediacapture-streams#dom-mediastream-gettracks",
            "getTracks() lacks the last track.",
            CallFault::Result(shortened),
        ),
    ]
}

fn of_dtmf() -> Vec<Sabotage> {
    vec![
        call(
            "insert-dtmf-does-nothing",
            (DTMF, "insertDTMF"),
            "webrtc-pc#dom-RTCDTMFSender-insertDTMF",
            "insertDTMF() does nothing.",
            CallFault::Ignore,
        ),
        call(
            "insert-dtmf-never-throws",
            (DTMF, "insertDTMF"),
            "webrtc-pc#dom-RTCDTMFSender-insertDTMF",
            "insertDTMF() returns where it should throw.",
            CallFault::Swallow,
        ),
        call(
            "insert-dtmf-error-has-another-name",
            (DTMF, "insertDTMF"),
            "webrtc-pc#dom-RTCDTMFSender-insertDTMF",
            "What insertDTMF() throws is an OperationError.",
            CallFault::Rename(ExceptionName::OperationError),
        ),
        call(
            "insert-dtmf-ignores-the-duration",
            (DTMF, "insertDTMF"),
            "webrtc-pc#dom-RTCDTMFSender-insertDTMF",
            "Every tone lasts 6 s.",
            CallFault::Arguments(|operation| match operation {
                Operation::InsertDtmf { duration, .. } => std::mem::replace(duration, 6_000) != 6_000,
                _ => false,
            }),
        ),
        event(
            "tonechange-is-not-fired",
            (DTMF, "tonechange"),
            "webrtc-pc#dom-RTCDTMFSender-insertDTMF",
            "tonechange is never fired.",
            EventFault::Drop,
        ),
        event(
            "tonechange-is-fired-twice",
            (DTMF, "tonechange"),
            "webrtc-pc#dom-RTCDTMFSender-insertDTMF",
            "tonechange is fired twice in a row.",
            EventFault::Twice,
        ),
        event(
            "tonechange-has-no-tone",
            (DTMF, "tonechange"),
            "webrtc-pc#dom-rtcdtmftonechangeevent-tone",
            "tone of tonechange is empty.",
            EventFault::Alter(|event| {
                if let EventKind::ToneChange { tone } = &mut event.kind {
                    tone.clear();
                }
            }),
        ),
        read(
            "tone-buffer-is-empty",
            DTMF,
            Attribute::ToneBuffer,
            "webrtc-pc#dom-RTCDTMFSender-tonebuffer",
            "toneBuffer is empty.",
            ReadFault::Alter(|_| Some(Value::String(String::new()))),
        ),
        read(
            "dtmf-can-always-be-inserted",
            DTMF,
            Attribute::CanInsertDtmf,
            "webrtc-pc#dom-rtcdtmfsender-caninsertdtmf",
            "canInsertDTMF is true.",
            ReadFault::Alter(|value| (*value == Value::Boolean(false)).then_some(Value::Boolean(true))),
        ),
    ]
}
