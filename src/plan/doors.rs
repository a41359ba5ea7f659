//! When to begin, so that everybody has a token before the doors open and no meeting has ended by then.
//!
//! Holds [`Doors`]. Called by `headcount plan` and by `provision --doors`. Offsets only; it never reads a clock.

use crate::chime::quota::IDLE_MEETING_SECONDS;
use std::time::Duration;

/// What is added to an estimate before it is relied on: a quarter, and ten seconds for what goes wrong once.
const SLACK: f64 = 1.25;
const MARGIN: Duration = Duration::from_secs(10);

/// How long before the doors to begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doors {
    /// No later than this.
    pub latest: Duration,
    /// No earlier, if meetings are made in the run and nobody joins before the doors: they would have ended.
    pub earliest: Option<Duration>,
}

impl Doors {
    /// For a provisioning that takes so long. `makes` tells whether it makes the meetings.
    pub fn of(last_token: Duration, makes: bool) -> Doors {
        let latest = last_token.mul_f64(SLACK) + MARGIN;
        Doors { latest, earliest: makes.then_some(Duration::from_secs(IDLE_MEETING_SECONDS).saturating_sub(MARGIN)) }
    }

    /// Whether there is an instant at all at which to begin.
    pub fn is_possible(&self) -> bool {
        self.earliest.is_none_or(|earliest| earliest >= self.latest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_outlives_its_meetings_has_no_safe_start() {
        let short = Doors::of(Duration::from_secs(14), true);
        assert_eq!((short.latest, short.earliest), (Duration::from_millis(27_500), Some(Duration::from_secs(290))));
        assert!(short.is_possible());
        assert!(!Doors::of(Duration::from_secs(998), true).is_possible());
        assert!(Doors::of(Duration::from_secs(998), false).is_possible());
    }
}
