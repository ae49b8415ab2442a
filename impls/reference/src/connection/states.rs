//! The states of the transports, and the states of the connection that are derived from them.

use glare_peer::{
    DtlsTransportState, EventKind, Exception, Handle, IceConnectionState, IceGatheringState, IceRole,
    IceTransportState, PeerConnectionState,
};

use super::Connection;
use super::tasks::{SelectedPair, Task};
use super::transport::TransportId;

impl Connection {
    /// The change of the ICE transport's pair or state (webrtc-pc#rtcicetransport, "the steps to change the selected
    /// candidate pair and state").
    pub(super) fn change_the_selected_candidate_pair_and_state(
        &mut self,
        id: TransportId,
        selected: Option<SelectedPair>,
        state: Option<IceTransportState>,
    ) {
        if self.is_closed {
            return;
        }
        let mut connection_ice_connection_state_changed = false;
        let mut connection_state_changed = false;
        let transport = &mut self.transports[id.0];
        let ice_handle = transport.ice_handle;
        let selected_candidate_pair_changed = match selected {
            Some(pair) if pair != transport.selected_candidate_pair => {
                transport.selected_candidate_pair = pair;
                true
            }
            _ => false,
        };
        let transport_ice_connection_state_changed = match state {
            Some(state) if state != transport.ice_state => {
                transport.ice_state = state;
                true
            }
            _ => false,
        };
        if transport_ice_connection_state_changed {
            connection_ice_connection_state_changed = self.derive_ice_connection_state();
            connection_state_changed = self.derive_connection_state();
        }
        if selected_candidate_pair_changed {
            self.fire(ice_handle, EventKind::SelectedCandidatePairChange);
        }
        if transport_ice_connection_state_changed {
            self.fire(ice_handle, EventKind::StateChange);
        }
        if connection_ice_connection_state_changed {
            self.fire(Handle::CONNECTION, EventKind::IceConnectionStateChange);
        }
        if connection_state_changed {
            self.fire(Handle::CONNECTION, EventKind::ConnectionStateChange);
        }
    }

    /// The ICE role changed by a role conflict (webrtc-pc#rtcicetransport).
    pub(super) fn ice_role_changed(&mut self, id: TransportId, role: IceRole) {
        self.transports[id.0].ice_role = role;
    }

    /// The DTLS transport changed its state other than by an error (webrtc-pc#rtcdtlstransport-interface).
    ///
    /// The specification does not ask whether the connection has been closed meanwhile; without that, a task queued
    /// before `close()` would bring a closed transport back to life.
    pub(super) fn dtls_state_changed(&mut self, id: TransportId, state: DtlsTransportState) {
        let transport = &mut self.transports[id.0];
        if self.is_closed || transport.dtls_state == state {
            return;
        }
        transport.dtls_state = state;
        let handle = transport.dtls_handle;
        self.fire(handle, EventKind::StateChange);
        self.queue(Task::UpdateConnectionState);
    }

    /// The DTLS transport experienced an error (webrtc-pc#rtcdtlstransport-interface).
    pub(super) fn dtls_failed(&mut self, id: TransportId, error: Exception) {
        let transport = &mut self.transports[id.0];
        if self.is_closed || transport.dtls_state == DtlsTransportState::Failed {
            return;
        }
        transport.dtls_state = DtlsTransportState::Failed;
        let handle = transport.dtls_handle;
        self.fire(handle, EventKind::Error { error });
        self.fire(handle, EventKind::StateChange);
        self.queue(Task::UpdateConnectionState);
    }

    /// `webrtc-pc#update-the-connection-state`.
    pub(super) fn update_the_connection_state(&mut self) {
        if self.is_closed {
            return;
        }
        if self.derive_connection_state() {
            self.fire(Handle::CONNECTION, EventKind::ConnectionStateChange);
        }
    }

    /// What the connection's states are derived from changed with a description, which dropped transports or brought new
    /// ones. The specification has no steps of its own for that; its enumerations say what the states are then.
    pub(super) fn transports_changed(&mut self) {
        if self.is_closed {
            return;
        }
        let gathering = self.derive_ice_gathering_state();
        let ice = self.derive_ice_connection_state();
        let connection = self.derive_connection_state();
        if gathering {
            self.fire(Handle::CONNECTION, EventKind::IceGatheringStateChange);
        }
        if ice {
            self.fire(Handle::CONNECTION, EventKind::IceConnectionStateChange);
        }
        if connection {
            self.fire(Handle::CONNECTION, EventKind::ConnectionStateChange);
        }
    }

    /// Has the states be derived anew in a task, where new transports alone have changed what they are.
    pub(super) fn queue_if_states_change(&mut self) {
        let ice = self.derived_ice_connection_state();
        if self.derived_ice_gathering_state() != self.ice_gathering_state
            || ice != self.ice_connection_state
            || self.derived_connection_state(ice) != self.connection_state
        {
            self.queue(Task::TransportsChanged);
        }
    }

    /// Derives the gathering state, and says whether it changed.
    pub(super) fn derive_ice_gathering_state(&mut self) -> bool {
        let state = self.derived_ice_gathering_state();
        std::mem::replace(&mut self.ice_gathering_state, state) != state
    }

    /// Derives the state of ICE, and says whether it changed.
    pub(super) fn derive_ice_connection_state(&mut self) -> bool {
        let state = self.derived_ice_connection_state();
        std::mem::replace(&mut self.ice_connection_state, state) != state
    }

    /// Derives the state of the connection, and says whether it changed.
    pub(super) fn derive_connection_state(&mut self) -> bool {
        let state = self.derived_connection_state(self.ice_connection_state);
        std::mem::replace(&mut self.connection_state, state) != state
    }

    /// `webrtc-pc#rtcicegatheringstate-enum`.
    fn derived_ice_gathering_state(&self) -> IceGatheringState {
        let states: Vec<_> = self
            .referenced_transports()
            .map(|transport| transport.gathering_state)
            .collect();
        if states.contains(&IceGatheringState::Gathering) {
            IceGatheringState::Gathering
        } else if states.is_empty() || states.contains(&IceGatheringState::New) {
            IceGatheringState::New
        } else {
            IceGatheringState::Complete
        }
    }

    /// `webrtc-pc#rtciceconnectionstate-enum`.
    fn derived_ice_connection_state(&self) -> IceConnectionState {
        use IceTransportState as T;
        let states: Vec<_> = self
            .referenced_transports()
            .map(|transport| transport.ice_state)
            .collect();
        let any = |of: &[T]| states.iter().any(|state| of.contains(state));
        let all = |of: &[T]| states.iter().all(|state| of.contains(state));
        if self.is_closed {
            IceConnectionState::Closed
        } else if any(&[T::Failed]) {
            IceConnectionState::Failed
        } else if any(&[T::Disconnected]) {
            IceConnectionState::Disconnected
        } else if all(&[T::New, T::Closed]) {
            IceConnectionState::New
        } else if any(&[T::New, T::Checking]) {
            IceConnectionState::Checking
        } else if all(&[T::Completed, T::Closed]) {
            IceConnectionState::Completed
        } else {
            IceConnectionState::Connected
        }
    }

    /// `webrtc-pc#rtcpeerconnectionstate-enum`.
    ///
    /// The enumeration asks for an ICE connection state of "connected" and forgets "completed", which comes after it; both
    /// are taken as connected, as the states of the transports say.
    fn derived_connection_state(&self, ice: IceConnectionState) -> PeerConnectionState {
        use DtlsTransportState as T;
        let states: Vec<_> = self
            .referenced_transports()
            .map(|transport| transport.dtls_state)
            .collect();
        let all = |of: &[T]| states.iter().all(|state| of.contains(state));
        match ice {
            IceConnectionState::Closed => PeerConnectionState::Closed,
            IceConnectionState::Failed => PeerConnectionState::Failed,
            _ if states.contains(&T::Failed) => PeerConnectionState::Failed,
            IceConnectionState::Disconnected => PeerConnectionState::Disconnected,
            IceConnectionState::New if all(&[T::New, T::Closed]) => PeerConnectionState::New,
            IceConnectionState::Connected | IceConnectionState::Completed
                if all(&[T::Connected, T::Closed]) =>
            {
                PeerConnectionState::Connected
            }
            _ => PeerConnectionState::Connecting,
        }
    }

    /// The role that the ICE transport plays, as the attribute spells it.
    pub(super) fn ice_role(role: crate::ice::Role) -> IceRole {
        match role {
            crate::ice::Role::Controlling => IceRole::Controlling,
            crate::ice::Role::Controlled => IceRole::Controlled,
        }
    }
}
