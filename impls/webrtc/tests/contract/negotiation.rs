//! Offers, answers, candidates, and what they bring about.

use std::time::Duration;

use glare_peer::{
    Attribute, Called, DataChannelInit, Exception, ExceptionName, Handle, LocalDescriptionInit, OfferOptions,
    Operation, RtcErrorDetail, SdpType, SessionDescription, Value,
};

use crate::network::{A, B, Network, rollback};

const SOON: Duration = Duration::from_secs(5);

fn opened(network: &Network) -> bool {
    [A, B].iter().all(|peer| network.count(*peer, "open") > 0)
}

fn connected(network: &Network) -> bool {
    [A, B]
        .iter()
        .all(|peer| network.state(*peer, Attribute::ConnectionState) == "connected")
}

fn create_offer() -> Operation {
    Operation::CreateOffer(OfferOptions::default())
}

fn description(value: Value) -> SessionDescription {
    match value {
        Value::Description(description) => description,
        other => panic!("a description, not {other:?}"),
    }
}

fn parameterless() -> Operation {
    Operation::SetLocalDescription(LocalDescriptionInit::default())
}

fn name(result: Result<Value, Exception>) -> ExceptionName {
    match result {
        Err(exception) => exception.name,
        Ok(value) => panic!("it succeeded with {value:?}"),
    }
}

#[test]
fn two_peers_connect_and_talk_both_ways() {
    let mut network = Network::new(1);
    let here = network.create_channel(A, "chat", DataChannelInit::default());
    network.negotiate(A, OfferOptions::default());
    assert!(network.run_until(SOON, opened), "{:?}", network.events);
    let there = network.announced(B)[0];
    assert_eq!(
        network.send(A, here, "to there"),
        Called::Returned(Value::Undefined)
    );
    assert_eq!(
        network.send(B, there, "to here"),
        Called::Returned(Value::Undefined)
    );
    network.run_for(Duration::from_millis(100));
    assert_eq!(network.texts(A, here), ["to here"]);
    assert_eq!(network.texts(B, there), ["to there"]);
    for peer in [A, B] {
        assert_eq!(network.state(peer, Attribute::ConnectionState), "connected");
        assert_eq!(network.state(peer, Attribute::SignalingState), "stable");
    }
}

#[test]
fn the_first_exchange_fires_what_an_exchange_fires() {
    let mut network = Network::new(1);
    network.create_channel(A, "chat", DataChannelInit::default());
    network.negotiate(A, OfferOptions::default());
    assert!(network.run_until(SOON, |network| connected(network) && opened(network)));
    let gathering = [
        "icegatheringstatechange",
        "icecandidate",
        "icecandidate",
        "icegatheringstatechange",
        "icecandidate",
    ];
    let begins = |names: Vec<&'static str>| names[..7].to_vec();
    let offerer = ["negotiationneeded", "signalingstatechange"];
    assert_eq!(begins(network.names(A)), [&offerer, &gathering[..]].concat());
    for peer in [A, B] {
        assert_eq!(network.count(peer, "signalingstatechange"), 2);
        assert!(network.count(peer, "iceconnectionstatechange") >= 2);
        assert_eq!(network.names(peer).last(), Some(&"open"));
    }
}

#[test]
fn both_sides_log_the_secret_of_dtls_1_2() {
    let mut network = Network::new(1);
    network.create_channel(A, "chat", DataChannelInit::default());
    network.negotiate(A, OfferOptions::default());
    assert!(network.run_until(SOON, opened));
    network.secrets.sort();
    network.secrets.dedup();
    let [line] = &network.secrets[..] else {
        panic!("one secret, known to both: {:?}", network.secrets);
    };
    assert!(line.starts_with("CLIENT_RANDOM "), "{line}");
}

#[test]
fn the_transports_hang_off_the_connection_once_negotiated() {
    let mut network = Network::new(1);
    assert_eq!(network.read(A, Handle::CONNECTION, Attribute::Sctp), Value::Null);
    network.create_channel(A, "chat", DataChannelInit::default());
    network.negotiate(A, OfferOptions::default());
    assert!(network.run_until(SOON, opened));
    let object = |of, attribute| match network.read(A, of, attribute) {
        Value::Object(handle) => handle,
        other => panic!("an object, not {other:?}"),
    };
    let text = |of, attribute| network.read(A, of, attribute);
    let sctp = object(Handle::CONNECTION, Attribute::Sctp);
    let dtls = object(sctp, Attribute::Transport);
    let ice = object(dtls, Attribute::IceTransport);
    for (transport, state) in [(sctp, "connected"), (dtls, "connected"), (ice, "connected")] {
        assert_eq!(text(transport, Attribute::State), Value::String(state.to_owned()));
    }
    assert_eq!(
        text(ice, Attribute::Role),
        Value::String("controlling".to_owned())
    );
}

#[test]
fn without_trickled_candidates_nothing_connects_unless_the_descriptions_have_them() {
    let mut network = Network::new(1);
    network.trickle = false;
    network.create_channel(A, "chat", DataChannelInit::default());
    network.negotiate(A, OfferOptions::default());
    assert!(!network.run_until(SOON, connected));

    let mut network = Network::new(1);
    network.trickle = false;
    network.create_channel(A, "chat", DataChannelInit::default());
    let offer = network.describe(A, create_offer());
    assert!(!offer.sdp.contains("a=candidate"));
    network.set_local(A, &offer).unwrap();
    let offer = description(network.read(A, Handle::CONNECTION, Attribute::LocalDescription));
    assert!(
        offer.sdp.contains("a=candidate") && offer.sdp.contains("a=end-of-candidates"),
        "{}",
        offer.sdp
    );
    network.set_remote(B, &offer).unwrap();
    let answer = network.describe(B, Operation::CreateAnswer);
    network.set_local(B, &answer).unwrap();
    let answer = description(network.read(B, Handle::CONNECTION, Attribute::LocalDescription));
    network.set_remote(A, &answer).unwrap();
    assert!(network.run_until(SOON, connected));
}

#[test]
fn without_a_description_the_one_that_the_state_asks_for_is_made() {
    let mut network = Network::new(1);
    network.create_channel(A, "one", DataChannelInit::default());
    network.settle(A, parameterless()).unwrap();
    let offer = description(network.read(A, Handle::CONNECTION, Attribute::PendingLocalDescription));
    assert_eq!(offer.sdp_type, SdpType::Offer);
    network.set_remote(B, &offer).unwrap();
    network.settle(B, parameterless()).unwrap();
    let answer = description(network.read(B, Handle::CONNECTION, Attribute::CurrentLocalDescription));
    assert_eq!(answer.sdp_type, SdpType::Answer);
    network.set_remote(A, &answer).unwrap();
    assert!(network.run_until(SOON, opened));
}

#[test]
fn calls_run_in_order_without_being_awaited() {
    let mut network = Network::new(1);
    network.create_channel(A, "chat", DataChannelInit::default());
    let offer = network.describe(A, create_offer());
    network.set_local(A, &offer).unwrap();
    let (set_remote, called) = network.call(B, Operation::SetRemoteDescription(offer));
    assert_eq!(called, Called::Promise);
    assert_eq!(network.state(B, Attribute::SignalingState), "stable");
    network.settle(B, parameterless()).unwrap();
    assert!(network.is_settled(set_remote));
}

#[test]
fn a_local_offer_rolls_back_and_another_is_taken() {
    let mut network = Network::new(1);
    network.create_channel(A, "of a", DataChannelInit::default());
    network.create_channel(B, "of b", DataChannelInit::default());
    let offer = network.describe(B, create_offer());
    network.set_local(B, &offer).unwrap();
    network.set_local(B, &rollback()).unwrap();
    assert_eq!(network.state(B, Attribute::SignalingState), "stable");
    network.negotiate(A, OfferOptions::default());
    assert!(network.run_until(SOON, |network| network.count(A, "open") == 2));
}

#[test]
fn calls_in_a_wrong_state_and_foreign_descriptions_are_refused_by_their_names() {
    let mut network = Network::new(1);
    network.create_channel(A, "chat", DataChannelInit::default());
    assert_eq!(
        name(network.settle(A, Operation::CreateAnswer)),
        ExceptionName::InvalidStateError
    );
    assert_eq!(
        name(network.set_local(A, &rollback())),
        ExceptionName::InvalidStateError
    );
    let mut offer = network.describe(A, create_offer());
    network.set_local(A, &offer).unwrap();
    let foreign = SessionDescription {
        sdp: offer.sdp.replace("s=-", "s=x").into(),
        ..offer.clone()
    };
    assert_eq!(
        name(network.set_local(A, &foreign)),
        ExceptionName::InvalidModificationError
    );
    offer.sdp = "v=0\r\nnonsense\r\n".into();
    let error = network.set_remote(B, &offer).unwrap_err();
    assert_eq!(
        error.error_detail,
        Some(RtcErrorDetail::SdpSyntaxError),
        "{error}"
    );
    assert_eq!(network.state(B, Attribute::SignalingState), "stable");
}

#[test]
fn a_restart_changes_the_credentials_and_the_channel_lives_on() {
    let mut network = Network::new(1);
    let here = network.create_channel(A, "chat", DataChannelInit::default());
    network.negotiate(A, OfferOptions::default());
    assert!(network.run_until(SOON, opened));
    let username_fragment = |network: &Network| {
        let local = description(network.read(A, Handle::CONNECTION, Attribute::LocalDescription));
        let line = local.sdp.lines().find(|line| line.starts_with("a=ice-ufrag:"));
        line.map(str::to_owned)
    };
    let before = username_fragment(&network);
    network.negotiate(
        A,
        OfferOptions {
            ice_restart: true,
            ..OfferOptions::default()
        },
    );
    assert_ne!(username_fragment(&network), before);
    network.run_for(SOON);
    assert!(connected(&network));
    network.send(A, here, "after the restart");
    network.run_for(SOON);
    let there = network.announced(B)[0];
    assert_eq!(network.texts(B, there), ["after the restart"]);
}

/// What a user meets who follows the specification, and rtc does otherwise.
mod departures {
    use super::*;

    #[test]
    fn a_remote_offer_that_was_rolled_back_leaves_ice_started_and_no_other_can_be_applied() {
        let mut network = Network::new(1);
        network.create_channel(A, "chat", DataChannelInit::default());
        let offer = network.describe(A, create_offer());
        network.set_local(A, &offer).unwrap();
        network.set_remote(B, &offer).unwrap();
        network.set_remote(B, &rollback()).unwrap();
        let error = network.set_remote(B, &offer).unwrap_err();
        assert!(error.message.contains("ICETransport"), "{error}");
    }

    #[test]
    fn an_answer_after_a_provisional_one_is_refused_because_ice_has_started() {
        let mut network = Network::new(1);
        network.create_channel(A, "chat", DataChannelInit::default());
        let offer = network.describe(A, create_offer());
        network.set_local(A, &offer).unwrap();
        network.set_remote(B, &offer).unwrap();
        let answer = network.describe(B, Operation::CreateAnswer);
        let provisional = SessionDescription {
            sdp_type: SdpType::Pranswer,
            sdp: answer.sdp.clone(),
        };
        network.set_local(B, &provisional).unwrap();
        network.set_remote(A, &provisional).unwrap();
        assert_eq!(
            network.state(A, Attribute::SignalingState),
            "have-remote-pranswer"
        );
        let error = network.set_remote(A, &answer).unwrap_err();
        assert!(error.message.contains("ICETransport"), "{error}");
    }

    #[test]
    fn a_remote_offer_is_not_taken_in_place_of_a_local_one() {
        let mut network = Network::new(1);
        network.create_channel(A, "of a", DataChannelInit::default());
        network.create_channel(B, "of b", DataChannelInit::default());
        for peer in [A, B] {
            let offer = network.describe(peer, create_offer());
            network.set_local(peer, &offer).unwrap();
        }
        let offer = description(network.read(A, Handle::CONNECTION, Attribute::LocalDescription));
        assert_eq!(
            name(network.set_remote(B, &offer)),
            ExceptionName::InvalidStateError
        );
    }
}
