//! The plan of a load test.
//!
//! Holds [`plan`]. Called by the verb. How many arrivals a quota lets through is found by stepping its bucket through the schedule
//! that would run.

use super::super::values::{grouped, said};
use super::Args;
use super::told::{Figure, Told};
use crate::bucket::{Bucket, Rate};
use crate::load::guard::planned;
use crate::plan::needs::needs;
use crate::plan::{Estimate, Task};
use crate::scenario::plan::Plan;
use std::time::Duration;

pub(super) fn plan(plan: &Plan, args: &Args) -> Told {
    let asked = planned(plan);
    let whole = |n: u64| (grouped(n), n as f64);
    let figure =
        |name, (text, value): (String, f64), unit, formula: &str| Figure { name, text, value, unit, formula: formula.to_owned() };
    let mut figures = Vec::new();
    match asked.calls {
        Some(calls) => figures.push(figure(
            "calls",
            whole(calls),
            "",
            "the integral of the rate, times the calls of an arrival; without retries",
        )),
        None => {
            figures.push(figure("calls", ("not known".to_owned(), f64::NAN), "", "a closed load asks as fast as it is answered"))
        }
    }
    figures.push(figure("meetings", whole(asked.meetings), "", "made for it, at the least"));
    let mut throttled = None;
    if let Some(schedule) = plan.schedule() {
        let (mut bucket, mut last, mut refused, mut all) = (args.terms.quota.all.map(bucket), Duration::ZERO, 0u64, 0u64);
        for arrival in schedule.arrivals() {
            (last, all) = (arrival.at, all + 1);
            refused += u64::from(bucket.as_mut().is_some_and(|bucket| bucket.take(arrival.at).is_err()));
        }
        figures.push(figure("last call due", (said(last), last.as_secs_f64()), "s", "the schedule, stepped through"));
        let formula = "arrivals that find the quota's bucket empty, stepped through; meetings and sequences ask more";
        figures.push(figure("throttled", whole(refused), "", formula));
        throttled = Some((refused, all));
    }
    let task = Task { meetings: asked.meetings, ..Task::default() };
    let calls = Estimate { meeting_calls: 0, seat_calls: asked.calls.unwrap_or(0), last_token: Duration::ZERO };
    let mut advice = Vec::new();
    if let Some((refused, all)) = throttled.filter(|(refused, _)| *refused > 0) {
        advice.push(format!(
            "{:.1} % of the arrivals are over the quota: raise it, or lower the rate",
            refused as f64 / all as f64 * 100.0
        ));
    }
    Told {
        version: 1,
        what: format!("scenario {}", plan.name),
        figures,
        quotas: needs(&task, &calls, &args.terms.quota, None),
        doors: None,
        advice,
    }
}

fn bucket(allowance: crate::behaviour::quota::Allowance) -> Bucket {
    Bucket::new(Rate::per_second(allowance.rate).unwrap_or(Rate::UNLIMITED), allowance.burst)
}
