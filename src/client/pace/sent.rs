//! How fast requests really went.
//!
//! Holds [`Sent`]. Called by both schedules. It never reads a clock.

use std::time::Duration;

/// The rate really sent, over half-second windows, smoothed as the SDKs do (0.8 of the newest).
#[derive(Debug, Clone, Default)]
pub struct Sent {
    window: u64,
    count: u32,
    smoothed: f64,
}

impl Sent {
    /// One was sent at `now`.
    pub fn count(&mut self, now: Duration) {
        self.roll(now);
        self.count += 1;
    }

    fn roll(&mut self, now: Duration) {
        let window = now.as_millis() as u64 / 500;
        if window > self.window {
            let rate = f64::from(self.count) * 2.0 / (window - self.window) as f64;
            self.smoothed = if self.smoothed == 0.0 { rate } else { 0.8 * rate + 0.2 * self.smoothed };
            (self.window, self.count) = (window, 0);
        }
    }

    /// Requests a second, about now.
    pub fn per_second(&mut self, now: Duration) -> f64 {
        self.roll(now);
        // In a window's first moments what was counted so far is the better witness of the two.
        self.smoothed.max(f64::from(self.count) * 2.0)
    }
}
