//! What paths such as `a.connectionState`, `senders.0.track` and `chat.open` lead to.

use glare_peer::Interface;
use glare_peer::interface::Type;

use crate::report::{Checked, Report};
use crate::scope::{Kind, Scope};
use crate::script::{EventName, Path, Position, Root, Target};

/// What a path leads to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Found {
    /// A value of this type.
    Value(Path, Type),
    /// An event at an object.
    Event(Target, EventName),
}

/// Which kinds of member may be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    Values,
    Events,
    Both,
}

impl Wanted {
    fn values(self) -> bool {
        self != Wanted::Events
    }

    fn events(self) -> bool {
        self != Wanted::Values
    }
}

/// The names of the members that a value of a type has; none where it has no members at all.
pub(crate) fn members(holds: Type) -> Option<Vec<&'static str>> {
    match holds.not_null() {
        Type::Object(interface) => Some(interface.table().attributes.iter().map(|one| one.name).collect()),
        Type::Dictionary(dictionary) => Some(dictionary.members.iter().map(|one| one.name).collect()),
        Type::List(_) => Some(vec!["0", "length"]),
        Type::Any | Type::StatsReport => Some(Vec::new()),
        _ => None,
    }
}

/// The type of a member of a value; none where it has no such member.
pub(crate) fn member(holds: Type, name: &str) -> Option<Type> {
    match holds.not_null() {
        Type::Object(interface) => {
            let attribute = interface.attribute(name).filter(|attribute| !attribute.promise)?;
            Some(attribute.holds)
        }
        Type::Dictionary(dictionary) => dictionary.member(name).map(|member| member.holds),
        Type::List(_) if name == "length" => Some(Type::Number),
        Type::List(item) => name.parse::<u32>().ok().map(|_| *item),
        Type::Any | Type::StatsReport => Some(Type::Any),
        _ => None,
    }
}

/// Whether a value of one type may stand where another is wanted. What is null or left out shows when the script is played.
pub(crate) fn fits(found: Type, wanted: Type) -> bool {
    match (found.not_null(), wanted.not_null()) {
        (Type::Any, _) | (_, Type::Any) => true,
        (found, Type::Either(types)) => types.iter().any(|one| fits(found, *one)),
        (Type::Either(types), wanted) => types.iter().any(|one| fits(*one, wanted)),
        (Type::Object(Interface::SessionDescription), Type::Dictionary(dictionary)) => {
            dictionary.name.ends_with("SessionDescriptionInit")
        }
        (Type::Object(Interface::IceCandidate), Type::Dictionary(dictionary)) => {
            dictionary.name.ends_with("IceCandidateInit")
        }
        (Type::Dictionary(found), Type::Dictionary(wanted)) => {
            let mut required = wanted.members.iter().filter(|member| member.required);
            required.all(|member| found.member(member.name).is_some())
        }
        (Type::List(found), Type::List(wanted)) => fits(*found, *wanted),
        (Type::Integer { .. } | Type::Number, Type::Integer { .. } | Type::Number) => true,
        (Type::String | Type::Enumeration { .. }, Type::String | Type::Enumeration { .. }) => true,
        (found, wanted) => found == wanted,
    }
}

impl Scope {
    /// What `${…}` names.
    pub fn path(&self, report: &Report, position: Position, text: &str) -> Checked<(Path, Type)> {
        let root = text.split('.').next().unwrap_or_default();
        if !self.has(root) && !self.roles.iter().any(|role| role == root) {
            return Err(report.unknown(position, "variable", root, self.variables()));
        }
        match self.resolve(report, position, text, Wanted::Values)? {
            Found::Value(path, holds) => Ok((path, holds)),
            // Not wanted, so not found.
            Found::Event(..) => Err(report.error(position, format!("{text:?} is an event"))),
        }
    }

    /// Resolves a path such as `a.sctp.transport.state`, `chat.readyState`, `offer.type` or `a.negotiationneeded`.
    pub fn resolve(&self, report: &Report, position: Position, text: &str, wanted: Wanted) -> Checked<Found> {
        let mut parts = text.split('.');
        let root = parts.next().unwrap_or_default();
        let (mut path, mut holds) = self.root(report, position, root)?;
        let mut parts = parts.peekable();
        while let Some(part) = parts.next() {
            let last = parts.peek().is_none();
            if last
                && wanted.events()
                && let Some(interface) = holds.object()
                && interface.event(part).is_some()
                && let Some(event) = EventName::named(part)
            {
                let role = path.role.clone().unwrap_or_default();
                let target = Target {
                    path,
                    interface,
                    role,
                };
                return Ok(Found::Event(target, event));
            }
            match member(holds, part).filter(|_| !last || wanted.values()) {
                Some(next) => holds = next,
                None => return Err(self.no_member(report, position, &path, holds, part, (last, wanted))),
            }
            path.members.push(part.to_owned());
        }
        let is_object = matches!(holds, Type::Object(interface) if !interface.is_value());
        if path.members.is_empty() && matches!(path.root, Root::Peer(_))
            || is_object && wanted == Wanted::Events
        {
            let expected = match wanted {
                Wanted::Events => "an event",
                Wanted::Values => "an attribute",
                Wanted::Both => "an attribute or an event",
            };
            let message = format!("{text:?} names an object; expected {expected} of it, such as `{text}.…`");
            return Err(report.error(position, message));
        }
        Ok(Found::Value(path, holds))
    }

    /// The object that a path leads to, with the role it belongs to.
    pub fn object(&self, report: &Report, position: Position, text: &str) -> Checked<Target> {
        let mut parts = text.split('.');
        let root = parts.next().unwrap_or_default();
        let (mut path, mut holds) = self.root(report, position, root)?;
        for part in parts {
            holds = match member(holds, part) {
                Some(next) => next,
                None => {
                    return Err(self.no_member(
                        report,
                        position,
                        &path,
                        holds,
                        part,
                        (false, Wanted::Values),
                    ));
                }
            };
            path.members.push(part.to_owned());
        }
        match (holds.object(), path.role.clone()) {
            (Some(interface), Some(role)) if !interface.is_value() => Ok(Target {
                path,
                interface,
                role,
            }),
            _ => Err(report.error(
                position,
                format!("{text:?} is {}; it has no methods", holds.describe()),
            )),
        }
    }

    fn root(&self, report: &Report, position: Position, root: &str) -> Checked<(Path, Type)> {
        if self.roles.iter().any(|role| role == root) {
            return Ok((Path::peer(root), Type::Object(Interface::PeerConnection)));
        }
        if !self.has(root) {
            return Err(report.unknown(position, "role or variable", root, self.roots()));
        }
        match self.find(report, position, root)? {
            Kind::Value { holds, role } => {
                let path = Path {
                    root: Root::Variable(root.to_owned()),
                    members: Vec::new(),
                    role: role.clone(),
                };
                Ok((path, *holds))
            }
            kind => Err(report.error(
                position,
                format!("{root:?} is {}; it has no value", kind.describe()),
            )),
        }
    }

    fn no_member(
        &self,
        report: &Report,
        position: Position,
        path: &Path,
        holds: Type,
        part: &str,
        (last, wanted): (bool, Wanted),
    ) -> crate::report::Reported {
        let Some(mut known) = members(holds) else {
            let message = format!("`{path}` is {}; it has no members", holds.describe());
            return report.error(position, message);
        };
        let interface = holds.object().filter(|interface| !interface.is_value());
        if !wanted.values() && last {
            known.clear();
        }
        if let Some(interface) = interface.filter(|_| wanted.events() && last) {
            known.extend(interface.table().events.iter().map(|event| event.name));
        }
        let what = match (interface, last, wanted) {
            (Some(interface), true, Wanted::Both) => format!("attribute or event of {}", interface.name()),
            (Some(interface), true, Wanted::Events) => format!("event of {}", interface.name()),
            (Some(interface), ..) => format!("attribute of {}", interface.name()),
            (None, ..) => format!("member of {}", holds.describe()),
        };
        report.unknown(position, &what, part, known)
    }
}
