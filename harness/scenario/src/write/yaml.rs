//! YAML in flow style.

use std::time::Duration;

use crate::quantity::write_duration;

/// A value of YAML in flow style.
pub(super) enum Yaml {
    /// Written as it is.
    Word(String),
    /// Written with quotes where it would not read back as the same string.
    Text(String),
    List(Vec<Yaml>),
    Map(Vec<(String, Yaml)>),
}

impl Yaml {
    pub fn word(word: impl ToString) -> Yaml {
        Yaml::Word(word.to_string())
    }

    pub fn text(text: impl Into<String>) -> Yaml {
        Yaml::Text(text.into())
    }

    pub fn texts<'t>(texts: impl IntoIterator<Item = &'t str>) -> Yaml {
        Yaml::List(texts.into_iter().map(Yaml::text).collect())
    }
}

impl std::fmt::Display for Yaml {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Yaml::Word(word) => f.write_str(word),
            Yaml::Text(text) if is_plain(text) => f.write_str(text),
            Yaml::Text(text) => f.write_str(&quoted(text)),
            Yaml::List(items) if items.is_empty() => f.write_str("[]"),
            Yaml::List(items) => {
                f.write_str("[")?;
                for (index, item) in items.iter().enumerate() {
                    f.write_str(if index == 0 { "" } else { ", " })?;
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
            Yaml::Map(entries) if entries.is_empty() => f.write_str("{}"),
            Yaml::Map(entries) => {
                for (index, (key, value)) in entries.iter().enumerate() {
                    f.write_str(if index == 0 { "{ " } else { ", " })?;
                    write!(f, "{key}: {value}")?;
                }
                f.write_str(" }")
            }
        }
    }
}

/// Whether a string reads back as itself without quotes, anywhere.
pub(super) fn is_plain(text: &str) -> bool {
    let begins = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let safe = |character: char| {
        character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.' | '/' | '=')
    };
    let special = ["true", "false", "null"].contains(&text.to_lowercase().as_str());
    begins && !special && text.chars().all(safe)
}

/// A mapping that is being put together.
#[derive(Default)]
pub(super) struct Map(pub Vec<(String, Yaml)>);

impl Map {
    pub fn with(mut self, key: &str, value: Yaml) -> Map {
        self.0.push((key.to_owned(), value));
        self
    }

    pub fn with_some(self, key: &str, value: Option<Yaml>) -> Map {
        match value {
            Some(value) => self.with(key, value),
            None => self,
        }
    }

    pub fn and(mut self, more: Map) -> Map {
        self.0.extend(more.0);
        self
    }

    pub fn yaml(self) -> Yaml {
        Yaml::Map(self.0)
    }
}

pub(super) fn map(key: &str, value: Yaml) -> Map {
    Map::default().with(key, value)
}

pub(super) fn duration(duration: Duration) -> Yaml {
    Yaml::word(write_duration(duration))
}

pub(super) fn variable(name: &str) -> Yaml {
    Yaml::text(format!("${{{name}}}"))
}

pub(super) fn hexadecimal(bytes: &[u8]) -> Yaml {
    // Quoted always: digits alone would read as a number.
    Yaml::Word(format!(
        "\"{}\"",
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    ))
}

/// A string in double quotes. What is not printable in YAML (YAML 1.2.2 section 5.1) is escaped.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}' => {
                quoted.push_str(&escape(character));
            }
            _ if character.is_control() => quoted.push_str(&escape(character)),
            _ => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

fn escape(character: char) -> String {
    format!("\\U{:08x}", u32::from(character))
}
