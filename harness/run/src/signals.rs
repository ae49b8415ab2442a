//! What goes over the signalling plane: for the listeners of perfect negotiation, for a trickle, or for the script.

use glare_peer::{Attribute, Called, Exception, Handle, Operation, OperationId, SignalingState, Value};

use crate::conditions::level_text;
use crate::negotiation::{Await, Do, Rejection};
use crate::performance::{Background, Blocked, End, Performance};
use crate::signalling::{Message, Signal};
use crate::verdict::Departure;

impl Performance<'_> {
    /// Goes on with the listener of perfect negotiation that awaits a promise, if one does.
    pub(crate) fn negotiation_settled(
        &mut self,
        player: usize,
        operation: OperationId,
        result: &Result<Value, Exception>,
    ) -> Result<(), End> {
        let Some(negotiation) = self.negotiations.get_mut(&player) else {
            return Ok(());
        };
        match negotiation.take(operation) {
            Some(awaited) => self.negotiation_goes_on(player, awaited, result),
            None => Ok(()),
        }
    }

    /// Goes on with a listener of perfect negotiation behind an await.
    pub(crate) fn negotiation_goes_on(
        &mut self,
        player: usize,
        awaited: Await,
        result: &Result<Value, Exception>,
    ) -> Result<(), End> {
        let Some(negotiation) = self.negotiations.get_mut(&player) else {
            return Ok(());
        };
        match result {
            Ok(_) => {
                for (doing, awaited) in negotiation.fulfilled(awaited) {
                    self.carry_out(player, doing, awaited)?;
                }
            }
            Err(exception) => match negotiation.rejected(awaited) {
                Rejection::Suppressed => {}
                Rejection::Logged => {
                    self.background_rejection(player, "perfect negotiation", exception);
                }
            },
        }
        Ok(())
    }

    /// A promise that no step awaits was rejected: what a page would see as an error on its console.
    pub(crate) fn background_rejection(&mut self, player: usize, what: &str, exception: &Exception) {
        let departure = Departure {
            clause: self
                .scenario
                .spec
                .first()
                .map_or_else(String::new, ToString::to_string),
            level: level_text(self.scenario.level),
            check: format!("step {what}"),
            peer: self.roles.get(player).cloned(),
            at: None,
            expected: format!("{what} to go through"),
            actual: format!("it was rejected with {exception}"),
            record: self.world.recorder.next_number().saturating_sub(1),
            time: self.world.now(),
        };
        self.depart(self.scenario.level, departure);
    }

    /// Does what a listener of perfect negotiation does next.
    pub(crate) fn carry_out(&mut self, player: usize, doing: Do, awaited: Option<Await>) -> Result<(), End> {
        let operation = match doing {
            Do::SetLocalDescription => {
                Operation::SetLocalDescription(glare_peer::LocalDescriptionInit::default())
            }
            Do::SetRemoteDescription(description) => Operation::SetRemoteDescription(description),
            Do::AddIceCandidate(candidate) => Operation::AddIceCandidate(candidate),
            Do::SendLocalDescription => {
                let read = self
                    .world
                    .read(player, Handle::CONNECTION, Attribute::LocalDescription);
                return match read {
                    Ok(Value::Description(description)) => {
                        self.negotiation_signal(player, Signal::Description(description));
                        Ok(())
                    }
                    Ok(_) => Ok(()),
                    Err(unsupported) => Err(End::Unsupported(unsupported.to_string())),
                };
            }
        };
        let (id, called) = self.call(player, operation);
        let result = match called {
            Called::Promise => {
                if let (Some(negotiation), Some(awaited)) = (self.negotiations.get_mut(&player), awaited) {
                    negotiation.awaits(id, awaited);
                }
                return Ok(());
            }
            Called::Unsupported(what) => return Err(End::Unsupported(what.to_string())),
            Called::Threw(exception) => Err(exception),
            Called::Returned(value) => Ok(value),
        };
        // `await` takes what is no promise as well, and `finally` runs either way.
        match awaited {
            Some(awaited) => self.negotiation_goes_on(player, awaited, &result),
            None => Ok(()),
        }
    }

    pub(crate) fn negotiation_signal(&mut self, player: usize, signal: Signal) {
        if let Some(to) = self
            .negotiations
            .get(&player)
            .map(|negotiation| negotiation.other)
        {
            self.world.signal(Message {
                from: player,
                to,
                signal,
            });
        }
    }

    /// A message arrives from the signalling plane: for the listeners of perfect negotiation, for a trickle, or for the
    /// script.
    pub(crate) fn receive(&mut self, message: Message) -> Result<(), End> {
        let state = match self
            .world
            .read(message.to, Handle::CONNECTION, Attribute::SignalingState)
        {
            Ok(Value::String(state)) => state.parse::<SignalingState>().ok(),
            _ => None,
        };
        let closed = state == Some(SignalingState::Closed);
        if let Some(negotiation) = self.negotiations.get_mut(&message.to)
            && negotiation.other == message.from
        {
            // A page that closed its connection takes its listeners down with it.
            let next = if closed {
                None
            } else {
                negotiation.message(&message.signal, state)
            };
            return match next {
                Some((doing, awaited)) => self.carry_out(message.to, doing, Some(awaited)),
                None => Ok(()),
            };
        }
        match message.signal {
            Signal::Candidate(candidate) if self.trickles.contains(&(message.from, message.to)) => {
                if closed {
                    return Ok(());
                }
                let (id, called) = self.call(message.to, Operation::AddIceCandidate(candidate));
                match called {
                    Called::Promise => {
                        self.background.insert(id, Background::Trickle);
                        Ok(())
                    }
                    Called::Unsupported(what) => Err(End::Unsupported(what.to_string())),
                    Called::Threw(exception) => {
                        self.background_rejection(message.to, "addIceCandidate of trickle", &exception);
                        Ok(())
                    }
                    Called::Returned(_) => Ok(()),
                }
            }
            signal => {
                self.mailbox.push(Message { signal, ..message });
                if matches!(self.blocked, Some(Blocked::Message)) {
                    self.look_again()
                } else {
                    Ok(())
                }
            }
        }
    }
}
