//! When to ask again, and when to give a row a rest: the SDKs' rules of 2026, as pure functions.
//!
//! Holds [`Backoff`] and [`Quota`]. Called by provisioning for each failed attempt. It never waits: it answers how long.
//!
//! Source: docs.aws.amazon.com/sdkref "Retry behavior" and botocore 1.44.5's `retries/standard.py` (SERVICE.md section 8).

use crate::call::Hint;
use rand::{Rng, RngExt};
use std::time::Duration;

/// Full-jitter exponential backoff: `rand(0,1) × min(base × 2^(i−1), 20 s)` before attempt *i* + 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// For everything but throttling.
    pub base: Duration,
    /// For throttling.
    pub throttled: Duration,
}

impl Backoff {
    /// The rules of 2026, which are `standard` and `adaptive` alike.
    pub const STANDARD: Backoff = Backoff { base: Duration::from_millis(50), throttled: Duration::from_secs(1) };
    /// boto3's old mode: one second for everything.
    pub const LEGACY: Backoff = Backoff { base: Duration::from_secs(1), throttled: Duration::from_secs(1) };

    /// The wait after the `i`-th failure in a row (from 1), at least as long as the service's hint within its cap.
    pub fn after(&self, i: u32, throttled: bool, hint: Option<Hint>, rng: &mut impl Rng) -> Duration {
        const CAP: Duration = Duration::from_secs(20);
        let base = if throttled { self.throttled } else { self.base };
        let full = base.saturating_mul(1u32.checked_shl(i.saturating_sub(1)).unwrap_or(u32::MAX)).min(CAP);
        let wait = full.mul_f64(rng.random::<f64>());
        match hint {
            None => wait,
            Some(Hint::Millis(hint)) => wait.max(hint.min(wait + Duration::from_secs(5))),
            // Everybody was told the same; the jitter on top keeps them from coming back together.
            Some(Hint::Standard(hint)) => hint + wait.min(Duration::from_secs(1)),
        }
    }
}

/// The retry quota: 500 tokens; a retry costs 14, a success gives 1 back, a success after a retry gives its cost back.
/// A throttle's costs 5. In provisioning, throttles are flow control and cost nothing.
#[derive(Debug, Clone)]
pub struct Quota {
    tokens: u32,
    bounded: bool,
}

impl Quota {
    const FULL: u32 = 500;
    const COST: u32 = 14;
    const COST_THROTTLED: u32 = 5;

    /// A full quota; `bounded: false` never runs out (the legacy mode has none).
    pub fn new(bounded: bool) -> Self {
        Quota { tokens: Self::FULL, bounded }
    }

    /// Pays for a retry, if that can be afforded.
    pub fn pay(&mut self) -> bool {
        self.pay_for(false)
    }

    /// The same; the SDKs pay less for a retry after a throttle.
    pub fn pay_for(&mut self, throttled: bool) -> bool {
        let cost = if throttled { Self::COST_THROTTLED } else { Self::COST };
        if !self.bounded {
            return true;
        }
        let can = self.tokens >= cost;
        if can {
            self.tokens -= cost;
        }
        can
    }

    /// A success; `retried` if it took a retry.
    pub fn succeeded(&mut self, retried: bool) {
        self.tokens = (self.tokens + if retried { Self::COST } else { 1 }).min(Self::FULL);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::Seed;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn waits_stay_within_the_published_bounds(i in 1u32..80, throttled in any::<bool>(), seed in any::<u64>(), hint in prop::option::of(0u64..60_000)) {
            let mut rng = Seed(seed).stream("jitter");
            let base = if throttled { 1000 } else { 50 };
            let most = Duration::from_millis((base << (i - 1).min(20)).min(20_000));
            prop_assert!(Backoff::STANDARD.after(i, throttled, None, &mut rng) <= most);
            if let Some(ms) = hint {
                let hint = Duration::from_millis(ms);
                let wait = Backoff::STANDARD.after(i, throttled, Some(Hint::Standard(hint)), &mut rng);
                prop_assert!(wait >= hint && wait <= hint + Duration::from_secs(1));
                let wait = Backoff::STANDARD.after(i, throttled, Some(Hint::Millis(hint)), &mut rng);
                prop_assert!(wait <= most + Duration::from_secs(5) || wait <= hint);
            }
        }
    }

    #[test]
    fn the_quota_is_spent_by_retries_and_earned_by_success() {
        let mut quota = Quota::new(true);
        let paid = (0..100).take_while(|_| quota.pay()).count();
        assert_eq!(paid, 35);
        quota.succeeded(true);
        assert!(quota.pay() && !quota.pay());
        for _ in 0..4 {
            quota.succeeded(false);
        }
        assert!(quota.pay());
        assert!((0..1000).all(|_| Quota::new(false).pay()));
    }
}
