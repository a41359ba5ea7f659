//! `headcount compare`: whether a run differs from another, by how much, and how sure that is.
//!
//! Holds the verb. Called by `main`'s dispatch. It reads what runs have written, compares, prints, writes and decides the exit code; how
//! runs are compared is the room's.

use super::baseline;
use super::capacity::files::CAPACITY;
use super::failure::{Exit, Failure};
use super::report::page::{Kept, labels, put};
use super::report::{print, summary_of};
use super::say::Voice;
use super::service::environment;
use super::values::Share;
use crate::compare::{Comparison, Recording, Settings, Verdict, compare, searches};
use crate::report::{Style, comparison, report};
use crate::seed::Seed;
use serde_json::Value;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Compare a run with another: what differs, by how much, and how sure that is
///
/// Every metric of both is told with the interval of its change (block bootstrap over seconds; all intervals hold together) and a verdict in
/// words. BASE and RUN are directories of two load runs, of two provisioning runs or of two searches for capacity, or baselines by name.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 compared; 99 worse by the limit of --fail-on-regression or more; 96 a run is INVALID itself, or there is a limit and the\nruns are too short to say anything; 104 a directory that holds no run that can be read; 2 two things that cannot be compared, usage."
)]
pub struct Args {
    /// What to compare, the earlier one first; one alone with --save
    #[arg(value_names = ["BASE", "RUN"], required = true, num_args = 1..=2)]
    runs: Vec<PathBuf>,

    /// Exit with 99 if a metric is worse by so much or more, and more surely than chance
    #[arg(long, value_name = "SHARE")]
    fail_on_regression: Option<Share>,

    /// Call changes below this the same, however sure they are
    #[arg(long, value_name = "SHARE", default_value = "1%")]
    margin: Share,

    /// How often all intervals hold, of all comparisons
    #[arg(long, value_name = "SHARE", default_value = "95%")]
    confidence: Share,

    /// Of what is drawn; the same runs and seed say the same
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,

    /// Write a page of both here: one file, for any browser; - is standard output
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    html: Option<PathBuf>,

    /// Write Markdown here, for a pull request; - is standard output
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    md: Option<PathBuf>,

    /// Write all numbers here as JSON; - is standard output
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    json: Option<PathBuf>,

    /// Keep the run (the last that is named) as a baseline of this name, which may then stand for BASE
    #[arg(long, value_name = "NAME", help_heading = "Baselines", value_parser = name)]
    save: Option<String>,

    /// Where baselines are kept
    #[arg(long, value_name = "DIR", help_heading = "Baselines", default_value = baseline::DIR)]
    baselines: PathBuf,
}

/// Draws: enough that hundreds lie beyond the end of one interval, and some beyond those of a dozen that hold together.
const RESAMPLES: u32 = 10_000;

fn name(text: &str) -> Result<String, &'static str> {
    baseline::is_name(text).then(|| text.to_owned()).ok_or("use up to 64 of A-Z a-z 0-9 . _ -, and no . first")
}

/// Compares.
///
/// # Errors
/// Runs that cannot be read or compared; files that cannot be written.
pub fn run(args: Args) -> super::End {
    let outs = [&args.html, &args.md, &args.json].into_iter().flatten().filter(|to| *to == Path::new("-")).count();
    if outs > 1 {
        return Err(Failure::new(Exit::Usage, "only one of --html, --md and --json can be - (standard output)"));
    }
    let found = args.runs.iter().map(|run| baseline::find(run, &args.baselines)).collect::<Result<Vec<PathBuf>, Failure>>()?;
    let end = match found.as_slice() {
        [base, run] => two(&args, [base, run])?,
        _ if args.save.is_some() => Exit::Done,
        _ => {
            return Err(
                Failure::new(Exit::Usage, "one run alone is compared with nothing").hint("name two, or --save NAME to keep one")
            );
        }
    };
    if let (Some(name), Some(run)) = (&args.save, found.last()) {
        // What fails here would be what the next run is held to, and would pass.
        if end != Exit::Done {
            Voice::Normal.warn(format_args!("{} is not kept as baseline {name}", run.display()));
            return Ok(end);
        }
        // A run that cannot be compared would be found out only when it is wanted; of two that were, neither is INVALID.
        if found.len() == 1 && Loaded::read(run, String::new())?.is_invalid() {
            let failure = Failure::new(Exit::Invalid, format!("{} is INVALID itself, and no baseline", run.display()));
            return Err(
                failure.hint("its generator may have made the difference: run it again on a quieter machine, or at a lower rate")
            );
        }
        let replaced = if baseline::save(run, name, &args.baselines)? { ", in place of the one before" } else { "" };
        Voice::Normal.say(format_args!("{}: kept as baseline {name}{replaced}", run.display()));
    }
    Ok(end)
}

/// What is read of a run.
struct Loaded {
    kept: Kept,
    what: What,
}

enum What {
    Run(Box<Recording>),
    /// `capacity.json` and `run.json`.
    Search(Value, Value),
}

impl Loaded {
    fn read(run: &Path, label: String) -> Result<Loaded, Failure> {
        let bad = |file: &str, why: String| Failure::new(Exit::BadInput, format!("{}: {why}", run.join(file).display()));
        let json = |file: &str, text: &str| serde_json::from_str::<Value>(text).map_err(|e| bad(file, e.to_string()));
        let kept = Kept::read(run, label)?;
        let name = summary_of(run);
        let (summary, manifest) = (json(name, &kept.summary)?, json("run.json", &kept.manifest)?);
        if name == CAPACITY {
            return Ok(Loaded { kept, what: What::Search(summary, manifest) });
        }
        let recording = Recording::read(&kept.label, summary, manifest, kept.series.as_bytes(), kept.hlog.as_bytes());
        let recording = recording.map_err(|why| Failure::new(Exit::BadInput, format!("{}: {why}", run.display())))?;
        Ok(Loaded { kept, what: What::Run(Box::new(recording)) })
    }

    fn is_invalid(&self) -> bool {
        matches!(&self.what, What::Run(recording) if recording.summary["verdict"] == "invalid")
    }
}

fn two(args: &Args, runs: [&Path; 2]) -> super::End {
    if !(0.5..1.0).contains(&args.confidence.0) {
        return Err(Failure::new(Exit::Usage, "--confidence must lie between 50% and 100%"));
    }
    let settings = Settings {
        confidence: args.confidence.0,
        margin: args.margin.0,
        limit: args.fail_on_regression.map(|limit| limit.0),
        resamples: RESAMPLES,
        seed: Seed(args.seed),
    };
    let mut labels = labels(&runs.map(Path::to_owned)).into_iter();
    let mut next = |run: &Path| Loaded::read(run, labels.next().unwrap_or_default());
    let (base, run) = (next(runs[0])?, next(runs[1])?);
    let found = match (&base.what, &run.what) {
        (What::Run(base), What::Run(run)) => compare(base, run, &settings),
        (What::Search(a, of_a), What::Search(b, of_b)) => {
            searches((&base.kept.label, a, of_a), (&run.kept.label, b, of_b), &settings)
        }
        _ => return Err(Failure::new(Exit::Usage, "a search for capacity is compared with another search, not with a run")),
    };
    let found = found.map_err(|error| Failure::new(Exit::Usage, error))?;
    tell(args, &found, [&base.kept, &run.kept])?;
    Ok(match (found.verdict, settings.limit.is_some()) {
        (Verdict::Invalid, _) | (Verdict::NoData | Verdict::Unclear, true) => Exit::Invalid,
        _ if found.over_limit => Exit::Failed,
        _ => Exit::Done,
    })
}

fn tell(args: &Args, found: &Comparison, runs: [&Kept; 2]) -> Result<(), Failure> {
    let value = serde_json::to_value(found).map_err(|e| Failure::new(Exit::Internal, e))?;
    let set = |style| report(&value, style).map_err(|e| Failure::new(Exit::Internal, e));
    if ![&args.html, &args.md, &args.json].into_iter().flatten().any(|to| to == Path::new("-")) {
        print(&set(Style::Text)?)?;
    }
    if let Some(to) = &args.md {
        put(to, &set(Style::Markdown)?)?;
    }
    if let Some(to) = &args.json {
        put(to, &format!("{value:#}\n"))?;
    }
    if let Some(to) = &args.html {
        put(to, &comparison(&runs.map(Kept::files), &value).map_err(|e| Failure::new(Exit::BadInput, e))?)?;
    }
    // GitHub shows what is appended here on the page of the workflow's run.
    if let Some(to) = environment("GITHUB_STEP_SUMMARY") {
        let text = set(Style::Markdown)?;
        let append = OpenOptions::new().create(true).append(true).open(&to).and_then(|mut file| writeln!(file, "{text}"));
        append
            .map_err(|error| Failure::new(Exit::Incomplete, format!("$GITHUB_STEP_SUMMARY, {to}, cannot be written: {error}")))?;
    }
    Ok(())
}
