//! Media, as a user of str0m must keep it: str0m knows media sections and frames; tracks, streams, senders, receivers and
//! transceivers are the adapter's bookkeeping.
//!
//! [`calls`] are the methods of the specification, [`section`] what is read of descriptions, [`source`] what is sent. A
//! transceiver gets its mid when the description that names it is applied.

mod calls;
mod section;
mod source;

use glare_peer::{
    Attribute, Handle, MediaKind, MediaStreamTrackState, RtpTransceiverDirection, SimTime, Unsupported, Value,
};
use str0m::media::{Direction, Mid, Rid};

pub(crate) use self::section::{Section, sections};
use self::source::Source;

/// The first handle of media; those below are data channels.
const FIRST_HANDLE: u32 = 1 << 20;

/// The objects of media of a connection.
#[derive(Debug, Default)]
pub(crate) struct Media {
    /// What a handle stands for, from [`FIRST_HANDLE`] on.
    objects: Vec<Object>,
    tracks: Vec<Track>,
    streams: Vec<Stream>,
    transceivers: Vec<Transceiver>,
    /// The transceivers of the connection, in order; a rollback takes some away.
    pub(crate) order: Vec<usize>,
    /// [`Media::order`] and what the transceivers were before the description that is pending.
    stable: Option<Stable>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Object {
    Track(usize),
    Stream(usize),
    Transceiver(usize),
    Sender(usize),
    Receiver(usize),
}

#[derive(Debug)]
struct Stable {
    order: Vec<usize>,
    mids: Vec<(usize, Option<Mid>)>,
}

/// A `MediaStreamTrack`.
#[derive(Debug)]
pub(crate) struct Track {
    handle: Handle,
    kind: MediaKind,
    id: String,
    enabled: bool,
    muted: bool,
    ended: bool,
}

/// A `MediaStream`.
#[derive(Debug)]
struct Stream {
    handle: Handle,
    id: String,
    tracks: Vec<usize>,
}

/// An `RTCRtpTransceiver` with its sender and receiver.
#[derive(Debug)]
pub(crate) struct Transceiver {
    handle: Handle,
    sender: Handle,
    receiver: Handle,
    pub(crate) kind: MediaKind,
    pub(crate) mid: Option<Mid>,
    /// The mid under which it stands in an offer that was made and not applied.
    pub(crate) offered: Option<Mid>,
    pub(crate) direction: RtpTransceiverDirection,
    /// The direction that str0m was last told, or took from an offer.
    pub(crate) described: Option<RtpTransceiverDirection>,
    current_direction: Option<RtpTransceiverDirection>,
    stopping: bool,
    stopped: bool,
    sender_track: Option<usize>,
    /// Whether a remote offer made it, so that a rollback of that takes it away.
    by_remote_offer: bool,
    /// Whether `addTrack()` made it, so that a remote section may take it (RFC 9429 section 5.10).
    by_add_track: bool,
    has_sent: bool,
    streams: Vec<usize>,
    receiver_track: usize,
    remote_streams: Vec<usize>,
    receives: bool,
    pub(crate) rids: Vec<Rid>,
    source: Option<Source>,
}

/// A change that the next offer is to bring about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    Add(usize),
    Direction(Mid, Direction),
    Stop(Mid),
}

/// What a transceiver and its track have to tell after a remote description.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TrackChange {
    /// `track` is to be fired.
    Begins(usize),
    /// The receiver's track is muted.
    Ends(usize),
    /// The receiver's track has ended.
    Stops(usize),
}

impl Media {
    fn add(&mut self, object: Object) -> Handle {
        // A script makes fewer objects than a u32 counts.
        let number = u32::try_from(self.objects.len()).unwrap_or(u32::MAX - FIRST_HANDLE);
        self.objects.push(object);
        Handle(FIRST_HANDLE + number)
    }

    fn object(&self, handle: Handle) -> Option<Object> {
        let index = handle.0.checked_sub(FIRST_HANDLE)?;
        self.objects.get(usize::try_from(index).ok()?).copied()
    }

    fn add_track(&mut self, kind: MediaKind, id: String, muted: bool) -> usize {
        let index = self.tracks.len();
        let handle = self.add(Object::Track(index));
        self.tracks.push(Track {
            handle,
            kind,
            id,
            enabled: true,
            muted,
            ended: false,
        });
        index
    }

    fn add_stream(&mut self, id: String, tracks: Vec<usize>) -> usize {
        let index = self.streams.len();
        let handle = self.add(Object::Stream(index));
        self.streams.push(Stream { handle, id, tracks });
        index
    }

    fn add_transceiver(
        &mut self,
        kind: MediaKind,
        direction: RtpTransceiverDirection,
        track_id: String,
    ) -> usize {
        let index = self.transceivers.len();
        let receiver_track = self.add_track(kind, track_id, true);
        let handle = self.add(Object::Transceiver(index));
        let sender = self.add(Object::Sender(index));
        let receiver = self.add(Object::Receiver(index));
        self.transceivers.push(Transceiver {
            handle,
            sender,
            receiver,
            kind,
            mid: None,
            offered: None,
            direction,
            described: None,
            current_direction: None,
            stopping: false,
            stopped: false,
            sender_track: None,
            by_remote_offer: false,
            by_add_track: false,
            has_sent: false,
            streams: Vec::new(),
            receiver_track,
            remote_streams: Vec::new(),
            receives: false,
            rids: Vec::new(),
            source: None,
        });
        self.order.push(index);
        index
    }

    /// A transceiver by its place among all.
    pub(crate) fn transceiver(&mut self, index: usize) -> Option<&mut Transceiver> {
        self.transceivers.get_mut(index)
    }

    /// The stream and the track that a transceiver's section names.
    pub(crate) fn names(&self, index: usize) -> (Option<String>, Option<String>) {
        let Some(transceiver) = self.transceivers.get(index) else {
            return (None, None);
        };
        let stream = transceiver
            .streams
            .first()
            .map(|stream| self.streams[*stream].id.clone());
        let track = transceiver
            .sender_track
            .map(|track| self.tracks[track].id.clone());
        (stream, track)
    }

    /// What the next offer has to change, in the order of the transceivers.
    pub(crate) fn changes(&self) -> Vec<Change> {
        let mut changes = Vec::new();
        for index in &self.order {
            let transceiver = &self.transceivers[*index];
            match transceiver.mid {
                _ if transceiver.stopped => {}
                None if transceiver.offered.is_none() && !transceiver.stopping => {
                    changes.push(Change::Add(*index));
                }
                Some(mid) if transceiver.stopping => changes.push(Change::Stop(mid)),
                Some(mid) if transceiver.described != Some(transceiver.direction) => {
                    changes.push(Change::Direction(mid, direction(transceiver.direction)));
                }
                _ => {}
            }
        }
        changes
    }

    /// Takes note that an offer with these mids was made, and that str0m was told all directions.
    pub(crate) fn offered(&mut self, mids: &[(usize, Mid)]) {
        for (index, mid) in mids {
            self.transceivers[*index].offered = Some(*mid);
        }
        for transceiver in &mut self.transceivers {
            if transceiver.mid.is_some() || transceiver.offered.is_some() {
                transceiver.described = Some(transceiver.direction);
            }
        }
    }

    /// Takes note that an offer was voided: its new sections have to be offered again.
    pub(crate) fn recall(&mut self) {
        for transceiver in &mut self.transceivers {
            if transceiver.offered.take().is_some() {
                transceiver.described = None;
            }
        }
    }

    /// Remembers what a rollback goes back to.
    fn remember(&mut self) {
        if self.stable.is_none() {
            self.stable = Some(Stable {
                order: self.order.clone(),
                mids: self
                    .order
                    .iter()
                    .map(|index| (*index, self.transceivers[*index].mid))
                    .collect(),
            });
        }
    }

    /// Applies a local offer: its sections have their transceivers (RFC 9429 section 5.9).
    pub(crate) fn apply_local_offer(&mut self) {
        self.remember();
        for transceiver in &mut self.transceivers {
            if let Some(mid) = transceiver.offered.take() {
                transceiver.mid = Some(mid);
            }
        }
    }

    /// RFC 9429 section 4.1.10.2: takes back what the pending description associated and made.
    pub(crate) fn roll_back(&mut self) {
        self.recall();
        let Some(stable) = self.stable.take() else { return };
        self.order
            .retain(|index| stable.order.contains(index) || !self.transceivers[*index].by_remote_offer);
        for (index, mid) in stable.mids {
            let transceiver = &mut self.transceivers[index];
            if transceiver.mid != mid {
                transceiver.mid = mid;
                transceiver.described = None;
            }
        }
    }

    /// Associates the sections of a remote offer with transceivers, making those that are missing (RFC 9429 section 5.10).
    pub(crate) fn apply_remote_offer(
        &mut self,
        sections: &[Section],
        mut id: impl FnMut() -> String,
    ) -> Vec<TrackChange> {
        self.remember();
        let mut changes = Vec::new();
        for section in sections {
            let mid = Mid::from(section.mid.as_str());
            let known = self.by_mid(mid).or_else(|| {
                self.order.iter().copied().find(|index| {
                    let transceiver = &self.transceivers[*index];
                    !section.rejected
                        && section.direction.receives()
                        && transceiver.mid.is_none()
                        && transceiver.by_add_track
                        && transceiver.kind == section.kind
                        && !transceiver.stopped
                        && !transceiver.stopping
                })
            });
            let index = match known {
                Some(index) => index,
                None if section.rejected => continue,
                None => {
                    let index = self.add_transceiver(section.kind, RtpTransceiverDirection::RecvOnly, id());
                    self.transceivers[index].by_remote_offer = true;
                    index
                }
            };
            let transceiver = &mut self.transceivers[index];
            transceiver.mid = Some(mid);
            transceiver.offered = None;
            changes.extend(self.receive(index, section));
        }
        changes
    }

    /// Takes the directions of a final answer, as this side sees them.
    pub(crate) fn apply_answer(&mut self, sections: &[Section], remote: bool) -> Vec<TrackChange> {
        self.stable = None;
        let mut changes = Vec::new();
        for section in sections {
            let Some(index) = self.by_mid(Mid::from(section.mid.as_str())) else {
                continue;
            };
            let transceiver = &mut self.transceivers[index];
            let direction = if remote {
                section.direction.reversed()
            } else {
                section.direction
            };
            if section.rejected {
                if !std::mem::replace(&mut transceiver.stopped, true) {
                    transceiver.source = None;
                    changes.push(TrackChange::Stops(index));
                }
                transceiver.current_direction = None;
                continue;
            }
            transceiver.current_direction = Some(direction);
            transceiver.has_sent |= direction.sends();
            // What str0m settled on stands, also where this side wanted less: it takes no limit to an answer.
            transceiver.described = Some(transceiver.direction);
            if remote {
                changes.extend(self.receive(index, section));
            }
        }
        changes
    }

    /// webrtc-pc#process-remote-tracks: whether the receiver of a transceiver begins or ends to receive.
    fn receive(&mut self, index: usize, section: &Section) -> Option<TrackChange> {
        let sends = section.direction.sends() && !section.rejected;
        let streams: Vec<usize> = section
            .streams
            .iter()
            .map(|id| {
                let known = self.streams.iter().position(|stream| stream.id == *id);
                known.unwrap_or_else(|| self.add_stream(id.clone(), Vec::new()))
            })
            .collect();
        let transceiver = &mut self.transceivers[index];
        let track = transceiver.receiver_track;
        let before = std::mem::replace(&mut transceiver.receives, sends);
        if sends {
            transceiver.remote_streams = streams.clone();
            for stream in streams {
                if !self.streams[stream].tracks.contains(&track) {
                    self.streams[stream].tracks.push(track);
                }
            }
        }
        match (before, sends) {
            (false, true) => Some(TrackChange::Begins(index)),
            (true, false) => Some(TrackChange::Ends(index)),
            _ => None,
        }
    }

    pub(crate) fn by_mid(&self, mid: Mid) -> Option<usize> {
        self.order
            .iter()
            .copied()
            .find(|index| self.transceivers[*index].mid == Some(mid))
    }

    /// The handles that a `track` event carries: receiver, track, streams, transceiver.
    pub(crate) fn track_event(&self, index: usize) -> (Handle, Handle, Vec<Handle>, Handle) {
        let transceiver = &self.transceivers[index];
        (
            transceiver.receiver,
            self.tracks[transceiver.receiver_track].handle,
            transceiver
                .remote_streams
                .iter()
                .map(|stream| self.streams[*stream].handle)
                .collect(),
            transceiver.handle,
        )
    }

    /// The handle of a transceiver's receiver's track.
    pub(crate) fn receiver_track(&self, index: usize) -> Handle {
        self.tracks[self.transceivers[index].receiver_track].handle
    }

    /// Sets whether the receiver's track is muted. Whether it was not so before.
    pub(crate) fn set_muted(&mut self, index: usize, muted: bool) -> bool {
        let track = &mut self.tracks[self.transceivers[index].receiver_track];
        !track.ended && std::mem::replace(&mut track.muted, muted) != muted
    }

    /// Ends the receiver's track. Whether it had not ended before.
    pub(crate) fn end(&mut self, index: usize) -> bool {
        let track = &mut self.tracks[self.transceivers[index].receiver_track];
        !std::mem::replace(&mut track.ended, true)
    }

    /// Whether frames of a transceiver go out, were they there.
    fn sends(&self, index: usize) -> bool {
        let transceiver = &self.transceivers[index];
        let live = |track: usize| !self.tracks[track].ended;
        !transceiver.stopped
            && !transceiver.stopping
            && transceiver.mid.is_some()
            && transceiver.sender_track.is_some_and(live)
            && transceiver
                .current_direction
                .is_some_and(RtpTransceiverDirection::sends)
            && transceiver.direction.sends()
    }

    /// Begins to make frames where they can go out, and ends it where they no longer can.
    pub(crate) fn look_at_sources(&mut self, now: SimTime, chance: &mut fastrand::Rng) {
        for index in 0..self.transceivers.len() {
            let sends = self.sends(index);
            let transceiver = &mut self.transceivers[index];
            if !sends {
                transceiver.source = None;
            } else if transceiver.source.is_none() {
                transceiver.source = Some(Source::new(transceiver.kind, now, chance.fork()));
            }
        }
    }

    /// When the next frame is due.
    pub(crate) fn deadline(&self) -> Option<SimTime> {
        self.transceivers
            .iter()
            .filter_map(|transceiver| Some(transceiver.source.as_ref()?.next()))
            .min()
    }

    /// A transceiver whose frame is due, with its source.
    pub(crate) fn due(&mut self, now: SimTime) -> Option<(Mid, Vec<Rid>, &mut Source)> {
        self.transceivers.iter_mut().find_map(|transceiver| {
            let mid = transceiver.mid?;
            let rids = transceiver.rids.clone();
            let source = transceiver
                .source
                .as_mut()
                .filter(|source| source.next() <= now)?;
            Some((mid, rids, source))
        })
    }

    /// The other side asks for a key frame.
    pub(crate) fn want_key_frame(&mut self, mid: Mid) {
        if let Some(index) = self.by_mid(mid)
            && let Some(source) = &mut self.transceivers[index].source
        {
            source.want_key_frame();
        }
    }

    /// `close()`: nothing is sent any more, and what is received ends.
    pub(crate) fn close(&mut self) {
        for transceiver in &mut self.transceivers {
            transceiver.source = None;
            transceiver.stopped = true;
            transceiver.direction = RtpTransceiverDirection::Stopped;
            transceiver.current_direction = Some(RtpTransceiverDirection::Stopped);
            self.tracks[transceiver.receiver_track].ended = true;
        }
    }

    /// Reads an attribute of an object of media; none where the handle is of no such object.
    pub(crate) fn read(&self, handle: Handle, attribute: Attribute) -> Option<Result<Value, Unsupported>> {
        let object = self.object(handle)?;
        let value = match object {
            Object::Track(index) => self.read_track(&self.tracks[index], attribute),
            Object::Stream(index) => self.read_stream(&self.streams[index], attribute),
            Object::Transceiver(index) => read_transceiver(&self.transceivers[index], attribute),
            Object::Sender(index) => match attribute {
                Attribute::Track => Some(
                    self.transceivers[index]
                        .sender_track
                        .map_or(Value::Null, |track| Value::Object(self.tracks[track].handle)),
                ),
                _ => None,
            },
            Object::Receiver(index) => match attribute {
                Attribute::Track => Some(Value::Object(self.receiver_track(index))),
                _ => None,
            },
        };
        Some(value.ok_or_else(|| Unsupported::new(format!("str0m tells nothing of {attribute} of {handle}"))))
    }

    fn read_track(&self, track: &Track, attribute: Attribute) -> Option<Value> {
        Some(match attribute {
            Attribute::Kind => Value::String(track.kind.to_string()),
            Attribute::Id => Value::String(track.id.clone()),
            Attribute::Enabled => Value::Boolean(track.enabled),
            Attribute::Muted => Value::Boolean(track.muted),
            Attribute::ReadyState => Value::String(
                if track.ended {
                    MediaStreamTrackState::Ended
                } else {
                    MediaStreamTrackState::Live
                }
                .to_string(),
            ),
            _ => return None,
        })
    }

    fn read_stream(&self, stream: &Stream, attribute: Attribute) -> Option<Value> {
        Some(match attribute {
            Attribute::Id => Value::String(stream.id.clone()),
            Attribute::Active => Value::Boolean(stream.tracks.iter().any(|track| !self.tracks[*track].ended)),
            Attribute::Tracks => self.track_list(stream, None),
            _ => return None,
        })
    }

    fn track_list(&self, stream: &Stream, kind: Option<MediaKind>) -> Value {
        let tracks = stream.tracks.iter().map(|track| &self.tracks[*track]);
        Value::List(
            tracks
                .filter(|track| kind.is_none_or(|kind| track.kind == kind))
                .map(|track| Value::Object(track.handle))
                .collect(),
        )
    }

    /// The handles of all transceivers, or of what each has.
    fn list(&self, of: fn(&Transceiver) -> Handle) -> Value {
        let transceivers = self.order.iter().map(|index| &self.transceivers[*index]);
        let living = transceivers.filter(|transceiver| !transceiver.stopped);
        Value::List(living.map(|transceiver| Value::Object(of(transceiver))).collect())
    }

    /// `getTransceivers()`.
    pub(crate) fn transceiver_list(&self) -> Value {
        self.list(|transceiver| transceiver.handle)
    }
}

fn read_transceiver(transceiver: &Transceiver, attribute: Attribute) -> Option<Value> {
    Some(match attribute {
        Attribute::Mid => transceiver
            .mid
            .map_or(Value::Null, |mid| Value::String(mid.to_string())),
        Attribute::Sender => Value::Object(transceiver.sender),
        Attribute::Receiver => Value::Object(transceiver.receiver),
        Attribute::Direction if transceiver.stopping || transceiver.stopped => {
            Value::String(RtpTransceiverDirection::Stopped.to_string())
        }
        Attribute::Direction => Value::String(transceiver.direction.to_string()),
        Attribute::CurrentDirection if transceiver.stopped => {
            Value::String(RtpTransceiverDirection::Stopped.to_string())
        }
        Attribute::CurrentDirection => transceiver
            .current_direction
            .map_or(Value::Null, |direction| Value::String(direction.to_string())),
        _ => return None,
    })
}

/// A direction in str0m's words.
pub(crate) fn direction(direction: RtpTransceiverDirection) -> Direction {
    match direction {
        RtpTransceiverDirection::SendRecv => Direction::SendRecv,
        RtpTransceiverDirection::SendOnly => Direction::SendOnly,
        RtpTransceiverDirection::RecvOnly => Direction::RecvOnly,
        RtpTransceiverDirection::Inactive | RtpTransceiverDirection::Stopped => Direction::Inactive,
    }
}

/// A kind of media in str0m's words.
pub(crate) fn kind(kind: MediaKind) -> str0m::media::MediaKind {
    match kind {
        MediaKind::Audio => str0m::media::MediaKind::Audio,
        MediaKind::Video => str0m::media::MediaKind::Video,
    }
}
