//! The same, the whole way: a scenario through the engine against the mock under a paused clock, its logs written and read back.

use crate::load::line::plan;
use crate::twin::written::write;
use headcount::compare::{Comparison, Recording, Settings, Verdict, compare};
use headcount::seed::Seed;

/// Two minutes of 50 calls a second, after some warm-up that is ten times as slow.
fn scenario(seed: u64, latency: &str) -> String {
    format!(
        "version: 1\nseed: {seed}\nmock: {{ latency: \"{latency}\" }}\nthresholds: [errors.rate < 1%]\n\
         load: {{ open: {{ stages: [{{ name: warm, warmup: true, rate: 5/s, duration: 5s }}, {{ name: hold, rate: 50/s, duration: 120s }}] }} }}\n"
    )
}

/// Loads a mock and reads the run back from its files.
async fn recorded(label: &str, text: &str) -> Recording {
    let dir = tempfile::tempdir().unwrap();
    let run = dir.path().join("a.run");
    write(plan("compared", text), &run).await;
    let file = |name: &str| std::fs::read(run.join(name)).unwrap();
    let json = |name: &str| serde_json::from_slice(&file(name)).unwrap();
    Recording::read(label, json("summary.json"), json("run.json"), &file("series.csv"), &file("latency.hlog")).unwrap()
}

async fn compared(seed: u64, base: &Recording, now: &str, limit: Option<f64>) -> Comparison {
    let run = recorded("run", &scenario(seed + 1_000, now)).await;
    let settings = Settings { confidence: 0.95, margin: 0.01, limit, resamples: 1000, seed: Seed(seed) };
    compare(base, &run, &settings).unwrap()
}

#[tokio::test(start_paused = true)]
async fn runs_of_the_engine_are_told_apart_where_they_differ_and_not_where_they_do_not() {
    let (mut same, mut found) = (0, 0);
    for seed in 0..20 {
        let base = recorded("base", &scenario(seed, "lognormal:35ms/180ms")).await;
        assert_eq!(base.moments.first().map(|moment| moment.at), Some(5), "the warm-up is left out");
        let equal = compared(seed, &base, "lognormal:35ms/180ms", None).await;
        same += u32::from(equal.verdict == Verdict::Same);
        let slower = compared(seed, &base, "lognormal:38.5ms/198ms", Some(0.05)).await;
        let p50 = slower.metrics.iter().find(|metric| metric.name == "response p50").unwrap();
        found += u32::from(p50.verdict == Verdict::Regression && p50.over_limit);
    }
    println!("{same} of 20 the same, {found} of 20 found");
    assert!(same >= 19 && found >= 19, "{same} of 20 the same, {found} of 20 found");
}
