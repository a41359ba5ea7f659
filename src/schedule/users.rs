//! How many users there are, over time: the schedule of a closed model.
//!
//! Holds [`UserStage`], [`Users`] and [`Change`]. Called by the scenario and by whoever starts and stops users. When a user calls
//! is not known beforehand, for it depends on the answers; when one begins and ends is.
//!
//! In a ramp the wanted number is a line, and a step is taken when the line *reaches* the next whole number, upwards and
//! downwards alike. A stage that begins with another number than the one before ended with begins with a jump.

use super::ScheduleError;
use std::time::Duration;

/// A stretch of time with a number of users that is constant or changes evenly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserStage {
    /// Users at its start.
    pub from: u32,
    /// Users at its end.
    pub to: u32,
    /// How long it lasts.
    pub duration: Duration,
}

/// Stages of users.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Users {
    stages: Vec<UserStage>,
}

/// From here on there are so many users.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// When, from the start.
    pub at: Duration,
    /// How many.
    pub users: u32,
    /// The stage, from 0.
    pub stage: u16,
}

impl Users {
    /// The stages in order.
    ///
    /// # Errors
    /// No stage, too many, or one without length.
    pub fn new(stages: Vec<UserStage>) -> Result<Users, ScheduleError> {
        if let Some(i) = stages.iter().position(|stage| stage.duration.is_zero()) {
            return Err(ScheduleError::Duration { stage: i + 1 });
        }
        match stages.len() {
            0 => Err(ScheduleError::NoStage),
            n if n > usize::from(u16::MAX) => Err(ScheduleError::TooManyStages(n)),
            _ => Ok(Users { stages }),
        }
    }

    /// The stages.
    pub fn stages(&self) -> &[UserStage] {
        &self.stages
    }

    /// How long all stages last together.
    pub fn lasts(&self) -> Duration {
        self.stages.iter().map(|stage| stage.duration).sum()
    }

    /// The most there are at once.
    pub fn most(&self) -> u32 {
        self.stages.iter().map(|stage| stage.from.max(stage.to)).max().unwrap_or(0)
    }

    /// Every change in order, each stage's first one also where the number stays. At the end of the last stage all leave; that is
    /// [`Users::lasts`], and no change.
    pub fn changes(&self) -> impl Iterator<Item = Change> + '_ {
        let starts = self.stages.iter().scan(Duration::ZERO, |start, stage| {
            let this = *start;
            *start += stage.duration;
            Some(this)
        });
        self.stages.iter().zip(starts).zip(0u16..).flat_map(|((stage, start), index)| {
            let steps = stage.from.abs_diff(stage.to);
            (0..=steps).map(move |step| {
                let users = if stage.to >= stage.from { stage.from + step } else { stage.from - step };
                // step/steps of the way; the line is straight.
                let into = if step == 0 { 0.0 } else { f64::from(step) / f64::from(steps) };
                Change { at: start + stage.duration.mul_f64(into).min(stage.duration), users, stage: index }
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(from: u32, to: u32, secs: u64) -> UserStage {
        UserStage { from, to, duration: Duration::from_secs(secs) }
    }

    #[test]
    fn ramps_reach_whole_numbers_both_ways() {
        let users = Users::new(vec![stage(0, 4, 8), stage(4, 4, 10), stage(4, 2, 2)]).unwrap();
        let all: Vec<_> = users.changes().map(|c| (c.at.as_millis(), c.users, c.stage)).collect();
        let expected = [
            (0, 0, 0),
            (2000, 1, 0),
            (4000, 2, 0),
            (6000, 3, 0),
            (8000, 4, 0),
            (8000, 4, 1),
            (18000, 4, 2),
            (19000, 3, 2),
            (20000, 2, 2),
        ];
        assert_eq!(all, expected);
        assert_eq!((users.most(), users.lasts()), (4, Duration::from_secs(20)));
    }

    #[test]
    fn nonsense_is_refused() {
        assert_eq!(Users::new(vec![]), Err(ScheduleError::NoStage));
        assert_eq!(Users::new(vec![stage(1, 1, 0)]), Err(ScheduleError::Duration { stage: 1 }));
    }
}
