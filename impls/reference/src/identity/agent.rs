//! The agent: what is asked of identity providers, and how it ends.

use std::collections::VecDeque;
use std::time::Duration;

use glare_peer::{
    Exception, IdentityAnswer, IdentityProviderOptions, IdentityRequest, IdentityRequestKind, RtcErrorDetail,
    SimTime,
};

use super::assertion::{self, AssertedFingerprint, Assertion, Provider};

/// How long a provider may take, its loading included (webrtc-identity#sec.identity-error).
const PATIENCE: Duration = Duration::from_secs(15);

/// Validations that may wait for the one that runs. More than a script can want; a remote side cannot cause any by itself.
const MOST_VALIDATIONS: usize = 64;

/// Names a request of the connection, so that its end can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct IdentityTicket(u64);

/// A validated identity: `RTCIdentityAssertion`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PeerIdentity {
    /// The domain of the provider.
    pub(crate) idp: String,
    /// The identity, `user@domain`.
    pub(crate) name: String,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum IdentityEvent {
    /// The value of `a=identity`, or why there is none.
    Generated(IdentityTicket, Result<String, Exception>),
    /// The identity of the other side, or why it is not validated.
    Validated(IdentityTicket, Result<PeerIdentity, Exception>),
}

/// What a connection has of identity.
#[derive(Debug, Default)]
pub(crate) struct IdentityAgent {
    provider: Option<(String, IdentityProviderOptions)>,
    /// The assertion of this side, once made: it serves all descriptions of the connection.
    stored: Option<String>,
    login_url: Option<String>,
    error_info: Option<String>,
    next: u64,
    /// Who waits for the assertion that is being made.
    waiting: Vec<IdentityTicket>,
    generating: Option<Running>,
    validating: Option<(Running, Validation)>,
    /// Only one validation runs at a time (webrtc-identity#sec.identity-verify-assertion, step 1).
    queued: VecDeque<Validation>,
    requests: Vec<IdentityRequest>,
    events: VecDeque<IdentityEvent>,
}

/// A request that a provider has not answered yet.
#[derive(Debug, Clone, Copy)]
struct Running {
    request: u64,
    deadline: SimTime,
}

#[derive(Debug)]
struct Validation {
    ticket: IdentityTicket,
    value: String,
    fingerprints: Vec<AssertedFingerprint>,
    origin: String,
    /// Who validates; set when it begins.
    provider: Option<Provider>,
}

impl IdentityAgent {
    /// Steps 2 to 4 of webrtc-identity#dom-rtcpeerconnection-setidentityprovider. Whether anything has changed.
    ///
    /// # Errors
    ///
    /// The protocol has a slash in it: a `SyntaxError`.
    pub(crate) fn set_provider(
        &mut self,
        provider: String,
        options: IdentityProviderOptions,
    ) -> Result<bool, String> {
        if assertion::is_bad_protocol(&options.protocol) {
            return Err(format!(
                "the protocol {:?} of an identity provider may have no slash in it",
                options.protocol
            ));
        }
        let provider = Some((provider, options));
        let changed = self.provider != provider;
        if changed {
            self.provider = provider;
            self.stored = None;
        }
        Ok(changed)
    }

    /// Whether descriptions of this side carry an identity.
    pub(crate) fn has_provider(&self) -> bool {
        self.provider.is_some()
    }

    /// The value of `a=identity`, once it has been made.
    pub(crate) fn stored_assertion(&self) -> Option<&str> {
        self.stored.as_deref()
    }

    /// `idpLoginUrl`.
    pub(crate) fn login_url(&self) -> Option<&str> {
        self.login_url.as_deref()
    }

    /// `idpErrorInfo`.
    pub(crate) fn error_info(&self) -> Option<&str> {
        self.error_info.as_deref()
    }

    /// webrtc-identity#sec.identity-proxy-assertion-request. An assertion that was made before, or is being made, serves
    /// again.
    pub(crate) fn request_assertion(
        &mut self,
        now: SimTime,
        fingerprints: &[AssertedFingerprint],
        origin: &str,
    ) -> IdentityTicket {
        let ticket = self.ticket();
        if let Some(stored) = self.stored.clone() {
            self.events
                .push_back(IdentityEvent::Generated(ticket, Ok(stored)));
            return ticket;
        }
        let Some((provider, options)) = self.provider.clone() else {
            let error = failure(
                RtcErrorDetail::IdpLoadFailure,
                "no identity provider has been set",
            );
            self.events
                .push_back(IdentityEvent::Generated(ticket, Err(error)));
            return ticket;
        };
        self.waiting.push(ticket);
        if self.generating.is_none() {
            let request = self.ticket().0;
            self.generating = Some(Running {
                request,
                deadline: now + PATIENCE,
            });
            self.requests.push(IdentityRequest {
                request,
                provider,
                protocol: options.protocol.clone(),
                kind: IdentityRequestKind::GenerateAssertion {
                    contents: assertion::contents(fingerprints),
                    origin: origin.to_owned(),
                    options,
                },
            });
        }
        ticket
    }

    /// webrtc-identity#sec.identity-verify-assertion: validates the `a=identity` of a description that has these
    /// fingerprints, after those that came before.
    pub(crate) fn validate(
        &mut self,
        now: SimTime,
        value: String,
        fingerprints: Vec<AssertedFingerprint>,
        origin: String,
    ) -> IdentityTicket {
        let ticket = self.ticket();
        if self.queued.len() == MOST_VALIDATIONS {
            let error = failure(
                RtcErrorDetail::IdpExecutionFailure,
                "too many identities wait for validation",
            );
            self.events
                .push_back(IdentityEvent::Validated(ticket, Err(error)));
            return ticket;
        }
        self.queued.push_back(Validation {
            ticket,
            value,
            fingerprints,
            origin,
            provider: None,
        });
        self.validate_next(now);
        ticket
    }

    /// Takes the answer of a provider. One to a request that is over has no effect.
    pub(crate) fn answer(&mut self, now: SimTime, request: u64, answer: IdentityAnswer) {
        if self.generating.is_some_and(|running| running.request == request) {
            self.generating = None;
            self.generated(answer);
        } else if let Some((_, validation)) =
            self.validating.take_if(|(running, _)| running.request == request)
        {
            let result = self.validated(&validation, answer);
            self.events
                .push_back(IdentityEvent::Validated(validation.ticket, result));
            self.validate_next(now);
        }
    }

    /// When [`IdentityAgent::advance`] is due.
    pub(crate) fn deadline(&self) -> Option<SimTime> {
        let validating = self.validating.as_ref().map(|(running, _)| *running);
        [self.generating, validating]
            .into_iter()
            .flatten()
            .map(|running| running.deadline)
            .min()
    }

    /// Gives up on providers that have taken too long.
    pub(crate) fn advance(&mut self, now: SimTime) {
        let late = || failure(RtcErrorDetail::IdpTimeout, "the identity provider took too long");
        if self
            .generating
            .take_if(|running| running.deadline <= now)
            .is_some()
        {
            self.finish_generation(Err(late()));
        }
        if let Some((_, validation)) = self.validating.take_if(|(running, _)| running.deadline <= now) {
            self.events
                .push_back(IdentityEvent::Validated(validation.ticket, Err(late())));
            self.validate_next(now);
        }
    }

    /// What is to be asked of providers.
    pub(crate) fn requests(&mut self) -> Vec<IdentityRequest> {
        std::mem::take(&mut self.requests)
    }

    /// How the next request ended.
    pub(crate) fn event(&mut self) -> Option<IdentityEvent> {
        self.events.pop_front()
    }

    fn ticket(&mut self) -> IdentityTicket {
        self.next += 1;
        IdentityTicket(self.next)
    }

    /// Steps 5 to 7 of webrtc-identity#sec.identity-proxy-assertion-request.
    fn generated(&mut self, answer: IdentityAnswer) {
        let result = match answer {
            IdentityAnswer::Assertion { protocol, .. } if assertion::is_bad_protocol(&protocol) => {
                Err(failure(
                    RtcErrorDetail::IdpExecutionFailure,
                    "the protocol in the assertion of the identity provider has a slash in it",
                ))
            }
            IdentityAnswer::Assertion {
                domain,
                protocol,
                assertion,
            } => {
                let idp = Provider { domain, protocol };
                Ok(Assertion { idp, assertion }.encode())
            }
            other => Err(self.error_of(other, "RTCIdentityAssertionResult")),
        };
        self.finish_generation(result);
    }

    fn finish_generation(&mut self, result: Result<String, Exception>) {
        self.stored = result.as_ref().ok().cloned();
        for ticket in std::mem::take(&mut self.waiting) {
            self.events
                .push_back(IdentityEvent::Generated(ticket, result.clone()));
        }
    }

    /// Steps 2 to 5 of webrtc-identity#sec.identity-verify-assertion, for the validation that is next.
    fn validate_next(&mut self, now: SimTime) {
        while self.validating.is_none() {
            let Some(mut validation) = self.queued.pop_front() else {
                return;
            };
            match Assertion::decode(&validation.value) {
                Err(message) => {
                    let error = Exception::new(glare_peer::ExceptionName::OperationError, message);
                    self.events
                        .push_back(IdentityEvent::Validated(validation.ticket, Err(error)));
                }
                Ok(decoded) => {
                    let request = self.ticket().0;
                    self.requests.push(IdentityRequest {
                        request,
                        provider: decoded.idp.domain.clone(),
                        protocol: decoded.idp.protocol.clone(),
                        kind: IdentityRequestKind::ValidateAssertion {
                            assertion: decoded.assertion,
                            origin: validation.origin.clone(),
                        },
                    });
                    validation.provider = Some(decoded.idp);
                    let running = Running {
                        request,
                        deadline: now + PATIENCE,
                    };
                    self.validating = Some((running, validation));
                }
            }
        }
    }

    /// Steps 7 to 11 of webrtc-identity#sec.identity-verify-assertion.
    fn validated(
        &mut self,
        validation: &Validation,
        answer: IdentityAnswer,
    ) -> Result<PeerIdentity, Exception> {
        let IdentityAnswer::Validation { identity, contents } = answer else {
            return Err(self.error_of(answer, "RTCIdentityValidationResult"));
        };
        let idp = validation
            .provider
            .as_ref()
            .map(|provider| provider.domain.clone())
            .unwrap_or_default();
        assertion::check_contents(&contents, &validation.fingerprints)
            .and_then(|()| assertion::check_domain(&identity, &idp))
            .map_err(|message| Exception::new(glare_peer::ExceptionName::OperationError, message))?;
        Ok(PeerIdentity { idp, name: identity })
    }

    /// webrtc-identity#sec.identity-error: the error of an answer that is not the wanted one.
    fn error_of(&mut self, answer: IdentityAnswer, wanted: &str) -> Exception {
        match answer {
            IdentityAnswer::LoadFailed {
                http_request_status_code,
            } => Exception {
                http_request_status_code,
                ..failure(
                    RtcErrorDetail::IdpLoadFailure,
                    "the script of the identity provider could not be loaded",
                )
            },
            IdentityAnswer::TlsFailed => failure(
                RtcErrorDetail::IdpTlsFailure,
                "the server of the identity provider is not trusted",
            ),
            IdentityAnswer::NotRegistered => failure(
                RtcErrorDetail::IdpBadScriptFailure,
                "the script of the identity provider registered no provider",
            ),
            IdentityAnswer::Failed {
                error_detail,
                message,
                error_info,
            } => {
                self.error_info = error_info;
                failure(
                    error_detail.unwrap_or(RtcErrorDetail::IdpExecutionFailure),
                    &format!("the identity provider failed: {message}"),
                )
            }
            IdentityAnswer::NeedsLogin { login_url } => {
                self.login_url = Some(login_url);
                failure(
                    RtcErrorDetail::IdpNeedLogin,
                    "the identity provider asks for a login",
                )
            }
            IdentityAnswer::Malformed
            | IdentityAnswer::Assertion { .. }
            | IdentityAnswer::Validation { .. } => failure(
                RtcErrorDetail::IdpExecutionFailure,
                &format!("the identity provider answered with something that is no {wanted}"),
            ),
        }
    }
}

fn failure(detail: RtcErrorDetail, message: &str) -> Exception {
    Exception::rtc_error(detail, message)
}
