//! How much of the account's request quota a run used, and what it would have needed.
//!
//! Holds [`Use`]. Made once a run from its seconds. The published limits are those of [`crate::chime::quota`]; what an account was granted
//! beyond them stands in no run directory.

use crate::chime::class::Class;
use crate::chime::quota::{BURST, RATE_PER_SECOND};
use crate::stats::seconds::Second;

/// Seconds over which a rate counts as sustained.
const SUSTAINED: usize = 10;
/// What is asked for beyond what was wanted: room for retries and for whoever else uses the account.
const MARGIN: f64 = 1.2;

/// A run beside the published quota. Rates are requests a second.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Use {
    /// The most that was sent in one second.
    pub peak_second: u64,
    /// The most that was sent in ten seconds on end, a second.
    pub peak_sustained: f64,
    /// The most that was wanted in ten seconds on end, a second: planned where calls are planned, sent where they are not.
    pub wanted_sustained: f64,
    /// The burst that what was wanted needs beside the published rate, counted by the second.
    pub burst_needed: f64,
    /// The same beside the rate of [`Use::ask_rate`].
    pub burst_beside_asked: f64,
    /// Calls that were throttled.
    pub throttled: u64,
    /// While it throttled, what the service still let in, a second; nothing where it never did.
    pub let_in: Option<f64>,
    /// Requests that were sent, all of them.
    pub sent: u64,
}

impl Use {
    /// Of a run's seconds.
    pub fn of(seconds: &[Second]) -> Use {
        let dense = |of: &dyn Fn(&Second) -> u64| {
            let mut counts = vec![0u64; seconds.last().map_or(0, |last| last.at as usize + 1)];
            seconds.iter().for_each(|second| counts[second.at as usize] += of(second));
            counts
        };
        let sent = dense(&|second| second.sent);
        let wanted = dense(&|second| second.planned.unwrap_or(second.sent));
        let (mut admitted, mut pressed, mut throttled) = (0, 0u64, 0);
        for second in seconds {
            let refused = second.classes.of(Class::Throttled);
            if refused > 0 {
                (admitted, pressed, throttled) =
                    (admitted + second.done.saturating_sub(refused), pressed + 1, throttled + refused);
            }
        }
        let wanted_sustained = sustained(&wanted);
        Use {
            peak_second: sent.iter().copied().max().unwrap_or(0),
            peak_sustained: sustained(&sent),
            wanted_sustained,
            burst_needed: burst(&wanted, RATE_PER_SECOND),
            burst_beside_asked: burst(&wanted, ask_rate(wanted_sustained)),
            throttled,
            let_in: (pressed > 0).then(|| admitted as f64 / pressed as f64),
            sent: sent.iter().sum(),
        }
    }

    /// Whether the published quota would have carried what was wanted.
    pub fn fits(&self) -> bool {
        self.wanted_sustained <= RATE_PER_SECOND && self.burst_needed <= BURST
    }

    /// The rate to ask for: what was wanted and a fifth more, in whole requests.
    pub fn ask_rate(&self) -> f64 {
        ask_rate(self.wanted_sustained)
    }

    /// The burst to ask for: twice the rate, as it is published, or what is needed beside it if that is more.
    pub fn ask_burst(&self) -> f64 {
        (2.0 * self.ask_rate()).max(self.burst_beside_asked.ceil()).max(BURST)
    }
}

/// The rate to ask for where so much is wanted.
pub fn ask_rate(wanted: f64) -> f64 {
    (wanted * MARGIN).ceil().max(RATE_PER_SECOND)
}

/// The largest mean over ten seconds on end; over all of them where there are fewer.
fn sustained(counts: &[u64]) -> f64 {
    let most = counts.windows(SUSTAINED.min(counts.len()).max(1)).map(|window| window.iter().sum::<u64>()).max();
    most.map_or(0.0, |most| most as f64 / SUSTAINED.min(counts.len()).max(1) as f64)
}

/// How many tokens a bucket that refills at `rate` must hold so that none of these is refused: the largest excess over any stretch of
/// whole seconds. Within a second arrivals count as evenly spread, so it is the least that can do.
fn burst(counts: &[u64], rate: f64) -> f64 {
    let mut most = 0f64;
    counts.iter().fold(0f64, |excess, count| {
        let excess = (excess + *count as f64 - rate).max(0.0);
        most = most.max(excess);
        excess
    });
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(sent: &[u64]) -> Vec<Second> {
        sent.iter().zip(0..).map(|(n, at)| Second { at, sent: *n, done: *n, ..Second::default() }).collect()
    }

    #[test]
    fn a_burst_is_the_largest_excess_over_any_stretch() {
        let used = Use::of(&seconds(&[10, 10, 30, 14, 2, 10]));
        assert_eq!((used.peak_second, used.burst_needed), (30, 24.0));
        assert!((used.peak_sustained - 76.0 / 6.0).abs() < 1e-9, "{}", used.peak_sustained);
        assert!(!used.fits());
        assert_eq!((used.ask_rate(), used.ask_burst()), (16.0, 32.0));
    }

    #[test]
    fn what_fits_asks_for_no_more_than_is_published() {
        let used = Use::of(&seconds(&[8; 20]));
        assert!(used.fits());
        assert_eq!((used.ask_rate(), used.ask_burst(), used.let_in), (10.0, 20.0, None));
        assert!(Use::of(&[]).fits());
    }

    #[test]
    fn what_is_let_in_is_counted_while_it_throttles() {
        let mut all = seconds(&[20, 20, 5]);
        all[0].classes.add(Class::Throttled, 10);
        all[1].classes.add(Class::Throttled, 8);
        let used = Use::of(&all);
        assert_eq!((used.throttled, used.let_in), (18, Some(11.0)));
    }
}
