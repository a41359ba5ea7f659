//! What the seconds of a step say of a quota's bucket.
//!
//! Holds [`bucket`], called once a step, and [`drain`], which empties it before the next. It is coarse, a second at a time, and good enough to empty the bucket before the next step;
//! `quota` finds it out call by call.

use crate::client::pace::fit::{Curve, Learned};

/// Seconds after the first 429 that tell the rate; where there are fewer, the bucket is taken for one of two seconds' worth, as the
/// published ones are.
const TELLING: usize = 3;
const PUBLISHED_S: f64 = 2.0;

/// A stage that empties a bucket before a step: its rate (calls a second), and its seconds, of which there may be so many.
///
/// Twice the bucket's rate takes its burst away in burst / rate seconds; it is half as long again, for the bucket is only known so well.
pub fn drain(bucket: Learned, most_s: f64) -> (f64, f64) {
    let seconds = (1.5 * bucket.burst / bucket.rate + 1.0).clamp(1.0, most_s.max(1.0)).ceil();
    (2.0 * bucket.rate, seconds)
}

/// Calls let in and throttled, second by second, while calls were due. `drained`: the bucket that had been emptied before.
pub fn bucket(seconds: &[(u64, u64)], drained: Option<Learned>) -> Option<Learned> {
    let first = seconds.iter().position(|(_, throttled)| *throttled > 0)?;
    let (until, after) = seconds.split_at(first + 1);
    let mut curve = Curve::default();
    for (second, (let_in, _)) in until.iter().enumerate() {
        (0..*let_in).for_each(|i| curve.accepted(second as f64 + i as f64 / *let_in as f64));
    }
    let end = until.len() as f64;
    let rate = match after.len() >= TELLING {
        true => after.iter().map(|(let_in, _)| *let_in as f64).sum::<f64>() / after.len() as f64,
        false => curve.total() / (end + PUBLISHED_S),
    };
    let found = match drained {
        Some(before) => Learned { rate, burst: before.burst },
        None => Learned { rate, burst: curve.burst(end, rate) },
    };
    Some(found).filter(|found| found.is_sane())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::{Bucket, Rate};
    use std::time::Duration;

    fn seconds(rate: f64, burst: f64, asked: u32, seconds: u32) -> Vec<(u64, u64)> {
        let mut bucket = Bucket::new(Rate::per_second(rate).unwrap(), burst);
        let ask = |second: u32, i: u32| Duration::from_secs_f64(f64::from(second) + f64::from(i) / f64::from(asked));
        let mut of = |second| {
            let let_in = (0..asked).filter(|i| bucket.take(ask(second, *i)).is_ok()).count() as u64;
            (let_in, u64::from(asked) - let_in)
        };
        (0..seconds).map(&mut of).collect()
    }

    #[test]
    fn rate_and_burst_come_out_of_a_step_that_was_throttled() {
        let long = bucket(&seconds(10.0, 50.0, 20, 15), None).unwrap();
        assert!((9.0..=11.0).contains(&long.rate) && (40.0..=60.0).contains(&long.burst), "{long:?}");
        // Too short to tell them apart: two seconds' worth.
        let short = bucket(&seconds(10.0, 20.0, 40, 2), None).unwrap();
        assert!((5.0..=15.0).contains(&short.rate) && short.burst >= 18.0, "{short:?}");
        assert_eq!(bucket(&seconds(10.0, 20.0, 10, 20), None), None);
        let drained = bucket(&seconds(10.0, 5.0, 13, 20), Some(long)).unwrap();
        assert!((9.8..=10.2).contains(&drained.rate) && drained.burst == long.burst, "{drained:?}");
    }
}
