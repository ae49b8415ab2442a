//! Exit codes and errors that end the program.

use std::fmt;
use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Everything came as expected.
    AsExpected,
    /// Something did not come as expected.
    NotAsExpected,
    /// The command line or a file is wrong.
    BadInput,
    /// The environment lacks something.
    Environment,
    /// No scenario matched.
    NothingMatched,
}

impl Exit {
    /// The exit code.
    pub const fn code(self) -> u8 {
        match self {
            Exit::AsExpected => 0,
            Exit::NotAsExpected => 1,
            Exit::BadInput => 2,
            Exit::Environment => 3,
            Exit::NothingMatched => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// An error that ends the program, with a message that a user can act on.
#[derive(Debug)]
pub(crate) struct Problem {
    /// How it ends.
    pub(crate) exit: Exit,
    /// What to say.
    pub(crate) message: String,
}

impl Problem {
    /// The command line or a file is wrong.
    pub(crate) fn input(message: impl fmt::Display) -> Problem {
        Problem {
            exit: Exit::BadInput,
            message: format!("error: {message}"),
        }
    }

    /// The environment lacks something.
    pub(crate) fn environment(message: impl fmt::Display) -> Problem {
        Problem {
            exit: Exit::Environment,
            message: format!("error: {message}"),
        }
    }

    /// Nothing matched.
    pub(crate) fn nothing(message: impl fmt::Display) -> Problem {
        Problem {
            exit: Exit::NothingMatched,
            message: format!("error: {message}"),
        }
    }
}
