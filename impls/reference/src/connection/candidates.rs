//! Candidates: `addIceCandidate()`, and the gathering of our own.

use glare_peer::{
    EventKind, Exception, ExceptionName, Handle, IceCandidate, IceGatheringState, OperationId, Value,
};

use super::Connection;
use super::operations_chain::ChainedOperation;
use super::promises::PromiseId;
use super::session::Section;
use super::tasks::{Piece, Task};
use super::transport::TransportId;
use crate::ice::Candidate;

/// Which media descriptions of the remote description a candidate speaks of.
enum Target<'a> {
    All,
    One(&'a Section),
}

impl Connection {
    /// `webrtc-pc#dom-peerconnection-addicecandidate`, steps 1 to 4.
    pub(super) fn call_add_ice_candidate(&mut self, id: OperationId, candidate: IceCandidate) {
        if !candidate.is_end_of_candidates()
            && candidate.sdp_mid.is_none()
            && candidate.sdp_m_line_index.is_none()
        {
            let message = "a candidate needs an sdpMid or an sdpMLineIndex";
            self.reject_at_once(id, Exception::new(ExceptionName::TypeError, message));
            return;
        }
        self.chain_an_operation(id, ChainedOperation::AddIceCandidate(candidate));
    }

    /// `webrtc-pc#dom-peerconnection-addicecandidate`, the steps that are chained.
    pub(super) fn add_ice_candidate(&mut self, candidate: IceCandidate) -> PromiseId {
        let relevant = match self.candidate_is_for_our_transport(&candidate) {
            Ok(relevant) => relevant,
            Err(reason) => return self.promises.settled(Err(reason)),
        };
        if !relevant {
            return self.promises.settled(Ok(Value::Undefined));
        }
        let promise = self.promises.create();
        match self.process_candidate(&candidate) {
            Ok(()) => self.queue(Task::CandidateAdded { promise, candidate }),
            Err(message) => self.queue(Task::CandidateFailed { promise, message }),
        }
        promise
    }

    /// `webrtc-pc#dom-peerconnection-addicecandidate`, steps 4.1 to 4.5. False where step 4.4 ends the steps: the media
    /// description is one that we have rejected, as the description of a stopped transceiver is.
    fn candidate_is_for_our_transport(&self, candidate: &IceCandidate) -> Result<bool, Exception> {
        let remote = self.remote_description().ok_or_else(|| {
            Exception::new(ExceptionName::InvalidStateError, "there is no remote description")
        })?;
        let operation_error = |message: String| Err(Exception::new(ExceptionName::OperationError, message));
        let sections = &remote.session.sections;
        let target = if let Some(mid) = &candidate.sdp_mid {
            match sections.iter().find(|section| section.mid.as_ref() == Some(mid)) {
                Some(section) => Target::One(section),
                None => {
                    return operation_error(format!(
                        "no media description of the remote description has the mid {mid:?}"
                    ));
                }
            }
        } else if let Some(index) = candidate.sdp_m_line_index {
            match sections.get(usize::from(index)) {
                Some(section) => Target::One(section),
                None => {
                    return operation_error(format!(
                        "sdpMLineIndex is {index}, and the remote description has {} media descriptions",
                        sections.len()
                    ));
                }
            }
        } else {
            Target::All
        };
        if let Target::One(section) = target
            && !section.uses_data_transport
        {
            return Ok(false);
        }
        if let Some(username_fragment) = &candidate.username_fragment {
            let applied = [&self.pending_remote_description, &self.current_remote_description];
            let known = applied.into_iter().flatten().any(|description| {
                description
                    .session
                    .sections
                    .iter()
                    .filter(|section| match target {
                        Target::All => true,
                        Target::One(one) => section.index == one.index,
                    })
                    .any(|section| section.username_fragment.as_ref() == Some(username_fragment))
            });
            if !known {
                return operation_error(format!(
                    "no remote description has the username fragment {username_fragment:?} there"
                ));
            }
        }
        Ok(true)
    }

    /// `webrtc-pc#dom-peerconnection-addicecandidate`, step 4.7: hands the candidate to the ICE agent (RFC 9429 section
    /// 4.1.19).
    fn process_candidate(&mut self, candidate: &IceCandidate) -> Result<(), String> {
        let username_fragment = self.generation_of(candidate);
        let parsed = if candidate.is_end_of_candidates() {
            None
        } else {
            let mut parsed: Candidate = candidate
                .candidate
                .parse()
                .map_err(|error| format!("{:?}: {error}", candidate.candidate))?;
            parsed.username_fragment.clone_from(&username_fragment);
            Some(parsed)
        };
        let now = self.now;
        let Some(transport) = self.transport_mut() else {
            return Ok(());
        };
        match parsed {
            Some(parsed) => {
                if let Some(why) = transport.add_remote_candidate(now, parsed, username_fragment.as_deref()) {
                    self.notes
                        .push(format!("{} has no effect: {why}", candidate.candidate));
                }
            }
            None => transport.remote_end_of_candidates(now, username_fragment.as_deref()),
        }
        Ok(())
    }

    /// The username fragment of the generation that a candidate belongs to: its own, or that of the newest remote
    /// description.
    fn generation_of(&self, candidate: &IceCandidate) -> Option<String> {
        candidate.username_fragment.clone().or_else(|| {
            let data = self.remote_description()?.session.data.as_ref()?;
            Some(data.credentials.username_fragment.clone())
        })
    }

    /// `webrtc-pc#dom-peerconnection-addicecandidate`, step 4.7.1.
    pub(super) fn candidate_failed(&mut self, promise: PromiseId, message: String) {
        if self.is_closed {
            return;
        }
        let reason = Exception::new(ExceptionName::OperationError, message);
        self.pieces.push_back(Piece::Settle(promise, Err(reason)));
    }

    /// `webrtc-pc#dom-peerconnection-addicecandidate`, step 4.7.2.
    pub(super) fn candidate_added(&mut self, promise: PromiseId, candidate: &IceCandidate) {
        if self.is_closed {
            return;
        }
        if let Some(username_fragment) = self.generation_of(candidate) {
            let line = (!candidate.is_end_of_candidates()).then_some(candidate.candidate.as_str());
            for description in [
                &mut self.pending_remote_description,
                &mut self.current_remote_description,
            ]
            .into_iter()
            .flatten()
            {
                if let Err(error) = description.add_remote_candidate(&username_fragment, line) {
                    self.notes.push(format!(
                        "the remote description could not be brought up to date: {error}"
                    ));
                }
            }
        }
        self.pieces
            .push_back(Piece::Settle(promise, Ok(Value::Undefined)));
    }

    /// The ICE agent began to gather a generation (webrtc-pc#rtcicetransport).
    pub(super) fn gathering_began(&mut self, id: TransportId) {
        if self.is_closed || !self.is_current(id) {
            return;
        }
        self.set_gathering_state(id, IceGatheringState::Gathering);
    }

    /// Sets the gathering state of the transport and of the connection, and fires what changed.
    fn set_gathering_state(&mut self, id: TransportId, state: IceGatheringState) {
        let transport = &mut self.transports[id.0];
        let handle = transport.ice_handle;
        let transport_changed = std::mem::replace(&mut transport.gathering_state, state) != state;
        let connection_ice_gathering_state_changed = self.derive_ice_gathering_state();
        if transport_changed {
            self.fire(handle, EventKind::GatheringStateChange);
        }
        if connection_ice_gathering_state_changed {
            self.fire(Handle::CONNECTION, EventKind::IceGatheringStateChange);
        }
    }

    /// A new ICE candidate is available (webrtc-pc#rtcicetransport).
    pub(super) fn candidate_available(
        &mut self,
        id: TransportId,
        candidate: String,
        username_fragment: String,
    ) {
        if self.is_closed {
            return;
        }
        let represented = [&self.pending_local_description, &self.current_local_description]
            .into_iter()
            .flatten()
            .any(|description| description.represents_generation(&username_fragment));
        if represented {
            self.surface_the_candidate(id, candidate, username_fragment);
        } else {
            self.early_candidates.push((id, candidate, username_fragment));
        }
    }

    /// `webrtc-pc#dfn-release-early-candidates`.
    pub(super) fn release_early_candidates(&mut self) {
        for (transport, candidate, username_fragment) in std::mem::take(&mut self.early_candidates) {
            self.queue(Task::SurfaceCandidate {
                transport,
                candidate,
                username_fragment,
            });
        }
    }

    /// `webrtc-pc#dfn-surface-the-candidate`.
    pub(super) fn surface_the_candidate(
        &mut self,
        id: TransportId,
        candidate: String,
        username_fragment: String,
    ) {
        if self.is_closed || !self.is_current(id) {
            return;
        }
        for description in [
            &mut self.pending_local_description,
            &mut self.current_local_description,
        ]
        .into_iter()
        .flatten()
        {
            if let Err(error) = description.add_local_candidate(&username_fragment, Some(&candidate)) {
                self.notes.push(format!(
                    "the local description could not be brought up to date: {error}"
                ));
            }
        }
        let new_candidate = self.candidate_of_transport(candidate, username_fragment);
        self.fire(
            Handle::CONNECTION,
            EventKind::IceCandidate {
                candidate: Some(new_candidate),
            },
        );
    }

    /// The ICE agent finished gathering a generation (webrtc-pc#rtcicetransport), the first task.
    pub(super) fn gathering_of_a_generation_finished(&mut self, id: TransportId, username_fragment: String) {
        if self.is_closed || !self.is_current(id) {
            return;
        }
        for description in [
            &mut self.pending_local_description,
            &mut self.current_local_description,
        ]
        .into_iter()
        .flatten()
        {
            if let Err(error) = description.add_local_candidate(&username_fragment, None) {
                self.notes.push(format!(
                    "the local description could not be brought up to date: {error}"
                ));
            }
        }
        let end_of_gathering_candidate = self.candidate_of_transport(String::new(), username_fragment);
        self.fire(
            Handle::CONNECTION,
            EventKind::IceCandidate {
                candidate: Some(end_of_gathering_candidate),
            },
        );
    }

    /// The ICE agent finished gathering a generation (webrtc-pc#rtcicetransport), the second task.
    pub(super) fn gathering_complete(&mut self, id: TransportId) {
        if self.is_closed || !self.is_current(id) {
            return;
        }
        self.set_gathering_state(id, IceGatheringState::Complete);
        self.fire(Handle::CONNECTION, EventKind::IceCandidate { candidate: None });
    }

    /// A candidate with the sdpMid and sdpMLineIndex of the media description that the transport belongs to.
    fn candidate_of_transport(&self, candidate: String, username_fragment: String) -> IceCandidate {
        let data = self
            .local_description()
            .and_then(|description| description.session.data.as_ref());
        IceCandidate {
            candidate,
            sdp_mid: data.and_then(|data| data.transport_mid.clone()),
            sdp_m_line_index: data.map(|data| data.transport_index),
            username_fragment: Some(username_fragment),
            attributes: None,
        }
    }
}
