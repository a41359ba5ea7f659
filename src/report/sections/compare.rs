//! What two runs differ in: the first section of a comparison's page, and its verdict.
//!
//! Holds [`compared`]. Called by the page of a comparison, with the comparison as its file has it.

use super::{section, sentence, strings};
use crate::report::charts::intervals;
use crate::report::compare::{HEAD, row, told, word};
use crate::report::html::block::{Block, Page, Section, Table, Verdict};
use serde_json::Value;

/// Puts what two runs differ in before everything else.
pub fn compared(page: &mut Page, comparison: &Value) {
    page.title = "Two runs compared".to_owned();
    page.verdicts.insert(0, verdict(comparison));
    page.sections.insert(0, differences(comparison));
}

fn verdict(comparison: &Value) -> Verdict {
    let look = match comparison["verdict"].as_str() {
        Some("same" | "improvement") => "pass",
        Some("regression" | "mixed") => "fail",
        Some("invalid") => "invalid",
        _ => "open",
    };
    let mut more: Vec<String> = strings(&comparison["notes"]).iter().map(|note| sentence(note)).collect();
    if let Some(limit) = comparison["limit"].as_f64().filter(|_| comparison["over_limit"] == true) {
        more.insert(0, format!("What is worse by {} % or more fails, and something is.", (limit * 1000.0).round() / 10.0));
    }
    // It may begin with a run's name, which is written as it is.
    let why = format!("{}.", comparison["says"].as_str().unwrap_or_default());
    Verdict { look, word: word(comparison).to_owned(), label: None, why, more }
}

fn differences(comparison: &Value) -> Section {
    let head = HEAD.map(|name| if matches!(name, "base" | "run") { format!("#{name}") } else { name.to_owned() });
    let head: Vec<&str> = head.iter().map(String::as_str).collect();
    let mut table = Table::new("differences", "Every metric of both runs, warm-up left out", &head);
    let metrics = comparison["metrics"].as_array().map_or(&[][..], Vec::as_slice);
    for metric in metrics {
        table.row(row(metric).into());
    }
    let mut blocks = vec![Block::Words(vec![sentence(&told(comparison))])];
    blocks.extend(intervals::intervals(metrics).map(Block::Figure));
    blocks.push(Block::Table(table));
    let lead = "A change to the right of 0 is a larger number: slower, of latencies. An interval that does not reach 0 is more than chance: all of them hold together, so that a \
                difference is not found by looking at many metrics. What changed between the runs for reasons of its own is in them too.";
    section("differences-section", "What differs", lead, blocks)
}
