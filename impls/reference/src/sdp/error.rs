//! What can be wrong with a session description.

use thiserror::Error;

/// The text is not the syntax of a session description: webrtc-pc#set-description answers with an `RTCError` whose
/// `errorDetail` is `sdp-syntax-error` and whose `sdpLineNumber` is [`SdpError::line`].
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {message}")]
pub(crate) struct SdpError {
    /// The line where the error was found, counted from 1.
    pub line: u32,
    /// What was expected there and what came.
    pub message: String,
}

impl SdpError {
    pub(super) fn new(line: u32, message: impl Into<String>) -> SdpError {
        SdpError {
            line,
            message: message.into(),
        }
    }
}

/// The syntax is good, but what it says cannot be applied: webrtc-pc#set-description answers with an
/// `InvalidAccessError`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {message}")]
pub(crate) struct ContentError {
    /// The line that says it, counted from 1; where something is missing from a media section, its `m=` line.
    pub line: u32,
    /// What was expected there and what came.
    pub message: String,
}

impl ContentError {
    pub(super) fn new(line: u32, message: impl Into<String>) -> ContentError {
        ContentError {
            line,
            message: message.into(),
        }
    }
}
