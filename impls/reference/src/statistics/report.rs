//! Reports: the objects of a connection by their ids.

use std::collections::{BTreeMap, BTreeSet};

use glare_peer::Value;

use super::Statistics;

/// The members that hold the id of another object of the report.
const REFERENCES: &[&str] = &[
    "transportId",
    "codecId",
    "remoteId",
    "localId",
    "mediaSourceId",
    "playoutId",
    "selectedCandidatePairId",
    "localCertificateId",
    "remoteCertificateId",
    "issuerCertificateId",
    "localCandidateId",
    "remoteCandidateId",
];

/// An `RTCStatsReport` (webrtc-pc#rtcstatsreport-object).
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Report {
    /// When it was made, milliseconds since the Unix epoch.
    timestamp: f64,
    objects: BTreeMap<String, BTreeMap<String, Value>>,
}

impl Report {
    /// A report of this moment, in milliseconds since the Unix epoch.
    pub(crate) fn new(timestamp: f64) -> Report {
        Report {
            timestamp,
            objects: BTreeMap::new(),
        }
    }

    /// Adds an object of this moment. An id stands for one object as long as the connection lives.
    pub(crate) fn insert(&mut self, id: &str, statistics: &Statistics) {
        self.insert_at(id, self.timestamp, statistics);
    }

    /// Adds an object whose numbers are of another moment: what the other side reported has the moment at which that arrived.
    pub(crate) fn insert_at(&mut self, id: &str, timestamp: f64, statistics: &Statistics) {
        let mut members = match Value::from_json(statistics.members()) {
            Value::Dictionary(members) => members,
            _ => BTreeMap::new(),
        };
        members.insert("id".to_owned(), Value::String(id.to_owned()));
        members.insert(
            "type".to_owned(),
            Value::String(statistics.type_name().to_owned()),
        );
        members.insert("timestamp".to_owned(), Value::Number(timestamp));
        self.objects.insert(id.to_owned(), members);
    }

    /// Whether there is an object of this id.
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.objects.contains_key(id)
    }

    /// webrtc-pc#dfn-stats-selection-algorithm, steps 3 and 4: these objects, and all that they refer to, directly or not.
    pub(crate) fn select(self, ids: impl IntoIterator<Item = String>) -> Report {
        let mut wanted: Vec<String> = ids.into_iter().collect();
        let mut selected = BTreeSet::new();
        while let Some(id) = wanted.pop() {
            let Some(members) = self.objects.get(&id) else {
                continue;
            };
            if selected.insert(id) {
                wanted.extend(REFERENCES.iter().filter_map(|member| match members.get(*member) {
                    Some(Value::String(id)) => Some(id.clone()),
                    _ => None,
                }));
            }
        }
        Report {
            timestamp: self.timestamp,
            objects: self
                .objects
                .into_iter()
                .filter(|(id, _)| selected.contains(id))
                .collect(),
        }
    }

    /// The report as script sees it: dictionaries by id.
    pub(crate) fn into_value(self) -> Value {
        Value::Dictionary(
            self.objects
                .into_iter()
                .map(|(id, members)| (id, Value::Dictionary(members)))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use glare_peer::{DtlsTransportState, MediaKind};

    use super::super::{Codec, OutboundRtp, PeerConnection, Transport};
    use super::*;

    fn report() -> Report {
        let mut report = Report::new(1000.0);
        let connection = PeerConnection::new();
        report.insert("P", &Statistics::PeerConnection(connection));
        let transport = Transport::new(DtlsTransportState::New);
        report.insert("T", &Statistics::Transport(Box::new(transport)));
        let codec = Codec::new(96, "T".to_owned(), "video/VP8".to_owned());
        report.insert("C", &Statistics::Codec(codec));
        let mut stream = OutboundRtp::new(1, MediaKind::Video);
        stream.codec_id = Some("C".to_owned());
        stream.remote_id = Some("not there yet".to_owned());
        report.insert("O", &Statistics::OutboundRtp(Box::new(stream)));
        report
    }

    #[test]
    fn an_object_has_the_members_that_are_known_and_no_others() {
        let Value::Dictionary(objects) = report().into_value() else {
            panic!("a report is a dictionary");
        };
        let Some(Value::Dictionary(codec)) = objects.get("C") else {
            panic!("{objects:?}");
        };
        let names: Vec<&str> = codec.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "id",
                "mimeType",
                "payloadType",
                "timestamp",
                "transportId",
                "type"
            ]
        );
        assert_eq!(codec["timestamp"], Value::Number(1000.0));
    }

    #[test]
    fn a_selection_holds_what_it_refers_to_directly_or_not_and_nothing_else() {
        let selected = report().select(["O".to_owned()]);
        let ids: Vec<&str> = selected.objects.keys().map(String::as_str).collect();
        assert_eq!(ids, ["C", "O", "T"]);
        assert!(!selected.contains("P"));
    }
}
