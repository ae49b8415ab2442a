//! The messages of STUN and TURN as a server reads and writes them (RFC 8489 section 14, RFC 8656 section 18).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use stun_types::attribute::{
    AlternateServer, Attribute as _, AttributeStaticType as _, AttributeType, AttributeWrite, ErrorCode,
    MessageIntegrity, MessageIntegritySha256, Nonce, RawAttribute, Realm, UnknownAttributes, Username,
};
use stun_types::message::{
    BINDING, IntegrityAlgorithm, IntegrityKey, Message, MessageClass, MessageHeader, MessageType,
    MessageWrite as _, MessageWriteExt as _, MessageWriteVec, Method, TransactionId,
};

use super::plan::RequestKind;

pub(super) const ALLOCATE: Method = Method::new(0x003);
pub(super) const REFRESH: Method = Method::new(0x004);
pub(super) const SEND: Method = Method::new(0x006);
pub(super) const DATA_METHOD: Method = Method::new(0x007);
pub(super) const CREATE_PERMISSION: Method = Method::new(0x008);
pub(super) const CHANNEL_BIND: Method = Method::new(0x009);

pub(super) const CHANNEL_NUMBER: AttributeType = AttributeType::new(0x000c);
pub(super) const LIFETIME: AttributeType = AttributeType::new(0x000d);
pub(super) const XOR_PEER_ADDRESS: AttributeType = AttributeType::new(0x0012);
pub(super) const DATA: AttributeType = AttributeType::new(0x0013);
pub(super) const XOR_RELAYED_ADDRESS: AttributeType = AttributeType::new(0x0016);
pub(super) const REQUESTED_ADDRESS_FAMILY: AttributeType = AttributeType::new(0x0017);
pub(super) const EVEN_PORT: AttributeType = AttributeType::new(0x0018);
pub(super) const REQUESTED_TRANSPORT: AttributeType = AttributeType::new(0x0019);
pub(super) const XOR_MAPPED_ADDRESS: AttributeType = AttributeType::new(0x0020);
pub(super) const RESERVATION_TOKEN: AttributeType = AttributeType::new(0x0022);
pub(super) const ADDITIONAL_ADDRESS_FAMILY: AttributeType = AttributeType::new(0x8000);
pub(super) const ADDRESS_ERROR_CODE: AttributeType = AttributeType::new(0x8001);

/// RFC 8489 section 5.
const MAGIC_COOKIE: u32 = 0x2112_a442;

/// A family of addresses as RFC 8656 section 18.6 numbers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    V4 = 1,
    V6 = 2,
}

impl Family {
    pub(super) fn of(address: IpAddr) -> Family {
        match address {
            IpAddr::V4(_) => Family::V4,
            IpAddr::V6(_) => Family::V6,
        }
    }
}

/// A datagram, or a message of a stream, that is one STUN message and nothing else.
pub(super) fn parse(data: &[u8]) -> Option<Message<'_>> {
    let header = MessageHeader::from_bytes(data).ok()?;
    if MessageHeader::LENGTH + usize::from(header.data_length()) != data.len() {
        return None;
    }
    Message::from_bytes(data).ok()
}

/// The kind of a request, if it is one that this server knows.
pub(super) fn kind(message: &Message<'_>) -> Option<RequestKind> {
    match message.method() {
        BINDING => Some(RequestKind::Binding),
        ALLOCATE => Some(RequestKind::Allocate),
        REFRESH => Some(RequestKind::Refresh),
        CREATE_PERMISSION => Some(RequestKind::CreatePermission),
        CHANNEL_BIND => Some(RequestKind::ChannelBind),
        _ => None,
    }
}

/// The attributes that must be understood and are none of `known` nor of those of authentication.
pub(super) fn unknown_attributes(message: &Message<'_>, known: &[AttributeType]) -> Vec<AttributeType> {
    const OF_AUTHENTICATION: [AttributeType; 5] = [
        Username::TYPE,
        Realm::TYPE,
        Nonce::TYPE,
        MessageIntegrity::TYPE,
        MessageIntegritySha256::TYPE,
    ];
    message
        .iter_attributes()
        .map(|(_, attribute)| attribute.get_type())
        .filter(|kind| kind.comprehension_required())
        .filter(|kind| !known.contains(kind) && !OF_AUTHENTICATION.contains(kind))
        .collect()
}

/// The value of an attribute that has exactly `N` bytes.
pub(super) fn value<const N: usize>(message: &Message<'_>, kind: AttributeType) -> Option<[u8; N]> {
    let attribute = message.raw_attribute(kind)?;
    <[u8; N]>::try_from(&*attribute.value).ok()
}

/// The text of an attribute.
pub(super) fn text(message: &Message<'_>, kind: AttributeType) -> Option<String> {
    let attribute = message.raw_attribute(kind)?;
    std::str::from_utf8(&attribute.value).ok().map(str::to_owned)
}

/// The addresses of all attributes of a kind that holds one; none if one of them is malformed.
pub(super) fn addresses(message: &Message<'_>, kind: AttributeType) -> Option<Vec<SocketAddr>> {
    message
        .iter_attributes()
        .filter(|(_, attribute)| attribute.get_type() == kind)
        .map(|(_, attribute)| read_address(&attribute.value, message.transaction_id()))
        .collect()
}

/// RFC 8489 section 14.2.
fn read_address(value: &[u8], transaction: TransactionId) -> Option<SocketAddr> {
    let (&[_, family, high, low], address) = value.split_first_chunk::<4>()?;
    let port = u16::from_be_bytes([high, low]) ^ (MAGIC_COOKIE >> 16) as u16;
    let address = match family {
        1 => {
            let address = u32::from_be_bytes(<[u8; 4]>::try_from(address).ok()?);
            IpAddr::V4(Ipv4Addr::from_bits(address ^ MAGIC_COOKIE))
        }
        2 => {
            let address = u128::from_be_bytes(<[u8; 16]>::try_from(address).ok()?);
            IpAddr::V6(Ipv6Addr::from_bits(address ^ mask(transaction)))
        }
        _ => return None,
    };
    Some(SocketAddr::new(address, port))
}

/// An attribute that holds an address, which is hidden from those who look for addresses in packets (RFC 8489 section 14.2).
pub(super) fn address(
    kind: AttributeType,
    address: SocketAddr,
    transaction: TransactionId,
) -> RawAttribute<'static> {
    let mut value = vec![0, Family::of(address.ip()) as u8];
    value.extend((address.port() ^ (MAGIC_COOKIE >> 16) as u16).to_be_bytes());
    match address.ip() {
        IpAddr::V4(address) => value.extend((address.to_bits() ^ MAGIC_COOKIE).to_be_bytes()),
        IpAddr::V6(address) => value.extend((address.to_bits() ^ mask(transaction)).to_be_bytes()),
    }
    RawAttribute::new_owned(kind, value.into())
}

fn mask(transaction: TransactionId) -> u128 {
    u128::from(MAGIC_COOKIE) << 96 | u128::from(transaction)
}

/// An attribute that holds 32 bits.
pub(super) fn number(kind: AttributeType, number: u32) -> RawAttribute<'static> {
    RawAttribute::new_owned(kind, number.to_be_bytes().into())
}

/// RFC 8656 section 18.12.
pub(super) fn address_error(family: Family, code: u16) -> RawAttribute<'static> {
    let mut value = vec![family as u8, 0, (code / 100) as u8, (code % 100) as u8];
    value.extend(ErrorCode::default_reason_for_code(code).as_bytes());
    RawAttribute::new_owned(ADDRESS_ERROR_CODE, value.into())
}

/// Why a request gets an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    /// From 300 to 699.
    pub(super) code: u16,
    /// Realm and nonce, which 401 and 438 come with.
    pub(super) challenge: Option<(String, String)>,
    /// The attributes that 420 tells of.
    pub(super) unknown: Vec<AttributeType>,
    /// The server to ask instead.
    pub(super) alternate: Option<SocketAddr>,
}

impl Refusal {
    pub(super) fn new(code: u16) -> Refusal {
        Refusal {
            code,
            challenge: None,
            unknown: Vec::new(),
            alternate: None,
        }
    }
}

/// The success response to a request, signed where the request was.
pub(super) fn success(
    request: &Message<'_>,
    attributes: &[RawAttribute<'_>],
    key: Option<&IntegrityKey>,
) -> Vec<u8> {
    let attributes: Vec<&dyn AttributeWrite> = attributes
        .iter()
        .map(|attribute| attribute as &dyn AttributeWrite)
        .collect();
    answer(request, MessageClass::Success, &attributes, key)
}

/// The error response to a request, signed where the request was authentic.
pub(super) fn refuse(request: &Message<'_>, refusal: &Refusal, key: Option<&IntegrityKey>) -> Vec<u8> {
    // A value that no attribute can hold is left out: realm and nonce are ours, and a code out of range is refused
    // where a plan is read.
    let reason = ErrorCode::default_reason_for_code(refusal.code);
    let error = ErrorCode::new(refusal.code, reason).ok();
    let (realm, nonce) = match &refusal.challenge {
        Some((realm, nonce)) => (Realm::new(realm).ok(), Nonce::new(nonce).ok()),
        None => (None, None),
    };
    let unknown = (!refusal.unknown.is_empty()).then(|| UnknownAttributes::new(&refusal.unknown));
    let alternate = refusal.alternate.map(AlternateServer::new);
    let mut attributes: Vec<&dyn AttributeWrite> = Vec::new();
    attributes.extend(error.as_ref().map(|it| it as &dyn AttributeWrite));
    attributes.extend(realm.as_ref().map(|it| it as &dyn AttributeWrite));
    attributes.extend(nonce.as_ref().map(|it| it as &dyn AttributeWrite));
    attributes.extend(unknown.as_ref().map(|it| it as &dyn AttributeWrite));
    attributes.extend(alternate.as_ref().map(|it| it as &dyn AttributeWrite));
    answer(request, MessageClass::Error, &attributes, key)
}

fn answer(
    request: &Message<'_>,
    class: MessageClass,
    attributes: &[&dyn AttributeWrite],
    key: Option<&IntegrityKey>,
) -> Vec<u8> {
    let kind = MessageType::from_class_method(class, request.method());
    let mut message = Message::builder(
        kind,
        request.transaction_id(),
        MessageWriteVec::with_capacity(USUAL_LENGTH),
    );
    for attribute in attributes {
        message.push_attribute_unchecked(*attribute);
    }
    if let Some(key) = key {
        message
            .add_message_integrity_with_key(key, IntegrityAlgorithm::Sha1)
            .expect("neither integrity nor fingerprint was added before");
    }
    message
        .add_fingerprint()
        .expect("no fingerprint was added before");
    message.finish()
}

/// Room for the most common answers.
const USUAL_LENGTH: usize = 160;

/// A Data indication (RFC 8656 section 11.3).
pub(super) fn data_indication(transaction: TransactionId, peer: SocketAddr, data: &[u8]) -> Vec<u8> {
    let kind = MessageType::from_class_method(MessageClass::Indication, DATA_METHOD);
    let room = MessageWriteVec::with_capacity(MessageHeader::LENGTH + 32 + data.len());
    let mut message = Message::builder(kind, transaction, room);
    message.push_attribute_unchecked(&address(XOR_PEER_ADDRESS, peer, transaction));
    message.push_attribute_unchecked(&RawAttribute::new(DATA, data));
    message.finish()
}
