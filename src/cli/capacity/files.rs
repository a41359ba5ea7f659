//! The files of a search.
//!
//! Holds [`Files`]: its directory, `capacity.json`, the manifest, and the logs of [`super::logs`]. Called by the verb. A directory holds one search; one that is not over
//! is gone on with, if it is the same.

use super::super::failure::{Exit, Failure};
use super::logs::StepLogs;
use crate::capacity::kept::Kept;
use crate::run_dir::{RunDir, RunDirError, publish, publish_json};
use serde_json::json;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

/// The name of the search's file.
pub const CAPACITY: &str = "capacity.json";

/// The files of a search.
pub struct Files {
    dir: RunDir,
    manifest: serde_json::Value,
    /// What the steps measure.
    pub logs: StepLogs,
}

impl Files {
    /// Opens the directory for `kept`, and takes up what an earlier process did of the same search.
    ///
    /// # Errors
    /// It holds something else, or a search that is over; or cannot be written.
    pub fn open(place: &Path, kept: &mut Kept, text: &str, started: SystemTime) -> Result<Files, Failure> {
        let dir = RunDir::open(place).map_err(elsewhere)?;
        let path = dir.file(CAPACITY);
        let another = |what: String| {
            let failure = Failure::new(Exit::Usage, format!("{}: {what}", path.display()));
            failure.hint("name another --run-dir, or ask as you asked before")
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let before = Kept::read(&text).map_err(|e| another(e.to_string()))?;
                kept.goes_on(&before).map_err(|e| another(e.to_string()))?;
                if before.is_over() {
                    let message = format!("{} holds this search already, and its answer", place.display());
                    let hint = format!("headcount report {} tells it; name another --run-dir to search again", place.display());
                    return Err(Failure::new(Exit::Usage, message).hint(hint));
                }
                kept.steps = before.steps;
            }
            Err(e) if e.kind() == ErrorKind::NotFound => {
                if dir.file("run.json").exists() {
                    let message = format!("{} holds a run that is no search", place.display());
                    return Err(Failure::new(Exit::Usage, message).hint("name another --run-dir"));
                }
            }
            Err(e) => return Err(unwritable(&path, &e)),
        }
        // A search that goes on has begun when it was begun.
        let first = began(&dir).unwrap_or(started);
        let manifest = json!({
            "version": 1, "kind": "capacity", "headcount": env!("CARGO_PKG_VERSION"), "state": "running",
            "started": jiff::Timestamp::try_from(first).unwrap_or_default().to_string(),
            "scenario": { "name": kept.name, "sha256": kept.scenario }, "endpoint": kept.target,
        });
        let logs = StepLogs::open(&dir, kept.steps.len(), first, started)?;
        let files = Files { dir, manifest, logs };
        files.publish("run.json", &files.manifest)?;
        let scenario = |out: &mut dyn Write| out.write_all(text.as_bytes());
        let path = files.dir.file("scenario.yaml");
        publish::<io::Error>(&path, scenario, |_| Ok(())).map_err(|e| unwritable(&path, &e))?;
        // From now on it can be told how it stands.
        files.keep(kept)?;
        Ok(files)
    }

    /// Where they are.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A step has been done: what it measured is written down, then the search as it stands.
    ///
    /// # Errors
    /// They cannot be written.
    pub fn keep_step(&mut self, kept: &Kept) -> Result<(), Failure> {
        self.logs.keep(&self.dir)?;
        self.keep(kept)
    }

    /// The search as it stands.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn keep(&self, kept: &Kept) -> Result<(), Failure> {
        self.publish(CAPACITY, kept)
    }

    /// The process has ended its part.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn ended(&mut self, state: &str) -> Result<(), Failure> {
        self.manifest["state"] = json!(state);
        self.publish("run.json", &self.manifest)
    }

    fn publish(&self, name: &str, value: &impl serde::Serialize) -> Result<(), Failure> {
        let path = self.dir.file(name);
        publish_json(&path, value).map_err(|e| unwritable(&path, &e))
    }
}

/// When the search in this directory was begun, if there is one.
fn began(dir: &RunDir) -> Option<SystemTime> {
    let manifest = std::fs::read(dir.file("run.json")).ok()?;
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).ok()?;
    let at: jiff::Timestamp = manifest["started"].as_str()?.parse().ok()?;
    SystemTime::UNIX_EPOCH.checked_add(Duration::from_micros(u64::try_from(at.as_microsecond()).ok()?))
}

pub(super) fn elsewhere(error: RunDirError) -> Failure {
    Failure::new(Exit::Usage, error).hint("name a --run-dir that can be written")
}

pub(super) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::new(Exit::Incomplete, format!("{} cannot be used: {error}", path.display()))
        .hint("the same command goes on from the last step that was kept")
}
