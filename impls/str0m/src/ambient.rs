//! What str0m and dimpl take from the thread they run on, laid out before every call into them.
//!
//! str0m draws from the thread's `fastrand`. Its cryptography is reached through `&'static dyn` providers, which know
//! neither the connection they work for nor its generator. So each call into str0m goes through [`enter`]: it seeds the
//! one, and lends the other a generator and a place for the secrets it comes across.

use std::cell::RefCell;

thread_local! {
    static AMBIENT: RefCell<Ambient> = RefCell::new(Ambient::default());
}

struct Ambient {
    generator: fastrand::Rng,
    key_log: Vec<String>,
}

impl Default for Ambient {
    fn default() -> Self {
        Ambient {
            generator: fastrand::Rng::with_seed(0),
            key_log: Vec::new(),
        }
    }
}

/// Runs `work`, one call into str0m, with all chance from `seed`. Gives its result, and the lines for the NSS key log that
/// it brought to light.
pub(crate) fn enter<R>(seed: u64, work: impl FnOnce() -> R) -> (R, Vec<String>) {
    let mut generator = fastrand::Rng::with_seed(seed);
    fastrand::seed(generator.u64(..));
    AMBIENT.replace(Ambient {
        generator,
        key_log: Vec::new(),
    });
    let result = work();
    (result, AMBIENT.take().key_log)
}

/// Fills `bytes` from the generator of the call that is running.
pub(crate) fn fill(bytes: &mut [u8]) {
    AMBIENT.with_borrow_mut(|ambient| ambient.generator.fill(bytes));
}

/// Hands out a line for the NSS key log.
pub(crate) fn log_secret(line: String) {
    AMBIENT.with_borrow_mut(|ambient| ambient.key_log.push(line));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_chance_whatever_came_before() {
        let draw = |seed| {
            enter(seed, || {
                let mut bytes = [0; 32];
                fill(&mut bytes);
                (bytes, fastrand::u8(..))
            })
            .0
        };
        let first = draw(7);
        assert_ne!(first, draw(8));
        assert_eq!(first, draw(7));
    }

    #[test]
    fn secrets_stay_with_the_call_that_found_them() {
        let ((), found) = enter(1, || log_secret("CLIENT_RANDOM 00 11".to_owned()));
        assert_eq!(found, ["CLIENT_RANDOM 00 11"]);
        assert!(enter(1, || ()).1.is_empty());
    }
}
