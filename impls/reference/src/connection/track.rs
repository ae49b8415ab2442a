//! `MediaStreamTrack` (mediacapture-streams#mediastreamtrack), as far as a connection has to do with it.

use glare_peer::{EventKind, Exception, ExceptionName, Handle, MediaKind, MediaStreamTrackState};

use super::Connection;
use super::tasks::Task;
use super::transceiver::TransceiverId;

/// The slots of a `MediaStreamTrack`.
#[derive(Debug, Clone)]
pub(super) struct Track {
    pub(super) kind: MediaKind,
    pub(super) id: String,
    pub(super) label: String,
    pub(super) enabled: bool,
    pub(super) muted: bool,
    pub(super) ready_state: MediaStreamTrackState,
    pub(super) source: TrackSource,
}

/// Where a track's media comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrackSource {
    /// A source of `getUserMedia()` that generates its media.
    Generated,
    /// What the receiver of a transceiver receives.
    Remote(TransceiverId),
}

impl Track {
    /// Whether the track renders its source; otherwise it renders silence or black.
    pub(super) fn renders(&self) -> bool {
        self.enabled && !self.muted && self.ready_state == MediaStreamTrackState::Live
    }
}

impl Connection {
    /// A new, live track.
    pub(super) fn create_track(
        &mut self,
        kind: MediaKind,
        label: String,
        muted: bool,
        source: TrackSource,
    ) -> Handle {
        let handle = self.new_handle();
        let track = Track {
            kind,
            id: self.new_uuid(),
            label,
            enabled: true,
            muted,
            ready_state: MediaStreamTrackState::Live,
            source,
        };
        self.tracks.insert(handle, track);
        handle
    }

    /// A UUID of version 4 (RFC 9562 section 5.4): what the ids of tracks and streams are.
    pub(super) fn new_uuid(&mut self) -> String {
        let bits = self.names.u128(..);
        let bits = bits & !(0xf << 76) | (0x4 << 76);
        let bits = bits & !(0x3 << 62) | (0x2 << 62);
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            bits >> 96,
            (bits >> 80) & 0xffff,
            (bits >> 64) & 0xffff,
            (bits >> 48) & 0xffff,
            bits & 0xffff_ffff_ffff
        )
    }

    /// The track of a handle.
    pub(super) fn track(&self, handle: Handle) -> Result<&Track, Exception> {
        self.tracks.get(&handle).ok_or_else(|| no_such_track(handle))
    }

    /// Sets `mediacapture-streams#dom-mediastreamtrack-enabled`.
    pub(super) fn set_enabled(&mut self, handle: Handle, enabled: bool) -> Result<(), Exception> {
        let track = self
            .tracks
            .get_mut(&handle)
            .ok_or_else(|| no_such_track(handle))?;
        track.enabled = enabled;
        self.media_of_track_changed(handle);
        Ok(())
    }

    /// `mediacapture-streams#dom-mediastreamtrack-stop`: no event is fired.
    pub(super) fn stop_track(&mut self, handle: Handle) -> Result<(), Exception> {
        let track = self
            .tracks
            .get_mut(&handle)
            .ok_or_else(|| no_such_track(handle))?;
        track.ready_state = MediaStreamTrackState::Ended;
        self.media_of_track_changed(handle);
        Ok(())
    }

    /// `mediacapture-streams#dom-mediastreamtrack-clone`.
    pub(super) fn clone_track(&mut self, handle: Handle) -> Result<Handle, Exception> {
        let mut track = self.track(handle)?.clone();
        track.id = self.new_uuid();
        let clone = self.new_handle();
        self.tracks.insert(clone, track);
        Ok(clone)
    }

    /// `mediacapture-streams#track-ended`: a track ends other than by its `stop()`. What script can read changes at once, as
    /// webrtc-pc asks for where it executes these steps; the event comes in the task that they queue.
    pub(super) fn end_track(&mut self, handle: Handle) {
        let Some(track) = self.tracks.get_mut(&handle) else {
            return;
        };
        if track.ready_state == MediaStreamTrackState::Ended {
            return;
        }
        track.ready_state = MediaStreamTrackState::Ended;
        self.media_of_track_changed(handle);
        self.queue(Task::TrackEnded { track: handle });
    }

    /// The task of `mediacapture-streams#track-ended`.
    pub(super) fn track_ended(&mut self, handle: Handle) {
        self.fire(handle, EventKind::Ended);
    }

    /// `mediacapture-streams#set-track-muted-state`. Says which event is to be fired at once, if any.
    pub(super) fn set_the_muted_state(&mut self, handle: Handle, muted: bool) -> Option<EventKind> {
        let track = self.tracks.get_mut(&handle)?;
        if track.muted == muted {
            return None;
        }
        track.muted = muted;
        self.media_of_track_changed(handle);
        Some(if muted { EventKind::Mute } else { EventKind::Unmute })
    }

    /// The tracks whose source is what a transceiver receives: the receiver's own, then clones of it.
    pub(super) fn tracks_of_receiver(&self, id: TransceiverId) -> Vec<Handle> {
        self.tracks
            .iter()
            .filter(|(_, track)| {
                track.source == TrackSource::Remote(id) && track.ready_state == MediaStreamTrackState::Live
            })
            .map(|(handle, _)| *handle)
            .collect()
    }
}

/// What a call with an object that is no track throws, as Web IDL has it.
pub(super) fn no_such_track(handle: Handle) -> Exception {
    Exception::new(
        ExceptionName::TypeError,
        format!("{handle} is not a MediaStreamTrack of this realm"),
    )
}
