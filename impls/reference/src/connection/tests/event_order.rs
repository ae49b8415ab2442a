//! The exact order of the events of a simple connection.

use std::time::Duration;

use glare_peer::{Attribute, EventKind, Handle, Operation, OperationId};

use super::world::{A, B, World};

#[test]
fn an_offerer_hears_everything_in_the_order_of_the_specification() {
    let mut world = World::new(21);
    let chat = world.channel(A, "chat", Default::default());
    world.turn();
    world.negotiate(A);
    world.open(A, chat);
    assert_eq!(
        world.log_of(A),
        [
            "negotiationneeded",
            "signalingstatechange have-local-offer",
            "ice.gatheringstatechange gathering",
            "icegatheringstatechange gathering",
            "icecandidate found",
            "icecandidate end",
            "ice.gatheringstatechange complete",
            "icegatheringstatechange complete",
            "icecandidate null",
            "signalingstatechange stable",
            "ice.statechange checking",
            "iceconnectionstatechange checking",
            "connectionstatechange connecting",
            "ice.selectedcandidatepairchange",
            "ice.statechange connected",
            "iceconnectionstatechange connected",
            "dtls.statechange connecting",
            "ice.statechange completed",
            "iceconnectionstatechange completed",
            "dtls.statechange connected",
            "connectionstatechange connected",
            "sctp.statechange connected",
            "chat.open",
        ]
    );
}

#[test]
fn an_answerer_hears_everything_in_the_order_of_the_specification() {
    let mut world = World::new(21);
    let chat = world.channel(A, "chat", Default::default());
    world.turn();
    world.negotiate(A);
    world.open(A, chat);
    world.run(Duration::from_millis(100));
    assert_eq!(
        world.log_of(B),
        [
            "signalingstatechange have-remote-offer",
            "signalingstatechange stable",
            "ice.gatheringstatechange gathering",
            "icegatheringstatechange gathering",
            "icecandidate found",
            "icecandidate end",
            "ice.gatheringstatechange complete",
            "icegatheringstatechange complete",
            "icecandidate null",
            "ice.statechange checking",
            "iceconnectionstatechange checking",
            "connectionstatechange connecting",
            "ice.selectedcandidatepairchange",
            "ice.statechange connected",
            "iceconnectionstatechange connected",
            "dtls.statechange connecting",
            "ice.statechange completed",
            "iceconnectionstatechange completed",
            "dtls.statechange connected",
            "connectionstatechange connected",
            "sctp.statechange connected",
            "datachannel",
            "chat.open",
        ]
    );
}

#[test]
fn closing_in_a_listener_ends_the_task_where_the_specification_does() {
    let mut world = World::new(22);
    world.channel(A, "chat", Default::default());
    world.turn();
    world.listen(A, |peer, now, event| {
        if event.kind == EventKind::SignalingStateChange {
            peer.call(now, OperationId(1_000_000), Operation::Close);
        }
    });
    let offer = world.create_offer(A);
    let id = world.start(A, Operation::SetLocalDescription(offer.into()));
    world.run(Duration::from_secs(1));
    // webrtc-pc#chain-an-asynchronous-operation, step 7.1: the promise of the caller stays pending for ever.
    assert_eq!(world.result(A, id), None);
    assert_eq!(
        world.log_of(A),
        ["negotiationneeded", "signalingstatechange have-local-offer"]
    );
    assert_eq!(world.state(A, Attribute::IceGatheringState), "new");
}

#[test]
fn closing_in_the_listener_of_one_event_does_not_hide_the_others_of_its_task() {
    let mut world = World::new(23);
    world.channel(A, "chat", Default::default());
    world.listen(A, |peer, now, event| {
        if event.kind == EventKind::IceConnectionStateChange {
            peer.call(now, OperationId(1_000_000), Operation::Close);
        }
    });
    world.negotiate(A);
    world.run(Duration::from_secs(1));
    let log = world.log_of(A);
    assert_eq!(
        log[log.len() - 2..],
        [
            "iceconnectionstatechange checking",
            "connectionstatechange closed"
        ]
    );
}

#[test]
fn a_listener_can_send_before_the_channel_fires_open() {
    let mut world = World::new(24);
    let chat = world.channel(A, "chat", Default::default());
    world.listen(B, |peer, now, event| {
        if let EventKind::DataChannel { channel } = event.kind {
            let data = glare_peer::MessageData::Text("early".into());
            let called = peer.call(now, OperationId(1_000_000), Operation::Send { channel, data });
            assert_eq!(called, glare_peer::Called::Returned(glare_peer::Value::Undefined));
        }
    });
    world.negotiate(A);
    world.open(A, chat);
    assert!(world.run_until(Duration::from_secs(1), |world| {
        world.log.iter().any(|line| line == "a.chat.message early")
    }));
}

#[test]
fn a_description_is_in_place_when_its_event_fires() {
    let mut world = World::new(25);
    world.channel(A, "chat", Default::default());
    world.listen(A, |peer, _, event| {
        if event.kind == EventKind::SignalingStateChange {
            let pending = peer
                .read(Handle::CONNECTION, Attribute::PendingLocalDescription)
                .unwrap();
            assert!(matches!(pending, glare_peer::Value::Description(_)));
            assert!(matches!(
                peer.read(Handle::CONNECTION, Attribute::Sctp),
                Ok(glare_peer::Value::Object(_))
            ));
        }
    });
    let offer = world.create_offer(A);
    world.set_local(A, offer);
    assert!(world.log_of(A).contains(&"signalingstatechange have-local-offer"));
}
