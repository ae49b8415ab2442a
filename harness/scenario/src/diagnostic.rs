//! What is wrong with a scenario, and where.

use std::fmt;
use std::path::PathBuf;

use crate::script::Position;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// The file, as it was given to the loader.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// What is wrong and what was expected.
    pub message: String,
    /// What may help, such as `did you mean "offer"?`.
    pub help: Option<String>,
    /// The line of the file; none where there is no such line.
    pub source_line: Option<String>,
}

impl Diagnostic {
    /// Where it is.
    pub fn position(&self) -> Position {
        Position {
            line: self.line,
            column: self.column,
        }
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}:{}: {}",
            self.file.display(),
            self.line,
            self.column,
            self.message
        )?;
        if let Some(source) = &self.source_line {
            let gutter = self.line.to_string();
            let blank = " ".repeat(gutter.len());
            // A tab under a tab keeps the caret where the eye looks for it.
            let indent: String = source
                .chars()
                .take(self.column as usize - 1)
                .map(|character| if character == '\t' { '\t' } else { ' ' })
                .collect();
            write!(f, "\n {blank} |\n {gutter} | {source}\n {blank} | {indent}^")?;
        }
        if let Some(help) = &self.help {
            write!(f, "\n help: {help}")?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a scenario, in the order of the file; at least one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Diagnostics(pub Vec<Diagnostic>);

impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, diagnostic) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            diagnostic.fmt(f)?;
        }
        Ok(())
    }
}
