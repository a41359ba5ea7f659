//! The report of a load run.
//!
//! Holds [`fill`]. Called with the summary. What it says first is the verdict, and why.

use super::table::Page;
use super::{classes, count, counted, faults, latencies, ms, rate};
use serde_json::Value;

pub fn fill(page: &mut Page, summary: &Value) {
    let text = |name: &str| summary[name].as_str().unwrap_or("-").to_owned();
    let seconds = summary["seconds"].as_f64().unwrap_or_default();
    let verdict = text("verdict").to_uppercase();
    page.title(&format!("{verdict}: {}, {} load, {seconds:.1} s, {}", text("name"), text("model"), text("ending")));
    for reason in list(&summary["reasons"]) {
        page.item(&reason);
    }
    let counts = |name: &str| count(&summary["counts"][name]);
    let retries = match summary["counts"]["retries"].as_u64() {
        Some(n) if n > 0 => format!(" + {} retries", counts("retries")),
        _ => String::new(),
    };
    page.line(&format!(
        "{} planned{retries} = {} done + {} dropped + {} aborted + {} unissued",
        counts("planned"),
        counts("done"),
        counts("dropped"),
        counts("aborted"),
        counts("unissued")
    ));
    let planned = match &summary["rate"]["planned"] {
        Value::Null => String::new(),
        planned => format!("{} planned, ", rate(planned)),
    };
    page.line(&format!("{planned}{} achieved; {}", rate(&summary["rate"]["achieved"]), classes(&summary["classes"])));
    latencies(page, &summary["latency_ms"]);
    thresholds(page, &summary["thresholds"]);
    parts(page, "By stage", "stage", &summary["stages"]);
    parts(page, "By call", "call", &summary["operations"]);
    faults(page, &summary["errors"]);
    members(page, &summary["coverage"]);
    aside(page, summary);
}

fn list(of: &Value) -> Vec<String> {
    of.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn thresholds(page: &mut Page, of: &Value) {
    let row = |threshold: &Value| {
        let text = |name: &str| threshold[name].as_str().unwrap_or("-").to_owned();
        vec![text("check"), measured(threshold), text("verdict")]
    };
    let rows: Vec<Vec<String>> = of.as_array().into_iter().flatten().map(row).collect();
    if !rows.is_empty() {
        page.head("Thresholds");
        page.table(&["check", "measured", "verdict"], rows);
    }
}

/// What was measured of a threshold.
pub fn measured(threshold: &Value) -> String {
    let check = threshold["check"].as_str().unwrap_or("-");
    let latency = ["response", "service", "queue", "lag", "token"].iter().any(|metric| check.starts_with(metric));
    match threshold["value"].as_f64() {
        None => "-".to_owned(),
        Some(value) if latency => format!("{} ms", ms(&Value::from(value))),
        Some(value) if check.contains(".count") => format!("{value}"),
        Some(value) => format!("{:.2} %", value * 100.0),
    }
}

fn parts(page: &mut Page, heading: &str, what: &str, of: &Value) {
    let parts: Vec<&Value> = of.as_array().into_iter().flatten().collect();
    // One alone is the whole, which has been told.
    if parts.len() < 2 {
        return;
    }
    let row = |part: &&Value| {
        let warmup = if part["warmup"] == true { " (warm-up)" } else { "" };
        let latency = |metric: &str, q: &str| ms(&part["latency_ms"][metric][q]);
        let failed: u64 = part["classes"]
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(class, _)| !matches!(class.as_str(), "ok" | "dropped"))
            .filter_map(|(_, n)| n.as_u64())
            .sum();
        vec![
            format!("{}{warmup}", part["name"].as_str().unwrap_or("-")),
            rate(&part["rate"]["planned"]),
            rate(&part["rate"]["achieved"]),
            count(&part["done"]),
            count(&Value::from(failed)),
            latency("response", "p50"),
            latency("response", "p99"),
            latency("service", "p50"),
            latency("service", "p99"),
        ]
    };
    page.head(heading);
    let head = [what, "planned", "achieved", "done", "not ok", "response p50", "p99", "service p50", "p99"];
    page.table(&head, parts.iter().map(row).collect());
}

/// The runs that were added up, of a merged one.
fn members(page: &mut Page, coverage: &Value) {
    let Some(members) = coverage["members"].as_array() else { return };
    let row = |member: &Value| {
        let missing: u64 = member["missing"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|hole| Some(hole[1].as_u64()?.saturating_sub(hole[0].as_u64()?)))
            .sum();
        vec![
            member["run"].as_str().unwrap_or("-").to_owned(),
            member["id"].as_str().unwrap_or("-").to_owned(),
            format!("{:.3} s", member["offset_s"].as_f64().unwrap_or_default()),
            format!("{}-{} s", count(&member["from_s"]), count(&member["to_s"])),
            format!("{missing} s"),
            count(&member["torn"]),
        ]
    };
    page.head(&format!("Added up: {}", counted(&Value::from(members.len()), "run")));
    page.table(&["run", "id", "began after", "there", "missing", "lines torn"], members.iter().map(row).collect());
    page.line(&format!(
        "all of them were there for {} of {} s, {:.1} %",
        coverage["together"].as_f64().unwrap_or_default(),
        coverage["seconds"].as_f64().unwrap_or_default(),
        (coverage["share"].as_f64().unwrap_or_default() * 1000.0).floor() / 10.0
    ));
}

/// Meetings, wire, generator, notes.
fn aside(page: &mut Page, summary: &Value) {
    page.head("Beside it");
    let meetings = &summary["meetings"];
    if meetings["calls"].as_u64().is_some_and(|n| n > 0) {
        page.item(&format!(
            "meetings: {} made ({} of them renewals), {} deleted, in {} that are in none of the numbers above",
            count(&meetings["made"]),
            count(&meetings["renewed"]),
            count(&meetings["deleted"]),
            counted(&meetings["calls"], "call")
        ));
    }
    let left = list(&meetings["left_over"]);
    if !left.is_empty() {
        page.item(&format!("meetings that may still be there, to be deleted by hand: {}", left.join(", ")));
    }
    let generator = &summary["generator"];
    let share = |value: &Value| value.as_f64().map(|share| format!(", {:.0} % of a core", share * 100.0)).unwrap_or_default();
    let a_call = generator["cpu_us_a_call"].as_f64().map(|us| format!(", {us:.1} µs a call")).unwrap_or_default();
    page.item(&format!(
        "generator: {}{}{a_call}; lag p99 {} ms, of {} ms that could be tolerated",
        counted(&generator["lanes"], "lane"),
        share(&generator["cpu_share"]),
        ms(&summary["latency_ms"]["lag"]["p99"]),
        ms(&generator["tolerable_lag_ms"])
    ));
    if let Some(traffic) = summary["traffic"].as_object() {
        page.item(&format!(
            "wire: {} opened, used again {}; {} bytes out, {} in",
            counted(&traffic["connections_opened"], "connection"),
            counted(&traffic["connections_reused"], "time"),
            count(&traffic["bytes_out"]),
            count(&traffic["bytes_in"])
        ));
    }
    for note in list(&summary["notes"]) {
        page.item(&note);
    }
}
