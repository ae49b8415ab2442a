//! From a file to scenarios.
//!
//! Read in this order: this file takes a document apart into the cells of its matrix; [`peers`] reads how connections are
//! constructed, [`places`] hosts, links, signalling and faults, [`servers`] servers and names, [`identity`] identity providers;
//! [`steps`] reads the script with [`calls`], [`values`], [`waits`], [`events`] and [`expectations`]; [`negotiate`] is the one
//! macro.

mod calls;
mod events;
mod expectations;
mod identity;
mod matrix;
mod negotiate;
mod peers;
mod places;
mod servers;
mod steps;
mod values;
mod waits;

/// The words of the language, for its schema.
pub(crate) mod names {
    pub(crate) use super::calls::{callable, constructible, exception_names, settable};
    pub(crate) use super::events::{SETTLEMENTS, payload_names, promising};
    pub(crate) use super::expectations::{ARRIVED, ORDERS};
    pub(crate) use super::places::FAULT_WORDS;
    pub(crate) use super::steps::{DIRECTIONS, LISTENER_VERBS, MESSAGE_KINDS};
}

use std::path::Path;
use std::time::Duration;

use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::report::{Checked, Report};
use crate::scope::Scope;
use crate::script::{Clause, Level, Position, Scenario};
use crate::tree::{self, Kind, Node};

/// The keys of a scenario.
pub(crate) const KEYS: &[&str] = &[
    "scenario",
    "spec",
    "level",
    "requires",
    "peers",
    "matrix",
    "hosts",
    "servers",
    "names",
    "links",
    "signalling",
    "faults",
    "identityProviders",
    "limit",
    "script",
];

/// The virtual time limit where a scenario does not say.
pub(crate) const DEFAULT_LIMIT: Duration = Duration::from_secs(120);

/// Loads a file; `root` is the folder below which its id begins, normally `scenarios`. One scenario for each cell of the
/// matrix, in the order of the file; at least one.
///
/// # Errors
///
/// Everything that is wrong with it, that it cannot be read among it.
pub fn load(path: &Path, root: &Path) -> Result<Vec<Scenario>, Diagnostics> {
    let cannot = |message: String| {
        let file = path.to_owned();
        Diagnostics(vec![Diagnostic {
            file,
            line: 1,
            column: 1,
            message,
            help: None,
            source_line: None,
        }])
    };
    let bytes = std::fs::read(path).map_err(|error| cannot(format!("cannot be read: {error}")))?;
    let text = match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
            let line = before.matches('\n').count() + 1;
            let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
            let mut diagnostics = cannot(format!("not UTF-8: byte {valid} begins no character"));
            diagnostics.0[0].line = u32::try_from(line).unwrap_or(u32::MAX);
            diagnostics.0[0].column = u32::try_from(column).unwrap_or(u32::MAX);
            return Err(diagnostics);
        }
    };
    let below = path.strip_prefix(root).unwrap_or(path).with_extension("");
    let parts: Vec<_> = below
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    read(&Report::new(path.to_owned(), &text), &parts.join("/"), &text)
}

/// Reads a scenario from a text; `source_name` stands in messages, and in the id without its extension.
///
/// # Errors
///
/// Everything that is wrong with it.
pub fn parse(source_name: &str, text: &str) -> Result<Vec<Scenario>, Diagnostics> {
    let id = source_name.strip_suffix(".yaml").unwrap_or(source_name);
    read(&Report::new(source_name.into(), text), id, text)
}

fn read(report: &Report, id: &str, text: &str) -> Result<Vec<Scenario>, Diagnostics> {
    let scenarios = document(report, id, text);
    match scenarios {
        Ok(scenarios) if report.is_clean() => Ok(scenarios),
        _ => Err(report.take()),
    }
}

fn document(report: &Report, id: &str, text: &str) -> Checked<Vec<Scenario>> {
    let root = tree::read(report, text)?;
    let cells = matrix::cells(report, &root)?;
    let mut scenarios = Vec::new();
    for cell in cells {
        let id = format!("{id}{}", cell.suffix);
        // What is wrong in one cell does not keep the others from being looked at.
        if let Ok(scenario) = one_cell(report, id, &cell) {
            scenarios.push(scenario);
        }
    }
    Ok(scenarios)
}

fn one_cell(report: &Report, id: String, cell: &matrix::Cell) -> Checked<Scenario> {
    let fields = report.fields(&cell.root, "a scenario", KEYS)?;
    let mut scope = Scope::default();
    scope.matrix.extend(cell.names.iter().cloned());

    // Each part is read before the first failure ends it, so that one mistake does not hide the next.
    let title = fields
        .require(report, "scenario")
        .and_then(|node| report.text(node, "a title"))
        .map(str::to_owned);
    let spec = fields.require(report, "spec").and_then(|node| {
        report
            .some_items(node, "clauses")?
            .iter()
            .map(|item| clause(report, item))
            .collect::<Checked<Vec<_>>>()
    });
    let level = fields.read("level", |node| level(report, node));
    let requires = fields.read("requires", |node| {
        let items = report.some_items(node, "capabilities")?.iter();
        items
            .map(|item| Ok(report.name(item, "a capability")?.to_owned()))
            .collect::<Checked<Vec<_>>>()
    });
    let limit = fields.read("limit", |node| report.duration(node));
    let peers = fields
        .require(report, "peers")
        .and_then(|node| peers::peers(report, node));
    if let Ok(peers) = &peers {
        scope.roles = peers.iter().map(|peer| peer.role.clone()).collect();
    }
    let peers = peers?;
    let hosts = places::hosts(report, &mut scope, fields.position, fields.get("hosts"));
    let places = hosts.and_then(|hosts| {
        let servers = servers::servers(report, &mut scope, &hosts, fields.get("servers"))?;
        let names = servers::names(report, &scope, fields.get("names"))?;
        let links = places::links(report, &mut scope, fields.get("links"))?;
        Ok((hosts, servers, names, links))
    });
    let signalling = places::signalling(report, &scope, fields.get("signalling"));
    let faults = places::faults(report, &scope, fields.get("faults"));
    let identity_providers = identity::providers(report, fields.get("identityProviders"));
    let script = places.and_then(|places| {
        let node = fields.require(report, "script")?;
        Ok((steps::script(report, &mut scope, node)?, places))
    });
    let (script, (hosts, servers, names, links)) = script?;
    Ok(Scenario {
        id,
        title: title?,
        spec: spec?,
        level: level?.unwrap_or_default(),
        requires: requires?.unwrap_or_default(),
        peers,
        hosts,
        servers,
        names,
        links,
        signalling: signalling?,
        faults: faults?,
        identity_providers: identity_providers?,
        limit: limit?.unwrap_or(DEFAULT_LIMIT),
        script,
    })
}

/// A clause: `webrtc-pc#set-description`, `RFC9429#section-5.8.2`.
fn clause(report: &Report, node: &Node) -> Checked<Clause> {
    let text = report.text(node, "a clause")?;
    let wrong = |why: &str| {
        let message =
            format!("{text:?} is no clause: {why}; expected one such as `webrtc-pc#set-description`");
        report.error_with_help(
            node.position,
            message,
            "RFCs are cited as `RFC9429#section-5.8.2`",
        )
    };
    let (document, anchor) = text.split_once('#').ok_or_else(|| wrong("it has no `#`"))?;
    let number = document.strip_prefix("RFC");
    match number {
        Some(number) => {
            if number.is_empty() || !number.chars().all(|digit| digit.is_ascii_digit()) {
                return Err(wrong("`RFC` needs a number"));
            }
            let section = anchor
                .strip_prefix("section-")
                .or_else(|| anchor.strip_prefix("appendix-"));
            let section = section.ok_or_else(|| wrong("an RFC has `section-…` or `appendix-…`"))?;
            if section
                .split('.')
                .any(|part| part.is_empty() || !part.chars().all(|c| c.is_ascii_alphanumeric()))
            {
                return Err(wrong("a section is a number such as `5.8.2`"));
            }
        }
        None => {
            const DOCUMENTS: &[&str] = &[
                "webrtc-pc",
                "webrtc-extensions",
                "webrtc-stats",
                "webrtc-identity",
                "webidl",
                "mediacapture-streams",
            ];
            if !DOCUMENTS.contains(&document) {
                let known = DOCUMENTS.iter().copied().chain(["RFC…"]);
                return Err(report.unknown(node.position, "specification", document, known));
            }
            if anchor.is_empty()
                || !anchor
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            {
                return Err(wrong("what follows `#` is the id of a section"));
            }
        }
    }
    Ok(Clause(text.into()))
}

fn level(report: &Report, node: &Node) -> Checked<Level> {
    report.word(node, "level", Level::NAMES, Level::ALL)
}

/// Where a list or a mapping of a file is said to be: its own place, or that of what holds it.
fn place(node: Option<&Node>, otherwise: Position) -> Position {
    node.map_or(otherwise, |node| node.position)
}

/// Visits every scalar of a tree.
fn for_each_scalar(node: &Node, visit: &mut impl FnMut(&Node)) {
    match &node.kind {
        Kind::Scalar(_) => visit(node),
        Kind::List(items) => items.iter().for_each(|item| for_each_scalar(item, visit)),
        Kind::Map(entries) => entries
            .iter()
            .for_each(|(_, value)| for_each_scalar(value, visit)),
    }
}
