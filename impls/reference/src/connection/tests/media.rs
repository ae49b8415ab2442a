//! Audio and video between two engines.

use std::time::Duration;

use glare_peer::{
    Attribute, BundlePolicy, Called, Configuration, Exception, ExceptionName, Handle, MediaKind, Operation,
    RtpEncodingParameters, RtpSendParameters, RtpTransceiverDirection, RtpTransceiverInit, TrackOrKind,
    Value,
};

use super::world::{A, B, Side, World, rollback};

fn handle(called: Called) -> Handle {
    match called {
        Called::Returned(Value::Object(handle)) => handle,
        other => panic!("{other:?}"),
    }
}

fn handles(value: Value) -> Vec<Handle> {
    match value {
        Value::List(values) => values
            .into_iter()
            .map(|value| match value {
                Value::Object(handle) => handle,
                other => panic!("{other:?}"),
            })
            .collect(),
        other => panic!("{other:?}"),
    }
}

fn returned(called: Called) -> Value {
    match called {
        Called::Returned(value) => value,
        other => panic!("{other:?}"),
    }
}

impl World {
    fn user_media(&mut self, side: Side, audio: bool, video: bool) -> (Handle, Vec<Handle>) {
        match self.settle(side, Operation::GetUserMedia { audio, video }) {
            Ok(Value::Object(stream)) => {
                let tracks = handles(self.read(side, stream, Attribute::Tracks));
                (stream, tracks)
            }
            other => panic!("{other:?}"),
        }
    }

    fn add_track(&mut self, side: Side, track: Handle, stream: Handle) -> Handle {
        let streams = vec![stream];
        handle(self.call(side, Operation::AddTrack { track, streams }).1)
    }

    fn add_transceiver(&mut self, side: Side, kind: MediaKind, init: RtpTransceiverInit) -> Handle {
        let track_or_kind = TrackOrKind::Kind(kind.to_string());
        let operation = Operation::AddTransceiver { track_or_kind, init };
        handle(self.call(side, operation).1)
    }

    fn transceivers(&self, side: Side) -> Vec<Handle> {
        handles(self.read(side, Handle::CONNECTION, Attribute::Transceivers))
    }

    /// An attribute of the n-th transceiver, as text.
    fn of_transceiver(&self, side: Side, index: usize, attribute: Attribute) -> String {
        self.string(side, self.transceivers(side)[index], attribute)
    }

    fn received_track(&self, side: Side, index: usize) -> Handle {
        let receiver = self.object(side, self.transceivers(side)[index], Attribute::Receiver);
        self.object(side, receiver, Attribute::Track)
    }

    fn is_muted(&self, side: Side, track: Handle) -> bool {
        self.read(side, track, Attribute::Muted) == Value::Boolean(true)
    }

    fn encodings(&mut self, side: Side, sender: Handle) -> Vec<Option<String>> {
        match returned(self.call(side, Operation::GetParameters { object: sender }).1) {
            Value::Dictionary(members) => match &members["encodings"] {
                Value::List(encodings) => encodings
                    .iter()
                    .map(|encoding| match encoding {
                        Value::Dictionary(members) => members.get("rid").map(|rid| match rid {
                            Value::String(rid) => rid.clone(),
                            other => panic!("{other:?}"),
                        }),
                        other => panic!("{other:?}"),
                    })
                    .collect(),
                other => panic!("{other:?}"),
            },
            other => panic!("{other:?}"),
        }
    }

    fn parameters(&mut self, side: Side, sender: Handle) -> RtpSendParameters {
        let value = returned(self.call(side, Operation::GetParameters { object: sender }).1);
        serde_json::from_value(value.to_json()).unwrap()
    }
}

/// A call of audio and video, both ways, with data beside it.
fn call(seed: u64, configuration: &Configuration) -> World {
    let mut world = World::with(seed, configuration.clone(), configuration.clone());
    for side in [A, B] {
        let (stream, tracks) = world.user_media(side, true, true);
        for track in tracks {
            world.add_track(side, track, stream);
        }
    }
    world.channel(A, "chat", Default::default());
    world.negotiate(A);
    world
}

#[test]
fn audio_video_and_data_share_one_transport_and_flow() {
    let mut world = call(500, &Configuration::default());
    world.connect();
    for side in [A, B] {
        assert_eq!(world.transceivers(side).len(), 2);
        for index in 0..2 {
            assert_eq!(
                world.of_transceiver(side, index, Attribute::CurrentDirection),
                "sendrecv"
            );
            assert_eq!(
                world.of_transceiver(side, index, Attribute::Mid),
                index.to_string()
            );
        }
        let transports: Vec<Handle> = world
            .transceivers(side)
            .into_iter()
            .map(|transceiver| {
                let sender = world.object(side, transceiver, Attribute::Sender);
                world.object(side, sender, Attribute::Transport)
            })
            .collect();
        let sctp = world.object(side, Handle::CONNECTION, Attribute::Sctp);
        assert_eq!(transports, [world.object(side, sctp, Attribute::Transport); 2]);
    }
    let flows = world.run_until(Duration::from_secs(3), |world| {
        [A, B]
            .into_iter()
            .all(|side| (0..2).all(|index| !world.is_muted(side, world.received_track(side, index))))
    });
    assert!(flows, "{:#?} {:#?}", world.log, world.notes);
    let receiver = world.object(B, world.transceivers(B)[0], Attribute::Receiver);
    let sources = returned(world.call(B, Operation::GetSynchronizationSources { receiver }).1);
    assert!(
        matches!(&sources, Value::List(sources) if sources.len() == 1),
        "{sources:?}"
    );
}

#[test]
fn each_bundle_policy_connects() {
    for (seed, bundle_policy) in [
        (510, BundlePolicy::Balanced),
        (511, BundlePolicy::MaxCompat),
        (512, BundlePolicy::MaxBundle),
    ] {
        let configuration = Configuration {
            bundle_policy,
            ..Configuration::default()
        };
        let mut world = call(seed, &configuration);
        world.connect();
        assert_eq!(
            world.state(A, Attribute::IceGatheringState),
            "complete",
            "{bundle_policy}"
        );
    }
}

#[test]
fn without_a_group_each_media_description_has_its_transport() {
    let mut world = World::new(513);
    let (stream, tracks) = world.user_media(A, true, true);
    for track in tracks {
        world.add_track(A, track, stream);
    }
    let offer = world.create_offer(A);
    world.set_local(A, offer.clone());
    let mut ungrouped = offer.clone();
    ungrouped.sdp = offer
        .sdp
        .split_inclusive("\r\n")
        .filter(|line| !line.starts_with("a=group:BUNDLE"))
        .collect::<String>()
        .into();
    world.set_remote(B, ungrouped);
    world.answer(B);
    world.connect();
    for side in [A, B] {
        let transports: Vec<Handle> = world
            .transceivers(side)
            .into_iter()
            .map(|transceiver| {
                let receiver = world.object(side, transceiver, Attribute::Receiver);
                world.object(side, receiver, Attribute::Transport)
            })
            .collect();
        assert_ne!(transports[0], transports[1]);
        for transport in transports {
            assert_eq!(world.string(side, transport, Attribute::State), "connected");
        }
    }
    let flows = world.run_until(Duration::from_secs(3), |world| {
        (0..2).all(|index| !world.is_muted(B, world.received_track(B, index)))
    });
    assert!(flows, "{:#?} {:#?}", world.log, world.notes);
}

#[test]
fn the_remote_side_learns_of_tracks_and_streams_before_the_promise_settles() {
    let mut world = World::new(520);
    let (stream, tracks) = world.user_media(A, true, false);
    world.add_track(A, tracks[0], stream);
    let offer = world.create_offer(A);
    world.set_local(A, offer.clone());
    world.log.clear();
    world.set_remote(B, offer);
    let happened: Vec<&str> = world
        .log
        .iter()
        .map(|line| line.rsplit_once('.').map_or(line.as_str(), |(_, event)| event))
        .collect();
    assert_eq!(
        happened,
        [
            "signalingstatechange have-remote-offer",
            "addtrack",
            "addstream",
            "track"
        ]
    );
}

#[test]
fn a_track_that_is_removed_is_muted_and_leaves_its_stream() {
    let mut world = call(521, &Configuration::default());
    world.connect();
    world.run(Duration::from_secs(1));
    let track = world.received_track(B, 0);
    assert!(!world.is_muted(B, track));
    let sender = world.object(A, world.transceivers(A)[0], Attribute::Sender);
    assert_eq!(
        returned(world.call(A, Operation::RemoveTrack { sender }).1),
        Value::Undefined
    );
    world.negotiate(A);
    assert!(world.is_muted(B, track));
    assert_eq!(
        world.of_transceiver(A, 0, Attribute::CurrentDirection),
        "recvonly"
    );
    assert_eq!(
        world.of_transceiver(B, 0, Attribute::CurrentDirection),
        "sendonly"
    );
    world.run(Duration::from_secs(1));
    assert!(world.is_muted(B, track), "late packets do not unmute");
}

#[test]
fn a_stopped_transceiver_leaves_both_sides_and_its_place_is_used_again() {
    let mut world = call(522, &Configuration::default());
    world.connect();
    let transceiver = world.transceivers(A)[0];
    returned(world.call(A, Operation::StopTransceiver { transceiver }).1);
    assert_eq!(world.string(A, transceiver, Attribute::Direction), "stopped");
    world.negotiate(A);
    for side in [A, B] {
        assert_eq!(world.transceivers(side).len(), 1);
    }
    assert_eq!(
        world.string(A, transceiver, Attribute::CurrentDirection),
        "stopped"
    );
    world.add_transceiver(A, MediaKind::Video, RtpTransceiverInit::default());
    world.negotiate(A);
    assert_eq!(world.transceivers(B).len(), 2);
    let sections = world.local(A).sdp.matches("\r\nm=").count();
    assert_eq!(sections, 3, "the rejected section is recycled");
    assert_eq!(world.state(A, Attribute::ConnectionState), "connected");
}

#[test]
fn rollback_takes_back_what_a_remote_offer_brought() {
    let mut world = World::new(523);
    let (stream, tracks) = world.user_media(A, true, true);
    for track in tracks {
        world.add_track(A, track, stream);
    }
    let offer = world.create_offer(A);
    world.set_local(A, offer.clone());
    world.set_remote(B, offer);
    assert_eq!(world.transceivers(B).len(), 2);
    let track = world.received_track(B, 0);
    world.set_remote(B, rollback());
    assert!(world.transceivers(B).is_empty());
    assert_eq!(world.string(B, track, Attribute::ReadyState), "ended");
    world.set_local(A, rollback());
    assert_eq!(world.transceivers(A).len(), 2);
    assert_eq!(
        world.read(A, world.transceivers(A)[0], Attribute::Mid),
        Value::Null
    );
    world.negotiate(A);
    world.connect();
}

#[test]
fn a_transceiver_of_add_track_answers_a_remote_offer() {
    let mut world = World::new(524);
    let (stream, tracks) = world.user_media(B, true, false);
    let sender = world.add_track(B, tracks[0], stream);
    world.add_transceiver(A, MediaKind::Audio, RtpTransceiverInit::default());
    world.negotiate(A);
    assert_eq!(world.transceivers(B).len(), 1);
    assert_eq!(
        world.object(B, world.transceivers(B)[0], Attribute::Sender),
        sender
    );
    assert_eq!(
        world.of_transceiver(A, 0, Attribute::CurrentDirection),
        "sendrecv"
    );
}

#[test]
fn simulcast_is_offered_and_narrowed_by_who_does_not_know_it() {
    let encoding = |rid: &str| RtpEncodingParameters {
        rid: Some(rid.to_owned()),
        ..RtpEncodingParameters::default()
    };
    let mut world = World::new(525);
    let init = RtpTransceiverInit {
        send_encodings: vec![encoding("q"), encoding("h"), encoding("f")],
        ..RtpTransceiverInit::default()
    };
    let transceiver = world.add_transceiver(A, MediaKind::Video, init);
    let sender = world.object(A, transceiver, Attribute::Sender);
    let rids = |rids: &[&str]| rids.iter().map(|rid| Some((*rid).to_owned())).collect::<Vec<_>>();
    assert_eq!(world.encodings(A, sender), rids(&["q", "h", "f"]));
    let offer = world.create_offer(A);
    assert!(offer.sdp.contains("a=simulcast:send q;h;f"), "{}", offer.sdp);
    world.set_local(A, offer.clone());
    world.set_remote(B, offer);
    let answer = world.create_answer(B);
    let mut without = answer.clone();
    without.sdp = answer
        .sdp
        .split_inclusive("\r\n")
        .filter(|line| !line.starts_with("a=simulcast") && !line.starts_with("a=rid"))
        .collect::<String>()
        .into();
    world.set_local(B, answer);
    world.set_remote(A, without);
    world.turn();
    assert_eq!(world.encodings(A, sender).len(), 1);
}

#[test]
fn encodings_are_validated() {
    let mut world = World::new(526);
    let mut fails = |encodings: Vec<RtpEncodingParameters>| {
        let init = RtpTransceiverInit {
            send_encodings: encodings,
            ..RtpTransceiverInit::default()
        };
        let track_or_kind = TrackOrKind::Kind("video".to_owned());
        world.fails(A, Operation::AddTransceiver { track_or_kind, init })
    };
    let rid = |rid: &str| RtpEncodingParameters {
        rid: Some(rid.to_owned()),
        ..RtpEncodingParameters::default()
    };
    assert_eq!(fails(vec![rid("a b"), rid("c")]), ExceptionName::TypeError);
    assert_eq!(fails(vec![rid("a"), rid("a")]), ExceptionName::TypeError);
    assert_eq!(
        fails(vec![rid("a"), RtpEncodingParameters::default()]),
        ExceptionName::TypeError
    );
    let scaled = RtpEncodingParameters {
        scale_resolution_down_by: Some(0.5),
        ..RtpEncodingParameters::default()
    };
    assert_eq!(fails(vec![scaled]), ExceptionName::RangeError);
}

#[test]
fn parameters_hold_until_the_task_ends_and_are_read_only_where_they_must_be() {
    let mut world = World::new(527);
    let transceiver = world.add_transceiver(A, MediaKind::Video, RtpTransceiverInit::default());
    let sender = world.object(A, transceiver, Attribute::Sender);
    let parameters = world.parameters(A, sender);
    world.turn();
    let set = |parameters: &RtpSendParameters| Operation::SetParameters {
        sender,
        parameters: Box::new(parameters.clone()),
    };
    assert_eq!(world.fails(A, set(&parameters)), ExceptionName::InvalidStateError);
    let mut parameters = world.parameters(A, sender);
    parameters.transaction_id.push('x');
    assert_eq!(
        world.fails(A, set(&parameters)),
        ExceptionName::InvalidModificationError
    );
    let mut parameters = world.parameters(A, sender);
    parameters.encodings[0].max_bitrate = Some(100_000);
    assert_eq!(world.settle(A, set(&parameters)), Ok(Value::Undefined));
    assert_eq!(
        world.parameters(A, sender).encodings[0].max_bitrate,
        Some(100_000)
    );
}

#[test]
fn tones_are_played_one_by_one() {
    let mut world = call(528, &Configuration::default());
    world.connect();
    let sender = world.object(A, world.transceivers(A)[0], Attribute::Sender);
    let dtmf = world.object(A, sender, Attribute::Dtmf);
    assert_eq!(
        world.read(A, dtmf, Attribute::CanInsertDtmf),
        Value::Boolean(true)
    );
    let insert = |tones: &str| Operation::InsertDtmf {
        dtmf,
        tones: tones.to_owned(),
        duration: 100,
        inter_tone_gap: 70,
    };
    assert_eq!(world.fails(A, insert("1x")), ExceptionName::InvalidCharacterError);
    world.log.clear();
    returned(world.call(A, insert("1,a")).1);
    assert_eq!(world.string(A, dtmf, Attribute::ToneBuffer), "1,A");
    world.run(Duration::from_secs(4));
    let changes = world
        .log
        .iter()
        .filter(|line| line.contains("tonechange"))
        .count();
    assert_eq!(changes, 4, "two tones, a comma, and the end: {:#?}", world.log);
    assert!(
        !world.notes.iter().any(|note| note.contains("tone")),
        "{:#?}",
        world.notes
    );
}

#[test]
fn negotiation_is_needed_for_what_is_not_described() {
    let mut world = World::new(529);
    let transceiver = world.add_transceiver(A, MediaKind::Audio, RtpTransceiverInit::default());
    world.turn();
    assert_eq!(world.log_of(A), ["negotiationneeded"]);
    world.negotiate(A);
    world.log.clear();
    // "sendonly" is what was negotiated, and needs nothing.
    let direction = RtpTransceiverDirection::SendOnly;
    returned(
        world
            .call(
                A,
                Operation::SetDirection {
                    transceiver,
                    direction,
                },
            )
            .1,
    );
    world.turn();
    assert!(
        !world.log_of(A).contains(&"negotiationneeded"),
        "{:#?}",
        world.log
    );
    let direction = RtpTransceiverDirection::Inactive;
    returned(
        world
            .call(
                A,
                Operation::SetDirection {
                    transceiver,
                    direction,
                },
            )
            .1,
    );
    world.turn();
    assert!(world.log_of(A).contains(&"negotiationneeded"), "{:#?}", world.log);
}

#[test]
fn a_stopped_direction_cannot_be_set() {
    let mut world = World::new(530);
    let transceiver = world.add_transceiver(A, MediaKind::Audio, RtpTransceiverInit::default());
    let direction = RtpTransceiverDirection::Stopped;
    let called = world
        .call(
            A,
            Operation::SetDirection {
                transceiver,
                direction,
            },
        )
        .1;
    assert!(matches!(
        called,
        Called::Threw(Exception {
            name: ExceptionName::TypeError,
            ..
        })
    ));
}

#[test]
fn the_configuration_can_be_changed_only_in_part() {
    let mut world = World::new(531);
    let changed = Configuration {
        bundle_policy: BundlePolicy::MaxBundle,
        ..Configuration::default()
    };
    let set = |configuration: &Configuration| Operation::SetConfiguration(Box::new(configuration.clone()));
    assert_eq!(
        world.fails(A, set(&changed)),
        ExceptionName::InvalidModificationError
    );
    let pooled = Configuration {
        ice_candidate_pool_size: 1,
        ..Configuration::default()
    };
    assert_eq!(returned(world.call(A, set(&pooled)).1), Value::Undefined);
    let wrong = Configuration {
        ice_servers: vec![glare_peer::IceServer {
            urls: vec!["http://a.example".to_owned()],
            username: None,
            credential: None,
        }],
        ..pooled
    };
    assert_eq!(world.fails(A, set(&wrong)), ExceptionName::SyntaxError);
}
