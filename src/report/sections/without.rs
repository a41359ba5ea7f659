//! Of a provisioning run: who has no seat and why, and how long tokens last.
//!
//! Holds [`without`] and [`doors`]. Called by the page. It counts reasons; ids stand in the rejects file alone.

use super::{section, which};
use crate::chime::class::Class;
use crate::chime::quota::IDLE_MEETING_SECONDS;
use crate::report::html::block::{Block, Section, Table};
use crate::report::model::Run;
use crate::report::words;

pub fn without(runs: &[Run]) -> Section {
    let mut ends = Table::new(
        "row-ends",
        "Rows by how they ended",
        &["run", "#rows", "#provisioned", "#duplicate", "#rejected", "#refused", "#unprocessed"],
    );
    let mut why = Table::new(
        "reasons",
        "Rows without a token, by reason",
        &["run", "status", "class", "code", "#rows", "what it means", "what to do"],
    );
    let mut said = Vec::new();
    for run in runs {
        let count = |name: &str| words::count(run.summary["counts"][name].as_u64().unwrap_or(0));
        let cells = ["rows", "provisioned", "duplicate", "rejected", "refused", "unprocessed"].map(count);
        ends.row([vec![run.label.clone()], cells.to_vec()].concat());
        let reasons: Vec<_> = run.summary["without"].as_array().into_iter().flatten().collect();
        for reason in &reasons {
            let text = |name: &str| reason[name].as_str().unwrap_or_default().to_owned();
            let (means, remedy) = meaning(&text("status"), &text("class"), reason["retryable"] == true);
            let or_none = |text: String| if text.is_empty() { words::NONE.to_owned() } else { text };
            let rows = words::count(reason["count"].as_u64().unwrap_or(0));
            why.row(vec![run.label.clone(), text("status"), or_none(text("class")), or_none(text("code")), rows, means, remedy]);
        }
        if reasons.is_empty() {
            said.push(format!("{}Every row has a token.", which(run, runs)));
        }
    }
    let mut blocks = vec![Block::Table(ends), Block::Words(said)];
    if !why.rows.is_empty() {
        blocks.push(Block::Table(why));
    }
    let lead = "Rows are counted, not named: the rejects file holds every one of them, with its line and its reason, and is itself a roster.";
    section("without-section", "Who has no seat, and why", lead, blocks)
}

fn meaning(status: &str, class: &str, again: bool) -> (String, String) {
    let go_on = "run the same command again; it goes on where it stopped";
    let (means, remedy) = match (status, Class::from_name(class)) {
        (_, Some(class)) if again => (class.what(), "ask again: --replay retry, or the same command if the run was incomplete"),
        (_, Some(class)) => (class.what(), class.remedy()),
        ("rejected", _) => (
            "the row breaks a rule, so it was never asked for",
            "mend the row in the roster and run the same command; headcount check shows each",
        ),
        ("unprocessed", _) => ("not asked for yet", go_on),
        _ => ("", ""),
    };
    (means.to_owned(), remedy.to_owned())
}

/// Until when tokens are good.
pub fn doors(runs: &[Run]) -> Section {
    let mut table = Table::new("doors", "How long the tokens last", &["run", "what", "when"]);
    let mut said = Vec::new();
    for run in runs {
        let last = run.seconds.last().map_or(0, |second| second.at + 1);
        let left = IDLE_MEETING_SECONDS.saturating_sub(last);
        let mut row = |what: &str, when: String| {
            table.row(vec![run.label.clone(), what.to_owned(), when]);
        };
        row("from the first request to the last answer", words::span(last as f64));
        row("a meeting that nobody connects to ends, after it was made", words::span(IDLE_MEETING_SECONDS as f64));
        row("left for the first person to connect, if meetings were made as the run began", words::span(left as f64));
        if let Some(began) = run.began {
            row("the run began", instant(began));
            row(
                "somebody must have connected by, if meetings were made as it began",
                instant(began + IDLE_MEETING_SECONDS as f64),
            );
            row("tokens are void at the latest, a day after meetings were made", instant(began + 86_400.0));
        }
        let which = which(run, runs);
        said.push(match left {
            0 => format!("{which}The run took longer than a meeting waits for its first person. Meetings that were made before it, and that nobody had \
                          connected to, have ended, and their tokens with them: make meetings later, or have somebody connected while it runs."),
            _ => format!("{which}If meetings were made as the run began, {} are left for the first person of each to connect.", words::span(left as f64)),
        });
    }
    let lead = "A meeting that nobody has connected to ends five minutes after it was made, and its tokens with it; no meeting lasts longer than a \
                day. When meetings were made, this run does not know.";
    section("doors-section", "Until the doors open", lead, vec![Block::Words(said), Block::Table(table)])
}

/// An instant, to the second.
fn instant(seconds: f64) -> String {
    let at = jiff::Timestamp::from_second(seconds as i64).unwrap_or_default();
    at.to_string().replace('T', " ").replace('Z', " UTC")
}
