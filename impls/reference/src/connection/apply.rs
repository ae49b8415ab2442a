//! What JSEP (RFC 9429) does inside setting a description: checking it, and applying it to the transport.

use glare_peer::{SdpType, SessionDescription, SignalingState};

use super::Connection;
use super::session::Session;
use super::set_description::{Applied, ApplyError};
use super::slots::MadeOf;
use crate::dtls::DtlsRole;
use crate::sdp::{self, Description, Setup};

impl Connection {
    /// RFC 9429 sections 5.5 to 5.8: checks a description against the state of the connection, without changing it.
    pub(super) fn process_to_apply(
        &self,
        description: SessionDescription,
        remote: bool,
    ) -> Result<Applied, ApplyError> {
        if description.sdp_type == SdpType::Rollback {
            return Ok(Applied {
                description,
                remote,
                session: None,
                made_of: MadeOf::default(),
                tracks_added: self.tracks_added,
            });
        }
        self.check_type(description.sdp_type, remote)?;
        let parsed = Description::parse(&description.sdp).map_err(|error| ApplyError::Syntax {
            line: error.line,
            message: error.message,
        })?;
        let invalid = |error: sdp::ContentError| ApplyError::Invalid(error.to_string());
        parsed.verify(description.sdp_type).map_err(invalid)?;
        let current_local = self
            .current_local_description
            .as_ref()
            .map(|it| &it.session.description);
        let current_remote = self
            .current_remote_description
            .as_ref()
            .map(|it| &it.session.description);
        let current = current_local.zip(current_remote);
        if description.sdp_type == SdpType::Offer {
            let pending = self.pending_remote_description.as_ref().filter(|_| remote);
            if let Some(pending) = pending {
                // webrtc-pc#set-description, step 4.4: back-to-back offers, as if the first had been answered.
                let offer = &pending.session.description;
                sdp::check_subsequent_offer(&parsed, &as_if_answered(offer), offer).map_err(invalid)?;
            } else if let Some((local, previous_remote)) = current {
                sdp::check_subsequent_offer(&parsed, local, previous_remote).map_err(invalid)?;
            }
        } else {
            let offer = if remote {
                &self.pending_local_description
            } else {
                &self.pending_remote_description
            };
            let offer = offer.as_ref().map(|it| &it.session.description);
            let offer = offer.ok_or_else(|| ApplyError::State("there is no offer to answer".to_owned()))?;
            sdp::check_answer_against(&parsed, offer).map_err(invalid)?;
            if let Some((local, previous_remote)) = current.filter(|_| remote) {
                sdp::check_ice_of_answer(&parsed, previous_remote, offer, local).map_err(invalid)?;
            }
        }
        let session = Session::read(parsed).map_err(ApplyError::Invalid)?;
        if remote {
            self.check_dtls_identity(&session)?;
        }
        let created = match description.sdp_type {
            _ if remote => None,
            SdpType::Offer => self.last_created_offer.as_ref(),
            _ => self.last_created_answer.as_ref(),
        };
        Ok(Applied {
            made_of: created.map(|created| created.made_of.clone()).unwrap_or_default(),
            description,
            remote,
            session: Some(session),
            tracks_added: self.tracks_added,
        })
    }

    /// RFC 9429 sections 5.5 and 5.6: the type against the signaling state.
    fn check_type(&self, sdp_type: SdpType, remote: bool) -> Result<(), ApplyError> {
        use SignalingState as S;
        let allowed = match (sdp_type, remote) {
            (SdpType::Offer, false) => matches!(self.signaling_state, S::Stable | S::HaveLocalOffer),
            (SdpType::Offer, true) => matches!(self.signaling_state, S::Stable | S::HaveRemoteOffer),
            (_, false) => matches!(self.signaling_state, S::HaveRemoteOffer | S::HaveLocalPranswer),
            (_, true) => matches!(self.signaling_state, S::HaveLocalOffer | S::HaveRemotePranswer),
        };
        if allowed {
            return Ok(());
        }
        let side = if remote { "remote" } else { "local" };
        Err(ApplyError::State(format!(
            "a {side} {sdp_type} cannot be set in signaling state {}",
            self.signaling_state
        )))
    }

    /// RFC 9429 sections 5.8.3 and 5.11: another DTLS association needs another ICE generation, and an association that goes
    /// on keeps its roles.
    fn check_dtls_identity(&self, session: &Session) -> Result<(), ApplyError> {
        for section in session.transports_in_use() {
            let Some(id) = self.transport_of_section(section.index) else {
                continue;
            };
            let transport = self.transport(id);
            let Some(dtls) = transport.dtls.as_ref().filter(|_| !transport.is_discarded()) else {
                continue;
            };
            if dtls.is_another_association(section) {
                if transport.remote_credentials.as_ref() == Some(&section.credentials) {
                    return Err(ApplyError::Invalid(
                        "the fingerprint or the tls-id changed, which needs new ICE credentials too"
                            .to_owned(),
                    ));
                }
                continue;
            }
            let local_role = match dtls.role {
                DtlsRole::Client => Setup::Active,
                DtlsRole::Server => Setup::Passive,
            };
            sdp::check_dtls_role(&session.description, section.index, local_role)
                .map_err(|error| ApplyError::Invalid(error.to_string()))?;
        }
        Ok(())
    }
}

/// What an answer of this engine would hold an offer to: it accepts audio and video and one media description for data, and
/// rejects the rest, whose places may then be used for something else.
fn as_if_answered(offer: &Description) -> Description {
    let data = offer.data_channel_section();
    let mut answered = offer.clone();
    for (index, section) in answered.media.iter_mut().enumerate() {
        let is_media =
            section.uses_rtp() && matches!(section.kind, sdp::MediaKind::Audio | sdp::MediaKind::Video);
        if !is_media && Some(index) != data {
            section.port = 0;
            section.bundle_only = false;
        }
    }
    answered
}
