//! The seconds of a run in blocks, and draws of them.
//!
//! Holds [`Blocks`]. Cut once a run, drawn again and again. It never sees what is measured.

use rand::{Rng, RngExt};
use std::ops::Range;

/// A stage with fewer blocks is drawn together with the one before it: of two or three blocks no draw says how much they scatter.
const FEWEST_A_STAGE: usize = 5;
/// More blocks say nothing that these do not, and cost memory.
const MOST: f64 = 240.0;
/// Fewer are had only where there are no more seconds: a longer block would be none.
const LEAST: f64 = 10.0;

/// The seconds of a run, in blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct Blocks {
    /// The block of each second.
    of: Vec<usize>,
    /// Blocks that are drawn for each other.
    strata: Vec<Range<usize>>,
}

impl Blocks {
    /// Cuts each stage into blocks of about `length` seconds.
    pub fn cut(stages: &[usize], length: f64) -> Blocks {
        let n = stages.len() as f64;
        let length = length.min(n / LEAST).max(n / MOST).max(1.0);
        let mut blocks = Blocks { of: Vec::with_capacity(stages.len()), strata: Vec::new() };
        let mut count = 0;
        for stage in stages.chunk_by(|a, b| a == b) {
            let here = ((stage.len() as f64 / length).round() as usize).max(1);
            blocks.of.extend((0..stage.len()).map(|second| count + second * here / stage.len()));
            blocks.strata.push(count..count + here);
            count += here;
        }
        blocks.join();
        blocks
    }

    /// Joins what is too small to be drawn for itself.
    fn join(&mut self) {
        let mut joined: Vec<Range<usize>> = Vec::new();
        for stratum in self.strata.drain(..) {
            match joined.last_mut() {
                Some(last) if stratum.len() < FEWEST_A_STAGE || last.len() < FEWEST_A_STAGE => last.end = stratum.end,
                _ => joined.push(stratum),
            }
        }
        self.strata = joined;
    }

    /// The block of each second.
    pub fn of(&self) -> &[usize] {
        &self.of
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.strata.last().map_or(0, |last| last.end)
    }

    /// Draws as many as there are, with replacement: how often each occurs.
    pub fn draw(&self, chance: &mut impl Rng, weights: &mut [u32]) {
        weights.fill(0);
        for stratum in &self.strata {
            for _ in stratum.clone() {
                weights[chance.random_range(stratum.clone())] += 1;
            }
        }
    }

    /// Degrees of freedom.
    pub fn freedom(&self) -> f64 {
        (self.count() - self.strata.len()) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_cut_each_for_itself_and_small_ones_join() {
        let stages: Vec<usize> = [(0, 20), (1, 30), (2, 2)].iter().flat_map(|(stage, n)| vec![*stage; *n]).collect();
        let blocks = Blocks::cut(&stages, 2.0);
        assert_eq!((blocks.count(), blocks.strata.as_slice()), (26, [0..10, 10..26].as_slice()));
        assert_eq!(blocks.of[..5], [0, 0, 1, 1, 2]);
        assert_eq!(Blocks::cut(&[0; 5], 3.0).count(), 5);
        assert_eq!(Blocks::cut(&[0; 3600], 1.0).count(), 240);
        // However long things are felt, there are ten.
        assert_eq!(Blocks::cut(&[0; 60], 50.0).count(), 10);
        assert_eq!(Blocks::cut(&[], 1.0).count(), 0);
    }
}
