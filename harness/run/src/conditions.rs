//! Conditions and expectations, held against the state now and the trace so far.

use glare_oracle::trace::Record;
use glare_peer::{Handle, Unsupported, Value};
use glare_scenario::script::{
    Amount, Arrived, Condition, Count, Entries, Expectation, Expected, Happening, Level, Located, Matcher,
    MediaExpectation, Path, SdpExpectation, SdpField, StatisticsExpectation, Target,
};

use crate::operations::WrongArgument;
use crate::payload;
use crate::performance::Performance;
use crate::sdp_text;
use crate::variables::WrongVariable;

/// An expectation that was not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Unmet {
    /// What was expected.
    pub(crate) expected: String,
    /// What came.
    pub(crate) actual: String,
    /// The role that it is about, if it is about one.
    pub(crate) peer: Option<String>,
}

/// Why something could not be held against the run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CannotTell {
    /// The implementation has no such thing.
    #[error("{0}")]
    Unsupported(Unsupported),
    /// A variable does not hold what is needed.
    #[error(transparent)]
    Variable(#[from] WrongVariable),
    /// A value is not what an argument needs.
    #[error(transparent)]
    Argument(#[from] WrongArgument),
    /// What is to be changed in a dictionary is not there.
    #[error("{way} of {from} cannot be changed: there is no {part:?}")]
    Change {
        /// The way to it.
        way: String,
        /// What the dictionary is from.
        from: String,
        /// The part of the way that leads nowhere.
        part: String,
    },
}

impl From<Unsupported> for CannotTell {
    fn from(unsupported: Unsupported) -> CannotTell {
        CannotTell::Unsupported(unsupported)
    }
}

impl Performance<'_> {
    /// Says of each condition that does not hold what was expected and what is.
    pub(crate) fn unmet_conditions(
        &self,
        conditions: &[Located<Condition>],
    ) -> Result<Vec<Unmet>, CannotTell> {
        let mut unmet = Vec::new();
        for condition in conditions {
            unmet.extend(self.unmet_condition(&condition.value)?);
        }
        Ok(unmet)
    }

    /// Says of a condition that does not hold what was expected and what is.
    pub(crate) fn unmet_condition(&self, condition: &Condition) -> Result<Option<Unmet>, CannotTell> {
        let (subject, value, matcher, peer) = match condition {
            Condition::Value { path, matcher } => {
                (path.to_string(), self.look(path)?, matcher, path.role.clone())
            }
            Condition::Happened { event, nth } => {
                let count = self.count(&Happening::Event(event.clone()));
                return Ok((count < u64::from(*nth)).then(|| Unmet {
                    expected: format!(
                        "{} to have fired {}",
                        happening_text(&Happening::Event(event.clone())),
                        times(*nth)
                    ),
                    actual: format!("it fired {}", times(u32::try_from(count).unwrap_or(u32::MAX))),
                    peer: Some(event.target.role.clone()),
                }));
            }
        };
        if self.context().matches(&value, matcher)? {
            return Ok(None);
        }
        Ok(Some(Unmet {
            expected: format!("{subject} {}", self.matcher_text(matcher)),
            actual: format!("it is {}", value_text(&value)),
            peer,
        }))
    }

    /// The value that a path leads to; null where something on the way is null.
    pub(crate) fn look(&self, path: &Path) -> Result<Value, CannotTell> {
        self.context().look(path)
    }

    /// The object that a target names.
    pub(crate) fn object(&self, target: &Target) -> Result<(usize, Handle), CannotTell> {
        self.context().object(target)
    }

    fn matcher_text(&self, matcher: &Matcher) -> String {
        let one = |expected: &Expected| match expected {
            Expected::Null => "null".to_owned(),
            Expected::Boolean(value) => value.to_string(),
            Expected::Number(value) => value.to_string(),
            Expected::Text(value) => value.clone(),
            Expected::Description(sdp_type) => format!("a description of type {sdp_type}"),
            Expected::Path(path) => match self.look(path) {
                Ok(value) => format!("{} (from {path})", value_text(&value)),
                Err(_) => path.to_string(),
            },
        };
        match matcher {
            Matcher::Is(expected) => format!("to be {}", one(expected)),
            Matcher::Not(expected) => format!("not to be {}", one(expected)),
            Matcher::In(choices) => {
                let choices: Vec<String> = choices.iter().map(one).collect();
                format!("to be {}", choices.join(" or "))
            }
            Matcher::Amount(Amount { at_least, at_most }) => match (at_least, at_most) {
                (Some(low), Some(high)) => format!("to be from {low} to {high}"),
                (Some(low), None) => format!("to be at least {low}"),
                (None, Some(high)) => format!("to be at most {high}"),
                (None, None) => "to be a number".to_owned(),
            },
        }
    }

    /// How often something happened so far.
    pub(crate) fn count(&self, happening: &Happening) -> u64 {
        let context = self.context();
        self.world
            .recorder
            .records()
            .iter()
            .filter(|record| context.is(record, happening))
            .count() as u64
    }

    /// The `nth` record (from 1) that is what is meant.
    pub(crate) fn find(&self, happening: &Happening, nth: u32) -> Option<&Record> {
        let context = self.context();
        self.world
            .recorder
            .records()
            .iter()
            .filter(|record| context.is(record, happening))
            .nth((nth as usize).saturating_sub(1))
    }

    /// Says what of an expectation was not met.
    pub(crate) fn unmet_expectation(&self, expectation: &Expectation) -> Result<Vec<Unmet>, CannotTell> {
        let context = self.context();
        let records = self.world.recorder.records();
        let unmet = match expectation {
            Expectation::State(conditions) => return self.unmet_conditions(conditions),
            Expectation::Sdp(sdp) => return self.unmet_sdp(sdp),
            Expectation::Statistics(statistics) => return self.unmet_statistics(statistics),
            Expectation::Data {
                sent,
                received,
                arrived,
                in_order,
            } => {
                return self.unmet_data(sent, received, *arrived, *in_order);
            }
            Expectation::Order(happenings) => {
                let mut rest = records.iter();
                happenings.iter().enumerate().find_map(|(index, happening)| {
                    let found = rest.any(|record| context.is(record, &happening.value));
                    (!found).then(|| {
                        let before = index
                            .checked_sub(1)
                            .and_then(|previous| happenings.get(previous))
                            .map_or_else(String::new, |previous| {
                                format!(" after {}", happening_text(&previous.value))
                            });
                        Unmet {
                            expected: format!("{}{before}", happening_text(&happening.value)),
                            actual: if records.iter().any(|record| context.is(record, &happening.value)) {
                                "it happened only before".to_owned()
                            } else {
                                "it did not happen".to_owned()
                            },
                            peer: None,
                        }
                    })
                })
            }
            Expectation::Events { of, names, exactly } => {
                let fired: Vec<&Record> = records
                    .iter()
                    .filter(|record| context.is_at(record, of))
                    .filter(|record| names.iter().any(|name| event_name(record) == Some(name.as_str())))
                    .collect();
                let same = fired.len() == exactly.len()
                    && fired
                        .iter()
                        .zip(exactly)
                        .all(|(record, pattern)| context.is_event(record, &pattern.value));
                (!same).then(|| Unmet {
                    expected: format!(
                        "exactly {}",
                        list(
                            exactly
                                .iter()
                                .map(|pattern| happening_text(&Happening::Event(pattern.value.clone())))
                        )
                    ),
                    actual: list(fired.iter().map(|record| fired_text(record))),
                    peer: Some(of.role.clone()),
                })
            }
            Expectation::Absent(happenings) => happenings.iter().find_map(|happening| {
                let found = records
                    .iter()
                    .find(|record| context.is(record, &happening.value))?;
                Some(Unmet {
                    expected: format!("{} not to happen", happening_text(&happening.value)),
                    actual: format!("it happened at {} (record {})", found.time, found.number),
                    peer: None,
                })
            }),
            Expectation::Count { happening, count } => {
                let came = self.count(happening);
                let (met, bound) = match *count {
                    Count::Is(wanted) => (came == wanted, format!("exactly {wanted}")),
                    Count::AtLeast(wanted) => (came >= wanted, format!("at least {wanted}")),
                    Count::AtMost(wanted) => (came <= wanted, format!("at most {wanted}")),
                };
                (!met).then(|| Unmet {
                    expected: format!("{} to happen {bound} times", happening_text(happening)),
                    actual: format!("it happened {came} times"),
                    peer: None,
                })
            }
            Expectation::Pending(promises) => promises.iter().find_map(|name| {
                let settled = self.variables.get_promise(&name.value)?.settled.as_ref()?;
                Some(Unmet {
                    expected: format!("the promise {} to be pending", name.value),
                    actual: match settled {
                        Ok(value) => format!("it was fulfilled with {}", value_text(value)),
                        Err(exception) => format!("it was rejected with {exception}"),
                    },
                    peer: None,
                })
            }),
            Expectation::Elapsed {
                since,
                at_least,
                at_most,
            } => {
                let elapsed = self.world.now().saturating_since(self.variables.mark(since)?);
                let met = elapsed >= *at_least && at_most.is_none_or(|bound| elapsed <= bound);
                (!met).then(|| Unmet {
                    expected: match at_most {
                        Some(bound) => format!("{at_least:?} to {bound:?} since {since}"),
                        None => format!("at least {at_least:?} since {since}"),
                    },
                    actual: format!("{elapsed:?} went by"),
                    peer: None,
                })
            }
        };
        Ok(unmet.into_iter().collect())
    }

    fn unmet_sdp(&self, expected: &SdpExpectation) -> Result<Vec<Unmet>, CannotTell> {
        let sdp = &self.variables.description(&expected.of)?.sdp;
        let mut unmet = Vec::new();
        let mut miss = |expected: String, actual: String| {
            unmet.push(Unmet {
                expected,
                actual,
                peer: None,
            });
        };
        if let Some(wanted) = &expected.media {
            let media = sdp_text::media(sdp);
            if media.len() != wanted.len() {
                miss(
                    format!("{} media descriptions", wanted.len()),
                    format!("{} are there", media.len()),
                );
            }
            for (section, Located { value: wanted, .. }) in media.iter().zip(wanted) {
                let wanted: &MediaExpectation = wanted;
                if let Some((expected, actual)) = sdp_text::media_departure(section, wanted) {
                    miss(expected, actual);
                }
            }
        }
        if let Some(wanted) = &expected.bundle {
            let group = sdp_text::bundle(sdp);
            if *wanted != group {
                miss(format!("the BUNDLE group {wanted:?}"), format!("it is {group:?}"));
            }
        }
        for prefix in expected
            .has
            .iter()
            .filter(|prefix| !sdp_text::has(sdp, &prefix.value))
        {
            miss(
                format!("a line that starts with {:?}", prefix.value),
                "there is none".to_owned(),
            );
        }
        for prefix in expected
            .lacks
            .iter()
            .filter(|prefix| sdp_text::has(sdp, &prefix.value))
        {
            miss(
                format!("no line that starts with {:?}", prefix.value),
                "there is one".to_owned(),
            );
        }
        let compared = expected.same.iter().map(|pair| (pair, true));
        for ((field, other), same) in compared.chain(expected.differs.iter().map(|pair| (pair, false))) {
            let field: SdpField = *field;
            let one = sdp_text::field(sdp, field);
            let two = sdp_text::field(&self.variables.description(&other.value)?.sdp, field);
            if (one == two) != same {
                let relation = if same { "the same" } else { "another" };
                miss(
                    format!("{relation} {} as in {}", field.as_str(), other.value),
                    format!("{one:?} here, {two:?} there"),
                );
            }
        }
        Ok(unmet)
    }

    fn unmet_statistics(&self, expected: &StatisticsExpectation) -> Result<Vec<Unmet>, CannotTell> {
        let context = self.context();
        let (report, player) = self.variables.value(&expected.of)?;
        let Value::Dictionary(report) = report else {
            return Err(Unsupported::new(format!("{} as a report", expected.of)).into());
        };
        let is_type = |entry: &&Value| match entry {
            Value::Dictionary(members) => {
                members.get("type") == Some(&Value::String(expected.stats_type.clone()))
            }
            _ => false,
        };
        let entries: Vec<&Value> = report.values().filter(is_type).collect();
        let mut good = 0;
        let mut wrong = None;
        for entry in &entries {
            let mut as_expected = true;
            for (name, matcher) in &expected.members {
                let value = context.member(player, (*entry).clone(), name)?;
                if !context.matches(&value, matcher)? {
                    as_expected = false;
                    wrong.get_or_insert_with(|| {
                        format!(
                            "{name} {} is expected, and it is {}",
                            self.matcher_text(matcher),
                            value_text(&value)
                        )
                    });
                }
            }
            good += usize::from(as_expected);
        }
        let (met, how_many) = match expected.entries {
            Entries::Some => (good > 0, "at least one".to_owned()),
            Entries::All => (
                good > 0 && good == entries.len(),
                "every one, and at least one,".to_owned(),
            ),
            Entries::Count(Count::Is(wanted)) => (good as u64 == wanted, format!("exactly {wanted}")),
            Entries::Count(Count::AtLeast(wanted)) => (good as u64 >= wanted, format!("at least {wanted}")),
            Entries::Count(Count::AtMost(wanted)) => (good as u64 <= wanted, format!("at most {wanted}")),
        };
        Ok((!met)
            .then(|| Unmet {
                expected: format!(
                    "{how_many} of the `{}` statistics in {} to be as described",
                    expected.stats_type, expected.of
                ),
                actual: match wrong {
                    Some(wrong) => format!("{good} of {} are: {wrong}", entries.len()),
                    None => format!("{good} of {} are", entries.len()),
                },
                peer: player.and_then(|player| self.roles.get(player).cloned()),
            })
            .into_iter()
            .collect())
    }

    fn unmet_data(
        &self,
        sent: &str,
        received: &str,
        arrived: Arrived,
        in_order: bool,
    ) -> Result<Vec<Unmet>, CannotTell> {
        let (from, to) = (self.variables.channel(sent)?, self.variables.channel(received)?);
        let sent_messages = &self.traffic(from).0;
        let received_messages = &self.traffic(to).1;
        let peer = self
            .world
            .players
            .get(to.player)
            .map(|player| player.role.clone());
        let mut unmet = Vec::new();
        let mut miss = |expected: String, actual: String| {
            unmet.push(Unmet {
                expected,
                actual,
                peer: peer.clone(),
            });
        };
        let arrivals = payload::compare(sent_messages, received_messages);
        for index in arrivals.strangers {
            miss(
                format!("every message on {received} to be one that was sent on {sent}, once"),
                format!("message {} was not sent, or came again", index + 1),
            );
        }
        if in_order && !arrivals.in_order {
            miss(
                "messages in the order they were sent".to_owned(),
                "they came in another order".to_owned(),
            );
        }
        let (count, all) = (received_messages.len() as u64, sent_messages.len() as u64);
        match arrived {
            Arrived::All if count < all => {
                miss(
                    format!("all {all} messages to arrive on {received}"),
                    format!("{count} arrived"),
                );
            }
            Arrived::AtLeast(bound) if count < bound => {
                miss(
                    format!("at least {bound} messages to arrive on {received}"),
                    format!("{count} arrived"),
                );
            }
            _ => {}
        }
        Ok(unmet)
    }
}

/// The level of a departure as it is written.
pub(crate) fn level_text(level: Level) -> String {
    level.as_str().to_owned()
}

/// A value, for people: short.
pub(crate) fn value_text(value: &Value) -> String {
    match value {
        Value::Undefined => "undefined".to_owned(),
        Value::Null => "null".to_owned(),
        Value::String(text) if text.len() > 80 => format!("a string of {} bytes", text.len()),
        Value::String(text) => text.clone(),
        Value::Description(description) => format!("a description of type {}", description.sdp_type),
        Value::Candidate(candidate) => format!("the candidate {:?}", candidate.candidate),
        Value::Object(_) => "an object".to_owned(),
        other => other.to_json().to_string(),
    }
}

/// Something that may happen, for people.
pub(crate) fn happening_text(happening: &Happening) -> String {
    use glare_scenario::script::{CandidatePattern, EventDetail};

    match happening {
        Happening::Event(pattern) => {
            let event = format!("{}.{}", pattern.target, pattern.event);
            match &pattern.detail {
                EventDetail::Any | EventDetail::Candidate(CandidatePattern::Given) => event,
                EventDetail::State(state) => format!("{event} ({state})"),
                EventDetail::Candidate(CandidatePattern::End) => format!("{event} (end of candidates)"),
                EventDetail::Candidate(CandidatePattern::Null) => format!("{event} (null)"),
                EventDetail::Label(label) => format!("{event} ({label:?})"),
                EventDetail::Text(text) => format!("{event} ({text:?})"),
                EventDetail::Binary(bytes) => format!("{event} ({} given bytes)", bytes.len()),
                EventDetail::Length(length) => format!("{event} ({length} bytes)"),
                EventDetail::Error(pattern) => format!("{event} ({})", crate::matching::exceptions(pattern)),
                EventDetail::Payload(members) => {
                    let ways: Vec<String> = members.iter().map(|(way, _)| way.join(".")).collect();
                    format!("{event} (as described by {})", ways.join(", "))
                }
            }
        }
        Happening::Signal(pattern) => {
            let to = pattern
                .to
                .as_ref()
                .map_or_else(String::new, |to| format!(" to {to}"));
            format!("signal {} from {}{to}", pattern.kind.as_str(), pattern.from)
        }
        Happening::Settled { role, method, .. } => format!("{role}.{method} to settle"),
        Happening::SettledPromise { promise, .. } => format!("the promise {promise} to settle"),
    }
}

fn event_name(record: &Record) -> Option<&str> {
    match &record.what {
        glare_oracle::trace::What::Fired { event, .. } => Some(event),
        _ => None,
    }
}

/// An event that was fired, with the state it stands for.
fn fired_text(record: &Record) -> String {
    let glare_oracle::trace::What::Fired {
        event, detail, state, ..
    } = &record.what
    else {
        return String::new();
    };
    let shown = match event.as_str() {
        "signalingstatechange" => state.signaling_state.map(|state| state.to_string()),
        "icegatheringstatechange" => state.ice_gathering_state.map(|state| state.to_string()),
        "iceconnectionstatechange" => state.ice_connection_state.map(|state| state.to_string()),
        "connectionstatechange" => state.connection_state.map(|state| state.to_string()),
        "statechange" => detail.as_str().map(str::to_owned),
        _ => None,
    };
    shown.map_or_else(|| event.clone(), |state| format!("{event} ({state})"))
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    if items.is_empty() {
        "nothing".to_owned()
    } else {
        items.join(", ")
    }
}

fn times(count: u32) -> String {
    match count {
        0 => "never".to_owned(),
        1 => "once".to_owned(),
        count => format!("{count} times"),
    }
}
