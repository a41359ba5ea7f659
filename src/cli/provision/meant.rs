//! What the arguments mean, once the environment has had its say.
//!
//! Holds the run's settings. Called by the verb. Whom to ask is in `cli::service`.

use super::super::failure::{Exit, Failure};
use super::super::values::Attempts;
use super::args::{Again, Args, Conflict};
use crate::client::retry::Backoff;
use crate::ledger::load::{Fold, OnConflict, Rules};
use crate::ledger::seating::Seating;
use crate::ledger::store::Replay;
use crate::roster::options::Options;

/// How rosters are read.
pub fn roster_options(args: &Args, seating: Option<Seating>) -> (Options, Rules) {
    let options = Options { sessions: args.meetings.sessions(&args.input), ..args.input.options() };
    let on_conflict = match args.roster.on_conflict {
        Conflict::Reject => OnConflict::Reject,
        Conflict::First => OnConflict::First,
        Conflict::Last => OnConflict::Last,
    };
    (options, Rules { on_conflict, fold: if args.input.fold_case { Fold::Case } else { Fold::Exact }, seating })
}

/// What earlier outcomes mean.
pub fn replay(args: &Args) -> Replay {
    match args.goes_on.replay {
        Again::Resume => Replay::Resume,
        Again::Retry => Replay::Retry,
        Again::All => Replay::All,
    }
}

/// Attempts in one pass: the flag, the AWS configuration, or five.
pub fn attempts(args: &Args, configured: Option<&str>) -> Result<u32, Failure> {
    match (args.calls.max_attempts, configured) {
        (Some(Attempts(n)), _) => Ok(n),
        (None, None) => Ok(5),
        (None, Some(text)) => text.parse().map(|Attempts(n)| n).map_err(|e| {
            misconfigured("AWS_MAX_ATTEMPTS (or max_attempts of the profile)", text, e, "mend it, or give --max-attempts")
        }),
    }
}

/// The configured retry mode: the waits, and whether the retry quota applies.
pub fn retry_mode(configured: Option<&str>) -> Result<(Backoff, bool), Failure> {
    match configured.map(str::to_ascii_lowercase).as_deref() {
        None | Some("standard" | "adaptive") => Ok((Backoff::STANDARD, true)),
        Some("legacy") => Ok((Backoff::LEGACY, false)),
        Some(text) => Err(misconfigured(
            "AWS_RETRY_MODE (or retry_mode of the profile)",
            text,
            "must be standard, adaptive or legacy",
            "mend or unset it",
        )),
    }
}

fn misconfigured(what: &str, text: &str, rule: &str, hint: &'static str) -> Failure {
    Failure::new(Exit::Usage, format!("{what} {rule}, and is {}", crate::safe::quoted(text, 40))).hint(hint)
}
