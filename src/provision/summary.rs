//! `summary.json`: a run in numbers.
//!
//! Holds [`Summary`], version 1 of the format in docs/formats.md. Called once a run. It holds no id, no token and no credential.

use super::publish::Published;
use super::samples::Kind;
use super::{Ending, Ran};
use crate::ledger::export::Counts;
use crate::stats::recorder::{Latencies, Metric};
use std::collections::BTreeMap;

/// The file.
#[derive(Debug, serde::Serialize)]
pub struct Summary {
    /// Of this format.
    pub version: u32,
    /// What kind of run.
    pub kind: &'static str,
    /// How it ended.
    pub ending: &'static str,
    /// Why, where there is more to say.
    pub reason: Option<String>,
    /// The law: rows = provisioned + duplicate + rejected + refused + unprocessed. Over all sessions.
    pub counts: Counts,
    /// Rows whose capabilities are not what they asked for.
    pub differs: u64,
    /// Rows whose meeting has ended since they had a token; among the refused.
    pub void: u64,
    /// Outcomes found damaged in the ledger, and asked again.
    pub damaged: u64,
    /// Requests of this session, all operations and retries.
    pub requests: u64,
    /// Seconds this session took.
    pub seconds: f64,
    /// Ends of attempts of this session.
    pub classes: BTreeMap<&'static str, ClassCount>,
    /// Latencies of this session, in milliseconds.
    pub latency_ms: BTreeMap<&'static str, Percentiles>,
}

/// A class's count, with the codes behind it.
#[derive(Debug, serde::Serialize)]
pub struct ClassCount {
    /// How many attempts ended so.
    pub count: u64,
    /// What it means and what to do.
    pub meaning: &'static str,
    /// By the service's code, with a few examples.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub codes: BTreeMap<String, Kind>,
}

/// A latency distribution; percentiles of an empty one are absent.
#[derive(Debug, serde::Serialize)]
pub struct Percentiles {
    /// Values.
    pub count: u64,
    /// The numbers.
    #[serde(flatten)]
    pub at: BTreeMap<&'static str, f64>,
}

impl Percentiles {
    /// Of one metric, in milliseconds.
    pub fn of(latencies: &Latencies, metric: Metric) -> Percentiles {
        let histogram = latencies.of(metric);
        let ms = |us: f64| (us / 1000.0 * 1000.0).round() / 1000.0;
        let mut at = BTreeMap::new();
        if !histogram.is_empty() {
            for (name, q) in [("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99_9", 0.999)] {
                at.insert(name, ms(histogram.value_at_quantile(q) as f64));
            }
            at.insert("max", ms(histogram.max() as f64));
            at.insert("mean", ms(histogram.mean()));
        }
        Percentiles { count: histogram.len(), at }
    }
}

impl Summary {
    /// Sums a run up.
    pub fn of(ran: &Ran, published: &Published) -> Summary {
        let (ending, reason) = ran.ending.words();
        let classes = ran.recorder.classes().iter().map(|(class, count)| {
            (
                class.name(),
                ClassCount { count, meaning: class.meaning(), codes: ran.samples.of(class).cloned().unwrap_or_default() },
            )
        });
        Summary {
            version: 1,
            kind: "provision",
            ending,
            reason,
            counts: published.counts,
            differs: published.differs,
            void: published.void,
            damaged: ran.damaged,
            requests: ran.recorder.requests(),
            seconds: (ran.took.as_secs_f64() * 1000.0).round() / 1000.0,
            classes: classes.collect(),
            latency_ms: Metric::ALL.iter().map(|m| (m.name(), Percentiles::of(ran.recorder.latencies(), *m))).collect(),
        }
    }
}

impl Ending {
    /// A word for files, and the reason.
    pub fn words(&self) -> (&'static str, Option<String>) {
        let told = |fault: &crate::call::Fault| Some(format!("{} ({}): {}", fault.class, fault.code, fault.message));
        match self {
            Ending::Finished => ("finished", None),
            Ending::Stopped => ("stopped", None),
            Ending::OutOfTime => ("out-of-time", None),
            Ending::TooManyErrors => ("too-many-errors", None),
            Ending::NotLetIn(fault) => ("not-let-in", told(fault)),
            Ending::Unreachable(fault) => ("unreachable", told(fault)),
            Ending::Disk(why) => ("disk", Some(why.clone())),
            Ending::Abandoned => ("abandoned", None),
        }
    }
}
