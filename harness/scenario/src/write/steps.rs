//! The script.

use glare_peer::DataChannelInit;

use super::change;
use super::expectations::{attributes, conditions, detail, event_path, expectation, path};
use super::yaml::{Map, Yaml, duration, hexadecimal, map, variable};
use crate::quantity::write_size;
use crate::script::{
    Action, Call, CandidateArgument, Completion, DescriptionArgument, EditKind, ExceptionPattern,
    FingerprintEdit, LinkDirection, MessageKind, Method, Outcome, PasswordEdit, Payload, Signalled, Step,
    Template, Wait,
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
            .with_some("as", name(save))
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
        Action::Read { subject, save } => map("read", Yaml::text(attributes(subject)))
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
    if let Method::SetBufferedAmountLowThreshold(bytes) = call.method {
        let attribute = format!("{}.{}", call.target, call.method.name());
        let set = map("set", map(&attribute, Yaml::word(bytes)).yaml());
        return match &call.completion {
            Completion::Await(outcome) => set.and(self::outcome(outcome)).yaml(),
            Completion::Start(_) => set.yaml(),
        };
    }
    let completion = match &call.completion {
        Completion::Await(outcome) => self::outcome(outcome),
        Completion::Start(name) => Map::default().with_some("start", name.as_ref().map(Yaml::text)),
    };
    map(
        "call",
        Yaml::text(format!("{}.{}", call.target, call.method.name())),
    )
    .with_some("with", arguments(&call.method))
    .and(completion)
    .with_some("as", call.save.as_ref().map(Yaml::text))
    .yaml()
}

pub(super) fn arguments(method: &Method) -> Option<Yaml> {
    match method {
        Method::CreateOffer { ice_restart } => {
            ice_restart.then(|| map("iceRestart", Yaml::word(true)).yaml())
        }
        Method::SetLocalDescription(argument) | Method::SetRemoteDescription(argument) => match argument {
            DescriptionArgument::Nothing => None,
            DescriptionArgument::Variable(name) => Some(variable(name)),
            DescriptionArgument::Init { sdp_type, sdp } => Some(
                Map::default()
                    .with_some("type", sdp_type.map(|kind| Yaml::word(kind.as_str())))
                    .with_some("sdp", sdp.as_ref().map(template))
                    .yaml(),
            ),
        },
        Method::AddIceCandidate(argument) => match argument {
            CandidateArgument::Nothing => None,
            CandidateArgument::Variable(name) => Some(variable(name)),
            CandidateArgument::Init {
                candidate,
                sdp_mid,
                sdp_m_line_index,
                username_fragment,
            } => Some(
                Map::default()
                    .with_some("candidate", candidate.as_ref().map(template))
                    .with_some("sdpMid", sdp_mid.as_ref().map(template))
                    .with_some(
                        "sdpMLineIndex",
                        sdp_m_line_index.as_ref().map(|index| match index {
                            Template::Literal(index) => Yaml::word(index),
                            Template::Variable(path) => variable(&self::path(path)),
                        }),
                    )
                    .with_some("usernameFragment", username_fragment.as_ref().map(template))
                    .yaml(),
            ),
        },
        Method::CreateDataChannel { label, init } => Some(channel(label, init)),
        Method::CreateAnswer
        | Method::RestartIce
        | Method::Close
        | Method::SetBufferedAmountLowThreshold(_) => None,
    }
}

pub(super) fn template(value: &Template<String>) -> Yaml {
    match value {
        Template::Literal(text) => Yaml::text(text),
        Template::Variable(path) => variable(&self::path(path)),
    }
}

pub(super) fn channel(label: &str, init: &DataChannelInit) -> Yaml {
    map("label", Yaml::text(label))
        .with_some("ordered", (!init.ordered).then(|| Yaml::word(false)))
        .with_some("maxPacketLifeTime", init.max_packet_life_time.map(Yaml::word))
        .with_some("maxRetransmits", init.max_retransmits.map(Yaml::word))
        .with_some(
            "protocol",
            (!init.protocol.is_empty()).then(|| Yaml::text(&init.protocol)),
        )
        .with_some("negotiated", init.negotiated.then(|| Yaml::word(true)))
        .with_some("id", init.id.map(Yaml::word))
        .yaml()
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
    let name = |name: &Option<String>| name.as_ref().map(Yaml::text);
    match wait {
        Wait::For {
            conditions,
            within,
            save,
        } => map("for", self::conditions(conditions))
            .with_some("within", within.map(duration))
            .with_some("as", name(save))
            .yaml(),
        Wait::Event { event, within, save } => map("event", event_path(event))
            .and(detail(event))
            .with_some("within", within.map(duration))
            .with_some("as", name(save))
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
    }
}
