//! What `getStats()` reports.

use std::collections::BTreeMap;

use glare_peer::Granularity;
use serde_json::Value;

use super::{Departure, Level, Rule};
use crate::trace::Completion;
use crate::view::View;

fn rule(
    id: &'static str,
    clause: &'static str,
    statement: &'static str,
    check: fn(&View<'_>) -> Option<Departure>,
) -> Rule {
    Rule {
        id,
        clause,
        level: Level::Must,
        statement,
        granularity: Granularity::Event,
        check,
    }
}

pub(super) fn rules() -> Vec<Rule> {
    vec![
        rule(
            "stats-object-says-what-it-is",
            "webrtc-pc#rtcstats-dictionary",
            "Each object of a report has a timestamp, a type, and the id by which it is found.",
            says_what_it_is,
        ),
        rule(
            "stats-id-stands-for-one-object",
            "webrtc-pc#dom-rtcstats-id",
            "The object of an id has the same type in every report.",
            keeps_its_type,
        ),
        rule(
            "stats-counters-never-go-back",
            "webrtc-stats#guidelines-for-design-of-stats-objects",
            "What counts from the beginning of an object never becomes less.",
            counters_never_go_back,
        ),
        rule(
            "stats-timestamps-never-go-back",
            "webrtc-pc#dom-rtcstats-timestamp",
            "The timestamp of an object is not before that of an earlier report.",
            timestamps_never_go_back,
        ),
        rule(
            "stats-references-lead-somewhere",
            "webrtc-stats#guidelines-for-design-of-stats-objects",
            "An id in a report of everything names an object of the report.",
            references_lead_somewhere,
        ),
    ]
}

/// A report: the record, whether it was limited by a selector, and its objects by id.
struct Report<'a> {
    record: u64,
    whole: bool,
    objects: &'a serde_json::Map<String, Value>,
}

fn reports<'a>(view: &View<'a>) -> Vec<Report<'a>> {
    let mut reports: Vec<(usize, Report<'a>)> = view
        .calls()
        .into_iter()
        .filter(|call| call.method == "getStats")
        .filter_map(|call| {
            let (index, Completion::Value(Value::Object(objects))) = call.settled? else {
                return None;
            };
            let selector = call
                .arguments
                .get("selector")
                .is_some_and(|selector| !selector.is_null());
            let report = Report {
                record: view.entries.get(index)?.record,
                whole: call.object == glare_peer::Handle::CONNECTION && !selector,
                objects,
            };
            Some((index, report))
        })
        .collect();
    reports.sort_by_key(|(index, _)| *index);
    reports.into_iter().map(|(_, report)| report).collect()
}

/// Looks at every object of every report.
fn of_objects<'a>(
    view: &View<'a>,
    mut look: impl FnMut(&Report<'a>, &'a str, &'a Value) -> Option<(String, String)>,
) -> Option<Departure> {
    reports(view).iter().find_map(|report| {
        report.objects.iter().find_map(|(id, object)| {
            let (expected, actual) = look(report, id, object)?;
            Some(Departure::new(report.record, expected, actual))
        })
    })
}

fn kind(object: &Value) -> &str {
    object.get("type").and_then(Value::as_str).unwrap_or("no type")
}

fn says_what_it_is(view: &View<'_>) -> Option<Departure> {
    of_objects(view, |_, id, object| {
        let missing = if object.get("id").and_then(Value::as_str) != Some(id) {
            "the id by which it is found"
        } else if !object.get("timestamp").is_some_and(Value::is_number) {
            "a timestamp"
        } else if !object.get("type").is_some_and(Value::is_string) {
            "a type"
        } else {
            return None;
        };
        Some((
            format!("an object with {missing}"),
            format!("one of {} without", kind(object)),
        ))
    })
}

fn keeps_its_type(view: &View<'_>) -> Option<Departure> {
    let mut types: BTreeMap<&str, &str> = BTreeMap::new();
    of_objects(view, |_, id, object| {
        let now = kind(object);
        let before = *types.entry(id).or_insert(now);
        (before != now).then(|| (format!("{before} under an id that had it"), now.to_owned()))
    })
}

/// Members that count from the beginning of their object (webrtc-stats).
const COUNTERS: [&str; 28] = [
    "bytesReceived",
    "bytesSent",
    "consentRequestsSent",
    "dataChannelsClosed",
    "dataChannelsOpened",
    "firCount",
    "framesDecoded",
    "framesEncoded",
    "framesReceived",
    "framesSent",
    "headerBytesReceived",
    "headerBytesSent",
    "keyFramesDecoded",
    "keyFramesEncoded",
    "messagesReceived",
    "messagesSent",
    "nackCount",
    "packetsReceived",
    "packetsSent",
    "pliCount",
    "requestsReceived",
    "requestsSent",
    "responsesReceived",
    "responsesSent",
    "retransmittedBytesSent",
    "retransmittedPacketsSent",
    "selectedCandidatePairChanges",
    "totalRoundTripTime",
];

fn counters_never_go_back(view: &View<'_>) -> Option<Departure> {
    let mut last: BTreeMap<(&str, &str), f64> = BTreeMap::new();
    of_objects(view, |_, id, object| {
        COUNTERS.iter().find_map(|name| {
            let now = object.get(name)?.as_f64()?;
            let before = last.insert((id, name), now)?;
            (now < before).then(|| {
                (
                    format!("{name} of {} that grows", kind(object)),
                    "it becomes less".to_owned(),
                )
            })
        })
    })
}

fn timestamps_never_go_back(view: &View<'_>) -> Option<Departure> {
    let mut last: BTreeMap<&str, f64> = BTreeMap::new();
    of_objects(view, |_, id, object| {
        let now = object.get("timestamp")?.as_f64()?;
        let before = last.insert(id, now)?;
        (now < before).then(|| {
            (
                format!("a timestamp of {} that goes on", kind(object)),
                "one that goes back".to_owned(),
            )
        })
    })
}

/// Members that name another object of the report (webrtc-stats).
const REFERENCES: [&str; 10] = [
    "codecId",
    "issuerCertificateId",
    "localCandidateId",
    "localCertificateId",
    "mediaSourceId",
    "remoteCandidateId",
    "remoteCertificateId",
    "remoteId",
    "selectedCandidatePairId",
    "transportId",
];

fn references_lead_somewhere(view: &View<'_>) -> Option<Departure> {
    of_objects(view, |report, _, object| {
        if !report.whole {
            return None;
        }
        REFERENCES.iter().find_map(|name| {
            let to = object.get(name)?.as_str()?;
            (!report.objects.contains_key(to)).then(|| {
                (
                    format!("{name} of {} that names an object of the report", kind(object)),
                    "one that names none".to_owned(),
                )
            })
        })
    })
}
