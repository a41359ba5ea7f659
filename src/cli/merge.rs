//! `headcount merge`: several load runs as one.
//!
//! Holds the verb: files in, `merge`, a run directory out. Called by `main`'s dispatch. What may be added and what comes of it is decided by the room; here are files, words and
//! the exit code.

use super::End;
use super::failure::{Exit, Failure};
use super::report::page::labels;
use super::say::Voice;
use super::signals;
use super::values::{Share, counted};
use crate::load::verdict::Outcome;
use crate::merge::{Files, Joined, MergeError, Merged};
use crate::report::{Style, report};
use crate::run_dir::{Logs, OURS, RunDir, RunDirError, publish, publish_json};
use crate::stats::series::load_columns;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Add load runs up: one scenario from several machines, as one run.
///
/// Counts and histograms are added second by second of the clock, thresholds judged again on the sums; no percentile is averaged. What comes out is a run directory like any
/// other. Every hole in a run is told, and how far apart the runs began.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 thresholds hold; 96 the runs do not cover enough of the time together, one of them was killed or is INVALID itself;\n99 thresholds failed; 104 a directory that holds no run that can be read; 2 runs that cannot be added, usage; 75 it cannot be written."
)]
pub struct Args {
    /// Directories of load runs of one scenario; they may differ in seed, rate and users, not in stages and thresholds
    #[arg(value_name = "RUN", required = true, num_args = 2..)]
    runs: Vec<PathBuf>,

    /// Where the run that they make is kept; it must not hold another run
    #[arg(long, value_name = "DIR")]
    run_dir: PathBuf,

    /// The share of all seconds in which every run must have been there; below it the verdict is INVALID
    #[arg(long, value_name = "SHARE", default_value = "95%")]
    min_coverage: Share,

    /// Only warnings and errors
    #[arg(short, long, help_heading = "Display")]
    quiet: bool,
}

/// A run's files.
struct Kept {
    label: String,
    manifest: Vec<u8>,
    summary: Option<Vec<u8>>,
    hlog: Vec<u8>,
    series: Vec<u8>,
    counts: Option<Vec<u8>>,
    events: Vec<u8>,
}

/// Merges.
///
/// # Errors
/// Runs that cannot be read or added; a directory that cannot be written.
pub fn run(args: Args) -> End {
    super::alone(async {
        signals::survive_file_limits();
        course(args)
    })?
}

fn course(args: Args) -> End {
    let voice = if args.quiet { Voice::Quiet } else { Voice::Normal };
    let labels = labels(&args.runs).into_iter();
    let kept = args.runs.iter().zip(labels).map(|(run, label)| Kept::read(run, label)).collect::<Result<Vec<Kept>, Failure>>()?;
    let files: Vec<Files> = kept.iter().map(Kept::files).collect();
    let joined = Joined::read(&files).map_err(refused)?;
    let dir = new_dir(&args.run_dir)?;
    let merged = match write(&dir, joined, &args) {
        Ok(merged) => merged,
        Err(failure) => {
            // Half a run is none, and would be in the way of the same command.
            dir.forget();
            return Err(failure);
        }
    };
    let value = serde_json::to_value(&merged.summary).map_err(|e| Failure::new(Exit::Internal, e))?;
    voice.say(report(&value, Style::Text).map_err(|e| Failure::new(Exit::Internal, e))?.trim_end());
    let runs = counted(args.runs.len() as u64, "run");
    voice.say(format_args!("{}: {runs} as one; headcount report reads it like any other", dir.path().display()));
    let outcome = merged.summary.outcome;
    if let (Outcome::Fail | Outcome::Invalid, true) = (outcome, args.quiet) {
        merged.summary.load.reasons.iter().take(1).for_each(|reason| voice.warn(reason));
    }
    Ok(match outcome {
        Outcome::Pass => Exit::Done,
        Outcome::Fail => Exit::Failed,
        Outcome::Invalid => Exit::Invalid,
    })
}

impl Kept {
    fn read(run: &Path, label: String) -> Result<Kept, Failure> {
        let need = |name: &str| {
            let path = run.join(name);
            std::fs::read(&path).map_err(|error| {
                let failure = Failure::new(Exit::BadInput, format!("{} cannot be read: {error}", path.display()));
                failure.hint(
                    "a load run's directory is what --run-dir named; it holds run.json, latency.hlog, series.csv and counts.csv",
                )
            })
        };
        let may = |name: &str| match std::fs::read(run.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Failure::new(Exit::BadInput, format!("{} cannot be read: {error}", run.join(name).display()))),
        };
        let (manifest, summary) = (need("run.json")?, may("summary.json")?);
        // Whoever has no summary was killed, or is not over yet.
        if let (None, Err(RunDirError::InUse(path))) = (&summary, RunDir::open(run)) {
            return Err(Failure::new(Exit::Usage, format!("{} is not over: another headcount works in it", path.display())));
        }
        Ok(Kept {
            label,
            manifest,
            summary,
            // What these lack is told by whoever knows what kind of run it is.
            hlog: may("latency.hlog")?.unwrap_or_default(),
            series: may("series.csv")?.unwrap_or_default(),
            counts: may("counts.csv")?,
            events: may("events.jsonl")?.unwrap_or_default(),
        })
    }

    fn files(&self) -> Files<'_> {
        Files {
            label: &self.label,
            manifest: &self.manifest,
            summary: self.summary.as_deref(),
            hlog: &self.hlog,
            series: &self.series,
            counts: self.counts.as_deref(),
            events: &self.events,
        }
    }
}

fn refused(error: MergeError) -> Failure {
    let exit = match error {
        MergeError::Unreadable { .. } | MergeError::Kept { .. } | MergeError::Older { .. } => Exit::BadInput,
        _ => Exit::Usage,
    };
    let hint = match error {
        MergeError::Differ { .. } => {
            "run one file on all machines, and give each its own share with --set, such as load.open.stages.hold.rate=40/s"
        }
        MergeError::Twice { .. } => "name each run once; of a merged run, those that it was made of are in it already",
        _ => return Failure::new(exit, error),
    };
    Failure::new(exit, error).hint(hint)
}

fn new_dir(place: &Path) -> Result<RunDir, Failure> {
    if OURS.iter().any(|name| place.join(name).exists()) {
        let failure = Failure::new(Exit::Usage, format!("{} holds a run already", place.display()));
        return Err(failure.hint("name another --run-dir"));
    }
    RunDir::open(place).map_err(|e| Failure::new(Exit::Usage, e).hint("name a --run-dir that can be written"))
}

fn write(dir: &RunDir, joined: Joined, args: &Args) -> Result<Merged, Failure> {
    let unwritable =
        |error: io::Error| Failure::new(Exit::Incomplete, format!("{} cannot be written: {error}", dir.path().display()));
    let began = SystemTime::UNIX_EPOCH + joined.began();
    let logs = Logs::open(dir, began, began, &load_columns()).and_then(|logs| logs.with_counts(dir));
    let mut logs = logs.map_err(|e| Failure::new(Exit::Incomplete, e))?;
    logs.begins(began);
    let merged = joined.add_up(args.min_coverage.0, &mut |row| logs.append(row)).map_err(unwritable)?;
    let text = |name: &str, bytes: &[u8]| {
        publish::<io::Error>(&dir.file(name), |out: &mut dyn Write| out.write_all(bytes), |_| Ok(())).map_err(unwritable)
    };
    text("events.jsonl", merged.events.as_bytes())?;
    // Their scenarios are one and the same; a copy that has lost it since is done without.
    if let Some(scenario) = args.runs.iter().find_map(|run| std::fs::read(run.join("scenario.yaml")).ok()) {
        text("scenario.yaml", &scenario)?;
    }
    publish_json(&dir.file("summary.json"), &merged.summary).map_err(unwritable)?;
    publish_json(&dir.file("run.json"), &merged.manifest).map_err(unwritable)?;
    Ok(merged)
}
