//! Whether runs may be added at all.
//!
//! Holds [`check`]. Called once a merge. Runs of one scenario that differ in their seed, their rate or their users are what a load from several machines is; what they are cut
//! into and held to must be the same, or there is nothing that the sum would be of.

use super::MergeError;
use super::member::Member;
use super::origin::Origin;
use crate::stats::seconds::LONGEST;
use std::collections::BTreeMap;

/// Whether they are different runs of one thing. They come in the order in which they began.
pub fn check(members: &[Member]) -> Result<(), MergeError> {
    let Some((first, others)) = members.split_first() else { return Err(MergeError::None) };
    for member in others {
        let of = |name: &str| (&first.manifest["scenario"][name], &member.manifest["scenario"][name]);
        let same = |(a, b): (&serde_json::Value, &serde_json::Value)| a == b;
        let differs = [
            ("scenarios (the SHA-256 of their texts)", !same(of("sha256"))),
            ("scenarios' traces or rosters", !same(of("leans_on"))),
            ("models", first.kept.model != member.kept.model),
            ("stages (names, order, how long, which are warm-up)", first.kept.stages != member.kept.stages),
            ("thresholds", first.kept.thresholds != member.kept.thresholds),
        ];
        if let Some((what, _)) = differs.into_iter().find(|(_, differs)| *differs) {
            return Err(MergeError::Differ { label: member.label.clone(), other: first.label.clone(), what });
        }
        let apart = (member.began_ms - first.began_ms) / 1000;
        if apart + member.last().unwrap_or(0) > LONGEST {
            let (label, other) = (member.label.clone(), first.label.clone());
            return Err(MergeError::Apart { label, other, days: apart / 86_400 });
        }
    }
    let named = |member: &Member, origin: &Origin| match member.manifest["merged"].is_null() {
        true => member.label.clone(),
        false => format!("{} in {}", origin.run, member.label),
    };
    let mut seen: BTreeMap<&str, String> = BTreeMap::new();
    for (member, origin) in members.iter().flat_map(|member| member.origins.iter().map(move |origin| (member, origin))) {
        if let Some(other) = seen.insert(&origin.id, named(member, origin)) {
            return Err(MergeError::Twice { label: named(member, origin), other, id: crate::safe::line(&origin.id, 20) });
        }
    }
    Ok(())
}
