//! A run as it is compared: what it measured, second by second, warm-up left out.
//!
//! Holds [`Recording`] and its reading. Called once a run. Histograms stay as sparse as they were written. It never sees another run.

use crate::chime::class::Class;
use crate::chime::operation::Operation;
use crate::stats::log::Log;
use crate::stats::recorder::Metric;
use crate::stats::seconds::{self, Second};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// Of what a latency is: all that is judged, or one call of several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subject {
    /// What was measured.
    pub metric: Metric,
    /// Of which call; of all of them if there is none.
    pub operation: Option<Operation>,
}

/// Values in microseconds with how often each occurred, a second an entry. An hour of thousands of calls a second holds millions of them:
/// they are as small as they can be (an hour is 3.6 thousand million microseconds).
pub type Counts = Vec<Vec<(u32, u32)>>;

/// A second that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moment {
    /// Which second.
    pub at: u64,
    /// Which stage was under way; the last, while the load drains.
    pub stage: usize,
    /// Calls that ended `ok`.
    pub ok: u64,
    /// Calls that ended, or were dropped.
    pub ended: u64,
    /// Of them, how many were throttled.
    pub throttled: u64,
}

/// A run, read back to be compared.
#[derive(Debug)]
pub struct Recording {
    /// What it is called.
    pub label: String,
    /// `load` or `provision`.
    pub kind: &'static str,
    /// `summary.json`.
    pub summary: Value,
    /// `run.json`.
    pub manifest: Value,
    /// Seconds that are judged, in order.
    pub moments: Vec<Moment>,
    /// Latencies by subject, as many entries as there are moments.
    pub latencies: Vec<(Subject, Counts)>,
    /// Lines of logs that could not be read.
    pub unread: u64,
}

/// Latencies that are compared: lag and queue are the generator's own.
const COMPARED: [Metric; 3] = [Metric::Response, Metric::Service, Metric::Token];

impl Recording {
    /// Reads one: `summary` and `manifest` as JSON, `series` and `hlog` as bytes.
    ///
    /// # Errors
    /// It is no load or provisioning run of version 1, its series is none, or its log is not whole.
    pub fn read(label: &str, summary: Value, manifest: Value, series: &[u8], hlog: &[u8]) -> Result<Recording, String> {
        let kind = match (summary["version"].as_u64(), summary["kind"].as_str()) {
            (Some(1), Some("load")) => "load",
            (Some(1), Some("provision")) => "provision",
            _ => return Err("summary.json is of no load or provisioning run, version 1".to_owned()),
        };
        let (seconds, torn) = seconds::read(series).map_err(|why| format!("series.csv: {why}"))?;
        let log = Log::read(hlog);
        whole(&summary, kind, &log)?;
        let warmup = warmup(&summary);
        let moments = moments(&seconds, &warmup);
        let latencies = latencies(&moments, &log, &warmup);
        let label = crate::safe::line(label, 60);
        Ok(Recording { label, kind, summary, manifest, moments, latencies, unread: torn + log.unread })
    }

    /// The stage of each moment.
    pub fn stages(&self) -> Vec<usize> {
        self.moments.iter().map(|moment| moment.stage).collect()
    }

    /// What was measured of a subject.
    pub fn of(&self, subject: Subject) -> Option<&Counts> {
        self.latencies.iter().find(|(of, _)| *of == subject).map(|(_, counts)| counts)
    }
}

/// A load that has ended tells how many calls it judged, and its log has them all: fewer would be another run's percentiles.
fn whole(summary: &Value, kind: &str, log: &Log) -> Result<(), String> {
    let told = summary["latency_ms"]["response"]["count"].as_u64().filter(|_| kind == "load");
    let there = log.whole().of(Metric::Response).len();
    match told {
        Some(told) if told != there => Err(format!(
            "latency.hlog holds {there} judged calls, and summary.json tells of {told}: the run directory is not whole"
        )),
        _ => Ok(()),
    }
}

fn warmup(summary: &Value) -> BTreeSet<&str> {
    let stages = summary["stages"].as_array().into_iter().flatten();
    stages.filter(|stage| stage["warmup"] == true).filter_map(|stage| stage["name"].as_str()).collect()
}

fn moments(seconds: &[Second], warmup: &BTreeSet<&str>) -> Vec<Moment> {
    let (mut moments, mut stage, mut name) = (Vec::new(), 0, None::<&str>);
    for second in seconds.iter().filter(|second| !warmup.contains(second.stage.as_str())) {
        // Without a name it is the drain after the last stage, or a run that has no stages.
        if !second.stage.is_empty() && name != Some(&second.stage) {
            stage += usize::from(name.is_some());
            name = Some(&second.stage);
        }
        moments.push(Moment {
            at: second.at,
            stage,
            ok: second.classes.of(Class::Ok),
            ended: second.classes.total(),
            throttled: second.classes.of(Class::Throttled),
        });
    }
    moments
}

fn latencies(moments: &[Moment], log: &Log, warmup: &BTreeSet<&str>) -> Vec<(Subject, Counts)> {
    let mut found: BTreeMap<(usize, Option<Operation>), Counts> = BTreeMap::new();
    // What was due in a judged stage may end in a second that is none: it counts with the last that was.
    let place = |at: u64| moments.partition_point(|moment| moment.at <= at).saturating_sub(1);
    let mut add = |metric: Metric, operation: Option<Operation>, at: u64, values: Vec<(u64, u64)>| {
        let Some(order) = COMPARED.iter().position(|one| *one == metric).filter(|_| !moments.is_empty()) else { return };
        let counts = found.entry((order, operation)).or_insert_with(|| vec![Vec::new(); moments.len()]);
        let small = |n: u64| u32::try_from(n).unwrap_or(u32::MAX);
        let second = &mut counts[place(at)];
        second.reserve_exact(values.len());
        second.extend(values.into_iter().map(|(value, count)| (small(value), small(count))));
    };
    log.judged().for_each(|line| add(line.metric, None, line.at, line.values()));
    let told = |(line, part): &(_, crate::stats::log::Part)| {
        let line: &crate::stats::log::Line = line;
        line.metric == Metric::Service && !warmup.contains(part.stage)
    };
    let calls: BTreeSet<Operation> = log.parts().filter(told).map(|(_, part)| part.operation).collect();
    if calls.len() > 1 {
        log.parts().filter(told).for_each(|(line, part)| add(line.metric, Some(part.operation), line.at, line.values()));
    }
    let subject = |(order, operation): (usize, Option<Operation>)| Subject { metric: COMPARED[order], operation };
    let mut all: Vec<(Subject, Counts)> = found.into_iter().map(|(key, counts)| (subject(key), counts)).collect();
    // All calls together come first.
    all.sort_by_key(|(subject, _)| subject.operation.is_some());
    all
}
