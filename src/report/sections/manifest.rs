//! What was run: the manifest and the scenario.
//!
//! Holds [`manifest`]. Called by the page.

use super::section;
use crate::report::html::block::{Block, Section, Table};
use crate::report::model::Run;
use serde_json::Value;

pub fn manifest(runs: &[Run]) -> Section {
    let told = |run: &Run| (run.label.clone(), run.manifest.clone(), run.scenario.clone());
    of(runs.iter().map(told).collect(), Vec::new())
}

/// Of these: labels, manifests, scenarios; and what else there is to say.
pub fn of(runs: Vec<(String, Value, Option<String>)>, more: Vec<Block>) -> Section {
    let mut table = Table::new("manifest", "run.json", &["run", "what", "value"]);
    for (label, manifest, _) in &runs {
        flat("", manifest, &mut |path, value| {
            table.row(vec![label.clone(), path.to_owned(), value]);
        });
    }
    let mut blocks = vec![Block::Table(table)];
    blocks.extend(more);
    let several = runs.len() > 1;
    for (label, _, scenario) in runs {
        if let Some(text) = scenario {
            let title = if several { format!("The scenario of {label}") } else { "The scenario".to_owned() };
            blocks.push(Block::Verbatim(title, text));
        }
    }
    let lead = "What was run, by what, on what. The run directory holds the histograms and series that every number here can be computed from again.";
    section("manifest-section", "Manifest", lead, blocks)
}

/// Members of members, under names with dots.
fn flat(path: &str, value: &Value, tell: &mut dyn FnMut(&str, String)) {
    let below = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| flat(&below(name), value, tell)),
        Value::Array(items) if items.is_empty() => {}
        // Things of several members each: a row a thing, in one line.
        Value::Array(items) if items.iter().all(Value::is_object) => {
            for (n, item) in items.iter().enumerate() {
                let mut line = Vec::new();
                flat("", item, &mut |name: &str, value: String| line.push(format!("{name} {value}")));
                tell(&below(&(n + 1).to_string()), line.join("; "));
            }
        }
        Value::Array(items) => {
            let text = |item: &Value| item.as_str().map_or(item.to_string(), str::to_owned);
            tell(path, items.iter().map(text).collect::<Vec<_>>().join(", "));
        }
        Value::Null => {}
        Value::String(text) => tell(path, text.clone()),
        other => tell(path, other.to_string()),
    }
}
