//! What tests of mistakes share: texts with one mistake, and where it is told.

use glare_scenario::{Diagnostic, parse};

/// A scenario with this head and these steps; the script's first step is on line 5.
pub fn scenario(head: &str, steps: &str) -> String {
    format!("scenario: Test\nspec: [webrtc-pc#set-description]\n{head}\nscript:\n{steps}")
}

/// Two peers `a` and `b`; the first step is on line 5.
pub fn script(steps: &str) -> String {
    scenario("peers: { a: {}, b: {} }", steps)
}

pub fn all(text: &str) -> Vec<Diagnostic> {
    match parse("test.yaml", text) {
        Ok(_) => panic!("this loads:\n{text}"),
        Err(diagnostics) => diagnostics.0,
    }
}

/// The one mistake of a text, after its place has been checked.
#[track_caller]
pub fn one(text: &str, line: u32, column: u32) -> Diagnostic {
    let mut found = all(text);
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found.len(), 1, "{}", shown.join("\n"));
    let found = found.remove(0);
    assert_eq!((found.line, found.column), (line, column), "{found}");
    let shown = found.to_string();
    assert!(
        shown.starts_with(&format!("test.yaml:{line}:{column}: ")),
        "{shown}"
    );
    found
}

#[track_caller]
pub fn wrong(text: &str, line: u32, column: u32, message: &str) {
    let found = one(text, line, column);
    assert_eq!(found.message, message, "{found}");
}

#[track_caller]
pub fn wrong_with_help(text: &str, line: u32, column: u32, message: &str, help: &str) {
    let found = one(text, line, column);
    assert_eq!(
        (found.message.as_str(), found.help.as_deref()),
        (message, Some(help)),
        "{found}"
    );
}
