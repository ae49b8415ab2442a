//! The methods of `RTCDtlsTransport` and `RTCIceTransport`.

use std::collections::BTreeMap;

use glare_peer::{Called, Exception, Handle, IceCandidate, IceTransportState, Operation, Value};

use super::Connection;
use super::constructors::attributes_of;
use super::transceiver::not_a;
use super::transport::Transport;
use crate::ice::{Candidate, CandidateType, IceCredentials};

impl Connection {
    /// Runs a method of a transport.
    pub(super) fn dispatch_transports(&mut self, operation: Operation) -> Result<Called, Exception> {
        let value = match operation {
            Operation::GetRemoteCertificates { transport } => {
                self.get_remote_certificates(self.dtls_transport(transport)?)
            }
            Operation::GetLocalCandidates { transport } => {
                let transport = self.ice_transport(transport)?;
                let candidates = transport.agent.local_candidates();
                Value::List(
                    candidates
                        .into_iter()
                        .map(|it| self.candidate_value(transport, it))
                        .collect(),
                )
            }
            Operation::GetRemoteCandidates { transport } => {
                let transport = self.ice_transport(transport)?;
                let signalled = transport
                    .agent
                    .remote_candidates()
                    .into_iter()
                    .filter(|candidate| candidate.candidate_type != CandidateType::PeerReflexive);
                Value::List(signalled.map(|it| self.candidate_value(transport, it)).collect())
            }
            Operation::GetSelectedCandidatePair { transport } => {
                self.get_selected_candidate_pair(self.ice_transport(transport)?)
            }
            Operation::GetLocalParameters { transport } => {
                let transport = self.ice_transport(transport)?;
                let set = transport.gathered.is_some();
                parameters(Some(transport.agent.local_credentials()).filter(|_| set))
            }
            Operation::GetRemoteParameters { transport } => {
                let transport = self.ice_transport(transport)?;
                parameters(transport.described_remote_credentials())
            }
            // Peer::call() sends nothing else here.
            _ => Value::Undefined,
        };
        Ok(Called::Returned(value))
    }

    /// `webrtc-pc#dom-rtcdtlstransport-getremotecertificates`. The slot is set when the transport becomes connected, and
    /// stays when it is closed.
    fn get_remote_certificates(&self, transport: &Transport) -> Value {
        let certificates = transport.remote_certificates.iter();
        Value::List(
            certificates
                .map(|der| Value::Bytes(der.as_slice().into()))
                .collect(),
        )
    }

    /// `webrtc-pc#dom-rtcicetransport-getselectedcandidatepair`.
    fn get_selected_candidate_pair(&self, transport: &Transport) -> Value {
        if matches!(
            transport.ice_state,
            IceTransportState::New | IceTransportState::Closed
        ) {
            return Value::Null;
        }
        let Some(pair) = &transport.selected_candidate_pair else {
            return Value::Null;
        };
        Value::Dictionary(BTreeMap::from([
            ("local".to_owned(), self.candidate_value(transport, &pair.local)),
            ("remote".to_owned(), self.candidate_value(transport, &pair.remote)),
        ]))
    }

    /// A candidate of a transport as an `RTCIceCandidate`.
    fn candidate_value(&self, transport: &Transport, candidate: &Candidate) -> Value {
        let (sdp_mid, sdp_m_line_index) = self.section_of_transport(transport);
        Value::Candidate(IceCandidate {
            candidate: candidate.to_string(),
            sdp_mid,
            sdp_m_line_index,
            username_fragment: candidate.username_fragment.clone(),
            attributes: Some(Box::new(attributes_of(candidate))),
        })
    }

    fn dtls_transport(&self, handle: Handle) -> Result<&Transport, Exception> {
        let found = self
            .transports
            .iter()
            .find(|transport| transport.dtls_handle == handle);
        found.ok_or_else(|| not_a(handle, "RTCDtlsTransport"))
    }

    fn ice_transport(&self, handle: Handle) -> Result<&Transport, Exception> {
        let found = self
            .transports
            .iter()
            .find(|transport| transport.ice_handle == handle);
        found.ok_or_else(|| not_a(handle, "RTCIceTransport"))
    }
}

/// `RTCIceParameters`, or null.
fn parameters(credentials: Option<&IceCredentials>) -> Value {
    credentials.map_or(Value::Null, |credentials| {
        Value::Dictionary(BTreeMap::from([
            (
                "usernameFragment".to_owned(),
                Value::String(credentials.username_fragment.clone()),
            ),
            ("password".to_owned(), Value::String(credentials.password.clone())),
        ]))
    })
}
