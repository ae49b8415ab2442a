//! Processing remote MediaStreamTracks (webrtc-pc#processing-remote-mediastreamtracks).

use glare_peer::{EventKind, Handle, RtpTransceiverDirection};

use super::Connection;
use super::tasks::Piece;
use super::transceiver::TransceiverId;

/// The lists that setting a description fills before it fires what is in them.
#[derive(Debug, Default)]
pub(super) struct TrackChanges {
    pub(super) track_event_inits: Vec<TrackEventInit>,
    pub(super) mute_tracks: Vec<Handle>,
    /// Pairs of a stream and a track.
    pub(super) add_list: Vec<(Handle, Handle)>,
    /// Pairs of a stream and a track.
    pub(super) remove_list: Vec<(Handle, Handle)>,
}

/// `RTCTrackEventInit`.
#[derive(Debug, Clone)]
pub(super) struct TrackEventInit {
    receiver: Handle,
    track: Handle,
    streams: Vec<Handle>,
    transceiver: Handle,
}

impl Connection {
    /// `webrtc-pc#dfn-process-remote-tracks`.
    pub(super) fn process_remote_tracks(
        &mut self,
        id: TransceiverId,
        direction: RtpTransceiverDirection,
        msids: &[String],
        changes: &mut TrackChanges,
    ) {
        let added_before = changes.add_list.len();
        self.set_the_associated_remote_streams(id, msids, changes);
        let fired = self
            .transceiver(id)
            .fired_direction
            .is_some_and(RtpTransceiverDirection::receives);
        if direction.receives() && !fired || changes.add_list.len() > added_before {
            self.process_the_addition_of_a_remote_track(id, changes);
        }
        if !direction.receives() {
            self.transceiver_mut(id).receptive = false;
            if fired {
                self.process_the_removal_of_a_remote_track(id, changes);
            }
        }
        self.transceiver_mut(id).fired_direction = Some(direction);
    }

    /// `webrtc-pc#process-the-addition-of-a-remote-track`.
    fn process_the_addition_of_a_remote_track(&mut self, id: TransceiverId, changes: &mut TrackChanges) {
        let transceiver = self.transceiver(id);
        let receiver = &transceiver.receiver;
        changes.track_event_inits.push(TrackEventInit {
            receiver: receiver.handle,
            track: receiver.receiver_track,
            streams: receiver.associated_remote_media_streams.clone(),
            transceiver: transceiver.handle,
        });
    }

    /// `webrtc-pc#process-remote-track-removal`.
    pub(super) fn process_the_removal_of_a_remote_track(
        &mut self,
        id: TransceiverId,
        changes: &mut TrackChanges,
    ) {
        let track = self.transceiver(id).receiver.receiver_track;
        if self.tracks.get(&track).is_some_and(|track| !track.muted) {
            changes.mute_tracks.push(track);
        }
    }

    /// `webrtc-pc#set-the-associated-remote-streams`.
    pub(super) fn set_the_associated_remote_streams(
        &mut self,
        id: TransceiverId,
        msids: &[String],
        changes: &mut TrackChanges,
    ) {
        let mut streams = Vec::new();
        for msid in msids {
            let stream = match self.remote_streams.get(msid) {
                Some(stream) => *stream,
                None => {
                    let stream = self.create_stream(msid.clone(), Vec::new());
                    self.remote_streams.insert(msid.clone(), stream);
                    stream
                }
            };
            if !streams.contains(&stream) {
                streams.push(stream);
            }
        }
        let receiver = &mut self.transceiver_mut(id).receiver;
        let track = receiver.receiver_track;
        let before = std::mem::replace(&mut receiver.associated_remote_media_streams, streams.clone());
        let gone = before.iter().filter(|stream| !streams.contains(stream));
        changes.remove_list.extend(gone.map(|stream| (*stream, track)));
        let new = streams.iter().filter(|stream| !before.contains(stream));
        changes.add_list.extend(new.map(|stream| (*stream, track)));
    }

    /// `webrtc-pc#set-description`, steps 4.7.17 to 4.7.20. The obsolete `removestream` and `addstream`, of which no
    /// specification gives the order any more, come where the streams that they are about have just changed.
    pub(super) fn fire_track_changes(&mut self, changes: TrackChanges) {
        for track in changes.mute_tracks {
            self.pieces.push_back(Piece::SetMuted { track, muted: true });
        }
        for (stream, track) in changes.remove_list {
            self.pieces.push_back(Piece::RemoveRemoteTrack { stream, track });
        }
        for (stream, track) in changes.add_list {
            self.pieces.push_back(Piece::AddRemoteTrack { stream, track });
        }
        self.pieces.push_back(Piece::FireStreamChanges);
        for init in changes.track_event_inits {
            self.fire(
                Handle::CONNECTION,
                EventKind::Track {
                    receiver: init.receiver,
                    track: init.track,
                    streams: init.streams,
                    transceiver: init.transceiver,
                },
            );
        }
    }

    /// Fires the obsolete `removestream` for streams that no receiver is associated with any more, and `addstream` for those
    /// that one is associated with only now.
    pub(super) fn fire_stream_changes(&mut self) {
        let mut streams: Vec<Handle> = Vec::new();
        for (_, transceiver) in self.collected() {
            for stream in &transceiver.receiver.associated_remote_media_streams {
                if !streams.contains(stream) {
                    streams.push(*stream);
                }
            }
        }
        let before = std::mem::replace(&mut self.announced_streams, streams.clone());
        let mut events = Vec::new();
        for stream in &before {
            if !streams.contains(stream) {
                events.push(EventKind::RemoveStream { stream: *stream });
            }
        }
        for stream in &streams {
            if !before.contains(stream) {
                events.push(EventKind::AddStream { stream: *stream });
            }
        }
        // Ahead of what is left of the task, in order.
        for kind in events.into_iter().rev() {
            self.pieces.push_front(Piece::Fire(glare_peer::Event {
                target: Handle::CONNECTION,
                kind,
            }));
        }
    }
}
