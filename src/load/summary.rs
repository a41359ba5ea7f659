//! `summary.json` of a load run.
//!
//! Holds [`Summary`], version 1 of the format in docs/formats.md, and its making. Called once a run. It holds no id of a person and no
//! token.

use super::conductor::{Cause, Conducted, judged};
use super::errand::Counts;
use super::law::Ledger;
use super::verdict::{Judgement, Threshold};
use crate::chime::operation::Operation;
use crate::client::wire_io::TrafficNow;
use crate::scenario::load::Stage;
use crate::stats::cells::{Cells, Filter};
use crate::stats::recorder::{Classes, Latencies, Metric};
use crate::stats::samples::Samples;
use crate::stats::series::gathered;
use crate::stats::threshold::Tally;
use crate::stats::told::{ClassCount, Percentiles};
use std::collections::BTreeMap;
use std::time::Duration;

/// The file.
#[derive(Debug, serde::Serialize)]
pub struct Summary {
    /// Of this format.
    pub version: u32,
    /// What kind of run.
    pub kind: &'static str,
    /// The scenario's name.
    pub name: String,
    /// `open`, `closed`, `trace` or `shared`.
    pub model: &'static str,
    /// `pass`, `fail` or `invalid`.
    pub verdict: &'static str,
    /// Why.
    pub reasons: Vec<String>,
    /// How it ended: `finished`, or what ended it before its time.
    pub ending: String,
    /// Seconds of the load, its grace included.
    pub seconds: f64,
    /// planned + retries = done + dropped + aborted + unissued; sent = done + aborted. All stages.
    pub counts: CallCounts,
    /// Ends of calls by class; together, done + aborted + dropped.
    pub classes: BTreeMap<&'static str, u64>,
    /// Calls a second.
    pub rate: Rates,
    /// Without warm-up, in milliseconds.
    pub latency_ms: BTreeMap<&'static str, Percentiles>,
    /// Every stage, warm-up included.
    pub stages: Vec<Part>,
    /// Every call that was made, without warm-up.
    pub operations: Vec<Part>,
    /// What it was held to.
    pub thresholds: Vec<Threshold>,
    /// The classes that are no `ok`, with codes, messages and request ids.
    pub errors: BTreeMap<&'static str, ClassCount>,
    /// Calls about meetings, which are in none of the numbers above.
    pub meetings: MeetingCounts,
    /// What went over the wire, calls about meetings included; absent where nothing counts it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traffic: Option<TrafficNow>,
    /// The generator itself.
    pub generator: Generator,
    /// What is worth knowing beside the numbers.
    pub notes: Vec<String>,
}

/// The terms of the law.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct CallCounts {
    planned: u64,
    retries: u64,
    unissued: u64,
    sent: u64,
    done: u64,
    dropped: u64,
    aborted: u64,
}

/// Calls a second.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Rates {
    /// Planned calls over the planned time; `null` where none are planned.
    pub planned: Option<f64>,
    /// Calls that ended over the time it took.
    pub achieved: f64,
}

/// A stage, or a call.
#[derive(Debug, serde::Serialize)]
pub struct Part {
    /// Its name.
    pub name: String,
    /// Whether it is kept and not judged.
    pub warmup: bool,
    /// Calls that became due in it.
    pub planned: u64,
    /// Of those, how many ended, were dropped, were given up.
    pub done: u64,
    /// Dropped.
    pub dropped: u64,
    /// Given up.
    pub aborted: u64,
    /// Calls a second; of a call in a mix, over the stages that are judged.
    pub rate: Rates,
    /// By class.
    pub classes: BTreeMap<&'static str, u64>,
    /// In milliseconds.
    pub latency_ms: BTreeMap<&'static str, Percentiles>,
}

/// Calls about meetings.
#[derive(Debug, serde::Serialize)]
pub struct MeetingCounts {
    made: u64,
    renewed: u64,
    deleted: u64,
    calls: u64,
    classes: BTreeMap<&'static str, u64>,
    /// Meetings of this run that may still be there.
    left_over: Vec<String>,
}

/// The generator itself.
#[derive(Debug, serde::Serialize)]
pub struct Generator {
    /// Threads that asked.
    pub lanes: u32,
    /// The share of the time they worked, 0 to 1; `null` where it cannot be known.
    pub cpu_share: Option<f64>,
    /// Microseconds of CPU a call, of those threads.
    pub cpu_us_a_call: Option<f64>,
    /// The most memory that the process held, in bytes; `null` where it cannot be known.
    pub memory: Option<u64>,
    /// The 99th percentile of its own lateness beyond which the run would be invalid, in milliseconds.
    pub tolerable_lag_ms: f64,
}

/// When a run was under way, from the beginning of the first of those that are told as one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// How much later than the first it began.
    pub offset: Duration,
    /// How long it lasted, its grace included.
    pub lasted: Duration,
}

/// What a summary is made of.
pub struct Parts<'a> {
    /// The scenario's name.
    pub name: &'a str,
    /// Its model.
    pub model: &'static str,
    /// Its stages.
    pub stages: &'a [Stage],
    /// The run, added up.
    pub conducted: &'a Conducted,
    /// Its ledger.
    pub ledger: Ledger,
    /// What went wrong.
    pub samples: &'a Samples,
    /// What was done about meetings.
    pub meetings: &'a Counts,
    /// Meetings that may still be there.
    pub leftovers: Vec<String>,
    /// The verdict.
    pub judgement: Judgement,
    /// What ended it, if a lane did.
    pub ending: String,
    /// When it was under way: one stretch; of several runs that are told as one, a stretch each.
    pub spans: &'a [Span],
    /// The wire.
    pub traffic: Option<TrafficNow>,
    /// The generator.
    pub generator: Generator,
    /// Notes.
    pub notes: Vec<String>,
}

impl Summary {
    /// Sums a run up.
    pub fn of(parts: Parts) -> Summary {
        let Parts { name, model, stages, conducted, ledger, samples, meetings, judgement, spans, .. } = parts;
        let cells = &conducted.cells;
        let (judged, classes) = (judged(stages), cells.classes());
        let lasted = spans.iter().map(|span| span.offset + span.lasted).max().unwrap_or_default();
        let apart = spans.iter().map(|span| span.offset).max().unwrap_or_default();
        let lasts = stages.iter().map(|stage| stage.duration).sum::<Duration>() + apart;
        let planned = matches!(model, "open" | "trace");
        let under_way = under_way(stages, spans);
        let of_stage = |((stage, (entry, exit)), index): ((&Stage, &(Duration, Duration)), u16)| {
            let filter = Filter { stages: &[index], ..Filter::default() };
            Part::of(cells, filter, stage.name.clone(), stage.warmup, planned, *exit - *entry)
        };
        let of_call = |operation: &Operation| {
            let filter = Filter { stages: &judged, operation: Some(*operation), ..Filter::default() };
            let over = together(stages.iter().zip(&under_way).filter(|(stage, _)| !stage.warmup).map(|(_, when)| *when));
            Part::of(cells, filter, operation.name().to_owned(), false, planned, over)
        };
        let calls = Operation::ALL.iter().map(of_call).filter(|part| part.planned + part.done + part.aborted > 0);
        let Ledger { planned: wanted, retries, sent, done, dropped, aborted, unissued, .. } = ledger;
        let mut errors = ClassCount::all(&classes, samples);
        errors.remove("ok");
        Summary {
            version: 1,
            kind: "load",
            name: name.to_owned(),
            model,
            verdict: judgement.outcome.name(),
            reasons: judgement.reasons,
            ending: parts.ending,
            seconds: round(lasted.as_secs_f64()),
            counts: CallCounts { planned: wanted, retries, unissued, sent, done, dropped, aborted },
            classes: named(&classes),
            rate: Rates {
                planned: planned.then(|| per_second(wanted, lasts)),
                achieved: per_second(done, lasted.max(Duration::from_nanos(1))),
            },
            latency_ms: latencies(&gathered(cells, Filter { stages: &judged, ..Filter::default() })),
            stages: stages.iter().zip(&under_way).zip(0u16..).map(of_stage).collect(),
            operations: calls.collect(),
            thresholds: judgement.thresholds,
            errors,
            meetings: MeetingCounts {
                made: meetings.made,
                renewed: meetings.renewed,
                deleted: meetings.deleted,
                calls: meetings.calls.total(),
                classes: named(&meetings.calls),
                left_over: parts.leftovers,
            },
            traffic: parts.traffic,
            generator: parts.generator,
            notes: parts.notes,
        }
    }
}

/// From when to when each stage was under way, in a run that may have ended before its time; of several runs, from the first that came to it to the last that left it.
fn under_way(stages: &[Stage], spans: &[Span]) -> Vec<(Duration, Duration)> {
    let stage = |start: &mut Duration, stage: &Stage| {
        let (from, to) = (*start, *start + stage.duration);
        *start = to;
        let came = || spans.iter().filter(|span| span.lasted > from);
        let entry = came().map(|span| span.offset + from).min();
        let exit = came().map(|span| span.offset + span.lasted.min(to)).max();
        Some(entry.zip(exit).unwrap_or_default())
    };
    stages.iter().scan(Duration::ZERO, stage).collect()
}

/// How long stages were under way together; those of runs that began apart overlap. They come in the order in which they begin.
fn together(stages: impl Iterator<Item = (Duration, Duration)>) -> Duration {
    let mut until = Duration::ZERO;
    let more = |(entry, exit): (Duration, Duration)| {
        let more = exit.saturating_sub(entry.max(until));
        until = until.max(exit);
        more
    };
    stages.map(more).sum()
}

impl Part {
    fn of(cells: &Cells, filter: Filter, name: String, warmup: bool, planned: bool, over: Duration) -> Part {
        let mut tally = Tally::default();
        cells.count(filter, &mut tally);
        let here = |stage: u16, operation: Operation| {
            filter.stages.contains(&stage) && filter.operation.is_none_or(|only| only == operation)
        };
        let mut classes = Classes::default();
        cells.iter().filter(|(key, _)| here(key.stage, key.operation)).for_each(|(key, cell)| classes.add(key.class, cell.count));
        Part {
            name,
            warmup,
            planned: tally.planned,
            done: tally.done,
            dropped: tally.dropped,
            aborted: tally.aborted,
            rate: Rates { planned: planned.then(|| per_second(tally.planned, over)), achieved: per_second(tally.done, over) },
            classes: named(&classes),
            latency_ms: latencies(&gathered(cells, filter)),
        }
    }
}

impl Cause {
    /// A word for files.
    pub fn name(&self) -> String {
        match self {
            Cause::Signal => "interrupted".to_owned(),
            Cause::Threshold(check) => format!("threshold: {check}"),
            Cause::KillSwitch => "kill-switch".to_owned(),
            Cause::MaxDuration => "max-duration".to_owned(),
            Cause::Disk(why) => format!("disk: {why}"),
        }
    }
}

fn named(classes: &Classes) -> BTreeMap<&'static str, u64> {
    classes.iter().map(|(class, count)| (class.name(), count)).collect()
}

fn latencies(of: &Latencies) -> BTreeMap<&'static str, Percentiles> {
    let there = |metric: &Metric| *metric != Metric::Token || !of.of(*metric).is_empty();
    Metric::ALL.into_iter().filter(there).map(|metric| (metric.name(), Percentiles::of(of, metric))).collect()
}

fn per_second(n: u64, over: Duration) -> f64 {
    if over.is_zero() { 0.0 } else { round(n as f64 / over.as_secs_f64()) }
}

fn round(number: f64) -> f64 {
    (number * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stage_is_under_way_from_the_first_that_came_to_it_to_the_last_that_left_it() {
        let s = Duration::from_secs;
        let stage = |name: &str| Stage { name: name.to_owned(), warmup: false, duration: s(50) };
        let stages = [stage("one"), stage("two")];
        let over = |spans: &[(u64, u64)]| {
            let spans: Vec<Span> = spans.iter().map(|(offset, lasted)| Span { offset: s(*offset), lasted: s(*lasted) }).collect();
            under_way(&stages, &spans).iter().map(|(entry, exit)| (*exit - *entry).as_secs()).collect::<Vec<_>>()
        };
        // Alone: whole, with a grace, and ended before its time.
        assert_eq!(
            [over(&[(0, 100)]), over(&[(0, 130)]), over(&[(0, 60)]), over(&[(0, 50)])],
            [[50, 50], [50, 50], [50, 10], [50, 0]]
        );
        // The last to start ends first, and never comes to the second stage.
        assert_eq!(over(&[(0, 100), (50, 10)]), [60, 50]);
        assert_eq!(over(&[(0, 100), (2, 100)]), [52, 52]);
        assert_eq!(over(&[(0, 10), (20, 100)]), [70, 50]);
        assert_eq!(over(&[]), [0, 0]);
        // Calls of a mix are over the stages together, which overlap.
        let spans = [(0, 100), (2, 100)].map(|(offset, lasted)| Span { offset: s(offset), lasted: s(lasted) });
        assert_eq!(together(under_way(&stages, &spans).into_iter()), s(102));
    }
}
