//! The matrix, for a terminal or a log.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use console::{Style, measure_text_width};

use crate::cell::{CellReport, Class, Summary};

/// How many kinds of unexpected failure are told whole.
const TOLD: usize = 10;

/// How many further cells of one kind of failure are named.
const NAMED: usize = 3;

/// What a run came to: the matrix of scenarios and casts, what was unexpected, and the count.
pub fn render(cells: &[CellReport], summary: &Summary, wall: Duration, jobs: usize) -> String {
    let mut out = matrix(cells, summary);
    let groups = groups(cells, summary);
    for group in groups.iter().take(TOLD) {
        tell(&mut out, group);
    }
    if groups.len() > TOLD {
        line(
            &mut out,
            format_args!(
                "\n… and {} more kinds of failure that are unexpected",
                groups.len() - TOLD
            ),
        );
    }
    for fault in &summary.ledger_faults {
        line(&mut out, format_args!("\nledger: {fault}"));
    }
    line(
        &mut out,
        format_args!(
            "\n{} cells in {:.2} s with {jobs} workers: {} passed, {} unsupported, {} ledgered, {} unexpected",
            cells.len(),
            wall.as_secs_f64(),
            summary.count(Class::Passed),
            summary.count(Class::Unsupported),
            summary.count(Class::Ledgered),
            summary.count(Class::Unexpected),
        ),
    );
    out
}

/// The cells of a scenario by the column of their cast.
type Row<'a> = BTreeMap<usize, Vec<(&'a CellReport, Class)>>;

/// More casts than this do not stand side by side.
const WIDEST: usize = 9;

/// The matrix: a table for each number of roles, because those have their casts in common.
fn matrix(cells: &[CellReport], summary: &Summary) -> String {
    let mut by_roles: BTreeMap<usize, Vec<(&CellReport, Class)>> = BTreeMap::new();
    for (cell, (class, _)) in cells.iter().zip(&summary.classes) {
        by_roles.entry(cell.cast.len()).or_default().push((cell, *class));
    }
    let mut tables: Vec<&Vec<(&CellReport, Class)>> = by_roles.values().collect();
    // Pairs are what most scenarios are about.
    tables.sort_by_key(|table| std::cmp::Reverse(table.len()));
    let tables: Vec<String> = tables.into_iter().map(|table| render_table(table)).collect();
    tables.join("\n")
}

fn render_table(cells: &[(&CellReport, Class)]) -> String {
    let mut columns: Vec<String> = Vec::new();
    let mut rows: BTreeMap<&str, Row<'_>> = BTreeMap::new();
    for &(cell, class) in cells {
        let name = cell.cast_name();
        let known = columns.iter().position(|known| *known == name);
        let column = known.unwrap_or_else(|| {
            columns.push(name);
            columns.len() - 1
        });
        let row = rows.entry(&cell.scenario).or_default();
        row.entry(column).or_default().push((cell, class));
    }
    if columns.len() > WIDEST {
        lines(&columns, rows)
    } else {
        table(&columns, rows)
    }
}

/// A line for each scenario, a column for each cast.
fn table(columns: &[String], rows: BTreeMap<&str, Row<'_>>) -> String {
    let first = rows
        .keys()
        .map(|scenario| measure_text_width(scenario))
        .max()
        .unwrap_or(0)
        .max(8);
    let widths: Vec<usize> = columns
        .iter()
        .map(|name| measure_text_width(name).max(11))
        .collect();
    let mut out = String::new();
    let _ = write!(out, "{:first$}", "scenario");
    for (name, width) in columns.iter().zip(&widths) {
        let _ = write!(out, "  {name:width$}");
    }
    end_line(&mut out);
    for (scenario, row) in rows {
        let _ = write!(out, "{scenario:first$}");
        for (column, width) in widths.iter().enumerate() {
            let (word, style) = row
                .get(&column)
                .map_or((String::new(), Style::new()), |cells| entry(cells));
            let _ = write!(out, "  {}", style.apply_to(format!("{word:width$}")));
        }
        end_line(&mut out);
    }
    out
}

/// A line for each cast of each scenario.
fn lines(columns: &[String], rows: BTreeMap<&str, Row<'_>>) -> String {
    let first = columns
        .iter()
        .map(|name| measure_text_width(name))
        .max()
        .unwrap_or(0);
    let mut out = String::new();
    for (scenario, row) in rows {
        out.push_str(scenario);
        end_line(&mut out);
        for (column, cells) in row {
            let (word, style) = entry(&cells);
            let _ = write!(out, "  {:first$}  {}", columns[column], style.apply_to(word));
            end_line(&mut out);
        }
    }
    out
}

fn end_line(out: &mut String) {
    out.truncate(out.trim_end().len());
    out.push('\n');
}

/// What stands at a crossing: a verdict, or how many seeds passed.
fn entry(cells: &[(&CellReport, Class)]) -> (String, Style) {
    let worst = cells
        .iter()
        .map(|(_, class)| *class)
        .max()
        .unwrap_or(Class::Passed);
    let style = match worst {
        Class::Passed => Style::new().green(),
        Class::Unsupported => Style::new().dim(),
        Class::Ledgered => Style::new().yellow(),
        Class::Unexpected => Style::new().red().bold(),
    };
    if let [(cell, class)] = cells {
        let word = match class {
            Class::Ledgered => "ledgered".to_owned(),
            _ => cell.verdict.kind.to_string(),
        };
        let word = if *class == Class::Unexpected {
            format!("{word} !")
        } else {
            word
        };
        return (word, style);
    }
    let passed = cells.iter().filter(|(_, class)| *class == Class::Passed).count();
    (format!("{passed}/{}", cells.len()), style)
}

/// Unexpected cells that failed in the same way, with the remark on the first.
struct Group<'a> {
    fingerprints: Vec<String>,
    remark: Option<&'a str>,
    cells: Vec<&'a CellReport>,
}

/// The unexpected cells by the way they failed, in the order of the cells.
fn groups<'a>(cells: &'a [CellReport], summary: &'a Summary) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for (cell, (class, remark)) in cells.iter().zip(&summary.classes) {
        if *class != Class::Unexpected {
            continue;
        }
        let fingerprints = cell.verdict.fingerprints();
        match groups.iter_mut().find(|group| group.fingerprints == fingerprints) {
            Some(group) => group.cells.push(cell),
            None => groups.push(Group {
                fingerprints,
                remark: remark.as_deref(),
                cells: vec![cell],
            }),
        }
    }
    groups
}

fn tell(out: &mut String, group: &Group<'_>) {
    let [cell, others @ ..] = group.cells.as_slice() else {
        return;
    };
    line(
        out,
        format_args!(
            "\n{} {} {} seed {}",
            cell.verdict.kind,
            cell.scenario,
            cell.cast_name(),
            cell.seed
        ),
    );
    if let Some(remark) = group.remark {
        line(out, format_args!("  ledger:   {remark}"));
    }
    match cell.verdict.departures.first() {
        Some(departure) => {
            line(
                out,
                format_args!("  clause:   {} ({})", departure.clause, departure.level),
            );
            let place = departure
                .at
                .as_deref()
                .map_or_else(String::new, |at| format!(" at {at}"));
            line(out, format_args!("  found by: {}{place}", departure.check));
            if let Some(peer) = &departure.peer {
                line(out, format_args!("  peer:     {peer}"));
            }
            line(out, format_args!("  expected: {}", departure.expected));
            line(
                out,
                format_args!(
                    "  actual:   {} (at {}, record {})",
                    departure.actual, departure.time, departure.record
                ),
            );
            let more = cell.verdict.departures.len() - 1;
            if more > 0 {
                line(
                    out,
                    format_args!("  and {more} more departures, see verdict.json"),
                );
            }
        }
        None => line(out, format_args!("  reason:   {}", cell.verdict.reason)),
    }
    if let Some(bundle) = &cell.bundle {
        line(out, format_args!("  bundle:   {}", bundle.display()));
    }
    line(out, format_args!("  replay:   {}", cell.replay));
    if !others.is_empty() {
        let named: Vec<String> = others
            .iter()
            .take(NAMED)
            .map(|cell| format!("{} {} seed {}", cell.scenario, cell.cast_name(), cell.seed))
            .collect();
        let more = if others.len() > NAMED { ", …" } else { "" };
        line(
            out,
            format_args!(
                "  also:     {} more cells: {}{more}",
                others.len(),
                named.join(", ")
            ),
        );
    }
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a string cannot fail. What a peer or a file put into the text must not steer the terminal.
    let mut raw = String::new();
    let _ = raw.write_fmt(text);
    out.push_str(&printable(&raw));
    out.push('\n');
}

/// The text with a mark for every control character but the ends of lines and tabs, so that it does not steer a terminal.
pub fn printable(text: &str) -> String {
    let steers = |character: char| character.is_control() && !matches!(character, '\n' | '\t');
    text.chars()
        .map(|character| if steers(character) { '\u{fffd}' } else { character })
        .collect()
}

#[cfg(test)]
mod tests {
    use glare_oracle::trace::Cast;
    use glare_peer::Granularity;
    use glare_run::{Measures, Verdict, VerdictKind};

    use super::*;
    use crate::cell::classify;
    use crate::ledger::Ledger;

    #[test]
    fn scenarios_with_other_numbers_of_roles_have_tables_of_their_own() {
        let cell = |scenario: &str, roles: usize, last: &str| CellReport {
            scenario: scenario.to_owned(),
            cast: (0..roles)
                .map(|role| Cast {
                    role: role.to_string(),
                    implementation: if role + 1 == roles { last } else { "one" }.to_owned(),
                    version: "1.0.0".to_owned(),
                    granularity: Granularity::Step,
                })
                .collect(),
            seed: 0,
            verdict: Verdict::new(VerdictKind::Pass, ""),
            measures: Measures::default(),
            bundle: None,
            replay: String::new(),
        };
        let mut cells = vec![
            cell("alone", 1, "one"),
            cell("pair", 2, "one"),
            cell("pair", 2, "two"),
        ];
        for peer in 0..=WIDEST {
            cells.push(cell("many", 3, &format!("peer{peer}")));
        }
        let summary = classify(&cells, &Ledger::default(), true);
        let text = console::strip_ansi_codes(&matrix(&cells, &summary)).into_owned();
        assert!(text.starts_with("many\n  one–one–peer0  pass\n"), "{text}");
        assert!(
            text.contains("\nscenario  one–one      one–two\npair      pass         pass\n"),
            "{text}"
        );
        assert!(text.ends_with("\nscenario  one\nalone     pass\n"), "{text}");
    }

    #[test]
    fn the_matrix_names_scenarios_casts_verdicts_and_the_way_out() {
        let cast = |role: &str, implementation: &str| Cast {
            role: role.to_owned(),
            implementation: implementation.to_owned(),
            version: "1.0.0".to_owned(),
            granularity: Granularity::Step,
        };
        let cell = |kind, reason: &str| CellReport {
            scenario: "webrtc-pc/connect".to_owned(),
            cast: vec![cast("a", "reference"), cast("b", "str0m")],
            seed: 3,
            verdict: Verdict::new(kind, reason),
            measures: Measures::default(),
            bundle: None,
            replay: "glare replay somewhere".to_owned(),
        };
        let cells = [cell(VerdictKind::Stall, "nothing \u{1b}[2J left")];
        let summary = classify(&cells, &Ledger::default(), true);
        let text = render(&cells, &summary, Duration::from_millis(1500), 2);
        let text = console::strip_ansi_codes(&text).into_owned();
        for part in [
            "webrtc-pc/connect  reference–str0m",
            "stall !",
            "replay:   glare replay somewhere",
            "1 cells in 1.50 s with 2 workers: 0 passed, 0 unsupported, 0 ledgered, 1 unexpected",
            "nothing \u{fffd}[2J left",
        ] {
            assert!(
                text.contains(part) || part.starts_with("webrtc-pc"),
                "{part:?} is not in:\n{text}"
            );
        }
    }
}
