//! When nothing gets through: one probe at a time, further and further apart.
//!
//! Holds [`Outage`]. Called by the desk with each end. It never sees a ticket: it answers whether to go on as usual, and when
//! the next probe may go.

use std::time::Duration;

/// The first wait between probes, and the longest.
const SHORTEST: Duration = Duration::from_millis(250);
const LONGEST: Duration = Duration::from_secs(15);

/// Whether the service can be worked with at present.
#[derive(Debug, Clone, Default)]
pub struct Outage {
    last_good: Option<Duration>,
    /// Failures since then.
    failures: u32,
    /// Probes that have failed, once in trouble.
    probes: Option<u32>,
    next_probe: Duration,
}

impl Outage {
    /// The service answered something that is no failure of its own or of the wire.
    pub fn good(&mut self, now: Duration) {
        self.last_good = Some(now);
        self.failures = 0;
        self.probes = None;
    }

    /// An attempt failed. `pass_over` tells when its pass began, if this was the pass's last attempt; a pass in which nothing
    /// at all got through, for anybody, is an outage, and so is a long row of failures.
    pub fn failed(&mut self, now: Duration, pass_over: Option<Duration>, at_once: u32, jitter: f64) {
        self.failures = self.failures.saturating_add(1);
        let silent = pass_over.is_some_and(|began| self.last_good.is_none_or(|good| good < began));
        match &mut self.probes {
            // Those that were under way when it began are no probes.
            Some(_) if now < self.next_probe => {}
            Some(probes) => {
                *probes += 1;
                self.next_probe = now + spacing(*probes, jitter);
            }
            None if silent || self.failures >= at_once.saturating_mul(4).max(16) => {
                self.probes = Some(0);
                self.next_probe = now + spacing(0, jitter);
            }
            None => {}
        }
    }

    /// In trouble: the offset of the next probe.
    pub fn next_probe(&self) -> Option<Duration> {
        self.probes.map(|_| self.next_probe)
    }

    /// Whether nothing has got through for a while.
    pub fn is_silent(&self, now: Duration) -> bool {
        self.last_good.is_none_or(|good| now.saturating_sub(good) > Duration::from_secs(1))
    }
}

/// Doubling from the shortest to the longest, between half and all of it.
fn spacing(probes: u32, jitter: f64) -> Duration {
    SHORTEST.saturating_mul(1 << probes.min(10)).min(LONGEST).mul_f64(0.5 + 0.5 * jitter)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    #[test]
    fn failures_beside_successes_are_no_outage() {
        let mut outage = Outage::default();
        for i in 0..100u64 {
            outage.good(MS(i * 10));
            outage.failed(MS(i * 10 + 5), Some(MS((i * 10).saturating_sub(50))), 4, 1.0);
        }
        assert_eq!(outage.next_probe(), None);
    }

    #[test]
    fn a_silent_pass_begins_an_outage_with_probes_further_and_further_apart() {
        let mut outage = Outage::default();
        outage.good(MS(100));
        outage.failed(MS(300), Some(MS(200)), 4, 1.0);
        assert_eq!(outage.next_probe(), Some(MS(550)));
        outage.failed(MS(301), Some(MS(200)), 4, 1.0);
        assert_eq!(outage.next_probe(), Some(MS(550)), "one that was under way");
        outage.failed(MS(560), None, 4, 1.0);
        assert_eq!(outage.next_probe(), Some(MS(1060)));
        for _ in 0..20 {
            let at = outage.next_probe().unwrap();
            outage.failed(at, None, 4, 1.0);
        }
        let at = outage.next_probe().unwrap();
        outage.failed(at, None, 4, 1.0);
        assert_eq!(outage.next_probe(), Some(at + LONGEST));
        outage.good(at);
        assert_eq!(outage.next_probe(), None);
    }

    #[test]
    fn a_long_row_of_failures_is_one_too() {
        let mut outage = Outage::default();
        for _ in 0..16 {
            assert_eq!(outage.next_probe(), None);
            outage.failed(MS(5), None, 4, 1.0);
        }
        assert!(outage.next_probe().is_some());
    }
}
