//! What the slots of the connection hold that is more than a value.

use std::sync::Arc;

use glare_peer::{SdpType, SessionDescription};

use super::session::Session;
use super::transceiver::TransceiverId;
use crate::sdp::{self, ContentError, TransceiverInput, TransportRequest};

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
    pub(super) gathered: Vec<Gathered>,
}

/// The candidates of one transport in a description.
#[derive(Debug, Clone)]
pub(super) struct Gathered {
    /// The index of the media description that has them.
    index: usize,
    /// The generation that they are of.
    username_fragment: String,
    pub(super) candidates: Vec<String>,
    /// Whether the description says that there are no more.
    pub(super) end_of_candidates: bool,
}

impl AppliedDescription {
    /// A new description, constructed from the one that was set.
    pub(super) fn new(description: SessionDescription, session: Session) -> AppliedDescription {
        let gathered = session
            .transports
            .iter()
            .map(|transport| Gathered {
                index: transport.index,
                username_fragment: transport.credentials.username_fragment.clone(),
                candidates: transport.candidates.iter().map(ToString::to_string).collect(),
                end_of_candidates: transport.end_of_candidates,
            })
            .collect();
        AppliedDescription {
            sdp_type: description.sdp_type,
            sdp: description.sdp,
            session,
            gathered,
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
        self.gathered_of(username_fragment).is_some()
    }

    /// Our own candidates of a generation.
    pub(super) fn gathered_of(&self, username_fragment: &str) -> Option<&Gathered> {
        self.gathered
            .iter()
            .find(|gathered| gathered.username_fragment == username_fragment)
    }

    /// Adds a candidate of our own, or `a=end-of-candidates` where there is none, if the description represents the
    /// candidate's generation.
    pub(super) fn add_local_candidate(
        &mut self,
        username_fragment: &str,
        candidate: Option<&str>,
    ) -> Result<(), ContentError> {
        let Some(gathered) = self
            .gathered
            .iter_mut()
            .find(|gathered| gathered.username_fragment == username_fragment)
        else {
            return Ok(());
        };
        match candidate {
            Some(candidate) => gathered.candidates.push(candidate.to_owned()),
            None => gathered.end_of_candidates = true,
        }
        self.sdp = sdp::with_candidates_at(
            &self.sdp,
            gathered.index,
            &gathered.candidates,
            gathered.end_of_candidates,
        )?
        .into();
        Ok(())
    }

    /// Adds a candidate of the remote side, or `a=end-of-candidates` where there is none, to the media description at an
    /// index, or to all that have a transport, if it represents the candidate's generation.
    pub(super) fn add_remote_candidate(
        &mut self,
        index: Option<usize>,
        username_fragment: &str,
        candidate: Option<&str>,
    ) -> Result<(), ContentError> {
        let indices: Vec<usize> = match index {
            Some(index) => self
                .session
                .sections
                .get(index)
                .filter(|section| section.username_fragment.as_deref() == Some(username_fragment))
                .map(|section| {
                    // What is bundled has its candidates where the group has its transport (RFC 9143 section 7.1.3).
                    section.transport_index
                })
                .into_iter()
                .collect(),
            None => self
                .session
                .transports_in_use()
                .filter(|transport| transport.credentials.username_fragment == username_fragment)
                .map(|transport| transport.index)
                .collect(),
        };
        for index in indices {
            self.sdp = sdp::add_remote_candidate(&self.sdp, index, candidate)?.into();
        }
        Ok(())
    }
}

/// A description that was created last, with what it was created for.
#[derive(Debug, Clone)]
pub(super) struct CreatedDescription {
    pub(super) sdp: String,
    pub(super) state: SystemState,
    /// What its media descriptions were made of, in order.
    pub(super) made_of: MadeOf,
}

/// What a local description was made of.
#[derive(Debug, Clone, Default)]
pub(super) struct MadeOf {
    /// The transceiver of each media description; none for data and for what is rejected.
    pub(super) transceivers: Vec<Option<TransceiverId>>,
    /// The transports that it needs.
    pub(super) transports: Vec<TransportRequest>,
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
    /// The transceivers, as descriptions tell of them.
    pub(super) transceivers: Vec<TransceiverInput>,
}
