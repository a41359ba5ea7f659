//! PASS, FAIL or INVALID: what a run says, and whether its numbers may be believed.
//!
//! Holds [`verdict`], a pure function, and its words. Called once a run. The instrument audits itself first: its own lateness, its own
//! CPU, its own descriptors. What fails even when every doubt is counted in the service's favour has failed; where the generator may
//! have made the difference, the run is invalid, and says so before anything else.

use super::conductor::{Held, judged};
use crate::client::wire_io::TrafficNow;
use crate::scenario::load::Stage;
use crate::stats::cells::{Cells, Filter};
use crate::stats::recorder::Metric;
use crate::stats::series::gathered;
use crate::stats::threshold::{Check, Subject, Tally, Verdict};
use std::time::Duration;

/// What a run comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Every threshold holds.
    Pass,
    /// One does not, whatever doubts there are.
    Fail,
    /// The generator may have made the difference.
    Invalid,
}

impl Outcome {
    /// The word in files.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::Invalid => "invalid",
        }
    }
}

/// What the generator knows of itself.
#[derive(Debug, Clone, Copy, Default)]
pub struct Health {
    /// Its lateness: the 99th percentile, without warm-up.
    pub lag_p99: Option<Duration>,
    /// The largest.
    pub lag_max: Duration,
    /// The share of the time that its threads worked, 0 to 1; of the busiest, where there are several.
    pub cpu_share: Option<f64>,
    /// How often there was no descriptor or no port left.
    pub out_of_descriptors: u64,
    /// Calls that ended `ok`.
    pub ok: u64,
    /// Calls that ended at all, or were given up.
    pub ended: u64,
    /// Lanes.
    pub lanes: u32,
}

impl Health {
    /// Of a run's samples, its threads and its wire.
    pub fn of(cells: &Cells, stages: &[Stage], lanes: u32, cpu_share: Option<f64>, traffic: Option<TrafficNow>) -> Health {
        let latencies = gathered(cells, Filter { stages: &judged(stages), ..Filter::default() });
        let lag = latencies.of(Metric::Lag);
        let mut tally = Tally::default();
        cells.count(Filter::default(), &mut tally);
        Health {
            lag_p99: (!lag.is_empty()).then(|| Duration::from_micros(lag.value_at_quantile(0.99))),
            lag_max: Duration::from_micros(lag.max()),
            cpu_share,
            out_of_descriptors: traffic.map_or(0, |traffic| traffic.out_of_descriptors),
            ok: tally.ok,
            ended: tally.done + tally.aborted,
            lanes,
        }
    }
}

/// A threshold as it ended.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Threshold {
    /// As it was written.
    pub check: String,
    /// What was measured: milliseconds of a latency, a share from 0 to 1, or a number. Of stretches, the worst.
    pub value: Option<f64>,
    /// Whether it holds. Without data it does not.
    pub ok: bool,
    /// `pass`, `fail`, `no-data`, or `doubtful`: it fails, and by no more than the generator was late.
    pub verdict: &'static str,
}

/// The verdict of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What it comes to.
    pub outcome: Outcome,
    /// Why, a sentence each; the first is the one to read.
    pub reasons: Vec<String>,
    /// Every threshold.
    pub thresholds: Vec<Threshold>,
}

/// A thread that works more than this share of the time makes calls wait for itself.
const BUSY: f64 = 0.9;
/// Lateness that no latency threshold can be so tight as to forbid, and what is too much where there is none.
const LEAST_LAG: Duration = Duration::from_millis(10);
const ANY_LAG: Duration = Duration::from_millis(100);

/// The lateness beyond which a run's latencies are in doubt: a tenth of the tightest limit they are held to.
pub fn tolerable_lag<'a>(checks: impl Iterator<Item = &'a Check>) -> Duration {
    use crate::stats::recorder::Metric::{Response, Service, Token};
    let of_latency = |check: &&Check| matches!(check.subject, Subject::Latency(Response | Service | Token, _));
    let tightest = checks.filter(of_latency).map(|check| check.limit).min_by(f64::total_cmp);
    tightest.map_or(ANY_LAG, |seconds| Duration::from_secs_f64(seconds / 10.0).clamp(LEAST_LAG, ANY_LAG))
}

/// Judges a run.
pub fn verdict(held: &[Held], health: &Health) -> Judgement {
    let tolerable = tolerable_lag(held.iter().map(|held| &held.judge.scope().check));
    let late = health.lag_p99.filter(|lag| *lag > tolerable);
    let doubts = doubts(health, late, tolerable);
    let mut failures = Vec::new();
    if health.ended > 0 && health.ok == 0 {
        failures.push(format!("every one of {} calls failed", health.ended));
    }
    let mut thresholds = Vec::new();
    for held in held {
        let (stands, value) = held.judge.stands();
        let check = held.judge.scope().check;
        let latency = matches!(check.subject, Subject::Latency(..));
        // A latency that fails by less than the generator was ever late may be the generator's.
        let spoilt = late.is_some() && latency && value.is_some_and(|v| !fails(&check, v - health.lag_max.as_secs_f64()));
        let verdict = match stands {
            Verdict::Pass => "pass",
            Verdict::NoData => "no-data",
            Verdict::Fail if spoilt => "doubtful",
            Verdict::Fail => "fail",
        };
        match verdict {
            "fail" => failures.push(format!("{}: it was {}", held.text, said(&check, value))),
            "no-data" => failures.push(format!("{}: nothing was measured, which is no pass", held.text)),
            _ => {}
        }
        let value = value.map(|value| if latency { (value * 1e6).round() / 1e3 } else { value });
        thresholds.push(Threshold { check: held.text.clone(), value, ok: verdict == "pass", verdict });
    }
    let outcome = match (failures.is_empty(), doubts.is_empty()) {
        (false, _) => Outcome::Fail,
        (true, false) => Outcome::Invalid,
        (true, true) => Outcome::Pass,
    };
    let reasons = if outcome == Outcome::Fail { failures.into_iter().chain(doubts).collect() } else { doubts };
    Judgement { outcome, reasons, thresholds }
}

fn fails(check: &Check, value: f64) -> bool {
    use crate::stats::threshold::Op;
    match check.op {
        Op::Below => value >= check.limit,
        Op::AtMost => value > check.limit,
        Op::Above => value <= check.limit,
        Op::AtLeast => value < check.limit,
    }
}

fn doubts(health: &Health, late: Option<Duration>, tolerable: Duration) -> Vec<String> {
    let mut doubts = Vec::new();
    if let Some(lag) = late {
        doubts.push(format!(
            "the generator itself was late: lag p99 {lag:.1?}, where {tolerable:.1?} can be tolerated; its calls did not come when they \
             were due. Give it a core of its own, more --lanes, or a lower rate"
        ));
    }
    if let Some(share) = health.cpu_share.filter(|share| *share > BUSY) {
        doubts.push(format!(
            "the generator's thread worked {:.0} % of the time, so that calls waited for it; use more than {} --lanes, or a lower rate",
            share * 100.0,
            health.lanes
        ));
    }
    if health.out_of_descriptors > 0 {
        doubts.push(format!(
            "this machine had no file descriptor or no port left for a connection, {} times; raise the limit (ulimit -n) or lower \
             max_in_flight",
            health.out_of_descriptors
        ));
    }
    doubts
}

/// A value as a person reads it.
pub fn said(check: &Check, value: Option<f64>) -> String {
    let Some(value) = value else { return "not measured".to_owned() };
    match check.subject {
        Subject::Latency(..) if value >= 1.0 => format!("{value:.2} s"),
        Subject::Latency(..) => format!("{:.1} ms", value * 1e3),
        Subject::Rate(_) | Subject::Achieved => format!("{:.2} %", value * 100.0),
        Subject::Count(_) => format!("{value}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::Sample;
    use crate::chime::class::Class;
    use crate::chime::operation::Operation;
    use crate::stats::judge::{Judge, Scope};

    fn held(check: &str, ms: Option<u64>) -> Held {
        let scope =
            Scope { check: check.parse().unwrap(), stages: vec![0], operation: None, class: None, from: 0, stretches: None };
        let mut judge = Judge::new(scope);
        let mut cells = Cells::default();
        if let Some(ms) = ms {
            let zero = Duration::ZERO;
            let done = Duration::from_millis(ms);
            let operation = Operation::CreateAttendee;
            cells.record(&Sample { stage: 0, operation, due: zero, ready: zero, sent: zero, done, class: Class::Ok }, false);
        }
        judge.second(0, &cells);
        Held { text: check.to_owned(), abort: false, judge }
    }

    fn health(lag_p99: u64, lag_max: u64) -> Health {
        let ms = Duration::from_millis;
        Health { lag_p99: Some(ms(lag_p99)), lag_max: ms(lag_max), ok: 1, ended: 1, lanes: 1, ..Health::default() }
    }

    #[test]
    fn doubts_make_a_run_invalid_unless_it_fails_in_spite_of_them() {
        let judge = |ms, lag_p99, lag_max| verdict(&[held("response.p99 < 800ms", ms)], &health(lag_p99, lag_max));
        assert_eq!(judge(Some(500), 1, 2).outcome, Outcome::Pass);
        assert_eq!(judge(Some(900), 1, 2).outcome, Outcome::Fail);
        assert_eq!(judge(None, 1, 2).outcome, Outcome::Fail);
        // Late by more than a tenth of the limit: what passes may have been spared, what fails by less may have been spoilt.
        assert_eq!(judge(Some(500), 90, 200).outcome, Outcome::Invalid);
        let doubtful = judge(Some(900), 90, 200);
        assert_eq!((doubtful.outcome, doubtful.thresholds[0].verdict), (Outcome::Invalid, "doubtful"));
        assert_eq!(judge(Some(1100), 90, 200).outcome, Outcome::Fail);
        assert!(judge(Some(500), 90, 200).reasons[0].contains("late"));
    }

    #[test]
    fn a_busy_thread_and_missing_descriptors_are_doubts() {
        for health in [Health { cpu_share: Some(0.97), ..health(0, 0) }, Health { out_of_descriptors: 1, ..health(0, 0) }] {
            assert_eq!(verdict(&[held("response.p99 < 800ms", Some(5))], &health).outcome, Outcome::Invalid);
        }
        assert_eq!(verdict(&[], &health(0, 0)).outcome, Outcome::Pass);
    }

    #[test]
    fn a_run_in_which_every_call_failed_has_failed_without_any_threshold() {
        let all_failed = Health { ok: 0, ended: 9, ..health(0, 0) };
        assert_eq!(verdict(&[], &all_failed).outcome, Outcome::Fail);
        assert_eq!(verdict(&[], &all_failed).reasons, ["every one of 9 calls failed"]);
    }
}
