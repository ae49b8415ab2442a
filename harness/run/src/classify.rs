//! Says in words what a datagram carries, by its first bytes (RFC 7983).

/// What a UDP payload carries, for people.
pub(crate) fn summary(payload: &[u8]) -> String {
    match payload.first() {
        None => "empty".to_owned(),
        Some(0..=3) => stun(payload),
        Some(20..=63) => dtls(payload),
        Some(128..=191) => "RTP or RTCP".to_owned(),
        Some(byte) => format!("unknown, first byte {byte}"),
    }
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
        method => format!("STUN method {method} {class}"),
    };
    if has_attribute(payload, 0x0025) {
        text.push_str(", USE-CANDIDATE");
    }
    text
}

fn has_attribute(payload: &[u8], wanted: u16) -> bool {
    let mut rest = payload.get(20..).unwrap_or_default();
    while let [t0, t1, l0, l1, body @ ..] = rest {
        if u16::from_be_bytes([*t0, *t1]) == wanted {
            return true;
        }
        let length = usize::from(u16::from_be_bytes([*l0, *l1])).next_multiple_of(4);
        rest = body.get(length..).unwrap_or_default();
    }
    false
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
