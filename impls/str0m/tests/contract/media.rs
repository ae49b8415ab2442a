//! Audio and video.

use std::time::Duration;

use glare_peer::{
    Attribute, Called, Event, EventKind, Handle, OfferOptions, Operation, RtpTransceiverDirection,
    RtpTransceiverInit, TrackOrKind, Value,
};

use crate::network::{A, B, Network};

const SOON: Duration = Duration::from_secs(5);

fn object(called: Called) -> Handle {
    match called {
        Called::Returned(Value::Object(handle)) => handle,
        other => panic!("an object, not {other:?}"),
    }
}

fn list(called: Called) -> Vec<Handle> {
    let Called::Returned(Value::List(values)) = called else {
        panic!("a list, not {called:?}");
    };
    let handle = |value| match value {
        Value::Object(handle) => handle,
        other => panic!("an object, not {other:?}"),
    };
    values.into_iter().map(handle).collect()
}

/// Adds the tracks of a new stream; gives the stream.
fn add_camera(network: &mut Network, peer: usize) -> Handle {
    let stream = match network.settle(
        peer,
        Operation::GetUserMedia {
            audio: true,
            video: true,
        },
    ) {
        Ok(Value::Object(stream)) => stream,
        other => panic!("a stream, not {other:?}"),
    };
    for track in list(network.call(peer, Operation::GetTracks { stream }).1) {
        let streams = vec![stream];
        object(network.call(peer, Operation::AddTrack { track, streams }).1);
    }
    stream
}

fn transceivers(network: &mut Network, peer: usize) -> Vec<Handle> {
    list(network.call(peer, Operation::GetTransceivers).1)
}

fn current_direction(network: &Network, peer: usize, transceiver: Handle) -> Value {
    network.read(peer, transceiver, Attribute::CurrentDirection)
}

fn is(direction: RtpTransceiverDirection) -> Value {
    Value::String(direction.to_string())
}

#[test]
fn audio_and_video_reach_the_other_side_both_ways() {
    let mut network = Network::new(21);
    let here = add_camera(&mut network, A);
    add_camera(&mut network, B);
    network.negotiate(A, OfferOptions::default());
    let flows = |network: &Network| network.count(A, "unmute") == 2 && network.count(B, "unmute") == 2;
    assert!(
        network.run_until(SOON, flows),
        "{:?} {:?}",
        network.names(A),
        network.notes
    );
    let streams: Vec<Vec<Handle>> = network
        .events
        .iter()
        .filter_map(|(peer, Event { kind, .. })| match kind {
            EventKind::Track { streams, .. } if *peer == B => Some(streams.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(streams.len(), 2);
    assert_eq!(streams[0], streams[1]);
    let id = |network: &Network, peer, stream| network.read(peer, stream, Attribute::Id);
    assert_eq!(id(&network, B, streams[0][0]), id(&network, A, here));
    for peer in [A, B] {
        let transceivers = transceivers(&mut network, peer);
        assert_eq!(transceivers.len(), 2);
        for transceiver in transceivers {
            let direction = current_direction(&network, peer, transceiver);
            assert_eq!(direction, is(RtpTransceiverDirection::SendRecv));
        }
    }
}

#[test]
fn a_track_that_is_removed_is_muted_on_the_other_side() {
    let mut network = Network::new(22);
    add_camera(&mut network, A);
    network.negotiate(A, OfferOptions::default());
    assert!(network.run_until(SOON, |network| network.count(B, "unmute") == 2));
    let senders = list(network.call(A, Operation::GetSenders).1);
    let sender = senders[0];
    let before = network.count(A, "negotiationneeded");
    network.call(A, Operation::RemoveTrack { sender });
    assert!(network.run_until(SOON, |network| network.count(A, "negotiationneeded") > before));
    network.negotiate(A, OfferOptions::default());
    assert_eq!(network.count(B, "mute"), 1);
    let transceiver = transceivers(&mut network, A)[0];
    assert_eq!(
        network.read(A, transceiver, Attribute::Direction),
        is(RtpTransceiverDirection::RecvOnly)
    );
}

#[test]
fn a_rollback_takes_the_transceivers_of_the_remote_offer_away() {
    let mut network = Network::new(23);
    let track_or_kind = TrackOrKind::Kind("video".to_owned());
    let init = RtpTransceiverInit::default();
    object(
        network
            .call(A, Operation::AddTransceiver { track_or_kind, init })
            .1,
    );
    let offer = network.describe(A, Operation::CreateOffer(OfferOptions::default()));
    network.set_remote(B, &offer).expect("the offer is applied");
    assert_eq!(transceivers(&mut network, B).len(), 1);
    let rollback = glare_peer::SessionDescription {
        sdp_type: glare_peer::SdpType::Rollback,
        sdp: "".into(),
    };
    network
        .set_remote(B, &rollback)
        .expect("the offer is rolled back");
    assert!(transceivers(&mut network, B).is_empty());
}

#[test]
fn a_kind_that_is_none_is_refused() {
    let mut network = Network::new(24);
    let track_or_kind = TrackOrKind::Kind("text".to_owned());
    let init = RtpTransceiverInit::default();
    let called = network
        .call(A, Operation::AddTransceiver { track_or_kind, init })
        .1;
    assert!(matches!(called, Called::Threw(_)), "{called:?}");
}
