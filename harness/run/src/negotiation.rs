//! The listeners of the perfect negotiation example (webrtc-pc, section "Perfect Negotiation Example"), one set a peer.
//!
//! Each set is a machine that is told of events, messages and settled promises, and answers with what the listener does
//! next. It holds no peer: whoever runs it carries the calls out.

use glare_peer::{IceCandidate, OperationId, SdpType, SessionDescription, SignalingState};

use crate::signalling::Signal;

/// What a listener does next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Do {
    /// `await pc.setLocalDescription()`
    SetLocalDescription,
    /// `await pc.setRemoteDescription(description)`
    SetRemoteDescription(SessionDescription),
    /// `await pc.addIceCandidate(candidate)`
    AddIceCandidate(IceCandidate),
    /// `signaling.send({description: pc.localDescription})`
    SendLocalDescription,
}

/// Which await of the listeners a promise belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Await {
    /// `setLocalDescription()` in `onnegotiationneeded`.
    Offer,
    /// `setRemoteDescription(description)` in `onmessage`.
    Remote(SdpType),
    /// `setLocalDescription()` in `onmessage`, after an offer.
    Answer,
    /// `addIceCandidate(candidate)` in `onmessage`.
    Candidate,
}

/// The variables of the example, for one peer.
#[derive(Debug)]
pub(crate) struct PerfectNegotiation {
    /// The index of the other peer.
    pub(crate) other: usize,
    polite: bool,
    making_offer: bool,
    ignore_offer: bool,
    is_setting_remote_answer_pending: bool,
    awaiting: Vec<(OperationId, Await)>,
}

impl PerfectNegotiation {
    /// The listeners of a peer that negotiates with `other`.
    pub(crate) fn new(other: usize, polite: bool) -> PerfectNegotiation {
        PerfectNegotiation {
            other,
            polite,
            making_offer: false,
            ignore_offer: false,
            is_setting_remote_answer_pending: false,
            awaiting: Vec::new(),
        }
    }

    /// `onnegotiationneeded`, up to its first await.
    pub(crate) fn negotiation_needed(&mut self) -> (Do, Await) {
        self.making_offer = true;
        (Do::SetLocalDescription, Await::Offer)
    }

    /// `onmessage`, up to its first await; none when the offer is ignored.
    pub(crate) fn message(&mut self, signal: &Signal, state: Option<SignalingState>) -> Option<(Do, Await)> {
        match signal {
            Signal::Description(description) => {
                let ready_for_offer = !self.making_offer
                    && (state == Some(SignalingState::Stable) || self.is_setting_remote_answer_pending);
                let offer_collision = description.sdp_type == SdpType::Offer && !ready_for_offer;
                self.ignore_offer = !self.polite && offer_collision;
                if self.ignore_offer {
                    return None;
                }
                self.is_setting_remote_answer_pending = description.sdp_type == SdpType::Answer;
                let awaited = Await::Remote(description.sdp_type);
                Some((Do::SetRemoteDescription(description.clone()), awaited))
            }
            Signal::Candidate(candidate) => Some((Do::AddIceCandidate(candidate.clone()), Await::Candidate)),
        }
    }

    /// Takes note of the promise that a listener now awaits.
    pub(crate) fn awaits(&mut self, operation: OperationId, awaited: Await) {
        self.awaiting.push((operation, awaited));
    }

    /// The await that a promise belongs to, if it is one of these listeners'.
    pub(crate) fn take(&mut self, operation: OperationId) -> Option<Await> {
        let position = self
            .awaiting
            .iter()
            .position(|(waiting, _)| *waiting == operation)?;
        Some(self.awaiting.remove(position).1)
    }

    /// Goes on after an await that was fulfilled.
    pub(crate) fn fulfilled(&mut self, awaited: Await) -> Vec<(Do, Option<Await>)> {
        match awaited {
            Await::Offer => {
                self.making_offer = false;
                vec![(Do::SendLocalDescription, None)]
            }
            Await::Remote(sdp_type) => {
                self.is_setting_remote_answer_pending = false;
                if sdp_type == SdpType::Offer {
                    vec![(Do::SetLocalDescription, Some(Await::Answer))]
                } else {
                    Vec::new()
                }
            }
            Await::Answer => vec![(Do::SendLocalDescription, None)],
            Await::Candidate => Vec::new(),
        }
    }

    /// Goes on after an await that was rejected. Whether the rejection is one that the example only logs: the pattern is
    /// meant to avoid those, so a script is told of them. Candidates of an ignored offer are meant to fail.
    pub(crate) fn rejected(&mut self, awaited: Await) -> Rejection {
        match awaited {
            Await::Offer => {
                self.making_offer = false;
                Rejection::Logged
            }
            Await::Candidate if self.ignore_offer => Rejection::Suppressed,
            Await::Remote(_) | Await::Answer | Await::Candidate => Rejection::Logged,
        }
    }
}

/// What the example does with an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// `console.error(err)`
    Logged,
    /// Nothing.
    Suppressed,
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn offer() -> Signal {
        Signal::Description(SessionDescription {
            sdp_type: SdpType::Offer,
            sdp: Arc::from("v=0\r\n"),
        })
    }

    #[test]
    fn the_impolite_peer_ignores_a_colliding_offer_and_its_candidates() {
        let mut impolite = PerfectNegotiation::new(1, false);
        impolite.negotiation_needed();
        assert_eq!(impolite.message(&offer(), Some(SignalingState::Stable)), None);
        assert_eq!(impolite.rejected(Await::Candidate), Rejection::Suppressed);
    }

    #[test]
    fn the_polite_peer_takes_a_colliding_offer() {
        let mut polite = PerfectNegotiation::new(0, true);
        polite.negotiation_needed();
        assert!(
            polite
                .message(&offer(), Some(SignalingState::HaveLocalOffer))
                .is_some()
        );
        assert_eq!(
            polite.fulfilled(Await::Remote(SdpType::Offer)),
            [(Do::SetLocalDescription, Some(Await::Answer))]
        );
        assert_eq!(polite.rejected(Await::Candidate), Rejection::Logged);
    }

    #[test]
    fn an_offer_that_meets_an_answer_being_set_is_no_collision() {
        let mut impolite = PerfectNegotiation::new(1, false);
        let answer = Signal::Description(SessionDescription {
            sdp_type: SdpType::Answer,
            sdp: Arc::from(""),
        });
        assert!(
            impolite
                .message(&answer, Some(SignalingState::HaveLocalOffer))
                .is_some()
        );
        assert!(
            impolite
                .message(&offer(), Some(SignalingState::HaveLocalOffer))
                .is_some()
        );
    }
}
