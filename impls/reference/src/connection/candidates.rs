//! Candidates: `addIceCandidate()`, and the gathering of our own.

use glare_peer::{
    EventKind, Exception, ExceptionName, Handle, IceCandidate, IceGatheringState, OperationId, Value,
};

use super::Connection;
use super::constructors::{attributes_of, create_an_rtc_ice_candidate};
use super::operations_chain::ChainedOperation;
use super::promises::PromiseId;
use super::tasks::{Piece, Task};
use super::transport::{Transport, TransportId};
use crate::ice::{Candidate, CandidateError};

/// Which media descriptions of the remote description a candidate speaks of.
#[derive(Debug, Clone, Copy)]
enum Target {
    All,
    /// The one at an index.
    One(usize),
}

impl Target {
    /// The index, unless it speaks of all.
    fn index(self) -> Option<usize> {
        match self {
            Target::All => None,
            Target::One(index) => Some(index),
        }
    }
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
        let target = match self.target_of(&candidate) {
            Ok(Some(target)) => target,
            Ok(None) => return self.promises.settled(Ok(Value::Undefined)),
            Err(reason) => return self.promises.settled(Err(reason)),
        };
        let promise = self.promises.create();
        match self.process_candidate(&candidate, target) {
            Ok(()) => self.queue(Task::CandidateAdded {
                promise,
                candidate,
                index: target.index(),
            }),
            Err(message) => self.queue(Task::CandidateFailed { promise, message }),
        }
        promise
    }

    /// `webrtc-pc#dom-peerconnection-addicecandidate`, steps 4.1 to 4.5. None where step 4.4 ends the steps: the media
    /// description is one that is rejected, as the description of a stopped transceiver is.
    fn target_of(&self, candidate: &IceCandidate) -> Result<Option<Target>, Exception> {
        let remote = self.remote_description().ok_or_else(|| {
            Exception::new(ExceptionName::InvalidStateError, "there is no remote description")
        })?;
        let operation_error = |message: String| Err(Exception::new(ExceptionName::OperationError, message));
        let sections = &remote.session.sections;
        let target = if let Some(mid) = &candidate.sdp_mid {
            match sections
                .iter()
                .position(|section| section.mid.as_ref() == Some(mid))
            {
                Some(index) => Target::One(index),
                None => {
                    return operation_error(format!(
                        "no media description of the remote description has the mid {mid:?}"
                    ));
                }
            }
        } else if let Some(index) = candidate.sdp_m_line_index {
            match usize::from(index) {
                index if index < sections.len() => Target::One(index),
                _ => {
                    return operation_error(format!(
                        "sdpMLineIndex is {index}, and the remote description has {} media descriptions",
                        sections.len()
                    ));
                }
            }
        } else {
            Target::All
        };
        if let Target::One(index) = target
            && self.transport_of_section(index).is_none()
        {
            return Ok(None);
        }
        if let Some(username_fragment) = &candidate.username_fragment {
            let applied = [&self.pending_remote_description, &self.current_remote_description];
            let known = applied.into_iter().flatten().any(|description| {
                let session = &description.session;
                match target {
                    Target::All => session
                        .transports
                        .iter()
                        .any(|it| it.credentials.username_fragment == *username_fragment),
                    Target::One(index) => {
                        let own = session
                            .own_transport(index)
                            .map(|it| &it.credentials.username_fragment);
                        let section = session.sections.get(index);
                        own == Some(username_fragment)
                            || section
                                .is_some_and(|it| it.username_fragment.as_ref() == Some(username_fragment))
                    }
                }
            });
            if !known {
                return operation_error(format!(
                    "no remote description has the username fragment {username_fragment:?} there"
                ));
            }
        }
        Ok(Some(target))
    }

    /// `webrtc-pc#dom-peerconnection-addicecandidate`, step 4.7: hands the candidate to the ICE agent (RFC 9429 section
    /// 4.1.19).
    fn process_candidate(&mut self, candidate: &IceCandidate, target: Target) -> Result<(), String> {
        let parsed = if candidate.is_end_of_candidates() {
            None
        } else {
            let parsed: Candidate = candidate
                .candidate
                .parse()
                .map_err(|error| format!("{:?}: {error}", candidate.candidate))?;
            Some(parsed)
        };
        let receivers = self.receivers_of(candidate, target);
        if receivers.is_empty() {
            self.notes.push(format!(
                "{:?} has no effect: its media description is bundled into another (RFC 9143 section 7.1.3)",
                candidate.candidate
            ));
        }
        let now = self.now;
        for (id, username_fragment) in receivers {
            let transport = self.transport_mut(id);
            match parsed.clone() {
                Some(mut parsed) => {
                    parsed.username_fragment = Some(username_fragment.clone());
                    let used = transport.add_remote_candidate(now, parsed, Some(&username_fragment));
                    if let Some(why) = used {
                        let note = format!("{} has no effect: {why}", candidate.candidate);
                        self.notes.push(note);
                    }
                }
                None => transport.remote_end_of_candidates(now, Some(&username_fragment)),
            }
        }
        Ok(())
    }

    /// The transports that a candidate is for, each with the username fragment of the generation: the candidate's own, or
    /// that of the newest remote description.
    fn receivers_of(&self, candidate: &IceCandidate, target: Target) -> Vec<(TransportId, String)> {
        let mut receivers: Vec<(TransportId, String)> = Vec::new();
        let descriptions = [&self.pending_remote_description, &self.current_remote_description];
        for description in descriptions.into_iter().flatten() {
            let session = &description.session;
            for (index, section) in session.sections.iter().enumerate() {
                if target.index().is_some_and(|target| target != index) {
                    continue;
                }
                let Some(username_fragment) = &section.username_fragment else {
                    continue;
                };
                let is_its_generation = candidate
                    .username_fragment
                    .as_ref()
                    .is_none_or(|own| own == username_fragment);
                let Some(id) = self.transport_of_section(index).filter(|_| is_its_generation) else {
                    continue;
                };
                if !receivers.iter().any(|(known, _)| *known == id) {
                    receivers.push((id, username_fragment.clone()));
                }
            }
        }
        receivers
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
    pub(super) fn candidate_added(
        &mut self,
        promise: PromiseId,
        candidate: &IceCandidate,
        index: Option<usize>,
    ) {
        if self.is_closed {
            return;
        }
        let newest = self.remote_description().map(|description| &description.session);
        let generations: Vec<String> = match (&candidate.username_fragment, index, newest) {
            (Some(username_fragment), _, _) => vec![username_fragment.clone()],
            (None, Some(index), Some(session)) => session
                .sections
                .get(index)
                .and_then(|section| section.username_fragment.clone())
                .into_iter()
                .collect(),
            (None, None, Some(session)) => session
                .transports_in_use()
                .map(|transport| transport.credentials.username_fragment.clone())
                .collect(),
            (None, _, None) => Vec::new(),
        };
        let line = (!candidate.is_end_of_candidates()).then_some(candidate.candidate.as_str());
        for username_fragment in generations {
            for description in [
                &mut self.pending_remote_description,
                &mut self.current_remote_description,
            ]
            .into_iter()
            .flatten()
            {
                if let Err(error) = description.add_remote_candidate(index, &username_fragment, line) {
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
        if self.is_closed || self.transport(id).is_discarded() {
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
        candidate: Candidate,
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
                candidate: Box::new(candidate),
                username_fragment,
            });
        }
    }

    /// `webrtc-pc#dfn-surface-the-candidate`.
    pub(super) fn surface_the_candidate(
        &mut self,
        id: TransportId,
        candidate: Candidate,
        username_fragment: String,
    ) {
        if self.is_closed || self.transport(id).is_discarded() {
            return;
        }
        let attributes = attributes_of(&candidate);
        let candidate = candidate.to_string();
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
        let new_candidate = IceCandidate {
            attributes: Some(Box::new(attributes)),
            ..self.candidate_of_transport(id, candidate, username_fragment)
        };
        self.fire(
            Handle::CONNECTION,
            EventKind::IceCandidate {
                candidate: Some(new_candidate),
            },
        );
    }

    /// A server gave no candidate (webrtc-pc#event-icecandidateerror).
    pub(super) fn candidate_failed_to_gather(&mut self, id: TransportId, error: CandidateError) {
        if self.is_closed || self.transport(id).is_discarded() {
            return;
        }
        self.fire(
            Handle::CONNECTION,
            EventKind::IceCandidateError {
                address: error.address.map(|address| address.ip().to_string()),
                port: error.address.map(|address| address.port()),
                url: error.url,
                error_code: error.error_code,
                error_text: error.error_text,
            },
        );
    }

    /// The ICE agent finished gathering a generation (webrtc-pc#rtcicetransport), the first task.
    pub(super) fn gathering_of_a_generation_finished(&mut self, id: TransportId, username_fragment: String) {
        if self.is_closed || self.transport(id).is_discarded() {
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
        let end_of_gathering_candidate = self.candidate_of_transport(id, String::new(), username_fragment);
        self.fire(
            Handle::CONNECTION,
            EventKind::IceCandidate {
                candidate: Some(end_of_gathering_candidate),
            },
        );
    }

    /// The ICE agent finished gathering a generation (webrtc-pc#rtcicetransport), the second task.
    pub(super) fn gathering_complete(&mut self, id: TransportId) {
        if self.is_closed || self.transport(id).is_discarded() {
            return;
        }
        self.set_gathering_state(id, IceGatheringState::Complete);
        // "No other generation of candidates is being gathered", by any of the transports.
        let gathering = self
            .transports
            .iter()
            .any(|transport| !transport.is_discarded() && transport.generations_gathering > 0);
        if !gathering {
            self.fire(Handle::CONNECTION, EventKind::IceCandidate { candidate: None });
        }
    }

    /// A candidate with the sdpMid and sdpMLineIndex of the media description that the transport belongs to.
    fn candidate_of_transport(
        &self,
        id: TransportId,
        candidate: String,
        username_fragment: String,
    ) -> IceCandidate {
        let (sdp_mid, sdp_m_line_index) = self.section_of_transport(self.transport(id));
        create_an_rtc_ice_candidate(IceCandidate {
            candidate,
            sdp_mid,
            sdp_m_line_index,
            username_fragment: Some(username_fragment),
            attributes: None,
        })
    }

    /// The sdpMid and sdpMLineIndex of the media description that a transport belongs to.
    pub(super) fn section_of_transport(&self, transport: &Transport) -> (Option<String>, Option<u16>) {
        match &transport.section {
            // Session::read lets no description through that has more media descriptions.
            Some((index, mid)) => (mid.clone(), u16::try_from(*index).ok()),
            None => (None, None),
        }
    }
}
