//! What is missing is told to the second; what cannot be added is refused, with what to do.

use super::made::{Dir, EPOCH_MS, LASTS, Made, merge};
use serde_json::{Value, json};

/// Takes lines of these seconds out of the logs.
fn without(dir: Dir, from: u64, to: u64) -> Dir {
    let keep = |at: Option<f64>| at.is_none_or(|at| !(from as f64..to as f64).contains(&at));
    let lines = |text: &str, at: &dyn Fn(&str) -> Option<f64>| -> String {
        text.lines().filter(|line| keep(at(line))).map(|line| format!("{line}\n")).collect()
    };
    let first = |line: &str| line.split(',').next()?.parse().ok();
    let second = |line: &str| line.split(',').nth(1)?.parse().ok();
    Dir {
        hlog: lines(&dir.hlog, &|line| line.starts_with("Tag=").then(|| second(line))?),
        series: lines(&dir.series, &first),
        counts: lines(&dir.counts, &first),
        ..dir
    }
}

fn dirs() -> [Dir; 3] {
    [("run-1", 0), ("run-2", 0), ("run-3", 2000)].map(|(id, later)| {
        let mut dir = Made::steady(id, later, 5, 40).dir();
        id.clone_into(&mut dir.label);
        dir
    })
}

#[test]
fn runs_side_by_side_cover_the_time_and_their_rates_add() {
    let [a, b, _] = dirs();
    let whole = merge(&[&a, &b], 0.95).unwrap();
    assert_eq!((whole.summary["verdict"].as_str(), whole.reasons()), (Some("pass"), vec![]));
    assert_eq!(
        (whole.summary["coverage"]["share"].as_f64(), whole.summary["coverage"]["seconds"].as_f64()),
        (Some(1.0), Some(12.0))
    );
    assert_eq!(whole.summary["rate"], json!({ "planned": 10.0, "achieved": 10.0 }));
    assert_eq!(whole.summary["stages"][1]["rate"]["planned"], json!(10.0));
    assert_eq!(whole.summary["operations"][0]["planned"], json!(90));
    assert_eq!(whole.merged.manifest["lanes"], json!(2));
    assert_eq!(whole.merged.manifest["merged"][1]["run"], json!("run-2"));
    assert_eq!(whole.merged.events.lines().count(), 6);
}

#[test]
fn a_hole_is_told_to_the_second_and_below_the_wanted_share_the_whole_is_invalid() {
    let [a, b, c] = dirs();
    // Of its own seconds 4 to 6, which are 6 to 8 on the clock of the whole.
    let c = without(c, 4, 7);
    let told = |wanted: f64| {
        let whole = merge(&[&a, &b, &c], wanted).unwrap();
        let reasons: Vec<String> = whole.reasons().into_iter().map(str::to_owned).collect();
        (whole.summary["verdict"].as_str().unwrap().to_owned(), reasons)
    };
    let (verdict, reasons) = told(0.95);
    assert_eq!(verdict, "invalid");
    assert_eq!(reasons[0], "the 3 runs were all there for 7 of 14 s, 50 %, where 95 % are wanted");
    assert_eq!(reasons[1], "run-3 is missing 3 s at 6-9 s of 14 s");
    // 45 calls of it are in its summary and not in its logs, whatever share is wanted.
    let (verdict, reasons) = told(0.5);
    assert_eq!((verdict.as_str(), reasons.len()), ("invalid", 1));
    assert_eq!(reasons[0], "the logs of run-3 have 45 calls done, its summary 60: lines are missing, and so are their latencies");
    // The same hole, told of a merged run that is merged once more.
    let pair = merge(&[&c, &a], 0.0).unwrap().dir("pair");
    let whole = merge(&[&pair, &b], 0.95).unwrap();
    assert!(whole.reasons().contains(&"run-3 is missing 3 s at 6-9 s of 14 s"), "{:?}", whole.reasons());
}

#[test]
fn a_run_that_began_late_is_told_by_its_offset() {
    let [a, _, c] = dirs();
    let whole = merge(&[&c, &a], 0.8).unwrap();
    assert_eq!(whole.summary["verdict"], "invalid");
    assert_eq!(whole.reasons(), ["the 2 runs were all there for 10 of 14 s, 71.4 %, where 80 % are wanted"]);
    let notes = whole.summary["notes"].to_string();
    assert!(
        notes.contains("the runs began within 2.000 s (after run-1: run-3 2.000 s), each by the clock of its own machine"),
        "{notes}"
    );
    assert_eq!(whole.summary["rate"]["planned"], json!(8.571), "120 calls over 14 s");
    assert_eq!(merge(&[&c, &a], 0.7).unwrap().summary["verdict"], "pass");
    // A quarter of a second is less than a second of the clock, or the next one: 0.25 + 0.8.
    let close = Made::steady("run-4", 800, 5, 40).dir();
    let whole = merge(&[&a, &close], 0.875).unwrap();
    assert_eq!((whole.summary["verdict"].as_str(), &whole.summary["coverage"]["together"]), (Some("pass"), &json!(11.2)));
    assert_eq!((whole.rows[0].at, whole.summary["coverage"]["members"][1]["from_s"].as_u64()), (0, Some(1)));
    assert_eq!(whole.summary["coverage"]["members"][1]["offset_s"], json!(0.8));
    assert!(whole.merged.events.contains("\"at_s\":0.9,"), "moved by what it began later: {}", whole.merged.events);
}

#[test]
fn a_killed_run_is_added_as_far_as_its_logs_go_and_the_whole_is_invalid() {
    let [a, b, _] = dirs();
    let mut killed = without(b, 9, 99);
    killed.summary = None;
    killed.manifest["state"] = json!("running");
    killed.hlog.push_str("Tag=response,9.000,1.000,21");
    killed.events.push_str("{\"at_s\":9.0,\"ev");
    let whole = merge(&[&a, &killed], 0.0).unwrap();
    assert_eq!(
        (whole.summary["verdict"].as_str(), whole.summary["ending"].as_str()),
        (Some("invalid"), Some("finished; killed"))
    );
    let reasons = whole.reasons();
    assert!(reasons[0].starts_with("run-2 was killed: its logs are in the numbers"), "{reasons:?}");
    let counts = &whole.summary["counts"];
    assert_eq!(
        (counts["done"].as_u64(), counts["planned"].as_u64(), counts["unissued"].as_u64()),
        (Some(105), Some(105), Some(0))
    );
    let notes = whole.summary["notes"].to_string();
    assert!(notes.contains("run-2 is missing 3 s at 9-12 s of 12 s"), "{notes}");
    assert!(notes.contains("1 line of the logs of run-2 cannot be read"), "{notes}");
    assert_eq!(whole.merged.events.lines().count(), 6);
}

#[test]
fn a_member_that_is_invalid_or_had_no_meetings_decides() {
    let [a, mut b, _] = dirs();
    let set = |dir: &mut Dir, name: &str, value: Value| dir.summary.as_mut().unwrap()[name] = value;
    set(&mut b, "verdict", json!("invalid"));
    set(&mut b, "reasons", json!(["the generator itself was late"]));
    let whole = merge(&[&a, &b], 0.95).unwrap();
    assert_eq!(whole.summary["verdict"], "invalid");
    assert_eq!(whole.reasons(), ["run-2 is invalid by itself: the generator itself was late"]);
    set(&mut b, "verdict", json!("fail"));
    set(&mut b, "ending", json!("no-meetings: forbidden (Forbidden)"));
    let whole = merge(&[&a, &b], 0.95).unwrap();
    assert_eq!((whole.summary["verdict"].as_str(), whole.reasons().len()), (Some("fail"), 1));
    // A member that fails by itself is judged with the others.
    set(&mut b, "ending", json!("finished"));
    assert_eq!(merge(&[&a, &b], 0.95).unwrap().summary["verdict"], "pass");
    let slow = Made::steady("run-5", 0, 5, 900).dir();
    let whole = merge(&[&a, &slow], 0.95).unwrap();
    assert_eq!((whole.summary["verdict"].as_str(), whole.reasons()[0]), (Some("fail"), "response.p99 < 800ms: it was 900.1 ms"));
}

#[test]
fn runs_that_are_not_of_one_thing_are_refused() {
    let [a, b, _] = dirs();
    let refused = |change: &dyn Fn(&mut Dir)| {
        let mut other = b.clone();
        change(&mut other);
        merge(&[&a, &other], 0.0).map(|whole| whole.summary).unwrap_err().to_string()
    };
    let told = [
        refused(&|dir| dir.manifest["id"] = json!("run-1")),
        refused(&|dir| dir.manifest["scenario"]["sha256"] = json!("0ther")),
        refused(&|dir| dir.manifest["scenario"]["leans_on"] = json!([{ "file": "t.csv", "sha256": "1" }])),
        refused(&|dir| dir.manifest["model"] = json!("closed")),
        refused(&|dir| dir.manifest["stages"][1]["seconds"] = json!(30.0)),
        refused(&|dir| dir.manifest["thresholds"][0]["check"] = json!("response.p99 < 900ms")),
        refused(&|dir| dir.manifest["thresholds"][0]["check"] = json!("nonsense")),
        refused(&|dir| dir.manifest["kind"] = json!("capacity")),
        refused(&|dir| dir.manifest["kind"] = json!("provision")),
        refused(&|dir| drop(dir.manifest.as_object_mut().unwrap().remove("stages"))),
        refused(&|dir| dir.summary = Some(json!({ "kind": "load", "version": 2 }))),
        refused(&|dir| dir.hlog.clear()),
        refused(&|dir| dir.series = "a,b\n".to_owned()),
        refused(&|dir| dir.counts = "a,b\n".to_owned()),
        refused(&|dir| dir.hlog = dir.hlog.replace("BaseTime: 18", "BaseTime: 20")),
    ];
    insta::assert_snapshot!("refused", told.join("\n"));
    assert_eq!(merge(&[], 0.0).unwrap_err().to_string(), "no run was named");
    // What is in a merged run already is found there.
    let pair = merge(&[&a, &b], 0.0).unwrap().dir("pair");
    assert!(merge(&[&pair, &b], 0.0).unwrap_err().to_string().contains("are the same run (id run-2)"));
    assert_eq!((LASTS, EPOCH_MS % 1000), (12, 250), "what the tests above lean on");
}

#[test]
fn a_stage_rates_over_the_time_in_which_anybody_was_in_it() {
    let [a, ..] = dirs();
    // The last to begin is the first to end, and never comes to the second stage.
    let mut late = Made::steady("late", 6000, 5, 40);
    late.samples.retain(|(sample, _)| sample.due.as_secs() < 2);
    let mut late = late.dir();
    late.summary.as_mut().unwrap()["seconds"] = json!(2.0);
    let whole = merge(&[&a, &late], 0.0).unwrap();
    let rates = |n: usize| whole.summary["stages"][n]["rate"].clone();
    assert_eq!(rates(0), json!({ "planned": 3.125, "achieved": 3.125 }), "25 calls in 0-8 s");
    assert_eq!(rates(1), json!({ "planned": 5.0, "achieved": 5.0 }), "45 calls in 3-12 s");
    assert_eq!(whole.summary["operations"][0]["rate"]["achieved"], json!(5.0));
    assert_eq!(whole.summary["seconds"], json!(12.0));
}

#[test]
fn what_members_say_of_themselves_and_have_alike_is_kept() {
    let [mut a, mut b, c] = dirs();
    b.summary.as_mut().unwrap()["notes"] = json!(["3 times calls waited"]);
    a.manifest["mock_like"] = json!("old.run");
    b.manifest["mock_like"] = json!("old.run");
    let pair = merge(&[&a, &b], 0.0).unwrap();
    assert_eq!(pair.merged.manifest["mock_like"], "old.run");
    let whole = merge(&[&pair.dir("pair"), &c], 0.0).unwrap();
    assert!(whole.merged.manifest["mock_like"].is_null());
    let notes = whole.summary["notes"].as_array().unwrap();
    assert_eq!(notes.iter().filter(|note| **note == "run-2: 3 times calls waited").count(), 1, "{notes:?}");
}

#[test]
fn times_that_no_run_has_are_refused_with_the_name_of_their_file() {
    let [a, b, c] = dirs();
    let pair = merge(&[&a, &b], 0.0).unwrap().dir("pair");
    let refused = |of: &Dir, change: &dyn Fn(&mut Dir)| {
        let mut other = of.clone();
        change(&mut other);
        merge(&[&c, &other], 0.0).map(|whole| whole.summary).unwrap_err().to_string()
    };
    let merged = |name: &str, value: Value| refused(&pair, &|dir| dir.manifest["merged"][1][name] = value.clone());
    let told = [
        refused(&b, &|dir| (0..2).for_each(|n| dir.manifest["stages"][n]["seconds"] = json!(1e19))),
        refused(&b, &|dir| (0..2).for_each(|n| dir.manifest["stages"][n]["seconds"] = json!(2e6))),
        refused(&b, &|dir| dir.summary.as_mut().unwrap()["seconds"] = json!(1.8e19)),
        refused(&b, &|dir| dir.summary.as_mut().unwrap()["seconds"] = json!(-1.0)),
        merged("to_s", json!(1u64 << 63)),
        merged("from_s", json!(13)),
        merged("offset_s", json!(1e30)),
        merged("lasted_s", json!(1e30)),
        merged("missing", json!([[9, 3]])),
        merged("missing", json!([[3, 5], [4, 6]])),
        merged("missing", json!([[3, 13]])),
    ];
    insta::assert_snapshot!("times", told.join("\n"));
    // What is so is read.
    merge(&[&c, &pair], 0.0).unwrap();
}
