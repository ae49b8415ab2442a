//! What is sent arrives, as the channel promises.

use super::*;

#[test]
fn one_side_alone_can_connect() {
    for connecting in 0..2 {
        let mut pair = Pair::new(1);
        pair.on(connecting, |transport, now| transport.connect(now));
        assert_eq!(pair.sides[0].max_channels(), None);
        pair.run(Duration::from_secs(1));
        assert_eq!(pair.take(), [[SctpEvent::Connected], [SctpEvent::Connected]]);
        pair.on(1 - connecting, |transport, now| transport.connect(now));
        pair.run(Duration::from_secs(1));
        assert_eq!(pair.take(), [[], []], "it is connected already");
        assert_eq!(
            pair.sides.each_ref().map(SctpTransport::max_channels),
            [Some(65535); 2]
        );
    }
}

#[test]
fn messages_of_every_kind_arrive_as_they_were_sent() {
    let mut pair = Pair::with_channel(2, channel("chat"));
    let messages = [
        text("text"),
        binary(&[0, 255]),
        text(""),
        binary(&[]),
        text("é"),
        binary(&[1; 5000]),
    ];
    for side in 0..2 {
        for message in &messages {
            pair.send(side, 0, message);
        }
    }
    pair.run(Duration::from_secs(2));
    assert_eq!(pair.messages(0), messages);
    assert_eq!(pair.messages(1), messages);
}

#[test]
fn a_channel_that_is_opened_before_the_association_opens_with_it_and_its_messages_arrive() {
    let mut pair = Pair::new(3);
    pair.open(0, 0, channel("early"));
    pair.send(0, 0, &text("before"));
    assert_eq!(pair.sides[0].buffered_amount(0), 6);
    for side in 0..2 {
        pair.on(side, |transport, now| transport.connect(now));
    }
    pair.run(Duration::from_secs(1));
    let [client, server] = pair.take();
    let decreased = SctpEvent::BufferedAmountDecreased { stream: 0, amount: 0 };
    // Data goes along with the COOKIE ECHO (RFC 9260 section 5.1), before the association is established.
    assert_eq!(
        client,
        [
            decreased,
            SctpEvent::Connected,
            SctpEvent::Acknowledged { stream: 0 }
        ]
    );
    let opened = SctpEvent::Opened {
        stream: 0,
        parameters: channel("early"),
    };
    assert_eq!(
        server,
        [
            SctpEvent::Connected,
            opened,
            SctpEvent::Message {
                stream: 0,
                data: text("before")
            }
        ]
    );
}

#[test]
fn a_large_message_survives_loss_and_the_same_seed_sends_the_same_bytes() {
    let large: Vec<u8> = (0..200_000_u32).map(|index| (index % 251) as u8).collect();
    let play = |seed| {
        let mut pair = Pair::with_channel(seed, channel("bulk"));
        pair.loss = 0.05;
        pair.send(0, 0, &binary(&large));
        pair.run(Duration::from_secs(60));
        assert_eq!(pair.messages(1), [binary(&large)], "seed {seed}");
        assert_eq!(pair.sides[0].buffered_amount(0), 0);
        pair.sent
    };
    for seed in 0..10 {
        let sent = play(seed);
        if seed < 2 {
            assert_eq!(sent, play(seed));
        }
    }
    assert_ne!(play(0), play(1));
}

fn numbers(messages: &[MessageData]) -> Vec<u32> {
    messages
        .iter()
        .map(|message| u32::from_be_bytes(message.as_bytes()[..4].try_into().unwrap()))
        .collect()
}

/// What arrives of 300 messages that are sent 5 ms apart over a bad link.
fn arrivals(seed: u64, parameters: ChannelParameters, bytes: usize) -> Vec<u32> {
    let mut pair = Pair::with_channel(seed, parameters);
    (pair.loss, pair.jitter) = (0.1, Duration::from_millis(15));
    for number in 0..300_u32 {
        let mut message = number.to_be_bytes().to_vec();
        message.resize(bytes, 0);
        pair.send(0, 0, &binary(&message));
        pair.run(Duration::from_millis(5));
    }
    pair.run(Duration::from_secs(60));
    numbers(&pair.messages(1))
}

#[test]
fn what_order_and_limits_promise_holds_over_a_bad_link() {
    let all: Vec<u32> = (0..300).collect();
    let is_in_order = |numbers: &[u32]| numbers.is_sorted_by(|earlier, later| earlier < later);
    let without_repetition = |numbers: &[u32]| {
        let mut sorted = numbers.to_vec();
        sorted.sort_unstable();
        is_in_order(&sorted)
    };
    let (mut lost, mut reordered) = (0, 0);
    for seed in 0..5 {
        let ordered = arrivals(seed, channel("ordered"), 100);
        assert_eq!(ordered, all, "seed {seed}");

        let unordered = arrivals(
            seed,
            ChannelParameters {
                ordered: false,
                ..channel("unordered")
            },
            100,
        );
        reordered += usize::from(!is_in_order(&unordered));
        let mut sorted = unordered;
        sorted.sort_unstable();
        assert_eq!(sorted, all, "seed {seed}");

        for limits in [(Some(0), None), (None, Some(10))] {
            let (max_retransmits, max_packet_life_time) = limits;
            let limited = ChannelParameters {
                max_retransmits,
                max_packet_life_time,
                ..channel("limited")
            };
            let numbers = arrivals(seed, limited.clone(), 100);
            assert!(
                is_in_order(&numbers),
                "seed {seed}, {limits:?}: an ordered channel does not reorder"
            );
            lost += 300 - numbers.len();
            let numbers = arrivals(
                seed,
                ChannelParameters {
                    ordered: false,
                    ..limited
                },
                100,
            );
            assert!(without_repetition(&numbers), "seed {seed}, {limits:?}");
            lost += 300 - numbers.len();
        }
    }
    assert!(reordered > 0, "the link reorders");
    assert!(lost > 100, "what is not sent again is lost: {lost}");
}

#[test]
fn messages_before_the_acknowledgement_keep_their_order_even_on_an_unordered_channel() {
    for seed in 0..20 {
        let mut pair = Pair::connected(seed);
        pair.jitter = Duration::from_millis(15);
        pair.open(
            0,
            0,
            ChannelParameters {
                ordered: false,
                ..channel("unordered")
            },
        );
        for number in 0..20_u32 {
            let mut message = number.to_be_bytes().to_vec();
            message.resize(900, 0);
            pair.send(0, 0, &binary(&message));
        }
        pair.run(Duration::from_secs(10));
        assert!(matches!(pair.events[1][0], SctpEvent::Opened { stream: 0, .. }));
        assert_eq!(
            numbers(&pair.messages(1)),
            (0..20).collect::<Vec<_>>(),
            "seed {seed}"
        );
    }
}

#[test]
fn negotiated_channels_need_no_announcement_and_hold_what_comes_too_early() {
    let mut pair = Pair::connected(8);
    let negotiate = |transport: &mut SctpTransport, now| transport.open(now, 7, channel("agreed"), true);
    pair.on(0, negotiate).unwrap();
    pair.send(0, 7, &text("early"));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.messages(1), []);
    pair.on(1, negotiate).unwrap();
    assert_eq!(pair.messages(1), [text("early")]);
    assert_eq!(pair.on(1, negotiate), Err(SctpError::StreamInUse(7)));
    pair.send(1, 7, &text("back"));
    pair.run(Duration::from_secs(1));
    assert_eq!(pair.messages(0), [text("back")]);
}

#[test]
fn a_stream_without_a_channel_is_not_flooded() {
    let mut pair = Pair::connected(9);
    pair.on(0, |transport, now| {
        transport.open(now, 0, channel("agreed"), true)
    })
    .unwrap();
    for _ in 0..5 {
        pair.send(0, 0, &binary(&[0; LIMIT]));
    }
    pair.run(Duration::from_secs(30));
    let [client, server] = pair.take();
    assert!(client.ends_with(&[closed_by_remote(0), reset(0)]), "{client:?}");
    assert_eq!(server, []);
}

#[test]
fn the_buffered_amount_counts_messages_and_falls_to_nothing() {
    let mut pair = Pair::with_channel(10, channel("chat"));
    for _ in 0..3 {
        pair.send(0, 0, &binary(&[1; 50_000]));
        pair.send(0, 0, &text(""));
    }
    let start = pair.sides[0].buffered_amount(0);
    assert!(
        (120_000..150_000).contains(&start),
        "{start}: some of it has been sent at once"
    );
    pair.take();
    pair.run(Duration::from_secs(10));
    let amount = |event: &SctpEvent| match event {
        SctpEvent::BufferedAmountDecreased { stream: 0, amount } => *amount,
        other => panic!("{other:?}"),
    };
    let amounts: Vec<_> = pair.take()[0].iter().map(amount).collect();
    assert!(
        start > amounts[0] && amounts.is_sorted_by(|earlier, later| earlier > later),
        "{amounts:?}"
    );
    assert_eq!(amounts.last(), Some(&0));
    assert_eq!(pair.sides[0].buffered_amount(0), 0);
}

#[test]
fn channels_that_are_opened_before_the_association_go_out_in_the_same_order_each_time() {
    let play = || {
        let mut pair = Pair::new(18);
        for stream in (0..60).step_by(2) {
            pair.open(0, stream, channel("one of many"));
            pair.send(0, stream, &binary(&[2; 3000]));
        }
        pair.on(0, |transport, now| transport.connect(now));
        pair.run(Duration::from_secs(30));
        let opened = |event: &SctpEvent| match event {
            SctpEvent::Opened { stream, .. } => Some(*stream),
            _ => None,
        };
        let opened: Vec<_> = pair.events[1].iter().filter_map(opened).collect();
        assert_eq!(opened, (0..60).step_by(2).collect::<Vec<_>>());
        pair.sent
    };
    assert_eq!(play(), play());
}

#[test]
fn what_cannot_be_done_is_an_error() {
    let mut pair = Pair::with_channel(11, channel("chat"));
    let too_long = SctpError::MessageTooLong {
        size: LIMIT + 1,
        limit: LIMIT,
    };
    let message = binary(&vec![0; LIMIT + 1]);
    assert_eq!(
        pair.on(0, |transport, now| transport.send(now, 0, &message)),
        Err(too_long)
    );
    pair.sides[0].set_max_message_size(LIMIT + 1);
    pair.send(0, 0, &message);
    pair.sides[0].set_max_message_size(0);
    pair.send(0, 0, &text(""));
    pair.run(Duration::from_secs(10));
    assert_eq!(pair.messages(1), [message, text("")]);
    assert_eq!(
        pair.on(0, |transport, now| transport.send(now, 2, &text(""))),
        Err(SctpError::NotOpen(2))
    );
    let open = |stream, channel| {
        move |transport: &mut SctpTransport, now| transport.open(now, stream, channel, false)
    };
    assert_eq!(
        pair.on(0, open(65535, channel("x"))),
        Err(SctpError::InvalidStream(65535))
    );
    assert_eq!(pair.on(0, open(0, channel("x"))), Err(SctpError::StreamInUse(0)));
    let long = ChannelParameters {
        label: "x".repeat(65536),
        ..channel("")
    };
    assert!(matches!(pair.on(0, open(2, long)), Err(SctpError::Parameters(_))));
    let longest = ChannelParameters {
        label: "x".repeat(65535),
        ..channel("")
    };
    pair.on(0, open(2, longest.clone())).unwrap();
    pair.run(Duration::from_secs(10));
    assert_eq!(
        pair.take()[1],
        [SctpEvent::Opened {
            stream: 2,
            parameters: longest
        }]
    );
}

#[test]
fn a_full_buffer_is_an_error_and_loses_nothing() {
    let mut pair = Pair::new(12);
    pair.open(0, 0, channel("bulk"));
    let message = binary(&vec![5; LIMIT]);
    let mut taken = 0;
    let error = loop {
        match pair.on(0, |transport, now| transport.send(now, 0, &message)) {
            Ok(()) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 100, "the buffer has no end");
    };
    assert_eq!(error, SctpError::BufferFull(0));
    assert_eq!(pair.sides[0].buffered_amount(0), taken * LIMIT);
    pair.on(0, |transport, now| transport.connect(now));
    pair.run(Duration::from_secs(120));
    assert_eq!(pair.messages(1).len(), taken);
}
