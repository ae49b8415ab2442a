//! The negotiation-needed flag, and `restartIce()`.

use glare_peer::{EventKind, Handle, SdpType, SignalingState};

use super::Connection;
use super::slots::AppliedDescription;
use super::tasks::Task;
use super::transceiver::Transceiver;
use crate::sdp::{Direction, MediaSection};

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
        if self.has_created_data_channel && description.is_none_or(|it| !it.session.mentions_data) {
            return true;
        }
        self.collected()
            .any(|(_, transceiver)| self.needs_negotiation(transceiver, description))
    }

    /// `webrtc-pc#dfn-check-if-negotiation-is-needed`, step 5.
    fn needs_negotiation(&self, transceiver: &Transceiver, description: Option<&AppliedDescription>) -> bool {
        if transceiver.stopping && !transceiver.stopped {
            return true;
        }
        let local = description.and_then(|description| associated_section(transceiver, description));
        if transceiver.stopped {
            let remote = self.current_remote_description.as_ref();
            let remote = remote.and_then(|remote| associated_section(transceiver, remote));
            let is_rejected = |media: Option<&MediaSection>| media.is_some_and(MediaSection::is_rejected);
            return transceiver.m_line_index.is_some() && !is_rejected(local) && !is_rejected(remote);
        }
        let (Some(local), Some(description)) = (local, description) else {
            return true;
        };
        if transceiver.direction.sends() {
            let described = local.stream_ids();
            let associated = &transceiver.sender.associated_media_stream_ids;
            let differ = described.len() != associated.len()
                || !associated.iter().all(|id| described.contains(&id.as_str()));
            if local.msids.is_empty() || differ {
                return true;
            }
        }
        let direction = Direction::new(transceiver.direction.sends(), transceiver.direction.receives());
        let remote = self.current_remote_description.as_ref();
        let remote = remote.and_then(|remote| associated_section(transceiver, remote));
        if description.sdp_type == SdpType::Offer {
            return local.direction != direction
                && remote.is_none_or(|remote| remote.direction.reversed() != direction);
        }
        let offered = remote.map_or(Direction::Inactive, |remote| remote.direction.reversed());
        local.direction != direction.intersection(offered)
    }

    /// `webrtc-pc#dom-rtcpeerconnection-restartice`.
    pub(super) fn restart_ice(&mut self) {
        let descriptions = [&self.current_local_description, &self.pending_local_description];
        self.local_ice_credentials_to_replace = descriptions
            .into_iter()
            .flatten()
            .flat_map(|description| &description.session.transports)
            .map(|transport| transport.credentials.clone())
            .collect();
        self.update_the_negotiation_needed_flag();
    }
}

/// The media description that a transceiver is associated with in a description.
fn associated_section<'a>(
    transceiver: &Transceiver,
    description: &'a AppliedDescription,
) -> Option<&'a MediaSection> {
    let media = description
        .session
        .description
        .media
        .get(transceiver.m_line_index?)?;
    // Without an identification tag its place alone tells (RFC 9429 section 5.10).
    let is_associated = media.mid().is_none() || media.mid() == transceiver.jsep_mid.as_deref();
    Some(media).filter(|_| is_associated)
}
