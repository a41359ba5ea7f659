//! `run.json` of a merged run.
//!
//! Holds [`of`]. What all members have alike is told as of a run, what they differ in under `merged`, a member each.

use super::member::Member;
use super::origin::Origin;
use super::sum::Summed;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// The manifest.
pub fn of(members: &[Member], origins: &[Origin], summed: &Summed) -> Value {
    let Some(first) = members.first() else { return Value::Null };
    let mut ids: Vec<&str> = origins.iter().map(|origin| origin.id.as_str()).collect();
    ids.sort_unstable();
    let digest = Sha256::digest(ids.join("\n").as_bytes());
    let id: String = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let alike = |name: &str| match members.iter().all(|member| member.manifest[name] == first.manifest[name]) {
        true => first.manifest[name].clone(),
        false => Value::Null,
    };
    let set: Vec<&String> = match origins.split_first() {
        Some((one, others)) => one.set.iter().filter(|set| others.iter().all(|other| other.set.contains(set))).collect(),
        None => Vec::new(),
    };
    let started = origins.iter().map(|origin| &origin.started).min();
    let mut manifest = json!({
        "version": 1, "kind": "load", "headcount": env!("CARGO_PKG_VERSION"), "id": id, "state": summed.load.ending,
        "verdict": summed.load.verdict, "started": started, "scenario": first.manifest["scenario"], "set": set,
        "seed": alike("seed"), "lanes": summed.load.generator.lanes, "endpoint": alike("endpoint"), "region": alike("region"),
        "account": alike("account"), "host": alike("host"), "mock_like": alike("mock_like"), "merged": origins,
    });
    if let (Some(members), Ok(Value::Object(kept))) = (manifest.as_object_mut(), serde_json::to_value(&first.kept)) {
        members.extend(kept);
    }
    manifest
}
