//! The session: all media of one transport.
//!
//! This file is its interface and its timers; `section` is a section in force, `input` what comes in, `reports` what is said of it.

mod input;
mod reports;
mod section;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use glare_peer::SimTime;

use self::reports::ReportTimer;
use self::section::{ActiveSection, Dormant};
use super::configuration::{ConfigurationError, HeaderExtension, MediaSource, Section, SendEncoding};
use super::demultiplexer::Demultiplexer;
use super::event::{MediaEvent, ToneError};
use super::outlet::Outlet;
use super::receiver::RtpReceiveStream;
use super::rtcp::TransportFeedbackGenerator;
use super::sender::RtpSendStream;
use super::srtp::{SrtpError, SrtpProfile, SrtpSession};
use super::statistics::{ContributingSource, InboundStatistics, OutboundStatistics, SourceStatistics};

/// The longest canonical name, bytes (RFC 3550 section 6.5).
const LONGEST_CNAME: usize = 255;

/// The media of one transport, that is, of one BUNDLE group, with RTCP on the same port (RFC 5761).
///
/// After every call that takes `now`, [`MediaSession::transmit`] and [`MediaSession::event`] are to be asked until they have
/// nothing more, and [`MediaSession::deadline`] anew.
#[derive(Debug)]
pub(crate) struct MediaSession {
    rng: fastrand::Rng,
    cname: String,
    /// The wall clock at the beginning of the run, since the Unix epoch.
    unix_time: Duration,
    /// Who reports while nothing is sent.
    receiver_ssrc: u32,
    outlet: Outlet,
    sections: Vec<ActiveSection>,
    dormant: Dormant,
    extension_map: Vec<HeaderExtension>,
    demultiplexer: Demultiplexer,
    receivers: BTreeMap<u32, RtpReceiveStream>,
    transport_feedback: TransportFeedbackGenerator,
    reports: ReportTimer,
    events: VecDeque<MediaEvent>,
    /// The buffer for what comes in.
    incoming: Vec<u8>,
    dropped: u64,
    transport_arrived: u64,
    transport_lost: u64,
    closed: bool,
}

impl MediaSession {
    /// A session without keys and sections. All its chance comes from `seed`: sequence numbers, timestamps, the times of
    /// reports. `cname` is the canonical name of this endpoint (RFC 8834 section 4.9), of which 255 bytes are used at most.
    /// `unix_time` is the wall clock at [`SimTime::ZERO`], since the Unix epoch.
    pub fn new(seed: u64, cname: &str, unix_time: Duration) -> MediaSession {
        let mut rng = fastrand::Rng::with_seed(seed);
        let receiver_ssrc = rng.u32(1..);
        let cut = (0..=LONGEST_CNAME.min(cname.len())).rev();
        let length = cut.into_iter().find(|at| cname.is_char_boundary(*at));
        MediaSession {
            rng,
            cname: cname.get(..length.unwrap_or(0)).unwrap_or_default().to_owned(),
            unix_time,
            receiver_ssrc,
            outlet: Outlet::default(),
            sections: Vec::new(),
            dormant: Dormant::new(),
            extension_map: Vec::new(),
            demultiplexer: Demultiplexer::default(),
            receivers: BTreeMap::new(),
            transport_feedback: TransportFeedbackGenerator::default(),
            reports: ReportTimer::default(),
            events: VecDeque::new(),
            incoming: Vec::new(),
            dropped: 0,
            transport_arrived: 0,
            transport_lost: 0,
            closed: false,
        }
    }

    /// Whether a datagram is one of RTP or RTCP, by its first byte (RFC 7983 section 7).
    pub fn is_media(datagram: &[u8]) -> bool {
        matches!(datagram.first(), Some(128..=191))
    }

    /// Begins to send and receive with the keys that DTLS exported: the label is `EXTRACTOR-dtls_srtp`, the length
    /// [`SrtpProfile::keying_material_length`], the order that of RFC 5764 section 4.2. A new DTLS association brings new
    /// keys; the streams go on.
    ///
    /// # Errors
    ///
    /// When the length is another one.
    pub fn set_keys(
        &mut self,
        now: SimTime,
        profile: SrtpProfile,
        keying_material: &[u8],
        is_dtls_client: bool,
    ) -> Result<(), SrtpError> {
        let srtp = SrtpSession::new(profile, keying_material, is_dtls_client)?;
        if !self.closed {
            self.outlet.set_keys(Some(srtp));
            self.apply(now);
            self.send_frames(now);
        }
        Ok(())
    }

    /// Puts the sections in force that a description has agreed on, in place of those before. Streams of the same `mid` and
    /// SSRC go on. A stream that was sent ends with `BYE` where its section is gone, or has other SSRCs; where the section does not
    /// send for a while it goes on later.
    ///
    /// # Errors
    ///
    /// When the sections contradict themselves; those before stay in force then.
    pub fn configure(&mut self, now: SimTime, sections: Vec<Section>) -> Result<(), ConfigurationError> {
        let mut mids = BTreeSet::new();
        let mut sent = BTreeSet::new();
        for section in &sections {
            if !mids.insert(section.mid.clone()) {
                return Err(ConfigurationError::MidTwice(section.mid.clone()));
            }
            section.check(&mut sent)?;
        }
        if self.closed {
            return Ok(());
        }
        self.demultiplexer.configure(&sections);
        self.extension_map = Vec::new();
        for extension in sections.iter().flat_map(|section| &section.extensions) {
            if !self.extension_map.iter().any(|known| known.id == extension.id) {
                self.extension_map.push(*extension);
            }
        }
        let mut before: BTreeMap<String, (usize, ActiveSection)> = std::mem::take(&mut self.sections)
            .into_iter()
            .enumerate()
            .map(|(at, active)| (active.section.mid.clone(), (at, active)))
            .collect();
        let mut moved = BTreeMap::new();
        let mut ended = Vec::new();
        for section in sections {
            let known = before.remove(&section.mid);
            if let Some((at, _)) = &known
                && section.receive.is_some()
            {
                moved.insert(*at, self.sections.len());
            }
            let mut active = known.map_or_else(|| ActiveSection::new(section.clone()), |(_, active)| active);
            ended.extend(active.configure(now, section, &mut self.rng, &mut self.dormant));
            self.sections.push(active);
        }
        ended.extend(before.into_values().flat_map(|(_, active)| active.senders));
        self.receivers.retain(|_, receiver| {
            let section = moved.get(&receiver.section).copied();
            receiver.section = section.unwrap_or(receiver.section);
            section.is_some()
        });
        self.end(now, ended);
        self.apply(now);
        self.send_frames(now);
        Ok(())
    }

    /// Ends what a section sends, with `BYE` (webrtc-pc#dfn-stop-sending-and-receiving, step 3).
    pub fn stop_sending(&mut self, now: SimTime, mid: &str) {
        let Some(active) = self.section_mut(mid) else {
            return;
        };
        active.section.send = None;
        active.tones.stop();
        let ended = std::mem::take(&mut active.senders);
        self.end(now, ended);
    }

    /// Says `BYE` for streams and keeps their numbers, should their SSRCs come back.
    fn end(&mut self, now: SimTime, ended: Vec<RtpSendStream>) {
        self.send_bye(now, &ended.iter().collect::<Vec<_>>());
        for mut sender in ended.into_iter().filter(RtpSendStream::has_sent) {
            sender.pause();
            self.dormant.insert(sender.ssrc, sender);
        }
    }

    /// Gives a section another track, or none, without another SSRC (webrtc-pc#dom-rtcrtpsender-replacetrack). Without
    /// effect on a section that does not send, and for a source of the other kind.
    pub fn set_source(&mut self, now: SimTime, mid: &str, source: Option<MediaSource>) {
        if source.is_some_and(|source| {
            self.section(mid)
                .is_none_or(|known| known.section.kind != source.kind())
        }) {
            return;
        }
        if let Some(active) = self
            .section_mut(mid)
            .filter(|active| active.section.send.is_some())
        {
            active.attach(now, source);
            self.apply(now);
            self.send_frames(now);
        }
    }

    /// Changes the parameters of the encodings with the same SSRC (webrtc-pc#dom-rtcrtpsender-setparameters).
    pub fn set_encodings(&mut self, now: SimTime, mid: &str, encodings: &[SendEncoding]) {
        if let Some(send) = self
            .section_mut(mid)
            .and_then(|active| active.section.send.as_mut())
        {
            for known in &mut send.encodings {
                if let Some(encoding) = encodings.iter().find(|encoding| encoding.ssrc == known.ssrc) {
                    *known = encoding.clone();
                }
            }
            self.apply(now);
            self.send_frames(now);
        }
    }

    /// Asks the remote for a key frame of everything that a section receives.
    pub fn request_key_frame(&mut self, now: SimTime, mid: &str) {
        let Some(section) = self.sections.iter().position(|active| active.section.mid == mid) else {
            return;
        };
        for receiver in self.receivers.values_mut() {
            if receiver.section == section {
                receiver.request_key_frame(now);
            }
        }
        self.send_feedback(now);
    }

    /// Plays a tone of DTMF once those before it have gone, with at least `gap` of silence after them
    /// (webrtc-pc#dom-rtcdtmfsender-insertdtmf, step 17.5). Audio pauses for it. [`MediaEvent::ToneSent`] follows.
    ///
    /// # Errors
    ///
    /// When the section has no telephone events, nothing is sent at the moment, or it is not a tone.
    pub fn play_tone(
        &mut self,
        mid: &str,
        tone: char,
        duration: Duration,
        gap: Duration,
    ) -> Result<(), ToneError> {
        self.section_mut(mid)
            .filter(|active| active.can_play_tones())
            .ok_or_else(|| ToneError::NoTelephoneEvents(mid.to_owned()))?
            .tones
            .play(tone, duration, gap)
    }

    /// Delays the tones that are played from now on, as a comma does (step 17.4 of the same).
    pub fn delay_tones(&mut self, now: SimTime, mid: &str, delay: Duration) {
        if let Some(active) = self.section_mut(mid) {
            active.tones.delay(now, delay);
        }
    }

    /// Forgets the tones that have not begun.
    pub fn cancel_tones(&mut self, mid: &str) {
        if let Some(active) = self.section_mut(mid) {
            active.tones.cancel();
        }
    }

    /// Ends all streams with `BYE`. Nothing is sent after it.
    pub fn close(&mut self, now: SimTime) {
        let ended: Vec<_> = self
            .sections
            .iter_mut()
            .flat_map(|active| std::mem::take(&mut active.senders))
            .collect();
        self.end(now, ended);
        self.outlet.set_keys(None);
        self.reports.stop();
        self.receivers.clear();
        self.closed = true;
    }

    /// Lets what is due at `now` happen.
    pub fn advance(&mut self, now: SimTime) {
        if self.closed || !self.outlet.is_open() {
            return;
        }
        self.send_frames(now);
        let waiting: Vec<u32> = self
            .receivers
            .values()
            .filter(|receiver| receiver.deadline().is_some_and(|due| due <= now))
            .map(|receiver| receiver.ssrc)
            .collect();
        waiting.into_iter().for_each(|ssrc| self.give_frames(now, ssrc));
        self.send_feedback(now);
        self.send_report(now);
    }

    /// When [`MediaSession::advance`] is to be called, if nothing comes before.
    pub fn deadline(&self) -> Option<SimTime> {
        if self.closed || !self.outlet.is_open() {
            return None;
        }
        let sections = self.sections.iter().filter_map(ActiveSection::deadline);
        let receivers = self.receivers.values().filter_map(RtpReceiveStream::deadline);
        let others = [self.transport_feedback.deadline(), self.reports.deadline()];
        sections
            .chain(receivers)
            .chain(others.into_iter().flatten())
            .min()
    }

    /// The next datagram to send.
    pub fn transmit(&mut self) -> Option<Vec<u8>> {
        self.outlet.next()
    }

    /// The next event.
    pub fn event(&mut self) -> Option<MediaEvent> {
        self.events.pop_front()
    }

    /// The statistics of every stream that is or was received, by section and SSRC.
    pub fn inbound_statistics(&self, now: SimTime) -> Vec<InboundStatistics> {
        let of = |receiver: &RtpReceiveStream| {
            let active = self.sections.get(receiver.section)?;
            Some(receiver.statistics(now, &active.section.mid))
        };
        let mut statistics: Vec<_> = self.receivers.values().collect();
        statistics.sort_by_key(|receiver| receiver.section);
        statistics.into_iter().filter_map(of).collect()
    }

    /// The statistics of every stream that is sent, by section and encoding.
    pub fn outbound_statistics(&self, now: SimTime) -> Vec<OutboundStatistics> {
        self.senders().map(|sender| sender.statistics(now)).collect()
    }

    /// The statistics of the source of a section that sends.
    pub fn source_statistics(&self, now: SimTime, mid: &str) -> Option<SourceStatistics> {
        Some(self.section(mid)?.source.as_ref()?.statistics(now))
    }

    /// webrtc-pc#dom-rtcrtpreceiver-getcontributingsources: of the last 10 seconds, the latest first.
    pub fn contributing_sources(&self, now: SimTime, mid: &str) -> Vec<ContributingSource> {
        self.section(mid)
            .map_or_else(Vec::new, |active| active.contributing.recent(now))
    }

    /// webrtc-pc#dom-rtcrtpreceiver-getsynchronizationsources: of the last 10 seconds, the latest first.
    pub fn synchronization_sources(&self, now: SimTime, mid: &str) -> Vec<ContributingSource> {
        self.section(mid)
            .map_or_else(Vec::new, |active| active.synchronization.recent(now))
    }

    /// How many datagrams were dropped because they were not RTP or RTCP, not authentic, or belonged to no section.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// How many packets were not sent, because the keys were used up (RFC 3711 section 9.2).
    pub fn unprotected(&self) -> u64 {
        self.outlet.unprotected()
    }

    /// How many packets the transport-wide feedback of the remote says to have come, and how many to be missing.
    pub fn transport_feedback(&self) -> (u64, u64) {
        (self.transport_arrived, self.transport_lost)
    }

    fn section(&self, mid: &str) -> Option<&ActiveSection> {
        self.sections.iter().find(|active| active.section.mid == mid)
    }

    fn section_mut(&mut self, mid: &str) -> Option<&mut ActiveSection> {
        self.sections.iter_mut().find(|active| active.section.mid == mid)
    }

    fn senders(&self) -> impl Iterator<Item = &RtpSendStream> {
        self.sections.iter().flat_map(|active| &active.senders)
    }

    /// A stream that is sent, with the `mid` of its section.
    fn sender_mut(&mut self, ssrc: u32) -> Option<(&str, &mut RtpSendStream)> {
        self.sections.iter_mut().find_map(|active| {
            let sender = active.senders.iter_mut().find(|sender| sender.ssrc == ssrc)?;
            Some((active.section.mid.as_str(), sender))
        })
    }

    /// Tells the senders all that has changed.
    fn apply(&mut self, now: SimTime) {
        let sending = self.outlet.is_open();
        self.sections
            .iter_mut()
            .for_each(|active| active.apply(now, sending));
    }

    /// Sends the frames that are due.
    fn send_frames(&mut self, now: SimTime) {
        if !self.outlet.is_open()
            || self
                .sections
                .iter()
                .all(|active| active.deadline().is_none_or(|due| due > now))
        {
            return;
        }
        for active in &mut self.sections {
            active.advance(now, &mut self.outlet, &mut self.events);
        }
        self.note_activity(now);
    }
}
