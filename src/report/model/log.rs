//! `latency.hlog`, read back.
//!
//! Holds [`Log`]. Called once a run. Lines stay encoded until they are wanted, so that an hour's log takes little more room than its
//! file. A line that cannot be read (a kill tears the last one) is counted, and the others are used.

use super::seconds::LONGEST;
use crate::stats::recorder::{Latencies, Metric};
use base64::Engine;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogHistogram, IntervalLogIterator, LogEntry};

/// An interval log.
pub struct Log<'a> {
    /// When it began, in seconds since 1970.
    pub began: Option<f64>,
    /// Lines that could not be read.
    pub unread: u64,
    lines: Vec<Line<'a>>,
}

/// A histogram of a second, still encoded.
#[derive(Clone, Copy)]
pub struct Line<'a> {
    /// The second.
    pub at: u64,
    /// What was measured.
    pub metric: Metric,
    /// Whether it tells of one stage, call and class, warm-up included, and not of what is judged.
    pub part: bool,
    encoded: &'a str,
}

impl<'a> Log<'a> {
    /// Reads it.
    pub fn read(bytes: &'a [u8]) -> Log<'a> {
        let mut log = Log { began: None, unread: 0, lines: Vec::new() };
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            // One line at a time: the library gives up a whole log for one torn line.
            match IntervalLogIterator::new(line).next() {
                Some(Ok(LogEntry::Interval(interval))) => match Line::of(&interval) {
                    Some(line) => log.lines.push(line),
                    None => log.unread += 1,
                },
                Some(Ok(LogEntry::StartTime(since))) => log.began = log.began.or(Some(since.as_secs_f64())),
                Some(Ok(LogEntry::BaseTime(_))) | None => {}
                Some(Err(_)) => log.unread += 1,
            }
        }
        log
    }

    /// What is judged, all of it.
    pub fn whole(&self) -> Latencies {
        let mut whole = Latencies::default();
        self.lines.iter().filter(|line| !line.part).for_each(|line| line.add_to(&mut whole));
        whole
    }

    /// Everything that was measured, warm-up included: the parts where there are some, the judged where there are none.
    pub fn everything(&self) -> impl Iterator<Item = Line<'a>> {
        let parts = self.lines.iter().any(|line| line.part);
        self.lines.iter().copied().filter(move |line| line.part == parts)
    }
}

impl<'a> Line<'a> {
    fn of(interval: &IntervalLogHistogram<'a>) -> Option<Line<'a>> {
        let tag = interval.tag()?.as_str();
        let (name, part) = tag.split_once('/').map_or((tag, false), |(name, _)| (name, true));
        let (at, encoded) = (interval.start_timestamp().as_secs(), interval.encoded_histogram());
        if at > LONGEST {
            return None;
        }
        let line = Line { at, metric: Metric::from_name(name)?, part, encoded };
        line.decoded().map(|_| line)
    }

    fn decoded(&self) -> Option<Histogram<u64>> {
        let bytes = base64::engine::general_purpose::STANDARD.decode(self.encoded).ok()?;
        Deserializer::new().deserialize(&mut bytes.as_slice()).ok()
    }

    /// Adds its values.
    pub fn add_to(&self, latencies: &mut Latencies) {
        if let Some(histogram) = self.decoded() {
            latencies.add(self.metric, &histogram);
        }
    }
}
