//! What there is to break, as a table for each part of the interface.

mod calls;
mod candidates;
mod channels;
mod configuration;
mod descriptions;
mod events;
mod identity;
mod media;
mod packets;
mod states;
mod statistics;
mod transports;

use std::sync::LazyLock;

use glare_peer::{Attribute, EventKind, ExceptionName, Interface, Value};

use crate::Sabotage;
use crate::fault::{CallFault, EventFault, Events, Fault, ReadFault, Which};

/// All sabotages.
pub fn sabotages() -> &'static [Sabotage] {
    static ALL: LazyLock<Vec<Sabotage>> = LazyLock::new(|| {
        [
            configuration::sabotages(),
            states::sabotages(),
            events::sabotages(),
            calls::sabotages(),
            descriptions::sabotages(),
            candidates::sabotages(),
            channels::sabotages(),
            transports::sabotages(),
            packets::sabotages(),
            media::sabotages(),
            statistics::sabotages(),
            identity::sabotages(),
        ]
        .into_iter()
        .flatten()
        .collect()
    });
    &ALL
}

/// A member of an interface.
type Member = (Interface, &'static str);

fn sabotage(
    name: &'static str,
    member: Member,
    clause: &'static str,
    what: &'static str,
    fault: Fault,
) -> Sabotage {
    let (interface, member) = (member.0.name(), member.1);
    // A static method is named with its interface, and a constructor is called like it.
    let member = member.rsplit('.').next().unwrap_or(member);
    let member = if member == interface {
        "constructor"
    } else {
        member
    };
    Sabotage {
        name,
        member: format!("{interface}.{member}"),
        clause,
        what,
        fault,
    }
}

/// Something befalls every event of a type.
fn event(
    name: &'static str,
    member: Member,
    clause: &'static str,
    what: &'static str,
    how: EventFault,
) -> Sabotage {
    event_if(name, member, clause, what, Which::Every, |_| true, how)
}

/// Something befalls some events of a type.
fn event_if(
    name: &'static str,
    member: Member,
    clause: &'static str,
    what: &'static str,
    which: Which,
    carrying: fn(&EventKind) -> bool,
    how: EventFault,
) -> Sabotage {
    let events = Events {
        name: member.1,
        at: member.0,
        which,
        carrying,
    };
    sabotage(name, member, clause, what, Fault::Event { events, how })
}

/// An event of the type of `member` comes after each `after` at the same object.
fn extra(
    name: &'static str,
    member: Member,
    clause: &'static str,
    what: &'static str,
    after: (&'static str, Which),
    event: fn() -> EventKind,
) -> Sabotage {
    let after = Events {
        name: after.0,
        at: member.0,
        which: after.1,
        carrying: |_| true,
    };
    sabotage(name, member, clause, what, Fault::Extra { after, event })
}

/// Something befalls the calls of a method.
fn call(
    name: &'static str,
    member: Member,
    clause: &'static str,
    what: &'static str,
    how: CallFault,
) -> Sabotage {
    let fault = Fault::Call {
        of: member.0,
        method: member.1,
        how,
    };
    sabotage(name, member, clause, what, fault)
}

/// An attribute reads as something else.
fn read(
    name: &'static str,
    of: Interface,
    attribute: Attribute,
    clause: &'static str,
    what: &'static str,
    how: ReadFault,
) -> Sabotage {
    let fault = Fault::Read { attribute, of, how };
    sabotage(name, (of, attribute.as_str()), clause, what, fault)
}

/// Another name where an exception should have this one.
const fn another_name() -> CallFault {
    CallFault::Rename(ExceptionName::NotReadableError)
}

fn always_null(value: &Value) -> Option<Value> {
    (*value != Value::Null).then_some(Value::Null)
}
