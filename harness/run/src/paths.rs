//! What paths and templates of a script come to, and whether a value is what is expected.

use glare_peer::{Attribute, Handle, IceCandidate, Unsupported, Value};
use glare_scenario::script::{Amount, Expected, Given, Matcher, Path, Root, Target, Template};

use crate::conditions::CannotTell;
use crate::matching::Context;
use crate::operations::Arguments;

impl Context<'_> {
    /// The value that a path leads to, with the peer whose objects are in it; null where something on the way is null.
    fn follow(&self, path: &Path) -> Result<(Value, Option<usize>), CannotTell> {
        let (mut value, player) = match &path.root {
            Root::Peer(role) => (Value::Object(Handle::CONNECTION), self.player(role)),
            Root::Variable(name) => {
                let (value, player) = self.variables.value(name)?;
                (value.clone(), player)
            }
        };
        for member in &path.members {
            if matches!(value, Value::Null | Value::Undefined) {
                return Ok((Value::Null, player));
            }
            value = self.member(player, value, member)?;
        }
        Ok((value, player))
    }

    /// The value that a path leads to.
    pub(crate) fn look(&self, path: &Path) -> Result<Value, CannotTell> {
        Ok(self.follow(path)?.0)
    }

    /// The object that a target names.
    pub(crate) fn object(&self, target: &Target) -> Result<(usize, Handle), CannotTell> {
        match self.follow(&target.path)? {
            (Value::Object(handle), Some(player)) => Ok((player, handle)),
            _ => Err(Unsupported::new(format!("{target} before there is one")).into()),
        }
    }

    /// A member of a value: an attribute of an object, an element of a list, a member of a dictionary.
    pub(crate) fn member(
        &self,
        player: Option<usize>,
        value: Value,
        name: &str,
    ) -> Result<Value, CannotTell> {
        Ok(match value {
            Value::Object(object) => {
                let attribute = name.parse::<Attribute>();
                let (Ok(attribute), Some(player)) = (attribute, player) else {
                    return Err(Unsupported::new(format!("the attribute {name}")).into());
                };
                self.world.read(player, object, attribute)?
            }
            Value::Description(description) => match name {
                "type" => Value::String(description.sdp_type.to_string()),
                _ => Value::String(description.sdp.to_string()),
            },
            Value::Candidate(candidate) => attribute_of_candidate(&candidate, name)?,
            Value::Exception(exception) => {
                let json = serde_json::json!(exception);
                Value::from_json(json.get(name).cloned().unwrap_or_default())
            }
            Value::List(values) if name == "length" => Value::Number(values.len() as f64),
            Value::List(values) => (name.parse::<usize>().ok())
                .and_then(|index| values.get(index).cloned())
                .unwrap_or(Value::Undefined),
            Value::Dictionary(members) => members.get(name).cloned().unwrap_or(Value::Undefined),
            _ => Value::Undefined,
        })
    }

    /// A value of the file with those of variables in place.
    pub(crate) fn fill(&self, template: &Template) -> Result<Value, CannotTell> {
        Ok(match template {
            Template::Null => Value::Null,
            Template::Boolean(value) => Value::Boolean(*value),
            Template::Number(value) => Value::Number(*value),
            Template::Text(text) => Value::String(text.clone()),
            Template::List(items) => Value::List(
                items
                    .iter()
                    .map(|item| self.fill(item))
                    .collect::<Result<_, _>>()?,
            ),
            Template::Dictionary(members) => Value::Dictionary(
                members
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), self.fill(value)?)))
                    .collect::<Result<_, CannotTell>>()?,
            ),
            Template::Path(path) => self.look(path)?,
            Template::Changed { from, set } => {
                let mut value = self.look(from)?;
                for (way, to) in set {
                    let to = self.fill(to)?;
                    change(&mut value, way, to).map_err(|part| CannotTell::Change {
                        way: way.join("."),
                        from: from.to_string(),
                        part,
                    })?;
                }
                value
            }
        })
    }

    /// The arguments of a call.
    pub(crate) fn arguments(&self, given: &[Given]) -> Result<Arguments, CannotTell> {
        given
            .iter()
            .map(|given| Ok((given.name, (given.holds, self.fill(&given.value)?))))
            .collect()
    }

    /// Whether a value is what is expected.
    pub(crate) fn matches(&self, value: &Value, matcher: &Matcher) -> Result<bool, CannotTell> {
        Ok(match matcher {
            Matcher::Is(expected) => self.equals(value, expected)?,
            Matcher::Not(expected) => !self.equals(value, expected)?,
            Matcher::In(choices) => {
                for expected in choices {
                    if self.equals(value, expected)? {
                        return Ok(true);
                    }
                }
                false
            }
            Matcher::Amount(Amount { at_least, at_most }) => match value {
                Value::Number(number) => {
                    at_least.is_none_or(|bound| *number >= bound)
                        && at_most.is_none_or(|bound| *number <= bound)
                }
                _ => false,
            },
        })
    }

    fn equals(&self, value: &Value, expected: &Expected) -> Result<bool, CannotTell> {
        Ok(match expected {
            Expected::Null => matches!(value, Value::Null | Value::Undefined),
            Expected::Boolean(wanted) => *value == Value::Boolean(*wanted),
            Expected::Number(wanted) => *value == Value::Number(*wanted),
            Expected::Text(wanted) => matches!(value, Value::String(text) if text == wanted),
            Expected::Description(wanted) => {
                matches!(value, Value::Description(description) if description.sdp_type == *wanted)
            }
            Expected::Path(path) => {
                let other = self.look(path)?;
                let absent = |value: &Value| matches!(value, Value::Null | Value::Undefined);
                other == *value || (absent(&other) && absent(value))
            }
        })
    }
}

/// An attribute of `RTCIceCandidate`.
fn attribute_of_candidate(candidate: &IceCandidate, name: &str) -> Result<Value, Unsupported> {
    let optional = |text: &Option<String>| text.clone().map_or(Value::Null, Value::String);
    Ok(match name {
        "candidate" => Value::String(candidate.candidate.clone()),
        "sdpMid" => optional(&candidate.sdp_mid),
        "sdpMLineIndex" => {
            let index = candidate.sdp_m_line_index;
            index.map_or(Value::Null, |index| Value::Number(index.into()))
        }
        "usernameFragment" => optional(&candidate.username_fragment),
        other => {
            let attributes = candidate.attributes.as_deref();
            let attributes =
                attributes.ok_or_else(|| Unsupported::new(format!("RTCIceCandidate.{other}")))?;
            let json = serde_json::json!(attributes);
            Value::from_json(json.get(other).cloned().unwrap_or_default())
        }
    })
}

/// Changes what a way leads to in a value; the part of the way that leads nowhere where there is none.
fn change(value: &mut Value, way: &[String], to: Value) -> Result<(), String> {
    let Some((part, rest)) = way.split_first() else {
        *value = to;
        return Ok(());
    };
    match value {
        Value::Dictionary(members) => {
            if rest.is_empty() {
                members.insert(part.clone(), to);
                return Ok(());
            }
            let inner = members.get_mut(part).ok_or_else(|| part.clone())?;
            change(inner, rest, to)
        }
        Value::List(items) => {
            let index = part.parse::<usize>().ok();
            // One past the end makes the list longer.
            if rest.is_empty() && index == Some(items.len()) {
                items.push(to);
                return Ok(());
            }
            let inner = index.and_then(|index| items.get_mut(index));
            change(inner.ok_or_else(|| part.clone())?, rest, to)
        }
        _ => Err(part.clone()),
    }
}
