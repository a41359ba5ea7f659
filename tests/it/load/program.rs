//! `headcount load` and `headcount report` as a person runs them: over sockets, with files, in a directory of their own.

use crate::person::{headcount, told};
use assert_cmd::Command;
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

fn run(dir: &Path, args: &[&str]) -> (i32, String, String) {
    told(headcount(dir).args(args))
}

fn summary(dir: &Path, run: &str) -> Value {
    let told = serde_json::from_slice(&std::fs::read(dir.join(run).join("summary.json")).unwrap()).unwrap();
    assert_eq!(super::schema::faults(&told), [""; 0], "{told:#}");
    told
}

#[test]
fn without_a_file_the_mock_is_loaded_and_everything_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let (code, out, err) = run(dir.path(), &["load", "--rate", "50/s", "--duration", "1s", "--run-dir", "r.run"]);
    // On a busy machine the generator may be late, and then it says so.
    assert!(matches!(code, 0 | 96), "{err}");
    assert!(out.is_empty() && err.contains("50 planned = 50 done + 0 dropped + 0 aborted + 0 unissued"), "{err}");
    let told = summary(dir.path(), "r.run");
    assert_eq!((told["counts"]["done"].as_u64(), told["classes"]["ok"].as_u64()), (Some(50), Some(50)));
    assert!(told["traffic"]["connections_opened"].as_u64().unwrap() > 0);
    for name in ["run.json", "summary.json", "latency.hlog", "series.csv", "events.jsonl", "scenario.yaml"] {
        use std::os::unix::fs::PermissionsExt;
        let meta = std::fs::metadata(dir.path().join("r.run").join(name)).unwrap();
        assert_eq!(meta.permissions().mode() & 0o777, 0o600, "{name}");
    }
    let (code, text, _) = run(dir.path(), &["report", "r.run"]);
    assert!(code == 0 && text.contains("command-line, open load"), "{text}");
    let (_, md, _) = run(dir.path(), &["report", "r.run", "--format", "md"]);
    assert!(md.starts_with("## ") && md.contains("| ms | p50 |"), "{md}");
    let (_, csv, _) = run(dir.path(), &["report", "r.run", "--format", "csv"]);
    assert!(csv.starts_with("second,sent,done,"), "{csv}");
    let done: u64 = csv.lines().skip(1).map(|line| line.split(',').nth(2).unwrap().parse::<u64>().unwrap()).sum();
    assert_eq!(done, 50);
    let (_, hlog, _) = run(dir.path(), &["report", "r.run", "--format", "hlog"]);
    assert!(hlog.contains("Tag=response,"), "{hlog}");
    let (_, json, _) = run(dir.path(), &["report", "r.run", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), told);
    // One directory, one run.
    let (code, _, err) = run(dir.path(), &["load", "--rate", "50/s", "--duration", "1s", "--run-dir", "r.run"]);
    assert!(code == 2 && err.contains("holds a run already"), "{err}");
}

#[test]
fn no_token_and_no_key_stands_in_what_a_run_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let text = "version: 1\nmock: { mischief: [{ name: some, share: 0.3, do: { error: { type: ServiceFailureException } } }] }\n\
                data: { generate: { external_user_id: \"wholly-secret-{seq}\" } }\n\
                load: { shared: { calls: 200 } }\nthresholds: [errors.rate < 100%]\n";
    std::fs::write(dir.path().join("s.yaml"), text).unwrap();
    let (_, _, err) = run(dir.path(), &["load", "s.yaml", "--run-dir", "r.run", "-v", "-v", "--progress", "none"]);
    let mut all = err;
    for name in ["run.json", "summary.json", "series.csv", "events.jsonl"] {
        all.push_str(&std::fs::read_to_string(dir.path().join("r.run").join(name)).unwrap());
    }
    assert_eq!(summary(dir.path(), "r.run")["errors"]["service-failure"]["codes"].as_object().map(serde_json::Map::len), Some(1));
    for secret in ["wholly-secret-1", "JoinToken", headcount::mock::DEFAULT_SECRET_KEY] {
        assert!(!all.contains(secret), "{secret}");
    }
}

#[test]
fn rosters_are_asked_for_row_by_row() {
    let dir = tempfile::tempdir().unwrap();
    let meeting = "11111111-2222-3333-4444-555555555555";
    let rows: String = (0..40).map(|n| format!("user-{n},{meeting}\n")).collect();
    std::fs::write(dir.path().join("r.csv"), format!("ExternalUserId,MeetingId\n{rows}")).unwrap();
    let text = "version: 1\nmock: {}\ndata: { roster: { file: r.csv } }\nload: { shared: { calls: 100 } }\n";
    std::fs::write(dir.path().join("s.yaml"), text).unwrap();
    let (code, _, err) = run(dir.path(), &["load", "s.yaml", "--run-dir", "r.run", "--set", "load.shared.rate=500/s"]);
    assert!(matches!(code, 0 | 96), "{err}");
    let manifest: Value = serde_json::from_slice(&std::fs::read(dir.path().join("r.run/run.json")).unwrap()).unwrap();
    let roster = headcount::run_dir::sum_of(&dir.path().join("r.csv")).unwrap();
    assert_eq!(manifest["scenario"]["leans_on"], serde_json::json!([{ "file": "r.csv", "sha256": roster }]));
    assert_eq!(manifest["set"], serde_json::json!(["load.shared.rate=500/s"]), "as it was written");
    let told = summary(dir.path(), "r.run");
    assert_eq!((told["classes"]["ok"].as_u64(), told["counts"]["unissued"].as_u64()), (Some(40), Some(60)));
    assert_eq!(told["ending"], "roster-used-up");
    std::fs::write(dir.path().join("r.csv"), format!("ExternalUserId,MeetingId\na,{meeting}\n{rows}")).unwrap();
    let (code, _, err) = run(dir.path(), &["load", "s.yaml", "--run-dir", "q.run"]);
    assert!(code == 104 && err.contains("1 row of the roster cannot be asked for") && err.contains("r.csv:2"), "{err}");
}

/// What was measured until then is not lost.
#[test]
fn a_load_that_gets_no_more_meetings_has_failed_and_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    // The mock counts anew when the load begins: one meeting before it, one renewal in it, and no more.
    let text = |after: u32| {
        let trick = "do: { error: { type: ForbiddenException } }";
        let mischief = format!("[{{ name: no, after: {after}, operations: [CreateMeeting], {trick} }}]");
        let load = "load: { open: { stages: [{ rate: 100/s, duration: 10m }] } }\nthresholds: [errors.rate < 1%]\n";
        format!("version: 1\ntarget: {{ meetings: {{ create: 1, renew: 300ms }} }}\nmock: {{ mischief: {mischief} }}\n{load}")
    };
    std::fs::write(dir.path().join("s.yaml"), text(1)).unwrap();
    let (code, _, err) = run(dir.path(), &["load", "s.yaml", "--run-dir", "r.run"]);
    let told = summary(dir.path(), "r.run");
    assert!(code == 99 && told["ending"].as_str().unwrap().starts_with("no-meetings: forbidden"), "{err}");
    assert!(
        told["counts"]["done"].as_u64() > Some(0) && told["reasons"][0].as_str().unwrap().contains("no more meetings"),
        "{told:#}"
    );
    // Where there never was one, there is nothing to sum up.
    std::fs::write(dir.path().join("s.yaml"), text(0)).unwrap();
    // A CI is told so, and does not read what an older run has left.
    std::fs::write(dir.path().join("junit.xml"), "yesterday's").unwrap();
    let (code, _, err) = run(dir.path(), &["load", "s.yaml", "--run-dir", "q.run", "--junit", "junit.xml"]);
    let told = std::fs::read_to_string(dir.path().join("junit.xml")).unwrap();
    assert!(
        told.contains("tests=\"1\" failures=\"1\"") && told.contains("<failure message=\"no meeting could be made"),
        "{told}"
    );
    assert!(code == 77 && err.contains("no meeting could be made, so there was no load: forbidden"), "{err}");
    assert!(!dir.path().join("q.run/summary.json").exists());
}

#[test]
fn mistakes_are_told_before_anything_is_asked() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(
        dir.path().join("s.yaml"),
        "version: 1\nmock: {}\nload: { open: { stages: [{ name: a, rate: 5/s, duration: 1s }] } }\n",
    )
    .unwrap();
    let says = |args: &[&str]| {
        let (code, _, err) = run(dir.path(), args);
        (code, err)
    };
    for (args, code, words) in [
        (&["load"][..], 2, "--rate"),
        (&["load", "lost.yaml"], 104, "lost.yaml cannot be read"),
        (&["load", "s.yaml", "--set", "load.open.stages.b.rate=1/s"], 104, "there is no element \"b\""),
        (&["load", "s.yaml", "--set", "load.open.stages.a.rate=fast"], 104, "rate"),
        (&["load", "s.yaml", "--run-dir", "no/such/place"], 2, "no/such/place"),
        (&["load", "s.yaml", "--status-addr", "192.0.2.1:80"], 2, "--status-addr 192.0.2.1:80"),
        (&["load", "s.yaml", "--rate", "5/s", "--duration", "1s"], 2, "cannot be used with"),
        (&["report", "nothing.run"], 104, "cannot be read"),
    ] {
        let (was, err) = says(args);
        assert!(was == code && err.contains(words), "{args:?}: {was} {err}");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "nothing was left behind");
}

/// No request leaves for a service that is not this machine unless its account was named.
#[test]
fn a_real_service_is_loaded_only_if_its_account_was_named() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("s.yaml"), "version: 1\ntarget: { region: us-east-1 }\nload: { shared: { calls: 10 } }\n")
        .unwrap();
    let mut command = Command::cargo_bin("headcount").unwrap();
    command.env_clear().env("HOME", dir.path()).env("AWS_EC2_METADATA_DISABLED", "true").current_dir(dir.path());
    command.env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret").env("AWS_ACCOUNT_ID", "111122223333");
    for (allow, words) in
        [(&[][..], "nobody has allowed that"), (&["--allow-account", "444455556666"][..], "444455556666 is allowed")]
    {
        let output = command.args(["load", "s.yaml"]).args(allow).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && err.contains(words) && err.contains("111122223333"), "{err}");
        command = Command::cargo_bin("headcount").unwrap();
        command.env_clear().env("HOME", dir.path()).env("AWS_EC2_METADATA_DISABLED", "true").current_dir(dir.path());
        command
            .env("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
            .env("AWS_SECRET_ACCESS_KEY", "secret")
            .env("AWS_ACCOUNT_ID", "111122223333");
    }
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
}

/// Ctrl-C: what is in flight is waited for, meetings are deleted, what was seen is reported.
#[test]
fn a_signal_drains_and_a_status_is_served_meanwhile() {
    use std::io::{BufRead, BufReader, Read, Write};
    let dir = tempfile::tempdir().unwrap();
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_headcount"));
    command.env_clear().env("HOME", dir.path()).current_dir(dir.path()).stderr(Stdio::piped());
    command.args(["load", "--rate", "100/s", "--duration", "10m", "--run-dir", "r.run", "--status-addr", "127.0.0.1:0"]);
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find_map(|line| Some(line.split_once("status at http://")?.1.split('/').next()?.to_owned())).unwrap();
    let ask = |path: &str| {
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        text
    };
    // Until it has something to tell.
    while !ask("/status.json").contains("\"ok\"") {
        assert!(child.try_wait().unwrap().is_none());
        crate::provision::binary::pause();
    }
    assert!(ask("/metrics").contains("headcount_load_calls_total{class=\"ok\"}"));
    crate::provision::binary::signal(&child, rustix::process::Signal::INT);
    let rest: Vec<String> = lines.collect();
    let code = child.wait().unwrap().code();
    assert!(matches!(code, Some(105 | 96)), "{code:?} {rest:?}");
    let told = summary(dir.path(), "r.run");
    assert_eq!((told["ending"].as_str(), told["counts"]["aborted"].as_u64()), (Some("interrupted"), Some(0)), "{rest:?}");
    assert_eq!(told["meetings"]["made"], told["meetings"]["deleted"]);
    assert_eq!(told["meetings"]["left_over"].as_array().map(Vec::len), Some(0));
}
