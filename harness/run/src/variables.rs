//! What a script has in its variables.

use std::collections::BTreeMap;

use glare_peer::{Exception, Handle, IceCandidate, OperationId, SessionDescription, SimTime, Value};

/// What a variable holds.
#[derive(Debug, Clone)]
pub(crate) enum Variable {
    /// A value, with the peer that gave it where it is known.
    Value {
        /// The value.
        value: Value,
        /// The peer whose objects are in it.
        player: Option<usize>,
    },
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

/// A variable does not hold what a step needs: where a listener that was to set it has not run, or null came instead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the variable {name:?} holds {holds}, {needed} is needed")]
pub(crate) struct WrongVariable {
    name: String,
    holds: &'static str,
    needed: &'static str,
}

impl Variables {
    /// Sets a variable to a moment.
    pub(crate) fn set_mark(&mut self, name: &str, mark: SimTime) {
        self.values.insert(name.to_owned(), Variable::Mark(mark));
    }

    /// Sets a variable to a value, which `player` gave if it is known.
    pub(crate) fn set_value(&mut self, name: &str, player: Option<usize>, value: Value) {
        self.values
            .insert(name.to_owned(), Variable::Value { value, player });
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

    /// The value in a variable, with the peer that gave it.
    pub(crate) fn value(&self, name: &str) -> Result<(&Value, Option<usize>), WrongVariable> {
        match self.values.get(name) {
            Some(Variable::Value { value, player }) => Ok((value, *player)),
            other => Err(wrong(name, other, "a value")),
        }
    }

    /// The description in a variable.
    pub(crate) fn description(&self, name: &str) -> Result<&SessionDescription, WrongVariable> {
        match self.values.get(name) {
            Some(Variable::Value {
                value: Value::Description(description),
                ..
            }) => Ok(description),
            other => Err(wrong(name, other, "a description")),
        }
    }

    /// The candidate in a variable.
    pub(crate) fn candidate(&self, name: &str) -> Result<&IceCandidate, WrongVariable> {
        match self.values.get(name) {
            Some(Variable::Value {
                value: Value::Candidate(candidate),
                ..
            }) => Ok(candidate),
            other => Err(wrong(name, other, "a candidate")),
        }
    }

    /// The data channel in a variable.
    pub(crate) fn channel(&self, name: &str) -> Result<Channel, WrongVariable> {
        match self.values.get(name) {
            Some(Variable::Value {
                value: Value::Object(handle),
                player: Some(player),
            }) => Ok(Channel {
                player: *player,
                handle: *handle,
            }),
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
}

fn wrong(name: &str, variable: Option<&Variable>, needed: &'static str) -> WrongVariable {
    WrongVariable {
        name: name.to_owned(),
        holds: match variable {
            None => "nothing yet",
            Some(Variable::Mark(_)) => "a mark",
            Some(Variable::Value { value, .. }) => match value {
                Value::Undefined | Value::Null => "null",
                Value::Description(_) => "a description",
                Value::Candidate(_) => "a candidate",
                Value::Object(_) => "an object",
                _ => "a plain value",
            },
        },
        needed,
    }
}
