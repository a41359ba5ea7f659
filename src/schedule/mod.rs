//! When: offsets from the start of a run, as pure iterators.
//!
//! Holds [`Arrival`] and [`Schedule`], which is a value: asked twice, it tells the same arrivals, byte for byte. Called by the
//! scenario, which makes one, and by whoever issues calls or prints them. It never sees a clock, a call or a file; memory does
//! not grow with the number of arrivals, except that a trace is held as it was read.

pub mod profile;
pub mod stripe;
pub mod trace;
pub mod users;

use crate::seed::Seed;
use profile::{Inverse, Profile};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::time::Duration;
use trace::Trace;

/// Something that wants to happen at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Its number among all arrivals of the schedule, from 1, whatever stripe it is seen through.
    pub n: u64,
    /// When it is due, from the start of the run.
    pub at: Duration,
    /// The stage it falls into, from 0.
    pub stage: u16,
}

/// Numbers that make no schedule.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum ScheduleError {
    /// No stage at all.
    #[error("a schedule has at least one stage")]
    NoStage,
    /// More stages than samples can tell apart.
    #[error("{0} stages; at most 65,535 can be told apart")]
    TooManyStages(usize),
    /// A rate that is negative, infinite or no number.
    #[error("stage {stage}: a rate is a number from 0 up, and finite")]
    Rate {
        /// Which, from 1.
        stage: usize,
    },
    /// A stage without length.
    #[error("stage {stage}: a stage lasts longer than nothing")]
    Duration {
        /// Which, from 1.
        stage: usize,
    },
    /// So long or so many that the arrivals could not be told apart by their instants.
    #[error("more than a year, or more than 1e10 arrivals")]
    TooMuch,
    /// A line of a trace that is no offset, or lies before the one above it.
    #[error("line {line}: {what}")]
    Trace {
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        what: String,
    },
    /// A trace without an offset.
    #[error("the trace has no offsets")]
    EmptyTrace,
    /// A speed that is not above zero.
    #[error("a speed is a number above 0, such as 2 (twice as fast)")]
    Speed,
    /// A stripe that is none.
    #[error("'{0}' is not a stripe: write k/n with 1 ≤ k ≤ n, such as 2/3")]
    Stripe(String),
}

/// When everything is due.
#[derive(Debug, Clone, PartialEq)]
pub enum Schedule {
    /// Evenly: the *n*-th arrival is where the integral of the rate reaches *n*.
    Uniform(Profile),
    /// As independent people come: a Poisson process of the profile's rate.
    Poisson(Profile, Seed),
    /// As written down.
    Trace(Trace),
}

impl Schedule {
    /// All arrivals in order, drawn as they are asked for.
    pub fn arrivals(&self) -> Arrivals<'_> {
        let source = match self {
            Schedule::Uniform(profile) => Source::Uniform(profile.inverse()),
            Schedule::Poisson(profile, seed) => {
                Source::Poisson { inverse: profile.inverse(), at: 0.0, rng: Box::new(seed.stream("arrivals")) }
            }
            Schedule::Trace(trace) => Source::Trace(trace),
        };
        Arrivals { source, n: 0, last: Duration::ZERO }
    }

    /// How many arrivals there are: exactly, also for [`Schedule::Poisson`], whose arrivals are drawn to be counted (about
    /// 20 ns each).
    pub fn planned(&self) -> u64 {
        match self {
            Schedule::Uniform(profile) => profile.count(),
            Schedule::Poisson(..) => self.arrivals().count() as u64,
            Schedule::Trace(trace) => trace.len() as u64,
        }
    }

    /// How long it lasts: the stages together, or up to the last offset of a trace.
    pub fn lasts(&self) -> Duration {
        match self {
            Schedule::Uniform(profile) | Schedule::Poisson(profile, _) => profile.lasts(),
            Schedule::Trace(trace) => trace.lasts(),
        }
    }
}

/// The arrivals of a schedule, in order.
#[derive(Debug, Clone)]
pub struct Arrivals<'a> {
    source: Source<'a>,
    n: u64,
    last: Duration,
}

#[derive(Debug, Clone)]
enum Source<'a> {
    Uniform(Inverse<'a>),
    Poisson { inverse: Inverse<'a>, at: f64, rng: Box<ChaCha8Rng> },
    Trace(&'a Trace),
}

impl Iterator for Arrivals<'_> {
    type Item = Arrival;

    fn next(&mut self) -> Option<Arrival> {
        let n = self.n + 1;
        let (at, stage) = match &mut self.source {
            Source::Uniform(inverse) => inverse.reach(n as f64)?,
            Source::Poisson { inverse, at, rng } => {
                // A Poisson process of rate r(t) is a process of rate 1 seen through a clock that runs r(t) times as fast: if
                // the x are its arrivals, A⁻¹(x) are those wanted, A being the integral of r. The gaps of the unit process are
                // exponential with mean 1, −ln(1 − u) for u uniform in [0, 1).
                *at -= f64::ln_1p(-rng.random::<f64>());
                inverse.reach_before_end(*at)?
            }
            Source::Trace(trace) => (trace.offset(usize::try_from(self.n).ok()?)?, 0),
        };
        self.n = n;
        // Rounding to nanoseconds keeps order, but across the seam of two stages it is the last bit's to decide: not here.
        self.last = self.last.max(at);
        Some(Arrival { n, at: self.last, stage })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use profile::Stage;
    use proptest::prelude::*;

    /// Stages of up to a few thousand arrivals, zero rates and ramps in either direction among them.
    fn profiles() -> impl Strategy<Value = Profile> {
        let rate = prop_oneof![Just(0.0), (1u32..200_000).prop_map(|milli| f64::from(milli) / 1000.0)];
        let stage = (rate.clone(), rate, 1u64..30_000, any::<bool>()).prop_map(|(from, to, millis, flat)| Stage {
            from,
            to: if flat { from } else { to },
            duration: Duration::from_millis(millis),
        });
        prop::collection::vec(stage, 1..6).prop_map(|stages| Profile::new(stages).unwrap())
    }

    /// The integral of the rate up to `t` by the midpoint rule, which knows nothing of our formulas (and is exact for lines).
    fn integral(profile: &Profile, t: f64) -> f64 {
        let (mut start, mut sum) = (0.0, 0.0);
        for stage in profile.stages() {
            let length = stage.duration.as_secs_f64();
            let until = (t - start).clamp(0.0, length);
            let steps = 64;
            let step = until / f64::from(steps);
            for i in 0..steps {
                let middle = (f64::from(i) + 0.5) * step;
                sum += step * (stage.from + (stage.to - stage.from) * middle / length);
            }
            start += length;
        }
        sum
    }

    proptest! {
        #[test]
        fn the_nth_arrival_is_where_the_integral_reaches_n(profile in profiles()) {
            let schedule = Schedule::Uniform(profile.clone());
            let end = profile.lasts().as_secs_f64();
            let mut last = Duration::ZERO;
            let mut count = 0;
            for (i, arrival) in schedule.arrivals().enumerate() {
                count += 1;
                prop_assert_eq!(arrival.n, i as u64 + 1);
                prop_assert!(arrival.at >= last && arrival.at <= profile.lasts());
                last = arrival.at;
                // An instant is rounded to a nanosecond, in which the integral grows by less than 2e-7 at 200/s. Where the
                // rate goes to zero the integral is flat, and that is its error as well.
                let reached = integral(&profile, arrival.at.as_secs_f64());
                prop_assert!((reached - arrival.n as f64).abs() < 1e-5, "{reached} at {arrival:?}");
            }
            let whole = integral(&profile, end);
            prop_assert_eq!(count, schedule.planned());
            prop_assert!((count as f64) <= whole + 1e-6 && count as f64 > whole - 1.0 - 1e-6, "{} of {}", count, whole);
        }

        #[test]
        fn stages_are_told_by_their_bounds(profile in profiles(), poisson in any::<bool>()) {
            let schedule = if poisson { Schedule::Poisson(profile.clone(), Seed(7)) } else { Schedule::Uniform(profile.clone()) };
            let ends: Vec<Duration> = profile.stages().iter().scan(Duration::ZERO, |end, s| { *end += s.duration; Some(*end) }).collect();
            let mut counts = vec![0u64; ends.len()];
            for arrival in schedule.arrivals() {
                let stage = usize::from(arrival.stage);
                counts[stage] += 1;
                let from = if stage == 0 { Duration::ZERO } else { ends[stage - 1] };
                prop_assert!(arrival.at >= from && arrival.at <= ends[stage], "{arrival:?} {ends:?}");
            }
            if !poisson {
                prop_assert_eq!(counts, profile.counts());
            }
        }

        #[test]
        fn the_same_seed_gives_the_same_arrivals(profile in profiles(), seed in any::<u64>()) {
            let all = |seed| Schedule::Poisson(profile.clone(), Seed(seed)).arrivals().collect::<Vec<_>>();
            let one = all(seed);
            prop_assert_eq!(&one, &all(seed));
            prop_assert!(one.len() < 5 || one != all(seed.wrapping_add(1)));
            prop_assert!(one.windows(2).all(|w| w[0].at <= w[1].at && w[0].n + 1 == w[1].n && w[0].stage <= w[1].stage));
        }
    }

    #[test]
    fn a_million_poisson_arrivals_are_as_many_and_as_irregular_as_they_should_be() {
        let stage = |from, to| Stage { from, to, duration: Duration::from_secs(100) };
        let profile = Profile::new(vec![stage(5000.0, 5000.0), stage(0.0, 10_000.0)]).unwrap();
        assert_eq!(profile.count(), 1_000_000);
        let schedule = Schedule::Poisson(profile.clone(), Seed(42));
        let (mut count, mut first_half, mut squares, mut last) = (0u64, 0u64, 0.0, 0.0);
        for arrival in schedule.arrivals() {
            count += 1;
            first_half += u64::from(arrival.stage == 0);
            // Gaps in the unit process have mean 1 and mean square 2.
            let x = integral(&profile, arrival.at.as_secs_f64());
            squares += (x - last) * (x - last);
            last = x;
        }
        // The standard deviation of a Poisson count is the root of its mean: 1,000 and 707; four of them are allowed.
        assert!(count.abs_diff(1_000_000) < 4_000, "{count}");
        assert!(first_half.abs_diff(500_000) < 2_900, "{first_half}");
        assert!((squares / count as f64 - 2.0).abs() < 0.03, "{}", squares / count as f64);
        assert_eq!(schedule.planned(), count);
    }
}
