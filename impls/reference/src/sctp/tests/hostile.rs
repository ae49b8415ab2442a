//! Another side that does not keep to the rules.

use dcsctp::api::{DcSctpSocket, Message, Options, PpId, SendOptions, SocketEvent, SocketTime, StreamId};

use super::*;

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
                        self.reset.extend(streams.iter().map(|id| id.0));
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

/// Makes the checksum of a packet right again (RFC 9260 section 6.8 and appendix A: CRC32c).
fn seal(packet: &mut [u8]) {
    packet[8..12].fill(0);
    let crc = packet.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            if crc & 1 == 1 {
                (crc >> 1) ^ 0x82F6_3B78
            } else {
                crc >> 1
            }
        })
    });
    packet[8..12].copy_from_slice(&(!crc).to_le_bytes());
}

#[test]
fn packets_that_are_forged_inside_the_association_never_panic() {
    let genuine = Pair::connected(1).sent.swap_remove(0).2;
    let mut sealed = genuine.clone();
    seal(&mut sealed);
    assert_eq!(sealed, genuine, "forged packets pass for genuine ones");
    for seed in 0..60 {
        let mut pair = Pair::with_channel(
            seed,
            ChannelParameters {
                max_retransmits: Some(1),
                ..channel("chat")
            },
        );
        pair.loss = 0.05;
        let mut rng = fastrand::Rng::with_seed(seed);
        pair.send(0, 0, &binary(&[1; 30_000]));
        pair.send(1, 0, &binary(&[1; 30_000]));
        for round in 0..60 {
            for flying in &mut pair.flying {
                if flying.packet.len() > 12 && rng.u8(..) < 60 {
                    for _ in 0..rng.usize(1..4) {
                        // The chunks' own fields are at their beginning.
                        let end = flying.packet.len().min(if rng.bool() { 40 } else { usize::MAX });
                        let at = rng.usize(12..end);
                        flying.packet[at] = rng.u8(..);
                    }
                    if rng.u8(..) < 20 {
                        flying.packet.truncate(rng.usize(12..flying.packet.len()));
                    }
                    seal(&mut flying.packet);
                }
            }
            if round == 30 {
                pair.close(0, 0);
            }
            pair.run(Duration::from_millis(20));
        }
        pair.run(Duration::from_secs(60));
    }
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
