//! Blocks of seconds, drawn again and again, and the intervals that come of it.
//!
//! Holds [`Blocks`] and [`interval`]. Called by the comparison. It never sees what is measured, only numbers of a draw.

use super::Settings;
use super::measure::{Measure, Sampled};
use rand::{Rng, RngExt};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};
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
    fn draw(&self, chance: &mut impl Rng, weights: &mut [u32]) {
        weights.fill(0);
        for stratum in &self.strata {
            for _ in stratum.clone() {
                weights[chance.random_range(stratum.clone())] += 1;
            }
        }
    }

    /// Degrees of freedom.
    fn freedom(&self) -> f64 {
        (self.count() - self.strata.len()) as f64
    }
}

/// The interval of a change, one of `together` that hold at once. Each run is drawn for itself. Nothing, if hardly a draw told of it.
pub fn interval(
    measure: &Measure,
    (base, of_base): (&Sampled, &Blocks),
    (run, of_run): (&Sampled, &Blocks),
    settings: &Settings,
    together: usize,
) -> Option<(f64, f64)> {
    let mut chance = (settings.seed.stream("compare/base"), settings.seed.stream("compare/run"));
    let (mut a, mut b) = (vec![0; of_base.count()], vec![0; of_run.count()]);
    let mut changes = Vec::with_capacity(settings.resamples as usize);
    for _ in 0..settings.resamples {
        of_base.draw(&mut chance.0, &mut a);
        of_run.draw(&mut chance.1, &mut b);
        changes.extend(base.at(&a).zip(run.at(&b)).map(|(before, now)| change(measure, before, now)));
    }
    changes.sort_by(f64::total_cmp);
    // The run with fewer blocks says how sure the ends are.
    let (blocks, freedom) =
        [of_base, of_run].map(|of| (of.count() as f64, of.freedom())).into_iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    // A draw without a single call of a kind tells nothing of it; one in a hundred such draws does not move the ends.
    if changes.len() < 100 || freedom < 1.0 {
        return None;
    }
    let tail = expanded((1.0 - settings.confidence) / 2.0 / together.max(1) as f64, blocks, freedom)?;
    let at = |share: f64| changes[((changes.len() as f64 * share) as usize).min(changes.len() - 1)];
    Some((at(tail), at(1.0 - tail)))
}

/// How much something has changed: of latencies and rates the share by which it grew, else the difference. Nothing that was nothing
/// before has grown without bound.
pub fn change(measure: &Measure, before: f64, now: f64) -> f64 {
    match (measure.relative(), before == 0.0 && now == 0.0) {
        (_, true) => 0.0,
        (true, _) => now / before - 1.0,
        (false, _) => now - before,
    }
}

/// The tail of a percentile interval, moved outwards: draws of n blocks scatter too little by (n − 1) / n, and their ends are Student's.
fn expanded(tail: f64, blocks: f64, freedom: f64) -> Option<f64> {
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let normal = Normal::new(0.0, 1.0).ok()?;
    Some(normal.cdf((blocks / freedom).sqrt() * student.inverse_cdf(tail)))
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

    #[test]
    fn a_tail_is_wider_the_fewer_blocks_there_are() {
        let tail = |blocks: f64| expanded(0.025, blocks, blocks - 1.0).unwrap();
        assert!(tail(10.0) < tail(30.0) && tail(30.0) < tail(1000.0) && tail(1000.0) < 0.025);
        // Hesterberg's example: 10 values, 95 %: 0.86 % instead of 2.5 %.
        assert!((tail(10.0) - 0.0086).abs() < 2e-4, "{}", tail(10.0));
    }
}
