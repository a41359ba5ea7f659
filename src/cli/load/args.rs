//! The arguments of `headcount load`, as written.
//!
//! Holds [`Args`]. Read by clap. Nothing here is decided.

use super::super::service::Whom;
use super::super::shown::Shown;
use super::super::values::Span;
use crate::bucket::Rate;
use crate::scenario::set::Setting;
use std::net::SocketAddr;
use std::path::PathBuf;

/// Load-test CreateAttendee and the calls around it, as a scenario has it.
///
/// Calls are made when they are due, whether or not earlier ones were answered; four instants of each are kept, so that lateness of the
/// generator's own, waiting for a slot and the service's time are never mixed up. The verdict is PASS, FAIL or INVALID: the generator
/// may have made the difference.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 thresholds hold; 96 the measurement is not to be trusted; 99 thresholds failed, or every call did;\n105 interrupted, and drained; 75 the run directory cannot be written; 77 credentials refused; 104 bad scenario or roster; 2 usage."
)]
pub struct Args {
    /// A scenario; - is standard input [headcount example prints some]
    #[arg(value_name = "FILE", conflicts_with_all = ["rate", "duration"])]
    pub file: Option<String>,

    /// Without a file: so many CreateAttendee calls, evenly spread, such as 20/s
    #[arg(long, value_name = "RATE", requires = "duration")]
    pub rate: Option<Rate>,

    /// Without a file: for how long
    #[arg(long, value_name = "TIME", requires = "rate")]
    pub duration: Option<Span>,

    /// Put a value into the scenario first, such as load.open.stages.hold.rate=80/s
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<Setting>,

    /// Ask a mock in this process, whomever the scenario asks; it answers as the service did in this run: latencies, faults and quota
    #[arg(long, value_name = "RUN", conflicts_with_all = ["endpoint_url", "region", "profile"])]
    pub mock_like: Option<PathBuf>,

    /// Draw from this seed, not the scenario's
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,

    /// Where the run's files are kept; it must not hold another run [default: the scenario's name and the time, with .run]
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,

    /// When it has ended, write its thresholds and verdict here as test cases (JUnit's XML), for a CI
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,

    /// Threads that ask, each with a core's worth of work
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub lanes: u32,

    /// Serve /metrics (Prometheus) and /status.json here while it runs, such as 127.0.0.1:0
    #[arg(long, value_name = "ADDRESS")]
    pub status_addr: Option<SocketAddr>,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub whom: Whom,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub bounds: Bounds,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub shown: Shown,
}

/// What a run may do at the most.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Bounds")]
pub struct Bounds {
    /// The account that may be loaded, where the endpoint is not this machine; compared with the credentials' own
    #[arg(long, value_name = "ID")]
    pub allow_account: Vec<String>,

    /// End after so many calls; those about meetings are not counted
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_calls: Option<u64>,

    /// End after this long, whatever is left
    #[arg(long, value_name = "TIME")]
    pub max_duration: Option<Span>,

    /// End as soon as this file exists; it is looked for every second
    #[arg(long, value_name = "FILE")]
    pub kill_switch: Option<PathBuf>,
}
