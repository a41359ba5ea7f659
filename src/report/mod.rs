//! What was written of a run, for reading: a summary in, text out.
//!
//! Holds [`Style`] and [`report`]. Called by `headcount report`, and by `load` when it ends. Pure: it opens no file and never sees the
//! run itself, so that a report says tomorrow what it says today.

mod load;
mod provision;
mod table;

use serde_json::Value;
use table::Page;

/// How a report is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// For a terminal.
    Text,
    /// For a pull request.
    Markdown,
}

/// A summary that cannot be reported.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReportError {
    /// Another program's, or a later version's.
    #[error("this summary is of kind {kind} and version {version}; this program reads load and provision, version 1")]
    Unknown {
        /// What it says it is.
        kind: String,
        /// Its version.
        version: String,
    },
}

/// Reports on a run by its `summary.json`.
///
/// # Errors
/// It is no summary of a kind and version that is known.
pub fn report(summary: &Value, style: Style) -> Result<String, ReportError> {
    let unknown = || ReportError::Unknown { kind: summary["kind"].to_string(), version: summary["version"].to_string() };
    if summary["version"] != 1 {
        return Err(unknown());
    }
    let mut page = Page::new(style);
    match summary["kind"].as_str() {
        Some("load") => load::fill(&mut page, summary),
        Some("provision") => provision::fill(&mut page, summary),
        _ => return Err(unknown()),
    }
    Ok(page.text())
}

/// A number with its thousands apart; `-` where there is none.
fn count(value: &Value) -> String {
    let Some(n) = value.as_u64() else { return "-".to_owned() };
    let digits = n.to_string();
    let head = digits.len() % 3;
    let mut groups: Vec<&str> = (head..digits.len()).step_by(3).map(|at| &digits[at..at + 3]).collect();
    if head > 0 {
        groups.insert(0, &digits[..head]);
    }
    groups.join(",")
}

/// A number of things: `1 lane`, `2 lanes`.
fn counted(value: &Value, one: &str) -> String {
    format!("{} {one}{}", count(value), if *value == 1 { "" } else { "s" })
}

/// Milliseconds to a tenth, or to a thousandth where they are few.
fn ms(value: &Value) -> String {
    match value.as_f64() {
        None => "-".to_owned(),
        Some(ms) if ms >= 100.0 => format!("{ms:.0}"),
        Some(ms) if ms >= 1.0 => format!("{ms:.1}"),
        Some(ms) => format!("{ms:.3}"),
    }
}

/// A rate.
fn rate(value: &Value) -> String {
    value.as_f64().map_or("-".to_owned(), |rate| format!("{rate:.1}/s"))
}

/// The names of an object with their counts, the most frequent first.
fn classes(of: &Value) -> String {
    let mut all: Vec<(&String, u64)> = of
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, n)| (name, n.as_u64().or_else(|| n["count"].as_u64()).unwrap_or(0)))
        .collect();
    all.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(b.0)));
    all.iter().map(|(name, n)| format!("{name} {}", count(&Value::from(*n)))).collect::<Vec<_>>().join(", ")
}

/// The columns of a latency table, and their keys.
const PERCENTILES: [(&str, &str); 7] =
    [("p50", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"), ("p99.9", "p99_9"), ("max", "max"), ("mean", "mean")];

/// A table of latencies, a metric a row.
fn latencies(page: &mut Page, of: &Value) {
    let mut rows = Vec::new();
    for metric in ["response", "service", "queue", "lag", "token"] {
        if of[metric]["count"].as_u64().is_some_and(|n| n > 0) {
            let cells = PERCENTILES.iter().map(|(_, key)| ms(&of[metric][key]));
            rows.push(std::iter::once(metric.to_owned()).chain(cells).collect());
        }
    }
    let head: Vec<&str> = std::iter::once("ms").chain(PERCENTILES.iter().map(|(name, _)| *name)).collect();
    page.table(&head, rows);
}

/// The faults of a run, a code a row.
fn faults(page: &mut Page, errors: &Value) {
    let mut rows = Vec::new();
    for (class, of_class) in errors.as_object().into_iter().flatten() {
        for (code, kind) in of_class["codes"].as_object().into_iter().flatten() {
            let first = |list: &Value| list[0].as_str().unwrap_or("-").to_owned();
            rows.push(vec![
                class.clone(),
                code.clone(),
                count(&kind["count"]),
                first(&kind["messages"]),
                first(&kind["request_ids"]),
            ]);
        }
    }
    if !rows.is_empty() {
        page.head("What went wrong");
        page.table(&["class", "code", "count", "message", "a request id"], rows);
    }
}
