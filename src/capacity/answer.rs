//! What a search comes to.
//!
//! Holds [`Answer`] and [`Knee`], and their making from the steps. Called by `search` when there is nothing more to do. It decides no step.

use super::ALPHA;
use super::search::Bounds;
use super::step::{Cause, Step, Verdict};
use serde::{Deserialize, Serialize};

/// Why a search ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    /// The answer was found and confirmed.
    Found,
    /// Even the lowest rate breaks a threshold.
    NoneHolds,
    /// The highest rate that was allowed holds.
    Ceiling,
    /// The generator could not go on: the service may hold more.
    Generator,
    /// The calls that were allowed are used up.
    Budget,
    /// So many steps find nothing: the service does not stay the same.
    Unsteady,
}

/// Where one thing breaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Knee {
    /// Which.
    pub cause: Cause,
    /// The highest rate below that held.
    pub holds: Option<f64>,
    /// The lowest rate at which it broke a threshold.
    pub breaks: f64,
    /// Which threshold it was there.
    pub check: String,
}

/// The answer of a search. Rates are calls a second.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// Why the search ended.
    pub ending: Ending,
    /// The highest rate that holds, as far as was found.
    pub rate: Option<f64>,
    /// Whether it held for the longer time, too.
    pub confirmed: bool,
    /// The confidence interval's lower end: the highest rate that was decided to hold.
    pub low: Option<f64>,
    /// Its upper end: the lowest rate that was decided not to.
    pub high: Option<f64>,
    /// How sure the interval is, 0 to 1: each decided verdict may be wrong on its own.
    pub confidence: f64,
    /// Where throttling, latency and errors break a threshold, as far as was seen.
    pub knees: Vec<Knee>,
    /// Calls that were sent in all steps.
    pub calls: u64,
}

impl Answer {
    /// Of these steps.
    pub fn of(ending: Ending, steps: &[Step], bounds: Bounds) -> Answer {
        let decided = |verdict| {
            let these = steps.iter().filter(move |step| step.decided && step.verdict == verdict && !overruled(step, steps));
            these.map(|step| step.rate)
        };
        let high = decided(Verdict::Fail).min_by(f64::total_cmp);
        let low = decided(Verdict::Pass).filter(|rate| bounds.holds.is_some_and(|holds| *rate <= holds)).max_by(f64::total_cmp);
        let verdicts = steps.iter().filter(|step| step.decided).count();
        Answer {
            ending,
            rate: bounds.holds,
            confirmed: bounds.confirmed,
            low,
            high,
            confidence: (1.0 - ALPHA * verdicts as f64).max(0.0),
            knees: Cause::ALL.into_iter().filter_map(|cause| knee(cause, steps)).collect(),
            calls: steps.iter().map(|step| step.calls).sum(),
        }
    }
}

/// Whether a later step at the same rate came to something else: then this one's verdict is none any more.
pub fn overruled(step: &Step, steps: &[Step]) -> bool {
    let again = |later: &&Step| later.n > step.n && later.rate == step.rate && later.verdict != Verdict::Invalid;
    steps.iter().filter(again).any(|later| later.verdict != step.verdict)
}

fn knee(cause: Cause, steps: &[Step]) -> Option<Knee> {
    let broken = steps.iter().filter(|step| step.verdict == Verdict::Fail && !overruled(step, steps));
    let by_it = broken.filter_map(|step| step.broke.iter().find(|broke| broke.cause == cause).map(|broke| (step.rate, broke)));
    let (breaks, broke) = by_it.min_by(|a, b| a.0.total_cmp(&b.0))?;
    // Of steps that failed for another reason nothing is known: they ended as soon as that was sure.
    let held = steps.iter().filter(|step| step.verdict == Verdict::Pass && step.rate < breaks && !overruled(step, steps));
    let held = held.map(|step| step.rate);
    Some(Knee { cause, holds: held.max_by(f64::total_cmp), breaks, check: broke.check.clone() })
}
