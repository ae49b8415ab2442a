//! Offers and answers: the calls of the specification on top of str0m's `SdpApi`.
//!
//! str0m makes an offer only for a change, reads no local description, and turns a remote offer into an answer in one
//! call that it never takes back. So the adapter keeps what every user of str0m must keep: the offer it made and has not
//! seen answered, the remote offer until it is accepted, and with them the signalling state.

use std::sync::Arc;

use glare_peer::{
    Exception, ExceptionName, Handle, IceCandidate, IceGatheringState, LocalDescriptionInit, OfferOptions,
    Operation, OperationId, RtcErrorDetail, SdpType, SessionDescription, SignalingState, Unsupported, Value,
};
use str0m::Candidate;
use str0m::change::{SdpAnswer, SdpOffer, SdpPendingOffer};
use str0m::error::{RtcError, SdpError};

use crate::connection::{Connection, Happening};
use crate::gathering;

/// The descriptions of a connection, and what str0m needs to go on with them.
#[derive(Default)]
pub(crate) struct Negotiation {
    pub(crate) current_local: Option<SessionDescription>,
    pub(crate) pending_local: Option<SessionDescription>,
    pub(crate) current_remote: Option<SessionDescription>,
    pub(crate) pending_remote: Option<SessionDescription>,
    /// The offer that was made last and has not been applied.
    made: Option<Offer>,
    /// The offer that was applied and has not been answered.
    applied: Option<Offer>,
    /// The answer that str0m made to the pending remote description; it can be taken back no more.
    answer: Option<Arc<str>>,
    /// Candidates for a remote offer that str0m has not been given yet.
    early_candidates: Vec<Candidate>,
    /// Whether the session has an application section.
    pub(crate) application: bool,
    /// Whether `restartIce()` asks the next offer for new credentials.
    pub(crate) restart: bool,
}

/// An offer that str0m made.
struct Offer {
    sdp: Arc<str>,
    /// What str0m accepts the answer with; none after an answer that it refused.
    pending: Option<SdpPendingOffer>,
    /// The channel that was handed over with it: it is lost when the offer is.
    carried: Option<Handle>,
    restarts: bool,
}

impl Negotiation {
    /// Whether there is anything that only an offer can bring about.
    pub(crate) fn is_needed(&self, waiting: &[Handle]) -> bool {
        self.restart || (!self.application && (!waiting.is_empty() || self.carries_channel()))
    }

    /// Whether an offer with an application section is out.
    pub(crate) fn carries_channel(&self) -> bool {
        [&self.made, &self.applied]
            .into_iter()
            .flatten()
            .any(|offer| offer.carried.is_some())
    }

    /// The offer to give again, because nothing has changed since it was made.
    fn unchanged(&self, restart: bool) -> Option<Arc<str>> {
        let offer = self.made.as_ref().or(self.applied.as_ref())?;
        (offer.restarts || !restart).then(|| Arc::clone(&offer.sdp))
    }
}

/// Why str0m makes no offer.
const NO_CHANGE: &str =
    "str0m makes an offer only for a change: a first data channel, or an ICE restart of a negotiated session";
const NO_SECTIONS: &str = "str0m takes a candidate without its media description: it cannot tell that sdpMid and sdpMLineIndex are missing";
const NO_PRANSWER: &str = "str0m has no provisional answers";
const HELD: &str = "str0m sees a remote offer only when createAnswer() hands it to SdpApi::accept_offer: it cannot compare another with it";
const ACCEPTED: &str =
    "str0m cannot take back a remote offer once createAnswer() has handed it to SdpApi::accept_offer";

impl Connection {
    /// What of a call str0m is known to be unable to do, before it is tried. Behind other calls in the chain nobody knows
    /// yet: there it is found out when it runs, and rejected with `NotSupportedError`.
    pub(crate) fn unsupported(&self, operation: &Operation) -> Option<Unsupported> {
        let (sdp_type, makes_offer) = match operation {
            Operation::CreateOffer(options) => (None, Some(*options)),
            Operation::SetLocalDescription(init) => {
                let makes_offer =
                    init.sdp.is_empty() && init.sdp_type.is_none_or(|kind| kind == SdpType::Offer);
                (init.sdp_type, makes_offer.then(OfferOptions::default))
            }
            Operation::SetRemoteDescription(description) => (Some(description.sdp_type), None),
            Operation::AddIceCandidate(candidate) => {
                let nowhere = candidate.sdp_mid.is_none() && candidate.sdp_m_line_index.is_none();
                return (nowhere && !candidate.is_end_of_candidates()).then(|| Unsupported::new(NO_SECTIONS));
            }
            _ => return None,
        };
        if sdp_type == Some(SdpType::Pranswer) {
            return Some(Unsupported::new(NO_PRANSWER));
        }
        if !self.operations.is_empty() {
            return None;
        }
        if let Operation::SetRemoteDescription(other) = operation
            && let Some(held) = &self.negotiation.pending_remote
            && other.sdp_type == SdpType::Offer
            && other.sdp != held.sdp
        {
            return Some(Unsupported::new(HELD));
        }
        if sdp_type == Some(SdpType::Rollback) && self.negotiation.answer.is_some() {
            return Some(Unsupported::new(ACCEPTED));
        }
        let options = makes_offer.filter(|_| self.signals_offer())?;
        (!self.can_offer(options)).then(|| Unsupported::new(NO_CHANGE))
    }

    /// Whether the signalling state asks for an offer.
    fn signals_offer(&self) -> bool {
        matches!(
            self.signaling_state,
            SignalingState::Stable | SignalingState::HaveLocalOffer
        )
    }

    fn can_offer(&self, options: OfferOptions) -> bool {
        let negotiation = &self.negotiation;
        negotiation.unchanged(self.restarts(options)).is_some()
            || self.restarts(options)
            || (!negotiation.application && !self.channels.waiting().is_empty())
            || !self.media.changes().is_empty()
    }

    /// Whether the next offer restarts ICE. Before the first negotiation there is nothing to restart.
    fn restarts(&self, options: OfferOptions) -> bool {
        (options.ice_restart || self.negotiation.restart) && self.negotiation.current_local.is_some()
    }

    /// Runs the call that is first in the operations chain (webrtc-pc#dfn-chain), and queues what comes of it.
    pub(crate) fn run(&mut self, id: OperationId, operation: Operation) {
        let result = match operation {
            Operation::CreateOffer(options) => self.create_offer(options).map(|sdp| offer_value(&sdp)),
            Operation::CreateAnswer => self.create_answer().map(|sdp| answer_value(&sdp)),
            Operation::SetLocalDescription(init) => self.set_local_description(init),
            Operation::SetRemoteDescription(description)
                if description.sdp_type == SdpType::Offer
                    && self.signaling_state == SignalingState::HaveLocalOffer =>
            {
                // webrtc-pc#dom-peerconnection-setremotedescription: roll back, then set the description.
                self.roll_back();
                self.operations
                    .push_front((id, Operation::SetRemoteDescription(description)));
                return;
            }
            Operation::SetRemoteDescription(description) => self.set_remote_description(&description),
            Operation::AddIceCandidate(candidate) => self.add_ice_candidate(&candidate),
            // The others return at once and never get here.
            _ => Err(beyond_str0m("the call does not go through the operations chain")),
        };
        self.happenings.push_back(Happening::Settled(id, result));
        self.happenings.push_back(Happening::TaskEnd);
    }

    fn create_offer(&mut self, options: OfferOptions) -> Result<Arc<str>, Exception> {
        if !self.signals_offer() {
            return Err(self.wrong_state("createOffer()"));
        }
        let restarts = self.restarts(options);
        if let Some(sdp) = self.negotiation.unchanged(restarts)
            && self.media.changes().is_empty()
        {
            return Ok(sdp);
        }
        // str0m voids the offers it made before, and the channels in them with them.
        for offer in [
            self.negotiation.made.take(),
            self.negotiation.applied.as_mut().and_then(Offer::void),
        ]
        .into_iter()
        .flatten()
        {
            self.recall(offer.carried);
            self.media.recall();
        }
        let waiting = self.channels.waiting();
        let carried = if self.negotiation.application {
            None
        } else {
            waiting.first().copied()
        };
        let config = carried.and_then(|handle| Some(self.channels.get(handle)?.config.clone()));
        let mut media = std::mem::take(&mut self.media);
        let (id, mids, made) = self.call(|rtc| {
            let mut changes = rtc.sdp_api();
            if restarts {
                changes.ice_restart(true);
            }
            let id = config.map(|config| changes.add_channel_with_config(config));
            let mids = Connection::change_media(&mut media, &mut changes);
            (id, mids, changes.apply())
        });
        self.media = media;
        let Some((offer, pending)) = made else {
            return Err(beyond_str0m(NO_CHANGE));
        };
        if let Some(channel) = carried.and_then(|handle| self.channels.get_mut(handle)) {
            channel.id = id;
        }
        self.media.offered(&mids);
        let sdp: Arc<str> = Arc::from(offer.to_sdp_string());
        self.negotiation.made = Some(Offer {
            sdp: Arc::clone(&sdp),
            pending: Some(pending),
            carried,
            restarts,
        });
        // One channel carries the section; str0m opens the others without one.
        if carried.is_some() {
            self.hand_over_channels();
        }
        Ok(sdp)
    }

    fn create_answer(&mut self) -> Result<Arc<str>, Exception> {
        if self.signaling_state != SignalingState::HaveRemoteOffer {
            return Err(self.wrong_state("createAnswer()"));
        }
        if let Some(sdp) = &self.negotiation.answer {
            return Ok(Arc::clone(sdp));
        }
        let remote = self
            .negotiation
            .pending_remote
            .as_ref()
            .map(|description| Arc::clone(&description.sdp))
            .unwrap_or_else(|| Arc::from(""));
        let offer = SdpOffer::from_sdp_string(&remote).map_err(sdp_error)?;
        // str0m voids an offer that was made and not applied.
        if let Some(made) = self.negotiation.made.take() {
            self.recall(made.carried);
            self.media.recall();
        }
        let answer = self
            .call(|rtc| rtc.sdp_api().accept_offer(offer))
            .map_err(|error| refused("the remote offer", &error))?;
        let sdp: Arc<str> = Arc::from(answer.to_sdp_string());
        self.negotiation.answer = Some(Arc::clone(&sdp));
        self.negotiation.application = has_application(&sdp);
        for candidate in std::mem::take(&mut self.negotiation.early_candidates) {
            self.call(|rtc| rtc.add_remote_candidate(candidate));
        }
        if self.negotiation.application {
            self.hand_over_channels();
        }
        Ok(sdp)
    }

    /// webrtc-pc#dom-peerconnection-setlocaldescription.
    fn set_local_description(&mut self, init: LocalDescriptionInit) -> Result<Value, Exception> {
        let sdp_type = init.sdp_type.unwrap_or(if self.signals_offer() {
            SdpType::Offer
        } else {
            SdpType::Answer
        });
        match sdp_type {
            SdpType::Rollback => self.explicit_rollback(),
            SdpType::Pranswer => Err(beyond_str0m(NO_PRANSWER)),
            SdpType::Offer => {
                let negotiation = &self.negotiation;
                let last = negotiation.made.as_ref().or(negotiation.applied.as_ref());
                if !init.sdp.is_empty() && last.is_none_or(|offer| *offer.sdp != *init.sdp) {
                    return Err(not_the_last("createOffer()"));
                }
                if !self.signals_offer() {
                    return Err(self.wrong_state("setLocalDescription(offer)"));
                }
                if init.sdp.is_empty() {
                    self.create_offer(OfferOptions::default())?;
                }
                self.apply_local_offer()
            }
            SdpType::Answer => {
                let last = self.negotiation.answer.as_ref();
                if !init.sdp.is_empty() && last.is_none_or(|answer| **answer != *init.sdp) {
                    return Err(not_the_last("createAnswer()"));
                }
                if self.signaling_state != SignalingState::HaveRemoteOffer {
                    return Err(self.wrong_state("setLocalDescription(answer)"));
                }
                if init.sdp.is_empty() {
                    self.create_answer()?;
                }
                self.apply_local_answer()
            }
        }
    }

    /// Applies the offer that was made last: str0m reads no local description.
    fn apply_local_offer(&mut self) -> Result<Value, Exception> {
        let negotiation = &mut self.negotiation;
        if let Some(made) = negotiation.made.take() {
            negotiation.applied = Some(made);
        }
        let Some(applied) = &negotiation.applied else {
            return Err(not_the_last("createOffer()"));
        };
        let sdp = Arc::clone(&applied.sdp);
        negotiation.pending_local = Some(description(SdpType::Offer, &sdp));
        self.media.apply_local_offer();
        self.change_signaling_state(SignalingState::HaveLocalOffer);
        self.gather(&sdp);
        Ok(Value::Undefined)
    }

    /// Applies the answer that was made last, like [`Self::apply_local_offer`].
    fn apply_local_answer(&mut self) -> Result<Value, Exception> {
        let negotiation = &mut self.negotiation;
        let Some(answer) = negotiation.answer.take() else {
            return Err(not_the_last("createAnswer()"));
        };
        // An answer to a restart has new credentials, which is all that restartIce() asks for.
        let credentials = |sdp: &str| gathering::attribute(sdp, "ice-ufrag").map(str::to_owned);
        if let Some(replaced) = &negotiation.current_local {
            negotiation.restart &= credentials(&replaced.sdp) == credentials(&answer);
        }
        negotiation.current_local = Some(description(SdpType::Answer, &answer));
        negotiation.current_remote = negotiation.pending_remote.take();
        negotiation.pending_local = None;
        self.become_stable();
        self.take_answer(&answer, false);
        self.gather(&answer);
        Ok(Value::Undefined)
    }

    /// webrtc-pc#dom-peerconnection-setremotedescription, after the implicit rollback.
    fn set_remote_description(&mut self, remote: &SessionDescription) -> Result<Value, Exception> {
        match remote.sdp_type {
            SdpType::Rollback => self.explicit_rollback(),
            SdpType::Pranswer => Err(beyond_str0m(NO_PRANSWER)),
            SdpType::Offer => {
                SdpOffer::from_sdp_string(&remote.sdp).map_err(sdp_error)?;
                self.negotiation.answer = None;
                self.negotiation.early_candidates.clear();
                self.negotiation.pending_remote = Some(remote.clone());
                self.change_signaling_state(SignalingState::HaveRemoteOffer);
                self.take_remote_offer(&remote.sdp);
                Ok(Value::Undefined)
            }
            SdpType::Answer => self.accept_answer(remote),
        }
    }

    fn accept_answer(&mut self, remote: &SessionDescription) -> Result<Value, Exception> {
        if self.signaling_state != SignalingState::HaveLocalOffer {
            return Err(self.wrong_state("setRemoteDescription(answer)"));
        }
        let answer = SdpAnswer::from_sdp_string(&remote.sdp).map_err(sdp_error)?;
        let pending = self
            .negotiation
            .applied
            .as_mut()
            .and_then(|offer| offer.pending.take());
        let Some(pending) = pending else {
            return Err(Exception::new(
                ExceptionName::OperationError,
                "str0m gave the offer up with an answer that it refused, or with an offer that was made since",
            ));
        };
        self.call(|rtc| rtc.sdp_api().accept_answer(pending, answer))
            .map_err(|error| refused("the answer", &error))?;
        if let Some(offer) = self.negotiation.applied.take() {
            self.negotiation.application |= offer.carried.is_some();
            self.negotiation.restart &= !offer.restarts;
        }
        self.negotiation.current_local = self.negotiation.pending_local.take();
        self.negotiation.current_remote = Some(remote.clone());
        self.negotiation.pending_remote = None;
        self.become_stable();
        self.take_answer(&remote.sdp, true);
        if self.negotiation.application {
            self.hand_over_channels();
        }
        Ok(Value::Undefined)
    }

    fn explicit_rollback(&mut self) -> Result<Value, Exception> {
        match self.signaling_state {
            SignalingState::HaveRemoteOffer if self.negotiation.answer.is_some() => {
                Err(beyond_str0m(ACCEPTED))
            }
            SignalingState::HaveLocalOffer | SignalingState::HaveRemoteOffer => {
                self.roll_back();
                Ok(Value::Undefined)
            }
            _ => Err(self.wrong_state("rollback")),
        }
    }

    /// Returns to the stable state: drops the offer that str0m made, or the remote one that it never saw.
    fn roll_back(&mut self) {
        let offers = [self.negotiation.applied.take(), self.negotiation.made.take()];
        for offer in offers.into_iter().flatten() {
            self.recall(offer.carried);
        }
        self.media.roll_back();
        self.negotiation.pending_local = None;
        self.negotiation.pending_remote = None;
        self.negotiation.early_candidates.clear();
        self.become_stable();
        if self.negotiation.current_local.is_none() && self.gathering.state != IceGatheringState::New {
            self.gathering.forget_generation();
            self.happenings
                .push_back(Happening::GatheringState(IceGatheringState::New));
        }
    }

    /// Takes a channel back that was in an offer which comes to nothing: it must be handed over again.
    fn recall(&mut self, carried: Option<Handle>) {
        if let Some(channel) = carried.and_then(|handle| self.channels.get_mut(handle)) {
            channel.id = None;
        }
    }

    /// Hands all waiting channels to str0m, which opens them when the association stands. Where it stands already, str0m
    /// asks to be called at once and gives them their stream identifiers then.
    pub(crate) fn hand_over_channels(&mut self) {
        for handle in self.channels.waiting() {
            let Some(config) = self.channels.get(handle).map(|channel| channel.config.clone()) else {
                continue;
            };
            let id = self.call(|rtc| rtc.direct_api().create_data_channel(config));
            if let Some(channel) = self.channels.get_mut(handle) {
                channel.id = Some(id);
            }
        }
        self.time_out_if_due();
    }

    /// webrtc-pc#dom-peerconnection-addicecandidate, as far as str0m goes: it knows neither media descriptions nor the end
    /// of candidates, and drops candidates of another generation silently.
    fn add_ice_candidate(&mut self, init: &IceCandidate) -> Result<Value, Exception> {
        let negotiation = &self.negotiation;
        if negotiation.current_remote.is_none() && negotiation.pending_remote.is_none() {
            return Err(Exception::new(
                ExceptionName::InvalidStateError,
                "addIceCandidate() needs a remote description",
            ));
        }
        if init.is_end_of_candidates() {
            return Ok(Value::Undefined);
        }
        let mut candidate = Candidate::from_sdp_string(&init.candidate).map_err(|error| {
            Exception::new(
                ExceptionName::OperationError,
                format!("str0m refuses the candidate: {error}"),
            )
        })?;
        if let (None, Some(username_fragment)) = (candidate.ufrag(), &init.username_fragment) {
            candidate.set_ufrag(username_fragment);
        }
        if negotiation.pending_remote.is_some() && negotiation.answer.is_none() {
            self.negotiation.early_candidates.push(candidate);
        } else {
            self.call(|rtc| rtc.add_remote_candidate(candidate));
        }
        Ok(Value::Undefined)
    }

    /// Tells str0m of the host's addresses when the first local description is applied, and signals the candidates of each
    /// new generation.
    fn gather(&mut self, sdp: &str) {
        if !self.gathering.begins_generation(sdp) {
            return;
        }
        let candidates = if self.gathering.told {
            gathering::candidates_in(sdp)
        } else {
            self.gathering.told = true;
            self.tell_addresses()
        };
        let announced = self.gathering.begin_generation(sdp, candidates);
        let mut tasks = vec![Happening::GatheringState(IceGatheringState::Gathering)];
        tasks.extend(
            announced
                .into_iter()
                .map(|candidate| Happening::Candidate(Some(candidate))),
        );
        tasks.push(Happening::GatheringState(IceGatheringState::Complete));
        tasks.push(Happening::Candidate(None));
        self.tasks.extend(tasks);
    }

    fn tell_addresses(&mut self) -> Vec<String> {
        let mut candidates = Vec::new();
        for address in self.gathering.addresses() {
            let added = match Candidate::host(address, "udp") {
                Ok(candidate) => {
                    self.call(|rtc| rtc.add_local_candidate(candidate).map(Candidate::to_sdp_string))
                }
                Err(error) => {
                    self.note(format!("str0m refuses {address} as a host candidate: {error}"));
                    continue;
                }
            };
            match added {
                Some(candidate) => candidates.push(candidate),
                None => self.note(format!("str0m does not take {address} as a host candidate")),
            }
        }
        candidates
    }

    fn become_stable(&mut self) {
        self.change_signaling_state(SignalingState::Stable);
        self.negotiation_needed = false;
    }

    fn change_signaling_state(&mut self, state: SignalingState) {
        if self.signaling_state != state {
            self.signaling_state = state;
            self.happenings.push_back(Happening::SignalingStateChange);
        }
    }

    fn wrong_state(&self, call: &str) -> Exception {
        Exception::new(
            ExceptionName::InvalidStateError,
            format!("{call} while the signalling state is {}", self.signaling_state),
        )
    }
}

impl Offer {
    /// Leaves only the text of an applied offer whose answer str0m would refuse, and gives the rest.
    fn void(&mut self) -> Option<Offer> {
        let pending = self.pending.take()?;
        Some(Offer {
            sdp: Arc::clone(&self.sdp),
            pending: Some(pending),
            carried: self.carried.take(),
            restarts: self.restarts,
        })
    }
}

/// The rejection where it is too late for [`glare_peer::Called::Unsupported`].
fn beyond_str0m(why: &str) -> Exception {
    Exception::new(ExceptionName::NotSupportedError, why)
}

fn description(sdp_type: SdpType, sdp: &Arc<str>) -> SessionDescription {
    SessionDescription {
        sdp_type,
        sdp: Arc::clone(sdp),
    }
}

fn offer_value(sdp: &Arc<str>) -> Value {
    Value::Description(description(SdpType::Offer, sdp))
}

fn answer_value(sdp: &Arc<str>) -> Value {
    Value::Description(description(SdpType::Answer, sdp))
}

/// Whether a description of str0m's own has an application section that is not rejected.
fn has_application(sdp: &str) -> bool {
    sdp.lines()
        .any(|line| line.starts_with("m=application ") && !line.starts_with("m=application 0 "))
}

fn not_the_last(call: &str) -> Exception {
    Exception::new(
        ExceptionName::InvalidModificationError,
        format!("not the description that the last {call} gave: str0m applies no other"),
    )
}

/// What str0m refuses to read. It names no line, but the address in memory at which its parser gave up: that is left out,
/// since it is another one each time.
fn sdp_error(error: SdpError) -> Exception {
    let message = without_addresses(&format!("str0m: {error}"));
    let mut exception = Exception::new(ExceptionName::OperationError, message);
    if matches!(error, SdpError::ParseError(_)) {
        exception.error_detail = Some(RtcErrorDetail::SdpSyntaxError);
    }
    exception
}

fn without_addresses(message: &str) -> String {
    let mut parts = message.split("0x");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        let rest = part.trim_start_matches(|character: char| character.is_ascii_hexdigit());
        format!("{out}…{rest}")
    })
}

/// What str0m reads but does not accept.
fn refused(what: &str, error: &RtcError) -> Exception {
    Exception::new(
        ExceptionName::OperationError,
        format!("str0m refuses {what}: {error}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_memory_is_left_out_of_a_message() {
        let message = "Parse error at PointerOffset(0x7f54d8a1): unexpected `x`, 0xff";
        assert_eq!(
            without_addresses(message),
            "Parse error at PointerOffset(…): unexpected `x`, …"
        );
    }
}
