//! A rate over time, and its integral turned round.
//!
//! Holds [`Stage`], [`Profile`] and [`Inverse`]. Called by the schedule for every arrival and by the scenario for counts. It
//! never draws chance. Steps and spikes are stages like any other; one with rate 0 is a pause.
//!
//! # The formula
//!
//! In a stage of length *T* the rate is the line r(t) = a + k·t with k = (b − a)/T. Its integral from the stage's start is
//!
//! > A(t) = a·t + k·t²/2
//!
//! and an arrival that wants A(t) = x solves k/2·t² + a·t − x = 0. Of the two roots the one with the rising integral is
//! (−a + √(a² + 2kx))/k; multiplied by (a + √…)/(a + √…) it becomes
//!
//! > t = 2x / (a + √(a² + 2kx))
//!
//! which needs no division by k, so that it holds for a constant rate as well (t = x/a), and subtracts nothing from its equal.
//! What a stage leaves of an arrival, a fraction of 1, is carried into the next: x counts from the start of the *schedule*, and
//! each stage takes off what all before it have given.

use super::ScheduleError;
use std::time::Duration;

/// A stretch of time with a rate that is constant or changes evenly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stage {
    /// The rate at its start, per second.
    pub from: f64,
    /// The rate at its end, per second.
    pub to: f64,
    /// How long it lasts.
    pub duration: Duration,
}

impl Stage {
    /// How many arrivals it is good for: the mean of both rates times its length.
    pub fn area(&self) -> f64 {
        (self.from + self.to) / 2.0 * self.duration.as_secs_f64()
    }

    /// Seconds from its start after which `x` arrivals have come, `x` being at most [`Stage::area`].
    fn reach(&self, x: f64) -> f64 {
        let length = self.duration.as_secs_f64();
        let slope = (self.to - self.from) / length;
        // Towards the end of a ramp to zero, rounding may make the root's argument negative.
        let root = (self.from * self.from + 2.0 * slope * x).max(0.0).sqrt();
        let t = if x <= 0.0 { 0.0 } else { 2.0 * x / (self.from + root) };
        t.clamp(0.0, length)
    }
}

/// Stages, one after another.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    stages: Vec<Stage>,
    /// The integral of the rate up to the end of each stage.
    areas: Vec<f64>,
}

/// The longest schedule: beyond it, instants in nanoseconds and counts in f64 would lose their last digits.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
const MOST: f64 = 1e10;

/// Rates such as 7/m have no exact binary form: an integral that falls short of a whole number by less than this has reached it.
/// Sums of thousands of stages err by less than 1e-12 of themselves; at 1e10 arrivals that is a hundredth of one.
fn rounding(x: f64) -> f64 {
    1e-9 + 1e-12 * x
}

impl Profile {
    /// The stages in order.
    ///
    /// # Errors
    /// No stage, a rate below zero or not finite, a stage without length, more than a year or 1e10 arrivals.
    pub fn new(stages: Vec<Stage>) -> Result<Profile, ScheduleError> {
        let mut areas = Vec::with_capacity(stages.len());
        let (mut area, mut lasts) = (0.0, Duration::ZERO);
        for (i, stage) in stages.iter().enumerate() {
            let rate = |r: f64| r.is_finite() && r >= 0.0;
            if !rate(stage.from) || !rate(stage.to) {
                return Err(ScheduleError::Rate { stage: i + 1 });
            }
            if stage.duration.is_zero() {
                return Err(ScheduleError::Duration { stage: i + 1 });
            }
            area += stage.area();
            lasts = lasts.saturating_add(stage.duration);
            areas.push(area);
        }
        match stages.len() {
            0 => Err(ScheduleError::NoStage),
            n if n > usize::from(u16::MAX) => Err(ScheduleError::TooManyStages(n)),
            _ if lasts > LONGEST || area > MOST => Err(ScheduleError::TooMuch),
            _ => Ok(Profile { stages, areas }),
        }
    }

    /// The stages.
    pub fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// The integral of the rate over everything.
    pub fn area(&self) -> f64 {
        self.areas.last().copied().unwrap_or_default()
    }

    /// How many arrivals a uniform schedule has: the whole part of the integral. An arrival comes when it has been earned: the
    /// first at 1/s comes after one second, and the last one may come at the very end.
    pub fn count(&self) -> u64 {
        whole(self.area())
    }

    /// The same, stage by stage; they add up to [`Profile::count`], because what one stage leaves over the next completes.
    pub fn counts(&self) -> Vec<u64> {
        let ends: Vec<u64> = self.areas.iter().map(|area| whole(*area)).collect();
        ends.iter().enumerate().map(|(i, end)| end - if i == 0 { 0 } else { ends[i - 1] }).collect()
    }

    /// How long all stages last together.
    pub fn lasts(&self) -> Duration {
        self.stages.iter().map(|stage| stage.duration).sum()
    }

    /// The integral turned round, for values that do not fall.
    pub fn inverse(&self) -> Inverse<'_> {
        Inverse { profile: self, stage: 0, start: Duration::ZERO, before: 0.0 }
    }
}

fn whole(area: f64) -> u64 {
    (area + rounding(area)).floor() as u64
}

/// From a value of the integral to its instant, moving forward only.
#[derive(Debug, Clone)]
pub struct Inverse<'a> {
    profile: &'a Profile,
    stage: usize,
    /// When the stage begins, and the integral up to there.
    start: Duration,
    before: f64,
}

impl Inverse<'_> {
    /// Where the integral reaches `x`, and in which stage (of two that meet there, the earlier). `x` must not be less than the
    /// time before. `None` beyond the end; what falls short of it by a rounding error lies at the end.
    pub fn reach(&mut self, x: f64) -> Option<(Duration, u16)> {
        self.find(x, rounding(x))
    }

    /// The same without the benefit of rounding: for values that need not be whole.
    pub fn reach_before_end(&mut self, x: f64) -> Option<(Duration, u16)> {
        self.find(x, 0.0)
    }

    fn find(&mut self, x: f64, slack: f64) -> Option<(Duration, u16)> {
        while x > self.profile.areas.get(self.stage)? + slack {
            self.before = self.profile.areas[self.stage];
            self.start += self.profile.stages[self.stage].duration;
            self.stage += 1;
        }
        let stage = &self.profile.stages[self.stage];
        let into = Duration::from_secs_f64(stage.reach((x - self.before).min(stage.area()))).min(stage.duration);
        // Profile::new keeps the number of stages below this.
        Some((self.start + into, u16::try_from(self.stage).unwrap_or(u16::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(from: f64, to: f64, millis: u64) -> Stage {
        Stage { from, to, duration: Duration::from_millis(millis) }
    }

    fn millis(stages: Vec<Stage>) -> Vec<f64> {
        let profile = Profile::new(stages).unwrap();
        let mut inverse = profile.inverse();
        (1..).map_while(|n| inverse.reach(f64::from(n))).map(|(at, _)| at.as_secs_f64() * 1000.0).collect()
    }

    #[test]
    fn constant_rates_ramps_and_pauses_by_hand() {
        assert_eq!(millis(vec![stage(4.0, 4.0, 1000)]), [250.0, 500.0, 750.0, 1000.0]);
        // t² = n for a ramp that gains 2/s every second.
        let ramp = millis(vec![stage(0.0, 8.0, 4000)]);
        assert_eq!(ramp.len(), 16);
        assert!(ramp.iter().zip(1..).all(|(at, n)| (at - 1000.0 * f64::from(n).sqrt()).abs() < 1e-6), "{ramp:?}");
        // Half an arrival from the first stage, none in the pause, the other half from the third.
        assert_eq!(millis(vec![stage(1.0, 1.0, 500), stage(0.0, 0.0, 1000), stage(2.0, 2.0, 250)]), [1750.0]);
    }

    #[test]
    fn whole_integrals_are_whole_although_their_rates_are_not() {
        for (count, seconds) in [(7.0, 60.0), (1.0, 3.0), (1.0, 7.0), (600.0, 3600.0), (11.0, 13.0)] {
            let many = Profile::new(vec![stage(count / seconds, count / seconds, (seconds * 1000.0) as u64); 30]).unwrap();
            assert_eq!(many.count(), count as u64 * 30, "{count} in {seconds}");
            assert_eq!(many.counts(), vec![count as u64; 30]);
            let mut inverse = many.inverse();
            assert_eq!((1..).map_while(|n| inverse.reach(f64::from(n))).count() as u64, many.count());
        }
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Profile::new(vec![]), Err(ScheduleError::NoStage));
        assert_eq!(Profile::new(vec![stage(1.0, 1.0, 1), stage(-1.0, 0.0, 1)]), Err(ScheduleError::Rate { stage: 2 }));
        assert_eq!(Profile::new(vec![stage(1.0, f64::NAN, 1)]), Err(ScheduleError::Rate { stage: 1 }));
        assert_eq!(Profile::new(vec![stage(1.0, 1.0, 0)]), Err(ScheduleError::Duration { stage: 1 }));
        assert_eq!(Profile::new(vec![stage(1e10, 1e10, 2000)]), Err(ScheduleError::TooMuch));
        assert!(Profile::new(vec![stage(0.0, 0.0, 1000)]).is_ok_and(|p| p.count() == 0));
    }
}
