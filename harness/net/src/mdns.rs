//! Multicast DNS of one host (RFC 6762): it asks its links for a name, and answers for its own.
//!
//! The whole of it is in packets, so that loss, delay and captures meet them. There is no cache, no probing and no goodbye: the
//! names of WebRTC are made of random bits, each of one connection.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use glare_peer::SimTime;
use simple_dns::rdata::{A, AAAA, RData};
use simple_dns::{CLASS, Name, Packet, PacketFlag, QCLASS, QTYPE, Question, ResourceRecord, TYPE};
use thiserror::Error;

/// The port of multicast DNS (RFC 6762 section 3).
pub const PORT: u16 = 5353;

/// The group of IPv4 (RFC 6762 section 3).
const GROUP_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);
/// The group of IPv6 (RFC 6762 section 3).
const GROUP_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0xfb);
/// RFC 6762 section 10: how long an address holds, in seconds.
const TIME_TO_LIVE: u32 = 120;
/// When a question is asked again, and after which wait it has found nothing (RFC 6762 section 5.2: the first interval is at least
/// a second, each later one at least twice the one before).
const PATIENCE: [Duration; 3] = [
    Duration::from_secs(1),
    Duration::from_secs(2),
    Duration::from_secs(4),
];
/// The most questions that may be open, and the most names that a host may answer for.
pub const MAX_NAMES: usize = 256;

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Which question.
    pub question: u64,
    /// The addresses; none if nobody answered.
    pub addresses: Vec<IpAddr>,
}

/// Why something could not be done with multicast DNS.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MdnsError {
    /// The name is none of a link.
    #[error("{0:?} is no name of multicast DNS; expected one such as \"glare.local\"")]
    BadName(String),
    /// There are as many questions or names as there can be.
    #[error("the host has {MAX_NAMES} names already")]
    TooMany,
}

/// The multicast DNS of one host.
#[derive(Debug)]
pub struct Mdns {
    /// An address of each version that the host has.
    addresses: Vec<IpAddr>,
    names: BTreeMap<String, Vec<IpAddr>>,
    questions: Vec<Asked>,
    answers: VecDeque<Answer>,
    datagrams: VecDeque<(SocketAddr, SocketAddr, Vec<u8>)>,
}

#[derive(Debug)]
struct Asked {
    question: u64,
    name: String,
    /// How often it was asked.
    times: usize,
    /// When the patience with the last time ends.
    due: SimTime,
}

impl Mdns {
    /// The multicast DNS of a host with these addresses.
    pub fn new(addresses: &[IpAddr]) -> Mdns {
        let of_version = |v4: bool| addresses.iter().copied().find(|address| address.is_ipv4() == v4);
        Mdns {
            addresses: [of_version(true), of_version(false)]
                .into_iter()
                .flatten()
                .collect(),
            names: BTreeMap::new(),
            questions: Vec::new(),
            answers: VecDeque::new(),
            datagrams: VecDeque::new(),
        }
    }

    /// Whether a name is one of multicast DNS (RFC 6762 section 3).
    pub fn is_name(name: &str) -> bool {
        let name = canonical(name);
        let labels = name.strip_suffix(".local").unwrap_or_default();
        labels.split('.').all(|label| !label.is_empty()) && Name::new(&name).is_ok()
    }

    /// Answers for a name from here on; a name may have several addresses.
    ///
    /// # Errors
    ///
    /// [`MdnsError`]; then nothing changed.
    pub fn register(&mut self, name: &str, address: IpAddr) -> Result<(), MdnsError> {
        if !Mdns::is_name(name) {
            return Err(MdnsError::BadName(name.to_owned()));
        }
        let count: usize = self.names.values().map(Vec::len).sum();
        if count >= MAX_NAMES {
            return Err(MdnsError::TooMany);
        }
        let addresses = self.names.entry(canonical(name)).or_default();
        if !addresses.contains(&address) {
            addresses.push(address);
        }
        Ok(())
    }

    /// Asks for the addresses of a name. An [`Answer`] follows.
    ///
    /// # Errors
    ///
    /// [`MdnsError`]; then no answer follows.
    pub fn resolve(&mut self, now: SimTime, question: u64, name: &str) -> Result<(), MdnsError> {
        if !Mdns::is_name(name) {
            return Err(MdnsError::BadName(name.to_owned()));
        }
        if self.questions.len() >= MAX_NAMES {
            return Err(MdnsError::TooMany);
        }
        self.questions.push(Asked {
            question,
            name: canonical(name),
            times: 0,
            due: now,
        });
        self.poll(now);
        Ok(())
    }

    /// Does what is due.
    pub fn poll(&mut self, now: SimTime) {
        let (due, waiting): (Vec<Asked>, Vec<Asked>) = std::mem::take(&mut self.questions)
            .into_iter()
            .partition(|asked| asked.due <= now);
        self.questions = waiting;
        for mut asked in due {
            match PATIENCE.get(asked.times) {
                Some(&patience) => {
                    self.multicast(query(&asked.name));
                    asked.times += 1;
                    asked.due = now + patience;
                    self.questions.push(asked);
                }
                None => self.answers.push_back(Answer {
                    question: asked.question,
                    addresses: Vec::new(),
                }),
            }
        }
    }

    /// When to [`Mdns::poll`] next, if ever.
    pub fn deadline(&self) -> Option<SimTime> {
        self.questions.iter().map(|asked| asked.due).min()
    }

    /// Takes a datagram that came to [`PORT`]. What is no DNS is passed over.
    pub fn datagram(&mut self, data: &[u8]) {
        let Ok(packet) = Packet::parse(data) else {
            return;
        };
        if packet.has_flags(PacketFlag::RESPONSE) {
            self.response(&packet);
        } else {
            self.query(&packet);
        }
    }

    /// The next datagram to send: source, destination, payload.
    pub fn take_datagram(&mut self) -> Option<(SocketAddr, SocketAddr, Vec<u8>)> {
        self.datagrams.pop_front()
    }

    /// The next answer.
    pub fn take_answer(&mut self) -> Option<Answer> {
        self.answers.pop_front()
    }

    fn query(&mut self, packet: &Packet<'_>) {
        let mut found: Vec<(String, IpAddr)> = Vec::new();
        for question in &packet.questions {
            let name = canonical(&question.qname.to_string());
            let wanted = |address: &IpAddr| match question.qtype {
                QTYPE::ANY => true,
                QTYPE::TYPE(TYPE::A) => address.is_ipv4(),
                QTYPE::TYPE(TYPE::AAAA) => address.is_ipv6(),
                _ => false,
            };
            let addresses = self.names.get(&name).into_iter().flatten();
            for &address in addresses.filter(|address| wanted(address)) {
                if !found.contains(&(name.clone(), address)) {
                    found.push((name.clone(), address));
                }
            }
        }
        self.multicast(response(&found));
    }

    fn response(&mut self, packet: &Packet<'_>) {
        let mut found: BTreeMap<String, Vec<IpAddr>> = BTreeMap::new();
        for record in &packet.answers {
            let address = match &record.rdata {
                RData::A(A { address }) => IpAddr::V4(Ipv4Addr::from_bits(*address)),
                RData::AAAA(AAAA { address }) => IpAddr::V6(Ipv6Addr::from_bits(*address)),
                _ => continue,
            };
            found
                .entry(canonical(&record.name.to_string()))
                .or_default()
                .push(address);
        }
        let answers = &mut self.answers;
        self.questions.retain(|asked| match found.get(&asked.name) {
            Some(addresses) => {
                answers.push_back(Answer {
                    question: asked.question,
                    addresses: addresses.clone(),
                });
                false
            }
            None => true,
        });
    }

    /// Sends to the group once; over IPv4 where the host has it (RFC 6762 section 20 lets a host use either).
    fn multicast(&mut self, data: Option<Vec<u8>>) {
        let (Some(data), Some(&source)) = (data, self.addresses.first()) else {
            return;
        };
        let group = match source {
            IpAddr::V4(_) => IpAddr::V4(GROUP_V4),
            IpAddr::V6(_) => IpAddr::V6(GROUP_V6),
        };
        self.datagrams
            .push_back((SocketAddr::new(source, PORT), SocketAddr::new(group, PORT), data));
    }
}

/// Names are compared without regard to case and with or without the dot at their end (RFC 6762 section 16).
fn canonical(name: &str) -> String {
    name.trim_end_matches('.').to_ascii_lowercase()
}

fn query(name: &str) -> Option<Vec<u8>> {
    let mut packet = Packet::new_query(0);
    for kind in [TYPE::A, TYPE::AAAA] {
        let name = Name::new(name).ok()?;
        packet.questions.push(Question::new(
            name,
            QTYPE::TYPE(kind),
            QCLASS::CLASS(CLASS::IN),
            false,
        ));
    }
    packet.build_bytes_vec_compressed().ok()
}

fn response(found: &[(String, IpAddr)]) -> Option<Vec<u8>> {
    if found.is_empty() {
        return None;
    }
    let mut packet = Packet::new_reply(0);
    packet.set_flags(PacketFlag::AUTHORITATIVE_ANSWER);
    for (name, address) in found {
        let data = match address {
            IpAddr::V4(address) => RData::A(A {
                address: address.to_bits(),
            }),
            IpAddr::V6(address) => RData::AAAA(AAAA {
                address: address.to_bits(),
            }),
        };
        let record = ResourceRecord::new(Name::new(name).ok()?, CLASS::IN, TIME_TO_LIVE, data);
        packet.answers.push(record.with_cache_flush(true));
    }
    packet.build_bytes_vec_compressed().ok()
}

#[cfg(test)]
mod tests;
