//! The SCTP association, and the streams of the data channels on it (RFC 8831 section 6).

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use dcsctp::api::{
    DcSctpSocket, Message as Payload, Options, ResetStreamsError, SendError, SendOptions, SocketEvent,
    SocketState, SocketTime, StreamId,
};
use glare_peer::{MessageData, SimTime};

use super::dcep::{self, ChannelParameters};
use super::event::{SctpError, SctpEvent};
use super::payload;
use super::stream::{Outgoing, Stream};
use crate::dtls::DtlsRole;

/// The largest SCTP packet, bytes: with the 37 bytes that AES-GCM adds in DTLS 1.2 it fits a datagram of 1200
/// bytes.
const MTU: usize = 1160;

/// A retransmission waits no longer than this, however often it has been tried; the value libwebrtc uses, so
/// that an association recovers soon after an outage.
const LONGEST_BACKOFF: Duration = Duration::from_secs(3);

/// How much one channel can buffer, bytes; as much as browsers take.
const SEND_BUFFER: usize = 16 * 1024 * 1024;

/// How many bytes of messages are kept for streams without a channel, until one is negotiated.
const HELD_BYTES: usize = 1024 * 1024;

/// An SCTP association with data channels. It sends and takes SCTP packets, for DTLS to carry.
///
/// Chance enters through the seed alone: the library draws from the thread's generator, which is seeded anew
/// from the association's own before each call.
pub(crate) struct SctpTransport {
    socket: Box<dyn DcSctpSocket>,
    rng: fastrand::Rng,
    role: DtlsRole,
    beginning: SimTime,
    now: SimTime,
    max_message_size: usize,
    state: State,
    streams: BTreeMap<u16, Stream>,
    /// Messages on streams that have no channel yet.
    held: BTreeMap<u16, Vec<MessageData>>,
    held_bytes: usize,
    transmit: VecDeque<Vec<u8>>,
    events: VecDeque<SctpEvent>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Connecting,
    Connected,
    Ended,
}

impl SctpTransport {
    /// An association that has not begun. All its chance comes from `seed`. `max_message_size` is the longest
    /// message that may be sent in bytes, `usize::MAX` for no limit; `role` decides who opens even and who
    /// odd streams.
    pub fn new(
        seed: u64,
        max_message_size: usize,
        local_port: u16,
        remote_port: u16,
        role: DtlsRole,
        now: SimTime,
    ) -> SctpTransport {
        let options = Options {
            local_port,
            remote_port,
            mtu: MTU,
            // Messages are measured here: the library would measure the protocol's own too.
            max_message_size: usize::MAX,
            max_send_buffer_size: usize::MAX,
            per_stream_send_queue_limit: SEND_BUFFER,
            // What follows is as in libwebrtc; all other timers are the library's own, which are libwebrtc's:
            // RTO 400 ms to 60 s and 500 ms at first, T1 and T2 1 s, heartbeat every 30 s, SACK after 200 ms
            // at the latest.
            max_timer_backoff_duration: Some(LONGEST_BACKOFF),
            // Never given up for silence: ICE consent decides whether the other side is there.
            max_retransmissions: None,
            max_init_retransmits: None,
            ..Options::default()
        };
        let mut rng = fastrand::Rng::with_seed(seed);
        fastrand::seed(rng.u64(..));
        SctpTransport {
            socket: dcsctp::new_socket("", &options),
            rng,
            role,
            beginning: now,
            now,
            max_message_size,
            state: State::Connecting,
            streams: BTreeMap::new(),
            held: BTreeMap::new(),
            held_bytes: 0,
            transmit: VecDeque::new(),
            events: VecDeque::new(),
        }
    }

    /// Begins to connect; both sides may. Without effect when the other side's attempt has already succeeded.
    pub fn connect(&mut self, now: SimTime) {
        if self.state != State::Connecting || self.socket.state() != SocketState::Closed {
            return;
        }
        self.at(now).connect();
        self.settle();
    }

    /// Takes an SCTP packet. What is not one, or not of this association, is dropped (RFC 9260 section 8).
    pub fn input(&mut self, now: SimTime, packet: &[u8]) {
        if self.state != State::Ended {
            self.at(now).handle_input(packet);
            self.settle();
        }
    }

    /// Lets what is due at `now` happen.
    pub fn advance(&mut self, now: SimTime) {
        if self.state != State::Ended {
            self.at(now);
            self.settle();
        }
    }

    /// When [`SctpTransport::advance`] is to be called, if nothing comes before.
    pub fn deadline(&self) -> Option<SimTime> {
        let deadline = self.socket.poll_timeout();
        (self.state != State::Ended && deadline != SocketTime::infinite_future())
            .then(|| self.beginning + (deadline - SocketTime::zero()))
    }

    /// The next packet for DTLS to carry.
    pub fn transmit(&mut self) -> Option<Vec<u8>> {
        self.transmit.pop_front()
    }

    /// The next event.
    pub fn event(&mut self) -> Option<SctpEvent> {
        self.events.pop_front()
    }

    /// Puts a channel on a stream, and announces it with `DATA_CHANNEL_OPEN` (RFC 8832 section 6) unless it
    /// was `negotiated`. Can be called before the association is established.
    ///
    /// # Errors
    ///
    /// When the stream does not exist or is in use, the channel cannot be announced, or the association has
    /// ended.
    pub fn open(
        &mut self,
        now: SimTime,
        stream: u16,
        channel: ChannelParameters,
        negotiated: bool,
    ) -> Result<(), SctpError> {
        if self.state == State::Ended {
            return Err(SctpError::Ended);
        }
        // The greatest id that webrtc-pc#dom-peerconnection-createdatachannel allows is 65534: SCTP negotiates the
        // number of streams in 16 bits.
        if stream == u16::MAX || self.max_channels().is_some_and(|channels| stream >= channels) {
            return Err(SctpError::InvalidStream(stream));
        }
        if self.streams.contains_key(&stream) {
            return Err(SctpError::StreamInUse(stream));
        }
        self.at(now)
            .set_stream_priority(StreamId(stream), channel.priority);
        if negotiated {
            self.streams.insert(stream, Stream::acknowledged(channel));
        } else {
            let open = dcep::Message::Open(channel.clone()).encode()?;
            self.streams.insert(stream, Stream::announced(channel));
            if let Err(error) = self.send_dcep(stream, open) {
                self.streams.remove(&stream);
                return Err(error);
            }
        }
        self.release(stream);
        self.settle();
        Ok(())
    }

    /// Sends a message, or buffers it until it can be.
    ///
    /// # Errors
    ///
    /// When the stream has no channel or its channel is being closed, the message is longer than the other
    /// side takes, the buffer is full, or the association has ended.
    pub fn send(&mut self, now: SimTime, stream: u16, data: &MessageData) -> Result<(), SctpError> {
        if self.state == State::Ended {
            return Err(SctpError::Ended);
        }
        let (size, limit) = (data.len(), self.max_message_size);
        if size > limit {
            return Err(SctpError::MessageTooLong { size, limit });
        }
        let not_open = SctpError::NotOpen(stream);
        let Some(known) = self
            .streams
            .get(&stream)
            .filter(|known| known.outgoing == Outgoing::Open)
        else {
            return Err(not_open);
        };
        let channel = known.channel.as_ref().ok_or(not_open)?;
        let options = SendOptions {
            unordered: !channel.ordered && !known.keep_order,
            lifetime: channel
                .max_packet_life_time
                .map(|life_time| Duration::from_millis(life_time.into())),
            max_retransmissions: channel.max_retransmits,
            lifecycle_id: None,
        };
        let (identifier, bytes) = payload::encode(data);
        self.now = self.now.max(now);
        self.hand_over(Payload::new(StreamId(stream), identifier, bytes), &options, size)?;
        self.settle();
        Ok(())
    }

    /// Closes the channel of a stream: once everything buffered has been sent, the stream is reset (RFC 8831
    /// section 6.7), and once the other side has done the same, [`SctpEvent::StreamReset`] follows. Without
    /// effect on a stream without a channel or one that is already being closed.
    pub fn close_stream(&mut self, now: SimTime, stream: u16) {
        if let Some(known) = self.streams.get_mut(&stream) {
            known.close();
            self.at(now);
            self.settle();
        }
    }

    /// How many bytes of messages are buffered and not yet handed to the network, as
    /// `RTCDataChannel.bufferedAmount` counts.
    pub fn buffered_amount(&self, stream: u16) -> usize {
        self.streams.get(&stream).map_or(0, |known| {
            known.buffered_amount(self.socket.buffered_amount(StreamId(stream)))
        })
    }

    /// The longest message that may be sent, bytes.
    pub fn max_message_size(&self) -> usize {
        self.max_message_size
    }

    /// Changes the longest message that may be sent, as a new remote description may.
    pub fn set_max_message_size(&mut self, bytes: usize) {
        self.max_message_size = bytes;
    }

    /// How many channels there can be at once: the smaller of the numbers of streams negotiated for the two
    /// directions (webrtc-pc#dom-rtcsctptransport-maxchannels); none before the association is established.
    pub fn max_channels(&self) -> Option<u16> {
        let metrics = self.socket.get_metrics()?;
        Some(
            metrics
                .negotiated_maximum_incoming_streams
                .min(metrics.negotiated_maximum_outgoing_streams),
        )
    }

    /// Ends the association in order: everything buffered is sent before. [`SctpEvent::Closed`] follows.
    pub fn shutdown(&mut self, now: SimTime) {
        if self.state == State::Ended {
            return;
        }
        if self.socket.state() == SocketState::Closed {
            self.end();
            self.events.push_back(SctpEvent::Closed);
        } else {
            self.at(now).shutdown();
            self.settle();
        }
    }

    /// Ends the association at once, with an `ABORT` for the other side. No event follows.
    pub fn abort(&mut self, now: SimTime) {
        if self.state != State::Ended {
            self.at(now).close();
            self.end();
            while let Some(event) = self.socket.poll_event() {
                if let SocketEvent::SendPacket(packet) = event {
                    self.transmit.push_back(packet);
                }
            }
        }
    }

    /// The library at a moment.
    fn at(&mut self, now: SimTime) -> &mut dyn DcSctpSocket {
        self.now = self.now.max(now);
        self.socket()
    }

    /// The library, told the time and given chance.
    fn socket(&mut self) -> &mut dyn DcSctpSocket {
        fastrand::seed(self.rng.u64(..));
        self.socket
            .advance_time(SocketTime::zero() + (self.now - self.beginning));
        self.socket.as_mut()
    }

    /// Gives a payload to the library.
    fn hand_over(
        &mut self,
        message: Payload,
        options: &SendOptions,
        application: usize,
    ) -> Result<(), SctpError> {
        let (stream, wire) = (message.stream_id.0, message.payload.len());
        self.socket()
            .send(message, options)
            .map_err(|error| match error {
                SendError::ResourceExhaustion => SctpError::BufferFull(stream),
                SendError::ShuttingDown => SctpError::Ended,
                SendError::MessageTooLarge { len, limit } => SctpError::MessageTooLong { size: len, limit },
                // Every payload has a byte.
                SendError::EmptyPayload => SctpError::NotOpen(stream),
            })?;
        if let Some(known) = self.streams.get_mut(&stream) {
            known.queued(wire, application);
        }
        Ok(())
    }

    /// RFC 8832 section 6: in order and reliably, whatever the channel.
    fn send_dcep(&mut self, stream: u16, message: Vec<u8>) -> Result<(), SctpError> {
        self.hand_over(
            Payload::new(StreamId(stream), payload::DCEP, message),
            &SendOptions::default(),
            0,
        )
    }

    /// Takes everything the library has to say, and does what follows from it until nothing does.
    fn settle(&mut self) {
        loop {
            let mut quiet = true;
            // What the association has come to is heard of before its messages, and what becomes of a stream
            // after them: a stream is reset only once everything that was sent on it has arrived.
            let mut after = Vec::new();
            while let Some(event) = self.socket.poll_event() {
                quiet = false;
                match event {
                    SocketEvent::SendPacket(_) | SocketEvent::OnConnected() => self.socket_event(event),
                    _ => after.push(event),
                }
            }
            while let Some(message) = self.socket.get_next_message() {
                quiet = false;
                self.message(message);
            }
            for event in after {
                self.socket_event(event);
            }
            if quiet && !self.reset_next() {
                break;
            }
        }
        let amounts = self.streams.iter_mut().filter_map(|(&stream, known)| {
            let amount = known.decreased_to(self.socket.buffered_amount(StreamId(stream)))?;
            known
                .channel
                .is_some()
                .then_some(SctpEvent::BufferedAmountDecreased { stream, amount })
        });
        self.events.extend(amounts);
    }

    fn socket_event(&mut self, event: SocketEvent) {
        match event {
            SocketEvent::SendPacket(packet) => self.transmit.push_back(packet),
            SocketEvent::OnConnected() => {
                self.state = State::Connected;
                self.events.push_back(SctpEvent::Connected);
            }
            SocketEvent::OnClosed() => {
                self.end();
                self.events.push_back(SctpEvent::Closed);
            }
            SocketEvent::OnAborted(_, reason) => {
                self.end();
                self.events.push_back(SctpEvent::Failed(reason));
            }
            SocketEvent::OnIncomingStreamReset(streams) if streams.is_empty() => {
                // RFC 6525 section 4.1: none listed means all of them.
                for stream in self.streams.keys().copied().collect::<Vec<_>>() {
                    self.incoming_reset(stream);
                }
            }
            SocketEvent::OnIncomingStreamReset(streams) => {
                for stream in streams {
                    self.incoming_reset(stream.0);
                }
            }
            SocketEvent::OnStreamsResetPerformed(streams) => {
                for stream in streams {
                    self.outgoing_to(stream.0, Outgoing::Reset);
                }
            }
            // The other side was busy with a reset of its own, or lost count: it is asked again.
            SocketEvent::OnStreamsResetFailed(streams) => {
                for stream in streams {
                    self.outgoing_to(stream.0, Outgoing::Draining);
                }
            }
            // The association lives on: what the other side reports that does not end it, what it sent that
            // was dropped, and that it began anew (RFC 9260 section 5.2).
            SocketEvent::OnError(..) | SocketEvent::OnConnectionRestarted() => {}
            // Amounts are looked at after each call, and no message is followed by name.
            SocketEvent::OnBufferedAmountLow(_)
            | SocketEvent::OnTotalBufferedAmountLow()
            | SocketEvent::OnLifecycleMessageFullySent(_)
            | SocketEvent::OnLifecycleMessageMaybeExpired(_)
            | SocketEvent::OnLifecycleMessageExpired(_)
            | SocketEvent::OnLifecycleMessageDelivered(_)
            | SocketEvent::OnLifecycleEnd(_) => {}
        }
    }

    fn end(&mut self) {
        self.state = State::Ended;
        self.streams.clear();
        self.held.clear();
        self.held_bytes = 0;
    }

    fn message(&mut self, message: Payload) {
        let stream = message.stream_id.0;
        if message.ppid == payload::DCEP {
            self.dcep(stream, &message.payload);
            return;
        }
        // RFC 8831 section 8 lists what a channel carries; nothing else is for it.
        let Some(data) = payload::decode(message.ppid, &message.payload) else {
            return;
        };
        match self.streams.get_mut(&stream) {
            Some(known) if known.channel.is_some() => {
                known.keep_order = false;
                self.events.push_back(SctpEvent::Message { stream, data });
            }
            // The stream is only being reset: nobody waits for its messages.
            Some(_) => {}
            None => self.hold(stream, data),
        }
    }

    /// The other side may use a negotiated channel before it exists here, so the message waits for it.
    fn hold(&mut self, stream: u16, data: MessageData) {
        if self.held_bytes + data.len() > HELD_BYTES {
            self.refuse(stream);
        } else {
            self.held_bytes += data.len();
            self.held.entry(stream).or_default().push(data);
        }
    }

    /// Gives out what was held for a stream, which has a channel now.
    fn release(&mut self, stream: u16) {
        for data in self.held.remove(&stream).unwrap_or_default() {
            self.held_bytes -= data.len();
            self.events.push_back(SctpEvent::Message { stream, data });
        }
    }

    /// RFC 8832 section 6: a `DATA_CHANNEL_OPEN` must come on an unused stream that belongs to the other
    /// side's role, and be well formed; otherwise the channel is closed, and no `DATA_CHANNEL_ACK` sent.
    fn dcep(&mut self, stream: u16, message: &[u8]) {
        match dcep::Message::decode(message) {
            Ok(dcep::Message::Ack) => {
                if let Some(known) = self
                    .streams
                    .get_mut(&stream)
                    .filter(|known| known.awaits_acknowledgement)
                {
                    known.awaits_acknowledgement = false;
                    known.keep_order = false;
                    self.events.push_back(SctpEvent::Acknowledged { stream });
                }
            }
            Ok(dcep::Message::Open(parameters))
                if !self.streams.contains_key(&stream) && self.is_theirs(stream) =>
            {
                self.streams
                    .insert(stream, Stream::acknowledged(parameters.clone()));
                self.socket
                    .set_stream_priority(StreamId(stream), parameters.priority);
                self.events.push_back(SctpEvent::Opened { stream, parameters });
                // There is room for one byte, and the association is there, or nothing would have arrived on
                // it; should it be ending, so does the channel.
                if self.send_dcep(stream, vec![ACK]).is_err() {
                    self.refuse(stream);
                }
                self.release(stream);
            }
            Ok(dcep::Message::Open(_)) | Err(_) => self.refuse(stream),
        }
    }

    /// Whether the other side may open a channel on a stream: the DTLS client takes the even ones, the server
    /// the odd ones.
    fn is_theirs(&self, stream: u16) -> bool {
        let even = stream.is_multiple_of(2);
        match self.role {
            DtlsRole::Client => !even,
            DtlsRole::Server => even,
        }
    }

    /// Closes the channel of a stream because of what the other side did, or the stream alone if it has no
    /// channel.
    fn refuse(&mut self, stream: u16) {
        for data in self.held.remove(&stream).unwrap_or_default() {
            self.held_bytes -= data.len();
        }
        let known = self.streams.entry(stream).or_insert_with(Stream::without_channel);
        if known.close() && known.channel.is_some() {
            self.events.push_back(SctpEvent::StreamClosedByRemote { stream });
        }
    }

    /// RFC 8831 section 6.7: whoever sees the incoming half reset resets the outgoing half, too.
    fn incoming_reset(&mut self, stream: u16) {
        self.refuse(stream);
        if let Some(known) = self.streams.get_mut(&stream) {
            known.incoming_reset = true;
        }
        self.forget_if_reset(stream);
    }

    fn outgoing_to(&mut self, stream: u16, outgoing: Outgoing) {
        if let Some(known) = self.streams.get_mut(&stream) {
            known.outgoing = outgoing;
        }
        self.forget_if_reset(stream);
    }

    fn forget_if_reset(&mut self, stream: u16) {
        let is_reset = |known: &Stream| known.incoming_reset && known.outgoing == Outgoing::Reset;
        if self.streams.get(&stream).is_some_and(is_reset)
            && let Some(known) = self.streams.remove(&stream)
            && known.channel.is_some()
        {
            self.events.push_back(SctpEvent::StreamReset { stream });
        }
    }

    /// Resets the next stream that has sent everything, and says whether there was one. One at a time: the
    /// library asks for several in an order that differs from run to run.
    fn reset_next(&mut self) -> bool {
        let busy = self
            .streams
            .values()
            .any(|known| known.outgoing == Outgoing::Resetting);
        if self.state != State::Connected || busy {
            return false;
        }
        let drained = |(&stream, known): (&u16, &Stream)| {
            let sent = self.socket.buffered_amount(StreamId(stream)) == 0;
            (known.outgoing == Outgoing::Draining && sent).then_some(stream)
        };
        let Some(stream) = self.streams.iter().find_map(drained) else {
            return false;
        };
        match self.socket().reset_streams(&[StreamId(stream)]) {
            Ok(()) => {
                self.outgoing_to(stream, Outgoing::Resetting);
                true
            }
            // The other side cannot reset streams, so neither half will ever be: this is all the closing
            // there can be.
            Err(ResetStreamsError::NotSupported) => {
                if let Some(known) = self.streams.get_mut(&stream) {
                    known.incoming_reset = true;
                }
                self.outgoing_to(stream, Outgoing::Reset);
                true
            }
            // The association is ending, and its end closes everything.
            Err(ResetStreamsError::NotConnected) => false,
        }
    }
}

impl Stream {
    /// Begins to close the outgoing half; says whether it was open until now.
    fn close(&mut self) -> bool {
        let open = self.outgoing == Outgoing::Open;
        if open {
            self.outgoing = Outgoing::Draining;
        }
        open
    }
}

/// `DATA_CHANNEL_ACK` (RFC 8832 section 5.2).
const ACK: u8 = 2;
