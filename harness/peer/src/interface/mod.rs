//! The interfaces of the specification as a table: every member with its types and the clause that defines it.
//!
//! Whoever reads scripts, writes schemas or counts coverage asks here what there is. [`Interface::table`] gives the members
//! of an interface; the files beside this one hold them: [`connection`] the connection, [`values`] descriptions,
//! candidates, certificates and errors, [`media`] senders to tracks, [`transports`] what carries them and the data
//! channels, [`dictionaries`] the dictionaries, [`statistics`] those of webrtc-stats.
//!
//! Event handler attributes (`onopen`) are not listed: the event is.

pub mod connection;
pub mod dictionaries;
pub mod media;
pub mod statistics;
pub mod transports;
pub mod values;

use serde::{Deserialize, Serialize};

use crate::Attribute;

macro_rules! interfaces {
    ($($(#[$doc:meta])* $variant:ident = $text:literal, $table:path),+ $(,)?) => {
        /// An interface of the specification.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Interface { $($(#[$doc])* $variant),+ }

        impl Interface {
            /// All interfaces.
            pub const ALL: &'static [Interface] = &[$(Interface::$variant),+];

            /// The name in the specification.
            pub const fn name(self) -> &'static str {
                match self { $(Interface::$variant => $text),+ }
            }

            /// Its members.
            pub fn table(self) -> &'static Table {
                match self { $(Interface::$variant => &$table),+ }
            }
        }
    };
}

interfaces! {
    /// `RTCPeerConnection`.
    PeerConnection = "RTCPeerConnection", connection::PEER_CONNECTION,
    /// `RTCDataChannel`.
    DataChannel = "RTCDataChannel", transports::DATA_CHANNEL,
    /// `RTCIceTransport`.
    IceTransport = "RTCIceTransport", transports::ICE_TRANSPORT,
    /// `RTCDtlsTransport`.
    DtlsTransport = "RTCDtlsTransport", transports::DTLS_TRANSPORT,
    /// `RTCSctpTransport`.
    SctpTransport = "RTCSctpTransport", transports::SCTP_TRANSPORT,
    /// `RTCRtpSender`.
    RtpSender = "RTCRtpSender", media::RTP_SENDER,
    /// `RTCRtpReceiver`.
    RtpReceiver = "RTCRtpReceiver", media::RTP_RECEIVER,
    /// `RTCRtpTransceiver`.
    RtpTransceiver = "RTCRtpTransceiver", media::RTP_TRANSCEIVER,
    /// `RTCDTMFSender`.
    DtmfSender = "RTCDTMFSender", media::DTMF_SENDER,
    /// `MediaStream`.
    MediaStream = "MediaStream", media::MEDIA_STREAM,
    /// `MediaStreamTrack`.
    MediaStreamTrack = "MediaStreamTrack", media::MEDIA_STREAM_TRACK,
    /// `MediaDevices`: `navigator.mediaDevices` of the page that a connection belongs to.
    MediaDevices = "MediaDevices", media::MEDIA_DEVICES,
    /// `RTCCertificate`.
    Certificate = "RTCCertificate", values::CERTIFICATE,
    /// `RTCSessionDescription`.
    SessionDescription = "RTCSessionDescription", values::SESSION_DESCRIPTION,
    /// `RTCIceCandidate`.
    IceCandidate = "RTCIceCandidate", values::ICE_CANDIDATE,
    /// `RTCError`, and with a name alone any `DOMException`.
    Error = "RTCError", values::ERROR,
}

impl Interface {
    /// The interface of this name.
    pub fn named(name: &str) -> Option<Interface> {
        Interface::ALL
            .iter()
            .copied()
            .find(|interface| interface.name() == name)
    }

    /// Whether its objects cross the contract as values of their own, and have no handle.
    pub const fn is_value(self) -> bool {
        matches!(
            self,
            Interface::SessionDescription | Interface::IceCandidate | Interface::Error
        )
    }

    /// An attribute of it.
    pub fn attribute(self, name: &str) -> Option<&'static AttributeMember> {
        let mut attributes = self.table().attributes.iter();
        attributes.find(|member| member.name == name)
    }

    /// A method of it, static or not.
    pub fn method(self, name: &str) -> Option<&'static Method> {
        self.table().methods.iter().find(|member| member.name == name)
    }

    /// An event that is fired at it.
    pub fn event(self, name: &str) -> Option<&'static EventMember> {
        self.table().events.iter().find(|member| member.name == name)
    }
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Type {
    /// `undefined`: nothing.
    Undefined,
    /// A boolean.
    Boolean,
    /// A whole number within bounds, both included.
    Integer {
        /// The least.
        least: i64,
        /// The greatest.
        most: u64,
    },
    /// Any number.
    Number,
    /// A string.
    String,
    /// Bytes.
    Bytes,
    /// A value of an enumeration.
    Enumeration {
        /// Its name in the specification.
        name: &'static str,
        /// Its values.
        values: &'static [&'static str],
    },
    /// A dictionary.
    Dictionary(&'static Dictionary),
    /// `RTCStatsReport`: dictionaries of webrtc-stats by id.
    StatsReport,
    /// An object.
    Object(Interface),
    /// A sequence.
    List(&'static Type),
    /// This or null.
    Nullable(&'static Type),
    /// One of these.
    Either(&'static [Type]),
    /// Anything.
    Any,
}

impl Type {
    /// `octet`.
    pub const OCTET: Type = Type::Integer { least: 0, most: 255 };
    /// `unsigned short`.
    pub const UNSIGNED_SHORT: Type = Type::Integer {
        least: 0,
        most: 65_535,
    };
    /// `unsigned long`.
    pub const UNSIGNED_LONG: Type = Type::Integer {
        least: 0,
        most: u32::MAX as u64,
    };
    /// `long`.
    pub const LONG: Type = Type::Integer {
        least: i32::MIN as i64,
        most: i32::MAX as u64,
    };
    /// `unsigned long long`, as far as a number of ECMAScript is exact.
    pub const UNSIGNED_LONG_LONG: Type = Type::Integer {
        least: 0,
        most: (1 << 53) - 1,
    };

    /// The type without null.
    pub fn not_null(self) -> Type {
        match self {
            Type::Nullable(inner) => inner.not_null(),
            other => other,
        }
    }

    /// Whether null is one of its values.
    pub fn has_null(self) -> bool {
        match self {
            Type::Nullable(_) | Type::Any => true,
            Type::Either(types) => types.iter().any(|one| one.has_null()),
            _ => false,
        }
    }

    /// The object that it is, null aside.
    pub fn object(self) -> Option<Interface> {
        match self.not_null() {
            Type::Object(interface) => Some(interface),
            _ => None,
        }
    }

    /// The type for people: `a boolean`, `an RTCRtpSender`.
    pub fn describe(self) -> String {
        let article = |name: &str| {
            // "RTC" is spelled out, so it takes the article of its first letter's name only where that is a vowel's.
            let an = name.starts_with(['A', 'E', 'I', 'O', 'U']) || name.starts_with("RTC");
            format!("{} {name}", if an { "an" } else { "a" })
        };
        match self {
            Type::Undefined => "nothing".to_owned(),
            Type::Boolean => "true or false".to_owned(),
            Type::Integer { least, most } if most == (1 << 53) - 1 => format!("a whole number from {least}"),
            Type::Integer { least, most } => format!("a whole number from {least} to {most}"),
            Type::Number => "a number".to_owned(),
            Type::String => "a string".to_owned(),
            Type::Bytes => "bytes".to_owned(),
            Type::Enumeration { name, .. } => article(name),
            Type::Dictionary(dictionary) => article(dictionary.name),
            Type::StatsReport => "an RTCStatsReport".to_owned(),
            Type::Object(Interface::SessionDescription) => "a description".to_owned(),
            Type::Object(Interface::IceCandidate) => "a candidate".to_owned(),
            Type::Object(Interface::DataChannel) => "a data channel".to_owned(),
            Type::Object(interface) => article(interface.name()),
            Type::List(_) => "a list".to_owned(),
            Type::Nullable(inner) => inner.describe(),
            Type::Either(types) => {
                let all: Vec<String> = types.iter().map(|one| one.describe()).collect();
                all.join(" or ")
            }
            Type::Any => "a value".to_owned(),
        }
    }
}

/// The members of an interface.
#[derive(Debug, PartialEq)]
pub struct Table {
    /// The clause that defines the interface.
    pub clause: &'static str,
    /// How it is constructed by script; none where script cannot.
    pub constructor: Option<Constructor>,
    /// Its attributes, without event handlers.
    pub attributes: &'static [AttributeMember],
    /// Its methods.
    pub methods: &'static [Method],
    /// The events fired at it.
    pub events: &'static [EventMember],
}

/// A constructor.
#[derive(Debug, PartialEq)]
pub struct Constructor {
    /// Its arguments.
    pub arguments: &'static [Argument],
    /// The clause that defines it.
    pub clause: &'static str,
}

/// An attribute of an interface.
#[derive(Debug, PartialEq)]
pub struct AttributeMember {
    /// Its name.
    pub name: &'static str,
    /// What it holds. Of a promise, what that is fulfilled with.
    pub holds: Type,
    /// Whether script may set it.
    pub settable: bool,
    /// Whether it holds a promise.
    pub promise: bool,
    /// The clause that defines it.
    pub clause: &'static str,
}

impl AttributeMember {
    /// The attribute as the contract has it; none of a promise, and of an object that is a value of the contract.
    pub fn attribute(&self) -> Option<Attribute> {
        self.name.parse().ok().filter(|_| !self.promise)
    }
}

/// A method of an interface.
#[derive(Debug, PartialEq)]
pub struct Method {
    /// Its name.
    pub name: &'static str,
    /// Its arguments.
    pub arguments: &'static [Argument],
    /// What it returns. Of a promise, what that is fulfilled with.
    pub returns: Type,
    /// Whether it returns a promise.
    pub promise: bool,
    /// Whether it is static.
    pub is_static: bool,
    /// The clause that defines it.
    pub clause: &'static str,
}

/// An argument of a method or constructor.
#[derive(Debug, PartialEq)]
pub struct Argument {
    /// Its name in the IDL.
    pub name: &'static str,
    /// What it may be; of a variadic one, a list.
    pub holds: Type,
    /// Whether it may be left out.
    pub optional: bool,
}

/// An event that is fired at an interface.
#[derive(Debug, PartialEq)]
pub struct EventMember {
    /// Its type.
    pub name: &'static str,
    /// What it carries beside what every event does.
    pub payload: &'static [Payload],
    /// The clause that defines it.
    pub clause: &'static str,
}

/// An attribute of an event.
#[derive(Debug, PartialEq)]
pub struct Payload {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub holds: Type,
}

/// A dictionary.
#[derive(Debug, PartialEq)]
pub struct Dictionary {
    /// Its name.
    pub name: &'static str,
    /// Its members, those that it inherits among them.
    pub members: &'static [DictionaryMember],
    /// The clause that defines it.
    pub clause: &'static str,
}

impl Dictionary {
    /// The member of this name.
    pub fn member(&self, name: &str) -> Option<&'static DictionaryMember> {
        self.members.iter().find(|member| member.name == name)
    }
}

/// A member of a dictionary.
#[derive(Debug, PartialEq)]
pub struct DictionaryMember {
    /// Its name.
    pub name: &'static str,
    /// What it may be.
    pub holds: Type,
    /// Whether it must be there.
    pub required: bool,
}

const fn readonly(name: &'static str, holds: Type, clause: &'static str) -> AttributeMember {
    AttributeMember {
        name,
        holds,
        settable: false,
        promise: false,
        clause,
    }
}

const fn settable(name: &'static str, holds: Type, clause: &'static str) -> AttributeMember {
    AttributeMember {
        name,
        holds,
        settable: true,
        promise: false,
        clause,
    }
}

const fn method(
    name: &'static str,
    arguments: &'static [Argument],
    returns: Type,
    clause: &'static str,
) -> Method {
    Method {
        name,
        arguments,
        returns,
        promise: false,
        is_static: false,
        clause,
    }
}

const fn promise(
    name: &'static str,
    arguments: &'static [Argument],
    fulfilled: Type,
    clause: &'static str,
) -> Method {
    Method {
        name,
        arguments,
        returns: fulfilled,
        promise: true,
        is_static: false,
        clause,
    }
}

const fn needed(name: &'static str, holds: Type) -> Argument {
    Argument {
        name,
        holds,
        optional: false,
    }
}

const fn optional(name: &'static str, holds: Type) -> Argument {
    Argument {
        name,
        holds,
        optional: true,
    }
}

const fn event(name: &'static str, payload: &'static [Payload], clause: &'static str) -> EventMember {
    EventMember {
        name,
        payload,
        clause,
    }
}

const fn carries(name: &'static str, holds: Type) -> Payload {
    Payload { name, holds }
}

const fn required(name: &'static str, holds: Type) -> DictionaryMember {
    DictionaryMember {
        name,
        holds,
        required: true,
    }
}

const fn member(name: &'static str, holds: Type) -> DictionaryMember {
    DictionaryMember {
        name,
        holds,
        required: false,
    }
}

const fn enumeration(name: &'static str, values: &'static [&'static str]) -> Type {
    Type::Enumeration { name, values }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_attribute_of_the_contract_is_a_member_of_some_interface() {
        // Lists for those who watch; script calls methods.
        let watched = [Attribute::Transceivers, Attribute::Tracks];
        for attribute in Attribute::ALL
            .iter()
            .filter(|attribute| !watched.contains(attribute))
        {
            let has = |interface: &Interface| interface.attribute(attribute.as_str()).is_some();
            assert!(Interface::ALL.iter().any(has), "{attribute}");
        }
    }

    #[test]
    fn every_member_can_be_read_through_the_contract() {
        for interface in Interface::ALL.iter().filter(|one| !one.is_value()) {
            for member in interface
                .table()
                .attributes
                .iter()
                .filter(|member| !member.promise)
            {
                assert!(
                    member.attribute().is_some(),
                    "{}.{}",
                    interface.name(),
                    member.name
                );
            }
        }
    }

    #[test]
    fn no_interface_has_two_members_of_one_name() {
        for interface in Interface::ALL {
            let table = interface.table();
            let members = (table.attributes.iter().map(|member| member.name))
                .chain(table.methods.iter().map(|member| member.name));
            // An event may be called like a method: `close` of a data channel.
            let events = table.events.iter().map(|member| member.name);
            let (mut seen, mut fired) = (BTreeSet::new(), BTreeSet::new());
            for name in members {
                assert!(seen.insert(name), "{}.{name}", interface.name());
            }
            for name in events {
                assert!(fired.insert(name), "{}.{name}", interface.name());
            }
        }
    }

    #[test]
    fn every_member_cites_its_clause() {
        let cited = |clause: &str| {
            clause
                .split_once('#')
                .is_some_and(|(document, anchor)| !document.is_empty() && !anchor.is_empty())
        };
        for interface in Interface::ALL {
            let table = interface.table();
            let clauses = (table.attributes.iter().map(|member| member.clause))
                .chain(table.methods.iter().map(|member| member.clause))
                .chain(table.events.iter().map(|member| member.clause))
                .chain(table.constructor.iter().map(|constructor| constructor.clause))
                .chain([table.clause]);
            for clause in clauses {
                assert!(cited(clause), "{} {clause:?}", interface.name());
            }
        }
    }
}
