//! `--rate auto`: finds the account's rate, and keeps to it.
//!
//! Holds [`Auto`], a pure state machine over offsets from the start. Called through [`super::Pace`]. It never reads a clock,
//! never sees a request, and never limits how many are under way: it says when the next may go.
//!
//! The account has a bucket of unknown rate and burst. Only a 429 says anything sure of it: *now it is empty*. So the schedule
//! goes from one 429 to the next, seldom enough to waste little, and each corrects the rate by the [fit](super::fit). Between
//! them it follows one law:
//!
//! ```text
//! opening   10/s, growing by e every two seconds, until the first 429: the burst is spent
//! cycles    r (1 − m + 2 m u)    while u ≤ 1,    u = time since the last 429, in cycles of n calls
//!           r (1 + m 4^(u−1))    beyond, until the next 429
//! ```
//!
//! `m`, the margin, is how well `r` is known: one call of those the fit stands on, 2 % at best. A bucket with room keeps what the
//! first half of a cycle leaves and gives it back in the second, so that all of it is used, and the cycle ends at `u = 1`; a
//! bucket without loses `m / 2` of it, and the cycle ends at `u = 1/2`. If the account's rate has risen, the powers of four find
//! it. `n` starts small and triples, up to 150 calls for each throttle that the last 429 brought with it, so that under a percent
//! is throttled however long the way to the service is.

use super::fit::{Curve, Learned, Stretches};
use super::sent::Sent;
use crate::bucket::Rate;
use std::time::Duration;

/// Where the opening begins: the published quota (requests a second).
pub const OPENING: f64 = 10.0;
/// How fast it grows: e-folds a second.
const GROWTH: f64 = 0.5;
/// Never slower than this (requests a second).
const FLOOR: f64 = 0.5;
/// The least and the greatest margin; and above which one little is known.
const MARGIN: (f64, f64) = (0.02, 0.5);
const VAGUE: f64 = 0.1;
/// Calls accepted between 429s that tell a rate to a percent or so.
const SURE: f64 = 100.0;
/// The margin of a rate that an earlier run has learnt.
const REMEMBERED: f64 = 0.05;
/// Calls of a cycle for each throttle that the last 429 brought with it; calls of the first cycle; and how much longer than what
/// the fit stands on a cycle may be.
const CALLS_A_THROTTLE: f64 = 150.0;
const FIRST_CYCLE: f64 = 6.0;
const LONGER: f64 = 3.0;
/// What the rate falls to, as a share, when 429 follows 429 and nothing gets in between, whatever the fit says.
const FALL: f64 = 0.7;
/// What one flight can bring a guessed rate down to, as a share.
const PLUNGE: f64 = 0.15;
/// A way there and back, before any is known (seconds).
const TRIP: f64 = 0.25;
/// Lateness that is caught up with: that of timers (seconds).
const CREDIT: f64 = 0.005;

/// Calls that an opening may have under way, all of which may be throttled when the burst is spent: a few, and a share of those
/// accepted so far. Beyond a burst as large as any, the rate must be high, and the share may be, too.
fn staked(accepted: f64) -> f64 {
    const LARGE: f64 = 400.0;
    6.0 + 0.02 * accepted.min(LARGE) + 0.04 * (accepted - LARGE).max(0.0)
}

/// The law of the schedule between two 429s.
#[derive(Debug, Clone, Copy)]
enum Law {
    /// No 429 yet; from this rate.
    Opening { from: f64 },
    /// A rate, how well it is known, since when, and the seconds of a cycle.
    Cycle { rate: f64, margin: f64, since: f64, cycle: f64 },
}

impl Law {
    fn at(self, now: f64) -> f64 {
        match self {
            Law::Opening { from } => from * (GROWTH * now).min(50.0).exp(),
            Law::Cycle { rate, margin, since, cycle } => {
                let u = ((now - since) / cycle).max(0.0);
                let sway = if u <= 1.0 { 2.0 * u - 1.0 } else { 4f64.powf((u - 1.0).min(50.0)) };
                rate * (1.0 + margin * sway)
            }
        }
    }

    /// What it says without reaching for more.
    fn sure(self) -> f64 {
        match self {
            Law::Opening { from } => from,
            Law::Cycle { rate, margin, .. } => rate * (1.0 + margin),
        }
    }
}

/// The 429s to what was sent before the first of them was heard of.
#[derive(Debug, Clone, Copy)]
struct Flight {
    /// When the first was sent, how many calls had been accepted, and when it was heard of.
    sent: f64,
    accepted: f64,
    heard: f64,
    throttles: f64,
    /// How low the rest of it may bring the rate.
    least: f64,
}

/// A schedule that finds its rate.
#[derive(Debug, Clone)]
pub struct Auto {
    ceiling: f64,
    /// What an earlier run has learnt.
    known: Option<Learned>,
    law: Law,
    in_force: f64,
    /// When the next request may go.
    next: f64,
    quiet_until: f64,
    sent: Sent,
    /// The way there and back, smoothed.
    trip: Option<f64>,
    curve: Curve,
    /// The opening, and when the request was sent that ended it.
    opening: Option<(Curve, f64)>,
    /// When the bucket was last empty, and how many calls had been accepted.
    empty: Option<(f64, f64)>,
    stretches: Stretches,
    flight: Option<Flight>,
    burst: f64,
}

impl Auto {
    /// A schedule that never exceeds `ceiling`. `known`: what an earlier run has learnt.
    pub fn new(ceiling: Rate, known: Option<Learned>) -> Auto {
        let known = known.filter(|known| known.is_sane());
        let law = match known {
            None => Law::Opening { from: OPENING },
            Some(Learned { rate, .. }) => Law::Cycle { rate, margin: REMEMBERED, since: 0.0, cycle: CALLS_A_THROTTLE / rate },
        };
        Auto {
            ceiling: ceiling.get(),
            known,
            law,
            in_force: law.at(0.0).min(ceiling.get()),
            next: 0.0,
            quiet_until: 0.0,
            sent: Sent::default(),
            trip: None,
            curve: Curve::default(),
            opening: None,
            empty: None,
            stretches: Stretches::default(),
            flight: None,
            burst: 1.0,
        }
    }

    /// The earliest offset for the next request; one in the past says since when it could have gone.
    pub fn ready_at(&self) -> Duration {
        Duration::from_secs_f64(self.next.max(self.quiet_until))
    }

    /// Takes the right to send at `now`, if there is one; otherwise says how long to wait.
    pub fn take(&mut self, now: Duration) -> Result<(), Duration> {
        let ready = self.ready_at();
        if ready > now + Duration::from_nanos(1) {
            return Err(ready - now);
        }
        self.sent.count(now);
        let at = now.as_secs_f64();
        self.in_force = self.rate_at(at);
        self.next = self.next.max(at - CREDIT) + 1.0 / self.in_force;
        Ok(())
    }

    /// The rate in force, in requests a second.
    pub fn rate(&self) -> f64 {
        self.in_force
    }

    /// What has been learnt, once two 429s have taught it.
    pub fn learned(&self) -> Option<Learned> {
        match self.law {
            Law::Cycle { rate, margin, .. } if !self.stretches.is_empty() && margin <= VAGUE => {
                Some(Learned { rate: rate.min(self.ceiling), burst: self.burst })
            }
            _ => None,
        }
    }

    /// Whether what has been learnt stands on so many calls that it is right to a few percent.
    pub fn is_sure(&self) -> bool {
        self.learned().is_some() && self.stretches.accepted() >= SURE
    }

    /// The service asked to be left alone for so long.
    pub fn quiet(&mut self, now: Duration, wait: Duration) {
        self.quiet_until = self.quiet_until.max((now + wait).as_secs_f64());
    }

    /// An answer came at `now` to a request sent at `sent`, and the quota had let it in.
    pub fn let_in(&mut self, now: Duration, sent: Duration) {
        self.travelled(now, sent);
        self.curve.accepted(sent.as_secs_f64());
    }

    /// A throttle came back at `now` for a request sent at `sent`; `wait` is what the service asked for, if it did.
    pub fn throttled(&mut self, now: Duration, sent: Duration, wait: Option<Duration>) {
        self.travelled(now, sent);
        if let Some(wait) = wait {
            self.quiet(now, wait);
        }
        let (now, sent) = (now.as_secs_f64(), sent.as_secs_f64());
        match &mut self.flight {
            Some(flight) if sent <= flight.heard => {
                flight.throttles += 1.0;
                let flight = *flight;
                // A service that charges for what it throttles has lost until here what came in since.
                self.empty = Some((sent, self.curve.total()));
                let most = (self.curve.total() - flight.accepted + 1.0) / (sent - flight.sent).max(1e-6);
                self.bound(most.max(flight.least));
            }
            last => {
                let cost = last.map_or(1.0, |last| last.throttles);
                let rate = self.emptied(now, sent, cost);
                let least = (PLUNGE * rate).max(FLOOR);
                self.flight = Some(Flight { sent, accepted: self.curve.total(), heard: now, throttles: 1.0, least });
            }
        }
    }

    /// What the law allows, within reach of what is known to work.
    fn rate_at(&mut self, now: f64) -> f64 {
        let stake = staked(self.curve.total()) / self.trip.unwrap_or(TRIP).max(1e-3);
        // Never far above what is really sent: an idle minute is no evidence of room.
        let really = self.sent.per_second(Duration::from_secs_f64(now));
        let reach = stake.min(2.0 * really).max(self.law.sure());
        self.law.at(now).min(reach).max(FLOOR).min(self.ceiling)
    }

    /// A rate that is little more than guessed is no higher than what came through of the flight that it was guessed from.
    fn bound(&mut self, most: f64) {
        if let Law::Cycle { rate, margin, cycle, .. } = &mut self.law
            && *margin > VAGUE
            && *rate > most
        {
            (*rate, *cycle) = (most, *cycle * *rate / most);
        }
    }

    /// The bucket was empty at `sent`, as is known from `now` on; the last such time cost so many throttles. Answers the new rate.
    fn emptied(&mut self, now: f64, sent: f64, cost: f64) -> f64 {
        let before = self.rate_at(now);
        let (rate, known) = match self.empty {
            None => {
                let guess = self.guess(before, sent);
                self.opening = Some((std::mem::take(&mut self.curve), sent));
                self.known.map_or((guess, 1.0), |known| (known.rate, 1.0 / REMEMBERED))
            }
            Some((since, accepted)) => {
                let kept = self.stretches.add(sent - since, self.curve.total() - accepted);
                self.curve.forget(sent - kept);
                (self.fitted(before), self.stretches.accepted().max(1.0))
            }
        };
        self.empty = Some((sent, self.curve.total()));
        let most = if self.stretches.are_barren() { FALL * before } else { before };
        let rate = rate.clamp(FLOOR, most.max(FLOOR));
        let margin = (1.0 / known).clamp(MARGIN.0, MARGIN.1);
        let calls = (LONGER * known).clamp(FIRST_CYCLE, (CALLS_A_THROTTLE * cost).max(FIRST_CYCLE));
        // While little is known, what is still under way is waited for: it says more, and costs less.
        let since = if margin > VAGUE { now + self.trip.unwrap_or(TRIP) } else { now };
        self.law = Law::Cycle { rate, margin, since, cycle: calls / rate };
        self.next = self.next.max(since + 1.0 / self.law.at(since));
        rate
    }

    /// A rate to go on with when the opening at `rate` has ended at `spent`. The published buckets hold two seconds' worth; and
    /// what costs few throttles to try is tried.
    fn guess(&self, rate: f64, spent: f64) -> f64 {
        let cheap = (2.0 / self.trip.unwrap_or(TRIP).max(1e-3)).min(rate / 2.0);
        rate.min(self.curve.total() / (spent + 2.0)).max(cheap)
    }

    /// The rate by the fit. Burst and rate explain each other: from the highest rate that could be, down, and not to the end; after
    /// a slow opening many pairs explain it about as well, and the highest is the one that the next cycle can disprove.
    fn fitted(&mut self, most: f64) -> f64 {
        let plain = self.stretches.rate();
        let mut rate = most.max(plain);
        for _ in 0..3 {
            if let Some((opening, spent)) = &self.opening {
                self.burst = opening.burst(*spent, rate);
            }
            rate = self.curve.rate(self.burst).max(plain).min(rate);
        }
        rate
    }

    fn travelled(&mut self, now: Duration, sent: Duration) {
        let trip = now.saturating_sub(sent).as_secs_f64();
        self.trip = Some(self.trip.map_or(trip, |before| before + 0.1 * (trip - before)));
    }
}
