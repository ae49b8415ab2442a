//! `close()`.

use glare_peer::{
    DataChannelState, DtlsTransportState, IceConnectionState, IceTransportState, PeerConnectionState,
    SctpTransportState, SignalingState,
};

use super::Connection;
use super::transport::TransportId;

impl Connection {
    /// `webrtc-pc#dom-rtcpeerconnection-close`.
    pub(super) fn close(&mut self) {
        if self.is_closed {
            return;
        }
        self.is_closed = true;
        self.signaling_state = SignalingState::Closed;
        for id in self.set_of_transceivers.clone() {
            if !self.transceiver(id).stopped {
                self.stop_the_rtc_rtp_transceiver(id);
            }
        }
        for channel in self.channels.values_mut() {
            channel.ready_state = DataChannelState::Closed;
        }
        for index in 0..self.transports.len() {
            let transport = &mut self.transports[index];
            // The ABORT and the close_notify still go out over the selected pair; only then is the ICE agent destroyed.
            transport.tear_down(self.now);
            transport.dtls_state = DtlsTransportState::Closed;
            transport.ice_state = IceTransportState::Closed;
            self.take_output(TransportId(index));
        }
        for sctp in &mut self.sctp_transports {
            sctp.state = SctpTransportState::Closed;
        }
        self.ice_connection_state = IceConnectionState::Closed;
        self.connection_state = PeerConnectionState::Closed;
    }
}
