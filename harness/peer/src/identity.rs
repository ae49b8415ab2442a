//! Identity: what passes between a connection and an identity provider (webrtc-identity).
//!
//! An identity provider is script of a third party in a realm of its own. A peer asks for it by an [`IdentityRequest`] and
//! hears of it as [`crate::Input::Identity`]; who plays the provider is the harness's business.

use serde::{Deserialize, Serialize};

use crate::RtcErrorDetail;

/// `RTCIdentityProviderOptions` (webrtc-identity#dom-rtcidentityprovideroptions).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct IdentityProviderOptions {
    /// Which protocol of the provider to use.
    pub protocol: String,
    /// Whom the provider is to assert.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub username_hint: Option<String>,
    /// The identity of the other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub peer_identity: Option<String>,
}

impl Default for IdentityProviderOptions {
    fn default() -> Self {
        IdentityProviderOptions {
            protocol: "default".to_owned(),
            username_hint: None,
            peer_identity: None,
        }
    }
}

/// Asks an identity provider for something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityRequest {
    /// Names the request; chosen by the peer, never twice.
    pub request: u64,
    /// The domain of the provider.
    pub provider: String,
    /// The protocol to use with it.
    pub protocol: String,
    /// What is asked for.
    pub kind: IdentityRequestKind,
}

/// What an identity provider is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityRequestKind {
    /// `generateAssertion(contents, origin, options)` (webrtc-identity#dom-generateassertioncallback).
    GenerateAssertion {
        /// What is to be asserted.
        contents: String,
        /// The origin of the page.
        origin: String,
        /// What `setIdentityProvider()` was given.
        options: IdentityProviderOptions,
    },
    /// `validateAssertion(assertion, origin)` (webrtc-identity#dom-validateassertioncallback).
    ValidateAssertion {
        /// What came from the other side.
        assertion: String,
        /// The origin of the page.
        origin: String,
    },
}

/// How an identity provider answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityAnswer {
    /// `RTCIdentityAssertionResult`.
    Assertion {
        /// The domain of the provider that can validate it.
        domain: String,
        /// Its protocol.
        protocol: String,
        /// The assertion.
        assertion: String,
    },
    /// `RTCIdentityValidationResult`.
    Validation {
        /// The identity, `user@domain`.
        identity: String,
        /// What was asserted.
        contents: String,
    },
    /// The script could not be loaded.
    LoadFailed {
        /// The status of HTTP, where one came.
        http_request_status_code: Option<u16>,
    },
    /// The certificate of the provider's server is not trusted.
    TlsFailed,
    /// The script did not register a provider.
    NotRegistered,
    /// The provider threw, or its promise was rejected.
    Failed {
        /// What it says of the error itself: an expired or an invalid token.
        error_detail: Option<RtcErrorDetail>,
        /// The text of the error.
        message: String,
        /// What it tells the application about it (webrtc-identity#dom-rtcpeerconnection-idperrorinfo).
        error_info: Option<String>,
    },
    /// The provider asks for the user to log in first.
    NeedsLogin {
        /// Where.
        login_url: String,
    },
    /// The provider answered with something that is none of the dictionaries.
    Malformed,
}
