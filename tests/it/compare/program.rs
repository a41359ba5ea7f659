//! The program: `headcount compare` on run directories, which are written here a second at a time.

use crate::person::{headcount, told};
use headcount::call::Sample;
use headcount::chime::class::Class;
use headcount::chime::operation::Operation;
use headcount::run_dir::{Logs, RunDir, publish_json};
use headcount::stats::cells::Interval;
use headcount::stats::series::{Row, load_columns};
use serde_json::{Value, json};
use std::path::Path;
use std::time::{Duration, SystemTime};

fn run(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = headcount(dir);
    if dir.join("step").exists() {
        command.env("GITHUB_STEP_SUMMARY", "step");
    }
    told(command.args(args))
}

/// A run of so many seconds of 40 calls, from 20 ms up; every latency `times` as long, one call in `failing` refused.
fn written(dir: &Path, name: &str, seconds: u64, times: f64, failing: u64) {
    let run = RunDir::open(&dir.join(name)).unwrap();
    let mut logs = Logs::open(&run, SystemTime::UNIX_EPOCH, SystemTime::UNIX_EPOCH, &load_columns()).unwrap();
    for at in 0..seconds {
        let mut interval = Interval { at, sent: 40, ..Interval::default() };
        for call in 0..40 {
            let (due, number) = (Duration::from_secs(at), at * 40 + call);
            let service = Duration::from_secs_f64((0.02 + 0.001 * ((number * 7919) % 101) as f64) * times);
            let class = if failing > 0 && number % failing == 0 { Class::ServiceFailure } else { Class::Ok };
            let (ready, sent) = (due, due);
            let operation = Operation::CreateAttendee;
            interval.cells.plan(0, operation);
            interval.cells.record(&Sample { stage: 0, operation, due, ready, sent, done: sent + service, class }, false);
        }
        logs.append(&Row::of_interval(&interval, &["hold".to_owned()], &[0], "hold")).unwrap();
    }
    let summary = json!({
        "version": 1, "kind": "load", "name": "s", "verdict": "pass", "ending": "finished", "seconds": seconds, "model": "open",
        "counts": { "retries": 0 }, "rate": { "planned": 40.0, "achieved": 40.0 }, "stages": [{ "name": "hold", "warmup": false }],
    });
    publish_json(&run.file("summary.json"), &summary).unwrap();
    let manifest = json!({ "version": 1, "kind": "load", "id": name, "seed": 1, "endpoint": "the embedded mock (seed 1)",
                           "scenario": { "sha256": "0" } });
    publish_json(&run.file("run.json"), &manifest).unwrap();
}

fn edited(dir: &Path, file: &str, edit: impl FnOnce(&mut Value)) {
    let mut value: Value = serde_json::from_slice(&std::fs::read(dir.join(file)).unwrap()).unwrap();
    edit(&mut value);
    std::fs::write(dir.join(file), value.to_string()).unwrap();
}

#[test]
fn a_regression_is_told_and_fails_where_a_limit_is_set() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    written(dir, "before.run", 60, 1.0, 0);
    written(dir, "after.run", 60, 1.2, 20);
    let (code, out, err) = run(dir, &["compare", "before.run", "after.run"]);
    assert_eq!((code, err.as_str()), (0, ""), "without a limit it only tells");
    insta::assert_snapshot!(out);
    let (code, again, _) = run(dir, &["compare", "before.run", "after.run"]);
    assert!(code == 0 && again == out, "the same runs say the same");
    assert_eq!(run(dir, &["compare", "before.run", "after.run", "--fail-on-regression", "5%"]).0, 99);
    // Failures that were not there before have grown by more than any limit; a latency by a fifth alone.
    written(dir, "slow.run", 60, 1.2, 0);
    assert_eq!(run(dir, &["compare", "before.run", "slow.run", "--fail-on-regression", "25%"]).0, 0);
    let (code, out, _) = run(dir, &["compare", "slow.run", "before.run", "--fail-on-regression", "5%"]);
    assert!(code == 0 && out.starts_with("IMPROVEMENT: before.run is better than slow.run"), "{out}");
    let (code, out, _) = run(dir, &["compare", "before.run", "before.run", "--fail-on-regression", "5%"]);
    assert!(code == 0 && out.starts_with("SAME: ") && out.contains("the two are one and the same run"), "{out}");
}

#[test]
fn it_is_told_as_markdown_numbers_and_a_page() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    written(dir, "before.run", 20, 1.0, 0);
    written(dir, "after.run", 20, 1.2, 0);
    std::fs::write(dir.join("step"), "what stood there\n").unwrap();
    let (code, out, err) =
        run(dir, &["compare", "before.run", "after.run", "--md", "c.md", "--json", "c.json", "--html", "c.html"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    let file = |name: &str| std::fs::read_to_string(dir.join(name)).unwrap();
    assert!(
        file("c.md").starts_with("## REGRESSION: after.run is worse than before.run: response p50 20 % slower ["),
        "{}",
        file("c.md")
    );
    assert_eq!(file("step"), format!("what stood there\n{}\n", file("c.md")), "a step's summary is added to");
    let numbers: Value = serde_json::from_str(&file("c.json")).unwrap();
    let p50 = &numbers["metrics"][0];
    assert_eq!((&p50["name"], &p50["unit"], &p50["verdict"]), (&json!("response p50"), &json!("ms"), &json!("regression")));
    let (change, low, high) = (p50["change"].as_f64().unwrap(), p50["low"].as_f64().unwrap(), p50["high"].as_f64().unwrap());
    assert!((change - 0.2).abs() < 0.01 && low <= change && change <= high, "{p50}");
    let page = file("c.html");
    assert!(page.contains("id=\"differences\"") && page.contains("id=\"intervals\"") && page.contains("id=\"spectrum\""));
    // A device is written to, and stays one; a link leads to the file that is written.
    let (code, _, err) = run(dir, &["compare", "before.run", "after.run", "--md", "/dev/full"]);
    assert!(code == 75 && err.contains("/dev/full cannot be written"), "{err}");
    assert!(!std::fs::metadata("/dev/full").unwrap().is_file());
    std::os::unix::fs::symlink("c.md", dir.join("link.md")).unwrap();
    assert_eq!(run(dir, &["compare", "before.run", "after.run", "--md", "link.md"]).0, 0);
    assert!(dir.join("link.md").is_symlink());
    let (code, out, _) = run(dir, &["compare", "before.run", "after.run", "--json", "-"]);
    assert!(code == 0 && serde_json::from_str::<Value>(&out).unwrap() == numbers);
}

#[test]
fn a_run_is_kept_under_a_name_and_found_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    written(dir, "one.run", 20, 1.0, 0);
    written(dir, "two.run", 20, 1.2, 0);
    std::fs::write(dir.join("one.run").join("ledger.sqlite"), "tokens").unwrap();
    let (code, out, err) = run(dir, &["compare", "main", "two.run"]);
    assert!(code == 104 && out.is_empty() && err.contains("--save NAME keeps a run as a baseline"), "{err}");
    let (code, _, err) = run(dir, &["compare", "one.run", "--save", "main"]);
    assert!(code == 0 && err.contains("one.run: kept as baseline main\n"), "{err}");
    assert!(!dir.join(".headcount/baselines/main/ledger.sqlite").exists(), "tokens are not copied");
    let (code, out, _) = run(dir, &["compare", "main", "two.run", "--fail-on-regression", "5%"]);
    assert!(code == 99 && out.starts_with("REGRESSION: two.run is worse than main: "), "{out}");
    // Compared with what was kept, and kept in its place.
    let (code, out, err) = run(dir, &["compare", "main", "two.run", "--save", "main"]);
    assert!(code == 0 && out.starts_with("REGRESSION") && err.contains("in place of the one before"), "{out}{err}");
    let (code, out, _) = run(dir, &["compare", "main", "two.run"]);
    assert!(code == 0 && out.starts_with("SAME: main and two.run"), "{out}");
    // What fails is not what the next run is held to; what is INVALID is no baseline.
    written(dir, "three.run", 20, 1.5, 0);
    let (code, _, err) = run(dir, &["compare", "main", "three.run", "--fail-on-regression", "5%", "--save", "main"]);
    assert!(code == 99 && err.contains("three.run is not kept as baseline main"), "{err}");
    assert_eq!(run(dir, &["compare", "main", "two.run", "--fail-on-regression", "5%"]).0, 0);
    edited(&dir.join("three.run"), "summary.json", |summary| summary["verdict"] = json!("invalid"));
    let (code, _, err) = run(dir, &["compare", "three.run", "--save", "main"]);
    assert!(code == 96 && err.contains("three.run is INVALID itself"), "{err}");
    let (code, _, err) = run(dir, &["compare", "mian", "two.run"]);
    assert!(code == 104 && err.contains("there are: main"), "{err}");
    for bad in ["../up", ".hidden", "", "a b"] {
        assert_eq!(run(dir, &["compare", "one.run", "--save", bad]).0, 2, "{bad:?}");
    }
    let left: Vec<_> = std::fs::read_dir(dir.join(".headcount/baselines")).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(left, ["main"], "nothing half-made is left");
}

#[test]
fn what_means_nothing_is_not_told_as_a_difference() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    written(dir, "a.run", 60, 1.0, 0);
    written(dir, "late.run", 60, 1.5, 0);
    edited(&dir.join("late.run"), "summary.json", |summary| summary["verdict"] = json!("invalid"));
    let (code, out, _) = run(dir, &["compare", "a.run", "late.run"]);
    assert!(code == 96 && out.starts_with("INVALID: late.run: INVALID by what its own report says"), "{out}");
    written(dir, "short.run", 5, 1.5, 0);
    let (code, out, _) = run(dir, &["compare", "a.run", "short.run"]);
    assert!(code == 0 && out.starts_with("TOO LITTLE: 60 and 5 seconds"), "{out}");
    let (code, out, _) = run(dir, &["compare", "a.run", "short.run", "--fail-on-regression", "5%"]);
    assert!(code == 96 && !out.contains("limit"), "a gate that can see nothing does not say that all is well: {out}");
    // That nothing fails is no news of how fast it is: ten calls tell of no percentile.
    for name in ["few.run", "more.run"] {
        written(dir, name, 60, 1.0, 0);
        let hlog = std::fs::read_to_string(dir.join(name).join("latency.hlog")).unwrap();
        let heads: String = hlog.lines().filter(|line| !line.starts_with("Tag=")).map(|line| format!("{line}\n")).collect();
        std::fs::write(dir.join(name).join("latency.hlog"), heads).unwrap();
    }
    let (code, out, _) = run(dir, &["compare", "few.run", "more.run", "--fail-on-regression", "5%"]);
    assert!(code == 96 && out.starts_with("UNCLEAR: "), "{out}");
}

#[test]
fn what_cannot_be_compared_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    written(dir, "a.run", 20, 1.0, 0);
    written(dir, "b.run", 20, 1.0, 0);
    let fails = |args: &[&str], code: i32, says: &str| {
        let (was, _, err) = run(dir, args);
        assert!(was == code && err.contains(says), "{args:?}: {was} {err}");
    };
    edited(&dir.join("b.run"), "summary.json", |summary| summary["kind"] = json!("provision"));
    fails(&["compare", "a.run", "b.run"], 2, "a.run is a load run and b.run a provision run");
    fails(&["compare", "a.run"], 2, "compared with nothing");
    fails(&["compare", "a.run", "b.run", "a.run"], 2, "unexpected");
    fails(&["compare", "a.run", "nowhere"], 104, "nowhere is no run's directory");
    fails(&["compare", "a.run", "a.run", "--fail-on-regression", "5"], 2, "a share such as");
    fails(&["compare", "a.run", "a.run", "--confidence", "20%"], 2, "between 50% and 100%");
    fails(&["compare", "a.run", "a.run", "--md", "-", "--json", "-"], 2, "only one of");
    std::fs::write(dir.join("b.run").join("summary.json"), "{").unwrap();
    fails(&["compare", "a.run", "b.run"], 104, "b.run/summary.json");
    std::fs::remove_file(dir.join("b.run").join("summary.json")).unwrap();
    fails(&["compare", "a.run", "b.run"], 104, "the run has not ended, or was killed");
    edited(&dir.join("a.run"), "summary.json", |summary| summary["latency_ms"] = json!({ "response": { "count": 801 } }));
    fails(&["compare", "a.run", "a.run"], 104, "latency.hlog holds 800 judged calls, and summary.json tells of 801");
}

#[test]
fn searches_are_compared_by_their_intervals() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    for (name, rate, low, high) in [("old", 50.0, 49.0, 51.0), ("new", 40.0, 39.0, 41.0), ("near", 49.0, 48.0, 50.5)] {
        std::fs::create_dir(dir.join(name)).unwrap();
        let answer = json!({ "ending": "found", "rate": rate, "low": low, "high": high, "confidence": 0.95 });
        let kept = json!({ "version": 1, "kind": "capacity", "mode": "search", "scenario": "0", "answer": answer,
                           "steps": [{ "seconds": 30.0 }, { "seconds": 31.5 }] });
        std::fs::write(dir.join(name).join("capacity.json"), kept.to_string()).unwrap();
        std::fs::write(dir.join(name).join("run.json"), "{}").unwrap();
    }
    written(dir, "a.run", 20, 1.0, 0);
    let (code, out, err) = run(dir, &["compare", "old", "new", "--fail-on-regression", "5%"]);
    assert_eq!((code, err.as_str()), (99, ""));
    insta::assert_snapshot!(out);
    let (code, out, _) = run(dir, &["compare", "old", "near"]);
    assert!(
        code == 0 && out.contains("2 % lower [-3.1, 5.9]: no difference") || out.contains("2 % lower [-3.1, 5.9]  no difference"),
        "{out}"
    );
    // None holds any more: there is nothing worse. One that stopped at its bound says nothing of how much more it holds.
    edited(&dir.join("near"), "capacity.json", |kept| kept["answer"] = json!({ "ending": "none-holds", "rate": null }));
    let (code, out, _) = run(dir, &["compare", "old", "near", "--fail-on-regression", "5%"]);
    assert!(code == 99 && out.starts_with("REGRESSION: near is worse than old: capacity 100 % lower"), "{out}");
    let (code, out, _) = run(dir, &["compare", "near", "old"]);
    assert!(code == 0 && out.starts_with("TOO LITTLE: no rate held in near, and 50/s hold in old"), "{out}");
    edited(&dir.join("near"), "capacity.json", |kept| {
        kept["answer"] = json!({ "ending": "ceiling", "rate": 60.0, "low": 58.0, "high": null, "confidence": 0.95 });
    });
    let (code, out, _) = run(dir, &["compare", "old", "near", "--fail-on-regression", "5%"]);
    assert!(code == 96 && out.contains("it stopped at --max-rate"), "{out}");
    let (code, _, err) = run(dir, &["compare", "old", "a.run"]);
    assert!(code == 2 && err.contains("another search"), "{err}");
    edited(&dir.join("new"), "capacity.json", |kept| kept["answer"] = Value::Null);
    let (code, _, err) = run(dir, &["compare", "old", "new"]);
    assert!(code == 2 && err.contains("new has no rate to compare"), "{err}");
}
