//! The script: one verb a step.

use std::time::Duration;

use glare_peer::Interface;

use super::{calls, events, expectations, negotiate, places, waits};
use crate::report::{Checked, Report, Reported, list};
use crate::resolve::{Found, Wanted};
use crate::scope::{Kind, Scope};
use crate::script::{
    Action, Clause, Completion, Edit, EditKind, FingerprintEdit, Level, LinkChange, LinkDirection,
    MediaDirection, MessageKind, PasswordEdit, Payload, Position, Send, Setup, Signalled, Step,
};
use crate::tree::{Kind as NodeKind, Node};
use crate::write;

/// The verbs, each with the keys that may stand beside it.
pub(crate) const VERBS: &[(&str, &[&str])] = &[
    ("call", &["with", "as", "start", "throws", "rejects"]),
    ("construct", &["with", "as", "throws"]),
    ("settle", &["as", "rejects"]),
    ("set", &["throws"]),
    ("send", &["throws"]),
    ("negotiate", &[]),
    ("trickle", &[]),
    ("signal", &[]),
    ("receive", &[]),
    ("wait", &[]),
    (
        "on",
        &[
            "state",
            "candidate",
            "label",
            "text",
            "binary",
            "length",
            "error",
            "as",
            "do",
        ],
    ),
    ("change", &["for"]),
    ("read", &["as"]),
    ("edit", &["as"]),
    ("mark", &[]),
    ("expect", &[]),
];

/// The keys that may stand beside any verb.
pub(crate) const BESIDE: &[&str] = &["clause", "level"];

/// The verbs that a listener's steps may have: nothing that waits.
pub(crate) const LISTENER_VERBS: &[&str] = &["call", "set", "send", "read", "mark", "expect"];

/// Reads the script.
pub(super) fn script(report: &Report, scope: &mut Scope, node: &Node) -> Checked<Vec<Step>> {
    let items = report.some_items(node, "steps")?;
    // So that using a name too early is told from one that does not exist.
    for_each_name(node, &mut |name, position| {
        scope
            .names_of_all_steps
            .entry(name.to_owned())
            .or_insert(position);
    });
    let mut steps = Vec::new();
    let mut failed = None;
    for item in items {
        match Verb::read(report, item, false).and_then(|verb| verb.steps(report, scope)) {
            Ok(more) => steps.extend(more),
            Err(reported) => {
                // What the step would have done is unknown now; later steps are not to be blamed for it.
                scope.has_lost_steps = true;
                for_each_name(item, &mut |name, _| scope.lose(name));
                failed = Some(reported);
            }
        }
    }
    failed.map_or(Ok(steps), Err)
}

/// Visits the names that steps set, and where.
fn for_each_name(node: &Node, visit: &mut impl FnMut(&str, Position)) {
    match &node.kind {
        NodeKind::Scalar(_) => {}
        NodeKind::List(items) => items.iter().for_each(|item| for_each_name(item, visit)),
        NodeKind::Map(entries) => {
            for (key, value) in entries {
                match &value.kind {
                    NodeKind::Scalar(scalar) if matches!(key.text.as_str(), "as" | "start" | "mark") => {
                        visit(&scalar.text, value.position);
                    }
                    NodeKind::Map(entries) if key.text == "as" => {
                        for (_, value) in entries {
                            if let NodeKind::Scalar(scalar) = &value.kind {
                                visit(&scalar.text, value.position);
                            }
                        }
                    }
                    _ => for_each_name(value, visit),
                }
            }
        }
    }
}

/// A step whose verb is known.
pub(super) struct Verb<'n> {
    pub node: &'n Node,
    pub name: &'static str,
    /// What the verb is given.
    pub value: &'n Node,
    /// Whether the step is one of a listener's.
    pub in_listener: bool,
    clause: Option<Clause>,
    level: Option<Level>,
}

impl<'n> Verb<'n> {
    fn read(report: &Report, node: &'n Node, in_listener: bool) -> Checked<Verb<'n>> {
        let names: Vec<&str> = VERBS.iter().map(|(verb, _)| *verb).collect();
        let entries = report.entries(node, "a step")?;
        let mut verbs = entries.iter().filter_map(|(key, value)| {
            VERBS
                .iter()
                .find(|(verb, _)| *verb == key.text)
                .map(|verb| (key, value, verb))
        });
        let Some((_, value, (name, beside))) = verbs.next() else {
            let unknown = entries
                .iter()
                .find(|(key, _)| !BESIDE.contains(&key.text.as_str()));
            return Err(match unknown {
                Some((key, _)) => report.unknown(key.position, "verb", &key.text, names),
                None => report.error(
                    node.position,
                    format!("the step has no verb; expected {}", list(&names)),
                ),
            });
        };
        if let Some((second, _, _)) = verbs.next() {
            let message = format!(
                "a step has one verb; this one is `{name}`, so `{}` is a step of its own",
                second.text
            );
            return Err(report.error(second.position, message));
        }
        let mut known: Vec<&str> = [*name].iter().chain(*beside).chain(BESIDE).copied().collect();
        if *name == "on" {
            known = events::known_keys(&known, node);
        }
        let fields = report.fields(node, "a step", &known)?;
        // A key that is wrong makes the rest of the step guesswork.
        if entries.iter().any(|(key, _)| !known.contains(&key.text.as_str())) {
            return Err(Reported);
        }
        let clause = fields.read("clause", |node| super::clause(report, node))?;
        let level = fields.read("level", |node| super::level(report, node))?;
        Ok(Verb {
            node,
            name,
            value,
            in_listener,
            clause,
            level,
        })
    }

    /// The value of a key beside the verb.
    pub fn beside(&self, key: &str) -> Option<&'n Node> {
        match &self.node.kind {
            NodeKind::Map(entries) => entries
                .iter()
                .find(|(other, _)| other.text == key)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    /// The value of a key that must stand beside the verb.
    pub fn require_beside(&self, report: &Report, key: &str) -> Checked<&'n Node> {
        self.beside(key).ok_or_else(|| {
            report.error(
                self.node.position,
                format!("`{}` needs `{key}` beside it", self.name),
            )
        })
    }

    fn steps(self, report: &Report, scope: &mut Scope) -> Checked<Vec<Step>> {
        if self.in_listener && !LISTENER_VERBS.contains(&self.name) {
            let message = format!(
                "a listener runs inside the dispatch of an event and cannot wait; `{}` is not one of {}",
                self.name,
                list(LISTENER_VERBS)
            );
            return Err(report.error(self.node.position, message));
        }
        let actions = match self.name {
            "negotiate" => negotiate::actions(report, scope, &self)?,
            _ => vec![self.action(report, scope)?],
        };
        let step = |action: Action| Step {
            position: self.node.position,
            clause: self.clause.clone(),
            level: self.level,
            text: write::text(&action),
            action,
        };
        Ok(actions.into_iter().map(step).collect())
    }

    fn action(&self, report: &Report, scope: &mut Scope) -> Checked<Action> {
        match self.name {
            "call" => calls::call(report, scope, self),
            "construct" => calls::construct(report, scope, self),
            "settle" => calls::settle(report, scope, self),
            "set" => calls::set(report, scope, self),
            "send" => send(report, scope, self),
            "trickle" => trickle(report, scope, self.value),
            "signal" => signal(report, scope, self.value),
            "receive" => receive(report, scope, self.value),
            "wait" => waits::wait(report, scope, self.value).map(Action::Wait),
            "on" => listen(report, scope, self),
            "change" => change(report, scope, self),
            "read" => read(report, scope, self),
            "edit" => edit(report, scope, self),
            "mark" => Ok(Action::Mark {
                save: scope.set(report, self.value, Kind::Mark)?,
            }),
            _ => expectations::expect(report, scope, self.value).map(Action::Expect),
        }
    }
}

/// The longest message of filler, in bytes.
const MOST_FILLER: u64 = 256 << 20;

/// The keys of `send`.
pub(crate) const SEND_KEYS: &[&str] = &["on", "text", "binary", "size", "count", "every"];

fn send(report: &Report, scope: &Scope, verb: &Verb<'_>) -> Checked<Action> {
    let fields = report.fields(verb.value, "`send`", SEND_KEYS)?;
    let (channel, _) = scope.channel(report, fields.require(report, "on")?)?;
    let (key, value) = fields.one_of(report, &["text", "binary", "size"])?;
    let payload = match key.text.as_str() {
        "text" => Payload::Text(text(report, value)?),
        "binary" => Payload::Binary(report.hexadecimal(value)?),
        _ => Payload::Filler(match report.size(value)? {
            size @ ..=MOST_FILLER => size,
            _ => return Err(report.error(value.position, "a message is of at most 256MiB")),
        }),
    };
    let count = fields.read("count", |node| {
        report.integer(node, "a number of messages", 1, 1_000_000)
    })?;
    if let (Payload::Filler(0..8), Some(2..)) = (&payload, count) {
        let message = "filler of less than 8 bytes does not tell several messages apart";
        return Err(report.error(value.position, message));
    }
    let every = fields.read("every", |node| report.duration(node))?;
    if verb.in_listener && every.is_some_and(|every| !every.is_zero()) {
        return Err(report.error(verb.node.position, "a listener cannot wait; `every` does"));
    }
    let throws = verb
        .beside("throws")
        .map(|node| calls::exception(report, node))
        .transpose()?;
    Ok(Action::Send(Send {
        channel,
        payload,
        count: count.unwrap_or(1),
        every: every.unwrap_or(Duration::ZERO),
        throws,
    }))
}

/// A string that may be empty.
pub(super) fn text(report: &Report, node: &Node) -> Checked<String> {
    match &node.kind {
        NodeKind::Scalar(scalar) if scalar.text.is_empty() && !scalar.plain => Ok(String::new()),
        _ => report.text(node, "a string").map(str::to_owned),
    }
}

/// The keys of `trickle`.
pub(crate) const TRICKLE_KEYS: &[&str] = &["from", "to"];

fn trickle(report: &Report, scope: &mut Scope, node: &Node) -> Checked<Action> {
    let fields = report.fields(node, "`trickle`", TRICKLE_KEYS)?;
    let (from, to) = scope.two_roles(
        report,
        fields.require(report, "from")?,
        fields.require(report, "to")?,
    )?;
    if scope.negotiating.contains(&(from.clone(), to.clone())) {
        let message =
            "the listeners of `negotiate: { polite, impolite }` trickle between these roles already";
        return Err(report.error(node.position, message));
    }
    if !scope.trickles.insert((from.clone(), to.clone())) {
        let message = format!("the candidates of {from:?} trickle to {to:?} already");
        return Err(report.error(node.position, message));
    }
    Ok(Action::Trickle { from, to })
}

/// The keys of `signal`.
pub(crate) const SIGNAL_KEYS: &[&str] = &["from", "to", "send"];

fn signal(report: &Report, scope: &mut Scope, node: &Node) -> Checked<Action> {
    let fields = report.fields(node, "`signal`", SIGNAL_KEYS)?;
    let (from, to) = scope.two_roles(
        report,
        fields.require(report, "from")?,
        fields.require(report, "to")?,
    )?;
    let what = fields.require(report, "send")?;
    let name = calls::reference(report, what, "a description or a candidate")?;
    let kind = match scope.find(report, what.position, name)? {
        Kind::Value { holds, .. } => holds.object(),
        _ => None,
    };
    let (send, message) = match kind {
        Some(Interface::SessionDescription) => {
            (Signalled::Description(name.to_owned()), MessageKind::Description)
        }
        Some(Interface::IceCandidate) => (Signalled::Candidate(name.to_owned()), MessageKind::Candidate),
        _ => {
            return Err(report.error(
                what.position,
                format!("{name:?} is neither a description nor a candidate"),
            ));
        }
    };
    scope.signalled.insert((from.clone(), to.clone(), message));
    Ok(Action::Signal { from, to, send })
}

/// The keys of `receive`.
pub(crate) const RECEIVE_KEYS: &[&str] = &["at", "from", "kind", "as", "within"];
/// What `receive` can await.
pub(crate) const MESSAGE_KINDS: &[&str] = &["description", "candidate"];

fn receive(report: &Report, scope: &mut Scope, node: &Node) -> Checked<Action> {
    let fields = report.fields(node, "`receive`", RECEIVE_KEYS)?;
    let (at, from) = scope.two_roles(
        report,
        fields.require(report, "at")?,
        fields.require(report, "from")?,
    )?;
    let kinds = [MessageKind::Description, MessageKind::Candidate];
    let kind = fields.read("kind", |node| {
        report.word(node, "kind of message", MESSAGE_KINDS, &kinds)
    })?;
    let kind = kind.unwrap_or(MessageKind::Description);
    let within = fields.read("within", |node| report.duration(node))?;
    let holds = match kind {
        MessageKind::Description => Kind::DESCRIPTION,
        MessageKind::Candidate => Kind::CANDIDATE,
    };
    let save = fields.read("as", |node| scope.set(report, node, holds))?;
    if scope.negotiating.contains(&(from.clone(), at.clone())) {
        let message = format!(
            "the listeners of `negotiate: {{ polite, impolite }}` take what {from:?} signals to {at:?}"
        );
        return Err(report.error(node.position, message));
    }
    if kind == MessageKind::Candidate && scope.trickles.contains(&(from.clone(), at.clone())) {
        let message = format!("`trickle` takes the candidates that {from:?} signals to {at:?}");
        return Err(report.error(node.position, message));
    }
    if !scope.signalled.contains(&(from.clone(), at.clone(), kind)) && !scope.has_lost_steps {
        let what = MESSAGE_KINDS[kind as usize];
        let message =
            format!("nothing comes here: no step before this one signals a {what} from {from:?} to {at:?}");
        return Err(report.error(node.position, message));
    }
    Ok(Action::Receive {
        at,
        from,
        kind,
        within,
        save,
    })
}

fn listen(report: &Report, scope: &mut Scope, verb: &Verb<'_>) -> Checked<Action> {
    let event = events::pattern(report, scope, verb.value, verb.node)?;
    events::refuse_after_close(report, scope, verb.value.position, &event)?;
    let save = events::carried(report, scope, verb.beside("as"), &event)?;
    let mut steps = Vec::new();
    for item in report.some_items(verb.require_beside(report, "do")?, "steps")? {
        let inner = Verb::read(report, item, true)?;
        steps.extend(inner.steps(report, scope)?);
    }
    for carried in &save {
        scope.forget(&carried.variable);
    }
    Ok(Action::Listen { event, save, steps })
}

/// The keys of `change`.
pub(crate) const CHANGE_KEYS: &[&str] = &[
    "link",
    "direction",
    "delay",
    "jitter",
    "loss",
    "rate",
    "queue",
    "reorder",
    "outage",
    "blocks",
];
/// The directions of a link.
pub(crate) const DIRECTIONS: &[&str] = &["both", "forward", "backward"];

fn change(report: &Report, scope: &Scope, verb: &Verb<'_>) -> Checked<Action> {
    let span = verb.beside("for").map(|node| report.duration(node)).transpose()?;
    if matches!(&verb.value.kind, crate::tree::Kind::Map(entries) if entries.iter().any(|(key, _)| key.text == "server"))
    {
        let (server, down) = super::servers::switched(report, scope, verb.value)?;
        return Ok(Action::Switch { server, down, span });
    }
    let fields = report.fields(verb.value, "`change`", CHANGE_KEYS)?;
    let link = fields.require(report, "link")?;
    let text = report.text(link, "a link")?;
    if !scope.links.iter().any(|link| link == text) {
        return Err(report.unknown(
            link.position,
            "link",
            text,
            scope.links.iter().map(String::as_str),
        ));
    }
    let values = [
        LinkDirection::Both,
        LinkDirection::Forward,
        LinkDirection::Backward,
    ];
    let direction = fields.read("direction", |node| {
        report.word(node, "direction", DIRECTIONS, &values)
    })?;
    let outage = fields.read("outage", |node| report.boolean(node))?;
    let change = LinkChange {
        outage,
        ..places::settings(report, verb.value)?
    };
    if change == LinkChange::default() {
        let message = format!("nothing changes; expected {}", list(&CHANGE_KEYS[2..]));
        return Err(report.error(verb.value.position, message));
    }
    let direction = direction.unwrap_or(LinkDirection::Both);
    Ok(Action::Change {
        link: text.to_owned(),
        direction,
        change,
        span,
    })
}

fn read(report: &Report, scope: &mut Scope, verb: &Verb<'_>) -> Checked<Action> {
    let text = report.text(verb.value, "an attribute such as `a.localDescription`")?;
    let save = verb.require_beside(report, "as")?;
    let (path, holds) = match scope.resolve(report, verb.value.position, text, Wanted::Values)? {
        Found::Value(path, holds) => (path, holds),
        Found::Event(..) => return Err(report.error(verb.value.position, format!("{text:?} is an event"))),
    };
    let Some(role) = path.role.clone().filter(|_| !path.members.is_empty()) else {
        let message = format!("{text:?} is a variable; it need not be read");
        return Err(report.error(verb.value.position, message));
    };
    let kind = Kind::value(holds, &role);
    Ok(Action::Read {
        path,
        save: scope.set(report, save, kind)?,
    })
}

/// The edits.
pub(crate) const EDITS: &[&str] = &[
    "fingerprint",
    "icePwd",
    "iceUfrag",
    "setup",
    "removeLine",
    "replaceLine",
    "insertLine",
    "maxMessageSize",
    "removeCandidates",
    "truncateAtLine",
    "direction",
    "reject",
    "removeCodec",
    "bundle",
    "msid",
];

/// The keys of an edit of one media description.
pub(crate) const SECTION_EDIT_KEYS: &[&str] = &["section", "is"];

fn edit(report: &Report, scope: &mut Scope, verb: &Verb<'_>) -> Checked<Action> {
    let keys: Vec<&str> = ["description"].iter().chain(EDITS).copied().collect();
    let fields = report.fields(verb.value, "`edit`", &keys)?;
    let of = fields.require(report, "description")?;
    let description = calls::reference(report, of, "a description")?.to_owned();
    scope.check(report, of.position, &description, Interface::SessionDescription)?;
    let mut edits = Vec::new();
    for (key, value) in report.entries(verb.value, "`edit`")? {
        if key.text != "description" {
            edits.push(one_edit(report, &key.text, value)?);
        }
    }
    if edits.is_empty() {
        return Err(report.error(
            verb.value.position,
            format!("nothing is edited; expected {}", list(EDITS)),
        ));
    }
    let save = scope.set(report, verb.require_beside(report, "as")?, Kind::DESCRIPTION)?;
    Ok(Action::Edit(Edit {
        description,
        edits,
        save,
    }))
}

fn one_edit(report: &Report, key: &str, node: &Node) -> Checked<EditKind> {
    let text = |node: &Node| line(report, node);
    Ok(match key {
        "fingerprint" => EditKind::Fingerprint(match text(node)?.as_str() {
            "wrong" => FingerprintEdit::Wrong,
            value => FingerprintEdit::Value(value.to_owned()),
        }),
        "icePwd" => EditKind::IcePwd(match text(node)?.as_str() {
            "wrong" => PasswordEdit::Wrong,
            value => PasswordEdit::Value(value.to_owned()),
        }),
        "iceUfrag" => EditKind::IceUfrag(text(node)?),
        "setup" => EditKind::Setup(report.word(node, "setup", Setup::NAMES, Setup::ALL)?),
        "removeLine" => EditKind::RemoveLine(text(node)?),
        "replaceLine" => {
            let fields = report.fields(node, "`replaceLine`", &["starts", "with"])?;
            EditKind::ReplaceLine {
                starts: text(fields.require(report, "starts")?)?,
                with: text(fields.require(report, "with")?)?,
            }
        }
        "insertLine" => {
            let fields = report.fields(node, "`insertLine`", &["after", "line"])?;
            EditKind::InsertLine {
                after: text(fields.require(report, "after")?)?,
                line: text(fields.require(report, "line")?)?,
            }
        }
        "maxMessageSize" => EditKind::MaxMessageSize(report.integer(node, "bytes", 0, u64::MAX)?),
        "removeCandidates" => match report.boolean(node)? {
            true => EditKind::RemoveCandidates,
            false => return Err(report.error(node.position, "only `removeCandidates: true` edits something")),
        },
        "direction" => {
            let (section, is) = section_edit(report, node)?;
            let direction = report.word(is, "direction", MediaDirection::NAMES, MediaDirection::ALL)?;
            EditKind::Direction(section, direction)
        }
        "reject" => EditKind::Reject(section(report, node)?),
        "removeCodec" => {
            let (section, is) = section_edit(report, node)?;
            EditKind::RemoveCodec(section, report.text(is, "the name of a codec")?.to_owned())
        }
        "bundle" => EditKind::Bundle(
            report
                .items(node, "mids")?
                .iter()
                .map(|item| line(report, item))
                .collect::<Checked<_>>()?,
        ),
        "msid" => {
            let (section, is) = section_edit(report, node)?;
            match &is.kind {
                NodeKind::Scalar(scalar) if scalar.is_null() => EditKind::Msid(section, None),
                _ => EditKind::Msid(section, Some(line(report, is)?)),
            }
        }
        _ => EditKind::TruncateAtLine(report.integer(node, "a line", 1, u64::from(u32::MAX))?),
    })
}

fn section(report: &Report, node: &Node) -> Checked<u32> {
    report.integer(node, "the index of a media description", 0, u64::from(u16::MAX))
}

fn section_edit<'n>(report: &Report, node: &'n Node) -> Checked<(u32, &'n Node)> {
    let fields = report.fields(node, "an edit of a media description", SECTION_EDIT_KEYS)?;
    let section = section(report, fields.require(report, "section")?)?;
    Ok((section, fields.require(report, "is")?))
}

fn line(report: &Report, node: &Node) -> Checked<String> {
    let text = report.text(node, "a string")?;
    match text.contains(['\r', '\n']) {
        true => Err(report.error(node.position, "expected one line, without its end")),
        false => Ok(text.to_owned()),
    }
}

/// Where a step stands after its call: whether the script waited for it there.
pub(super) fn note_close(scope: &mut Scope, position: Position, role: &str, completion: &Completion) {
    if matches!(completion, Completion::Await(crate::script::Outcome::Success)) {
        scope.closed.entry(role.to_owned()).or_insert(position);
    }
}
