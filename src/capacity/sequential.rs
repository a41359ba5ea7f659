//! Whether a share is above or below its limit, looked at every second without being misled by looking often.
//!
//! Holds [`Share`]. Fed by `watch`, a second at a time. It knows no rate, no threshold and no clock.
//!
//! # The tests
//!
//! Of `n` calls `x` were bad, and the limit allows the share `q`. Two tests, neither of which is wrong with a probability of more than α
//! *ever*, however often one looks:
//!
//! - **below**: Wald's likelihood ratio of smaller shares p against q, which grows beyond 1/α with a probability of at most α if the share is
//!   q (J. Ville, 1939); for p = q/2 and q/10, of which the mean counts:
//!
//!   > Λ = ½ Σ over p of (p/q)ˣ · ((1 − p)/(1 − q))ⁿ⁻ˣ ≥ 1/α
//!
//! - **above**: S = x − q·n, whose mean is 0 at the limit, beyond Robbins' mixture for a sum of variance V (H. Robbins, "Statistical methods
//!   related to the law of the iterated logarithm", 1970; for estimated variances Waudby-Smith et al., "Time-uniform central limit theory and
//!   asymptotic confidence sequences"); η says where it is tightest, at a V of about 8 η:
//!
//!   > S ≥ √( (V + η) · ln( (V + η) / (η·α²) ) )
//!
//! Calls of a queue are not independent: one hold-up makes a hundred of them slow. So it is found out how many go together, D: V over the
//! binomial variance, V being what the seconds themselves show, over blocks of 1, 2, 4 … seconds, of which the largest counts, for where
//! neighbours go together longer blocks vary more. The ratio is that of n/D calls, and V is taken as D makes it at the limit, for a quiet
//! stretch varies little, too. Before there are eight seconds all calls of one may go together; before a bad one is seen, as many as whoever
//! makes the test says.

/// Which side of its limit a share is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Fewer are bad than are allowed.
    Below,
    /// More are.
    Above,
}

/// Smaller shares that are held against the limit, as parts of it.
const SMALLER: [f64; 2] = [0.5, 0.1];
/// Blocks of one length that there must be for their variance to say anything.
const BLOCKS: usize = 8;

/// A share held against its limit.
#[derive(Debug, Clone)]
pub struct Share {
    limit: f64,
    alpha: f64,
    eta: f64,
    /// Bad calls that come together where nothing is known of it.
    together: f64,
    /// Calls, and bad ones among them, of each second.
    seconds: Vec<(f64, f64)>,
}

impl Share {
    /// A share that may be `limit` (0 to 1) at most; `alpha` is how often either side may be wrong, `expected` how many calls there will be at
    /// most, for which the test is tuned, and `together` how many bad ones come at a time as long as none was seen.
    pub fn new(limit: f64, alpha: f64, expected: f64, together: f64) -> Share {
        // Never quite 0 or 1, where one call would decide.
        let limit = limit.clamp(1e-6, 1.0 - 1e-6);
        let eta = (expected.max(1.0) * limit * (1.0 - limit) / 16.0).max(1e-9);
        Share { limit, alpha, eta, together, seconds: Vec::new() }
    }

    /// A second has passed: so many calls, of which so many were bad.
    pub fn second(&mut self, calls: u64, bad: u64) {
        self.seconds.push((calls as f64, bad as f64));
    }

    fn sums(&self) -> (f64, f64) {
        self.seconds.iter().fold((0.0, 0.0), |(n, x), (calls, bad)| (n + calls, x + bad))
    }

    /// The side it is on, once that is decided.
    pub fn side(&self) -> Option<Side> {
        let (calls, bad) = self.sums();
        if calls == 0.0 {
            return None;
        }
        let together = self.together(calls, bad);
        if bad < self.limit * calls {
            let ratio = |part: f64| {
                let (p, q) = (part * self.limit, self.limit);
                ((bad * (p / q).ln() + (calls - bad) * ((1.0 - p) / (1.0 - q)).ln()) / together).exp()
            };
            let mean = SMALLER.into_iter().map(ratio).sum::<f64>() / SMALLER.len() as f64;
            return (mean >= 1.0 / self.alpha).then_some(Side::Below);
        }
        let v = together * self.binomial(calls) + self.eta;
        let reach = (v * (v / (self.eta * self.alpha * self.alpha)).ln()).sqrt();
        (bad - self.limit * calls > reach).then_some(Side::Above)
    }

    fn binomial(&self, calls: f64) -> f64 {
        calls * self.limit * (1.0 - self.limit)
    }

    /// How many bad calls come at a time.
    fn together(&self, calls: f64, bad: f64) -> f64 {
        let (mean, of) = (bad / calls, self.seconds.len() as f64);
        if self.seconds.len() < BLOCKS {
            return (calls / of).max(self.together);
        }
        let (mut most, mut length) = (0.0f64, 1);
        while self.seconds.len() / length >= BLOCKS {
            let blocks = self.seconds.chunks_exact(length);
            let n = blocks.len() as f64;
            let squares: f64 = blocks.map(|block| block.iter().map(|(n, x)| x - mean * n).sum::<f64>().powi(2)).sum();
            // A variance of few blocks may be small by chance.
            most = most.max(squares * of / (n * length as f64) * (1.0 + BLOCKS as f64 / n));
            length *= 2;
        }
        // More bad calls than the limit's vary more than they would at the limit.
        let binomial = (calls * mean * (1.0 - mean)).min(self.binomial(calls));
        if binomial > 0.0 { (most / binomial).max(self.together) } else { self.together }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use rand::RngExt;

    /// Seconds of `calls` calls until it is decided; each bad with this probability, `run` in a row.
    fn decided(seed: u64, share: f64, run: u32, most: u32) -> (Option<Side>, u32) {
        let mut rng = Seed(seed).stream("share");
        let mut test = Share::new(0.01, 0.01, 60.0 * 100.0, f64::from(run.min(2)));
        let mut left = 0;
        for second in 1..=most {
            let mut bad = 0;
            for _ in 0..100 {
                if left == 0 && rng.random::<f64>() < share / f64::from(run) {
                    left = run;
                }
                bad += u64::from(left > 0);
                left = left.saturating_sub(1);
            }
            test.second(100, bad);
            if let side @ Some(_) = test.side() {
                return (side, second);
            }
        }
        (None, most)
    }

    #[test]
    fn what_is_clear_is_decided_soon_and_what_is_not_is_not() {
        assert_eq!(decided(1, 0.0, 1, 60).0, Some(Side::Below));
        assert!(decided(1, 0.0, 1, 60).1 <= 20, "{:?}", decided(1, 0.0, 1, 60));
        assert_eq!(decided(1, 0.5, 1, 60), (Some(Side::Above), 1));
        assert_eq!(Share::new(0.01, 0.01, 100.0, 1.0).side(), None);
    }

    /// At the limit itself every decision is wrong; a look a second for ten minutes must not make many.
    #[test]
    fn looking_every_second_does_not_mislead_even_where_bad_calls_come_in_runs() {
        for run in [1, 5] {
            let wrong = (0..100).filter(|seed| decided(*seed, 0.01, run, 600).0.is_some()).count();
            assert!(wrong <= 8, "{wrong} of 100, runs of {run}");
        }
    }

    #[test]
    fn three_times_the_limit_is_found_in_most_cases() {
        let found = (0..50).filter(|seed| decided(*seed, 0.03, 1, 60).0 == Some(Side::Above)).count();
        assert!(found >= 45, "{found} of 50");
    }
}
