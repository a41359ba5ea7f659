//! The arguments of `headcount provision`, as written.
//!
//! Holds [`Args`]. Read by clap, made into what is meant by `meant`. Nothing here is decided: an `Option` is a question that
//! the environment or a default answers later.

use super::super::input::RosterArgs;
use super::super::service::Whom;
use super::super::shown::Shown;
use super::super::values::{AskedRate, Attempts, ErrorBudget, Span};
use super::meetings::MeetingArgs;
use crate::behaviour::Quota;
use crate::bucket::Rate;
use crate::provision::batch::Batching;
use crate::provision::link::Link;
use clap::ValueEnum;
use std::path::PathBuf;

/// Give every row of a roster its attendee, and write the JoinTokens down.
///
/// Reads the rosters, checks every row, asks Amazon Chime SDK Meetings for an attendee a seat under a set rate, and publishes
/// the tokens. Running the same command again goes on where the last run stopped; nothing is asked twice that was settled.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 every row has its token; 3 finished, some rows rejected or refused; 4 --max-errors exceeded;\n75 incomplete, run the same command again; 77 credentials refused; 104 bad roster; 2 usage; 1 internal failure."
)]
pub struct Args {
    #[allow(missing_docs)]
    #[command(flatten)]
    pub input: RosterArgs,

    /// Where rows with a token go: .csv, .jsonl, .json or .yaml
    #[arg(short, long, value_name = "FILE", default_value = "tokens.csv")]
    pub output: PathBuf,

    /// Where all other rows go, with reasons; itself a valid roster [default: rejects.csv beside the output]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,

    // An address in a doc comment would have to stand in brackets.
    #[allow(missing_docs)]
    #[arg(
        long,
        value_name = "URL",
        value_parser = Link::parse,
        help = "Add a column JoinUrl to the rows with a token, made of the output's columns: https://join.example/{MeetingId}#{JoinToken|url} (|url percent-encodes; also |lower, |upper, |trim)"
    )]
    pub link: Option<Link>,

    /// Where the run's ledger, summary and logs are kept [default: the output's name with .run]
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,

    /// Start a mock of the service in this process, with the roster's meetings, and ask that
    #[arg(long, conflicts_with_all = ["endpoint_url", "region", "profile"])]
    pub mock: bool,

    /// The mock's quotas, such as published,replicas=40: it keeps to them, and meetings end as they do [default: off]
    #[arg(long, value_name = "QUOTA", requires = "mock", value_parser = |text: &str| text.parse::<Quota>())]
    pub mock_quota: Option<Quota>,

    /// The mock answers as the service did in this run: latencies, faults and quota [--mock-quota outranks its quota]
    #[arg(long, value_name = "RUN", requires = "mock")]
    pub mock_like: Option<PathBuf>,

    /// Show what would be done; ask nothing, write nothing
    #[arg(long)]
    pub dry_run: bool,

    /// Do not ask before calling a real endpoint
    #[arg(long)]
    pub yes: bool,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub roster: Roster,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub meetings: MeetingArgs,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub calls: Calls,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub endpoint: Endpoint,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub goes_on: GoesOn,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub shown: Shown,
}

/// What is made of a roster's rows.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Rosters")]
pub struct Roster {
    /// Rows that ask for the same seat with different capabilities
    #[arg(long, value_name = "RULE", default_value = "reject")]
    pub on_conflict: Conflict,

    /// Stop before the first call if any row is faulty (exit 104)
    #[arg(long)]
    pub strict: bool,

    /// A canary: only the first N rows, then stop
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub limit: Option<u64>,

    /// Leave cells that a spreadsheet would run as formulas as they are
    #[arg(long)]
    pub raw: bool,
}

/// See [`crate::ledger::load::OnConflict`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Conflict {
    /// Reject all of them
    Reject,
    /// The first row's capabilities hold
    First,
    /// The last row's capabilities hold
    Last,
}

/// How the service is asked.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Calls")]
pub struct Calls {
    /// Requests a second, all operations and retries included: 8/s, 600/m, unlimited; auto finds and keeps the account's rate
    /// [default: 8/s; 500/s with --mock, 8/s with --mock-like, that of the quota with --mock-quota]
    #[arg(long, value_name = "RATE|auto")]
    pub rate: Option<AskedRate>,

    /// What --rate auto never exceeds [default: 100/s]
    #[arg(long, value_name = "RATE")]
    pub rate_max: Option<Rate>,

    /// Requests that may go at once at the start; one below the published 20, so that none comes early by jitter
    #[arg(long, value_name = "N", default_value_t = 19, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub burst: u32,

    /// Seats in one request: off (CreateAttendee), auto (BatchCreateAttendee wherever that saves requests), or 1 to 100
    #[arg(long, value_name = "N", default_value = "off", value_parser = parse_batching)]
    pub batch: Batching,

    /// Requests under way at the same time
    #[arg(long, value_name = "N", default_value_t = 32, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub concurrency: u32,

    /// Time for one request, from its first byte to the answer's last
    #[arg(long, value_name = "TIME", default_value = "10s")]
    pub timeout: Span,

    /// Time for name, TCP and TLS
    #[arg(long, value_name = "TIME", default_value = "3s")]
    pub connect_timeout: Span,

    /// Attempts in one pass over a row; throttles do not count [default: AWS_MAX_ATTEMPTS, else 5]
    #[arg(long, value_name = "N")]
    pub max_attempts: Option<Attempts>,

    /// Stop when more rows than this have no seat: a number, or a share of all rows
    #[arg(long, value_name = "N|N%")]
    pub max_errors: Option<ErrorBudget>,

    /// Begin to ask then, such as 2026-12-01T17:55Z; everything is checked at once
    #[arg(long, value_name = "TIME", value_parser = super::super::plan::parse_time)]
    pub start_at: Option<jiff::Timestamp>,

    /// Stop asking then, whatever is left
    #[arg(long, value_name = "TIME", value_parser = super::super::plan::parse_time)]
    pub deadline: Option<jiff::Timestamp>,

    /// Stop asking after this long, whatever is left
    #[arg(long, value_name = "TIME", default_value = "1h")]
    pub max_duration: Span,
}

/// Reads `--batch`.
pub fn parse_batching(text: &str) -> Result<Batching, &'static str> {
    match text {
        "off" => Ok(Batching::Off),
        "auto" => Ok(Batching::Auto),
        _ => text
            .parse()
            .ok()
            .filter(|n| (1..=100).contains(n))
            .map(Batching::Of)
            .ok_or("must be off, auto, or a number from 1 to 100"),
    }
}

/// Whom to ask, as AWS users expect it.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Endpoint and credentials")]
pub struct Endpoint {
    #[allow(missing_docs)]
    #[command(flatten)]
    pub whom: Whom,

    /// The seed of chance: jitter, and the mock's ids and tokens
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub seed: u64,
}

/// How a run relates to earlier ones.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Going on")]
pub struct GoesOn {
    /// What to ask again: what has no end yet, also what was refused, or everything (a token once had is kept)
    #[arg(long, value_name = "WHAT", default_value = "resume")]
    pub replay: Again,

    /// Afterwards, delete the attendees of this run that the roster no longer names
    #[arg(long, conflicts_with = "limit")]
    pub prune: bool,

    /// Write over files that another run or person made
    #[arg(long)]
    pub force: bool,
}

/// See [`crate::ledger::store::Replay`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Again {
    /// What has no end yet
    Resume,
    /// Also what was refused
    Retry,
    /// Everything
    All,
}
