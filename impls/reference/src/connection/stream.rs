//! `MediaStream` (mediacapture-streams#mediastream) and `getUserMedia()`.

use glare_peer::{
    EventKind, Exception, ExceptionName, Handle, MediaKind, MediaStreamTrackState, OperationId, Value,
};

use super::Connection;
use super::promises::Reaction;
use super::tasks::{Piece, Task};
use super::track::{TrackSource, no_such_track};

/// The slots of a `MediaStream`.
#[derive(Debug, Clone)]
pub(super) struct Stream {
    pub(super) id: String,
    /// The track set, in the order of insertion.
    pub(super) tracks: Vec<Handle>,
}

impl Connection {
    /// A stream with this id.
    pub(super) fn create_stream(&mut self, id: String, tracks: Vec<Handle>) -> Handle {
        let handle = self.new_handle();
        self.streams.insert(handle, Stream { id, tracks });
        handle
    }

    /// The stream of a handle.
    pub(super) fn stream(&self, handle: Handle) -> Result<&Stream, Exception> {
        self.streams.get(&handle).ok_or_else(|| no_such_stream(handle))
    }

    /// The ids of streams, each once, in order.
    pub(super) fn stream_ids(&self, streams: &[Handle]) -> Result<Vec<String>, Exception> {
        let mut ids = Vec::new();
        for handle in streams {
            let id = &self.stream(*handle)?.id;
            if !ids.contains(id) {
                ids.push(id.clone());
            }
        }
        Ok(ids)
    }

    /// `mediacapture-streams#dom-mediadevices-getusermedia`, with permission given and sources that never fail.
    pub(super) fn get_user_media(&mut self, id: OperationId, audio: bool, video: bool) {
        if !audio && !video {
            let message = "at least one of audio and video has to be asked for";
            self.reject_at_once(id, Exception::new(ExceptionName::TypeError, message));
            return;
        }
        let promise = self.promises.create();
        self.promises.react(promise, Reaction::Host(id));
        self.queue(Task::UserMedia {
            promise,
            audio,
            video,
        });
    }

    /// The last steps of `getUserMedia()`: the stream and its tracks, audio first.
    pub(super) fn user_media(&mut self, promise: super::promises::PromiseId, audio: bool, video: bool) {
        let kinds = [
            (audio, MediaKind::Audio, "Generated sound"),
            (video, MediaKind::Video, "Generated pictures"),
        ];
        let tracks = kinds
            .into_iter()
            .filter(|(wanted, _, _)| *wanted)
            .map(|(_, kind, label)| self.create_track(kind, label.to_owned(), false, TrackSource::Generated))
            .collect();
        let id = self.new_uuid();
        let stream = self.create_stream(id, tracks);
        self.pieces
            .push_back(Piece::Settle(promise, Ok(Value::Object(stream))));
    }

    /// `mediacapture-streams#mediastream-constructor`.
    pub(super) fn construct_media_stream(&mut self, tracks: &[Handle]) -> Result<Handle, Exception> {
        let mut set = Vec::new();
        for track in tracks {
            self.track(*track)?;
            if !set.contains(track) {
                set.push(*track);
            }
        }
        let id = self.new_uuid();
        Ok(self.create_stream(id, set))
    }

    /// `MediaStream.getTracks()`, or those of one kind.
    pub(super) fn tracks_of_stream(
        &self,
        handle: Handle,
        kind: Option<MediaKind>,
    ) -> Result<Vec<Handle>, Exception> {
        let tracks = self.stream(handle)?.tracks.iter().copied();
        Ok(tracks
            .filter(|track| kind.is_none() || self.tracks.get(track).map(|it| it.kind) == kind)
            .collect())
    }

    /// `MediaStream.getTrackById()`.
    pub(super) fn track_by_id(&self, handle: Handle, id: &str) -> Result<Option<Handle>, Exception> {
        let tracks = &self.stream(handle)?.tracks;
        Ok(tracks
            .iter()
            .copied()
            .find(|track| self.tracks.get(track).is_some_and(|it| it.id == id)))
    }

    /// `mediacapture-streams#dom-mediastream-addtrack`: by script, so no event is fired.
    pub(super) fn add_track_to_stream(&mut self, handle: Handle, track: Handle) -> Result<(), Exception> {
        if !self.tracks.contains_key(&track) {
            return Err(no_such_track(track));
        }
        let stream = self
            .streams
            .get_mut(&handle)
            .ok_or_else(|| no_such_stream(handle))?;
        if !stream.tracks.contains(&track) {
            stream.tracks.push(track);
        }
        Ok(())
    }

    /// `mediacapture-streams#dom-mediastream-removetrack`: by script, so no event is fired.
    pub(super) fn remove_track_from_stream(
        &mut self,
        handle: Handle,
        track: Handle,
    ) -> Result<(), Exception> {
        if !self.tracks.contains_key(&track) {
            return Err(no_such_track(track));
        }
        let stream = self
            .streams
            .get_mut(&handle)
            .ok_or_else(|| no_such_stream(handle))?;
        stream.tracks.retain(|other| *other != track);
        Ok(())
    }

    /// `mediacapture-streams#dom-mediastream-clone`.
    pub(super) fn clone_stream(&mut self, handle: Handle) -> Result<Handle, Exception> {
        let tracks = self.stream(handle)?.tracks.clone();
        let clones = tracks
            .into_iter()
            .map(|track| self.clone_track(track))
            .collect::<Result<_, _>>()?;
        let id = self.new_uuid();
        Ok(self.create_stream(id, clones))
    }

    /// `mediacapture-streams#mediastream-active`: whether a track of the stream has not ended.
    pub(super) fn is_active(&self, stream: &Stream) -> bool {
        stream.tracks.iter().any(|track| {
            self.tracks
                .get(track)
                .is_some_and(|it| it.ready_state == MediaStreamTrackState::Live)
        })
    }

    /// `mediacapture-streams#track-add`, by the connection. Says which event is to be fired at once, if any.
    pub(super) fn add_remote_track(&mut self, handle: Handle, track: Handle) -> Option<EventKind> {
        let stream = self.streams.get_mut(&handle)?;
        if stream.tracks.contains(&track) {
            return None;
        }
        stream.tracks.push(track);
        Some(EventKind::AddTrack { track })
    }

    /// `mediacapture-streams#track-remove`, by the connection. Says which event is to be fired at once, if any.
    pub(super) fn remove_remote_track(&mut self, handle: Handle, track: Handle) -> Option<EventKind> {
        let stream = self.streams.get_mut(&handle)?;
        let position = stream.tracks.iter().position(|other| *other == track)?;
        stream.tracks.remove(position);
        Some(EventKind::RemoveTrack { track })
    }
}

/// What a call with an object that is no stream throws, as Web IDL has it.
fn no_such_stream(handle: Handle) -> Exception {
    Exception::new(
        ExceptionName::TypeError,
        format!("{handle} is not a MediaStream of this realm"),
    )
}
