//! What was run: the manifest and the scenario.
//!
//! Holds [`manifest`]. Called by the page.

use super::section;
use crate::report::html::block::{Block, Section, Table};
use crate::report::model::Run;
use serde_json::Value;

pub fn manifest(runs: &[Run]) -> Section {
    let mut table = Table::new("manifest", "run.json", &["run", "what", "value"]);
    for run in runs {
        flat("", &run.manifest, &mut |path, value| {
            table.row(vec![run.label.clone(), path.to_owned(), value]);
        });
    }
    let mut blocks = vec![Block::Table(table)];
    for run in runs {
        if let Some(text) = &run.scenario {
            let title = if runs.len() > 1 { format!("The scenario of {}", run.label) } else { "The scenario".to_owned() };
            blocks.push(Block::Verbatim(title, text.clone()));
        }
    }
    let lead = "What was run, by what, on what. The run directory holds the histograms and series that every number here can be computed from again.";
    section("manifest-section", "Manifest", lead, blocks)
}

/// Members of members, under names with dots.
fn flat(path: &str, value: &Value, tell: &mut impl FnMut(&str, String)) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| flat(&below(name), value, tell)),
        Value::Array(items) if items.is_empty() => {}
        Value::Array(items) => {
            let text = |item: &Value| item.as_str().map_or(item.to_string(), str::to_owned);
            tell(path, items.iter().map(text).collect::<Vec<_>>().join(", "));
        }
        Value::Null => {}
        Value::String(text) => tell(path, text.clone()),
        other => tell(path, other.to_string()),
    }
}
