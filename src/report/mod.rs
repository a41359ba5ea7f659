//! What was written of a run, for reading: a summary in, text or JUnit XML out; a run directory's files in, a page out.
//!
//! Holds [`Style`] and [`report`], [`page()`], [`junit()`] and [`comparison`]. Called by `headcount report` and `compare`, and by `load` and `capacity` when they end. Pure: it opens no
//! file and never sees the run itself, so that a report says tomorrow what it says today.

mod capacity;
mod charts;
mod compare;
mod html;
mod junit;
mod load;
pub mod model;
mod provision;
mod sections;
mod table;
mod words;

pub use junit::junit;
use model::search::Search;
use model::{Files, Kind, MOST_RUNS, PageError, Run};

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
    #[error(
        "this summary is of kind {kind} and version {version}; this program reads load, capacity, compare and provision, version 1"
    )]
    Unknown {
        /// What it says it is.
        kind: String,
        /// Its version.
        version: String,
    },
}

/// The page of one or several runs, or searches, of one kind: HTML that needs nothing beside it. The same files make the same bytes.
///
/// # Errors
/// A file is not what its name says, the runs are of several kinds, or there are too many of them.
pub fn page(runs: &[Files]) -> Result<String, PageError> {
    Ok(html::set(&laid_out(runs)?))
}

/// The page of a run beside the one that it is compared with, and what they differ in. `comparison` is the file of that kind.
///
/// # Errors
/// As [`page()`].
pub fn comparison(runs: &[Files; 2], comparison: &Value) -> Result<String, PageError> {
    let mut page = laid_out(runs)?;
    sections::compare::compared(&mut page, comparison);
    Ok(html::set(&page))
}

fn laid_out(runs: &[Files]) -> Result<html::block::Page, PageError> {
    if runs.is_empty() || runs.len() > MOST_RUNS {
        return Err(PageError::Number(runs.len()));
    }
    let alone = runs.len() == 1;
    let mut page = match runs.iter().filter(|files| Search::is_one(files)).count() {
        0 => {
            let runs = runs.iter().map(Run::read).collect::<Result<Vec<Run>, PageError>>()?;
            let of = |kind: Kind| runs.iter().any(|run| run.kind == kind);
            if of(Kind::Load) && of(Kind::Provision) {
                return Err(PageError::Mixed);
            }
            sections::page(&runs)
        }
        n if n == runs.len() => {
            let searches = runs.iter().map(Search::read).collect::<Result<Vec<Search>, PageError>>()?;
            sections::capacity::page(&searches)
        }
        _ => return Err(PageError::Mixed),
    };
    if alone {
        html::without_labels(&mut page);
    }
    Ok(page)
}

/// Reports on a run by its `summary.json`, on a search by its `capacity.json`, on a comparison by what `compare` made.
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
        Some("compare") => compare::fill(&mut page, summary),
        Some("capacity") => capacity::fill(&mut page, summary),
        Some("load") => load::fill(&mut page, summary),
        Some("provision") => provision::fill(&mut page, summary),
        _ => return Err(unknown()),
    }
    Ok(page.text())
}

/// A number with its thousands apart; `-` where there is none.
fn count(value: &Value) -> String {
    value.as_u64().map_or("-".to_owned(), words::count)
}

/// A number of things: `1 lane`, `2 lanes`.
fn counted(value: &Value, one: &str) -> String {
    format!("{} {one}{}", count(value), if *value == 1 { "" } else { "s" })
}

/// Milliseconds to a tenth, or to a thousandth where they are few.
fn ms(value: &Value) -> String {
    value.as_f64().map_or("-".to_owned(), words::ms)
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
