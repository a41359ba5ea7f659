//! A step of the search, as it is kept.
//!
//! Holds [`Step`], [`Verdict`], [`Cause`] and [`Broke`]. Made by `course` of a run that has ended, read by `search`, and written to
//! capacity.json as they are. They hold no id of a person.

use crate::client::pace::fit::Learned;
use crate::stats::threshold::{Check, Counted, Subject, Tally};
use serde::{Deserialize, Serialize};

/// What a step was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// To find the way.
    Seek,
    /// To confirm what was found, for longer.
    Hold,
}

impl Kind {
    /// The word in files.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Seek => "seek",
            Kind::Hold => "hold",
        }
    }
}

/// What a step is called in the logs: `step-3-hold`.
pub fn step_name(n: u32, kind: Kind) -> String {
    format!("step-{n}-{}", kind.name())
}

/// What a step came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Every threshold holds.
    Pass,
    /// One does not.
    Fail,
    /// The generator may have made the difference: never taken for either.
    Invalid,
}

impl Verdict {
    /// The word in files.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Invalid => "invalid",
        }
    }
}

/// What made a threshold break.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// 429s: a quota.
    Throttle,
    /// Answers came late, or calls found no free slot for want of answers.
    Latency,
    /// Errors that are no 429s.
    Errors,
}

impl Cause {
    /// All of them.
    pub const ALL: [Cause; 3] = [Cause::Throttle, Cause::Latency, Cause::Errors];

    /// The word in files.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Throttle => "throttle",
            Cause::Latency => "latency",
            Cause::Errors => "errors",
        }
    }

    /// Of a check that broke, with how the calls it is about have ended.
    pub fn of(check: &Check, tally: &Tally) -> Cause {
        match check.subject {
            Subject::Rate(Counted::Throttled) | Subject::Count(Counted::Throttled) => Cause::Throttle,
            // Errors count throttled calls, too: what most of them are is what broke it.
            Subject::Rate(Counted::Errors) | Subject::Count(Counted::Errors) if 2 * tally.throttled >= tally.errors => {
                Cause::Throttle
            }
            Subject::Rate(Counted::Errors) | Subject::Count(Counted::Errors) => Cause::Errors,
            Subject::Latency(..) | Subject::Rate(Counted::Dropped) | Subject::Count(Counted::Dropped) | Subject::Achieved => {
                Cause::Latency
            }
        }
    }
}

/// A threshold that broke.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Broke {
    /// As it was written.
    pub check: String,
    /// What was measured: milliseconds of a latency, a share from 0 to 1, or a number.
    pub value: Option<f64>,
    /// What made it.
    pub cause: Cause,
}

/// A step that has been done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Which, from 1.
    pub n: u32,
    /// Calls a second that were due.
    pub rate: f64,
    /// What it was for.
    pub kind: Kind,
    /// What it came to.
    pub verdict: Verdict,
    /// Whether the sequential test had decided it; otherwise its time was over, and it is what the numbers lean to.
    pub decided: bool,
    /// Why, a sentence each.
    pub reasons: Vec<String>,
    /// The thresholds that broke, and what made them.
    pub broke: Vec<Broke>,
    /// Seconds that were judged.
    pub seconds: f64,
    /// Calls that were sent, those that are not judged included.
    pub calls: u64,
    /// Calls that ended `ok`, a second.
    pub achieved: f64,
    /// Half of the response times are no longer than this (milliseconds).
    pub p50_ms: Option<f64>,
    /// The 99th percentile of response times (milliseconds).
    pub p99_ms: Option<f64>,
    /// The share of calls that were throttled, 0 to 1.
    pub throttled: f64,
    /// The share of calls that did not end `ok`, 0 to 1.
    pub errors: f64,
    /// The 99th percentile of the generator's own lateness (milliseconds).
    pub lag_p99_ms: Option<f64>,
    /// The quota's bucket, as far as this step shows it.
    pub bucket: Option<Learned>,
}
