//! `close()`.

use glare_peer::{
    DataChannelState, DtlsTransportState, IceConnectionState, IceTransportState, PeerConnectionState,
    SctpTransportState, SignalingState,
};

use super::Connection;

impl Connection {
    /// `webrtc-pc#dom-rtcpeerconnection-close`.
    pub(super) fn close(&mut self) {
        if self.is_closed {
            return;
        }
        self.is_closed = true;
        self.signaling_state = SignalingState::Closed;
        for channel in self.channels.values_mut() {
            channel.ready_state = DataChannelState::Closed;
        }
        for transport in &mut self.transports {
            // The ABORT and the close_notify still go out over the selected pair; only then is the ICE agent destroyed.
            transport.tear_down(self.now);
            self.datagrams.append(&mut transport.datagrams);
            self.secrets.append(&mut transport.secrets);
            transport.sctp_state = SctpTransportState::Closed;
            transport.dtls_state = DtlsTransportState::Closed;
            transport.ice_state = IceTransportState::Closed;
        }
        self.ice_connection_state = IceConnectionState::Closed;
        self.connection_state = PeerConnectionState::Closed;
    }
}
