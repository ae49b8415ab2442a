//! Candidates, and how they are written in session descriptions (RFC 8839 section 5.1).

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use super::server::ServerTransport;

/// The only component there is: RTP and RTCP are multiplexed, data channels have one.
pub(super) const COMPONENT: u16 = 1;

/// The greatest priority a candidate may have, 2**31 - 1 (RFC 8445 section 5.1.2).
const MAXIMUM_PRIORITY: u32 = i32::MAX as u32;

/// The greatest number of characters of a foundation (RFC 8839 section 5.1).
const MAXIMUM_FOUNDATION_LENGTH: usize = 32;

/// An address at which one side may be reached: the `candidate-attribute` of RFC 8839 section 5.1.
///
/// `Display` and `FromStr` are that attribute without `a=`: `candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Candidate {
    /// Equal for candidates that are likely to share their fate; 1 to 32 `ice-char`.
    pub foundation: String,
    /// From 1 to 256; 1 is RTP and all that is multiplexed with it.
    pub component: u16,
    /// What carries the packets.
    pub transport: TransportProtocol,
    /// From 1 to 2**31 - 1; the greater the better.
    pub priority: u32,
    /// Where to send to.
    pub address: CandidateAddress,
    /// Where to send to.
    pub port: u16,
    /// How the address was found.
    pub candidate_type: CandidateType,
    /// The address it was derived from (`raddr` and `rport`). Where that is not to be known, it is 0.0.0.0 or `::` with
    /// port 0. A `raddr` that is a name stays in `extensions`.
    pub related: Option<SocketAddr>,
    /// Who connects, for TCP (RFC 6544 section 4.5).
    pub tcp_type: Option<TcpType>,
    /// The generation it belongs to, from the extension `ufrag` (RFC 8839 section 5.1).
    pub username_fragment: Option<String>,
    /// The other extensions, name and value, in their order.
    pub extensions: Vec<(String, String)>,
    /// The server that a local candidate was gathered from (webrtc-pc#dom-rtcicecandidate-url); not part of the text.
    pub url: Option<String>,
    /// How a local relayed candidate's server is reached (webrtc-pc#dom-rtcicecandidate-relayprotocol); not part of the
    /// text.
    pub relay_protocol: Option<ServerTransport>,
}

/// The `connection-address` of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CandidateAddress {
    /// An IPv4 or IPv6 address.
    Ip(IpAddr),
    /// A name, such as the mDNS names that hide local addresses.
    Name(String),
}

/// The `transport` of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum TransportProtocol {
    /// UDP.
    Udp,
    /// TCP (RFC 6544).
    Tcp,
    /// Another token, as it was written.
    Other(String),
}

/// The `candidate-types` of a candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum CandidateType {
    /// An address of the host itself.
    Host,
    /// The address a STUN server sees.
    ServerReflexive,
    /// The address the peer sees.
    PeerReflexive,
    /// An address of a TURN server.
    Relayed,
    /// Another token, as it was written.
    Other(String),
}

/// The `tcptype` of RFC 6544 section 4.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TcpType {
    /// Connects, does not listen.
    Active,
    /// Listens, does not connect.
    Passive,
    /// Both sides connect at once.
    SimultaneousOpen,
}

/// Why a text is not a `candidate-attribute`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseCandidateError {
    /// It does not begin with `candidate:`.
    #[error("a candidate begins with \"candidate:\"")]
    Prefix,
    /// It ends too early.
    #[error("the {0} is missing")]
    Missing(&'static str),
    /// A part is not what the grammar asks for.
    #[error("the {part} is {found:?}, expected {expected}")]
    Invalid {
        /// The part, in the words of the grammar.
        part: &'static str,
        /// What was read.
        found: String,
        /// What the grammar asks for.
        expected: &'static str,
    },
    /// `raddr` without `rport`, or `rport` without `raddr`.
    #[error("raddr and rport come together, {0} is missing")]
    Unrelated(&'static str),
    /// An extension without a value.
    #[error("the extension {0:?} has no value")]
    Extension(String),
}

impl Candidate {
    /// A candidate of this agent, or a peer-reflexive one of the peer, at an address.
    pub(super) fn new(
        address: SocketAddr,
        candidate_type: CandidateType,
        tcp_type: Option<TcpType>,
        foundation: String,
        priority: u32,
    ) -> Candidate {
        Candidate {
            foundation,
            component: COMPONENT,
            transport: match tcp_type {
                Some(_) => TransportProtocol::Tcp,
                None => TransportProtocol::Udp,
            },
            priority,
            address: CandidateAddress::Ip(address.ip()),
            port: address.port(),
            candidate_type,
            related: None,
            tcp_type,
            username_fragment: None,
            extensions: Vec::new(),
            url: None,
            relay_protocol: None,
        }
    }

    /// The transport address, unless it is a name.
    pub(crate) fn socket_address(&self) -> Option<SocketAddr> {
        match self.address {
            CandidateAddress::Ip(address) => Some(SocketAddr::new(address, self.port)),
            CandidateAddress::Name(_) => None,
        }
    }
}

/// RFC 8445 section 5.1.2.1: the priority of a candidate of component 1. TCP candidates come after all that are no relays,
/// and relays after those (RFC 6544 section 4.2 leaves the type preference of TCP to the agent).
pub(super) fn priority(candidate_type: &CandidateType, is_tcp: bool, local_preference: u16) -> u32 {
    let type_preference: u32 = match (candidate_type, is_tcp) {
        (CandidateType::Host, false) => 126,
        (CandidateType::PeerReflexive, false) => 110,
        (CandidateType::ServerReflexive, false) => 100,
        (CandidateType::Host, true) => 90,
        (CandidateType::PeerReflexive, true) => 80,
        (CandidateType::ServerReflexive, true) => 70,
        (CandidateType::Relayed | CandidateType::Other(_), _) => 0,
    };
    (type_preference << 24) | (u32::from(local_preference) << 8) | (256 - u32::from(COMPONENT))
}

/// RFC 6544 section 4.2: the local preference of a TCP host candidate; `other` tells addresses apart, from 0, the lower
/// the better.
pub(super) fn tcp_local_preference(tcp_type: TcpType, other: u16) -> u16 {
    const OTHER_BITS: u16 = 13;
    let direction: u16 = match tcp_type {
        TcpType::Active => 6,
        TcpType::Passive => 4,
        TcpType::SimultaneousOpen => 2,
    };
    (direction << OTHER_BITS) | ((1 << OTHER_BITS) - 1 - other.min((1 << OTHER_BITS) - 1))
}

impl FromStr for Candidate {
    type Err = ParseCandidateError;

    fn from_str(text: &str) -> Result<Candidate, ParseCandidateError> {
        let mut parts = text
            .strip_prefix("candidate:")
            .ok_or(ParseCandidateError::Prefix)?
            .split_ascii_whitespace();
        let mut next = |part: &'static str| parts.next().ok_or(ParseCandidateError::Missing(part));

        let foundation = parse_foundation(next("foundation")?)?;
        let component = number(
            next("component-id")?,
            "component-id",
            1,
            256,
            "a number from 1 to 256",
        )?;
        let transport = match next("transport")? {
            text if text.eq_ignore_ascii_case("udp") => TransportProtocol::Udp,
            text if text.eq_ignore_ascii_case("tcp") => TransportProtocol::Tcp,
            text => TransportProtocol::Other(text.to_owned()),
        };
        let priority = number(
            next("priority")?,
            "priority",
            1,
            MAXIMUM_PRIORITY,
            "a number from 1 to 2147483647",
        )?;
        let address = parse_address(next("connection-address")?)?;
        let port = port(next("port")?, "port")?;
        let typ = next("typ")?;
        if typ != "typ" {
            return Err(invalid("word before the candidate type", typ, "\"typ\""));
        }
        let candidate_type = match next("candidate type")? {
            "host" => CandidateType::Host,
            "srflx" => CandidateType::ServerReflexive,
            "prflx" => CandidateType::PeerReflexive,
            "relay" => CandidateType::Relayed,
            text => CandidateType::Other(text.to_owned()),
        };

        let mut candidate = Candidate {
            foundation,
            component: u16::try_from(component).expect("at most 256, as just checked"),
            transport,
            priority,
            address,
            port,
            candidate_type,
            related: None,
            tcp_type: None,
            username_fragment: None,
            extensions: Vec::new(),
            url: None,
            relay_protocol: None,
        };
        candidate.read_extensions(parts)?;
        Ok(candidate)
    }
}

impl Candidate {
    /// Reads what comes after the type: the related address, and extensions in pairs of name and value.
    fn read_extensions<'a>(
        &mut self,
        mut parts: impl Iterator<Item = &'a str>,
    ) -> Result<(), ParseCandidateError> {
        let mut related_address = None;
        let mut related_port = None;
        while let Some(name) = parts.next() {
            let value = parts
                .next()
                .ok_or_else(|| ParseCandidateError::Extension(name.to_owned()))?;
            match name {
                "raddr" => related_address = Some(value),
                "rport" => related_port = Some(port(value, "rport")?),
                "tcptype" => self.tcp_type = Some(parse_tcp_type(value)?),
                "ufrag" => self.username_fragment = Some(value.to_owned()),
                _ => self.extensions.push((name.to_owned(), value.to_owned())),
            }
        }
        match (related_address, related_port) {
            (None, None) => {}
            (Some(_), None) => return Err(ParseCandidateError::Unrelated("rport")),
            (None, Some(_)) => return Err(ParseCandidateError::Unrelated("raddr")),
            (Some(address), Some(port)) => match parse_address(address)? {
                CandidateAddress::Ip(address) => self.related = Some(SocketAddr::new(address, port)),
                CandidateAddress::Name(name) => {
                    self.extensions.insert(0, ("raddr".to_owned(), name));
                    self.extensions.insert(1, ("rport".to_owned(), port.to_string()));
                }
            },
        }
        Ok(())
    }
}

fn invalid(part: &'static str, found: &str, expected: &'static str) -> ParseCandidateError {
    ParseCandidateError::Invalid {
        part,
        found: found.to_owned(),
        expected,
    }
}

fn parse_foundation(text: &str) -> Result<String, ParseCandidateError> {
    let fits = (1..=MAXIMUM_FOUNDATION_LENGTH).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/');
    if fits {
        Ok(text.to_owned())
    } else {
        Err(invalid(
            "foundation",
            text,
            "1 to 32 letters, digits, \"+\" or \"/\"",
        ))
    }
}

/// A decimal number of digits only: the grammar knows no sign, which `parse` alone would take.
fn number(
    text: &str,
    part: &'static str,
    minimum: u32,
    maximum: u32,
    expected: &'static str,
) -> Result<u32, ParseCandidateError> {
    let only_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse::<u32>() {
        Ok(number) if only_digits && (minimum..=maximum).contains(&number) => Ok(number),
        _ => Err(invalid(part, text, expected)),
    }
}

fn port(text: &str, part: &'static str) -> Result<u16, ParseCandidateError> {
    let port = number(text, part, 0, u32::from(u16::MAX), "a number from 0 to 65535")?;
    Ok(u16::try_from(port).expect("at most 65535, as just checked"))
}

fn parse_address(text: &str) -> Result<CandidateAddress, ParseCandidateError> {
    if let Ok(address) = text.parse() {
        return Ok(CandidateAddress::Ip(address));
    }
    let is_name = text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text.split('.').all(|label| {
            !label.is_empty()
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        });
    if is_name {
        Ok(CandidateAddress::Name(text.to_owned()))
    } else {
        Err(invalid("connection-address", text, "an IP address or a name"))
    }
}

fn parse_tcp_type(text: &str) -> Result<TcpType, ParseCandidateError> {
    match text {
        "active" => Ok(TcpType::Active),
        "passive" => Ok(TcpType::Passive),
        "so" => Ok(TcpType::SimultaneousOpen),
        _ => Err(invalid("tcptype", text, "\"active\", \"passive\" or \"so\"")),
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "candidate:{} {} {} {} {} {} typ {}",
            self.foundation,
            self.component,
            self.transport,
            self.priority,
            self.address,
            self.port,
            self.candidate_type
        )?;
        if let Some(related) = self.related {
            write!(f, " raddr {} rport {}", related.ip(), related.port())?;
        }
        if let Some(tcp_type) = self.tcp_type {
            write!(f, " tcptype {tcp_type}")?;
        }
        for (name, value) in &self.extensions {
            write!(f, " {name} {value}")?;
        }
        if let Some(username_fragment) = &self.username_fragment {
            write!(f, " ufrag {username_fragment}")?;
        }
        Ok(())
    }
}

impl fmt::Display for CandidateAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CandidateAddress::Ip(address) => address.fmt(f),
            CandidateAddress::Name(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for TransportProtocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TransportProtocol::Udp => "udp",
            TransportProtocol::Tcp => "tcp",
            TransportProtocol::Other(text) => text,
        })
    }
}

impl fmt::Display for CandidateType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CandidateType::Host => "host",
            CandidateType::ServerReflexive => "srflx",
            CandidateType::PeerReflexive => "prflx",
            CandidateType::Relayed => "relay",
            CandidateType::Other(text) => text,
        })
    }
}

impl fmt::Display for TcpType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            TcpType::Active => "active",
            TcpType::Passive => "passive",
            TcpType::SimultaneousOpen => "so",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_are_written_as_they_were_read() {
        for text in [
            "candidate:1 1 udp 2130706431 192.0.2.1 5000 typ host",
            "candidate:4 1 udp 2130706431 2001:db8::1 5000 typ host generation 0 network-cost 999 ufrag aBc+",
            "candidate:842163049 1 udp 1677729535 203.0.113.7 6000 typ srflx raddr 0.0.0.0 rport 0 generation 0",
            "candidate:2 2 tcp 1518280447 192.0.2.1 9 typ host tcptype active",
            "candidate:3 1 udp 41885439 198.51.100.2 7000 typ relay raddr host.invalid rport 12",
            "candidate:0 1 udp 2122252543 0d5b0e3a-0a1f-4d5e-9c44-2b7f8a6f4d11.local 55555 typ host",
            "candidate:x/+ 1 sctp 5 192.0.2.1 1 typ moon",
        ] {
            let candidate: Candidate = text.parse().unwrap();
            assert_eq!(candidate.to_string(), text);
        }
    }

    #[test]
    fn every_part_of_a_candidate_is_read() {
        let candidate: Candidate =
            "candidate:9 1 UDP 1677729535 203.0.113.7 6000 typ srflx raddr 10.0.0.1 rport 5 ufrag q x y"
                .parse()
                .unwrap();
        assert_eq!(candidate.transport, TransportProtocol::Udp);
        assert_eq!(candidate.candidate_type, CandidateType::ServerReflexive);
        assert_eq!(
            candidate.socket_address(),
            Some("203.0.113.7:6000".parse().unwrap())
        );
        assert_eq!(candidate.related, Some("10.0.0.1:5".parse().unwrap()));
        assert_eq!(candidate.username_fragment.as_deref(), Some("q"));
        assert_eq!(candidate.extensions, [("x".to_owned(), "y".to_owned())]);
    }

    #[test]
    fn what_is_wrong_with_a_candidate_is_named() {
        for (text, message) in [
            ("a=candidate:1", "a candidate begins with \"candidate:\""),
            ("candidate:", "the foundation is missing"),
            (
                "candidate:1 1 udp 5 192.0.2.1 1 typ",
                "the candidate type is missing",
            ),
            (
                "candidate:1 0 udp 5 192.0.2.1 1 typ host",
                "the component-id is \"0\", expected a number from 1 to 256",
            ),
            (
                "candidate:1 1 udp +5 192.0.2.1 1 typ host",
                "the priority is \"+5\", expected a number from 1 to 2147483647",
            ),
            (
                "candidate:1 1 udp 5 192.0.2.256 1 typ host",
                "the connection-address is \"192.0.2.256\", expected an IP address or a name",
            ),
            (
                "candidate:1 1 udp 5 192.0.2.1 65536 typ host",
                "the port is \"65536\", expected a number from 0 to 65535",
            ),
            (
                "candidate:1 1 udp 5 192.0.2.1 1 type host",
                "the word before the candidate type is \"type\", expected \"typ\"",
            ),
            (
                "candidate:1 1 udp 5 192.0.2.1 1 typ srflx raddr 192.0.2.1",
                "raddr and rport come together, rport is missing",
            ),
            (
                "candidate:1 1 udp 5 192.0.2.1 1 typ host generation",
                "the extension \"generation\" has no value",
            ),
            (
                "candidate:1 1 tcp 5 192.0.2.1 1 typ host tcptype both",
                "the tcptype is \"both\", expected \"active\", \"passive\" or \"so\"",
            ),
        ] {
            assert_eq!(
                text.parse::<Candidate>().unwrap_err().to_string(),
                message,
                "{text}"
            );
        }
    }

    #[test]
    fn a_single_host_candidate_has_the_priority_of_the_recommendation() {
        let best = |candidate_type| priority(&candidate_type, false, u16::MAX);
        assert_eq!(best(CandidateType::Host), 2_130_706_431);
        assert_eq!(best(CandidateType::PeerReflexive), 1_862_270_975);
        assert_eq!(best(CandidateType::ServerReflexive), 1_694_498_815);
        assert_eq!(best(CandidateType::Relayed), 16_777_215);
    }

    #[test]
    fn among_tcp_candidates_active_ones_are_best_and_udp_is_better_than_all() {
        let tcp =
            |tcp_type, other| priority(&CandidateType::Host, true, tcp_local_preference(tcp_type, other));
        let order = [
            priority(&CandidateType::ServerReflexive, false, 0),
            tcp(TcpType::Active, 0),
            tcp(TcpType::Active, 1),
            tcp(TcpType::Passive, 0),
            tcp(TcpType::SimultaneousOpen, 0),
            tcp(TcpType::SimultaneousOpen, u16::MAX),
            priority(&CandidateType::Relayed, false, u16::MAX),
        ];
        assert!(order.windows(2).all(|two| two[0] > two[1]), "{order:?}");
        assert_eq!(tcp_local_preference(TcpType::Active, 0), (1 << 13) * 6 + 8191);
    }
}
