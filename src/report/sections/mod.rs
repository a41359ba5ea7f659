//! What stands on a page, in order.
//!
//! Holds [`page`]. Called with runs that were read back. A section is a function from runs to blocks; a new one is a file here and a line
//! below. It never sees a file, a colour or a tag.

pub mod capacity;
pub mod compare;
mod manifest;
mod outcome;
mod quota;
mod seats;
mod stages;
mod time;
mod verdict;
mod without;

use super::html::block::{Block, Page, Section};
use super::model::{Kind, Run};
use serde_json::Value;

/// The page of some runs of one kind.
pub fn page(runs: &[Run]) -> Page {
    let sections: Vec<Option<Section>> = match runs[0].kind {
        Kind::Load => vec![
            verdict::side_by_side(runs),
            Some(stages::thresholds(runs)),
            Some(time::latency(runs)),
            Some(time::heat(runs)),
            Some(time::traffic(runs)),
            Some(outcome::classes(runs)),
            Some(outcome::pressure(runs)),
            seats::tokens(runs),
            Some(quota::quota(runs)),
            Some(stages::stages(runs)),
            Some(stages::generator(runs)),
            Some(manifest::manifest(runs)),
        ],
        Kind::Provision => vec![
            verdict::side_by_side(runs),
            Some(without::without(runs)),
            seats::tokens(runs),
            Some(without::doors(runs)),
            Some(quota::quota(runs)),
            Some(time::traffic(runs)),
            Some(outcome::classes(runs)),
            Some(outcome::pressure(runs)),
            Some(time::latency(runs)),
            Some(time::heat(runs)),
            Some(stages::generator(runs)),
            Some(manifest::manifest(runs)),
        ],
    };
    Page {
        title: verdict::title(runs),
        subtitle: verdict::subtitle(runs),
        verdicts: runs.iter().map(|run| verdict::verdict(run, runs.len() > 1)).collect(),
        tiles: if let [run] = runs { verdict::tiles(run) } else { Vec::new() },
        sections: sections.into_iter().flatten().collect(),
    }
}

fn section(id: &str, title: &str, lead: &str, blocks: Vec<Block>) -> Section {
    Section { id: id.to_owned(), title: title.to_owned(), lead: lead.to_owned(), blocks }
}

/// A sentence begins with a capital and ends with a stop.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
    let stop = if text.ends_with(['.', '!', '?']) { "" } else { "." };
    format!("{first}{}{stop}", chars.as_str())
}

/// The strings of a list.
fn strings(of: &Value) -> Vec<String> {
    of.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What stands before a sentence about one of several runs.
fn which(run: &Run, runs: &[Run]) -> String {
    if runs.len() > 1 { format!("{}: ", run.label) } else { String::new() }
}
