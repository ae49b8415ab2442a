//! Expectations.

use std::time::Duration;

use glare_peer::interface::Type;
use glare_peer::interface::statistics::{STATS_TYPES, of_type};

use super::{events, waits};
use crate::report::{Checked, Report};
use crate::scope::Scope;
use crate::script::{
    Arrived, Count, Entries, EventDetail, EventName, EventPattern, Expectation, Happening, Located,
    MediaDirection, MediaExpectation, MediaPort, SdpExpectation, SdpField, StatisticsExpectation,
};
use crate::tree::{Kind as NodeKind, Node};

/// The kinds of expectation.
pub(crate) const EXPECTATIONS: &[&str] = &[
    "state",
    "sdp",
    "data",
    "statistics",
    "order",
    "events",
    "absent",
    "count",
    "pending",
    "elapsed",
];

pub(super) fn expect(report: &Report, scope: &Scope, node: &Node) -> Checked<Vec<Located<Expectation>>> {
    report.fields(node, "`expect`", EXPECTATIONS)?;
    let entries = report.entries(node, "`expect`")?;
    if entries.is_empty() {
        let expected = crate::report::list(EXPECTATIONS);
        return Err(report.error(node.position, format!("nothing is expected; expected {expected}")));
    }
    let one = |(key, value): &(crate::tree::Key, Node)| {
        let value = match key.text.as_str() {
            "state" => Expectation::State(waits::conditions(report, scope, value, false)?),
            "sdp" => Expectation::Sdp(sdp(report, scope, value)?),
            "data" => data(report, scope, value)?,
            "statistics" => Expectation::Statistics(statistics(report, scope, value)?),
            "order" => {
                let order = happenings(report, scope, value)?;
                if order.len() < 2 {
                    return Err(report.error(value.position, "an order is of two happenings or more"));
                }
                events::check_order(report, &order)?;
                Expectation::Order(order)
            }
            "events" => exactly(report, scope, value)?,
            "absent" => Expectation::Absent(happenings(report, scope, value)?),
            "count" => count(report, scope, value)?,
            "pending" => Expectation::Pending(pending(report, scope, value)?),
            "elapsed" => elapsed(report, scope, value)?,
            // Reported above as a key that is not known.
            _ => return Err(crate::report::Reported),
        };
        Ok(Located {
            position: key.position,
            value,
        })
    };
    let all: Vec<_> = entries.iter().map(one).collect();
    all.into_iter().collect()
}

fn happenings(report: &Report, scope: &Scope, node: &Node) -> Checked<Vec<Located<Happening>>> {
    let items = report.some_items(node, "happenings")?.iter();
    items
        .map(|item| {
            Ok(Located {
                position: item.position,
                value: events::happening(report, scope, item, &[])?,
            })
        })
        .collect()
}

/// The keys of `sdp`.
pub(crate) const SDP_KEYS: &[&str] = &["of", "media", "bundle", "has", "lacks", "same", "differs"];
/// The keys of a media description.
pub(crate) const MEDIA_KEYS: &[&str] = &[
    "kind",
    "port",
    "mid",
    "direction",
    "codecs",
    "rids",
    "has",
    "lacks",
];

fn sdp(report: &Report, scope: &Scope, node: &Node) -> Checked<SdpExpectation> {
    let fields = report.fields(node, "`sdp`", SDP_KEYS)?;
    let of = scope.description(report, fields.require(report, "of")?)?;
    let media = fields.read("media", |node| {
        let items = report.items(node, "media descriptions")?.iter();
        items
            .map(|item| {
                Ok(Located {
                    position: item.position,
                    value: media(report, item)?,
                })
            })
            .collect::<Checked<Vec<_>>>()
    })?;
    let lines = |key: &str| fields.read(key, |node| lines(report, node));
    let compared = |key: &str| {
        fields.read(key, |node| {
            report.fields(node, "what is compared", SdpField::NAMES)?;
            let mut compared = Vec::new();
            for (key, value) in report.entries(node, "what is compared")? {
                let Some(index) = SdpField::NAMES.iter().position(|name| *name == key.text) else {
                    continue;
                };
                let name = scope.description(report, value)?;
                compared.push((
                    SdpField::ALL[index],
                    Located {
                        position: value.position,
                        value: name,
                    },
                ));
            }
            Ok(compared)
        })
    };
    Ok(SdpExpectation {
        of,
        media,
        bundle: fields.read("bundle", |node| words(report, node, "mids"))?,
        has: lines("has")?.unwrap_or_default(),
        lacks: lines("lacks")?.unwrap_or_default(),
        same: compared("same")?.unwrap_or_default(),
        differs: compared("differs")?.unwrap_or_default(),
    })
}

fn lines(report: &Report, node: &Node) -> Checked<Vec<Located<String>>> {
    let items = report.some_items(node, "lines")?.iter();
    items
        .map(|item| {
            let text = report.text(item, "how a line starts, such as `a=mid:0`")?;
            Ok(Located {
                position: item.position,
                value: text.to_owned(),
            })
        })
        .collect()
}

fn media(report: &Report, node: &Node) -> Checked<MediaExpectation> {
    let fields = report.fields(node, "a media description", MEDIA_KEYS)?;
    let lines = |key: &str| {
        let lines = fields.read(key, |node| lines(report, node))?.unwrap_or_default();
        Ok(lines.into_iter().map(|line| line.value).collect())
    };
    Ok(MediaExpectation {
        kind: fields.read("kind", |node| report.text(node, "a kind").map(str::to_owned))?,
        port: fields.read("port", |node| port(report, node))?,
        mid: fields.read("mid", |node| report.text(node, "a mid").map(str::to_owned))?,
        direction: fields.read("direction", |node| {
            report.word(node, "direction", MediaDirection::NAMES, MediaDirection::ALL)
        })?,
        codecs: fields.read("codecs", |node| words(report, node, "names of codecs"))?,
        rids: fields.read("rids", |node| words(report, node, "RTP stream identifiers"))?,
        has: lines("has")?,
        lacks: lines("lacks")?,
    })
}

fn words(report: &Report, node: &Node, what: &str) -> Checked<Vec<String>> {
    let items = report.items(node, what)?.iter();
    items
        .map(|item| report.text(item, "a string").map(str::to_owned))
        .collect()
}

/// The keys of `statistics`.
pub(crate) const STATISTICS_KEYS: &[&str] = &["of", "type", "some", "all", "count", "members"];

fn statistics(report: &Report, scope: &Scope, node: &Node) -> Checked<StatisticsExpectation> {
    let fields = report.fields(node, "`statistics`", STATISTICS_KEYS)?;
    let of = fields.require(report, "of")?;
    let name = report.text(of, "a report of `getStats`")?;
    match scope.find(report, of.position, name)? {
        crate::scope::Kind::Value {
            holds: Type::StatsReport,
            ..
        } => {}
        other => return Err(scope.wrong_kind(report, of.position, name, other, "an RTCStatsReport")),
    }
    let type_node = fields.require(report, "type")?;
    let stats_type = report.text(type_node, "a type of statistics")?;
    if !STATS_TYPES.contains(&stats_type) {
        let known = STATS_TYPES.iter().copied();
        return Err(report.unknown(type_node.position, "RTCStatsType", stats_type, known));
    }
    let (key, value) = fields.one_of(report, &["some", "all", "count"])?;
    let (entries, given) = match key.text.as_str() {
        "count" => {
            let bounds = report.fields(value, "`count`", COUNTS)?;
            let (key, value) = bounds.one_of(report, COUNTS)?;
            (Entries::Count(bound(report, key, value)?), fields.get("members"))
        }
        kind => {
            if let Some(other) = fields.get("members") {
                let message = format!("the members stand in `{kind}`");
                return Err(report.error(other.position, message));
            }
            let entries = if kind == "some" {
                Entries::Some
            } else {
                Entries::All
            };
            (entries, Some(value))
        }
    };
    let mut members = Vec::new();
    let dictionaries = of_type(stats_type);
    let given = given.map_or(Ok(&[][..]), |node| report.entries(node, "members"))?;
    for (key, value) in given {
        let found = dictionaries
            .iter()
            .find_map(|dictionary| dictionary.member(&key.text));
        let Some(member) = found else {
            let known = dictionaries
                .iter()
                .flat_map(|dictionary| dictionary.members)
                .map(|member| member.name);
            let what = format!("member of `{stats_type}` statistics");
            return Err(report.unknown(key.position, &what, &key.text, known));
        };
        members.push((
            key.text.clone(),
            waits::matcher(report, scope, value, member.holds)?,
        ));
    }
    Ok(StatisticsExpectation {
        of: name.to_owned(),
        stats_type: stats_type.to_owned(),
        entries,
        members,
    })
}

fn port(report: &Report, node: &Node) -> Checked<MediaPort> {
    match &node.kind {
        NodeKind::Scalar(scalar) if scalar.plain && scalar.text == "0" => Ok(MediaPort::Zero),
        NodeKind::Scalar(scalar) if scalar.text == "nonzero" => Ok(MediaPort::NonZero),
        _ => Err(report.expected(node, "0 or nonzero")),
    }
}

/// The keys of `data`.
pub(crate) const DATA_KEYS: &[&str] = &["sent", "received", "arrived", "order"];
/// How much must have arrived, as a word.
pub(crate) const ARRIVED: &[&str] = &["all", "any"];
/// In which order messages must have arrived.
pub(crate) const ORDERS: &[&str] = &["kept", "free"];

fn data(report: &Report, scope: &Scope, node: &Node) -> Checked<Expectation> {
    let fields = report.fields(node, "`data`", DATA_KEYS)?;
    let (sent, _) = scope.channel(report, fields.require(report, "sent")?)?;
    let received_node = fields.require(report, "received")?;
    let (received, _) = scope.channel(report, received_node)?;
    if sent == received {
        let message = format!("{sent:?} is one end of a channel; expected the other end here");
        return Err(report.error(received_node.position, message));
    }
    let arrived = fields.read("arrived", |node| match &node.kind {
        NodeKind::Map(_) => {
            let fields = report.fields(node, "`arrived`", &["atLeast"])?;
            let least = fields.require(report, "atLeast")?;
            report
                .integer(least, "a number of messages", 0, u64::MAX)
                .map(Arrived::AtLeast)
        }
        _ => report.word(
            node,
            "share of the messages",
            ARRIVED,
            &[Arrived::All, Arrived::Any],
        ),
    })?;
    let in_order = fields.read("order", |node| report.word(node, "order", ORDERS, &[true, false]))?;
    Ok(Expectation::Data {
        sent,
        received,
        arrived: arrived.unwrap_or(Arrived::All),
        in_order: in_order.unwrap_or(true),
    })
}

/// The keys of `events`.
pub(crate) const EVENTS_KEYS: &[&str] = &["of", "names", "exactly"];

fn exactly(report: &Report, scope: &Scope, node: &Node) -> Checked<Expectation> {
    let fields = report.fields(node, "`events`", EVENTS_KEYS)?;
    let of_node = fields.require(report, "of")?;
    let text = report.text(of_node, "a role or an object")?;
    let of = scope.object(report, of_node.position, text)?;
    let known: Vec<EventName> = (of.interface.table().events.iter())
        .filter_map(|event| EventName::named(event.name))
        .collect();
    let find = |position, text: &str| {
        let found = known.iter().copied().find(|name| name.as_str() == text);
        found.ok_or_else(|| report.unknown(position, "event", text, known.iter().map(|name| name.as_str())))
    };
    let mut names = Vec::new();
    for item in report.some_items(fields.require(report, "names")?, "events")? {
        names.push(find(item.position, report.text(item, "an event")?)?);
    }
    let mut exactly = Vec::new();
    for item in report.items(fields.require(report, "exactly")?, "events")? {
        let [(key, value)] = report.entries(item, "an event")? else {
            return Err(report.error(item.position, "expected one event, such as `open: {}`"));
        };
        let event = find(key.position, &key.text)?;
        if !names.contains(&event) {
            return Err(report.error(
                key.position,
                format!("`{event}` is not among the `names` looked at"),
            ));
        }
        report.fields(
            value,
            "what an event carries",
            &events::known_keys(events::DETAILS, value),
        )?;
        let mut detail = events::detail(report, scope, &of, event, value)?;
        // Here every event of the name counts, so one without a word on its candidate may carry any.
        if report.entries(value, "what an event carries")?.is_empty() {
            detail = EventDetail::Any;
        }
        let value = EventPattern {
            target: of.clone(),
            event,
            detail,
        };
        exactly.push(Located {
            position: key.position,
            value,
        });
    }
    Ok(Expectation::Events { of, names, exactly })
}

/// The bounds of a count.
pub(crate) const COUNTS: &[&str] = &["is", "atLeast", "atMost"];

fn count(report: &Report, scope: &Scope, node: &Node) -> Checked<Expectation> {
    let happening = events::happening(report, scope, node, COUNTS)?;
    let own = [events::HAPPENING_KEYS, COUNTS].concat();
    let fields = report.fields(node, "`count`", &events::known_keys(&own, node))?;
    let (key, value) = fields.one_of(report, COUNTS)?;
    let count = bound(report, key, value)?;
    Ok(Expectation::Count { happening, count })
}

fn bound(report: &Report, key: &crate::tree::Key, value: &Node) -> Checked<Count> {
    let number = report.integer(value, "a number", 0, u64::MAX)?;
    Ok(match key.text.as_str() {
        "is" => Count::Is(number),
        "atLeast" => Count::AtLeast(number),
        _ => Count::AtMost(number),
    })
}

fn pending(report: &Report, scope: &Scope, node: &Node) -> Checked<Vec<Located<String>>> {
    let items = report.some_items(node, "promises")?.iter();
    items
        .map(|item| {
            let name = report.text(item, "a promise")?;
            scope.promise(report, item.position, name)?;
            Ok(Located {
                position: item.position,
                value: name.to_owned(),
            })
        })
        .collect()
}

/// The keys of `elapsed`.
pub(crate) const ELAPSED_KEYS: &[&str] = &["since", "atLeast", "atMost"];

fn elapsed(report: &Report, scope: &Scope, node: &Node) -> Checked<Expectation> {
    let fields = report.fields(node, "`elapsed`", ELAPSED_KEYS)?;
    let since = scope.mark(report, fields.require(report, "since")?)?;
    let at_least = fields.read("atLeast", |node| report.duration(node))?;
    let at_most = fields.read("atMost", |node| report.duration(node))?;
    if at_least.is_none() && at_most.is_none() {
        return Err(report.error(node.position, "`elapsed` needs `atLeast` or `atMost`"));
    }
    if let Some(most) = at_most.filter(|most| at_least.is_some_and(|least| least > *most)) {
        let message = format!("no time is both at least `atLeast` and at most {most:?}");
        return Err(report.error(node.position, message));
    }
    Ok(Expectation::Elapsed {
        since,
        at_least: at_least.unwrap_or(Duration::ZERO),
        at_most,
    })
}
