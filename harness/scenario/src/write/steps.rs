//! The script.

use glare_peer::Interface;
use glare_peer::interface::{Argument, Type};

use super::change;
use super::expectations::{carried, conditions, detail, event_path, expectation};
use super::yaml::{Map, Yaml, duration, hexadecimal, map, variable};
use crate::quantity::write_size;
use crate::script::{
    Action, Call, Completion, EditKind, ExceptionPattern, FingerprintEdit, LinkDirection, Member,
    MessageKind, Outcome, PasswordEdit, Payload, Signalled, Step, Template, Wait,
};

pub(super) fn step(step: &Step) -> Yaml {
    let Yaml::Map(entries) = action(&step.action) else {
        return Yaml::Map(Vec::new());
    };
    Map(entries)
        .with_some(
            "clause",
            step.clause.as_ref().map(|clause| Yaml::text(clause.as_str())),
        )
        .with_some("level", step.level.map(|level| Yaml::word(level.as_str())))
        .yaml()
}

pub(super) fn action(action: &Action) -> Yaml {
    let name = |name: &Option<String>| name.as_ref().map(Yaml::text);
    match action {
        Action::Call(call) => self::call(call),
        Action::Settle {
            promise,
            outcome,
            save,
        } => map("settle", Yaml::text(promise))
            .and(self::outcome(outcome))
            .with_some("as", name(save))
            .yaml(),
        Action::Send(send) => {
            let payload = match &send.payload {
                Payload::Text(text) => map("text", Yaml::text(text)),
                Payload::Binary(bytes) => map("binary", hexadecimal(bytes)),
                Payload::Filler(size) => map("size", Yaml::word(write_size(*size))),
            };
            let what = map("on", Yaml::text(&send.channel))
                .and(payload)
                .with_some("count", (send.count > 1).then(|| Yaml::word(send.count)))
                .with_some("every", (!send.every.is_zero()).then(|| duration(send.every)));
            map("send", what.yaml())
                .with_some("throws", send.throws.as_ref().map(exception))
                .yaml()
        }
        Action::Trickle { from, to } => map(
            "trickle",
            map("from", Yaml::text(from)).with("to", Yaml::text(to)).yaml(),
        )
        .yaml(),
        Action::PerfectNegotiation { polite, impolite } => map(
            "negotiate",
            map("polite", Yaml::text(polite))
                .with("impolite", Yaml::text(impolite))
                .yaml(),
        )
        .yaml(),
        Action::Signal { from, to, send } => {
            let (Signalled::Description(what) | Signalled::Candidate(what)) = send;
            let ends = map("from", Yaml::text(from)).with("to", Yaml::text(to));
            map("signal", ends.with("send", variable(what)).yaml()).yaml()
        }
        Action::Receive {
            at,
            from,
            kind,
            within,
            save,
        } => {
            let candidate = (*kind == MessageKind::Candidate).then(|| Yaml::word("candidate"));
            let what = map("at", Yaml::text(at))
                .with("from", Yaml::text(from))
                .with_some("kind", candidate)
                .with_some("as", name(save))
                .with_some("within", within.map(duration));
            map("receive", what.yaml()).yaml()
        }
        Action::Wait(wait) => map("wait", self::wait(wait)).yaml(),
        Action::Listen { event, save, steps } => map("on", event_path(event))
            .and(detail(event))
            .with_some("as", carried(save))
            .with("do", Yaml::List(steps.iter().map(step).collect()))
            .yaml(),
        Action::Change {
            link,
            direction,
            change,
            span,
        } => {
            let direction = match direction {
                LinkDirection::Both => None,
                LinkDirection::Forward => Some(Yaml::word("forward")),
                LinkDirection::Backward => Some(Yaml::word("backward")),
            };
            let what = map("link", Yaml::text(link))
                .with_some("direction", direction)
                .and(self::change(change));
            map("change", what.yaml())
                .with_some("for", span.map(duration))
                .yaml()
        }
        Action::Switch { server, down, span } => {
            let what = map("server", Yaml::text(server)).with("down", Yaml::word(down));
            map("change", what.yaml())
                .with_some("for", span.map(duration))
                .yaml()
        }
        Action::Read { path, save } => map("read", Yaml::text(path.to_string()))
            .with("as", Yaml::text(save))
            .yaml(),
        Action::Edit(edit) => {
            let edits = edit
                .edits
                .iter()
                .fold(map("description", variable(&edit.description)), one_edit);
            map("edit", edits.yaml())
                .with("as", Yaml::text(&edit.save))
                .yaml()
        }
        Action::Mark { save } => map("mark", Yaml::text(save)).yaml(),
        Action::Expect(expectations) => {
            let all = expectations
                .iter()
                .fold(Map::default(), |all, one| all.and(expectation(&one.value)));
            map("expect", all.yaml()).yaml()
        }
    }
}

pub(super) fn call(call: &Call) -> Yaml {
    let completion = match &call.completion {
        Completion::Await(outcome) => self::outcome(outcome),
        Completion::Start(name) => Map::default().with_some("start", name.as_ref().map(Yaml::text)),
    };
    let name = call.member.name();
    let (verb, path) = match call.member {
        Member::Setter(_) => {
            let value = call.arguments.first().map(|given| template(&given.value));
            let attribute = format!("{}.{name}", call.target);
            let set = map(&attribute, value.unwrap_or_else(|| Yaml::word("null")));
            return map("set", set.yaml()).and(completion).yaml();
        }
        Member::Constructor(_) => ("construct", format!("{}.{name}", call.target)),
        Member::Method(method) if method.is_static => (
            "call",
            format!("{}.{}.{name}", call.target, call.interface.name()),
        ),
        _ if call.interface == Interface::MediaDevices => {
            ("call", format!("{}.mediaDevices.{name}", call.target))
        }
        _ => ("call", format!("{}.{name}", call.target)),
    };
    map(verb, Yaml::text(path))
        .with_some("with", arguments(call))
        .and(completion)
        .with_some("as", call.save.as_ref().map(Yaml::text))
        .yaml()
}

/// The arguments as they are given: the members of a dictionary that is the last one beside the others.
fn arguments(call: &Call) -> Option<Yaml> {
    let all: &[Argument] = match call.member {
        Member::Method(method) => method.arguments,
        Member::Constructor(interface) => {
            (interface.table().constructor.as_ref()).map_or(&[], |constructor| constructor.arguments)
        }
        Member::Promise(_) | Member::Setter(_) => &[],
    };
    let trailing = all
        .last()
        .filter(|last| matches!(last.holds, Type::Dictionary(_)))
        .map(|last| last.name);
    if all.len() == 1 && trailing.is_some() {
        return call.arguments.first().map(|given| template(&given.value));
    }
    let mut with = Map::default();
    for given in &call.arguments {
        match &given.value {
            Template::Dictionary(members) if trailing == Some(given.name) => {
                with.0.extend(
                    members
                        .iter()
                        .map(|(name, value)| (name.clone(), template(value))),
                );
            }
            value => with.0.push((given.name.to_owned(), template(value))),
        }
    }
    (!with.0.is_empty()).then(|| with.yaml())
}

pub(super) fn template(value: &Template) -> Yaml {
    match value {
        Template::Null => Yaml::word("null"),
        Template::Boolean(value) => Yaml::word(value),
        Template::Number(value) => Yaml::word(value),
        Template::Text(text) => Yaml::text(text),
        Template::List(items) => Yaml::List(items.iter().map(template).collect()),
        Template::Dictionary(members) => Yaml::Map(
            members
                .iter()
                .map(|(name, value)| (name.clone(), template(value)))
                .collect(),
        ),
        Template::Path(path) => variable(&path.to_string()),
        Template::Changed { from, set } => {
            let set = set.iter().map(|(way, value)| (way.join("."), template(value)));
            map("from", variable(&from.to_string()))
                .with("set", Yaml::Map(set.collect()))
                .yaml()
        }
    }
}

pub(super) fn outcome(outcome: &Outcome) -> Map {
    match outcome {
        Outcome::Success => Map::default(),
        Outcome::Throws(pattern) => map("throws", exception(pattern)),
        Outcome::Rejects(pattern) => map("rejects", exception(pattern)),
    }
}

pub(super) fn exception(pattern: &ExceptionPattern) -> Yaml {
    let name = match pattern.names.as_slice() {
        [name] => Yaml::word(name.as_str()),
        names => map("in", Yaml::texts(names.iter().map(|name| name.as_str()))).yaml(),
    };
    match (&name, pattern.error_detail, pattern.sdp_line_number) {
        (Yaml::Word(_), None, None) => name,
        (_, detail, line) => map("name", name)
            .with_some("errorDetail", detail.map(|detail| Yaml::word(detail.as_str())))
            .with_some("sdpLineNumber", line.map(Yaml::word))
            .yaml(),
    }
}

pub(super) fn wait(wait: &Wait) -> Yaml {
    match wait {
        Wait::For {
            conditions,
            within,
            save,
        } => map("for", self::conditions(conditions))
            .with_some("within", within.map(duration))
            .with_some("as", carried(save))
            .yaml(),
        Wait::Event { event, within, save } => map("event", event_path(event))
            .and(detail(event))
            .with_some("within", within.map(duration))
            .with_some("as", carried(save))
            .yaml(),
        Wait::Received {
            channel,
            count,
            within,
        } => {
            let what = map("on", Yaml::text(channel))
                .with("count", Yaml::word(count))
                .yaml();
            map("received", what)
                .with_some("within", within.map(duration))
                .yaml()
        }
        Wait::ReceivedAll {
            channel,
            sent,
            within,
        } => {
            let what = map("on", Yaml::text(channel))
                .with("all", Yaml::text(sent))
                .yaml();
            map("received", what)
                .with_some("within", within.map(duration))
                .yaml()
        }
        Wait::Time(time) => duration(*time),
    }
}

pub(super) fn one_edit(edits: Map, edit: &EditKind) -> Map {
    match edit {
        EditKind::Fingerprint(FingerprintEdit::Wrong) => edits.with("fingerprint", Yaml::word("wrong")),
        EditKind::Fingerprint(FingerprintEdit::Value(value)) => edits.with("fingerprint", Yaml::text(value)),
        EditKind::IcePwd(PasswordEdit::Wrong) => edits.with("icePwd", Yaml::word("wrong")),
        EditKind::IcePwd(PasswordEdit::Value(value)) => edits.with("icePwd", Yaml::text(value)),
        EditKind::IceUfrag(value) => edits.with("iceUfrag", Yaml::text(value)),
        EditKind::Setup(setup) => edits.with("setup", Yaml::word(setup.as_str())),
        EditKind::RemoveLine(starts) => edits.with("removeLine", Yaml::text(starts)),
        EditKind::ReplaceLine { starts, with } => {
            let what = map("starts", Yaml::text(starts))
                .with("with", Yaml::text(with))
                .yaml();
            edits.with("replaceLine", what)
        }
        EditKind::InsertLine { after, line } => {
            let what = map("after", Yaml::text(after))
                .with("line", Yaml::text(line))
                .yaml();
            edits.with("insertLine", what)
        }
        EditKind::MaxMessageSize(bytes) => edits.with("maxMessageSize", Yaml::word(bytes)),
        EditKind::RemoveCandidates => edits.with("removeCandidates", Yaml::word(true)),
        EditKind::TruncateAtLine(line) => edits.with("truncateAtLine", Yaml::word(line)),
        EditKind::Direction(section, direction) => {
            edits.with("direction", in_section(*section, Yaml::word(direction.as_str())))
        }
        EditKind::Reject(section) => edits.with("reject", Yaml::word(section)),
        EditKind::RemoveCodec(section, name) => {
            edits.with("removeCodec", in_section(*section, Yaml::text(name)))
        }
        EditKind::Bundle(mids) => edits.with("bundle", Yaml::texts(mids.iter().map(String::as_str))),
        EditKind::Msid(section, msid) => {
            let msid = msid.as_ref().map_or_else(|| Yaml::word("null"), Yaml::text);
            edits.with("msid", in_section(*section, msid))
        }
    }
}

fn in_section(section: u32, is: Yaml) -> Yaml {
    map("section", Yaml::word(section)).with("is", is).yaml()
}
