//! How data channels end, and what the SCTP transport means for them.

use glare_peer::{
    DataChannelState, EventKind, Exception, Handle, RtcErrorDetail, SctpTransportState, SimTime,
};

use super::Connection;
use super::data_channel::{no_such_channel, rtc_error};
use super::tasks::{Piece, Task};
use super::transport::SctpId;

impl Connection {
    /// `webrtc-pc#dom-rtcdatachannel-close`.
    pub(super) fn close_data_channel(&mut self, handle: Handle) -> Result<(), Exception> {
        let channel = self
            .channels
            .get_mut(&handle)
            .ok_or_else(|| no_such_channel(handle))?;
        if matches!(
            channel.ready_state,
            DataChannelState::Closing | DataChannelState::Closed
        ) {
            return Ok(());
        }
        channel.ready_state = DataChannelState::Closing;
        if !std::mem::replace(&mut channel.closing_started, true) {
            self.queue(Task::ClosingProcedure { channel: handle });
        }
        Ok(())
    }

    /// The remote side reset its stream: the closing procedure starts, unless it has.
    pub(super) fn closed_by_remote(&mut self, id: SctpId, stream: u16) {
        let Some(handle) = self.channel_of_stream(id, stream) else {
            return;
        };
        let Some(channel) = self.channels.get_mut(&handle) else {
            return;
        };
        if !std::mem::replace(&mut channel.closing_started, true) {
            self.closing_procedure(handle);
        }
    }

    /// `webrtc-pc#closing-procedure`.
    pub(super) fn closing_procedure(&mut self, handle: Handle) {
        let Some(channel) = self.channels.get_mut(&handle) else {
            return;
        };
        if channel.ready_state == DataChannelState::Closed {
            return;
        }
        self.data_channels.retain(|other| *other != handle);
        if channel.ready_state != DataChannelState::Closing {
            channel.ready_state = DataChannelState::Closing;
            self.fire(handle, EventKind::Closing);
        }
        self.pieces.push_back(Piece::CloseUnderlyingTransport(handle));
    }

    /// `webrtc-pc#closing-procedure`, step 5: what is queued is sent, then the streams are reset (RFC 8831 section 6.7).
    /// A channel that never had a transport has nothing to wait for.
    pub(super) fn close_underlying_transport(&mut self, handle: Handle) {
        let now = self.now;
        let Some(channel) = self.channels.get(&handle) else {
            return;
        };
        match (channel.underlying, channel.id) {
            (Some(id), Some(stream)) if self.close_stream(id, now, stream) => {}
            _ => self.queue(Task::AnnounceClosed {
                channel: handle,
                error: None,
            }),
        }
    }

    fn close_stream(&mut self, id: SctpId, now: SimTime, stream: u16) -> bool {
        let transport = self.sctp_transports[id.0].transport;
        self.transport_mut(transport).close_stream(now, stream)
    }

    /// Both directions of a stream have been reset: the underlying data transport has been closed.
    pub(super) fn stream_reset(&mut self, id: SctpId, stream: u16) {
        if let Some(handle) = self.channel_of_stream(id, stream) {
            self.announce_as_closed(handle, None);
        }
    }

    /// `webrtc-pc#announcing-a-data-channel-as-closed`.
    pub(super) fn announce_as_closed(&mut self, handle: Handle, error: Option<String>) {
        let Some(channel) = self.channels.get_mut(&handle) else {
            return;
        };
        channel.released = true;
        if channel.ready_state == DataChannelState::Closed {
            return;
        }
        channel.ready_state = DataChannelState::Closed;
        self.data_channels.retain(|other| *other != handle);
        if let Some(message) = error {
            let error = rtc_error(RtcErrorDetail::SctpFailure, message);
            self.fire(handle, EventKind::Error { error });
        }
        self.fire(handle, EventKind::Close);
    }

    /// `webrtc-pc#connected-procedure`.
    pub(super) fn sctp_connected(&mut self, id: SctpId) {
        let sctp = &mut self.sctp_transports[id.0];
        if self.is_closed || sctp.state == SctpTransportState::Connected {
            return;
        }
        let transport = &self.transports[sctp.transport.0];
        sctp.state = SctpTransportState::Connected;
        sctp.max_channels = transport.negotiated_channels();
        let max_channels = sctp.max_channels;
        let handle = sctp.handle;
        let role = transport.dtls_role();
        for channel_handle in self.data_channels.clone() {
            if self
                .channels
                .get(&channel_handle)
                .is_none_or(|channel| channel.underlying.is_some())
            {
                continue;
            }
            let needs_id = self
                .channels
                .get(&channel_handle)
                .is_some_and(|channel| channel.id.is_none());
            if needs_id {
                let generated = role.and_then(|role| self.generate_id(role));
                if let Some(channel) = self.channels.get_mut(&channel_handle) {
                    channel.id = generated;
                }
            }
            match self.channels.get(&channel_handle).and_then(|channel| channel.id) {
                Some(stream) if max_channels.is_none_or(|max| stream < max) => {
                    self.create_underlying_transport(channel_handle);
                }
                Some(stream) => self.queue(Task::UnableToCreate {
                    channel: channel_handle,
                    message: format!("the id {stream} is beyond the streams that were negotiated"),
                }),
                None => self.queue(Task::UnableToCreate {
                    channel: channel_handle,
                    message: "no id is left for the channel".to_owned(),
                }),
            }
        }
        self.fire(handle, EventKind::StateChange);
    }

    /// The association ended (webrtc-pc#rtcsctptransportstate, "closed"): all channels over it are closed, with an error if
    /// the association ended with one.
    pub(super) fn sctp_closed(&mut self, id: SctpId, error: Option<String>) {
        let sctp = &mut self.sctp_transports[id.0];
        if self.is_closed || sctp.state == SctpTransportState::Closed {
            return;
        }
        sctp.state = SctpTransportState::Closed;
        let handle = sctp.handle;
        let channels: Vec<Handle> = self
            .channels
            .iter()
            .filter(|(_, channel)| channel.underlying == Some(id) && !channel.released)
            .map(|(handle, _)| *handle)
            .collect();
        for channel in channels {
            self.queue(Task::AnnounceClosed {
                channel,
                error: error.clone(),
            });
        }
        self.fire(handle, EventKind::StateChange);
    }
}
