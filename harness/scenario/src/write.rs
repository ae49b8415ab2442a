//! A scenario back as YAML: one cell, resolved, with every default written out and every macro as the steps it came to.

use std::fmt::Write as _;
use std::time::Duration;

use glare_peer::{Configuration, DataChannelInit};

use crate::quantity::{write_duration, write_rate, write_share, write_size};
use crate::script::*;

/// Writes a scenario so that it loads again to an equal one.
pub fn to_yaml(scenario: &Scenario) -> String {
    let mut out = String::new();
    let mut top = |key: &str, value: Yaml| {
        // A list of mappings has a line for each, as people write it.
        match value {
            Yaml::List(items) if items.iter().any(|item| matches!(item, Yaml::Map(_))) => {
                let _ = writeln!(out, "{key}:");
                for item in items {
                    let _ = writeln!(out, "  - {item}");
                }
            }
            value => {
                let _ = writeln!(out, "{key}: {value}");
            }
        }
    };
    top("scenario", Yaml::text(&scenario.title));
    top(
        "spec",
        Yaml::List(
            scenario
                .spec
                .iter()
                .map(|clause| Yaml::text(clause.as_str()))
                .collect(),
        ),
    );
    top("level", Yaml::word(scenario.level.as_str()));
    if !scenario.requires.is_empty() {
        top(
            "requires",
            Yaml::List(scenario.requires.iter().map(Yaml::text).collect()),
        );
    }
    let peers = scenario
        .peers
        .iter()
        .map(|peer| (peer.role.clone(), configuration(&peer.configuration)));
    top("peers", Yaml::Map(peers.collect()));
    top(
        "hosts",
        Yaml::Map(
            scenario
                .hosts
                .iter()
                .map(|plan| (plan.name.clone(), host(plan)))
                .collect(),
        ),
    );
    top("links", Yaml::List(scenario.links.iter().map(link).collect()));
    top(
        "signalling",
        Yaml::List(scenario.signalling.iter().map(signalling).collect()),
    );
    if !scenario.faults.is_empty() {
        top("faults", Yaml::List(scenario.faults.iter().map(fault).collect()));
    }
    top("limit", duration(scenario.limit));
    top("script", Yaml::List(scenario.script.iter().map(step).collect()));
    out
}

/// A step for people: as it is written, without the braces.
pub(crate) fn text(action: &Action) -> String {
    let text = self::action(action).to_string();
    text.trim_start_matches("{ ").trim_end_matches(" }").to_owned()
}

/// A value of YAML in flow style.
enum Yaml {
    /// Written as it is.
    Word(String),
    /// Written with quotes where it would not read back as the same string.
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    fn word(word: impl ToString) -> Yaml {
        Yaml::Word(word.to_string())
    }

    fn text(text: impl Into<String>) -> Yaml {
        Yaml::Text(text.into())
    }

    fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Yaml {
        Yaml::List(texts.into_iter().map(Yaml::text).collect())
    }
}

impl std::fmt::Display for Yaml {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Yaml::Word(word) => f.write_str(word),
            Yaml::Text(text) if is_plain(text) => f.write_str(text),
            // JSON's strings are YAML's double-quoted ones.
            Yaml::Text(text) => write!(f, "{}", serde_json::Value::from(text.as_str())),
            Yaml::List(items) if items.is_empty() => f.write_str("[]"),
            Yaml::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { ", " })?;
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Yaml::Map(entries) if entries.is_empty() => f.write_str("{}"),
            Yaml::Map(entries) => {
                for (index, (key, value)) in entries.iter().enumerate() {
                    f.write_str(if index == 0 { "{ " } else { ", " })?;
                    write!(f, "{key}: {value}")?;
                }
                f.write_str(" }")
            }
        }
    }
}

/// Whether a string reads back as itself without quotes, anywhere.
fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let safe = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '/' | '=')
    };
    let special = ["true", "false", "null"].contains(&text.to_lowercase().as_str());
    begins && !special && text.chars().all(safe)
}

/// A mapping that is being put together.
#[derive(Default)]
struct Map(Vec<(String, Yaml)>);

impl Map {
    fn with(mut self, key: &str, value: Yaml) -> Map {
        self.0.push((key.to_owned(), value));
        self
    }

    fn with_some(self, key: &str, value: Option<Yaml>) -> Map {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    fn and(mut self, more: Map) -> Map {
        self.0.extend(more.0);
        self
    }

    fn yaml(self) -> Yaml {
        Yaml::Map(self.0)
    }
}

fn map(key: &str, value: Yaml) -> Map {
    Map::default().with(key, value)
}

fn duration(duration: Duration) -> Yaml {
    Yaml::word(write_duration(duration))
}

fn variable(name: &str) -> Yaml {
    Yaml::text(format!("${{{name}}}"))
}

fn path(path: &VariablePath) -> String {
    match path.field {
        Some(field) => format!("{}.{}", path.name, field.as_str()),
        None => path.name.clone(),
    }
}

fn configuration(configuration: &Configuration) -> Yaml {
    let default = Configuration::default();
    let servers = configuration.ice_servers.iter().map(|server| {
        map("urls", Yaml::texts(server.urls.iter().map(String::as_str)))
            .with_some("username", server.username.as_ref().map(Yaml::text))
            .with_some("credential", server.credential.as_ref().map(Yaml::text))
            .yaml()
    });
    let servers: Vec<Yaml> = servers.collect();
    let mut members =
        Map::default().with_some("iceServers", (!servers.is_empty()).then_some(Yaml::List(servers)));
    let changed = |is: &str, was: &str| (is != was).then(|| Yaml::text(is));
    let c = configuration;
    members = members
        .with_some(
            "iceTransportPolicy",
            changed(
                c.ice_transport_policy.as_str(),
                default.ice_transport_policy.as_str(),
            ),
        )
        .with_some(
            "bundlePolicy",
            changed(c.bundle_policy.as_str(), default.bundle_policy.as_str()),
        )
        .with_some(
            "rtcpMuxPolicy",
            changed(c.rtcp_mux_policy.as_str(), default.rtcp_mux_policy.as_str()),
        )
        .with_some(
            "iceCandidatePoolSize",
            (c.ice_candidate_pool_size != 0).then(|| Yaml::word(c.ice_candidate_pool_size)),
        );
    Map::default()
        .with_some("configuration", (!members.0.is_empty()).then(|| members.yaml()))
        .with_some("dtls", c.dtls_version.map(|version| Yaml::text(version.as_str())))
        .yaml()
}

fn host(plan: &HostPlan) -> Yaml {
    map("peers", Yaml::texts(plan.peers.iter().map(String::as_str)))
        .with(
            "addresses",
            Yaml::List(
                plan.addresses
                    .iter()
                    .map(|address| Yaml::text(address.to_string()))
                    .collect(),
            ),
        )
        .yaml()
}

fn link(plan: &LinkPlan) -> Yaml {
    map("id", Yaml::text(&plan.id))
        .with("between", Yaml::texts(plan.between.iter().map(String::as_str)))
        .with("forward", settings(&plan.forward))
        .with("backward", settings(&plan.backward))
        .yaml()
}

fn settings(settings: &LinkSettings) -> Yaml {
    change(&LinkChange {
        delay: Some(settings.delay),
        jitter: Some(settings.jitter),
        loss: Some(settings.loss),
        rate: settings.rate,
        queue: settings.queue,
        reorder: Some(settings.reorder),
        outage: None,
    })
    .yaml()
}

fn change(change: &LinkChange) -> Map {
    Map::default()
        .with_some("delay", change.delay.map(duration))
        .with_some("jitter", change.jitter.map(duration))
        .with_some("loss", change.loss.map(|loss| Yaml::word(write_share(loss))))
        .with_some("rate", change.rate.map(|rate| Yaml::word(write_rate(rate))))
        .with_some("queue", change.queue.map(|size| Yaml::word(write_size(size))))
        .with_some("reorder", change.reorder.map(Yaml::word))
        .with_some("outage", change.outage.map(Yaml::word))
}

fn signalling(plan: &SignallingPlan) -> Yaml {
    map("between", Yaml::texts(plan.between.iter().map(String::as_str)))
        .with("delay", duration(plan.delay))
        .yaml()
}

fn fault(fault: &Fault) -> Yaml {
    let action = match &fault.action {
        FaultAction::Drop => Yaml::word("drop"),
        FaultAction::Duplicate => Yaml::word("duplicate"),
        FaultAction::Delay(delay) => map("delay", duration(*delay)).yaml(),
        FaultAction::After(pattern) => map("after", signal_pattern(pattern).yaml()).yaml(),
        FaultAction::Behind(count) => map("behind", Yaml::word(count)).yaml(),
    };
    map("on", signal_pattern(&fault.on).yaml())
        .with("do", action)
        .yaml()
}

fn signal_pattern(pattern: &SignalPattern) -> Map {
    map("signal", Yaml::word(pattern.kind.as_str()))
        .with("from", Yaml::text(&pattern.from))
        .with_some("to", pattern.to.as_ref().map(Yaml::text))
        .with_some("nth", pattern.nth.map(Yaml::word))
}

fn step(step: &Step) -> Yaml {
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

fn action(action: &Action) -> Yaml {
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

fn call(call: &Call) -> Yaml {
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

fn arguments(method: &Method) -> Option<Yaml> {
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

fn template(value: &Template<String>) -> Yaml {
    match value {
        Template::Literal(text) => Yaml::text(text),
        Template::Variable(path) => variable(&self::path(path)),
    }
}

fn channel(label: &str, init: &DataChannelInit) -> Yaml {
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

fn outcome(outcome: &Outcome) -> Map {
    match outcome {
        Outcome::Success => Map::default(),
        Outcome::Throws(pattern) => map("throws", exception(pattern)),
        Outcome::Rejects(pattern) => map("rejects", exception(pattern)),
    }
}

fn exception(pattern: &ExceptionPattern) -> Yaml {
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

fn hexadecimal(bytes: &[u8]) -> Yaml {
    // Quoted always: digits alone would read as a number.
    Yaml::Word(format!(
        "\"{}\"",
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    ))
}

fn attributes(subject: &Attributes) -> String {
    subject
        .path
        .iter()
        .fold(subject.root.to_string(), |path, attribute| {
            format!("{path}.{attribute}")
        })
}

fn event_path(event: &EventPattern) -> Yaml {
    Yaml::text(format!("{}.{}", event.target, event.event))
}

fn detail(event: &EventPattern) -> Map {
    match &event.detail {
        EventDetail::Any => Map::default(),
        EventDetail::State(state) => map("state", Yaml::text(*state)),
        EventDetail::Candidate(CandidatePattern::Given) => map("candidate", Yaml::word("given")),
        EventDetail::Candidate(CandidatePattern::End) => map("candidate", Yaml::word("end")),
        EventDetail::Candidate(CandidatePattern::Null) => map("candidate", Yaml::word("null")),
        EventDetail::Label(label) => map("label", Yaml::text(label)),
        EventDetail::Text(text) => map("text", Yaml::text(text)),
        EventDetail::Binary(bytes) => map("binary", hexadecimal(bytes)),
        EventDetail::Length(length) => map("length", Yaml::word(write_size(*length))),
        EventDetail::Error(pattern) => map("error", exception(pattern)),
    }
}

fn wait(wait: &Wait) -> Yaml {
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

fn conditions(conditions: &[Located<Condition>]) -> Yaml {
    let one = |condition: &Located<Condition>| match &condition.value {
        Condition::Attribute { subject, matcher } => (attributes(subject), self::matcher(matcher)),
        Condition::Variable { variable, matcher } => (path(variable), self::matcher(matcher)),
        Condition::Happened { event, nth } => {
            let nth = (*nth > 1).then(|| Yaml::word(nth));
            (
                format!("{}.{}", event.target, event.event),
                detail(event).with_some("nth", nth).yaml(),
            )
        }
    };
    Yaml::Map(conditions.iter().map(one).collect())
}

fn matcher(matcher: &Matcher) -> Yaml {
    match matcher {
        Matcher::Is(value) => expected(value),
        Matcher::Not(value) => map("not", expected(value)).yaml(),
        Matcher::In(values) => map("in", Yaml::List(values.iter().map(expected).collect())).yaml(),
        Matcher::Amount(Amount { at_least, at_most }) => Map::default()
            .with_some("atLeast", at_least.map(Yaml::word))
            .with_some("atMost", at_most.map(Yaml::word))
            .yaml(),
    }
}

fn expected(value: &Expected) -> Yaml {
    match value {
        Expected::Null => Yaml::word("null"),
        Expected::Boolean(value) => Yaml::word(value),
        Expected::Number(value) => Yaml::word(value),
        Expected::Text(text) => Yaml::text(text),
        Expected::Description(kind) => map("type", Yaml::word(kind.as_str())).yaml(),
        Expected::Variable(path) => variable(&self::path(path)),
    }
}

fn happening(happening: &Happening) -> Map {
    let how = |how: &Settlement| match how {
        Settlement::Any => None,
        Settlement::Fulfilled => Some(Yaml::word("fulfilled")),
        Settlement::Rejected => Some(Yaml::word("rejected")),
    };
    match happening {
        Happening::Event(event) => map("event", event_path(event)).and(detail(event)),
        Happening::Signal(pattern) => signal_pattern(pattern),
        Happening::Settled {
            role,
            method,
            how: settled,
        } => map("settled", Yaml::text(format!("{role}.{method}"))).with_some("how", how(settled)),
        Happening::SettledPromise {
            promise,
            how: settled,
            ..
        } => map("settled", Yaml::text(promise)).with_some("how", how(settled)),
    }
}

fn happenings(all: &[Located<Happening>]) -> Yaml {
    Yaml::List(all.iter().map(|one| happening(&one.value).yaml()).collect())
}

fn expectation(expectation: &Expectation) -> Map {
    match expectation {
        Expectation::State(all) => map("state", conditions(all)),
        Expectation::Sdp(sdp) => map("sdp", self::sdp(sdp)),
        Expectation::Data {
            sent,
            received,
            arrived,
            in_order,
        } => {
            let arrived = match arrived {
                Arrived::All => Yaml::word("all"),
                Arrived::Any => Yaml::word("any"),
                Arrived::AtLeast(count) => map("atLeast", Yaml::word(count)).yaml(),
            };
            let what = map("sent", Yaml::text(sent))
                .with("received", Yaml::text(received))
                .with("arrived", arrived)
                .with("order", Yaml::word(if *in_order { "kept" } else { "free" }));
            map("data", what.yaml())
        }
        Expectation::Order(order) => map("order", happenings(order)),
        Expectation::Events { of, names, exactly } => {
            let one = |event: &Located<EventPattern>| {
                map(event.value.event.as_str(), detail(&event.value).yaml()).yaml()
            };
            let what = map("of", Yaml::text(of.to_string()))
                .with("names", Yaml::texts(names.iter().map(|name| name.as_str())))
                .with("exactly", Yaml::List(exactly.iter().map(one).collect()));
            map("events", what.yaml())
        }
        Expectation::Absent(all) => map("absent", happenings(all)),
        Expectation::Count {
            happening: what,
            count,
        } => {
            let (key, number) = match count {
                Count::Is(number) => ("is", number),
                Count::AtLeast(number) => ("atLeast", number),
                Count::AtMost(number) => ("atMost", number),
            };
            map("count", happening(what).with(key, Yaml::word(number)).yaml())
        }
        Expectation::Pending(names) => map(
            "pending",
            Yaml::texts(names.iter().map(|name| name.value.as_str())),
        ),
        Expectation::Elapsed {
            since,
            at_least,
            at_most,
        } => {
            let what = map("since", Yaml::text(since))
                .with("atLeast", duration(*at_least))
                .with_some("atMost", at_most.map(duration));
            map("elapsed", what.yaml())
        }
    }
}

fn sdp(sdp: &SdpExpectation) -> Yaml {
    let lines = |lines: &[Located<String>]| {
        (!lines.is_empty()).then(|| Yaml::texts(lines.iter().map(|line| line.value.as_str())))
    };
    let compared = |all: &[(SdpField, Located<String>)]| {
        let entries = all
            .iter()
            .map(|(field, name)| (field.as_str().to_owned(), Yaml::text(&name.value)));
        (!all.is_empty()).then(|| Yaml::Map(entries.collect()))
    };
    let all_media = sdp
        .media
        .as_ref()
        .map(|all| Yaml::List(all.iter().map(|one| media(&one.value)).collect()));
    map("of", Yaml::text(&sdp.of))
        .with_some("media", all_media)
        .with_some("has", lines(&sdp.has))
        .with_some("lacks", lines(&sdp.lacks))
        .with_some("same", compared(&sdp.same))
        .with_some("differs", compared(&sdp.differs))
        .yaml()
}

fn media(media: &MediaExpectation) -> Yaml {
    let lines = |lines: &[String]| (!lines.is_empty()).then(|| Yaml::texts(lines.iter().map(String::as_str)));
    let port = |port: &MediaPort| match port {
        MediaPort::Zero => Yaml::word(0),
        MediaPort::NonZero => Yaml::word("nonzero"),
    };
    Map::default()
        .with_some("kind", media.kind.as_ref().map(Yaml::text))
        .with_some("port", media.port.as_ref().map(port))
        .with_some("mid", media.mid.as_ref().map(Yaml::text))
        .with_some(
            "direction",
            media.direction.map(|direction| Yaml::word(direction.as_str())),
        )
        .with_some("has", lines(&media.has))
        .with_some("lacks", lines(&media.lacks))
        .yaml()
}

fn one_edit(edits: Map, edit: &EditKind) -> Map {
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
