//! How channels and associations end.

use super::*;

#[test]
fn closing_resets_both_directions_from_either_side_after_what_is_buffered() {
    for closing in 0..2 {
        let mut pair = Pair::with_channel(4, channel("chat"));
        pair.send(closing, 0, &binary(&[9; 150_000]));
        assert!(pair.sides[closing].buffered_amount(0) > 100_000);
        pair.close(closing, 0);
        let error = pair.on(closing, |transport, now| transport.send(now, 0, &text("late")));
        assert_eq!(error, Err(SctpError::NotOpen(0)));
        pair.run(Duration::from_secs(20));
        let mut events = pair.take();
        let is_amount = |event: &SctpEvent| matches!(event, SctpEvent::BufferedAmountDecreased { .. });
        events[closing].retain(|event| !is_amount(event));
        assert_eq!(events[closing], [reset(0)]);
        let message = SctpEvent::Message {
            stream: 0,
            data: binary(&[9; 150_000]),
        };
        assert_eq!(events[1 - closing], [message, closed_by_remote(0), reset(0)]);

        // The stream is free again.
        pair.open(0, 0, channel("again"));
        pair.send(0, 0, &text("anew"));
        pair.run(Duration::from_secs(2));
        let opened = SctpEvent::Opened {
            stream: 0,
            parameters: channel("again"),
        };
        assert_eq!(
            pair.take()[1],
            [
                opened,
                SctpEvent::Message {
                    stream: 0,
                    data: text("anew")
                }
            ]
        );
    }
}

#[test]
fn closing_from_both_sides_at_once_is_one_closing() {
    for loss in [0.0, 0.2] {
        for seed in 0..20 {
            let mut pair = Pair::with_channel(seed, channel("chat"));
            pair.loss = loss;
            pair.close(0, 0);
            pair.close(1, 0);
            pair.close(1, 0);
            pair.run(Duration::from_secs(60));
            assert_eq!(pair.take(), [[reset(0)], [reset(0)]], "loss {loss}, seed {seed}");
        }
    }
}

#[test]
fn the_side_that_is_closed_still_sends_what_it_has_buffered() {
    let mut pair = Pair::with_channel(5, channel("chat"));
    pair.send(1, 0, &binary(&[3; 120_000]));
    pair.close(0, 0);
    pair.run(Duration::from_secs(20));
    assert_eq!(pair.messages(0), [binary(&[3; 120_000])]);
    assert_eq!(*pair.events[1].last().unwrap(), reset(0));
}

#[test]
fn many_channels_close_together_and_the_same_seed_sends_the_same_bytes() {
    let play = || {
        let mut pair = Pair::connected(6);
        for stream in (0..40).step_by(2) {
            pair.open(0, stream, channel("one of many"));
        }
        pair.run(Duration::from_secs(2));
        pair.take();
        for stream in (0..40).step_by(2) {
            pair.close(0, stream);
        }
        pair.run(Duration::from_secs(30));
        let closed: Vec<_> = (0..40).step_by(2).map(reset).collect();
        assert_eq!(pair.take()[0], closed);
        pair.sent
    };
    assert_eq!(play(), play());
}

#[test]
fn a_channel_that_is_closed_before_the_association_opens_and_closes_with_it() {
    let mut pair = Pair::new(7);
    pair.open(0, 0, channel("brief"));
    pair.close(0, 0);
    pair.on(0, |transport, now| transport.connect(now));
    pair.run(Duration::from_secs(5));
    let [client, server] = pair.take();
    assert_eq!(
        client,
        [
            SctpEvent::Connected,
            SctpEvent::Acknowledged { stream: 0 },
            reset(0)
        ]
    );
    let opened = SctpEvent::Opened {
        stream: 0,
        parameters: channel("brief"),
    };
    assert_eq!(
        server,
        [SctpEvent::Connected, opened, closed_by_remote(0), reset(0)]
    );
}

#[test]
fn both_sides_opening_the_same_stream_close_it() {
    let mut pair = Pair::connected(13);
    pair.open(0, 0, channel("mine"));
    pair.open(1, 0, channel("no, mine"));
    pair.run(Duration::from_secs(5));
    assert_eq!(
        pair.take(),
        [[closed_by_remote(0), reset(0)], [closed_by_remote(0), reset(0)]]
    );
}

#[test]
fn a_channel_of_the_wrong_parity_is_refused_and_its_opener_told() {
    for (side, stream) in [(0, 1), (1, 2)] {
        let mut pair = Pair::connected(14);
        pair.open(side, stream, channel("odd"));
        pair.run(Duration::from_secs(5));
        let mut events = pair.take();
        assert_eq!(
            std::mem::take(&mut events[side]),
            [closed_by_remote(stream), reset(stream)]
        );
        assert_eq!(events, [[], []], "the other side never had it");
    }
}

#[test]
fn shutdown_sends_what_is_buffered_and_closes_both_sides() {
    let mut pair = Pair::with_channel(15, channel("chat"));
    pair.send(0, 0, &binary(&[1; 100_000]));
    pair.on(0, |transport, now| transport.shutdown(now));
    pair.run(Duration::from_secs(20));
    assert_eq!(*pair.events[0].last().unwrap(), SctpEvent::Closed);
    assert_eq!(
        pair.take()[1],
        [
            SctpEvent::Message {
                stream: 0,
                data: binary(&[1; 100_000])
            },
            SctpEvent::Closed
        ]
    );
    for side in 0..2 {
        assert_eq!(
            pair.on(side, |transport, now| transport.send(now, 0, &text("x"))),
            Err(SctpError::Ended)
        );
        assert_eq!(
            pair.on(side, |transport, now| transport.open(now, 2, channel(""), false)),
            Err(SctpError::Ended)
        );
        assert_eq!(pair.sides[side].deadline(), None);
    }
}

#[test]
fn an_abort_fails_the_other_side_at_once() {
    let mut pair = Pair::with_channel(16, channel("chat"));
    pair.on(0, |transport, now| transport.abort(now));
    pair.run(Duration::from_secs(1));
    let [aborting, aborted] = pair.take();
    assert_eq!(aborting, []);
    assert!(
        matches!(&aborted[..], [SctpEvent::Failed(reason)] if !reason.is_empty()),
        "{aborted:?}"
    );
}

#[test]
fn silence_for_minutes_does_not_end_the_association() {
    let mut pair = Pair::with_channel(17, channel("chat"));
    pair.loss = 1.0;
    pair.send(0, 0, &text("patience"));
    pair.run(Duration::from_secs(300));
    pair.loss = 0.0;
    pair.run(Duration::from_secs(10));
    assert_eq!(pair.messages(1), [text("patience")]);
}
