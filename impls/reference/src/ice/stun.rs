//! The STUN messages of ICE: connectivity checks and their answers (RFC 8489, RFC 8445 section 7).

use std::net::SocketAddr;

use stun_types::attribute::{
    Attribute as _, AttributeStaticType as _, AttributeType, AttributeWrite, ErrorCode, Fingerprint,
    MessageIntegrity, MessageIntegritySha256, RawAttribute, UnknownAttributes, Username, XorMappedAddress,
};
use stun_types::data::Data;
use stun_types::message::{
    BINDING, IntegrityAlgorithm, IntegrityKey, Message, MessageClass, MessageHeader, MessageType,
    MessageWrite as _, MessageWriteExt as _, MessageWriteVec, StunWriteError, TransactionId,
};

use super::Role;

const PRIORITY: AttributeType = AttributeType::new(0x0024);
const USE_CANDIDATE: AttributeType = AttributeType::new(0x0025);
const ICE_CONTROLLED: AttributeType = AttributeType::new(0x8029);
const ICE_CONTROLLING: AttributeType = AttributeType::new(0x802A);

/// The greatest length of a `USERNAME` in bytes (RFC 8489 section 14.3).
const MAXIMUM_USERNAME_LENGTH: usize = 513;

/// Room for a check with the longest credentials that are common, so that a packet is one allocation.
const USUAL_CHECK_LENGTH: usize = 160;
/// Room for a message with a fingerprint only.
const USUAL_BARE_LENGTH: usize = 28;
/// Room for an answer.
const USUAL_ANSWER_LENGTH: usize = 96;

/// What a check says (RFC 8445 sections 7.1 and 7.2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check<'a> {
    /// `USERNAME`: the username fragment of the side that is checked, a colon, and that of the side that checks.
    pub(super) username: &'a str,
    /// `PRIORITY`: what a peer-reflexive candidate found by this check will have.
    pub(super) priority: u32,
    /// `ICE-CONTROLLING` or `ICE-CONTROLLED` and its tie-breaker; old agents send neither.
    pub(super) claim: Option<(Role, u64)>,
    /// `USE-CANDIDATE`.
    pub(super) use_candidate: bool,
}

/// A message that came in and is no check.
#[derive(Debug)]
pub(super) enum Answer {
    /// The check arrived; this is where it came from as the peer sees it.
    Success {
        /// `XOR-MAPPED-ADDRESS`; missing when the peer left it out or wrote nonsense.
        mapped: Option<SocketAddr>,
    },
    /// `ERROR-CODE`; 0 when the peer left it out or wrote nonsense.
    Error {
        /// From 300 to 699.
        code: u16,
    },
}

/// A packet that is a well-formed Binding message with the right `FINGERPRINT` and nothing behind it.
pub(super) fn parse(packet: &[u8]) -> Option<Message<'_>> {
    let header = MessageHeader::from_bytes(packet).ok()?;
    if MessageHeader::LENGTH + usize::from(header.data_length()) != packet.len() {
        return None;
    }
    // Reading the message also compares the fingerprint, but only when there is one.
    let message = Message::from_bytes(packet).ok()?;
    (message.has_method(BINDING) && message.has_attribute(Fingerprint::TYPE)).then_some(message)
}

/// Why a request gets an error (RFC 8489 sections 9.1.3 and 6.3.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    /// 400: an attribute that every check has is missing or malformed.
    BadRequest,
    /// 401: the username or the integrity is wrong.
    Unauthenticated,
    /// 420: attributes that must be understood and are not.
    UnknownAttributes(Vec<AttributeType>),
    /// 487: both sides claim the same role (RFC 8445 section 7.3.1.1).
    RoleConflict,
}

/// The `USERNAME` of a request that carries what RFC 8489 section 9.1.3 demands before anything is verified.
pub(super) fn username<'a>(message: &'a Message<'_>) -> Result<&'a str, Refusal> {
    let has_integrity =
        message.has_attribute(MessageIntegrity::TYPE) || message.has_attribute(MessageIntegritySha256::TYPE);
    let attribute = message.raw_attribute(Username::TYPE).ok_or(Refusal::BadRequest)?;
    match attribute.value {
        Data::Borrowed(value) if has_integrity => {
            std::str::from_utf8(value.take()).map_err(|_| Refusal::BadRequest)
        }
        _ => Err(Refusal::BadRequest),
    }
}

/// Whether the message was made by someone who knows the password behind `key`.
pub(super) fn is_authentic(message: &Message<'_>, key: &IntegrityKey) -> bool {
    message.validate_integrity_with_key(key).is_ok()
}

/// Reads an authenticated check whose `USERNAME` is known already.
pub(super) fn read_check<'a>(message: &Message<'_>, username: &'a str) -> Result<Check<'a>, Refusal> {
    let known = [
        Username::TYPE,
        MessageIntegrity::TYPE,
        MessageIntegritySha256::TYPE,
        PRIORITY,
        USE_CANDIDATE,
    ];
    let unknown: Vec<AttributeType> = message
        .iter_attributes()
        .map(|(_, attribute)| attribute.get_type())
        .filter(|attribute_type| attribute_type.comprehension_required() && !known.contains(attribute_type))
        .collect();
    if !unknown.is_empty() {
        return Err(Refusal::UnknownAttributes(unknown));
    }
    let priority = value(message, PRIORITY)
        .map(u32::from_be_bytes)
        .ok_or(Refusal::BadRequest)?;
    let controlling = value(message, ICE_CONTROLLING).map(u64::from_be_bytes);
    let controlled = value(message, ICE_CONTROLLED).map(u64::from_be_bytes);
    let claim = match (controlling, controlled) {
        (Some(tie_breaker), None) => Some((Role::Controlling, tie_breaker)),
        (None, Some(tie_breaker)) => Some((Role::Controlled, tie_breaker)),
        (None, None) => None,
        (Some(_), Some(_)) => return Err(Refusal::BadRequest),
    };
    Ok(Check {
        username,
        priority,
        claim,
        use_candidate: message.has_attribute(USE_CANDIDATE),
    })
}

/// Reads an authenticated response.
pub(super) fn read_answer(message: &Message<'_>) -> Answer {
    if message.has_class(MessageClass::Success) {
        let mapped = message
            .attribute::<XorMappedAddress>()
            .map(|attribute| attribute.addr(message.transaction_id()));
        Answer::Success { mapped: mapped.ok() }
    } else {
        Answer::Error {
            code: message.attribute::<ErrorCode>().map_or(0, |error| error.code()),
        }
    }
}

/// A check, ready to be sent.
///
/// # Errors
///
/// The username is longer than the 513 bytes of RFC 8489 section 14.3.
pub(super) fn write_check(
    transaction: TransactionId,
    check: &Check<'_>,
    key: &IntegrityKey,
) -> Result<Vec<u8>, StunWriteError> {
    if check.username.len() > MAXIMUM_USERNAME_LENGTH {
        return Err(StunWriteError::TooLarge {
            expected: MAXIMUM_USERNAME_LENGTH,
            actual: check.username.len(),
        });
    }
    let message_type = MessageType::from_class_method(MessageClass::Request, BINDING);
    let buffer = MessageWriteVec::with_capacity(USUAL_CHECK_LENGTH);
    let mut message = Message::builder(message_type, transaction, buffer);
    message.add_attribute(&RawAttribute::new(Username::TYPE, check.username.as_bytes()))?;
    message.add_attribute(&RawAttribute::new(PRIORITY, &check.priority.to_be_bytes()))?;
    if let Some((role, tie_breaker)) = check.claim {
        let role = match role {
            Role::Controlling => ICE_CONTROLLING,
            Role::Controlled => ICE_CONTROLLED,
        };
        message.add_attribute(&RawAttribute::new(role, &tie_breaker.to_be_bytes()))?;
    }
    if check.use_candidate {
        message.add_attribute(&RawAttribute::new(USE_CANDIDATE, &[]))?;
    }
    message.add_message_integrity_with_key(key, IntegrityAlgorithm::Sha1)?;
    message.add_fingerprint()?;
    Ok(message.finish())
}

/// A keepalive, which asks for nothing (RFC 8445 section 11).
pub(super) fn write_keepalive(transaction: TransactionId) -> Vec<u8> {
    let message_type = MessageType::from_class_method(MessageClass::Indication, BINDING);
    write_bare(message_type, transaction)
}

/// The question for the address that a server sees (RFC 8445 section 5.1.1.2).
pub(super) fn write_probe(transaction: TransactionId) -> Vec<u8> {
    let message_type = MessageType::from_class_method(MessageClass::Request, BINDING);
    write_bare(message_type, transaction)
}

fn write_bare(message_type: MessageType, transaction: TransactionId) -> Vec<u8> {
    let buffer = MessageWriteVec::with_capacity(USUAL_BARE_LENGTH);
    let mut message = Message::builder(message_type, transaction, buffer);
    message
        .add_fingerprint()
        .expect("no fingerprint was added before");
    message.finish()
}

/// The success response to a check that came from `source` (RFC 8445 section 7.3.1.2).
pub(super) fn write_success(request: &Message<'_>, source: SocketAddr, key: &IntegrityKey) -> Vec<u8> {
    let mapped = XorMappedAddress::new(source, request.transaction_id());
    write_answer(request, MessageClass::Success, &[&mapped], Some(key))
}

/// The error response to a request; `key` is missing where the sender was not authenticated.
pub(super) fn write_refusal(request: &Message<'_>, refusal: &Refusal, key: Option<&IntegrityKey>) -> Vec<u8> {
    let (code, reason) = match refusal {
        Refusal::BadRequest => (ErrorCode::BAD_REQUEST, "Bad Request"),
        Refusal::Unauthenticated => (ErrorCode::UNAUTHORIZED, "Unauthenticated"),
        Refusal::UnknownAttributes(_) => (ErrorCode::UNKNOWN_ATTRIBUTE, "Unknown Attribute"),
        Refusal::RoleConflict => (ErrorCode::ROLE_CONFLICT, "Role Conflict"),
    };
    let error = ErrorCode::new(code, reason).expect("300 to 699 and a short reason, as above");
    match refusal {
        Refusal::UnknownAttributes(types) => {
            let unknown = UnknownAttributes::new(types);
            write_answer(request, MessageClass::Error, &[&error, &unknown], key)
        }
        _ => write_answer(request, MessageClass::Error, &[&error], key),
    }
}

fn write_answer(
    request: &Message<'_>,
    class: MessageClass,
    attributes: &[&dyn AttributeWrite],
    key: Option<&IntegrityKey>,
) -> Vec<u8> {
    let message_type = MessageType::from_class_method(class, BINDING);
    let buffer = MessageWriteVec::with_capacity(USUAL_ANSWER_LENGTH);
    let mut message = Message::builder(message_type, request.transaction_id(), buffer);
    for attribute in attributes {
        message.push_attribute_unchecked(*attribute);
    }
    if let Some(key) = key {
        message
            .add_message_integrity_with_key(key, IntegrityAlgorithm::Sha1)
            .expect("no integrity and no fingerprint was added before");
    }
    message
        .add_fingerprint()
        .expect("no fingerprint was added before");
    message.finish()
}

/// The value of an attribute that has exactly `N` bytes.
fn value<const N: usize>(message: &Message<'_>, attribute_type: AttributeType) -> Option<[u8; N]> {
    let attribute = message.raw_attribute(attribute_type)?;
    <[u8; N]>::try_from(&*attribute.value).ok()
}

#[cfg(test)]
mod tests {
    use stun_types::message::ShortTermCredentials;

    use super::*;

    fn bytes(hexadecimal: &str) -> Vec<u8> {
        hexadecimal
            .split_whitespace()
            .map(|byte| u8::from_str_radix(byte, 16).unwrap())
            .collect()
    }

    fn key(password: &str) -> IntegrityKey {
        ShortTermCredentials::new(password.to_owned()).make_key()
    }

    /// The password of RFC 5769 sections 2.1 to 2.3.
    const PASSWORD: &str = "VOkJxbRl1RmTxUk/WvJxBt";

    /// RFC 5769 section 2.1.
    const SAMPLE_REQUEST: &str = "00 01 00 58 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae \
        80 22 00 10 53 54 55 4e 20 74 65 73 74 20 63 6c 69 65 6e 74 \
        00 24 00 04 6e 00 01 ff 80 29 00 08 93 2f f9 b1 51 26 3b 36 \
        00 06 00 09 65 76 74 6a 3a 68 36 76 59 20 20 20 \
        00 08 00 14 9a ea a7 0c bf d8 cb 56 78 1e f2 b5 b2 d3 f2 49 c1 b5 71 a2 \
        80 28 00 04 e5 7a 3b cf";

    /// RFC 5769 section 2.2.
    const SAMPLE_IPV4_RESPONSE: &str = "01 01 00 3c 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae \
        80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20 \
        00 20 00 08 00 01 a1 47 e1 12 a6 43 \
        00 08 00 14 2b 91 f5 99 fd 9e 90 c3 8c 74 89 f9 2a f9 ba 53 f0 6b e7 d7 \
        80 28 00 04 c0 7d 4c 96";

    /// RFC 5769 section 2.3.
    const SAMPLE_IPV6_RESPONSE: &str = "01 01 00 48 21 12 a4 42 b7 e7 a7 01 bc 34 d6 86 fa 87 df ae \
        80 22 00 0b 74 65 73 74 20 76 65 63 74 6f 72 20 \
        00 20 00 14 00 02 a1 47 01 13 a9 fa a5 d3 f1 79 bc 25 f4 b5 be d2 b9 d9 \
        00 08 00 14 a3 82 95 4e 4b e6 7b f1 17 84 c9 7c 82 92 c2 75 bf e3 ed 41 \
        80 28 00 04 c8 fb 0b 4c";

    #[test]
    fn the_sample_request_of_rfc_5769_is_read() {
        let packet = bytes(SAMPLE_REQUEST);
        let message = parse(&packet).unwrap();
        assert!(is_authentic(&message, &key(PASSWORD)));
        assert!(!is_authentic(&message, &key("VOkJxbRl1RmTxUk/WvJxBT")));
        let username = username(&message).unwrap();
        assert_eq!(
            read_check(&message, username),
            Ok(Check {
                username: "evtj:h6vY",
                priority: 0x6e00_01ff,
                claim: Some((Role::Controlled, 0x932f_f9b1_5126_3b36)),
                use_candidate: false,
            })
        );
    }

    #[test]
    fn the_sample_responses_of_rfc_5769_are_read() {
        for (sample, address) in [
            (SAMPLE_IPV4_RESPONSE, "192.0.2.1:32853"),
            (
                SAMPLE_IPV6_RESPONSE,
                "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
            ),
        ] {
            let packet = bytes(sample);
            let message = parse(&packet).unwrap();
            assert!(is_authentic(&message, &key(PASSWORD)));
            let Answer::Success { mapped } = read_answer(&message) else {
                panic!("{message:?}");
            };
            assert_eq!(mapped, Some(address.parse().unwrap()));
        }
    }

    #[test]
    fn a_flipped_bit_anywhere_spoils_the_sample_request() {
        let packet = bytes(SAMPLE_REQUEST);
        for bit in 0..packet.len() * 8 {
            let mut spoilt = packet.clone();
            spoilt[bit / 8] ^= 1 << (bit % 8);
            let accepted = parse(&spoilt).is_some_and(|message| is_authentic(&message, &key(PASSWORD)));
            assert!(!accepted, "bit {bit}");
        }
    }

    #[test]
    fn a_check_is_read_as_it_was_written() {
        let check = Check {
            username: "remote:local",
            priority: 1_862_270_975,
            claim: Some((Role::Controlling, 42)),
            use_candidate: true,
        };
        let packet = write_check(7.into(), &check, &key("secret")).unwrap();
        let message = parse(&packet).unwrap();
        assert!(is_authentic(&message, &key("secret")));
        assert_eq!(read_check(&message, username(&message).unwrap()), Ok(check));
        assert!(
            packet.capacity() <= USUAL_CHECK_LENGTH,
            "one allocation is enough"
        );
    }

    #[test]
    fn a_packet_without_fingerprint_or_with_something_behind_it_is_not_stun() {
        let packet = bytes(SAMPLE_REQUEST);
        let mut longer = packet.clone();
        longer.extend([0; 4]);
        assert!(parse(&longer).is_none());
        let mut without = packet[..packet.len() - 8].to_vec();
        without[3] -= 8;
        assert!(parse(&without).is_none());
    }
}
