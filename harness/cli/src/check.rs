//! `glare check` and `glare schema`.

use crate::anchors;
use crate::arguments::CheckArguments;
use crate::cells;
use crate::exit::{Exit, Problem};

/// Checks scenarios without playing them.
pub(crate) fn check(arguments: &CheckArguments) -> Result<Exit, Problem> {
    let scenarios = cells::load(&arguments.paths)?;
    for sourced in &scenarios {
        for clause in sourced.scenario.spec.iter().map(|clause| clause.as_str()) {
            if anchors::find(clause).is_none() && anchors::knows_specification(clause) {
                crate::say_error(&format!(
                    "note: {}: there is no {clause} in the list of anchors",
                    sourced.path.display()
                ));
            }
        }
    }
    if arguments.expand {
        for sourced in &scenarios {
            crate::say(&format!(
                "# {}\n{}\n",
                sourced.scenario.id,
                glare_scenario::to_yaml(&sourced.scenario)
            ));
        }
    } else {
        let files: std::collections::BTreeSet<_> = scenarios.iter().map(|sourced| &sourced.path).collect();
        crate::say(&format!(
            "{} files with {} scenarios are well\n",
            files.len(),
            scenarios.len()
        ));
    }
    Ok(Exit::AsExpected)
}

/// Prints the JSON Schema of the language.
pub(crate) fn schema() -> Result<Exit, Problem> {
    let text = serde_json::to_string_pretty(&glare_scenario::schema()).map_err(Problem::environment)?;
    crate::say(&format!("{text}\n"));
    Ok(Exit::AsExpected)
}
