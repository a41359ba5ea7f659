//! Plots of a search for capacity.
//!
//! Holds what they share: the shapes of steps, and which of them count. Called by the sections. [`curve`] is over the rate, [`course`] over
//! the steps, and [`let_in`] over time.

pub mod course;
pub mod curve;
pub mod let_in;

use super::Series;
use crate::capacity::answer::overruled;
use crate::capacity::step::{Step, Verdict};
use crate::report::model::search::Search;
use crate::report::words;

/// The searches that looked for a rate.
pub fn of_rates(searches: &[Search]) -> impl Iterator<Item = &Search> {
    searches.iter().filter(|search| !search.is_quota())
}

/// The shape of a step's point: its verdict's, and hollow where that was not decided.
fn shape(step: &Step) -> String {
    let shape = match step.verdict {
        Verdict::Pass => "circle",
        Verdict::Fail => "triangle",
        Verdict::Invalid => "rect",
    };
    format!("{shape}{}", if step.decided { "" } else { " hollow" })
}

/// A step's verdict, and whether it still is one.
pub fn verdict(step: &Step, of: &Search) -> String {
    let over = if step.verdict != Verdict::Invalid && overruled(step, &of.kept.steps) { ", overruled" } else { "" };
    format!("{}{over}", step.verdict.name())
}

/// Whether the sequential test had decided a step.
pub fn decided(step: &Step) -> String {
    if step.decided { "yes" } else { "no" }.to_owned()
}

/// What is said of a step's point beside its number.
fn note(step: &Step, of: &Search) -> String {
    let sure = if step.decided { ", decided" } else { "" };
    format!("step {}, {}{sure}", step.n, verdict(step, of))
}

/// What made a step's verdict: the thresholds that broke, or the first reason.
pub fn why(step: &Step) -> String {
    let broke: Vec<&str> = step.broke.iter().map(|broke| broke.check.as_str()).collect();
    let why = if broke.is_empty() { step.reasons.first().cloned().unwrap_or_default() } else { broke.join("; ") };
    if why.is_empty() { words::NONE.to_owned() } else { why }
}

/// A line whose points are steps.
fn stepped<'a>(
    line: Series,
    of: &Search,
    steps: impl Iterator<Item = &'a Step>,
    at: impl Fn(&Step) -> (f64, Option<f64>),
) -> Series {
    let mut line = line;
    for step in steps {
        line.points.push(at(step));
        line.shapes.push(shape(step));
        line.notes.push(note(step, of));
    }
    line
}
