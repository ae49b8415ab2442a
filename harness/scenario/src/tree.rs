//! YAML as a tree of nodes that know where they stand.
//!
//! A scenario is one document of mappings, sequences and scalars. What YAML offers beyond that (anchors, aliases, tags, merge
//! keys, several documents) would be a second way to say things, and is refused.

use serde_yaml::granit_parser::{Event, Marker, Parser, ScalarStyle, Span};

use crate::report::{Checked, Report, Reported};
use crate::script::Position;

/// A node of the document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    /// Where it begins.
    pub position: Position,
    /// What it is.
    pub kind: Kind,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Kind {
    /// A scalar.
    Scalar(Scalar),
    /// A sequence.
    List(Vec<Node>),
    /// A mapping, in the order of the file.
    Map(Vec<(Key, Node)>),
}

/// A scalar after escapes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Scalar {
    /// Its text.
    pub text: String,
    /// Whether it stands without quotes, so that `true`, `null` and numbers are what they look like.
    pub plain: bool,
}

impl Scalar {
    /// Whether it is YAML's null.
    pub fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// Its value if it is a boolean of YAML's core schema.
    pub fn as_bool(&self) -> Option<bool> {
        match self.text.as_str() {
            "true" | "True" | "TRUE" if self.plain => Some(true),
            "false" | "False" | "FALSE" if self.plain => Some(false),
            _ => None,
        }
    }

    /// Its value if it is a number in decimal digits.
    pub fn as_number(&self) -> Option<f64> {
        let digits = self.text.strip_prefix(['-', '+']).unwrap_or(&self.text);
        let numeric = self.plain
            && digits.starts_with(|character: char| character.is_ascii_digit())
            && digits
                .chars()
                .all(|character| character.is_ascii_digit() || character == '.');
        numeric.then(|| self.text.parse().ok()).flatten()
    }
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    /// Where it begins.
    pub position: Position,
    /// Its text.
    pub text: String,
}

impl Node {
    /// What the node is, for messages.
    pub fn describe(&self) -> String {
        match &self.kind {
            Kind::Scalar(scalar) if scalar.is_null() => "nothing".to_owned(),
            Kind::Scalar(scalar) => format!("{:?}", scalar.text),
            Kind::List(_) => "a list".to_owned(),
            Kind::Map(_) => "a mapping".to_owned(),
        }
    }
}

/// Reads the one document of a text.
pub(crate) fn read(report: &Report, text: &str) -> Checked<Node> {
    let mut events = Events {
        report,
        parser: Parser::new_from_str(text),
    };
    let mut root = None;
    loop {
        let (event, span) = events.next()?;
        match event {
            Event::StreamStart | Event::DocumentEnd => {}
            Event::DocumentStart(..) if root.is_some() => {
                return Err(report.error(
                    place(span.start),
                    "a second document begins here; a file holds one scenario",
                ));
            }
            Event::DocumentStart(..) => {}
            Event::StreamEnd => break,
            event => root = Some(events.node(event, span)?),
        }
    }
    match root {
        Some(Node {
            kind: Kind::Scalar(scalar),
            ..
        }) if scalar.is_null() => Err(empty(report)),
        Some(root) => Ok(root),
        None => Err(empty(report)),
    }
}

fn empty(report: &Report) -> Reported {
    report.error(
        Position { line: 1, column: 1 },
        "the file is empty; expected a scenario",
    )
}

/// The events of the parser, with what is not allowed refused.
struct Events<'a> {
    report: &'a Report,
    parser: Parser<'a, serde_yaml::granit_parser::StrInput<'a>>,
}

impl<'a> Events<'a> {
    /// The next event that is no comment.
    fn next(&mut self) -> Checked<(Event<'a>, Span)> {
        loop {
            match self.parser.next_event() {
                Some(Ok((Event::Comment(..), _))) => {}
                Some(Ok(event)) => return Ok(event),
                Some(Err(error)) => {
                    return Err(self
                        .report
                        .error(place(*error.marker()), format!("not YAML: {}", error.info())));
                }
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }

    fn node(&mut self, event: Event<'a>, span: Span) -> Checked<Node> {
        let position = place(span.start);
        self.refuse_properties(&event, position)?;
        let (position, kind) = match event {
            Event::Scalar(text, style, ..) => {
                let plain = style == ScalarStyle::Plain;
                (
                    position,
                    Kind::Scalar(Scalar {
                        text: text.into_owned(),
                        plain,
                    }),
                )
            }
            Event::SequenceStart(..) => {
                let mut items = Vec::new();
                loop {
                    match self.next()? {
                        (Event::SequenceEnd, _) => break,
                        (event, span) => items.push(self.node(event, span)?),
                    }
                }
                (position, Kind::List(items))
            }
            Event::MappingStart(..) => {
                let mut entries: Vec<(Key, Node)> = Vec::new();
                loop {
                    let key = match self.next()? {
                        (Event::MappingEnd, _) => break,
                        (event, span) => self.key(event, span)?,
                    };
                    if let Some((first, _)) = entries.iter().find(|(other, _)| other.text == key.text) {
                        let message = format!("{:?} is given twice; first at {}", key.text, first.position);
                        self.report.error(key.position, message);
                    }
                    let (event, span) = self.next()?;
                    let value = self.node(event, span)?;
                    entries.push((key, value));
                }
                (position, Kind::Map(entries))
            }
            other => {
                return Err(self
                    .report
                    .error(position, format!("expected a value, found {other:?}")));
            }
        };
        Ok(Node { position, kind })
    }

    fn key(&mut self, event: Event<'a>, span: Span) -> Checked<Key> {
        let position = place(span.start);
        let node = self.node(event, span)?;
        match node.kind {
            Kind::Scalar(scalar) => Ok(Key {
                position,
                text: scalar.text,
            }),
            _ => Err(self
                .report
                .error(position, format!("a key is a name; found {}", node.describe()))),
        }
    }

    fn refuse_properties(&self, event: &Event<'a>, position: Position) -> Checked<()> {
        let what = if event.is_alias() {
            "aliases (*name)"
        } else if event.anchor_id().is_some_and(|id| id != 0) {
            "anchors (&name)"
        } else if event.tag().is_some() {
            "tags (!name)"
        } else {
            return Ok(());
        };
        Err(self
            .report
            .error(position, format!("a scenario has no {what}; write the value out")))
    }
}

fn place(marker: Marker) -> Position {
    let clamp = |value: usize| u32::try_from(value).unwrap_or(u32::MAX);
    Position {
        line: clamp(marker.line().max(1)),
        column: clamp(marker.col().saturating_add(1)),
    }
}
