//! The page of runs: their directories read, the page written.
//!
//! Holds [`Kept`], [`labels`], [`write`] and [`put`]. Called by `headcount report --html`, and by whoever reads runs besides. What stands on the page is `report`'s affair.

use super::super::End;
use super::super::capacity::files::CAPACITY;
use super::super::failure::{Exit, Failure};
use super::{print, read, summary_of};
use crate::report::model::{Files, PageError};
use crate::report::page;
use crate::run_dir::publish;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// A run's files, kept while a page is made of them.
pub struct Kept {
    /// What the run is called.
    pub label: String,
    /// `summary.json`, or `capacity.json`.
    pub summary: String,
    /// `run.json`.
    pub manifest: String,
    /// `latency.hlog`.
    pub hlog: String,
    /// `series.csv`.
    pub series: String,
    scenario: Option<String>,
}

impl Kept {
    /// Reads them.
    ///
    /// # Errors
    /// One that every run has cannot be read.
    pub fn read(run: &Path, label: String) -> Result<Kept, Failure> {
        let file = |name: &str| read(run, name);
        let summary = summary_of(run);
        // A search that has done no step, or was made by an older headcount, has no logs.
        let log = |name: &str| match summary == CAPACITY && !run.join(name).exists() {
            true => Ok(String::new()),
            false => file(name),
        };
        Ok(Kept {
            label,
            summary: file(summary)?,
            manifest: file("run.json")?,
            hlog: log("latency.hlog")?,
            series: log("series.csv")?,
            // A provisioning run has none.
            scenario: std::fs::read_to_string(run.join("scenario.yaml")).ok(),
        })
    }

    /// As the page takes them.
    pub fn files(&self) -> Files<'_> {
        Files {
            label: &self.label,
            summary: self.summary.as_bytes(),
            manifest: self.manifest.as_bytes(),
            hlog: self.hlog.as_bytes(),
            series: self.series.as_bytes(),
            scenario: self.scenario.as_deref().map(str::as_bytes),
        }
    }
}

/// What runs are called: by their directories' names; two of one name are told apart by their paths as given.
pub fn labels(runs: &[PathBuf]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for run in runs {
        let name = label(run);
        labels.push(if labels.contains(&name) { run.display().to_string() } else { name });
    }
    labels
}

/// What a run is called: its directory's name.
pub fn label(run: &Path) -> String {
    let whole = run.canonicalize().unwrap_or_else(|_| run.to_owned());
    whole.file_name().unwrap_or(run.as_os_str()).to_string_lossy().into_owned()
}

/// Writes a page of these runs.
///
/// # Errors
/// One of them cannot be read, they are of several kinds or too many; the page cannot be written.
pub fn write(runs: &[PathBuf], to: &Path) -> End {
    let labels = labels(runs).into_iter();
    let kept = runs.iter().zip(labels).map(|(run, label)| Kept::read(run, label)).collect::<Result<Vec<Kept>, Failure>>()?;
    let files: Vec<Files> = kept.iter().map(Kept::files).collect();
    let refused = |error: PageError| match error {
        PageError::Unreadable { .. } => Failure::new(Exit::BadInput, error),
        PageError::Mixed | PageError::Number(_) => Failure::new(Exit::Usage, error),
    };
    put(to, &page(&files).map_err(refused)?)
}

/// Writes a text whole to a file, or to standard output if it is `-`.
///
/// # Errors
/// It cannot be written.
pub fn put(to: &Path, text: &str) -> End {
    if to == Path::new("-") {
        return print(text);
    }
    let failed = |error| Failure::new(Exit::Incomplete, format!("{} cannot be written: {error}", to.display()));
    // A pipe or a device is written to; as root, a file would take its place.
    if std::fs::metadata(to).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        OpenOptions::new().write(true).open(to).and_then(|mut out| out.write_all(text.as_bytes())).map_err(failed)?;
        return Ok(Exit::Done);
    }
    // What a link leads to is written, and the link stays.
    let place = to.canonicalize().unwrap_or_else(|_| to.to_owned());
    let write = |out: &mut dyn Write| out.write_all(text.as_bytes());
    publish::<std::io::Error>(&place, write, |_| Ok(())).map_err(failed)?;
    Ok(Exit::Done)
}
