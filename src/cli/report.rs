//! `headcount report`: what a run's directory says.
//!
//! Holds the verb; `page` reads run directories for a page of them. Called by `main`'s dispatch. It reads what runs have written, and
//! prints it on stdout or writes a page; it asks no service.

pub(super) mod page;

use super::capacity::files::CAPACITY;
use super::failure::{Exit, Failure};
use crate::report::{Style, junit, report};
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
    /// Test cases, as JUnit's XML: a threshold each, and the verdict
    Junit,
    /// The histograms, a second at a time, as HdrHistogram's tools read them
    Hlog,
    /// What a mock needs to answer as the service did, for `mock --like`
    Twin,
}

/// Prints the report.
///
/// # Errors
/// The directory holds no run, or one that cannot be read; stdout cannot be written, other than by being closed.
pub fn run(args: Args) -> super::End {
    if let Some(to) = &args.html {
        return page::write(&args.runs, to);
    }
    let [run] = args.runs.as_slice() else {
        let failure = Failure::new(Exit::Usage, format!("{} runs are not printed together", args.runs.len()));
        return Err(failure.hint("--html FILE makes a page of several; without it, name one"));
    };
    let summary = summary_of(run);
    let file = |name: &str| read(run, name);
    let out = match args.format {
        Format::Csv => file("series.csv")?,
        Format::Hlog => file("latency.hlog")?,
        Format::Json => file(summary)?,
        Format::Twin => {
            let twin = super::like::twin(run)?;
            serde_json::to_string(&twin).map_err(|e| Failure::new(Exit::Internal, e))? + "\n"
        }
        Format::Text | Format::Md | Format::Junit => {
            let path = run.join(summary);
            let bad = |what: String| Failure::new(Exit::BadInput, format!("{}: {what}", path.display()));
            let summary: Value = serde_json::from_str(&file(summary)?).map_err(|e| bad(format!("no summary: {e}")))?;
            let told = match args.format {
                Format::Md => report(&summary, Style::Markdown),
                Format::Junit => junit(&summary, &serde_json::from_str(&file("run.json")?).unwrap_or_default()),
                _ => report(&summary, Style::Text),
            };
            told.map_err(|e| bad(e.to_string()))?
        }
    };
    print(&out)
}

/// The file that says what a run came to: a search has no summary but its own file.
pub(super) fn summary_of(run: &Path) -> &'static str {
    if run.join(CAPACITY).exists() { CAPACITY } else { "summary.json" }
}

pub(super) fn print(out: &str) -> super::End {
    match std::io::stdout().write_all(out.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Incomplete, format!("cannot write the report: {error}")))
        }
        _ => Ok(Exit::Done),
    }
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
