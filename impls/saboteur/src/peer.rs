//! A peer between the harness and the peer that it breaks.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use glare_peer::{
    Attribute, Called, Datagram, Event, EventKind, Exception, Handle, Input, Interface, LocalDescriptionInit,
    Operation, OperationId, Outbox, Peer, SdpType, SessionDescription, SimTime, Step, Unsupported, Value,
};

use crate::fault::{CallFault, DatagramFault, EventFault, Events, Fault, ReadFault, Which, mark};
use crate::{NOTE, Sabotage};

/// A peer with one thing broken.
pub(crate) struct SabotagedPeer {
    inner: Box<dyn Peer>,
    sabotage: &'static Sabotage,
    /// Whether something has been broken, and whether the trace was told.
    broken: Cell<bool>,
    told: bool,
    /// Steps that come before those of the inner peer.
    queue: VecDeque<Step>,
    /// Events that come later in the task.
    late: VecDeque<Event>,
    /// Steps that come in a task of their own, after this one.
    next_task: VecDeque<Step>,
    /// How many events of the kind to break there have been.
    events: u32,
    /// How many datagrams of the kind to break there have been.
    datagrams: u32,
    /// Calls of the method to break whose promises are pending.
    pending: BTreeSet<OperationId>,
    /// Whether the method to break was called.
    called: bool,
    /// What the method to break came to first.
    first: Option<Value>,
    closed: bool,
    /// What was last shown of the attribute to break, by object.
    shown: RefCell<BTreeMap<Handle, Shown>>,
    descriptions: RefCell<Descriptions>,
}

/// The attribute of an object as it was shown.
#[derive(Clone)]
struct Shown {
    /// What it was at the first reading.
    first: Value,
    /// What it was before its last change.
    previous: Value,
    /// What it was at the last reading.
    last: Value,
    /// What it was when the last task had ended.
    settled: Value,
}

/// The descriptions that were edited.
#[derive(Default)]
struct Descriptions {
    /// The edited text of each original, in the order they were first seen.
    edited: Vec<(Arc<str>, Arc<str>)>,
}

impl SabotagedPeer {
    pub(crate) fn new(inner: Box<dyn Peer>, sabotage: &'static Sabotage, broken: bool) -> SabotagedPeer {
        SabotagedPeer {
            inner,
            sabotage,
            broken: Cell::new(broken),
            told: false,
            queue: VecDeque::new(),
            late: VecDeque::new(),
            next_task: VecDeque::new(),
            events: 0,
            datagrams: 0,
            pending: BTreeSet::new(),
            called: false,
            first: None,
            closed: false,
            shown: RefCell::new(BTreeMap::new()),
            descriptions: RefCell::new(Descriptions::default()),
        }
    }

    fn breaks(&self) {
        self.broken.set(true);
    }

    fn is(&self, object: Handle, interface: Interface) -> bool {
        match interface {
            Interface::PeerConnection => object == Handle::CONNECTION,
            other => mark(other).is_some_and(|attribute| {
                object != Handle::CONNECTION && self.inner.read(object, attribute).is_ok()
            }),
        }
    }

    /// Whether an event is one of these. Counts it if it is one but for its number.
    fn matches(&mut self, events: &Events, event: &Event) -> bool {
        if event.kind.name() != events.name
            || !self.is(event.target, events.at)
            || !(events.carrying)(&event.kind)
        {
            return false;
        }
        self.events += 1;
        events.which == Which::Every || events.which == Which::Nth(self.events)
    }

    /// The next step in place of one of the inner peer; none where nothing is left of it.
    fn sabotaged(&mut self, step: Step) -> Option<Step> {
        let step = match step {
            Step::Fired(event) => self.fired(event)?,
            Step::Settled(id, how) => self.settled(id, how)?,
            Step::TaskEnd => self.task_ends(),
            step @ Step::Idle(_) => {
                if self.late.is_empty() && self.next_task.is_empty() {
                    return Some(step);
                }
                self.task_ends()
            }
            step @ Step::Unsupported(..) => step,
        };
        Some(step)
    }

    fn fired(&mut self, mut event: Event) -> Option<Step> {
        if let EventKind::IceCandidate {
            candidate: Some(candidate),
        } = &mut event.kind
            && let Fault::Candidate(change) = &self.sabotage.fault
            && change(candidate)
        {
            self.breaks();
        }
        // What was put off for an event comes after this one.
        let put_off: Vec<Event> = match &self.sabotage.fault {
            Fault::Event {
                how: EventFault::EventLate,
                ..
            } => self.late.drain(..).collect(),
            _ => Vec::new(),
        };
        self.queue.extend(put_off.into_iter().map(Step::Fired));
        match &self.sabotage.fault {
            Fault::Event { events, how } if self.matches(events, &event) => {
                self.breaks();
                match how {
                    EventFault::Drop => return None,
                    EventFault::Twice => self.queue.push_front(Step::Fired(event.clone())),
                    EventFault::TaskLate => {
                        self.next_task.push_back(Step::Fired(event));
                        return None;
                    }
                    EventFault::EventLate | EventFault::SettleLate => {
                        self.late.push_back(event);
                        return None;
                    }
                    EventFault::Alter(change) => change(&mut event),
                }
            }
            Fault::Extra { after, event: extra } if self.matches(after, &event) => {
                self.breaks();
                self.queue.push_front(Step::Fired(Event {
                    target: event.target,
                    kind: extra(),
                }));
            }
            _ => {}
        }
        Some(Step::Fired(event))
    }

    fn settled(&mut self, id: OperationId, how: Result<Value, Exception>) -> Option<Step> {
        let mut how = how.map(|value| self.edited(value));
        if let Fault::Event {
            how: EventFault::SettleLate,
            ..
        } = &self.sabotage.fault
        {
            self.queue.extend(self.late.drain(..).map(Step::Fired));
        }
        if self.pending.remove(&id)
            && let Fault::Call { how: fault, .. } = &self.sabotage.fault
        {
            match fault {
                CallFault::SettleAtOnce => return None,
                CallFault::NeverSettle => {
                    self.breaks();
                    return None;
                }
                CallFault::SettleTwice => {
                    self.breaks();
                    self.queue.push_back(Step::Settled(id, how.clone()));
                }
                CallFault::SettleTaskLate => {
                    self.breaks();
                    self.next_task.push_back(Step::Settled(id, how));
                    return None;
                }
                fault => how = self.came(fault, how),
            }
        }
        Some(Step::Settled(id, how))
    }

    /// What a call of the method to break comes to, in place of this.
    fn came(&mut self, fault: &CallFault, how: Result<Value, Exception>) -> Result<Value, Exception> {
        match (fault, how) {
            (CallFault::Rename(name), Err(exception)) => {
                if exception.name != *name {
                    self.breaks();
                }
                Err(Exception {
                    name: *name,
                    error_detail: None,
                    ..exception
                })
            }
            (CallFault::Exception(change), Err(mut exception)) => {
                let before = exception.clone();
                change(&mut exception);
                if exception != before {
                    self.breaks();
                }
                Err(exception)
            }
            (CallFault::Swallow, Err(_)) => {
                self.breaks();
                Ok(Value::Undefined)
            }
            (CallFault::Result(change), Ok(mut value)) => {
                if change(&mut value) {
                    self.breaks();
                }
                Ok(value)
            }
            (CallFault::FirstResult, Ok(value)) => {
                let first = self.first.get_or_insert_with(|| value.clone());
                if *first != value {
                    self.broken.set(true);
                }
                Ok(first.clone())
            }
            (_, how) => how,
        }
    }

    /// The end of a task; what was put off comes before it, or in a task of its own after it.
    fn task_ends(&mut self) -> Step {
        if let Some(event) = self.late.pop_front() {
            self.queue.extend(self.late.drain(..).map(Step::Fired));
            self.queue.push_back(Step::TaskEnd);
            return Step::Fired(event);
        }
        for shown in self.shown.borrow_mut().values_mut() {
            shown.settled = shown.last.clone();
        }
        if !self.next_task.is_empty() {
            self.queue.append(&mut self.next_task);
            self.queue.push_back(Step::TaskEnd);
        }
        Step::TaskEnd
    }

    /// A value with its descriptions as they are shown.
    fn edited(&self, value: Value) -> Value {
        match value {
            Value::Description(description) => Value::Description(self.shown_description(description)),
            other => other,
        }
    }

    fn shown_description(&self, description: SessionDescription) -> SessionDescription {
        let Fault::LocalDescription {
            edit,
            offers,
            answers,
        } = &self.sabotage.fault
        else {
            return description;
        };
        let wanted = match description.sdp_type {
            SdpType::Offer => *offers,
            SdpType::Answer | SdpType::Pranswer => *answers,
            SdpType::Rollback => false,
        };
        if !wanted {
            return description;
        }
        let mut known = self.descriptions.borrow_mut();
        if let Some((_, edited)) = known
            .edited
            .iter()
            .find(|(original, _)| *original == description.sdp)
        {
            return SessionDescription {
                sdp: Arc::clone(edited),
                ..description
            };
        }
        let made = u32::try_from(known.edited.len()).unwrap_or(u32::MAX);
        let edited: Arc<str> = match edit(&description.sdp, made) {
            Some(edited) if *edited != *description.sdp => {
                self.breaks();
                edited.into()
            }
            _ => Arc::clone(&description.sdp),
        };
        known.edited.push((description.sdp, Arc::clone(&edited)));
        SessionDescription {
            sdp: edited,
            ..description
        }
    }

    /// The text that the inner peer made, for one that was shown.
    fn original(&self, sdp: &Arc<str>) -> Arc<str> {
        let known = self.descriptions.borrow();
        let found = known.edited.iter().find(|(_, edited)| edited == sdp);
        Arc::clone(found.map_or(sdp, |(original, _)| original))
    }

    /// A call as the inner peer gets it.
    fn translated(&self, operation: Operation) -> Operation {
        match operation {
            Operation::SetLocalDescription(init) => Operation::SetLocalDescription(LocalDescriptionInit {
                sdp: self.original(&init.sdp),
                ..init
            }),
            Operation::SetRemoteDescription(mut description) => {
                if let Fault::RemoteDescription(edit) = &self.sabotage.fault
                    && let Some(edited) = edit(&description.sdp)
                    && *edited != *description.sdp
                {
                    self.breaks();
                    description.sdp = edited.into();
                }
                Operation::SetRemoteDescription(description)
            }
            operation => operation,
        }
    }

    /// A call of the method to break.
    fn call_sabotaged(
        &mut self,
        now: SimTime,
        id: OperationId,
        mut operation: Operation,
        fault: &'static CallFault,
    ) -> Called {
        let first = !std::mem::replace(&mut self.called, true);
        match fault {
            CallFault::Ignore | CallFault::Fail(_) => return self.instead(id, &operation, fault),
            CallFault::IgnoreFirst if first => return self.instead(id, &operation, fault),
            CallFault::Arguments(change) => {
                let broken = change(&mut operation);
                if broken {
                    self.breaks();
                }
            }
            // A promise could not be told from that of the call itself.
            CallFault::Repeat if !returns_promise(&operation) => {
                self.breaks();
                // What comes of the one that nobody asked for is not heard of.
                let _ = self.inner.call(now, id, operation.clone());
            }
            _ => {}
        }
        match self.inner.call(now, id, operation) {
            Called::Promise => {
                self.pending.insert(id);
                if matches!(fault, CallFault::SettleAtOnce) {
                    self.breaks();
                    self.queue.push_back(Step::Settled(id, Ok(Value::Undefined)));
                    self.queue.push_back(Step::TaskEnd);
                }
                Called::Promise
            }
            Called::Returned(value) => match self.came(fault, Ok(value)) {
                Ok(value) => Called::Returned(value),
                Err(exception) => Called::Threw(exception),
            },
            Called::Threw(exception) => match self.came(fault, Err(exception)) {
                Ok(value) => Called::Returned(value),
                Err(exception) => Called::Threw(exception),
            },
            unsupported @ Called::Unsupported(_) => unsupported,
        }
    }

    /// What comes of a call of which nothing is done.
    fn instead(&mut self, id: OperationId, operation: &Operation, fault: &CallFault) -> Called {
        self.breaks();
        let how = match fault {
            CallFault::Fail(name) => Err(Exception::new(*name, "sabotaged")),
            _ => Ok(Value::Undefined),
        };
        if returns_promise(operation) {
            self.queue.push_back(Step::Settled(id, how));
            self.queue.push_back(Step::TaskEnd);
            return Called::Promise;
        }
        match how {
            Ok(value) => Called::Returned(value),
            Err(exception) => Called::Threw(exception),
        }
    }

    /// Remembers what the attribute to break is now, wherever it was read before.
    fn watch(&self) {
        let Fault::Read { attribute, .. } = &self.sabotage.fault else {
            return;
        };
        let objects: Vec<Handle> = self.shown.borrow().keys().copied().collect();
        for object in objects {
            if let Ok(value) = self.inner.read(object, *attribute) {
                self.remember(object, value);
            }
        }
    }

    fn remember(&self, object: Handle, value: Value) -> Shown {
        let mut all = self.shown.borrow_mut();
        let shown = all.entry(object).or_insert_with(|| Shown {
            first: value.clone(),
            previous: value.clone(),
            last: value.clone(),
            settled: value.clone(),
        });
        if shown.last != value
            && !(self.closed
                && matches!(
                    self.sabotage.fault,
                    Fault::Read {
                        how: ReadFault::UnclosedState,
                        ..
                    }
                ))
        {
            shown.previous = std::mem::replace(&mut shown.last, value);
        }
        shown.clone()
    }

    /// Sends what the outbox has got since, with what befalls it.
    fn sends(&mut self, out: &mut Outbox, from: usize) {
        let Fault::Datagrams {
            sent: true,
            which,
            how,
        } = &self.sabotage.fault
        else {
            return;
        };
        let datagrams = out.datagrams.split_off(from);
        for datagram in datagrams {
            let (which, how) = (*which, *how);
            for datagram in self.befallen(datagram, which, how) {
                out.datagrams.push(datagram);
            }
        }
    }

    fn befallen(
        &mut self,
        mut datagram: Datagram,
        which: fn(&[u8]) -> bool,
        how: DatagramFault,
    ) -> Vec<Datagram> {
        if !which(&datagram.data) {
            return vec![datagram];
        }
        self.datagrams += 1;
        match how {
            DatagramFault::DropAfter(kept) if self.datagrams <= kept => vec![datagram],
            DatagramFault::Drop | DatagramFault::DropAfter(_) => {
                self.breaks();
                Vec::new()
            }
            DatagramFault::Corrupt => {
                self.breaks();
                if let Some(last) = datagram.data.last_mut() {
                    *last ^= 0xff;
                }
                vec![datagram]
            }
        }
    }
}

impl Peer for SabotagedPeer {
    fn call(&mut self, now: SimTime, id: OperationId, operation: Operation) -> Called {
        if operation == Operation::Close {
            self.watch();
            self.closed = true;
        }
        let operation = self.translated(operation);
        let called = match &self.sabotage.fault {
            Fault::Call { of, method, how } if *method == operation.name() && *of == owner(&operation) => {
                self.call_sabotaged(now, id, operation, how)
            }
            _ => self.inner.call(now, id, operation),
        };
        self.watch();
        match called {
            Called::Returned(value) => Called::Returned(self.edited(value)),
            called => called,
        }
    }

    fn input(&mut self, now: SimTime, input: Input) {
        let arriving = match (&self.sabotage.fault, input) {
            (
                Fault::Datagrams {
                    sent: false,
                    which,
                    how,
                },
                Input::Datagram(datagram),
            ) => self
                .befallen(datagram, *which, *how)
                .into_iter()
                .map(Input::Datagram)
                .collect(),
            (_, input) => vec![input],
        };
        for input in arriving {
            self.inner.input(now, input);
        }
        self.watch();
    }

    fn step(&mut self, now: SimTime, out: &mut Outbox) -> Step {
        let step = loop {
            if let Some(step) = self.queue.pop_front() {
                break step;
            }
            let before = out.datagrams.len();
            let step = self.inner.step(now, out);
            self.sends(out, before);
            self.watch();
            if let Some(step) = self.sabotaged(step) {
                break step;
            }
        };
        if self.broken.get() && !std::mem::replace(&mut self.told, true) {
            out.notes.push(format!("{NOTE}{}", self.sabotage.name));
        }
        step
    }

    fn read(&self, object: Handle, attribute: Attribute) -> Result<Value, Unsupported> {
        let value = self.edited(self.inner.read(object, attribute)?);
        let Fault::Read {
            attribute: broken,
            of,
            how,
        } = &self.sabotage.fault
        else {
            return Ok(value);
        };
        if attribute != *broken || !self.is(object, *of) {
            return Ok(value);
        }
        let shown = self.remember(object, value.clone());
        let read = match how {
            ReadFault::Alter(alter) => alter(&value).unwrap_or_else(|| value.clone()),
            ReadFault::First => shown.first,
            ReadFault::Previous => shown.previous,
            ReadFault::TaskLate => shown.settled,
            ReadFault::UnclosedState => shown.last,
        };
        if read != value {
            self.breaks();
        }
        Ok(read)
    }
}

/// The interface that a method belongs to.
fn owner(operation: &Operation) -> Interface {
    match operation {
        Operation::GetStats { object, .. } if *object != Handle::CONNECTION => Interface::RtpSender,
        Operation::Send { .. }
        | Operation::CloseDataChannel { .. }
        | Operation::SetBufferedAmountLowThreshold { .. }
        | Operation::SetBinaryType { .. } => Interface::DataChannel,
        Operation::ReplaceTrack { .. }
        | Operation::SetStreams { .. }
        | Operation::SetParameters { .. }
        | Operation::GetParameters { .. }
        | Operation::GetSenderCapabilities { .. } => Interface::RtpSender,
        Operation::GetReceiverCapabilities { .. }
        | Operation::GetContributingSources { .. }
        | Operation::GetSynchronizationSources { .. }
        | Operation::SetJitterBufferTarget { .. } => Interface::RtpReceiver,
        Operation::SetDirection { .. }
        | Operation::StopTransceiver { .. }
        | Operation::SetCodecPreferences { .. } => Interface::RtpTransceiver,
        Operation::InsertDtmf { .. } => Interface::DtmfSender,
        Operation::GetRemoteCertificates { .. } => Interface::DtlsTransport,
        Operation::GetLocalCandidates { .. }
        | Operation::GetRemoteCandidates { .. }
        | Operation::GetSelectedCandidatePair { .. }
        | Operation::GetLocalParameters { .. }
        | Operation::GetRemoteParameters { .. } => Interface::IceTransport,
        Operation::GetFingerprints { .. } => Interface::Certificate,
        Operation::ConstructIceCandidate(_) => Interface::IceCandidate,
        Operation::ConstructSessionDescription(_) => Interface::SessionDescription,
        Operation::SetEnabled { .. } | Operation::StopTrack { .. } | Operation::CloneTrack { .. } => {
            Interface::MediaStreamTrack
        }
        Operation::ConstructMediaStream { .. }
        | Operation::GetTracks { .. }
        | Operation::GetAudioTracks { .. }
        | Operation::GetVideoTracks { .. }
        | Operation::GetTrackById { .. }
        | Operation::AddTrackToStream { .. }
        | Operation::RemoveTrackFromStream { .. }
        | Operation::CloneStream { .. } => Interface::MediaStream,
        _ => Interface::PeerConnection,
    }
}

/// Whether the specification gives the method a promise.
fn returns_promise(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::CreateOffer(_)
            | Operation::CreateAnswer
            | Operation::SetLocalDescription(_)
            | Operation::SetRemoteDescription(_)
            | Operation::AddIceCandidate(_)
            | Operation::GenerateCertificate(_)
            | Operation::GetStats { .. }
            | Operation::GetIdentityAssertion
            | Operation::PeerIdentity
            | Operation::ReplaceTrack { .. }
            | Operation::SetParameters { .. }
            | Operation::GetUserMedia { .. }
    )
}
