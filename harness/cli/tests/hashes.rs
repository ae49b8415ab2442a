//! The hashes of ten cells, so that a change of a single packet or record is seen and reviewed.

use std::path::Path;
use std::sync::Arc;

use glare_peer::Implementation;
use glare_run::{Cast, Play, play};

/// The cells: scenario, who plays its roles in their order, seed.
const CELLS: [(&str, [&str; 2], u64); 10] = [
    ("webrtc-pc/connect/message", ["reference", "reference"], 0),
    ("webrtc-pc/connect/message", ["reference", "str0m"], 0),
    ("webrtc-pc/connect/parameterless", ["str0m", "reference"], 0),
    ("webrtc-pc/connect/parameterless", ["str0m", "str0m"], 1),
    (
        "webrtc-pc/perfect-negotiation/glare-a-polite",
        ["reference", "reference"],
        2,
    ),
    ("webrtc-pc/ice-restart/offer-option", ["reference", "str0m"], 0),
    ("RFC8445/loss/matrix[loss=20%]", ["reference", "reference"], 7),
    ("RFC8445/loss/matrix[loss=20%]", ["str0m", "reference"], 7),
    ("RFC8831/reliability/unordered", ["str0m", "str0m"], 3),
    ("RFC7675/outage/recovers", ["reference", "reference"], 0),
];

#[test]
fn ten_cells_give_the_packets_and_traces_they_always_gave() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../scenarios"));
    let mut lines = String::new();
    for (id, names, seed) in CELLS {
        let file = root
            .join(id.split('[').next().unwrap_or(id))
            .with_extension("yaml");
        let scenarios = glare_scenario::load(&file, root).unwrap_or_else(|error| panic!("{error}"));
        let scenario = scenarios
            .iter()
            .find(|scenario| scenario.id == id)
            .unwrap_or_else(|| panic!("no scenario {id}"));
        let cast: Cast = scenario
            .peers
            .iter()
            .zip(names)
            .map(|(plan, name)| {
                let peer: Arc<dyn Implementation> = match name {
                    "reference" => Arc::new(glare_reference::Reference),
                    _ => Arc::new(glare_str0m::Str0m),
                };
                (plan.role.clone(), peer)
            })
            .collect();
        let measures = play(scenario, &cast, seed, &Play::default()).measures;
        lines.push_str(&format!(
            "{id} {} seed {seed}: {} packets {} trace {}\n",
            names.join("-"),
            measures.packets,
            &measures.packets_hash[..16],
            &measures.trace_hash[..16],
        ));
    }
    insta::assert_snapshot!(lines);
}
