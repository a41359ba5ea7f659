//! The only reader of the system's wall clock.
//!
//! Holds [`Wall`]. Called by whatever must know the date: signing, run manifests, the mock's verifier. Durations never come
//! from here: they are differences of `tokio::time::Instant`, which a test can pause.

use std::time::SystemTime;
use tokio::time::Instant;

/// A source of wall-clock time, handed in by whoever starts a run.
#[derive(Debug, Clone, Copy)]
pub enum Wall {
    /// The system's clock.
    System,
    /// A fixed date that moves with tokio's clock, so that a paused run has a paused date.
    Fixed {
        /// The date at `since`.
        base: SystemTime,
        /// The instant at which it was `base`.
        since: Instant,
    },
}

impl Wall {
    /// A wall clock that says `base` now and moves with tokio's clock from here on.
    pub fn fixed(base: SystemTime) -> Self {
        Wall::Fixed { base, since: Instant::now() }
    }

    /// The date now.
    #[expect(clippy::disallowed_methods, reason = "this is the one place that may ask the system")]
    pub fn now(&self) -> SystemTime {
        match self {
            Wall::System => SystemTime::now(),
            Wall::Fixed { base, since } => *base + since.elapsed(),
        }
    }
}
