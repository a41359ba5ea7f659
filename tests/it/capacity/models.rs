//! A hundred seeds each against a quota and against a queue, at the level of the search: its steps are simulated, call by call, and watched
//! as the engine's are.
//!
//! The quota's knee is where a percent is throttled: (r − q) / r = 1 %, so r = q / 0.99. The queue's is that of D/M/1 (even arrivals, service
//! times without memory at μ): the response time is exponential at μ (1 − σ), where σ is the root below 1 of σ = exp(−μ (1 − σ) / λ). With
//! 95 % within L it follows that μ (1 − σ) L = ln 20, which gives σ and with it λ = −μ (1 − σ) / ln σ.

use crate::load::line::plan;
use headcount::bucket::{Bucket, Rate};
use headcount::capacity::Settings;
use headcount::capacity::answer::{Answer, Ending};
use headcount::capacity::bucket::bucket;
use headcount::capacity::search::{Next, Wanted, next};
use headcount::capacity::sequential::Side;
use headcount::capacity::step::{Broke, Cause, Kind, Step, Verdict};
use headcount::capacity::watch::Watch;
use headcount::load::conductor::Held;
use headcount::seed::Seed;
use headcount::stats::judge::{Judge, Scope};
use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use std::collections::VecDeque;
use std::time::Duration;

/// A service: of a call at an instant (seconds), whether it is let in, and when it is done.
type Service<'a> = &'a mut dyn FnMut(f64, &mut ChaCha8Rng) -> (bool, f64);

type Made = Box<dyn FnMut(f64, &mut ChaCha8Rng) -> (bool, f64)>;
/// Calls under way: when each is done, when it came, whether it was let in.
type UnderWay = VecDeque<(f64, f64, bool)>;

const CHECKS: [&str; 2] = ["response.p95 < 50ms", "throttled.rate < 1%"];

fn held() -> Vec<Held> {
    let scope = |check: &str| {
        let check = check.parse().unwrap();
        Scope { check, stages: vec![0], operation: None, class: None, from: 0, stretches: None }
    };
    CHECKS.iter().map(|check| Held { text: (*check).to_owned(), abort: false, judge: Judge::new(scope(check)) }).collect()
}

/// Arrivals of a second, at this phase of it.
struct Arrivals {
    gap: f64,
    next: f64,
}

impl Arrivals {
    fn before(&mut self, end: f64) -> Option<f64> {
        let at = self.next;
        (at < end).then(|| {
            self.next += self.gap;
            at
        })
    }
}

/// A step as the engine would do it.
fn step(
    settings: &Settings,
    wanted: &Wanted,
    service: Service,
    rng: &mut ChaCha8Rng,
    base: &headcount::scenario::plan::Plan,
) -> Step {
    let (plan, from) = headcount::capacity::stage::plan(base, settings, wanted).unwrap();
    let (held, until) = (held(), plan.lasts().as_secs());
    let mut watch = Watch::new(&held, wanted.kind, from, until, wanted.rate);
    let rate_at = |second: u64| {
        let drained = plan.stages.iter().find(|stage| stage.name == "drain").map_or(Duration::ZERO, |stage| stage.duration);
        if second < drained.as_secs() { wanted.drain.map_or(wanted.rate, |bucket| 2.0 * bucket.rate) } else { wanted.rate }
    };
    let mut arrivals = Arrivals { gap: 1.0, next: rng.random::<f64>() / wanted.rate };
    let (mut under_way, mut sums) = (UnderWay::new(), [(0, 0); 2]);
    let (mut calls, mut ok) = (0, 0);
    for second in 0..until {
        arrivals.gap = 1.0 / rate_at(second);
        let end = second as f64 + 1.0;
        while let Some(at) = arrivals.before(end) {
            let (let_in, done) = service(at, rng);
            under_way.push_back((done, at, let_in));
            calls += 1;
        }
        let (mut shares, mut quota) = ([(0, 0); 2], (0, 0));
        while let Some((done, at, let_in)) = under_way.front().copied().filter(|(done, ..)| *done < end) {
            under_way.pop_front();
            if let_in {
                quota.0 += 1
            } else {
                quota.1 += 1
            }
            if at >= from as f64 {
                shares[0] = (shares[0].0 + 1, shares[0].1 + u64::from(done - at >= 0.05));
                shares[1] = (shares[1].0 + 1, shares[1].1 + u64::from(!let_in));
                ok += u64::from(let_in);
            }
        }
        sums.iter_mut().zip(shares).for_each(|(sum, (n, bad))| *sum = (sum.0 + n, sum.1 + bad));
        watch.counted(second, quota, under_way.len() as u64, &shares);
        if watch.decided().is_some() {
            break;
        }
    }
    let shares = sums.map(|(n, bad)| bad as f64 / n.max(1) as f64);
    let leans = shares[0] > 0.05 || shares[1] > 0.01;
    let (verdict, decided) = match watch.over() {
        Some(side) => (if side == Side::Above { Verdict::Fail } else { Verdict::Pass }, true),
        None => (if leans { Verdict::Fail } else { Verdict::Pass }, false),
    };
    let cause = if shares[1] > 0.01 { Cause::Throttle } else { Cause::Latency };
    let broke = Broke { check: CHECKS[usize::from(cause == Cause::Throttle)].to_owned(), value: None, cause };
    Step {
        n: wanted.n,
        rate: wanted.rate,
        kind: wanted.kind,
        verdict,
        decided,
        reasons: Vec::new(),
        broke: if verdict == Verdict::Fail { vec![broke] } else { Vec::new() },
        seconds: settings.step_s,
        calls,
        achieved: ok as f64,
        p50_ms: None,
        p99_ms: None,
        throttled: shares[1],
        errors: shares[1],
        lag_p99_ms: None,
        bucket: bucket(watch.seconds(), wanted.drain),
    }
}

fn search(settings: &Settings, seed: u64, fresh: &dyn Fn() -> Made) -> (Vec<Step>, Answer) {
    let text =
        "version: 1\nmock: {}\nload: { open: { stages: [{ rate: 1/s, duration: 1s }] } }\nthresholds: [errors.rate < 1%]\n";
    let (base, mut rng) = (plan("model", text), Seed(seed).stream("model"));
    let mut steps = Vec::new();
    loop {
        match next(settings, &steps, None) {
            Next::Answer(answer) => return (steps, answer),
            // Between two steps there is time enough for a bucket to fill, and for a queue to empty.
            Next::Step(wanted) => steps.push(step(settings, &wanted, &mut *fresh(), &mut rng, &base)),
        }
    }
}

/// A service that has not been asked yet, of this seed's size.
type Fresh<'a> = &'a dyn Fn(u64) -> Made;

/// A hundred searches, each of a service of another size: at least 95 land within 5 %, and at least 95 intervals hold the truth.
fn hundred(settings: &Settings, truth: impl Fn(u64) -> f64, cause: Cause, fresh: Fresh) {
    let (mut near, mut inside, mut calls, mut steps_done) = (0, 0, 0, 0);
    for seed in 0..100 {
        let (steps, answer) = search(settings, seed, &|| fresh(seed));
        assert_eq!((answer.ending, answer.confirmed), (Ending::Found, true), "{seed}: {answer:?}");
        assert!(steps.iter().any(|step| step.kind == Kind::Hold));
        let (rate, truth) = (answer.rate.unwrap(), truth(seed));
        near += usize::from((rate / truth - 1.0).abs() <= 0.05);
        inside += usize::from(answer.low.is_none_or(|low| low <= truth) && answer.high.is_none_or(|high| high >= truth));
        assert_eq!(answer.knees.iter().map(|knee| knee.cause).collect::<Vec<_>>(), [cause], "{seed}: {answer:?}");
        (calls, steps_done) = (calls + answer.calls, steps_done + steps.len());
    }
    let told = format!("{near} near, {inside} inside, {} calls and {} steps a search", calls / 100, steps_done / 100);
    assert!(near >= 95 && inside >= 95, "{told}");
}

/// So much larger is the service of this seed.
fn size(seed: u64) -> f64 {
    1.0 + seed as f64 / 100.0
}

fn quota(rate: f64, burst: f64) {
    let fresh = |seed| -> Made {
        let mut bucket = Bucket::new(Rate::per_second(rate * size(seed)).unwrap(), burst);
        Box::new(move |at, rng| (bucket.take(Duration::from_secs_f64(at)).is_ok(), at + 0.01 + 0.01 * rng.random::<f64>()))
    };
    hundred(&Settings::DEFAULT, |seed| rate * size(seed) / 0.99, Cause::Throttle, &fresh);
}

#[test]
fn a_quota_is_found_within_five_percent() {
    quota(10.0, 20.0);
}

#[test]
fn a_quota_is_found_in_spite_of_a_large_burst() {
    quota(23.0, 200.0);
}

#[test]
fn the_knee_of_a_queue_is_found_within_five_percent() {
    let (mu, within) = (200.0f64, 0.05);
    let truth = |seed| {
        let mu = mu * size(seed);
        let spare = 20f64.ln() / (mu * within);
        -mu * spare / (1.0 - spare).ln()
    };
    assert!((truth(0) - 167.4).abs() < 1.0, "{}", truth(0));
    let fresh = |seed| -> Made {
        let mut free = 0.0f64;
        Box::new(move |at, rng| {
            free = free.max(at) - (1.0 - rng.random::<f64>()).ln() / (mu * size(seed));
            (true, free)
        })
    };
    let settings = Settings { from: 20.0, step_s: 60.0, hold_s: 240.0, ..Settings::DEFAULT };
    hundred(&settings, truth, Cause::Latency, &fresh);
}
