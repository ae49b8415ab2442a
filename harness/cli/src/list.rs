//! `glare list`: what there is to play, and with whom.

use crate::arguments::ListArguments;
use crate::cells;
use crate::exit::{Exit, Problem};
use crate::registry::Registry;

/// Lists scenarios with their titles and clauses, and the peers.
pub(crate) fn list(registry: &Registry, arguments: &ListArguments) -> Result<Exit, Problem> {
    let scenarios = cells::load(&arguments.paths)?;
    let width = scenarios
        .iter()
        .map(|sourced| sourced.scenario.id.len())
        .max()
        .unwrap_or(0);
    for sourced in &scenarios {
        let scenario = &sourced.scenario;
        let clauses: Vec<&str> = scenario.spec.iter().map(|clause| clause.as_str()).collect();
        crate::say(&format!(
            "{:width$}  {}  ({})\n",
            scenario.id,
            scenario.title,
            clauses.join(", ")
        ));
    }
    let peers: Vec<String> = registry
        .all()
        .map(|implementation| {
            let about = implementation.about();
            format!("{} {}", about.name, about.version)
        })
        .collect();
    crate::say(&format!(
        "\n{} scenarios; peers: {}\n",
        scenarios.len(),
        peers.join(", ")
    ));
    Ok(Exit::AsExpected)
}
