//! `headcount merge` as a person runs it.

use crate::person::{headcount, told};
use serde_json::Value;
use std::path::Path;

fn run(dir: &Path, args: &[&str]) -> (i32, String, String) {
    told(headcount(dir).args(args))
}

fn json(dir: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(dir.join(name)).unwrap()).unwrap()
}

const SCENARIO: &str = "version: 1\nname: shard\nmock: {}\nload: { open: { stages: [{ name: up, warmup: true, rate: 20/s, duration: 1s }, \
                        { name: hold, rate: 20/s, duration: 1s }] } }\nthresholds: [errors.rate < 1%, achieved/planned >= 90%]\n";

#[test]
fn two_loads_are_one_run_that_everything_reads() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run(dir.path(), args);
    std::fs::write(dir.path().join("s.yaml"), SCENARIO).unwrap();
    let more = "load.open.stages.hold.rate=40/s";
    for (name, args) in [("a.run", &[][..]), ("b.run", &["--seed", "7", "--set", more])] {
        let (code, _, err) = run(&[&["load", "s.yaml", "--run-dir", name, "-q"], args].concat());
        assert!(matches!(code, 0 | 96), "{err}");
    }
    // One after the other, so that they were hardly there together.
    let (code, out, err) = run(&["merge", "a.run", "b.run", "--run-dir", "m.run"]);
    assert!(code == 96 && out.is_empty(), "{err}");
    assert!(err.starts_with("INVALID: shard, open load") && err.contains("the 2 runs were all there for "), "{err}");
    assert!(err.contains("100 planned = 100 done + 0 dropped + 0 aborted + 0 unissued"), "{err}");
    for name in ["run.json", "summary.json", "latency.hlog", "series.csv", "counts.csv", "events.jsonl", "scenario.yaml"] {
        use std::os::unix::fs::PermissionsExt;
        let meta = std::fs::metadata(dir.path().join("m.run").join(name)).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let told = json(dir.path(), "m.run/summary.json");
    assert_eq!(super::super::load::schema::faults(&told), [""; 0], "{told:#}");
    let manifest = json(dir.path(), "m.run/run.json");
    assert_eq!(manifest["merged"][1]["set"], serde_json::json!([more]));
    assert_eq!((manifest["kind"].as_str(), manifest["state"].as_str()), (Some("load"), Some("finished")));
    let (code, text, _) = run(&["report", "m.run"]);
    assert!(code == 0 && text.contains("Added up: 2 runs"), "{text}");
    let (code, page, err) = run(&["report", "m.run", "a.run", "--html", "-"]);
    assert!(code == 0 && page.contains("Side by side"), "{err}");
    let (code, _, err) = run(&["report", "m.run", "--html", "m.html"]);
    assert_eq!((code, err.as_str()), (0, ""));
    for format in ["md", "csv", "hlog", "json", "junit"] {
        assert_eq!(run(&["report", "m.run", "--format", format]).0, 0, "{format}");
    }
    // Every judged call of both is in its log.
    let (_, csv, _) = run(&["report", "m.run", "--format", "csv"]);
    let done: u64 = csv.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(done, 100);

    // With no share wanted, members and thresholds alone decide; the same runs make the same bytes, whoever comes first.
    let (_, _, err) = run(&["merge", "b.run", "a.run", "--run-dir", "n.run", "--min-coverage", "0", "-q"]);
    assert!(!err.contains("were all there for"), "{err}");
    for name in ["latency.hlog", "series.csv", "counts.csv", "events.jsonl", "scenario.yaml"] {
        let of = |run: &str| std::fs::read(dir.path().join(run).join(name)).unwrap();
        assert!(of("m.run") == of("n.run"), "{name} differs");
    }

    // What is not to be had.
    for (args, code, words) in [
        (&["merge", "a.run", "--run-dir", "x.run"][..], 2, "2 values required"),
        (&["merge", "a.run", "b.run"], 2, "--run-dir"),
        (&["merge", "a.run", "b.run", "--run-dir", "a.run"], 2, "holds a run already"),
        (&["merge", "a.run", "a.run", "--run-dir", "x.run"], 2, "are the same run"),
        (&["merge", "a.run", "nowhere.run", "--run-dir", "x.run"], 104, "nowhere.run/run.json cannot be read"),
        (&["merge", "m.run", "b.run", "--run-dir", "x.run"], 2, "are in it already"),
        (&["merge", "a.run", "b.run", "--run-dir", "no/such/x.run"], 2, "cannot be used"),
        (&["merge", "a.run", "b.run", "--run-dir", "x.run", "--min-coverage", "101%"], 2, "write a share such as 95%"),
    ] {
        let (was, _, err) = run(args);
        assert!(was == code && err.contains(words), "{args:?}: {was} {err}");
    }
    assert!(!dir.path().join("x.run").exists(), "nothing was left behind");

    // A file may grow to one block and no further, as if the disk were full: half a run is none.
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -f 1; exec \"$0\" \"$@\""]).arg(assert_cmd::cargo::cargo_bin("headcount"));
    let full = shell.args(["merge", "a.run", "b.run", "--run-dir", "x.run"]).current_dir(dir.path()).output().unwrap();
    assert_eq!(full.status.code(), Some(75), "{}", String::from_utf8_lossy(&full.stderr));
    assert!(!dir.path().join("x.run").exists(), "it is not in the way of the same command");
}

/// What was killed in the middle of a load has logs, and no summary.
#[test]
fn a_run_without_its_end_is_added_and_said() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| run(dir.path(), args);
    std::fs::write(dir.path().join("s.yaml"), SCENARIO).unwrap();
    for name in ["a.run", "b.run"] {
        let (code, _, err) = run(&["load", "s.yaml", "--run-dir", name, "-q"]);
        assert!(matches!(code, 0 | 96), "{err}");
    }
    std::fs::remove_file(dir.path().join("b.run/summary.json")).unwrap();
    let busy = std::fs::File::open(dir.path().join("b.run")).unwrap();
    busy.try_lock().unwrap();
    let (code, _, err) = run(&["merge", "a.run", "b.run", "--run-dir", "m.run"]);
    assert!(code == 2 && err.contains("b.run is not over: another headcount works in it"), "{err}");
    drop(busy);
    let (code, _, err) = run(&["merge", "a.run", "b.run", "--run-dir", "m.run", "--min-coverage", "0%"]);
    assert!(code == 96 && err.contains("b.run was killed: its logs are in the numbers"), "{err}");
    assert!(err.contains("80 planned = 80 done"), "{err}");
    // It belongs to no one service that could be cleaned up.
    let mut manifest = json(dir.path(), "m.run/run.json");
    assert_eq!((manifest["state"].as_str(), manifest["verdict"].as_str()), (Some("finished; killed"), Some("invalid")));
    manifest["endpoint"] = Value::Null;
    std::fs::write(dir.path().join("m.run/run.json"), manifest.to_string()).unwrap();
    let (code, _, err) = run(&["cleanup", "m.run", "--yes"]);
    assert!(code == 2 && err.contains("merged of runs that asked different services"), "{err}");
}
