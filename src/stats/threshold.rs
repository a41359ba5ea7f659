//! What a run is held to: `response.p99 < 800ms`, as a value.
//!
//! Holds [`Check`], which `check_text` reads and writes, and [`Measured`], what it asks. Called by the scenario, which reads the checks of a file,
//! and by whoever has numbers to hold against them. It never collects a number, and never takes no data for good news.
//!
//! A check is `METRIC OP LIMIT`, with `<`, `<=`, `>` or `>=`:
//!
//! | metric | is | limit |
//! | --- | --- | --- |
//! | `response`, `service`, `queue`, `lag`, `token` and `.p50` … `.p99.99`, `.mean`, `.max` | a latency | `800ms`, `1.5s` |
//! | `errors.rate` | calls that did not end `ok`, throttled and aborted ones included, of all that were sent | `0.1%`, `0.001` |
//! | `throttled.rate` | calls that were throttled, of all that were sent | `1%` |
//! | `dropped.rate` | arrivals that were not sent for want of a free slot, of all that were due | `1%` |
//! | `errors.count`, `throttled.count`, `dropped.count` | the same as numbers | `5` |
//! | `achieved/planned` | calls that were answered, of all that were planned | `99%` |

use super::recorder::Metric;
use std::time::Duration;

/// One number of a latency's distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stat {
    /// So many percent of all values are at most this; above 0, up to 100.
    Percentile(f64),
    /// The mean.
    Mean,
    /// The largest.
    Max,
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Calls that did not end `ok`.
    Errors,
    /// Calls that were throttled.
    Throttled,
    /// Arrivals that were not sent.
    Dropped,
}

/// The left-hand side of a check.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Subject {
    /// A latency, in seconds.
    Latency(Metric, Stat),
    /// A share, 0 to 1.
    Rate(Counted),
    /// A number.
    Count(Counted),
    /// Answered calls of planned ones, 0 to 1.
    Achieved,
}

/// How the sides are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
}

/// A condition that a run is held to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Check {
    /// What is looked at.
    pub subject: Subject,
    /// How it is compared.
    pub op: Op,
    /// With what: seconds, a share from 0 to 1, or a number, as the subject has it.
    pub limit: f64,
}

/// How many calls ended how, within the stage, operation and stretch of time that a check looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Arrivals that the schedule wanted.
    pub planned: u64,
    /// Calls that were sent and ended within the grace.
    pub done: u64,
    /// Calls that were sent and had not ended then.
    pub aborted: u64,
    /// Arrivals that were due and not sent.
    pub dropped: u64,
    /// Of the done, those that ended `ok`.
    pub ok: u64,
    /// Of the done, those that were throttled.
    pub throttled: u64,
    /// Of the done, those that were asked again, so that an arrival with three attempts is answered once.
    pub retried: u64,
    /// Those that count as errors: all of done and aborted but the ok, or those of one class if the check names one.
    pub errors: u64,
}

/// Numbers to hold checks against, already narrowed to what the check is about.
pub trait Measured {
    /// A number of a latency's distribution; `None` if nothing was recorded.
    fn latency(&self, metric: Metric, stat: Stat) -> Option<Duration>;
    /// How many calls ended how.
    fn tally(&self) -> Tally;
}

/// What became of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// There was nothing to judge, which is no pass.
    NoData,
}

impl Check {
    /// The value of the left-hand side: seconds, a share or a number; `None` without data.
    pub fn value(&self, measured: &impl Measured) -> Option<f64> {
        let tally = measured.tally();
        let sent = tally.done + tally.aborted;
        let due = sent + tally.dropped;
        let (of, whole) = match self.subject {
            Subject::Latency(metric, stat) => return measured.latency(metric, stat).map(|value| value.as_secs_f64()),
            Subject::Count(counted) => return (due > 0).then(|| tally.of(counted) as f64),
            Subject::Rate(Counted::Dropped) => (tally.dropped, due),
            Subject::Rate(counted) => (tally.of(counted), sent),
            Subject::Achieved => (tally.done.saturating_sub(tally.retried), tally.planned),
        };
        (whole > 0).then(|| of as f64 / whole as f64)
    }

    /// Whether `a` is further from holding than `b`.
    pub fn worse(&self, a: f64, b: f64) -> bool {
        if matches!(self.op, Op::Below | Op::AtMost) { a > b } else { a < b }
    }

    /// Whether it holds.
    pub fn evaluate(&self, measured: &impl Measured) -> Verdict {
        let Some(value) = self.value(measured) else { return Verdict::NoData };
        let holds = match self.op {
            Op::Below => value < self.limit,
            Op::AtMost => value <= self.limit,
            Op::Above => value > self.limit,
            Op::AtLeast => value >= self.limit,
        };
        if holds { Verdict::Pass } else { Verdict::Fail }
    }
}

impl Tally {
    fn of(&self, counted: Counted) -> u64 {
        match counted {
            Counted::Errors => self.errors,
            Counted::Throttled => self.throttled,
            Counted::Dropped => self.dropped,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(Option<u64>, Tally);

    impl Measured for Fixed {
        fn latency(&self, _: Metric, _: Stat) -> Option<Duration> {
            self.0.map(Duration::from_millis)
        }
        fn tally(&self) -> Tally {
            self.1
        }
    }

    fn judge(text: &str, measured: &Fixed) -> Verdict {
        text.parse::<Check>().unwrap().evaluate(measured)
    }

    #[test]
    fn checks_hold_or_do_not_or_have_no_data() {
        let tally = Tally { planned: 200, done: 90, aborted: 10, dropped: 100, ok: 80, throttled: 5, retried: 0, errors: 20 };
        let run = Fixed(Some(800), tally);
        for (text, verdict) in [
            ("response.p99 < 801ms", Verdict::Pass),
            ("response.p99 < 800ms", Verdict::Fail),
            ("service.max<=0.8s", Verdict::Pass),
            ("errors.rate <= 20%", Verdict::Pass),
            ("errors.rate < 0.2", Verdict::Fail),
            ("throttled.rate < 6%", Verdict::Pass),
            ("dropped.rate >= 50%", Verdict::Pass),
            ("dropped.count < 100", Verdict::Fail),
            ("achieved / planned > 45%", Verdict::Fail),
            ("achieved/planned >= 45%", Verdict::Pass),
        ] {
            assert_eq!(judge(text, &run), verdict, "{text}");
        }
        let nothing = Fixed(None, Tally::default());
        for text in ["response.p99 < 1h", "errors.rate < 100%", "errors.count < 1", "dropped.rate <= 1", "achieved/planned >= 0%"]
        {
            assert_eq!(judge(text, &nothing), Verdict::NoData, "{text}");
        }
    }
}
