//! The report of a search for capacity.
//!
//! Holds [`fill`]. Called with capacity.json. What it says first is the answer.

use super::table::Page;
use super::{count, counted, ms, words};
use serde_json::Value;

/// What it comes to, in a line.
pub fn title(kept: &Value) -> String {
    match kept["mode"].as_str() {
        Some("quota") => bucket(kept),
        _ => found(kept),
    }
}

pub fn fill(page: &mut Page, kept: &Value) {
    page.title(&title(kept));
    match kept["mode"].as_str() {
        Some("quota") => quota(page, kept),
        _ => search(page, kept),
    }
}

/// A rate to what its search is good for.
fn rate(value: &Value) -> String {
    value.as_f64().map_or("-".to_owned(), words::per_second)
}

fn found(kept: &Value) -> String {
    let (name, answer) = (kept["name"].as_str().unwrap_or("-"), &kept["answer"]);
    let highest = match answer["confirmed"] == true {
        true => format!("{} holds", rate(&answer["rate"])),
        false => format!("{} holds as far as was tried", rate(&answer["rate"])),
    };
    match answer["ending"].as_str() {
        Some("found") => format!("CAPACITY: {name}, {highest}"),
        Some("none-holds") => format!("NO CAPACITY: {name}, no rate holds its thresholds"),
        Some("ceiling") => format!("CAPACITY: {name}, {highest}; nothing higher was allowed"),
        Some("generator") => format!("INVALID: {name}, {highest}; beyond it this machine was the bound, not the service"),
        Some("budget") => format!("INCOMPLETE: {name}, {highest}; the calls that were allowed are used up"),
        Some(_) => format!("INVALID: {name}, the service does not stay the same for long enough to tell"),
        None => format!("INCOMPLETE: {name}, the search is not over"),
    }
}

fn search(page: &mut Page, kept: &Value) {
    let answer = &kept["answer"];
    if answer.is_object() {
        let confidence = answer["confidence"].as_f64().unwrap_or_default() * 100.0;
        let end = |value: &Value, none: &str| if value.is_null() { none.to_owned() } else { rate(value) };
        let nothing = answer["low"].is_null() && answer["high"].is_null();
        page.line(&match nothing {
            true => "no interval: the sequential test has decided nothing; longer steps would".to_owned(),
            false => format!(
                "between {} and {}, at {confidence:.0} % confidence: {} a verdict that the sequential test has decided",
                end(&answer["low"], "0/s"),
                end(&answer["high"], "any rate"),
                if answer["low"].is_null() || answer["high"].is_null() { "the end that is found is" } else { "each end is" }
            ),
        });
        for knee in answer["knees"].as_array().into_iter().flatten() {
            let what = match knee["cause"].as_str() {
                Some("throttle") => "throttling",
                Some("latency") => "latency",
                _ => "errors",
            };
            page.item(&format!(
                "{what} breaks {} at {}; {} held",
                knee["check"].as_str().unwrap_or("-"),
                rate(&knee["breaks"]),
                rate(&knee["holds"])
            ));
        }
        page.line(&format!("{} in {}", counted(&answer["calls"], "call"), counted(&steps(kept).len().into(), "step")));
    }
    table(page, kept);
}

fn steps(kept: &Value) -> &[Value] {
    kept["steps"].as_array().map_or(&[], Vec::as_slice)
}

fn table(page: &mut Page, kept: &Value) {
    let share = |value: &Value| value.as_f64().map_or("-".to_owned(), words::percent);
    let row = |step: &Value| {
        let verdict = step["verdict"].as_str().unwrap_or("-");
        let broke: Vec<&str> =
            step["broke"].as_array().into_iter().flatten().filter_map(|broke| broke["check"].as_str()).collect();
        let why = if broke.is_empty() { step["reasons"][0].as_str().unwrap_or_default().to_owned() } else { broke.join("; ") };
        vec![
            count(&step["n"]),
            rate(&step["rate"]),
            format!("{:.0} s", step["seconds"].as_f64().unwrap_or_default()),
            rate(&step["achieved"]),
            ms(&step["p50_ms"]),
            ms(&step["p99_ms"]),
            share(&step["throttled"]),
            share(&step["errors"]),
            format!("{verdict}{}", if step["decided"] == true { ", decided" } else { "" }),
            why,
        ]
    };
    let rows: Vec<Vec<String>> = steps(kept).iter().map(row).collect();
    if !rows.is_empty() {
        page.head("Steps");
        page.table(&["step", "rate", "judged", "ok", "p50 ms", "p99 ms", "throttled", "not ok", "verdict", "what broke"], rows);
    }
}

fn bucket(kept: &Value) -> String {
    let (name, quota) = (kept["name"].as_str().unwrap_or("-"), &kept["quota"]);
    if !quota.is_object() {
        return format!("INCOMPLETE: {name}, the quota is not found yet");
    }
    let bucket = &quota["bucket"];
    match (bucket.is_object(), quota["sure"] == true) {
        (true, true) => {
            format!("QUOTA: {name}, {} with a burst of {:.0}", rate(&bucket["rate"]), bucket["burst"].as_f64().unwrap_or(0.0))
        }
        (true, false) => format!(
            "INCOMPLETE: {name}, about {} with a burst of about {:.0}: more calls would tell it better",
            rate(&bucket["rate"]),
            bucket["burst"].as_f64().unwrap_or(0.0)
        ),
        (false, _) if quota["throttled"] == 0 => format!("NO QUOTA: {name}, nothing was throttled"),
        (false, _) => format!("INCOMPLETE: {name}, too few calls to tell"),
    }
}

fn quota(page: &mut Page, kept: &Value) {
    let quota = &kept["quota"];
    if !quota.is_object() {
        return;
    }
    page.line(&format!(
        "{} in {:.0} s, {} of them throttled; at most {} let in in one second",
        counted(&quota["calls"], "call"),
        quota["seconds"].as_f64().unwrap_or_default(),
        count(&quota["throttled"]),
        count(&quota["peak"])
    ));
}
