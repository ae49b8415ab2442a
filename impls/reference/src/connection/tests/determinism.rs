//! The same seed gives the same run.

use std::time::Duration;

use super::world::{A, B, World};

fn run(seed: u64) -> World {
    let mut world = World::new(seed);
    world.loss = 0.1;
    let chat = world.channel(A, "chat", Default::default());
    world.negotiate(A);
    world.open(A, chat);
    for number in 0..20 {
        world.send(A, chat, &"x".repeat(number * 1000));
    }
    world.run(Duration::from_secs(10));
    world.close(B);
    world.run(Duration::from_secs(1));
    world
}

#[test]
fn the_same_seed_gives_the_same_datagrams_and_events() {
    let (one, two) = (run(11), run(11));
    assert!(one.wire.len() > 100);
    assert_eq!(one.wire, two.wire);
    assert_eq!(one.log, two.log);
    assert_eq!(one.secrets, two.secrets);
}

#[test]
fn another_seed_gives_other_datagrams() {
    assert_ne!(run(11).wire, run(12).wire);
}
