//! DTMF (RFC 4733) from end to end.

use super::*;

const EVENTS: TelephoneEventFormat = TelephoneEventFormat {
    payload_type: 126,
    clock_rate: 48_000,
};

fn telephone(seed: u64) -> Pair {
    let mut pair = Pair::new(seed);
    let mut send = sending("0", Codec::Opus, 1000);
    send.send.as_mut().unwrap().telephone_event = Some(EVENTS);
    let mut receive = receiving("0", Codec::Opus);
    receive.receive.as_mut().unwrap().telephone_event = Some(EVENTS);
    pair.configure(1, vec![receive]);
    pair.configure(0, vec![send]);
    pair
}

fn play(pair: &mut Pair, tone: char, milliseconds: u64) -> Result<(), ToneError> {
    let gap = Duration::from_millis(70);
    pair.on(0, |session, _| {
        session.play_tone("0", tone, Duration::from_millis(milliseconds), gap)
    })
}

fn received(pair: &mut Pair) -> Vec<(char, Duration)> {
    pair.take(1)
        .into_iter()
        .filter_map(|event| match event {
            MediaEvent::ToneReceived { tone, duration, .. } => Some((tone, duration)),
            _ => None,
        })
        .collect()
}

#[test]
fn tones_are_heard_once_each_in_order_and_audio_goes_on() {
    let mut pair = telephone(1);
    pair.seconds(1);
    pair.take(1);
    for tone in ['1', '#', 'D'] {
        play(&mut pair, tone, 100).unwrap();
    }
    pair.seconds(1);
    let sent: Vec<_> = pair.take(0);
    let expected = ['1', '#', 'D'].map(|tone| MediaEvent::ToneSent {
        mid: "0".to_owned(),
        tone,
    });
    assert_eq!(sent, expected);
    let frames = pair.frames(1, 1000);
    // 15 frames have made room for the tones; none of them is missing, because none was made.
    assert_eq!(frames.len(), 35);
    assert_eq!(pair.inbound(1, 1000).concealed_samples, 0);
    assert_eq!(
        received(&mut pair),
        ['1', '#', 'D'].map(|tone| (tone, Duration::from_millis(100)))
    );
}

#[test]
fn tones_survive_the_loss_of_two_of_their_ends() {
    let mut heard = 0;
    for seed in 0..20 {
        let mut pair = telephone(seed);
        pair.seconds(1);
        pair.loss = 0.3;
        play(&mut pair, '7', 60).unwrap();
        pair.seconds(1);
        let tones = received(&mut pair);
        assert!(
            tones.is_empty() || tones == [('7', Duration::from_millis(60))],
            "seed {seed}: {tones:?}"
        );
        heard += tones.len();
    }
    // Each has a chance of 0.3³ to be missed.
    assert!(heard >= 17, "{heard}");
}

#[test]
fn a_delay_is_kept_and_tones_can_be_cancelled() {
    let mut pair = telephone(1);
    pair.seconds(1);
    pair.on(0, |session, now| {
        session.delay_tones(now, "0", Duration::from_secs(2));
    });
    play(&mut pair, '5', 100).unwrap();
    pair.run(Duration::from_millis(1900));
    assert_eq!(received(&mut pair), []);
    pair.run(Duration::from_millis(400));
    assert_eq!(received(&mut pair).len(), 1);
    pair.on(0, |session, now| {
        session.delay_tones(now, "0", Duration::from_secs(1));
    });
    play(&mut pair, '6', 100).unwrap();
    pair.on(0, |session, _| session.cancel_tones("0"));
    pair.seconds(3);
    assert_eq!(received(&mut pair), []);
}

#[test]
fn who_cannot_send_telephone_events_says_so() {
    let mut pair = Pair::flowing(1, &[Codec::Opus]);
    pair.seconds(1);
    let refused = Err(ToneError::NoTelephoneEvents("0".to_owned()));
    assert_eq!(play(&mut pair, '1', 100), refused);
    let mut pair = telephone(1);
    pair.seconds(1);
    assert_eq!(play(&mut pair, 'x', 100), Err(ToneError::Unrecognized('x')));
    pair.on(0, |session, now| session.set_source(now, "0", None));
    assert_eq!(play(&mut pair, '1', 100), refused);
}
