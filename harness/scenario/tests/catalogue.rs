//! Every scenario of the catalogue loads, and loads again from its resolved form.

use std::path::{Path, PathBuf};

use glare_scenario::{Scenario, load, parse, schema, to_yaml};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut entries: Vec<_> = std::fs::read_dir(folder)
        .expect("the catalogue can be listed")
        .map(|entry| entry.expect("the catalogue can be listed").path())
        .collect();
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
    let wrong: Vec<String> = wrong
        .into_iter()
        .filter_map(Result::err)
        .map(|wrong| wrong.to_string())
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    scenarios.into_iter().flatten().flatten().collect()
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

fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::new(&schema()).expect("the schema is one")
}

/// A document as an editor's YAML reader sees it.
fn value(text: &str) -> serde_json::Value {
    serde_yaml::from_str(text).expect("the scenario is YAML")
}

fn complaints(document: &serde_json::Value) -> Vec<String> {
    let validator = validator();
    validator
        .iter_errors(document)
        .map(|error| format!("{}: {error}", error.instance_path))
        .collect()
}

#[test]
fn the_schema_is_a_schema() {
    assert!(jsonschema::meta::is_valid(&schema()));
}

#[test]
fn every_scenario_of_the_catalogue_is_valid_by_the_schema() {
    let validator = validator();
    for path in files(&root()) {
        let document = value(&std::fs::read_to_string(&path).unwrap());
        let wrong: Vec<String> = validator
            .iter_errors(&document)
            .map(|error| {
                format!(
                    "{}: {}",
                    error.instance_path,
                    error.to_string().chars().take(300).collect::<String>()
                )
            })
            .collect();
        assert!(wrong.is_empty(), "{}\n{}", path.display(), wrong.join("\n"));
    }
    for scenario in catalogue() {
        let yaml = to_yaml(&scenario);
        assert!(validator.is_valid(&value(&yaml)), "{yaml}");
    }
}

#[test]
fn the_schema_refuses_what_the_loader_refuses_for_its_shape() {
    let script = |step: &str| {
        format!("scenario: T\nspec: [webrtc-pc#x]\npeers: {{ a: {{}}, b: {{}} }}\nscript:\n  - {step}\n")
    };
    assert!(complaints(&value(&script("{ wait: 1s }"))).is_empty());
    for step in [
        "{ wait: 1 }",
        "{ cal: a.close }",
        "{ call: a.closed }",
        "{ call: a.close, wait: 1s }",
        "{ wait: { event: a.negotiationneded } }",
        "{ wait: { for: { a.signalingState: stabel } } }",
        "{ wait: { for: { a.signalingStat: stable } } }",
        "{ expect: {} }",
        "{ on: a.negotiationneeded, do: [{ wait: 1s }] }",
        "{ call: a.createAnswer, rejects: InvalidState }",
    ] {
        let text = script(step);
        assert!(parse("test.yaml", &text).is_err(), "{step}");
        assert!(!complaints(&value(&text)).is_empty(), "{step}");
    }
}

#[test]
fn every_key_of_the_schema_is_described() {
    fn check(path: &str, schema: &serde_json::Value, missing: &mut Vec<String>) {
        if let Some(members) = schema.as_object() {
            for (key, value) in members {
                if let Some(properties) = value.as_object().filter(|_| key == "properties") {
                    let bare = properties.iter().filter(|(_, value)| {
                        value.get("description").is_none() && value.get("$ref").is_none()
                    });
                    missing.extend(bare.map(|(name, _)| format!("{path}.{name}")));
                }
                check(&format!("{path}.{key}"), value, missing);
            }
        }
        if let Some(items) = schema.as_array() {
            for (index, item) in items.iter().enumerate() {
                check(&format!("{path}[{index}]"), item, missing);
            }
        }
    }
    let mut missing = Vec::new();
    check("", &schema(), &mut missing);
    assert!(missing.is_empty(), "{missing:?}");
}
