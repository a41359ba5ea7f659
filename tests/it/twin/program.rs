//! `headcount mock --like RUN` and its relatives as a person runs them: over sockets, with files. Classes and counts, never times.

use super::written::{KNOWN, write};
use crate::load::line::plan;
use crate::mock::program::start;
use crate::person::{headcount, told};
use headcount::mock::{DEFAULT_ACCESS_KEY, DEFAULT_SECRET_KEY};
use serde_json::Value;
use std::path::Path;

fn run(dir: &Path, args: &[&str]) -> (i32, String, String) {
    let mut command = headcount(dir);
    command.env("AWS_ACCESS_KEY_ID", DEFAULT_ACCESS_KEY).env("AWS_SECRET_ACCESS_KEY", DEFAULT_SECRET_KEY);
    // A mock that was to refuse its flags must not run for ever.
    told(command.args(args).timeout(std::time::Duration::from_secs(60)))
}

fn classes(dir: &Path, run: &str) -> Vec<String> {
    let summary: Value = serde_json::from_slice(&std::fs::read(dir.join(run).join("summary.json")).unwrap()).unwrap();
    summary["classes"].as_object().unwrap().keys().cloned().collect()
}

const SHARED: &str = "version: 1
name: shared
mock:
  latency: 2ms
  mischief:
    - { name: u, share: 0.2, operations: [CreateAttendee], do: { error: { type: ServiceUnavailableException } } }
    - { name: r, share: 0.1, operations: [CreateAttendee], do: { reset: after_work } }
load: { shared: { calls: 300, rate: 500/s, max_in_flight: 20 } }
retry: off
thresholds: [errors.rate < 100%]
";

#[test]
fn the_same_load_ends_in_the_same_ways_against_the_twin() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    std::fs::write(dir.join("s.yaml"), SHARED).unwrap();
    let (_, _, err) = run(dir, &["load", "s.yaml", "--run-dir", "a.run", "--progress", "none"]);
    let recorded = classes(dir, "a.run");
    assert_eq!(recorded, ["ok", "reset", "unavailable"], "{err}");

    // Written down, and mailed without the run.
    let (code, twin, err) = run(dir, &["report", "a.run", "--format", "twin"]);
    assert_eq!(code, 0, "{err}");
    std::fs::write(dir.join("twin.json"), twin).unwrap();
    for (like, name) in [("a.run", "b.run"), ("twin.json", "c.run")] {
        let mock = start(dir, &["--like", like]);
        let url = format!("http://127.0.0.1:{}", mock.port);
        let args = ["load", "s.yaml", "--run-dir", name, "--endpoint-url", &url, "--region", "us-east-1", "--progress", "none"];
        let (_, _, err) = run(dir, &args);
        let (code, _, said) = mock.stop(rustix::process::Signal::TERM);
        assert_eq!((code, classes(dir, name)), (0, recorded.clone()), "{err}{said}");
        assert!(said.contains("mock: like a.run, a load run"), "{said}");
    }
    // In the process of the load itself, where the scenario's own mischief is set aside.
    let (_, _, err) = run(dir, &["load", "--rate", "300/s", "--duration", "1s", "--mock-like", "a.run", "--run-dir", "d.run"]);
    assert_eq!(classes(dir, "d.run"), recorded, "{err}");
    let manifest: Value = serde_json::from_slice(&std::fs::read(dir.join("d.run/run.json")).unwrap()).unwrap();
    assert_eq!(manifest["mock_like"], "a.run");
}

#[test]
fn flags_and_a_probe_go_with_a_twin() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    // A twin that answers nothing but errors, were they not outranked; and one call a second.
    let twin = r#"{"version":1,"kind":"twin","of":{"kind":"load","name":"r"},"answers":[
        {"operation":"create-attendee","class":"ok","calls":5,"service_us":[[60000000,5]]}],
        "quota":{"operation":"create-attendee","rate":0.01,"burst":1,"pressed_s":9}}"#;
    std::fs::write(dir.join("twin.json"), twin).unwrap();
    let probe = r#"{"version":1,"kind":"probe","headcount":"0","time":"t","endpoint":"e","region":"r","calls":1,
        "findings":{"ids":{"answer":"exact","seen":""}}}"#;
    std::fs::write(dir.join("probe.json"), probe).unwrap();
    let flags = ["--like", "twin.json", "--like-probe", "probe.json", "--latency", "0s", "--quota", "off"];
    let mock = start(dir, &flags);
    let url = format!("http://127.0.0.1:{}", mock.port);
    let (code, _, err) = run(
        dir,
        &["load", "--rate", "50/s", "--duration", "1s", "--run-dir", "r.run", "--endpoint-url", &url, "--region", "us-east-1"],
    );
    let (_, _, said) = mock.stop(rustix::process::Signal::TERM);
    assert!(matches!(code, 0 | 96) && classes(dir, "r.run") == ["ok"], "{err}");
    assert!(said.contains("outranked by --latency (for its latencies), --quota (for its quota)"), "{said}");
}

#[test]
fn provisioning_is_rehearsed_against_a_run_of_itself() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let rows: String = (0..30).map(|n| format!("user-{n},11111111-2222-3333-4444-555555555555\n")).collect();
    std::fs::write(dir.join("r.csv"), format!("ExternalUserId,MeetingId\n{rows}")).unwrap();
    let (code, _, err) = run(dir, &["provision", "r.csv", "--mock", "-o", "a.csv", "--progress", "none"]);
    assert_eq!(code, 0, "{err}");
    let rehearsal = [
        "provision",
        "r.csv",
        "--mock",
        "--mock-like",
        "a.csv.run",
        "--rate",
        "500/s",
        "-o",
        "b.csv",
        "--rejects",
        "b-rejects.csv",
        "--progress",
        "none",
    ];
    let (code, _, err) = run(dir, &rehearsal);
    assert!(code == 0 && err.contains("mock: like a.csv.run, a provision run"), "{err}");
    assert!(err.contains("every call, however it ends, is drawn from them"), "{err}");
    assert_eq!(std::fs::read_to_string(dir.join("b.csv")).unwrap().lines().count(), 31);
}

#[tokio::test(start_paused = true)]
async fn what_no_twin_can_be_made_of_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path();
    let short = KNOWN.replace("120s", "2s").replace("80s", "2s").replace("20s", "1s");
    write(plan("known", &short), &dir.join("whole.run")).await;
    let copy = |name: &str| {
        std::fs::create_dir(dir.join(name)).unwrap();
        for file in ["summary.json", "run.json", "latency.hlog", "series.csv"] {
            std::fs::copy(dir.join("whole.run").join(file), dir.join(name).join(file)).unwrap();
        }
        dir.join(name)
    };
    std::fs::remove_file(copy("killed.run").join("summary.json")).unwrap();
    std::fs::write(copy("series.run").join("series.csv"), "a,b\n").unwrap();
    std::fs::write(copy("busy.run").join("series.csv"), "second,sent,done\n7,18446744073709551615,1\n").unwrap();
    std::fs::write(copy("summary.run").join("summary.json"), "{\"version\":1,\"kind\":\"load").unwrap();
    let hlog = std::fs::read_to_string(dir.join("whole.run/latency.hlog")).unwrap();
    std::fs::write(copy("cut.run").join("latency.hlog"), &hlog[..hlog.len() / 2]).unwrap();
    std::fs::write(copy("search.run").join("capacity.json"), "{}").unwrap();
    let none = "version: 1\nmock: { mischief: [{ name: all, operations: [CreateAttendee], do: { error: { type: ServiceFailureException } } }] }\n\
                load: { shared: { calls: 20 } }\nretry: off\n";
    write(plan("none", none), &dir.join("none.run")).await;
    std::fs::create_dir(dir.join("empty")).unwrap();
    for (name, text) in [
        ("other.json", r#"{"version":1,"kind":"probe"}"#),
        ("class.json", r#"{"version":1,"kind":"twin","of":{"kind":"load","name":"x"},"answers":[{"class":"fine","calls":1}]}"#),
        ("times.json", r#"{"version":1,"kind":"twin","of":{"kind":"load","name":"x"},"answers":[],"together_us":[[2,1],[1,1]]}"#),
        (
            "quota.json",
            r#"{"version":1,"kind":"twin","of":{"kind":"load","name":"x"},"answers":[],"together_us":[[2,1]],"quota":{"rate":-1,"burst":0}}"#,
        ),
    ] {
        std::fs::write(dir.join(name), text).unwrap();
    }
    let mistakes = [
        ("killed.run", "killed.run/summary.json cannot be read"),
        ("killed.run", "the run has not ended, or was killed"),
        ("series.run", "series.run/series.csv: it has no column second"),
        ("busy.run", "busy.run/series.csv: second 7 tells of more than 1000000 calls"),
        ("summary.run", "summary.run/summary.json: EOF while parsing"),
        ("cut.run", "the run directory is not whole"),
        ("search.run", "is of a search for capacity, which changes its rate all the time"),
        ("none.run", "no call of the run was answered ok"),
        ("empty", "empty/summary.json cannot be read"),
        ("nowhere", "nowhere cannot be read"),
        ("other.json", "it is no twin, version 1"),
        ("class.json", "\"fine\" is no call and no class"),
        ("times.json", "counts are pairs of microseconds, rising"),
        ("quota.json", "its quota is none that a bucket can have"),
    ];
    for (like, said) in mistakes {
        let (code, _, err) = run(dir, &["mock", "--listen", "127.0.0.1:0", "--like", like]);
        assert!(code == 104 && err.contains(said) && err.contains("hint:"), "{like}: {code} {err}");
        let (code, _, err) = run(dir, &["load", "--rate", "1/s", "--duration", "1s", "--mock-like", like, "--run-dir", "no.run"]);
        assert!(code == 104 && err.contains(said) && !dir.join("no.run").exists(), "{like}: {code} {err}");
    }
}
