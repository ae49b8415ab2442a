use std::time::Duration;

use glare_peer::{
    Exception, ExceptionName, IdentityAnswer, IdentityProviderOptions, IdentityRequest, IdentityRequestKind,
    RtcErrorDetail, SimTime,
};

use super::assertion::{Assertion, Provider};
use super::{AssertedFingerprint, IdentityAgent, IdentityEvent, PeerIdentity};

const NOW: SimTime = SimTime::ZERO;

fn fingerprint(digest: &str) -> AssertedFingerprint {
    AssertedFingerprint {
        algorithm: "sha-256".to_owned(),
        digest: digest.to_owned(),
    }
}

fn agent() -> IdentityAgent {
    let mut agent = IdentityAgent::default();
    agent
        .set_provider("idp.example".to_owned(), IdentityProviderOptions::default())
        .unwrap();
    agent
}

fn only(agent: &mut IdentityAgent) -> IdentityRequest {
    let mut requests = agent.requests();
    assert_eq!(requests.len(), 1, "{requests:?}");
    requests.remove(0)
}

fn assertion(text: &str) -> IdentityAnswer {
    IdentityAnswer::Assertion {
        domain: "idp.example".to_owned(),
        protocol: "default".to_owned(),
        assertion: text.to_owned(),
    }
}

/// A value of `a=identity` that `idp.example` made.
fn identity_line() -> String {
    let idp = Provider {
        domain: "idp.example".to_owned(),
        protocol: "default".to_owned(),
    };
    let assertion = "opaque".to_owned();
    Assertion { idp, assertion }.encode()
}

/// What becomes of a description with the fingerprint `AA:BB`, when the provider validates this.
fn validate(identity: &str, contents: &str) -> Result<PeerIdentity, Exception> {
    let mut agent = IdentityAgent::default();
    let ticket = agent.validate(
        NOW,
        identity_line(),
        vec![fingerprint("AA:BB")],
        "https://b.example".to_owned(),
    );
    let request = only(&mut agent);
    let answer = IdentityAnswer::Validation {
        identity: identity.to_owned(),
        contents: contents.to_owned(),
    };
    agent.answer(NOW, request.request, answer);
    match agent.event() {
        Some(IdentityEvent::Validated(ended, result)) if ended == ticket => result,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_assertion_covers_the_fingerprints_and_serves_every_later_request() {
    let mut agent = agent();
    let first = agent.request_assertion(NOW, &[fingerprint("AA:BB")], "https://a.example");
    let second = agent.request_assertion(NOW, &[fingerprint("AA:BB")], "https://a.example");
    let request = only(&mut agent);
    assert_eq!(request.provider, "idp.example");
    let IdentityRequestKind::GenerateAssertion { contents, origin, .. } = &request.kind else {
        panic!("{request:?}");
    };
    assert_eq!(
        contents,
        r#"{"fingerprint":[{"algorithm":"sha-256","digest":"AA:BB"}]}"#
    );
    assert_eq!(origin, "https://a.example");
    agent.answer(NOW, request.request, assertion("opaque"));
    let value = identity_line();
    for ticket in [first, second] {
        assert_eq!(
            agent.event(),
            Some(IdentityEvent::Generated(ticket, Ok(value.clone())))
        );
    }
    let third = agent.request_assertion(NOW, &[fingerprint("AA:BB")], "https://a.example");
    assert_eq!(agent.event(), Some(IdentityEvent::Generated(third, Ok(value))));
    assert!(agent.requests().is_empty());
}

#[test]
fn another_provider_makes_another_assertion() {
    let mut agent = agent();
    agent.request_assertion(NOW, &[], "https://a.example");
    let request = only(&mut agent).request;
    agent.answer(NOW, request, assertion("opaque"));
    assert!(agent.stored_assertion().is_some());
    let same = agent.set_provider("idp.example".to_owned(), IdentityProviderOptions::default());
    assert_eq!(same, Ok(false));
    assert!(agent.stored_assertion().is_some());
    let other = agent.set_provider("other.example".to_owned(), IdentityProviderOptions::default());
    assert_eq!(other, Ok(true));
    assert!(agent.stored_assertion().is_none());
}

#[test]
fn a_protocol_with_a_slash_is_refused() {
    for protocol in ["a/b", "a\\b"] {
        let options = IdentityProviderOptions {
            protocol: protocol.to_owned(),
            ..IdentityProviderOptions::default()
        };
        assert!(
            IdentityAgent::default()
                .set_provider("idp.example".to_owned(), options)
                .is_err()
        );
    }
}

#[test]
fn each_failure_of_a_provider_has_its_error_detail() {
    let failed = |error_detail| IdentityAnswer::Failed {
        error_detail,
        message: "no".to_owned(),
        error_info: Some("{}".to_owned()),
    };
    let cases = [
        (
            IdentityAnswer::LoadFailed {
                http_request_status_code: Some(404),
            },
            RtcErrorDetail::IdpLoadFailure,
        ),
        (IdentityAnswer::TlsFailed, RtcErrorDetail::IdpTlsFailure),
        (IdentityAnswer::NotRegistered, RtcErrorDetail::IdpBadScriptFailure),
        (failed(None), RtcErrorDetail::IdpExecutionFailure),
        (
            failed(Some(RtcErrorDetail::IdpTokenExpired)),
            RtcErrorDetail::IdpTokenExpired,
        ),
        (IdentityAnswer::Malformed, RtcErrorDetail::IdpExecutionFailure),
        (
            IdentityAnswer::NeedsLogin {
                login_url: "https://idp.example/login".to_owned(),
            },
            RtcErrorDetail::IdpNeedLogin,
        ),
    ];
    for (answer, detail) in cases {
        let mut agent = agent();
        agent.request_assertion(NOW, &[], "https://a.example");
        let request = only(&mut agent).request;
        agent.answer(NOW, request, answer.clone());
        let Some(IdentityEvent::Generated(_, Err(error))) = agent.event() else {
            panic!("{answer:?}");
        };
        assert_eq!(error.error_detail, Some(detail), "{answer:?}");
        match answer {
            IdentityAnswer::LoadFailed { .. } => assert_eq!(error.http_request_status_code, Some(404)),
            IdentityAnswer::NeedsLogin { login_url } => assert_eq!(agent.login_url(), Some(&*login_url)),
            IdentityAnswer::Failed { .. } => assert_eq!(agent.error_info(), Some("{}")),
            _ => {}
        }
        assert!(agent.stored_assertion().is_none());
    }
}

#[test]
fn a_provider_that_hangs_is_given_fifteen_seconds() {
    let mut agent = agent();
    agent.request_assertion(NOW, &[], "https://a.example");
    let request = only(&mut agent).request;
    let deadline = agent.deadline().unwrap();
    assert_eq!(deadline - NOW, Duration::from_secs(15));
    agent.advance(deadline);
    let Some(IdentityEvent::Generated(_, Err(error))) = agent.event() else {
        panic!("the request goes on");
    };
    assert_eq!(error.error_detail, Some(RtcErrorDetail::IdpTimeout));
    agent.answer(deadline, request, assertion("too late"));
    assert_eq!(agent.event(), None);
    assert_eq!(agent.deadline(), None);
}

#[test]
fn an_identity_is_validated_by_its_provider_for_every_fingerprint() {
    let contents =
        r#"{"fingerprint":[{"algorithm":"SHA-256","digest":"aa:bb"},{"algorithm":"sha-1","digest":"CC"}]}"#;
    let identity = validate("alice@idp.example", contents).unwrap();
    assert_eq!(identity.name, "alice@idp.example");
    assert_eq!(identity.idp, "idp.example");
}

#[test]
fn what_a_provider_may_not_say_is_refused() {
    let covering = r#"{"fingerprint":[{"algorithm":"sha-256","digest":"AA:BB"}]}"#;
    let other = r#"{"fingerprint":[{"algorithm":"sha-256","digest":"AA:BC"}]}"#;
    let cases = [
        ("alice@idp.example", other),
        ("alice@idp.example", "nonsense"),
        ("alice@elsewhere.example", covering),
        ("alice", covering),
        ("@idp.example", covering),
    ];
    for (identity, contents) in cases {
        let error = validate(identity, contents).unwrap_err();
        assert_eq!(error.name, ExceptionName::OperationError, "{identity} {contents}");
    }
}

#[test]
fn a_malformed_assertion_fails_without_asking_anybody() {
    let slash = r#"{"idp":{"domain":"idp.example","protocol":"../x"},"assertion":""}"#;
    let slash = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, slash);
    let long = "A".repeat(100_000);
    for value in ["", "&&&", "bm9uc2Vuc2U=", slash.as_str(), long.as_str()] {
        let mut agent = IdentityAgent::default();
        agent.validate(NOW, value.to_owned(), Vec::new(), String::new());
        assert!(agent.requests().is_empty());
        assert!(
            matches!(agent.event(), Some(IdentityEvent::Validated(_, Err(_)))),
            "{value}"
        );
    }
}

#[test]
fn one_validation_runs_at_a_time() {
    let mut agent = IdentityAgent::default();
    let first = agent.validate(NOW, identity_line(), Vec::new(), String::new());
    let second = agent.validate(NOW, identity_line(), Vec::new(), String::new());
    let request = only(&mut agent).request;
    agent.answer(NOW, request, IdentityAnswer::Malformed);
    assert!(matches!(agent.event(), Some(IdentityEvent::Validated(ticket, Err(_))) if ticket == first));
    let request = only(&mut agent).request;
    agent.answer(NOW, request, IdentityAnswer::NotRegistered);
    assert!(matches!(agent.event(), Some(IdentityEvent::Validated(ticket, Err(_))) if ticket == second));
}
