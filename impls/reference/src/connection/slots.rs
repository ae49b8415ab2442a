//! What the slots of the connection hold that is more than a value.

use std::sync::Arc;

use glare_peer::{SdpType, SessionDescription};

use super::session::Session;
use crate::sdp::{self, ContentError};

/// A description that has been set, with what the connection needs to know of its content.
#[derive(Debug, Clone)]
pub(super) struct AppliedDescription {
    /// The type it was set with.
    pub(super) sdp_type: SdpType,
    /// Its text, with the candidates that came since.
    pub(super) sdp: Arc<str>,
    /// Its content, as it was set.
    pub(super) session: Session,
    /// Our own candidates in it, for a local description.
    pub(super) candidates: Vec<String>,
    /// Whether it says that there are no more, for a local description.
    pub(super) end_of_candidates: bool,
}

impl AppliedDescription {
    /// A new description, constructed from the one that was set.
    pub(super) fn new(description: SessionDescription, session: Session) -> AppliedDescription {
        let data = session.data.as_ref();
        let candidates = data.map_or_else(Vec::new, |data| {
            data.candidates.iter().map(ToString::to_string).collect()
        });
        let end_of_candidates = data.is_some_and(|data| data.end_of_candidates);
        AppliedDescription {
            sdp_type: description.sdp_type,
            sdp: description.sdp,
            session,
            candidates,
            end_of_candidates,
        }
    }

    /// The description as script sees it.
    pub(super) fn description(&self) -> SessionDescription {
        SessionDescription {
            sdp_type: self.sdp_type,
            sdp: self.sdp.clone(),
        }
    }

    /// Whether it "represents the ICE generation" of a username fragment.
    pub(super) fn represents_generation(&self, username_fragment: &str) -> bool {
        self.session
            .data
            .as_ref()
            .is_some_and(|data| data.credentials.username_fragment == username_fragment)
    }

    /// Adds a candidate of our own, or `a=end-of-candidates` where there is none, if the description represents the
    /// candidate's generation.
    pub(super) fn add_local_candidate(
        &mut self,
        username_fragment: &str,
        candidate: Option<&str>,
    ) -> Result<(), ContentError> {
        let Some(data) = self
            .session
            .data
            .as_ref()
            .filter(|_| self.represents_generation(username_fragment))
        else {
            return Ok(());
        };
        match candidate {
            Some(candidate) => self.candidates.push(candidate.to_owned()),
            None => self.end_of_candidates = true,
        }
        let index = usize::from(data.transport_index);
        self.sdp =
            sdp::with_candidates_at(&self.sdp, index, &self.candidates, self.end_of_candidates)?.into();
        Ok(())
    }

    /// Adds a candidate of the remote side, or `a=end-of-candidates` where there is none, if the description represents
    /// the candidate's generation.
    pub(super) fn add_remote_candidate(
        &mut self,
        username_fragment: &str,
        candidate: Option<&str>,
    ) -> Result<(), ContentError> {
        let Some(data) = self
            .session
            .data
            .as_ref()
            .filter(|_| self.represents_generation(username_fragment))
        else {
            return Ok(());
        };
        let index = usize::from(data.transport_index);
        self.sdp = sdp::add_remote_candidate(&self.sdp, index, candidate)?.into();
        Ok(())
    }
}

/// The offerer's or answerer's "system state": everything that a created description depends on
/// (webrtc-pc#dfn-offerer-s-system-state).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SystemState {
    /// How many descriptions have been set or rolled back.
    pub(super) descriptions: u64,
    /// Whether there is data to negotiate.
    pub(super) wants_application: bool,
    /// Whether `restartIce()` asks for new credentials.
    pub(super) restarts_ice: bool,
}
