//! Playing tones as telephone events (RFC 4733 section 2.5.1).

use std::collections::VecDeque;
use std::time::Duration;

use glare_peer::SimTime;

use super::codec::telephone_event::{TelephoneEvent, event_of};
use super::configuration::TelephoneEventFormat;
use super::event::ToneError;
use super::source::AUDIO_FRAME;

/// How many tones may wait.
const WAITING: usize = 64;

/// How often the last packet of an event is sent (RFC 4733 section 2.5.1.4).
const TIMES_AT_THE_END: usize = 3;

/// The longest duration that a packet can say; a longer event goes on in another segment (RFC 4733 section 2.5.1.3).
const LONGEST_SEGMENT: u64 = 0xFFFF;

/// A packet of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TonePacket {
    /// Whether it is the first one of the event.
    pub marker: bool,
    /// By how much its timestamp is later than the event's begin, in units of the clock.
    pub offset: u32,
    pub event: TelephoneEvent,
}

#[derive(Debug, Clone, Copy)]
struct Tone {
    tone: char,
    event: u8,
    duration: Duration,
    gap: Duration,
}

/// The tones of a section, played and waiting.
#[derive(Debug, Default)]
pub(super) struct TonePlayer {
    waiting: VecDeque<Tone>,
    playing: Option<Playing>,
    /// No tone begins before.
    not_before: SimTime,
}

#[derive(Debug, Clone, Copy)]
struct Playing {
    tone: Tone,
    began: SimTime,
    /// Of the segments that are full, in units of the clock.
    segments: u64,
}

impl TonePlayer {
    /// Plays a tone after those that wait.
    pub fn play(&mut self, tone: char, duration: Duration, gap: Duration) -> Result<(), ToneError> {
        let event = event_of(tone).ok_or(ToneError::Unrecognized(tone))?;
        if self.waiting.len() >= WAITING {
            return Err(ToneError::TooMany(self.waiting.len()));
        }
        self.waiting.push_back(Tone {
            tone,
            event,
            duration,
            gap,
        });
        Ok(())
    }

    /// Lets no tone begin for a while.
    pub fn delay(&mut self, now: SimTime, delay: Duration) {
        self.not_before = self.not_before.max(now) + delay;
    }

    /// Forgets the tones that wait.
    pub fn cancel(&mut self) {
        self.waiting.clear();
    }

    /// Stops at once: there is no way out any more.
    pub fn stop(&mut self) {
        self.waiting.clear();
        self.playing = None;
    }

    /// Whether a tone takes the place of the audio frame that is due.
    pub fn takes_over(&self, due: SimTime) -> bool {
        self.playing.is_some() || (!self.waiting.is_empty() && due >= self.not_before)
    }

    /// The packets in the place of the audio frame that is due at `due`, and the beginning of the event, from which their offsets
    /// count. After the last one of a tone comes the tone.
    pub fn packets(
        &mut self,
        due: SimTime,
        format: TelephoneEventFormat,
        packets: &mut Vec<TonePacket>,
    ) -> Option<(SimTime, Option<char>)> {
        let marker = self.playing.is_none();
        if marker {
            let tone = self.waiting.pop_front()?;
            self.playing = Some(Playing {
                tone,
                began: due,
                segments: 0,
            });
        }
        let playing = self.playing.as_mut()?;
        let elapsed = due - playing.began + AUDIO_FRAME;
        let units = elapsed.as_nanos() as u64 * u64::from(format.clock_rate) / 1_000_000_000;
        let packet = |segments: u64, duration: u64, end: bool, marker: bool| TonePacket {
            marker,
            offset: segments as u32,
            event: TelephoneEvent {
                event: playing.tone.event,
                end,
                duration: duration as u16,
            },
        };
        while units - playing.segments > LONGEST_SEGMENT {
            packets.push(packet(playing.segments, LONGEST_SEGMENT, false, false));
            playing.segments += LONGEST_SEGMENT;
        }
        let end = elapsed >= playing.tone.duration;
        let last = packet(playing.segments, units - playing.segments, end, marker);
        packets.push(last);
        let began = playing.began;
        if !end {
            return Some((began, None));
        }
        packets.extend((1..TIMES_AT_THE_END).map(|_| TonePacket {
            marker: false,
            ..last
        }));
        let Tone { tone, gap, .. } = playing.tone;
        self.playing = None;
        self.not_before = self.not_before.max(due + AUDIO_FRAME + gap);
        Some((began, Some(tone)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPUS: TelephoneEventFormat = TelephoneEventFormat {
        payload_type: 101,
        clock_rate: 48_000,
    };

    /// The packets of the first `frames` frames of 20 ms, each with its time in milliseconds.
    fn play(player: &mut TonePlayer, frames: u64) -> Vec<(u64, TonePacket)> {
        let mut played = Vec::new();
        for frame in 0..frames {
            let due = SimTime::from_millis(frame * 20);
            if player.takes_over(due) {
                let mut packets = Vec::new();
                player.packets(due, OPUS, &mut packets).unwrap();
                played.extend(packets.into_iter().map(|packet| (frame * 20, packet)));
            }
        }
        played
    }

    #[test]
    fn a_tone_grows_every_20_ms_and_ends_three_times() {
        let mut player = TonePlayer::default();
        player
            .play('5', Duration::from_millis(70), Duration::from_millis(50))
            .unwrap();
        player
            .play('#', Duration::from_millis(40), Duration::ZERO)
            .unwrap();
        let played: Vec<_> = play(&mut player, 20)
            .into_iter()
            .map(|(at, packet)| {
                (
                    at,
                    packet.marker,
                    packet.event.event,
                    packet.event.end,
                    packet.event.duration,
                )
            })
            .collect();
        assert_eq!(
            played,
            [
                (0, true, 5, false, 960),
                (20, false, 5, false, 1920),
                (40, false, 5, false, 2880),
                (60, false, 5, true, 3840),
                (60, false, 5, true, 3840),
                (60, false, 5, true, 3840),
                // 80 ms have been played, and 50 of silence follow them: the next frame is at 140.
                (140, true, 11, false, 960),
                (160, false, 11, true, 1920),
                (160, false, 11, true, 1920),
                (160, false, 11, true, 1920),
            ]
        );
    }

    #[test]
    fn a_long_tone_goes_on_in_another_segment() {
        let mut player = TonePlayer::default();
        player
            .play('A', Duration::from_millis(3000), Duration::ZERO)
            .unwrap();
        let played = play(&mut player, 200);
        let offsets: Vec<_> = played.iter().map(|(_, packet)| packet.offset).collect();
        assert!(offsets.contains(&0xFFFF) && offsets.contains(&(2 * 0xFFFF)));
        let full = played
            .iter()
            .filter(|(_, packet)| packet.event.duration == 0xFFFF);
        assert_eq!(full.count(), 2);
        let (at, last) = played.last().unwrap();
        assert_eq!((*at, last.event.end), (2980, true));
        assert_eq!(last.offset + u32::from(last.event.duration), 144_000);
    }

    #[test]
    fn a_comma_holds_back_what_follows_and_tones_have_an_end() {
        let mut player = TonePlayer::default();
        player.delay(SimTime::ZERO, Duration::from_secs(2));
        player
            .play('1', Duration::from_millis(40), Duration::ZERO)
            .unwrap();
        assert_eq!(play(&mut player, 110)[0].0, 2000);
        assert_eq!(
            player.play('x', Duration::ZERO, Duration::ZERO),
            Err(ToneError::Unrecognized('x'))
        );
        let refused = (0..WAITING + 1).find_map(|_| player.play('1', Duration::ZERO, Duration::ZERO).err());
        assert_eq!(refused, Some(ToneError::TooMany(WAITING)));
    }
}
