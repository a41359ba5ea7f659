//! The program: `headcount capacity` over sockets. Real time passes here, and nothing is asserted about it.

use crate::load::schema::faults_by;
use crate::person::{headcount, told};
use headcount::capacity::schema::schema;
use headcount::stats::log::Log;
use headcount::stats::recorder::{Latencies, Metric};
use headcount::stats::seconds;
use serde_json::Value;
use std::path::Path;

/// What a search has written agrees with itself: its steps' counts and percentiles are those of its logs, each step there once.
fn agrees(dir: &Path) {
    let read = |name: &str| std::fs::read(dir.join(name)).unwrap();
    let kept: Value = serde_json::from_slice(&read("capacity.json")).unwrap();
    assert_eq!(faults_by(&schema(), &kept), [""; 0], "{kept:#}");
    let (log, (series, torn)) = (read("latency.hlog"), seconds::read(&read("series.csv")).unwrap());
    let log = Log::read(&log);
    assert_eq!((log.unread, torn), (0, 0));
    assert_eq!(log.judged().count(), 0, "rates of several steps are not added up");
    let steps = kept["steps"].as_array().unwrap();
    for step in steps {
        let name = format!("step-{}-{}", step["n"], step["kind"].as_str().unwrap());
        let (mut judged, mut all) = (Latencies::default(), Latencies::default());
        for (line, part) in log.parts() {
            if part.stage == name {
                line.add_to(&mut judged);
            }
            if part.stage.split('/').next() == Some(&name) {
                line.add_to(&mut all);
            }
        }
        let ms = |metric, q| Some(judged.of(metric).value_at_quantile(q) as f64 / 1e3);
        assert_eq!(step["p50_ms"].as_f64(), ms(Metric::Response, 0.5), "{name}");
        assert_eq!(step["p99_ms"].as_f64(), ms(Metric::Response, 0.99), "{name}");
        assert_eq!(step["lag_p99_ms"].as_f64(), ms(Metric::Lag, 0.99), "{name}");
        assert_eq!(step["calls"].as_u64(), Some(all.of(Metric::Response).len()), "{name}");
        let of = series.iter().filter(|second| second.stage.split('/').next() == Some(&name));
        assert_eq!(step["calls"].as_u64(), Some(of.map(|second| second.sent).sum()), "{name}");
    }
    let known = |stage: &str| steps.iter().any(|step| stage.starts_with(&format!("step-{}-", step["n"])));
    assert!(series.iter().all(|second| known(&second.stage)), "of steps that were not kept nothing is left");
}

fn run(dir: &Path, args: &[&str]) -> (i32, String) {
    let mut command = headcount(dir);
    command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret").env("AWS_ACCOUNT_ID", "111122223333");
    let (code, out, err) = told(command.args(args));
    (code, out + &err)
}

fn scenario(dir: &Path, target: &str, load: &str, thresholds: &str) {
    let text = format!("version: 1\nname: s\n{target}\nload: {load}\n{thresholds}\n");
    std::fs::write(dir.join("s.yaml"), text).unwrap();
}

const OPEN: &str = "{ open: { stages: [{ rate: 5/s, duration: 1s }] } }";
const QUICK: [&str; 14] = [
    "capacity",
    "s.yaml",
    "--from",
    "20/s",
    "--max-rate",
    "40/s",
    "--step-duration",
    "1s",
    "--settle",
    "200ms",
    "--hold",
    "1s",
    "--progress",
    "none",
];

#[test]
fn a_search_is_kept_told_again_and_gone_on_with() {
    let dir = tempfile::tempdir().unwrap();
    scenario(dir.path(), "mock: {}", OPEN, "thresholds: [errors.rate < 50%]");
    let (code, said) = run(dir.path(), &QUICK);
    // On a machine that has no time for us the generator is late, and says so.
    assert!(matches!(code, 0 | 96), "{code} {said}");
    let path = dir.path().join("s-capacity.run/capacity.json");
    let kept: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    assert_eq!(
        (kept["version"].as_u64(), kept["kind"].as_str(), kept["mode"].as_str()),
        (Some(1), Some("capacity"), Some("search"))
    );
    let steps = kept["steps"].as_array().unwrap().len();
    assert!(steps >= 2 && kept["answer"]["calls"].as_u64() > Some(0), "{kept:#}");
    agrees(&dir.path().join("s-capacity.run"));
    let (_, told) = run(dir.path(), &["report", "s-capacity.run"]);
    assert!(told.contains("what broke") && said.contains(told.lines().next().unwrap()), "{told}\n{said}");
    let (code, again) = run(dir.path(), &QUICK);
    assert!(code == 2 && again.contains("holds this search already"), "{again}");
    // As if it had been killed after its first step.
    let mut half = kept.clone();
    half["answer"] = Value::Null;
    half["steps"].as_array_mut().unwrap().truncate(1);
    std::fs::write(&path, half.to_string()).unwrap();
    let (code, on) = run(dir.path(), &QUICK);
    assert!(matches!(code, 0 | 96) && on.contains("going on after 1 step"), "{on}");
    // What the first process wrote of later steps was taken out, and is not counted twice.
    agrees(&dir.path().join("s-capacity.run"));
    // Another question is not answered with the steps of this one.
    std::fs::write(&path, half.to_string()).unwrap();
    let other: Vec<&str> = QUICK.iter().map(|arg| if *arg == "20/s" { "10/s" } else { arg }).collect();
    let (code, other) = run(dir.path(), &other);
    assert!(code == 2 && other.contains("begun with other settings"), "{other}");
}

#[test]
fn the_quota_is_found_by_the_program() {
    let dir = tempfile::tempdir().unwrap();
    scenario(dir.path(), "mock: { quota: create_attendee=100/20 }", OPEN, "");
    let (code, said) = run(dir.path(), &["capacity", "s.yaml", "--quota", "--max-calls", "2000", "--progress", "none"]);
    assert!(matches!(code, 0 | 75), "{code} {said}");
    let kept: Value = serde_json::from_slice(&std::fs::read(dir.path().join("s-capacity.run/capacity.json")).unwrap()).unwrap();
    assert_eq!(kept["mode"], "quota");
    assert!(kept["quota"]["throttled"].as_u64() > Some(0) && said.contains("of them throttled"), "{kept:#} {said}");
    assert_eq!(faults_by(&schema(), &kept), [""; 0], "{kept:#}");
    let (code, page) = run(dir.path(), &["report", "s-capacity.run", "--html", "-"]);
    assert!(code == 0 && page.contains("<h1>Quota: s</h1>") && page.contains("id=\"let-in\""), "{page}");
}

#[test]
fn what_cannot_be_searched_is_told_before_anything_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    let says = |target: &str, load: &str, thresholds: &str, more: &[&str]| {
        scenario(dir.path(), target, load, thresholds);
        run(dir.path(), &[&["capacity", "s.yaml"], more].concat())
    };
    let held = "thresholds: [errors.rate < 1%]";
    for (target, load, thresholds, more, code, words) in [
        (
            "mock: {}",
            "{ closed: { stages: [{ users: 2, duration: 1s }] } }",
            held,
            &[][..],
            104,
            "a closed load has no rate to search for",
        ),
        ("mock: {}", OPEN, "", &[], 104, "without thresholds every rate holds"),
        ("mock: {}", OPEN, "thresholds: [throttled.rate > 40%]", &[], 104, "holds only where the service fails"),
        ("mock: {}\ndata: { roster: { file: r.csv } }", OPEN, held, &[], 104, "leave data.roster out"),
        ("mock: {}", OPEN, held, &["--precision", "200%"], 2, "0.1% to 50%"),
        ("mock: {}", OPEN, held, &["--quota", "--from", "3/s"], 2, "cannot be used with"),
        ("target: { region: us-east-1 }", OPEN, held, &[], 2, "nobody has allowed that"),
        ("target: { region: us-east-1 }", OPEN, held, &["--allow-account", "111122223333"], 2, "--max-calls"),
        ("mock: {}", OPEN, held, &["--from", "100/s", "--max-rate", "50/s"], 2, "--from 100/s lies above --max-rate 50/s"),
    ] {
        let (was, err) = says(target, load, thresholds, more);
        assert!(was == code && err.contains(words), "{more:?} {load}: {was} {err}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was left behind");
}
