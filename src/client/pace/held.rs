//! How fast to go when the service says "too fast": flow control on the schedule, for all rows together.
//!
//! Holds [`Held`]: the asked rate as a ceiling, a token bucket under it, and the SDKs' adaptive rule (CUBIC: on a throttle the
//! rate falls to 0.7 of what was really sent; it comes back along `0.4 (t − K)³ + w`). Called through [`super::Pace`]. It never reads a
//! clock and never sees a request.
//!
//! Source: botocore 1.44.5's `retries/adaptive.py` and `throttling.py` (SERVICE.md section 8). One thing differs: only the
//! first throttle of a flight lowers the rate. The others were sent at the old one and say nothing new.

use super::sent::Sent;
use crate::bucket::{Bucket, Rate};
use std::time::Duration;

/// What the rate falls to, as a share, on a throttle.
const BETA: f64 = 0.7;
/// The growth constant of the cubic.
const SCALE: f64 = 0.4;
/// Never slower than this.
const FLOOR: f64 = 0.5;

/// The schedule of a run: at most the asked rate, less while the service throttles.
#[derive(Debug, Clone)]
pub struct Held {
    ceiling: Rate,
    bucket: Bucket,
    sent: Sent,
    /// The rate at the last throttle, and when that was.
    cut: Option<(f64, Duration)>,
    quiet_until: Duration,
}

impl Held {
    /// A schedule at this rate, with this many at once at the start.
    pub fn new(ceiling: Rate, burst: f64) -> Self {
        Held { ceiling, bucket: Bucket::new(ceiling, burst), sent: Sent::default(), cut: None, quiet_until: Duration::ZERO }
    }

    /// The earliest offset for the next request; one in the past says since when it could have gone.
    pub fn ready_at(&self) -> Duration {
        self.bucket.ready_at().max(self.quiet_until)
    }

    /// Takes the right to send at `now`, if there is one; otherwise says how long to wait.
    pub fn take(&mut self, now: Duration) -> Result<(), Duration> {
        if now < self.quiet_until {
            return Err(self.quiet_until - now);
        }
        self.bucket.take(now)?;
        self.sent.count(now);
        Ok(())
    }

    /// The rate in force.
    pub fn rate(&self) -> Rate {
        self.bucket.rate()
    }

    /// Whether the service has slowed us down.
    pub fn is_slowed(&self) -> bool {
        self.bucket.rate() < self.ceiling
    }

    /// A throttle came back at `now` for a request sent at `sent`; `wait` is what the service asked for, if it did.
    pub fn throttled(&mut self, now: Duration, sent: Duration, wait: Option<Duration>) {
        if let Some(wait) = wait {
            self.quiet(now, wait);
        }
        if self.cut.is_some_and(|(_, at)| sent <= at) {
            return;
        }
        let measured = self.sent.per_second(now);
        let was = measured.min(self.bucket.rate().get()).max(FLOOR);
        self.cut = Some((was, now));
        self.go_on_at(now, was * BETA);
        // The account's bucket is empty; ours must not hold a burst against it.
        self.bucket.drain(now);
    }

    /// The service asked to be left alone for so long.
    pub fn quiet(&mut self, now: Duration, wait: Duration) {
        self.quiet_until = self.quiet_until.max(now + wait);
    }

    /// An answer that was no throttle: the rate may come back a little.
    pub fn accepted(&mut self, now: Duration) {
        let Some((was, at)) = self.cut else { return };
        let since = now.saturating_sub(at).as_secs_f64();
        let knee = (was * (1.0 - BETA) / SCALE).cbrt();
        let wanted = SCALE * (since - knee).powi(3) + was;
        // Never far above what is really sent: an idle minute is no evidence of room.
        let wanted = wanted.min(2.0 * self.sent.per_second(now)).max(FLOOR);
        if wanted >= self.ceiling.get() {
            self.cut = None;
        }
        if wanted > self.bucket.rate().get() {
            self.go_on_at(now, wanted);
        }
    }

    fn go_on_at(&mut self, now: Duration, rate: f64) {
        let rate = rate.clamp(FLOOR.min(self.ceiling.get()), self.ceiling.get());
        if let Some(rate) = Rate::per_second(rate) {
            self.bucket.set_rate(now, rate);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(n: f64) -> Rate {
        Rate::per_second(n).unwrap()
    }

    /// A client at `ours` a second against a quota; returns (accepted, throttled) after `seconds`.
    fn run(ours: f64, quota: f64, burst: f64, seconds: u64) -> (u32, u32) {
        let mut pace = Held::new(rate(ours), 20.0);
        let mut service = Bucket::new(rate(quota), burst);
        let (mut now, end) = (Duration::ZERO, Duration::from_secs(seconds));
        let (mut accepted, mut throttled) = (0, 0);
        while now < end {
            match pace.take(now) {
                Err(wait) => now += wait.max(Duration::from_micros(1)),
                Ok(()) if service.take(now).is_ok() => {
                    accepted += 1;
                    pace.accepted(now);
                }
                Ok(()) => {
                    throttled += 1;
                    pace.throttled(now, now, None);
                    now += Duration::from_millis(5);
                }
            }
        }
        (accepted, throttled)
    }

    #[test]
    fn under_the_quota_the_asked_rate_is_kept() {
        // The one due when the minute ends is not in it.
        assert_eq!(run(8.0, 10.0, 20.0, 60), (20 + 8 * 60 - 1, 0));
    }

    #[test]
    fn ten_times_over_the_quota_most_of_it_is_still_used_and_few_calls_are_wasted() {
        for (ours, quota) in [(100.0, 10.0), (30.0, 3.0), (500.0, 50.0)] {
            let (accepted, throttled) = run(ours, quota, 20.0, 120);
            assert!(f64::from(accepted) > 0.75 * quota * 120.0, "{ours} on {quota}: {accepted} accepted, {throttled} throttled");
            assert!(throttled * 10 < accepted * 3, "{ours} on {quota}: {accepted} accepted, {throttled} throttled");
        }
    }

    #[test]
    fn a_hint_silences_everybody() {
        let mut pace = Held::new(rate(100.0), 5.0);
        pace.take(Duration::ZERO).unwrap();
        pace.throttled(Duration::from_millis(10), Duration::ZERO, Some(Duration::from_secs(7)));
        assert_eq!(pace.ready_at(), Duration::from_millis(7010));
        assert!(pace.take(Duration::from_secs(7)).is_err() && pace.take(Duration::from_millis(7011)).is_ok());
    }

    #[test]
    fn a_throttle_never_raises_a_slow_rate() {
        let mut pace = Held::new(rate(0.1), 1.0);
        pace.take(Duration::ZERO).unwrap();
        pace.throttled(Duration::from_secs(1), Duration::ZERO, None);
        assert!(pace.rate() <= rate(0.1));
        pace.accepted(Duration::from_secs(600));
        assert!(pace.rate() <= rate(0.1));
    }

    #[test]
    fn one_flight_of_throttles_slows_down_once() {
        let mut pace = Held::new(rate(50.0), 50.0);
        for _ in 0..40 {
            pace.take(Duration::ZERO).unwrap();
        }
        for i in 0..40 {
            pace.throttled(Duration::from_millis(20 + i), Duration::ZERO, None);
        }
        assert!(pace.is_slowed() && pace.rate().get() > 30.0, "{}", pace.rate());
    }
}
