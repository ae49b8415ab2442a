//! Calls, and how they come out.

use std::str::FromStr;

use glare_peer::interface::{Argument, Type};
use glare_peer::{ExceptionName, Interface, RtcErrorDetail};

use super::steps::{Verb, note_close};
use super::values;
use crate::report::{Checked, Report};
use crate::scope::{Kind, Scope};
use crate::script::{Action, Call, Completion, ExceptionPattern, Given, Member, Outcome, Target};
use crate::tree::{Kind as NodeKind, Node};

/// The keys of an exception.
pub(crate) const EXCEPTION_KEYS: &[&str] = &["name", "errorDetail", "sdpLineNumber"];

/// What `navigator.mediaDevices` is called below a role.
pub(crate) const MEDIA_DEVICES: &str = "mediaDevices";

pub(super) fn call(report: &Report, scope: &mut Scope, verb: &Verb<'_>) -> Checked<Action> {
    let path = report.text(verb.value, "a method such as `a.createOffer`")?;
    let Some((root, name)) = path.rsplit_once('.') else {
        let message = format!("{path:?} names no method; expected one such as `a.createOffer`");
        return Err(report.error(verb.value.position, message));
    };
    let (target, interface, member) = callee(report, scope, verb.value, root, name)?;
    finish(report, scope, verb, target, interface, member)
}

/// The names of what can be called on objects of an interface. `send` is a verb of its own, and so is `construct`.
pub(crate) fn callable(interface: Interface) -> impl Iterator<Item = &'static str> {
    let table = interface.table();
    let methods = table.methods.iter();
    let promises = table.attributes.iter().filter(|attribute| attribute.promise);
    methods
        .filter(move |method| {
            let is_verb = interface == Interface::DataChannel && method.name == "send";
            !method.is_static && !is_verb
        })
        .map(|method| method.name)
        .chain(promises.map(|attribute| attribute.name))
}

/// The object and the member that a path names: a method of an object, or below a role `mediaDevices` and interfaces with
/// static methods.
fn callee(
    report: &Report,
    scope: &Scope,
    node: &Node,
    root: &str,
    name: &str,
) -> Checked<(Target, Interface, Member)> {
    let below_role = root
        .split_once('.')
        .filter(|(role, _)| scope.roles.iter().any(|known| known == role));
    if let Some((role, MEDIA_DEVICES)) = below_role {
        let interface = Interface::MediaDevices;
        let method = interface.method(name).ok_or_else(|| {
            let known = callable(interface);
            report.unknown(node.position, "method of MediaDevices", name, known)
        })?;
        return Ok((Target::peer(role), interface, Member::Method(method)));
    }
    if let Some((role, interface)) = below_role
        && let Some(interface) = Interface::named(interface)
    {
        let statics = interface.table().methods.iter().filter(|method| method.is_static);
        let found = statics.clone().find(|method| method.name == name);
        let method = found.ok_or_else(|| {
            let what = format!("static method of {}", interface.name());
            report.unknown(node.position, &what, name, statics.map(|method| method.name))
        })?;
        return Ok((Target::peer(role), interface, Member::Method(method)));
    }
    let target = scope.object(report, node.position, root)?;
    let interface = target.interface;
    if interface == Interface::DataChannel && name == "send" {
        let help = format!("`{{ send: {{ on: {target}, text: … }} }}`");
        return Err(report.error_with_help(node.position, "`send` is a verb of its own", help));
    }
    let method = interface.method(name);
    if let Some(method) = method.filter(|method| !method.is_static) {
        return Ok((target, interface, Member::Method(method)));
    }
    if let Some(attribute) = interface.attribute(name).filter(|attribute| attribute.promise) {
        return Ok((target, interface, Member::Promise(attribute)));
    }
    let what = format!("method of {}", interface.name());
    if method.is_some() {
        let message = format!("`{name}` of {} is static", interface.name());
        let help = format!("`{}.{}.{name}`", target.role, interface.name());
        return Err(report.error_with_help(node.position, message, help));
    }
    Err(report.unknown(node.position, &what, name, callable(interface)))
}

/// The interfaces that a script can construct.
pub(crate) fn constructible() -> impl Iterator<Item = Interface> {
    let all = Interface::ALL.iter().copied();
    all.filter(|interface| interface.table().constructor.is_some())
}

pub(super) fn construct(report: &Report, scope: &mut Scope, verb: &Verb<'_>) -> Checked<Action> {
    let path = report.text(verb.value, "a role and an interface, such as `a.RTCIceCandidate`")?;
    let Some((role, name)) = path.split_once('.') else {
        let message = format!("{path:?} names no interface; expected one such as `a.RTCIceCandidate`");
        return Err(report.error(verb.value.position, message));
    };
    if !scope.roles.iter().any(|known| known == role) {
        let known = scope.roles.iter().map(String::as_str);
        return Err(report.unknown(verb.value.position, "role", role, known));
    }
    let interface = constructible()
        .find(|interface| interface.name() == name)
        .ok_or_else(|| {
            let known = constructible().map(Interface::name);
            report.unknown(verb.value.position, "interface with a constructor", name, known)
        })?;
    let (target, member) = (Target::peer(role), Member::Constructor(interface));
    finish(report, scope, verb, target, interface, member)
}

/// The attributes that can be set, of an interface.
pub(crate) fn settable(interface: Interface) -> impl Iterator<Item = &'static str> {
    let attributes = interface.table().attributes.iter();
    attributes
        .filter(|attribute| attribute.settable)
        .map(|attribute| attribute.name)
}

pub(super) fn set(report: &Report, scope: &mut Scope, verb: &Verb<'_>) -> Checked<Action> {
    let entries = report.entries(verb.value, "`set`")?;
    let [(key, node)] = entries else {
        return Err(report.error(verb.value.position, "`set` sets one attribute"));
    };
    let Some((root, name)) = key.text.rsplit_once('.') else {
        let message = format!(
            "{:?} names no attribute; expected one such as `transceiver.direction`",
            key.text
        );
        return Err(report.error(key.position, message));
    };
    let target = scope.object(report, key.position, root)?;
    let interface = target.interface;
    let attribute = interface.attribute(name).filter(|attribute| attribute.settable);
    let attribute = attribute.ok_or_else(|| {
        let what = format!("attribute of {} that can be set", interface.name());
        report.unknown(key.position, &what, name, settable(interface))
    })?;
    let value = values::value(report, scope, node, attribute.holds)?;
    let outcome = match verb.beside("throws") {
        Some(node) => Outcome::Throws(exception(report, node)?),
        None => Outcome::Success,
    };
    Ok(Action::Call(Call {
        target,
        interface,
        member: Member::Setter(attribute),
        arguments: vec![Given {
            name: attribute.name,
            holds: attribute.holds,
            value,
        }],
        completion: Completion::Await(outcome),
        save: None,
    }))
}

fn finish(
    report: &Report,
    scope: &mut Scope,
    verb: &Verb<'_>,
    target: Target,
    interface: Interface,
    member: Member,
) -> Checked<Action> {
    let with = verb.beside("with");
    let wanted: &[Argument] = match member {
        Member::Method(method) => method.arguments,
        Member::Promise(_) | Member::Setter(_) => &[],
        Member::Constructor(interface) => {
            (interface.table().constructor.as_ref()).map_or(&[], |constructor| constructor.arguments)
        }
    };
    let arguments = values::arguments(report, scope, member.name(), verb.node.position, wanted, with)?;
    let completion = completion(report, scope, verb, &target, member)?;
    let save = match verb.beside("as") {
        None => None,
        Some(node) => {
            let awaited = completion == Completion::Await(Outcome::Success);
            if member.gives() == Type::Undefined || !awaited {
                return Err(report.error(node.position, nothing_to_name(member, &completion)));
            }
            Some(scope.set(report, node, Kind::value(member.gives(), &target.role))?)
        }
    };
    if member.name() == "close" && interface == Interface::PeerConnection && !verb.in_listener {
        note_close(scope, verb.node.position, &target.role, &completion);
    }
    Ok(Action::Call(Call {
        target,
        interface,
        member,
        arguments,
        completion,
        save,
    }))
}

fn nothing_to_name(member: Member, completion: &Completion) -> String {
    let name = member.name();
    match completion {
        Completion::Await(Outcome::Success) => {
            format!("`{name}` comes back without a value; there is nothing to name")
        }
        Completion::Await(_) => "a call that fails gives nothing to name".to_owned(),
        Completion::Start(_) => {
            "the promise is pending; name its value where it is awaited, at `settle`".to_owned()
        }
    }
}

fn completion(
    report: &Report,
    scope: &mut Scope,
    verb: &Verb<'_>,
    target: &Target,
    member: Member,
) -> Checked<Completion> {
    let throws = verb.beside("throws");
    let rejects = verb.beside("rejects");
    let name = member.name();
    if let Some(node) = rejects.filter(|_| !member.returns_promise()) {
        let message = format!("`{name}` returns no promise to be rejected");
        return Err(report.error_with_help(node.position, message, "use `throws`"));
    }
    if let Some(node) = throws.filter(|_| member.returns_promise()) {
        let message = format!("`{name}` returns a promise and does not throw");
        return Err(report.error_with_help(node.position, message, "use `rejects`"));
    }
    if let Some(node) = verb.beside("start") {
        if !member.returns_promise() {
            return Err(report.error(node.position, format!("`{name}` returns no promise to name")));
        }
        if let Some(node) = rejects {
            let message = "say at `settle` how the promise settles";
            return Err(report.error(node.position, message));
        }
        let promise = scope.set(
            report,
            node,
            Kind::Promise {
                role: target.role.clone(),
                fulfilled: member.gives(),
                settled: false,
            },
        )?;
        return Ok(Completion::Start(Some(promise)));
    }
    if verb.in_listener && member.returns_promise() {
        if let Some(node) = rejects {
            let message = "a listener cannot wait for a promise; name it with `start` and `settle` it later";
            return Err(report.error(node.position, message));
        }
        return Ok(Completion::Start(None));
    }
    let outcome = match (throws, rejects) {
        (Some(node), _) => Outcome::Throws(exception(report, node)?),
        (_, Some(node)) => Outcome::Rejects(exception(report, node)?),
        (None, None) => Outcome::Success,
    };
    Ok(Completion::Await(outcome))
}

/// The name in a `${name}`.
pub(super) fn reference<'n>(report: &Report, node: &'n Node, what: &str) -> Checked<&'n str> {
    Scope::reference(node).ok_or_else(|| report.expected(node, &format!("{what} in a variable, `${{name}}`")))
}

/// An exception: its name, or a mapping with more.
pub(super) fn exception(report: &Report, node: &Node) -> Checked<ExceptionPattern> {
    if let NodeKind::Scalar(_) = node.kind {
        return Ok(ExceptionPattern {
            names: vec![exception_name(report, node)?],
            error_detail: None,
            sdp_line_number: None,
        });
    }
    let fields = report.fields(node, "an exception", EXCEPTION_KEYS)?;
    let name = fields.require(report, "name")?;
    let names = match &name.kind {
        NodeKind::Map(_) => {
            let of = report.fields(name, "a name", &["in"])?;
            let items = report.some_items(of.require(report, "in")?, "names")?;
            items
                .iter()
                .map(|item| exception_name(report, item))
                .collect::<Checked<Vec<_>>>()?
        }
        _ => vec![exception_name(report, name)?],
    };
    let detail =
        |node: &Node| report.enumeration::<RtcErrorDetail>(node, "RTCErrorDetailType", RtcErrorDetail::NAMES);
    Ok(ExceptionPattern {
        names,
        error_detail: fields.read("errorDetail", detail)?,
        sdp_line_number: fields.read("sdpLineNumber", |node| {
            report.integer(node, "a line", 1, u64::from(u32::MAX))
        })?,
    })
}

fn exception_name(report: &Report, node: &Node) -> Checked<ExceptionName> {
    let names: Vec<&str> = exception_names().collect();
    let text = report.text(node, "the name of an exception")?;
    match ExceptionName::from_str(text) {
        Ok(ExceptionName::RtcError) => Err(report.error_with_help(
            node.position,
            "the `name` of an RTCError is OperationError",
            "tell it by its detail: `{ name: OperationError, errorDetail: … }`",
        )),
        Ok(name) => Ok(name),
        Err(_) => Err(report.unknown(node.position, "exception", text, names)),
    }
}

/// The names of exceptions that a scenario can expect.
pub(crate) fn exception_names() -> impl Iterator<Item = &'static str> {
    ExceptionName::ALL
        .iter()
        .filter(|name| **name != ExceptionName::RtcError)
        .map(|name| name.as_str())
}

pub(super) fn settle(report: &Report, scope: &mut Scope, verb: &Verb<'_>) -> Checked<Action> {
    let (promise, role, fulfilled) = scope.settle(report, verb.value)?;
    let outcome = match verb.beside("rejects") {
        Some(node) => Outcome::Rejects(exception(report, node)?),
        None => Outcome::Success,
    };
    let save = match verb.beside("as") {
        None => None,
        Some(node) if fulfilled == Type::Undefined || outcome != Outcome::Success => {
            return Err(report.error(node.position, "the promise gives nothing to name"));
        }
        Some(node) => Some(scope.set(report, node, Kind::value(fulfilled, &role))?),
    };
    Ok(Action::Settle {
        promise,
        outcome,
        save,
    })
}
