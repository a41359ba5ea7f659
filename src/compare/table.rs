//! The latencies of a run, block by block, so that a percentile of any draw of blocks is found at once.
//!
//! Holds [`Table`]. Called for each draw. For every value it has how many of each block lie at or below it: a draw's percentile is a
//! binary search, and no histogram is added up.

use super::blocks::Blocks;

/// Values, and cumulative counts by block.
pub struct Table {
    values: Vec<u32>,
    /// `cumulative[v * blocks + b]`: of block b, how many lie at or below value v.
    cumulative: Vec<u32>,
    blocks: usize,
}

impl Table {
    /// Sorts seconds into their blocks.
    pub fn of(counts: &[Vec<(u32, u32)>], blocks: &Blocks) -> Table {
        let mut values: Vec<u32> = counts.iter().flatten().map(|(value, _)| *value).collect();
        values.sort_unstable();
        values.dedup();
        values.shrink_to_fit();
        let mut table = Table { cumulative: vec![0; values.len() * blocks.count()], blocks: blocks.count(), values };
        for (second, block) in counts.iter().zip(blocks.of()) {
            for (value, count) in second {
                let place = table.values.partition_point(|other| other < value) * table.blocks + block;
                // Four thousand million calls of one latency in one block do not occur.
                table.cumulative[place] = table.cumulative[place].saturating_add(*count);
            }
        }
        for place in table.blocks..table.cumulative.len() {
            table.cumulative[place] = table.cumulative[place].saturating_add(table.cumulative[place - table.blocks]);
        }
        table
    }

    /// All values, however they are drawn once.
    pub fn total(&self) -> u64 {
        self.cumulative.iter().rev().take(self.blocks).map(|n| u64::from(*n)).sum()
    }

    /// The smallest value that so large a share of all lie at or below, if block n occurs `weights[n]` times.
    pub fn quantile(&self, weights: &[u32], q: f64) -> Option<u32> {
        let below = |v: usize| -> u64 {
            let row = &self.cumulative[v * self.blocks..(v + 1) * self.blocks];
            row.iter().zip(weights).map(|(count, weight)| u64::from(*count) * u64::from(*weight)).sum()
        };
        let all = below(self.values.len().checked_sub(1)?);
        let rank = (q * all as f64).ceil().max(1.0) as u64;
        let (mut low, mut high) = (0, self.values.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            if below(middle) < rank { low = middle + 1 } else { high = middle }
        }
        self.values.get(low).copied().filter(|_| all > 0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::recording::Counts;
    use super::*;
    use hdrhistogram::Histogram;
    use proptest::prelude::*;

    proptest! {
        /// Its percentile is that of the histograms of the drawn blocks, added.
        #[test]
        fn a_draw_is_as_if_its_blocks_were_added(
            seconds in prop::collection::vec(prop::collection::vec(1u32..2000, 0..20), 4..12),
            weights in prop::collection::vec(0u32..4, 12),
            q in 0.01f64..0.999,
        ) {
            let blocks = Blocks::cut(&vec![0; seconds.len()], 1.0);
            let counts: Counts = seconds.iter().map(|values| values.iter().map(|value| (*value, 1)).collect()).collect();
            let mut added = Histogram::<u64>::new_with_bounds(1, 1_000_000, 5).unwrap();
            for (values, block) in seconds.iter().zip(blocks.of()) {
                values.iter().for_each(|value| added.record_n(u64::from(*value), u64::from(weights[*block])).unwrap());
            }
            let table = Table::of(&counts, &blocks);
            let expected = (!added.is_empty()).then(|| added.value_at_quantile(q));
            prop_assert_eq!(table.quantile(&weights[..blocks.count()], q).map(u64::from), expected);
            prop_assert_eq!(table.total(), seconds.iter().map(Vec::len).sum::<usize>() as u64);
        }
    }
}
