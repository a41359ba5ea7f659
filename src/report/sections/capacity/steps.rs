//! The steps of a search, one by one, and how the generator was in each.
//!
//! Holds [`steps`] and [`generator`]. Called by the page.

use super::which;
use crate::capacity::step::{Step, Verdict};
use crate::report::charts::capacity::course::{course, lags};
use crate::report::charts::capacity::{decided, of_rates, verdict, why};
use crate::report::html::block::{Block, Section, Table};
use crate::report::model::search::Search;
use crate::report::sections::section;
use crate::report::words;
use crate::stats::recorder::Metric;

/// Nothing if no step was done.
pub fn steps(searches: &[Search]) -> Option<Section> {
    let figure = course(searches)?;
    let head = [
        "run",
        "#step",
        "#rate",
        "for",
        "verdict",
        "decided",
        "#judged",
        "#calls",
        "#ok",
        "#response p50",
        "#p99",
        "#service p99",
        "#throttled",
        "#not ok",
        "what broke, or why",
    ];
    let mut table = Table::new("steps", "Every step; ok is what was answered so, latencies are in milliseconds", &head);
    for search in of_rates(searches) {
        for step in &search.kept.steps {
            table.row(row(search, step));
        }
    }
    let lead = "The rate is doubled until a threshold breaks, then bisected; both ends of the bracket are held for longer before they are believed (seek, \
                hold). Of each rate the latest verdict counts. Calls that were sent before a step was judged are in its calls, and in none of its other numbers. \
                Points are shaped as on the curve.";
    Some(section("steps-section", "Step by step", lead, vec![Block::Figure(figure), Block::Table(table)]))
}

fn row(search: &Search, step: &Step) -> Vec<String> {
    let ms = |ms: Option<f64>| ms.map_or(words::NONE.to_owned(), words::ms);
    let service = search.of(step).map(|latencies| latencies.of(Metric::Service)).filter(|service| !service.is_empty());
    let p99 = service.map(|service| service.value_at_quantile(0.99) as f64 / 1e3);
    vec![
        search.label.clone(),
        step.n.to_string(),
        words::per_second(step.rate),
        step.kind.name().to_owned(),
        verdict(step, search),
        decided(step),
        words::span(step.seconds),
        words::count(step.calls),
        search.answered(step).map_or(words::NONE.to_owned(), words::per_second),
        ms(step.p50_ms),
        ms(step.p99_ms),
        ms(p99),
        words::percent(step.throttled),
        words::percent(step.errors),
        why(step),
    ]
}

/// Nothing if nothing is known of it.
pub fn generator(searches: &[Search]) -> Option<Section> {
    let mut said = Vec::new();
    for search in searches {
        let which = which(search, searches);
        let lag = match search.is_quota() {
            true => search.of_quota().map(|latencies| latencies.of(Metric::Lag)).filter(|lag| !lag.is_empty()),
            false => None,
        };
        if let Some(lag) = lag {
            let p99 = words::us(lag.value_at_quantile(0.99));
            said.push(format!("{which}The generator was late by {p99} (p99), and by {} at the most.", words::us(lag.max())));
        }
        let invalid = search.kept.steps.iter().filter(|step| step.verdict == Verdict::Invalid);
        said.extend(invalid.map(|step| format!("{which}Step {} counts for nothing: {}.", step.n, why(step))));
    }
    let figure = lags(searches);
    if said.is_empty() && figure.is_none() {
        return None;
    }
    if said.is_empty() {
        said.push("No step was spoilt by the generator.".to_owned());
    }
    let lead = "An instrument that is slow itself measures itself. Lag is how late a call was made ready, which is the generator's doing alone; a step in \
                which it was too much is invalid, is done once more, and bounds the search if it is so again.";
    let blocks = std::iter::once(Block::Words(said)).chain(figure.map(Block::Figure)).collect();
    Some(section("generator-section", "The generator's own health", lead, blocks))
}
