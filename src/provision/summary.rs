//! `summary.json`: a run in numbers.
//!
//! Holds [`Summary`], version 1 of the format in docs/formats.md. Called once a run. It holds no id, no token and no credential.

use super::publish::Published;
use super::without::Reason;
use super::{Ending, Ran};
use crate::client::pace::fit::Learned;
use crate::ledger::export::Counts;
use crate::stats::recorder::Metric;
use crate::stats::told::{ClassCount, Percentiles};
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
    /// Rows without a token, by reason; together rejected + refused + unprocessed.
    pub without: Vec<Reason>,
    /// Rows whose capabilities are not what they asked for.
    pub differs: u64,
    /// Rows whose meeting has ended since they had a token; among the refused.
    pub void: u64,
    /// Outcomes found damaged in the ledger, and asked again.
    pub damaged: u64,
    /// Requests of this session, all operations and retries.
    pub requests: u64,
    /// The account's rate and burst as this session has learnt them (`--rate auto`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub learned: Option<Learned>,
    /// Seconds this session took.
    pub seconds: f64,
    /// Ends of attempts of this session.
    pub classes: BTreeMap<&'static str, ClassCount>,
    /// Latencies of this session, in milliseconds.
    pub latency_ms: BTreeMap<&'static str, Percentiles>,
}

impl Summary {
    /// Sums a run up.
    pub fn of(ran: &Ran, published: &Published) -> Summary {
        let (ending, reason) = ran.ending.words();
        Summary {
            version: 1,
            kind: "provision",
            ending,
            reason,
            counts: published.counts,
            without: published.without.told(),
            differs: published.differs,
            void: published.void,
            damaged: ran.damaged,
            learned: ran.learned,
            requests: ran.recorder.requests(),
            seconds: (ran.took.as_secs_f64() * 1000.0).round() / 1000.0,
            classes: ClassCount::all(ran.recorder.classes(), &ran.samples),
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
