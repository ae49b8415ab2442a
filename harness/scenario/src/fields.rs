//! Reads nodes as what they must be, or says what was expected.

use std::str::FromStr;
use std::time::Duration;

use crate::quantity;
use crate::report::{Checked, Report};
use crate::script::Position;
use crate::tree::{Key, Kind, Node, Scalar};

/// The entries of a mapping whose keys are all known.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'n> {
    /// Where the mapping stands.
    pub position: Position,
    what: &'static str,
    entries: &'n [(Key, Node)],
}

impl<'n> Fields<'n> {
    /// The value of a key, if it is there.
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// A key with its value, if it is there.
    pub fn entry(&self, key: &str) -> Option<&'n (Key, Node)> {
        self.entries.iter().find(|(other, _)| other.text == key)
    }

    /// The value of a key that must be there.
    pub fn require(&self, report: &Report, key: &str) -> Checked<&'n Node> {
        self.get(key)
            .ok_or_else(|| report.error(self.position, format!("{} needs `{key}`", self.what)))
    }

    /// The one entry among those of these keys; an error if there is none, or more than one.
    pub fn one_of(&self, report: &Report, keys: &[&str]) -> Checked<&'n (Key, Node)> {
        let mut found = self
            .entries
            .iter()
            .filter(|(key, _)| keys.contains(&key.text.as_str()));
        let Some(first) = found.next() else {
            let message = format!("{} needs {}", self.what, ticked(keys));
            return Err(report.error(self.position, message));
        };
        match found.next() {
            None => Ok(first),
            Some((second, _)) => Err(report.error(
                second.position,
                format!(
                    "{} has `{}` already; `{}` beside it is one too many",
                    self.what, first.0.text, second.text
                ),
            )),
        }
    }

    /// Reads the value of a key, if it is there.
    pub fn read<T>(&self, key: &str, read: impl FnOnce(&'n Node) -> Checked<T>) -> Checked<Option<T>> {
        self.get(key).map(read).transpose()
    }
}

fn ticked(keys: &[&str]) -> String {
    let ticked: Vec<String> = keys.iter().map(|key| format!("`{key}`")).collect();
    let ticked: Vec<&str> = ticked.iter().map(String::as_str).collect();
    crate::report::list(&ticked)
}

impl Report {
    /// The entries of a mapping; keys that are not known are errors.
    pub fn fields<'n>(&self, node: &'n Node, what: &'static str, known: &[&str]) -> Checked<Fields<'n>> {
        let entries = self.entries(node, what)?;
        for (key, _) in entries {
            if !known.contains(&key.text.as_str()) {
                self.unknown(
                    key.position,
                    &format!("key in {what}:"),
                    &key.text,
                    known.iter().copied(),
                );
            }
        }
        Ok(Fields {
            position: node.position,
            what,
            entries,
        })
    }

    /// The entries of a mapping whose keys are names of the file's own.
    pub fn entries<'n>(&self, node: &'n Node, what: &str) -> Checked<&'n [(Key, Node)]> {
        match &node.kind {
            Kind::Map(entries) => Ok(entries),
            _ => Err(self.expected(node, &format!("{what} as a mapping"))),
        }
    }

    /// The items of a sequence.
    pub fn items<'n>(&self, node: &'n Node, what: &str) -> Checked<&'n [Node]> {
        match &node.kind {
            Kind::List(items) => Ok(items),
            _ => Err(self.expected(node, &format!("a list of {what}"))),
        }
    }

    /// The items of a sequence that is not empty.
    pub fn some_items<'n>(&self, node: &'n Node, what: &str) -> Checked<&'n [Node]> {
        let items = self.items(node, what)?;
        match items.is_empty() {
            true => Err(self.error(
                node.position,
                format!("the list is empty; expected at least one of {what}"),
            )),
            false => Ok(items),
        }
    }

    /// Notes that something else was expected here.
    pub fn expected(&self, node: &Node, what: &str) -> crate::report::Reported {
        self.error(
            node.position,
            format!("expected {what}, found {}", node.describe()),
        )
    }

    /// A scalar that is not null.
    pub fn scalar<'n>(&self, node: &'n Node, what: &str) -> Checked<&'n Scalar> {
        match &node.kind {
            Kind::Scalar(scalar) if !scalar.is_null() => Ok(scalar),
            _ => Err(self.expected(node, what)),
        }
    }

    /// A string. What looks like a number, a boolean or null must be quoted to be one.
    pub fn text<'n>(&self, node: &'n Node, what: &str) -> Checked<&'n str> {
        let scalar = self.scalar(node, what)?;
        if scalar.as_bool().is_some() || scalar.as_number().is_some() {
            let message = format!("expected {what}, found {}", scalar.text);
            return Err(self.error_with_help(
                node.position,
                message,
                format!("quote it: \"{}\"", scalar.text),
            ));
        }
        Ok(&scalar.text)
    }

    /// A name that a scenario gives to something: a role, a variable, a host, a link.
    pub fn name<'n>(&self, node: &'n Node, what: &str) -> Checked<&'n str> {
        let text = self.text(node, what)?;
        self.check_name(node.position, text, what)?;
        Ok(text)
    }

    /// Checks a name that a scenario gives to something.
    pub fn check_name(&self, position: Position, text: &str, what: &str) -> Checked<()> {
        let begins = text.starts_with(|character: char| character.is_ascii_alphabetic());
        let continues = text
            .chars()
            .all(|character| character.is_ascii_alphanumeric() || matches!(character, '-' | '_'));
        match begins && continues {
            true => Ok(()),
            false => Err(self.error(
                position,
                format!("{text:?} is no name; {what} is a letter, then letters, digits, `-` and `_`"),
            )),
        }
    }

    /// `true` or `false`.
    pub fn boolean(&self, node: &Node) -> Checked<bool> {
        match &node.kind {
            Kind::Scalar(scalar) => scalar
                .as_bool()
                .ok_or_else(|| self.expected(node, "true or false")),
            _ => Err(self.expected(node, "true or false")),
        }
    }

    /// A whole number within bounds.
    pub fn integer<T: TryFrom<u64>>(&self, node: &Node, what: &str, least: u64, most: u64) -> Checked<T> {
        let expected = || match most {
            u64::MAX => self.expected(node, &format!("{what}, a whole number from {least}")),
            _ => self.expected(node, &format!("{what}, a whole number from {least} to {most}")),
        };
        let scalar = match &node.kind {
            Kind::Scalar(scalar) if scalar.plain => scalar,
            _ => return Err(expected()),
        };
        let digits = scalar.text.chars().all(|character| character.is_ascii_digit());
        let value = digits.then(|| scalar.text.parse::<u64>().ok()).flatten();
        value
            .filter(|value| (least..=most).contains(value))
            .and_then(|value| T::try_from(value).ok())
            .ok_or_else(expected)
    }

    /// A value of an enumeration that the specification spells.
    pub fn enumeration<T: FromStr>(&self, node: &Node, what: &str, names: &[&'static str]) -> Checked<T> {
        let text = &self
            .scalar(node, &format!("{what}: {}", crate::report::list(names)))?
            .text;
        text.parse()
            .map_err(|_| self.unknown(node.position, what, text, names.iter().copied()))
    }

    /// One of the words of this language.
    pub fn word<T: Copy>(&self, node: &Node, what: &str, names: &[&'static str], values: &[T]) -> Checked<T> {
        let text = &self
            .scalar(node, &format!("{what}: {}", crate::report::list(names)))?
            .text;
        names
            .iter()
            .position(|name| name == text)
            .and_then(|index| values.get(index).copied())
            .ok_or_else(|| self.unknown(node.position, what, text, names.iter().copied()))
    }

    /// A duration with its unit.
    pub fn duration(&self, node: &Node) -> Checked<Duration> {
        self.quantity(node, "a duration such as `40ms`", quantity::duration)
    }

    /// A rate with its unit, in bits per second.
    pub fn rate(&self, node: &Node) -> Checked<u64> {
        self.quantity(node, "a rate such as `1Mbit/s`", quantity::rate)
    }

    /// A size with its unit, in bytes.
    pub fn size(&self, node: &Node) -> Checked<u64> {
        self.quantity(node, "a size such as `64kB`", quantity::size)
    }

    /// A share with its unit, from 0 to 1.
    pub fn share(&self, node: &Node) -> Checked<f64> {
        self.quantity(node, "a share such as `2%`", quantity::share)
    }

    fn quantity<T>(&self, node: &Node, what: &str, read: impl Fn(&str) -> Result<T, String>) -> Checked<T> {
        let scalar = self.scalar(node, what)?;
        read(&scalar.text).map_err(|message| self.error(node.position, message))
    }

    /// Bytes in hexadecimal digits.
    pub fn hexadecimal(&self, node: &Node) -> Checked<Vec<u8>> {
        let what = "bytes in hexadecimal digits, such as \"0a0b\"";
        let Kind::Scalar(scalar) = &node.kind else {
            return Err(self.expected(node, what));
        };
        let digits: Option<Vec<u32>> = scalar.text.chars().map(|digit| digit.to_digit(16)).collect();
        match digits {
            Some(digits) if digits.len() % 2 == 0 => Ok(digits
                .chunks_exact(2)
                .map(|pair| (pair[0] * 16 + pair[1]) as u8)
                .collect()),
            _ => Err(self.expected(node, what)),
        }
    }
}
