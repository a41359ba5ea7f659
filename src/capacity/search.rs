//! What to do next: doubling until a rate does not hold, then bisection, then both ends held for longer.
//!
//! Holds [`next`], a pure function of the steps done so far, [`Next`] and [`Wanted`]. Called by `course` before every step, and by tests
//! with steps of their own making. It has no state but the steps, so that a search goes on wherever its steps can be read.
//!
//! Of each rate the latest verdict counts: what was held for longer overrules what was only passed by. The bracket is the lowest rate
//! that does not hold, and the highest below it that does. Twice INVALID at one rate is a bound of the generator's, and no verdict on the
//! service.

use super::Settings;
use super::answer::{Answer, Ending};
use super::bucket::drain;
use super::step::{Kind, Step, Verdict};
use crate::client::pace::fit::Learned;
use std::collections::BTreeMap;

/// Steps after which a search gives up: doubling to a million a second and bisecting to a thousandth takes half of them.
const STEPS: usize = 60;
/// The lowest rate that is tried (calls a second).
const LEAST: f64 = 0.1;

/// From which share of a quota's rate on its burst may hide it; the rate is known to some 10 %.
const NEAR: f64 = 0.9;

/// What to do next.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// A step.
    Step(Wanted),
    /// Nothing: this is the answer.
    Answer(Answer),
}

/// A step that is to be done.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Wanted {
    /// Which, from 1.
    pub n: u32,
    /// Calls a second.
    pub rate: f64,
    /// What for.
    pub kind: Kind,
    /// A quota's bucket that was met, and that must be empty before the step is judged: a full one hides what its rate lets in.
    pub drain: Option<Learned>,
    /// Calls that it may send, if they are counted.
    pub calls: Option<u64>,
}

/// The bracket.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Bounds {
    /// The highest rate that holds, below the one that does not.
    pub holds: Option<f64>,
    /// Whether it was held for longer.
    pub confirmed: bool,
    /// The lowest rate that does not hold.
    pub breaks: Option<f64>,
    /// Whether that is the generator's bound.
    generator: bool,
    /// Whether that is decided, or was held for longer.
    sure: bool,
}

/// What is known of one rate.
#[derive(Debug, Clone, Copy, Default)]
struct Known {
    latest: Option<(Verdict, bool)>,
    held: bool,
    invalid: u32,
}

fn known(steps: &[Step]) -> BTreeMap<u64, Known> {
    let mut rates: BTreeMap<u64, Known> = BTreeMap::new();
    for step in steps {
        // Positive numbers are ordered as their bits are.
        let known = rates.entry(step.rate.to_bits()).or_default();
        match step.verdict {
            Verdict::Invalid => known.invalid += 1,
            verdict => {
                known.latest = Some((verdict, step.decided));
                known.held |= step.kind == Kind::Hold;
                known.invalid = 0;
            }
        }
    }
    rates
}

/// The bracket that these steps leave.
pub fn bounds(steps: &[Step]) -> Bounds {
    let mut bounds = Bounds::default();
    for (bits, known) in known(steps) {
        let rate = f64::from_bits(bits);
        match known.latest {
            _ if known.invalid >= 2 => return Bounds { breaks: Some(rate), generator: true, sure: true, ..bounds },
            Some((Verdict::Fail, decided)) => return Bounds { breaks: Some(rate), sure: decided || known.held, ..bounds },
            Some((Verdict::Pass, _)) => (bounds.holds, bounds.confirmed) = (Some(rate), known.held),
            _ => {}
        }
    }
    bounds
}

/// The next step, or the answer. `budget` is how many calls all steps may send.
pub fn next(settings: &Settings, steps: &[Step], budget: Option<u64>) -> Next {
    let bounds = bounds(steps);
    let answer = |ending| Next::Answer(Answer::of(ending, steps, bounds));
    let spent: u64 = steps.iter().map(|step| step.calls).sum();
    let left = budget.map(|budget| budget.saturating_sub(spent));
    if steps.len() >= STEPS {
        return answer(Ending::Unsteady);
    }
    let step = |rate: f64, kind| {
        // Below its rate a bucket is full for good, and hides nothing.
        let bucket = steps.iter().rev().find_map(|step| step.bucket).filter(|bucket| rate > NEAR * bucket.rate);
        let drained = bucket.map_or(0.0, |bucket| {
            let (rate, seconds) = drain(bucket, settings.step_s);
            rate * seconds
        });
        let lasts = settings.settle_s + if kind == Kind::Hold { settings.hold_s } else { settings.step_s };
        // What could not be done to its end says nothing.
        if left.is_some_and(|left| (left as f64) < rate * lasts + drained) {
            return answer(Ending::Budget);
        }
        Next::Step(Wanted { n: steps.len() as u32 + 1, rate, kind, drain: bucket, calls: left })
    };
    if let Some(last) = steps.last().filter(|last| last.verdict == Verdict::Invalid)
        && bounds.breaks != Some(last.rate)
    {
        // Once may be an accident of this machine's.
        return step(last.rate, last.kind);
    }
    let most = settings.most.unwrap_or(f64::INFINITY);
    match (bounds.holds, bounds.breaks) {
        (None, None) => step(settings.from.min(most), Kind::Seek),
        (Some(holds), None) if holds < most => step((2.0 * holds).min(most), Kind::Seek),
        (Some(holds), None) if !bounds.confirmed => step(holds, Kind::Hold),
        (Some(_), None) => answer(Ending::Ceiling),
        (None, Some(breaks)) if breaks / 2.0 < LEAST => answer(Ending::NoneHolds),
        (None, Some(breaks)) => step(round(breaks / 2.0), Kind::Seek),
        (Some(holds), Some(breaks)) => {
            let middle = round(f64::midpoint(holds, breaks));
            match breaks / holds - 1.0 > settings.precision && middle > holds && middle < breaks {
                true => step(middle, Kind::Seek),
                false if !bounds.confirmed => step(holds, Kind::Hold),
                false if !bounds.sure => step(breaks, Kind::Hold),
                false if bounds.generator => answer(Ending::Generator),
                false => answer(Ending::Found),
            }
        }
    }
}

/// To four digits: rates are read by people.
fn round(rate: f64) -> f64 {
    let digits = 10f64.powf(3.0 - rate.log10().floor());
    (rate * digits).round() / digits
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capacity::step::{Broke, Cause};

    pub(crate) fn done(wanted: Wanted, verdict: Verdict, decided: bool) -> Step {
        let broke = Broke { check: "errors.rate < 1%".to_owned(), value: None, cause: Cause::Throttle };
        Step {
            n: wanted.n,
            rate: wanted.rate,
            kind: wanted.kind,
            verdict,
            decided,
            reasons: Vec::new(),
            broke: if verdict == Verdict::Fail { vec![broke] } else { Vec::new() },
            seconds: 30.0,
            calls: (wanted.rate * 30.0) as u64,
            achieved: wanted.rate,
            p50_ms: None,
            p99_ms: None,
            throttled: 0.0,
            errors: 0.0,
            lag_p99_ms: None,
            bucket: None,
        }
    }

    /// A search against whatever says how a step ends.
    fn search(settings: &Settings, budget: Option<u64>, judge: impl Fn(&Wanted) -> Verdict) -> (Vec<Step>, Answer) {
        let mut steps = Vec::new();
        loop {
            match next(settings, &steps, budget) {
                Next::Answer(answer) => return (steps, answer),
                Next::Step(wanted) => steps.push(done(wanted, judge(&wanted), true)),
            }
        }
    }

    fn up_to(capacity: f64) -> impl Fn(&Wanted) -> Verdict {
        move |wanted| if wanted.rate <= capacity { Verdict::Pass } else { Verdict::Fail }
    }

    #[test]
    fn a_verdict_that_was_overruled_makes_no_knee() {
        let step = |n, rate, kind, verdict| done(Wanted { n, rate, kind, drain: None, calls: None }, verdict, false);
        let steps = [
            step(1, 10.0, Kind::Seek, Verdict::Pass),
            step(2, 10.16, Kind::Seek, Verdict::Fail),
            step(3, 10.32, Kind::Seek, Verdict::Fail),
            step(4, 10.16, Kind::Hold, Verdict::Pass),
        ];
        let bounds = Bounds { holds: Some(10.16), confirmed: true, ..Bounds::default() };
        let knees = Answer::of(Ending::Found, &steps, bounds).knees;
        assert_eq!((knees.len(), knees[0].breaks, knees[0].holds), (1, 10.32, Some(10.16)));
    }

    #[test]
    fn it_doubles_bisects_and_confirms() {
        let (steps, answer) = search(&Settings::DEFAULT, None, up_to(37.0));
        let rates: Vec<f64> = steps.iter().map(|step| step.rate).collect();
        assert_eq!(rates[..6], [5.0, 10.0, 20.0, 40.0, 30.0, 35.0]);
        assert_eq!((answer.ending, answer.confirmed, answer.rate), (Ending::Found, true, Some(36.88)));
        assert_eq!((answer.low, answer.high), (Some(36.88), Some(37.5)));
        assert_eq!(steps.last().map(|step| (step.kind, step.rate)), Some((Kind::Hold, 36.88)));
        assert_eq!(answer.knees[0].breaks, 37.5);
        assert!((answer.confidence - (1.0 - 0.01 * steps.len() as f64)).abs() < 1e-9);
        assert_eq!(answer.calls, steps.iter().map(|step| step.calls).sum::<u64>());
    }

    #[test]
    fn below_the_first_rate_it_halves_and_in_the_end_gives_up() {
        let (_, answer) = search(&Settings::DEFAULT, None, up_to(0.7));
        assert!(answer.rate.is_some_and(|rate| (0.68..=0.7).contains(&rate)), "{answer:?}");
        let (steps, answer) = search(&Settings::DEFAULT, None, up_to(0.0));
        assert_eq!((answer.ending, answer.rate), (Ending::NoneHolds, None));
        assert_eq!(steps.len(), 6);
    }

    #[test]
    fn a_ceiling_a_budget_and_a_service_that_is_never_the_same_end_it() {
        let limited = Settings { most: Some(30.0), ..Settings::DEFAULT };
        let (steps, answer) = search(&limited, None, up_to(1e9));
        assert_eq!((answer.ending, answer.rate, answer.high), (Ending::Ceiling, Some(30.0), None));
        assert_eq!(steps.iter().map(|step| step.rate).fold(0.0, f64::max), 30.0);
        let (steps, answer) = search(&Settings::DEFAULT, Some(2000), up_to(37.0));
        assert_eq!((answer.ending, answer.rate, answer.confirmed), (Ending::Budget, Some(20.0), false));
        assert_eq!(steps.last().map(|step| step.rate), Some(20.0));
        let (_, answer) = search(&Settings::DEFAULT, None, |wanted| {
            if wanted.kind == Kind::Hold || wanted.rate > 1e6 { Verdict::Fail } else { Verdict::Pass }
        });
        assert!(matches!(answer.ending, Ending::Unsteady | Ending::NoneHolds), "{answer:?}");
    }

    #[test]
    fn what_is_invalid_is_tried_again_and_then_bounds_the_search_without_a_verdict() {
        let invalid = |wanted: &Wanted| if wanted.rate > 50.0 { Verdict::Invalid } else { Verdict::Pass };
        let (steps, answer) = search(&Settings::DEFAULT, None, invalid);
        assert_eq!((answer.ending, answer.high), (Ending::Generator, None));
        assert!(answer.rate.is_some_and(|rate| (48.5..=50.0).contains(&rate)), "{answer:?}");
        assert!(answer.knees.is_empty(), "the generator's bound is no knee of the service's");
        assert_eq!(steps.iter().filter(|step| step.rate == 80.0).count(), 2);
        // Once is no bound.
        let once = |wanted: &Wanted| if wanted.n == 3 { Verdict::Invalid } else { up_to(37.0)(wanted) };
        assert_eq!(search(&Settings::DEFAULT, None, once).1.rate, Some(36.88));
    }

    #[test]
    fn what_does_not_hold_for_longer_does_not_hold() {
        // For a while everything up to 37 passes; for longer only what is below 30.
        let (_, answer) =
            search(&Settings::DEFAULT, None, |wanted| up_to(if wanted.kind == Kind::Hold { 30.0 } else { 37.0 })(wanted));
        assert!(answer.confirmed && answer.rate.is_some_and(|rate| (28.0..=30.0).contains(&rate)), "{answer:?}");
    }

    #[test]
    fn a_failure_that_was_only_leant_to_is_held_for_longer_before_it_is_believed() {
        let mut steps = Vec::new();
        let answer = loop {
            match next(&Settings::DEFAULT, &steps, None) {
                Next::Answer(answer) => break answer,
                // What is tried shortly at 36.25 and above looks as if it failed, and does not.
                Next::Step(wanted) => {
                    let capacity = if wanted.kind == Kind::Hold { 39.0 } else { 36.0 };
                    steps.push(done(wanted, up_to(capacity)(&wanted), wanted.rate >= 40.0));
                }
            }
        };
        assert!(answer.rate.is_some_and(|rate| rate > 36.0), "{answer:?}");
    }

    #[test]
    fn a_search_goes_on_from_any_of_its_steps() {
        let (steps, answer) = search(&Settings::DEFAULT, None, up_to(37.0));
        for n in 0..steps.len() {
            let Next::Step(wanted) = next(&Settings::DEFAULT, &steps[..n], None) else { panic!("it was not over") };
            assert_eq!((wanted.rate, wanted.kind), (steps[n].rate, steps[n].kind));
        }
        assert_eq!(next(&Settings::DEFAULT, &steps, None), Next::Answer(answer));
    }
}
