//! `getStats()`.

use std::collections::BTreeMap;

use glare_peer::{ExceptionName, Interface, Value};

use super::call;
use crate::Sabotage;
use crate::fault::CallFault;

const GET_STATS: (Interface, &str) = (Interface::PeerConnection, "getStats");

type Object = BTreeMap<String, Value>;

/// Changes every object of a report; whether one was changed.
fn objects(value: &mut Value, change: impl Fn(&mut Object) -> bool) -> bool {
    let Value::Dictionary(report) = value else {
        return false;
    };
    report.values_mut().fold(false, |changed, object| match object {
        Value::Dictionary(members) => change(members) || changed,
        _ => changed,
    })
}

fn is(object: &Object, kind: &str) -> bool {
    object.get("type") == Some(&Value::String(kind.to_owned()))
}

/// Leaves objects of a type out.
fn without(value: &mut Value, kind: &str) -> bool {
    let Value::Dictionary(report) = value else {
        return false;
    };
    let before = report.len();
    report.retain(|_, object| !matches!(object, Value::Dictionary(members) if is(members, kind)));
    report.len() != before
}

/// Sets a number of objects of a type to 0.
fn zeroed(value: &mut Value, kind: &str, member: &str) -> bool {
    objects(value, |object| {
        is(object, kind)
            && object
                .get_mut(member)
                .is_some_and(|number| std::mem::replace(number, Value::Number(0.0)) != Value::Number(0.0))
    })
}

fn stats(
    name: &'static str,
    clause: &'static str,
    what: &'static str,
    change: fn(&mut Value) -> bool,
) -> Sabotage {
    call(name, GET_STATS, clause, what, CallFault::Result(change))
}

pub(super) fn sabotages() -> Vec<Sabotage> {
    vec![
        call(
            "get-stats-never-settles",
            GET_STATS,
            "webrtc-pc#widl-RTCPeerConnection-getStats-Promise-RTCStatsReport--MediaStreamTrack-selector",
            "The promise of getStats() stays pending.",
            CallFault::NeverSettle,
        ),
        call(
            "get-stats-rejects",
            GET_STATS,
            "webrtc-pc#widl-RTCPeerConnection-getStats-Promise-RTCStatsReport--MediaStreamTrack-selector",
            "getStats() rejects.",
            CallFault::Fail(ExceptionName::InvalidAccessError),
        ),
        call(
            "get-stats-takes-any-track",
            GET_STATS,
            "webrtc-pc#widl-RTCPeerConnection-getStats-Promise-RTCStatsReport--MediaStreamTrack-selector",
            "getStats() fulfils where it should reject.",
            CallFault::Swallow,
        ),
        call(
            "get-stats-ignores-the-selector",
            GET_STATS,
            "webrtc-pc#the-stats-selection-algorithm",
            "getStats() reports of everything, whatever the selector.",
            CallFault::Arguments(|operation| match operation {
                glare_peer::Operation::GetStats { selector, .. } => selector.take().is_some(),
                _ => false,
            }),
        ),
        call(
            "get-stats-stays",
            GET_STATS,
            "webrtc-pc#widl-RTCPeerConnection-getStats-Promise-RTCStatsReport--MediaStreamTrack-selector",
            "getStats() gives for ever the report of the first time.",
            CallFault::FirstResult,
        ),
        stats(
            "stats-lack-the-connection",
            "webrtc-pc#mandatory-to-implement-stats",
            "There is no peer-connection.",
            |value| without(value, "peer-connection"),
        ),
        stats(
            "stats-lack-the-transport",
            "webrtc-pc#mandatory-to-implement-stats",
            "There is no transport.",
            |value| without(value, "transport"),
        ),
        stats(
            "stats-lack-the-channels",
            "webrtc-pc#mandatory-to-implement-stats",
            "There is no data-channel.",
            |value| without(value, "data-channel"),
        ),
        stats(
            "stats-lack-the-candidate-pairs",
            "webrtc-pc#mandatory-to-implement-stats",
            "There is no candidate-pair.",
            |value| without(value, "candidate-pair"),
        ),
        stats(
            "stats-lack-the-certificates",
            "webrtc-pc#mandatory-to-implement-stats",
            "There is no certificate.",
            |value| without(value, "certificate"),
        ),
        stats(
            "stats-lack-what-is-received",
            "webrtc-pc#mandatory-to-implement-stats",
            "There is no inbound-rtp.",
            |value| without(value, "inbound-rtp"),
        ),
        stats(
            "stats-lack-what-is-sent",
            "webrtc-pc#mandatory-to-implement-stats",
            "There is no outbound-rtp.",
            |value| without(value, "outbound-rtp"),
        ),
        stats(
            "stats-lack-what-the-other-side-received",
            "webrtc-pc#mandatory-to-implement-stats",
            "There is no remote-inbound-rtp.",
            |value| without(value, "remote-inbound-rtp"),
        ),
        stats(
            "stats-lack-the-codecs",
            "webrtc-pc#mandatory-to-implement-stats",
            "There is no codec.",
            |value| without(value, "codec"),
        ),
        stats(
            "stats-have-another-id",
            "webrtc-pc#dom-rtcstats-id",
            "id of an object is not that by which it is found.",
            |value| {
                objects(value, |object| match object.get_mut("id") {
                    Some(Value::String(id)) => {
                        id.push('x');
                        true
                    }
                    _ => false,
                })
            },
        ),
        stats(
            "stats-have-no-timestamp",
            "webrtc-pc#dom-rtcstats-timestamp",
            "Objects have no timestamp.",
            |value| objects(value, |object| object.remove("timestamp").is_some()),
        ),
        stats(
            "stats-have-no-type",
            "webrtc-pc#dom-rtcstats-type",
            "Objects have no type.",
            |value| objects(value, |object| object.remove("type").is_some()),
        ),
        stats(
            "messages-sent-are-not-counted",
            "webrtc-stats#dom-rtcdatachannelstats-messagessent",
            "messagesSent is 0.",
            |value| zeroed(value, "data-channel", "messagesSent"),
        ),
        stats(
            "bytes-received-are-not-counted",
            "webrtc-stats#dom-rtcdatachannelstats-bytesreceived",
            "bytesReceived of data channels is 0.",
            |value| zeroed(value, "data-channel", "bytesReceived"),
        ),
        stats(
            "channels-opened-are-not-counted",
            "webrtc-stats#dom-rtcpeerconnectionstats-datachannelsopened",
            "dataChannelsOpened is 0.",
            |value| zeroed(value, "peer-connection", "dataChannelsOpened"),
        ),
        stats(
            "channels-closed-are-not-counted",
            "webrtc-stats#dom-rtcpeerconnectionstats-datachannelsclosed",
            "dataChannelsClosed is 0.",
            |value| zeroed(value, "peer-connection", "dataChannelsClosed"),
        ),
        stats(
            "transport-has-no-selected-pair",
            "webrtc-stats#dom-rtctransportstats-selectedcandidatepairid",
            "transport has no selectedCandidatePairId.",
            |value| {
                objects(value, |object| {
                    is(object, "transport") && object.remove("selectedCandidatePairId").is_some()
                })
            },
        ),
        stats(
            "transport-bytes-are-not-counted",
            "webrtc-stats#dom-rtctransportstats-bytessent",
            "bytesSent of transports is 0.",
            |value| zeroed(value, "transport", "bytesSent"),
        ),
        stats(
            "packets-received-are-not-counted",
            "webrtc-stats#dom-rtcreceivedrtpstreamstats-packetsreceived",
            "packetsReceived is 0.",
            |value| zeroed(value, "inbound-rtp", "packetsReceived"),
        ),
        stats(
            "packets-sent-are-not-counted",
            "webrtc-stats#dom-rtcsentrtpstreamstats-packetssent",
            "packetsSent is 0.",
            |value| zeroed(value, "outbound-rtp", "packetsSent"),
        ),
        stats(
            "round-trip-time-is-zero",
            "webrtc-stats#dom-rtcicecandidatepairstats-currentroundtriptime",
            "currentRoundTripTime is 0.",
            |value| zeroed(value, "candidate-pair", "currentRoundTripTime"),
        ),
    ]
}
