//! `getStats()`: what is in a report, and to what a selector limits it.

use std::collections::BTreeMap;
use std::time::Duration;

use glare_peer::{Attribute, Called, ExceptionName, Handle, Operation, Value};

use super::world::{A, B, Side, World};

type Report = BTreeMap<String, BTreeMap<String, Value>>;

fn get_stats(world: &mut World, side: Side, object: Handle, selector: Option<Handle>) -> Report {
    let operation = Operation::GetStats { object, selector };
    let Ok(Value::Dictionary(objects)) = world.settle(side, operation) else {
        panic!("a report");
    };
    let members = |value| match value {
        Value::Dictionary(members) => members,
        other => panic!("{other:?}"),
    };
    objects
        .into_iter()
        .map(|(id, value)| (id, members(value)))
        .collect()
}

fn of_type<'a>(report: &'a Report, name: &str) -> Vec<&'a BTreeMap<String, Value>> {
    let name = Value::String(name.to_owned());
    report
        .values()
        .filter(|members| members["type"] == name)
        .collect()
}

fn number(members: &BTreeMap<String, Value>, member: &str) -> f64 {
    match members.get(member) {
        Some(Value::Number(number)) => *number,
        other => panic!("{member} is {other:?} in {members:?}"),
    }
}

fn object(called: Called) -> Handle {
    match called {
        Called::Returned(Value::Object(handle)) => handle,
        other => panic!("{other:?}"),
    }
}

/// A sends audio and video to B for two seconds; gives the senders.
fn with_media() -> (World, Vec<Handle>) {
    let mut world = World::new(95);
    let Ok(Value::Object(stream)) = world.settle(
        A,
        Operation::GetUserMedia {
            audio: true,
            video: true,
        },
    ) else {
        panic!("a stream");
    };
    let Called::Returned(Value::List(tracks)) = world.call(A, Operation::GetTracks { stream }).1 else {
        panic!("tracks");
    };
    let mut senders = Vec::new();
    for track in tracks {
        let Value::Object(track) = track else {
            panic!("a track")
        };
        let streams = vec![stream];
        senders.push(object(world.call(A, Operation::AddTrack { track, streams }).1));
    }
    world.trickle = true;
    world.negotiate(A);
    let connected = |world: &World| world.state(B, Attribute::ConnectionState) == "connected";
    assert!(world.run_until(Duration::from_secs(5), connected));
    world.run_until(Duration::from_secs(8), |_| false);
    (world, senders)
}

#[test]
fn every_object_has_an_id_a_type_and_the_time() {
    let (mut world, _) = with_media();
    let report = get_stats(&mut world, A, Handle::CONNECTION, None);
    for (id, members) in &report {
        assert_eq!(members["id"], Value::String(id.clone()));
        assert!(number(members, "timestamp") > 1_700_000_000_000.0);
    }
    for name in [
        "peer-connection",
        "transport",
        "certificate",
        "candidate-pair",
        "local-candidate",
        "remote-candidate",
        "codec",
        "outbound-rtp",
        "remote-inbound-rtp",
        "media-source",
    ] {
        assert!(!of_type(&report, name).is_empty(), "no {name}");
    }
}

#[test]
fn what_is_sent_arrives_and_is_counted_on_both_sides() {
    let (mut world, _) = with_media();
    let here = get_stats(&mut world, A, Handle::CONNECTION, None);
    let there = get_stats(&mut world, B, Handle::CONNECTION, None);
    let inbound = of_type(&there, "inbound-rtp");
    assert_eq!(inbound.len(), 2);
    for stream in inbound {
        let outbound = of_type(&here, "outbound-rtp")
            .into_iter()
            .find(|other| other["ssrc"] == stream["ssrc"])
            .expect("each stream has a sender");
        let sent = number(outbound, "packetsSent");
        let received = number(stream, "packetsReceived");
        assert!(
            received > 100.0 && received <= sent && received >= sent - 20.0,
            "{received} of {sent}"
        );
        assert_eq!(number(stream, "packetsLost"), 0.0);
    }
    let video = of_type(&there, "inbound-rtp")
        .into_iter()
        .find(|stream| stream["kind"] == Value::String("video".to_owned()))
        .expect("video");
    assert!(number(video, "framesDecoded") > 50.0, "{video:?}");
    assert_eq!(number(video, "framesDropped"), 0.0);
    let remote = of_type(&here, "remote-inbound-rtp");
    assert!(
        remote.iter().any(|remote| number(remote, "roundTripTime") > 0.0),
        "{remote:?}"
    );
}

#[test]
fn every_reference_leads_to_an_object_of_the_report() {
    let (mut world, _) = with_media();
    for side in [A, B] {
        let report = get_stats(&mut world, side, Handle::CONNECTION, None);
        for members in report.values() {
            for (member, value) in members {
                if let (true, Value::String(id)) = (member.ends_with("Id"), value) {
                    assert!(report.contains_key(id), "{member} of {members:?}");
                }
            }
        }
    }
}

#[test]
fn a_selector_limits_the_report_to_one_sender() {
    let (mut world, senders) = with_media();
    let report = get_stats(&mut world, A, senders[0], None);
    assert_eq!(of_type(&report, "outbound-rtp").len(), 1);
    assert!(of_type(&report, "peer-connection").is_empty());
    let track = world.object(A, senders[0], Attribute::Track);
    let by_track = get_stats(&mut world, A, Handle::CONNECTION, Some(track));
    let ids = |report: &Report| report.keys().cloned().collect::<Vec<_>>();
    assert_eq!(ids(&by_track), ids(&report));
}

#[test]
fn a_track_that_nobody_has_is_no_selector() {
    let (mut world, senders) = with_media();
    let track = world.object(A, senders[0], Attribute::Track);
    world.call(A, Operation::RemoveTrack { sender: senders[0] });
    let operation = Operation::GetStats {
        object: Handle::CONNECTION,
        selector: Some(track),
    };
    assert_eq!(world.fails(A, operation), ExceptionName::InvalidAccessError);
}

#[test]
fn a_data_channel_counts_its_messages_and_the_connection_its_channels() {
    let mut world = World::new(96);
    let channel = world.channel(A, "chat", Default::default());
    world.trickle = true;
    world.negotiate(A);
    let is_open = |world: &World| world.string(A, channel, Attribute::ReadyState) == "open";
    assert!(world.run_until(Duration::from_secs(5), is_open));
    world.send(A, channel, "hello");
    let arrived = |world: &World| !world.messages.is_empty();
    assert!(world.run_until(Duration::from_secs(5), arrived));
    let here = get_stats(&mut world, A, Handle::CONNECTION, None);
    let there = get_stats(&mut world, B, Handle::CONNECTION, None);
    let sent = of_type(&here, "data-channel")[0];
    assert_eq!(
        (number(sent, "messagesSent"), number(sent, "bytesSent")),
        (1.0, 5.0)
    );
    let received = of_type(&there, "data-channel")[0];
    assert_eq!(
        (
            number(received, "messagesReceived"),
            number(received, "bytesReceived")
        ),
        (1.0, 5.0)
    );
    world.close_channel(A, channel);
    let is_closed = |world: &World| world.string(A, channel, Attribute::ReadyState) == "closed";
    assert!(world.run_until(Duration::from_secs(5), is_closed));
    let report = get_stats(&mut world, A, Handle::CONNECTION, None);
    let connection = of_type(&report, "peer-connection")[0];
    assert_eq!(number(connection, "dataChannelsOpened"), 1.0);
    assert_eq!(number(connection, "dataChannelsClosed"), 1.0);
}

#[test]
fn counters_never_go_down() {
    let (mut world, _) = with_media();
    let before = get_stats(&mut world, B, Handle::CONNECTION, None);
    world.run_until(Duration::from_secs(1), |_| false);
    let after = get_stats(&mut world, B, Handle::CONNECTION, None);
    for (id, members) in &before {
        for member in [
            "packetsReceived",
            "bytesReceived",
            "framesDecoded",
            "requestsSent",
        ] {
            if members.contains_key(member) {
                assert!(
                    number(&after[id], member) >= number(members, member),
                    "{member} of {id}"
                );
            }
        }
    }
}
