//! The grammar of `a=` lines.
//!
//! webrtc-sdp knows most attributes, but refuses some legal values and takes some illegal ones; those attributes are
//! checked here, each with the reason.

use webrtc_sdp::SdpType;
use webrtc_sdp::attribute_type::SdpAttribute;

use super::description::{Attribute, SdpFingerprint};
use super::error::SdpError;
use super::line::{Line, ask_grammar, is_digits, is_token};

/// Where an attribute stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Level {
    /// Before the first `m=` line.
    Session,
    /// In a media section.
    Media,
}

/// Checks an `a=` line against the grammar of its attribute, and that the attribute may stand at this level. An
/// attribute that is not known is only cut into name and value (RFC 4566 section 5.13).
///
/// # Errors
///
/// The line is not well formed, or the attribute does not belong here.
pub(super) fn attribute(line: &Line<'_>, level: Level) -> Result<Attribute, SdpError> {
    let (name, value) = match line.value.split_once(':') {
        Some((name, value)) => (name, Some(value)),
        None => (line.value, None),
    };
    let fail = |message: String| Err(SdpError::new(line.number, message));
    if !is_token(name) {
        return fail(format!("{name:?} is not the name of an attribute"));
    }
    let required = value.unwrap_or_default();
    let expected = match name {
        // webrtc-sdp takes any text as these.
        "mid" => (!is_token(required)).then_some("a token"),
        "ice-ufrag" => (!is_ice_string(required, 4)).then_some("4 to 256 ice-chars (RFC 8839 section 5.4)"),
        "ice-pwd" => (!is_ice_string(required, 22)).then_some("22 to 256 ice-chars (RFC 8839 section 5.4)"),
        "ice-options" => (!is_list(required, is_ice_text)).then_some("ice-option tags"),
        "sctp-port" => (!is_digits(required) || required.parse::<u16>().is_err())
            .then_some("a port number (RFC 8841 section 5.1)"),
        "max-message-size" => (!is_digits(required) || required.parse::<u64>().is_err())
            .then_some("a number of bytes (RFC 8841 section 6.1)"),
        // webrtc-sdp does not know this.
        "tls-id" => (!is_tls_id(required)).then_some("20 to 255 tls-id characters (RFC 8842 section 4)"),
        // webrtc-sdp knows few semantics; any token is one (RFC 5888 section 5).
        "group" => (!is_list(required, is_token)).then_some("semantics and identification tags"),
        // webrtc-sdp ignores the attribute if the hash function is in upper case, or one it does not know.
        "fingerprint" => fingerprint(required)
            .is_none()
            .then_some("a hash function and a digest of its length (RFC 8122 section 5)"),
        // webrtc-sdp refuses transports and types it does not know; to RFC 8839 section 5.1 they are tokens.
        "candidate" => (!is_candidate(required)).then_some("a candidate (RFC 8839 section 5.1)"),
        // To webrtc-sdp the parameters of a format have a syntax; to RFC 4566 section 6 they are any text.
        "fmtp" => required
            .split_once(' ')
            .is_none_or(|(format, parameters)| !is_token(format) || parameters.is_empty())
            .then_some("a format and its parameters"),
        // webrtc-sdp does not know the direction "inactive" (RFC 8285 section 5).
        "extmap" => (!is_extmap(required)).then_some("an identifier and a URI (RFC 8285 section 5)"),
        // webrtc-sdp refuses parameters without a value (RFC 8851 section 10).
        "rid" => (!is_rid(required)).then_some("a rid-id and \"send\" or \"recv\" (RFC 8851 section 10)"),
        // webrtc-sdp takes whole milliseconds only; RFC 8866 section 6.4 allows a fraction.
        "ptime" | "maxptime" => (!is_positive(required)).then_some("a number of milliseconds"),
        _ => {
            check_with_webrtc_sdp(line, name, level)?;
            None
        }
    };
    if let Some(expected) = expected {
        return fail(format!("a={name}: expected {expected}, found {required:?}"));
    }
    let wrong_level = match name {
        "mid" | "sctp-port" | "max-message-size" | "candidate" | "fmtp" | "rid" | "ptime" | "maxptime" => {
            level == Level::Session
        }
        "group" => level == Level::Media,
        _ => false,
    };
    if wrong_level {
        return fail(misplaced(name, level));
    }
    Ok(Attribute {
        line: line.number,
        name: name.to_owned(),
        value: value.map(str::to_owned),
    })
}

/// Reads the value of `a=fingerprint`; hash functions are case-insensitive, and hexadecimal digits in lower case are
/// taken too, as browsers do. None if it is not well formed.
pub(super) fn fingerprint(value: &str) -> Option<SdpFingerprint> {
    let (algorithm, digest) = value.split_once(' ')?;
    let algorithm = algorithm.to_ascii_lowercase();
    let pairs: Vec<&str> = digest.split(':').collect();
    let well_formed = is_token(&algorithm)
        && pairs
            .iter()
            .all(|pair| pair.len() == 2 && pair.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let length = match algorithm.as_str() {
        "md2" | "md5" => 16,
        "sha-1" => 20,
        "sha-224" => 28,
        "sha-256" => 32,
        "sha-384" => 48,
        "sha-512" => 64,
        _ => pairs.len(),
    };
    (well_formed && pairs.len() == length).then(|| SdpFingerprint {
        algorithm,
        value: digest.to_ascii_uppercase(),
    })
}

fn check_with_webrtc_sdp(line: &Line<'_>, name: &str, level: Level) -> Result<(), SdpError> {
    // webrtc-sdp also knows the names in capitals, but attribute names are case-sensitive (RFC 4566 section 5.13):
    // such a line is an attribute nobody knows.
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Ok(());
    }
    let Some(SdpType::Attribute(attribute)) = ask_grammar(line)? else {
        return Ok(());
    };
    // Experimental or obsolete: no reason to refuse them anywhere.
    if matches!(
        attribute,
        SdpAttribute::DtlsMessage(_) | SdpAttribute::MsidSemantic(_)
    ) {
        return Ok(());
    }
    let allowed = match level {
        Level::Session => attribute.allowed_at_session_level(),
        Level::Media => attribute.allowed_at_media_level(),
    };
    if allowed {
        Ok(())
    } else {
        Err(SdpError::new(line.number, misplaced(name, level)))
    }
}

fn misplaced(name: &str, level: Level) -> String {
    match level {
        Level::Session => format!("a={name} belongs in a media section"),
        Level::Media => format!("a={name} belongs before the first media section"),
    }
}

/// `ice-char` of RFC 8839 section 5.1.
fn is_ice_text(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'+' || byte == b'/')
}

fn is_ice_string(text: &str, shortest: usize) -> bool {
    is_ice_text(text) && (shortest..=256).contains(&text.len())
}

fn is_tls_id(text: &str) -> bool {
    (20..=255).contains(&text.len())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte))
}

/// Values with single spaces between, at least one. White space at the end is taken, as webrtc-sdp does.
fn is_list(text: &str, is_value: fn(&str) -> bool) -> bool {
    text.trim_end().split(' ').all(is_value)
}

fn is_candidate(text: &str) -> bool {
    let fields: Vec<&str> = text.trim_end().split(' ').collect();
    let [
        foundation,
        component,
        transport,
        priority,
        address,
        port,
        typ,
        kind,
        extensions @ ..,
    ] = fields.as_slice()
    else {
        return false;
    };
    is_ice_text(foundation)
        && foundation.len() <= 32
        && is_digits(component)
        && component
            .parse::<u16>()
            .is_ok_and(|component| (1..=256).contains(&component))
        && is_token(transport)
        && is_digits(priority)
        && priority.parse::<u32>().is_ok()
        && !address.is_empty()
        && is_digits(port)
        && port.parse::<u16>().is_ok()
        && typ.eq_ignore_ascii_case("typ")
        && is_token(kind)
        && extensions.len().is_multiple_of(2)
        && extensions.iter().all(|field| !field.is_empty())
        && extensions.chunks_exact(2).all(|pair| {
            !pair[0].eq_ignore_ascii_case("rport") || (is_digits(pair[1]) && pair[1].parse::<u16>().is_ok())
        })
}

fn is_extmap(text: &str) -> bool {
    let mut fields = text.split(' ');
    let (Some(entry), Some(uri)) = (fields.next(), fields.next()) else {
        return false;
    };
    let (identifier, direction) = match entry.split_once('/') {
        Some((identifier, direction)) => (identifier, Some(direction)),
        None => (entry, None),
    };
    is_digits(identifier)
        && identifier.parse::<u16>().is_ok()
        && direction
            .is_none_or(|direction| matches!(direction, "sendrecv" | "sendonly" | "recvonly" | "inactive"))
        && !uri.is_empty()
}

fn is_rid(text: &str) -> bool {
    let mut fields = text.splitn(3, ' ');
    let (Some(identifier), Some(direction)) = (fields.next(), fields.next()) else {
        return false;
    };
    !identifier.is_empty()
        && identifier
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
        && matches!(direction, "send" | "recv")
        && fields
            .next()
            .is_none_or(|parameters| parameters.split(';').all(|parameter| !parameter.is_empty()))
}

fn is_positive(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    is_digits(whole) && is_digits(fraction) && text.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, level: Level) -> Result<Attribute, SdpError> {
        attribute(
            &Line {
                number: 7,
                letter: 'a',
                value: text.strip_prefix("a=").unwrap(),
                text,
            },
            level,
        )
    }

    #[test]
    fn legal_values_that_webrtc_sdp_refuses_are_taken() {
        for good in [
            "a=candidate:1 1 sctp 1 192.0.2.1 9 typ host",
            "a=candidate:1 1 udp 1 192.0.2.1 9 typ quantum generation 0",
            "a=fmtp:96 anything goes",
            "a=extmap:2/inactive urn:example:extension",
            "a=rid:1 send max-width;pt=96",
            "a=ptime:2.5",
            "a=fingerprint:SHA-1 00:01:02:03:04:05:06:07:08:09:0a:0B:0C:0D:0E:0F:10:11:12:13",
            "a=nobody-knows:this",
            "a=MID:not a token",
        ] {
            assert!(check(good, Level::Media).is_ok(), "{good}");
        }
        assert!(check("a=group:NEW one two", Level::Session).is_ok());
    }

    #[test]
    fn values_that_are_not_well_formed_are_refused_with_their_line() {
        for bad in [
            "a=:x",
            "a=mid:",
            "a=mid",
            "a=mid:a b",
            "a=ice-ufrag:abc",
            "a=ice-ufrag:ab=d",
            "a=ice-pwd:012345678901234567890",
            "a=ice-options:",
            "a=ice-options:trickle  ice2",
            "a=sctp-port:65536",
            "a=sctp-port:+1",
            "a=max-message-size:-1",
            "a=tls-id:short",
            "a=setup:maybe",
            "a=fingerprint:sha-256 00:01",
            "a=fingerprint:new 0:1",
            "a=candidate:1 1 udp 1 192.0.2.1 9 typ",
            "a=candidate:1 0 udp 1 192.0.2.1 9 typ host",
            "a=candidate:1 1 udp 4294967296 192.0.2.1 9 typ host",
            "a=candidate:1 1 udp 1 192.0.2.1 65536 typ host",
            "a=candidate:1 1 udp 1 192.0.2.1 9 typ host generation",
            "a=candidate:1 1 udp 1 192.0.2.1 9 typ srflx raddr 10.0.0.1 rport x",
            "a=rtcp-mux:yes",
            "a=rtpmap:200 x/1",
            "a=group:BUNDLE 0",
            "a=ice-lite",
        ] {
            assert_eq!(check(bad, Level::Media).unwrap_err().line, 7, "{bad}");
        }
        for misplaced in [
            "a=mid:0",
            "a=candidate:1 1 udp 1 192.0.2.1 9 typ host",
            "a=rtcp-mux",
        ] {
            assert!(check(misplaced, Level::Session).is_err(), "{misplaced}");
        }
    }
}
