//! What names stand for at a step of the script.

use std::collections::{BTreeMap, BTreeSet};

use glare_peer::Attribute;

use crate::report::{Checked, Report, Reported};
use crate::script::{EventName, Field, MessageKind, Position, Target, VariablePath};
use crate::tree::{Kind as NodeKind, Node};

/// What a variable holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A session description.
    Description,
    /// A candidate.
    Candidate,
    /// A data channel: the end that this role holds.
    Channel { role: String },
    /// A promise of a method of this role.
    Promise {
        role: String,
        fulfilled: Option<Box<Kind>>,
        settled: bool,
    },
    /// A moment.
    Mark,
    /// A string, number, boolean or null that was read.
    Value,
}

impl Kind {
    fn describe(&self) -> &'static str {
        match self {
            Kind::Description => "a description",
            Kind::Candidate => "a candidate",
            Kind::Channel { .. } => "a data channel",
            Kind::Promise { .. } => "a promise",
            Kind::Mark => "a mark",
            Kind::Value => "a value",
        }
    }
}

#[derive(Debug, Clone)]
struct Variable {
    kind: Kind,
    position: Position,
}

/// What names stand for at a step of the script, and what earlier steps have done that later ones depend on.
#[derive(Debug, Default)]
pub(crate) struct Scope {
    /// The roles, in the order of the file.
    pub roles: Vec<String>,
    /// The hosts, in the order of the file.
    pub hosts: Vec<String>,
    /// The servers, in the order of the file; each is a host too.
    pub servers: Vec<String>,
    /// The links, in the order of the file.
    pub links: Vec<String>,
    /// The names of the matrix; its values have been put in place already.
    pub matrix: BTreeSet<String>,
    variables: BTreeMap<String, Variable>,
    /// Names that some step sets, and where.
    pub names_of_all_steps: BTreeMap<String, Position>,
    /// From whom to whom candidates trickle already.
    pub trickles: BTreeSet<(String, String)>,
    /// The pairs whose negotiation listeners do.
    pub negotiating: BTreeSet<(String, String)>,
    /// What has been signalled from whom to whom.
    pub signalled: BTreeSet<(String, String, MessageKind)>,
    /// Which roles have been closed, and where.
    pub closed: BTreeMap<String, Position>,
    /// Whether a step has been lost to an error.
    pub has_lost_steps: bool,
    /// The names that lost steps would have set.
    lost: BTreeSet<String>,
}

impl Scope {
    /// A role.
    pub fn role(&self, report: &Report, node: &Node) -> Checked<String> {
        let text = report.text(node, "a role")?;
        self.find_role(report, node.position, text)
    }

    fn find_role(&self, report: &Report, position: Position, text: &str) -> Checked<String> {
        match self.roles.iter().any(|role| role == text) {
            true => Ok(text.to_owned()),
            false => Err(report.unknown(position, "role", text, self.roles.iter().map(String::as_str))),
        }
    }

    /// Two roles that differ.
    pub fn two_roles(&self, report: &Report, first: &Node, second: &Node) -> Checked<(String, String)> {
        let (one, two) = (self.role(report, first)?, self.role(report, second)?);
        match one == two {
            true => Err(report.error(
                second.position,
                format!("{two:?} stands on both sides; expected another role"),
            )),
            false => Ok((one, two)),
        }
    }

    /// Sets a variable at a node that names it.
    pub fn set(&mut self, report: &Report, node: &Node, kind: Kind) -> Checked<String> {
        let name = report.name(node, "a variable")?;
        if self.roles.iter().any(|role| role == name) {
            return Err(report.error(
                node.position,
                format!("{name:?} is a role; a variable needs another name"),
            ));
        }
        if self.matrix.contains(name) {
            let message = format!("{name:?} is a name of the matrix; a variable needs another name");
            return Err(report.error(node.position, message));
        }
        if let Some(earlier) = self.variables.get(name) {
            let message = format!("{name:?} is set twice; first at {}", earlier.position);
            return Err(report.error(node.position, message));
        }
        self.set_new(name, node.position, kind);
        Ok(name.to_owned())
    }

    /// Sets a variable whose name is known to be free.
    pub fn set_new(&mut self, name: &str, position: Position, kind: Kind) {
        self.variables
            .insert(name.to_owned(), Variable { kind, position });
    }

    /// Forgets a variable at the end of the steps that know it.
    pub fn forget(&mut self, name: &str) {
        self.variables.remove(name);
    }

    /// Notes a name that a step would have set, had it been without error.
    pub fn lose(&mut self, name: &str) {
        self.lost.insert(name.to_owned());
    }

    /// Whether no step sets this name, nor is it a role.
    pub fn is_free(&self, name: &str) -> bool {
        !self.variables.contains_key(name)
            && !self.names_of_all_steps.contains_key(name)
            && !self.roles.iter().any(|role| role == name)
            && !self.matrix.contains(name)
    }

    /// What a variable holds.
    pub fn find(&self, report: &Report, position: Position, name: &str) -> Checked<&Kind> {
        if let Some(variable) = self.variables.get(name) {
            return Ok(&variable.kind);
        }
        if self.lost.contains(name) {
            return Err(Reported);
        }
        Err(match self.names_of_all_steps.get(name) {
            Some(later) => report.error(position, format!("{name:?} is used before it is set, at {later}")),
            None => report.unknown(
                position,
                "variable",
                name,
                self.variables.keys().map(String::as_str),
            ),
        })
    }

    /// Notes that a promise has been awaited; an error if it was before.
    pub fn settle(&mut self, report: &Report, node: &Node) -> Checked<(String, Option<Kind>)> {
        let name = report.text(node, "a promise")?.to_owned();
        let kind = self.find(report, node.position, &name)?.clone();
        let Kind::Promise {
            fulfilled, settled, ..
        } = kind
        else {
            return Err(self.wrong_kind(report, node.position, &name, &kind, "a promise"));
        };
        if settled {
            return Err(report.error(node.position, format!("{name:?} has been awaited already")));
        }
        if let Some(Variable {
            kind: Kind::Promise { settled, .. },
            ..
        }) = self.variables.get_mut(&name)
        {
            *settled = true;
        }
        Ok((name, fulfilled.map(|kind| *kind)))
    }

    /// The role of a promise, or an error where the name is no promise.
    pub fn promise(&self, report: &Report, position: Position, name: &str) -> Checked<String> {
        match self.find(report, position, name)? {
            Kind::Promise { role, .. } => Ok(role.clone()),
            other => Err(self.wrong_kind(report, position, name, other, "a promise")),
        }
    }

    /// A variable, by its bare name, that must hold something of this kind.
    pub fn variable(&self, report: &Report, node: &Node, kind: &Kind) -> Checked<String> {
        let name = report.text(node, kind.describe())?;
        self.check(report, node.position, name, kind)?;
        Ok(name.to_owned())
    }

    /// Checks that a variable holds something of this kind.
    pub fn check(&self, report: &Report, position: Position, name: &str, kind: &Kind) -> Checked<()> {
        let found = self.find(report, position, name)?;
        match std::mem::discriminant(found) == std::mem::discriminant(kind) {
            true => Ok(()),
            false => Err(self.wrong_kind(report, position, name, found, kind.describe())),
        }
    }

    /// A data channel by its variable.
    pub fn channel(&self, report: &Report, node: &Node) -> Checked<(String, String)> {
        let name = report.text(node, "a data channel")?;
        match self.find(report, node.position, name)? {
            Kind::Channel { role } => Ok((name.to_owned(), role.clone())),
            other => Err(self.wrong_kind(report, node.position, name, other, "a data channel")),
        }
    }

    fn wrong_kind(
        &self,
        report: &Report,
        position: Position,
        name: &str,
        kind: &Kind,
        wanted: &str,
    ) -> Reported {
        report.error(
            position,
            format!("{name:?} is {}; expected {wanted}", kind.describe()),
        )
    }

    /// What is between `${` and `}`, if the node is a scalar of this form and nothing else.
    pub fn reference(node: &Node) -> Option<&str> {
        match &node.kind {
            NodeKind::Scalar(scalar) => scalar
                .text
                .strip_prefix("${")
                .and_then(|rest| rest.strip_suffix('}')),
            _ => None,
        }
    }

    /// The variable, or field of one, that `${…}` names, and what it holds.
    pub fn path(&self, report: &Report, position: Position, text: &str) -> Checked<(VariablePath, Kind)> {
        let (name, field) = match text.split_once('.') {
            Some((name, field)) => (name, Some(field)),
            None => (text, None),
        };
        let kind = self.find(report, position, name)?;
        let Some(field) = field else {
            return Ok((
                VariablePath {
                    name: name.to_owned(),
                    field: None,
                },
                kind.clone(),
            ));
        };
        let fields = match kind {
            Kind::Description => Field::OF_DESCRIPTIONS,
            Kind::Candidate => Field::OF_CANDIDATES,
            Kind::Channel { .. } => {
                let message = format!("an attribute of the data channel {name:?} cannot stand in a value");
                return Err(report.error_with_help(position, message, "`read` it into a variable first"));
            }
            other => {
                return Err(report.error(
                    position,
                    format!("{name:?} is {}; it has no fields", other.describe()),
                ));
            }
        };
        let found = fields.iter().copied().find(|known| known.as_str() == field);
        let found = found.ok_or_else(|| {
            let what = format!("field of {}", kind.describe());
            report.unknown(position, &what, field, fields.iter().map(|known| known.as_str()))
        })?;
        Ok((
            VariablePath {
                name: name.to_owned(),
                field: Some(found),
            },
            Kind::Value,
        ))
    }
}

/// The kinds of object that hang off a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interface {
    Peer,
    Channel,
    Sctp,
    Dtls,
    Ice,
}

/// What an attribute holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Holds {
    /// A value of an enumeration of the specification.
    Enumeration(&'static [&'static str]),
    Boolean,
    Number,
    Text,
    Description,
    Object(Interface),
}

impl Interface {
    /// The name in the specification.
    pub fn name(self) -> &'static str {
        match self {
            Interface::Peer => "RTCPeerConnection",
            Interface::Channel => "RTCDataChannel",
            Interface::Sctp => "RTCSctpTransport",
            Interface::Dtls => "RTCDtlsTransport",
            Interface::Ice => "RTCIceTransport",
        }
    }

    /// Its events.
    pub fn events(self) -> &'static [EventName] {
        match self {
            Interface::Peer => EventName::OF_PEERS,
            Interface::Channel => EventName::OF_CHANNELS,
            Interface::Sctp => EventName::OF_SCTP_TRANSPORTS,
            Interface::Dtls => EventName::OF_DTLS_TRANSPORTS,
            Interface::Ice => EventName::OF_ICE_TRANSPORTS,
        }
    }

    /// What an attribute of it holds; none where it has no such attribute.
    pub fn holds(self, attribute: Attribute) -> Option<Holds> {
        use Attribute as A;
        use glare_peer as p;
        let holds = match (self, attribute) {
            (Interface::Peer, A::SignalingState) => Holds::Enumeration(p::SignalingState::NAMES),
            (Interface::Peer, A::IceGatheringState) => Holds::Enumeration(p::IceGatheringState::NAMES),
            (Interface::Peer, A::IceConnectionState) => Holds::Enumeration(p::IceConnectionState::NAMES),
            (Interface::Peer, A::ConnectionState) => Holds::Enumeration(p::PeerConnectionState::NAMES),
            (Interface::Peer, A::CanTrickleIceCandidates) => Holds::Boolean,
            (
                Interface::Peer,
                A::LocalDescription
                | A::CurrentLocalDescription
                | A::PendingLocalDescription
                | A::RemoteDescription
                | A::CurrentRemoteDescription
                | A::PendingRemoteDescription,
            ) => Holds::Description,
            (Interface::Peer, A::Sctp) => Holds::Object(Interface::Sctp),
            (Interface::Sctp, A::Transport) => Holds::Object(Interface::Dtls),
            (Interface::Sctp, A::State) => Holds::Enumeration(p::SctpTransportState::NAMES),
            (Interface::Sctp, A::MaxMessageSize | A::MaxChannels) => Holds::Number,
            (Interface::Dtls, A::IceTransport) => Holds::Object(Interface::Ice),
            (Interface::Dtls, A::State) => Holds::Enumeration(p::DtlsTransportState::NAMES),
            (Interface::Ice, A::State) => Holds::Enumeration(p::IceTransportState::NAMES),
            (Interface::Ice, A::GatheringState) => Holds::Enumeration(p::IceGatheringState::NAMES),
            (Interface::Ice, A::Role) => Holds::Enumeration(p::IceRole::NAMES),
            (Interface::Channel, A::Label | A::Protocol) => Holds::Text,
            (Interface::Channel, A::Ordered | A::Negotiated) => Holds::Boolean,
            (
                Interface::Channel,
                A::MaxPacketLifeTime
                | A::MaxRetransmits
                | A::Id
                | A::BufferedAmount
                | A::BufferedAmountLowThreshold,
            ) => Holds::Number,
            (Interface::Channel, A::ReadyState) => Holds::Enumeration(p::DataChannelState::NAMES),
            _ => return None,
        };
        Some(holds)
    }

    /// The names of its attributes.
    pub fn attributes(self) -> impl Iterator<Item = &'static str> {
        Attribute::ALL
            .iter()
            .filter(move |attribute| self.holds(**attribute).is_some())
            .map(|a| a.as_str())
    }
}

/// What the last part of a path such as `a.connectionState` names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Member {
    /// An attribute, with those before it.
    Attribute(crate::script::Attributes, Holds),
    /// An event at an object.
    Event(Target, EventName),
    /// A variable or a field of it.
    Variable(VariablePath, Kind),
}

/// Which kinds of member may be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    pub attributes: bool,
    pub events: bool,
}

impl Scope {
    /// Resolves a path such as `a.sctp.transport.state`, `chat.readyState`, `offer.type` or `a.negotiationneeded`.
    pub fn member(&self, report: &Report, position: Position, text: &str, wanted: Wanted) -> Checked<Member> {
        let (root, rest) = text.split_once('.').unwrap_or((text, ""));
        let (mut interface, mut target) = match self.roles.iter().find(|role| *role == root) {
            Some(role) => (Interface::Peer, Target::Peer(role.clone())),
            None if !self.has(root) => {
                let known = self.roles.iter().chain(self.variables.keys()).map(String::as_str);
                return Err(report.unknown(position, "role or variable", root, known));
            }
            None => match self.find(report, position, root)? {
                Kind::Channel { role } => {
                    let target = Target::Channel {
                        variable: root.to_owned(),
                        role: role.clone(),
                    };
                    (Interface::Channel, target)
                }
                Kind::Promise { .. } | Kind::Mark => {
                    let kind = self.find(report, position, root)?;
                    return Err(report.error(
                        position,
                        format!("{root:?} is {}; it has no value", kind.describe()),
                    ));
                }
                _ => {
                    let (path, kind) = self.path(report, position, text)?;
                    return Ok(Member::Variable(path, kind));
                }
            },
        };
        if rest.is_empty() {
            let expected = match wanted {
                Wanted {
                    attributes: false, ..
                } => "an event",
                Wanted { events: false, .. } => "an attribute",
                _ => "an attribute or an event",
            };
            let message = format!("{text:?} names an object; expected {expected} of it, such as `{root}.…`");
            return Err(report.error(position, message));
        }
        let begin = target.clone();
        let mut path = Vec::new();
        let mut parts = rest.split('.').peekable();
        while let Some(part) = parts.next() {
            let last = parts.peek().is_none();
            if last
                && wanted.events
                && let Some(event) = interface.events().iter().find(|e| e.as_str() == part)
            {
                return Ok(Member::Event(target, *event));
            }
            let holds = part
                .parse::<Attribute>()
                .ok()
                .and_then(|a| Some((a, interface.holds(a)?)));
            match holds {
                Some((attribute, Holds::Object(next))) if !last => {
                    path.push(attribute);
                    interface = next;
                    let role = target.role().to_owned();
                    target = match next {
                        Interface::Sctp => Target::SctpTransport(role),
                        Interface::Dtls => Target::DtlsTransport(role),
                        _ => Target::IceTransport(role),
                    };
                }
                Some((attribute, holds)) if last && wanted.attributes => {
                    path.push(attribute);
                    return Ok(Member::Attribute(
                        crate::script::Attributes { root: begin, path },
                        holds,
                    ));
                }
                Some((attribute, _)) if !last => {
                    let message = format!(
                        "`{attribute}` of {} is no object; it has no attributes",
                        interface.name()
                    );
                    return Err(report.error(position, message));
                }
                _ => {
                    let attributes = interface.attributes().filter(|_| wanted.attributes || !last);
                    let events = interface
                        .events()
                        .iter()
                        .map(|e| e.as_str())
                        .filter(|_| wanted.events && last);
                    let what = match (wanted.attributes || !last, wanted.events && last) {
                        (true, true) => "attribute or event",
                        (false, true) => "event",
                        _ => "attribute",
                    };
                    let what = format!("{what} of {}", interface.name());
                    return Err(report.unknown(position, &what, part, attributes.chain(events)));
                }
            }
        }
        // Every turn of the loop that is the last returns.
        Err(report.error(position, format!("{text:?} ends early")))
    }

    fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name) || self.names_of_all_steps.contains_key(name)
    }
}
