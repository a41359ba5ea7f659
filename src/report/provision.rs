//! The report of a provisioning run.
//!
//! Holds [`fill`]. Called with the summary.

use super::table::Page;
use super::{classes, count, faults, latencies};
use serde_json::Value;

pub fn fill(page: &mut Page, summary: &Value) {
    let counts = |name: &str| count(&summary["counts"][name]);
    let ending = summary["ending"].as_str().unwrap_or("-");
    page.title(&format!("provision: {ending}, {:.1} s", summary["seconds"].as_f64().unwrap_or_default()));
    if let Some(reason) = summary["reason"].as_str() {
        page.item(reason);
    }
    page.line(&format!(
        "{} rows = {} provisioned + {} duplicate + {} rejected + {} refused + {} unprocessed",
        counts("rows"),
        counts("provisioned"),
        counts("duplicate"),
        counts("rejected"),
        counts("refused"),
        counts("unprocessed")
    ));
    page.line(&format!("{} requests; {}", count(&summary["requests"]), classes(&summary["classes"])));
    latencies(page, &summary["latency_ms"]);
    let mut errors = summary["classes"].clone();
    if let Some(errors) = errors.as_object_mut() {
        errors.remove("ok");
    }
    faults(page, &errors);
    let void = summary["void"].as_u64().unwrap_or(0);
    if void > 0 {
        page.line(&format!(
            "{} rows had a token in a meeting that has ended since: those tokens are void",
            count(&summary["void"])
        ));
    }
}
