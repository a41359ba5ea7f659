//! `headcount plan`: what a roster or a scenario will take, before anybody is asked.
//!
//! Holds the verb. Called by `main`'s dispatch. The roster is read into a ledger in memory, as a run would read it into its own; the
//! figures are `crate::plan`'s. `--live` alone asks a service, a handful of calls.

mod live;
mod roster;
mod scenario;
mod told;

use super::End;
use super::failure::{Exit, Failure};
use super::input::RosterArgs;
use super::provision::args::parse_batching;
use super::provision::meetings::MeetingArgs;
use super::scenario::{Besides, read};
use super::service::Whom;
use super::shown::Shown;
use super::values::Span;
use crate::behaviour::Quota;
use crate::bucket::Rate;
use crate::provision::batch::Batching;
use jiff::Timestamp;

/// Tell what a roster or a scenario will take: calls, meetings, time, quotas, and when to begin
///
/// Asks nobody, unless --live. Every figure is told with how it was reckoned; the schedule is stepped through with the code that
/// runs it.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[allow(missing_docs)]
    #[command(flatten)]
    pub input: RosterArgs,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub meetings: MeetingArgs,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub terms: TermArgs,

    /// When everybody must have a token, such as 2026-12-01T18:00Z
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    pub doors: Option<Timestamp>,

    /// One JSON document on stdout
    #[arg(long)]
    pub json: bool,

    /// Try the service with seven calls: a meeting made, looked at and deleted, an attendee, a batch, a list
    #[arg(long)]
    pub live: bool,

    /// Do not ask before calling a real endpoint
    #[arg(long, requires = "live")]
    pub yes: bool,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub whom: Whom,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub shown: Shown,
}

/// The terms under which it is done.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Calls")]
pub struct TermArgs {
    /// The account's quotas: published, off, or changes of them such as published,replicas=40,all=20/40
    #[arg(long, value_name = "QUOTA", default_value = "published", value_parser = |text: &str| text.parse::<Quota>())]
    pub quota: Quota,

    /// Requests a second, all operations together [default: the quota's]
    #[arg(long, value_name = "RATE")]
    pub rate: Option<Rate>,

    /// Requests that may go at once at the start
    #[arg(long, value_name = "N", default_value_t = 19, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub burst: u32,

    /// Seats in one request: off, auto, or 1 to 100 [default: both off and auto are told]
    #[arg(long, value_name = "N", value_parser = parse_batching)]
    pub batch: Option<Batching>,

    /// Requests under way at the same time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub concurrency: u32,

    /// What one answer takes
    #[arg(long, value_name = "TIME", default_value = "100ms")]
    pub latency: Span,
}

/// A time as people write it, with its zone.
pub fn parse_time(text: &str) -> Result<Timestamp, &'static str> {
    text.parse().map_err(|_| "expected a time with its zone, such as 2026-12-01T18:00Z or 2026-12-01T19:00+01:00")
}

impl TermArgs {
    /// The rate in force: what is asked, but never more than the quota.
    fn rate(&self) -> Rate {
        let quota = self.quota.all.and_then(|all| Rate::per_second(all.rate)).unwrap_or(Rate::UNLIMITED);
        match self.rate {
            Some(rate) if rate < quota => rate,
            _ => quota,
        }
    }

    fn burst(&self) -> f64 {
        f64::from(self.burst).min(self.quota.all.map_or(f64::INFINITY, |all| all.burst))
    }
}

/// Tells.
///
/// # Errors
/// A roster or scenario that cannot be read; with `--live`, a service that does not let us in.
pub fn run(args: Args) -> End {
    args.input.check()?;
    let told = match &args.input.rosters[..] {
        [one] if is_scenario(one) => scenario::plan(&read(one, Besides::default())?, &args),
        _ => roster::plan(&args)?,
    };
    if args.json {
        told.json()?;
    } else {
        told.text();
    }
    if args.live { live::run(&args) } else { Ok(Exit::Done) }
}

/// Whether a file is a scenario; what cannot be read is told by whoever reads it as a roster.
fn is_scenario(path: &str) -> bool {
    let yaml = [".yaml", ".yml"].iter().any(|ending| path.to_ascii_lowercase().ends_with(ending));
    yaml && std::fs::read_to_string(path).is_ok_and(|text| crate::scenario::is_scenario(&text))
}

/// A failure of our own.
fn internal(error: impl std::fmt::Display) -> Failure {
    Failure::new(Exit::Internal, error)
}
