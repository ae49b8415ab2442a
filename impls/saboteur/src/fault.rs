//! What can be broken.
//!
//! A [`Fault`] is data, so that a list of sabotages reads as a table. Methods, events and attributes are named as the
//! specification spells them.

use glare_peer::{
    Attribute, Configuration, Event, EventKind, Exception, ExceptionName, IceCandidate, Interface, Operation,
    Value,
};

/// One thing that can be broken.
#[derive(Debug)]
pub enum Fault {
    /// The constructor.
    Construct(Construction),
    /// Events of a kind.
    Event {
        /// Which events.
        events: Events,
        /// What befalls them.
        how: EventFault,
    },
    /// An event that nothing calls for.
    Extra {
        /// It comes after each of these.
        after: Events,
        /// Which event; at the target of the one before.
        event: fn() -> EventKind,
    },
    /// Calls of a method.
    Call {
        /// Of which interface.
        of: Interface,
        /// The method's name.
        method: &'static str,
        /// What befalls them.
        how: CallFault,
    },
    /// Readings of an attribute.
    Read {
        /// Which attribute.
        attribute: Attribute,
        /// Of which interface.
        of: Interface,
        /// What is read instead.
        how: ReadFault,
    },
    /// The descriptions that the peer makes, wherever it shows them.
    LocalDescription {
        /// What they become. The number counts the descriptions that were made, from 0.
        edit: fn(&str, u32) -> Option<String>,
        /// Whether offers are edited.
        offers: bool,
        /// Whether answers are edited.
        answers: bool,
    },
    /// The descriptions that the peer is given.
    RemoteDescription(fn(&str) -> Option<String>),
    /// The candidates that the peer surfaces; returns whether one was changed.
    Candidate(fn(&mut IceCandidate) -> bool),
    /// Datagrams.
    Datagrams {
        /// Whether those that the peer sends, or those that it is sent.
        sent: bool,
        /// Which, by their payload.
        which: fn(&[u8]) -> bool,
        /// What befalls them.
        how: DatagramFault,
    },
}

/// What befalls the constructor.
#[derive(Debug)]
pub enum Construction {
    /// It is given another configuration.
    Configuration(fn(&mut Configuration)),
    /// What it throws has this name.
    Error(ExceptionName),
    /// It throws nothing.
    Accept,
}

/// Which events.
#[derive(Debug)]
pub struct Events {
    /// The type.
    pub name: &'static str,
    /// At which objects.
    pub at: Interface,
    /// Which of those.
    pub which: Which,
    /// Which of those, by what they carry.
    pub carrying: fn(&EventKind) -> bool,
}

/// Which of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    /// Every one.
    Every,
    /// Only that of this number, from 1.
    Nth(u32),
}

/// What befalls an event.
#[derive(Debug)]
pub enum EventFault {
    /// It is not fired.
    Drop,
    /// It is fired twice.
    Twice,
    /// It is fired in a task of its own, after that in which it should have been.
    TaskLate,
    /// It is fired after the next event, or at the end of the task.
    EventLate,
    /// It is fired after the next promise of the task has settled, or at its end.
    SettleLate,
    /// It carries something else.
    Alter(fn(&mut Event)),
}

/// What befalls a call.
#[derive(Debug)]
pub enum CallFault {
    /// Nothing is done; the call returns `undefined`, or its promise fulfils with it.
    Ignore,
    /// Nothing is done the first time.
    IgnoreFirst,
    /// Nothing is done but to throw, or to reject, with this.
    Fail(ExceptionName),
    /// It fails with an exception of another name.
    Rename(ExceptionName),
    /// It fails with another exception.
    Exception(fn(&mut Exception)),
    /// Where it should fail, it succeeds, without effect.
    Swallow,
    /// It does what it should with other arguments; returns whether some were changed.
    Arguments(fn(&mut Operation) -> bool),
    /// It returns, or fulfils with, something else; returns whether something was changed.
    Result(fn(&mut Value) -> bool),
    /// It returns, or fulfils with, what it did the first time.
    FirstResult,
    /// Its promise settles at once, before anything was done.
    SettleAtOnce,
    /// Its promise never settles.
    NeverSettle,
    /// Its promise settles twice.
    SettleTwice,
    /// Its promise settles in a task of its own, after that in which it should have.
    SettleTaskLate,
    /// Its effect comes twice.
    Repeat,
}

/// What befalls the reading of an attribute.
#[derive(Debug)]
pub enum ReadFault {
    /// It is another value; none where this one is left as it is.
    Alter(fn(&Value) -> Option<Value>),
    /// It is the value that it had when it was read first.
    First,
    /// It is the value that it had before its last change.
    Previous,
    /// It changes only as the task ends.
    TaskLate,
    /// It stays what it was when `close()` was called.
    UnclosedState,
}

/// What befalls a datagram.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatagramFault {
    /// It is lost.
    Drop,
    /// It is lost, but for the first so many.
    DropAfter(u32),
    /// Its last byte is another.
    Corrupt,
}

/// The attribute that objects of an interface have, and no others. None where there is no such attribute.
pub(crate) const fn mark(interface: Interface) -> Option<Attribute> {
    match interface {
        Interface::DataChannel => Some(Attribute::BufferedAmount),
        Interface::IceTransport => Some(Attribute::GatheringState),
        Interface::DtlsTransport => Some(Attribute::IceTransport),
        Interface::SctpTransport => Some(Attribute::MaxMessageSize),
        Interface::RtpTransceiver => Some(Attribute::CurrentDirection),
        Interface::RtpSender => Some(Attribute::Dtmf),
        Interface::RtpReceiver => Some(Attribute::JitterBufferTarget),
        Interface::DtmfSender => Some(Attribute::ToneBuffer),
        Interface::MediaStreamTrack => Some(Attribute::Muted),
        Interface::MediaStream => Some(Attribute::Active),
        Interface::Certificate => Some(Attribute::Expires),
        _ => None,
    }
}
