//! Data channels.

use std::collections::{BTreeMap, BTreeSet};

use glare_peer::{DataChannelState as Ready, ExceptionName, Granularity, Handle, SctpTransportState};

use super::{Departure, Level, Rule};
use crate::trace::{ChannelSnapshot, Completion, Interface, PeerSnapshot, What};
use crate::view::View;

pub(super) fn rules() -> Vec<Rule> {
    vec![
        Rule {
            id: "channel-opens-once",
            clause: "webrtc-pc#announcing-a-data-channel-as-open",
            level: Level::Must,
            statement: "open is fired at most once at a data channel.",
            granularity: Granularity::Event,
            check: opens_once,
        },
        Rule {
            id: "message-follows-open",
            clause: "webrtc-pc#receiving-messages-on-a-data-channel",
            level: Level::Must,
            statement: "A channel made by createDataChannel() fires no message before open.",
            granularity: Granularity::Event,
            check: message_follows_open,
        },
        Rule {
            id: "channel-close-is-last",
            clause: "webrtc-pc#announcing-a-data-channel-as-closed",
            level: Level::Must,
            statement: "After close a data channel fires neither open, message, closing nor close.",
            granularity: Granularity::Event,
            check: close_is_last,
        },
        Rule {
            id: "channel-event-shows-its-state",
            clause: "webrtc-pc#dom-datachannel-readystate",
            level: Level::Must,
            statement: "readyState is open at datachannel, open and message, closing at closing, and closed at close.",
            granularity: Granularity::Step,
            check: event_shows_its_state,
        },
        Rule {
            id: "channel-event-is-at-a-channel",
            clause: "webrtc-pc#event-summary",
            level: Level::Must,
            statement: "Events of data channels are fired at channels that createDataChannel() returned or datachannel announced.",
            granularity: Granularity::Event,
            check: event_is_at_a_channel,
        },
        Rule {
            id: "ready-state-only-goes-forward",
            clause: "webrtc-pc#closing-procedure",
            level: Level::Must,
            statement: "readyState goes from connecting over open and closing to closed, and never back.",
            granularity: Granularity::Event,
            check: ready_state_goes_forward,
        },
        Rule {
            id: "open-requires-association",
            clause: "webrtc-pc#connected-procedure",
            level: Level::Must,
            statement: "open is fired only when the SCTP transport has connected.",
            granularity: Granularity::Event,
            check: open_requires_association,
        },
        Rule {
            id: "channel-id-never-changes",
            clause: "webrtc-pc#dom-rtcdatachannel-id",
            level: Level::Must,
            statement: "Once the id of a data channel is not null it stays what it is.",
            granularity: Granularity::Event,
            check: id_never_changes,
        },
        Rule {
            id: "channel-ids-are-distinct",
            clause: "webrtc-pc#dom-peerconnection-createdatachannel",
            level: Level::Must,
            statement: "No two connecting or open channels of a connection have the same id.",
            granularity: Granularity::Event,
            check: ids_are_distinct,
        },
        Rule {
            id: "channel-id-is-in-range",
            clause: "webrtc-pc#dom-peerconnection-createdatachannel",
            level: Level::Must,
            statement: "The id of a data channel is at most 65534.",
            granularity: Granularity::Event,
            check: id_in_range,
        },
        Rule {
            id: "send-requires-open",
            clause: "webrtc-pc#datachannel-send",
            level: Level::Must,
            statement: "send() throws InvalidStateError when readyState is not open, and only then.",
            granularity: Granularity::Event,
            check: send_requires_open,
        },
        Rule {
            id: "buffered-amount-grows-only-by-send",
            clause: "webrtc-pc#dom-datachannel-bufferedamount",
            level: Level::Must,
            statement: "bufferedAmount grows only with a call of send() that succeeds.",
            granularity: Granularity::Event,
            check: buffered_amount_grows,
        },
    ]
}

fn channel_of(state: &PeerSnapshot, channel: Handle) -> Option<&ChannelSnapshot> {
    state.channels.iter().find(|other| other.channel == channel)
}

/// A name for a channel in messages that is the same for every run of a script: its place among the channels.
fn place(view: &View<'_>, channel: Handle) -> String {
    let known: BTreeSet<Handle> = view
        .entries
        .iter()
        .flat_map(|entry| {
            let target = entry
                .fired()
                .filter(|fired| fired.is_at_channel(fired.event))
                .map(|fired| fired.target);
            target
                .into_iter()
                .chain(entry.state.channels.iter().map(|channel| channel.channel))
        })
        .collect();
    let place = known
        .iter()
        .position(|other| *other == channel)
        .map_or(0, |index| index + 1);
    format!("channel {place}")
}

fn opens_once(view: &View<'_>) -> Option<Departure> {
    let mut opened = BTreeSet::new();
    view.entries.iter().find_map(|entry| {
        let fired = entry.fired().filter(|fired| fired.is_at_channel("open"))?;
        (!opened.insert(fired.target)).then(|| {
            let channel = place(view, fired.target);
            Departure::new(
                entry.record,
                format!("open once at {channel}"),
                format!("open again at {channel}"),
            )
        })
    })
}

/// A channel that the other side announced is open before its `open` is fired, so a message may be quicker there.
fn message_follows_open(view: &View<'_>) -> Option<Departure> {
    let mut made_here = BTreeSet::new();
    let calls: BTreeMap<_, _> = view
        .calls()
        .iter()
        .map(|call| (call.operation, call.method == "createDataChannel"))
        .collect();
    let mut opened = BTreeSet::new();
    view.entries.iter().find_map(|entry| {
        if let What::Came {
            operation,
            how: Completion::Value(value),
            ..
        } = entry.what
            && calls.get(operation) == Some(&true)
        {
            made_here.extend(handle_in(value, "object"));
        }
        let fired = entry.fired()?;
        if fired.is_at_channel("open") {
            opened.insert(fired.target);
        }
        let early = fired.is_at_channel("message")
            && made_here.contains(&fired.target)
            && !opened.contains(&fired.target);
        early.then(|| {
            let channel = place(view, fired.target);
            Departure::new(
                entry.record,
                format!("open before message at {channel}"),
                format!("message before open at {channel}"),
            )
        })
    })
}

/// The handle in a member of an object, such as `{"object": 3}`.
fn handle_in(value: &serde_json::Value, member: &str) -> Option<Handle> {
    u32::try_from(value.get(member)?.as_u64()?).ok().map(Handle)
}

/// `error` and `bufferedamountlow` come from tasks that do not look at the state, so they are left alone.
fn close_is_last(view: &View<'_>) -> Option<Departure> {
    let mut closed = BTreeSet::new();
    view.entries.iter().find_map(|entry| {
        let fired = entry.fired().filter(|fired| fired.is_at_channel(fired.event))?;
        if closed.contains(&fired.target) && matches!(fired.event, "open" | "message" | "closing" | "close") {
            let channel = place(view, fired.target);
            return Some(Departure::new(
                entry.record,
                format!("nothing more at {channel} after close"),
                format!("{} after close at {channel}", fired.event),
            ));
        }
        if fired.event == "close" {
            closed.insert(fired.target);
        }
        None
    })
}

fn event_shows_its_state(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        let fired = entry.fired()?;
        let (channel, wanted) = match (fired.interface, fired.event) {
            (Interface::PeerConnection, "datachannel") => (handle_in(fired.detail, "channel")?, Ready::Open),
            (Interface::DataChannel, "open" | "message") => (fired.target, Ready::Open),
            (Interface::DataChannel, "closing") => (fired.target, Ready::Closing),
            (Interface::DataChannel, "close") => (fired.target, Ready::Closed),
            _ => return None,
        };
        let found = channel_of(entry.state, channel)?.ready_state;
        (found != wanted).then(|| {
            Departure::new(
                entry.record,
                format!("readyState {wanted} at {}", fired.event),
                format!(
                    "readyState {found} at {} of {}",
                    fired.event,
                    place(view, channel)
                ),
            )
        })
    })
}

/// A snapshot has every channel that script was given and whose `readyState` can be read.
fn event_is_at_a_channel(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        let fired = entry.fired()?;
        let channel = match (fired.interface, fired.event) {
            (Interface::PeerConnection, "datachannel") => handle_in(fired.detail, "channel")?,
            (Interface::DataChannel, _) => fired.target,
            _ => return None,
        };
        channel_of(entry.state, channel).is_none().then(|| {
            Departure::new(
                entry.record,
                format!("{} at a data channel of this connection", fired.event),
                format!("{} at an object that script was never given", fired.event),
            )
        })
    })
}

/// A closing procedure that was queued before `close()` of the connection still sets `closing` after it: from there on
/// nothing is judged.
fn ready_state_goes_forward(view: &View<'_>) -> Option<Departure> {
    let closed = view.closed_at().unwrap_or(view.entries.len());
    let mut last: BTreeMap<Handle, Ready> = BTreeMap::new();
    view.entries[..closed].iter().find_map(|entry| {
        entry.state.channels.iter().find_map(|channel| {
            let previous = last.insert(channel.channel, channel.ready_state)?;
            (rank(channel.ready_state) < rank(previous)).then(|| {
                Departure::new(
                    entry.record,
                    format!("readyState never goes back from {previous}"),
                    format!(
                        "readyState of {} from {previous} to {}",
                        place(view, channel.channel),
                        channel.ready_state
                    ),
                )
            })
        })
    })
}

fn rank(state: Ready) -> u8 {
    match state {
        Ready::Connecting => 0,
        Ready::Open => 1,
        Ready::Closing => 2,
        Ready::Closed => 3,
    }
}

fn open_requires_association(view: &View<'_>) -> Option<Departure> {
    view.tasks().iter().find_map(|task| {
        let entry = task.entries.iter().find(|entry| {
            let open = entry.fired().is_some_and(|fired| fired.is_at_channel("open"));
            open && entry
                .state
                .transports
                .is_some_and(|all| all.sctp == SctpTransportState::Connecting)
        })?;
        // A peer that is read late may show the transport's change only at the end.
        let later = task.after.and_then(|state| state.transports);
        if !view.steps() && later.is_none_or(|all| all.sctp != SctpTransportState::Connecting) {
            return None;
        }
        Some(Departure::new(
            entry.record,
            "open only with the SCTP transport connected",
            "open with the SCTP transport connecting",
        ))
    })
}

fn id_never_changes(view: &View<'_>) -> Option<Departure> {
    let mut ids: BTreeMap<Handle, u16> = BTreeMap::new();
    view.entries.iter().find_map(|entry| {
        entry.state.channels.iter().find_map(|channel| {
            let previous = match channel.id {
                Some(id) => ids.insert(channel.channel, id)?,
                None => *ids.get(&channel.channel)?,
            };
            (channel.id != Some(previous)).then(|| {
                let name = place(view, channel.channel);
                let change = if channel.id.is_none() {
                    "becomes null"
                } else {
                    "changes"
                };
                Departure::new(
                    entry.record,
                    format!("the id of {name} stays what it is"),
                    format!("the id of {name} {change}"),
                )
            })
        })
    })
}

/// A closing channel has left `[[DataChannels]]` and its id may be given out again.
fn ids_are_distinct(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        let mut taken = BTreeSet::new();
        let alive = entry
            .state
            .channels
            .iter()
            .filter(|channel| rank(channel.ready_state) <= rank(Ready::Open));
        alive
            .filter_map(|channel| channel.id)
            .find(|id| !taken.insert(*id))?;
        Some(Departure::new(
            entry.record,
            "ids that are distinct among connecting and open channels",
            "two channels with the same id",
        ))
    })
}

fn id_in_range(view: &View<'_>) -> Option<Departure> {
    view.entries.iter().find_map(|entry| {
        let channel = entry
            .state
            .channels
            .iter()
            .find(|channel| channel.id == Some(u16::MAX))?;
        Some(Departure::new(
            entry.record,
            "an id from 0 to 65534",
            format!("id 65535 of {}", place(view, channel.channel)),
        ))
    })
}

fn send_requires_open(view: &View<'_>) -> Option<Departure> {
    view.calls().iter().find_map(|call| {
        if call.method != "send" || call.object == Handle::CONNECTION {
            return None;
        }
        let (came, how) = call.came?;
        let ready = channel_of(view.entries.get(call.called)?.state, call.object)?.ready_state;
        let refused = match how {
            Completion::Exception(exception) => exception.name == ExceptionName::InvalidStateError,
            _ => false,
        };
        if matches!(how, Completion::Unsupported(_)) || refused == (ready != Ready::Open) {
            return None;
        }
        let outcome = match how {
            Completion::Exception(exception) => format!("throws {}", exception.name),
            _ => "succeeds".to_owned(),
        };
        let wanted = if refused { "does not throw" } else { "throws" };
        Some(Departure::new(
            view.entries.get(came)?.record,
            format!("send() {wanted} InvalidStateError in {ready}"),
            format!("send() {outcome}"),
        ))
    })
}

fn buffered_amount_grows(view: &View<'_>) -> Option<Departure> {
    let sends: BTreeMap<_, _> = view
        .calls()
        .iter()
        .filter(|call| call.method == "send")
        .map(|call| (call.operation, call.object))
        .collect();
    let mut last: BTreeMap<Handle, u64> = BTreeMap::new();
    view.entries.iter().find_map(|entry| {
        let sent = match entry.what {
            What::Came {
                operation,
                how: Completion::Value(_),
                ..
            } => sends.get(operation).copied(),
            _ => None,
        };
        entry.state.channels.iter().find_map(|channel| {
            let previous = last.insert(channel.channel, channel.buffered_amount).unwrap_or(0);
            (channel.buffered_amount > previous && sent != Some(channel.channel)).then(|| {
                Departure::new(
                    entry.record,
                    "bufferedAmount grows only when send() returns",
                    format!(
                        "bufferedAmount of {} grows without it",
                        place(view, channel.channel)
                    ),
                )
            })
        })
    })
}
