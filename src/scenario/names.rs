//! Names that other tools use, and names that are nearly ours.
//!
//! Holds [`suggest`]. Called by the reader for a key that a shape does not name. docs/scenarios.md has the same map for people.

use super::format::SCENARIO;
use super::shape::Shape;

/// k6's and Artillery's names, and what says the same here. A name may mean several things, so the text says which is where.
const FOREIGN: &[(&str, &str)] = &[
    ("vus", "users, in load.closed.stages"),
    ("startvus", "users: 1..50, in load.closed.stages"),
    ("maxvus", "max_in_flight, in load.open"),
    ("maxvusers", "max_in_flight, in load.open"),
    ("preallocatedvus", "max_in_flight, in load.open"),
    ("gracefulstop", "grace, in load.open"),
    ("gracefulrampdown", "grace, in load.closed"),
    ("arrivalrate", "rate: 40/s, in load.open.stages"),
    ("arrivalcount", "rate and duration, in load.open.stages"),
    ("rampto", "rate: 5/s..40/s, in load.open.stages"),
    ("rampup", "rate: 5/s..40/s, in load.open.stages"),
    ("startrate", "rate: 5/s..40/s, in load.open.stages"),
    ("timeunit", "rate: 40/s or 600/m, which has its unit"),
    ("pause", "rate: 0/s, in load.open.stages"),
    ("phases", "stages, in load.open"),
    ("stages", "load: { open: { stages: [...] } }"),
    ("executor", "load: open, closed, trace or shared"),
    ("iterations", "load: { shared: { calls: ... } }"),
    ("scenarios", "operations"),
    ("flow", "operations: { sequence: [...] }"),
    ("weight", "operations: { weights: {...} }"),
    ("abortonfail", "abort: true, in thresholds"),
    ("delayaborteval", "after, in thresholds"),
    ("threshold", "check, in thresholds"),
    ("ensure", "thresholds"),
    ("conditions", "thresholds"),
    ("maxerrorrate", "thresholds: [errors.rate < 1%]"),
    ("thinktime", "think, in load.closed"),
    ("sleep", "think, in load.closed"),
    ("maxduration", "max_duration, in load.shared"),
    ("payload", "data: { roster: { file: ... } }"),
    ("config", "the keys themselves, at the top"),
    ("options", "the keys themselves, at the top"),
    ("url", "endpoint_url, in target"),
    ("baseurl", "endpoint_url, in target"),
    ("http", "timeout, at the top"),
    ("variables", "env"),
];

/// The sentence behind an unknown key: what was probably meant, or what there is.
pub fn suggest(unknown: &str, shape: &Shape) -> String {
    let plain = |name: &str| name.chars().filter(|c| c.is_ascii_alphanumeric()).collect::<String>().to_ascii_lowercase();
    let wanted = plain(unknown);
    if let Some(key) = shape.keys.iter().find(|key| plain(key.name) == wanted) {
        return format!("did you mean {}?", key.name);
    }
    // In a stage of k6 `target` is where the ramp goes; at the top it is a key of ours.
    if wanted == "target" && shape.key("duration").is_some() {
        return "did you mean a ramp, as in rate: 5/s..40/s or users: 1..50?".to_owned();
    }
    if let Some((_, ours)) = FOREIGN.iter().find(|(name, _)| *name == wanted) {
        // Whoever stands in the right place already need not be sent there.
        return format!("did you mean {}?", ours.trim_end_matches(&format!(", in {}", shape.path)));
    }
    let likeness = |name: &str| strsim::jaro_winkler(&plain(name), &wanted);
    let nearest = shape.keys.iter().map(|key| (likeness(key.name), key.name)).max_by(|a, b| a.0.total_cmp(&b.0));
    if let Some((_, name)) = nearest.filter(|(likeness, _)| *likeness > 0.85) {
        return format!("did you mean {name}?");
    }
    if let Some(home) = SCENARIO.all().into_iter().find(|shape| shape.key(unknown).is_some()) {
        let place = if home.path.is_empty() { "at the top of the file".to_owned() } else { format!("in {}", home.path) };
        return format!("it belongs {place}");
    }
    format!("there is {}", shape.keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", "))
}

/// The word of a list that this one is nearest to, if it is near to any.
pub fn nearest<'a>(word: &str, of: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase().replace('_', "-");
    let rated = of.into_iter().map(|known| (strsim::jaro_winkler(&known.to_lowercase(), &lower), known));
    rated.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(likeness, _)| *likeness > 0.8).map(|(_, known)| known)
}
