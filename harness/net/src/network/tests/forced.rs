use super::*;
use crate::replay::ForceError;

fn lossy() -> LinkProperties {
    LinkProperties {
        jitter: 5 * MS,
        loss: 0.3,
        rate: Some(2_000_000),
        queue: Some(400),
        ..delayed(20 * MS)
    }
}

fn record(fates: &[Fate]) -> Vec<ForcedFate> {
    fates.iter().filter_map(ForcedFate::from_fate).collect()
}

#[test]
fn forced_fates_are_met_on_other_links_with_another_seed() {
    let recorded = World::between(lossy(), 1).stream(500);
    assert!(dropped(&recorded, DropReason::Loss) > 0);
    let mut world = World::between(delayed(MS), 2);
    world.network.force(record(&recorded)).unwrap();
    assert_eq!(world.stream(500), recorded);
    assert_eq!(world.network.departure(), None);
    assert_eq!(world.network.not_sent(ms(500)), None);
}

#[test]
fn each_direction_and_each_loopback_has_its_own_record() {
    let play = |world: &mut World| {
        for n in 0..100u64 {
            let payload = n.to_be_bytes();
            world.send(ms(n), "here", "there", &payload);
            world.send(ms(n), "there", "here", &payload);
            world.send(ms(n), "here", "here", &payload);
        }
        world.drain();
        world.network.take_fates()
    };
    let recorded = play(&mut World::between(lossy(), 1));
    let mut world = World::between(delayed(MS), 2);
    world.network.force(record(&recorded)).unwrap();
    assert_eq!(play(&mut world), recorded);
    assert_eq!(world.network.departure(), None);
}

#[test]
fn the_first_packet_that_differs_is_named() {
    let mut world = World::between(delayed(MS), 1);
    let recorded = world.stream(3);
    for (payload, expected) in [
        (
            &b"short"[..],
            "0.000000000s link path, forward, packet 0 (counted from 0): 33 bytes were sent, expected 100 as recorded",
        ),
        (
            &[1; 72],
            "0.000000000s link path, forward, packet 0 (counted from 0): content ",
        ),
    ] {
        let mut world = World::between(delayed(MS), 1);
        world.network.force(record(&recorded)).unwrap();
        let id = world.send(ms(0), "here", "there", payload);
        world.send(ms(1), "here", "there", b"another, later");
        let departure = world.network.departure().unwrap();
        assert_eq!(departure.id, Some(id));
        assert!(departure.to_string().starts_with(expected), "{departure}");
    }
}

#[test]
fn a_packet_too_many_and_a_packet_too_few_are_departures() {
    let recorded = World::between(delayed(MS), 1).stream(3);
    let mut world = World::between(delayed(7 * MS), 1);
    world.network.force(record(&recorded)).unwrap();
    world.stream(2);
    assert_eq!(world.network.departure(), None);
    assert_eq!(
        world.network.not_sent(ms(9)).unwrap().to_string(),
        "0.009000000s link path, forward, packet 2 (counted from 0): it is in the record and was not sent"
    );
    world.network.force(record(&recorded)).unwrap();
    let fates = world.stream(4);
    let departure = world.network.departure().unwrap();
    assert_eq!(
        (departure.index, departure.difference),
        (3, Difference::NotRecorded)
    );
    assert_eq!(fates[2].outcome, recorded[2].outcome);
    // Beyond the record the link decides.
    assert_eq!(fates[3].outcome, Outcome::Delivered { at: ms(3 + 7) });
}

#[test]
fn a_packet_on_a_path_without_a_record_is_a_departure() {
    let mut world = World::between(delayed(MS), 1);
    world.network.force(Vec::new()).unwrap();
    world.send(ms(0), "there", "here", b"");
    assert_eq!(
        world.network.departure().unwrap().difference,
        Difference::NotRecorded
    );
}

#[test]
fn a_record_of_another_topology_is_refused() {
    let mut world = World::between(delayed(MS), 1);
    let mut fates = record(&world.stream(2));
    let path = Path::Link {
        link: LinkId(1),
        way: Way::Forward,
    };
    fates[1].path = path;
    assert_eq!(world.network.force(fates), Err(ForceError { index: 1, path }));
    world.send(ms(5), "here", "there", b"");
    assert_eq!(world.network.departure(), None, "nothing was forced");
}

#[test]
fn what_comes_after_the_record_is_what_came_in_the_recorded_run() {
    let properties = LinkProperties {
        loss: 0.5,
        ..delayed(MS)
    };
    let recorded = World::between(properties, 1).stream(200);
    let mut world = World::between(properties, 1);
    world.network.force(record(&recorded[..100])).unwrap();
    assert_eq!(world.stream(200), recorded);
}

#[test]
fn a_packet_that_nobody_took_is_delivered_again_and_not_twice() {
    let mut world = World::between(delayed(MS), 1);
    world.send(ms(0), "here", "there", b"");
    let arrived = world.drain();
    world.network.no_listener(&arrived[0].1);
    let forced = record(&world.network.take_fates());
    assert_eq!(forced.len(), 1);
    assert_eq!(forced[0].outcome, ForcedOutcome::Deliver { after: MS });
}
