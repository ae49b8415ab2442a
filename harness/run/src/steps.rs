//! What the steps of a script do, and how they wait. Those that call a peer are in `calls`, those that change the network in
//! `network_changes`.

use std::time::Duration;

use glare_peer::{Event, Exception, SessionDescription, Value};
use glare_scenario::script::{
    Action, Call, Carried, Completion, Condition, Edit, Expectation, Happening, Located, MessageKind,
    Outcome, Signalled, Step, Wait,
};

use crate::conditions::{CannotTell, Unmet, happening_text, value_text};
use crate::matching;
use crate::negotiation::PerfectNegotiation;
use crate::objects;
use crate::performance::{Blocked, End, Performance};
use crate::sdp_text;
use crate::signalling::{Message, Signal};
use crate::variables::WrongVariable;
use crate::world::Alarm;

impl From<CannotTell> for End {
    fn from(error: CannotTell) -> End {
        match error {
            CannotTell::Unsupported(what) => End::Unsupported(what.to_string()),
            other => End::faulty(other),
        }
    }
}

impl From<WrongVariable> for End {
    fn from(error: WrongVariable) -> End {
        End::faulty(error)
    }
}

impl<'a> Performance<'a> {
    /// Plays steps until one has to wait.
    pub(crate) fn go_on(&mut self) -> Result<(), End> {
        while self.blocked.is_none()
            && let Some(step) = self.current_step()
        {
            self.perform(step, Some(self.next))?;
            if self.blocked.is_none() {
                self.next += 1;
            }
        }
        Ok(())
    }

    /// Looks again whether what the script waits for has come.
    pub(crate) fn look_again(&mut self) -> Result<(), End> {
        let waiting = matches!(
            self.blocked,
            Some(Blocked::Conditions | Blocked::Message | Blocked::NamedPromise)
        );
        let Some(step) = self.current_step().filter(|_| waiting) else {
            return Ok(());
        };
        if self.try_wait(step).map_err(|end| end.at(step))? {
            self.unblock()?;
        }
        Ok(())
    }

    pub(crate) fn unblock(&mut self) -> Result<(), End> {
        self.blocked = None;
        if let Some((_, key)) = self.patience.take() {
            self.world.cancel(key);
        }
        self.next += 1;
        self.go_on()
    }

    /// The event that the script waits for was fired.
    pub(crate) fn awaited_event(&mut self, player: usize, event: &Event) -> Result<(), End> {
        if let Some(Step {
            action: Action::Wait(Wait::Event { save, .. }),
            ..
        }) = self.current_step()
        {
            self.save_event(save, player, event);
        }
        self.unblock()
    }

    /// The promise that the script waits for settled.
    pub(crate) fn awaited_promise(
        &mut self,
        step: usize,
        result: Result<Value, Exception>,
    ) -> Result<(), End> {
        let Some(step) = self.scenario.script.get(step) else {
            return Ok(());
        };
        if let Action::Call(Call {
            target,
            completion: Completion::Await(outcome),
            save,
            ..
        }) = &step.action
        {
            self.check_settlement(step, &target.role, outcome, save.as_deref(), result)?;
        }
        self.unblock()
    }

    fn check_settlement(
        &mut self,
        step: &'a Step,
        role: &str,
        outcome: &Outcome,
        save: Option<&str>,
        result: Result<Value, Exception>,
    ) -> Result<(), End> {
        let actual = match (&result, outcome) {
            (Ok(_), Outcome::Success) => None,
            (Ok(value), _) => Some(format!("it was fulfilled with {}", value_text(value))),
            (Err(exception), Outcome::Rejects(pattern)) if matching::is_exception(exception, pattern) => None,
            (Err(exception), _) => Some(format!("it was rejected with {exception}")),
        };
        if let Some(actual) = actual {
            let expected = format!("the promise {}", outcome_text(outcome));
            return self.depart_or_go_on(
                step,
                vec![Unmet {
                    expected,
                    actual,
                    peer: Some(role.to_owned()),
                }],
            );
        }
        if let (Ok(value), Some(save)) = (result, save) {
            let player = self.player(role);
            self.variables.set_value(save, Some(player), value);
        }
        Ok(())
    }

    /// Does a step; `index` is its place in the script, none in a listener.
    pub(crate) fn perform(&mut self, step: &'a Step, index: Option<usize>) -> Result<(), End> {
        self.announce(step);
        self.act(step, index).map_err(|end| end.at(step))
    }

    fn act(&mut self, step: &'a Step, index: Option<usize>) -> Result<(), End> {
        match &step.action {
            Action::Call(call) => self.perform_call(step, call, index),
            Action::Send(send) => self.begin_send(step, send, index),
            Action::Trickle { from, to } => {
                let pair = (self.player(from), self.player(to));
                if !self.trickles.contains(&pair) {
                    self.trickles.push(pair);
                }
                Ok(())
            }
            Action::PerfectNegotiation { polite, impolite } => {
                let (polite, impolite) = (self.player(polite), self.player(impolite));
                self.negotiations
                    .insert(polite, PerfectNegotiation::new(impolite, true));
                self.negotiations
                    .insert(impolite, PerfectNegotiation::new(polite, false));
                Ok(())
            }
            Action::Signal { from, to, send } => {
                let signal = match send {
                    Signalled::Description(name) => {
                        Signal::Description(self.variables.description(name)?.clone())
                    }
                    Signalled::Candidate(name) => Signal::Candidate(self.variables.candidate(name)?.clone()),
                };
                let (from, to) = (self.player(from), self.player(to));
                self.world.signal(Message { from, to, signal });
                Ok(())
            }
            Action::Listen { event, save, steps } => {
                self.listen(event, save, steps);
                Ok(())
            }
            Action::Change {
                link,
                direction,
                change,
                span,
            } => self.change(link, *direction, change, *span),
            Action::Switch { server, down, span } => self.switch(server, *down, *span),
            Action::Read { path, save } => {
                let value = self.look(path)?;
                let player = path.role.as_ref().map(|role| self.player(role));
                self.variables.set_value(save, player, value);
                Ok(())
            }
            Action::Edit(edit) => self.edit(edit),
            Action::Mark { save } => {
                let now = self.world.now();
                self.variables.set_mark(save, now);
                Ok(())
            }
            Action::Expect(expectations) => self.expect(step, expectations),
            Action::Wait(Wait::Time(span)) => {
                self.waits += 1;
                self.world
                    .alarm(self.world.now() + *span, Alarm::Time(self.waits));
                self.blocked = Some(Blocked::Time(self.waits));
                Ok(())
            }
            Action::Wait(Wait::Event { event, within, .. }) => {
                self.blocked = Some(Blocked::Event(event));
                self.be_patient(*within);
                Ok(())
            }
            Action::Settle { .. } => self.wait_or_block(step, Blocked::NamedPromise, None),
            Action::Receive { within, .. } => self.wait_or_block(step, Blocked::Message, *within),
            Action::Wait(
                Wait::For { within, .. } | Wait::Received { within, .. } | Wait::ReceivedAll { within, .. },
            ) => self.wait_or_block(step, Blocked::Conditions, *within),
        }
    }

    fn wait_or_block(
        &mut self,
        step: &'a Step,
        blocked: Blocked<'a>,
        within: Option<Duration>,
    ) -> Result<(), End> {
        if !self.try_wait(step)? {
            self.blocked = Some(blocked);
            self.be_patient(within);
        }
        Ok(())
    }

    fn be_patient(&mut self, within: Option<Duration>) {
        if let Some(within) = within {
            self.waits += 1;
            let key = self
                .world
                .alarm(self.world.now() + within, Alarm::Patience(self.waits));
            self.patience = Some((self.waits, key));
        }
    }

    /// Whether what a step waits for is there; takes it if so.
    fn try_wait(&mut self, step: &'a Step) -> Result<bool, End> {
        match &step.action {
            Action::Settle {
                promise,
                outcome,
                save,
            } => {
                let Some(result) = self
                    .variables
                    .get_promise(promise)
                    .and_then(|promise| promise.settled.clone())
                else {
                    return Ok(false);
                };
                let role = self.promise_role(promise);
                self.check_settlement(step, &role, outcome, save.as_deref(), result)?;
                Ok(true)
            }
            Action::Receive {
                at, from, kind, save, ..
            } => {
                let (at, from) = (self.player(at), self.player(from));
                let wanted = |message: &Message| {
                    (message.to, message.from) == (at, from)
                        && matches!(
                            (&message.signal, kind),
                            (Signal::Description(_), MessageKind::Description)
                                | (Signal::Candidate(_), MessageKind::Candidate)
                        )
                };
                let Some(place) = self.mailbox.iter().position(wanted) else {
                    return Ok(false);
                };
                let value = match self.mailbox.remove(place).signal {
                    Signal::Description(description) => Value::Description(description),
                    Signal::Candidate(candidate) => Value::Candidate(candidate),
                };
                if let Some(save) = save {
                    self.variables.set_value(save, None, value);
                }
                Ok(true)
            }
            Action::Wait(wait @ Wait::For { conditions, save, .. }) => {
                if !self.unmet_waiting(wait)?.is_empty() {
                    return Ok(false);
                }
                if !save.is_empty() {
                    self.save_happened(conditions, save);
                }
                Ok(true)
            }
            Action::Wait(wait) => Ok(self.unmet_waiting(wait)?.is_empty()),
            _ => Ok(true),
        }
    }

    fn promise_role(&self, promise: &str) -> String {
        self.variables
            .get_promise(promise)
            .and_then(|promise| {
                self.context()
                    .calls
                    .get(&promise.operation)
                    .map(|(role, _)| role.clone())
            })
            .unwrap_or_default()
    }

    fn save_happened(&mut self, conditions: &[Located<Condition>], save: &[Carried]) {
        let found = conditions.iter().find_map(|condition| match &condition.value {
            Condition::Happened { event, nth } => {
                let record = self.find(&Happening::Event(event.clone()), *nth)?;
                let event_fired = self.event(record.number)?.clone();
                Some((self.player(&event.target.role), event_fired))
            }
            _ => None,
        });
        if let Some((player, event)) = found {
            self.save_event(save, player, &event);
        }
    }

    /// Sets variables to what an event carried.
    pub(crate) fn save_event(&mut self, save: &[Carried], player: usize, event: &Event) {
        let payload = objects::payload(event);
        for carried in save {
            let value = payload.iter().find(|(name, _)| *name == carried.attribute);
            let value = value.map_or(Value::Undefined, |(_, value)| value.clone());
            self.variables.set_value(&carried.variable, Some(player), value);
        }
    }

    /// What is missing for a step to stop waiting.
    pub(crate) fn unmet_wait(&self, step: &Step) -> Result<Vec<Unmet>, CannotTell> {
        let missing = |expected: String, actual: &str| {
            Ok(vec![Unmet {
                expected,
                actual: actual.to_owned(),
                peer: None,
            }])
        };
        match &step.action {
            Action::Wait(Wait::Event { event, .. }) => missing(
                happening_text(&Happening::Event(event.clone())),
                "it did not happen",
            ),
            Action::Wait(Wait::Time(span)) => missing(format!("{span:?} to go by"), "they did not"),
            Action::Wait(wait) => self.unmet_waiting(wait),
            Action::Receive { at, from, .. } => {
                missing(format!("{at} to receive a message from {from}"), "none came")
            }
            Action::Settle { promise, outcome, .. } => missing(
                format!("the promise {promise} {}", outcome_text(outcome)),
                "it is pending",
            ),
            Action::Call(Call {
                completion: Completion::Await(outcome),
                ..
            }) => missing(format!("the promise {}", outcome_text(outcome)), "it is pending"),
            _ => missing(format!("`{}` to end", step.text), "it did not"),
        }
    }

    fn unmet_waiting(&self, wait: &Wait) -> Result<Vec<Unmet>, CannotTell> {
        let (channel, needed) = match wait {
            Wait::For { conditions, .. } => return self.unmet_conditions(conditions),
            Wait::Event { .. } | Wait::Time(_) => return Ok(Vec::new()),
            Wait::Received { channel, count, .. } => (channel, *count),
            Wait::ReceivedAll { channel, sent, .. } => (
                channel,
                self.traffic(self.variables.channel(sent)?).0.len() as u64,
            ),
        };
        let received = self.traffic(self.variables.channel(channel)?).1.len() as u64;
        Ok((received < needed)
            .then(|| Unmet {
                expected: format!("{channel} to have received {needed} messages"),
                actual: format!("it has received {received}"),
                peer: None,
            })
            .into_iter()
            .collect())
    }

    fn edit(&mut self, edit: &Edit) -> Result<(), End> {
        let SessionDescription { sdp_type, sdp } = self.variables.description(&edit.description)?.clone();
        let mut text = sdp.to_string();
        for kind in &edit.edits {
            text = sdp_text::edit(&text, kind)
                .map_err(|error| End::faulty(format!("cannot edit {}: {error}", edit.description)))?;
        }
        self.variables.set_value(
            &edit.save,
            None,
            Value::Description(SessionDescription {
                sdp_type,
                sdp: text.into(),
            }),
        );
        Ok(())
    }

    fn expect(&mut self, step: &'a Step, expectations: &[Located<Expectation>]) -> Result<(), End> {
        // What cannot be told does not keep back what can.
        let mut cannot_tell = None;
        for expectation in expectations {
            let found: Vec<Result<Vec<Unmet>, CannotTell>> = match &expectation.value {
                Expectation::State(conditions) => conditions
                    .iter()
                    .map(|condition| Ok(self.unmet_condition(&condition.value)?.into_iter().collect()))
                    .collect(),
                other => vec![self.unmet_expectation(other)],
            };
            for found in found {
                match found {
                    Ok(unmet) => unmet.into_iter().for_each(|unmet| self.depart_at(step, unmet)),
                    Err(error) => {
                        cannot_tell.get_or_insert(error);
                    }
                }
            }
        }
        cannot_tell.map_or(Ok(()), |error| Err(error.into()))
    }
}

/// How a call must come out, for people.
pub(crate) fn outcome_text(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Success => "to succeed".to_owned(),
        Outcome::Throws(pattern) => format!("to throw {}", matching::exceptions(pattern)),
        Outcome::Rejects(pattern) => format!("to be rejected with {}", matching::exceptions(pattern)),
    }
}
