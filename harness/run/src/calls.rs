//! Steps that call a peer: methods with their arguments, and messages on data channels.

use glare_peer::{Called, CreateError, Interface, Operation, Value};
use glare_scenario::script::{Action, Call, Completion, Member, Outcome, Send, Step};

use crate::conditions::{Unmet, value_text};
use crate::matching;
use crate::operations::{self, Arguments};
use crate::performance::{Blocked, End, Performance};
use crate::steps::outcome_text;
use crate::world::Alarm;

impl<'a> Performance<'a> {
    pub(crate) fn perform_call(
        &mut self,
        step: &'a Step,
        call: &'a Call,
        index: Option<usize>,
    ) -> Result<(), End> {
        let (player, object) = self.object(&call.target)?;
        let arguments = self.context().arguments(&call.arguments)?;
        let role = &call.target.role;
        let (id, called) = if call.member == Member::Constructor(Interface::PeerConnection) {
            (None, self.construct(player, &arguments)?)
        } else {
            let operation = operations::operation(call.interface, call.member.name(), object, &arguments)
                .map_err(End::faulty)?;
            let (id, called) = self.call(player, operation);
            (Some(id), called)
        };
        let wanted = match &call.completion {
            Completion::Await(outcome) => outcome,
            Completion::Start(_) => &Outcome::Success,
        };
        let actual = match (called, wanted) {
            (Called::Unsupported(what), _) => return Err(End::Unsupported(what.to_string())),
            (Called::Threw(exception), Outcome::Throws(pattern))
                if matching::is_exception(&exception, pattern) =>
            {
                return Ok(());
            }
            (Called::Threw(exception), _) => format!("it threw {exception}"),
            (Called::Returned(value), Outcome::Success) => {
                if let Some(save) = &call.save {
                    self.variables.set_value(save, Some(player), value);
                }
                return Ok(());
            }
            (Called::Returned(value), _) => format!("it returned {}", value_text(&value)),
            (Called::Promise, Outcome::Throws(_)) => "it returned a promise".to_owned(),
            (Called::Promise, _) => {
                match (&call.completion, index, id) {
                    (Completion::Start(Some(name)), _, Some(id)) => self.variables.promise(name, id),
                    (Completion::Await(_), Some(index), Some(id)) => {
                        self.blocked = Some(Blocked::Promise(id, index));
                    }
                    (Completion::Start(_), ..) | (Completion::Await(_), ..) => {}
                }
                return Ok(());
            }
        };
        let expected = format!("{} {}", step.text, outcome_text(wanted));
        self.depart_or_go_on(
            step,
            vec![Unmet {
                expected,
                actual,
                peer: Some(role.clone()),
            }],
        )
    }

    /// `new RTCPeerConnection(configuration)` beside the connection of a player, which is closed at once.
    fn construct(&mut self, player: usize, arguments: &Arguments) -> Result<Called, End> {
        let configuration = operations::configuration(arguments).map_err(End::faulty)?;
        let Some((implementation, host)) = self.makers.get(player) else {
            return Err(End::faulty("nobody constructs connections here"));
        };
        let created = implementation.create(host.clone(), configuration);
        let (called, told) = match created {
            Ok(mut peer) => {
                let (now, id) = (self.world.now(), self.world.operation_id());
                peer.call(now, id, Operation::Close);
                (Called::Returned(Value::Undefined), "was constructed".to_owned())
            }
            Err(CreateError::Threw(exception)) => {
                let told = format!("was not constructed: {exception}");
                (Called::Threw(exception), told)
            }
            Err(CreateError::Unsupported(what)) => return Err(End::Unsupported(what.to_string())),
        };
        self.world.note(player, format!("another connection {told}"));
        Ok(called)
    }

    pub(crate) fn begin_send(
        &mut self,
        step: &'a Step,
        send: &'a Send,
        index: Option<usize>,
    ) -> Result<(), End> {
        if index.is_none() || send.every.is_zero() || send.count <= 1 {
            for number in 1..=send.count {
                self.send_one(step, send, number)?;
            }
            return Ok(());
        }
        self.send_one(step, send, 1)?;
        self.world.alarm(self.world.now() + send.every, Alarm::Send);
        self.blocked = Some(Blocked::Send(2));
        Ok(())
    }

    /// It is time for the next of several messages.
    pub(crate) fn send_next(&mut self) -> Result<(), End> {
        let (Some(Blocked::Send(number)), Some(step)) = (&self.blocked, self.current_step()) else {
            return Ok(());
        };
        let number = *number;
        let Action::Send(send) = &step.action else {
            return Ok(());
        };
        self.send_one(step, send, number)?;
        if number >= send.count {
            return self.unblock();
        }
        self.world.alarm(self.world.now() + send.every, Alarm::Send);
        self.blocked = Some(Blocked::Send(number + 1));
        Ok(())
    }

    fn send_one(&mut self, step: &'a Step, send: &'a Send, number: u32) -> Result<(), End> {
        let channel = self.variables.channel(&send.channel)?;
        let data = send.payload.message(number, send.count);
        let (_, called) = self.call(
            channel.player,
            Operation::Send {
                channel: channel.handle,
                data,
            },
        );
        let actual = match (called, &send.throws) {
            (Called::Unsupported(what), _) => return Err(End::Unsupported(what.to_string())),
            (Called::Threw(exception), Some(pattern)) if matching::is_exception(&exception, pattern) => {
                return Ok(());
            }
            (Called::Threw(exception), _) => format!("it threw {exception}"),
            (Called::Returned(_), None) => return Ok(()),
            (Called::Returned(_), Some(_)) => "it returned".to_owned(),
            (Called::Promise, _) => "it returned a promise".to_owned(),
        };
        let expected = match &send.throws {
            Some(pattern) => format!("send to throw {}", matching::exceptions(pattern)),
            None => "send not to throw".to_owned(),
        };
        let peer = self
            .world
            .players
            .get(channel.player)
            .map(|player| player.role.clone());
        self.depart_or_go_on(
            step,
            vec![Unmet {
                expected,
                actual,
                peer,
            }],
        )
    }
}
