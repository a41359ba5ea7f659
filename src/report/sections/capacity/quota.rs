//! The quota that a search has met or looked for, beside what is published, and what to ask AWS for.
//!
//! Holds [`quota`]. Called by the page.

use super::which;
use crate::capacity::step::Cause;
use crate::chime::quota::{BURST, RATE_PER_SECOND};
use crate::report::html::block::{Block, Section, Table};
use crate::report::model::quota::ask_rate;
use crate::report::model::search::Search;
use crate::report::sections::quota::PUBLISHED;
use crate::report::sections::section;
use crate::report::words;

/// How many times what is held now may be wanted.
const TIMES: [f64; 4] = [1.0, 2.0, 5.0, 10.0];

pub fn quota(searches: &[Search]) -> Section {
    let mut beside = Table::new(
        "quota-beside",
        "Requests a second, beside the published quota",
        &["run", "what", "#found", "#published", "#times"],
    );
    let mut ask = Table::new(
        "quota-ask",
        "What to ask for, in Service Quotas, under Amazon Chime SDK: what is wanted and a fifth more",
        &["run", "#calls a second", "#calls a minute", "#rate (L-F147F728)", "#burst (L-63907FE3)"],
    );
    let mut said = Vec::new();
    for search in searches {
        let rate = search.kept.answer.as_ref().and_then(|answer| answer.rate);
        let mut row = |what: &str, found: f64, published: f64| {
            let cells = [format!("{found:.1}"), format!("{published:.1}"), format!("{:.1}", found / published)];
            beside.row([vec![search.label.clone(), what.to_owned()], cells.to_vec()].concat());
        };
        rate.iter().for_each(|rate| row("highest rate that holds", *rate, RATE_PER_SECOND));
        if let Some((rate, burst)) = search.bucket() {
            row("quota, rate", rate, RATE_PER_SECOND);
            row("quota, burst", burst, BURST);
        }
        // What a quota lets in need not be asked for.
        let (of, times) = match search.is_quota() {
            true => (search.bucket().map(|(rate, _)| rate), &TIMES[1..]),
            false => (rate, &TIMES[..]),
        };
        for wanted in of.iter().flat_map(|rate| times.iter().map(move |times| rate * times)) {
            let rate = ask_rate(wanted);
            ask.row(vec![
                search.label.clone(),
                words::per_second(wanted),
                words::count((wanted * 60.0).floor() as u64),
                format!("{rate:.0}"),
                format!("{:.0}", (2.0 * rate).max(BURST)),
            ]);
        }
        said.extend(advice(search).map(|advice| which(search, searches) + &advice));
    }
    let mut blocks = vec![Block::Words(said)];
    blocks.extend([beside, ask].into_iter().filter(|table| !table.rows.is_empty()).map(Block::Table));
    let lead =
        format!("{PUBLISHED} AWS raises them together with the quota of concurrent meetings (L-9F286451), not by themselves.");
    section("quota", "Quota, and what to ask for", &lead, blocks)
}

/// What the quota has to do with the answer; nothing as long as there is none.
fn advice(search: &Search) -> Option<String> {
    let known = search.bucket().map(|(rate, burst)| format!("{} and a burst of {burst:.0}", words::per_second(rate)));
    if search.is_quota() {
        let found = search.kept.quota?;
        return Some(match known {
            Some(known) => format!("The quota is {known}. For more, ask for what the table says."),
            None if found.throttled == 0 => "Nothing was throttled: what was sent here fits the account's quota.".to_owned(),
            None => "The quota is not known.".to_owned(),
        });
    }
    let answer = search.kept.answer.as_ref()?;
    let knee = |cause: Cause| answer.knees.iter().find(|knee| knee.cause == cause).map(|knee| knee.breaks);
    let first = answer.knees.iter().map(|knee| knee.breaks).min_by(f64::total_cmp);
    let roughly = known.map_or(String::new(), |known| {
        format!(" As far as the steps show it, the quota is {known}; headcount capacity with --quota tells it to a few percent.")
    });
    Some(match knee(Cause::Throttle) {
        Some(breaks) if Some(breaks) == first => {
            format!("Throttling is the bound: beyond {} a larger quota is needed.{roughly}", words::per_second(breaks))
        }
        Some(breaks) => format!(
            "Throttling begins at {}, and is not what breaks first: a larger quota alone holds no more.{roughly}",
            words::per_second(breaks)
        ),
        None => format!("Throttling breaks no threshold up to {}: a larger quota would hold no more.{roughly}", highest(search)),
    })
}

fn highest(search: &Search) -> String {
    search.highest_tried().map_or(words::NONE.to_owned(), words::per_second)
}
