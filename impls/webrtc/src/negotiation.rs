//! Offers and answers: the calls of the specification, which rtc has nearly as they are.

use std::sync::Arc;

use glare_peer::{
    BundlePolicy, Configuration, Exception, IceCandidate, IceGatheringState, LocalDescriptionInit,
    OfferOptions, Operation, OperationId, SdpType, SessionDescription, SignalingState, Value,
};
use rtc::peer_connection::configuration::{
    RTCBundlePolicy, RTCConfiguration, RTCConfigurationBuilder, RTCOfferOptions, RTCRtcpMuxPolicy,
};
use rtc::peer_connection::sdp::{RTCSdpType, RTCSessionDescription};
use rtc::peer_connection::transport::RTCIceCandidateInit;
use rtc::shared::error::Error;

use crate::connection::{Connection, Happening};
use crate::exception::{exception, unreadable};
use crate::{clock, gathering};

/// What of a configuration rtc's core takes.
pub(crate) fn configuration(configuration: &Configuration) -> RTCConfiguration {
    let bundle_policy = match configuration.bundle_policy {
        BundlePolicy::Balanced => RTCBundlePolicy::Balanced,
        BundlePolicy::MaxCompat => RTCBundlePolicy::MaxCompat,
        BundlePolicy::MaxBundle => RTCBundlePolicy::MaxBundle,
    };
    RTCConfigurationBuilder::new()
        .with_bundle_policy(bundle_policy)
        .with_rtcp_mux_policy(RTCRtcpMuxPolicy::Require)
        .with_ice_candidate_pool_size(configuration.ice_candidate_pool_size)
        .build()
}

impl Connection {
    /// Runs a call whose turn it is, and queues how it settles.
    pub(crate) fn run(&mut self, id: OperationId, operation: Operation) {
        let result = match operation {
            Operation::CreateOffer(options) => self.create_offer(options).map(|it| value(Some(&it))),
            Operation::CreateAnswer => self.create_answer().map(|it| value(Some(&it))),
            Operation::SetLocalDescription(init) => {
                self.set_local_description(init).map(|()| Value::Undefined)
            }
            Operation::SetRemoteDescription(description) => self
                .set_remote_description(&description)
                .map(|()| Value::Undefined),
            Operation::AddIceCandidate(candidate) => {
                self.add_ice_candidate(candidate).map(|()| Value::Undefined)
            }
            // Only calls that return a promise are queued.
            _ => return,
        };
        self.happenings.push_back(Happening::Settled(id, result));
        self.happenings.push_back(Happening::TaskEnd);
    }

    fn create_offer(&mut self, options: OfferOptions) -> Result<RTCSessionDescription, Exception> {
        let options = RTCOfferOptions {
            ice_restart: options.ice_restart,
        };
        self.call(|rtc| rtc.create_offer(Some(options)))
            .map_err(|error| exception(&error))
    }

    fn create_answer(&mut self) -> Result<RTCSessionDescription, Exception> {
        self.call(|rtc| rtc.create_answer(None))
            .map_err(|error| exception(&error))
    }

    /// webrtc-pc#dom-peerconnection-setlocaldescription.
    fn set_local_description(&mut self, init: LocalDescriptionInit) -> Result<(), Exception> {
        let sdp_type = init.sdp_type.unwrap_or(match self.signaling_state {
            SignalingState::Stable | SignalingState::HaveLocalOffer | SignalingState::HaveRemotePranswer => {
                SdpType::Offer
            }
            _ => SdpType::Answer,
        });
        let description = match sdp_type {
            SdpType::Offer if init.sdp.is_empty() => self.create_offer(OfferOptions::default())?,
            SdpType::Answer | SdpType::Pranswer if init.sdp.is_empty() => {
                let answer = self.create_answer()?;
                rtc_description(sdp_type, answer.sdp)?
            }
            _ => rtc_description(sdp_type, init.sdp.to_string())?,
        };
        let now = clock::instant(self.told);
        self.call(|rtc| rtc.set_local_description(now, description))
            .map_err(|error| exception(&error))?;
        if sdp_type != SdpType::Rollback {
            self.gather();
        }
        Ok(())
    }

    fn set_remote_description(&mut self, description: &SessionDescription) -> Result<(), Exception> {
        let description = rtc_description(description.sdp_type, description.sdp.to_string())?;
        let now = clock::instant(self.told);
        self.call(|rtc| rtc.set_remote_description(now, description))
            .map_err(|error| exception(&error))
    }

    fn add_ice_candidate(&mut self, candidate: IceCandidate) -> Result<(), Exception> {
        let candidate = RTCIceCandidateInit {
            candidate: candidate.candidate,
            sdp_mid: candidate.sdp_mid,
            sdp_mline_index: candidate.sdp_m_line_index,
            username_fragment: candidate.username_fragment,
            url: None,
        };
        self.call(|rtc| rtc.add_remote_candidate(candidate))
            .map_err(|error| exception(&error))
    }

    /// Tells rtc of the host's addresses when the first local description is applied, and signals the candidates of each
    /// new generation. rtc is told of their end each time, because it counts as gathering from every local description.
    fn gather(&mut self) {
        let Some(local) = self.rtc().local_description() else {
            return;
        };
        if !std::mem::replace(&mut self.gathering.told, true) {
            self.tell_addresses();
        }
        let ended = self.call(|rtc| rtc.add_local_candidate(gathering::no_more_candidates()));
        self.note_refusal("the end of candidates", ended);
        if !self.gathering.begins_generation(&local.sdp) {
            return;
        }
        let announced = self.gathering.begin_generation(&local.sdp);
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

    fn tell_addresses(&mut self) {
        for address in self.gathering.addresses() {
            let told = gathering::host_candidate(address)
                .and_then(|candidate| self.call(|rtc| rtc.add_local_candidate(candidate)));
            self.note_refusal(&format!("{address} as a host candidate"), told);
        }
    }

    fn note_refusal(&mut self, what: &str, told: Result<(), Error>) {
        if let Err(error) = told {
            self.note(format!("rtc refuses {what}: {error}"));
        }
    }
}

fn rtc_description(sdp_type: SdpType, sdp: String) -> Result<RTCSessionDescription, Exception> {
    match sdp_type {
        SdpType::Offer => RTCSessionDescription::offer(sdp),
        SdpType::Pranswer => RTCSessionDescription::pranswer(sdp),
        SdpType::Answer => RTCSessionDescription::answer(sdp),
        SdpType::Rollback => RTCSessionDescription::rollback(None),
    }
    .map_err(|error| unreadable(&error))
}

/// A description of rtc's as a value of the interface; null where there is none.
pub(crate) fn value(description: Option<&RTCSessionDescription>) -> Value {
    let described = description.and_then(|description| {
        let sdp_type = match description.sdp_type {
            RTCSdpType::Offer => SdpType::Offer,
            RTCSdpType::Pranswer => SdpType::Pranswer,
            RTCSdpType::Answer => SdpType::Answer,
            _ => return None,
        };
        Some(SessionDescription {
            sdp_type,
            sdp: Arc::from(description.sdp.as_str()),
        })
    });
    described.map_or(Value::Null, Value::Description)
}
