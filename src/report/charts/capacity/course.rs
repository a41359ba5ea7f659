//! The course of a search, step by step, and how late the generator was in each.
//!
//! Holds [`course`] and [`lags`]. Called by the sections.

use super::{decided, of_rates, stepped, verdict, why};
use crate::capacity::step::{Step, Verdict};
use crate::report::charts::{Lines, Series, legend, run_tone};
use crate::report::html::block::{Choice, Figure, Table};
use crate::report::model::search::Search;
use crate::report::words;
use crate::stats::recorder::Metric;

/// A line a search through its steps; nothing if there is none.
fn through(
    searches: &[Search],
    (name, tone, unit): (&str, &str, &'static str),
    of: impl Fn(&Step) -> Option<f64>,
) -> Option<Vec<Series>> {
    let mut series = Vec::new();
    for (n, search) in searches.iter().enumerate().filter(|(_, search)| !search.kept.steps.is_empty()) {
        let alone = searches.len() == 1;
        let (name, tone) = if alone { (name.to_owned(), tone.to_owned()) } else { (search.label.clone(), run_tone(n)) };
        let line = Series::line(&name, &tone, unit, Vec::new());
        series.push(stepped(line, search, search.kept.steps.iter(), |step| (f64::from(step.n), of(step))));
    }
    (!series.is_empty()).then_some(series)
}

/// The rates that were tried, in order.
pub fn course(searches: &[Search]) -> Option<Figure> {
    let series = through(searches, ("rate tried", "sent", "rate"), |step| Some(step.rate))?;
    let held = match searches {
        [search] => search.kept.answer.as_ref().and_then(|answer| answer.rate),
        _ => None,
    };
    let lines = Lines {
        x: "step",
        x_name: "step",
        ys: vec![("rate", "rate tried, calls a second")],
        log: true,
        log_x: false,
        series: &series,
        marks: Vec::new(),
        levels: held.iter().map(|rate| (*rate, format!("holds {}", words::per_second(*rate)))).collect(),
    };
    let said = |search: &Search| {
        let count = |verdict| search.kept.steps.iter().filter(|step| step.verdict == verdict).count();
        format!(
            "{}: {} passed, {} failed, {} invalid",
            search.label,
            words::counted(count(Verdict::Pass) as u64, "step", "steps"),
            count(Verdict::Fail),
            count(Verdict::Invalid)
        )
    };
    let choice = |(does, on): (&str, bool)| Choice { name: format!("{does} rate"), does: does.to_owned(), on };
    Some(Figure {
        id: "course".to_owned(),
        title: "The course of the search".to_owned(),
        alt: format!("The rate of each step, in order. {}.", of_rates(searches).map(said).collect::<Vec<_>>().join("; ")),
        option: lines.option(),
        legend: legend(&series),
        choices: [("log", true), ("linear", false)].map(choice).to_vec(),
        table: course_table(searches),
    })
}

fn course_table(searches: &[Search]) -> Table {
    let head = ["run", "#step", "#rate", "for", "verdict", "decided", "#judged", "what broke, or why"];
    let mut table = Table::new("course-steps", "The steps in order", &head);
    for search in of_rates(searches) {
        for step in &search.kept.steps {
            table.row(vec![
                search.label.clone(),
                step.n.to_string(),
                words::per_second(step.rate),
                step.kind.name().to_owned(),
                verdict(step, search),
                decided(step),
                words::span(step.seconds),
                why(step),
            ]);
        }
    }
    table
}

/// The generator's own lateness in each step.
pub fn lags(searches: &[Search]) -> Option<Figure> {
    let series = through(searches, ("lag p99", "lag", "ms"), |step| step.lag_p99_ms)?;
    let lines = Lines {
        x: "step",
        x_name: "step",
        ys: vec![("ms", "lag p99, ms")],
        log: false,
        log_x: false,
        series: &series,
        marks: Vec::new(),
        levels: Vec::new(),
    };
    let worst = |search: &Search| {
        let lags = search.kept.steps.iter().filter_map(|step| Some((step.lag_p99_ms?, step.n)));
        let (ms, n) = lags.max_by(|a, b| a.0.total_cmp(&b.0).then(b.1.cmp(&a.1)))?;
        Some(format!("{}: the worst 99th percentile is {} ms, in step {n}", search.label, words::ms(ms)))
    };
    Some(Figure {
        id: "lag-plot".to_owned(),
        title: "The generator's own lateness, step by step".to_owned(),
        alt: format!(
            "How late calls were made ready, which is the generator's own doing. {}.",
            of_rates(searches).filter_map(worst).collect::<Vec<_>>().join("; ")
        ),
        option: lines.option(),
        legend: legend(&series),
        choices: Vec::new(),
        table: lag_table(searches),
    })
}

fn lag_table(searches: &[Search]) -> Table {
    let head = ["run", "#step", "#rate", "#lag p50 ms", "#lag p99 ms", "#lag max ms", "verdict"];
    let mut table = Table::new("lag-steps", "The generator's lateness, step by step", &head);
    for search in of_rates(searches) {
        for step in &search.kept.steps {
            let lag = search.of(step).map(|latencies| latencies.of(Metric::Lag)).filter(|lag| !lag.is_empty());
            let us = |us: Option<u64>| us.map_or(words::NONE.to_owned(), |us| words::ms(us as f64 / 1e3));
            table.row(vec![
                search.label.clone(),
                step.n.to_string(),
                words::per_second(step.rate),
                us(lag.map(|lag| lag.value_at_quantile(0.5))),
                step.lag_p99_ms.map_or(words::NONE.to_owned(), words::ms),
                us(lag.map(|lag| lag.max())),
                step.verdict.name().to_owned(),
            ]);
        }
    }
    table
}
