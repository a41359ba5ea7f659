//! The quota by its 429s: a run that finds rate and burst of the account's bucket.
//!
//! Holds [`plan`] and [`Found`]. Called by the command line with `--quota`. The finding itself is `client::pace::auto`, the one that
//! provisioning goes by; here it is let loose on a load of nothing else.

use super::Settings;
use crate::bucket::Rate;
use crate::client::pace::fit::Learned;
use crate::load::ran::Ran;
use crate::scenario::load::{Load, Stage};
use crate::scenario::plan::Plan;
use crate::stats::cells::Filter;
use crate::stats::threshold::Tally;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Calls and time at the most, where nobody says.
const CALLS: u64 = 20_000;
const LASTS: Duration = Duration::from_secs(300);
/// Calls that may be under way: what a flight of throttles may cost.
const AT_ONCE: u64 = 200;

/// What was found.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The bucket; `null` if no 429 told of one.
    pub bucket: Option<Learned>,
    /// Whether it stands on enough calls to be right to a few percent.
    pub sure: bool,
    /// Calls that were sent.
    pub calls: u64,
    /// Of these, how many were throttled.
    pub throttled: u64,
    /// The highest number of calls that were let in, in one second.
    pub peak: u64,
    /// How long it took (seconds).
    pub seconds: f64,
}

/// The scenario with its load replaced by one that finds the quota's rate: nothing beyond `settings.most`, and so many calls.
pub fn plan(base: &Plan, settings: &Settings, calls: Option<u64>) -> Plan {
    let mut plan = base.clone();
    let rate = settings.most.and_then(Rate::per_second).unwrap_or(Rate::UNLIMITED);
    plan.load = Load::Shared { calls: calls.unwrap_or(CALLS), max_in_flight: AT_ONCE, rate, max_duration: LASTS };
    plan.stages = vec![Stage { name: "quota".to_owned(), warmup: false, duration: LASTS }];
    // What is asked again would be counted twice, and nothing is held to anything.
    plan.retry = crate::scenario::file::Retry::Off;
    plan.thresholds.clear();
    plan.warnings.clear();
    plan
}

impl Found {
    /// Of a run that has ended; `peak` is the highest number of calls let in, in one second.
    pub fn of(ran: &Ran, peak: u64) -> Found {
        let mut tally = Tally::default();
        ran.conducted.cells.count(Filter::default(), &mut tally);
        Found {
            bucket: ran.learnt.map(|learnt| learnt.bucket),
            sure: ran.learnt.is_some_and(|learnt| learnt.sure),
            calls: ran.ledger.sent,
            throttled: tally.throttled,
            peak,
            seconds: (ran.lasted.as_secs_f64() * 1e3).round() / 1e3,
        }
    }
}
