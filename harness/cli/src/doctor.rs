//! `glare doctor`: what works here, and what to install for the rest.

use std::path::PathBuf;

use crate::exit::{Exit, Problem};
use crate::registry::Registry;

/// Says which peers and networks work here. The environment lacks something when the pin does not hold.
pub(crate) fn doctor(registry: &Registry) -> Result<Exit, Problem> {
    crate::say("peers\n");
    for implementation in registry.all() {
        let about = implementation.about();
        let repeats = if about.deterministic {
            "repeats byte for byte"
        } else {
            "does not repeat"
        };
        crate::say(&format!("  {} {}: works, {repeats}\n", about.name, about.version));
        crate::say(&format!("    can: {}\n", about.capabilities.join(", ")));
        for derived in &about.derived {
            crate::say(&format!("    derived by the adapter: {derived}\n"));
        }
    }
    crate::say("networks\n");
    let pin = glare_pin::Pin::prove();
    match &pin {
        Ok(()) => crate::say("  virtual time: works; the clock and chance of this system are pinned\n"),
        Err(error) => crate::say(&format!(
            "  virtual time: works for peers that take time and chance as arguments; others do not repeat: {error}\n"
        )),
    }
    crate::say("programs for looking at captures\n");
    match find("tshark") {
        Some(path) => crate::say(&format!("  tshark: {}\n", path.display())),
        None => {
            crate::say("  tshark: not here; Debian's package `tshark` has it (only tests of glare need it)\n");
        }
    }
    Ok(if pin.is_ok() {
        Exit::AsExpected
    } else {
        Exit::Environment
    })
}

fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}
