//! Calls, what they are given, and how they come out.

use std::str::FromStr;

use glare_peer::{DataChannelInit, ExceptionName, RtcErrorDetail, SdpType};

use super::steps::{Verb, note_close, text};
use crate::fields::Fields;
use crate::report::{Checked, Report};
use crate::scope::{Kind, Scope};
use crate::script::{
    Action, Call, CandidateArgument, Completion, DescriptionArgument, ExceptionPattern, Method, Outcome,
    Target, Template,
};
use crate::tree::{Kind as NodeKind, Node};

/// The keys of `createDataChannel`.
pub(crate) const CHANNEL_KEYS: &[&str] = &[
    "label",
    "ordered",
    "maxPacketLifeTime",
    "maxRetransmits",
    "protocol",
    "negotiated",
    "id",
];
/// The keys of a description.
pub(crate) const DESCRIPTION_KEYS: &[&str] = &["type", "sdp"];
/// The keys of a candidate.
pub(crate) const CANDIDATE_KEYS: &[&str] = &["candidate", "sdpMid", "sdpMLineIndex", "usernameFragment"];
/// The keys of an exception.
pub(crate) const EXCEPTION_KEYS: &[&str] = &["name", "errorDetail", "sdpLineNumber"];

pub(super) fn call(report: &Report, scope: &mut Scope, verb: &Verb<'_>) -> Checked<Action> {
    let path = report.text(verb.value, "a method such as `a.createOffer`")?;
    let Some((root, name)) = path.rsplit_once('.') else {
        let message = format!("{path:?} names no method; expected one such as `a.createOffer`");
        return Err(report.error(verb.value.position, message));
    };
    let target = match scope.roles.iter().any(|role| role == root) {
        true => Target::Peer(root.to_owned()),
        false => {
            let missing = scope.is_free(root);
            match missing {
                true => {
                    let roles = scope.roles.iter().map(String::as_str);
                    return Err(report.unknown(verb.value.position, "role or variable", root, roles));
                }
                false => match scope.find(report, verb.value.position, root)? {
                    Kind::Channel { role } => Target::Channel {
                        variable: root.to_owned(),
                        role: role.clone(),
                    },
                    _ => {
                        let message =
                            format!("{root:?} is neither a role nor a data channel; it has no methods");
                        return Err(report.error(verb.value.position, message));
                    }
                },
            }
        }
    };
    let method = method(report, scope, verb, &target, name)?;
    let completion = completion(report, scope, verb, &target, &method)?;
    let save = match verb.beside("as") {
        None => None,
        Some(node) => {
            let kind = fulfilled(&method, &target)
                .filter(|_| completion == Completion::Await(Outcome::Success))
                .ok_or_else(|| report.error(node.position, nothing_to_name(&method, &completion)))?;
            Some(scope.set(report, node, kind)?)
        }
    };
    if let (Method::Close, Target::Peer(role), false) = (&method, &target, verb.in_listener) {
        note_close(scope, verb.node.position, role, &completion);
    }
    Ok(Action::Call(Call {
        target,
        method,
        completion,
        save,
    }))
}

/// What a call gives that can be named.
fn fulfilled(method: &Method, target: &Target) -> Option<Kind> {
    match method {
        Method::CreateOffer { .. } | Method::CreateAnswer => Some(Kind::Description),
        Method::CreateDataChannel { .. } => Some(Kind::Channel {
            role: target.role().to_owned(),
        }),
        _ => None,
    }
}

fn nothing_to_name(method: &Method, completion: &Completion) -> String {
    let name = method.name();
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
    method: &Method,
) -> Checked<Completion> {
    let throws = verb.beside("throws");
    let rejects = verb.beside("rejects");
    let name = method.name();
    if let Some(node) = rejects.filter(|_| !method.returns_promise()) {
        let message = format!("`{name}` returns no promise to be rejected");
        return Err(report.error_with_help(node.position, message, "use `throws`"));
    }
    if let Some(node) = throws.filter(|_| method.returns_promise()) {
        let message = format!("`{name}` returns a promise and does not throw");
        return Err(report.error_with_help(node.position, message, "use `rejects`"));
    }
    if let Some(node) = verb.beside("start") {
        if !method.returns_promise() {
            return Err(report.error(node.position, format!("`{name}` returns no promise to name")));
        }
        if let Some(node) = rejects {
            let message = "say at `settle` how the promise settles";
            return Err(report.error(node.position, message));
        }
        let role = target.role().to_owned();
        let fulfilled = fulfilled(method, target).map(Box::new);
        let promise = scope.set(
            report,
            node,
            Kind::Promise {
                role,
                fulfilled,
                settled: false,
            },
        )?;
        return Ok(Completion::Start(Some(promise)));
    }
    if verb.in_listener && method.returns_promise() {
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

fn method(report: &Report, scope: &Scope, verb: &Verb<'_>, target: &Target, name: &str) -> Checked<Method> {
    let (interface, known) = match target {
        Target::Channel { .. } => ("RTCDataChannel", Method::OF_CHANNELS),
        _ => ("RTCPeerConnection", Method::OF_PEERS),
    };
    if !known.contains(&name) {
        if name == "send" && matches!(target, Target::Channel { .. }) {
            let help = format!("`{{ send: {{ on: {target}, text: … }} }}`");
            return Err(report.error_with_help(verb.value.position, "`send` is a verb of its own", help));
        }
        let what = format!("method of {interface}");
        return Err(report.unknown(verb.value.position, &what, name, known.iter().copied()));
    }
    let with = verb.beside("with");
    let method = match name {
        "createOffer" => {
            let fields = with
                .map(|node| report.fields(node, "`createOffer`", &["iceRestart"]))
                .transpose()?;
            let restart = fields
                .map(|fields| fields.read("iceRestart", |node| report.boolean(node)))
                .transpose()?;
            return Ok(Method::CreateOffer {
                ice_restart: restart.flatten().unwrap_or(false),
            });
        }
        "setLocalDescription" => return Ok(Method::SetLocalDescription(description(report, scope, with)?)),
        "setRemoteDescription" => {
            let node = verb.require_beside(report, "with")?;
            let argument = description(report, scope, Some(node))?;
            if let DescriptionArgument::Init { sdp_type: None, .. } = argument {
                return Err(report.error(node.position, "`setRemoteDescription` needs a `type`"));
            }
            return Ok(Method::SetRemoteDescription(argument));
        }
        "addIceCandidate" => return Ok(Method::AddIceCandidate(candidate(report, scope, with)?)),
        "createDataChannel" => return channel(report, verb.require_beside(report, "with")?),
        "createAnswer" => Method::CreateAnswer,
        "restartIce" => Method::RestartIce,
        _ => Method::Close,
    };
    match with {
        Some(node) => Err(report.error(node.position, format!("`{name}` has no arguments"))),
        None => Ok(method),
    }
}

/// The name in a `${name}`.
pub(super) fn reference<'n>(report: &Report, node: &'n Node, what: &str) -> Checked<&'n str> {
    Scope::reference(node).ok_or_else(|| report.expected(node, &format!("{what} in a variable, `${{name}}`")))
}

fn description(report: &Report, scope: &Scope, node: Option<&Node>) -> Checked<DescriptionArgument> {
    let Some(node) = node else {
        return Ok(DescriptionArgument::Nothing);
    };
    if let NodeKind::Scalar(_) = node.kind {
        let name = reference(report, node, "a description")?;
        scope.check(report, node.position, name, &Kind::Description)?;
        return Ok(DescriptionArgument::Variable(name.to_owned()));
    }
    let fields = report.fields(node, "a description", DESCRIPTION_KEYS)?;
    Ok(DescriptionArgument::Init {
        sdp_type: fields.read("type", |node| {
            report.enumeration::<SdpType>(node, "RTCSdpType", SdpType::NAMES)
        })?,
        sdp: string(report, scope, fields, "sdp")?,
    })
}

fn candidate(report: &Report, scope: &Scope, node: Option<&Node>) -> Checked<CandidateArgument> {
    let Some(node) = node else {
        return Ok(CandidateArgument::Nothing);
    };
    if let NodeKind::Scalar(_) = node.kind {
        let name = reference(report, node, "a candidate")?;
        scope.check(report, node.position, name, &Kind::Candidate)?;
        return Ok(CandidateArgument::Variable(name.to_owned()));
    }
    let fields = report.fields(node, "a candidate", CANDIDATE_KEYS)?;
    let index = |node: &Node| match Scope::reference(node) {
        Some(name) => Ok(Template::Variable(scope.path(report, node.position, name)?.0)),
        None => report
            .integer(node, "an index", 0, u64::from(u16::MAX))
            .map(Template::Literal),
    };
    Ok(CandidateArgument::Init {
        candidate: string(report, scope, fields, "candidate")?,
        sdp_mid: string(report, scope, fields, "sdpMid")?,
        sdp_m_line_index: fields.read("sdpMLineIndex", index)?,
        username_fragment: string(report, scope, fields, "usernameFragment")?,
    })
}

/// A string, or a variable that holds one.
fn string(
    report: &Report,
    scope: &Scope,
    fields: Fields<'_>,
    key: &str,
) -> Checked<Option<Template<String>>> {
    fields.read(key, |node| match Scope::reference(node) {
        Some(name) => match scope.path(report, node.position, name)? {
            (path, Kind::Value) => Ok(Template::Variable(path)),
            _ => Err(report.error(
                node.position,
                format!("{name:?} is no string; expected one, or a field"),
            )),
        },
        None => text(report, node).map(Template::Literal),
    })
}

fn channel(report: &Report, node: &Node) -> Checked<Method> {
    let fields = report.fields(node, "`createDataChannel`", CHANNEL_KEYS)?;
    let label = text(report, fields.require(report, "label")?)?;
    let default = DataChannelInit::default();
    let short = |key: &str, what: &str| fields.read(key, |node| report.integer(node, what, 0, 65_535));
    let init = DataChannelInit {
        ordered: fields
            .read("ordered", |node| report.boolean(node))?
            .unwrap_or(default.ordered),
        max_packet_life_time: short("maxPacketLifeTime", "milliseconds")?,
        max_retransmits: short("maxRetransmits", "a number of retransmissions")?,
        protocol: fields
            .read("protocol", |node| text(report, node))?
            .unwrap_or(default.protocol),
        negotiated: fields
            .read("negotiated", |node| report.boolean(node))?
            .unwrap_or(default.negotiated),
        id: short("id", "an id")?,
    };
    Ok(Method::CreateDataChannel { label, init })
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
    let (promise, fulfilled) = scope.settle(report, verb.value)?;
    let outcome = match verb.beside("rejects") {
        Some(node) => Outcome::Rejects(exception(report, node)?),
        None => Outcome::Success,
    };
    let save = match verb.beside("as") {
        None => None,
        Some(node) => {
            let kind = fulfilled.filter(|_| outcome == Outcome::Success);
            let kind =
                kind.ok_or_else(|| report.error(node.position, "the promise gives nothing to name"))?;
            Some(scope.set(report, node, kind)?)
        }
    };
    Ok(Action::Settle {
        promise,
        outcome,
        save,
    })
}

/// The attributes that can be set.
pub(crate) const SETTABLE: &str = "bufferedAmountLowThreshold";

pub(super) fn set(report: &Report, scope: &Scope, verb: &Verb<'_>) -> Checked<Action> {
    let entries = report.entries(verb.value, "`set`")?;
    let [(key, value)] = entries else {
        return Err(report.error(verb.value.position, "`set` sets one attribute"));
    };
    let Some((variable, attribute)) = key.text.rsplit_once('.') else {
        let message = format!(
            "{:?} names no attribute; expected one such as `chat.{SETTABLE}`",
            key.text
        );
        return Err(report.error(key.position, message));
    };
    let role = match scope.find(report, key.position, variable)? {
        Kind::Channel { role } => role.clone(),
        _ => return Err(report.error(key.position, format!("{variable:?} is no data channel"))),
    };
    if attribute != SETTABLE {
        return Err(report.unknown(key.position, "attribute that can be set", attribute, [SETTABLE]));
    }
    let threshold = report.integer(value, "bytes", 0, u64::from(u32::MAX))?;
    let outcome = match verb.beside("throws") {
        Some(node) => Outcome::Throws(exception(report, node)?),
        None => Outcome::Success,
    };
    Ok(Action::Call(Call {
        target: Target::Channel {
            variable: variable.to_owned(),
            role,
        },
        method: Method::SetBufferedAmountLowThreshold(threshold),
        completion: Completion::Await(outcome),
        save: None,
    }))
}
