//! The STUN messages of ICE: connectivity checks and their answers (RFC 8489, RFC 8445 section 7).

use std::net::SocketAddr;

use stun_types::attribute::{
    Attribute as _, AttributeStaticType as _, AttributeType, AttributeWrite, ErrorCode, Fingerprint,
    MessageIntegrity, MessageIntegritySha256, RawAttribute, UnknownAttributes, Username, XorMappedAddress,
};
use stun_types::message::{
    BINDING, IntegrityAlgorithm, IntegrityKey, Message, MessageClass, MessageHeader, MessageType,
    MessageWrite as _, MessageWriteExt as _, MessageWriteVec, StunWriteError, TransactionId,
};

use super::Role;

const PRIORITY: AttributeType = AttributeType::new(0x0024);
const USE_CANDIDATE: AttributeType = AttributeType::new(0x0025);
const ICE_CONTROLLED: AttributeType = AttributeType::new(0x8029);
const ICE_CONTROLLING: AttributeType = AttributeType::new(0x802A);

/// Room for a check with the longest credentials that are common, so that a packet is one allocation.
const USUAL_CHECK_LENGTH: usize = 160;
/// Room for an answer.
const USUAL_ANSWER_LENGTH: usize = 96;

/// What a check says (RFC 8445 section 7.2.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Check<'a> {
    /// `USERNAME`: the username fragment of the side that is checked, a colon, and that of the side that checks.
    pub(super) username: &'a str,
    /// `PRIORITY`: what a peer-reflexive candidate found by this check will have.
    pub(super) priority: u32,
    /// `ICE-CONTROLLING` or `ICE-CONTROLLED`.
    pub(super) role: Role,
    /// The value of either.
    pub(super) tie_breaker: u64,
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
pub(super) fn username(message: &Message<'_>) -> Result<String, Refusal> {
    let has_integrity =
        message.has_attribute(MessageIntegrity::TYPE) || message.has_attribute(MessageIntegritySha256::TYPE);
    let username = message.attribute::<Username>().map_err(|_| Refusal::BadRequest)?;
    if has_integrity {
        Ok(username.username().to_owned())
    } else {
        Err(Refusal::BadRequest)
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
    let (role, tie_breaker) = match (value(message, ICE_CONTROLLING), value(message, ICE_CONTROLLED)) {
        (Some(tie_breaker), None) => (Role::Controlling, tie_breaker),
        (None, Some(tie_breaker)) => (Role::Controlled, tie_breaker),
        _ => return Err(Refusal::BadRequest),
    };
    Ok(Check {
        username,
        priority,
        role,
        tie_breaker: u64::from_be_bytes(tie_breaker),
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
    let message_type = MessageType::from_class_method(MessageClass::Request, BINDING);
    let buffer = MessageWriteVec::with_capacity(USUAL_CHECK_LENGTH);
    let mut message = Message::builder(message_type, transaction, buffer);
    message.add_attribute(&Username::new(check.username)?)?;
    message.add_attribute(&RawAttribute::new(PRIORITY, &check.priority.to_be_bytes()))?;
    let role = match check.role {
        Role::Controlling => ICE_CONTROLLING,
        Role::Controlled => ICE_CONTROLLED,
    };
    message.add_attribute(&RawAttribute::new(role, &check.tie_breaker.to_be_bytes()))?;
    if check.use_candidate {
        message.add_attribute(&RawAttribute::new(USE_CANDIDATE, &[]))?;
    }
    message.add_message_integrity_with_key(key, IntegrityAlgorithm::Sha1)?;
    message.add_fingerprint()?;
    Ok(message.finish())
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
