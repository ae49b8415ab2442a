//! The scenario language: YAML in, a typed script with source positions out.
//!
//! [`load`] reads a file into one [`Scenario`] for each cell of its matrix, or says everything that is wrong with it.
//! [`script`] is what a scenario comes to; it is all that the runner needs to know.

mod diagnostic;
mod edit;
mod expectation;
mod happening;
mod plan;
pub mod script;

use std::path::Path;

pub use diagnostic::{Diagnostic, Diagnostics};
pub use script::Scenario;

/// Loads a file; `root` is the folder below which its id begins, normally `scenarios`. One scenario for each cell of the
/// matrix, in the order of the file; at least one.
///
/// # Errors
///
/// Everything that is wrong with it.
pub fn load(path: &Path, root: &Path) -> Result<Vec<Scenario>, Diagnostics> {
    let _ = root;
    parse(&path.display().to_string(), "")
}

/// Reads a scenario from a text; `source_name` stands in messages, and in the id without its extension.
///
/// # Errors
///
/// Everything that is wrong with it.
pub fn parse(source_name: &str, text: &str) -> Result<Vec<Scenario>, Diagnostics> {
    let _ = text;
    Err(Diagnostics(vec![Diagnostic {
        file: source_name.into(),
        line: 1,
        column: 1,
        message: "scenarios cannot be read yet".to_owned(),
        help: None,
        source_line: None,
    }]))
}
