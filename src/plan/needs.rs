//! Which quotas a task needs, against those there are: what to ask AWS for, by code and number.
//!
//! Holds [`Need`] and [`needs`]. Called by `headcount plan`. It never sees an account.

use super::{Estimate, Task};
use crate::behaviour::Quota;
use crate::chime::quota;
use serde::Serialize;

/// A quota, what it is and what is needed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Need {
    /// The code in the Service Quotas console.
    pub code: &'static str,
    /// Its name there.
    pub name: &'static str,
    /// What there is; `None` is no limit.
    pub now: Option<f64>,
    /// What is needed.
    pub needed: f64,
    /// Whether it is enough.
    pub enough: bool,
    /// How it was reckoned, and whether it can be raised.
    pub formula: String,
}

/// The quotas that bound a task. `within` is how long there is for all calls, in seconds, if that is known.
pub fn needs(task: &Task, estimate: &Estimate, quota: &Quota, within: Option<f64>) -> Vec<Need> {
    let meetings = task.looks + task.meetings + task.replicas;
    let mut needs = vec![need(
        ("L-9F286451", "concurrent meetings"),
        quota.meetings.map(f64::from),
        meetings as f64,
        format!("{} there + {} made + {} replicas, and what else the account has", task.looks, task.meetings, task.replicas),
    )];
    if task.most_replicas > 0 {
        let now = quota.replicas.map(f64::from);
        needs.push(need(
            ("L-154D84D0", "replica meetings per primary meeting"),
            now,
            task.most_replicas as f64,
            "the most of one primary".to_owned(),
        ));
    }
    let fullest = task.seats.iter().copied().max().unwrap_or(0);
    needs.push(need(
        ("L-B1CE561B", "attendees per meeting"),
        Some(f64::from(quota::ATTENDEES_PER_MEETING)),
        fullest as f64,
        "the fullest meeting; this one cannot be raised".to_owned(),
    ));
    if let Some(within) = within {
        let (all, burst) = quota.all.map_or((None, 0.0), |all| (Some(all.rate), all.burst));
        let needed = (estimate.requests() as f64 - burst).max(0.0) / within.max(1.0);
        let formula = format!(
            "({} calls − burst {burst}) ÷ {within:.0} s; it rises with the concurrent meetings, not by itself",
            estimate.requests()
        );
        needs.push(need(("L-F147F728", "all meeting management requests, a second"), all, needed, formula));
    }
    needs
}

fn need((code, name): (&'static str, &'static str), now: Option<f64>, needed: f64, formula: String) -> Need {
    let needed = (needed * 100.0).ceil() / 100.0;
    Need { code, name, now, needed, enough: now.is_none_or(|now| now >= needed), formula }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Terms;

    #[test]
    fn what_forty_replicas_need_of_the_published_quotas() {
        let task = Task { meetings: 1, replicas: 40, most_replicas: 40, seats: vec![250; 40], ..Task::default() };
        let rate = crate::bucket::Rate::per_second(10.0).unwrap();
        let estimate = task.estimate(&Terms { rate, burst: 20.0, concurrency: 32, batch: 1, latency: std::time::Duration::ZERO });
        let needs = needs(&task, &estimate, &Quota::published(), Some(232.0));
        let short: Vec<_> = needs.iter().filter(|n| !n.enough).map(|n| (n.code, n.needed)).collect();
        assert_eq!(short, [("L-154D84D0", 40.0), ("L-F147F728", 43.2)]);
    }
}
