//! What differs between two runs before anything was measured: scenario, settings, machine.
//!
//! Holds [`notes`]. Called by the comparison. A difference in numbers may be a difference in what was asked for, and whoever reads a
//! verdict should know.

use super::Settings;
use super::recording::Recording;
use serde_json::Value;

/// A sentence each.
pub fn notes(base: &Recording, run: &Recording, settings: &Settings) -> Vec<String> {
    let (a, b) = (&base.manifest, &run.manifest);
    let mut notes = Vec::new();
    if !a["id"].is_null() && a["id"] == b["id"] && a["started"] == b["started"] {
        notes.push("the two are one and the same run".to_owned());
    }
    if a["scenario"]["sha256"] != b["scenario"]["sha256"] {
        notes.push("the scenario files differ".to_owned());
    }
    if a["scenario"]["leans_on"] != b["scenario"]["leans_on"] {
        notes.push("what the scenarios lean on (a trace, a roster) differs".to_owned());
    }
    let told = [
        ("set", "--set"),
        ("mock_like", "--mock-like"),
        ("seed", "seed"),
        ("lanes", "lanes"),
        ("rate", "rate"),
        ("concurrency", "concurrency"),
    ];
    let places = [("endpoint", "endpoint"), ("region", "region"), ("host", "machine"), ("headcount", "version of headcount")];
    for (key, name) in told.into_iter().chain(places) {
        if a[key] != b[key] {
            notes.push(format!("the {name} differs: {} before, {} now", word(&a[key]), word(&b[key])));
        }
    }
    // Whose it is is nobody's business but that it differs.
    if a["account"] != b["account"] {
        notes.push("the account differs".to_owned());
    }
    for recording in [base, run] {
        let ending = recording.summary["ending"].as_str().unwrap_or("finished");
        if ending != "finished" {
            notes.push(format!("{} ended before its time: {ending}", recording.label));
        }
        if recording.unread > 0 {
            notes.push(format!(
                "{}: {} lines of its logs could not be read, and are in no number",
                recording.label, recording.unread
            ));
        }
    }
    if settings.limit.is_some_and(|limit| limit < settings.margin) {
        notes.push("the margin is larger than the limit: what is within it is called the same".to_owned());
    }
    notes.into_iter().map(|note| crate::safe::line(&note, 300)).collect()
}

fn word(value: &Value) -> String {
    match value {
        Value::Null => "none".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
