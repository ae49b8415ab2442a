//! A small door for `fuzz/`: what reads what comes from outside, and a connected engine.
//!
//! Each function takes what a fuzzer gives and panics where the engine is wrong. Not part of any interface.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use glare_peer::{
    Attribute, Called, Configuration, DataChannelInit, Datagram, EventKind, Handle, HostView, IceCandidate,
    Input, LocalDescriptionInit, OfferOptions, Operation, OperationId, Outbox, Peer as _, SdpType,
    SessionDescription, SimTime, Step, Value,
};

use crate::connection::Connection;
use crate::sdp::Description;
use crate::{ice, rtp, sctp};

/// Reads a session description, and what its lines mean together as offer and as answer.
pub fn session_description(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Ok(description) = Description::parse(text) {
        // Both are right or wrong; neither panics.
        let _ = description.verify(SdpType::Offer);
        let _ = description.verify(SdpType::Answer);
    }
}

/// Reads a `candidate-attribute`.
pub fn candidate(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        ice::fuzzing::candidate(text);
    }
}

/// Reads a STUN message.
pub fn stun(data: &[u8]) {
    ice::fuzzing::stun(data);
}

/// Reads a message that opens a data channel, or its acknowledgement.
pub fn dcep(data: &[u8]) {
    sctp::fuzzing::dcep(data);
}

/// Reads RTP packets that belong together.
pub fn rtp(data: &[u8]) {
    rtp::fuzzing::rtp(&pieces(data));
}

/// Reads a compound packet of RTCP.
pub fn rtcp(data: &[u8]) {
    rtp::fuzzing::rtcp(data);
}

/// Lets whole datagrams arrive at a connected engine.
pub fn datagrams(data: &[u8]) {
    with_connected(|connected| {
        for piece in pieces(data) {
            connected.datagram(piece);
        }
    });
}

/// Lets chunks of SCTP arrive at a connected engine, each piece in a packet of its own, as if they had been decrypted.
pub fn decrypted(data: &[u8]) {
    with_connected(|connected| {
        for piece in pieces(data) {
            connected.chunks(piece);
        }
    });
}

/// Inputs to begin with, each with the name of its target: what two engines say to one another until a data channel is open,
/// and a frame of each codec in packets.
pub fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let mut seeds = Connected::new().said;
    seeds.extend(
        rtp::fuzzing::frames()
            .into_iter()
            .map(|packets| ("rtp", joined(&packets))),
    );
    seeds.extend(rtp::fuzzing::reports().into_iter().map(|report| ("rtcp", report)));
    seeds
}

/// What [`pieces`] takes apart.
fn joined(pieces: &[Vec<u8>]) -> Vec<u8> {
    let mut data = Vec::new();
    for piece in pieces {
        data.extend(u16::try_from(piece.len()).unwrap_or(u16::MAX).to_be_bytes());
        data.extend(piece);
    }
    data
}

/// The pieces that an input is made of: each has its length before it in two bytes, and what is left is the last.
fn pieces(data: &[u8]) -> Vec<&[u8]> {
    let mut pieces = Vec::new();
    let mut rest = data;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(*length)).min(after.len());
        let (piece, next) = after.split_at(length);
        pieces.push(piece);
        rest = next;
    }
    pieces
}

/// After this many inputs a pair is thrown away, so that what an input does depends on few before it.
const INPUTS_OF_A_PAIR: u32 = 128;

/// A connection takes more to set up than an input to read, so a pair serves for several inputs: until it is no longer
/// connected, or [`INPUTS_OF_A_PAIR`].
fn with_connected(work: impl FnOnce(&mut Connected)) {
    thread_local! {
        static PAIR: RefCell<Option<Connected>> = const { RefCell::new(None) };
    }
    PAIR.with_borrow_mut(|pair| {
        let connected = pair.get_or_insert_with(Connected::new);
        work(connected);
        connected.inputs += 1;
        if connected.inputs == INPUTS_OF_A_PAIR || !connected.is_connected() {
            *pair = None;
        }
    });
}

/// Two engines with an open data channel, on a link without delay.
struct Connected {
    now: SimTime,
    peers: [Connection; 2],
    flying: VecDeque<(usize, Datagram)>,
    candidates: [Vec<IceCandidate>; 2],
    settled: Option<Value>,
    open: usize,
    calls: u64,
    inputs: u32,
    /// The last datagram that went from the first to the second.
    last: Option<Datagram>,
    /// Everything that was said while it connected, as inputs of the targets.
    said: Vec<(&'static str, Vec<u8>)>,
}

impl Connected {
    fn new() -> Connected {
        let peers = [("a", 1), ("b", 2)].map(|(role, number)| {
            let host = HostView {
                role: role.to_owned(),
                addresses: vec![IpAddr::from([10, 0, 0, number])],
                ports: 50_000..=50_099,
                seed: number.into(),
                unix_time: Duration::from_secs(1_767_225_600),
                origin: "https://a.example".to_owned(),
            };
            Connection::new(host, Configuration::default()).expect("an engine needs nothing")
        });
        let mut pair = Connected {
            now: SimTime::ZERO,
            peers,
            flying: VecDeque::new(),
            candidates: Default::default(),
            settled: None,
            open: 0,
            calls: 0,
            inputs: 0,
            last: None,
            said: Vec::new(),
        };
        pair.connect();
        pair
    }

    fn connect(&mut self) {
        let channel = Operation::CreateDataChannel {
            label: "chat".to_owned(),
            init: DataChannelInit::default(),
        };
        self.call(0, channel);
        let offer = self.describe(0, Operation::CreateOffer(OfferOptions::default()));
        self.call(1, Operation::SetRemoteDescription(offer));
        let answer = self.describe(1, Operation::CreateAnswer);
        self.call(0, Operation::SetRemoteDescription(answer));
        for side in 0..2 {
            for candidate in std::mem::take(&mut self.candidates[1 - side]) {
                self.call(side, Operation::AddIceCandidate(candidate));
            }
        }
        for _ in 0..1000 {
            if self.open == 2 {
                return;
            }
            self.now = self.now + Duration::from_millis(10);
            self.settle_down();
        }
        panic!("two engines do not connect");
    }

    fn is_connected(&self) -> bool {
        self.peers.iter().all(|peer| {
            peer.read(Handle::CONNECTION, Attribute::ConnectionState)
                == Ok(Value::String("connected".to_owned()))
        })
    }

    /// A datagram of the first's that is none of its own.
    fn datagram(&mut self, data: &[u8]) {
        let Some(last) = self.last.clone() else { return };
        let datagram = Datagram {
            data: data.to_vec(),
            ..last
        };
        self.peers[1].input(self.now, Input::Datagram(datagram));
        self.go_on();
    }

    fn chunks(&mut self, data: &[u8]) {
        let taken = self.peers[1].input_decrypted(self.now, data);
        assert!(taken, "a connected engine has decrypted something");
        self.go_on();
    }

    /// Lets a moment go by, so that what was begun can go on.
    fn go_on(&mut self) {
        self.settle_down();
        self.now = self.now + Duration::from_millis(5);
        self.settle_down();
    }

    fn describe(&mut self, side: usize, operation: Operation) -> SessionDescription {
        let Some(Value::Description(description)) = self.call(side, operation) else {
            panic!("a description");
        };
        let init = LocalDescriptionInit::from(description.clone());
        self.call(side, Operation::SetLocalDescription(init));
        self.said
            .push(("session_description", description.sdp.as_bytes().to_vec()));
        description
    }

    fn call(&mut self, side: usize, operation: Operation) -> Option<Value> {
        self.calls += 1;
        match self.peers[side].call(self.now, OperationId(self.calls), operation) {
            Called::Promise | Called::Returned(_) => {}
            other => panic!("every call goes through: {other:?}"),
        }
        self.settle_down();
        self.settled.take()
    }

    /// Steps both and carries what they send, until nothing is left to do at this moment.
    fn settle_down(&mut self) {
        let mut steps = 0;
        loop {
            for side in 0..2 {
                while !self.step(side) {
                    steps += 1;
                    assert!(steps < 10_000, "it does not come to rest");
                }
            }
            let Some((side, datagram)) = self.flying.pop_front() else {
                return;
            };
            if side == 1 {
                self.last = Some(datagram.clone());
            }
            let data = datagram.data.clone();
            self.peers[side].input(self.now, Input::Datagram(datagram));
            if self.open < 2 {
                self.take_down(side, data);
            }
        }
    }

    /// Takes down what has just arrived.
    fn take_down(&mut self, side: usize, data: Vec<u8>) {
        if matches!(data.first(), Some(0..=3)) {
            self.said.push(("stun", data.clone()));
        }
        self.said.push(("datagrams", joined(&[data])));
        // What is decrypted is known only once it is stepped on.
        while !self.step(side) {}
        let Some(chunks) = self.peers[side].last_decrypted_chunks() else {
            return;
        };
        // A chunk of data has its own header of 16 bytes before its message (RFC 9260 section 3.3.1).
        if chunks.first() == Some(&0)
            && let Some(message) = chunks.get(16..)
        {
            self.said.push(("dcep", message.to_vec()));
        }
        self.said.push(("decrypted", joined(&[chunks])));
    }

    /// One step; whether that was the last.
    fn step(&mut self, side: usize) -> bool {
        let mut out = Outbox::default();
        let step = self.peers[side].step(self.now, &mut out);
        for Datagram { local, remote, data } in out.datagrams {
            let seen = Datagram {
                local: remote,
                remote: local,
                data,
            };
            self.flying.push_back((1 - side, seen));
        }
        match step {
            Step::Fired(event) => match event.kind {
                EventKind::IceCandidate {
                    candidate: Some(candidate),
                } => {
                    self.said
                        .push(("candidate", candidate.candidate.as_bytes().to_vec()));
                    self.candidates[side].push(candidate);
                }
                EventKind::Open => self.open += 1,
                _ => {}
            },
            Step::Settled(_, result) => self.settled = result.ok(),
            Step::Unsupported(..) | Step::TaskEnd => {}
            Step::Idle(_) => return true,
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_cut_into_its_pieces_whatever_it_is() {
        assert_eq!(pieces(&[0, 1, 7, 0, 0, 0, 9, 1, 2]), [&[7][..], &[], &[1, 2]]);
        assert!(pieces(&[1]).is_empty());
    }

    #[test]
    fn every_target_has_seeds_that_it_takes() {
        let seeds = seeds();
        for (name, target) in [
            ("session_description", session_description as fn(&[u8])),
            ("candidate", candidate),
            ("stun", stun),
            ("rtp", rtp),
            ("rtcp", rtcp),
            ("dcep", dcep),
            ("datagrams", datagrams),
            ("decrypted", decrypted),
        ] {
            let mut inputs = seeds.iter().filter(|(of, _)| *of == name).peekable();
            assert!(inputs.peek().is_some(), "{name}");
            for (_, input) in inputs {
                target(input);
            }
        }
    }

    #[test]
    fn a_pair_connects_and_survives_what_is_no_packet() {
        let mut pair = Connected::new();
        pair.datagram(b"nonsense");
        pair.chunks(b"nonsense");
        assert!(pair.is_connected());
    }
}
