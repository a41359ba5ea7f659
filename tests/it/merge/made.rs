//! Runs made of samples, with the files that a run leaves, written as the program writes them.
//!
//! Holds [`Made`] and [`Dir`]. Nothing here asks anybody: what each call took is given.

use headcount::call::Sample;
use headcount::chime::class::Class;
use headcount::chime::operation::Operation;
use headcount::merge::{Files, Joined, MergeError, Merged};
use headcount::run_dir::{Logs, RunDir};
use headcount::stats::cells::{Filter, Interval};
use headcount::stats::series::{Row, load_columns};
use headcount::stats::threshold::Tally;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

/// Names of the stages: three seconds of warm-up, and nine that are judged.
pub const STAGES: [&str; 2] = ["up", "hold"];
pub const JUDGED: [u16; 1] = [1];
pub const LASTS: u64 = 12;

/// When the first of all runs may begin, in milliseconds since 1970.
pub const EPOCH_MS: u64 = 1_800_000_000_250;

/// A run, as its generator saw it.
#[derive(Debug, Clone)]
pub struct Made {
    pub id: String,
    pub began_ms: u64,
    pub samples: Vec<(Sample, bool)>,
    pub dropped: Vec<(u64, u16, Operation)>,
}

impl Made {
    /// So many calls a second of so many milliseconds, all of them well.
    pub fn steady(id: &str, later_ms: u64, a_second: u64, ms: u64) -> Made {
        let mut samples = Vec::new();
        for due in (0..LASTS).flat_map(|second| (0..a_second).map(move |n| 1000 * second + n * 900 / a_second.max(1))) {
            let (due, took) = (Duration::from_millis(due), Duration::from_millis(ms));
            let stage = u16::from(due >= Duration::from_secs(3));
            let operation = Operation::CreateAttendee;
            samples.push((Sample { stage, operation, due, ready: due, sent: due, done: due + took, class: Class::Ok }, false));
        }
        Made { id: id.to_owned(), began_ms: EPOCH_MS + later_ms, samples, dropped: Vec::new() }
    }

    /// Its seconds; every one of them is told, as a run does.
    pub fn intervals(&self) -> Vec<Interval> {
        let mut seconds: BTreeMap<u64, Interval> = (0..LASTS).map(|at| (at, Interval { at, ..Interval::default() })).collect();
        let mut of = |at: u64, fill: &dyn Fn(&mut Interval)| {
            fill(seconds.entry(at).or_insert_with(|| Interval { at, ..Interval::default() }));
        };
        for (sample, retried) in &self.samples {
            of(sample.due.as_secs(), &|interval| interval.cells.plan(sample.stage, sample.operation));
            of(sample.sent.as_secs(), &|interval| interval.sent += 1);
            of(sample.done.as_secs(), &|interval| {
                interval.cells.record(sample, *retried);
                if sample.class == Class::Ok {
                    interval.cells.token(sample.stage, sample.operation, sample.response());
                }
            });
        }
        for (at, stage, operation) in &self.dropped {
            of(*at, &|interval| {
                interval.cells.plan(*stage, *operation);
                interval.cells.drop_one(*stage, *operation);
            });
        }
        let mut cpu = Duration::ZERO;
        for interval in seconds.values_mut() {
            cpu += Duration::from_millis(interval.sent);
            interval.cpu = Some(cpu);
            interval.in_flight = interval.sent % 3;
        }
        // What nothing happened in between has its line, too.
        let last = seconds.keys().next_back().copied().unwrap_or(0);
        (0..=last).map(|at| seconds.remove(&at).unwrap_or(Interval { at, cpu: Some(cpu), ..Interval::default() })).collect()
    }

    /// Its run.json.
    pub fn manifest(&self) -> Value {
        let threshold = |told: &str, stretch: Option<u64>, from: u64| {
            json!({ "told": told, "check": told, "stages": ["hold"], "call": null, "class": null, "from_s": from,
                    "stretch_s": stretch, "in_a_row": stretch.map(|_| 1) })
        };
        json!({
            "version": 1, "kind": "load", "id": self.id, "state": "finished", "started": "2027-01-15T08:00:00Z", "seed": 42, "lanes": 1,
            "scenario": { "name": "made", "sha256": "5ca1ab1e", "leans_on": [] }, "set": [], "endpoint": "http://127.0.0.1:1",
            "model": "open",
            "stages": [{ "name": "up", "warmup": true, "seconds": 3.0 }, { "name": "hold", "warmup": false, "seconds": 9.0 }],
            "thresholds": [
                threshold("response.p99 < 800ms", None, 0), threshold("errors.rate < 10%", None, 0),
                threshold("achieved/planned > 50%", Some(2), 3), threshold("dropped.rate < 30%", Some(3), 5),
                threshold("service.mean < 1s", None, 6), threshold("throttled.count < 7", None, 0),
            ],
        })
    }

    /// Its summary.json, as far as a merge leans on it.
    pub fn summary(&self) -> Value {
        let (mut tally, mut retried) = (Tally::default(), 0);
        for interval in self.intervals() {
            interval.cells.count(Filter::default(), &mut tally);
        }
        retried += tally.retried;
        let ended = tally.done + tally.aborted + tally.dropped;
        let planned = tally.planned.max(ended - retried.min(ended));
        let kind = json!({ "count": tally.throttled, "messages": [], "request_ids": ["r"] });
        let errors = match tally.throttled {
            0 => json!({}),
            n => json!({ "throttled": { "count": n, "meaning": "-", "codes": { "TooMany": kind } } }),
        };
        json!({
            "version": 1, "kind": "load", "verdict": "pass", "reasons": [], "ending": "finished", "seconds": self.intervals().len() as f64,
            "counts": { "planned": planned, "retries": retried, "unissued": planned + retried - ended, "sent": tally.done + tally.aborted,
                        "done": tally.done, "dropped": tally.dropped, "aborted": tally.aborted },
            "errors": errors,
            "meetings": { "made": 2, "renewed": 1, "deleted": 2, "calls": 4, "classes": { "ok": 4 }, "left_over": [] },
            "traffic": { "connections_opened": 2, "connections_reused": 7, "bytes_out": 10, "bytes_in": 20, "connect_us_mean": 100,
                         "connect_us_max": self.samples.len(), "out_of_descriptors": 0 },
            "generator": { "lanes": 1, "cpu_share": 0.25, "cpu_us_a_call": 9.0, "memory": 1000 + self.samples.len(), "tolerable_lag_ms": 80.0 },
        })
    }

    /// Its directory.
    pub fn dir(&self) -> Dir {
        let names = STAGES.map(str::to_owned);
        let rows: Vec<Row> = self
            .intervals()
            .iter()
            .map(|interval| {
                let stage = if interval.at < 3 {
                    "up"
                } else if interval.at < LASTS {
                    "hold"
                } else {
                    ""
                };
                Row::of_interval(interval, &names, &JUDGED, stage)
            })
            .collect();
        let event = |at: u64| format!("{}\n", json!({ "at_s": at as f64 / 10.0, "event": "meeting-made", "of": self.id }));
        Dir {
            events: (0..3).map(event).collect(),
            ..Dir::written(&format!("{}.run", self.id), self.began_ms, &rows, self.manifest(), Some(self.summary()))
        }
    }
}

/// A run directory's files.
#[derive(Debug, Clone)]
pub struct Dir {
    pub label: String,
    pub manifest: Value,
    pub summary: Option<Value>,
    pub hlog: String,
    pub series: String,
    pub counts: String,
    pub events: String,
}

impl Dir {
    /// Rows written down as the program does.
    fn written(label: &str, began_ms: u64, rows: &[Row], manifest: Value, summary: Option<Value>) -> Dir {
        let folder = tempfile::tempdir().unwrap();
        let dir = RunDir::open(&folder.path().join("r.run")).unwrap();
        // The run was begun a while before its load.
        let began = SystemTime::UNIX_EPOCH + Duration::from_millis(began_ms);
        let started = began - Duration::from_millis(4321);
        let mut logs = Logs::open(&dir, started, started, &load_columns()).unwrap().with_counts(&dir).unwrap();
        logs.begins(began);
        rows.iter().for_each(|row| logs.append(row).unwrap());
        let text = |name: &str| std::fs::read_to_string(dir.file(name)).unwrap();
        let (hlog, series, counts) = (text("latency.hlog"), text("series.csv"), text("counts.csv"));
        Dir { label: label.to_owned(), manifest, summary, hlog, series, counts, events: String::new() }
    }
}

/// What comes of a merge, with the rows of its logs.
#[derive(Debug)]
pub struct Whole {
    pub began_ms: u64,
    pub rows: Vec<Row>,
    pub merged: Merged,
    pub summary: Value,
}

impl Whole {
    /// As a directory of its own.
    pub fn dir(&self, label: &str) -> Dir {
        let summary = Some(self.summary.clone());
        let dir = Dir::written(label, self.began_ms, &self.rows, self.merged.manifest.clone(), summary);
        Dir { events: self.merged.events.clone(), ..dir }
    }

    /// Why it is judged as it is.
    pub fn reasons(&self) -> Vec<&str> {
        self.summary["reasons"].as_array().unwrap().iter().filter_map(Value::as_str).collect()
    }
}

/// Merges.
pub fn merge(dirs: &[&Dir], wanted: f64) -> Result<Whole, MergeError> {
    let json: Vec<(Vec<u8>, Option<Vec<u8>>)> = dirs
        .iter()
        .map(|dir| (dir.manifest.to_string().into_bytes(), dir.summary.as_ref().map(|summary| summary.to_string().into_bytes())))
        .collect();
    let files: Vec<Files> = dirs
        .iter()
        .zip(&json)
        .map(|(dir, (manifest, summary))| Files {
            label: &dir.label,
            manifest,
            summary: summary.as_deref(),
            hlog: dir.hlog.as_bytes(),
            series: dir.series.as_bytes(),
            counts: Some(dir.counts.as_bytes()),
            events: dir.events.as_bytes(),
        })
        .collect();
    let joined = Joined::read(&files)?;
    let began_ms = u64::try_from(joined.began().as_millis()).unwrap();
    let mut rows = Vec::new();
    let merged = joined
        .add_up(wanted, &mut |row| {
            rows.push(row.clone());
            Ok(())
        })
        .unwrap();
    let summary = serde_json::to_value(&merged.summary).unwrap();
    Ok(Whole { began_ms, rows, merged, summary })
}
