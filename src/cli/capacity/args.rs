//! The arguments of `headcount capacity`, as written.
//!
//! Holds [`Args`]. Read by clap. Nothing here is decided but what is left out.

use super::super::service::Whom;
use super::super::shown::Shown;
use super::super::values::Span;
use crate::bucket::Rate;
use crate::capacity::Settings;
use crate::scenario::set::Setting;
use std::path::PathBuf;
use std::str::FromStr;

/// Find the highest rate that holds a scenario's thresholds, and what breaks beyond it
///
/// The rate is doubled until a threshold breaks, then bisected. Each step is a load run at one rate that ends as soon as its verdict is
/// statistically decided; both ends of the bracket are held for longer before they are believed. A step whose generator was late counts
/// for nothing. The same command goes on where it was killed.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 found; 99 no rate holds; 96 the generator, not the service, was the bound, or the service does not stay the same;\n75 interrupted or out of calls: the same command goes on; 77 credentials refused; 104 bad scenario; 2 usage."
)]
pub struct Args {
    /// A scenario with an open load and thresholds; its stages are left out [headcount example prints some]
    #[arg(value_name = "FILE")]
    pub file: String,

    /// Find rate and burst of the account's quota instead, by its 429s alone
    #[arg(long, conflicts_with_all = ["from", "precision", "step_duration", "settle", "hold"])]
    pub quota: bool,

    /// Put a value into the scenario first, such as thresholds.0=response.p99<500ms
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<Setting>,

    /// Where the search is kept, and gone on with [default: the scenario's name, with -capacity.run]
    #[arg(long, value_name = "DIR")]
    pub run_dir: Option<PathBuf>,

    /// Threads that ask, each with a core's worth of work
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub lanes: u32,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub steps: Steps,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub bounds: Bounds,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub whom: Whom,

    #[allow(missing_docs)]
    #[command(flatten)]
    pub shown: Shown,
}

/// How to search.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Search")]
pub struct Steps {
    /// The rate of the first step
    #[arg(long, value_name = "RATE", default_value = "5/s")]
    pub from: Rate,

    /// How near the rate that holds and the one that does not must come, such as 3%
    #[arg(long, value_name = "SHARE", default_value = "3%")]
    pub precision: Precision,

    /// How long a step is judged, at most
    #[arg(long, value_name = "TIME", default_value = "30s")]
    pub step_duration: Span,

    /// How long a step runs before it is judged
    #[arg(long, value_name = "TIME", default_value = "5s")]
    pub settle: Span,

    /// How long the answer is held, at most [default: three steps]
    #[arg(long, value_name = "TIME")]
    pub hold: Option<Span>,
}

/// What a search may do at the most.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Bounds")]
pub struct Bounds {
    /// No step goes beyond this rate
    #[arg(long, value_name = "RATE")]
    pub max_rate: Option<Rate>,

    /// Send no more calls than this in all; those about meetings are not counted. Needed where the endpoint is not this machine
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub max_calls: Option<u64>,

    /// The account that may be loaded, where the endpoint is not this machine; compared with the credentials' own
    #[arg(long, value_name = "ID")]
    pub allow_account: Vec<String>,
}

/// A share, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Precision(pub f64);

impl FromStr for Precision {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        let share = match text.trim().strip_suffix('%') {
            Some(percent) => percent.trim().parse::<f64>().map(|percent| percent / 100.0),
            None => text.trim().parse(),
        };
        share
            .ok()
            .filter(|share| (0.001..=0.5).contains(share))
            .map(Precision)
            .ok_or("must be a share from 0.1% to 50%, such as 3%")
    }
}

impl Args {
    /// What they mean.
    pub fn settings(&self) -> Settings {
        let Steps { from, precision, step_duration, settle, hold } = &self.steps;
        let step_s = step_duration.0.as_secs_f64();
        Settings {
            // No schedule goes beyond that, and no service.
            from: from.get().min(1e6),
            most: self.bounds.max_rate.map(Rate::get).filter(|rate| rate.is_finite()),
            precision: precision.0,
            settle_s: settle.0.as_secs_f64(),
            step_s,
            hold_s: hold.map_or(3.0 * step_s, |hold| hold.0.as_secs_f64()),
        }
    }
}
