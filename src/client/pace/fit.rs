//! A token bucket found out from outside: what acceptances and 429s together say of its rate and burst.
//!
//! Holds [`Learned`], [`Curve`] and [`Stretches`]. Called by [`super::auto`]. It reads no clock and decides no rate; it solves two equations.
//!
//! Let `r` be the rate, `b` the burst, and `A(s, t)` the calls accepted from `s` to `t`. A bucket that was full at the start
//! has, at `t`, the level
//!
//! ```text
//! L(t) = min over s of  b + r (t − s) − A(s, t)          (it was full at the s of the minimum, and lost nothing since)
//! ```
//!
//! and a bucket that was empty at `e` has the lesser of that and `r (t − e) − A(e, t)`. A 429 at `t` says `0 ≤ L(t) < 1`. So:
//!
//! - the first 429 gives the burst, once the rate is known: `b = max over s of A(s, t) − r (t − s)`;
//! - every later one gives the rate: `r = max( A(e, t) / (t − e), max over s of (A(s, t) − b) / (t − s) )`, where the first
//!   holds if nothing overflowed since `e`, and the second if something did.
//!
//! Each is right to about one call, so a baseline of 100 calls tells the rate to 1 %.

use std::collections::VecDeque;

/// A token bucket, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Learned {
    /// Requests a second.
    pub rate: f64,
    /// Requests at once.
    pub burst: f64,
}

impl Learned {
    /// Whether a bucket can be so: what was read from a file may be anything.
    pub fn is_sane(self) -> bool {
        (0.01..=1e6).contains(&self.rate) && (1.0..=1e9).contains(&self.burst)
    }
}

/// Points kept of a curve; beyond them every second one goes.
const POINTS: usize = 512;

/// Calls accepted over time, in constant memory: instants in seconds, and how many were accepted before each.
#[derive(Debug, Clone, Default)]
pub struct Curve {
    points: Vec<(f64, f64)>,
    total: f64,
    last: f64,
    /// Only every so many acceptances becomes a point.
    stride: u32,
    skipped: u32,
}

impl Curve {
    /// A call sent at `at` was accepted. Answers come in about the order of their requests; what comes late counts as late.
    pub fn accepted(&mut self, at: f64) {
        let at = at.max(self.last);
        self.skipped += 1;
        if self.skipped >= self.stride.max(1) {
            self.skipped = 0;
            self.points.push((at, self.total));
            if self.points.len() > POINTS {
                let mut nth = 0;
                self.points.retain(|_| {
                    nth += 1;
                    nth % 2 == 1
                });
                self.stride = self.stride.max(1) * 2;
            }
        }
        self.total += 1.0;
        self.last = at;
    }

    /// Calls accepted in all.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// Forgets the points before `at`; the count goes on.
    pub fn forget(&mut self, at: f64) {
        self.points.retain(|(t, _)| *t >= at);
        if self.points.len() < POINTS / 4 {
            self.stride = (self.stride / 2).max(1);
        }
    }

    /// The burst of a bucket that was full at the start and empty at `end`, if this is its rate.
    pub fn burst(&self, end: f64, rate: f64) -> f64 {
        let most = self.points.iter().map(|(s, before)| self.total - before - rate * (end - s).max(0.0)).fold(0.0, f64::max);
        most.max(1.0)
    }

    /// The least rate that explains the acceptances in spite of what overflowed a bucket of this size: `n` calls accepted from
    /// `s` to the last one's instant `t` took `b + r (t − s) ≥ n`.
    pub fn rate(&self, burst: f64) -> f64 {
        let of = |&(s, before): &(f64, f64)| (self.total - before - burst) / (self.last - s).max(1e-3);
        self.points.iter().map(of).fold(0.0, f64::max)
    }
}

/// Calls that a fit stands on, if there are so many; and the times between 429s that are kept at most.
const BASELINE: f64 = 150.0;
const STRETCHES: usize = 64;
/// So many times in a row without a call accepted are no accident.
const BARREN: usize = 5;

/// The last few times from one 429 to the next: seconds, and calls accepted.
#[derive(Debug, Clone, Default)]
pub struct Stretches {
    kept: VecDeque<(f64, f64)>,
}

impl Stretches {
    /// One more; older ones go when the others are enough. Answers the seconds that are kept.
    pub fn add(&mut self, seconds: f64, accepted: f64) -> f64 {
        self.kept.push_back((seconds.max(0.0), accepted));
        while let Some((_, oldest)) = self.kept.front()
            && (self.kept.len() > STRETCHES || self.kept.len() > 1 && self.accepted() - oldest >= BASELINE)
        {
            self.kept.pop_front();
        }
        self.kept.iter().map(|(seconds, _)| seconds).sum()
    }

    /// Whether there are none yet.
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// Calls accepted in them.
    pub fn accepted(&self) -> f64 {
        self.kept.iter().map(|(_, accepted)| accepted).sum()
    }

    /// The rate, if nothing overflowed.
    pub fn rate(&self) -> f64 {
        let seconds: f64 = self.kept.iter().map(|(seconds, _)| seconds).sum();
        (self.accepted() + 0.5) / seconds.max(1e-3)
    }

    /// Whether 429 has followed 429 for a while, and nothing was accepted between them.
    pub fn are_barren(&self) -> bool {
        self.kept.len() >= BARREN && self.kept.iter().rev().take(BARREN).all(|(_, accepted)| *accepted < 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bucket of 10/s and 20, asked 40 times a second from full until it is empty, then at 9/s and 11/s.
    #[test]
    fn burst_and_rate_come_out_of_two_429s() {
        let mut curve = Curve::default();
        // 20 + 10 t = 40 t at two thirds of a second.
        (0..27).for_each(|i| curve.accepted(f64::from(i) / 40.0));
        assert!((curve.burst(0.675, 10.0) - 20.25).abs() < 1e-9, "{}", curve.burst(0.675, 10.0));
        assert!(curve.burst(0.675, 5.0) > 23.0 && curve.burst(0.675, 1000.0) == 1.0);
        let mut stretches = Stretches::default();
        assert!(stretches.is_empty());
        assert_eq!(stretches.add(10.0, 100.0), 10.0);
        assert!((stretches.rate() - 10.05).abs() < 1e-9);
        // What is no longer needed goes.
        assert_eq!(stretches.add(20.0, 200.0), 20.0);
        assert_eq!(stretches.accepted(), 200.0);
    }

    #[test]
    fn what_overflowed_is_seen() {
        // A bucket of one at 10/s: 5/s are let in for a minute, then 10/s.
        let mut curve = Curve::default();
        (0..300).for_each(|i| curve.accepted(f64::from(i) / 5.0));
        (0..100).for_each(|i| curve.accepted(60.0 + f64::from(i) / 10.0));
        assert!((curve.rate(1.0) - 10.0).abs() < 0.1, "{}", curve.rate(1.0));
        assert!(curve.rate(400.0) < 0.1);
    }

    #[test]
    fn a_long_curve_takes_little_memory() {
        let mut curve = Curve::default();
        (0..1_000_000).for_each(|i| curve.accepted(f64::from(i) / 200.0));
        assert!(curve.points.len() <= POINTS + 1 && curve.total() == 1e6);
        curve.forget(4999.0);
        assert!(curve.points.len() < POINTS / 2 && curve.total() == 1e6);
    }

    #[test]
    fn five_times_nothing_is_barren() {
        let mut stretches = Stretches::default();
        for accepted in [3.0, 0.0, 0.0, 0.0, 0.0] {
            stretches.add(0.1, accepted);
            assert!(!stretches.are_barren());
        }
        stretches.add(0.1, 0.0);
        assert!(stretches.are_barren());
        for _ in 0..1000 {
            stretches.add(0.1, 0.0);
        }
        assert!(stretches.kept.len() <= STRETCHES);
    }
}
