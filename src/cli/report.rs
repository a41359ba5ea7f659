//! `headcount report`: what a run's directory says.
//!
//! Holds the verb. Called by `main`'s dispatch. It reads what a run has written and prints it on stdout; it asks no service.

use super::failure::{Exit, Failure};
use crate::report::{Style, report};
use clap::ValueEnum;
use serde_json::Value;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Print what a run's directory says: its summary as text, or its files in other forms
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The directory of a load or provisioning run
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// As what
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
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
    let file = |name: &str| read(&args.run, name);
    let out = match args.format {
        Format::Csv => file("series.csv")?,
        Format::Hlog => file("latency.hlog")?,
        Format::Json => file("summary.json")?,
        Format::Text | Format::Md => {
            let style = if args.format == Format::Md { Style::Markdown } else { Style::Text };
            let path = args.run.join("summary.json");
            let bad = |what: String| Failure::new(Exit::BadInput, format!("{}: {what}", path.display()));
            let summary: Value = serde_json::from_str(&file("summary.json")?).map_err(|e| bad(format!("no summary: {e}")))?;
            report(&summary, style).map_err(|e| bad(e.to_string()))?
        }
    };
    match std::io::stdout().write_all(out.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::new(Exit::Incomplete, format!("cannot write the report: {error}")))
        }
        _ => Ok(Exit::Done),
    }
}

fn read(run: &Path, name: &str) -> Result<String, Failure> {
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
