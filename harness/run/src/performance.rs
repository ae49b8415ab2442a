//! Plays a script: the loop that steps peers, runs listeners and moves the clock.
//!
//! The script is one routine that goes on until it has to wait. It goes on at the very stop at which what it waits for
//! comes: a promise's reaction runs where the promise settles, an awaited event is seen where it is fired. Conditions on
//! states are looked at when a task ends, so that they see what a task leaves behind and not what it passes through.
//! What steps do is in `steps`, what goes over the signalling plane in `signals`.

use std::collections::BTreeMap;
use std::sync::Arc;

use glare_net::Key;
use glare_oracle::trace::What;
use glare_peer::{
    Called, Event, EventKind, Exception, HostView, Implementation, Input, Operation, OperationId, SimTime,
    Step, Value,
};
use glare_scenario::Scenario;
use glare_scenario::script::{
    Action, Carried, Completion, EventPattern, Happening as Meant, Level, Step as ScriptStep, Wait,
};

use crate::conditions::{Unmet, happening_text, level_text};
use crate::matching::Context;
use crate::negotiation::PerfectNegotiation;
use crate::network_changes::Changes;
use crate::payload;
use crate::signalling::{Message, Signal};
use crate::variables::{Channel, Variables};
use crate::verdict::Departure;
use crate::world::{Alarm, Happening, World};

/// How many stops there may be at one instant before the run counts as stalled.
const MOST_STOPS_AT_ONE_INSTANT: u32 = 10_000;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// The script was played to its end.
    Done,
    /// A departure after which the script cannot go on.
    Departed,
    /// A peer cannot do something.
    Unsupported(String),
    /// Nothing was left to happen, or too much happened at one instant.
    Stalled(String),
    /// The scenario cannot go on, for a reason of its own.
    Faulty(Fault),
}

/// What a step cannot do, which says nothing of a peer by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    /// What is wrong.
    pub(crate) what: String,
    /// The step: its position and its text; none for what is wrong outside of steps.
    pub(crate) step: Option<(String, String)>,
}

impl End {
    /// The scenario is at fault.
    pub(crate) fn faulty(what: impl ToString) -> End {
        End::Faulty(Fault {
            what: what.to_string(),
            step: None,
        })
    }

    /// With the step at which it was found, where that is not known yet.
    pub(crate) fn at(mut self, step: &ScriptStep) -> End {
        if let End::Faulty(fault) = &mut self
            && fault.step.is_none()
        {
            fault.step = Some((step.position.to_string(), step.text.clone()));
        }
        self
    }
}

/// What the script waits for.
#[derive(Debug)]
pub(crate) enum Blocked<'a> {
    /// A promise of a call, made by this step.
    Promise(OperationId, usize),
    /// A promise with a name.
    NamedPromise,
    /// That a step's conditions hold, looked at when tasks end.
    Conditions,
    /// An event.
    Event(&'a EventPattern),
    /// A signalling message.
    Message,
    /// A span of time.
    Time(u64),
    /// The time for the next of several messages, by index.
    Send(u32),
}

/// A listener of the script.
#[derive(Debug, Clone, Copy)]
struct Listener<'a> {
    event: &'a EventPattern,
    save: &'a [Carried],
    steps: &'a [ScriptStep],
}

/// A promise that no part of the script looks at, and for what it was made.
#[derive(Debug)]
pub(crate) enum Background {
    /// `addIceCandidate` of a trickle.
    Trickle,
}

/// What one data channel has sent and received, each message by what tells it from others.
type Traffic = (Vec<String>, Vec<String>);

/// An implementation, and the host that its connections are on.
pub(crate) type Maker = (Arc<dyn Implementation>, HostView);

/// A scenario being played.
pub(crate) struct Performance<'a> {
    pub(crate) scenario: &'a Scenario,
    pub(crate) world: World,
    pub(crate) variables: Variables,
    pub(crate) next: usize,
    pub(crate) blocked: Option<Blocked<'a>>,
    pub(crate) patience: Option<(u64, Key)>,
    pub(crate) waits: u64,
    pub(crate) mailbox: Vec<Message>,
    pub(crate) trickles: Vec<(usize, usize)>,
    pub(crate) negotiations: BTreeMap<usize, PerfectNegotiation>,
    pub(crate) changes: Changes,
    pub(crate) background: BTreeMap<OperationId, Background>,
    pub(crate) departures: Vec<Departure>,
    pub(crate) remarks: Vec<Departure>,
    pub(crate) roles: Vec<String>,
    /// Who plays each role, and where, so that another connection can be constructed.
    pub(crate) makers: Vec<Maker>,
    calls: BTreeMap<OperationId, (String, String)>,
    events: BTreeMap<u64, Event>,
    traffic: BTreeMap<Channel, Traffic>,
    no_traffic: Traffic,
    listeners: Vec<Listener<'a>>,
    stops: u32,
}

impl<'a> Performance<'a> {
    /// A scenario at its beginning, in a world that has its peers in the order of the scenario's roles.
    pub(crate) fn new(scenario: &'a Scenario, world: World, makers: Vec<Maker>) -> Performance<'a> {
        Performance {
            scenario,
            world,
            makers,
            variables: Variables::default(),
            next: 0,
            blocked: None,
            patience: None,
            waits: 0,
            mailbox: Vec::new(),
            trickles: Vec::new(),
            negotiations: BTreeMap::new(),
            changes: Changes::default(),
            background: BTreeMap::new(),
            departures: Vec::new(),
            remarks: Vec::new(),
            roles: scenario.peers.iter().map(|plan| plan.role.clone()).collect(),
            calls: BTreeMap::new(),
            events: BTreeMap::new(),
            traffic: BTreeMap::new(),
            no_traffic: Traffic::default(),
            listeners: Vec::new(),
            stops: 0,
        }
    }

    /// Plays the script to its end.
    pub(crate) fn play(&mut self) -> End {
        self.world
            .alarm(SimTime::ZERO + self.scenario.limit, Alarm::Limit);
        match self.play_through() {
            Ok(()) => End::Done,
            Err(end) => end,
        }
    }

    fn play_through(&mut self) -> Result<(), End> {
        self.go_on()?;
        loop {
            self.settle_down()?;
            if self.is_done() {
                self.miss_listeners();
                return Ok(());
            }
            if self.world.is_quiet() && !self.may_be_in_vain() {
                let waiting = self
                    .current_step()
                    .map_or("the end of the run", |step| step.text.as_str());
                return Err(End::Stalled(format!(
                    "nothing is left to happen while the script waits at `{waiting}`"
                )));
            }
            let before = self.world.now();
            let Some(happening) = self.world.next() else {
                return Err(End::Stalled("nothing is left to happen".to_owned()));
            };
            if self.world.now() > before {
                self.stops = 0;
            }
            self.stop()?;
            match happening {
                Happening::Network(event) => self.world.deliver(event),
                Happening::Host(host) => self.world.pump(host),
                Happening::Resolved {
                    player,
                    query,
                    addresses,
                } => self.world.tell(player, Input::Resolved { query, addresses }),
                Happening::Peer(player) => self.world.rouse(player),
                Happening::Identity(player, request, answer) => {
                    self.world.identity_answered(player, request, answer);
                }
                Happening::Signal(message) => {
                    for message in self.world.signal_arrives(message) {
                        self.receive(message)?;
                    }
                }
                Happening::Script(alarm) => self.alarmed(alarm)?,
            }
        }
    }

    /// Whether the script waits with an end for what need not come.
    fn may_be_in_vain(&self) -> bool {
        let level = self
            .current_step()
            .and_then(|step| step.level)
            .unwrap_or(self.scenario.level);
        self.patience.is_some() && level == Level::May
    }

    fn is_done(&self) -> bool {
        self.blocked.is_none() && self.next >= self.scenario.script.len()
    }

    /// Counts a stop at this instant.
    fn stop(&mut self) -> Result<(), End> {
        self.stops += 1;
        if self.stops > MOST_STOPS_AT_ONE_INSTANT {
            return Err(End::Stalled(format!(
                "{MOST_STOPS_AT_ONE_INSTANT} things happened at {} and time did not go on",
                self.world.now()
            )));
        }
        Ok(())
    }

    /// Steps peers until none has anything left to do now. A task is played to its end before another peer goes on, also
    /// where a listener has called that one: conditions looked at when a task ends never see half of another.
    fn settle_down(&mut self) -> Result<(), End> {
        let mut in_task = None;
        while let Some(player) = in_task.or_else(|| self.world.busy()) {
            self.stop()?;
            in_task = Some(player);
            match self.world.step(player) {
                (Step::Fired(event), number) => self.fired(player, event, number)?,
                (Step::Settled(operation, result), _) => self.settled(player, operation, &result)?,
                (Step::Unsupported(_, what), _) => return Err(End::Unsupported(what.to_string())),
                (Step::TaskEnd | Step::Idle(_), _) => {
                    in_task = None;
                    self.look_again()?;
                }
            }
        }
        Ok(())
    }

    fn fired(&mut self, player: usize, event: Event, number: u64) -> Result<(), End> {
        self.events.insert(number, event.clone());
        if let EventKind::Message { data } = &event.kind {
            let channel = Channel {
                player,
                handle: event.target,
            };
            self.traffic
                .entry(channel)
                .or_default()
                .1
                .push(payload::identity(data));
        }
        match &event.kind {
            EventKind::IceCandidate {
                candidate: Some(candidate),
            } => {
                let others: Vec<usize> = self
                    .trickles
                    .iter()
                    .filter(|(from, _)| *from == player)
                    .map(|(_, to)| *to)
                    .collect();
                let negotiating = self
                    .negotiations
                    .get(&player)
                    .map(|negotiation| negotiation.other);
                for to in others.into_iter().chain(negotiating) {
                    let signal = Signal::Candidate(candidate.clone());
                    self.world.signal(Message {
                        from: player,
                        to,
                        signal,
                    });
                }
            }
            EventKind::NegotiationNeeded => {
                if let Some((doing, awaited)) = self
                    .negotiations
                    .get_mut(&player)
                    .map(PerfectNegotiation::negotiation_needed)
                {
                    self.carry_out(player, doing, Some(awaited))?;
                }
            }
            _ => {}
        }
        self.run_listeners(number, player, &event)?;
        if let Some(Blocked::Event(pattern)) = &self.blocked
            && self.is_event(number, pattern)
        {
            self.awaited_event(player, &event)?;
        }
        Ok(())
    }

    fn run_listeners(&mut self, number: u64, player: usize, event: &Event) -> Result<(), End> {
        let mut index = 0;
        while let Some(listener) = self.listeners.get(index).copied() {
            if self.is_event(number, listener.event) {
                self.listeners.remove(index);
                self.save_event(listener.save, player, event);
                for step in listener.steps {
                    self.perform(step, None)?;
                }
            } else {
                index += 1;
            }
        }
        Ok(())
    }

    /// Installs a listener.
    pub(crate) fn listen(&mut self, event: &'a EventPattern, save: &'a [Carried], steps: &'a [ScriptStep]) {
        self.listeners.push(Listener { event, save, steps });
    }

    /// A listener whose event never came has not looked at what it was to look at.
    fn miss_listeners(&mut self) {
        for listener in std::mem::take(&mut self.listeners) {
            let expecting = listener
                .steps
                .iter()
                .find(|step| matches!(step.action, Action::Expect(_)));
            if let Some(step) = expecting {
                let event = happening_text(&Meant::Event(listener.event.clone()));
                self.depart_at(
                    step,
                    Unmet {
                        expected: format!("{event}, at which to look"),
                        actual: "it did not happen".to_owned(),
                        peer: Some(listener.event.target.role.clone()),
                    },
                );
            }
        }
    }

    fn is_event(&self, number: u64, pattern: &EventPattern) -> bool {
        usize::try_from(number)
            .ok()
            .and_then(|index| self.world.recorder.records().get(index))
            .is_some_and(|record| self.context().is_event(record, pattern))
    }

    fn settled(
        &mut self,
        player: usize,
        operation: OperationId,
        result: &Result<Value, Exception>,
    ) -> Result<(), End> {
        let named = self.variables.settle(operation, result);
        if let Some(Background::Trickle) = self.background.remove(&operation)
            && let Err(exception) = result
        {
            self.background_rejection(player, "addIceCandidate of trickle", exception);
        }
        self.negotiation_settled(player, operation, result)?;
        match self.blocked {
            Some(Blocked::Promise(waiting, step)) if waiting == operation => {
                self.awaited_promise(step, result.clone())
            }
            Some(Blocked::NamedPromise) if named => self.look_again(),
            _ => Ok(()),
        }
    }

    fn alarmed(&mut self, alarm: Alarm) -> Result<(), End> {
        match alarm {
            Alarm::Limit => {
                self.out_of_time("the scenario's limit")?;
                Err(End::Departed)
            }
            Alarm::Patience(wait) => {
                if self.patience.is_some_and(|(waiting, _)| waiting == wait) {
                    self.patience = None;
                    self.out_of_time("the time that the step gives")?;
                    return self.unblock();
                }
                Ok(())
            }
            Alarm::Time(wait) => {
                if matches!(self.blocked, Some(Blocked::Time(waiting)) if waiting == wait) {
                    self.blocked = None;
                    self.next += 1;
                    return self.go_on();
                }
                Ok(())
            }
            Alarm::Undo(change) => self.undo(change),
            Alarm::Switch(host, down) => self.switch_host(host, down),
            Alarm::Send => self.send_next(),
        }
    }

    /// The script waited in vain.
    fn out_of_time(&mut self, whose: &str) -> Result<(), End> {
        let Some(step) = self.current_step() else {
            return Ok(());
        };
        let unmet = self.unmet_wait(step).map_err(|error| End::from(error).at(step))?;
        let mut unmet: Vec<Unmet> = unmet
            .into_iter()
            .map(
                |Unmet {
                     expected,
                     actual,
                     peer,
                 }| Unmet {
                    expected: format!("{expected}, before {whose} ended"),
                    actual,
                    peer,
                },
            )
            .collect();
        if unmet.is_empty() {
            unmet.push(Unmet {
                expected: format!("`{}` to end before {whose} ended", step.text),
                actual: "it did not".to_owned(),
                peer: None,
            });
        }
        self.depart_or_go_on(step, unmet)
    }

    /// Takes note of departures at a step. One that is only told of ends the script nowhere but where a later step needs what
    /// this one was to set.
    pub(crate) fn depart_or_go_on(&mut self, step: &ScriptStep, unmet: Vec<Unmet>) -> Result<(), End> {
        for unmet in unmet {
            self.depart_at(step, unmet);
        }
        if step.level.unwrap_or(self.scenario.level) != Level::May {
            return Err(End::Departed);
        }
        if !sets_something(step) {
            return Ok(());
        }
        if let Some(remark) = self.remarks.last_mut() {
            remark
                .actual
                .push_str("; the script ended there, for later steps may need what this one sets");
        }
        Err(End::Departed)
    }

    /// The step that the script is at.
    pub(crate) fn current_step(&self) -> Option<&'a ScriptStep> {
        self.scenario.script.get(self.next)
    }

    /// Takes note of a departure at a step.
    pub(crate) fn depart_at(&mut self, step: &ScriptStep, unmet: Unmet) {
        let level = step.level.unwrap_or(self.scenario.level);
        let clause = step.clause.as_ref().or_else(|| self.scenario.spec.first());
        let departure = Departure {
            clause: clause.map_or_else(String::new, ToString::to_string),
            level: level_text(level),
            check: format!("step {}", step.text),
            peer: unmet.peer,
            at: Some(step.position.to_string()),
            expected: unmet.expected,
            actual: unmet.actual,
            record: self.world.recorder.next_number().saturating_sub(1),
            time: self.world.now(),
        };
        self.depart(level, departure);
    }

    pub(crate) fn depart(&mut self, level: Level, departure: Departure) {
        match level {
            Level::Must | Level::Should => self.departures.push(departure),
            Level::May => self.remarks.push(departure),
        }
    }

    /// Calls a method of a peer and takes note of whose it is.
    pub(crate) fn call(&mut self, player: usize, operation: Operation) -> (OperationId, Called) {
        let method = operation.name().to_owned();
        let sent = match &operation {
            Operation::Send { channel, data } => Some((*channel, payload::identity(data))),
            _ => None,
        };
        let (id, called) = self.world.call(player, operation);
        self.calls.insert(id, (self.roles[player].clone(), method));
        if let (Some((handle, identity)), Called::Returned(_)) = (sent, &called) {
            self.traffic
                .entry(Channel { player, handle })
                .or_default()
                .0
                .push(identity);
        }
        (id, called)
    }

    /// The peer that plays a role. The loader has checked that there is one.
    pub(crate) fn player(&self, role: &str) -> usize {
        self.roles
            .iter()
            .position(|known| known == role)
            .expect("the loader checks every role")
    }

    /// What records are matched with.
    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            roles: &self.roles,
            variables: &self.variables,
            calls: &self.calls,
            events: &self.events,
            world: &self.world,
        }
    }

    /// The event that a record tells of.
    pub(crate) fn event(&self, record: u64) -> Option<&Event> {
        self.events.get(&record)
    }

    /// What a data channel has sent and received.
    pub(crate) fn traffic(&self, channel: Channel) -> &Traffic {
        self.traffic.get(&channel).unwrap_or(&self.no_traffic)
    }

    /// Says in the trace that a step begins.
    pub(crate) fn announce(&mut self, step: &ScriptStep) {
        let what = What::Step {
            at: step.position.to_string(),
            text: step.text.clone(),
        };
        self.world.recorder.record(self.world.now(), what);
    }
}

/// Whether a step gives a name to something that later steps may use.
fn sets_something(step: &ScriptStep) -> bool {
    match &step.action {
        Action::Call(call) => call.save.is_some() || matches!(call.completion, Completion::Start(Some(_))),
        Action::Settle { save, .. } | Action::Receive { save, .. } => save.is_some(),
        Action::Wait(Wait::For { save, .. } | Wait::Event { save, .. }) => !save.is_empty(),
        _ => false,
    }
}
