//! Candidates as they are surfaced, and as they are constructed.

use glare_peer::{IceCandidate, IceComponent, IceProtocol, Interface, Value};

use super::{another_name, call, sabotage};
use crate::Sabotage;
use crate::fault::{CallFault, Fault};

fn candidate(
    name: &'static str,
    member: &'static str,
    clause: &'static str,
    what: &'static str,
    change: fn(&mut IceCandidate) -> bool,
) -> Sabotage {
    sabotage(
        name,
        (Interface::IceCandidate, member),
        clause,
        what,
        Fault::Candidate(change),
    )
}

/// Edits a word of the candidate line (RFC 8839 section 5.1), counted from 0.
fn word(candidate: &mut IceCandidate, index: usize, edit: impl Fn(&str) -> String) -> bool {
    let mut words: Vec<String> = candidate.candidate.split(' ').map(str::to_owned).collect();
    let Some(word) = words.get_mut(index) else {
        return false;
    };
    let edited = edit(word);
    let changed = edited != *word;
    *word = edited;
    candidate.candidate = words.join(" ");
    changed
}

pub(super) fn sabotages() -> Vec<Sabotage> {
    vec![
        candidate(
            "candidate-has-no-mid",
            "sdpMid",
            "webrtc-pc#dom-rtcicecandidate-sdpmid",
            "sdpMid of candidates is null.",
            |candidate| candidate.sdp_mid.take().is_some(),
        ),
        candidate(
            "candidate-has-another-mid",
            "sdpMid",
            "webrtc-pc#dom-rtcicecandidate-sdpmid",
            "sdpMid of candidates names no section.",
            |candidate| candidate.sdp_mid.replace("nowhere".to_owned()).is_some(),
        ),
        candidate(
            "candidate-has-no-index",
            "sdpMLineIndex",
            "webrtc-pc#dom-rtcicecandidate-sdpmlineindex",
            "sdpMLineIndex of candidates is null.",
            |candidate| candidate.sdp_m_line_index.take().is_some(),
        ),
        candidate(
            "candidate-has-another-index",
            "sdpMLineIndex",
            "webrtc-pc#dom-rtcicecandidate-sdpmlineindex",
            "sdpMLineIndex counts from 1.",
            |candidate| {
                candidate.sdp_m_line_index = candidate.sdp_m_line_index.map(|index| index.saturating_add(1));
                candidate.sdp_m_line_index.is_some()
            },
        ),
        candidate(
            "candidate-has-no-generation",
            "usernameFragment",
            "webrtc-pc#dom-rtcicecandidate-usernamefragment",
            "usernameFragment of candidates is null.",
            |candidate| candidate.username_fragment.take().is_some(),
        ),
        candidate(
            "candidate-has-another-generation",
            "usernameFragment",
            "webrtc-pc#dom-rtcicecandidate-usernamefragment",
            "usernameFragment of candidates is not that of the description.",
            |candidate| candidate.username_fragment.replace("gone".to_owned()).is_some(),
        ),
        candidate(
            "candidate-line-has-no-prefix",
            "candidate",
            "webrtc-pc#candidate-attribute-grammar",
            "The candidate line does not begin with candidate:.",
            |candidate| match candidate.candidate.strip_prefix("candidate:") {
                Some(rest) => {
                    candidate.candidate = rest.to_owned();
                    true
                }
                None => false,
            },
        ),
        candidate(
            "candidate-line-is-an-sdp-line",
            "candidate",
            "webrtc-pc#candidate-attribute-grammar",
            "The candidate line begins with a=.",
            |candidate| {
                let given = !candidate.is_end_of_candidates();
                if given {
                    candidate.candidate.insert_str(0, "a=");
                }
                given
            },
        ),
        candidate(
            "candidate-port-is-off-by-one",
            "candidate",
            "webrtc-pc#dom-rtcicecandidate-port",
            "The port of candidates is the next.",
            |candidate| {
                word(candidate, 5, |port| match port.parse::<u16>() {
                    Ok(port) => port.wrapping_add(1).to_string(),
                    Err(_) => port.to_owned(),
                })
            },
        ),
        candidate(
            "candidate-address-is-another",
            "candidate",
            "webrtc-pc#dom-rtcicecandidate-address",
            "The address of candidates belongs to nobody.",
            |candidate| word(candidate, 4, |_| "192.0.2.1".to_owned()),
        ),
        candidate(
            "candidate-priority-is-zero",
            "candidate",
            "RFC8445#section-5.1.2",
            "The priority of candidates is 0.",
            |candidate| word(candidate, 3, |_| "0".to_owned()),
        ),
        candidate(
            "candidate-component-is-rtcp",
            "candidate",
            "webrtc-pc#dom-rtcicecandidate-component",
            "The component of candidates is 2.",
            |candidate| word(candidate, 1, |_| "2".to_owned()),
        ),
        candidate(
            "candidate-type-is-relay",
            "candidate",
            "webrtc-pc#dom-rtcicecandidate-type",
            "Host candidates say that they are relayed.",
            |candidate| {
                word(candidate, 7, |kind| {
                    if kind == "host" { "relay" } else { kind }.to_owned()
                })
            },
        ),
        candidate(
            "candidate-attributes-say-another-component",
            "component",
            "webrtc-pc#dom-rtcicecandidate-component",
            "The attribute component is rtcp.",
            |candidate| match &mut candidate.attributes {
                Some(attributes) => {
                    attributes.component.replace(IceComponent::Rtcp) == Some(IceComponent::Rtp)
                }
                None => false,
            },
        ),
        candidate(
            "candidate-attributes-say-another-protocol",
            "protocol",
            "webrtc-pc#dom-rtcicecandidate-protocol",
            "The attribute protocol is tcp.",
            |candidate| match &mut candidate.attributes {
                Some(attributes) => attributes.protocol.replace(IceProtocol::Tcp) == Some(IceProtocol::Udp),
                None => false,
            },
        ),
        candidate(
            "candidate-attributes-lack-the-address",
            "address",
            "webrtc-pc#dom-rtcicecandidate-address",
            "The attribute address is null.",
            |candidate| match &mut candidate.attributes {
                Some(attributes) => attributes.address.take().is_some(),
                None => false,
            },
        ),
        candidate(
            "candidate-attributes-lack-the-foundation",
            "foundation",
            "webrtc-pc#dom-rtcicecandidate-foundation",
            "The attribute foundation is null.",
            |candidate| match &mut candidate.attributes {
                Some(attributes) => attributes.foundation.take().is_some(),
                None => false,
            },
        ),
        candidate(
            "candidate-attributes-lack-the-url",
            "url",
            "webrtc-pc#dom-rtcicecandidate-url",
            "The attribute url is null.",
            |candidate| match &mut candidate.attributes {
                Some(attributes) => attributes.url.take().is_some(),
                None => false,
            },
        ),
        candidate(
            "candidate-attributes-lack-the-related-address",
            "relatedAddress",
            "webrtc-pc#dom-rtcicecandidate-relatedaddress",
            "The attribute relatedAddress is null.",
            |candidate| match &mut candidate.attributes {
                Some(attributes) => attributes.related_address.take().is_some(),
                None => false,
            },
        ),
        call(
            "ice-candidate-is-not-parsed",
            (Interface::IceCandidate, "RTCIceCandidate"),
            "webrtc-pc#dom-rtcicecandidate-constructor",
            "The attributes of a constructed RTCIceCandidate are null.",
            CallFault::Result(|value| match value {
                Value::Candidate(candidate) => match &mut candidate.attributes {
                    Some(attributes) => std::mem::take(&mut **attributes) != **attributes,
                    None => false,
                },
                _ => false,
            }),
        ),
        call(
            "ice-candidate-constructor-never-throws",
            (Interface::IceCandidate, "RTCIceCandidate"),
            "webrtc-pc#dom-rtcicecandidate-constructor",
            "new RTCIceCandidate() returns where it should throw.",
            CallFault::Swallow,
        ),
        call(
            "ice-candidate-constructor-error-has-another-name",
            (Interface::IceCandidate, "RTCIceCandidate"),
            "webrtc-pc#dom-rtcicecandidate-constructor",
            "What new RTCIceCandidate() throws is a NotReadableError.",
            another_name(),
        ),
    ]
}
