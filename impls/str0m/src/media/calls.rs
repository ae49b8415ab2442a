//! The methods of media, as far as str0m goes.

use glare_peer::{
    Called, EventKind, Exception, ExceptionName, Handle, MediaKind, Operation, OperationId,
    RtpTransceiverDirection, RtpTransceiverInit, SimTime, TrackOrKind, Unsupported, Value,
};
use str0m::media::{KeyframeRequest, MediaData, Rid, Simulcast, SimulcastLayer};

use super::{Change, Media, Object, TrackChange, direction, kind, sections};
use crate::clock;
use crate::connection::{Connection, Happening, threw};

/// The widest picture that is sent, pixels.
const WIDTH: u16 = 1280;

impl Connection {
    /// Calls a method of media; gives the operation back where it is none.
    pub(crate) fn call_media(&mut self, id: OperationId, operation: Operation) -> Result<Called, Operation> {
        Ok(match operation {
            Operation::GetUserMedia { audio, video } => self.get_user_media(id, audio, video),
            Operation::ConstructMediaStream { tracks } => {
                let tracks = match self.tracks(&tracks) {
                    Ok(tracks) => tracks,
                    Err(called) => return Ok(called),
                };
                let name = self.new_id();
                let stream = self.media.add_stream(name, tracks);
                returned(self.media.streams[stream].handle)
            }
            Operation::GetTracks { stream } => self.track_list(stream, None),
            Operation::GetAudioTracks { stream } => self.track_list(stream, Some(MediaKind::Audio)),
            Operation::GetVideoTracks { stream } => self.track_list(stream, Some(MediaKind::Video)),
            Operation::SetEnabled { track, enabled } => match self.media.object(track) {
                Some(Object::Track(index)) => {
                    self.media.tracks[index].enabled = enabled;
                    Called::Returned(Value::Undefined)
                }
                _ => no_such_object(track),
            },
            Operation::StopTrack { track } => match self.media.object(track) {
                Some(Object::Track(index)) => {
                    self.media.tracks[index].ended = true;
                    Called::Returned(Value::Undefined)
                }
                _ => no_such_object(track),
            },
            Operation::GetTransceivers => Called::Returned(self.media.transceiver_list()),
            Operation::GetSenders => Called::Returned(self.media.list(|transceiver| transceiver.sender)),
            Operation::GetReceivers => Called::Returned(self.media.list(|transceiver| transceiver.receiver)),
            Operation::AddTrack { track, streams } => self.add_track(track, &streams),
            Operation::RemoveTrack { sender } => self.remove_track(sender),
            Operation::AddTransceiver { track_or_kind, init } => self.add_transceiver(track_or_kind, &init),
            Operation::ReplaceTrack { sender, track } => self.replace_track(id, sender, track),
            Operation::SetDirection {
                transceiver,
                direction,
            } => self.set_direction(transceiver, direction),
            Operation::StopTransceiver { transceiver } => match self.media.object(transceiver) {
                Some(Object::Transceiver(index)) => {
                    let transceiver = &mut self.media.transceivers[index];
                    transceiver.stopping = true;
                    // What was never offered is nobody else's affair.
                    transceiver.stopped |= transceiver.mid.is_none() && transceiver.offered.is_none();
                    Called::Returned(Value::Undefined)
                }
                _ => no_such_object(transceiver),
            },
            other => return Err(other),
        })
    }

    /// A UUID of the peer's own chance.
    pub(crate) fn new_id(&mut self) -> String {
        uuid(&mut self.chance)
    }

    fn settle(&mut self, id: OperationId, result: Result<Value, Exception>) -> Called {
        self.happenings.push_back(Happening::Settled(id, result));
        self.happenings.push_back(Happening::TaskEnd);
        Called::Promise
    }

    fn get_user_media(&mut self, id: OperationId, audio: bool, video: bool) -> Called {
        let kinds = [(audio, MediaKind::Audio), (video, MediaKind::Video)];
        let mut tracks = Vec::new();
        for kind in kinds
            .into_iter()
            .filter_map(|(wanted, kind)| wanted.then_some(kind))
        {
            let name = self.new_id();
            tracks.push(self.media.add_track(kind, name, false));
        }
        if tracks.is_empty() {
            let message = "getUserMedia() needs audio or video";
            return self.settle(id, Err(Exception::new(ExceptionName::TypeError, message)));
        }
        let name = self.new_id();
        let stream = self.media.add_stream(name, tracks);
        self.settle(id, Ok(Value::Object(self.media.streams[stream].handle)))
    }

    fn track_list(&self, stream: Handle, kind: Option<MediaKind>) -> Called {
        match self.media.object(stream) {
            Some(Object::Stream(index)) => {
                Called::Returned(self.media.track_list(&self.media.streams[index], kind))
            }
            _ => no_such_object(stream),
        }
    }

    fn tracks(&self, handles: &[Handle]) -> Result<Vec<usize>, Called> {
        let track = |handle: &Handle| match self.media.object(*handle) {
            Some(Object::Track(index)) => Ok(index),
            _ => Err(no_such_object(*handle)),
        };
        handles.iter().map(track).collect()
    }

    fn streams(&self, handles: &[Handle]) -> Result<Vec<usize>, Called> {
        let stream = |handle: &Handle| match self.media.object(*handle) {
            Some(Object::Stream(index)) => Ok(index),
            _ => Err(no_such_object(*handle)),
        };
        handles.iter().map(stream).collect()
    }

    /// webrtc-pc#dom-rtcpeerconnection-addtrack.
    fn add_track(&mut self, track: Handle, streams: &[Handle]) -> Called {
        let (track, streams) = match (self.tracks(&[track]), self.streams(streams)) {
            (Ok(tracks), Ok(streams)) => (tracks[0], streams),
            (Err(called), _) | (_, Err(called)) => return called,
        };
        let media = &mut self.media;
        let kind = media.tracks[track].kind;
        let is_taken = |index: &usize| media.transceivers[*index].sender_track == Some(track);
        if media.order.iter().any(is_taken) {
            let message = "the track has a sender already".to_owned();
            return threw(ExceptionName::InvalidAccessError, message);
        }
        let reusable = media.order.iter().copied().find(|index| {
            let transceiver = &media.transceivers[*index];
            transceiver.sender_track.is_none()
                && transceiver.kind == kind
                && !transceiver.stopped
                && !transceiver.stopping
                && !transceiver.has_sent
        });
        let index = match reusable {
            Some(index) => {
                let transceiver = &mut media.transceivers[index];
                let receives = transceiver.direction.receives();
                transceiver.direction = RtpTransceiverDirection::of(true, receives);
                index
            }
            None => {
                let name = uuid(&mut self.chance);
                let index = media.add_transceiver(kind, RtpTransceiverDirection::SendRecv, name);
                media.transceivers[index].by_add_track = true;
                index
            }
        };
        let transceiver = &mut media.transceivers[index];
        transceiver.sender_track = Some(track);
        transceiver.streams = streams;
        returned(transceiver.sender)
    }

    /// webrtc-pc#dom-rtcpeerconnection-removetrack.
    fn remove_track(&mut self, sender: Handle) -> Called {
        let Some(Object::Sender(index)) = self.media.object(sender) else {
            return no_such_object(sender);
        };
        let transceiver = &mut self.media.transceivers[index];
        if !transceiver.stopped && transceiver.sender_track.take().is_some() {
            let receives = transceiver.direction.receives();
            transceiver.direction = RtpTransceiverDirection::of(false, receives);
        }
        Called::Returned(Value::Undefined)
    }

    /// webrtc-pc#dom-rtcpeerconnection-addtransceiver. Of an encoding str0m knows the rid alone.
    fn add_transceiver(&mut self, track_or_kind: TrackOrKind, init: &RtpTransceiverInit) -> Called {
        let (kind, track) = match track_or_kind {
            TrackOrKind::Track(handle) => match self.tracks(&[handle]) {
                Ok(tracks) => (self.media.tracks[tracks[0]].kind, Some(tracks[0])),
                Err(called) => return called,
            },
            TrackOrKind::Kind(name) => match name.parse() {
                Ok(kind) => (kind, None),
                Err(error) => return threw(ExceptionName::TypeError, format!("{error}")),
            },
        };
        let streams = match self.streams(&init.streams) {
            Ok(streams) => streams,
            Err(called) => return called,
        };
        let limits = init.send_encodings.iter().any(|encoding| {
            !encoding.active
                || encoding.codec.is_some()
                || encoding.max_bitrate.is_some()
                || encoding.max_framerate.is_some()
                || encoding.scale_resolution_down_by.is_some()
        });
        if limits {
            return Called::Unsupported(Unsupported::new("str0m encodes nothing: it limits no encoding"));
        }
        let rids: Option<Vec<Rid>> = init
            .send_encodings
            .iter()
            .map(|encoding| encoding.rid.as_deref().map(Rid::from))
            .collect();
        let name = uuid(&mut self.chance);
        let index = self.media.add_transceiver(kind, init.direction, name);
        let transceiver = &mut self.media.transceivers[index];
        transceiver.sender_track = track;
        transceiver.streams = streams;
        transceiver.rids = rids.unwrap_or_default();
        returned(transceiver.handle)
    }

    /// webrtc-pc#dom-rtcrtpsender-replacetrack.
    fn replace_track(&mut self, id: OperationId, sender: Handle, track: Option<Handle>) -> Called {
        let Some(Object::Sender(index)) = self.media.object(sender) else {
            return no_such_object(sender);
        };
        let track = match track.map(|track| self.tracks(&[track])).transpose() {
            Ok(tracks) => tracks.map(|tracks| tracks[0]),
            Err(called) => return called,
        };
        let transceiver = &mut self.media.transceivers[index];
        if track.is_some_and(|track| self.media.tracks[track].kind != transceiver.kind) {
            let message = "the track is of another kind";
            return self.settle(id, Err(Exception::new(ExceptionName::TypeError, message)));
        }
        if transceiver.stopped || transceiver.stopping {
            let message = "the transceiver is stopped";
            let error = Exception::new(ExceptionName::InvalidStateError, message);
            return self.settle(id, Err(error));
        }
        transceiver.sender_track = track;
        self.settle(id, Ok(Value::Undefined))
    }

    /// webrtc-pc#dom-rtcrtptransceiver-direction.
    fn set_direction(&mut self, handle: Handle, direction: RtpTransceiverDirection) -> Called {
        let Some(Object::Transceiver(index)) = self.media.object(handle) else {
            return no_such_object(handle);
        };
        let transceiver = &mut self.media.transceivers[index];
        if transceiver.stopped || transceiver.stopping {
            let message = "the transceiver is stopped".to_owned();
            return threw(ExceptionName::InvalidStateError, message);
        }
        if direction == RtpTransceiverDirection::Stopped {
            let message = "a transceiver is stopped by stop()".to_owned();
            return threw(ExceptionName::TypeError, message);
        }
        transceiver.direction = direction;
        Called::Returned(Value::Undefined)
    }

    /// Tells str0m what the next offer changes; gives the sections that are new.
    pub(crate) fn change_media(
        media: &mut Media,
        changes: &mut str0m::change::SdpApi<'_>,
    ) -> Vec<(usize, str0m::media::Mid)> {
        let mut added = Vec::new();
        for change in media.changes() {
            match change {
                Change::Stop(mid) => changes.stop_media(mid),
                Change::Direction(mid, direction) => changes.set_direction(mid, direction),
                Change::Add(index) => {
                    let (stream, track) = media.names(index);
                    let Some(transceiver) = media.transceiver(index) else {
                        continue;
                    };
                    let simulcast = (transceiver.rids.len() > 1).then(|| {
                        let mut simulcast = Simulcast::new();
                        for rid in &transceiver.rids {
                            simulcast.add_send_layer(SimulcastLayer::new(rid));
                        }
                        simulcast
                    });
                    let mid = changes.add_media(
                        kind(transceiver.kind),
                        direction(transceiver.direction),
                        stream,
                        track,
                        simulcast,
                    );
                    added.push((index, mid));
                }
            }
        }
        added
    }

    /// Takes the sections of a remote offer.
    pub(crate) fn take_remote_offer(&mut self, sdp: &str) {
        let chance = &mut self.chance;
        let changes = self.media.apply_remote_offer(&sections(sdp), || uuid(chance));
        self.tell_track_changes(&changes);
    }

    /// Takes the sections of an answer.
    pub(crate) fn take_answer(&mut self, sdp: &str, remote: bool) {
        let changes = self.media.apply_answer(&sections(sdp), remote);
        self.tell_track_changes(&changes);
        self.media.look_at_sources(self.told, &mut self.chance);
    }

    fn tell_track_changes(&mut self, changes: &[TrackChange]) {
        for change in changes {
            self.happenings.push_back(Happening::Track(*change));
        }
    }

    /// What a change of a track is fired as, if it is.
    pub(crate) fn track_changes(&mut self, change: TrackChange) -> Option<(Handle, EventKind)> {
        match change {
            TrackChange::Begins(index) => {
                let (receiver, track, streams, transceiver) = self.media.track_event(index);
                let kind = EventKind::Track {
                    receiver,
                    track,
                    streams,
                    transceiver,
                };
                Some((Handle::CONNECTION, kind))
            }
            TrackChange::Ends(index) => {
                let changed = self.media.set_muted(index, true);
                changed.then(|| (self.media.receiver_track(index), EventKind::Mute))
            }
            TrackChange::Stops(index) => {
                let changed = self.media.end(index);
                changed.then(|| (self.media.receiver_track(index), EventKind::Ended))
            }
        }
    }

    /// A frame came: the receiver's track is not muted from here on.
    pub(crate) fn notice_media(&mut self, data: &MediaData) {
        if let Some(index) = self.media.by_mid(data.mid) {
            self.tasks.push(Happening::Unmute(index));
        }
    }

    pub(crate) fn notice_key_frame_request(&mut self, request: &KeyframeRequest) {
        self.media.want_key_frame(request.mid);
    }

    /// Writes the frames that are due.
    pub(crate) fn send_frames(&mut self, now: SimTime) {
        while let Some((mid, rids, source)) = self.media.due(now) {
            let codec = source.codec();
            let layers: Vec<Option<Rid>> = match rids.as_slice() {
                [] | [_] => vec![None],
                _ => rids.iter().copied().map(Some).collect(),
            };
            let (time, frame) = source.frame(WIDTH);
            for rid in layers {
                let written = self.call(|rtc| {
                    let writer = rtc.writer(mid)?;
                    let pt = writer
                        .payload_params()
                        .find(|parameters| parameters.spec().codec == codec)?
                        .pt();
                    let writer = match rid {
                        Some(rid) => writer.rid(rid),
                        None => writer,
                    };
                    Some(writer.write(pt, clock::instant(now), time, frame.clone()))
                });
                if let Some(Err(error)) = written {
                    self.note(format!("str0m, of a frame of section {mid}: {error}"));
                }
            }
        }
    }
}

fn returned(handle: Handle) -> Called {
    Called::Returned(Value::Object(handle))
}

fn no_such_object(handle: Handle) -> Called {
    Called::Unsupported(Unsupported::new(format!(
        "{handle} is not an object that the method takes"
    )))
}

/// RFC 9562 section 5.4.
fn uuid(chance: &mut fastrand::Rng) -> String {
    let bits = chance.u128(..);
    let bits = bits & !(0xf << 76) | 0x4 << 76;
    let bits = bits & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{bits:032x}");
    let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
    parts.join("-")
}
