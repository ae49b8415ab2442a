//! Steps that call a peer: methods with their arguments, and messages on data channels.

use glare_peer::{
    Called, Handle, IceCandidate, LocalDescriptionInit, OfferOptions, Operation, SessionDescription, Value,
};
use glare_scenario::script::{
    Action, Call, CandidateArgument, Completion, DescriptionArgument, Method, Outcome, Send, Step, Target,
    Template,
};

use crate::conditions::{Unmet, value_text};
use crate::matching;
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
        let operation = self.operation(&call.target, object, &call.method)?;
        let role = call.target.role();
        let (id, called) = self.call(player, operation);
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
                    self.variables.set_value(save, player, value);
                }
                return Ok(());
            }
            (Called::Returned(value), _) => format!("it returned {}", value_text(&value)),
            (Called::Promise, Outcome::Throws(_)) => "it returned a promise".to_owned(),
            (Called::Promise, _) => {
                match (&call.completion, index) {
                    (Completion::Start(Some(name)), _) => self.variables.promise(name, id),
                    (Completion::Await(_), Some(index)) => self.blocked = Some(Blocked::Promise(id, index)),
                    (Completion::Start(None), _) | (Completion::Await(_), None) => {}
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
                peer: Some(role.to_owned()),
            }],
        )
    }

    fn operation(&self, target: &Target, object: Handle, method: &Method) -> Result<Operation, End> {
        let channel = matches!(target, Target::Channel { .. });
        Ok(match method {
            Method::CreateOffer { ice_restart } => Operation::CreateOffer(OfferOptions {
                ice_restart: *ice_restart,
                ..OfferOptions::default()
            }),
            Method::CreateAnswer => Operation::CreateAnswer,
            Method::SetLocalDescription(argument) => {
                Operation::SetLocalDescription(self.local_description(argument)?)
            }
            Method::SetRemoteDescription(argument) => {
                let LocalDescriptionInit { sdp_type, sdp } = self.local_description(argument)?;
                let Some(sdp_type) = sdp_type else {
                    return Err(End::faulty("setRemoteDescription needs a type".to_owned()));
                };
                Operation::SetRemoteDescription(SessionDescription { sdp_type, sdp })
            }
            Method::AddIceCandidate(argument) => Operation::AddIceCandidate(self.candidate(argument)?),
            Method::CreateDataChannel { label, init } => Operation::CreateDataChannel {
                label: label.clone(),
                init: init.clone(),
            },
            Method::RestartIce => Operation::RestartIce,
            Method::Close if channel => Operation::CloseDataChannel { channel: object },
            Method::Close => Operation::Close,
            Method::SetBufferedAmountLowThreshold(threshold) => Operation::SetBufferedAmountLowThreshold {
                channel: object,
                threshold: *threshold,
            },
        })
    }

    fn local_description(&self, argument: &DescriptionArgument) -> Result<LocalDescriptionInit, End> {
        Ok(match argument {
            DescriptionArgument::Nothing => LocalDescriptionInit::default(),
            DescriptionArgument::Variable(name) => self.variables.description(name)?.clone().into(),
            DescriptionArgument::Init { sdp_type, sdp } => LocalDescriptionInit {
                sdp_type: *sdp_type,
                sdp: match sdp {
                    Some(sdp) => self.text(sdp)?.unwrap_or_default().into(),
                    None => "".into(),
                },
            },
        })
    }

    fn candidate(&self, argument: &CandidateArgument) -> Result<IceCandidate, End> {
        Ok(match argument {
            CandidateArgument::Nothing => IceCandidate::default(),
            CandidateArgument::Variable(name) => self.variables.candidate(name)?.clone(),
            CandidateArgument::Init {
                candidate,
                sdp_mid,
                sdp_m_line_index,
                username_fragment,
            } => {
                let optional = |template: &Option<Template<String>>| match template {
                    Some(template) => self.text(template),
                    None => Ok(None),
                };
                IceCandidate {
                    candidate: optional(candidate)?.unwrap_or_default(),
                    sdp_mid: optional(sdp_mid)?,
                    sdp_m_line_index: match sdp_m_line_index {
                        Some(Template::Literal(index)) => Some(*index),
                        Some(Template::Variable(path)) => match self.variables.value(path)? {
                            Value::Number(index) => Some(index as u16),
                            _ => None,
                        },
                        None => None,
                    },
                    username_fragment: optional(username_fragment)?,
                    attributes: None,
                }
            }
        })
    }

    fn text(&self, template: &Template<String>) -> Result<Option<String>, End> {
        Ok(match template {
            Template::Literal(text) => Some(text.clone()),
            Template::Variable(path) => match self.variables.value(path)? {
                Value::String(text) => Some(text),
                Value::Null | Value::Undefined => None,
                other => {
                    return Err(End::faulty(format!(
                        "{} is {}, not a string",
                        path.name,
                        value_text(&other)
                    )));
                }
            },
        })
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
