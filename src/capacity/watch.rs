//! A step being watched: decided as soon as it can be.
//!
//! Holds [`Watch`]. Fed by the run's conductor with each second, asked by it whether to end. It judges shares (of calls beyond a latency's
//! limit, of errors, of throttles, of drops) by the sequential test; thresholds of other kinds are judged when the step's time is over. It
//! never sees a clock.

use super::ALPHA;
use super::sequential::{Share, Side};
use super::step::Kind;
use crate::load::conductor::Held;
use crate::stats::cells::{Cells, Filter, Interval};
use crate::stats::judge::Scope;
use crate::stats::recorder::Latencies;
use crate::stats::threshold::{Counted, Op, Stat, Subject, Tally};

/// Seconds that are judged before anything is decided: for the worse, and for the better.
const FAIL_AFTER: usize = 2;
const PASS_AFTER: usize = 10;

/// Watches a step.
#[derive(Debug, Clone)]
pub struct Watch {
    kind: Kind,
    /// From this second on it is judged, and up to that one calls are due.
    from: u64,
    until: u64,
    shares: Vec<(Scope, Share)>,
    /// Whether there are thresholds that only the whole step can decide.
    others: bool,
    /// Calls in flight and waiting, at the end of each second that is judged.
    backlog: Vec<f64>,
    /// Calls let in and throttled in each second in which calls were due, from the first on.
    seconds: Vec<(u64, u64)>,
    latencies: Latencies,
    decided: Option<Side>,
}

/// The share of calls that may be bad, if it is a share that is limited.
fn limit(scope: &Scope) -> Option<f64> {
    let check = &scope.check;
    let at_most = matches!(check.op, Op::Below | Op::AtMost) && scope.stretches.is_none();
    match check.subject {
        Subject::Latency(_, Stat::Percentile(p)) if at_most && p < 100.0 => Some(1.0 - p / 100.0),
        Subject::Rate(_) if at_most => Some(check.limit),
        _ => None,
    }
}

impl Watch {
    /// A step judged from second `from` on to second `until`, with so many calls a second and these thresholds.
    pub fn new(held: &[Held], kind: Kind, from: u64, until: u64, rate: f64) -> Watch {
        let expected = rate * until.saturating_sub(from) as f64;
        let share = |held: &Held| {
            let scope = held.judge.scope();
            // Whoever waits in line waits with others; what is refused or broken need not be.
            let together = if matches!(scope.check.subject, Subject::Latency(..)) { 2.0 } else { 1.0 };
            Some((scope.clone(), Share::new(limit(scope)?, ALPHA, expected, together)))
        };
        let shares: Vec<_> = held.iter().filter_map(share).collect();
        let others = shares.len() < held.len();
        let (backlog, seconds, latencies) = (Vec::new(), Vec::new(), Latencies::default());
        Watch { kind, from, until, shares, others, backlog, seconds, latencies, decided: None }
    }

    /// A second has passed.
    pub fn second(&mut self, interval: &Interval) {
        let mut tally = Tally::default();
        interval.cells.count(Filter::default(), &mut tally);
        // 429s come back at once; what was let in may take its time, and counts where it was due.
        let quota = (tally.planned.saturating_sub(tally.throttled), tally.throttled);
        let mut latencies = std::mem::take(&mut self.latencies);
        let of = |(scope, _): &(Scope, Share)| counted(scope, &interval.cells, &mut latencies);
        let shares: Vec<(u64, u64)> = self.shares.iter().map(of).collect();
        self.latencies = latencies;
        self.counted(interval.at, quota, interval.in_flight + interval.waiting, &shares);
    }

    /// The same with everything counted: calls let in and throttled; those in flight or waiting at its end; and of each threshold that limits a
    /// share, in order, calls and bad ones among them.
    pub fn counted(&mut self, at: u64, quota: (u64, u64), backlog: u64, shares: &[(u64, u64)]) {
        let under_way = at < self.until && self.decided.is_none();
        if under_way {
            self.seconds.push(quota);
        }
        if at < self.from {
            return;
        }
        for ((_, share), (calls, bad)) in self.shares.iter_mut().zip(shares) {
            share.second(*calls, *bad);
        }
        if under_way {
            self.backlog.push(backlog as f64);
            self.decided = self.side();
        }
    }

    /// Whether it is decided, and how: once it is, it stays so.
    pub fn decided(&self) -> Option<Side> {
        self.decided
    }

    /// What the whole of the step decides, now that it is over.
    pub fn over(&self) -> Option<Side> {
        self.decided.or_else(|| {
            let sides = self.sides();
            if sides.0 { Some(Side::Above) } else { sides.1.then_some(Side::Below) }
        })
    }

    /// Calls let in and throttled, second by second, while calls were due.
    pub fn seconds(&self) -> &[(u64, u64)] {
        &self.seconds
    }

    /// Whether any share is above, and whether all are below.
    fn sides(&self) -> (bool, bool) {
        let sides: Vec<Option<Side>> = self.shares.iter().map(|(_, share)| share.side()).collect();
        let below = !sides.is_empty() && sides.iter().all(|side| *side == Some(Side::Below));
        (sides.contains(&Some(Side::Above)), below)
    }

    fn side(&self) -> Option<Side> {
        let (above, below) = self.sides();
        let judged = self.backlog.len();
        if above && judged >= FAIL_AFTER {
            return Some(Side::Above);
        }
        // What is to be held is held to its end: some things show only then.
        (below && !self.others && self.kind == Kind::Seek && judged >= PASS_AFTER && !growing(&self.backlog))
            .then_some(Side::Below)
    }
}

/// Whether calls pile up: what holds now will not for long. A queue that only varies looks so at times, and then the step goes on.
fn growing(backlog: &[f64]) -> bool {
    let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len().max(1) as f64;
    let (first, second) = backlog.split_at(backlog.len() / 2);
    mean(second) > 1.1 * mean(first) + 1.0
}

/// Calls of a second that a threshold is about, and bad ones among them.
fn counted(scope: &Scope, cells: &Cells, scratch: &mut Latencies) -> (u64, u64) {
    let filter = Filter { stages: &scope.stages, operation: scope.operation, class: scope.class };
    let mut tally = Tally::default();
    cells.count(filter, &mut tally);
    let sent = tally.done + tally.aborted;
    match scope.check.subject {
        Subject::Latency(metric, _) => {
            scratch.clear();
            cells.gather(filter, metric, scratch);
            let histogram = scratch.of(metric);
            let limit = (scope.check.limit * 1e6) as u64;
            let first_bad = if scope.check.op == Op::Below { limit } else { limit + 1 };
            // A value counts as the highest that is the same to three digits, as in percentiles.
            let bad =
                histogram.iter_recorded().filter(|value| histogram.highest_equivalent(value.value_iterated_to()) >= first_bad);
            (histogram.len(), bad.map(|value| value.count_at_value()).sum())
        }
        Subject::Rate(Counted::Errors) => (sent, tally.errors),
        Subject::Rate(Counted::Throttled) => (sent, tally.throttled),
        Subject::Rate(Counted::Dropped) => (sent + tally.dropped, tally.dropped),
        Subject::Count(_) | Subject::Achieved => (0, 0),
    }
}

/// How many calls of the judged stages ended `ok`, of all that were due.
pub fn goodput(cells: &Cells, stages: &[u16]) -> (u64, u64) {
    let filter = Filter { stages, ..Filter::default() };
    let mut tally = Tally::default();
    cells.count(filter, &mut tally);
    (tally.ok, tally.planned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Sample;
    use crate::chime::class::Class;
    use crate::chime::operation::Operation;
    use crate::stats::judge::Judge;
    use std::time::Duration;

    fn held(checks: &[&str]) -> Vec<Held> {
        let scope = |check: &str| Scope {
            check: check.parse().unwrap(),
            stages: vec![1],
            operation: None,
            class: None,
            from: 0,
            stretches: None,
        };
        checks.iter().map(|check| Held { text: (*check).to_owned(), abort: false, judge: Judge::new(scope(check)) }).collect()
    }

    fn second(at: u64, ok: u64, slow: u64, throttled: u64, in_flight: u64) -> Interval {
        let mut interval = Interval { at, in_flight, ..Interval::default() };
        let mut add = |n, ms, class| {
            for _ in 0..n {
                let zero = Duration::ZERO;
                let sample = Sample {
                    stage: 1,
                    operation: Operation::CreateAttendee,
                    due: zero,
                    ready: zero,
                    sent: zero,
                    done: Duration::from_millis(ms),
                    class,
                };
                interval.cells.plan(1, Operation::CreateAttendee);
                interval.cells.record(&sample, false);
            }
        };
        add(ok, 10, Class::Ok);
        add(slow, 900, Class::Ok);
        add(throttled, 5, Class::Throttled);
        interval
    }

    fn watch(checks: &[&str], of: impl Fn(u64) -> Interval) -> (Option<Side>, u64) {
        let mut watch = Watch::new(&held(checks), Kind::Seek, 5, 65, 100.0);
        for at in 0..65 {
            watch.second(&of(at));
            if let side @ Some(_) = watch.decided() {
                return (side, at);
            }
        }
        (watch.over(), 65)
    }

    const CHECKS: [&str; 2] = ["response.p99 < 800ms", "errors.rate < 1%"];

    #[test]
    fn a_step_ends_as_soon_as_it_is_decided() {
        let (side, at) = watch(&CHECKS, |at| second(at, 100, 0, 0, 1));
        assert!(side == Some(Side::Below) && (14..30).contains(&at), "{side:?} {at}");
        // Either threshold fails it, and what came before it is judged does not.
        assert_eq!(watch(&CHECKS, |at| second(at, 80, 20, 0, 1)), (Some(Side::Above), 8));
        assert_eq!(watch(&CHECKS, |at| second(at, 80, 0, 20, 1)), (Some(Side::Above), 8));
        assert_eq!(watch(&CHECKS, |at| second(at, 100, 0, if at < 5 { 50 } else { 0 }, 1)).0, Some(Side::Below));
        // At the limit itself nothing is decided.
        assert_eq!(watch(&CHECKS, |at| second(at, 99, 0, 1, 1)).0, None);
    }

    #[test]
    fn what_piles_up_is_not_passed_early_and_what_only_the_whole_decides_is_left_to_it() {
        let (side, at) = watch(&CHECKS, |at| second(at, 100, 0, 0, at));
        assert_eq!((side, at), (Some(Side::Below), 65), "{side:?} {at}");
        let (side, at) = watch(&["errors.rate < 1%", "response.max < 2s"], |at| second(at, 100, 0, 0, 1));
        assert_eq!((side, at), (Some(Side::Below), 65));
        assert_eq!(watch(&["response.max < 2s"], |at| second(at, 100, 0, 0, 1)).0, None);
    }
}
