//! The methods of the connection that make, set and end things.

use glare_peer::{ExceptionName, Interface, Operation, SdpType, Value};

use super::{another_name, call};
use crate::Sabotage;
use crate::fault::CallFault;

const fn on(method: &'static str) -> (Interface, &'static str) {
    (Interface::PeerConnection, method)
}

const CREATE_OFFER: &str = "webrtc-pc#dom-rtcpeerconnection-createoffer";
const CREATE_ANSWER: &str = "webrtc-pc#dom-rtcpeerconnection-createanswer";
const SET_LOCAL: &str = "webrtc-pc#dom-peerconnection-setlocaldescription";
const SET_REMOTE: &str = "webrtc-pc#dom-peerconnection-setremotedescription";
const ADD_CANDIDATE: &str = "webrtc-pc#dom-peerconnection-addicecandidate";
const CHAIN: &str = "webrtc-pc#chain-an-asynchronous-operation";
const CLOSE: &str = "webrtc-pc#dfn-close-the-connection";

pub(super) fn sabotages() -> Vec<Sabotage> {
    let mut all = of_creating();
    all.extend(of_setting());
    all.extend(of_the_rest());
    all
}

fn of_creating() -> Vec<Sabotage> {
    vec![
        call(
            "create-offer-never-settles",
            on("createOffer"),
            CHAIN,
            "The promise of createOffer() stays pending.",
            CallFault::NeverSettle,
        ),
        call(
            "create-offer-settles-twice",
            on("createOffer"),
            CHAIN,
            "The promise of createOffer() settles twice.",
            CallFault::SettleTwice,
        ),
        call(
            "create-offer-fulfils-when-closed",
            on("createOffer"),
            CREATE_OFFER,
            "createOffer() fulfils where it should reject.",
            CallFault::Swallow,
        ),
        call(
            "create-offer-error-has-another-name",
            on("createOffer"),
            CREATE_OFFER,
            "What createOffer() rejects with is a NotReadableError.",
            another_name(),
        ),
        call(
            "create-offer-overtakes-the-chain",
            on("createOffer"),
            CHAIN,
            "The promise of createOffer() settles before operations that were called first.",
            CallFault::SettleAtOnce,
        ),
        call(
            "create-offer-gives-an-answer",
            on("createOffer"),
            CREATE_OFFER,
            "The description of createOffer() has the type answer.",
            CallFault::Result(|value| match value {
                Value::Description(description) => {
                    description.sdp_type = SdpType::Answer;
                    true
                }
                _ => false,
            }),
        ),
        call(
            "ice-restart-option-is-ignored",
            on("createOffer"),
            "webrtc-pc#dom-rtcofferoptions-icerestart",
            "createOffer() takes iceRestart for false.",
            CallFault::Arguments(|operation| match operation {
                Operation::CreateOffer(options) => std::mem::take(&mut options.ice_restart),
                _ => false,
            }),
        ),
        call(
            "offer-to-receive-is-ignored",
            on("createOffer"),
            "webrtc-pc#legacy-configuration-extensions",
            "createOffer() ignores offerToReceiveAudio and offerToReceiveVideo.",
            CallFault::Arguments(|operation| match operation {
                Operation::CreateOffer(options) => {
                    let (audio, video) = (
                        options.offer_to_receive_audio.take(),
                        options.offer_to_receive_video.take(),
                    );
                    audio.is_some() || video.is_some()
                }
                _ => false,
            }),
        ),
        call(
            "create-answer-fulfils-in-any-state",
            on("createAnswer"),
            CREATE_ANSWER,
            "createAnswer() fulfils where it should reject.",
            CallFault::Swallow,
        ),
        call(
            "create-answer-error-has-another-name",
            on("createAnswer"),
            CREATE_ANSWER,
            "What createAnswer() rejects with is an OperationError.",
            CallFault::Rename(ExceptionName::OperationError),
        ),
        call(
            "create-answer-always-rejects",
            on("createAnswer"),
            CREATE_ANSWER,
            "createAnswer() rejects.",
            CallFault::Fail(ExceptionName::InvalidStateError),
        ),
    ]
}

fn of_setting() -> Vec<Sabotage> {
    vec![
        call(
            "set-local-description-does-nothing",
            on("setLocalDescription"),
            SET_LOCAL,
            "setLocalDescription() fulfils and sets nothing.",
            CallFault::Ignore,
        ),
        call(
            "set-local-description-fulfils-at-once",
            on("setLocalDescription"),
            "webrtc-pc#set-description",
            "The promise of setLocalDescription() fulfils before anything was done.",
            CallFault::SettleAtOnce,
        ),
        call(
            "set-local-description-never-settles",
            on("setLocalDescription"),
            CHAIN,
            "The promise of setLocalDescription() stays pending.",
            CallFault::NeverSettle,
        ),
        call(
            "set-local-description-settles-a-task-late",
            on("setLocalDescription"),
            "webrtc-pc#set-description",
            "The promise of setLocalDescription() settles in a task after that which applies the description.",
            CallFault::SettleTaskLate,
        ),
        call(
            "set-local-description-never-rejects",
            on("setLocalDescription"),
            SET_LOCAL,
            "setLocalDescription() fulfils where it should reject.",
            CallFault::Swallow,
        ),
        call(
            "set-local-description-error-has-another-name",
            on("setLocalDescription"),
            SET_LOCAL,
            "What setLocalDescription() rejects with is a NotReadableError.",
            another_name(),
        ),
        call(
            "local-rollback-does-nothing",
            on("setLocalDescription"),
            "RFC9429#section-4.1.10.2",
            "setLocalDescription() takes a rollback for no description at all.",
            CallFault::Arguments(|operation| match operation {
                Operation::SetLocalDescription(init) if init.sdp_type == Some(SdpType::Rollback) => {
                    init.sdp_type = None;
                    true
                }
                _ => false,
            }),
        ),
        call(
            "set-remote-description-does-nothing",
            on("setRemoteDescription"),
            SET_REMOTE,
            "setRemoteDescription() fulfils and sets nothing.",
            CallFault::Ignore,
        ),
        call(
            "set-remote-description-fulfils-at-once",
            on("setRemoteDescription"),
            "webrtc-pc#set-description",
            "The promise of setRemoteDescription() fulfils before anything was done.",
            CallFault::SettleAtOnce,
        ),
        call(
            "set-remote-description-settles-twice",
            on("setRemoteDescription"),
            CHAIN,
            "The promise of setRemoteDescription() settles twice.",
            CallFault::SettleTwice,
        ),
        call(
            "set-remote-description-never-rejects",
            on("setRemoteDescription"),
            SET_REMOTE,
            "setRemoteDescription() fulfils where it should reject.",
            CallFault::Swallow,
        ),
        call(
            "set-remote-description-error-has-another-name",
            on("setRemoteDescription"),
            SET_REMOTE,
            "What setRemoteDescription() rejects with is a NotReadableError.",
            another_name(),
        ),
        call(
            "sdp-error-has-no-line",
            on("setRemoteDescription"),
            "webrtc-pc#dom-rtcerror-sdplinenumber",
            "The RTCError for a description that cannot be parsed has no sdpLineNumber.",
            CallFault::Exception(|exception| exception.sdp_line_number = None),
        ),
        call(
            "sdp-error-has-the-line-before",
            on("setRemoteDescription"),
            "webrtc-pc#dom-rtcerror-sdplinenumber",
            "The sdpLineNumber counts from 0.",
            CallFault::Exception(|exception| {
                exception.sdp_line_number = exception.sdp_line_number.map(|line| line.saturating_sub(1));
            }),
        ),
        call(
            "sdp-error-is-no-rtc-error",
            on("setRemoteDescription"),
            "webrtc-pc#dom-rtcerror-errordetail",
            "The error for a description that cannot be parsed has no errorDetail.",
            CallFault::Exception(|exception| exception.error_detail = None),
        ),
        call(
            "remote-offers-are-taken-for-answers",
            on("setRemoteDescription"),
            SET_REMOTE,
            "setRemoteDescription() takes an offer for an answer.",
            CallFault::Arguments(|operation| match operation {
                Operation::SetRemoteDescription(description) if description.sdp_type == SdpType::Offer => {
                    description.sdp_type = SdpType::Answer;
                    true
                }
                _ => false,
            }),
        ),
        call(
            "remote-pranswers-are-taken-for-answers",
            on("setRemoteDescription"),
            "RFC9429#section-4.1.10.1",
            "setRemoteDescription() takes a provisional answer for a final one.",
            CallFault::Arguments(|operation| match operation {
                Operation::SetRemoteDescription(description) if description.sdp_type == SdpType::Pranswer => {
                    description.sdp_type = SdpType::Answer;
                    true
                }
                _ => false,
            }),
        ),
        call(
            "local-pranswers-are-taken-for-answers",
            on("setLocalDescription"),
            "RFC9429#section-4.1.10.1",
            "setLocalDescription() takes a provisional answer for a final one.",
            CallFault::Arguments(|operation| match operation {
                Operation::SetLocalDescription(init) if init.sdp_type == Some(SdpType::Pranswer) => {
                    init.sdp_type = Some(SdpType::Answer);
                    true
                }
                _ => false,
            }),
        ),
    ]
}

fn of_the_rest() -> Vec<Sabotage> {
    vec![
        call(
            "candidates-are-not-added",
            on("addIceCandidate"),
            ADD_CANDIDATE,
            "addIceCandidate() fulfils and adds nothing.",
            CallFault::Ignore,
        ),
        call(
            "first-candidate-is-not-added",
            on("addIceCandidate"),
            ADD_CANDIDATE,
            "The first addIceCandidate() fulfils and adds nothing.",
            CallFault::IgnoreFirst,
        ),
        call(
            "add-ice-candidate-never-rejects",
            on("addIceCandidate"),
            ADD_CANDIDATE,
            "addIceCandidate() fulfils where it should reject.",
            CallFault::Swallow,
        ),
        call(
            "add-ice-candidate-error-has-another-name",
            on("addIceCandidate"),
            ADD_CANDIDATE,
            "What addIceCandidate() rejects with is an OperationError.",
            CallFault::Rename(ExceptionName::OperationError),
        ),
        call(
            "add-ice-candidate-never-settles",
            on("addIceCandidate"),
            CHAIN,
            "The promise of addIceCandidate() stays pending.",
            CallFault::NeverSettle,
        ),
        call(
            "add-ice-candidate-ignores-the-generation",
            on("addIceCandidate"),
            ADD_CANDIDATE,
            "addIceCandidate() does not look at usernameFragment.",
            CallFault::Arguments(|operation| match operation {
                Operation::AddIceCandidate(candidate) => candidate.username_fragment.take().is_some(),
                _ => false,
            }),
        ),
        call(
            "restart-ice-does-nothing",
            on("restartIce"),
            "webrtc-pc#dom-rtcpeerconnection-restartice",
            "restartIce() does nothing.",
            CallFault::Ignore,
        ),
        call(
            "restart-ice-throws",
            on("restartIce"),
            "webrtc-pc#dom-rtcpeerconnection-restartice",
            "restartIce() throws an InvalidStateError.",
            CallFault::Fail(ExceptionName::InvalidStateError),
        ),
        call(
            "close-does-nothing",
            on("close"),
            CLOSE,
            "close() does nothing.",
            CallFault::Ignore,
        ),
        call(
            "close-throws",
            on("close"),
            "webrtc-pc#dom-rtcpeerconnection-close",
            "close() throws an InvalidStateError.",
            CallFault::Fail(ExceptionName::InvalidStateError),
        ),
        call(
            "create-data-channel-never-throws",
            on("createDataChannel"),
            "webrtc-pc#dom-peerconnection-createdatachannel",
            "createDataChannel() returns where it should throw.",
            CallFault::Swallow,
        ),
        call(
            "create-data-channel-error-has-another-name",
            on("createDataChannel"),
            "webrtc-pc#dom-peerconnection-createdatachannel",
            "What createDataChannel() throws is a NotReadableError.",
            another_name(),
        ),
        call(
            "create-data-channel-makes-two",
            on("createDataChannel"),
            "webrtc-pc#dom-peerconnection-createdatachannel",
            "createDataChannel() makes two channels and returns one.",
            CallFault::Repeat,
        ),
        call(
            "generate-certificate-never-settles",
            on("generateCertificate"),
            "webrtc-pc#dom-rtcpeerconnection-generatecertificate",
            "The promise of generateCertificate() stays pending.",
            CallFault::NeverSettle,
        ),
    ]
}
