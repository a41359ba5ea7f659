//! `latency.hlog`, read back.
//!
//! Holds [`Log`]. Called once a run, for its page, a comparison, a merge, a twin. Lines stay encoded until they are wanted, so that an hour's log takes little more room than its
//! file. A line that cannot be read (a kill tears the last one) is counted, and the others are used.

use super::recorder::{Latencies, Metric};
use super::seconds::LONGEST;
use crate::chime::class::Class;
use crate::chime::operation::Operation;
use base64::Engine;
use hdrhistogram::Histogram;
use hdrhistogram::serialization::Deserializer;
use hdrhistogram::serialization::interval_log::{IntervalLogHistogram, IntervalLogIterator, LogEntry};

/// An interval log.
pub struct Log<'a> {
    /// When its second 0 began, in seconds since 1970: its BaseTime, else its StartTime.
    pub began: Option<f64>,
    /// Lines that could not be read.
    pub unread: u64,
    lines: Vec<Line<'a>>,
}

/// A histogram of a second, still encoded.
#[derive(Debug, Clone, Copy)]
pub struct Line<'a> {
    /// The second.
    pub at: u64,
    /// What was measured.
    pub metric: Metric,
    /// Of which stage, call and class, warm-up included; nothing if it is of all that is judged.
    pub part: Option<Part<'a>>,
    encoded: &'a str,
}

/// What a line is of that does not tell of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a> {
    /// The stage in which the call was due.
    pub stage: &'a str,
    /// Which call.
    pub operation: Operation,
    /// How it ended.
    pub class: Class,
}

impl<'a> Part<'a> {
    /// From `STAGE/CALL/CLASS`.
    fn of(text: &'a str) -> Option<Part<'a>> {
        let (rest, class) = text.rsplit_once('/')?;
        let (stage, operation) = rest.rsplit_once('/')?;
        Some(Part { stage, operation: Operation::from_name(operation)?, class: Class::from_name(class)? })
    }
}

impl<'a> Log<'a> {
    /// Reads it.
    pub fn read(bytes: &'a [u8]) -> Log<'a> {
        let mut log = Log { began: None, unread: 0, lines: Vec::new() };
        let mut base = None;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            // One line at a time: the library gives up a whole log for one torn line.
            match IntervalLogIterator::new(line).next() {
                Some(Ok(LogEntry::Interval(interval))) => match Line::of(&interval) {
                    Some(line) => log.lines.push(line),
                    None => log.unread += 1,
                },
                Some(Ok(LogEntry::StartTime(since))) => log.began = log.began.or(Some(since.as_secs_f64())),
                Some(Ok(LogEntry::BaseTime(since))) => base = base.or(Some(since.as_secs_f64())),
                None => {}
                Some(Err(_)) => log.unread += 1,
            }
        }
        log.began = base.or(log.began);
        log
    }

    /// What is judged, a second and a metric a line.
    pub fn judged(&self) -> impl Iterator<Item = Line<'a>> {
        self.lines.iter().copied().filter(|line| line.part.is_none())
    }

    /// The same told apart by stage, call and class, warm-up included; none of a provisioning run.
    pub fn parts(&self) -> impl Iterator<Item = (Line<'a>, Part<'a>)> {
        self.lines.iter().filter_map(|line| Some((*line, line.part?)))
    }

    /// What is judged, all of it.
    pub fn whole(&self) -> Latencies {
        let mut whole = Latencies::default();
        self.judged().for_each(|line| line.add_to(&mut whole));
        whole
    }

    /// Everything that was measured, warm-up included: the parts where there are some, the judged where there are none.
    pub fn everything(&self) -> impl Iterator<Item = Line<'a>> {
        let parts = self.lines.iter().any(|line| line.part.is_some());
        self.lines.iter().copied().filter(move |line| line.part.is_some() == parts)
    }
}

impl<'a> Line<'a> {
    fn of(interval: &IntervalLogHistogram<'a>) -> Option<Line<'a>> {
        let tag = interval.tag()?.as_str();
        let (name, part) = match tag.split_once('/') {
            Some((name, rest)) => (name, Some(Part::of(rest)?)),
            None => (tag, None),
        };
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

    /// Its values with how often each occurred, in ascending order.
    pub fn values(&self) -> Vec<(u64, u64)> {
        let values = |histogram: Histogram<u64>| {
            histogram.iter_recorded().map(|value| (value.value_iterated_to(), value.count_at_value())).collect()
        };
        self.decoded().map(values).unwrap_or_default()
    }

    /// Adds its values.
    pub fn add_to(&self, latencies: &mut Latencies) {
        if let Some(histogram) = self.decoded() {
            latencies.add(self.metric, &histogram);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_told_by_stage_call_and_class() {
        let part = Part { stage: "ramp/up", operation: Operation::CreateAttendee, class: Class::Throttled };
        assert_eq!(Part::of("ramp/up/create-attendee/throttled"), Some(part));
        for other in ["create-attendee/ok", "hold/create-attendee", "hold/create-attendee/fine", "hold/create/ok"] {
            assert_eq!(Part::of(other), None, "{other}");
        }
    }
}
