//! Says in words what a packet carries: TCP by its flags, and what is inside by its first bytes (RFC 7983).

use glare_net::mdns;
use glare_net::packet::{Protocol, TcpSegment, parse_tcp, parse_udp, protocol};

/// What an IP packet carries, for people.
pub(crate) fn packet(packet: &[u8]) -> String {
    match protocol(packet) {
        Some(Protocol::Udp) => match parse_udp(packet) {
            Ok(udp) if udp.destination.port() == mdns::PORT => multicast_dns(udp.payload),
            Ok(udp) => summary(udp.payload),
            Err(error) => error.to_string(),
        },
        Some(Protocol::Tcp) => match parse_tcp(packet) {
            Ok(segment) => tcp(&segment),
            Err(error) => error.to_string(),
        },
        None => "neither UDP nor TCP".to_owned(),
    }
}

/// RFC 6762 section 18.2.
fn multicast_dns(message: &[u8]) -> String {
    match message.get(2) {
        Some(flags) if flags & 0x80 != 0 => "mDNS response".to_owned(),
        Some(_) => "mDNS query".to_owned(),
        None => "mDNS, cut short".to_owned(),
    }
}

/// The flags that tell a segment's part in its connection, and what its payload begins with where that is known.
fn tcp(segment: &TcpSegment<'_>) -> String {
    let kind = match segment {
        TcpSegment { rst: true, .. } => "reset",
        TcpSegment {
            syn: true, ack: true, ..
        } => "SYN-ACK",
        TcpSegment { syn: true, .. } => "SYN",
        TcpSegment { fin: true, .. } => "FIN",
        _ if segment.payload.is_empty() => "ACK",
        _ => "",
    };
    let content = stream(segment.payload);
    match (kind, content) {
        (kind, None) => format!("TCP {kind}"),
        ("", Some(content)) => format!("TCP: {content}"),
        (kind, Some(content)) => format!("TCP {kind}: {content}"),
    }
}

/// What bytes of a stream are, where a message begins with them: alone as to a TURN server, or behind its length (RFC 4571).
fn stream(payload: &[u8]) -> Option<String> {
    match payload {
        [] => None,
        [0..=3, _, _, _, 0x21, 0x12, 0xa4, 0x42, ..] | [0x40..=0x4f, ..] => Some(summary(payload)),
        [_, _, 0..=3, _, _, _, 0x21, 0x12, 0xa4, 0x42, ..] | [_, _, 20..=63 | 128..=191, ..] => {
            Some(summary(&payload[2..]))
        }
        _ => Some(format!("{} bytes", payload.len())),
    }
}

/// What a UDP payload carries, for people.
pub(crate) fn summary(payload: &[u8]) -> String {
    match payload.first() {
        None => "empty".to_owned(),
        Some(0..=3) => stun(payload),
        Some(20..=63) => dtls(payload),
        Some(64..=79) => match payload {
            [n0, n1, _, _, content @ ..] => {
                let number = u16::from_be_bytes([*n0, *n1]);
                format!("TURN channel {number:#06x}: {}", inner(content))
            }
            _ => "TURN channel data, cut short".to_owned(),
        },
        Some(128..=191) => "RTP or RTCP".to_owned(),
        Some(byte) => format!("unknown, first byte {byte}"),
    }
}

/// What a relay carries; not looked into twice, so that a packet of packets ends.
fn inner(content: &[u8]) -> String {
    match content.first() {
        Some(64..=79) => "channel data".to_owned(),
        Some(0..=3) if !matches!(method(content), None | Some(1)) => "STUN".to_owned(),
        _ => summary(content),
    }
}

fn method(message: &[u8]) -> Option<u16> {
    let [first, second, ..] = *message else {
        return None;
    };
    let message_type = u16::from_be_bytes([first, second]);
    Some(message_type & 0x000f | (message_type & 0x00e0) >> 1 | (message_type & 0x3e00) >> 2)
}

/// RFC 8489 section 5: the class is spread over bits 4 and 8 of the message type.
fn stun(payload: &[u8]) -> String {
    let [first, second, ..] = *payload else {
        return "STUN, cut short".to_owned();
    };
    let message_type = u16::from_be_bytes([first, second]);
    let method = message_type & 0x000f | (message_type & 0x00e0) >> 1 | (message_type & 0x3e00) >> 2;
    let class = match message_type & 0x0110 {
        0x0000 => "request",
        0x0010 => "indication",
        0x0100 => "success response",
        _ => "error response",
    };
    let mut text = match method {
        1 => format!("STUN binding {class}"),
        3 => format!("TURN Allocate {class}"),
        4 => format!("TURN Refresh {class}"),
        6 => format!("TURN Send {class}"),
        7 => format!("TURN Data {class}"),
        8 => format!("TURN CreatePermission {class}"),
        9 => format!("TURN ChannelBind {class}"),
        method => format!("STUN method {method} {class}"),
    };
    if class == "error response"
        && let Some([_, _, hundreds, rest]) =
            attribute(payload, 0x0009).and_then(|value| value.first_chunk::<4>())
    {
        text.push_str(&format!(" {}", u16::from(hundreds & 7) * 100 + u16::from(*rest)));
    }
    if matches!(method, 6 | 7)
        && let Some(data) = attribute(payload, 0x0013)
    {
        text.push_str(&format!(": {}", inner(data)));
    }
    if attribute(payload, 0x0025).is_some() {
        text.push_str(", USE-CANDIDATE");
    }
    text
}

fn attribute(payload: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut rest = payload.get(20..).unwrap_or_default();
    while let [t0, t1, l0, l1, body @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*l0, *l1]));
        if u16::from_be_bytes([*t0, *t1]) == wanted {
            return body.get(..length);
        }
        rest = body.get(length.next_multiple_of(4)..).unwrap_or_default();
    }
    None
}

/// RFC 6347 section 4.1 and RFC 9147 section 4.
fn dtls(payload: &[u8]) -> String {
    match payload {
        [20, ..] => "DTLS change cipher spec".to_owned(),
        [21, ..] => "DTLS alert".to_owned(),
        [22, _, _, epoch0, epoch1, ..] if [*epoch0, *epoch1] != [0, 0] => {
            "DTLS handshake, encrypted".to_owned()
        }
        [22, rest @ ..] => match rest.get(12) {
            Some(1) => "DTLS ClientHello".to_owned(),
            Some(2) => "DTLS ServerHello".to_owned(),
            Some(3) => "DTLS HelloVerifyRequest".to_owned(),
            Some(11) => "DTLS Certificate".to_owned(),
            Some(12) => "DTLS ServerKeyExchange".to_owned(),
            Some(13) => "DTLS CertificateRequest".to_owned(),
            Some(14) => "DTLS ServerHelloDone".to_owned(),
            Some(15) => "DTLS CertificateVerify".to_owned(),
            Some(16) => "DTLS ClientKeyExchange".to_owned(),
            Some(20) => "DTLS Finished".to_owned(),
            Some(other) => format!("DTLS handshake {other}"),
            None => "DTLS handshake, cut short".to_owned(),
        },
        [23, ..] => "DTLS application data".to_owned(),
        [26, ..] => "DTLS 1.3 acknowledgement".to_owned(),
        [32..=63, ..] => "DTLS 1.3 record, encrypted".to_owned(),
        [other, ..] => format!("DTLS content type {other}"),
        [] => "empty".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn binding_messages_are_told_by_class() {
        let mut request = vec![0, 1, 0, 4, 0x21, 0x12, 0xa4, 0x42];
        request.resize(20, 0);
        assert_eq!(summary(&request), "STUN binding request");
        request.extend([0x00, 0x25, 0, 0]);
        assert_eq!(summary(&request), "STUN binding request, USE-CANDIDATE");
        request[..2].copy_from_slice(&[1, 1]);
        assert_eq!(summary(&request), "STUN binding success response, USE-CANDIDATE");
        request[..2].copy_from_slice(&[1, 0x11]);
        assert_eq!(summary(&request), "STUN binding error response, USE-CANDIDATE");
    }

    #[test]
    fn anything_has_a_summary() {
        for first in 0..=255_u8 {
            for length in 0..30 {
                let mut payload = vec![first; length];
                payload.truncate(length);
                assert!(!summary(&payload).is_empty());
            }
        }
    }
}
