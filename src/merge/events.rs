//! `events.jsonl` of several runs as one.
//!
//! Holds [`interleaved`]. Times are moved by what a run began later than the first, and lines put in their order. A line that cannot be read (a kill tears the last one) is
//! left out.

use super::member::Member;
use serde_json::Value;

/// The file.
pub fn interleaved(members: &[Member]) -> String {
    let mut lines: Vec<(f64, String)> = members.iter().flat_map(of).collect();
    lines.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
    lines.into_iter().map(|(_, line)| line + "\n").collect()
}

fn of<'a>(member: &'a Member) -> impl Iterator<Item = (f64, String)> + 'a {
    let later = member.offset_ms as f64 / 1e3;
    member.events.split(|byte| *byte == b'\n').filter_map(move |line| {
        let mut event: Value = serde_json::from_slice(line).ok()?;
        let at = ((event["at_s"].as_f64()? + later) * 1e6).round() / 1e6;
        event["at_s"] = at.into();
        Some((at, event.to_string()))
    })
}
