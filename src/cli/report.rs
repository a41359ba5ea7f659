//! `headcount report`: what a run's directory says.
//!
//! Holds the verb. Called by `main`'s dispatch. It reads what runs have written, and prints it on stdout or writes a page; it asks no
//! service.

use super::capacity::files::CAPACITY;
use super::failure::{Exit, Failure};
use crate::report::model::{Files, PageError};
use crate::report::{Style, page, report};
use crate::run_dir::publish;
use clap::ValueEnum;
use serde_json::Value;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Print what a run's directory says: its summary as text, its files in other forms, or a page of it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The directory of a load or provisioning run, or of a search for capacity; several, of one kind, for a page that lays them over
    /// each other
    #[arg(value_name = "RUN", required = true)]
    runs: Vec<PathBuf>,

    /// As what it is printed
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// Write a page here instead: one file, for any browser, that fetches nothing; - is standard output
    #[arg(long, value_name = "FILE", conflicts_with = "format")]
    html: Option<PathBuf>,
}

/// As what a run is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For a terminal
    Text,
    /// For a pull request
    Md,
    /// The summary itself
    Json,
    /// A line a second
    Csv,
    /// The histograms, a second at a time, as HdrHistogram's tools read them
    Hlog,
}

/// Prints the report.
///
/// # Errors
/// The directory holds no run, or one that cannot be read; stdout cannot be written, other than by being closed.
pub fn run(args: Args) -> super::End {
    if let Some(to) = &args.html {
        return write_page(&args.runs, to);
    }
    let [run] = args.runs.as_slice() else {
        let failure = Failure::new(Exit::Usage, format!("{} runs are not printed together", args.runs.len()));
        return Err(failure.hint("--html FILE makes a page of several; without it, name one"));
    };
    // A search has no summary but its own file.
    let summary = if run.join(CAPACITY).exists() { CAPACITY } else { "summary.json" };
    let file = |name: &str| read(run, name);
    let out = match args.format {
        Format::Csv => file("series.csv")?,
        Format::Hlog => file("latency.hlog")?,
        Format::Json => file(summary)?,
        Format::Text | Format::Md => {
            let style = if args.format == Format::Md { Style::Markdown } else { Style::Text };
            let path = run.join(summary);
            let bad = |what: String| Failure::new(Exit::BadInput, format!("{}: {what}", path.display()));
            let summary: Value = serde_json::from_str(&file(summary)?).map_err(|e| bad(format!("no summary: {e}")))?;
            report(&summary, style).map_err(|e| bad(e.to_string()))?
        }
    };
    print(&out)
}

pub(super) fn print(out: &str) -> super::End {
    match std::io::stdout().write_all(out.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Incomplete, format!("cannot write the report: {error}")))
        }
        _ => Ok(Exit::Done),
    }
}

/// A run's files, kept while a page is made of them.
pub(super) struct Kept {
    pub label: String,
    pub summary: String,
    pub manifest: String,
    pub hlog: String,
    pub series: String,
    scenario: Option<String>,
}

impl Kept {
    pub(super) fn read(run: &Path, label: String) -> Result<Kept, Failure> {
        let file = |name: &str| read(run, name);
        Ok(Kept {
            label,
            summary: file("summary.json")?,
            manifest: file("run.json")?,
            hlog: file("latency.hlog")?,
            series: file("series.csv")?,
            // A provisioning run has none.
            scenario: std::fs::read_to_string(run.join("scenario.yaml")).ok(),
        })
    }

    pub(super) fn files(&self) -> Files<'_> {
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
pub(super) fn labels(runs: &[PathBuf]) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for run in runs {
        let name = label(run);
        labels.push(if labels.contains(&name) { run.display().to_string() } else { name });
    }
    labels
}

/// What a run is called: its directory's name.
fn label(run: &Path) -> String {
    let whole = run.canonicalize().unwrap_or_else(|_| run.to_owned());
    whole.file_name().unwrap_or(run.as_os_str()).to_string_lossy().into_owned()
}

fn write_page(runs: &[PathBuf], to: &Path) -> super::End {
    let labels = labels(runs).into_iter();
    let kept = runs.iter().zip(labels).map(|(run, label)| Kept::read(run, label)).collect::<Result<Vec<Kept>, Failure>>()?;
    let files: Vec<Files> = kept.iter().map(Kept::files).collect();
    let refused = |error: PageError| match error {
        PageError::Unreadable { .. } => Failure::new(Exit::BadInput, error),
        PageError::Mixed | PageError::Number(_) => Failure::new(Exit::Usage, error),
    };
    write(to, &page(&files).map_err(refused)?)
}

/// Writes a text whole to a file, or to standard output if it is `-`.
pub(super) fn write(to: &Path, text: &str) -> super::End {
    if to == Path::new("-") {
        return print(text);
    }
    let write = |out: &mut dyn Write| out.write_all(text.as_bytes());
    publish::<std::io::Error>(to, write, |_| Ok(()))
        .map_err(|error| Failure::new(Exit::Incomplete, format!("{} cannot be written: {error}", to.display())))?;
    Ok(Exit::Done)
}

/// A file of a run, or why it cannot be read.
pub(super) fn read(run: &Path, name: &str) -> Result<String, Failure> {
    let path = run.join(name);
    std::fs::read_to_string(&path).map_err(|error| {
        let failure = Failure::new(Exit::BadInput, format!("{} cannot be read: {error}", path.display()));
        match error.kind() {
            ErrorKind::NotFound if run.join("run.json").exists() => {
                failure.hint("the run has not ended, or was killed; run.json says how it stands")
            }
            ErrorKind::NotFound => {
                failure.hint("a run's directory is what --run-dir named; it holds summary.json when the run has ended")
            }
            _ => failure,
        }
    })
}
