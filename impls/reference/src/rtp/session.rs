//! The session: all media of one transport.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use glare_peer::SimTime;

use super::configuration::{ConfigurationError, MediaSource, Section, SendEncoding};
use super::event::{MediaEvent, ToneError};
use super::srtp::{SrtpError, SrtpProfile, SrtpSession};
use super::statistics::{ContributingSource, InboundStatistics, OutboundStatistics, SourceStatistics};

/// The media of one transport, that is, of one BUNDLE group, with RTCP on the same port (RFC 5761).
///
/// After every call that takes `now`, [`MediaSession::transmit`] and [`MediaSession::event`] are to be asked until they have
/// nothing more, and [`MediaSession::deadline`] anew.
pub(crate) struct MediaSession {
    rng: fastrand::Rng,
    cname: String,
    srtp: Option<SrtpSession>,
    sections: Vec<Section>,
    transmit: VecDeque<Vec<u8>>,
    events: VecDeque<MediaEvent>,
}

impl MediaSession {
    /// A session without keys and sections. All its chance comes from `seed`: sequence numbers, timestamps, the times of
    /// reports. `cname` is the canonical name of this endpoint (RFC 8834 section 4.9).
    pub fn new(seed: u64, cname: &str) -> MediaSession {
        MediaSession {
            rng: fastrand::Rng::with_seed(seed),
            cname: cname.to_owned(),
            srtp: None,
            sections: Vec::new(),
            transmit: VecDeque::new(),
            events: VecDeque::new(),
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
        let _ = now;
        self.srtp = Some(SrtpSession::new(profile, keying_material, is_dtls_client)?);
        Ok(())
    }

    /// Puts the sections in force that a description has agreed on, in place of those before. Streams of the same `mid` and
    /// SSRC go on; those that are sent no longer end with `BYE`.
    ///
    /// # Errors
    ///
    /// When the sections contradict themselves; those before stay in force then.
    pub fn configure(&mut self, now: SimTime, sections: Vec<Section>) -> Result<(), ConfigurationError> {
        let _ = now;
        let mut mids = BTreeSet::new();
        let mut sent = BTreeSet::new();
        for section in &sections {
            if !mids.insert(section.mid.clone()) {
                return Err(ConfigurationError::MidTwice(section.mid.clone()));
            }
            section.check(&mut sent)?;
        }
        self.sections = sections;
        Ok(())
    }

    /// Gives a section another track, or none, without another SSRC (webrtc-pc#dom-rtcrtpsender-replacetrack). Without
    /// effect on a section that does not send, and for a source of the other kind.
    pub fn set_source(&mut self, now: SimTime, mid: &str, source: Option<MediaSource>) {
        let _ = (now, mid, source);
    }

    /// Changes the parameters of the encodings with the same SSRC (webrtc-pc#dom-rtcrtpsender-setparameters).
    pub fn set_encodings(&mut self, now: SimTime, mid: &str, encodings: &[SendEncoding]) {
        let _ = (now, mid, encodings);
    }

    /// Asks the remote for a key frame of everything that a section receives.
    pub fn request_key_frame(&mut self, now: SimTime, mid: &str) {
        let _ = (now, mid);
    }

    /// Plays a tone of DTMF once those before it have gone, with at least `gap` of silence after them
    /// (webrtc-pc#dom-rtcdtmfsender-insertdtmf, step 17.5). Audio pauses for it. [`MediaEvent::ToneSent`] follows.
    ///
    /// # Errors
    ///
    /// When the section has no telephone events, nothing is sent at the moment, or it is not a tone.
    pub fn play_tone(
        &mut self,
        now: SimTime,
        mid: &str,
        tone: char,
        duration: Duration,
        gap: Duration,
    ) -> Result<(), ToneError> {
        let _ = (now, tone, duration, gap);
        Err(ToneError::NoTelephoneEvents(mid.to_owned()))
    }

    /// Delays the tones that are played from now on, as a comma does (step 17.4 of the same).
    pub fn delay_tones(&mut self, now: SimTime, mid: &str, delay: Duration) {
        let _ = (now, mid, delay);
    }

    /// Forgets the tones that have not begun.
    pub fn cancel_tones(&mut self, mid: &str) {
        let _ = mid;
    }

    /// Ends all streams with `BYE`. Nothing is sent after it.
    pub fn close(&mut self, now: SimTime) {
        let _ = now;
    }

    /// Takes a datagram of SRTP or SRTCP. What is not one, is not authentic or belongs to no section is dropped and counted.
    pub fn input(&mut self, now: SimTime, datagram: &[u8]) {
        let _ = (now, datagram);
    }

    /// Takes RTP or RTCP as if it had just been decrypted.
    pub fn input_decrypted(&mut self, now: SimTime, packet: &[u8]) {
        let _ = (now, packet);
    }

    /// Lets what is due at `now` happen.
    pub fn advance(&mut self, now: SimTime) {
        let _ = now;
    }

    /// When [`MediaSession::advance`] is to be called, if nothing comes before.
    pub fn deadline(&self) -> Option<SimTime> {
        None
    }

    /// The next datagram to send.
    pub fn transmit(&mut self) -> Option<Vec<u8>> {
        self.transmit.pop_front()
    }

    /// The next event.
    pub fn event(&mut self) -> Option<MediaEvent> {
        self.events.pop_front()
    }

    /// The statistics of every stream that is or was received, by section and SSRC.
    pub fn inbound_statistics(&self, now: SimTime) -> Vec<InboundStatistics> {
        let _ = now;
        Vec::new()
    }

    /// The statistics of every stream that is sent, by section and encoding.
    pub fn outbound_statistics(&self, now: SimTime) -> Vec<OutboundStatistics> {
        let _ = now;
        Vec::new()
    }

    /// The statistics of the source of a section that sends.
    pub fn source_statistics(&self, now: SimTime, mid: &str) -> Option<SourceStatistics> {
        let _ = (now, mid);
        None
    }

    /// webrtc-pc#dom-rtcrtpreceiver-getcontributingsources: of the last 10 seconds, the latest first.
    pub fn contributing_sources(&self, now: SimTime, mid: &str) -> Vec<ContributingSource> {
        let _ = (now, mid);
        Vec::new()
    }

    /// webrtc-pc#dom-rtcrtpreceiver-getsynchronizationsources: of the last 10 seconds, the latest first.
    pub fn synchronization_sources(&self, now: SimTime, mid: &str) -> Vec<ContributingSource> {
        let _ = (now, mid);
        Vec::new()
    }

    /// How many datagrams were dropped because they were not RTP or RTCP, not authentic, or belonged to no section.
    pub fn dropped(&self) -> u64 {
        0
    }
}
