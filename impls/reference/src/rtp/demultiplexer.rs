//! Which section and stream a packet belongs to (RFC 9143 section 9.2, RFC 8852, RFC 8853).

use std::collections::BTreeMap;
use std::time::Duration;

use glare_peer::SimTime;

use super::configuration::Section;
use super::extension::Extensions;

/// How many SSRCs one section may bring. A simulcast has a few encodings with an SSRC for retransmissions each.
const SSRCS_OF_A_SECTION: usize = 32;

/// A stream of which nothing came for so long makes room for another one where there are too many.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(30);

/// What a packet says that decides where it belongs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Arriving<'a> {
    pub ssrc: u32,
    pub payload_type: u8,
    pub extensions: &'a Extensions<'a>,
}

/// Where a packet belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Route {
    /// The place of the section.
    pub section: usize,
    /// What the stream is in its section.
    pub role: StreamRole,
}

/// What a stream is in its section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum StreamRole {
    /// It carries frames or telephone events.
    Media {
        /// The `rid`, in simulcast.
        rid: Option<String>,
    },
    /// It carries retransmissions (RFC 4588) of another stream.
    Repair {
        /// The stream, where it is known.
        of: Option<u32>,
    },
}

/// A stream that was routed before, or is announced.
#[derive(Debug, Clone)]
struct Known {
    section: usize,
    /// The payload type of a retransmission makes a stream one of repair, and it stays one.
    repairs: bool,
    of: Option<u32>,
    rid: Option<String>,
    /// When the last packet came; none for an announced stream of which nothing came.
    last: Option<SimTime>,
}

/// The tables of RFC 9143 section 9.2.
#[derive(Debug, Default)]
pub(super) struct Demultiplexer {
    mids: BTreeMap<String, usize>,
    /// The payload types that only one section has.
    payload_types: BTreeMap<u8, usize>,
    /// The payload types of each section that are retransmissions; of all, those that are known.
    sections: Vec<KnownPayloadTypes>,
    streams: BTreeMap<u32, Known>,
}

#[derive(Debug, Default)]
struct KnownPayloadTypes {
    all: Vec<u8>,
    repairs: Vec<u8>,
    rids: Vec<String>,
}

impl Demultiplexer {
    /// Lays the tables anew for the sections of a description. Streams whose section is still there by its `mid` stay known.
    pub fn configure(&mut self, sections: &[Section]) {
        let by_mid: BTreeMap<String, usize> = sections
            .iter()
            .enumerate()
            .map(|(at, section)| (section.mid.clone(), at))
            .collect();
        let moved: BTreeMap<usize, usize> = self
            .mids
            .iter()
            .filter_map(|(mid, before)| Some((*before, *by_mid.get(mid)?)))
            .collect();
        self.streams.retain(|_, known| match moved.get(&known.section) {
            Some(&now) if sections[now].receive.is_some() => {
                known.section = now;
                true
            }
            _ => false,
        });
        self.mids = by_mid;
        self.sections = sections.iter().map(known_payload_types).collect();
        self.payload_types.clear();
        let mut shared = Vec::new();
        for (at, known) in self.sections.iter().enumerate() {
            for payload_type in &known.all {
                if self
                    .payload_types
                    .insert(*payload_type, at)
                    .is_some_and(|other| other != at)
                {
                    shared.push(*payload_type);
                }
            }
        }
        shared.iter().for_each(|payload_type| {
            self.payload_types.remove(payload_type);
        });
        for (at, section) in sections.iter().enumerate() {
            let Some(receive) = &section.receive else {
                continue;
            };
            for ssrc in receive.ssrcs.iter().take(SSRCS_OF_A_SECTION) {
                self.announce(*ssrc, at, None);
            }
            for (repaired, repair) in receive.flow_identifications.iter().take(SSRCS_OF_A_SECTION / 2) {
                self.announce(*repaired, at, None);
                self.announce(*repair, at, Some(*repaired));
            }
        }
    }

    fn announce(&mut self, ssrc: u32, section: usize, of: Option<u32>) {
        let known = self.streams.entry(ssrc).or_insert(Known {
            section,
            repairs: false,
            of: None,
            rid: None,
            last: None,
        });
        known.section = section;
        known.repairs |= of.is_some();
        known.of = of.or(known.of);
    }

    /// Where a packet belongs; none where it belongs nowhere. What the packet says of its stream is remembered.
    pub fn route(&mut self, now: SimTime, arriving: Arriving<'_>) -> Option<Route> {
        let Arriving {
            ssrc,
            payload_type,
            extensions,
        } = arriving;
        // A packet of a section that is not there belongs nowhere, whatever its SSRC was once.
        let by_mid = match extensions.mid {
            Some(mid) => Some(*self.mids.get(mid)?),
            None => None,
        };
        let before = self.streams.get(&ssrc).map(|known| known.section);
        let section = by_mid
            .or(before)
            .or_else(|| self.section_of_rid(extensions.rid.or(extensions.repaired_rid)?))
            .or_else(|| self.payload_types.get(&payload_type).copied())?;
        let types = self.sections.get(section)?;
        if !types.all.contains(&payload_type) {
            return None;
        }
        let is_repair = types.repairs.contains(&payload_type);
        if before.is_none() && !self.make_room(now, section) {
            return None;
        }
        let known = self.streams.entry(ssrc).or_insert(Known {
            section,
            repairs: is_repair,
            of: None,
            rid: None,
            last: None,
        });
        if known.section != section {
            known.section = section;
            known.of = None;
            known.rid = None;
        }
        known.repairs = is_repair;
        known.last = Some(now);
        // RFC 8852 section 3: a repair says by which `rid` its repaired stream goes, any other stream its own.
        let rid = if is_repair {
            extensions.repaired_rid
        } else {
            extensions.rid
        };
        if let Some(rid) = rid
            && known.rid.as_deref() != Some(rid)
        {
            known.rid = Some(rid.to_owned());
        }
        let role = if is_repair {
            let (of, rid) = (known.of, known.rid.clone());
            StreamRole::Repair {
                of: of.or_else(|| self.repaired(section, rid.as_deref())),
            }
        } else {
            StreamRole::Media {
                rid: known.rid.clone(),
            }
        };
        Some(Route { section, role })
    }

    /// The section of the only simulcast that has a `rid`.
    fn section_of_rid(&self, rid: &str) -> Option<usize> {
        let mut having = self
            .sections
            .iter()
            .enumerate()
            .filter(|(_, section)| section.rids.iter().any(|known| known == rid));
        let (section, _) = having.next()?;
        having.next().is_none().then_some(section)
    }

    /// The stream that retransmissions without a known SSRC repair: that with their `rid`, or the only one of the section.
    fn repaired(&self, section: usize, rid: Option<&str>) -> Option<u32> {
        let mut streams = self
            .streams
            .iter()
            .filter(|(_, known)| known.section == section && !known.repairs && known.last.is_some());
        if rid.is_some() {
            return streams
                .find(|(_, known)| known.rid.as_deref() == rid)
                .map(|(ssrc, _)| *ssrc);
        }
        let (ssrc, _) = streams.next()?;
        streams.next().is_none().then_some(*ssrc)
    }

    /// Whether a section may have one more stream; the longest silent one is forgotten for it.
    fn make_room(&mut self, now: SimTime, section: usize) -> bool {
        let of_section = || self.streams.iter().filter(|(_, known)| known.section == section);
        if of_section().count() < SSRCS_OF_A_SECTION {
            return true;
        }
        let silent = of_section()
            .filter(|(_, known)| known.last.is_none_or(|last| now - last >= FORGOTTEN_AFTER))
            .min_by_key(|(_, known)| known.last)
            .map(|(ssrc, _)| *ssrc);
        silent.is_some_and(|ssrc| self.streams.remove(&ssrc).is_some())
    }

    /// The section of a stream that was routed before.
    #[cfg(test)]
    pub fn section_of(&self, ssrc: u32) -> Option<usize> {
        Some(self.streams.get(&ssrc)?.section)
    }
}

fn known_payload_types(section: &Section) -> KnownPayloadTypes {
    let Some(receive) = &section.receive else {
        return KnownPayloadTypes::default();
    };
    let repairs: Vec<u8> = receive
        .formats
        .iter()
        .filter_map(|format| format.rtx_payload_type)
        .collect();
    let media = receive.formats.iter().map(|format| format.payload_type);
    let events = receive.telephone_event.map(|events| events.payload_type);
    KnownPayloadTypes {
        all: media.chain(events).chain(repairs.iter().copied()).collect(),
        repairs,
        rids: receive.rids.clone(),
    }
}
