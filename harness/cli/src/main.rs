//! The `glare` command with the peers that come with it.

use std::process::ExitCode;

fn main() -> ExitCode {
    glare::main(glare::Registry::standard())
}
