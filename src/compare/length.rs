//! How long a block must be, so that blocks are nearly independent.
//!
//! Holds [`of`] and [`length`]. Called once a run. The rule is Politis and White's (2004, corrected by Patton, Politis and White 2009) for
//! the circular block bootstrap: the longer what happens now is felt, the longer the block.

use super::measure::Measure;
use super::recording::{Moment, Recording};

/// The block length in seconds for everything that is measured of a run: the longest that one of the measures needs. What is felt in one
/// metric is felt in the others, and each alone would underrate it now and then.
pub fn of(recording: &Recording, measures: &[Measure]) -> f64 {
    let stages = recording.stages();
    let lengths =
        measures.iter().filter_map(|measure| influence(recording, measure)).map(|series| length(&centred(series, &stages)));
    match lengths.fold(1.0, f64::max) {
        // Calls for themselves: a second is as good a block as any.
        length if length < 1.5 => 1.0,
        length => length * LONGER,
    }
}

/// The rule's length has the least error of the variance, and leaves intervals of short runs that wander a little too short: simulated,
/// 91 of 100 equal pairs of two minutes that wander for five seconds were called the same, and with blocks twice as long 96.
const LONGER: f64 = 2.0;

/// What each second adds to a measure: of a percentile, how many more calls lie beyond it than their share (what moves it, to a first
/// approximation); of a share likewise.
fn influence(recording: &Recording, measure: &Measure) -> Option<Vec<f64>> {
    let excess = |part: &dyn Fn(&Moment) -> u64| {
        let (sum, of) = recording.moments.iter().fold((0, 0), |(a, b), moment| (a + part(moment), b + moment.ended));
        let share = sum as f64 / (of as f64).max(1.0);
        recording.moments.iter().map(|moment| part(moment) as f64 - share * moment.ended as f64).collect()
    };
    match measure {
        Measure::Latency(subject, q) => {
            let counts = recording.of(*subject)?;
            let mut all: Vec<(u32, u32)> = counts.iter().flatten().copied().collect();
            all.sort_unstable();
            let total: u64 = all.iter().map(|(_, n)| u64::from(*n)).sum();
            let rank = (q * total as f64).ceil() as u64;
            let mut below = 0;
            let (at, _) = all.iter().find(|(_, n)| {
                below += u64::from(*n);
                below >= rank
            })?;
            let beyond = |values: &Vec<(u32, u32)>| {
                let add = |(beyond, all): (f64, f64), (value, n): &(u32, u32)| {
                    let n = f64::from(*n);
                    (beyond + if value > at { n } else { 0.0 }, all + n)
                };
                let (beyond, all) = values.iter().fold((0.0, 0.0), add);
                beyond - (1.0 - q) * all
            };
            Some(counts.iter().map(beyond).collect())
        }
        Measure::Failed => Some(excess(&|moment| moment.ended - moment.ok)),
        Measure::Throttled => Some(excess(&|moment| moment.throttled)),
        Measure::Rate => Some(recording.moments.iter().map(|moment| moment.ok as f64).collect()),
        Measure::Capacity => None,
    }
}

/// Each stage about its own mean: a step between stages is no wandering.
fn centred(mut series: Vec<f64>, stages: &[usize]) -> Vec<f64> {
    let mut start = 0;
    for stage in stages.chunk_by(|a, b| a == b) {
        let part = &mut series[start..start + stage.len()];
        let mean = part.iter().sum::<f64>() / part.len() as f64;
        part.iter_mut().for_each(|x| *x -= mean);
        start += stage.len();
    }
    series
}

/// The rule, for a series whose mean is 0.
pub fn length(series: &[f64]) -> f64 {
    let n = series.len() as f64;
    let longest = (3.0 * n.sqrt()).min(n / 3.0).ceil();
    let covariance = |lag: usize| series.iter().zip(&series[lag..]).map(|(a, b)| a * b).sum::<f64>() / n;
    // Lags looked at in a row, and what counts as no correlation in them.
    let row = n.log10().max(5.0) as usize;
    let most = (n.sqrt().ceil() as usize + row).min(series.len().saturating_sub(1));
    let covariances: Vec<f64> = (0..=most).map(covariance).collect();
    if series.len() < 10 || covariances[0] <= 0.0 {
        return 1.0;
    }
    let nothing = 2.0 * (n.log10() / n).sqrt();
    let correlated = |lag: usize| (covariances[lag] / covariances[0]).abs() >= nothing;
    // The first lag from which on nothing is correlated for a whole row, as the rule's other implementations have it.
    let quiet = (1..=most.saturating_sub(row)).find(|lag| (*lag..lag + row).all(|lag| !correlated(lag)));
    let window = quiet.map_or(most, |lag| (2 * lag).min(most));
    let (mut g, mut long_run) = (0.0, covariances[0]);
    for (lag, covariance) in covariances.iter().enumerate().take(window + 1).skip(1) {
        let share = lag as f64 / window as f64;
        let weight = if share <= 0.5 { 1.0 } else { 2.0 * (1.0 - share) };
        g += 2.0 * weight * lag as f64 * covariance;
        long_run += 2.0 * weight * covariance;
    }
    if long_run <= 0.0 {
        return 1.0;
    }
    (1.5 * (g / long_run).powi(2) * n).cbrt().clamp(1.0, longest.max(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An autoregression that any language repeats, about its mean.
    fn series(n: usize, felt: f64, seed: u64) -> Vec<f64> {
        let (mut x, mut state) = (0.0, seed);
        let next = |_| {
            state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
            x = felt * x + (state as f64 / 2_147_483_648.0 - 0.5);
            x
        };
        centred((0..n).map(next).collect(), &vec![0; n])
    }

    /// What `optimal_block_length` of Python's arch 8.0.0 says of the same series, its column `circular`.
    #[test]
    fn lengths_are_those_of_another_implementation() {
        for (n, felt, seed, says) in
            [(120, 0.8, 2, 8.199774), (600, 0.5, 3, 11.56983), (3600, 0.95, 4, 110.868918), (240, -0.4, 5, 6.700901)]
        {
            let length = length(&series(n, felt, seed));
            assert!((length - says).abs() < 1e-4, "{n} {felt}: {length}, not {says}");
        }
        // It says 0.09, and no block is shorter than a second.
        assert!((length(&series(60, 0.0, 1)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_step_between_stages_is_no_wandering() {
        assert_eq!(centred(vec![1.0, 3.0, 10.0, 10.0], &[0, 0, 1, 1]), [-1.0, 1.0, 0.0, 0.0]);
        assert!((length(&[0.0; 50]) - 1.0).abs() < 1e-9);
    }
}
