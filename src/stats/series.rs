//! A second as it is written down: a line of `series.csv`, histograms with their tags for `latency.hlog`, lines of `counts.csv`.
//!
//! Holds [`Row`] and its making. Called by the verbs for each second; the run directory writes what comes out. docs/formats.md
//! describes every column and tag.

use super::cells::{Cells, Filter, Interval};
use super::counts;
use super::recorder::{Classes, Latencies, Metric, Second};
use super::threshold::Tally;
use crate::chime::class::Class;
use hdrhistogram::Histogram;
use std::fmt::Write;

/// A second, ready to be written.
#[derive(Debug, Clone, Default)]
pub struct Row {
    /// Whole seconds from the start of the session.
    pub at: u64,
    /// The cells of its line, but for the first, which is the second itself.
    pub cells: String,
    /// Histograms under their tags.
    pub histograms: Vec<(String, Histogram<u64>)>,
    /// Its lines of `counts.csv`, without the second; none of a provisioning run.
    pub counts: Vec<String>,
}

/// The head of a provisioning run's series.
pub fn columns() -> String {
    let classes: Vec<&str> = Class::ALL.iter().map(|class| class.name()).collect();
    let heads = "second,sent,done,service_p50_us,service_p99_us,response_p50_us,response_p99_us,lag_p99_us";
    format!("{heads},{}", classes.join(","))
}

/// The head of a load run's series: the same, and what a load has besides.
pub fn load_columns() -> String {
    format!("{},stage,planned,in_flight,waiting,queue_p99_us,cpu_ms,retried", columns())
}

fn line(sent: u64, latencies: &Latencies, classes: &Classes) -> String {
    let done = classes.total() - classes.of(Class::Dropped);
    let mut line = format!("{sent},{done}");
    for (metric, q) in
        [(Metric::Service, 0.5), (Metric::Service, 0.99), (Metric::Response, 0.5), (Metric::Response, 0.99), (Metric::Lag, 0.99)]
    {
        let _ = write!(line, ",{}", latencies.of(metric).value_at_quantile(q));
    }
    for class in Class::ALL {
        let _ = write!(line, ",{}", classes.of(*class));
    }
    line
}

impl Row {
    /// Of a second of a provisioning run.
    pub fn of_second(second: &Second) -> Row {
        Row {
            at: second.at,
            cells: line(second.sent, &second.latencies, &second.classes),
            histograms: tagged(&second.latencies, |metric| metric.name().to_owned()),
            counts: Vec::new(),
        }
    }

    /// Of a second of a load run. `stages` are their names; `judged` those that are no warm-up; `stage` the one under way.
    pub fn of_interval(interval: &Interval, stages: &[String], judged: &[u16], stage: &str) -> Row {
        let total = gathered(&interval.cells, Filter { stages: judged, ..Filter::default() });
        let mut histograms = tagged(&total, |metric| metric.name().to_owned());
        histograms.extend(parts(&interval.cells, stages));
        let counts = counts::lines(&interval.cells, stages);
        Row { at: interval.at, cells: load_line(interval, stage), histograms, counts }
    }
}

/// What was measured, told apart by stage, call and class, under the tags of each; `stages` are the stages' names.
pub fn parts(cells: &Cells, stages: &[String]) -> Vec<(String, Histogram<u64>)> {
    let mut histograms = Vec::new();
    for (key, cell) in cells.iter() {
        let stage = stages.get(usize::from(key.stage)).map_or("", String::as_str);
        let tag = |metric: Metric| format!("{}/{stage}/{}/{}", metric.name(), key.operation, key.class);
        histograms.extend(tagged(&cell.latencies, tag));
    }
    histograms
}

/// The metrics that have values, under their tags.
fn tagged(of: &Latencies, tag: impl Fn(Metric) -> String) -> Vec<(String, Histogram<u64>)> {
    let there = |metric: &Metric| !of.of(*metric).is_empty();
    Metric::ALL.into_iter().filter(there).map(|metric| (tag(metric), of.of(metric).clone())).collect()
}

/// The line of a second of a load run, without the second itself.
pub fn load_line(interval: &Interval, stage: &str) -> String {
    let everything = gathered(&interval.cells, Filter::default());
    let mut tally = Tally::default();
    interval.cells.count(Filter::default(), &mut tally);
    let queue = everything.of(Metric::Queue).value_at_quantile(0.99);
    let cpu = interval.cpu.map_or(String::new(), |cpu| cpu.as_millis().to_string());
    let Interval { sent, in_flight, waiting, .. } = *interval;
    let start = line(sent, &everything, &interval.cells.classes());
    format!("{start},{stage},{},{in_flight},{waiting},{queue},{cpu},{}", tally.planned, tally.retried)
}

/// Every metric of what is meant.
pub fn gathered(cells: &Cells, filter: Filter) -> Latencies {
    let mut latencies = Latencies::default();
    Metric::ALL.into_iter().for_each(|metric| cells.gather(filter, metric, &mut latencies));
    latencies
}
