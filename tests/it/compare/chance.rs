//! How often the comparison is right, over a hundred seeds: of runs that are the same, and of runs whose median was moved.
//!
//! Runs are drawn here, a second at a time: independent calls; latencies that wander, so that one second tells of the next; stalls of a
//! few seconds now and then. The way through engine and files is in `whole.rs`.

use headcount::compare::{Comparison, Counts, Moment, Recording, Settings, Subject, Verdict, compare};
use headcount::seed::Seed;
use headcount::stats::recorder::{Latencies, Metric};
use rand::{Rng, RngExt};
use serde_json::json;
use std::time::Duration;

/// How the latencies of a service come about.
#[derive(Debug, Clone, Copy)]
enum Service {
    /// Lognormal, every call for itself.
    Independent,
    /// Lognormal about a level that wanders by a tenth, and is felt for about five seconds.
    Wandering,
    /// Lognormal, and in one second of fifty a stall of 300 ms begins, for up to three seconds.
    Stalling,
}

/// A normal draw (Box and Muller).
fn normal(chance: &mut impl Rng) -> f64 {
    let (u, v): (f64, f64) = (chance.random::<f64>().max(1e-12), chance.random());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// So many seconds of so many calls; every latency `times` as long.
fn run(service: Service, seconds: u64, calls: u64, times: f64, seed: u64) -> Recording {
    let mut chance = Seed(seed).stream("test");
    let (mut level, mut stalled) = (0.0f64, 0u64);
    let mut counts: [Counts; 2] = [Vec::new(), Vec::new()];
    let mut moments = Vec::new();
    for at in 0..seconds {
        level = 0.8 * level + 0.6 * normal(&mut chance);
        stalled = if chance.random_bool(0.02) { chance.random_range(1..=3) } else { stalled.saturating_sub(1) };
        let (wander, stall) = match service {
            Service::Independent => (0.0, 0.0),
            Service::Wandering => (0.1 * level, 0.0),
            Service::Stalling => (0.0, if stalled > 0 { 300.0 } else { 0.0 }),
        };
        let mut latencies = Latencies::default();
        for _ in 0..calls {
            let ms = (40.0 * (0.5 * normal(&mut chance) + wander).exp() + stall) * times;
            latencies.record(Metric::Service, Duration::from_secs_f64(ms / 1e3));
            latencies.record(Metric::Response, Duration::from_secs_f64((ms + 0.1) / 1e3));
        }
        for (counts, metric) in counts.iter_mut().zip([Metric::Response, Metric::Service]) {
            let histogram = latencies.of(metric);
            let small = |n: u64| u32::try_from(n).unwrap();
            counts.push(histogram.iter_recorded().map(|v| (small(v.value_iterated_to()), small(v.count_at_value()))).collect());
        }
        let failed = (0..calls).filter(|_| chance.random_bool(0.01)).count() as u64;
        moments.push(Moment { at, stage: 0, ok: calls - failed, ended: calls, throttled: 0 });
    }
    let subject = |metric| Subject { metric, operation: None };
    let [response, service] = counts;
    Recording {
        label: format!("run {seed}"),
        kind: "load",
        summary: json!({ "verdict": "pass", "ending": "finished", "rate": { "planned": calls } }),
        manifest: json!({ "id": seed.to_string() }),
        moments,
        latencies: vec![(subject(Metric::Response), response), (subject(Metric::Service), service)],
        unread: 0,
    }
}

fn settings(seed: u64) -> Settings {
    Settings { confidence: 0.95, margin: 0.01, limit: Some(0.05), resamples: 1000, seed: Seed(seed) }
}

/// Over a hundred seeds: how often this is so of a run and one that is `times` as slow.
fn often(case: (Service, u64, u64), times: f64, limit: Option<f64>, is: impl Fn(&Comparison) -> bool) -> usize {
    let (service, seconds, calls) = case;
    let one = |seed: u64| {
        let (base, other) = (run(service, seconds, calls, 1.0, seed), run(service, seconds, calls, times, seed + 1_000));
        is(&compare(&base, &other, &Settings { limit, ..settings(seed) }).unwrap())
    };
    (0..100).filter(|seed| one(*seed)).count()
}

fn regression_of_p50(comparison: &Comparison) -> bool {
    let p50 = |metric: &&headcount::compare::Metric| metric.name == "response p50";
    comparison.metrics.iter().find(p50).is_some_and(|metric| metric.verdict == Verdict::Regression && metric.over_limit)
}

#[test]
fn two_runs_of_the_same_are_called_the_same() {
    for case in [
        (Service::Independent, 60, 50),
        (Service::Independent, 20, 200),
        (Service::Wandering, 600, 50),
        (Service::Stalling, 600, 50),
    ] {
        let same = often(case, 1.0, None, |comparison| comparison.verdict == Verdict::Same);
        println!("{case:?}: {same} of 100 the same");
        assert!(same >= 95, "{case:?}: {same} of 100");
    }
    // Shorter runs may not tell that they are the same, but they tell no difference either.
    for case in [(Service::Wandering, 240, 50), (Service::Stalling, 120, 50)] {
        let fails = |comparison: &Comparison| !matches!(comparison.verdict, Verdict::Same | Verdict::Unclear);
        let wrong = often(case, 1.0, Some(0.05), fails);
        println!("{case:?}: {wrong} of 100 wrong");
        assert!(wrong <= 5, "{case:?}: {wrong} of 100");
    }
}

#[test]
fn a_tenth_more_on_the_median_is_found() {
    for case in [
        (Service::Independent, 60, 50),
        (Service::Independent, 20, 200),
        (Service::Wandering, 600, 50),
        (Service::Stalling, 600, 50),
    ] {
        let found = often(case, 1.1, Some(0.05), regression_of_p50);
        println!("{case:?}: {found} of 100 found");
        assert!(found >= 95, "{case:?}: {found} of 100");
    }
}
