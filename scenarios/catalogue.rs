//! One test a cell: every scenario of the catalogue with every cast of the virtual peers, its states held against the accepted
//! snapshot beside the scenario.
//!
//! A snapshot guards against change; it is never where a verdict comes from. `cargo insta test --review` shows what changed.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use glare_peer::Implementation;
use glare_run::{Cast, Play, play, states_yaml};
use glare_scenario::Scenario;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"));
    let mut files = Vec::new();
    find(root, &mut files);
    let mut trials = Vec::new();
    for file in files {
        match glare_scenario::load(&file, root) {
            Ok(scenarios) => {
                for scenario in scenarios {
                    let scenario = Arc::new(scenario);
                    for cast in casts(&scenario) {
                        trials.push(cell(Arc::clone(&scenario), cast, &file));
                    }
                }
            }
            Err(diagnostics) => trials.push(Trial::test(file.display().to_string(), move || {
                Err(Failed::from(diagnostics.to_string()))
            })),
        }
    }
    assert!(!trials.is_empty(), "there is no scenario in {}", root.display());
    libtest_mimic::run(&arguments, trials).exit_code()
}

fn cell(scenario: Arc<Scenario>, cast: Cast, file: &Path) -> Trial {
    let names: Vec<String> = cast
        .iter()
        .map(|(_, implementation)| implementation.about().name)
        .collect();
    let names = names.join("-");
    let folder = file.with_file_name("snapshots");
    let case = scenario
        .id
        .rsplit('/')
        .next()
        .unwrap_or(&scenario.id)
        .replace("%", "pc");
    let snapshot = format!("{case}@{names}");
    Trial::test(format!("{} {names}", scenario.id), move || {
        let outcome = play(&scenario, &cast, 0, &Play::default());
        let mut text = format!("verdict: {}\n", outcome.verdict.kind);
        for fingerprint in outcome.verdict.fingerprints() {
            text.push_str(&format!("departs: {fingerprint}\n"));
        }
        text.push_str(&states_yaml(&outcome));
        let mut settings = insta::Settings::new();
        settings.set_snapshot_path(&folder);
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        let held = catch_unwind(AssertUnwindSafe(|| {
            settings.bind(|| insta::assert_snapshot!(snapshot, text));
        }));
        held.map_err(|_| {
            Failed::from(format!(
                "{} with seed 0 is not as the accepted snapshot in {} has it",
                outcome.header.cell,
                folder.display()
            ))
        })
    })
}

/// Every cast of a scenario with the peers that play in virtual time.
fn casts(scenario: &Scenario) -> Vec<Cast> {
    let peers: [Arc<dyn Implementation>; 2] =
        [Arc::new(glare_reference::Reference), Arc::new(glare_str0m::Str0m)];
    scenario.peers.iter().fold(vec![Cast::new()], |casts, plan| {
        casts
            .into_iter()
            .flat_map(|cast| {
                peers.iter().map(move |peer| {
                    let mut longer = cast.clone();
                    longer.push((plan.role.clone(), Arc::clone(peer)));
                    longer
                })
            })
            .collect()
    })
}

fn find(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("a readable folder").path())
        .collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            find(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "yaml") {
            files.push(path);
        }
    }
}
