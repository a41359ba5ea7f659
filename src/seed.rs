//! One seed, many independent streams of chance.
//!
//! Holds [`Seed`]. Called by the schedule ("arrivals"), the client ("jitter") and the mock ("mock"). It never sees what the
//! numbers are for; two names never share a stream, so that drawing once more for one purpose changes nothing for another.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use sha2::{Digest, Sha256};

/// The seed of a run. The same seed gives the same run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream of this name.
    pub fn stream(self, name: &str) -> ChaCha8Rng {
        ChaCha8Rng::from_seed(self.digest(&[name.as_bytes()]))
    }

    /// 32 bytes that depend on the seed and the parts alone: for values that must not depend on the order of calls.
    pub fn digest(self, parts: &[&[u8]]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.0.to_le_bytes());
        for part in parts {
            // The length first, so that ("ab", "c") and ("a", "bc") differ.
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        hash.finalize().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::RngExt;

    #[test]
    fn names_give_independent_and_repeatable_streams() {
        let draw = |seed: u64, name: &str| Seed(seed).stream(name).random::<u64>();
        assert_eq!(draw(1, "jitter"), draw(1, "jitter"));
        assert_ne!(draw(1, "jitter"), draw(1, "arrivals"));
        assert_ne!(draw(1, "jitter"), draw(2, "jitter"));
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        assert_ne!(Seed(7).digest(&[b"ab", b"c"]), Seed(7).digest(&[b"a", b"bc"]));
    }
}
