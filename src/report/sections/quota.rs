//! Quota: what was used, what is left, and what to ask for.
//!
//! Holds [`quota`]. Called by the page.

use super::{section, which};
use crate::chime::quota::{BURST, RATE_PER_SECOND};
use crate::report::html::block::{Block, Section, Table};
use crate::report::model::quota::Use;
use crate::report::model::{Kind, Run};
use crate::report::words;

/// What is published.
pub const PUBLISHED: &str = "The published quota is 10 requests a second of each operation and of all together, with a burst of 20. Accounts may \
                             have been granted more: Service Quotas in the AWS console says.";

pub fn quota(runs: &[Run]) -> Section {
    let mut table = Table::new(
        "quota-use",
        "Requests a second, beside the published quota",
        &["run", "what", "#this run", "#published", "#headroom"],
    );
    let mut said = Vec::new();
    for run in runs {
        let used = Use::of(&run.seconds);
        let mut row = |what: &str, this: String, published: String, headroom: String| {
            table.row(vec![run.label.clone(), what.to_owned(), this, published, headroom]);
        };
        let limit = |used: f64, published: f64| {
            let headroom = match used <= published {
                true => format!("{:.0} % left", (published - used) / published * 100.0),
                false => format!("none: {:.1} times as much", used / published),
            };
            (words::rate(used), words::rate(published), headroom)
        };
        let (this, published, left) = limit(used.peak_sustained, RATE_PER_SECOND);
        row("sent, busiest ten seconds", this, published, left);
        let (this, published, left) = limit(used.wanted_sustained, RATE_PER_SECOND);
        row("wanted, busiest ten seconds", this, published, left);
        let (this, published, left) = limit(used.burst_needed, BURST);
        row("burst that was wanted beside the rate", this, published, left);
        let none = || words::NONE.to_owned();
        row("sent, busiest second", words::count(used.peak_second), none(), none());
        if let Some(let_in) = used.let_in {
            row("let in while it throttled", words::rate(let_in), words::rate(RATE_PER_SECOND), none());
        }
        let mut advice = advice(&used);
        if run.kind == Kind::Provision && used.sent > 0 {
            let takes = words::span(used.sent as f64 / RATE_PER_SECOND);
            advice.push_str(&format!(
                " At the published rate these {} take {takes}.",
                words::counted(used.sent, "request", "requests")
            ));
        }
        said.push(which(run, runs) + &advice);
    }
    section("quota", "Quota headroom", PUBLISHED, vec![Block::Words(said), Block::Table(table)])
}

fn advice(used: &Use) -> String {
    if used.sent == 0 {
        return "Nothing was sent.".to_owned();
    }
    if used.fits() {
        let left = (1.0 - used.wanted_sustained / RATE_PER_SECOND) * 100.0;
        let throttled = if used.throttled > 0 {
            " Yet calls were throttled: others may share the account's quota, or it is lower than published."
        } else {
            ""
        };
        return format!("The published quota carries what was wanted here, with {left:.0} % of the rate left.{throttled}");
    }
    format!(
        "The published quota does not carry what was wanted here ({}/s over ten seconds). Ask in Service Quotas, under Amazon Chime SDK, for a rate \
         (L-F147F728) of {:.0} requests a second and a burst (L-63907FE3) of {:.0}: what was wanted and a fifth more.",
        words::rate(used.wanted_sustained),
        used.ask_rate(),
        used.ask_burst()
    )
}
