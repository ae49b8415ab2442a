//! What candidates say.

use std::collections::BTreeSet;

use glare_peer::{Granularity, IceCandidate, IceGatheringState};

use super::descriptions::{has_unknown_local, said};
use super::{Departure, Level, Rule};
use crate::sdp::Description;
use crate::view::View;

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            id: "candidate-follows-its-grammar",
            clause: "webrtc-pc#candidate-attribute-grammar",
            level: Level::Must,
            statement: "A candidate that is surfaced is a candidate-attribute of RFC 8839 section 5.1.",
            granularity: Granularity::Event,
            check: follows_the_grammar,
        },
        Rule {
            id: "candidate-is-surfaced-once",
            clause: "webrtc-pc#dfn-surface-the-candidate",
            level: Level::Must,
            statement: "A candidate of a section and a generation is surfaced once.",
            granularity: Granularity::Event,
            check: surfaced_once,
        },
        Rule {
            id: "generation-ends-once",
            clause: "webrtc-pc#rtcicetransport",
            level: Level::Must,
            statement: "The empty candidate that ends the generation of a section is surfaced once while gathering goes on.",
            granularity: Granularity::Event,
            check: generation_ends_once,
        },
        Rule {
            id: "candidate-belongs-to-a-section",
            clause: "webrtc-pc#dom-rtcicecandidate-sdpmid",
            level: Level::Must,
            statement: "sdpMid and sdpMLineIndex of a candidate are those of one section of a local description.",
            granularity: Granularity::Event,
            check: belongs_to_a_section,
        },
        Rule {
            id: "candidate-is-of-a-local-generation",
            clause: "webrtc-pc#dom-rtcicecandidate-usernamefragment",
            level: Level::Must,
            statement: "usernameFragment of a candidate is the a=ice-ufrag of its section in a local description.",
            granularity: Granularity::Event,
            check: is_of_a_local_generation,
        },
    ]
}

/// `candidate:`, foundation, component, transport, priority, address, port, `typ`, type (RFC 8839 section 5.1).
fn is_well_formed(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("candidate:") else {
        return false;
    };
    let words: Vec<&str> = rest.split(' ').collect();
    let [
        foundation,
        component,
        transport,
        priority,
        address,
        port,
        typ,
        kind,
        ..,
    ] = words[..]
    else {
        return false;
    };
    let ice_char = |letter: char| letter.is_ascii_alphanumeric() || letter == '+' || letter == '/';
    (1..=32).contains(&foundation.len())
        && foundation.chars().all(ice_char)
        && component
            .parse::<u16>()
            .is_ok_and(|component| (1..=256).contains(&component))
        && !transport.is_empty()
        && priority
            .parse::<u32>()
            .is_ok_and(|priority| (1..=0x7fff_ffff).contains(&priority))
        && !address.is_empty()
        && port.parse::<u16>().is_ok()
        && typ == "typ"
        && !kind.is_empty()
}

/// The candidates that are surfaced, but for the ends of generations.
fn candidates<'v>(view: &'v View<'_>) -> impl Iterator<Item = (u64, IceCandidate)> + 'v {
    view.entries.iter().filter_map(|entry| {
        let candidate = entry.ice_candidate()??;
        (!candidate.is_end_of_candidates()).then_some((entry.record, candidate))
    })
}

fn follows_the_grammar(view: &View<'_>) -> Option<Departure> {
    candidates(view)
        .find(|(_, candidate)| !is_well_formed(&candidate.candidate))
        .map(|(record, _)| {
            Departure::new(
                record,
                "candidate: with foundation, component, transport, priority, address, port and type",
                "something else",
            )
        })
}

fn surfaced_once(view: &View<'_>) -> Option<Departure> {
    let mut seen = BTreeSet::new();
    candidates(view).find_map(|(record, candidate)| {
        let key = (
            candidate.sdp_mid,
            candidate.username_fragment,
            candidate.candidate,
        );
        (!seen.insert(key))
            .then(|| Departure::new(record, "a candidate once", "a candidate that was surfaced before"))
    })
}

fn generation_ends_once(view: &View<'_>) -> Option<Departure> {
    let mut ended = BTreeSet::new();
    view.entries.iter().find_map(|entry| {
        if entry.is_event("icegatheringstatechange")
            && entry.state.ice_gathering_state == Some(IceGatheringState::Gathering)
        {
            ended.clear();
        }
        let candidate = entry.ice_candidate()??;
        let again = candidate.is_end_of_candidates()
            && !ended.insert((candidate.sdp_mid, candidate.username_fragment));
        again.then(|| {
            Departure::new(
                entry.record,
                "one end of candidates for a generation",
                "another one",
            )
        })
    })
}

fn belongs_to_a_section(view: &View<'_>) -> Option<Departure> {
    of_local_sections(view, |candidate, description| {
        let (Some(mid), Some(index)) = (&candidate.sdp_mid, candidate.sdp_m_line_index) else {
            return true;
        };
        description.mids().get(usize::from(index)) == Some(&Some(mid.as_str()))
    })
}

fn is_of_a_local_generation(view: &View<'_>) -> Option<Departure> {
    of_local_sections(view, |candidate, description| {
        let Some(fragment) = &candidate.username_fragment else {
            return true;
        };
        let mut sections = description.sections.iter();
        sections.any(|section| description.attribute_of(section, "ice-ufrag") == Some(fragment))
    })
}

/// The first candidate that fits no local description. Where one of them has a text that the trace does not know, any fits.
fn of_local_sections(
    view: &View<'_>,
    fits: impl Fn(&IceCandidate, &Description<'_>) -> bool,
) -> Option<Departure> {
    if has_unknown_local(view) {
        return None;
    }
    let all = said(view);
    let local: Vec<Description<'_>> = all
        .iter()
        .filter(|said| said.local)
        .map(|said| Description::read(said.text))
        .collect();
    if local.is_empty() {
        return None;
    }
    candidates(view)
        .find(|(_, candidate)| !local.iter().any(|description| fits(candidate, description)))
        .map(|(record, _)| {
            Departure::new(
                record,
                "a candidate of a section of a local description",
                "one that fits none of them",
            )
        })
}
