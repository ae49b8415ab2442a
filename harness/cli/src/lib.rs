//! glare: conformance tests and an interop simulator for WebRTC's `RTCPeerConnection`.
//!
//! A glare with a peer of your own is a few lines:
//!
//! ```no_run
//! use std::process::ExitCode;
//!
//! fn main() -> ExitCode {
//!     glare::main(glare::Registry::standard())
//! }
//! ```
//!
//! [`Registry::with`] adds an implementation of [`glare_peer::Implementation`]; it can then be cast by its name.

mod anchors;
mod arguments;
mod cells;
mod check;
mod coverage;
mod doctor;
mod exit;
mod list;
mod pool;
mod protocol;
mod registry;
mod replay;
mod run;
mod sabotage;
mod usage;
mod verify;
mod worker;

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;

pub use exit::Exit;
pub use registry::Registry;

use crate::arguments::{Arguments, Command, RunArguments};

/// Runs the command line with these implementations and gives the exit code: 0 as expected, 1 not as expected, 2 bad usage or
/// input, 3 the environment lacks something, 4 nothing matched.
pub fn main(registry: Registry) -> ExitCode {
    // Bad usage ends here, with clap's message and exit code 2.
    let arguments = Arguments::parse();
    let result = match arguments
        .command
        .unwrap_or_else(|| Command::Run(RunArguments::default()))
    {
        Command::Run(arguments) if arguments.verify => verify::verify(&registry, &arguments),
        Command::Run(arguments) => run::run(&registry, &arguments),
        Command::Replay(arguments) => replay::replay(&registry, &arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Schema => check::schema(),
        Command::Sabotage(arguments) => sabotage::sabotage(&registry, &arguments),
        Command::Coverage(arguments) => coverage::coverage(&registry, &arguments),
        Command::List(arguments) => list::list(&registry, &arguments),
        Command::Doctor => doctor::doctor(&registry),
        Command::Worker => worker::work(&registry),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(problem) => {
            say_error(&problem.message);
            problem.exit.into()
        }
    }
}

/// Writes to standard output. What a peer or a file put into the text does not steer the terminal.
fn say(text: &str) {
    say_styled(&glare_reports::terminal::printable(text));
}

/// Writes to standard output what is fit for a terminal already. A reader that went away ends the output, not the program.
fn say_styled(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Writes a line to standard error.
fn say_error(text: &str) {
    let _ = writeln!(
        std::io::stderr().lock(),
        "{}",
        glare_reports::terminal::printable(text.trim_end())
    );
}
