//! A latency as it was counted: values, and how often each came.
//!
//! Holds [`Counted`]. Made of a histogram that was recorded, or read from a file; drawn from by `draw`. It is the inverse of the
//! recorded distribution, exact to the histogram's own precision: nothing between two values is made up, and nothing beyond the last.

use super::BadBehaviour;
use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// The longest latency told apart, in microseconds: an hour.
const LONGEST_US: u64 = 3_600_000_000;

/// Microseconds, rising, and how often each was counted: `[[1200, 3], [1250, 1]]`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Counted(Vec<(u64, u64)>);

impl Counted {
    /// What a histogram holds, each value as the highest that it cannot tell from it; `us` says how many microseconds one is.
    pub fn of(histogram: &Histogram<u64>, us: impl Fn(u64) -> u64) -> Counted {
        let mut sum = BTreeMap::new();
        for value in histogram.iter_recorded() {
            *sum.entry(us(value.value_iterated_to()).min(LONGEST_US)).or_default() += value.count_at_value();
        }
        Counted(sum.into_iter().collect())
    }

    /// All of these together.
    pub fn sum<'a>(all: impl IntoIterator<Item = &'a Counted>) -> Counted {
        let mut sum = BTreeMap::<u64, u64>::new();
        for (us, count) in all.into_iter().flat_map(|counted| &counted.0) {
            let entry = sum.entry(*us).or_default();
            *entry = entry.saturating_add(*count);
        }
        Counted(sum.into_iter().collect())
    }

    /// How many values it stands on.
    pub fn total(&self) -> u64 {
        self.0.iter().map(|(_, count)| *count).fold(0, u64::saturating_add)
    }

    /// The value at a quantile, 0 to 1; nothing where nothing was counted.
    pub fn at(&self, quantile: f64) -> Option<Duration> {
        let wanted = (quantile.clamp(0.0, 1.0) * self.total() as f64).ceil().max(1.0);
        let mut below = 0u64;
        let reached = self.0.iter().find(|(_, count)| {
            below = below.saturating_add(*count);
            below as f64 >= wanted
        });
        reached.or(self.0.last()).map(|(us, _)| Duration::from_micros(*us))
    }

    /// The mean.
    pub fn mean(&self) -> Duration {
        let sum: f64 = self.0.iter().map(|(us, count)| *us as f64 * *count as f64).sum();
        Duration::from_secs_f64(sum / 1e6 / (self.total() as f64).max(1.0))
    }

    /// Values with how many were counted up to each, for drawing.
    pub(super) fn ranks(&self) -> Vec<(u64, Duration)> {
        let mut below = 0u64;
        let rank = |(us, count): &(u64, u64)| {
            below = below.saturating_add(*count);
            (below, Duration::from_micros(*us))
        };
        self.0.iter().map(rank).collect()
    }

    /// Checks what came from a file.
    pub fn check(&self) -> Result<(), BadBehaviour> {
        let rising = self.0.windows(2).all(|pair| pair[0].0 < pair[1].0);
        let sane = self.0.iter().all(|(us, count)| *us <= LONGEST_US && *count > 0);
        let countable = self.0.iter().try_fold(0u64, |sum, (_, count)| sum.checked_add(*count)).is_some();
        if rising && sane && countable && !self.0.is_empty() {
            return Ok(());
        }
        let rule =
            "latency: counts are pairs of microseconds, rising and at most an hour, and how often each came, at least once";
        Err(BadBehaviour(rule.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Quantiles are the histogram's own; what is added up in parts is what is added up at once.
        #[test]
        fn a_histogram_keeps_its_quantiles(values in prop::collection::vec(1u64..10_000_000, 1..300), cut in 0usize..300) {
            let of = |values: &[u64]| {
                let mut histogram = Histogram::<u64>::new_with_bounds(1, LONGEST_US, 3).unwrap();
                values.iter().for_each(|value| histogram.record(*value).unwrap());
                histogram
            };
            let (whole, cut) = (of(&values), cut.min(values.len()));
            let counted = Counted::of(&whole, |us| us);
            prop_assert!(counted.check().is_ok());
            prop_assert_eq!(counted.total(), values.len() as u64);
            for quantile in [0.01, 0.5, 0.9, 0.99, 1.0] {
                let want = Duration::from_micros(whole.value_at_quantile(quantile));
                prop_assert_eq!(counted.at(quantile), Some(want));
            }
            let parts = [&values[..cut], &values[cut..]].map(|part| Counted::of(&of(part), |us| us));
            prop_assert_eq!(Counted::sum(&parts), counted);
        }
    }

    #[test]
    fn what_cannot_have_been_counted_is_refused() {
        let read = |text: &str| serde_json::from_str::<Counted>(text).unwrap();
        assert_eq!(read("[[1000,3],[2000,1]]").mean(), Duration::from_micros(1250));
        assert_eq!(Counted::default().at(0.5), None);
        let large = format!("[[1,{0}],[2,{0}]]", u64::MAX / 2 + 1);
        for bad in ["[]", "[[2,1],[1,1]]", "[[1,1],[1,1]]", "[[1,0]]", "[[3600000001,1]]", &large] {
            assert!(read(bad).check().is_err(), "{bad}");
        }
    }
}
