//! A threshold being held against a run, second by second.
//!
//! Holds [`Judge`]. Fed by whoever conducts a run with each second, in order. Memory is one histogram a judge. A stretch without
//! data is no verdict, and a judge that never had any says `NoData`.

use super::cells::{Cells, Filter};
use super::recorder::{Latencies, Metric};
use super::threshold::{Check, Measured, Stat, Subject, Tally, Verdict};
use crate::chime::class::Class;
use crate::chime::operation::Operation;
use std::time::Duration;

/// What is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct Scope {
    /// The condition.
    pub check: Check,
    /// Of these stages.
    pub stages: Vec<u16>,
    /// Of this call.
    pub operation: Option<Operation>,
    /// Of this class.
    pub class: Option<Class>,
    /// From this second on.
    pub from: u64,
    /// Stretches of so many seconds, of which so many in a row must fail; `None` judges everything together.
    pub stretches: Option<(u64, u64)>,
}

/// Numbers gathered of what a check is about.
#[derive(Debug, Clone, Default)]
struct Gathered {
    latencies: Latencies,
    tally: Tally,
}

/// Holds a check against seconds as they come.
#[derive(Debug, Clone)]
pub struct Judge {
    scope: Scope,
    now: Gathered,
    /// Failed stretches in a row.
    in_a_row: u64,
    verdict: Verdict,
    value: Option<f64>,
}

impl Measured for Gathered {
    fn latency(&self, metric: Metric, stat: Stat) -> Option<Duration> {
        let histogram = self.latencies.of(metric);
        let us = |us: f64| Duration::from_secs_f64(us / 1e6);
        (!histogram.is_empty()).then(|| match stat {
            Stat::Percentile(p) => Duration::from_micros(histogram.value_at_quantile(p / 100.0)),
            Stat::Mean => us(histogram.mean()),
            Stat::Max => Duration::from_micros(histogram.max()),
        })
    }

    fn tally(&self) -> Tally {
        self.tally
    }
}

impl Judge {
    /// One that has seen nothing.
    pub fn new(scope: Scope) -> Judge {
        Judge { scope, now: Gathered::default(), in_a_row: 0, verdict: Verdict::NoData, value: None }
    }

    /// A second has passed.
    pub fn second(&mut self, at: u64, cells: &Cells) {
        if at < self.scope.from || self.is_settled() {
            return;
        }
        let filter = Filter { stages: &self.scope.stages, operation: self.scope.operation, class: self.scope.class };
        if let Subject::Latency(metric, _) = self.scope.check.subject {
            cells.gather(filter, metric, &mut self.now.latencies);
        }
        cells.count(filter, &mut self.now.tally);
        match self.scope.stretches {
            Some((over, times)) if (at - self.scope.from) % over == over - 1 => self.stretch(times),
            Some(_) => {}
            None => self.verdict = self.look(),
        }
    }

    fn look(&mut self) -> Verdict {
        let value = self.scope.check.value(&self.now);
        self.value = value.or(self.value);
        self.scope.check.evaluate(&self.now)
    }

    fn stretch(&mut self, times: u64) {
        let before = self.value;
        match self.look() {
            // Nothing was due or answered: such a stretch neither holds nor breaks a row of failures.
            Verdict::NoData => {}
            Verdict::Fail => {
                self.in_a_row += 1;
                self.verdict = if self.in_a_row >= times { Verdict::Fail } else { Verdict::Pass };
            }
            Verdict::Pass => {
                self.in_a_row = 0;
                self.verdict = Verdict::Pass;
                // What is told is the worst that was seen.
                self.value = match (before, self.value) {
                    (Some(a), Some(b)) if self.scope.check.worse(a, b) => Some(a),
                    (_, now) => now,
                };
            }
        }
        self.now.latencies.clear();
        self.now.tally = Tally::default();
    }

    /// A stretch that failed so often in a row has failed for good; anything else may still change.
    pub fn is_settled(&self) -> bool {
        self.scope.stretches.is_some() && self.verdict == Verdict::Fail
    }

    /// How it stands: the verdict, and the value it is about (of stretches, the worst).
    pub fn stands(&self) -> (Verdict, Option<f64>) {
        (self.verdict, self.value)
    }

    /// What is judged.
    pub fn scope(&self) -> &Scope {
        &self.scope
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Sample;

    fn scope(check: &str, stretches: Option<(u64, u64)>, from: u64) -> Scope {
        Scope { check: check.parse().unwrap(), stages: vec![0], operation: None, class: None, from, stretches }
    }

    fn second(ok: u64, throttled: u64, ms: u64) -> Cells {
        let mut cells = Cells::default();
        let mut add = |class, n| {
            for _ in 0..n {
                let done = Duration::from_millis(ms);
                let at = Duration::ZERO;
                let operation = Operation::CreateAttendee;
                cells.plan(0, operation);
                cells.record(&Sample { stage: 0, operation, due: at, ready: at, sent: at, done, class }, false);
            }
        };
        add(Class::Ok, ok);
        add(Class::Throttled, throttled);
        cells
    }

    fn run(scope: Scope, seconds: &[Cells]) -> (Verdict, Option<f64>) {
        let mut judge = Judge::new(scope);
        seconds.iter().enumerate().for_each(|(at, cells)| judge.second(at as u64, cells));
        judge.stands()
    }

    #[test]
    fn the_whole_is_judged_together_from_its_beginning_on() {
        let seconds = [second(0, 10, 5), second(99, 1, 5), second(100, 0, 5)];
        assert_eq!(run(scope("throttled.rate <= 0.5%", None, 1), &seconds), (Verdict::Pass, Some(0.005)));
        assert_eq!(run(scope("throttled.rate <= 0.5%", None, 0), &seconds).0, Verdict::Fail);
        assert_eq!(run(scope("throttled.rate <= 0.5%", None, 9), &seconds), (Verdict::NoData, None));
        // A percentile is told to three digits: the highest value that counts as the same.
        assert_eq!(run(scope("response.p99 < 6ms", None, 0), &seconds), (Verdict::Pass, Some(0.005_003)));
    }

    #[test]
    fn so_many_stretches_in_a_row_must_fail() {
        let (good, bad, nothing) = (second(10, 0, 5), second(5, 5, 5), Cells::default());
        let check = |seconds: &[&Cells], times| {
            let all: Vec<Cells> = seconds.iter().map(|cells| (*cells).clone()).collect();
            run(scope("throttled.rate < 1%", Some((1, times)), 0), &all).0
        };
        assert_eq!(check(&[&good, &bad, &good, &bad, &bad], 3), Verdict::Pass);
        assert_eq!(check(&[&good, &bad, &bad, &bad, &good], 3), Verdict::Fail);
        assert_eq!(check(&[&bad, &nothing, &bad, &good], 2), Verdict::Fail);
        assert_eq!(check(&[&nothing, &nothing], 1), Verdict::NoData);
        // Stretches of two seconds: what is over is judged, what has begun is not.
        let two: Vec<Cells> = [&good, &bad, &bad].map(Clone::clone).to_vec();
        assert_eq!(run(scope("throttled.rate < 30%", Some((2, 1)), 0), &two), (Verdict::Pass, Some(0.25)));
    }
}
