//! The local candidates. rtc's core gathers none: its user tells it of the addresses it may use, and signals them.

use std::net::SocketAddr;

use glare_peer::{HostView, IceCandidate, IceGatheringState};
use rtc::peer_connection::transport::{
    CandidateConfig, CandidateHostConfig, RTCIceCandidate, RTCIceCandidateInit,
};
use rtc::shared::error::Error;

/// What has been gathered, and for which ICE generation.
#[derive(Debug)]
pub(crate) struct Gathering {
    pub(crate) state: IceGatheringState,
    addresses: Vec<SocketAddr>,
    /// Whether rtc knows of the addresses.
    pub(crate) told: bool,
    /// The candidates that rtc has taken, as it announced them.
    pub(crate) candidates: Vec<String>,
    /// The username fragment of the generation that was signalled last.
    username_fragment: Option<String>,
}

impl Gathering {
    /// Every address of the host, each with the first port that is the peer's own.
    pub(crate) fn new(host: &HostView) -> Gathering {
        let port = *host.ports.start();
        Gathering {
            state: IceGatheringState::New,
            addresses: host
                .addresses
                .iter()
                .map(|address| SocketAddr::new(*address, port))
                .collect(),
            told: false,
            candidates: Vec::new(),
            username_fragment: None,
        }
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    /// Whether candidates are to be signalled for this local description: it begins a generation.
    pub(crate) fn begins_generation(&self, sdp: &str) -> bool {
        attribute(sdp, "ice-ufrag")
            .is_some_and(|username_fragment| self.username_fragment.as_deref() != Some(username_fragment))
    }

    /// Begins the generation of a local description. Gives what `icecandidate` is to be fired with, in order: the
    /// candidates, then the end of the generation.
    pub(crate) fn begin_generation(&mut self, sdp: &str) -> Vec<IceCandidate> {
        let username_fragment = attribute(sdp, "ice-ufrag").unwrap_or_default().to_owned();
        let sdp_mid = attribute(sdp, "mid").map(str::to_owned);
        let announced = self
            .candidates
            .iter()
            .map(String::as_str)
            .chain([""])
            .map(|candidate| IceCandidate {
                candidate: candidate.to_owned(),
                sdp_mid: sdp_mid.clone(),
                sdp_m_line_index: Some(0),
                username_fragment: Some(username_fragment.clone()),
                attributes: None,
            })
            .collect();
        self.username_fragment = Some(username_fragment);
        announced
    }
}

/// A host candidate for an address, as rtc is told of it.
pub(crate) fn host_candidate(address: SocketAddr) -> Result<RTCIceCandidateInit, Error> {
    let candidate = CandidateHostConfig {
        base_config: CandidateConfig {
            network: "udp".to_owned(),
            address: address.ip().to_string(),
            port: address.port(),
            component: 1,
            ..CandidateConfig::default()
        },
        ..CandidateHostConfig::default()
    }
    .new_candidate_host()?;
    RTCIceCandidate::from(&candidate).to_json()
}

/// What tells rtc that there are no more candidates.
pub(crate) fn no_more_candidates() -> RTCIceCandidateInit {
    RTCIceCandidateInit::default()
}

/// The value of the first attribute of this name.
pub(crate) fn attribute<'a>(sdp: &'a str, name: &str) -> Option<&'a str> {
    sdp.lines()
        .find_map(|line| line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':'))
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use super::*;

    const SDP: &str =
        "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:x\r\na=ice-ufrag:u\r\n";

    #[test]
    fn a_generation_is_announced_once_and_ended() {
        let mut gathering = Gathering::new(&HostView {
            role: "a".to_owned(),
            addresses: vec![IpAddr::from([10, 0, 0, 1])],
            ports: 5000..=5009,
            seed: 1,
            unix_time: Duration::ZERO,
            origin: "https://a.example".to_owned(),
        });
        assert_eq!(gathering.addresses(), [SocketAddr::from(([10, 0, 0, 1], 5000))]);
        assert!(gathering.begins_generation(SDP));
        gathering.candidates.push("candidate:1".to_owned());
        let announced = gathering.begin_generation(SDP);
        assert_eq!(announced.len(), 2);
        assert_eq!(announced[0].candidate, "candidate:1");
        assert!(announced[1].is_end_of_candidates());
        assert_eq!(announced[1].sdp_mid.as_deref(), Some("x"));
        assert!(!gathering.begins_generation(SDP));
        assert!(gathering.begins_generation(&SDP.replace("ufrag:u", "ufrag:v")));
    }

    #[test]
    fn a_host_candidate_has_the_address() {
        let candidate = host_candidate("10.0.0.1:5000".parse().unwrap())
            .unwrap()
            .candidate;
        assert!(candidate.starts_with("candidate:"), "{candidate}");
        assert!(candidate.contains(" 10.0.0.1 5000 typ host"), "{candidate}");
    }
}
