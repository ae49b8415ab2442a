//! The matrix: one scenario for each combination of its values.

use std::collections::BTreeSet;

use crate::report::{Checked, Report};
use crate::tree::{Kind, Node, Scalar};

/// A document with the values of one cell put in place.
#[derive(Debug)]
pub(super) struct Cell {
    /// What the cell adds to the id: `[loss=2%]`; empty without a matrix.
    pub suffix: String,
    /// The names of the matrix.
    pub names: Vec<String>,
    /// The document, still with the matrix itself.
    pub root: Node,
}

/// More cells than this are a mistake, and would take the machine's memory.
const MOST_CELLS: usize = 1000;

/// One name of the matrix with its values.
struct Axis<'n> {
    name: &'n str,
    values: Vec<&'n Scalar>,
}

/// The cells of a document in the order of the file, the last name varying fastest.
pub(super) fn cells(report: &Report, root: &Node) -> Checked<Vec<Cell>> {
    let Kind::Map(entries) = &root.kind else {
        return Err(report.expected(root, "a scenario as a mapping"));
    };
    let Some((_, matrix)) = entries.iter().find(|(key, _)| key.text == "matrix") else {
        return Ok(vec![Cell {
            suffix: String::new(),
            names: Vec::new(),
            root: root.clone(),
        }]);
    };
    let axes = axes(report, matrix)?;
    let mut used = BTreeSet::new();
    super::for_each_scalar(root, &mut |node| {
        if let Kind::Scalar(scalar) = &node.kind {
            used.extend(
                axes.iter()
                    .map(|axis| axis.name)
                    .filter(|name| scalar.text.contains(&reference(name))),
            );
        }
    });
    if let Kind::Map(entries) = &matrix.kind {
        for (key, _) in entries
            .iter()
            .filter(|(key, _)| !used.contains(key.text.as_str()))
        {
            report.error_with_help(
                key.position,
                format!("{:?} of the matrix is never used", key.text),
                format!("write \"{}\" where a value is to stand", reference(&key.text)),
            );
        }
    }
    let count = axes
        .iter()
        .try_fold(1usize, |count, axis| count.checked_mul(axis.values.len()));
    if count.is_none_or(|count| count > MOST_CELLS) {
        let message = format!("the matrix has more than {MOST_CELLS} cells");
        return Err(report.error(matrix.position, message));
    }
    let mut choices: Vec<Vec<(&str, &Scalar)>> = vec![Vec::new()];
    for axis in &axes {
        choices = choices
            .iter()
            .flat_map(|chosen| {
                axis.values
                    .iter()
                    .map(|value| [chosen.as_slice(), &[(axis.name, *value)]].concat())
            })
            .collect();
    }
    let cell = |chosen: &Vec<(&str, &Scalar)>| {
        let parts: Vec<String> = chosen
            .iter()
            .map(|(name, value)| format!("{name}={}", value.text))
            .collect();
        Cell {
            suffix: format!("[{}]", parts.join(",")),
            names: chosen.iter().map(|(name, _)| (*name).to_owned()).collect(),
            root: substitute(root, chosen),
        }
    };
    Ok(choices.iter().map(cell).collect())
}

fn axes<'n>(report: &Report, matrix: &'n Node) -> Checked<Vec<Axis<'n>>> {
    let entries = report.entries(matrix, "the matrix")?;
    if entries.is_empty() {
        return Err(report.error(
            matrix.position,
            "the matrix is empty; expected a name with a list of values",
        ));
    }
    entries
        .iter()
        .map(|(key, node)| {
            report.check_name(key.position, &key.text, "a name of the matrix")?;
            let items = report.some_items(node, "values")?;
            let mut values: Vec<&Scalar> = Vec::new();
            for item in items {
                let value = report.scalar(item, "a value")?;
                if values.contains(&value) {
                    return Err(report.error(item.position, format!("{:?} is listed twice", value.text)));
                }
                values.push(value);
            }
            Ok(Axis {
                name: &key.text,
                values,
            })
        })
        .collect()
}

fn reference(name: &str) -> String {
    format!("${{{name}}}")
}

fn substitute(node: &Node, chosen: &[(&str, &Scalar)]) -> Node {
    let kind = match &node.kind {
        Kind::Scalar(scalar) => Kind::Scalar(substitute_scalar(scalar, chosen)),
        Kind::List(items) => Kind::List(items.iter().map(|item| substitute(item, chosen)).collect()),
        Kind::Map(entries) => Kind::Map(
            entries
                .iter()
                .map(|(key, value)| (key.clone(), substitute(value, chosen)))
                .collect(),
        ),
    };
    Node {
        position: node.position,
        kind,
    }
}

fn substitute_scalar(scalar: &Scalar, chosen: &[(&str, &Scalar)]) -> Scalar {
    // Alone it is the value itself, so that a number stays a number.
    if let Some((_, value)) = chosen.iter().find(|(name, _)| scalar.text == reference(name)) {
        return (*value).clone();
    }
    let text = chosen.iter().fold(scalar.text.clone(), |text, (name, value)| {
        text.replace(&reference(name), &value.text)
    });
    Scalar {
        text,
        plain: scalar.plain,
    }
}
