//! A load run under a paused clock that leaves its files, as the program would.
//!
//! Holds [`write`] and [`twin_of`]. Called by the tests of twins.

use crate::load::line::{Loaded, Rig, drive};
use headcount::load::conductor::judged;
use headcount::run_dir::{Logs, RunDir, publish_json};
use headcount::scenario::plan::{Plan, Target};
use headcount::stats::series::{Row, load_columns};
use headcount::twin::Twin;
use headcount::twin::recorded::{Files, recorded};
use serde_json::json;
use std::path::Path;
use std::time::SystemTime;

/// A mock of known manners: 50/s and 100 at once, a fiftieth unavailable, a hundredth reset.
pub const KNOWN: &str = "version: 1
name: known
mock:
  latency: lognormal:20ms/120ms
  quota: create_attendee=50/100
  mischief:
    - { name: u, share: 0.02, operations: [CreateAttendee], behind_quota: true, do: { error: { type: ServiceUnavailableException } } }
    - { name: r, share: 0.01, operations: [CreateAttendee], behind_quota: true, do: { reset: after_work } }
load:
  open:
    stages:
      - { name: warm, rate: 20/s, duration: 20s, warmup: true }
      - { name: hold, rate: 80/s, duration: 120s }
      - { name: calm, rate: 30/s, duration: 80s }
";

/// Runs a plan, and writes its directory.
pub async fn write(plan: Plan, to: &Path) -> Loaded {
    let rig = Rig::new(plan);
    let (names, judged) =
        (rig.run.plan.stages.iter().map(|stage| stage.name.clone()).collect::<Vec<_>>(), judged(&rig.run.plan.stages));
    let dir = RunDir::open(to).unwrap();
    let began = SystemTime::UNIX_EPOCH;
    let mut logs = Logs::open(&dir, began, began, &load_columns()).unwrap();
    let log = move |interval: &headcount::stats::cells::Interval, stage: &str| {
        logs.append(&Row::of_interval(interval, &names, &judged, stage))
    };
    let loaded = drive(rig, log, std::future::pending()).await;
    publish_json(&dir.file("summary.json"), &loaded.summary).unwrap();
    let manifest = json!({ "version": 1, "kind": "load", "state": "finished", "started": "2026-11-25T18:00:00Z" });
    publish_json(&dir.file("run.json"), &manifest).unwrap();
    loaded
}

/// The twin of a directory.
pub fn twin_of(dir: &Path) -> Twin {
    let [summary, manifest, hlog, series] =
        ["summary.json", "run.json", "latency.hlog", "series.csv"].map(|name| std::fs::read(dir.join(name)).unwrap());
    recorded("known.run", &Files { summary: &summary, manifest: &manifest, hlog: &hlog, series: &series }).unwrap()
}

/// The same plan against a twin.
pub fn against(plan: Plan, twin: &Twin) -> Plan {
    let Target::Mock(mock) = &plan.target else { panic!("tests ask mocks alone") };
    let like = headcount::twin::played::played(twin);
    let mut mock = mock.clone();
    (mock.latency, mock.times, mock.quota, mock.mischief) = (like.latency, like.times, like.quota, like.mischief);
    Plan { target: Target::Mock(mock), ..plan }
}
