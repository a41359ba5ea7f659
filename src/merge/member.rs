//! A run that is to be added, read back.
//!
//! Holds [`Member`]. Made of a run directory's files; its histograms stay encoded until their second comes. A run that was killed has no summary: what its logs say is used,
//! and that is told.

use super::origin::{Origin, holes, is_time};
use super::{Files, MergeError};
use crate::load::kept::Kept;
use crate::stats::counts::{self, Count};
use crate::stats::log::{Line, Log, Part};
use crate::stats::seconds::{self, Second};
use serde_json::Value;

/// A run, read back.
#[derive(Debug)]
pub struct Member<'a> {
    /// What it is called.
    pub label: String,
    /// `run.json`.
    pub manifest: Value,
    /// What it is cut into and held to.
    pub kept: Kept,
    /// `summary.json`, of a run that was not killed.
    pub told: Option<Value>,
    /// Histograms by stage, call and class, in the order of their seconds.
    pub lines: Vec<(Line<'a>, Part<'a>)>,
    /// The series, in order.
    pub seconds: Vec<Second>,
    /// What no histogram holds, in order.
    pub counts: Vec<Count>,
    /// `events.jsonl`.
    pub events: &'a [u8],
    /// When its second 0 began, in milliseconds since 1970.
    pub began_ms: u64,
    /// How long after the first that is.
    pub offset_ms: u64,
    /// By how many whole seconds of the clock.
    pub shift: u64,
    /// The runs that it is made of: itself, or those that were merged.
    pub origins: Vec<Origin>,
    /// What its logs have of calls done, dropped and aborted; filled while they are added up.
    pub logged: Logged,
}

/// Terms of the law, as the logs have them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Logged {
    /// Calls that became due.
    pub planned: u64,
    /// Of those that ended, how many are asked again.
    pub retried: u64,
    /// Calls that were sent and ended.
    pub done: u64,
    /// Due and not sent.
    pub dropped: u64,
    /// Sent and given up.
    pub aborted: u64,
}

impl<'a> Member<'a> {
    pub fn read(files: &Files<'a>) -> Result<Member<'a>, MergeError> {
        let label = crate::safe::line(files.label, 60);
        let bad = |file: &'static str, why: String| MergeError::Unreadable { label: label.clone(), file, why };
        let json = |file: &'static str, bytes: &[u8]| {
            serde_json::from_slice::<Value>(bytes).map_err(|e| bad(file, format!("it is no JSON: {e}")))
        };
        let manifest = json("run.json", files.manifest)?;
        kind(&label, &manifest)?;
        let older = |missing| MergeError::Older { label: label.clone(), missing };
        let kept: Kept = serde_json::from_value(manifest.clone()).map_err(|_| older("stages and thresholds in run.json"))?;
        let held = || kept.model().and(kept.stages()).and(kept.held());
        held().map_err(|why| MergeError::Kept { label: label.clone(), why })?;
        let told = files.summary.map(|bytes| json("summary.json", bytes)).transpose()?;
        if told.as_ref().is_some_and(|told| told["kind"] != "load" || told["version"] != 1) {
            return Err(bad("summary.json", "it is no summary of a load run, version 1".to_owned()));
        }
        if let Some(seconds) = told.as_ref().and_then(|told| told["seconds"].as_f64()) {
            is_time(seconds).map_err(|why| bad("summary.json", format!("seconds: {why}")))?;
        }
        let log = Log::read(files.hlog);
        let Some(began) = log.began else {
            return Err(bad("latency.hlog", "it does not say when it began".to_owned()));
        };
        let (seconds, torn) = seconds::read(files.series).map_err(|why| bad("series.csv", why))?;
        let counts = counts::read(files.counts.ok_or_else(|| older("counts.csv"))?);
        let (counts, torn_counts) = counts.map_err(|why| bad("counts.csv", why))?;
        let mut lines: Vec<_> = log.parts().filter(|(_, part)| kept.stage(part.stage).is_some()).collect();
        let strange = (log.parts().count() - lines.len()) as u64;
        lines.sort_by_key(|(line, _)| line.at);
        let torn = torn + torn_counts + log.unread + strange;
        let mut member = Member {
            began_ms: (began.max(0.0) * 1e3).round() as u64,
            events: files.events,
            origins: Vec::new(),
            logged: Logged::default(),
            offset_ms: 0,
            shift: 0,
            label,
            manifest,
            kept,
            told,
            lines,
            seconds,
            counts,
        };
        member.origins = member.origins(torn)?;
        Ok(member)
    }

    /// What decides who comes first.
    pub fn order(&self) -> (u64, &str, &str) {
        (self.began_ms, self.manifest["id"].as_str().unwrap_or_default(), &self.label)
    }

    /// Puts it on the clock of a whole that began then.
    pub fn place(&mut self, began_ms: u64) {
        self.offset_ms = self.began_ms - began_ms;
        // By the seconds of the clock, so that it makes no difference which runs are added first.
        self.shift = self.began_ms / 1000 - began_ms / 1000;
        let origins = std::mem::take(&mut self.origins);
        self.origins = origins.into_iter().map(|origin| origin.later(self.offset_ms, self.shift)).collect();
    }

    /// How long its load lasted, its grace included.
    fn lasted_s(&self) -> f64 {
        let told = self.told.as_ref().and_then(|told| told["seconds"].as_f64());
        told.unwrap_or_else(|| self.last().map_or(0, |at| at + 1) as f64)
    }

    /// The last second that anything is known of.
    pub fn last(&self) -> Option<u64> {
        let lines = self.lines.last().map(|(line, _)| line.at);
        lines.max(self.seconds.last().map(|second| second.at)).max(self.counts.last().map(|count| count.at))
    }

    /// How it ended.
    pub fn ending(&self) -> &str {
        self.told.as_ref().map_or("killed", |told| told["ending"].as_str().unwrap_or("finished"))
    }

    fn origins(&self, torn: u64) -> Result<Vec<Origin>, MergeError> {
        if !self.manifest["merged"].is_null() {
            let unread = |why: String| MergeError::Unreadable {
                label: self.label.clone(),
                file: "run.json",
                why: format!("merged: {why}"),
            };
            let merged = self.manifest["merged"].clone();
            let mut origins: Vec<Origin> = serde_json::from_value(merged).map_err(|e| unread(e.to_string()))?;
            for (n, origin) in origins.iter().enumerate() {
                origin.check().map_err(|why| unread(format!("member {}: {why}", n + 1)))?;
            }
            // What was torn since they were merged is torn of all of them, and told once.
            origins.iter_mut().take(1).for_each(|origin| origin.torn = origin.torn.saturating_add(torn));
            return Ok(origins);
        }
        let text = |name: &str| self.manifest[name].as_str().unwrap_or_default().to_owned();
        let to_s = self.was_to_last();
        let told = |name: &str| self.told.as_ref().and_then(|told| told[name].as_str().map(str::to_owned));
        let set = self.manifest["set"].as_array().into_iter().flatten().filter_map(|set| set.as_str().map(str::to_owned));
        Ok(vec![Origin {
            run: self.label.clone(),
            id: text("id"),
            started: text("started"),
            offset_s: 0.0,
            lasted_s: self.lasted_s(),
            ending: self.ending().to_owned(),
            verdict: told("verdict"),
            why: self.told.as_ref().and_then(|told| told["reasons"][0].as_str().map(str::to_owned)),
            notes: self.notes(),
            seed: self.manifest["seed"].clone(),
            set: set.collect(),
            lanes: self.manifest["lanes"].as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or(1),
            endpoint: self.manifest["endpoint"].clone(),
            host: self.manifest["host"].clone(),
            from_s: 0,
            to_s,
            missing: holes(self.seconds.iter().map(|second| second.at), 0, to_s),
            torn,
        }])
    }

    /// What its summary notes; others may have written it.
    fn notes(&self) -> Vec<String> {
        let notes = self.told.as_ref().map_or(&Value::Null, |told| &told["notes"]);
        notes.as_array().into_iter().flatten().filter_map(Value::as_str).map(|note| crate::safe::line(note, 400)).collect()
    }

    /// Seconds of its load as it was planned; a shared load that has made all its calls was to last no longer than it did.
    fn was_to_last(&self) -> u64 {
        let planned: f64 = self.kept.stages.iter().map(|stage| stage.seconds).sum();
        match (self.kept.model.as_str(), self.ending()) {
            ("shared", "finished") => self.seconds.last().map_or(0, |second| second.at + 1),
            _ => planned.ceil() as u64,
        }
    }
}

fn kind(label: &str, manifest: &Value) -> Result<(), MergeError> {
    let kind = manifest["kind"].as_str().unwrap_or("nameless");
    let why = match kind {
        "load" => return Ok(()),
        "capacity" => "a search goes step by step, and each step decides the next one",
        "provision" => "its rows and seats are those of one ledger; give all rosters to one provisioning run",
        _ => "this is none",
    };
    Err(MergeError::Kind { label: label.to_owned(), kind: crate::safe::line(kind, 20), why })
}
