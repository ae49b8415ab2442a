//! Calls of members, what they are given, and paths to values.

use std::fmt;

use glare_peer::Interface;
use glare_peer::interface::{self, Type};

use crate::happening::Target;
use crate::script::Completion;

/// A call of a member of an interface.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// What it is called on; of a constructor and of what is static, the role whose page it is.
    pub target: Target,
    /// The interface that the member belongs to.
    pub interface: Interface,
    /// The member.
    pub member: Member,
    /// The arguments by their names in the IDL; one that was left out is not there.
    pub arguments: Vec<Given>,
    /// Whether the script waits.
    pub completion: Completion,
    /// The variable for what it returned or was fulfilled with.
    pub save: Option<String>,
}

/// An argument that is given.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// Its name in the IDL.
    pub name: &'static str,
    /// What it may be.
    pub holds: Type,
    /// Its value.
    pub value: Template,
}

/// A member that can be called.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Member {
    /// A method.
    Method(&'static interface::Method),
    /// An attribute that holds a promise, which is awaited.
    Promise(&'static interface::AttributeMember),
    /// The setter of an attribute; its one argument is called like it.
    Setter(&'static interface::AttributeMember),
    /// The constructor of this interface.
    Constructor(Interface),
}

impl Member {
    /// Its name in the specification; of a constructor the interface's.
    pub fn name(self) -> &'static str {
        match self {
            Member::Method(method) => method.name,
            Member::Promise(attribute) | Member::Setter(attribute) => attribute.name,
            Member::Constructor(interface) => interface.name(),
        }
    }

    /// Whether the specification gives it a promise.
    pub fn returns_promise(self) -> bool {
        match self {
            Member::Method(method) => method.promise,
            Member::Promise(_) => true,
            Member::Setter(_) | Member::Constructor(_) => false,
        }
    }

    /// What it returns or is fulfilled with.
    pub fn gives(self) -> Type {
        match self {
            Member::Method(method) => method.returns,
            Member::Promise(attribute) => attribute.holds,
            Member::Setter(_) => Type::Undefined,
            // A second connection is closed at once.
            Member::Constructor(Interface::PeerConnection) => Type::Undefined,
            Member::Constructor(interface) => Type::Object(interface),
        }
    }
}

/// A value in the file, in which there may be values that earlier steps have set.
#[derive(Debug, Clone, PartialEq)]
pub enum Template {
    /// `null`.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A number.
    Number(f64),
    /// A string, or a value of an enumeration.
    Text(String),
    /// A sequence.
    List(Vec<Template>),
    /// A dictionary.
    Dictionary(Vec<(String, Template)>),
    /// What a path leads to.
    Path(Path),
    /// A dictionary from a path with some of it changed.
    Changed {
        /// Where it is from.
        from: Path,
        /// What changes: the members on the way, and the value.
        set: Vec<(Vec<String>, Template)>,
    },
}

/// A value, reached from a peer or a variable by way of members: `a.sctp.transport.state`, `offer.sdp`, `senders.0.track`.
/// Members of objects are attributes, read when the path is looked at; members of dictionaries are names, of lists numbers from
/// 0 and `length`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// Where it begins.
    pub root: Root,
    /// The members on the way, in order.
    pub members: Vec<String>,
    /// The role whose objects it leads to; none where there is none among them.
    pub role: Option<String>,
}

/// Where a path begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Root {
    /// The connection of a role.
    Peer(String),
    /// A variable.
    Variable(String),
}

impl Path {
    /// The connection of a role.
    pub fn peer(role: &str) -> Path {
        Path {
            root: Root::Peer(role.to_owned()),
            members: Vec::new(),
            role: Some(role.to_owned()),
        }
    }

    /// An attribute of the connection of a role.
    pub fn of_peer(role: &str, attribute: glare_peer::Attribute) -> Path {
        Path {
            members: vec![attribute.as_str().to_owned()],
            ..Path::peer(role)
        }
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Root::Peer(root) | Root::Variable(root)) = &self.root;
        f.write_str(root)?;
        self.members.iter().try_for_each(|member| write!(f, ".{member}"))
    }
}
