//! Identity: assertions in descriptions, `peerIdentity`, and providers that do not do what they should.

use std::collections::BTreeMap;
use std::time::Duration;

use glare_peer::{
    Attribute, Called, Configuration, ExceptionName, Handle, IdentityAnswer, IdentityProviderOptions,
    IdentityRequest, IdentityRequestKind, Operation, RtcErrorDetail, Value,
};

use super::world::{A, B, Side, World, description};

fn set_provider(world: &mut World, side: Side) {
    let called = world.call(
        side,
        Operation::SetIdentityProvider {
            provider: "idp.example".to_owned(),
            options: IdentityProviderOptions::default(),
        },
    );
    assert_eq!(called.1, Called::Returned(Value::Undefined));
}

/// A provider that asserts whatever it is asked to, as the identity of `user`, and validates it again.
fn honest(user: &'static str) -> impl FnMut(&IdentityRequest) -> Option<IdentityAnswer> {
    move |request| {
        Some(match &request.kind {
            IdentityRequestKind::GenerateAssertion { contents, .. } => IdentityAnswer::Assertion {
                domain: request.provider.clone(),
                protocol: request.protocol.clone(),
                assertion: contents.clone(),
            },
            IdentityRequestKind::ValidateAssertion { assertion, .. } => IdentityAnswer::Validation {
                identity: format!("{user}@{}", request.provider),
                contents: assertion.clone(),
            },
        })
    }
}

/// Two peers with data to talk about, of which A has a provider.
fn world(peer_identity: Option<&str>) -> World {
    let b = Configuration {
        peer_identity: peer_identity.map(str::to_owned),
        ..Configuration::default()
    };
    let mut world = World::with(90, Configuration::default(), b);
    world.channel(A, "chat", Default::default());
    set_provider(&mut world, A);
    world
}

fn identity(name: &str) -> Value {
    let members = [("idp", "idp.example"), ("name", name)];
    Value::Dictionary(BTreeMap::from(
        members.map(|(member, value)| (member.to_owned(), Value::String(value.to_owned()))),
    ))
}

#[test]
fn an_offer_carries_the_assertion_and_the_other_side_learns_who_made_it() {
    let mut world = world(None);
    world.providers = Some(Box::new(honest("alice")));
    let waiting = world.start(B, Operation::PeerIdentity);
    let offer = world.create_offer(A);
    assert!(offer.sdp.contains("\r\na=identity:"), "{}", offer.sdp);
    assert_eq!(world.result(B, waiting), None);
    world.set_local(A, offer.clone());
    world.set_remote(B, offer);
    assert_eq!(world.result(B, waiting), Some(Ok(identity("alice@idp.example"))));
    assert_eq!(
        world.settle(B, Operation::PeerIdentity),
        Ok(identity("alice@idp.example"))
    );
    world.answer(B);
    assert!(!world.local(B).sdp.contains("a=identity"));
}

#[test]
fn the_assertion_that_get_identity_assertion_gives_is_the_one_in_the_offer() {
    let mut world = world(None);
    world.providers = Some(Box::new(honest("alice")));
    let Ok(Value::String(assertion)) = world.settle(A, Operation::GetIdentityAssertion) else {
        panic!("an assertion");
    };
    let offer = world.create_offer(A);
    assert!(offer.sdp.contains(&format!("\r\na=identity:{assertion}\r\n")));
}

#[test]
fn set_local_description_waits_for_the_assertion() {
    let mut world = world(None);
    world.providers = Some(Box::new(honest("alice")));
    world
        .settle(A, Operation::SetLocalDescription(Default::default()))
        .unwrap();
    assert!(world.local(A).sdp.contains("a=identity:"));
}

#[test]
fn who_is_somebody_else_than_the_target_peer_identity_is_refused() {
    let mut world = world(Some("bob@idp.example"));
    world.providers = Some(Box::new(honest("alice")));
    let offer = world.create_offer(A);
    let error = world
        .settle(B, Operation::SetRemoteDescription(offer))
        .unwrap_err();
    assert_eq!(error.name, ExceptionName::OperationError);
    assert_eq!(world.state(B, Attribute::SignalingState), "stable");
    assert_eq!(world.settle(B, Operation::PeerIdentity), Err(error));
}

#[test]
fn who_is_the_target_peer_identity_is_let_in_once_validated() {
    let mut world = world(Some("alice@idp.example"));
    world.providers = Some(Box::new(honest("alice")));
    let offer = world.create_offer(A);
    world.set_remote(B, offer);
    assert_eq!(world.state(B, Attribute::SignalingState), "have-remote-offer");
}

#[test]
fn who_has_no_identity_is_refused_where_one_is_wanted() {
    let mut world = World::with(
        91,
        Configuration::default(),
        Configuration {
            peer_identity: Some("alice@idp.example".to_owned()),
            ..Configuration::default()
        },
    );
    world.channel(A, "chat", Default::default());
    let offer = world.create_offer(A);
    assert_eq!(
        world.fails(B, Operation::SetRemoteDescription(offer)),
        ExceptionName::OperationError
    );
}

#[test]
fn an_assertion_of_another_certificate_rejects_peer_identity_and_leaves_a_new_promise() {
    let mut world = world(None);
    let mut honest = honest("alice");
    world.providers = Some(Box::new(move |request| {
        let mut answer = honest(request);
        if let Some(IdentityAnswer::Validation { contents, .. }) = &mut answer {
            *contents = r#"{"fingerprint":[{"algorithm":"sha-256","digest":"00"}]}"#.to_owned();
        }
        answer
    }));
    let waiting = world.start(B, Operation::PeerIdentity);
    let offer = world.create_offer(A);
    // Without a target peer identity the description is applied all the same.
    world.set_remote(B, offer);
    let error = world.result(B, waiting).unwrap().unwrap_err();
    assert_eq!(error.name, ExceptionName::OperationError);
    let next = world.start(B, Operation::PeerIdentity);
    world.turn();
    assert_eq!(world.result(B, next), None);
}

#[test]
fn a_provider_that_hangs_fails_the_offer_after_fifteen_seconds() {
    let mut world = world(None);
    let offering = world.start(A, Operation::CreateOffer(Default::default()));
    let early = world.run_until(Duration::from_millis(14_999), |world| {
        world.result(A, offering).is_some()
    });
    assert!(!early);
    assert!(world.run_until(Duration::from_millis(2), |world| {
        world.result(A, offering).is_some()
    }));
    let error = world.result(A, offering).unwrap().unwrap_err();
    assert_eq!(error.error_detail, Some(RtcErrorDetail::IdpTimeout));
}

#[test]
fn a_provider_that_asks_for_a_login_says_where() {
    let mut world = world(None);
    world.providers = Some(Box::new(|_| {
        Some(IdentityAnswer::NeedsLogin {
            login_url: "https://idp.example/login".to_owned(),
        })
    }));
    assert_eq!(
        world.read(A, Handle::CONNECTION, Attribute::IdpLoginUrl),
        Value::Null
    );
    let error = world.settle(A, Operation::GetIdentityAssertion).unwrap_err();
    assert_eq!(error.error_detail, Some(RtcErrorDetail::IdpNeedLogin));
    assert_eq!(
        world.state(A, Attribute::IdpLoginUrl),
        "https://idp.example/login"
    );
    // The next attempt asks again.
    world.providers = Some(Box::new(honest("alice")));
    let offer = description(world.settle(A, Operation::CreateOffer(Default::default())));
    assert!(offer.sdp.contains("a=identity:"));
}

#[test]
fn a_closed_connection_has_no_identity_any_more() {
    let mut world = world(None);
    let asking = world.start(A, Operation::GetIdentityAssertion);
    world.turn();
    world.close(A);
    assert!(!world.run_until(Duration::from_secs(20), |world| {
        world.result(A, asking).is_some()
    }));
    let options = IdentityProviderOptions::default();
    let provider = "idp.example".to_owned();
    let operation = Operation::SetIdentityProvider { provider, options };
    assert_eq!(world.fails(A, operation), ExceptionName::InvalidStateError);
}
