//! A section in force: its source, its senders, its tones, and who was heard in it.

use std::collections::BTreeMap;

use glare_peer::SimTime;

use super::super::configuration::{MediaSource, Section};
use super::super::contributing::Sources;
use super::super::event::MediaEvent;
use super::super::outlet::Outlet;
use super::super::sender::RtpSendStream;
use super::super::source::AttachedSource;
use super::super::tones::TonePlayer;

/// Streams that are not sent at the moment, by their SSRC. Their numbers go on where they stopped when they are sent again, because a
/// number is never to be protected twice under the same keys (RFC 3711 section 9.1).
pub(super) type Dormant = BTreeMap<u32, RtpSendStream>;

/// A section, and what goes on in it.
#[derive(Debug)]
pub(super) struct ActiveSection {
    pub section: Section,
    pub source: Option<AttachedSource>,
    pub senders: Vec<RtpSendStream>,
    pub tones: TonePlayer,
    pub contributing: Sources,
    pub synchronization: Sources,
}

impl ActiveSection {
    /// A section in which nothing goes on yet.
    pub fn new(section: Section) -> ActiveSection {
        ActiveSection {
            section,
            source: None,
            senders: Vec::new(),
            tones: TonePlayer::default(),
            contributing: Sources::default(),
            synchronization: Sources::default(),
        }
    }

    /// Takes what a description has changed. Gives the SSRCs that are no longer sent for good, if the section still sends.
    pub fn configure(
        &mut self,
        now: SimTime,
        section: Section,
        rng: &mut fastrand::Rng,
        dormant: &mut Dormant,
    ) -> Vec<RtpSendStream> {
        self.section = section;
        let before = std::mem::take(&mut self.senders);
        let mut before: Dormant = before.into_iter().map(|sender| (sender.ssrc, sender)).collect();
        let Some(send) = &self.section.send else {
            before.values_mut().for_each(RtpSendStream::pause);
            dormant.append(&mut before);
            self.source = None;
            self.tones.stop();
            return Vec::new();
        };
        for (index, encoding) in send.encodings.iter().enumerate() {
            let known = before
                .remove(&encoding.ssrc)
                .or_else(|| dormant.remove(&encoding.ssrc));
            let sender =
                known.unwrap_or_else(|| RtpSendStream::new(rng, &self.section, send.format, index, encoding));
            self.senders.push(sender);
        }
        let source = send.source;
        self.attach(now, source);
        before.into_values().collect()
    }

    /// Gives the section another source, and the senders what it means for them.
    pub fn attach(&mut self, now: SimTime, source: Option<MediaSource>) {
        if self.source.map(|attached| attached.source) != source {
            let before = self.source;
            self.source = source.map(|source| match before {
                Some(before) => before.replaced(now, source),
                None => AttachedSource::new(now, source),
            });
        }
        if let Some(send) = &mut self.section.send {
            send.source = source;
        }
    }

    /// Tells the senders all that they have to know. `sending` says whether there are keys.
    pub fn apply(&mut self, now: SimTime, sending: bool) {
        for (index, sender) in self.senders.iter_mut().enumerate() {
            sender.configure(now, &self.section, index, self.source.as_ref(), sending);
        }
        if self.senders.iter().all(|sender| sender.deadline().is_none()) {
            self.tones.stop();
        }
    }

    /// Whether audio is being sent, and with it telephone events can be.
    pub fn can_play_tones(&self) -> bool {
        let send = self.section.send.as_ref();
        send.is_some_and(|send| send.telephone_event.is_some())
            && self
                .senders
                .first()
                .is_some_and(|sender| sender.deadline().is_some())
    }

    /// When something is to be sent.
    pub fn deadline(&self) -> Option<SimTime> {
        self.senders.iter().filter_map(RtpSendStream::deadline).min()
    }

    /// Sends what is due.
    pub fn advance(&mut self, now: SimTime, outlet: &mut Outlet, events: &mut impl Extend<MediaEvent>) {
        let format = self.section.send.as_ref().and_then(|send| send.telephone_event);
        for (index, sender) in self.senders.iter_mut().enumerate() {
            // Tones go with the first encoding, and audio has but one.
            let tones = format
                .filter(|_| index == 0)
                .map(|format| (&mut self.tones, format));
            let ended = sender.advance(now, tones, outlet);
            events.extend(ended.map(|tone| MediaEvent::ToneSent {
                mid: self.section.mid.clone(),
                tone,
            }));
        }
    }
}
