//! The interval of a change, out of draws of blocks.
//!
//! Holds [`interval`]. Called for each measure of a comparison. It never sees what a measure is read from.

use super::Settings;
use super::blocks::Blocks;
use super::measure::{Measure, Sampled};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// So many draws must lie beyond an end, or it is not read from them alone.
const BEYOND: f64 = 10.0;

/// The interval of a change, one of `together` that hold at once. Each run is drawn for itself. Nothing, if hardly a draw told of it.
///
/// Its ends are percentiles of the draws, moved outwards; where these lie so far out that hardly a draw does, they are at least as many
/// standard deviations of the draws away as Student says.
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
        changes.extend(base.at(&a).zip(run.at(&b)).map(|(before, now)| measure.change(before, now)));
    }
    changes.sort_by(f64::total_cmp);
    // The run with fewer blocks says how sure the ends are.
    let (blocks, freedom) =
        [of_base, of_run].map(|of| (of.count() as f64, of.freedom())).into_iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
    // A draw without a single call of a kind tells nothing of it; one in a hundred such draws does not move the ends.
    if changes.len() < 100 || freedom < 1.0 {
        return None;
    }
    let one = (1.0 - settings.confidence) / 2.0 / together.max(1) as f64;
    let (away, tail) = expanded(one, blocks, freedom)?;
    let n = changes.len() as f64;
    let at = |share: f64| changes[((n * share) as usize).min(changes.len() - 1)];
    let (low, high) = (at(tail), at(1.0 - tail));
    if tail * n >= BEYOND {
        return Some((low, high));
    }
    let plain = measure.change(base.plain(of_base)?, run.plain(of_run)?);
    let (least, most) = spread(measure, plain, &changes, away)?;
    Some((low.min(least), high.max(most)))
}

/// So many standard deviations of the draws to either side, of ratios by their logarithms.
fn spread(measure: &Measure, plain: f64, changes: &[f64], away: f64) -> Option<(f64, f64)> {
    let scale = |change: f64| if measure.relative() { change.ln_1p() } else { change };
    let back = |value: f64| if measure.relative() { value.exp_m1() } else { value };
    let n = changes.len() as f64;
    let mean = changes.iter().map(|change| scale(*change)).sum::<f64>() / n;
    let deviation = (changes.iter().map(|change| (scale(*change) - mean).powi(2)).sum::<f64>() / n).sqrt();
    let ends = (back(scale(plain) - away * deviation), back(scale(plain) + away * deviation));
    (ends.0.is_finite() && ends.1.is_finite()).then_some(ends)
}

/// How many standard deviations of the draws an end lies away, and the tail of the draws beyond it: draws of n blocks scatter too little
/// by (n − 1) / n, and their ends are Student's.
fn expanded(tail: f64, blocks: f64, freedom: f64) -> Option<(f64, f64)> {
    let student = StudentsT::new(0.0, 1.0, freedom).ok()?;
    let normal = Normal::new(0.0, 1.0).ok()?;
    let away = -(blocks / freedom).sqrt() * student.inverse_cdf(tail);
    Some((away, normal.cdf(-away)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tail_is_wider_the_fewer_blocks_there_are() {
        let tail = |blocks: f64| expanded(0.025, blocks, blocks - 1.0).unwrap().1;
        assert!(tail(10.0) < tail(30.0) && tail(30.0) < tail(1000.0) && tail(1000.0) < 0.025);
        // Hesterberg's example: 10 values, 95 %: 0.86 % instead of 2.5 %.
        assert!((tail(10.0) - 0.0086).abs() < 2e-4, "{}", tail(10.0));
    }

    /// Of draws that are normal, both ways to an end agree.
    #[test]
    fn deviations_lie_where_percentiles_do() {
        let normal = Normal::new(0.0, 0.01).unwrap();
        let changes: Vec<f64> = (1..10_000).map(|n| normal.inverse_cdf(f64::from(n) / 1e4).exp_m1()).collect();
        let (low, high) = spread(&Measure::Rate, 0.0, &changes, 1.96).unwrap();
        let at = |share: f64| changes[(1e4 * share) as usize];
        assert!((low - at(0.025)).abs() < 1e-4 && (high - at(0.975)).abs() < 1e-4, "{low} {high}");
        let of_shares = spread(&Measure::Failed, 0.01, &changes, 2.0).unwrap();
        assert!((of_shares.1 - of_shares.0 - 0.04).abs() < 1e-3, "{of_shares:?}");
    }
}
