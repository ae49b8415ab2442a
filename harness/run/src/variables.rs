//! What a script has in its variables.

use std::collections::BTreeMap;

use glare_peer::{
    Exception, Handle, IceCandidate, MessageData, OperationId, SessionDescription, SimTime, Value,
};
use glare_scenario::script::{Field, VariablePath};

/// What a variable holds.
#[derive(Debug, Clone)]
pub(crate) enum Variable {
    /// A description.
    Description(SessionDescription),
    /// A candidate.
    Candidate(IceCandidate),
    /// A data channel.
    Channel(Channel),
    /// A message that a data channel received.
    Message(MessageData),
    /// Any other value.
    Value(Value),
    /// A moment.
    Mark(SimTime),
}

/// One end of a data channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Channel {
    /// The peer that holds it.
    pub(crate) player: usize,
    /// The channel.
    pub(crate) handle: Handle,
}

/// A promise by name.
#[derive(Debug, Clone)]
pub(crate) struct Promise {
    /// The call that gave it.
    pub(crate) operation: OperationId,
    /// How it settled, once it has.
    pub(crate) settled: Option<Result<Value, Exception>>,
}

/// All variables and promises of a script.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    values: BTreeMap<String, Variable>,
    promises: BTreeMap<String, Promise>,
}

/// A variable does not hold what a step needs: only where a listener that was to set it has not run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the variable {name:?} holds {holds}, {needed} is needed")]
pub(crate) struct WrongVariable {
    name: String,
    holds: &'static str,
    needed: &'static str,
}

impl Variables {
    /// Sets a variable.
    pub(crate) fn set(&mut self, name: &str, variable: Variable) {
        self.values.insert(name.to_owned(), variable);
    }

    /// Sets a variable to a value that `player` gave.
    pub(crate) fn set_value(&mut self, name: &str, player: usize, value: Value) {
        self.set(
            name,
            match value {
                Value::Description(description) => Variable::Description(description),
                Value::Candidate(candidate) => Variable::Candidate(candidate),
                Value::Object(handle) => Variable::Channel(Channel { player, handle }),
                other => Variable::Value(other),
            },
        );
    }

    /// Takes note of a promise.
    pub(crate) fn promise(&mut self, name: &str, operation: OperationId) {
        self.promises.insert(
            name.to_owned(),
            Promise {
                operation,
                settled: None,
            },
        );
    }

    /// The promise of this name.
    pub(crate) fn get_promise(&self, name: &str) -> Option<&Promise> {
        self.promises.get(name)
    }

    /// Takes note that a promise settled; gives whether it is one with a name.
    pub(crate) fn settle(&mut self, operation: OperationId, result: &Result<Value, Exception>) -> bool {
        let promise = self
            .promises
            .values_mut()
            .find(|promise| promise.operation == operation);
        let named = promise.is_some();
        if let Some(promise) = promise {
            promise.settled = Some(result.clone());
        }
        named
    }

    /// The description in a variable.
    pub(crate) fn description(&self, name: &str) -> Result<&SessionDescription, WrongVariable> {
        match self.values.get(name) {
            Some(Variable::Description(description)) => Ok(description),
            other => Err(wrong(name, other, "a description")),
        }
    }

    /// The candidate in a variable.
    pub(crate) fn candidate(&self, name: &str) -> Result<&IceCandidate, WrongVariable> {
        match self.values.get(name) {
            Some(Variable::Candidate(candidate)) => Ok(candidate),
            other => Err(wrong(name, other, "a candidate")),
        }
    }

    /// The data channel in a variable.
    pub(crate) fn channel(&self, name: &str) -> Result<Channel, WrongVariable> {
        match self.values.get(name) {
            Some(Variable::Channel(channel)) => Ok(*channel),
            other => Err(wrong(name, other, "a data channel")),
        }
    }

    /// The moment in a variable.
    pub(crate) fn mark(&self, name: &str) -> Result<SimTime, WrongVariable> {
        match self.values.get(name) {
            Some(Variable::Mark(mark)) => Ok(*mark),
            other => Err(wrong(name, other, "a mark")),
        }
    }

    /// What a variable, or a field of it, holds.
    pub(crate) fn value(&self, path: &VariablePath) -> Result<Value, WrongVariable> {
        let Some(field) = path.field else {
            return match self.values.get(&path.name) {
                Some(Variable::Description(description)) => Ok(Value::Description(description.clone())),
                Some(Variable::Candidate(candidate)) => Ok(Value::Candidate(candidate.clone())),
                Some(Variable::Channel(channel)) => Ok(Value::Object(channel.handle)),
                Some(Variable::Value(value)) => Ok(value.clone()),
                Some(Variable::Message(MessageData::Text(text))) => Ok(Value::String(text.to_string())),
                other => Err(wrong(&path.name, other, "a value")),
            };
        };
        let optional = |text: &Option<String>| text.clone().map_or(Value::Null, Value::String);
        Ok(match field {
            Field::Type => Value::String(self.description(&path.name)?.sdp_type.to_string()),
            Field::Sdp => Value::String(self.description(&path.name)?.sdp.to_string()),
            Field::Candidate => Value::String(self.candidate(&path.name)?.candidate.clone()),
            Field::SdpMid => optional(&self.candidate(&path.name)?.sdp_mid),
            Field::SdpMLineIndex => self
                .candidate(&path.name)?
                .sdp_m_line_index
                .map_or(Value::Null, |index| Value::Number(index.into())),
            Field::UsernameFragment => optional(&self.candidate(&path.name)?.username_fragment),
        })
    }
}

fn wrong(name: &str, holds: Option<&Variable>, needed: &'static str) -> WrongVariable {
    WrongVariable {
        name: name.to_owned(),
        holds: match holds {
            None => "nothing yet",
            Some(Variable::Description(_)) => "a description",
            Some(Variable::Candidate(_)) => "a candidate",
            Some(Variable::Channel(_)) => "a data channel",
            Some(Variable::Message(_)) => "a message",
            Some(Variable::Value(_)) => "a plain value",
            Some(Variable::Mark(_)) => "a mark",
        },
        needed,
    }
}
