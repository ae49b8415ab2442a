//! Every scenario of the catalogue loads, and loads again from its resolved form.

use std::path::{Path, PathBuf};

use glare_scenario::{Scenario, load, parse, to_yaml};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            found.push(path);
        }
    }
    found
}

fn catalogue() -> Vec<Scenario> {
    let loaded = files(&root()).into_iter().map(|path| load(&path, &root()));
    let (scenarios, wrong): (Vec<_>, Vec<_>) = loaded.partition(Result::is_ok);
    let wrong: Vec<String> = wrong.into_iter().map(|result| result.unwrap_err().to_string()).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    scenarios.into_iter().flat_map(Result::unwrap).collect()
}

#[test]
fn every_scenario_of_the_catalogue_loads() {
    let files = files(&root()).len();
    assert!(files >= 24, "only {files} files under {}", root().display());
    assert!(catalogue().len() >= files);
}

#[test]
fn every_scenario_loads_again_from_its_resolved_form() {
    for scenario in catalogue() {
        let yaml = to_yaml(&scenario);
        let again = parse(&scenario.id, &yaml).unwrap_or_else(|wrong| panic!("{wrong}\n\n{yaml}"));
        assert_eq!(again, [scenario], "{yaml}");
    }
}
