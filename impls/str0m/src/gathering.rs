//! The local candidates. str0m gathers none: its user tells it of the addresses it may use, and signals them.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use glare_peer::{HostView, IceCandidate, IceGatheringState, SessionDescription};

/// What has been gathered, and for which ICE generation.
#[derive(Debug)]
pub(crate) struct Gathering {
    pub(crate) state: IceGatheringState,
    addresses: Vec<SocketAddr>,
    /// Whether str0m knows of the addresses.
    pub(crate) told: bool,
    generation: Option<Generation>,
}

/// What was signalled under one username fragment.
#[derive(Debug)]
struct Generation {
    username_fragment: String,
    candidates: Vec<String>,
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
                .map(|address: &IpAddr| SocketAddr::new(*address, port))
                .collect(),
            told: false,
            generation: None,
        }
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.addresses.clone()
    }

    /// Whether candidates are to be signalled for this local description: it begins a generation.
    pub(crate) fn begins_generation(&self, sdp: &str) -> bool {
        let current = self
            .generation
            .as_ref()
            .map(|generation| generation.username_fragment.as_str());
        attribute(sdp, "ice-ufrag").is_some_and(|username_fragment| current != Some(username_fragment))
    }

    /// Begins the generation of a local description. Gives what `icecandidate` is to be fired with, in order: the
    /// candidates, then the end of the generation.
    pub(crate) fn begin_generation(&mut self, sdp: &str, candidates: Vec<String>) -> Vec<IceCandidate> {
        let username_fragment = attribute(sdp, "ice-ufrag").unwrap_or_default().to_owned();
        let sdp_mid = attribute(sdp, "mid").map(str::to_owned);
        let announced = candidates
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
        self.generation = Some(Generation {
            username_fragment,
            candidates,
        });
        announced
    }

    /// Forgets the generation of an offer that was rolled back.
    pub(crate) fn forget_generation(&mut self) {
        self.generation = None;
    }

    /// A local description as its attribute shows it: with the candidates that were gathered since it was made
    /// (RFC 9429 section 4.1.14). They go where str0m itself puts candidates, into the first media section.
    pub(crate) fn describe(&self, description: &SessionDescription) -> SessionDescription {
        let sdp = &description.sdp;
        let Some(generation) = &self.generation else {
            return description.clone();
        };
        if attribute(sdp, "ice-ufrag") != Some(&generation.username_fragment) {
            return description.clone();
        }
        let mut added: String = generation
            .candidates
            .iter()
            .map(|candidate| format!("a={candidate}\r\n"))
            .filter(|line| !sdp.contains(line.as_str()))
            .collect();
        if self.state == IceGatheringState::Complete && !sdp.contains("a=end-of-candidates") {
            added.push_str("a=end-of-candidates\r\n");
        }
        let end = end_of_first_section(sdp);
        SessionDescription {
            sdp_type: description.sdp_type,
            sdp: Arc::from(format!("{}{added}{}", &sdp[..end], &sdp[end..])),
        }
    }
}

/// The candidates that str0m wrote into a description, as `candidate-attribute`s.
pub(crate) fn candidates_in(sdp: &str) -> Vec<String> {
    sdp.lines()
        .filter_map(|line| line.strip_prefix("a="))
        .filter(|line| line.starts_with("candidate:"))
        .map(str::to_owned)
        .collect()
}

/// The value of the first attribute of this name.
pub(crate) fn attribute<'a>(sdp: &'a str, name: &str) -> Option<&'a str> {
    sdp.lines()
        .find_map(|line| line.strip_prefix("a=")?.strip_prefix(name)?.strip_prefix(':'))
}

/// The offset at which the second media section begins, or the description ends.
fn end_of_first_section(sdp: &str) -> usize {
    let mut sections = sdp.match_indices("\nm=");
    sections.nth(1).map_or(sdp.len(), |(line_end, _)| line_end + 1)
}

#[cfg(test)]
mod tests {
    use glare_peer::SdpType;

    use super::*;

    const SDP: &str = "v=0\r\nm=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\na=mid:x\r\na=ice-ufrag:u\r\n\
                       m=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:y\r\n";

    fn gathering() -> Gathering {
        Gathering::new(&HostView {
            role: "a".to_owned(),
            addresses: vec![IpAddr::from([10, 0, 0, 1])],
            ports: 5000..=5009,
            seed: 1,
            unix_time: std::time::Duration::ZERO,
            origin: "https://a.example".to_owned(),
        })
    }

    #[test]
    fn a_generation_is_announced_once_and_ended() {
        let mut gathering = gathering();
        assert!(gathering.begins_generation(SDP));
        let announced = gathering.begin_generation(SDP, vec!["candidate:1".to_owned()]);
        assert_eq!(announced.len(), 2);
        assert_eq!(announced[0].candidate, "candidate:1");
        assert!(announced[1].is_end_of_candidates());
        assert_eq!(announced[1].sdp_mid.as_deref(), Some("x"));
        assert!(!gathering.begins_generation(SDP));
        assert!(gathering.begins_generation(&SDP.replace("ufrag:u", "ufrag:v")));
    }

    #[test]
    fn gathered_candidates_show_in_the_first_section_of_their_generation_only() {
        let mut gathering = gathering();
        gathering.begin_generation(SDP, vec!["candidate:1".to_owned()]);
        gathering.state = IceGatheringState::Complete;
        let description = |sdp: &str| SessionDescription {
            sdp_type: SdpType::Offer,
            sdp: Arc::from(sdp),
        };
        let shown = gathering.describe(&description(SDP));
        assert!(
            shown
                .sdp
                .contains("a=ice-ufrag:u\r\na=candidate:1\r\na=end-of-candidates\r\nm=audio"),
            "{}",
            shown.sdp
        );
        assert_eq!(gathering.describe(&shown), shown);
        let other = description(&SDP.replace("ufrag:u", "ufrag:v"));
        assert_eq!(gathering.describe(&other), other);
    }
}
