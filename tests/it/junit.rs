//! Runs as JUnit XML: what is a failure, what an error, and that no text of a run is ever markup. What JUnit's own readers make of it is
//! seen by tests/peers/load.

use assert_cmd::Command;
use headcount::report::junit;
use serde_json::{Value, json};

fn threshold(check: &str, value: Value, verdict: &str) -> Value {
    json!({ "check": check, "value": value, "ok": verdict == "pass", "verdict": verdict })
}

fn load(verdict: &str, reasons: &[&str]) -> Value {
    json!({
        "version": 1, "kind": "load", "name": "doors-open", "verdict": verdict, "reasons": reasons, "seconds": 61.25,
        "thresholds": [
            threshold("response.p99 < 800ms", json!(412.5), "pass"),
            threshold("service.p50 < 10ms (hold, get-attendee)", json!(12.0), "fail"),
            threshold("token.p99 < 1s", Value::Null, "no-data"),
            threshold("response.max < 900ms", json!(901.2), "doubtful"),
            threshold("errors.rate < 1%", json!(0.034), "fail"),
        ],
    })
}

#[test]
fn a_load_is_a_case_a_threshold_and_one_for_the_verdict() {
    let manifest = json!({ "id": "0badcafe", "seed": 42, "endpoint": "https://meetings-chime.us-east-1.amazonaws.com", "region": null,
                           "started": "2026-12-01T18:00:00.123456789Z", "set": ["not-told"] });
    let failed = junit(&load("fail", &["errors.rate < 1%: it was 3.40 %", "the generator itself was late"]), &manifest).unwrap();
    insta::assert_snapshot!("junit_load", failed);
    let invalid = junit(&load("invalid", &["the generator itself was late"]), &Value::Null).unwrap();
    let error = "<error message=\"the generator itself was late\" type=\"INVALID\">the generator itself was late</error>";
    assert!(invalid.contains(error) && !invalid.contains("<properties>") && !invalid.contains("timestamp"), "{invalid}");
    assert!(junit(&load("pass", &[]), &manifest).unwrap().contains("name=\"verdict\" time=\"61.250\"/>"));
    let mut cut = load("pass", &[]);
    cut["ending"] = json!("interrupted");
    let cut = junit(&cut, &manifest).unwrap();
    assert!(cut.contains("type=\"interrupted\"") && !cut.contains("name=\"verdict\" time=\"61.250\"/>"), "{cut}");
}

#[test]
fn a_roster_has_finished_and_everybody_has_a_token_or_not() {
    let counts = json!({ "rows": 1200, "provisioned": 1190, "duplicate": 2, "rejected": 3, "refused": 5, "unprocessed": 0 });
    let without = json!([{ "status": "refused", "class": "capacity", "code": "LimitExceededException", "count": 5, "retryable": false },
                         { "status": "rejected", "class": "rejected", "code": "id-length", "count": 3, "retryable": false }]);
    let mut summary = json!({ "version": 1, "kind": "provision", "ending": "finished", "seconds": 2.4, "counts": counts, "without": without, "void": 0 });
    insta::assert_snapshot!("junit_provision", junit(&summary, &json!({ "seed": 42 })).unwrap());
    summary["ending"] = json!("out-of-time");
    summary["reason"] = json!("--max-duration is over");
    summary["void"] = json!(1);
    let cut = junit(&summary, &Value::Null).unwrap();
    assert!(cut.contains("failures=\"2\" errors=\"1\""), "{cut}");
    assert!(cut.contains("out-of-time: --max-duration is over: run the same command again"), "{cut}");
    assert!(cut.contains("1 token is in a meeting that has ended since"), "{cut}");
}

#[test]
fn a_search_has_an_answer_or_none() {
    let answer = |ending: &str| {
        json!({ "version": 1, "kind": "capacity", "mode": "search", "name": "wall",
        "answer": { "ending": ending, "rate": 9.8, "confirmed": true }, "steps": [{ "seconds": 10.5 }, { "seconds": 20.0 }] })
    };
    for (ending, told) in [
        ("found", "name=\"a rate holds the thresholds\" time=\"30.500\"/>"),
        ("none-holds", "<failure message=\"NO CAPACITY: wall, no rate holds its thresholds\" type=\"none-holds\">"),
        (
            "generator",
            "<error message=\"INVALID: wall, 9.80/s holds; beyond it this machine was the bound, not the service\" type=\"INVALID\">",
        ),
        ("budget", "type=\"incomplete\""),
    ] {
        let xml = junit(&answer(ending), &Value::Null).unwrap();
        assert!(xml.contains(told), "{ending}: {xml}");
    }
    let quota = json!({ "version": 1, "kind": "capacity", "mode": "quota", "name": "wall", "quota": { "sure": true, "bucket": { "rate": 10.0, "burst": 20.0 } } });
    assert!(junit(&quota, &Value::Null).unwrap().contains("name=\"a quota is found\" time=\"0.000\"/>"));
    let unknown = junit(&json!({ "version": 2, "kind": "load" }), &Value::Null).unwrap_err().to_string();
    assert!(unknown.contains("version 2"), "{unknown}");
}

#[test]
fn text_of_a_run_is_never_markup_and_always_xml() {
    let bad = "]]></failure><x a=\"&'\u{0}\u{1b}[31m\u{fffe}\u{ffff}\u{85}\r\n\u{1f600}";
    let mut summary = load("fail", &[bad, bad]);
    summary["name"] = json!(bad);
    summary["thresholds"][1]["check"] = json!(bad);
    let xml = junit(&summary, &json!({ "id": bad, "started": bad })).unwrap();
    // The characters that XML 1.0 allows.
    let allowed = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..);
    assert!(xml.chars().all(allowed), "{xml:?}");
    let started = junit(&summary, &json!({ "started": "\u{1}\u{ffff}" })).unwrap();
    assert!(started.chars().all(allowed) && started.contains("timestamp=\"\\u{1}\u{fffd}\""), "{started:?}");
    assert!(!xml.contains("<x ") && !xml.contains("]]>") && xml.contains('\u{1f600}'), "{xml}");
    assert_eq!((xml.matches("<testcase ").count(), xml.matches("</failure>").count()), (6, 4));
}

#[test]
fn a_run_in_a_ci_writes_them_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| {
        let mut command = Command::cargo_bin("headcount").unwrap();
        command.env_clear().env("HOME", dir.path()).env("AWS_EC2_METADATA_DISABLED", "true").current_dir(dir.path());
        let output = command.args(args).output().unwrap();
        (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let load = ["load", "--rate", "10/s", "--duration", "1s", "-q", "--run-dir", "r.run", "--junit"];
    let (code, _, err) = run(&[&load[..], &["no/such/place.xml"]].concat());
    assert!(code == 2 && err.contains("--junit no/such/place.xml cannot be written"), "{err}");
    assert!(!dir.path().join("r.run").exists(), "told before anything is asked");
    std::fs::create_dir(dir.path().join("place")).unwrap();
    let (code, _, err) = run(&[&load[..], &["place"]].concat());
    assert!(code == 2 && err.contains("--junit place cannot be written: it is a directory"), "{err}");
    let (code, _, err) = run(&[&load[..], &["junit.xml"]].concat());
    assert!(matches!(code, 0 | 96), "{err}");
    let written = std::fs::read_to_string(dir.path().join("junit.xml")).unwrap();
    assert!(written.contains("classname=\"command-line\" name=\"errors.rate &lt; 1%\" time=\"0.000\"/>"), "{written}");
    let (code, out, err) = run(&["report", "r.run", "--format", "junit"]);
    assert_eq!(code, 0, "{err}");
    let still = |text: &str| text.lines().filter(|line| !line.contains("name=\"state\"")).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(still(&out), still(&written));
}

/// The run's own directory takes its place: found out at the end, when there is a verdict, which stays.
#[test]
fn a_verdict_is_not_lost_with_its_test_cases() {
    let dir = tempfile::tempdir().unwrap();
    let scenario = |mock: &str| {
        format!(
            "version: 1\nname: s\nmock: {mock}\nload: {{ shared: {{ calls: 5 }} }}\nretry: off\nthresholds: [errors.rate < 1%]\n"
        )
    };
    let error = "{ mischief: [{ name: e, operations: [CreateAttendee], do: { error: { type: ServiceFailureException } } }] }";
    for (run, mock, codes) in [("bad.run", error, [99, 96]), ("good.run", "{}", [75, 96])] {
        std::fs::write(dir.path().join("s.yaml"), scenario(mock)).unwrap();
        let mut command = Command::cargo_bin("headcount").unwrap();
        command.env_clear().env("HOME", dir.path()).env("AWS_EC2_METADATA_DISABLED", "true").current_dir(dir.path());
        let output = command.args(["load", "s.yaml", "--run-dir", run, "--junit", run]).output().unwrap();
        let err = String::from_utf8(output.stderr).unwrap();
        assert!(codes.contains(&output.status.code().unwrap()), "{:?}: {err}", output.status);
        assert!(err.contains("5 planned = 5 done") && err.contains(&format!("{run} cannot be written")), "{err}");
    }
}
