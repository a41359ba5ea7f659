//! A token bucket over a time that is handed in.
//!
//! Holds [`Rate`] and [`Bucket`]. Called by the client's schedule, the planner and the mock's quotas, so that all three mean
//! the same thing by "10 per second with a burst of 20". It never reads a clock: `now` is an offset from a start of the
//! caller's choosing.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

/// Requests per second; `unlimited` is infinite. Written `10/s`, `600/m`, `10/1s`, `36000/h` or `unlimited`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Rate(f64);

/// A rate that cannot be read, with what was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a rate: write 8/s, 600/m, 10/1s or unlimited")]
pub struct BadRate(String);

impl Rate {
    /// No limit at all.
    pub const UNLIMITED: Rate = Rate(f64::INFINITY);

    /// This many a second. Zero, negative and NaN are refused.
    pub fn per_second(n: f64) -> Option<Rate> {
        (n > 0.0).then_some(Rate(n))
    }

    /// Requests per second, infinite when unlimited.
    pub fn get(self) -> f64 {
        self.0
    }

    /// Whether there is no limit.
    pub fn is_unlimited(self) -> bool {
        self.0.is_infinite()
    }
}

impl FromStr for Rate {
    type Err = BadRate;

    fn from_str(text: &str) -> Result<Self, BadRate> {
        let bad = || BadRate(text.chars().take(40).collect());
        if text.trim() == "unlimited" {
            return Ok(Rate::UNLIMITED);
        }
        let (count, span) = text.split_once('/').ok_or_else(bad)?;
        let count: f64 = count.trim().parse().map_err(|_| bad())?;
        let span = span.trim();
        let digits = span.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(bad)?;
        let number: f64 = if digits == 0 { 1.0 } else { span[..digits].parse().map_err(|_| bad())? };
        let unit = match span[digits..].trim() {
            "ms" => 0.001,
            "s" | "sec" | "second" => 1.0,
            "m" | "min" | "minute" => 60.0,
            "h" | "hour" => 3600.0,
            _ => return Err(bad()),
        };
        let rate = count / (number * unit);
        // Less than one a day is a slip of the pen, and spans beyond what a clock can add.
        if rate.is_finite() && rate >= 1.0 / 86_400.0 { Rate::per_second(rate).ok_or_else(bad) } else { Err(bad()) }
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_unlimited() { f.write_str("unlimited") } else { write!(f, "{}/s", (self.0 * 1000.0).round() / 1000.0) }
    }
}

/// A token bucket: `burst` tokens at most, refilled at `rate` a second, full at the start.
///
/// Kept as the *virtual scheduling* form: instead of a level, the instant at which the bucket would be full again. A request
/// fits when that instant is at most `(burst - 1) / rate` ahead; taking one token moves it `1 / rate` further.
#[derive(Debug, Clone)]
pub struct Bucket {
    rate: Rate,
    burst: f64,
    full_at: f64,
}

impl Bucket {
    /// A full bucket. A burst below one token could never admit anything and is raised to one.
    pub fn new(rate: Rate, burst: f64) -> Self {
        Bucket { rate, burst: burst.max(1.0), full_at: 0.0 }
    }

    /// The rate in force.
    pub fn rate(&self) -> Rate {
        self.rate
    }

    /// Changes the rate from `now` on; the tokens in the bucket stay.
    pub fn set_rate(&mut self, now: Duration, rate: Rate) {
        let now = now.as_secs_f64();
        let missing = if self.rate.is_unlimited() { 0.0 } else { (self.full_at - now).max(0.0) * self.rate.get() };
        self.full_at = if rate.is_unlimited() { now } else { now + missing / rate.get() };
        self.rate = rate;
    }

    /// Empties the bucket at `now`.
    pub fn drain(&mut self, now: Duration) {
        let refill = if self.rate.is_unlimited() { 0.0 } else { self.burst / self.rate.get() };
        self.full_at = now.as_secs_f64() + refill;
    }

    /// The earliest offset at which a token is to be had; it may lie in the past, and then it says since when.
    pub fn ready_at(&self) -> Duration {
        if self.rate.is_unlimited() {
            return Duration::ZERO;
        }
        Duration::from_secs_f64((self.full_at - (self.burst - 1.0) / self.rate.get()).max(0.0))
    }

    /// Takes a token at `now` if there is one. Otherwise says how long until there will be.
    pub fn take(&mut self, now: Duration) -> Result<(), Duration> {
        if self.rate.is_unlimited() {
            return Ok(());
        }
        let ready = self.ready_at();
        // Rounding to nanoseconds must never make a caller who waited exactly as told wait again.
        if ready > now + Duration::from_nanos(1) {
            return Err(ready - now);
        }
        self.full_at = self.full_at.max(now.as_secs_f64()) + 1.0 / self.rate.get();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn rates_are_read_in_their_usual_spellings() {
        for (text, want) in
            [("8/s", 8.0), ("600/m", 10.0), ("10/1s", 10.0), ("10/100ms", 100.0), ("0.5/s", 0.5), (" 3600 / h ", 1.0)]
        {
            assert_eq!(text.parse::<Rate>().unwrap().get(), want, "{text}");
        }
        assert!("unlimited".parse::<Rate>().unwrap().is_unlimited());
        for text in ["", "8", "/s", "0/s", "-1/s", "8/0s", "8/fortnight", "NaN/s", "inf/s", "8/s/s", "1e-30/s"] {
            assert!(text.parse::<Rate>().is_err(), "{text}");
        }
    }

    proptest! {
        /// Over any span, at most burst + rate × span tokens are granted; and asking greedily gets all of them.
        #[test]
        fn grants_exactly_the_published_quota(rate in 1u32..200, burst in 1u32..400, gaps in prop::collection::vec(0u64..50_000, 1..400)) {
            let mut bucket = Bucket::new(Rate::per_second(rate.into()).unwrap(), burst.into());
            let (mut now, mut granted) = (Duration::ZERO, 0u64);
            for gap in gaps {
                now += Duration::from_micros(gap);
                while bucket.take(now).is_ok() { granted += 1; }
                let most = f64::from(burst) + f64::from(rate) * now.as_secs_f64();
                prop_assert!(granted as f64 <= most + 1e-3, "{granted} > {most}");
                prop_assert!(granted as f64 >= most.floor() - 1.0 || now.is_zero() || granted as f64 >= f64::from(burst), "{granted} < {most}");
            }
        }

        /// Waiting as long as told is always enough.
        #[test]
        fn a_told_wait_is_enough(rate in 1u32..5000, burst in 1u32..50, n in 1usize..500) {
            let mut bucket = Bucket::new(Rate::per_second(rate.into()).unwrap(), burst.into());
            let mut now = Duration::from_millis(3);
            for _ in 0..n {
                if let Err(wait) = bucket.take(now) {
                    now += wait;
                    prop_assert!(bucket.take(now).is_ok());
                }
            }
        }
    }
}
