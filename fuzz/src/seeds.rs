//! Writes the inputs that the targets begin with into `corpus/<target>/`, each under the hash of what is in it. It is built
//! like a target, because all that is built with coverage needs libFuzzer: run it with `-runs=0`.
#![no_main]

use std::collections::hash_map::DefaultHasher;
use std::fs;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;

libfuzzer_sys::fuzz_target!(init: write(), |_data: &[u8]| {});

fn write() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, seed) in glare_reference::fuzzing::seeds() {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        let folder = corpus.join(target);
        fs::create_dir_all(&folder).expect("the folder of the corpus can be made");
        fs::write(folder.join(format!("{:016x}", hasher.finish())), seed).expect("a seed can be written");
    }
}
