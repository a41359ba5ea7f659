//! A step as a plan that the load engine runs: the scenario, with one constant rate in place of its stages.
//!
//! Holds [`plan`] and [`check`]. Called by `course` before every step. It changes nothing else of the scenario but what depends on its stages:
//! a threshold of one stage is one of the step.

use super::Settings;
use super::bucket::drain;
use super::search::Wanted;
use super::step::Kind;
use crate::scenario::file::Data;
use crate::scenario::load::{Load, Stage};
use crate::scenario::plan::Plan;
use crate::scenario::threshold::{Threshold, Window};
use crate::schedule::ScheduleError;
use crate::schedule::profile::{self, Profile};
use crate::seed::Seed;
use crate::stats::threshold::{Op, Subject};
use std::time::Duration;

/// A scenario that has no capacity to be found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSearchable {
    /// It is no open load.
    #[error("a {0} load has no rate to search for: write load: {{ open: … }}")]
    Model(&'static str),
    /// It is held to nothing.
    #[error("without thresholds every rate holds: say what must, such as thresholds: [response.p99 < 800ms, errors.rate < 1%]")]
    NoThresholds,
    /// It wants more of what is bad.
    #[error(
        "'{0}' holds only where the service fails, and a search looks for where it does not: leave it out, or --set thresholds=[…]"
    )]
    Upwards(String),
    /// It asks for the rows of a roster.
    #[error("a search needs as many attendees as it takes, and a roster has so many rows: leave data.roster out")]
    Roster,
}

/// Whether a scenario has a rate that can be searched for.
///
/// # Errors
/// Why not.
pub fn check(plan: &Plan) -> Result<(), NotSearchable> {
    if !matches!(plan.load, Load::Open { .. }) {
        return Err(NotSearchable::Model(plan.load.model()));
    }
    if plan.thresholds.is_empty() {
        return Err(NotSearchable::NoThresholds);
    }
    let upwards = |threshold: &&Threshold| {
        matches!(threshold.check.op, Op::Above | Op::AtLeast) && threshold.check.subject != Subject::Achieved
    };
    if let Some(threshold) = plan.thresholds.iter().find(upwards) {
        return Err(NotSearchable::Upwards(threshold.text.clone()));
    }
    generated(plan)
}

/// Whether a scenario makes the attendees up that it asks for.
///
/// # Errors
/// It does not.
pub fn generated(plan: &Plan) -> Result<(), NotSearchable> {
    if matches!(plan.data, Data::Roster { .. }) { Err(NotSearchable::Roster) } else { Ok(()) }
}

/// A step's plan, and the second from which on it is judged.
///
/// # Errors
/// A rate or a time beyond what a schedule can hold.
pub fn plan(base: &Plan, settings: &Settings, wanted: &Wanted) -> Result<(Plan, u64), ScheduleError> {
    let mut plan = base.clone();
    let rate = wanted.rate;
    let judged = if wanted.kind == Kind::Hold { settings.hold_s } else { settings.step_s };
    let mut stages = Vec::new();
    if let Some((rate, seconds)) = wanted.drain.map(|bucket| drain(bucket, settings.step_s)) {
        stages.push(("drain", rate, seconds));
    }
    stages.push(("settle", rate, settings.settle_s));
    stages.push(("step", rate, judged));
    // A stage of no length is no stage.
    stages.retain(|(_, _, seconds)| *seconds >= 0.001);
    let span = |seconds: f64| Duration::from_secs_f64(seconds.min(1e6));
    let profile = stages.iter().map(|(_, rate, seconds)| profile::Stage { from: *rate, to: *rate, duration: span(*seconds) });
    if let Load::Open { profile: of, .. } = &mut plan.load {
        *of = Profile::new(profile.collect())?;
    }
    let stage = |(name, _, seconds): &(&str, f64, f64)| Stage {
        name: (*name).to_owned(),
        warmup: *name != "step",
        duration: span(*seconds),
    };
    plan.stages = stages.iter().map(stage).collect();
    let before: Duration = plan.stages.iter().filter(|stage| stage.warmup).map(|stage| stage.duration).sum();
    for threshold in &mut plan.thresholds {
        (threshold.stage, threshold.after, threshold.abort) = (None, Duration::ZERO, false);
        if matches!(threshold.window, Window::Sliding { over, .. } if over > span(judged)) {
            threshold.window = Window::Whole;
        }
    }
    // Arrivals of their own for every step, and the same ones when the step is done again.
    plan.seed = Seed(base.seed.0.wrapping_add(u64::from(wanted.n)));
    plan.warnings.clear();
    Ok((plan, before.as_secs()))
}
