//! Whole searches through the load engine, against the mock in memory, under a paused clock.
//!
//! Holds [`Search`], which does what the command line does. The capacities are known: a quota's rate, and k workers that take s each.

use crate::load::line::{Rig, plan};
use headcount::capacity::Settings;
use headcount::capacity::answer::{Answer, Ending};
use headcount::capacity::course::{Course, Ended};
use headcount::capacity::quota::{self, Found};
use headcount::capacity::step::{Cause, Kind, Step, Verdict};
use headcount::client::pace::fit::Learned;
use headcount::drive::pump::Stop;
use headcount::load::Paced;
use headcount::load::board::board;
use headcount::load::conductor::Score;
use headcount::load::ran::Ran;
use headcount::load::run::Run;
use headcount::scenario::load::Load;
use std::cell::Cell;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

struct Search {
    rig: Rig,
    settings: Settings,
    budget: Option<u64>,
}

impl Search {
    fn new(text: &str) -> Search {
        Search { rig: Rig::new(plan("search", text)), settings: Settings::DEFAULT, budget: None }
    }

    async fn ran(&self, run: &Run, score: Score) -> Ran {
        let (_tell, signals) = watch::channel(Stop::No);
        let ran = run.here(self.rig.hands(run), score, signals, board().0).await.unwrap();
        assert!(ran.ledger.law_holds(), "{:?}", ran.ledger);
        assert_eq!(ran.leftovers, []);
        ran
    }

    async fn go_on(&self, steps: &mut Vec<Step>) -> Ended {
        let course = Course { run: &self.rig.run, settings: self.settings, budget: self.budget };
        let engine = async |run: &Run, score: Score| Ok::<_, Infallible>((self.ran(run, score).await, None));
        course.search(steps, engine, |_| {}, |_| Ok(())).await.unwrap()
    }

    async fn answer(&self) -> (Vec<Step>, Answer) {
        let mut steps = Vec::new();
        let Ended::Answer(answer) = self.go_on(&mut steps).await else { panic!("it has no answer: {steps:#?}") };
        (steps, answer)
    }
}

fn scenario(mock: &str, open: &str, thresholds: &str) -> String {
    format!(
        "version: 1\nmock: {mock}\nload: {{ open: {{ {open} stages: [{{ rate: 5/s, duration: 10s }}] }} }}\nthresholds: {thresholds}\n"
    )
}

fn near(rate: Option<f64>, truth: f64) -> bool {
    rate.is_some_and(|rate| (rate / truth - 1.0).abs() <= 0.05)
}

#[tokio::test(start_paused = true)]
async fn a_quota_is_found_through_the_engine() {
    for seed in 1..=3 {
        let text = scenario(
            "{ latency: 'lognormal:20ms/200ms', quota: create_attendee=10/20 }",
            "",
            "[throttled.rate < 1%, response.p99 < 800ms]",
        );
        let (steps, answer) = Search::new(&format!("{text}seed: {seed}\n")).answer().await;
        assert!(near(answer.rate, 10.0 / 0.99) && answer.confirmed, "{answer:#?} {steps:#?}");
        assert_eq!((answer.ending, answer.knees.len(), answer.knees[0].cause), (Ending::Found, 1, Cause::Throttle), "{answer:?}");
        let bucket = steps.iter().find_map(|step| step.bucket).unwrap();
        assert!((5.0..=20.0).contains(&bucket.rate), "{bucket:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_capacity_of_workers_is_found_through_the_engine() {
    // Two workers that take 50 ms each do 40/s.
    let text = scenario("{ workers: 2, service: 50ms }", "", "[response.p99 < 400ms, errors.rate < 1%]");
    let (steps, answer) = Search::new(&text).answer().await;
    assert!(near(answer.rate, 40.0) && answer.confirmed, "{answer:#?} {steps:#?}");
    assert_eq!((answer.knees.len(), answer.knees[0].cause), (1, Cause::Latency));
    assert!(
        steps.iter().any(|step| step.verdict == Verdict::Fail && step.decided && step.seconds < 25.0),
        "a clear failure ends a step early"
    );
    assert!(steps.iter().any(|step| step.kind == Kind::Hold && step.verdict == Verdict::Pass));
}

#[tokio::test(start_paused = true)]
async fn both_knees_are_told_apart() {
    // Latency breaks at 20/s; where nothing bounds latency, the quota of 30/s does.
    let mock = "{ workers: 1, service: 50ms, quota: create_attendee=30/30 }";
    let (_, answer) = Search::new(&scenario(mock, "", "[response.p99 < 400ms, throttled.rate < 1%]")).answer().await;
    let knee = |cause: Cause| answer.knees.iter().find(|knee| knee.cause == cause);
    assert!(near(answer.rate, 20.0), "{answer:#?}");
    assert!(knee(Cause::Latency).is_some_and(|knee| near(Some(knee.breaks), 20.5)), "{answer:#?}");
    let (_, answer) =
        Search::new(&scenario(mock.replace("workers: 1", "workers: 9").as_str(), "", "[response.p99 < 400ms, errors.rate < 1%]"))
            .answer()
            .await;
    assert!(near(answer.rate, 30.0), "{answer:#?}");
    assert_eq!(
        answer.knees.iter().map(|knee| knee.cause).collect::<Vec<_>>(),
        [Cause::Throttle],
        "errors that are 429s are throttling"
    );
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_where_it_was_and_ends_within_its_budget() {
    let text = scenario("{ quota: create_attendee=10/20 }", "", "[throttled.rate < 1%]");
    let (steps, answer) = Search::new(&text).answer().await;
    // The steps of another process, read back.
    let json = serde_json::to_string(&steps[..4]).unwrap();
    let mut again: Vec<Step> = serde_json::from_str(&json).unwrap();
    let Ended::Answer(same) = Search::new(&text).go_on(&mut again).await else { panic!("no answer") };
    assert_eq!((same.rate, again.len()), (answer.rate, steps.len()));
    let thrifty = Search { budget: Some(1500), ..Search::new(&text) };
    let (steps, answer) = thrifty.answer().await;
    assert_eq!(answer.ending, Ending::Budget);
    assert!(answer.calls <= 1500 && !steps.is_empty(), "{answer:?}");
    assert_eq!(thrifty.rig.line.mock.service().counts().0, 0, "meetings are deleted after every step");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_down_has_no_capacity_and_one_without_meetings_no_search() {
    let broken =
        "{ mischief: [{ name: down, operations: [CreateAttendee], do: { error: { type: ServiceUnavailableException } } }] }";
    let (steps, answer) = Search::new(&scenario(broken, "", "[errors.rate < 1%]")).answer().await;
    assert_eq!((answer.ending, answer.rate), (Ending::NoneHolds, None));
    assert_eq!(answer.knees[0].cause, Cause::Errors);
    assert!(steps.iter().all(|step| step.verdict == Verdict::Fail));
    let shut = "{ mischief: [{ name: no, operations: [CreateMeeting], do: { error: { type: ForbiddenException } } }] }";
    let ended = Search::new(&scenario(shut, "", "[errors.rate < 1%]")).go_on(&mut Vec::new()).await;
    assert!(matches!(ended, Ended::NoMeetings(_)), "{ended:?}");
}

/// Rate and burst of quotas, by their 429s alone.
#[tokio::test(start_paused = true)]
async fn the_quota_mode_finds_rate_and_burst() {
    for (rate, burst) in [(10.0, 20.0), (40.0, 40.0), (7.0, 100.0)] {
        let text = scenario(&format!("{{ latency: 30ms, quota: create_attendee={rate}/{burst} }}"), "", "[errors.rate < 1%]");
        let search = Search::new(&text);
        let run = Run {
            plan: Arc::new(quota::plan(&search.rig.run.plan, &search.settings, None)),
            paced: Paced::ByQuota,
            ..search.rig.run.clone()
        };
        let ran = search.ran(&run, run.score()).await;
        let found = Found::of(&ran, 0);
        let Some(Learned { rate: of, burst: at_once }) = found.bucket.filter(|_| found.sure) else { panic!("{found:?}") };
        assert!((of / rate - 1.0).abs() <= 0.05, "{rate}/{burst}: {found:?}");
        assert!((at_once / burst - 1.0).abs() <= 0.35, "{rate}/{burst}: {found:?}");
        assert!(found.throttled * 50 <= found.calls + 500 && ran.lasted < Duration::from_secs(200), "{found:?}");
    }
    // Without a quota none is made up.
    let search = Search::new(&scenario("{ latency: 10ms }", "", "[errors.rate < 1%]"));
    let plan = quota::plan(&search.rig.run.plan, &search.settings, Some(2000));
    let run = Run { plan: Arc::new(plan), paced: Paced::ByQuota, ..search.rig.run.clone() };
    let found = Found::of(&search.ran(&run, run.score()).await, 0);
    assert_eq!((found.bucket, found.sure, found.calls), (None, false, 2000));
}

/// A step whose generator was late is neither: it is done once more, and then it is a bound of the generator's.
#[tokio::test(start_paused = true)]
async fn a_late_generator_is_never_taken_for_the_service() {
    let search = Search::new(&scenario("{ latency: 10ms }", "", "[response.p99 < 800ms]"));
    let course = Course { run: &search.rig.run, settings: search.settings, budget: None };
    let (mut steps, n) = (Vec::new(), Cell::new(0));
    let engine = async |run: &Run, score: Score| {
        n.set(n.get() + 1);
        let mut ran = search.ran(run, score).await;
        let Load::Open { profile, .. } = &run.plan.load else { panic!() };
        if profile.stages().iter().any(|stage| stage.to > 50.0) {
            late(&mut ran);
        }
        Ok::<_, Infallible>((ran, None))
    };
    let Ended::Answer(answer) = course.search(&mut steps, engine, |_| {}, |_| Ok(())).await.unwrap() else { panic!() };
    assert_eq!(answer.ending, Ending::Generator);
    assert!(answer.knees.is_empty() && answer.high.is_none(), "{answer:?}");
    assert!(steps.iter().filter(|step| step.verdict == Verdict::Invalid).all(|step| !step.decided && !step.reasons.is_empty()));
    assert!(steps.iter().all(|step| step.verdict != Verdict::Fail));
    assert_eq!(n.get(), steps.len());
}

/// Makes a run's lag bad, as if the machine had been.
fn late(ran: &mut Ran) {
    use headcount::call::Sample;
    use headcount::chime::class::Class;
    use headcount::chime::operation::Operation;
    let ms = Duration::from_millis;
    for _ in 0..20_000 {
        let stage = ran.conducted.cells.iter().map(|(key, _)| key.stage).max().unwrap_or(0);
        let sample = Sample {
            stage,
            operation: Operation::CreateAttendee,
            due: ms(0),
            ready: ms(300),
            sent: ms(300),
            done: ms(310),
            class: Class::Ok,
        };
        ran.conducted.cells.record(&sample, false);
    }
}
