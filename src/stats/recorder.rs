//! Histograms and counts of a run, and of its current second.
//!
//! Holds [`Metric`], [`Recorder`] and [`Second`]. Called once a sample and once a second. Memory does not grow with the run: a
//! histogram of 1 µs to an hour at three significant digits, one a metric, twice (the whole, and the second under way).

use crate::call::Sample;
use crate::chime::class::Class;
use hdrhistogram::Histogram;
use std::sync::LazyLock;
use std::time::Duration;

/// The longest latency told apart, in microseconds; longer ones count as this.
const LONGEST_US: u64 = 3_600_000_000;

/// What is measured of each attempt, and of each seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Metric {
    /// done − due.
    Response,
    /// done − sent.
    Service,
    /// sent − ready.
    Queue,
    /// ready − due.
    Lag,
    /// Token in hand − first due, backoff and all attempts included; once a seat.
    Token,
}

impl Metric {
    /// All of them, in the order they are written.
    pub const ALL: [Metric; 5] = [Metric::Response, Metric::Service, Metric::Queue, Metric::Lag, Metric::Token];

    /// The metric of this name.
    pub fn from_name(name: &str) -> Option<Metric> {
        Metric::ALL.into_iter().find(|metric| metric.name() == name)
    }

    /// The name in files and tags.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Response => "response",
            Metric::Service => "service",
            Metric::Queue => "queue",
            Metric::Lag => "lag",
            Metric::Token => "token",
        }
    }
}

/// One histogram a metric, in microseconds; made when there is something to hold.
#[derive(Debug, Clone, Default)]
pub struct Latencies([Option<Box<Histogram<u64>>>; 5]);

/// What a metric has that nothing was recorded of.
static EMPTY: LazyLock<Histogram<u64>> = LazyLock::new(histogram);

fn histogram() -> Histogram<u64> {
    // Bounds are set, because a histogram that grows clamps what `saturating_record` is given while it is small.
    Histogram::new_with_bounds(1, LONGEST_US, 3).expect("1 µs to an hour at 3 digits is a valid range")
}

impl Latencies {
    /// The histogram of a metric.
    pub fn of(&self, metric: Metric) -> &Histogram<u64> {
        self.0[metric as usize].as_deref().unwrap_or(&EMPTY)
    }

    /// One value of a metric.
    pub fn record(&mut self, metric: Metric, value: Duration) {
        let us = u64::try_from(value.as_micros()).unwrap_or(LONGEST_US);
        self.0[metric as usize].get_or_insert_with(|| Box::new(histogram())).saturating_record(us.clamp(1, LONGEST_US));
    }

    /// The four values of a sample.
    pub fn sample(&mut self, sample: &Sample) {
        self.record(Metric::Response, sample.response());
        self.record(Metric::Service, sample.service());
        self.record(Metric::Queue, sample.queue());
        self.record(Metric::Lag, sample.lag());
    }

    /// Adds another's counts to these.
    pub fn merge(&mut self, other: &Latencies) {
        Metric::ALL.into_iter().for_each(|metric| self.merge_one(metric, other));
    }

    /// The same for one metric.
    pub fn merge_one(&mut self, metric: Metric, other: &Latencies) {
        if let Some(theirs) = other.0[metric as usize].as_deref().filter(|theirs| !theirs.is_empty()) {
            let ours = self.0[metric as usize].get_or_insert_with(|| Box::new(histogram()));
            ours.add(theirs).expect("all have the same bounds");
        }
    }

    /// Adds a histogram that was read back to one metric; one of other bounds, with values beyond these, is left out and told.
    pub fn add(&mut self, metric: Metric, theirs: &Histogram<u64>) -> bool {
        self.0[metric as usize].get_or_insert_with(|| Box::new(histogram())).add(theirs).is_ok()
    }

    /// Forgets the values, and keeps the room they took.
    pub fn clear(&mut self) {
        self.0.iter_mut().flatten().filter(|histogram| !histogram.is_empty()).for_each(|histogram| histogram.reset());
    }
}

/// The same counts are the same, whether or not room was made for them.
impl PartialEq for Latencies {
    fn eq(&self, other: &Latencies) -> bool {
        Metric::ALL.into_iter().all(|metric| self.of(metric) == other.of(metric))
    }
}

/// Counts by class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Classes([u64; Class::ALL.len()]);

impl Default for Classes {
    fn default() -> Self {
        Classes([0; Class::ALL.len()])
    }
}

impl Classes {
    /// One more of this class.
    pub fn count(&mut self, class: Class) {
        self.0[class as usize] += 1;
    }

    /// So many more of this class.
    pub fn add(&mut self, class: Class, n: u64) {
        self.0[class as usize] += n;
    }

    /// How many of this class.
    pub fn of(&self, class: Class) -> u64 {
        self.0[class as usize]
    }

    /// The classes that occurred, with their counts.
    pub fn iter(&self) -> impl Iterator<Item = (Class, u64)> + '_ {
        Class::ALL.iter().map(|c| (*c, self.of(*c))).filter(|(_, n)| *n > 0)
    }

    /// All together.
    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Adds another's counts to these.
    pub fn merge(&mut self, other: &Classes) {
        self.0.iter_mut().zip(other.0).for_each(|(ours, theirs)| *ours += theirs);
    }
}

/// One second of a run, for `series.csv` and the histogram log.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Second {
    /// Whole seconds from the start of the run.
    pub at: u64,
    /// Requests handed to the transport in it.
    pub sent: u64,
    /// What ended in it.
    pub classes: Classes,
    /// Latencies of what ended in it.
    pub latencies: Latencies,
}

/// Records samples; gives back each second once it is over, and the whole at the end.
#[derive(Debug, Clone, Default)]
pub struct Recorder {
    whole: Latencies,
    classes: Classes,
    sent: u64,
    second: Second,
}

impl Recorder {
    /// A request was handed to the transport.
    pub fn sent(&mut self) {
        self.sent += 1;
        self.second.sent += 1;
    }

    /// An attempt has ended. The caller has rolled the seconds up to `now`.
    pub fn record(&mut self, sample: &Sample) {
        self.whole.sample(sample);
        self.second.latencies.sample(sample);
        self.classes.count(sample.class);
        self.second.classes.count(sample.class);
    }

    /// A seat has its token, this long after its first attempt was due.
    pub fn token(&mut self, after: Duration) {
        self.whole.record(Metric::Token, after);
        self.second.latencies.record(Metric::Token, after);
    }

    /// The second under way, if it is over at `now` and anything happened in it.
    pub fn roll(&mut self, now: Duration) -> Option<Second> {
        let at = now.as_secs();
        if at <= self.second.at {
            return None;
        }
        let over = self.take_second();
        self.second.at = at;
        over
    }

    /// The second under way as it stands, if anything happened in it.
    pub fn take_second(&mut self) -> Option<Second> {
        if self.second.sent == 0 && self.second.classes.total() == 0 {
            return None;
        }
        let over = self.second.clone();
        self.second.latencies.clear();
        self.second.classes = Classes::default();
        self.second.sent = 0;
        Some(over)
    }

    /// Latencies of the whole run.
    pub fn latencies(&self) -> &Latencies {
        &self.whole
    }

    /// Ends of the whole run by class.
    pub fn classes(&self) -> &Classes {
        &self.classes
    }

    /// Requests handed to the transport.
    pub fn requests(&self) -> u64 {
        self.sent
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(due: u64, ready: u64, sent: u64, done: u64) -> Sample {
        let us = Duration::from_micros;
        Sample {
            stage: 0,
            operation: crate::chime::operation::Operation::CreateAttendee,
            due: us(due),
            ready: us(due + ready),
            sent: us(due + ready + sent),
            done: us(due + ready + sent + done),
            class: Class::Ok,
        }
    }

    proptest! {
        /// Adding what seconds saw gives the whole, in any order and grouping.
        #[test]
        fn seconds_add_up_to_the_whole(values in prop::collection::vec((0u64..5_000_000, 0u64..9_000, 0u64..900_000, 0u64..70_000_000), 1..60), cut in 0usize..60) {
            let mut recorder = Recorder::default();
            let mut seconds = Vec::new();
            let mut sorted = values.clone();
            sorted.sort_unstable();
            for (due, ready, sent, done) in sorted {
                seconds.extend(recorder.roll(Duration::from_micros(due)));
                recorder.sent();
                recorder.record(&sample(due, ready, sent, done));
            }
            seconds.extend(recorder.take_second());
            let add = |parts: &[Second]| parts.iter().fold((Latencies::default(), Classes::default(), 0), |(mut l, mut c, n), s| {
                l.merge(&s.latencies);
                c.merge(&s.classes);
                (l, c, n + s.sent)
            });
            let (left, right) = seconds.split_at(cut.min(seconds.len()));
            let (mut l, mut c, n) = add(right);
            let (l2, c2, n2) = add(left);
            l.merge(&l2);
            c.merge(&c2);
            prop_assert_eq!(&l, recorder.latencies());
            prop_assert_eq!(&c, recorder.classes());
            prop_assert_eq!(n + n2, recorder.requests());
        }
    }
}
