//! How fast to go: a schedule for all rows together.
//!
//! Holds [`Pacing`], what was asked, and [`Pace`], the schedule itself: at a given rate that yields to throttles ([`held`]), or at
//! a rate to be found ([`auto`], which stands on [`fit`]). Called by provisioning. It never reads a clock and never sees a request.

pub mod auto;
pub mod fit;
pub mod held;
mod sent;

use crate::bucket::Rate;
use auto::Auto;
use fit::Learned;
use held::Held;
use std::time::Duration;

/// How a run is to be paced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pacing {
    /// At a rate, with this many requests at once at the start.
    Held {
        /// Requests at once.
        burst: f64,
    },
    /// At the account's rate, which is to be found.
    Auto {
        /// What an earlier run has learnt.
        known: Option<Learned>,
    },
}

/// The schedule of a run.
#[derive(Debug, Clone)]
pub enum Pace {
    /// At most a given rate, less while the service throttles.
    Held(Held),
    /// At the account's rate.
    Auto(Box<Auto>),
}

impl Pace {
    /// A schedule that never exceeds `ceiling`.
    pub fn new(ceiling: Rate, pacing: Pacing) -> Pace {
        match pacing {
            Pacing::Held { burst } => Pace::Held(Held::new(ceiling, burst)),
            Pacing::Auto { known } => Pace::Auto(Box::new(Auto::new(ceiling, known))),
        }
    }

    /// The earliest offset for the next request; one in the past says since when it could have gone.
    pub fn ready_at(&self) -> Duration {
        match self {
            Pace::Held(held) => held.ready_at(),
            Pace::Auto(auto) => auto.ready_at(),
        }
    }

    /// Takes the right to send at `now`, if there is one; otherwise says how long to wait.
    pub fn take(&mut self, now: Duration) -> Result<(), Duration> {
        match self {
            Pace::Held(held) => held.take(now),
            Pace::Auto(auto) => auto.take(now),
        }
    }

    /// The rate in force, in requests a second; infinite when unlimited.
    pub fn rate(&self) -> f64 {
        match self {
            Pace::Held(held) => held.rate().get(),
            Pace::Auto(auto) => auto.rate(),
        }
    }

    /// Whether the service has pressed the rate below what was asked. A rate that is to be found is never that.
    pub fn is_slowed(&self) -> bool {
        matches!(self, Pace::Held(held) if held.is_slowed())
    }

    /// What has been learnt of the account's quota.
    pub fn learned(&self) -> Option<Learned> {
        match self {
            Pace::Held(_) => None,
            Pace::Auto(auto) => auto.learned(),
        }
    }

    /// A throttle came back at `now` for a request sent at `sent`; `wait` is what the service asked for, if it did.
    pub fn throttled(&mut self, now: Duration, sent: Duration, wait: Option<Duration>) {
        match self {
            Pace::Held(held) => held.throttled(now, sent, wait),
            Pace::Auto(auto) => auto.throttled(now, sent, wait),
        }
    }

    /// The service asked to be left alone for so long.
    pub fn quiet(&mut self, now: Duration, wait: Duration) {
        match self {
            Pace::Held(held) => held.quiet(now, wait),
            Pace::Auto(auto) => auto.quiet(now, wait),
        }
    }

    /// An answer that was no throttle and no failure of the service: a rate that was pressed down may come back a little.
    pub fn accepted(&mut self, now: Duration) {
        if let Pace::Held(held) = self {
            held.accepted(now);
        }
    }

    /// An answer came at `now` to a request sent at `sent`, and it was no throttle: whatever it was, the quota let it in.
    pub fn let_in(&mut self, now: Duration, sent: Duration) {
        if let Pace::Auto(auto) = self {
            auto.let_in(now, sent);
        }
    }
}
