//! The files of a load run.
//!
//! Holds [`Files`]: the run directory, its logs, its manifest. Called by the verb. A run directory holds one load run; it is never gone on
//! with, so one that holds a run already is refused.

use super::super::failure::{Exit, Failure};
use super::super::scenario::sum;
use super::super::service::Service;
use super::args::Args;
use crate::load::conductor::{Score, judged};
use crate::load::kept::Kept;
use crate::load::run::Run;
use crate::load::summary::Summary;
use crate::load::tell::Event;
use crate::report::junit;
use crate::run_dir::{Logs, RunDir, RunDirError, publish, publish_json};
use crate::stats::series::{Row, load_columns};
use serde_json::json;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

/// The files of a run.
pub struct Files {
    dir: RunDir,
    logs: Option<Logs>,
    events: Option<File>,
    manifest: serde_json::Value,
}

impl Files {
    /// Makes the run directory and everything that is appended to.
    ///
    /// # Errors
    /// It holds a run already, or cannot be written.
    pub fn open(
        args: &Args,
        run: &Run,
        text: &str,
        path: &str,
        leans_on: &[(String, String)],
        service: &Service,
        started: SystemTime,
    ) -> Result<Files, Failure> {
        let time = jiff::Timestamp::try_from(started).unwrap_or_default();
        let stamp: String = time.to_string().chars().take(19).filter(|c| c.is_ascii_alphanumeric()).collect();
        let default = || {
            let place = PathBuf::from(format!("{}-{stamp}.run", run.plan.name));
            // Another one of the same second.
            if place.exists() { PathBuf::from(format!("{}-{stamp}-{}.run", run.plan.name, run.id)) } else { place }
        };
        let place = args.run_dir.clone().unwrap_or_else(default);
        if place.join("run.json").exists() {
            let message = format!("{} holds a run already, and a load test does not go on where another ended", place.display());
            return Err(Failure::new(Exit::Usage, message).hint("name another --run-dir, or leave it out"));
        }
        let failed = |e: RunDirError| Failure::new(Exit::Usage, e).hint("name a --run-dir that can be written");
        let dir = RunDir::open(&place).map_err(failed)?;
        let leans_on: Vec<_> = leans_on.iter().map(|(file, sum)| json!({ "file": file, "sha256": sum })).collect();
        let manifest = json!({
            "version": 1, "kind": "load", "headcount": env!("CARGO_PKG_VERSION"), "id": run.id, "state": "running",
            "started": time.to_string(), "scenario": { "name": run.plan.name, "file": path, "sha256": sum(text), "leans_on": leans_on },
            "seed": run.plan.seed, "lanes": run.lanes, "set": args.set.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "mock_like": args.mock_like, "endpoint": service.shown(), "region": service.endpoint.region(), "account": service.account(),
            "bounds": { "max_calls": args.bounds.max_calls, "max_duration_s": args.bounds.max_duration.map(|span| span.0.as_secs_f64()) },
            "host": { "os": std::env::consts::OS, "arch": std::env::consts::ARCH,
                      "cpus": std::thread::available_parallelism().map_or(0, std::num::NonZero::get) },
        });
        let mut manifest = manifest;
        if let (Some(members), Ok(serde_json::Value::Object(kept))) =
            (manifest.as_object_mut(), serde_json::to_value(Kept::of(run)))
        {
            members.extend(kept);
        }
        let mut files = Files { logs: None, events: None, manifest, dir };
        files.publish("run.json", &files.manifest)?;
        let scenario = |out: &mut dyn Write| out.write_all(text.as_bytes());
        publish::<io::Error>(&files.dir.file("scenario.yaml"), scenario, |_| Ok(()))
            .map_err(|e| unwritable(&files.dir.file("scenario.yaml"), &e))?;
        let logs = Logs::open(&files.dir, started, started, &load_columns()).and_then(|logs| logs.with_counts(&files.dir));
        files.logs = Some(logs.map_err(failed)?);
        let events = files.dir.reserve("events.jsonl").map_err(failed)?;
        files.events = Some(OpenOptions::new().append(true).open(&events).map_err(|e| unwritable(&events, &e))?);
        Ok(files)
    }

    /// Where they are.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// What the run is conducted by: its thresholds, its bounds, and these files.
    /// `began` is told when the load has begun.
    pub fn score(
        &mut self,
        run: &Run,
        max_duration: Option<Duration>,
        kill_switch: Option<PathBuf>,
        began: Arc<OnceLock<SystemTime>>,
    ) -> Score {
        let names: Vec<String> = run.plan.stages.iter().map(|stage| stage.name.clone()).collect();
        let judged = judged(&run.plan.stages);
        let (mut logs, mut events) = (self.logs.take(), self.events.take());
        let mut heard = false;
        Score {
            lanes: run.lanes,
            stages: run.plan.stages.clone(),
            held: run.held(),
            max_duration,
            kill_switch: Box::new(move || kill_switch.as_ref().is_some_and(|path| path.exists())),
            log: Box::new(move |interval, stage| match &mut logs {
                Some(logs) => {
                    if let (false, Some(at)) = (heard, began.get()) {
                        heard = true;
                        logs.begins(*at);
                    }
                    logs.append(&Row::of_interval(interval, &names, &judged, stage))
                }
                None => Ok(()),
            }),
            event: Box::new(move |at, event| match &mut events {
                Some(file) => file.write_all(line(at, event).as_bytes()),
                None => Ok(()),
            }),
        }
    }

    /// The run has ended: its summary, if there is one, and the manifest's last word.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn ended(&mut self, ending: &str, summary: Option<&Summary>) -> Result<(), Failure> {
        if let Some(summary) = summary {
            self.publish("summary.json", summary)?;
        }
        self.manifest["state"] = json!(ending);
        self.manifest["verdict"] = json!(summary.map(|summary| summary.verdict));
        self.publish("run.json", &self.manifest)
    }

    /// Writes the run as test cases to a file of somebody else's choice.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn junit(&self, to: &Path, summary: &serde_json::Value) -> Result<(), Failure> {
        let text = junit(summary, &self.manifest).map_err(|e| Failure::new(Exit::Internal, e))?;
        publish::<io::Error>(to, |out: &mut dyn Write| out.write_all(text.as_bytes()), |_| Ok(())).map_err(|e| {
            let hint = format!("headcount report {} --format junit tells the same", self.dir().display());
            unwritable(to, &e).hint(hint)
        })
    }

    fn publish(&self, name: &str, value: &impl serde::Serialize) -> Result<(), Failure> {
        let path = self.dir.file(name);
        publish_json(&path, value).map_err(|e| unwritable(&path, &e))
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Incomplete, format!("{} cannot be written: {error}", path.display()))
}

fn line(at: Duration, event: &Event) -> String {
    let (what, which) = match event {
        Event::MeetingMade(id) => ("meeting-made", id),
        Event::MeetingDeleted(id) => ("meeting-deleted", id),
        Event::MeetingRefused(why) => ("meeting-refused", why),
    };
    format!("{}\n", json!({ "at_s": (at.as_secs_f64() * 1e6).round() / 1e6, "event": what, "of": which }))
}
