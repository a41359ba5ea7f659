//! The knees: where throttling, latency and errors break a threshold, and what each means.
//!
//! Holds [`knees`]. Called by the page.

use super::which;
use crate::capacity::answer::Knee;
use crate::capacity::step::{Cause, Verdict};
use crate::report::charts::capacity::of_rates;
use crate::report::html::block::{Block, Section, Table};
use crate::report::model::search::Search;
use crate::report::sections::section;
use crate::report::sections::stages::measured;
use crate::report::words;

/// What a knee means, and what to do about it.
fn meaning(cause: Cause) -> (&'static str, &'static str) {
    match cause {
        Cause::Throttle => (
            "a quota: beyond its rate the service answers 429, however well it is",
            "ask AWS for more, send more slowly, or send batches: a batch of 100 is one request",
        ),
        Cause::Latency => (
            "the service itself, or the way to it: calls wait in line for answers",
            "no quota helps; spread the load, or allow later answers",
        ),
        Cause::Errors => (
            "calls fail beyond this rate otherwise than by 429s",
            "look at what they end as: load the rate with headcount load, and read its classes",
        ),
    }
}

fn name(cause: Cause) -> &'static str {
    match cause {
        Cause::Throttle => "throttle knee",
        Cause::Latency => "latency knee",
        Cause::Errors => "errors knee",
    }
}

/// Nothing if no search for a rate has an answer.
pub fn knees(searches: &[Search]) -> Option<Section> {
    let head = ["run", "knee", "check", "#holds below", "#breaks at", "#measured there", "what it means", "what to do"];
    let mut table = Table::new("knees", "Where things break", &head);
    let mut said = Vec::new();
    let mut answered = false;
    for search in of_rates(searches) {
        let Some(answer) = &search.kept.answer else { continue };
        answered = true;
        for knee in &answer.knees {
            let (means, remedy) = meaning(knee.cause);
            table.row(vec![
                search.label.clone(),
                name(knee.cause).to_owned(),
                knee.check.clone(),
                knee.holds.map_or(words::NONE.to_owned(), words::per_second),
                words::per_second(knee.breaks),
                measured(&knee.check, there(search, knee)),
                means.to_owned(),
                remedy.to_owned(),
            ]);
        }
        let unseen: Vec<&str> = [Cause::Throttle, Cause::Latency]
            .into_iter()
            .filter(|cause| answer.knees.iter().all(|knee| knee.cause != *cause))
            .map(name)
            .collect();
        if let (Some(highest), false) = (search.highest_tried(), unseen.is_empty()) {
            said.push(format!(
                "{}No {} was seen up to {}, the highest rate that was tried.",
                which(search, searches),
                unseen.join(" and no "),
                words::per_second(highest)
            ));
        }
    }
    if !answered {
        return None;
    }
    let mut blocks = Vec::new();
    if !table.rows.is_empty() {
        blocks.push(Block::Table(table));
    }
    blocks.push(Block::Words(said));
    let lead = "A knee is the lowest rate at which one kind of thing breaks a threshold. A step ends as soon as one threshold has clearly failed, so \
                a second knee is seen only where both break together: to see a latency knee behind a quota, leave out the thresholds that \
                throttling breaks.";
    Some(section("knees-section", "Knees", lead, blocks))
}

/// What was measured at the knee.
fn there(search: &Search, knee: &Knee) -> Option<f64> {
    let steps = search.kept.steps.iter().filter(|step| step.rate == knee.breaks && step.verdict == Verdict::Fail);
    steps.flat_map(|step| &step.broke).find(|broke| broke.cause == knee.cause && broke.check == knee.check)?.value
}
