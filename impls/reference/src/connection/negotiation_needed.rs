//! The negotiation-needed flag, and `restartIce()`.

use glare_peer::{EventKind, Handle, SignalingState};

use super::Connection;
use super::tasks::Task;

impl Connection {
    /// `webrtc-pc#dfn-update-the-negotiation-needed-flag`.
    pub(super) fn update_the_negotiation_needed_flag(&mut self) {
        if !self.operations.is_empty() {
            self.update_negotiation_needed_flag_on_empty_chain = true;
            return;
        }
        self.queue(Task::UpdateNegotiationNeeded);
    }

    /// `webrtc-pc#dfn-update-the-negotiation-needed-flag`, step 2.
    pub(super) fn negotiation_needed_task(&mut self) {
        if self.is_closed {
            return;
        }
        if !self.operations.is_empty() {
            self.update_negotiation_needed_flag_on_empty_chain = true;
            return;
        }
        if self.signaling_state != SignalingState::Stable {
            return;
        }
        if !self.is_negotiation_needed() {
            self.negotiation_needed = false;
            return;
        }
        if self.negotiation_needed {
            return;
        }
        self.negotiation_needed = true;
        self.fire(Handle::CONNECTION, EventKind::NegotiationNeeded);
    }

    /// `webrtc-pc#dfn-check-if-negotiation-is-needed`.
    fn is_negotiation_needed(&self) -> bool {
        if !self.local_ice_credentials_to_replace.is_empty() {
            return true;
        }
        let description = self.current_local_description.as_ref();
        self.has_created_data_channel && description.is_none_or(|it| !it.session.mentions_data)
    }

    /// `webrtc-pc#dom-rtcpeerconnection-restartice`.
    pub(super) fn restart_ice(&mut self) {
        let descriptions = [&self.current_local_description, &self.pending_local_description];
        self.local_ice_credentials_to_replace = descriptions
            .into_iter()
            .flatten()
            .filter_map(|description| description.session.data.as_ref())
            .map(|data| data.credentials.clone())
            .collect();
        self.update_the_negotiation_needed_flag();
    }
}
