//! Writes the inputs that the targets begin with into `corpus/<target>/`, each under the hash of what is in it.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, seed) in glare_reference::fuzzing::seeds() {
        let mut hasher = DefaultHasher::new();
        seed.hash(&mut hasher);
        let folder = corpus.join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(format!("{:016x}", hasher.finish())), seed)?;
    }
    Ok(())
}
