//! One connection's part of a trace, as the rules look at it: its records in order, cut into tasks.

use std::collections::BTreeMap;

use glare_peer::{Exception, ExceptionName, Granularity, Handle, IceCandidate, OperationId};

use crate::trace::{Completion, Header, Interface, PeerSnapshot, Record, What};

/// The methods whose steps are chained to the operations chain (webrtc-pc#chain-an-asynchronous-operation).
const CHAINED: [&str; 5] = [
    "createOffer",
    "createAnswer",
    "setLocalDescription",
    "setRemoteDescription",
    "addIceCandidate",
];

/// The records of one connection, from its construction on.
pub(crate) struct View<'a> {
    /// The role.
    pub peer: &'a str,
    /// How finely the implementation stops.
    pub granularity: Granularity,
    /// Everything of this connection that carries its state, in order.
    pub entries: Vec<Entry<'a>>,
}

/// A record of one connection that carries its state.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    /// The number of the record in the trace.
    pub record: u64,
    /// What happened.
    pub what: &'a What,
    /// The state that went with it.
    pub state: &'a PeerSnapshot,
}

/// An event, taken out of its record.
#[derive(Clone, Copy)]
pub(crate) struct Fired<'a> {
    pub target: Handle,
    pub interface: Interface,
    pub event: &'a str,
    pub detail: &'a serde_json::Value,
}

/// A task of the peer, together with the calls that came between the end of the task before and its own end.
#[derive(Clone, Copy)]
pub(crate) struct Task<'a, 'v> {
    /// The state when the task before had ended; none before the first record.
    pub before: Option<&'a PeerSnapshot>,
    /// Its records, the end of the task included.
    pub entries: &'v [Entry<'a>],
    /// The state at its end; none for a task that the trace cuts off.
    pub after: Option<&'a PeerSnapshot>,
}

/// A call and what became of it, by positions in [`View::entries`].
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub operation: OperationId,
    pub object: Handle,
    pub method: &'a str,
    pub arguments: &'a serde_json::Value,
    pub called: usize,
    pub came: Option<(usize, &'a Completion)>,
    pub settled: Option<(usize, &'a Completion)>,
}

impl<'a> View<'a> {
    /// The connections of a trace, in the order they appear. A role that constructs a second connection has a second view.
    pub fn all(header: &'a Header, trace: &'a [Record]) -> Vec<View<'a>> {
        let mut views: Vec<View<'a>> = Vec::new();
        let mut current: BTreeMap<&str, usize> = BTreeMap::new();
        for record in trace {
            let Some((peer, state)) = owner(&record.what) else {
                continue;
            };
            let known = current.get(peer).copied();
            let again = matches!(record.what, What::Created { .. });
            let index = match known {
                Some(index) if !again => index,
                _ => {
                    // A role that the header does not cast is judged as little as can be.
                    let granularity = header
                        .cast
                        .iter()
                        .find(|cast| cast.role == peer)
                        .map_or(Granularity::Event, |cast| cast.granularity);
                    views.push(View {
                        peer,
                        granularity,
                        entries: Vec::new(),
                    });
                    current.insert(peer, views.len() - 1);
                    views.len() - 1
                }
            };
            views[index].entries.push(Entry {
                record: record.number,
                what: &record.what,
                state,
            });
        }
        views
    }

    /// Whether the peer stops wherever script may run, so that order within a task proves something.
    pub fn steps(&self) -> bool {
        self.granularity == Granularity::Step
    }

    /// The tasks in order.
    pub fn tasks<'v>(&'v self) -> Vec<Task<'a, 'v>> {
        let mut tasks = Vec::new();
        let mut first = 0;
        let mut before = None;
        for (index, entry) in self.entries.iter().enumerate() {
            match entry.what {
                What::TaskEnd { .. } => {
                    let after = Some(entry.state);
                    tasks.push(Task {
                        before,
                        entries: &self.entries[first..=index],
                        after,
                    });
                    before = after;
                    first = index + 1;
                }
                What::Created { .. } if index == 0 => {
                    before = Some(entry.state);
                    first = 1;
                }
                _ => {}
            }
        }
        if first < self.entries.len() {
            tasks.push(Task {
                before,
                entries: &self.entries[first..],
                after: None,
            });
        }
        tasks
    }

    /// All calls in order, each with how it came back and settled first.
    pub fn calls(&self) -> Vec<Call<'a>> {
        let mut calls: Vec<Call<'a>> = Vec::new();
        let mut by_id: BTreeMap<OperationId, usize> = BTreeMap::new();
        for (index, entry) in self.entries.iter().enumerate() {
            match entry.what {
                What::Called {
                    operation,
                    object,
                    method,
                    arguments,
                    ..
                } => {
                    by_id.entry(*operation).or_insert(calls.len());
                    calls.push(Call {
                        operation: *operation,
                        object: *object,
                        method,
                        arguments,
                        called: index,
                        came: None,
                        settled: None,
                    });
                }
                What::Came { operation, how, .. } => {
                    if let Some(call) = by_id.get(operation).map(|at| &mut calls[*at]) {
                        call.came.get_or_insert((index, how));
                    }
                }
                What::Settled { operation, how, .. } => {
                    if let Some(call) = by_id.get(operation).map(|at| &mut calls[*at]) {
                        call.settled.get_or_insert((index, how));
                    }
                }
                _ => {}
            }
        }
        calls
    }

    /// Where in [`View::entries`] the connection was closed for the first time.
    pub fn closed_at(&self) -> Option<usize> {
        self.calls()
            .iter()
            .find(|call| call.is_close())
            .map(|call| call.called)
    }

    /// Where the task that an entry belongs to ends; the end of the trace when it is cut off.
    pub fn end_of_task(&self, index: usize) -> usize {
        self.entries[index..]
            .iter()
            .position(|entry| matches!(entry.what, What::TaskEnd { .. }))
            .map_or(self.entries.len(), |offset| index + offset)
    }

    /// Whether script was running inside a task of the peer at this entry: an event was fired or a promise settled since
    /// the last task ended.
    pub fn inside_task(&self, index: usize) -> bool {
        self.entries[..index]
            .iter()
            .rev()
            .take_while(|entry| !matches!(entry.what, What::TaskEnd { .. }))
            .any(|entry| matches!(entry.what, What::Fired { .. } | What::Settled { .. }))
    }
}

impl<'a> Entry<'a> {
    /// The event, if it is one.
    pub fn fired(&self) -> Option<Fired<'a>> {
        match self.what {
            What::Fired {
                target,
                interface,
                event,
                detail,
                ..
            } => Some(Fired {
                target: *target,
                interface: *interface,
                event,
                detail,
            }),
            _ => None,
        }
    }

    /// Whether it is this event, fired at the connection.
    pub fn is_event(&self, name: &str) -> bool {
        self.fired().is_some_and(|fired| fired.is_at_connection(name))
    }

    /// The candidate of an `icecandidate` event: none for another record, `Some(None)` for null.
    pub fn ice_candidate(&self) -> Option<Option<IceCandidate>> {
        let fired = self
            .fired()
            .filter(|fired| fired.is_at_connection("icecandidate"))?;
        serde_json::from_value(fired.detail.clone()).ok()
    }
}

impl Fired<'_> {
    /// Whether it is this event, fired at the connection.
    pub fn is_at_connection(&self, name: &str) -> bool {
        self.interface == Interface::PeerConnection && self.event == name
    }

    /// Whether it is this event, fired at a data channel.
    pub fn is_at_channel(&self, name: &str) -> bool {
        self.interface == Interface::DataChannel && self.event == name
    }
}

impl<'a> Task<'a, '_> {
    /// The states seen in this task, that before it first.
    pub fn states(&self) -> impl Iterator<Item = &'a PeerSnapshot> {
        self.before
            .into_iter()
            .chain(self.entries.iter().map(|entry| entry.state))
    }

    /// Whether this event was fired at the connection in it.
    pub fn has_event(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.is_event(name))
    }
}

impl Call<'_> {
    /// Whether it goes through the operations chain.
    pub fn is_chained(&self) -> bool {
        self.object == Handle::CONNECTION && CHAINED.contains(&self.method)
    }

    /// Whether its operation was appended to the chain. A `TypeError` comes before: from the conversion of the arguments,
    /// or from a candidate that names no media description.
    pub fn is_on_chain(&self) -> bool {
        let refused = self
            .exception()
            .is_some_and(|(_, exception)| exception.name == ExceptionName::TypeError);
        self.is_chained() && !refused
    }

    /// Whether it closes the connection.
    pub fn is_close(&self) -> bool {
        self.object == Handle::CONNECTION
            && self.method == "close"
            && !matches!(
                self.came,
                Some((_, Completion::Unsupported(_) | Completion::Exception(_)))
            )
    }

    /// The exception it threw or rejected with, and where.
    pub fn exception(&self) -> Option<(usize, &Exception)> {
        [self.came, self.settled]
            .into_iter()
            .flatten()
            .find_map(|(index, how)| match how {
                Completion::Exception(exception) => Some((index, exception)),
                _ => None,
            })
    }
}

/// The role a record belongs to and the state it carries.
fn owner(what: &What) -> Option<(&str, &PeerSnapshot)> {
    match what {
        What::Created { peer, state }
        | What::Called { peer, state, .. }
        | What::Came { peer, state, .. }
        | What::Settled { peer, state, .. }
        | What::Fired { peer, state, .. }
        | What::TaskEnd { peer, state } => Some((peer, state)),
        _ => None,
    }
}
