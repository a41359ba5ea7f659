//! The course of a search: the next step is planned, run by the load engine, watched, judged and kept, until there is an answer.
//!
//! Holds [`Course`] and [`Ended`]. Called by the command line, which runs lanes on threads, and by tests, which run the one lane in their own
//! runtime under a paused clock: how a run is run comes in as a function. It opens no file and no socket.

use super::Settings;
use super::answer::{Answer, Ending};
use super::bucket::bucket;
use super::search::{Next, Wanted, bounds, next};
use super::sequential::Side;
use super::stage;
use super::step::{Broke, Cause, Step, Verdict};
use super::watch::{Watch, goodput};
use crate::call::Fault;
use crate::client::wire_io::TrafficNow;
use crate::load::Halt;
use crate::load::conductor::{Cause as Stopped, Score, judged};
use crate::load::ran::Ran;
use crate::load::run::Run;
use crate::load::verdict::{Judgement, Outcome};
use crate::schedule::ScheduleError;
use crate::stats::cells::Filter;
use crate::stats::recorder::Metric;
use crate::stats::series::gathered;
use crate::stats::threshold::Tally;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

/// A search, with everything decided.
pub struct Course<'a> {
    /// What each step is run as, but for its plan, its id and its calls.
    pub run: &'a Run,
    /// How to search.
    pub settings: Settings,
    /// Calls that all steps together may send.
    pub budget: Option<u64>,
}

/// How a search ended.
#[derive(Debug)]
pub enum Ended {
    /// With an answer.
    Answer(Answer),
    /// It was interrupted: the step under way is done again when the search goes on.
    Interrupted,
    /// No meeting could be made, so that nothing could be asked.
    NoMeetings(Fault),
}

/// Why a search cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum CourseError<E> {
    /// A step that no schedule can hold.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// Whoever runs or keeps it could not.
    #[error("the step could not be run or kept")]
    Theirs(E),
}

impl Course<'_> {
    /// Goes on from these steps until there is an answer. `engine` runs a run; `begins` is told of each step before it, `keep` after it.
    ///
    /// # Errors
    /// As [`CourseError`].
    pub async fn search<E>(
        &self,
        steps: &mut Vec<Step>,
        mut engine: impl AsyncFnMut(&Run, Score) -> Result<(Ran, Option<TrafficNow>), E>,
        mut begins: impl FnMut(&Wanted),
        mut keep: impl FnMut(&[Step]) -> Result<(), E>,
    ) -> Result<Ended, CourseError<E>> {
        loop {
            let wanted = match next(&self.settings, steps, self.budget) {
                Next::Answer(answer) => return Ok(Ended::Answer(answer)),
                Next::Step(wanted) => wanted,
            };
            begins(&wanted);
            let (run, from) = self.run_of(&wanted)?;
            let (score, watch) = watched(&run, from, &wanted);
            let (ran, traffic) = engine(&run, score).await.map_err(CourseError::Theirs)?;
            // Its conductor is gone, and with it the other owner.
            let watch = watch.borrow();
            if matches!(ran.conducted.cause, Some(Stopped::Signal)) || ran.halts.contains(&Halt::Stopped) && !cut_short(&ran) {
                return Ok(Ended::Interrupted);
            }
            if let Some(fault) = ran.no_meetings() {
                return Ok(Ended::NoMeetings(fault.clone()));
            }
            if ran.halts.contains(&Halt::MaxCalls) {
                return Ok(Ended::Answer(Answer::of(Ending::Budget, steps, bounds(steps))));
            }
            let judgement = ran.judge(&run, traffic);
            steps.push(step(&wanted, &run, &ran, judgement, &watch));
            keep(steps).map_err(CourseError::Theirs)?;
        }
    }

    fn run_of(&self, wanted: &Wanted) -> Result<(Run, u64), ScheduleError> {
        let (plan, from) = stage::plan(&self.run.plan, &self.settings, wanted)?;
        // Six characters of the search's, two of the step's: what a step makes is told from what the others make.
        let id = format!("{}{:02x}", self.run.id.chars().take(6).collect::<String>(), wanted.n);
        Ok((Run { plan: Arc::new(plan), id, max_calls: wanted.calls, ..self.run.clone() }, from))
    }
}

/// Whether it was the watch that ended the step.
fn cut_short(ran: &Ran) -> bool {
    matches!(ran.conducted.cause, Some(Stopped::KillSwitch))
}

/// A score whose kill switch is the watch.
fn watched(run: &Run, from: u64, wanted: &Wanted) -> (Score, Rc<RefCell<Watch>>) {
    let until = run.plan.lasts().as_secs_f64().ceil() as u64;
    let watch = Rc::new(RefCell::new(Watch::new(&run.held(), wanted.kind, from, until, wanted.rate)));
    let (told, asked) = (Rc::clone(&watch), Rc::clone(&watch));
    let score = Score {
        log: Box::new(move |interval, _| {
            told.borrow_mut().second(interval);
            Ok(())
        }),
        kill_switch: Box::new(move || asked.borrow().decided().is_some()),
        ..run.score()
    };
    (score, watch)
}

fn step(wanted: &Wanted, run: &Run, ran: &Ran, judgement: Judgement, watch: &Watch) -> Step {
    let judged = judged(&run.plan.stages);
    let filter = Filter { stages: &judged, ..Filter::default() };
    let (cells, mut tally) = (&ran.conducted.cells, Tally::default());
    cells.count(filter, &mut tally);
    let latencies = gathered(cells, filter);
    let ms = |metric: Metric, q: f64| {
        let histogram = latencies.of(metric);
        (!histogram.is_empty()).then(|| histogram.value_at_quantile(q) as f64 / 1e3)
    };
    let sent = (tally.done + tally.aborted).max(1) as f64;
    let (ok, due) = goodput(cells, &judged);
    let share = |n: u64| (n as f64 / sent * 1e5).round() / 1e5;
    let (verdict, decided) = match (judgement.outcome, watch.over()) {
        (Outcome::Invalid, _) => (Verdict::Invalid, false),
        (Outcome::Fail, side) => (Verdict::Fail, side == Some(Side::Above)),
        (Outcome::Pass, side) => (Verdict::Pass, side == Some(Side::Below)),
    };
    Step {
        n: wanted.n,
        rate: wanted.rate,
        kind: wanted.kind,
        verdict,
        decided,
        broke: if verdict == Verdict::Fail { broke(ran, &judgement) } else { Vec::new() },
        reasons: judgement.reasons,
        seconds: (due as f64 / wanted.rate * 1e3).round() / 1e3,
        calls: ran.ledger.sent,
        achieved: (wanted.rate * ok as f64 / due.max(1) as f64 * 1e3).round() / 1e3,
        p50_ms: ms(Metric::Response, 0.5),
        p99_ms: ms(Metric::Response, 0.99),
        throttled: share(tally.throttled),
        errors: share(tally.errors),
        lag_p99_ms: ms(Metric::Lag, 0.99),
        bucket: bucket(watch.seconds(), wanted.drain),
    }
}

/// The thresholds that broke, and what made them.
fn broke(ran: &Ran, judgement: &Judgement) -> Vec<Broke> {
    let mut broke = Vec::new();
    for (held, threshold) in ran.conducted.held.iter().zip(&judgement.thresholds) {
        if threshold.verdict != "fail" {
            continue;
        }
        let scope = held.judge.scope();
        let mut tally = Tally::default();
        let filter = Filter { stages: &scope.stages, operation: scope.operation, class: scope.class };
        ran.conducted.cells.count(filter, &mut tally);
        broke.push(Broke { check: threshold.check.clone(), value: threshold.value, cause: Cause::of(&scope.check, &tally) });
    }
    if broke.is_empty() {
        // No threshold said so, but every call failed, or there was nothing to judge.
        let mut tally = Tally::default();
        ran.conducted.cells.count(Filter::default(), &mut tally);
        let cause = if 2 * tally.throttled > tally.errors { Cause::Throttle } else { Cause::Errors };
        broke.push(Broke { check: judgement.reasons.first().cloned().unwrap_or_default(), value: None, cause });
    }
    broke
}
