//! Two sessions and a link between them, over virtual time.

mod demultiplexing;
mod flow;
mod hostile;
mod loss;
mod reports;
mod simulcast;
mod tones;

use std::time::Duration;

use glare_peer::SimTime;

use super::*;

const DELAY: Duration = Duration::from_millis(20);

const CAMERA: MediaSource = MediaSource::Video {
    width: 640,
    height: 360,
    framerate: 30.0,
    enabled: true,
};

const MICROPHONE: MediaSource = MediaSource::Audio {
    level: 20,
    enabled: true,
};

/// All feedback that there is.
const ALL: Feedback = Feedback {
    nack: true,
    nack_pli: true,
    ccm_fir: true,
    transport_cc: true,
};

fn extensions() -> Vec<HeaderExtension> {
    [
        (1, HeaderExtensionKind::Mid),
        (2, HeaderExtensionKind::RtpStreamId),
        (3, HeaderExtensionKind::RepairedRtpStreamId),
        (4, HeaderExtensionKind::AudioLevel),
        (5, HeaderExtensionKind::AbsoluteSendTime),
        (6, HeaderExtensionKind::TransportSequenceNumber),
    ]
    .into_iter()
    .map(|(id, kind)| HeaderExtension { id, kind })
    .collect()
}

/// A format with the payload type that the tests give its codec.
fn format(codec: Codec) -> PayloadFormat {
    let (payload_type, clock_rate) = match codec {
        Codec::Opus => (111, 48_000),
        Codec::Pcmu => (0, 8000),
        Codec::Pcma => (8, 8000),
        Codec::Vp8 => (96, 90_000),
        Codec::Vp9 => (98, 90_000),
        Codec::H264 => (102, 90_000),
        Codec::Av1 => (45, 90_000),
    };
    let video = codec.kind() == MediaKind::Video;
    PayloadFormat {
        payload_type,
        codec,
        clock_rate,
        rtx_payload_type: video.then_some(payload_type + 1),
        feedback: if video {
            ALL
        } else {
            Feedback {
                transport_cc: true,
                ..Feedback::default()
            }
        },
    }
}

fn encoding(ssrc: u32) -> SendEncoding {
    SendEncoding {
        ssrc,
        rtx_ssrc: None,
        rid: None,
        active: true,
        max_bitrate: None,
        max_framerate: None,
        scale_resolution_down_by: 1.0,
    }
}

fn section(mid: &str, codec: Codec) -> Section {
    Section {
        mid: mid.to_owned(),
        kind: codec.kind(),
        extensions: extensions(),
        reduced_size: true,
        send: None,
        receive: None,
    }
}

/// A section that sends one encoding.
fn sending(mid: &str, codec: Codec, ssrc: u32) -> Section {
    let video = codec.kind() == MediaKind::Video;
    let mut encoding = encoding(ssrc);
    encoding.rtx_ssrc = video.then_some(ssrc + 1);
    Section {
        send: Some(SendSection {
            format: format(codec),
            telephone_event: None,
            encodings: vec![encoding],
            source: Some(if video { CAMERA } else { MICROPHONE }),
        }),
        ..section(mid, codec)
    }
}

/// A section that receives.
fn receiving(mid: &str, codec: Codec) -> Section {
    Section {
        receive: Some(ReceiveSection {
            formats: vec![format(codec)],
            ..ReceiveSection::default()
        }),
        ..section(mid, codec)
    }
}

struct Flying {
    at: SimTime,
    number: u64,
    to: usize,
    datagram: Vec<u8>,
}

struct Pair {
    seed: u64,
    now: SimTime,
    sides: [MediaSession; 2],
    events: [Vec<MediaEvent>; 2],
    flying: Vec<Flying>,
    sent: u64,
    /// How many datagrams each side has sent, and their bytes.
    totals: [(u64, u64); 2],
    loss: f64,
    /// Up to this much is added to the delay of each datagram, so that they overtake one another.
    jitter: Duration,
    rng: fastrand::Rng,
}

impl Pair {
    /// Two sides with keys and no sections; the first one was the DTLS client.
    fn new(seed: u64) -> Pair {
        let mut pair = Pair::without_keys(seed);
        let profile = SrtpProfile::AeadAes128Gcm;
        let material = [7; 56];
        for (side, session) in pair.sides.iter_mut().enumerate() {
            session
                .set_keys(SimTime::ZERO, profile, &material, side == 0)
                .unwrap();
        }
        pair
    }

    fn without_keys(seed: u64) -> Pair {
        let side =
            |index| MediaSession::new(seed * 2 + index, "canonical", Duration::from_secs(1_700_000_000));
        Pair {
            seed,
            now: SimTime::ZERO,
            sides: [side(0), side(1)],
            events: Default::default(),
            flying: Vec::new(),
            sent: 0,
            totals: [(0, 0); 2],
            loss: 0.0,
            jitter: Duration::ZERO,
            rng: fastrand::Rng::with_seed(seed ^ 0x5A5A),
        }
    }

    /// One side sends one encoding of each codec, the other one receives; the sections are `0`, `1` and so on, their SSRCs
    /// 1000, 2000 and so on.
    fn flowing(seed: u64, codecs: &[Codec]) -> Pair {
        let mut pair = Pair::new(seed);
        let mid = |at: usize| at.to_string();
        let send = codecs
            .iter()
            .enumerate()
            .map(|(at, codec)| sending(&mid(at), *codec, 1000 * (at as u32 + 1)));
        let receive = codecs
            .iter()
            .enumerate()
            .map(|(at, codec)| receiving(&mid(at), *codec));
        pair.configure(1, receive.collect());
        pair.configure(0, send.collect());
        pair
    }

    fn configure(&mut self, side: usize, sections: Vec<Section>) {
        self.on(side, |session, now| session.configure(now, sections))
            .unwrap();
    }

    fn on<R>(&mut self, side: usize, act: impl FnOnce(&mut MediaSession, SimTime) -> R) -> R {
        let result = act(&mut self.sides[side], self.now);
        self.collect(side);
        result
    }

    fn collect(&mut self, side: usize) {
        while let Some(datagram) = self.sides[side].transmit() {
            assert!(datagram.len() <= 1200, "a datagram of {} bytes", datagram.len());
            assert!(MediaSession::is_media(&datagram));
            self.sent += 1;
            self.totals[side].0 += 1;
            self.totals[side].1 += datagram.len() as u64;
            if self.rng.f64() >= self.loss {
                let at = self.now + DELAY + self.jitter.mul_f64(self.rng.f64());
                self.flying.push(Flying {
                    at,
                    number: self.sent,
                    to: 1 - side,
                    datagram,
                });
            }
        }
        while let Some(event) = self.sides[side].event() {
            self.events[side].push(event);
        }
    }

    fn run(&mut self, duration: Duration) {
        let end = self.now + duration;
        loop {
            let next = self
                .flying
                .iter()
                .enumerate()
                .min_by_key(|(_, flying)| (flying.at, flying.number));
            let arrival = next.map(|(index, flying)| (flying.at, index));
            let timer = self.sides.iter().filter_map(MediaSession::deadline).min();
            match (arrival, timer) {
                (Some((at, index)), timer) if timer.is_none_or(|timer| at <= timer) && at <= end => {
                    self.now = at;
                    let Flying { to, datagram, .. } = self.flying.swap_remove(index);
                    self.on(to, |session, now| session.input(now, &datagram));
                }
                (_, Some(at)) if at <= end => {
                    assert!(at >= self.now, "a deadline in the past, seed {}", self.seed);
                    self.now = at;
                    for side in 0..2 {
                        self.on(side, |session, now| session.advance(now));
                        let next = self.sides[side].deadline();
                        assert!(
                            next.is_none_or(|next| next > at),
                            "it does not advance, seed {}",
                            self.seed
                        );
                    }
                }
                _ => {
                    self.now = end;
                    return;
                }
            }
        }
    }

    fn seconds(&mut self, seconds: u64) {
        self.run(Duration::from_secs(seconds));
    }

    fn take(&mut self, side: usize) -> Vec<MediaEvent> {
        std::mem::take(&mut self.events[side])
    }

    /// The frames of a stream that have arrived at a side since last asked, other events aside.
    fn frames(&mut self, side: usize, of: u32) -> Vec<ReceivedFrame> {
        let (frames, others) = self
            .take(side)
            .into_iter()
            .partition(|event| matches!(event, MediaEvent::Frame { ssrc, .. } if *ssrc == of));
        self.events[side] = others;
        let frames: Vec<MediaEvent> = frames;
        frames
            .into_iter()
            .filter_map(|event| match event {
                MediaEvent::Frame { frame, .. } => Some(frame),
                _ => None,
            })
            .collect()
    }

    fn inbound(&self, side: usize, ssrc: u32) -> InboundStatistics {
        let mut all = self.sides[side].inbound_statistics(self.now).into_iter();
        all.find(|statistics| statistics.ssrc == ssrc).unwrap()
    }

    fn outbound(&self, side: usize, ssrc: u32) -> OutboundStatistics {
        let mut all = self.sides[side].outbound_statistics(self.now).into_iter();
        all.find(|statistics| statistics.ssrc == ssrc).unwrap()
    }
}

/// The numbers that the maker of frames wrote into them; every frame has one.
fn numbers(frames: &[ReceivedFrame]) -> Vec<u32> {
    frames
        .iter()
        .map(|frame| frame.stamp.as_ref().unwrap().number)
        .collect()
}

/// Whether numbers follow one another from a first one on.
fn are_consecutive(numbers: &[u32], first: u32) -> bool {
    numbers.iter().copied().eq(first..first + numbers.len() as u32)
}
