//! What names stand for at a step of the script.

use std::collections::{BTreeMap, BTreeSet};

use glare_peer::Interface;
use glare_peer::interface::Type;

use crate::report::{Checked, Report, Reported};
use crate::script::{MessageKind, Position};
use crate::tree::{Kind as NodeKind, Node};

/// What a variable holds.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A value of this type; with the role whose objects are in it, if there are any.
    Value { holds: Type, role: Option<String> },
    /// A promise of a method of this role.
    Promise {
        role: String,
        fulfilled: Type,
        settled: bool,
    },
    /// A moment.
    Mark,
}

impl Kind {
    /// A session description.
    pub const DESCRIPTION: Kind = Kind::Value {
        holds: Type::Object(Interface::SessionDescription),
        role: None,
    };
    /// A candidate.
    pub const CANDIDATE: Kind = Kind::Value {
        holds: Type::Object(Interface::IceCandidate),
        role: None,
    };

    /// A value that a peer of this role gave.
    pub fn value(holds: Type, role: &str) -> Kind {
        let has_objects = holds.object().is_none_or(|interface| !interface.is_value());
        Kind::Value {
            holds,
            role: has_objects.then(|| role.to_owned()),
        }
    }

    pub fn describe(&self) -> String {
        match self {
            Kind::Value { holds, .. } => holds.describe(),
            Kind::Promise { .. } => "a promise".to_owned(),
            Kind::Mark => "a mark".to_owned(),
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

    /// Notes that a promise has been awaited, and gives its role and what it is fulfilled with; an error if it was before.
    pub fn settle(&mut self, report: &Report, node: &Node) -> Checked<(String, String, Type)> {
        let name = report.text(node, "a promise")?.to_owned();
        let kind = self.find(report, node.position, &name)?.clone();
        let Kind::Promise {
            role,
            fulfilled,
            settled,
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
        Ok((name, role, fulfilled))
    }

    /// The role of a promise, or an error where the name is no promise.
    pub fn promise(&self, report: &Report, position: Position, name: &str) -> Checked<String> {
        match self.find(report, position, name)? {
            Kind::Promise { role, .. } => Ok(role.clone()),
            other => Err(self.wrong_kind(report, position, name, other, "a promise")),
        }
    }

    /// A description by its bare name.
    pub fn description(&self, report: &Report, node: &Node) -> Checked<String> {
        let name = report.text(node, "a description")?;
        self.check(report, node.position, name, Interface::SessionDescription)?;
        Ok(name.to_owned())
    }

    /// A mark by its bare name.
    pub fn mark(&self, report: &Report, node: &Node) -> Checked<String> {
        let name = report.text(node, "a mark")?;
        match self.find(report, node.position, name)? {
            Kind::Mark => Ok(name.to_owned()),
            other => Err(self.wrong_kind(report, node.position, name, other, "a mark")),
        }
    }

    /// Checks that a variable holds an object of this interface, or null in its place.
    pub fn check(
        &self,
        report: &Report,
        position: Position,
        name: &str,
        interface: Interface,
    ) -> Checked<Option<String>> {
        match self.find(report, position, name)? {
            Kind::Value { holds, role } if holds.object() == Some(interface) => Ok(role.clone()),
            other => {
                let wanted = Type::Object(interface).describe();
                Err(self.wrong_kind(report, position, name, other, &wanted))
            }
        }
    }

    /// A data channel by its variable.
    pub fn channel(&self, report: &Report, node: &Node) -> Checked<(String, String)> {
        let name = report.text(node, "a data channel")?;
        let role = self.check(report, node.position, name, Interface::DataChannel)?;
        Ok((name.to_owned(), role.unwrap_or_default()))
    }

    pub fn wrong_kind(
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

    /// The roles and variables that a path may begin with.
    pub fn roots(&self) -> impl Iterator<Item = &str> {
        self.roles.iter().chain(self.variables.keys()).map(String::as_str)
    }

    /// The names of the variables.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.variables.keys().map(String::as_str)
    }

    /// Whether a step sets this name, here or later.
    pub fn has(&self, name: &str) -> bool {
        self.variables.contains_key(name) || self.names_of_all_steps.contains_key(name)
    }
}
