//! What the mock has done, in numbers.
//!
//! Holds [`Metrics`] and writes them for Prometheus and as JSON. Told of each answer by the server, read by the admin
//! endpoints. Labels come from closed lists (operations, error types), so that nobody can make them grow.

use crate::mock::answer::Told;
use crate::mock::spoil::Wire;
use crate::mock::trouble::Trouble;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Upper bounds of the duration histogram, in seconds.
const BOUNDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

#[derive(Debug, Default)]
struct Counts {
    requests: BTreeMap<(&'static str, &'static str), u64>,
    buckets: [u64; BOUNDS.len()],
    count: u64,
    seconds: f64,
    made: u64,
    found: u64,
    failed: u64,
    mischief: u64,
    lost: u64,
}

/// The numbers.
#[derive(Debug, Default)]
pub struct Metrics {
    counts: Mutex<Counts>,
    /// Connections open now.
    pub connections: AtomicU64,
    /// Connections accepted so far.
    pub accepted: AtomicU64,
    /// Files that are no longer whole.
    pub trouble: Arc<Trouble>,
}

impl Metrics {
    /// Nothing counted yet; trouble is noted there.
    pub fn with(trouble: Arc<Trouble>) -> Metrics {
        Metrics { trouble, ..Metrics::default() }
    }

    /// Counts what was done for a request, which took so long, and whether the wire was given an answer at all.
    pub fn tell(&self, told: &Told, took: Duration, wire: Option<Wire>) {
        let operation = told.operation.map_or("unknown", |o| o.name());
        let seconds = took.as_secs_f64();
        let mut counts = self.lock();
        *counts.requests.entry((operation, told.outcome)).or_default() += 1;
        if let Some(at) = BOUNDS.iter().position(|bound| seconds <= *bound) {
            counts.buckets[at] += 1;
        }
        counts.count += 1;
        counts.seconds += seconds;
        counts.made += u64::from(told.tally.made);
        counts.found += u64::from(told.tally.found);
        counts.failed += u64::from(told.tally.failed);
        counts.mischief += u64::from(told.mischief.is_some());
        counts.lost += u64::from(wire.is_none());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Counts> {
        self.counts.lock().expect("nothing panics while it counts")
    }

    /// Requests by operation and outcome.
    pub fn by_operation(&self) -> BTreeMap<&'static str, BTreeMap<&'static str, u64>> {
        let mut out: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
        for ((operation, outcome), n) in &self.lock().requests {
            out.entry(*operation).or_default().insert(*outcome, *n);
        }
        out
    }

    /// Counts from nothing again; connections stay.
    pub fn reset(&self) {
        *self.lock() = Counts::default();
    }

    /// The Prometheus text format.
    pub fn prometheus(&self, meetings: usize, attendees: u64, replays: u64) -> String {
        let mut out = String::with_capacity(4096);
        let counts = self.lock();
        let mut family = |name: &str, kind: &str, help: &str, rows: &[(String, f64)]| {
            let _ = writeln!(out, "# HELP headcount_mock_{name} {help}\n# TYPE headcount_mock_{name} {kind}");
            for (labels, value) in rows {
                let _ = writeln!(out, "headcount_mock_{name}{labels} {value}");
            }
        };
        let plain = |value: f64| vec![(String::new(), value)];
        let requests: Vec<_> = counts
            .requests
            .iter()
            .map(|((operation, outcome), n)| (format!("{{operation=\"{operation}\",outcome=\"{outcome}\"}}"), *n as f64))
            .collect();
        family("requests_total", "counter", "Requests answered, by operation and outcome.", &requests);
        let attended = [("made", counts.made), ("found", counts.found), ("failed", counts.failed)]
            .map(|(what, n)| (format!("{{end=\"{what}\"}}"), n as f64));
        family("attendees_total", "counter", "Attendees asked for, by what became of them.", &attended);
        family("mischief_total", "counter", "Requests that mischief struck.", &plain(counts.mischief as f64));
        family("lost_replies_total", "counter", "Answers whose caller had gone.", &plain(counts.lost as f64));
        family("replayed_signatures_total", "counter", "Signatures that came again, at the least.", &plain(replays as f64));
        family("meetings", "gauge", "Meetings that exist.", &plain(meetings as f64));
        family("attendees", "gauge", "Attendees that exist.", &plain(attendees as f64));
        family("connections", "gauge", "Open connections.", &plain(self.connections.load(Ordering::Relaxed) as f64));
        family("connections_total", "counter", "Connections accepted.", &plain(self.accepted.load(Ordering::Relaxed) as f64));
        let broken: Vec<_> = self.trouble.list().keys().map(|file| (format!("{{file=\"{file}\"}}"), 1.0)).collect();
        family("broken_files", "gauge", "Files that are no longer whole: a write has failed.", &broken);
        let mut sum = 0;
        let mut rows: Vec<(String, f64)> = Vec::new();
        for (bound, n) in BOUNDS.iter().zip(counts.buckets) {
            sum += n;
            rows.push((format!("_bucket{{le=\"{bound}\"}}"), sum as f64));
        }
        rows.push(("_bucket{le=\"+Inf\"}".to_owned(), counts.count as f64));
        rows.push(("_sum".to_owned(), counts.seconds));
        rows.push(("_count".to_owned(), counts.count as f64));
        family("request_seconds", "histogram", "From a request's arrival to its answer.", &rows);
        out
    }
}
