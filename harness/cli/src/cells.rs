//! From paths and options to the cells to play.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use glare_scenario::Scenario;

use crate::arguments::RunArguments;
use crate::exit::Problem;
use crate::protocol::Cell;
use crate::registry::Registry;

/// Where the catalogue is, from where glare is called.
pub(crate) const CATALOGUE: &str = "scenarios";

/// A scenario and the file it is from.
#[derive(Debug, Clone)]
pub(crate) struct Sourced {
    pub(crate) path: PathBuf,
    pub(crate) root: PathBuf,
    pub(crate) scenario: Scenario,
}

/// Loads all scenarios at these paths; the catalogue where there are none. In the order of their ids.
pub(crate) fn load(paths: &[PathBuf]) -> Result<Vec<Sourced>, Problem> {
    let mut loaded = Vec::new();
    let mut problems = Vec::new();
    for (path, root) in files(paths)? {
        match glare_scenario::load(&path, &root) {
            Ok(scenarios) => loaded.extend(scenarios.into_iter().map(|scenario| Sourced {
                path: path.clone(),
                root: root.clone(),
                scenario,
            })),
            Err(diagnostics) => problems.push(diagnostics.to_string()),
        }
    }
    if !problems.is_empty() {
        return Err(Problem {
            exit: crate::Exit::BadInput,
            message: problems.join("\n"),
        });
    }
    if loaded.is_empty() {
        let places: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        let places = if places.is_empty() {
            CATALOGUE.to_owned()
        } else {
            places.join(", ")
        };
        return Err(Problem::nothing(format!("there is no scenario in {places}")));
    }
    loaded.sort_by(|one, other| one.scenario.id.cmp(&other.scenario.id));
    for pair in loaded.windows(2) {
        if let [one, other] = pair
            && one.scenario.id == other.scenario.id
        {
            return Err(Problem::input(format!(
                "{} and {} are both the scenario {}: play them in two runs",
                one.path.display(),
                other.path.display(),
                one.scenario.id
            )));
        }
    }
    Ok(loaded)
}

/// The scenario files at these paths, each with the folder below which its id begins.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<(PathBuf, PathBuf)>, Problem> {
    let catalogue = [PathBuf::from(CATALOGUE)];
    let paths = if paths.is_empty() {
        if !catalogue[0].is_dir() {
            return Err(Problem::input(
                "there is no folder `scenarios` here: call glare where the catalogue is, or name files or folders",
            ));
        }
        &catalogue
    } else {
        paths
    };
    // A file is one file, however its path is spelled.
    let mut out: BTreeMap<PathBuf, (PathBuf, PathBuf)> = BTreeMap::new();
    let mut add = |file: PathBuf, root: PathBuf| {
        // A file that is not there is told of by the loader, as everything else that is wrong with a file.
        let real = file.canonicalize().unwrap_or_else(|_| file.clone());
        out.entry(real).or_insert((file, root));
    };
    for path in paths {
        if path.is_dir() {
            let root = root_of(path);
            walk(path, &mut |file| add(file, root.clone()))?;
        } else {
            add(path.clone(), root_of(path.parent().unwrap_or(Path::new(""))));
        }
    }
    Ok(out.into_values().collect())
}

/// The nearest folder called `scenarios` at or above a folder; the folder itself where there is none.
fn root_of(folder: &Path) -> PathBuf {
    folder
        .ancestors()
        .find(|ancestor| ancestor.file_name().is_some_and(|name| name == CATALOGUE))
        .unwrap_or(folder)
        .to_owned()
}

fn walk(folder: &Path, found: &mut impl FnMut(PathBuf)) -> Result<(), Problem> {
    let problem = |error: std::io::Error| Problem::input(format!("{}: {error}", folder.display()));
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(problem)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()
        .map_err(problem)?;
    entries.sort();
    for path in entries {
        if path.is_dir() {
            if path.file_name().is_none_or(|name| name != "snapshots") {
                walk(&path, found)?;
            }
        } else if path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml")
        {
            found(path);
        }
    }
    Ok(())
}

/// The cells of these scenarios: each with every cast and every seed that the options ask for.
pub(crate) fn cells(
    registry: &Registry,
    scenarios: &[Sourced],
    arguments: &RunArguments,
) -> Result<Vec<Cell>, Problem> {
    let names: Vec<String> = if arguments.peers.is_empty() {
        registry.by_default().map(str::to_owned).collect()
    } else {
        let mut given: Vec<String> = Vec::new();
        for name in &arguments.peers {
            if !given.contains(name) {
                given.push(name.clone());
            }
        }
        given
    };
    for name in names.iter().chain(arguments.cast.iter().map(|(_, name)| name)) {
        registry.get(name)?;
    }
    for (index, (role, name)) in arguments.cast.iter().enumerate() {
        if let Some((_, first)) = arguments.cast[..index]
            .iter()
            .find(|(earlier, _)| earlier == role)
        {
            return Err(Problem::input(format!(
                "the role {role:?} is cast twice, as {first} and as {name}"
            )));
        }
        let known = |sourced: &Sourced| sourced.scenario.peers.iter().any(|plan| plan.role == *role);
        if !scenarios.iter().any(known) {
            let roles: BTreeSet<&str> = scenarios
                .iter()
                .flat_map(|sourced| sourced.scenario.peers.iter().map(|plan| plan.role.as_str()))
                .collect();
            let roles: Vec<&str> = roles.into_iter().collect();
            return Err(Problem::input(format!(
                "there is no role {role:?}; the roles of these scenarios are {}",
                roles.join(", ")
            )));
        }
    }
    let mut out = Vec::new();
    for sourced in scenarios {
        for cast in casts(&sourced.scenario, &names, &arguments.cast) {
            for seed in arguments.seeds() {
                out.push(Cell {
                    path: sourced.path.clone(),
                    root: sourced.root.clone(),
                    scenario: sourced.scenario.id.clone(),
                    cast: cast.clone(),
                    seed,
                });
            }
        }
    }
    if out.is_empty() {
        return Err(Problem::nothing("there is no peer to play with"));
    }
    Ok(out)
}

/// Every way to cast a scenario: each role with each peer, but for roles that are given to one.
pub(crate) fn casts(
    scenario: &Scenario,
    names: &[String],
    given: &[(String, String)],
) -> Vec<Vec<(String, String)>> {
    let mut casts = vec![Vec::new()];
    for plan in &scenario.peers {
        let fixed = given
            .iter()
            .find(|(role, _)| *role == plan.role)
            .map(|(_, name)| name);
        let choices: Vec<&String> = fixed.map_or_else(|| names.iter().collect(), |name| vec![name]);
        casts = casts
            .into_iter()
            .flat_map(|cast: Vec<(String, String)>| {
                choices.iter().map(move |&name| {
                    let mut longer = cast.clone();
                    longer.push((plan.role.clone(), name.clone()));
                    longer
                })
            })
            .collect();
    }
    casts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_played_twice_at_once() {
        let folder = Path::new(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../scenarios/webrtc-pc/connect"
        ));
        let file = folder.join("../connect/message.yaml");
        let scenarios = load(&[folder.to_owned(), file.clone()])
            .map_err(|problem| problem.message)
            .unwrap();
        let alone = load(&[folder.to_owned()])
            .map_err(|problem| problem.message)
            .unwrap();
        assert_eq!(scenarios.len(), alone.len());
        let registry = Registry::standard();
        let twice = RunArguments {
            peers: vec!["reference".to_owned(), "reference".to_owned()],
            ..RunArguments::default()
        };
        let played = load(&[file]).and_then(|scenarios| cells(&registry, &scenarios, &twice));
        assert_eq!(
            played.map(|cells| cells.len()).map_err(|problem| problem.message),
            Ok(1)
        );
        let cast = RunArguments {
            cast: ["reference", "str0m"]
                .map(|name| ("a".to_owned(), name.to_owned()))
                .to_vec(),
            ..RunArguments::default()
        };
        let refused = cells(&registry, &alone, &cast).map_err(|problem| problem.exit);
        assert_eq!(refused.err(), Some(crate::Exit::BadInput));
    }
}
