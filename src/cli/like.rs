//! `--like RUN` and `--mock-like RUN`: a run directory, or a twin.json, as a twin.
//!
//! Holds [`twin`] and [`told`]. Called by whoever starts a mock, and by `report --format twin`. It decides nothing about the mock.

use super::capacity::files::CAPACITY;
use super::failure::{Exit, Failure};
use super::report;
use crate::twin::recorded::{Files, recorded};
use crate::twin::told::lines;
use crate::twin::{Twin, TwinError};
use std::path::Path;

/// More than this was not written by us.
const BYTES: u64 = 64 << 20;

/// What a twin is made of.
const TAKES: &str =
    "a twin is of a load or provisioning run: its directory, or what headcount report RUN --format twin has written";

/// The twin of a run, or the one that a file holds.
///
/// # Errors
/// There is neither; or the run is a search, has not ended, is not whole, or has no answers.
pub fn twin(path: &Path) -> Result<Twin, Failure> {
    let refused = |e: TwinError| {
        let place = match &e {
            TwinError::Unreadable { file, .. } if path.is_dir() => path.join(file).display().to_string(),
            _ => path.display().to_string(),
        };
        match e {
            TwinError::Unreadable { why, .. } => Failure::new(Exit::BadInput, format!("{place}: {why}")).hint(TAKES),
            TwinError::NotWhole { .. } => {
                Failure::new(Exit::BadInput, format!("{place}: {e}")).hint("copy the whole of it again, or take another run")
            }
            TwinError::NoAnswer => {
                Failure::new(Exit::BadInput, format!("{place}: {e}")).hint("take a run in which calls succeed")
            }
        }
    };
    let failed = |e: std::io::Error| Failure::new(Exit::BadInput, format!("{} cannot be read: {e}", path.display())).hint(TAKES);
    let what = std::fs::metadata(path).map_err(failed)?;
    if what.is_file() {
        if what.len() > BYTES {
            return Err(failed(std::io::Error::other("it is too large for a twin")));
        }
        return Twin::read(&std::fs::read(path).map_err(failed)?).map_err(refused);
    }
    if path.join(CAPACITY).exists() {
        let message = format!("{} is of a search for capacity, which changes its rate all the time", path.display());
        return Err(
            Failure::new(Exit::BadInput, message).hint("load the service at one rate (headcount load), and take that run")
        );
    }
    let file = |name: &str| report::read(path, name);
    let (summary, manifest) = (file("summary.json")?, file("run.json")?);
    let (hlog, series) = (file("latency.hlog")?, file("series.csv")?);
    let files =
        Files { summary: summary.as_bytes(), manifest: manifest.as_bytes(), hlog: hlog.as_bytes(), series: series.as_bytes() };
    recorded(&report::page::label(path), &files).map_err(refused)
}

/// What was taken, a line each, as the mock says it.
pub fn told(twin: &Twin) -> String {
    lines(twin).iter().map(|line| format!("mock: {line}\n")).collect()
}
