//! The constructors of what is more a value than an object: `RTCIceCandidate`, `RTCError`.

use glare_peer::{
    Exception, ExceptionName, IceCandidate, IceCandidateAttributes, IceCandidateType, IceComponent,
    IceProtocol, IceServerTransportProtocol, IceTcpCandidateType, Value,
};

use crate::ice::{Candidate, CandidateAddress, CandidateType, ServerTransport, TcpType, TransportProtocol};

/// `webrtc-pc#dom-rtcicecandidate-constructor`.
pub(super) fn construct_ice_candidate(init: IceCandidate) -> Result<Value, Exception> {
    if init.sdp_mid.is_none() && init.sdp_m_line_index.is_none() {
        let message = "a candidate needs an sdpMid or an sdpMLineIndex";
        return Err(Exception::new(ExceptionName::TypeError, message));
    }
    Ok(Value::Candidate(create_an_rtc_ice_candidate(init)))
}

/// `webrtc-pc#dfn-creating-an-rtcicecandidate`: what cannot be parsed leaves the attributes null.
pub(super) fn create_an_rtc_ice_candidate(init: IceCandidate) -> IceCandidate {
    // The `a=` that RFC 8839 puts before the attribute is no part of the grammar, and often there.
    let line = init.candidate.strip_prefix("a=").unwrap_or(&init.candidate);
    let attributes = match line.parse::<Candidate>() {
        Ok(candidate) if !line.is_empty() => attributes_of(&candidate),
        _ => IceCandidateAttributes::default(),
    };
    IceCandidate {
        attributes: Some(Box::new(attributes)),
        ..init
    }
}

/// What a candidate's line says, as the attributes have it. A value that an attribute has no word for makes all of them
/// null.
pub(super) fn attributes_of(candidate: &Candidate) -> IceCandidateAttributes {
    let protocol = match candidate.transport {
        TransportProtocol::Udp => IceProtocol::Udp,
        TransportProtocol::Tcp => IceProtocol::Tcp,
        TransportProtocol::Other(_) => return IceCandidateAttributes::default(),
    };
    let candidate_type = match candidate.candidate_type {
        CandidateType::Host => IceCandidateType::Host,
        CandidateType::ServerReflexive => IceCandidateType::Srflx,
        CandidateType::PeerReflexive => IceCandidateType::Prflx,
        CandidateType::Relayed => IceCandidateType::Relay,
        CandidateType::Other(_) => return IceCandidateAttributes::default(),
    };
    let component = match candidate.component {
        1 => IceComponent::Rtp,
        2 => IceComponent::Rtcp,
        _ => return IceCandidateAttributes::default(),
    };
    IceCandidateAttributes {
        foundation: Some(candidate.foundation.clone()),
        component: Some(component),
        priority: Some(candidate.priority),
        address: Some(match &candidate.address {
            CandidateAddress::Ip(address) => address.to_string(),
            CandidateAddress::Name(name) => name.clone(),
        }),
        protocol: Some(protocol),
        port: Some(candidate.port),
        candidate_type: Some(candidate_type),
        tcp_type: candidate.tcp_type.map(|tcp_type| match tcp_type {
            TcpType::Active => IceTcpCandidateType::Active,
            TcpType::Passive => IceTcpCandidateType::Passive,
            TcpType::SimultaneousOpen => IceTcpCandidateType::So,
        }),
        related_address: candidate.related.map(|related| related.ip().to_string()),
        related_port: candidate.related.map(|related| related.port()),
        relay_protocol: candidate.relay_protocol.and_then(|protocol| match protocol {
            ServerTransport::Udp => Some(IceServerTransportProtocol::Udp),
            ServerTransport::Tcp => Some(IceServerTransportProtocol::Tcp),
            ServerTransport::Tls => Some(IceServerTransportProtocol::Tls),
            // The enumeration has no word for it.
            ServerTransport::Dtls => None,
        }),
        url: candidate.url.clone(),
    }
}

/// `webrtc-pc#dom-rtcerror-constructor`.
pub(super) fn construct_error(init: Exception) -> Result<Value, Exception> {
    if init.error_detail.is_none() {
        let message = "RTCErrorInit needs an errorDetail";
        return Err(Exception::new(ExceptionName::TypeError, message));
    }
    Ok(Value::Exception(Exception {
        name: ExceptionName::OperationError,
        ..init
    }))
}
