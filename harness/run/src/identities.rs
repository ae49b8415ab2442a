//! Plays identity providers (webrtc-identity): what they answer, and when.

use std::time::Duration;

use glare_peer::{IdentityAnswer, IdentityRequest, IdentityRequestKind};
use glare_scenario::script::{IdentityBehaviour, IdentityProviderPlan};
use serde::{Deserialize, Serialize};

/// How long it takes to learn that there is no provider at a domain.
const NOBODY: Duration = Duration::from_millis(20);

/// What a provider asserts, as it writes it for itself.
#[derive(Serialize, Deserialize)]
struct Assertion {
    identity: String,
    contents: String,
}

/// The answer to a request, and after how long; none where none comes.
pub(crate) fn answer(
    providers: &[IdentityProviderPlan],
    request: &IdentityRequest,
) -> Option<(Duration, IdentityAnswer)> {
    let Some(plan) = providers.iter().find(|plan| plan.domain == request.provider) else {
        let answer = IdentityAnswer::LoadFailed {
            http_request_status_code: None,
        };
        return Some((NOBODY, answer));
    };
    let behaviour = match request.kind {
        IdentityRequestKind::GenerateAssertion { .. } => plan.assertion,
        IdentityRequestKind::ValidateAssertion { .. } => plan.validation,
    };
    let answer = match behaviour {
        IdentityBehaviour::Answers => answers(plan, request),
        IdentityBehaviour::Fails => failed("the provider was told to fail"),
        IdentityBehaviour::Hangs => return None,
        IdentityBehaviour::Login => IdentityAnswer::NeedsLogin {
            login_url: format!("https://{}/login", plan.domain),
        },
        IdentityBehaviour::Unreachable => IdentityAnswer::LoadFailed {
            http_request_status_code: Some(404),
        },
        IdentityBehaviour::Unregistered => IdentityAnswer::NotRegistered,
        IdentityBehaviour::Malformed => IdentityAnswer::Malformed,
    };
    Some((plan.delay, answer))
}

fn answers(plan: &IdentityProviderPlan, request: &IdentityRequest) -> IdentityAnswer {
    match &request.kind {
        IdentityRequestKind::GenerateAssertion { contents, .. } => {
            let assertion = Assertion {
                identity: plan.identity.clone(),
                contents: contents.clone(),
            };
            match serde_json::to_string(&assertion) {
                Ok(assertion) => IdentityAnswer::Assertion {
                    domain: plan.domain.clone(),
                    protocol: request.protocol.clone(),
                    assertion,
                },
                Err(error) => failed(&error.to_string()),
            }
        }
        IdentityRequestKind::ValidateAssertion { assertion, .. } => {
            match serde_json::from_str::<Assertion>(assertion) {
                Ok(Assertion { identity, contents }) => IdentityAnswer::Validation { identity, contents },
                Err(error) => failed(&format!("not an assertion of this provider: {error}")),
            }
        }
    }
}

fn failed(message: &str) -> IdentityAnswer {
    IdentityAnswer::Failed {
        error_detail: None,
        message: message.to_owned(),
        error_info: None,
    }
}

#[cfg(test)]
mod tests {
    use glare_peer::IdentityProviderOptions;

    use super::*;

    fn plan(assertion: IdentityBehaviour) -> IdentityProviderPlan {
        IdentityProviderPlan {
            domain: "idp.example".to_owned(),
            identity: "alice@idp.example".to_owned(),
            assertion,
            validation: IdentityBehaviour::Answers,
            delay: Duration::from_millis(5),
        }
    }

    fn request(kind: IdentityRequestKind) -> IdentityRequest {
        IdentityRequest {
            request: 1,
            provider: "idp.example".to_owned(),
            protocol: "default".to_owned(),
            kind,
        }
    }

    fn assert_me() -> IdentityRequest {
        request(IdentityRequestKind::GenerateAssertion {
            contents: "fingerprints".to_owned(),
            origin: "https://a.example".to_owned(),
            options: IdentityProviderOptions::default(),
        })
    }

    #[test]
    fn a_provider_validates_what_it_asserted() {
        let plans = [plan(IdentityBehaviour::Answers)];
        let Some((_, IdentityAnswer::Assertion { assertion, .. })) = answer(&plans, &assert_me()) else {
            panic!("no assertion");
        };
        let validate = request(IdentityRequestKind::ValidateAssertion {
            assertion,
            origin: "https://b.example".to_owned(),
        });
        let validated = IdentityAnswer::Validation {
            identity: "alice@idp.example".to_owned(),
            contents: "fingerprints".to_owned(),
        };
        assert_eq!(
            answer(&plans, &validate),
            Some((Duration::from_millis(5), validated))
        );
    }

    #[test]
    fn a_provider_that_hangs_never_answers_and_an_unknown_one_cannot_be_loaded() {
        assert_eq!(answer(&[plan(IdentityBehaviour::Hangs)], &assert_me()), None);
        let nobody = answer(&[], &assert_me());
        assert!(
            matches!(nobody, Some((_, IdentityAnswer::LoadFailed { .. }))),
            "{nobody:?}"
        );
    }
}
