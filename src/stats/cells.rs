//! A run that asks many things, by stage, call and class.
//!
//! Holds [`Cells`], [`Interval`] and [`Filter`]. Filled by a lane with each sample; added up by whoever conducts the run. Memory
//! grows with the kinds of samples there are (a few dozen), never with their number.

use super::recorder::{Classes, Latencies, Metric};
use super::threshold::Tally;
use crate::call::Sample;
use crate::chime::class::Class;
use crate::chime::operation::Operation;
use std::collections::BTreeMap;
use std::time::Duration;

/// What samples are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The stage in which the call was due.
    pub stage: u16,
    /// Which call.
    pub operation: Operation,
    /// How it ended.
    pub class: Class,
}

/// All samples of a kind.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cell {
    /// How many.
    pub count: u64,
    /// Of these, calls that were asked again.
    pub retried: u64,
    /// Their latencies.
    pub latencies: Latencies,
}

/// Samples by kind, and arrivals that became due.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cells {
    cells: BTreeMap<Key, Cell>,
    planned: BTreeMap<(u16, Operation), u64>,
}

/// Which samples are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Filter<'a> {
    /// Of these stages; of all, if it is empty.
    pub stages: &'a [u16],
    /// Of this call.
    pub operation: Option<Operation>,
    /// Of this class: of latencies those of the class, of errors those that are of it.
    pub class: Option<Class>,
}

impl Filter<'_> {
    fn holds(&self, stage: u16, operation: Operation) -> bool {
        (self.stages.is_empty() || self.stages.contains(&stage)) && self.operation.is_none_or(|only| only == operation)
    }
}

impl Cells {
    /// A call has ended; `retried` if it is asked again.
    pub fn record(&mut self, sample: &Sample, retried: bool) {
        let cell = self.cell(sample.stage, sample.operation, sample.class);
        cell.count += 1;
        cell.retried += u64::from(retried);
        cell.latencies.sample(sample);
    }

    /// An arrival was not sent.
    pub fn drop_one(&mut self, stage: u16, operation: Operation) {
        self.cell(stage, operation, Class::Dropped).count += 1;
    }

    /// A token is in hand, this long after it was first due.
    pub fn token(&mut self, stage: u16, operation: Operation, after: Duration) {
        self.cell(stage, operation, Class::Ok).latencies.record(Metric::Token, after);
    }

    /// An arrival has become due.
    pub fn plan(&mut self, stage: u16, operation: Operation) {
        self.add_planned(stage, operation, 1);
    }

    /// So many arrivals have become due.
    pub fn add_planned(&mut self, stage: u16, operation: Operation, n: u64) {
        *self.planned.entry((stage, operation)).or_default() += n;
    }

    /// Adds a cell that was read back.
    pub fn put(&mut self, key: Key, cell: &Cell) {
        let ours = self.cells.entry(key).or_default();
        ours.count += cell.count;
        ours.retried += cell.retried;
        ours.latencies.merge(&cell.latencies);
    }

    /// By stage and call what no latency tells: arrivals that became due, were dropped, and calls that are asked again.
    pub fn unmeasured(&self) -> BTreeMap<(u16, Operation), [u64; 3]> {
        let mut all: BTreeMap<(u16, Operation), [u64; 3]> = BTreeMap::new();
        for (key, planned) in &self.planned {
            all.entry(*key).or_default()[0] += planned;
        }
        for (key, cell) in &self.cells {
            let of = all.entry((key.stage, key.operation)).or_default();
            of[1] += if key.class == Class::Dropped { cell.count } else { 0 };
            of[2] += cell.retried;
        }
        all.retain(|_, of| *of != [0; 3]);
        all
    }

    fn cell(&mut self, stage: u16, operation: Operation, class: Class) -> &mut Cell {
        self.cells.entry(Key { stage, operation, class }).or_default()
    }

    /// The kinds that occurred, in order.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &Cell)> {
        self.cells.iter().filter(|(_, cell)| cell.count > 0).map(|(key, cell)| (*key, cell))
    }

    /// Adds another's counts to these.
    pub fn merge(&mut self, other: &Cells) {
        for (key, theirs) in &other.cells {
            self.put(*key, theirs);
        }
        for ((stage, operation), theirs) in &other.planned {
            self.add_planned(*stage, *operation, *theirs);
        }
    }

    /// Forgets the counts, and keeps the room they took.
    pub fn clear(&mut self) {
        for cell in self.cells.values_mut() {
            (cell.count, cell.retried) = (0, 0);
            cell.latencies.clear();
        }
        self.planned.values_mut().for_each(|planned| *planned = 0);
    }

    /// Adds the latencies of one metric of what is meant.
    pub fn gather(&self, filter: Filter, metric: Metric, into: &mut Latencies) {
        let meant = |key: &Key| filter.holds(key.stage, key.operation) && filter.class.is_none_or(|only| only == key.class);
        self.cells.iter().filter(|(key, _)| meant(key)).for_each(|(_, cell)| into.merge_one(metric, &cell.latencies));
    }

    /// Adds how many of what is meant ended how.
    pub fn count(&self, filter: Filter, into: &mut Tally) {
        for (key, cell) in self.cells.iter().filter(|(key, _)| filter.holds(key.stage, key.operation)) {
            let n = cell.count;
            match key.class {
                Class::Dropped => into.dropped += n,
                Class::Aborted => into.aborted += n,
                _ => into.done += n,
            }
            into.ok += if key.class == Class::Ok { n } else { 0 };
            into.throttled += if key.class == Class::Throttled { n } else { 0 };
            into.retried += cell.retried;
            let error = !matches!(key.class, Class::Ok | Class::Dropped);
            into.errors += if error && filter.class.is_none_or(|only| only == key.class) { n } else { 0 };
        }
        let planned = self.planned.iter().filter(|((stage, operation), _)| filter.holds(*stage, *operation));
        into.planned += planned.map(|(_, n)| n).sum::<u64>();
    }

    /// How often each class occurred.
    pub fn classes(&self) -> Classes {
        let mut classes = Classes::default();
        self.iter().for_each(|(key, cell)| classes.add(key.class, cell.count));
        classes
    }
}

/// A second of a run, as one lane or all of them saw it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Interval {
    /// Whole seconds from the start; all of it lies within this second, unless whoever takes intervals was late.
    pub at: u64,
    /// Requests handed to the transport in it, those about meetings left out.
    pub sent: u64,
    /// What became due and what ended in it.
    pub cells: Cells,
    /// Calls in flight at its end.
    pub in_flight: u64,
    /// Arrivals that waited for a slot at its end.
    pub waiting: u64,
    /// What the thread has worked since its start, where that is known.
    pub cpu: Option<Duration>,
}

impl Interval {
    /// Adds another lane's view of the same second.
    pub fn merge(&mut self, other: &Interval) {
        self.sent += other.sent;
        self.cells.merge(&other.cells);
        self.in_flight += other.in_flight;
        self.waiting += other.waiting;
        self.cpu = self.cpu.zip(other.cpu).map(|(a, b)| a + b).or(self.cpu).or(other.cpu);
    }

    /// Makes it the empty view of another second.
    pub fn restart(&mut self, at: u64) {
        (self.at, self.sent, self.in_flight, self.waiting, self.cpu) = (at, 0, 0, 0, None);
        self.cells.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn samples() -> impl Strategy<Value = Vec<(Sample, bool)>> {
        let ms = |n: u64| Duration::from_millis(n);
        let class = prop::sample::select(vec![Class::Ok, Class::Throttled, Class::Aborted, Class::Reset]);
        let operation = prop::sample::select(vec![Operation::CreateAttendee, Operation::GetAttendee]);
        let one = (0u16..3, operation, class, [0u64..5000, 0u64..500, 0u64..500, 0u64..5000], any::<bool>()).prop_map(
            move |(stage, operation, class, [due, lag, queue, service], retried)| {
                let (ready, sent, done) = (due + lag, due + lag + queue, due + lag + queue + service);
                (Sample { stage, operation, due: ms(due), ready: ms(ready), sent: ms(sent), done: ms(done), class }, retried)
            },
        );
        prop::collection::vec(one, 0..60)
    }

    proptest! {
        /// Every field is added: in whatever order and grouping, the sum is that of all samples in one.
        #[test]
        fn merging_is_adding(all in samples(), cut in 0usize..60, stage in 0u16..3) {
            let fill = |list: &[(Sample, bool)]| {
                let mut cells = Cells::default();
                for (sample, retried) in list {
                    cells.plan(sample.stage, sample.operation);
                    cells.record(sample, *retried);
                    cells.token(sample.stage, sample.operation, sample.response());
                }
                cells
            };
            let cut = cut.min(all.len());
            let (whole, first, second) = (fill(&all), fill(&all[..cut]), fill(&all[cut..]));
            let (mut one_way, mut other_way) = (first.clone(), second.clone());
            one_way.merge(&second);
            other_way.merge(&first);
            prop_assert_eq!(&one_way, &other_way);
            prop_assert_eq!(&one_way, &whole);
            prop_assert_eq!(whole.classes().total(), all.len() as u64);
            let mut tally = Tally::default();
            whole.count(Filter { stages: &[stage], ..Filter::default() }, &mut tally);
            let of_stage: Vec<_> = all.iter().filter(|(sample, _)| sample.stage == stage).collect();
            prop_assert_eq!((tally.done + tally.aborted, tally.planned), (of_stage.len() as u64, of_stage.len() as u64));
            let ok = of_stage.iter().filter(|(sample, _)| sample.class == Class::Ok).count() as u64;
            prop_assert_eq!((tally.ok, tally.errors), (ok, of_stage.len() as u64 - ok));
            let mut cleared = whole;
            cleared.clear();
            prop_assert_eq!(cleared.iter().count(), 0);
        }
    }
}
