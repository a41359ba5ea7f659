//! The report of a comparison.
//!
//! Holds [`fill`], and [`row`] and [`word`], by which the page tells the same. Called with a comparison as its file has it. What it says
//! first is what it comes to.

use super::table::Page;
use super::{ms, words};
use serde_json::Value;

pub fn fill(page: &mut Page, comparison: &Value) {
    page.title(&format!("{}: {}", word(comparison), comparison["says"].as_str().unwrap_or("-")));
    page.line(&told(comparison));
    let stands = !matches!(comparison["verdict"].as_str(), Some("invalid" | "no-data" | "unclear"));
    if let Some(limit) = comparison["limit"].as_f64().filter(|_| stands) {
        let limit = format!("{} % or more", (limit * 1000.0).round() / 10.0);
        page.line(&match comparison["over_limit"] == true {
            true => format!("over the limit: what is worse by {limit} fails"),
            false => format!("within the limit: nothing is told to be worse by {limit}"),
        });
    }
    let rows: Vec<Vec<String>> =
        comparison["metrics"].as_array().into_iter().flatten().map(|metric| row(metric).into()).collect();
    if !rows.is_empty() {
        page.head("Metric by metric");
        page.table(&HEAD, rows);
    }
    let notes = comparison["notes"].as_array().map_or(&[][..], Vec::as_slice);
    if !notes.is_empty() {
        page.head("To be known");
        notes.iter().filter_map(Value::as_str).for_each(|note| page.item(note));
    }
}

/// The columns of a metric's row.
pub const HEAD: [&str; 5] = ["metric", "base", "run", "change [interval]", "verdict"];

/// What it comes to, in a word.
pub fn word(comparison: &Value) -> &'static str {
    match comparison["verdict"].as_str() {
        Some("same") => "SAME",
        Some("regression") => "REGRESSION",
        Some("improvement") => "IMPROVEMENT",
        Some("mixed") => "BETTER AND WORSE",
        Some("unclear") => "UNCLEAR",
        Some("invalid") => "INVALID",
        _ => "TOO LITTLE",
    }
}

/// What was compared, and how sure the intervals are.
pub fn told(comparison: &Value) -> String {
    let side = |side: &Value| {
        let text = |name: &str| side[name].as_str().unwrap_or("-");
        let seconds = words::counted(side["seconds"].as_u64().unwrap_or(0), "second", "seconds");
        format!("{} ({}, {seconds})", text("label"), text("verdict"))
    };
    format!(
        "base {}, run {}; the intervals hold together at {} % confidence",
        side(&comparison["base"]),
        side(&comparison["run"]),
        (comparison["confidence"].as_f64().unwrap_or_default() * 1000.0).round() / 10.0
    )
}

/// A metric: its name, both values, the change with its interval, the verdict.
pub fn row(metric: &Value) -> [String; 5] {
    let unit = metric["unit"].as_str().unwrap_or_default();
    let value = |value: &Value| match (value.as_f64(), unit) {
        (None, _) => "-".to_owned(),
        (Some(share), "share") => format!("{:.2} %", share * 100.0),
        (Some(rate), "per-second") => format!("{}/s", words::rate(rate)),
        (Some(_), _) => format!("{} ms", ms(value)),
    };
    let name = metric["name"].as_str().unwrap_or("-");
    let says = metric["says"].as_str().unwrap_or_default();
    let says = says.strip_prefix(name).unwrap_or(says).trim_start();
    let (change, verdict) = says.rsplit_once(": ").or(says.split_once(", ")).unwrap_or(("-", says));
    [name.to_owned(), value(&metric["base"]), value(&metric["run"]), change.to_owned(), verdict.to_owned()]
}
