//! IP packets as bytes: UDP (RFC 768) and TCP (RFC 9293) over IPv4 (RFC 791) and IPv6 (RFC 8200).

use std::net::{IpAddr, SocketAddr};

use smoltcp::phy::ChecksumCapabilities;
use smoltcp::wire::{
    IPV4_HEADER_LEN, IPV6_HEADER_LEN, IpProtocol, Ipv4Packet, Ipv4Repr, Ipv6Packet, Ipv6Repr,
    TcpPacket as TcpView, UDP_HEADER_LEN, UdpPacket as UdpView, UdpRepr,
};
use thiserror::Error;

/// A UDP datagram as it lies in an IP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UdpPacket<'a> {
    /// Who sent it.
    pub source: SocketAddr,
    /// Whom it is for.
    pub destination: SocketAddr,
    /// The payload.
    pub payload: &'a [u8],
}

/// Why bytes are not a packet, or a packet cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PacketError {
    /// The payload and its headers are longer than the length fields can say.
    #[error("a UDP payload of {length} bytes does not fit in one IP packet: at most {limit} do")]
    TooLong {
        /// Bytes of payload.
        length: usize,
        /// The most that fits.
        limit: usize,
    },
    /// One end is an IPv4 address, the other an IPv6 address.
    #[error("{source_address} and {destination} are not of one IP version")]
    MixedVersions {
        /// The source.
        source_address: SocketAddr,
        /// The destination.
        destination: SocketAddr,
    },
    /// No byte, or a version field that is neither 4 nor 6.
    #[error("not an IP packet: expected a first byte that says version 4 or 6")]
    NotIp,
    /// The IP header is cut off or contradicts the length of the packet.
    #[error("an IPv{version} packet of {length} bytes whose header is cut off or says another length")]
    BadIpHeader {
        /// 4 or 6.
        version: u8,
        /// Bytes that were there.
        length: usize,
    },
    /// A fragment: glare's hosts send none and put none together.
    #[error("a fragment of an IP packet")]
    Fragment,
    /// Another protocol than UDP.
    #[error("IP protocol {0} where UDP (17) was expected")]
    NotUdp(u8),
    /// Another protocol than TCP.
    #[error("IP protocol {0} where TCP (6) was expected")]
    NotTcp(u8),
    /// The TCP header is cut off or contradicts the length of the packet.
    #[error("a TCP header that is cut off in {0} bytes")]
    BadTcpHeader(usize),
    /// The UDP header is cut off or contradicts the length of the packet.
    #[error("a UDP header that is cut off or says another length than the {0} bytes that were there")]
    BadUdpHeader(usize),
    /// A checksum is wrong.
    #[error("the {0} checksum is wrong")]
    BadChecksum(&'static str),
}

/// The most payload that fits in a UDP datagram over IPv4, in bytes.
pub const MAX_UDP_PAYLOAD_V4: usize = u16::MAX as usize - IPV4_HEADER_LEN - UDP_HEADER_LEN;
/// The most payload that fits in a UDP datagram over IPv6 without a jumbogram, in bytes.
pub const MAX_UDP_PAYLOAD_V6: usize = u16::MAX as usize - UDP_HEADER_LEN;

/// Builds the IP packet that carries `payload` in a UDP datagram, with right checksums, in one allocation.
///
/// # Errors
///
/// [`PacketError::TooLong`] and [`PacketError::MixedVersions`].
pub fn build_udp(
    source: SocketAddr,
    destination: SocketAddr,
    payload: &[u8],
) -> Result<Vec<u8>, PacketError> {
    let length = payload.len();
    let within = |limit: usize| {
        if length > limit {
            Err(PacketError::TooLong { length, limit })
        } else {
            Ok(())
        }
    };
    let datagram = UdpRepr {
        src_port: source.port(),
        dst_port: destination.port(),
    };
    let checksums = ChecksumCapabilities::default();
    let (mut packet, header) = match (source.ip(), destination.ip()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            within(MAX_UDP_PAYLOAD_V4)?;
            let mut packet = vec![0; IPV4_HEADER_LEN + UDP_HEADER_LEN + length];
            Ipv4Repr {
                src_addr: source,
                dst_addr: destination,
                next_header: IpProtocol::Udp,
                payload_len: UDP_HEADER_LEN + length,
                hop_limit: HOP_LIMIT,
            }
            .emit(&mut Ipv4Packet::new_unchecked(&mut packet), &checksums);
            (packet, IPV4_HEADER_LEN)
        }
        (IpAddr::V6(source), IpAddr::V6(destination)) => {
            within(MAX_UDP_PAYLOAD_V6)?;
            let mut packet = vec![0; IPV6_HEADER_LEN + UDP_HEADER_LEN + length];
            Ipv6Repr {
                src_addr: source,
                dst_addr: destination,
                next_header: IpProtocol::Udp,
                payload_len: UDP_HEADER_LEN + length,
                hop_limit: HOP_LIMIT,
            }
            .emit(&mut Ipv6Packet::new_unchecked(&mut packet));
            (packet, IPV6_HEADER_LEN)
        }
        _ => {
            return Err(PacketError::MixedVersions {
                source_address: source,
                destination,
            });
        }
    };
    datagram.emit(
        &mut UdpView::new_unchecked(&mut packet[header..]),
        &source.ip().into(),
        &destination.ip().into(),
        length,
        |room| room.copy_from_slice(payload),
        &checksums,
    );
    Ok(packet)
}

/// Reads the UDP datagram in an IP packet, and checks what it says of itself: lengths and checksums.
///
/// # Errors
///
/// Every [`PacketError`] but those of [`build_udp`].
pub fn parse_udp(packet: &[u8]) -> Result<UdpPacket<'_>, PacketError> {
    let header = IpHeader::parse(packet)?;
    if header.protocol != IpProtocol::Udp {
        return Err(PacketError::NotUdp(header.protocol.into()));
    }
    let datagram =
        UdpView::new_checked(header.payload).map_err(|_| PacketError::BadUdpHeader(header.payload.len()))?;
    // RFC 8200 section 8.1: over IPv6 a checksum of zero is not "none" but wrong.
    let missing = header.source.is_ipv6() && datagram.checksum() == 0;
    if missing || !datagram.verify_checksum(&header.source.into(), &header.destination.into()) {
        return Err(PacketError::BadChecksum("UDP"));
    }
    Ok(UdpPacket {
        source: SocketAddr::new(header.source, datagram.src_port()),
        destination: SocketAddr::new(header.destination, datagram.dst_port()),
        payload: datagram.payload(),
    })
}

/// Whom an IP packet is for, whatever it carries.
///
/// # Errors
///
/// [`PacketError::NotIp`] and [`PacketError::BadIpHeader`].
pub fn destination(packet: &[u8]) -> Result<IpAddr, PacketError> {
    let length = packet.len();
    match version(packet)? {
        4 => Ipv4Packet::new_checked(packet)
            .map(|packet| IpAddr::V4(packet.dst_addr()))
            .map_err(|_| PacketError::BadIpHeader { version: 4, length }),
        version => Ipv6Packet::new_checked(packet)
            .map(|packet| IpAddr::V6(packet.dst_addr()))
            .map_err(|_| PacketError::BadIpHeader { version, length }),
    }
}

/// What an IP packet carries, where glare's hosts know it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// UDP (RFC 768).
    Udp,
    /// TCP (RFC 9293).
    Tcp,
}

/// What an IP packet carries; none for what no host of glare takes, and for what is no IP packet.
pub fn protocol(packet: &[u8]) -> Option<Protocol> {
    let number = match version(packet).ok()? {
        4 => Ipv4Packet::new_checked(packet).ok()?.next_header(),
        _ => Ipv6Packet::new_checked(packet).ok()?.next_header(),
    };
    match number {
        IpProtocol::Udp => Some(Protocol::Udp),
        IpProtocol::Tcp => Some(Protocol::Tcp),
        _ => None,
    }
}

/// A TCP segment as it lies in an IP packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TcpSegment<'a> {
    /// Who sent it.
    pub source: SocketAddr,
    /// Whom it is for.
    pub destination: SocketAddr,
    /// Whether it synchronizes sequence numbers.
    pub syn: bool,
    /// Whether it acknowledges.
    pub ack: bool,
    /// Whether it is the sender's last.
    pub fin: bool,
    /// Whether it resets the connection.
    pub rst: bool,
    /// The payload.
    pub payload: &'a [u8],
}

/// Reads the TCP segment in an IP packet, and checks what it says of itself: lengths and checksums.
///
/// # Errors
///
/// Every [`PacketError`] but those of [`build_udp`] and those of UDP.
pub fn parse_tcp(packet: &[u8]) -> Result<TcpSegment<'_>, PacketError> {
    let header = IpHeader::parse(packet)?;
    if header.protocol != IpProtocol::Tcp {
        return Err(PacketError::NotTcp(header.protocol.into()));
    }
    let segment =
        TcpView::new_checked(header.payload).map_err(|_| PacketError::BadTcpHeader(header.payload.len()))?;
    if !segment.verify_checksum(&header.source.into(), &header.destination.into()) {
        return Err(PacketError::BadChecksum("TCP"));
    }
    Ok(TcpSegment {
        source: SocketAddr::new(header.source, segment.src_port()),
        destination: SocketAddr::new(header.destination, segment.dst_port()),
        syn: segment.syn(),
        ack: segment.ack(),
        fin: segment.fin(),
        rst: segment.rst(),
        payload: header
            .payload
            .get(usize::from(segment.header_len())..)
            .unwrap_or_default(),
    })
}

/// What hosts commonly start from; links of one hop do not count it down.
const HOP_LIMIT: u8 = 64;

struct IpHeader<'a> {
    source: IpAddr,
    destination: IpAddr,
    protocol: IpProtocol,
    payload: &'a [u8],
}

impl<'a> IpHeader<'a> {
    fn parse(packet: &'a [u8]) -> Result<IpHeader<'a>, PacketError> {
        let length = packet.len();
        if version(packet)? == 4 {
            let packet = Ipv4Packet::new_checked(packet)
                .map_err(|_| PacketError::BadIpHeader { version: 4, length })?;
            if !packet.verify_checksum() {
                return Err(PacketError::BadChecksum("IPv4 header"));
            }
            if packet.more_frags() || packet.frag_offset() != 0 {
                return Err(PacketError::Fragment);
            }
            Ok(IpHeader {
                source: packet.src_addr().into(),
                destination: packet.dst_addr().into(),
                protocol: packet.next_header(),
                payload: packet.payload(),
            })
        } else {
            let packet = Ipv6Packet::new_checked(packet)
                .map_err(|_| PacketError::BadIpHeader { version: 6, length })?;
            if packet.next_header() == IpProtocol::Ipv6Frag {
                return Err(PacketError::Fragment);
            }
            Ok(IpHeader {
                source: packet.src_addr().into(),
                destination: packet.dst_addr().into(),
                protocol: packet.next_header(),
                payload: packet.payload(),
            })
        }
    }
}

fn version(packet: &[u8]) -> Result<u8, PacketError> {
    match packet.first().map(|first| first >> 4) {
        Some(version @ (4 | 6)) => Ok(version),
        _ => Err(PacketError::NotIp),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const V4: [&str; 2] = ["10.0.1.1:5000", "10.0.2.1:6000"];
    const V6: [&str; 2] = ["[fd00::1]:5000", "[fd00::2]:6000"];

    fn ends([source, destination]: [&str; 2]) -> (SocketAddr, SocketAddr) {
        (source.parse().unwrap(), destination.parse().unwrap())
    }

    fn build(addresses: [&str; 2], payload: &[u8]) -> Vec<u8> {
        let (source, destination) = ends(addresses);
        build_udp(source, destination, payload).unwrap()
    }

    /// RFC 1071 by hand, so that smoltcp does not check itself.
    fn ones_complement_sum<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> u16 {
        let mut sum: u32 = 0;
        for part in parts {
            for pair in part.chunks(2) {
                sum += u32::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
            }
        }
        while sum > 0xffff {
            sum = (sum >> 16) + (sum & 0xffff);
        }
        sum as u16
    }

    #[test]
    fn what_is_built_reads_back_over_both_versions() {
        for addresses in [V4, V6] {
            let (source, destination) = ends(addresses);
            for payload in [&b""[..], b"x", b"glare", &[0xff; 1200]] {
                let packet = build(addresses, payload);
                assert_eq!(packet.capacity(), packet.len());
                let parsed = parse_udp(&packet).unwrap();
                assert_eq!((parsed.source, parsed.destination), (source, destination));
                assert_eq!(parsed.payload, payload);
                assert_eq!(super::destination(&packet), Ok(destination.ip()));
            }
        }
    }

    #[test]
    fn checksums_are_those_of_the_rfcs() {
        let packet = build(V4, b"odd");
        assert_eq!(ones_complement_sum([&packet[..20]]), 0xffff);
        assert_eq!(
            ones_complement_sum([&packet[12..20], &[0, 17, 0, 11], &packet[20..]]),
            0xffff
        );
        let packet = build(V6, b"odd");
        assert_eq!(
            ones_complement_sum([&packet[8..40], &[0, 0, 0, 11, 0, 0, 0, 17], &packet[40..]]),
            0xffff
        );
    }

    #[test]
    fn a_flipped_bit_anywhere_in_a_datagram_is_seen() {
        for (addresses, header) in [(V4, 20), (V6, 40)] {
            let packet = build(addresses, b"glare");
            for bit in header * 8..packet.len() * 8 {
                let mut flipped = packet.clone();
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(parse_udp(&flipped).is_err(), "bit {bit} of {addresses:?}");
            }
        }
    }

    #[test]
    fn no_cut_and_no_byte_makes_the_parser_panic_or_accept() {
        for addresses in [V4, V6] {
            let packet = build(addresses, b"glare");
            for length in 0..packet.len() {
                assert!(parse_udp(&packet[..length]).is_err(), "cut at {length}");
            }
        }
        let mut rng = fastrand::Rng::with_seed(1);
        for _ in 0..50_000 {
            let mut bytes: Vec<u8> = (0..rng.usize(0..80)).map(|_| rng.u8(..)).collect();
            if let Some(first) = bytes.first_mut() {
                *first = if rng.bool() { 0x45 } else { 0x60 };
            }
            // Random bytes pass a 16-bit checksum now and then; what matters is that reading them ends.
            let _ = parse_udp(&bytes);
            let _ = destination(&bytes);
        }
    }

    #[test]
    fn errors_say_what_was_expected() {
        let (v4, v6) = (ends(V4).0, ends(V6).0);
        assert_eq!(
            build_udp(v4, v6, b"").unwrap_err().to_string(),
            "10.0.1.1:5000 and [fd00::1]:5000 are not of one IP version"
        );
        assert_eq!(
            build_udp(v4, v4, &[0; MAX_UDP_PAYLOAD_V4 + 1])
                .unwrap_err()
                .to_string(),
            "a UDP payload of 65508 bytes does not fit in one IP packet: at most 65507 do"
        );
        assert_eq!(build_udp(v4, v4, &[0; MAX_UDP_PAYLOAD_V4]).unwrap().len(), 65535);
        assert_eq!(build_udp(v6, v6, &[0; MAX_UDP_PAYLOAD_V6]).unwrap().len(), 65575);
        assert_eq!(parse_udp(b"\x10"), Err(PacketError::NotIp));
        assert_eq!(parse_udp(b""), Err(PacketError::NotIp));
        let mut tcp = build(V6, b"");
        tcp[6] = 6;
        assert_eq!(parse_udp(&tcp), Err(PacketError::NotUdp(6)));
        let mut unchecked = build(V6, b"");
        unchecked[46..48].fill(0);
        assert_eq!(parse_udp(&unchecked), Err(PacketError::BadChecksum("UDP")));
        let mut unchecked = build(V4, b"");
        unchecked[26..28].fill(0);
        assert!(parse_udp(&unchecked).is_ok(), "RFC 768: zero means no checksum");
    }
}
