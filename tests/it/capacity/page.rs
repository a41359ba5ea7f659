//! The page of a search, from files that are made here: every number of them is known. Nothing waits, and no search is run.

use hdrhistogram::Histogram;
use headcount::report::model::{Files, PageError};
use headcount::report::page;
use headcount::run_dir::{Logs, RunDir};
use headcount::stats::series::load_columns;
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

/// A step: which, its rate, what for, what it came to, and what broke of it.
fn step(n: u32, rate: f64, kind: &str, verdict: &str, decided: bool, broke: &[(&str, f64, &str)]) -> Value {
    let broke: Vec<Value> =
        broke.iter().map(|(check, value, cause)| json!({ "check": check, "value": value, "cause": cause })).collect();
    let throttled = if broke.iter().any(|broke| broke["cause"] == "throttle") { 0.05 } else { 0.0 };
    let reasons = if verdict == "invalid" { vec!["the generator was late by 120 ms (p99)"] } else { Vec::new() };
    json!({
        "n": n, "rate": rate, "kind": kind, "verdict": verdict, "decided": decided, "reasons": reasons, "broke": broke, "seconds": 30.0,
        "calls": (rate * 35.0) as u64, "achieved": rate * (1.0 - throttled), "p50_ms": 20.0 + rate, "p99_ms": 90.0 + 4.0 * rate,
        "throttled": throttled, "errors": throttled, "lag_p99_ms": 0.4, "bucket": if throttled > 0.0 { json!({ "rate": 50.0, "burst": 100.0 }) } else { Value::Null },
    })
}

/// A search with these steps, and what they come to.
fn search(steps: Vec<Value>, answer: Value) -> Value {
    json!({
        "version": 1, "kind": "capacity", "name": "doors", "target": "mock (seed 42)", "scenario": "5e7f", "mode": "search", "quota": null,
        "settings": { "from": 20.0, "most": null, "precision": 0.03, "settle_s": 5.0, "step_s": 30.0, "hold_s": 90.0 },
        "steps": steps, "answer": answer,
    })
}

fn answer(ending: &str, rate: Value, ends: [Value; 2], knees: Vec<Value>) -> Value {
    json!({ "ending": ending, "rate": rate, "confirmed": matches!(ending, "found" | "ceiling"), "low": ends[0], "high": ends[1], "confidence": 0.95, "knees": knees, "calls": 12_345 })
}

const THROTTLED: (&str, f64, &str) = ("errors.rate < 1%", 0.05, "throttle");
const LATE: (&str, f64, &str) = ("response.p99 < 800ms", 1234.0, "latency");

fn knee(cause: &str, check: &str, holds: f64, breaks: f64) -> Value {
    json!({ "cause": cause, "check": check, "holds": holds, "breaks": breaks })
}

fn found() -> Value {
    let steps = vec![
        step(1, 20.0, "seek", "pass", true, &[]),
        step(2, 40.0, "seek", "pass", true, &[]),
        step(3, 80.0, "seek", "fail", true, &[THROTTLED, LATE]),
        step(4, 60.0, "seek", "invalid", false, &[]),
        step(5, 60.0, "seek", "fail", true, &[THROTTLED]),
        step(6, 49.8, "seek", "fail", false, &[THROTTLED]),
        step(7, 49.8, "hold", "pass", true, &[]),
        step(8, 51.0, "hold", "fail", true, &[THROTTLED]),
    ];
    let knees = vec![knee("throttle", "errors.rate < 1%", 49.8, 51.0), knee("latency", "response.p99 < 800ms", 49.8, 80.0)];
    search(steps, answer("found", json!(49.8), [json!(49.8), json!(51.0)], knees))
}

/// The logs of its steps: ten response times each, of which the p99 is as it is told.
fn logs(kept: &Value) -> (Vec<u8>, Vec<u8>) {
    let place = tempfile::tempdir().unwrap();
    let dir = RunDir::open(&place.path().join("r.run")).unwrap();
    let began = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    let mut logs = Logs::open(&dir, began, began, &load_columns()).unwrap();
    let columns = load_columns();
    for step in kept["steps"].as_array().unwrap() {
        let name = format!("step-{}-{}", step["n"], step["kind"].as_str().unwrap());
        let of = |metric: &str, us: u64| {
            let mut histogram = Histogram::new_with_bounds(1, 3_600_000_000, 3).unwrap();
            histogram.record_n(us, 10).unwrap();
            (format!("{metric}/{name}/create-attendee/ok"), histogram)
        };
        let us = (step["p99_ms"].as_f64().unwrap() * 1e3) as u64;
        let measured = [of("response", us), of("service", us / 2), of("lag", 400)];
        let cell = |column: &str| match column {
            "stage" => name.clone(),
            "sent" | "done" | "ok" => "10".to_owned(),
            "throttled" if step["throttled"].as_f64() > Some(0.0) => "2".to_owned(),
            _ => "0".to_owned(),
        };
        let line = columns.split(',').skip(1).map(cell).collect::<Vec<_>>().join(",");
        let at = Duration::from_secs(3 * step["n"].as_u64().unwrap());
        logs.append_stretch(at, Duration::from_secs(2), &measured, &[line.clone(), line]).unwrap();
    }
    (std::fs::read(dir.file("latency.hlog")).unwrap(), std::fs::read(dir.file("series.csv")).unwrap())
}

fn page_of(searches: &[(&str, Value)]) -> Result<String, PageError> {
    let manifest = br#"{"kind":"capacity","started":"2026-11-25T17:00:00Z","version":1}"#;
    let read: Vec<_> = searches.iter().map(|(label, kept)| (*label, kept.to_string(), logs(kept))).collect();
    let files = read.iter().map(|(label, summary, (hlog, series))| Files {
        label,
        summary: summary.as_bytes(),
        manifest,
        hlog,
        series,
        scenario: Some(b"version: 1\n"),
    });
    page(&files.collect::<Vec<_>>())
}

/// What a reader reads of it, an element a line.
fn words(page: &str) -> String {
    let body = page.split("<main").nth(1).unwrap().split("<footer").next().unwrap();
    let mut out = String::new();
    for piece in body.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap();
        let ends = ["/p", "/h2", "/tr", "/caption", "/summary", "/dt", "/dd", "/li", "/figcaption", "/pre"].contains(&tag);
        out.push_str(if ends {
            "\n"
        } else if matches!(tag, "/td" | "/th" | "/strong") {
            " | "
        } else {
            ""
        });
        out.push_str(text.trim_matches('\n'));
    }
    let plain =
        out.replace("&#60;", "<").replace("&#62;", ">").replace("&#39;", "'").replace("&#34;", "\"").replace("&amp;", "&");
    let lines = plain.lines().map(|line| line.trim().trim_end_matches('|').trim()).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// Only what stands first: the verdict, and why.
fn first(kept: Value) -> String {
    let page = page_of(&[("s.run", kept)]).unwrap();
    let verdict = page.split("<section class=\"verdict").nth(1).unwrap().split("</section>").next().unwrap();
    words(&format!("<main><p {verdict}<footer"))
}

#[test]
fn it_says_what_holds_and_what_breaks() {
    insta::assert_snapshot!(words(&page_of(&[("s.run", found())]).unwrap()));
}

#[test]
fn the_same_files_make_the_same_bytes_and_several_lie_over_each_other() {
    let two = [("a.run", found()), ("b.run", search(Vec::new(), Value::Null))];
    let page = page_of(&two).unwrap();
    assert_eq!(page, page_of(&two).unwrap());
    for said in ["2 searches side by side", "a.run answered ok", "a.run: throttle knee 51.0/s", "no step has come to a verdict"] {
        assert!(page.contains(said), "{said}");
    }
}

#[test]
fn every_ending_says_first_what_it_is() {
    let (null, five) = (Value::Null, json!(5.0));
    let at_the_throttle = || vec![knee("throttle", "errors.rate < 1%", 5.0, 10.0)];
    let held = || vec![step(1, 5.0, "seek", "pass", true, &[])];
    let failed = || vec![step(1, 5.0, "seek", "pass", true, &[]), step(2, 10.0, "seek", "fail", true, &[THROTTLED])];
    let mut all = Vec::new();
    for (what, kept) in [
        ("not begun", search(Vec::new(), null.clone())),
        ("only held", search(held(), null.clone())),
        ("under way", search(failed(), null.clone())),
        ("none holds", search(failed(), answer("none-holds", null.clone(), [null.clone(), json!(0.16)], at_the_throttle()))),
        ("ceiling", search(held(), answer("ceiling", five.clone(), [five.clone(), null.clone()], Vec::new()))),
        ("generator", search(held(), answer("generator", five.clone(), [null.clone(), null.clone()], Vec::new()))),
        ("budget", search(failed(), answer("budget", five.clone(), [five.clone(), json!(10.0)], at_the_throttle()))),
        ("unsteady", search(failed(), answer("unsteady", five.clone(), [null.clone(), json!(10.0)], at_the_throttle()))),
    ] {
        all.push(format!("# {what}\n{}", first(kept)));
    }
    let quota = |bucket: Value, sure: bool, throttled: u64| {
        let mut kept = search(Vec::new(), null.clone());
        kept["mode"] = json!("quota");
        kept["quota"] =
            json!({ "bucket": bucket, "sure": sure, "calls": 1234, "throttled": throttled, "peak": 40, "seconds": 61.5 });
        kept
    };
    let bucket = json!({ "rate": 10.04, "burst": 19.7 });
    for (what, kept) in [
        ("quota", quota(bucket.clone(), true, 12)),
        ("quota, roughly", quota(bucket, false, 12)),
        ("no quota", quota(null.clone(), false, 0)),
        ("quota, too few calls", quota(null.clone(), false, 2)),
    ] {
        all.push(format!("# {what}\n{}", first(kept)));
    }
    let mut looking = quota(null.clone(), false, 0);
    looking["quota"] = null;
    all.push(format!("# quota, not found yet\n{}", first(looking)));
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_search_is_not_laid_over_a_run_and_a_damaged_one_is_told() {
    let load = Files {
        label: "l.run",
        summary: br#"{"version":1,"kind":"load"}"#,
        manifest: b"{}",
        hlog: b"",
        series: b"",
        scenario: None,
    };
    let text = found().to_string();
    let search = Files { label: "s.run", summary: text.as_bytes(), ..load };
    assert_eq!(page(&[search, load]).unwrap_err(), PageError::Mixed);
    // Without its logs, as an older headcount left it, there is less to say.
    let page_without = page(&[search]).unwrap();
    assert!(page_without.contains("id=\"curve\"") && !page_without.contains("id=\"let-in\""));
    let damaged = text.replace("\"verdict\":\"pass\"", "\"verdict\":\"splendid\"");
    let error = page(&[Files { summary: damaged.as_bytes(), ..search }]).unwrap_err();
    assert!(error.to_string().starts_with("s.run/capacity.json: it is no capacity.json of version 1: "), "{error}");
}
