//! What the tests of the command share: a folder of their own, and the command run in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// A glare in a folder of its own, which is gone when this is.
pub struct Glare {
    program: PathBuf,
    folder: TempDir,
}

/// What a command left.
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

impl Glare {
    /// The glare of this program in an empty folder.
    pub fn new(program: impl Into<PathBuf>) -> Glare {
        Glare {
            program: program.into(),
            folder: tempfile::tempdir().expect("there is a place for temporary files"),
        }
    }

    /// A path below the folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file below the folder.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("folders can be made");
        std::fs::write(path, content).expect("files can be written");
    }

    /// Runs a command in the folder. It may fail, but it does not panic and no signal ends it.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = Command::new(&self.program)
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .expect("the command can be started");
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        let code = output.status.code();
        let ran = Ran {
            code: code.unwrap_or_else(|| panic!("{arguments:?} ended with {}: {err}", output.status)),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err,
        };
        assert!(
            !ran.err.contains("glare/src"),
            "{arguments:?} panicked: {}",
            ran.err
        );
        assert_ne!(ran.code, 101, "{arguments:?} panicked: {}", ran.err);
        ran
    }

    /// `verdict.json` of every bundle below a folder, by the name of its cell.
    pub fn verdicts(&self, out: &str) -> BTreeMap<String, Value> {
        let mut found = BTreeMap::new();
        collect(&self.path(out), &mut found);
        found
    }
}

impl Ran {
    /// Fails the test, with all that the command said, unless it ended with this exit code.
    #[track_caller]
    pub fn ends_with(&self, code: i32) -> &Ran {
        assert_eq!(self.code, code, "\nout: {}\nerr: {}", self.out, self.err);
        self
    }

    /// Fails the test, with all that the command said, unless its standard output has this in it.
    #[track_caller]
    pub fn says(&self, text: &str) -> &Ran {
        assert!(
            self.out.contains(text),
            "no {text:?} in\nout: {}\nerr: {}",
            self.out,
            self.err
        );
        self
    }
}

fn collect(folder: &Path, found: &mut BTreeMap<String, Value>) {
    for entry in std::fs::read_dir(folder).expect("the folder of the bundles is there") {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.file_name().is_some_and(|name| name == "verdict.json") {
            let verdict = json(&path);
            let cell = verdict["cell"].as_str().expect("a cell has a name").to_owned();
            found.insert(cell, verdict);
        }
    }
}

/// A file of JSON.
pub fn json(path: &Path) -> Value {
    let text = std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
