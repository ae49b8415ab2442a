//! What is expected: conditions, happenings and the rest of `expect`.

use super::signal_pattern;
use super::steps::exception;
use super::yaml::{Map, Yaml, duration, hexadecimal, map, variable};
use crate::quantity::write_size;
use crate::script::{
    Amount, Arrived, CandidatePattern, Carried, Condition, Count, Entries, EventDetail, EventPattern,
    Expectation, Expected, Happening, Located, Matcher, MediaExpectation, MediaPort, SdpExpectation,
    SdpField, Settlement, StatisticsExpectation,
};

pub(super) fn event_path(event: &EventPattern) -> Yaml {
    Yaml::text(format!("{}.{}", event.target, event.event))
}

pub(super) fn detail(event: &EventPattern) -> Map {
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
        EventDetail::Payload(members) => Map(members
            .iter()
            .map(|(way, wanted)| (way.join("."), matcher(wanted)))
            .collect()),
    }
}

pub(super) fn conditions(conditions: &[Located<Condition>]) -> Yaml {
    let one = |condition: &Located<Condition>| match &condition.value {
        Condition::Value { path, matcher } => (path.to_string(), self::matcher(matcher)),
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

pub(super) fn matcher(matcher: &Matcher) -> Yaml {
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

pub(super) fn expected(value: &Expected) -> Yaml {
    match value {
        Expected::Null => Yaml::word("null"),
        Expected::Boolean(value) => Yaml::word(value),
        Expected::Number(value) => Yaml::word(value),
        Expected::Text(text) => Yaml::text(text),
        Expected::Description(kind) => map("type", Yaml::word(kind.as_str())).yaml(),
        Expected::Path(path) => variable(&path.to_string()),
    }
}

pub(super) fn happening(happening: &Happening) -> Map {
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

pub(super) fn happenings(all: &[Located<Happening>]) -> Yaml {
    Yaml::List(all.iter().map(|one| happening(&one.value).yaml()).collect())
}

pub(super) fn expectation(expectation: &Expectation) -> Map {
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
        Expectation::Statistics(statistics) => map("statistics", self::statistics(statistics)),
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
            let (key, number) = bound(count);
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

fn bound(count: &Count) -> (&'static str, u64) {
    match count {
        Count::Is(number) => ("is", *number),
        Count::AtLeast(number) => ("atLeast", *number),
        Count::AtMost(number) => ("atMost", *number),
    }
}

fn statistics(statistics: &StatisticsExpectation) -> Yaml {
    let members = statistics.members.iter();
    let members = Yaml::Map(
        members
            .map(|(name, wanted)| (name.clone(), matcher(wanted)))
            .collect(),
    );
    let head = map("of", Yaml::text(&statistics.of)).with("type", Yaml::text(&statistics.stats_type));
    match &statistics.entries {
        Entries::Some => head.with("some", members),
        Entries::All => head.with("all", members),
        Entries::Count(count) => {
            let (key, number) = bound(count);
            head.with("count", map(key, Yaml::word(number)).yaml())
                .with("members", members)
        }
    }
    .yaml()
}

/// The variables for what an event carries.
pub(super) fn carried(all: &[Carried]) -> Option<Yaml> {
    let entries = all
        .iter()
        .map(|one| (one.attribute.to_owned(), Yaml::text(&one.variable)));
    (!all.is_empty()).then(|| Yaml::Map(entries.collect()))
}

pub(super) fn sdp(sdp: &SdpExpectation) -> Yaml {
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
        .with_some("bundle", sdp.bundle.as_ref().map(|mids| words(mids)))
        .with_some("has", lines(&sdp.has))
        .with_some("lacks", lines(&sdp.lacks))
        .with_some("same", compared(&sdp.same))
        .with_some("differs", compared(&sdp.differs))
        .yaml()
}

pub(super) fn media(media: &MediaExpectation) -> Yaml {
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
        .with_some("codecs", media.codecs.as_ref().map(|names| words(names)))
        .with_some("rids", media.rids.as_ref().map(|rids| words(rids)))
        .with_some("has", lines(&media.has))
        .with_some("lacks", lines(&media.lacks))
        .yaml()
}

fn words(words: &[String]) -> Yaml {
    Yaml::texts(words.iter().map(String::as_str))
}
