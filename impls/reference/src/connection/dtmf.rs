//! `RTCDTMFSender` (webrtc-pc#rtcdtmfsender).

use std::time::Duration;

use glare_peer::{EventKind, Exception, ExceptionName, Handle, PeerConnectionState, SimTime};

use super::Connection;
use super::tasks::Task;
use super::transceiver::{TransceiverId, not_a};

/// How long a comma delays the tones after it.
const COMMA: Duration = Duration::from_secs(2);

/// The slots of an `RTCDTMFSender`.
#[derive(Debug)]
pub(super) struct DtmfSender {
    pub(super) handle: Handle,
    duration: Duration,
    inter_tone_gap: Duration,
    pub(super) tone_buffer: String,
    /// Whether a task to run the DTMF playout task steps is scheduled; when, if that is later.
    scheduled: Option<Option<SimTime>>,
}

impl DtmfSender {
    /// `webrtc-pc#dfn-create-an-rtcdtmfsender`.
    pub(super) fn new(handle: Handle) -> DtmfSender {
        DtmfSender {
            handle,
            duration: Duration::ZERO,
            inter_tone_gap: Duration::ZERO,
            tone_buffer: String::new(),
            scheduled: None,
        }
    }

    /// When its playout task is to be queued.
    pub(super) fn deadline(&self) -> Option<SimTime> {
        self.scheduled.flatten()
    }
}

impl Connection {
    /// `webrtc-pc#dom-rtcdtmfsender-insertdtmf`; `duration` and `inter_tone_gap` in milliseconds.
    pub(super) fn insert_dtmf(
        &mut self,
        handle: Handle,
        tones: &str,
        duration: u32,
        inter_tone_gap: u32,
    ) -> Result<(), Exception> {
        let id = self.transceiver_of_dtmf(handle)?;
        if !self.can_insert_dtmf(id) {
            return Err(Exception::new(
                ExceptionName::InvalidStateError,
                "no DTMF can be sent at the moment",
            ));
        }
        let tones = tones
            .chars()
            .map(|tone| match tone.to_ascii_uppercase() {
                tone @ ('0'..='9' | 'A'..='D' | '#' | '*' | ',') => Ok(tone),
                _ => {
                    let message = format!("{tone:?} is not a tone");
                    Err(Exception::new(ExceptionName::InvalidCharacterError, message))
                }
            })
            .collect::<Result<String, _>>()?;
        let Some(dtmf) = &mut self.transceiver_mut(id).sender.dtmf else {
            return Ok(());
        };
        dtmf.tone_buffer = tones;
        dtmf.duration = Duration::from_millis(duration.clamp(40, 6000).into());
        dtmf.inter_tone_gap = Duration::from_millis(inter_tone_gap.clamp(30, 6000).into());
        if dtmf.tone_buffer.is_empty() || dtmf.scheduled.is_some() {
            return Ok(());
        }
        dtmf.scheduled = Some(None);
        self.queue(Task::DtmfPlayout { transceiver: id });
        Ok(())
    }

    /// `webrtc-pc#dom-rtcdtmfsender-insertdtmf`, the DTMF playout task steps.
    pub(super) fn dtmf_playout(&mut self, id: TransceiverId) {
        let can_be_sent = self.can_insert_dtmf(id);
        let now = self.now;
        let Some(dtmf) = &mut self.transceiver_mut(id).sender.dtmf else {
            return;
        };
        dtmf.scheduled = None;
        if !can_be_sent {
            return;
        }
        let handle = dtmf.handle;
        if dtmf.tone_buffer.is_empty() {
            let tone = String::new();
            self.fire(handle, EventKind::ToneChange { tone });
            return;
        }
        let tone = dtmf.tone_buffer.remove(0);
        let (duration, gap) = (dtmf.duration, dtmf.inter_tone_gap);
        if tone == ',' {
            dtmf.scheduled = Some(Some(now + COMMA));
            self.delay_tones(id, COMMA);
        } else {
            dtmf.scheduled = Some(Some(now + duration + gap));
            self.play_tone(id, tone, duration, gap);
        }
        let tone = tone.to_string();
        self.fire(handle, EventKind::ToneChange { tone });
    }

    /// Queues the playout tasks that are due.
    pub(super) fn queue_due_tones(&mut self) {
        let now = self.now;
        for index in 0..self.transceivers.len() {
            let Some(dtmf) = &mut self.transceivers[index].sender.dtmf else {
                continue;
            };
            if dtmf.deadline().is_some_and(|at| at <= now) {
                dtmf.scheduled = Some(None);
                self.queue(Task::DtmfPlayout {
                    transceiver: TransceiverId(index),
                });
            }
        }
    }

    /// When the next playout task is to be queued.
    pub(super) fn next_tone(&self) -> Option<SimTime> {
        self.transceivers
            .iter()
            .filter_map(|transceiver| transceiver.sender.dtmf.as_ref()?.deadline())
            .min()
    }

    /// `webrtc-pc#dfn-determine-if-dtmf-can-be-sent`.
    pub(super) fn can_insert_dtmf(&self, id: TransceiverId) -> bool {
        let transceiver = self.transceiver(id);
        let sender = &transceiver.sender;
        self.connection_state == PeerConnectionState::Connected
            && !transceiver.stopping
            && sender.sender_track.is_some()
            && transceiver.current_direction.is_some_and(|it| it.sends())
            && sender.send_encodings.first().is_some_and(|it| it.active)
            && sender
                .send_codecs
                .iter()
                .any(|codec| codec.mime_type.eq_ignore_ascii_case("audio/telephone-event"))
    }

    /// The transceiver that a DTMF sender belongs to.
    pub(super) fn transceiver_of_dtmf(&self, handle: Handle) -> Result<TransceiverId, Exception> {
        self.transceivers
            .iter()
            .position(|transceiver| {
                transceiver
                    .sender
                    .dtmf
                    .as_ref()
                    .is_some_and(|dtmf| dtmf.handle == handle)
            })
            .map(TransceiverId)
            .ok_or_else(|| not_a(handle, "RTCDTMFSender"))
    }
}
