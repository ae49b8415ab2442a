//! `addTrack()`, `removeTrack()` and `addTransceiver()` (webrtc-pc#rtcpeerconnection-interface-extensions).

use glare_peer::{
    Exception, ExceptionName, Handle, MediaKind, RtpTransceiverDirection, RtpTransceiverInit, TrackOrKind,
};

use super::Connection;
use super::encodings;
use super::transceiver::{TransceiverId, closed, not_a};

impl Connection {
    /// `webrtc-pc#dom-rtcpeerconnection-addtrack`.
    pub(super) fn add_track(&mut self, track: Handle, streams: &[Handle]) -> Result<Handle, Exception> {
        let kind = self.track(track)?.kind;
        let stream_ids = self.stream_ids(streams)?;
        if self.is_closed {
            return Err(closed());
        }
        let has_it = self
            .collected()
            .any(|(_, transceiver)| !transceiver.stopped && transceiver.sender.sender_track == Some(track));
        if has_it {
            return Err(Exception::new(
                ExceptionName::InvalidAccessError,
                "a sender has this track already",
            ));
        }
        let reusable = self.collected().find(|(_, transceiver)| {
            !transceiver.stopped
                && transceiver.sender.sender_track.is_none()
                && transceiver.kind == kind
                && !transceiver.stopping
                && !transceiver.has_sent
        });
        let id = match reusable.map(|(id, _)| id) {
            Some(id) => {
                let transceiver = self.transceiver_mut(id);
                transceiver.sender.sender_track = Some(track);
                transceiver.sender.associated_media_stream_ids = stream_ids;
                transceiver.direction = RtpTransceiverDirection::of(true, transceiver.direction.receives());
                id
            }
            None => {
                let id = self.create_an_rtc_rtp_transceiver(
                    Some(track),
                    kind,
                    stream_ids,
                    Vec::new(),
                    RtpTransceiverDirection::SendRecv,
                );
                self.transceiver_mut(id).created_by_add_track = true;
                id
            }
        };
        self.transceiver_mut(id).used_by_add_track = true;
        self.tracks_added += 1;
        self.media_changed(id);
        self.update_the_negotiation_needed_flag();
        Ok(self.transceiver(id).sender.handle)
    }

    /// `webrtc-pc#dom-rtcpeerconnection-removetrack`.
    pub(super) fn remove_track(&mut self, sender: Handle) -> Result<(), Exception> {
        if self.is_closed {
            return Err(closed());
        }
        let id = self.transceiver_of_sender(sender).map_err(|error| Exception {
            name: ExceptionName::InvalidAccessError,
            ..error
        })?;
        let in_senders = self.collect_senders().contains(&sender);
        let transceiver = self.transceiver_mut(id);
        if transceiver.stopping || !in_senders || transceiver.sender.sender_track.is_none() {
            return Ok(());
        }
        transceiver.sender.sender_track = None;
        transceiver.direction = RtpTransceiverDirection::of(false, transceiver.direction.receives());
        self.media_changed(id);
        self.update_the_negotiation_needed_flag();
        Ok(())
    }

    /// `webrtc-pc#dom-rtcpeerconnection-addtransceiver`.
    pub(super) fn add_transceiver(
        &mut self,
        track_or_kind: &TrackOrKind,
        init: RtpTransceiverInit,
    ) -> Result<Handle, Exception> {
        let (track, kind) = match track_or_kind {
            TrackOrKind::Kind(kind) => {
                let kind = kind.parse::<MediaKind>().map_err(|_| {
                    let message = format!("the kind {kind:?} is neither \"audio\" nor \"video\"");
                    Exception::new(ExceptionName::TypeError, message)
                })?;
                (None, kind)
            }
            TrackOrKind::Track(track) => (Some(*track), self.track(*track)?.kind),
        };
        let stream_ids = self.stream_ids(&init.streams)?;
        let id = self.add_transceiver_unannounced(track, kind, stream_ids, init)?;
        self.update_the_negotiation_needed_flag();
        Ok(self.transceiver(id).handle)
    }

    /// `webrtc-pc#dom-rtcpeerconnection-addtransceiver`, steps 7 to 12. The last but one step is left to the caller, because
    /// the legacy options of `createOffer()` do not want it.
    pub(super) fn add_transceiver_unannounced(
        &mut self,
        track: Option<Handle>,
        kind: MediaKind,
        stream_ids: Vec<String>,
        init: RtpTransceiverInit,
    ) -> Result<TransceiverId, Exception> {
        if self.is_closed {
            return Err(closed());
        }
        // The steps let "stopped" through, which no transceiver may begin with; the attribute's setter says TypeError.
        if init.direction == RtpTransceiverDirection::Stopped {
            let message = "a transceiver cannot begin with the direction \"stopped\"";
            return Err(Exception::new(ExceptionName::TypeError, message));
        }
        let send_encodings = encodings::validate(init.send_encodings, kind)?;
        Ok(self.create_an_rtc_rtp_transceiver(track, kind, stream_ids, send_encodings, init.direction))
    }

    /// `webrtc-pc#dom-rtcrtpsender-setstreams`.
    pub(super) fn set_streams(&mut self, sender: Handle, streams: &[Handle]) -> Result<(), Exception> {
        let id = self.transceiver_of_sender(sender)?;
        if self.is_closed {
            return Err(closed());
        }
        let stream_ids = self.stream_ids(streams)?;
        self.transceiver_mut(id).sender.associated_media_stream_ids = stream_ids;
        self.update_the_negotiation_needed_flag();
        Ok(())
    }

    /// The obsolete `addStream()`, as webrtc-pc#legacy-interface-extensions writes it: `addTrack()` for each of its tracks.
    pub(super) fn add_stream(&mut self, stream: Handle) -> Result<(), Exception> {
        for track in self.stream(stream)?.tracks.clone() {
            self.add_track(track, &[stream])?;
        }
        Ok(())
    }

    /// The obsolete `removeStream()`: `removeTrack()` for each sender that has one of its tracks.
    pub(super) fn remove_stream(&mut self, stream: Handle) -> Result<(), Exception> {
        let tracks = self.stream(stream)?.tracks.clone();
        if self.is_closed {
            return Err(closed());
        }
        let senders: Vec<Handle> = self
            .collected()
            .filter(|(_, transceiver)| {
                !transceiver.stopped
                    && transceiver
                        .sender
                        .sender_track
                        .is_some_and(|track| tracks.contains(&track))
            })
            .map(|(_, transceiver)| transceiver.sender.handle)
            .collect();
        senders
            .into_iter()
            .try_for_each(|sender| self.remove_track(sender))
    }

    /// The obsolete `createDTMFSender()`: the DTMF sender of the sender that has the track.
    pub(super) fn create_dtmf_sender(&mut self, track: Handle) -> Result<Handle, Exception> {
        self.track(track)?;
        if self.is_closed {
            return Err(closed());
        }
        let sender = self
            .collected()
            .find(|(_, transceiver)| !transceiver.stopped && transceiver.sender.sender_track == Some(track))
            .map(|(_, transceiver)| &transceiver.sender);
        let dtmf = sender.and_then(|sender| sender.dtmf.as_ref());
        dtmf.map(|dtmf| dtmf.handle).ok_or_else(|| Exception {
            name: ExceptionName::InvalidAccessError,
            ..not_a(track, "audio track of a sender")
        })
    }
}
