//! Data channels: made, announced, read and written.

use glare_peer::{
    DataChannelInit, DataChannelState, EventKind, Exception, ExceptionName, Handle, MessageData,
    RtcErrorDetail, SctpTransportState,
};

use super::Connection;
use super::tasks::{Piece, Task};
use super::transport::SctpId;
use crate::dtls::DtlsRole;
pub(super) use crate::sctp::ChannelParameters;

/// The largest id that a channel may have (RFC 8832 section 5.1).
const MAX_ID: u16 = 65534;

/// The priority of every channel: normal (RFC 8831 section 6.4). The specification gives script no say in it.
const NORMAL_PRIORITY: u16 = 256;

/// The slots of an `RTCDataChannel`.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) ready_state: DataChannelState,
    pub(super) label: String,
    pub(super) ordered: bool,
    pub(super) max_packet_life_time: Option<u16>,
    pub(super) max_retransmits: Option<u16>,
    pub(super) protocol: String,
    pub(super) negotiated: bool,
    pub(super) id: Option<u16>,
    pub(super) buffered_amount: usize,
    pub(super) buffered_amount_low_threshold: u32,
    /// `blob` or `arraybuffer`. What messages are given as is the same here: bytes.
    pub(super) binary_type: &'static str,
    /// The SCTP transport whose stream is the underlying data transport, once there is one.
    pub(super) underlying: Option<SctpId>,
    /// Whether the closing procedure has started.
    pub(super) closing_started: bool,
    /// Whether the underlying data transport was closed or could not be made, so that the id is free again.
    pub(super) released: bool,
    /// Payload bytes handed to the SCTP association that it has not yet sent.
    pub(super) queued: usize,
}

impl Channel {
    /// `webrtc-pc#dfn-create-an-rtcdatachannel`.
    fn create(parameters: ChannelParameters, negotiated: bool, id: Option<u16>) -> Channel {
        Channel {
            ready_state: DataChannelState::Connecting,
            label: parameters.label,
            ordered: parameters.ordered,
            max_packet_life_time: parameters.max_packet_life_time,
            max_retransmits: parameters.max_retransmits,
            protocol: parameters.protocol,
            negotiated,
            id,
            buffered_amount: 0,
            buffered_amount_low_threshold: 0,
            binary_type: "arraybuffer",
            underlying: None,
            closing_started: false,
            released: false,
            queued: 0,
        }
    }

    fn parameters(&self) -> ChannelParameters {
        ChannelParameters {
            label: self.label.clone(),
            protocol: self.protocol.clone(),
            ordered: self.ordered,
            max_retransmits: self.max_retransmits,
            max_packet_life_time: self.max_packet_life_time,
            priority: NORMAL_PRIORITY,
        }
    }
}

impl Connection {
    /// `webrtc-pc#dom-peerconnection-createdatachannel`.
    pub(super) fn create_data_channel(
        &mut self,
        label: String,
        options: DataChannelInit,
    ) -> Result<Handle, Exception> {
        if self.is_closed {
            return Err(Exception::new(
                ExceptionName::InvalidStateError,
                "the connection is closed",
            ));
        }
        let type_error = |message: &str| Err(Exception::new(ExceptionName::TypeError, message));
        if label.len() > 65535 {
            return type_error("the label is longer than 65535 bytes");
        }
        if options.protocol.len() > 65535 {
            return type_error("the protocol is longer than 65535 bytes");
        }
        let mut id = options.id.filter(|_| options.negotiated);
        if options.negotiated && id.is_none() {
            return type_error("a negotiated channel needs an id");
        }
        if options.max_packet_life_time.is_some() && options.max_retransmits.is_some() {
            return type_error("maxPacketLifeTime and maxRetransmits exclude each other");
        }
        if id == Some(65535) {
            return type_error("the id 65535 is not allowed");
        }
        let role = self
            .sctp()
            .and_then(|sctp| self.transport(sctp.transport).dtls_role());
        match (id, role) {
            (None, Some(role)) => {
                id = Some(self.generate_id(role).ok_or_else(|| {
                    Exception::new(ExceptionName::OperationError, "no id is left for another channel")
                })?);
            }
            (Some(id), _) if self.id_in_use(id) => {
                let message = format!("the id {id} is used by another channel");
                return Err(Exception::new(ExceptionName::OperationError, message));
            }
            _ => {}
        }
        if let (Some(id), Some(sctp)) = (id, self.sctp())
            && sctp.state == SctpTransportState::Connected
            && sctp.max_channels.is_some_and(|max| id >= max)
        {
            let message = format!("the id {id} is beyond the streams that were negotiated");
            return Err(Exception::new(ExceptionName::OperationError, message));
        }
        let first = !std::mem::replace(&mut self.has_created_data_channel, true);
        if first {
            self.update_the_negotiation_needed_flag();
        }
        let parameters = ChannelParameters {
            label,
            protocol: options.protocol,
            ordered: options.ordered,
            max_retransmits: options.max_retransmits,
            max_packet_life_time: options.max_packet_life_time,
            priority: NORMAL_PRIORITY,
        };
        let handle = self.new_handle();
        self.channels
            .insert(handle, Channel::create(parameters, options.negotiated, id));
        self.data_channels.push(handle);
        // In parallel: the underlying data transport, if the association is there to carry it.
        if self
            .sctp()
            .is_some_and(|sctp| sctp.state == SctpTransportState::Connected)
        {
            self.create_underlying_transport(handle);
        }
        Ok(handle)
    }

    /// An id for a channel by the DTLS role (RFC 8832 section 6): even for the client, odd for the server.
    pub(super) fn generate_id(&self, role: DtlsRole) -> Option<u16> {
        let first = match role {
            DtlsRole::Client => 0,
            DtlsRole::Server => 1,
        };
        let end = self
            .sctp()
            .and_then(|sctp| sctp.max_channels)
            .unwrap_or(MAX_ID + 1);
        (first..end).step_by(2).find(|id| !self.id_in_use(*id))
    }

    fn id_in_use(&self, id: u16) -> bool {
        self.channels
            .values()
            .any(|channel| channel.id == Some(id) && !channel.released)
    }

    /// Creates the underlying data transport of a channel with an id, and announces the channel as open.
    pub(super) fn create_underlying_transport(&mut self, handle: Handle) {
        let now = self.now;
        let Some(id) = self.sctp_transport else { return };
        let Some(channel) = self.channels.get_mut(&handle) else {
            return;
        };
        let Some(stream) = channel.id else { return };
        let parameters = channel.parameters();
        let negotiated = channel.negotiated;
        let transport = self.sctp_transports[id.0].transport;
        let opened = self.transports[transport.0].open_stream(now, stream, parameters, negotiated);
        match opened {
            Ok(()) => {
                channel.underlying = Some(id);
                self.queue(Task::AnnounceOpen { channel: handle });
            }
            Err(message) => self.queue(Task::UnableToCreate {
                channel: handle,
                message,
            }),
        }
    }

    /// `webrtc-pc#announcing-a-data-channel-as-open`.
    pub(super) fn announce_as_open(&mut self, handle: Handle) {
        if self.is_closed {
            return;
        }
        let Some(channel) = self.channels.get_mut(&handle) else {
            return;
        };
        if matches!(
            channel.ready_state,
            DataChannelState::Closing | DataChannelState::Closed
        ) {
            return;
        }
        channel.ready_state = DataChannelState::Open;
        self.fire(handle, EventKind::Open);
    }

    /// `webrtc-pc#announcing-a-data-channel-instance`.
    pub(super) fn announce_instance(&mut self, id: SctpId, stream: u16, parameters: ChannelParameters) {
        if self.is_closed {
            return;
        }
        if let Some(existing) = self.channel_of_stream(id, stream) {
            self.notes.push(format!(
                "the remote side opened stream {stream}, which channel {existing} uses already; ignored (RFC 8832 section 6)"
            ));
            return;
        }
        let mut channel = Channel::create(parameters, false, Some(stream));
        channel.underlying = Some(id);
        channel.ready_state = DataChannelState::Open;
        let handle = self.new_handle();
        self.channels.insert(handle, channel);
        self.data_channels.push(handle);
        self.fire(Handle::CONNECTION, EventKind::DataChannel { channel: handle });
        self.pieces.push_back(Piece::AnnounceOpen(handle));
    }

    /// The channel whose underlying data transport is a stream.
    pub(super) fn channel_of_stream(&self, id: SctpId, stream: u16) -> Option<Handle> {
        self.channels
            .iter()
            .find(|(_, channel)| {
                channel.id == Some(stream) && channel.underlying == Some(id) && !channel.released
            })
            .map(|(handle, _)| *handle)
    }

    /// `webrtc-pc#dfn-unable-to-create-an-rtcdatachannel` ("Error on creating data channels").
    pub(super) fn unable_to_create(&mut self, handle: Handle, message: String) {
        let Some(channel) = self.channels.get_mut(&handle) else {
            return;
        };
        if self.is_closed || channel.ready_state == DataChannelState::Closed {
            return;
        }
        channel.ready_state = DataChannelState::Closed;
        channel.released = true;
        self.data_channels.retain(|other| *other != handle);
        let error = rtc_error(RtcErrorDetail::DataChannelFailure, message);
        self.fire(handle, EventKind::Error { error });
        self.fire(handle, EventKind::Close);
    }

    /// `webrtc-pc#receiving-messages-on-a-data-channel`.
    pub(super) fn message_received(&mut self, id: SctpId, stream: u16, data: MessageData) {
        let Some(handle) = self.channel_of_stream(id, stream) else {
            self.notes.push(format!(
                "a message of {} bytes came on stream {stream}, which no channel uses; discarded",
                data.len()
            ));
            return;
        };
        if self
            .channels
            .get(&handle)
            .is_none_or(|channel| channel.ready_state != DataChannelState::Open)
        {
            return;
        }
        self.fire(handle, EventKind::Message { data });
    }

    /// `webrtc-pc#datachannel-send`.
    pub(super) fn send(&mut self, handle: Handle, data: &MessageData) -> Result<(), Exception> {
        let now = self.now;
        let Some(channel) = self.channels.get_mut(&handle) else {
            return Err(no_such_channel(handle));
        };
        if channel.ready_state != DataChannelState::Open {
            let message = format!("the channel is {}", channel.ready_state);
            return Err(Exception::new(ExceptionName::InvalidStateError, message));
        }
        let (Some(id), Some(stream)) = (channel.underlying, channel.id) else {
            return Err(Exception::new(
                ExceptionName::InvalidStateError,
                "the channel has no transport",
            ));
        };
        let sctp = &self.sctp_transports[id.0];
        let size = data.len() as f64;
        if let Some(limit) = sctp.max_message_size.filter(|limit| size > *limit) {
            let message = format!("{size} bytes are more than maxMessageSize, {limit}");
            return Err(Exception::new(ExceptionName::TypeError, message));
        }
        if let Some(limit) = sctp.max_buffer_size
            && channel.buffered_amount as f64 + size > limit
        {
            let message = format!("{size} bytes more would exceed the send buffer of {limit} bytes");
            return Err(Exception::new(ExceptionName::OperationError, message));
        }
        channel.buffered_amount += data.len();
        channel.queued += data.len();
        let transport = sctp.transport;
        if let Err(message) = self.transports[transport.0].send_message(now, stream, data) {
            channel.queued -= data.len();
            self.queue(Task::SendFailed {
                channel: handle,
                message,
            });
        }
        Ok(())
    }

    /// `webrtc-pc#datachannel-send`, step 7: the error of the transport.
    pub(super) fn send_failed(&mut self, handle: Handle, message: String) {
        let error = rtc_error(RtcErrorDetail::SctpFailure, message);
        self.fire(handle, EventKind::Error { error });
    }

    /// The underlying data transport sent bytes of a channel (webrtc-pc#dom-datachannel-bufferedamount).
    pub(super) fn bytes_sent(&mut self, handle: Handle, bytes: usize) {
        let Some(channel) = self.channels.get_mut(&handle) else {
            return;
        };
        let threshold = channel.buffered_amount_low_threshold as usize;
        let before = channel.buffered_amount;
        channel.buffered_amount = before.saturating_sub(bytes);
        if !self.is_closed && before > threshold && channel.buffered_amount <= threshold {
            self.fire(handle, EventKind::BufferedAmountLow);
        }
    }

    /// Sets `webrtc-pc#dom-rtcdatachannel-bufferedamountlowthreshold`.
    pub(super) fn set_buffered_amount_low_threshold(
        &mut self,
        handle: Handle,
        threshold: u32,
    ) -> Result<(), Exception> {
        let channel = self
            .channels
            .get_mut(&handle)
            .ok_or_else(|| no_such_channel(handle))?;
        channel.buffered_amount_low_threshold = threshold;
        Ok(())
    }

    /// Sets `webrtc-pc#dom-rtcdatachannel-binarytype`. A value that the enumeration has not is ignored, as Web IDL has it
    /// for setters.
    pub(super) fn set_binary_type(&mut self, handle: Handle, binary_type: &str) -> Result<(), Exception> {
        let channel = self
            .channels
            .get_mut(&handle)
            .ok_or_else(|| no_such_channel(handle))?;
        let known = ["blob", "arraybuffer"]
            .into_iter()
            .find(|known| *known == binary_type);
        channel.binary_type = known.unwrap_or(channel.binary_type);
        Ok(())
    }
}

/// What a call on an object that is no channel throws, as calling the method on another object does in Web IDL.
pub(super) fn no_such_channel(handle: Handle) -> Exception {
    Exception::new(
        ExceptionName::TypeError,
        format!("{handle} is not a data channel of this connection"),
    )
}

/// An `RTCError` with a detail.
pub(super) fn rtc_error(detail: RtcErrorDetail, message: String) -> Exception {
    let mut error = Exception::new(ExceptionName::OperationError, message);
    error.error_detail = Some(detail);
    error
}
