//! Two associations and a link between them, over virtual time.

use std::time::Duration;

use dcsctp::api::{DcSctpSocket, Message, Options, PpId, SendOptions, SocketEvent, SocketTime, StreamId};
use glare_peer::{MessageData, SimTime};

use super::*;
use crate::dtls::DtlsRole;

const DELAY: Duration = Duration::from_millis(20);
const LIMIT: usize = 262_144;

fn channel(label: &str) -> ChannelParameters {
    ChannelParameters {
        label: label.into(),
        protocol: String::new(),
        ordered: true,
        max_retransmits: None,
        max_packet_life_time: None,
        priority: 256,
    }
}

fn text(text: &str) -> MessageData {
    MessageData::Text(text.into())
}

fn binary(bytes: &[u8]) -> MessageData {
    MessageData::Binary(bytes.into())
}

struct Flying {
    at: SimTime,
    number: u64,
    to: usize,
    packet: Vec<u8>,
}

struct Pair {
    now: SimTime,
    /// The DTLS client, then the server.
    sides: [SctpTransport; 2],
    events: [Vec<SctpEvent>; 2],
    flying: Vec<Flying>,
    sent: Vec<(SimTime, usize, Vec<u8>)>,
    loss: f64,
    /// Up to this much is added to the delay of each packet, so that packets overtake one another.
    jitter: Duration,
    rng: fastrand::Rng,
}

impl Pair {
    fn new(seed: u64) -> Pair {
        let side = |index, role| SctpTransport::new(seed * 2 + index, LIMIT, 5000, 5000, role, SimTime::ZERO);
        Pair {
            now: SimTime::ZERO,
            sides: [side(0, DtlsRole::Client), side(1, DtlsRole::Server)],
            events: Default::default(),
            flying: Vec::new(),
            sent: Vec::new(),
            loss: 0.0,
            jitter: Duration::ZERO,
            rng: fastrand::Rng::with_seed(seed ^ 0xA5A5),
        }
    }

    fn connected(seed: u64) -> Pair {
        let mut pair = Pair::new(seed);
        for side in 0..2 {
            pair.on(side, |transport, now| transport.connect(now));
        }
        pair.run(Duration::from_secs(1));
        assert_eq!(pair.take(), [[SctpEvent::Connected], [SctpEvent::Connected]]);
        pair
    }

    /// With a channel on stream 0 that the client opened.
    fn with_channel(seed: u64, channel: ChannelParameters) -> Pair {
        let mut pair = Pair::connected(seed);
        pair.open(0, 0, channel.clone());
        pair.run(Duration::from_secs(1));
        let opened = SctpEvent::Opened {
            stream: 0,
            parameters: channel,
        };
        assert_eq!(pair.take(), [[SctpEvent::Acknowledged { stream: 0 }], [opened]]);
        pair
    }

    fn on<R>(&mut self, side: usize, act: impl FnOnce(&mut SctpTransport, SimTime) -> R) -> R {
        let result = act(&mut self.sides[side], self.now);
        self.collect();
        result
    }

    fn open(&mut self, side: usize, stream: u16, channel: ChannelParameters) {
        self.on(side, |transport, now| transport.open(now, stream, channel, false))
            .unwrap();
    }

    fn send(&mut self, side: usize, stream: u16, data: &MessageData) {
        self.on(side, |transport, now| transport.send(now, stream, data))
            .unwrap();
    }

    fn close(&mut self, side: usize, stream: u16) {
        self.on(side, |transport, now| transport.close_stream(now, stream));
    }

    fn collect(&mut self) {
        for side in 0..2 {
            while let Some(packet) = self.sides[side].transmit() {
                assert!(packet.len() <= 1160, "a packet of {} bytes", packet.len());
                self.sent.push((self.now, side, packet.clone()));
                if self.rng.f64() >= self.loss {
                    let at = self.now + DELAY + self.jitter.mul_f64(self.rng.f64());
                    self.flying.push(Flying {
                        at,
                        number: self.sent.len() as u64,
                        to: 1 - side,
                        packet,
                    });
                }
            }
            while let Some(event) = self.sides[side].event() {
                self.events[side].push(event);
            }
        }
    }

    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        for _ in 0..100_000 {
            let next = self
                .flying
                .iter()
                .enumerate()
                .min_by_key(|(_, flying)| (flying.at, flying.number));
            let arrival = next.map(|(index, flying)| (flying.at, index));
            let timer = self.sides.iter().filter_map(SctpTransport::deadline).min();
            match (arrival, timer) {
                (Some((at, index)), timer) if timer.is_none_or(|timer| at <= timer) && at <= end => {
                    self.now = at;
                    let Flying { to, packet, .. } = self.flying.remove(index);
                    self.on(to, |transport, now| transport.input(now, &packet));
                }
                (_, Some(at)) if at <= end => {
                    assert!(at >= self.now, "a deadline in the past");
                    self.now = at;
                    for side in 0..2 {
                        self.on(side, |transport, now| transport.advance(now));
                    }
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
        panic!("it does not come to rest");
    }

    fn take(&mut self) -> [Vec<SctpEvent>; 2] {
        std::mem::take(&mut self.events)
    }

    /// The messages that have arrived at a side since last asked.
    fn messages(&mut self, side: usize) -> Vec<MessageData> {
        let message = |event| match event {
            SctpEvent::Message { data, .. } => Some(data),
            _ => None,
        };
        std::mem::take(&mut self.events[side])
            .into_iter()
            .filter_map(message)
            .collect()
    }
}

fn closed_by_remote(stream: u16) -> SctpEvent {
    SctpEvent::StreamClosedByRemote { stream }
}

fn reset(stream: u16) -> SctpEvent {
    SctpEvent::StreamReset { stream }
}

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
    assert_eq!(
        client,
        [
            SctpEvent::Connected,
            decreased,
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

/// A peer that sends what it likes, which a [`SctpTransport`] would not.
struct Hostile {
    socket: Box<dyn DcSctpSocket>,
    transport: SctpTransport,
    now: SimTime,
    events: Vec<SctpEvent>,
    /// The streams that the transport has reset.
    reset: Vec<u16>,
    received: Vec<Message>,
}

impl Hostile {
    fn connected() -> Hostile {
        fastrand::seed(1);
        let mut socket = dcsctp::new_socket("", &Options::default());
        socket.connect();
        let transport = SctpTransport::new(2, LIMIT, 5000, 5000, DtlsRole::Server, SimTime::ZERO);
        let (events, reset, received) = (Vec::new(), Vec::new(), Vec::new());
        let mut hostile = Hostile {
            socket,
            transport,
            now: SimTime::ZERO,
            events,
            reset,
            received,
        };
        hostile.exchange();
        assert_eq!(std::mem::take(&mut hostile.events), [SctpEvent::Connected]);
        hostile
    }

    fn exchange(&mut self) {
        for _ in 0..50 {
            self.now += Duration::from_millis(50);
            self.socket
                .advance_time(SocketTime::zero() + self.now.since_start());
            self.transport.advance(self.now);
            while let Some(event) = self.socket.poll_event() {
                match event {
                    SocketEvent::SendPacket(packet) => self.transport.input(self.now, &packet),
                    SocketEvent::OnIncomingStreamReset(streams) => {
                        self.reset.extend(streams.iter().map(|id| id.0))
                    }
                    _ => {}
                }
            }
            while let Some(packet) = self.transport.transmit() {
                self.socket.handle_input(&packet);
            }
            self.received
                .extend(std::iter::from_fn(|| self.socket.get_next_message()));
            self.events.extend(std::iter::from_fn(|| self.transport.event()));
        }
    }

    fn send(&mut self, stream: u16, identifier: u32, payload: &[u8]) {
        let message = Message::new(StreamId(stream), PpId(identifier), payload.to_vec());
        self.socket.send(message, &SendOptions::default()).unwrap();
        self.exchange();
    }
}

const OPEN: &[u8] = b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x01\x00\x00x";

#[test]
fn a_well_formed_open_is_acknowledged_once_and_a_second_one_closes_the_channel() {
    let mut hostile = Hostile::connected();
    hostile.send(0, 50, OPEN);
    assert_eq!(
        hostile.events,
        [SctpEvent::Opened {
            stream: 0,
            parameters: channel("x")
        }]
    );
    let [acknowledgement] = &hostile.received[..] else {
        panic!("{:?}", hostile.received)
    };
    assert_eq!(
        (acknowledgement.ppid, &acknowledgement.payload[..]),
        (PpId(50), &[2][..])
    );
    hostile.send(0, 50, OPEN);
    assert_eq!(hostile.events[1..], [closed_by_remote(0)]);
    assert_eq!((hostile.reset, hostile.received.len()), (vec![0], 1));
}

#[test]
fn garbage_instead_of_an_open_resets_the_stream_and_announces_nothing() {
    let garbage: [&[u8]; 8] = [
        b"\x00",
        b"\xFF\xFF\xFF\xFF",
        &OPEN[..1],
        &OPEN[..11],
        &OPEN[..12],
        b"\x03\x77\x01\x00\x00\x00\x00\x00\x00\x01\x00\x00x",
        b"\x03\x00\x01\x00\x00\x00\x00\x00\xFF\xFF\xFF\xFFx",
        b"\x03\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x01\xFF",
    ];
    for payload in garbage {
        let mut hostile = Hostile::connected();
        hostile.send(0, 50, payload);
        assert_eq!(hostile.events, [], "{payload:x?}");
        assert_eq!(hostile.reset, [0], "{payload:x?}");
        assert!(hostile.received.is_empty(), "{payload:x?}");
    }
}

#[test]
fn acknowledgements_and_payloads_that_nobody_asked_for_change_nothing() {
    let mut hostile = Hostile::connected();
    hostile.send(0, 50, &[2]);
    hostile.send(0, 99, b"unknown");
    hostile.send(0, 50, OPEN);
    hostile.send(0, 50, &[2]);
    hostile.send(0, 52, b"partial binary, long obsolete");
    hostile.send(0, 51, b"text");
    let opened = SctpEvent::Opened {
        stream: 0,
        parameters: channel("x"),
    };
    assert_eq!(
        hostile.events,
        [
            opened,
            SctpEvent::Message {
                stream: 0,
                data: text("text")
            }
        ]
    );
    assert!(hostile.reset.is_empty());
}

#[test]
fn packets_that_are_no_sctp_or_have_flipped_bits_never_panic() {
    for seed in 0..30 {
        let mut pair = Pair::with_channel(seed, channel("chat"));
        let mut rng = fastrand::Rng::with_seed(seed);
        for length in [0, 1, 11, 12, 13, 16, 100, 1160] {
            let packet: Vec<u8> = (0..length).map(|_| rng.u8(..)).collect();
            pair.on(0, |transport, now| transport.input(now, &packet));
        }
        pair.send(0, 0, &binary(&[1; 30_000]));
        for _ in 0..50 {
            for flying in &mut pair.flying {
                if rng.u8(..) < 30 {
                    let at = rng.usize(..flying.packet.len());
                    flying.packet[at] ^= 1 << rng.u8(..8);
                }
            }
            pair.run(Duration::from_millis(20));
        }
        pair.run(Duration::from_secs(60));
        assert_eq!(
            pair.messages(1),
            [binary(&[1; 30_000])],
            "seed {seed}: the checksum drops what is damaged"
        );
    }
}
