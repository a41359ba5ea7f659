//! A quota's bucket, by the seconds of a run that was throttled.
//!
//! Holds [`infer`]. Called once a run. The equations are those of `client::pace::fit`; here they are asked of seconds that are over, and
//! only of those that tell: in seconds throttled throughout, what was let in is what the bucket was filled with.

use crate::client::pace::fit::{Curve, Learned};

/// The first seconds of a throttled stretch, in which the burst may still be going, and its last, in which it may have stopped.
const BEFORE: usize = 2;
const AFTER: usize = 1;
/// Seconds in all that tell a rate.
const TELLING: usize = 5;

/// A bucket, and the seconds that its rate stands on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Inferred {
    /// The bucket.
    pub bucket: Learned,
    /// Seconds, throttled throughout.
    pub pressed_s: u64,
}

/// Of calls let in and throttled, second by second from the run's start, by when each ended. `ok_s` and `throttled_s` are how long either
/// takes (seconds): so much earlier the bucket was asked. Nothing if too few seconds on end were throttled.
pub fn infer(ended: &[(u64, u64)], ok_s: f64, throttled_s: f64) -> Option<Inferred> {
    let (ok_whole, throttled_whole) = (ok_s.max(0.0).floor(), throttled_s.max(0.0).floor());
    let asked = |second: usize| {
        let at = |lag: f64| ended.get(second + lag as usize).copied().unwrap_or_default();
        (at(ok_whole).0, at(throttled_whole).1)
    };
    let seconds: Vec<(u64, u64)> = (0..ended.len()).map(asked).collect();
    let stretches: Vec<_> = stretches(&seconds).collect();
    let (calls, telling) = stretches.iter().fold((0, 0), |(calls, telling), (from, until)| {
        (calls + seconds[*from..*until].iter().map(|(let_in, _)| let_in).sum::<u64>(), telling + until - from)
    });
    if telling < TELLING {
        return None;
    }
    let rate = calls as f64 / telling as f64;
    // The bucket is empty where the first such stretch begins; before that, it was last full where the curve says. Ends are moved back
    // to when they were let in, not added to the burst: a part of the lag is in the curve's own maximum already.
    let (empty, lag) = (stretches.first()?.0, ok_s.max(0.0) - ok_whole);
    let mut curve = Curve::default();
    for (second, (let_in, _)) in seconds[..empty].iter().enumerate() {
        (0..*let_in).for_each(|i| curve.accepted((second as f64 + i as f64 / *let_in as f64 - lag).max(0.0)));
    }
    let bucket = Learned { rate, burst: curve.burst(empty as f64 - lag, rate) };
    bucket.is_sane().then_some(Inferred { bucket, pressed_s: telling as u64 })
}

/// Calls a second beyond what any bucket can have; what says otherwise is damaged. A bound on what [`infer`] may take.
pub const MOST: u64 = 1_000_000;

/// Whether a bucket can be so.
pub fn is_sane(rate: f64, burst: f64) -> bool {
    Learned { rate, burst }.is_sane()
}

/// The insides of stretches in which every second was throttled: from, until.
fn stretches(seconds: &[(u64, u64)]) -> impl Iterator<Item = (usize, usize)> {
    let mut at = 0;
    seconds.chunk_by(|a, b| (a.1 > 0) == (b.1 > 0)).filter_map(move |chunk| {
        let from = at;
        at += chunk.len();
        (chunk[0].1 > 0 && chunk.len() > BEFORE + AFTER).then(|| (from + BEFORE, at - AFTER))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bucket::{Bucket, Rate};
    use proptest::prelude::*;
    use std::time::Duration;

    /// What a load of these rates sees of a bucket, if answers and throttles take so long.
    fn seconds(rate: f64, burst: f64, asked: &[u32], (ok_s, throttled_s): (f64, f64)) -> Vec<(u64, u64)> {
        let mut bucket = Bucket::new(Rate::per_second(rate).unwrap(), burst);
        let mut all = vec![(0, 0); asked.len() + ok_s.max(throttled_s).ceil() as usize + 1];
        for (second, n) in asked.iter().enumerate() {
            for i in 0..*n {
                let at = second as f64 + f64::from(i) / f64::from(*n);
                match bucket.take(Duration::from_secs_f64(at)) {
                    Ok(()) => all[(at + ok_s) as usize].0 += 1,
                    Err(_) => all[(at + throttled_s) as usize].1 += 1,
                }
            }
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

        /// The rate within 5 %, the burst within 5 % and two calls, whatever they are and however long answers take, if they are pressed for 25 s.
        #[test]
        fn what_was_pressed_is_found(
            rate in 10u32..400, seconds_of_burst in 1.0f64..6.0, press in 1.3f64..4.0, ok_s in 0.0f64..3.0, quick in 0.0f64..1.0,
        ) {
            let (rate, burst) = (f64::from(rate), (f64::from(rate) * seconds_of_burst).round());
            let asked = (rate * press).ceil() as u32;
            let spent = (burst / (f64::from(asked) - rate)).ceil() as usize;
            let (times, asked) = ((ok_s, ok_s * quick), vec![asked; spent + 25]);
            let found = infer(&seconds(rate, burst, &asked, times), times.0, times.1).unwrap().bucket;
            prop_assert!((found.rate / rate - 1.0).abs() < 0.05, "{found:?}, {rate}/{burst}");
            prop_assert!((found.burst - burst).abs() < 0.05 * burst + 2.0, "{found:?}, {rate}/{burst}");
        }
    }

    #[test]
    fn quiet_seconds_before_between_and_after_change_nothing() {
        let asked: Vec<u32> = [[20; 10], [100; 10], [10; 10], [80; 10], [5; 10]].concat();
        let found = infer(&seconds(50.0, 100.0, &asked, (0.05, 0.0)), 0.05, 0.0).unwrap();
        assert!((found.bucket.rate - 50.0).abs() < 1.0 && (found.bucket.burst - 100.0).abs() < 5.0, "{found:?}");
        assert!(found.pressed_s >= 8, "{found:?}");
    }

    #[test]
    fn too_little_tells_nothing() {
        assert_eq!(infer(&[], 0.0, 0.0), None);
        assert_eq!(infer(&seconds(10.0, 20.0, &[9; 60], (0.0, 0.0)), 0.0, 0.0), None);
        // Throttled now and then, as a client is that keeps its distance.
        let scattered: Vec<(u64, u64)> = (0..100).map(|n| (9, u64::from(n % 10 == 0))).collect();
        assert_eq!(infer(&scattered, 0.0, 0.0), None);
        // Nothing at all was let in.
        assert_eq!(infer(&[(0, 10); 20], 0.0, 0.0), None);
    }
}
