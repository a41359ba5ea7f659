//! A search for capacity as its page tells of it, read back from its directory.
//!
//! Holds [`Search`]. Called by the page. `capacity.json` gives the steps and what they come to; `latency.hlog` the distributions of each
//! step, `series.csv` what was let in and throttled second by second. A search of an older headcount has neither log, and its page less to say.

use super::timeline::Timeline;
use super::{Files, PageError};
use crate::capacity::kept::{Kept, Mode};
use crate::capacity::step::{Step, step_name};
use crate::chime::class::Class;
use crate::stats::log::Log;
use crate::stats::recorder::Latencies;
use crate::stats::seconds::{self, Second};
use serde_json::Value;
use std::collections::BTreeMap;

/// A search, read back.
#[derive(Debug)]
pub struct Search {
    /// What it is called.
    pub label: String,
    /// `capacity.json`.
    pub kept: Kept,
    /// `run.json`.
    pub manifest: Value,
    /// The scenario's text.
    pub scenario: Option<String>,
    /// Every second in which something happened.
    pub seconds: Vec<Second>,
    /// The same in bins.
    pub timeline: Timeline,
    /// Lines of logs that could not be read.
    pub unread: u64,
    /// What was measured, by what the step is called, without what came before it.
    measured: BTreeMap<String, Latencies>,
}

impl Search {
    /// Whether these are a search's files.
    pub fn is_one(files: &Files) -> bool {
        serde_json::from_slice::<Value>(files.summary).is_ok_and(|summary| summary["kind"] == "capacity")
    }

    /// Reads a search back.
    ///
    /// # Errors
    /// A file is of another kind or version than this program writes.
    pub fn read(files: &Files) -> Result<Search, PageError> {
        let bad = |file: &'static str, why: String| PageError::Unreadable { label: files.label.to_owned(), file, why };
        let text = String::from_utf8_lossy(files.summary);
        let kept = Kept::read(&text).map_err(|why| bad("capacity.json", why.to_string()))?;
        let manifest = serde_json::from_slice(files.manifest).map_err(|e| bad("run.json", e.to_string()))?;
        let (seconds, torn) = match files.series.is_empty() {
            true => (Vec::new(), 0),
            false => seconds::read(files.series).map_err(|why| bad("series.csv", why))?,
        };
        let log = Log::read(files.hlog);
        let mut measured: BTreeMap<String, Latencies> = BTreeMap::new();
        for (line, part) in log.parts() {
            line.add_to(measured.entry(part.stage.to_owned()).or_default());
        }
        Ok(Search {
            label: crate::safe::line(files.label, 60),
            kept,
            manifest,
            scenario: files.scenario.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
            // Its latencies are told by the step.
            timeline: Timeline::of(&seconds, &Log::read(b"")),
            seconds,
            unread: torn + log.unread,
            measured,
        })
    }

    /// Whether it looked for a quota.
    pub fn is_quota(&self) -> bool {
        self.kept.mode == Mode::Quota
    }

    /// What a step has measured.
    pub fn of(&self, step: &Step) -> Option<&Latencies> {
        self.measured.get(&step_name(step.n, step.kind))
    }

    /// Calls that were answered ok, a second, while a step was judged: what came out of it, whatever was left in its queues. Of its seconds as
    /// many count as were judged: in those after them nothing is due any more.
    pub fn answered(&self, step: &Step) -> Option<f64> {
        let name = step_name(step.n, step.kind);
        let judged = step.seconds.round().max(1.0) as usize;
        let of = self.seconds.iter().filter(|second| second.stage == name).take(judged);
        let (seconds, ok) = of.fold((0u64, 0u64), |(n, ok), second| (n + 1, ok + second.classes.of(Class::Ok)));
        (seconds > 0).then(|| ok as f64 / seconds as f64)
    }

    /// What the looking for a quota has measured.
    pub fn of_quota(&self) -> Option<&Latencies> {
        self.measured.get("quota")
    }

    /// The highest rate that was tried.
    pub fn highest_tried(&self) -> Option<f64> {
        self.kept.steps.iter().map(|step| step.rate).max_by(f64::total_cmp)
    }

    /// A quota's bucket, as far as it is known: its rate and its burst.
    pub fn bucket(&self) -> Option<(f64, f64)> {
        let found = self.kept.quota.and_then(|quota| quota.bucket);
        let shown = || self.kept.steps.iter().rev().find_map(|step| step.bucket);
        found.or_else(shown).map(|bucket| (bucket.rate, bucket.burst))
    }
}
