//! What stands on the page of searches for capacity, in order.
//!
//! Holds [`page`], and the sections that need few words. Called with searches that were read back. Several lie over each other; those that
//! looked for a quota have no curve, and those that looked for a rate may have met a quota.

mod knees;
mod quota;
mod steps;
mod verdict;

use super::{manifest, section};
use crate::capacity::Settings;
use crate::report::charts::capacity::{curve, let_in, of_rates};
use crate::report::html::block::{Block, Page, Section, Table};
use crate::report::model::search::Search;
use crate::report::words;

/// The page of some searches.
pub fn page(searches: &[Search]) -> Page {
    let sections = [
        verdict::side_by_side(searches),
        the_curve(searches),
        knees::knees(searches),
        Some(quota::quota(searches)),
        over_time(searches),
        steps::steps(searches),
        steps::generator(searches),
        Some(the_manifest(searches)),
    ];
    Page {
        title: verdict::title(searches),
        subtitle: verdict::subtitle(searches),
        verdicts: searches.iter().map(|search| verdict::verdict(search, searches.len() > 1)).collect(),
        tiles: if let [search] = searches { verdict::tiles(search) } else { Vec::new() },
        sections: sections.into_iter().flatten().collect(),
    }
}

/// What stands before a sentence about one of several searches.
fn which(search: &Search, searches: &[Search]) -> String {
    if searches.len() > 1 { format!("{}: ", search.label) } else { String::new() }
}

/// How points are read, for whoever sees them for the first time.
const SHAPES: &str = "● every threshold held, ▲ one broke, ■ the generator was late and the step counts for nothing. Filled: the sequential test \
                      decided it; hollow: its time was over first, and it is what its numbers say.";

fn the_curve(searches: &[Search]) -> Option<Section> {
    let figure = curve::curve(searches)?;
    let lead = "Every step is a point over the rate that was offered: what was answered ok, how long people waited, what share was refused. Up to the \
                capacity the first follows the dashed line; the band is the interval in which the capacity lies, the marks are where something \
                breaks. A step that failed ended as soon as that was sure, and its numbers are of that time.";
    let words = Block::Words(vec![SHAPES.to_owned()]);
    Some(section("curve-section", "Capacity curve", lead, vec![words, Block::Figure(figure)]))
}

fn over_time(searches: &[Search]) -> Option<Section> {
    let figure = let_in::let_in(searches)?;
    let lead = "What was let in beside what was throttled, second by second, everything that was sent included. A full bucket lets its burst in at once; \
                after that, what is let in is the quota's rate.";
    Some(section("let-in-section", "Throttling over time", lead, vec![Block::Figure(figure)]))
}

fn the_manifest(searches: &[Search]) -> Section {
    let mut table = Table::new("settings", "How it was searched: capacity.json", &["run", "what", "value"]);
    for search in of_rates(searches) {
        let Settings { from, most, precision, settle_s, step_s, hold_s } = search.kept.settings;
        for (what, value) in [
            ("the first step", words::per_second(from)),
            ("no step beyond", most.map_or("no bound".to_owned(), words::per_second)),
            ("how near both ends must come", words::percent(precision)),
            ("a step runs before it is judged", words::span(settle_s)),
            ("a step is judged, at most", words::span(step_s)),
            ("the answer is held, at most", words::span(hold_s)),
        ] {
            table.row(vec![search.label.clone(), what.to_owned(), value]);
        }
    }
    let told = |search: &Search| (search.label.clone(), search.manifest.clone(), search.scenario.clone());
    let more = (!table.rows.is_empty()).then_some(Block::Table(table));
    manifest::of(searches.iter().map(told).collect(), more.into_iter().collect())
}
