//! The errors that operations end with.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::state::enumeration;

enumeration! {
    /// The names of `DOMException`s (Web IDL), of `RTCError`, and of the ECMAScript errors, that the specification uses.
    ExceptionName = "DOMException name" {
        /// The object is in a state that does not allow it.
        InvalidStateError = "InvalidStateError",
        /// The object does not support the operation or argument.
        InvalidAccessError = "InvalidAccessError",
        /// The object can not be modified in this way.
        InvalidModificationError = "InvalidModificationError",
        /// The operation failed for a reason of its own.
        OperationError = "OperationError",
        /// A string did not match what was expected.
        SyntaxError = "SyntaxError",
        /// The operation is not supported.
        NotSupportedError = "NotSupportedError",
        /// The operation was aborted.
        AbortError = "AbortError",
        /// The operation is not allowed.
        NotAllowedError = "NotAllowedError",
        /// The object could not be found.
        NotFoundError = "NotFoundError",
        /// An object could not be read.
        NotReadableError = "NotReadableError",
        /// A connection was lost, or could not be made.
        NetworkError = "NetworkError",
        /// A string has a character that may not be there.
        InvalidCharacterError = "InvalidCharacterError",
        /// The operation is insecure.
        SecurityError = "SecurityError",
        /// The operation took too long.
        TimeoutError = "TimeoutError",
        /// A value was not of the expected type (ECMAScript).
        TypeError = "TypeError",
        /// A value was not in the allowed range (ECMAScript).
        RangeError = "RangeError",
        /// `RTCError`, an OperationError with details.
        RtcError = "RTCError",
    }
}

enumeration! {
    /// `RTCErrorDetailType` (webrtc-pc#rtcerrordetailtype-enum).
    RtcErrorDetail = "RTCErrorDetailType" {
        /// The data channel failed.
        DataChannelFailure = "data-channel-failure",
        /// The DTLS negotiation failed.
        DtlsFailure = "dtls-failure",
        /// The remote certificate did not match any fingerprint.
        FingerprintFailure = "fingerprint-failure",
        /// The SCTP negotiation failed.
        SctpFailure = "sctp-failure",
        /// The SDP could not be parsed.
        SdpSyntaxError = "sdp-syntax-error",
        /// No hardware encoder is available.
        HardwareEncoderNotAvailable = "hardware-encoder-not-available",
        /// The hardware encoder does not support the parameters.
        HardwareEncoderError = "hardware-encoder-error",
        /// The script of the identity provider registered no provider (webrtc-identity).
        IdpBadScriptFailure = "idp-bad-script-failure",
        /// The identity provider failed.
        IdpExecutionFailure = "idp-execution-failure",
        /// The script of the identity provider could not be loaded.
        IdpLoadFailure = "idp-load-failure",
        /// The identity provider asks for a login.
        IdpNeedLogin = "idp-need-login",
        /// The identity provider took too long.
        IdpTimeout = "idp-timeout",
        /// The connection to the identity provider could not be secured.
        IdpTlsFailure = "idp-tls-failure",
        /// The assertion has expired.
        IdpTokenExpired = "idp-token-expired",
        /// The assertion is not valid.
        IdpTokenInvalid = "idp-token-invalid",
    }
}

/// An exception thrown by a call, or the reason a promise was rejected with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "camelCase")]
pub struct Exception {
    /// Its name. An `RTCError` carries `OperationError` here, as its `name` attribute does, and a detail.
    pub name: ExceptionName,
    /// Text for people; the specification leaves it open.
    pub message: String,
    /// `RTCError.errorDetail`; present exactly for an `RTCError`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_detail: Option<RtcErrorDetail>,
    /// `RTCError.sdpLineNumber`, from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sdp_line_number: Option<u32>,
    /// `RTCError.sctpCauseCode` (RFC 9260 section 3.3.10).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sctp_cause_code: Option<u16>,
    /// `RTCError.receivedAlert`, of DTLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_alert: Option<u8>,
    /// `RTCError.sentAlert`, of DTLS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent_alert: Option<u8>,
    /// `RTCError.httpRequestStatusCode` (webrtc-identity).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_request_status_code: Option<u16>,
}

impl Exception {
    /// An exception of this name.
    pub fn new(name: ExceptionName, message: impl Into<String>) -> Exception {
        Exception {
            name,
            message: message.into(),
            error_detail: None,
            sdp_line_number: None,
            sctp_cause_code: None,
            received_alert: None,
            sent_alert: None,
            http_request_status_code: None,
        }
    }

    /// An `RTCError` with this detail.
    pub fn rtc_error(detail: RtcErrorDetail, message: impl Into<String>) -> Exception {
        Exception {
            error_detail: Some(detail),
            ..Exception::new(ExceptionName::OperationError, message)
        }
    }

    /// The `RTCError` for a description that could not be parsed, at `line` (from 1).
    pub fn sdp_syntax_error(line: u32, message: impl Into<String>) -> Exception {
        Exception {
            sdp_line_number: Some(line),
            ..Exception::rtc_error(RtcErrorDetail::SdpSyntaxError, message)
        }
    }
}

impl fmt::Display for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.name)?;
        if let Some(detail) = self.error_detail {
            write!(f, " ({detail})")?;
        }
        if let Some(line) = self.sdp_line_number {
            write!(f, " at SDP line {line}")?;
        }
        write!(f, ": {}", self.message)
    }
}
