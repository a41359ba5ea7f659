//! What is compared: percentiles of latencies, shares of failures, calls a second.
//!
//! Holds [`Measure`], the list of them, and [`Sampled`], a run from which one is read for any weights of its blocks. Called by the
//! comparison.

use super::blocks::Blocks;
use super::recording::{Counts, Moment, Recording, Subject};
use super::table::Table;
use crate::stats::recorder::Metric;
use std::rc::Rc;

/// Something that is compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Measure {
    /// A percentile (0 to 1) of a latency, in microseconds.
    Latency(Subject, f64),
    /// The share of calls that did not end `ok`, those dropped included.
    Failed,
    /// The share of calls that were throttled.
    Throttled,
    /// Calls that ended `ok`, a second, where no plan says how many there are to be.
    Rate,
    /// The highest rate that holds, of a search.
    Capacity,
}

/// Percentiles that are compared, and what they are called.
const PERCENTILES: [(f64, &str); 3] = [(0.5, "p50"), (0.99, "p99"), (0.999, "p99.9")];
/// So many values beyond a percentile are needed in both runs, or it is not judged.
const BEYOND: f64 = 10.0;

impl Measure {
    /// What it is called.
    pub fn name(&self) -> String {
        match self {
            Measure::Latency(subject, q) => {
                let p = PERCENTILES.iter().find(|(of, _)| of == q).map_or("", |(_, name)| name);
                let of = subject.operation.map_or(String::new(), |operation| format!(" of {operation}"));
                format!("{} {p}{of}", subject.metric.name())
            }
            Measure::Failed => "failed calls".to_owned(),
            Measure::Throttled => "throttled calls".to_owned(),
            Measure::Rate => "ok calls a second".to_owned(),
            Measure::Capacity => "capacity".to_owned(),
        }
    }

    /// Whether a change is a share of what was before; else it is a difference.
    pub fn relative(&self) -> bool {
        !matches!(self, Measure::Failed | Measure::Throttled)
    }

    /// How much it has changed: of latencies and rates the share by which it grew, else the difference. What was nothing before has
    /// grown without bound.
    pub fn change(&self, before: f64, now: f64) -> f64 {
        match (self.relative(), before == 0.0 && now == 0.0) {
            (_, true) => 0.0,
            (true, _) => now / before - 1.0,
            (false, _) => now - before,
        }
    }

    /// Whether less is better.
    pub fn less_is_better(&self) -> bool {
        !matches!(self, Measure::Rate | Measure::Capacity)
    }
}

/// Everything that both runs have.
pub fn all(base: &Recording, run: &Recording) -> Vec<Measure> {
    let mut all = Vec::new();
    // Of a load that asks nothing again, a token is there when its call ends: the same numbers twice would widen every interval.
    let again = |recording: &Recording| recording.kind != "load" || recording.summary["counts"]["retries"].as_u64() > Some(0);
    let tokens = again(base) || again(run);
    let there = |(subject, _): &&(Subject, Counts)| run.of(*subject).is_some() && (tokens || subject.metric != Metric::Token);
    for (subject, _) in base.latencies.iter().filter(there) {
        let wanted = |q: f64| match (subject.metric, subject.operation) {
            // Attempts and backoff make the token's tail; of single calls the middle and the tail are enough.
            (Metric::Token, _) | (_, Some(_)) => q < 0.999,
            _ => true,
        };
        all.extend(PERCENTILES.iter().filter(|(q, _)| wanted(*q)).map(|(q, _)| Measure::Latency(*subject, *q)));
    }
    let any = |of: fn(&Moment) -> u64| base.moments.iter().chain(&run.moments).any(|moment| of(moment) > 0);
    all.push(Measure::Failed);
    if any(|moment| moment.throttled) {
        all.push(Measure::Throttled);
    }
    let planned = |recording: &Recording| recording.summary["rate"]["planned"].is_number();
    if !planned(base) && !planned(run) {
        all.push(Measure::Rate);
    }
    all
}

/// A measure of a run, block by block, to be read for any weights of the blocks.
pub struct Sampled {
    of: Of,
}

/// Tables that were made.
pub type Tables = Vec<(Subject, Rc<Table>)>;

fn table(tables: &mut Tables, subject: Subject, recording: &Recording, blocks: &Blocks) -> Rc<Table> {
    if let Some((_, made)) = tables.iter().find(|(of, _)| *of == subject) {
        return Rc::clone(made);
    }
    let made = Rc::new(Table::of(recording.of(subject).map_or(&[], Vec::as_slice), blocks));
    tables.push((subject, Rc::clone(&made)));
    made
}

/// What a measure is read from.
enum Of {
    /// Values by block.
    Latencies(Rc<Table>, f64),
    /// By block, a part and what it is a part of: failed of ended calls, say.
    Ratio(Vec<(u64, u64)>),
}

impl Sampled {
    /// Of a run; the table of a latency is made once and shared by its percentiles.
    pub fn of(recording: &Recording, measure: &Measure, blocks: &Blocks, tables: &mut Tables) -> Sampled {
        let ratio = |of: fn(&Moment) -> (u64, u64)| {
            let mut sums = vec![(0, 0); blocks.count()];
            for (moment, block) in recording.moments.iter().zip(blocks.of()) {
                let (part, whole) = of(moment);
                sums[*block] = (sums[*block].0 + part, sums[*block].1 + whole);
            }
            Of::Ratio(sums)
        };
        let of = match measure {
            Measure::Latency(subject, q) => Of::Latencies(table(tables, *subject, recording, blocks), *q),
            Measure::Failed => ratio(|moment| (moment.ended - moment.ok, moment.ended)),
            Measure::Throttled => ratio(|moment| (moment.throttled, moment.ended)),
            Measure::Rate | Measure::Capacity => ratio(|moment| (moment.ok, 1)),
        };
        Sampled { of }
    }

    /// The measure of the run itself.
    pub fn plain(&self, blocks: &Blocks) -> Option<f64> {
        self.at(&vec![1; blocks.count()])
    }

    /// The measure, if block n had occurred `weights[n]` times.
    pub fn at(&self, weights: &[u32]) -> Option<f64> {
        match &self.of {
            Of::Latencies(table, q) => table.quantile(weights, *q).map(f64::from),
            Of::Ratio(sums) => {
                let add = |(part, whole): (u64, u64), (of, weight): (&(u64, u64), &u32)| {
                    (part + of.0 * u64::from(*weight), whole + of.1 * u64::from(*weight))
                };
                let (part, whole) = sums.iter().zip(weights).fold((0, 0), add);
                (whole > 0).then(|| part as f64 / whole as f64)
            }
        }
    }

    /// Whether there is enough to judge it by.
    pub fn tells(&self) -> bool {
        match &self.of {
            Of::Latencies(table, q) => table.total() as f64 * (1.0 - q) >= BEYOND,
            Of::Ratio(sums) => sums.iter().any(|(_, whole)| *whole > 0),
        }
    }
}
